//! What an allowed server must offer.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::wire::v6::Prefix6;
use crate::wire::{Prefix, Seconds};

/// What an allowed server must offer; what is not given is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The addresses it offers lie in here, and its mask is this one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Prefix>,
    /// The addresses it offers lie in one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<AddressRange>,
    /// Exactly these routers, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routers: Option<Vec<Ipv4Addr>>,
    /// Exactly these name servers, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Vec<Ipv4Addr>>,
    /// This domain name; an empty one means that there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Nothing but these boot files, of both families.
    #[serde(default, rename = "boot-file", skip_serializing_if = "Option::is_none")]
    pub boot_file: Option<OneOf<String>>,
    /// Nothing but these boot servers (`siaddr`).
    #[serde(default, rename = "next-server", skip_serializing_if = "Option::is_none")]
    pub next_server: Option<OneOf<Ipv4Addr>>,
    /// Nothing but these web proxy scripts (option 252).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wpad: Option<OneOf<String>>,
    /// Default routes (options 121 and 249) through nothing but these routers.
    #[serde(default, rename = "default-route", skip_serializing_if = "Option::is_none")]
    pub default_route: Option<OneOf<Ipv4Addr>>,
    /// Nothing but these vendor options (43), in hexadecimal digits.
    #[serde(default, rename = "vendor-options", skip_serializing_if = "Option::is_none")]
    pub vendor_options: Option<OneOf<String>>,
    /// The shortest lease.
    #[serde(default, rename = "lease-min", skip_serializing_if = "Option::is_none")]
    pub lease_min: Option<LeaseLimit>,
    /// The longest lease.
    #[serde(default, rename = "lease-max", skip_serializing_if = "Option::is_none")]
    pub lease_max: Option<LeaseLimit>,
    /// IPv6: addresses it offers, and prefixes that a router advertises, lie in one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefixes: Option<OneOf<Network6>>,
    /// DHCPv6: prefixes that it delegates lie in one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated: Option<OneOf<Network6>>,
    /// IPv6: exactly these name servers, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns6: Option<Vec<Ipv6Addr>>,
    /// IPv6: exactly these search domains, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Vec<String>>,
    /// DHCPv6's preference, a number; of a router high, medium or low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preference: Option<Preference>,
    /// A router's flag M.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<bool>,
    /// A router's flag O.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<bool>,
    /// Seconds for which it is a default router.
    #[serde(default, rename = "router-lifetime", skip_serializing_if = "Option::is_none")]
    pub router_lifetime: Option<LeaseLimit>,
    /// A router's routes lead to nothing but these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<OneOf<Network6>>,
    /// The MTU that a router advertises; zero means that there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Nothing but these prefixes of NAT64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pref64: Option<OneOf<Network6>>,
}

/// A preference: a number in DHCPv6, a word in router advertisements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Preference {
    /// DHCPv6's.
    Number(u8),
    /// A router's.
    Word(String),
}

/// A prefix of IPv6. Its host bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network6 {
    /// The prefix.
    pub prefix: Ipv6Addr,
    /// Its length, 128 at most.
    pub length: u8,
}

impl Network6 {
    /// The prefix of this length that `addr` is in.
    pub fn of(addr: Ipv6Addr, length: u8) -> Self {
        let Prefix6 { address, length } = Prefix6::new(addr, length).masked();
        Self { prefix: address, length }
    }

    /// True when the address is in it.
    pub fn contains(&self, addr: Ipv6Addr) -> bool {
        Self::of(addr, self.length) == *self
    }

    /// True when all of `other` is in it.
    pub fn holds(&self, other: &Self) -> bool {
        other.length >= self.length && self.contains(other.prefix)
    }
}

impl FromStr for Network6 {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (addr, length) = text.split_once('/').ok_or(())?;
        let length = length.parse().ok().filter(|length| *length <= 128).ok_or(())?;
        let addr = addr.parse().map_err(|_| ())?;
        let prefix = Self::of(addr, length);
        if prefix.prefix == addr { Ok(prefix) } else { Err(()) }
    }
}

impl fmt::Display for Network6 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.prefix, self.length)
    }
}

/// Values of which each is right: one alone, or a list. An empty list means that there may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOf<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form<T> {
            One(T),
            Many(Vec<T>),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::One(one) => Self(vec![one]),
            Form::Many(many) => Self(many),
        })
    }
}

impl<T: Serialize> Serialize for OneOf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Addresses from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange(pub Ipv4Addr, pub Ipv4Addr);

/// A lease time: a number of seconds, or text such as `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLimit(pub u32);

macro_rules! as_text {
    ($($kind:ty, $expected:literal;)*) => { $(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|_| de::Error::custom(format!(concat!("{:?} is not ", $expected), text)))
            }
        }

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )* };
}

as_text! {
    Prefix, "a network such as 10.0.0.0/24";
    Network6, "a prefix such as 2001:db8::/64";
    AddressRange, "a range such as 10.0.0.10-10.0.0.99";
}

impl FromStr for AddressRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = Self(first.trim().parse().map_err(|_| ())?, last.trim().parse().map_err(|_| ())?);
        if range.0 <= range.1 { Ok(range) } else { Err(()) }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

impl<'de> Deserialize<'de> for LeaseLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Seconds(u32),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Seconds(seconds) => Ok(Self(seconds)),
            Form::Text(text) => humantime::parse_duration(&text)
                .ok()
                .and_then(|duration| u32::try_from(duration.as_secs()).ok())
                .map(Self)
                .ok_or_else(|| de::Error::custom(format!("{text:?} is not a time such as 3600 or \"12h\""))),
        }
    }
}

impl Serialize for LeaseLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl fmt::Display for LeaseLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seconds(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_what_they_hold() {
        let net: Prefix = "10.0.4.0/22".parse().unwrap();
        assert!(net.contains([10, 0, 7, 255].into()) && !net.contains([10, 0, 8, 0].into()));
        let all: Prefix = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains([255; 4].into()));
        assert!("10.0.0.0/33".parse::<Prefix>().is_err() && "10.0.0.0".parse::<Prefix>().is_err());
    }
}
