//! What clients make of a server's answer: addresses that nobody can use, and whatever else makes them drop it.

use std::fmt;
use std::net::Ipv4Addr;

use super::station::Answer;
use crate::wire::frame::Checksum;
use crate::wire::v4::MessageType;

/// Why the address of an answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// There is none.
    Missing,
    /// It is the address of no host: loopback, multicast, broadcast, reserved.
    NoHost(Ipv4Addr),
    /// It is the address of the subnet itself.
    Subnet(Ipv4Addr),
    /// It is the broadcast address of the subnet.
    Broadcast(Ipv4Addr),
    /// It is the server's own.
    Servers(Ipv4Addr),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it gives no address"),
            Self::NoHost(ip) => write!(f, "{ip} is no address of a host"),
            Self::Subnet(ip) => write!(f, "{ip} is the subnet itself"),
            Self::Broadcast(ip) => write!(f, "{ip} is the subnet's broadcast address"),
            Self::Servers(ip) => write!(f, "{ip} is the server's own address"),
        }
    }
}

/// Why clients drop an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The UDP checksum is wrong: the answer does not even reach the client.
    Checksum,
    /// It does not say who it is from (option 54; RFC 2131 table 3: a server must).
    Nameless,
    /// Its address cannot be used.
    Address(Unusable),
    /// The lease is over when it begins.
    NoLease,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => f.write_str("its UDP checksum is wrong"),
            Self::Nameless => f.write_str("it names no server (option 54)"),
            Self::Address(why) => why.fmt(f),
            Self::NoLease => f.write_str("its lease time is 0 (option 51)"),
        }
    }
}

