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

/// Those that were met later; each was shown to tshark or tcpdump, which read the same from it.
fn rarer() -> Vec<(u32, Vec<u8>, &'static str)> {
    let q = &query()[..];
    let e = &eth(0x0800, q)[..];
    let e_fcs = &[e, &[0; 4]].concat()[..];
    let llc = &snap(q)[..];
    let erf = |kind: u8, payload: &[u8]| {
        after(&format!("0000000000f15365 {kind:02x}04 0000 0000 {:04x}", payload.len()), payload)
    };
    let gfp = |kind: &str, extension: &str, payload: &[u8]| {
        let payload = after(extension, payload);
        after(&format!("{:04x} 0000 {kind} 0000", payload.len() + 4), &payload)
    };
    let fc2 = |flag: &str| format!("04ffffff 00000001 05380000 00{flag}0000 ffffffff 00000000");
    let network = "1000ffffffffffff 1000020000000001";
    let redback = |protocol: &str, packet: u16, data: u16| {
        format!("00000000 00000000 0000000000000000 0000 {protocol} {packet:04x} {data:04x}")
    };
    let vpp = |texts: u8, hint: u8| {
        format!("0100{texts:02x}{hint:02x} 00000000 6e00 6d00 00 6f00{}", if texts > 4 { "7400" } else { "" })
    };
    let infiniband =
        &[&hex("0002 0001 0060 0002 6400ffff 00ffffff 00000001 0000b1b0 00000002 0800 0000"), q, &[0; 6]]
            .concat()[..];
    let global = [&hex("0003 0001 0060 0002")[..], &[0x60; 40], &infiniband[8..]].concat();
    let heard = [&wlan("0801", "", llc)[..], &[0; 4]].concat();
    let ax25 = "82a0a4a6404060 9c6086828e4061 03 cc";
    vec![
        (3, after(ax25, q), "ax25 ipv4 udp"),
        (3, after("82a0a4a6404060 9c6086828e4060 9c6086828e4063 13 cc", q), "ax25 ipv4 udp"),
        (3, after("82a0a4a6404060 9c6086828e4061 00 cc", q), "ax25 ipv4 udp"),
        (202, after(&format!("00 {ax25}"), q), "ax25 ipv4 udp"),
        (1, eth(0x08ff, &after(&format!("0000 {ax25}"), q)), "ethernet ax25 ipv4 udp"),
        (11, llc.to_vec(), "llc ipv4 udp"),
        (13, after("02000000 00000000 00000000", q), "enc ipv4 udp"),
        (18, q.to_vec(), "ipv4 udp"),
        (112, after("0f00 0800", q), "chdlc ipv4 udp"),
        (32, after(&redback("0001", 24, 24), q), "redback ipv4 udp"),
        (32, after(&redback("0003", 24, 24), e), "redback ethernet ipv4 udp"),
        (32, after(&redback("0001", 24, 38), e), "redback ethernet ipv4 udp"),
        (130, after("4d4743 01 ff03 0021", q), "juniper ppp ipv4 udp"),
        (130, after("4d4743 01 0005 0021", q), "juniper ppp ipv4 udp"),
        (130, after("4d4743 01 54000001 0021", q), "juniper ppp ipv4 udp"),
        (130, after("4d4743 01 47000000 03000001", q), "juniper ipv4 udp"),
        (131, after("4d4743 01 0005 03cc", q), "juniper frame-relay ipv4 udp"),
        (131, after("4d4743 01 54000001 0300cc", q), "juniper frame-relay ipv4 udp"),
        (131, after("4d4743 01 47000000 00000001", q), "juniper ipv4 udp"),
        (132, after("4d4743 01 00014005 00000001 0a000001 0a000002", q), "juniper ipv4 udp"),
        (133, after("4d4743 01 0000020000000000", q), "juniper ipv4 udp"),
        (133, after("4d4743 01 02000000", q), "juniper ipv4 udp"),
        (134, after("4d4743 01 540000010000 03cc", q), "juniper frame-relay ipv4 udp"),
        (134, after("4d4743 01 47000000 00000001", q), "juniper ipv4 udp"),
        (134, after("4d4743 01 c001 1841 03cc", q), "juniper frame-relay ipv4 udp"),
        (135, after("4d4743 01 0000000000000000", llc), "juniper llc ipv4 udp"),
        (135, after("4d4743 00 0000000100000000", e), "juniper ethernet ipv4 udp"),
        (135, after("4d4743 01 0000000000000000 0021", q), "juniper ppp ipv4 udp"),
        (136, after("4d4743 01 0000000000000000", q), "juniper ipv4 udp"),
        (136, after("4d4743 00 000000000000000000000000", q), "juniper ipv4 udp"),
        (137, after("4d4743 01 00000000", llc), "juniper llc ipv4 udp"),
        (137, after("4d4743 01 00000000 fefe03cc", q), "juniper llc ipv4 udp"),
        (137, after("4d4743 01 00000000 03cc", q), "juniper frame-relay ipv4 udp"),
        (137, after("4d4743 01 00000000", q), "juniper ipv4 udp"),
        (164, after("4d4743 01 0000000000000000", q), "juniper ipv4 udp"),
        (167, after("4d4743 01", e), "juniper ethernet ipv4 udp"),
        (168, after("4d4743 01 0800", q), "juniper ipv4 udp"),
        (183, [&hex("4d474301")[..], &[0; 18], q].concat(), "juniper ipv4 udp"),
        (194, after("4d4743 03 02000000", q), "juniper ipv4 udp"),
        (200, [&hex("4d474301")[..], &[0; 58], q].concat(), "juniper ipv4 udp"),
        (232, after("4d4743 03 02000000", q), "juniper ipv4 udp"),
        (170, gfp("0002", "ff03 0021", q), "gfp ppp ipv4 udp"),
        (171, gfp("0001", "", e), "gfp ethernet ipv4 udp"),
        (171, gfp("1001", "", e_fcs), "gfp ethernet ipv4 udp"),
        (171, gfp("0101", "00000000", e), "gfp ethernet ipv4 udp"),
        (171, gfp("000d", "00064140", q), "gfp mpls ipv4 udp"),
        (171, gfp("0010", "", q), "gfp ipv4 udp"),
        (182, after("c001 1841 03cc", q), "frame-relay ipv4 udp"),
        (197, erf(5, &after("00000000 0f000800", q)), "erf chdlc ipv4 udp"),
        (197, erf(17, &after("00000000 0f000800", q)), "erf chdlc ipv4 udp"),
        (197, erf(19, &after("ff03 0021", q)), "erf ppp ipv4 udp"),
        (197, erf(4, &after("00000000", llc)), "erf llc ipv4 udp"),
        (197, erf(9, &after("00000000 00000000", llc)), "erf llc ipv4 udp"),
        (197, erf(21, infiniband), "erf infiniband ipv4 udp"),
        (247, infiniband.to_vec(), "infiniband ipv4 udp"),
        (247, global, "infiniband ipv4 udp"),
        (224, after(&fc2("00"), llc), "fibre-channel llc ipv4 udp"),
        (224, after(&format!("{}{network}", fc2("20")), llc), "fibre-channel llc ipv4 udp"),
        (225, [&hex("bcb55656"), &hex(&fc2("00")), llc, &[0; 8]].concat(), "fibre-channel llc ipv4 udp"),
        (273, after("0108 0003 010105 0000 015a d918", e_fcs), "docsis ethernet ipv4 udp"),
        (280, after(&vpp(4, 1), e), "vpp ethernet ipv4 udp"),
        (280, after(&vpp(5, 0), e), "vpp ethernet ipv4 udp"),
        (280, after(&vpp(4, 2), q), "vpp ipv4 udp"),
        (280, after(&vpp(4, 0), q), "vpp ipv4 udp"),
        (280, after(&vpp(4, 5), &q[20..]), "vpp udp"),
        (1, tunnel(434, &after("04040000", q)), "ethernet ipv4 udp mobile-ip ipv4 udp"),
        (1, tunnel(3386, &[&hex("1eff 0000")[..], &[0; 16], q].concat()), "ethernet ipv4 udp gtp ipv4 udp"),
        (
            1,
            tunnel(5000, &[&hex("00ffabcd 02 00000037")[..], &[0; 46], &heard].concat()),
            "ethernet ipv4 udp peekremote wlan llc ipv4 udp",
        ),
        (
            1,
            tunnel(5000, &[&hex("d8a6")[..], &be(heard.len()), &[0; 16], &heard].concat()),
            "ethernet ipv4 udp peekremote wlan llc ipv4 udp",
        ),
        (
            1,
            tunnel(5072, &[&hex("40010104 00000000")[..], &[0; 16], q].concat()),
            "ethernet ipv4 udp ayiya ipv4 udp",
        ),
        (1, tunnel(6080, &after("00040000", q)), "ethernet ipv4 udp gue ipv4 udp"),
        (1, tunnel(6080, &after("012f0000 00000000 00000800", q)), "ethernet ipv4 udp gue gre ipv4 udp"),
        (1, tunnel(6080, q), "ethernet ipv4 udp gue ipv4 udp"),
    ]
}

