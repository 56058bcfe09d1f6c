//! Frames that were walked over and kept for later, with their bytes.

use std::sync::Arc;

use super::record::Record;
use super::{CaptureInterface, Frame};

/// A stretch of a capture whose frames were found but not looked into.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The bytes of the frames kept, one after the other.
    data: Vec<u8>,
    kept: Vec<Kept>,
    /// The interfaces of each section that has frames here, and how many frames were kept when it ended.
    sections: Vec<(usize, Arc<Vec<CaptureInterface>>)>,
    first_number: u64,
}

#[derive(Debug)]
struct Kept {
    record: Record,
    number: u64,
    offset: u64,
}

impl Batch {
    /// Forgets everything; the frames that come have numbers above `number`.
    pub(super) fn begin(&mut self, number: u64) {
        self.kept.clear();
        self.data.clear();
        self.sections.clear();
        self.first_number = number;
    }

    /// The number of the last frame before this batch.
    pub(super) fn first_number(&self) -> u64 {
        self.first_number
    }

    /// Keeps a frame with these bytes, its options among them.
    pub(super) fn keep(&mut self, record: Record, data: &[u8], number: u64, offset: u64) {
        let start = self.data.len();
        self.data.extend_from_slice(data);
        self.kept.push(Kept { record: Record { start, ..record }, number, offset });
    }

    /// Ends a section, or the batch: `interfaces` belong to all frames since the last end.
    pub(super) fn close(&mut self, interfaces: Arc<Vec<CaptureInterface>>) {
        let count = self.kept.len();
        if self.sections.last().map_or(0, |(end, _)| *end) < count {
            self.sections.push((count, interfaces));
        }
    }

    /// How many bytes it takes to keep them: a frame may have none of its own.
    pub(super) fn size(&self) -> usize {
        self.data.len().saturating_add(self.kept.len().saturating_mul(size_of::<Kept>()))
    }

    /// How many frames were kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The frames from the `from`th on; `base` is added to their numbers.
    pub(super) fn frames(&self, base: u64) -> impl Iterator<Item = Frame<'_>> {
        let mut sections = self.sections.iter();
        let (mut end, mut interfaces): (usize, &[CaptureInterface]) = (0, &[]);
        self.kept.iter().enumerate().map(move |(index, kept)| {
            if index >= end
                && let Some((next, table)) = sections.next()
            {
                (end, interfaces) = (*next, table);
            }
            let record = &kept.record;
            let stop = record.start.saturating_add(record.captured);
            let name = |index| interfaces.get(super::bytes::len(index))?.name.as_deref();
            let reach = self.data.get(record.start..record.start.saturating_add(record.reach()));
            let remarks = record.remarks(reach.unwrap_or_default());
            Frame {
                number: kept.number.wrapping_add(base),
                time: record.time,
                precision: record.precision,
                link: record.link,
                interface: record.interface,
                interface_name: record.interface.and_then(name),
                direction: remarks.direction,
                comment: remarks.comment,
                data: self.data.get(record.start..stop).unwrap_or_default(),
                original_len: record.original,
                offset: kept.offset,
            }
        })
    }
}
