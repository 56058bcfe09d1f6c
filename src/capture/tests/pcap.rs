//! pcap in its orders, precisions and dialects.

use super::*;

#[test]
fn pcap_in_both_orders_and_precisions() {
    for order in ORDERS {
        for (magic, precision, nanoseconds) in
            [(0xa1b2_c3d4, Precision::Micro, 2000), (0xa1b2_3c4d, Precision::Nano, 2)]
        {
            let bytes = Build::new(order).pcap(magic, 4, 65535, 1).record(0xffff_ffff, 2, 60, b"abcde").bytes;
            let (frames, error) = read_all(&bytes);
            assert!(error.is_none());
            let want = Owned {
                number: 1,
                time: Some(0xffff_ffff * 1_000_000_000 + nanoseconds),
                precision,
                link: 1,
                interface: None,
                data: b"abcde".to_vec(),
                original_len: 60,
            };
            assert_eq!(frames, [want]);
        }
    }
}

#[test]
fn pcap_of_the_modified_format_has_longer_record_headers() {
    for order in ORDERS {
        let bytes = Build::new(order)
            .pcap(0xa1b2_cd34, 4, 0, 1)
            .record(1, 2, 5, b"")
            .raw(&[9; 8])
            .record(1, 3, 0, b"")
            .raw(&[9; 8])
            .bytes;
        assert_eq!(read_all(&bytes).0.len(), 2);
    }
}

#[test]
fn pcap_link_type_is_told_from_the_frame_check_bits() {
    let bytes = Build::new(Order::Little).pcap(0xa1b2_c3d4, 4, 0, 0x2400_0069).record(0, 0, 0, b"").bytes;
    assert_eq!(read_all(&bytes).0[0].link, 105);
}

#[test]
fn pcap_of_old_versions_holds_the_lengths_swapped() {
    for (minor, captured, original) in [(1, 60, 5), (3, 60, 5), (3, 5, 60)] {
        let bytes = Build::new(Order::Little)
            .pcap(0xa1b2_c3d4, minor, 68, 1)
            .u32(0)
            .u32(0)
            .u32(captured)
            .u32(original)
            .raw(b"abcde")
            .bytes;
        let (frames, error) = read_all(&bytes);
        assert!(error.is_none());
        assert_eq!((frames[0].data.len(), frames[0].original_len), (5, 60), "{minor} {captured}");
    }
}

#[test]
fn pcap_of_aix_has_its_own_link_types_and_nanoseconds() {
    let bytes = Build::new(Order::Big).pcap(0xa1b2_c3d4, 2, 68, 6).record(1, 7, 5, b"abcde").bytes;
    let (frames, _) = read_all(&bytes);
    assert_eq!((frames[0].link, frames[0].time), (1, Some(1_000_000_007)));
}

#[test]
fn pcap_fraction_beyond_a_second_carries_over() {
    let bytes = Build::new(Order::Little).pcap(0xa1b2_c3d4, 4, 0, 1).record(1, 1_000_001, 0, b"").bytes;
    assert_eq!(read_all(&bytes).0[0].time, Some(2_000_001_000));
}

#[test]
fn pcap_snap_length_may_lie() {
    for snaplen in [0, 1, u32::MAX] {
        let bytes =
            Build::new(Order::Little).pcap(0xa1b2_c3d4, 4, snaplen, 1).record(0, 0, 5, b"abcde").bytes;
        assert_eq!(read_all(&bytes).0.len(), 1);
    }
}

#[test]
fn pcap_record_longer_than_any_is_damage() {
    let bytes = Build::new(Order::Little)
        .pcap(0xa1b2_c3d4, 4, 65535, 1)
        .record(0, 0, 5, b"abcde")
        .u32(0)
        .u32(0)
        .u32(300_000)
        .u32(0)
        .bytes;
    let (frames, error) = read_all(&bytes);
    assert_eq!(frames.len(), 1);
    assert_eq!(
        error.unwrap().to_string(),
        "test: damaged at byte 53: expected a captured length of at most 262144 bytes, found 300000"
    );
}

#[test]
fn pcap_records_larger_than_the_buffer_are_read() {
    let large = vec![7; 3 << 20];
    let bytes = Build::new(Order::Little)
        .pcap(0xa1b2_c3d4, 4, u32::MAX, 1)
        .record(0, 0, 5, &large)
        .record(0, 0, 5, b"abc")
        .bytes;
    let (frames, error) = read_all(&bytes);
    assert!(error.is_none());
    assert_eq!((frames[0].data.len(), frames[1].data.len()), (3 << 20, 3));
}
