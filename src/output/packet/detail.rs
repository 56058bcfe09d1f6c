//! Every field and option of a packet, aligned, with units.

use std::fmt::Write as _;

use crate::output::json::remembered::OptionTexts;
use crate::output::packet::hex;
use crate::output::packet::line::type_label;
use crate::output::packet::record::{MOST_PROBLEMS, PacketRecord};
use crate::output::styled::{Label, Styled};
use crate::output::text::Text;
use crate::output::when::TimeText;
use crate::wire::frame::numbers;
use crate::wire::options::text::{as_text, without_trailing_zeros};
use crate::wire::options::{Context, Kind, TextSink, names, v4};
use crate::wire::problem::{Code, Problem, Severity};
use crate::wire::v4::packet::field_text;
use crate::wire::v4::{Op, Shown, Span, Values};

/// Writes the detailed view; keeps its memory from one packet to the next.
#[derive(Clone, Debug, Default)]
pub struct PacketDetail {
    values: Values,
    texts: OptionTexts,
    problems: Vec<Problem>,
    pub(super) with_dump: bool,
}

impl PacketDetail {
    /// What was wrong with values of the packet written last.
    pub fn value_problems(&self) -> &[Problem] {
        &self.values.problems
    }

    /// A view with or without the annotated dump.
    pub fn new(with_dump: bool) -> Self {
        Self { with_dump, ..Self::default() }
    }

    /// Appends the view of `record`, a blank line at its end.
    pub fn write(&mut self, record: &PacketRecord<'_>, time: &mut TimeText, out: &mut Styled) {
        write_heading(record, time, out);
        write_layers(record, out);
        write_header(record, out);
        self.write_options(record, out);
        let found = record.outline.problems.iter().chain(&self.values.problems).copied();
        self.problems.clear();
        self.problems.extend(found.chain(record.outer_problems()));
        write_problems(&self.problems, out);
        if self.with_dump {
            hex::dump(&record.packet, record.outline, &self.problems, out);
        }
        out.text("\n");
    }

    fn write_options(&mut self, record: &PacketRecord<'_>, out: &mut Styled) {
        self.values.begin();
        let (cx, values) = (record.context(), &mut self.values);
        self.texts.write(record, out, |span, out| write_option(span, &cx, values, record, out));
    }
}

/// One option, on a line of its own. True when nothing about it is unusual.
fn write_option(
    span: &Span,
    cx: &Context<'_>,
    values: &mut Values,
    record: &PacketRecord<'_>,
    out: &mut Styled,
) -> bool {
    let name = v4::SPACE.name_of(u16::from(span.code)).unwrap_or(unnamed(span.code));
    out.text("  ").labelled(Label::Dim, |out| out.digits_wide(span.code.into(), 3)).text(" ");
    wide(name, 30, out);
    out.text(" ");
    let problems = values.problems.len();
    let begin = out.len();
    let mut sink = TextSink::pretty(out.plain().bytes_mut());
    let shown = values.show((&record.packet, record.outline), cx, span, &mut sink);
    let new = values.problems.get(problems..).unwrap_or_default();
    let read = if !new.is_empty() && has_readable_part(span.code) {
        let read = out.as_bytes().get(begin..).unwrap_or_default();
        String::from_utf8_lossy(read).trim_end_matches([',', ' ']).to_owned()
    } else {
        String::new()
    };
    if shown != Shown::Value {
        out.truncate(begin);
    }
    match shown {
        // A text of zeros alone.
        Shown::Value if out.len() == begin && span.len > 0 => {
            write_raw(record, span, out).label(Label::Dim, "  (no text)");
        }
        Shown::Value => {}
        Shown::Continues => {
            out.label(Label::Dim, "(continues the one before)");
        }
        Shown::Nothing => {
            write_raw(record, span, out);
        }
    }
    if new.iter().any(|problem| problem.code == Code::AddressText) {
        quote(span.data(&record.packet), out);
    } else if !read.is_empty() {
        out.text("  ").label(Label::Dim, &format!("read so far: {read}"));
    }
    if let Some(field) = span.field.name() {
        out.text("  ").label(Label::Warning, &format!("in {field}"));
    }
    if span.is_truncated() {
        let declared = span.declared.map_or_else(|| "no length byte".to_owned(), |n| format!("{n} promised"));
        out.text("  ").label(Label::Error, &format!("cut short: {} bytes, {declared}", span.len));
    }
    out.text("\n");
    shown == Shown::Value && values.problems.len() == problems
}

