//! What the lab puts at the far end of a pair's cable.

use std::time::Duration;

use dhcptool::engine::pair::{Arrivals, Counterpart};
use dhcptool::lab::FarEnd;
use dhcptool::time::Instant;

/// One way along the cable.
const DELAY: Duration = Duration::from_micros(50);

/// A segment of the lab, or a scene of it.
pub(crate) struct OfLab<L>(pub(crate) L);

impl<L: FarEnd> OfLab<L> {
    fn collect(&mut self, now: Instant, arrivals: &mut Arrivals) {
        let (arena, spans) = self.0.ready();
        for span in spans {
            arrivals.carry(now.after(DELAY), arena[span.clone()].to_vec());
        }
        self.0.sent();
    }
}

impl<L: FarEnd> Counterpart for OfLab<L> {
    fn receive(&mut self, now: Instant, frame: &[u8], arrivals: &mut Arrivals) {
        self.0.receive(now, frame);
        self.collect(now, arrivals);
    }

    fn next_due(&self) -> Option<Instant> {
        self.0.next_due()
    }

    fn advance(&mut self, now: Instant, arrivals: &mut Arrivals) {
        self.0.advance(now);
        self.collect(now, arrivals);
    }
}
