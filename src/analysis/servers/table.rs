//! Everybody seen so far.
//!
//! Bounded whatever comes. There is room for so many of each standing: those on the allow list, strangers who answered our
//! own questions, and other strangers. Who comes in large numbers pushes out only those of its own standing who were seen
//! longest ago, so that neither a thousand faces of a known server nor a thousand strangers who answer nobody hide the one
//! that answers. How many were pushed out is counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use super::key::{Key, ServerId, Speaks};
use super::sighting::{Asked, Gives, Offered, Sighting, Took};
use crate::time::{Instant, Timestamp};
use crate::wire::v4::{MessageType, Xid};
use crate::wire::v6;
use crate::wire::{HwAddr, Mac, Prefix};

/// Servers kept at a time.
pub const MAX_SERVERS: usize = 4096;
/// Server identifiers kept of one sender; who uses more is one server with many faces. A relay has fewer behind it.
pub const MAX_IDENTIFIERS: usize = 64;
/// Addresses kept of those a server offered.
const MAX_ADDRESSES: usize = 16;
/// Different answers kept of one server, addresses left aside; honest ones give few.
const MAX_ANSWERS: usize = 16;
/// Transactions remembered of one server.
const MAX_TRANSACTIONS: usize = 16;
/// Questions of ours remembered of one server: those of six rounds, and answers to what was asked again come within one.
const MAX_QUESTIONS: usize = 64;
/// Interfaces remembered of one server.
const MAX_INTERFACES: usize = 16;
/// Who offers one thing, then another and then the first again within so long was not merely set up anew.
const TO_AND_FRO: Duration = Duration::from_mins(1);

/// How many of each kind came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// OFFERs.
    pub offers: u64,
    /// ACKs.
    pub acks: u64,
    /// NAKs.
    pub naks: u64,
    /// BOOTP replies: no message type.
    pub bootp: u64,
    /// DHCPv6's ADVERTISE.
    pub advertises: u64,
    /// DHCPv6's REPLY.
    pub replies: u64,
    /// DHCPv6's RECONFIGURE.
    pub reconfigures: u64,
    /// Router advertisements.
    pub adverts: u64,
    /// Anything else.
    pub other: u64,
}

/// One of the different answers that a server gives, addresses and lease times left aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it offers; the address is the last one that came with it.
    pub offered: Offered,
    /// It answers an ordinary DISCOVER of ours, which asks for everything: what is missing there is not offered.
    pub complete: bool,
    /// When it came last.
    pub heard: Instant,
}

impl Answer {
    /// The network that it offers addresses of.
    pub(super) fn network(&self) -> Option<Prefix> {
        let offered = &self.offered;
        offered.address.zip(offered.prefix()).map(|(address, length)| Prefix::of(address, length))
    }
}

/// How well a server is known, which decides whom others push out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// On no list, and never answered what we asked.
    #[default]
    Stranger,
    /// On no list, but it answers us.
    Answering,
    /// On the allow list.
    Known,
}

impl Standing {
    fn index(self) -> usize {
        match self {
            Self::Stranger => 0,
            Self::Answering => 1,
            Self::Known => 2,
        }
    }
}

