//! Relays, copies, orphans, what cannot be seen, and floods.

use super::*;
use crate::analysis::transaction::{Clients, Party, Role, Stats, Status};
use crate::wire::v6::Duid;

const LINK: &str = "2001:db8:1::1";

impl Talk {
    /// A message between relay 50 and server 100, on behalf of client 1.
    fn relay(&mut self, ms: i64, inner: &Message, link: &str, levels: u8) {
        let up = inner.option(opt::SERVERID).is_none() || inner.head_kind() == Some(MessageType::REQUEST);
        let kind = if up { MessageType::RELAY_FORW } else { MessageType::RELAY_REPL };
        let mut bytes = inner.encode();
        for level in 0..levels {
            let (link, peer) =
                if level == 0 { (link, link_local(1)) } else { ("2001:db8:2::1", link_local(50)) };
            let mut envelope = Message::relay(kind, level, link.parse().unwrap(), peer, &bytes);
            envelope.add_option(opt::INTERFACE_ID, *b"port7");
            bytes = envelope.encode();
        }
        let mut way = self.way(ms, 50, Some(100));
        way.ports = (547, 547);
        let (relay, server) = ("2001:db8:9::50".parse().unwrap(), "2001:db8:9::100".parse().unwrap());
        way.ips = if up { (relay, server) } else { (server, relay) };
        way.macs = if up { (mac(50), mac(100)) } else { (mac(100), mac(50)) };
        put(&way, Protocol::Dhcpv6, &bytes, &[], &mut self.batch);
    }
}

impl Message {
    fn head_kind(&self) -> Option<MessageType> {
        self.encode().first().copied().map(MessageType)
    }
}

fn messages(lease: Part) -> [Message; 4] {
    let lease = [lease];
    [
        Talk::message(MessageType::SOLICIT, 7, 1, None, &[none(opt::IA_NA, 0, "")]),
        Talk::message(MessageType::ADVERTISE, 7, 1, Some(100), &lease),
        Talk::message(MessageType::REQUEST, 8, 1, Some(100), &lease),
        Talk::message(MessageType::REPLY, 8, 1, Some(100), &lease),
    ]
}

#[test]
fn both_sides_of_a_relay_are_one_exchange() {
    let story = |talk: &mut Talk| {
        for (at, message) in (0..).step_by(1000).zip(messages(na("2001:db8::5"))) {
            let from_server = at % 2000 == 1000;
            let (from, to) = if from_server { (100, Some(1)) } else { (1, None) };
            let (first, second) = if from_server { (at + 2, at) } else { (at, at + 2) };
            if from_server {
                talk.relay(second, &message, LINK, 1);
            }
            // What comes back comes from the relay.
            let mut way = talk.way(first, from, to);
            if from_server {
                (way.ips.0, way.macs.0) = (link_local(50), mac(50));
            }
            talk.put(&way, &message);
            if !from_server {
                talk.relay(second, &message, LINK, 1);
            }
        }
    };
    let found = check(story, &[("acquire", "bound", "S A R P")]);
    let exchange = &found[0];
    assert_eq!(exchange.count(|role| role == Role::Forwarded), 4);
    assert_eq!(exchange.relays(), [LINK.parse::<Ipv6Addr>().unwrap()]);
    assert_eq!(exchange.extra.port.as_deref(), Some(&b"port7"[..]));
    assert_eq!(exchange.servers.len(), 1);
    let relay = Party::Relay(LINK.parse().unwrap());
    let parties: Vec<_> = exchange.steps.iter().map(|step| exchange.parties(step)).collect();
    assert_eq!(parties[0], (Party::Client, Party::All));
    assert_eq!(parties[1].0, relay);
    assert_eq!(parties[2], (Party::Server(0), relay));
    assert_eq!(parties[3], (relay, Party::Client));
}

#[test]
fn the_server_s_side_alone_tells_the_client() {
    for levels in [1, 2] {
        let story = |talk: &mut Talk| {
            for (at, message) in (0..).step_by(500).zip(messages(pd("2001:db8:100::"))) {
                talk.relay(at, &message, LINK, levels);
            }
        };
        let found = check(story, &[("acquire", "bound", "S A R P")]);
        assert_eq!(found[0].relays(), [LINK.parse::<Ipv6Addr>().unwrap()]);
        assert_eq!(found[0].extra.client, Some(link_local(1)));
        assert_eq!(found[0].mac, Some(mac(1).into()));
        assert!(found[0].visible, "answers come this way");
    }
    // A switch that relays speaks with the client's own address, and names no link: it is none.
    let story = |talk: &mut Talk| talk.relay(0, &messages(na("::5"))[0], "::", 1);
    let found = check(story, &[("acquire", "unanswered", "S")]);
    assert_eq!(found[0].relays(), ["2001:db8:9::50".parse::<Ipv6Addr>().unwrap()]);
}

