//! Rules of RFC 2131 §4.3 and what can go wrong on the cable, played frame by frame.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::lab::bench::Bench;
use crate::lab::settings::{AddressCheck, ROUTER, RogueKind, Silence, Stall, relay_mac};
use crate::lab::v4::query::{Query, tests::frame};
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::build::{EthernetHeader, Ipv4Header};
use crate::wire::v4::{Facts, Message, MessageType, Xid};

const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 0xc1]);
const ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const ALL: Ipv4Addr = Ipv4Addr::BROADCAST;

impl Bench {
    fn broadcast(&mut self, message: &Message) -> Vec<Vec<u8>> {
        self.send(&frame(&[], Mac::BROADCAST, (ANY, ALL), message))
    }

    /// The facts of the only answer to a broadcast, if there is one.
    fn ask(&mut self, message: &Message) -> Option<Facts<'static>> {
        let mut answers = self.broadcast(message);
        assert!(answers.len() <= 1, "{} answers", answers.len());
        answers.pop().map(|frame| facts(&frame))
    }

    /// DISCOVER and REQUEST; the address.
    fn lease(&mut self, mac: Mac) -> Ipv4Addr {
        let offer = self.ask(&client(MessageType::DISCOVER, mac)).unwrap();
        let mut request = client(MessageType::REQUEST, mac);
        request.set_option(54, &offer.server_id.unwrap().octets());
        request.set_option(50, &offer.yiaddr.specified().unwrap().octets());
        let ack = self.ask(&request).unwrap();
        assert_eq!((ack.kind, ack.yiaddr.specified()), (Some(MessageType::ACK), offer.yiaddr.specified()));
        offer.yiaddr.specified().unwrap()
    }
}

fn client(kind: MessageType, mac: Mac) -> Message {
    Message::request(kind, Xid(0x1234), mac)
}

fn message(frame: &[u8]) -> Message {
    Message::decode(&frame[42..])
}

fn facts(frame: &[u8]) -> Facts<'static> {
    let facts = Facts::of(&message(frame));
    assert!(facts.is_answer());
    facts
}

fn with(kind: MessageType, options: &[(u8, Ipv4Addr)], ciaddr: Ipv4Addr) -> Message {
    let mut message = client(kind, CLIENT);
    for (code, addr) in options {
        message.set_option(*code, &addr.octets());
    }
    message.ciaddr = ciaddr;
    message
}

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

#[test]
fn an_offer_holds_what_a_client_needs() {
    let mut bench = Bench::new(Settings::default());
    let mut discover = client(MessageType::DISCOVER, CLIENT);
    discover.set_option(55, &[6, 3, 99]);
    let frames = bench.broadcast(&discover);
    let offer = message(&frames[0]);
    assert_eq!((offer.xid, offer.client().mac()), (Xid(0x1234), Some(CLIENT)));
    let codes: Vec<_> = offer.items.iter().filter_map(crate::wire::v4::Item::code).collect();
    assert_eq!(codes, [53, 54, 51, 58, 59, 1, 6, 3], "what was asked for, in that order");
    let facts = facts(&frames[0]);
    assert_eq!((facts.kind, facts.server_id), (Some(MessageType::OFFER), Some(SERVER)));
    assert_eq!(
        (facts.lease_time, facts.renewal_time, facts.rebinding_time),
        (Some(3600), Some(1800), Some(3150))
    );
    assert_eq!(frames[0][..6], CLIENT.0, "to the client itself, which did not ask for broadcast");
    assert_eq!(frames[0][30..34], facts.yiaddr.specified().unwrap().octets());
}

