//! `rogue` against the embedded lab: every kind of rogue it has, one look, watching, and what is left behind.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use regex_lite::Regex;
use serde_json::Value;

use crate::support::lab::{PROGRAM, is_refused, lab, lab_command};
use crate::support::story::Story;

/// Enough for servers that check nothing.
const QUICK: &str = "--wait 3900ms --rounds 1";

/// Looks once in the lab and reads the object that is printed.
fn look(flags: &str, arguments: &str, code: i32) -> Option<Value> {
    let line = format!("dhcptool rogue eth0 -4 --json {QUICK} {arguments}");
    let words: Vec<&str> = line.split_whitespace().collect();
    let output = lab(flags, &words)?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "lab {flags} -- {line}:\n{out}{err}");
    Some(serde_json::from_str(&out).unwrap_or_else(|error| panic!("{line}: {error}:\n{out}{err}")))
}

fn rogues(report: &Value) -> Vec<&Value> {
    report["servers"].as_array().unwrap().iter().filter(|server| server["status"] == "rogue").collect()
}

fn has_code(server: &Value, code: &str) -> bool {
    server["reason_codes"].as_array().unwrap().iter().any(|reason| reason == code)
}

const BOTH: &str = "--allow 10.0.0.1,mac=02:00:00:00:00:01 --allow 10.0.0.2";

#[test]
fn every_kind_of_rogue_is_found_and_named() {
    for (kind, address, reason, answered) in [
        ("gateway", "10.0.0.66", "foreign-router", "discover"),
        ("nak", "10.0.0.66", "naks-others", "request"),
        ("bootp", "10.0.0.66", "unknown-server", "bootp"),
        ("spoof-mac", "10.0.0.1", "wrong-mac", "discover"),
        ("pxe", "10.0.0.66", "unknown-server", "pxe"),
    ] {
        let flags = format!("--servers 2 --rogue-kind {kind} --loss 5");
        let Some(report) = look(&flags, BOTH, 1) else { return };
        assert_eq!(report["verdict"], "rogue", "{kind}: {report}");
        let found = rogues(&report);
        assert_eq!(found.len(), 1, "{kind}: {report}");
        // Some messages carry no server identifier.
        assert!(found[0]["server_id"] == address || found[0]["source_ip"] == address, "{kind}: {report}");
        assert_eq!(found[0]["source_mac"], "02:00:00:00:00:66");
        assert!(has_code(found[0], reason), "{kind}: {report}");
        assert!(found[0]["answered"].as_array().unwrap().iter().any(|probe| probe == answered), "{report}");
        let allowed =
            report["servers"].as_array().unwrap().iter().filter(|server| server["status"] == "allowed");
        assert_eq!(allowed.count(), 2, "{kind}: {report}");
    }
}

#[test]
fn a_clean_segment_is_clean_and_silence_is_not() {
    let Some(report) = look("--servers 2", BOTH, 0) else { return };
    assert_eq!(report["verdict"], "clean");
    assert_eq!(report["servers"][0]["reasons"], Value::Array(vec![]));
    assert_eq!(report["servers"][0]["offered"]["routers"][0], "10.0.0.254");
    assert_eq!(report["servers"][0]["protocol"], "dhcpv4");
    let report = look("--servers 1", BOTH, 0).unwrap();
    assert_eq!(report["missing"][0], "10.0.0.2");
    let report = look("--servers 0", "", 1).unwrap();
    assert_eq!((&report["verdict"], &report["servers"]), (&"none".into(), &Value::Array(vec![])));
    // Who only listens was not refused an answer.
    let report = look("--servers 1", "--passive", 0).unwrap();
    assert_eq!((&report["verdict"], &report["sent"]), (&"none".into(), &0.into()));
}

#[test]
fn a_server_behind_a_relay_is_found_with_its_relay() {
    let Some(report) = look("--servers 2 --relay", "--allow 172.16.0.1", 1) else { return };
    let found = rogues(&report);
    assert_eq!(found.len(), 1, "{report}");
    assert_eq!(found[0]["server_id"], "172.16.0.2");
    assert!(!found[0]["relay"].is_null(), "{report}");
}

