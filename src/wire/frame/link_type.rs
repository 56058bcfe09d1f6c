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
    /// ARCNET, as BSD captures it.
    pub const ARCNET_BSD: Self = Self(7);
    /// SLIP behind the header of BSD/OS, as numbered by it.
    pub const DLT_SLIP_BSDOS: Self = Self(15);
    /// PPP behind the header of BSD/OS, as numbered by it.
    pub const DLT_PPP_BSDOS: Self = Self(16);
    /// Classical IP over ATM, as numbered by Linux inside the program.
    pub const DLT_ATM_CLIP: Self = Self(19);
    /// Symantec's firewall.
    pub const SYMANTEC_FIREWALL: Self = Self(99);
    /// SLIP behind the header of BSD/OS.
    pub const SLIP_BSDOS: Self = Self(102);
    /// PPP behind the header of BSD/OS.
    pub const PPP_BSDOS: Self = Self(103);
    /// Classical IP over ATM.
    pub const ATM_CLIP: Self = Self(106);
    /// IP over Fibre Channel (RFC 2625).
    pub const IP_OVER_FC: Self = Self(122);
    /// ATM behind Solaris' header.
    pub const SUNATM: Self = Self(123);
    /// `TaZmen` sniffer protocol.
    pub const TZSP: Self = Self(128);
    /// ARCNET, as Linux captures it.
    pub const ARCNET_LINUX: Self = Self(129);
    /// DOCSIS.
    pub const DOCSIS: Self = Self(143);
    /// Ethernet behind the header of Juniper's routers.
    pub const JUNIPER_ETHER: Self = Self(178);
    /// PPP behind the header of Juniper's routers.
    pub const JUNIPER_PPP: Self = Self(179);
    /// Frame Relay behind the header of Juniper's routers.
    pub const JUNIPER_FRELAY: Self = Self(180);
    /// Cisco HDLC behind the header of Juniper's routers.
    pub const JUNIPER_CHDLC: Self = Self(181);
    /// Endace's extensible record format, Ethernet alone.
    pub const ERF_ETH: Self = Self(175);
    /// Endace's extensible record format, packet over SONET alone.
    pub const ERF_POS: Self = Self(176);
    /// Endace's extensible record format.
    pub const ERF: Self = Self(197);
    /// MPLS.
    pub const MPLS: Self = Self(219);
    /// Solaris' packet hooks.
    pub const IPNET: Self = Self(226);
    /// IP over InfiniBand.
    pub const IPOIB: Self = Self(242);
    /// A protocol data unit exported by Wireshark.
    pub const EXPORTED_PDU: Self = Self(252);
    /// Ethernet behind the preamble of a passive optical network.
    pub const EPON: Self = Self(259);
    /// OpenFlow messages.
    pub const OPENFLOW: Self = Self(267);
    /// Ethernet with preamble and checksum (IEEE 802.3br).
    pub const ETHERNET_MPACKET: Self = Self(274);
    /// Elektrobit's high-speed capture and replay.
    pub const EBHSCR: Self = Self(279);
    /// Ethernet with a tag of Broadcom's switches behind its addresses.
    pub const DSA_TAG_BRCM: Self = Self(281);
    /// Ethernet with a tag of Broadcom's switches before it.
    pub const DSA_TAG_BRCM_PREPEND: Self = Self(282);
    /// Ethernet with a tag of Marvell's switches behind its addresses.
    pub const DSA_TAG_DSA: Self = Self(284);
    /// Ethernet with a tag of Marvell's switches behind its addresses, and an `EtherType` of its own.
    pub const DSA_TAG_EDSA: Self = Self(285);
    /// LLC-encapsulated ATM, as numbered inside the program.
    pub const DLT_ATM_RFC1483: Self = Self(11);
    /// Packets taken out of `IPsec`, as numbered by OpenBSD inside the program.
    pub const DLT_ENC: Self = Self(13);
    /// Classical IP over ATM, as numbered by other systems inside the program.
    pub const DLT_ATM_CLIP_OTHER: Self = Self(18);
    /// Redback's routers.
    pub const DLT_REDBACK: Self = Self(32);
    /// Cisco HDLC, as numbered by other systems inside the program.
    pub const DLT_C_HDLC_OTHER: Self = Self(112);
    /// AX.25, amateur packet radio.
    pub const AX25: Self = Self(3);
    /// Multilink PPP behind the header of Juniper's routers, as those that follow.
    pub const JUNIPER_MLPPP: Self = Self(130);
    /// Multilink Frame Relay.
    pub const JUNIPER_MLFR: Self = Self(131);
    /// Encryption services.
    pub const JUNIPER_ES: Self = Self(132);
    /// A gateway of mobile networks.
    pub const JUNIPER_GGSN: Self = Self(133);
    /// Multilink Frame Relay between networks.
    pub const JUNIPER_MFR: Self = Self(134);
    /// ATM, second generation of cards.
    pub const JUNIPER_ATM2: Self = Self(135);
    /// Services.
    pub const JUNIPER_SERVICES: Self = Self(136);
    /// ATM, first generation of cards.
    pub const JUNIPER_ATM1: Self = Self(137);
    /// Monitoring.
    pub const JUNIPER_MONITOR: Self = Self(164);
    /// Ethernet that carries `PPPoE`.
    pub const JUNIPER_PPPOE: Self = Self(167);
    /// `PPPoE` over ATM.
    pub const JUNIPER_PPPOE_ATM: Self = Self(168);
    /// Between cards.
    pub const JUNIPER_PIC_PEER: Self = Self(174);
    /// Voice.
    pub const JUNIPER_VOICE: Self = Self(183);
    /// Integrated services.
    pub const JUNIPER_ISM: Self = Self(194);
    /// A secure tunnel.
    pub const JUNIPER_SECURE_TUNNEL: Self = Self(200);
    /// A virtual server.
    pub const JUNIPER_VS: Self = Self(232);
    /// Between the ends of a cluster.
    pub const JUNIPER_SRX: Self = Self(233);
    /// Fibre Channel.
    pub const JUNIPER_FIBRE_CHANNEL: Self = Self(234);
    /// ATM with circuit emulation.
    pub const JUNIPER_ATM_CEMIC: Self = Self(238);
    /// Generic framing procedure, transparent.
    pub const GFP_T: Self = Self(170);
    /// Generic framing procedure, frame by frame.
    pub const GFP_F: Self = Self(171);
    /// Multilink Frame Relay (FRF.16).
    pub const MFR: Self = Self(182);
    /// IEEE 802.15.4 with its checksum.
    pub const WPAN: Self = Self(195);
    /// AX.25 behind the byte of a terminal node controller.
    pub const AX25_KISS: Self = Self(202);
    /// IEEE 802.15.4 behind its preamble.
    pub const WPAN_NONASK: Self = Self(215);
    /// Fibre Channel FC-2.
    pub const FC_2: Self = Self(224);
    /// Fibre Channel FC-2 between its delimiters.
    pub const FC_2_WITH_DELIMITERS: Self = Self(225);
    /// IEEE 802.15.4 without its checksum.
    pub const WPAN_NO_FCS: Self = Self(230);
    /// `InfiniBand`.
    pub const INFINIBAND: Self = Self(247);
    /// DOCSIS 3.1 behind the header of a sniffer.
    pub const DOCSIS31_XRA31: Self = Self(273);
    /// A trace of the packets inside VPP.
    pub const VPP_DISPATCH: Self = Self(280);
    /// IEEE 802.15.4 behind the elements of a capturing card.
    pub const WPAN_TAP: Self = Self(283);
}

