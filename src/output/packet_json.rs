//! The contract's packet object.

use std::io::Write as _;
use std::net::IpAddr;

use super::json::JsonOut;
use super::packet::{PacketRecord, Shown, Values};
use crate::wire::frame::Layers;
use crate::wire::options::{Sink as _, v4};
use crate::wire::problem::Problem;
use crate::wire::v4::packet::field_text;
use crate::wire::v4::{FIXED_LEN, Span};

/// Writes packet objects; keeps its memory from one to the next.
#[derive(Clone, Debug, Default)]
pub struct PacketJson {
    values: Values,
    beginnings: Beginnings,
    layers: LayersText,
}

/// The beginning of every option's object, up to its value: what does not change is written once.
#[derive(Clone, Debug)]
struct Beginnings {
    text: Vec<u8>,
    /// Where each code's beginning ends; it starts where the one before ends.
    ends: Vec<usize>,
}

impl Default for Beginnings {
    fn default() -> Self {
        let mut json = JsonOut::new();
        let mut ends = Vec::with_capacity(256);
        for code in 0..=u8::MAX {
            json.fixed(b",{\"code\":");
            json.digits(u64::from(code));
            json.fixed(b",\"name\":");
            match v4::SPACE.name_of(u16::from(code)) {
                Some(name) => json.plain(name),
                None => json.null(),
            }
            json.fixed(b",\"value\":");
            ends.push(json.buf.len());
        }
        Self { text: json.buf, ends }
    }
}

impl Beginnings {
    #[inline]
    fn of(&self, code: u8, first: bool) -> &[u8] {
        let end = self.ends.get(usize::from(code)).copied().unwrap_or(0);
        let before = usize::from(code).checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.copied().unwrap_or(0).saturating_add(usize::from(first));
        self.text.get(start..end).unwrap_or_default()
    }
}

/// The layers of the packet before as text: mostly they are those of the next one.
#[derive(Clone, Debug, Default)]
struct LayersText {
    layers: Layers,
    text: Vec<u8>,
}

impl LayersText {
    #[inline]
    fn of(&mut self, layers: Layers) -> &[u8] {
        if self.text.is_empty() || self.layers != layers {
            self.set(layers);
        }
        &self.text
    }

    #[cold]
    fn set(&mut self, layers: Layers) {
        let mut json = JsonOut::new();
        json.begin_array();
        for layer in layers.iter() {
            json.plain(layer.name());
        }
        json.end_array();
        (self.layers, self.text) = (layers, json.buf);
    }
}

impl PacketJson {
    /// What was wrong with values of the packet written last.
    pub fn value_problems(&self) -> &[Problem] {
        &self.values.problems
    }

    /// Appends the object for `record`, without a line end.
    pub fn write(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        json.fixed(b"{\"type\":\"packet\",\"number\":");
        json.digits(record.number);
        json.fixed(b",\"time\":");
        match record.time {
            Some(time) => {
                json.time(time, record.precision);
                json.fixed(b",\"time_ns\":");
                json.nanoseconds(time);
            }
            None => json.fixed(b"null,\"time_ns\":null"),
        }
        json.fixed(b",\"interface\":");
        match record.interface {
            Some(name) => json.string(name.as_bytes()),
            None => json.fixed(b"null"),
        }
        json.fixed(b",\"captured_length\":");
        json.digits(u64::try_from(record.captured_length).unwrap_or(u64::MAX));
        json.fixed(b",\"original_length\":");
        json.digits(u64::from(record.original_length));
        json.fixed(b",\"layers\":");
        json.fixed(self.layers.of(record.datagram.layers));
        write_layers(record, json);
        json.fixed(b",\"dhcp\":");
        self.write_dhcp(record, json);
        json.fixed(b",\"problems\":[");
        let found = record.outline.problems.iter().chain(&self.values.problems).copied();
        for problem in found.chain(record.outer_problems()) {
            write_problem(&problem, json);
        }
        json.fixed(b"]}");
    }

    fn write_dhcp(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        let packet = &record.packet;
        // Too little even for a transaction identifier: there is no message to speak of, only its problems.
        if packet.xid().is_none() {
            self.values.begin();
            json.fixed(b"null");
            return;
        }
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
        json.fixed(b",\"xid\":\"0x");
        json.hex_digits(&packet.xid().unwrap_or_default().0.to_be_bytes());
        json.fixed(b"\",\"secs\":");
        number_or_null(packet.secs().map(u64::from), json);
        match packet.flags() {
            Some(flags) => {
                json.fixed(b",\"flags\":\"0x");
                json.hex_digits(&flags.to_be_bytes());
                json.fixed(if flags & 0x8000 == 0 {
                    b"\",\"broadcast\":false"
                } else {
                    b"\",\"broadcast\":true"
                });
            }
            None => json.fixed(b",\"flags\":null,\"broadcast\":null"),
        }
        let addresses: [(&[u8], _); 4] = [
            (b",\"ciaddr\":\"", packet.ciaddr()),
            (b",\"yiaddr\":\"", packet.yiaddr()),
            (b",\"siaddr\":\"", packet.siaddr()),
            (b",\"giaddr\":\"", packet.giaddr()),
        ];
        for (key, addr) in addresses {
            json.fixed(key);
            if let Some(addr) = addr {
                json.octets(addr, b'"');
            } else {
                // Takes back the quote.
                json.buf.pop();
                json.fixed(b"null");
            }
        }
        write_fields(record, json);
        json.fixed(b",\"message_type\":");
        match record.outline.message_type {
            Some(kind) => match kind.name() {
                Some(name) => json.plain(name),
                None => json.digits(u64::from(kind.0)),
            },
            None => json.fixed(b"null"),
        }
        self.write_options(record, json);
        write_layout(record, json);
        json.fixed(b"}");
    }

