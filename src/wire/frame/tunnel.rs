//! Tunnels: what carries frames or packets inside packets.

use super::bytes::Bytes;
use super::numbers::{
    ETHERTYPE_BRIDGED as BRIDGED, ETHERTYPE_IPV4 as IPV4, ETHERTYPE_IPV6 as IPV6, ETHERTYPE_VLAN as VLAN,
};
use super::step::{Context, What};
use super::{Layer, Unread, wpan};

type Step<'a> = Option<(What, Bytes<'a>)>;

macro_rules! tunnels {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A tunnel that runs over UDP.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Tunnel { $($(#[$doc])* $variant,)* }

        impl Tunnel {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name it is asked for by.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

tunnels! {
    /// L2TP version 2 or 3.
    L2tp = "l2tp",
    /// GTP user plane.
    Gtp = "gtp",
    /// Teredo.
    Teredo = "teredo",
    /// LISP data.
    Lisp = "lisp",
    /// GRE in UDP (RFC 8086).
    Gre = "gre",
    /// VXLAN.
    Vxlan = "vxlan",
    /// VXLAN with its generic protocol extension.
    VxlanGpe = "vxlan-gpe",
    /// VXLAN as Cisco's ACI has it, on a port that is also handed out to clients of anything.
    VxlanAci = "vxlan-aci",
    /// CAPWAP data.
    Capwap = "capwap",
    /// Geneve.
    Geneve = "geneve",
    /// sFlow version 5.
    Sflow = "sflow",
    /// MPLS in UDP (RFC 7510).
    Mpls = "mpls",
    /// LWAPP data.
    Lwapp = "lwapp",
    /// `TaZmen` sniffer protocol.
    Tzsp = "tzsp",
    /// Generic UDP encapsulation.
    Gue = "gue",
    /// Frames that a capturing access point sends to its analyser.
    PeekRemote = "peekremote",
    /// Anything in anything.
    Ayiya = "ayiya",
    /// Tunnelled packets of Mobile IP (RFC 3519).
    MobileIp = "mobile-ip",
    /// The Zigbee encapsulation protocol.
    Zep = "zep",
}

/// The ports of each.
pub(super) const PORTS: [(u16, Tunnel); 21] = [
    (434, Tunnel::MobileIp),
    (1701, Tunnel::L2tp),
    (2152, Tunnel::Gtp),
    // Its first version.
    (3386, Tunnel::Gtp),
    (3544, Tunnel::Teredo),
    (4341, Tunnel::Lisp),
    (4754, Tunnel::Gre),
    (4789, Tunnel::Vxlan),
    (4790, Tunnel::VxlanGpe),
    (5000, Tunnel::PeekRemote),
    (5072, Tunnel::Ayiya),
    (5247, Tunnel::Capwap),
    (6080, Tunnel::Gue),
    (6081, Tunnel::Geneve),
    (6343, Tunnel::Sflow),
    (6635, Tunnel::Mpls),
    // Linux used it for VXLAN before there was an assigned port, and still does unless told otherwise.
    (8472, Tunnel::Vxlan),
    (12222, Tunnel::Lwapp),
    (17754, Tunnel::Zep),
    (37008, Tunnel::Tzsp),
    (48879, Tunnel::VxlanAci),
];

/// The tunnel that runs on a port.
pub(super) fn on_port(port: u16) -> Option<Tunnel> {
    PORTS.iter().find(|(known, _)| *known == port).map(|(_, tunnel)| *tunnel)
}

/// Goes into a tunnel.
pub(super) fn enter<'a>(tunnel: Tunnel, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    match tunnel {
        Tunnel::L2tp => l2tp_over_udp(bytes, context),
        Tunnel::Gtp => gtp(bytes, context),
        Tunnel::Teredo => teredo(bytes, context),
        Tunnel::Lisp => plain(bytes, context, Layer::Lisp, 8, What::Ip),
        Tunnel::Gre => gre(bytes, context),
        Tunnel::VxlanGpe => vxlan_gpe(bytes, context),
        // The flag that says there is a network identifier, and a frame that looks like one.
        Tunnel::VxlanAci if bytes.u8(0)? & 0x08 == 0 || !looks_like_ethernet(bytes.skip(8)?) => None,
        Tunnel::Vxlan | Tunnel::VxlanAci => plain(bytes, context, Layer::Vxlan, 8, What::Ethernet),
        Tunnel::Capwap => capwap(bytes, context),
        Tunnel::Geneve => geneve(bytes, context),
        Tunnel::Sflow => {
            context.push(Layer::Sflow)?;
            Some((What::Samples, bytes))
        }
        Tunnel::Mpls => Some((What::Mpls, bytes)),
        Tunnel::Lwapp => lwapp(bytes, context),
        Tunnel::Tzsp => tzsp(bytes, context),
        Tunnel::Gue => gue(bytes, context),
        Tunnel::PeekRemote => peek_remote(bytes, context),
        Tunnel::Ayiya => ayiya(bytes, context),
        Tunnel::MobileIp => {
            // Type 4 is data.
            let (&[4, protocol, _, _], _) = bytes.chunk::<4>()? else { return None };
            plain(bytes, context, Layer::MobileIp, 4, What::Transport(protocol))
        }
        Tunnel::Zep => wpan::zep(bytes, context),
    }
}

fn plain<'a>(bytes: Bytes<'a>, context: &mut Context, layer: Layer, length: usize, what: What) -> Step<'a> {
    let body = bytes.skip(length)?;
    context.push(layer)?;
    Some((what, body))
}

/// The generic protocol extension of VXLAN: the payload's protocol is in the fourth byte when flag P is set.
fn vxlan_gpe<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, body) = bytes.chunk::<8>()?;
    context.push(Layer::Vxlan)?;
    match (head[0] & 0x04, head[3]) {
        (0, _) | (_, 3) => Some((What::Ethernet, body)),
        (_, 1 | 2) => Some((What::Ip, body)),
        (_, 4) => nsh(body, context),
        (_, 5) => Some((What::Mpls, body)),
        _ => None,
    }
}

