//! Text under construction, as bytes: what packets are made of is appended without the machinery of `fmt`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::wire::digits::{write_colons, write_digits, write_hex, write_ip4, write_ip6};
use crate::wire::escape::{escape_into, is_plain_but};
use crate::wire::v4::Xid;
use crate::wire::{HwAddr, Lease, Seconds};

/// Text; what is appended to it is always UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl Text {
    /// The text so far.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets the text, keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes back what was added since there were so many bytes.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// The bytes to write.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Where bytes are appended that are text.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// Appends text of our own making.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Appends a character.
    #[inline]
    pub fn push(&mut self, c: char) {
        match u8::try_from(c) {
            Ok(byte @ 0..=0x7f) => self.0.push(byte),
            _ => self.push_str(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Appends a number in decimal.
    #[inline]
    pub fn digits(&mut self, value: impl Into<u64>) {
        write_digits(value.into(), &mut self.0);
    }

    /// Appends a number in decimal, with spaces in front of it where it has fewer digits than `width`.
    pub fn digits_wide(&mut self, value: u64, width: u32) {
        let digits = value.checked_ilog10().unwrap_or(0).saturating_add(1);
        for _ in digits..width {
            self.0.push(b' ');
        }
        self.digits(value);
    }

    /// Appends a transaction identifier as its `Display` has it.
    pub fn xid(&mut self, xid: Xid) {
        self.push_str("0x");
        self.hex(&xid.0.to_be_bytes());
    }

    /// Appends two hex digits for each byte.
    #[inline]
    pub fn hex(&mut self, bytes: &[u8]) {
        write_hex(bytes, &mut self.0);
    }

    /// Appends an address.
    #[inline]
    pub fn ip4(&mut self, addr: Ipv4Addr) {
        write_ip4(addr, &mut self.0);
    }

    /// Appends an address.
    #[inline]
    pub fn ip(&mut self, addr: IpAddr) {
        match addr {
            IpAddr::V4(addr) => self.ip4(addr),
            IpAddr::V6(addr) => write_ip6(addr, &mut self.0),
        }
    }

    /// Appends bytes in hex with colons between them.
    #[inline]
    pub fn colons(&mut self, bytes: &[u8]) {
        write_colons(bytes, &mut self.0);
    }

    /// Appends ASCII of our own making in capitals.
    pub fn capitals(&mut self, text: &str) {
        let start = self.0.len();
        self.push_str(text);
        if let Some(written) = self.0.get_mut(start..) {
            written.make_ascii_uppercase();
        }
    }

    /// Appends the time of a lease as its `Display` has it.
    pub fn lease(&mut self, lease: Lease) {
        if lease.0 == u32::MAX {
            return self.push_str("infinite");
        }
        let start = self.len();
        for (count, unit) in Seconds(lease.0).parts() {
            if self.len() > start {
                self.push(' ');
            }
            self.digits(count);
            self.push_str(unit);
        }
    }

    /// Appends a hardware address as its `Display` has it.
    pub fn hardware(&mut self, addr: &HwAddr) {
        write_colons(addr.as_slice(), &mut self.0);
    }

    /// Appends text from outside, escaped.
    #[inline]
    pub fn foreign(&mut self, bytes: &[u8]) {
        if is_plain_but(bytes, b'\\', b'\\') {
            return self.0.extend_from_slice(bytes);
        }
        escape_into(bytes, self);
    }

    /// Appends spaces until what was appended since `start` has so many bytes.
    #[inline]
    pub fn pad(&mut self, start: usize, width: usize) {
        let end = start.saturating_add(width);
        if self.0.len() < end {
            self.0.resize(end, b' ');
        }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        self.push(c);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn what_is_appended_reads_as_if_formatted() {
        for value in [0, 7, 99, 100, 12_345, u64::MAX] {
            for width in [0, 1, 3, 5] {
                let mut text = Text::default();
                text.digits_wide(value, width);
                assert_eq!(
                    text.as_str(),
                    format!("{value:>width$}", width = usize::try_from(width).unwrap())
                );
            }
        }
        for lease in [0, 1, 60, 86_399, 93_784, u32::MAX].map(Lease) {
            let mut text = Text::default();
            text.lease(lease);
            assert_eq!(text.as_str(), lease.to_string());
        }
        let mut text = Text::default();
        let _ = write!(text, "{}…", 5_u8);
        text.push('é');
        text.foreign(b"\x1b\\a");
        let start = text.len();
        text.hardware(&HwAddr::from_slice(&[0, 0x1b, 0xff]));
        text.pad(start, 10);
        text.ip("fe80::1".parse().unwrap());
        assert_eq!(text.as_str(), r"5…é\x1b\\a00:1b:ff  fe80::1");
    }
}
