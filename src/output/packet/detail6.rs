//! Every field and option of a packet of IPv6, options in options on lines of their own.

use std::fmt::Write as _;

use super::detail::{PacketDetail, heading, row, write_layers, write_problems};
use super::hex::{Part, dump_parts};
use super::line6::{type_label6, type_name6};
use super::record6::{Judged, Message6, Record6};
use crate::output::styled::{Label, Styled};
use crate::output::when::TimeText;
use crate::wire::nd;
use crate::wire::options::{self, Context, Kind, Space, TextSink};
use crate::wire::v6::{self, MessageType, Options};

impl PacketDetail {
    /// Appends the view of a packet of IPv6, a blank line at its end; what is wrong with it is left in `judged`.
    pub fn write_six(
        &mut self,
        record: &Record6<'_>,
        judged: &mut Judged,
        time: &mut TimeText,
        out: &mut Styled,
    ) {
        let bytes = record.message.bytes();
        match record.message {
            Message6::Dhcp { packet, outline } => {
                let kind = outline.kind().unwrap_or_default();
                heading(&record.around, time, type_label6(kind), &type_name6(kind), bytes.len(), out);
                write_layers(&record.around, out);
                write_message(&packet, 0, out);
            }
            Message6::Router { packet, outline } => {
                let name = packet.kind().and_then(nd::name_of).unwrap_or("icmpv6").to_uppercase();
                heading(&record.around, time, Label::Server, &name, bytes.len(), out);
                write_layers(&record.around, out);
                write_router(&packet, outline, out);
            }
        }
        judged.judge(record);
        write_problems(&judged.problems, out);
        if self.with_dump {
            dump_parts(bytes, parts(record), &judged.problems, out);
        }
        out.text("\n");
    }
}

fn indent(depth: usize, out: &mut Styled) {
    out.text(&" ".repeat(depth.saturating_mul(4)));
}

/// Fields and options of a message and of those inside it.
fn write_message(packet: &v6::Packet<'_>, depth: usize, out: &mut Styled) {
    let kind = packet.message_type().unwrap_or_default();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            indent(depth, out);
            row(name, out).text(&value).text("\n");
        }
    };
    line("type", packet.message_type().map(|kind| format!("{} ({kind})", kind.0)));
    line(if kind.has_flags() { "flags" } else { "xid" }, packet.xid().map(|xid| format!("{xid:#08x}")));
    line("hop count", packet.hop_count().map(|count| count.to_string()));
    line("link", packet.link_address().map(|addr| addr.to_string()));
    line("peer", packet.peer_address().map(|addr| addr.to_string()));
    if packet.has_header() {
        write_options(&options::v6::SPACE, packet.options(), depth, out);
    }
}

/// The options of an area, each on a line, what is inside them below it.
fn write_options(space: &'static Space, area: &[u8], depth: usize, out: &mut Styled) {
    if depth > usize::from(options::MAX_DEPTH) {
        indent(depth, out);
        out.label(Label::Error, "  nested too deep to be followed").text("\n");
        return;
    }
    let mut found = Options::new(area);
    for option in found.by_ref() {
        let row = space.by_code(option.code);
        indent(depth, out);
        out.text("  ").label(Label::Dim, &format!("{:>3}", option.code)).text(" ");
        let name = row.map_or("unassigned", |row| row.name);
        let _ = write!(out, "{name:<26} ");
        if option.is_truncated() {
            write_hex(option.data, out);
            let cut = format!("cut short: {} bytes, {} promised", option.data.len(), option.declared);
            out.text("  ").label(Label::Error, &cut).text("\n");
            continue;
        }
        match row.and_then(|row| inside(&row.kind, option.data)) {
            Some((head, Inside::Options(space), area)) => {
                out.text(&head).text("\n");
                write_options(space, area, depth.saturating_add(1), out);
            }
            Some((head, Inside::Message, bytes)) => {
                out.text(&head).text("\n");
                write_message(&v6::Packet::new(bytes), depth.saturating_add(1), out);
            }
            None => {
                write_value(row.map(|row| &row.kind), option.data, out);
                out.text("\n");
            }
        }
    }
    if !found.rest().is_empty() {
        indent(depth, out);
        out.text("      ").label(Label::Error, "no option: ");
        write_hex(found.rest(), out);
        out.text("\n");
    }
}

