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
    assert_eq!(joiner.nameless.len(), 0);
}

/// Of a client that has said more than an exchange keeps when the first reply comes that names nobody.
#[test]
fn identifiers_that_are_looked_up_late_are_remembered_no_longer_either() {
    let mut joiner = joined(|s| {
        for number in 0..100_u32 {
            s.discover(1000 * i64::from(number), Client { xid: 1000 + number, ..client(1) });
        }
        s.say(
            100_000,
            Client { xid: 7, ..client(2) },
            MessageType::OFFER,
            ([10, 0, 0, 1], [10, 0, 0, 9]),
            |m, _| {
                m.set_mac(crate::wire::Mac::ZERO);
            },
        );
    });
    assert!(joiner.nameless.all && joiner.nameless.len() > 50, "{}", joiner.nameless.len());
    joiner.finish();
    assert_eq!(joiner.nameless.len(), 0);
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
    let again = exchange.count(|role| role == Role::Retransmission);
    assert_eq!((exchange.sent_count(), exchange.said_count(), again), (101, 103, 99), "all of them count");
    assert_eq!(exchange.sent_of(|letter| letter == Letter::Request), 1);
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

/// The exchanges of a story, as kinds, messages and outcomes, in order.
fn told(tell: impl FnOnce(&mut Story)) -> Vec<(Kind, String, Outcome)> {
    let mut joiner = joined(|s| {
        tell(s);
        s.end(600_000);
    });
    joiner.finish();
    let closed = joiner.take_closed();
    closed.iter().map(|exchange| (exchange.kind, exchange.messages(), exchange.outcome)).collect()
}

/// A client without a hardware address, that is known by its identifier.
fn bare(message: &mut crate::wire::v4::Message) {
    message.set_mac(crate::wire::Mac::ZERO);
    message.set_option(61, b"abc");
}

#[test]
fn an_address_may_be_declined_twice_whatever_others_say_between() {
    let (a, server) = ([10, 0, 0, 50], [10, 0, 0, 1]);
    let own = |beside: bool| {
        let mut all = told(|s| {
            s.discover(0, client(1));
            s.offer(10, client(1), server, a);
            s.request(20, client(1), a, server);
            s.ack(30, client(1), server, a);
            for at in [30_000, 60_000] {
                let c = Client { xid: 0x900 + u32::try_from(at).unwrap(), ..client(1) };
                s.ask(at, c, MessageType::DECLINE, |m, _| {
                    m.set_option(50, &a);
                    m.set_option(54, &server);
                });
                if beside {
                    for later in [10_050, 11_500, 21_000] {
                        s.ask(at + later, client(2), MessageType::INFORM, |_, _| {});
                    }
                }
            }
        });
        all.retain(|(kind, ..)| *kind != Kind::Inform);
        all
    };
    assert_eq!(own(false), [(Kind::Acquire, "D O R A C*2".to_owned(), Outcome::Declined)]);
    assert_eq!(own(true), own(false));
}

#[test]
fn what_was_given_after_a_refusal_is_asked_for_again_in_the_same_exchange() {
    let (a, server, other) = ([10, 0, 0, 50], [10, 0, 0, 1], [10, 0, 0, 2]);
    let all = told(|s| {
        s.renew(0, client(1), a, true);
        s.nak(10, client(1), other);
        s.ack(20, client(1), server, a);
        s.renew(2000, client(1), a, true);
        s.ack(2010, client(1), server, a);
    });
    assert_eq!(all, [(Kind::Rebind, "R N A R A".to_owned(), Outcome::Rebound)]);
}

#[test]
fn a_reply_that_names_no_client_finds_it_by_identifier_and_destination() {
    let (a, server) = ([10, 0, 0, 50], [10, 0, 0, 1]);
    let nameless = |s: &mut Story, ms: i64, c: Client, kind: MessageType, dst: [u8; 4]| {
        s.say(ms, c, kind, (server, a), |m, way| {
            m.set_mac(crate::wire::Mac::ZERO);
            way.ips.1 = dst;
        });
    };
    let all = told(|s| {
        s.discover(0, client(1));
        nameless(s, 10, client(1), MessageType::OFFER, [255; 4]);
        // The same on another port of the switch.
        nameless(s, 10, client(1), MessageType::OFFER, [255; 4]);
        s.request(20, client(1), a, server);
        nameless(s, 30, client(1), MessageType::ACK, [255; 4]);
    });
    assert_eq!(all, [(Kind::Acquire, "D O R A".to_owned(), Outcome::Bound)]);
    // Two that chose one identifier are told apart by where the answers go.
    let all = told(|s| {
        let (one, other) = (Client { xid: 7, ..client(50) }, Client { xid: 7, ..client(51) });
        s.renew(100, one, [10, 0, 0, 60], false);
        s.renew(101, other, [10, 0, 0, 61], false);
        nameless(s, 110, one, MessageType::ACK, [10, 0, 0, 60]);
        nameless(s, 111, other, MessageType::ACK, [10, 0, 0, 61]);
    });
    let renewed = (Kind::Renew, "R A".to_owned(), Outcome::Renewed);
    assert_eq!(all, [renewed.clone(), renewed]);
}

#[test]
fn a_late_reply_to_a_client_without_address_comes_too_late_as_any_other() {
    let a = [10, 0, 0, 50];
    let renewal = |late: i64| {
        told(|s| {
            s.ask(0, client(1), MessageType::REQUEST, |m, way| {
                bare(m);
                m.ciaddr = a.into();
                way.ips = (a, [10, 0, 0, 1]);
            });
            for at in [10, late] {
                s.say(at, client(1), MessageType::ACK, ([10, 0, 0, 1], a), |m, way| {
                    m.set_mac(crate::wire::Mac::ZERO);
                    way.ips.1 = a;
                    m.set_option(51, &u32::try_from(at).unwrap().to_be_bytes());
                });
            }
        })
        .iter()
        .map(|(_, messages, _)| messages.clone())
        .collect::<Vec<_>>()
    };
    assert_eq!(renewal(5000), ["R A*2"]);
    assert_eq!(renewal(60_000), ["R A", "A"]);
}

/// A server for boot files offers no address, however early: what is told is of the reply that gives one.
#[test]
fn who_gives_no_address_offers_none() {
    let (boots, a) = ([10, 0, 0, 3], [10, 0, 0, 50]);
    let mut joiner = joined(|s| {
        s.discover(0, client(1));
        s.say(2, client(1), MessageType::OFFER, (boots, [0; 4]), |m, _| {
            assert!(m.remove_option(51) && m.remove_option(1));
            m.set_option(3, &[10, 0, 0, 9]);
        });
        s.offer(3, client(1), [10, 0, 0, 1], a);
        // It has one after all.
        s.offer(9, client(1), boots, [10, 0, 0, 77]);
    });
    joiner.finish();
    let closed = joiner.take_closed();
    let [exchange] = closed.as_slice() else { panic!("{} exchanges", closed.len()) };
    let offered: Vec<_> = exchange.servers.iter().map(|server| (server.offered, server.offer)).collect();
    let ip = |last: u8| Some(std::net::Ipv4Addr::new(10, 0, 0, last));
    assert_eq!(offered, [(ip(77), Some(2_000_000)), (ip(50), Some(3_000_000))]);
    let giving = exchange.giving().unwrap();
    assert_eq!((giving.frame, exchange.address(), giving.lease), (3, ip(50), 3600));
    assert_eq!(exchange.texts.routers.as_deref(), Some(&[10, 0, 0, 1][..]));
}

#[test]
fn an_offer_without_an_address_is_no_offer_of_one() {
    let mut joiner = joined(|s| {
        s.discover(0, client(1));
        s.offer(2, client(1), [10, 0, 0, 3], [0; 4]);
    });
    joiner.finish();
    let closed = joiner.take_closed();
    let [server] = &*closed[0].servers else { panic!("{:?}", closed[0].servers) };
    assert_eq!((server.offered, server.offer, closed[0].address()), (None, Some(2_000_000), None));
}

/// Both partners acknowledge: routers are those of the one whose lease is told.
#[test]
fn routers_and_lease_are_of_one_reply() {
    let (a, one) = ([10, 0, 0, 50], [10, 0, 0, 1]);
    let mut joiner = joined(|s| {
        s.renew(0, client(1), a, true);
        s.ack_with(3, client(1), one, a, one);
        s.ack_with(5, client(1), [10, 0, 0, 2], a, [10, 0, 0, 2]);
    });
    joiner.finish();
    let closed = joiner.take_closed();
    assert_eq!(closed[0].giving().map(|seen| seen.frame), Some(2));
    assert_eq!(closed[0].texts.routers.as_deref(), Some(&one[..]));
}

/// A second capture has a clock of its own, even where the first went on for longer.
#[test]
fn what_is_open_is_judged_by_the_end_of_its_own_capture() {
    let mut joiner = joined(|s| {
        s.discover(0, client(1));
        s.discover(60_000, client(2));
    });
    joiner.finish();
    assert_eq!(
        joiner.take_closed().iter().map(|exchange| exchange.outcome).collect::<Vec<_>>(),
        [Outcome::Unanswered, Outcome::Open]
    );
    let first = joiner.now();
    let mut story = Story::default();
    story.discover(1000, client(3));
    story.end(3000);
    joiner.batch(&story.batch, |_, _| {});
    joiner.finish();
    let closed = joiner.take_closed();
    assert_eq!((closed.len(), closed[0].outcome), (1, Outcome::Open));
    assert_eq!(joiner.now(), first, "the last moment of all");
}
