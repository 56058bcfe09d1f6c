//! The senders against the embedded lab: no server package, no root.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::lab::{PROGRAM, is_refused, lab, lab_command};

/// Runs dhcptool in the lab with --json, checks its exit code, and reads the object it prints.
fn json(flags: &str, command: &str, code: i32) -> Option<Value> {
    let mut words = vec!["dhcptool"];
    words.extend(command.split_whitespace());
    words.push("--json");
    let output = lab(flags, &words)?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "lab {flags} -- {command}:\n{out}{err}");
    assert!(err.lines().count() <= 2, "{err}");
    Some(serde_json::from_str(&out).unwrap_or_else(|error| panic!("{command}: {error}:\n{out}{err}")))
}

fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_else(|| panic!("no {key} in {json}"))
}

#[test]
fn discover_finds_every_server_with_loss_and_checks() {
    let Some(found) = json("--servers 4 --loss 10 --slow-check --duplicate 20", "discover eth0", 0) else {
        return;
    };
    let offers = found["offers"].as_array().unwrap();
    assert_eq!(offers.len(), 4, "{found}");
    // A check whose frames were lost is not seen; of eight frames some come through.
    assert!(offers.iter().any(|offer| !offer["server_check"].is_null()), "{found}");
    assert!(found["waited_ms"].as_f64().unwrap() < 4900.0);
    assert!(found["sent"].as_u64().unwrap() > 5);
}

#[test]
fn discover_tells_how_a_server_checks() {
    let Some(found) = json("--slow-check=arp", "discover eth0 --wait 2s", 0) else { return };
    let offer = &found["offers"][0];
    assert_eq!(text(&offer["server_check"], "kind"), "arp");
    assert!(offer["latency_ms"].as_f64() >= offer["server_check"]["ms"].as_f64());
}

#[test]
fn a_silent_server_is_a_bad_answer_with_a_reason() {
    let Some(found) = json("--silent", "discover eth0 --wait 700ms", 1) else { return };
    assert_eq!(found["offers"].as_array().unwrap().len(), 0);
    assert!(found["silence"][0].as_str().unwrap().contains("no DHCP message"));
}

#[test]
fn request_in_every_state() {
    let script = "set -e
        dhcptool request eth0 --mac 02:00:00:00:05:05 --json >lease
        ip=$(sed 's/.*\"address\":\"\\([0-9.]*\\)\",\"lease_time.*/\\1/' lease)
        for state in init-reboot renewing rebinding; do
            dhcptool request eth0 --mac 02:00:00:00:05:05 --state $state --ip $ip --server 10.0.0.1 --json
        done
        dhcptool inform eth0 --mac 02:00:00:00:05:05 --ip $ip --json
        dhcptool release eth0 --lease lease --json
        ! dhcptool request eth0 --mac 02:00:00:00:05:05 --state renewing --ip $ip --server 10.0.0.1 --timeout 300ms \\
            --retries 0 --json
        dhcptool request eth0 --state selecting --arp-check --release --json";
    let folder = tempfile::tempdir().unwrap();
    let script = format!("cd {}; {script}", folder.path().display());
    let Some(output) = lab("", &["sh", "-c", &script]) else { return };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(&str, &str)> =
        lines.iter().map(|line| (text(line, "type"), text(line, "outcome"))).collect();
    assert_eq!(
        told[..5],
        [("request", "ack"), ("request", "ack"), ("request", "ack"), ("inform", "ack"), ("release", "sent")]
    );
    assert_ne!(told[5], ("request", "ack"), "the lease is gone");
    assert_eq!((told[6], &lines[6]["conflict"]), (("request", "ack"), &Value::Bool(false)));
    assert_eq!(lines[6]["released"], Value::Bool(true));
}

#[test]
fn a_nak_is_a_bad_answer_with_its_reason() {
    let Some(found) = json("--nak", "request eth0", 1) else { return };
    assert_eq!(text(&found, "outcome"), "nak");
    assert!(!text(&found, "message").is_empty());
}

#[test]
fn an_address_in_use_is_declined() {
    let Some(found) = json("--occupied", "request eth0 --decline-on-conflict", 1) else { return };
    assert_eq!((text(&found, "outcome"), found["declined"].as_bool()), ("ack", Some(true)));
    assert!(found["conflict"].is_string());
}

