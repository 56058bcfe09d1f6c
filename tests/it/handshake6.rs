//! `dhcptool handshake -6` against the embedded servers, and against real ones.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::lab::{PROGRAM, lab, lab_command};
use crate::support::six::{Net6, Six, network};

/// The last object that a handshake in a lab prints, when its exit code is `code`, and the objects before it.
fn run(flags: &str, arguments: &str, code: i32) -> Option<(Value, Vec<Value>)> {
    let words: Vec<&str> = [PROGRAM, "handshake", "-6", "eth0", "--json"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .collect();
    let output = lab(flags, &words)?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "lab {flags} -- {arguments}:\n{out}{err}");
    Some(objects(&out))
}

fn objects(printed: &str) -> (Value, Vec<Value>) {
    let mut all: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (all.pop().unwrap(), all)
}

fn count(json: &Value, path: &str) -> u64 {
    json.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("no {path} in {json}"))
}

#[test]
fn the_contract_is_kept() {
    let Some((whole, each)) = run("", "-i 5ms -c 20 --each --ia-na --ia-pd", 0) else { return };
    assert_eq!((whole["type"].as_str(), whole["protocol"].as_str()), (Some("handshake"), Some("dhcpv6")));
    assert_eq!((count(&whole, "/attempts"), count(&whole, "/completed")), (20, 20));
    assert_eq!(
        (count(&whole, "/sent"), count(&whole, "/received"), count(&whole, "/released")),
        (60, 60, 20)
    );
    assert_eq!((count(&whole, "/failures/partial"), &whole["statuses"]), (0, &serde_json::json!({})));
    for delay in ["offer", "ack", "total"] {
        assert!(whole["latency_ms"][delay]["p99"].as_f64().unwrap() > 0.0, "{whole}");
    }
    assert_eq!(each.len(), 20);
    let one = &each[0];
    assert_eq!((one["protocol"].as_str(), &one["status"]), (Some("dhcpv6"), &Value::Null));
    assert!(one["server_id"].as_str().unwrap().starts_with("00030001"), "{one}");
    assert!(one["address"].as_str().unwrap().starts_with("2001:db8:64:0:1::"), "{one}");
    assert!(one["prefixes"][0].as_str().unwrap().ends_with("/56"), "{one}");

    let (rapid, each) = run("", "-i 5ms -c 5 --each --rapid-commit", 0).unwrap();
    assert_eq!((count(&rapid, "/sent"), count(&rapid, "/completed")), (10, 5));
    assert!(rapid["latency_ms"]["offer"]["p50"].is_null() && rapid["latency_ms"]["ack"]["p50"].is_null());
    assert!(rapid["latency_ms"]["total"]["p50"].is_number() && each[0]["ack_ms"].is_null());
}

