//! Who may be on a segment and what they must offer: `--allow` and policy files.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::key::{Key, Speaks};
use crate::wire::v6::types::Duid;
use crate::wire::{Mac, Prefix, Seconds};

/// By what an allowed server is recognised; everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its server identifier, or its source address where it sends none. What a bare address means.
    pub address: Option<IpAddr>,
    /// What it speaks.
    pub speaks: Option<Speaks>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
    /// DHCPv6's option 2.
    pub duid: Option<Duid>,
    /// Source address of its packets.
    pub ip: Option<IpAddr>,
    /// Source of its frames.
    pub mac: Option<Mac>,
    /// The relay it answers through (`giaddr`, of DHCPv6 the link-address).
    pub relay: Option<IpAddr>,
    /// A VLAN tag its frames carry; 0 means none.
    pub vlan: Option<u16>,
}

/// Which parts of an identity fit a server.
#[allow(clippy::struct_excessive_bools, reason = "the parts are independent of each other")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Every address or DUID that is given fits, and at least one is given.
    pub address: bool,
    /// No address that is given is another.
    pub no_other_address: bool,
    /// The MAC, where given.
    pub mac: bool,
    /// The relay, where given.
    pub relay: bool,
    /// The VLAN, where given.
    pub vlan: bool,
}

impl Fit {
    /// Everything fits.
    pub fn is_whole(self) -> bool {
        self.no_other_address && self.mac && self.relay && self.vlan
    }
}

impl Identity {
    /// How a server fits.
    pub fn fit(&self, key: &Key) -> Fit {
        let named = key.named().map(IpAddr::from);
        let pairs = [
            (self.address, key.address()),
            (self.server_id.map(IpAddr::from), named),
            (self.ip, key.source_ip),
        ];
        let duid = key.server_id.as_ref().and_then(|id| id.duid());
        let given = pairs.iter().any(|(want, _)| want.is_some()) || self.duid.is_some();
        let speaks = self.speaks.is_none_or(|speaks| speaks == key.speaks);
        let fits = speaks
            && pairs.iter().all(|(want, have)| want.is_none() || want == have)
            && (self.duid.is_none() || self.duid.as_ref() == duid);
        let vlan = |want: u16| if want == 0 { key.vlans.is_empty() } else { key.vlans.contains(&want) };
        Fit {
            address: given && fits,
            no_other_address: fits,
            mac: self.mac.is_none() || self.mac == key.source_mac,
            relay: self.relay.is_none() || self.relay == key.relay,
            vlan: self.vlan.is_none_or(vlan),
        }
    }

    /// True when a server that speaks so may be meant.
    pub fn can_be(&self, speaks: Speaks) -> bool {
        let ips = [self.address, self.ip, self.relay];
        let family = match speaks {
            Speaks::Dhcpv4 => self.duid.is_none() && ips.iter().flatten().all(IpAddr::is_ipv4),
            Speaks::Dhcpv6 => self.server_id.is_none() && ips.iter().flatten().all(IpAddr::is_ipv6),
            Speaks::Ra => {
                self.server_id.is_none()
                    && self.duid.is_none()
                    && self.relay.is_none()
                    && ips.iter().flatten().all(IpAddr::is_ipv6)
            }
        };
        family && self.speaks.is_none_or(|given| given == speaks)
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.address.map(|ip| ip.to_string()));
        parts.extend(self.speaks.map(|speaks| format!("protocol={}", speaks.name())));
        parts.extend(self.server_id.map(|ip| format!("server-id={ip}")));
        parts.extend(self.duid.as_ref().map(|duid| format!("duid={duid}")));
        parts.extend(self.ip.map(|ip| format!("ip={ip}")));
        parts.extend(self.mac.map(|mac| format!("mac={mac}")));
        parts.extend(self.relay.map(|ip| format!("relay={ip}")));
        parts.extend(self.vlan.map(|vlan| format!("vlan={vlan}")));
        f.write_str(&parts.join(","))
    }
}

