//! DHCPv6 commands that are stopped in the midst of it, or lose the link for a while: what was taken is given back, and the
//! files are whole.

use std::process::Output;

use serde_json::Value;

use crate::support::lab::{PROGRAM, lab};

/// Runs a shell's script in a lab, in a folder of its own; `$dhcptool` runs the program, `$heeding` one that heeds SIGINT, which a
/// shell's background job ignores. `None` where the kernel allows no namespaces, which is said.
fn script(flags: &str, text: &str) -> Option<(String, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "dhcptool='{PROGRAM}'; heeding=\"env --default-signal=INT $dhcptool\"; cd \"$0\" || exit 9; {text}"
    );
    let Output { status, stdout, stderr } =
        lab(flags, &["sh", "-c", &text, folder.path().to_str().unwrap()])?;
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(0), "{out}{err}");
    Some((out.into_owned(), folder))
}

fn object(text: &str) -> Value {
    serde_json::from_str(text.lines().next_back().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn read(folder: &tempfile::TempDir, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap()
}

/// How many messages of a type a capture has.
fn count(folder: &tempfile::TempDir, capture: &str, kind: &str) -> usize {
    let path = folder.path().join(capture);
    let output = std::process::Command::new(PROGRAM)
        .args(["decode", "-q", "--type", kind, path.to_str().unwrap()])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().lines().count()
}

#[test]
fn a_load_that_is_stopped_gives_back_what_it_holds() {
    let found = script(
        "--pool-size 20",
        "$heeding handshake -6 eth0 --clients 20 -c 1000 -i 20ms --hold --ia-na --ia-pd --each --json \
         --write-leases leases --histogram histogram --write seen.pcapng >out 2>said & pid=$!; \
         until [ $(wc -l <out) -ge 8 ] || ! kill -0 $pid; do :; done; \
         kill -INT $pid; wait $pid; echo $? >code; \
         $dhcptool handshake -6 eth0 --clients 19 -c 19 -i 0s --timeout 1s --retries 0 --hold --json >after; echo $? >>code",
    );
    let Some((_, folder)) = found else { return };
    let (whole, said) = (object(&read(&folder, "out")), read(&folder, "said"));
    // Whom the server has no addresses for any more would have none: all but what the last was offered are free again.
    assert_eq!(read(&folder, "code"), "130\n0\n", "{whole}\n{said}\n{}", read(&folder, "after"));
    let (completed, released) = (whole["completed"].as_u64().unwrap(), whole["released"].as_u64().unwrap());
    assert!(completed >= 8 && released >= completed && whole["held"] == 0, "{whole}");
    assert_eq!(read(&folder, "leases"), "", "nothing is held");
    assert!(read(&folder, "histogram").starts_with('#'));
    let given_back = count(&folder, "seen.pcapng", "release");
    assert!(given_back >= usize::try_from(completed).unwrap(), "{given_back} of {completed}");
}

#[test]
fn a_request_that_is_stopped_while_it_tests_its_address_gives_it_back() {
    let found = script(
        "--pool-size 1",
        "$heeding request -6 eth0 -v --arp-check --release --json --write seen.pcapng >out 2>said & pid=$!; \
         until grep -q 'accepted REPLY' said || ! kill -0 $pid; do :; done; \
         kill -INT $pid; wait $pid; echo $? >code; \
         $dhcptool request -6 eth0 --mac 02:00:00:00:07:07 --json >after; echo $? >>code",
    );
    let Some((_, folder)) = found else { return };
    let (report, said) = (object(&read(&folder, "out")), read(&folder, "said"));
    // There is one address; somebody else gets it.
    assert_eq!(read(&folder, "code"), "130\n0\n", "{report}\n{said}");
    assert_eq!((&report["outcome"], &report["released"]), (&"ack".into(), &true.into()), "{report}\n{said}");
    assert_eq!(count(&folder, "seen.pcapng", "release"), 1, "{said}");
}

#[test]
fn a_request_that_nobody_answers_ends_at_once() {
    let found = script(
        "--silent",
        "$heeding request -6 eth0 --json --write seen.pcapng >out 2>said & pid=$!; \
         until grep -q 'waiting for an answer' said || ! kill -0 $pid; do :; done; \
         kill -INT $pid; wait $pid; echo $? >code",
    );
    let Some((_, folder)) = found else { return };
    assert_eq!(read(&folder, "code"), "130\n", "{}", read(&folder, "said"));
    assert_eq!(object(&read(&folder, "out"))["outcome"], "timeout");
    assert!(count(&folder, "seen.pcapng", "solicit") >= 1);
}

/// The link goes away when `ready` says that it is time, for longer than a question is waited for at first.
fn dip(ready: &str) -> String {
    format!(
        "until {ready} || ! kill -0 $pid; do :; done; ip link set eth0 down && sleep 0.6 && ip link set eth0 up"
    )
}

#[test]
fn a_load_survives_a_link_that_goes_down_for_a_while() {
    let text = format!(
        "$dhcptool handshake -6 eth0 --clients 10 -c 60 -i 20ms --each --json --timeout 1s --retries 3 \
         --write-leases leases --write seen.pcapng >out 2>said & pid=$!; {}; wait $pid; echo $? >code",
        dip("[ $(wc -l <out) -ge 8 ]")
    );
    let Some((_, folder)) = script("", &text) else { return };
    let (whole, said) = (object(&read(&folder, "out")), read(&folder, "said"));
    assert_eq!(read(&folder, "code"), "0\n", "{whole}\n{said}");
    assert_eq!((whole["completed"].as_u64(), whole["held"].as_u64()), (Some(60), Some(0)), "{whole}");
    assert!(said.contains("the link went down meanwhile"), "{said}");
    assert_eq!(read(&folder, "leases"), "");
    assert!(count(&folder, "seen.pcapng", "reply") >= 60);
}

#[test]
fn a_search_survives_a_link_that_goes_down_for_a_while() {
    let text = format!(
        "$dhcptool discover -6 eth0 -v --wait 4s --json --write seen.pcapng >out 2>said & pid=$!; {}; wait $pid; echo $? >code",
        dip("grep -q 'sent' said")
    );
    let Some((_, folder)) = script("--servers 2", &text) else { return };
    let (found, said) = (object(&read(&folder, "out")), read(&folder, "said"));
    assert_eq!(read(&folder, "code"), "0\n", "{found}\n{said}");
    assert_eq!(found["offers"].as_array().map(Vec::len), Some(2), "{found}\n{said}");
    assert!(said.contains("eth0 went down meanwhile"), "{said}");
    assert!(count(&folder, "seen.pcapng", "advertise") >= 2);
}