impl LinkType {
    /// Number and, where it is known, name: `143 (DOCSIS)`.
    pub(super) fn described(self) -> String {
        match NAMES.binary_search_by_key(&self.0, |(number, _)| *number).ok().and_then(|at| NAMES.get(at)) {
            Some((number, name)) => format!("{number} ({name})"),
            None => self.0.to_string(),
        }
    }
}

/// What is known of the link types that carry no IP, or are not followed; ascending.
const NAMES: &[(u32, &str)] = &[
    (2, "experimental Ethernet"),
    (4, "ProNET"),
    (5, "Chaosnet"),
    (114, "LocalTalk"),
    (116, "IP Filter"),
    (118, "Cisco IOS"),
    (120, "Aironet"),
    (121, "HHDLC"),
    (124, "RapidIO"),
    (125, "PCI Express"),
    (126, "Aurora"),
    (139, "MTP2 with pseudo-header"),
    (140, "MTP2"),
    (141, "MTP3"),
    (142, "SCCP"),
    (144, "Linux IrDA"),
    (145, "IBM SP switch"),
    (146, "IBM Next Federation switch"),
    (147, "private use"),
    (148, "private use"),
    (149, "private use"),
    (150, "private use"),
    (151, "private use"),
    (152, "private use"),
    (153, "private use"),
    (154, "private use"),
    (155, "private use"),
    (156, "private use"),
    (157, "private use"),
    (158, "private use"),
    (159, "private use"),
    (160, "private use"),
    (161, "private use"),
    (162, "private use"),
    (165, "BACnet MS/TP"),
    (169, "GPRS LLC"),
    (172, "Gcom T1/E1"),
    (173, "Gcom serial"),
    (174, "Juniper PIC peer"),
    (177, "Linux LAPD"),
    (184, "A429"),
    (185, "A653"),
    (186, "USB, FreeBSD"),
    (187, "Bluetooth HCI H4"),
    (188, "IEEE 802.16"),
    (189, "USB, Linux"),
    (190, "CAN 2.0B"),
    (191, "IEEE 802.15.4, Linux"),
    (193, "IEEE 802.16 with radio header"),
    (194, "Juniper ISM"),
    (196, "SITA"),
    (198, "RAIF1"),
    (199, "IPMB"),
    (201, "Bluetooth HCI H4 with direction"),
    (203, "LAPD"),
    (207, "LAPB"),
    (209, "IPMB, Linux"),
    (210, "FlexRay"),
    (211, "MOST"),
    (212, "LIN"),
    (213, "X2E serial"),
    (214, "X2E Xoraya"),
    (216, "Linux evdev"),
    (217, "GSM Um"),
    (218, "GSM Abis"),
    (220, "USB, Linux, padded"),
    (221, "DECT"),
    (222, "AOS"),
    (223, "WirelessHART"),
    (227, "CAN, SocketCAN"),
    (231, "D-Bus"),
    (232, "Juniper VS"),
    (233, "Juniper SRX"),
    (234, "Juniper Fibre Channel"),
    (235, "DVB-CI"),
    (236, "MUX27010"),
    (237, "STANAG 5066"),
    (238, "Juniper ATM CEMIC"),
    (243, "MPEG-2 TS"),
    (244, "ng40"),
    (245, "NFC LLCP"),
    (246, "pfsync"),
    (248, "SCTP"),
    (249, "USBPcap"),
    (250, "RTAC serial"),
    (251, "Bluetooth Low Energy"),
    (253, "Linux netlink"),
    (254, "Bluetooth, Linux monitor"),
    (255, "Bluetooth BR/EDR baseband"),
    (256, "Bluetooth Low Energy with radio header"),
    (257, "PROFIBUS"),
    (260, "IPMI trace"),
    (261, "Z-Wave R1 and R2"),
    (262, "Z-Wave R3"),
    (263, "WattStopper DLM"),
    (264, "ISO 14443"),
    (265, "RDS"),
    (266, "USB, Darwin"),
    (268, "SDLC"),
    (269, "TI LLN sniffer"),
    (270, "LoRaTap"),
    (271, "vsock"),
    (272, "Nordic BLE"),
    (275, "DisplayPort AUX"),
    (277, "SERCOS monitor"),
    (278, "OpenVizsla"),
    (286, "ELEE"),
    (287, "Z-Wave serial"),
    (288, "USB 2.0"),
    (289, "ATSC ALP"),
    (290, "ETW"),
    (291, "netANALYZER NG"),
    (292, "ZBOSS NCP"),
    (293, "USB 2.0, low speed"),
    (294, "USB 2.0, full speed"),
    (295, "USB 2.0, high speed"),
    (296, "Auerswald log"),
    (297, "Z-Wave TAP"),
    (298, "Silicon Labs debug channel"),
    (299, "FiRa UCI"),
    (300, "MDB"),
    (301, "DECT NR"),
];
