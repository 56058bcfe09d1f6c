//! Link layers: from a link type, an `EtherType`, an LLC or a PPP header to what they carry.

use super::bytes::Bytes;
use super::numbers::{
    ETHERTYPE_ARP as ARP, ETHERTYPE_BRIDGED as BRIDGED, ETHERTYPE_IPV4 as IPV4, ETHERTYPE_IPV6 as IPV6,
    ETHERTYPE_VLAN as VLAN, is_vlan,
};
use super::step::{Context, What};
use super::{Direction, Layer, Link, LinkType, Unread, pseudo, switch, tunnel, wlan, wpan};
use crate::wire::addr::HwAddr;

/// The longest length that an IEEE 802.3 header can state in place of an `EtherType`.
const MAX_LENGTH: u16 = 1500;

type Step<'a> = Option<(What, Bytes<'a>)>;

/// A frame as captured.
pub(super) fn link_type<'a>(link: LinkType, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    match link {
        LinkType::ETHERNET => Some((What::Ethernet, bytes)),
        LinkType::DLT_RAW | LinkType::DLT_RAW_OPENBSD | LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => {
            Some((What::Ip, bytes))
        }
        LinkType::NULL | LinkType::LOOP => family(bytes, context),
        LinkType::PPP | LinkType::PPP_HDLC => framed_ppp(bytes, context),
        LinkType::PPP_WITH_DIR => framed_ppp(with_direction(bytes, context)?, context),
        LinkType::PPP_PPPD if bytes.u8(1) == Some(3) => Some((What::Ppp, bytes.skip(2)?)),
        LinkType::PPP_PPPD => Some((What::Ppp, bytes)),
        LinkType::PPP_ETHER => pppoe(bytes, context),
        LinkType::C_HDLC | LinkType::DLT_C_HDLC_OTHER => chdlc(bytes, context),
        LinkType::C_HDLC_WITH_DIR => chdlc(with_direction(bytes, context)?, context),
        LinkType::FRELAY => frame_relay(bytes, context),
        LinkType::FRELAY_WITH_DIR => frame_relay(with_direction(bytes, context)?, context),
        LinkType::ATM_RFC1483 | LinkType::DLT_ATM_RFC1483 => Some((What::Llc, bytes)),
        LinkType::LINUX_SLL => sll(bytes, context),
        LinkType::LINUX_SLL2 => sll2(bytes, context),
        LinkType::IEEE802_11 => Some((What::Wlan { swapped: false }, bytes)),
        LinkType::IEEE802_11_RADIOTAP => wlan::radiotap(bytes, context),
        LinkType::IEEE802_11_PRISM => wlan::prism(bytes, context),
        LinkType::IEEE802_11_AVS => wlan::avs(bytes, context),
        LinkType::PPI => {
            let length = bytes.be16(2)?.swap_bytes();
            nested(bytes, context, Layer::Ppi, usize::from(length), bytes.be32(4)?.swap_bytes())
        }
        LinkType::PKTAP => {
            let length = bytes.be16(0)?.swap_bytes();
            nested(bytes, context, Layer::Pktap, usize::from(length), bytes.be32(8)?.swap_bytes())
        }
        LinkType::PFLOG => {
            // The header's length does not count the padding to four bytes.
            let length = usize::from(bytes.u8(0)?).next_multiple_of(4);
            let body = bytes.skip(length.max(4))?;
            context.push(Layer::Pflog)?;
            Some((What::Ip, body))
        }
        LinkType::ENC | LinkType::DLT_ENC => {
            let body = bytes.skip(12)?;
            context.push(Layer::Enc)?;
            Some((What::Ip, body))
        }
        LinkType::TOKEN_RING => {
            // Access and frame control, addresses, and a route of so many bytes when the source has its group bit set.
            let (head, rest) = bytes.chunk::<14>()?;
            let (dst, src) = head.get(2..)?.split_at_checked(6)?;
            let route = if head[8] & 0x80 == 0 { 0 } else { usize::from(rest.u8(0)? & 0x1f) };
            let mut source = HwAddr::from_slice(src).mac()?;
            source.0[0] &= 0x7f;
            let (src, dst) = (Some(source.into()), Some(HwAddr::from_slice(dst)));
            context.push_link(Link { layer: Layer::TokenRing, src, dst })?;
            Some((What::Llc, rest.skip(route)?))
        }
        LinkType::FDDI => {
            let (head, rest) = bytes.chunk::<13>()?;
            let (dst, src) = head.get(1..)?.split_at_checked(6)?;
            let (src, dst) = (Some(HwAddr::from_slice(src)), Some(HwAddr::from_slice(dst)));
            context.push_link(Link { layer: Layer::Fddi, src, dst })?;
            Some((What::Llc, rest))
        }
        LinkType::IP_OVER_1394 => {
            let (head, rest) = bytes.chunk::<18>()?;
            let (dst, src) = head.split_at_checked(8)?;
            let (src, dst) = (Some(HwAddr::from_slice(src.get(..8)?)), Some(HwAddr::from_slice(dst)));
            context.push_link(Link { layer: Layer::Firewire, src, dst })?;
            Some((What::EtherType(bytes.be16(16)?), rest))
        }
        LinkType::SLIP => Some((What::Ip, bytes.skip(16)?)),
        LinkType::NFLOG => nflog(bytes, context),
        LinkType::NETANALYZER => Some((What::Ethernet, bytes.skip(4)?)),
        LinkType::NETANALYZER_TRANSPARENT => Some((What::Ethernet, bytes.skip(12)?)),
        _ => pseudo::link_type(link, bytes, context),
    }
}

