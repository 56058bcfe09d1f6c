//! Which packets are wanted.

use std::net::{IpAddr, Ipv4Addr};

use crate::time::Timestamp;
use crate::wire::HwAddr;
use crate::wire::frame::Datagram;
use crate::wire::v4::{MessageType, Op, Outline, Packet};

/// A test of one option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionTest {
    /// The option's code.
    pub code: u8,
    /// The payload it must have; `None` when being there is enough. Trailing zero bytes do not count.
    pub data: Option<Vec<u8>>,
    /// `data` is one nested option, with its code and length or its code alone, that must stand somewhere in the payload.
    pub nested: bool,
}

/// A choice of packets. Different kinds of test must all hold; of several tests of one kind, one must.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Client hardware addresses (`chaddr`), or link-layer source or destination.
    pub macs: Vec<HwAddr>,
    /// Transaction identifiers.
    pub xids: Vec<u32>,
    /// Message types; `None` is BOOTP, a message without one.
    pub types: Vec<Option<MessageType>>,
    /// Addresses in any field that holds one, IP header included.
    pub ips: Vec<Ipv4Addr>,
    /// Servers: option 54, or the source of a reply.
    pub servers: Vec<Ipv4Addr>,
    /// Options; all must hold.
    pub options: Vec<OptionTest>,
    /// No packet before this moment.
    pub since: Option<Timestamp>,
    /// No packet after this moment.
    pub until: Option<Timestamp>,
}

impl Selection {
    /// True when every packet is wanted.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// True when `packet` is wanted.
    pub fn matches(
        &self,
        time: Option<Timestamp>,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        outline: &Outline,
    ) -> bool {
        self.matches_time(time)
            && any(&self.xids, |xid| packet.xid().is_some_and(|found| found.0 == *xid))
            && any(&self.types, |kind| packet.op().is_some() && outline.message_type == *kind)
            && any(&self.macs, |mac| matches_mac(mac, datagram, packet))
            && any(&self.ips, |ip| matches_ip(*ip, datagram, packet, outline))
            && any(&self.servers, |server| matches_server(*server, datagram, packet, outline))
            && self.options.iter().all(|test| test.matches(packet, outline))
    }

    fn matches_time(&self, time: Option<Timestamp>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        time.is_some_and(|time| {
            self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
        })
    }
}

impl OptionTest {
    fn matches(&self, packet: &Packet<'_>, outline: &Outline) -> bool {
        let Some(first) = outline.find(self.code) else { return false };
        let Some(wanted) = &self.data else { return true };
        if self.nested {
            return outline.same_code(first).any(|span| {
                nested(span.data(packet))
                    .any(|inner| inner == wanted || inner.get(..1) == Some(wanted.as_slice()))
            });
        }
        let found = outline.same_code(first).flat_map(|span| span.data(packet));
        let pieces_joined = matches_but_zeros(wanted, found);
        pieces_joined
            || outline.same_code(first).any(|span| matches_but_zeros(wanted, span.data(packet).iter()))
    }
}

/// The nested options of a payload, each with its code and length byte.
fn nested(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let len = usize::from(*rest.get(1)?).saturating_add(2);
        let inner = rest.get(..len)?;
        rest = rest.get(len..)?;
        Some(inner)
    })
}

/// True when `found` is `wanted`, trailing zero bytes of either left aside.
fn matches_but_zeros<'a>(wanted: &[u8], mut found: impl Iterator<Item = &'a u8>) -> bool {
    for byte in wanted {
        match found.next() {
            Some(other) if other == byte => {}
            None if *byte == 0 => {}
            _ => return false,
        }
    }
    found.all(|byte| *byte == 0)
}

fn any<T>(tests: &[T], test: impl FnMut(&T) -> bool) -> bool {
    tests.is_empty() || tests.iter().any(test)
}

fn matches_mac(mac: &HwAddr, datagram: &Datagram<'_>, packet: &Packet<'_>) -> bool {
    packet.client() == *mac
        || datagram.link.is_some_and(|link| link.src.as_ref() == Some(mac) || link.dst.as_ref() == Some(mac))
}

