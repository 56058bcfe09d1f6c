//! `dhcptool handshake` against the embedded servers, in private networks made by `dhcptool lab`, and against real ones.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use crate::support::lab::{PROGRAM, is_refused, lab, lab_command};
use crate::support::{Kind, Net, network};
use serde_json::Value;

fn command(flags: &str, arguments: &str) -> Command {
    let line: Vec<&str> =
        ["dhcptool", "handshake", "eth0"].into_iter().chain(arguments.split_whitespace()).collect();
    lab_command(flags, &line)
}

/// Runs a handshake in a lab; `None` where the kernel allows no namespaces, which is said.
fn run(flags: &str, arguments: &str) -> Option<Output> {
    let output = command(flags, arguments).output().unwrap();
    let refused = is_refused(output.status.code(), &String::from_utf8_lossy(&output.stderr));
    (!refused).then_some(output)
}

/// The last object that was printed, when the exit code is `code`.
fn json(flags: &str, arguments: &str, code: i32) -> Option<Value> {
    let output = run(flags, &format!("--json {arguments}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_str(printed.lines().next_back().unwrap()).unwrap())
}

fn number(json: &Value, path: &str) -> f64 {
    json.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {path} in {json}"))
}

#[test]
fn like_ping() {
    let Some(output) = run("", "-i 10ms") else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains(" from 10.0.0.1  offer ")).count(), 4, "{text}");
    assert!(text.contains("4 attempts, 4 completed, 0.000% loss"), "{text}");
    assert!(text.contains("4 given back"), "{text}");
}

#[test]
fn more_is_told_by_the_messages_of_each() {
    let Some(output) = run("", "-i 0s -c 6 --clients 3 --max-in-flight 3 -v") else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    let (rows, _) = text.split_once("--- eth0").unwrap();
    let blocks: Vec<&str> = rows.split("02:").skip(1).collect();
    for message in ["DISCOVER", "OFFER", "REQUEST", "ACK"] {
        assert_eq!(rows.matches(message).count(), 6, "{message}\n{text}");
    }
    assert!((1..=6).all(|number| rows.contains(&format!("#{number}  "))), "{text}");
    assert!(blocks.len() >= 12, "a row and a ladder with the client's name each: {text}");
    let Some(output) = run("", "-i 0s -c 2") else { return };
    assert!(!String::from_utf8(output.stdout).unwrap().contains("DISCOVER"));
    // In JSON they are in the object of each.
    for (flags, arguments, types, kind) in [
        ("", "", ["discover", "offer", "request", "ack"], "acquire"),
        ("--servers 1", "-6", ["solicit", "advertise", "request", "reply"], "acquire"),
    ] {
        let output = run(flags, &format!("{arguments} -i 0s -c 2 --each --json -v")).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(objects.len(), 3, "{text}");
        for each in &objects[..2] {
            let transaction = &each["transaction"];
            let steps = transaction["steps"].as_array().unwrap_or_else(|| panic!("{text}"));
            let names: Vec<&str> = steps.iter().map(|step| step["message_type"].as_str().unwrap()).collect();
            assert_eq!((names, &transaction["kind"]), (types.to_vec(), &kind.into()), "{text}");
            assert_eq!(transaction["xids"][0], each["xid"], "{text}");
        }
        assert!(objects[2].get("transaction").is_none(), "{text}");
    }
}

