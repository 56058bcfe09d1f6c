//! The short way to a message that stands where nearly all do: IPv4 on Ethernet, without tags, options or fragments,
//! between ports 67 and 68, whole.

use std::net::{IpAddr, Ipv4Addr};

use super::bytes::Bytes;
use super::{Datagram, Ip, Layer, Layers, Link, LinkType, Protocol, Udp, Vlans, numbers, udp};
use crate::wire::addr::{HwAddr, Mac};

/// A frame that holds exactly one message and nothing unusual.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<'a> {
    ethernet: &'a [u8; 14],
    ip: &'a [u8; 20],
    udp: &'a [u8; 8],
    message: &'a [u8],
}

/// Takes such a frame apart; none when anything about it needs the long way.
#[inline]
pub(super) fn split(link: LinkType, frame: &[u8]) -> Option<Plain<'_>> {
    let (ethernet, packet) = frame.split_first_chunk::<14>()?;
    let (ip, behind) = packet.split_first_chunk::<20>()?;
    let (udp, body) = behind.split_first_chunk::<8>()?;
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    let inner = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
    let usual = link == LinkType::ETHERNET
        // Cisco's inter-switch link begins with one of these.
        && matches!(ethernet, [first, .., 8, 0] if !matches!(first, 1 | 3))
        && matches!(ip, [0x45, _, _, _, _, _, 0 | 0x40, 0, _, numbers::UDP, ..])
        && matches!(udp, [0, 67 | 68, 0, 67 | 68, ..])
        && inner > 8
        && total == inner.wrapping_add(20);
    let message = body.get(..inner.wrapping_sub(8))?;
    usual.then_some(Plain { ethernet, ip, udp, message })
}

impl<'a> Plain<'a> {
    /// The message and what stands around it.
    #[inline]
    pub(super) fn datagram(&self) -> Datagram<'a> {
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, ..] = *self.ethernet;
        let [_, tos, _, _, i0, i1, flags, _, ttl, _, _, _, a0, a1, a2, a3, b0, b1, b2, b3] = *self.ip;
        let [p0, p1, q0, q1, ..] = *self.udp;
        let promised = self.message.len();
        let around = Ip {
            src: IpAddr::V4(Ipv4Addr::new(a0, a1, a2, a3)),
            dst: IpAddr::V4(Ipv4Addr::new(b0, b1, b2, b3)),
            ttl,
            tos,
            id: Some(u16::from_be_bytes([i0, i1])),
            dont_fragment: Some(flags & 0x40 != 0),
            fragmented: false,
        };
        let parts = udp::Parts {
            src: u16::from_be_bytes([p0, p1]),
            dst: u16::from_be_bytes([q0, q1]),
            promised,
            body: Bytes::new(self.message, promised),
            head: self.udp,
        };
        let (checksum, checksum_values) = udp::judge(&parts, Some(&around), false);
        Datagram {
            protocol: Protocol::Dhcpv4,
            layers: Layers::PLAIN,
            quoted: false,
            complaint: None,
            link: Some(Link {
                layer: Layer::Ethernet,
                src: Some(HwAddr::from(Mac([s0, s1, s2, s3, s4, s5]))),
                dst: Some(HwAddr::from(Mac([d0, d1, d2, d3, d4, d5]))),
            }),
            vlans: Vlans::default(),
            direction: None,
            interface_index: None,
            ip: Some(around),
            udp: Some(Udp { src_port: parts.src, dst_port: parts.dst }),
            checksum,
            payload: self.message,
            promised,
            cut: false,
            overlapped: false,
            checksum_values,
        }
    }
}
