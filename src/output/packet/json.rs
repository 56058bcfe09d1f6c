//! The contract's packet object.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use crate::output::json::JsonOut;
use crate::output::json::remembered::{OptionTexts, Piece};
use crate::output::packet::record::{MOST_PROBLEMS, PacketRecord};
use crate::wire::HwAddr;
use crate::wire::frame::{Checksum, Datagram, Ip, Layer, Layers, Link, Protocol, Udp, Vlans};
use crate::wire::options::{Context, Sink as _, v4};
use crate::wire::problem::Problem;
use crate::wire::v4::packet::{field_text, is_zero};
use crate::wire::v4::{FIXED_LEN, MessageType, Packet, Shown, Span, Values};

/// What stands between the IP layer and the message: its header, checksum, whether there is an IP layer and it was not to be cut
/// into pieces, and what the message is.
type Transport = (Option<Udp>, Checksum, Option<Option<bool>>, Protocol);

/// Where a message went, by what most messages of one side have in common: the receiver's hardware address, the addresses of IP, time
/// to live and type of service.
type Way = (Option<HwAddr>, Ipv4Addr, Ipv4Addr, u8, u8);

/// Writes packet objects; keeps its memory from one to the next.
#[derive(Clone, Debug)]
pub struct PacketJson {
    values: Values,
    /// The capture of the packet before, and what an object of it begins with.
    capture: String,
    beginning: Vec<u8>,
    fixed: &'static Fixed,
    texts: OptionTexts,
    pub(super) texts6: OptionTexts,
    /// From the layers to the hardware addresses.
    outside: Piece<(Layers, bool, Option<Layer>)>,
    /// From the end of the IP layer to the message, by whether the source port is even: what a client and what a server
    /// sends.
    udp: [Piece<Transport>; 2],
    /// Between the sender's hardware address and the identification, as `udp`.
    way: [Piece<Way>; 2],
    /// The first four bytes of a message, by whether the first is even: requests and replies.
    head: [Piece<[u8; 4]>; 2],
}

impl Default for PacketJson {
    fn default() -> Self {
        static FIXED: LazyLock<Fixed> = LazyLock::new(Fixed::new);
        Self {
            values: Values::default(),
            capture: String::new(),
            beginning: b"{\"type\":\"packet\",\"capture\":\"\",\"number\":".to_vec(),
            fixed: &FIXED,
            texts: OptionTexts::default(),
            texts6: OptionTexts::default(),
            outside: Piece::default(),
            udp: Default::default(),
            way: Default::default(),
            head: Default::default(),
        }
    }
}

/// What does not change is written once.
#[derive(Debug)]
struct Fixed {
    /// The beginning of every option's object, up to its value.
    beginnings: Vec<Beginning>,
    /// For each message type what stands between `chaddr` and the options where `sname` and `file` are empty; nothing
    /// for types without a name.
    kinds: Vec<Vec<u8>>,
}

/// Room for the beginning of an option with an ordinary name; a copy of fixed size is the fastest.
const ROOM: usize = 64;

#[derive(Clone, Debug)]
struct Beginning {
    text: [u8; ROOM],
    length: usize,
    /// All of it, where there is not room enough.
    long: Vec<u8>,
}

impl Fixed {
    fn new() -> Self {
        let beginning = |code: u8| {
            let row = v4::SPACE.by_code(u16::from(code));
            let mut json = JsonOut::new();
            json.fixed(b"{\"code\":");
            json.digits(u64::from(code));
            json.fixed(b",\"name\":");
            match row {
                Some(row) => json.plain(row.name),
                None => json.null(),
            }
            json.fixed(b",\"value\":");
            let length = json.buf.len();
            let mut text = [0; ROOM];
            for (to, from) in text.iter_mut().zip(&json.buf) {
                *to = *from;
            }
            let long = if length > ROOM { json.buf } else { Vec::new() };
            Beginning { text, length, long }
        };
        let kind = |kind: u8| {
            let kind = MessageType(kind);
            let mut json = JsonOut::new();
            if kind.name().is_some() {
                json.fixed(b",\"sname\":null,\"file\":null");
                write_kind(Some(kind), &mut json);
            }
            json.buf
        };
        Self { beginnings: (0..=u8::MAX).map(beginning).collect(), kinds: (0..=u8::MAX).map(kind).collect() }
    }

