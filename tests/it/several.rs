//! Several captures in one call: which of them are one.

use std::process::Command;

use dhcptool::wire::v4::MessageType;

use crate::support::story::{SERVER, Story};

/// The outcomes of several captures that are read in one call, each with its letters.
fn joined(stories: &[&Story]) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let exchanges = exchanges(stories).into_iter();
    exchanges.map(|exchange| (text(&exchange["outcome"]), text(&exchange["messages"]))).collect()
}

/// The exchanges of several captures.
fn exchanges(stories: &[&Story]) -> Vec<serde_json::Value> {
    let files: Vec<_> = stories.iter().map(|story| story.file()).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["decode", "-q", "--transactions", "--json"])
        .args(files)
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let objects = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    objects.filter(|object| object["type"] == "transaction").collect()
}

/// A row of files is one capture: one that begins where the one before ended goes on with it. Others are joined each for itself.
#[test]
fn a_row_of_files_is_one_capture() {
    let mut first = Story::new();
    for ms in [0, 200_000] {
        let discover = first.asks(ms, MessageType::DISCOVER, 1, 7, &[]);
        first.answers(ms + 5, MessageType::OFFER, &discover, 7, &[]);
    }
    let then = |ms: u64| {
        let mut second = Story::new();
        let server = SERVER.octets();
        let request = second.asks(ms, MessageType::REQUEST, 1, 7, &[(50, &[10, 0, 0, 7]), (54, &server)]);
        second.answers(ms + 5, MessageType::ACK, &request, 7, &[]);
        second
    };
    let words = |found: &[(String, String)]| {
        found.iter().map(|(outcome, letters)| format!("{outcome} {letters}")).collect::<Vec<_>>()
    };
    for ms in [200_005, 200_006, 230_000, 320_005] {
        let found = joined(&[&first, &then(ms)]);
        assert_eq!(words(&found), ["offered D O", "bound D O R A"], "{ms}");
    }
    for ms in [200_004, 320_006, 0] {
        let found = words(&joined(&[&first, &then(ms)]));
        // The first ends right after its last OFFER.
        assert_eq!(found, ["offered D O", "open D O", "bound R A"], "{ms}");
    }
    // Nothing goes on backwards, and a file between without a frame changes nothing.
    assert_eq!(joined(&[&then(200_100), &first]).len(), 3);
    let (empty, second) = (Story::new(), then(200_100));
    assert_eq!(words(&joined(&[&first, &empty, &second])), ["offered D O", "bound D O R A"]);
}

/// Frames of a row are counted on, so that each has a number of its own; those of another capture begin anew.
#[test]
fn frames_of_a_row_are_counted_on() {
    let story = |ms: u64, xid: u32, client: u8| {
        let mut story = Story::new();
        for ms in [ms, ms + 4_000] {
            story.asks(ms, MessageType::DISCOVER, xid, client, &[]);
        }
        story
    };
    let frames = |found: &[serde_json::Value]| -> Vec<Vec<u64>> {
        let steps = found.iter().map(|exchange| exchange["steps"].as_array().unwrap().iter());
        steps.map(|steps| steps.map(|step| step["frame"].as_u64().unwrap()).collect()).collect()
    };
    let (first, second, third) = (story(0, 1, 1), story(8_000, 1, 1), story(1_000_000, 2, 2));
    let found = exchanges(&[&first, &second, &third]);
    assert_eq!(frames(&found), [vec![1, 2, 3, 4], vec![1, 2]]);
    let told =
        found[0]["problems"].as_array().unwrap().iter().find(|said| said["code"] == "no-answer").unwrap();
    assert_eq!(told["frames"], serde_json::json!([1, 2, 3, 4]));
}

/// Of two captures that do not follow each other, what is open at the end of the second is open whenever the first ended.
#[test]
fn each_capture_has_an_end_of_its_own() {
    let (mut first, mut second) = (Story::new(), Story::new());
    first.asks(0, MessageType::DISCOVER, 1, 7, &[]);
    first.asks(60_000, MessageType::DISCOVER, 2, 8, &[]);
    second.asks(20_000, MessageType::DISCOVER, 3, 9, &[]);
    let outcomes: Vec<_> = joined(&[&first, &second]).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["unanswered", "open", "open"]);
}
