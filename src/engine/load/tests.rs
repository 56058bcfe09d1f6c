//! Whole runs against simulated servers, under a clock that only these tests move.

#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use super::v4::template::{MAC_MARK, XID_MARK};
use std::net::Ipv4Addr;

use super::*;
use crate::engine::drive::Batch;
use crate::engine::pair::{Arrivals, Counterpart, Pair};
use crate::engine::v4::recipe::Recipe;
use crate::engine::{Arrival, Machine as _};
use crate::time::{Clock as _, Timestamp};
use crate::wire::Mac;
use crate::wire::frame::Envelope;
use crate::wire::v4::{Message, MessageType, Xid};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const MS: i64 = 1_000_000;
const SECOND: i64 = 1000 * MS;

fn templates() -> Templates {
    Templates::of(&Templates::drafts(&Recipe::new(MAC_MARK, Xid(XID_MARK)), None))
}

/// What is sent to servers on the segment.
pub(crate) fn family() -> V4 {
    V4 {
        templates: templates(),
        relays: Vec::new(),
        next_hop: None,
        server: None,
        answer_arp: true,
        stands_for: Vec::new(),
        vlans: Vec::new(),
    }
}

fn plan(rate: Rate, count: u64, clients: u32) -> Plan<V4> {
    Plan {
        family: family(),
        macs: Macs::made(1, clients),
        pace: Pace { rate, ramp: Duration::ZERO, count: Some(count), duration: None },
        max_in_flight: 4096,
        timeouts: vec![Duration::from_secs(1)],
        after: After::Release,
        mix: Vec::new(),
        seed: 5,
        watch_checks: true,
        remember_holders: true,
    }
}

/// Bends an answer, given its number; false keeps it back.
type Twist = fn(&mut Message, u64) -> bool;

/// A server that works off one message after the other.
struct Server {
    /// Time for one message.
    work: i64,
    /// Messages that fit into its queue.
    room: usize,
    /// It does nothing for so long at the beginning of every second.
    stall: i64,
    pool: u32,
    ip: Ipv4Addr,
    busy_until: i64,
    queue: std::collections::VecDeque<i64>,
    leases: BTreeMap<Mac, Ipv4Addr>,
    free: BTreeSet<Ipv4Addr>,
    seen: BTreeMap<MessageType, u64>,
    twist: Twist,
    answers: u64,
    mac: Mac,
    silent_to_discover: bool,
    /// So many RELEASEs do not arrive.
    lost_releases: u32,
}

impl Server {
    fn new(work: i64) -> Self {
        Self {
            work,
            room: 1000,
            stall: 0,
            pool: 60_000,
            ip: SERVER,
            busy_until: 0,
            queue: std::collections::VecDeque::new(),
            leases: BTreeMap::new(),
            free: BTreeSet::new(),
            seen: BTreeMap::new(),
            twist: |_, _| true,
            answers: 0,
            mac: SERVER_MAC,
            silent_to_discover: false,
            lost_releases: 0,
        }
    }

