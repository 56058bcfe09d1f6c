//! One frame for each way a message can travel; then cut, bent, in pieces and at random.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::similar_names,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and the table of ways is one thing"
)]

mod rare;
mod six;
mod wpan;

use proptest::prelude::*;

use super::*;
use crate::wire::frame::Checksum;

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

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn be(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap().to_be_bytes()
}

fn message() -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44];
    message.resize(236, 0);
    message.extend(hex("63825363 350101 ff"));
    message.resize(300, 0);
    message
}

/// A checksum the slow way, as the reference.
fn checksum(parts: &[&[u8]]) -> u16 {
    let bytes = parts.concat();
    let mut total: u32 =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    match !u16::try_from(total).unwrap() {
        0 => 0xffff,
        sum => sum,
    }
}

fn udp_of(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let length = be(payload.len() + 8);
    let head = [src.to_be_bytes(), dst.to_be_bytes(), length].concat();
    let sum = checksum(&[&[10, 0, 0, 1, 10, 0, 0, 2, 0, 17], &length, &head, payload]);
    [&head, &sum.to_be_bytes()[..], payload].concat()
}

fn ip_of(protocol: u8, field: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let words = u8::try_from(5 + options.len() / 4).unwrap();
    let head = [0x40 | words, 0];
    let length = be(20 + options.len() + payload.len());
    let rest =
        [0, 7, field.to_be_bytes()[0], field.to_be_bytes()[1], 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&head[..], &length, &rest, options, payload].concat()
}

fn ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ip_of(protocol, 0, &[], payload)
}

fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(be(payload.len()));
    packet.extend([next, 64]);
    packet.extend([0xfd; 32]);
    packet.extend(payload);
    packet
}

fn eth(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&hex("ffffffffffff 020000000001")[..], &ethertype.to_be_bytes(), payload].concat()
}

fn query() -> Vec<u8> {
    ip(17, &udp_of(68, 67, &message()))
}

fn tunnel(port: u16, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ip(17, &udp_of(40000, port, payload)))
}

fn wlan(control: &str, qos: &str, payload: &[u8]) -> Vec<u8> {
    [&hex(control)[..], &hex("0000 020000000002 020000000001 ffffffffffff 1000"), &hex(qos), payload].concat()
}

fn snap(payload: &[u8]) -> Vec<u8> {
    [&hex("aaaa03 000000 0800")[..], payload].concat()
}

fn after(head: &str, payload: &[u8]) -> Vec<u8> {
    [&hex(head)[..], payload].concat()
}

fn length_of(payload: &[u8]) -> String {
    format!("{:04x}", payload.len())
}

fn sflow(agent: &str, sample: &str, protocol: u8, header: &[u8], length: usize) -> Vec<u8> {
    let fixed = if sample == "00000001" { 28 } else { 40 };
    let record = [
        &hex(&format!(
            "00000001 {:08x} 000000{protocol:02x} {length:08x} 00000004 {:08x}",
            header.len() + 16,
            header.len()
        ))[..],
        header,
    ]
    .concat();
    let body = [&vec![0; fixed][..], &[0, 0, 0, 1], &record].concat();
    hex(&format!("00000005 {agent} 00000000 00000001 00000001 00000001 {sample} {:08x}", body.len()))
        .into_iter()
        .chain(body)
        .collect()
}