#[test]
fn doubles_are_copies_and_change_nothing() {
    let story = |talk: &mut Talk| {
        for ms in [0, 1] {
            let mut way = talk.way(ms, 1, None);
            way.vlans = if ms == 0 { Vec::new() } else { vec![5] };
            talk.put(&way, &messages(na("::5"))[0]);
        }
        talk.ask(
            1000,
            MessageType::SOLICIT,
            7,
            None,
            &[none(opt::IA_NA, 0, ""), (opt::ELAPSED_TIME, vec![0, 100])],
        );
    };
    let found = check(story, &[("acquire", "unanswered", "S*2")]);
    let roles: Vec<Role> = found[0].steps.iter().map(|step| step.role).collect();
    assert_eq!(roles, [Role::First, Role::Copy, Role::Retransmission]);
}

#[test]
fn what_begins_or_stands_in_the_wrong_order_is_joined_as_far_as_it_goes() {
    let reply = |talk: &mut Talk, ms| talk.answer(ms, MessageType::REPLY, 8, 100, &[na("2001:db8::5")]);
    let found = check(|talk| reply(talk, 0), &[("unknown", "acknowledged", "P")]);
    assert!(found[0].partial());
    check(
        |talk| talk.answer(0, MessageType::ADVERTISE, 8, 100, &[na("2001:db8::5")]),
        &[("acquire", "offered", "A")],
    );
    // The answer stands before what it answers.
    let story = |gap: i64| {
        move |talk: &mut Talk| {
            reply(talk, 1000);
            talk.ask(1000 - gap, MessageType::RENEW, 8, Some(100), &[na("2001:db8::5")]);
        }
    };
    let found = check(story(1), &[("renew", "renewed", "W P")]);
    assert!(!found[0].partial());
    check(story(-2500), &[("unknown", "acknowledged", "P"), ("renew", "unanswered", "W")]);
    let found = check(
        |talk| {
            talk.ask(0, MessageType::REQUEST, 8, Some(100), &[na("2001:db8::5")]);
            reply(talk, 10);
        },
        &[("acquire", "bound", "R P")],
    );
    assert!(found[0].partial() && found[0].total_ns().is_none());
}

#[test]
fn a_request_takes_what_was_offered_to_a_solicit_that_is_not_seen() {
    let lease = na("2001:db8::5");
    let story = |server: u8, request: i64, lease: &[Part]| {
        let mut talk = Talk::default();
        talk.answer(0, MessageType::ADVERTISE, 7, 100, lease);
        talk.ask(request, MessageType::REQUEST, 8, Some(server), &[na("2001:db8::5")]);
        talk.answer(request + 10, MessageType::REPLY, 8, server, &[na("2001:db8::5")]);
        let found = talk.end();
        told(&found).into_iter().map(|(_, came, letters)| format!("{came} {letters}")).collect::<Vec<_>>()
    };
    assert_eq!(story(100, 1000, std::slice::from_ref(&lease)), ["bound A R P"]);
    // Of another server, long after, or what offered nothing.
    assert_eq!(story(101, 1000, std::slice::from_ref(&lease)).len(), 2);
    assert_eq!(story(100, 16_000, std::slice::from_ref(&lease)).len(), 2);
    assert_eq!(story(100, 1000, &[none(opt::IA_NA, 2, "")]).len(), 2);
}

#[test]
fn answers_to_others_tell_whether_one_would_be_seen() {
    let alone = check(
        |talk| talk.ask(0, MessageType::SOLICIT, 7, None, &[none(opt::IA_NA, 0, "")]),
        &[("acquire", "unanswered", "S")],
    );
    assert!(!alone[0].visible);
    let mut talk = Talk::default();
    for client in [2, 3] {
        talk.ask_of(client, 0, MessageType::SOLICIT, 7, None, &[none(opt::IA_NA, 0, "")]);
        let way = talk.way(5, 100, Some(client));
        talk.put(&way, &Talk::message(MessageType::ADVERTISE, 7, client, Some(100), &[na("2001:db8::5")]));
    }
    talk.ask(100, MessageType::SOLICIT, 9, None, &[none(opt::IA_NA, 0, "")]);
    let found = talk.end();
    let own = found.iter().find(|exchange| exchange.mac == Some(mac(1).into())).unwrap();
    assert!(own.visible && own.steps.len() == 1);
}

