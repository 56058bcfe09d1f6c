//! Who may be on a segment and what they must offer: `--allow` and policy files.

mod expected;
mod identity;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use super::key::{Key, Speaks};
pub use expected::{AddressRange, Expected, LeaseLimit, Network6, OneOf, Preference};
pub use identity::{Fit, Identity, ParseIdentityError};
use identity::{SPEAKS, VLAN, speaks, vlan};

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
            (Some(LeaseLimit(3600)), Some(LeaseLimit(86400)))
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
}
