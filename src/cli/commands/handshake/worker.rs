//! The lanes of a run: threads that move frames between sockets and [`Load`].

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::Duration;

use super::tally::Tally;
use crate::engine::load::{Batch, Finished, Lane, Load, Plan};
use crate::engine::v4::arp::{Resolver, Step};
use crate::net::NetError;
use crate::net::batch::{BatchOptions, BatchSocket};
use crate::net::filter::Filter;
use crate::net::privilege;
use crate::net::sandbox::{self, Needs};
use crate::net::signals::Signals;
use crate::time::{Clock as _, Instant, SystemClock, Timestamp};
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::build::arp_frame;
use crate::wire::frame::peek::Ethernet;

/// Frames per system call.
const BATCH: usize = 64;
/// Receive buffer of a lane, in bytes.
const BUFFER: usize = 32 << 20;
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
pub(super) struct Setup {
    /// The interface.
    pub(super) interface: String,
    /// The interface's hardware address.
    pub(super) own_mac: Mac,
    /// Lanes, each with a thread of its own.
    pub(super) threads: u32,
    /// The port answers come to.
    pub(super) port: u16,
    /// The port messages go to.
    pub(super) server_port: u16,
    /// Take departure times from the kernel's copies of what was sent.
    pub(super) kernel_stamps: bool,
    /// Tell of each exchange.
    pub(super) each: bool,
    /// Hand over every frame.
    pub(super) frames: bool,
    /// Relay addresses that are not the interface's own: who asks for them is answered.
    pub(super) answer_for: Vec<Ipv4Addr>,
    /// Confine the threads that parse packets.
    pub(super) confined: bool,
}

/// Something a lane tells while it runs.
#[derive(Debug)]
pub(super) enum News {
    /// Exchanges that ended.
    Finished(Vec<Finished>),
    /// Frames that passed: when, and whether they were sent.
    Frames(Vec<(Timestamp, bool, Vec<u8>)>),
}

/// What lanes tell all the time.
#[derive(Debug, Default)]
pub(super) struct Board {
    /// Exchanges begun.
    pub(super) begun: AtomicU64,
    /// Exchanges completed.
    pub(super) completed: AtomicU64,
    /// Exchanges under way.
    pub(super) in_flight: AtomicU64,
    /// How often the user wanted to stop.
    stops: AtomicU8,
}

/// How often the one who watches is called.
const TICK: Duration = Duration::from_millis(100);