/// Text that names no server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdentityError {
    /// A part that is neither an address nor `NAME=VALUE`.
    #[error(
        "{0:?} names no server: write an address, a MAC, or protocol=, server-id=, duid=, ip=, mac=, relay=, vlan= joined by commas"
    )]
    Form(String),
    /// A name that is none of them.
    #[error(
        "{0:?} is no part of a server's identity; there are protocol, server-id, duid, ip, mac, relay and vlan"
    )]
    Name(String),
    /// A value that does not fit its name.
    #[error("{name}={value:?}: not {expected}")]
    Value {
        /// The name.
        name: String,
        /// The value.
        value: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// The same part twice.
    #[error("{0} is given twice for one server; repeat the flag for another server")]
    Twice(String),
}

impl FromStr for Identity {
    type Err = ParseIdentityError;

    /// Reads `10.0.0.1`, `00:11:22:33:44:55`, or `server-id=…,ip=…,mac=…,relay=…,vlan=…` in any combination.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut identity = Self::default();
        for part in text.split(',').map(str::trim) {
            let Some((name, value)) = part.split_once('=') else {
                if let Ok(ip) = part.parse() {
                    set(&mut identity.address, ip, part)?;
                    continue;
                }
                let mac = part.parse().map_err(|_| ParseIdentityError::Form(part.to_owned()))?;
                set(&mut identity.mac, mac, part)?;
                continue;
            };
            let wrong = |expected: &'static str| ParseIdentityError::Value {
                name: name.to_owned(),
                value: value.to_owned(),
                expected,
            };
            let ip4 = || value.parse::<Ipv4Addr>().map_err(|_| wrong("an IPv4 address"));
            let ip = || value.parse::<IpAddr>().map_err(|_| wrong("an IP address"));
            match name.trim().to_ascii_lowercase().replace('_', "-").as_str() {
                "server-id" | "id" => set(&mut identity.server_id, ip4()?, name)?,
                "duid" => {
                    let duid = value.parse().map_err(|_| wrong("a DUID in hexadecimal digits"))?;
                    set(&mut identity.duid, duid, name)?;
                }
                "protocol" => {
                    set(&mut identity.speaks, speaks(value).ok_or_else(|| wrong(SPEAKS))?, name)?;
                }
                "ip" => set(&mut identity.ip, ip()?, name)?,
                "relay" | "giaddr" => set(&mut identity.relay, ip()?, name)?,
                "mac" => {
                    set(&mut identity.mac, value.parse().map_err(|_| wrong("a MAC address"))?, name)?;
                }
                "vlan" => {
                    let vlan = value.parse().ok().and_then(vlan);
                    set(&mut identity.vlan, vlan.ok_or_else(|| wrong(VLAN))?, name)?;
                }
                _ => return Err(ParseIdentityError::Name(name.to_owned())),
            }
        }
        Ok(identity)
    }
}

/// What a flag and a file take in the same way, and what an error calls it.
const VLAN: &str = "a VLAN from 0 (untagged) to 4095";
const SPEAKS: &str = "dhcpv4, dhcpv6 or ra";

fn vlan(number: u16) -> Option<u16> {
    (number < 4096).then_some(number)
}

fn speaks(name: &str) -> Option<Speaks> {
    Speaks::from_name(&name.to_ascii_lowercase())
}

fn set<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), ParseIdentityError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(ParseIdentityError::Twice(name.to_owned())),
    }
}

/// What an allowed server must offer; what is not given is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The addresses it offers lie in here, and its mask is this one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Prefix>,
    /// The addresses it offers lie in one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Range>,
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
    pub lease_min: Option<Lease>,
    /// The longest lease.
    #[serde(default, rename = "lease-max", skip_serializing_if = "Option::is_none")]
    pub lease_max: Option<Lease>,
    /// IPv6: addresses it offers, and prefixes that a router advertises, lie in one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefixes: Option<OneOf<Prefix6>>,
    /// DHCPv6: prefixes that it delegates lie in one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated: Option<OneOf<Prefix6>>,
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
    pub router_lifetime: Option<Lease>,
    /// A router's routes lead to nothing but these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<OneOf<Prefix6>>,
    /// The MTU that a router advertises; zero means that there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Nothing but these prefixes of NAT64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pref64: Option<OneOf<Prefix6>>,
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
pub struct Prefix6 {
    /// The prefix.
    pub prefix: Ipv6Addr,
    /// Its length, 128 at most.
    pub length: u8,
}

