//! What a walk finds in frames made by hand, well-formed and not, and at random.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::similar_names,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and the table of ways is one thing"
)]

mod build;
mod pieces;
mod rare;
mod six;
mod ways;
mod wpan;

use build::{
    after, be, checksum, eth, hex, ip, ip_of, ip6, length_of, message, query, sflow, snap, tunnel, udp_of,
    wlan,
};
use pieces::{fragments, walk_all};
use proptest::prelude::*;

use std::net::Ipv4Addr;

use super::*;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::{Aside, Checksum};

/// What a walk found, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    protocol: Protocol,
    layers: String,
    payload: Vec<u8>,
    promised: usize,
    cut: bool,
    quoted: bool,
    overlapped: bool,
    checksum: Checksum,
    vlans: Vec<u16>,
    src: Option<String>,
    ports: (u16, u16),
}

fn keep(datagram: Datagram<'_>) -> Found {
    assert!(datagram.payload.len() <= datagram.promised);
    Found {
        protocol: datagram.protocol,
        layers: datagram.layers.iter().map(Layer::name).collect::<Vec<_>>().join(" "),
        payload: datagram.payload.to_vec(),
        promised: datagram.promised,
        cut: datagram.cut,
        quoted: datagram.quoted,
        overlapped: datagram.overlapped,
        checksum: datagram.checksum,
        vlans: datagram.vlans.as_slice().to_vec(),
        src: datagram.link.and_then(|link| link.src).map(|src| src.to_string()),
        ports: datagram.udp.map_or((0, 0), |udp| (udp.src_port, udp.dst_port)),
    }
}

/// Walks one frame with and without the quick look, which must not change anything.
fn walk(
    walker: &mut Walker,
    link: u32,
    frame: &[u8],
    original_len: usize,
    time_ns: i64,
) -> (Walked, Vec<Found>) {
    let mut slow = Vec::new();
    let mut other = walker.clone();
    let mut context = Context { time_ns, ..Context::default() };
    let bytes = Bytes::new(frame, original_len);
    let slow_walked =
        other.run(What::Link(LinkType(link)), bytes, &mut context, &mut |found| slow.push(keep(found)));
    let mut fast = Vec::new();
    let walked = walker.walk(LinkType(link), frame, original_len, time_ns, |found| fast.push(keep(found)));
    assert_eq!((walked, &fast), (slow_walked, &slow));
    let mut single = Walker::without_reassembly(walker.ports.clone());
    let mut alone = Vec::new();
    let alone_walked =
        single.walk(LinkType(link), frame, original_len, time_ns, |found| alone.push(keep(found)));
    if alone_walked == Walked::NeedsReassembly {
        assert_eq!(alone, []);
    } else {
        assert_eq!((alone_walked, &alone), (walked, &fast));
    }
    (walked, fast)
}

fn find(link: u32, frame: &[u8]) -> Vec<Found> {
    walk(&mut Walker::new(Ports::every()), link, frame, frame.len(), 0).1
}

#[test]
fn addresses_and_tags_are_those_of_the_innermost_link() {
    let inner = [&hex("0a0000000009 0a0000000008 8100 0042 0800")[..], &query()].concat();
    let outer = eth(0x8100, &[&hex("0005 0800")[..], &ip(97, &after("3000", &inner))].concat());
    let found = find(1, &outer);
    assert_eq!((found[0].src.as_deref(), &found[0].vlans[..]), (Some("0a:00:00:00:00:08"), &[0x42][..]));
    let frame = eth(0x88a8, &after("6fff 8100 0005 0800", &query()));
    assert_eq!(find(1, &frame)[0].vlans, [0xfff, 5]);
    for (control, src) in
        [("0800", "02:00:00:00:00:01"), ("0801", "02:00:00:00:00:01"), ("0802", "ff:ff:ff:ff:ff:ff")]
    {
        assert_eq!(find(105, &wlan(control, "", &snap(&query())))[0].src.as_deref(), Some(src));
    }
    let four = wlan("0803", "0a0b0c0d0e0f", &snap(&query()));
    assert_eq!(find(105, &four)[0].src.as_deref(), Some("0a:0b:0c:0d:0e:0f"));
    let ring = after("1040 ffffffffffff 820000000001 0220", &snap(&query()));
    assert_eq!(find(6, &ring)[0].src.as_deref(), Some("02:00:00:00:00:01"));
    let sll = after("0000 0001 0000 0200000000010000 0800", &query());
    assert_eq!(find(113, &sll)[0].src, None);
}