    /// The text between `chaddr` and the options of an ordinary message of this type.
    #[inline]
    fn kind(&self, kind: MessageType) -> Option<&[u8]> {
        self.kinds.get(usize::from(kind.0)).map(Vec::as_slice).filter(|text| !text.is_empty())
    }

    #[inline]
    fn begin_option(&self, code: u8, json: &mut JsonOut) {
        let Some(row) = self.beginnings.get(usize::from(code)) else { return };
        if row.length > ROOM {
            json.fixed(&row.long);
            return;
        }
        let end = json.buf.len().saturating_add(row.length);
        json.fixed(&row.text);
        json.buf.truncate(end);
    }
}

/// Appends the `dhcp` object of a message that stands inside another.
pub fn write_inner(message: &[u8], json: &mut JsonOut) {
    let packet = Packet::new(message);
    let mut outline = crate::wire::v4::Outline::default();
    outline.read(&packet, message.len(), false);
    let datagram = Datagram::bare(message);
    let record = PacketRecord::of(&datagram, packet, &outline, message.len());
    PacketJson::default().write_dhcp(&record, json);
}

impl PacketJson {
    /// What was wrong with values of the packet written last.
    pub fn value_problems(&self) -> &[Problem] {
        &self.values.problems
    }

    /// Appends the object for `record`, without a line end.
    pub fn write(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        self.write_head(record, json);
        self.write_dhcp(record, json);
        if self.values.problems.is_empty() && record.is_sound() {
            json.fixed(b",\"problems\":[]}");
            return;
        }
        let found = record.outline.problems.iter().chain(&self.values.problems).copied();
        write_problems(found.chain(record.outer_problems()), json);
    }

    /// Everything up to the message: the frame and its layers. The message of `record` is not looked at.
    pub(super) fn write_head(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        match record.capture {
            Some(name) => {
                if self.capture != name {
                    name.clone_into(&mut self.capture);
                    let mut text = JsonOut::new();
                    text.fixed(b"{\"type\":\"packet\",\"capture\":");
                    text.string(name.as_bytes());
                    text.fixed(b",\"number\":");
                    self.beginning = text.buf;
                }
                // The text of no capture is that of an empty name.
                json.fixed(&self.beginning);
            }
            None => json.fixed(b"{\"type\":\"packet\",\"capture\":null,\"number\":"),
        }
        json.digits(record.number);
        json.fixed(b",\"time\":");
        match record.time {
            Some(time) => {
                json.times(time, record.precision);
            }
            None => json.fixed(b"null,\"time_ns\":null"),
        }
        let datagram = record.datagram;
        match (record.interface, datagram.direction, datagram.interface_index, record.comment) {
            (None, None, None, None) => {
                json.fixed(b",\"interface\":null,\"direction\":null,\"comment\":null,\"captured_length\":");
            }
            _ => write_remarks(record, json),
        }
        json.digits(u64::try_from(record.captured_length).unwrap_or(u64::MAX));
        json.fixed(b",\"original_length\":");
        json.digits(u64::from(record.original_length));
        self.write_layers(record.datagram, record.comment, json);
    }

