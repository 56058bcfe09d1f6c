//! What monitoring plugins print: one status line with performance data, then a line about each thing found. After the guidelines
//! of the Monitoring Plugins project, which Nagios, Icinga and their relatives read.

mod senders;
mod six;

use std::fmt;
use std::str::FromStr;

use crate::output::when::stretch;
use crate::wire::escape::escape_line;

/// The state of a monitoring plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// 0.
    Ok,
    /// 1.
    Warning,
    /// 2.
    Critical,
    /// 3.
    Unknown,
}

impl PluginState {
    /// The name at the start of the status line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Of the two the one that matters more. What is not known does not hide what is.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |state| match state {
            Self::Ok => 0,
            Self::Unknown => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }

    /// The exit code that goes with it.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

/// Values that are to alert: `10` outside 0 to 10, `10:` below, `~:10` above, `10:20` outside, `@10:20` inside.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRange {
    text: String,
    low: f64,
    high: f64,
    inside: bool,
}

impl AlertRange {
    /// True when `value` is to alert.
    pub fn alerts(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value) == self.inside
    }
}

impl FromStr for AlertRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no range; write 10 (more than 10), 10: (less), 10:20 (outside) or @10:20 (inside)"
            )
        };
        let number =
            |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(wrong);
        let (inside, bounds) = text.strip_prefix('@').map_or((false, text), |rest| (true, rest));
        let (low, high) = bounds.split_once(':').unwrap_or(("", bounds));
        let low = match low {
            "" => 0.0,
            "~" => f64::NEG_INFINITY,
            low => number(low)?,
        };
        let high = if high.is_empty() && bounds.contains(':') { f64::INFINITY } else { number(high)? };
        if low > high {
            return Err(wrong());
        }
        Ok(Self { text: text.to_owned(), low, high, inside })
    }
}

impl AlertRange {
    /// What is wrong with `value`, which alerts.
    fn why(&self, value: f64) -> String {
        let Self { low, high, inside, .. } = self;
        match inside {
            true if high.is_infinite() => format!("not faster than {low} ms"),
            true if *low <= 0.0 => format!("not slower than {high} ms"),
            true => format!("between {low} and {high} ms"),
            false if value > *high => format!("slower than {high} ms"),
            false => format!("faster than {low} ms"),
        }
    }
}

impl fmt::Display for AlertRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a measured value is held against.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// Where it is a warning.
    pub warning: Option<AlertRange>,
    /// Where it is critical.
    pub critical: Option<AlertRange>,
}

impl Thresholds {
    /// The state that `value` stands for; one that is not known cannot be good where it matters.
    pub fn judge(&self, value: Option<f64>) -> PluginState {
        let alerts = |range: &Option<AlertRange>| {
            range.as_ref().is_some_and(|range| value.is_some_and(|value| range.alerts(value)))
        };
        if alerts(&self.critical) {
            PluginState::Critical
        } else if alerts(&self.warning) {
            PluginState::Warning
        } else if value.is_none() && (self.critical.is_some() || self.warning.is_some()) {
            PluginState::Unknown
        } else {
            PluginState::Ok
        }
    }

    /// What is wrong with `value`, where that is not [good](Self::judge).
    pub fn why(&self, value: Option<f64>) -> Option<String> {
        let range = match self.judge(value) {
            PluginState::Ok => return None,
            PluginState::Unknown => return Some("how fast is not known".to_owned()),
            PluginState::Warning => &self.warning,
            PluginState::Critical => &self.critical,
        };
        range.as_ref().zip(value).map(|(range, value)| range.why(value))
    }
}

/// What a plugin prints.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The state.
    pub state: PluginState,
    text: String,
    data: Vec<String>,
    lines: Vec<String>,
}

impl Plugin {
    /// A plugin in this state, which says so.
    pub fn new(state: PluginState, text: impl Into<String>) -> Self {
        Self { state, text: text.into(), data: Vec::new(), lines: Vec::new() }
    }

    /// The same, with a measured stretch of time. One that is not known is left out.
    #[must_use]
    pub fn milliseconds(mut self, label: &str, value: Option<f64>, thresholds: &Thresholds) -> Self {
        let range = |range: &Option<AlertRange>| range.as_ref().map(ToString::to_string).unwrap_or_default();
        if let Some(value) = value {
            let (warning, critical) = (range(&thresholds.warning), range(&thresholds.critical));
            self.data.push(format!("{label}={value:.3}ms;{warning};{critical};0"));
        }
        self
    }