#[test]
fn addresses_in_use_are_noticed() {
    let Some(report) = look("--servers 1 --occupied", "--allow 10.0.0.9", 1) else { return };
    assert!(has_code(rogues(&report)[0], "address-in-use"), "{report}");
}

#[test]
fn without_a_list_nothing_is_judged_and_several_are_pointed_out() {
    let line = format!("dhcptool rogue eth0 -4 {QUICK}");
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some(output) = lab("--servers 2", &words) else { return };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert_eq!(out.matches("unjudged  10.0.0.").count(), 2, "{out}");
    assert!(err.contains("2 DHCPv4 servers answer here and none is judged"), "{err}");
}

#[test]
fn what_is_learned_is_allowed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    let path = policy.to_str().unwrap();
    let Some(report) = look("--servers 2", &format!("--learn {path}"), 0) else { return };
    assert_eq!(report["servers"][0]["status"], "unjudged");
    let text = fs::read_to_string(&policy).unwrap();
    assert!(
        text.contains("server-id = \"10.0.0.1\"") && text.contains("routers = [\"10.0.0.254\"]"),
        "{text}"
    );
    let report = look("--servers 2", &format!("--policy {path}"), 0).unwrap();
    assert_eq!(report["verdict"], "clean");
    let report = look("--servers 2 --rogue-kind spoof-mac", &format!("--policy {path}"), 1).unwrap();
    assert!(has_code(rogues(&report)[0], "wrong-mac"), "{report}");
    let other = text.replace("10.0.0.254", "10.0.0.253");
    fs::write(&policy, other).unwrap();
    let report = look("--servers 2", &format!("--policy {path}"), 1).unwrap();
    assert!(rogues(&report).iter().all(|server| has_code(server, "wrong-router")), "{report}");
    let reasons = rogues(&report)[0]["reasons"].to_string();
    assert!(reasons.contains("it offers router 10.0.0.254 instead of 10.0.0.253"), "{reasons}");
    fs::write(&policy, "[[server]]\nsever-id = \"10.0.0.1\"\n").unwrap();
    let output = lab("", &["dhcptool", "rogue", "eth0", "-4", "--policy", path]).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("line 2: unknown field `sever-id`"), "{err}");
}

/// A policy is learned of a whole look at which somebody was heard: of less, a good one would become one that allows too few.
#[test]
fn a_good_policy_is_not_replaced_by_half_a_look() {
    let mut story = Story::new();
    story.binds(0, 1, 7, &[]);
    let whole = fs::read(story.file()).unwrap();
    let (policy, capture) = (story.folder().join("policy.toml"), story.folder().join("part.pcap"));
    let learn = |bytes: &[u8]| {
        fs::write(&capture, bytes).unwrap();
        fs::write(&policy, "old").unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["rogue", "--learn"]).arg(&policy).arg("--from").arg(&capture);
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), fs::read_to_string(&policy).unwrap(), err)
    };
    let (code, text, err) = learn(&whole);
    assert_eq!(code, Some(0), "{err}");
    let nowhere = ["--learn", "/nonexistent/policy.toml"];
    let output =
        Command::new(PROGRAM).args(["rogue", "--from"]).arg(story.file()).args(nowhere).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("cannot write to /nonexistent: no such folder; make it first (mkdir -p"), "{err}");
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(text.contains("server-id = \"10.0.0.1\""), "{text}");
    for (bytes, code, why) in [
        (&whole[..24], 1, "nobody was heard"),
        (&whole[..whole.len() - 5], 4, "the rest of the capture cannot be read"),
    ] {
        let (ended, text, err) = learn(bytes);
        assert_eq!((ended, text.as_str()), (Some(code), "old"), "{err}");
        assert!(err.contains("is left as it is: ") && err.contains(why), "{err}");
    }
}

