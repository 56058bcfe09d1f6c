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

impl OptionTest6 {
    /// True when a message of DHCPv6 passes the test; what is inside identity associations counts too.
    pub fn matches(&self, packet: &Packet<'_>, outline: &Outline) -> bool {
        let found = self.dhcp.as_ref();
        self.negated != found.is_some_and(|(code, data)| has_option(packet, outline, *code, data.as_deref()))
    }
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
            && self.options6.iter().all(|test| test.matches(packet, outline))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::Ip;

    const MAC: [u8; 6] = [2, 0xdc, 0, 0, 0, 5];

    fn option(code: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [&code.to_be_bytes()[..], &length.to_be_bytes(), data].concat()
    }

    fn address(last: u8) -> [u8; 16] {
        std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).octets()
    }

    /// A SOLICIT of the client with this DUID, which holds an address.
    fn solicit(duid: &[u8]) -> Vec<u8> {
        let lease = [&address(7)[..], &[0, 0, 0, 60, 0, 0, 0, 90]].concat();
        let ia = [&[0; 12][..], &option(5, &lease)].concat();
        [&[1, 1, 2, 3][..], &option(1, duid), &option(3, &ia), &option(6, &[0, 23])].concat()
    }

    fn relayed(message: &[u8], mac: bool) -> Vec<u8> {
        let mut relay = vec![12, 0];
        relay.extend(address(1));
        relay.extend(address(2));
        if mac {
            relay.extend(option(79, &[&[0, 1][..], &MAC].concat()));
        }
        relay.extend(option(9, message));
        relay
    }

    fn wants(selection: &Selection, bytes: &[u8], src: u8) -> bool {
        let (packet, mut outline) = (Packet::new(bytes), Outline::default());
        outline.read(&packet, bytes.len(), false);
        let mut datagram = Datagram::bare(bytes);
        let (src, dst) = (IpAddr::from(address(src)), IpAddr::from(address(99)));
        datagram.ip =
            Some(Ip { src, dst, ttl: 64, tos: 0, id: None, dont_fragment: None, fragmented: false });
        selection.matches_v6(None, &datagram, &packet, &outline, |_| ())
    }

    fn by(change: impl FnOnce(&mut Selection)) -> Selection {
        let mut selection = Selection::default();
        change(&mut selection);
        selection
    }

    #[test]
    fn a_client_is_found_by_its_mac_wherever_it_stands() {
        let ll = [&[0, 3, 0, 1][..], &MAC].concat();
        let llt = [&[0, 1, 0, 1, 0, 0, 0, 9][..], &MAC].concat();
        let uuid = [&[0, 4][..], &[7; 16]].concat();
        for prefix in [&MAC[..], &MAC[..3]] {
            let selection = by(|selection| selection.macs = vec![HwAddr::from_slice(prefix)]);
            assert!(wants(&selection, &solicit(&ll), 3));
            assert!(wants(&selection, &solicit(&llt), 3));
            assert!(wants(&selection, &relayed(&solicit(&ll), false), 3));
            assert!(wants(&selection, &relayed(&solicit(&uuid), true), 3));
            assert!(wants(&selection, &relayed(&relayed(&solicit(&uuid), true), false), 3));
            assert!(!wants(&selection, &solicit(&uuid), 3));
            assert!(!wants(&selection, &relayed(&solicit(&uuid), false), 3));
        }
        // Router discovery: the source link-layer address of a solicitation.
        let selection = by(|selection| selection.macs = vec![HwAddr::from_slice(&MAC)]);
        let bytes = [&[133, 0, 0, 0, 0, 0, 0, 0, 1, 1][..], &MAC].concat();
        let found = |bytes: &[u8]| {
            let (packet, mut outline) = (nd::Packet::new(bytes), nd::Outline::default());
            outline.read(&packet, bytes.len(), false);
            selection.matches_router(None, &Datagram::bare(bytes), &packet, &outline, |_| ())
        };
        assert!(found(&bytes) && !found(&bytes[..8]));
    }

    #[test]
    fn duids_addresses_servers_and_options_choose_inside_relays() {
        let duid = [&[0, 4][..], &[7; 16]].concat();
        let (plain, inside) = (solicit(&duid), relayed(&solicit(&duid), false));
        let other = solicit(&[&[0, 4][..], &[8; 16]].concat());
        let selection = by(|selection| selection.duids = vec![duid.clone()]);
        assert!(
            wants(&selection, &plain, 3) && wants(&selection, &inside, 3) && !wants(&selection, &other, 3)
        );
        // The address in an IA, the link and peer of a relay, and those of the packet.
        let ip = |text: &str| by(|selection| selection.ips = vec![text.parse().unwrap()]);
        assert!(wants(&ip("2001:db8::7"), &plain, 3) && wants(&ip("2001:db8::7"), &inside, 3));
        assert!(wants(&ip("2001:db8::1"), &inside, 3) && wants(&ip("2001:db8::2"), &inside, 3));
        assert!(!wants(&ip("2001:db8::1"), &plain, 3) && wants(&ip("2001:db8::3"), &plain, 3));
        assert!(wants(&ip("2001:db8::/64"), &plain, 3) && !wants(&ip("2001:db8:1::/64"), &plain, 3));
        // Only what a server sends is a server's.
        let server = by(|selection| selection.servers = vec!["2001:db8::3".parse().unwrap()]);
        let mut reply = plain.clone();
        reply[0] = 7;
        assert!(wants(&server, &reply, 3) && !wants(&server, &reply, 4) && !wants(&server, &plain, 3));
        let named = [&reply[..], &option(2, &[9, 9, 9])].concat();
        let server = by(|selection| selection.server_duids = vec![vec![9, 9, 9]]);
        assert!(wants(&server, &named, 4) && !wants(&server, &reply, 4));
        let has = |code, data: Option<&[u8]>, negated| {
            let dhcp = Some((code, data.map(<[u8]>::to_vec)));
            by(|selection| selection.options6 = vec![OptionTest6 { dhcp, router: None, negated }])
        };
        assert!(wants(&has(6, None, false), &inside, 3) && wants(&has(6, Some(&[0, 23]), false), &inside, 3));
        assert!(
            !wants(&has(6, Some(&[0, 24]), false), &plain, 3) && !wants(&has(23, None, false), &plain, 3)
        );
        assert!(wants(&has(23, None, true), &plain, 3) && !wants(&has(6, None, true), &inside, 3));
    }
}
