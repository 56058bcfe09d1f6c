//! Who is kept, and who is pushed out.

use super::super::judge::tests::{key_of as key, sighting};
use super::*;

fn see(servers: &mut Servers, key: Key) -> Key {
    servers.add(&sighting(key, MessageType::OFFER), false)
}

#[test]
fn a_message_without_identifier_belongs_to_its_senders_only_one() {
    let mut servers = Servers::default();
    see(&mut servers, key(None, 1));
    let named = see(&mut servers, key(Some([10, 0, 0, 1]), 1));
    assert_eq!(see(&mut servers, key(None, 1)), named);
    assert_eq!((servers.len(), servers.find(&named).unwrap().answers), (1, 3));
    see(&mut servers, key(Some([10, 0, 0, 2]), 1));
    assert_eq!(see(&mut servers, key(None, 1)).server_id, None);
    assert_eq!(servers.len(), 3);
    see(&mut servers, key(None, 2));
    assert_eq!(servers.len(), 4);
}

#[test]
fn the_first_answer_to_a_question_says_how_long_it_waited() {
    let mut servers = Servers::default();
    let mut answer = |id: u8, question: u32, ms: [u64; 2]| {
        let [latency, since_first] = ms.map(Duration::from_millis);
        let mut seen = sighting(key(Some([10, 0, 0, id]), id), MessageType::OFFER);
        seen.took = Some(Took { question, latency, since_first });
        seen.offered.address = Some([10, 0, 0, 50].into());
        servers.add(&seen, false);
        servers.latencies
    };
    answer(1, 7, [3000, 3000]);
    // The answer to each time that it was asked again.
    let counted = answer(1, 7, [1, 3700]);
    assert_eq!((counted.count(), counted.sum), (1, Duration::from_secs(3)));
    answer(1, 8, [4, 2900]);
    let counted = answer(2, 7, [90, 90]);
    assert_eq!(counted.counts, [0, 0, 0, 1, 0, 0, 0, 2, 0]);
    // What takes exactly as long as a bound is within it.
    let mut exact = Latencies::default();
    exact.add(Duration::from_millis(5));
    exact.add(Duration::from_millis(5001));
    assert_eq!(exact.counts, [0, 1, 0, 0, 0, 0, 0, 0, 1]);
    for question in 100..200 {
        answer(2, question, [90, 90]);
    }
    let server = servers.find(&key(Some([10, 0, 0, 1]), 1)).unwrap();
    let ms = |ms| Some(Duration::from_millis(ms));
    assert_eq!((server.latency, server.since_first), (ms(1), ms(2900)));
    assert_eq!(servers.find(&key(Some([10, 0, 0, 2]), 2)).unwrap().questions.len(), MAX_QUESTIONS);
}

#[test]
fn only_what_a_client_without_anything_waits_for_is_a_wait() {
    use crate::analysis::servers::Offered6;
    use crate::analysis::servers::sighting::Asked;
    use crate::wire::v6;
    let ms = |ms| Some(Duration::from_millis(ms));
    let inform = || Asked::Us { probe: "inform", bogus_server: None };
    let leases = || {
        let six = Offered6 { addresses: vec![std::net::Ipv6Addr::LOCALHOST], ..Offered6::default() };
        Some(Box::new(six))
    };
    let mut question = 0;
    let mut hear = |servers: &mut Servers, kind: MessageType, took: u64, change: &dyn Fn(&mut Sighting)| {
        question += 1;
        let mut seen = sighting(key(Some([10, 0, 0, 1]), 1), kind);
        let since_first = Duration::from_millis(took);
        seen.took = Some(Took { question, latency: since_first, since_first });
        seen.offered.address = Some([10, 0, 0, 50].into());
        change(&mut seen);
        let key = servers.add(&seen, false);
        (servers.find(&key).unwrap().since_first, servers.latencies.count())
    };
    let six = |kind: v6::MessageType| {
        move |seen: &mut Sighting| {
            (seen.key.speaks, seen.kind, seen.kind6) = (Speaks::Dhcpv6, None, Some(kind));
            seen.offered.address = None;
        }
    };
    let four = &mut Servers::default();
    assert_eq!(hear(four, MessageType::NAK, 1, &|_| {}), (None, 0));
    assert_eq!(hear(four, MessageType::ACK, 1, &|seen| seen.asked = inform()), (ms(1), 0));
    // A boot server has no addresses.
    assert_eq!(hear(four, MessageType::OFFER, 2, &|seen| seen.offered.address = None), (ms(1), 0));
    assert_eq!(hear(four, MessageType::OFFER, 3000, &|_| {}), (ms(3000), 1));
    assert_eq!(hear(four, MessageType::OFFER, 2, &|seen| seen.offered.address = None), (ms(3000), 1));
    let other = &mut Servers::default();
    let reply = |seen: &mut Sighting| {
        six(v6::MessageType::REPLY)(seen);
        seen.asked = inform();
    };
    // One without addresses is asked for names alone; another has its wait decided by addresses.
    assert_eq!(hear(other, MessageType::OFFER, 1, &six(v6::MessageType::ADVERTISE)), (None, 0));
    assert_eq!(hear(other, MessageType::ACK, 1, &reply), (ms(1), 0));
    let advertise = |seen: &mut Sighting| {
        six(v6::MessageType::ADVERTISE)(seen);
        seen.offered.six = leases();
    };
    assert_eq!(hear(other, MessageType::OFFER, 3000, &advertise), (ms(3000), 1));
    assert_eq!(hear(other, MessageType::ACK, 1, &reply), (ms(3000), 1));
}

