//! DHCPv6 and router discovery: what is found, what is judged, and what is left alone.

use super::*;

/// An upper layer over IPv6 with a checksum that fits; `at` is the checksum's place, `upper` is its whole.
fn six(next: u8, at: usize, upper: &[u8]) -> Vec<u8> {
    let mut upper = upper.to_vec();
    let sum = checksum(&[&[0xfd; 32], &be(upper.len()), &[0, next], &upper]);
    (upper[at], upper[at + 1]) = sum.to_be_bytes().into();
    ip6(next, &upper)
}

fn udp6(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    [&src.to_be_bytes()[..], &dst.to_be_bytes(), &be(payload.len() + 8), &[0, 0], payload].concat()
}

fn solicit() -> Vec<u8> {
    hex("01 10b2c3 0001000a 00030001 020000000005 0008 0002 0000")
}

/// A router advertisement whose checksum is still to be set.
fn advertisement() -> Vec<u8> {
    hex("86 00 0000 40 c0 0708 00000000 00000000 0101 020000000001")
}

#[test]
fn dhcpv6_and_router_discovery_are_found() {
    let query = six(17, 6, &udp6(546, 547, &solicit()));
    let router = six(58, 2, &advertisement());
    for (frame, layers, protocol) in [
        (eth(0x86dd, &query), "ethernet ipv6 udp", Protocol::Dhcpv6),
        (eth(0x8100, &after("0064 86dd", &query)), "ethernet vlan ipv6 udp", Protocol::Dhcpv6),
        (
            tunnel(4789, &after("0800000000000100", &eth(0x86dd, &query))),
            "ethernet ipv4 udp vxlan ethernet ipv6 udp",
            Protocol::Dhcpv6,
        ),
        (eth(0x86dd, &router), "ethernet ipv6 icmpv6", Protocol::Icmpv6),
        (eth(0x88a8, &after("0064 86dd", &router)), "ethernet vlan ipv6 icmpv6", Protocol::Icmpv6),
        (eth(0x0800, &ip(41, &router)), "ethernet ipv4 ipv6 icmpv6", Protocol::Icmpv6),
    ] {
        let found = find(1, &frame);
        let [found] = &found[..] else { panic!("{layers}: {found:?}") };
        assert_eq!((found.layers.as_str(), found.protocol), (layers, protocol));
        assert_eq!((found.checksum, found.cut), (Checksum::Good, false), "{layers}");
        let message = if protocol == Protocol::Dhcpv6 { solicit() } else { router[40..].to_vec() };
        assert_eq!(found.payload, message);
    }
    assert_eq!(find(1, &eth(0x86dd, &query))[0].ports, (546, 547));
    assert_eq!(find(1, &eth(0x86dd, &router))[0].ports, (0, 0));
}

#[test]
fn router_discovery_in_fragments_is_said() {
    let router = six(58, 2, &advertisement());
    let atomic = eth(0x86dd, &ip6(44, &after("3a00 0000 00000001", &router[40..])));
    for (frame, wanted) in [(atomic, vec!["fragmented-discovery"]), (eth(0x86dd, &router), vec![])] {
        let mut said = Vec::new();
        Walker::new(Ports::every()).walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
            said.extend(datagram.problems().map(|problem| problem.code.name()));
        });
        assert_eq!(said, wanted);
    }
}

#[test]
fn extension_headers_and_fragments_lead_to_both() {
    let router = six(58, 2, &advertisement());
    let behind = |next: u8, head: &str| eth(0x86dd, &ip6(next, &after(head, &router[40..])));
    for frame in
        [behind(0, "3a00 0502 0000 0000"), behind(60, "3a00 000000000000"), behind(44, "3a00 0000 00000001")]
    {
        let found = find(1, &frame).remove(0);
        assert_eq!((found.layers.as_str(), found.checksum), ("ethernet ipv6 icmpv6", Checksum::Good));
    }
    let query = six(17, 6, &udp6(546, 547, &solicit()));
    for (next, upper) in [(58_u8, &router[40..]), (17, &query[40..])] {
        let piece = |bytes: &[u8], field: u16| {
            let head = [&[next, 0][..], &field.to_be_bytes(), &[0, 0, 0, 9], bytes].concat();
            eth(0x86dd, &ip6(44, &head))
        };
        let frames = [piece(&upper[..16], 1), piece(&upper[16..], 16)];
        let mut walker = Walker::new(Ports::every());
        assert_eq!(walk(&mut walker, 1, &frames[0], frames[0].len(), 0).0, Walked::Kept);
        let found = walk(&mut walker, 1, &frames[1], frames[1].len(), 0).1;
        assert_eq!((found.len(), found[0].checksum), (1, Checksum::Good));
    }
    // A long ping in pieces is nothing to wait for.
    let ping = eth(0x86dd, &ip6(44, &after("3a00 0001 00000009 8000 0000 00000000", &[0; 8])));
    assert_eq!(walk(&mut Walker::new(Ports::every()), 1, &ping, ping.len(), 0), (Walked::Done, vec![]));
}

