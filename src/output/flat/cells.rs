//! One row under construction: the cells that have something in them, and the text of the row.

use std::sync::Arc;

use super::pen::{BLOCK, Pen, Stored};
use super::plan::{Plan, Step};
use crate::output::json::JsonOut;
use crate::output::json::remembered::{PROBES, Record};
use crate::time::{Precision, Timestamp};
use crate::wire::escape::{is_hostile, is_plain_but};
use crate::wire::options::text::is_printable;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// One array of objects.
    Json,
    /// One object a line.
    NdJson,
    /// RFC 4180, with a line of names; every row is one line.
    Csv,
    /// Values separated by tabs, with a line of names.
    Tsv,
}

impl RowFormat {
    pub(super) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::NdJson)
    }
}

/// A value for a cell.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// A whole number.
    Integer(i64),
    /// A number with a fraction; what is not finite is null.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// Text from anywhere.
    Text(&'a [u8]),
}

/// The cells of one row. Keeps its memory from row to row.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    format: RowFormat,
    /// An empty row, then rows in which some cells are filled already.
    templates: Vec<Template>,
    /// The one that this row begins with.
    current: usize,
    /// Which cells are not empty, by bits, and where their text is, unless the template has it.
    filled: Vec<u64>,
    /// How many of them are not those of the template.
    stored: usize,
    texts: Vec<Place>,
    text: JsonOut,
    /// What was written of each column last: servers send all clients the same.
    last: Vec<Last>,
    /// Counts rows, and wraps around.
    row: u8,
    /// The row itself while it is written.
    line: JsonOut,
}

/// Where the text of a cell is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// From here to there of what was written for this row.
    Row(usize, usize),
    /// It is what was written of the column last.
    Last,
}

/// A payload, the text it was written as with a block behind it, and how it was found of late.
#[derive(Clone, Debug, Default)]
pub(super) struct Last {
    payload: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) length: usize,
    found: Record,
}

/// Longer payloads are not remembered.
const LONGEST: usize = 256;

impl Last {
    /// True when it was written from `payload`. `probing` looks even where it was seldom found.
    #[inline]
    pub(super) fn is_of(&mut self, payload: &[u8], probing: bool) -> bool {
        if !self.found.meets() && !probing {
            return false;
        }
        let same = self.payload == payload && self.length > 0;
        self.found.differed(same);
        same
    }

    /// Keeps what was written from `payload` for the next row, if that may pay.
    #[inline]
    pub(super) fn keep(&mut self, payload: &[u8], text: &[u8], probing: bool) {
        if self.is_kept(payload, probing) {
            self.store(payload, text);
        }
    }

    #[inline]
    fn is_kept(&self, payload: &[u8], probing: bool) -> bool {
        payload.len() <= LONGEST && (self.found.meets() || probing)
    }

    fn store(&mut self, payload: &[u8], text: &[u8]) {
        self.payload.clear();
        self.payload.extend_from_slice(payload);
        self.text.clear();
        self.text.extend_from_slice(text);
        self.text.extend_from_slice(&[0; BLOCK]);
        self.length = text.len();
    }
}

/// A row with room for what is not in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// The row, `length` bytes, and a block behind it; where its cells are empty is in `holes`.
    pub(super) blank: Vec<u8>,
    pub(super) length: usize,
    pub(super) holes: Vec<(usize, usize)>,
    /// Which cells are filled, by bits.
    pub(super) fixed: Vec<u64>,
    /// The fields that are still to be written, and for each of them what stands between it and the one before.
    pub(super) steps: Vec<Step>,
    pub(super) leads: Vec<Lead>,
}

/// A stretch of a template, ready to be copied at once.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    pub(super) text: [u8; BLOCK],
    pub(super) length: usize,
    /// All of it, where there is not room enough.
    pub(super) long: Vec<u8>,
}

impl Template {
    /// Finds what stands between the steps, which are in the order of their places.
    fn lead(&mut self, steps: Vec<Step>) {
        let mut done = 0;
        self.leads.clear();
        for step in &steps {
            let (begin, end) = self.holes.get(step.place).copied().unwrap_or_default();
            let stretch = self.blank.get(done..begin).unwrap_or_default();
            let mut text = [0; BLOCK];
            text.iter_mut().zip(stretch).for_each(|(to, from)| *to = *from);
            let long = if stretch.len() > BLOCK { stretch.to_vec() } else { Vec::new() };
            self.leads.push(Lead { text, length: stretch.len(), long });
            done = self.holes.get(step.last()).map_or(end, |(_, end)| *end);
        }
        self.steps = steps;
    }
}

