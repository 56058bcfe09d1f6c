//! The object of a report, and that of a server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::RogueReport;
use super::kept::KeptObject;
use crate::analysis::servers::offered6::Offered6;
use crate::analysis::servers::table::{MessageCounts, Server};
use crate::analysis::servers::{Judgement, Speaks};
use crate::output::json::object::{Millis, foreign, moment};
use crate::output::six::router::AdvertisedObject;
use crate::time::Precision;

crate::output::schema::object_type!(RogueType, Rogue, "A report on servers, or a change.");

/// Every DHCP server that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RogueObject<'a> {
    /// What the object is.
    r#type: RogueType,
    /// The verdict on all; null when not everything was seen and nobody is known to be a rogue.
    #[schemars(extend("enum" = ["clean", "rogue", "none", null]))]
    verdict: Option<&'static str>,
    /// The interfaces looked at.
    interfaces: &'a [String],
    /// The servers.
    servers: Vec<ServerObject<'a>>,
    /// Allowed servers that were not heard.
    missing: Vec<String>,
    /// Required servers that were not heard, or that gave us nothing though they were.
    required_missing: Vec<String>,
    /// Messages sent.
    sent: u64,
    /// Messages of servers.
    answers: u64,
    /// Servers that were pushed out of memory by others.
    forgotten: u64,
    /// Frames lost before they were looked at.
    lost: u64,
    /// Why not everything was seen, one clause each.
    cannot_tell: &'a [String],
    /// How long was listened; null for a capture.
    waited_ms: Option<Millis>,
    /// What was granted to invented clients and could not be given back.
    not_given_back: Vec<KeptObject>,
}

impl<'a> RogueObject<'a> {
    pub(super) fn new(report: &'a RogueReport<'_>) -> Self {
        let each = report.servers.iter();
        let kept = report.scan.kept.iter().map(KeptObject::from);
        Self {
            r#type: RogueType::Rogue,
            verdict: report.verdict().name(),
            interfaces: report.scan.interfaces,
            servers: each
                .map(|(one, judged)| ServerObject::new(one, judged, report.scan.precision))
                .collect(),
            missing: report.missing.iter().map(ToString::to_string).collect(),
            required_missing: report.required.iter().map(ToString::to_string).collect(),
            sent: report.scan.sent,
            answers: report.answers,
            forgotten: report.forgotten,
            lost: report.scan.lost,
            cannot_tell: report.blind,
            waited_ms: report.scan.waited.map(Millis),
            not_given_back: kept.chain(report.scan.kept6.iter().map(KeptObject::from)).collect(),
        }
    }
}

/// A server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServerObject<'a> {
    /// What it speaks.
    #[schemars(extend("enum" = ["dhcpv4", "dhcpv6", "ra"]))]
    protocol: &'static str,
    /// Its server identifier.
    server_id: Option<String>,
    /// Where its messages come from.
    source_ip: Option<IpAddr>,
    /// The network card they come from.
    source_mac: Option<String>,
    /// Who made that card.
    vendor: Option<&'a str>,
    /// The relay that its messages pass.
    relay: Option<IpAddr>,
    /// VLAN tags, outermost first.
    vlans: &'a [u16],
    /// The interface it was heard on first.
    interface: Option<&'a str>,
    /// All that it was heard on.
    interfaces: Vec<&'a str>,
    /// Whether it may be there: unjudged where no policy is about it.
    #[schemars(extend("enum" = ["allowed", "rogue", "unjudged"]))]
    status: &'static str,
    /// What the policy calls it.
    name: Option<&'a str>,
    /// Why it may not be there.
    reasons: Vec<String>,
    /// The codes of these; `dhcptool explain` says more.
    reason_codes: Vec<&'static str>,
    /// What is worth knowing beside.
    notes: Vec<String>,
    /// Messages of it.
    answers: u64,
    /// Its quickest answer to us, since that was asked last.
    latency_ms: Option<Millis>,
    /// Its quickest offer to us, since that was asked first: so long a client waits. Null where it offered nothing.
    since_first_ms: Option<Millis>,
    /// How often it said what.
    messages: MessagesObject,
    /// The questions of ours that it answered.
    answered: &'a [&'static str],
    /// When it was heard first.
    first_seen: String,
    /// When it was heard last.
    last_seen: String,
    /// What it offers.
    offered: OfferedObject<'a>,
}

impl<'a> ServerObject<'a> {
    /// The object of a server, its times as fine as `precision`.
    pub fn new(server: &'a Server, judgement: &'a Judgement, precision: Precision) -> Self {
        let key = &server.key;
        let millis = |took: Duration| Millis(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX));
        Self {
            protocol: key.speaks.name(),
            server_id: key.server_id.as_ref().map(ToString::to_string),
            source_ip: key.source_ip,
            source_mac: key.source_mac.map(|mac| mac.to_string()),
            vendor: judgement.vendor.as_deref(),
            relay: key.relay,
            vlans: &key.vlans,
            interface: server.interfaces.first().map(|name| &**name),
            interfaces: server.interfaces.iter().map(|name| &**name).collect(),
            status: judgement.status.name(),
            name: judgement.name.as_deref(),
            reasons: judgement.reasons.iter().map(ToString::to_string).collect(),
            reason_codes: judgement.reasons.iter().map(|reason| reason.code).collect(),
            notes: judgement.notes.iter().map(ToString::to_string).collect(),
            answers: server.answers,
            latency_ms: server.latency.map(millis),
            since_first_ms: server.since_first.map(millis),
            messages: MessagesObject::new(key.speaks, &server.counts),
            answered: &server.answered,
            first_seen: moment(server.first_seen, precision),
            last_seen: moment(server.last_seen, precision),
            offered: OfferedObject::new(server),
        }
    }
}

