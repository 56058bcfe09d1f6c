//! How far a run is, while it runs.

use std::sync::atomic::Ordering::Relaxed;

use super::worker::Board;
use crate::cli::context::Context;

/// The line that shows how far a run is.
pub(super) struct Progress {
    shown: bool,
    wanted: bool,
    last: u64,
}

impl Progress {
    pub(super) fn new(cx: &Context) -> Self {
        Self { shown: false, wanted: cx.shows_progress(), last: 0 }
    }

    pub(super) fn draw(&mut self, board: &Board) {
        if !self.wanted {
            return;
        }
        let (begun, completed) = (board.begun.load(Relaxed), board.completed.load(Relaxed));
        let flying = board.in_flight.load(Relaxed);
        let failed = begun.saturating_sub(completed).saturating_sub(flying);
        let rate = completed.saturating_sub(self.last).saturating_mul(10);
        self.last = completed;
        Context::stderr_part(&format!(
            "\r\x1b[K{begun} begun, {completed} completed, {failed} failed, {flying} under way, {rate}/s"
        ));
        self.shown = true;
    }

    pub(super) fn clear(&mut self) {
        if self.shown {
            Context::stderr_part("\r\x1b[K");
        }
    }
}
