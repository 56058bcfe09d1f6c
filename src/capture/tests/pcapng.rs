//! pcapng: sections, interfaces with their clocks, blocks.

use super::*;

#[test]
fn pcapng_in_both_orders_with_several_interfaces() {
    for order in ORDERS {
        let (frames, error) = read_all(&small_pcapng(order));
        assert!(error.is_none());
        let seen: Vec<_> = frames
            .iter()
            .map(|f| (f.number, f.time, f.precision, f.link, f.interface.as_deref(), f.data.as_slice()))
            .collect();
        let want: [(_, _, _, _, _, &[u8]); 2] = [
            (1, Some(1_000_002_000), Precision::Micro, 1, Some("eth0"), b"abcde"),
            (2, Some(5), Precision::Nano, 113, Some("any"), b"xyz"),
        ];
        assert_eq!(seen, want);
    }
}

#[test]
fn pcapng_sections_start_anew() {
    let mut bytes = small_pcapng(Order::Little);
    bytes.extend(Build::new(Order::Big).section().interface(101, 0, &[]).packet(0, 1, b"q").bytes);
    bytes.extend(Build::new(Order::Little).section().packet(0, 1, b"q").bytes);
    let (frames, error) = read_all(&bytes);
    assert_eq!(frames.iter().map(|f| f.link).collect::<Vec<_>>(), [1, 113, 101]);
    let error = error.unwrap().to_string();
    assert!(error.ends_with("expected an interface description before the first packet"), "{error}");
}

#[test]
fn pcapng_clocks() {
    let offset_le = 10_i64.to_le_bytes();
    for (resolution, offset, ticks, want) in [
        (6, 0, 3_000_001, 3_000_001_000),
        (9, 0, 3_000_001, 3_000_001),
        (3, 0, 3_001, 3_001_000_000),
        (0, 0, 3, 3_000_000_000),
        (12, 0, 3_999, 3),
        (28, 0, u64::MAX, 1),
        (127, 0, u64::MAX, 0),
        (0x80, 0, 3, 3_000_000_000),
        (0x81, 0, 3, 1_500_000_000),
        (0x80 | 32, 0, 1 << 31, 500_000_000),
        (0xff, 0, u64::MAX, 0),
        (0, 0, u64::MAX, i64::MAX),
        (6, 0, u64::MAX, i64::MAX),
        (6, 10, 1, 10_000_001_000),
        (9, 10, 1, 10_000_000_001),
    ] {
        let options: &[(u16, &[u8])] =
            if offset == 0 { &[(9, &[resolution])] } else { &[(9, &[resolution]), (14, &offset_le)] };
        let bytes = Build::new(Order::Little).section().interface(1, 0, options).packet(0, ticks, b"q").bytes;
        assert_eq!(read_all(&bytes).0[0].time, Some(want), "{resolution:#x} {ticks}");
    }
    let negative = i64::MIN.to_le_bytes();
    let bytes =
        Build::new(Order::Little).section().interface(1, 0, &[(14, &negative)]).packet(0, 0, b"").bytes;
    assert_eq!(read_all(&bytes).0[0].time, Some(i64::MIN));
}

#[test]
fn pcapng_simple_and_obsolete_packets() {
    for order in ORDERS {
        let build = Build::new(order).section().interface(1, 4, &[]);
        let simple = build.part().u32(60).raw(b"abcd").bytes;
        let obsolete = build.part().u16(0).u16(9).u32(0).u32(7).u32(3).u32(60).raw(b"xyz").bytes;
        let (frames, error) = read_all(&build.block(3, &simple).block(2, &obsolete).bytes);
        assert!(error.is_none());
        assert_eq!((frames[0].time, &frames[0].data[..], frames[0].original_len), (None, &b"abcd"[..], 60));
        assert_eq!(
            (frames[1].time, &frames[1].data[..], frames[1].original_len),
            (Some(7000), &b"xyz"[..], 60)
        );
    }
}

#[test]
fn pcapng_blocks_without_packets_are_skipped_and_some_are_counted() {
    let bytes = Build::new(Order::Little)
        .section()
        .block(0x0bad, &[1; 8])
        .interface(1, 0, &[])
        .block(0x7777, &vec![3; 3 << 20])
        .packet(0, 1, b"q")
        .block(9, b"__CURSOR=1\n")
        .packet(0, 1, b"r")
        .bytes;
    let (frames, error) = read_all(&bytes);
    assert!(error.is_none());
    assert_eq!(frames.iter().map(|f| f.number).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn pcapng_damage_is_named() {
    let good = || Build::new(Order::Little).section().interface(1, 0, &[]);
    let framed =
        |kind: u32, first: u32, last: u32, body: &[u8]| good().u32(kind).u32(first).raw(body).u32(last).bytes;
    for (bytes, want) in [
        (
            good().packet(7, 1, b"q").bytes,
            "byte 56: expected an interface number below 1 (those described so far), found 7",
        ),
        (framed(6, 0, 0, &[]), "byte 52: expected a block length between 32 and 16777216, found 0"),
        (
            framed(6, 0xffff_fffc, 0, &[]),
            "byte 52: expected a block length between 32 and 16777216, found 4294967292",
        ),
        (framed(0x99, 8, 8, &[]), "byte 52: expected a block length between 12 and 1 GiB, found 8"),
        (
            framed(0x99, 16, 20, &[0; 4]),
            "byte 60: expected the block length 16 again at the block's end, found 20",
        ),
        (
            framed(6, 32, 36, &[0; 20]),
            "byte 76: expected the block length 32 again at the block's end, found 36",
        ),
        (
            framed(6, 32, 32, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            "byte 68: expected a captured length of at most 0 bytes, the room in its block, found 1",
        ),
        (framed(0x99, 1000, 0, &[]), "byte 60: expected 984 more bytes of a block, the file ends"),
        (framed(6, 1000, 0, &[]), "byte 48: expected a block of 1000 bytes, the file ends after 12"),
        (good().raw(&[1, 2]).bytes, "byte 48: expected a block header of 8 bytes, the file ends after 2"),
        (
            good().u32(0x0a0d_0d0a).u32(28).raw(&[7; 20]).bytes,
            "byte 56: expected the byte-order magic 0x1a2b3c4d, found 0x07070707",
        ),
        (
            Build::new(Order::Little)
                .block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
                .bytes,
            "byte 12: expected version 1 of the pcapng format, found 2.0",
        ),
    ] {
        assert_eq!(complaint(&bytes), format!("test: damaged at {want}"));
    }
}

#[test]
fn pcapng_lengths_that_are_no_multiple_of_four_are_rounded_up() {
    let bytes = Build::new(Order::Little)
        .section()
        .interface(1, 0, &[])
        .u32(0x99)
        .u32(14)
        .raw(b"ab\0\0")
        .u32(14)
        .packet(0, 1, b"q")
        .bytes;
    let (frames, error) = read_all(&bytes);
    assert_eq!((frames.len(), error.is_none()), (1, true));
}