#[test]
fn messages_without_a_time_have_that_of_others() {
    let mut talk = Talk::default();
    for message in messages(na("2001:db8::5")) {
        let mut way = talk.way(0, if message.option(opt::SERVERID).is_some() { 100 } else { 1 }, None);
        way.time = None;
        talk.put(&way, &message);
    }
    talk.ask_of(2, 0, MessageType::SOLICIT, 70, None, &[]);
    let found = talk.end();
    let bound = found.iter().find(|exchange| exchange.mac == Some(mac(1).into())).unwrap();
    assert_eq!((bound.outcome.name(), bound.first().unwrap().time), ("bound", BEGIN));
}

#[test]
fn where_a_batch_ends_shows_nowhere() {
    let ask = |talk: &mut Talk, client: u8, seconds: i64, kind: MessageType| {
        talk.ask_of(client, seconds * 1000, kind, client.into(), Some(100), &[na("2001:db8::5")]);
    };
    let quiet = |talk: &mut Talk, seconds: i64| {
        let items = talk.batch.items.len();
        talk.batch.passed(Some(Timestamp(BEGIN + seconds * 1_000_000_000)), items);
    };
    // Client 2 is over before client 1 is, and other frames pass meanwhile.
    let steps: [&dyn Fn(&mut Talk); 7] = [
        &|talk| ask(talk, 1, 0, MessageType::REQUEST),
        &|talk| ask(talk, 2, 5, MessageType::RELEASE),
        &|talk| quiet(talk, 60),
        &|talk| quiet(talk, 50),
        &|talk| ask(talk, 3, 200, MessageType::REQUEST),
        &|talk| ask(talk, 4, 204, MessageType::RELEASE),
        &|talk| quiet(talk, 340),
    ];
    let closed = |cuts: u32| {
        let (mut talk, mut joiner) = (Talk::default(), Both::new(Options::default()));
        for (number, step) in (0..).zip(steps) {
            step(&mut talk);
            if cuts >> number & 1 == 1 {
                joiner.batch(&talk.batch, |_, _| ());
                talk.batch.clear();
            }
        }
        joiner.batch(&talk.batch, |_, _| ());
        joiner.finish();
        let told = |closed: &Closed| (closed.frames(), closed.outcome().name());
        joiner.take_closed().iter().map(told).collect::<Vec<_>>()
    };
    let whole = closed(0);
    assert_eq!(whole.iter().map(|(frames, _)| frames[0]).collect::<Vec<_>>(), [1, 2, 3, 4]);
    for cuts in 1..1 << steps.len() {
        assert_eq!(closed(cuts), whole, "cut at {cuts:b}");
    }
}

#[test]
fn a_flood_is_bounded_and_counted() {
    let mut joiner = Both::new(Options { max_open: 50, hold: true });
    let mut closed = Vec::new();
    for number in 0..400_u32 {
        let mut talk = Talk { frame: u64::from(number) * 10, ..Talk::default() };
        let [.., high, low] = number.to_be_bytes();
        let mut solicit = Message::new(MessageType::SOLICIT, number);
        solicit.add_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, 0, high, low]);
        let way = talk.way(i64::from(number), 1, None);
        talk.put(&way, &solicit);
        joiner.batch(&talk.batch, |_, _| ());
        assert!(joiner.open6().count() <= 50);
        closed.extend(joiner.take_closed());
    }
    assert_eq!(joiner.evicted(), 350);
    joiner.finish();
    closed.extend(joiner.take_closed());
    let all = six(closed);
    assert_eq!(all.iter().filter(|exchange| exchange.evicted).count(), 350);
    let mut stats = Stats::default();
    for exchange in &all {
        stats.exchange(exchange);
    }
    assert_eq!((stats.transactions, stats.clients.len()), (400, 400));
}

#[test]
fn one_exchange_holds_so_much_and_no_more() {
    let lease =
        |number: u16| ia(number.into(), 1, 2, &[ia_addr(Ipv6Addr::from(u128::from(number)), 5, 9, &[])]);
    let many: Vec<Part> = (1..500).map(|number| (opt::IA_NA, lease(number))).collect();
    let story = |talk: &mut Talk| {
        for ms in 0..200 {
            talk.ask(ms * 1000, MessageType::SOLICIT, 7, None, &many);
        }
        talk.answer(200_000, MessageType::ADVERTISE, 7, 100, &many);
    };
    let mut talk = Talk::default();
    story(&mut talk);
    let found = talk.end();
    assert_eq!((found[0].steps.len(), found[0].left_out), (64, 137));
    assert!(found[0].extra.leases.len() <= 16 && found[0].extra.asked.len() <= 16);
}

