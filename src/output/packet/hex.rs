//! The annotated dump: every row says which field or option its bytes belong to; faulty ones are marked.

use super::detail::unnamed;
use crate::output::styled::{Label, Styled};
use crate::output::text::Text;
use crate::wire::options::v4;
use crate::wire::problem::{Problem, Severity};
use crate::wire::v4::packet::field_text;
use crate::wire::v4::{FIXED_LEN, OptionArea, Outline, Packet};

/// Bytes of one row, and of one where names would not stand beside it.
const ROW: usize = 16;
const SHORT: usize = 12;
/// What is said of a field that tells nothing.
const ALL_ZERO: &str = " (all zero)";
/// Columns for long rows and the names beside them.
const WIDE: usize = 92;

/// A stretch of the message with its meaning.
#[derive(Clone, Copy, Default)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    /// In how many messages it stands.
    pub(super) depth: usize,
    /// The code, where it is an option.
    pub(super) code: Option<u16>,
    pub(super) name: &'static str,
    /// What is to be said behind the name.
    pub(super) remark: &'static str,
}

impl Part {
    /// Adds the stretch, unless it is empty.
    pub(super) fn push(self, parts: &mut Vec<Self>) {
        if self.start < self.end {
            parts.push(self);
        }
    }
}

/// Appends a dump of the message to `out`, each row indented by two spaces.
pub fn dump(packet: &Packet<'_>, outline: &Outline, problems: &[Problem], out: &mut Styled) {
    dump_parts(packet.bytes(), parts(packet, outline), problems, out);
}

/// Appends a dump of `bytes`, which `parts` cover.
pub(super) fn dump_parts(bytes: &[u8], parts: Vec<Part>, problems: &[Problem], out: &mut Styled) {
    // In order of their place, so that each part finds its own without looking at all of them.
    let placed = |problem: &Problem| problem.offset.and_then(|at| usize::try_from(at).ok());
    let mut sorted: Vec<(usize, &Problem)> =
        problems.iter().filter_map(|problem| Some((placed(problem)?, problem))).collect();
    sorted.sort_by_key(|(at, _)| *at);
    let row_len = if out.width().is_some_and(|width| width < WIDE) { SHORT } else { ROW };
    for part in parts {
        let end = if part.end == bytes.len() { part.end.saturating_add(1) } else { part.end };
        let first = sorted.partition_point(|(at, _)| *at < part.start);
        let fault = sorted
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take_while(|(at, _)| *at < end)
            .map(|(_, problem)| *problem)
            .max_by_key(|problem| problem.severity());
        let data = bytes.get(part.start..part.end).unwrap_or(&[]);
        // One row says that all are zero.
        let rows = if part.remark == ALL_ZERO { 1 } else { usize::MAX };
        for (index, row) in data.chunks(row_len).enumerate().take(rows) {
            let offset = part.start.saturating_add(index.saturating_mul(row_len));
            let offset = u64::try_from(offset).unwrap_or(u64::MAX);
            out.text("  ").labelled(Label::Dim, |out| out.digits_wide(offset, 5));
            let mark = match fault.map(Problem::severity) {
                Some(Severity::Error) => Some((Label::Error, "!")),
                Some(Severity::Note | Severity::Warning | Severity::Cut) => Some((Label::Warning, "?")),
                None => None,
            };
            let (label, sign) = mark.unwrap_or((Label::Dim, " "));
            out.text(" ").label(label, sign).text(" ");
            match mark {
                Some((label, _)) => {
                    out.labelled(label, |out| push_row(row, out));
                }
                None => push_row(row, out.plain()),
            }
            out.text("  ");
            if index == 0 {
                for _ in 0..part.depth {
                    out.text("  ");
                }
                if let Some(code) = part.code {
                    out.number(code).text(" ");
                }
                out.text(part.name).text(part.remark);
                if let Some(problem) = fault {
                    out.text("  ").label(label, problem.code.name());
                }
            } else {
                out.label(Label::Dim, "…");
            }
            out.text("\n");
        }
    }
}

/// Appends the bytes of a row, as wide as all of them are.
fn push_row(row: &[u8], out: &mut Text) {
    let start = out.len();
    for (index, byte) in row.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.hex(&[*byte]);
    }
    out.pad(start, ROW.saturating_mul(3).saturating_sub(1));
}

/// The header's fields: first byte, one past the last, name.
const HEADER: [(usize, usize, &str); 15] = [
    (0, 1, "op"),
    (1, 2, "htype"),
    (2, 3, "hlen"),
    (3, 4, "hops"),
    (4, 8, "xid"),
    (8, 10, "secs"),
    (10, 12, "flags"),
    (12, 16, "ciaddr"),
    (16, 20, "yiaddr"),
    (20, 24, "siaddr"),
    (24, 28, "giaddr"),
    (28, 44, "chaddr"),
    (44, 108, "sname"),
    (108, FIXED_LEN, "file"),
    (FIXED_LEN, 240, "magic cookie"),
];

/// Every byte of the message, in order, without gaps.
fn parts(packet: &Packet<'_>, outline: &Outline) -> Vec<Part> {
    let have = packet.bytes().len();
    let mut parts = Vec::new();
    for (start, end, name) in HEADER {
        let overloaded = match name {
            "sname" if outline.overload & 2 != 0 => Some(OptionArea::Sname),
            "file" if outline.overload & 1 != 0 => Some(OptionArea::File),
            _ => None,
        };
        let field = packet.bytes().get(start..end.min(have)).unwrap_or(&[]);
        if let Some(field) = overloaded {
            push_options(&mut parts, outline, field, start, end.min(have));
        } else if matches!(name, "sname" | "file")
            && field_text(field).is_empty()
            && field.iter().all(|b| *b == 0)
        {
            // 192 zeros tell nothing; one row says so.
            let end = end.min(have).min(start.saturating_add(ROW));
            Part { start, end, name, remark: ALL_ZERO, ..Part::default() }.push(&mut parts);
        } else {
            push(&mut parts, start, end.min(have), name);
        }
    }
    if packet.has_options() {
        push_options(&mut parts, outline, OptionArea::Options, 240, have);
    } else {
        push(&mut parts, 240, have, "vendor area");
    }
    parts
}

fn push_options(parts: &mut Vec<Part>, outline: &Outline, field: OptionArea, start: usize, end: usize) {
    let mut at = start;
    for span in outline.options.iter().filter(|span| span.field == field) {
        let offset = usize::try_from(span.offset).unwrap_or(usize::MAX);
        push(parts, at, offset, "pad");
        at = span.data_offset().saturating_add(usize::try_from(span.len).unwrap_or(0)).min(end);
        let name = v4::SPACE.name_of(u16::from(span.code)).unwrap_or(unnamed(span.code));
        let code = Some(u16::from(span.code));
        Part { start: offset, end: at, code, name, ..Part::default() }.push(parts);
    }
    if field == OptionArea::Options {
        let pads = usize::try_from(outline.end_pads).unwrap_or(0);
        push(parts, at, at.saturating_add(pads).min(end), "pad");
        at = at.saturating_add(pads).min(end);
        if outline.has_end {
            push(parts, at, at.saturating_add(1).min(end), "255 end");
            at = at.saturating_add(1).min(end);
        }
        push(parts, at, end, "after end");
    } else {
        push(parts, at, end, "end and padding");
    }
}

fn push(parts: &mut Vec<Part>, start: usize, end: usize, name: &'static str) {
    Part { start, end, name, ..Part::default() }.push(parts);
}
