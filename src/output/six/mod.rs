//! What the senders of DHCPv6 found: their objects, named as the contract names their fields, and the text beside them.

pub mod differences;
pub mod discover;
pub mod exchange;
pub mod record;
pub mod router;
pub mod send;
pub mod text;

use std::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::json::object::{Millis, PacketObject, foreign};
use crate::analysis::findings6::Finding6;
use crate::engine::v6::station::Answer6;
use crate::engine::v6::watch::{Check6, Reason6, Watch6};
use crate::output::answers::Place;
use crate::wire::v6::facts::{Ia, Status};
use crate::wire::v6::{Duid, Facts, MessageType, Prefix6, StatusCode};

/// Who asked.
#[derive(Clone, Debug)]
pub struct Client6 {
    /// Its hardware address.
    pub mac: String,
    /// The transaction.
    pub xid: u32,
    /// Its name, where it says one.
    pub duid: Option<Duid>,
    /// IAID of the first IA.
    pub iaid: Option<u32>,
    /// Where it speaks from.
    pub source: Ipv6Addr,
}

/// The client as it presented itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClientObject6 {
    mac: String,
    /// `0x` and six digits.
    xid: String,
    duid: Option<String>,
    iaid: Option<u32>,
    source_ip: Ipv6Addr,
}

impl From<&Client6> for ClientObject6 {
    fn from(client: &Client6) -> Self {
        Self {
            mac: client.mac.clone(),
            xid: format!("{:#08x}", client.xid),
            duid: client.duid.as_ref().map(ToString::to_string),
            iaid: client.iaid,
            source_ip: client.source,
        }
    }
}

/// How many messages were ignored, by reason.
#[derive(Debug)]
pub struct Ignored6(Vec<(&'static str, u64)>);

impl From<&Watch6> for Ignored6 {
    fn from(watch: &Watch6) -> Self {
        Self(Reason6::ALL.iter().map(|reason| (reason.name(), watch.stranger(*reason).count)).collect())
    }
}

impl Serialize for Ignored6 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, count) in &self.0 {
            map.serialize_entry(name, count)?;
        }
        map.end()
    }
}

impl JsonSchema for Ignored6 {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ignored".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Messages that were seen and not taken for answers, by reason.",
            "additionalProperties": {"type": "integer", "minimum": 0}
        })
    }
}

/// A code that has a name, or the number of an unknown one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum NameObject {
    /// Known.
    Name(&'static str),
    /// Unknown.
    Number(u16),
}

impl From<MessageType> for NameObject {
    fn from(kind: MessageType) -> Self {
        kind.name().map_or(Self::Number(kind.0.into()), Self::Name)
    }
}

impl From<StatusCode> for NameObject {
    fn from(code: StatusCode) -> Self {
        code.name().map_or(Self::Number(code.0), Self::Name)
    }
}

/// Status and text as JSON has them; null where none was given.
fn status(status: Option<Status<'_>>) -> (Option<NameObject>, Option<String>) {
    (status.map(|status| status.code.into()), status.map(|status| foreign(status.text)))
}

/// An address of an IA.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AddressObject {
    address: Ipv6Addr,
    preferred_lifetime: u32,
    valid_lifetime: u32,
    status: Option<NameObject>,
    message: Option<String>,
}

/// A prefix of an IA.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DelegationObject {
    prefix: String,
    preferred_lifetime: u32,
    valid_lifetime: u32,
    status: Option<NameObject>,
    message: Option<String>,
}

/// An identity association.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IaObject {
    r#type: &'static str,
    iaid: u32,
    renewal_time: u32,
    rebinding_time: u32,
    status: Option<NameObject>,
    message: Option<String>,
    addresses: Vec<AddressObject>,
    prefixes: Vec<DelegationObject>,
}

impl From<&Ia<'_>> for IaObject {
    fn from(ia: &Ia<'_>) -> Self {
        let (code, message) = status(ia.status);
        Self {
            r#type: ia.kind.name(),
            iaid: ia.iaid,
            renewal_time: ia.t1,
            rebinding_time: ia.t2,
            status: code,
            message,
            addresses: ia
                .addresses
                .iter()
                .map(|lease| {
                    let (code, message) = status(lease.status);
                    AddressObject {
                        address: lease.address,
                        preferred_lifetime: lease.preferred,
                        valid_lifetime: lease.valid,
                        status: code,
                        message,
                    }
                })
                .collect(),
            prefixes: ia
                .prefixes
                .iter()
                .map(|lease| {
                    let (code, message) = status(lease.status);
                    DelegationObject {
                        prefix: Prefix6::new(lease.prefix, lease.length).to_string(),
                        preferred_lifetime: lease.preferred,
                        valid_lifetime: lease.valid,
                        status: code,
                        message,
                    }
                })
                .collect(),
        }
    }
}

/// What a client looks at first in an answer with leases.
#[derive(Debug, Default)]
pub struct Lead {
    /// The first address that lives.
    pub address: Option<Ipv6Addr>,
    /// Valid lifetime of that, else of the first prefix, in seconds.
    pub lease_time: Option<u32>,
    /// Its preferred lifetime, in seconds.
    pub preferred_lifetime: Option<u32>,
    /// T1 of the first IA, in seconds.
    pub renewal_time: Option<u32>,
    /// T2 of the first IA, in seconds.
    pub rebinding_time: Option<u32>,
    /// All addresses that live.
    pub addresses: Vec<Ipv6Addr>,
    /// All prefixes that live.
    pub prefixes: Vec<String>,
}