/// RFC 8300 §2.2: length in words and next protocol in the base header.
pub(super) fn nsh<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[_, length, _, next], _) = bytes.chunk::<4>()?;
    let body = bytes.skip((usize::from(length & 0x3f) << 2).max(8))?;
    context.push(Layer::Nsh)?;
    let what = match next {
        1 | 2 => What::Ip,
        3 => What::Ethernet,
        4 => What::EtherType(0x894f),
        5 => What::Mpls,
        _ => return None,
    };
    Some((what, body))
}

/// RFC 8926 §3.4: length of the options in words, protocol.
fn geneve<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, rest) = bytes.chunk::<8>()?;
    if head[0] >> 6 != 0 {
        return None;
    }
    let body = rest.skip(usize::from(head[0] & 0x3f) << 2)?;
    context.push(Layer::Geneve)?;
    Some((What::EtherType(u16::from_be_bytes([head[2], head[3]])), body))
}

/// RFC 5415 §4.3: preamble, header length in words, flags; then an IEEE 802.11 or 802.3 frame.
fn capwap<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const NATIVE: u8 = 0x01;
    const FRAGMENT: u8 = 0x80;
    const KEEP_ALIVE: u8 = 0x08;
    let (head, _) = bytes.chunk::<8>()?;
    if head[0] != 0 || head[3] & KEEP_ALIVE != 0 {
        return None;
    }
    if head[3] & FRAGMENT != 0 {
        context.unread = Some(Unread::Pieces(Layer::Capwap));
        return None;
    }
    let body = bytes.skip((usize::from(head[1] >> 3) << 2).max(8))?;
    context.push(Layer::Capwap)?;
    // Cisco's controllers exchange the bytes of the frame control field.
    let what = if head[2] & NATIVE == 0 { What::Ethernet } else { What::Wlan { swapped: true } };
    Some((what, body))
}

/// Generic UDP encapsulation: version 0 states header length in words and IP protocol, version 1 is an IP packet, whose own version
/// has the same first bits.
fn gue<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const CONTROL: u8 = 0x20;
    match bytes.u8(0)? {
        first if first & (0xc0 | CONTROL) == 0 => {
            let protocol = bytes.u8(1)?;
            let length = (usize::from(first & 0x1f) << 2).saturating_add(4);
            plain(bytes, context, Layer::Gue, length, What::Transport(protocol))
        }
        _ if looks_like_ip(bytes) => plain(bytes, context, Layer::Gue, 0, What::Ip),
        _ => None,
    }
}