#[test]
fn a_router_serves_all_and_a_server_whom_it_answers() {
    use crate::analysis::servers::Offered6;
    use crate::analysis::servers::offered6::Advertised;
    let heard = |change: &dyn Fn(&mut Sighting)| {
        let mut servers = Servers::default();
        let mut seen = sighting(key(Some([10, 0, 0, 1]), 1), MessageType::OFFER);
        seen.offered.address = Some([10, 0, 0, 50].into());
        change(&mut seen);
        let key = servers.add(&seen, false);
        let server = servers.find(&key).unwrap();
        (server.serves(true), server.serves(false), server.gives_anybody())
    };
    // It offers an address to somebody else.
    assert_eq!(heard(&|_| {}), (false, true, true));
    assert_eq!(heard(&|seen| seen.kind = Some(MessageType::NAK)), (false, true, false));
    // Nobody knows how long this was waited for.
    let router = |lifetime: u16| {
        move |seen: &mut Sighting| {
            (seen.key.speaks, seen.kind) = (Speaks::Ra, None);
            seen.offered = Offered::default();
            let router = Some(Advertised { router_lifetime: lifetime, ..Advertised::default() });
            seen.offered.six = Some(Box::new(Offered6 { router, ..Offered6::default() }));
        }
    };
    assert_eq!(heard(&router(1800)), (true, true, true));
    assert_eq!(heard(&router(0)), (false, true, false));
}

#[test]
fn a_sender_of_many_faces_is_one_server() {
    let mut servers = Servers::default();
    for n in 0..100_000_u32 {
        see(&mut servers, key(Some((0x0a00_0000 + n).to_be_bytes()), 1));
    }
    assert_eq!(servers.len(), MAX_IDENTIFIERS + 1);
    let one = servers.find(&key(None, 1)).unwrap();
    assert_eq!(one.folded, 100_000 - 64);
    assert_eq!((servers.forgotten, servers.answers), (0, 100_000));
}

#[test]
fn a_storm_pushes_out_the_oldest_but_not_the_pinned() {
    let mut servers = Servers::default();
    let friend = key(Some([10, 0, 0, 1]), 1);
    servers.add(&sighting(friend.clone(), MessageType::OFFER), true);
    for n in 0..100_000_u32 {
        let [_, a, b, c] = n.to_be_bytes();
        let mac = Some(Mac([2, 0, 0, a, b, c]));
        see(&mut servers, Key { source_mac: mac, server_id: Some(n.to_be_bytes().into()), ..Key::default() });
    }
    assert_eq!(servers.len(), MAX_SERVERS + 1);
    assert!(servers.find(&friend).is_some());
    assert_eq!(servers.forgotten, 100_000 - 4096);
    assert_eq!(servers.senders.len(), MAX_SERVERS + 1);
    assert_eq!(servers.order[0].len(), MAX_SERVERS);
    let some = servers.iter().next().unwrap().key.clone();
    servers.remove(&some);
    assert_eq!((servers.len(), servers.senders.len()), (MAX_SERVERS, MAX_SERVERS));
}

#[test]
fn neither_faces_of_a_known_server_nor_babble_hide_who_answers() {
    let mut servers = Servers::with_limit(100);
    let mut seen = sighting(key(Some([10, 0, 0, 66]), 66), MessageType::OFFER);
    seen.asked = Asked::Us { probe: "discover", bogus_server: None };
    let rogue = servers.add(&seen, false);
    let babble = see(&mut servers, key(Some([10, 0, 0, 67]), 67));
    for n in 0..1000_u32 {
        let [_, a, b, c] = n.to_be_bytes();
        let face = Key { source_mac: Some(Mac([2, 1, 0, a, b, c])), ..key(Some([10, 0, 0, 1]), 1) };
        servers.add(&sighting(face, MessageType::OFFER), true);
        assert!(servers.find(&rogue).is_some() && (n > 99 || servers.find(&babble).is_some()));
        see(&mut servers, Key { source_mac: Some(Mac([2, 2, 0, a, b, c])), ..key(Some(n.to_be_bytes()), 1) });
    }
    assert_eq!((servers.len(), servers.forgotten), (201, 901 + 900));
}

#[test]
fn one_server_on_two_interfaces_is_one() {
    let mut servers = Servers::default();
    for interface in ["eth0", "eth1", "eth0"] {
        let mut seen = sighting(key(Some([10, 0, 0, 1]), 1), MessageType::OFFER);
        seen.interface = Some(interface.into());
        servers.add(&seen, false);
    }
    let only = servers.iter().next().unwrap();
    assert_eq!((servers.len(), only.answers), (1, 3));
    assert_eq!(only.interfaces.iter().map(|name| &**name).collect::<Vec<_>>(), ["eth0", "eth1"]);
}