/// What an option without a name of its own is: 224 to 254 are for private use (RFC 3942).
pub(super) fn unnamed(code: u8) -> &'static str {
    if matches!(code, 224..=254) { "private" } else { "unassigned" }
}

/// An option without a value: its bytes, and as text when they seem to be such.
fn write_raw<'a>(record: &PacketRecord<'_>, span: &Span, out: &'a mut Styled) -> &'a mut Styled {
    let data = span.data(&record.packet);
    if data.is_empty() {
        return out.label(Label::Dim, "(empty)");
    }
    out.plain().hex(data);
    if as_text(data).is_some() {
        quote(data, out);
    }
    out
}

/// Bytes as the text that they seem to be.
fn quote(data: &[u8], out: &mut Styled) {
    out.text("  ");
    out.labelled(Label::Dim, |out| {
        out.push('"');
        out.foreign(without_trailing_zeros(data));
        out.push('"');
    });
}

/// True for lists whose items stand for themselves: those before the one that fails are worth showing.
fn has_readable_part(code: u8) -> bool {
    let kind = v4::SPACE.by_code(u16::from(code)).map(|row| &row.kind);
    matches!(kind, Some(Kind::List(Kind::Ip4 | Kind::Route | Kind::Pair(_)) | Kind::Domains))
}

fn write_heading(record: &PacketRecord<'_>, time: &mut TimeText, out: &mut Styled) {
    let (packet, kind) = (&record.packet, record.outline.message_type);
    let cut = record.outline.type_is_cut_off();
    let name = |out: &mut Text| match (kind, packet.op()) {
        (Some(kind), _) => match kind.name() {
            Some(name) => out.capitals(name),
            None => out.capitals(&kind.to_string()),
        },
        (None, _) if cut => out.push_str("unknown type, cut"),
        (None, Some(Op::REQUEST)) => out.push_str("BOOTP request"),
        (None, Some(Op::REPLY)) => out.push_str("BOOTP reply"),
        (None, _) => out.push_str("BOOTP"),
    };
    heading(record, time, type_label(kind, packet.op()), &name, packet.bytes().len(), out);
}

/// Number, time, what it is and how long.
pub(super) fn heading(
    record: &PacketRecord<'_>,
    time: &mut TimeText,
    label: Label,
    name: &dyn Fn(&mut Text),
    bytes: usize,
    out: &mut Styled,
) {
    out.labelled(Label::Strong, |out| {
        out.push('#');
        out.digits(record.number);
    });
    out.text("  ").labelled(Label::Dim, |out| time.write(record.time, record.precision, out));
    out.text("  ").labelled(label, name);
    let (captured, original) = (record.captured_length, record.original_length);
    out.text("  ").number(bytes).text(" bytes");
    if u32::try_from(captured).is_ok_and(|captured| captured < original) {
        let _ = write!(out, " (frame cut to {captured} of {original})");
    }
    if let Some(interface) = record.interface {
        out.text("  on ").foreign(interface.as_bytes());
    }
    if let Some(index) = record.datagram.interface_index {
        let _ = write!(out, "  on interface {index}");
    }
    if let Some(direction) = record.datagram.direction {
        out.text("  ").text(direction.name());
    }
    if record.datagram.quoted {
        out.text("  ").label(Label::Warning, "quoted in an ICMP error");
    }
    out.text("\n");
}