#[test]
fn duids_are_told_apart_whole() {
    // Alike in their first bytes, and one as long as they may be.
    let story = |talk: &mut Talk| {
        for end in [1, 2] {
            let mut solicit = Message::new(MessageType::SOLICIT, 7);
            solicit.add_option(opt::CLIENTID, [&[0, 2][..], &[9; 120], &[end]].concat());
            let way = talk.way(0, 1, None);
            talk.put(&way, &solicit);
        }
    };
    let found = check(story, &[("acquire", "unanswered", "S"), ("acquire", "unanswered", "S")]);
    let id = found[0].texts.client_id.as_deref().unwrap();
    assert_eq!(Duid::from(id).to_string().len(), 246);
    // Such a DUID tells no hardware address; the frame does.
    assert_eq!(found[0].mac, Some(mac(1).into()));
}

#[test]
fn clients_fare_by_what_came_last() {
    let mut clients = Clients::default();
    let lost = |talk: &mut Talk| {
        talk.bound(0, 7);
        talk.ask(5000, MessageType::RENEW, 20, Some(100), &[na("2001:db8::5")]);
        talk.answer(5010, MessageType::REPLY, 20, 100, &[none(opt::IA_NA, 3, "")]);
    };
    let found = check(lost, &[("renew", "no-binding", "W P"), ("acquire", "bound", "S A R P")]);
    for (exchange, number) in found.iter().zip(1..) {
        clients.exchange(exchange, number, &[]);
    }
    let all = clients.sorted();
    assert_eq!((all.len(), all[0].status(), all[0].tries(), all[0].messages()), (1, Status::Failed, 2, 6));
    assert_eq!(all[0].why().as_deref(), Some("fe80::64 does not know the lease"));
    assert_eq!((all[0].address(), all[0].is_six()), (None, true));
    let mut clients = Clients::default();
    clients.exchange(&found[1], 1, &[]);
    let all = clients.sorted();
    assert_eq!((all[0].status(), all[0].why()), (Status::Ok, None));
    assert_eq!(all[0].address(), Some("2001:db8::5".parse().unwrap()));
}

#[test]
fn who_gave_up_its_lease_fares_well_without() {
    for (answer, came) in [(None, "unanswered"), (Some(0), "released"), (Some(3), "no-binding")] {
        let released = |talk: &mut Talk| {
            talk.bound(0, 7);
            talk.ask(5000, MessageType::RELEASE, 20, Some(100), &[na("2001:db8::5")]);
            if let Some(status) = answer {
                talk.answer(5010, MessageType::REPLY, 20, 100, &[said(status, "")]);
            }
        };
        let mut talk = Talk::default();
        released(&mut talk);
        let found = talk.end();
        let mut clients = Clients::default();
        for (exchange, number) in found.iter().zip(1..) {
            clients.exchange(exchange, number, &[]);
        }
        let release = found.iter().find(|exchange| exchange.kind.name() == "release").unwrap();
        assert_eq!(release.outcome.name(), came);
        let all = clients.sorted();
        assert_eq!((all[0].status(), all[0].why(), all[0].address()), (Status::Ok, None, None), "{came}");
        assert_eq!(all[0].given_back().len(), 1, "{came}");
    }
}

#[test]
fn who_looks_for_what_nobody_serves_fares_well_with_the_other_protocol() {
    let search = |talk: &mut Talk| talk.ask(0, MessageType::SOLICIT, 7, None, &[none(opt::IA_NA, 0, "")]);
    let mut alone = check(search, &[("acquire", "unanswered", "S")]);
    // Where its answers could not be seen, that there was none says little.
    alone[0].visible = false;
    let mut clients = Clients::default();
    clients.exchange(&alone[0], 1, &[]);
    assert_eq!(clients.sorted()[0].why().as_deref(), Some("no answer to SOLICIT was seen"));
    alone[0].visible = true;
    let mut clients = Clients::default();
    clients.exchange(&alone[0], 1, &[]);
    assert_eq!((clients.sorted().len(), clients.unserved()), (1, 0), "nothing else is spoken here");
    assert_eq!(clients.sorted()[0].why().as_deref(), Some("nobody answers SOLICIT"));
    clients.four = true;
    assert_eq!((clients.sorted().len(), clients.unserved()), (0, 1));
    clients.promised();
    assert_eq!((clients.sorted().len(), clients.unserved()), (1, 0));
}
