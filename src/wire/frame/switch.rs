//! Tags that the chips of switches and access networks put into Ethernet frames, and what runs between switches.

use super::bytes::Bytes;
use super::step::{Context, What};
use super::{Layer, Link, Unread, link};
use crate::wire::addr::HwAddr;

type Step<'a> = Option<(What, Bytes<'a>)>;

/// An Ethernet frame whose addresses are followed by a tag of `length` bytes that no `EtherType` announces.
pub(super) fn tagged<'a>(bytes: Bytes<'a>, context: &mut Context, length: usize) -> Step<'a> {
    let (addresses, rest) = bytes.chunk::<12>()?;
    let (dst, src) = addresses.split_at_checked(6)?;
    let (src, dst) = (Some(HwAddr::from_slice(src)), Some(HwAddr::from_slice(dst)));
    context.push_link(Link { layer: Layer::Ethernet, src, dst })?;
    marvell_or_other(rest, context, length)
}

fn marvell_or_other<'a>(bytes: Bytes<'a>, context: &mut Context, length: usize) -> Step<'a> {
    match length {
        MARVELL => marvell(bytes, context),
        MARVELL_ETHERTYPE => marvell(bytes.skip(4)?, context),
        _ => next(bytes.skip(length)?, context),
    }
}

/// Bytes of Marvell's tag without an `EtherType` of its own.
pub(super) const MARVELL: usize = 4;
/// Bytes of Marvell's tag with one.
pub(super) const MARVELL_ETHERTYPE: usize = 8;
/// Bytes of Broadcom's tag.
pub(super) const BROADCOM: usize = 4;

/// Marvell's tag stands in place of a VLAN tag, which it takes in.
pub(super) fn marvell<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const WAS_TAGGED: u8 = 0x20;
    let (&[first, second, high, low], rest) = bytes.chunk::<4>()?;
    let step = next(rest, context)?;
    if first & WAS_TAGGED != 0 {
        context.push(Layer::Vlan)?;
        // The drop-eligible bit has its place in the second byte.
        let control = u16::from_be_bytes([high, low]) & 0xefff | u16::from(second & 1) << 12;
        context.vlans.push(control);
    }
    Some(step)
}

/// Realtek's tags, behind their `EtherType`: the one of eight bytes in all has protocol 4, the one of four has 9 or 10 in its
/// first four bits; other protocols carry no frame.
pub(super) fn realtek<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    match bytes.u8(0)? {
        4 => next(bytes.skip(6)?, context),
        first if matches!(first >> 4, 9 | 10) => next(bytes.skip(2)?, context),
        _ => None,
    }
}

/// Arista's time stamp: subtype 1, a version that says how wide it is, the stamp.
pub(super) fn arista<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[_, subtype, _, version], rest) = bytes.chunk::<4>()?;
    match (subtype, version) {
        (1, 0x10) => next(rest.skip(8)?, context),
        (1, 0x20) => next(rest.skip(6)?, context),
        _ => None,
    }
}

/// The `EtherType` behind a tag.
fn next<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (next, body) = bytes.chunk::<2>()?;
    context.push(Layer::Tag)?;
    Some((What::EtherType(u16::from_be_bytes(*next)), body))
}

/// Cisco's `FabricPath`: forwarding tag and time to live, then the frame.
pub(super) fn fabric_path<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let body = bytes.skip(2)?;
    context.push(Layer::FabricPath)?;
    Some((What::Ethernet, body))
}

/// B.A.T.M.A.N. advanced, compatibility versions 14 and 15: those packets that carry a frame.
pub(super) fn batman<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let length = match (bytes.u8(1)?, bytes.u8(0)?) {
        // Unicast.
        (15, 0x40) | (14, 0x03) => 10,
        // Unicast with both addresses.
        (15, 0x42) | (14, 0x09) => 18,
        // Broadcast.
        (15, 0x01) | (14, 0x04) => 14,
        // Pieces of a frame, and frames coded together.
        (15, 0x41 | 0x02) | (14, 0x06 | 0x08) => {
            context.unread = Some(Unread::Pieces(Layer::Batman));
            return None;
        }
        _ => return None,
    };
    let body = bytes.skip(length)?;
    context.push(Layer::Batman)?;
    Some((What::Ethernet, body))
}

/// A DOCSIS frame: control, parameter, length, extended header, check sequence; then a frame with its checksum.
pub(super) fn docsis<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[control, parameter, _, _], rest) = bytes.chunk::<4>()?;
    if control & 0xfe == CONCATENATION {
        let body = rest.skip(2)?;
        // A header of its own, and counted as one: a concatenation may hold another, as deep as layers go.
        context.push(Layer::Docsis)?;
        return Some((What::Concatenated, body));
    }
    let extended = if control & 1 == 0 { 0 } else { usize::from(parameter) };
    // Packets, of all modems and of those that understand later versions.
    if control >> 6 != 0 && control >> 6 != 2 {
        return None;
    }
    if is_private(rest.limit(extended).have) {
        context.unread = Some(Unread::Encrypted(Layer::Docsis));
        return None;
    }
    // Its checksum may be left out, so nothing is cut off for it.
    let body = rest.skip(extended)?.skip(2)?;
    context.push(Layer::Docsis)?;
    Some((What::Ethernet, body))
}

/// Multilink Frame Relay between networks (FRF.16): beginning, end and control bits with a number of twelve bits, then a frame
/// where both bits are set.
pub(super) fn multilink<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const BOTH: u8 = 0xc0;
    const CONTROL: u8 = 0x20;
    match bytes.u8(0)? {
        first if first & CONTROL != 0 => None,
        first if first & BOTH == BOTH => link::frame_relay(bytes.skip(2)?, context),
        _ => {
            context.unread = Some(Unread::Pieces(Layer::FrameRelay));
            None
        }
    }
}

const CONCATENATION: u8 = 0xf8;

/// Whether an extended header says that what follows it is encrypted: elements of type and length (four bits each), value; in those
/// of baseline privacy the top bit of the second byte tells.
fn is_private(mut header: &[u8]) -> bool {
    while let [first, rest @ ..] = header {
        let Some((value, behind)) = rest.split_at_checked(usize::from(first & 15)) else { return false };
        if matches!(first >> 4, 3 | 4) && value.get(1).is_some_and(|byte| byte & 0x80 != 0) {
            return true;
        }
        header = behind;
    }
    false
}

/// The frames of a DOCSIS concatenation.
pub(super) fn concatenated(bytes: Bytes<'_>) -> impl Iterator<Item = (What, Bytes<'_>)> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        // The length covers the extended header, which stands before the check sequence.
        let length = usize::from(bytes.be16(2)?).saturating_add(6);
        rest = bytes.skip(length);
        Some((What::Docsis, bytes.limit(length)))
    })
}
