//! The search for the highest rate that a server sustains.

use std::fmt;
use std::str::FromStr;

/// What a run must keep to: limits joined by commas, `p99<50ms,loss<0.1%`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slo {
    limits: Vec<Limit>,
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// What is limited.
    pub figure: Figure,
    /// It must be below this: milliseconds, or a share of 1 for [`Figure::Loss`].
    pub below: f64,
}

/// A figure of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Mean latency from the scheduled beginning to the last answer.
    Mean,
    /// Its median.
    P50,
    /// Its 90th percentile.
    P90,
    /// Its 99th percentile.
    P99,
    /// Its 99.9th percentile.
    P999,
    /// Its maximum.
    Max,
    /// The share of exchanges that did not complete.
    Loss,
}

impl Figure {
    const ALL: [(&'static str, Self); 8] = [
        ("mean", Self::Mean),
        ("p50", Self::P50),
        ("p90", Self::P90),
        ("p99", Self::P99),
        ("p99.9", Self::P999),
        ("p999", Self::P999),
        ("max", Self::Max),
        ("loss", Self::Loss),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, figure)| *figure == self).map_or("", |(name, _)| name)
    }
}

/// Text that is no objective.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a limit; write p99<50ms or loss<0.1% (mean, p50, p90, p99, p99.9, max, loss), joined by commas"
)]
pub struct ParseSloError(String);

impl FromStr for Slo {
    type Err = ParseSloError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let limits =
            text.split(',').map(|part| limit(part.trim()).ok_or_else(|| ParseSloError(part.to_owned())));
        Ok(Self { limits: limits.collect::<Result<_, _>>()? })
    }
}

fn limit(text: &str) -> Option<Limit> {
    let (name, value) = text.split_once('<')?;
    let figure = Figure::ALL.iter().find(|(known, _)| *known == name.trim()).map(|(_, figure)| *figure)?;
    let value = value.trim().trim_start_matches('=');
    let units: &[(&str, f64)] = if figure == Figure::Loss {
        &[("%", 0.01)]
    } else {
        &[("us", 0.001), ("µs", 0.001), ("ms", 1.0), ("s", 1000.0)]
    };
    let (number, scale) = units.iter().find_map(|(unit, scale)| Some((value.strip_suffix(unit)?, *scale)))?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(Limit { figure, below: number * scale })
}

impl Slo {
    /// The limits that are not kept. `measure` gives a figure in the units of [`Limit::below`], `None` when nothing was
    /// measured, which keeps no limit.
    pub fn broken(&self, measure: impl Fn(Figure) -> Option<f64>) -> Vec<Limit> {
        let is_broken = |limit: &&Limit| {
            // A limit of zero means none at all.
            measure(limit.figure).is_none_or(|value| value >= limit.below && value > 0.0 || value.is_nan())
        };
        self.limits.iter().filter(is_broken).copied().collect()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.figure {
            Figure::Loss => write!(f, "loss<{}%", self.below * 100.0),
            figure => write!(f, "{}<{}ms", figure.name(), self.below),
        }
    }
}

/// The search: grows the rate until it is too much, then halves the gap until it is small.
///
/// A rate counts as too much only when it fails twice, so that one hiccup does not end the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    good: f64,
    bad: Option<f64>,
    current: f64,
    failed_once: bool,
    ceiling: f64,
}

/// The gap between the rate that is sustained and the one that is not, as a share.
const GAP: f64 = 0.02;
/// How much the rate grows from step to step.
const GROWTH: f64 = 2.0;
/// Below this many per second nothing can be said.
const FLOOR: f64 = 1.0;

impl Search {
    /// Begins at `first` per second and does not go beyond `ceiling`.
    pub fn new(first: f64, ceiling: f64) -> Self {
        let ceiling = ceiling.max(FLOOR);
        Self { good: 0.0, bad: None, current: first.clamp(FLOOR, ceiling), failed_once: false, ceiling }
    }

