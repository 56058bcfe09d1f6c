//! Scenes put together of messages, and what is told of them.

use super::*;
use crate::analysis::transaction::tests6::{Way, link_local, mac, put};
use crate::analysis::transaction::{Batch, Both, Closed, Item, Options};
use crate::wire::options::{nd as ndopt, v6 as opt};
use crate::wire::problem::Code;
use crate::wire::v6::MessageType;
use crate::wire::v6::message::{Message, ia, ia_addr, ia_prefix};
use crate::wire::v6::types::ALL_RELAYS_AND_SERVERS;

const SECOND: i64 = 1_000_000_000;

fn heard(frame: u64, seconds: i64, number: u8, protocol: Protocol, bytes: Vec<u8>) -> Heard {
    Heard {
        frame,
        time: seconds.saturating_mul(SECOND),
        place: 1,
        source: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into())),
        mac: Some(Mac([2, 0, 0, 0, 0, number])),
        source_port: if number < 10 { 546 } else { 547 },
        protocol,
        bytes: bytes.into(),
        problems: Vec::new(),
        tunnelled: false,
        selected: true,
        glance: Glance::default(),
    }
}

/// A message of client 1 or of server `number`.
fn message(kind: MessageType, xid: u32, number: u8, build: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::new(kind, xid);
    message.add_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, 0, 0, 1]);
    if number >= 10 {
        message.add_option(opt::SERVERID, [0, 3, 0, 1, 2, 0, 0, 0, 0, number]);
    }
    build(&mut message);
    message.encode()
}

fn lease(t1: u32, t2: u32) -> impl FnOnce(&mut Message) {
    move |message| {
        let inside = ia_addr("2001:db8::5".parse().unwrap(), 500, 1000, &[]);
        message.add_option(opt::IA_NA, ia(1, t1, t2, &[inside]));
    }
}

fn wish(message: &mut Message) {
    message.add_option(opt::IA_NA, ia(1, 0, 0, &[]));
}

fn advert(frame: u64, number: u8, flags: u8, lifetime: u16) -> Heard {
    let mut message = nd::Message::advertisement(64, flags, lifetime);
    message.add_option(ndopt::MTU, &[0, 0, 0, 0, 5, 220]);
    heard(frame, 0, number, Protocol::Icmpv6, message.encode())
}

/// Takes a message that was joined.
fn hear(heard: &Heard, joiner: &mut Both, story: &mut Story) {
    let mut batch = Batch::default();
    let source = heard.source.unwrap();
    let client = heard.source_port == 546;
    let way = Way {
        frame: heard.frame,
        time: Some(heard.time),
        interface: heard.place.to_string(),
        macs: (heard.mac.unwrap(), mac(1)),
        ips: (source, if client { ALL_RELAYS_AND_SERVERS } else { link_local(1) }),
        ports: (heard.source_port, if client { 547 } else { 546 }),
        vlans: Vec::new(),
        outbound: false,
        cut: 0,
    };
    put(&way, heard.protocol, &heard.bytes, &heard.problems, &mut batch);
    let glance = batch.six.first().map(|own| own.glance).unwrap_or_default();
    let heard = Heard { glance, ..heard.clone() };
    joiner.batch(&batch, |item, joined| match item {
        Item::Six(_) | Item::Router(_) => story.take(&heard, joined),
        _ => {}
    });
    for closed in joiner.take_closed() {
        if let Closed::Six(exchange) = closed {
            story.closed(&exchange);
        }
    }
}

/// The input ends: what is said of the exchanges that were open.
fn end(joiner: &mut Both, story: &mut Story) -> Vec<Diagnosis> {
    joiner.finish();
    let closed = joiner.take_closed().into_iter().filter_map(|closed| match closed {
        Closed::Six(exchange) => Some(story.closed(&exchange)),
        Closed::Four(_) => None,
    });
    closed.flatten().collect()
}

/// Code, count and frames of everything that is told of these.
fn told(all: &[Heard]) -> Vec<(&'static str, u64, Vec<u64>)> {
    let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
    for heard in all {
        hear(heard, &mut joiner, &mut story);
    }
    end(&mut joiner, &mut story);
    story.finish().into_iter().map(|told| (told.finding.code, told.count, told.frames)).collect()
}