    /// What stands around the message.
    fn write_layers(&mut self, datagram: &Datagram<'_>, comment: Option<&str>, json: &mut JsonOut) {
        let link = datagram.link.as_ref();
        let outside = (datagram.layers, datagram.quoted, link.map(|link| link.layer));
        json.fixed(self.outside.of(outside, |json| write_outside(outside, json)));
        let side = usize::from(datagram.udp.is_some_and(|udp| udp.src_port & 1 == 1));
        match (link, &datagram.ip) {
            (Some(link), Some(Ip { src: IpAddr::V4(src), dst: IpAddr::V4(dst), ttl, tos, .. }))
                if datagram.vlans.as_slice().is_empty() && comment.is_none() =>
            {
                hardware_or_null(link.src.as_ref(), json);
                let way = (link.dst, *src, *dst, *ttl, *tos);
                if let Some(piece) = self.way.get_mut(side) {
                    json.fixed(piece.of(way, |json| {
                        write_receiver(link, &Vlans::default(), None, json);
                        write_ip(IpAddr::V4(*src), IpAddr::V4(*dst), *ttl, *tos, json);
                    }));
                }
            }
            (link, ip) => {
                if let Some(link) = link {
                    hardware_or_null(link.src.as_ref(), json);
                    write_receiver(link, &datagram.vlans, comment, json);
                }
                match ip {
                    Some(ip) => write_ip(ip.src, ip.dst, ip.ttl, ip.tos, json),
                    None => json.fixed(b",\"ip\":null"),
                }
            }
        }
        match datagram.ip.map(|ip| ip.id) {
            Some(Some(id)) => json.digits(u64::from(id)),
            Some(None) => json.fixed(b"null"),
            None => {}
        }
        let (udp, whole) = (datagram.udp, datagram.ip.map(|ip| ip.dont_fragment));
        let Some(piece) = self.udp.get_mut(side) else { return };
        json.fixed(piece.of((udp, datagram.checksum, whole, datagram.protocol), |json| {
            let key: &[u8] = match datagram.protocol {
                Protocol::Dhcpv4 => b"\"dhcp\":",
                Protocol::Dhcpv6 => b"\"dhcpv6\":",
                Protocol::Icmpv6 => b"\"icmpv6\":",
            };
            json.fixed(match whole {
                Some(Some(true)) => b",\"dont_fragment\":true}",
                Some(Some(false)) => b",\"dont_fragment\":false}",
                Some(None) => b",\"dont_fragment\":null}",
                None => b"",
            });
            let Some(udp) = udp else {
                json.fixed(b",\"udp\":null,");
                return json.fixed(key);
            };
            json.fixed(b",\"udp\":{\"src_port\":");
            json.digits(u64::from(udp.src_port));
            json.fixed(b",\"dst_port\":");
            json.digits(u64::from(udp.dst_port));
            json.fixed(b",\"checksum\":");
            json.plain(datagram.checksum.name());
            json.fixed(b"},");
            json.fixed(key);
        }));
    }

    fn write_dhcp(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        let packet = &record.packet;
        // Nothing at all is no message; a single byte is.
        if packet.bytes().is_empty() {
            self.values.begin();
            json.fixed(b"null");
            return;
        }
        match packet.bytes().first_chunk::<FIXED_LEN>() {
            Some(fixed) => self.write_fixed(fixed, packet, json),
            None => write_cut(packet, json),
        }
        write_chaddr(packet, json);
        let names_are_empty =
            record.outline.overload == 0 && packet.bytes().get(44..FIXED_LEN).is_some_and(is_zero);
        let kind = record.outline.message_type;
        match kind.and_then(|kind| self.fixed.kind(kind)) {
            Some(text) if names_are_empty => json.fixed(text),
            _ => {
                write_names(record, json);
                write_kind(kind, json);
            }
        }
        self.write_options(record, json);
        write_layout(record, json);
        json.fixed(b"}");
    }

    /// The fields of fixed place in front of `chaddr`.
    #[inline]
    fn write_fixed(&mut self, fixed: &[u8; FIXED_LEN], packet: &Packet<'_>, json: &mut JsonOut) {
        let [op, htype, hlen, hops, x0, x1, x2, x3, s0, s1, f0, f1, ..] = *fixed;
        let [even, odd] = &mut self.head;
        let piece = if op & 1 == 0 { even } else { odd };
        let head = [op, htype, hlen, hops];
        json.fixed(piece.of(head, |json| {
            let names: [&[u8]; 4] = [b"{\"op\":", b",\"htype\":", b",\"hlen\":", b",\"hops\":"];
            for (name, value) in names.into_iter().zip(head) {
                json.fixed(name);
                json.digits(u64::from(value));
            }
            json.fixed(b",\"xid\":\"0x");
        }));
        json.hex_digits(&[x0, x1, x2, x3]);
        match [s0, s1, f0, f1] {
            [0, 0, 0, 0] => json.fixed(b"\",\"secs\":0,\"flags\":\"0x0000\",\"broadcast\":false"),
            [0, 0, 0x80, 0] => json.fixed(b"\",\"secs\":0,\"flags\":\"0x8000\",\"broadcast\":true"),
            _ => {
                json.fixed(b"\",\"secs\":");
                json.digits(u64::from(u16::from_be_bytes([s0, s1])));
                write_flags([f0, f1], json);
            }
        }
        let addresses = packet.bytes().get(12..28).unwrap_or_default();
        if is_zero(addresses) {
            json.fixed(
                b",\"ciaddr\":\"0.0.0.0\",\"yiaddr\":\"0.0.0.0\",\"siaddr\":\"0.0.0.0\",\"giaddr\":\"0.0.0.0\"",
            );
            return;
        }
        let addr = |addr: Option<Ipv4Addr>| addr.unwrap_or(Ipv4Addr::UNSPECIFIED);
        json.fixed(b",\"ciaddr\":\"");
        json.octets(addr(packet.ciaddr()), b'"');
        json.fixed(b",\"yiaddr\":\"");
        json.octets(addr(packet.yiaddr()), b'"');
        json.fixed(b",\"siaddr\":\"");
        json.octets(addr(packet.siaddr()), b'"');
        json.fixed(b",\"giaddr\":\"");
        json.octets(addr(packet.giaddr()), b'"');
    }