fn write_hex(data: &[u8], out: &mut Styled) {
    for byte in data {
        let _ = write!(out, "{byte:02x}");
    }
}

fn write_value(kind: Option<&Kind>, data: &[u8], out: &mut Styled) {
    let mut text = Vec::new();
    let cx = Context { lax: true, ..Context::default() };
    let sink = &mut TextSink::pretty(&mut text);
    match kind.map(|kind| options::decode_at(kind, data, 0, &cx, sink)) {
        // The sink escapes: what it writes is UTF-8.
        Some(Ok(())) => out.text(&String::from_utf8_lossy(&text)),
        _ if data.is_empty() => out.label(Label::Dim, "(empty)"),
        _ => {
            write_hex(data, out);
            out
        }
    };
}

/// What stands inside an option.
enum Inside {
    Options(&'static Space),
    Message,
}

/// What is to be told of an option on its own line, and what stands inside it.
fn inside<'a>(kind: &Kind, data: &'a [u8]) -> Option<(String, Inside, &'a [u8])> {
    match kind {
        Kind::Options(space) if space.code_width == 2 => Some((String::new(), Inside::Options(space), data)),
        Kind::Message6 => Some((String::new(), Inside::Message, data)),
        Kind::Record(fields) => {
            let (last, before) = fields.split_last()?;
            let (end, space) = match &last.kind {
                Kind::Options(space) if space.code_width == 2 => (None, Some(*space)),
                Kind::Message6 => (None, None),
                _ => return None,
            };
            let _: Option<()> = end;
            let used = fixed_len(before)?;
            let (head, area) = data.split_at_checked(used)?;
            let mut text = Vec::new();
            let cx = Context::default();
            let head_kind = Kind::Record(before);
            options::decode_at(&head_kind, head, 0, &cx, &mut TextSink::pretty(&mut text)).ok()?;
            let text = String::from_utf8_lossy(&text).into_owned();
            Some((text, space.map_or(Inside::Message, Inside::Options), area))
        }
        Kind::Shaped(options::shapes::Shape::IaPrefix) => {
            let (head, area) = data.split_at_checked(25)?;
            let mut text = Vec::new();
            options::decode_at(kind, head, 0, &Context::default(), &mut TextSink::pretty(&mut text)).ok()?;
            let text = String::from_utf8_lossy(&text).replace(", options=[]", "");
            Some((text, Inside::Options(&options::v6::SPACE), area))
        }
        _ => None,
    }
}

/// Bytes of fields that always have the same length.
fn fixed_len(fields: &[options::kind::Field]) -> Option<usize> {
    fields.iter().try_fold(0_usize, |sum, field| {
        let length = match &field.kind {
            Kind::U8 => 1,
            Kind::U32 | Kind::Lifetime | Kind::Ip4 => 4,
            Kind::Ip6 => 16,
            Kind::Bits(width, _) | Kind::Enum(width, _) => width.bytes(),
            _ => return None,
        };
        sum.checked_add(length)
    })
}

