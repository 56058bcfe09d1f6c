//! What a person sees on terminals of 80 and 140 columns, with and without colour.
//! `BLESS=1 cargo test --test it screens` writes the pictures anew.

use std::path::Path;
use std::process::Command;

use crate::support::vt::on_terminal;

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
