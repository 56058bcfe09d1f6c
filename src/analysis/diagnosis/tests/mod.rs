//! Each code of transactions and captures: a story that shows it, and a near miss that does not.

#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]
#![allow(clippy::too_many_lines, reason = "tables of cases")]

mod captures;
mod exchanges;
mod figures;
mod packets;
mod silence;
mod values;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::{Finding, History, Id, rows};
use crate::analysis::transaction::{Around, Batch, Item, Joiner, Options, Seen, Sign};
use crate::time::{Precision, Timestamp};
use crate::wire::arp::Arp;
use crate::wire::frame::{Checksum, Complaint, Datagram, Ip, Layer, Layers, Link, Udp, Vlans};
use crate::wire::problem;
use crate::wire::v4::{Message, MessageType, Op, Outline, Packet, Xid, judge};
use crate::wire::{HwAddr, Mac};

const SERVER: Mac = Mac([0, 0x1c, 0xc4, 0, 0, 1]);
const OTHER: Mac = Mac([0, 0x1c, 0xc4, 0, 0, 2]);
const ALL: [u8; 4] = [255; 4];
const S: [u8; 4] = [10, 0, 0, 1];
const S2: [u8; 4] = [10, 0, 0, 2];
const A: [u8; 4] = [10, 0, 0, 50];

/// What stands around a message.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) macs: (Mac, Mac),
    pub(crate) ips: ([u8; 4], [u8; 4]),
    ports: (u16, u16),
    vlan: Option<u16>,
    /// The number of an interface without a name.
    number: Option<u32>,
    bad: bool,
    quoted: bool,
    /// Type and code of the error that quotes it.
    icmp: (u8, u8),
    /// VLANs inside that one.
    inner: &'static [u16],
    /// So many of the last bytes are not in the capture.
    cut: usize,
}

impl Way {
    /// The way of what a client says to everybody.
    fn of(c: Client) -> Self {
        Self {
            macs: (c.mac, Mac::BROADCAST),
            ips: ([0; 4], ALL),
            ports: (68, 67),
            vlan: None,
            number: None,
            bad: false,
            quoted: false,
            icmp: (3, 3),
            inner: &[],
            cut: 0,
        }
    }
}

/// A client of the stories.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) mac: Mac,
    pub(crate) xid: u32,
    pub(crate) flags: u16,
}

pub(crate) fn client(number: u8) -> Client {
    Client { mac: Mac([0, 0x1c, 0xc4, 0x5e, 0, number]), xid: 0x100 + u32::from(number), flags: 0x8000 }
}

/// Frames with times in milliseconds.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) batch: Batch,
    frame: u64,
}

impl Story {
    fn put(&mut self, ms: i64, message: &Message, way: &Way) {
        let bytes = if way.cut > 0 { message.encode() } else { message.encode_padded() };
        self.put_bytes(ms, &bytes, way);
    }

    /// A DISCOVER of so many bytes.
    fn put_short(&mut self, ms: i64, c: Client, length: usize) {
        let mut bytes = Message::request(MessageType::DISCOVER, Xid(c.xid), c.mac).encode();
        bytes.resize(length, 0);
        self.put_bytes(ms, &bytes, &Way::of(c));
    }

    fn put_bytes(&mut self, ms: i64, bytes: &[u8], way: &Way) {
        self.frame += 1;
        let (promised, cut) = (bytes.len(), way.cut > 0);
        let bytes = &bytes[..promised - way.cut];
        let packet = Packet::new(bytes);
        let mut outline = Outline::default();
        outline.read(&packet, promised, cut);
        let mut datagram = Datagram::bare(bytes);
        (datagram.promised, datagram.cut) = (promised, cut);
        let mut layers = Layers::default();
        for layer in [Layer::Ethernet, Layer::Ipv4, Layer::Udp] {
            layers.push(layer);
        }
        let (src, dst) = (Some(HwAddr::from(way.macs.0)), Some(HwAddr::from(way.macs.1)));
        datagram.layers = layers;
        datagram.link = Some(Link { layer: Layer::Ethernet, src, dst });
        let mut vlans = Vlans::default();
        if let Some(vlan) = way.vlan {
            vlans.push(vlan);
        }
        for vlan in way.inner {
            vlans.push(*vlan);
        }
        datagram.vlans = vlans;
        datagram.ip = Some(Ip {
            src: IpAddr::V4(way.ips.0.into()),
            dst: IpAddr::V4(way.ips.1.into()),
            ttl: 64,
            tos: 0,
            id: None,
            dont_fragment: None,
            fragmented: false,
        });
        datagram.udp = Some(Udp { src_port: way.ports.0, dst_port: way.ports.1 });
        datagram.checksum = if way.bad { Checksum::Bad } else { Checksum::Good };
        datagram.quoted = way.quoted;
        datagram.complaint =
            way.quoted.then_some(Complaint { kind: way.icmp.0, code: way.icmp.1, source: S.into() });
        let mut problems = outline.problems.clone();
        judge::judge(&packet, &outline, &datagram, true, &mut problems);
        let time = Some(Timestamp(ms * 1_000_000 + 1_700_000_000_000_000_000));
        let around = Around {
            frame: self.frame,
            time,
            precision: Precision::Micro,
            interface: None,
            number: way.number,
            outbound: false,
            selected: true,
        };
        self.batch.message(&around, &datagram, (&packet, &outline), &problems);
    }

