//! Figures of all exchanges: outcomes, servers with their delays, relays, classes of clients, and how it went over time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::exchange::Exchange;
use super::message::Sense;
use super::names::{Kind, Letter, Outcome, Role, Side};
use super::party::{Counted, Who, Whose};
use crate::analysis::keyed::KeyedMap;
use crate::stats::delay::Delay;
use crate::wire::{HwAddr, Mac};

/// Servers, relays and classes told apart.
const MOST: usize = 4096;
/// Servers whose delays are told as exactly as can be. More do not answer at one place unless somebody makes them up.
const EXACT: usize = 64;
/// Clients counted one by one.
const CLIENTS: usize = 100_000;
/// Addresses, clients and reasons told apart of all servers, relays and classes together.
const PARTS: usize = 1_000_000;
/// Buckets of the timeline at most.
const BUCKETS: usize = 120;

/// One server.
#[derive(Clone, Debug, Default)]
pub struct ServerFigures {
    /// Link-layer sources.
    pub macs: BTreeSet<Mac>,
    /// Relays it answered.
    pub relays: BTreeSet<IpAddr>,
    /// OFFERs, ACKs, NAKs.
    pub counts: (u64, u64, u64),
    /// NAKs by option 56.
    pub reasons: BTreeMap<String, u64>,
    /// Addresses acknowledged.
    pub addresses: BTreeSet<IpAddr>,
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
    pub clients: BTreeSet<Who>,
}

/// One vendor class.
#[derive(Clone, Debug, Default)]
pub struct ClassFigures {
    /// Clients.
    pub clients: BTreeSet<Who>,
    /// Exchanges that succeeded and that nobody answered.
    pub counts: (u64, u64),
}

/// One client.
#[derive(Clone, Debug, Default)]
pub struct ClientFigures {
    /// Its hardware address.
    pub mac: Option<HwAddr>,
    /// Its client identifier, where it has no hardware address.
    pub client_id: Option<Arc<[u8]>>,
    /// Messages it sent.
    pub messages: u64,
    /// Exchanges that nobody answered.
    pub unanswered: u64,
    /// Some exchange was answered.
    pub answered: bool,
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
            Letter::Discover | Letter::Solicit => 0,
            Letter::Offer | Letter::Advertise => 1,
            Letter::Request => 2,
            Letter::Ack | Letter::Reply => 3,
            Letter::Nak => 4,
            Letter::Decline => 5,
            _ => return,
        };
        self.reach_back(time);
        let index = loop {
            let since = time.saturating_sub(self.start).max(0) / 1_000_000_000;
            let index =
                usize::try_from(since.checked_div(self.bucket).unwrap_or(since)).unwrap_or(usize::MAX);
            if index < BUCKETS {
                break index;
            }
            self.coarsen();
        };
        if self.counts.len() <= index {
            self.counts.resize(index.saturating_add(1), [0; 6]);
        }
        if let Some(count) = self.counts.get_mut(index).and_then(|counts| counts.get_mut(column)) {
            *count = count.saturating_add(1);
        }
    }

    /// Twice the length, half as many.
    fn coarsen(&mut self) {
        self.bucket = self.bucket.saturating_mul(2);
        let sum = |pair: &[[u64; 6]]| {
            let mut sum = [0; 6];
            for counts in pair {
                for (to, from) in sum.iter_mut().zip(counts) {
                    *to = u64::saturating_add(*to, *from);
                }
            }
            sum
        };
        self.counts = self.counts.chunks(2).map(sum).collect();
    }

    /// It begins no later than at `time`, for what came later in the file may have come earlier.
    fn reach_back(&mut self, time: i64) {
        while time < self.start {
            let length = self.bucket.saturating_mul(1_000_000_000);
            let back = self.start.saturating_sub(time).saturating_sub(1).checked_div(length).unwrap_or(0);
            let back = usize::try_from(back).unwrap_or(usize::MAX).saturating_add(1);
            if self.counts.len().saturating_add(back) > BUCKETS {
                self.coarsen();
                continue;
            }
            self.counts.splice(..0, std::iter::repeat_n([0; 6], back));
            let back = i64::try_from(back).unwrap_or(i64::MAX);
            self.start = self.start.saturating_sub(length.saturating_mul(back));
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
    pub servers: BTreeMap<Whose, ServerFigures>,
    /// Relays.
    pub relays: BTreeMap<IpAddr, RelayFigures>,
    /// Vendor classes.
    pub classes: BTreeMap<String, ClassFigures>,
    /// Clients: messages, unanswered exchanges, and whether any was answered.
    pub clients: KeyedMap<Who, ClientFigures>,
    /// Over time.
    pub timeline: Timeline,
    /// How many addresses, clients and reasons may still be told apart.
    room: usize,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            by_type: BTreeMap::new(),
            by_outcome: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            span: None,
            messages: 0,
            transactions: 0,
            repeated: (0, 0),
            servers: BTreeMap::new(),
            relays: BTreeMap::new(),
            classes: BTreeMap::new(),
            clients: KeyedMap::default(),
            timeline: Timeline { start: 0, bucket: 1, counts: Vec::new() },
            room: PARTS,
        }
    }
}

