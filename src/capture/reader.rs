//! Walking a capture frame by frame.
//!
//! Where little is of interest this takes as long as the kernel takes to copy the file (`cat`) and about 10 ns a frame, most of them
//! spent waiting for the next header to come out of a cache. Measured, and no faster: mapping the file (each header comes from
//! memory then, and who hops from one to the next waits for each: twice as long, and a file that is cut meanwhile ends the
//! program), huge pages for the buffer, 256 or 512 KiB at a time (more than 1 MiB is slower), telling what is of no interest without
//! branches.

mod blocks;

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::ahead::Ahead;
use super::batch::Batch;
use super::compress::{Compression, Damage};
use super::decoder::Decoder;
use super::error::{Shrunk, foreign_format};
use super::record::{Record, Step};
use super::{CaptureError, CaptureInterface, Frame};
use crate::time::Timestamp;
use crate::wire::frame::LinkType;

/// How much of a file is read at once: as much as stays in the processor's cache; measured.
const BUFFER: usize = 1 << 20;
/// How much of a pipe is read at once: less, so that who writes into it can go on meanwhile; measured.
const STREAM_BUFFER: usize = 256 << 10;
/// What the buffer starts with: small captures shall not wait for large buffers.
const FIRST_BUFFER: usize = 64 << 10;

/// The size of a page of memory, and the bits of an offset within one.
const PAGE: usize = 4096;
const PAGE_MASK: u64 = 4095;
/// How much is read beyond the end of a chunk for the record that is likely to reach over it.
const BEYOND: usize = 2048;

/// Called when a growing capture has no more bytes for now. Waits for more, then returns true; false ends the capture.
pub type Waiter = Box<dyn FnMut() -> bool + Send>;

/// What a search for frames came to.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Frame(Frame<'a>),
    /// Nothing yet.
    Pause,
    End,
}

/// A capture being read: hands out one frame after the other.
pub struct Reader<R> {
    pub(super) input: R,
    name: String,
    /// Holds the bytes `start..end` of the capture that are not walked yet.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How much is read at once.
    ahead: usize,
    /// The last read filled all the room it was given.
    full: bool,
    /// Offset of `buffer[start]` in the decompressed capture.
    offset: u64,
    decoder: Decoder,
    number: u64,
    /// Bytes in front that are not to be looked at; some may not be read yet.
    skip: usize,
    waiter: Option<Waiter>,
    finished: bool,
    /// Bytes of the file itself that were read, shared with whatever counts them below a decompressor.
    consumed: Option<Arc<AtomicU64>>,
    size: Option<u64>,
    /// The file itself, when its bytes are those of the capture and can be read at any place.
    plain: Option<Arc<File>>,
    /// Set, it has a compressed file read ahead.
    read_ahead: Option<Arc<AtomicBool>>,
    /// The thread that reads from what was `input`.
    thread: Option<Ahead>,
}

impl<R: Read> Reader<R> {
    /// Starts on `input`, which is called `name` in errors. Reads as far as the magic number.
    pub fn new(name: impl Into<String>, input: R) -> Result<Self, CaptureError> {
        Self::start(name.into(), input, None)
    }

    /// Like [`Reader::new`], for a capture that may still grow: at its end `waiter` decides whether to go on.
    pub fn following(name: impl Into<String>, input: R, waiter: Waiter) -> Result<Self, CaptureError> {
        Self::start(name.into(), input, Some(waiter))
    }

    fn start(name: String, input: R, waiter: Option<Waiter>) -> Result<Self, CaptureError> {
        // Its decoder is replaced before anything is walked.
        let mut reader = Self::blank(name, input, waiter);
        while reader.rest().len() < 4 && reader.fill(4)? {}
        let rest = reader.rest();
        if rest.is_empty() {
            return Err(CaptureError::Empty { name: reader.name });
        }
        let Some(decoder) = rest.first_chunk().copied().and_then(Decoder::recognise) else {
            let found = rest.get(..8).unwrap_or(rest).to_vec();
            if reader.is_followed() && Compression::recognise(&found).is_some() {
                return Err(CaptureError::Compressed { name: reader.name });
            }
            if let Some(format) = rest.get(..16).and_then(foreign_format) {
                return Err(CaptureError::Foreign { name: reader.name, format });
            }
            return Err(CaptureError::NotACapture { name: reader.name, found });
        };
        reader.decoder = decoder;
        Ok(reader)
    }

