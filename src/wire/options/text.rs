//! Values as text: the canonical form that `-o` reads back, and a form with units for people. Escapes for hostile bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::wire::digits::{write_colons, write_digits, write_hex, write_ip4, write_ip6};
use crate::wire::escape::is_hostile;
use crate::wire::seconds::Seconds;

use super::kind::Names;
use super::registry::Space;
use super::sink::Sink;

/// `bytes` without the zeros at the end that some senders add to text (RFC 2132 §2).
#[inline]
pub fn without_trailing_zeros(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    bytes.get(..end).unwrap_or(bytes)
}

/// True when `bytes` is UTF-8 that a terminal shows as it is: nothing in it would be escaped but a backslash.
pub fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        || std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(is_hostile))
}

/// The text that `data` seems to be, whatever it should be: all of it printable but for zeros at the end, and long enough not
/// to be so by chance.
pub fn as_text(data: &[u8]) -> Option<&str> {
    let text = without_trailing_zeros(data);
    let printable = text.len() > 3 && is_printable(text);
    std::str::from_utf8(text).ok().filter(|_| printable)
}

/// Appends `bytes` with everything hostile escaped: `\x1b` for bytes, `\u{202e}` for characters, `\\` for a backslash.
pub fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    escape_with(bytes, out, false);
}

/// As [`escape`], and with what has a meaning inside lists and records escaped as well.
fn escape_with(bytes: &[u8], out: &mut Vec<u8>, inside: bool) {
    let plain = |byte: u8| match byte {
        b'\\' => false,
        b',' | b'[' | b']' | b'{' | b'}' | b'"' => !inside,
        _ => matches!(byte, b' '..=b'~'),
    };
    // Text must not look like the hexadecimal form of bytes, nor lose the spaces around it inside a list.
    let begin = bytes.iter().position(|byte| *byte != b' ').unwrap_or(0);
    let looks_hex = matches!(bytes.get(begin..), Some([b'0', b'x' | b'X', ..]));
    let padded = inside && (bytes.first() == Some(&b' ') || bytes.last() == Some(&b' '));
    if !looks_hex && !padded && bytes.iter().copied().all(plain) {
        out.extend_from_slice(bytes);
        return;
    }
    let last = bytes.len().saturating_sub(1);
    let mut at = 0_usize;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character) {
                Ok(b'0') if looks_hex && at == begin => hex_escape(b'0', out),
                Ok(b' ') if inside && (at == 0 || at == last) => hex_escape(b' ', out),
                Ok(byte) if plain(byte) => out.push(byte),
                Ok(byte @ (b'\\' | b',' | b'[' | b']' | b'{' | b'}' | b'"')) => out.extend([b'\\', byte]),
                Ok(byte) if byte < 0x80 => hex_escape(byte, out),
                _ if is_hostile(character) => {
                    out.extend_from_slice(b"\\u{");
                    let mut digits = [0; 8];
                    let code = u32::from(character).to_be_bytes();
                    for (place, digit) in digits.iter_mut().enumerate() {
                        let byte = code.get(place / 2).copied().unwrap_or_default();
                        *digit = hex_digit(if place % 2 == 0 { byte >> 4 } else { byte & 15 });
                    }
                    let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(7);
                    out.extend_from_slice(digits.get(start..).unwrap_or_default());
                    out.push(b'}');
                }
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            at = at.saturating_add(character.len_utf8());
        }
        for &byte in chunk.invalid() {
            hex_escape(byte, out);
            at = at.saturating_add(1);
        }
    }
}

fn hex_escape(byte: u8, out: &mut Vec<u8>) {
    out.extend([b'\\', b'x', hex_digit(byte >> 4), hex_digit(byte & 15)]);
}

pub(super) const fn hex_digit(nibble: u8) -> u8 {
    match nibble & 15 {
        digit @ 0..=9 => digit.wrapping_add(b'0'),
        digit => digit.wrapping_add(b'a' - 10),
    }
}

/// The usual spelling of a UUID, into `out`.
pub(super) fn uuid(bytes: [u8; 16], out: &mut [u8; 36]) -> &[u8] {
    let mut digits = bytes.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]);
    for (place, slot) in out.iter_mut().enumerate() {
        *slot = if matches!(place, 8 | 13 | 18 | 23) { b'-' } else { digits.next().unwrap_or(b'0') };
    }
    out
}

/// What a level of nesting is, and whether something stands in it already.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Level {
    #[default]
    Top,
    List {
        bracketed: bool,
        started: bool,
    },
    Map {
        braced: bool,
        started: bool,
    },
    /// After `name=` of a nested option or `key=` of a record: exactly one value follows.
    Member {
        /// The option's bytes were written already; its `null` is not.
        written: bool,
    },
}

/// Nothing we decode is nested deeper.
const DEPTH: usize = 128;

