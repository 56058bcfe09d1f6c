//! A segment on the bench: a test sends frames, moves the clock, and looks at what comes back.

use std::time::Duration;

use super::segment::Segment;
use super::settings::Settings;
use crate::time::Instant;

/// A segment and a clock that only the test moves.
pub(crate) struct Bench {
    pub(crate) segment: Segment,
    pub(crate) now: Instant,
}

impl Bench {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { segment: Segment::new(settings), now: Instant::new(1000, 0) }
    }

    /// Sends a frame and takes what comes back at once.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Vec<Vec<u8>> {
        self.segment.receive(self.now, frame);
        self.take()
    }

    /// Takes what is to be sent now.
    pub(crate) fn take(&mut self) -> Vec<Vec<u8>> {
        let (arena, spans) = self.segment.ready();
        let frames = spans.iter().map(|span| arena[span.clone()].to_vec()).collect();
        self.segment.sent();
        frames
    }

    /// Moves the clock and takes what became due.
    pub(crate) fn after(&mut self, wait: Duration) -> Vec<Vec<u8>> {
        self.now = self.now.after(wait);
        self.segment.advance(self.now);
        self.take()
    }
}
