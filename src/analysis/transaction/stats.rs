//! Figures of all exchanges: outcomes, servers with their delays, relays, classes of clients, and how it went over time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::exchange::{Exchange, Kind, Letter, Outcome, Role, Side};
use super::seen::{Entry, bit};
use crate::analysis::keyed::KeyedMap;
use crate::stats::delay::Delay;
use crate::wire::{HwAddr, Mac};

/// Servers, relays and classes told apart.
const MOST: usize = 4096;
/// Clients counted one by one.
const CLIENTS: usize = 100_000;
/// Buckets of the timeline at most.
const BUCKETS: usize = 120;

/// One server.
#[derive(Clone, Debug, Default)]
pub struct ServerFigures {
    /// Link-layer sources.
    pub macs: BTreeSet<Mac>,
    /// Relays it answered.
    pub relays: BTreeSet<Ipv4Addr>,
    /// OFFERs, ACKs, NAKs.
    pub counts: (u64, u64, u64),
    /// NAKs by option 56.
    pub reasons: BTreeMap<String, u64>,
    /// Addresses acknowledged.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// Lease times given.
    pub leases: BTreeSet<u32>,
    /// DISCOVER to OFFER.
    pub offer: Delay,
    /// REQUEST to ACK.
    pub ack: Delay,
    /// Exchanges it completed.
    pub completed: u64,
}

/// One relay: DISCOVERs, how many of their exchanges were answered, clients.
#[derive(Clone, Debug, Default)]
pub struct RelayFigures {
    /// Exchanges begun.
    pub discovers: u64,
    /// Of these answered.
    pub answered: u64,
    /// Clients.
    pub clients: BTreeSet<HwAddr>,
}

/// One vendor class.
#[derive(Clone, Debug, Default)]
pub struct ClassFigures {
    /// Clients.
    pub clients: BTreeSet<HwAddr>,
    /// Exchanges that succeeded and that nobody answered.
    pub counts: (u64, u64),
}

/// Messages over time, by kind.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// When it begins, nanoseconds since 1970.
    pub start: i64,
    /// Length of a bucket, seconds.
    pub bucket: i64,
    /// Counts of DISCOVER, OFFER, REQUEST, ACK, NAK, DECLINE in each bucket.
    pub counts: Vec<[u64; 6]>,
}

impl Timeline {
    fn add(&mut self, time: i64, letter: Letter) {
        let column = match letter {
            Letter::Discover => 0,
            Letter::Offer => 1,
            Letter::Request => 2,
            Letter::Ack => 3,
            Letter::Nak => 4,
            Letter::Decline => 5,
            _ => return,
        };
        let index = loop {
            let since = time.saturating_sub(self.start).max(0) / 1_000_000_000;
            let index =
                usize::try_from(since.checked_div(self.bucket).unwrap_or(since)).unwrap_or(usize::MAX);
            if index < BUCKETS {
                break index;
            }
            // Twice the length, half as many.
            self.bucket = self.bucket.saturating_mul(2);
            self.counts = self
                .counts
                .chunks(2)
                .map(|pair| {
                    let mut sum = [0; 6];
                    for counts in pair {
                        for (to, from) in sum.iter_mut().zip(counts) {
                            *to = u64::saturating_add(*to, *from);
                        }
                    }
                    sum
                })
                .collect();
        };
        if self.counts.len() <= index {
            self.counts.resize(index.saturating_add(1), [0; 6]);
        }
        if let Some(count) = self.counts.get_mut(index).and_then(|counts| counts.get_mut(column)) {
            *count = count.saturating_add(1);
        }
    }
}

/// The figures.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Messages by type.
    pub by_type: BTreeMap<Letter, u64>,
    /// Exchanges by outcome.
    pub by_outcome: BTreeMap<Outcome, u64>,
    /// Exchanges by kind.
    pub by_kind: BTreeMap<Kind, u64>,
    /// When the first and the last message came.
    pub span: Option<(i64, i64)>,
    /// Messages.
    pub messages: u64,
    /// Exchanges.
    pub transactions: u64,
    /// Repeated messages; copies.
    pub repeated: (u64, u64),
    /// Servers by name.
    pub servers: BTreeMap<Ipv4Addr, ServerFigures>,
    /// Relays.
    pub relays: BTreeMap<Ipv4Addr, RelayFigures>,
    /// Vendor classes.
    pub classes: BTreeMap<String, ClassFigures>,
    /// Clients: messages, unanswered exchanges, and whether any was answered.
    pub clients: KeyedMap<HwAddr, (u64, u64, bool)>,
    /// Over time.
    pub timeline: Timeline,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            by_type: Letter::ALL.iter().map(|letter| (*letter, 0)).collect(),
            by_outcome: Outcome::ALL.iter().map(|outcome| (*outcome, 0)).collect(),
            by_kind: Kind::ALL.iter().map(|kind| (*kind, 0)).collect(),
            span: None,
            messages: 0,
            transactions: 0,
            repeated: (0, 0),
            servers: BTreeMap::new(),
            relays: BTreeMap::new(),
            classes: BTreeMap::new(),
            clients: KeyedMap::default(),
            timeline: Timeline { start: 0, bucket: 1, counts: Vec::new() },
        }
    }
}

