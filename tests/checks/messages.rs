//! Any bytes as a message: the same bytes come back, from the owned form and through JSON, and no view of them holds a
//! hostile character. The first two bytes say that the capture cut it, and how many bytes are missing.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use dhcptool::analysis::Selection;
use dhcptool::capture::Frame;
use dhcptool::cli::stream::{Page, Renderer, View};
use dhcptool::output::flat::{Plan, RowFormat, Rows, columns};
use dhcptool::output::packet::read::read_message;
use dhcptool::output::packet::read6::read_six;
use dhcptool::output::packet::record::PacketRecord;
use dhcptool::output::when::TimeText;
use dhcptool::time::Timestamp;
use dhcptool::wire::escape::is_hostile;
use dhcptool::wire::frame::{Datagram, Protocol};
use dhcptool::wire::{nd, v4, v6};

fn shown(datagram: &Datagram<'_>, view: View) -> String {
    let frame = Frame { time: Some(Timestamp(0)), ..Frame::of(1, datagram.payload) };
    let mut renderer = Renderer::new(Selection::default(), view, TimeText::default(), Page::default());
    assert!(renderer.datagram(&frame, datagram));
    let text = std::str::from_utf8(renderer.bytes()).unwrap().to_owned();
    assert!(!text.chars().any(|c| c != '\n' && is_hostile(c)), "{text:?}");
    text
}

fn views(input: &[u8], protocol: Protocol, again: impl Fn(&serde_json::Value) -> Option<Vec<u8>>) {
    let [cut, missing, bytes @ ..] = input else { return };
    let promised = bytes.len() + usize::from(*missing);
    let datagram = Datagram { protocol, promised, cut: cut & 1 == 1, ..Datagram::bare(bytes) };
    rows(&datagram);
    for view in [View::Json, View::Line, View::Detail, View::Dump] {
        let text = shown(&datagram, view);
        if view == View::Json {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            if let Some(again) = again(&json) {
                assert_eq!(again, bytes);
            }
        }
    }
}

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| Arc::new(Plan::all(&columns::PACKET)));

thread_local! {
    /// Remembers what the messages before had alike.
    static ROWS: RefCell<Rows> = RefCell::new(Rows::new(Arc::clone(&PLAN), RowFormat::Csv));
}

fn row(rows: &mut Rows, datagram: &Datagram<'_>) -> String {
    let packet = v4::Packet::new(datagram.payload);
    let mut outline = v4::Outline::default();
    outline.read(&packet, datagram.promised, datagram.cut);
    let record = PacketRecord::of(datagram, packet, &outline, datagram.payload.len());
    let mut out = Vec::new();
    match datagram.protocol {
        Protocol::Dhcpv4 => rows.write(&record, &mut out),
        _ => rows.write_six(&record, &[], &mut out),
    }
    String::from_utf8(out).unwrap()
}

/// The row of a message is one line, and the same whatever was written before.
fn rows(datagram: &Datagram<'_>) {
    let alone = row(&mut Rows::new(Arc::clone(&PLAN), RowFormat::Csv), datagram);
    let line = alone.strip_suffix('\n').unwrap();
    assert!(!line.chars().any(is_hostile), "{line:?}");
    // Twice, so that it becomes what is remembered.
    for _ in 0..2 {
        assert_eq!(ROWS.with_borrow_mut(|rows| row(rows, datagram)), alone);
    }
}

pub fn check(input: &[u8]) {
    let bytes = input.get(2..).unwrap_or_default();
    assert_eq!(v4::Message::decode(bytes).encode(), bytes);
    views(input, Protocol::Dhcpv4, |json| {
        (!json["dhcp"].is_null()).then(|| read_message(json).unwrap().encode())
    });
}

pub fn check_dhcpv6(input: &[u8]) {
    let bytes = input.get(2..).unwrap_or_default();
    assert_eq!(v6::Message::decode(bytes).encode(), bytes);
    views(input, Protocol::Dhcpv6, |json| read_six(json).unwrap().map(|(_, again)| again));
}

pub fn check_nd(input: &[u8]) {
    let bytes = input.get(2..).unwrap_or_default();
    assert_eq!(nd::Message::decode(bytes).encode(), bytes);
    if matches!(bytes.first(), Some(133 | 134)) {
        views(input, Protocol::Icmpv6, |json| read_six(json).unwrap().map(|(_, again)| again));
    }
}
