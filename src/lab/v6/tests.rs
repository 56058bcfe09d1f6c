//! Rules of RFC 9915 §18.3 and of router discovery, played frame by frame.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::net::Ipv6Addr;
use std::time::Duration;

use crate::lab::bench::Bench;
use crate::lab::ra::{INTERVAL, Mode};
use crate::lab::settings::{AddressCheck, RogueKind, Settings, Silence, SixSettings, Trouble6};
use crate::wire::Mac;
use crate::wire::frame::Envelope6;
use crate::wire::frame::peek::Ethernet;
use crate::wire::nd;
use crate::wire::neighbor::{Neighbor, link_local};
use crate::wire::options::v6 as opt;
use crate::wire::v6::message::{Item, ia, ia_addr, ia_prefix, ia_ta, oro};
use crate::wire::v6::types::{ALL_RELAYS_AND_SERVERS, CLIENT_PORT, Duid, SERVER_PORT};
use crate::wire::v6::{Facts, Message, MessageType, StatusCode};

const CLIENT: Mac = Mac([2, 0, 0, 0, 1, 0]);
const SERVER: Mac = Mac([2, 0, 0, 0, 0, 1]);

fn addr(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

impl Bench {
    fn six() -> Self {
        Self::new(Settings { six: Some(SixSettings::default()), ..Settings::default() })
    }

    fn with(troubles: &[Trouble6]) -> Self {
        let six = SixSettings { troubles: troubles.to_vec(), ..SixSettings::default() };
        Self::new(Settings { six: Some(six), ..Settings::default() })
    }

    fn answers(&mut self, message: &Message) -> Vec<Message> {
        self.send(&frame(message)).iter().map(|frame| answer(frame)).collect()
    }

    /// The only answer.
    fn one(&mut self, message: &Message) -> Message {
        let mut answers = self.answers(message);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    fn solicit_routers(&mut self) -> Vec<(Mac, Ipv6Addr, nd::Message)> {
        let message = nd::Message::solicitation().encode();
        let frame = envelope(nd::ALL_ROUTERS, 255).icmpv6(&message, true);
        self.send(&frame).iter().map(|frame| advert(frame)).collect()
    }
}

fn envelope(dst: Ipv6Addr, hop_limit: u8) -> Envelope6 {
    Envelope6::to_group(CLIENT, link_local(CLIENT), dst, hop_limit)
}

fn frame(message: &Message) -> Vec<u8> {
    envelope(ALL_RELAYS_AND_SERVERS, 1).udp((CLIENT_PORT, SERVER_PORT), &message.encode())
}

fn answer(frame: &[u8]) -> Message {
    let ip = Ethernet::read(frame).unwrap().ipv6().unwrap();
    Message::decode(ip.udp().unwrap().payload)
}

fn advert(frame: &[u8]) -> (Mac, Ipv6Addr, nd::Message) {
    let ethernet = Ethernet::read(frame).unwrap();
    let ip = ethernet.ipv6().unwrap();
    assert_eq!(ip.hop_limit, 255);
    (ethernet.src, ip.dst, nd::Message::decode(ip.icmpv6().unwrap()))
}

fn client(kind: MessageType) -> Message {
    let mut message = Message::new(kind, 0x1234);
    message.set_option(opt::CLIENTID, Duid::link_layer(CLIENT).0);
    message.set_option(opt::ELAPSED_TIME, [0, 0]);
    message
}

fn server_id() -> Vec<u8> {
    Duid::link_layer(SERVER).0
}

fn to_server(kind: MessageType) -> Message {
    let mut message = client(kind);
    message.set_option(opt::SERVERID, server_id());
    message
}

fn with_ia(mut message: Message, inside: &[Item]) -> Message {
    message.add_option(opt::IA_NA, ia(7, 0, 0, inside));
    message
}

fn with_pd(mut message: Message, inside: &[Item]) -> Message {
    message.add_option(opt::IA_PD, ia(7, 0, 0, inside));
    message
}

fn held(address: Ipv6Addr) -> Item {
    ia_addr(address, 0, 0, &[])
}

/// Addresses with their valid lifetimes, prefixes with theirs, and the first failure.
type Gist = (Vec<(Ipv6Addr, u32)>, Vec<(String, u32)>, Option<StatusCode>);

fn gist(message: &Message) -> Gist {
    let bytes = message.encode();
    let facts = Facts::of(&bytes);
    (
        facts.addresses().map(|lease| (lease.address, lease.valid)).collect(),
        facts.prefixes().map(|lease| (format!("{}/{}", lease.prefix, lease.length), lease.valid)).collect(),
        facts.failure().map(|status| status.code),
    )
}

/// SOLICIT and REQUEST; the address.
fn bind(bench: &mut Bench) -> Ipv6Addr {
    let advertise = bench.one(&with_ia(client(MessageType::SOLICIT), &[]));
    let address = gist(&advertise).0[0].0;
    let reply = bench.one(&with_ia(to_server(MessageType::REQUEST), &[held(address)]));
    assert_eq!((reply.kind, gist(&reply).0), (MessageType::REPLY, vec![(address, 3600)]));
    address
}

#[test]
fn an_advertisement_holds_what_a_client_needs() {
    let mut bench = Bench::six();
    let mut solicit = with_pd(with_ia(client(MessageType::SOLICIT), &[]), &[]);
    solicit.set_option(opt::ORO, oro(&[opt::DNS_SERVERS, opt::SOL_MAX_RT]));
    let frames = bench.send(&frame(&solicit));
    let advertise = answer(&frames[0]);
    let codes: Vec<u16> = advertise.options.iter().map(|item| item.code).collect();
    assert_eq!(codes, [opt::CLIENTID, opt::SERVERID, opt::IA_NA, opt::IA_PD, opt::DNS_SERVERS]);
    assert_eq!((advertise.kind, advertise.xid()), (MessageType::ADVERTISE, Some(0x1234)));
    let (addresses, prefixes, failure) = gist(&advertise);
    assert_eq!((addresses.len(), prefixes.len(), failure), (1, 1, None));
    assert_eq!(addresses[0].0.to_bits() >> 48, addr("2001:db8:64:0:1::").to_bits() >> 48);
    let prefix = prefixes[0].0.strip_suffix("/56").unwrap();
    assert_eq!(addr(prefix).to_bits() >> 92, addr("2001:db8:1000::").to_bits() >> 92);
    let bytes = advertise.encode();
    let facts = Facts::of(&bytes);
    assert_eq!((facts.ias[0].t1, facts.ias[0].t2), (1125, 1800));
    assert_eq!(facts.addresses().next().unwrap().preferred, 2250);
    assert!(facts.dns_servers().eq([addr("2001:db8:64::1")]));
    let ethernet = Ethernet::read(&frames[0]).unwrap();
    let ip = ethernet.ipv6().unwrap();
    assert_eq!((ethernet.dst, ethernet.src), (CLIENT, SERVER));
    assert_eq!((ip.src, ip.dst), (addr("fe80::1"), link_local(CLIENT)));
    let udp = ip.udp().unwrap();
    assert_eq!((udp.src_port, udp.dst_port), (SERVER_PORT, CLIENT_PORT));
    assert_eq!(bench.segment.servers6()[0].bound(bench.now), (0, 0), "nothing is bound by asking");
}

#[test]
fn a_lease_lives_and_ends() {
    let mut bench = Bench::six();
    let address = bind(&mut bench);
    assert_eq!(bench.segment.servers6()[0].bound(bench.now), (1, 0));
    let renewed = bench.one(&with_ia(to_server(MessageType::RENEW), &[held(address)]));
    assert_eq!(gist(&renewed), (vec![(address, 3600)], vec![], None));
    let stale = addr("2001:db8:99::9");
    let renewed = bench.one(&with_ia(to_server(MessageType::RENEW), &[held(stale)]));
    assert_eq!(gist(&renewed).0, [(address, 3600), (stale, 0)], "what it should not hold is over");
    let rebound = bench.one(&with_ia(client(MessageType::REBIND), &[held(address)]));
    assert_eq!(gist(&rebound).0, [(address, 3600)]);
    let confirm = with_ia(client(MessageType::CONFIRM), &[held(address)]);
    assert_eq!(Facts::of(&bench.one(&confirm).encode()).status.unwrap().code, StatusCode::SUCCESS);
    let confirm = with_ia(client(MessageType::CONFIRM), &[held(stale)]);
    assert_eq!(gist(&bench.one(&confirm)).2, Some(StatusCode::NOT_ON_LINK));
    assert!(bench.answers(&with_ia(client(MessageType::CONFIRM), &[])).is_empty(), "nothing to confirm");
    let released = bench.one(&with_ia(to_server(MessageType::RELEASE), &[held(address)]));
    assert_eq!((gist(&released).2, bench.segment.servers6()[0].bound(bench.now)), (None, (0, 0)));
    let again = bench.one(&with_ia(to_server(MessageType::RELEASE), &[held(address)]));
    assert_eq!(gist(&again).2, Some(StatusCode::NO_BINDING));
    let renewed = bench.one(&with_ia(to_server(MessageType::RENEW), &[held(address)]));
    assert_eq!(gist(&renewed).2, Some(StatusCode::NO_BINDING));
    let rebound = with_ia(client(MessageType::REBIND), &[held(addr("2001:db8:64:0:9::1"))]);
    assert!(bench.answers(&rebound).is_empty(), "another server may know it");
}

#[test]
fn a_declined_address_rests() {
    let mut bench = Bench::six();
    let address = bind(&mut bench);
    let declined = bench.one(&with_ia(to_server(MessageType::DECLINE), &[held(address)]));
    assert_eq!(gist(&declined).2, None);
    let next = bench.one(&with_ia(client(MessageType::SOLICIT), &[held(address)]));
    assert_ne!(gist(&next).0[0].0, address);
}

#[test]
fn rapid_commit_binds_at_once() {
    let mut solicit = with_pd(with_ia(client(MessageType::SOLICIT), &[]), &[]);
    solicit.set_option(opt::RAPID_COMMIT, []);
    let mut bench = Bench::six();
    let reply = bench.one(&solicit);
    assert_eq!((reply.kind, reply.option(opt::RAPID_COMMIT)), (MessageType::REPLY, Some(&[][..])));
    assert_eq!(bench.segment.servers6()[0].bound(bench.now), (1, 1));
    let six = SixSettings { rapid_commit: false, preference: 9, ..SixSettings::default() };
    let mut bench = Bench::new(Settings { six: Some(six), ..Settings::default() });
    let advertise = bench.one(&solicit);
    assert_eq!((advertise.kind, advertise.option(opt::PREFERENCE)), (MessageType::ADVERTISE, Some(&[9][..])));
}

#[test]
fn what_servers_discard_is_not_answered() {
    let mut bench = Bench::six();
    let mut anonymous = with_ia(client(MessageType::SOLICIT), &[]);
    anonymous.remove_option(opt::CLIENTID);
    let mut foreign = with_ia(client(MessageType::REQUEST), &[]);
    foreign.set_option(opt::SERVERID, Duid::link_layer(Mac([2; 6])).0);
    for message in [
        anonymous,
        foreign,
        with_ia(to_server(MessageType::SOLICIT), &[]),
        with_ia(to_server(MessageType::REBIND), &[]),
        with_ia(client(MessageType::RENEW), &[]),
        with_ia(client(MessageType::INFORMATION_REQUEST), &[]),
        client(MessageType::ADVERTISE),
    ] {
        assert!(bench.answers(&message).is_empty(), "{message:?}");
    }
    let unicast = Envelope6 { dst_mac: SERVER, ..envelope(addr("2001:db8:64::1"), 64) };
    let solicit = with_ia(client(MessageType::SOLICIT), &[]).encode();
    assert!(bench.send(&unicast.udp((CLIENT_PORT, SERVER_PORT), &solicit)).is_empty());
    let bytes = frame(&with_pd(with_ia(client(MessageType::SOLICIT), &[]), &[]));
    for len in 0..bytes.len() {
        bench.send(&bytes[..len]);
    }
}

#[test]
fn stateless_configuration_needs_no_identity() {
    let mut bench = Bench::six();
    let mut inform = Message::new(MessageType::INFORMATION_REQUEST, 5);
    inform.set_option(opt::ORO, oro(&[opt::DNS_SERVERS, opt::INFORMATION_REFRESH_TIME]));
    let reply = bench.one(&inform);
    let bytes = reply.encode();
    let facts = Facts::of(&bytes);
    assert_eq!((facts.client_id, facts.refresh_time), (None, Some(86_400)));
    assert!(facts.dns_list.is_some() && facts.domain_list.is_none());
    assert!(Bench::with(&[Trouble6::NoInform]).answers(&inform).is_empty());
}

#[test]
fn refusals_say_why() {
    let refuses = Settings { nak: true, six: Some(SixSettings::default()), ..Settings::default() };
    let mut bench = Bench::new(refuses);
    let both = |kind| with_pd(with_ia(to_server(kind), &[held(addr("2001:db8:64:0:1::1005"))]), &[]);
    let reply = bench.one(&both(MessageType::REQUEST)).encode();
    let codes: Vec<StatusCode> = Facts::of(&reply).ias.iter().map(|ia| ia.status.unwrap().code).collect();
    assert_eq!(codes, [StatusCode::NO_ADDRS_AVAIL, StatusCode::NO_PREFIX_AVAIL]);
    assert_eq!(gist(&bench.one(&both(MessageType::RENEW))).2, Some(StatusCode::NO_BINDING));
    let mut bench = Bench::six();
    let off_link = with_ia(to_server(MessageType::REQUEST), &[held(addr("fd00::1"))]);
    assert_eq!(gist(&bench.one(&off_link)).2, Some(StatusCode::NOT_ON_LINK));
    let mut small =
        Bench::new(Settings { pool_size: 1, six: Some(SixSettings::default()), ..Settings::default() });
    bind(&mut small);
    let mut second = with_pd(with_ia(client(MessageType::SOLICIT), &[]), &[]);
    second.set_option(opt::CLIENTID, Duid::link_layer(Mac([2; 6])).0);
    let (addresses, prefixes, failure) = gist(&small.one(&second));
    assert_eq!((addresses.len(), prefixes.len(), failure), (0, 1, Some(StatusCode::NO_ADDRS_AVAIL)));
    let six = SixSettings { delegated: None, ..SixSettings::default() };
    let mut none = Bench::new(Settings { six: Some(six), ..Settings::default() });
    let advertise = none.one(&with_pd(client(MessageType::SOLICIT), &[ia_prefix(addr("::"), 60, 0, 0, &[])]));
    assert_eq!(gist(&advertise).2, Some(StatusCode::NO_PREFIX_AVAIL));
}

#[test]
fn temporary_addresses_and_many_associations() {
    let mut bench = Bench::six();
    let mut solicit = client(MessageType::SOLICIT);
    solicit.add_option(opt::IA_TA, ia_ta(1, &[]));
    for iaid in 0..200 {
        solicit.add_option(opt::IA_NA, ia(iaid, 0, 0, &[]));
    }
    let frames = bench.send(&frame(&solicit));
    assert!(frames[0].len() < 1300, "it must fit into a packet that every link carries");
    let (addresses, _, _) = gist(&answer(&frames[0]));
    let different: std::collections::BTreeSet<Ipv6Addr> = addresses.iter().map(|(addr, _)| *addr).collect();
    assert_eq!((addresses.len(), different.len()), (16, 16));
}

#[test]
fn relays_get_their_envelopes_back() {
    let mut bench = Bench::six();
    let (link, peer) = (addr("2001:db8:7::1"), addr("fe80::5"));
    let inner = with_ia(client(MessageType::SOLICIT), &[]);
    let mut once = Message::relay(MessageType::RELAY_FORW, 0, link, peer, &inner.encode());
    once.add_option(opt::INTERFACE_ID, *b"port 7");
    once.add_option(opt::REMOTE_ID, *b"\0\0\0\x09x");
    let mut twice = Message::relay(MessageType::RELAY_FORW, 1, addr("::"), link, &once.encode());
    twice.add_option(opt::REMOTE_ID, *b"\0\0\0\x09y");
    twice.add_option(opt::ERO, oro(&[opt::REMOTE_ID]));
    twice.add_option(opt::RELAY_PORT, [0, 0]);
    let to_server = Envelope6 { dst_mac: SERVER, ..envelope(addr("2001:db8:64::1"), 64) };
    let frames = bench.send(&to_server.udp((1547, SERVER_PORT), &twice.encode()));
    let ip = Ethernet::read(&frames[0]).unwrap().ipv6().unwrap();
    assert_eq!((ip.src, ip.udp().unwrap().dst_port), (addr("2001:db8:64::1"), 1547));
    let outer = answer(&frames[0]);
    assert_eq!((outer.kind, &outer.head), (MessageType::RELAY_REPL, &twice.head));
    assert_eq!(outer.option(opt::REMOTE_ID), twice.option(opt::REMOTE_ID), "asked for");
    assert_eq!(outer.option(opt::RELAY_PORT), Some(&[0, 0][..]));
    let middle = outer.inner().unwrap();
    assert_eq!((&middle.head, middle.option(opt::INTERFACE_ID)), (&once.head, Some(&b"port 7"[..])));
    assert_eq!(middle.option(opt::REMOTE_ID), None);
    assert_eq!(middle.inner().unwrap().kind, MessageType::ADVERTISE);
    let unknown = Message::relay(MessageType::RELAY_FORW, 0, addr("fd00::1"), peer, &inner.encode());
    let frames = bench.send(&to_server.udp((SERVER_PORT, SERVER_PORT), &unknown.encode()));
    assert_eq!(Ethernet::read(&frames[0]).unwrap().ipv6().unwrap().udp().unwrap().dst_port, SERVER_PORT);
    assert_eq!(gist(&answer(&frames[0]).inner().unwrap()).2, Some(StatusCode::NO_ADDRS_AVAIL));
}

#[test]
fn a_choice_of_another_server_frees_what_was_advertised() {
    let settings =
        Settings { servers: 2, pool_size: 1, six: Some(SixSettings::default()), ..Settings::default() };
    let mut bench = Bench::new(settings);
    let offers = bench.answers(&with_ia(client(MessageType::SOLICIT), &[]));
    assert_eq!(offers.len(), 2);
    let first = gist(&offers[0]).0[0].0;
    bench.one(&with_ia(to_server(MessageType::REQUEST), &[held(first)]));
    let mut other = with_ia(client(MessageType::SOLICIT), &[]);
    other.set_option(opt::CLIENTID, Duid::link_layer(Mac([2; 6])).0);
    let failures: Vec<_> = bench.answers(&other).iter().map(|answer| gist(answer).2).collect();
    assert_eq!(failures, [Some(StatusCode::NO_ADDRS_AVAIL), None]);
}

#[test]
fn servers_look_for_their_clients_and_their_addresses() {
    let six = SixSettings { solicit: true, ..SixSettings::default() };
    let mut bench = Bench::new(Settings { six: Some(six), ..Settings::default() });
    let solicit = with_ia(client(MessageType::SOLICIT), &[]);
    let frames = bench.send(&frame(&solicit));
    let ethernet = Ethernet::read(&frames[0]).unwrap();
    assert_eq!((frames.len(), ethernet.dst), (1, Mac([0x33, 0x33, 0xff, 0, 1, 0])));
    let asked = Neighbor::decode(ethernet.ipv6().unwrap().icmpv6().unwrap()).unwrap();
    assert_eq!((asked.asks, asked.target), (true, link_local(CLIENT)));
    let away = Mac([2, 9, 9, 9, 9, 9]);
    let here = asked.answer(away, addr("fe80::1")).encode();
    let told =
        bench.send(&Envelope6 { dst_mac: SERVER, ..envelope(addr("fe80::1"), 255) }.icmpv6(&here, true));
    assert_eq!(answer(&told[0]).kind, MessageType::ADVERTISE);
    assert_eq!(Ethernet::read(&told[0]).unwrap().dst, away, "where it said it is");
    assert_eq!(bench.one(&solicit).kind, MessageType::ADVERTISE, "now it is known");

    let mut bench = Bench::new(Settings {
        slow_check: Some(AddressCheck::Arp),
        six: Some(SixSettings { ra: None, ..SixSettings::default() }),
        ..Settings::default()
    });
    let frames = bench.send(&frame(&solicit));
    let check = Neighbor::decode(Ethernet::read(&frames[0]).unwrap().ipv6().unwrap().icmpv6().unwrap());
    assert!(bench.send(&frame(&solicit)).is_empty(), "it is still looking");
    let taken = check.unwrap().target;
    let here = check.unwrap().answer(away, addr("fe80::1")).encode();
    bench.send(&Envelope6 { dst_mac: SERVER, ..envelope(addr("fe80::1"), 255) }.icmpv6(&here, true));
    let frames = bench.after(Duration::from_secs(1));
    let offered = gist(&answer(&frames[0])).0[0].0;
    assert_ne!(offered, taken, "that one is in use");
}

#[test]
fn neighbors_echo_and_names_are_answered() {
    let mut bench = Bench::six();
    for (target, holder) in [("fe80::1", SERVER), ("2001:db8:64::1", SERVER)] {
        let target = addr(target);
        let group = crate::wire::neighbor::solicited_node(target);
        let ask = Neighbor::solicitation(target, Some(CLIENT));
        let frames = bench.send(&envelope(group, 255).icmpv6(&ask.encode(), true));
        let ip = Ethernet::read(&frames[0]).unwrap().ipv6().unwrap();
        let found = Neighbor::decode(ip.icmpv6().unwrap()).unwrap();
        assert_eq!((found.asks, found.target, found.link_layer), (false, target, Some(holder)));
        let forwarded = envelope(group, 254).icmpv6(&ask.encode(), true);
        assert!(bench.send(&forwarded).is_empty(), "a router passed it on");
        let to = Envelope6 { dst_mac: SERVER, ..envelope(target, 64) };
        let frames = bench.send(&to.icmpv6(&[128, 0, 0, 0, 1, 2, 3, 4], true));
        let ip = Ethernet::read(&frames[0]).unwrap().ipv6().unwrap();
        assert_eq!(ip.icmpv6().unwrap()[4..], [1, 2, 3, 4]);
        assert_eq!(bench.send(&to.udp((999, 53), &[7; 12])).len(), 1);
    }
    let nobody = Neighbor::solicitation(addr("2001:db8:64::9999"), Some(CLIENT));
    assert!(bench.send(&envelope(nd::ALL_NODES, 255).icmpv6(&nobody.encode(), true)).is_empty());
}

#[test]
fn routers_answer_and_speak_by_themselves() {
    let mut bench = Bench::six();
    let adverts = bench.solicit_routers();
    assert_eq!((adverts.len(), adverts[0].0, adverts[0].1), (1, SERVER, link_local(CLIENT)));
    let bytes = adverts[0].2.encode();
    let packet = nd::Packet::new(&bytes);
    let mut outline = nd::Outline::default();
    outline.read(&packet, bytes.len(), false);
    let facts = nd::Advert::read(&packet, &outline).unwrap();
    assert_eq!((facts.header.flags(), facts.header.router_lifetime()), (0xc0, 1800));
    assert_eq!((facts.header.preference(), facts.mtu), ("medium", Some(1500)));
    assert!(facts.prefixes[0].is_on_link() && !facts.prefixes[0].is_autonomous());
    assert_eq!(facts.dns_servers[0].1, [addr("2001:db8:64::1")]);
    assert_eq!(facts.domains[0].1, [b"lab".to_vec()]);
    bench.after(Duration::from_secs(1));
    let unasked = bench.after(INTERVAL);
    assert_eq!((unasked.len(), advert(&unasked[0]).1), (1, nd::ALL_NODES));
    for (mode, flags, autonomous) in [(Mode::Stateless, 0x40, true), (Mode::Slaac, 0, true)] {
        let six = SixSettings { ra: Some(mode), ..SixSettings::default() };
        let mut bench = Bench::new(Settings { six: Some(six), ..Settings::default() });
        let (_, _, message) = bench.solicit_routers().remove(0);
        let prefix = message.options.iter().find(|item| item.code == 3).unwrap();
        assert_eq!((message.header.unwrap().flags(), prefix.data[1] & 0x40 != 0), (flags, autonomous));
    }
    let six = SixSettings { ra: None, ..SixSettings::default() };
    assert!(Bench::new(Settings { six: Some(six), ..Settings::default() }).solicit_routers().is_empty());
}

#[test]
fn the_rogue_is_preferred_to_all() {
    let settings = Settings {
        rogue: Some(RogueKind::Gateway),
        six: Some(SixSettings::default()),
        ..Settings::default()
    };
    let mut bench = Bench::new(settings);
    let answers = bench.answers(&with_ia(client(MessageType::SOLICIT), &[]));
    assert_eq!(answers[0].option(opt::PREFERENCE), None);
    assert_eq!(answers[1].option(opt::PREFERENCE), Some(&[255][..]));
    let (mac, _, message) = bench.solicit_routers().remove(1);
    let header = message.header.unwrap();
    assert_eq!(
        (mac, header.preference(), header.router_lifetime()),
        (Mac([2, 0, 0, 0, 0, 0x66]), "high", 9000)
    );
}

#[test]
fn silence_and_troubles_are_as_told() {
    let silent =
        |silent| Settings { silent: Some(silent), six: Some(SixSettings::default()), ..Settings::default() };
    let solicit = with_ia(client(MessageType::SOLICIT), &[]);
    let inform = client(MessageType::INFORMATION_REQUEST);
    let answers = |settings: Settings| {
        let mut bench = Bench::new(settings);
        (bench.answers(&solicit).len(), bench.answers(&inform).len(), bench.solicit_routers().len())
    };
    assert_eq!(answers(silent(Silence::All)), (0, 0, 0));
    assert_eq!(answers(silent(Silence::Discover)), (0, 1, 1));
    assert_eq!(answers(silent(Silence::Request)), (1, 0, 1));

    let mut bench = Bench::with(&[Trouble6::NoServers]);
    assert_eq!((bench.answers(&solicit).len(), bench.solicit_routers().len()), (0, 1));
    let mut bench = Bench::with(&[Trouble6::SecondRouter]);
    assert_eq!(bench.solicit_routers().len(), 2);
    let mut bench = Bench::with(&[Trouble6::NotDefault]);
    assert_eq!(bench.solicit_routers()[0].2.header.unwrap().router_lifetime(), 0);
    let mut bench = Bench::with(&[Trouble6::TimersDisordered, Trouble6::IgnoresPd]);
    let advertise = bench.one(&with_pd(solicit.clone(), &[])).encode();
    let facts = Facts::of(&advertise);
    assert!(facts.ias.len() == 1 && facts.ias[0].t1 > facts.ias[0].t2);
    let mut bench = Bench::with(&[Trouble6::LinkLocal, Trouble6::NoDns]);
    let advertise = bench.one(&solicit);
    assert!(gist(&advertise).0[0].0.is_unicast_link_local());
    assert!(Facts::of(&advertise.encode()).dns_list.is_none());
}