#[test]
fn rows_are_for_tables() {
    let fields = "client_mac,kind,outcome,address,prefixes,server_id,offer_ms,total_ms,retransmissions";
    let Some(output) = run("", &format!("-i 0s -c 3 --format csv --fields {fields}")) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((output.status.code(), lines.len(), lines[0]), (Some(0), 4, fields), "{text}");
    let row: Vec<&str> = lines[1].split(',').collect();
    assert_eq!((row[1], row[2], row[4], row[5], row[8]), ("handshake", "ack", "", "10.0.0.1", "0"), "{text}");
    assert!(row[3].starts_with("10.4.") && row[7].parse::<f64>().unwrap() > 0.0, "{text}");

    let arguments = "-6 -i 0s -c 2 --format json --ia-na --ia-pd --timeout 300ms --retries 0";
    let found = run("--servers 1 --pd off", arguments).unwrap();
    let rows: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!((found.status.code(), rows.as_array().unwrap().len()), (Some(1), 2), "{rows}");
    assert_eq!(
        (&rows[0]["outcome"], rows[0]["xid"].as_str().map(str::len)),
        (&"partial".into(), Some(8)),
        "{rows}"
    );
    let found = run("", "-6 -i 0s -c 1 --flat --ia-pd").unwrap();
    let row: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert!(row["prefixes"][0].as_str().unwrap().ends_with("/56") && row["time"].is_string(), "{row}");
    assert!(String::from_utf8_lossy(&found.stderr).contains("1 handshake, 1 completed"), "{found:?}");

    for refused in ["--find-rate --flat", "--flat --json --format csv", "--fields nobody"] {
        let found = run("", refused).unwrap();
        assert_eq!((found.status.code(), found.stdout.len()), (Some(2), 0), "{refused}: {found:?}");
    }
}

#[test]
fn json_keeps_the_contract() {
    let Some(found) = json("", "-i 5ms -c 20", 0) else { return };
    assert_eq!(found["type"], "handshake");
    assert_eq!((found["attempts"].as_u64(), found["completed"].as_u64()), (Some(20), Some(20)));
    assert_eq!((found["sent"].as_u64(), found["received"].as_u64()), (Some(60), Some(40)));
    assert_eq!((found["clock"].as_str(), found["released"].as_u64()), (Some("kernel"), Some(20)));
    assert!(number(&found, "/latency_ms/offer/min") > 0.0);
    assert!(number(&found, "/latency_ms/total/p50") >= number(&found, "/latency_ms/ack/p50"));
}

/// A queue before the card that takes nothing must not hold up the waits: this once went on for ever.
#[test]
fn a_queue_that_lets_nothing_out_is_a_loss() {
    for arguments in
        ["-c 1 --timeout 100ms --retries 0", "-c 20 --clients 20 --rate 100 --timeout 100ms --retries 0"]
    {
        let Some(found) = json("--fault egress-filter", arguments, 1) else { return };
        assert_eq!(found["completed"].as_u64(), Some(0), "{found}");
        assert_eq!(found["failures"]["no_offer"], found["attempts"], "{found}");
    }
}

#[test]
fn each_failure_ends_with_1_and_is_named() {
    for (lab, what) in [
        ("--nak", "nak"),
        ("--silent=all", "no_offer"),
        ("--silent=request", "no_ack"),
        ("--other-address", "other"),
        ("--servers 0", "no_offer"),
    ] {
        let arguments = "-c 2 -i 5ms --timeout 300ms --retries 0";
        let Some(found) = json(lab, arguments, 1) else { return };
        assert_eq!(found["failures"][what].as_u64(), Some(2), "{lab:?}: {found}");
        assert_eq!(found["completed"].as_u64(), Some(0), "{lab:?}");
    }
}

#[test]
fn a_port_that_drops_addresses_is_not_blamed_where_offers_came() {
    for (lab, blamed) in [("--silent=all", true), ("--silent=request", false)] {
        let Some(output) = run(lab, "-c 2 --clients 2 -i 5ms --timeout 300ms --retries 0") else { return };
        let said = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        assert_eq!(said.contains("not this card's own address"), blamed, "{lab}: {said}");
    }
}

#[test]
fn a_pool_that_runs_out_says_at_how_many_clients() {
    let lab = "--pool-size 20";
    let arguments = "--clients 30 -c 30 -i 10ms --hold --timeout 300ms --retries 0";
    let Some(found) = json(lab, arguments, 1) else { return };
    assert_eq!(found["pool_exhausted_at"].as_u64(), Some(20), "{found}");
    assert_eq!((found["released"].as_u64(), found["held"].as_u64()), (Some(20), Some(0)));
}

#[test]
fn one_server_among_several() {
    let arguments = "-c 10 -i 5ms --server 10.0.0.2 --each";
    let Some(output) = run("--servers 3", arguments) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("from 10.0.0.2")).count(), 10, "{text}");
    assert!(text.contains("20 from other servers"), "{text}");
}

