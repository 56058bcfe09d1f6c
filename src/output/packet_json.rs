//! The contract's packet object.

use std::io::Write as _;
use std::net::IpAddr;

use super::json::JsonOut;
use super::packet::{PacketRecord, Shown, Values};
use crate::wire::options::{Sink as _, v4};
use crate::wire::problem::Problem;
use crate::wire::v4::packet::field_text;
use crate::wire::v4::{FIXED_LEN, Span};

/// Writes packet objects; keeps its memory from one to the next.
#[derive(Clone, Debug, Default)]
pub struct PacketJson {
    values: Values,
}

impl PacketJson {
    /// Appends the object for `record`, without a line end.
    pub fn write(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        json.begin_object();
        json.name_next("type");
        json.plain("packet");
        json.name_next("number");
        json.u64(record.number);
        json.name_next("time");
        match record.time {
            Some(time) => {
                json.time(time, record.precision);
                json.name_next("time_ns");
                json.signed(time.nanoseconds());
            }
            None => json.raw(b"null,\"time_ns\":null"),
        }
        json.name_next("interface");
        match record.interface {
            Some(name) => json.string(name.as_bytes()),
            None => json.null(),
        }
        json.name_next("captured_length");
        json.u64(u64::try_from(record.captured_length).unwrap_or(u64::MAX));
        json.name_next("original_length");
        json.u64(u64::from(record.original_length));
        write_layers(record, json);
        json.name_next("dhcp");
        self.write_dhcp(record, json);
        json.name_next("problems");
        json.begin_array();
        let found = record.outline.problems.iter().chain(&self.values.problems).copied();
        for problem in found.chain(record.outer_problems()) {
            write_problem(&problem, json);
        }
        json.end_array();
        json.end_object();
    }

    fn write_dhcp(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        let packet = &record.packet;
        // Too little even for a transaction identifier: there is no message to speak of, only its problems.
        if packet.xid().is_none() {
            self.values.begin();
            json.null();
            return;
        }
        json.begin_object();
        let numbers = [
            ("op", packet.op().map(|op| op.0)),
            ("htype", packet.htype()),
            ("hlen", packet.hlen()),
            ("hops", packet.hops()),
        ];
        for (key, value) in numbers {
            json.name_next(key);
            number_or_null(value.map(u64::from), json);
        }
        json.name_next("xid");
        json.hex32(packet.xid().unwrap_or_default().0);
        json.name_next("secs");
        number_or_null(packet.secs().map(u64::from), json);
        json.name_next("flags");
        match packet.flags() {
            Some(flags) => {
                json.hex16(flags);
                json.name_next("broadcast");
                json.flag(flags & 0x8000 != 0);
            }
            None => json.raw(b"null,\"broadcast\":null"),
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
        write_fields(record, json);
        json.name_next("message_type");
        match record.outline.message_type {
            Some(kind) => match kind.name() {
                Some(name) => json.plain(name),
                None => json.u64(u64::from(kind.0)),
            },
            None => json.null(),
        }
        self.write_options(record, json);
        write_layout(record, json);
        json.end_object();
    }

    fn write_options(&mut self, record: &PacketRecord<'_>, json: &mut JsonOut) {
        self.values.begin();
        let cx = record.context();
        json.name_next("options");
        json.begin_array();
        for span in &record.outline.options {
            json.begin_object();
            json.name_next("code");
            json.u64(u64::from(span.code));
            json.name_next("name");
            match v4::SPACE.name_of(u16::from(span.code)) {
                Some(name) => json.plain(name),
                None => json.null(),
            }
            json.name_next("value");
            let start = json.buf.len();
            let shown = self.values.show(record, &cx, span, json);
            if shown != Shown::Value {
                json.buf.truncate(start);
                json.null();
            }
            json.name_next("raw");
            json.bytes(span.data(&record.packet));
            write_oddities(span, shown, json);
            json.end_object();
        }
        json.end_array();
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
    json.name_next("chaddr");
    let (chaddr, field) = (packet.chaddr(), packet.chaddr_field());
    if chaddr.is_empty() {
        json.null();
    } else {
        json.hardware(chaddr);
    }
    if field.iter().skip(chaddr.len()).any(|byte| *byte != 0) {
        json.name_next("chaddr_raw");
        json.bytes(field);
    }
    let fields =
        [("sname", "sname_raw", 2, packet.sname_field()), ("file", "file_raw", 1, packet.file_field())];
    for (key, raw_key, overload, field) in fields {
        let overloaded = record.outline.overload & overload != 0;
        let text = field_text(field);
        json.name_next(key);
        if overloaded || text.is_empty() {
            json.null();
        } else {
            json.string(text);
        }
        let rest_is_zero = field.iter().skip(text.len()).all(|byte| *byte == 0);
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
    json.name_next("end");
    json.flag(outline.has_end);
    if outline.end_pads > 0 {
        json.name_next("pads_at_end");
        json.u64(u64::from(outline.end_pads));
    }
    let trailer = usize::try_from(outline.trailer).ok().and_then(|at| bytes.get(at..));
    write_trailer(trailer.unwrap_or(&[]), json);
}

fn write_trailer(trailer: &[u8], json: &mut JsonOut) {
    if trailer.iter().all(|byte| *byte == 0) {
        json.name_next("padding");
        json.u64(u64::try_from(trailer.len()).unwrap_or(0));
    } else {
        json.name_next("trailer");
        json.bytes(trailer);
    }
}

fn write_layers(record: &PacketRecord<'_>, json: &mut JsonOut) {
    let datagram = record.datagram;
    json.name_next("layers");
    json.begin_array();
    for layer in datagram.layers.iter() {
        json.plain(layer.name());
    }
    json.end_array();
    json.name_next("quoted_in");
    if datagram.quoted {
        json.plain("icmp");
    } else {
        json.null();
    }
    json.name_next("link");
    match &datagram.link {
        Some(link) => {
            json.begin_object();
            json.name_next("type");
            json.plain(link.layer.name());
            for (key, addr) in [("src", link.src), ("dst", link.dst)] {
                json.name_next(key);
                match addr {
                    Some(addr) => json.hardware(addr.as_slice()),
                    None => json.null(),
                }
            }
            json.name_next("vlans");
            json.begin_array();
            for id in datagram.vlans.as_slice() {
                json.u64(u64::from(*id));
            }
            json.end_array();
            json.end_object();
        }
        None => json.null(),
    }
    json.name_next("ip");
    match &datagram.ip {
        Some(ip) => {
            json.raw(if ip.src.is_ipv4() { b"{\"version\":4" } else { b"{\"version\":6" });
            for (key, addr) in [("src", ip.src), ("dst", ip.dst)] {
                json.name_next(key);
                match addr {
                    IpAddr::V4(addr) => json.ip4(addr),
                    IpAddr::V6(addr) => json.ip6(addr),
                }
            }
            json.name_next("ttl");
            json.u64(u64::from(ip.ttl));
            json.end_object();
        }
        None => json.null(),
    }
    json.name_next("udp");
    json.begin_object();
    json.name_next("src_port");
    json.u64(u64::from(datagram.udp.src_port));
    json.name_next("dst_port");
    json.u64(u64::from(datagram.udp.dst_port));
    json.name_next("checksum");
    json.plain(datagram.udp.checksum.name());
    json.end_object();
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