/// Linux's netfilter log: four bytes, then attributes of length, type and value, in the byte order of the machine that
/// captured and padded to four bytes. Type 9 is the packet.
fn nflog<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    context.push(Layer::Nflog)?;
    let mut rest = bytes.skip(4)?;
    loop {
        let (length, kind) = (rest.be16(0)?, rest.be16(2)?);
        // Neither number reaches 256 except the length of the packet, which comes last.
        let swapped = kind >= 256;
        let length = usize::from(if swapped { length.swap_bytes() } else { length });
        if (if swapped { kind.swap_bytes() } else { kind }) & 0x7fff == 9 {
            return Some((What::Ip, rest.limit(length).skip(4)?));
        }
        rest = rest.skip(length.max(4).next_multiple_of(4))?;
    }
}

/// A capture header that states its own length and the link type behind it.
fn nested<'a>(bytes: Bytes<'a>, context: &mut Context, layer: Layer, length: usize, link: u32) -> Step<'a> {
    let body = bytes.skip(length.max(8))?;
    context.push(layer)?;
    Some((What::Link(LinkType(link)), body))
}

/// Destination, source, and an `EtherType` or the length of an LLC frame.
pub(super) fn ethernet<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, body) = bytes.chunk::<14>()?;
    if matches!(head, [1 | 3, 0, 0x0c, 0, 0, ..]) && bytes.have.get(14..17) == Some(&[0xaa, 0xaa, 3]) {
        // Cisco's inter-switch link: 26 bytes before the frame and a checksum behind it.
        context.push(Layer::Tag)?;
        return Some((What::Ethernet, bytes.skip(26)?.without_trailer(4)));
    }
    let (dst, rest) = head.split_at_checked(6)?;
    let (src, kind) = rest.split_at_checked(6)?;
    let link = Link {
        layer: Layer::Ethernet,
        src: Some(HwAddr::from_slice(src)),
        dst: Some(HwAddr::from_slice(dst)),
    };
    context.push_link(link)?;
    Some((What::EtherType(u16::from_be_bytes(*kind.first_chunk()?)), body))
}

