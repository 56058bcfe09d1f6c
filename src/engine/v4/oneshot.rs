//! Messages that nobody answers: RELEASE, DECLINE, and whatever is sent without waiting.

use std::time::Duration;

use super::arp::Step;
use super::client::Client;
use super::draft::Draft;
use super::exchange::LAST_COPY;
use super::incoming::Incoming;
use super::note::Note;
use super::station::Station;
use super::watch::Reason;
use crate::time::Instant;

/// The pause before a message without an answer is sent again.
pub const AGAIN: Duration = Duration::from_millis(150);

/// Sends one message, finding the next hop first where it must; more than once when asked to.
#[derive(Clone, Debug)]
pub struct OneShot {
    draft: Draft,
    station: Station,
    count: u32,
    interval: Duration,
    linger: Duration,
    next: Option<Instant>,
    until: Option<Instant>,
    over: bool,
}

impl OneShot {
    /// Sends `draft` once.
    pub fn new(draft: Draft) -> Self {
        let station = Station::new(&draft);
        Self {
            draft,
            station,
            count: 1,
            interval: Duration::ZERO,
            linger: Duration::ZERO,
            next: None,
            until: None,
            over: false,
        }
    }

    /// Sends it `count` times, `interval` apart.
    #[must_use]
    pub fn repeat(mut self, count: u32, interval: Duration) -> Self {
        (self.count, self.interval) = (count, interval);
        self
    }

    /// Keeps looking for so long after the last one left.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// How many were sent.
    pub fn sent(&self) -> u32 {
        self.station.sent()
    }

    /// How many were sent, as far as any was seen leaving: without a carrier the interface takes frames, and none leaves.
    pub fn departed(&self) -> u32 {
        if self.station.watch.left > 0 { self.station.sent() } else { 0 }
    }
}

impl Client for OneShot {
    fn on_time(&mut self, now: Instant) {
        if self.until.is_some_and(|until| now >= until) {
            self.over = true;
        }
        match self.station.resolve(now) {
            Some(Step::Over) => self.over = true,
            Some(_) => return,
            None => {}
        }
        if self.over || self.until.is_some() || self.next.is_some_and(|next| now < next) {
            return;
        }
        if !self.station.send(&self.draft, now) {
            self.station.resolve(now);
            return;
        }
        self.next = Some(now.after(self.interval));
        if self.station.sent() >= self.count {
            self.until = Some(now.after(LAST_COPY.max(self.linger)));
        }
    }

    fn stop(&mut self, _: Instant) {
        self.over = true;
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.station.on_sent(id, at);
        if self.until.is_some() && id == self.station.last_id() && self.linger.is_zero() {
            self.over = true;
        }
    }

    fn on_incoming(&mut self, incoming: &Incoming<'_>) -> Note {
        match self.sort(incoming) {
            Ok(_) => self.station.reject(incoming, Reason::WrongType),
            Err(note) => note,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        self.station.resolve_deadline().or(self.until).or(self.next)
    }

    fn station(&self) -> &Station {
        &self.station
    }

    fn station_mut(&mut self) -> &mut Station {
        &mut self.station
    }
}
