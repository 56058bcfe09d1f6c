//! IPv4 (RFC 791) and IPv6 (RFC 8200) with what may stand between them and UDP, and the ICMP errors that quote a packet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::Bytes;
use super::fragments::{Key, Piece};
use super::numbers::{
    AUTHENTICATION, DESTINATION_OPTIONS, ETHER_IP, ETHERNET, FRAGMENT, GRE, HIP, HOP_BY_HOP, ICMP, ICMPV6,
    IP_IN_IP, IPIP, IPV6_IN_IP, L2TP, MOBILITY, MPLS_IN_IP, ROUTING, SHIM6, TCP, UDP,
};
use super::step::{Context, What};
use super::{Complaint, Ip, Layer, openflow, tunnel};

/// Whether the walk goes on behind `protocol`.
pub(super) fn is_followed(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP
            | ICMP
            | IP_IN_IP
            | UDP
            | IPV6_IN_IP
            | ROUTING
            | FRAGMENT
            | GRE
            | AUTHENTICATION
            | ICMPV6
            | DESTINATION_OPTIONS
            | IPIP
            | ETHER_IP
            | L2TP
            | MOBILITY
            | MPLS_IN_IP
            | HIP
            | SHIM6
            | ETHERNET
    )
}

/// Whether an ICMP message of this type quotes the packet it complains about (RFC 792).
pub(super) fn is_icmp_error(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

/// Whether an ICMPv6 message of this type quotes the packet it complains about (RFC 4443 §2.1).
pub(super) fn is_icmpv6_error(kind: u8) -> bool {
    matches!(kind, 1..=4)
}

/// Whether an ICMPv6 message of this type is a router solicitation or advertisement (RFC 4861 §4.1, §4.2).
pub(super) fn is_router_discovery(kind: u8) -> bool {
    matches!(kind, 133 | 134)
}

/// An IP packet of the version that its first four bits state.
pub(super) fn ip<'a>(bytes: Bytes<'a>, context: &mut Context) -> Option<(What, Bytes<'a>)> {
    match bytes.u8(0)? >> 4 {
        4 => ipv4(bytes, context),
        6 => ipv6(bytes, context),
        _ => None,
    }
}

fn ipv4<'a>(bytes: Bytes<'a>, context: &mut Context) -> Option<(What, Bytes<'a>)> {
    let (head, _) = bytes.chunk::<20>()?;
    let header_len = usize::from(head[0] & 15) << 2;
    if header_len < 20 {
        return None;
    }
    let packet = match usize::from(u16::from_be_bytes([head[2], head[3]])) {
        // A packet that a network card was still to cut into pieces has no length yet.
        0 => bytes,
        total if total < header_len => return None,
        // An error quotes only the start.
        total if context.quoted => bytes.promise(total).limit(total),
        total => bytes.limit(total),
    };
    context.push(Layer::Ipv4)?;
    context.ip = Some(Ip {
        src: IpAddr::V4(Ipv4Addr::from(bytes.be32(12)?)),
        dst: IpAddr::V4(Ipv4Addr::from(bytes.be32(16)?)),
        ttl: head[8],
        tos: head[1],
        id: Some(u16::from_be_bytes([head[4], head[5]])),
        dont_fragment: Some(head[6] & 0x40 != 0),
        fragmented: false,
    });
    context.rerouted = packet.have.get(20..header_len).is_some_and(has_source_route);
    let body = packet.skip(header_len)?;
    let fragment = u16::from_be_bytes([head[6], head[7]]);
    let more = fragment & 0x2000 != 0;
    let id = u32::from(u16::from_be_bytes([head[4], head[5]]));
    piece(body, context, head[9], id, fragment & 0x1fff, more)
}

/// Whether the options of an IPv4 header name hops that are still to come (RFC 791 §3.1).
fn has_source_route(mut options: &[u8]) -> bool {
    while let [kind, rest @ ..] = options {
        options = match (kind, rest) {
            (0, _) => return false,
            (1, _) => rest,
            (131 | 137, [length, pointer, ..]) => return pointer <= length,
            (_, [length, ..]) if *length >= 2 => match options.get(usize::from(*length)..) {
                Some(rest) => rest,
                None => return false,
            },
            _ => return false,
        };
    }
    false
}

