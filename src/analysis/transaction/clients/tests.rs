//! How clients fare, and that it does not depend on the order in which exchanges close.

#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use super::*;
use crate::analysis::diagnosis::Code;
use crate::analysis::diagnosis::tests::{Story, client};
use crate::analysis::transaction::{Joiner, Options};
use crate::wire::v4::MessageType;

const SERVER: [u8; 4] = [10, 0, 0, 1];
const OWN: [u8; 4] = [10, 0, 0, 9];

/// The exchanges of a story that ends a minute after its last message.
fn closed(tell: impl FnOnce(&mut Story)) -> Vec<Exchange> {
    let mut story = Story::default();
    tell(&mut story);
    story.end(600_000);
    let mut joiner = Joiner::new(Options::default());
    joiner.batch(&story.batch, |_, _| {});
    joiner.finish();
    joiner.take_closed().into_iter().map(|closed| *closed).collect()
}

/// How the only client of a story fares: status, address, what it gave back, and why.
fn fares(tell: impl FnOnce(&mut Story)) -> (Status, Option<String>, Vec<String>, Option<String>) {
    let mut clients = Clients::default();
    for exchange in closed(tell) {
        clients.exchange(&exchange, 1, &[]);
    }
    let all = clients.sorted();
    let [one] = all.as_slice() else { panic!("{} clients", all.len()) };
    let given_back = one.given_back().iter().map(|(address, _)| address.to_string()).collect();
    (one.status(), one.address().map(|address| address.to_string()), given_back, one.why())
}

#[test]
fn who_has_no_address_is_not_well() {
    let own = || Some("10.0.0.9".to_owned());
    let reboot = |story: &mut Story, ms: i64, number: u8| {
        story.ask(ms, client(number), MessageType::REQUEST, |m, _| m.set_option(50, &OWN));
    };
    let bound = |story: &mut Story| {
        story.discover(0, client(1));
        story.offer(1, client(1), SERVER, OWN);
        story.request(2, client(1), OWN, SERVER);
        story.ack(3, client(1), SERVER, OWN);
    };
    let failed = |why: &str| (Status::Failed, None, vec![], Some(why.to_owned()));
    // Refused again and again, of which the questions are not seen.
    assert_eq!(
        fares(|story| (0..3).for_each(|n| story.nak(n * 20_000, client(1), SERVER))),
        failed("refused by 10.0.0.1")
    );
    // Whether it may keep its address is asked in vain.
    assert_eq!(fares(|story| reboot(story, 0, 1)), failed("no answer to REQUEST was seen"));
    // The same later: the lease that was seen to be given runs on.
    let later = fares(|story| {
        bound(story);
        story.ask(
            60_000,
            crate::analysis::diagnosis::tests::Client { xid: 7, ..client(1) },
            MessageType::REQUEST,
            |m, _| {
                m.set_option(50, &OWN);
            },
        );
    });
    assert_eq!(later, (Status::Ok, own(), vec![], None));
    // Who renews has what it renews.
    assert_eq!(fares(|story| story.renew(0, client(1), OWN, false)), (Status::Ok, own(), vec![], None));
    // Who gave its address back has none, and that is well.
    let released = fares(|story| {
        bound(story);
        story.ask(60_000, client(1), MessageType::RELEASE, |m, _| {
            m.ciaddr = OWN.into();
            m.set_option(54, &SERVER);
        });
    });
    assert_eq!(released, (Status::Ok, None, vec!["10.0.0.9".to_owned()], None));
    // It gave that back, whatever it asks for in vain later.
    let (status, _, given_back, _) = fares(|story| {
        bound(story);
        story.ask(60_000, client(1), MessageType::RELEASE, |m, _| {
            m.ciaddr = OWN.into();
            m.set_option(54, &SERVER);
        });
        story.discover(120_000, crate::analysis::diagnosis::tests::Client { xid: 9, ..client(1) });
    });
    assert_eq!((status, given_back), (Status::Failed, vec!["10.0.0.9".to_owned()]));
}

