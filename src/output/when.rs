//! How moments and stretches of time are written for people.

use std::fmt::Write as _;

use crate::output::json::day::DayText;
use crate::output::text::Text;
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

/// Where the reader is: the zone in which times of day are told.
#[derive(Clone, Debug, Default)]
pub struct Zone(Option<jiff::tz::TimeZone>);

impl Zone {
    /// UTC, or where this machine is. The zone is read now.
    pub fn new(local: bool) -> Self {
        Self(local.then(jiff::tz::TimeZone::system))
    }

    /// A moment such that, written as UTC is, it reads as it does in this zone; nanoseconds.
    pub fn shifted(&self, time: i64) -> i64 {
        let offset = self.zoned(time).map_or(0, |zoned| zoned.offset().seconds());
        time.saturating_add(i64::from(offset).saturating_mul(1_000_000_000))
    }

    /// Its name at a moment: UTC, or as in `CET (UTC+01:00)`.
    pub fn name(&self, time: i64) -> String {
        self.zoned(time).map_or_else(|| "UTC".to_owned(), |zoned| zoned.strftime("%Z (UTC%:z)").to_string())
    }

    fn zoned(&self, time: i64) -> Option<jiff::Zoned> {
        let moment = jiff::Timestamp::from_nanosecond(i128::from(time)).ok()?;
        Some(moment.to_zoned(self.0.clone()?))
    }
}

/// Writes times of successive packets.
#[derive(Clone, Debug, Default)]
pub struct TimeText {
    form: TimeForm,
    first: Option<Timestamp>,
    before: Option<Timestamp>,
    day: DayText,
    /// Where the reader is. Read once: later the process may not be allowed to open files any more.
    zone: Option<jiff::tz::TimeZone>,
    /// The date stands once above the packets of a day, and milliseconds are fine enough.
    short: bool,
    /// The day whose date was written last.
    date: String,
}

impl TimeText {
    /// A writer of this form.
    pub fn new(form: TimeForm) -> Self {
        let zone = (form == TimeForm::Local).then(jiff::tz::TimeZone::system);
        Self { form, zone, ..Self::default() }
    }

    /// Writes the date once, above the packets of a day, and for each packet the time of day in milliseconds.
    #[must_use]
    pub fn short(mut self) -> Self {
        self.short = true;
        self
    }

    /// True when what is written for a packet depends on the packets before it.
    pub fn has_memory(&self) -> bool {
        self.short || matches!(self.form, TimeForm::Relative | TimeForm::Delta)
    }

    /// The date to write above a packet of this time, with its zone; `None` when it stands there already, or every time has its own.
    pub fn date(&mut self, time: Option<Timestamp>) -> Option<&str> {
        if !self.short {
            return None;
        }
        let nanoseconds = i128::from(time?.nanoseconds());
        let moment = jiff::Timestamp::from_nanosecond(nanoseconds).ok()?;
        let date = match self.form {
            TimeForm::Utc => moment.strftime("%Y-%m-%d (UTC)").to_string(),
            TimeForm::Local => {
                let zone = self.zone.clone().unwrap_or(jiff::tz::TimeZone::UTC);
                moment.to_zoned(zone).strftime("%Y-%m-%d (%Z, UTC%:z)").to_string()
            }
            TimeForm::Epoch | TimeForm::Relative | TimeForm::Delta => return None,
        };
        (date != self.date).then(|| {
            self.date = date;
            self.date.as_str()
        })
    }

    /// Appends the time of the next packet.
    pub fn write(&mut self, time: Option<Timestamp>, precision: Precision, out: &mut Text) {
        let Some(time) = time else {
            out.push_str("(no time)");
            return;
        };
        let first = *self.first.get_or_insert(time);
        let before = self.before.replace(time).unwrap_or(time);
        let whole = out.len();
        match self.form {
            TimeForm::Utc => self.civil(time, precision, out),
            TimeForm::Local => local(time, precision, self.zone.as_ref(), out),
            TimeForm::Epoch => seconds(time.nanoseconds(), precision, out),
            TimeForm::Relative => seconds(time.since(first), precision, out),
            TimeForm::Delta => seconds(time.since(before), precision, out),
        }
        if self.short {
            self.shorten(whole, precision, out);
        }
    }

