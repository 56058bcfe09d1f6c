//! From a captured frame to the DHCP message in it: one lax walk through every layer that may stand before it.

use std::net::IpAddr;

use super::addr::HwAddr;

/// A link type as captures number them (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);
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

/// How a UDP checksum turned out.
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
    /// How the checksum turned out.
    pub checksum: Checksum,
}

/// Which protocol a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// DHCPv4 or BOOTP.
    Dhcpv4,
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
    /// The UDP header.
    pub udp: Udp,
    /// The message, as far as it is there.
    pub payload: &'a [u8],
    /// How long the headers say the message is, in bytes.
    pub promised: usize,
    /// `payload` is shorter than `promised` because the capture kept too little (not because a header lies).
    pub cut: bool,
    /// The message was put together from IP fragments, some of which overlapped.
    pub overlapped: bool,
    /// For a bad checksum: found, wanted.
    pub checksum_values: (u16, u16),
}
