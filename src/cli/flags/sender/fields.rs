//! How fields of a message and of its frame are typed.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;

use crate::cli::flags::values::duration;
use crate::wire::Mac;
use crate::wire::digits::unhex;
use crate::wire::v6::Duid;

/// `--mac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum MacArg {
    Random,
    Is(Mac),
}

impl FromStr for MacArg {
    type Err = <Mac as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "random" { Ok(Self::Random) } else { text.parse().map(Self::Is) }
    }
}

/// `--server`: an address, or a DUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerArg {
    /// Its address.
    Ip(IpAddr),
    /// Its name in DHCPv6.
    Duid(Duid),
}

impl FromStr for ServerArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        // Eight hexadecimal digits are no address, and no number that anybody means.
        text.parse()
            .map(Self::Duid)
            .map_err(|_| format!("{text:?} is no address, and no DUID in hexadecimal"))
    }
}

/// `--vlan`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct VlanArg(pub(in crate::cli) Vec<u16>);

impl FromStr for VlanArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ids: Option<Vec<u16>> =
            text.split('.').map(|id| id.parse().ok().filter(|id| *id <= 4095)).collect();
        match ids {
            Some(ids) if ids.len() <= 2 => Ok(Self(ids)),
            _ => Err("a VLAN is a number up to 4095 such as 100, or two such as 7.100".to_owned()),
        }
    }
}

/// Bytes of a text field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldText(pub(super) Vec<u8>);

pub(super) fn field<const N: usize>(text: &str) -> Result<FieldText, String> {
    if text.len() > N {
        return Err(format!("{} bytes, the field holds {N}", text.len()));
    }
    Ok(FieldText(text.as_bytes().to_vec()))
}

/// Bytes written as hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HexText(pub(super) Vec<u8>);

pub(super) fn hex(text: &str) -> Result<HexText, String> {
    let bare: String = text.trim_start_matches("0x").chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    unhex(&bare)
        .map(HexText)
        .ok_or_else(|| "not hexadecimal; write pairs of digits such as 63825363".to_owned())
}

/// Reads decimal, or hexadecimal behind `0x`.
pub(super) fn number<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let bits = size_of::<T>().saturating_mul(8);
    value.and_then(|value| T::try_from(value).ok()).ok_or_else(|| format!("not a number of {bits} bits"))
}

/// Reads how long to wait before asking again. Without a floor, asking again is a flood.
pub fn patience(text: &str) -> Result<Duration, String> {
    let wait = duration(text)?;
    if wait < Duration::from_millis(1) {
        return Err("it must be more than 0, at least 1ms".to_owned());
    }
    Ok(wait)
}

/// A random locally administered station address (IEEE 802-2014 §8.4).
pub fn random_mac(rng: &mut Rng) -> Mac {
    let mut bytes = [0; 6];
    rng.fill(&mut bytes);
    bytes[0] = bytes[0] & 0xfc | 0x02;
    Mac(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_mac_is_a_station_of_nobody() {
        let mut rng = Rng::with_seed(1);
        for _ in 0..100 {
            let mac = random_mac(&mut rng);
            assert_eq!(mac.0[0] & 3, 2);
        }
    }
}
