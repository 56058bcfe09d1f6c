//! Headers that capture cards, systems and tools put before a frame or a packet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::Bytes;
use super::step::{Context, What};
use super::tunnel::{self, Tunnel};
use super::{Ip, Layer, Link, LinkType, Protocol, Unread, juniper, link, switch, wpan};
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
        LinkType::IP_OVER_FC => ip_over_fc(bytes, context),
        LinkType::ATM_CLIP | LinkType::DLT_ATM_CLIP | LinkType::DLT_ATM_CLIP_OTHER => match bytes.have {
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
        LinkType(130..=137 | 164 | 167 | 168 | 174 | 178..=181 | 183 | 194 | 200 | 232..=234 | 238) => {
            juniper::juniper(link, bytes, context)
        }
        LinkType::MFR => switch::multilink(bytes, context),
        LinkType::AX25 => ax25(bytes, context),
        LinkType::AX25_KISS if bytes.u8(0)?.trailing_zeros() >= 4 => ax25(bytes.skip(1)?, context),
        LinkType::AX25_KISS => None,
        LinkType::GFP_T | LinkType::GFP_F => gfp(bytes, context),
        LinkType::DLT_REDBACK => redback(bytes, context),
        LinkType::FC_2 => fibre_channel(bytes, context),
        LinkType::FC_2_WITH_DELIMITERS => fibre_channel(bytes.skip(4)?.without_trailer(8), context),
        LinkType::INFINIBAND => infiniband(bytes, context),
        LinkType::DOCSIS31_XRA31 => xra(bytes),
        LinkType::VPP_DISPATCH => vpp(bytes, context),
        LinkType::WPAN => wpan::frame_of(bytes.without_trailer(2), context),
        LinkType::WPAN_NO_FCS => wpan::frame_of(bytes, context),
        // Preamble, start of the frame, its length.
        LinkType::WPAN_NONASK => wpan::frame_of(bytes.skip(6)?.without_trailer(2), context),
        LinkType::WPAN_TAP => wpan::tap(bytes, context),
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
        // Packet over SONET, and that of one of several channels behind its header.
        1 | 10 | 15 | 19 => link::framed_ppp(rest.limit(wire_length), context),
        5 | 17 => link::framed_ppp(rest.limit(wire_length).skip(4)?, context),
        // ATM's fifth adaptation layer behind the header of a cell, with that of a channel before it.
        4 => Some((What::Llc, rest.limit(wire_length).skip(4)?)),
        9 => Some((What::Llc, rest.limit(wire_length).skip(8)?)),
        21 => infiniband(rest.limit(wire_length), context),
        // Ethernet, behind two bytes of padding.
        2 | 11 | 16 | 20 => Some((What::Ethernet, rest.skip(2)?.limit(wire_length))),
        22 | 23 => Some((What::Ip, rest.limit(wire_length))),
        _ => None,
    }
}

/// IP over Fibre Channel: both addresses, the last six bytes of each a hardware address.
fn ip_over_fc<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, rest) = bytes.chunk::<16>()?;
    let (dst, src) = head.split_at_checked(8)?;
    let (src, dst) = (Some(HwAddr::from_slice(src.get(2..)?)), Some(HwAddr::from_slice(dst.get(2..)?)));
    context.push_link(Link { layer: Layer::FibreChannel, src, dst })?;
    Some((What::Llc, rest))
}

/// Fibre Channel FC-2: of its header of 24 bytes the ninth says what it carries, and a bit of the fourteenth whether the addresses
/// of RFC 2625 come next.
fn fibre_channel<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const IP: u8 = 5;
    const NETWORK_HEADER: u8 = 0x20;
    let (head, rest) = bytes.chunk::<24>()?;
    match (head[8], head[13] & NETWORK_HEADER) {
        (IP, 0) => {
            context.push_link(Link { layer: Layer::FibreChannel, src: None, dst: None })?;
            Some((What::Llc, rest))
        }
        (IP, _) => ip_over_fc(rest, context),
        _ => None,
    }
}

