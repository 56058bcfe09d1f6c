//! The schemas under `schema/` are those that the program prints, and every object that it prints fits its schema.
//! `BLESS=1 cargo test --test it schema` writes them anew.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[cfg(feature = "live")]
use dhcptool::cli::commands::schema::COMMANDS;

#[cfg(feature = "live")]
use crate::support::lab::{PROGRAM, lab};

fn printed(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn schema(command: &str) -> Value {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Value>> = RefCell::default();
    }
    let read = || serde_json::from_str(&printed(&["schema", command])).unwrap();
    KNOWN.with(|known| known.borrow_mut().entry(command.to_owned()).or_insert_with(read).clone())
}

/// Why `value` does not fit, as far as our schemas go.
fn misfit(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
    let Value::Object(rules) = schema else {
        return (schema == &Value::Bool(false)).then(|| format!("{at} must not be"));
    };
    for (rule, wanted) in rules {
        let wrong = match rule.as_str() {
            "$ref" => {
                let path = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                misfit(value, root.pointer(path).unwrap(), root, at)
            }
            "type" => {
                let is = |kind: &Value| match kind.as_str().unwrap() {
                    "null" => value.is_null(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("type {other}"),
                };
                let fits = wanted.as_array().map_or_else(|| is(wanted), |kinds| kinds.iter().any(is));
                (!fits).then(|| format!("{at}: {value} is not {wanted}"))
            }
            "anyOf" | "oneOf" => {
                let wrong: Vec<String> = wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .map_while(|schema| misfit(value, schema, root, at))
                    .collect();
                (wrong.len() == wanted.as_array().unwrap().len()).then(|| wrong.join("; or "))
            }
            "const" => (value != wanted).then(|| format!("{at}: {value} is not {wanted}")),
            "enum" => (!wanted.as_array().unwrap().contains(value))
                .then(|| format!("{at}: {value} is none of {wanted}")),
            "required" => value.as_object().and_then(|object| {
                let missing = wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|name| !object.contains_key(name.as_str().unwrap()));
                missing.map(|name| format!("{at}: {name} is missing"))
            }),
            "properties" => value.as_object().and_then(|object| {
                let known = wanted.as_object().unwrap();
                let wrong = known.iter().find_map(|(name, schema)| {
                    object.get(name).and_then(|value| misfit(value, schema, root, &format!("{at}.{name}")))
                });
                // Who reads the objects lets pass what is new to him; here it is a field that nobody described.
                let closed = !rules.contains_key("additionalProperties");
                let new = || object.keys().find(|name| closed && !known.contains_key(*name));
                wrong.or_else(|| new().map(|name| format!("{at}.{name} is in no schema")))
            }),
            "additionalProperties" => value.as_object().and_then(|object| {
                let named =
                    |name: &String| rules.get("properties").is_some_and(|known| known.get(name).is_some());
                object
                    .iter()
                    .filter(|(name, _)| !named(name))
                    .find_map(|(name, value)| misfit(value, wanted, root, &format!("{at}.{name}")))
            }),
            "items" => value.as_array().and_then(|items| {
                items.iter().find_map(|item| misfit(item, wanted, root, &format!("{at}[]")))
            }),
            "minimum" => value
                .as_f64()
                .filter(|number| *number < wanted.as_f64().unwrap())
                .map(|_| format!("{at} is too small")),
            "maximum" => value
                .as_f64()
                .filter(|number| *number > wanted.as_f64().unwrap())
                .map(|_| format!("{at} is too large")),
            // Words for people, and formats.
            "$schema" | "title" | "description" | "format" | "version" | "$defs" | "default" => None,
            other => panic!("the test does not know {other}"),
        };
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}

/// Every line of `text` fits the schema of `command`; how many there are.
fn hold(command: &str, text: &str) -> usize {
    let schema = schema(command);
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        if let Some(wrong) = misfit(&value, &schema, &schema, command) {
            panic!("{wrong}\n{line}");
        }
    }
    text.lines().count()
}

#[cfg(feature = "live")]
#[test]
fn the_committed_schemas_are_those_of_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    for command in COMMANDS {
        let path = folder.join(format!("{command}.json"));
        let found = printed(&["schema", command]);
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &found).unwrap();
        }
        let held = fs::read_to_string(&path).unwrap_or_default();
        assert!(held == found, "{} differs; BLESS=1 cargo test --test it schema", path.display());
        let schema: Value = serde_json::from_str(&found).unwrap();
        assert_eq!(schema["version"], 1);
    }
    let all: Value = serde_json::from_str(&printed(&["schema"])).unwrap();
    assert_eq!(all["$defs"].as_object().unwrap().len(), COMMANDS.len());
}

#[test]
fn packets_and_options_fit_their_schemas() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let captures: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (mut packets, mut joined) = (0, 0);
    for capture in captures {
        let capture = capture.to_str().unwrap();
        packets += hold("decode", &printed(&["decode", "-q", "--json", capture]));
        for view in ["--transactions", "--stats", "--clients"] {
            joined += hold("decode", &printed(&["decode", "-q", "--json", "--strict", view, capture]));
        }
    }
    assert!(packets > 100 && joined > 300, "{packets} {joined}");
    assert_eq!(hold("options", &printed(&["options", "--json"])), 1);
    assert!(hold("explain", &printed(&["explain", "--json"])) > 100);
    let capture = "tests/data/captures/dhcp.pcap";
    assert_eq!(hold("diff", &printed(&["diff", "--json", capture, capture])), 1);
}

