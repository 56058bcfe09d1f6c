//! The run itself: schedule, messages, answers, accounts.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;

use super::clients::Clients;
use super::family::{AddressOf, Family, Message, Question};
use super::pace::plus;
use super::strays::Strays;
use super::table::{Duty, NONE, Slot, Stage, Table};
use super::{After, Check, Counters, Finished, Held, Kind, Lane, Plan, Rate, queue};
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::{Ports, Walker};

/// Conflict checks remembered; a server checks few addresses at a time.
pub(super) const CHECKS: usize = 256;
/// Transmissions that are remembered until they are known to have left: more than a lane hands over at a time.
const SENDS: usize = 1024;
/// So many exchanges without an offer, with none in between, mean that the pool is empty.
const EXHAUSTED: u64 = 3;

/// The slot of what is not counted as a message sent: answers to who asks for an address, and RELEASEs that are sent again, which are counted by themselves.
pub(super) const ASIDE: u32 = NONE.wrapping_sub(1);

/// Something to send as soon as there is room in a batch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job<F: Family> {
    /// The current message of this exchange, unless it is over.
    Message { slot: u32, xid: u32 },
    /// RELEASE of what the client holds; then it is idle again.
    Release { client: u32 },
    /// RELEASE of a lease that came too late to be anybody's.
    Stray { client: u32, lease: F::Lease },
    /// An answer to who asks for an address.
    Answer { aside: F::Aside },
}

/// A message that was handed out, and what it was then.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    id: u32,
    slot: u32,
    xid: u32,
    attempt: u8,
    discovering: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Exchanges begin.
    Running,
    /// None begins; those under way end.
    Draining,
    /// Leases are given back, one after the other.
    Releasing {
        /// Since when.
        since: Instant,
        /// Nanoseconds from one to the next.
        every: i64,
        /// So many went out.
        sent: i64,
        /// The next client to look at.
        next: u32,
    },
    /// RELEASEs are sent again, one after the other.
    Repeating {
        /// For which time.
        round: usize,
        /// Since when.
        since: Instant,
        /// Nanoseconds from one to the next.
        every: i64,
        /// So many went out.
        sent: i64,
        /// The next client to look at.
        next: u32,
    },
    Over,
}

/// One lane of a run.
#[derive(Debug)]
pub struct Load<F: Family> {
    pub(super) plan: Plan<F>,
    pub(super) lane: Lane,
    pub(super) table: Table<F::Lease>,
    /// Exchanges that may be under way.
    room: usize,
    pub(super) clients: Clients<F::Lease>,
    pub(super) jobs: VecDeque<Job<F>>,
    /// Leases to give back, for which there was no place.
    waiting: VecDeque<Job<F>>,
    /// Leases that are given back beside what their clients do.
    pub(super) strays: Strays<F::Lease>,
    pub(super) finished: Vec<Finished<F::Lease>>,
    pub(super) counters: Counters,
    pub(super) statuses: [u64; 32],
    pub(super) checks: VecDeque<(Instant, AddressOf<F>, Check)>,
    pub(super) rng: Rng,
    pub(super) weights: u32,
    pub(super) phase: Phase,
    pub(super) start: Instant,
    /// Beginnings so far, in this lane.
    pub(super) begun: u64,
    /// Closed loop: when the next may begin.
    pub(super) not_before: Instant,
    pub(super) failed_in_row: u64,
    /// Grants beside the first of an exchange that were given back.
    pub(super) second_grants: u64,
    pub(super) held_when_row_began: u64,
    pub(super) shortest_lease: u32,
    /// How often the link went down.
    pub(super) dips: u64,
    started: bool,
    /// What time it is, as far as that was told.
    now: Instant,
    /// The latest transmissions, by number.
    sends: Box<[Sent]>,
    last_id: u32,
    /// Judges checksums where single exchanges are watched.
    pub(super) walker: Option<Walker>,
}