impl Cells {
    pub(super) fn new(plan: &Arc<Plan>, format: RowFormat) -> Self {
        let mut blank = Vec::new();
        let mut holes = Vec::new();
        let count = plan.columns.len();
        for (place, column) in plan.columns.iter().enumerate() {
            if format.is_json() {
                blank.extend_from_slice(if place > 0 {
                    b","
                } else if format == RowFormat::Json {
                    b",\n{"
                } else {
                    b"{"
                });
                blank.push(b'"');
                blank.extend_from_slice(column.name.as_bytes());
                blank.extend_from_slice(b"\":");
                holes.push((blank.len(), blank.len().saturating_add(4)));
                blank.extend_from_slice(b"null");
            } else {
                if place > 0 {
                    blank.push(if format == RowFormat::Csv { b',' } else { b'\t' });
                }
                holes.push((blank.len(), blank.len()));
            }
        }
        blank.extend_from_slice(match format {
            RowFormat::Json => b"}",
            RowFormat::NdJson => b"}\n",
            RowFormat::Csv | RowFormat::Tsv => b"\n",
        });
        let length = blank.len();
        blank.extend_from_slice(&[0; BLOCK]);
        let empty =
            Template { blank, length, holes, fixed: vec![0; count.div_ceil(64)], ..Template::default() };
        Self {
            format,
            templates: vec![empty],
            current: 0,
            filled: vec![0; count.div_ceil(64)],
            stored: 0,
            texts: vec![Place::Row(0, 0); count],
            text: JsonOut::new(),
            last: vec![Last::default(); count],
            row: 0,
            line: JsonOut::new(),
        }
    }

    /// The line of names, where the format has one.
    pub(super) fn head(plan: &Plan, format: RowFormat) -> Vec<u8> {
        let separator = match format {
            RowFormat::Json => return b"[".to_vec(),
            RowFormat::NdJson => return Vec::new(),
            RowFormat::Csv => ",",
            RowFormat::Tsv => "\t",
        };
        let names: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
        let mut line = names.join(separator).into_bytes();
        line.push(b'\n');
        line
    }

    pub(super) fn begin(&mut self) {
        self.begin_with(0);
    }

    /// Begins with a row in which some cells are filled already.
    #[inline]
    pub(super) fn begin_with(&mut self, template: usize) {
        self.current = template;
        self.row = self.row.wrapping_add(1);
        self.text.buf.clear();
        self.stored = 0;
        if let Some(template) = self.templates.get(template) {
            self.filled.clone_from(&template.fixed);
        }
    }

    /// Makes a template of the cells filled so far, to begin later rows with, which then go through `steps`.
    pub(super) fn settle(&mut self, template: usize, steps: Vec<Step>) {
        let Some(base) = self.templates.first() else { return };
        let mut made = Template { fixed: self.filled.clone(), ..Template::default() };
        let mut done = 0;
        for (place, (begin, end)) in base.holes.iter().enumerate() {
            made.blank.extend_from_slice(base.blank.get(done..*begin).unwrap_or_default());
            let start = made.blank.len();
            let text = self.text_of(place);
            made.blank.extend_from_slice(text.or(base.blank.get(*begin..*end)).unwrap_or_default());
            let end_of_text = made.blank.len();
            made.holes.push((if text.is_some() { end_of_text } else { start }, end_of_text));
            done = *end;
        }
        made.blank.extend_from_slice(base.blank.get(done..base.length).unwrap_or_default());
        made.length = made.blank.len();
        made.blank.extend_from_slice(&[0; BLOCK]);
        made.lead(steps);
        if self.templates.len() <= template {
            self.templates.resize_with(template.saturating_add(1), Template::default);
        }
        if let Some(slot) = self.templates.get_mut(template) {
            *slot = made;
        }
    }

    /// As [`recall`](Remember::recall) for an option that fills several cells: one of its own, and those of what is nested in it.
    pub(super) fn recall_all(
        &mut self,
        place: usize,
        nested: impl Iterator<Item = usize>,
        payload: &[u8],
    ) -> bool {
        let known = self.recall(place, payload);
        if known {
            for place in nested {
                if self.last.get(place).is_some_and(|last| last.length > 0 && last.payload == payload) {
                    self.take_last(place);
                }
            }
        }
        known
    }

    /// As [`keep`](Remember::keep) for such an option: its own cell is kept only with all others.
    pub(super) fn keep_all(&mut self, place: usize, nested: impl Iterator<Item = usize>, payload: &[u8]) {
        let probing = self.row < PROBES;
        if !self.last.get(place).is_some_and(|last| last.is_kept(payload, probing)) {
            return;
        }
        for place in nested.chain([place]) {
            let text = match self.texts.get(place) {
                Some(Place::Row(from, to)) if self.is_filled(place) => self.text.buf.get(*from..*to),
                _ => None,
            };
            if let Some(last) = self.last.get_mut(place) {
                last.store(payload, text.unwrap_or_default());
            }
        }
    }

