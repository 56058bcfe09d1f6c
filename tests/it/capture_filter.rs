//! The filter for live capture, compiled by libpcap, against frames that the walk follows.

use dhcptool::wire::frame::{LinkType, Ports, Walked, Walker, capture_filter};

fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap();
    [&src.to_be_bytes()[..], &dst.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

fn ip(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    let [high, low] = fragment.to_be_bytes();
    let head = [0x45, 0, length[0], length[1], 0, 7, high, low, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&head[..], payload].concat()
}

fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[0x60, 0, 0, 0, length[0], length[1], next, 64][..], &[0xfd; 32], payload].concat()
}

fn eth(ethertype: u16, before: &[u8], payload: &[u8]) -> Vec<u8> {
    [&[0xff; 6][..], &[2, 0, 0, 0, 0, 1], &ethertype.to_be_bytes(), before, payload].concat()
}

#[test]
fn passes_what_the_walk_follows_and_drops_the_rest() {
    let program = pcap::Capture::dead(pcap::Linktype(1))
        .unwrap()
        .compile(&capture_filter(&Ports::default()), true)
        .unwrap();
    let datagram = udp(68, 67, &[1; 300]);
    let packet = ip(17, 0, &datagram);
    let frame = eth(0x0800, &[], &packet);
    let followed = [
        frame.clone(),
        eth(0x8100, &[0, 5, 8, 0], &packet),
        eth(0x88a8, &[0, 6, 0x81, 0, 0, 5, 8, 0], &packet),
        eth(336, &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &packet),
        eth(0x8847, &[0, 6, 0x41, 0xff], &packet),
        eth(0x8864, &[0x11, 0, 0, 1, 1, 0x4a, 0, 0x21], &packet),
        eth(0x0800, &[], &ip(17, 0x2000, &datagram[..104])),
        eth(0x0800, &[], &ip(17, 13, &datagram[104..])),
        eth(0x0800, &[], &ip(1, 0, &[&[3, 3, 0, 0, 0, 0, 0, 0], &packet[..]].concat())),
        eth(0x0800, &[], &ip(4, 0, &packet)),
        eth(0x0800, &[], &ip(47, 0, &[&[0, 0, 8, 0], &packet[..]].concat())),
        eth(0x0800, &[], &ip(97, 0, &[&[0x30, 0], &frame[..]].concat())),
        eth(0x86dd, &[], &ip6(4, &packet)),
        eth(0x86dd, &[], &ip6(60, &[&[4, 0, 0, 0, 0, 0, 0, 0], &packet[..]].concat())),
        eth(0x0800, &[], &ip(17, 0, &udp(40000, 4789, &[&[8, 0, 0, 0, 0, 0, 5, 0], &frame[..]].concat()))),
        eth(
            0x86dd,
            &[],
            &ip6(17, &udp(40000, 2152, &[&[0x30, 255, 1, 0x48, 0, 0, 0, 5], &packet[..]].concat())),
        ),
    ];
    for frame in followed {
        let mut found = 0;
        let walked =
            Walker::new(Ports::default()).walk(LinkType::ETHERNET, &frame, frame.len(), 0, |_| found += 1);
        assert!(found == 1 || walked == Walked::Kept, "{frame:02x?}");
        assert!(program.filter(&frame), "{frame:02x?}");
    }
    // Ports of nothing that carries frames.
    let other = udp(5003, 6003, &[0; 300]);
    let dropped = [
        eth(0x0800, &[], &ip(6, 0, &datagram)),
        eth(0x0800, &[], &ip(6, 0x2000, &datagram)),
        eth(0x0800, &[], &ip(17, 0, &other)),
        eth(0x0800, &[], &ip(1, 0, &[8, 0, 0, 0, 0, 0, 0, 0])),
        eth(0x86dd, &[], &ip6(6, &datagram)),
        eth(0x86dd, &[], &ip6(58, &datagram)),
        eth(0x0806, &[], &[0; 28]),
    ];
    for frame in dropped {
        assert!(!program.filter(&frame), "{frame:02x?}");
    }
}