/// Adds one that is new, while there is room for it among its like and for all together.
fn note<T: Ord>(set: &mut BTreeSet<T>, most: usize, room: &mut usize, item: T) {
    if set.len() < most && *room > 0 && set.insert(item) {
        *room = room.saturating_sub(1);
    }
}

fn count<K: Ord>(map: &mut BTreeMap<K, u64>, key: K) {
    let count = map.entry(key).or_default();
    *count = count.saturating_add(1);
}

impl Stats {
    /// Counts a message.
    pub fn message<S: Counted>(&mut self, seen: &S) {
        self.messages = self.messages.saturating_add(1);
        count(&mut self.by_type, seen.letter());
        if !seen.is_timeless() {
            let time = seen.time();
            if self.span.is_none() {
                self.timeline.start = time;
            }
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
            self.timeline.add(time, seen.letter());
        }
    }

    /// Counts the messages of an exchange, where only those of some are.
    pub fn messages_of<S: Counted>(&mut self, exchange: &Exchange<S>) {
        exchange.steps.iter().for_each(|step| self.message(&step.seen));
        for (letter, more) in exchange.left_letters() {
            self.messages = self.messages.saturating_add(more);
            let count = self.by_type.entry(letter).or_default();
            *count = count.saturating_add(more);
        }
    }

    /// Counts an exchange that has closed.
    pub fn exchange<S: Counted>(&mut self, exchange: &Exchange<S>) {
        self.transactions = self.transactions.saturating_add(1);
        count(&mut self.by_outcome, exchange.outcome);
        count(&mut self.by_kind, exchange.kind);
        let again = exchange.count(|role| role == Role::Retransmission);
        let copies = exchange.count(|role| !role.counts());
        self.repeated.0 = self.repeated.0.saturating_add(u64::try_from(again).unwrap_or(0));
        self.repeated.1 = self.repeated.1.saturating_add(u64::try_from(copies).unwrap_or(0));
        let unanswered = exchange.outcome == Outcome::Unanswered;
        let who = Some(S::who(exchange)).filter(Who::is_known);
        if let Some(who) = &who
            && (self.clients.len() < CLIENTS || self.clients.contains_key(who))
        {
            let figures = self.clients.entry(who.clone()).or_default();
            let sent = u64::try_from(exchange.sent_count()).unwrap_or(0);
            figures.mac = figures.mac.or(exchange.mac);
            if exchange.mac.is_none() && figures.client_id.is_none() {
                figures.client_id.clone_from(&exchange.texts.client_id);
            }
            figures.messages = figures.messages.saturating_add(sent);
            figures.unanswered = figures.unanswered.saturating_add(u64::from(unanswered));
            figures.answered |= exchange.had().reply;
        }
        self.servers(exchange);
        self.relays(exchange);
        let class =
            exchange.texts.vendor_class.as_deref().map(|class| String::from_utf8_lossy(class).into_owned());
        if let (Some(class), Some(who)) = (class, who)
            && (self.classes.len() < MOST || self.classes.contains_key(&class))
        {
            let figures = self.classes.entry(class).or_default();
            note(&mut figures.clients, CLIENTS, &mut self.room, who);
            let (bound, lost) = &mut figures.counts;
            *bound = bound.saturating_add(u64::from(exchange.outcome.is_success()));
            *lost = lost.saturating_add(u64::from(unanswered));
        }
    }