    #[inline]
    fn take_last(&mut self, place: usize) {
        let bit = 1_u64.wrapping_shl(u32::try_from(place % 64).unwrap_or(0));
        if let (Some(word), Some(slot)) = (self.filled.get_mut(place / 64), self.texts.get_mut(place))
            && *word & bit == 0
        {
            *word |= bit;
            *slot = Place::Last;
            self.stored = self.stored.saturating_add(1);
        }
    }

    /// The text of a cell that is not empty.
    fn text_of(&self, place: usize) -> Option<&[u8]> {
        if !self.is_filled(place) {
            return None;
        }
        match *self.texts.get(place)? {
            Place::Row(from, to) => self.text.buf.get(from..to),
            Place::Last => self.last.get(place).and_then(|last| last.text.get(..last.length)),
        }
    }

    pub(super) fn cell(&mut self, place: usize, cell: &Cell<'_>) {
        match cell {
            Cell::Integer(value) => self.bare(place, value.to_string().as_bytes()),
            Cell::Number(value) if value.is_finite() => self.bare(place, value.to_string().as_bytes()),
            Cell::Number(_) => {}
            Cell::Boolean(value) => self.bare(place, if *value { b"true" } else { b"false" }),
            Cell::Text(text) => self.text(place, text),
        }
    }

    /// Begins to write the row behind what stands in `out`, which is empty until [`finish`](Pen::finish).
    #[inline]
    pub(super) fn pen(&mut self, out: &mut Vec<u8>) -> Option<Pen<'_>> {
        // Cells of the row are copied in blocks.
        self.text.buf.extend_from_slice(&[0; BLOCK]);
        let probing = self.row < PROBES;
        let Self { format, templates, current, filled, stored, texts, text, last, line, .. } = self;
        let template = templates.get(*current)?;
        std::mem::swap(out, &mut line.buf);
        let stored = Stored { filled, texts, text: &text.buf, count: *stored };
        Some(Pen::new((*format, probing), template, stored, last, line))
    }

    /// Appends the row.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(pen) = self.pen(out) {
            pen.finish(out);
        }
    }
}

impl Fill for Cells {
    #[inline]
    fn fill(&mut self, place: usize, write: impl FnOnce(RowFormat, &mut JsonOut)) {
        if self.is_filled(place) {
            return;
        }
        // So that no comma is thought to be missing.
        self.text.buf.push(b':');
        let begin = self.text.buf.len();
        write(self.format, &mut self.text);
        if let (Some(word), Some(slot)) = (self.filled.get_mut(place / 64), self.texts.get_mut(place)) {
            *word |= 1 << (place % 64);
            *slot = Place::Row(begin, self.text.buf.len());
            self.stored = self.stored.saturating_add(1);
        }
    }
}

impl Remember for Cells {
    #[inline]
    fn is_filled(&self, place: usize) -> bool {
        self.filled.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    #[inline]
    fn recall(&mut self, place: usize, payload: &[u8]) -> bool {
        let probing = self.row < PROBES;
        let same = self.last.get_mut(place).is_some_and(|last| last.is_of(payload, probing));
        if same {
            self.take_last(place);
        }
        same
    }

    #[inline]
    fn keep(&mut self, place: usize, payload: &[u8]) {
        let (Some(last), Some(Place::Row(from, to))) = (self.last.get_mut(place), self.texts.get(place))
        else {
            return;
        };
        let text = self.text.buf.get(*from..*to).unwrap_or_default();
        last.keep(payload, text, self.row < PROBES);
    }
}

/// What takes cells that are likely to be those of the row before.
pub(super) trait Remember: Fill {
    /// True when there is something in the cell.
    fn is_filled(&self, place: usize) -> bool;

    /// Fills a cell with what was written of its column last, if that was written from `payload`. True when it was.
    fn recall(&mut self, place: usize, payload: &[u8]) -> bool;

    /// Keeps what a cell was filled with for the next one of its column, if that may pay.
    fn keep(&mut self, place: usize, payload: &[u8]);
}

/// What takes the values of cells.
pub(super) trait Fill {
    /// Fills a cell with what `write` appends, unless there is something in it already.
    fn fill(&mut self, place: usize, write: impl FnOnce(RowFormat, &mut JsonOut));

    /// A whole number.
    #[inline]
    fn digits(&mut self, place: usize, value: u64) {
        // One type for ever: what does not fit into it is not shown wrongly.
        if i64::try_from(value).is_ok() {
            self.fill(place, |_, out| out.digits(value));
        }
    }

