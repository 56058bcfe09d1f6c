//! Hand-made captures, well-formed and not.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::io::{self, Read, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::bytes::Order;
use super::*;
use crate::time::{Clock as _, Precision, SystemClock, Timestamp};
use crate::wire::frame::LinkType;

/// A frame with everything owned.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    number: u64,
    time: Option<i64>,
    precision: Precision,
    link: u32,
    interface: Option<String>,
    data: Vec<u8>,
    original_len: u32,
}

fn drain<R: Read>(reader: &mut Reader<R>) -> (Vec<Owned>, Option<CaptureError>) {
    let mut frames = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(frame)) => frames.push(Owned {
                number: frame.number,
                time: frame.time.map(Timestamp::nanoseconds),
                precision: frame.precision,
                link: frame.link.0,
                interface: frame.interface_name.map(str::to_owned),
                data: frame.data.to_vec(),
                original_len: frame.original_len,
            }),
            Ok(None) => return (frames, None),
            Err(error) => {
                assert!(matches!(reader.next(), Ok(None)), "an error ends the capture");
                return (frames, Some(error));
            }
        }
    }
}

fn read_all(bytes: &[u8]) -> (Vec<Owned>, Option<CaptureError>) {
    match Reader::new("test", bytes) {
        Ok(mut reader) => drain(&mut reader),
        Err(error) => (Vec::new(), Some(error)),
    }
}

fn complaint(bytes: &[u8]) -> String {
    read_all(bytes).1.map(|error| error.to_string()).unwrap_or_default()
}

/// Builds captures of either byte order.
pub(super) struct Build {
    order: Order,
    pub(super) bytes: Vec<u8>,
}

