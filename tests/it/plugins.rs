//! Commands as monitoring plugins: the line, the data and the exit status of the guidelines.

use std::process::Command;

use crate::support::lab::{PROGRAM, lab};
use crate::support::story::Story;

/// What a plugin prints and ends with, in a network with one server.
fn plugin(flags: &str, args: &[&str]) -> Option<(String, i32)> {
    let words: Vec<&str> = std::iter::once(PROGRAM).chain(args.iter().copied()).collect();
    let output = lab(flags, &words)?;
    Some((String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap()))
}

/// The value of a label in the performance data.
fn value(text: &str, label: &str) -> f64 {
    number(text, label).parse().unwrap()
}

/// The same as it is written.
fn number<'a>(text: &'a str, label: &str) -> &'a str {
    let data = text.lines().next().unwrap().split_once(" | ").unwrap().1;
    let item = data.split(' ').find_map(|item| item.strip_prefix(&format!("{label}="))).unwrap();
    item.split(';').next().unwrap().trim_end_matches("ms")
}

#[test]
fn answers_are_good_unless_they_are_too_slow() {
    let Some((text, code)) =
        plugin("", &["discover", "eth0", "--first", "--nagios", "-w", "4000", "-c", "5000"])
    else {
        return;
    };
    assert!(text.starts_with("DHCP OK - 1 server offered an address, "), "{text}");
    assert_eq!((code, number(&text, "offers")), (0, "1"));
    assert!(value(&text, "latency") < 4000.0 && text.contains(";4000;5000;0"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");

    for (flag, name, want) in [("-w", "WARNING", 1), ("-c", "CRITICAL", 2)] {
        let args = ["discover", "eth0", "--first", "--nagios", flag, "@0:100000"];
        let (text, code) = plugin("", &args).unwrap();
        assert!(text.starts_with(&format!("DHCP {name} - 1 server")) && code == want, "{text}");
    }
    let (text, code) = plugin("", &["request", "eth0", "--nagios", "-w4000"]).unwrap();
    assert!(text.starts_with("DHCP OK - ") && text.contains(" acknowledged ") && code == 0, "{text}");
    let (text, code) =
        plugin("", &["handshake", "eth0", "--count", "2", "--interval", "0s", "--nagios", "-c", "5000"])
            .unwrap();
    assert!(text.starts_with("DHCP OK - 2 of 2 handshakes completed") && code == 0, "{text}");
    assert_eq!((number(&text, "attempts"), number(&text, "failed")), ("2", "0"));
}

/// What is judged is what a client waits for, however often it asks meanwhile.
#[test]
fn a_slow_server_is_slow_however_often_it_is_asked() {
    for command in [
        "discover eth0",
        "discover -6 eth0 --no-ra --wait 5s",
        "request eth0 --timeout 500ms",
        "rogue eth0 --wait 3s -4",
        "rogue eth0 --wait 3s -6",
    ] {
        let args = format!("{command} --nagios -w 1000 -c 1400");
        let words: Vec<&str> = args.split(' ').collect();
        let Some((text, code)) = plugin("--delay 1500ms", &words) else { return };
        assert!(text.starts_with("DHCP CRITICAL - ") && code == 2, "{command}: {text}");
        let line = text.lines().next().unwrap();
        assert!(line.contains(" s, slower than 1400 ms | "), "{command}: {text}");
        assert!((1490.0..4000.0).contains(&value(&text, "latency")), "{command}: {text}");
    }
    let seen = ["rogue", "eth0", "--wait", "3s", "-4", "--json"];
    let (text, _) = plugin("--delay 1500ms", &seen).unwrap();
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    let server = &object["servers"][0];
    assert!(server["since_first_ms"].as_f64().unwrap() > 1490.0, "{server}");
    assert!(server["latency_ms"].as_f64().unwrap() < 1000.0, "{server}");
    for flags in [&["discover", "eth0"][..], &["discover", "-6", "eth0", "--no-ra", "--wait", "5s"]] {
        let (text, code) = plugin("--delay 1500ms", &[flags, &["--expect", "latency<=1s"]].concat()).unwrap();
        assert!(text.contains("FAILED  latency<=1s: ") && code == 1, "{text}");
    }
}

#[test]
fn ranges_may_be_negative_and_rows_are_refused() {
    let flags = ["-w -5:5", "-w=10", "--critical -5:5", "--critical=-5:5", "-c-5:5"];
    for flags in flags {
        let args = format!("discover --nagios {flags} no-such-interface");
        let output = Command::new(PROGRAM).args(args.split(' ')).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("no interface is called no-such-interface"), "{flags}: {text}");
    }
    for command in ["discover", "discover -6", "request", "request -6", "handshake"] {
        for flags in ["--flat", "--format csv", "--fields latency_ms"] {
            let args = format!("{command} lo --nagios {flags}");
            let output = Command::new(PROGRAM).args(args.split(' ')).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.starts_with("DHCP UNKNOWN - --flat, --fields and --format "), "{args}: {text}");
        }
    }
}