    fn answer(&mut self, now: i64, frame: &[u8]) -> Option<(i64, Vec<u8>)> {
        while self.queue.front().is_some_and(|done| *done <= now) {
            self.queue.pop_front();
        }
        if self.queue.len() >= self.room {
            return None;
        }
        let mut at = self.busy_until.max(now);
        if at % SECOND < self.stall {
            at += self.stall - at % SECOND;
        }
        at += self.work;
        self.busy_until = at;
        self.queue.push_back(at);
        let request = Message::decode(&frame[42..]);
        let kind = request.message_type().unwrap();
        *self.seen.entry(kind).or_default() += 1;
        let mac = request.client().mac().unwrap();
        let held = self.leases.get(&mac).copied();
        let (kind, address) = match kind {
            MessageType::DISCOVER if self.silent_to_discover => return None,
            MessageType::RELEASE if frame[..6] != self.mac.0 => return None,
            MessageType::RELEASE if self.lost_releases > 0 => {
                self.lost_releases -= 1;
                return None;
            }
            MessageType::DISCOVER => {
                let fresh = || {
                    let used = u32::try_from(self.leases.len()).unwrap();
                    (used < self.pool).then(|| Ipv4Addr::from(0x0a00_0100 + used))
                };
                (MessageType::OFFER, held.or_else(|| self.free.first().copied()).or_else(fresh)?)
            }
            MessageType::REQUEST => {
                let asked = request.ip_option(50).unwrap_or(request.ciaddr);
                self.free.remove(&asked);
                self.leases.insert(mac, asked);
                (MessageType::ACK, asked)
            }
            MessageType::INFORM => (MessageType::ACK, Ipv4Addr::UNSPECIFIED),
            MessageType::RELEASE => {
                assert!(
                    held.is_none_or(|held| held == request.ciaddr),
                    "{mac} gives back what it does not hold"
                );
                self.leases.remove(&mac);
                self.free.insert(request.ciaddr);
                return None;
            }
            other => panic!("{other}"),
        };
        let mut reply = Message::reply(kind, &request);
        reply.yiaddr = address;
        reply.set_option(54, &self.ip.octets());
        reply.set_option(51, &3600_u32.to_be_bytes());
        self.answers += 1;
        if !(self.twist)(&mut reply, self.answers) {
            return None;
        }
        let mut envelope = Envelope::broadcast(self.mac);
        (envelope.src_ip, envelope.src_port, envelope.dst_port) = (self.ip, 67, 68);
        Some((at, envelope.frame(&reply.encode_padded())))
    }
}

/// What came out of a run.
pub(crate) struct Outcome<F: Family> {
    pub(crate) load: Load<F>,
    pub(crate) finished: Vec<Finished<F::Lease>>,
    pub(crate) now: i64,
}

impl<F: Family> Outcome<F> {
    /// A percentile in milliseconds.
    fn percentile(&self, share: usize, of: impl Fn(&Finished<F::Lease>) -> Option<i64>) -> i64 {
        let mut values: Vec<i64> = self.finished.iter().filter_map(of).collect();
        values.sort_unstable();
        values[(values.len() - 1) * share / 100] / MS
    }
}

/// A server of a run.
pub(crate) trait Scripted {
    /// It is there from now on.
    fn begin(&mut self, now: i64);
    /// Takes a frame; its answer, and when that comes.
    fn receive(&mut self, now: i64, frame: &[u8]) -> Option<(i64, Vec<u8>)>;
}

/// All servers of a run, at the far end of a cable.
struct Servers<'a, S>(&'a mut [S]);

impl<S: Scripted> Counterpart for Servers<'_, S> {
    fn receive(&mut self, now: Instant, frame: &[u8], arrivals: &mut Arrivals) {
        for (at, frame) in self.0.iter_mut().filter_map(|server| server.receive(now.0, frame)) {
            arrivals.carry(Instant(at), frame);
        }
    }
}

impl Scripted for Server {
    fn begin(&mut self, now: i64) {
        self.busy_until = now;
    }

    fn receive(&mut self, now: i64, frame: &[u8]) -> Option<(i64, Vec<u8>)> {
        self.answer(now, frame)
    }
}

pub(crate) fn run<F: Family, S: Scripted>(plan: Plan<F>, servers: &mut [S]) -> Outcome<F> {
    run_until(plan, servers, i64::MAX)
}

pub(crate) fn run_until<F: Family, S: Scripted>(
    plan: Plan<F>,
    servers: &mut [S],
    stop_at: i64,
) -> Outcome<F> {
    let mut load = Load::new(plan, Lane::ONLY);
    let start = Instant(10 * SECOND);
    load.begin(start);
    for server in servers.iter_mut() {
        server.begin(start.0);
    }
    let mut pair = Pair::new(start, Servers(servers));
    if stop_at < i64::MAX {
        pair.arrivals.interrupt(Instant(stop_at));
    }
    let ending = pair.run_in_batches(&mut load, 64);
    assert!(ending.error.is_none() && load.is_over(), "{ending:?}");
    let finished = load.take_finished().collect();
    Outcome { load, finished, now: pair.clock.now().0 }
}

