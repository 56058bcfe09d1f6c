//! The JSON writer for streams of packets: appends to one buffer, allocates nothing, knows every value a message can hold.
//!
//! Small documents go through `serde_json`; this one exists because packets come by the million.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::time::{Precision, Timestamp};
use crate::wire::escape::is_hostile;
use crate::wire::options::Sink;

/// JSON under construction. Commas are its own business: begin, key, value, end in any legal order give valid JSON.
#[derive(Clone, Debug, Default)]
pub struct JsonOut {
    /// The text so far.
    pub buf: Vec<u8>,
    day: DayText,
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `"00"` to `"99"`.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
const PAIRS: [[u8; 2]; 100] = {
    let mut table = [[0; 2]; 100];
    let mut tens = 0;
    let mut index = 0;
    while tens < 10 {
        let mut ones = 0;
        while ones < 10 {
            table[index] = [b'0' + tens, b'0' + ones];
            ones += 1;
            index += 1;
        }
        tens += 1;
    }
    table
};

/// Two hex digits for every byte.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
const HEX_PAIRS: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut high = 0;
    let mut index = 0;
    while high < 16 {
        let mut low = 0;
        while low < 16 {
            table[index] = [HEX[high], HEX[low]];
            low += 1;
            index += 1;
        }
        high += 1;
    }
    table
};

impl JsonOut {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an object.
    pub fn begin_object(&mut self) {
        self.separate();
        self.buf.push(b'{');
    }

    /// Closes the innermost object.
    pub fn end_object(&mut self) {
        self.buf.push(b'}');
    }

    /// Opens an array.
    pub fn begin_array(&mut self) {
        self.separate();
        self.buf.push(b'[');
    }

    /// Closes the innermost array.
    pub fn end_array(&mut self) {
        self.buf.push(b']');
    }

    /// The key of the next value.
    pub fn name_next(&mut self, key: &str) {
        if !matches!(self.buf.last(), Some(b'{') | None) {
            self.buf.push(b',');
        }
        self.buf.push(b'"');
        self.buf.extend_from_slice(key.as_bytes());
        self.buf.extend_from_slice(b"\":");
    }

    /// Bytes that are already JSON: a constant, or what another writer made.
    pub fn raw(&mut self, json: &[u8]) {
        self.separate();
        self.buf.extend_from_slice(json);
    }

    /// An unsigned number.
    pub fn u64(&mut self, value: u64) {
        self.separate();
        self.digits(value);
    }

    /// A string of our own making: no character in it needs escaping.
    pub fn plain(&mut self, text: &str) {
        self.separate();
        self.buf.push(b'"');
        self.buf.extend_from_slice(text.as_bytes());
        self.buf.push(b'"');
    }

    /// A string of any bytes. Bytes that are not UTF-8 become U+FFFD; the caller keeps them elsewhere.
    pub fn string(&mut self, bytes: &[u8]) {
        self.separate();
        self.buf.push(b'"');
        if bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
            self.buf.extend_from_slice(bytes);
        } else {
            self.escaped(bytes);
        }
        self.buf.push(b'"');
    }

    /// `0x` and exactly eight hex digits, as a string.
    pub fn hex32(&mut self, value: u32) {
        self.separate();
        self.buf.extend_from_slice(b"\"0x");
        self.hex_digits(&value.to_be_bytes());
        self.buf.push(b'"');
    }

    /// `0x` and exactly four hex digits, as a string.
    pub fn hex16(&mut self, value: u16) {
        self.separate();
        self.buf.extend_from_slice(b"\"0x");
        self.hex_digits(&value.to_be_bytes());
        self.buf.push(b'"');
    }

    /// RFC 3339 in UTC with the digits that `precision` says, as a string.
    pub fn time(&mut self, time: Timestamp, precision: Precision) {
        self.separate();
        self.buf.push(b'"');
        self.day.write(time, precision, &mut self.buf);
        self.buf.push(b'"');
    }

    /// Ends a line of a stream.
    pub fn end_line(&mut self) {
        self.buf.push(b'\n');
    }

    #[inline]
    fn separate(&mut self) {
        if !matches!(self.buf.last(), Some(b'{' | b'[' | b':' | b'\n') | None) {
            self.buf.push(b',');
        }
    }

    #[inline]
    fn digits(&mut self, value: u64) {
        write_digits(value, &mut self.buf);
    }

    #[inline]
    fn hex_digits(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.buf.extend_from_slice(pair_of(&HEX_PAIRS, usize::from(*byte)));
        }
    }

    #[inline]
    fn octets(&mut self, addr: Ipv4Addr) {
        let mut first = true;
        for octet in addr.octets() {
            if !first {
                self.buf.push(b'.');
            }
            first = false;
            self.digits(u64::from(octet));
        }
    }

    #[cold]
    fn escaped(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '"' => self.buf.extend_from_slice(b"\\\""),
                    '\\' => self.buf.extend_from_slice(b"\\\\"),
                    '\n' => self.buf.extend_from_slice(b"\\n"),
                    '\r' => self.buf.extend_from_slice(b"\\r"),
                    '\t' => self.buf.extend_from_slice(b"\\t"),
                    _ if is_hostile(c) => {
                        for unit in c.encode_utf16(&mut [0; 2]) {
                            self.buf.extend_from_slice(b"\\u");
                            self.hex_digits(&unit.to_be_bytes());
                        }
                    }
                    _ => self.buf.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            if !chunk.invalid().is_empty() {
                self.buf.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
    }
}

