//! Many exchanges at once: when they begin, what is in flight, what became of each.
//!
//! [`Load`] is a [`Machine`](crate::engine::Machine): a value without socket, clock or thread, whose [`Finished`] exchanges are
//! taken from it now and then. Several lanes can share a run: each has its own part
//! of the schedule, of the clients and of the transaction identifiers, and shares nothing with the others.
//!
//! Latency is counted from the scheduled beginning as well as from the wire, so that a server which stalls is not
//! hidden by a generator that waits for it ("coordinated omission"). In the steady state nothing is allocated.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Instant;
use crate::wire::Mac;

mod answers;
mod clients;
mod core;
mod ending;
pub mod family;
pub mod pace;
mod release;
pub mod search;
mod strays;
mod table;
pub mod tally;
pub mod v4;
pub mod v6;

#[cfg(test)]
pub(crate) mod tests;

pub use clients::{Held, Macs};
pub use core::Load;
pub use family::{Family, Leased};
pub use pace::{Pace, Rate};
pub use search::{Figure, Search, Slo};
pub use tally::Tally;
pub use v4::{Lease4, Template, Templates, V4};
pub use v6::{Lease6, V6};

/// Stands for a client's MAC in the messages that frames are made from.
pub const MAC_MARK: Mac = Mac([0x02, 0xd7, 0x3b, 0xe1, 0x96, 0x4d]);

/// What an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// DISCOVER, OFFER, REQUEST, ACK.
    Handshake,
    /// REQUEST of a client that remembers its address, ACK.
    InitReboot,
    /// REQUEST to the server that gave the lease, ACK.
    Renew,
    /// REQUEST to any server, ACK.
    Rebind,
    /// INFORM, ACK.
    Inform,
    /// RELEASE, which nobody answers.
    Release,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Handshake, Self::InitReboot, Self::Renew, Self::Rebind, Self::Inform, Self::Release];

    /// The name used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::InitReboot => "init-reboot",
            Self::Renew => "renew",
            Self::Rebind => "rebind",
            Self::Inform => "inform",
            Self::Release => "release",
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0)
    }
}

/// Why an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody offered an address in time.
    NoOffer,
    /// Nobody confirmed it in time.
    NoAck,
    /// It was refused.
    Nak,
    /// The ACK was for another address than the OFFER.
    AddressChanged,
    /// The ACK was from another server than the OFFER.
    ServerChanged,
    /// Some of what was asked for was granted, other was refused.
    Partial,
}

impl Failure {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoOffer => "no_offer",
            Self::NoAck => "no_ack",
            Self::Nak => "nak",
            Self::AddressChanged => "address_changed",
            Self::ServerChanged => "server_changed",
            Self::Partial => "partial",
        }
    }
}

/// How a server was seen to check an address before it offered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// ARP.
    Arp,
    /// ICMP echo.
    Ping,
    /// A neighbor solicitation for the client's own address.
    Neighbor,
}

impl Check {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arp => "arp",
            Self::Ping => "ping",
            Self::Neighbor => "neighbor",
        }
    }
}

/// What is done with a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It is given back right after its ACK.
    Release,
    /// It is held until the end of the run, then given back.
    Hold,
    /// It is kept.
    Keep,
}

/// One exchange that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished<L> {
    /// The client's number.
    pub client: u32,
    /// Its MAC.
    pub mac: Mac,
    /// Its transaction identifier.
    pub xid: u32,
    /// What it was.
    pub kind: Kind,
    /// Why it failed, `None` when it did not.
    pub failure: Option<Failure>,
    /// When it should have begun.
    pub scheduled: Instant,
    /// When its first message went out.
    pub began: Instant,
    /// When the OFFER came, if it did.
    pub offered: Option<Instant>,
    /// When the first REQUEST or INFORM went out, if it did.
    pub requested: Option<Instant>,
    /// When it was over.
    pub ended: Instant,
    /// What was offered or held, and by whom.
    pub lease: L,
    /// The statuses of its last answer that were no success, bit n for code n, the last bit for all higher ones.
    pub statuses: u32,
    /// Messages sent again.
    pub repeated: u32,
    /// The server's own check of the address, when it was seen.
    pub check: Option<Check>,
}

impl<L> Finished<L> {
    /// It gave the client a lease.
    pub fn binds(&self) -> bool {
        self.kind == Kind::Handshake && self.failure.is_none()
    }

    /// DISCOVER to OFFER in nanoseconds.
    pub fn offer_ns(&self) -> Option<i64> {
        self.offered.map(|offered| offered.since(self.began))
    }

    /// REQUEST (or INFORM) to ACK in nanoseconds, of an exchange that completed.
    pub fn ack_ns(&self) -> Option<i64> {
        self.requested.filter(|_| self.failure.is_none()).map(|requested| self.ended.since(requested))
    }

    /// The first message to the last answer in nanoseconds, of an exchange that completed.
    pub fn total_ns(&self) -> Option<i64> {
        self.failure.is_none().then(|| self.ended.since(self.began))
    }

    /// The scheduled beginning to the last answer in nanoseconds, of an exchange that completed.
    pub fn scheduled_ns(&self) -> Option<i64> {
        self.failure.is_none().then(|| self.ended.since(self.scheduled))
    }
}