/// One server and what is known of it.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// Who it is.
    pub key: Key,
    /// Where it was heard, in the order of its first words there.
    pub interfaces: Vec<Arc<str>>,
    /// When it was first heard.
    pub first_seen: Timestamp,
    /// When it was heard last.
    pub last_seen: Timestamp,
    /// The same on the clock that silence is measured by.
    pub heard: Instant,
    /// How many messages came from it.
    pub answers: u64,
    /// Of which kinds.
    pub counts: MessageCounts,
    /// The probes it answered.
    pub answered: Vec<&'static str>,
    /// How long its quickest answer took, since that question of ours was asked last.
    pub latency: Option<Duration>,
    /// How long its quickest offer took since that question was asked first: so long a client waits. Of a server that offers no
    /// address or prefix, how long it took to tell what it has.
    pub since_first: Option<Duration>,
    /// It speaks to PXE clients.
    pub pxe: bool,
    /// The fullest of the offers it made; of equals the latest.
    pub offered: Offered,
    /// It answered an ordinary DISCOVER of ours, which asks for everything: what is missing there it does not offer.
    pub complete: bool,
    /// Every different answer it gave; what was once said stays said.
    pub answers_given: Vec<Answer>,
    /// The shortest and the longest lease it offered, in seconds.
    pub leases: Option<(u32, u32)>,
    /// In what it contradicts itself, and when it last did.
    pub contradiction: Option<(Instant, String)>,
    /// Addresses it offered, the latest last.
    pub addresses: Vec<Ipv4Addr>,
    /// The same of DHCPv6.
    pub addresses6: Vec<Ipv6Addr>,
    /// Prefixes it offered to delegate, with their lengths, the latest last.
    pub prefixes6: Vec<(Ipv6Addr, u8)>,
    /// It sent a RECONFIGURE that proves nothing.
    pub reconfigures: bool,
    /// It bound an address that another server had leased to the client: that one's identifier.
    pub extends: Option<(Ipv6Addr, ServerId)>,
    /// The server in whose place it answered.
    pub claims: Option<Ipv4Addr>,
    /// It refused a request that was meant for this server.
    pub refused_for: Option<Ipv4Addr>,
    /// An address it offered that somebody uses.
    pub in_use: Option<(Ipv4Addr, Mac)>,
    /// Messages with identifiers beyond [`MAX_IDENTIFIERS`].
    pub folded: u64,
    /// What was offered in the last transactions.
    pub(crate) transactions: VecDeque<(Instant, Xid, HwAddr, Offered)>,
    /// The last answers to an ordinary DISCOVER of ours, and when each came.
    pub(crate) sequence: VecDeque<(Instant, Answer)>,
    /// The questions of ours that it answered last.
    pub(crate) questions: VecDeque<u32>,
    /// The most that it gave, to us or to others.
    pub(crate) given: Gives,
    /// What [`since_first`](Self::since_first) was waited for.
    pub(crate) gives: Gives,
    pub(crate) rank: u64,
    pub(crate) standing: Standing,
}

/// What is known about one sender, whatever identifiers it uses.
#[derive(Clone, Debug, Default)]
struct Sender {
    identifiers: Vec<ServerId>,
    nameless: bool,
}

/// Everybody seen so far.
#[allow(clippy::struct_field_names, reason = "nothing else says what it holds")]
#[derive(Clone, Debug)]
pub struct Servers {
    limit: usize,
    servers: HashMap<Key, Server>,
    senders: HashMap<Key, Sender>,
    /// Those of each standing, by when they were heard last.
    order: [BTreeMap<u64, Key>; 3],
    clock: u64,
    /// Servers that were pushed out.
    pub forgotten: u64,
    /// Messages counted.
    pub answers: u64,
    /// How long our questions waited for answers.
    pub latencies: Latencies,
}

/// How long questions waited for each server's first answer, as Prometheus counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// How many took at most so long as [`Latencies::BOUNDS`] says and longer than the bound before; the last: longer than any.
    pub counts: [u64; 9],
    /// All of them taken together.
    pub sum: Duration,
}

impl Latencies {
    /// Milliseconds.
    pub const BOUNDS: [u64; 8] = [1, 5, 20, 100, 500, 1000, 2500, 5000];

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn add(&mut self, latency: Duration) {
        let at = Self::BOUNDS.partition_point(|bound| Duration::from_millis(*bound) < latency);
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
        self.sum = self.sum.saturating_add(latency);
    }
}

impl Default for Servers {
    fn default() -> Self {
        Self::with_limit(MAX_SERVERS)
    }
}

