//! When a DHCPv6 client asks again (RFC 9915 §15, §7.6).

use std::time::Duration;

use fastrand::Rng;

use crate::time::Instant;

/// A row of the table of retransmission parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// IRT: the first time.
    pub first: Duration,
    /// MRT: no time grows beyond it; zero for no limit.
    pub limit: Duration,
    /// MRC: transmissions in all; zero for no limit.
    pub count: u32,
    /// MRD: how long to go on in all; zero for no limit.
    pub duration: Duration,
    /// The first time is never shorter than IRT: that of SOLICIT (§18.2.1).
    pub never_early: bool,
    /// Times are moved at random; a time that somebody chose is not.
    pub random: bool,
}

const fn row(first: u64, limit: u64, count: u32, duration: u64) -> Schedule {
    Schedule {
        first: Duration::from_secs(first),
        limit: Duration::from_secs(limit),
        count,
        duration: Duration::from_secs(duration),
        never_early: false,
        random: true,
    }
}

impl Schedule {
    /// SOLICIT. A client never gives up; this one does after the fourth.
    pub const SOLICIT: Self = Self { never_early: true, ..row(1, 3600, 4, 0) };
    /// REQUEST.
    pub const REQUEST: Self = row(1, 30, 10, 0);
    /// CONFIRM.
    pub const CONFIRM: Self = row(1, 4, 0, 10);
    /// RENEW. A client goes on until T2; this one asks twice.
    pub const RENEW: Self = row(10, 600, 2, 0);
    /// REBIND. A client goes on until its last lease is over; this one asks twice.
    pub const REBIND: Self = row(10, 600, 2, 0);
    /// INFORMATION-REQUEST. A client never gives up; this one does after the fourth.
    pub const INFORM: Self = row(1, 3600, 4, 0);
    /// RELEASE.
    pub const RELEASE: Self = row(1, 0, 4, 0);
    /// DECLINE.
    pub const DECLINE: Self = row(1, 0, 4, 0);

    /// The schedule with a time per try and a number of repetitions that somebody chose. What was chosen is kept to the letter.
    #[must_use]
    pub fn with(mut self, each: Option<Duration>, retries: Option<u32>) -> Self {
        if let Some(each) = each {
            (self.first, self.random) = (each, false);
            if !self.limit.is_zero() {
                self.limit = self.limit.max(each);
            }
            // Three tries of ten seconds do not fit into ten seconds.
            self.duration = Duration::ZERO;
            self.count = if self.count == 0 { 4 } else { self.count };
        }
        if let Some(retries) = retries {
            self.count = retries.saturating_add(1);
            self.duration = Duration::ZERO;
        }
        self
    }

    /// How long to wait after the first transmission (`before` is none), or after the one that `before` was waited for.
    pub fn next(&self, before: Option<Duration>, rng: &mut Rng) -> Duration {
        let (base, share) = match before {
            None => (self.first, self.first),
            Some(before) => (before.saturating_mul(2), before),
        };
        let time = self.moved(base, share, before.is_none() && self.never_early, rng);
        if !self.limit.is_zero() && time > self.limit {
            return self.moved(self.limit, self.limit, false, rng);
        }
        time
    }

    /// `base` moved by RAND (between -0.1 and +0.1) times `share`.
    fn moved(&self, base: Duration, share: Duration, later: bool, rng: &mut Rng) -> Duration {
        if !self.random {
            return base;
        }
        let tenth = u64::try_from(share.as_nanos()).unwrap_or(u64::MAX).checked_div(10).unwrap_or(0);
        if later {
            return base.saturating_add(Duration::from_nanos(rng.u64(1..=tenth.max(1))));
        }
        let random = Duration::from_nanos(rng.u64(0..=tenth.saturating_mul(2)));
        base.saturating_add(random).saturating_sub(Duration::from_nanos(tenth))
    }

