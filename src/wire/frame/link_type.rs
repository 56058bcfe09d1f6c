//! What a captured frame begins with.

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