pub(super) fn write_layers(record: &PacketRecord<'_>, out: &mut Styled) {
    let datagram = record.datagram;
    if let Some(comment) = record.comment {
        row("comment", out).foreign(comment.as_bytes()).text("\n");
    }
    row("layers", out);
    for (index, layer) in datagram.layers.iter().enumerate() {
        out.text(if index > 0 { " > " } else { "" }).text(layer.name());
    }
    out.text("\n");
    if let Some(link) = datagram.link
        && (link.src.is_some() || link.dst.is_some())
    {
        row(link.layer.name(), out);
        for (addr, behind) in [(link.src, " > "), (link.dst, "")] {
            match addr {
                Some(addr) => out.plain().hardware(&addr),
                None => out.plain().push('?'),
            }
            out.text(behind);
        }
        let tags = datagram.vlans.priorities().zip(datagram.vlans.drop_eligible());
        for (id, (priority, eligible)) in datagram.vlans.as_slice().iter().zip(tags) {
            let _ = write!(out, "  vlan {id} priority {priority}");
            out.text(if eligible { " drop-eligible" } else { "" });
        }
        out.text("\n");
    }
    if let Some(ip) = datagram.ip {
        row("ip", out);
        let text = out.plain();
        text.ip(ip.src);
        text.push_str(" > ");
        text.ip(ip.dst);
        text.push_str("  ttl ");
        text.digits(ip.ttl);
        if let Some(id) = ip.id {
            text.push_str("  id ");
            text.digits(id);
        }
        if ip.tos != 0 {
            let _ = write!(out, "  dscp {}", ip.dscp());
            if let Some(name) = numbers::dscp_name(ip.dscp()) {
                let _ = write!(out, " ({name})");
            }
            if ip.ecn() != 0 {
                let _ = write!(out, "  ecn {}", ip.ecn());
            }
        }
        out.text(if ip.dont_fragment == Some(true) { "  don't fragment\n" } else { "\n" });
    }
    if let Some(udp) = datagram.udp {
        row("udp", out).number(udp.src_port).text(" > ").number(udp.dst_port);
        out.text("  checksum ").text(datagram.checksum.name()).text("\n");
    }
}

fn write_header(record: &PacketRecord<'_>, out: &mut Styled) {
    let packet = &record.packet;
    if let Some(op) = packet.op() {
        let name = match op {
            Op::REQUEST => " (request)\n",
            Op::REPLY => " (reply)\n",
            Op(_) => "\n",
        };
        row("op", out).number(op.0).text(name);
    }
    if let Some(htype) = packet.htype() {
        row("htype", out).number(htype);
        match (htype, names::HARDWARE_TYPES.name(htype.into())) {
            (1, _) => out.text(" (Ethernet)\n"),
            (_, Some(name)) => out.text(" (").text(name).text(")\n"),
            (_, None) => out.text("\n"),
        };
    }
    for (name, value) in [("hlen", packet.hlen()), ("hops", packet.hops())] {
        if let Some(value) = value {
            row(name, out).number(value).text("\n");
        }
    }
    if let Some(xid) = packet.xid() {
        row("xid", out).plain().xid(xid);
        out.text("\n");
    }
    if let Some(secs) = packet.secs() {
        row("secs", out).number(secs).text(" s\n");
    }
    if let Some(flags) = packet.flags() {
        row("flags", out).text("0x").plain().hex(&flags.to_be_bytes());
        out.text(if flags & 0x8000 == 0 { "\n" } else { " (broadcast)\n" });
    }
    let addresses = [
        ("ciaddr", packet.ciaddr()),
        ("yiaddr", packet.yiaddr()),
        ("siaddr", packet.siaddr()),
        ("giaddr", packet.giaddr()),
    ];
    for (name, addr) in addresses {
        if let Some(addr) = addr {
            row(name, out).plain().ip4(addr);
            out.text("\n");
        }
    }
    if !packet.chaddr().is_empty() {
        row("chaddr", out).plain().hardware(&packet.client());
        out.text("\n");
    }
    let overload = record.outline.overload;
    for (name, bit, field) in [("sname", 2, packet.sname_field()), ("file", 1, packet.file_field())] {
        let text = field_text(field);
        if overload & bit != 0 {
            row(name, out).text("(carries options)\n");
        } else if !text.is_empty() {
            row(name, out).text("\"").foreign(text).text("\"\n");
        }
    }
}

pub(super) fn write_problems(problems: &[Problem], out: &mut Styled) {
    for problem in problems.iter().take(MOST_PROBLEMS) {
        let label = if problem.severity() == Severity::Error { Label::Error } else { Label::Warning };
        out.text("  ").label(label, &format!("{:<9}", problem.severity().name()));
        let _ = write!(out, "{problem}");
        if let Some(offset) = problem.offset {
            let _ = write!(out, ", at byte {offset}");
        }
        let mut about = problem.code.name().to_owned();
        if !problem.reference().is_empty() {
            about = format!("{about}, {}", problem.reference());
        }
        out.text("  ").label(Label::Dim, &format!("({about})")).text("\n");
    }
    write_more(problems.len().saturating_sub(MOST_PROBLEMS), out);
}

