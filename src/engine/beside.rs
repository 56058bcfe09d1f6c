//! Two machines on one wire: neither knows of the other, and it is over when both are.

use super::machine::{Arrival, Event, Machine, Remark, Transmit};
use crate::time::Instant;

/// The number of a transmission of the second has this bit.
const SECOND: u32 = 1 << 31;

/// A machine, and another beside it.
#[derive(Debug)]
pub struct Beside<A, B> {
    /// The first. What both have to do, it does before the second.
    pub first: A,
    /// The second, where there is one.
    pub second: Option<B>,
    begun: bool,
}

impl<A: Machine, B: Machine> Beside<A, B> {
    /// Both at once.
    pub fn new(first: A, second: Option<B>) -> Self {
        Self { first, second, begun: false }
    }

    /// The second, unless it is over.
    fn active(&mut self) -> Option<&mut B> {
        self.second.as_mut().filter(|second| second.deadline().is_some())
    }
}

fn is_due(machine: &impl Machine, now: Instant) -> bool {
    machine.deadline().is_some_and(|deadline| deadline <= now)
}

impl<A: Machine, B: Machine> Machine for Beside<A, B> {
    fn on_time(&mut self, now: Instant) {
        let begins = !std::mem::replace(&mut self.begun, true);
        if begins || is_due(&self.first, now) {
            self.first.on_time(now);
        }
        if let Some(second) = self.second.as_mut().filter(|second| begins || is_due(*second, now)) {
            second.on_time(now);
        }
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        if id & SECOND == 0 {
            self.first.on_sent(id, at);
        } else if let Some(second) = self.active() {
            second.on_sent(id & !SECOND, at);
        }
    }

    fn on_refused(&mut self, id: u32, now: Instant) {
        if id & SECOND == 0 {
            self.first.on_refused(id, now);
        } else if let Some(second) = self.active() {
            second.on_refused(id & !SECOND, now);
        }
    }

    fn on_frame(&mut self, frame: &Arrival<'_>) -> Remark {
        let first =
            if self.first.deadline().is_some() { self.first.on_frame(frame) } else { Remark::UNRELATED };
        let second = self.active().map(|second| second.on_frame(frame));
        if first.is_related() { first } else { second.unwrap_or(first) }
    }

    fn stop(&mut self, now: Instant) {
        if self.first.deadline().is_some() {
            self.first.stop(now);
        }
        if let Some(second) = self.active() {
            second.stop(now);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let second = self.second.as_ref().and_then(Machine::deadline);
        self.first.deadline().into_iter().chain(second).min()
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        if let Some(transmit) = self.first.poll_transmit(out) {
            return Some(transmit);
        }
        let transmit = self.second.as_mut()?.poll_transmit(out)?;
        Some(Transmit { id: transmit.id | SECOND, ..transmit })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.first.poll_event().or_else(|| self.second.as_mut()?.poll_event())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Sends a frame a second, `left` times.
    #[derive(Default)]
    struct Ticks {
        every: u64,
        left: u32,
        next: Option<Instant>,
        ready: bool,
        told: u32,
        sent: Vec<u32>,
    }

    impl Machine for Ticks {
        fn on_time(&mut self, now: Instant) {
            self.told = self.told.saturating_add(1);
            self.ready = self.left > 0;
            self.next = (self.left > 0).then(|| now.after(Duration::from_secs(self.every)));
            self.left = self.left.saturating_sub(1);
        }
        fn on_sent(&mut self, id: u32, _: Instant) {
            self.sent.push(id);
        }
        fn on_frame(&mut self, _: &Arrival<'_>) -> Remark {
            Remark::FRAGMENT
        }
        fn stop(&mut self, _: Instant) {
            self.next = None;
        }
        fn deadline(&self) -> Option<Instant> {
            self.next
        }
        fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
            std::mem::take(&mut self.ready).then(|| {
                out.push(0);
                Transmit { id: self.told, len: 1, remark: Remark::UNRELATED }
            })
        }
        fn poll_event(&mut self) -> Option<Event> {
            None
        }
    }

    #[test]
    fn each_is_told_what_is_its_own_and_it_is_over_when_both_are() {
        let ticks = |every, left| Ticks { every, left, ..Ticks::default() };
        let mut both = Beside::new(ticks(2, 2), Some(ticks(3, 1)));
        let mut now = Instant(0);
        both.on_time(now);
        loop {
            while let Some(transmit) = both.poll_transmit(&mut Vec::new()) {
                both.on_sent(transmit.id, now);
            }
            let Some(deadline) = both.deadline() else { break };
            now = deadline;
            both.on_time(now);
        }
        assert_eq!(now, Instant(4_000_000_000));
        let second = both.second.unwrap();
        // Twice each was due, and the last time found nothing left to do.
        assert_eq!((both.first.told, both.first.sent), (3, vec![1, 2]));
        assert_eq!((second.told, second.sent), (2, vec![1]));
    }

    #[test]
    fn to_stop_ends_both() {
        let ticks = || Ticks { every: 1, left: 9, ..Ticks::default() };
        let mut both = Beside::new(ticks(), Some(ticks()));
        both.on_time(Instant(0));
        both.stop(Instant(1));
        assert_eq!(both.deadline(), None);
    }
}
