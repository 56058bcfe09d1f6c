//! Flat rows hold what the nested objects hold, under one name and type for ever.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

fn dhcptool(args: &[&str], captures: &[PathBuf]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(args).args(captures).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_none_or(|extension| extension != "txt" && extension != "json"));
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Name and type of every column, as `schema --sql` says.
fn columns(args: &[&str]) -> Vec<(String, String)> {
    let sql = dhcptool(args, &[]);
    let lines = sql.lines().filter_map(|line| line.strip_prefix("  \""));
    lines
        .map(|line| {
            let (name, kind) = line.split_once("\" ").unwrap();
            (name.to_owned(), kind.trim_end_matches(',').to_owned())
        })
        .collect()
}

fn rows(text: &str) -> Vec<Map<String, Value>> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_row_has_the_columns_of_the_table_and_their_types() {
    let columns = columns(&["schema", "--sql", "duckdb"]);
    assert!(columns.len() > 200);
    let found = rows(&dhcptool(&["decode", "-q", "--flat"], &captures()));
    assert!(found.len() > 100);
    for row in found {
        assert_eq!(row.len(), columns.len());
        for (name, kind) in &columns {
            let value = &row[name];
            let fits = match kind.as_str() {
                "BIGINT" => value.as_i64().is_some(),
                "DOUBLE" => value.as_f64().is_some(),
                "BOOLEAN" => value.is_boolean(),
                "VARCHAR" | "TIMESTAMP" => value.is_string(),
                "VARCHAR[]" => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
                other => panic!("{other}"),
            };
            assert!(fits || value.is_null(), "{name} {kind}: {value}");
        }
    }
}

/// What a nested value is in a row; `None` where it has another form there.
fn flat(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Array(items) if items.iter().all(|item| item.is_string() || item.is_number()) => items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .into(),
        Value::Array(items)
            if items.iter().all(|item| item.get("destination").is_some() && item.get("router").is_some()) =>
        {
            let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
            items
                .iter()
                .map(|item| text(item, "destination") + "=" + &text(item, "router"))
                .collect::<Vec<_>>()
                .into()
        }
        Value::Object(object) if object.get("type") == Some(&"ethernet".into()) => object["address"].clone(),
        Value::Object(object) if object.contains_key("rcode1") => object["name"].clone(),
        Value::Array(_) | Value::Object(_) => return None,
        scalar => scalar.clone(),
    })
}

/// A message of DHCPv6 is the same in both.
fn hold_six(packet: &Map<String, Value>, row: &Map<String, Value>) {
    let Some(six) = packet.get("dhcpv6").filter(|six| six.get("transaction_id").is_some()) else { return };
    assert_eq!(row["protocol"], "dhcpv6");
    // A type without a name is its number, in a column of text.
    let kind = &six["message_type"];
    let kind = kind.as_u64().map_or_else(|| kind.clone(), |number| number.to_string().into());
    assert_eq!((&row["v6_message_type"], &row["v6_transaction_id"]), (&kind, &six["transaction_id"]));
    let named = |name: &str| {
        let mut options = six["options"].as_array().unwrap().iter().filter(|option| option["name"] == name);
        options.find_map(|option| flat(&option["value"])).unwrap_or(Value::Null)
    };
    for (name, column) in [
        ("dns-servers", "v6_dns_servers"),
        ("preference", "v6_preference"),
        ("rapid-commit", "v6_rapid_commit"),
    ] {
        assert_eq!(row[column], named(name), "{column}");
    }
}

/// Sub-options have columns of their own.
fn hold_nested(name: &str, value: &Value, row: &Map<String, Value>) {
    let mut said = Vec::new();
    for sub in value.as_array().unwrap() {
        let Some(sub_name) = sub["name"].as_str() else { continue };
        // Of sub-options, too, the first that has a value.
        if said.contains(&sub_name) || sub["value"].is_null() {
            continue;
        }
        said.push(sub_name);
        let column = format!("{name}_{}", sub_name.replace('-', "_"));
        let Some(cell) = row.get(&column) else { continue };
        if let Some(want) = flat(&sub["value"]).filter(|want| !want.is_null()) {
            assert!(*cell == want || cell.is_string() && !want.is_string(), "{column}: {cell} {want}");
        }
    }
}

