//! `dhcptool sniff` at one end of a cable, frames from the other. Runs in namespaces of its own, one test after the other,
//! without the usual harness: entering namespaces takes a process with one thread.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};

use dhcptool::net::batch::BatchSocket;
use dhcptool::net::netlink::{Netlink, kind, link_header};
use dhcptool::net::sandbox::{self, Needs};
use dhcptool::net::{iface, privilege};
use serde_json::Value;

#[path = "it/support/cable.rs"]
mod cable;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dhcptool");
/// A run that never ends by itself ends with this, so that a failing test does not hang.
const AT_MOST: &str = "60s";

type Test = (&'static str, fn(&mut BatchSocket));

const TESTS: &[Test] = &[
    ("shows_and_keeps_every_packet", shows_and_keeps_every_packet),
    ("sees_tags_fragments_and_tunnels", sees_tags_fragments_and_tunnels),
    ("the_kernel_passes_nothing_else", the_kernel_passes_nothing_else),
    ("ends_well_and_has_no_rights", ends_well_and_has_no_rights),
    ("selects_like_decode", selects_like_decode),
    ("stops_by_itself", stops_by_itself),
    ("files_rotate", files_rotate),
    ("losses_are_what_was_lost", losses_are_what_was_lost),
    ("a_host_name_cannot_reach_the_terminal", a_host_name_cannot_reach_the_terminal),
    ("a_closed_pipe_ends_it", a_closed_pipe_ends_it),
    ("interfaces_vanish_and_come_back", interfaces_vanish_and_come_back),
    ("interfaces_that_come_later_are_heard", interfaces_that_come_later_are_heard),
    ("several_interfaces_in_the_order_of_time", several_interfaces_in_the_order_of_time),
    ("a_killed_process_leaves_all_it_has_shown", a_killed_process_leaves_all_it_has_shown),
    ("a_confined_process_opens_nothing", a_confined_process_opens_nothing),
    ("what_cannot_run_says_why", what_cannot_run_says_why),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [stage, folder] = arguments.as_slice()
        && stage == "--confined"
    {
        return confined(Path::new(folder));
    }
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in TESTS {
            println!("{name}: test");
        }
        return;
    }
    if let Err(error) = cable::enter() {
        #[allow(clippy::disallowed_methods, reason = "in continuous integration nothing may be skipped")]
        let required = std::env::var("CI").is_ok();
        assert!(!required, "no private network: {error}");
        println!("skipped, no private network: {error}");
        return;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let mut far = cable::far_end().unwrap();
    let mut failed = 0;
    for (name, test) in TESTS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let result = catch_unwind(AssertUnwindSafe(|| test(&mut far)));
        println!("test {name} ... {}", if result.is_ok() { "ok" } else { "FAILED" });
        failed += u32::from(result.is_err());
    }
    assert_eq!(failed, 0, "{failed} tests failed");
}

/// A running sniff.
struct Sniff {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Sniff {
    /// Starts it and waits until it listens.
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["sniff", "--duration", AT_MOST])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        let mut sniff = Self { child, out, err };
        let said = sniff.said();
        assert!(said.starts_with("listening on "), "{said}");
        sniff
    }

    /// The next line on standard error.
    fn said(&mut self) -> String {
        let mut line = String::new();
        self.err.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next packet, in JSON.
    fn packet(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Ends it and returns what was left to read.
    fn end(mut self) -> (String, Vec<String>, ExitStatus) {
        self.signal("TERM");
        self.wait()
    }

    fn wait(&mut self) -> (String, Vec<String>, ExitStatus) {
        let mut out = String::new();
        self.out.read_to_string(&mut out).unwrap();
        let err = self.err.by_ref().lines().map(Result::unwrap).collect();
        (out, err, self.child.wait().unwrap())
    }
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
}

/// Puts frames in.
fn send<F: AsRef<[u8]>>(socket: &mut BatchSocket, frames: &[F]) {
    let mut arena = Vec::new();
    let mut spans = Vec::new();
    for frame in frames {
        let start = arena.len();
        arena.extend_from_slice(frame.as_ref());
        spans.push(start..arena.len());
    }
    socket.send(&arena, &spans).unwrap();
}

/// Puts frames in as soon as the cable carries: an interface that came up throws away what is sent until its queue is ready,
/// and counts only what left it.
fn send_when_carried(far: &mut BatchSocket, numbers: std::ops::Range<u32>) {
    let sent = || {
        let text = fs::read_to_string("/proc/thread-self/net/dev").unwrap();
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix("far0:")).unwrap();
        line.split_whitespace().nth(9).unwrap().parse::<u64>().unwrap()
    };
    let before = sent();
    while sent() == before {
        send(far, &frames(numbers.clone()));
    }
}

