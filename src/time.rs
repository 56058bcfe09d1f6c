//! Two clocks that are never mixed, and what ties them together.
//!
//! A [`Timestamp`] is a time of day: what a packet is stamped with and what people read. It can jump at any moment, by
//! seconds (NTP) or by years (a machine without a battery), so nothing is ever scheduled, awaited or measured by it. An
//! [`Instant`] lies on a clock that only goes forward at its own pace: schedules, deadlines, silences and rates are made of
//! it. Where both are needed of one moment, a [`Moment`] has them, and an [`Aligner`] finds when a frame that the kernel
//! stamped with the time of day came.

use std::sync::OnceLock;
use std::time::Duration;

/// A point in time: nanoseconds since 1970-01-01 UTC. Reaches from 1677 to 2262; what lies outside saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds, of as many bits as the system's `time_t` has, and nanoseconds; saturating.
    pub fn new(seconds: impl Into<i64>, nanoseconds: u32) -> Self {
        Self(seconds.into().saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds)))
    }
}

/// What points of both clocks have alike.
macro_rules! counted_in_nanoseconds {
    ($($point:ident),*) => { $(
        impl $point {
            /// Nanoseconds since the clock's zero.
            pub fn nanoseconds(self) -> i64 {
                self.0
            }

            /// `self - earlier` in nanoseconds, negative when `earlier` is later.
            pub fn since(self, earlier: Self) -> i64 {
                self.0.saturating_sub(earlier.0)
            }

            /// This moment plus `duration`, saturating.
            #[must_use]
            pub fn after(self, duration: Duration) -> Self {
                Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
            }
        }
    )* };
}

counted_in_nanoseconds!(Timestamp, Instant);

/// How many digits of a second a capture keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Six digits.
    #[default]
    Micro,
    /// Nine digits.
    Nano,
}

/// A point on the monotonic clock, in nanoseconds. Says nothing by itself; zero lies long before the program began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl Instant {
    /// From whole seconds and nanoseconds, saturating.
    pub fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds)))
    }

    /// This moment minus `duration`, saturating.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }
}

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// On the monotonic clock.
    pub at: Instant,
    /// The time of day.
    pub time: Timestamp,
}

impl Moment {
    /// A moment of a recording, where stamps are the only clock there is.
    pub fn recorded(time: Timestamp) -> Self {
        Self { at: Instant(time.0), time }
    }

    /// The time of day at another instant, had the clock not been set in between.
    pub fn time_at(&self, at: Instant) -> Timestamp {
        Timestamp(self.time.0.saturating_add(at.since(self.at)))
    }
}

/// Finds when frames came that the kernel stamped with the time of day, whatever happens to that.
///
/// A stamp says how old a frame is; when the clock was set in between it lies, and is held between the last moment at which
/// there was no such frame yet and now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aligner {
    floor: Instant,
    now: Instant,
    /// What the time of day is ahead of the monotonic clock, in nanoseconds.
    ahead: i64,
}

impl Aligner {
    /// A frame may be handed over so long after another was looked for in vain, and still have been there.
    const SLACK: Duration = Duration::from_millis(100);

    /// Reading both clocks takes so long, in nanoseconds: a difference below it says nothing, and is left out so that the time
    /// between two frames is that between their stamps.
    const BLUR: u64 = 2_000;

    /// Frames are read now.
    pub fn read_at(&mut self, now: Moment) {
        self.now = now.at;
        let ahead = now.time.0.saturating_sub(now.at.0);
        if ahead.abs_diff(self.ahead) > Self::BLUR {
            self.ahead = ahead;
        }
    }

    /// At `now` there was nothing left to read.
    pub fn nothing_left(&mut self, now: Instant) {
        self.floor = self.floor.max(now.before(Self::SLACK));
    }

    /// When the frame came that is stamped `stamp` and was [read](Self::read_at).
    pub fn align(&self, stamp: Timestamp) -> Instant {
        Instant(stamp.0.saturating_sub(self.ahead)).max(self.floor).min(self.now)
    }
}

/// Where time comes from. Everything that waits or stamps takes one, so that tests can move it.
pub trait Clock {
    /// The monotonic clock: for schedules, deadlines, silences and rates.
    fn now(&self) -> Instant;

    /// The time of day: for stamps alone.
    fn time(&self) -> Timestamp;

    /// Both at once.
    fn moment(&self) -> Moment {
        let mut best: Option<(i64, Moment)> = None;
        // Whoever is interrupted between two readings reads again.
        for _ in 0..3 {
            let before = self.now();
            let time = self.time();
            let took = self.now().since(before);
            if best.is_none_or(|(least, _)| took < least) {
                best = Some((took, Moment { at: Instant(before.0.saturating_add(took / 2)), time }));
            }
            if took < 2_000 {
                break;
            }
        }
        best.map(|(_, moment)| moment).unwrap_or_default()
    }
}

/// The system's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Where the monotonic clock of this process begins: late enough that zero is long ago.
const BEGINNING: Duration = Duration::from_secs(1 << 30);

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Instant {
        static FIRST: OnceLock<std::time::Instant> = OnceLock::new();
        let first = FIRST.get_or_init(std::time::Instant::now);
        Instant::default().after(BEGINNING).after(first.elapsed())
    }

    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn time(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Timestamp::default().after(since),
            Err(_) => Timestamp::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn moment(at: i64, time: i64) -> Moment {
        Moment { at: Instant(at), time: Timestamp(time) }
    }

    #[test]
    fn stamps_are_found_on_the_monotonic_clock() {
        let mut aligner = Aligner::default();
        let now = moment(50 * HOUR, 9 * HOUR);
        aligner.read_at(now);
        assert_eq!(aligner.align(Timestamp(9 * HOUR - 70)), Instant(50 * HOUR - 70));
        assert_eq!(aligner.align(Timestamp(9 * HOUR)), now.at);
        aligner.nothing_left(Instant(50 * HOUR));
        let floor = Instant(50 * HOUR).before(Aligner::SLACK);
        assert_eq!(aligner.align(Timestamp(9 * HOUR - 70)), Instant(50 * HOUR - 70));
        // The clock was set forward, then back, between stamp and reading.
        assert_eq!(aligner.align(Timestamp(8 * HOUR)), floor);
        assert_eq!(aligner.align(Timestamp(10 * HOUR)), now.at);
        assert_eq!(aligner.align(Timestamp(i64::MIN)), floor);
        // Two readings of the clocks are never quite the same moment.
        aligner.read_at(moment(51 * HOUR, 10 * HOUR + 900));
        assert_eq!(aligner.align(Timestamp(10 * HOUR - 70)), Instant(51 * HOUR - 70));
        aligner.read_at(moment(52 * HOUR, 18 * HOUR));
        assert_eq!(aligner.align(Timestamp(18 * HOUR - 70)), Instant(52 * HOUR - 70));
    }

    #[test]
    fn the_system_has_both() {
        let (one, other) = (SystemClock.moment(), SystemClock.moment());
        assert!(one.at <= other.at && one.at > Instant::default().after(Duration::from_secs(1 << 29)));
        assert!(one.time > Timestamp::default());
        assert_eq!(one.time_at(one.at.after(Duration::from_nanos(5))).since(one.time), 5);
    }
}
