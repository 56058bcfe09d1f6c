//! How far a run is, while it runs.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::terminal;
use crate::run::lanes::Board;
use crate::time::{Clock as _, Instant, SystemClock};

/// The line that shows how far a run is.
pub(super) struct Progress {
    wanted: bool,
    /// What is under way, where there are several runs.
    what: String,
    /// How long handshakes are begun.
    duration: Option<Duration>,
    begun: Option<Instant>,
    clock: SystemClock,
    /// What was completed when the line was drawn last, and when that was.
    last: Option<(u64, Instant)>,
}

impl Progress {
    pub(super) fn new(what: String, duration: Option<Duration>, cx: &Context) -> Self {
        let wanted = cx.shows_progress();
        Self { wanted, what, duration, begun: None, clock: cx.clock, last: None }
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
        let ends = self.duration.map(|duration| self.begun.get_or_insert(now).after(duration));
        let left = ends.map(|ends| seconds_left(ends.since(now))).unwrap_or_default();
        let what = &self.what;
        terminal::status(&format!(
            "{what}{left}{begun} begun, {completed} completed, {failed} failed, {flying} under way, {rate}/s"
        ));
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.wanted {
            terminal::status("");
        }
    }
}

/// How long handshakes are still begun, or that the last ones are waited for.
fn seconds_left(nanoseconds: i64) -> String {
    if nanoseconds <= 0 {
        return "waiting for the last answers: ".to_owned();
    }
    let seconds = nanoseconds.saturating_add(999_999_999).checked_div(1_000_000_000).unwrap_or(0);
    format!("{seconds} s more: ")
}