    /// Goes on at `offset`, behind `number` frames, where `input` stands and `decoder` holds.
    pub(super) fn at(name: &str, input: R, offset: u64, number: u64, decoder: Decoder) -> Self {
        let mut reader = Self::blank(name.to_owned(), input, None);
        reader.restart(offset, decoder);
        reader.number = number;
        reader.size = Some(0);
        reader.ahead = BUFFER;
        reader
    }

    fn blank(name: String, input: R, waiter: Option<Waiter>) -> Self {
        Self {
            input,
            name,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ahead: STREAM_BUFFER,
            full: false,
            offset: 0,
            decoder: Decoder::PcapNg(super::pcapng::Decoder::default()),
            number: 0,
            skip: 0,
            waiter,
            finished: false,
            consumed: None,
            size: None,
            plain: None,
            read_ahead: None,
            thread: None,
        }
    }

    /// Tells the reader how to know its place in the file, for [`Reader::position`] and [`Reader::size`].
    pub(super) fn measured(mut self, consumed: Arc<AtomicU64>, size: Option<u64>) -> Self {
        self.consumed = Some(consumed);
        self.size = size;
        if size.is_some() {
            self.ahead = BUFFER;
        }
        self
    }

    /// Tells the reader that `file` holds the capture as it is.
    pub(super) fn backed_by(mut self, file: File) -> Self {
        self.plain = Some(Arc::new(file));
        self
    }

    /// Tells the reader that its bytes are decompressed ones; `read_ahead` has the file read ahead.
    pub(super) fn decompressed(mut self, read_ahead: Arc<AtomicBool>) -> Self {
        self.read_ahead = Some(read_ahead);
        self
    }

    /// The file with the capture's own bytes and its size, when there is one.
    pub(super) fn plain_file(&self) -> Option<(Arc<File>, u64)> {
        self.plain.clone().zip(self.size)
    }

    /// True for a regular file, which never makes its reader wait.
    pub fn is_regular(&self) -> bool {
        self.size.is_some()
    }

    /// True when the capture may still grow.
    pub(super) fn is_followed(&self) -> bool {
        self.waiter.is_some()
    }