    /// The same, with a number of things.
    #[must_use]
    pub fn count(mut self, label: &str, value: u64) -> Self {
        self.data.push(format!("{label}={value};;;0"));
        self
    }

    /// The same, with a line about one of the things found.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// The lines. `|` separates text from data and may stand in neither; Nagios shows a `;` of the first line as a colon.
    pub fn text(&self) -> String {
        let clean = |text: &str| escape_line(&text.replace('|', "/"));
        let first = self.text.replace("; ", " - ").replace(';', ",");
        let mut out = format!("DHCP {} - {}", self.state.name(), clean(&first));
        if !self.data.is_empty() {
            out.push_str(" | ");
            out.push_str(&self.data.join(" "));
        }
        out.push('\n');
        for line in &self.lines {
            out.push_str(&clean(line));
            out.push('\n');
        }
        out
    }
}

/// How long it took, and whether that is what decided.
pub(in crate::output) fn after(nanoseconds: Option<i64>, thresholds: &Thresholds) -> String {
    let why = thresholds.why(nanoseconds.map(milliseconds));
    let after = nanoseconds.map_or_else(String::new, |taken| format!(" after {}", stretch(taken)));
    why.map_or_else(|| after.clone(), |why| format!("{after}, {why}"))
}

/// Whole microseconds, as [`stretch`] has them: what is judged is what is shown.
pub(in crate::output) fn milliseconds(nanoseconds: i64) -> f64 {
    let microseconds = nanoseconds.max(0).checked_div(1000).unwrap_or(0);
    crate::stats::delay::float(u64::try_from(microseconds).unwrap_or(0)) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_guidelines() {
        let alerts = |range: &str, value: f64| range.parse::<AlertRange>().unwrap().alerts(value);
        assert!(alerts("10", 10.5) && alerts("10", -0.1) && !alerts("10", 0.0) && !alerts("10", 10.0));
        assert!(alerts("10:", 9.9) && !alerts("10:", 10.0) && !alerts("10:", 1e9));
        assert!(alerts("~:10", 10.1) && !alerts("~:10", -1e9));
        assert!(alerts("10:20", 9.0) && alerts("10:20", 21.0) && !alerts("10:20", 15.0));
        assert!(alerts("@10:20", 15.0) && alerts("@10:20", 10.0) && !alerts("@10:20", 9.0));
        for wrong in ["", "x", "20:10", "1:2:3", "@", "nan", "~"] {
            assert!(wrong.parse::<AlertRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_line_says_state_text_and_data() {
        let thresholds = Thresholds { warning: "5".parse().ok(), critical: "@100:".parse().ok() };
        assert_eq!(thresholds.judge(Some(3.0)), PluginState::Ok);
        assert_eq!(thresholds.judge(Some(7.0)), PluginState::Warning);
        assert_eq!(thresholds.judge(Some(100.0)), PluginState::Critical);
        assert_eq!(thresholds.judge(None), PluginState::Unknown);
        assert_eq!(Thresholds::default().judge(None), PluginState::Ok);
        for (warning, value, why) in [
            ("5", Some(7.0), Some("slower than 5 ms")),
            ("5:", Some(0.1), Some("faster than 5 ms")),
            ("1.5:2", Some(1.0), Some("faster than 1.5 ms")),
            ("@:2", Some(1.0), Some("not slower than 2 ms")),
            ("@2:", Some(3.0), Some("not faster than 2 ms")),
            ("@2:3", Some(2.5), Some("between 2 and 3 ms")),
            ("5", None, Some("how fast is not known")),
            ("5", Some(5.0), None),
        ] {
            let thresholds = Thresholds { warning: warning.parse().ok(), critical: None };
            assert_eq!(thresholds.why(value).as_deref(), why, "{warning} {value:?}");
        }
        let plugin = Plugin::new(PluginState::Warning, "slow|server; one;more")
            .milliseconds("latency", Some(7.0), &thresholds)
            .milliseconds("other", None, &thresholds)
            .count("offers", 2)
            .line("10.0.0.1; offers\u{1b}");
        assert_eq!(
            plugin.text(),
            "DHCP WARNING - slow/server - one,more | latency=7.000ms;5;@100:;0 offers=2;;;0\n10.0.0.1; offers\\x1b\n"
        );
    }
}