#[test]
fn an_ack_for_another_address_is_noticed() {
    let Some(found) = json("--other-address", "request eth0", 0) else { return };
    assert_eq!(found["departures"].as_array().unwrap().len(), 1);
}

#[test]
fn tagged_frames_are_answered() {
    for (vlan, tags) in [("100", vec![100]), ("7.100", vec![7, 100])] {
        let command = format!("request eth0 --vlan {vlan} --mac random --release");
        let Some(found) = json("", &command, 0) else { return };
        assert_eq!(text(&found, "outcome"), "ack");
        assert_eq!(found["packet"]["link"]["vlans"], Value::from(tags));
    }
}

#[test]
fn through_a_relay_and_with_loss() {
    let Some(found) =
        json("--relay --loss 5 --seed 4", "request eth0 --mac random --timeout 1s --retries 6", 0)
    else {
        return;
    };
    assert_ne!(text(&found["packet"]["dhcp"], "giaddr"), "0.0.0.0");
}

#[test]
fn a_packet_over_the_mtu_is_refused_in_one_line() {
    let option = format!("43:hex={}", "00".repeat(1400));
    let Some(output) = lab("", &["dhcptool", "discover", "eth0", "-q", "-o", &option]) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.lines().count() == 1 && err.contains("eth0 carries 1500"), "{err}");
}

#[test]
fn an_interface_that_is_down_is_said_in_one_line() {
    let Some(output) = lab("", &["sh", "-c", "ip link set eth0 down; dhcptool discover eth0"]) else {
        return;
    };
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.lines().count() == 1 && err.contains("it is down"), "{err}");
}

#[test]
fn rights_are_given_up_before_the_first_packet() {
    let folder = tempfile::tempdir().unwrap();
    // The line that says that a DISCOVER was sent comes when everything is open.
    let script = "mkfifo told
        dhcptool discover eth0 --wait 1s -v --write kept.pcapng 2>told >/dev/null &
        read -r line <told
        grep -E '^(CapEff|CapPrm|NoNewPrivs|Seccomp):' /proc/$!/status
        wait";
    let script = format!("cd {}; {script}", folder.path().display());
    let Some(output) = lab("", &["sh", "-c", &script]) else { return };
    let out = String::from_utf8_lossy(&output.stdout).replace('\t', " ");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines.contains(&"CapEff: 0000000000000000") && lines.contains(&"CapPrm: 0000000000000000"),
        "{out}"
    );
    assert!(lines.contains(&"NoNewPrivs: 1"), "{out}");
    assert!(lines.iter().any(|line| line.starts_with("Seccomp:")), "{out}");
}

#[test]
fn send_expects_what_it_is_told_to() {
    for (flags, command, code) in [
        ("", "send eth0 --expect offer", 0),
        ("", "send eth0 --expect nak --timeout 300ms", 1),
        ("--nak", "send eth0 --type request --ip 10.4.0.1 -o 54=10.0.0.1 --expect nak", 0),
        ("--silent", "send eth0 --expect none --timeout 300ms", 0),
        ("", "send eth0 --expect none --timeout 300ms", 1),
        ("", "send eth0 --count 3 --interval 50ms", 0),
    ] {
        let Some(found) = json(flags, command, code) else { return };
        let sent = if command.contains("count") { 3 } else { 1 };
        assert_eq!(found["sent"].as_u64(), Some(sent), "{command}");
    }
}

#[test]
fn exactly_so_many_are_sent() {
    let command = "send eth0 --count 4097 --interval 0 --timeout 100ms";
    let Some(found) = json("--silent", command, 0) else { return };
    assert_eq!(found["sent"].as_u64(), Some(4097));
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "cd {}; dhcptool send eth0 --count 5 --interval 20ms --timeout 50ms --write kept.pcapng; \
         dhcptool decode --json kept.pcapng | wc -l",
        folder.path().display()
    );
    let Some(output) = lab("--silent", &["sh", "-c", &script]) else { return };
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("sent 5 times") && out.lines().last().map(str::trim) == Some("5"), "{out}");
}

