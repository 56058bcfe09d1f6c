//! When exchanges begin: scheduled by the clock (open loop) or by the answers (closed loop).

use std::time::Duration;

use crate::time::Instant;

/// How fast exchanges begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// At scheduled times, so many per 1000 seconds, whatever the server does. A server that stalls cannot slow the
    /// schedule down, so its stall shows in the latency.
    Open(u64),
    /// This long after the one before began, and not before there is room: a server that stalls is waited for.
    Closed(Duration),
}

/// A schedule of beginnings.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How fast.
    pub rate: Rate,
    /// An open loop reaches its rate over this time, linearly from zero.
    pub ramp: Duration,
    /// So many beginnings at most.
    pub count: Option<u64>,
    /// No beginning after this time.
    pub duration: Option<Duration>,
}

const SECOND: u128 = 1_000_000_000;

impl Pace {
    /// Nanoseconds from the start to beginning number `number` (from 0) of an open loop.
    pub fn offset(&self, number: u64) -> i64 {
        let Rate::Open(rate) = self.rate else { return 0 };
        let (rate, number, ramp) = (u128::from(rate.max(1)), u128::from(number), self.ramp.as_nanos());
        // So many lie within the ramp: half of what the full rate would give.
        let within = rate.saturating_mul(ramp).checked_div(SECOND.saturating_mul(2000)).unwrap_or(0);
        let per = SECOND.saturating_mul(1000);
        let offset = if number < within {
            // number = rate t² / (2 ramp)
            number
                .saturating_mul(2)
                .saturating_mul(ramp)
                .saturating_mul(per)
                .checked_div(rate)
                .unwrap_or(0)
                .isqrt()
        } else {
            let after = number.saturating_sub(within).saturating_mul(per).checked_div(rate).unwrap_or(0);
            ramp.saturating_add(after)
        };
        i64::try_from(offset).unwrap_or(i64::MAX)
    }

    /// How many beginnings an open loop has scheduled before `elapsed` nanoseconds, its limits kept.
    pub fn scheduled_before(&self, elapsed: i64) -> u64 {
        let end =
            self.duration.map_or(i64::MAX, |duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX));
        let elapsed = elapsed.min(end);
        let (mut low, mut high) = (0, self.count.unwrap_or(u64::MAX / 2));
        while low < high {
            let middle = low.midpoint(high);
            if self.offset(middle) < elapsed { low = middle.saturating_add(1) } else { high = middle }
        }
        low
    }

    /// True when beginning number `number`, `elapsed` nanoseconds after the start, lies beyond a limit.
    pub fn is_over(&self, number: u64, elapsed: i64) -> bool {
        self.count.is_some_and(|count| number >= count)
            || self.duration.is_some_and(|duration| {
                i128::from(elapsed) >= i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
            })
    }
}

/// `start` plus nanoseconds.
pub(super) fn plus(start: Instant, nanoseconds: i64) -> Instant {
    Instant(start.0.saturating_add(nanoseconds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;

    fn open(rate: u64, ramp: u64) -> Pace {
        Pace { rate: Rate::Open(rate * 1000), ramp: Duration::from_secs(ramp), count: None, duration: None }
    }

    #[test]
    fn an_open_loop_keeps_its_rate_without_drift() {
        let pace = open(3, 0);
        assert_eq!((pace.offset(0), pace.offset(1), pace.offset(3)), (0, 333_333_333, 1_000_000_000));
        assert_eq!(pace.offset(3_000_000_000), 1_000_000_000_000_000_000);
        let slow = Pace { rate: Rate::Open(500), ..pace };
        assert_eq!(slow.offset(1), 2_000_000_000);
    }

    #[test]
    fn a_ramp_grows_linearly_and_meets_the_rate() {
        let pace = open(100, 10);
        // 500 in the ten seconds of the ramp, a quarter of them in its first half.
        assert_eq!(pace.offset(125), 5_000_000_000);
        assert_eq!(pace.offset(500), 10_000_000_000);
        assert_eq!(pace.offset(501), 10_010_000_000);
        let steps: Vec<i64> = (0..600).map(|number| pace.offset(number)).collect();
        assert!(steps.is_sorted());
    }

    #[test]
    fn the_number_scheduled_is_the_inverse() {
        for pace in [open(100, 0), open(100, 10)] {
            for number in [0, 1, 124, 125, 499, 500, 5000] {
                assert_eq!(pace.scheduled_before(pace.offset(number)), number);
                assert_eq!(pace.scheduled_before(pace.offset(number) + 1), number + 1);
            }
        }
        let limited = Pace { count: Some(7), duration: Some(Duration::from_secs(1)), ..open(100, 0) };
        assert_eq!(limited.scheduled_before(i64::MAX), 7);
        let timed = Pace { count: None, ..limited };
        assert_eq!(timed.scheduled_before(i64::MAX), 100);
        assert!(timed.is_over(3, 1_000_000_000) && !timed.is_over(99, 999_999_999) && limited.is_over(7, 0));
    }
}