/// What an `EtherType` announces.
pub(super) fn ethertype<'a>(ethertype: u16, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    match ethertype {
        IPV4 | IPV6 => Some((What::Ip, bytes)),
        _ if is_vlan(ethertype) => {
            let (&[a, b, c, d], body) = bytes.chunk::<4>()?;
            context.push(Layer::Vlan)?;
            context.vlans.push(u16::from_be_bytes([a, b]));
            Some((What::EtherType(u16::from_be_bytes([c, d])), body))
        }
        0x8847 | 0x8848 => Some((What::Mpls, bytes)),
        0x8864 => pppoe(bytes, context),
        BRIDGED => Some((What::Ethernet, bytes)),
        0x880b => Some((What::Ppp, bytes)),
        0x8870 => Some((What::Llc, bytes)),
        // VN-tag, HSR, R-tag (IEEE 802.1CB); E-tag, Cisco metadata: so many bytes, then an EtherType.
        0x8926 | 0x892f | 0xf1c1 => tag(bytes, context, 4),
        0x893f | 0x8909 => tag(bytes, context, 6),
        // The I-tag of IEEE 802.1ah: flags and service identifier, then the customer's frame.
        0x88e7 => {
            let body = bytes.skip(4)?;
            context.push(Layer::Pbb)?;
            Some((What::Ethernet, body))
        }
        0x4305 => switch::batman(bytes, context),
        0x8899 => switch::realtek(bytes, context),
        0x8903 => switch::fabric_path(bytes, context),
        0xd28b => switch::arista(bytes, context),
        // Marvell's tag, behind two bytes of padding.
        0xdada => switch::marvell(bytes.skip(2)?, context),
        // AX.25 behind its length.
        0x08ff => pseudo::ax25(bytes.skip(2)?, context),
        0x809a => wpan::frame_of(bytes.without_trailer(2), context),
        0x88e5 => macsec(bytes, context),
        0x22f3 => trill(bytes, context),
        0x894f => tunnel::nsh(bytes, context),
        length if length <= MAX_LENGTH => {
            let body = if length == 0 { bytes } else { bytes.limit(usize::from(length)) };
            Some((What::Llc, body))
        }
        _ => None,
    }
}

fn tag<'a>(bytes: Bytes<'a>, context: &mut Context, length: usize) -> Step<'a> {
    let rest = bytes.skip(length)?;
    let (next, body) = rest.chunk::<2>()?;
    context.push(Layer::Tag)?;
    Some((What::EtherType(u16::from_be_bytes(*next)), body))
}

/// IEEE 802.1AE: only integrity without encryption leaves something to read.
fn macsec<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let control = bytes.u8(0)?;
    if control & 0x0c != 0 {
        context.unread = Some(Unread::Encrypted(Layer::Macsec));
        return None;
    }
    let length = if control & 0x20 == 0 { 6 } else { 14 };
    let (next, body) = bytes.skip(length)?.chunk::<2>()?;
    context.push(Layer::Macsec)?;
    Some((What::EtherType(u16::from_be_bytes(*next)), body.without_trailer(16)))
}

/// RFC 6325 §3.2: flags with the options' length in words, nicknames, then the inner frame.
fn trill<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let options = usize::from(bytes.be16(0)? >> 6 & 0x1f) << 2;
    let body = bytes.skip(6)?.skip(options)?;
    context.push(Layer::Trill)?;
    Some((What::Ethernet, body))
}

/// IEEE 802.2 logical link control: SNAP, or a service access point that is IP.
pub(super) fn llc<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[dsap, ssap, control], body) = bytes.chunk::<3>()?;
    context.push(Layer::Llc)?;
    match (dsap & 0xfe, ssap & 0xfe, control) {
        (0xaa, 0xaa, 3) => snap(body),
        (0x06, 0x06, _) => Some((What::Ip, body)),
        // ISO network layer protocols (RFC 2684 §5.1).
        (0xfe, 0xfe, 3) => nlpid(body),
        _ => None,
    }
}

