//! What a person sees on terminals of 80 and 140 columns, with and without colour.
//! `BLESS=1 cargo test --test it screens` writes the pictures anew.

use std::path::Path;
use std::process::Command;

use crate::support::vt::on_terminal;
#[cfg(feature = "live")]
use regex_lite::{Captures, Regex};

#[cfg(feature = "live")]
use crate::{golden::steady, support::vt::resized};

/// Runs the binary on a terminal of so many columns, and takes what it wrote. None, said aloud, where there is no `script`.
fn screen(columns: usize, args: &str) -> Option<String> {
    Some(on_terminal(columns, &format!("exec dhcptool {args}"))?.raw.replace("\r\n", "\n"))
}

/// The columns of a line: its characters, colours apart.
fn width(line: &str) -> usize {
    let mut inside = false;
    line.chars()
        .filter(|c| {
            let shown = !inside && *c != '\u{1b}';
            inside = (inside && *c != 'm') || *c == '\u{1b}';
            shown
        })
        .count()
}

#[test]
fn lines_fit_the_terminal() {
    let captures = "eccouncil-DHCP.pcapng netbit-dhcp.pcap opt-cut-in-length.pcap escape-hostname.pcap";
    for columns in [80, 140] {
        for color in ["never", "always"] {
            let args = format!("decode --color {color} {captures}");
            let Some(found) = screen(columns, &args) else { return };
            for line in found.lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
            assert_eq!(found.contains("\u{1b}["), color == "always");
            hold(&format!("decode-{columns}-{color}"), &found);
        }
    }
}

#[test]
fn who_gives_an_address_is_named_however_narrow() {
    let captures = "eccouncil-DHCP.pcapng netbit-dhcp.pcap";
    let Some(found) = screen(80, &format!("decode --color never {captures}")) else { return };
    let given = found.lines().filter(|line| line.contains("  OFFER  ") || line.contains("  ACK  "));
    let (named, bare): (Vec<&str>, Vec<&str>) =
        given.partition(|line| [" from ", "  server "].iter().any(|word| line.contains(word)));
    assert!(bare.is_empty() && named.len() > 1, "{bare:?} {named:?}");
}

#[test]
fn what_is_wrong_is_told_before_who_gives_however_narrow() {
    let captures = "opt-cut-in-length.pcap escape-hostname.pcap";
    let Some(found) = screen(80, &format!("decode --color never {captures}")) else { return };
    let given: Vec<&str> =
        found.lines().filter(|line| line.contains("  OFFER  ") || line.contains("  ACK  ")).collect();
    assert!(given.len() == 4 && given.iter().all(|line| line.contains("  [")), "{given:?}");
}

/// Who says how wide it is gets text of that width from a pipe too; a packet has a line of its own there, with all it says.
#[test]
fn a_pipe_is_as_wide_as_the_environment_says() {
    let piped = |columns: Option<&str>, args: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
        command.args(args.split(' ')).env_remove("COLUMNS").envs(columns.map(|columns| ("COLUMNS", columns)));
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures"));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let page = "lab --faults";
    let widest = |text: &str| text.lines().map(width).max().unwrap_or(0);
    assert!(widest(&piped(Some("60"), page)) <= 60);
    assert!(widest(&piped(None, page)) > 80);
    assert_eq!(piped(Some("0"), page), piped(None, page));
    let lines = "decode -q eccouncil-DHCP.pcapng";
    assert_eq!(piped(Some("60"), lines), piped(None, lines));
}

/// Holds what was seen against a picture.
fn hold(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/screens/{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == found, "{}\n--- wanted\n{wanted}\n--- found\n{found}", path.display());
}

/// What is told in more than a line, and a line that is an error.
const PAGES: [&str; 9] = [
    "decode -v --number 1-2 eccouncil-DHCP.pcapng",
    "decode -vv --number 1 opt-cut-in-length.pcap",
    "decode --stats eccouncil-DHCP.pcapng netbit-dhcp.pcap",
    "decode --lint eccouncil-DHCP.pcapng netbit-dhcp.pcap",
    "options 82",
    "options 43",
    "explain pool-exhausted option-truncated",
    "lab --faults",
    "decode no-capture-of-this-name-is-here.pcap --strict --transactions --ladder --stats --lint --clients --max-open 1",
];

#[test]
fn every_page_fits_the_terminal() {
    for columns in [80, 140] {
        for color in ["never", "always"] {
            let mut all = String::new();
            for page in PAGES {
                let Some(found) = screen(columns, &format!("{page} --color {color}")) else { return };
                for line in found.lines() {
                    assert!(width(line) <= columns, "{columns}: {page}: {line}");
                }
                assert_eq!(found.contains("\u{1b}["), color == "always", "{page}");
                all.extend(["$ dhcptool ", page, "\n", found.as_str(), "\n"]);
            }
            hold(&format!("pages-{columns}-{color}"), &all);
        }
    }
}

/// Live commands, and the lab that each is run in.
#[cfg(feature = "live")]
const LIVE: [(&str, &str); 10] = [
    ("--servers 2", "discover --wait 700ms"),
    ("--servers 2 --pd off", "discover -6 --wait 700ms"),
    ("", "request"),
    ("--nak", "request"),
    ("", "request -6 --ia-na --ia-pd"),
    ("--silent", "request -6 --timeout 300ms --retries 0"),
    ("--servers 2 --pool-size 1", "rogue -4 --wait 1s --allow 10.0.0.1"),
    ("--servers 2 --pool-size 1 --pd off", "rogue -6 --wait 1s --allow duid=00030001020000000001"),
    ("", "handshake --count 3 --interval 10ms"),
    ("", "handshake -6 --count 3 --interval 10ms --ia-na --ia-pd"),
];

