//! What a run came to: counts and delays, added up over its lanes.

use std::collections::HashSet;
use std::time::Duration;

use super::{Counters, Figure, Finished, Held, Kind, ratio};
use crate::engine::v4::silence::Finding;
use crate::stats::delay::Delay;
use crate::time::Instant;

/// The delays of a run.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    /// First message to offer.
    pub offer: Delay,
    /// REQUEST to its answer.
    pub ack: Delay,
    /// First message to last answer.
    pub total: Delay,
    /// Scheduled beginning to last answer.
    pub scheduled: Delay,
    /// `total` for each kind but handshakes, made when the first of its kind completes.
    pub kinds: [Option<Box<Delay>>; 6],
}

impl Delays {
    /// Counts an exchange.
    pub fn record<L>(&mut self, finished: &Finished<L>) {
        if let Some(offer) = finished.offer_ns() {
            self.offer.record(offer);
        }
        if let Some(total) = finished.total_ns() {
            if finished.kind == Kind::Handshake {
                self.total.record(total);
            } else if let Some(place) = self.kinds.get_mut(finished.kind.index()) {
                place.get_or_insert_default().record(total);
            }
        }
        if let Some(ack) = finished.ack_ns().filter(|_| finished.kind != Kind::Inform) {
            self.ack.record(ack);
        }
        if let Some(scheduled) = finished.scheduled_ns() {
            self.scheduled.record(scheduled);
        }
    }

    /// Adds those of another lane.
    pub fn merge(&mut self, other: &Self) {
        self.offer.merge(&other.offer);
        self.ack.merge(&other.ack);
        self.total.merge(&other.total);
        self.scheduled.merge(&other.scheduled);
        for (mine, theirs) in self.kinds.iter_mut().zip(&other.kinds) {
            if let Some(theirs) = theirs {
                mine.get_or_insert_default().merge(theirs);
            }
        }
    }
}

/// A run, or a lane of it.
#[derive(Clone, Debug)]
pub struct Tally<L> {
    /// Counts.
    pub counters: Counters,
    /// Delays.
    pub delays: Delays,
    /// When it began.
    pub start: Instant,
    /// When the last exchange that completed ended; of a run without any, the last one.
    pub end: Instant,
    /// Leases that are still held.
    pub leases: Vec<Held<L>>,
    /// Leases held when the servers stopped offering.
    pub exhausted_at: Option<u64>,
    /// How many answers bore a status that was no success, by its code; the last place is of all higher codes.
    pub statuses: [u64; 32],
    /// The shortest lease seen, seconds.
    pub shortest_lease: Option<u32>,
    /// Bytes of the tables.
    pub memory: usize,
    /// The user stopped it.
    pub stopped: bool,
    /// How often the link was seen going down.
    pub dips: u32,
    /// Frames that were longer than the interface carries: they are lost.
    pub too_long: u64,
    /// What ended it early, in words.
    pub broken: Option<String>,
    /// Processor time it took.
    pub cpu: Duration,
    /// Departure times are the kernel's.
    pub kernel_stamps: bool,
    /// What was seen that may explain why nothing was answered.
    pub overheard: Vec<Finding>,
}

impl<L> Default for Tally<L> {
    fn default() -> Self {
        Self {
            counters: Counters::default(),
            delays: Delays::default(),
            start: Instant::default(),
            end: Instant::default(),
            leases: Vec::new(),
            exhausted_at: None,
            statuses: [0; 32],
            shortest_lease: None,
            memory: 0,
            stopped: false,
            dips: 0,
            too_long: 0,
            broken: None,
            cpu: Duration::ZERO,
            kernel_stamps: false,
            overheard: Vec::new(),
        }
    }
}

impl<L> Tally<L> {
    /// Adds another lane.
    pub fn merge(&mut self, other: Self) {
        self.counters.merge(&other.counters);
        self.delays.merge(&other.delays);
        if self.start == Instant::default() || other.start < self.start {
            self.start = other.start;
        }
        self.end = self.end.max(other.end);
        self.leases.extend(other.leases);
        self.exhausted_at = match (self.exhausted_at, other.exhausted_at) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
        for (mine, theirs) in self.statuses.iter_mut().zip(other.statuses) {
            *mine = mine.saturating_add(theirs);
        }
        self.shortest_lease = self.shortest_lease.into_iter().chain(other.shortest_lease).min();
        self.memory = self.memory.saturating_add(other.memory);
        self.stopped |= other.stopped;
        self.dips = self.dips.max(other.dips);
        self.too_long = self.too_long.saturating_add(other.too_long);
        self.broken = self.broken.take().or(other.broken);
        self.kernel_stamps = other.kernel_stamps;
        self.overheard.extend(other.overheard);
    }

    /// Adds what runs of the same clients before left: of each client the last lease counts.
    pub fn inherit(&mut self, before: Vec<Held<L>>) {
        let now: HashSet<u32> = self.leases.iter().map(|held| held.number).collect();
        self.leases.extend(before.into_iter().filter(|held| !now.contains(&held.number)));
    }

    /// From the start to the end of the last exchange that completed.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.end.since(self.start)).unwrap_or(0))
    }

    /// Exchanges completed per second.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed().as_secs_f64();
        if seconds > 0.0 { crate::stats::delay::float(self.counters.completed()) / seconds } else { 0.0 }
    }

    /// The share of what was scheduled that did not complete, for want of an answer or of room.
    pub fn loss(&self) -> f64 {
        let counters = &self.counters;
        let all = counters.attempts.saturating_add(counters.unsent);
        if all == 0 {
            return 0.0;
        }
        ratio(all.saturating_sub(counters.completed()), all)
    }

    /// A figure in the units of an objective.
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        if figure == Figure::Loss {
            return Some(self.loss());
        }
        let summary = self.delays.scheduled.summary()?;
        Some(match figure {
            Figure::Mean => summary.mean,
            Figure::P50 => summary.p50,
            Figure::P90 => summary.p90,
            Figure::P99 => summary.p99,
            Figure::P999 => summary.p999,
            Figure::Max | Figure::Loss => summary.max,
        })
    }

    /// True when something ended and nothing failed.
    pub fn is_good(&self) -> bool {
        let counters = &self.counters;
        counters.completed() > 0
            && counters.completed() == counters.attempts
            && counters.unsent == 0
            && counters.bad_checksums == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;

    #[test]
    fn of_each_client_the_last_lease_counts() {
        let held = |number: u32, lease: u8| Held { number, mac: Mac::ZERO, lease };
        let mut tally = Tally { leases: vec![held(1, 10), held(2, 20)], ..Tally::default() };
        tally.inherit(vec![held(2, 9), held(3, 9)]);
        let left: Vec<_> = tally.leases.iter().map(|held| (held.number, held.lease)).collect();
        assert_eq!(left, [(1, 10), (2, 20), (3, 9)]);
    }
}