#[test]
fn a_schema_refuses_what_is_wrong() {
    let schema = schema("decode");
    let line = printed(&["decode", "-q", "--json", "--count", "1", "tests/data/captures/dhcp.pcap"]);
    let packet: Value = serde_json::from_str(&line).unwrap();
    let with = |name: &str, value: Value| {
        let mut packet = packet.clone();
        packet[name] = value;
        misfit(&packet, &schema, &schema, "packet")
    };
    assert!(with("new", 1.into()).unwrap().contains("in no schema"));
    assert!(with("dhcp", serde_json::json!({"new": 1})).is_some());
    assert!(with("number", "1".into()).is_some());
    assert!(with("type", "pocket".into()).is_some());
    assert!(with("link", serde_json::json!({"type": "ethernet"})).unwrap().contains("missing"));
    let mut less = packet.clone();
    less.as_object_mut().unwrap().remove("problems");
    assert!(misfit(&less, &schema, &schema, "packet").unwrap().contains("problems"));
}

/// Every object that these command lines print in a lab fits its schema; each prints at least one, unless it only listens.
#[cfg(feature = "live")]
fn hold_all(runs: &[(&str, &str)]) {
    for (flags, line) in runs {
        let words: Vec<&str> = std::iter::once(PROGRAM).chain(line.split(' ')).chain(["--json"]).collect();
        let Some(output) = lab(flags, &words) else { return };
        let (command, text) = (words[1], String::from_utf8(output.stdout).unwrap());
        let count = hold(command, &text);
        assert!(count > 0 || command == "sniff", "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(feature = "live")]
#[test]
fn what_is_found_on_a_network_fits_its_schema() {
    hold_all(&[
        ("", "discover eth0 --first"),
        ("", "request eth0"),
        ("", "request eth0 --state init-reboot --ip 192.0.2.1 --timeout 300ms --retries 0"),
        ("", "release eth0 --ip 192.0.2.1 --server 192.0.2.2 --dst-mac ff:ff:ff:ff:ff:ff"),
        ("", "inform eth0 --ip 192.0.2.1 --timeout 300ms --retries 0"),
        ("", "send eth0 --type discover"),
        ("", "send eth0 --type discover --dry-run"),
        ("", "send -6 eth0 --type solicit --dry-run"),
        ("", "discover eth0 --dry-run"),
        ("", "request -6 eth0 --dry-run"),
        ("", "release eth0 --ip 192.0.2.1 --server 192.0.2.2 --dry-run"),
        ("", "handshake eth0 --dry-run"),
        ("", "handshake eth0 -c 2 --interval 0s --each"),
        ("", "rogue eth0 --wait 1s --rounds 1"),
        ("", "sniff eth0 --duration 100ms"),
        ("", "interfaces"),
        ("", "doctor eth0 --quick"),
        ("", "decline eth0 --ip 192.0.2.1 --server 192.0.2.2"),
        ("", "rogue eth0 --passive --wait 300ms"),
    ]);
}

#[cfg(feature = "live")]
#[test]
fn what_is_found_of_ipv6_fits_its_schema() {
    let lease = "--server 00030001020000000001 --ip 2001:db8:64:0:1::9 --iaid 1 --timeout 300ms --retries 0";
    let (release, decline) = (format!("release -6 eth0 {lease}"), format!("decline -6 eth0 {lease}"));
    hold_all(&[
        ("--servers 2", "discover -6 eth0 --wait 700ms"),
        ("--servers 2 --pd off", "discover -6 eth0 --wait 700ms --ia-na --ia-pd -v"),
        ("--silent", "discover -6 eth0 --wait 300ms"),
        ("", "request -6 eth0 --ia-na --ia-pd"),
        ("", "request -6 eth0 --rapid-commit --arp-check --release -v"),
        ("--pd off", "request -6 eth0 --ia-na --ia-pd"),
        ("--nak", "request -6 eth0 --timeout 300ms --retries 0"),
        ("--silent=all", "request -6 eth0 --timeout 300ms --retries 0"),
        ("", &release),
        ("", &decline),
        ("", "inform -6 eth0 --timeout 300ms --retries 0"),
        ("", "send -6 eth0 --type solicit"),
        ("", "handshake -6 eth0 -c 2 --interval 0s --each --ia-na --ia-pd"),
        ("--pd off", "handshake -6 eth0 -c 1 --each --ia-na --ia-pd --timeout 300ms --retries 0"),
        ("--nak", "handshake -6 eth0 -c 1 --each --timeout 300ms --retries 0"),
        ("", "handshake -6 eth0 --find-rate --rate 50 --duration 100ms"),
        ("--rogue", "rogue -6 eth0 --wait 700ms --rounds 1 --allow duid=00030001020000000001"),
        ("--servers 2", "rogue eth0 --wait 700ms --allow protocol=ra,ip=fe80::1"),
        ("", "rogue -6 eth0 --passive --wait 300ms"),
    ]);
}