/// What was sent, received and found wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Exchanges begun and not broken off by the user.
    pub attempts: u64,
    /// Those that ended well, by kind.
    pub completed: [u64; 6],
    /// Those begun, by kind.
    pub begun: [u64; 6],
    /// Failures: nobody offered.
    pub no_offer: u64,
    /// Nobody confirmed.
    pub no_ack: u64,
    /// Refused.
    pub nak: u64,
    /// Another address than offered.
    pub address_changed: u64,
    /// Another server than the one that offered.
    pub server_changed: u64,
    /// Completed with another address than offered, where that is no failure.
    pub reassigned: u64,
    /// Some was granted, other was refused.
    pub partial: u64,
    /// Exchanges the user broke off.
    pub interrupted: u64,
    /// Beginnings that were scheduled but for which there was no room until the end.
    pub unsent: u64,
    /// Messages sent, the first RELEASE of a lease included.
    pub sent: u64,
    /// Answers to exchanges of this run.
    pub received: u64,
    /// Messages sent again.
    pub retransmitted: u64,
    /// Answers to exchanges that had been given up.
    pub late: u64,
    /// Answers that were there already.
    pub duplicates: u64,
    /// Offers of further servers.
    pub other_offers: u64,
    /// Refusals by servers that were not chosen: they do not count.
    pub other_naks: u64,
    /// Confirmations by servers that were not chosen: they do not count either, and what they bound is given back.
    pub other_acks: u64,
    /// Leases that those bound and that nobody gave back: there were too many, or the run had ended.
    pub left_at_others: u64,
    /// Answers to nothing that this run asked.
    pub orphans: u64,
    /// Answers whose UDP checksum is wrong: clients never see them. Looked for only where single exchanges are watched.
    pub bad_checksums: u64,
    /// Leases given back; where a RELEASE has an answer, those whose server said so.
    pub released: u64,
    /// RELEASEs sent again, for they have no answer.
    pub released_again: u64,
    /// Frames whose own time stamp was missed; the time before sending was taken.
    pub unstamped: u64,
}

impl Counters {
    /// All that completed.
    pub fn completed(&self) -> u64 {
        self.completed.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Failures that are none of the three common ones.
    pub fn other(&self) -> u64 {
        self.address_changed.saturating_add(self.server_changed)
    }

    /// The share of attempts that did not complete.
    pub fn loss(&self) -> f64 {
        let failed = self.attempts.saturating_sub(self.completed());
        if self.attempts == 0 { 0.0 } else { ratio(failed, self.attempts) }
    }

    /// Adds the counts of another lane.
    pub fn merge(&mut self, other: &Self) {
        let add = |to: &mut u64, from: u64| *to = to.saturating_add(from);
        for (to, from) in self.completed.iter_mut().zip(other.completed) {
            add(to, from);
        }
        for (to, from) in self.begun.iter_mut().zip(other.begun) {
            add(to, from);
        }
        for (to, from) in [
            (&mut self.attempts, other.attempts),
            (&mut self.no_offer, other.no_offer),
            (&mut self.no_ack, other.no_ack),
            (&mut self.nak, other.nak),
            (&mut self.address_changed, other.address_changed),
            (&mut self.server_changed, other.server_changed),
            (&mut self.reassigned, other.reassigned),
            (&mut self.partial, other.partial),
            (&mut self.interrupted, other.interrupted),
            (&mut self.unsent, other.unsent),
            (&mut self.sent, other.sent),
            (&mut self.received, other.received),
            (&mut self.retransmitted, other.retransmitted),
            (&mut self.late, other.late),
            (&mut self.duplicates, other.duplicates),
            (&mut self.other_offers, other.other_offers),
            (&mut self.orphans, other.orphans),
            (&mut self.other_naks, other.other_naks),
            (&mut self.other_acks, other.other_acks),
            (&mut self.left_at_others, other.left_at_others),
            (&mut self.bad_checksums, other.bad_checksums),
            (&mut self.released, other.released),
            (&mut self.released_again, other.released_again),
            (&mut self.unstamped, other.unstamped),
        ] {
            add(to, from);
        }
    }
}

/// `part` of `whole`.
#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "53 bits are enough for a share")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Which part of a run a [`Load`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its number, from 0.
    pub index: u32,
    /// How many there are, at most 64.
    pub count: u32,
}

impl Lane {
    /// The whole run.
    pub const ONLY: Self = Self { index: 0, count: 1 };

    /// Low bits of every transaction identifier that hold the lane's number.
    pub fn bits(self) -> u32 {
        32_u32.wrapping_sub(self.count.max(1).wrapping_sub(1).leading_zeros())
    }
}

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Plan<F> {
    /// The protocol, with its frames.
    pub family: F,
    /// The clients' hardware addresses.
    pub macs: Macs,
    /// When exchanges begin.
    pub pace: Pace,
    /// Exchanges under way at a time, all lanes together.
    pub max_in_flight: usize,
    /// How long to wait for the answer to each transmission; one entry per transmission.
    pub timeouts: Vec<Duration>,
    /// What is done with leases.
    pub after: After,
    /// How often each kind is chosen, relative to the others.
    pub mix: Vec<(Kind, u32)>,
    /// Makes choices and identifiers repeatable.
    pub seed: u64,
    /// Look for the servers' own conflict checks.
    pub watch_checks: bool,
    /// Remember who holds which address, for who asks.
    pub remember_holders: bool,
}

/// Where `needle` stands in `haystack`.
fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A queue with room for what it will hold.
fn queue<T>(capacity: usize) -> VecDeque<T> {
    VecDeque::with_capacity(capacity)
}
