//! The simple look at a frame that was asked for: Ethernet with or without tags, IPv4, IPv6, UDP, ICMP, ARP. Nothing is followed,
//! put together or judged; what is not there in full is not there.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::LinkType;
use super::bytes::be16;
use super::numbers::{self, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, icmp};
use crate::wire::addr::Mac;
use crate::wire::arp::Arp;

/// An Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ethernet<'a> {
    /// Receiver.
    pub dst: Mac,
    /// Sender.
    pub src: Mac,
    /// VLAN tags as they lie in the frame, four bytes each.
    pub tags: &'a [u8],
    /// What `payload` is.
    pub ether_type: u16,
    /// What stands behind the tags.
    pub payload: &'a [u8],
}

impl<'a> Ethernet<'a> {
    /// Reads a frame.
    #[inline]
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let (dst, rest) = frame.split_first_chunk::<6>()?;
        let (src, behind) = rest.split_first_chunk::<6>()?;
        let mut rest = behind;
        while let [0x81 | 0x91, 0x00, _, _, inner @ ..] | [0x88, 0xa8, _, _, inner @ ..] = rest {
            rest = inner;
        }
        let tags = behind.get(..behind.len().saturating_sub(rest.len()))?;
        let (ether_type, payload) = rest.split_first_chunk::<2>()?;
        let ether_type = u16::from_be_bytes(*ether_type);
        Some(Self { dst: Mac(*dst), src: Mac(*src), tags, ether_type, payload })
    }

    /// It belongs to `vlans`, outermost first, and to no other network: what is said there is said of other hosts. A tag of
    /// identifier 0 is a priority, not a VLAN (IEEE 802.1Q).
    pub fn is_on(&self, vlans: &[u16]) -> bool {
        let ids = |tag: u16| Some(tag & 0x0fff).filter(|id| *id != 0);
        let own =
            self.tags.as_chunks::<4>().0.iter().map(|[.., high, low]| u16::from_be_bytes([*high, *low]));
        own.filter_map(ids).eq(vlans.iter().copied().filter_map(ids))
    }

    /// The IPv4 packet in it.
    #[inline]
    pub fn ipv4(&self) -> Option<Ipv4<'a>> {
        if self.ether_type == ETHERTYPE_IPV4 { Ipv4::read(self.payload) } else { None }
    }

    /// The IPv6 packet in it.
    #[inline]
    pub fn ipv6(&self) -> Option<Ipv6<'a>> {
        if self.ether_type == ETHERTYPE_IPV6 { Ipv6::read(self.payload) } else { None }
    }

    /// The ARP packet in it.
    pub fn arp(&self) -> Option<Arp> {
        if self.ether_type == ETHERTYPE_ARP { Arp::decode(self.payload) } else { None }
    }
}

/// An IPv4 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4<'a> {
    /// What `payload` is.
    pub protocol: u8,
    /// Source.
    pub src: Ipv4Addr,
    /// Destination.
    pub dst: Ipv4Addr,
    /// Where its payload stands in the datagram, in eights of bytes; zero unless it is a fragment.
    pub offset: u16,
    /// It is a fragment and not the last.
    pub more: bool,
    /// What stands behind the header, as far as it is there.
    pub payload: &'a [u8],
}

impl<'a> Ipv4<'a> {
    /// Reads a packet.
    #[inline]
    pub fn read(packet: &'a [u8]) -> Option<Self> {
        let head: &[u8; 20] = packet.first_chunk()?;
        let header_len = usize::from(head[0] & 15) << 2;
        if head[0] >> 4 != 4 || header_len < 20 {
            return None;
        }
        let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let fragment = u16::from_be_bytes([head[6], head[7]]);
        Some(Self {
            protocol: head[9],
            src: Ipv4Addr::new(head[12], head[13], head[14], head[15]),
            dst: Ipv4Addr::new(head[16], head[17], head[18], head[19]),
            offset: fragment & 0x1fff,
            more: fragment & 0x2000 != 0,
            payload: packet.get(header_len..total.min(packet.len()))?,
        })
    }

    /// It is a piece of a datagram.
    pub fn is_fragment(&self) -> bool {
        self.offset != 0 || self.more
    }