    fn servers<S: Counted>(&mut self, exchange: &Exchange<S>) {
        for step in exchange.said() {
            let seen = &step.seen;
            if seen.is_from_client() {
                continue;
            }
            let sender = seen.sender();
            let name = S::whose(&sender);
            if self.servers.len() >= MOST && !self.servers.contains_key(&name) {
                continue;
            }
            let delay = if self.servers.len() < EXACT { Delay::default } else { Delay::coarse };
            let figures = self.servers.entry(name).or_insert_with(|| ServerFigures {
                offer: delay(),
                ack: delay(),
                ..ServerFigures::default()
            });
            if figures.macs.len() < 64 && sender.mac != Mac::ZERO {
                figures.macs.insert(sender.mac);
            }
            if let Some(relay) = seen.relay() {
                note(&mut figures.relays, MOST, &mut self.room, S::ip(relay));
            }
            let (offers, acks, naks) = &mut figures.counts;
            match seen.sense() {
                Sense::Offers => *offers = offers.saturating_add(1),
                Sense::Grants => {
                    *acks = acks.saturating_add(1);
                    if let Some(address) = seen.given() {
                        note(&mut figures.addresses, CLIENTS, &mut self.room, address);
                    }
                    if let Some(lease) = seen.lease_time(exchange).filter(|_| figures.leases.len() < 64) {
                        figures.leases.insert(lease);
                    }
                }
                Sense::Refuses => {
                    *naks = naks.saturating_add(1);
                    let reason = exchange.reason_of(seen).unwrap_or_default();
                    let reason = String::from_utf8_lossy(reason).into_owned();
                    let known = figures.reasons.contains_key(&reason);
                    if known || (figures.reasons.len() < 64 && self.room > 0) {
                        count(&mut figures.reasons, reason);
                        self.room = self.room.saturating_sub(usize::from(!known));
                    }
                }
                _ => {}
            }
        }
        for left in exchange.replies_left() {
            let server = left.server.and_then(|index| exchange.servers.get(usize::from(index)));
            let Some(figures) = server.and_then(|server| self.servers.get_mut(&S::whose(server))) else {
                continue;
            };
            let (offers, acks, naks) = &mut figures.counts;
            let to = match left.sense {
                Sense::Offers => offers,
                Sense::Grants => acks,
                Sense::Refuses => naks,
                _ => continue,
            };
            *to = to.saturating_add(left.count.into());
        }
        for server in &exchange.servers {
            if let (Some(delay), Some(figures)) = (server.offer, self.servers.get_mut(&S::whose(server))) {
                figures.offer.record(delay);
            }
        }
        if let Some(figures) = S::server(exchange).and_then(|server| self.servers.get_mut(&server)) {
            if exchange.outcome.is_success() {
                figures.completed = figures.completed.saturating_add(1);
            }
            if let Some(delay) = exchange.ack_ns() {
                figures.ack.record(delay);
            }
        }
    }