/// A network layer protocol identifier (ISO/IEC TR 9577).
fn nlpid(bytes: Bytes<'_>) -> Step<'_> {
    let (&[nlpid], body) = bytes.chunk::<1>()?;
    match nlpid {
        0xcc | 0x8e => Some((What::Ip, body)),
        0xcf => Some((What::Ppp, body)),
        0x80 => snap(body),
        _ => None,
    }
}

/// Organisation and protocol behind an LLC header.
fn snap(bytes: Bytes<'_>) -> Step<'_> {
    let (&[a, b, c, high, low], body) = bytes.chunk::<5>()?;
    let protocol = u16::from_be_bytes([high, low]);
    match ([a, b, c], protocol) {
        // IEEE 802.1H and RFC 1042: an EtherType.
        ([0, 0, 0 | 0xf8], _) => (protocol > MAX_LENGTH).then_some((What::EtherType(protocol), body)),
        // RFC 2684 §5.2, RFC 2427 §4.2: a bridged Ethernet frame, over ATM behind two bytes of padding.
        ([0, 0x80, 0xc2], 1 | 7) => {
            let padded = body.be16(0) == Some(0) && matches!(body.be16(14), Some(IPV4 | ARP | VLAN | IPV6));
            Some((What::Ethernet, if padded { body.skip(2)? } else { body }))
        }
        _ => None,
    }
}

/// Linux cooked capture, version 1: packet type, device type, address length, address, protocol.
fn sll<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, body) = bytes.chunk::<16>()?;
    context.direction = Some(cooked_direction(head[1]));
    let device = u16::from_be_bytes([head[2], head[3]]);
    let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
    let src = head.get(6..14)?;
    cooked(body, context, Layer::Sll, device, src.get(..length).unwrap_or(src), [head[14], head[15]])
}

/// Linux cooked capture, version 2: protocol, interface, device type, packet type, address length, address.
fn sll2<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, body) = bytes.chunk::<20>()?;
    context.direction = Some(cooked_direction(head[10]));
    context.interface_index = bytes.be32(4);
    let device = u16::from_be_bytes([head[8], head[9]]);
    let src = head.get(12..20)?;
    let src = src.get(..usize::from(head[11])).unwrap_or(src);
    cooked(body, context, Layer::Sll2, device, src, [head[0], head[1]])
}

/// Linux's packet types: 4 was sent by the machine that captured, others came to it or past it.
fn cooked_direction(kind: u8) -> Direction {
    if kind == 4 { Direction::Out } else { Direction::In }
}

/// Skips a byte that says which way a frame went: 0 is in.
fn with_direction<'a>(bytes: Bytes<'a>, context: &mut Context) -> Option<Bytes<'a>> {
    context.direction = Some(if bytes.u8(0)? == 0 { Direction::In } else { Direction::Out });
    bytes.skip(1)
}

fn cooked<'a>(
    body: Bytes<'a>,
    context: &mut Context,
    layer: Layer,
    device: u16,
    src: &[u8],
    protocol: [u8; 2],
) -> Step<'a> {
    /// Linux's device types.
    const GRE: u16 = 778;
    const RADIOTAP: u16 = 803;
    const NETLINK: u16 = 824;
    let src = (!src.is_empty()).then(|| HwAddr::from_slice(src));
    context.push_link(Link { layer, src, dst: None })?;
    match (device, u16::from_be_bytes(protocol)) {
        (NETLINK, _) => None,
        (RADIOTAP, _) => Some((What::Link(LinkType::IEEE802_11_RADIOTAP), body)),
        (GRE, protocol) if protocol > MAX_LENGTH => tunnel::gre_payload(protocol, body, context),
        // Linux's numbers for what has no EtherType.
        (_, 2) => Some((What::Ethernet, body)),
        (_, 4) => Some((What::Llc, body)),
        (_, 7..=9) => Some((What::Ppp, body)),
        (_, protocol) if protocol > MAX_LENGTH => Some((What::EtherType(protocol), body)),
        _ => None,
    }
}