    /// The UDP datagram that begins in it.
    #[inline]
    pub fn udp(&self) -> Option<Udp<'a>> {
        if self.protocol != numbers::UDP || self.offset != 0 {
            return None;
        }
        Udp::read(self.payload)
    }

    /// The TCP segment that begins in it.
    pub fn tcp(&self) -> Option<Tcp<'a>> {
        if self.protocol != numbers::TCP || self.offset != 0 {
            return None;
        }
        let (head, _) = self.payload.split_first_chunk::<20>()?;
        let [a, b, c, d, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags, ..] = *head;
        Some(Tcp {
            src_port: u16::from_be_bytes([a, b]),
            dst_port: u16::from_be_bytes([c, d]),
            seq: u32::from_be_bytes([s0, s1, s2, s3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags,
            payload: self.payload.get(usize::from(offset >> 4) << 2..)?,
        })
    }

    /// The ICMP message that begins in it.
    #[inline]
    pub fn icmp(&self) -> Option<Icmp<'a>> {
        let (&[kind, code, _, _], body) = self.payload.split_first_chunk::<4>()?;
        (self.protocol == numbers::ICMP && self.offset == 0).then_some(Icmp { kind, code, body })
    }
}

/// An IPv6 packet without extension headers; one that has any is not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6<'a> {
    /// What `payload` is.
    pub next: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// Source.
    pub src: Ipv6Addr,
    /// Destination.
    pub dst: Ipv6Addr,
    /// What stands behind the header, as far as it is there.
    pub payload: &'a [u8],
}

impl<'a> Ipv6<'a> {
    /// Reads a packet.
    #[inline]
    pub fn read(packet: &'a [u8]) -> Option<Self> {
        let (&[version, _, _, _, high, low, next, hop_limit], rest) = packet.split_first_chunk()?;
        let (src, rest) = rest.split_first_chunk::<16>()?;
        let (dst, body) = rest.split_first_chunk::<16>()?;
        if version >> 4 != 6 {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let payload = body.get(..length).unwrap_or(body);
        Some(Self { next, hop_limit, src: (*src).into(), dst: (*dst).into(), payload })
    }

    /// The UDP datagram in it.
    #[inline]
    pub fn udp(&self) -> Option<Udp<'a>> {
        if self.next == numbers::UDP { Udp::read(self.payload) } else { None }
    }

    /// The ICMPv6 message in it, its type first.
    #[inline]
    pub fn icmpv6(&self) -> Option<&'a [u8]> {
        (self.next == numbers::ICMPV6).then_some(self.payload)
    }
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'a> {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Its payload, as far as it is there.
    pub payload: &'a [u8],
    /// How long its payload is.
    pub promised: usize,
}

impl<'a> Udp<'a> {
    #[inline]
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, body) = bytes.split_first_chunk::<8>()?;
        let promised = usize::from(u16::from_be_bytes([head[4], head[5]])).checked_sub(8)?;
        Some(Self {
            src_port: u16::from_be_bytes([head[0], head[1]]),
            dst_port: u16::from_be_bytes([head[2], head[3]]),
            payload: body.get(..promised).unwrap_or(body),
            promised,
        })
    }
}

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp<'a> {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Flags.
    pub flags: u8,
    /// What stands behind the header, as far as it is there.
    pub payload: &'a [u8],
}

/// An ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icmp<'a> {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// What stands behind the checksum.
    pub body: &'a [u8],
}

/// What a frame without a DHCP message can tell a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// ARP for IPv4 over Ethernet.
    Arp(Arp),
    /// An ICMP echo request.
    Echo {
        /// Who sent the frame.
        mac: Mac,
        /// Who asks.
        from: Ipv4Addr,
        /// Who is asked.
        to: Ipv4Addr,
    },
    /// ICMP says that a UDP datagram did not arrive.
    Unreachable {
        /// Who says so.
        from: Ipv4Addr,
        /// Why (RFC 792): 1 host, 3 port, …
        code: u8,
        /// Where the datagram was going.
        to: Ipv4Addr,
        /// Its destination port.
        port: u16,
    },
}

