//! What happened, told from captures: tables, ladders, screens.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use dhcptool::analysis::transaction::{Batch, Joiner, Options, Stats};
use dhcptool::capture;
use dhcptool::run::gather::Gatherer;
use dhcptool::wire::Mac;
use dhcptool::wire::v4::{Message, MessageType, Xid};
use unicode_width::UnicodeWidthStr;

use crate::support::story::{SERVER, Story};

pub(crate) fn run(story: &Story, columns: u32, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .env("COLUMNS", columns.to_string())
        .args(args)
        .arg(story.file())
        .output()
        .unwrap()
}

pub(crate) fn text(story: &Story, columns: u32, args: &[&str]) -> String {
    let output = run(story, columns, args);
    String::from_utf8(output.stdout).unwrap()
}

fn fits(text: &str, columns: usize) {
    for line in text.lines() {
        assert!(line.chars().count() <= columns, "{line:?}\n{text}");
    }
}

/// A client asks for its old address, is refused, and begins anew.
pub(crate) fn refused() -> Story {
    let mut story = Story::new();
    let old = story.asks(0, MessageType::REQUEST, 1, 7, &[(50, &[10, 0, 9, 9]), (12, b"laptop")]);
    story.answers(2, MessageType::NAK, &old, 0, &[(56, b"wrong network, and this reason is a long one")]);
    story.binds(500, 2, 7, &[(12, b"laptop")]);
    story.binds(60_000, 3, 8, &[]);
    story
}

#[test]
fn a_refusal_and_the_new_beginning_are_one_drawing() {
    let told = text(&refused(), 80, &["decode", "-q", "--ladder", "--ascii"]);
    let drawings: Vec<&str> = told.split("\n\n").collect();
    let first = drawings[0];
    for part in [
        "#1  00:0c:29:00:00:07  refused",
        "#2  00:0c:29:00:00:07  bound 10.0.0.7",
        "NAK",
        "DISCOVER",
        "new xid",
        "ACK",
    ] {
        assert!(first.contains(part), "{part}: {told}");
    }
    assert_eq!(first.matches("INIT-REBOOT").count(), 1, "{told}");
    assert_eq!(told.matches(" DISCOVER ").count(), 2, "{told}");
    assert!(drawings[1].starts_with("#3  00:0c:29:00:00:08  bound"), "{told}");
    fits(&told, 80);
    // Later than ten seconds it is another story.
    let mut later = Story::new();
    let old = later.asks(0, MessageType::REQUEST, 1, 7, &[(50, &[10, 0, 9, 9])]);
    later.answers(2, MessageType::NAK, &old, 0, &[]);
    later.binds(20_000, 2, 7, &[]);
    let told = text(&later, 80, &["decode", "-q", "--ladder", "--ascii"]);
    let second = told.split("\n\n").nth(1).unwrap();
    assert!(second.starts_with("#2  "), "{told}");
}

#[test]
fn messages_that_are_not_kept_are_counted_where_they_were_said() {
    let mut story = Story::new();
    let first = story.asks(0, MessageType::DISCOVER, 1, 7, &[]);
    story.answers(2, MessageType::OFFER, &first, 7, &[]);
    for more in 1..100 {
        story.asks(more * 2000, MessageType::DISCOVER, 1, 7, &[]);
    }
    let told = text(&story, 80, &["decode", "-q", "--ladder"]);
    assert!(told.contains("100 sent in 198 s") && told.contains("99 more DISCOVERs"), "{told}");
    assert!(told.contains(":  96 more in 192 s"), "{told}");
}

/// So many clients get no lease time.
fn endless(clients: u8) -> Story {
    let mut story = Story::new();
    for client in 1..=clients {
        let at = u64::from(client) * 30_000;
        let discover = story.asks(at, MessageType::DISCOVER, u32::from(client), client, &[]);
        let mut offer = dhcptool::wire::v4::Message::reply(MessageType::OFFER, &discover);
        offer.yiaddr = [10, 0, 0, client].into();
        story.say(at + 1, offer, &[(54, &SERVER.octets()), (1, &[255, 255, 255, 0]), (3, &SERVER.octets())]);
    }
    story
}