    fn relays<S: Counted>(&mut self, exchange: &Exchange<S>) {
        if exchange.kind != Kind::Acquire {
            return;
        }
        for relay in exchange.relays().into_iter().map(S::ip) {
            if self.relays.len() >= MOST && !self.relays.contains_key(&relay) {
                continue;
            }
            let figures = self.relays.entry(relay).or_default();
            let asked = exchange
                .steps
                .iter()
                .any(|step| step.seen.sense() == Sense::Seeks && step.seen.side() == Side::Relay);
            figures.discovers = figures.discovers.saturating_add(u64::from(asked));
            figures.answered = figures.answered.saturating_add(u64::from(exchange.had().reply));
            let who = S::who(exchange);
            if who.is_known() {
                note(&mut figures.clients, CLIENTS, &mut self.room, who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeline_reaches_back_to_what_came_earlier() {
        let mut line = Timeline { start: 1_000_000_000_000, bucket: 1, counts: Vec::new() };
        let at = |line: &mut Timeline, ms: i64| line.add(ms * 1_000_000, Letter::Discover);
        let counts = |line: &Timeline| line.counts.iter().map(|counts| counts[0]).collect::<Vec<_>>();
        at(&mut line, 1_000_500);
        at(&mut line, 1_002_500);
        at(&mut line, 998_500);
        assert_eq!((line.start, line.bucket), (998_000_000_000, 1));
        assert_eq!(counts(&line), [1, 0, 1, 0, 1]);
        // So far that the buckets have to be longer.
        at(&mut line, 500_000);
        assert!(line.start <= 500_000_000_000 && line.start > 490_000_000_000, "{}", line.start);
        assert_eq!((line.bucket, line.counts.len() <= BUCKETS), (8, true));
        assert_eq!((counts(&line)[0], counts(&line).iter().sum::<u64>()), (1, 4));
        // Whatever times a capture has.
        for time in [i64::MIN, i64::MAX, 0, -1] {
            line.add(time, Letter::Discover);
            assert!(line.counts.len() <= BUCKETS);
        }
        assert_eq!(counts(&line).iter().sum::<u64>(), 8);
    }

    /// Who has no hardware address is told apart by its client identifier, else by its address, else by its transaction.
    #[test]
    fn clients_without_a_hardware_address_are_clients() {
        use crate::analysis::diagnosis::tests::{Client, Story, client};
        use crate::analysis::transaction::{Clients, Joiner, Options};
        use crate::wire::v4::MessageType;
        let nobody = |xid: u32| Client { mac: Mac::ZERO, xid, ..client(1) };
        let id = |m: &mut crate::wire::v4::Message| m.set_option(61, b"\0abc");
        let mut story = Story::default();
        story.ask(0, nobody(1), MessageType::DISCOVER, |m, _| id(m));
        story.ask(100_000, nobody(2), MessageType::REQUEST, |m, _| {
            id(m);
            m.ciaddr = [10, 0, 0, 9].into();
        });
        for (ms, xid) in [(200_000, 3), (300_000, 4)] {
            story.ask(ms, nobody(xid), MessageType::REQUEST, |m, _| m.ciaddr = [10, 0, 0, 8].into());
        }
        for (ms, xid) in [(400_000, 5), (500_000, 6)] {
            story.discover(ms, nobody(xid));
        }
        story.ask(600_000, nobody(7), MessageType::LEASEQUERY, |m, _| m.giaddr = [10, 0, 0, 7].into());
        let mut joiner = Joiner::new(Options::default());
        joiner.batch(&story.batch, |_, _| {});
        joiner.finish();
        let (mut stats, mut clients) = (Stats::default(), Clients::default());
        for (exchange, number) in joiner.take_closed().iter().zip(1..) {
            stats.exchange(exchange);
            clients.exchange(exchange, number, &[]);
        }
        let mut rows: Vec<Vec<u64>> =
            clients.sorted().iter().map(|client| client.transactions.to_vec()).collect();
        rows.sort_unstable();
        assert_eq!(rows, [vec![1, 2], vec![3, 4], vec![5], vec![6]]);
        assert_eq!(stats.clients.len(), 4);
        assert_eq!(stats.clients.values().filter(|figures| figures.client_id.is_some()).count(), 1);
    }

    #[test]
    fn all_sets_together_have_one_bound() {
        let mut room = 100;
        let mut sets: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); 10];
        for number in 0..50 {
            for set in &mut sets {
                note(set, 20, &mut room, number);
                note(set, 20, &mut room, number);
            }
        }
        assert_eq!((sets.iter().map(BTreeSet::len).sum::<usize>(), room), (100, 0));
        assert!(sets.iter().all(|set| set.len() == 10), "each has its share");
        let mut single = (BTreeSet::new(), 100);
        for number in 0..50 {
            note(&mut single.0, 20, &mut single.1, number);
        }
        assert_eq!((single.0.len(), single.1), (20, 80));
    }
}
