//! The senders against dnsmasq, Kea, ISC dhcpd and udhcpd, each in a network namespace of its own.

use std::net::Ipv4Addr;

use crate::support::{self, Kind, Net, bootp_network, network, skip};
use serde_json::Value;

const MAC: &str = "02:5a:00:00:00:01";

fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_else(|| panic!("no {key} in {json}"))
}

/// Waits until the server itself says that it took the address back.
fn assert_released(net: &Net, kind: Kind, address: &str) {
    let server = net.server(kind);
    server.wait_for_release(address, MAC);
    match kind {
        Kind::Dnsmasq => assert!(!server.lease_text().contains(address), "{}", server.lease_text()),
        Kind::Kea => {
            let leases = server.lease_text();
            // Address, hardware address, client identifier, valid lifetime: zero says that the lease is deleted.
            let last = leases.lines().rfind(|line| line.starts_with(address)).unwrap();
            assert_eq!(last.split(',').nth(3), Some("0"), "{leases}");
        }
        Kind::Dhcpd => {
            let leases = server.lease_text();
            let last = leases.rsplit("lease ").next().unwrap();
            assert!(last.starts_with(address) && last.contains("binding state free"), "{leases}");
        }
        Kind::Udhcpd => {
            let found = server.leases_become(|leases| {
                leases
                    .iter()
                    .any(|lease| lease.address.to_string() == address && lease.mac[0] == 2 && lease.left == 0)
            });
            assert!(found, "{address} is still leased");
        }
    }
}

fn assert_declined(net: &Net, kind: Kind, address: &str) {
    let server = net.server(kind);
    match kind {
        Kind::Dnsmasq => server.log().wait_for(&format!("DHCPDECLINE(eth0) {address} {MAC}")),
        Kind::Kea => server.log().wait_for("DHCP4_DECLINE_LEASE"),
        Kind::Dhcpd => server.log().wait_for(&format!("Abandoning IP address {address}: declined")),
        Kind::Udhcpd => {
            let found = server.leases_become(|leases| {
                leases.iter().any(|lease| {
                    lease.address.to_string() == address && lease.mac == [0; 6] && lease.left > 0
                })
            });
            assert!(found, "{address} was not declined");
        }
    }
}