/// Damage is a part of a plugin's one verdict.
#[test]
fn a_plugin_gives_one_verdict_of_a_damaged_capture() {
    let mut story = Story::new();
    story.binds(0, 1, 7, &[]);
    let whole = fs::read(story.file()).unwrap();
    let capture = story.folder().join("part.pcap");
    fs::write(&capture, &whole[..whole.len() - 5]).unwrap();
    let plugin = |more: &[&str]| {
        let mut command = Command::new(PROGRAM);
        let output = command.args(["rogue", "--nagios", "--from"]).arg(&capture).args(more).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for (more, code, state) in [
        (&["--allow", "10.0.0.1"][..], 3, "UNKNOWN"),
        (&[], 3, "UNKNOWN"),
        (&["--allow", "10.0.0.2"], 2, "CRITICAL"),
    ] {
        let (ended, text) = plugin(more);
        assert_eq!(ended, Some(code), "{text}");
        let verdicts = text.lines().filter(|line| line.starts_with("DHCP"));
        assert_eq!(verdicts.count(), 1, "{text}");
        assert!(text.lines().next().unwrap().contains(state), "{text}");
    }
}

#[test]
fn a_capture_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pcapng");
    let path = file.to_str().unwrap();
    let words = ["dhcptool", "discover", "eth0", "--wait", "700ms", "--write", path];
    let Some(output) = lab("--servers 2 --rogue", &words) else { return };
    assert_eq!(output.status.code(), Some(0));
    let judge = |arguments: &[&str]| {
        let output =
            Command::new(PROGRAM).args(["rogue", "--json", "--from", path]).args(arguments).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report)
    };
    let (code, report) = judge(&["--allow", "10.0.0.1", "--allow", "10.0.0.2"]);
    assert_eq!((code, &report["verdict"]), (Some(1), &"rogue".into()));
    assert_eq!(rogues(&report)[0]["server_id"], "10.0.0.66");
    assert_eq!(report["interfaces"][0], "eth0");
    let (code, report) = judge(&[]);
    assert_eq!((code, &report["verdict"]), (Some(0), &"clean".into()));
    // A capture cut off in the middle is judged as far as it goes.
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 10]).unwrap();
    assert_eq!(judge(&[]).0, Some(4));
}