#[test]
fn replies_go_where_rfc_2131_4_1_says() {
    let mut bench = Bench::new(Settings { resolve: false, ..Settings::default() });
    let mut discover = client(MessageType::DISCOVER, CLIENT);
    discover.set_broadcast(true);
    assert_eq!(bench.broadcast(&discover)[0][..6], [0xff; 6], "broadcast flag");
    discover.giaddr = [10, 9, 9, 9].into();
    discover.set_option(82, b"\x01\x02hi");
    let relayed = bench.send(&frame(&[], SERVER_MAC, ([10, 9, 9, 9].into(), SERVER), &discover));
    assert_eq!(
        (&relayed[0][30..34], &relayed[0][36..38]),
        (&[10, 9, 9, 9][..], &[0, 67][..]),
        "giaddr, port 67"
    );
    assert_eq!(message(&relayed[0]).option(82), Some(b"\x01\x02hi".to_vec()));
    let address = bench.lease(CLIENT);
    let renewing = with(MessageType::REQUEST, &[], address);
    let ack = bench.send(&frame(&[], SERVER_MAC, (address, SERVER), &renewing));
    assert_eq!((&ack[0][..6], &ack[0][30..34]), (&CLIENT.0[..], &address.octets()[..]), "ciaddr");
    let nak = bench.broadcast(&with(MessageType::REQUEST, &[(50, [192, 0, 2, 1].into())], ANY));
    assert_eq!((facts(&nak[0]).kind, &nak[0][..6]), (Some(MessageType::NAK), &[0xff; 6][..]), "NAK");
}

#[test]
fn a_request_for_another_server_withdraws_the_offer() {
    let mut bench = Bench::new(Settings { pool_size: 1, ..Settings::default() });
    let offer = bench.ask(&client(MessageType::DISCOVER, CLIENT)).unwrap();
    let other = with(
        MessageType::REQUEST,
        &[(54, [10, 0, 0, 9].into()), (50, offer.yiaddr.specified().unwrap())],
        ANY,
    );
    assert_eq!(bench.ask(&other), None);
    assert!(bench.ask(&client(MessageType::DISCOVER, Mac([2, 0, 0, 0, 0, 0xc2]))).is_some());
}

#[test]
fn selecting_something_else_than_was_offered_is_denied() {
    let mut bench = Bench::new(Settings::default());
    bench.ask(&client(MessageType::DISCOVER, CLIENT)).unwrap();
    let other = with(MessageType::REQUEST, &[(54, SERVER), (50, [10, 4, 0, 11].into())], ANY);
    assert_eq!(bench.ask(&other).unwrap().kind, Some(MessageType::NAK));
}

#[test]
fn init_reboot_is_acknowledged_denied_or_left_alone() {
    let mut bench = Bench::new(Settings::default());
    let reboot = |address: Ipv4Addr| with(MessageType::REQUEST, &[(50, address)], ANY);
    assert_eq!(bench.ask(&reboot([10, 4, 0, 20].into())), None, "unknown client: silence");
    assert_eq!(
        bench.ask(&reboot([192, 0, 2, 9].into())).unwrap().kind,
        Some(MessageType::NAK),
        "wrong network"
    );
    let address = bench.lease(CLIENT);
    assert_eq!(bench.ask(&reboot(address)).unwrap().yiaddr.specified(), Some(address));
    assert_eq!(
        bench.ask(&reboot([10, 4, 0, 20].into())).unwrap().kind,
        Some(MessageType::NAK),
        "wrong address"
    );
}

#[test]
fn renewing_and_rebinding_prolong_what_is_known() {
    let mut bench = Bench::new(Settings { resolve: false, ..Settings::default() });
    let address = bench.lease(CLIENT);
    bench.now = bench.now.after(Duration::from_mins(30));
    let renew = with(MessageType::REQUEST, &[], address);
    let unicast = bench.send(&frame(&[], SERVER_MAC, (address, SERVER), &renew));
    assert_eq!(facts(&unicast[0]).kind, Some(MessageType::ACK));
    assert_eq!(bench.ask(&renew).unwrap().kind, Some(MessageType::ACK), "rebinding");
    bench.now = bench.now.after(Duration::from_mins(59));
    assert_eq!(bench.segment.servers()[0].bound(bench.now), 1);
    bench.now = bench.now.after(Duration::from_mins(2));
    assert_eq!(bench.ask(&renew).unwrap().kind, Some(MessageType::NAK), "expired");
    let foreign = with(MessageType::REQUEST, &[], [10, 200, 0, 1].into());
    assert_eq!(bench.ask(&foreign), None, "another server's business");
    let unicast = bench.send(&frame(&[], SERVER_MAC, (ANY, SERVER), &foreign));
    assert_eq!(facts(&unicast[0]).kind, Some(MessageType::NAK), "but it came to this one alone");
}