    fn write_options(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        self.values.begin();
        let Self { values, fixed, texts, .. } = self;
        let cx = record.context();
        texts.write(record, json, |span, json| write_option(span, &cx, values, fixed, record, json));
        // The comma behind the last one.
        if !record.outline.options.is_empty() {
            json.buf.pop();
        }
        json.fixed(b"]");
    }
}

/// One option, with a comma behind it. True when nothing about it is unusual.
#[inline]
fn write_option(
    span: &Span,
    cx: &Context<'_>,
    values: &mut Values,
    fixed: &Fixed,
    record: &PacketRecord<'_>,
    json: &mut JsonOut,
) -> bool {
    fixed.begin_option(span.code, json);
    let start = json.buf.len();
    let problems = values.problems.len();
    let shown = values.show((&record.packet, record.outline), cx, span, json);
    if shown != Shown::Value {
        json.buf.truncate(start);
        json.fixed(b"null");
    }
    json.fixed(b",\"raw\":\"");
    json.hex_digits(span.data(&record.packet));
    // A warning about the value has to come every time.
    let usual = shown == Shown::Value && span.is_plain() && values.problems.len() == problems;
    if usual {
        json.fixed(b"\"},");
    } else {
        json.fixed(b"\"");
        write_oddities(span, shown, json);
        json.fixed(b"},");
    }
    usual
}

/// The fields in front of `chaddr` of a message that ends before `options`: those that are there.
#[cold]
fn write_cut(packet: &Packet<'_>, json: &mut JsonOut) {
    let numbers: [(&[u8], _); 4] = [
        (b"{\"op\":", packet.op().map(|op| op.0)),
        (b",\"htype\":", packet.htype()),
        (b",\"hlen\":", packet.hlen()),
        (b",\"hops\":", packet.hops()),
    ];
    for (key, value) in numbers {
        json.fixed(key);
        number_or_null(value.map(u64::from), json);
    }
    json.fixed(b",\"xid\":");
    match packet.xid() {
        Some(xid) => {
            json.fixed(b"\"0x");
            json.hex_digits(&xid.0.to_be_bytes());
            json.fixed(b"\"");
        }
        None => json.fixed(b"null"),
    }
    json.fixed(b",\"secs\":");
    number_or_null(packet.secs().map(u64::from), json);
    match packet.flags() {
        Some(flags) => write_flags(flags.to_be_bytes(), json),
        None => json.fixed(b",\"flags\":null,\"broadcast\":null"),
    }
    let addresses = [
        ("ciaddr", packet.ciaddr()),
        ("yiaddr", packet.yiaddr()),
        ("siaddr", packet.siaddr()),
        ("giaddr", packet.giaddr()),
    ];
    for (key, addr) in addresses {
        json.name_next(key);
        match addr {
            Some(addr) => json.ip4(addr),
            None => json.null(),
        }
    }
}

fn write_flags(flags: [u8; 2], json: &mut JsonOut) {
    json.fixed(b",\"flags\":\"0x");
    json.hex_digits(&flags);
    json.fixed(if flags[0] & 0x80 == 0 { b"\",\"broadcast\":false" } else { b"\",\"broadcast\":true" });
}

/// The interface, direction, the interface's number where one is known, and a remark.
fn write_remarks(record: &PacketRecord<'_>, json: &mut JsonOut) {
    json.fixed(b",\"interface\":");
    match record.interface {
        Some(name) => json.string(name.as_bytes()),
        None => json.fixed(b"null"),
    }
    json.fixed(b",\"direction\":");
    match record.datagram.direction {
        Some(direction) => json.plain(direction.name()),
        None => json.null(),
    }
    if let Some(index) = record.datagram.interface_index {
        json.fixed(b",\"interface_index\":");
        json.digits(u64::from(index));
    }
    write_comment(record.comment, json);
    json.fixed(b",\"captured_length\":");
}