    pub(crate) fn ask(
        &mut self,
        ms: i64,
        c: Client,
        kind: MessageType,
        change: impl FnOnce(&mut Message, &mut Way),
    ) {
        let mut message = Message::request(kind, Xid(c.xid), c.mac);
        message.flags = c.flags;
        message.set_option(55, &[1, 3, 6]);
        message.set_option(12, &[b'h', c.mac.0[5] + 40]);
        let mut way = Way::of(c);
        change(&mut message, &mut way);
        self.put(ms, &message, &way);
    }

    pub(crate) fn discover(&mut self, ms: i64, c: Client) {
        self.ask(ms, c, MessageType::DISCOVER, |_, _| {});
    }

    fn discovers(&mut self, c: Client, times: &[i64]) {
        for ms in times {
            self.discover(*ms, c);
        }
    }

    pub(crate) fn request(&mut self, ms: i64, c: Client, ip: [u8; 4], server: [u8; 4]) {
        self.ask(ms, c, MessageType::REQUEST, |m, _| {
            m.set_option(50, &ip);
            m.set_option(54, &server);
        });
    }

    /// A renewal: unicast, or to everybody.
    pub(crate) fn renew(&mut self, ms: i64, c: Client, ip: [u8; 4], all: bool) {
        self.ask(ms, c, MessageType::REQUEST, |m, way| {
            m.ciaddr = ip.into();
            m.flags = 0;
            way.ips = (ip, if all { ALL } else { S });
            way.macs.1 = if all { Mac::BROADCAST } else { SERVER };
        });
    }

    pub(crate) fn say(
        &mut self,
        ms: i64,
        c: Client,
        kind: MessageType,
        (server, ip): ([u8; 4], [u8; 4]),
        change: impl FnOnce(&mut Message, &mut Way),
    ) {
        let mut message = Message::new(Op::REPLY);
        message.set_mac(c.mac);
        message.xid = Xid(c.xid);
        message.flags = c.flags;
        message.set_option(53, &[kind.0]);
        message.set_option(54, &server);
        let mac = if server == S { SERVER } else { OTHER };
        if kind != MessageType::NAK {
            message.yiaddr = ip.into();
            message.set_option(51, &3600_u32.to_be_bytes());
            message.set_option(1, &[255, 255, 255, 0]);
            message.set_option(3, &S);
        }
        let mut way = Way {
            macs: (mac, Mac::BROADCAST),
            ips: (server, ALL),
            ports: (67, 68),
            vlan: None,
            number: None,
            bad: false,
            quoted: false,
            icmp: (3, 3),
            inner: &[],
            cut: 0,
        };
        change(&mut message, &mut way);
        self.put(ms, &message, &way);
    }

    pub(crate) fn offer(&mut self, ms: i64, c: Client, server: [u8; 4], ip: [u8; 4]) {
        self.say(ms, c, MessageType::OFFER, (server, ip), |_, _| {});
    }

    pub(crate) fn ack(&mut self, ms: i64, c: Client, server: [u8; 4], ip: [u8; 4]) {
        self.say(ms, c, MessageType::ACK, (server, ip), |_, _| {});
    }

    /// An ACK with such routers.
    pub(crate) fn ack_with(&mut self, ms: i64, c: Client, server: [u8; 4], ip: [u8; 4], routers: [u8; 4]) {
        self.say(ms, c, MessageType::ACK, (server, ip), |m, _| m.set_option(3, &routers));
    }

    pub(crate) fn nak(&mut self, ms: i64, c: Client, server: [u8; 4]) {
        self.say(ms, c, MessageType::NAK, (server, [0; 4]), |_, _| {});
    }

    fn dora(&mut self, ms: i64, c: Client, ip: [u8; 4]) {
        self.discover(ms, c);
        self.offer(ms + 3, c, S, ip);
        self.request(ms + 6, c, ip, S);
        self.ack(ms + 9, c, S, ip);
    }

    /// A client is offered an address, in its first three milliseconds.
    fn offered(&mut self, c: Client) {
        self.offered_with(c, |_, _| {});
    }

