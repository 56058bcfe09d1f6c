//! The cable between the near end and the servers: what happens to frames on it, what is to be sent now and later, and how long
//! a server is busy.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Duration;

use super::settings::Settings;
use crate::time::Instant;
use crate::wire::Mac;

/// How much later a frame is that others overtake.
const OVERTAKEN: Duration = Duration::from_millis(3);
/// Frames that may wait; more are lost, as in any queue.
const MAX_WAITING: usize = 65_536;
/// How far behind a rate-limited server may fall before it loses messages.
const MAX_BACKLOG: Duration = Duration::from_millis(200);

/// Whose frame it is. Each protocol draws its own lots: that the other one is spoken too changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// IPv4 and ARP.
    #[default]
    Four,
    /// IPv6.
    Six,
}

/// Where a frame came from and what it was addressed to.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// VLAN tags, as bytes between the source address and the last `EtherType`.
    pub tags: &'a [u8],
    /// Sender.
    pub src: Mac,
    /// Receiver.
    pub dst: Mac,
}

/// The cable.
#[derive(Debug)]
pub struct Cable {
    settings: Settings,
    random: [fastrand::Rng; 2],
    /// Whose frame is handled.
    family: Family,
    /// Now.
    pub now: Instant,
    started: Option<Instant>,
    /// Answers leave at once and untouched.
    pub quick: bool,
    /// What is to be sent now, one behind the other.
    pub arena: Vec<u8>,
    /// Where each frame lies.
    pub ready: Vec<Range<usize>>,
    later: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    sequence: u64,
}

impl Cable {
    /// A cable as the settings say.
    pub fn new(settings: &Settings) -> Self {
        let seed = settings.seed;
        Self {
            random: [seed, seed ^ 0x6666_6666].map(fastrand::Rng::with_seed),
            family: Family::Four,
            quick: settings.is_quick(),
            settings: settings.clone(),
            now: Instant::default(),
            started: None,
            arena: Vec::new(),
            ready: Vec::new(),
            later: BinaryHeap::new(),
            sequence: 0,
        }
    }

    /// A frame of this family arrived at `now`; false when it is lost.
    pub fn takes(&mut self, now: Instant, family: Family) -> bool {
        self.turn_to(now, family);
        self.started.get_or_insert(now);
        !self.happens(self.settings.loss)
    }

    /// What is sent from now on is of this family.
    pub fn turn_to(&mut self, now: Instant, family: Family) {
        self.now = now;
        self.family = family;
    }

    /// Sends a frame at `due`, through all that can happen to it on the cable.
    pub fn emit(&mut self, frame: &[u8], due: Instant) {
        let settings = &self.settings;
        let (delay, loss, duplicate, reorder) =
            (settings.delay, settings.loss, settings.duplicate, settings.reorder);
        if self.happens(loss) {
            return;
        }
        let mut due = due.after(delay);
        if self.happens(reorder) {
            due = due.after(OVERTAKEN);
        }
        let copies = if self.happens(duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            if due <= self.now {
                self.put_now(frame);
            } else if self.later.len() < MAX_WAITING {
                self.sequence = self.sequence.wrapping_add(1);
                self.later.push(Reverse((due, self.sequence, frame.to_vec())));
            }
        }
    }

    fn put_now(&mut self, frame: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(frame);
        self.ready.push(start..self.arena.len());
    }

    /// Sends what is due at `now`.
    pub fn advance(&mut self, now: Instant) {
        self.now = now;
        while let Some(Reverse((due, _, _))) = self.later.peek()
            && *due <= now
            && let Some(Reverse((_, _, frame))) = self.later.pop()
        {
            self.put_now(&frame);
        }
    }

    /// When the next frame is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.later.peek().map(|Reverse((due, _, _))| *due)
    }

    /// When a server is done with a message that arrives now; none when it is too far behind. `busy` says until when it is
    /// busy; what is no `part` of an exchange takes no turn.
    pub fn turn(&self, busy: &mut Instant, part: bool) -> Option<Instant> {
        let now = self.now;
        let mut start = now;
        if let Some(stall) = self.settings.stall
            && let Some(since) = self.started.map(|started| now.since(started))
            && let Ok(period @ 1..) = i64::try_from(stall.period.as_nanos())
            && let Some(into) = since.checked_rem_euclid(period)
            && let Some(left) =
                i64::try_from(stall.length.as_nanos()).ok().and_then(|length| length.checked_sub(into))
            && let Ok(left @ 1..) = u64::try_from(left)
        {
            start = now.after(Duration::from_nanos(left));
        }
        if let Some(rate) = self.settings.rate_limit.filter(|_| part) {
            // A full exchange is two messages.
            let cost = Duration::try_from_secs_f64(0.5 / rate).unwrap_or(Duration::MAX);
            start = start.max(*busy);
            if start.since(now) > i64::try_from(MAX_BACKLOG.as_nanos()).unwrap_or(i64::MAX) {
                return None;
            }
            *busy = start.after(cost);
            start = *busy;
        }
        Some(start)
    }

    fn happens(&mut self, percent: f64) -> bool {
        let [four, six] = &mut self.random;
        let random = if self.family == Family::Four { four } else { six };
        percent > 0.0 && random.f64() * 100.0 < percent
    }
}