#[test]
fn release_frees_and_decline_takes_out_of_use() {
    let mut bench = Bench::new(Settings { pool_size: 1, ..Settings::default() });
    let address = bench.lease(CLIENT);
    let other = Mac([2, 0, 0, 0, 0, 0xc2]);
    assert_eq!(bench.ask(&client(MessageType::DISCOVER, other)), None, "the pool is empty");
    assert_eq!(
        bench.ask(&with(MessageType::RELEASE, &[(54, SERVER)], address)),
        None,
        "no answer to a RELEASE"
    );
    assert_eq!(bench.segment.servers()[0].bound(bench.now), 0);
    assert_eq!(bench.lease(CLIENT), address);
    assert_eq!(bench.ask(&with(MessageType::DECLINE, &[(54, SERVER), (50, address)], ANY)), None);
    assert_eq!(bench.ask(&client(MessageType::DISCOVER, CLIENT)), None, "the declined address rests");
}

#[test]
fn inform_gets_options_and_no_lease() {
    let mut bench = Bench::new(Settings { resolve: false, ..Settings::default() });
    let inform = with(MessageType::INFORM, &[], [10, 0, 0, 77].into());
    let ack = bench.ask(&inform).unwrap();
    assert_eq!((ack.kind, ack.yiaddr.specified(), ack.lease_time), (Some(MessageType::ACK), None, None));
    assert!(ack.routers().eq([ROUTER]));
}

#[test]
fn bootp_is_answered_only_when_wanted() {
    let mut request = client(MessageType::DISCOVER, CLIENT);
    request.remove_option(53);
    assert!(Bench::new(Settings::default()).broadcast(&request).is_empty());
    let mut bench = Bench::new(Settings { bootp: true, ..Settings::default() });
    let reply = message(&bench.broadcast(&request)[0]);
    assert_eq!((reply.message_type(), reply.ip_option(54)), (None, None));
    assert!(!reply.yiaddr.is_unspecified());
}

#[test]
fn a_client_identifier_comes_before_the_hardware_address() {
    let mut bench = Bench::new(Settings::default());
    let named = |mac| {
        let mut message = client(MessageType::DISCOVER, mac);
        message.set_option(61, b"\0same");
        message
    };
    let first = bench.ask(&named(CLIENT)).unwrap().yiaddr.specified();
    assert_eq!(bench.ask(&named(Mac([2, 0, 0, 0, 0, 0xc2]))).unwrap().yiaddr.specified(), first);
    assert_ne!(bench.ask(&client(MessageType::DISCOVER, CLIENT)).unwrap().yiaddr.specified(), first);
}

#[test]
fn tagged_frames_are_answered_tagged() {
    let mut bench = Bench::new(Settings::default());
    let tags = [0x88, 0xa8, 0, 7, 0x81, 0, 0, 42];
    let answer =
        bench.send(&frame(&tags, Mac::BROADCAST, (ANY, ALL), &client(MessageType::DISCOVER, CLIENT)));
    assert_eq!(answer[0][12..20], tags);
    assert_eq!(Message::decode(&answer[0][50..]).message_type(), Some(MessageType::OFFER));
}

#[test]
fn behind_a_relay_the_relay_speaks() {
    let mut bench = Bench::new(Settings { relay: true, ..Settings::default() });
    let frames = bench.broadcast(&client(MessageType::DISCOVER, CLIENT));
    assert_eq!((&frames[0][6..12], &frames[0][26..30]), (&relay_mac().0[..], &ROUTER.octets()[..]));
    let offer = message(&frames[0]);
    assert_eq!((offer.giaddr, offer.option(82)), (ROUTER, None));
    assert_eq!(offer.ip_option(54), Some([172, 16, 0, 1].into()));
}