/// Writes values as text.
///
/// Canonical: what `-o NAME=VALUE` reads back to the same bytes. Lists are comma separated; a record is
/// `key=value,key=value`; nested options are `name=value,name=value`, with `name:hex=…` for what does not decode; inside
/// another value a list stands in `[]`, a record in `{}`. Pretty: the same with units and names for people.
/// Everything hostile in text is escaped in both.
pub struct TextSink<'a> {
    out: &'a mut Vec<u8>,
    pretty: bool,
    raw: bool,
    depth: usize,
    levels: [Level; DEPTH],
}

impl<'a> TextSink<'a> {
    /// Writes the canonical form, UTF-8, to the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, pretty: false, raw: false, depth: 0, levels: [Level::Top; DEPTH] }
    }

    /// Writes the form for people to the end of `out`.
    pub fn pretty(out: &'a mut Vec<u8>) -> Self {
        Self { pretty: true, ..Self::new(out) }
    }

    /// The same with text as it came, not escaped: for who keeps it, and escapes it where it is shown.
    pub fn raw(out: &'a mut Vec<u8>) -> Self {
        Self { raw: true, ..Self::pretty(out) }
    }

    /// How much text there is.
    pub(super) fn written(&self) -> usize {
        self.out.len()
    }

    /// Where text goes that is not to be escaped.
    pub(super) fn plain(&mut self) -> &mut Vec<u8> {
        self.out
    }

    fn level(&mut self) -> Level {
        self.levels.get(self.depth).copied().unwrap_or_default()
    }

    fn set(&mut self, level: Level) {
        if let Some(slot) = self.levels.get_mut(self.depth) {
            *slot = level;
        }
    }

    fn enter(&mut self, level: Level) {
        self.depth = self.depth.saturating_add(1);
        self.set(level);
    }

    fn leave(&mut self) -> Level {
        let level = self.level();
        self.depth = self.depth.saturating_sub(1);
        level
    }

    /// True anywhere but at the top, where a value stands alone.
    fn inside(&self) -> bool {
        self.depth > 0
    }

    fn separate(&mut self) {
        match self.level() {
            Level::List { bracketed, started } => {
                if started {
                    self.comma();
                }
                self.set(Level::List { bracketed, started: true });
            }
            Level::Map { braced, started } => {
                if started {
                    self.comma();
                }
                self.set(Level::Map { braced, started: true });
            }
            Level::Top | Level::Member { .. } => {}
        }
    }

    fn comma(&mut self) {
        self.out.extend_from_slice(if self.pretty { b", " } else { b"," });
    }

    /// Prepares for a scalar.
    fn scalar(&mut self) -> &mut Vec<u8> {
        if matches!(self.level(), Level::List { .. }) {
            self.separate();
        }
        self.out
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        let _ = std::io::Write::write_fmt(self.scalar(), arguments);
    }

    fn open_list(&mut self, marked: bool) {
        let bracketed = marked || self.inside();
        let out = self.scalar();
        if bracketed {
            out.push(b'[');
        }
        self.enter(Level::List { bracketed, started: false });
    }

    fn note(&mut self, name: &str) {
        self.out.extend_from_slice(b" (");
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b')');
    }
}

