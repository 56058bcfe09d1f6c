//! Points in time as text and as numbers, one after the other.

use crate::time::{Precision, Timestamp};
use crate::wire::digits::{PAIRS, six_digits, write_digits};

/// RFC 3339 text; remembers the last second, because packets of a capture mostly share it with their neighbour.
#[derive(Clone, Copy, Debug)]
pub(in crate::output) struct DayText {
    second: i64,
    text: [u8; 19],
    /// The second itself in decimal.
    digits: [u8; 20],
    digits_len: usize,
    /// The second as JSON has it, in microseconds and in nanoseconds, with zeros for what is less; `BOTH` bytes and the digits count.
    both: [u8; 64],
}

/// Where the digits of microseconds stand in the text for both, and where its number begins.
const MICROS: usize = 21;
const BOTH: usize = 40;

impl Default for DayText {
    fn default() -> Self {
        let mut day = Self {
            second: 0,
            text: *b"1970-01-01T00:00:00",
            digits: [b'0'; 20],
            digits_len: 1,
            both: [b'0'; 64],
        };
        day.set(0);
        day
    }
}

impl DayText {
    /// Appends `2004-12-05T19:16:24.317453Z`.
    #[inline]
    pub(in crate::output) fn write(&mut self, time: Timestamp, precision: Precision, out: &mut Vec<u8>) {
        self.turn_to(time);
        let nanos = u32::try_from(time.0.rem_euclid(1_000_000_000)).unwrap_or(0);
        let [a, b, c, d, e, f] = six_digits(nanos / 1000);
        out.extend_from_slice(&self.text);
        match precision {
            Precision::Micro => out.extend_from_slice(&[b'.', a, b, c, d, e, f, b'Z']),
            Precision::Nano => {
                let [.., x, y, z] = six_digits(nanos % 1000);
                out.extend_from_slice(&[b'.', a, b, c, d, e, f, x, y, z, b'Z']);
            }
        }
    }

    /// Appends `"2004-12-05T19:16:24.317453Z","time_ns":1102274184317453000`, as objects of JSON have it.
    #[inline]
    pub(in crate::output) fn write_both(&mut self, time: Timestamp, precision: Precision, out: &mut Vec<u8>) {
        if precision != Precision::Micro || time.0 < 1_000_000_000 {
            out.push(b'"');
            self.write(time, precision, out);
            out.extend_from_slice(b"\",\"time_ns\":");
            return self.write_nanoseconds(time, out);
        }
        self.turn_to(time);
        let nanos = u32::try_from(time.0.rem_euclid(1_000_000_000)).unwrap_or(0);
        let micros = six_digits(nanos / 1000);
        let [.., x, y, z] = six_digits(nanos % 1000);
        let begin = out.len();
        out.extend_from_slice(&self.both);
        let number = begin.saturating_add(BOTH).saturating_add(self.digits_len);
        if let Some(slot) = out.get_mut(begin.saturating_add(MICROS)..).and_then(<[u8]>::first_chunk_mut) {
            *slot = micros;
        }
        if let Some(slot) = out.get_mut(number..).and_then(<[u8]>::first_chunk_mut) {
            let [a, b, c, d, e, f] = micros;
            *slot = [a, b, c, d, e, f, x, y, z];
        }
        out.truncate(number.saturating_add(9));
    }

    /// Appends `2004-12-05T19:16:24.317453Z`, `between`, and `1102274184317453000`, as CSV and TSV have it.
    #[inline]
    pub(in crate::output) fn write_pair(
        &mut self,
        time: Timestamp,
        precision: Precision,
        between: u8,
        out: &mut Vec<u8>,
    ) {
        if precision != Precision::Micro || time.0 < 1_000_000_000 {
            self.write(time, precision, out);
            out.push(between);
            return self.write_nanoseconds(time, out);
        }
        self.turn_to(time);
        let nanos = u32::try_from(time.0.rem_euclid(1_000_000_000)).unwrap_or(0);
        let [a, b, c, d, e, f] = six_digits(nanos / 1000);
        let [.., x, y, z] = six_digits(nanos % 1000);
        out.extend_from_slice(&self.text);
        out.extend_from_slice(&[b'.', a, b, c, d, e, f, b'Z', between]);
        let end = out.len().saturating_add(self.digits_len);
        out.extend_from_slice(&self.digits);
        out.truncate(end);
        out.extend_from_slice(&[a, b, c, d, e, f, x, y, z]);
    }

    /// Appends the nanoseconds since the epoch.
    #[inline]
    pub(in crate::output) fn write_nanoseconds(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        if time.0 < 1_000_000_000 {
            if time.0 < 0 {
                out.push(b'-');
            }
            write_digits(time.0.unsigned_abs(), out);
            return;
        }
        self.turn_to(time);
        let nanos = u32::try_from(time.0.rem_euclid(1_000_000_000)).unwrap_or(0);
        let [a, b, c, d, e, f] = six_digits(nanos / 1000);
        let [.., x, y, z] = six_digits(nanos % 1000);
        let end = out.len().saturating_add(self.digits_len);
        out.extend_from_slice(&self.digits);
        out.truncate(end);
        out.extend_from_slice(&[a, b, c, d, e, f, x, y, z]);
    }

    #[inline]
    fn turn_to(&mut self, time: Timestamp) {
        let second = time.0.div_euclid(1_000_000_000);
        if second != self.second {
            self.set(second);
        }
    }

    #[cold]
    fn set(&mut self, second: i64) {
        (self.second, self.text) = (second, civil(second));
        let mut digits = Vec::with_capacity(24);
        write_digits(second.unsigned_abs(), &mut digits);
        self.digits_len = digits.len();
        digits.resize(self.digits.len(), 0);
        self.digits.copy_from_slice(&digits);
        let shown = self.digits.get(..self.digits_len).unwrap_or_default();
        let both = [b"\"", &self.text[..], b".000000Z\",\"time_ns\":", shown, b"000000000"].concat();
        for (slot, byte) in self.both.iter_mut().zip(both) {
            *slot = byte;
        }
    }
}

/// The date and time of a second since the epoch (proleptic Gregorian; after Howard Hinnant's `civil_from_days`).
fn civil(second: i64) -> [u8; 19] {
    let days = second.div_euclid(86_400);
    let clock = second.rem_euclid(86_400);
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let doe = shifted.rem_euclid(146_097);
    let yoe =
        (doe.saturating_sub(doe / 1460).saturating_add(doe / 36_524).saturating_sub(doe / 146_096)) / 365;
    let doy = doe.saturating_sub(yoe.saturating_mul(365).saturating_add(yoe / 4).saturating_sub(yoe / 100));
    let mp = doy.saturating_mul(5).saturating_add(2) / 153;
    let day = doy.saturating_sub(mp.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let month = if mp < 10 { mp.saturating_add(3) } else { mp.saturating_sub(9) };
    let year = yoe.saturating_add(era.saturating_mul(400)).saturating_add(i64::from(month <= 2));
    let mut text = *b"0000-00-00T00:00:00";
    for (at, value) in [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, clock / 3600),
        (14, clock / 60 % 60),
        (17, clock % 60),
    ] {
        let pair = usize::try_from(value).ok().and_then(|value| PAIRS.get(value));
        if let (Some(slot), Some(pair)) = (text.get_mut(at..).and_then(|tail| tail.first_chunk_mut()), pair) {
            *slot = *pair;
        }
    }
    text
}