impl Build {
    pub(super) fn new(order: Order) -> Self {
        Self { order, bytes: Vec::new() }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn u16(self, value: u16) -> Self {
        let bytes = if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.raw(&bytes)
    }

    fn u32(self, value: u32) -> Self {
        let bytes = if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.raw(&bytes)
    }

    pub(super) fn pcap(self, magic: u32, minor: u16, snaplen: u32, link: u32) -> Self {
        self.u32(magic).u16(2).u16(minor).u32(0).u32(0).u32(snaplen).u32(link)
    }

    pub(super) fn record(self, seconds: u32, fraction: u32, original: u32, data: &[u8]) -> Self {
        self.u32(seconds).u32(fraction).u32(u32::try_from(data.len()).unwrap()).u32(original).raw(data)
    }

    pub(super) fn block(self, kind: u32, body: &[u8]) -> Self {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let total = u32::try_from(body.len() + padding.len() + 12).unwrap();
        self.u32(kind).u32(total).raw(body).raw(&padding).u32(total)
    }

    fn part(&self) -> Self {
        Self::new(self.order)
    }

    pub(super) fn section(self) -> Self {
        let body = self.part().u32(0x1a2b_3c4d).u16(1).u16(0).raw(&[0xff; 8]).bytes;
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn interface(self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) -> Self {
        let mut body = self.part().u16(link).u16(0).u32(snaplen);
        for (code, value) in options {
            body = body.u16(*code).u16(u16::try_from(value.len()).unwrap()).raw(value);
            let padding = value.len().next_multiple_of(4) - value.len();
            body = body.raw(&vec![0; padding]);
        }
        self.block(1, &body.bytes)
    }

    pub(super) fn packet(self, interface: u32, ticks: u64, data: &[u8]) -> Self {
        let length = u32::try_from(data.len()).unwrap();
        let (high, low) = (u32::try_from(ticks >> 32).unwrap(), u32::try_from(ticks & 0xffff_ffff).unwrap());
        let body = self.part().u32(interface).u32(high).u32(low).u32(length).u32(length).raw(data).bytes;
        self.block(6, &body)
    }
}

pub(super) const ORDERS: [Order; 2] = [Order::Little, Order::Big];

fn small_pcap(order: Order) -> Vec<u8> {
    Build::new(order).pcap(0xa1b2_c3d4, 4, 65535, 1).record(1, 2, 60, b"abcde").record(3, 4, 3, b"xyz").bytes
}

fn small_pcapng(order: Order) -> Vec<u8> {
    Build::new(order)
        .section()
        .interface(1, 0, &[(2, b"eth0")])
        .packet(0, 1_000_002, b"abcde")
        .block(4, &[0; 4])
        .interface(113, 0, &[(2, b"any"), (9, &[9])])
        .packet(1, 5, b"xyz")
        .bytes
}

fn snoop(version: u32, kind: u32) -> Build {
    Build::new(Order::Big).raw(b"snoop\0\0\0").u32(version).u32(kind)
}

fn small_snoop() -> Vec<u8> {
    // Padded to four bytes, and behind that to what the record says.
    let record =
        |build: Build, size: u32, data: &[u8]| build.u32(60).u32(5).u32(size).u32(0).u32(1).u32(2).raw(data);
    record(record(snoop(2, 4), 32, b"abcde\0\0\0"), 29, b"fghij").bytes
}

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

#[test]
fn every_prefix_delivers_what_is_whole_and_names_the_rest() {
    for whole in [
        small_pcap(Order::Little),
        small_pcap(Order::Big),
        small_pcapng(Order::Little),
        small_pcapng(Order::Big),
        small_snoop(),
    ] {
        let (all, error) = read_all(&whole);
        assert!(error.is_none());
        for end in 0..whole.len() {
            let (frames, error) = read_all(&whole[..end]);
            assert_eq!(frames[..], all[..frames.len()], "cut at {end}");
            assert!(frames.len() <= all.len());
            if let Some(error) = error {
                assert!(error.is_damage(), "cut at {end}: {error}");
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
}

#[test]
fn every_mutation_ends_without_panic() {
    for whole in [small_pcap(Order::Little), small_pcapng(Order::Big), small_snoop()] {
        for place in 0..whole.len() {
            for value in 0..=255 {
                let mut bytes = whole.clone();
                bytes[place] = value;
                let (frames, _) = read_all(&bytes);
                assert!(frames.len() <= 4);
            }
        }
    }
}

#[test]
fn what_is_no_capture_is_called_that() {
    assert_eq!(complaint(b""), "test: not a capture: the file is empty");
    let text = "test: not a capture: expected the magic number of pcap or pcapng at byte 0, found ";
    assert_eq!(complaint(b"Hello world"), format!("{text}\"Hello wo\""));
    assert_eq!(complaint(b"a\n\"b"), format!("{text}\"a\\n\\\"b\""));
    assert_eq!(complaint(b"\x1b[31mxyz"), format!("{text}0x1b5b33316d78797a"));
    assert_eq!(complaint(b"ab"), format!("{text}\"ab\""));
    assert_eq!(complaint(b"BZh91AY"), format!("{text}bzip2 data; decompress it first"));
}

#[test]
fn missing_files_directories_and_hostile_names_have_errors_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let Err(error) = open(folder.path()) else { panic!("a directory") };
    assert!(matches!(error, CaptureError::Directory { .. }) && !error.is_damage());
    let Err(error) = open(folder.path().join("a\u{1b}b")) else { panic!("missing") };
    assert!(matches!(error, CaptureError::Open { .. }) && !error.is_damage());
    assert!(error.to_string().contains("a\\u{1b}b"), "{error}");
}

fn opened(bytes: &[u8]) -> (Vec<Owned>, Option<CaptureError>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    match open(file.path()) {
        Ok(mut reader) => {
            assert_eq!(reader.size(), u64::try_from(bytes.len()).ok());
            let result = drain(&mut reader);
            assert!(reader.position() <= reader.size().unwrap());
            result
        }
        Err(error) => (Vec::new(), Some(error)),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::GzBuilder::new()
        .filename("x")
        .comment("y")
        .extra([1, 2])
        .write(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    let mut out = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    out.include_checksum(true).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A capture of some megabytes that compresses badly enough to fill several blocks.
fn large_pcap() -> Vec<u8> {
    let mut build = Build::new(Order::Little).pcap(0xa1b2_c3d4, 4, 65535, 1);
    let mut random = fastrand::Rng::with_seed(7);
    for second in 0..4000 {
        let noise: Vec<u8> = (0..700).map(|_| random.u8(0..40)).collect();
        build = build.record(second, 0, 700, &noise);
    }
    build.bytes
}

type Compressor = fn(&[u8]) -> Vec<u8>;
const COMPRESSORS: [Compressor; 3] = [gzip, zstandard, xz];

#[test]
fn compressed_captures_read_like_plain_ones() {
    let plain = large_pcap();
    let (want, _) = read_all(&plain);
    for compress in COMPRESSORS {
        let (frames, error) = opened(&compress(&plain));
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames, want);
        // Twice, and as two members that make one capture.
        assert_eq!(opened(&gzip(&compress(&plain))).0, want);
        let (front, back) = plain.split_at(plain.len() / 2);
        let (frames, error) = opened(&[compress(front), compress(back)].concat());
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames, want);
    }
    assert!(matches!(opened(&gzip(&gzip(&gzip(&plain)))).1, Some(CaptureError::NotACapture { .. })));
    // Zeros behind the last member are padding.
    assert!(opened(&[gzip(&plain), vec![0; 512]].concat()).1.is_none());
}

#[test]
fn compressed_captures_deliver_all_that_stands_before_the_damage() {
    let plain = large_pcap();
    let (want, _) = read_all(&plain);
    for (compress, name) in COMPRESSORS.into_iter().zip(["gzip", "zstd", "xz"]) {
        let whole = compress(&plain);
        for keep in [whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let (frames, error) = opened(&whole[..keep]);
            assert_eq!(frames[..], want[..frames.len()]);
            // The formats work in blocks, of which one may be lost.
            let expected = want.len() * keep / whole.len();
            assert!(frames.len() + 400 > expected, "{name}: {} of {expected}", frames.len());
            let Some(CaptureError::Damaged { compressed, .. }) = &error else { panic!("{name}: {error:?}") };
            assert_eq!(*compressed, u64::try_from(keep).ok());
        }
        let mut broken = whole.clone();
        let middle = whole.len() / 2;
        broken[middle..middle + 40].fill(0xff);
        let (frames, error) = opened(&broken);
        assert!(error.unwrap().is_damage());
        let intact = frames.iter().zip(&want).take_while(|(frame, want)| frame == want).count();
        assert!(intact + 400 > want.len() / 2, "{name}: {intact} of {}", want.len() / 2);
    }
}

#[test]
fn every_prefix_and_mutation_of_a_small_compressed_capture() {
    let (want, _) = read_all(&small_pcap(Order::Little));
    for compress in COMPRESSORS {
        let whole = compress(&small_pcap(Order::Little));
        let place = |end: usize| {
            Reader::new(
                "test",
                compress::Compression::recognise(&whole)
                    .unwrap()
                    .decoder(Box::new(io::Cursor::new(whole[..end].to_vec())))
                    .unwrap(),
            )
        };
        for end in 1..whole.len() {
            let Ok(mut reader) = place(end) else { continue };
            let (frames, error) = drain(&mut reader);
            assert_eq!(frames[..], want[..frames.len()]);
            assert!(error.is_some(), "cut at {end} of {}", whole.len());
        }
        for place in 0..whole.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] ^= flip;
                let _ = opened_in_memory(bytes);
            }
        }
    }
}

fn opened_in_memory(bytes: Vec<u8>) -> Option<CaptureError> {
    let compression = compress::Compression::recognise(&bytes)?;
    let input = compression.decoder(Box::new(io::Cursor::new(bytes))).ok()?;
    match Reader::new("test", input) {
        Ok(mut reader) => drain(&mut reader).1,
        Err(error) => Some(error),
    }
}

/// Gives out its pieces one by one, with an end of file between them.
struct Pieces(Vec<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let piece = self.0.remove(0);
        out[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

#[test]
fn a_growing_capture_is_followed_byte_by_byte() {
    for whole in [small_pcap(Order::Little), small_pcapng(Order::Big)] {
        let (want, _) = read_all(&whole);
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        for byte in &whole {
            pieces.extend([vec![*byte], vec![]]);
        }
        let waits = Arc::new(AtomicUsize::new(0));
        let (counter, limit) = (Arc::clone(&waits), whole.len());
        let waiter = Box::new(move || counter.fetch_add(1, Ordering::Relaxed) < limit);
        let mut reader = Reader::following("test", Pieces(pieces), waiter).unwrap();
        let (frames, error) = drain(&mut reader);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames, want);
        assert_eq!(waits.load(Ordering::Relaxed), whole.len() + 1);
    }
}

#[test]
fn a_followed_capture_that_becomes_shorter_is_told() {
    let whole = small_pcap(Order::Little);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &whole).unwrap();
    let handle = file.reopen().unwrap();
    let waiter = Box::new(move || handle.set_len(30).is_ok());
    let mut reader = super::follow(file.path(), waiter).unwrap();
    let (frames, error) = drain(&mut reader);
    assert_eq!(frames, read_all(&whole).0);
    let error = error.unwrap();
    assert!(error.is_damage());
    assert!(
        error.to_string().ends_with("it became shorter (30 bytes), so that it has to be read anew"),
        "{error}"
    );
}

#[test]
fn a_compressed_capture_is_not_followed() {
    for compress in COMPRESSORS {
        let whole = compress(&small_pcap(Order::Little));
        let Err(error) = Reader::following("x.gz", &whole[..], Box::new(|| false)) else {
            panic!("it was read as a capture")
        };
        assert_eq!(
            error.to_string(),
            "x.gz: a compressed capture cannot be followed; without --follow it is decoded to its end"
        );
        assert!(!error.is_damage());
    }
}

#[test]
fn a_followed_capture_may_stop_inside_a_record() {
    let whole = small_pcap(Order::Little);
    let mut reader = Reader::following("test", &whole[..whole.len() - 1], Box::new(|| false)).unwrap();
    let (frames, error) = drain(&mut reader);
    assert_eq!((frames.len(), error.is_none()), (1, true));
}

fn frame<'a>(link: u32, interface: Option<&'a str>, data: &'a [u8]) -> FrameOut<'a> {
    FrameOut {
        time: Some(Timestamp(1_700_000_000_123_456_789)),
        precision: Precision::Nano,
        link: LinkType(link),
        interface,
        data,
        original_len: 60,
        direction: None,
        comment: None,
    }
}

#[test]
fn written_pcap_refuses_a_second_link_type() {
    let mut out = Vec::new();
    let mut writer = Writer::new("out.pcap", &mut out, Format::Pcap);
    writer.write(&frame(1, None, b"abc")).unwrap();
    let error = writer.write(&frame(101, None, b"abc")).unwrap_err();
    assert!(error.to_string().ends_with("write a .pcapng file instead"), "{error}");
    drop(writer);
    assert_eq!(read_all(&out).0.len(), 1);
}

#[test]
fn written_files_without_frames_are_captures() {
    for format in [Format::Pcap, Format::PcapNg] {
        let mut out = Vec::new();
        drop(Writer::new("out", &mut out, format));
        let (frames, error) = read_all(&out);
        assert!(frames.is_empty() && error.is_none(), "{error:?}");
    }
}

/// Remembers each call.
#[derive(Clone, Default)]
struct Calls(Arc<std::sync::Mutex<Vec<Vec<u8>>>>);

impl io::Write for Calls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn flushed_records_go_out_in_one_call_each() {
    for format in [Format::Pcap, Format::PcapNg] {
        let calls = Calls::default();
        let mut writer = Writer::new("out", calls.clone(), format);
        for _ in 0..3 {
            writer.write(&frame(1, Some("eth0"), b"abc")).unwrap();
            writer.flush().unwrap();
        }
        let calls = calls.0.lock().unwrap();
        assert_eq!(calls.len(), 3);
        for end in 1..=calls.len() {
            let (frames, error) = read_all(&calls[..end].concat());
            assert_eq!((frames.len(), error.is_none()), (end, true));
        }
    }
}

#[test]
fn comments_and_long_names_keep_the_file_whole() {
    let mut out = Vec::new();
    let mut writer = Writer::new("out", &mut out, Format::PcapNg);
    let long = "é".repeat(40_000);
    writer.write(&FrameOut { comment: Some(&long), ..frame(1, Some(&long), b"abc") }).unwrap();
    writer.write(&frame(1, Some("eth0"), b"x")).unwrap();
    drop(writer);
    let (frames, error) = read_all(&out);
    assert!(error.is_none());
    assert_eq!(frames[0].interface.as_deref().map(str::len), Some(256));
    assert_eq!(frames[1].interface.as_deref(), Some("eth0"));
}

#[test]
fn formats_are_told_by_the_name() {
    for (name, want) in [
        ("a.pcap", Format::Pcap),
        ("a.PCAP", Format::Pcap),
        ("a.cap", Format::Pcap),
        ("a.pcapng", Format::PcapNg),
        ("a", Format::PcapNg),
    ] {
        assert_eq!(Format::of_path(name.as_ref()), want);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        nano in any::<bool>(),
        classic in any::<bool>(),
        frames in prop::collection::vec(
            (0_i64..4_000_000_000_000_000_000, 0_u32..3, 0_usize..4, prop::collection::vec(any::<u8>(), 0..200), any::<u32>()),
            0..40,
        ),
    ) {
        let names = [None, Some("eth0"), Some("wlan0"), Some("a b")];
        let precision = if nano { Precision::Nano } else { Precision::Micro };
        let format = if classic { Format::Pcap } else { Format::PcapNg };
        let mut out = Vec::new();
        let mut writer = Writer::new("out", &mut out, format);
        let mut want = Vec::new();
        for (index, (time, link, name, data, original_len)) in frames.iter().enumerate() {
            let link = if classic { 1 } else { link + 1 };
            writer.write(&FrameOut {
                time: Some(Timestamp(*time)),
                precision,
                link: LinkType(link),
                interface: names[*name],
                data,
                original_len: *original_len,
                direction: None,
                comment: names[*name],
            }).unwrap();
            want.push(Owned {
                number: u64::try_from(index).unwrap() + 1,
                time: Some(if nano { *time } else { time - time % 1000 }),
                precision,
                link,
                interface: if classic { None } else { names[*name].map(str::to_owned) },
                data: data.clone(),
                original_len: *original_len,
            });
        }
        drop(writer);
        let (got, error) = read_all(&out);
        prop_assert!(error.is_none());
        prop_assert_eq!(got, want);
    }

    #[test]
    fn noise_behind_a_good_start_ends_without_panic(order in any::<bool>(), noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let order = if order { Order::Big } else { Order::Little };
        for mut bytes in [small_pcap(order), small_pcapng(order)] {
            bytes.extend(&noise);
            let (frames, _) = read_all(&bytes);
            prop_assert!(frames.len() >= 2);
        }
    }
}

#[test]
fn sixty_thousand_interfaces_are_written_in_linear_time() {
    let mut writer = Writer::new("many", Vec::new(), Format::PcapNg);
    let names: Vec<String> = (0..60_000).map(|number| format!("veth{number}")).collect();
    let began = SystemClock.now();
    for round in 0..2 {
        for name in &names {
            let frame = FrameOut {
                time: Some(Timestamp::new(round, 0)),
                precision: Precision::Nano,
                link: LinkType::ETHERNET,
                interface: Some(name),
                data: &[0; 14],
                original_len: 14,
                direction: None,
                comment: None,
            };
            writer.write(&frame).unwrap();
        }
    }
    let took = SystemClock.now().since(began);
    // Two times sixty thousand searches through sixty thousand names take a minute.
    assert!(took < 10_000_000_000, "{took} ns");
    let written = writer.finish().unwrap();
    let mut reader = Reader::new("many", written.as_slice()).unwrap();
    let mut last = None;
    while let Some(frame) = reader.next().unwrap() {
        last = frame.interface_name.map(str::to_owned);
    }
    assert_eq!(last.as_deref(), Some("veth59999"));
}
