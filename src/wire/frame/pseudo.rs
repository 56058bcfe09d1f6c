//! Headers that capture cards, systems and tools put before a frame or a packet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::Bytes;
use super::step::{Context, What};
use super::tunnel::{self, Tunnel};
use super::{Ip, Layer, Link, LinkType, Protocol, Unread, link, switch};
use crate::wire::addr::HwAddr;

type Step<'a> = Option<(What, Bytes<'a>)>;

/// A frame of a link type that is seldom met.
pub(super) fn link_type<'a>(link: LinkType, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    match link {
        LinkType::DOCSIS => Some((What::Docsis, bytes)),
        LinkType::IPOIB => {
            // Addresses of twenty bytes each, EtherType, two bytes of padding.
            let ethertype = bytes.be16(40)?;
            let body = bytes.skip(44)?;
            context.push_link(Link { layer: Layer::Ipoib, src: None, dst: None })?;
            Some((What::EtherType(ethertype), body))
        }
        LinkType::IP_OVER_FC => {
            let (head, rest) = bytes.chunk::<16>()?;
            let (dst, src) = head.split_at_checked(8)?;
            // The last six bytes of each are a hardware address.
            let (src, dst) =
                (Some(HwAddr::from_slice(src.get(2..)?)), Some(HwAddr::from_slice(dst.get(2..)?)));
            context.push_link(Link { layer: Layer::FibreChannel, src, dst })?;
            Some((What::Llc, rest))
        }
        LinkType::ATM_CLIP | LinkType::DLT_ATM_CLIP => match bytes.have {
            [0xaa, 0xaa, 3, ..] => Some((What::Llc, bytes)),
            _ => Some((What::Ip, bytes)),
        },
        LinkType::SUNATM => {
            let kind = bytes.u8(0)? & 0x0f;
            let body = bytes.skip(4)?;
            context.push(Layer::Atm)?;
            // Of LAN emulation each frame has two bytes before it.
            match kind {
                1 => Some((What::Ethernet, body.skip(2)?)),
                2 => Some((What::Llc, body)),
                _ => None,
            }
        }
        LinkType::ARCNET_BSD => arcnet(bytes, false, context),
        LinkType::ARCNET_LINUX => arcnet(bytes, true, context),
        LinkType::SLIP_BSDOS | LinkType::DLT_SLIP_BSDOS => Some((What::Ip, bytes.skip(24)?)),
        LinkType::PPP_BSDOS | LinkType::DLT_PPP_BSDOS => Some((What::Ppp, bytes.skip(24)?)),
        LinkType::MPLS => Some((What::Mpls, bytes)),
        LinkType::OPENFLOW => {
            context.push(Layer::OpenFlow)?;
            Some((What::OpenFlow, bytes))
        }
        LinkType::SYMANTEC_FIREWALL => symantec(bytes, context),
        LinkType::TZSP => tunnel::enter(Tunnel::Tzsp, bytes, context),
        LinkType::JUNIPER_ETHER
        | LinkType::JUNIPER_PPP
        | LinkType::JUNIPER_FRELAY
        | LinkType::JUNIPER_CHDLC => juniper(link, bytes, context),
        LinkType::ERF | LinkType::ERF_ETH | LinkType::ERF_POS => erf(bytes, context),
        LinkType::IPNET => ipnet(bytes, context),
        LinkType::EXPORTED_PDU => exported(bytes, context),
        LinkType::EPON => Some((What::Ethernet, bytes.skip(8)?)),
        LinkType::ETHERNET_MPACKET => mpacket(bytes, context),
        LinkType::EBHSCR => ebhscr(bytes, context),
        LinkType::DSA_TAG_BRCM => switch::tagged(bytes, context, switch::BROADCOM),
        LinkType::DSA_TAG_DSA => switch::tagged(bytes, context, switch::MARVELL),
        LinkType::DSA_TAG_EDSA => switch::tagged(bytes, context, switch::MARVELL_ETHERTYPE),
        LinkType::DSA_TAG_BRCM_PREPEND => {
            let body = bytes.skip(switch::BROADCOM)?;
            context.push(Layer::Tag)?;
            Some((What::Ethernet, body))
        }
        _ => {
            context.unread = Some(Unread::Link(link));
            None
        }
    }
}

/// Endace's extensible record format: time, type, flags, lengths; extension headers of eight bytes while the top bit of a type
/// is set; then what the type says.
fn erf<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, mut rest) = bytes.chunk::<16>()?;
    let wire_length = usize::from(u16::from_be_bytes([head[14], head[15]]));
    let mut more = head[8] & 0x80 != 0;
    while more {
        more = rest.u8(0)? & 0x80 != 0;
        rest = rest.skip(8)?;
    }
    context.push(Layer::Erf)?;
    match head[8] & 0x7f {
        // Packet over SONET.
        1 | 10 | 15 | 17 => link::framed_ppp(rest.limit(wire_length), context),
        // Ethernet, behind two bytes of padding.
        2 | 11 | 16 | 20 => Some((What::Ethernet, rest.skip(2)?.limit(wire_length))),
        22 | 23 => Some((What::Ip, rest.limit(wire_length))),
        _ => None,
    }
}