/// What an access point heard: behind a magic number a header of stated length, or without one a header of twenty bytes that states
/// the length of the frame; then an IEEE 802.11 frame with its checksum.
fn peek_remote<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let length = match bytes.have {
        [0, 0xff, 0xab, 0xcd, _, rest @ ..] => {
            usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?.max(9)
        }
        // The port is not its own.
        _ if bytes.be16(2).map(usize::from) == bytes.len.checked_sub(20) => 20,
        _ => return None,
    };
    let frame = bytes.skip(length)?.without_trailer(4);
    context.push(Layer::PeekRemote)?;
    Some((What::Wlan { swapped: false }, frame))
}

/// Anything in anything: lengths of identity (a power of two) and signature (in words), an operation, the next protocol, a time.
fn ayiya<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const FORWARD: u8 = 1;
    let (&[identity, signature, operation, protocol], _) = bytes.chunk::<4>()?;
    if operation & 0x0f != FORWARD {
        return None;
    }
    let length =
        (1_usize << (identity >> 4)).saturating_add(usize::from(signature >> 4) << 2).saturating_add(8);
    plain(bytes, context, Layer::Ayiya, length, What::Transport(protocol))
}

/// RFC 5412 §3: flags (bit 2: control), fragment, length, signal and noise; then an IEEE 802.11 frame.
fn lwapp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, body) = bytes.chunk::<6>()?;
    if head[0] & 0x04 != 0 {
        return None;
    }
    context.push(Layer::Lwapp)?;
    Some((What::Wlan { swapped: true }, body))
}

/// 3GPP TS 29.281 §5.1: flags, type (255 carries a packet), length, tunnel; then a chain of extension headers.
fn gtp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (head, rest) = bytes.chunk::<8>()?;
    // Version 0 (GSM 09.60) has twelve bytes more and no extensions.
    if head[0] >> 5 == 0 && head[1] == 255 {
        return plain(bytes, context, Layer::Gtp, 20, What::Ip);
    }
    if head[0] >> 5 != 1 || head[1] != 255 {
        return None;
    }
    let mut body = rest.limit(usize::from(u16::from_be_bytes([head[2], head[3]])));
    if head[0] & 0x07 != 0 {
        let (&[_, _, _, extension], after) = body.chunk::<4>()?;
        body = after;
        let mut next = if head[0] & 0x04 == 0 { 0 } else { extension };
        while next != 0 {
            let length = usize::from(body.u8(0)?.max(1)) << 2;
            next = body.u8(length.wrapping_sub(1))?;
            body = body.skip(length)?;
        }
    }
    context.push(Layer::Gtp)?;
    Some((ip_or_ethernet(body), body))
}

/// A payload of unstated kind: IP where it looks like it.
fn ip_or_ethernet(bytes: Bytes<'_>) -> What {
    if looks_like_ip(bytes) { What::Ip } else { What::Ethernet }
}

/// Whether a packet begins with a version and a length that fit each other.
pub(super) fn looks_like_ip(bytes: Bytes<'_>) -> bool {
    let length = |at| bytes.be16(at).map_or(0, usize::from);
    match bytes.have {
        [first, ..] if first >> 4 == 4 => {
            let header = usize::from(first & 15) << 2;
            header >= 20 && (header..=bytes.len).contains(&length(2))
        }
        [first, ..] if first >> 4 == 6 => length(4).saturating_add(40) <= bytes.len,
        _ => false,
    }
}

/// Whether an Ethernet header stands here, as far as its `EtherType` tells.
pub(super) fn looks_like_ethernet(bytes: Bytes<'_>) -> bool {
    matches!(bytes.be16(12), Some(IPV4 | IPV6 | VLAN | 0x0806 | 0x88a8 | 0x8847 | 0x8864))
}

/// RFC 4380 §5.1.1: optional authentication and origin indications, then IPv6.
fn teredo<'a>(mut bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    if let [0, 1, id, secret, ..] = bytes.have {
        bytes = bytes.skip(usize::from(*id).saturating_add(usize::from(*secret)).saturating_add(13))?;
    }
    if bytes.have.starts_with(&[0, 0]) {
        bytes = bytes.skip(8)?;
    }
    context.push(Layer::Teredo)?;
    Some((What::Ip, bytes))
}