impl Sink for JsonOut {
    fn null(&mut self) {
        self.raw(b"null");
    }

    fn flag(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    fn number(&mut self, value: u64) {
        self.u64(value);
    }

    fn signed(&mut self, value: i64) {
        self.separate();
        if value < 0 {
            self.buf.push(b'-');
        }
        self.digits(value.unsigned_abs());
    }

    fn text(&mut self, bytes: &[u8]) {
        self.string(bytes);
    }

    fn name(&mut self, name: &'static str) {
        self.plain(name);
    }

    fn ip4(&mut self, addr: Ipv4Addr) {
        self.separate();
        self.buf.push(b'"');
        self.octets(addr);
        self.buf.push(b'"');
    }

    fn ip6(&mut self, addr: Ipv6Addr) {
        use std::io::Write as _;
        self.separate();
        // Writing into a Vec cannot fail.
        let _ = write!(self.buf, "\"{addr}\"");
    }

    fn prefix4(&mut self, addr: Ipv4Addr, length: u8) {
        self.separate();
        self.buf.push(b'"');
        self.octets(addr);
        self.buf.push(b'/');
        self.digits(u64::from(length));
        self.buf.push(b'"');
    }

    fn prefix6(&mut self, addr: Ipv6Addr, length: u8) {
        use std::io::Write as _;
        self.separate();
        let _ = write!(self.buf, "\"{addr}/{length}\"");
    }

    fn hardware(&mut self, bytes: &[u8]) {
        self.separate();
        self.buf.push(b'"');
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 {
                self.buf.push(b':');
            }
            self.buf.extend_from_slice(pair_of(&HEX_PAIRS, usize::from(*byte)));
        }
        self.buf.push(b'"');
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.separate();
        self.buf.push(b'"');
        self.hex_digits(bytes);
        self.buf.push(b'"');
    }

    fn begin_list(&mut self) {
        self.begin_array();
    }

    fn end_list(&mut self) {
        self.end_array();
    }

    fn begin_map(&mut self) {
        self.begin_object();
    }

    fn key(&mut self, key: &'static str) {
        self.name_next(key);
    }

    fn end_map(&mut self) {
        self.end_object();
    }
}

#[inline]
fn pair_of(table: &[[u8; 2]], index: usize) -> &[u8] {
    table.get(index).map_or(&[], <[u8; 2]>::as_slice)
}

/// Appends `value` in decimal.
pub fn write_digits(mut value: u64, out: &mut Vec<u8>) {
    if let Ok(small @ 0..10) = u8::try_from(value) {
        out.push(b'0'.wrapping_add(small));
        return;
    }
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    while value >= 10 {
        let pair = usize::try_from(value % 100).unwrap_or(0);
        value /= 100;
        at = at.saturating_sub(2);
        if let (Some(slot), Some(pair)) = (digits.get_mut(at..at.saturating_add(2)), PAIRS.get(pair)) {
            slot.copy_from_slice(pair);
        }
    }
    if value > 0 {
        at = at.saturating_sub(1);
        if let Some(slot) = digits.get_mut(at) {
            *slot = b'0'.wrapping_add(u8::try_from(value).unwrap_or(0));
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or(&[]));
}

/// RFC 3339 text; remembers the last second, because packets of a capture mostly share it with their neighbour.
#[derive(Clone, Copy, Debug)]
pub struct DayText {
    second: i64,
    text: [u8; 19],
}

impl Default for DayText {
    fn default() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00" }
    }
}