/// What Juniper's routers write before each frame: a magic number, flags, extensions of stated length; then the frame of this
/// link type, or without a link layer the packet that a number of four bytes announces.
fn juniper<'a>(link: LinkType, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
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
        LinkType::JUNIPER_ETHER => Some((What::Ethernet, rest)),
        LinkType::JUNIPER_PPP => Some((What::Ppp, rest)),
        LinkType::JUNIPER_FRELAY => link::frame_relay(rest, context),
        LinkType::JUNIPER_CHDLC => link::chdlc(rest, context),
        _ => None,
    }
}

/// An exported protocol data unit: tags of number, length and value, up to one of zero; then what the first says.
fn exported<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const DISSECTOR: u16 = 12;
    const HEURISTIC: u16 = 13;
    let (mut rest, mut name) = (bytes, &[][..]);
    let (mut src, mut dst) = (None, None);
    loop {
        let (tag, length) = (rest.be16(0)?, usize::from(rest.be16(2)?));
        let value = rest.skip(4)?.limit(length).have;
        rest = rest.skip(length.saturating_add(4))?;
        match tag {
            0 => break,
            DISSECTOR | HEURISTIC => name = value,
            20 | 21 => {
                let address = value.first_chunk::<4>().map(|address| IpAddr::from(Ipv4Addr::from(*address)));
                *(if tag == 20 { &mut src } else { &mut dst }) = address;
            }
            22 | 23 => {
                let address = value.first_chunk::<16>().map(|address| IpAddr::from(Ipv6Addr::from(*address)));
                *(if tag == 22 { &mut src } else { &mut dst }) = address;
            }
            _ => {}
        }
    }
    context.push(Layer::ExportedPdu)?;
    context.ip = src.zip(dst).map(|(src, dst)| Ip::new(src, dst));
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    let what = match name.get(..end)? {
        b"dhcp" | b"bootp" => What::Message(Protocol::Dhcpv4),
        b"dhcpv6" => What::Message(Protocol::Dhcpv6),
        b"ip" | b"ipv4" | b"ipv6" => What::Ip,
        b"udp" => What::Transport(super::numbers::UDP),
        b"eth" | b"eth_withoutfcs" | b"eth_maybefcs" => What::Ethernet,
        b"ppp" | b"ppp_hdlc" => What::Ppp,
        b"wlan" | b"wlan_withoutfcs" => What::Wlan { swapped: false },
        _ => return None,
    };
    Some((what, rest))
}

/// Solaris' packet hooks: version, family, and 22 bytes of interfaces and zones; then an IP packet.
fn ipnet<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let body = bytes.skip(24)?;
    context.push_link(Link { layer: Layer::Ipnet, src: None, dst: None })?;
    Some((What::Ip, body))
}

/// A firewall's own header of 44 bytes, with an `EtherType` after the sixth.
fn symantec<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let ethertype = bytes.be16(6)?;
    let body = bytes.skip(44)?;
    context.push(Layer::Tag)?;
    Some((What::EtherType(ethertype), body))
}

/// Ethernet as it is on the line, preamble and checksum included (IEEE 802.3br).
fn mpacket<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    // Of a packet in pieces, one that is whole begins and ends here: start delimiters of express and of whole frames.
    if !matches!(bytes.u8(7)?, 0xd5 | 0xe6 | 0x4c | 0x7f | 0xb3) {
        return None;
    }
    let body = bytes.skip(8)?;
    context.push(Layer::Tag)?;
    Some((What::Ethernet, body))
}

/// A bus analyser's header of 32 bytes, which begins with the kind of the bus; `0x50` is Ethernet.
fn ebhscr<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    if bytes.u8(0)? != 0x50 {
        return None;
    }
    // Time stamp and status stand before the frame of an Ethernet record.
    let body = bytes.skip(32)?;
    context.push(Layer::Tag)?;
    Some((What::Ethernet, body))
}

/// ARCNET (RFC 1201): addresses of one byte, a protocol, and a header that splits long packets.
fn arcnet<'a>(bytes: Bytes<'a>, linux: bool, context: &mut Context) -> Step<'a> {
    const IP: u8 = 212;
    const OLD_IP: u8 = 240;
    let rest = bytes.skip(if linux { 4 } else { 2 })?;
    context.push_link(Link { layer: Layer::Arcnet, src: None, dst: None })?;
    match (rest.u8(0)?, rest.u8(1)?) {
        (OLD_IP, _) => Some((What::Ip, rest.skip(1)?)),
        // Split flag, sequence number; a long packet has an exception byte and the two again.
        (IP, 0xff) => Some((What::Ip, rest.skip(8)?)),
        (IP, 0) => Some((What::Ip, rest.skip(4)?)),
        _ => None,
    }
}
