//! Any bytes as a message of DHCPv6 or of router discovery: the same bytes come back, from the owned form and through JSON, and no
//! view of them holds a hostile character.
#![no_main]

use dhcptool::analysis::Selection;
use dhcptool::capture::Frame;
use dhcptool::cli::stream::{Renderer, View};
use dhcptool::output::packet::read6::read_six;
use dhcptool::output::when::TimeText;
use dhcptool::time::{Precision, Timestamp};
use dhcptool::wire::escape::is_hostile;
use dhcptool::wire::frame::{Datagram, LinkType, Protocol};
use dhcptool::wire::{nd, v6};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, bool, u8, &[u8])| {
    let (router, cut, missing, bytes) = input;
    let protocol = if router { Protocol::Icmpv6 } else { Protocol::Dhcpv6 };
    if router {
        assert_eq!(nd::Message::decode(bytes).encode(), bytes);
        if !matches!(bytes.first(), Some(133 | 134)) {
            return;
        }
    } else {
        assert_eq!(v6::Message::decode(bytes).encode(), bytes);
    }
    let frame = Frame {
        number: 1,
        time: Some(Timestamp(0)),
        precision: Precision::Micro,
        link: LinkType::ETHERNET,
        interface: None,
        interface_name: None,
        data: bytes,
        original_len: 0,
        offset: 0,
        comment: None,
        direction: None,
    };
    let promised = bytes.len() + usize::from(missing);
    let datagram = Datagram { protocol, promised, cut, ..Datagram::bare(bytes) };
    for view in [View::Json, View::Line, View::Detail, View::Dump] {
        let mut renderer = Renderer::new(Selection::default(), view, TimeText::default(), false);
        assert!(renderer.datagram(&frame, &datagram));
        let shown = std::str::from_utf8(renderer.bytes()).unwrap();
        assert!(!shown.chars().any(|c| c != '\n' && is_hostile(c)));
        if view == View::Json {
            let json: serde_json::Value = serde_json::from_str(shown).unwrap();
            if let Some((_, again)) = read_six(&json).unwrap() {
                assert_eq!(again, bytes);
            }
        }
    }
});
