//! A message that was found in a frame, and what stood around it.

use std::net::{IpAddr, Ipv4Addr};

use super::layers::{Layer, Layers};
use crate::wire::addr::HwAddr;
use crate::wire::problem::{Code, Problem};

/// How the checksum of UDP or ICMPv6 turned out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// It fits.
    Good,
    /// It does not fit.
    Bad,
    /// The sender gave none (zero).
    Absent,
    /// It cannot be judged: the frame is cut, or it was left to the network card.
    #[default]
    Unknown,
}

impl Checksum {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }
}

/// The innermost link layer around the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which one.
    pub layer: Layer,
    /// The sender's address, where the layer has one.
    pub src: Option<HwAddr>,
    /// The receiver's address, where the layer has one.
    pub dst: Option<HwAddr>,
}

/// The VLAN tags of a frame, outermost first; at most eight are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vlans {
    len: u8,
    /// Identifiers, of 12 bits.
    ids: [u16; 8],
    /// The four bits before each: priority and drop-eligible.
    bits: [u8; 8],
}

impl Vlans {
    /// Adds the control information of the next inner tag: priority, drop-eligible, identifier (IEEE 802.1Q §9.6).
    pub fn push(&mut self, control: u16) {
        let at = usize::from(self.len);
        if let (Some(id), Some(bits)) = (self.ids.get_mut(at), self.bits.get_mut(at)) {
            *id = control & 0x0fff;
            *bits = control.to_be_bytes()[0] >> 4;
            self.len = self.len.saturating_add(1);
        }
    }

    /// The priorities (0–7), outermost first.
    pub fn priorities(&self) -> impl Iterator<Item = u8> + '_ {
        self.bits.iter().take(self.len.into()).map(|bits| bits >> 1)
    }

    /// Which tags say that the frame may be dropped first, outermost first.
    pub fn drop_eligible(&self) -> impl Iterator<Item = bool> + '_ {
        self.bits.iter().take(self.len.into()).map(|bits| bits & 1 == 1)
    }

    /// The identifiers, outermost first.
    pub fn as_slice(&self) -> &[u16] {
        self.ids.get(..usize::from(self.len)).unwrap_or(&self.ids)
    }
}

/// The innermost IP header around the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Type of service, or traffic class.
    pub tos: u8,
    /// Identification; IPv4 only.
    pub id: Option<u16>,
    /// It must not be cut into pieces on its way; IPv4 only.
    pub dont_fragment: Option<bool>,
    /// A fragment header stood behind it, also that of a fragment which is the whole datagram (RFC 6946); IPv6 only.
    pub fragmented: bool,
}

impl Ip {
    /// A header of which no more is known.
    pub fn new(src: IpAddr, dst: IpAddr) -> Self {
        Self { src, dst, ttl: 0, tos: 0, id: None, dont_fragment: None, fragmented: false }
    }

    /// The differentiated services code point (RFC 2474), 0–63.
    pub fn dscp(&self) -> u8 {
        self.tos >> 2
    }

    /// Explicit congestion notification (RFC 3168), 0–3.
    pub fn ecn(&self) -> u8 {
        self.tos & 3
    }
}

/// Which way a frame went past the machine that captured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It arrived.
    In,
    /// The machine sent it.
    Out,
}

impl Direction {
    /// The name used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// The UDP header around the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Udp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
}

/// Which protocol a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// DHCPv4 or BOOTP.
    Dhcpv4,
    /// DHCPv6: the payload of UDP.
    Dhcpv6,
    /// A router solicitation or advertisement (RFC 4861 §4.1, §4.2): the payload is the whole ICMPv6 message, its type first.
    Icmpv6,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dhcpv4, Self::Dhcpv6, Self::Icmpv6];
}

/// A DHCP message found in a frame, with all that stood around it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Which protocol the payload is.
    pub protocol: Protocol,
    /// Every layer that was walked through, outermost first.
    pub layers: Layers,
    /// The message is only quoted, by an ICMP error.
    pub quoted: bool,
    /// What that error says, of ICMP.
    pub complaint: Option<Complaint>,
    /// The innermost link layer.
    pub link: Option<Link>,
    /// VLAN tags of the innermost link layer.
    pub vlans: Vlans,
    /// Which way the frame went, where its headers or its capture say so.
    pub direction: Option<Direction>,
    /// The number of the interface, where the frame's own header has one (Linux cooked capture, version 2).
    pub interface_index: Option<u32>,
    /// The innermost IP header.
    pub ip: Option<Ip>,
    /// The UDP header; none for ICMPv6.
    pub udp: Option<Udp>,
    /// How the checksum of UDP or ICMPv6 turned out.
    pub checksum: Checksum,
    /// The message, as far as it is there.
    pub payload: &'a [u8],
    /// How long the headers say the message is, in bytes.
    pub promised: usize,
    /// `payload` is shorter than `promised` because the capture kept too little (not because a header lies), or because
    /// an ICMP error quotes only the start.
    pub cut: bool,
    /// The message was put together from IP fragments, some of which overlapped (a fragment that merely came twice
    /// does not count).
    pub overlapped: bool,
    /// For a bad checksum: found, wanted.
    pub checksum_values: (u16, u16),
}

/// An ICMP error (RFC 792).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// Who sends it.
    pub source: Ipv4Addr,
}

impl<'a> Datagram<'a> {
    /// True when nothing is wrong with the layers around the message.
    #[inline]
    pub fn is_sound(&self) -> bool {
        self.checksum != Checksum::Bad && !self.overlapped && !self.is_fragmented_discovery()
    }

    #[inline]
    fn is_fragmented_discovery(&self) -> bool {
        self.protocol == Protocol::Icmpv6 && self.ip.is_some_and(|ip| ip.fragmented)
    }

    /// What is wrong with the layers around the message.
    pub fn problems(&self) -> impl Iterator<Item = Problem> + use<> {
        let (found, want) = self.checksum_values;
        let code = if self.protocol == Protocol::Icmpv6 { Code::IcmpChecksumBad } else { Code::ChecksumBad };
        let checksum =
            (self.checksum == Checksum::Bad).then(|| Problem::outer(code, [found.into(), want.into(), 0]));
        let overlap = self.overlapped.then(|| Problem::outer(Code::FragmentOverlap, [0; 3]));
        let fragmented = self.is_fragmented_discovery();
        let fragmented = fragmented.then(|| Problem::outer(Code::FragmentedDiscovery, [0; 3]));
        checksum.into_iter().chain(overlap).chain(fragmented)
    }

    /// A DHCPv4 message with nothing known around it.
    pub fn bare(payload: &'a [u8]) -> Self {
        Self {
            protocol: Protocol::Dhcpv4,
            layers: Layers::default(),
            quoted: false,
            complaint: None,
            link: None,
            vlans: Vlans::default(),
            direction: None,
            interface_index: None,
            ip: None,
            udp: None,
            checksum: Checksum::Unknown,
            payload,
            promised: payload.len(),
            cut: false,
            overlapped: false,
            checksum_values: (0, 0),
        }
    }
}