#[test]
fn silence_is_critical_and_what_cannot_run_is_unknown() {
    let silent = ["--timeout", "200ms", "--retries", "0"];
    let args = ["discover", "eth0", "--wait", "300ms", "--server", "192.0.2.99", "--nagios"];
    let Some((text, code)) = plugin("", &args) else { return };
    assert!(text.starts_with("DHCP CRITICAL - no server offered an address | ") && code == 2, "{text}");
    assert_eq!(number(&text, "offers"), "0");
    let mut args = vec!["request", "eth0", "--nagios", "--state", "init-reboot", "--ip", "192.0.2.1"];
    args.extend(silent);
    let (text, code) = plugin("--loss 100", &args).unwrap();
    assert!(text.starts_with("DHCP CRITICAL - ") && code == 2, "{text}");
    let none = ["discover", "no-such-interface", "--nagios"];
    let short = ["discover", "--nagios", "--wait", "0"];
    for args in [&none[..], &short, &["discover", "--nagios", "--no-such-flag"]] {
        let (text, code) = plugin("", args).unwrap();
        assert!(text.starts_with("DHCP UNKNOWN - ") && code == 3, "{text}");
    }
}

#[test]
fn what_is_cut_short_is_unknown() {
    // A question was heard: its signals are watched.
    for command in ["discover --wait 30s", "rogue --wait 30s", "handshake -c 30", "request --timeout 30s"] {
        let script = format!(
            "told=$(mktemp); dhcptool sniff eth0 --count 1 >/dev/null 2>&1 & seen=$!; sleep 0.3
             dhcptool {command} --nagios >$told & asked=$!
             wait $seen; kill -TERM $asked; wait $asked; echo \"code $?\"; cat $told; rm $told"
        );
        let flags = if command.starts_with("request") { "--silent" } else { "" };
        let Some(output) = lab(flags, &["sh", "-c", &script]) else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("code 3\nDHCP UNKNOWN - "), "{command}: {text}{output:?}");
        assert!(text.contains("interrupted"), "{command}: {text}");
    }
}

#[test]
fn dhcpv6_is_judged_too() {
    let args = ["discover", "-6", "eth0", "--first", "--nagios", "-w", "4000", "-c", "5000"];
    let Some((text, code)) = plugin("", &args) else { return };
    let found = "DHCP OK - 1 server offered an address or a prefix, 00030001020000000001 first after ";
    assert!(text.starts_with(found) && code == 0, "{text}");
    assert!(value(&text, "latency") < 4000.0 && number(&text, "offers") == "1", "{text}");
    let args = ["discover", "-6", "eth0", "--no-ra", "--nagios"];
    let (text, code) = plugin("--nak", &args).unwrap();
    assert!(text.starts_with("DHCP CRITICAL - 1 server answered and offered no address"), "{text}");
    assert_eq!(code, 2);
    let asked = ["request", "-6", "eth0", "--choose", "first", "--nagios"];
    let (text, code) = plugin("", &asked).unwrap();
    assert!(text.starts_with("DHCP OK - 00030001020000000001 acknowledged 2001:db8:64:0:1::"), "{text}");
    assert_eq!((code, number(&text, "sent")), (0, "1"));
    let both = [&asked[..], &["--ia-na", "--ia-pd"]].concat();
    let (text, code) = plugin("--pd off", &both).unwrap();
    assert!(
        text.starts_with("DHCP WARNING - ") && text.contains("refused the rest: no-prefix-avail"),
        "{text}"
    );
    assert_eq!(code, 1);
    let silent = [&asked[..], &["--timeout", "100ms", "--retries", "0"]].concat();
    let (text, code) = plugin("--silent", &silent).unwrap();
    assert!(
        text.starts_with("DHCP CRITICAL - no server offered an address or a prefix | ") && code == 2,
        "{text}"
    );
}

/// Silence excuses who listens, not who is missing beside others.
#[test]
fn a_plugin_misses_servers_in_a_capture_too() {
    let mut story = Story::new();
    story.binds(0, 1, 7, &[]);
    let file = story.file();
    let run = |words: &[&str]| {
        let output =
            Command::new(PROGRAM).arg("rogue").args(words).arg("--from").arg(&file).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for (words, plain, code, start) in [
        (
            &["--require", "10.0.0.77"][..],
            1,
            2,
            "DHCP CRITICAL - required server 10.0.0.77 was not heard - 1 server heard | ",
        ),
        // Named twice it is missing once.
        (
            &["--require", "10.0.0.77", "--require", "10.0.0.77"],
            1,
            2,
            "DHCP CRITICAL - required server 10.0.0.77 was not heard - 1 server heard | ",
        ),
        (&["--require", "10.0.0.1"], 0, 0, "DHCP OK - 1 server heard: 10.0.0.1 | "),
        (
            &["--allow", "10.0.0.1", "--allow", "10.0.0.78"],
            0,
            0,
            "DHCP OK - 1 allowed server heard, 1 not heard: 10.0.0.78 | ",
        ),
    ] {
        assert_eq!(run(words).0, Some(plain), "{words:?}");
        let (ended, text) = run(&[words, &["--nagios"]].concat());
        assert!(ended == Some(code) && text.starts_with(start), "{text}");
        assert_eq!(text.contains(" missing=1;"), text.contains("not heard"), "{text}");
    }
    // Nothing is asked of a capture, and an option that judges nothing is none.
    for words in [&["--nagios", "-c", "5"][..], &["--nagios", "-w", "5"]] {
        let (ended, text) = run(words);
        assert!(ended == Some(3) && text.contains("with --from nothing is asked"), "{text}");
    }
    let lonely = lab(
        "--servers 0",
        &[
            "dhcptool",
            "rogue",
            "eth0",
            "-4",
            "--passive",
            "--wait",
            "300ms",
            "--nagios",
            "--require",
            "10.0.0.9",
        ],
    );
    let Some(output) = lonely else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.starts_with("DHCP CRITICAL - required server 10.0.0.9 was not heard - 0 servers heard | "),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(2));
}