#[test]
fn the_vendor_of_a_source_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("manuf");
    fs::write(&table, "00:0C:29\tVMware\tVM\x1b[31mware, \u{202e}Inc.\n").unwrap();
    let run = |arguments: &[&str]| {
        let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/captures/dhcp.pcap");
        let output = Command::new(PROGRAM)
            .args(["rogue", "--from", capture, "--vendors", table.to_str().unwrap()])
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, out) = run(&["--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["servers"][0]["source_mac"].as_str()), (Some(0), Some("00:0c:29:76:6c:0a")));
    assert_eq!(report["servers"][0]["vendor"], "VM\x1b[31mware, \u{202e}Inc.");
    assert!(!out.trim_end().contains(['\x1b', '\u{202e}']), "{out:?}");
    let shown = "at 00:0c:29:76:6c:0a (VM\\x1b[31mware, \\u{202e}Inc.)";
    let (_, out) = run(&[]);
    assert!(out.contains(shown), "{out}");
    let (code, out) = run(&["--nagios", "--allow", "10.0.0.1"]);
    assert!(code == Some(2) && out.contains(shown), "{out}");
    // An address that no table can know, and a table that is none.
    let Some(report) = look("--servers 1", "", 0) else { return };
    assert_eq!(report["servers"][0]["vendor"], Value::Null);
    let output = Command::new(PROGRAM).args(["rogue", "--vendors", "/dev/null"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn the_plugin_has_its_four_states() {
    for (flags, arguments, code, start) in [
        ("--servers 2", BOTH, 0, "DHCP OK - 2 servers answered: 10.0.0.1, 10.0.0.2 - 10.0.0."),
        ("--servers 1", BOTH, 1, "DHCP WARNING - 1 allowed server answered, 1 did not: 10.0.0.2 | "),
        ("--servers 2", "", 1, "DHCP WARNING - 2 servers answered and no allow list"),
        ("--servers 2 --rogue", BOTH, 2, "DHCP CRITICAL - 1 rogue server, 10.0.0.66 at 02:00:00:00:00:66: "),
        ("--servers 0", BOTH, 2, "DHCP CRITICAL - no server answered | "),
        ("--servers 2", "--require 10.0.0.2", 0, "DHCP OK - 2 servers answered"),
        ("--servers 2", "--require 10.0.0.9", 2, "DHCP CRITICAL - required server 10.0.0.9 did not answer"),
        (
            "--servers 1",
            "-w 0.0001 -c 60000",
            1,
            "DHCP WARNING - 1 server answered: 10.0.0.1 - 10.0.0.1 after ",
        ),
    ] {
        let line = format!("dhcptool rogue eth0 -4 --nagios {QUICK} {arguments}");
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(output) = lab(flags, &words) else { return };
        let out = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{out}");
        assert!(out.starts_with(start) && out.matches('|').count() == 1, "{out}");
        // One line about each server, heard or not, beside the first one.
        let count = |label: &str| {
            out.split(label).nth(1).unwrap().split(';').next().unwrap().parse::<usize>().unwrap()
        };
        assert_eq!(out.lines().count(), count("servers=") + count("missing=") + 1, "{out}");
    }
    let output = Command::new(PROGRAM).args(["rogue", "--nagios", "no-such-interface"]).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{out}");
    assert!(out.starts_with("DHCP UNKNOWN - no interface is called no-such-interface"), "{out}");
}

#[test]
fn a_plugin_called_wrongly_knows_nothing() {
    for arguments in [
        &["--bogus"][..],
        &["--wait", "x|y\x1b[31m"],
        &["--wait", "0"],
        &["--watch"],
        &["--policy", "/nonexistent/policy.toml"],
        &["--allow", "300.1.1.1"],
    ] {
        let output = Command::new(PROGRAM).args(["rogue", "--nagios"]).args(arguments).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {out}");
        assert!(out.starts_with("DHCP UNKNOWN - ") && out.lines().count() == 1, "{arguments:?}: {out}");
        assert!(!out.contains(['|', '\x1b']) && output.stderr.is_empty(), "{arguments:?}: {out}");
    }
    let output = Command::new(PROGRAM).args(["rogue", "--bogus"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = Command::new(PROGRAM).args(["rogue", "--watch", "--interval", "0"]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("at least 1s") && err.lines().count() == 1, "{err}");
}

#[test]
fn nothing_is_kept() {
    // Two addresses for two clients of a look: were anything kept, the second look would not be offered any.
    let script = "for n in 1 2 3; do dhcptool rogue eth0 -4 -q --wait 6500ms --rounds 2 --json || exit 9; done; \
                  dhcptool discover eth0 -q --first --json";
    let Some(output) = lab("--servers 1 --pool-size 2 --bootp", &["sh", "-c", script]) else { return };
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    for line in out.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        let offers = if object["type"] == "discover" {
            object["offers"].as_array().unwrap().len()
        } else {
            usize::try_from(object["servers"][0]["messages"]["offer"].as_u64().unwrap()).unwrap()
        };
        assert!(offers > 0, "{line}");
    }
}

/// Watches until `enough` says so, then stops it as a service manager does. Returns what was printed.
fn watch(
    flags: &str,
    arguments: &[&str],
    enough: impl Fn(&[Value], &Path) -> bool,
    folder: &Path,
) -> Option<Vec<Value>> {
    let state = folder.join("state.json");
    let prometheus = folder.join("dhcp.prom");
    let mut words =
        vec!["dhcptool", "rogue", "eth0", "-4", "--watch", "--json", "--wait", "3s", "--interval", "4s"];
    words.extend(["--state", state.to_str().unwrap(), "--prometheus", prometheus.to_str().unwrap()]);
    words.extend(arguments);
    let mut child = lab_command(flags, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (sender, lines) = std::sync::mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        for line in stdout.lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    let mut seen: Vec<Value> = Vec::new();
    for _ in 0..120 {
        // New lines wake it at once; files are looked at now and then.
        if let Ok(line) = lines.recv_timeout(std::time::Duration::from_millis(250)) {
            seen.push(serde_json::from_str(&line).unwrap());
        }
        if enough(&seen, folder) || child.try_wait().unwrap().is_some() {
            break;
        }
    }
    let _ = kill(pid, Signal::SIGTERM);
    let output = child.wait_with_output().unwrap();
    reader.join().unwrap();
    seen.extend(lines.try_iter().map(|line| serde_json::from_str(&line).unwrap()));
    let err = String::from_utf8_lossy(&output.stderr);
    if is_refused(output.status.code(), &err) {
        return None;
    }
    assert_eq!(output.status.code(), Some(0), "{err}{seen:?}");
    Some(seen)
}

fn metric(folder: &Path, name: &str) -> f64 {
    let text = fs::read_to_string(folder.join("dhcp.prom")).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0.0)
}

#[test]
fn watching_tells_changes_calls_programs_and_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let log = path.join("alerts");
    let argument = format!("of={}", log.display());
    // dd appends what it is given to the file: a program with arguments and standard input, no shell in between.
    let arguments = [
        "--allow",
        "10.0.0.1",
        "--exec",
        "/bin/dd",
        "--exec-arg",
        &argument,
        "--exec-arg",
        "oflag=append",
        "--exec-arg",
        "conv=notrunc",
        "--exec-arg",
        "status=none",
    ];
    let alerts = |path: &Path| fs::read_to_string(path.join("alerts")).unwrap_or_default().lines().count();
    let enough = |seen: &[Value], path: &Path| seen.len() >= 2 && alerts(path) >= 2;
    let Some(seen) = watch("--servers 1 --rogue", &arguments, enough, path) else { return };
    let kinds: Vec<&str> = seen.iter().filter_map(|change| change["event"].as_str()).collect();
    assert_eq!(kinds, ["new", "new"], "{seen:?}");
    assert!(seen.iter().all(|change| change["type"] == "rogue"));
    assert_eq!(seen[1]["verdict"], "rogue", "{seen:?}");
    for line in fs::read_to_string(&log).unwrap().lines() {
        assert!(seen.contains(&serde_json::from_str(line).unwrap()), "{line}");
    }
    assert!(metric(path, "dhcptool_rogue_servers{status=\"rogue\"}") > 0.5);

    // Started again, it knows them; and when the rogue is gone, that is news.
    let again = |seen: &[Value], _: &Path| !seen.is_empty();
    let seen = watch("--servers 1", &["--allow", "10.0.0.1", "--gone-after", "5s"], again, path).unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["event"], "gone");
    assert_eq!(seen[0]["servers"][0]["server_id"], "10.0.0.66");
    let answered = |_: &[Value], path: &Path| metric(path, "dhcptool_rogue_servers{status=\"rogue\"}") > 0.5;
    let seen = watch("--servers 1 --rogue", &["--allow", "10.0.0.1"], answered, path).unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["event"], "back");
    let leftovers = fs::read_dir(path).unwrap().count();
    assert_eq!(leftovers, 3);
}

#[test]
fn a_program_that_cannot_run_is_told_at_the_start() {
    let Some(output) = lab("", &["dhcptool", "rogue", "eth0", "-4", "--watch", "--exec", "/etc/passwd"])
    else {
        return;
    };
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("cannot run /etc/passwd: "), "{err}");
}

#[test]
fn the_watching_process_has_no_rights_left() {
    let script = "dhcptool rogue eth0 -4 --watch -q >/dev/null & pid=$!; \
                  until grep -q '^NoNewPrivs:.*1' /proc/$pid/status; do \
                    kill -0 $pid || exit 9; done; \
                  grep -E '^(Cap(Prm|Eff|Inh|Amb)|NoNewPrivs|Seccomp):' /proc/$pid/status; kill $pid; wait $pid";
    let Some(output) = lab("", &["sh", "-c", script]) else { return };
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(out.matches("\t0000000000000000").count(), 4, "{out}");
    assert!(out.contains("NoNewPrivs:\t1"), "{out}");
}

/// Watches in the lab with a script as the program, until `enough` of its file; returns what the script left and what was said.
fn alarms(script: &str, arguments: &str, meanwhile: &str, seconds: u32) -> Option<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let program = folder.path().join("alert");
    fs::write(&program, format!("#!/bin/sh\nout={}\n{script}\n", file.display())).unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let line = format!(
        "dhcptool rogue eth0 -4 --watch --wait 2s --interval 3s --allow 10.0.0.1 --exec {} {arguments} >/dev/null & pid=$!; out={}; \
         {meanwhile} sleep {seconds}; kill -INT $pid; wait $pid",
        program.display(),
        file.display()
    );
    let output = lab("--servers 1 --rogue", &["sh", "-c", &line])?;
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{err}");
    Some((fs::read_to_string(&file).unwrap_or_default(), err))
}

