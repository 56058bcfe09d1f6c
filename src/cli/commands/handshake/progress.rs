//! How far a run is, while it runs.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::teller::{Manner, TICK, seconds_left};
use crate::cli::terminal;
use crate::run::lanes::Board;
use crate::time::{Clock as _, Instant, SystemClock};

/// The line that shows how far a run is.
pub(super) struct Progress {
    manner: Manner,
    /// What is under way, where there are several runs.
    what: String,
    /// How long handshakes are begun.
    duration: Option<Duration>,
    /// How long the first is waited for at most.
    patience: Duration,
    begun: Option<Instant>,
    clock: SystemClock,
    /// What was completed when the line was drawn last, and when that was.
    last: Option<(u64, Instant)>,
}

impl Progress {
    pub(super) fn new(what: String, duration: Option<Duration>, patience: Duration, cx: &Context) -> Self {
        let manner = Manner::of(cx);
        Self { manner, what, duration, patience, begun: None, clock: cx.clock, last: None }
    }

    pub(super) fn draw(&mut self, board: &Board) {
        match self.manner {
            Manner::Status => self.status(board),
            Manner::Once => self.silence(board),
            Manner::Never => {}
        }
    }

    /// Says once that nothing comes, and how long an answer is waited for.
    fn silence(&mut self, board: &Board) {
        let (now, Counts { begun, completed, failed, .. }) = (self.clock.now(), Counts::of(board));
        if begun == 0 {
            return;
        }
        let since = *self.begun.get_or_insert(now);
        if completed > 0 || failed > 0 {
            self.manner = Manner::Never;
        } else if now >= since.after(TICK) {
            let (what, left) = (&self.what, seconds_left(since.after(self.patience).since(now)));
            self.manner.tell(&format!(
                "{what}waiting for an answer, {left} s more at most: {begun} begun, none completed yet"
            ));
        }
    }

    fn status(&mut self, board: &Board) {
        let (now, Counts { begun, completed, flying, failed }) = (self.clock.now(), Counts::of(board));
        let (before, since) = self.last.replace((completed, now)).unwrap_or((completed, now));
        let took = u64::try_from(now.since(since)).unwrap_or(0);
        let fresh = completed.saturating_sub(before).saturating_mul(1_000_000_000);
        let rate = fresh.checked_div(took).unwrap_or(0);
        let ends = self.duration.map(|duration| self.begun.get_or_insert(now).after(duration));
        let left = ends.map(|ends| beginning(ends.since(now))).unwrap_or_default();
        let what = &self.what;
        terminal::status(&format!(
            "{what}{left}{begun} begun, {completed} completed, {failed} failed, {flying} under way, {rate}/s"
        ));
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.manner == Manner::Status {
            terminal::status("");
        }
    }
}

/// How long handshakes are still begun, or that the last ones are waited for.
fn beginning(left: i64) -> String {
    if left <= 0 {
        return "waiting for the last answers: ".to_owned();
    }
    format!("{} s more: ", seconds_left(left))
}

/// What is on the board at a moment.
struct Counts {
    begun: u64,
    completed: u64,
    flying: u64,
    failed: u64,
}

impl Counts {
    fn of(board: &Board) -> Self {
        let (begun, completed) = (board.begun.load(Relaxed), board.completed.load(Relaxed));
        let flying = board.in_flight.load(Relaxed);
        Self { begun, completed, flying, failed: begun.saturating_sub(completed).saturating_sub(flying) }
    }
}
