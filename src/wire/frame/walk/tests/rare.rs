//! Link types, tags and tunnels that are seldom met: each carries the same message; and what is not looked into.

use super::*;
use crate::wire::frame::{Tunnel, Unread};

/// Link type, frame, layers.
fn rare() -> Vec<(u32, Vec<u8>, &'static str)> {
    let q = &query()[..];
    let e = &eth(0x0800, q)[..];
    let behind = |tag: &str| [&e[..12], &hex(tag), &e[12..]].concat();
    let e_fcs = [e, &[0; 4]].concat();
    let docsis = |head: &str, frame: &[u8]| after(head, &after("d918", frame));
    let gre =
        |protocol: &str, payload: &[u8]| eth(0x0800, &ip(47, &after(&format!("0000 {protocol}"), payload)));
    let erf = |kind: &str, length: usize, payload: &[u8]| {
        after(&format!("0000000000f15365 {kind}04 0000 0000 {length:04x}"), payload)
    };
    let pdu = |tags: &str, payload: &[u8]| after(&format!("{tags} 0000 0000"), payload);
    let wifi = wlan("0801", "", &snap(q));
    vec![
        (7, after("0100 d4 00 0001", q), "arcnet ipv4 udp"),
        (129, after("0100 0000 d4 00 0001", q), "arcnet ipv4 udp"),
        (99, [&hex("000000000000 0800")[..], &[0; 36], q].concat(), "tag ipv4 udp"),
        (103, [&[0; 24][..], &hex("ff03 0021"), q].concat(), "ppp ipv4 udp"),
        (106, snap(q), "llc ipv4 udp"),
        (122, after("1000ffffffffffff 1000020000000001", &snap(q)), "fibre-channel llc ipv4 udp"),
        (123, after("02 00 0064", &snap(q)), "atm llc ipv4 udp"),
        (123, after("01 00 0064 0102", e), "atm ethernet ipv4 udp"),
        (128, after("01 00 0001 01", e), "tzsp ethernet ipv4 udp"),
        (143, docsis("00 00 015a", &e_fcs), "docsis ethernet ipv4 udp"),
        (143, docsis("01 03 015d 200000", e), "docsis ethernet ipv4 udp"),
        (178, after("4d4743 01", e), "juniper ethernet ipv4 udp"),
        (178, after("4d4743 81 0006 010100020100", e), "juniper ethernet ipv4 udp"),
        (178, after("4d4743 03 02000000", q), "juniper ipv4 udp"),
        (179, after("4d4743 01 ff03 0021", q), "juniper ppp ipv4 udp"),
        (180, after("4d4743 01 1841 03cc", q), "juniper frame-relay ipv4 udp"),
        (181, after("4d4743 01 0f00 0800", q), "juniper chdlc ipv4 udp"),
        (197, erf("02", e.len() + 4, &after("0000", &e_fcs)), "erf ethernet ipv4 udp"),
        (197, erf("82", e.len() + 4, &after("0300000000000000 0000", e)), "erf ethernet ipv4 udp"),
        (197, erf("01", q.len() + 8, &after("0f00 0800", q)), "erf chdlc ipv4 udp"),
        (197, erf("16", q.len(), q), "erf ipv4 udp"),
        (219, after("00064140", q), "mpls ipv4 udp"),
        (226, [&hex("01 02 0001")[..], &[0; 20], q].concat(), "ipnet ipv4 udp"),
        (242, [&[0; 40][..], &hex("0800 0000"), q].concat(), "ipoib ipv4 udp"),
        (252, pdu("000c 0004 69700000", q), "exported-pdu ipv4 udp"),
        (252, pdu("000c 0004 65746800", e), "exported-pdu ethernet ipv4 udp"),
        (259, after("555555d55555ff00", e), "ethernet ipv4 udp"),
        (274, after("55555555555555d5", &e_fcs), "tag ethernet ipv4 udp"),
        (279, [&[0x50][..], &[0; 31], e].concat(), "tag ethernet ipv4 udp"),
        (281, behind("00000002"), "ethernet tag ipv4 udp"),
        (282, after("00000002", e), "tag ethernet ipv4 udp"),
        (284, behind("c0100000"), "ethernet tag ipv4 udp"),
        (284, behind("e0100064"), "ethernet tag vlan ipv4 udp"),
        (285, behind("dada0000 c0100000"), "ethernet tag ipv4 udp"),
        (1, behind("dada0000 e0100064"), "ethernet tag vlan ipv4 udp"),
        (1, behind("8899 0400 00000000"), "ethernet tag ipv4 udp"),
        (1, behind("8899 a001"), "ethernet tag ipv4 udp"),
        (1, behind("d28b 0001 0010 0000000000000000"), "ethernet tag ipv4 udp"),
        (1, behind("d28b 0001 0020 000000000000"), "ethernet tag ipv4 udp"),
        (1, eth(0x8903, &after("0040", e)), "ethernet fabricpath ethernet ipv4 udp"),
        (1, eth(0x4305, &after("400f3201 020000001111", e)), "ethernet batman-adv ethernet ipv4 udp"),
        (
            1,
            eth(0x4305, &after("420f3201 020000001111 020000002222 0100", e)),
            "ethernet batman-adv ethernet ipv4 udp",
        ),
        (
            1,
            eth(0x4305, &after("010f3200 00000001 020000002222", e)),
            "ethernet batman-adv ethernet ipv4 udp",
        ),
        (1, gre("8200", &wifi), "ethernet ipv4 gre wlan llc ipv4 udp"),
        (1, gre("9000", &wifi), "ethernet ipv4 gre wlan llc ipv4 udp"),
        (1, eth(0x0800, &ip(97, &after("4001", e))), "ethernet ipv4 etherip ethernet ipv4 udp"),
        (1, tunnel(48879, &after("c8000001 00f00100", e)), "ethernet ipv4 udp vxlan ethernet ipv4 udp"),
    ]
}

