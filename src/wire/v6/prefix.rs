//! Prefixes of IPv6.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A prefix as it was written: bits behind its length may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix6 {
    /// The address.
    pub address: Ipv6Addr,
    /// How many bits count, 0–128; more counts as 128.
    pub length: u8,
}

impl Prefix6 {
    /// A prefix of `address`.
    pub fn new(address: Ipv6Addr, length: u8) -> Self {
        Self { address, length }
    }

    /// The bits that count, all ones.
    fn mask(length: u8) -> u128 {
        u128::MAX.checked_shl(128_u32.saturating_sub(length.min(128).into())).unwrap_or(0)
    }

    /// The same without bits behind its length.
    #[must_use]
    pub fn masked(self) -> Self {
        let address = Ipv6Addr::from_bits(self.address.to_bits() & Self::mask(self.length));
        Self { address, length: self.length.min(128) }
    }

    /// The last address in it.
    pub fn last(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.address.to_bits() | !Self::mask(self.length))
    }

    /// True when `address` lies in it.
    pub fn contains(&self, address: Ipv6Addr) -> bool {
        (self.address.to_bits() ^ address.to_bits()) & Self::mask(self.length) == 0
    }

    /// True when one of the two lies in the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        let shorter = Self::mask(self.length.min(other.length));
        (self.address.to_bits() ^ other.address.to_bits()) & shorter == 0
    }
}

impl fmt::Display for Prefix6 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// Text that is not a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a prefix; write it as 2001:db8:1::/56, or /56 for a length alone")]
pub struct ParsePrefix6Error(String);

impl FromStr for Prefix6 {
    type Err = ParsePrefix6Error;

    /// Reads `ADDR/LEN`; `/LEN` is `::/LEN`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParsePrefix6Error(text.to_owned());
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let address =
            if address.is_empty() { Ipv6Addr::UNSPECIFIED } else { address.parse().map_err(|_| wrong())? };
        let length = length.parse().ok().filter(|length| *length <= 128).ok_or_else(wrong)?;
        Ok(Self { address, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix6 {
        text.parse().unwrap()
    }

    #[test]
    fn prefixes_are_read_and_compared() {
        assert_eq!(prefix("/56").to_string(), "::/56");
        assert_eq!(prefix("fd00:1::/48").to_string(), "fd00:1::/48");
        for bad in ["", "fd00::", "fd00::/129", "fd00::/x", "10.0.0.0/8"] {
            assert!(bad.parse::<Prefix6>().is_err(), "{bad}");
        }
        assert!(prefix("fd00:64::/64").contains("fd00:64::7".parse().unwrap()));
        assert!(!prefix("fd00:64::/64").contains("fd00:65::7".parse().unwrap()));
        assert!(prefix("::/0").contains("fd00::".parse().unwrap()));
        assert!(prefix("fd00:1::/48").overlaps(&prefix("fd00:1:0:1::/64")));
        assert!(!prefix("fd00:1::/48").overlaps(&prefix("fd00:2::/48")));
        assert!(!prefix("fd00:1::1/128").overlaps(&prefix("fd00:1::2/128")));
        let written = prefix("fd00:1::7/63");
        assert_eq!(written.masked(), prefix("fd00:1::/63"));
        assert_eq!(written.last(), "fd00:1:0:1:ffff:ffff:ffff:ffff".parse::<Ipv6Addr>().unwrap());
        assert_eq!(prefix("::7/0").masked(), prefix("::/0"));
    }
}
