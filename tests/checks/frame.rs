//! Walks frames of any link type: nothing panics, the quick look never hides anything, and a walker that does not
//! reassemble finds what one that does finds, except for what it hands over.

use dhcptool::wire::frame::{Datagram, LinkType, Ports, Walked, Walker};

fn find(
    walker: &mut Walker,
    link: LinkType,
    frame: &[u8],
    len: usize,
    time_ns: i64,
) -> (Walked, Vec<Vec<u8>>) {
    let mut found = Vec::new();
    let walked = walker.walk(link, frame, len, time_ns, |datagram: Datagram<'_>| {
        assert!(datagram.payload.len() <= datagram.promised);
        assert!(!datagram.cut || datagram.payload.len() < datagram.promised);
        found.push(datagram.payload.to_vec());
    });
    (walked, found)
}

/// Frames of: link type (2 bytes), length (1 byte), bytes missing at the end (1 byte), then the frame.
pub fn check(data: &[u8]) {
    let mut walker = Walker::new(Ports::default());
    let mut single = Walker::without_reassembly(Ports::default());
    let mut rest = data;
    let mut time_ns = 0;
    while let [high, low, length, missing, after @ ..] = rest {
        let link = LinkType(u32::from(u16::from_be_bytes([*high & 1, *low])));
        let (frame, next) = after.split_at_checked(usize::from(*length) * 2).unwrap_or((after, &[]));
        rest = next;
        time_ns += 1_000_000_000;
        let len = frame.len() + usize::from(*missing) * 8;
        let (walked, found) = find(&mut walker, link, frame, len, time_ns);
        let (single_walked, single_found) = find(&mut single, link, frame, len, time_ns);
        if single_walked == Walked::NeedsReassembly {
            assert!(single_found.is_empty());
        } else {
            assert_eq!((single_walked, single_found), (walked, found));
        }
    }
}