fn frames(numbers: std::ops::Range<u32>) -> Vec<Vec<u8>> {
    numbers.map(|number| cable::frame(&cable::message(number), &[])).collect()
}

fn transaction(packet: &Value) -> u32 {
    u32::from_str_radix(packet["dhcp"]["xid"].as_str().unwrap().strip_prefix("0x").unwrap(), 16).unwrap()
}

fn packets(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn transactions(lines: &str) -> Vec<u32> {
    packets(lines).iter().map(transaction).collect()
}

/// What decode says about a capture.
fn decoded(file: &Path) -> (String, ExitStatus) {
    let output = Command::new(PROGRAM).args(["decode", "--json", "-q"]).arg(file).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn shows_and_keeps_every_packet(far: &mut BatchSocket) {
    for name in ["kept.pcapng", "kept.pcap"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        let sniff = Sniff::start(&["eth0", "--json", "--write", text(&file)]);
        send(far, &frames(0..1000));
        let (out, err, status) = sniff.end();
        assert!(status.success());
        assert_eq!(transactions(&out), (0..1000).collect::<Vec<_>>());
        assert_eq!(
            err,
            ["1000 received, 1000 DHCP, 1000 shown; 0 dropped by the kernel, 0 dropped by the interface"]
        );
        let (again, status) = decoded(&file);
        assert!(status.success());
        let mut live = packets(&out);
        assert_eq!(live[0]["interface"], "eth0");
        assert_eq!(live[0]["time"].as_str().unwrap().len(), "2026-11-21T13:05:00.123456789Z".len());
        let mut again = packets(&again);
        assert_eq!(again[0]["capture"], text(&file));
        for packet in live.iter_mut().chain(&mut again) {
            // What the file says beside what was heard: its own name, and the problems as remarks.
            packet["capture"] = Value::Null;
            packet["comment"] = Value::Null;
            packet["link"]["comment"] = Value::Null;
            if name.ends_with("pcap") {
                // That format has no room for the interface's name and the direction.
                packet["interface"] = Value::Null;
                packet["direction"] = Value::Null;
            }
        }
        assert_eq!(again, live);
    }
}

fn sees_tags_fragments_and_tunnels(far: &mut BatchSocket) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.pcapng");
    let sniff = Sniff::start(&["eth0", "--json", "--write", text(&file)]);
    let plain = cable::frame(&cable::message(0), &[]);
    let packet = &plain[14..];
    let mut all = vec![cable::frame(&cable::message(1), &[7]), cable::frame(&cable::message(2), &[100, 200])];
    all.extend(fragments(&plain));
    // IP in IP, and GRE with the whole frame in it.
    all.push(outer(4, packet));
    all.push(outer(47, &[&[0, 0, 0x65, 0x58][..], &plain].concat()));
    // PPPoE.
    let length = u16::try_from(packet.len() + 2).unwrap().to_be_bytes();
    all.push([&plain[..12], &[0x88, 0x64, 0x11, 0, 0, 1], &length, &[0, 0x21], packet].concat());
    send(far, &all);
    let (out, _, _) = sniff.end();
    let shown = packets(&out);
    assert_eq!(shown.iter().map(transaction).collect::<Vec<_>>(), [1, 2, 0, 0, 0, 0]);
    assert_eq!(shown[0]["link"]["vlans"], serde_json::json!([7]));
    assert_eq!(shown[1]["link"]["vlans"], serde_json::json!([100, 200]));
    assert_eq!(shown[3]["layers"], serde_json::json!(["ethernet", "ipv4", "ipv4", "udp"]));
    // Every piece was kept: the fragment that made nothing whole, too.
    assert_eq!(transactions(&decoded(&file).0), [1, 2, 0, 0, 0, 0]);
}

/// A frame's packet in two fragments.
fn fragments(frame: &[u8]) -> [Vec<u8>; 2] {
    let (head, payload) = frame[14..].split_at(20);
    let (first, second) = payload.split_at(160);
    [(first, 0x2000_u16, 0_u16), (second, 0, 20)].map(|(part, more, offset)| {
        let mut header = head.to_vec();
        header[2..4].copy_from_slice(&u16::try_from(part.len() + 20).unwrap().to_be_bytes());
        header[4..6].copy_from_slice(&[0x12, 0x34]);
        header[6..8].copy_from_slice(&(more | offset).to_be_bytes());
        [&frame[..14], &header, part].concat()
    })
}

/// An IPv4 packet of another protocol around `payload`.
fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    let header = [0x45, 0, high, low, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 1, 1, 1, 10, 2, 2, 2];
    let ethernet = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 8, 0];
    [&ethernet[..], &header, payload].concat()
}