fn write_comment(comment: Option<&str>, json: &mut JsonOut) {
    json.fixed(b",\"comment\":");
    match comment {
        Some(comment) => json.string(comment.as_bytes()),
        None => json.fixed(b"null"),
    }
}

#[cold]
fn write_tags(vlans: &Vlans, comment: Option<&str>, json: &mut JsonOut) {
    json.fixed(b",\"vlans\":[");
    for id in vlans.as_slice() {
        json.u64(u64::from(*id));
    }
    json.fixed(b"],\"priorities\":[");
    for priority in vlans.priorities() {
        json.u64(u64::from(priority));
    }
    for (index, eligible) in vlans.drop_eligible().enumerate() {
        json.fixed(if index == 0 { b"],\"drop_eligible\":[" } else { b"," });
        json.fixed(if eligible { b"true" } else { b"false" });
    }
    json.fixed(b"]");
    write_comment(comment, json);
    json.fixed(b"}");
}

/// The receiver's hardware address, the tags and the end of the link layer.
fn write_receiver(link: &Link, vlans: &Vlans, comment: Option<&str>, json: &mut JsonOut) {
    json.fixed(b",\"dst\":");
    hardware_or_null(link.dst.as_ref(), json);
    match (vlans.as_slice(), comment) {
        ([], None) => json.fixed(b",\"vlans\":[],\"priorities\":[],\"comment\":null}"),
        _ => write_tags(vlans, comment, json),
    }
}

/// The IP layer up to its identification.
fn write_ip(src: IpAddr, dst: IpAddr, ttl: u8, tos: u8, json: &mut JsonOut) {
    json.fixed(if src.is_ipv4() { b",\"ip\":{\"version\":4" } else { b",\"ip\":{\"version\":6" });
    for (key, addr) in [("src", src), ("dst", dst)] {
        json.name_next(key);
        match addr {
            IpAddr::V4(addr) => json.ip4(addr),
            IpAddr::V6(addr) => json.ip6(addr),
        }
    }
    json.fixed(b",\"ttl\":");
    json.digits(u64::from(ttl));
    write_service(tos, json);
}

fn write_service(tos: u8, json: &mut JsonOut) {
    json.fixed(b",\"dscp\":");
    json.digits(u64::from(tos >> 2));
    json.fixed(b",\"ecn\":");
    json.digits(u64::from(tos & 3));
    json.fixed(b",\"id\":");
}

fn write_outside((layers, quoted, link): (Layers, bool, Option<Layer>), json: &mut JsonOut) {
    json.fixed(b",\"layers\":[");
    for layer in layers.iter() {
        json.plain(layer.name());
    }
    json.fixed(b"],\"quoted_in\":");
    json.fixed(if quoted { b"\"icmp\",\"link\":" } else { b"null,\"link\":" });
    match link {
        Some(layer) => {
            json.fixed(b"{\"type\":");
            json.plain(layer.name());
            json.fixed(b",\"src\":");
        }
        None => json.fixed(b"null"),
    }
}

#[inline]
fn hardware_or_null(addr: Option<&HwAddr>, json: &mut JsonOut) {
    match addr {
        Some(addr) => json.address(addr.as_slice()),
        None => json.fixed(b"null"),
    }
}

/// What is unusual about an option, so that it can be rebuilt to the byte.
#[inline]
fn write_oddities(span: &Span, shown: Shown, json: &mut JsonOut) {
    if shown == Shown::Continues {
        json.name_next("continues");
        json.flag(true);
    }
    if let Some(field) = span.field.name() {
        json.name_next("field");
        json.plain(field);
    }
    if span.pads > 0 {
        json.name_next("pads_before");
        json.u64(u64::from(span.pads));
    }
    if span.is_truncated() {
        json.name_next("declared_length");
        number_or_null(span.declared.map(u64::from), json);
    }
}

/// `chaddr`; with its whole bytes where the value alone cannot rebuild the field.
#[inline]
fn write_chaddr(packet: &Packet<'_>, json: &mut JsonOut) {
    json.fixed(b",\"chaddr\":");
    let (chaddr, field) = (packet.chaddr(), packet.chaddr_field());
    if chaddr.is_empty() {
        json.fixed(b"null");
    } else {
        json.address(chaddr);
    }
    if !is_zero(field.get(chaddr.len()..).unwrap_or_default()) {
        json.name_next("chaddr_raw");
        json.bytes(field);
    }
}

