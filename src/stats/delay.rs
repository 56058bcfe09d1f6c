//! Delays of exchanges: how many, how long, how much they differ.

use serde::Serialize;

use super::histogram::Histogram;

/// The distribution of one delay.
#[derive(Clone, Debug)]
pub struct Delay {
    histogram: Histogram,
    count: u64,
    min: u64,
    max: u64,
    mean: f64,
    /// Sum of squared distances from the mean (Welford 1962, which does not cancel as mean-of-squares does).
    spread: f64,
}

impl Default for Delay {
    fn default() -> Self {
        Self { histogram: Histogram::new(), count: 0, min: u64::MAX, max: 0, mean: 0.0, spread: 0.0 }
    }
}

impl Delay {
    /// One of thousands: its percentiles are coarse, all else is exact.
    pub fn coarse() -> Self {
        Self { histogram: Histogram::coarse(), ..Self::default() }
    }

    /// Counts a delay in nanoseconds. A negative one, which two clocks can make, counts as zero.
    pub fn record(&mut self, nanoseconds: i64) {
        let value = u64::try_from(nanoseconds).unwrap_or(0);
        self.histogram.record(value.max(1));
        self.count = self.count.saturating_add(1);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let (value, count) = (float(value), float(self.count));
        let off = value - self.mean;
        self.mean += off / count;
        self.spread += off * (value - self.mean);
    }

    /// Adds the delays that another counted (Chan, Golub and LeVeque 1983).
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.histogram.merge(&other.histogram);
        let (mine, theirs) = (float(self.count), float(other.count));
        let off = other.mean - self.mean;
        self.mean += off * theirs / (mine + theirs);
        self.spread += other.spread + off * off * mine * theirs / (mine + theirs);
        self.count = self.count.saturating_add(other.count);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// How many delays were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The counts.
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// The figures, `None` without any delay.
    pub fn summary(&self) -> Option<Summary> {
        let at = |share| self.histogram.quantile(share).map(|value| ms(value.clamp(self.min, self.max)));
        Some(Summary {
            min: ms(self.min),
            mean: self.mean / 1e6,
            stddev: (self.spread / float(self.count)).sqrt() / 1e6,
            p50: at(0.5)?,
            p90: at(0.9)?,
            p99: at(0.99)?,
            p999: at(0.999)?,
            max: ms(self.max),
        })
    }
}

/// Figures of one delay, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// The shortest, exact.
    pub min: f64,
    /// The mean, exact.
    pub mean: f64,
    /// The standard deviation of the whole population.
    pub stddev: f64,
    /// Half of all are not longer; this and the other percentiles within 0.1 %, of servers of a capture that has many within 7 %.
    pub p50: f64,
    /// Nine of ten are not longer.
    pub p90: f64,
    /// 99 % are not longer.
    pub p99: f64,
    /// 99.9 % are not longer.
    pub p999: f64,
    /// The longest, exact.
    pub max: f64,
}

/// Nanoseconds as milliseconds.
pub fn ms(nanoseconds: u64) -> f64 {
    float(nanoseconds) / 1e6
}

/// The nearest floating-point number.
#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "53 bits are enough for a statistic")]
pub fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;

    fn near(found: f64, exact: f64) -> bool {
        (found - exact).abs() <= exact.abs() * 0.001
    }

    #[test]
    fn figures_of_known_values() {
        let mut delay = Delay::default();
        assert_eq!(delay.summary(), None);
        for value in 1..=1000 {
            delay.record(value * 1_000_000);
        }
        let summary = delay.summary().unwrap();
        assert!(near(summary.min, 1.0) && near(summary.max, 1000.0), "{summary:?}");
        assert!(near(summary.mean, 500.5) && near(summary.stddev, 288.675), "{summary:?}");
        assert!(near(summary.p50, 500.0) && near(summary.p90, 900.0), "{summary:?}");
        assert!(near(summary.p99, 990.0) && near(summary.p999, 999.0), "{summary:?}");
    }

    #[test]
    fn a_deviation_far_from_zero_does_not_cancel() {
        let mut delay = Delay::default();
        for value in 0..1000_i64 {
            delay.record(3_000_000_000_000 + value % 2);
        }
        let summary = delay.summary().unwrap();
        assert!((summary.stddev - 0.000_000_5).abs() < 0.000_000_05, "{summary:?}");
    }

    #[test]
    fn merged_parts_equal_the_whole() {
        let (mut whole, mut one, mut two) = (Delay::default(), Delay::default(), Delay::default());
        for value in 1..=500_i64 {
            let value = value * value * 1_000;
            whole.record(value);
            if value % 3 == 0 { one.record(value) } else { two.record(value) }
        }
        one.merge(&two);
        one.merge(&Delay::default());
        let (whole, parts) = (whole.summary().unwrap(), one.summary().unwrap());
        assert!(near(parts.mean, whole.mean) && near(parts.stddev, whole.stddev));
        assert_eq!((parts.p99, parts.min, parts.max), (whole.p99, whole.min, whole.max));
    }

    #[test]
    fn a_negative_delay_counts_as_none() {
        let mut delay = Delay::default();
        delay.record(-5);
        assert_eq!(delay.summary().map(|summary| (summary.min, summary.max)), Some((0.0, 0.0)));
    }
}