#[test]
fn rogues_show_themselves_as_they_are_told() {
    let with_rogue = |kind| Bench::new(Settings { rogue: Some(kind), ..Settings::default() });
    let discover = client(MessageType::DISCOVER, CLIENT);
    let offers = with_rogue(RogueKind::Gateway).broadcast(&discover);
    assert!(facts(&offers[1]).routers().eq([Ipv4Addr::new(10, 0, 0, 66)]));
    let offers = with_rogue(RogueKind::SpoofMac).broadcast(&discover);
    assert_eq!(facts(&offers[0]).server_id, facts(&offers[1]).server_id);
    assert_ne!(offers[0][6..12], offers[1][6..12]);
    let mut denier = with_rogue(RogueKind::Nak);
    assert_eq!(denier.broadcast(&discover).len(), 1);
    let answers =
        denier.broadcast(&with(MessageType::REQUEST, &[(54, [10, 0, 0, 9].into()), (50, SERVER)], ANY));
    assert_eq!(facts(&answers[0]).kind, Some(MessageType::NAK));
    let mut bootp = discover.clone();
    bootp.remove_option(53);
    assert_eq!(with_rogue(RogueKind::Bootp).broadcast(&bootp).len(), 1);
    let mut pxe = discover.clone();
    pxe.set_option(60, b"PXEClient:Arch:00007");
    let offers = with_rogue(RogueKind::Pxe).broadcast(&pxe);
    assert_eq!((offers.len(), facts(&offers[1]).yiaddr.specified()), (2, None));
    assert_eq!(message(&offers[1]).option(60).as_deref(), Some(&b"PXEClient"[..]));
    assert_eq!(
        with_rogue(RogueKind::Pxe).broadcast(&discover).len(),
        1,
        "others than PXE clients do not see it"
    );
}

#[test]
fn a_careful_server_looks_before_its_first_offer() {
    let mut bench = Bench::new(Settings { slow_check: Some(AddressCheck::Arp), ..Settings::default() });
    let discover = client(MessageType::DISCOVER, CLIENT);
    let asked = bench.broadcast(&discover);
    let Some(Query::Arp(arp)) = Query::read(&asked[0]) else { panic!("no ARP request") };
    assert_eq!((asked.len(), arp.operation, arp.sender), (1, 1, (SERVER_MAC, SERVER)));
    assert!(bench.broadcast(&discover).is_empty(), "asked again meanwhile");
    assert!(bench.after(Duration::from_millis(999)).is_empty());
    assert_eq!(bench.segment.next_due(), Some(bench.now.after(Duration::from_millis(1))));
    let offers = bench.after(Duration::from_millis(1));
    assert_eq!((offers.len(), facts(&offers[0]).yiaddr.specified()), (1, Some(arp.target)));
    assert_eq!(bench.broadcast(&discover).len(), 1, "the second offer comes at once");
}

#[test]
fn an_address_that_answers_is_not_offered() {
    let mut bench = Bench::new(Settings { slow_check: Some(AddressCheck::Icmp), ..Settings::default() });
    let asked = bench.broadcast(&client(MessageType::DISCOVER, CLIENT));
    let Some(Query::Echo(echo)) = Query::read(&asked[0]) else { panic!("no echo request") };
    let mut reply = Vec::new();
    let squatter = Mac([2, 0, 0, 0, 0x77, 0x77]);
    let ethernet = EthernetHeader { dst: SERVER_MAC, src: squatter, tags: &[] };
    ethernet.icmp(&mut reply, &Ipv4Header::new(echo.addrs.1, SERVER), 0, echo.body);
    assert!(bench.send(&reply).is_empty());
    let offers = bench.after(Duration::from_secs(1));
    assert_ne!(facts(&offers[0]).yiaddr.specified(), Some(echo.addrs.1));
}

