//! When to ask again.

use std::time::Duration;

use fastrand::Rng;

/// By how much a delay is moved at random, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// By up to so much (RFC 2131 §4.1).
    Absolute(Duration),
    /// By up to so many hundredths of the delay (RFC 9915 §15: RAND is between -0.1 and +0.1).
    Relative(u32),
}

impl Jitter {
    /// None at all.
    pub const NONE: Self = Self::Absolute(Duration::ZERO);

    /// The largest move of `delay`.
    fn of(self, delay: Duration) -> Duration {
        match self {
            Self::Absolute(jitter) => jitter,
            Self::Relative(share) => delay.saturating_mul(share).checked_div(100).unwrap_or_default(),
        }
    }
}

/// A retransmission schedule: delays that grow to a limit, each moved by a random amount so that clients which started
/// together do not stay together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Delay before the first repetition.
    pub first: Duration,
    /// Growth from one delay to the next in hundredths: 200 doubles.
    pub growth: u32,
    /// No delay is longer than this, jitter apart.
    pub limit: Duration,
    /// The random part: every delay is moved by up to this much, either way.
    pub jitter: Jitter,
    /// How often to ask again after the first time.
    pub retries: u32,
}

impl Backoff {
    /// RFC 2131 §4.1: 4 s, doubling to 64 s, each randomized by a uniform amount between -1 and +1 s.
    pub const RFC2131: Self = Self {
        first: Duration::from_secs(4),
        growth: 200,
        limit: Duration::from_secs(64),
        jitter: Jitter::Absolute(Duration::from_secs(1)),
        retries: 3,
    };

    /// The same idea scaled down for a client that collects every answer and then stops: within five seconds each
    /// server is asked about ten times, five of them early enough for one that first checks its address for three seconds. What comes
    /// sooner than 250 ms after the same message is a copy to whoever reads a capture of it.
    pub const COLLECT: Self = Self {
        first: Duration::from_millis(270),
        growth: 115,
        limit: Duration::from_millis(600),
        jitter: Jitter::Absolute(Duration::from_millis(15)),
        retries: u32::MAX,
    };

    /// The schedule with a first delay and a number of repetitions that somebody chose. A chosen delay is kept to the
    /// letter: jitter goes.
    #[must_use]
    pub fn with(mut self, first: Option<Duration>, retries: Option<u32>) -> Self {
        if let Some(first) = first {
            self.first = first;
            self.jitter = Jitter::NONE;
            self.limit = self.limit.max(first);
        }
        if let Some(retries) = retries {
            self.retries = retries;
        }
        self
    }

    /// How long to wait for an answer after the transmission number `sent` (1 for the first).
    pub fn delay(&self, sent: u32, rng: &mut Rng) -> Duration {
        let mut delay = self.first;
        for _ in 1..sent.min(64) {
            if delay >= self.limit {
                break;
            }
            delay = delay.saturating_mul(self.growth).checked_div(100).unwrap_or(delay);
        }
        let delay = delay.min(self.limit);
        let jitter = self.jitter.of(delay);
        let spread = u64::try_from(jitter.as_nanos()).unwrap_or(u64::MAX).saturating_mul(2);
        let random = Duration::from_nanos(rng.u64(0..=spread));
        delay.saturating_add(random).saturating_sub(jitter)
    }

    /// True when transmission number `sent` was not the last one.
    pub fn may_repeat(&self, sent: u32) -> bool {
        sent <= self.retries
    }

    /// The longest it can take from the first transmission until giving up.
    pub fn longest(&self) -> Duration {
        self.rest(0)
    }

    /// The longest that is left until giving up when the time of transmission number `sent` is over.
    pub fn rest(&self, sent: u32) -> Duration {
        let mut still = *self;
        still.jitter = Jitter::NONE;
        let mut rng = Rng::with_seed(0);
        let count = self.retries.min(1000).saturating_add(1);
        (sent.saturating_add(1)..=count).fold(Duration::ZERO, |sum, sent| {
            let delay = still.delay(sent, &mut rng);
            sum.saturating_add(delay).saturating_add(self.jitter.of(delay))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_from_four_to_sixty_four_within_a_second() {
        let mut rng = Rng::with_seed(1);
        for (sent, want) in [(1, 4), (2, 8), (3, 16), (4, 32), (5, 64), (6, 64), (u32::MAX, 64)] {
            for _ in 0..200 {
                let delay = Backoff::RFC2131.delay(sent, &mut rng).as_secs_f64();
                assert!((f64::from(want) - 1.0..=f64::from(want) + 1.0).contains(&delay), "{sent}: {delay}");
            }
        }
        assert_eq!(Backoff::RFC2131.longest(), Duration::from_secs(64));
    }

    #[test]
    fn a_relative_jitter_grows_with_the_delay() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            growth: 200,
            limit: Duration::from_secs(30),
            jitter: Jitter::Relative(10),
            retries: 9,
        };
        let mut rng = Rng::with_seed(3);
        for (sent, want) in [(1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (60, 30.0)] {
            let delays: Vec<f64> =
                (0..300).map(|_| backoff.delay(sent, &mut rng).as_secs_f64() / want).collect();
            assert!(delays.iter().all(|delay| (0.9..=1.1).contains(delay)), "{sent}");
            assert!(delays.iter().any(|delay| *delay < 0.92) && delays.iter().any(|delay| *delay > 1.08));
        }
    }

    #[test]
    fn jitter_follows_the_seed() {
        let delay = |seed| Backoff::RFC2131.delay(1, &mut Rng::with_seed(seed));
        assert_eq!(delay(7), delay(7));
        assert_ne!(delay(7), delay(8));
    }

    #[test]
    fn what_was_chosen_is_kept() {
        let chosen = Backoff::RFC2131.with(Some(Duration::from_secs(100)), Some(0));
        assert_eq!(chosen.delay(1, &mut Rng::with_seed(3)), Duration::from_secs(100));
        assert!(!chosen.may_repeat(1));
        assert!(Backoff::RFC2131.may_repeat(3) && !Backoff::RFC2131.may_repeat(4));
    }

    #[test]
    fn collecting_asks_five_times_before_a_slow_check_is_too_late() {
        for seed in 0..100 {
            let mut rng = Rng::with_seed(seed);
            let mut at = Duration::ZERO;
            let mut times = vec![at];
            for sent in 1..20 {
                let delay = Backoff::COLLECT.delay(sent, &mut rng);
                assert!(delay > Duration::from_millis(250), "{delay:?} is no copy's");
                at += delay;
                times.push(at);
            }
            assert!(times.iter().filter(|at| **at <= Duration::from_millis(1500)).count() >= 5);
            assert!((8..=11).contains(&times.iter().filter(|at| **at < Duration::from_millis(4800)).count()));
        }
    }
}