impl<F: Family> Load<F> {
    /// Prepares a lane; all memory it will need is taken here.
    pub fn new(plan: Plan<F>, lane: Lane) -> Self {
        let lanes = usize::try_from(lane.count.max(1)).unwrap_or(1);
        let clients = Clients::new(&plan.macs, lane, plan.remember_holders);
        let room = plan.max_in_flight.div_ceil(lanes).clamp(1, clients.len().max(1).try_into().unwrap_or(1));
        let mut rng = Rng::with_seed(plan.seed);
        let key = rng.u32(..);
        let rng = Rng::with_seed(plan.seed.wrapping_add(u64::from(lane.index)));
        let walker = plan.watch_checks.then(|| Walker::without_reassembly(Ports::default()));
        let strays = if F::GIVING_BACK.is_empty() { Strays::none() } else { Strays::new(room) };
        let spare = strays.places();
        let lists = plan.timeouts.len().max(1).saturating_add(F::GIVING_BACK.len());
        let capacity = room.saturating_add(spare);
        let table = Table::new(capacity, lists, F::XID_BITS, (lane.index, lane.bits()), key);
        let room = table.capacity().saturating_sub(spare).max(1);
        let mut jobs = queue(room.saturating_mul(2));
        jobs.extend(plan.family.hello().filter(|_| lane.index == 0).map(|aside| Job::Answer { aside }));
        Self {
            weights: plan.mix.iter().fold(0, |sum, (_, weight)| sum.saturating_add(*weight)),
            jobs,
            waiting: VecDeque::new(),
            strays,
            room,
            statuses: [0; 32],
            finished: Vec::with_capacity(1024),
            checks: queue(CHECKS),
            plan,
            lane,
            table,
            clients,
            counters: Counters::default(),
            rng,
            phase: Phase::Running,
            start: Instant::default(),
            begun: 0,
            not_before: Instant::default(),
            failed_in_row: 0,
            second_grants: 0,
            held_when_row_began: 0,
            shortest_lease: u32::MAX,
            dips: 0,
            started: false,
            now: Instant::default(),
            sends: vec![Sent::default(); SENDS].into(),
            last_id: 0,
            walker,
        }
    }

    /// Starts the schedule, which otherwise the first telling of the time does.
    pub fn begin(&mut self, now: Instant) {
        (self.start, self.not_before, self.now) = (now, now, now);
        self.started = true;
    }

    /// What was counted so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Exchanges under way.
    pub fn in_flight(&self) -> usize {
        self.table.in_flight()
    }

    /// Leases held now.
    pub fn held(&self) -> u64 {
        self.clients.held()
    }

    /// The client that holds an address, for who asks by ARP; only when the plan says that such questions are answered.
    pub fn holder(&self, address: AddressOf<F>) -> Option<Mac> {
        self.clients.holder(address)
    }

    /// The leases held now.
    pub fn leases(&self) -> impl Iterator<Item = Held<F::Lease>> {
        self.clients.leases()
    }

    /// How many answers bore a status that was no success, by its code; the last place is of all higher codes.
    pub fn statuses(&self) -> [u64; 32] {
        self.statuses
    }

    /// How many leases were held when the servers stopped offering any, if they did and did not begin again.
    pub fn exhausted_at(&self) -> Option<u64> {
        (self.failed_in_row >= EXHAUSTED && self.held_when_row_began > 0).then_some(self.held_when_row_began)
    }

    /// The shortest lease time seen, in seconds.
    pub fn shortest_lease(&self) -> Option<u32> {
        (self.shortest_lease != u32::MAX).then_some(self.shortest_lease)
    }

    /// Bytes of memory of the tables, which do not grow during a run.
    pub fn memory(&self) -> usize {
        self.table
            .memory()
            .saturating_add(self.clients.memory())
            .saturating_add(size_of_val(&*self.sends))
            .saturating_add(size_of::<Self>())
    }

