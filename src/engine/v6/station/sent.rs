//! What was sent and when it left, by lane: a lane is one transaction.

use std::collections::{BTreeMap, VecDeque};

use crate::time::Instant;

/// Transmissions whose stamps are kept, the latest.
const MAX_SENDS: usize = 4096;

/// One transmission.
#[derive(Clone, Copy, Debug)]
struct Sent {
    id: u32,
    lane: usize,
    /// The stamp of the capture handle, and until that is known the time it was handed over.
    at: Instant,
}

/// Which transmission an answer answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Which of its lane it is, from 1.
    pub(super) number: u32,
    /// When it was sent.
    pub(super) at: Option<Instant>,
}

/// The transmissions of a station.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    latest: VecDeque<Sent>,
    firsts: BTreeMap<usize, Sent>,
    counts: BTreeMap<usize, u32>,
}

impl Log {
    /// Notes that transmission `id` was handed over.
    pub(super) fn note(&mut self, id: u32, lane: usize, at: Instant) {
        if self.latest.len() >= MAX_SENDS {
            self.latest.pop_front();
        }
        let sent = Sent { id, lane, at };
        self.latest.push_back(sent);
        self.firsts.entry(lane).or_insert(sent);
        let count = self.counts.entry(lane).or_default();
        *count = count.saturating_add(1);
    }

    /// Notes that transmission `id` was seen leaving.
    pub(super) fn left(&mut self, id: u32, at: Instant) {
        if let Some(sent) = self.latest.iter_mut().rev().find(|sent| sent.id == id) {
            sent.at = at;
        }
        if let Some(first) = self.firsts.values_mut().find(|first| first.id == id) {
            first.at = at;
        }
    }

    /// Forgets transmission `id`, which could not be sent.
    pub(super) fn forget(&mut self, id: u32) {
        let Some(place) = self.latest.iter().rposition(|sent| sent.id == id) else { return };
        let lane = self.latest.remove(place).map(|sent| sent.lane);
        self.firsts.retain(|_, first| first.id != id);
        if let Some(count) = lane.and_then(|lane| self.counts.get_mut(&lane)) {
            *count = count.saturating_sub(1);
        }
    }

    /// How many of a lane were handed over.
    pub(super) fn count(&self, lane: usize) -> u32 {
        self.counts.get(&lane).copied().unwrap_or(0)
    }

    /// How many were handed over in all.
    pub(super) fn total(&self) -> u32 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// When the first of a lane left.
    pub(super) fn first(&self, lane: usize) -> Option<Instant> {
        self.firsts.get(&lane).map(|sent| sent.at)
    }

    /// The latest of a lane that had left by `moment`; where none had, the first that is known.
    pub(super) fn asked(&self, lane: usize, moment: Instant) -> Asked {
        let of_lane = || self.latest.iter().filter(|sent| sent.lane == lane);
        let before = of_lane().filter(|sent| sent.at <= moment).count().max(1);
        let forgotten = self.count(lane).saturating_sub(u32::try_from(of_lane().count()).unwrap_or(u32::MAX));
        Asked {
            number: forgotten.saturating_add(u32::try_from(before).unwrap_or(u32::MAX)),
            at: of_lane().nth(before.saturating_sub(1)).map(|sent| sent.at),
        }
    }

    /// When the latest of a lane that had left by `moment` did so.
    pub(super) fn latest_before(&self, lane: usize, moment: Instant) -> Option<Instant> {
        let mut of_lane = self.latest.iter().rev().filter(|sent| sent.lane == lane);
        of_lane.find(|sent| sent.at <= moment).map(|sent| sent.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::new(seconds, 0)
    }

    #[test]
    fn an_answer_belongs_to_the_question_before_it() {
        let mut log = Log::default();
        for (id, lane, seconds) in [(1, 0, 10), (2, 1, 11), (3, 0, 12)] {
            log.note(id, lane, at(seconds));
        }
        log.left(3, at(13));
        assert_eq!(log.asked(0, at(12)), Asked { number: 1, at: Some(at(10)) });
        assert_eq!(log.asked(0, at(14)), Asked { number: 2, at: Some(at(13)) });
        assert_eq!(log.asked(0, at(1)), Asked { number: 1, at: Some(at(10)) }, "stamps may be late");
        assert_eq!(log.latest_before(0, at(1)), None);
        assert_eq!(log.latest_before(0, at(20)), Some(at(13)));
        assert_eq!((log.count(0), log.count(1), log.total(), log.first(0)), (2, 1, 3, Some(at(10))));
        assert_eq!(log.asked(7, at(20)), Asked { number: 1, at: None });
    }

    #[test]
    fn what_is_forgotten_still_counts() {
        let mut log = Log::default();
        for id in 0..5000 {
            log.note(id, 0, at(i64::from(id)));
        }
        assert_eq!(log.latest.len(), MAX_SENDS);
        assert_eq!(log.asked(0, at(4999)), Asked { number: 5000, at: Some(at(4999)) });
        assert_eq!(log.first(0), Some(at(0)));
    }
}
