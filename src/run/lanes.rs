//! The lanes of a run: threads that move frames between sockets and [`Load`].

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::Duration;

pub mod files;
mod overheard;

pub use overheard::Overheard;

use crate::engine::Machine as _;
use crate::engine::drive::{Driver, Passed, Proof, Wire, Witness};
use crate::engine::load::{Family, Finished, Held, Lane, Leased, Load, Plan, Tally};
use crate::engine::v4::arp::{Resolver, Step};
use crate::engine::v6::neighbor::{NeighborWord, SeenNeighbor};
use crate::net::batch::{BatchFrame, BatchOptions, BatchSocket};
use crate::net::filter::Filter;
use crate::net::privilege;
use crate::net::sandbox::{self, Needs};
use crate::net::signals::Signals;
use crate::net::{NetError, Received};
use crate::time::{Clock as _, Instant, Precision, SystemClock, Timestamp};
use crate::wire::Mac;
use crate::wire::frame::build::arp_frame;
use crate::wire::frame::peek::Ethernet;
use crate::wire::frame::{Envelope6, LinkType, Protocol};
use crate::wire::nd::HOP_LIMIT;
use crate::wire::neighbor::{Neighbor, solicited_node};

/// Frames per system call.
const BATCH: usize = 64;
/// Frames that one system call takes in. Four times as many as it sends: under load that is a tenth more handshakes a second, and more
/// bring nothing.
const READ_AT_ONCE: usize = 256;
/// Receive buffer of a lane, in bytes.
const BUFFER: usize = 32 << 20;
/// The socket of a lane takes a whole batch.
impl Wire for BatchSocket {
    fn send(&mut self, arena: &[u8], spans: &[Range<usize>]) -> Result<(), NetError> {
        Self::send(self, arena, spans)
    }
}

/// Batches sent before answers are looked at again.
const BURST: usize = 2;
/// A lane looks up at least this often, to hear that it should stop.
const NAP: Duration = Duration::from_millis(50);
/// So long a lane waits for a link that went down; what it has to send waits too.
const LINK_WAIT: Duration = Duration::from_secs(5);
/// Lanes start together, this long after they were made.
const HEAD_START: Duration = Duration::from_millis(5);

/// What a run needs beside its plan.
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub struct Setup {
    /// The interface.
    pub interface: String,
    /// Lanes, each with a thread of its own.
    pub threads: u32,
    /// The port answers come to.
    pub port: u16,
    /// The port messages go to.
    pub server_port: u16,
    /// Take departure times from the kernel's copies of what was sent.
    pub kernel_stamps: bool,
    /// Tell of each exchange.
    pub each: bool,
    /// Hand over every frame.
    pub frames: bool,
    /// Tell of leases within a second of their being bound, for who keeps them against a sudden end.
    pub leases: bool,
    /// Confine the threads that parse packets.
    pub confined: bool,
    /// Who listens, on the first lane, to what may explain silence.
    pub overheard: Option<Overheard>,
}

/// Something a lane tells while it runs.
#[derive(Debug)]
pub enum News<L> {
    /// Exchanges that ended.
    Finished(Vec<Finished<L>>),
    /// Frames that passed: when, and whether they were sent.
    Frames(Vec<(Timestamp, bool, Vec<u8>)>),
    /// Leases that were bound lately. They may have been given back since.
    Bound(Vec<Held<L>>),
}

/// What lanes tell all the time.
#[derive(Debug, Default)]
pub struct Board {
    /// Exchanges begun.
    pub begun: AtomicU64,
    /// Exchanges completed.
    pub completed: AtomicU64,
    /// Exchanges under way.
    pub in_flight: AtomicU64,
    /// How often the user wanted to stop.
    stops: AtomicU8,
}

/// How often the one who watches is called.
const TICK: Duration = Duration::from_millis(100);

