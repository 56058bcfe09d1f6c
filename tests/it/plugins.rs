//! Commands as monitoring plugins: the line, the data and the exit status of the guidelines.

use crate::support::lab::{PROGRAM, lab};

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
