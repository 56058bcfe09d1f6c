//! Any bytes as a message: the same bytes come back, from the owned form and through JSON, and no view of them holds a
//! hostile character.
#![no_main]

use dhcptool::analysis::Selection;
use dhcptool::capture::Frame;
use dhcptool::cli::stream::{Renderer, View};
use dhcptool::output::packet::read::read_message;
use dhcptool::output::when::TimeText;
use dhcptool::time::{Precision, Timestamp};
use dhcptool::wire::escape::is_hostile;
use dhcptool::wire::frame::{Datagram, LinkType};
use dhcptool::wire::v4::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (cut, missing, bytes) = input;
    assert_eq!(Message::decode(bytes).encode(), bytes);
    let frame = Frame {
        number: 1,
        time: Some(Timestamp(0)),
        precision: Precision::Micro,
        link: LinkType::ETHERNET,
        interface: None,
        interface_name: None,
        direction: None,
        comment: None,
        data: bytes,
        original_len: 0,
        offset: 0,
    };
    let datagram = Datagram { promised: bytes.len() + usize::from(missing), cut, ..Datagram::bare(bytes) };
    for view in [View::Json, View::Line, View::Detail, View::Dump] {
        let mut renderer = Renderer::new(Selection::default(), view, TimeText::default(), false);
        assert!(renderer.datagram(&frame, &datagram));
        let shown = std::str::from_utf8(renderer.bytes()).unwrap();
        assert!(!shown.chars().any(|c| c != '\n' && is_hostile(c)));
        if view == View::Json {
            let json: serde_json::Value = serde_json::from_str(shown).unwrap();
            if !json["dhcp"].is_null() {
                assert_eq!(read_message(&json).unwrap().encode(), bytes);
            }
        }
    }
});
