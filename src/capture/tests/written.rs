//! What the writer makes of frames.

use std::io;
use std::sync::Arc;

use super::*;
use crate::time::{Clock as _, SystemClock};
use crate::wire::frame::LinkType;

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
    let mut writer = Writer::new("out.pcap", &mut out, CaptureFormat::Pcap);
    writer.write(&frame(1, None, b"abc")).unwrap();
    let error = writer.write(&frame(101, None, b"abc")).unwrap_err();
    assert!(error.to_string().ends_with("write a .pcapng file instead"), "{error}");
    drop(writer);
    assert_eq!(read_all(&out).0.len(), 1);
}

#[test]
fn written_files_without_frames_are_captures() {
    for format in [CaptureFormat::Pcap, CaptureFormat::PcapNg] {
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
    for format in [CaptureFormat::Pcap, CaptureFormat::PcapNg] {
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
    let mut writer = Writer::new("out", &mut out, CaptureFormat::PcapNg);
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
fn a_frame_without_a_time_stays_without() {
    let without = |interface, data| FrameOut { time: None, original_len: 60, ..frame(1, interface, data) };
    let short = |interface, data: &'static [u8]| FrameOut { original_len: 3, ..without(interface, data) };
    let frames = [
        short(Some("eth0"), b"abc"),
        frame(1, Some("eth0"), b"abcd"),
        short(Some("eth0"), b"def"),
        // Cut, of another interface, of another link type, and back.
        without(Some("eth0"), b"ab"),
        frame(1, Some("eth0"), b"abcde"),
        short(Some("eth1"), b"ghi"),
        FrameOut { link: LinkType(101), ..short(Some("eth1"), b"jkl") },
        frame(1, None, b""),
        FrameOut { precision: Precision::Micro, ..short(None, b"mno") },
    ];
    let mut writer = Writer::new("out", Vec::new(), CaptureFormat::PcapNg);
    for frame in &frames {
        let (before, length) = (writer.size(), writer.record_size(frame));
        writer.write(frame).unwrap();
        assert_eq!(writer.size(), before + length);
        assert!(frame.time.is_some() || !writer.stretch(4), "behind a simple packet there is no room");
    }
    assert_eq!(writer.dated(), 0);
    let (read, error) = read_all(&writer.finish().unwrap());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read.len(), frames.len());
    for (read, frame) in read.iter().zip(&frames) {
        let own = (
            read.time.map(Timestamp),
            read.interface.as_deref(),
            LinkType(read.link),
            read.data.as_slice(),
            read.original_len,
        );
        assert_eq!(own, (frame.time, frame.interface, frame.link, frame.data, frame.original_len));
    }
    let mut writer = Writer::new("out.pcap", Vec::new(), CaptureFormat::Pcap);
    writer.write(&frames[0]).unwrap();
    writer.write(&frames[1]).unwrap();
    assert_eq!(writer.dated(), 1);
}

#[test]
fn formats_are_told_by_the_name() {
    for (name, want) in [
        ("a.pcap", CaptureFormat::Pcap),
        ("a.PCAP", CaptureFormat::Pcap),
        ("a.cap", CaptureFormat::Pcap),
        ("a.pcapng", CaptureFormat::PcapNg),
        ("a", CaptureFormat::PcapNg),
    ] {
        assert_eq!(CaptureFormat::of_path(name.as_ref()), want);
    }
}

#[test]
fn sixty_thousand_interfaces_are_written_in_linear_time() {
    let mut writer = Writer::new("many", Vec::new(), CaptureFormat::PcapNg);
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
        let format = if classic { CaptureFormat::Pcap } else { CaptureFormat::PcapNg };
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
}