/// A client of these exchanges, of which `order` says which closes when: all that is told of it.
fn row(all: &[Exchange], order: &[usize], problems: &[Diagnosis]) -> String {
    let mut clients = Clients::default();
    for index in order {
        let number = u64::try_from(*index).unwrap();
        let said = if *index == 0 { problems } else { &[] };
        clients.exchange(&all[*index], number, said);
    }
    let all = clients.sorted();
    let [one] = all.as_slice() else { panic!("{} clients", all.len()) };
    let mut numbers = one.transactions.to_vec();
    numbers.sort_unstable();
    let texts = [&one.texts.client_id, &one.texts.hostname, &one.texts.vendor_class, &one.texts.interface]
        .map(|text| text.as_deref().map(|text| String::from_utf8_lossy(text).into_owned()));
    let (status, why, messages, tries) = (one.status(), one.why(), one.messages(), one.tries());
    let servers: Vec<String> = one.servers.iter().map(ToString::to_string).collect();
    format!(
        "{status:?} {why:?} {:?} {texts:?} {servers:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {messages} {tries} {numbers:?}",
        one.mac,
        one.leases,
        one.given_back(),
        one.vlans(),
        one.relays(),
        one.codes(),
        one.delays(),
        one.seen,
    )
}

/// All orders of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let shorter = orders(last);
    let mut all = Vec::new();
    for order in shorter {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, last);
            all.push(order);
        }
    }
    all
}

type Tell<'a> = &'a dyn Fn(&mut Story);

