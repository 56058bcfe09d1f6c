//! What is in a frame that came in, as far as an exchange of DHCPv4 cares.

use crate::time::{Instant, Timestamp};
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
    /// What a frame without one tells.
    Aside(Aside),
    /// Anything else.
    Other,
}

impl Content<'static> {
    /// What a frame that carries no DHCP message holds, for who is on `vlans`.
    pub fn aside(link: LinkType, frame: &[u8], vlans: &[u16]) -> Self {
        Aside::on(link, frame, vlans).map_or(Self::Other, Self::Aside)
    }
}
