//! Exchanges of DHCPv6 in real captures, as they are shown. `BLESS=1 cargo test --test it joined6` writes the pages anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/joined6");
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "pcap"));
    all.sort();
    assert!(all.len() >= 3);
    all
}

fn dhcptool(columns: u32, args: &[&str], capture: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .env("COLUMNS", columns.to_string())
        .env_remove("NO_COLOR")
        .args(["decode", "-q"])
        .args(args)
        .arg(capture)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn exchanges_are_shown_as_they_were() {
    for capture in captures() {
        let mut page = String::new();
        for (columns, args) in [
            (80, &["--transactions"][..]),
            (140, &["--transactions"]),
            (80, &["--ladder", "--ascii"]),
            (80, &["--clients"]),
            (140, &["--clients"]),
            (80, &["--stats"]),
            (80, &["--transactions", "--format", "csv"]),
        ] {
            let shown = dhcptool(columns, args, &capture);
            let table = !args.contains(&"--format");
            assert!(!table || shown.lines().all(|line| line.chars().count() <= 140), "{shown}");
            write!(page, "$ {} columns: {}\n{shown}\n", columns, args.join(" ")).unwrap();
        }
        let beside = capture.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&beside, &page).unwrap();
        }
        let held = fs::read_to_string(&beside).unwrap_or_default();
        assert!(held == page, "{} differs: {page}", beside.display());
    }
}

#[test]
fn the_object_says_what_the_messages_say() {
    let capture = &captures()[1];
    let line = dhcptool(80, &["--transactions", "--json"], capture);
    let exchange: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    for (field, want) in
        [("protocol", "dhcpv6"), ("kind", "acquire"), ("outcome", "bound"), ("messages", "S A R P")]
    {
        assert_eq!(exchange[field], want, "{field}");
    }
    assert_eq!(exchange["xids"].as_array().unwrap().len(), 2);
    let steps = exchange["steps"].as_array().unwrap();
    let packets: Vec<Value> =
        dhcptool(80, &["--json"], capture).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(steps.len(), packets.len());
    for (step, packet) in steps.iter().zip(&packets) {
        assert_eq!(step["frame"], packet["number"]);
        assert_eq!(step["time"], packet["time"]);
        assert_eq!(step["message_type"], packet["dhcpv6"]["message_type"]);
        assert_eq!(step["xid"], packet["dhcpv6"]["transaction_id"]);
    }
    let server = &exchange["servers"][0];
    assert_eq!(server["server_id"], exchange["server"]);
    assert!(exchange["addresses"].as_array().unwrap().contains(&exchange["address"]));
    // Selections know the protocols apart, and choose among exchanges.
    assert_eq!(dhcptool(80, &["-4", "--transactions", "--json"], capture), "");
    assert!(
        dhcptool(80, &["-6", "--outcome", "bound", "--transactions", "--json"], capture)
            .starts_with(&line[..100])
    );
    let mac = exchange["client"]["mac"].as_str().unwrap();
    assert!(dhcptool(80, &["--client", mac, "--transactions", "--json"], capture).starts_with(&line[..100]));
}
