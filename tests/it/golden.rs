//! What live commands say, word for word, against the embedded lab: a change of wording is seen in review. Measured times,
//! counts that a busy machine changes and addresses from the pool are replaced. `BLESS=1 cargo test --test it golden` writes
//! the texts anew.

use std::fs;
use std::path::Path;

use regex_lite::Regex;

use crate::support::lab::{PROGRAM, lab};

/// The text without what differs from run to run.
pub(crate) fn steady(text: &str) -> String {
    let rules = [
        (r"10\.(4|8)\.\d+\.\d+", "10.$1.x.x"),
        (r"10\.(4|8)\.x\.x +from", "10.$1.x.x  from"),
        (r" +\d+\.\d{3}( ms| s|\s|,|;)", " #$1"),
        (r" \d+\.\d+( ms| s|/s)", " #$1"),
        (r"asked (once|\d+ times)", "asked # times"),
        (r"\b\d+ (messages of|frames|OFFER|ACK|NAK|sent|received)\b", "# $1"),
        (r" and \d+ more", " and # more"),
        (r"  asked again \d+x", ""),
        // Said only where the schedule slipped, as on a busy machine.
        (r"(?m)^scheduled [ #.\d]*\n", ""),
    ];
    let replace = |text: String, (pattern, with): &(&str, &str)| {
        Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
    };
    rules.iter().fold(text.to_owned(), replace)
}

/// Runs a command in a lab and holds what it says against the file `name`.
fn hold(name: &str, flags: &str, command: &str, code: i32) {
    let words: Vec<&str> = ["dhcptool"].into_iter().chain(command.split_whitespace()).collect();
    let Some(output) = lab(flags, &words) else { return };
    assert_eq!(output.status.code(), Some(code), "{command}: {output:?}");
    let shown = |bytes: &[u8]| {
        steady(&String::from_utf8_lossy(bytes)).replace('\u{1b}', "\\e").replace(PROGRAM, "dhcptool")
    };
    let found = format!(
        "$ dhcptool {command}\n{}(standard error)\n{}(exit {code})\n",
        shown(&output.stdout),
        shown(&output.stderr)
    );
    let path = Path::new("tests/data/live").join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        return fs::write(path, found).unwrap();
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{name} differs; look at the change, then BLESS=1 cargo test --test it golden\n--- wanted\n{wanted}\n--- found\n{found}"
    );
}

const CLIENT: &str = "--mac 02:00:00:00:05:01 --xid 0x1";

#[test]
fn discover() {
    hold("discover", "--servers 2", &format!("discover {CLIENT} --wait 700ms"), 0);
    hold("discover-colour", "--servers 2", &format!("discover {CLIENT} --wait 700ms --color always"), 0);
    hold("discover-silent", "--silent", &format!("discover {CLIENT} --wait 300ms --retries 0"), 1);
    let expect = "--expect servers=1 --expect lease>=2h --expect routers";
    hold("discover-expect", "", &format!("discover {CLIENT} --wait 300ms --retries 0 {expect}"), 1);
}

#[test]
fn request() {
    hold("request", "", &format!("request {CLIENT}"), 0);
    hold("request-nak", "--nak", &format!("request {CLIENT}"), 1);
    hold("release", "", "release --ip 10.0.0.50 --server 10.0.0.1 --mac 02:00:00:00:05:01", 0);
}

#[test]
fn rogue() {
    hold("rogue", "--servers 2", "rogue -4 --wait 1s --allow 10.0.0.1", 1);
    hold("rogue-clean", "--servers 2", "rogue -4 --wait 1s --allow 10.0.0.1 --allow 10.0.0.2", 0);
}

#[test]
fn rogue6() {
    let allow = "--allow duid=00030001020000000001 --allow protocol=ra,ip=fe80::1";
    hold("rogue6", "--rogue --pool-size 1 --pd off", &format!("rogue -6 --wait 1s {allow}"), 1);
}

#[test]
fn handshake() {
    hold("handshake", "", "handshake --count 2 --mac 02:9e:37:00:00:00 --interval 10ms", 0);
}