/// The screen that a live command leaves: blocks that come in any order by name, without what differs from run to run.
#[cfg(feature = "live")]
fn left(columns: usize, lab: &str, command: &str) -> Option<String> {
    let client = if command.starts_with("rogue") { "" } else { " --mac 02:00:00:00:05:01" };
    let seen = on_terminal(columns, &format!("dhcptool lab {lab} -- dhcptool {command}{client}"))?;
    assert!(seen.wrapped.is_empty(), "{columns}: {command}: {:?}", seen.wrapped);
    let text = steady(&seen.last().join("\n"));
    let text = Regex::new(r" \(\d+\.\d+ ms after request \d+\)").unwrap().replace_all(&text, "");
    let shown = Regex::new(r"sent \d+ messages").unwrap().replace_all(&text, "sent # messages");
    // Whether a server had to look for the client depends on what it remembers.
    let looked = Regex::new(r", of which # ms the server looked for the client(,\s+)?").unwrap();
    let text =
        looked.replace_all(&shown, |found: &Captures<'_>| if found.get(1).is_some() { ", " } else { "" });
    let (answers, rest): (Vec<&str>, Vec<&str>) = text.split("\n\n").partition(|block| {
        ["OFFER", "ADVERTISE", "REPLY", "ROUTER"].iter().any(|name| block.starts_with(name))
    });
    let mut answers = answers;
    answers.sort_unstable();
    Some([answers, rest].concat().join("\n\n"))
}

#[cfg(feature = "live")]
#[test]
fn what_live_commands_leave_on_the_screen() {
    for columns in [80, 140] {
        let mut all = String::new();
        for (lab, command) in LIVE {
            let Some(found) = left(columns, lab, command) else { return };
            all.extend(["$ dhcptool ", command, "\n", found.trim_end(), "\n\n"]);
        }
        hold(&format!("live-{columns}"), &all);
    }
}

#[cfg(feature = "live")]
#[test]
fn a_terminal_that_becomes_narrower_keeps_nothing_of_the_status() {
    // The status line of the wide terminal would be two rows of the narrow one.
    let (narrow, marker) = (40, resized(40).replace('\u{1b}', "\\033"));
    let lines = [
        "discover eth0 --wait 3s",
        "request eth0 --timeout 3s --retries 0",
        "discover -6 eth0 --wait 3s",
        "rogue eth0 --wait 3s",
        "rogue eth0 --watch --interval 30s --wait 1s",
        "handshake -6 eth0 --count 1 --timeout 3s --retries 0",
    ];
    for line in lines {
        let ends = if line.contains("--watch") { "timeout -s INT 4 " } else { "" };
        let resize = format!("(sleep 1.5; stty cols {narrow} </dev/tty; printf '{marker}' >/dev/tty) & ");
        let script = format!("dhcptool lab --silent -- sh -c \"{resize}{ends}dhcptool {line}; wait\"");
        let Some(seen) = on_terminal(100, &script) else { return };
        let last = seen.last();
        assert!(seen.wrapped.is_empty(), "{line}: {:?}", seen.wrapped);
        assert!(
            seen.states.iter().any(|rows| rows.iter().any(|row| row.chars().count() > narrow)),
            "{}",
            seen.raw
        );
        assert!(last.iter().all(|row| row.chars().count() <= narrow), "{line}: {last:?}");
        let is_rest =
            |row: &&String| row.contains("waiting for") || row.contains("listening") || row.contains("begun");
        assert!(!last.iter().any(|row| is_rest(&row)), "{line}: {last:?}");
        assert!(
            last.iter().filter(|row| row.contains("asked") || row.contains("there")).count() <= 1,
            "{last:?}"
        );
    }
}

#[test]
fn no_word_is_broken_where_lines_are_folded() {
    // The table of exchanges has other columns where there is room, and a dump longer rows.
    let folded = |page: &&str| !page.starts_with("decode --lint") && !page.starts_with("decode -vv");
    for page in PAGES.into_iter().filter(folded) {
        let words = |columns: usize| -> Option<Vec<String>> {
            let text = screen(columns, &format!("{page} --color never"))?;
            Some(text.split_whitespace().map(str::to_owned).collect())
        };
        // On a terminal that is wide enough nothing is folded: every word of the narrow one is there, too.
        let (Some(narrow), Some(wide)) = (words(80), words(400)) else { return };
        for word in narrow {
            assert!(wide.contains(&word), "{page}: {word:?} is no word");
        }
    }
}

#[test]
fn wide_and_pipes_leave_nothing_out() {
    let Some(wide) = screen(80, "decode --color never --wide eccouncil-DHCP.pcapng") else { return };
    let piped = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["decode", "eccouncil-DHCP.pcapng"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures"))
        .output()
        .unwrap();
    let piped = String::from_utf8(piped.stdout).unwrap();
    assert!(!piped.contains('…') && piped.contains("xid 0x"), "{piped}");
    assert!(wide.starts_with(&piped), "{wide}\n{piped}");
}