#[test]
fn what_is_no_message_is_not_found() {
    let q = query();
    let e = eth(0x0800, &q);
    let cases: Vec<(&str, u32, Vec<u8>)> = vec![
        ("other link type", 147, e.clone()),
        ("encrypted", 105, wlan("0841", "", &snap(&q))),
        ("no data", 105, wlan("4801", "", &snap(&q))),
        ("management", 105, wlan("8000", "", &snap(&q))),
        ("first of several", 105, wlan("0805", "", &snap(&q))),
        ("macsec encrypted", 1, eth(0x88e5, &after("0c 00 00000001 0800", &q))),
        ("pppoe discovery", 1, eth(0x8864, &after("1109 0001 0148 0021", &q))),
        ("lcp", 9, after("ff03c021", &q)),
        ("multilink piece", 9, after("003d 80000001 0021", &q)),
        ("tcp", 1, eth(0x0800, &ip(6, &udp_of(68, 67, &message())))),
        ("other ports", 1, eth(0x0800, &ip(17, &udp_of(1068, 1067, &message())))),
        ("dns", 1, eth(0x0800, &ip(17, &udp_of(53, 67, &[0x55; 40])))),
        ("not pxe", 1, eth(0x0800, &ip(17, &udp_of(50000, 4011, &[0x55; 400])))),
        ("empty", 1, eth(0x0800, &ip(17, &udp_of(68, 67, &[])))),
        ("ihl 4", 1, {
            let mut f = e.clone();
            f[14] = 0x44;
            f
        }),
        ("version 7", 1, {
            let mut f = e.clone();
            f[14] = 0x75;
            f
        }),
        ("total length below the header", 1, {
            let mut f = e.clone();
            f[17] = 19;
            f[16] = 0;
            f
        }),
        ("udp length 7", 1, {
            let mut f = e.clone();
            f[38] = 0;
            f[39] = 7;
            f
        }),
        ("udp length 0", 1, {
            let mut f = e.clone();
            f[38] = 0;
            f[39] = 0;
            f
        }),
        ("echo", 1, eth(0x0800, &ip(1, &after("0800 0000 00000000", &q)))),
        ("ports only", 1, eth(0x0800, &ip(1, &after("0303 0000 00000000", &q[..28])))),
        ("control", 1, tunnel(1701, &after("c802 0000 0001 0002 0000 0000", &q))),
        ("l2tp control", 1, eth(0x0800, &ip(115, &after("00000000", &e)))),
        ("capwap keep-alive", 1, tunnel(5247, &after("0010020800000000", &e))),
        ("capwap dtls", 1, tunnel(5247, &after("01000000 00000000", &e))),
        ("geneve version 1", 1, tunnel(6081, &after("4000655800000500", &e))),
        ("gtp echo", 1, tunnel(2152, &after("3001 0004 00000005", &q))),
        ("lwapp control", 1, tunnel(12222, &after("040000000000", &wlan("0108", "", &snap(&q))))),
        ("sflow version 4", 1, tunnel(6343, &after("00000004 00000001", &[0; 60]))),
        ("associated channel", 1, eth(0x8847, &after("000641ff 10000021", &q))),
        ("netlink", 113, after("0000 0338 0006 0200000000010000 0800", &q)),
        ("family", 0, after("07000000", &q)),
    ];
    for (name, link, frame) in cases {
        assert_eq!(find(link, &frame), [], "{name}");
    }
}