impl Prefix6 {
    /// The prefix of this length that `addr` is in.
    pub fn of(addr: Ipv6Addr, length: u8) -> Self {
        let length = length.min(128);
        let host = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
        Self { prefix: Ipv6Addr::from_bits(addr.to_bits() & !host), length }
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

impl FromStr for Prefix6 {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (addr, length) = text.split_once('/').ok_or(())?;
        let length = length.parse().ok().filter(|length| *length <= 128).ok_or(())?;
        let addr = addr.parse().map_err(|_| ())?;
        let prefix = Self::of(addr, length);
        if prefix.prefix == addr { Ok(prefix) } else { Err(()) }
    }
}

impl fmt::Display for Prefix6 {
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
pub struct Range(pub Ipv4Addr, pub Ipv4Addr);

/// A lease time: a number of seconds, or text such as `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease(pub u32);

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
    Prefix6, "a prefix such as 2001:db8::/64";
    Range, "a range such as 10.0.0.10-10.0.0.99";
}

impl FromStr for Range {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = Self(first.trim().parse().map_err(|_| ())?, last.trim().parse().map_err(|_| ())?);
        if range.0 <= range.1 { Ok(range) } else { Err(()) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

impl<'de> Deserialize<'de> for Lease {
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

impl Serialize for Lease {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seconds(self.0).fmt(f)
    }
}

/// One server that may be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// What people call it.
    pub name: Option<String>,
    /// By what it is recognised.
    pub identity: Identity,
    /// What it must offer.
    pub expected: Expected,
}

/// Characters of a name that are shown.
const MOST_NAME: usize = 64;

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => {
                let short: String = name.chars().take(MOST_NAME).collect();
                let cut = if short.len() < name.len() { "…" } else { "" };
                write!(f, "{}{cut} ({})", crate::wire::escape::escape(short.as_bytes()), self.identity)
            }
            None => write!(f, "{}", self.identity),
        }
    }
}

/// Who may be there. An empty policy allows nobody and is not the same as none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The servers that may be there.
    pub allowed: Vec<Allowed>,
}

/// Why a policy could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no TOML, or has keys or values that mean nothing here.
    #[error("{0}")]
    Syntax(String),
    /// A server without anything to recognise it by.
    #[error("server {0} has none of server-id, duid, ip, mac, relay and vlan: it would allow everybody")]
    Nobody(usize),
}

