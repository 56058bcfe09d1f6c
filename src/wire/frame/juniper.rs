//! What Juniper's routers write before the packets that they capture.

use super::bytes::Bytes;
use super::step::{Context, What};
use super::tunnel::{looks_like_ethernet, looks_like_ip};
use super::{Layer, LinkType, Unread, link, switch};

type Step<'a> = Option<(What, Bytes<'a>)>;

/// The link types whose packets stand behind a cookie of the card, and how long it may be: cards and releases differ, and
/// nothing states which it was, so the packet is where one is seen.
const COOKIES: [(LinkType, &[usize]); 11] = [
    (LinkType::JUNIPER_MLPPP, &[0, 2, 4, 8]),
    (LinkType::JUNIPER_MLFR, &[0, 2, 4, 5, 8]),
    (LinkType::JUNIPER_ES, &[0, 16]),
    (LinkType::JUNIPER_GGSN, &[4, 8]),
    (LinkType::JUNIPER_MFR, &[4, 6, 8]),
    (LinkType::JUNIPER_ATM2, &[8]),
    (LinkType::JUNIPER_SERVICES, &[8, 12, 16]),
    (LinkType::JUNIPER_ATM1, &[4]),
    (LinkType::JUNIPER_MONITOR, &[8]),
    (LinkType::JUNIPER_VOICE, &[18]),
    // The headers of the tunnel: Ethernet, IPv4, ESP, and sixteen bytes more.
    (LinkType::JUNIPER_SECURE_TUNNEL, &[58]),
];

/// A magic number, flags, extensions of stated length; then the frame of this link type, or without a link layer the packet that
/// a number of four bytes announces.
pub(super) fn juniper<'a>(link: LinkType, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const NO_LINK_LAYER: u8 = 0x02;
    const EXTENDED: u8 = 0x80;
    let (&[b'M', b'G', b'C', flags], mut rest) = bytes.chunk::<4>()? else { return None };
    if flags & EXTENDED != 0 {
        rest = rest.skip(usize::from(rest.be16(0)?).saturating_add(2))?;
    }
    context.push(Layer::Juniper)?;
    if flags & NO_LINK_LAYER != 0 {
        let (protocol, packet) = rest.chunk::<4>()?;
        return match u32::from_le_bytes(*protocol) {
            2 | 6 => Some((What::Ip, packet)),
            3..=5 | 7 | 8 => Some((What::Mpls, packet)),
            200 => Some((What::Ppp, packet)),
            _ => None,
        };
    }
    match link {
        LinkType::JUNIPER_ETHER | LinkType::JUNIPER_PPPOE => Some((What::Ethernet, rest)),
        LinkType::JUNIPER_PPP => Some((What::Ppp, rest)),
        LinkType::JUNIPER_FRELAY => link::frame_relay(rest, context),
        LinkType::JUNIPER_CHDLC => link::chdlc(rest, context),
        LinkType::JUNIPER_PPPOE_ATM => Some((What::EtherType(rest.be16(0)?), rest.skip(2)?)),
        // One link of a bundle.
        LinkType::JUNIPER_MFR if rest.u8(0)? & 0xc0 == 0xc0 => switch::multilink(rest, context),
        _ => behind_cookie(link, rest, context),
    }
}

/// The packet behind the cookie of a card; of a link type whose layout nobody tells, nothing.
fn behind_cookie<'a>(link: LinkType, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let Some((_, lengths)) = COOKIES.iter().find(|(known, _)| *known == link) else {
        context.unread = Some(Unread::Link(link));
        return None;
    };
    lengths.iter().filter_map(|length| bytes.skip(*length)).find_map(|rest| packet(rest, context))
}

/// The packet that stands here, where one is recognised.
fn packet<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let is_ip = |at: usize| bytes.skip(at).is_some_and(looks_like_ip);
    match bytes.have {
        [0xaa, 0xaa, 3, ..] | [0xfe, 0xfe, 3, ..] => Some((What::Llc, bytes)),
        [0xff, 3, 0, 0x21 | 0x57, ..] if is_ip(4) => Some((What::Ppp, bytes)),
        [0, 0x21 | 0x57, ..] if is_ip(2) => Some((What::Ppp, bytes)),
        // Network layer protocol identifiers of IP, behind the control byte of an unnumbered frame.
        [3, 0xcc | 0x8e, ..] if is_ip(2) => link::frame_relay_payload(bytes, context),
        [3, 0, 0xcc | 0x8e, ..] if is_ip(3) => link::frame_relay_payload(bytes, context),
        _ if is_ip(0) => Some((What::Ip, bytes)),
        _ if looks_like_ethernet(bytes) => Some((What::Ethernet, bytes)),
        _ => None,
    }
}