    /// The same, by an offer with a change.
    fn offered_with(&mut self, c: Client, change: impl FnOnce(&mut Message, &mut Way)) {
        self.discover(0, c);
        self.say(3, c, MessageType::OFFER, (S, A), change);
    }

    /// A client is offered an address, and asks for it three milliseconds later.
    fn chosen(&mut self, c: Client) {
        self.offered(c);
        self.request(6, c, A, S);
    }

    /// Two clients are bound within a second.
    fn two_bound(&mut self) {
        self.dora(0, client(1), A);
        self.dora(1000, client(2), [10, 0, 0, 51]);
    }

    pub(crate) fn arp(&mut self, ms: i64, mac: Mac, sender: [u8; 4], target: [u8; 4], reply: bool) {
        self.arp_in(None, ms, mac, (sender, target), reply);
    }

    /// The same in a VLAN.
    fn arp_in(
        &mut self,
        vlan: Option<u16>,
        ms: i64,
        mac: Mac,
        (sender, target): ([u8; 4], [u8; 4]),
        reply: bool,
    ) {
        self.frame += 1;
        let mut vlans = Vlans::default();
        if let Some(vlan) = vlan {
            vlans.push(vlan);
        }
        let place = Around::default().place(None, &vlans);
        let mut arp = Arp::request(mac, sender.into(), target.into());
        if reply {
            arp.operation = Arp::REPLY;
        }
        let time = ms * 1_000_000 + 1_700_000_000_000_000_000;
        self.batch.sign(Sign::Arp { frame: self.frame, time, arp, place });
    }

    fn ping(&mut self, ms: i64, from: [u8; 4], to: [u8; 4], reply: bool) {
        self.frame += 1;
        let time = ms * 1_000_000 + 1_700_000_000_000_000_000;
        let (src, dst) = (Ipv4Addr::from(from), Ipv4Addr::from(to));
        let place = Around::default().place(None, &Vlans::default());
        self.batch.sign(Sign::Echo { frame: self.frame, time, reply, src, dst, mac: SERVER, place });
    }

    fn decline(&mut self, ms: i64, c: Client, ip: [u8; 4]) {
        let other = Client { xid: c.xid + 77, ..c };
        self.ask(ms, other, MessageType::DECLINE, |m, _| {
            m.set_option(50, &ip);
            m.set_option(54, &S);
        });
    }

    /// Time goes on, so that nothing is open at the end.
    pub(crate) fn end(&mut self, ms: i64) {
        self.batch.last = Some(ms * 1_000_000 + 1_700_000_000_000_000_000);
    }
}

/// A message as it was joined, to be varied.
fn only(tell: impl FnOnce(&mut Story)) -> Seen {
    let mut story = Story::default();
    tell(&mut story);
    match story.batch.items.as_slice() {
        [Item::Message(entry)] => entry.seen,
        other => panic!("no message: {other:?}"),
    }
}

/// A DISCOVER of client 1, by everybody.
pub(crate) fn a_discover() -> Seen {
    only(|s| s.discover(0, client(1)))
}

/// An ACK that gives an address to client 1.
pub(super) fn an_ack() -> Seen {
    only(|s| s.ack(0, client(1), S, A))
}

/// What is said of a capture that ends at `ms`.
fn findings(ms: i64, tell: impl FnOnce(&mut Story)) -> Vec<Finding> {
    let mut story = Story::default();
    tell(&mut story);
    story.end(ms);
    let (mut joiner, mut history) = (Joiner::new(Options::default()), History::new(true));
    joiner.batch(&story.batch, |item, role| history.observe(item, role));
    joiner.finish();
    for exchange in joiner.take_closed() {
        history.closed(&exchange);
    }
    history.finish(joiner.now())
}

/// Every code said of a story.
fn codes(tell: fn(&mut Story)) -> BTreeSet<&'static str> {
    let mut story = Story::default();
    tell(&mut story);
    if story.batch.last.is_none() {
        story.end(90_000_000);
    }
    let mut joiner = Joiner::new(Options::default());
    let mut history = History::new(true);
    let mut found = BTreeSet::new();
    joiner.batch(&story.batch, |item, role| history.observe(item, role));
    joiner.finish();
    for exchange in joiner.take_closed() {
        for problem in history.closed(&exchange) {
            assert!(!problem.frames.is_empty(), "{} rests on nothing", problem.id.name());
            assert!(problem.frames.is_sorted(), "{}: frames are in order", problem.id.name());
            found.insert(problem.id.name());
        }
    }
    found.extend(history.finish(joiner.now()).iter().map(|finding| finding.id.name()));
    found
}

