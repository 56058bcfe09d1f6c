//! What a watcher remembers, as a file.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::judge::{Reason, Status};
use super::key::{Key, ServerId, Speaks};
use super::rules::known_code;
use super::table::MAX_SERVERS;
use super::watcher::Known;
use crate::time::Timestamp;

/// The format written; others are refused.
const VERSION: u32 = 1;

/// Why a state file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It is no state file.
    #[error("not a state file of dhcptool rogue: {0}")]
    Syntax(String),
    /// It is of another version.
    #[error("a state file of version {0}; this dhcptool knows version {VERSION}")]
    Version(u32),
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    servers: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    interface: Option<String>,
    #[serde(default)]
    interfaces: Vec<String>,
    /// `dhcpv4` where it is missing: others were not spoken of before.
    #[serde(default)]
    protocol: Option<String>,
    vlans: Vec<u16>,
    source_ip: Option<IpAddr>,
    source_mac: Option<String>,
    relay: Option<IpAddr>,
    server_id: Option<String>,
    status: String,
    reasons: Vec<(String, String)>,
    facets: Vec<(String, String)>,
    first_seen_ns: i64,
    last_seen_ns: i64,
    present: bool,
}

/// The text of a state file; the last seen first.
pub fn write<'a>(known: impl Iterator<Item = &'a Known>) -> Result<String, StateError> {
    let mut known: Vec<&Known> = known.collect();
    known.sort_by(|a, b| (b.last_seen, &a.key).cmp(&(a.last_seen, &b.key)));
    known.truncate(MAX_SERVERS);
    let servers = known
        .into_iter()
        .map(|known| Entry {
            interface: known.interfaces.first().map(ToString::to_string),
            interfaces: known.interfaces.iter().map(ToString::to_string).collect(),
            protocol: Some(known.key.speaks.name().to_owned()),
            vlans: known.key.vlans.clone(),
            source_ip: known.key.source_ip,
            source_mac: known.key.source_mac.map(|mac| mac.to_string()),
            relay: known.key.relay,
            server_id: known.key.server_id.as_ref().map(ToString::to_string),
            status: known.status.name().to_owned(),
            reasons: known
                .reasons
                .iter()
                .map(|reason| (reason.code.to_owned(), reason.detail.clone()))
                .collect(),
            facets: known.facets.clone(),
            first_seen_ns: known.first_seen.nanoseconds(),
            last_seen_ns: known.last_seen.nanoseconds(),
            present: known.present,
        })
        .collect();
    serde_json::to_string_pretty(&File { version: VERSION, servers })
        .map_err(|error| StateError::Syntax(error.to_string()))
}

/// Reads a state file.
pub fn read(text: &str) -> Result<Vec<Known>, StateError> {
    let file: File = serde_json::from_str(text).map_err(|error| StateError::Syntax(error.to_string()))?;
    if file.version != VERSION {
        return Err(StateError::Version(file.version));
    }
    file.servers.into_iter().map(known).collect()
}

fn known(entry: Entry) -> Result<Known, StateError> {
    let source_mac = match entry.source_mac {
        Some(text) => Some(text.parse().map_err(|_| StateError::Syntax(format!("{text:?} is no MAC")))?),
        None => None,
    };
    let status = Status::from_name(&entry.status)
        .ok_or_else(|| StateError::Syntax(format!("{:?} is no status", entry.status)))?;
    // A rule that no longer exists is no reason any more.
    let reasons = entry
        .reasons
        .into_iter()
        .filter_map(|(code, detail)| known_code(&code).map(|code| Reason { code, detail }))
        .collect();
    let mut interfaces: Vec<Arc<str>> = entry.interfaces.into_iter().map(Into::into).collect();
    if interfaces.is_empty() {
        interfaces.extend(entry.interface.map(Into::into));
    }
    let speaks = match entry.protocol {
        Some(name) => {
            Speaks::from_name(&name).ok_or_else(|| StateError::Syntax(format!("{name:?} is no protocol")))?
        }
        None => Speaks::Dhcpv4,
    };
    let server_id = entry.server_id.map(|text| {
        let id = if speaks == Speaks::Dhcpv4 {
            text.parse().map(ServerId::Ip).ok()
        } else {
            text.parse().map(ServerId::Duid).ok()
        };
        id.ok_or_else(|| StateError::Syntax(format!("{text:?} is no server identifier")))
    });
    Ok(Known {
        interfaces,
        key: Key {
            speaks,
            vlans: entry.vlans,
            source_ip: entry.source_ip,
            source_mac,
            relay: entry.relay,
            server_id: server_id.transpose()?,
        },
        status,
        reasons,
        facets: entry.facets,
        first_seen: Timestamp(entry.first_seen_ns),
        last_seen: Timestamp(entry.last_seen_ns),
        present: entry.present,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;

    fn sample() -> Known {
        Known {
            interfaces: vec!["eth0".into(), "eth1".into()],
            key: Key {
                speaks: Speaks::Dhcpv4,
                vlans: vec![7],
                source_ip: Some([10, 0, 0, 1].into()),
                source_mac: Some(Mac([2; 6])),
                relay: None,
                server_id: Some([10, 0, 0, 1].into()),
            },
            status: Status::Rogue,
            reasons: vec![Reason { code: "wpad", detail: "x".into() }],
            facets: vec![("routers".into(), "10.0.0.1".into())],
            first_seen: Timestamp(5),
            last_seen: Timestamp(7),
            present: true,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let six = Key {
            speaks: Speaks::Dhcpv6,
            source_ip: Some(std::net::Ipv6Addr::LOCALHOST.into()),
            server_id: Some(crate::wire::v6::Duid::link_layer(Mac([2; 6])).into()),
            ..Key::default()
        };
        let known = [
            Known { key: Key::default(), present: false, ..sample() },
            sample(),
            Known { key: six, ..sample() },
        ];
        assert_eq!(read(&write(known.iter()).unwrap()).unwrap(), known);
    }

    #[test]
    fn what_is_no_state_is_refused() {
        let good = write([sample()].iter()).unwrap();
        for (text, want) in [
            (String::new(), "not a state file"),
            ("[]".to_owned(), "not a state file"),
            (good.replace("\"version\": 1", "\"version\": 2"), "of version 2"),
            (good.replace("\"rogue\"", "\"bad\""), "\"bad\" is no status"),
            (good.replace("02:02:02:02:02:02", "x"), "is no MAC"),
        ] {
            assert!(read(&text).unwrap_err().to_string().contains(want), "{text}");
        }
        let unknown_rule = read(&good.replace("\"wpad\"", "\"gone-rule\"")).unwrap();
        assert!(unknown_rule[0].reasons.is_empty());
        for len in 0..good.len() {
            assert!(read(good.get(..len).unwrap_or_default()).is_err(), "{len} bytes");
        }
    }
}