/// Runs `plan` to its end. `opened_all` is called when every socket is open and nothing has been sent; `news` is told
/// what happens, `tick` now and then how far it is.
pub fn run<F: Family>(
    plan: &Plan<F>,
    setup: &Setup,
    signals: &Signals,
    opened_all: &mut dyn FnMut() -> Result<(), NetError>,
    news: &mut dyn FnMut(News<F::Lease>) -> bool,
    tick: &mut dyn FnMut(&Board),
) -> Result<Tally<F::Lease>, NetError> {
    let board = Board::default();
    let count = setup.threads.max(1);
    // Every lane opens its own sockets; none starts before all have theirs.
    let (opened, results) = sync_channel(usize::try_from(count).unwrap_or(1));
    let (gate, go) = (Barrier::new(usize::try_from(count.saturating_add(1)).unwrap_or(2)), OnceLock::new());
    let (tell, told) = sync_channel(256);
    let mut total = Tally::default();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for index in 0..count {
            let lane = Lane { index, count };
            let load = Load::new(plan.clone(), lane);
            let (board, gate, go, tell, opened) = (&board, &gate, &go, tell.clone(), opened.clone());
            let work = move || {
                let wires = Wires::open(setup, lane, plan);
                let (wires, result) = match wires {
                    Ok(wires) => (Some(wires), Ok(())),
                    Err(error) => (None, Err(error)),
                };
                let _ = opened.send(result);
                gate.wait();
                match (wires, go.get()) {
                    (Some(wires), Some(start)) => {
                        let result = confine(setup).map(|()| drive(load, wires, setup, *start, board, &tell));
                        if result.as_ref().map_or(true, |tally| tally.broken.is_some()) {
                            // One lane alone would give figures that mean nothing.
                            board.stops.fetch_add(1, Ordering::Relaxed);
                        }
                        result
                    }
                    _ => Ok(Tally::default()),
                }
            };
            threads.push(thread::Builder::new().name(format!("lane {index}")).spawn_scoped(scope, work));
        }
        drop((tell, opened));
        let spawned = threads.len();
        let threads: Vec<_> = threads.into_iter().flatten().collect();
        let ready = if threads.len() == spawned {
            results.iter().take(spawned).collect::<Result<(), NetError>>()
        } else {
            Err(NetError::io("start", "a thread", std::io::Error::other("the system has no more")))
        };
        let ready = ready.and_then(|()| opened_all());
        if ready.is_ok() {
            let _ = go.set(SystemClock.now().after(HEAD_START));
        }
        // Those that could not be started do not wait at the gate.
        for _ in threads.len()..spawned {
            scope.spawn(|| gate.wait());
        }
        gate.wait();
        watch(&told, signals, &board, news, tick);
        for thread in threads {
            match thread.join() {
                Ok(tally) => total.merge(tally?),
                Err(_) => return Err(NetError::io("run", "a lane", std::io::Error::other("it ended early"))),
            }
        }
        ready
    })?;
    total.stopped = board.stops.load(Ordering::Relaxed) > 0;
    Ok(total)
}

/// Gives up what a lane no longer needs once its sockets are open. Rights and filters are each thread's own, and a search
/// opens new sockets later: so the lanes, which parse what comes from the network, are confined one by one.
fn confine(setup: &Setup) -> Result<(), NetError> {
    privilege::drop_capabilities()?;
    if setup.confined {
        sandbox::enter_thread(&Needs::default())?;
    }
    Ok(())
}