/// ARP and echoes are told wherever messages are looked for, with the VLANs and the interface that a message there would have.
#[test]
fn what_stands_beside_messages_is_told() {
    let (mac, own) = (Mac([2, 0, 0, 0, 0, 1]), Ipv4Addr::new(10, 0, 0, 1));
    let arp = Arp::request(mac, own, [10, 0, 0, 2].into());
    let (bytes, echo) = (arp.encode(), ip(1, &[8, 0, 0, 0, 0, 0, 0, 0]));
    let sll2 = |kind: &str| format!("{kind} 0000 00000007 0001 00 06 020000000001 0000");
    let tagged = |tag: u16| eth(tag, &after("0014 0806", &bytes));
    let in_vxlan = tunnel(4789, &after("0800000000000500", &eth(0x0806, &bytes)));
    let echoed = Aside::Echo { reply: false, src: own, dst: [10, 0, 0, 2].into() };
    for (link, frame, aside, vlans, index) in [
        (276, after(&sll2("0806"), &bytes), Aside::Arp(arp), &[][..], Some(7)),
        (276, after(&sll2("0800"), &echo), echoed, &[], Some(7)),
        (1, tagged(0x9100), Aside::Arp(arp), &[20], None),
        (1, tagged(0x88a8), Aside::Arp(arp), &[20], None),
        (1, in_vxlan, Aside::Arp(arp), &[], None),
        (105, wlan("8800", "0000", &after("aaaa03 000000 0806", &bytes)), Aside::Arp(arp), &[], None),
    ] {
        let mut walker = Walker::new(Ports::every()).hearing();
        walker.walk(LinkType(link), &frame, frame.len(), 0, |_| panic!("there is no message"));
        let beside = walker.beside().unwrap();
        assert_eq!((beside.aside, beside.mac), (aside, Some(mac)));
        assert_eq!((beside.vlans.as_slice(), beside.interface_index), (vlans, index));
        // It is of the last frame only.
        walker.walk(LinkType(1), &eth(0x0800, &query()), 342, 0, |_| {});
        assert_eq!(walker.beside(), None);
    }
    // What an error quotes nobody says.
    let quoted = eth(0x0800, &ip(1, &after("0301 0000 00000000", &echo)));
    let mut walker = Walker::new(Ports::every()).hearing();
    walker.walk(LinkType(1), &quoted, quoted.len(), 0, |_| {});
    assert_eq!(walker.beside(), None);
}

#[test]
fn ports_decide_as_other_tools_do() {
    let message = message();
    let found =
        |src, dst, payload: &[u8]| !find(1, &eth(0x0800, &ip(17, &udp_of(src, dst, payload)))).is_empty();
    for (src, dst) in
        [(67, 67), (68, 68), (50000, 67), (67, 50000), (67, 53), (1, 67), (68, 4789), (4011, 68)]
    {
        assert!(found(src, dst, &message), "{src} {dst}");
    }
    // A message is one wherever it comes from; garbage is not, unless nothing else would have it.
    assert!(found(53, 67, &message) && found(50000, 4011, &message));
    assert!(found(50000, 67, &[0x55; 40]) && !found(67, 53, &[0x55; 40]));
    let mut ports = Ports::default();
    ports.add(1067);
    let frame = eth(0x0800, &ip(17, &udp_of(1068, 1067, &message)));
    assert_eq!(walk_with(ports, &frame).len(), 1);
}

fn walk_with(ports: Ports, frame: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    Walker::new(ports).walk(LinkType::ETHERNET, frame, frame.len(), 0, |datagram| found.push(keep(datagram)));
    found
}

#[test]
fn checksums_are_judged() {
    let frame = eth(0x0800, &query());
    let with = |high, low| {
        let mut frame = frame.clone();
        (frame[40], frame[41]) = (high, low);
        find(1, &frame).remove(0).checksum
    };
    assert_eq!(with(0, 0), Checksum::Absent);
    assert_eq!(with(0xde, 0xad), Checksum::Bad);
    let pseudo = !checksum(&[&[10, 0, 0, 1, 10, 0, 0, 2, 0, 17], &be(308)]);
    assert_eq!(with(pseudo.to_be_bytes()[0], pseudo.to_be_bytes()[1]), Checksum::Unknown);
    let mut values = (0, 0);
    let mut bent = frame.clone();
    bent[41] ^= 1;
    Walker::new(Ports::default())
        .walk(LinkType::ETHERNET, &bent, bent.len(), 0, |found| values = found.checksum_values);
    assert_eq!(
        values,
        (u16::from_be_bytes([bent[40], bent[41]]), u16::from_be_bytes([frame[40], frame[41]]))
    );
    // A route that is still to come leaves the last destination unknown.
    let mut udp = udp_of(68, 67, &message());
    udp[6] ^= 1;
    for (options, want) in [("8307040a00000300", Checksum::Unknown), ("8307080a00000300", Checksum::Bad)] {
        let frame = eth(0x0800, &ip_of(17, 0, &hex(options), &udp));
        assert_eq!(find(1, &frame)[0].checksum, want);
    }
    // An odd number of bytes.
    let odd = eth(0x0800, &ip(17, &udp_of(68, 67, &message()[..299])));
    assert_eq!(find(1, &odd)[0].checksum, Checksum::Good);
}