/// The message type, and the beginning of the options.
fn write_kind(kind: Option<MessageType>, json: &mut JsonOut) {
    json.fixed(b",\"message_type\":");
    match kind {
        Some(kind) => match kind.name() {
            Some(name) => json.plain(name),
            None => json.digits(u64::from(kind.0)),
        },
        None => json.fixed(b"null"),
    }
    json.fixed(b",\"options\":[");
}

/// `sname` and `file`; with their whole bytes where the value alone cannot rebuild the field.
fn write_names(record: &PacketRecord<'_>, json: &mut JsonOut) {
    let packet = &record.packet;
    let fields: [(&[u8], &str, u8, &[u8]); 2] = [
        (b",\"sname\":", "sname_raw", 2, packet.sname_field()),
        (b",\"file\":", "file_raw", 1, packet.file_field()),
    ];
    for (key, raw_key, overload, field) in fields {
        json.fixed(key);
        if is_zero(field) && record.outline.overload == 0 {
            json.fixed(b"null");
            continue;
        }
        let overloaded = record.outline.overload & overload != 0;
        let text = field_text(field);
        if overloaded || text.is_empty() {
            json.fixed(b"null");
        } else {
            json.string(text);
        }
        let rest_is_zero = is_zero(field.get(text.len()..).unwrap_or_default());
        if overloaded || !rest_is_zero || std::str::from_utf8(text).is_err() {
            json.name_next(raw_key);
            json.bytes(field);
        }
    }
}

/// What stands around the options: enough to rebuild the message to the byte.
fn write_layout(record: &PacketRecord<'_>, json: &mut JsonOut) {
    let (packet, outline) = (&record.packet, record.outline);
    let bytes = packet.bytes();
    if bytes.len() < FIXED_LEN {
        // The last field may be there in part, which no value can say.
        json.name_next("fixed_raw");
        json.bytes(bytes);
    }
    if !packet.has_options() {
        let behind = bytes.get(FIXED_LEN..).unwrap_or(&[]);
        json.name_next("cookie");
        json.bytes(behind.get(..4).unwrap_or(behind));
        write_trailer(behind.get(4..).unwrap_or(&[]), json);
        return;
    }
    let trailer = usize::try_from(outline.trailer).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    if outline.has_end && outline.end_pads == 0 && trailer.is_empty() {
        json.fixed(b",\"end\":true,\"padding\":0");
        return;
    }
    json.fixed(if outline.has_end { b",\"end\":true" } else { b",\"end\":false" });
    if outline.end_pads > 0 {
        json.name_next("pads_at_end");
        json.u64(u64::from(outline.end_pads));
    }
    write_trailer(trailer, json);
}

fn write_trailer(trailer: &[u8], json: &mut JsonOut) {
    if is_zero(trailer) {
        json.fixed(b",\"padding\":");
        json.digits(u64::try_from(trailer.len()).unwrap_or(0));
    } else {
        json.name_next("trailer");
        json.bytes(trailer);
    }
}

/// The problems of a packet and the end of its object; how many are left out is said behind them.
#[inline]
pub(super) fn write_problems(problems: impl Iterator<Item = Problem>, json: &mut JsonOut) {
    json.fixed(b",\"problems\":[");
    let mut untold = 0_u64;
    for (index, problem) in problems.enumerate() {
        if index < MOST_PROBLEMS {
            write_problem(&problem, json);
        } else {
            untold = untold.saturating_add(1);
        }
    }
    json.fixed(b"]");
    if untold > 0 {
        json.name_next("problems_omitted");
        json.u64(untold);
    }
    json.fixed(b"}");
}

#[cold]
fn write_problem(problem: &Problem, json: &mut JsonOut) {
    json.begin_object();
    json.name_next("severity");
    json.plain(problem.severity().name());
    json.name_next("code");
    json.plain(problem.code.name());
    json.name_next("offset");
    number_or_null(problem.offset.map(u64::from), json);
    json.name_next("message");
    json.raw(b"\"");
    // The sentences of the table need no escaping, and writing into a Vec cannot fail.
    let _ = write!(json.buf, "{problem}\"");
    json.name_next("reference");
    match problem.reference() {
        "" => json.null(),
        reference => json.plain(reference),
    }
    json.end_object();
}

pub(super) fn number_or_null(value: Option<u64>, json: &mut JsonOut) {
    match value {
        Some(value) => json.u64(value),
        None => json.null(),
    }
}

#[cfg(test)]
pub(in crate::output) mod tests;