#[test]
fn a_code_said_often_is_shown_three_times_and_counted() {
    let told = text(&endless(8), 80, &["decode", "-q", "--transactions"]);
    assert_eq!(told.matches("error lease-time-missing").count(), 8, "{told}");
    assert!(!told.contains("more lease-time-missing"), "{told}");
    let told = text(&endless(9), 80, &["decode", "-q", "--transactions"]);
    assert_eq!(told.matches("error lease-time-missing").count(), 3, "{told}");
    assert!(told.contains("… and 6 more lease-time-missing"), "{told}");
    // The rows are all there, in order, and what is said of each stands under it.
    let rows: Vec<&str> = told.lines().filter(|line| line.starts_with("00:0c:29")).collect();
    assert_eq!(rows.len(), 9);
    assert!(told.lines().nth(2).unwrap().contains("lease-time-missing"), "{told}");
}

#[test]
fn tables_fit_the_terminal() {
    for story in [refused(), endless(9)] {
        for columns in [60, 80, 100, 140, 180] {
            for what in ["--transactions", "--lint", "--clients", "--ladder"] {
                let told = text(&story, columns, &["decode", "-q", what]);
                assert!(!told.is_empty());
                fits(&told, usize::try_from(columns).unwrap());
            }
        }
    }
}

#[test]
fn the_vendor_of_the_card_is_named_from_a_table() {
    let story = refused();
    let table = story.folder().join("manuf");
    std::fs::write(&table, "00:0C:29\tVMware\tVMware, Inc.\n").unwrap();
    let table = table.to_str().unwrap();
    for (what, at) in [("--transactions", "/client/vendor"), ("--clients", "/vendor")] {
        let told = text(&story, 80, &["decode", "-q", "--json", what, "--vendors", table]);
        let first: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
        assert_eq!(first.pointer(at).unwrap(), "VMware, Inc.", "{told}");
    }
    assert!(
        text(&story, 180, &["decode", "-q", "--transactions", "--vendors", table]).contains("VMware, Inc.")
    );
    let csv = [
        "decode",
        "-q",
        "--transactions",
        "--fields",
        "client_mac,vendor",
        "--format",
        "csv",
        "--vendors",
        table,
    ];
    let told = text(&story, 80, &csv);
    assert!(told.contains("00:0c:29:00:00:07,\"VMware, Inc.\""), "{told}");
}

/// Live: what was said is drawn, an exchange is told when it closes, and servers are compared by asking them.
mod live {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    use serde_json::Value;

    use crate::support::lab::{PROGRAM, is_refused, lab, lab_command};

    #[test]
    fn senders_draw_what_they_did() {
        let Some(output) = lab("", &[PROGRAM, "request", "eth0", "-v", "--release"]) else { return };
        let told = String::from_utf8(output.stdout).unwrap();
        for part in ["#1  ", "bound 10.", "DISCOVER", "OFFER", "REQUEST", " ACK ", "released", "RELEASE"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let Some(output) = lab("", &[PROGRAM, "request", "eth0", "-v", "--json"]) else { return };
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        let transaction = &object["transaction"];
        assert_eq!(
            (&transaction["messages"], &transaction["outcome"], &transaction["visible"]),
            (&"D O R A".into(), &"bound".into(), &true.into()),
            "{object}"
        );
        assert_eq!(transaction["address"], object["address"]);
        let Some(output) = lab("--servers 2", &[PROGRAM, "discover", "eth0", "-v", "--json"]) else { return };
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["transaction"]["servers"].as_array().unwrap().len(), 2, "{object}");
        // Who was not asked is no part of it.
        let asked = [PROGRAM, "discover", "eth0", "-v", "--json", "--server", "10.0.0.2"];
        let Some(output) = lab("--servers 3", &asked) else { return };
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["transaction"]["messages"], "D O", "{object}");
        let servers = object["transaction"]["servers"].as_array().unwrap();
        assert_eq!((servers.len(), &servers[0]["server_id"]), (1, &"10.0.0.2".into()), "{object}");
        let send = |more: &[&str]| {
            let words = [PROGRAM, "send", "eth0", "--type", "discover", "--expect", "offer", "-q"];
            lab("", &[words.as_slice(), more].concat())
                .map(|output| String::from_utf8(output.stdout).unwrap())
        };
        let Some(told) = send(&["-v"]) else { return };
        for part in ["DISCOVER", "#1  ", "OFFER"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let Some(told) = send(&["-v", "--json"]) else { return };
        let object: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(object["transaction"]["messages"], "D O", "{object}");
        let Some(told) = send(&["--json"]) else { return };
        assert!(!told.contains("transaction"), "{told}");
        let Some(output) = lab("", &[PROGRAM, "discover", "eth0", "--first", "--json"]) else { return };
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(object.get("transaction").is_none(), "{object}");
    }