/// Link type, frame, layers: each carries the same message.
fn ways() -> Vec<(u32, Vec<u8>, &'static str)> {
    let q = &query()[..];
    let e = &eth(0x0800, q)[..];
    let udp = &udp_of(68, 67, &message())[..];
    let amsdu = [&hex("ffffffffffff 020000000001")[..], &be(q.len() + 8), &snap(q)].concat();
    let cisco_wlan = wlan("0108", "", &snap(q));
    let e_len = length_of(e);
    let q_len = length_of(q);
    let gre = |head: &str, payload: &[u8]| eth(0x0800, &ip(47, &after(head, payload)));
    vec![
        (1, e.to_vec(), "ethernet ipv4 udp"),
        (1, eth(0x0800, &[q, &[0; 10]].concat()), "ethernet ipv4 udp"),
        (1, eth(0x0800, &ip_of(17, 0, &hex("01010101 83070a0a000003 00"), udp)), "ethernet ipv4 udp"),
        (1, eth(336, &[&snap(q)[..], &[0; 9]].concat()), "ethernet llc ipv4 udp"),
        (1, eth(331, &after("060603", q)), "ethernet llc ipv4 udp"),
        (1, eth(0x8870, &snap(q)), "ethernet llc ipv4 udp"),
        (1, eth(0x8100, &after("0005 0800", q)), "ethernet vlan ipv4 udp"),
        (1, eth(0x88a8, &after("0006 8100 0005 0800", q)), "ethernet vlan vlan ipv4 udp"),
        (1, eth(0x8100, &after("0006 9100 0005 0800", q)), "ethernet vlan vlan ipv4 udp"),
        (1, eth(0x8100, &[&hex("0005 0150"), &snap(q)[..]].concat()), "ethernet vlan llc ipv4 udp"),
        (1, eth(0x8926, &after("00000000 0800", q)), "ethernet tag ipv4 udp"),
        (1, eth(0x893f, &after("000000000000 0800", q)), "ethernet tag ipv4 udp"),
        (1, eth(0x88e7, &after("00000001", e)), "ethernet pbb ethernet ipv4 udp"),
        (
            1,
            eth(0x88e5, &[&hex("20 00 00000001 0000000000000000 0800"), q, &[0; 16]].concat()),
            "ethernet macsec ipv4 udp",
        ),
        (1, eth(0x88e5, &[&hex("00 00 00000001 0800"), q, &[0; 16]].concat()), "ethernet macsec ipv4 udp"),
        (1, eth(0x22f3, &after("003f 0001 0002", e)), "ethernet trill ethernet ipv4 udp"),
        (1, eth(0x894f, &after("0fc20201 00000000", q)), "ethernet nsh ipv4 udp"),
        (1, eth(0x894f, &after("0fc20203 00000000", e)), "ethernet nsh ethernet ipv4 udp"),
        (
            1,
            after("01000c000000 000000000000 0160 aaaa03 00000c 000a 0000 0000", &[e, &[0; 4]].concat()),
            "tag ethernet ipv4 udp",
        ),
        (1, eth(0x8847, &after("000641ff", q)), "ethernet mpls ipv4 udp"),
        (1, eth(0x8847, &after("000640ff 000641ff", q)), "ethernet mpls mpls ipv4 udp"),
        (1, eth(0x8847, &after("000641ff 00000000", e)), "ethernet mpls pseudo-wire ethernet ipv4 udp"),
        (1, eth(0x8847, &after("000641ff", e)), "ethernet mpls ethernet ipv4 udp"),
        (
            1,
            eth(0x8847, &after("000641ff 02aabbccddee 451122334455 0800", q)),
            "ethernet mpls ethernet ipv4 udp",
        ),
        (
            1,
            eth(0x8847, &after("000641ff 45aabbccddee 021122334455 0800", q)),
            "ethernet mpls ethernet ipv4 udp",
        ),
        (
            1,
            eth(0x8864, &after(&format!("1100 0001 {:04x} 0021", q.len() + 2), q)),
            "ethernet pppoe ppp ipv4 udp",
        ),
        (
            1,
            eth(0x8864, &after(&format!("1100 0001 {:04x} 21", q.len() + 1), q)),
            "ethernet pppoe ppp ipv4 udp",
        ),
        (
            1,
            eth(0x8864, &after(&format!("1100 0001 {:04x} 0031 0001", e.len() + 4), e)),
            "ethernet pppoe ppp ethernet ipv4 udp",
        ),
        (1, gre("0000 0800", q), "ethernet ipv4 gre ipv4 udp"),
        (1, gre("b000 0800 00000000 00000009 00000001", q), "ethernet ipv4 gre ipv4 udp"),
        (1, gre("4000 0800 00000000 0002 0004 01020304 00000000", q), "ethernet ipv4 gre ipv4 udp"),
        (1, gre("2000 6558 00000005", e), "ethernet ipv4 gre ethernet ipv4 udp"),
        (
            1,
            gre(&format!("3081 880b {:04x} 0005 00000001 00000001 ff030021", q.len() + 4), q),
            "ethernet ipv4 gre ppp ipv4 udp",
        ),
        (1, gre("0000 88be", e), "ethernet ipv4 gre erspan ethernet ipv4 udp"),
        (1, gre("1000 88be 00000001 1001000100000000", e), "ethernet ipv4 gre erspan ethernet ipv4 udp"),
        (
            1,
            gre("1000 22eb 00000001 200100010000000000000000", e),
            "ethernet ipv4 gre erspan ethernet ipv4 udp",
        ),
        (1, gre(&format!("2001 6400 {e_len} 0100"), e), "ethernet ipv4 gre ethernet ipv4 udp"),
        (1, gre("0000 883e 00000000", q), "ethernet ipv4 gre ipv4 udp"),
        (1, eth(0x0800, &ip(4, q)), "ethernet ipv4 ipv4 udp"),
        (1, eth(0x86dd, &ip6(4, q)), "ethernet ipv6 ipv4 udp"),
        (1, eth(0x86dd, &ip6(0, &after("3c00 000000000000 0400 000000000000", q))), "ethernet ipv6 ipv4 udp"),
        (1, eth(0x86dd, &ip6(44, &after("0400 0000 00000001", q))), "ethernet ipv6 ipv4 udp"),
        (1, eth(0x86dd, &ip6(143, e)), "ethernet ipv6 ethernet ipv4 udp"),
        (1, eth(0x0800, &ip(41, &ip6(4, q))), "ethernet ipv4 ipv6 ipv4 udp"),
        (
            1,
            eth(0x0800, &ip(51, &after("1104 0000 0000000000000000000000000000000000000000", udp))),
            "ethernet ipv4 ah udp",
        ),
        (1, eth(0x0800, &ip(97, &after("3000", e))), "ethernet ipv4 etherip ethernet ipv4 udp"),
        (1, eth(0x0800, &ip(115, &after("0000004d", e))), "ethernet ipv4 l2tp ethernet ipv4 udp"),
        (
            1,
            eth(0x0800, &ip(115, &after("0000004d 00000000 00000000", e))),
            "ethernet ipv4 l2tp ethernet ipv4 udp",
        ),
        (1, eth(0x0800, &ip(137, &after("000641ff", q))), "ethernet ipv4 mpls ipv4 udp"),
        (1, tunnel(4789, &after("0800000000000500", e)), "ethernet ipv4 udp vxlan ethernet ipv4 udp"),
        (1, tunnel(8472, &after("0800000000000500", e)), "ethernet ipv4 udp vxlan ethernet ipv4 udp"),
        (1, tunnel(4790, &after("0c00000100000500", q)), "ethernet ipv4 udp vxlan ipv4 udp"),
        (1, tunnel(4790, &after("0c00000300000500", e)), "ethernet ipv4 udp vxlan ethernet ipv4 udp"),
        (
            1,
            tunnel(6081, &after("0100655800000500 00000000", e)),
            "ethernet ipv4 udp geneve ethernet ipv4 udp",
        ),
        (1, tunnel(6081, &after("0000080000000500", q)), "ethernet ipv4 udp geneve ipv4 udp"),
        (1, tunnel(5247, &after("0010020000000000", e)), "ethernet ipv4 udp capwap ethernet ipv4 udp"),
        (
            1,
            tunnel(5247, &after("0020032000000000 04df3d0000000000", &cisco_wlan)),
            "ethernet ipv4 udp capwap wlan llc ipv4 udp",
        ),
        (
            1,
            tunnel(5247, &after("0010030000000000", &wlan("0801", "", &snap(q)))),
            "ethernet ipv4 udp capwap wlan llc ipv4 udp",
        ),
        (1, tunnel(12222, &after("000000000000", &cisco_wlan)), "ethernet ipv4 udp lwapp wlan llc ipv4 udp"),
        (
            1,
            tunnel(1701, &after(&format!("4002 {:04x} 0001 0002 ff030021", q.len() + 12), q)),
            "ethernet ipv4 udp l2tp ppp ipv4 udp",
        ),
        (
            1,
            tunnel(1701, &after("0a02 0001 0002 00000000 0002 0000 0021", q)),
            "ethernet ipv4 udp l2tp ppp ipv4 udp",
        ),
        (1, tunnel(1701, &after("0003 0000 0000004d", e)), "ethernet ipv4 udp l2tp ethernet ipv4 udp"),
        (1, tunnel(2152, &after(&format!("30ff {q_len} 00000005"), q)), "ethernet ipv4 udp gtp ipv4 udp"),
        (
            1,
            tunnel(2152, &after(&format!("34ff {:04x} 00000005 000000 85 01000900", q.len() + 8), q)),
            "ethernet ipv4 udp gtp ipv4 udp",
        ),
        (
            1,
            tunnel(2152, &after(&format!("30ff {e_len} 00000005"), e)),
            "ethernet ipv4 udp gtp ethernet ipv4 udp",
        ),
        (1, tunnel(3544, &ip6(4, q)), "ethernet ipv4 udp teredo ipv6 ipv4 udp"),
        (
            1,
            tunnel(3544, &after("00010000 000000000000000000 0000010101010101", &ip6(4, q))),
            "ethernet ipv4 udp teredo ipv6 ipv4 udp",
        ),
        (1, tunnel(4341, &after("8000000000000001", q)), "ethernet ipv4 udp lisp ipv4 udp"),
        (1, tunnel(4754, &after("0000 0800", q)), "ethernet ipv4 udp gre ipv4 udp"),
        (1, tunnel(6635, &after("000641ff", q)), "ethernet ipv4 udp mpls ipv4 udp"),
        (1, tunnel(37008, &after("01000001 0a0105 00 01", e)), "ethernet ipv4 udp tzsp ethernet ipv4 udp"),
        (
            1,
            tunnel(37008, &after("01000012 01", &wlan("0801", "", &snap(q)))),
            "ethernet ipv4 udp tzsp wlan llc ipv4 udp",
        ),
        (
            1,
            tunnel(6343, &sflow("00000001 0a000001", "00000001", 1, e, e.len() + 4)),
            "ethernet ipv4 udp sflow ethernet ipv4 udp",
        ),
        (
            1,
            tunnel(6343, &sflow("00000002 0a000001 0a000001 0a000001 0a000001", "00000003", 11, q, q.len())),
            "ethernet ipv4 udp sflow ipv4 udp",
        ),
        (0, after("02000000", q), "null ipv4 udp"),
        (108, after("00000002", q), "null ipv4 udp"),
        (12, q.to_vec(), "ipv4 udp"),
        (14, q.to_vec(), "ipv4 udp"),
        (101, q.to_vec(), "ipv4 udp"),
        (228, q.to_vec(), "ipv4 udp"),
        (229, ip6(4, q), "ipv6 ipv4 udp"),
        (8, [&[0; 16], q].concat(), "ipv4 udp"),
        (9, after("ff030021", q), "ppp ipv4 udp"),
        (9, after("003d c0000001 0021", q), "ppp ppp ipv4 udp"),
        (50, after("0f000800", q), "chdlc ipv4 udp"),
        (51, after(&format!("1100 0001 {:04x} 0021", q.len() + 2), q), "pppoe ppp ipv4 udp"),
        (104, after("8f000800", q), "chdlc ipv4 udp"),
        (166, after("00030021", q), "ppp ipv4 udp"),
        (204, after("01ff030021", q), "ppp ipv4 udp"),
        (205, after("010f000800", q), "chdlc ipv4 udp"),
        (100, after("aaaa03 0080c2 0007 0000", e), "llc ethernet ipv4 udp"),
        (107, after("1841 03cc", q), "frame-relay ipv4 udp"),
        (107, after("1841 0800", q), "frame-relay ipv4 udp"),
        (206, after("01 1841 030080 000000 0800", q), "frame-relay ipv4 udp"),
        (109, [&hex("02000000 00000000 00000000"), q].concat(), "enc ipv4 udp"),
        (117, [&hex("3d020000")[..], &[0; 60], q].concat(), "pflog ipv4 udp"),
        (113, after("0000 0001 0006 0200000000010000 0800", q), "sll ipv4 udp"),
        (113, after("0000 0001 0006 0200000000010000 8100 0005 0800", q), "sll vlan ipv4 udp"),
        (113, after("0000 030a 0004 0102030400000000 0800", q), "sll ipv4 udp"),
        (113, after("0000 0001 0006 0200000000010000 0004", &snap(q)), "sll llc ipv4 udp"),
        (276, after("0800 0000 00000001 0001 00 06 0200000000010000", q), "sll2 ipv4 udp"),
        (6, after("1040 ffffffffffff 820000000001 0220", &snap(q)), "token-ring llc ipv4 udp"),
        (10, after("50 ffffffffffff 020000000001", &snap(q)), "fddi llc ipv4 udp"),
        (138, after("ffffffffffffffff 0200000000000001 0800", q), "ieee1394 ipv4 udp"),
        (
            239,
            after(
                &format!(
                    "02000000 0800 0a00 78000000 {:04x} 0900",
                    u16::try_from(q.len() + 4).unwrap().swap_bytes()
                ),
                q,
            ),
            "nflog ipv4 udp",
        ),
        (240, after("00000000", e), "ethernet ipv4 udp"),
        (192, after("00000800 01000000", e), "ppi ethernet ipv4 udp"),
        (258, after("0c000000 01000000 01000000", e), "pktap ethernet ipv4 udp"),
        (105, wlan("0801", "", &snap(q)), "wlan llc ipv4 udp"),
        (105, wlan("0802", "", &snap(q)), "wlan llc ipv4 udp"),
        (105, wlan("8803", "000000000000 0000", &snap(q)), "wlan llc ipv4 udp"),
        (105, wlan("8881", "0000 00000000", &snap(q)), "wlan llc ipv4 udp"),
        (105, wlan("8802", "0000 c001 011e3d050000 0019e3d35352", &snap(q)), "wlan llc ipv4 udp"),
        (105, wlan("8801", "8000", &amsdu), "wlan ethernet llc ipv4 udp"),
        (
            127,
            after("00000900 02000000 20", &wlan("8801", "0000 0000", &snap(q))),
            "radiotap wlan llc ipv4 udp",
        ),
        (
            127,
            after(
                "00001900 030000a0 00000000 00000000 0000000000000000 10",
                &[&wlan("0801", "", &snap(q))[..], &[0; 4]].concat(),
            ),
            "radiotap wlan llc ipv4 udp",
        ),
        (119, after("44000000 08000000", &wlan("0801", "", &snap(q))), "prism wlan llc ipv4 udp"),
        (119, after("00000044 00000008", &wlan("0801", "", &snap(q))), "prism wlan llc ipv4 udp"),
        (163, after("80211001 00000008", &wlan("0801", "", &snap(q))), "avs wlan llc ipv4 udp"),
    ]
}

