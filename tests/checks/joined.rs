//! Messages of both protocols joined into exchanges: each message is in one exchange, however the frames are cut into batches.

use dhcptool::analysis::findings6::story::Story;
use dhcptool::analysis::transaction::{Batch, Both, Closed, Follow, Item, Joined, Options};
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

/// Joins, and writes what closes.
struct Joining {
    joiner: Both,
    story: Story,
    json: JsonOut,
    messages: usize,
    /// Messages of what has closed, and how many exchanges these are.
    held: usize,
    number: u64,
}

impl Follow for Joining {
    fn joiner(&mut self) -> &mut Both {
        &mut self.joiner
    }

    fn joined(&mut self, item: &Item, joined: Joined, batch: &Batch) {
        self.messages += usize::from(matches!(item, Item::Message(_) | Item::Six(_)));
        if let Item::Six(entry) = item {
            assert!(joined.serial > 0 && joined.role.is_some());
            self.story.take(&batch.six[entry.heard], joined);
        }
    }

    fn closed(&mut self, closed: Closed) {
        self.number += 1;
        match &closed {
            Closed::Four(exchange) => {
                self.held += exchange.steps.len() + usize::try_from(exchange.left_out).unwrap();
                json::write(exchange, self.number, None, &[], &mut self.json);
            }
            Closed::Six(exchange) => {
                self.held += exchange.steps.len() + usize::try_from(exchange.left_out).unwrap();
                json6::write(exchange, self.number, None, &self.story.closed(exchange), &mut self.json);
            }
        }
        self.json.end_line();
    }
}

/// Joins everything, so many frames at a time; what is told of it.
fn exchanges(frames: &[(i64, Vec<u8>)], together: usize) -> Vec<u8> {
    let mut gatherer = Gatherer::of_all();
    let mut joining = Joining {
        joiner: Both::new(Options::default()),
        story: Story::default(),
        json: JsonOut::new(),
        messages: 0,
        held: 0,
        number: 0,
    };
    for (chunk, first) in frames.chunks(together).zip((1..).step_by(together)) {
        let mut batch = Batch::default();
        for ((time, data), number) in chunk.iter().zip(first..) {
            let frame = Frame { time: Some(Timestamp(*time)), ..Frame::of(number, data) };
            gatherer.frame(&frame, &mut batch);
        }
        joining.follow(&batch);
    }
    joining.joiner.finish();
    joining.hand_on();
    assert_eq!(joining.joiner.open().count() + joining.joiner.open6().count(), 0);
    assert_eq!(joining.held, joining.messages, "each message is in one exchange");
    joining.story.finish();
    let json = joining.json.buf;
    for line in json.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        serde_json::from_slice::<serde_json::Value>(line).unwrap();
    }
    json
}

pub fn check(input: &[u8]) {
    let frames = frames(input);
    if !frames.is_empty() {
        assert!(exchanges(&frames, frames.len()) == exchanges(&frames, 1));
    }
}
