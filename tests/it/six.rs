//! The senders with -6 against Kea, ISC dhcpd, dnsmasq and radvd, each in a network namespace of its own.

use serde_json::Value;

use crate::support::six::{Net6, Six, network};

fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_else(|| panic!("no {key} in {json}"))
}

fn codes(json: &Value) -> Vec<&str> {
    json["findings"].as_array().unwrap().iter().map(|finding| text(finding, "code")).collect()
}

fn outcome(json: &Value) -> &str {
    text(json, "outcome")
}

#[test]
fn discover_finds_every_server_and_router_and_binds_nothing() {
    let Some(net) = network(&[Six::Kea, Six::Dhcpd, Six::Dnsmasq, Six::Radvd]) else { return };
    let before: Vec<String> = Six::SERVERS.iter().map(|kind| leases_held(&net, *kind)).collect();
    let found = net.json(&["discover", "-6", "eth0"], 0);
    assert_eq!(text(&found, "protocol"), "dhcpv6");
    let offers = found["offers"].as_array().unwrap();
    assert_eq!(offers.len(), 3, "{found}");
    for kind in Six::SERVERS {
        let offer = offers.iter().find(|offer| text(offer, "address").starts_with(&kind.pool()));
        let offer = offer.unwrap_or_else(|| panic!("{kind:?}: {found}"));
        assert_eq!(offer["dns_servers"][0].as_str(), Some(kind.dns().as_str()));
        assert_eq!(offer["prefixes"].as_array().unwrap().len(), usize::from(kind.delegates()));
        assert_eq!(text(&offer["packet"]["dhcpv6"], "message_type"), "advertise");
        assert!(offer["latency_ms"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(found["stateless"].as_array().unwrap().len(), 3, "{found}");
    let routers = found["routers"].as_array().unwrap();
    assert_eq!((routers.len(), &routers[0]["managed"]), (1, &Value::Bool(true)), "{found}");
    let codes = codes(&found);
    assert!(codes.contains(&"pd-ignored") && codes.contains(&"dns-differs"), "{codes:?}");
    assert!(!codes.contains(&"no-router") && !codes.contains(&"host-firewall"), "{codes:?}");
    assert!(found["waited_ms"].as_f64().unwrap() < 4700.0);
    assert!(found["sent"].as_u64().unwrap() <= 20);
    let after: Vec<String> = Six::SERVERS.iter().map(|kind| leases_held(&net, *kind)).collect();
    assert_eq!(before, after, "nothing is bound");
}

#[test]
fn servers_are_compared_by_asking_them() {
    let Some(net) = network(&[Six::Kea, Six::Dnsmasq]) else { return };
    let found = net.json(&["discover", "-6", "eth0", "--no-ra"], 0);
    let names: Vec<String> = found["offers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|offer| format!("server:{}%eth0", text(offer, "source_ip")))
        .collect();
    assert_eq!(names.len(), 2, "{found}");
    // Servers are not told that nobody listens on the client's port.
    let refused = || {
        let output =
            net.command("client", "grep").args(["Icmp6OutDestUnreachs", "/proc/net/snmp6"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = refused();
    assert!(before.contains("Icmp6Out"), "{before}");
    let same = net.json(&["diff", &names[0], &names[0]], 0);
    assert_eq!(refused(), before);
    assert_eq!((text(&same, "protocol"), &same["differences"]), ("dhcpv6", &Value::Array(Vec::new())));
    let found = net.json(&["diff", &names[0], &names[1]], 1);
    let differences: Vec<&str> =
        found["differences"].as_array().unwrap().iter().map(|difference| text(difference, "name")).collect();
    assert!(
        differences.contains(&"dns-servers") && differences.contains(&"ia-na valid lifetime"),
        "{differences:?}"
    );
}

/// What a server's lease file holds of leases; its own notes apart.
fn leases_held(net: &Net6, kind: Six) -> String {
    let text = net.leases(kind);
    let own = |line: &&str| {
        !line.starts_with('#')
            && !line.starts_with("server-duid")
            && !line.starts_with("duid ")
            && !line.trim().is_empty()
            && !line.starts_with("authoring-byte-order")
            && !line.starts_with("address,")
    };
    text.lines().filter(own).collect::<Vec<_>>().join("\n")
}

/// Everything the senders do, against one server; the client's MAC is not the interface's.
fn every_command(kind: Six) {
    let Some(net) = network(&[kind]) else { return };
    let mac = ["--mac", "02:5a:00:00:00:01"];
    let run = |words: &[&str], code: i32| {
        let mut all = words.to_vec();
        all.extend(mac);
        net.json(&all, code)
    };
    let first = run(&["discover", "-6", "eth0", "--first"], 0);
    assert_eq!(first["offers"].as_array().unwrap().len(), 1);
    assert!(first["waited_ms"].as_f64().unwrap() < 1000.0, "{first}");

    let lease = run(&["request", "-6", "eth0"], 0);
    assert_eq!((outcome(&lease), text(&lease, "state")), ("ack", "selecting"));
    let address = text(&lease, "address").to_owned();
    assert!(address.starts_with(&kind.pool()), "{lease}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lease");
    std::fs::write(&file, lease.to_string()).unwrap();
    let file = file.display().to_string();
    for state in ["renewing", "rebinding", "confirming"] {
        let again = run(&["request", "-6", "eth0", "--state", state, "--lease", &file], 0);
        assert_eq!((outcome(&again), text(&again, "state")), ("ack", state));
        assert_eq!(text(&again, "address"), address, "{state}");
        assert_eq!((again["sent"].as_u64(), again["discovers_sent"].as_u64()), (Some(1), Some(0)));
    }
    // What is given back is told from the file, its protocol included.
    let told = net.dhcptool(&["release", "eth0", "--lease", &file, "-4"]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("leases of DHCPv6; leave out -4"), "{told:?}");
    assert_eq!(outcome(&run(&["release", "eth0", "--lease", &file], 0)), "ack");
    let elsewhere = run(&["request", "-6", "eth0", "--state", "confirming", "--ip", "fd00:99::5"], 1);
    assert_eq!((outcome(&elsewhere), text(&elsewhere, "status")), ("nak", "not-on-link"));

    let both = if kind.delegates() { ("ack", 0) } else { ("partial", 1) };
    let both_asked =
        run(&["request", "-6", "eth0", "--ia-na", "--ia-pd", "--choose", "first", "--release"], both.1);
    assert_eq!((outcome(&both_asked), &both_asked["released"]), (both.0, &Value::Bool(true)), "{both_asked}");

    let quick = run(&["request", "-6", "eth0", "--rapid-commit", "--choose", "first", "--release"], 0);
    // dhcpd does it where it is told to.
    assert_eq!(quick["rapid_commit"].as_bool(), Some(kind != Six::Dhcpd), "{quick}");
    assert!(kind != Six::Dhcpd || codes(&quick).contains(&"rapid-commit-ignored"));

    for duid in ["llt", "uuid", "en:9:0102", "none"] {
        let configuration = run(&["inform", "-6", "eth0", "--duid", duid], 0);
        assert_eq!(outcome(&configuration), "ack", "{duid}");
        assert_eq!(configuration["dns_servers"][0].as_str(), Some(kind.dns().as_str()));
    }
    let declined = run(&["request", "-6", "eth0", "--choose", "first"], 0);
    let (address, server) = (text(&declined, "address").to_owned(), text(&declined, "server_id").to_owned());
    let told = run(&["decline", "-6", "eth0", "--ip", &address, "--server", &server], 0);
    assert_eq!((outcome(&told), text(&told, "type")), ("ack", "decline"));

    // A relay's answer comes back as it went.
    for relays in [1, 2, 8] {
        // What it is, and what it holds.
        let expected = if relays == 1 { "advertise" } else { "relay-repl" };
        let mut words = vec!["send", "-6", "eth0", "--type", "solicit", "--expect", expected];
        for number in 0..relays {
            words.extend(["--relay", if number == 0 { "fd00:77::99" } else { "fd00:77::98" }]);
        }
        let to = kind.address();
        words.extend(["--relay-option", "interface-id=port7", "--server", &to]);
        let relayed = run(&words, 0);
        let answer = &relayed["answers"][0];
        assert_eq!((text(answer, "message_type"), relayed["expected"].as_bool()), ("relay-repl", Some(true)));
        assert!(answer["server_id"].is_string(), "{relayed}");
    }
    let to = kind.address();
    let relay = ["--relay", "fd00:77::99", "--server", to.as_str(), "--choose", "first", "--release"];
    let relayed = run(&[&["request", "-6", "eth0"][..], &relay].concat(), 0);
    assert_eq!((outcome(&relayed), &relayed["released"]), ("ack", &Value::Bool(true)), "{relayed}");
}

#[test]
fn every_command_against_kea() {
    every_command(Six::Kea);
}

#[test]
fn every_command_against_dhcpd() {
    every_command(Six::Dhcpd);
}

#[test]
fn every_command_against_dnsmasq() {
    every_command(Six::Dnsmasq);
}

/// The addresses and prefixes that are leased, as the server's file says: of each the last word counts.
fn leased(net: &Net6, kind: Six) -> Vec<String> {
    let text = net.leases(kind);
    let mut last = std::collections::BTreeMap::new();
    match kind {
        // Address, DUID, valid lifetime: zero says that the lease is deleted.
        Six::Kea => last.extend(text.lines().skip(1).filter_map(|line| {
            let mut fields = line.split(',');
            Some((fields.next()?.to_owned(), fields.nth(1)? != "0"))
        })),
        Six::Dhcpd => {
            let mut of = String::new();
            for line in text.lines().map(str::trim) {
                if let Some(rest) = line.strip_prefix("iaaddr ").or(line.strip_prefix("iaprefix ")) {
                    rest.trim_end_matches(" {").clone_into(&mut of);
                } else if let Some(state) = line.strip_prefix("binding state ") {
                    last.insert(of.clone(), state == "active;");
                }
            }
        }
        Six::Dnsmasq => last.extend(leases_held(net, kind).lines().map(|line| (line.to_owned(), true))),
        Six::Radvd => {}
    }
    last.into_iter().filter(|(_, held)| *held).map(|(lease, _)| lease).collect()
}

#[test]
fn nothing_is_left_after_a_release() {
    for kind in Six::SERVERS {
        let Some(net) = network(&[kind]) else { return };
        let wanted: &[&str] = if kind.delegates() { &["--ia-na", "--ia-pd"] } else { &["--ia-na"] };
        let lease = net.json(&[&["request", "-6", "eth0", "--choose", "first"], wanted].concat(), 0);
        assert_eq!(leased(&net, kind).len(), wanted.len(), "{kind:?}: {}", net.leases(kind));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lease.to_string()).unwrap();
        let gone = net.json(&["release", "-6", "eth0", "--lease", file.path().to_str().unwrap()], 0);
        assert_eq!(outcome(&gone), "ack", "{kind:?}");
        assert_eq!(leased(&net, kind), Vec::<String>::new(), "{kind:?}: {}", net.leases(kind));
        let at_once = net.json(&["request", "-6", "eth0", "--choose", "first", "--release"], 0);
        assert_eq!(at_once["released"], Value::Bool(true));
        assert_eq!(leased(&net, kind), Vec::<String>::new(), "{kind:?}: {}", net.leases(kind));
    }
}

#[test]
fn of_real_servers_and_routers_those_who_are_not_allowed_are_named_and_nothing_is_bound() {
    let Some(net) = network(&[Six::Kea, Six::Dhcpd, Six::Dnsmasq, Six::Radvd]) else { return };
    let all = net.json(&["rogue", "-6", "eth0"], 0);
    let servers = all["servers"].as_array().unwrap();
    assert_eq!(servers.len(), 4, "{all}");
    let offers_of = |server: &Value, kind: Six| server["offered"]["dns_servers"][0] == kind.dns().as_str();
    let mut words = vec!["rogue".to_owned(), "-6".to_owned(), "eth0".to_owned()];
    for server in servers.iter().filter(|server| server["protocol"] == "dhcpv6") {
        if !offers_of(server, Six::Dnsmasq) {
            words.extend(["--allow".to_owned(), format!("duid={}", text(server, "server_id"))]);
        }
    }
    // Of another protocol, which is not asked: it is not missed.
    words.extend(["--allow", "protocol=ra,ip=fe80::99", "--allow", "10.0.0.1"].map(str::to_owned));
    let before: Vec<String> = Six::SERVERS.iter().map(|kind| net.leases(*kind)).collect();
    for _ in 0..3 {
        let found = net.json(&words.iter().map(String::as_str).collect::<Vec<_>>(), 1);
        let rogues: Vec<&Value> = found["servers"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|server| server["status"] == "rogue")
            .collect();
        assert_eq!(rogues.len(), 2, "{found}");
        for (protocol, kind) in [("dhcpv6", Six::Dnsmasq), ("ra", Six::Radvd)] {
            let named = rogues.iter().find(|server| server["protocol"] == protocol).unwrap();
            assert!(offers_of(named, kind), "{named}");
            assert_eq!(named["reason_codes"][0], "unknown-server");
        }
        assert_eq!(found["missing"], serde_json::json!(["protocol=ra,ip=fe80::99"]), "{found}");
    }
    let after: Vec<String> = Six::SERVERS.iter().map(|kind| net.leases(*kind)).collect();
    assert_eq!(before, after, "lease files are as they were, to the byte");
}

#[test]
fn a_router_that_promises_dhcpv6_without_a_server_is_told() {
    let Some(net) = network(&[Six::Radvd]) else { return };
    let found = net.json(&["discover", "-6", "eth0"], 1);
    assert_eq!(found["routers"].as_array().unwrap().len(), 1);
    assert!(codes(&found).contains(&"m-flag-no-server"), "{found}");
    assert!(!found["silence"].as_array().unwrap().is_empty());
    let asked = net.json(
        &["send", "-6", "eth0", "--type", "router-solicitation", "--expect", "router-advertisement"],
        0,
    );
    assert_eq!(
        (text(&asked, "protocol"), text(&asked["answers"][0], "message_type")),
        ("ra", "router-advertisement")
    );
}

#[test]
fn a_firewall_of_this_host_is_told_from_a_silent_server() {
    let Some(net) = network(&[Six::Kea]) else { return };
    // What comes from servers' port is thrown away by the kernel before any socket hears it; a packet socket does.
    for rule in ["add pref 100 lookup local", "del pref 0", "add pref 50 ipproto udp sport 547 blackhole"] {
        let output = net.command("client", "ip").args(["-6", "rule"]).args(rule.split(' ')).output().unwrap();
        if !output.status.success() {
            crate::support::skip(&format!("ip rule {rule}: {}", String::from_utf8_lossy(&output.stderr)));
            return;
        }
    }
    let found = net.json(&["discover", "-6", "eth0", "--no-ra"], 0);
    assert_eq!(found["offers"].as_array().unwrap().len(), 1);
    assert!(codes(&found).contains(&"host-firewall"), "{found}");
}

#[test]
fn flags_of_the_other_protocol_are_refused() {
    let Some(net) = network(&[]) else { return };
    for (words, want) in [
        (&["discover", "-6", "eth0", "--ciaddr", "10.0.0.1"][..], "--ciaddr is a DHCPv4 field; leave out -6"),
        (&["discover", "eth0", "--duid", "ll"], "--duid is a DHCPv6 field; add -6"),
        (&["discover", "eth0", "--no-ra"], "--no-ra is for DHCPv6; add -6"),
        (&["request", "eth0", "--server", "fd00::1"], "--server fd00::1 is an IPv6 address; add -6"),
        (&["discover", "-4", "-6", "eth0"], "cannot be used with"),
        (&["release", "-6", "eth0"], "release -6 needs --server DUID and --ip or --prefix"),
    ] {
        let output = net.dhcptool(words);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {err}");
        assert!(err.contains(want), "{words:?}: {err}");
    }
}

/// Runs dhcptool in the embedded lab with --json, checks its exit code, and reads the object it prints.
fn embedded(flags: &str, command: &str, code: i32) -> Option<Value> {
    let mut words = vec!["dhcptool"];
    words.extend(command.split_whitespace());
    words.push("--json");
    let output = crate::support::lab::lab(flags, &words)?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "lab {flags} -- {command}:\n{out}{err}");
    Some(serde_json::from_str(&out).unwrap_or_else(|error| panic!("{command}: {error}:\n{out}{err}")))
}

#[test]
fn everybody_is_found_with_loss_and_duplicates() {
    let Some(found) = embedded("--servers 3 --loss 10 --duplicate 20", "discover -6 eth0", 0) else { return };
    let count = |key: &str| found[key].as_array().unwrap().len();
    assert_eq!((count("offers"), count("stateless"), count("routers")), (3, 3, 1), "{found}");
}

#[test]
fn each_kind_of_trouble_has_its_finding() {
    for (flags, command, code, want) in [
        ("--nak", "discover -6 eth0 --wait 800ms", 1, &["no-addresses", "pd-refused"][..]),
        ("--ra off", "discover -6 eth0 --wait 800ms", 0, &["no-router"]),
        ("--ra slaac", "discover -6 eth0 --wait 800ms", 0, &["server-without-flag", "pd-without-flag"]),
        ("--ra stateless", "discover -6 eth0 --wait 800ms", 0, &["server-without-flag"]),
        ("--rogue", "discover -6 eth0 --wait 800ms", 0, &["preference-trap", "routers-disagree"]),
        ("--pd off", "request -6 eth0 --ia-na --ia-pd", 1, &["pd-refused"]),
        ("--rapid-commit off", "request -6 eth0 --rapid-commit --release", 0, &["rapid-commit-ignored"]),
        ("--nak", "request -6 eth0 --timeout 200ms", 1, &["no-addresses"]),
    ] {
        let Some(found) = embedded(flags, command, code) else { return };
        let codes = codes(&found);
        for code in want {
            assert!(codes.contains(code), "lab {flags} -- {command}: no {code} in {codes:?}");
        }
    }
}

#[test]
fn several_ias_at_once_are_granted_and_given_back() {
    let command = "request -6 eth0 --ia-na --ia-na=77@ --ia-pd --ia-pd=/60 --choose first --release";
    let Some(found) = embedded("", command, 0) else { return };
    assert_eq!((outcome(&found), &found["released"]), ("ack", &Value::Bool(true)), "{found}");
    let count = |key: &str| found[key].as_array().unwrap().len();
    assert_eq!((count("ias"), count("addresses"), count("prefixes")), (4, 2, 2), "{found}");
    assert!(codes(&found).contains(&"pd-length-differs"));
}

#[test]
fn what_another_server_bound_at_once_is_told() {
    let Some(found) = embedded("--servers 2", "request -6 eth0 --rapid-commit", 0) else { return };
    let left = found["not_given_back"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{found}");
    assert!(left[0]["server_id"].is_string() && left[0]["server_id"] != found["server_id"], "{found}");
    assert!(left[0]["address"].is_string() && left[0]["prefix"].is_null(), "{found}");
    let Some(found) = embedded("--servers 2", "request -6 eth0 --rapid-commit --release", 0) else { return };
    assert_eq!((&found["released"], &found["not_given_back"]), (&Value::Bool(true), &Value::Array(vec![])));
}

#[test]
fn what_is_silent_is_a_timeout_with_a_reason() {
    let Some(found) = embedded("--silent", "request -6 eth0 --timeout 100ms --retries 1", 1) else { return };
    assert_eq!((outcome(&found), found["discovers_sent"].as_u64()), ("timeout", Some(2)));
    assert!(!found["silence"].as_array().unwrap().is_empty());
    let Some(found) = embedded("--v6 off", "discover -6 eth0 --wait 300ms", 1) else { return };
    assert!(found["silence"][0].as_str().unwrap().contains("link-local"), "{found}");
}

#[test]
fn a_client_of_another_mac_is_answered_behind_a_vlan_too() {
    for flags in ["--mac random", "--vlan 5", "--mac 02:77:00:00:00:01 --vlan 7.5"] {
        let command = format!("request -6 eth0 --choose first --release {flags}");
        let Some(found) = embedded("", &command, 0) else { return };
        assert_eq!((outcome(&found), &found["released"]), ("ack", &Value::Bool(true)), "{flags}: {found}");
    }
}

#[test]
fn what_is_found_is_told_as_rows_too() {
    let rows = |flags: &str, command: &str| {
        let words: Vec<&str> = std::iter::once("dhcptool").chain(command.split_whitespace()).collect();
        let output = crate::support::lab::lab(flags, &words)?;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let fields = "server_id,address,prefixes,lease_time,v6_message_type";
    let command = format!("discover -6 eth0 --no-ra --format csv --fields {fields}");
    let Some(table) = rows("--servers 2", &command) else { return };
    let mut lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.remove(0), fields);
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{table}");
    for (line, number) in lines.iter().zip(1..) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0], format!("0003000102000000000{number}"), "{table}");
        assert!(cells[1].starts_with(&format!("2001:db8:64:0:{number}:")), "{table}");
        assert!(cells[2].ends_with("/56") && cells[3..] == ["3600", "advertise"], "{table}");
    }
    let command = "request -6 eth0 --ia-na --ia-pd --choose first --flat";
    let row: Value = serde_json::from_str(&rows("", command).unwrap()).unwrap();
    assert_eq!((text(&row, "outcome"), text(&row, "state")), ("ack", "selecting"));
    assert_eq!(row["prefixes"].as_array().map(Vec::len), Some(1), "{row}");
    assert_eq!(text(&row, "v6_message_type"), "reply");
}

#[test]
fn what_is_expected_of_offers_decides() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("dhcp.xml").display().to_string();
    let command = |more: &str| format!("discover -6 eth0 --no-ra --first {more}");
    let kept = command("--expect servers=1 --expect lease>=1h --expect prefix=2001:db8::/32 --expect !boot");
    let Some(found) = embedded("", &kept.replace("!boot", "!bootfile-url"), 0) else { return };
    assert!(found["expectations"].as_array().unwrap().iter().all(|one| one["met"] == true), "{found}");
    let broken = command(&format!("--expect preference=255 --junit {junit}"));
    let found = embedded("", &broken, 1).unwrap();
    assert_eq!(found["expectations"][0]["found"], "00030001020000000001 says 0", "{found}");
    assert!(std::fs::read_to_string(junit).unwrap().contains("failures=\"1\""));
}
