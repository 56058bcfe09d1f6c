//! IEEE 802.15.4, and IPv6 in it (6LoWPAN: RFC 4944, RFC 6282).

use std::net::{IpAddr, Ipv6Addr};

use super::bytes::Bytes;
use super::fragments::{Key, Piece};
use super::numbers::{IPV6_IN_IP, UDP};
use super::step::{Context, What};
use super::{Layer, Link, Unread};
use crate::wire::addr::HwAddr;

type Step<'a> = Option<(What, Bytes<'a>)>;

/// A frame behind the TLVs of a capturing card: version, padding, length; then elements of type, length and value padded to
/// four bytes, of which type 0 says what checksum the frame ends with.
pub(super) fn tap<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[_, _, low, high], rest) = bytes.chunk::<4>()?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    let frame = bytes.skip(length.max(4))?;
    let mut elements = rest.limit(length.saturating_sub(4));
    let mut trailer = 0;
    while let (Some(kind), Some(size)) = (elements.be16(0), elements.be16(2)) {
        if kind == 0 {
            trailer = match elements.u8(4)? {
                1 => 2,
                2 => 4,
                _ => 0,
            };
        }
        let size = usize::from(size.swap_bytes()).next_multiple_of(4);
        let Some(next) = elements.skip(size.saturating_add(4)) else { break };
        elements = next;
    }
    frame_of(frame.without_trailer(trailer), context)
}

/// The Zigbee encapsulation protocol: preamble, version, what the version says, the length of a frame with its checksum.
pub(super) fn zep<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[b'E', b'X', version, kind], _) = bytes.chunk::<4>()? else { return None };
    let length = match (version, kind) {
        (1, _) => 16,
        (2, 1) => 32,
        _ => return None,
    };
    let frame = bytes.skip(length)?;
    context.push(Layer::Zep)?;
    frame_of(frame.without_trailer(2), context)
}

/// A data frame (IEEE 802.15.4-2020 §7.2), without its checksum.
pub(super) fn frame_of<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const DATA: u16 = 1;
    const SECURED: u16 = 1 << 3;
    const COMPRESSED: u16 = 1 << 6;
    const NO_SEQUENCE: u16 = 1 << 8;
    const ELEMENTS: u16 = 1 << 9;
    let (&[low, high], mut rest) = bytes.chunk::<2>()?;
    let control = u16::from_le_bytes([low, high]);
    let has = |flag: u16| control & flag != 0;
    if control & 7 != DATA {
        return None;
    }
    if has(SECURED) {
        context.unread = Some(Unread::Encrypted(Layer::Wpan));
        return None;
    }
    let (newer, dst_mode, src_mode) = (control >> 12 & 3 == 2, control >> 10 & 3, control >> 14);
    if !(newer && has(NO_SEQUENCE)) {
        rest = rest.skip(1)?;
    }
    let (dst_pan, src_pan) = pans(newer, has(COMPRESSED), dst_mode, src_mode);
    rest = rest.skip(if dst_pan { 2 } else { 0 })?;
    let dst = address(&mut rest, dst_mode)?;
    rest = rest.skip(if src_pan { 2 } else { 0 })?;
    let src = address(&mut rest, src_mode)?;
    let there = |address: HwAddr| Some(address).filter(|address| !address.as_slice().is_empty());
    context.push_link(Link { layer: Layer::Wpan, src: there(src), dst: there(dst) })?;
    if newer && has(ELEMENTS) {
        rest = behind_elements(rest)?;
    }
    Some((What::Lowpan, rest))
}

/// Which identifiers of networks a frame has, of destination and source. From 2015 on (table 7-2 there) the bit that leaves one
/// out says more.
fn pans(newer: bool, compressed: bool, dst_mode: u16, src_mode: u16) -> (bool, bool) {
    const LONG: u16 = 3;
    match (newer, dst_mode, src_mode) {
        (false, dst, src) => (dst != 0, src != 0 && !(compressed && dst != 0)),
        (true, 0, 0) => (compressed, false),
        (true, _, 0) => (!compressed, false),
        (true, 0, _) => (false, !compressed),
        (true, LONG, LONG) => (!compressed, false),
        (true, ..) => (true, !compressed),
    }
}