/// `TaZmen` sniffer protocol: version, type, encapsulation, then tags up to an end tag.
fn tzsp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (&[version, kind, high, low], mut rest) = bytes.chunk::<4>()?;
    if version != 1 || kind > 1 {
        return None;
    }
    loop {
        let tag = rest.u8(0)?;
        let length = match tag {
            0 | 1 => 1,
            _ => usize::from(rest.u8(1)?).saturating_add(2),
        };
        rest = rest.skip(length)?;
        if tag == 1 {
            break;
        }
    }
    context.push(Layer::Tzsp)?;
    match u16::from_be_bytes([high, low]) {
        1 => Some((What::Ethernet, rest)),
        18 => Some((What::Wlan { swapped: false }, rest)),
        _ => None,
    }
}

/// MPLS label stack (RFC 3032); what follows it is not stated and told by its first bits (RFC 4928 §3).
pub(super) fn mpls<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (label, body) = bytes.chunk::<4>()?;
    context.push(Layer::Mpls)?;
    if label[2] & 1 == 0 {
        return Some((What::Mpls, body));
    }
    match body.u8(0)? >> 4 {
        4 | 6 if looks_like_ip(body) || !looks_like_ethernet(body) => Some((What::Ip, body)),
        // RFC 4385 §3: a control word begins with 0, and 1 is an associated channel.
        0 if !looks_like_ethernet(body) || body.skip(4).is_some_and(looks_like_ethernet) => {
            let frame = body.skip(4)?;
            context.push(Layer::PseudoWire)?;
            Some((What::Ethernet, frame))
        }
        1 if !looks_like_ethernet(body) => None,
        _ => Some((What::Ethernet, body)),
    }
}

/// GRE: flags, protocol, then checksum, key, sequence and acknowledgement numbers as flagged (RFC 2784, 2890, 2637).
pub(super) fn gre<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    let (&[a, b, c, d], mut rest) = bytes.chunk::<4>()?;
    let flags = u16::from_be_bytes([a, b]);
    let protocol = u16::from_be_bytes([c, d]);
    let has = |flag| flags & flag != 0;
    let mut limit = None;
    if has(CHECKSUM | ROUTING) {
        rest = rest.skip(4)?;
    }
    if has(KEY) {
        // Enhanced GRE splits the key into payload length and call.
        limit = (flags & 7 == 1).then_some(usize::from(rest.be16(0)?));
        rest = rest.skip(4)?;
    }
    if has(SEQUENCE) {
        rest = rest.skip(4)?;
    }
    if flags & 7 == 1 && has(ACKNOWLEDGEMENT) && protocol != EOIP {
        rest = rest.skip(4)?;
    }
    while has(ROUTING) {
        let (&[high, low, _, length], after) = rest.chunk::<4>()?;
        rest = after.skip(usize::from(length))?;
        if [high, low, length] == [0, 0, 0] {
            break;
        }
    }
    if let Some(limit) = limit {
        rest = rest.limit(limit);
    }
    context.push(Layer::Gre)?;
    match protocol {
        // Type I has no header of its own, type II comes with a sequence number.
        ERSPAN => {
            context.push(Layer::Erspan)?;
            Some((What::Ethernet, if has(SEQUENCE) { rest.skip(8)? } else { rest }))
        }
        _ => gre_payload(protocol, rest, context),
    }
}

const ERSPAN: u16 = 0x88be;
/// Ethernet over IP as one maker of routers does it.
const EOIP: u16 = 0x6400;

/// What GRE carries: mostly an `EtherType`, and a few numbers of its own.
pub(super) fn gre_payload<'a>(protocol: u16, bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    match protocol {
        BRIDGED | EOIP => Some((What::Ethernet, bytes)),
        // Aruba's access points: frames of IEEE 802.11, by radio and purpose.
        0x8200..=0x83f0 | 0x9000..=0x91f0 if protocol.trailing_zeros() >= 4 => {
            Some((What::Wlan { swapped: false }, bytes))
        }
        // ERSPAN type III: twelve bytes, and eight more when the last bit says so.
        0x22eb => {
            let length = if bytes.u8(11)? & 1 == 0 { 12 } else { 20 };
            plain(bytes, context, Layer::Erspan, length, What::Ethernet)
        }
        // WCCP redirection: version 2 has a header of four bytes, version 1 has none.
        0x883e => Some((What::Ip, if looks_like_ip(bytes) { bytes } else { bytes.skip(4)? })),
        _ => Some((What::EtherType(protocol), bytes)),
    }
}