/// BSD loopback: an address family in the byte order of the machine that captured.
fn family<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, body) = bytes.chunk::<4>()?;
    let (big, little) = (u32::from_be_bytes(*head), u32::from_le_bytes(*head));
    context.push_link(Link { layer: Layer::Null, src: None, dst: None })?;
    match big.min(little) {
        // AF_INET; AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
        2 | 10 | 23 | 24 | 28 | 30 => Some((What::Ip, body)),
        family if family > u32::from(MAX_LENGTH) => {
            u16::try_from(family).ok().map(|ethertype| (What::EtherType(ethertype), body))
        }
        _ => None,
    }
}

/// PPP or Cisco HDLC behind HDLC's address and control bytes.
pub(super) fn framed_ppp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    match bytes.have {
        [0x0f | 0x8f, 0, ..] => chdlc(bytes, context),
        _ => Some((What::Ppp, bytes)),
    }
}

/// Cisco HDLC: address, control, `EtherType`.
pub(super) fn chdlc<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[_, _, high, low], body) = bytes.chunk::<4>()?;
    context.push_link(Link { layer: Layer::Chdlc, src: None, dst: None })?;
    Some((What::EtherType(u16::from_be_bytes([high, low])), body))
}

/// RFC 2516 §4: version and type, code (0 in a session), session, length.
fn pppoe<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[_, code, _, _, high, low], body) = bytes.chunk::<6>()?;
    if code != 0 {
        return None;
    }
    context.push(Layer::Pppoe)?;
    Some((What::Ppp, body.limit(usize::from(u16::from_be_bytes([high, low])))))
}

/// PPP (RFC 1661), with or without address and control bytes, and with compressed protocol numbers.
pub(super) fn ppp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let bytes = if bytes.have.starts_with(&[0xff, 3]) { bytes.skip(2)? } else { bytes };
    let first = bytes.u8(0)?;
    let (protocol, body) = if first & 1 == 1 {
        (u16::from(first), bytes.skip(1)?)
    } else {
        let (head, body) = bytes.chunk::<2>()?;
        (u16::from_be_bytes(*head), body)
    };
    // Over Ethernet or in a tunnel, the addresses of the layer outside are still the ones to show.
    context.push(Layer::Ppp)?;
    match protocol {
        0x0021 | 0x0057 => Some((What::Ip, body)),
        0x0281 | 0x0283 => Some((What::Mpls, body)),
        // RFC 3518: flags, MAC type (1 is Ethernet), then the frame.
        0x0031 if body.u8(1) == Some(1) => Some((What::Ethernet, body.skip(2)?)),
        // RFC 1990: a packet that is one fragment only.
        0x003d if body.u8(0)? & 0xc0 == 0xc0 => Some((What::Ppp, body.skip(4)?)),
        0x003d => {
            context.unread = Some(Unread::Pieces(Layer::Ppp));
            None
        }
        _ => None,
    }
}

/// Frame Relay: an address of two to four bytes, then RFC 2427's encapsulation or Cisco's.
pub(super) fn frame_relay<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let last = bytes.have.iter().take(4).position(|byte| byte & 1 == 1)?;
    let rest = bytes.skip(last.saturating_add(1))?;
    frame_relay_payload(rest, context)
}

/// What stands behind the address of Frame Relay.
pub(super) fn frame_relay_payload<'a>(rest: Bytes<'a>, context: &mut Context) -> Step<'a> {
    context.push_link(Link { layer: Layer::FrameRelay, src: None, dst: None })?;
    match rest.have {
        [3, 0, ..] => nlpid(rest.skip(2)?),
        [3, ..] => nlpid(rest.skip(1)?),
        _ => {
            let (head, body) = rest.chunk::<2>()?;
            Some((What::EtherType(u16::from_be_bytes(*head)), body))
        }
    }
}
