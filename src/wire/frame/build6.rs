//! Frames of IPv6: Ethernet with VLAN tags around an IPv6 packet without extension headers.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::build::{EthernetHeader, length_of, patch, tags, udp};
use super::checksum::Sum;
use super::numbers::{ETHERTYPE_IPV6, HOP_BY_HOP, ICMPV6, UDP};
use crate::wire::addr::Mac;
use crate::wire::neighbor::link_local;

/// The IPv6 header of a packet; there are no extension headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Header {
    /// Source.
    pub src: Ipv6Addr,
    /// Destination.
    pub dst: Ipv6Addr,
    /// Hop limit.
    pub hop_limit: u8,
}

impl EthernetHeader<'_> {
    /// Appends a frame with the UDP datagram over IPv6 whose payload `payload` appends. Returns where the frame lies.
    pub fn udp6(
        &self,
        out: &mut Vec<u8>,
        ip: &Ipv6Header,
        ports: (u16, u16),
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        self.ipv6(out, ip, UDP, |out| udp(out, ports, payload, |datagram| ip.sum(UDP, datagram)))
    }

    /// Appends a frame with an ICMPv6 message; its checksum is made. Returns where the frame lies.
    pub fn icmpv6(&self, out: &mut Vec<u8>, ip: &Ipv6Header, message: &[u8]) -> Range<usize> {
        self.ipv6(out, ip, ICMPV6, |out| {
            let start = out.len();
            out.extend(message);
            patch(out, start.saturating_add(2), 0);
            let sum = ip.sum(ICMPV6, out.get(start..).unwrap_or(&[]));
            patch(out, start.saturating_add(2), sum.checksum());
        })
    }

    fn ipv6(
        &self,
        out: &mut Vec<u8>,
        ip: &Ipv6Header,
        next: u8,
        body: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        let start = out.len();
        self.header(out, ETHERTYPE_IPV6);
        let at = out.len();
        out.extend([0x60, 0, 0, 0, 0, 0, next, ip.hop_limit]);
        out.extend(ip.src.octets());
        out.extend(ip.dst.octets());
        let behind = out.len();
        body(out);
        let length = length_of(out.len().saturating_sub(behind));
        patch(out, at.saturating_add(4), length);
        start..out.len()
    }
}

impl Ipv6Header {
    /// The sum of a payload and its pseudo-header (RFC 8200 §8.1).
    fn sum(&self, next: u8, payload: &[u8]) -> Sum {
        let sum = Sum::default().add_bytes(payload);
        sum.add_pseudo_header(self.src.into(), self.dst.into(), next, payload.len()).unwrap_or(sum)
    }
}

/// What stands around a message of IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope6 {
    /// Receiver's hardware address.
    pub dst_mac: Mac,
    /// Sender's hardware address.
    pub src_mac: Mac,
    /// VLAN identifiers, outermost first.
    pub vlans: Vec<u16>,
    /// Source.
    pub src: Ipv6Addr,
    /// Destination.
    pub dst: Ipv6Addr,
    /// Hop limit.
    pub hop_limit: u8,
}

impl Envelope6 {
    /// The multicast hardware address of a group (RFC 2464 §7).
    pub fn group_mac(group: Ipv6Addr) -> Mac {
        let [.., a, b, c, d] = group.octets();
        Mac([0x33, 0x33, a, b, c, d])
    }

    /// From one card to another, by their link-local addresses.
    pub fn between(src_mac: Mac, dst_mac: Mac) -> Self {
        let (src, dst) = (link_local(src_mac), link_local(dst_mac));
        Self { dst_mac, src_mac, vlans: Vec::new(), src, dst, hop_limit: 64 }
    }

    /// From `src`, which `src_mac` has, to a group.
    pub fn to_group(src_mac: Mac, src: Ipv6Addr, group: Ipv6Addr, hop_limit: u8) -> Self {
        Self { dst_mac: Self::group_mac(group), src_mac, vlans: Vec::new(), src, dst: group, hop_limit }
    }

    /// The frame with a UDP datagram; its checksum is made.
    pub fn udp(&self, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(payload.len().saturating_add(66));
        self.ethernet(&tags(&self.vlans))
            .udp6(&mut out, &self.ip(), ports, |out| out.extend_from_slice(payload));
        out
    }

    /// The frame with an ICMPv6 message as it is, or with its checksum made.
    pub fn icmpv6(&self, message: &[u8], make_checksum: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.len().saturating_add(58));
        let (tags, ip) = (tags(&self.vlans), self.ip());
        if make_checksum {
            self.ethernet(&tags).icmpv6(&mut out, &ip, message);
        } else {
            self.ethernet(&tags).ipv6(&mut out, &ip, ICMPV6, |out| out.extend_from_slice(message));
        }
        out
    }

    /// The frame with a report of groups that are listened to, behind the router alert that it must have (RFC 3810 §5); its checksum
    /// is made.
    pub fn mld(&self, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let ip = self.ip();
        self.ethernet(&tags(&self.vlans)).ipv6(&mut out, &ip, HOP_BY_HOP, |out| {
            out.extend([ICMPV6, 0, 5, 2, 0, 0, 1, 0]);
            let start = out.len();
            out.extend_from_slice(message);
            patch(out, start.saturating_add(2), ip.sum(ICMPV6, message).checksum());
        });
        out
    }

    /// Bytes of the IPv6 packet around a UDP payload of `len` bytes: what an MTU limits.
    pub fn packet_len(len: usize) -> usize {
        len.saturating_add(48)
    }

    fn ethernet<'a>(&self, tags: &'a [u8]) -> EthernetHeader<'a> {
        EthernetHeader { dst: self.dst_mac, src: self.src_mac, tags }
    }

    fn ip(&self) -> Ipv6Header {
        Ipv6Header { src: self.src, dst: self.dst, hop_limit: self.hop_limit }
    }
}