fn exchange(at: i64, xid: u32, times: (u32, u32), frame: u64) -> Vec<Heard> {
    let say = |frame, number, bytes| heard(frame, at, number, Protocol::Dhcpv6, bytes);
    vec![
        say(frame, 1, message(MessageType::SOLICIT, xid, 1, wish)),
        say(frame.saturating_add(1), 10, message(MessageType::ADVERTISE, xid, 10, lease(times.0, times.1))),
    ]
}

#[test]
fn what_a_server_says_wrongly_is_told_once_and_counted() {
    let mut all = exchange(0, 7, (600, 300), 1);
    // Seen on both sides of a relay, and again by the next exchange.
    all.push(Heard { frame: 3, ..all[1].clone() });
    all.extend(exchange(60, 8, (600, 300), 4));
    assert_eq!(told(&all), [("t1-after-t2", 2, vec![2, 5])]);
    assert_eq!(told(&exchange(0, 7, (300, 600), 1)), []);
    // An answer to nobody is none.
    assert_eq!(told(&all[1..2]), []);
}

/// The messages of a client that gets an address, with what `change` makes of each: 1 to 4.
fn granted(change: impl Fn(u64, &mut Message)) -> Vec<Heard> {
    let (solicit, advertise) = ((MessageType::SOLICIT, 7, 1), (MessageType::ADVERTISE, 7, 10));
    let (request, reply) = ((MessageType::REQUEST, 9, 1), (MessageType::REPLY, 9, 10));
    let all = (1..).zip([solicit, advertise, request, reply]).map(|(frame, (kind, xid, number))| {
        let bytes = message(kind, xid, number, |message| {
            if number == 1 {
                wish(message);
            } else {
                lease(300, 600)(message);
            }
            change(frame, message);
        });
        heard(frame, 0, number, Protocol::Dhcpv6, bytes)
    });
    all.collect()
}

/// No scene is made of most exchanges: nothing may be missed by that.
#[test]
fn what_is_odd_in_one_message_of_a_plain_exchange_is_told() {
    let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
    for heard in &granted(|_, _| ()) {
        hear(heard, &mut joiner, &mut story);
    }
    assert!(story.open.values().all(Exchange::is_plain) && story.open.len() == 1);
    assert!(story.finish().is_empty());

    let set = |frame: u64, code: u16, data: Vec<u8>| {
        granted(move |own, message| {
            if own == frame {
                message.set_option(code, data.clone());
            }
        })
    };
    let address = |text: &str, times: [u32; 4]| {
        ia(1, times[0], times[1], &[ia_addr(text.parse().unwrap(), times[2], times[3], &[])])
    };
    let codes = |all: &[Heard]| told(all).into_iter().map(|(code, ..)| code).collect::<Vec<_>>();
    for frame in [2, 4] {
        for (code, text, times) in [
            ("t1-after-t2", "2001:db8::5", [600, 300, 500, 1000]),
            ("lifetime-inverted", "2001:db8::5", [300, 600, 2000, 1000]),
            ("t1-t2-zero", "2001:db8::5", [0, 0, 500, 1000]),
            ("t2-after-valid", "2001:db8::5", [300, 1000, 500, 1000]),
            ("lifetime-infinite", "2001:db8::5", [300, 600, 500, u32::MAX]),
            ("address-not-global", "fe80::5", [300, 600, 500, 1000]),
        ] {
            assert_eq!(codes(&set(frame, opt::IA_NA, address(text, times))), [code], "message {frame}");
        }
        let refused = vec![0, 1, b'n', b'o'];
        assert_eq!(codes(&set(frame, opt::STATUS_CODE, refused)), ["server-refuses"]);
        assert_eq!(codes(&set(frame, opt::SOL_MAX_RT, vec![0, 0, 0, 60])), ["sol-max-rt"]);
        let mut all = granted(|_, _| ());
        all[usize::try_from(frame).unwrap() - 1].source_port = 5000;
        assert_eq!(codes(&all), ["source-port"]);
        all = granted(|_, _| ());
        all[usize::try_from(frame).unwrap() - 1].source = Some("2001:db8::a".parse().unwrap());
        assert_eq!(codes(&all), ["answer-from-global"]);
    }
    assert_eq!(codes(&set(1, opt::RAPID_COMMIT, Vec::new())), ["rapid-commit-ignored"]);
    assert_eq!(codes(&set(1, opt::IA_PD, ia(1, 0, 0, &[]))), ["pd-ignored"]);
    let prefix =
        |length: u8| ia(1, 300, 600, &[ia_prefix("2001:db8:8::".parse().unwrap(), length, 500, 1000, &[])]);
    let delegated =
        granted(|frame, message| message.set_option(opt::IA_PD, prefix(if frame == 1 { 48 } else { 56 })));
    assert_eq!(codes(&delegated), ["pd-length-differs"]);
    // The same server from another card, and another server with other DNS servers.
    let mut all = granted(|_, _| ());
    (all[3].mac, all[3].source) = (Some(mac(11)), Some(link_local(11)));
    assert_eq!(codes(&all), ["duplicate-duid"]);
    let dns = |number: u8| {
        move |frame: u64, message: &mut Message| {
            if frame == 2 {
                message.set_option(opt::DNS_SERVERS, [number; 16]);
                message.set_option(opt::SERVERID, [0, 3, 0, 1, 2, 0, 0, 0, 0, number]);
            }
        }
    };
    let mut other = granted(dns(12)).swap_remove(1);
    (other.mac, other.source) = (Some(mac(12)), Some(link_local(12)));
    let mut all = granted(dns(10));
    all.insert(2, other);
    assert_eq!(codes(&all), ["dns-differs"]);
    // A REQUEST without an answer, long after.
    let mut all = granted(|_, _| ());
    all[3] = Heard { time: 8 * SECOND, ..advert(9, 20, 0x80, 1800) };
    assert!(codes(&all).contains(&"request-unanswered"));
}