fn matches_ip(ip: Ipv4Addr, datagram: &Datagram<'_>, packet: &Packet<'_>, outline: &Outline) -> bool {
    let fields = [packet.ciaddr(), packet.yiaddr(), packet.siaddr(), packet.giaddr()];
    fields.contains(&Some(ip))
        || datagram.ip.is_some_and(|header| header.src == IpAddr::V4(ip) || header.dst == IpAddr::V4(ip))
        || [50, 54].iter().any(|code| address_option(*code, packet, outline) == Some(ip))
}

fn matches_server(server: Ipv4Addr, datagram: &Datagram<'_>, packet: &Packet<'_>, outline: &Outline) -> bool {
    address_option(54, packet, outline) == Some(server)
        || packet.op() == Some(Op::REPLY)
            && datagram.ip.is_some_and(|header| header.src == IpAddr::V4(server))
}

/// An option that holds one address.
fn address_option(code: u8, packet: &Packet<'_>, outline: &Outline) -> Option<Ipv4Addr> {
    let bytes: [u8; 4] = outline.find(code)?.data(packet).try_into().ok()?;
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use crate::wire::frame::Ip;
    use crate::wire::v4::{Message, Xid};

    fn offer() -> Vec<u8> {
        let mut message = Message::request(MessageType::OFFER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        message.op = Op::REPLY;
        message.yiaddr = [10, 0, 0, 50].into();
        message.set_option(54, &[10, 0, 0, 1]);
        message.set_option(15, b"lab\0");
        message.set_option(82, &[2, 1, 9, 1, 2, b'p', b'1']);
        message.encode()
    }

    fn matches(selection: &Selection) -> bool {
        let bytes = offer();
        let packet = Packet::new(&bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let datagram = Datagram {
            ip: Some(Ip { src: [10, 0, 0, 2].into(), dst: [10, 0, 0, 50].into(), ttl: 64 }),
            ..Datagram::bare(&bytes)
        };
        selection.matches(Some(Timestamp(5)), &datagram, &packet, &outline)
    }

    #[test]
    fn every_test_can_hold_and_fail() {
        let none = Selection::default();
        assert!(matches(&none) && none.is_everything());
        let option =
            |code, data: Option<&[u8]>| OptionTest { code, data: data.map(<[u8]>::to_vec), nested: false };
        let circuit = |name: &[u8]| OptionTest { code: 82, data: Some(name.to_vec()), nested: true };
        let holds = [
            Selection { macs: vec!["02:00:00:00:00:01".parse().unwrap()], ..none.clone() },
            Selection { xids: vec![1, 7], ..none.clone() },
            Selection { types: vec![Some(MessageType::OFFER)], ..none.clone() },
            Selection { ips: vec![[10, 0, 0, 50].into()], ..none.clone() },
            Selection { servers: vec![[10, 0, 0, 1].into()], ..none.clone() },
            Selection { servers: vec![[10, 0, 0, 2].into()], ..none.clone() },
            Selection { options: vec![option(54, None), option(15, Some(b"lab"))], ..none.clone() },
            Selection { options: vec![circuit(&[1, 2, b'p', b'1'])], ..none.clone() },
            Selection { options: vec![circuit(&[2])], ..none.clone() },
            Selection { since: Some(Timestamp(5)), until: Some(Timestamp(5)), ..none.clone() },
        ];
        let fails = [
            Selection { macs: vec!["02:00:00:00:00:02".parse().unwrap()], ..none.clone() },
            Selection { xids: vec![8], ..none.clone() },
            Selection { types: vec![None, Some(MessageType::ACK)], ..none.clone() },
            Selection { ips: vec![[10, 0, 0, 51].into()], ..none.clone() },
            Selection { servers: vec![[10, 0, 0, 3].into()], ..none.clone() },
            Selection { options: vec![option(54, None), option(15, Some(b"la"))], ..none.clone() },
            Selection { options: vec![circuit(&[1, 2, b'p', b'2'])], ..none.clone() },
            Selection { options: vec![circuit(&[3])], ..none.clone() },
            Selection { since: Some(Timestamp(6)), ..none.clone() },
            Selection { until: Some(Timestamp(4)), ..none.clone() },
        ];
        assert!(holds.iter().all(matches));
        assert!(!fails.iter().any(matches));
    }
}
