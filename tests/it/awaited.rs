//! What a person sees while a command works: rows as they come, and at the foot what is awaited and how long still. On a
//! screen where rows and the status line meet, neither touches the other.

use regex_lite::Regex;

use crate::support::lab::{PROGRAM, lab};
use crate::support::vt::{Seen, on_terminal};

/// Lines that say what is awaited, and how far it is.
const STATUS: &str = r"^(waiting for |listening, |watching, |trying |\d+ begun|\d+ s more: )";

fn is_status(line: &str) -> bool {
    Regex::new(STATUS).unwrap().is_match(line)
}

/// What was seen of a command in a lab: the status is never left behind, never above a row, and every row is one of `rows`.
fn seen(columns: usize, lab: &str, command: &str, rows: &[&str]) -> Option<Seen> {
    let seen = on_terminal(columns, &format!("dhcptool lab {lab} -- {command}"))?;
    let known: Vec<Regex> = rows.iter().map(|row| Regex::new(row).unwrap()).collect();
    assert!(seen.wrapped.is_empty(), "{command}: {:?}", seen.wrapped);
    for line in seen.last() {
        let is_known = line.is_empty() || known.iter().any(|row| row.is_match(line));
        assert!(is_known, "{command}: a row that nobody wrote: {line:?}\n{}", seen.last().join("\n"));
    }
    for rows in &seen.states {
        let mut shown: Vec<&String> = rows.iter().filter(|row| !row.is_empty()).collect();
        shown.pop();
        let left = shown.into_iter().find(|row| is_status(row));
        assert!(left.is_none(), "{command}: the status was left behind: {left:?}\n{}", rows.join("\n"));
    }
    Some(seen)
}

/// Every line of a block, of a table, and what notes say.
const BLOCK: [&str; 9] = [
    r"^(OFFER|ACK|ADVERTISE|REPLY|ROUTER) (from )?[0-9a-f.:]+$",
    r"^  [A-Za-z]",
    // What a sentence that is too long ends with.
    r"^  [0-9a-f.:]+$",
    r"^ {16}",
    r"^(warning|note|error) ",
    r"^ {9}",
    r"^\d+ offers?[ ,]",
    r"^sent \d+",
    r"^offer after ",
];

#[test]
fn offers_appear_as_they_come() {
    let lab = "--servers 2 --slow-check";
    let Some(seen) = seen(
        80,
        lab,
        "dhcptool discover --wait 3s",
        &[&BLOCK[..], &["^The servers differ in$", r"^ +10\.", r"^[a-z-]+ +[0-9a-z.]"]].concat(),
    ) else {
        return;
    };
    let waits = seen.status_lines(is_status);
    let first =
        Regex::new(r"^waiting for offers, [23] s more: asked (once|\d times), no answer yet$").unwrap();
    assert!(waits.iter().any(|line| first.is_match(line)), "{waits:?}");
    let last =
        Regex::new(r"^waiting for offers, [12] s more: asked .*, 2 answers, the last from 10\.0\.0\.\d$")
            .unwrap();
    assert!(waits.iter().any(|line| last.is_match(line)), "{waits:?}");
    // There was a screen with offers on it and the wait still going on below them.
    let both = |rows: &Vec<String>| {
        rows.iter().any(|row| row.starts_with("OFFER from")) && rows.iter().any(|row| is_status(row))
    };
    assert!(seen.states.iter().any(both), "{}", seen.raw);
    assert!(seen.last().iter().filter(|row| row.contains("latency")).count() == 2, "{}", seen.raw);
}

#[test]
fn servers_and_routers_appear_as_they_come() {
    let Some(seen) = seen(80, "", "dhcptool discover -6 --wait 2s", &BLOCK) else { return };
    let waits = seen.status_lines(is_status);
    assert!(
        waits.iter().any(|line| line.starts_with("waiting for servers and routers, 1 s more: ")),
        "{waits:?}"
    );
    assert!(seen.last().iter().any(|row| row.starts_with("ADVERTISE from")), "{}", seen.raw);
}

#[test]
fn a_request_says_what_it_waits_for() {
    let rows = [&BLOCK[..], &["^to give 10", "^  dhcptool release"]].concat();
    let Some(seen) = seen(80, "--slow-check", "dhcptool request", &rows) else { return };
    let waits = seen.status_lines(is_status);
    let wait =
        Regex::new(r"^waiting for an answer, (9|10) s more at most: asked once, no answer yet$").unwrap();
    assert!(waits.iter().any(|line| wait.is_match(line)), "{waits:?}");
}