    #[test]
    fn of_dhcpv6_too_who_was_not_asked_is_no_part_of_it() {
        let mut asked =
            vec![PROGRAM, "discover", "-6", "eth0", "--no-ra", "--wait", "1500ms", "-v", "--json"];
        let told = |words: &[&str]| {
            let output = lab("--servers 3", words)?;
            let object: Value = serde_json::from_slice(&output.stdout).unwrap();
            let servers = object["transaction"]["servers"].as_array().unwrap();
            Some(servers.iter().map(|server| server["server_id"].to_string()).collect::<Vec<_>>())
        };
        let Some(all) = told(&asked) else { return };
        assert_eq!(all.len(), 3, "{all:?}");
        let second = all[1].trim_matches('"').to_owned();
        asked.extend(["--server", &second]);
        assert_eq!(told(&asked).unwrap(), all[1..2]);
    }

    #[test]
    fn an_exchange_is_told_when_it_closes() {
        let script =
            "(until grep -q listening err; do sleep 0.05; done; dhcptool request eth0 -q >/dev/null 2>&1) &
                      dhcptool sniff eth0 --transactions --json --duration 60s 2>err";
        let folder = tempfile::tempdir().unwrap();
        let mut child = lab_command("", &["sh", "-c", script])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let start = std::time::Instant::now();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let took = start.elapsed();
        // It ends its lab with it.
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if line.is_empty() && is_refused(Some(3), &String::from_utf8_lossy(&output.stderr)) {
            return;
        }
        let object: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&object["messages"], &object["outcome"]), (&"D O R A".into(), &"bound".into()), "{line}");
        assert!(took < std::time::Duration::from_secs(45), "{took:?}");
    }

    #[test]
    fn servers_are_compared_by_asking_them() {
        let Some(output) =
            lab("--servers 2", &[PROGRAM, "diff", "server:10.0.0.1", "server:10.0.0.1%eth0", "--json"])
        else {
            return;
        };
        let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(
            (output.status.code(), &object["differences"]),
            (Some(0), &Value::Array(Vec::new())),
            "{object}"
        );
        let Some(output) = lab("--rogue", &[PROGRAM, "discover", "eth0", "--json"]) else { return };
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        let ids: Vec<String> = object["offers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|offer| format!("server:{}", offer["server_id"].as_str().unwrap()))
            .collect();
        let Some(output) = lab("--rogue", &[PROGRAM, "diff", &ids[0], &ids[1]]) else { return };
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("routers"), "{told}");
        let Some(output) = lab("", &[PROGRAM, "diff", "server:10.9.9.9", "server:10.0.0.1"]) else { return };
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let Some(output) = lab("", &[PROGRAM, "diff", "server:nobody", "server:10.0.0.1"]) else { return };
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

#[test]
fn who_asked_in_vain_when_the_capture_ends_is_not_fine() {
    let mut story = Story::new();
    for at in [0, 2000, 4000] {
        story.asks(at, MessageType::DISCOVER, 1, 7, &[(12, b"phone")]);
    }
    story.binds(5000, 2, 9, &[]);
    let output = run(&story, 80, &["decode", "--clients", "--json"]);
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let client = lines.iter().find(|line| line["hostname"] == "phone").unwrap();
    assert_eq!((&client["status"], &client["address"]), (&"failed".into(), &serde_json::Value::Null));
    let total = lines.iter().find(|line| line["type"] == "clients").unwrap();
    assert_eq!((&total["ok"], &total["failed"]), (&1.into(), &1.into()), "{total}");
    let none = run(&story, 80, &["decode", "--transactions", "--client", "02:ff:ff:ff:ff:ff"]);
    assert_eq!(none.status.code(), Some(1));
    // The beginning of an address stands for all that begin so, as it does for packets.
    let all = text(&story, 80, &["decode", "-q", "--transactions", "--json"]);
    for (client, count) in [("00:0c:29", all.lines().count()), ("00:0c:2a", 0)] {
        let found = text(&story, 80, &["decode", "-q", "--transactions", "--json", "--client", client]);
        assert_eq!(found.lines().count(), count, "{client}\n{all}");
    }
}

/// What is wrong with a client over time stands in its row, in text and in JSON, and decides by that.
#[test]
fn what_is_found_over_time_stands_in_the_rows_of_whom_it_is_about() {
    let mut story = Story::new();
    story.binds(0, 1, 7, &[]);
    story.binds(2000, 2, 8, &[]);
    // The lease of one is given to another while it runs.
    let discover = story.asks(60_000, MessageType::DISCOVER, 3, 9, &[]);
    story.answers(60_003, MessageType::OFFER, &discover, 7, &[]);
    let request =
        story.asks(60_005, MessageType::REQUEST, 3, 9, &[(50, &[10, 0, 0, 7]), (54, &[10, 0, 0, 1])]);
    story.answers(60_009, MessageType::ACK, &request, 7, &[]);
    // Who has no hardware address is one by its client identifier, whatever its transactions.
    for (ms, xid) in [(61_000, 4), (62_000, 5)] {
        let message = Message::request(MessageType::DISCOVER, Xid(xid), Mac([0; 6]));
        let discover = story.say(ms, message, &[(61, b"\0abc")]);
        story.answers(ms + 3, MessageType::OFFER, &discover, 20, &[]);
        let request = Message::request(MessageType::REQUEST, Xid(xid), Mac([0; 6]));
        let options: [(u8, &[u8]); 3] = [(61, b"\0abc"), (50, &[10, 0, 0, 20]), (54, &[10, 0, 0, 1])];
        let request = story.say(ms + 5, request, &options);
        story.answers(ms + 9, MessageType::ACK, &request, 20, &[]);
    }
    let lines: Vec<serde_json::Value> = text(&story, 80, &["decode", "-q", "--clients", "--json"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told: Vec<(&str, Option<&str>, bool)> = lines[..4]
        .iter()
        .map(|line| {
            let twice = line["codes"].as_array().unwrap().contains(&"address-given-twice".into());
            (line["status"].as_str().unwrap(), line["mac"].as_str(), twice)
        })
        .collect();
    let nameless = lines[..4].iter().find(|line| line["mac"].is_null()).unwrap();
    assert_eq!(
        (&nameless["client_id"], &nameless["transactions"]),
        (&"00616263".into(), &serde_json::json!([4, 5]))
    );
    for (mac, status, twice) in [
        (Some("00:0c:29:00:00:07"), "odd", true),
        (Some("00:0c:29:00:00:08"), "ok", false),
        (Some("00:0c:29:00:00:09"), "odd", true),
    ] {
        assert!(told.contains(&(status, mac, twice)), "{mac:?} in {told:?}");
    }
    let total = &lines[4];
    let rows = text(&story, 100, &["decode", "-q", "--clients"]);
    let odd = rows.lines().filter(|line| line.starts_with("odd ")).count();
    assert_eq!(total["odd"], odd, "{total}\n{rows}");
    assert!(rows.contains(&format!("{} ok, 0 FAIL, {odd} odd", total["ok"])), "{total}\n{rows}");
    for client in ["00:0c:29:00:00:07", "00:0c:29:00:00:09"] {
        assert!(rows.lines().any(|line| line.starts_with("odd ") && line.contains(client)), "{rows}");
    }
    let exchanges = text(&story, 100, &["decode", "-q", "--transactions"]);
    assert!(exchanges.contains("id 00616263"), "{exchanges}");
    assert!(exchanges.contains("5 exchanges of 4 clients"), "{exchanges}");
    let stats = text(&story, 100, &["decode", "-q", "--stats", "--json"]);
    let stats: serde_json::Value = serde_json::from_str(stats.lines().last().unwrap()).unwrap();
    assert_eq!((&stats["clients"], &stats["top_clients"][0]["mac"]), (&4.into(), &serde_json::Value::Null));
    let page = story.folder().join("page.html");
    run(&story, 80, &["report", "-o", page.to_str().unwrap()]);
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches(r#"<tr class="odd">"#).count(), odd, "{rows}");
    for (limit, status) in [("error", 1), ("warning", 1)] {
        let output = run(&story, 80, &["decode", "-q", "--clients", "--fail-on", limit]);
        assert_eq!(output.status.code(), Some(status), "{limit}");
    }
}

/// Names of wide characters, reasons of them, relays, and more servers than have room.
fn wide() -> Story {
    let mut story = Story::new();
    let hosts =
        ["漢字ホスト名日本漢字", "😀😀host", "e\u{301}e\u{301}abc", "ｆｕｌｌ", "한국어호스트", "مرحبا"];
    for (number, host) in (1..).zip(hosts) {
        story.binds(u64::from(number) * 1000, number.into(), number, &[(12, host.as_bytes())]);
    }
    let old =
        story.asks(20_000, MessageType::REQUEST, 20, 20, &[(50, &[10, 0, 9, 9]), (12, hosts[0].as_bytes())]);
    story.answers(20_010, MessageType::NAK, &old, 0, &[(56, "漢字理由".repeat(8).as_bytes())]);
    for at in 0..9 {
        story.asks(30_000 + at * 3000, MessageType::DISCOVER, 30, 30, &[(12, hosts[0].as_bytes())]);
    }
    // So many servers, and the client behind a relay.
    for (client, servers, relay) in
        [(41_u8, 2_u8, true), (42, 3, false), (43, 3, true), (44, 6, false), (45, 6, true)]
    {
        let (at, xid) = (100_000 + u64::from(client) * 1000, u32::from(client));
        let discover = story.asks(at, MessageType::DISCOVER, xid, client, &[]);
        let mut asked = discover.clone();
        if relay {
            asked.giaddr = [192, 168, 100, 100].into();
            asked.hops = 1;
            asked = story.say(at + 1, asked, &[]);
        }
        for server in 0..servers {
            let name = [192, 168, 100, 200 + server];
            let mut offer = Message::reply(MessageType::OFFER, &asked);
            offer.yiaddr = [192, 168, 100, client].into();
            offer.siaddr = name.into();
            let options: [(u8, &[u8]); 3] =
                [(54, &name), (1, &[255, 255, 255, 0]), (51, &[0, 9, 0x3a, 0x7f])];
            story.say(at + 5 + u64::from(server), offer, &options);
        }
    }
    story
}

#[test]
fn lines_fit_however_wide_characters_are() {
    let story = wide();
    let long = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures/opt-cut-in-length.pcap");
    for view in ["--transactions", "--ladder", "--clients", "--lint", "--stats"] {
        for columns in [40, 60, 72, 80, 100, 132, 136, 140, 170, 200] {
            let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
                .env("COLUMNS", columns.to_string())
                .args(["decode", "-q", view])
                .args([&story.file(), &long])
                .output()
                .unwrap();
            let told = String::from_utf8(output.stdout).unwrap();
            assert!(told.lines().count() > 3, "{view}: {told}");
            for line in told.lines() {
                assert!(UnicodeWidthStr::width(line) <= columns, "{view} {columns}: {line}\n{told}");
            }
        }
    }
    let ladders = text(&story, 80, &["decode", "-q", "--ladder"]);
    assert!(ladders.contains(" others\n"), "{ladders}");
    // What has no room beside its arrow stands whole below it.
    assert!(ladders.contains("\n               │  192.168.100.44/24 for 6d 23h 59m 59s\n"), "{ladders}");
}

#[test]
fn a_ladder_in_ascii_is_ascii() {
    for columns in [40, 60, 80, 140] {
        let told = text(&wide(), columns, &["decode", "-q", "--ladder", "--ascii"]);
        assert!(told.is_ascii(), "{told}");
        assert!(columns < 60 || told.contains("\\u{6f22}\\u{5b57}"), "{told}");
    }
}

#[test]
fn what_is_not_joined_is_counted_and_one_is_no_plural() {
    let mut story = Story::new();
    story.asks(0, MessageType::INFORM, 1, 7, &[]);
    let output = run(&story, 80, &["decode", "--transactions"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("1 packet read, 1 exchange, 1 shown"), "{told}");
    let six = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/captures/case6-types.pcap");
    let told = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(args).arg(six).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = told(&["decode", "-q", "--clients"]);
    assert!(text.contains("not joined"), "{text}");
    for what in ["--clients", "--stats"] {
        let text = told(&["decode", "-q", what, "--json"]);
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let unjoined = &last["not_joined"];
        let count = |name: &str| unjoined[name].as_u64().unwrap();
        assert!(count("dhcpv6") + count("router_discovery") > 0, "{what}: {last}");
    }
}

/// Names come from strangers, and spreadsheets run what begins like a formula.
#[test]
fn a_host_name_is_no_formula() {
    let mut story = Story::new();
    let names = [&b"=HYPERLINK(\"http://x\")"[..], b"+1", b"-2+cmd", b"@sum", b"plain-name", b"a=b"];
    for (client, name) in (1..).zip(names) {
        story.binds(u64::from(client) * 1000, client.into(), client, &[(12, name)]);
    }
    for (format, quote) in [("csv", true), ("tsv", false)] {
        let args = ["decode", "-q", "--clients", "--fields", "hostname,tries", "--format", format];
        let told = text(&story, 80, &args);
        let shown = |text: &str| {
            if quote { format!("\"'{}\"", text.replace('"', "\"\"")) } else { format!("'{text}") }
        };
        for part in [&shown("=HYPERLINK(\"http://x\")"), "'+1", "'-2+cmd", "'@sum", "\nplain-name", "\na=b"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    let told = text(&story, 80, &["decode", "-q", "--clients", "--fields", "hostname", "--format", "ndjson"]);
    assert!(told.contains("\"=HYPERLINK(\\\"http://x\\\")\"") && !told.contains('\''), "{told}");
}

/// `--lint` tells of DHCPv6 and router discovery too, alone with `-6`, not at all with `-4`, and decides with `--fail-on`.
#[test]
fn lint_judges_ipv6_as_well() {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/captures/case6-options.pcap");
    let run = |args: &[&str]| {
        let words = [&["decode", capture, "--lint"], args].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(words).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
    };
    let (all, code) = run(&["--json"]);
    let told: Vec<serde_json::Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (exchanges, findings): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|object| object["type"] == "transaction");
    assert!(code == 0 && findings.len() > 5 && !exchanges.is_empty(), "{all}");
    for exchange in &exchanges {
        assert!(
            exchange["protocol"] == "dhcpv6" && exchange["problems"][0]["code"].is_string(),
            "{exchange}"
        );
    }
    for finding in &findings {
        assert_eq!(finding["type"], "finding");
        assert!(finding["server"].is_string() && finding["frames"][0].is_u64(), "{finding}");
        assert!(finding["count"].as_u64().unwrap() >= 1 && finding["message"].is_string(), "{finding}");
    }
    let codes: Vec<&str> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"server-id-missing") && codes.contains(&"option-misplaced"), "{codes:?}");
    assert_eq!(run(&["--json", "-6"]).0, all);
    assert_eq!(run(&["--json", "-4"]).0, "");
    assert_eq!(run(&["--fail-on", "error"]).1, 1);
    assert!(run(&["--code", "option-misplaced"]).0.contains("warning option-misplaced: "));
    let (one, _) = run(&["--json", "--ignore", "option-misplaced"]);
    assert!(!one.contains("option-misplaced") && one.contains("server-id-missing"));
}

/// What is found in DHCPv6 is counted the same in each view.
#[test]
fn findings_of_dhcpv6_are_counted_the_same_everywhere() {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/captures/case6-options.pcap");
    let run = |args: &[&str]| {
        let words = [&["decode", "-q", capture], args].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(words).output().unwrap();
        let objects: Vec<serde_json::Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (objects, output.status.code().unwrap())
    };
    let (all, _) = run(&["--json", "--transactions", "--stats"]);
    let (stats, told) = all.split_last().unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for finding in told.iter().filter(|object| object["type"] == "finding") {
        *counts.entry(finding["code"].as_str().unwrap()).or_insert(0) += finding["count"].as_u64().unwrap();
    }
    let figures = stats["findings"].as_array().unwrap();
    let figures = figures.iter().map(|one| (one["code"].as_str().unwrap(), one["count"].as_u64().unwrap()));
    assert_eq!(figures.collect::<std::collections::BTreeMap<_, _>>(), counts);
    assert!(counts.values().any(|count| *count > 1), "{counts:?}");
}

/// What is wrong with an exchange of DHCPv6 fails it, whichever of its messages is wanted.
#[test]
fn an_exchange_of_dhcpv6_fails_by_any_message_that_is_wanted() {
    use dhcptool::wire::frame::Envelope6;
    use dhcptool::wire::v6::MessageType;
    use dhcptool::wire::v6::message::{Message, ia, ia_addr};

    let (client, server) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 1, 0xaa]));
    let mut story = Story::new();
    let mut say = |ms: u64, kind: MessageType, from: Mac| {
        let mut message = Message::new(kind, 7);
        message.add_option(1, [&[0, 3, 0, 1][..], &client.0].concat());
        if kind != MessageType::SOLICIT {
            message.add_option(2, [&[0, 3, 0, 1][..], &server.0].concat());
        }
        let given = [ia_addr("2001:db8::5".parse().unwrap(), 600, 900, &[])];
        message.add_option(3, ia(1, 300, 480, if from == server { &given[..] } else { &[] }));
        let (src, dst, ports) = if from == server {
            ("fe80::aa", "fe80::1", (547, 546))
        } else {
            ("fe80::1", "ff02::1:2", (546, 547))
        };
        let envelope = Envelope6 {
            dst_mac: if from == server { client } else { Mac([0x33, 0x33, 0, 1, 0, 2]) },
            src_mac: from,
            vlans: Vec::new(),
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            hop_limit: 1,
        };
        story.frame(ms, &envelope.udp(ports, &message.encode()));
    };
    say(0, MessageType::SOLICIT, client);
    say(10, MessageType::ADVERTISE, server);
    for second in [1, 2, 4, 8] {
        say(second * 1000, MessageType::REQUEST, client);
    }
    for select in [&[][..], &["--mac", "02:00:00:00:01:aa"], &["--type", "advertise"], &["--type", "request"]]
    {
        let words = [&["decode", "-q", "--lint", "--fail-on", "error"], select].concat();
        let output = run(&story, 80, &words);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.code() == Some(1) && told.contains("error request-unanswered"),
            "{select:?}: {told}"
        );
    }
}

