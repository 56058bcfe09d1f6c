//! The exchange engine: what a DHCP client says and when, without a socket, a clock or a sleep.
//!
//! A [`Machine`] is a value. Time and what was seen on the wire go in; frames to send, deadlines and events come out.
//! [`drive`](drive::drive) connects one with a transport and a clock; tests connect it with a script and a clock they move.
//!
//! - [`Collect`]: one message, asked again and again; every answer until the wait is over.
//! - [`Exchange`]: DISCOVER if need be, REQUEST, the answer, conflict check, DECLINE or RELEASE; also INFORM.
//! - [`OneShot`]: what nobody answers: RELEASE and DECLINE.
//!
//! Answers are accepted only when `op`, `xid`, `chaddr` and port fit ([`v4::watch`]). Everything else is counted by reason.
//! Latency is the difference of two stamps of one capture handle: the outgoing copy and the reply. The time that
//! [`Machine::on_time`] is given only decides what to do next.

pub mod drive;
pub mod load;
pub mod retransmit;
pub mod v4;

use std::fmt;
use std::net::Ipv4Addr;

use crate::time::{Instant, Timestamp};
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::Datagram;
use crate::wire::v4::MessageType;

pub use retransmit::Backoff;
pub use v4::collect::Collect;
pub use v4::draft::{Draft, OptionEdit, Overrides, Warning};
pub use v4::exchange::Exchange;
pub use v4::oneshot::OneShot;
pub use v4::recipe::{Recipe, Route, State};
pub use v4::station::{Answer, Station};
pub use v4::watch::{Check, CheckKind, Reason, Watch};

/// A protocol exchange without its surroundings.
pub trait Machine {
    /// Tells what time it is: at the start, and whenever the deadline has come.
    fn on_time(&mut self, now: Instant);
    /// Tells when transmission `id` passed the capture handle.
    fn on_sent(&mut self, id: u32, at: Instant);
    /// Shows a frame that came in, and hears what was made of it.
    fn on_sight(&mut self, sight: &Sight<'_>) -> Note;
    /// The user wants to stop: what was taken is given back, then it is over.
    fn stop(&mut self, now: Instant);
    /// When to be told the time again; `None` when all is over.
    fn deadline(&self) -> Option<Instant>;
    /// The client's place on the segment.
    fn station(&self) -> &Station;
    /// The same, to tell it more.
    fn station_mut(&mut self) -> &mut Station;

    /// The next frame to send.
    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.station_mut().poll_transmit()
    }

    /// The next thing that happened.
    fn poll_event(&mut self) -> Option<Event> {
        self.station_mut().poll_event()
    }

    /// What was seen so far.
    fn watch(&self) -> &Watch {
        &self.station().watch
    }

    /// What the station makes of a frame: an answer for the machine, or what is said about it.
    fn sort(&mut self, sight: &Sight<'_>) -> Result<Answer, Note> {
        let sorted = self.station_mut().on_sight(sight);
        if matches!(sorted, Err(Note::Resolved(..))) {
            // What waited for this address can go out.
            self.on_time(sight.at);
        }
        sorted
    }
}

/// A frame that came in, and what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// When the kernel saw it.
    pub at: Instant,
    /// Its stamp.
    pub time: Timestamp,
    /// The whole frame.
    pub frame: &'a [u8],
    /// What is in it.
    pub what: What<'a>,
}

/// What a frame holds, as far as an exchange cares.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
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

/// A frame to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Number of the transmission, for [`Machine::on_sent`].
    pub id: u32,
    /// The whole frame.
    pub frame: Vec<u8>,
    /// What it is.
    pub note: Note,
}

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
    /// An answer that does not count.
    Ignored(Reason),
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
    /// It is about a frame that we sent.
    pub fn is_sent(&self) -> bool {
        matches!(self, Self::Sent(..) | Self::Asked(_) | Self::Probed(_) | Self::Answered(_))
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
            Self::Ignored(reason) => write!(f, "not ours: {reason}"),
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

/// Something that happened, for those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub note: Note,
    /// Who caused it, where known: address and MAC.
    pub from: (Option<Ipv4Addr>, Option<Mac>),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)?;
        match self.from {
            (Some(ip), Some(mac)) => write!(f, " (from {ip}, {mac})"),
            (Some(ip), None) => write!(f, " (from {ip})"),
            (None, Some(mac)) => write!(f, " (from {mac})"),
            (None, None) => Ok(()),
        }
    }
}
