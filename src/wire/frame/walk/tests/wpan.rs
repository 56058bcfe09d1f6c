//! IPv6 in IEEE 802.15.4: headers left out, packets in pieces; each frame was shown to tshark, which read the same from it.

use super::*;
use crate::wire::frame::Unread;

const NO_FCS: u32 = 230;

/// An information request from a client's link-local address to all servers, UDP included.
fn request(src: &str) -> Vec<u8> {
    datagram(src, &hex("0b000001 0008 0002 0000"))
}

fn datagram(src: &str, message: &[u8]) -> Vec<u8> {
    let length = be(message.len() + 8);
    let upper = [&hex("0222 0223")[..], &length, &[0, 0], message].concat();
    let sum = checksum(&[&hex(src), &hex(GROUP), &length, &[0, 17], &upper]);
    [&upper[..6], &sum.to_be_bytes(), message].concat()
}

const CLIENT: &str = "fe80000000000000 0000000000000001";
const GROUP: &str = "ff02000000000000 0000000000010002";

/// A data frame between two long addresses.
fn frame(payload: &[u8]) -> Vec<u8> {
    after("41dc 01 cdab 0200000000000002 0100000000000002", payload)
}

/// Its compressed form: hop limit 1, source from the link, destination in four bytes, ports whole.
fn compressed(udp: &[u8]) -> Vec<u8> {
    [&hex("7d3a 02010002 f0"), &udp[..4], &udp[6..]].concat()
}

fn with_fcs(frame: &[u8]) -> Vec<u8> {
    [frame, &[0, 0]].concat()
}

#[test]
fn a_header_that_was_left_out_is_put_back() {
    let udp = request(CLIENT);
    let small = compressed(&udp);
    let tail = &small[7..];
    let whole = [&hex("60000000 0012 11 01")[..], &hex(CLIENT), &hex(GROUP), &udp].concat();
    let zep = |head: &str| tunnel(17754, &after(head, &with_fcs(&frame(&small))));
    let near = "ieee802154 6lowpan ipv6 udp";
    for (link, bytes, layers) in [
        (NO_FCS, frame(&small), near),
        (NO_FCS, frame(&after("7a00 11", &whole[8..])), near),
        (NO_FCS, frame(&after("7a08 11", &whole[8..])), near),
        // Class and label there; a number of contexts.
        (NO_FCS, frame(&after("653a 00000000 02010002 f0", tail)), near),
        (NO_FCS, frame(&after("7dba 00 02010002 f0", tail)), near),
        (NO_FCS, frame(&after("7d39 020000010002 f0", tail)), near),
        (NO_FCS, frame(&after("41", &whole)), near),
        (NO_FCS, frame(&after("50 07", &small)), near),
        // Between others of a mesh.
        (NO_FCS, frame(&after("85 0200000000000001 0200000000000002", &small)), near),
        // Elements of the header, and of the payload, before it.
        (NO_FCS, after("41ee 01 0200000000000002 0100000000000002 803f", &small), near),
        (195, with_fcs(&frame(&small)), near),
        (215, after("00000000 a7 37", &with_fcs(&frame(&small))), near),
        (283, after("0000 0c00 0000 0100 01000000", &with_fcs(&frame(&small))), near),
        (283, after("0000 0c00 0000 0100 00000000", &frame(&small)), near),
        (1, eth(0x809a, &with_fcs(&frame(&small))), "ethernet ieee802154 6lowpan ipv6 udp"),
        (
            1,
            zep("4558 02 01 0b 0001 01 00 0000000000000000 00000001 00000000000000000000 37"),
            "ethernet ipv4 udp zep ieee802154 6lowpan ipv6 udp",
        ),
        (
            1,
            zep("4558 01 0b 0001 01 00 00000000000000 37"),
            "ethernet ipv4 udp zep ieee802154 6lowpan ipv6 udp",
        ),
    ] {
        let found = find(link, &bytes);
        let [found] = &found[..] else { panic!("{link} {bytes:02x?}: {found:?}") };
        assert_eq!((found.layers.as_str(), &found.payload[..]), (layers, &udp[8..]), "{link}");
        assert_eq!((found.checksum, found.ports), (Checksum::Good, (546, 547)), "{bytes:02x?}");
        for length in 0..bytes.len() {
            walk(&mut Walker::new(Ports::every()), link, &bytes[..length], bytes.len(), 0);
        }
    }
}

