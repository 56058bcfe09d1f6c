//! A machine and what it talks to, joined by a cable under a clock that only the cable moves: how machines are tried, by the
//! tests beside them, by those of the whole program and by fuzzing.
//!
//! What stands at the far end is a [`Counterpart`]: servers of the lab, or what a test says. Waiting takes no time, and everything
//! comes in the order of its time, so that a run gives the same every time.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use super::drive::{Driver, Ending, Proof, Witness, drive, drive_by};
use super::machine::{Event as Told, Machine};
use crate::net::{NetError, Received, Transport, TransportEvent};
use crate::time::{Aligner, Clock, Instant, Moment, Timestamp};

/// Nobody waits for what comes then.
const NEVER: Instant = Instant(i64::MAX);
/// More than any machine sends, hears or tells at one moment.
const MOST_AT_A_MOMENT: u32 = 100_000;
/// More than any machine waits until it is over.
const MOST_WAITS: u32 = 10_000_000;
/// The time of day at the clock's beginning, in seconds.
const EPOCH: i64 = 1_700_000_000;
/// How long a time of day that jumps stays as it is, in nanoseconds.
const STEADY: i64 = 300_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone, Debug, Default)]
pub struct Hands {
    now: Rc<Cell<i64>>,
    /// By how many seconds the time of day is set, to and fro, all the time.
    pub jump: i64,
}

impl Hands {
    /// A clock that shows `now`.
    pub fn at(now: Instant) -> Self {
        Self { now: Rc::new(Cell::new(now.0)), jump: 0 }
    }

    /// Moves the clock, and all its clones, on to `to`; it never goes back.
    pub fn move_to(&self, to: Instant) {
        self.now.set(self.now.get().max(to.0));
    }
}

impl Clock for Hands {
    fn now(&self) -> Instant {
        Instant(self.now.get())
    }

    fn time(&self) -> Timestamp {
        let now = self.now.get();
        let jumped = now.checked_div(STEADY).unwrap_or(0).rem_euclid(2).saturating_mul(self.jump);
        Timestamp::new(EPOCH.saturating_add(jumped), 0).after(Duration::from_nanos(now.unsigned_abs()))
    }

    fn moment(&self) -> Moment {
        Moment { at: self.now(), time: self.time() }
    }
}

/// What stands at the far end of the cable.
pub trait Counterpart {
    /// Takes a frame that the machine sent.
    fn receive(&mut self, now: Instant, frame: &[u8], arrivals: &mut Arrivals);

    /// When it has something to do without any frame coming in.
    fn next_due(&self) -> Option<Instant> {
        None
    }

    /// Does what is due.
    fn advance(&mut self, now: Instant, arrivals: &mut Arrivals) {
        let _ = (now, arrivals);
    }
}

/// What a test says: what comes back for a frame, and after how long.
impl<R: FnMut(Instant, &[u8]) -> Vec<(Duration, Vec<u8>)>> Counterpart for R {
    fn receive(&mut self, now: Instant, frame: &[u8], arrivals: &mut Arrivals) {
        for (after, frame) in self(now, frame) {
            arrivals.carry(now.after(after), frame);
        }
    }
}

/// What is on its way to the machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Coming {
    Frame(Vec<u8>),
    /// The copy of a frame that left.
    Copy(Vec<u8>),
    /// The user's wish that it ends.
    Interrupt,
}

/// What is on its way to the machine, in the order in which it arrives.
#[derive(Debug, Default)]
pub struct Arrivals {
    coming: BinaryHeap<Reverse<(Instant, u64, Coming)>>,
    number: u64,
}

impl Arrivals {
    /// A frame arrives at `at`.
    pub fn carry(&mut self, at: Instant, frame: Vec<u8>) {
        self.put(at, Coming::Frame(frame));
    }

    /// The user wants it to end, at `at`. Asked a second time, the machine is not even driven to its end.
    pub fn interrupt(&mut self, at: Instant) {
        self.put(at, Coming::Interrupt);
    }

    fn put(&mut self, at: Instant, what: Coming) {
        self.number = self.number.saturating_add(1);
        self.coming.push(Reverse((at, self.number, what)));
    }

    fn first(&self) -> Option<Instant> {
        self.coming.peek().map(|Reverse((at, ..))| *at)
    }
}

/// A cable with something at its far end: what a machine is driven over. Waiting moves the clock.
///
/// A machine that sends, waits or tells without end fails the test.
#[derive(Debug)]
pub struct Pair<F> {
    /// The far end.
    pub far: F,
    /// The clock of both.
    pub clock: Hands,
    /// What is on its way.
    pub arrivals: Arrivals,
    /// What is sent vanishes, and is not seen leaving.
    pub mute: bool,
    /// The link is down from the one until the other.
    pub dip: Option<[Instant; 2]>,
    told_of_dip: bool,
    /// Frames are seen leaving, as by who captures on a real link.
    copies: bool,
    current: Vec<u8>,
    waits: u32,
    waits_at_this_moment: u32,
    sent_in_a_row: u32,
}