#[test]
fn a_program_gets_its_pipe_and_nothing_else() {
    let script = "{ ls -l /proc/self/fd; echo helper; ls -l /proc/$PPID/fd; cat /proc/$PPID/status; } >>$out; cat >/dev/null";
    let Some((out, err)) = alarms(script, "", "", 6) else { return };
    let (program, helper) = out.split_once("helper\n").unwrap_or_else(|| panic!("{out}{err}"));
    let helper = helper.split("total 0").nth(1).unwrap_or(helper).split("Name:").next().unwrap();
    for line in program.lines().chain(helper.lines()).filter(|line| line.contains("->")) {
        let (number, target) = line.split_once(" -> ").unwrap();
        let number: u32 = number.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(!target.contains("socket:") && !target.contains("anon_inode"), "{out}");
        // Beside the standard three `ls` has the folder that it lists, and the helper the pipe to the program.
        assert!(number <= 2 || target.starts_with("/proc/") || target.starts_with("pipe:"), "{out}");
    }
    assert!(out.contains("CapEff:\t0000000000000000"), "{out}");
}

#[test]
fn a_helper_that_is_killed_is_replaced_and_its_alarm_is_not_lost() {
    // The first program never ends; its helper is killed while it runs.
    let script = "cat >>$out; echo >>$out; [ -e $out.once ] || { : >$out.once; sleep 60; }";
    let meanwhile = "until grep -q rogue $out 2>/dev/null; do sleep 0.1; done; \
                     kill -KILL $(pgrep -P $pid);";
    let Some((out, err)) = alarms(script, "", meanwhile, 6) else { return };
    assert!(
        err.contains("the helper process for --exec died: another took over and gets the change it was at"),
        "{err}"
    );
    let told: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let servers: std::collections::BTreeSet<&str> =
        told.iter().filter_map(|change| change["servers"][0]["server_id"].as_str()).collect();
    assert_eq!(servers.into_iter().collect::<Vec<_>>(), ["10.0.0.1", "10.0.0.66"], "{out}{err}");
    assert_eq!(told.len(), 3, "the one that was at work is told again: {out}{err}");
}

