//! The layers a walk can come through, and the list of those it did.

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
    /// TCP, where it carries frames.
    Tcp = "tcp",
    /// Frames between an OpenFlow switch and its controller.
    OpenFlow = "openflow",
    /// Cisco's `FabricPath`.
    FabricPath = "fabricpath",
    /// B.A.T.M.A.N. advanced.
    Batman = "batman-adv",
    /// DOCSIS.
    Docsis = "docsis",
    /// IP over InfiniBand (RFC 4391).
    Ipoib = "ipoib",
    /// IP over Fibre Channel (RFC 2625).
    FibreChannel = "fibre-channel",
    /// ARCNET (RFC 1201).
    Arcnet = "arcnet",
    /// ATM, behind the header of a capturing card.
    Atm = "atm",
    /// Endace's record header.
    Erf = "erf",
    /// The header of Juniper's routers.
    Juniper = "juniper",
    /// Tags of an exported protocol data unit.
    ExportedPdu = "exported-pdu",
    /// Solaris' packet hooks.
    Ipnet = "ipnet",
    /// AX.25, amateur packet radio.
    Ax25 = "ax25",
    /// Generic framing procedure (ITU-T G.7041).
    Gfp = "gfp",
    /// The header of Redback's routers.
    Redback = "redback",
    /// A trace of the packets inside VPP.
    Vpp = "vpp",
    /// `InfiniBand`.
    Infiniband = "infiniband",
    /// IEEE 802.15.4.
    Wpan = "ieee802154",
    /// IPv6 in IEEE 802.15.4 (RFC 4944, RFC 6282).
    Lowpan = "6lowpan",
    /// The Zigbee encapsulation protocol.
    Zep = "zep",
    /// Frames that a capturing access point sends to its analyser.
    PeekRemote = "peekremote",
    /// Generic UDP encapsulation.
    Gue = "gue",
    /// Anything in anything.
    Ayiya = "ayiya",
    /// Tunnelled packets of Mobile IP (RFC 3519).
    MobileIp = "mobile-ip",
}

/// The most layers that one frame is followed through.
pub const MAX_LAYERS: usize = 24;

/// The layers of one frame, outermost first; bounded, no allocation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers {
    len: u8,
    items: [Option<Layer>; MAX_LAYERS],
}

impl PartialEq for Layers {
    /// Without a look at the room behind the few that there are.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl Eq for Layers {}

impl Layers {
    /// Ethernet, IPv4, UDP: around nearly every message.
    pub(super) const PLAIN: Self = {
        let mut items = [None; MAX_LAYERS];
        [items[0], items[1], items[2]] = [Some(Layer::Ethernet), Some(Layer::Ipv4), Some(Layer::Udp)];
        Self { len: 3, items }
    };

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