#[test]
fn all_complete_and_every_lease_is_given_back() {
    let mut servers = [Server::new(MS)];
    let outcome = run(plan(Rate::Open(100_000), 500, 50), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.attempts, counters.completed(), counters.released), (500, 500, 500));
    // Nothing was lost, and many RELEASEs are a load: none is sent again.
    assert_eq!((counters.sent, counters.released_again), (1500, 0));
    assert_eq!((counters.received, counters.duplicates, counters.late), (1000, 0, 0));
    assert!(servers[0].leases.is_empty());
    assert_eq!(outcome.load.held(), 0);
    assert_eq!(outcome.load.shortest_lease(), Some(3600));
    let last = outcome.finished.last().unwrap();
    assert_eq!(last.scheduled, Instant(10 * SECOND + 4990 * MS));
    assert_eq!((last.offer_ns(), last.ack_ns(), last.total_ns()), (Some(MS), Some(MS), Some(2 * MS)));
}

/// The heart of the matter: a server that stalls for 200 ms in every second.
#[test]
fn an_open_loop_shows_a_stall_that_a_closed_loop_hides() {
    let stalling = || {
        let mut server = Server::new(MS / 100);
        server.stall = 200 * MS;
        [server]
    };
    let mut open = plan(Rate::Open(200_000), 2000, 1000);
    open.after = After::Keep;
    let shown = run(open.clone(), &mut stalling());
    // A fifth of all exchanges begin within a stall and wait for its end: 100 ms at the 90th percentile, and one in a
    // hundred nearly all of it.
    let p99 = shown.percentile(99, Finished::scheduled_ns);
    assert!((185..=201).contains(&p99), "{p99}");
    assert!((90..=110).contains(&shown.percentile(90, Finished::scheduled_ns)));
    assert_eq!(shown.percentile(50, Finished::scheduled_ns), 0);

    let closed = Plan { max_in_flight: 1, ..open.clone() };
    let closed = Plan { pace: Pace { rate: Rate::Closed(Duration::ZERO), ..open.pace }, ..closed };
    let mut count = closed;
    count.pace.count = Some(100_000);
    let hidden = run(count, &mut stalling());
    assert!(hidden.percentile(99, Finished::scheduled_ns) < 1, "one in a thousand meets the stall");

    // An open loop without room begins late, and says so: from the wire the latency is small, from the schedule it is not.
    let starved = run(Plan { max_in_flight: 1, ..open }, &mut stalling());
    assert!(starved.percentile(90, Finished::total_ns) < 1);
    assert!(starved.percentile(99, Finished::scheduled_ns) >= 185);
}

#[test]
fn the_search_finds_what_a_server_can_do() {
    // 250 µs a message and two messages a handshake: 2000 handshakes per second, kept leases.
    for (work, truth) in [(MS / 4, 2000.0), (20 * MS, 25.0), (MS / 20, 10_000.0)] {
        let slo: Slo = "p99<50ms,loss<0.1%".parse().unwrap();
        let mut search = Search::new(10.0, 1e6);
        while let Some(rate) = search.next() {
            let milli = u64::try_from(Duration::from_secs_f64(rate).as_millis()).unwrap();
            let mut plan = plan(Rate::Open(milli), 1 << 40, 50_000);
            plan.after = After::Keep;
            plan.pace.count = None;
            plan.pace.duration = Some(Duration::from_secs(3));
            let outcome = run(plan, &mut [Server::new(work)]);
            let counters = outcome.load.counters();
            let broken = slo.broken(|figure| match figure {
                Figure::Loss => Some(counters.loss()),
                _ => u32::try_from(outcome.percentile(99, Finished::scheduled_ns)).ok().map(f64::from),
            });
            search.tell(broken.is_empty());
        }
        let found = search.found().unwrap();
        assert!((found - truth).abs() < truth * 0.05, "{found} of {truth}");
    }
}