#[test]
fn a_helper_that_is_stopped_is_replaced_and_leaves_nothing_behind() {
    // The first program never ends, with a child of its own.
    let script = "cat >>$out; echo >>$out; [ -e $out.once ] || { : >$out.once; sleep 61.5 & wait; }";
    for signal in ["STOP", "KILL"] {
        let meanwhile = format!(
            "until grep -q rogue $out 2>/dev/null; do sleep 0.1; done; kill -{signal} $(pgrep -P $pid); sleep 5; \
             echo left $(pgrep -f 'sleep 61[.]5') $(ps -o stat= --ppid $pid | grep Z) . >>$out;"
        );
        let Some((out, err)) = alarms(script, "--exec-timeout 1500ms", &meanwhile, 1) else { return };
        let what = if signal == "STOP" { "was stopped, and is ended" } else { "died" };
        let wanted =
            format!("the helper process for --exec {what}: another took over and gets the change it was at");
        assert!(err.contains(&wanted), "{err}");
        assert!(out.contains("left .\n"), "{out}{err}");
        let told: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let servers: std::collections::BTreeSet<&str> =
            told.iter().filter_map(|change| change["servers"][0]["server_id"].as_str()).collect();
        assert_eq!(servers.into_iter().collect::<Vec<_>>(), ["10.0.0.1", "10.0.0.66"], "{out}{err}");
    }
}

#[test]
fn a_second_signal_waits_for_no_program() {
    // The program never ends; what is at work when the watch was interrupted twice is told as lost.
    let script = "cat >>$out; echo >>$out; sleep 62";
    let meanwhile = "until grep -q rogue $out 2>/dev/null; do sleep 0.1; done; \
                     ( sleep 0.3; kill -INT $pid; sleep 0.3; kill -INT $pid; sleep 2.5; ! kill -0 $pid 2>/dev/null && echo over >>$out ) & \
                     wait $pid; sleep 3; exit 0;";
    let Some((out, err)) = alarms(script, "", meanwhile, 1) else { return };
    assert!(out.contains("over\n"), "{out}{err}");
}