/// A code, a story that shows it, and a near miss.
type Case = (&'static str, fn(&mut Story), fn(&mut Story));

fn check(cases: &[Case]) {
    for (code, shows, misses) in cases {
        let found = codes(*shows);
        assert!(found.contains(code), "{code} is not said: {found:?}");
        let found = codes(*misses);
        assert!(!found.contains(code), "{code} is said of its near miss: {found:?}");
    }
}

fn relayed(m: &mut Message, way: &mut Way) {
    m.giaddr = [10, 0, 0, 254].into();
    m.hops = 1;
    way.ips = ([10, 0, 0, 254], S);
    way.ports = (67, 67);
}

fn relayed_reply(m: &mut Message, way: &mut Way) {
    m.giaddr = [10, 0, 0, 254].into();
    way.ips = (S, [10, 0, 0, 254]);
    way.ports = (67, 67);
}

#[test]
fn a_relay_is_answered_however_many_were_answered_before() {
    let said = codes(|s| {
        for n in 0..17_000_u32 {
            s.say(i64::from(n / 10), client(9), MessageType::OFFER, (S, A), |m, way| {
                m.giaddr = (0x0a80_0000 + n).into();
                (way.ips, way.ports) = ((S, m.giaddr.octets()), (67, 67));
            });
        }
        for n in 1..4_u8 {
            let at = 10_000 * i64::from(n);
            s.ask(at, client(n), MessageType::DISCOVER, relayed);
            s.say(at + 3, client(n), MessageType::OFFER, (S, A), relayed_reply);
        }
    });
    assert!(!said.contains("giaddr-unserved"), "{said:?}");
}

/// Every case.
fn all() -> Vec<Case> {
    [
        packets::packets(),
        silence::silence_and_refusal(),
        exchanges::conflicts_and_times(),
        exchanges::relays_and_boot(),
        values::cut_or_malformed(),
        values::copies_and_others(),
        values::long_exchanges(),
        captures::segments_and_servers(),
        captures::clients_over_time(),
        captures::refusals_ignored(),
    ]
    .concat()
}

#[test]
fn packets() {
    check(&packets::packets());
}

#[test]
fn silence_and_refusal() {
    check(&silence::silence_and_refusal());
}

#[test]
fn conflicts_times_relays_and_boot() {
    check(&exchanges::conflicts_and_times());
    check(&exchanges::relays_and_boot());
}

#[test]
fn values_that_are_no_values_copies_and_long_exchanges() {
    check(&values::cut_or_malformed());
    check(&values::copies_and_others());
    check(&values::long_exchanges());
}

#[test]
fn segments_servers_and_clients_over_time() {
    check(&captures::segments_and_servers());
    check(&captures::clients_over_time());
    check(&captures::refusals_ignored());
}

/// Every code has a story that shows it and a near miss; and only codes that are there have one.
#[test]
fn every_code_has_its_story() {
    let semantic = problem::Code::ALL.iter().filter(|code| code.is_semantic()).map(|code| code.name());
    let wider = rows().filter(|row| matches!(row.id, Id::Wider(_))).map(|row| row.id.name());
    let want: BTreeSet<&str> = semantic.chain(wider).collect();
    let told: BTreeSet<&str> = all().iter().map(|(code, ..)| *code).collect();
    assert_eq!(want.len(), 71);
    assert_eq!(want.difference(&told).collect::<Vec<_>>(), [&""; 0], "without a story");
    assert_eq!(told.difference(&want).collect::<Vec<_>>(), [&""; 0], "no code");
}

#[test]
fn an_office_in_order_gives_no_alarm() {
    let found = codes(|s| {
        for n in 1..9_u8 {
            s.dora(5000 * i64::from(n), client(n), [10, 0, 0, 50 + n]);
        }
        s.renew(1_800_000, Client { xid: 77, ..client(1) }, [10, 0, 0, 51], false);
        s.ack(1_800_003, Client { xid: 77, ..client(1) }, S, [10, 0, 0, 51]);
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn exchanges_held_for_a_decline_make_room_one_by_one() {
    let mut joiner = Joiner::new(Options { max_open: 40, hold: true });
    let at = |ms: i64| ms * 1_000_000 + 1_700_000_000_000_000_000;
    for second in 1..74 {
        joiner.advance(at(second * 1000));
        // Nine at first, a quarter of the places, and some a minute later.
        let Ok(number @ (1..10 | 70..74)) = u8::try_from(second) else { continue };
        let mut story = Story { frame: u64::from(number) * 10, ..Story::default() };
        story.dora(second * 1000, client(number), [10, 0, 0, 50 + number]);
        joiner.batch(&story.batch, |_, _| {});
        let (gone, left) = (joiner.take_closed().len(), joiner.open().count());
        let want = if number < 10 { (0, usize::from(number)) } else { (1, 9) };
        assert_eq!((gone, left), want, "after {second} s");
    }
    // The rest goes when nobody would decline any more.
    joiner.advance(at(400_000));
    assert_eq!((joiner.take_closed().len(), joiner.open().count()), (9, 0));
}