/// How often a server said what.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum MessagesObject {
    /// DHCPv4.
    Dhcpv4 { offer: u64, ack: u64, nak: u64, bootp: u64, other: u64 },
    /// DHCPv6.
    Dhcpv6 { advertise: u64, reply: u64, reconfigure: u64, other: u64 },
    /// Router discovery.
    #[serde(rename_all = "kebab-case")]
    Ra { router_advertisement: u64 },
}

impl MessagesObject {
    fn new(speaks: Speaks, counts: &MessageCounts) -> Self {
        match speaks {
            Speaks::Dhcpv4 => Self::Dhcpv4 {
                offer: counts.offers,
                ack: counts.acks,
                nak: counts.naks,
                bootp: counts.bootp,
                other: counts.other,
            },
            Speaks::Dhcpv6 => Self::Dhcpv6 {
                advertise: counts.advertises,
                reply: counts.replies,
                reconfigure: counts.reconfigures,
                other: counts.other,
            },
            Speaks::Ra => Self::Ra { router_advertisement: counts.adverts },
        }
    }
}

/// What a server offers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum OfferedObject<'a> {
    /// One of DHCPv4.
    Dhcpv4(Box<Offered4Object<'a>>),
    /// One of DHCPv6.
    Dhcpv6(Box<Offered6Object<'a>>),
    /// A router.
    Ra(Box<AdvertisedObject>),
}

impl<'a> OfferedObject<'a> {
    fn new(server: &'a Server) -> Self {
        let six = server.offered.six.as_deref();
        match six.map(|six| (six, six.router.as_ref())) {
            Some((six, Some(router))) => Self::Ra(Box::new(AdvertisedObject::of(router, six))),
            None if server.key.speaks == Speaks::Dhcpv4 => {
                Self::Dhcpv4(Box::new(Offered4Object::new(server)))
            }
            _ => Self::Dhcpv6(Box::new(Offered6Object::new(server, six))),
        }
    }
}

/// What a server of DHCPv4 offers.
#[derive(Debug, Serialize, JsonSchema)]
struct Offered4Object<'a> {
    /// The address it offered last.
    address: Option<Ipv4Addr>,
    /// All that it offered.
    addresses: &'a [Ipv4Addr],
    /// Option 1.
    subnet_mask: Option<Ipv4Addr>,
    /// Option 3.
    routers: &'a [Ipv4Addr],
    /// Option 6.
    dns_servers: &'a [Ipv4Addr],
    /// Option 15.
    domain_name: Option<String>,
    /// Seconds.
    lease_time: Option<u32>,
    /// Where the boot file is.
    next_server: Option<Ipv4Addr>,
    /// The boot file.
    boot_file: Option<String>,
    /// Routers of routes that lead everywhere.
    default_routes: Vec<Ipv4Addr>,
    /// Where browsers are to find their proxy.
    wpad: Option<String>,
    /// It answers PXE.
    pxe: bool,
}

fn text(bytes: Option<&Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| foreign(bytes))
}

impl<'a> Offered4Object<'a> {
    fn new(server: &'a Server) -> Self {
        let offered = &server.offered;
        Self {
            address: server.addresses.last().copied(),
            addresses: &server.addresses,
            subnet_mask: offered.subnet_mask,
            routers: &offered.routers,
            dns_servers: &offered.dns_servers,
            domain_name: text(offered.domain_name.as_ref()),
            lease_time: offered.lease_time,
            next_server: offered.next_server,
            boot_file: text(offered.boot_file.as_ref()),
            default_routes: offered.default_routes.iter().map(|(_, router)| *router).collect(),
            wpad: text(offered.wpad.as_ref()),
            pxe: server.pxe,
        }
    }
}

/// What a server of DHCPv6 offers.
#[derive(Debug, Serialize, JsonSchema)]
struct Offered6Object<'a> {
    /// The address it offered last.
    address: Option<Ipv6Addr>,
    /// All that it offered.
    addresses: &'a [Ipv6Addr],
    /// Prefixes that it offered to delegate.
    prefixes: Vec<String>,
    /// Option 23.
    dns_servers: &'a [Ipv6Addr],
    /// Option 24.
    domain_search: Vec<String>,
    /// Valid lifetime of the first lease, seconds.
    lease_time: Option<u32>,
    /// Option 7.
    preference: Option<u8>,
    /// It binds leases though that was not asked for, or with rapid commit.
    rapid_commit: bool,
    /// Option 59.
    boot_file: Option<String>,
    /// The URI of the captive portal.
    captive_portal: Option<String>,
}

fn names(all: &[Vec<u8>]) -> Vec<String> {
    all.iter().map(|name| foreign(name)).collect()
}

impl<'a> Offered6Object<'a> {
    fn new(server: &'a Server, six: Option<&'a Offered6>) -> Self {
        let prefixes = server.prefixes6.iter().map(|(prefix, length)| format!("{prefix}/{length}"));
        Self {
            address: server.addresses6.last().copied(),
            addresses: &server.addresses6,
            prefixes: prefixes.collect(),
            dns_servers: six.map_or(&[], |six| &six.dns_servers),
            domain_search: six.map_or_else(Vec::new, |six| names(&six.search)),
            lease_time: six.and_then(|six| six.lease_time),
            preference: six.and_then(|six| six.preference),
            rapid_commit: six.is_some_and(|six| six.rapid_commit),
            boot_file: text(six.and_then(|six| six.boot_file.as_ref())),
            captive_portal: text(six.and_then(|six| six.captive_portal.as_ref())),
        }
    }
}
