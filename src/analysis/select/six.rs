//! The same choice among packets of DHCPv6 and router discovery; what is relayed is looked into.

use std::net::IpAddr;

use super::{IpTest, Selection, any};
use crate::time::Timestamp;
use crate::wire::HwAddr;
use crate::wire::frame::Datagram;
use crate::wire::nd;
use crate::wire::options::{Context, Items, Kind, nd as ndopt, v6 as opt};
use crate::wire::problem::Problem;
use crate::wire::v6::types::mac_of_duid;
use crate::wire::v6::{Facts, Options, Outline, Packet};

/// What a test of one option means for IPv6.
#[derive(Clone, Debug)]
pub struct OptionTest6 {
    /// The code of DHCPv6, and the payload it must have.
    pub dhcp: Option<(u16, Option<Vec<u8>>)>,
    /// The type of Neighbor Discovery's option, and the payload it must have.
    pub router: Option<(u8, Option<Vec<u8>>)>,
    /// The test must fail.
    pub negated: bool,
}

impl Selection {
    /// True when a DHCPv6 packet is wanted.
    pub fn matches_v6(
        &self,
        time: Option<Timestamp>,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        outline: &Outline,
        problems: impl FnOnce(&mut dyn FnMut(&Problem)),
    ) -> bool {
        if !self.matches_time(time) {
            return false;
        }
        let facts = Facts::read(packet, outline);
        let kinds = || outline.levels.iter().map(|level| level.kind);
        let holds = any(&self.xids, |xid| facts.xid == Some(*xid))
            && (!self.asks_type() || self.types6.iter().any(|wanted| kinds().any(|kind| kind == *wanted)))
            && any(&self.duids, |duid| {
                facts.client_id == Some(duid.as_slice()) || facts.server_id == Some(duid.as_slice())
            })
            && self.around.matches(datagram)
            && any(&self.macs, |mac| matches_mac(mac, datagram, &facts))
            && any(&self.ips, |ip| matches_ip(ip, datagram, &facts))
            && self.matches_server(datagram, &facts)
            && self.options6.iter().all(|test| {
                test.negated
                    != test
                        .dhcp
                        .as_ref()
                        .is_some_and(|(code, data)| has_option(packet, outline, *code, data.as_deref()))
            })
            && self.matches_problems(problems);
        self.inverted != holds
    }

    /// True when a router solicitation or advertisement is wanted.
    pub fn matches_router(
        &self,
        time: Option<Timestamp>,
        datagram: &Datagram<'_>,
        packet: &nd::Packet<'_>,
        outline: &nd::Outline,
        problems: impl FnOnce(&mut dyn FnMut(&Problem)),
    ) -> bool {
        if !self.matches_time(time) {
            return false;
        }
        let mac = |wanted: &HwAddr| {
            let own = outline.options.iter().filter(|span| matches!(span.code, 1 | 2));
            around(wanted, datagram)
                || own.into_iter().any(|span| span.data(packet).starts_with(wanted.as_slice()))
        };
        let ip = |wanted: &IpTest| datagram.ip.is_some_and(|ip| wanted.holds(ip.src) || wanted.holds(ip.dst));
        let source = |wanted: &IpTest| datagram.ip.is_some_and(|ip| wanted.holds(ip.src));
        let advertises = packet.is_advertisement();
        let holds = self.xids.is_empty()
            && (!self.asks_type() || self.types_router.iter().any(|kind| packet.kind() == Some(*kind)))
            && self.duids.is_empty()
            && self.around.matches(datagram)
            && any(&self.macs, mac)
            && any(&self.ips, ip)
            && (self.servers.is_empty() && self.server_duids.is_empty()
                || advertises && self.servers.iter().any(source))
            && self.options6.iter().all(|test| {
                test.negated
                    != test.router.as_ref().is_some_and(|(code, data)| {
                        let kind = kind_of_router(*code);
                        let mut spans = outline.options.iter().filter(|span| span.code == *code);
                        spans.any(|span| equals(kind, data.as_deref(), span.data(packet)))
                    })
            })
            && self.matches_problems(problems);
        self.inverted != holds
    }