impl Servers {
    /// Keeps so many of each standing at most.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            servers: HashMap::new(),
            senders: HashMap::new(),
            order: Default::default(),
            clock: 0,
            forgotten: 0,
            answers: 0,
            latencies: Latencies::default(),
        }
    }

    /// Counts a message, of a server on the allow list if it `is_known`. Returns the server's key.
    pub fn add(&mut self, sighting: &Sighting, is_known: bool) -> Key {
        self.answers = self.answers.saturating_add(1);
        let (key, folded) = self.attribute(&sighting.key);
        let rank = self.next_rank();
        let server = self.servers.entry(key.clone()).or_insert_with(|| Server {
            key: key.clone(),
            first_seen: sighting.when.time,
            last_seen: sighting.when.time,
            heard: sighting.when.at,
            ..Server::default()
        });
        if let Some(order) = self.order.get_mut(server.standing.index()) {
            order.remove(&server.rank);
        }
        let answers_us = matches!(sighting.asked, Asked::Us { .. });
        let standing = match (is_known, answers_us) {
            (true, _) => Standing::Known,
            (false, true) => Standing::Answering,
            (false, false) => Standing::Stranger,
        };
        (server.rank, server.standing) = (rank, server.standing.max(standing));
        let standing = server.standing.index();
        server.see(sighting);
        let gives = sighting.gives();
        server.given = server.given.max(gives);
        let waited = sighting.took.and_then(|took| server.waited(took, gives));
        if folded {
            server.folded = server.folded.saturating_add(1);
        }
        if let Some(waited) = waited {
            self.latencies.add(waited);
        }
        let Some(order) = self.order.get_mut(standing) else { return key };
        order.insert(rank, key.clone());
        let pushed_out = if order.len() > self.limit { order.pop_first() } else { None };
        if let Some((_, oldest)) = pushed_out {
            self.forgotten = self.forgotten.saturating_add(1);
            self.drop_server(&oldest);
        }
        key
    }

    /// Forgets a server.
    pub fn remove(&mut self, key: &Key) {
        if let Some(server) = self.servers.get(key) {
            if let Some(order) = self.order.get_mut(server.standing.index()) {
                order.remove(&server.rank);
            }
            self.drop_server(key);
        }
    }

    /// Forgets what servers have not said again since `before`, as long as they said something later.
    pub fn forget_answers(&mut self, before: Instant) {
        for server in self.servers.values_mut() {
            server.forget_answers(before);
        }
    }

    /// Notes that `address` is used by `mac`: whoever offered it offers an address in use. Returns those who did.
    pub fn note_in_use(&mut self, interface: Option<&Arc<str>>, address: Ipv4Addr, mac: Mac) -> Vec<Key> {
        let mut guilty = Vec::new();
        for server in self.servers.values_mut() {
            let is_here = interface.is_none_or(|interface| server.interfaces.contains(interface));
            if is_here && server.addresses.contains(&address) {
                server.in_use = Some((address, mac));
                guilty.push(server.key.clone());
            }
        }
        guilty
    }

    /// Notes that a server bound an address that `owner` had leased to the same client.
    pub fn note_extends(&mut self, key: &Key, address: Ipv6Addr, owner: ServerId) {
        if let Some(server) = self.servers.get_mut(key) {
            server.extends.get_or_insert((address, owner));
        }
    }

    /// The server with this key.
    pub fn find(&self, key: &Key) -> Option<&Server> {
        self.servers.get(key)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Server> {
        self.servers.values()
    }

    /// All of them, by address and identifier.
    pub fn sorted(&self) -> Vec<&Server> {
        let mut all: Vec<&Server> = self.servers.values().collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    fn next_rank(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1);
        self.clock
    }

    /// Whose message it is. A message without identifier belongs to the only identifier of its sender, if there is
    /// exactly one; a sender with too many is one server. True when the identifier was folded away.
    fn attribute(&mut self, key: &Key) -> (Key, bool) {
        let source = key.source();
        let sender = self.senders.entry(source.clone()).or_default();
        match (key.server_id.clone(), sender.identifiers.as_slice()) {
            (None, [only]) => (Key { server_id: Some(only.clone()), ..source }, false),
            (None, _) => {
                sender.nameless = true;
                (source, false)
            }
            (Some(id), []) if std::mem::take(&mut sender.nameless) => {
                sender.identifiers.push(id);
                self.rename(&source, key);
                (key.clone(), false)
            }
            (Some(id), known) if known.contains(&id) => (key.clone(), false),
            (Some(_), known) if known.len() >= MAX_IDENTIFIERS => {
                sender.nameless = true;
                (source, true)
            }
            (Some(id), _) => {
                sender.identifiers.push(id);
                (key.clone(), false)
            }
        }
    }

    fn rename(&mut self, from: &Key, to: &Key) {
        let Some(mut server) = self.servers.remove(from) else { return };
        server.key = to.clone();
        let order = self.order.get_mut(server.standing.index());
        if let Some(place) = order.and_then(|order| order.get_mut(&server.rank)) {
            *place = to.clone();
        }
        self.servers.insert(to.clone(), server);
    }

    fn drop_server(&mut self, key: &Key) {
        self.servers.remove(key);
        let source = key.source();
        if let Some(sender) = self.senders.get_mut(&source) {
            match &key.server_id {
                Some(id) => sender.identifiers.retain(|known| known != id),
                None => sender.nameless = false,
            }
            if sender.identifiers.is_empty() && !sender.nameless {
                self.senders.remove(&source);
            }
        }
    }
}