#[test]
fn helpers_end_with_the_program_however_it_ends() {
    // A shell's background job ignores INT until the program watches for it; TERM ends it at any moment.
    for signal in ["KILL", "TERM"] {
        let script = format!(
            "dhcptool rogue eth0 --watch -q --exec /bin/true >/dev/null 2>&1 & pid=$!; \
             until pgrep -f 'stage[ ]exec-next' >/dev/null; do kill -0 $pid || exit 9; done; \
             kill -{signal} $pid; wait $pid; \
             n=0; i=0; while [ $i -lt 200 ]; do i=$((i+1)); sleep 0.05; \
               if pgrep -f 'stage[ ]exec' >/dev/null; then n=0; else n=$((n+1)); [ $n = 20 ] && exit 0; fi; done; exit 7"
        );
        let Some(output) = lab("", &["sh", "-c", &script]) else { return };
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "after {signal}, 7 is that some go on: {err}");
    }
}

#[test]
fn a_program_that_hangs_is_ended_and_told() {
    let script = "cat >>$out; echo >>$out; sleep 60";
    let Some((out, err)) = alarms(script, "--exec-timeout 500ms", "", 8) else { return };
    assert_eq!(out.lines().filter(|line| line.starts_with('{')).count(), 2, "{out}{err}");
    assert_eq!(err.matches("not done within 500ms, ended by force").count(), 2, "{err}");
}

#[test]
fn gone_after_less_than_a_round_is_refused() {
    let words = ["rogue", "--watch", "--interval", "1m", "--gone-after", "59s"];
    let output = Command::new(PROGRAM).args(words).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("--gone-after 59s: shorter than"), "{err}");
}

#[test]
fn a_link_that_dies_midway_is_not_clean() {
    let script = "dhcptool rogue eth0 -4 --json --wait 5s --rounds 1 --allow 10.0.0.1 & pid=$!; sleep 1; \
                  ip link set eth0 down || exit 9; wait $pid";
    let Some(output) = lab("--servers 1", &["sh", "-c", script]) else { return };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["verdict"], Value::Null, "{report}");
    assert!(report["cannot_tell"][0].as_str().unwrap().contains("eth0 is down"), "{report}");
}

#[test]
fn a_look_that_is_interrupted_is_not_clean() {
    // The first answer that is sniffed says that it is under way.
    let script = |flags: &str| {
        format!(
            "dhcptool rogue eth0 -4 {flags} --wait 30s --allow 10.0.0.1 & pid=$!; \
             dhcptool sniff eth0 --type offer --count 1 >/dev/null 2>&1 || exit 9; kill -TERM $pid; wait $pid"
        )
    };
    let Some(output) = lab("--servers 1", &["sh", "-c", &script("--json")]) else { return };
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["verdict"]), (Some(130), &Value::Null), "{report}");
    assert!(report["cannot_tell"][0].as_str().unwrap().contains("interrupted"), "{report}");
    let output = lab("--servers 1", &["sh", "-c", &script("--nagios")]).unwrap();
    let line = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(3) && line.starts_with("DHCP UNKNOWN"), "{line}");
}

#[test]
fn an_interface_answers_to_its_other_name() {
    let script = "ip link property add dev eth0 altname uplink0 || exit 9; \
                  dhcptool rogue uplink0 --json --wait 1s --rounds 1";
    let Some(output) = lab("--servers 1", &["sh", "-c", script]) else { return };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["interfaces"][0], "eth0", "{report}");
}

#[test]
fn flags_that_mean_nothing_to_a_capture_are_refused() {
    let flags = "--prometheus x|--listen 1|--state x|--exec x|--interval 5s|--gone-after 5s|--time utc|--wait 1s|--rounds 1|--own-mac|\
                 --vlan 7|--exec-arg x|--exec-timeout 1s|--passive|--watch";
    for flag in flags.split('|') {
        let words = ["rogue", "--from", "tests/data/captures/dhcp.pcap"].into_iter().chain(flag.split(' '));
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(words).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flag}: {told}");
        assert!(told.lines().count() == 1 && told.contains("--from"), "{flag}: {told}");
    }
}

