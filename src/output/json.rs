//! The JSON writer for streams of packets: appends to one buffer, allocates nothing, knows every value a message can hold.
//!
//! Small documents go through `serde_json`; this one exists because packets come by the million.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::time::{Precision, Timestamp};
use crate::wire::escape::is_hostile;
use crate::wire::options::{Sink, Space};

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

/// For every byte its decimal digits with a dot behind them.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
const OCTETS: [[u8; 4]; 256] = {
    let mut table = [[0; 4]; 256];
    let mut index = 0;
    let mut hundreds = 0;
    while hundreds < 3 {
        let mut rest = 0;
        while rest < 100 && index < 256 {
            let [tens, ones] = PAIRS[rest];
            table[index] = match (hundreds, rest) {
                (0, 0..10) => [ones, b'.', 0, 0],
                (0, _) => [tens, ones, b'.', 0],
                (_, _) => [b'0' + hundreds, tens, ones, b'.'],
            };
            rest += 1;
            index += 1;
        }
        hundreds += 1;
    }
    table
};

/// How many digits a byte has in decimal, and one for the dot.
#[inline]
fn octet_len(octet: u8) -> usize {
    usize::from(octet >= 10).saturating_add(usize::from(octet >= 100)).saturating_add(2)
}

/// The digits of up to four bytes, each with a dot behind it, first character lowest.
#[derive(Clone, Copy)]
struct Octet<T> {
    text: T,
    length: usize,
}

impl Octet<u64> {
    #[inline]
    fn of(octet: u8) -> Self {
        let text = OCTETS.get(usize::from(octet)).map_or(0, |text| u32::from_le_bytes(*text));
        Self { text: text.into(), length: octet_len(octet) }
    }

    /// Two bytes give eight characters at most.
    #[inline]
    fn followed_by(self, next: Self) -> Octet<u128> {
        let text = self.text | next.text.wrapping_shl(bits(self.length));
        Octet { text: text.into(), length: self.length.wrapping_add(next.length) }
    }
}

impl Octet<u128> {
    #[inline]
    fn followed_by(self, next: Self) -> Self {
        let text = self.text | next.text.wrapping_shl(bits(self.length));
        Self { text, length: self.length.wrapping_add(next.length) }
    }
}

#[inline]
fn bits(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(0).wrapping_mul(8)
}