impl Aside {
    /// Reads a frame of `vlans`; what was said on others is not said here.
    pub fn on(link: LinkType, frame: &[u8], vlans: &[u16]) -> Option<Self> {
        if link != LinkType::ETHERNET {
            return None;
        }
        let ethernet = Ethernet::read(frame).filter(|ethernet| ethernet.is_on(vlans))?;
        if let Some(arp) = ethernet.arp() {
            return Some(Self::Arp(arp));
        }
        let ip = ethernet.ipv4()?;
        let message = ip.icmp()?;
        match message.kind {
            icmp::ECHO => Some(Self::Echo { mac: ethernet.src, from: ip.src, to: ip.dst }),
            icmp::UNREACHABLE => {
                let quoted = Ipv4::read(message.body.get(4..)?)?;
                let port = be16(quoted.payload, 2)?;
                (quoted.protocol == numbers::UDP && quoted.offset == 0).then_some(Self::Unreachable {
                    from: ip.src,
                    code: message.code,
                    to: quoted.dst,
                    port,
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{self, Envelope, arp_frame};
    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn ip(last: u8) -> Ipv4Addr {
        [10, 0, 0, last].into()
    }

    fn icmp_frame(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        let ethernet = build::EthernetHeader { dst: Mac::BROADCAST, src: MAC, tags: &[] };
        ethernet.icmp(&mut frame, &build::Ipv4Header::new(ip(1), ip(50)), kind, body);
        frame
    }

    #[test]
    fn an_echo_is_seen() {
        let seen = Aside::on(LinkType::ETHERNET, &icmp_frame(8, &[0; 4]), &[]);
        assert_eq!(seen, Some(Aside::Echo { mac: MAC, from: ip(1), to: ip(50) }));
        assert_eq!(Aside::on(LinkType::ETHERNET, &icmp_frame(0, &[0; 4]), &[]), None);
    }

    #[test]
    fn a_refusal_is_seen_with_what_it_refuses() {
        let mut envelope = Envelope::broadcast(Mac([2; 6]));
        envelope.dst_ip = ip(7);
        let mut frame = icmp_frame(3, &[&[0; 4], &envelope.frame(&[0; 300])[14..42]].concat());
        frame[35] = 3;
        let seen = Aside::on(LinkType::ETHERNET, &frame, &[]);
        assert_eq!(seen, Some(Aside::Unreachable { from: ip(1), code: 3, to: ip(7), port: 67 }));
        for len in 0..frame.len() {
            let _ = Aside::on(LinkType::ETHERNET, &frame[..len], &[]);
        }
    }

    #[test]
    fn arp_is_seen_through_tags() {
        let arp = Arp::request(Mac([2; 6]), ip(1), ip(2));
        let frame = arp_frame(&arp, Mac([2; 6]), Mac::BROADCAST, &[5, 6]);
        assert_eq!(Aside::on(LinkType::ETHERNET, &frame, &[5, 6]), Some(Aside::Arp(arp)));
        assert_eq!(Aside::on(LinkType::LINUX_SLL, &frame, &[5, 6]), None);
        for (vlans, heard) in [
            (&[5, 6][..], true),
            (&[0x6005, 0, 6], true),
            (&[], false),
            (&[5], false),
            (&[6, 5], false),
            (&[5, 6, 7], false),
        ] {
            assert_eq!(Aside::on(LinkType::ETHERNET, &frame, vlans).is_some(), heard, "{vlans:?}");
        }
        let ethernet = Ethernet::read(&frame).unwrap();
        assert_eq!((ethernet.tags, ethernet.src), (&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6][..], Mac([2; 6])));
    }

    #[test]
    fn an_ipv6_packet_is_read_as_far_as_it_is_there() {
        let ethernet = build::EthernetHeader { dst: Mac::BROADCAST, src: MAC, tags: &[0x81, 0, 0, 5] };
        let (src, dst) = ("fe80::1".parse().unwrap(), "ff02::1:2".parse().unwrap());
        let ip = build::Ipv6Header { src, dst, hop_limit: 1 };
        let mut frame = vec![9; 3];
        let span = ethernet.udp6(&mut frame, &ip, (546, 547), |out| out.extend([7; 10]));
        let frame = &frame[span];
        for len in 0..=frame.len() {
            let ip = Ethernet::read(&frame[..len]).and_then(|frame| frame.ipv6());
            assert_eq!(ip.is_some(), len >= 58, "{len}");
            let udp = ip.and_then(|ip| ip.udp());
            assert_eq!(udp.is_some(), len >= 66, "{len}");
            if let (Some(ip), Some(udp)) = (ip, udp) {
                assert_eq!((ip.src, ip.dst, ip.hop_limit, ip.icmpv6()), (src, dst, 1, None));
                assert_eq!(
                    (udp.src_port, udp.dst_port, udp.promised, udp.payload.len()),
                    (546, 547, 10, len - 66)
                );
            }
        }
    }

    #[test]
    fn a_datagram_is_read_as_far_as_it_is_there() {
        let frame = Envelope::broadcast(MAC).frame(&[7; 100]);
        for len in 0..frame.len() {
            let udp = Ethernet::read(&frame[..len]).and_then(|frame| frame.ipv4()).and_then(|ip| ip.udp());
            assert_eq!(udp.is_some(), len >= 42, "{len}");
            if let Some(udp) = udp {
                assert_eq!((udp.src_port, udp.dst_port, udp.promised), (68, 67, 100));
                assert_eq!(udp.payload.len(), len - 42);
            }
        }
        let mut fragment = frame;
        fragment[21] = 1;
        let ip = Ethernet::read(&fragment).unwrap().ipv4().unwrap();
        assert!(ip.is_fragment() && ip.udp().is_none());
    }
}