/// An answer between a server with a global address and a relay is none to the client, on whichever side the others are seen.
#[test]
fn both_sides_of_a_relay_are_plain() {
    let global = |number: u8| Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into()));
    let envelope = |heard: &Heard| {
        let forward = heard.source_port == 546;
        let kind = if forward { MessageType::RELAY_FORW } else { MessageType::RELAY_REPL };
        let bytes = Message::relay(kind, 0, global(9).unwrap(), link_local(1), &heard.bytes).encode();
        let source = global(if forward { 9 } else { 10 });
        Heard { bytes: bytes.into(), source, source_port: 547, ..heard.clone() }
    };
    let direct = granted(|_, _| ());
    // The client's side, with the relay's card, of what `near` says; the server's side of the rest.
    for near in 0..16_u64 {
        let mut all = direct.clone();
        for heard in &mut all {
            if near >> heard.frame & 1 == 0 && heard.source_port == 547 {
                *heard = envelope(heard);
            } else if heard.source_port == 547 {
                (heard.mac, heard.source) = (Some(mac(11)), Some(link_local(11)));
            }
        }
        assert_eq!(told(&all), [], "{near:b}");
    }
    // That the client hears one from there is told.
    let mut all = direct;
    all[1] = envelope(&all[1]);
    all[3].source = global(10);
    assert_eq!(told(&all), [("answer-from-global", 1, vec![2, 4])]);
}

/// Who speaks until the end of the input, and whether it is DHCP at all, changes nothing.
#[test]
fn a_request_is_unanswered_by_the_end_of_the_input() {
    for (last, unanswered) in [(4, false), (8, true), (1000, true)] {
        let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
        for heard in &granted(|_, _| ())[..3] {
            hear(heard, &mut joiner, &mut story);
        }
        let mut frame = Batch::default();
        frame.passed(Some(crate::time::Timestamp(last * SECOND)), 0);
        joiner.batch(&frame, |_, _| ());
        let said = end(&mut joiner, &mut story);
        assert_eq!(said.iter().any(|one| one.id.name() == "request-unanswered"), unanswered, "{last} s");
        assert_eq!(story.finish().len(), usize::from(unanswered));
    }
}