    /// Text of our own making, which needs no escaping in any format.
    #[inline]
    fn plain(&mut self, place: usize, write: impl FnOnce(&mut JsonOut)) {
        self.fill(place, |format, out| {
            if format.is_json() {
                out.fixed(b"\"");
                write(out);
                out.fixed(b"\"");
            } else {
                write(out);
            }
        });
    }

    /// Text of our own making, in quotes where the format has them.
    #[inline]
    fn bare_text(&mut self, place: usize, text: &[u8]) {
        self.plain(place, |out| out.fixed(text));
    }

    /// A moment.
    #[inline]
    fn moment(&mut self, place: usize, time: Timestamp, precision: Precision) {
        self.plain(place, |out| out.bare_time(time, precision));
    }

    /// A moment, and in the next cell the same in nanoseconds.
    #[inline]
    fn times(&mut self, place: usize, time: Option<(Timestamp, Precision)>) {
        self.fill(place, |format, out| match (format, time) {
            (RowFormat::Json | RowFormat::NdJson, Some((time, precision))) => out.times(time, precision),
            (RowFormat::Json | RowFormat::NdJson, None) => out.fixed(b"null,\"time_ns\":null"),
            (RowFormat::Csv, Some((time, precision))) => out.bare_times(time, precision, b','),
            (RowFormat::Tsv, Some((time, precision))) => out.bare_times(time, precision, b'\t'),
            (RowFormat::Csv, None) => out.fixed(b","),
            (RowFormat::Tsv, None) => out.fixed(b"\t"),
        });
    }

    /// Nanoseconds since the epoch.
    #[inline]
    fn nanoseconds(&mut self, place: usize, time: Timestamp) {
        self.fill(place, |_, out| out.bare_nanoseconds(time));
    }

    /// A value that is written as it is in every format: digits, a fraction, true, false.
    #[inline]
    fn bare(&mut self, place: usize, value: &[u8]) {
        self.fill(place, |_, out| out.fixed(value));
    }

    /// Text from anywhere.
    #[inline]
    fn text(&mut self, place: usize, bytes: &[u8]) {
        self.fill(place, |format, out| match format {
            RowFormat::Json | RowFormat::NdJson => out.string(bytes),
            RowFormat::Csv | RowFormat::Tsv => {
                let begin = out.buf.len();
                // Nothing in it that would have to be escaped or quoted.
                let care = matches!(bytes, [] | [b' ' | b'=' | b'+' | b'-' | b'@', ..] | [.., b' ']);
                if !care && is_plain_but(bytes, b'"', b',') {
                    return out.fixed(bytes);
                }
                push_text(bytes, &mut out.buf);
                quote(format, begin, &mut out.buf);
            }
        });
    }

    /// A list of texts.
    #[inline]
    fn list<'i>(&mut self, place: usize, items: impl Iterator<Item = &'i [u8]>) {
        self.fill(place, |format, out| {
            if format.is_json() {
                out.fixed(b"[");
                for item in items {
                    out.string(item);
                }
                out.fixed(b"]");
                return;
            }
            let begin = out.buf.len();
            for (index, item) in items.enumerate() {
                if index > 0 {
                    out.buf.push(b' ');
                }
                push_text(item, &mut out.buf);
            }
            // An empty list is not an absent one.
            quote(format, begin, &mut out.buf);
        });
    }
}

/// Text for a line: what would end it, or harm a terminal, is escaped.
fn push_text(bytes: &[u8], out: &mut Vec<u8>) {
    if is_printable(bytes) {
        out.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_hostile(c) {
                out.extend(c.escape_unicode().flat_map(u8::try_from));
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Puts what was written since `begin` into quotes where CSV needs that, and where it is empty, which is not the same as absent.
/// What a spreadsheet would take for a formula gets an apostrophe before it: names come from strangers (CWE-1236).
fn quote(format: RowFormat, begin: usize, out: &mut Vec<u8>) {
    if matches!(out.get(begin), Some(b'=' | b'+' | b'-' | b'@')) {
        out.insert(begin, b'\'');
    }
    let Some(text) = out.get(begin..) else { return };
    let needs = text.is_empty()
        || text.iter().any(|byte| matches!(byte, b'"' | b','))
        || text.first() == Some(&b' ')
        || text.last() == Some(&b' ');
    if format != RowFormat::Csv || !needs {
        return;
    }
    if text.contains(&b'"') {
        let text = text.to_vec();
        out.truncate(begin);
        for byte in text {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
    }
    out.insert(begin, b'"');
    out.push(b'"');
}