#[test]
fn a_look_for_rogues_says_how_long_it_takes() {
    let rows = [
        r"^(unjudged|allowed|rogue) ",
        r"^ {10}",
        r"^\d+ servers?",
        r"^warning: ",
        r"^ {9}",
        r"^  ",
        r"^\d+ unjudged",
    ];
    let Some(seen) = seen(80, "", "dhcptool rogue --wait 3s", &rows) else { return };
    let waits = seen.status_lines(is_status);
    let wait = Regex::new(r"^listening, [123] s more: \d+ servers?, \d+ messages?").unwrap();
    assert!(waits.iter().filter(|line| wait.is_match(line)).count() >= 2, "{waits:?}");
}

#[test]
fn a_watch_says_when_it_asks_again_and_what_is_there() {
    let rows = [
        r"^(unjudged|new|allowed|rogue|gone) ",
        r"^warning: nobody can be called a rogue: ",
        r"^ {2}",
        r"^watching eth0$",
        r"^\d+ servers? there",
        r"^20\d\d-",
    ];
    let command = "timeout -s INT 4 dhcptool rogue -4 --watch --interval 30s --wait 1s";
    let Some(seen) = seen(80, "--servers 2", command, &rows) else { return };
    let waits = seen.status_lines(is_status);
    let asking = Regex::new(r"^watching, asking: \d servers?, \d+ messages?, \d changes?$").unwrap();
    let waiting =
        Regex::new(r"^watching, asking again in \d+ s: 2 servers, \d+ messages, 2 changes$").unwrap();
    for wanted in [asking, waiting] {
        assert!(waits.iter().any(|line| wanted.is_match(line)), "{waits:?}");
    }
}

/// Rows of handshakes, and the report.
const HANDSHAKES: [&str; 6] = [
    r"^02:[0-9a-f:]{14}  10\.[0-9.]+ +10\.0\.0\.1  offer .* ms  total .* ms",
    r"^--- eth0 handshakes ---$",
    r"^(\d+ attempts|messages: |leases: |failed: |milliseconds|offer|ack|total|scheduled|sustains|no rate)",
    r"^ +(min|\d)",
    r"^  ",
    r"µs of processor time",
];

#[test]
fn rows_of_handshakes_and_their_progress_never_touch() {
    let Some(seen) = seen(80, "", "dhcptool handshake --count 30 --interval 50ms", &HANDSHAKES) else {
        return;
    };
    let rows = seen.last().iter().filter(|row| row.starts_with("02:")).count();
    assert_eq!(rows, 30, "{}", seen.last().join("\n"));
    let waits = seen.status_lines(is_status);
    assert!(waits.iter().any(|line| line.contains(" begun, ") && line.contains("under way")), "{waits:?}");
}

#[test]
fn a_search_says_which_rate_it_tries_and_how_long_still() {
    let command = "dhcptool handshake --find-rate --rate 100 --duration 1s --clients 20";
    let rows = [&HANDSHAKES[..], &[r"^ +\d+\.\d/s  p99 ", "^each rate is tried for "]].concat();
    let Some(seen) = seen(80, "", command, &rows) else { return };
    let waits = seen.status_lines(is_status);
    assert!(waits.iter().any(|line| line.starts_with("trying 50/s, 1 s more: ")), "{waits:?}");
}

#[test]
fn a_reader_on_the_same_screen_never_meets_the_status() {
    // `cat` writes rows to this very screen, whenever it comes to it.
    let rows = [&BLOCK[..], &HANDSHAKES[..], &[r"^02:[0-9a-f:]{14}  10\.[0-9.]+ +from 10\.0\.0\.1"]].concat();
    let command = "sh -c 'dhcptool handshake --count 20 --interval 50ms | cat'";
    let Some(shown) = seen(140, "", command, &rows) else { return };
    assert_eq!(shown.last().iter().filter(|row| row.starts_with("02:")).count(), 20, "{}", shown.raw);
    // Whoever waits for the first offer is told so; what comes then stays untouched.
    let Some(shown) = seen(140, "--slow-check", "sh -c 'dhcptool discover --wait 2s | cat'", &rows) else {
        return;
    };
    assert!(!shown.status_lines(is_status).is_empty(), "{}", shown.raw);
    let Some(seen) = seen(
        140,
        "",
        "sh -c 'dhcptool handshake --count 50 --interval 20ms | head -n 3'",
        &[HANDSHAKES[0], r"from 10\.0\.0\.1"],
    ) else {
        return;
    };
    assert_eq!(seen.last().iter().filter(|row| row.starts_with("02:")).count(), 3, "{}", seen.raw);
}