impl DayText {
    /// Appends `2004-12-05T19:16:24.317453Z`.
    pub fn write(&mut self, time: Timestamp, precision: Precision, out: &mut Vec<u8>) {
        let second = time.0.div_euclid(1_000_000_000);
        if second != self.second {
            (self.second, self.text) = (second, civil(second));
        }
        out.extend_from_slice(&self.text);
        let nanos = time.0.rem_euclid(1_000_000_000);
        let (digits, count) = match precision {
            Precision::Micro => (nanos / 1000, 3),
            Precision::Nano => (nanos, 5),
        };
        let mut text = *b".000000000Z";
        let mut rest = usize::try_from(digits).unwrap_or(0);
        let width = if count == 3 { 6 } else { 9_usize };
        for slot in text.iter_mut().skip(1).take(width).rev() {
            *slot = b'0'.wrapping_add(u8::try_from(rest % 10).unwrap_or(0));
            rest /= 10;
        }
        let end = width.saturating_add(1);
        out.extend_from_slice(text.get(..end).unwrap_or(&[]));
        out.push(b'Z');
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(json: JsonOut) -> String {
        String::from_utf8(json.buf).unwrap()
    }

    #[test]
    fn commas_follow_from_structure() {
        let mut json = JsonOut::new();
        json.begin_object();
        json.name_next("a");
        json.begin_array();
        json.u64(1);
        json.plain("x");
        json.begin_array();
        json.end_array();
        json.null();
        json.end_array();
        json.name_next("b");
        json.begin_object();
        json.end_object();
        json.name_next("c");
        json.flag(true);
        json.end_object();
        assert_eq!(text(json), r#"{"a":[1,"x",[],null],"b":{},"c":true}"#);
    }

    #[test]
    fn strings_that_end_like_structure_do_not_confuse_the_commas() {
        let mut json = JsonOut::new();
        json.begin_array();
        json.string(b"x[");
        json.string(b"y:");
        json.end_array();
        assert_eq!(text(json), r#"["x[","y:"]"#);
    }

    #[test]
    fn times_have_the_digits_of_their_capture() {
        let mut json = JsonOut::new();
        json.begin_array();
        json.time(Timestamp(1_102_274_184_317_453_000), Precision::Micro);
        json.time(Timestamp(1_102_274_184_317_453_001), Precision::Nano);
        json.time(Timestamp(-1), Precision::Nano);
        json.time(Timestamp(0), Precision::Micro);
        json.time(Timestamp(951_782_399_000_000_000), Precision::Micro);
        json.end_array();
        assert_eq!(
            text(json),
            "[\"2004-12-05T19:16:24.317453Z\",\"2004-12-05T19:16:24.317453001Z\",\"1969-12-31T23:59:59.999999999Z\",\
             \"1970-01-01T00:00:00.000000Z\",\"2000-02-28T23:59:59.000000Z\"]"
        );
    }

    proptest! {
        #[test]
        fn any_string_is_valid_json_without_hostile_characters(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut json = JsonOut::new();
            json.string(&bytes);
            let text = text(json);
            prop_assert!(!text.chars().any(is_hostile));
            let back: String = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back, String::from_utf8_lossy(&bytes).into_owned().chars().collect::<String>());
        }

        #[test]
        fn numbers_are_those_of_std(value in any::<u64>(), signed in any::<i64>()) {
            let mut json = JsonOut::new();
            json.begin_array();
            json.u64(value);
            json.signed(signed);
            json.end_array();
            prop_assert_eq!(text(json), format!("[{value},{signed}]"));
        }

        #[test]
        fn times_are_those_of_a_calendar_library(seconds in -9_000_000_000_i64..9_000_000_000) {
            let mut json = JsonOut::new();
            json.time(Timestamp::new(seconds, 0), Precision::Micro);
            let want = jiff::Timestamp::from_second(seconds).unwrap().strftime("\"%Y-%m-%dT%H:%M:%S.000000Z\"").to_string();
            prop_assert_eq!(text(json), want);
        }
    }
}