impl Server {
    /// True when it does what is expected of it: who only listens is content to hear it, who asked wants to be given something. What
    /// a router says is for all.
    pub fn serves(&self, asked: bool) -> bool {
        match (asked, self.key.speaks) {
            (false, _) => true,
            (true, Speaks::Ra) => self.gives_anybody(),
            (true, _) => self.since_first.is_some(),
        }
    }

    /// True when it gives something, to whomever.
    pub fn gives_anybody(&self) -> bool {
        self.given > Gives::Nothing
    }

    /// Takes note of how quick an answer was. How long its question had waited, where this is the first offer of a lease to it: what
    /// comes to one asked again says nothing of how long a client waits.
    fn waited(&mut self, took: Took, gives: Gives) -> Option<Duration> {
        self.latency = self.latency.into_iter().chain([took.latency]).min();
        if gives == Gives::Nothing || gives < self.gives {
            return None;
        }
        if gives > self.gives {
            (self.gives, self.since_first) = (gives, None);
        }
        self.since_first = self.since_first.into_iter().chain([took.since_first]).min();
        if self.questions.contains(&took.question) {
            return None;
        }
        if self.questions.len() >= MAX_QUESTIONS {
            self.questions.pop_front();
        }
        self.questions.push_back(took.question);
        (gives == Gives::Lease).then_some(took.since_first)
    }

    fn see(&mut self, sighting: &Sighting) {
        // The time of day may have been set back meanwhile.
        if sighting.when.at >= self.heard {
            (self.heard, self.last_seen) = (sighting.when.at, sighting.when.time);
        }
        self.answers = self.answers.saturating_add(1);
        if let Some(interface) = &sighting.interface
            && self.interfaces.len() < MAX_INTERFACES
            && !self.interfaces.contains(interface)
        {
            self.interfaces.push(Arc::clone(interface));
        }
        let count = match (sighting.key.speaks, sighting.kind, sighting.kind6) {
            _ if sighting.is_cut => &mut self.counts.other,
            (Speaks::Dhcpv4, Some(MessageType::OFFER), _) => &mut self.counts.offers,
            (Speaks::Dhcpv4, Some(MessageType::ACK), _) => &mut self.counts.acks,
            (Speaks::Dhcpv4, Some(MessageType::NAK), _) => &mut self.counts.naks,
            (Speaks::Dhcpv4, None, _) => &mut self.counts.bootp,
            (Speaks::Dhcpv6, _, Some(v6::MessageType::ADVERTISE)) => &mut self.counts.advertises,
            (Speaks::Dhcpv6, _, Some(v6::MessageType::REPLY)) => &mut self.counts.replies,
            (Speaks::Dhcpv6, _, Some(v6::MessageType::RECONFIGURE)) => &mut self.counts.reconfigures,
            (Speaks::Ra, ..) => &mut self.counts.adverts,
            _ => &mut self.counts.other,
        };
        *count = count.saturating_add(1);
        self.pxe |= sighting.pxe;
        let is_nak = sighting.kind == Some(MessageType::NAK);
        let named = sighting.key.named();
        match &sighting.asked {
            Asked::Us { probe, bogus_server } => {
                if !self.answered.contains(probe) {
                    self.answered.push(probe);
                }
                if let Some(bogus) = *bogus_server {
                    if named == Some(bogus) || sighting.kind == Some(MessageType::ACK) {
                        self.claims.get_or_insert(bogus);
                    } else if is_nak {
                        self.refused_for.get_or_insert(bogus);
                    }
                }
            }
            Asked::Client { chosen: Some(chosen) } if named.is_some_and(|named| named != *chosen) => {
                if is_nak {
                    self.refused_for.get_or_insert(*chosen);
                } else if sighting.kind == Some(MessageType::ACK) {
                    self.claims.get_or_insert(*chosen);
                }
            }
            Asked::Client { .. } | Asked::Unknown => {}
        }
        self.reconfigures |= sighting.offered.six.as_ref().is_some_and(|six| six.reconfigures);
        // Answers to lease queries and the like speak of other clients' addresses.
        if sighting.is_cut || !matches!(sighting.kind, None | Some(MessageType::OFFER | MessageType::ACK)) {
            return;
        }
        self.keep_answer(sighting);
        let offered = &sighting.offered;
        if let Some(six) = &offered.six {
            for address in &six.addresses {
                keep(&mut self.addresses6, *address);
            }
            for prefix in &six.delegated {
                keep(&mut self.prefixes6, *prefix);
            }
            // A message that speaks of nothing it offers replaces nothing.
            if six.is_empty() {
                return;
            }
        }
        if let Some(address) = offered.address
            && !self.addresses.contains(&address)
        {
            if self.addresses.len() >= MAX_ADDRESSES {
                self.addresses.remove(0);
            }
            self.addresses.push(address);
        }
        let ordinary =
            matches!(sighting.asked, Asked::Us { probe: "discover" | "solicit" | "router-solicitation", .. });
        let mut other = offered.clone();
        if ordinary || (!self.complete && offered.weight() >= self.offered.weight()) {
            self.complete |= ordinary;
            std::mem::swap(&mut self.offered, &mut other);
        }
        self.offered.keep_steering(other);
    }