/// The file's shape.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "server")]
    servers: Vec<Entry>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(rename = "server-id", skip_serializing_if = "Option::is_none")]
    server_id: Option<Ipv4Addr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vlan: Option<u16>,
    #[serde(default, skip_serializing_if = "is_default")]
    offers: Expected,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Policy {
    /// Reads a policy file.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| {
            // One line that says where and what; the excerpt below it does not fit an error line.
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| before.matches('\n').count());
            let place = line.map_or_else(String::new, |line| format!("line {}: ", line.saturating_add(1)));
            PolicyError::Syntax(format!("{place}{}", error.message().replace('\n', " ")))
        })?;
        let mut allowed = Vec::new();
        for (index, entry) in file.servers.into_iter().enumerate() {
            let mac = match entry.mac {
                Some(text) => Some(text.parse().map_err(|error: crate::wire::addr::ParseMacError| {
                    PolicyError::Syntax(error.to_string())
                })?),
                None => None,
            };
            let duid = entry.duid.map(|text| {
                text.parse().map_err(|error: crate::wire::v6::types::ParseDuidError| {
                    PolicyError::Syntax(error.to_string())
                })
            });
            let wrong = |what: &str, value: &dyn fmt::Debug, expected: &str| {
                PolicyError::Syntax(format!(
                    "server {}: {what} = {value:?} is not {expected}",
                    index.saturating_add(1)
                ))
            };
            let speaks =
                entry.protocol.map(|name| speaks(&name).ok_or_else(|| wrong("protocol", &name, SPEAKS)));
            let speaks = speaks.transpose()?;
            let vlan = entry.vlan.map(|number| vlan(number).ok_or_else(|| wrong("vlan", &number, VLAN)));
            let identity = Identity {
                address: entry.address,
                speaks,
                server_id: entry.server_id,
                duid: duid.transpose()?,
                ip: entry.ip,
                mac,
                relay: entry.relay,
                vlan: vlan.transpose()?,
            };
            if (Identity { speaks: None, ..identity.clone() }).is_empty() && speaks.is_none() {
                return Err(PolicyError::Nobody(index.saturating_add(1)));
            }
            allowed.push(Allowed { name: entry.name, identity, expected: entry.offers });
        }
        Ok(Self { allowed })
    }

    /// The text of a policy file.
    pub fn to_toml(&self) -> Result<String, PolicyError> {
        let servers = self.allowed.iter().map(|allowed| Entry {
            name: allowed.name.clone(),
            protocol: allowed.identity.speaks.map(|speaks| speaks.name().to_owned()),
            address: allowed.identity.address,
            server_id: allowed.identity.server_id,
            duid: allowed.identity.duid.as_ref().map(ToString::to_string),
            ip: allowed.identity.ip,
            mac: allowed.identity.mac.map(|mac| mac.to_string()),
            relay: allowed.identity.relay,
            vlan: allowed.identity.vlan,
            offers: allowed.expected.clone(),
        });
        toml::to_string(&File { servers: servers.collect() })
            .map_err(|error| PolicyError::Syntax(error.to_string()))
    }

    /// True when it says anything of those who speak so. An empty policy does: nobody is allowed.
    pub fn speaks_of(&self, speaks: Speaks) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|allowed| allowed.identity.can_be(speaks))
    }

    /// The entry that recognises a server, whatever it offers.
    pub fn recognise(&self, key: &Key) -> Option<&Allowed> {
        self.allowed.iter().find(|allowed| allowed.identity.fit(key).is_whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Identity {
        text.parse().unwrap()
    }

    #[test]
    fn identities_read_what_they_print() {
        for text in [
            "10.0.0.1",
            "mac=00:11:22:33:44:55",
            "server-id=10.0.0.1,ip=10.0.0.2,mac=00:11:22:33:44:55,relay=10.1.0.1,vlan=100",
            "10.0.0.1,mac=00:11:22:33:44:55",
            "protocol=ra,ip=fe80::1,mac=00:11:22:33:44:55",
            "protocol=dhcpv6,duid=0003000102dc00000005",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(parse("00-11-22-33-44-55"), parse("mac=001122334455"));
        assert_eq!(parse("server_id=10.0.0.1"), parse("ID=10.0.0.1"));
    }

    #[test]
    fn what_names_no_server_is_refused() {
        for (text, want) in [
            ("", "names no server"),
            ("eth0", "names no server"),
            ("name=x", "no part of a server's identity"),
            ("ip=10.0.0", "not an IP address"),
            ("duid=12", "not a DUID"),
            ("protocol=bootp", "not dhcpv4, dhcpv6 or ra"),
            ("mac=1", "not a MAC"),
            ("vlan=5000", "from 0 (untagged) to 4095"),
            ("ip=10.0.0.1,ip=10.0.0.2", "twice"),
        ] {
            let error = text.parse::<Identity>().unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
    }

    const FILE: &str = r#"
[[server]]
name = "main"
server-id = "10.0.0.1"
mac = "00:11:22:33:44:55"
vlan = 7

[server.offers]
subnet = "10.0.0.0/24"
ranges = ["10.0.0.10-10.0.0.99"]
routers = ["10.0.0.1"]
dns = []
domain = "lab"
lease-min = "1h"
lease-max = 86400

[[server]]
relay = "10.9.0.1"

[[server]]
protocol = "ra"
ip = "fe80::1"
[server.offers]
prefixes = "2001:db8::/64"
dns6 = ["2001:db8::53"]
search = ["lab"]
preference = "high"
managed = true
other = false
router-lifetime = 1800
routes = []
mtu = 1500

[[server]]
duid = "0003000102dc00000005"
[server.offers]
preference = 255
delegated = ["2001:db8:d000::/36"]
"#;

    #[test]
    fn a_policy_survives_being_written() {
        let policy = Policy::from_toml(FILE).unwrap();
        assert_eq!(policy.allowed.len(), 4);
        let first = &policy.allowed[0];
        assert_eq!(first.identity, parse("server-id=10.0.0.1,mac=00:11:22:33:44:55,vlan=7"));
        assert_eq!(
            (first.expected.lease_min, first.expected.lease_max),
            (Some(Lease(3600)), Some(Lease(86400)))
        );
        assert_eq!(first.expected.dns, Some(Vec::new()));
        assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()).unwrap(), policy);
        assert_eq!(Policy::from_toml("").unwrap(), Policy::default());
    }

    #[test]
    fn a_flag_and_a_file_take_the_same() {
        let file = |text: &str| {
            Policy::from_toml(&format!("[[server]]\n{text}"))
                .map(|mut policy| policy.allowed.remove(0).identity)
        };
        for (flag, text) in [
            ("vlan=0", "vlan = 0"),
            ("vlan=4095", "vlan = 4095"),
            ("protocol=RA,mac=00-11-22-33-44-55", "protocol = \"RA\"\nmac = \"00-11-22-33-44-55\""),
            ("duid=00:03:00:01:02:dc:00:00:00:05", "duid = \"00:03:00:01:02:dc:00:00:00:05\""),
        ] {
            assert_eq!(file(text), Ok(parse(flag)), "{flag}");
        }
        for (flag, text) in
            [("vlan=4096", "vlan = 4096"), ("vlan=9999", "vlan = 9999"), ("vlan=65536", "vlan = 65536")]
        {
            assert!(flag.parse::<Identity>().is_err() && file(text).is_err(), "{flag}");
        }
    }

    #[test]
    fn a_wrong_policy_says_where() {
        for (text, want) in [
            ("x = 1", "line 1: unknown field `x`"),
            ("[[server]]\nserver-id = \"10.0.0\"", "line 2: "),
            ("[[server]]\nname = \"x\"", "server 1 has none of"),
            (
                "[[server]]\nip = \"10.0.0.1\"\n[server.offers]\nsubnet = \"10.0.0.1/24\"",
                "\"10.0.0.1/24\" is not a network",
            ),
            (
                "[[server]]\nip = \"10.0.0.1\"\n[server.offers]\nranges = [\"9.0.0.2-9.0.0.1\"]",
                "is not a range",
            ),
            ("[[server]]\nip = \"10.0.0.1\"\n[server.offers]\nlease-min = \"soon\"", "is not a time"),
            ("[[server]]\nmac = \"soon\"", "not a MAC"),
            ("[[server]]\nvlan = 4096", "server 1: vlan = 4096 is not a VLAN from 0 (untagged) to 4095"),
            ("[[server]]\nprotocol = \"six\"", "protocol = \"six\" is not dhcpv4, dhcpv6 or ra"),
            ("[[", "line 1: "),
        ] {
            let error = Policy::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(want) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn networks_are_what_they_hold() {
        let net: Prefix = "10.0.4.0/22".parse().unwrap();
        assert!(net.contains([10, 0, 7, 255].into()) && !net.contains([10, 0, 8, 0].into()));
        let all: Prefix = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains([255; 4].into()));
        assert!("10.0.0.0/33".parse::<Prefix>().is_err() && "10.0.0.0".parse::<Prefix>().is_err());
    }
}
