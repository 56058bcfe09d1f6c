//! Histograms of durations: bounded in size, with a stated precision, mergeable, and saved as HdrHistogram logs.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::time::Timestamp;

/// Significant decimal digits of every value: percentiles are within 0.1 % of the truth.
pub const DIGITS: u8 = 3;
/// The longest duration that is told apart from longer ones, in nanoseconds: one hour.
pub const LONGEST: u64 = 3_600_000_000_000;

/// Counts of durations in nanoseconds, from the first one on in some 250 KB whatever their number; coarse ones in 5 KB.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Option<Hdr<u64>>,
    digits: u8,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self { counts: None, digits: DIGITS }
    }

    /// An empty one whose percentiles are within 7 %, for figures of which there are thousands.
    pub fn coarse() -> Self {
        Self { counts: None, digits: 1 }
    }

    fn none(digits: u8) -> Option<Hdr<u64>> {
        // The bounds are constants that the crate accepts; a test says so.
        Hdr::new_with_bounds(1, LONGEST, digits).ok()
    }

    /// Counts one duration in nanoseconds. Longer than [`LONGEST`] counts as that.
    pub fn record(&mut self, nanoseconds: u64) {
        if self.counts.is_none() {
            self.counts = Self::none(self.digits);
        }
        if let Some(counts) = &mut self.counts {
            counts.saturating_record(nanoseconds);
        }
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        let Some(other) = &other.counts else { return };
        if self.counts.is_none() {
            self.counts = Self::none(self.digits);
        }
        if let Some(counts) = &mut self.counts {
            // Both have the same bounds, so every value fits.
            let _ = counts.add(other);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts.as_ref().map_or(0, Hdr::len)
    }

    /// The duration that `share` (0 to 1) of all durations do not exceed, in nanoseconds; `None` when there is none.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let counts = self.counts.as_ref().filter(|counts| !counts.is_empty())?;
        Some(counts.value_at_quantile(share))
    }

    /// How many durations lie between two bounds in nanoseconds, both included.
    pub fn count_between(&self, low: u64, high: u64) -> u64 {
        self.counts.as_ref().map_or(0, |counts| counts.count_between(low, high))
    }

    /// Bytes of memory of the counts.
    pub fn memory(&self) -> usize {
        self.counts.as_ref().map_or(0, |counts| counts.distinct_values().saturating_mul(8))
    }
}

/// Writes histograms as an HdrHistogram log (format 1.3, V2 compressed), one line per tag, values in nanoseconds. Logs of
/// several runs or machines can be concatenated or merged by any reader of the format.
pub fn write_log<'a>(
    out: &mut dyn Write,
    start: Timestamp,
    length: Duration,
    histograms: impl IntoIterator<Item = (&'a str, &'a Histogram)>,
) -> io::Result<()> {
    let since_epoch = Duration::from_nanos(u64::try_from(start.nanoseconds()).unwrap_or(0));
    let start_time = UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH);
    let mut serializer = V2DeflateSerializer::new();
    let mut text = Vec::new();
    {
        let mut builder = IntervalLogWriterBuilder::new();
        builder
            .add_comment("[Histogram log format version 1.3]")
            .add_comment("Values are nanoseconds; Interval_Max is milliseconds")
            .with_start_time(start_time)
            .with_base_time(start_time)
            .with_max_value_divisor(1_000_000.0);
        let mut log = builder.begin_log_with(&mut text, &mut serializer)?;
        for (name, histogram) in histograms {
            let none = Histogram::none(histogram.digits);
            let Some(counts) = histogram.counts.as_ref().or(none.as_ref()) else { continue };
            log.write_histogram(counts, Duration::ZERO, length, Tag::new(name))
                .map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
    }
    out.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    #[test]
    fn values_are_kept_to_three_digits_in_bounded_memory() {
        let mut histogram = Histogram::new();
        assert_eq!((histogram.quantile(0.5), histogram.memory()), (None, 0));
        for value in (1..=100_000_u64).map(|index| index.saturating_mul(10_007)) {
            histogram.record(value);
        }
        for (share, exact) in [(0.5, 500_350_000.0_f64), (0.9, 900_630_000.0), (0.999, 999_699_300.0)] {
            let found = histogram.quantile(share).map(|value| u32::try_from(value).unwrap()).unwrap();
            assert!((f64::from(found) - exact).abs() / exact < 0.001, "{share}: {found}");
        }
        assert!(histogram.memory() < 300_000, "{}", histogram.memory());
        histogram.record(u64::MAX);
        histogram.record(0);
        assert_eq!(histogram.count(), 100_002);
    }

    #[test]
    fn a_coarse_one_is_small() {
        let mut histogram = Histogram::coarse();
        for value in (1..=100_000_u64).map(|index| index.saturating_mul(10_007)) {
            histogram.record(value);
        }
        let median = histogram.quantile(0.5).map(|value| u32::try_from(value).unwrap()).unwrap();
        assert!((f64::from(median) / 500_350_000.0 - 1.0).abs() < 0.07, "{median}");
        assert!(histogram.memory() < 6_000, "{}", histogram.memory());
    }

    #[test]
    fn merging_adds() {
        let (mut one, mut two) = (Histogram::new(), Histogram::new());
        one.record(1_000);
        two.record(3_000);
        one.merge(&two);
        assert_eq!((one.count(), one.quantile(1.0)), (2, two.quantile(1.0)));
        assert_eq!(one.count_between(2_000, 4_000), 1);
    }

    #[test]
    fn a_log_reads_back() {
        let mut histogram = Histogram::new();
        for value in [1_000, 2_000, 5_000_000] {
            histogram.record(value);
        }
        let none = Histogram::new();
        let mut bytes = Vec::new();
        let start = Timestamp::new(1_700_000_000, 0);
        write_log(&mut bytes, start, Duration::from_secs(2), [("offer", &histogram), ("ack", &none)])
            .unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("#[Histogram log format version 1.3]"), "{text}");
        let intervals: Vec<_> = IntervalLogIterator::new(&bytes)
            .filter_map(|entry| match entry.unwrap() {
                LogEntry::Interval(interval) => Some(interval),
                _ => None,
            })
            .collect();
        assert_eq!(intervals.len(), 2);
        assert_eq!(intervals[0].tag().unwrap().as_str(), "offer");
        assert_eq!(intervals[0].duration(), Duration::from_secs(2));
        assert!(intervals[0].encoded_histogram().starts_with("HISTF"));
    }
}
