//! What clients make of a server's answer: addresses that nobody can use.

use std::fmt;
use std::net::Ipv4Addr;

use super::station::Answer;

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
    use crate::engine::v4::recipe::Recipe;
    use crate::engine::v4::station::Station;
    use crate::engine::{Sight, What};
    use crate::time::{Instant, Timestamp};
    use crate::wire::Mac;
    use crate::wire::frame::{Datagram, Udp};
    use crate::wire::v4::{Message, MessageType, Xid};

    fn judged(address: [u8; 4], mask: Option<[u8; 4]>) -> Option<String> {
        let draft = Recipe::new(Mac([2, 0, 0, 0, 0, 1]), Xid(7)).discover(0, None);
        let mut offer = Message::reply(MessageType::OFFER, &draft.message);
        offer.yiaddr = address.into();
        offer.set_option(54, &[10, 0, 0, 1]);
        if let Some(mask) = mask {
            offer.set_option(1, &mask);
        }
        let payload = offer.encode();
        let datagram = Datagram { udp: Some(Udp { src_port: 67, dst_port: 68 }), ..Datagram::bare(&payload) };
        let sight = Sight {
            at: Instant::default(),
            time: Timestamp::default(),
            frame: &[],
            what: What::Dhcp(&datagram),
        };
        let answer = Station::new(&draft).on_sight(&sight).unwrap();
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
