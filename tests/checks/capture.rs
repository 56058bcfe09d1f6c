//! What holds for every capture, whatever its bytes.

use dhcptool::capture::{CaptureError, FrameOut, Reader, Writer, write::CaptureFormat};

/// Reads `bytes` to the end, writes what was found as pcapng and reads that again.
pub fn check(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new("fuzz", bytes) else { return };
    let (mut seen, mut number, mut offset) = (Vec::new(), 0, 0);
    let mut writer = Writer::new("fuzz", Vec::new(), CaptureFormat::PcapNg);
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                assert!(frame.number > number && frame.offset >= offset, "numbers and offsets grow");
                assert!(frame.data.len() <= bytes.len(), "a frame is part of its file");
                (number, offset) = (frame.number, frame.offset);
                let storable =
                    frame.time.is_none_or(|time| time.nanoseconds() >= 0) && frame.link.0 <= 0xffff;
                if storable && writer.write(&FrameOut::from(frame)).is_ok() {
                    seen.push((frame.data.to_vec(), frame.original_len, frame.link));
                }
            }
            Ok(None) => break,
            Err(error) => {
                let line = error.to_string();
                assert!(!line.chars().any(char::is_control), "an error is one clean line: {line:?}");
                assert!(
                    matches!(error, CaptureError::Damaged { .. }),
                    "nothing but damage can happen: {line}"
                );
                break;
            }
        }
    }
    let written = writer.finish().expect("memory takes everything");
    let mut reader = Reader::new("fuzz", written.as_slice()).expect("what was written is a capture");
    for (data, original_len, link) in seen {
        let frame = reader.next().expect("no damage").expect("as many frames as were written");
        assert_eq!((frame.data, frame.original_len, frame.link), (data.as_slice(), original_len, link));
    }
    assert!(reader.next().expect("no damage").is_none());
}