    /// The longest that is left until giving up when the time of transmission number `sent`, which was `before`, is over; `None`
    /// where the transmissions are not counted.
    pub fn rest(&self, sent: u32, before: Duration) -> Option<Duration> {
        let left = self.count.checked_sub(sent).filter(|_| self.count > 0)?;
        let (mut before, mut rest) = (before, Duration::ZERO);
        for _ in 0..left.min(1000) {
            let tenth =
                |of: Duration| if self.random { of.checked_div(10) } else { None }.unwrap_or_default();
            let next = before.saturating_mul(2).saturating_add(tenth(before));
            let most = self.limit.saturating_add(tenth(self.limit));
            before = if self.limit.is_zero() { next } else { next.min(most) };
            rest = rest.saturating_add(before);
        }
        Some(rest)
    }

    /// True when transmission number `sent` was not the last one.
    pub fn may_repeat(&self, sent: u32) -> bool {
        self.count == 0 || sent < self.count
    }
}

/// The time since `started` in hundredths of a second, as option 8 has it (§21.9).
pub fn hundredths(started: Instant, now: Instant) -> u16 {
    u16::try_from(now.since(started).max(0).checked_div(10_000_000).unwrap_or(0)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(schedule: Schedule, count: usize, seed: u64) -> Vec<f64> {
        let mut rng = Rng::with_seed(seed);
        let mut before = None;
        (0..count)
            .map(|_| {
                let next = schedule.next(before, &mut rng);
                before = Some(next);
                next.as_secs_f64()
            })
            .collect()
    }

    #[test]
    fn times_double_within_a_tenth_and_stop_at_the_limit() {
        for seed in 0..200 {
            let all = times(Schedule::REQUEST, 9, seed);
            assert!((0.9..=1.1).contains(&all[0]));
            for pair in all.windows(2) {
                let ratio = pair[1] / pair[0];
                let at_limit = (27.0..=33.0).contains(&pair[1]);
                assert!((1.9..=2.1).contains(&ratio) || at_limit, "{all:?}");
            }
            assert!((27.0..=33.0).contains(all.last().unwrap()), "{all:?}");
            assert!(times(Schedule::RELEASE, 4, seed)[3] < 8.0 * 1.1 * 1.05 * 1.05 * 1.05);
            assert!(times(Schedule::CONFIRM, 6, seed).iter().all(|time| *time <= 4.4));
        }
    }

    #[test]
    fn the_first_solicit_is_never_early() {
        for seed in 0..500 {
            let first = times(Schedule::SOLICIT, 1, seed)[0];
            assert!(first > 1.0 && first <= 1.1, "{first}");
        }
    }

    #[test]
    fn what_is_left_is_never_less_than_it_takes() {
        for schedule in [Schedule::SOLICIT, Schedule::REQUEST, Schedule::RENEW, Schedule::RELEASE] {
            for seed in 0..100 {
                let count = usize::try_from(schedule.count).unwrap();
                let all = times(schedule, count, seed);
                for (sent, before) in (1..).zip(&all) {
                    let takes: f64 = all[usize::try_from(sent).unwrap()..].iter().sum();
                    let rest = schedule.rest(sent, Duration::from_secs_f64(*before)).unwrap().as_secs_f64();
                    assert!(
                        takes <= rest + 1e-6 && rest <= takes * 1.4 + 1e-6,
                        "{schedule:?} {sent}: {takes} {rest}"
                    );
                }
            }
        }
        assert_eq!(Schedule::CONFIRM.rest(1, Duration::from_secs(1)), None);
        let chosen = Schedule::SOLICIT.with(Some(Duration::from_millis(300)), Some(2));
        assert_eq!(chosen.rest(1, Duration::from_millis(300)), Some(Duration::from_millis(1800)));
    }

    #[test]
    fn what_was_chosen_is_kept() {
        let chosen = Schedule::REQUEST.with(Some(Duration::from_millis(300)), Some(2));
        assert_eq!(times(chosen, 3, 1), [0.3, 0.6, 1.2]);
        assert!(chosen.may_repeat(2) && !chosen.may_repeat(3));
        assert!(Schedule::CONFIRM.may_repeat(1000));
        assert!(!Schedule::RELEASE.may_repeat(4));
    }
}
