//! Listening: for a while alone, or on behind another machine.

use std::time::Duration;

use super::machine::{Arrival, Event, Machine, Remark, Transmit};
use crate::time::Instant;

/// A machine that is not over before a time has passed, whatever the one in it does. Without one in it, it only listens.
#[derive(Debug)]
pub struct Linger<M> {
    /// What is done meanwhile.
    pub inner: Option<M>,
    least: Duration,
    since: Option<Instant>,
    over: bool,
}

impl<M: Machine> Linger<M> {
    /// Does what `inner` does, and goes on for `least` after the start.
    pub fn new(inner: Option<M>, least: Duration) -> Self {
        Self { inner, least, since: None, over: false }
    }

    /// What is in it and not yet over.
    fn active(&mut self) -> Option<&mut M> {
        self.inner.as_mut().filter(|inner| inner.deadline().is_some())
    }

    fn until(&self) -> Option<Instant> {
        self.since.map(|since| since.after(self.least))
    }

    fn look_at(&mut self, now: Instant) {
        self.over |= self.until().is_some_and(|until| until <= now);
    }
}

impl<M: Machine> Machine for Linger<M> {
    fn on_time(&mut self, now: Instant) {
        self.since.get_or_insert(now);
        self.look_at(now);
        if let Some(inner) = self.active() {
            inner.on_time(now);
        }
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        if let Some(inner) = self.active() {
            inner.on_sent(id, at);
        }
    }

    fn on_refused(&mut self, id: u32, now: Instant) {
        if let Some(inner) = self.active() {
            inner.on_refused(id, now);
        }
    }

    fn on_frame(&mut self, frame: &Arrival<'_>) -> Remark {
        self.look_at(frame.at);
        self.active().map_or(Remark::UNRELATED, |inner| inner.on_frame(frame))
    }

    fn stop(&mut self, now: Instant) {
        self.over = true;
        if let Some(inner) = self.active() {
            inner.stop(now);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let inner = self.inner.as_ref().and_then(Machine::deadline);
        inner.or_else(|| self.until().filter(|_| !self.over))
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.inner.as_mut()?.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.inner.as_mut()?.poll_event()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over after its first deadline, at second one.
    #[derive(Default)]
    struct Short(Option<Instant>, bool);

    impl Machine for Short {
        fn on_time(&mut self, now: Instant) {
            let due = *self.0.get_or_insert(now.after(Duration::from_secs(1)));
            self.1 |= now >= due;
        }
        fn on_sent(&mut self, _: u32, _: Instant) {}
        fn on_frame(&mut self, _: &Arrival<'_>) -> Remark {
            Remark::FRAGMENT
        }
        fn stop(&mut self, _: Instant) {
            self.1 = true;
        }
        fn deadline(&self) -> Option<Instant> {
            let due = self.0.unwrap_or_default();
            (!self.1).then_some(due)
        }
        fn poll_transmit(&mut self, _: &mut Vec<u8>) -> Option<Transmit> {
            None
        }
        fn poll_event(&mut self) -> Option<Event> {
            None
        }
    }

    fn at(seconds: i64) -> Instant {
        Instant(seconds.saturating_mul(1_000_000_000))
    }

    #[test]
    fn it_listens_on_when_the_other_is_over() {
        let mut both = Linger::new(Some(Short::default()), Duration::from_secs(5));
        both.on_time(at(10));
        assert_eq!(both.deadline(), Some(at(11)));
        both.on_time(at(11));
        assert_eq!(both.deadline(), Some(at(15)));
        let arrival = Arrival::whole(at(12), crate::time::Timestamp(0), &[]);
        // Who is over is told nothing more.
        assert_eq!(both.on_frame(&arrival), Remark::UNRELATED);
        both.on_time(at(15));
        assert_eq!(both.deadline(), None);
    }

    #[test]
    fn it_ends_when_it_is_told_to_and_does_not_cut_the_other_short() {
        let mut alone = Linger::<Short>::new(None, Duration::from_secs(5));
        alone.on_time(at(1));
        assert_eq!(alone.deadline(), Some(at(6)));
        alone.stop(at(2));
        assert_eq!(alone.deadline(), None);
        let mut long = Linger::new(Some(Short::default()), Duration::ZERO);
        long.on_time(at(1));
        assert_eq!(long.deadline(), Some(at(2)));
    }
}
