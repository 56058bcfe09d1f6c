//! What frames mean to an exchange of DHCPv4.

use std::fmt;
use std::net::Ipv4Addr;

use super::watch::{CheckKind, Reason};
use crate::engine::machine::{Remark, Sense};
use crate::wire::Mac;
use crate::wire::v4::MessageType;

/// What a frame meant to the exchange; its `Display` is the comment that goes with the frame into a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A DHCP message we sent, for the n-th time.
    Sent(Option<MessageType>, u32),
    /// We asked who has an address.
    Asked(Ipv4Addr),
    /// We probed whether an address is in use.
    Probed(Ipv4Addr),
    /// We answered for an address we stand for.
    Answered(Ipv4Addr),
    /// An answer that counts.
    Accepted(Option<MessageType>),
    /// An answer that was there already.
    Repeated(Option<MessageType>),
    /// An answer of a server that was not chosen, for another was.
    NotChosen(Option<MessageType>),
    /// An answer that does not count.
    Ignored(Reason),
    /// An OFFER of a server that was not asked.
    NotAsked,
    /// A server asks whether an address is in use.
    ServerCheck(CheckKind, Ipv4Addr),
    /// Somebody told us a MAC we asked for.
    Resolved(Ipv4Addr, Mac),
    /// Somebody asks for an address we stand for.
    AskedForUs(Ipv4Addr),
    /// Somebody else uses the address.
    Conflict(Ipv4Addr, Mac),
    /// An ICMP error about a DHCP port.
    Unreachable(Ipv4Addr, u8),
    /// A part of a datagram that is not yet whole.
    Fragment,
    /// Nothing to do with the exchange.
    Unrelated,
}

impl Note {
    /// What it means, whatever the protocol.
    pub fn sense(&self) -> Sense {
        match self {
            Self::Sent(_, attempt) => Sense::Sent(*attempt),
            Self::Asked(_) | Self::Probed(_) | Self::Answered(_) => Sense::Sent(0),
            Self::Accepted(_) => Sense::Accepted,
            Self::Repeated(_) => Sense::Repeated,
            Self::Ignored(_) => Sense::Ignored,
            Self::NotAsked => Sense::NotAsked,
            Self::NotChosen(_)
            | Self::ServerCheck(..)
            | Self::Resolved(..)
            | Self::AskedForUs(_)
            | Self::Conflict(..) => Sense::Noticed,
            Self::Unreachable(..) => Sense::Refused,
            Self::Fragment => Sense::Fragment,
            Self::Unrelated => Sense::Unrelated,
        }
    }
}

impl From<&Note> for Remark {
    fn from(note: &Note) -> Self {
        match note {
            Note::Unrelated => Self::UNRELATED,
            Note::Fragment => Self::FRAGMENT,
            note => Self::new(note.sense(), note.to_string()),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upper = |kind: &Option<MessageType>| match kind {
            Some(kind) => kind.to_string().to_uppercase(),
            None => "message without type".to_owned(),
        };
        match self {
            Self::Sent(kind, 1) => write!(f, "sent {}", upper(kind)),
            Self::Sent(kind, attempt) => write!(f, "sent {} again ({attempt})", upper(kind)),
            Self::Asked(ip) => write!(f, "asked who has {ip}"),
            Self::Probed(ip) => write!(f, "probed whether {ip} is in use"),
            Self::Answered(ip) => write!(f, "answered ARP for {ip}, which the client holds"),
            Self::Accepted(kind) => write!(f, "accepted {}", upper(kind)),
            Self::Repeated(kind) => write!(f, "{} seen before", upper(kind)),
            Self::NotChosen(kind) => write!(f, "{} of a server that was not chosen", upper(kind)),
            Self::Ignored(reason) => write!(f, "not ours: {reason}"),
            Self::NotAsked => write!(f, "not ours: {}", Reason::OtherServer),
            Self::ServerCheck(kind, ip) => write!(f, "somebody asks for {ip} by {kind}"),
            Self::Resolved(ip, mac) => write!(f, "{ip} is at {mac}"),
            Self::AskedForUs(ip) => write!(f, "somebody asks for {ip}"),
            Self::Conflict(ip, mac) => write!(f, "{ip} is in use by {mac}"),
            Self::Unreachable(ip, 3) => write!(f, "{ip} says: port unreachable"),
            Self::Unreachable(ip, code) => write!(f, "{ip} says: unreachable (code {code})"),
            Self::Fragment => f.write_str("a fragment"),
            Self::Unrelated => f.write_str("unrelated"),
        }
    }
}