#[test]
fn every_way_leads_to_the_message() {
    for (link, frame, layers) in ways() {
        let found = find(link, &frame);
        let layer_texts: Vec<_> = found.iter().map(|found| found.layers.as_str()).collect();
        assert_eq!(layer_texts, [layers], "link {link}");
        let got = &found[0];
        assert_eq!((&got.payload, got.promised, got.cut), (&message(), 300, false), "{layers}");
        assert_eq!((got.checksum, got.ports, got.quoted), (Checksum::Good, (68, 67), false), "{layers}");
    }
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
fn a_cut_frame_gives_the_start_of_the_message_and_says_so() {
    for (link, frame, layers) in ways() {
        let whole = find(link, &frame).remove(0);
        for end in 0..frame.len() {
            let mut walker = Walker::new(Ports::default());
            let (walked, found) = walk(&mut walker, link, &frame[..end], frame.len(), 0);
            assert!(found.len() <= 1, "{layers} {end}");
            assert_eq!(walked, Walked::Done, "{layers} {end}");
            for found in found {
                assert!(whole.payload.starts_with(&found.payload), "{layers} {end}");
                assert_eq!(found.promised, 300, "{layers} {end}");
                assert_eq!(found.cut, found.payload.len() < 300, "{layers} {end}");
                let want = if found.cut { Checksum::Unknown } else { Checksum::Good };
                assert_eq!(found.checksum, want, "{layers} {end}");
            }
            // The same bytes as a whole frame: what is missing is then a lie of some header.
            find(link, &frame[..end]);
        }
    }
}

#[test]
fn no_bent_byte_does_harm() {
    for (link, frame, _) in ways() {
        let headers = frame.len().saturating_sub(280);
        for at in 0..headers {
            for value in [0, 1, 0x45, 0x7f, 0x80, 0xff, frame[at].wrapping_add(1), frame[at] ^ 0x20] {
                let mut bent = frame.clone();
                bent[at] = value;
                find(link, &bent);
            }
        }
    }
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

/// The message in IP fragments of so many bytes.
fn fragments(size: usize) -> Vec<Vec<u8>> {
    let datagram = udp_of(68, 67, &message());
    let count = datagram.len().div_ceil(size);
    let piece = |(index, bytes): (usize, &[u8])| {
        let more = if index + 1 < count { 0x2000 } else { 0 };
        eth(0x0800, &ip_of(17, more | u16::try_from(index * size / 8).unwrap(), &[], bytes))
    };
    datagram.chunks(size).enumerate().map(piece).collect()
}

fn walk_all(frames: &[Vec<u8>]) -> Vec<(Walked, Vec<Found>)> {
    let mut walker = Walker::new(Ports::default());
    frames.iter().map(|frame| walk(&mut walker, 1, frame, frame.len(), 0)).collect()
}

#[test]
fn fragments_become_a_datagram_with_the_last_that_comes() {
    let whole = find(1, &eth(0x0800, &query()));
    for size in [8, 104, 296] {
        let frames = fragments(size);
        let reversed: Vec<_> = frames.iter().rev().cloned().collect();
        let mut twice = frames.clone();
        twice.splice(0..0, frames[..frames.len() - 1].iter().cloned());
        for frames in [frames, reversed, twice] {
            let mut walked = walk_all(&frames);
            let last = walked.pop().unwrap();
            assert_eq!(last, (Walked::Done, whole.clone()));
            assert!(walked.iter().all(|(walked, found)| *walked == Walked::Kept && found.is_empty()));
        }
    }
}

#[test]
fn fragments_inside_and_outside_of_tunnels() {
    let datagram = udp_of(68, 67, &message());
    let inner =
        |bytes: &[u8], field| eth(0x0800, &ip(47, &after("0000 0800", &ip_of(17, field, &[], bytes))));
    let frames = [inner(&datagram[..104], 0x2000), inner(&datagram[104..], 13)];
    assert_eq!(walk_all(&frames)[1].1[0].layers, "ethernet ipv4 gre ipv4 udp");
    let gre = after("0000 0800", &query());
    let outer = |bytes: &[u8], field| eth(0x0800, &ip_of(47, field, &[], bytes));
    let frames = [outer(&gre[..104], 0x2000), outer(&gre[104..], 13)];
    assert_eq!(walk_all(&frames)[1].1[0].layers, "ethernet ipv4 gre ipv4 udp");
    let six = |bytes: &[u8], field: u16| {
        eth(0x86dd, &ip6(44, &[&[4, 0][..], &field.to_be_bytes(), &[0, 0, 0, 9], bytes].concat()))
    };
    let frames = [six(&query()[..160], 1), six(&query()[160..], 160)];
    assert_eq!(walk_all(&frames)[1].1[0].layers, "ethernet ipv6 ipv4 udp");
}

#[test]
fn fragments_that_never_make_a_whole() {
    let frames = fragments(104);
    assert!(walk_all(&frames[1..]).iter().all(|(_, found)| found.is_empty()));
    assert!(walk_all(&frames[..2]).iter().all(|(_, found)| found.is_empty()));
    // A minute later it is another datagram with the same number.
    let mut walker = Walker::new(Ports::default());
    walk(&mut walker, 1, &frames[0], frames[0].len(), 0);
    walk(&mut walker, 1, &frames[1], frames[1].len(), 1);
    assert_eq!(walk(&mut walker, 1, &frames[2], frames[2].len(), 61_000_000_000).0, Walked::Kept);
    // Cut by the capture: the first says what it can, the others nothing.
    let mut walker = Walker::new(Ports::default());
    let (walked, found) = walk(&mut walker, 1, &frames[0][..100], frames[0].len(), 0);
    assert_eq!(
        (walked, found[0].payload.len(), found[0].promised, found[0].cut),
        (Walked::Done, 58, 300, true)
    );
    assert_eq!(walk(&mut walker, 1, &frames[1][..100], frames[1].len(), 0), (Walked::Done, vec![]));
    // Of another service: not kept, and neither is what follows.
    let other = |field, bytes: &[u8]| eth(0x0800, &ip_of(17, field, &[], bytes));
    let datagram = udp_of(5001, 6000, &message());
    let frames = [other(0x2000, &datagram[..104]), other(13, &datagram[104..])];
    assert!(walk_all(&frames).iter().all(|walked| *walked == (Walked::Done, vec![])));
}

#[test]
fn overlaps_keep_what_came_first_and_are_reported() {
    let mut frames = fragments(104);
    let mut forged = frames[1].clone();
    let end = forged.len();
    forged[34..end].fill(0xee);
    frames.insert(2, forged);
    let found = walk_all(&frames).pop().unwrap().1.remove(0);
    assert_eq!((found.payload, found.overlapped, found.checksum), (message(), true, Checksum::Good));
    // A first fragment of other ports does not displace the one that came before.
    let mut frames = fragments(104);
    frames.insert(1, eth(0x0800, &ip_of(17, 0x2000, &[], &[0xff; 208])));
    let found = walk_all(&frames).remove(3).1;
    assert_eq!((found[0].payload.len(), found[0].overlapped), (300, true));
}

#[test]
fn a_flood_of_fragments_stays_within_bounds() {
    let mut walker = Walker::new(Ports::default());
    for id in 0..5000_u16 {
        let mut frame = eth(0x0800, &ip_of(17, 0x3f40, &[], &[0; 64]));
        (frame[18], frame[19]) = id.to_be_bytes().into();
        assert_eq!(walk(&mut walker, 1, &frame, frame.len(), 0).0, Walked::Kept);
    }
    // Longer than any datagram.
    let frame = eth(0x0800, &ip_of(17, 0x1fff, &[], &[0; 64]));
    assert_eq!(walk(&mut walker, 1, &frame, frame.len(), 0).0, Walked::Done);
    for frame in fragments(8) {
        walk(&mut walker, 1, &frame, frame.len(), 0);
    }
    assert!(walker.fragments.unwrap().memory() <= 4 << 20);
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
