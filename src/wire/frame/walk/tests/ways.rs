//! Link type, frame, layers: one frame for each way a message can travel; then cut and bent.

use super::*;

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