#[test]
fn a_command_that_may_not_run_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "handshake eth0 -c 1 --histogram hlog --write-leases leases",
        "discover eth0",
        "request eth0",
        "release eth0 --ip 10.4.0.1 --server 10.0.0.1",
        "decline eth0 --ip 10.4.0.1 --server 10.0.0.1",
        "inform eth0 --ip 10.4.0.1",
        "send eth0",
        "sniff eth0",
    ] {
        let rightless = "setpriv --bounding-set=-all --inh-caps=-all";
        let script = format!("cd {}; {rightless} dhcptool {command} --write x.pcap", folder.path().display());
        let Some(output) = lab("", &["sh", "-c", &script]) else { return };
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{command}: {err}");
        assert!(err.contains("permission denied"), "{command}: {err}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{command}: {left:?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_said_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let commands = [
        "handshake eth0 --histogram /proc/no/such",
        "handshake eth0 --write-leases /proc/no/such",
        "handshake eth0 --write /proc/no/such",
        "discover eth0 --write /proc/no/such",
        "send eth0 --write /proc/no/such",
    ];
    // The first line of sniff says that it listens.
    let script = format!(
        "cd {}; mkfifo said; dhcptool sniff eth0 >shown 2>said & exec 3<said; read line <&3
         for command in {}; do dhcptool $command; echo $?; done
         kill -INT $!; wait $!; cat shown",
        folder.path().display(),
        commands.map(|command| format!("'{command}'")).join(" ")
    );
    let Some(output) = lab("", &["sh", "-c", &script]) else { return };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(out, "3\n".repeat(commands.len()), "{err}");
    for line in err.lines().take(commands.len()) {
        assert!(line.contains("/proc/no/such") && line.contains("cannot write"), "{err}");
    }
}

#[test]
fn where_no_route_leads_the_interface_must_be_named() {
    let command =
        ["dhcptool", "discover", "--giaddr", "10.0.0.200", "--server", "10.0.0.1", "--wait", "200ms"];
    let Some(output) = lab("", &command) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("cannot find a route to 10.0.0.1") && err.contains("name the interface"), "{err}");
}

#[test]
fn what_is_read_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("in.pcap"), folder.path().join("link.pcap"));
    let captures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    std::fs::copy(captures.join("dhcp.pcap"), &file).unwrap();
    std::fs::hard_link(&file, &link).unwrap();
    let before = std::fs::read(&file).unwrap();
    let send = |target: &std::path::Path, more: &[&str]| {
        let mut send = Command::new(PROGRAM);
        send.args(["send", "lo", "--dry-run", "--from-pcap"])
            .arg(&file)
            .arg("--write")
            .arg(target)
            .args(more);
        send.output().unwrap().status.code()
    };
    assert_eq!((send(&file, &[]), send(&link, &[])), (Some(2), Some(2)));
    // Nor is a file emptied for a command that cannot run.
    let kept = folder.path().join("kept.pcap");
    std::fs::write(&kept, "precious").unwrap();
    assert_eq!((send(&kept, &["--number", "99"]), send(&kept, &["-o", "x=1"])), (Some(3), Some(2)));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read(&kept).unwrap(), b"precious");
    assert_eq!(send(&kept, &[]), Some(0));
}

