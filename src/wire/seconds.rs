//! The text of durations that messages carry, the same in every view: `30m`, `12h`, `7d`, `1d 2h 3m 4s`.

use std::fmt;

/// A number of whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u32);

impl Seconds {
    /// Days, hours, minutes and seconds with their units, as far as there are any.
    pub fn parts(self) -> impl Iterator<Item = (u32, &'static str)> {
        let Self(all) = self;
        let parts =
            [(all / 86_400, "d"), (all % 86_400 / 3600, "h"), (all % 3600 / 60, "m"), (all % 60, "s")];
        // No time at all is some seconds, too.
        parts.into_iter().filter(move |(count, unit)| *count > 0 || all == 0 && *unit == "s")
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (count, unit) in self.parts() {
            write!(f, "{between}{count}{unit}")?;
            between = " ";
        }
        Ok(())
    }
}

/// The time of a lease in seconds; all ones is one without an end (RFC 2131 §3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease(pub u32);

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            u32::MAX => f.write_str("infinite"),
            seconds => Seconds(seconds).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_use_the_largest_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (1800, "30m"),
            (43_200, "12h"),
            (86_399, "23h 59m 59s"),
            (93_784, "1d 2h 3m 4s"),
            (1_209_600, "14d"),
        ] {
            assert_eq!(Seconds(seconds).to_string(), text);
            assert_eq!(Lease(seconds).to_string(), text);
        }
        assert_eq!(Seconds(u32::MAX).to_string(), "49710d 6h 28m 15s");
        assert_eq!(Lease(u32::MAX).to_string(), "infinite");
    }
}
