//! Messages of both protocols joined into exchanges: each message is in one exchange, however the frames are cut into batches.

use dhcptool::analysis::findings6::story::Story;
use dhcptool::analysis::transaction::{Batch, Both, Closed, Item, Options};
use dhcptool::capture::Frame;
use dhcptool::output::JsonOut;
use dhcptool::output::transaction::{json, json6};
use dhcptool::run::gather::Gatherer;
use dhcptool::time::Timestamp;
use dhcptool::wire::Mac;
use dhcptool::wire::frame::{Envelope, Envelope6};
use dhcptool::wire::v6::types::ALL_RELAYS_AND_SERVERS;

/// Messages of: a step of time (1 byte), a client (1 byte), length (2 bytes), then the message, to whom its first byte says. Clients
/// whose highest bit is set speak DHCPv6.
fn frames(mut rest: &[u8]) -> Vec<(i64, Vec<u8>)> {
    let (mut frames, mut now) = (Vec::new(), 1_700_000_000_000_000_000);
    while let [step, client, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (message, behind) = after.split_at(length);
        rest = behind;
        // From a millisecond back to minutes ahead.
        now += i64::from(*step).pow(4) * 10_000 - 1_000_000;
        frames.push((now, if client & 0x80 == 0 { four(*client, message) } else { six(*client, message) }));
    }
    frames
}

fn four(client: u8, message: &[u8]) -> Vec<u8> {
    let mut envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, client]));
    if message.first() == Some(&2) {
        (envelope.src_port, envelope.dst_port, envelope.src_ip) = (67, 68, [10, 0, 0, 1].into());
    }
    envelope.frame(message)
}

fn six(client: u8, message: &[u8]) -> Vec<u8> {
    let host = |number: u8| (Mac([2, 0, 0, 0, 0, number]), [0xfe80, 0, 0, 0, 0, 0, 0, number.into()].into());
    let (own, server) = (host(client), host(1));
    let (from, to, ports) = match message.first() {
        Some(2 | 7 | 10 | 15 | 37) => (server, own, (547, 546)),
        Some(12) => (own, server, (547, 547)),
        Some(13) => (server, own, (547, 547)),
        _ => (own, (Envelope6::group_mac(ALL_RELAYS_AND_SERVERS), ALL_RELAYS_AND_SERVERS), (546, 547)),
    };
    let envelope = Envelope6 {
        dst_mac: to.0,
        src_mac: from.0,
        vlans: Vec::new(),
        src: from.1,
        dst: to.1,
        hop_limit: 64,
    };
    envelope.udp(ports, message)
}

/// Joins everything, so many frames at a time; how many messages are in exchanges.
fn exchanges(frames: &[(i64, Vec<u8>)], together: usize) -> usize {
    let (mut gatherer, mut joiner) = (Gatherer::of_all(), Both::new(Options::default()));
    let (mut story, mut json) = (Story::default(), JsonOut::new());
    let (mut messages, mut found) = (0, Vec::new());
    for (chunk, first) in frames.chunks(together).zip((1..).step_by(together)) {
        let mut batch = Batch::default();
        for ((time, data), number) in chunk.iter().zip(first..) {
            let frame = Frame { time: Some(Timestamp(*time)), ..Frame::of(number, data) };
            gatherer.frame(&frame, &mut batch);
        }
        joiner.batch(&batch, |item, joined| {
            messages += usize::from(matches!(item, Item::Message(_) | Item::Six(_)));
            if let Item::Six(entry) = item {
                assert!(joined.serial > 0 && joined.role.is_some());
                story.take(&batch.six[entry.heard], joined);
            }
        });
        found.extend(joiner.take_closed());
    }
    joiner.finish();
    found.extend(joiner.take_closed());
    assert_eq!(joiner.open().count() + joiner.open6().count(), 0);
    let mut held = 0;
    for (closed, number) in found.iter().zip(1..) {
        match closed {
            Closed::Four(exchange) => {
                held += exchange.steps.len() + usize::try_from(exchange.left_out).unwrap();
                json::write(exchange, number, None, &[], &mut json);
            }
            Closed::Six(exchange) => {
                held += exchange.steps.len() + usize::try_from(exchange.left_out).unwrap();
                json6::write(exchange, number, None, &story.closed(exchange), &mut json);
            }
        }
        json.end_line();
    }
    story.finish();
    assert_eq!(held, messages, "each message is in one exchange");
    for line in json.buf.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        serde_json::from_slice::<serde_json::Value>(line).unwrap();
    }
    held
}

pub fn check(input: &[u8]) {
    let frames = frames(input);
    if !frames.is_empty() {
        assert_eq!(exchanges(&frames, frames.len()), exchanges(&frames, 1));
    }
}