#[test]
fn what_comes_by_a_pipe_is_read_once() {
    let captures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let run = |script: &str| {
        let script = format!("set -- '{PROGRAM}' dhcp.pcap; {script}");
        let output = Command::new("sh").args(["-c", &script]).current_dir(&captures).output().unwrap();
        assert!(output.stderr.is_empty(), "{script}: {output:?}");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let plain = run(r#""$1" send lo --dry-run --from-pcap "$2""#);
    assert!(plain.0 == Some(0) && plain.1.contains("DISCOVER"), "{plain:?}");
    assert_eq!(run(r#"cat "$2" | "$1" send lo --dry-run --from-pcap -"#), plain);
    assert_eq!(run(r#"cat "$2" | "$1" send lo --dry-run --from-pcap /dev/stdin"#), plain);
    for way in [r#"cat "$2""#, r#""$1" decode -q --json "$2""#, r#"gzip -c "$2""#] {
        for name in ["-", "/dev/stdin"] {
            let (code, text) = run(&format!(r#"{way} | "$1" diff --json {name} "$2""#));
            let found: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (code, &found["differences"]),
                (Some(0), &serde_json::json!([])),
                "{way} {name}: {text}"
            );
            assert_eq!(found["a"]["replies"], found["b"]["replies"]);
        }
    }
}

#[test]
fn what_is_written_is_what_was_on_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.pcapng");
    let path = file.to_str().unwrap();
    let Some(found) = json("", &format!("request eth0 --release --write {path}"), 0) else { return };
    let output = Command::new(PROGRAM).args(["decode", "--json", path]).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let packets: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = packets.iter().map(|packet| text(&packet["dhcp"], "message_type")).collect();
    assert_eq!(kinds, ["discover", "offer", "request", "ack", "release", "release", "release"]);
    let nanoseconds = |index: usize| packets[index]["time_ns"].as_i64().unwrap();
    #[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "milliseconds of a test")]
    let taken = (nanoseconds(3) - nanoseconds(2)) as f64 / 1e6;
    assert!(
        (taken - found["latency_ms"].as_f64().unwrap()).abs() < 1e-5,
        "latency is the difference of the stamps"
    );
    let bytes = std::fs::read(&file).unwrap();
    for comment in ["sent DISCOVER", "accepted OFFER", "sent REQUEST", "accepted ACK", "sent RELEASE"] {
        assert!(bytes.windows(comment.len()).any(|window| window == comment.as_bytes()), "{comment}");
    }
}

#[test]
fn what_decode_printed_is_sent_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, kept) = (folder.path().join("lines.json"), folder.path().join("kept.pcapng"));
    let captures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let decode = |file: &std::path::Path| -> Vec<Value> {
        let output = Command::new(PROGRAM).args(["decode", "-4", "--json"]).arg(file).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["dhcp"].take()).collect()
    };
    let mut messages = 0;
    for entry in std::fs::read_dir(captures).unwrap() {
        let path = entry.unwrap().path();
        if !path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng") {
            continue;
        }
        let before = decode(&path);
        if before.is_empty() {
            continue;
        }
        let output = Command::new(PROGRAM).args(["decode", "-4", "--json"]).arg(&path).output().unwrap();
        std::fs::write(&lines, output.stdout).unwrap();
        let mut send = Command::new(PROGRAM);
        send.args(["send", "lo", "--dry-run", "-q", "--from-json"]).arg(&lines).arg("--write").arg(&kept);
        let output = send.output().unwrap();
        assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
        assert_eq!(decode(&kept), before, "{}", path.display());
        messages += before.len();
    }
    assert!(messages > 0);
}

#[test]
fn bad_input_is_one_line_and_its_code() {
    let long = "00".repeat(2000);
    let cases = [
        ("discover no-such0", 3, "no interface is called no-such0"),
        ("discover lo --expect nonsense=1", 2, "nonsense"),
        ("discover lo --mac zz", 2, "is not a MAC address"),
        ("discover lo -o routers=hello", 2, "\"hello\" is not an IPv4 address"),
        ("discover lo -o no-such-option=1", 2, "no-such-option"),
        ("discover lo --no-option no-such", 2, "see dhcptool options"),
        ("discover lo --vlan 5000", 2, "a VLAN is a number"),
        ("discover lo --wait soon", 2, "500ms"),
        ("request lo --state bound", 2, "is not a state"),
        ("request lo --state renewing", 2, "needs --server"),
        ("request lo --state renewing --ip 10.0.0.5", 2, "needs --server"),
        ("request lo --state init-reboot --ip 10.0.0.5 -o 54=10.0.0.1", 2, "contradicts"),
        ("request lo --ciaddr 10.0.0.5", 2, "contradicts"),
        ("release lo", 2, "needs --ip and --server"),
        ("release lo --lease no-such-file", 3, "no-such-file"),
        ("handshake lo --retries 17", 2, "0 to 16"),
        ("decline lo", 2, "needs --ip"),
        ("send lo --from-json Cargo.toml", 4, "line 1: not JSON"),
        ("send lo --from-pcap Cargo.toml", 4, "not a capture"),
        ("send lo --from-pcap no-such-file", 3, "no-such-file"),
        ("send lo --hex 0g", 2, "hexadecimal"),
        ("send lo --hex=", 2, "no bytes"),
        ("send no-such0 --dry-run", 3, "no interface is called no-such0"),
        ("discover no-such0 --dry-run", 3, "no interface is called no-such0"),
        ("handshake no-such0 --dry-run", 3, "no interface is called no-such0"),
        ("send lo --from-pcap tests/data/captures/dhcp.pcap --number 99", 3, "has no packet 99"),
        ("discover lo", 3, "cannot use lo: it leads back to this machine"),
        ("request lo", 3, "cannot use lo"),
        ("handshake lo", 3, "cannot use lo"),
        ("discover lo --timeout 0", 2, "more than 0"),
        ("request lo --timeout 0s", 2, "more than 0"),
        ("inform lo --timeout 0ms", 2, "more than 0"),
        ("send lo --timeout 0", 2, "more than 0"),
        ("handshake lo --timeout 0", 2, "more than 0"),
        ("handshake lo --count 0", 2, "at least 1"),
        ("send lo --count 0", 2, "at least 1"),
        ("decode --count 0 x", 2, "at least 1"),
        ("send lo -o nosuch=1", 2, "dhcptool options lists them"),
        ("decode no/such/file", 3, "no/such/file: cannot open: No such file"),
        ("send lo --dry-run --write -", 2, "name a file"),
        ("discover lo --json --write -", 2, "name a file"),
        ("handshake lo --write -", 2, "name a file"),
        ("send lo --number 1", 2, "--from-pcap"),
        ("send lo --from-json a --hex 00", 2, "cannot be used with"),
    ];
    for (command, code, part) in cases {
        let output = Command::new(PROGRAM).args(command.split(' ')).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        let last = err.lines().last().unwrap_or_default();
        assert_eq!(output.status.code(), Some(code), "{command}: {err}");
        assert!(last.contains(part) && last.starts_with("dhcptool: "), "{command}: {err}");
        assert!(output.stdout.is_empty(), "{command}");
        let others = err.lines().filter(|line| !line.starts_with("warning: ")).count();
        assert_eq!(others, 1, "{command}: {err}");
    }
    let output = Command::new(PROGRAM)
        .args(["discover", "lo", "--mac", "02:00:00:00:00:01", "--dry-run", "-o"])
        .arg(format!("43:hex={long}"))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && err.contains("goes out as 8 options (RFC 3396)"), "{err}");
}

#[test]
fn a_bad_line_does_not_lose_the_others() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures/case-plain-dora.pcap");
    let decoded = Command::new(PROGRAM).args(["decode", "--json"]).arg(&capture).output().unwrap();
    let text = String::from_utf8(decoded.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let folder = tempfile::tempdir().unwrap();
    let send = |content: &str| {
        let path = folder.path().join("lines.json");
        std::fs::write(&path, content).unwrap();
        Command::new(PROGRAM)
            .args(["send", "lo", "--dry-run", "--json", "--from-json"])
            .arg(&path)
            .output()
            .unwrap()
    };
    let out = send(&format!("{}\n{{\"dhcp\":\n[]\n{}\n", lines[0], lines[1]));
    let err = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(4), "{err}");
    assert_eq!(String::from_utf8_lossy(&out.stdout).lines().count(), 2, "{err}");
    assert!(err.contains("line 2: not JSON") && err.contains("line 3: "), "{err}");
    assert!(err.contains("2 of the lines could not be read and were not sent"), "{err}");
    let out = send("[]\n");
    assert_eq!((out.status.code(), out.stdout.len()), (Some(4), 0));
}

