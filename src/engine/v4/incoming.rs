//! What is in a frame that came in, as far as an exchange of DHCPv4 cares.

use std::net::Ipv4Addr;

use crate::time::{Instant, Timestamp};
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::peek::Aside;
use crate::wire::frame::{Datagram, LinkType};

/// A frame that came in, and what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// When the kernel saw it.
    pub at: Instant,
    /// Its stamp.
    pub time: Timestamp,
    /// The whole frame.
    pub frame: &'a [u8],
    /// What is in it.
    pub content: Content<'a>,
}

/// What a frame holds, as far as an exchange cares.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A DHCP message.
    Dhcp(&'a Datagram<'a>),
    /// An ARP packet.
    Arp(Arp),
    /// An ICMP echo request.
    Echo {
        /// Whose Ethernet address sent it.
        mac: Mac,
        /// Who asks.
        from: Ipv4Addr,
        /// Who should answer.
        to: Ipv4Addr,
    },
    /// An ICMP error "destination unreachable" about a datagram to a DHCP port.
    Unreachable {
        /// Who complains.
        from: Ipv4Addr,
        /// The ICMP code; 3 is "port unreachable".
        code: u8,
        /// Where the datagram was going.
        to: Ipv4Addr,
        /// Its destination port.
        port: u16,
    },
    /// Anything else.
    Other,
}

impl Content<'static> {
    /// What a frame that carries no DHCP message holds.
    pub fn aside(link: LinkType, frame: &[u8]) -> Self {
        match Aside::read(link, frame) {
            Some(Aside::Arp(arp)) => Self::Arp(arp),
            Some(Aside::Echo { mac, from, to }) => Self::Echo { mac, from, to },
            Some(Aside::Unreachable { from, code, to, port }) => Self::Unreachable { from, code, to, port },
            None => Self::Other,
        }
    }
}