fn the_kernel_passes_nothing_else(far: &mut BatchSocket) {
    let sniff = Sniff::start(&["eth0", "--json"]);
    let tcp = outer(6, &[0; 200]);
    let dns = outer(17, &[&[0, 53, 0xc0, 0, 0, 208, 0, 0][..], &[0; 200]].concat());
    let echo = outer(1, &[8, 0, 0, 0, 0, 0, 0, 0]);
    for _ in 0..100 {
        send(far, &[&tcp, &dns, &echo]);
    }
    send(far, &frames(0..1));
    let (out, err, _) = sniff.end();
    assert_eq!(transactions(&out), [0]);
    assert!(err[0].starts_with("1 received, 1 DHCP, 1 shown;"), "{err:?}");
}

fn ends_well_and_has_no_rights(far: &mut BatchSocket) {
    for name in ["TERM", "INT"] {
        let sniff = Sniff::start(&["eth0", "--json"]);
        let status = fs::read_to_string(format!("/proc/{}/status", sniff.child.id())).unwrap();
        let field = |key: &str| {
            status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned()
        };
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(field(set), "0000000000000000", "{set}");
        }
        assert_eq!(field("NoNewPrivs:"), "1");
        assert_eq!(field("Seccomp:"), "2");
        send(far, &frames(0..50));
        sniff.signal(name);
        let mut sniff = sniff;
        let (out, err, status) = sniff.wait();
        assert!(status.success());
        assert_eq!(transactions(&out).len(), 50);
        assert!(err[0].starts_with("50 received, 50 DHCP, 50 shown;"), "{err:?}");
    }
}

fn selects_like_decode(far: &mut BatchSocket) {
    let sniff = Sniff::start(&["eth0", "--json", "--type", "offer", "--filter", "udp src port 67"]);
    send(far, &frames(0..40));
    let (out, err, _) = sniff.end();
    assert_eq!(transactions(&out), (0..40).filter(|number| number % 4 == 1).collect::<Vec<_>>());
    assert!(err[0].starts_with("40 received, 20 DHCP, 10 shown;"), "{err:?}");
    let sniff = Sniff::start(&["eth0", "--time", "local"]);
    send(far, &frames(0..1));
    let (out, _, _) = sniff.end();
    assert!(out.contains("DISCOVER") || out.contains("discover"), "{out}");
}

fn stops_by_itself(far: &mut BatchSocket) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.pcap");
    let mut sniff = Sniff::start(&["eth0", "--json", "--count", "7", "--write", text(&file), "--write-only"]);
    send(far, &frames(0..40));
    let (out, _, status) = sniff.wait();
    assert!(status.success());
    assert_eq!(out, "");
    assert_eq!(transactions(&decoded(&file).0), (0..7).collect::<Vec<_>>());
    let output = Command::new(PROGRAM).args(["sniff", "eth0", "--duration", "50ms"]).output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout.is_empty());
}

fn files_rotate(far: &mut BatchSocket) {
    let folder = tempfile::tempdir().unwrap();
    let pattern = folder.path().join("row.pcapng");
    let sniff =
        Sniff::start(&["eth0", "--json", "--write", text(&pattern), "--rotate-size", "10k", "--keep", "3"]);
    send(far, &frames(0..500));
    let (out, _, status) = sniff.end();
    assert!(status.success());
    assert_eq!(transactions(&out).len(), 500);
    let left = files(folder.path());
    assert_eq!(left.len(), 3, "{left:?}");
    let kept: Vec<u32> = left.iter().flat_map(|file| transactions(&decoded(file).0)).collect();
    assert!(kept.len() > 30, "{} kept", kept.len());
    assert_eq!(kept, (500 - u32::try_from(kept.len()).unwrap()..500).collect::<Vec<_>>());
    assert!(left.iter().all(|file| fs::metadata(file).unwrap().len() <= 10_000));
}