/// The address of this mode, perhaps of no bytes; on the air it begins with its last byte.
fn address(bytes: &mut Bytes<'_>, mode: u16) -> Option<HwAddr> {
    let length = match mode {
        0 => return Some(HwAddr::default()),
        2 => 2,
        3 => 8,
        _ => return None,
    };
    let mut address = [0; 8];
    let address = address.get_mut(..length)?;
    address.copy_from_slice(bytes.have.get(..length)?);
    address.reverse();
    *bytes = bytes.skip(length)?;
    Some(HwAddr::from_slice(address))
}

/// What stands behind the information elements: those of the header up to one of two that end them, the first of which is followed by
/// those of the payload.
fn behind_elements(mut bytes: Bytes<'_>) -> Option<Bytes<'_>> {
    let mut in_header = true;
    loop {
        let element = bytes.be16(0)?.swap_bytes();
        let (id, length) = if in_header {
            (element >> 7 & 0xff, element & 0x7f)
        } else {
            (element >> 11 & 0x0f, element & 0x7ff)
        };
        bytes = bytes.skip(usize::from(length).saturating_add(2))?;
        match (in_header, id) {
            (true, 0x7e) => in_header = false,
            (true, 0x7f) | (false, 0x0f) => return Some(bytes),
            _ => {}
        }
    }
}

/// What a 6LoWPAN frame became: an IPv6 packet, or a piece of one.
pub(super) struct Unpacked {
    pub(super) what: What,
    pub(super) data: Vec<u8>,
    /// How long `data` would be if the capture had kept all.
    pub(super) len: usize,
}

/// Undoes what 6LoWPAN does to a packet to make it fit.
pub(super) fn unpack(mut bytes: Bytes<'_>, context: &mut Context) -> Option<Unpacked> {
    let mut piece = None;
    context.push(Layer::Lowpan)?;
    loop {
        bytes = match bytes.u8(0)? {
            first if first >> 6 == 2 => mesh(first, bytes, context)?,
            // A broadcast's number.
            0x50 => bytes.skip(2)?,
            first if first >> 3 == 0b11000 && piece.is_none() => {
                piece = Some((bytes.be16(0)? & 0x07ff, bytes.be16(2)?));
                bytes.skip(4)?
            }
            first if first >> 3 == 0b11100 && piece.is_none() => {
                let offset = usize::from(bytes.u8(4)?) << 3;
                return fragment((bytes.be16(0)? & 0x07ff, bytes.be16(2)?), offset, bytes.skip(5)?, context);
            }
            0x41 => {
                let packet = bytes.skip(1)?;
                return finish(packet.have.to_vec(), packet.len, piece, context);
            }
            first if first >> 5 == 0b011 => {
                let size = piece.map(|(size, _)| usize::from(size));
                let (data, len) = decompress(bytes, size, context)?;
                return finish(data, len, piece, context);
            }
            _ => return None,
        };
    }
}

/// A mesh's header (RFC 4944 §11): hops, more of them where they do not fit, and between whom the packet goes in the end.
fn mesh<'a>(first: u8, bytes: Bytes<'a>, context: &mut Context) -> Option<Bytes<'a>> {
    const MORE_HOPS: u8 = 0x0f;
    let mut rest = bytes.skip(if first & MORE_HOPS == MORE_HOPS { 2 } else { 1 })?;
    let mut address = |short: u8| {
        let length = if first & short == 0 { 8 } else { 2 };
        let address = HwAddr::from_slice(rest.have.get(..length)?);
        rest = rest.skip(length)?;
        Some(address)
    };
    let (src, dst) = (Some(address(0x20)?), Some(address(0x10)?));
    context.link = Some(Link { layer: Layer::Wpan, src, dst });
    Some(rest)
}