#[test]
fn each_failure_is_told_apart() {
    let cases: [(Twist, [u64; 5]); 6] = [
        (|_, _| false, [4, 0, 0, 0, 0]),
        (|reply, _| reply.message_type() == Some(MessageType::OFFER), [0, 4, 0, 0, 0]),
        (
            |reply, _| {
                if reply.message_type() == Some(MessageType::ACK) {
                    reply.set_option(53, &[6]);
                }
                true
            },
            [0, 0, 4, 0, 0],
        ),
        (
            |reply, _| {
                if reply.message_type() == Some(MessageType::ACK) {
                    reply.yiaddr = [10, 9, 9, 9].into();
                }
                true
            },
            [0, 0, 0, 4, 0],
        ),
        (
            |reply, number| {
                if number % 2 == 0 {
                    reply.set_option(54, &[10, 0, 0, 9]);
                }
                true
            },
            [0, 0, 0, 0, 4],
        ),
        (
            |reply, _| {
                reply.yiaddr = [0, 0, 0, 0].into();
                true
            },
            [4, 0, 0, 0, 0],
        ),
    ];
    for (index, (twist, want)) in cases.into_iter().enumerate() {
        let mut server = Server::new(MS);
        server.twist = twist;
        let mut plan = plan(Rate::Closed(Duration::from_millis(100)), 4, 4);
        plan.after = After::Keep;
        let outcome = run(plan, &mut [server]);
        let c = outcome.load.counters();
        assert_eq!([c.no_offer, c.no_ack, c.nak, c.address_changed, c.server_changed], want, "case {index}");
        assert_eq!((c.attempts, c.completed()), (4, 0));
        assert!((c.loss() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn what_was_not_answered_is_asked_again_and_late_answers_are_told_from_losses() {
    let mut server = Server::new(MS);
    server.twist = |_, number| number != 1;
    let mut plan = plan(Rate::Closed(Duration::ZERO), 3, 1);
    plan.timeouts = vec![Duration::from_millis(100), Duration::from_millis(200)];
    let outcome = run(plan.clone(), &mut [server]);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.retransmitted), (3, 1));
    assert_eq!(outcome.finished[0].repeated, 1);
    assert_eq!(outcome.finished[0].offer_ns(), Some(101 * MS), "counted from the first DISCOVER");

    // Slower than anybody waits: each answer comes, but to an exchange that was given up.
    plan.timeouts = vec![Duration::from_millis(100)];
    let outcome = run(plan, &mut [Server::new(150 * MS)]);
    let counters = outcome.load.counters();
    assert_eq!((counters.no_offer, counters.late), (3, 2), "the last answer comes after the end");
}

#[test]
fn an_ack_that_comes_too_late_is_given_back() {
    let mut server = Server::new(60 * MS);
    server.stall = 0;
    let mut plan = plan(Rate::Closed(Duration::from_millis(400)), 2, 1);
    plan.timeouts = vec![Duration::from_millis(100)];
    server.twist = |_, _| true;
    let mut servers = [server];
    // The second server makes the first one's queue matter: every message costs 60 ms, so the ACK is in time.
    let outcome = run(plan.clone(), &mut servers);
    assert_eq!(outcome.load.counters().completed(), 2);
    assert!(servers[0].leases.is_empty());
    // With 120 ms nothing is in time, but whatever the server gave is given back.
    plan.timeouts = vec![Duration::from_millis(130)];
    let mut servers = [Server::new(120 * MS)];
    servers[0].twist = |_, _| true;
    let outcome = run(plan, &mut servers);
    assert_eq!(outcome.load.counters().completed(), 2);
    assert!(servers[0].leases.is_empty());
}

#[test]
fn an_empty_pool_is_reported_with_the_number_of_clients() {
    let mut server = Server::new(MS);
    server.pool = 30;
    let mut plan = plan(Rate::Open(100_000), 40, 40);
    plan.after = After::Hold;
    let mut servers = [server];
    let outcome = run(plan, &mut servers);
    assert_eq!(outcome.load.exhausted_at(), Some(30));
    assert_eq!(outcome.load.counters().no_offer, 10);
    assert!(servers[0].leases.is_empty(), "held leases are given back at the end");
    assert_eq!(outcome.load.held(), 0);
}

#[test]
fn one_server_among_several_is_taken() {
    let mut other = Server::new(MS / 2);
    other.ip = [10, 0, 0, 2].into();
    other.twist = |reply, _| reply.message_type() == Some(MessageType::OFFER);
    let mut plan = plan(Rate::Closed(Duration::from_millis(10)), 10, 10);
    plan.family.server = Some(SERVER);
    plan.after = After::Keep;
    let outcome = run(plan, &mut [other, Server::new(MS)]);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.other_offers), (10, 10));
    assert!(outcome.finished.iter().all(|finished| finished.lease.server == SERVER.octets()));
}

