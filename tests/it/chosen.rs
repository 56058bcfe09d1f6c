//! What happened, of what was chosen: a choice keeps whole exchanges.

use crate::story::{run, text};
use crate::support::story::Story;

const JSON: &[&str] = &["decode", "-q", "--transactions", "--json"];

/// Two clients that are bound, one after the other.
fn two() -> Story {
    let mut story = Story::new();
    story.binds(0, 1, 7, &[]);
    story.binds(1000, 2, 8, &[]);
    story
}

fn chosen(story: &Story, choice: &[&str]) -> (Vec<serde_json::Value>, Option<i32>) {
    let output = run(story, 80, &[JSON, choice].concat());
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, output.status.code())
}

#[test]
fn a_filter_keeps_whole_exchanges() {
    let story = two();
    let (all, _) = chosen(&story, &[]);
    assert_eq!(all.len(), 2);
    // Only what clients say goes there; what is answered belongs to it.
    assert_eq!(chosen(&story, &["--filter", "dst port 67"]), (all.clone(), Some(0)));
    // The end of one hardware address, in `chaddr`, behind the UDP header.
    let one = chosen(&story, &["--filter", "udp[41] = 8"]);
    assert_eq!(one, (vec![all[1].clone()], Some(0)));
}

#[test]
fn numbers_choose_exchanges_and_counting_ends_early() {
    let story = two();
    let (all, _) = chosen(&story, &[]);
    assert_eq!(chosen(&story, &["--number", "6"]), (vec![all[1].clone()], Some(0)));
    assert_eq!(chosen(&story, &["--number", "4-5"]).0, all);
    let (first, code) = chosen(&story, &["--count", "4"]);
    assert_eq!((&first, code), (&vec![all[0].clone()], Some(0)));
    // What comes behind is not read, whoever follows.
    let (followed, _) = chosen(&story, &["--count", "4", "--follow"]);
    assert_eq!(followed, first);
}

#[test]
fn a_choice_that_nothing_meets_is_the_bad_answer() {
    let story = two();
    for choice in [
        &["--mac", "02:02:02:02:02:02"][..],
        &["--type", "inform"],
        &["--vlan", "5"],
        &["--priority", "6"],
        &["--dscp", "46"],
        &["--ip-id", "61234"],
        &["--filter", "udp[41] = 9"],
        &["--until", "2000-01-01"],
        &["--number", "99"],
    ] {
        for view in [&["--transactions"][..], &["--clients"], &["--lint"], &["--stats"], &["--ladder"], &[]] {
            let output = run(&story, 80, &[&["decode", "-q"], view, choice].concat());
            assert_eq!(output.status.code(), Some(1), "{view:?} {choice:?}");
        }
    }
    // Nothing wrong is not nothing.
    let lint = run(&story, 80, &["decode", "-q", "--lint", "--type", "ack"]);
    assert_eq!(lint.status.code(), Some(0));
}

#[test]
fn figures_are_those_of_what_was_chosen() {
    let mut story = two();
    story.binds(2000, 3, 8, &[]);
    let stats = |choice: &[&str]| {
        let output = run(&story, 80, &[&["decode", "-q", "--stats", "--json"], choice].concat());
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    for choice in [&["--client", "00:0c:29:00:00:08"][..], &["--mac", "00:0c:29:00:00:08"]] {
        let one = stats(choice);
        assert_eq!((&one["transactions"], &one["messages"]), (&2.into(), &8.into()), "{one}");
        assert_eq!(one["by_type"]["ack"], 2, "{one}");
    }
    assert_eq!(stats(&[])["messages"], 12);
}

#[test]
fn times_are_told_as_they_are_asked_for() {
    let story = two();
    for (view, columns) in [("--ladder", 80), ("--transactions", 140)] {
        let times = |form: &str| {
            let told = text(&story, columns, &["decode", "-q", view, "--time", form]);
            // A ladder's first message, or the row of the second client.
            let is_one = |line: &&str| {
                if view == "--ladder" {
                    line.contains("DISCOVER")
                } else {
                    line.contains("00:0c:29:00:00:08")
                }
            };
            let line = told.lines().rfind(is_one).unwrap().trim_start().to_owned();
            line.split(' ').next().unwrap().to_owned()
        };
        assert_eq!(times("relative"), "1.000", "{view}");
        assert_eq!(times("delta"), "1.000", "{view}");
        let utc = times("utc");
        let (clock, epoch) = (utc.split(':').map(|part| part.parse::<f64>().unwrap()), times("epoch"));
        let seconds = clock.fold(0.0, |all, part| all * 60.0 + part);
        assert!((epoch.parse::<f64>().unwrap() % 86400.0 - seconds).abs() < 0.2, "{utc} {epoch}");
    }
}