fn losses_are_what_was_lost(far: &mut BatchSocket) {
    let mut sniff = Sniff::start(&["eth0", "--json"]);
    // A program that stands still, and more frames than its ring holds.
    sniff.signal("STOP");
    let some = frames(0..1000);
    let sent = 300_000;
    for _ in 0..sent / 1000 {
        send(far, &some);
    }
    sniff.signal("CONT");
    let reader = std::thread::spawn({
        let mut out = std::mem::replace(&mut sniff.out, BufReader::new(empty_pipe()));
        move || {
            let mut lines = 0;
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).unwrap() > 0 {
                lines += 1;
                line.clear();
            }
            lines
        }
    });
    sniff.signal("TERM");
    let (_, err, status) = sniff.wait();
    let shown: u64 = reader.join().unwrap();
    assert!(status.success(), "{status:?} {err:?}");
    assert!(err.iter().any(|line| line.contains("packets are being lost")), "{err:?}");
    let numbers: Vec<u64> =
        err.last().unwrap().split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [received, found, told, kernel, interface] = numbers[..] else { panic!("{err:?}") };
    assert_eq!((received, found, told), (shown, shown, shown));
    assert!(kernel > 0);
    assert_eq!(received + kernel + interface, sent);
}

/// Standard output of a program that says nothing.
fn empty_pipe() -> ChildStdout {
    let mut child = Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    let out = child.stdout.take().unwrap();
    child.wait().unwrap();
    out
}

fn a_host_name_cannot_reach_the_terminal(far: &mut BatchSocket) {
    for end in ["eth0", "far0"] {
        let jumbo = link_header(index_of(end), 0, 0).with(4, &9000_u32.to_ne_bytes());
        Netlink::open().unwrap().change(kind::NEW_LINK, 0, jumbo.bytes()).unwrap();
    }
    let hostile = b"\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\xe2\x80\xae\x7f\x00";
    let mut message = cable::message(0);
    message.set_option(12, hostile);
    let mut crowded = cable::message(4);
    for code in 0..1500_u16 {
        message_option(&mut crowded, u8::try_from(code % 200 + 1).unwrap());
    }
    let crowded = cable::frame(&crowded, &[]);
    for view in [&["--color", "always"][..], &["-v"], &["-vv"], &["--json"]] {
        let sniff = Sniff::start(&[&["eth0"], view].concat());
        send(far, &[cable::frame(&message, &[]), crowded.clone()]);
        let (out, _, status) = sniff.end();
        assert!(status.success());
        let plain = out.replace("\x1b[0m", "");
        let stripped = strip_colours(&plain);
        assert!(stripped.contains("owned"), "{view:?}: {stripped}");
        assert!(
            stripped.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'),
            "{view:?}: {stripped:?}"
        );
    }
}

fn message_option(message: &mut dhcptool::wire::v4::Message, code: u8) {
    message.items.insert(0, dhcptool::wire::v4::Item::Option { code, data: vec![code] });
}

/// Takes out the colour sequences that the program writes itself.
fn strip_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        out.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(after.len());
        assert_eq!(after.as_bytes().get(end), Some(&b'm'), "{text:?}");
        rest = after.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn a_closed_pipe_ends_it(_: &mut BatchSocket) {
    let mut sniff = Sniff::start(&["eth0"]);
    drop(std::mem::replace(&mut sniff.out, BufReader::new(empty_pipe())));
    let (_, err, status) = sniff.wait();
    assert!(status.success());
    assert_eq!(err, Vec::<String>::new());
}

