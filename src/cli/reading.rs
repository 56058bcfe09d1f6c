//! How far a capture is read, at the foot of a terminal: of a file how much of it, of a pipe how much came.

use std::time::Duration;

use super::context::Context;
use super::terminal;
use crate::time::{Clock as _, Instant, SystemClock};

/// Who waits longer than this is told how far it is.
const SOON: Duration = Duration::from_millis(500);
/// How often it is told anew.
const EVERY: Duration = Duration::from_millis(200);
/// So many bytes may pass before the clock is asked again.
const STEP: u64 = 1 << 20;

/// The line that says it. It goes with this value.
#[derive(Debug)]
pub struct Reading {
    clock: SystemClock,
    size: Option<u64>,
    begun: Instant,
    /// When the line is due, and at which byte the clock is asked.
    due: Instant,
    at: u64,
    shown: bool,
}

impl Reading {
    /// For a capture of `size` bytes, where that is known; `None` where nobody looks.
    pub fn of(size: Option<u64>, cx: &Context) -> Option<Self> {
        let now = cx.clock.now();
        let new = Self { clock: cx.clock, size, begun: now, due: now.after(SOON), at: 0, shown: false };
        cx.shows_progress().then_some(new)
    }

    /// So many bytes were read; `waits`: the next ones may be long in coming.
    pub fn draw(&mut self, position: u64, waits: bool) {
        if position < self.at && !waits {
            return;
        }
        self.at = position.saturating_add(STEP);
        let now = self.clock.now();
        if now >= self.due {
            self.due = now.after(EVERY);
            self.shown = true;
            terminal::status(&line(position, self.size, now.since(self.begun)));
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.shown {
            terminal::status("");
        }
    }
}

/// What is said after so many nanoseconds.
fn line(position: u64, size: Option<u64>, took: i64) -> String {
    let seconds = Duration::from_nanos(u64::try_from(took).unwrap_or(0)).as_secs_f64().max(1e-3);
    let rate = float(position) / seconds;
    let Some(size) = size.filter(|size| *size > 0) else {
        return format!("read {}, {}/s", bytes(float(position)), bytes(rate));
    };
    let part = (float(position) / float(size)).min(1.0);
    let left = if rate > 0.0 { float(size.saturating_sub(position)) / rate } else { 0.0 };
    format!("{:>3.0}% of {}, {}/s, {left:.0} s more", part * 100.0, bytes(float(size)), bytes(rate))
}

/// Bytes in units of powers of 1000, as all of dhcptool counts them.
fn bytes(count: f64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match units.into_iter().find(|(_, unit)| count >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", count / unit),
        None => format!("{count:.0} bytes"),
    }
}

#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "three digits of it are shown")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_is_said_in_one_system_of_units() {
        let second = 1_000_000_000;
        assert_eq!(line(250_000_000, Some(1_000_000_000), second), " 25% of 1.0 GB, 250.0 MB/s, 3 s more");
        assert_eq!(line(1_500, None, second), "read 1.5 kB, 1.5 kB/s");
        assert_eq!(line(0, Some(0), 0), "read 0 bytes, 0 bytes/s");
        assert_eq!(line(5, Some(4), second), "100% of 4 bytes, 5 bytes/s, 0 s more");
    }
}
