//! Leases that servers bound though they were not chosen, or too late: they are given back beside what their clients do, where
//! that has an answer. However many there are, they keep the run neither from its exchanges nor from its end.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Instant;

/// Places beside the exchanges for leases that are given back.
const PLACES: usize = 256;
/// Those that wait for such a place; more are left.
const MOST: usize = 1024;
/// How long a run that has ended still begins to give back.
const PATIENCE: Duration = Duration::from_secs(15);

/// What waits to be given back.
#[derive(Clone, Debug)]
pub(super) struct Strays<L> {
    queue: VecDeque<(u32, L)>,
    /// How many are given back at a time.
    places: usize,
    /// How many are at the moment.
    under_way: usize,
    /// When the run ended.
    ended: Option<Instant>,
}

impl<L: Copy + PartialEq> Strays<L> {
    /// For a run of `room` exchanges at a time.
    pub(super) fn new(room: usize) -> Self {
        Self { queue: VecDeque::new(), places: PLACES.min(room), under_way: 0, ended: None }
    }

    /// None at all: where nobody answers, leases are given back at once.
    pub(super) fn none() -> Self {
        Self::new(0)
    }

    /// Places that are needed beside the exchanges.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Places that are taken.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Notes a lease of a client, once; false where there is no room for it.
    pub(super) fn push(&mut self, client: u32, lease: L) -> bool {
        if self.queue.contains(&(client, lease)) {
            return true;
        }
        let room = self.queue.len() < MOST;
        if room {
            self.queue.push_back((client, lease));
        }
        room
    }

    /// One can be given back now.
    pub(super) fn is_due(&self) -> bool {
        self.under_way < self.places && !self.queue.is_empty()
    }

    /// The next to give back.
    pub(super) fn pop(&mut self) -> Option<(u32, L)> {
        if self.is_due() { self.queue.pop_front() } else { None }
    }

    /// One takes a place.
    pub(super) fn begin(&mut self) {
        self.under_way = self.under_way.saturating_add(1);
    }

    /// And leaves it.
    pub(super) fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The run begins no exchange any more; how many are left because that is long ago.
    pub(super) fn run_ended(&mut self, now: Instant) -> u64 {
        let ended = *self.ended.get_or_insert(now);
        if now > ended.after(PATIENCE) { self.leave() } else { 0 }
    }

    /// Begins no other: how many are left.
    pub(super) fn leave(&mut self) -> u64 {
        u64::try_from(self.queue.drain(..).len()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_noted_once_begun_a_few_at_a_time_and_bounded() {
        let mut strays = Strays::new(2);
        let kept = (0..5000_u32).chain(0..500).filter(|lease| strays.push(7, *lease)).count();
        assert_eq!((kept, strays.queue.len()), (1024 + 500, 1024));
        for lease in [0, 1] {
            assert_eq!(strays.pop(), Some((7, lease)));
            strays.begin();
        }
        assert_eq!((strays.pop(), strays.is_due()), (None, false));
        strays.end();
        assert_eq!(strays.pop(), Some((7, 2)));
        let now = Instant::new(1000, 0);
        assert_eq!((strays.run_ended(now), strays.is_empty()), (0, false));
        assert_eq!(strays.run_ended(now.after(Duration::from_secs(16))), 1024 - 3);
        assert!(strays.is_empty());
    }
}
