//! What a walk carries from layer to layer: what comes next, and what is known so far.

use super::bytes::Bytes;
use super::fragments::Piece;
use super::{Complaint, Datagram, Direction, Ip, Layer, Layers, Link, LinkType, Protocol, Unread, Vlans};

/// What became of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Walked {
    /// It was followed as far as it goes.
    #[default]
    Done,
    /// It is an IP fragment, kept until the rest of its datagram comes.
    Kept,
    /// It is an IP fragment, and this walker does not reassemble: nothing was handed out, a walker that does has to see
    /// the frame.
    NeedsReassembly,
    /// Something stands there that is not looked into, so that nothing can be said about what it holds.
    Unread(Unread),
    /// Layers are nested deeper than [`MAX_LAYERS`](super::MAX_LAYERS); what lies below was not looked at.
    TooDeep,
}

/// What the bytes at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Link(LinkType),
    Ethernet,
    EtherType(u16),
    Llc,
    Ppp,
    Mpls,
    Wlan { swapped: bool },
    Ip,
    Transport(u8),
    Fragment(Piece),
    Message(Protocol),
    Docsis,
    Lowpan,
    Concatenated,
    OpenFlow,
    Subframes,
    Samples,
}

/// What is known so far about the way to the message.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says something of its own, and all combinations occur"
)]
pub(super) struct Context {
    pub(super) layers: Layers,
    pub(super) link: Option<Link>,
    pub(super) vlans: Vlans,
    pub(super) direction: Option<Direction>,
    pub(super) interface_index: Option<u32>,
    pub(super) ip: Option<Ip>,
    /// Inside an ICMP error.
    pub(super) quoted: bool,
    /// What that error says, of ICMP.
    pub(super) complaint: Option<Complaint>,
    /// Fragments are not to be waited for.
    pub(super) alone: bool,
    /// Some fragments of the datagram overlapped.
    pub(super) overlapped: bool,
    /// The IP header routes by way of other addresses, so its destination may not be the last.
    pub(super) rerouted: bool,
    /// Part of an address was agreed elsewhere and is not in the frame, so no checksum over it can be judged.
    pub(super) guessed: bool,
    pub(super) time_ns: i64,
    pub(super) too_deep: bool,
    /// Where the way ended because what follows is not looked into.
    pub(super) unread: Option<Unread>,
}

impl Context {
    /// Notes a layer; none when there are too many.
    pub(super) fn push(&mut self, layer: Layer) -> Option<()> {
        if self.layers.push(layer) {
            return Some(());
        }
        self.too_deep = true;
        None
    }

    /// Notes a link layer: what was known about an outer one is over.
    pub(super) fn push_link(&mut self, link: Link) -> Option<()> {
        self.push(link.layer)?;
        self.link = Some(link);
        self.vlans = Vlans::default();
        Some(())
    }

    /// A message, `bytes`, behind what was walked through; what is known of its transport is still to be said.
    pub(super) fn datagram<'a>(&self, protocol: Protocol, bytes: Bytes<'a>) -> Datagram<'a> {
        Datagram {
            protocol,
            layers: self.layers,
            quoted: self.quoted,
            complaint: self.complaint,
            link: self.link,
            vlans: self.vlans,
            direction: self.direction,
            interface_index: self.interface_index,
            ip: self.ip,
            promised: bytes.len,
            cut: bytes.have.len() < bytes.len,
            overlapped: self.overlapped,
            ..Datagram::bare(bytes.have)
        }
    }

    pub(super) fn done(&self) -> Walked {
        match self.unread {
            _ if self.too_deep => Walked::TooDeep,
            Some(unread) => Walked::Unread(unread),
            None => Walked::Done,
        }
    }
}
