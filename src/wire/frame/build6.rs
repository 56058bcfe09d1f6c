//! Frames of IPv6: Ethernet with VLAN tags around an IPv6 packet without extension headers.

use std::net::Ipv6Addr;

use super::build::{Ethernet, patch, tags};
use super::checksum::Sum;
use super::numbers::UDP;
use crate::wire::addr::Mac;

/// Next header of ICMPv6.
const ICMPV6: u8 = 58;

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

    /// The frame with a UDP datagram; its checksum is made.
    pub fn udp(&self, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
        let length = payload.len().saturating_add(8);
        self.packet(UDP, |out| {
            let start = out.len();
            out.extend(ports.0.to_be_bytes());
            out.extend(ports.1.to_be_bytes());
            out.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
            out.extend([0, 0]);
            out.extend(payload);
            let sum = Sum::default().add_bytes(out.get(start..).unwrap_or(&[]));
            let whole = sum.add_pseudo_header(self.src.into(), self.dst.into(), UDP, length);
            patch(out, start.saturating_add(6), whole.unwrap_or(sum).udp_checksum());
        })
    }

    /// The frame with an ICMPv6 message as it is, or with its checksum made.
    pub fn icmpv6(&self, message: &[u8], make_checksum: bool) -> Vec<u8> {
        self.packet(ICMPV6, |out| {
            let start = out.len();
            out.extend(message);
            if make_checksum {
                patch(out, start.saturating_add(2), 0);
                let sum = Sum::default().add_bytes(out.get(start..).unwrap_or(&[]));
                let whole = sum.add_pseudo_header(self.src.into(), self.dst.into(), ICMPV6, message.len());
                patch(out, start.saturating_add(2), whole.unwrap_or(sum).checksum());
            }
        })
    }

    fn packet(&self, next: u8, body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        let tags = tags(&self.vlans);
        Ethernet { dst: self.dst_mac, src: self.src_mac, tags: &tags }.header(&mut out, 0x86dd);
        let ip = out.len();
        out.extend([0x60, 0, 0, 0, 0, 0, next, self.hop_limit]);
        out.extend(self.src.octets());
        out.extend(self.dst.octets());
        let start = out.len();
        body(&mut out);
        let length = u16::try_from(out.len().saturating_sub(start)).unwrap_or(u16::MAX);
        patch(&mut out, ip.saturating_add(4), length);
        out
    }
}
