//! How far a run is, while it runs.

use std::sync::atomic::Ordering::Relaxed;

use crate::cli::context::Context;
use crate::run::lanes::Board;
use crate::time::{Clock as _, Instant, SystemClock};

/// The line that shows how far a run is.
pub(super) struct Progress {
    shown: bool,
    wanted: bool,
    clock: SystemClock,
    /// What was completed when the line was drawn last, and when that was.
    last: Option<(u64, Instant)>,
}

impl Progress {
    pub(super) fn new(cx: &Context) -> Self {
        Self { shown: false, wanted: cx.shows_progress(), clock: cx.clock, last: None }
    }

    pub(super) fn draw(&mut self, board: &Board) {
        if !self.wanted {
            return;
        }
        let (begun, completed) = (board.begun.load(Relaxed), board.completed.load(Relaxed));
        let flying = board.in_flight.load(Relaxed);
        let failed = begun.saturating_sub(completed).saturating_sub(flying);
        let now = self.clock.now();
        let (before, since) = self.last.replace((completed, now)).unwrap_or((completed, now));
        let took = u64::try_from(now.since(since)).unwrap_or(0);
        let fresh = completed.saturating_sub(before).saturating_mul(1_000_000_000);
        let rate = fresh.checked_div(took).unwrap_or(0);
        Context::stderr_part(&format!(
            "\r\x1b[K{begun} begun, {completed} completed, {failed} failed, {flying} under way, {rate}/s"
        ));
        self.shown = true;
    }

    /// Takes the line away: rows are about to be written where it stands.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            Context::stderr_part("\r\x1b[K");
        }
    }
}
