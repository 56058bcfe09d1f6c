//! The far end of the segment as a value: frames and the time in, frames with due times out. No I/O, no clock.
//!
//! It plays every server, the router and the relay behind one cable, and what goes wrong on the cable.

use std::ops::Range;

use super::cable::{Cable, Family};
use super::settings::Settings;
use super::{v4, v6};
use crate::time::Instant;
use crate::wire::frame::numbers::ETHERTYPE_IPV6;
use crate::wire::frame::peek::Ethernet;

/// The far end.
#[derive(Debug)]
pub struct Segment {
    settings: Settings,
    cable: Cable,
    four: v4::Servers,
    six: Option<v6::Servers>,
}

impl Segment {
    /// A segment as the settings say, with nothing leased yet.
    pub fn new(settings: Settings) -> Self {
        let four = v4::Servers::new(&settings);
        let six = v6::Servers::new(&settings);
        Self { cable: Cable::new(&settings), four, six, settings }
    }

    /// The same segment for another thread: the leases are shared.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self {
            cable: Cable::new(&self.settings),
            four: self.four.twin(),
            six: self.six.as_ref().map(v6::Servers::twin),
            settings: self.settings.clone(),
        }
    }

    /// Its DHCPv4 servers.
    pub fn servers(&self) -> &[v4::Server] {
        self.four.all()
    }

    /// Its DHCPv6 servers.
    pub fn servers6(&self) -> &[v6::Server] {
        self.six.as_ref().map_or(&[], |six| six.all())
    }

    /// Takes a frame that arrived at `now`.
    pub fn receive(&mut self, now: Instant, frame: &[u8]) {
        if let Some(six) = &mut self.six
            && Ethernet::read(frame).is_some_and(|ethernet| ethernet.ether_type == ETHERTYPE_IPV6)
        {
            if self.cable.takes(now, Family::Six) {
                six.receive(&mut self.cable, frame);
            }
            return;
        }
        if self.cable.takes(now, Family::Four) {
            self.four.receive(&mut self.cable, frame);
        }
    }

    /// Does what is due at `now`.
    pub fn advance(&mut self, now: Instant) {
        self.cable.turn_to(now, Family::Four);
        self.four.advance(&mut self.cable);
        if let Some(six) = &mut self.six {
            self.cable.turn_to(now, Family::Six);
            six.advance(&mut self.cable);
        }
        self.cable.advance(now);
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        let six = self.six.as_ref().and_then(v6::Servers::next_due);
        [self.four.next_due(), six, self.cable.next_due()].into_iter().flatten().min()
    }

    /// The frames to send now: where they lie in the buffer.
    pub fn ready(&self) -> (&[u8], &[Range<usize>]) {
        (&self.cable.arena, &self.cable.ready)
    }

    /// Forgets the frames to send now, after they were sent.
    pub fn sent(&mut self) {
        self.cable.arena.clear();
        self.cable.ready.clear();
    }
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