/// L2TP over UDP: version 2 (RFC 2661 §3.1) carries PPP, version 3 (RFC 3931 §4.1.2) what was agreed.
fn l2tp_over_udp<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    let (head, mut rest) = bytes.chunk::<2>()?;
    let flags = u16::from_be_bytes(*head);
    let has = |flag| flags & flag != 0;
    if has(CONTROL) {
        return None;
    }
    match flags & 0x0f {
        2 => {
            if has(LENGTH) {
                rest = rest.limit(usize::from(rest.be16(0)?).saturating_sub(2)).skip(2)?;
            }
            rest = rest.skip(if has(SEQUENCE) { 8 } else { 4 })?;
            if has(OFFSET) {
                rest = rest.skip(usize::from(rest.be16(0)?).saturating_add(2))?;
            }
            context.push(Layer::L2tp)?;
            Some((What::Ppp, rest))
        }
        3 => {
            context.push(Layer::L2tp)?;
            pseudo_wire(rest.skip(6)?)
        }
        _ => None,
    }
}

/// L2TP version 3 over IP (RFC 3931 §4.1.1): session, which is zero for control messages.
pub(super) fn l2tp_over_ip<'a>(bytes: Bytes<'a>, context: &mut Context) -> Step<'a> {
    let (session, rest) = bytes.chunk::<4>()?;
    if *session == [0; 4] {
        return None;
    }
    context.push(Layer::L2tp)?;
    pseudo_wire(rest)
}

/// The length of cookie (0, 4 or 8) and sublayer (0 or 4) was agreed elsewhere: the frame is where one is seen.
fn pseudo_wire(bytes: Bytes<'_>) -> Step<'_> {
    [0, 4, 8, 12].into_iter().filter_map(|length| bytes.skip(length)).find_map(|rest| match rest {
        rest if looks_like_ethernet(rest) => Some((What::Ethernet, rest)),
        rest if looks_like_ip(rest) => Some((What::Ip, rest)),
        rest if rest.have.starts_with(&[0xff, 3, 0, 0x21]) => Some((What::Ppp, rest)),
        _ => None,
    })
}

/// The headers sampled in an sFlow datagram (version 5): samples, each of records, some of which are raw headers.
pub(super) fn samples(bytes: Bytes<'_>) -> impl Iterator<Item = (What, Bytes<'_>)> {
    let start = match bytes.have {
        [0, 0, 0, 5, 0, 0, 0, 1, ..] => bytes.skip(28),
        [0, 0, 0, 5, 0, 0, 0, 2, ..] => bytes.skip(40),
        _ => None,
    };
    records(start)
        .filter_map(|(format, sample)| match format {
            // A flow sample, and the one with wider interface numbers.
            1 => Some(sample.skip(32)),
            3 => Some(sample.skip(44)),
            _ => None,
        })
        .flat_map(records)
        .filter_map(|(format, record)| if format == 1 { raw_header(record) } else { None })
}

/// Pairs of format and content; each is a number, a length and that many bytes.
fn records(mut rest: Option<Bytes<'_>>) -> impl Iterator<Item = (u32, Bytes<'_>)> {
    std::iter::from_fn(move || {
        let head = rest?;
        let length = usize::try_from(head.be32(4)?).ok()?;
        let body = head.skip(8)?;
        rest = body.skip(length);
        Some((head.be32(0)?, body.limit(length)))
    })
}

/// Protocol, length of the frame, bytes removed from its end, length of the header, header.
fn raw_header(record: Bytes<'_>) -> Step<'_> {
    let number = |at: usize| usize::try_from(record.be32(at)?).ok();
    let header = record.skip(16)?.limit(number(12)?);
    let bytes = header.promise(number(4)?.saturating_sub(number(8)?));
    let what = match number(0)? {
        1 => What::Ethernet,
        7 | 14 => What::Ppp,
        11 | 12 => What::Ip,
        13 => What::Mpls,
        _ => return None,
    };
    Some((what, bytes))
}
