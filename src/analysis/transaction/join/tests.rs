//! Which message belongs to which exchange, where there are a great many of them.

use super::*;
use crate::analysis::diagnosis::tests::{Client, Story, client};
use crate::analysis::transaction::Outcome;
use crate::analysis::transaction::desk::{LINGER, SECOND};
use crate::wire::v4::MessageType;

fn joined(tell: impl FnOnce(&mut Story)) -> Joiner {
    let mut story = Story::default();
    tell(&mut story);
    let mut joiner = Joiner::new(Options::default());
    joiner.batch(&story.batch, |_, _| {});
    joiner
}

/// A client without a hardware address says one thing again and again, each time with another identifier.
#[test]
fn identifiers_are_remembered_no_longer_than_their_exchange() {
    let mut joiner = joined(|s| {
        for xid in 0..1000_u32 {
            let c = Client { xid, ..client(1) };
            s.ask(i64::from(xid), c, MessageType::RELEASE, |m, _| {
                m.set_mac(crate::wire::Mac::ZERO);
                m.ciaddr = [10, 0, 0, 5].into();
                m.set_option(54, &[10, 0, 0, 1]);
                m.set_option(61, b"abc");
            });
        }
    });
    let open: Vec<_> = joiner.open().collect();
    let [exchange] = open.as_slice() else { panic!("{} exchanges", open.len()) };
    assert_eq!((exchange.kind, joiner.nameless.len()), (Kind::Release, exchange.xids.len()));
    joiner.finish();
    assert!(joiner.nameless.is_empty());
}

/// A capture may say that it was taken when the clock ends.
#[test]
fn the_end_of_time_is_no_time_to_wait_for() {
    let (a, server) = ([10, 0, 0, 50], [10, 0, 0, 1]);
    let mut story = Story::default();
    story.discover(0, client(1));
    for number in 2..5 {
        story.discover(0, client(number));
        story.offer(0, client(number), server, a);
        story.request(0, client(number), a, server);
        story.ack(0, client(number), server, a);
    }
    for early in [0, 5, SECOND, LINGER, DECLINE] {
        for hold in [true, false] {
            let mut joiner = Joiner::new(Options { hold, ..Options::default() });
            for item in &mut story.batch.items {
                if let Item::Message(entry) = item {
                    entry.seen.time = i64::MAX - early;
                }
            }
            story.batch.last = Some(i64::MAX - early);
            joiner.batch(&story.batch, |_, _| {});
            joiner.advance(i64::MAX);
            joiner.batch(&story.batch, |_, _| {});
            joiner.finish();
            assert!(joiner.open().next().is_none() && joiner.take_closed().len() >= 4);
        }
    }
}

/// The server comes back after more DISCOVERs than are kept of an exchange.
#[test]
fn a_client_that_asks_for_long_is_served_in_the_end() {
    let a = [10, 0, 0, 50];
    let mut joiner = joined(|s| {
        for n in 0..100 {
            s.discover(1000 * n, client(1));
        }
        s.offer(100_000, client(1), [10, 0, 0, 1], a);
        s.request(100_010, client(1), a, [10, 0, 0, 1]);
        s.ack(100_020, client(1), [10, 0, 0, 1], a);
    });
    joiner.finish();
    let closed = joiner.take_closed();
    let [exchange] = closed.as_slice() else { panic!("{} exchanges", closed.len()) };
    assert_eq!(exchange.outcome, Outcome::Bound);
    assert_eq!((exchange.messages(), exchange.left_out), ("D*61 O R A …".to_owned(), 39));
    let ms = |time: Option<i64>| time.unwrap() / 1_000_000;
    assert_eq!(ms(exchange.offer_ns()), 100_000);
    assert_eq!((ms(exchange.ack_ns()), ms(exchange.total_ns())), (10, 100_020));
    let (first, last) = exchange.span().unwrap();
    assert_eq!(ms(Some(last - first)), 100_020);
    let asked = exchange.sent().filter(|seen| seen.letter == Letter::Discover);
    assert_eq!(asked.map(|seen| seen.frame).max(), Some(100), "the latest is there");
}

/// Two sides that answer each other for ever: what came of it is known all the same.
#[test]
fn whatever_is_said_again_and_again_makes_room() {
    let a = [10, 0, 0, 50];
    let mut joiner = joined(|s| {
        for n in 0..100 {
            s.discover(1000 * n, client(1));
            s.offer(1000 * n + 10, client(1), [10, 0, 0, 1], a);
        }
        s.request(100_000, client(1), a, [10, 0, 0, 1]);
        s.ack(100_010, client(1), [10, 0, 0, 1], a);
    });
    joiner.finish();
    let closed = joiner.take_closed();
    assert_eq!(closed.iter().map(|exchange| exchange.outcome).collect::<Vec<_>>(), [Outcome::Bound]);
    assert_eq!((closed[0].steps.len(), closed[0].left_out), (64, 138));
}

/// What is over goes soon after nothing can join it any more, however long it took to be over.
#[test]
fn what_is_over_waits_once_for_late_messages() {
    for took in [0, 500, 3000, 9000] {
        let mut joiner = Joiner::new(Options { hold: false, ..Options::default() });
        let mut story = Story::default();
        story.discover(0, client(1));
        story.offer(took, client(1), [10, 0, 0, 1], [10, 0, 0, 50]);
        story.request(took, client(1), [10, 0, 0, 50], [10, 0, 0, 1]);
        story.ack(took, client(1), [10, 0, 0, 1], [10, 0, 0, 50]);
        joiner.batch(&story.batch, |_, _| {});
        let start = joiner.now().unwrap() - took * 1_000_000;
        let mut gone = 0;
        while joiner.take_closed().is_empty() {
            gone += 100;
            joiner.advance(start + gone * 1_000_000);
        }
        let late = gone - took;
        assert!((10_001..=11_100).contains(&late), "{took} ms took {late} ms more");
    }
}