    /// True when all is done, RELEASEs included.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over && self.is_idle()
    }

    /// Nothing is under way, and nothing waits to be sent.
    fn is_idle(&self) -> bool {
        self.table.in_flight() == 0
            && self.jobs.is_empty()
            && self.waiting.is_empty()
            && self.strays.is_empty()
    }

    /// Takes the exchanges that ended since the last call.
    pub fn take_finished(&mut self) -> std::vec::Drain<'_, Finished<F::Lease>> {
        self.finished.drain(..)
    }

    /// When something is to be done without any frame coming in; `None` when only a frame can help, or nothing.
    fn next_due(&self) -> Option<Instant> {
        if !self.jobs.is_empty()
            || self.table.has_room() && (!self.waiting.is_empty() || self.strays.is_due())
        {
            return Some(Instant::default());
        }
        let next = match self.phase {
            Phase::Running if self.has_room() => Some(self.next_begin()),
            Phase::Running | Phase::Draining | Phase::Over => None,
            Phase::Releasing { .. } if !self.can_give_back() => None,
            Phase::Releasing { since, every, sent, .. } | Phase::Repeating { since, every, sent, .. } => {
                Some(plus(since, every.saturating_mul(sent)))
            }
        };
        next.into_iter().chain(self.table.deadline()).min()
    }

    /// Moves on to the next phase of the run when the current one is done.
    fn advance(&mut self, now: Instant) {
        if self.phase == Phase::Running {
            let number = self.global(self.begun);
            let elapsed = match self.plan.pace.rate {
                Rate::Open(_) => self.plan.pace.offset(number),
                Rate::Closed(_) => self.not_before.max(now).since(self.start),
            };
            let late = self.plan.pace.duration.is_some_and(|duration| now >= self.start.after(duration));
            if self.plan.pace.is_over(number, elapsed) || late && !self.has_room() {
                self.end_running(now);
            }
        }
        if self.phase != Phase::Running && !self.strays.is_empty() {
            let left = self.strays.run_ended(now);
            self.leave(left);
        }
        if self.phase == Phase::Draining && self.is_idle() {
            if self.plan.after == After::Keep || self.clients.held() == 0 {
                self.repeat(0, now);
            } else {
                self.phase =
                    Phase::Releasing { since: now, every: self.release_interval(now), sent: 0, next: 0 };
            }
        }
    }

    fn end_running(&mut self, now: Instant) {
        self.phase = Phase::Draining;
        if matches!(self.plan.pace.rate, Rate::Open(_)) {
            // What should have begun by now, in the whole run, in turn by lane.
            let scheduled = self.plan.pace.scheduled_before(now.since(self.start));
            let (lanes, index) = (u64::from(self.lane.count.max(1)), u64::from(self.lane.index));
            let mine = scheduled.saturating_sub(index).div_ceil(lanes);
            self.counters.unsent = mine.saturating_sub(self.begun);
        }
    }

    fn global(&self, number: u64) -> u64 {
        number.saturating_mul(u64::from(self.lane.count)).saturating_add(u64::from(self.lane.index))
    }

    fn has_room(&self) -> bool {
        let exchanges = self.table.in_flight().saturating_sub(self.strays.under_way());
        exchanges < self.room && self.table.has_room() && self.clients.has_idle()
    }

    fn next_begin(&self) -> Instant {
        match self.plan.pace.rate {
            Rate::Open(_) => plus(self.start, self.plan.pace.offset(self.global(self.begun))),
            Rate::Closed(_) => self.not_before,
        }
    }

    fn begin_next(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<u32> {
        if self.phase != Phase::Running || !self.has_room() {
            return None;
        }
        let due = self.next_begin();
        if due > now || self.plan.pace.is_over(self.global(self.begun), due.since(self.start)) {
            return None;
        }
        let scheduled = match self.plan.pace.rate {
            Rate::Open(_) => due,
            Rate::Closed(interval) => {
                // Counted from the plan while it is kept, so that one second stays one second.
                let next = due.after(interval);
                self.not_before = if next > now { next } else { now.max(due) };
                now
            }
        };
        let client = self.clients.take()?;
        let kind = self.choose(client);
        self.begun = self.begun.saturating_add(1);
        self.counters.attempts = self.counters.attempts.saturating_add(1);
        if let Some(begun) = self.counters.begun.get_mut(kind.index()) {
            *begun = begun.saturating_add(1);
        }
        if kind == Kind::Release && F::GIVING_BACK.is_empty() {
            let written = self.run_job(Job::Release { client }, now, out);
            if let Some(completed) = self.counters.completed.get_mut(kind.index()) {
                *completed = completed.saturating_add(1);
            }
            return written;
        }
        let index = self.table.take()?;
        let held = self.clients.get(client);
        if let Some(slot) = self.table.get_mut(index) {
            slot.client = client;
            slot.kind = kind;
            slot.stage = if kind == Kind::Handshake { Stage::Discovering } else { Stage::Requesting };
            slot.scheduled = scheduled;
            slot.began = now;
            if kind != Kind::Handshake {
                slot.lease = held.lease;
            }
        }
        self.write(index, now, out)
    }

    /// What the client does next. Without a lease it can only ask for one.
    fn choose(&mut self, client: u32) -> Kind {
        if self.weights == 0 || !self.clients.get(client).holds {
            return Kind::Handshake;
        }
        let mut left = self.rng.u32(..self.weights);
        for (kind, weight) in &self.plan.mix {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *kind,
            }
        }
        Kind::Handshake
    }

    /// Writes what a job says; the slot it belongs to, or [`NONE`]. Nothing when that is over already, or has to wait.
    fn run_job(&mut self, job: Job<F>, now: Instant, out: &mut Vec<u8>) -> Option<u32> {
        match job {
            Job::Message { slot, xid } => {
                self.table.get(slot).filter(|slot| slot.xid == xid && is_under_way(slot))?;
                self.write(slot, now, out)
            }
            Job::Release { .. } if !self.can_give_back() => {
                self.waiting.push_back(job);
                None
            }
            Job::Release { client } => {
                let written = self.give_back(client, Duty::Return, now, out);
                if F::GIVING_BACK.is_empty() {
                    self.clients.put_back(client);
                }
                written
            }
            Job::Stray { client, lease } => {
                let written = self.write_release(client, &lease, out);
                self.clients.gave_back(client, lease);
                Some(written)
            }
            Job::Answer { aside } => {
                self.plan.family.write_aside(&aside, out);
                Some(ASIDE)
            }
        }
    }

    /// Writes the current message of an exchange.
    pub(super) fn write(&mut self, index: u32, now: Instant, out: &mut Vec<u8>) -> Option<u32> {
        let slot = self.table.get(index)?;
        let since = if slot.stage == Stage::Discovering { slot.began } else { slot.requested };
        let question = Question {
            message: message(slot.stage, slot.kind),
            number: self.clients.number(slot.client),
            mac: self.clients.mac(slot.client),
            xid: slot.xid,
            lease: &slot.lease,
            elapsed: if slot.attempt == 0 { 0 } else { now.since(since) },
        };
        self.plan.family.write(&question, out);
        let attempt = usize::from(slot.attempt);
        let (first, timeouts) = self.patience(slot.kind);
        let wait = timeouts.get(attempt).or(timeouts.last()).copied();
        let list = first.saturating_add(attempt);
        self.table.arm(index, list, now.after(wait.unwrap_or(Duration::from_secs(1))));
        Some(index)
    }

    /// How long the transmissions of a message wait, and in which lists of the table from the first on.
    pub(super) fn patience(&self, kind: Kind) -> (usize, &[Duration]) {
        if kind == Kind::Release && !F::GIVING_BACK.is_empty() {
            return (self.plan.timeouts.len().max(1), F::GIVING_BACK);
        }
        (0, &self.plan.timeouts)
    }
}