fn interfaces_vanish_and_come_back(far: &mut BatchSocket) {
    let mut sniff = Sniff::start(&["eth0", "--json"]);
    send(far, &frames(0..1));
    assert_eq!(transaction(&sniff.packet()), 0);

    let mut netlink = Netlink::open().unwrap();
    let index = index_of("eth0");
    netlink.change(kind::NEW_LINK, 0, link_header(index, 0, 1).bytes()).unwrap();
    assert_eq!(sniff.said(), "warning: eth0 went down; waiting for it to come up");
    netlink.change(kind::NEW_LINK, 0, link_header(index, 1, 1).bytes()).unwrap();
    assert_eq!(sniff.said(), "warning: eth0 is back");
    send_when_carried(far, 1..2);
    assert_eq!(transaction(&sniff.packet()), 1);

    netlink.change(kind::DEL_LINK, 0, link_header(index, 0, 0).bytes()).unwrap();
    let gone = loop {
        let said = sniff.said();
        if !said.contains("went down") {
            break said;
        }
    };
    assert_eq!(gone, "warning: eth0 vanished; waiting for it to come back");
    cable::lay().unwrap();
    assert_eq!(sniff.said(), "warning: eth0 is back");
    *far = cable::far_end().unwrap();
    send_when_carried(far, 2..3);
    assert_eq!(transaction(&sniff.packet()), 2);
    let (_, err, status) = sniff.end();
    assert!(status.success());
    assert!(err[0].starts_with("3 received, 3 DHCP, 3 shown;"), "{err:?}");
}

fn interfaces_that_come_later_are_heard(far: &mut BatchSocket) {
    let mut netlink = Netlink::open().unwrap();
    let mut remove = || {
        let index = index_of("eth0");
        netlink.change(kind::DEL_LINK, 0, link_header(index, 0, 0).bytes()).unwrap();
    };
    remove();
    // No name, and nothing but lo is up.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.pcapng");
    let mut sniff = Sniff::start(&["--json", "--ip", "255.255.255.255", "--write", text(&file)]);
    // Later rounds find their names known.
    for round in 0..4 {
        cable::lay().unwrap();
        let mut said: BTreeSet<String> = BTreeSet::new();
        while !["eth0", "far0"].iter().all(|name| said.iter().any(|line| line.contains(name))) {
            let line = sniff.said();
            assert!(line.ends_with("is back") || line.ends_with("came up; listening on it, too"), "{line}");
            said.insert(line);
        }
        *far = cable::far_end().unwrap();
        send_when_carried(far, round..round + 1);
        let mut shown = [sniff.packet(), sniff.packet()];
        shown.sort_by_key(|packet| packet["interface"].to_string());
        assert_eq!([&shown[0]["interface"], &shown[1]["interface"]], ["eth0", "far0"]);
        assert_eq!([transaction(&shown[0]), transaction(&shown[1])], [round; 2]);
        if round < 3 {
            remove();
            let gone: BTreeSet<String> = std::iter::repeat_with(|| sniff.said())
                .filter(|line| line.contains("vanished"))
                .take(2)
                .collect();
            assert_eq!(gone.len(), 2, "{gone:?}");
        }
    }
    let (_, err, status) = sniff.end();
    assert!(status.success(), "{err:?}");
    assert_eq!(decoded(&file).0.lines().count(), 8);
}

fn index_of(name: &str) -> u32 {
    iface::interfaces().unwrap().into_iter().find(|interface| interface.name == name).unwrap().index
}

