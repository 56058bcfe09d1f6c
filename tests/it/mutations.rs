//! Every prefix and every single-byte mutation of a dozen real messages: decoded without panic, shown in every view without
//! panic, and encoded to the same bytes.

use std::path::Path;

use dhcptool::analysis::Selection;
use dhcptool::capture::{self, Frame};
use dhcptool::cli::stream::{Page, Renderer, View};
use dhcptool::output::when::TimeText;
use dhcptool::time::Timestamp;
use dhcptool::wire::frame::{Datagram, Ports, Walker};
use dhcptool::wire::v4::Message;

/// Captures that differ in what their messages hold, and how many messages of each.
const SOURCES: [(&str, usize); 8] = [
    ("dhcp.pcap", 4),
    ("zeek-dhcp.pcap", 2),
    ("netbit-dhcp.pcap", 1),
    ("tcpdump-dhcp-mud.pcap", 1),
    ("overload-both.pcap", 1),
    ("opt-split.pcap", 1),
    ("eccouncil-DHCP.pcapng", 2),
    ("tcpdump-dhcp-rfc4388.pcap", 1),
];

fn messages() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let mut messages = Vec::new();
    for (name, count) in SOURCES {
        let mut reader = capture::open(folder.join(name)).unwrap();
        let mut walker = Walker::new(Ports::default());
        let mut found = Vec::new();
        while let Some(frame) = reader.next().unwrap() {
            walker.walk(frame.link, frame.data, frame.data.len(), 0, |datagram| {
                found.push(datagram.payload.to_vec());
            });
        }
        messages.extend(found.into_iter().take(count));
    }
    assert!(messages.len() >= 12, "{} messages", messages.len());
    messages
}

/// Shows `bytes` in every view; what they look like is held elsewhere.
fn show(bytes: &[u8], views: &mut [Renderer]) {
    let frame = Frame { time: Some(Timestamp(0)), ..Frame::of(1, bytes) };
    let datagram = Datagram::bare(bytes);
    for view in views {
        view.clear();
        assert!(view.datagram(&frame, &datagram) && !view.bytes().is_empty());
    }
}

fn views() -> Vec<Renderer> {
    let views = [View::Json, View::Line, View::Detail, View::Dump];
    views.map(|view| Renderer::new(Selection::default(), view, TimeText::default(), Page::default())).into()
}

#[test]
fn every_prefix() {
    let mut views = views();
    for message in messages() {
        for len in 0..=message.len() {
            let prefix = &message[..len];
            assert_eq!(Message::decode(prefix).encode(), prefix);
            show(prefix, &mut views);
        }
    }
}

#[test]
fn every_mutation_of_one_byte() {
    let mut views = views();
    for message in messages() {
        let mut mutant = message.clone();
        for at in 0..message.len() {
            for value in 0..=255_u8 {
                mutant[at] = value;
                assert_eq!(Message::decode(&mutant).encode(), mutant);
                // The values at which a length, a code or a count changes its meaning.
                if matches!(value, 0..=4 | 52 | 53 | 82 | 127 | 128 | 254 | 255) {
                    show(&mutant, &mut views);
                }
            }
            mutant[at] = message[at];
        }
    }
}