impl<F: Counterpart> Pair<F> {
    /// A cable to `far` from `start` on.
    pub fn new(start: Instant, far: F) -> Self {
        Self {
            far,
            clock: Hands::at(start),
            arrivals: Arrivals::default(),
            mute: false,
            dip: None,
            told_of_dip: false,
            copies: true,
            current: Vec::new(),
            waits: 0,
            waits_at_this_moment: 0,
            sent_in_a_row: 0,
        }
    }

    /// Drives a machine to its end, as over a real link.
    pub fn run(&mut self, machine: &mut dyn Machine) -> Ending {
        self.watched(machine, &mut Patience::default())
    }

    /// The same, with a witness.
    pub fn watched(&mut self, machine: &mut dyn Machine, witness: &mut dyn Witness) -> Ending {
        let clock = self.clock.clone();
        drive(machine, self, &clock, &[], witness)
    }

    /// Drives a machine to its end that hands over many frames at a time and takes that for their leaving, as a lane of a
    /// load does.
    pub fn run_in_batches(&mut self, machine: &mut dyn Machine, limit: usize) -> Ending {
        let clock = self.clock.clone();
        self.copies = false;
        let driver = Driver::new(limit, Proof::HandedOver, &[]);
        let ending = drive_by(driver, machine, self, &clock, &mut Patience::default());
        self.copies = true;
        ending
    }

    fn is_down(&self) -> bool {
        let now = self.clock.now();
        self.dip.is_some_and(|[from, until]| from <= now && now < until)
    }

    /// Counts a wait that lasts until `next`.
    fn count(&mut self, next: Instant) {
        self.sent_in_a_row = 0;
        self.waits = self.waits.saturating_add(1);
        assert!(self.waits < MOST_WAITS, "it does not end");
        let stands = next == self.clock.now();
        self.waits_at_this_moment = if stands { self.waits_at_this_moment.saturating_add(1) } else { 0 };
        assert!(self.waits_at_this_moment < MOST_AT_A_MOMENT, "time does not go on");
    }
}

fn down() -> NetError {
    NetError::Down { interface: "eth0".to_owned() }
}

impl<F: Counterpart> Transport for Pair<F> {
    fn send(&mut self, frame: &[u8]) -> Result<(), NetError> {
        self.sent_in_a_row = self.sent_in_a_row.saturating_add(1);
        assert!(self.sent_in_a_row < MOST_AT_A_MOMENT, "it sends without end");
        if self.is_down() {
            return Err(down());
        }
        if !self.mute {
            let now = self.clock.now();
            if self.copies {
                self.arrivals.put(now, Coming::Copy(frame.to_vec()));
            }
            self.far.receive(now, frame, &mut self.arrivals);
        }
        Ok(())
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<TransportEvent<'_>, NetError> {
        loop {
            let (first, due) = (self.arrivals.first(), self.far.next_due());
            let next = [first, due, deadline].into_iter().flatten().min().unwrap_or(NEVER);
            if let Some([from, _]) = self.dip.filter(|[from, _]| *from < next && !self.told_of_dip) {
                self.clock.move_to(from);
                self.told_of_dip = true;
                return Err(down());
            }
            let next = next.max(self.clock.now());
            assert!(next < NEVER, "nothing will ever come");
            self.count(next);
            self.clock.move_to(next);
            if first.is_some_and(|first| first <= next)
                && let Some(Reverse((_, _, coming))) = self.arrivals.coming.pop()
            {
                let outgoing = matches!(coming, Coming::Copy(_));
                self.current = match coming {
                    Coming::Frame(frame) | Coming::Copy(frame) => frame,
                    Coming::Interrupt => return Ok(TransportEvent::Interrupted),
                };
                // As a real transport finds a kernel's stamp on its own clock.
                let mut aligner = Aligner::default();
                aligner.read_at(self.clock.moment());
                let time = self.clock.time();
                let (at, original_len) = (aligner.align(time), self.current.len());
                return Ok(TransportEvent::Frame(Received {
                    at,
                    time,
                    frame: &self.current,
                    original_len,
                    outgoing,
                }));
            }
            if due.is_some_and(|due| due <= next) {
                self.far.advance(next, &mut self.arrivals);
                continue;
            }
            return Ok(TransportEvent::Timeout);
        }
    }
}

/// Loses its patience with a machine that tells without end.
#[derive(Debug, Default)]
struct Patience(u32);

impl Witness for Patience {
    fn event(&mut self, _: &Told) {
        self.0 = self.0.saturating_add(1);
        assert!(self.0 < MOST_WAITS, "it tells without end");
    }
}

/// Plays `machine` from `start` until it has no deadline; when that was. `react` sees every frame that it sends, and says what
/// comes back for it and after how long.
#[cfg(test)]
pub(crate) fn play(
    machine: &mut dyn Machine,
    start: Instant,
    react: impl FnMut(Instant, &[u8]) -> Vec<(Duration, Vec<u8>)>,
) -> Instant {
    let mut pair = Pair::new(start, react);
    let ending = pair.run(machine);
    assert!(ending.error.is_none() && !ending.stopped, "{ending:?}");
    pair.clock.now()
}
