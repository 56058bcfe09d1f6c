//! Completion as the shells do it: each reads the script that the program prints and asks for what a person began to type.

use std::path::Path;
use std::process::Command;

use crate::support::lab::{PROGRAM, skip};

/// What was typed, its last word begun, and what must be among the candidates.
const CASES: [(&str, &str); 12] = [
    ("dec", "decode"),
    ("decode --transact", "--transactions"),
    ("decode dhcp.p", "dhcp.pcap"),
    ("decode --write eccouncil-D", "eccouncil-DHCP.pcapng"),
    ("discover l", "lo"),
    ("send -o host-n", "host-name="),
    ("options circuit", ""),
    ("decode --type discov", "discover"),
    ("request --state init", "init-reboot"),
    ("lab --fault pool-em", "pool-empty"),
    ("explain pool-exh", "pool-exhausted"),
    ("decode --problem option-trunc", "option-truncated"),
];

/// Runs `program` on `text` in the folder of captures, with the program first in its path; `None`, said aloud, without it.
fn shell(program: &str, flags: &[&str], text: &str) -> Option<String> {
    let bin = Path::new(PROGRAM).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new(program)
        .args(flags)
        .arg(text)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures"))
        .env("PATH", format!("{bin}:{path}"))
        .env("HOME", std::env::temp_dir())
        .output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{program}: {text}\n{output:?}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            skip(&format!("{program} is not installed (tests/setup installs it): {error}"));
            None
        }
    }
}

/// Holds the candidates of `program` against what is wanted; `ask` makes the shell's command of what was typed.
fn hold(program: &str, flags: &[&str], ask: impl Fn(&[&str]) -> String) {
    for (typed, wanted) in CASES {
        let words: Vec<&str> = std::iter::once("dhcptool").chain(typed.split(' ')).collect();
        let Some(found) = shell(program, flags, &ask(&words)) else { return };
        let candidates: Vec<&str> =
            found.lines().map(|line| line.split(['\t', ':']).next().unwrap()).collect();
        if wanted.is_empty() {
            // A part of a name is what the command takes; there is nothing to go on with.
            assert!(candidates.iter().all(|one| one.is_empty()), "{program}: {typed}: {candidates:?}");
        } else {
            assert!(candidates.contains(&wanted), "{program}: {typed}: {candidates:?}");
            assert!(candidates.len() < 8, "{program}: {typed}: {candidates:?}");
        }
    }
}

#[test]
fn bash_completes() {
    hold("bash", &["--norc", "-c"], |words| {
        format!(
            "source <(dhcptool completions bash); COMP_WORDS=({line}); COMP_CWORD={}; COMP_TYPE=9
             COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
             _clap_complete_dhcptool dhcptool '{}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.len() - 1,
            words.last().unwrap(),
            line = words.join(" "),
        )
    });
}

/// Bash takes what stands around = and : for words of their own; what is completed is the last of them.
#[test]
fn bash_completes_behind_what_parts_words() {
    for (line, pieces, last, wanted) in [
        ("dhcptool decode --type=disc", "dhcptool decode --type = disc", "disc", "discover"),
        ("dhcptool decode --type=", "dhcptool decode --type =", "", "offer"),
        (
            "dhcptool send -o dhcp-message-type=disc",
            "dhcptool send -o dhcp-message-type = disc",
            "disc",
            "discover",
        ),
        (
            "dhcptool discover --mac 02:00:00:00:00:05 l",
            "dhcptool discover --mac 02 : 00 : 00 : 00 : 00 : 05 l",
            "l",
            "lo",
        ),
        ("dhcptool  discover  --expect  host-n", "dhcptool discover --expect host-n", "host-n", "host-name="),
    ] {
        let number = pieces.split(' ').count() - 1;
        let script = format!(
            "source <(dhcptool completions bash); COMP_WORDS=({pieces}); COMP_CWORD={number}; COMP_TYPE=9
             COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
             _clap_complete_dhcptool dhcptool '{last}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let Some(found) = shell("bash", &["--norc", "-c"], &script) else { return };
        assert!(found.lines().any(|one| one == wanted), "{line}: {found}");
    }
}

#[test]
fn zsh_completes() {
    // `_describe` is what would show them.
    hold("zsh", &["-f", "-c"], |words| {
        format!(
            "compdef() {{ : }}; _describe() {{ print -rl -- ${{(P)3}} }}; source <(dhcptool completions zsh)
             words=({}); CURRENT={}; _clap_dynamic_completer_dhcptool; true",
            words.join(" "),
            words.len(),
        )
    });
}

#[test]
fn fish_completes() {
    hold("fish", &["--no-config", "-c"], |words| {
        format!("dhcptool completions fish | source; complete -C '{}'", words.join(" "))
    });
}
