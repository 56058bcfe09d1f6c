//! What a person sees: `decode` on terminals of 80 and 140 columns, with and without colour.
//! `BLESS=1 cargo test --test it screens` writes the pictures anew.

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the binary on a terminal of so many columns, and reads the screen. None, said aloud, where there is no `script`.
fn screen(columns: usize, args: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_dhcptool");
    let out = Command::new("script")
        .args(["-qec", &format!("stty rows 40 cols {columns}; exec '{program}' {args}"), "/dev/null"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures"))
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output();
    match out {
        Ok(out) => Some(String::from_utf8(out.stdout).unwrap().replace("\r\n", "\n")),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "script (of bsdutils) is missing: {error}");
            eprintln!("skipped: no `script` to open a terminal with: {error}");
            None
        }
    }
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
            let name = format!("tests/data/screens/decode-{columns}-{color}.txt");
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &found).unwrap();
            }
            let wanted = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(wanted == found, "{}\n--- wanted\n{wanted}\n--- found\n{found}", path.display());
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
