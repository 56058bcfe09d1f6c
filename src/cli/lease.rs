//! A lease as `request --json` printed it.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use super::exit::Failure;
use super::text;
use crate::engine::v6::recipe::IaWish;
use crate::wire::Mac;
use crate::wire::digits::unhex;
use crate::wire::v6::Duid;
use crate::wire::v6::facts::IaKind;

/// The flag that names these VLANs, outermost first, with a blank before it; nothing where there are none.
pub fn vlan_flag(vlans: &[u16]) -> String {
    let vlans: Vec<String> = vlans.iter().map(ToString::to_string).collect();
    if vlans.is_empty() { String::new() } else { format!(" --vlan {}", vlans.join(".")) }
}

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

/// The leases of a file, which says itself of which protocol they are.
#[derive(Clone, Debug)]
pub enum Leases {
    /// Of DHCPv4.
    Four(Vec<Lease>),
    /// Of DHCPv6.
    Six(Vec<Lease6>),
}

/// Reads every lease in a file, `-` for standard input: one JSON object per line, all of the first one's protocol.
pub fn read(path: &Path) -> Result<Leases, Failure> {
    let mut leases = read_each(path, either)?.into_iter().peekable();
    let mixed = || Failure::damaged(format_args!("{} holds leases of DHCPv4 and of DHCPv6", path.display()));
    Ok(if matches!(leases.peek(), Some(Either::Six(_))) {
        Leases::Six(leases.map(Either::six).collect::<Option<_>>().ok_or_else(mixed)?)
    } else {
        Leases::Four(leases.map(Either::four).collect::<Option<_>>().ok_or_else(mixed)?)
    })
}

/// One lease.
enum Either {
    Four(Lease),
    Six(Lease6),
}

impl Either {
    fn four(self) -> Option<Lease> {
        if let Self::Four(lease) = self { Some(lease) } else { None }
    }

    fn six(self) -> Option<Lease6> {
        if let Self::Six(lease) = self { Some(lease) } else { None }
    }
}

/// The object is of a kind that holds a lease, and says that it was granted, by one of `outcomes`, and kept.
fn is_granted(json: &Value, outcomes: &[&str]) -> bool {
    let is_one_of = |key: &str, all: &[&str]| {
        json.get(key).and_then(Value::as_str).is_none_or(|text| all.contains(&text))
    };
    let declined = json.get("declined").and_then(Value::as_bool) == Some(true);
    is_one_of("type", &["request", "lease"]) && is_one_of("outcome", outcomes) && !declined
}

fn is_six(json: &Value) -> bool {
    json.get("protocol").and_then(Value::as_str) == Some("dhcpv6")
}

fn either(json: &Value) -> Result<Either, &'static str> {
    if is_six(json) { lease6(json).map(Either::Six) } else { lease(json).map(Either::Four) }
}

