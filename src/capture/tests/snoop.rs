//! snoop, as Solaris writes it.

use super::build::snoop;
use super::*;

#[test]
fn snoop_records_are_padded() {
    let (frames, error) = read_all(&small_snoop());
    assert!(error.is_none());
    let first = Owned {
        number: 1,
        time: Some(1_000_002_000),
        precision: Precision::Micro,
        link: 1,
        interface: None,
        data: b"abcde".to_vec(),
        original_len: 60,
    };
    let second = Owned { number: 2, data: b"fghij".to_vec(), ..first.clone() };
    assert_eq!(frames, [first, second]);
    for (kind, link) in [(0, 1), (2, 6), (8, 10), (18, 123)] {
        let bytes = snoop(2, kind).u32(0).u32(0).u32(24).u32(0).u32(1).u32(2).bytes;
        assert_eq!(read_all(&bytes).0[0].link, link);
    }
}

#[test]
fn snoop_damage_is_named() {
    let record = |captured: u32, size: u32| snoop(2, 4).u32(9).u32(captured).u32(size).u32(0).u32(1).u32(2);
    for (bytes, gist) in [
        (snoop(1, 4).bytes, "version 2 of the snoop format, found 1"),
        (snoop(2, 9).bytes, "found data link 9"),
        (Build::new(Order::Big).raw(b"snooping about, they were").bytes, "the magic number of snoop"),
        (record(5, 28).raw(b"abcd").bytes, "holds 5 captured bytes"),
        (record(5, 0xffff_ffff).bytes, "at most 16777216"),
    ] {
        let said = complaint(&bytes);
        assert!(said.contains(gist), "{said}");
    }
}
