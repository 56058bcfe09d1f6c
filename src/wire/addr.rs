//! Link-layer addresses.

use std::fmt;
use std::str::FromStr;

/// An Ethernet (EUI-48) address.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// `00:00:00:00:00:00`.
    pub const ZERO: Self = Self([0; 6]);

    /// Reads the address at the start of `bytes`, if six bytes are there.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self)
    }

    /// True for group addresses, broadcast included (IEEE 802-2014 §8.2).
    pub fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }
}

/// A hardware address of up to 16 bytes, as `chaddr` can hold (RFC 2131 §2).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HwAddr {
    len: u8,
    bytes: [u8; 16],
}

impl HwAddr {
    /// Takes the first 16 bytes of `bytes` at most.
    pub fn from_slice(bytes: &[u8]) -> Self {
        let mut addr = Self::default();
        for (to, from) in addr.bytes.iter_mut().zip(bytes) {
            *to = *from;
            addr.len = addr.len.saturating_add(1);
        }
        addr
    }

    /// The bytes of the address, at most 16.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    /// The address as a [`Mac`], when it has exactly six bytes.
    pub fn mac(&self) -> Option<Mac> {
        self.as_slice().try_into().ok().map(Mac)
    }
}

impl From<Mac> for HwAddr {
    fn from(Mac([a, b, c, d, e, f]): Mac) -> Self {
        Self { len: 6, bytes: [a, b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_colons(f, &self.0)
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_colons(f, self.as_slice())
    }
}

impl fmt::Debug for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a hardware address could not be read from text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a MAC address; write it as 00:11:22:33:44:55")]
pub struct ParseMacError(String);

impl FromStr for Mac {
    type Err = ParseMacError;

    /// Reads `00:11:22:33:44:55`, `00-11-22-33-44-55`, `0011.2233.4455` and `001122334455`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hw(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| ParseMacError(text.to_owned()))
    }
}

impl FromStr for HwAddr {
    type Err = ParseMacError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse_hw(text) {
            Some(bytes) if (1..=16).contains(&bytes.len()) => Ok(Self::from_slice(&bytes)),
            _ => Err(ParseMacError(text.to_owned())),
        }
    }
}

fn parse_hw(text: &str) -> Option<Vec<u8>> {
    let groups: Vec<&str> = text.split([':', '-', '.']).collect();
    if text.len() > 64 {
        return None;
    }
    let mut bytes = Vec::new();
    for group in &groups {
        if groups.len() > 1 && group.len() == 1 {
            bytes.push(u8::from_str_radix(group, 16).ok()?);
            continue;
        }
        let digits = group.as_bytes();
        if digits.is_empty() || !digits.len().is_multiple_of(2) {
            return None;
        }
        for pair in digits.chunks_exact(2) {
            let &[high, low] = pair else { return None };
            bytes.push(hex_digit(high)?.checked_mul(16)?.checked_add(hex_digit(low)?)?);
        }
    }
    Some(bytes)
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn write_colons(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            f.write_str(":")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_reads_every_common_spelling() {
        let want = Mac([0, 0x11, 0x22, 0xaa, 0xbb, 0xcc]);
        for text in
            ["00:11:22:aa:bb:cc", "00-11-22-AA-BB-CC", "0011.22aa.bbcc", "001122aabbcc", "0:11:22:aa:bb:cc"]
        {
            assert_eq!(text.parse::<Mac>(), Ok(want), "{text}");
        }
        assert_eq!(want.to_string(), "00:11:22:aa:bb:cc");
    }

    #[test]
    fn mac_refuses_what_is_not_one() {
        for text in
            ["", "00:11:22:33:44", "00:11:22:33:44:55:66", "zz:11:22:33:44:55", "é0:11:22:33:44:55", "::"]
        {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }

    #[test]
    fn hardware_address_keeps_at_most_sixteen_bytes() {
        let addr = HwAddr::from_slice(&[7; 40]);
        assert_eq!(addr.as_slice(), [7; 16]);
        assert_eq!(HwAddr::from_slice(&[1, 2]).to_string(), "01:02");
        assert!(HwAddr::from_slice(&[]).as_slice().is_empty());
    }
}
