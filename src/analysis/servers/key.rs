//! By what servers are told apart.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::wire::Mac;
use crate::wire::v6::types::Duid;

/// What a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Speaks {
    /// DHCPv4.
    #[default]
    Dhcpv4,
    /// DHCPv6.
    Dhcpv6,
    /// Router advertisements.
    Ra,
}

impl Speaks {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dhcpv4, Self::Dhcpv6, Self::Ra];

    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dhcpv4 => "dhcpv4",
            Self::Dhcpv6 => "dhcpv6",
            Self::Ra => "ra",
        }
    }

    /// All who speak it, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dhcpv4 => "DHCPv4 servers",
            Self::Dhcpv6 => "DHCPv6 servers",
            Self::Ra => "routers",
        }
    }

    /// The protocol of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speaks| speaks.name() == name)
    }
}

/// What a server calls itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServerId {
    /// DHCPv4's option 54.
    Ip(Ipv4Addr),
    /// DHCPv6's option 2.
    Duid(Duid),
}

impl ServerId {
    /// Of DHCPv4.
    pub fn ip(&self) -> Option<Ipv4Addr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Duid(_) => None,
        }
    }

    /// Of DHCPv6.
    pub fn duid(&self) -> Option<&Duid> {
        match self {
            Self::Ip(_) => None,
            Self::Duid(duid) => Some(duid),
        }
    }
}

impl From<Ipv4Addr> for ServerId {
    fn from(ip: Ipv4Addr) -> Self {
        Self::Ip(ip)
    }
}

impl From<[u8; 4]> for ServerId {
    fn from(ip: [u8; 4]) -> Self {
        Self::Ip(ip.into())
    }
}

impl From<Duid> for ServerId {
    fn from(duid: Duid) -> Self {
        Self::Duid(duid)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Duid(duid) => duid.fmt(f),
        }
    }
}

/// Who a server is, as far as its frames say. On which interface it was heard is no part of that: a machine with two cards
/// on one network hears one server twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What it speaks: a machine that speaks several counts once for each.
    pub speaks: Speaks,
    /// VLAN tags of its frames, outermost first; a tag with number 0 carries a priority and is none.
    pub vlans: Vec<u16>,
    /// Source address of its packets.
    pub source_ip: Option<IpAddr>,
    /// Source of its frames; the relay's for a server behind one.
    pub source_mac: Option<Mac>,
    /// `giaddr`, when not zero; of DHCPv6 the link-address of the relay next to the client, where the envelopes were seen.
    pub relay: Option<IpAddr>,
    /// What it calls itself.
    pub server_id: Option<ServerId>,
}

impl Key {
    /// The same sender, whatever it calls itself.
    pub(super) fn source(&self) -> Self {
        Self { server_id: None, ..self.clone() }
    }

    /// The server identifier of DHCPv4.
    pub fn named(&self) -> Option<Ipv4Addr> {
        self.server_id.as_ref().and_then(ServerId::ip)
    }

    /// The answer came through a relay: it names one, and its sender is not the server that it names. A `giaddr` in what the
    /// server itself sends excuses nothing.
    pub fn is_relayed(&self) -> bool {
        self.relay.is_some() && (self.server_id.is_none() || self.source_ip != self.named().map(Into::into))
    }

    /// The address that people know it by.
    pub fn address(&self) -> Option<IpAddr> {
        self.named().map(IpAddr::from).or(self.source_ip)
    }
}