fn read_each<T>(path: &Path, lease: fn(&Value) -> Result<T, &'static str>) -> Result<Vec<T>, Failure> {
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
                text::named(path)
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
    if !is_granted(json, &["ack"]) {
        return Err("no lease: its type is not \"request\", its outcome not \"ack\", or it was declined");
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

/// What is needed to renew or give back a lease of DHCPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease6 {
    /// The client's hardware address.
    pub mac: Option<Mac>,
    /// Its name.
    pub duid: Option<Duid>,
    /// The server that gave it.
    pub server: Option<Duid>,
    /// What is held.
    pub ias: Vec<IaWish>,
}

/// Reads every lease of DHCPv6 in a file, `-` for standard input: one JSON object per line.
pub fn read6(path: &Path) -> Result<Vec<Lease6>, Failure> {
    read_each(path, lease6)
}

fn lease6(json: &Value) -> Result<Lease6, &'static str> {
    if !is_six(json) {
        return Err("no lease of DHCPv6: leave out -6");
    }
    if !is_granted(json, &["ack", "partial"]) {
        return Err(
            "no lease: its type is not \"request\", its outcome neither \"ack\" nor \"partial\", or it was declined",
        );
    }
    let client = |key: &str| json.get("client")?.get(key)?.as_str();
    let list = |json: &Value, key: &str| json.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let lives =
        |lease: &Value| lease.get("valid_lifetime").and_then(Value::as_u64).is_none_or(|valid| valid > 0);
    let mut ias = Vec::new();
    for ia in list(json, "ias") {
        let kind = match ia.get("type").and_then(Value::as_str) {
            Some("ia-na") => IaKind::Na,
            Some("ia-ta") => IaKind::Ta,
            Some("ia-pd") => IaKind::Pd,
            _ => return Err("an \"ias\" of no known \"type\""),
        };
        let iaid = ia.get("iaid").and_then(Value::as_u64).and_then(|iaid| u32::try_from(iaid).ok());
        let mut wish = IaWish::new(kind, iaid.ok_or("an \"ias\" without \"iaid\"")?);
        let texts = |key: &str, inner: &'static str| -> Vec<String> {
            let leases = list(&ia, key).into_iter().filter(lives);
            leases.filter_map(|lease| lease.get(inner)?.as_str().map(str::to_owned)).collect()
        };
        wish.addresses = texts("addresses", "address").iter().filter_map(|text| text.parse().ok()).collect();
        wish.prefixes = texts("prefixes", "prefix").iter().filter_map(|text| text.parse().ok()).collect();
        if wish.has_lease() {
            ias.push(wish);
        }
    }
    if ias.is_empty() {
        return Err("no address or prefix in \"ias\"");
    }
    Ok(Lease6 {
        mac: client("mac").and_then(|mac| mac.parse().ok()),
        duid: client("duid").and_then(|duid| duid.parse().ok()),
        server: json.get("server_id").and_then(Value::as_str).and_then(|duid| duid.parse().ok()),
        ias,
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
    fn a_lease_of_dhcpv6_is_understood() {
        let json = serde_json::from_str(
            r#"{"type":"request","protocol":"dhcpv6","client":{"mac":"02:00:00:00:00:01","duid":"0003000102"},
                "outcome":"partial","server_id":"0003000109","ias":[
                 {"type":"ia-na","iaid":7,"addresses":[{"address":"fd00::1","valid_lifetime":9},
                  {"address":"fd00::2","valid_lifetime":0}],"prefixes":[]},
                 {"type":"ia-pd","iaid":7,"addresses":[],"prefixes":[{"prefix":"fd00:1::/56","valid_lifetime":9}]},
                 {"type":"ia-pd","iaid":8,"addresses":[],"prefixes":[]}]}"#,
        );
        let found = lease6(&json.unwrap()).unwrap();
        assert_eq!((found.ias.len(), found.ias[0].addresses.len()), (2, 1));
        assert_eq!(found.ias[1].prefixes[0].to_string(), "fd00:1::/56");
        assert_eq!(found.server.unwrap().to_string(), "0003000109");
        for bad in
            [r#"{"outcome":"ack"}"#, r#"{"protocol":"dhcpv6","outcome":"nak"}"#, r#"{"protocol":"dhcpv6"}"#]
        {
            assert!(lease6(&serde_json::from_str(bad).unwrap()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_lease_is_said() {
        assert!(parsed(r#"{"outcome":"nak"}"#).unwrap_err().contains("outcome"));
        assert!(parsed(r#"{"outcome":"ack"}"#).unwrap_err().contains("address"));
        assert!(parsed(r#"{"address":"10.0.0.1"}"#).unwrap_err().contains("server_id"));
        assert!(parsed("[]").is_err());
        let of_type = |name: &str| {
            parsed(&format!(
                r#"{{"type":"{name}","outcome":"ack","address":"10.0.0.9","server_id":"10.0.0.1"}}"#
            ))
        };
        assert!(of_type("inform").is_err(), "an address that no server gave is nothing to give back");
        let declined = r#"{"outcome":"ack","declined":true,"address":"10.0.0.9","server_id":"10.0.0.1"}"#;
        assert!(parsed(declined).is_err(), "it would be offered again, and somebody has it");
        assert!(of_type("request").is_ok() && of_type("lease").is_ok());
    }
}