impl Lead {
    /// Reads it.
    pub fn of(facts: &Facts<'_>) -> Self {
        let alive = |valid: u32| valid > 0;
        let address = facts.addresses().find(|lease| alive(lease.valid)).or_else(|| facts.addresses().next());
        let prefix = facts.prefixes().find(|lease| alive(lease.valid)).or_else(|| facts.prefixes().next());
        let times = address
            .map(|lease| (lease.valid, lease.preferred))
            .or(prefix.map(|lease| (lease.valid, lease.preferred)));
        Self {
            address: address.map(|lease| lease.address),
            lease_time: times.map(|times| times.0),
            preferred_lifetime: times.map(|times| times.1),
            renewal_time: facts.ias.first().map(|ia| ia.t1),
            rebinding_time: facts.ias.first().map(|ia| ia.t2),
            addresses: facts
                .addresses()
                .filter(|lease| alive(lease.valid))
                .map(|lease| lease.address)
                .collect(),
            prefixes: facts
                .prefixes()
                .filter(|lease| alive(lease.valid))
                .map(|lease| Prefix6::new(lease.prefix, lease.length).to_string())
                .collect(),
        }
    }
}

/// The server looked for the client before it answered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckObject6 {
    kind: &'static str,
    ms: Millis,
}

impl From<&Check6> for CheckObject6 {
    fn from(check: &Check6) -> Self {
        Self { kind: "neighbor", ms: Millis(check.nanoseconds()) }
    }
}

/// An ADVERTISE, or a REPLY with rapid commit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OfferObject6 {
    server_id: Option<String>,
    source_ip: Option<Ipv6Addr>,
    source_mac: Option<String>,
    vendor: Option<String>,
    message_type: NameObject,
    rapid_commit: bool,
    preference: u8,
    /// It holds an address or prefix that a client may keep.
    usable: bool,
    address: Option<Ipv6Addr>,
    lease_time: Option<u32>,
    preferred_lifetime: Option<u32>,
    renewal_time: Option<u32>,
    rebinding_time: Option<u32>,
    addresses: Vec<Ipv6Addr>,
    prefixes: Vec<String>,
    ias: Vec<IaObject>,
    status: Option<NameObject>,
    message: Option<String>,
    dns_servers: Vec<Ipv6Addr>,
    domain_search: Vec<String>,
    reconfigure_accept: bool,
    server_unicast: Option<Ipv6Addr>,
    sol_max_rt: Option<u32>,
    inf_max_rt: Option<u32>,
    latency_ms: Option<Millis>,
    since_first_ms: Option<Millis>,
    request_number: u32,
    copies: u32,
    other_addresses: Vec<Ipv6Addr>,
    server_check: Option<CheckObject6>,
    packet: Option<PacketObject>,
}

impl OfferObject6 {
    fn new(offer: &Answer6, number: u64, vendor: Option<String>, place: &Place<'_>) -> Self {
        let facts = offer.facts();
        let lead = Lead::of(&facts);
        let (code, message) = status(facts.status);
        Self {
            server_id: facts.server_id.map(|duid| Duid::from(duid).to_string()),
            source_ip: offer.source_ip,
            source_mac: offer.source_mac.map(|mac| mac.to_string()),
            vendor,
            message_type: facts.kind.into(),
            rapid_commit: facts.rapid_commit,
            preference: facts.preference.unwrap_or(0),
            usable: crate::engine::v6::accept::is_usable_answer(&facts),
            address: lead.address,
            lease_time: lead.lease_time,
            preferred_lifetime: lead.preferred_lifetime,
            renewal_time: lead.renewal_time,
            rebinding_time: lead.rebinding_time,
            addresses: lead.addresses,
            prefixes: lead.prefixes,
            ias: facts.ias.iter().map(IaObject::from).collect(),
            status: code,
            message,
            dns_servers: facts.dns_servers().collect(),
            domain_search: facts.domain_search().iter().map(|name| foreign(name)).collect(),
            reconfigure_accept: facts.reconfigure_accept,
            server_unicast: facts.unicast,
            sol_max_rt: facts.sol_max_rt,
            inf_max_rt: facts.inf_max_rt,
            latency_ms: offer.latency().map(Millis),
            since_first_ms: offer.since_first().map(Millis),
            request_number: offer.answers,
            copies: offer.copies,
            other_addresses: offer.other_addresses.clone(),
            server_check: offer.check.as_ref().map(CheckObject6::from),
            packet: record::packet(offer, number, place),
        }
    }
}

/// Something that does not fit together on the link.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingObject {
    code: &'static str,
    /// error, warning or note.
    severity: &'static str,
    message: String,
    servers: Vec<String>,
    routers: Vec<Ipv6Addr>,
    /// The field in which routers disagree.
    field: Option<&'static str>,
    reference: &'static str,
}

impl From<&Finding6> for FindingObject {
    fn from(finding: &Finding6) -> Self {
        Self {
            code: finding.code,
            severity: finding.severity.name(),
            message: finding.message.clone(),
            servers: finding.servers.clone(),
            routers: finding.routers.clone(),
            field: finding.field,
            reference: finding.reference,
        }
    }
}
