//! Messages joined into exchanges: the same exchanges come out, however the frames are cut into batches.

use dhcptool::analysis::transaction::{Batch, Joiner, Options};
use dhcptool::capture::Frame;
use dhcptool::run::gather::Gatherer;
use dhcptool::time::Timestamp;
use dhcptool::wire::Mac;
use dhcptool::wire::frame::Envelope;

/// Messages of: a step of time (1 byte), a client (1 byte), length (2 bytes), then the message, to whom its first byte says.
fn frames(mut rest: &[u8]) -> Vec<(i64, Vec<u8>)> {
    let (mut frames, mut now) = (Vec::new(), 1_700_000_000_000_000_000);
    while let [step, client, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (message, behind) = after.split_at(length);
        rest = behind;
        // From a millisecond back to minutes ahead.
        now += i64::from(*step).pow(4) * 10_000 - 1_000_000;
        let mut envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, *client]));
        if message.first() == Some(&2) {
            (envelope.src_port, envelope.dst_port, envelope.src_ip) = (67, 68, [10, 0, 0, 1].into());
        }
        frames.push((now, envelope.frame(message)));
    }
    frames
}

fn exchanges(frames: &[(i64, Vec<u8>)], together: usize) -> Vec<String> {
    let (mut gatherer, mut joiner) = (Gatherer::of_all(), Joiner::new(Options::default()));
    let mut found = Vec::new();
    for (chunk, first) in frames.chunks(together).zip((1..).step_by(together)) {
        let mut batch = Batch::default();
        for ((time, data), number) in chunk.iter().zip(first..) {
            let frame = Frame { time: Some(Timestamp(*time)), ..Frame::of(number, data) };
            gatherer.frame(&frame, &mut batch);
        }
        joiner.batch(&batch, |_, _| ());
        found.extend(joiner.take_closed());
    }
    joiner.finish();
    found.extend(joiner.take_closed());
    let mut found: Vec<String> = found.iter().map(|exchange| format!("{exchange:?}")).collect();
    found.sort();
    found
}

pub fn check(input: &[u8]) {
    let frames = frames(input);
    if !frames.is_empty() {
        exchanges(&frames, frames.len());
        exchanges(&frames, 1);
    }
}