#[test]
fn who_was_not_chosen_ends_nothing() {
    // An authoritative server refuses whatever another one leased, and always first.
    let mut other = Server::new(MS / 10);
    other.ip = [10, 0, 0, 2].into();
    other.mac = Mac([2, 0, 0, 0, 0, 2]);
    other.twist = |reply, _| {
        reply.set_option(53, &[6]);
        reply.yiaddr = Ipv4Addr::UNSPECIFIED;
        true
    };
    other.silent_to_discover = true;
    let mut servers = [other, Server::new(MS)];
    let outcome = run(plan(Rate::Closed(Duration::from_millis(10)), 20, 20), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.nak, counters.other_naks), (20, 0, 20));
    assert!(servers[1].leases.is_empty(), "every lease is given back");
    assert!(outcome.finished.iter().all(|finished| finished.lease.server == SERVER.octets()));
}

#[test]
fn who_binds_unasked_gets_it_back() {
    let mut other = Server::new(MS / 10);
    other.ip = [10, 0, 0, 2].into();
    other.mac = Mac([2, 0, 0, 0, 0, 2]);
    other.silent_to_discover = true;
    let mut servers = [other, Server::new(MS)];
    let outcome = run(plan(Rate::Closed(Duration::from_millis(10)), 20, 20), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!((counters.completed(), counters.server_changed, counters.other_acks), (20, 0, 20));
    assert!(servers.iter().all(|server| server.leases.is_empty()), "both got theirs back");
}

#[test]
fn a_release_that_is_lost_is_sent_again() {
    let mut servers = [Server::new(MS)];
    servers[0].lost_releases = 30;
    let outcome = run(plan(Rate::Closed(Duration::from_millis(10)), 20, 20), &mut servers);
    assert_eq!(outcome.load.counters().released, 20);
    assert!(servers[0].leases.is_empty());
}

#[test]
fn a_mix_is_kept_to_its_weights() {
    let mut plan = plan(Rate::Open(1_000_000), 5000, 20);
    plan.mix = vec![
        (Kind::Renew, 6),
        (Kind::Rebind, 1),
        (Kind::InitReboot, 1),
        (Kind::Inform, 1),
        (Kind::Release, 1),
    ];
    plan.after = After::Hold;
    let mut servers = [Server::new(MS / 10)];
    let outcome = run(plan.clone(), &mut servers);
    let counters = outcome.load.counters();
    assert_eq!(counters.completed(), 5000, "{counters:?}");
    let share = |kind: Kind| counters.completed[kind.index()] * 100 / 5000;
    // Each RELEASE makes the next exchange of that client a handshake.
    assert!(
        (8..=11).contains(&share(Kind::Release)) && (8..=11).contains(&share(Kind::Handshake)),
        "{counters:?}"
    );
    assert!(
        (51..=58).contains(&share(Kind::Renew)) && (8..=11).contains(&share(Kind::Inform)),
        "{counters:?}"
    );
    assert!(servers[0].leases.is_empty());
    let again = run(plan, &mut [Server::new(MS / 10)]);
    assert_eq!(again.finished, outcome.finished, "the same seed, the same run");
}

#[test]
fn stopping_breaks_off_and_gives_back() {
    let mut plan = plan(Rate::Open(1_000_000), 1_000_000, 500);
    plan.after = After::Hold;
    let mut servers = [Server::new(MS / 4)];
    let outcome = run_until(plan, &mut servers, 10 * SECOND + 205 * MS + MS / 4);
    let counters = outcome.load.counters();
    assert!(counters.completed() > 50 && counters.interrupted > 0, "{counters:?}");
    assert_eq!(counters.attempts, counters.completed());
    assert!(outcome.now < 30 * SECOND);
}

#[test]
fn what_had_only_not_begun_when_it_was_stopped_is_no_loss() {
    let (begin, due) = (10 * SECOND, 10 * SECOND + 20 * MS + 1);
    for (looked, unsent) in [(false, 0), (true, 1)] {
        let mut load = Load::new(plan(Rate::Open(50_000), 1000, 1), Lane::ONLY);
        transmit(&mut load, begin, &mut Batch::default());
        if looked {
            // The only client is busy.
            transmit(&mut load, due, &mut Batch::default());
        }
        load.stop(Instant(due));
        assert_eq!(load.counters().unsent, unsent);
    }
}

/// Takes what is to be sent at `now`, which leaves at once.
fn transmit<F: Family>(load: &mut Load<F>, now: i64, batch: &mut Batch) {
    load.on_time(Instant(now));
    batch.fill(load, 64);
    for (id, _) in batch.frames() {
        load.on_sent(id, Instant(now));
    }
}

fn arrive<F: Family>(load: &mut Load<F>, at: i64, frame: &[u8]) {
    load.on_frame(&Arrival::whole(Instant(at), Timestamp(at), frame));
}

#[test]
fn a_server_check_is_noticed() {
    let mut load = Load::new(plan(Rate::Closed(Duration::ZERO), 1, 1), Lane::ONLY);
    let mut batch = Batch::default();
    transmit(&mut load, SECOND, &mut batch);
    let (id, discover) = batch.frames().next().map(|(id, frame)| (id, frame.to_vec())).unwrap();
    load.on_sent(id, Instant(SECOND + 5));
    let arp = crate::wire::arp::Arp::request(SERVER_MAC, SERVER, [10, 0, 1, 0].into());
    let probe = crate::wire::frame::build::arp_frame(&arp, SERVER_MAC, Mac::BROADCAST, &[]);
    arrive(&mut load, SECOND + 10, &probe);
    let mut server = Server::new(MS);
    let (_, offer) = server.answer(SECOND, &discover).unwrap();
    arrive(&mut load, 2 * SECOND, &offer);
    arrive(&mut load, 2 * SECOND, &offer);
    transmit(&mut load, 2 * SECOND, &mut batch);
    load.on_sent(id, Instant(2 * SECOND + 7));
    let (_, ack) = server.answer(2 * SECOND, batch.frames().next().unwrap().1).unwrap();
    arrive(&mut load, 3 * SECOND, &ack);
    let finished: Vec<Finished<Lease4>> = load.take_finished().collect();
    assert_eq!(finished[0].check, Some(Check::Arp));
    assert_eq!(finished[0].offer_ns(), Some(SECOND - 5), "the kernel's own stamp counts");
    assert_eq!(finished[0].ack_ns(), Some(SECOND), "and a late stamp of another message does not");
    assert_eq!((finished[0].repeated, load.counters().duplicates), (0, 1));
}

/// The addresses that are given back by what is to be sent.
fn given_back(batch: &Batch) -> Vec<Ipv4Addr> {
    let messages = batch.frames().map(|(_, frame)| Message::decode(&frame[42..]));
    let releases = messages.filter(|message| message.message_type() == Some(MessageType::RELEASE));
    releases.map(|release| release.ciaddr).collect()
}

#[test]
fn a_second_grant_of_another_address_is_given_back() {
    for (after, want) in [(After::Release, 2), (After::Hold, 2), (After::Keep, 0)] {
        let other_one = Ipv4Addr::new(10, 0, 1, 0x40);
        let mut load = Load::new(Plan { after, ..plan(Rate::Closed(Duration::ZERO), 1, 1) }, Lane::ONLY);
        let (mut batch, mut server) = (Batch::default(), Server::new(MS));
        transmit(&mut load, SECOND, &mut batch);
        for at in [1, 2] {
            let (_, answer) = server.answer(at * SECOND, batch.frames().next().unwrap().1).unwrap();
            arrive(&mut load, at * SECOND + MS, &answer);
            if at == 2 {
                let mut other = answer.clone();
                // yiaddr; what it costs is the UDP checksum.
                other[42 + 19] ^= 0x40;
                for frame in [&answer, &other, &answer] {
                    arrive(&mut load, at * SECOND + 2 * MS, frame);
                }
            }
            transmit(&mut load, at * SECOND + 3 * MS, &mut batch);
        }
        let mut released = given_back(&batch);
        transmit(&mut load, 2 * SECOND + 4 * MS, &mut batch);
        released.extend(given_back(&batch));
        assert_eq!(released.len(), want, "{after:?}: {released:?}");
        assert_eq!(released.contains(&other_one), want > 0, "{released:?}");
        assert_eq!(load.counters().duplicates, 3);
    }
}

#[test]
fn lanes_together_keep_the_schedule_of_one() {
    let whole = plan(Rate::Open(3_000_000), 100, 50);
    let mut begins = Vec::new();
    for index in 0..3 {
        let mut load = Load::new(Plan { max_in_flight: 4096, ..whole.clone() }, Lane { index, count: 3 });
        let mut batch = Batch::default();
        load.begin(Instant(0));
        let mut now = 0;
        while now < SECOND {
            transmit(&mut load, now, &mut batch);
            for _ in batch.frames() {
                begins.push(now);
            }
            now += SECOND / 3000;
        }
        assert_eq!(load.in_flight(), 17 - usize::from(index == 2), "its share of the clients");
    }
    assert_eq!(begins.len(), 50);
}

#[test]
fn memory_does_not_grow_with_the_number_of_exchanges() {
    let mut small = plan(Rate::Open(50_000_000), 1000, 2000);
    small.after = After::Release;
    let few = run(small.clone(), &mut [Server::new(MS / 1000)]).load.memory();
    small.pace.count = Some(20_000);
    let many = run(small, &mut [Server::new(MS / 1000)]).load.memory();
    assert_eq!(few, many);
    let large = Load::new(
        Plan { macs: Macs::made(1, 100_000), max_in_flight: 65_536, ..plan(Rate::Open(1000), 1, 1) },
        Lane::ONLY,
    );
    assert!(large.memory() < 20_000_000, "{}", large.memory());
}

#[test]
fn who_asks_for_a_client_or_a_relay_is_answered() {
    let relay = Ipv4Addr::new(192, 0, 2, 1);
    let mut plan = plan(Rate::Closed(Duration::from_secs(9)), 2, 1);
    (plan.after, plan.family.stands_for) = (After::Hold, vec![(relay, SERVER_MAC)]);
    let mut load = Load::new(plan, Lane::ONLY);
    let (mut server, mut batch) = (Server::new(MS), Batch::default());
    for step in 1..3 {
        transmit(&mut load, step * SECOND, &mut batch);
        let (_, answer) = server.answer(step * SECOND, batch.frames().next().unwrap().1).unwrap();
        arrive(&mut load, step * SECOND + MS, &answer);
    }
    let (client, address) = server.leases.first_key_value().map(|(mac, ip)| (*mac, *ip)).unwrap();
    let sent = load.counters().sent;
    for (target, mac) in [(address, client), (relay, SERVER_MAC)] {
        let asker = Mac([2, 0, 0, 0, 0, 9]);
        let question = crate::wire::arp::Arp::request(asker, SERVER, target);
        let ask = crate::wire::frame::build::arp_frame(&question, asker, Mac::BROADCAST, &[]);
        arrive(&mut load, 3 * SECOND, &ask);
        transmit(&mut load, 3 * SECOND, &mut batch);
        let answer = crate::wire::frame::build::arp_frame(&question.reply(mac), mac, asker, &[]);
        assert_eq!(batch.frames().map(|(_, frame)| frame).collect::<Vec<_>>(), [answer]);
    }
    assert_eq!(load.counters().sent, sent, "which is no message of DHCP");
}
