//! A row on its way: the stretches of a template and what stands between them.

use super::cells::{Fill, Last, Place, Remember, RowFormat, Template};
use super::plan::Step;
use crate::output::json::JsonOut;

/// The cells that were filled before the row is written.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) filled: &'a [u64],
    pub(super) texts: &'a [Place],
    pub(super) text: &'a [u8],
    /// How many there are that are not in the template.
    pub(super) count: usize,
}

/// Writes a row from left to right: cells that are filled in the order of their places go where they belong at once.
pub(super) struct Pen<'a> {
    format: RowFormat,
    template: &'a Template,
    stored: Stored<'a>,
    /// What was written of each column last, and whether to look for what was seldom found.
    last: &'a mut [Last],
    probing: bool,
    line: &'a mut JsonOut,
    /// Where the cell of the last step begins.
    begun: usize,
    /// How much of the template is written, up to a step with a gap.
    done: usize,
    /// The first cell that may still be stored.
    next: usize,
}

impl<'a> Pen<'a> {
    /// Begins a row of this template, behind what stands in `line`.
    #[inline]
    pub(super) fn new(
        (format, probing): (RowFormat, bool),
        template: &'a Template,
        stored: Stored<'a>,
        last: &'a mut [Last],
        line: &'a mut JsonOut,
    ) -> Self {
        Self { format, template, stored, last, probing, line, begun: 0, done: 0, next: 0 }
    }

    /// The steps of the template.
    pub(super) fn steps(&self) -> &'a [Step] {
        &self.template.steps
    }

    /// Goes to the step at this index of its template, whose cell may then be filled; `settled` says that the template has it.
    #[allow(
        clippy::inline_always,
        reason = "measured: a call for every column costs a row three percent more"
    )]
    #[inline(always)]
    pub(super) fn step(&mut self, index: usize, step: &Step, settled: bool) {
        let direct = settled && !(step.gap && self.stored.count > 0);
        let lead = if direct { self.template.leads.get(index) } else { None };
        match lead {
            Some(lead) if lead.length <= BLOCK => {
                let end = self.line.buf.len().wrapping_add(lead.length);
                self.line.buf.extend_from_slice(&lead.text);
                self.line.buf.truncate(end);
            }
            Some(lead) => self.line.buf.extend_from_slice(&lead.long),
            None => {
                self.up_to(step.place);
                self.go_to(step.place);
            }
        }
        self.begun = self.line.buf.len();
    }

    /// Leaves the step's cell: one that was not filled is empty.
    #[inline]
    pub(super) fn leave(&mut self) {
        if self.line.buf.len() == self.begun && self.format.is_json() {
            self.line.buf.extend_from_slice(b"null");
        }
    }

    /// Goes on behind the cell of a step: what follows may be stored.
    #[inline]
    pub(super) fn behind(&mut self, place: usize) {
        if let Some((_, end)) = self.template.holes.get(place) {
            (self.done, self.next) = (*end, place.saturating_add(1));
        }
    }

    /// Writes the stored cells in front of the one at `end`.
    fn up_to(&mut self, end: usize) {
        for index in self.next / 64..end.div_ceil(64) {
            let (Some(filled), Some(fixed)) = (self.stored.filled.get(index), self.template.fixed.get(index))
            else {
                break;
            };
            let mut left = *filled & !*fixed;
            if left == 0 {
                continue;
            }
            let base = index.wrapping_mul(64);
            left &= bits_from(self.next.saturating_sub(base)) & !bits_from(end.wrapping_sub(base));
            while left != 0 {
                let bit = usize::try_from(left.trailing_zeros()).unwrap_or(0);
                left &= left.wrapping_sub(1);
                self.write_stored(base.wrapping_add(bit));
            }
        }
        self.next = end;
    }

    #[inline]
    fn write_stored(&mut self, place: usize) {
        self.stored.count = self.stored.count.saturating_sub(1);
        self.go_to(place);
        let (source, from, to) = match self.stored.texts.get(place) {
            Some(Place::Row(from, to)) => (self.stored.text, *from, *to),
            Some(Place::Last) => {
                self.last.get(place).map_or((&[][..], 0, 0), |last| (&last.text[..], 0, last.length))
            }
            None => return,
        };
        append(&mut self.line.buf, source, from, to);
    }

    /// Writes what the template has in front of a cell, and leaves the hole out.
    #[inline]
    fn go_to(&mut self, place: usize) {
        let Some((begin, end)) = self.template.holes.get(place) else { return };
        append(&mut self.line.buf, &self.template.blank, self.done, *begin);
        self.done = *end;
    }

    /// Ends the row, and gives back what `out` was taken for.
    #[inline]
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        if self.stored.count > 0 {
            self.up_to(self.template.holes.len());
        }
        append(&mut self.line.buf, &self.template.blank, self.done, self.template.length);
        std::mem::swap(out, &mut self.line.buf);
    }
}

impl Fill for Pen<'_> {
    #[inline]
    fn fill(&mut self, _: usize, write: impl FnOnce(RowFormat, &mut JsonOut)) {
        write(self.format, self.line);
    }
}

impl Remember for Pen<'_> {
    #[inline]
    fn is_filled(&self, _: usize) -> bool {
        self.line.buf.len() > self.begun
    }

    #[inline]
    fn recall(&mut self, place: usize, payload: &[u8]) -> bool {
        let Some(last) = self.last.get_mut(place) else { return false };
        let same = last.is_of(payload, self.probing);
        if same {
            append(&mut self.line.buf, &last.text, 0, last.length);
        }
        same
    }

    #[inline]
    fn keep(&mut self, place: usize, payload: &[u8]) {
        if let Some(last) = self.last.get_mut(place) {
            last.keep(payload, self.line.buf.get(self.begun..).unwrap_or_default(), self.probing);
        }
    }
}

/// The bits of a word from this one on.
#[inline]
fn bits_from(bit: usize) -> u64 {
    if bit < 64 { u64::MAX.wrapping_shl(u32::try_from(bit).unwrap_or(0)) } else { 0 }
}

/// The most that is copied without a look at how much it is.
pub(super) const BLOCK: usize = 32;

/// Appends `from..to` of `source`, behind which stands a block more: a short stretch is copied as a whole block and cut, which
/// takes a fraction of what a copy of some length takes, and rows consist of short stretches.
#[inline]
fn append(out: &mut Vec<u8>, source: &[u8], from: usize, to: usize) {
    let length = to.wrapping_sub(from);
    match source.get(from..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        Some(block) if length <= BLOCK => {
            let end = out.len().wrapping_add(length);
            out.extend_from_slice(block);
            out.truncate(end);
        }
        _ => out.extend_from_slice(source.get(from..to).unwrap_or_default()),
    }
}