#[test]
fn a_servers_check_is_shown() {
    let arguments = "-c 1 --each --json";
    let Some(output) = run("--slow-check", arguments) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    let each: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(each["server_check"], "arp", "{text}");
    assert!(number(&each, "/offer_ms") > 900.0, "{text}");
}

#[test]
fn a_stall_shows_in_an_open_loop_and_hides_in_a_closed_one() {
    let lab = "--stall 200ms/1s";
    let open = "--rate 100 --duration 4s --clients 50";
    let Some(shown) = json(lab, open, 0) else { return };
    let p99 = number(&shown, "/latency_ms/scheduled/p99");
    assert!((150.0..260.0).contains(&p99), "{shown}");
    // One client that waits for each answer meets one stall a second, among hundreds of quick ones.
    let closed = "--interval 2ms --duration 3s --load";
    let Some(hidden) = json(lab, closed, 0) else { return };
    assert!(number(&hidden, "/latency_ms/scheduled/p50") < 50.0, "{hidden}");
    assert!(number(&hidden, "/latency_ms/scheduled/p99") < p99 / 2.0, "{hidden}");
}

#[test]
fn the_highest_rate_is_found() {
    let arguments = "--find-rate --duration 1s --clients 2000 --load --slo p99<100ms,loss<0.1%";
    let Some(found) = json("--rate-limit 400", arguments, 0) else { return };
    let rate = number(&found, "/find_rate/rate_per_s");
    // Within a short step a queue of a tenth of a second is allowed to build up.
    assert!((360.0..=450.0).contains(&rate), "{found}");
    assert!(found["find_rate"]["limited_by"].is_string() && found["find_rate"]["stopped"] == false);
}

#[test]
fn the_frames_of_every_step_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("run.pcapng");
    let arguments =
        format!("--find-rate --rate 100 --duration 200ms --clients 50 --write {}", capture.display());
    let Some(found) = json("", &arguments, 0) else { return };
    assert!(found["find_rate"]["steps"].as_array().unwrap().len() > 1, "{found}");
    let frames =
        Command::new(PROGRAM).args(["decode", "--json", "--type", "ack"]).arg(&capture).output().unwrap();
    // The report counts what the best step completed.
    let acks = String::from_utf8(frames.stdout).unwrap().lines().count();
    assert!(u64::try_from(acks).unwrap() > found["completed"].as_u64().unwrap(), "{acks} {found}");
}

#[test]
fn the_leases_of_every_step_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, leases) = (folder.path().join("run.pcapng"), folder.path().join("leases"));
    // The step that breaks down takes more leases than the best one.
    let arguments = format!(
        "--find-rate --rate 100 --duration 1s --clients 200 --load --slo loss<5% --keep --write {} --write-leases {}",
        capture.display(),
        leases.display()
    );
    let Some(found) = json("--rate-limit 60", &arguments, 0) else { return };
    let decode = ["decode", "--format", "tsv", "--fields", "chaddr", "--type", "ack"];
    let acks = Command::new(PROGRAM).args(decode).arg(&capture).output().unwrap();
    let acks = String::from_utf8(acks.stdout).unwrap();
    let clients: BTreeSet<&str> = acks.lines().skip(1).collect();
    let listed = std::fs::read_to_string(&leases).unwrap();
    assert!(found["completed"].as_u64().unwrap() < u64::try_from(clients.len()).unwrap(), "{found}");
    assert_eq!(listed.lines().count(), clients.len(), "{listed}\n{acks}");
}

