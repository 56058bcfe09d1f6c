//! What happened, told from captures: tables, ladders, reports.

use std::process::{Command, Output};

use dhcptool::wire::v4::MessageType;

use crate::support::story::{SERVER, Story};

fn run(story: &Story, columns: u32, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .env("COLUMNS", columns.to_string())
        .args(args)
        .arg(story.file())
        .output()
        .unwrap()
}

fn text(story: &Story, columns: u32, args: &[&str]) -> String {
    let output = run(story, columns, args);
    String::from_utf8(output.stdout).unwrap()
}

fn fits(text: &str, columns: usize) {
    for line in text.lines() {
        assert!(line.chars().count() <= columns, "{line:?}\n{text}");
    }
}

/// A client asks for its old address, is refused, and begins anew.
fn refused() -> Story {
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
