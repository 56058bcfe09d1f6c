//! IEEE 802.11 data frames, and the headers that capture cards put before them.

use super::bytes::Bytes;
use super::step::{Context, What};
use super::{Layer, Link, Unread};
use crate::wire::addr::HwAddr;

type Step<'a> = Option<(What, Bytes<'a>)>;

const PLAIN: What = What::Wlan { swapped: false };

/// Radiotap: version, length, then a bitmap of fields.
pub(super) fn radiotap<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[version, _, a, b, ..], _) = bytes.chunk::<8>()?;
    let length = usize::from(u16::from_le_bytes([a, b]));
    if version != 0 || length < 8 {
        return None;
    }
    let body = bytes.skip(length)?;
    let has_fcs = radiotap_flags(bytes.limit(length).have).is_some_and(|flags| flags & 0x10 != 0);
    context.push(Layer::Radiotap)?;
    Some((PLAIN, if has_fcs { body.without_trailer(4) } else { body }))
}

/// The flags field, the second of all; the first is a time of eight aligned bytes.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let (words, _) = header.get(4..)?.as_chunks::<4>();
    let first = u32::from_le_bytes(*words.first()?);
    let more = words.iter().position(|word| u32::from_le_bytes(*word) >> 31 == 0)?;
    let fields = more.checked_add(2)?.checked_mul(4)?;
    if first & 2 == 0 {
        return None;
    }
    let at = if first & 1 == 0 { fields } else { fields.next_multiple_of(8).checked_add(8)? };
    header.get(at).copied()
}

/// Prism: message code and length in the byte order of the machine that captured; some drivers write AVS instead.
pub(super) fn prism<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (code, length) = (bytes.be32(0)?, bytes.be32(4)?);
    if code >> 16 == 0x8021 {
        return avs(bytes, context);
    }
    let length = if code < 0x1_0000 { length } else { length.swap_bytes() };
    let body = bytes.skip(usize::try_from(length).ok()?.max(8))?;
    context.push(Layer::Prism)?;
    Some((PLAIN, body))
}

/// AVS: version and length, big-endian.
pub(super) fn avs<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let body = bytes.skip(usize::try_from(bytes.be32(4)?).ok()?.max(8))?;
    context.push(Layer::Avs)?;
    Some((PLAIN, body))
}

/// A data frame (IEEE 802.11-2020 §9.3.2). `swapped`: the bytes of the frame control field may be exchanged.
pub(super) fn wlan<'a>(swapped: bool, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, _) = bytes.chunk::<24>()?;
    let (control, flags) = match (head[0], head[1]) {
        (first, second) if swapped && is_data(second) => (second, first),
        pair => pair,
    };
    if !is_data(control) {
        return None;
    }
    if flags & PROTECTED != 0 {
        context.unread = Some(Unread::Encrypted(Layer::Wlan));
        return None;
    }
    if flags & MORE_FRAGMENTS != 0 {
        context.unread = Some(Unread::Pieces(Layer::Wlan));
        return None;
    }
    let four = flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS;
    let quality = control & QOS != 0;
    let mut length: usize = if four { 30 } else { 24 };
    let mut aggregated = false;
    if quality {
        aggregated = bytes.u8(length)? & 0x80 != 0;
        length = length.saturating_add(if flags & ORDER == 0 { 2 } else { 6 });
    }
    let body = bytes.skip(length)?;
    let address = |at: usize| bytes.have.get(at..)?.first_chunk::<6>();
    let (dst, src) = match flags & (TO_DS | FROM_DS) {
        0 => (address(4), address(10)),
        TO_DS => (address(16), address(10)),
        FROM_DS => (address(4), address(16)),
        _ => (address(16), address(24)),
    };
    let hardware = |address: Option<&[u8; 6]>| address.map(|bytes| HwAddr::from_slice(bytes));
    context.push_link(Link { layer: Layer::Wlan, src: hardware(src), dst: hardware(dst) })?;
    if aggregated {
        return Some((What::Subframes, body));
    }
    let what = payload(body, dst);
    // A fragment other than the first is not read; but some controllers write this field in the other order.
    if head[22] & 0x0f != 0 && !matches!(what, Some((What::Llc, llc)) if starts_with_snap(llc.have)) {
        context.unread = Some(Unread::Pieces(Layer::Wlan));
        return None;
    }
    what
}

const QOS: u8 = 0x80;
const TO_DS: u8 = 1;
const FROM_DS: u8 = 2;
const MORE_FRAGMENTS: u8 = 4;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// Whether the first byte of a frame control field is that of a data frame that carries data.
fn is_data(control: u8) -> bool {
    control & 0x0f == 0x08 && control & 0x40 == 0
}

/// The payload begins with LLC; some drivers pad it to four bytes, mesh stations put a header of 6, 12 or 18 bytes before
/// it, and some cards leave an Ethernet header there.
fn payload<'a>(body: Bytes<'a>, dst: Option<&[u8; 6]>) -> Step<'a> {
    for skipped in [0, 2, 6, 8, 12, 14, 18, 20] {
        if body.have.get(skipped..).is_some_and(starts_with_snap) {
            return Some((What::Llc, body.skip(skipped)?));
        }
    }
    if dst.is_some_and(|dst| body.have.starts_with(dst)) {
        return Some((What::Ethernet, body));
    }
    Some((What::Llc, body))
}

/// Whether an `EtherType` comes next, behind LLC and SNAP.
fn starts_with_snap(bytes: &[u8]) -> bool {
    matches!(bytes, [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, ..])
}

/// The frames of an A-MSDU (IEEE 802.11-2020 §9.3.2.2.2), each laid out as in IEEE 802.3 and padded to four bytes.
pub(super) fn subframes(bytes: Bytes<'_>) -> impl Iterator<Item = (What, Bytes<'_>)> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let length = usize::from(bytes.be16(12)?).saturating_add(14);
        rest = bytes.skip(length.next_multiple_of(4));
        Some((What::Ethernet, bytes.limit(length)))
    })
}