/// The exchanges of a client close in an order that the messages of others have a part in.
#[test]
fn what_is_told_of_a_client_does_not_depend_on_the_order_in_which_its_exchanges_close() {
    use crate::analysis::diagnosis::tests::Client;
    let again = |xid: u32| Client { xid, ..client(1) };
    let (other, second) = ([10, 0, 0, 2], [10, 0, 0, 8]);
    let named = |story: &mut Story, ms: i64, c: Client, name: &[u8], class: Option<&[u8]>| {
        story.ask(ms, c, MessageType::REQUEST, |m, _| {
            m.set_option(50, &OWN);
            m.set_option(12, name);
            if let Some(class) = class {
                m.set_option(60, class);
            }
            m.giaddr = [10, 1, 0, name[0]].into();
        });
    };
    let release = |story: &mut Story, ms: i64, c: Client, ip: [u8; 4]| {
        story.ask(ms, c, MessageType::RELEASE, |m, _| {
            m.ciaddr = ip.into();
            m.set_option(54, &SERVER);
        });
    };
    let bind = |story: &mut Story, ms: i64, c: Client, server: [u8; 4], ip: [u8; 4]| {
        story.discover(ms, c);
        story.offer(ms + ms / 1000 + 1, c, server, ip);
        story.request(ms + ms / 1000 + 2, c, ip, server);
        story.ack(ms + ms / 500 + 3, c, server, ip);
    };
    let stories: [(&str, Tell<'_>); 6] = [
        ("names", &|story| {
            named(story, 0, again(1), b"a", Some(b"first"));
            story.nak(100, again(1), SERVER);
            named(story, 200_000, again(2), b"b", Some(b"second"));
            named(story, 400_000, again(3), b"c", None);
            story.nak(400_100, again(3), other);
        }),
        ("refused later", &|story| {
            bind(story, 0, again(1), SERVER, OWN);
            named(story, 2000, again(2), b"h", None);
            story.nak(2100, again(2), SERVER);
            // A second server is slow.
            story.offer(3000, again(1), other, second);
        }),
        ("bound twice", &|story| {
            bind(story, 0, again(1), SERVER, OWN);
            bind(story, 200_000, again(2), other, second);
            story.renew(400_000, again(3), second, false);
        }),
        ("given back", &|story| {
            bind(story, 0, again(1), SERVER, OWN);
            release(story, 200_000, again(2), OWN);
            bind(story, 400_000, again(3), SERVER, second);
            release(story, 600_000, again(4), second);
        }),
        ("had again", &|story| {
            release(story, 0, again(1), OWN);
            bind(story, 200_000, again(2), SERVER, second);
            story.discover(400_000, again(3));
        }),
        ("in vain", &|story| {
            story.renew(0, again(1), OWN, false);
            story.ask(200_000, again(2), MessageType::REQUEST, |m, _| m.set_option(50, &OWN));
            story.renew(400_000, again(3), second, true);
        }),
    ];
    for (name, tell) in stories {
        let all = closed(|story| tell(story));
        assert!(all.len() >= 2, "{name}");
        let problem = |code: Code| Diagnosis { id: Id::Wider(code), frames: vec![], message: String::new() };
        let problems = [problem(Code::NoAnswer), problem(Code::NoAck), problem(Code::NakLoop)];
        let orders = orders(all.len());
        let problems = if name == "names" { &problems[..] } else { &[] };
        let wanted = row(&all, &(0..all.len()).collect::<Vec<_>>(), problems);
        for order in orders {
            assert_eq!(row(&all, &order, problems), wanted, "{name} {order:?}");
        }
        let shows = |part: &str| assert!(wanted.contains(part), "{name}: {part} in {wanted}");
        match name {
            "names" => {
                shows(r#"Some("c"), Some("second")"#);
                shows(r#"["10.0.0.1", "10.0.0.2"]"#);
                shows("[10.1.0.97, 10.1.0.98, 10.1.0.99]");
                shows(r#"(Error, "nak-loop"), (Warning, "no-answer"), (Warning, "no-ack")"#);
            }
            "refused later" => shows(r#"Failed Some("refused by 10.0.0.1")"#),
            "bound twice" => shows("(Some(201000000), Some(201000000))"),
            "given back" => shows("[(10.0.0.8, None)] [] [] [] (Some("),
            "had again" => shows("Failed Some"),
            _ => shows("Failed Some(\"no answer to REQUEST was seen\")"),
        }
    }
}

#[test]
fn what_was_found_of_the_whole_is_said_of_whom_it_is_about() {
    let mut clients = bound(1..5);
    let mut finding = Finding {
        id: Id::Wider(Code::AddressGivenTwice),
        server: None,
        client: Some(Who::Four(client(2).mac.into())),
        others: vec![client(3).mac.into(), client(99).mac.into()],
        address: None,
        frames: vec![1],
        count: 1,
        seen: (0, 0),
        message: String::new(),
    };
    clients.concern(&finding);
    (finding.id, finding.client) = (Id::Wider(Code::AddressChurn), Some(Who::Four(client(4).mac.into())));
    finding.others.clear();
    clients.concern(&finding);
    let of = |wanted: u8| {
        let all = clients.sorted();
        let one = all.iter().find(|one| one.mac == Some(client(wanted).mac.into())).unwrap();
        (one.status(), one.codes().iter().map(|(_, code)| *code).collect::<Vec<_>>())
    };
    assert_eq!(of(1), (Status::Ok, vec![]));
    assert_eq!(of(2), (Status::Odd, vec!["address-given-twice"]));
    assert_eq!(of(3), (Status::Odd, vec!["address-given-twice"]));
    assert_eq!(of(4), (Status::Ok, vec!["address-churn"]), "a note alarms nobody");
}

/// How a client fares that is bound by a second server with `routers`, while the first bound `count`, and the second `others`, `ms`
/// earlier.
fn beside(count: u8, others: u8, routers: [u8; 4], ms: i64) -> (Status, Option<String>) {
    let other = [10, 0, 0, 66];
    let mut clients = Clients::default();
    let all = closed(|story| {
        for number in 1..=count.saturating_add(others).saturating_add(1) {
            let (first, c, ip) = (number <= count, client(number), [10, 0, 0, 100 + number]);
            let server = if first { SERVER } else { other };
            let at = i64::from(number) * 100 + if first { 0 } else { ms };
            story.discover(at, c);
            story.request(at + 1, c, ip, server);
            story.ack_with(at + 2, c, server, ip, if first { SERVER } else { routers });
        }
    });
    for exchange in &all {
        clients.exchange(exchange, 1, &[]);
    }
    clients.compare();
    let last = client(count.saturating_add(others).saturating_add(1)).mac.into();
    let all = clients.sorted();
    let one = all.iter().find(|one| one.mac == Some(last)).unwrap();
    (one.status(), one.why())
}

#[test]
fn a_lease_from_another_server_than_all_others_have_is_odd() {
    let odd = (Status::Odd, Some("lease from 10.0.0.66, not 10.0.0.1".to_owned()));
    let fine = (Status::Ok, None);
    let other = [10, 0, 0, 66];
    assert_eq!(beside(6, 0, other, 0), odd);
    assert_eq!(beside(10, 1, other, 0), odd);
    // Servers that answer alike share the work, and so do two that serve about as many.
    assert_eq!(beside(10, 0, SERVER, 0), fine);
    assert_eq!(beside(10, 2, other, 0), fine);
    assert_eq!(beside(4, 0, other, 0), fine, "too few to say which of them it is");
    assert_eq!(beside(10, 0, other, 3 * 86_400_000), fine, "another network, or the same days later");
}

#[test]
fn what_stands_before_its_question_took_no_time() {
    let all = closed(|story| {
        story.ack(0, client(1), SERVER, OWN);
        // The ACK may answer a DISCOVER that asks for it.
        story.ask(30, client(1), MessageType::DISCOVER, |m, _| m.set_option(80, &[]));
        story.ack(60, client(1), SERVER, OWN);
    });
    for exchange in &all {
        let delays = [exchange.offer_ns(), exchange.ack_ns(), exchange.total_ns()];
        assert!(delays.into_iter().flatten().all(|delay| delay >= 0), "{delays:?}");
    }
    assert!(all.iter().any(|exchange| exchange.had().reply && exchange.had().client));
}

#[test]
fn whose_lease_is_asked_about_is_no_client_of_the_capture() {
    let mut story = Story::default();
    story.discover(0, client(1));
    story.ask(10, client(2), MessageType::LEASEQUERY, |m, _| m.giaddr = [10, 0, 0, 9].into());
    let mut joiner = Joiner::new(Options::default());
    joiner.batch(&story.batch, |_, _| {});
    joiner.finish();
    let closed = joiner.take_closed();
    let kinds: Vec<Kind> = closed.iter().map(|exchange| exchange.kind).collect();
    assert_eq!(kinds, [Kind::Acquire, Kind::LeaseQuery]);
    let mut clients = Clients::default();
    for exchange in &closed {
        clients.exchange(exchange, 1, &[]);
    }
    let all = clients.sorted();
    assert_eq!(all.iter().map(|one| one.mac).collect::<Vec<_>>(), [Some(client(1).mac.into())]);
}

/// Clients that each were bound by the same server.
fn bound(numbers: std::ops::Range<u8>) -> Clients {
    let mut story = Story::default();
    for number in numbers {
        let (at, c, a) = (i64::from(number) * 1000, client(number), [10, 0, 0, number]);
        story.discover(at, c);
        story.offer(at + 1, c, [10, 0, 0, 1], a);
        story.request(at + 2, c, a, [10, 0, 0, 1]);
        story.ack(at + 3, c, [10, 0, 0, 1], a);
    }
    let mut joiner = Joiner::new(Options::default());
    joiner.batch(&story.batch, |_, _| {});
    joiner.finish();
    let mut clients = Clients::default();
    for (exchange, number) in joiner.take_closed().iter().zip(1..) {
        clients.exchange(exchange, number, &[]);
    }
    clients
}

/// There may be a million of them.
#[test]
fn a_client_that_is_fine_takes_little_memory() {
    assert!(size_of::<ClientRecord>() <= 272, "{}", size_of::<ClientRecord>());
    let clients = bound(1..20);
    let all = clients.sorted();
    assert_eq!((all.len(), all.iter().filter(|one| one.rare.is_none()).count()), (19, 19));
    assert!(all.iter().all(|one| Arc::ptr_eq(&one.servers, &all[0].servers)), "what is alike is there once");
    let delays = |one: &&ClientRecord| one.delays();
    assert!(all.iter().map(delays).all(|delays| delays == (Some(1_000_000), Some(1_000_000))));
}

#[test]
fn two_clients_of_one_hash_are_two() {
    let mut clients = bound(1..2);
    let other = bound(2..3).all.remove(0);
    let hash = clients.places.hasher().hash_one(&other.who);
    clients.places.insert(hash, 0);
    for _ in 0..2 {
        assert_eq!(clients.place(other.who.clone(), other.mac, (0, 0)), Some(1));
    }
    assert_eq!((clients.all.len(), clients.place(clients.all[0].who.clone(), None, (0, 0))), (2, Some(0)));
}
