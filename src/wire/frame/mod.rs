//! From a captured frame to the DHCP message in it: one lax walk through every layer that may stand before it.
//!
//! [`Walker`] follows a frame from its [`LinkType`] to UDP and hands out a [`Datagram`] for each payload on a DHCP
//! port, and for each router solicitation and advertisement. Contract:
//!
//! - Nothing panics and nothing is trusted: a length from the wire narrows what is looked at, never widens it.
//! - A frame costs a bounded number of steps ([`MAX_LAYERS`]); only IP fragments are copied, into bounded memory.
//! - The captured bytes and the length a frame had on the wire are carried through every layer together, so that "cut
//!   by the capture" and "a header lies" stay apart.
//! - It decides "UDP payload on a DHCP port" or "ICMPv6 message of such a type" and nothing about the message itself.

use std::net::IpAddr;

mod bytes;
mod filter;
mod fragments;
mod ip;
mod link;
mod plain;
mod ports;
mod tunnel;
mod udp;
mod walk;
mod wlan;

pub use filter::capture_filter;
pub use ports::Ports;
pub use walk::{Joined, Walked, Walker};

use super::addr::HwAddr;

/// A link type as captures number them (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: address family in the byte order of the machine, then IP.
    pub const NULL: Self = Self(0);
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IEEE 802.5 token ring.
    pub const TOKEN_RING: Self = Self(6);
    /// SLIP, behind sixteen bytes of direction and compression.
    pub const SLIP: Self = Self(8);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// PPP, with or without its HDLC framing.
    pub const PPP: Self = Self(9);
    /// IP without any link layer, as numbered by most systems inside the program.
    pub const DLT_RAW: Self = Self(12);
    /// IP without any link layer, as numbered by OpenBSD inside the program.
    pub const DLT_RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing, or Cisco HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// `PPPoE`, from its own header on.
    pub const PPP_ETHER: Self = Self(51);
    /// RFC 1483 LLC-encapsulated ATM.
    pub const ATM_RFC1483: Self = Self(100);
    /// IP without any link layer.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// Frame Relay.
    pub const FRELAY: Self = Self(107);
    /// OpenBSD loopback: address family in network byte order, then IP.
    pub const LOOP: Self = Self(108);
    /// OpenBSD `enc`: packets taken out of `IPsec`.
    pub const ENC: Self = Self(109);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// OpenBSD packet filter log.
    pub const PFLOG: Self = Self(117);
    /// IEEE 802.11 behind a Prism header.
    pub const IEEE802_11_PRISM: Self = Self(119);
    /// IEEE 802.11 behind a radiotap header.
    pub const IEEE802_11_RADIOTAP: Self = Self(127);
    /// IP over IEEE 1394, as Apple captures it.
    pub const IP_OVER_1394: Self = Self(138);
    /// IEEE 802.11 behind an AVS header.
    pub const IEEE802_11_AVS: Self = Self(163);
    /// PPP as `pppd` logs it: a direction byte stands where HDLC has its address.
    pub const PPP_PPPD: Self = Self(166);
    /// Per-packet information, then a frame of the link type it names.
    pub const PPI: Self = Self(192);
    /// PPP behind a direction byte.
    pub const PPP_WITH_DIR: Self = Self(204);
    /// Cisco HDLC behind a direction byte.
    pub const C_HDLC_WITH_DIR: Self = Self(205);
    /// Frame Relay behind a direction byte.
    pub const FRELAY_WITH_DIR: Self = Self(206);
    /// IPv4 without any link layer.
    pub const IPV4: Self = Self(228);
    /// IPv6 without any link layer.
    pub const IPV6: Self = Self(229);
    /// Linux netfilter log.
    pub const NFLOG: Self = Self(239);
    /// Ethernet behind the four bytes of a netANALYZER.
    pub const NETANALYZER: Self = Self(240);
    /// Ethernet with preamble behind the four bytes of a netANALYZER.
    pub const NETANALYZER_TRANSPARENT: Self = Self(241);
    /// Apple `pktap`, then a frame of the link type it names.
    pub const PKTAP: Self = Self(258);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