fn ipv6<'a>(bytes: Bytes<'a>, context: &mut Context) -> Option<(What, Bytes<'a>)> {
    let (head, rest) = bytes.chunk::<40>()?;
    let body = match usize::from(u16::from_be_bytes([head[4], head[5]])) {
        // RFC 2675 §3: the length of a jumbogram is elsewhere.
        0 => rest,
        length if context.quoted => rest.promise(length).limit(length),
        length => rest.limit(length),
    };
    context.push(Layer::Ipv6)?;
    let (_, addresses) = head.split_first_chunk::<8>()?;
    let (src, dst) = addresses.split_first_chunk::<16>()?;
    context.ip = Some(Ip {
        src: IpAddr::V6(Ipv6Addr::from(*src)),
        dst: IpAddr::V6(Ipv6Addr::from(*dst.first_chunk::<16>()?)),
        ttl: head[7],
        tos: head[0] << 4 | head[1] >> 4,
        id: None,
        dont_fragment: None,
        fragmented: false,
    });
    context.rerouted = context.guessed;
    Some((What::Transport(head[6]), body))
}

/// Goes on behind an IP header that may make its payload a fragment. `offset` counts 8 bytes.
fn piece<'a>(
    body: Bytes<'a>,
    context: &Context,
    protocol: u8,
    id: u32,
    offset: u16,
    more: bool,
) -> Option<(What, Bytes<'a>)> {
    if offset == 0 && !more {
        return Some((What::Transport(protocol), body));
    }
    if !is_followed(protocol) {
        return None;
    }
    if context.quoted || context.alone || body.have.len() < body.len {
        // The datagram will never be whole; its start may still say enough.
        return (offset == 0).then(|| (What::Transport(protocol), body.promise(usize::from(u16::MAX))));
    }
    let ip = context.ip?;
    let vlan = context.vlans.as_slice().last().copied();
    let key = Key { src: ip.src, dst: ip.dst, id, protocol, vlan };
    Some((What::Fragment(Piece { key, offset: usize::from(offset) << 3, more }), body))
}

/// What lies behind an IP header or extension header, UDP excepted.
pub(super) fn transport<'a>(
    protocol: u8,
    bytes: Bytes<'a>,
    context: &mut Context,
) -> Option<(What, Bytes<'a>)> {
    match protocol {
        HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | MOBILITY | HIP | SHIM6 => {
            let (head, _) = bytes.chunk::<8>()?;
            if protocol == ROUTING {
                // RFC 8200 §4.4: segments left.
                context.rerouted |= head[3] != 0;
            }
            let length = usize::from(head[1]).wrapping_add(1) << 3;
            Some((What::Transport(head[0]), bytes.skip(length)?))
        }
        FRAGMENT => {
            let (&[next, _, high, low, a, b, c, d], body) = bytes.chunk::<8>()?;
            let field = u16::from_be_bytes([high, low]);
            if let Some(ip) = &mut context.ip {
                ip.fragmented = true;
            }
            piece(body, context, next, u32::from_be_bytes([a, b, c, d]), field >> 3, field & 1 == 1)
        }
        AUTHENTICATION => {
            let next = bytes.u8(0)?;
            let length = usize::from(bytes.u8(1)?).wrapping_add(2) << 2;
            let body = bytes.skip(length)?;
            context.push(Layer::Ah)?;
            Some((What::Transport(next), body))
        }
        IP_IN_IP | IPV6_IN_IP | IPIP => Some((What::Ip, bytes)),
        ETHERNET => Some((What::Ethernet, bytes)),
        MPLS_IN_IP => Some((What::Mpls, bytes)),
        GRE => tunnel::gre(bytes, context),
        ETHER_IP => {
            // The version is 3; some senders have it in the low bits, or none.
            let body = bytes.skip(2)?;
            context.push(Layer::EtherIp)?;
            Some((What::Ethernet, body))
        }
        L2TP => tunnel::l2tp_over_ip(bytes, context),
        TCP => openflow::segment(bytes, context),
        ICMP => {
            let (head, body) = bytes.chunk::<8>()?;
            if !is_icmp_error(head[0]) {
                return None;
            }
            context.push(Layer::Icmp)?;
            if let Some(Ip { src: IpAddr::V4(source), .. }) = context.ip {
                context.complaint = Some(Complaint { kind: head[0], code: head[1], source });
            }
            context.quoted = true;
            Some((What::Ip, body))
        }
        ICMPV6 => {
            let (head, body) = bytes.chunk::<8>()?;
            if !is_icmpv6_error(head[0]) {
                return None;
            }
            context.push(Layer::Icmpv6)?;
            context.quoted = true;
            Some((What::Ip, body))
        }
        _ => None,
    }
}