/// `InfiniBand`: local routing header, whose last two bits of the second byte say whether a global one follows; then a transport
/// header, and in a datagram the rest of it and the header of RFC 4391.
fn infiniband<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const UNRELIABLE_DATAGRAM: u8 = 3;
    let length = match bytes.u8(1)? & 3 {
        2 => 8,
        3 => 48,
        _ => return None,
    };
    let transport = bytes.skip(length)?;
    if transport.u8(0)? >> 5 != UNRELIABLE_DATAGRAM {
        return None;
    }
    let payload = transport.skip(20)?;
    // What is not IP has other things there.
    if payload.be16(2)? != 0 {
        return None;
    }
    let ethertype = payload.be16(0)?;
    // Two checksums stand behind it, over the parts that change and those that do not.
    let body = payload.skip(4)?.without_trailer(6);
    context.push_link(Link { layer: Layer::Infiniband, src: None, dst: None })?;
    Some((What::EtherType(ethertype), body))
}

/// AX.25: addresses of seven bytes up to one whose last bit is set, control, and what the frame carries.
pub(super) fn ax25<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const IP: u8 = 0xcc;
    /// Destination, source, and eight who repeat.
    const MOST: usize = 10;
    let (addresses, _) = bytes.have.as_chunks::<7>();
    let last = addresses.iter().take(MOST).position(|address| address[6] & 1 == 1)?;
    let (&[control, protocol], body) = bytes.skip(last.saturating_add(1).saturating_mul(7))?.chunk::<2>()?;
    // Information, numbered or not.
    if control & 1 != 0 && control & 0xef != 3 || protocol != IP {
        return None;
    }
    context.push_link(Link { layer: Layer::Ax25, src: None, dst: None })?;
    Some((What::Ip, body))
}

/// The generic framing procedure (ITU-T G.7041): length and type, each with a check sequence; an extension of four bytes where the type
/// says so; what the type's last byte names, and perhaps a checksum.
fn gfp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const CHECKSUM: u8 = 0x10;
    const LINEAR: u8 = 1;
    let length = usize::from(bytes.be16(0)?);
    let (&[kind, payload, _, _], rest) = bytes.skip(4)?.limit(length).chunk::<4>()?;
    let rest = rest.without_trailer(if kind & CHECKSUM == 0 { 0 } else { 4 });
    // What is a user's, or of those who talk about the line; other frames manage it.
    if !matches!(kind >> 5, 0 | 5) {
        return None;
    }
    let body = rest.skip(if kind & 0x0f == LINEAR { 4 } else { 0 })?;
    context.push(Layer::Gfp)?;
    match payload {
        1 => Some((What::Ethernet, body)),
        2 => Some((What::Ppp, body)),
        13 => Some((What::Mpls, body)),
        16 | 17 => Some((What::Ip, body)),
        _ => None,
    }
}

/// Redback's routers: 18 bytes of context, flags, circuit and length; protocol, and where the packet and its data begin.
fn redback<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (protocol, packet, data) = (bytes.be16(18)?, bytes.be16(20)?, bytes.be16(22)?);
    let body = bytes.skip(usize::from(packet))?;
    context.push(Layer::Redback)?;
    match protocol {
        // The data of a frame stand behind its header.
        _ if data > packet => Some((What::Ethernet, body)),
        1 => Some((What::Ip, body)),
        3 | 4 | 8 => Some((What::Ethernet, body)),
        _ => None,
    }
}

/// A sniffer of DOCSIS 3.1: version, direction and type, the length of what is told of the signal; then what the type says.
fn xra(bytes: Bytes<'_>) -> Step<'_> {
    let (&[_, kind, high, low], rest) = bytes.chunk::<4>()?;
    match kind & 0x3f {
        // Frames of single carriers, of many, and of what a modem sent.
        1 | 8 | 11 => Some((What::Docsis, rest.skip(usize::from(u16::from_be_bytes([high, low])))?)),
        _ => None,
    }
}

/// A trace of VPP: version, how many texts, what the packet is, a number; the texts, each ended by zero; the packet.
fn vpp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[1, _, texts, hint], _) = bytes.chunk::<4>()? else { return None };
    let mut rest = bytes.skip(8)?;
    for _ in 0..texts.max(4) {
        let end = rest.have.iter().position(|byte| *byte == 0)?;
        rest = rest.skip(end.saturating_add(1))?;
    }
    context.push(Layer::Vpp)?;
    match (hint, rest.u8(0)?) {
        (2 | 3, _) | (0, 0x45 | 0x60) => Some((What::Ip, rest)),
        (5, _) => Some((What::Transport(super::numbers::UDP), rest)),
        (0 | 1, _) => Some((What::Ethernet, rest)),
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