#[test]
fn what_is_known_is_explained_beside_what_is_not() {
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["explain", "nonsuch", "no-answer", "nonesuch"])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
    assert!(out.starts_with("no-answer (warning)"), "{out}");
    assert!(err.contains("\"nonsuch\"") && err.contains("\"nonesuch\""), "{err}");
}

/// Thousands of servers, which somebody made up, are counted in little memory, and each of them is told.
#[test]
fn made_up_servers_take_little_memory() {
    let mut story = Story::new();
    for number in 1..=4096_u32 {
        let [.., high, low] = number.to_be_bytes();
        let server = [10, 1, high, low];
        let ms = u64::from(number) * 10;
        let discover = story.asks(ms, MessageType::DISCOVER, number, low, &[]);
        let answer = |kind, request: &_| {
            let mut message = Message::reply(kind, request);
            message.yiaddr = [10, 0, high, low].into();
            message
        };
        let own = [(51, &[0, 0, 14, 16][..]), (54, &server)];
        story.say(ms + 3, answer(MessageType::OFFER, &discover), &own);
        let request = story.asks(
            ms + 5,
            MessageType::REQUEST,
            number,
            low,
            &[(50, &[10, 0, high, low]), (54, &server)],
        );
        story.say(ms + 9, answer(MessageType::ACK, &request), &own);
    }
    let (mut gatherer, mut joiner, mut stats) =
        (Gatherer::of_all(), Joiner::new(Options::default()), Stats::default());
    let (mut reader, mut batch) = (capture::open(story.file()).unwrap(), Batch::default());
    while let Some(frame) = reader.next().unwrap() {
        gatherer.frame(&frame, &mut batch);
    }
    joiner.batch(&batch, |_, _| ());
    joiner.finish();
    for exchange in joiner.take_closed() {
        stats.exchange(&exchange);
    }
    assert_eq!(stats.servers.len(), 4096);
    let mut memory = 0;
    for figures in stats.servers.values() {
        let [offer, ack] = [figures.offer.summary().unwrap(), figures.ack.summary().unwrap()];
        assert_eq!((offer.min, offer.max, offer.p50, ack.p999), (3.0, 3.0, 3.0, 4.0));
        memory += figures.offer.histogram().memory() + figures.ack.histogram().memory();
    }
    assert!(memory < 100_000_000, "{memory}");
}