/// Everything the senders do, against one server; the client's MAC is not the interface's, which has no address.
fn every_command(kind: Kind) {
    let Some(net) = network(&[kind], true) else { return };
    let server = kind.address().to_string();

    let found = net.json("client", &["discover", "eth0", "--mac", MAC, "--wait", "2s"], 0);
    let offers = found["offers"].as_array().unwrap();
    assert_eq!(offers.len(), 1, "{found}");
    let offer = &offers[0];
    assert_eq!(text(offer, "server_id"), server);
    assert_eq!(text(offer, "domain_name"), kind.domain());
    assert_eq!(offer["lease_time"].as_u64(), Some(kind.lease_time()));
    assert_eq!(offer["routers"][0].as_str(), Some(server.as_str()));
    assert!(offer["latency_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(text(&offer["packet"]["dhcp"], "chaddr"), MAC);

    let lease = net.json("client", &["request", "eth0", "--mac", MAC], 0);
    assert_eq!((text(&lease, "outcome"), text(&lease, "server_id")), ("ack", server.as_str()));
    assert_eq!(lease["lease_time"].as_u64(), Some(kind.lease_time()));
    let address = text(&lease, "address").to_owned();
    let known = ["--mac", MAC, "--ip", &address, "--server", &server, "--timeout", "2s"];
    for state in ["selecting", "init-reboot", "renewing", "rebinding"] {
        let mut arguments = vec!["request", "eth0", "--state", state];
        arguments.extend(known);
        let again = net.json("client", &arguments, 0);
        assert_eq!((text(&again, "state"), text(&again, "outcome")), (state, "ack"));
        assert_eq!(text(&again, "address"), address, "{state}");
        assert_eq!(again["sent"].as_u64(), Some(1), "{state}");
    }

    let inform =
        net.json("client", &["inform", "eth0", "--mac", MAC, "--ip", "10.77.200.5", "--timeout", "2s"], 0);
    assert_eq!((text(&inform, "outcome"), text(&inform, "server_id")), ("ack", server.as_str()));

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{lease}\n")).unwrap();
    let gone = net.json("client", &["release", "eth0", "--lease", file.path().to_str().unwrap()], 0);
    assert_eq!(text(&gone, "outcome"), "sent");
    assert_released(&net, kind, &address);

    let refused = net.json(
        "client",
        &[
            "request",
            "eth0",
            "--mac",
            MAC,
            "--state",
            "init-reboot",
            "--ip",
            "192.168.9.9",
            "--timeout",
            "3s",
        ],
        1,
    );
    assert_eq!(text(&refused, "outcome"), "nak", "{refused}");

    let lease = net.json("client", &["request", "eth0", "--mac", MAC], 0);
    let address = text(&lease, "address").to_owned();
    let declined =
        net.json("client", &["decline", "eth0", "--mac", MAC, "--ip", &address, "--server", &server], 0);
    assert_eq!(text(&declined, "outcome"), "sent");
    assert_declined(&net, kind, &address);

    let lease = net.json("client", &["request", "eth0", "--mac", MAC, "--release"], 0);
    assert_eq!(lease["released"].as_bool(), Some(true));
    assert_released(&net, kind, text(&lease, "address"));
}

crate::support::with_every_server!(every_command);

/// Leases that a server still holds, as its lease file says.
fn held(net: &Net, kind: Kind) -> Vec<String> {
    let text = net.server(kind).lease_text();
    if kind == Kind::Dnsmasq {
        return text.lines().map(str::to_owned).collect();
    }
    // The last line of an address counts; a valid lifetime of zero says that the lease is deleted.
    let lines = text.lines().skip(1).filter_map(|line| {
        let mut fields = line.split(',');
        Some((fields.next()?.to_owned(), fields.nth(2)?.to_owned()))
    });
    let last: std::collections::BTreeMap<String, String> = lines.collect();
    last.into_iter().filter(|(_, left)| left != "0").map(|(address, _)| address).collect()
}

#[test]
fn beside_an_authoritative_server_the_chosen_one_counts_and_nothing_is_left() {
    let kinds = [Kind::Dnsmasq, Kind::Kea];
    let Some(net) = network(&kinds, true) else { return };
    for _ in 0..10 {
        let done = net.json("client", &["request", "eth0", "--mac", "random", "--release"], 0);
        assert_eq!((text(&done, "outcome"), done["released"].as_bool()), ("ack", Some(true)));
        assert_eq!(done["not_given_back"].as_array().map(Vec::len), Some(0), "{done}");
    }
    let arguments = ["handshake", "eth0", "--count", "20", "--interval", "20ms", "--clients", "20"];
    let run = net.json("client", &arguments, 0);
    assert_eq!((run["completed"].as_u64(), run["failures"]["nak"].as_u64()), (Some(20), Some(0)), "{run}");
    let last = net.json("client", &["request", "eth0", "--mac", MAC, "--release"], 0);
    let (server, address) = (text(&last, "server_id"), text(&last, "address"));
    let kind = kinds.into_iter().find(|kind| kind.address().to_string() == server).unwrap();
    net.server(kind).wait_for_release(address, MAC);
    for kind in kinds {
        assert_eq!(held(&net, kind), Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn all_four_are_found_although_they_check_their_addresses_first() {
    let Some(net) = network(&Kind::ALL, false) else { return };
    let found = net.json("client", &["discover", "eth0", "--mac", "random"], 0);
    let offers = found["offers"].as_array().unwrap();
    let of = |kind: Kind| {
        let server = kind.address().to_string();
        offers
            .iter()
            .find(|offer| offer["server_id"] == server.as_str())
            .unwrap_or_else(|| panic!("{kind:?}: {found}"))
    };
    assert_eq!(offers.len(), 4, "{found}");
    assert!(found["waited_ms"].as_f64().unwrap() < 4900.0);
    for (kind, check, least) in
        [(Kind::Dhcpd, "icmp", 990.0), (Kind::Udhcpd, "arp", 1900.0), (Kind::Dnsmasq, "icmp", 2900.0)]
    {
        let offer = of(kind);
        assert_eq!(text(&offer["server_check"], "kind"), check, "{offer}");
        assert!(offer["server_check"]["ms"].as_f64().unwrap() >= least, "{offer}");
        assert!(offer["latency_ms"].as_f64() >= offer["server_check"]["ms"].as_f64());
    }
    assert!(of(Kind::Kea)["server_check"].is_null());
    let fields: Vec<&str> =
        found["differences"].as_array().unwrap().iter().map(|difference| text(difference, "field")).collect();
    assert!(fields.contains(&"routers") && fields.contains(&"dhcp-lease-time"), "{fields:?}");
    assert!(!fields.contains(&"domain-name-servers"), "all four say the same");
}

#[test]
fn through_a_relay_and_as_a_relay() {
    let kinds = [Kind::Dnsmasq, Kind::Kea, Kind::Dhcpd];
    let Some(mut net) = network(&kinds, true) else { return };
    if let Err(why) = net.with_relay(&kinds) {
        skip(&why);
        return;
    }
    let found = net.json("far", &["discover", "eth0", "--mac", "random", "--wait", "3s"], 0);
    for kind in kinds {
        let server = kind.address().to_string();
        let offers = found["offers"].as_array().unwrap();
        let offer = offers.iter().find(|offer| offer["server_id"] == server.as_str()).unwrap();
        assert_eq!(text(&offer["packet"]["dhcp"], "giaddr"), "172.31.7.1");
        assert!(text(offer, "address").starts_with("172.31.7."), "{offer}");

        let lease = net.json("far", &["request", "eth0", "--mac", MAC, "--server", &server], 0);
        assert_eq!((text(&lease, "outcome"), text(&lease, "server_id")), ("ack", server.as_str()));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{lease}\n")).unwrap();
        net.json("far", &["release", "eth0", "--lease", file.path().to_str().unwrap()], 0);
        assert_released(&net, kind, text(&lease, "address"));
    }

    // The client's own segment has the servers; standing in for a relay of another network it asks one of them alone.
    net.address_client(Ipv4Addr::new(10, 77, 0, 200));
    for kind in kinds {
        let server = kind.address().to_string();
        let arguments = [
            "discover",
            "eth0",
            "--giaddr",
            "10.77.0.200",
            "--server",
            &server,
            "--mac",
            "random",
            "--first",
        ];
        let found = net.json("client", &arguments, 0);
        assert_eq!(text(&found["offers"][0], "server_id"), server);
        assert!(found["offers"][0]["latency_ms"].as_f64().unwrap() > 0.0);
        assert_eq!(found["offers"][0]["packet"]["udp"]["dst_port"].as_u64(), Some(67));
    }
}

/// The servers that `rogue` calls rogues, and how many it allows.
fn rogues(report: &Value) -> (Vec<&str>, usize) {
    let servers = report["servers"].as_array().unwrap();
    let allowed = servers.iter().filter(|server| server["status"] == "allowed").count();
    (
        servers
            .iter()
            .filter(|server| server["status"] == "rogue")
            .map(|server| text(server, "server_id"))
            .collect(),
        allowed,
    )
}

#[test]
fn the_fourth_server_is_named_and_nothing_is_kept() {
    let Some(net) = network(&Kind::ALL, false) else { return };
    // The slowest of them is the one that should not be there.
    let others: Vec<String> =
        [Kind::Kea, Kind::Dhcpd, Kind::Udhcpd].map(|kind| kind.address().to_string()).into();
    let mut arguments = vec!["rogue", "eth0"];
    for address in &others {
        arguments.extend(["--allow", address]);
    }
    let report = net.json("client", &arguments, 1);
    let fourth = Kind::Dnsmasq.address().to_string();
    assert_eq!(rogues(&report), (vec![fourth.as_str()], 3), "{report}");
    assert_eq!(text(&report, "verdict"), "rogue");
    let leases = |kind: Kind| std::fs::read_to_string(&net.server(kind).leases).unwrap_or_default();
    assert_eq!(leases(Kind::Dnsmasq), "");
    assert!(!leases(Kind::Dhcpd).contains("\nlease "), "{}", leases(Kind::Dhcpd));
    assert!(leases(Kind::Kea).lines().count() <= 1, "{}", leases(Kind::Kea));
}

#[test]
fn a_server_behind_a_relay_is_judged_too() {
    let kinds = [Kind::Dnsmasq, Kind::Kea, Kind::Dhcpd];
    let Some(mut net) = network(&kinds, true) else { return };
    if let Err(why) = net.with_relay(&kinds) {
        skip(&why);
        return;
    }
    let friends =
        [Kind::Dnsmasq, Kind::Kea].map(|kind| format!("server-id={},relay=172.31.7.1", kind.address()));
    let arguments = ["rogue", "eth0", "--wait", "5s", "--allow", &friends[0], "--allow", &friends[1]];
    let report = net.json("far", &arguments, 1);
    let third = Kind::Dhcpd.address().to_string();
    assert_eq!(rogues(&report), (vec![third.as_str()], 2), "{report}");
}

/// The addresses that dhcpd ever bound, and those still bound.
fn dhcpd_leases(text: &str) -> (Vec<&str>, Vec<&str>) {
    let mut last = std::collections::BTreeMap::new();
    for block in text.split("\nlease ").skip(1) {
        let (address, rest) = block.split_once(' ').unwrap();
        last.insert(address, rest.contains("binding state active"));
    }
    let bound = last.iter().filter(|(_, bound)| **bound).map(|(address, _)| *address).collect();
    (last.into_keys().collect(), bound)
}

#[test]
fn what_bootp_binds_for_ever_is_given_back() {
    let kinds = [Kind::Dnsmasq, Kind::Dhcpd];
    let Some(net) = bootp_network(&kinds) else { return };
    let nothing_is_left = |when: &str| {
        let dnsmasq = std::fs::read_to_string(&net.server(Kind::Dnsmasq).leases).unwrap_or_default();
        assert_eq!(dnsmasq, "", "{when}");
        let dhcpd = net.server(Kind::Dhcpd).lease_text();
        let (ever, bound) = dhcpd_leases(&dhcpd);
        assert!(bound.is_empty(), "{when}: {bound:?} of {ever:?}:\n{dhcpd}");
        assert!(!ever.is_empty() && ever.len() <= 4, "{when}: {ever:?}");
    };
    let report = net.json("client", &["rogue", "eth0"], 0);
    for server in report["servers"].as_array().unwrap() {
        assert!(server["messages"]["bootp"].as_u64().unwrap() > 0, "{report}");
    }
    assert_eq!(report["not_given_back"], Value::Array(vec![]), "{report}");
    nothing_is_left("after one look");
    // Five probings are ten rounds of BOOTP: they would empty pools of sixteen.
    let mut watching = net.command("client", "timeout");
    watching.args(["-s", "INT", "22", support::lab::PROGRAM, "rogue", "eth0"]);
    let output = watching.args(["--watch", "--interval", "4s", "--wait", "4s", "--json"]).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        out.matches("\"event\":\"new\"").count(),
        2,
        "{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    nothing_is_left("after watching");
}
