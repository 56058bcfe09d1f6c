//! OpenFlow: frames that a switch hands to its controller and gets back, in whole TCP segments.

use super::Layer;
use super::bytes::Bytes;
use super::step::{Context, What};

type Step<'a> = Option<(What, Bytes<'a>)>;

/// The TCP ports of controllers: assigned, and used before.
pub(super) const PORTS: [u16; 2] = [6653, 6633];

/// Whether a TCP segment is to or from a controller.
#[inline]
pub(super) fn is_on(ports: [u8; 4]) -> bool {
    let [s0, s1, d0, d1] = ports;
    let [one, other] = PORTS;
    // Every frame of TCP is asked; a loop over two would take as long as all else about it.
    let is = |port: u16| port == one || port == other;
    is(u16::from_be_bytes([s0, s1])) || is(u16::from_be_bytes([d0, d1]))
}

/// A TCP segment to or from a controller.
pub(super) fn segment<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, _) = bytes.chunk::<20>()?;
    if !is_on(*head.first_chunk()?) {
        return None;
    }
    let body = bytes.skip((usize::from(head[12] >> 4) << 2).max(20))?;
    context.push(Layer::Tcp)?;
    context.push(Layer::OpenFlow)?;
    Some((What::OpenFlow, body))
}

/// The frames in the messages of a segment.
pub(super) fn frames(bytes: Bytes<'_>) -> impl Iterator<Item = (What, Bytes<'_>)> {
    let mut rest = Some(bytes);
    let messages = std::iter::from_fn(move || {
        let bytes = rest?;
        // Versions 1.0 to 1.5.
        let length = usize::from(bytes.be16(2)?);
        if !(1..=6).contains(&bytes.u8(0)?) || length < 8 {
            return None;
        }
        rest = bytes.skip(length);
        Some(bytes.limit(length))
    });
    messages.filter_map(frame)
}

/// The frame in a message that carries one: version, type, length, transaction, then what the version says.
fn frame(message: Bytes<'_>) -> Step<'_> {
    const PACKET_IN: u8 = 10;
    const PACKET_OUT: u8 = 13;
    /// A match is filled up to eights.
    fn behind_match(bytes: Bytes<'_>) -> Option<Bytes<'_>> {
        bytes.skip(usize::from(bytes.be16(2)?).next_multiple_of(8))
    }
    let body = message.skip(8)?;
    let data = match (message.u8(1)?, message.u8(0)?) {
        (PACKET_IN, 1) => body.skip(10)?,
        (PACKET_IN, 2) => body.skip(16)?,
        (PACKET_IN, 3) => behind_match(body.skip(8)?)?.skip(2)?,
        (PACKET_IN, 4..) => behind_match(body.skip(16)?)?.skip(2)?,
        (PACKET_OUT, 1) => body.skip(usize::from(body.be16(6)?).saturating_add(8))?,
        (PACKET_OUT, 2..=5) => body.skip(usize::from(body.be16(8)?).saturating_add(16))?,
        (PACKET_OUT, 6) => behind_match(body.skip(8)?)?.skip(usize::from(body.be16(4)?))?,
        _ => return None,
    };
    Some((What::Ethernet, data))
}