    /// The next frame; `None` at the capture's end. After an error there are no more frames.
    #[allow(
        clippy::should_implement_trait,
        reason = "frames borrow from the reader, which Iterator cannot say"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        if self.finished {
            return Ok(None);
        }
        let record = loop {
            match self.step() {
                Step::Frame(record) => break record,
                other => {
                    if !self.without_frame(other, Self::fill)? {
                        return Ok(None);
                    }
                }
            }
        };
        Ok(Some(self.deliver(record)))
    }

    /// The next frame that is `wanted`. Stops for a moment behind offset `pause`, so that progress can be shown.
    #[inline]
    pub(super) fn find(
        &mut self,
        pause: u64,
        wanted: impl Fn(LinkType, &[u8]) -> bool,
    ) -> Result<Found<'_>, CaptureError> {
        let record = loop {
            if self.finished {
                return Ok(Found::End);
            }
            let hit = self.skim(usize::MAX, &wanted);
            match self.step() {
                Step::Frame(record) if hit || self.is_wanted(&record, &wanted) => break record,
                Step::Frame(record) => self.pass(&record),
                other => {
                    self.without_frame(other, Self::fill)?;
                }
            }
            if self.offset >= pause {
                return Ok(Found::Pause);
            }
        };
        Ok(Found::Frame(self.deliver(record)))
    }

    /// Steps over frames that are not wanted as far as they are in memory and begin in the next `limit` bytes. True when
    /// a frame that is wanted stands behind them.
    #[inline]
    fn skim(&mut self, limit: usize, wanted: impl Fn(LinkType, &[u8]) -> bool) -> bool {
        if self.skip > 0 {
            return false;
        }
        let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
        let skimmed = self.decoder.skim(rest, limit, wanted);
        self.advance(skimmed.size);
        self.number = self.number.wrapping_add(skimmed.frames);
        skimmed.hit
    }

    /// True when the frame at the front is `wanted`.
    fn is_wanted(&self, record: &Record, wanted: impl Fn(LinkType, &[u8]) -> bool) -> bool {
        let begin = self.start.saturating_add(record.start);
        let data = self.buffer.get(begin..begin.saturating_add(record.captured)).unwrap_or_default();
        wanted(record.link, data)
    }

    /// Steps over a frame.
    #[inline]
    fn pass(&mut self, record: &Record) {
        self.number = self.number.wrapping_add(1);
        self.advance(record.size);
    }

    /// True when the next frame, if there is one, is not read yet: getting it may take as long as its sender likes.
    pub fn would_wait(&mut self) -> bool {
        loop {
            if self.finished {
                return false;
            }
            match self.step() {
                Step::Frame(_) | Step::Damaged { .. } => return false,
                Step::Short { .. } => return true,
                Step::Skip(size) => self.skip = size,
                Step::Count(size) => {
                    self.number = self.number.wrapping_add(1);
                    self.skip = size;
                }
            }
        }
    }

    /// What stands at the front. What the decoder skips is taken away before it looks again.
    #[inline]
    fn step(&mut self) -> Step {
        if self.skip > 0 {
            let here = self.skip.min(self.rest().len());
            self.advance(here);
            self.skip = self.skip.saturating_sub(here);
            if self.skip > 0 {
                return Step::Short { need: 1, what: "a whole block" };
            }
        }
        let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
        self.decoder.step(rest)
    }

    #[inline]
    fn deliver(&mut self, record: Record) -> Frame<'_> {
        let offset = self.offset;
        let begin = self.start.saturating_add(record.start);
        let end = begin.saturating_add(record.captured);
        self.number = self.number.wrapping_add(1);
        self.advance(record.size);
        let interface_name = record
            .interface
            .and_then(|index| self.decoder.interfaces().get(super::bytes::len(index))?.name.as_deref());
        let reach = self.buffer.get(begin..begin.saturating_add(record.reach())).unwrap_or_default();
        let remarks = record.remarks(reach);
        Frame {
            number: self.number,
            time: record.time,
            precision: record.precision,
            link: record.link,
            interface: record.interface,
            interface_name,
            direction: remarks.direction,
            comment: remarks.comment,
            data: self.buffer.get(begin..end).unwrap_or_default(),
            original_len: record.original,
            offset,
        }
    }

    /// Handles everything but a frame; false at the capture's end. `fill` reads on, so that so many bytes are there.
    #[cold]
    fn without_frame(
        &mut self,
        step: Step,
        fill: impl FnOnce(&mut Self, usize) -> Result<bool, CaptureError>,
    ) -> Result<bool, CaptureError> {
        let result = match step {
            Step::Frame(_) => Ok(true),
            Step::Skip(size) => {
                self.skip = size;
                Ok(true)
            }
            Step::Count(size) => {
                self.number = self.number.wrapping_add(1);
                self.skip = size;
                Ok(true)
            }
            Step::Short { need, what } => fill(self, need).and_then(|more| {
                let rest = self.rest().len();
                if more {
                    Ok(true)
                } else if self.waiter.is_some() || (rest == 0 && self.is_between()) {
                    Ok(false)
                } else if self.skip > 0 {
                    Err(self.damage(0, format!("{} more bytes of a block, the file ends", self.skip)))
                } else {
                    Err(self.damage(0, format!("{what} of {need} bytes, the file ends after {rest}")))
                }
            }),
            Step::Damaged { at, expected } => Err(self.damage(at, expected)),
        };
        self.finished = !matches!(result, Ok(true));
        result
    }

    /// True between two records or blocks: where a capture may end.
    fn is_between(&self) -> bool {
        self.skip == 0 && self.decoder.is_between()
    }

    fn damage(&self, at: usize, expected: String) -> CaptureError {
        let offset = self.offset.saturating_add(u64::try_from(at).unwrap_or(0));
        CaptureError::Damaged { name: self.name.clone(), offset, compressed: None, expected }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    fn advance(&mut self, size: usize) {
        self.start = self.start.saturating_add(size);
        self.offset = self.offset.wrapping_add(u64::try_from(size).unwrap_or(0));
    }

    /// Moves what is not walked yet to the front and reads more behind it; false at the end. `need` is at most
    /// [`super::MAX_RECORD`].
    fn fill(&mut self, need: usize) -> Result<bool, CaptureError> {
        if self.thread.is_some() {
            return self.next_block();
        }
        self.make_room();
        self.extend(self.start.saturating_add(need.max(self.ahead)))
    }

    /// Moves what is not walked yet to the front, but so that the next read lands at the same place of a page as in the
    /// file: the kernel copies aligned bytes much faster.
    fn make_room(&mut self) {
        let tail = self.end.saturating_sub(self.start);
        let in_file = usize::try_from(self.offset & PAGE_MASK).unwrap_or(0).wrapping_add(tail);
        let in_memory = self.buffer.as_ptr().align_offset(PAGE).wrapping_neg().wrapping_add(tail);
        let lead = in_file.wrapping_sub(in_memory) & (PAGE - 1);
        let moved = lead.saturating_add(tail) <= self.buffer.len();
        let lead = if moved { lead } else { 0 };
        self.buffer.copy_within(self.start..self.end, lead);
        (self.start, self.end) = (lead, lead.saturating_add(tail));
    }

    /// Reads more behind what is there, so that the buffer is used up to `target` at most; false at the end. The buffer
    /// grows towards `target` only as far as bytes arrive.
    fn extend(&mut self, target: usize) -> Result<bool, CaptureError> {
        let length = self.buffer.len();
        if length < target && (self.full || self.end == length) {
            self.buffer.resize(length.saturating_mul(2).max(FIRST_BUFFER).min(target), 0);
        }
        let room = target.min(self.buffer.len()).saturating_sub(self.end);
        // Ends at the end of a page of the file, where there is enough room to choose.
        let tail = u64::try_from(self.end.saturating_sub(self.start).saturating_add(room)).unwrap_or(0);
        let over = usize::try_from(self.offset.wrapping_add(tail) & PAGE_MASK).unwrap_or(0);
        let room = if room > PAGE { room.saturating_sub(over) } else { room };
        let last = self.end.saturating_add(room);
        loop {
            let Some(room) = self.buffer.get_mut(self.end..last) else { return Ok(false) };
            match self.input.read(room) {
                Ok(0) => {
                    if !self.waiter.as_mut().is_some_and(|waiter| waiter()) {
                        return Ok(false);
                    }
                }
                Ok(count) => {
                    self.full = count == room.len();
                    self.end = self.end.saturating_add(count);
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.read_error(error)),
            }
        }
    }

    /// Starts anew at `offset` of the same capture, where `decoder` holds, and counts from 0. The caller moves the input
    /// there.
    pub(super) fn restart(&mut self, offset: u64, decoder: Decoder) {
        (self.start, self.end, self.skip, self.number) = (0, 0, 0, 0);
        (self.offset, self.decoder, self.finished) = (offset, decoder, false);
    }

    /// Steps over everything in front of the first frame and leaves the place before it. Returns its time.
    pub(super) fn prelude(&mut self) -> Result<Option<Timestamp>, CaptureError> {
        while !self.finished {
            match self.step() {
                Step::Frame(record) => return Ok(record.time),
                other => {
                    self.without_frame(other, Self::fill)?;
                }
            }
        }
        Ok(None)
    }

    /// Reads on, then goes to the first place in what there is where a frame seems to start.
    pub(super) fn guess(&mut self, until: u64, about: Option<Timestamp>) -> Result<bool, CaptureError> {
        self.fill_towards(until, BEYOND)?;
        let guess = self.decoder.guess(self.rest(), about);
        self.advance(guess.unwrap_or(0));
        Ok(guess.is_some())
    }

    /// Walks all frames that start before offset `until` and keeps those that `wanted` says may matter. False at the
    /// capture's end. An error leaves the frames before it in `batch`. Stops early behind the frame with which `most` bytes are
    /// kept, and with `eager` as soon as reading on could mean waiting for a slow sender.
    pub(super) fn batch(
        &mut self,
        until: u64,
        most: usize,
        eager: bool,
        batch: &mut Batch,
        wanted: impl Fn(LinkType, &[u8]) -> bool,
    ) -> Result<bool, CaptureError> {
        batch.begin(self.number);
        self.decoder.take_closed();
        let result = loop {
            let limit = usize::try_from(until.saturating_sub(self.offset)).unwrap_or(usize::MAX);
            let hit = self.skim(limit, &wanted);
            if self.offset >= until && self.is_between() {
                break Ok(true);
            }
            if self.finished {
                break Ok(false);
            }
            match self.step() {
                Step::Frame(record) => {
                    let begin = self.start.saturating_add(record.start);
                    let end = begin.saturating_add(record.captured);
                    let data = self.buffer.get(begin..end).unwrap_or_default();
                    if hit || wanted(record.link, data) {
                        let reach = self.buffer.get(begin..begin.saturating_add(record.reach()));
                        batch.keep(record, reach.unwrap_or(data), self.number.wrapping_add(1), self.offset);
                    }
                    self.pass(&record);
                    if batch.size() >= most {
                        break Ok(true);
                    }
                }
                Step::Short { .. } if eager && !self.full && self.number > batch.first_number() => {
                    break Ok(true);
                }
                other => {
                    let more = self.without_frame(other, |reader, need| reader.fill_towards(until, need));
                    if let Some(interfaces) = self.decoder.take_closed() {
                        batch.close(interfaces);
                    }
                    match more {
                        Ok(true) => {}
                        Ok(false) => break Ok(false),
                        Err(error) => break Err(error),
                    }
                }
            }
        };
        batch.close(Arc::clone(self.decoder.interfaces()));
        result
    }

    /// Like [`fill`](Self::fill), but reads not much further than offset `until`.
    fn fill_towards(&mut self, until: u64, need: usize) -> Result<bool, CaptureError> {
        if self.thread.is_some() {
            return self.next_block();
        }
        self.make_room();
        let ahead = usize::try_from(until.saturating_sub(self.offset)).unwrap_or(self.ahead);
        let wanted = need.max(ahead.saturating_add(BEYOND).min(self.ahead));
        self.extend(self.start.saturating_add(wanted))
    }

    fn read_error(&self, source: io::Error) -> CaptureError {
        let name = self.name.clone();
        let offset = self.offset.saturating_add(u64::try_from(self.rest().len()).unwrap_or(0));
        match Damage::of(&source) {
            Some(damage) => {
                let expected = damage.expected.to_owned();
                CaptureError::Damaged { name, offset, compressed: Some(damage.at), expected }
            }
            None => match source.get_ref().and_then(|inner| inner.downcast_ref::<Shrunk>()) {
                Some(shrunk) => {
                    CaptureError::Damaged { name, offset, compressed: None, expected: shrunk.to_string() }
                }
                None => CaptureError::Read { name, offset, source },
            },
        }
    }

    /// What the capture is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The interfaces of the section that the last frame stood in.
    pub fn interfaces(&self) -> &[CaptureInterface] {
        self.decoder.interfaces()
    }

    /// What was learnt from the headers so far.
    pub(super) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// How many frames there were so far.
    pub fn count(&self) -> u64 {
        self.number
    }

    /// Byte offset in the decompressed capture up to which all was walked.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes of the file itself, compressed or not, have been walked or read ahead.
    pub fn position(&self) -> u64 {
        self.consumed.as_ref().map_or(self.offset, |count| count.load(Ordering::Relaxed))
    }

    /// The size of the file itself in bytes, when it is a regular file.
    pub fn size(&self) -> Option<u64> {
        self.size
    }
}