#[test]
fn hex_is_taken_as_programs_print_it() {
    let folder = tempfile::tempdir().unwrap();
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures/case-plain-dora.pcap");
    let bytes = std::fs::read(capture).unwrap();
    // The first frame of it, from its IP header on.
    let packet = &bytes[40 + 14..40 + 342];
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let rows = packet.chunks(16).zip((0..).step_by(16)).map(|(row, at)| {
        let groups: Vec<String> = row.chunks(2).map(digits).collect();
        format!("\t0x{at:04x}:  {}\n", groups.join(" "))
    });
    let path = folder.path().join("dump.txt");
    std::fs::write(
        &path,
        format!("22:13:20.0 IP 0.0.0.0.68 > 255.255.255.255.67: BOOTP\n{}", rows.collect::<String>()),
    )
    .unwrap();
    let send = |hex: &str| {
        let words = ["send", "lo", "--dry-run", "--json", "--hex", hex];
        let out = Command::new(PROGRAM).args(words).output().unwrap();
        let object: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        (object["dhcp"]["xid"].clone(), String::from_utf8(out.stderr).unwrap())
    };
    let (xid, said) = send(&format!("@{}", path.display()));
    assert_eq!(xid, "0xabcd0001");
    assert!(said.contains("are an IP packet"), "{said}");
    let (xid, said) = send(&digits(&bytes[40..40 + 342]));
    assert_eq!(xid, "0xabcd0001");
    assert!(said.contains("are an Ethernet frame"), "{said}");
    let (xid, said) = send(&digits(&packet[28..]));
    assert_eq!((xid.as_str(), said.as_str()), (Some("0xabcd0001"), ""));
}