#[test]
fn a_reply_to_an_address_waits_until_somebody_has_it() {
    let mut bench = Bench::new(Settings::default());
    let address = bench.lease(CLIENT);
    let renew = frame(&[], SERVER_MAC, (address, SERVER), &with(MessageType::REQUEST, &[], address));
    let asked = bench.send(&renew);
    let Some(Query::Arp(arp)) = Query::read(&asked[0]) else { panic!("no ARP request") };
    assert_eq!(arp.target, address);
    assert_eq!(bench.after(Duration::from_secs(1)).len(), 1, "asked again");
    let mut reply = Vec::new();
    let at = Arp::request(SERVER_MAC, SERVER, address).reply(CLIENT);
    EthernetHeader { dst: SERVER_MAC, src: CLIENT, tags: &[] }.arp(&mut reply, &at);
    let ack = bench.send(&reply);
    assert_eq!((facts(&ack[0]).kind, &ack[0][..6]), (Some(MessageType::ACK), &CLIENT.0[..]));
    assert_eq!(facts(&bench.send(&renew)[0]).kind, Some(MessageType::ACK), "known by now");
    let mut bench = Bench::new(Settings::default());
    let address = bench.lease(CLIENT);
    bench.send(&frame(&[], SERVER_MAC, (address, SERVER), &with(MessageType::REQUEST, &[], address)));
    let asked: usize = (0..5).map(|_| bench.after(Duration::from_secs(1)).len()).sum();
    assert_eq!((asked, bench.segment.next_due()), (2, None), "three times in all, then given up");
}

#[test]
fn the_far_end_answers_arp_and_echo_for_what_it_has() {
    let mut bench = Bench::new(Settings::default());
    let mut ask = Vec::new();
    let to_all = EthernetHeader { dst: Mac::BROADCAST, src: CLIENT, tags: &[] };
    to_all.arp(&mut ask, &Arp::request(CLIENT, ANY, SERVER));
    let answer = bench.send(&ask);
    let Some(Query::Arp(arp)) = Query::read(&answer[0]) else { panic!("no ARP reply") };
    assert_eq!((arp.operation, arp.sender), (2, (SERVER_MAC, SERVER)));
    let mut echo = Vec::new();
    let to_server = EthernetHeader { dst: SERVER_MAC, src: CLIENT, tags: &[] };
    to_server.icmp(&mut echo, &Ipv4Header::new([10, 0, 0, 77].into(), SERVER), 8, b"1234data");
    let answer = bench.send(&echo);
    let Some(Query::Echo(reply)) = Query::read(&answer[0]) else { panic!("no echo reply") };
    assert_eq!((reply.request, reply.body), (false, &b"1234data"[..]));
    let mut nobody = Vec::new();
    to_all.arp(&mut nobody, &Arp::request(CLIENT, ANY, [10, 4, 0, 12].into()));
    assert!(bench.send(&nobody).is_empty());
    let mut occupied = Bench::new(Settings { occupied: true, ..Settings::default() });
    assert_eq!(occupied.send(&nobody).len(), 1);
}

#[test]
fn faults_happen_as_often_as_asked_and_the_same_way_each_time() {
    let count = |settings: Settings| -> Vec<usize> {
        let mut bench = Bench::new(settings);
        let discover = client(MessageType::DISCOVER, CLIENT);
        (0..1000).map(|_| bench.broadcast(&discover).len()).collect()
    };
    let lossy = Settings { loss: 10.0, seed: 7, ..Settings::default() };
    let answered = count(lossy.clone());
    // 0.9 * 0.9: lost in neither direction.
    assert!((760..860).contains(&answered.iter().sum::<usize>()), "{}", answered.iter().sum::<usize>());
    assert_eq!(answered, count(lossy.clone()), "the seed decides");
    assert_ne!(answered, count(Settings { seed: 8, ..lossy }));
    let twice = count(Settings { duplicate: 50.0, ..Settings::default() });
    assert!((1400..1600).contains(&twice.iter().sum::<usize>()));
}

