//! By what servers are told apart.

use std::net::Ipv4Addr;

use crate::wire::Mac;

/// Who a server is, as far as its frames say. On which interface it was heard is no part of that: a machine with two cards
/// on one network hears one server twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// VLAN tags of its frames, outermost first; a tag with number 0 carries a priority and is none.
    pub vlans: Vec<u16>,
    /// Source address of its packets.
    pub source_ip: Option<Ipv4Addr>,
    /// Source of its frames; the relay's for a server behind one.
    pub source_mac: Option<Mac>,
    /// `giaddr`, when not zero.
    pub relay: Option<Ipv4Addr>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
}

impl Key {
    /// The same sender, whatever it calls itself.
    pub(super) fn source(&self) -> Self {
        Self { server_id: None, ..self.clone() }
    }

    /// The answer came through a relay: it names one, and its sender is not the server that it names. A `giaddr` in what the
    /// server itself sends excuses nothing.
    pub fn is_relayed(&self) -> bool {
        self.relay.is_some() && (self.server_id.is_none() || self.source_ip != self.server_id)
    }

    /// The address that people know it by.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.server_id.or(self.source_ip)
    }
}