macro_rules! layers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A protocol layer that was walked through on the way to the message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Layer { $($(#[$doc])* $variant,)* }

        impl Layer {
            /// The name used in text and JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

layers! {
    /// Ethernet II or IEEE 802.3.
    Ethernet = "ethernet",
    /// IEEE 802.1Q or 802.1ad tag.
    Vlan = "vlan",
    /// IPv4.
    Ipv4 = "ipv4",
    /// IPv6.
    Ipv6 = "ipv6",
    /// UDP.
    Udp = "udp",
    /// An ICMP error that quotes what it complains about.
    Icmp = "icmp",
    /// ICMPv6: an error that quotes what it complains about, or the message itself.
    Icmpv6 = "icmpv6",
    /// IEEE 802.2 logical link control, SNAP included.
    Llc = "llc",
    /// Linux cooked capture, version 1.
    Sll = "sll",
    /// Linux cooked capture, version 2.
    Sll2 = "sll2",
    /// BSD loopback, either byte order.
    Null = "null",
    /// PPP.
    Ppp = "ppp",
    /// A `PPPoE` session (RFC 2516).
    Pppoe = "pppoe",
    /// Cisco HDLC.
    Chdlc = "chdlc",
    /// Frame Relay (RFC 2427).
    FrameRelay = "frame-relay",
    /// OpenBSD packet filter log.
    Pflog = "pflog",
    /// OpenBSD `enc`.
    Enc = "enc",
    /// IEEE 802.5 token ring.
    TokenRing = "token-ring",
    /// FDDI.
    Fddi = "fddi",
    /// IEEE 1394.
    Firewire = "ieee1394",
    /// Linux netfilter log.
    Nflog = "nflog",
    /// IEEE 802.11.
    Wlan = "wlan",
    /// Radiotap header of an IEEE 802.11 frame.
    Radiotap = "radiotap",
    /// Prism header of an IEEE 802.11 frame.
    Prism = "prism",
    /// AVS header of an IEEE 802.11 frame.
    Avs = "avs",
    /// Per-packet information.
    Ppi = "ppi",
    /// Apple `pktap`.
    Pktap = "pktap",
    /// One MPLS label (RFC 3032).
    Mpls = "mpls",
    /// The control word of an Ethernet pseudo-wire (RFC 4448).
    PseudoWire = "pseudo-wire",
    /// A tag of a switch or ring: VN-tag, E-tag, HSR, R-tag, Cisco metadata, Cisco inter-switch link.
    Tag = "tag",
    /// IEEE 802.1ah provider backbone bridging.
    Pbb = "pbb",
    /// IEEE 802.1AE without encryption.
    Macsec = "macsec",
    /// TRILL (RFC 6325).
    Trill = "trill",
    /// Network service header (RFC 8300).
    Nsh = "nsh",
    /// IP authentication header (RFC 4302).
    Ah = "ah",
    /// GRE (RFC 2784, 2890, 2637).
    Gre = "gre",
    /// ERSPAN, types I to III.
    Erspan = "erspan",
    /// `EtherIP` (RFC 3378).
    EtherIp = "etherip",
    /// VXLAN (RFC 7348) and its generic protocol extension.
    Vxlan = "vxlan",
    /// Geneve (RFC 8926).
    Geneve = "geneve",
    /// CAPWAP data (RFC 5415).
    Capwap = "capwap",
    /// LWAPP data (RFC 5412).
    Lwapp = "lwapp",
    /// L2TP version 2 (RFC 2661) or 3 (RFC 3931).
    L2tp = "l2tp",
    /// Teredo (RFC 4380).
    Teredo = "teredo",
    /// GTP user plane (3GPP TS 29.281).
    Gtp = "gtp",
    /// LISP data (RFC 9300).
    Lisp = "lisp",
    /// `TaZmen` sniffer protocol.
    Tzsp = "tzsp",
    /// A header sampled by sFlow version 5.
    Sflow = "sflow",
}

/// The most layers that one frame is followed through.
pub const MAX_LAYERS: usize = 24;

/// The layers of one frame, outermost first; bounded, no allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    len: u8,
    items: [Option<Layer>; MAX_LAYERS],
}

impl Layers {
    /// Adds the next inner layer; false when there is no more room.
    pub fn push(&mut self, layer: Layer) -> bool {
        let Some(slot) = self.items.get_mut(usize::from(self.len)) else { return false };
        *slot = Some(layer);
        self.len = self.len.saturating_add(1);
        true
    }

    /// The layers, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = Layer> + '_ {
        self.items.iter().map_while(|layer| *layer)
    }
}

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

/// The VLAN identifiers (12 bits) of a frame, outermost first; at most eight are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vlans {
    len: u8,
    ids: [u16; 8],
}

impl Vlans {
    /// Adds the next inner tag's identifier.
    pub fn push(&mut self, id: u16) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.len)) {
            *slot = id;
            self.len = self.len.saturating_add(1);
        }
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
    /// The innermost link layer.
    pub link: Option<Link>,
    /// VLAN tags of the innermost link layer.
    pub vlans: Vlans,
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

impl<'a> Datagram<'a> {
    /// A DHCPv4 message with nothing known around it.
    pub fn bare(payload: &'a [u8]) -> Self {
        Self {
            protocol: Protocol::Dhcpv4,
            layers: Layers::default(),
            quoted: false,
            link: None,
            vlans: Vlans::default(),
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
