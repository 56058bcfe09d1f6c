//! By what an allowed server is recognised.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use crate::analysis::servers::key::{Key, Speaks};
use crate::wire::Mac;
use crate::wire::v6::types::Duid;

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

    pub(super) fn is_empty(&self) -> bool {
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
pub(super) const VLAN: &str = "a VLAN from 0 (untagged) to 4095";
pub(super) const SPEAKS: &str = "dhcpv4, dhcpv6 or ra";

pub(super) fn vlan(number: u16) -> Option<u16> {
    (number < 4096).then_some(number)
}

pub(super) fn speaks(name: &str) -> Option<Speaks> {
    Speaks::from_name(&name.to_ascii_lowercase())
}

fn set<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), ParseIdentityError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(ParseIdentityError::Twice(name.to_owned())),
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
}
