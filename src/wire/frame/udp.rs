//! UDP (RFC 768): ports, lengths and the checksum.

use std::net::IpAddr;

use super::bytes::Bytes;
use super::ip::{ICMPV6, UDP};
use super::walk::Context;
use super::{Checksum, Ip};
use crate::wire::frame::Layer;

/// A UDP datagram taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) src: u16,
    pub(super) dst: u16,
    /// The payload length that the header states.
    pub(super) promised: usize,
    /// The payload.
    pub(super) body: Bytes<'a>,
    pub(super) head: &'a [u8; 8],
}

/// Takes a datagram apart; none when there is no whole header, or its length has no room for one.
pub(super) fn split<'a>(bytes: Bytes<'a>, context: &mut Context) -> Option<Parts<'a>> {
    let (head, rest) = bytes.chunk::<8>()?;
    let length = match bytes.be16(4)? {
        // RFC 2675 §4: a jumbogram has no UDP length.
        0 if matches!(context.ip, Some(ip) if ip.src.is_ipv6()) => bytes.len,
        length => usize::from(length),
    };
    let promised = length.checked_sub(8)?;
    context.push(Layer::Udp)?;
    let body = rest.limit(promised);
    Some(Parts { src: bytes.be16(0)?, dst: bytes.be16(2)?, promised, body, head })
}

/// Judges the checksum over the pseudo header of the innermost IP header; for a bad one: found, wanted. `rerouted` says that
/// the destination in that header may not be the last one.
pub(super) fn judge(parts: &Parts<'_>, ip: Option<&Ip>, rerouted: bool) -> (Checksum, (u16, u16)) {
    let found = u16::from_be_bytes([parts.head[6], parts.head[7]]);
    if found == 0 {
        return (Checksum::Absent, (0, 0));
    }
    let length = parts.promised.wrapping_add(8);
    let Some(pseudo) = ip.and_then(|ip| pseudo_header(ip, UDP, length)) else {
        return (Checksum::Unknown, (0, 0));
    };
    if parts.body.have.len() < parts.promised {
        return (Checksum::Unknown, (0, 0));
    }
    let [p0, p1, p2, p3, l0, l1, _, _] = *parts.head;
    let ports_and_length = word([p0, p1, p2, p3]).wrapping_add(word([l0, l1, 0, 0]));
    let total = pseudo.wrapping_add(ports_and_length).wrapping_add(sum(parts.body.have));
    let wanted = match !fold(total) {
        0 => 0xffff,
        wanted => wanted,
    };
    // What a system leaves for the network card to finish: the sum over the pseudo header, not inverted.
    let offloaded = found == fold(pseudo);
    match found {
        _ if found == wanted => (Checksum::Good, (0, 0)),
        _ if offloaded || rerouted => (Checksum::Unknown, (0, 0)),
        _ => (Checksum::Bad, (found, wanted)),
    }
}

/// Judges the checksum of an ICMPv6 message (RFC 4443 §2.3); for a bad one: found, wanted.
pub(super) fn judge_icmpv6(bytes: Bytes<'_>, ip: &Ip, rerouted: bool) -> (Checksum, (u16, u16)) {
    let unknown = (Checksum::Unknown, (0, 0));
    let Some((&[kind, code, high, low], body)) = bytes.chunk::<4>() else { return unknown };
    let Some(pseudo) = pseudo_header(ip, ICMPV6, bytes.len) else { return unknown };
    if bytes.have.len() < bytes.len {
        return unknown;
    }
    let found = u16::from_be_bytes([high, low]);
    let wanted = !fold(pseudo.wrapping_add(word([kind, code, 0, 0])).wrapping_add(sum(body.have)));
    match found {
        _ if found == wanted => (Checksum::Good, (0, 0)),
        _ if found == fold(pseudo) || rerouted => unknown,
        _ => (Checksum::Bad, (found, wanted)),
    }
}

/// The sum over the pseudo header (RFC 768, RFC 8200 §8.1) of an upper layer of `length` bytes.
fn pseudo_header(ip: &Ip, protocol: u8, length: usize) -> Option<u64> {
    let addresses = match (ip.src, ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => word(src.octets()).wrapping_add(word(dst.octets())),
        (IpAddr::V6(src), IpAddr::V6(dst)) => sum(&src.octets()).wrapping_add(sum(&dst.octets())),
        _ => return None,
    };
    let length = u32::try_from(length).unwrap_or(0);
    Some(addresses.wrapping_add(word(length.to_be_bytes())).wrapping_add(word([0, protocol, 0, 0])))
}

/// The one's complement sum (RFC 1071) of `bytes`, not yet folded. Adds in the byte order of the machine, which gives
/// the same folded sum with its bytes swapped.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let total = words.iter().fold(0_u64, |total, word| {
        let word = u64::from_ne_bytes(*word);
        total.wrapping_add(word & 0xffff_ffff).wrapping_add(word >> 32)
    });
    let (words, rest) = rest.as_chunks::<4>();
    let mut last = [0; 4];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    words.iter().fold(total, |total, bytes| total.wrapping_add(word(*bytes))).wrapping_add(word(last))
}

fn word(bytes: [u8; 4]) -> u64 {
    u32::from_ne_bytes(bytes).into()
}

/// Folds a sum to the 16 bits of a checksum, most significant byte first.
fn fold(mut total: u64) -> u16 {
    while total >> 16 != 0 {
        total = (total & 0xffff).wrapping_add(total >> 16);
    }
    u16::from_be(u16::try_from(total).unwrap_or_default())
}

/// Whether `port` belongs to another service, so that what is sent from it to a DHCP port with a higher number is that
/// service's answer to a client which happened to be given that port.
pub(super) fn is_other_service(port: u16) -> bool {
    OTHER_SERVICES.binary_search(&port).is_ok()
}

/// UDP services with assigned ports below 4011 that are common enough to meet.
const OTHER_SERVICES: [u16; 40] = [
    7, 13, 19, 37, 49, 53, 69, 88, 111, 123, 137, 138, 161, 162, 177, 319, 320, 389, 427, 464, 500, 513, 514,
    520, 521, 546, 547, 623, 646, 750, 853, 1194, 1645, 1646, 1812, 1813, 1900, 2055, 2123, 3478,
];

/// Whether `message` has the magic cookie of DHCP at its place (RFC 2131 §3).
pub(super) fn has_cookie(message: &[u8]) -> bool {
    message.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63])
}