#[test]
fn like_ping() {
    let Some(output) = lab("", &[PROGRAM, "handshake", "-6", "eth0", "-i", "10ms"]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(
        text.lines().filter(|line| line.contains("00030001020000000001  offer ")).count(),
        4,
        "{text}"
    );
    assert!(text.contains("4 attempts, 4 completed, 0.000% loss") && text.contains("4 given back"), "{text}");
}

#[test]
fn each_failure_ends_with_1_and_is_named() {
    for (lab, more, what, status) in [
        ("--nak", "", "no_offer", "no-addrs-avail"),
        ("--silent=all", "", "no_offer", ""),
        ("--silent=request --servers 1", "--keep", "no_ack", ""),
        ("--pd off", "--ia-na --ia-pd", "partial", "no-prefix-avail"),
        ("--v6 off", "", "no_offer", ""),
    ] {
        let arguments = format!("-c 2 -i 5ms --timeout 300ms --retries 0 {more}");
        let Some((found, _)) = run(lab, &arguments, 1) else { return };
        assert_eq!(found["failures"][what].as_u64(), Some(2), "{lab:?}: {found}");
        assert_eq!((count(&found, "/completed"), count(&found, "/held")), (0, 0), "{lab:?}: {found}");
        assert!(status.is_empty() || found["statuses"][status].as_u64() >= Some(2), "{lab:?}: {found}");
    }
}

/// RFC 9915 §18.2.10.1: what the REPLY says is the client's, whatever was advertised.
#[test]
fn another_address_than_advertised_completes_and_is_counted() {
    let Some((found, _)) = run("--other-address", "-c 2 -i 5ms", 0) else { return };
    assert_eq!((count(&found, "/completed"), count(&found, "/reassigned")), (2, 2), "{found}");
    assert_eq!((count(&found, "/failures/other"), count(&found, "/released")), (0, 2), "{found}");
}

#[test]
fn a_pool_that_runs_out_says_at_how_many_clients() {
    let arguments = "--clients 30 -c 30 -i 10ms --hold --timeout 300ms --retries 0";
    let Some((found, _)) = run("--pool-size 20", arguments, 1) else { return };
    assert_eq!(count(&found, "/pool_exhausted_at"), 20, "{found}");
    assert_eq!((count(&found, "/released"), count(&found, "/held")), (20, 0));
    assert_eq!(count(&found, "/statuses/no-addrs-avail"), 10);
}

#[test]
fn loss_and_duplicates_leave_nothing() {
    let arguments = "-c 100 -i 1ms --timeout 200ms --retries 8 --clients 20 --max-in-flight 20";
    let Some((found, _)) = run("--loss 10 --duplicate 10", arguments, 0) else { return };
    assert_eq!((count(&found, "/completed"), count(&found, "/released")), (100, 100));
    assert!(count(&found, "/retransmitted") > 0 && count(&found, "/duplicates") > 0, "{found}");
}

#[test]
fn threads_share_the_work_and_a_mix_completes() {
    let arguments = "--rate 1000 --duration 1s --ramp 500ms --clients 300 --threads 3 --load";
    let Some((found, _)) = run("", arguments, 0) else { return };
    assert_eq!(
        (count(&found, "/threads"), count(&found, "/orphans")),
        (3, 0),
        "each sees its own answers only"
    );
    let arguments = "--rate 100 --duration 2s --clients 10 --full 1 --renew 4 --rebind 1 --confirm 1 --inform 1 --release 1";
    let (found, _) = run("", arguments, 0).unwrap();
    let kinds: Vec<&str> =
        found["kinds"].as_array().unwrap().iter().map(|kind| kind["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["handshake", "confirm", "renew", "rebind", "inform", "release"]);
    assert_eq!((count(&found, "/completed"), count(&found, "/held")), (200, 0));
}

#[test]
fn the_highest_rate_is_found() {
    let arguments = "--find-rate --duration 1s --clients 2000 --load --slo p99<100ms,loss<0.1% --keep";
    let Some((found, _)) = run("--rate-limit 400", arguments, 0) else { return };
    let rate = found["find_rate"]["rate_per_s"].as_f64().unwrap();
    // Within a short step a queue of a tenth of a second is allowed to build up.
    assert!((330.0..=450.0).contains(&rate), "{found}");
    assert!(found["find_rate"]["limited_by"].is_string());
}

#[test]
fn relays_and_other_cards_are_answered() {
    let relays = "-c 6 -i 5ms --clients 4 --server 2001:db8:64::1 --relay 2001:db8:64::98,2001:db8:64::99 \
                  --relay-option interface-id=port-{n} --threads 2";
    for arguments in [relays, "-c 3 -i 5ms --mac random", "-c 3 -i 5ms --vlan 7", "-c 3 -i 5ms --duid llt"] {
        let Some((found, _)) = run("", arguments, 0) else { return };
        assert_eq!(count(&found, "/completed"), count(&found, "/attempts"), "{arguments}: {found}");
    }
}

#[test]
fn leases_that_were_kept_can_be_given_back_later() {
    let folder = tempfile::tempdir().unwrap();
    let leases = folder.path().join("leases").to_str().unwrap().to_owned();
    let script = format!(
        "dhcptool handshake -6 eth0 -q -c 5 -i 5ms --clients 5 --ia-na --ia-pd --keep --write-leases {leases} >&2 && \
         dhcptool release -6 eth0 --json --lease {leases}"
    );
    let Some(output) = lab("", &["sh", "-c", &script]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().filter(|line| line.contains(r#""outcome":"ack""#)).count(), 5, "{text}");
}

#[test]
fn a_plugin_tells_it_too() {
    let words = [PROGRAM, "handshake", "-6", "eth0", "-i", "0s", "-n", "2", "--nagios", "-c", "5000"];
    let words: Vec<&str> =
        words.into_iter().map(|word| if word == "-n" { "--count" } else { word }).collect();
    let Some(output) = lab("", &words) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("DHCP OK - 2 of 2 handshakes completed"), "{text}");
}

#[test]
fn flags_that_mean_nothing_here_are_refused() {
    for (arguments, want) in [
        (&["--option-82"][..], "--option-82 is for DHCPv4; leave out -6"),
        (&["--init-reboot", "1"], "with -6 it is --confirm"),
        (&["--xid", "7"], "--xid cannot be the same"),
        (&["--confirm", "1", "--ia-pd"], "--confirm needs an address"),
        (&["--no-ia"], "needs an IA"),
        (&["--duid", "none"], "leave out --duid none"),
        (&["--duid", "0003000109", "--clients", "2"], "goes with one client only"),
        (&["--relay", "fd00::1,fd00::2", "--relay", "fd00::1,fd00::2,fd00::3"], "equally long"),
        (&["--giaddr", "10.0.0.9"], "--giaddr is a DHCPv4 field; leave out -6"),
        (&["--clients", "51"], "add --load"),
        (&["-o", "ia-na=5"], "cannot be set by hand"),
    ] {
        let words = [&["dhcptool", "handshake", "-6", "eth0"][..], arguments].concat();
        let output = lab_command("", &words).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        if crate::support::lab::is_refused(output.status.code(), &err) {
            return;
        }
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        assert!(err.contains(want), "{arguments:?}: {err}");
    }
}

/// What a real server's lease file says it has leased and not been given back.
fn held(net: &Net6, kind: Six) -> Vec<String> {
    let text = net.leases(kind);
    // Files that grow hold the state of an address in its last entry.
    let mut last: BTreeMap<String, bool> = BTreeMap::new();
    match kind {
        Six::Kea => {
            for line in text.lines().filter(|line| line.starts_with("fd")) {
                let fields: Vec<&str> = line.split(',').collect();
                last.insert(fields[0].to_owned(), fields[2] != "0");
            }
        }
        Six::Dhcpd => {
            let mut address = "";
            for line in text.lines().map(str::trim) {
                let rest = line.strip_prefix("iaaddr ").or(line.strip_prefix("iaprefix "));
                address = rest.map_or(address, |rest| rest.trim_end_matches(" {"));
                if let Some(state) = line.strip_prefix("binding state ") {
                    last.insert(address.to_owned(), state == "active;");
                }
            }
        }
        _ => last
            .extend(text.lines().filter(|line| line.contains(" fd00:")).map(|line| (line.to_owned(), true))),
    }
    last.into_iter().filter_map(|(address, held)| held.then_some(address)).collect()
}

fn two_hundred_of_two_hundred(kind: Six) {
    let Some(net) = network(&[kind]) else { return };
    let run = |arguments: &str, code: i32| {
        let words = ["handshake", "-6", "eth0", "--json", "--load"];
        let words: Vec<&str> = words.into_iter().chain(arguments.split_whitespace()).collect();
        let output = net.dhcptool(&words);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments}:\n{out}{err}");
        let deadline = Instant::now() + Duration::from_secs(5);
        while !held(&net, kind).is_empty() {
            assert!(Instant::now() < deadline, "{arguments}: left {:?}", held(&net, kind));
            std::thread::sleep(Duration::from_millis(50));
        }
        objects(&out).0
    };
    let all = "-c 200 -i 0s --clients 20 --max-in-flight 4";
    let found = run(all, 0);
    assert_eq!((count(&found, "/completed"), count(&found, "/released")), (200, 200), "{found}");
    let relay = format!("-c 20 -i 0s --clients 5 --relay fd00:77::99 --server {}", kind.address());
    assert_eq!(count(&run(&relay, 0), "/completed"), 20);
    let mix = "-c 100 -i 5ms --clients 10 --renew 3 --rebind 1 --confirm 1 --inform 1 --release 1";
    // dhcpd 4.4.3 dies of an assertion of its own (heap.c) where leases are renewed and given back in turn.
    if kind != Six::Dhcpd {
        assert_eq!(count(&run(mix, 0), "/completed"), 100);
    }
    // dhcpd advertises one prefix to several clients that ask at the same time.
    let both = "-c 200 -i 0s --clients 20 --ia-na --ia-pd";
    if kind.delegates() {
        assert_eq!(count(&run(both, 0), "/completed"), 200);
    } else {
        // It says nothing of prefixes: what is asked for is granted in part.
        assert_eq!(count(&run(both, 1), "/failures/partial"), 200);
    }
    let rapid = run(&format!("{all} --rapid-commit"), 0);
    assert_eq!(count(&rapid, "/completed"), 200);
    // dhcpd commits at once only where it is configured to.
    let sent = if kind == Six::Dhcpd { 600 } else { 400 };
    assert_eq!(count(&rapid, "/sent"), sent, "{rapid}");
}

#[test]
fn kea_two_hundred_of_two_hundred() {
    two_hundred_of_two_hundred(Six::Kea);
}

#[test]
fn dhcpd_two_hundred_of_two_hundred() {
    two_hundred_of_two_hundred(Six::Dhcpd);
}

#[test]
fn dnsmasq_two_hundred_of_two_hundred() {
    two_hundred_of_two_hundred(Six::Dnsmasq);
}