#[test]
fn an_address_follows_from_a_short_one() {
    let udp = request("fe80000000000000 000000fffe000001");
    let found = find(NO_FCS, &after("4198 01 cdab ffff 0100", &compressed(&udp))).remove(0);
    assert_eq!((found.checksum, found.src.as_deref()), (Checksum::Good, Some("00:01")));
}

#[test]
fn a_prefix_that_was_agreed_elsewhere_makes_no_checksum_wrong() {
    let udp = request(CLIENT);
    let found = find(NO_FCS, &frame(&[&hex("7d7a")[..], &compressed(&udp)[2..]].concat())).remove(0);
    assert_eq!((found.checksum, found.payload), (Checksum::Unknown, udp[8..].to_vec()));
}

#[test]
fn router_discovery_is_found_in_it() {
    let message = hex("86000000 40000708 00000000 00000000");
    let all = hex("ff02000000000000 0000000000000001");
    let sum = checksum(&[&hex(CLIENT), &all, &be(message.len()), &[0, 58], &message]);
    let message = [&message[..2], &sum.to_be_bytes(), &message[4..]].concat();
    let found = find(NO_FCS, &frame(&after("7b3b 3a 01", &message))).remove(0);
    assert_eq!((found.protocol, found.checksum), (Protocol::Icmpv6, Checksum::Good));
    assert_eq!(found.payload, message);
}

/// The frames of a message that does not fit into one.
fn pieces(message: &[u8]) -> Vec<Vec<u8>> {
    let udp = datagram(CLIENT, message);
    let size = 40 + udp.len();
    let whole = [&[0; 40][..], &udp].concat();
    // The first 104 bytes: both headers, and 56 of the message.
    let head = |kind: usize| [&be(kind << 11 | size)[..], &[0, 7]].concat();
    let first = [head(0b11000), compressed(&udp)[..13 + 56].to_vec()].concat();
    let rest = whole[104..].chunks(80).enumerate().map(|(index, part)| {
        let offset = u8::try_from((104 + 80 * index) / 8).unwrap();
        [head(0b11100), vec![offset], part.to_vec()].concat()
    });
    std::iter::once(first).chain(rest).map(|piece| frame(&piece)).collect()
}

#[test]
fn pieces_become_the_message() {
    let message = after("0b000002 0010 0096", &[0x5a; 150]);
    let mut frames = pieces(&message);
    assert_eq!(frames.len(), 3);
    for turn in 0..3 {
        frames.rotate_left(1);
        let mut walker = Walker::new(Ports::every());
        let walked: Vec<_> =
            frames.iter().map(|frame| walk(&mut walker, NO_FCS, frame, frame.len(), turn)).collect();
        assert_eq!([walked[0].0, walked[1].0, walked[2].0], [Walked::Kept, Walked::Kept, Walked::Done]);
        let [found] = &walked[2].1[..] else { panic!("{:?}", walked[2]) };
        assert_eq!((&found.payload, found.checksum), (&message, Checksum::Good));
    }
    // A piece that the capture cut cannot make the packet whole, and that is said.
    let (walked, _) = walk(&mut Walker::new(Ports::every()), NO_FCS, &frames[0][..60], frames[0].len(), 0);
    assert_eq!(walked, Walked::Unread(Unread::Pieces(Layer::Lowpan)));
}

#[test]
fn what_is_encrypted_is_said_to_be() {
    let (walked, found) =
        walk(&mut Walker::new(Ports::every()), NO_FCS, &after("49dc 01", &[0x55; 60]), 63, 0);
    assert_eq!((walked, found), (Walked::Unread(Unread::Encrypted(Layer::Wpan)), vec![]));
}

proptest! {
    #[test]
    fn anything_can_stand_in_it(
        start in 0_usize..30,
        bytes in prop::collection::vec(any::<u8>(), 0..160),
        link in prop::sample::select(vec![195_u32, 215, 230, 283]),
    ) {
        find(link, &bytes);
        let good = frame(&compressed(&request(CLIENT)));
        find(NO_FCS, &[&good[..start], &bytes[..]].concat());
        find(NO_FCS, &frame(&bytes));
    }
}