#[test]
fn load_needs_to_be_meant() {
    for arguments in [
        vec!["--clients", "51"],
        vec!["--rate", "101"],
        vec!["-i", "1ms", "-c", "1000"],
        vec!["--rate", "0"],
        vec!["--giaddr", "10.0.0.9"],
        vec!["--xid", "7"],
    ] {
        let output = Command::new(PROGRAM).args(["handshake", "lo"]).args(&arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn threads_share_the_work() {
    let arguments = "--rate 3000 --duration 1s --clients 900 --threads 3 --load";
    let Some(found) = json("", arguments, 0) else { return };
    assert_eq!((found["attempts"].as_u64(), found["threads"].as_u64()), (Some(3000), Some(3)));
    assert_eq!(found["orphans"].as_u64(), Some(0), "each thread sees its own answers only");
}

#[test]
fn a_seed_makes_a_run_repeatable() {
    let clients = || {
        let arguments = "--json --each --seed 11 --clients 8 -c 8 -i 5ms";
        let output = run("", arguments)?;
        let text = String::from_utf8(output.stdout).unwrap();
        let each = text.lines().take(8).map(|line| serde_json::from_str::<Value>(line).unwrap());
        Some(each.map(|each| (each["client"].to_string(), each["xid"].to_string())).collect::<Vec<_>>())
    };
    let Some(first) = clients() else { return };
    assert_eq!(Some(first), clients());
}

#[test]
fn a_mix_of_everything_completes() {
    let arguments = "--rate 100 --duration 2s --clients 10 --full 1 --renew 4 --rebind 1 --init-reboot 1 --inform 1 --release 1";
    let Some(found) = json("", arguments, 0) else { return };
    assert_eq!(found["kinds"].as_array().map(Vec::len), Some(6), "{found}");
    assert_eq!((found["completed"].as_u64(), found["held"].as_u64()), (Some(200), Some(0)));
}

#[test]
fn a_relay_asks_for_its_clients() {
    let lab = "--client-addr 10.0.0.200/8";
    let arguments = "--server 10.0.0.1 --giaddr 10.0.0.200,10.0.0.201 --option-82 --clients 4 -c 8 -i 5ms";
    let Some(found) = json(lab, arguments, 0) else { return };
    assert_eq!(found["completed"].as_u64(), Some(8), "{found}");
}

#[test]
fn leases_that_were_kept_can_be_given_back_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (leases, log, capture) = (path("leases"), path("log.hlog"), path("run.pcapng"));
    let script = format!(
        "dhcptool handshake eth0 -q -c 5 -i 5ms --clients 5 --keep --write-leases {leases} --histogram {log} \
         --write {capture} >&2 && dhcptool release eth0 --json --lease {leases}"
    );
    let Some(output) = lab("", &["sh", "-c", &script]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().count(), 5, "{text}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.starts_with("#[Histogram log format version 1.3]") && log.contains("Tag=offer,"), "{log}");
    let frames = Command::new(PROGRAM).args(["decode", "--json", &capture]).output().unwrap();
    assert_eq!(String::from_utf8(frames.stdout).unwrap().lines().count(), 20);
}

#[test]
fn leases_of_a_run_that_was_killed_can_be_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let leases = folder.path().join("leases");
    std::fs::write(&leases, "of the run before\n").unwrap();
    let script = format!(
        "dhcptool handshake eth0 -q -c 50 -i 50ms --clients 50 --keep --write-leases {0} >&2 & pid=$!; \
         until grep -q ack {0}; do kill -0 $pid || exit 9; sleep 0.05; done; sleep 1; kill -KILL $pid; wait $pid; \
         dhcptool release eth0 --json --lease {0}",
        leases.display()
    );
    let Some(output) = lab("", &["sh", "-c", &script]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().count() > 2, "{text}");
}

#[test]
fn who_gets_the_same_again_stands_once_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let leases = folder.path().join("leases");
    let script = format!(
        "dhcptool handshake eth0 -q -c 10000 -i 20ms --clients 3 --keep --write-leases {0} >&2 & pid=$!; \
         until [ $(grep -c ack {0}) -ge 3 ]; do kill -0 $pid || exit 9; sleep 0.05; done; sleep 1; \
         kill -KILL $pid; wait $pid; cat {0}",
        leases.display()
    );
    let Some(output) = lab("", &["sh", "-c", &script]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_interrupt_prints_the_summary() {
    let mut child = command("", "--json --each -c 1000 -i 20ms")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let Some(Ok(_first)) = lines.next() else {
        // No namespaces here; the other tests say so.
        let _ = child.wait();
        return;
    };
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let last: Value = serde_json::from_str(&lines.map_while(Result::ok).last().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "most of the thousand were not made");
    assert_eq!(last["type"], "handshake");
    let completed = last["completed"].as_u64().unwrap();
    assert!((1..1000).contains(&completed), "{last}");
    assert_eq!(last["attempts"].as_u64(), Some(completed));
}

#[test]
fn an_exchange_broken_off_is_told() {
    // The DISCOVER that is sniffed, the first or a repetition, says that an exchange is under way.
    let script = "told=$(mktemp)
        dhcptool handshake eth0 -c 1 --timeout 200ms --retries 16 >$told &
        dhcptool sniff eth0 --count 1 >/dev/null 2>&1
        kill -INT $!; wait $!; cat $told; rm $told";
    let Some(output) = lab("--silent", &["sh", "-c", script]) else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("0 attempts, 0 completed, 1 unfinished, loss unknown"), "{text}");
}

#[test]
fn a_dry_run_shows_two_messages_and_sends_none() {
    let Some(output) = run("", "--dry-run --json") else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    let kinds: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((kinds.len(), kinds[0]["dhcp"]["message_type"].as_str()), (2, Some("discover")));
}

/// Waits until the server says that it heard the last RELEASE, then looks whether it still holds any lease.
fn holds_leases(net: &Net, kind: Kind, last: &Value) -> bool {
    let server = net.server(kind);
    server.wait_for_release(last["address"].as_str().unwrap(), last["client"].as_str().unwrap());
    // Files that grow hold the state of an address in its last entry.
    let any_last = |entries: Vec<(String, bool)>| {
        let last: std::collections::BTreeMap<_, _> = entries.into_iter().collect();
        last.into_values().any(|held| held)
    };
    match kind {
        Kind::Dnsmasq => server.lease_text().contains(" 10.77.1."),
        Kind::Kea => any_last(
            server
                .lease_text()
                .lines()
                .filter(|line| line.starts_with("10."))
                .map(|line| line.split(',').collect::<Vec<_>>())
                .map(|fields| (fields[0].to_owned(), fields[3] != "0"))
                .collect(),
        ),
        Kind::Dhcpd => any_last(
            server
                .lease_text()
                .split("\nlease ")
                .skip(1)
                .map(|entry| {
                    (entry.split(' ').next().unwrap().to_owned(), !entry.contains("\n  binding state free"))
                })
                .collect(),
        ),
        // An empty file says nothing yet.
        Kind::Udhcpd => !server.leases_become(|leases| {
            !leases.is_empty() && leases.iter().all(|lease| lease.mac[0] != 2 || lease.left == 0)
        }),
    }
}

fn a_hundred_of_a_hundred(kind: Kind) {
    let Some(net) = network(&[kind], true) else { return };
    let arguments = [
        "handshake",
        "eth0",
        "-c",
        "100",
        "-i",
        "0s",
        "--clients",
        "20",
        "--max-in-flight",
        "4",
        "--json",
        "--each",
    ];
    let output = net.dhcptool("client", &arguments);
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (whole, each) = lines.split_last().unwrap();
    assert_eq!((whole["attempts"].as_u64(), whole["completed"].as_u64()), (Some(100), Some(100)), "{whole}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((each.len(), whole["released"].as_u64()), (100, Some(100)));
    assert!(each.iter().all(|one| one["server_id"] == kind.address().to_string().as_str()));
    assert!(!holds_leases(&net, kind, each.last().unwrap()));
}

#[test]
fn dnsmasq_a_hundred_of_a_hundred() {
    a_hundred_of_a_hundred(Kind::Dnsmasq);
}

#[test]
fn kea_a_hundred_of_a_hundred() {
    a_hundred_of_a_hundred(Kind::Kea);
}

#[test]
fn dhcpd_a_hundred_of_a_hundred() {
    a_hundred_of_a_hundred(Kind::Dhcpd);
}

#[test]
fn udhcpd_a_hundred_of_a_hundred() {
    a_hundred_of_a_hundred(Kind::Udhcpd);
}

/// A filter drops every frame: that neither keeps the lane for ever nor passes for a silent server.
#[test]
fn what_does_not_leave_is_told_and_ends() {
    let flags = "--count 1 --timeout 300ms --retries 0";
    for (fault, code) in [("egress-filter", "frames-not-leaving"), ("no-carrier", "no-carrier")] {
        let Some(found) = json(&format!("--fault {fault}"), flags, 1) else { return };
        assert_eq!(found["findings"][0]["code"], code, "{found}");
    }
    let Some(found) = json("--silent", flags, 1) else { return };
    assert_eq!(found.get("findings"), None, "{found}");
}
