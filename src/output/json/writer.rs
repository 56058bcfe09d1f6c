//! The JSON writer for streams of packets: appends to one buffer, allocates nothing, knows every value a message can hold.
//!
//! Small documents go through `serde_json`; this one exists because packets come by the million.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::output::json::day::DayText;
use crate::time::{Precision, Timestamp};
use crate::wire::digits::{
    mac_text, put_octet, write_colons, write_digits, write_hex, write_ip6, write_octets,
};
use crate::wire::escape::{is_hostile, is_plain_but};
use crate::wire::options::{Sink, Space};

/// JSON under construction. Commas are its own business: begin, key, value, end in any legal order give valid JSON.
#[derive(Clone, Debug, Default)]
pub struct JsonOut {
    /// The text so far.
    pub buf: Vec<u8>,
    day: DayText,
}

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
        let first = matches!(self.buf.last(), Some(b'{') | None);
        self.buf.extend_from_slice(if first { b"\"" } else { b",\"" });
        self.buf.extend_from_slice(key.as_bytes());
        self.buf.extend_from_slice(b"\":");
    }

    /// Bytes that are already JSON: a constant, or what another writer made.
    pub fn raw(&mut self, json: &[u8]) {
        self.separate();
        self.buf.extend_from_slice(json);
    }

    /// Bytes that are already JSON, commas included: the fixed parts of an object.
    #[inline]
    pub fn fixed(&mut self, json: &[u8]) {
        self.buf.extend_from_slice(json);
    }

    /// An unsigned number.
    #[inline]
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
        self.quoted(bytes);
    }

    /// As [`string`](Self::string), as the value of a key that was just written.
    #[inline]
    pub(super) fn quoted(&mut self, bytes: &[u8]) {
        self.buf.push(b'"');
        if is_plain(bytes) {
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

    /// RFC 3339 in UTC with the digits that `precision` says, as a string.
    pub fn time(&mut self, time: Timestamp, precision: Precision) {
        self.separate();
        self.moment(time, precision);
    }

    /// As [`time`](Self::time), as the value of a key that was just written.
    #[inline]
    pub(super) fn moment(&mut self, time: Timestamp, precision: Precision) {
        self.buf.push(b'"');
        self.day.write(time, precision, &mut self.buf);
        self.buf.push(b'"');
    }

    /// The text of [`time`](Self::time) without its quotes, wherever it stands.
    #[inline]
    pub(in crate::output) fn bare_time(&mut self, time: Timestamp, precision: Precision) {
        self.day.write(time, precision, &mut self.buf);
    }

    /// As [`bare_time`](Self::bare_time), then `between` and the same in nanoseconds.
    #[inline]
    pub(in crate::output) fn bare_times(&mut self, time: Timestamp, precision: Precision, between: u8) {
        self.day.write_pair(time, precision, between, &mut self.buf);
    }

    /// As [`nanoseconds`](Self::nanoseconds), wherever it stands.
    #[inline]
    pub(in crate::output) fn bare_nanoseconds(&mut self, time: Timestamp) {
        self.day.write_nanoseconds(time, &mut self.buf);
    }

    /// What `write` appends, in quotes; nothing in it needs escaping.
    #[inline]
    pub(in crate::output) fn quote(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.buf.push(b'"');
        write(&mut self.buf);
        self.buf.push(b'"');
    }

    /// As [`time`](Self::time), then the key `time_ns` and the same in nanoseconds; as the value of a key that was just written.
    #[inline]
    pub fn times(&mut self, time: Timestamp, precision: Precision) {
        self.day.write_both(time, precision, &mut self.buf);
    }

    /// Nanoseconds since the epoch, as a number.
    #[inline]
    pub fn nanoseconds(&mut self, time: Timestamp) {
        self.separate();
        self.day.write_nanoseconds(time, &mut self.buf);
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

    /// Decimal digits.
    #[inline]
    pub fn digits(&mut self, value: u64) {
        write_digits(value, &mut self.buf);
    }

    /// Two hex digits for each byte.
    #[inline]
    pub fn hex_digits(&mut self, bytes: &[u8]) {
        write_hex(bytes, &mut self.buf);
    }

    /// An address with `behind` after it.
    #[inline]
    pub fn octets(&mut self, addr: Ipv4Addr, behind: u8) {
        write_octets(addr, behind, &mut self.buf);
    }

    /// A hardware address with colons, in quotes, as the value of a key that was just written.
    #[inline]
    pub fn address(&mut self, bytes: &[u8]) {
        if let Ok(mac) = bytes.try_into() {
            let mut text = [b'"'; 19];
            if let Some(inside) = text.last_chunk_mut::<18>().and_then(|text| text.first_chunk_mut()) {
                *inside = mac_text(mac);
            }
            self.buf.extend_from_slice(&text);
            return;
        }
        self.buf.push(b'"');
        write_colons(bytes, &mut self.buf);
        self.buf.push(b'"');
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
    #[inline]
    fn mark(&self) -> Option<usize> {
        Some(self.buf.len())
    }

    fn back_to(&mut self, mark: usize) {
        self.buf.truncate(mark);
    }

    fn begin_option(&mut self, code: u16, name: Option<&'static str>, _: &[u8], _: bool) {
        self.separate();
        self.buf.extend_from_slice(b"{\"code\":");
        self.digits(code.into());
        match name {
            Some(name) => {
                self.buf.extend_from_slice(b",\"name\":\"");
                self.buf.extend_from_slice(name.as_bytes());
                self.buf.extend_from_slice(b"\",\"value\":");
            }
            None => self.buf.extend_from_slice(b",\"name\":null,\"value\":"),
        }
    }

    fn end_option(&mut self, raw: &[u8]) {
        self.buf.extend_from_slice(b",\"raw\":\"");
        self.hex_digits(raw);
        self.buf.extend_from_slice(b"\"}");
    }

    fn route(&mut self, destination: Ipv4Addr, length: u8, router: Ipv4Addr) {
        self.separate();
        self.buf.extend_from_slice(b"{\"destination\":\"");
        self.octets(destination, b'/');
        self.digits(length.into());
        self.buf.extend_from_slice(b"\",\"router\":\"");
        self.octets(router, b'"');
        self.buf.push(b'}');
    }

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

    fn option_codes(&mut self, codes: &[u8], space: &'static Space) {
        if space.code_width != 1 {
            for code in space.codes(codes) {
                self.u64(code.into());
            }
            return;
        }
        for codes in codes.chunks(16) {
            self.separate();
            let mut text = [0; 68];
            let mut at: usize = 0;
            for code in codes {
                at = put_octet(&mut text, at, *code, b',');
            }
            self.buf.extend_from_slice(text.get(..at.saturating_sub(1)).unwrap_or_default());
        }
    }

    #[inline]
    fn ip4(&mut self, addr: Ipv4Addr) {
        self.separate();
        self.buf.push(b'"');
        self.octets(addr, b'"');
    }

    fn ip6(&mut self, addr: Ipv6Addr) {
        self.separate();
        self.buf.push(b'"');
        write_ip6(addr, &mut self.buf);
        self.buf.push(b'"');
    }

    fn prefix4(&mut self, addr: Ipv4Addr, length: u8) {
        self.separate();
        self.buf.push(b'"');
        self.octets(addr, b'/');
        self.digits(u64::from(length));
        self.buf.push(b'"');
    }

    fn prefix6(&mut self, addr: Ipv6Addr, length: u8) {
        self.separate();
        self.buf.push(b'"');
        write_ip6(addr, &mut self.buf);
        self.buf.push(b'/');
        self.digits(length.into());
        self.buf.push(b'"');
    }

    #[inline]
    fn hardware(&mut self, bytes: &[u8]) {
        self.separate();
        self.address(bytes);
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.separate();
        self.buf.push(b'"');
        self.hex_digits(bytes);
        self.buf.push(b'"');
    }

    fn ethernet_client(&mut self, mac: [u8; 6]) {
        self.separate();
        self.buf.extend_from_slice(b"{\"type\":\"ethernet\",\"address\":");
        self.address(&mac);
        self.buf.push(b'}');
    }

    fn fqdn(&mut self, bits: u8, names: &[(u32, &'static str)], rcodes: [u8; 2], name: &[u8]) {
        self.separate();
        if bits == 0 && rcodes == [0, 0] {
            self.buf.extend_from_slice(b"{\"flags\":[],\"rcode1\":0,\"rcode2\":0,\"name\":");
        } else {
            self.buf.extend_from_slice(b"{\"flags\":[");
            for (mask, name) in names {
                if u32::from(bits) & mask != 0 {
                    self.plain(name);
                }
            }
            let known = names.iter().fold(0, |known, (mask, _)| known | mask);
            match u32::from(bits) & !known {
                0 => {}
                rest => self.u64(u64::from(rest)),
            }
            self.buf.extend_from_slice(b"],\"rcode1\":");
            self.digits(u64::from(rcodes[0]));
            self.buf.extend_from_slice(b",\"rcode2\":");
            self.digits(u64::from(rcodes[1]));
            self.buf.extend_from_slice(b",\"name\":");
        }
        self.string(name);
        self.buf.push(b'}');
    }

    fn hex_text(&mut self, text: &[u8]) {
        self.separate();
        self.buf.push(b'"');
        self.buf.extend_from_slice(text);
        self.buf.push(b'"');
    }

    fn dhcpv4(&mut self, message: &[u8]) {
        self.separate();
        crate::output::packet::json::write_inner(message, self);
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

/// True when every byte stands for itself in a JSON string.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    is_plain_but(bytes, b'"', b'\\')
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
        fn both_times_are_those_written_apart(first in any::<i64>(), second in 0_i64..2_000_000_000_000_000_000) {
            let (mut both, mut apart) = (JsonOut::new(), JsonOut::new());
            for time in [first, second, second.wrapping_add(1_000_003), first].map(Timestamp) {
                for precision in [Precision::Micro, Precision::Nano] {
                    both.begin_array();
                    both.times(time, precision);
                    apart.begin_array();
                    apart.time(time, precision);
                    apart.name_next("time_ns");
                    apart.nanoseconds(time);
                }
            }
            prop_assert_eq!(text(both), text(apart));
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
