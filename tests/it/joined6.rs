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

#[test]
fn what_servers_of_two_captures_give_is_compared() {
    let all = captures();
    let capture = |name: &str| {
        let found = all.iter().find(|path| path.to_string_lossy().contains(name));
        found.unwrap_or_else(|| panic!("no capture {name}")).to_str().unwrap()
    };
    let (prefix, temporary) = (capture("AFTR"), capture("ia-ta"));
    let diff = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).arg("diff").args(words).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let object = |words: &[&str]| -> (Option<i32>, Value) {
        let (code, text) = diff(&[&["--json"], words].concat());
        (code, serde_json::from_str(&text).unwrap_or_default())
    };
    let (code, same) = object(&[prefix, prefix]);
    assert_eq!(
        (code, &same["protocol"], &same["differences"]),
        (Some(0), &"dhcpv6".into(), &Value::Array(vec![]))
    );
    let (code, found) = object(&[prefix, temporary]);
    assert_eq!(code, Some(1), "{found}");
    let differences = found["differences"].as_array().unwrap();
    let of = |name: &str| differences.iter().find(|difference| difference["name"] == name);
    let length = of("ia-pd prefix length").unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (&length["field"], &length["a"][0], &length["b"]),
        (&"lease".into(), &"/56".into(), &Value::Array(vec![]))
    );
    assert_eq!(of("aftr-name").map(|difference| &difference["code"]), Some(&64.into()), "{found}");
    // Text says the same, a row each.
    let (_, text) = diff(&[prefix, temporary]);
    assert_eq!(text.lines().count(), differences.len() + 1, "{text}");
    assert!(text.contains("option 64 aftr-name") && text.contains("ia-pd prefix length"), "{text}");
    // What decode printed of a capture says what the capture says.
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.json");
    fs::write(&saved, dhcptool(80, &["--json"], Path::new(temporary))).unwrap();
    let (_, again) = object(&[prefix, saved.to_str().unwrap()]);
    assert_eq!(again["differences"], found["differences"]);
    let (code, offers) = object(&["-6", "--type", "advertise", prefix, temporary]);
    assert_eq!(code, Some(1), "{offers}");
    assert_eq!(
        (object(&["-4", prefix, temporary]).0, diff(&["-4", "server:fe80::1", prefix]).0),
        (Some(3), Some(2))
    );
}