/// Hands on news until every lane is done.
fn watch<L>(
    told: &Receiver<News<L>>,
    signals: &Signals,
    board: &Board,
    news: &mut dyn FnMut(News<L>) -> bool,
    tick: &mut dyn FnMut(&Board),
) {
    let stop = || board.stops.fetch_add(1, Ordering::Relaxed);
    let mut listening = true;
    let mut last = SystemClock.now();
    loop {
        if signals.next().is_some() {
            stop();
        }
        match told.recv_timeout(TICK) {
            Ok(message) => {
                if listening && !news(message) {
                    listening = false;
                    stop();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = SystemClock.now();
        if now >= last.after(TICK) {
            last = now;
            tick(board);
        }
    }
}

/// The sockets of a lane.
struct Wires {
    main: BatchSocket,
    /// Sees what `main` sends.
    copies: Option<BatchSocket>,
    overheard: Option<Overheard>,
}

impl Wires {
    fn open<F: Family>(setup: &Setup, lane: Lane, plan: &Plan<F>) -> Result<Self, NetError> {
        let mask = 1_u32.wrapping_shl(lane.bits()).wrapping_sub(1);
        let asked = plan.watch_checks || plan.family.stands_for_somebody() || setup.overheard.is_some();
        let first = lane.index == 0 && asked;
        let probes = first || plan.remember_holders;
        // Where the kernel cannot tell whose an answer is, every lane looks at all of them.
        let lane_bits = if plan.family.has_plain_xid() { (mask, lane.index) } else { (0, 0) };
        let filter =
            Filter { protocol: F::PROTOCOL, outgoing: false, port: setup.port, lane: lane_bits, probes };
        let options = BatchOptions {
            batch: READ_AT_ONCE,
            buffer: BUFFER,
            stamps: true,
            filter: Some(filter),
            promiscuous: true,
            // Who looks at what others say must know of which VLAN they say it.
            tags: probes,
            ..BatchOptions::default()
        };
        let copies = Filter { outgoing: true, port: setup.server_port, probes: false, ..filter };
        let tap = BatchOptions { filter: Some(copies), promiscuous: false, ..options };
        Ok(Self {
            main: BatchSocket::open(&setup.interface, &options)?,
            copies: setup.kernel_stamps.then(|| BatchSocket::open(&setup.interface, &tap)).transpose()?,
            overheard: setup.overheard.clone().filter(|_| first),
        })
    }
}

/// Reads what has arrived; a link that is down brings nothing, and is counted.
fn fill(socket: &mut BatchSocket, dips: &mut u32) -> Result<usize, NetError> {
    match socket.fill() {
        Err(NetError::Down { .. }) => {
            *dips = dips.saturating_add(1);
            Ok(0)
        }
        filled => filled,
    }
}

impl Wires {
    /// Takes what has arrived: answers first, then the copies of what was asked, for a copy is queued before its answer can
    /// come, so none is missed; and then the answers are judged with the copies' stamps.
    fn receive<F: Family>(
        &mut self,
        load: &mut Load<F>,
        driver: &mut Driver,
        kept: &mut Kept,
        tally: &mut Tally<F::Lease>,
    ) -> Result<usize, NetError> {
        let dips = tally.dips;
        let silent = tally.counters.completed() == 0;
        let mut overheard = self.overheard.as_mut().filter(|_| silent);
        let arrived = fill(&mut self.main, &mut tally.dips)?;
        if let Some(copies) = &mut self.copies {
            while fill(copies, &mut tally.dips)? > 0 {
                for copy in copies.frames() {
                    pass(driver, load, &copy, true, kept);
                    if let Some(overheard) = &mut overheard {
                        overheard.left();
                    }
                }
            }
        }
        if tally.dips > dips {
            load.link_dipped();
        }
        for frame in self.main.frames().take(arrived) {
            pass(driver, load, &frame, false, kept);
            if let Some(overheard) = &mut overheard {
                overheard.arrived(frame.at, frame.frame);
            }
        }
        Ok(arrived)
    }
}

fn pass<F: Family>(
    driver: &mut Driver,
    load: &mut Load<F>,
    frame: &BatchFrame<'_>,
    outgoing: bool,
    kept: &mut Kept,
) {
    let BatchFrame { frame, at, time, .. } = *frame;
    let received = Received { at, time, frame, original_len: frame.len(), outgoing };
    driver.pass(load, LinkType::ETHERNET, Precision::Nano, &received, kept);
}

/// Runs a lane. Whatever ends it, it tells what it measured and which leases are left.
fn drive<F: Family>(
    mut load: Load<F>,
    mut wires: Wires,
    setup: &Setup,
    start: Instant,
    board: &Board,
    tell: &SyncSender<News<F::Lease>>,
) -> Tally<F::Lease> {
    let mut tally = Tally { start, end: start, kernel_stamps: setup.kernel_stamps, ..Tally::default() };
    let ending = turns(&mut load, &mut wires, setup, board, tell, &mut tally);
    account(&mut load, &mut tally, setup.each, None, tell);
    tally.too_long = wires.main.too_long();
    tally.broken = ending.err().map(|error| error.to_string());
    tally.counters = *load.counters();
    tally.leases = load.leases().collect();
    tally.exhausted_at = load.exhausted_at();
    tally.statuses = load.statuses();
    tally.shortest_lease = load.shortest_lease();
    tally.memory = load.memory();
    if let Some(overheard) = wires.overheard.take() {
        tally.overheard = overheard.findings(setup.kernel_stamps.then_some(tally.counters.sent));
    }
    tally
}

/// Frames that passed, for who keeps them.
#[derive(Default)]
struct Kept {
    wanted: bool,
    frames: Vec<(Timestamp, bool, Vec<u8>)>,
}

impl Witness for Kept {
    fn passed(&mut self, passed: &Passed<'_>) -> bool {
        if self.wanted {
            self.frames.push((passed.time, passed.outgoing, passed.frame.to_vec()));
        }
        true
    }

    /// What cannot be sent is kept until the link is up again.
    fn bears(&mut self, _: &NetError) -> bool {
        false
    }
}

/// Leases that were bound and not told yet.
struct Bound<L: Leased> {
    list: Vec<Held<L>>,
    told: Instant,
    /// What each client was given last in this run: who gets the same again and again is told once.
    known: HashMap<u32, L>,
}

/// How long and how many are gathered.
const GATHER: Duration = Duration::from_millis(500);
const GATHERED: usize = 1024;

impl<L: Leased> Bound<L> {
    fn add(&mut self, held: Held<L>) {
        let before = self.known.insert(held.number, held.lease);
        let is_known = |before: L| before.is_by_server_of(&held.lease) && held.lease.is_within(&before);
        if !before.is_some_and(is_known) {
            self.list.push(held);
        }
    }

    /// Tells what was gathered. Nobody waits for who listens: then it is told later, and all of it stands in the file at the end.
    fn hand_over(&mut self, tell: &SyncSender<News<L>>) {
        if self.list.is_empty() || self.list.len() < GATHERED && SystemClock.now() < self.told.after(GATHER) {
            return;
        }
        if let Err(TrySendError::Full(News::Bound(list))) =
            tell.try_send(News::Bound(std::mem::take(&mut self.list)))
        {
            self.list = list;
        }
        self.told = SystemClock.now();
    }
}

/// Sends and receives until the lane is over.
fn turns<F: Family>(
    load: &mut Load<F>,
    wires: &mut Wires,
    setup: &Setup,
    board: &Board,
    tell: &SyncSender<News<F::Lease>>,
    tally: &mut Tally<F::Lease>,
) -> Result<(), NetError> {
    let proof = if wires.copies.is_some() { Proof::Both } else { Proof::HandedOver };
    let mut driver = Driver::new(BATCH, proof, &[setup.port, setup.server_port]);
    let mut kept = Kept { wanted: setup.frames, ..Kept::default() };
    let mut bound =
        setup.leases.then(|| Bound { list: Vec::new(), told: tally.start, known: HashMap::new() });
    let mut stops = 0;
    let mut told = (0, 0, 0);
    // Since when the link has been down, and a batch has waited.
    let mut stuck: Option<Instant> = None;
    load.begin(tally.start);
    loop {
        let wanted = board.stops.load(Ordering::Relaxed);
        if wanted > stops {
            stops = wanted;
            load.stop(SystemClock.now());
            if wanted > 1 {
                // Asked twice: not even leases are given back, they are listed.
                return Ok(());
            }
        }
        let mut idle = true;
        for _ in 0..BURST {
            let now = SystemClock.now();
            load.on_time(now);
            match driver.send(load, &mut wires.main, &SystemClock, &mut kept) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error @ NetError::Down { .. }) => {
                    if stuck.is_none() {
                        load.link_dipped();
                        tally.dips = tally.dips.saturating_add(1);
                    }
                    if now >= stuck.get_or_insert(now).after(LINK_WAIT) {
                        return Err(error);
                    }
                    break;
                }
                // Longer than others, for what was leased or who leased it: lost, as on a wire that is too narrow. Where none fits,
                // there is nothing to measure.
                Err(error @ NetError::FrameSize { .. }) => {
                    if load.counters().sent <= wires.main.too_long() {
                        return Err(error);
                    }
                    driver.went_in_part(load, now);
                }
                Err(error) => return Err(error),
            }
            stuck = None;
            idle = false;
        }
        let arrived = wires.receive(load, &mut driver, &mut kept, tally)?;
        // Who hears that an exchange ended has seen its frames.
        if !kept.frames.is_empty() {
            let mut frames = std::mem::take(&mut kept.frames);
            frames.sort_by_key(|(time, ..)| *time);
            let _ = tell.send(News::Frames(frames));
        }
        account(load, tally, setup.each, bound.as_mut(), tell);
        if let Some(bound) = &mut bound {
            bound.hand_over(tell);
        }
        show(load, board, &mut told);
        if load.is_over() && stuck.is_none() {
            return Ok(());
        }
        if idle && arrived == 0 {
            let now = SystemClock.now();
            let latest = now.after(NAP);
            let deadline = load.deadline().filter(|_| stuck.is_none());
            let deadline = deadline.map_or(latest, |deadline| deadline.min(latest));
            if deadline > now {
                wires.main.wait(None, Some(deadline))?;
            }
        }
    }
}

fn account<F: Family>(
    load: &mut Load<F>,
    tally: &mut Tally<F::Lease>,
    each: bool,
    mut bound: Option<&mut Bound<F::Lease>>,
    tell: &SyncSender<News<F::Lease>>,
) {
    tally.counters = *load.counters();
    let mut list = Vec::new();
    for finished in load.take_finished() {
        // An exchange that was given up ended with a wait, which says nothing about the server's pace.
        if finished.failure.is_none() || tally.counters.completed() == 0 {
            tally.end = tally.end.max(finished.ended);
        }
        tally.delays.record(&finished);
        if let Some(bound) = bound.as_mut().filter(|_| finished.binds()) {
            bound.add(Held { number: finished.client, mac: finished.mac, lease: finished.lease });
        }
        if each {
            list.push(finished);
        }
    }
    if !list.is_empty() {
        // Whoever listened may have gone; then nobody is told.
        let _ = tell.send(News::Finished(list));
    }
}

/// Adds what happened since the last time to the board.
fn show<F: Family>(load: &Load<F>, board: &Board, told: &mut (u64, u64, u64)) {
    let counters = load.counters();
    let in_flight = u64::try_from(load.in_flight()).unwrap_or(u64::MAX);
    let now = (counters.attempts, counters.completed(), in_flight);
    for (place, new, old) in
        [(&board.begun, now.0, told.0), (&board.completed, now.1, told.1), (&board.in_flight, now.2, told.2)]
    {
        if new != old {
            place.fetch_add(new.wrapping_sub(old), Ordering::Relaxed);
        }
    }
    *told = now;
}

/// Finds the MAC of `target` on `vlans` as the host with `mac` and `sender`.
pub fn resolve(
    interface: &str,
    (mac, sender): (Mac, Ipv4Addr),
    target: Ipv4Addr,
    vlans: &[u16],
    signals: &Signals,
) -> Result<Option<Mac>, NetError> {
    let mut resolver = Resolver::new(target, mac, sender);
    let step = |now| match resolver.step(now) {
        Step::Over => Turn::Over,
        Step::Send(arp) => Turn::Send(arp_frame(&arp, mac, Mac::BROADCAST, vlans)),
        Step::Wait(until) => Turn::Wait(until),
    };
    let told = Resolver::new(target, mac, sender);
    let answer = |frame: &[u8]| {
        let ethernet = Ethernet::read(frame).filter(|ethernet| ethernet.is_on(vlans))?;
        told.answer(&ethernet.arp()?)
    };
    ask(interface, Protocol::Dhcpv4, signals, step, answer)
}

/// How often a neighbor is asked for, and how long each time (RFC 4861 §10).
const NEIGHBOR_TRIES: u32 = 3;
const NEIGHBOR_WAIT: Duration = Duration::from_secs(1);

/// Finds the MAC of `target`, a neighbor of the host that sends from `asker`.
pub fn resolve6(
    interface: &str,
    asker: &Envelope6,
    target: Ipv6Addr,
    signals: &Signals,
) -> Result<Option<Mac>, NetError> {
    let group = solicited_node(target);
    let question = Neighbor::solicitation(target, Some(asker.src_mac)).encode();
    let envelope =
        Envelope6 { dst_mac: Envelope6::group_mac(group), dst: group, hop_limit: HOP_LIMIT, ..asker.clone() };
    let (mut tries, mut next) = (0, None);
    let step = |now: Instant| {
        if let Some(until) = next.filter(|until| now < *until) {
            return Turn::Wait(until);
        }
        if tries >= NEIGHBOR_TRIES {
            return Turn::Over;
        }
        tries = tries.saturating_add(1);
        next = Some(now.after(NEIGHBOR_WAIT));
        Turn::Send(envelope.icmpv6(&question, true))
    };
    let answer = |frame: &[u8]| match SeenNeighbor::read(frame, &envelope.vlans)? {
        SeenNeighbor { word: NeighborWord::Neighbor(told), mac, .. }
            if !told.asks && told.target == target =>
        {
            Some(told.link_layer.unwrap_or(mac))
        }
        _ => None,
    };
    ask(interface, Protocol::Dhcpv6, signals, step, answer)
}

/// What is to be done next by who asks for a MAC.
enum Turn {
    Send(Vec<u8>),
    Wait(Instant),
    Over,
}

/// Asks as `step` says until a frame holds the `answer`.
fn ask(
    interface: &str,
    protocol: Protocol,
    signals: &Signals,
    mut step: impl FnMut(Instant) -> Turn,
    answer: impl Fn(&[u8]) -> Option<Mac>,
) -> Result<Option<Mac>, NetError> {
    let filter = Filter { protocol, outgoing: false, port: 0, lane: (0, 0), probes: true };
    let options = BatchOptions { filter: Some(filter), tags: true, ..BatchOptions::default() };
    let mut socket = BatchSocket::open(interface, &options)?;
    loop {
        match step(SystemClock.now()) {
            Turn::Over => return Ok(None),
            Turn::Send(frame) => socket.send(&frame, std::slice::from_ref(&(0..frame.len())))?,
            Turn::Wait(until) => socket.wait(Some(signals), Some(until))?,
        }
        if signals.next().is_some() {
            return Ok(None);
        }
        socket.fill()?;
        let found = socket.frames().find_map(|frame| answer(frame.frame));
        if found.is_some() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::load::Lease4;

    #[test]
    fn a_lease_is_told_again_when_it_is_another_one() {
        let mut bound = Bound { list: Vec::new(), told: Instant::default(), known: HashMap::new() };
        let lease = |address: u8, server: u8| Lease4 {
            address: [10, 0, 0, address],
            server: [10, 0, 0, server],
            ..Lease4::default()
        };
        for (number, lease) in
            [(1, lease(5, 1)), (2, lease(6, 1)), (1, lease(5, 1)), (1, lease(5, 2)), (1, lease(7, 2))]
        {
            bound.add(Held { number, mac: Mac::BROADCAST, lease });
        }
        let told: Vec<_> = bound
            .list
            .iter()
            .map(|held| (held.number, held.lease.address[3], held.lease.server[3]))
            .collect();
        assert_eq!(told, [(1, 5, 1), (2, 6, 1), (1, 5, 2), (1, 7, 2)]);
    }
}