#[test]
fn icmpv6_checksums_are_judged_where_they_can_be() {
    let judged = |packet: &[u8], original: usize| {
        let frame = eth(0x86dd, packet);
        walk(&mut Walker::new(Ports::every()), 1, &frame, original.max(frame.len()), 0).1.remove(0)
    };
    let good = six(58, 2, &advertisement());
    let mut bad = good.clone();
    bad[43] ^= 1;
    assert_eq!(judged(&bad, 0).checksum, Checksum::Bad);
    (bad[42], bad[43]) = (0, 0);
    assert_eq!(judged(&bad, 0).checksum, Checksum::Bad, "there is no such thing as an absent one");
    let cut = judged(&good[..56], 200);
    assert_eq!((cut.checksum, cut.payload.len(), cut.promised, cut.cut), (Checksum::Unknown, 16, 24, true));
}

#[test]
fn what_is_not_asked_for_is_left_alone() {
    let router = eth(0x86dd, &six(58, 2, &advertisement()));
    let query = eth(0x86dd, &six(17, 6, &udp6(546, 547, &solicit())));
    let four = eth(0x0800, &super::query());
    for (protocols, counts) in [
        (&[][..], [0, 0, 0]),
        (&[Protocol::Dhcpv4], [0, 0, 1]),
        (&[Protocol::Dhcpv6], [0, 1, 0]),
        (&[Protocol::Icmpv6], [1, 0, 0]),
        (&Protocol::ALL, [1, 1, 1]),
    ] {
        let found = [&router, &query, &four].map(|frame| walk_with(Ports::of(protocols), frame).len());
        assert_eq!(found, counts, "{protocols:?}");
    }
    for kind in [128, 129, 130, 135, 136, 137, 143] {
        let mut message = advertisement();
        message[0] = kind;
        assert_eq!(find(1, &eth(0x86dd, &six(58, 2, &message))), []);
    }
    // ICMPv6 has no meaning in IPv4.
    assert_eq!(find(1, &eth(0x0800, &ip(58, &advertisement()))), []);
}

#[test]
fn the_ports_of_dhcpv6_count_over_ipv6_whatever_stands_on_the_other_side() {
    let over6 = |src, dst| find(1, &eth(0x86dd, &six(17, 6, &udp6(src, dst, &solicit())))).len();
    let over4 = |src, dst| find(1, &eth(0x0800, &ip(17, &udp_of(src, dst, &solicit())))).len();
    assert_eq!([over6(546, 547), over6(547, 547), over6(50000, 547), over6(547, 40001)], [1; 4]);
    // Whatever service has the other port: as other tools do, and nobody hands out ports as low as these.
    assert_eq!([over6(53, 546), over6(123, 547)], [1; 2]);
    assert_eq!([over4(546, 547), over4(547, 546), over4(546, 50000), over4(50000, 547)], [1, 1, 0, 0]);
    // An added port is either's.
    let mut ports = Ports::every();
    ports.add(1547);
    let of = |frame: &[u8]| walk_with(ports.clone(), frame).remove(0).protocol;
    assert_eq!(of(&eth(0x86dd, &six(17, 6, &udp6(1546, 1547, &solicit())))), Protocol::Dhcpv6);
    assert_eq!(of(&eth(0x86dd, &six(17, 6, &udp6(1546, 1547, &message())))), Protocol::Dhcpv4);
    assert_eq!(of(&eth(0x0800, &ip(17, &udp_of(1546, 1547, &message())))), Protocol::Dhcpv4);
}

#[test]
fn an_icmpv6_error_quotes_what_bounced() {
    for kind in ["01", "02", "03", "04"] {
        let query = six(17, 6, &udp6(546, 547, &solicit()));
        let frame = eth(0x86dd, &ip6(58, &after(&format!("{kind}04 0000 00000000"), &query)));
        let found = find(1, &frame).remove(0);
        assert_eq!((found.layers.as_str(), found.quoted), ("ethernet ipv6 icmpv6 ipv6 udp", true));
        assert_eq!((found.payload, found.checksum), (solicit(), Checksum::Good));
    }
}
