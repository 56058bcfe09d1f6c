//! Datagrams in IP fragments.

use super::*;

/// The message in IP fragments of so many bytes.
pub(super) fn fragments(size: usize) -> Vec<Vec<u8>> {
    let datagram = udp_of(68, 67, &message());
    let count = datagram.len().div_ceil(size);
    let piece = |(index, bytes): (usize, &[u8])| {
        let more = if index + 1 < count { 0x2000 } else { 0 };
        eth(0x0800, &ip_of(17, more | u16::try_from(index * size / 8).unwrap(), &[], bytes))
    };
    datagram.chunks(size).enumerate().map(piece).collect()
}

pub(super) fn walk_all(frames: &[Vec<u8>]) -> Vec<(Walked, Vec<Found>)> {
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
    // What they are of is not known: they crowd out nothing, neither each other nor what began as DHCP.
    assert_eq!(walker.crowded_out(), 0);
    let [first, last] = <[Vec<u8>; 2]>::try_from(fragments(200)).unwrap();
    walk(&mut walker, 1, &first, first.len(), 0);
    for id in 7000..7100_u16 {
        let mut frame = eth(0x0800, &ip_of(17, 0x3f40, &[], &[0; 64]));
        (frame[18], frame[19]) = id.to_be_bytes().into();
        walk(&mut walker, 1, &frame, frame.len(), 0);
    }
    assert_eq!(walk(&mut walker, 1, &last, last.len(), 0).1.len(), 1);
    // First pieces of DHCP do.
    for id in 7000..7100_u16 {
        let mut frame = first.clone();
        (frame[18], frame[19]) = id.to_be_bytes().into();
        walk(&mut walker, 1, &frame, frame.len(), 0);
    }
    assert_eq!(walker.crowded_out(), 100 - 64);
    // What is old gives way to what is new, whose last piece may be the first to come.
    let minute = 61_000_000_000;
    for piece in [&last, &first] {
        for id in 9000..9002_u16 {
            let mut frame = piece.clone();
            (frame[18], frame[19]) = id.to_be_bytes().into();
            let whole = walk(&mut walker, 1, &frame, frame.len(), minute).1.len();
            assert_eq!(whole, usize::from(piece == &first));
        }
    }
    // Longer than any datagram.
    let frame = eth(0x0800, &ip_of(17, 0x1fff, &[], &[0; 64]));
    assert_eq!(walk(&mut walker, 1, &frame, frame.len(), 0).0, Walked::Done);
    for frame in fragments(8) {
        walk(&mut walker, 1, &frame, frame.len(), 0);
    }
    assert!(walker.fragments.unwrap().memory() <= 4 << 20);
}