    /// The time of what is shown next in a narrow column: to the millisecond, twelve characters at most, and no date.
    pub fn clock(&mut self, time: i64) -> String {
        let mut out = Text::default();
        let short = std::mem::replace(&mut self.short, true);
        self.write(Some(Timestamp(time)), Precision::Micro, &mut out);
        self.short = short;
        out.as_str().chars().take(12).collect()
    }

    /// Makes what was written from byte `start` the time of day alone, and of all digits behind the second leaves three.
    fn shorten(&self, start: usize, precision: Precision, out: &mut Text) {
        let digits = match precision {
            Precision::Micro => 3,
            Precision::Nano => 6,
        };
        out.truncate(out.len().saturating_sub(digits).max(start));
        let out = out.bytes_mut();
        if matches!(self.form, TimeForm::Utc | TimeForm::Local)
            && let Some(date) = out
                .get(start..)
                .and_then(|text| text.iter().position(|byte| *byte == b':'))
                .and_then(|at| at.checked_sub(2))
        {
            out.drain(start..start.saturating_add(date));
        }
    }

    fn civil(&mut self, time: Timestamp, precision: Precision, out: &mut Text) {
        // RFC 3339 without its T and Z: the form people scan.
        let out = out.bytes_mut();
        let begin = out.len();
        self.day.write(time, precision, out);
        out.pop();
        if let Some(between) = out.get_mut(begin.saturating_add(10)) {
            *between = b' ';
        }
    }
}

fn local(time: Timestamp, precision: Precision, zone: Option<&jiff::tz::TimeZone>, out: &mut Text) {
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
fn seconds(nanoseconds: i64, precision: Precision, out: &mut Text) {
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

    #[test]
    fn times_are_told_where_the_reader_is() {
        let (winter, summer) = (1_700_000_000_000_000_000, 1_690_000_000_000_000_000);
        let utc = Zone::default();
        assert_eq!((utc.shifted(winter), utc.name(winter).as_str()), (winter, "UTC"));
        let Ok(berlin) = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3") else { panic!("no zone") };
        let here = Zone(Some(berlin));
        assert_eq!(here.shifted(winter) - winter, 3_600_000_000_000);
        assert_eq!(here.shifted(summer) - summer, 7_200_000_000_000);
        assert_eq!(
            (here.name(winter).as_str(), here.name(summer).as_str()),
            ("CET (UTC+01:00)", "CEST (UTC+02:00)")
        );
    }

    fn times(form: TimeForm, moments: &[i64]) -> Vec<String> {
        let mut text = TimeText::new(form);
        let write = |moment: &i64| {
            let mut out = Text::default();
            text.write(Some(Timestamp(*moment)), Precision::Micro, &mut out);
            out.as_str().to_owned()
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
    fn the_date_stands_once_and_milliseconds_are_enough() {
        let mut text = TimeText::new(TimeForm::Utc).short();
        let day = 86_400_000_000_000;
        let mut lines = Vec::new();
        for moment in [1_500_123_999, 2_250_000_000, day] {
            let time = Some(Timestamp(moment));
            lines.extend(text.date(time).map(ToOwned::to_owned));
            for precision in [Precision::Micro, Precision::Nano] {
                let mut out = Text::default();
                text.write(time, precision, &mut out);
                lines.push(out.as_str().to_owned());
            }
        }
        let want = [
            "1970-01-01 (UTC)",
            "00:00:01.500",
            "00:00:01.500",
            "00:00:02.250",
            "00:00:02.250",
            "1970-01-02 (UTC)",
            "00:00:00.000",
            "00:00:00.000",
        ];
        assert_eq!(lines, want);
        let mut text = TimeText::new(TimeForm::Relative).short();
        assert_eq!(text.date(Some(Timestamp(5))), None);
        let mut out = Text::default();
        text.write(Some(Timestamp(5)), Precision::Micro, &mut out);
        assert_eq!(out.as_str(), "0.000");
    }

    #[test]
    fn stretches_are_short() {
        assert_eq!(stretch(412_345), "0.412 ms");
        assert_eq!(stretch(1_003_900_000), "1.003 s");
        assert_eq!(stretch(-7), "0.000 ms");
    }
}
