//! What is told does not depend on how many messages are joined at a time.

#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use std::path::Path;

use clap::{Args as _, FromArgMatches as _};

use super::*;
use crate::analysis::diagnosis::tests::{Client, Story as Told, client};
use crate::capture;
use crate::run::gather::Gatherer;
use crate::wire::Mac;
use crate::wire::v4::{Message, MessageType};

/// What flags ask for.
fn args(flags: &[&str]) -> AnalysisArgs {
    let command = AnalysisArgs::augment_args(clap::Command::new("it").no_binary_name(true));
    AnalysisArgs::from_arg_matches(&command.try_get_matches_from(flags).unwrap()).unwrap()
}

/// All ways to tell it.
fn ways() -> Vec<(AnalysisArgs, bool)> {
    let each = [&["--transactions", "--strict"][..], &["--lint"], &["--ladder"], &["--clients", "--stats"]];
    each.into_iter().flat_map(|flags| [(args(flags), false), (args(flags), true)]).collect()
}

/// Everything that is told of batches.
fn told(batches: &[Batch], args: &AnalysisArgs, json: bool) -> String {
    let look = Look { json, color: false, width: 140, fold: None, live: false };
    let mut analyst = Analyst::new(args, look, None, Vendors::default());
    let mut all = Vec::new();
    let mut show = |analyst: &mut Analyst<'_>| {
        all.extend_from_slice(analyst.bytes());
        analyst.clear();
    };
    for batch in batches {
        analyst.take(batch);
        show(&mut analyst);
    }
    analyst.finish();
    while analyst.more() {}
    let Ok(()) = analyst.conclude(Some("it"), 1, |_| Ok::<(), std::convert::Infallible>(()));
    show(&mut analyst);
    String::from_utf8(all).unwrap()
}

/// Holds what is told of batches of several sizes, which `cut` makes, against each other.
fn hold(name: &str, cut: impl Fn(usize) -> Vec<Batch>) {
    let whole = cut(usize::MAX);
    let ways = ways();
    let wanted: Vec<String> = ways.iter().map(|(args, json)| told(&whole, args, *json)).collect();
    for size in [1, 2, 7, 256] {
        let parts = cut(size);
        for ((args, json), wanted) in ways.iter().zip(&wanted) {
            let found = told(&parts, args, *json);
            assert!(found == *wanted, "{name}, {size} at a time\n--- wanted\n{wanted}\n--- found\n{found}");
        }
    }
}

/// The batches of a capture.
fn gathered(path: &Path, size: usize) -> Vec<Batch> {
    let (mut batches, mut batch) = (Vec::new(), Batch::default());
    let mut gatherer = Gatherer::of_all();
    let Ok(mut reader) = capture::open(path) else { return batches };
    while let Ok(Some(frame)) = reader.next() {
        gatherer.frame(&frame, &mut batch);
        if batch.items.len() >= size {
            batches.push(std::mem::take(&mut batch));
        }
    }
    batches.push(batch);
    batches
}

#[test]
fn captures_are_told_alike_however_many_messages_are_joined_at_a_time() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut count = 0;
    for folder in ["captures", "joined6", "frames"] {
        for entry in data.join(folder).read_dir().unwrap() {
            let path = entry.unwrap().path();
            if !path.extension().is_some_and(|ending| ending == "json" || ending == "txt") {
                hold(&path.display().to_string(), |size| gathered(&path, size));
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count}");
}

/// A batch of many messages, in batches of a few.
fn cut(batch: &Batch, size: usize) -> Vec<Batch> {
    let mut rest = batch.items.as_slice();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (items, after) = rest.split_at(size.min(rest.len()));
        let last = items.iter().rev().find_map(|item| match item {
            Item::Message(entry) => Some(entry.seen.time),
            Item::Sign(sign) => Some(sign.time()),
            Item::Six(_) | Item::Router(_) => None,
        });
        let mut part = Batch::default();
        part.items.extend_from_slice(items);
        (part.bytes, part.problems) = (batch.bytes.clone(), batch.problems.clone());
        part.last = if after.is_empty() { batch.last.or(last) } else { last };
        parts.push(part);
        rest = after;
    }
    parts
}