fn several_interfaces_in_the_order_of_time(far: &mut BatchSocket) {
    // No name: lo, eth0 and far0 are up.
    let sniff = Sniff::start(&["--json"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let payload = cable::message(5).encode();
    for number in 0..20 {
        send(far, &frames(number..number + 1));
        socket.send_to(&payload, "127.0.0.1:67").unwrap();
    }
    let (out, _, _) = sniff.end();
    let shown = packets(&out);
    let names: BTreeSet<&str> = shown.iter().map(|packet| packet["interface"].as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["eth0", "far0", "lo"]));
    let count = |name: &str| shown.iter().filter(|packet| packet["interface"] == name).count();
    assert_eq!(count("eth0"), 20);
    assert_eq!(count("far0"), 20);
    // The kernel may answer with an error that quotes the message.
    assert!(count("lo") >= 20);
    let numbers: Vec<u64> = shown.iter().map(|packet| packet["number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted());
}

fn a_killed_process_leaves_all_it_has_shown(far: &mut BatchSocket) {
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..100 {
        let rotated = round % 3 == 2;
        let name = ["a.pcapng", "b.pcap", "c.pcapng"][round % 3];
        let here = folder.path().join(format!("{round}"));
        fs::create_dir(&here).unwrap();
        let file = here.join(name);
        let mut arguments = vec!["eth0", "--json", "--write", text(&file)];
        if rotated {
            arguments.extend(["--rotate-size", "20k"]);
        }
        let mut sniff = Sniff::start(&arguments);
        // A moment that is random in what has been sent, shown and written.
        let some = frames(0..random.u32(1..400));
        send(far, &some);
        for _ in 0..random.usize(1..=some.len()) {
            sniff.packet();
        }
        let more = frames(400..400 + random.u32(0..300));
        send(far, &more);
        sniff.child.kill().unwrap();
        sniff.child.wait().unwrap();
        let mut rest = String::new();
        sniff.out.read_to_string(&mut rest).unwrap();
        let shown = rest.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let shown: BTreeSet<u32> = shown.map(|packet| transaction(&packet)).collect();
        let mut kept = BTreeSet::new();
        for file in files(&here) {
            let (lines, status) = decoded(&file);
            assert!(status.success(), "round {round}: {}", file.display());
            kept.extend(transactions(&lines));
        }
        assert!(kept.is_superset(&shown), "round {round}: {:?}", shown.difference(&kept));
    }
}

/// What a process that gave up its rights and confined itself can still do; it says so on standard output.
fn confined(folder: &Path) {
    let inside = folder.join("inside");
    let mut kept = fs::File::create_new(folder.join("kept")).unwrap();
    fs::create_dir(&inside).unwrap();
    let there = inside.join("there");
    fs::write(&there, "secret").unwrap();
    privilege::drop_capabilities().unwrap();
    let confined = sandbox::enter(&Needs { create_in: vec![inside.clone()], ..Needs::default() }).unwrap();
    println!("seccomp {} landlock {}", confined.seccomp, confined.landlock);
    println!("write {}", kept.write_all(b"x").is_ok());
    println!("open {}", fs::File::open("/etc/passwd").is_ok());
    println!("open what is there {}", fs::File::open(&there).is_ok());
    println!("overwrite what is there {}", fs::File::create(&there).is_ok());
    let create = |path: PathBuf| fs::File::options().write(true).create_new(true).open(path).is_ok();
    println!("create elsewhere {}", create(folder.join("new")));
    println!("create {}", create(inside.join("new")));
    println!("remove {}", fs::remove_file(inside.join("new")).is_ok());
    println!("remove elsewhere {}", fs::remove_file(folder.join("kept")).is_ok());
    println!("run {}", Command::new("true").status().is_ok());
    println!(
        "connect {}",
        std::net::TcpStream::connect("127.0.0.1:1")
            .is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    );
    println!("udp {}", UdpSocket::bind("127.0.0.1:0").is_ok());
    println!("thread {}", std::thread::spawn(|| fs::File::open("/etc/passwd").is_err()).join().unwrap());
    println!("interfaces {}", iface::interfaces().is_ok());
}

fn a_confined_process_opens_nothing(_: &mut BatchSocket) {
    let folder = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).arg("--confined").arg(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let want = "seccomp true landlock true\nwrite true\nopen false\nopen what is there false\n\
        overwrite what is there false\ncreate elsewhere false\ncreate true\nremove true\nremove elsewhere false\n\
        run false\nconnect false\nudp false\nthread true\ninterfaces true\n";
    assert_eq!(said, want, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
}

fn what_cannot_run_says_why(_: &mut BatchSocket) {
    let run = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).arg("sniff").args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["eth7"]);
    assert_eq!(code, 3);
    assert!(said.starts_with("dhcptool: no interface is called eth7; there is: "), "{said}");
    assert_eq!(run(&["eth0", "--keep", "3", "--write", "x"]).0, 2);
    assert_eq!(run(&["eth0", "--rotate-size", "1M"]).0, 2);
    assert_eq!(run(&["eth0", "--write", "-", "--rotate-size", "1M"]).0, 2);
    assert_eq!(run(&["eth0", "--filter", "udp prt 67"]).0, 2);
    let (code, said) = run(&["eth0", "--write", "/no/such/folder/x.pcap"]);
    assert_eq!(code, 3);
    assert!(said.contains("/no/such/folder/x.pcap"), "{said}");
    let (code, said) = run(&["eth0", "--user", "no such user"]);
    assert_eq!(code, 3);
    assert!(said.contains("there is no such user"), "{said}");
}
