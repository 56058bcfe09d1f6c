//! Timestamps, clocks and the text of durations.

use std::time::Duration;

/// A point in time: nanoseconds since 1970-01-01 UTC. Reaches from 1677 to 2262; what lies outside saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds, of as many bits as the system's `time_t` has, and nanoseconds; saturating.
    pub fn new(seconds: impl Into<i64>, nanoseconds: u32) -> Self {
        Self(seconds.into().saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds)))
    }

    /// Nanoseconds since the epoch.
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

/// How many digits of a second a capture keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Six digits.
    #[default]
    Micro,
    /// Nine digits.
    Nano,
}

/// Where the time of day comes from. Everything that waits or stamps takes one, so that tests can move it.
pub trait Clock {
    /// The current time of day.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Timestamp::default().after(since),
            Err(_) => Timestamp::default(),
        }
    }
}