    fn write_options(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        self.values.begin();
        let cx = record.context();
        json.fixed(b",\"options\":[");
        for (index, span) in record.outline.options.iter().enumerate() {
            json.fixed(self.beginnings.of(span.code, index == 0));
            let start = json.buf.len();
            let shown = self.values.show(record, &cx, span, json);
            if shown != Shown::Value {
                json.buf.truncate(start);
                json.fixed(b"null");
            }
            json.fixed(b",\"raw\":\"");
            json.hex_digits(span.data(&record.packet));
            json.fixed(b"\"");
            write_oddities(span, shown, json);
            json.fixed(b"}");
        }
        json.fixed(b"]");
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

/// `chaddr`, `sname` and `file`; with their whole bytes where the value alone cannot rebuild the field.
fn write_fields(record: &PacketRecord<'_>, json: &mut JsonOut) {
    let packet = &record.packet;
    json.fixed(b",\"chaddr\":");
    let (chaddr, field) = (packet.chaddr(), packet.chaddr_field());
    if chaddr.is_empty() {
        json.fixed(b"null");
    } else {
        json.hardware(chaddr);
    }
    if !is_zero(field.get(chaddr.len()..).unwrap_or_default()) {
        json.name_next("chaddr_raw");
        json.bytes(field);
    }
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

/// True when all bytes are zero; looks at many at once.
#[inline]
fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<16>();
    let gathered = words.iter().fold(0, |all, word| all | u128::from_ne_bytes(*word));
    rest.iter().fold(gathered, |all, byte| all | u128::from(*byte)) == 0
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
    json.fixed(if outline.has_end { b",\"end\":true" } else { b",\"end\":false" });
    if outline.end_pads > 0 {
        json.name_next("pads_at_end");
        json.u64(u64::from(outline.end_pads));
    }
    let trailer = usize::try_from(outline.trailer).ok().and_then(|at| bytes.get(at..));
    write_trailer(trailer.unwrap_or(&[]), json);
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

/// What stands between the names of the layers and the message.
fn write_layers(record: &PacketRecord<'_>, json: &mut JsonOut) {
    let datagram = record.datagram;
    json.fixed(if datagram.quoted {
        b",\"quoted_in\":\"icmp\",\"link\":"
    } else {
        b",\"quoted_in\":null,\"link\":"
    });
    match &datagram.link {
        Some(link) => {
            json.fixed(b"{\"type\":\"");
            json.fixed(link.layer.name().as_bytes());
            let addresses: [(&[u8], _); 2] = [(b"\",\"src\":", link.src), (b",\"dst\":", link.dst)];
            for (key, addr) in addresses {
                json.fixed(key);
                match addr {
                    Some(addr) => json.hardware(addr.as_slice()),
                    None => json.fixed(b"null"),
                }
            }
            json.fixed(b",\"vlans\":[");
            for id in datagram.vlans.as_slice() {
                json.u64(u64::from(*id));
            }
            json.fixed(b"]}");
        }
        None => json.fixed(b"null"),
    }
    match &datagram.ip {
        Some(ip) => {
            json.fixed(if ip.src.is_ipv4() { b",\"ip\":{\"version\":4" } else { b",\"ip\":{\"version\":6" });
            let addresses: [(&[u8], _); 2] = [(b",\"src\":", ip.src), (b",\"dst\":", ip.dst)];
            for (key, addr) in addresses {
                json.fixed(key);
                match addr {
                    IpAddr::V4(addr) => json.ip4(addr),
                    IpAddr::V6(addr) => json.ip6(addr),
                }
            }
            json.fixed(b",\"ttl\":");
            json.digits(u64::from(ip.ttl));
            json.fixed(b"}");
        }
        None => json.fixed(b",\"ip\":null"),
    }
    json.fixed(b",\"udp\":{\"src_port\":");
    json.digits(u64::from(datagram.udp.src_port));
    json.fixed(b",\"dst_port\":");
    json.digits(u64::from(datagram.udp.dst_port));
    json.fixed(b",\"checksum\":\"");
    json.fixed(datagram.udp.checksum.name().as_bytes());
    json.fixed(b"\"}");
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
    match problem.code.reference() {
        "" => json.null(),
        reference => json.plain(reference),
    }
    json.end_object();
}

fn number_or_null(value: Option<u64>, json: &mut JsonOut) {
    match value {
        Some(value) => json.u64(value),
        None => json.null(),
    }
}
