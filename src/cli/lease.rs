//! A lease as `request --json` printed it.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use super::exit::Failure;
use super::text;
use crate::output::packet::read::unhex;
use crate::wire::Mac;

/// What is needed to give a lease back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The client's hardware address.
    pub mac: Option<Mac>,
    /// The address.
    pub address: Ipv4Addr,
    /// The server that gave it.
    pub server: Ipv4Addr,
    /// The client identifier it was asked for with, if the server repeats it (RFC 6842).
    pub client_id: Option<Vec<u8>>,
    /// Who sent the ACK, when not the server itself: the router on the way to it.
    pub via: Option<Mac>,
}

/// Reads every lease in a file, `-` for standard input: one JSON object per line.
pub fn read(path: &Path) -> Result<Vec<Lease>, Failure> {
    let fail = |error: &std::io::Error| {
        Failure::could_not_run(format_args!("cannot read {}: {error}", path.display()))
    };
    let text = text::read(path, text::MOST).map_err(|error| fail(&error))?;
    let mut leases = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        let damaged = |what: &str| {
            Failure::damaged(format_args!(
                "{} line {number}: {what}; a line that request --json printed is expected",
                path.display()
            ))
        };
        let json: Value =
            serde_json::from_str(line).map_err(|error| damaged(&format!("not JSON ({error})")))?;
        leases.push(lease(&json).map_err(damaged)?);
    }
    if leases.is_empty() {
        return Err(Failure::damaged(format_args!("{} holds no lease", path.display())));
    }
    Ok(leases)
}

fn lease(json: &Value) -> Result<Lease, &'static str> {
    let ip = |key: &str| json.get(key)?.as_str()?.parse::<Ipv4Addr>().ok();
    let outcome = json.get("outcome").and_then(Value::as_str);
    if outcome.is_some_and(|outcome| outcome != "ack") {
        return Err("no lease: its outcome is not \"ack\"");
    }
    let address = ip("address").ok_or("no \"address\"")?;
    let server = ip("server_id").or_else(|| ip("source_ip")).ok_or("no \"server_id\"")?;
    let dhcp = json.get("packet").and_then(|packet| packet.get("dhcp"));
    let client = json.get("client").and_then(|client| client.get("mac")).or_else(|| dhcp?.get("chaddr"));
    let option = |code: u64| {
        let options = dhcp?.get("options")?.as_array()?;
        let found = options.iter().find(|option| option.get("code").and_then(Value::as_u64) == Some(code))?;
        unhex(found.get("raw")?.as_str()?)
    };
    let source = |key: &str| json.get(key)?.as_str()?.parse::<Mac>().ok();
    Ok(Lease {
        mac: client.and_then(Value::as_str).and_then(|mac| mac.parse().ok()),
        address,
        server,
        client_id: option(61),
        via: source("source_mac").filter(|_| ip("source_ip") != Some(server)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Lease, &'static str> {
        lease(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn what_request_prints_is_understood() {
        let found = parsed(
            r#"{"type":"request","client":{"mac":"02:00:00:00:00:01"},"outcome":"ack","server_id":"10.0.0.1",
                "source_ip":"10.0.0.254","source_mac":"02:00:00:00:00:fe","address":"10.0.0.50",
                "packet":{"dhcp":{"chaddr":"02:00:00:00:00:09","options":[{"code":61,"raw":"01aa"}]}}}"#,
        )
        .unwrap();
        assert_eq!(found.mac, Some(Mac([2, 0, 0, 0, 0, 1])));
        assert_eq!(found.client_id, Some(vec![1, 0xaa]));
        assert_eq!(found.via, Some(Mac([2, 0, 0, 0, 0, 0xfe])));
    }

    #[test]
    fn what_is_no_lease_is_said() {
        assert!(parsed(r#"{"outcome":"nak"}"#).unwrap_err().contains("outcome"));
        assert!(parsed(r#"{"outcome":"ack"}"#).unwrap_err().contains("address"));
        assert!(parsed(r#"{"address":"10.0.0.1"}"#).unwrap_err().contains("server_id"));
        assert!(parsed("[]").is_err());
    }
}
