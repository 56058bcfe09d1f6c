//! What stands at the far end of a cable: an honest [`Segment`], or a [`Scene`] with trouble around it.

use std::ops::Range;

use super::{Segment, scene::Scene};
use crate::time::Instant;

/// A value that takes frames and the time, and holds ready what it sends.
pub trait FarEnd {
    /// Takes a frame from the near end.
    fn receive(&mut self, now: Instant, frame: &[u8]);
    /// Does what is due.
    fn advance(&mut self, now: Instant);
    /// When [`advance`](Self::advance) has something to do next.
    fn next_due(&self) -> Option<Instant>;
    /// The frames to send now: where they lie in the buffer.
    fn ready(&self) -> (&[u8], &[Range<usize>]);
    /// Forgets the frames to send now, after they were sent.
    fn sent(&mut self);
}

macro_rules! far_ends {
    ($($kind:ty),*) => { $(
        impl FarEnd for $kind {
            fn receive(&mut self, now: Instant, frame: &[u8]) {
                <$kind>::receive(self, now, frame);
            }

            fn advance(&mut self, now: Instant) {
                <$kind>::advance(self, now);
            }

            fn next_due(&self) -> Option<Instant> {
                <$kind>::next_due(self)
            }

            fn ready(&self) -> (&[u8], &[Range<usize>]) {
                <$kind>::ready(self)
            }

            fn sent(&mut self) {
                <$kind>::sent(self);
            }
        }
    )* };
}

far_ends!(Segment, Scene);