/// What comes after an exchange has closed says nothing of it, nor does it push out what does.
#[test]
fn signs_after_an_exchange_are_none_of_it() {
    let (a, server) = ([10, 0, 0, 50], Mac([0, 0x1c, 0xc4, 0, 0, 1]));
    let mut story = Told::default();
    story.discover(0, client(1));
    story.arp(100, server, [10, 0, 0, 1], a, false);
    story.offer(700, client(1), [10, 0, 0, 1], a);
    story.request(710, client(1), a, [10, 0, 0, 1]);
    story.ack(720, client(1), [10, 0, 0, 1], a);
    for n in 0..100 {
        story.arp(200_000 + n, server, [10, 0, 0, 1], a, false);
    }
    let whole = cut(&story.batch, usize::MAX);
    let text = told(&whole, &args(&["--lint"]), true);
    assert!(text.contains("\"server-checks-address\",\"frames\":[1,2,3]"), "{text}");
    hold("signs", |size| cut(&story.batch, size));
}

/// A code that is said rarely waits for how often it will be said, but not for ever; who writes when decides nothing.
#[test]
fn what_waits_for_others_does_so_for_as_many_rows() {
    let mut story = Told::default();
    let mut at = 0;
    for round in 0..3 {
        for n in 0..if round == 1 { 10_000_u32 } else { 6 } {
            at += 200_000;
            let who = Client { xid: n, ..client(u8::try_from(n % 200).unwrap()) };
            if round == 1 {
                story.discover(at, who);
            } else {
                story.ask(at, who, MessageType::REQUEST, |_, _| {});
            }
        }
    }
    let args = args(&["--transactions"]);
    let of = |size: usize| told(&cut(&story.batch, size), &args, false);
    let whole = of(usize::MAX);
    assert!(whole.len() > 1 << 20, "{}", whole.len());
    for size in [1, 256, 8000] {
        assert!(of(size) == whole, "{size} at a time");
    }
}

/// Clients of these numbers are bound, each asked by two servers that do not agree where `disagree` says so.
fn bound(numbers: &[u8], disagree: bool) -> Batch {
    let mut story = Told::default();
    for number in numbers {
        let (at, c) = (10_000 * i64::from(*number), client(*number));
        story.discover(at, c);
        story.offer(at + 1, c, [10, 0, 0, 1], [10, 0, 0, 100 + *number]);
        if disagree {
            story.offer(at + 2, c, [10, 0, 0, 2], [192, 168, 1, 100 + *number]);
        }
        story.request(at + 3, c, [10, 0, 0, 100 + *number], [10, 0, 0, 1]);
        story.ack(at + 4, c, [10, 0, 0, 1], [10, 0, 0, 100 + *number]);
    }
    story.end(9_000_000);
    story.batch
}

/// A choice that nothing meets is the bad answer, but not to whether anything is bad; and what is well is there.
#[test]
fn a_choice_is_met_by_what_is_well() {
    let healthy = ["--client", "00:1c:c4:5e:00:01"];
    let nobody = ["--client", "00:1c:c4:5e:00:77"];
    for (flags, disagree, none, bad) in [
        (&["--lint"][..], false, false, false),
        (&["--lint", healthy[0], healthy[1]], false, false, false),
        (&["--lint", healthy[0], healthy[1], "--fail-on", "error"], false, false, false),
        (&["--lint", nobody[0], nobody[1]], false, true, false),
        (&["--lint", nobody[0], nobody[1], "--fail-on", "error"], false, false, false),
        (&["--transactions", nobody[0], nobody[1]], false, true, false),
        (&["--lint", "--outcome", "bound", "--fail-on", "error"], false, false, false),
        (&["--lint", "--code", "no-answer"], false, true, false),
        (&["--lint", "--code", "no-answer", "--fail-on", "error"], false, false, false),
        (&["--lint", "--code", "several-servers"], true, false, false),
        (&["--lint", "--code", "several-servers", "--fail-on", "error"], true, false, false),
        (&["--lint", "--code", "several-servers", "--fail-on", "note"], true, false, true),
        (&["--lint", "--fail-on", "warning"], true, false, true),
    ] {
        let args = args(flags);
        let look = Look { json: true, color: false, width: 80, fold: None, live: false };
        let mut analyst = Analyst::new(&args, look, None, Vendors::default());
        analyst.take(&bound(&[1, 2], disagree));
        analyst.finish();
        while analyst.more() {}
        let Ok(()) = analyst.conclude(None, 1, |_| Ok::<(), std::convert::Infallible>(()));
        assert_eq!((analyst.found_none(), analyst.exit() == Exit::Bad), (none, bad), "{flags:?}");
    }
}