#[test]
fn it_is_scraped_and_reads_its_policy_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();
    let line = format!(
        "cd {at}; printf '[[server]]\naddress = \"10.0.0.1\"\n%.0s' 1 2 >policy; \
         printf '[[server]]\naddress = \"10.0.0.9\"\n' >other; \
         {PROGRAM} rogue eth0 -4 --watch --policy policy --listen 9167 --interval 1s --json >out 2>err & pid=$!; \
         get() {{ exec 3<>/dev/tcp/127.0.0.1/9167; printf 'GET %s HTTP/1.1\r\n\r\n' $1 >&3; cat <&3; }}; \
         until grep -q '\"new\"' out; do sleep 0.1; done; \
         until get /metrics | tee metrics | grep -q 'status=\"allowed\"}} 1'; do sleep 0.1; done; \
         get /nothing >nothing; get '/probe?target=eth0' >probe; \
         shows() {{ until get /metrics | tee metrics2 | grep -q \"$1\"; do sleep 0.1; done; }}; \
         cp policy first; mv other policy; kill -HUP $pid; until grep -q '\"changed\"' out; do sleep 0.1; done; \
         mv first policy; kill -HUP $pid; shows 'status=.allowed.}} 1'; shows '_rogue_policy_last_reload_successful 1'; \
         echo '[[server' >policy; kill -HUP $pid; shows '_rogue_policy_last_reload_successful 0'; \
         kill $pid; wait $pid; echo $? >code"
    );
    if Command::new("bash").arg("-c").arg(":").output().is_err() {
        return;
    }
    let Some(output) = lab("", &["timeout", "60", "bash", "-c", &line]) else { return };
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    assert!(output.status.success(), "{}\n{}", read("out"), read("err"));
    assert_eq!(read("code").trim(), "0");
    let metrics = read("metrics");
    assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"), "{metrics}");
    assert!(metrics.contains("dhcptool_rogue_servers{status=\"rogue\"} 0\n"), "{metrics}");
    // Two entries about one server are one series.
    assert_eq!(metrics.matches("\ndhcptool_rogue_server_up{").count(), 1, "{metrics}");
    assert!(read("nothing").starts_with("HTTP/1.1 404 ") && read("probe").starts_with("HTTP/1.1 200 "));
    let changes: Vec<Value> = read("out").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<&Value> = changes.iter().map(|change| &change["verdict"]).collect();
    // Who is allowed by now is not held for what an older policy said, and one that cannot be read changes nothing.
    assert_eq!(verdicts, ["clean", "rogue", "clean"], "{}", read("out"));
    assert!(read("metrics2").contains("status=\"allowed\"} 1\n"), "{}", read("metrics2"));
    assert!(read("err").contains("; the policy stays as it was"), "{}", read("err"));
}

#[test]
fn changes_have_their_time_where_it_is_asked_for() {
    let command = "timeout -s INT 5 dhcptool rogue eth0 -4 --watch --wait 500ms --interval 1s";
    for (flag, begins) in [("", "new: "), (" --time epoch", r"\d{10}\.\d{6}  new: ")] {
        let Some(output) = lab("", &["sh", "-c", &format!("{command}{flag}; true")]) else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        let first = Regex::new(&format!("^{begins}unjudged 10\\.0\\.0\\.1 ")).unwrap();
        assert!(first.is_match(&text), "{flag}: {text}{output:?}");
    }
}

#[test]
fn the_journal_is_told_how_grave_an_error_is() {
    let line =
        format!("JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec {PROGRAM} rogue --from /nowhere");
    let other = format!("JOURNAL_STREAM=1:1 exec {PROGRAM} rogue --from /nowhere");
    for (line, begins) in [(line, "<3>dhcptool: /nowhere: "), (other, "dhcptool: /nowhere: ")] {
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.starts_with(begins) && output.status.code() == Some(3), "{told}");
    }
}