fn finish(data: Vec<u8>, len: usize, piece: Option<(u16, u16)>, context: &mut Context) -> Option<Unpacked> {
    match piece {
        Some(of) => fragment(of, 0, Bytes::new(&data, len), context),
        None => Some(Unpacked { what: What::Ip, data, len }),
    }
}

/// A piece of a packet of stated size and number (RFC 4944 §5.3).
fn fragment(
    (size, number): (u16, u16),
    offset: usize,
    bytes: Bytes<'_>,
    context: &mut Context,
) -> Option<Unpacked> {
    if context.alone || context.quoted || bytes.have.len() < bytes.len {
        context.unread = Some(Unread::Pieces(Layer::Lowpan));
        return None;
    }
    let link = context.link?;
    let end = |address: Option<HwAddr>| IpAddr::V6(link_local(address));
    let more = offset.saturating_add(bytes.len) < usize::from(size);
    let key = Key {
        src: end(link.src),
        dst: end(link.dst),
        id: u32::from(number) << 16 | u32::from(size),
        // What becomes of the pieces is an IPv6 packet.
        protocol: IPV6_IN_IP,
        vlan: None,
    };
    let what = What::Fragment(Piece { key, offset, more });
    Some(Unpacked { what, data: bytes.have.to_vec(), len: bytes.len })
}

/// Writes the headers that RFC 6282 §3 leaves out. `size` is that of the whole packet, where this is its first piece.
fn decompress(bytes: Bytes<'_>, size: Option<usize>, context: &mut Context) -> Option<(Vec<u8>, usize)> {
    const INLINE_CONTEXTS: u8 = 0x80;
    let (&[first, second], mut rest) = bytes.chunk::<2>()?;
    if second & INLINE_CONTEXTS != 0 {
        rest = rest.skip(1)?;
    }
    let (class, label) = traffic(first, &mut rest)?;
    let compressed = first & 0x04 != 0;
    let next = if compressed { UDP } else { take::<1>(&mut rest)?[0] };
    let hops = match first & 3 {
        0 => take::<1>(&mut rest)?[0],
        1 => 1,
        2 => 64,
        _ => 255,
    };
    let link = context.link?;
    let src = unicast(second >> 4 & 7, &mut rest, link.src, context)?;
    let dst = match second & 0x0f {
        mode if mode & 0x08 == 0 => unicast(mode & 7, &mut rest, link.dst, context)?,
        mode => multicast(mode, &mut rest)?,
    };
    let udp = if compressed { Some(ports(&mut rest)?) } else { None };
    let header = if udp.is_some() { 48 } else { 40 };
    let payload = size
        .map_or_else(|| rest.len.saturating_add(header).saturating_sub(40), |size| size.saturating_sub(40));
    let payload = u16::try_from(payload).ok()?;
    let [class_high, class_low] = [class >> 4, class << 4];
    let [_, label_high, label_mid, label_low] = label.to_be_bytes();
    let mut data = vec![0x60 | class_high, class_low | label_high & 0x0f, label_mid, label_low];
    data.extend(payload.to_be_bytes());
    data.extend([next, hops]);
    data.extend(src.octets());
    data.extend(dst.octets());
    if let Some([from, to, checksum]) = udp {
        for field in [from, to, payload, checksum] {
            data.extend(field.to_be_bytes());
        }
    }
    data.extend(rest.have);
    Some((data, rest.len.saturating_add(header)))
}

