//! The numbers by which one header announces the next, each once.

/// `EtherType` of IPv4.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// `EtherType` of ARP.
pub const ETHERTYPE_ARP: u16 = 0x0806;
/// `EtherType` of an IEEE 802.1Q tag.
pub const ETHERTYPE_VLAN: u16 = 0x8100;
/// `EtherType` of an IEEE 802.1ad service tag, the outer one of two.
pub const ETHERTYPE_SERVICE_VLAN: u16 = 0x88a8;
/// `EtherType` that outer tags had before IEEE 802.1ad.
pub const ETHERTYPE_OLD_SERVICE_VLAN: u16 = 0x9100;
/// `EtherType` of IPv6.
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
/// `EtherType` of transparent Ethernet bridging (RFC 1701).
pub const ETHERTYPE_BRIDGED: u16 = 0x6558;

/// True for the `EtherType` of a VLAN tag, of a standard or of before there was one.
pub const fn is_vlan(ether_type: u16) -> bool {
    matches!(
        ether_type,
        ETHERTYPE_VLAN | ETHERTYPE_SERVICE_VLAN | ETHERTYPE_OLD_SERVICE_VLAN | 0x9200 | 0x9300
    )
}

/// IP protocol number of IPv6's hop-by-hop options.
pub const HOP_BY_HOP: u8 = 0;
/// IP protocol number of ICMP.
pub const ICMP: u8 = 1;
/// IP protocol number of IPv4 in IP.
pub const IP_IN_IP: u8 = 4;
/// IP protocol number of TCP.
pub const TCP: u8 = 6;
/// IP protocol number of UDP.
pub const UDP: u8 = 17;
/// IP protocol number of IPv6 in IP.
pub const IPV6_IN_IP: u8 = 41;
/// IP protocol number of IPv6's routing header.
pub const ROUTING: u8 = 43;
/// IP protocol number of IPv6's fragment header.
pub const FRAGMENT: u8 = 44;
/// IP protocol number of GRE.
pub const GRE: u8 = 47;
/// IP protocol number of the authentication header.
pub const AUTHENTICATION: u8 = 51;
/// IP protocol number of ICMPv6.
pub const ICMPV6: u8 = 58;
/// IP protocol number of IPv6's destination options.
pub const DESTINATION_OPTIONS: u8 = 60;
/// IP protocol number of IP-within-IP encapsulation.
pub const IPIP: u8 = 94;
/// IP protocol number of `EtherIP`.
pub const ETHER_IP: u8 = 97;
/// IP protocol number of L2TP version 3.
pub const L2TP: u8 = 115;
/// IP protocol number of IPv6's mobility header.
pub const MOBILITY: u8 = 135;
/// IP protocol number of MPLS in IP.
pub const MPLS_IN_IP: u8 = 137;
/// IP protocol number of the host identity protocol.
pub const HIP: u8 = 139;
/// IP protocol number of the shim6 protocol.
pub const SHIM6: u8 = 140;
/// IP protocol number of Ethernet in IP.
pub const ETHERNET: u8 = 143;

/// ICMP types (RFC 792).
pub mod icmp {
    /// Echo reply.
    pub const ECHO_REPLY: u8 = 0;
    /// Destination unreachable.
    pub const UNREACHABLE: u8 = 3;
    /// Echo request.
    pub const ECHO: u8 = 8;
}

/// ICMPv6 types (RFC 4443); those of neighbor discovery stand with its messages.
pub mod icmpv6 {
    /// Echo request.
    pub const ECHO: u8 = 128;
    /// Echo reply.
    pub const ECHO_REPLY: u8 = 129;
}

/// The names of differentiated services code points (RFC 2474, 2597, 3246, 5865, 8622).
const CODE_POINTS: [(u8, &str); 23] = [
    (0, "cs0"),
    (1, "le"),
    (8, "cs1"),
    (10, "af11"),
    (12, "af12"),
    (14, "af13"),
    (16, "cs2"),
    (18, "af21"),
    (20, "af22"),
    (22, "af23"),
    (24, "cs3"),
    (26, "af31"),
    (28, "af32"),
    (30, "af33"),
    (32, "cs4"),
    (34, "af41"),
    (36, "af42"),
    (38, "af43"),
    (40, "cs5"),
    (44, "voice-admit"),
    (46, "ef"),
    (48, "cs6"),
    (56, "cs7"),
];

/// The name of a differentiated services code point.
pub fn dscp_name(dscp: u8) -> Option<&'static str> {
    CODE_POINTS.iter().find(|(code, _)| *code == dscp).map(|(_, name)| *name)
}

/// The code point of this name.
pub fn dscp_by_name(name: &str) -> Option<u8> {
    CODE_POINTS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(code, _)| *code)
}