#[test]
fn what_live_commands_say_fits_the_screen() {
    let many = "--servers 3 --rogue --slow-check";
    for (lab, command) in [
        ("", "discover -v --wait 500ms"),
        (many, "discover --wait 2s"),
        ("", "discover -6 -v --wait 1s"),
        ("", "request -v --release"),
        ("", "request -6 --ia-na --ia-pd"),
        (many, "rogue --wait 2s --allow 10.0.0.1 --allow duid=00030001020000000001"),
        ("", "handshake --count 5 --interval 10ms"),
        ("--silent", "discover --wait 300ms"),
        ("", "send --type discover -o host-name=printer --expect offer -v"),
        ("", "inform --ip 10.0.0.9 -v"),
        ("", "interfaces"),
    ] {
        let Some(seen) = on_terminal(80, &format!("dhcptool lab {lab} -- dhcptool {command}")) else {
            return;
        };
        assert!(seen.wrapped.is_empty(), "{command}: {:?}", seen.wrapped);
        assert!(seen.last().iter().filter(|row| !row.is_empty()).count() > 1, "{command}: {}", seen.raw);
    }
}

/// What waits for an answer, bounded so that nobody waits long.
const WAITING: [&str; 11] = [
    "diff server:10.0.0.1%eth0 server:10.0.0.2%eth0",
    "discover eth0 --wait 2s",
    "discover -6 eth0 --wait 2s",
    "request eth0 --timeout 1500ms --retries 0",
    "request -6 eth0 --timeout 1500ms --retries 0",
    "inform eth0 --ip 10.0.0.9 --timeout 1500ms --retries 0",
    "inform -6 eth0 --timeout 1500ms --retries 0",
    "rogue eth0 --wait 2s",
    "rogue -6 eth0 --wait 2s",
    "handshake eth0 -c 1 --timeout 1500ms --retries 0",
    "handshake -6 eth0 -c 1 --timeout 1500ms --retries 0",
];

/// Standard output, and the lines of standard error that say what is awaited.
fn piped(flags: &str, line: &str) -> Option<(String, Vec<String>)> {
    let words: Vec<&str> = [PROGRAM].into_iter().chain(line.split(' ')).collect();
    let output = lab(flags, &words)?;
    let err = String::from_utf8(output.stderr).unwrap();
    let waits = err.lines().filter(|line| is_status(line)).map(str::to_owned).collect();
    Some((String::from_utf8(output.stdout).unwrap(), waits))
}

#[test]
fn into_a_pipe_it_is_said_once_that_nobody_answers() {
    let said = Regex::new(
        r"^(waiting for [a-z ]+|listening), \d s more( at most)?: .*(no answer|none completed|0 messages)",
    )
    .unwrap();
    for line in WAITING {
        let Some((out, waits)) = piped("--silent", line) else { return };
        assert!(waits.len() == 1 && said.is_match(&waits[0]), "{line}: {waits:?}");
        assert!(!out.lines().any(is_status), "{line}: {out}");
    }
    // Who wants JSON has it pure, and who wants quiet has that.
    for line in WAITING {
        let (out, waits) = piped("--silent", &format!("{line} --json -q")).unwrap();
        assert!(waits.is_empty(), "{line}: {waits:?}");
        for line in out.lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
        }
    }
    let (_, waits) = piped("--silent", "discover eth0 --wait 2s --nagios").unwrap();
    assert!(waits.is_empty(), "{waits:?}");
}

#[test]
fn into_a_pipe_nothing_is_said_where_somebody_answers() {
    for line in ["discover eth0 --wait 1500ms", "discover -6 eth0 --wait 1500ms", "rogue eth0 --wait 1500ms"]
    {
        let Some((_, waits)) = piped("", line) else { return };
        assert!(waits.is_empty(), "{line}: {waits:?}");
    }
}