/// What is told of the whole more than eight times is shown three times and counted, as text; JSON has all.
#[test]
fn findings_told_often_are_counted() {
    let text = |count: u8, json: bool| {
        told(&[bound(&(1..=count).collect::<Vec<u8>>(), true)], &args(&["--lint"]), json)
    };
    let named = |text: &str| text.matches("servers-disagree").count();
    // The last line names the worst code once more.
    assert_eq!(named(&text(8, false)), 9);
    let many = text(12, false);
    assert!(named(&many) == 5 && many.contains("\n… and 9 more servers-disagree\n"), "{many}");
    assert_eq!(named(&text(12, true)), 12);
}

/// The kinds of exchanges that are told with these flags.
fn kinds(story: &Told, flags: &[&str]) -> Vec<String> {
    let text = told(&cut(&story.batch, usize::MAX), &args(flags), true);
    let kind = |line: &str| line.split("\"kind\":\"").nth(1)?.split('"').next().map(str::to_owned);
    text.lines().filter_map(kind).collect()
}

#[test]
fn slow_is_what_took_long_or_was_not_answered() {
    let (a, server) = ([10, 0, 0, 50], [10, 0, 0, 1]);
    let mut story = Told::default();
    let xid = |xid: u32| Client { xid, ..client(1) };
    story.discover(0, xid(1));
    story.offer(500, xid(1), server, a);
    story.request(600, xid(1), a, server);
    story.ack(2000, xid(1), server, a);
    // Nothing answers a RELEASE.
    story.ask(200_000, xid(2), MessageType::RELEASE, |m, _| {
        m.ciaddr = a.into();
        m.set_option(54, &server);
    });
    // An answer of which the question is not seen, and a refusal.
    story.ack_with(400_000, xid(3), server, a, server);
    story.ask(600_000, xid(4), MessageType::REQUEST, |m, _| m.set_option(50, &a));
    story.nak(603_000, xid(4), server);
    story.discover(800_000, xid(5));
    story.end(1_000_000);
    assert_eq!(kinds(&story, &["--transactions"]), ["acquire", "release", "acquire", "reboot", "acquire"]);
    assert_eq!(kinds(&story, &["--transactions", "--slower-than", "1s"]), ["acquire", "reboot", "acquire"]);
    assert_eq!(kinds(&story, &["--transactions", "--slower-than", "2500ms"]), ["reboot", "acquire"]);
    assert_eq!(kinds(&story, &["--transactions", "--slower-than", "10d"]), ["acquire"]);
}

#[test]
fn what_was_asked_for_is_no_address_of_nobody() {
    let mut story = Told::default();
    story.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(50, &[0; 4]));
    story.request(10, client(1), [10, 0, 0, 9], [10, 0, 0, 1]);
    story.ask(200_000, client(2), MessageType::DISCOVER, |m, _| m.set_option(50, &[0; 4]));
    let text = told(&cut(&story.batch, usize::MAX), &args(&["--transactions"]), true);
    let asked = |line: &str| {
        line.split("\"requested_address\":").nth(1).map(|rest| rest.split(',').next().unwrap().to_owned())
    };
    assert_eq!(text.lines().filter_map(asked).collect::<Vec<_>>(), ["\"10.0.0.9\"", "null"]);
}

/// How the command ends with these flags, and what it tells.
fn ends(story: &Told, flags: &[&str]) -> (Exit, String) {
    let args = args(flags);
    let look = Look { json: true, color: false, width: 80, fold: None, live: false };
    let mut analyst = Analyst::new(&args, look, None, Vendors::default());
    analyst.take(&story.batch);
    analyst.finish();
    while analyst.more() {}
    let Ok(()) = analyst.conclude(None, 1, |_| Ok::<(), std::convert::Infallible>(()));
    (analyst.exit(), String::from_utf8(analyst.bytes().to_vec()).unwrap())
}

