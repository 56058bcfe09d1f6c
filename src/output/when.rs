//! How moments and stretches of time are written for people.

use std::fmt::Write as _;

use crate::output::json::day::DayText;
use crate::time::{Precision, Timestamp};

/// The forms of `--time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeForm {
    /// Date and time of day, UTC.
    #[default]
    Utc,
    /// Date and time of day where the reader is.
    Local,
    /// Seconds since 1970-01-01 UTC.
    Epoch,
    /// Seconds since the first packet shown.
    Relative,
    /// Seconds since the packet shown before.
    Delta,
}

/// Writes times of successive packets.
#[derive(Clone, Debug, Default)]
pub struct TimeText {
    form: TimeForm,
    first: Option<Timestamp>,
    before: Option<Timestamp>,
    day: DayText,
    scratch: Vec<u8>,
    /// Where the reader is. Read once: later the process may not be allowed to open files any more.
    zone: Option<jiff::tz::TimeZone>,
}

impl TimeText {
    /// A writer of this form.
    pub fn new(form: TimeForm) -> Self {
        let zone = (form == TimeForm::Local).then(jiff::tz::TimeZone::system);
        Self { form, zone, ..Self::default() }
    }

    /// True when what is written for a packet depends on the packets before it.
    pub fn has_memory(&self) -> bool {
        matches!(self.form, TimeForm::Relative | TimeForm::Delta)
    }

    /// Appends the time of the next packet.
    pub fn write(&mut self, time: Option<Timestamp>, precision: Precision, out: &mut String) {
        let Some(time) = time else {
            out.push_str("(no time)");
            return;
        };
        let first = *self.first.get_or_insert(time);
        let before = self.before.replace(time).unwrap_or(time);
        match self.form {
            TimeForm::Utc => self.civil(time, precision, out),
            TimeForm::Local => local(time, precision, self.zone.as_ref(), out),
            TimeForm::Epoch => seconds(time.nanoseconds(), precision, out),
            TimeForm::Relative => seconds(time.since(first), precision, out),
            TimeForm::Delta => seconds(time.since(before), precision, out),
        }
    }

    fn civil(&mut self, time: Timestamp, precision: Precision, out: &mut String) {
        self.scratch.clear();
        self.day.write(time, precision, &mut self.scratch);
        // RFC 3339 without its T and Z: the form people scan.
        if let Ok(text) = std::str::from_utf8(&self.scratch) {
            for part in text.trim_end_matches('Z').split('T') {
                if !out.is_empty() && !out.ends_with(['\n', 'm']) {
                    out.push(' ');
                }
                out.push_str(part);
            }
        }
    }
}

fn local(time: Timestamp, precision: Precision, zone: Option<&jiff::tz::TimeZone>, out: &mut String) {
    let form = match precision {
        Precision::Micro => "%Y-%m-%d %H:%M:%S%.6f",
        Precision::Nano => "%Y-%m-%d %H:%M:%S%.9f",
    };
    let Ok(moment) = jiff::Timestamp::from_nanosecond(i128::from(time.nanoseconds())) else { return };
    let zoned = moment.to_zoned(zone.cloned().unwrap_or(jiff::tz::TimeZone::UTC));
    // Writing into a String cannot fail, and the form has been tried.
    let _ = write!(out, "{}", zoned.strftime(form));
}

/// Seconds with a decimal point and the digits of the capture.
fn seconds(nanoseconds: i64, precision: Precision, out: &mut String) {
    if nanoseconds < 0 {
        out.push('-');
    }
    let total = nanoseconds.unsigned_abs();
    let (whole, rest) = (total / 1_000_000_000, total % 1_000_000_000);
    let _ = match precision {
        Precision::Micro => write!(out, "{whole}.{:06}", rest / 1000),
        Precision::Nano => write!(out, "{whole}.{rest:09}"),
    };
}

/// A measured stretch of time for people: `0.412 ms`, `1.003 s`.
pub fn stretch(nanoseconds: i64) -> String {
    let whole = nanoseconds.max(0);
    let in_unit = |unit: i64, places: usize| {
        let rest = whole.checked_rem(unit).unwrap_or(0).saturating_mul(1000).checked_div(unit).unwrap_or(0);
        let digits = format!("{rest:03}");
        format!("{}.{}", whole.checked_div(unit).unwrap_or(0), digits.get(..places).unwrap_or(&digits))
    };
    if whole >= 1_000_000_000 {
        format!("{} s", in_unit(1_000_000_000, 3))
    } else {
        format!("{} ms", in_unit(1_000_000, 3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(form: TimeForm, moments: &[i64]) -> Vec<String> {
        let mut text = TimeText::new(form);
        let write = |moment: &i64| {
            let mut out = String::new();
            text.write(Some(Timestamp(*moment)), Precision::Micro, &mut out);
            out
        };
        moments.iter().map(write).collect()
    }

    #[test]
    fn each_form_counts_from_its_own_start() {
        let moments = [1_500_000_000, 3_250_000_000, 3_000_000_000];
        assert_eq!(times(TimeForm::Epoch, &moments), ["1.500000", "3.250000", "3.000000"]);
        assert_eq!(times(TimeForm::Relative, &moments), ["0.000000", "1.750000", "1.500000"]);
        assert_eq!(times(TimeForm::Delta, &moments), ["0.000000", "1.750000", "-0.250000"]);
        assert_eq!(times(TimeForm::Utc, &moments[..1]), ["1970-01-01 00:00:01.500000"]);
    }

    #[test]
    fn stretches_are_short() {
        assert_eq!(stretch(412_345), "0.412 ms");
        assert_eq!(stretch(1_003_900_000), "1.003 s");
        assert_eq!(stretch(-7), "0.000 ms");
    }
}
