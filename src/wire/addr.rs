//! Link-layer addresses and IPv4 networks.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::Ipv4Addr;
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
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HwAddr {
    len: u8,
    bytes: [u8; 16],
}

impl Hash for HwAddr {
    /// As one number, with the length in the byte that only an address of 16 bytes would fill.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_le_bytes(self.bytes) ^ (u128::from(self.len) << 120));
    }
}

impl HwAddr {
    /// Takes the first 16 bytes of `bytes` at most.
    #[inline]
    pub fn from_slice(bytes: &[u8]) -> Self {
        let mut addr = Self::default();
        let bytes = bytes.get(..16).unwrap_or(bytes);
        if let Some((to, _)) = addr.bytes.split_at_mut_checked(bytes.len()) {
            to.copy_from_slice(bytes);
            addr.len = u8::try_from(bytes.len()).unwrap_or(0);
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

/// An IPv4 network: its first address and how many bits of it name the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    network: Ipv4Addr,
    length: u8,
}

impl Prefix {
    /// The network that `address` is in; a length above 32 is 32.
    pub fn of(address: Ipv4Addr, length: u8) -> Self {
        let length = length.min(32);
        Self { network: address & Self::mask(length), length }
    }

    /// The network that `address` is in under `mask`, `None` where that is no prefix.
    pub fn with_mask(address: Ipv4Addr, mask: Ipv4Addr) -> Option<Self> {
        Self::length_of(mask).map(|length| Self::of(address, length))
    }

    /// The length of a netmask whose ones all stand before its zeros; `None` for one with holes, such as 255.0.255.0.
    pub fn length_of(mask: Ipv4Addr) -> Option<u8> {
        let ones = mask.to_bits().leading_ones();
        let length = u8::try_from(ones).unwrap_or(32);
        (Self::mask(length) == mask).then_some(length)
    }

    /// The netmask of a length; above 32 it is that of 32.
    pub fn mask(length: u8) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::MAX.checked_shl(32_u32.saturating_sub(length.into())).unwrap_or(0))
    }

    /// The first address.
    pub fn network(self) -> Ipv4Addr {
        self.network
    }

    /// How many bits name the network, 0 to 32.
    pub fn length(self) -> u8 {
        self.length
    }

    /// The last address, all ones in the bits of hosts.
    pub fn broadcast(self) -> Ipv4Addr {
        self.network | !Self::mask(self.length)
    }

    /// True when `address` is in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        Self::of(address, self.length) == self
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.length)
    }
}

/// Why a network could not be read from text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a network such as 10.0.0.0/24")]
pub struct ParsePrefixError(String);

impl FromStr for Prefix {
    type Err = ParsePrefixError;

    /// Reads `10.0.0.0/24`; the bits of hosts must be zero.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParsePrefixError(text.to_owned());
        let (network, length) = text.split_once('/').ok_or_else(wrong)?;
        let network = network.parse().map_err(|_| wrong())?;
        let length = length.parse().ok().filter(|length| *length <= 32).ok_or_else(wrong)?;
        Some(Self::of(network, length)).filter(|prefix| prefix.network == network).ok_or_else(wrong)
    }
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

    #[test]
    fn a_mask_is_a_prefix_only_without_holes() {
        for length in 0..=32 {
            assert_eq!(Prefix::length_of(Prefix::mask(length)), Some(length));
        }
        for hole in [[255, 0, 255, 0], [0, 0, 0, 1], [254, 255, 255, 255], [127, 0, 0, 0]] {
            assert_eq!(Prefix::length_of(hole.into()), None, "{hole:?}");
            assert_eq!(Prefix::with_mask([10, 0, 0, 5].into(), hole.into()), None);
        }
        let net = Prefix::with_mask([10, 0, 1, 5].into(), [255, 255, 254, 0].into()).unwrap();
        assert_eq!((net.to_string().as_str(), net.broadcast()), ("10.0.0.0/23", [10, 0, 1, 255].into()));
        assert!(net.contains([10, 0, 1, 255].into()) && !net.contains([10, 0, 2, 0].into()));
    }

    #[test]
    fn networks_are_read_as_they_are_written() {
        for text in ["10.0.0.0/24", "0.0.0.0/0", "255.255.255.255/32"] {
            assert_eq!(text.parse::<Prefix>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.1/24", "10.0.0.0", "10.0.0.0/33", "/8", "10.0.0.0/-1"] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }
}