#[test]
fn what_decides_of_clients_is_what_their_rows_say() {
    let mut storm = Told::default();
    for n in 0..25 {
        storm.discover(n * 300, Client { xid: u32::try_from(n).unwrap() + 1, ..client(1) });
    }
    storm.offer(7300, Client { xid: 25, ..client(1) }, [10, 0, 0, 1], [10, 0, 0, 50]);
    storm.request(7310, Client { xid: 25, ..client(1) }, [10, 0, 0, 50], [10, 0, 0, 1]);
    storm.ack(7320, Client { xid: 25, ..client(1) }, [10, 0, 0, 1], [10, 0, 0, 50]);
    let (exit, text) = ends(&storm, &["--clients", "--fail-on", "warning"]);
    assert!(text.contains("\"status\":\"odd\"") && text.contains("\"codes\":[\"client-storm\"]"), "{text}");
    assert_eq!(exit, Exit::Bad);
    let (exit, text) = ends(&storm, &["--clients", "--fail-on", "warning", "--ignore", "client-storm"]);
    assert!(text.contains("\"status\":\"ok\"") && !text.contains("client-storm"), "{text}");
    assert_eq!(exit, Exit::Good);
    // A note about two servers stands in no row, and decides only where it is told.
    let mut two = Told::default();
    for n in [1, 2] {
        let (c, at, server, ip) = (client(n), i64::from(n) * 1000, [10, 0, 0, n], [10, 0, 0, 50 + n]);
        two.discover(at, c);
        two.offer(at + 1, c, server, ip);
        two.request(at + 2, c, ip, server);
        two.ack(at + 3, c, server, ip);
    }
    for (what, wanted) in [("--clients", Exit::Good), ("--lint", Exit::Bad), ("--stats", Exit::Bad)] {
        let (exit, text) = ends(&two, &[what, "--fail-on", "note"]);
        assert_eq!((exit, text.contains("several-servers")), (wanted, wanted == Exit::Bad), "{what} {text}");
    }
}

/// Whoever it is, by whatever it is known.
#[test]
fn what_is_found_of_one_client_stands_in_its_row() {
    let (server, mut refused) = ([10, 0, 0, 1], Told::default());
    let unnamed = |message: &mut Message| {
        message.set_mac(Mac::ZERO);
        message.set_option(61, b"\xff\x07\x01");
    };
    for n in 0..4 {
        let (c, at) = (Client { xid: u32::try_from(n).unwrap() + 1, ..client(1) }, n * 10_000);
        refused.ask(at, c, MessageType::REQUEST, |m, _| {
            m.set_option(50, &[10, 0, 0, 50]);
            unnamed(m);
        });
        refused.say(at + 5, c, MessageType::NAK, (server, [0; 4]), |m, _| unnamed(m));
    }
    let (_, text) = ends(&refused, &["--clients"]);
    assert!(text.contains("\"codes\":[\"nak-loop\"") && text.contains("\"findings\":[]"), "{text}");
    let (_, whole) = ends(&refused, &["--lint"]);
    assert!(whole.contains("\"code\":\"nak-loop\""), "{whole}");
    assert_eq!(ends(&refused, &["--clients", "--fail-on", "error"]).0, Exit::Bad);
}

#[test]
fn a_finding_about_two_clients_is_found_by_both() {
    let (server, mut story) = ([10, 0, 0, 1], Told::default());
    for n in [1, 2] {
        let (c, at, ip) = (client(n), i64::from(n) * 100_000, [10, 0, 0, 77]);
        story.discover(at, c);
        story.offer(at + 1, c, server, ip);
        story.request(at + 2, c, ip, server);
        story.ack(at + 3, c, server, ip);
    }
    for mac in [client(1).mac, client(2).mac, client(3).mac] {
        let (_, text) = ends(&story, &["--lint", "--client", &mac.to_string()]);
        assert_eq!(text.contains("address-given-twice"), mac != client(3).mac, "{mac}: {text}");
    }
}

/// What makes a row odd is worth a warning, whatever it is.
#[test]
fn an_odd_row_decides_as_a_warning() {
    let mut story = Told::default();
    for n in 1..8 {
        let (server, routers) =
            if n < 7 { ([10, 0, 0, 1], [10, 0, 0, 1]) } else { ([10, 0, 0, 66], [10, 0, 0, 66]) };
        let (c, at, ip) = (client(n), i64::from(n) * 100, [10, 0, 0, 100 + n]);
        story.discover(at, c);
        story.request(at + 1, c, ip, server);
        story.ack_with(at + 2, c, server, ip, routers);
    }
    for (flags, wanted) in [
        (&["--clients", "--fail-on", "warning"][..], Exit::Bad),
        (&["--clients", "--stats", "--fail-on", "warning"], Exit::Bad),
        (&["--clients", "--fail-on", "error"], Exit::Good),
        (&["--clients", "--fail-on", "warning", "--ignore", "several-servers"], Exit::Good),
    ] {
        let (exit, text) = ends(&story, flags);
        assert_eq!(exit, wanted, "{flags:?}: {text}");
        assert_eq!(
            text.contains("lease from 10.0.0.66, not 10.0.0.1"),
            !flags.contains(&"--ignore"),
            "{text}"
        );
    }
}