#[test]
fn lengths_that_lie_are_told_from_cuts() {
    let mut long = eth(0x0800, &query());
    long[38] = 2;
    let found = find(1, &long).remove(0);
    assert_eq!((found.payload.len(), found.promised, found.cut), (300, 0x234 - 8, false));
    assert_eq!(found.checksum, Checksum::Unknown);
    let mut short = eth(0x0800, &query());
    (short[38], short[39]) = (0, 108);
    let found = find(1, &short).remove(0);
    assert_eq!((found.payload.len(), found.promised, found.cut), (100, 100, false));
    // A frame left for the network card to cut up has no length yet.
    let mut offload = eth(0x0800, &query());
    (offload[16], offload[17]) = (0, 0);
    assert_eq!(find(1, &offload)[0].payload, message());
}

#[test]
fn an_error_quotes_what_bounced() {
    for kind in ["03", "04", "05", "0b", "0c"] {
        let frame = eth(0x0800, &ip(1, &after(&format!("{kind}03 0000 00000000"), &query())));
        let found = find(1, &frame).remove(0);
        assert_eq!(
            (found.layers.as_str(), found.quoted, found.cut),
            ("ethernet ipv4 icmp ipv4 udp", true, false)
        );
        assert_eq!((found.payload, found.checksum), (message(), Checksum::Good));
    }
    let frame = eth(0x0800, &ip(1, &after("0303 0000 00000000", &query()[..128])));
    let found = find(1, &frame).remove(0);
    assert_eq!((found.payload.len(), found.promised, found.cut), (100, 300, true));
    assert_eq!(found.checksum, Checksum::Unknown);
    // The first fragment of what bounced.
    let first = ip_of(17, 0x2000, &[], &udp_of(68, 67, &message())[..200]);
    let found = find(1, &eth(0x0800, &ip(1, &after("0b01 0000 00000000", &first)))).remove(0);
    assert_eq!((found.payload.len(), found.promised, found.cut), (192, 300, true));
}

#[test]
fn nesting_ends() {
    let mut frame = query();
    for _ in 0..40 {
        frame = ip(4, &frame);
    }
    let frame = eth(0x0800, &frame);
    let mut walker = Walker::new(Ports::default());
    assert_eq!(walk(&mut walker, 1, &frame, frame.len(), 0), (Walked::TooDeep, vec![]));
    // Extension headers are not layers, but are counted all the same.
    let mut chain = query();
    for next in std::iter::once(4).chain(std::iter::repeat_n(60, 90)) {
        chain = [&[next, 0, 0, 0, 0, 0, 0, 0][..], &chain].concat();
    }
    let frame = eth(0x86dd, &ip6(60, &chain));
    assert_eq!(walk(&mut walker, 1, &frame, frame.len(), 0), (Walked::TooDeep, vec![]));
}