impl<F: Family> Machine for Load<F> {
    fn stop(&mut self, now: Instant) {
        if self.phase == Phase::Running {
            // What has come due since it was last looked at had only not begun yet.
            self.end_running(self.now.min(now));
        }
        let left = self.strays.leave();
        self.leave(left);
        let mut from = 0;
        while let Some(index) = self.table.under_way(from) {
            let Some(slot) = self.table.get(index).copied() else { break };
            from = index.saturating_add(1);
            if slot.duty != Duty::Counted {
                // What is given back already is given back to its end.
                continue;
            }
            self.counters.interrupted = self.counters.interrupted.saturating_add(1);
            self.counters.attempts = self.counters.attempts.saturating_sub(1);
            if let Some(begun) = self.counters.begun.get_mut(slot.kind.index()) {
                *begun = begun.saturating_sub(1);
            }
            let may_be_bound = slot.stage == Stage::Discovering && self.plan.family.commits_at_once();
            if slot.kind == Kind::Release || may_be_bound {
                // An answer that binds may be on its way: it is waited for, but not asked for again.
                let last = self.patience(slot.kind).1.len().saturating_sub(1);
                if let Some(slot) = self.table.get_mut(index) {
                    slot.duty = Duty::Return;
                    if may_be_bound {
                        slot.attempt = u8::try_from(last).unwrap_or(u8::MAX);
                    }
                }
                continue;
            }
            self.table.end(index, None);
            self.abandon(&slot);
        }
        Machine::on_time(self, now);
    }