/// What is kept of a large capture lies in large pages, where the C library and the system have them.
#[cfg(target_env = "gnu")]
#[test]
fn a_large_capture_is_joined_in_large_pages() {
    if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        eprintln!("skipped: this system has no large pages");
        return;
    }
    let mut story = Story::new();
    story.binds(0, 1, 7, &[]);
    let (folder, bytes) = (tempfile::tempdir().unwrap(), std::fs::read(story.file()).unwrap());
    let (large, waits) = (folder.path().join("large.pcap"), folder.path().join("waits.pcap"));
    let (head, records) = bytes.split_at(24);
    std::fs::write(&large, [head, &records.repeat((9 << 20) / records.len())].concat()).unwrap();
    nix::unistd::mkfifo(&waits, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["decode", "--lint", "--no-sandbox"])
        .args([&large, &waits])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // It is opened once the first is read.
    let open = || std::fs::OpenOptions::new().write(true).custom_flags(nix::libc::O_NONBLOCK).open(&waits);
    let second = loop {
        if let Ok(second) = open() {
            break second;
        }
        assert_eq!(child.try_wait().unwrap(), None, "it has read both");
        std::thread::yield_now();
    };
    let maps = std::fs::read_to_string(format!("/proc/{}/smaps", child.id())).unwrap();
    drop(second);
    assert_eq!(child.wait().unwrap().code(), Some(4), "an empty capture is none");
    let mut heaps = maps.split("[heap]").skip(1);
    let flags = |heap: &str| heap.lines().find_map(|line| line.strip_prefix("VmFlags:")).map(str::to_owned);
    assert!(heaps.any(|heap| flags(heap).unwrap().split_whitespace().any(|flag| flag == "hg")), "{maps}");
}