/// Why clients will not accept `answer`, an OFFER or an ACK; nothing when they will.
pub fn refusals(answer: &Answer) -> Vec<Refusal> {
    let Some(reply) = &answer.reply else { return Vec::new() };
    let kind = answer.kind();
    if !matches!(kind, Some(MessageType::OFFER | MessageType::ACK)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if answer.checksum == Checksum::Bad {
        found.push(Refusal::Checksum);
    }
    if reply.server_id.is_none_or(|server| server.is_unspecified()) {
        found.push(Refusal::Nameless);
    }
    // A proxy for boot servers gives no address (PXE 2.1 §2.2.2), and neither does the answer to an INFORM.
    let proxy = reply.vendor_class.as_deref().is_some_and(|class| class.starts_with(b"PXEClient"));
    let inform = kind == Some(MessageType::ACK) && !reply.ciaddr.is_zero() && reply.lease_time.is_none();
    if !(reply.yiaddr.is_zero() && (proxy || inform)) {
        found.extend(unusable(answer).map(Refusal::Address));
        if reply.lease_time == Some(0) {
            found.push(Refusal::NoLease);
        }
    }
    found
}

/// True for an address that a host can have.
pub fn is_host(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    // RFC 1122 §3.2.1.3; RFC 1112 §4: what begins with 0, 127 or 224 and more is no host's.
    !matches!(first, 0 | 127 | 224..=255)
}

/// Why a client could not use the address in `answer`; `None` when it could.
pub fn unusable(answer: &Answer) -> Option<Unusable> {
    let address = answer.message.yiaddr;
    if address.is_unspecified() {
        return Some(Unusable::Missing);
    }
    if !is_host(address) {
        return Some(Unusable::NoHost(address));
    }
    if answer.server_id() == Some(address) {
        return Some(Unusable::Servers(address));
    }
    let mask = answer.reply.as_ref().and_then(|reply| reply.subnet_mask).map(Ipv4Addr::to_bits)?;
    let host = !mask;
    // RFC 3021: subnets of two addresses have neither; a mask with holes says nothing.
    if host < 3 || host & host.wrapping_add(1) != 0 {
        return None;
    }
    match address.to_bits() & host {
        0 => Some(Unusable::Subnet(address)),
        part if part == host => Some(Unusable::Broadcast(address)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v4::incoming::{Content, Incoming};
    use crate::engine::v4::recipe::Recipe;
    use crate::engine::v4::station::Station;
    use crate::time::{Instant, Timestamp};
    use crate::wire::Mac;
    use crate::wire::frame::{Datagram, Udp};
    use crate::wire::v4::{Message, MessageType, Xid};

    fn answer(change: impl FnOnce(&mut Message), checksum: Checksum) -> Answer {
        let draft = Recipe::new(Mac([2, 0, 0, 0, 0, 1]), Xid(7)).discover(0, None);
        let mut offer = Message::reply(MessageType::OFFER, &draft.message);
        offer.yiaddr = [10, 0, 0, 50].into();
        offer.set_option(54, &[10, 0, 0, 1]);
        offer.set_option(51, &3600_u32.to_be_bytes());
        change(&mut offer);
        let payload = offer.encode();
        let udp = Some(Udp { src_port: 67, dst_port: 68 });
        let datagram = Datagram { udp, checksum, ..Datagram::bare(&payload) };
        let incoming = Incoming {
            at: Instant::default(),
            time: Timestamp::default(),
            frame: &[],
            content: Content::Dhcp(&datagram),
        };
        Station::new(&draft).on_incoming(&incoming).unwrap()
    }

    #[test]
    fn what_clients_drop_is_said_and_what_they_take_is_not() {
        let said = |change: fn(&mut Message), checksum| {
            refusals(&answer(change, checksum)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let good = Checksum::Good;
        assert!(said(|_| (), good).is_empty() && said(|_| (), Checksum::Absent).is_empty());
        assert_eq!(said(|_| (), Checksum::Bad), ["its UDP checksum is wrong"]);
        let nameless = "it names no server (option 54)";
        assert_eq!(said(|m| m.set_option(54, &[0; 4]), good), [nameless]);
        assert_eq!(said(|m| m.set_option(54, &[]), good), [nameless]);
        assert_eq!(said(|m| m.set_option(51, &[0; 4]), good), ["its lease time is 0 (option 51)"]);
        assert_eq!(said(|m| m.yiaddr = [0; 4].into(), good), ["it gives no address"]);
        let proxy = |m: &mut Message| {
            m.yiaddr = [0; 4].into();
            m.set_option(60, b"PXEClient");
        };
        assert!(said(proxy, good).is_empty(), "a PXE proxy gives none");
        let inform = |m: &mut Message| {
            *m = Message::reply(MessageType::ACK, m);
            m.ciaddr = [10, 0, 0, 9].into();
            m.set_option(54, &[10, 0, 0, 1]);
        };
        assert!(said(inform, good).is_empty(), "nor does the answer to an INFORM");
    }

    fn judged(address: [u8; 4], mask: Option<[u8; 4]>) -> Option<String> {
        let change = |offer: &mut Message| {
            offer.yiaddr = address.into();
            if let Some(mask) = mask {
                offer.set_option(1, &mask);
            }
        };
        let answer = answer(change, Checksum::Good);
        unusable(&answer).map(|why| why.to_string())
    }

    #[test]
    fn addresses_that_nobody_can_use_are_told_from_those_that_look_odd() {
        let slash24 = Some([255, 255, 255, 0]);
        for (address, mask, want) in [
            ([10, 0, 0, 50], slash24, None),
            ([10, 0, 0, 50], None, None),
            ([10, 0, 1, 0], Some([255, 255, 254, 0]), None),
            ([10, 0, 0, 255], Some([255, 255, 254, 0]), None),
            ([10, 0, 0, 254], Some([255, 255, 255, 254]), None),
            ([10, 0, 0, 9], Some([255, 255, 255, 255]), None),
            ([10, 0, 0, 255], Some([255, 0, 255, 0]), None),
            ([169, 254, 3, 4], None, None),
            ([0; 4], slash24, Some("it gives no address")),
            ([10, 0, 0, 0], slash24, Some("10.0.0.0 is the subnet itself")),
            ([10, 0, 0, 255], slash24, Some("10.0.0.255 is the subnet's broadcast address")),
            ([10, 0, 0, 1], slash24, Some("10.0.0.1 is the server's own address")),
            ([127, 0, 0, 1], None, Some("127.0.0.1 is no address of a host")),
            ([224, 0, 0, 1], None, Some("224.0.0.1 is no address of a host")),
            ([255; 4], None, Some("255.255.255.255 is no address of a host")),
        ] {
            assert_eq!(judged(address, mask).as_deref(), want, "{address:?} {mask:?}");
        }
    }
}