/// Says how many problems are not told.
pub(in crate::output) fn write_more(untold: usize, out: &mut Styled) {
    if untold > 0 {
        out.text(&format!("  and {} more problems\n", grouped(&untold)));
    }
}

/// A number with its thousands set apart.
pub(in crate::output) fn grouped(number: &impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn row<'a>(name: &str, out: &'a mut Styled) -> &'a mut Styled {
    out.text("  ").labelled(Label::Dim, |out| {
        let start = out.len();
        out.push_str(name);
        out.pad(start, name.len().saturating_add(1).max(9));
    })
}

/// A name with spaces behind it up to `width`.
pub(super) fn wide(name: &str, width: usize, out: &mut Styled) {
    let start = out.len();
    out.text(name).plain().pad(start, width);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::JsonOut;
    use crate::output::packet::json::PacketJson;
    use crate::time::{Clock as _, SystemClock};
    use crate::wire::frame::Datagram;
    use crate::wire::v4::{COOKIE, FIXED_LEN, Outline, Packet};

    #[test]
    fn a_text_of_zeros_is_seen() {
        let mut bytes = vec![0; FIXED_LEN];
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes.extend(COOKIE);
        bytes.extend([53, 1, 1, 12, 2, 0, 0, 15, 2, b'a', 0, 255]);
        let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
        outline.read(&packet, bytes.len(), false);
        let datagram = Datagram::bare(&bytes);
        let record = PacketRecord::of(&datagram, packet, &outline, bytes.len());
        let mut out = Styled::new(false);
        PacketDetail::new(false).write(&record, &mut TimeText::default(), &mut out);
        let line = |name: &str| out.as_str().lines().find(|line| line.contains(name)).unwrap().to_owned();
        assert!(line(" host-name ").ends_with(" 0000  (no text)"), "{}", line(" host-name "));
        assert!(line(" domain-name ").ends_with(" a"), "{}", line(" domain-name "));
    }

    #[test]
    fn a_flood_of_problems_is_told_in_part_and_in_linear_time() {
        let mut bytes = vec![0; FIXED_LEN];
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes.extend(COOKIE);
        // Each is an error of its own, and each a part of the dump.
        bytes.extend((0..32_000_u16).flat_map(|index| [u8::try_from(index % 2).unwrap() * 9 + 3, 0]));
        bytes.push(255);
        let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
        outline.read(&packet, bytes.len(), false);
        for offset in 0..30_000 {
            outline.problems.push(Problem::at(Code::OptionRepeated, 240 + 2 * offset, [3, 2, 0]));
        }
        let datagram = Datagram::bare(&bytes);
        let record = PacketRecord::of(&datagram, packet, &outline, bytes.len());
        let began = SystemClock.now();
        let mut out = Styled::new(false);
        PacketDetail::new(true).write(&record, &mut TimeText::default(), &mut out);
        // Thirty thousand times thirty thousand comparisons took many seconds.
        let took = SystemClock.now().since(began);
        assert!(took < 5_000_000_000, "{took} ns");
        let text = out.as_str();
        assert_eq!(text.matches("(option-repeated, ").count(), MOST_PROBLEMS);
        let more = text.lines().find_map(|line| line.strip_prefix("  and ")?.strip_suffix(" more problems"));
        let more: usize = more.unwrap().replace(',', "").parse().unwrap();
        assert!(more > 29_700, "{more}");
        // In the dump every part is marked.
        assert!(text.lines().filter(|line| line.contains(" ! ")).count() > 29_000);
        let mut json = JsonOut::new();
        PacketJson::default().write(&record, &mut json);
        let object: serde_json::Value = serde_json::from_slice(&json.buf).unwrap();
        assert_eq!(object["problems"].as_array().unwrap().len(), MOST_PROBLEMS);
        assert_eq!(object["problems_omitted"].as_u64().unwrap(), u64::try_from(more).unwrap());
        assert_eq!(
            [7, 999, 1000, 1_234_567].map(|number| grouped(&number)),
            ["7", "999", "1,000", "1,234,567"]
        );
    }
}