#[test]
fn what_could_be_read_of_a_damaged_side_is_compared() {
    let mut other = Story::new();
    other.binds(0, 1, 7, &[]);
    let (a, b) = (refused(), other);
    let cut = a.folder().join("cut.pcap");
    let bytes = std::fs::read(a.file()).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 5]).unwrap();
    let diff = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
        command.arg("diff").args(words).arg(&cut).arg(b.file()).output().unwrap()
    };
    let output = diff(&["--type", "offer"]);
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(output.status.code(), Some(4), "{out}{err}");
    assert!(out.contains("the same") && err.contains("cut.pcap"), "{out}{err}");
    // What there is cannot be compared: both is said.
    std::fs::write(&cut, &bytes[..bytes.len() / 8]).unwrap();
    let output = diff(&[]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{err}");
    assert!(err.contains("nothing to compare") && err.contains("cut.pcap"), "{err}");
    let twice = Command::new(env!("CARGO_BIN_EXE_dhcptool")).args(["diff", "-", "-"]).output().unwrap();
    assert_eq!(twice.status.code(), Some(2), "{twice:?}");
    assert!(String::from_utf8_lossy(&twice.stderr).contains("name - once"), "{twice:?}");
}

#[test]
fn text_of_servers_is_escaped_once_and_raw_in_json() {
    let offering = |text: &[u8]| {
        let mut story = Story::new();
        let discover = story.asks(0, MessageType::DISCOVER, 1, 7, &[]);
        let options: [(u8, &[u8]); 3] = [(15, text), (43, b"\x01\x02ab"), (88, &[1, b'a', 0])];
        story.answers(2, MessageType::OFFER, &discover, 7, &options);
        story
    };
    let (bell, other) = (offering(b"a\x07\\b"), Story::new());
    let mut other = other;
    let discover = other.asks(0, MessageType::DISCOVER, 1, 7, &[]);
    other.answers(2, MessageType::OFFER, &discover, 7, &[(15, b"caf\xe9")]);
    let diff = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
        let output = command.arg("diff").args(words).arg(bell.file()).arg(other.file()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = diff(&[]);
    let row = text.lines().find(|line| line.contains("domain-name ")).unwrap();
    assert!(row.contains(r"a\x07\\b") && !row.contains(r"\\x07") && row.contains(r"caf\xe9"), "{text}");
    // A long name moves no column of others.
    let bars: Vec<Option<usize>> =
        text.lines().filter(|line| line.contains(" | ")).map(|line| line.find(" | ")).collect();
    assert!(bars.len() > 2 && bars.iter().all(|bar| *bar == bars[0]), "{text}");
    let object: serde_json::Value = serde_json::from_str(&diff(&["--json"])).unwrap();
    let differences = object["differences"].as_array().unwrap();
    let name = differences.iter().find(|one| one["code"] == 15).unwrap();
    assert_eq!((&name["a"][0], &name["b"][0]), (&"a\u{7}\\b".into(), &"caf\u{fffd}".into()), "{object}");
}
