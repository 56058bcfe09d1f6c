//! Captures that tell no times.

use std::process::Command;

use dhcptool::wire::v4::MessageType;

use crate::support::story::Story;

/// The frames of a capture in one that tells no times: simple packet blocks of pcapng.
fn without_times(story: &Story) -> std::path::PathBuf {
    let pcap = std::fs::read(story.file()).unwrap();
    let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let mut out = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let length = word(12 + body.len().next_multiple_of(4));
        for part in
            [&kind.to_le_bytes()[..], &length, body, &[0; 3][..body.len().next_multiple_of(4) - body.len()]]
        {
            out.extend_from_slice(part);
        }
        out.extend_from_slice(&length);
    };
    block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
    block(1, &[1, 0, 0, 0, 0, 0, 0, 0]);
    let mut rest = &pcap[24..];
    while let Some((head, tail)) = rest.split_at_checked(16) {
        let length = usize::try_from(u32::from_le_bytes(head[8..12].try_into().unwrap())).unwrap();
        block(3, &[&word(length)[..], &tail[..length]].concat());
        rest = &tail[length..];
    }
    let path = story.folder().join("timeless.pcapng");
    std::fs::write(&path, out).unwrap();
    path
}

/// What is not known is null, and no sentence says it.
#[test]
fn what_has_no_times_is_told_without() {
    let mut story = Story::new();
    story.binds(0, 1, 7, &[]);
    (0..30).for_each(|n| drop(story.asks(10_000 + 1000 * n, MessageType::DISCOVER, 2, 8, &[])));
    let file = without_times(&story);
    let told = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhcptool"));
        let output = command.env("COLUMNS", "140").args(args).arg(&file).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for view in ["--transactions", "--clients", "--lint", "--stats"] {
        let lines = told(&["decode", "-q", view, "--json"]);
        assert!(!lines.contains("1970") && !lines.contains("_ms\":0.0"), "{lines}");
        let bound = lines.lines().next().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let Some(bound) = bound.filter(|_| view == "--transactions") else { continue };
        for field in ["start", "end", "duration_ms", "offer_ms", "ack_ms", "total_ms"] {
            assert!(bound[field].is_null(), "{field}: {bound}");
        }
        assert!(bound["steps"][0]["time"].is_null() && bound["steps"][1]["delta_ms"].is_null(), "{bound}");
        assert!(bound["servers"][0]["offer_ms"].is_null() && bound["outcome"] == "bound", "{bound}");
    }
    for view in ["--transactions", "--ladder", "--clients", "--lint", "--stats"] {
        let text = told(&["decode", "-q", view]);
        for wrong in ["00:00:00", " 0 ms", " 0.0 ", " 0 s", "storm"] {
            assert!(!text.contains(wrong), "{view} says {wrong:?}:\n{text}");
        }
    }
    let rows = told(&["decode", "-q", "--transactions", "--format", "csv"]);
    assert!(!rows.contains("1970"), "{rows}");
}