#[test]
fn delay_and_reorder_hold_answers_back() {
    let mut bench = Bench::new(Settings { delay: Duration::from_millis(20), ..Settings::default() });
    assert!(bench.broadcast(&client(MessageType::DISCOVER, CLIENT)).is_empty());
    assert!(bench.after(Duration::from_micros(19_999)).is_empty());
    assert_eq!(bench.after(Duration::from_micros(1)).len(), 1);
    let mut bench = Bench::new(Settings { reorder: 100.0, ..Settings::default() });
    assert!(bench.broadcast(&client(MessageType::DISCOVER, CLIENT)).is_empty());
    assert_eq!(bench.after(Duration::from_millis(3)).len(), 1);
}

#[test]
fn a_stalled_server_answers_when_it_wakes() {
    let stall = Stall { length: Duration::from_millis(200), period: Duration::from_secs(1) };
    let mut bench = Bench::new(Settings { stall: Some(stall), ..Settings::default() });
    let discover = client(MessageType::DISCOVER, CLIENT);
    assert!(bench.broadcast(&discover).is_empty(), "it begins with a standstill");
    assert_eq!(bench.segment.next_due(), Some(bench.now.after(Duration::from_millis(200))));
    assert_eq!(bench.after(Duration::from_millis(200)).len(), 1);
    assert_eq!(bench.broadcast(&discover).len(), 1, "awake");
    bench.after(Duration::from_millis(950));
    assert!(bench.broadcast(&discover).is_empty(), "asleep again");
    assert_eq!(bench.after(Duration::from_millis(50)).len(), 1);
}

#[test]
fn a_limited_server_serves_at_its_rate_and_loses_what_is_too_much() {
    let mut bench = Bench::new(Settings { rate_limit: Some(100.0), ..Settings::default() });
    let discover = client(MessageType::DISCOVER, CLIENT);
    for _ in 0..1000 {
        bench.broadcast(&discover);
    }
    // 200 messages a second: 5 ms each, and a backlog of 200 ms.
    let answered: usize = (0..100).map(|_| bench.after(Duration::from_millis(10)).len()).sum();
    assert_eq!(answered, 41);
}

#[test]
fn misbehaving_servers_do_as_they_are_told() {
    let discover = client(MessageType::DISCOVER, CLIENT);
    assert!(
        Bench::new(Settings { silent: Some(Silence::All), ..Settings::default() })
            .broadcast(&discover)
            .is_empty()
    );
    let mut bench = Bench::new(Settings { nak: true, ..Settings::default() });
    let offered = bench.ask(&discover).unwrap().yiaddr.specified().unwrap();
    let request = with(MessageType::REQUEST, &[(54, SERVER), (50, offered)], ANY);
    assert_eq!(bench.ask(&request).unwrap().kind, Some(MessageType::NAK));
    let mut bench = Bench::new(Settings { silent: Some(Silence::Request), ..Settings::default() });
    assert!(bench.ask(&discover).is_some());
    assert_eq!(bench.ask(&request), None);
    let mut bench = Bench::new(Settings { other_address: true, ..Settings::default() });
    assert_eq!(bench.ask(&discover).unwrap().yiaddr.specified(), Some(offered));
    assert_ne!(bench.ask(&request).unwrap().yiaddr.specified(), Some(offered));
}

#[test]
fn no_frame_makes_it_stumble() {
    let mut bench =
        Bench::new(Settings { slow_check: Some(AddressCheck::Icmp), servers: 3, ..Settings::default() });
    let mut random = fastrand::Rng::with_seed(4);
    let good = frame(&[], Mac::BROADCAST, (ANY, ALL), &client(MessageType::DISCOVER, CLIENT));
    for _ in 0..20_000 {
        let mut bad = good.clone();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(..bad.len());
            bad[at] = random.u8(..);
        }
        bad.truncate(random.usize(..=bad.len()));
        bench.send(&bad);
        bench.after(Duration::from_millis(random.u64(..50)));
    }
}