#[test]
fn rows_hold_what_the_nested_objects_hold() {
    let captures = captures();
    let nested = rows(&dhcptool(&["decode", "-q", "--json"], &captures));
    let flat_rows = rows(&dhcptool(&["decode", "-q", "--flat"], &captures));
    assert_eq!(nested.len(), flat_rows.len());
    let mut compared = 0;
    for (packet, row) in nested.iter().zip(&flat_rows) {
        for name in [
            "capture",
            "number",
            "time",
            "time_ns",
            "interface",
            "direction",
            "comment",
            "captured_length",
            "original_length",
            "layers",
            "quoted_in",
        ] {
            assert_eq!(row[name], packet[name], "{name}");
        }
        for (column, path) in [
            ("link_src", "/link/src"),
            ("ip_dst", "/ip/dst"),
            ("ip_ttl", "/ip/ttl"),
            ("ip_dscp", "/ip/dscp"),
            ("ip_ecn", "/ip/ecn"),
            ("ip_id", "/ip/id"),
            ("ip_dont_fragment", "/ip/dont_fragment"),
            ("udp_dst_port", "/udp/dst_port"),
        ] {
            let packet = Value::Object(packet.clone());
            assert_eq!(Some(&row[column]), packet.pointer(path).or(Some(&Value::Null)), "{column}");
        }
        let priorities =
            packet["link"].get("priorities").and_then(flat).unwrap_or_else(|| Vec::<Value>::new().into());
        assert_eq!(row["priorities"], priorities);
        let codes: Vec<&Value> =
            packet["problems"].as_array().unwrap().iter().map(|problem| &problem["code"]).collect();
        hold_six(packet, row);
        if packet.get("dhcp").is_some_and(Value::is_object) {
            assert_eq!(row["problems"].as_array().unwrap().iter().collect::<Vec<_>>(), codes);
        }
        let Some(dhcp) = packet.get("dhcp").and_then(Value::as_object) else { continue };
        for name in [
            "op",
            "htype",
            "hlen",
            "hops",
            "xid",
            "secs",
            "flags",
            "broadcast",
            "ciaddr",
            "yiaddr",
            "siaddr",
            "giaddr",
            "chaddr",
            "sname",
            "file",
        ] {
            assert_eq!(row[name], dhcp[name], "{name}");
        }
        // The first instance that has a value counts.
        let mut first = BTreeMap::new();
        for option in dhcp["options"].as_array().unwrap() {
            let (Some(name), false) = (option["name"].as_str(), option["value"].is_null()) else { continue };
            first.entry(name.replace('-', "_")).or_insert(&option["value"]);
        }
        for (name, value) in first {
            let Some(found) = row.get(&name) else { panic!("no column {name}") };
            let nested =
                value.as_array().is_some_and(|list| list.iter().any(|item| item.get("raw").is_some()));
            if nested {
                hold_nested(&name, value, row);
            } else if let Some(want) = flat(value) {
                let as_text = want.as_i64().map(|number| Value::from(number.to_string()));
                let is_bytes = found.is_string() && want.is_string();
                assert!(
                    *found == want || as_text.as_ref() == Some(found),
                    "{name}: {found} {want} {is_bytes}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn fields_are_in_the_order_asked_for_and_every_format_says_the_same() {
    let fields = "message_type,Number,host-name,routers,broadcast,dhcp_parameter_request_list";
    let captures = captures();
    let args = |format| ["decode", "-q", "--fields", fields, "--format", format];
    let lines = dhcptool(&args("ndjson"), &captures);
    let first = lines.lines().next().unwrap();
    assert!(
        first.starts_with("{\"message_type\":") && first.contains(",\"number\":1,\"host_name\":"),
        "{first}"
    );
    let array: Vec<Map<String, Value>> = serde_json::from_str(&dhcptool(&args("json"), &captures)).unwrap();
    assert_eq!(array, rows(&lines));
    for (format, separator) in [("csv", ','), ("tsv", '\t')] {
        let text = dhcptool(&args(format), &captures);
        let mut table = text.lines();
        let head: Vec<&str> = table.next().unwrap().split(separator).collect();
        assert_eq!(
            head,
            ["message_type", "number", "host_name", "routers", "broadcast", "dhcp_parameter_request_list"]
        );
        let mut count = 0;
        for (line, row) in table.zip(&array) {
            let cells = split(line, separator);
            for (name, cell) in head.iter().zip(&cells) {
                let want = match &row[*name] {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    Value::Array(items) => {
                        Some(items.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(" "))
                    }
                    other => Some(other.to_string()),
                };
                let plain = |text: &str| text.chars().all(|c| matches!(c, ' '..='~'));
                if want.as_deref().is_none_or(plain) {
                    assert_eq!(*cell, want.unwrap_or_default(), "{format} {name}: {line}");
                }
            }
            assert_eq!(cells.len(), head.len(), "{line}");
            count += 1;
        }
        assert_eq!(count, array.len());
    }
    assert_eq!(dhcptool(&["decode", "-q", "--format", "json", "--xid", "0xfffffffe"], &captures), "[\n]\n");
}

/// The cells of a line of CSV or TSV.
fn split(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if separator == ',' && quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cells.last_mut().unwrap().push('"');
            }
            '"' if separator == ',' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

#[test]
fn what_cannot_be_asked_for_is_said() {
    let error = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(args).arg("x.pcap").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(error(&["decode", "--fields", "host_nam"]).contains("there is host_name"));
    assert!(error(&["decode", "--fields", "number,number"]).contains("twice"));
    assert!(error(&["decode", "--json", "--format", "csv"]).contains("contradicts"));
}

#[test]
fn exchanges_and_clients_are_rows_too() {
    for (what, kind) in [("transactions", "transaction"), ("clients", "client")] {
        let flag = format!("--{what}");
        let columns = columns(&["schema", what, "--sql", "duckdb"]);
        assert!(columns.len() > 20, "{what}");
        let objects = rows(&dhcptool(&["decode", "-q", "--json", &flag], &captures()));
        let objects: Vec<_> = objects.into_iter().filter(|object| object["type"] == kind).collect();
        let found = rows(&dhcptool(&["decode", "-q", "--flat", &flag], &captures()));
        assert_eq!(found.len(), objects.len(), "{what}");
        let csv = dhcptool(&["decode", "-q", "--format", "csv", &flag], &captures());
        let tsv = dhcptool(&["decode", "-q", "--format", "tsv", &flag], &captures());
        assert_eq!((csv.lines().count(), tsv.lines().count()), (found.len() + 1, found.len() + 1));
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(csv.lines().next().unwrap(), names.join(","));
        assert!(tsv.lines().all(|line| line.split('\t').count() == names.len()), "{what}");
        for (row, object) in found.iter().zip(&objects) {
            assert_eq!(row.len(), columns.len());
            for (name, kind) in &columns {
                let nested = match name.strip_prefix("client_").filter(|rest| *rest == "mac") {
                    Some(rest) => &object["client"][rest],
                    // What only one protocol has is null in the rows of the other.
                    None => {
                        object.get(name).or_else(|| object.get("client")?.get(name)).unwrap_or(&Value::Null)
                    }
                };
                // The objects of DHCPv4 have no such field.
                let four = Value::from("dhcpv4");
                let nested = if name == "protocol" && nested.is_null() { &four } else { nested };
                match kind.as_str() {
                    "BIGINT" | "BOOLEAN" | "TIMESTAMP" | "VARCHAR" => {
                        assert_eq!(row[name], *nested, "{name}");
                    }
                    "DOUBLE" => match (row[name].as_f64(), nested.as_f64()) {
                        (Some(a), Some(b)) => assert!((a - b).abs() < 0.001, "{name}: {a} {b}"),
                        (a, b) => assert_eq!(a, b, "{name}"),
                    },
                    "VARCHAR[]" => assert!(row[name].is_array(), "{name}"),
                    other => panic!("{other}"),
                }
            }
        }
    }
    for args in [
        &["decode", "--transactions", "--clients", "--format", "csv"][..],
        &["decode", "--stats", "--flat"],
        &["decode", "--lint", "--flat"],
        &["decode", "--ladder", "--transactions", "--flat"],
        &["decode", "--transactions", "--fields", "chaddr"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(args).arg("x.pcap").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}