impl Sink for TextSink<'_> {
    fn null(&mut self) {
        if self.level() != (Level::Member { written: true }) {
            self.scalar().extend_from_slice(b"null");
        }
    }

    fn flag(&mut self, value: bool) {
        self.scalar().extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn number(&mut self, value: u64) {
        write_digits(value, self.scalar());
    }

    fn signed(&mut self, value: i64) {
        self.write(format_args!("{value}"));
    }

    fn seconds(&mut self, value: u32, infinite: bool) {
        if infinite && value == u32::MAX {
            self.scalar().extend_from_slice(b"infinite");
            return;
        }
        write_digits(u64::from(value), self.scalar());
        if self.pretty {
            self.out.extend_from_slice(b" s");
            if value >= 60 {
                self.out.extend_from_slice(b" (");
                // Writing to memory cannot fail.
                let _ = std::io::Write::write_fmt(self.out, format_args!("{}", Seconds(value)));
                self.out.push(b')');
            }
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        let (inside, raw) = (self.inside(), self.raw);
        let out = self.scalar();
        if inside && bytes.is_empty() {
            out.extend_from_slice(b"\"\"");
        } else if raw {
            out.extend_from_slice(bytes);
        } else {
            escape_with(bytes, out, inside);
        }
    }

    fn name(&mut self, name: &'static str) {
        self.scalar().extend_from_slice(name.as_bytes());
    }

    fn named(&mut self, value: u32, name: &'static str) {
        self.name(name);
        if self.pretty {
            self.out.extend_from_slice(b" (");
            write_digits(u64::from(value), self.out);
            self.out.push(b')');
        }
    }

    fn coded(&mut self, value: u32, names: &'static Names) {
        self.number(u64::from(value));
        if self.pretty
            && let Some(name) = names.name(value)
        {
            self.note(name);
        }
    }

    fn option_code(&mut self, code: u16, space: &'static Space) {
        self.number(u64::from(code));
        if self.pretty
            && let Some(name) = space.name_of(code)
        {
            self.note(name);
        }
    }

    fn opaque(&mut self, bytes: &[u8]) {
        match as_text(bytes).filter(|_| self.pretty) {
            Some(text) => {
                let raw = self.raw;
                let out = self.scalar();
                out.push(b'"');
                if raw {
                    out.extend_from_slice(text.as_bytes());
                } else {
                    escape(text.as_bytes(), out);
                }
                out.push(b'"');
            }
            None => self.bytes(bytes),
        }
    }

    fn remark(&mut self, remark: &str) {
        if self.pretty {
            self.out.extend_from_slice(b" (");
            if self.raw {
                self.out.extend_from_slice(remark.as_bytes());
            } else {
                escape(remark.as_bytes(), self.out);
            }
            self.out.push(b')');
        }
    }

    fn ip4(&mut self, addr: Ipv4Addr) {
        write_ip4(addr, self.scalar());
    }

    fn ip6(&mut self, addr: Ipv6Addr) {
        write_ip6(addr, self.scalar());
    }

    fn prefix4(&mut self, addr: Ipv4Addr, length: u8) {
        write_ip4(addr, self.scalar());
        self.out.push(b'/');
        write_digits(u64::from(length), self.out);
    }

    fn prefix6(&mut self, addr: Ipv6Addr, length: u8) {
        write_ip6(addr, self.scalar());
        self.out.push(b'/');
        write_digits(u64::from(length), self.out);
    }

    fn hardware(&mut self, bytes: &[u8]) {
        let out = self.scalar();
        write_colons(bytes, out);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let out = self.scalar();
        out.extend_from_slice(b"0x");
        write_hex(bytes, out);
    }

    fn begin_list(&mut self) {
        self.open_list(false);
    }

    fn begin_marked_list(&mut self) {
        self.open_list(true);
    }

    fn end_list(&mut self) {
        if let Level::List { bracketed: true, .. } = self.leave() {
            self.out.push(b']');
        }
    }

    fn begin_map(&mut self) {
        let braced = self.inside();
        let out = self.scalar();
        if braced {
            out.push(b'{');
        }
        self.enter(Level::Map { braced, started: false });
    }

    fn key(&mut self, key: &'static str) {
        self.separate();
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'=');
    }

    fn end_map(&mut self) {
        if let Level::Map { braced: true, .. } = self.leave() {
            self.out.push(b'}');
        }
    }

    fn route(&mut self, destination: Ipv4Addr, length: u8, router: Ipv4Addr) {
        let joint = if self.pretty { " via " } else { "=" };
        self.prefix4(destination, length);
        self.out.extend_from_slice(joint.as_bytes());
        write_ip4(router, self.out);
    }

    fn pair(&mut self, _: &'static [&'static str; 2], first: Ipv4Addr, second: Ipv4Addr) {
        self.ip4(first);
        self.out.push(b'=');
        write_ip4(second, self.out);
    }

    fn begin_option(&mut self, code: u16, name: Option<&'static str>, raw: &[u8], decodes: bool) {
        self.separate();
        match name {
            Some(name) => self.out.extend_from_slice(name.as_bytes()),
            None => write_digits(u64::from(code), self.out),
        }
        if decodes {
            self.out.push(b'=');
        } else {
            self.out.extend_from_slice(b":hex=");
            write_hex(raw, self.out);
        }
        self.enter(Level::Member { written: !decodes });
    }

    fn end_option(&mut self, _: &[u8]) {
        self.leave();
    }

    fn begin_cut_option(&mut self, code: u16, name: Option<&'static str>, raw: &[u8], declared: usize) {
        self.separate();
        match name {
            Some(name) => self.out.extend_from_slice(name.as_bytes()),
            None => write_digits(u64::from(code), self.out),
        }
        self.out.extend_from_slice(b":hex/");
        write_digits(u64::try_from(declared).unwrap_or(u64::MAX), self.out);
        self.out.push(b'=');
        write_hex(raw, self.out);
        self.enter(Level::Member { written: true });
    }

    fn end_cut_option(&mut self, _: &[u8], _: usize) {
        self.leave();
    }

    fn hex_text(&mut self, text: &[u8]) {
        self.scalar().extend_from_slice(text);
    }

    fn hundredths(&mut self, value: u16) {
        self.number(value.into());
        if self.pretty {
            let text = format!(" ({}.{:02} s)", value / 100, value % 100);
            self.out.extend_from_slice(text.as_bytes());
        }
    }
}