#[test]
fn frames_of_a_concatenation_are_found_and_concatenations_in_each_other_end() {
    let frame = eth(0x0800, &query());
    let length = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let one = [&[0, 0][..], &length(frame.len() + 4), &[0; 2], &frame, &[0; 4]].concat();
    let two = [&[0xf8, 2][..], &length(one.len() * 2), &[0; 2], &one, &one].concat();
    let mut walker = Walker::new(Ports::default());
    let (walked, found) = walk(&mut walker, LinkType::DOCSIS.0, &two, two.len(), 0);
    let layers: Vec<&str> = found.iter().map(|found| found.layers.as_str()).collect();
    assert_eq!((walked, layers), (Walked::Done, vec!["docsis docsis ethernet ipv4 udp"; 2]));
    let nested: Vec<u8> = [0xf8, 1, 0xff, 0xff, 0, 0].repeat(10_000);
    assert_eq!(walk(&mut walker, LinkType::DOCSIS.0, &nested, nested.len(), 0), (Walked::TooDeep, vec![]));
}

#[test]
fn one_frame_can_hold_several_messages() {
    let q = query();
    let mut subframe = [&hex("ffffffffffff 020000000001")[..], &be(q.len() + 8), &snap(&q)].concat();
    subframe.resize(subframe.len().next_multiple_of(4), 0);
    let frame = wlan("8801", "8000", &[&subframe[..], &subframe, &subframe].concat());
    assert_eq!(find(105, &frame).len(), 3);
}

/// What the walk finds layer by layer.
fn the_long_way(frame: &[u8], original: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut walker = Walker::new(Ports::default());
    let bytes = Bytes::new(frame, original);
    walker.run(What::Link(LinkType::ETHERNET), bytes, &mut Context::default(), &mut |datagram| {
        found.push(format!("{datagram:?}"));
    });
    found
}

#[test]
fn the_short_way_finds_what_the_long_way_finds_whatever_byte_is_bent() {
    let mut good = eth(0x0800, &query());
    // Padding, as short frames have it.
    good.extend([0; 6]);
    let walker = Walker::new(Ports::default());
    assert!(walker.is_plain_dhcp(LinkType::ETHERNET, &good));
    assert!(!walker.is_plain_dhcp(LinkType::RAW, &good));
    for at in 0..50 {
        for value in 0..=u8::MAX {
            let mut frame = good.clone();
            frame[at] = value;
            if let Some(plain) = plain::split(LinkType::ETHERNET, &frame) {
                for original in [frame.len(), frame.len() + 40, 0] {
                    let long = the_long_way(&frame, original);
                    assert_eq!(long, [format!("{:?}", plain.datagram())], "byte {at} is {value}");
                }
            }
        }
    }
    good.truncate(good.len() - 6);
    for length in 0..good.len() {
        assert!(!walker.is_plain_dhcp(LinkType::ETHERNET, &good[..length]), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn anything_can_be_walked(
        link in prop_oneof![0_u32..300, prop::sample::select(vec![0_u32, 1, 9, 105, 107, 113, 117, 119, 127, 192, 239, 258, 276])],
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        more in 0_usize..2000,
    ) {
        walk(&mut Walker::new(Ports::every()), link, &bytes, bytes.len() + more, 0);
    }

    #[test]
    fn anything_can_stand_in_a_tunnel(
        port in prop::sample::select(tunnel::PORTS.map(|(port, _)| port).to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        find(1, &tunnel(port, &bytes));
    }

    #[test]
    fn anything_can_stand_behind_ip(
        protocol in prop::sample::select(vec![0_u8, 1, 4, 41, 43, 44, 47, 51, 58, 60, 97, 115, 135, 137, 143]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        find(1, &eth(0x0800, &ip(protocol, &bytes)));
        find(1, &eth(0x86dd, &ip6(protocol, &bytes)));
    }

    #[test]
    fn fragments_in_any_order_give_the_datagram(order in Just((0..20).collect::<Vec<usize>>()).prop_shuffle()) {
        let frames = fragments(16);
        let frames: Vec<_> = order.into_iter().map(|at| frames[at].clone()).collect();
        let walked = walk_all(&frames);
        let found = &walked.last().unwrap().1;
        prop_assert_eq!(&found[0].payload, &message());
        prop_assert!(!found[0].overlapped);
    }

    #[test]
    fn sums_agree_with_the_plain_way(bytes in prop::collection::vec(any::<u8>(), 1..400)) {
        let frame = eth(0x0800, &ip(17, &udp_of(68, 67, &bytes)));
        prop_assert_eq!(find(1, &frame)[0].checksum, Checksum::Good);
    }
}