    fn on_time(&mut self, now: Instant) {
        if !self.started {
            self.begin(now);
        }
        self.now = now;
        while let Some(index) = self.table.expired(now) {
            self.expire(index, now);
        }
        self.advance(now);
    }

    /// The last stamp of a first transmission counts.
    fn on_sent(&mut self, id: u32, at: Instant) {
        let Some(sent) = self.sends.get(place_of(id)).copied().filter(|sent| sent.id == id) else { return };
        if let Some(slot) = self.table.get_mut(sent.slot)
            && (slot.xid, slot.attempt) == (sent.xid, sent.attempt)
            && is_under_way(slot)
            && (slot.stage == Stage::Discovering) == sent.discovering
        {
            stamp(slot, at);
        }
    }

    fn on_frame(&mut self, frame: &Arrival<'_>) -> Remark {
        let received = self.counters.received;
        // What answers it goes out now, not at the time that was told last.
        self.now = self.now.max(frame.at);
        self.take(frame.at, frame.frame);
        if self.counters.received > received { ANSWER } else { Remark::UNRELATED }
    }

    fn deadline(&self) -> Option<Instant> {
        // When only a frame can help, the deadline is never.
        (!self.is_over()).then(|| self.next_due().unwrap_or(Instant(i64::MAX)))
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        let start = out.len();
        let now = self.now;
        let slot = loop {
            let room = self.table.has_room();
            if let Some((client, lease)) = room.then(|| self.strays.pop()).flatten()
                && let Some(slot) = self.ask_to_take_back(client, lease, Duty::Aside, now, out)
            {
                break slot;
            }
            let job = room.then(|| self.waiting.pop_front()).flatten();
            if let Some(job) = job.or_else(|| self.jobs.pop_front()) {
                match self.run_job(job, now, out) {
                    Some(slot) => break slot,
                    None => continue,
                }
            }
            let next = self.begin_next(now, out).or_else(|| self.release_next(now, out));
            if let Some(slot) = next.or_else(|| self.repeat_next(now, out)) {
                break slot;
            }
            self.advance(now);
            return None;
        };
        self.counters.sent = self.counters.sent.saturating_add(u64::from(slot != ASIDE));
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        if let (Some(place), Some(slot_now)) = (self.sends.get_mut(place_of(id)), self.table.get(slot)) {
            let discovering = slot_now.stage == Stage::Discovering;
            *place = Sent { id, slot, xid: slot_now.xid, attempt: slot_now.attempt, discovering };
        }
        Some(Transmit { id, len: out.len().saturating_sub(start), remark: MESSAGE })
    }

    fn poll_event(&mut self) -> Option<Event> {
        None
    }
}

const MESSAGE: Remark = Remark { sense: Sense::Sent(1), text: Cow::Borrowed("sent") };
const ANSWER: Remark = Remark { sense: Sense::Accepted, text: Cow::Borrowed("accepted answer") };

/// Where a transmission is remembered.
fn place_of(id: u32) -> usize {
    usize::try_from(id).unwrap_or(0) & SENDS.wrapping_sub(1)
}

pub(super) fn is_under_way<L>(slot: &Slot<L>) -> bool {
    matches!(slot.stage, Stage::Discovering | Stage::Requesting)
}

/// The message that an exchange is at.
fn message(stage: Stage, kind: Kind) -> Message {
    match (stage, kind) {
        (Stage::Discovering, _) => Message::First,
        (_, Kind::InitReboot) => Message::Reboot,
        (_, Kind::Renew) => Message::Renew,
        (_, Kind::Rebind) => Message::Rebind,
        (_, Kind::Inform) => Message::Inform,
        (_, Kind::Release) => Message::Release,
        (_, Kind::Handshake) => Message::Selecting,
    }
}

/// Notes when a message went out for the first time.
fn stamp<L>(slot: &mut Slot<L>, at: Instant) {
    if slot.attempt > 0 {
        return;
    }
    match slot.stage {
        Stage::Discovering => slot.began = at,
        Stage::Requesting => {
            if slot.kind != Kind::Handshake {
                slot.began = at;
            }
            slot.requested = at;
        }
        Stage::Unused | Stage::Over(_) => {}
    }
}