    /// True when messages of some types alone are wanted.
    pub(super) fn asks_type(&self) -> bool {
        !(self.types.is_empty() && self.types6.is_empty() && self.types_router.is_empty())
    }

    fn matches_server(&self, datagram: &Datagram<'_>, facts: &Facts<'_>) -> bool {
        if self.servers.is_empty() && self.server_duids.is_empty() {
            return true;
        }
        let from = |wanted: &IpTest| datagram.ip.is_some_and(|ip| wanted.holds(ip.src));
        self.server_duids.iter().any(|duid| facts.server_id == Some(duid.as_slice()))
            || facts.kind.is_from_server() && self.servers.iter().any(from)
    }
}

fn around(wanted: &HwAddr, datagram: &Datagram<'_>) -> bool {
    let begins = |found: &HwAddr| found.as_slice().starts_with(wanted.as_slice());
    datagram
        .link
        .is_some_and(|link| link.src.as_ref().is_some_and(begins) || link.dst.as_ref().is_some_and(begins))
}

fn matches_mac(wanted: &HwAddr, datagram: &Datagram<'_>, facts: &Facts<'_>) -> bool {
    let begins = |found: &[u8]| found.starts_with(wanted.as_slice());
    around(wanted, datagram)
        || facts.client_id.and_then(mac_of_duid).is_some_and(begins)
        || facts.relays.iter().filter_map(|relay| relay.client).any(begins)
}

fn matches_ip(wanted: &IpTest, datagram: &Datagram<'_>, facts: &Facts<'_>) -> bool {
    let holds = |addr| wanted.holds(IpAddr::V6(addr));
    datagram.ip.is_some_and(|ip| wanted.holds(ip.src) || wanted.holds(ip.dst))
        || facts.relays.iter().any(|relay| holds(relay.link) || holds(relay.peer))
        || facts.addresses().any(|lease| holds(lease.address))
        || facts.prefixes().any(|lease| holds(lease.prefix))
}

fn kind_of_router(code: u8) -> &'static Kind {
    ndopt::SPACE.by_code(code.into()).map_or(&Kind::Opaque, |row| &row.kind)
}

/// Whether an option stands at any level, or inside an identity association.
fn has_option(packet: &Packet<'_>, outline: &Outline, code: u16, data: Option<&[u8]>) -> bool {
    let kind = opt::SPACE.by_code(code).map_or(&Kind::Opaque, |row| &row.kind);
    outline.all_options().iter().any(|span| {
        let payload = span.data(packet);
        span.code == code && equals(kind, data, payload)
            || inside(span.code, payload, 0, &mut |found, payload| {
                found == code && equals(kind, data, payload)
            })
    })
}

/// Asks `found` about every option inside an identity association and what it holds.
fn inside(code: u16, payload: &[u8], depth: u8, found: &mut dyn FnMut(u16, &[u8]) -> bool) -> bool {
    let head = match code {
        opt::IA_NA | opt::IA_PD => 12,
        opt::IA_TA => 4,
        opt::IAADDR => 24,
        opt::IAPREFIX => 25,
        _ => return false,
    };
    let area = payload.get(head..).unwrap_or_default();
    depth < 4
        && Options::new(area).any(|option| {
            found(option.code, option.data)
                || inside(option.code, option.data, depth.saturating_add(1), found)
        })
}

/// True when a payload is the one wanted, or a list that has it as an item.
fn equals(kind: &Kind, wanted: Option<&[u8]>, payload: &[u8]) -> bool {
    let Some(wanted) = wanted else { return true };
    if wanted == payload {
        return true;
    }
    let (mut ours, mut theirs) = (Items::default(), Items::default());
    let cx = Context::default();
    if !matches!(kind, Kind::List(_))
        || ours.read(kind, wanted, &cx).is_err()
        || theirs.read(kind, payload, &cx).is_err()
    {
        return false;
    }
    ours.iter().all(|item| theirs.iter().any(|other| other == item)) && ours.iter().next().is_some()
}