/// Runs `plan` to its end. `opened_all` is called when every socket is open and nothing has been sent; `news` is told
/// what happens, `tick` now and then how far it is.
pub(super) fn run(
    plan: &Plan,
    setup: &Setup,
    signals: &Signals,
    opened_all: &mut dyn FnMut() -> Result<(), NetError>,
    news: &mut dyn FnMut(News) -> bool,
    tick: &mut dyn FnMut(&Board),
) -> Result<Tally, NetError> {
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
fn watch(
    told: &Receiver<News>,
    signals: &Signals,
    board: &Board,
    news: &mut dyn FnMut(News) -> bool,
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
}

impl Wires {
    fn open(setup: &Setup, lane: Lane, plan: &Plan) -> Result<Self, NetError> {
        let mask = 1_u32.wrapping_shl(lane.bits()).wrapping_sub(1);
        let first = lane.index == 0 && (plan.watch_checks || !setup.answer_for.is_empty());
        let probes = first || plan.answer_arp;
        let filter = Filter { outgoing: false, port: setup.port, lane: (mask, lane.index), probes };
        let options = BatchOptions {
            batch: BATCH,
            buffer: BUFFER,
            stamps: true,
            filter: Some(filter),
            promiscuous: true,
            ..BatchOptions::default()
        };
        let copies = Filter { outgoing: true, port: setup.server_port, probes: false, ..filter };
        let tap = BatchOptions { filter: Some(copies), promiscuous: false, ..options };
        Ok(Self {
            main: BatchSocket::open(&setup.interface, &options)?,
            copies: setup.kernel_stamps.then(|| BatchSocket::open(&setup.interface, &tap)).transpose()?,
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

/// Runs a lane. Whatever ends it, it tells what it measured and which leases are left.
fn drive(
    mut load: Load,
    mut wires: Wires,
    setup: &Setup,
    start: Instant,
    board: &Board,
    tell: &SyncSender<News>,
) -> Tally {
    let mut tally = Tally { start, end: start, kernel_stamps: setup.kernel_stamps, ..Tally::default() };
    let ending = turns(&mut load, &mut wires, setup, board, tell, &mut tally);
    account(&mut load, &mut tally, setup.each, tell);
    tally.broken = ending.err().map(|error| error.to_string());
    tally.counters = *load.counters();
    tally.leases = load.leases().collect();
    tally.exhausted_at = load.exhausted_at();
    tally.shortest_lease = load.shortest_lease();
    tally.memory = load.memory();
    tally
}

/// Sends and receives until the lane is over.
fn turns(
    load: &mut Load,
    wires: &mut Wires,
    setup: &Setup,
    board: &Board,
    tell: &SyncSender<News>,
    tally: &mut Tally,
) -> Result<(), NetError> {
    let mut batch = Batch::new(BATCH);
    let mut stops = 0;
    let mut told = (0, 0, 0);
    // Since when the link has been down, and the batch has waited.
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
        load.on_time(SystemClock.now());
        let mut idle = true;
        for _ in 0..BURST {
            let now = SystemClock.now();
            if stuck.is_none() {
                load.transmit(now, &mut batch);
                if batch.is_empty() {
                    break;
                }
            }
            load.sent(&batch, SystemClock.now());
            match wires.main.send(batch.arena(), batch.spans()) {
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
                sent => sent?,
            }
            stuck = None;
            idle = false;
        }
        // Answers first, then the copies of what was asked: a copy is queued before its answer can come, so none is
        // missed; and then the answers are judged with the copies' stamps.
        let dips = tally.dips;
        let arrived = fill(&mut wires.main, &mut tally.dips)?;
        let mut frames = Vec::new();
        if let Some(copies) = &mut wires.copies {
            while fill(copies, &mut tally.dips)? > 0 {
                for copy in copies.frames() {
                    load.on_copy(copy.at, copy.frame);
                    if setup.frames {
                        frames.push((copy.time, true, copy.frame.to_vec()));
                    }
                }
            }
        }
        if tally.dips > dips {
            load.link_dipped();
        }
        let mut answers = Vec::new();
        for frame in wires.main.frames().take(arrived) {
            load.on_frame(frame.at, frame.frame);
            if setup.frames {
                frames.push((frame.time, false, frame.frame.to_vec()));
            }
            if let Some((arp, mac)) = question(frame.frame, setup, load) {
                answers.push(arp_frame(&arp.reply(mac), mac, arp.sender_mac, &[]));
            }
        }
        for answer in &answers {
            match wires.main.send(answer, std::slice::from_ref(&(0..answer.len()))) {
                Err(NetError::Down { .. }) => {}
                sent => sent?,
            }
        }
        account(load, tally, setup.each, tell);
        if !frames.is_empty() {
            frames.sort_by_key(|(time, ..)| *time);
            let _ = tell.send(News::Frames(frames));
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

fn account(load: &mut Load, tally: &mut Tally, each: bool, tell: &SyncSender<News>) {
    tally.counters = *load.counters();
    let mut list = Vec::new();
    for finished in load.take_finished() {
        // An exchange that was given up ended with a wait, which says nothing about the server's pace.
        if finished.failure.is_none() || tally.counters.completed() == 0 {
            tally.end = tally.end.max(finished.ended);
        }
        tally.delays.record(&finished);
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
fn show(load: &Load, board: &Board, told: &mut (u64, u64, u64)) {
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

/// The ARP request in a frame that asks for a relay or a client of ours, and whose MAC answers it.
fn question(frame: &[u8], setup: &Setup, load: &Load) -> Option<(Arp, Mac)> {
    let arp = Ethernet::read(frame)?.arp()?;
    if arp.operation != Arp::REQUEST {
        return None;
    }
    let relay = setup.answer_for.contains(&arp.target_ip).then_some(setup.own_mac);
    Some((arp, relay.or_else(|| load.holder(arp.target_ip))?))
}

/// Finds the MAC of `target` as the host with `mac` and `sender`.
pub(super) fn resolve(
    interface: &str,
    mac: Mac,
    sender: Ipv4Addr,
    target: Ipv4Addr,
    signals: &Signals,
) -> Result<Option<Mac>, NetError> {
    let filter = Filter { outgoing: false, port: 0, lane: (0, 0), probes: true };
    let options = BatchOptions { filter: Some(filter), ..BatchOptions::default() };
    let mut socket = BatchSocket::open(interface, &options)?;
    let mut resolver = Resolver::new(target, mac, sender);
    loop {
        match resolver.step(SystemClock.now()) {
            Step::Over => return Ok(None),
            Step::Send(arp) => {
                let frame = arp_frame(&arp, mac, Mac::BROADCAST, &[]);
                socket.send(&frame, std::slice::from_ref(&(0..frame.len())))?;
            }
            Step::Wait(until) => socket.wait(Some(signals), Some(until))?,
        }
        if signals.next().is_some() {
            return Ok(None);
        }
        socket.fill()?;
        let answer = socket.frames().find_map(|frame| {
            let arp = Ethernet::read(frame.frame)?.arp()?;
            resolver.answer(&arp)
        });
        if answer.is_some() {
            return Ok(answer);
        }
    }
}