/// True for the bytes that stand for themselves in a JSON string.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut index = 32;
    while index < 127 {
        table[index] = index != 34 && index != 92;
        index += 1;
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
        let end = self.buf.len().saturating_add(bytes.len().saturating_mul(2));
        // Where the last bytes do not fill a word, the last whole word is taken again, over digits already written.
        if let Some(last) = bytes.last_chunk::<16>() {
            let (chunks, rest) = bytes.as_chunks::<16>();
            for chunk in chunks {
                self.buf.extend_from_slice(&hex_of(chunk));
            }
            if !rest.is_empty() {
                self.buf.truncate(end.saturating_sub(32));
                self.buf.extend_from_slice(&hex_of(last));
            }
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            self.buf.extend_from_slice(&hex_word(*first));
            if bytes.len() > 8 {
                self.buf.truncate(end.saturating_sub(16));
                self.buf.extend_from_slice(&hex_word(*last));
            }
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            self.buf.extend_from_slice(&hex_half(u32::from_le_bytes(*first)).to_le_bytes());
            if bytes.len() > 4 {
                self.buf.truncate(end.saturating_sub(8));
                self.buf.extend_from_slice(&hex_half(u32::from_le_bytes(*last)).to_le_bytes());
            }
        } else {
            for byte in bytes {
                self.buf.extend_from_slice(pair_of(&HEX_PAIRS, usize::from(*byte)));
            }
        }
    }

    /// An address with `behind` after it.
    #[inline]
    pub fn octets(&mut self, addr: Ipv4Addr, behind: u8) {
        if addr.is_unspecified() {
            self.buf.extend_from_slice(&[b'0', b'.', b'0', b'.', b'0', b'.', b'0', behind]);
            return;
        }
        let [a, b, c, d] = addr.octets().map(Octet::of);
        let text = a.followed_by(b).followed_by(c.followed_by(d));
        let end = self.buf.len().saturating_add(text.length);
        self.buf.extend_from_slice(&text.text.to_le_bytes());
        self.buf.truncate(end);
        // In the place of the last dot.
        if let Some(last) = self.buf.last_mut() {
            *last = behind;
        }
    }

    /// A hardware address with colons, in quotes, as the value of a key that was just written.
    #[inline]
    pub fn address(&mut self, bytes: &[u8]) {
        if let Ok(mac) = bytes.try_into() {
            self.mac(mac);
            return;
        }
        self.buf.push(b'"');
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 {
                self.buf.push(b':');
            }
            self.buf.extend_from_slice(pair_of(&HEX_PAIRS, usize::from(*byte)));
        }
        self.buf.push(b'"');
    }

    /// Six bytes with colons between them, in quotes.
    #[inline]
    fn mac(&mut self, [a, b, c, d, e, f]: [u8; 6]) {
        let pair = |byte: u8| {
            let pair = HEX_PAIRS.get(usize::from(byte)).copied().unwrap_or_default();
            u64::from(u16::from_le_bytes(pair))
        };
        let three = |a: u8, b: u8, c: u8| {
            let colons = u64::from_le_bytes(*b"\0\0:\0\0:\0\0");
            (pair(a) | pair(b) << 24 | pair(c) << 48 | colons).to_le_bytes()
        };
        let begin = self.buf.len();
        self.buf.extend_from_slice(b"\"xx:xx:xx:xx:xx:xx\"");
        if let Some([_, text @ ..]) = self.buf.get_mut(begin..)
            && let Some((left, [_, right @ ..])) = text.split_first_chunk_mut()
            && let Some(right) = right.first_chunk_mut()
        {
            *left = three(a, b, c);
            *right = three(d, e, f);
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

    fn option_codes(&mut self, codes: &[u8], _: &'static Space) {
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
        use std::io::Write as _;
        self.separate();
        // Writing into a Vec cannot fail.
        let _ = write!(self.buf, "\"{addr}\"");
    }

    fn prefix4(&mut self, addr: Ipv4Addr, length: u8) {
        self.separate();
        self.buf.push(b'"');
        self.octets(addr, b'/');
        self.digits(u64::from(length));
        self.buf.push(b'"');
    }

    fn prefix6(&mut self, addr: Ipv6Addr, length: u8) {
        use std::io::Write as _;
        self.separate();
        let _ = write!(self.buf, "\"{addr}/{length}\"");
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
        self.mac(mac);
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

/// True when every byte stands for itself in a JSON string; looks at eight at once.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().all(|byte| PLAIN.get(usize::from(*byte)).is_some_and(|is| *is));
    };
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().chain([last]).fold(0, |odd, word| odd | odd_bytes(u64::from_ne_bytes(*word))) == 0
}

/// Not zero when one of eight bytes needs care: a control character, a quote, a backslash, or what is not ASCII.
#[inline]
fn odd_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Sets the highest bit of a byte below `limit`; of others too, but only when another one is below it.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES.wrapping_mul(limit)) & !word;
    let equal = |byte: u8| below(word ^ ONES.wrapping_mul(byte.into()), 1);
    (word | below(word, 0x20) | equal(b'"') | equal(b'\\') | equal(0x7f)) & HIGH
}

/// Puts the digits of `octet` and `behind` at `at`; returns the place behind them.
#[inline]
fn put_octet(text: &mut [u8], at: usize, octet: u8, behind: u8) -> usize {
    let next = at.saturating_add(octet_len(octet));
    if let (Some(slot), Some(digits)) =
        (text.get_mut(at..).and_then(<[u8]>::first_chunk_mut), OCTETS.get(usize::from(octet)))
    {
        *slot = *digits;
    }
    if let Some(last) = text.get_mut(next.saturating_sub(1)) {
        *last = behind;
    }
    next
}

#[inline]
fn pair_of(table: &[[u8; 2]], index: usize) -> &[u8] {
    table.get(index).map_or(&[], <[u8; 2]>::as_slice)
}