#[test]
fn every_rare_way_leads_to_the_message() {
    for (link, frame, layers) in rare().into_iter().chain(rarer()) {
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
    for (link, pieces, of) in [
        (1, eth(0x4305, &after("410f3201", &[0x55; 40])), Layer::Batman),
        (1, tunnel(5247, &after("00100280 00010000", &eth(0x0800, &query()))), Layer::Capwap),
        (105, wlan("0805", "", &snap(&query())), Layer::Wlan),
        (9, after("003d 80000001", &query()), Layer::Ppp),
        (182, after("8001", &query()), Layer::FrameRelay),
        (182, after("4001", &query()), Layer::FrameRelay),
    ] {
        assert_eq!(outcome(link, &pieces), (Walked::Unread(Unread::Pieces(of)), vec![]), "{of:?}");
    }
    // Whose layout nobody knows.
    let unknown = after("4d4743 01", &eth(0x0800, &query()));
    assert_eq!(outcome(238, &unknown).0, Walked::Unread(Unread::Link(LinkType(238))));
    // What has another purpose there.
    for (link, frame) in [
        (3, after("82a0a4a6404060 9c6086828e4061 03 cf", &query())),
        (171, after("0154 0000 8001 0000", &eth(0x0800, &query()))),
        (224, after("04ffffff 00000001 08380000 00000000 ffffffff 00000000", &snap(&query()))),
        (273, after("0109 0000", &eth(0x0800, &query()))),
        (1, tunnel(5000, &after("d8a6 0001", &[0x55; 60]))),
        (1, tunnel(6080, &after("20040000", &query()))),
        (1, tunnel(434, &after("01040000", &query()))),
    ] {
        assert_eq!(outcome(link, &frame), (Walked::Done, vec![]), "{link}");
    }
    assert_eq!(outcome(1, &eth(0x88cc, &[0; 60])).0, Walked::Done);
}

proptest! {
    #[test]
    fn anything_of_a_rare_link_type_can_be_walked(
        (link, good) in prop::sample::select(
            rare().into_iter().chain(rarer()).map(|(link, good, _)| (link, good)).collect::<Vec<_>>()
        ),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in 0_usize..60,
    ) {
        find(link, &bytes);
        // Behind the beginning of a good one.
        find(link, &[&good[..start], &bytes[..]].concat());
    }
}
