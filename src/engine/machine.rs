//! What every protocol exchange looks like from outside, whichever protocol it speaks.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use crate::time::{Instant, Timestamp};
use crate::wire::Mac;
use crate::wire::frame::LinkType;

/// A protocol exchange without its surroundings. Knows neither sockets nor clocks, and is told everything.
///
/// The contract: one mutation ([`on_time`](Self::on_time), [`on_sent`](Self::on_sent),
/// [`on_refused`](Self::on_refused), [`on_frame`](Self::on_frame) or [`stop`](Self::stop)), then [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event) until both give
/// nothing, then [`deadline`](Self::deadline) is asked. A machine that has no deadline is over, and is told nothing more.
pub trait Machine {
    /// Tells what time it is: at the start, and whenever the deadline has come.
    fn on_time(&mut self, now: Instant);
    /// Tells when transmission `id` passed the capture handle.
    fn on_sent(&mut self, id: u32, at: Instant);
    /// Tells that the link cannot carry transmission `id`, which is too long for it, nor any repetition of it. Whoever can go on
    /// without it does; anybody else stops.
    fn on_refused(&mut self, id: u32, now: Instant) {
        let _ = id;
        self.stop(now);
    }
    /// Shows a frame that came in, and hears what was made of it.
    fn on_frame(&mut self, frame: &Arrival<'_>) -> Remark;
    /// The user wants to stop: what was taken is given back, then it is over.
    fn stop(&mut self, now: Instant);
    /// When to be told the time again; `None` when all is over.
    fn deadline(&self) -> Option<Instant>;
    /// When it gives up at the latest if nobody answers; `None` where that is not known or nothing is awaited.
    fn gives_up(&self) -> Option<Instant> {
        None
    }
    /// Appends the next frame to send to `out`: many frames need one allocation.
    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit>;
    /// The next thing that happened.
    fn poll_event(&mut self) -> Option<Event>;
}

/// A frame that came in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// When the kernel saw it.
    pub at: Instant,
    /// Its stamp.
    pub time: Timestamp,
    /// What it starts with.
    pub link: LinkType,
    /// The frame, as far as it was kept.
    pub frame: &'a [u8],
    /// Its length on the wire, in bytes.
    pub original_len: usize,
}

impl<'a> Arrival<'a> {
    /// A frame of Ethernet of which nothing was cut off.
    pub fn whole(at: Instant, time: Timestamp, frame: &'a [u8]) -> Self {
        Self { at, time, link: LinkType::ETHERNET, frame, original_len: frame.len() }
    }
}

/// A frame to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Number of the transmission, for [`Machine::on_sent`].
    pub id: u32,
    /// How many bytes were appended.
    pub len: usize,
    /// What it is.
    pub remark: Remark,
}

/// What a frame or an event means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// We sent it, for the n-th time; 0: it is no message of the protocol but ARP, neighbour discovery and the like.
    Sent(u32),
    /// An answer that counts. The remark's text is "accepted" and the message's name.
    Accepted,
    /// An answer that was there already.
    Repeated,
    /// A message that is no answer to ours.
    Ignored,
    /// The same, of a server that was not asked: no part of the exchange, though it answers it.
    NotAsked,
    /// Somebody says that what was sent did not arrive.
    Refused,
    /// Something else that concerns the exchange.
    Noticed,
    /// A part of a datagram that is not yet whole.
    Fragment,
    /// Nothing to do with the exchange.
    Unrelated,
}

/// What is said of a frame or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it means.
    pub sense: Sense,
    /// The same for people: the comment beside the frame in a capture.
    pub text: Cow<'static, str>,
}

impl Remark {
    /// Nothing to do with the exchange.
    pub const UNRELATED: Self = Self { sense: Sense::Unrelated, text: Cow::Borrowed("unrelated") };
    /// A part of a datagram that is not yet whole.
    pub const FRAGMENT: Self = Self { sense: Sense::Fragment, text: Cow::Borrowed("a fragment") };

    /// A remark.
    pub fn new(sense: Sense, text: impl Into<Cow<'static, str>>) -> Self {
        Self { sense, text: text.into() }
    }

    /// It is about a frame that we sent.
    pub fn is_sent(&self) -> bool {
        matches!(self.sense, Sense::Sent(_))
    }

    /// It is about the exchange.
    pub fn is_related(&self) -> bool {
        self.sense != Sense::Unrelated
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Something that happened, for those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub remark: Remark,
    /// Who caused it, where known: address and MAC.
    pub from: (Option<IpAddr>, Option<Mac>),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.remark, f)?;
        match self.from {
            (Some(ip), Some(mac)) => write!(f, " (from {ip}, {mac})"),
            (Some(ip), None) => write!(f, " (from {ip})"),
            (None, Some(mac)) => write!(f, " (from {mac})"),
            (None, None) => Ok(()),
        }
    }
}