#[test]
fn expectations_decide_the_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("report.xml");
    let file = folder.path().join("lan.toml");
    std::fs::write(&file, "servers = 1\nlease = \">=1m\"\n").unwrap();
    let wait = "discover --wait 0.7 --expect routers";
    let good = format!("{wait} --expect {} --junit {}", file.display(), junit.display());
    let Some(good) = json("", &good, 0) else { return };
    assert_eq!(good["expectations"].as_array().unwrap().len(), 3);
    assert!(good["expectations"][0]["met"].as_bool().unwrap());
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"0\""), "{xml}");
    let bad = json("", &format!("{wait} --expect servers=2 --expect routers=192.0.2.1"), 1).unwrap();
    let found = |index: usize| bad["expectations"][index]["found"].as_str().unwrap().to_owned();
    assert_eq!(found(1), "1 (10.0.0.1)");
    assert!(found(2).contains(" says 10."), "{}", found(2));
}

#[test]
fn an_offer_that_was_not_taken_is_not_called_seen_before() {
    let Some(output) = lab("--servers 3", &[PROGRAM, "request", "eth0", "-v", "--release"]) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{err}");
    // What comes after the exchange is over is told by nobody; one at least comes before.
    assert!(err.contains("OFFER of a server that was not chosen (from 10.0.0."), "{err}");
    assert!(!err.contains("OFFER seen before"), "{err}");
}

#[test]
fn every_lease_is_given_back_though_nothing_can_be_told() {
    let script = "for n in 1 2 3 4 5; do
            dhcptool request eth0 --mac 02:00:00:00:05:0$n --json || exit 9
        done >leases 2>told
        dhcptool release eth0 --lease leases --retries 0 --write released.pcapng >/dev/full 2>told; echo $?
        dhcptool decode released.pcapng --json | grep -c 'message_type\":\"release'
        cat told";
    let folder = tempfile::tempdir().unwrap();
    let output = lab_command("", &["sh", "-c", script]).current_dir(folder.path()).output().unwrap();
    if is_refused(output.status.code(), &String::from_utf8_lossy(&output.stderr)) {
        return;
    }
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(&lines[..2], ["3", "5"], "{told}");
    assert!(lines.len() == 3 && lines[2].contains("cannot write standard output"), "{told}");
}

#[test]
fn what_the_user_stops_makes_no_claim() {
    let stopped = |command: &str| {
        let mut words = vec!["timeout", "--preserve-status", "-s", "INT", "2", PROGRAM];
        words.extend(command.split_whitespace());
        let output = lab("", &words)?;
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        Some((output.status.code(), out, err))
    };
    let Some((code, out, err)) = stopped("diff server:10.0.0.99%eth0 server:10.0.0.1%eth0") else { return };
    assert!(code == Some(130) && out.is_empty() && !err.contains("no offer"), "{code:?} {out} {err}");
    let (code, out, err) = stopped("doctor eth0 --nagios").unwrap();
    assert_eq!((code, out.lines().count()), (Some(3), 1), "{out} {err}");
    assert!(out.starts_with("DHCP UNKNOWN - interrupted"), "{out}");
}

#[test]
fn who_sends_what_nobody_answers_is_not_told_to_wait() {
    for command in
        ["send eth0 -6 --type router-advertisement", "release eth0 --ip 10.0.0.9 --server 10.0.0.1"]
    {
        let mut words = vec!["dhcptool"];
        words.extend(command.split_whitespace());
        let Some(output) = lab("", &words) else { return };
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{err}");
        assert!(!err.contains("waiting"), "{command}: {err}");
    }
}

/// Results alone are said with `-q`: that something was sent is none.
#[test]
fn quiet_sending_tells_answers_alone() {
    for protocol in [&["--type", "discover"][..], &["-6", "--type", "solicit"]] {
        let words = |flag| {
            [&["dhcptool", "send", "eth0", "--timeout", "500ms", "--retries", "0", flag], protocol].concat()
        };
        let Some(output) = lab("--silent", &words("-q")) else { return };
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{output:?}");
        let output = lab("", &words("-q")).unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(!out.is_empty() && !out.contains(" sent"), "{out}");
    }
}