/// What is said of one of several servers says of which, and is told with the exchange whichever message of that is wanted.
#[test]
fn of_several_servers_the_one_that_is_meant_is_named() {
    let refuse = |number: u8| {
        let none = ia(1, 0, 0, &[crate::wire::v6::message::status(2, "none")]);
        let bytes =
            message(MessageType::ADVERTISE, 7, number, |message| message.add_option(opt::IA_NA, none));
        heard(number.into(), 0, number, Protocol::Dhcpv6, bytes)
    };
    let say = |servers: &[u8], wanted: bool| {
        let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
        for heard in
            granted(|_, _| ())[..1].iter().cloned().chain(servers.iter().map(|number| refuse(*number)))
        {
            hear(&Heard { selected: false, ..heard }, &mut joiner, &mut story);
        }
        joiner.finish();
        let closed = joiner.take_closed();
        let [Closed::Six(exchange)] = &closed[..] else { panic!("one exchange") };
        let mut exchange = exchange.clone();
        exchange.selected = wanted;
        story.closed(&exchange).into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    let one = say(&[11], true);
    let [one] = &one[..] else { panic!("{one:?}") };
    assert!(one.starts_with("the server has no address"), "{one}");
    let both = ["0a", "0b"].map(|last| format!("000300010200000000{last}: {one}"));
    assert_eq!((say(&[10, 11], true), say(&[10, 11], false)), (both.to_vec(), Vec::new()));
}

#[test]
fn nothing_is_concluded_from_what_was_not_seen() {
    let solicit = &exchange(0, 7, (0, 0), 1)[..1];
    assert_eq!(told(solicit), []);
    let managed = advert(9, 20, nd::flag::MANAGED, 1800);
    assert_eq!(told(&[solicit[0].clone(), managed]), []);
}

#[test]
fn a_request_is_unanswered_when_time_went_by() {
    let mut all = exchange(0, 7, (300, 600), 1);
    all.push(heard(3, 1, 1, Protocol::Dhcpv6, message(MessageType::REQUEST, 9, 1, wish)));
    assert_eq!(told(&all), []);
    all.push(advert(4, 20, 0x80, 1800));
    all[3].time = 8 * SECOND;
    let codes: Vec<_> = told(&all).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes, ["request-unanswered", "address-not-on-link"]);
    let reply = message(MessageType::REPLY, 9, 10, lease(300, 600));
    all.insert(3, heard(5, 1, 10, Protocol::Dhcpv6, reply));
    assert!(told(&all).iter().all(|(code, ..)| *code != "request-unanswered"));
}

#[test]
fn a_router_that_is_heard_long_after_an_exchange_says_what_was_missing_in_it() {
    let mut all = exchange(0, 7, (600, 300), 1);
    let late = |seconds: i64| Heard { time: seconds.saturating_mul(SECOND), ..advert(9, 20, 0, 1800) };
    for seconds in [2, 130, 3600] {
        all.truncate(2);
        all.push(late(seconds));
        let codes: Vec<_> = told(&all).into_iter().map(|(code, count, _)| (code, count)).collect();
        assert_eq!(
            codes,
            [("t1-after-t2", 1), ("address-not-on-link", 1), ("server-without-flag", 1)],
            "{seconds} s"
        );
    }
}

#[test]
fn a_relayed_client_is_judged_by_no_router_of_the_servers_link() {
    let direct = exchange(0, 7, (300, 600), 2);
    let router = advert(1, 20, 0, 1800);
    let all = |exchange: &[Heard]| told(&[std::slice::from_ref(&router), exchange].concat());
    let codes: Vec<_> = all(&direct).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes, ["address-not-on-link", "server-without-flag"]);
    let envelope = |heard: &Heard, kind| {
        let link = "2001:db8:2::1".parse().unwrap();
        let bytes = Message::relay(kind, 0, link, link_local(1), &heard.bytes).encode();
        Heard { bytes: bytes.into(), source_port: 547, ..heard.clone() }
    };
    let solicit = Heard { source_port: 546, ..envelope(&direct[0], MessageType::RELAY_FORW) };
    let relayed = [solicit, envelope(&direct[1], MessageType::RELAY_REPL)];
    assert_eq!(all(&relayed), []);
    // No router can be held against it later, so nothing of it is kept.
    let later = [heard(9, 600, 1, Protocol::Dhcpv6, message(MessageType::SOLICIT, 99, 1, wish))];
    let kept = |exchange: &[Heard]| {
        let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
        exchange.iter().chain(&later).for_each(|heard| hear(heard, &mut joiner, &mut story));
        story.unrouted.len()
    };
    assert_eq!((kept(&relayed), kept(&direct)), (0, 1));
}