/// The hex digits of sixteen bytes. Written so that compilers compute them side by side.
#[inline]
fn hex_of(bytes: &[u8; 16]) -> [u8; 32] {
    let digit = |nibble: u8| {
        let letter = if nibble > 9 { b'a'.wrapping_sub(b'0').wrapping_sub(10) } else { 0 };
        nibble.wrapping_add(b'0').wrapping_add(letter)
    };
    let mut text = [0; 32];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

/// The hex digits of eight bytes.
#[inline]
fn hex_word([a, b, c, d, e, f, g, h]: [u8; 8]) -> [u8; 16] {
    let (low, high) =
        (hex_half(u32::from_le_bytes([a, b, c, d])), hex_half(u32::from_le_bytes([e, f, g, h])));
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// The hex digits of four bytes: spreads them to eight nibbles, each in a byte of its own, then adds what makes digits.
#[inline]
fn hex_half(word: u32) -> u64 {
    let mut spread = u64::from(word);
    spread = (spread | spread.wrapping_shl(16)) & 0x0000_ffff_0000_ffff;
    spread = (spread | spread.wrapping_shl(8)) & 0x00ff_00ff_00ff_00ff;
    let nibbles =
        (spread & 0x000f_000f_000f_000f).wrapping_shl(8) | (spread.wrapping_shr(4) & 0x000f_000f_000f_000f);
    let letters = nibbles.wrapping_add(0x0606_0606_0606_0606).wrapping_shr(4) & 0x0101_0101_0101_0101;
    nibbles.wrapping_add(0x3030_3030_3030_3030).wrapping_add(letters.wrapping_mul(0x27))
}

/// Appends `value` in decimal.
#[inline]
pub fn write_digits(value: u64, out: &mut Vec<u8>) {
    if let Ok(small) = u8::try_from(value) {
        let end = out.len().saturating_add(octet_len(small)).saturating_sub(1);
        out.extend_from_slice(OCTETS.get(usize::from(small)).unwrap_or(&[0; 4]));
        out.truncate(end);
        return;
    }
    let high = usize::try_from(value / 100).ok().and_then(|high| PAIRS.get(high));
    if let (Some(&[thousands, hundreds]), Some(&[tens, ones])) =
        (high, usize::try_from(value % 100).ok().and_then(|low| PAIRS.get(low)))
    {
        if thousands == b'0' {
            out.extend_from_slice(&[hundreds, tens, ones]);
        } else {
            out.extend_from_slice(&[thousands, hundreds, tens, ones]);
        }
        return;
    }
    write_long(value, out);
}

#[cold]
fn write_very_long(value: u64, out: &mut Vec<u8>) {
    write_digits(value / 100_000_000, out);
    let [a, b] = four_digits(value / 10_000 % 10_000);
    let [c, d] = four_digits(value % 10_000);
    out.extend_from_slice([a, b, c, d].as_flattened());
}

/// Five digits or more.
fn write_long(value: u64, out: &mut Vec<u8>) {
    if value >= 100_000_000 {
        return write_very_long(value, out);
    }
    write_digits(value / 10_000, out);
    out.extend_from_slice(four_digits(value % 10_000).as_flattened());
}

/// The digits of a number below 10,000, all four.
#[inline]
fn four_digits(value: u64) -> [[u8; 2]; 2] {
    let pair = |value: u64| {
        usize::try_from(value).ok().and_then(|value| PAIRS.get(value)).copied().unwrap_or_default()
    };
    [pair(value / 100), pair(value % 100)]
}

/// The digits of a number below 1,000,000, all six.
#[inline]
fn six_digits(value: u32) -> [u8; 6] {
    let pair = |value: u32| PAIRS.get(usize::try_from(value).unwrap_or(0)).copied().unwrap_or_default();
    let ([a, b], [c, d], [e, f]) = (pair(value / 10_000), pair(value / 100 % 100), pair(value % 100));
    [a, b, c, d, e, f]
}

/// RFC 3339 text; remembers the last second, because packets of a capture mostly share it with their neighbour.
#[derive(Clone, Copy, Debug)]
pub struct DayText {
    second: i64,
    text: [u8; 19],
    /// The second itself in decimal.
    digits: [u8; 20],
    digits_len: usize,
}

impl Default for DayText {
    fn default() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00", digits: [b'0'; 20], digits_len: 1 }
    }
}

impl DayText {
    /// Appends `2004-12-05T19:16:24.317453Z`.
    #[inline]
    pub fn write(&mut self, time: Timestamp, precision: Precision, out: &mut Vec<u8>) {
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

    /// Appends the nanoseconds since the epoch.
    #[inline]
    pub fn write_nanoseconds(&mut self, time: Timestamp, out: &mut Vec<u8>) {
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