#[test]
fn every_rare_way_leads_to_the_message() {
    for (link, frame, layers) in rare() {
        let found = find(link, &frame);
        let [found] = &found[..] else { panic!("{link} {layers}: {found:?}") };
        assert_eq!((found.layers.as_str(), &found.payload), (layers, &message()), "{link}");
        // Cut anywhere, it is the start of the message or nothing.
        for length in 0..frame.len() {
            let (_, cut) = walk(&mut Walker::new(Ports::every()), link, &frame[..length], frame.len(), 0);
            assert!(cut.iter().all(|cut| message().starts_with(&cut.payload)), "{link} {layers} {length}");
        }
    }
}

#[test]
fn an_exported_message_has_no_transport() {
    let tags = "000c 0004 64686370 0014 0004 0a000001 0015 0004 0a000002 0000 0000";
    let found = find(252, &after(tags, &message())).remove(0);
    assert_eq!((found.layers.as_str(), found.payload, found.ports), ("exported-pdu", message(), (0, 0)));
}

#[test]
fn a_switch_and_its_controller_carry_frames() {
    let e = eth(0x0800, &query());
    let tcp = |dst: u16, payload: &[u8]| {
        let head = [&[0x9c, 0x40][..], &dst.to_be_bytes(), &[0; 8], &[0x50, 0x18], &[0; 6]].concat();
        eth(0x0800, &ip(6, &[&head, payload].concat()))
    };
    let message = |head: &str, body: &str| {
        let body = after(body, &e);
        [&hex(head)[..], &be(body.len() + 8), &[0; 4], &body].concat()
    };
    let first = message("010a", "ffffffff 0156 0001 00 00");
    let third =
        message("040a", "ffffffff 0156 00 00 0000000000000000 0001 000c 80000004 00000001 00000000 0000");
    let out = message("010d", "ffffffff 0001 0008 0000000800010000");
    for payload in [&first, &third, &out] {
        let found = find(1, &tcp(6653, payload));
        assert_eq!(found.len(), 1, "{payload:02x?}");
        assert_eq!(found[0].layers, "ethernet ipv4 tcp openflow ethernet ipv4 udp");
    }
    assert_eq!(find(1, &tcp(6633, &[first.clone(), third].concat())).len(), 2);
    assert_eq!(find(1, &tcp(443, &first)), []);
}

#[test]
fn a_tunnel_is_where_it_is_said_to_be() {
    let frame = tunnel(14789, &after("0800000000000100", &eth(0x0800, &query())));
    assert_eq!(find(1, &frame), []);
    let mut ports = Ports::default();
    ports.add_tunnel(Tunnel::Vxlan, 14789);
    assert_eq!(walk_with(ports, &frame).len(), 1);
    // An ordinary client that was given the port of a tunnel.
    assert_eq!(find(1, &tunnel(48879, &[0x55; 60])), []);
}

#[test]
fn what_is_not_looked_into_is_said() {
    let outcome = |link, frame: &[u8]| walk(&mut Walker::new(Ports::every()), link, frame, frame.len(), 0);
    assert_eq!(outcome(220, &[0; 64]), (Walked::Unread(Unread::Link(LinkType(220))), vec![]));
    // A card's header around such a link type.
    let ppi = after("00 00 0800 bd000000", &[0; 64]);
    assert_eq!(outcome(192, &ppi).0, Walked::Unread(Unread::Link(LinkType(189))));
    let protected = wlan("0841", "", &[0x55; 60]);
    assert_eq!(outcome(105, &protected).0, Walked::Unread(Unread::Encrypted(Layer::Wlan)));
    let macsec = eth(0x88e5, &after("2c00 00000001", &[0x55; 60]));
    assert_eq!(outcome(1, &macsec).0, Walked::Unread(Unread::Encrypted(Layer::Macsec)));
    let private = after("01 05 0020 34 10 80 00 00 d918", &[0x55; 40]);
    assert_eq!(outcome(143, &private).0, Walked::Unread(Unread::Encrypted(Layer::Docsis)));
    let pieces = eth(0x4305, &after("410f3201", &[0x55; 40]));
    assert_eq!(outcome(1, &pieces).0, Walked::Unread(Unread::Pieces(Layer::Batman)));
    assert_eq!(outcome(1, &eth(0x88cc, &[0; 60])).0, Walked::Done);
}

proptest! {
    #[test]
    fn anything_of_a_rare_link_type_can_be_walked(
        link in prop::sample::select(rare().into_iter().map(|(link, ..)| link).collect::<Vec<_>>()),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in 0_usize..60,
    ) {
        find(link, &bytes);
        // Behind the beginning of a good one.
        let good = rare().into_iter().find(|(of, ..)| *of == link).unwrap().1;
        find(link, &[&good[..start], &bytes[..]].concat());
    }
}