#[test]
fn routers_are_told_of_once_a_link() {
    let all = [advert(1, 20, 0x80, 1800), advert(2, 21, 0, 1800), advert(3, 20, 0x80, 1800)];
    assert_eq!(told(&all), [("routers-disagree", 1, vec![2, 3]), ("several-default-routers", 1, vec![2, 3])]);
    // Another link is another matter, and so is a tunnel of some host.
    let elsewhere = [all[0].clone(), Heard { place: 2, ..all[1].clone() }];
    assert_eq!(told(&elsewhere), []);
    let tunnel = [all[0].clone(), Heard { tunnelled: true, ..all[1].clone() }];
    assert_eq!(told(&tunnel), []);
    // What nobody selected is not told of; what hosts ignore is not believed.
    for (code, args, name) in [
        (Code::HopLimitNot255, [64, 0, 0], "hop-limit-not-255"),
        (Code::FragmentedDiscovery, [0, 0, 0], "fragmented-discovery"),
    ] {
        let ignored = Heard { problems: vec![Problem::outer(code, args)], ..all[1].clone() };
        assert_eq!(told(&[all[0].clone(), ignored]), [(name, 1, vec![2])]);
    }
}

/// Who was last heard long before another came contradicts nobody; nor is there no default router then.
#[test]
fn routers_that_were_never_there_together_do_not_disagree() {
    let later = |seconds: i64| Heard { time: seconds * SECOND, ..advert(2, 10, 0, 1800) };
    let codes = |first: Heard, second: Heard| -> Vec<&str> {
        told(&[first, second]).into_iter().map(|(code, ..)| code).collect()
    };
    for (lifetime, there) in [(0, 1800), (1800, 1800), (9000, 9000)] {
        let first = || advert(1, 9, nd::flag::MANAGED, lifetime);
        assert_eq!(codes(first(), later(there)).first(), Some(&"routers-disagree"), "{lifetime}");
        assert_eq!(codes(first(), later(there + 1)), [""; 0], "{lifetime}");
    }
}

#[test]
fn memory_is_bounded() {
    let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
    for number in 0..15_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let mut solicit = Message::new(MessageType::SOLICIT, number);
        solicit.add_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, a, b, c]);
        solicit.add_option(opt::USER_CLASS, [0; 3000]);
        let solicit = heard(number.into(), 0, 1, Protocol::Dhcpv6, solicit.encode());
        hear(&solicit, &mut joiner, &mut story);
    }
    assert!(story.kept <= KEPT && story.open.len() < 12_000, "{} {}", story.kept, story.open.len());
    assert!(story.finish().is_empty());
}

/// Who asks for what is said of one client finds it by the hardware address in its DUID.
#[test]
fn a_finding_of_one_client_knows_its_hardware_address() {
    let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
    for heard in &granted(|frame, message| {
        if frame == 2 {
            message.set_option(opt::SOL_MAX_RT, [0, 0, 0, 60]);
        }
    }) {
        hear(heard, &mut joiner, &mut story);
    }
    let all = story.finish();
    let [told] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((told.client.as_deref(), told.mac()), (Some("00030001020000000001"), Some(mac(1).into())));
    for other in ["fe80::1", "0004", "000"] {
        let told = Told { client: Some(other.to_owned()), ..told.clone() };
        assert_eq!((told.mac(), told.duid().is_some()), (None, other == "0004"));
    }
}
