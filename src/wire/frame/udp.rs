//! UDP (RFC 768): ports, lengths and the checksum.

use super::bytes::Bytes;
use super::checksum::Sum;
use super::numbers::{ICMPV6, UDP};
use super::step::Context;
use super::{Checksum, Ip, Layer};

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
    let unknown = (Checksum::Unknown, (0, 0));
    let Some(pseudo) = ip.and_then(|ip| pseudo_header(ip, UDP, parts.promised.wrapping_add(8))) else {
        return unknown;
    };
    if parts.body.have.len() < parts.promised {
        return unknown;
    }
    let [p0, p1, p2, p3, l0, l1, _, _] = *parts.head;
    let total = pseudo.add_word([p0, p1, p2, p3]).add_word([l0, l1, 0, 0]).add_bytes(parts.body.have);
    verdict(found, total.udp_checksum(), pseudo, rerouted)
}

/// Judges the checksum of an ICMPv6 message (RFC 4443 §2.3); for a bad one: found, wanted.
pub(super) fn judge_icmpv6(bytes: Bytes<'_>, ip: &Ip, rerouted: bool) -> (Checksum, (u16, u16)) {
    let unknown = (Checksum::Unknown, (0, 0));
    let (Some(field), Some(found)) = (bytes.have.get(2..4), bytes.be16(2)) else { return unknown };
    let Some(pseudo) = pseudo_header(ip, ICMPV6, bytes.len) else { return unknown };
    if bytes.have.len() < bytes.len {
        return unknown;
    }
    let total = pseudo.add_bytes(bytes.have).subtract(field);
    verdict(found, total.checksum(), pseudo, rerouted)
}

fn verdict(found: u16, wanted: u16, pseudo: Sum, rerouted: bool) -> (Checksum, (u16, u16)) {
    // What a system leaves for the network card to finish: the sum over the pseudo header, not inverted.
    let offloaded = || found == pseudo.fold();
    match found {
        _ if found == wanted => (Checksum::Good, (0, 0)),
        _ if rerouted || offloaded() => (Checksum::Unknown, (0, 0)),
        _ => (Checksum::Bad, (found, wanted)),
    }
}

#[inline]
fn pseudo_header(ip: &Ip, protocol: u8, length: usize) -> Option<Sum> {
    Sum::default().add_pseudo_header(ip.src, ip.dst, protocol, length)
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