fn write_router(packet: &nd::Packet<'_>, outline: &nd::Outline, out: &mut Styled) {
    if let Some(header) = packet.header() {
        let mut line = |name: &str, value: String| {
            row(name, out).text(&value).text("\n");
        };
        line("code", header.code.to_string());
        if packet.is_advertisement() {
            let flags = header.flags();
            let names = [
                (nd::flag::MANAGED, "managed"),
                (nd::flag::OTHER, "other"),
                (nd::flag::HOME_AGENT, "home agent"),
                (nd::flag::PROXY, "proxy"),
                (nd::flag::SNAC, "snac"),
            ];
            let said: Vec<&str> =
                names.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect();
            line("hop limit", header.hop_limit().to_string());
            line("flags", format!("{flags:#04x} {}", said.join(", ")));
            line("preference", header.preference().to_owned());
            line("lifetime", crate::wire::Lease(header.router_lifetime().into()).to_string());
            line("reachable", format!("{} ms", header.reachable_time));
            line("retrans", format!("{} ms", header.retrans_timer));
        }
    }
    for span in &outline.options {
        let row = options::nd::SPACE.by_code(span.code.into());
        out.text("  ").label(Label::Dim, &format!("{:>3}", span.code)).text(" ");
        let name = row.map_or("unassigned", |row| row.name);
        let _ = write!(out, "{name:<26} ");
        let data = span.data(packet);
        if span.is_truncated() {
            write_hex(data, out);
            out.text("  ").label(Label::Error, "cut short");
        } else {
            write_value(row.map(|row| &row.kind), data, out);
        }
        out.text("\n");
    }
}

/// Every byte of the message, in order, without gaps.
fn parts(record: &Record6<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    match record.message {
        Message6::Dhcp { packet, .. } => message_parts(&packet, 0, 0, &mut parts),
        Message6::Router { packet, outline } => {
            let have = packet.bytes().len();
            let mut push =
                |start: usize, end: usize, name: &str| Part::push(&mut parts, start, end.min(have), name);
            push(0, 1, "type");
            push(1, 2, "code");
            push(2, 4, "checksum");
            if packet.is_advertisement() {
                push(4, 5, "hop limit");
                push(5, 6, "flags");
                push(6, 8, "router lifetime");
                push(8, 12, "reachable time");
                push(12, 16, "retrans timer");
            } else {
                push(4, 8, "reserved");
            }
            for span in &outline.options {
                let name = options::nd::SPACE.name_of(span.code.into()).unwrap_or("unassigned");
                push(
                    span.offset,
                    span.data_offset().saturating_add(span.len),
                    &format!("{} {name}", span.code),
                );
            }
            push(outline.trailer, have, "no option");
        }
    }
    parts
}

fn message_parts(packet: &v6::Packet<'_>, base: usize, depth: usize, parts: &mut Vec<Part>) {
    let have = packet.bytes().len();
    let pad = "  ".repeat(depth);
    let mut push = |start: usize, end: usize, name: &str| {
        let start = start.min(have);
        Part::push(
            parts,
            base.saturating_add(start),
            base.saturating_add(end.min(have)),
            &format!("{pad}{name}"),
        );
    };
    push(0, 1, "type");
    if packet.message_type().is_some_and(MessageType::is_relay) {
        push(1, 2, "hop count");
        push(2, 18, "link address");
        push(18, 34, "peer address");
    } else {
        push(1, 4, "xid");
    }
    if !packet.has_header() {
        return;
    }
    let start = packet.header_len();
    let mut found = Options::new(packet.options());
    for option in found.by_ref() {
        let at = base.saturating_add(start).saturating_add(option.offset);
        let name = options::v6::SPACE.name_of(option.code).unwrap_or("unassigned");
        let label = format!("{pad}{} {name}", option.code);
        let end = at.saturating_add(4).saturating_add(option.data.len());
        if option.code == options::v6::RELAY_MSG && !option.is_truncated() && depth < 32 {
            Part::push(parts, at, at.saturating_add(4), &label);
            message_parts(
                &v6::Packet::new(option.data),
                at.saturating_add(4),
                depth.saturating_add(1),
                parts,
            );
        } else {
            Part::push(parts, at, end, &label);
        }
    }
    let end = base.saturating_add(have);
    Part::push(parts, end.saturating_sub(found.rest().len()), end, &format!("{pad}no option"));
}