    /// Keeps a different answer, and notices a contradiction.
    fn keep_answer(&mut self, sighting: &Sighting) {
        let (now, offered) = (sighting.when.at, &sighting.offered);
        if let Some(lease) = offered.lease_time {
            let (least, most) = self.leases.unwrap_or((lease, lease));
            self.leases = Some((least.min(lease), most.max(lease)));
        }
        let complete = matches!(
            sighting.asked,
            Asked::Us { probe: "discover" | "own-mac" | "solicit" | "router-solicitation", .. }
        );
        let answer = Answer { offered: offered.clone(), complete, heard: now };
        let same = |other: &Answer| other.complete == complete && other.offered.steers_like(offered);
        if let Some(known) = self.answers_given.iter_mut().find(|other| same(other)) {
            *known = answer.clone();
        } else if self.answers_given.len() < MAX_ANSWERS {
            self.answers_given.push(answer.clone());
        } else {
            self.contradiction = Some((now, format!("it gives more than {MAX_ANSWERS} different answers")));
        }
        // To one client in one transaction; routers speak to everybody.
        let (xid, client) = (sighting.xid, sighting.client);
        let is_recent = |since: &Instant| now <= since.after(TO_AND_FRO);
        let to_one = sighting.key.speaks != Speaks::Ra;
        self.transactions.retain(|(since, ..)| is_recent(since));
        let before =
            self.transactions.iter().find(|(_, known, of, _)| to_one && *known == xid && *of == client);
        if let Some(found) = before.and_then(|(.., before)| before.contradicts(offered)) {
            self.contradiction = Some((now, format!("it offers the same client {found}")));
        } else if before.is_none() && to_one {
            if self.transactions.len() >= MAX_TRANSACTIONS {
                self.transactions.pop_front();
            }
            self.transactions.push_back((now, xid, client, offered.clone()));
        }
        if !complete {
            return;
        }
        // To different clients of one network: one thing, another, and the first again.
        if let [(since, first), .., (_, last)] = self.sequence.make_contiguous()
            && is_recent(since)
            && first.network() == answer.network()
            && last.network() == answer.network()
            && first.offered.contradicts(offered).is_none()
            && let Some(found) = last.offered.contradicts(offered)
        {
            self.contradiction =
                Some((now, format!("within a minute it offers {found} and the first again")));
        }
        let is_new = self.sequence.back().is_none_or(|(_, last)| {
            last.network() != answer.network() || last.offered.contradicts(offered).is_some()
        });
        if is_new {
            if self.sequence.len() >= 2 {
                self.sequence.pop_front();
            }
            self.sequence.push_back((now, answer));
        } else if let Some((at, _)) = self.sequence.back_mut() {
            *at = now;
        }
    }

    fn forget_answers(&mut self, before: Instant) {
        if self.answers_given.iter().all(|answer| answer.heard < before) {
            return;
        }
        self.answers_given.retain(|answer| answer.heard >= before);
        if self.contradiction.as_ref().is_some_and(|(at, _)| *at < before) {
            self.contradiction = None;
        }
    }
}

/// Keeps one more of what was offered, the oldest of too many goes.
fn keep<T: PartialEq>(all: &mut Vec<T>, item: T) {
    if !all.contains(&item) {
        if all.len() >= MAX_ADDRESSES {
            all.remove(0);
        }
        all.push(item);
    }
}

#[cfg(test)]
mod tests;