fn count<K: Ord>(map: &mut BTreeMap<K, u64>, key: K) {
    let count = map.entry(key).or_default();
    *count = count.saturating_add(1);
}

impl Stats {
    /// Counts a message.
    pub fn message(&mut self, entry: &Entry) {
        let seen = &entry.seen;
        self.messages = self.messages.saturating_add(1);
        count(&mut self.by_type, seen.letter);
        if !seen.has(bit::TIMELESS) {
            if self.span.is_none() {
                self.timeline.start = seen.time;
            }
            let (first, last) = self.span.unwrap_or((seen.time, seen.time));
            self.span = Some((first.min(seen.time), last.max(seen.time)));
            self.timeline.add(seen.time, seen.letter);
        }
    }

    /// Counts an exchange that has closed.
    pub fn exchange(&mut self, exchange: &Exchange) {
        self.transactions = self.transactions.saturating_add(1);
        count(&mut self.by_outcome, exchange.outcome);
        count(&mut self.by_kind, exchange.kind);
        let again = exchange.count(|role| role == Role::Retransmission);
        let copies = exchange.count(|role| !role.counts());
        self.repeated.0 = self.repeated.0.saturating_add(u64::try_from(again).unwrap_or(0));
        self.repeated.1 = self.repeated.1.saturating_add(u64::try_from(copies).unwrap_or(0));
        let unanswered = exchange.outcome == Outcome::Unanswered;
        if let Some(mac) = exchange.mac
            && (self.clients.len() < CLIENTS || self.clients.contains_key(&mac))
        {
            let (messages, failed, answered) = self.clients.entry(mac).or_default();
            *messages = messages.saturating_add(u64::try_from(exchange.sent().count()).unwrap_or(0));
            *failed = failed.saturating_add(u64::from(unanswered));
            *answered |= exchange.had().reply;
        }
        self.servers(exchange);
        self.relays(exchange);
        let class =
            exchange.texts.vendor_class.as_deref().map(|class| String::from_utf8_lossy(class).into_owned());
        if let (Some(class), Some(mac)) = (class, exchange.mac)
            && (self.classes.len() < MOST || self.classes.contains_key(&class))
        {
            let figures = self.classes.entry(class).or_default();
            if figures.clients.len() < CLIENTS {
                figures.clients.insert(mac);
            }
            let (bound, lost) = &mut figures.counts;
            *bound = bound.saturating_add(u64::from(exchange.outcome.is_success()));
            *lost = lost.saturating_add(u64::from(unanswered));
        }
    }

    fn servers(&mut self, exchange: &Exchange) {
        for step in exchange.said() {
            let seen = &step.seen;
            if seen.from_client || (self.servers.len() >= MOST && !self.servers.contains_key(&seen.server()))
            {
                continue;
            }
            let figures = self.servers.entry(seen.server()).or_default();
            if figures.macs.len() < 64 && seen.src_mac != Mac::ZERO {
                figures.macs.insert(seen.src_mac);
            }
            if !seen.giaddr.is_unspecified() && figures.relays.len() < MOST {
                figures.relays.insert(seen.giaddr);
            }
            let (offers, acks, naks) = &mut figures.counts;
            match seen.letter {
                Letter::Offer => *offers = offers.saturating_add(1),
                Letter::Ack => {
                    *acks = acks.saturating_add(1);
                    if figures.addresses.len() < CLIENTS {
                        figures.addresses.insert(seen.yiaddr);
                    }
                    if seen.has(bit::LEASE) && figures.leases.len() < 64 {
                        figures.leases.insert(seen.lease);
                    }
                }
                Letter::Nak => {
                    *naks = naks.saturating_add(1);
                    let reason = exchange.texts.reason.as_deref().unwrap_or_default();
                    let reason = String::from_utf8_lossy(reason).into_owned();
                    if figures.reasons.len() < 64 || figures.reasons.contains_key(&reason) {
                        count(&mut figures.reasons, reason);
                    }
                }
                _ => {}
            }
        }
        for server in &exchange.servers {
            if let (Some(delay), Some(figures)) = (server.offer, self.servers.get_mut(&server.name())) {
                figures.offer.record(delay);
            }
        }
        if let Some(figures) = exchange.server().and_then(|server| self.servers.get_mut(&server)) {
            if exchange.outcome.is_success() {
                figures.completed = figures.completed.saturating_add(1);
            }
            if let Some(delay) = exchange.ack_ns() {
                figures.ack.record(delay);
            }
        }
    }

    fn relays(&mut self, exchange: &Exchange) {
        if exchange.kind != Kind::Acquire {
            return;
        }
        for giaddr in exchange.relays() {
            if self.relays.len() >= MOST && !self.relays.contains_key(&giaddr) {
                continue;
            }
            let figures = self.relays.entry(giaddr).or_default();
            let asked = exchange
                .steps
                .iter()
                .any(|step| step.seen.letter == Letter::Discover && step.seen.side == Side::Relay);
            figures.discovers = figures.discovers.saturating_add(u64::from(asked));
            figures.answered = figures.answered.saturating_add(u64::from(exchange.had().reply));
            if let Some(mac) = exchange.mac.filter(|_| figures.clients.len() < CLIENTS) {
                figures.clients.insert(mac);
            }
        }
    }
}