/// Takes so many bytes off the front.
fn take<const N: usize>(bytes: &mut Bytes<'_>) -> Option<[u8; N]> {
    let (head, rest) = bytes.chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

/// Traffic class and flow label, of which the two bits of congestion stand first here.
fn traffic(first: u8, rest: &mut Bytes<'_>) -> Option<(u8, u32)> {
    let class = |byte: u8| byte.rotate_left(2);
    Some(match first >> 3 & 3 {
        0 => {
            let [byte, a, b, c] = take::<4>(rest)?;
            (class(byte), u32::from_be_bytes([0, a & 0x0f, b, c]))
        }
        1 => {
            let [a, b, c] = take::<3>(rest)?;
            (class(a & 0xc0), u32::from_be_bytes([0, a & 0x0f, b, c]))
        }
        2 => (class(take::<1>(rest)?[0]), 0),
        _ => (0, 0),
    })
}

/// An address that is no group's: stateless or by a context, then how much of it is there.
fn unicast(mode: u8, rest: &mut Bytes<'_>, link: Option<HwAddr>, context: &mut Context) -> Option<Ipv6Addr> {
    const BY_CONTEXT: u8 = 4;
    if mode == BY_CONTEXT {
        return Some(Ipv6Addr::UNSPECIFIED);
    }
    let mut address = match mode & 3 {
        0 => return Some(Ipv6Addr::from(take::<16>(rest)?)),
        1 => {
            let identifier = u64::from_be_bytes(take::<8>(rest)?);
            Ipv6Addr::from_bits(u128::from(0xfe80_u16) << 112 | u128::from(identifier))
        }
        2 => link_local(Some(HwAddr::from_slice(&take::<2>(rest)?))),
        _ => link_local(link),
    };
    if mode & BY_CONTEXT != 0 {
        // The prefix was agreed elsewhere.
        context.guessed = true;
        address = Ipv6Addr::from_bits(address.to_bits() & u128::from(u64::MAX));
    }
    Some(address)
}

/// The link-local address that follows from an address of the link (RFC 4944 §6, RFC 6282 §3.2.2).
fn link_local(address: Option<HwAddr>) -> Ipv6Addr {
    let address = address.unwrap_or_default();
    let identifier = match address.as_slice() {
        [a, b] => 0x0000_00ff_fe00_0000 | u64::from(u16::from_be_bytes([*a, *b])),
        long => long.first_chunk().map_or(0, |long| u64::from_be_bytes(*long) ^ 0x0200_0000_0000_0000),
    };
    Ipv6Addr::from_bits(u128::from(0xfe80_u16) << 112 | u128::from(identifier))
}

/// The address of a group; one by a context is not followed.
fn multicast(mode: u8, rest: &mut Bytes<'_>) -> Option<Ipv6Addr> {
    let (scope, group): (u8, u128) = match mode {
        8 => return Some(Ipv6Addr::from(take::<16>(rest)?)),
        9 => {
            let [scope, high, group @ ..] = take::<6>(rest)?;
            (scope, u128::from(high) << 32 | u128::from(u32::from_be_bytes(group)))
        }
        10 => {
            let [scope, a, b, c] = take::<4>(rest)?;
            (scope, u128::from(u32::from_be_bytes([0, a, b, c])))
        }
        11 => (2, u128::from(take::<1>(rest)?[0])),
        _ => return None,
    };
    Some(Ipv6Addr::from_bits(0xff << 120 | u128::from(scope) << 112 | group))
}

/// Ports and checksum of UDP (RFC 6282 §4.3); zero for a checksum that was left out.
fn ports(rest: &mut Bytes<'_>) -> Option<[u16; 3]> {
    const UDP_HEADER: u8 = 0b11110;
    const NO_CHECKSUM: u8 = 4;
    let [first] = take::<1>(rest)?;
    if first >> 3 != UDP_HEADER {
        return None;
    }
    let short = |byte: u8| 0xf000 | u16::from(byte);
    let [src, dst] = match first & 3 {
        0 => [u16::from_be_bytes(take(rest)?), u16::from_be_bytes(take(rest)?)],
        1 => [u16::from_be_bytes(take(rest)?), short(take::<1>(rest)?[0])],
        2 => [short(take::<1>(rest)?[0]), u16::from_be_bytes(take(rest)?)],
        _ => {
            let [both] = take::<1>(rest)?;
            [0xf0b0 | u16::from(both >> 4), 0xf0b0 | u16::from(both & 15)]
        }
    };
    let checksum = if first & NO_CHECKSUM == 0 { u16::from_be_bytes(take(rest)?) } else { 0 };
    Some([src, dst, checksum])
}
