//! Every field and option of a packet of IPv6, options in options on lines of their own.

use super::detail::{PacketDetail, heading, row, wide, write_layers, write_problems};
use super::hex::{Part, dump_parts};
use super::line6::{push_type6, type_label6, write_xid};
use super::record6::{Judged, Message6, Record6};
use crate::output::styled::{Label, Styled};
use crate::output::text::Text;
use crate::output::when::TimeText;
use crate::wire::nd;
use crate::wire::options::{self, Context, Kind, OptionDef, Space, TextSink};
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
                let name = |out: &mut Text| push_type6(kind, out);
                heading(&record.around, time, type_label6(kind), &name, bytes.len(), out);
                write_layers(&record.around, out);
                write_message(&packet, 0, out);
            }
            Message6::Router { packet, outline } => {
                let name = packet.kind().and_then(nd::name_of).unwrap_or("icmpv6");
                let name = |out: &mut Text| out.capitals(name);
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
    for _ in 0..depth {
        out.text("    ");
    }
}

/// Fields and options of a message and of those inside it.
fn write_message(packet: &v6::Packet<'_>, depth: usize, out: &mut Styled) {
    let kind = packet.message_type().unwrap_or_default();
    if packet.message_type().is_some() {
        indent(depth, out);
        row("type", out).number(kind.0).text(" (");
        match kind.name() {
            Some(name) => out.text(name),
            None => out.text(&kind.to_string()),
        };
        out.text(")\n");
    }
    if let Some(xid) = packet.xid() {
        indent(depth, out);
        row(if kind.has_flags() { "flags" } else { "xid" }, out);
        write_xid(xid, out.plain());
        out.text("\n");
    }
    if let Some(count) = packet.hop_count() {
        indent(depth, out);
        row("hop count", out).number(count).text("\n");
    }
    for (name, addr) in [("link", packet.link_address()), ("peer", packet.peer_address())] {
        if let Some(addr) = addr {
            indent(depth, out);
            row(name, out).plain().ip(addr.into());
            out.text("\n");
        }
    }
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
        write_name(option.code, row, out);
        if option.is_truncated() {
            out.plain().hex(option.data);
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
        out.plain().hex(found.rest());
        out.text("\n");
    }
}

/// The code of an option and its name.
fn write_name(code: u16, row: Option<&OptionDef>, out: &mut Styled) {
    out.text("  ").labelled(Label::Dim, |out| out.digits_wide(code.into(), 3)).text(" ");
    wide(row.map_or("unassigned", |row| row.name), 26, out);
    out.text(" ");
}

fn write_value(kind: Option<&Kind>, data: &[u8], out: &mut Styled) {
    let begin = out.len();
    let cx = Context { lax: true, ..Context::default() };
    let sink = &mut TextSink::pretty(out.plain().bytes_mut());
    // A text of zeros alone is shown by its bytes.
    if let Some(Ok(())) = kind.map(|kind| options::decode_at(kind, data, 0, &cx, sink))
        && (out.len() > begin || data.is_empty())
    {
        return;
    }
    out.truncate(begin);
    if data.is_empty() {
        out.label(Label::Dim, "(empty)");
    } else {
        out.plain().hex(data);
    }
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
            let space = match &last.kind {
                Kind::Options(space) if space.code_width == 2 => Some(*space),
                Kind::Message6 => None,
                _ => return None,
            };
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
        write_name(span.code.into(), row, out);
        let data = span.data(packet);
        if span.is_truncated() {
            out.plain().hex(data);
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
            let mut push = |start: usize, end: usize, code: Option<u16>, name: &'static str| {
                Part { start, end: end.min(have), code, name, ..Part::default() }.push(&mut parts);
            };
            push(0, 1, None, "type");
            push(1, 2, None, "code");
            push(2, 4, None, "checksum");
            if packet.is_advertisement() {
                push(4, 5, None, "hop limit");
                push(5, 6, None, "flags");
                push(6, 8, None, "router lifetime");
                push(8, 12, None, "reachable time");
                push(12, 16, None, "retrans timer");
            } else {
                push(4, 8, None, "reserved");
            }
            for span in &outline.options {
                let name = options::nd::SPACE.name_of(span.code.into()).unwrap_or("unassigned");
                let end = span.data_offset().saturating_add(span.len);
                push(span.offset, end, Some(span.code.into()), name);
            }
            push(outline.trailer, have, None, "no option");
        }
    }
    parts
}

fn message_parts(packet: &v6::Packet<'_>, base: usize, depth: usize, parts: &mut Vec<Part>) {
    let have = packet.bytes().len();
    let mut push = |start: usize, end: usize, name: &'static str| {
        let (start, end) = (base.saturating_add(start.min(have)), base.saturating_add(end.min(have)));
        Part { start, end, depth, name, ..Part::default() }.push(parts);
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
        let start = base.saturating_add(start).saturating_add(option.offset);
        let name = options::v6::SPACE.name_of(option.code).unwrap_or("unassigned");
        let head = start.saturating_add(4);
        let part = Part { start, end: head, depth, code: Some(option.code), name, remark: "" };
        if option.code == options::v6::RELAY_MSG && !option.is_truncated() && depth < 32 {
            part.push(parts);
            message_parts(&v6::Packet::new(option.data), head, depth.saturating_add(1), parts);
        } else {
            Part { end: head.saturating_add(option.data.len()), ..part }.push(parts);
        }
    }
    let end = base.saturating_add(have);
    let start = end.saturating_sub(found.rest().len());
    Part { start, end, depth, name: "no option", ..Part::default() }.push(parts);
}