    /// The next rate to try, `None` when the search is over.
    pub fn next(&self) -> Option<f64> {
        match self.bad {
            Some(bad) if bad <= FLOOR || bad - self.good <= self.good * GAP => None,
            None if self.good >= self.ceiling => None,
            _ => Some(self.current),
        }
    }

    /// Tells whether the rate of [`next`](Self::next) was sustained.
    pub fn tell(&mut self, sustained: bool) {
        if sustained {
            self.good = self.good.max(self.current);
        } else if self.failed_once || self.current <= FLOOR {
            self.bad = Some(self.bad.map_or(self.current, |bad| bad.min(self.current)));
        } else {
            self.failed_once = true;
            return;
        }
        self.failed_once = false;
        self.current = match self.bad {
            // Nothing was good yet: come down fast.
            Some(bad) if self.good == 0.0 => (bad / 4.0).max(FLOOR),
            Some(bad) => self.good.midpoint(bad),
            None => (self.good * GROWTH).min(self.ceiling),
        };
    }

    /// The highest rate found to be sustained; `None` when none was.
    pub fn found(&self) -> Option<f64> {
        (self.good > 0.0).then_some(self.good)
    }

    /// True when every rate up to the ceiling was sustained.
    pub fn is_at_ceiling(&self) -> bool {
        self.bad.is_none() && self.good >= self.ceiling
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn objectives_are_read() {
        let slo: Slo = "p99<50ms, loss<0.1%".parse().unwrap();
        let figures = |p99, loss| {
            move |figure| match figure {
                Figure::P99 => p99,
                Figure::Loss => Some(loss),
                _ => None,
            }
        };
        let broken =
            |p99, loss| slo.broken(figures(p99, loss)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(broken(Some(49.9), 0.0009).is_empty());
        assert_eq!(broken(Some(50.1), 0.0), ["p99<50ms"]);
        assert_eq!(broken(Some(5.0), 0.01), ["loss<0.1%"]);
        assert_eq!(broken(None, 1.0), ["p99<50ms", "loss<0.1%"]);
        assert_eq!("loss<0%".parse::<Slo>().unwrap().broken(|_| Some(0.0)), []);
        for text in ["", "p99", "p98<5ms", "p99<5", "loss<5ms", "p99<x ms", "p99<-1ms", "p99<5ms,", "p99>5ms"]
        {
            assert!(text.parse::<Slo>().is_err(), "{text}");
        }
        let units: Slo = "max<1s,mean<250us,p99.9<2ms".parse().unwrap();
        assert_eq!(units.limits.iter().map(|limit| limit.below).collect::<Vec<_>>(), [1000.0, 0.25, 2.0]);
    }

    #[test]
    fn finds_a_limit_from_below_and_from_above() {
        for limit in [1.5, 7.0, 95.0, 1_000.0, 5_468.0, 123_456.0] {
            for first in [1.0, 50.0, 1_000.0, 500_000.0] {
                let mut search = Search::new(first, 1e6);
                let mut steps = 0;
                while let Some(rate) = search.next() {
                    search.tell(rate <= limit);
                    steps += 1;
                    assert!(steps < 80, "{limit} from {first}");
                }
                let found = search.found().unwrap();
                assert!(found <= limit && found > limit * 0.95, "{limit} from {first}: {found}");
            }
        }
    }

    #[test]
    fn one_hiccup_does_not_end_it_and_no_limit_ends_at_the_ceiling() {
        let mut search = Search::new(100.0, 10_000.0);
        let mut step = 0;
        while let Some(rate) = search.next() {
            step += 1;
            search.tell(rate < 20_000.0 && step % 3 != 0);
        }
        assert_eq!((search.found(), search.is_at_ceiling()), (Some(10_000.0), true));
        let mut hopeless = Search::new(100.0, 10_000.0);
        while hopeless.next().is_some() {
            hopeless.tell(false);
        }
        assert_eq!(hopeless.found(), None);
    }
}
