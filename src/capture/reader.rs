//! Walking a capture frame by frame.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compress::Damage;
use super::{CaptureError, Decoder, Frame, Interface, Record, Step};

/// How much is read at once. Larger buffers leave the processor's cache and are slower; measured.
const BUFFER: usize = 1 << 20;

/// Called when a growing capture has no more bytes for now. Waits for more, then returns true; false ends the capture.
pub type Waiter = Box<dyn FnMut() -> bool + Send>;

/// A capture being read: hands out one frame after the other.
pub struct Reader<R> {
    input: R,
    name: String,
    /// Holds the bytes `start..end` of the capture that are not walked yet.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buffer[start]` in the decompressed capture.
    offset: u64,
    decoder: Decoder,
    number: u64,
    waiter: Option<Waiter>,
    finished: bool,
    /// Bytes of the file itself that were read, shared with whatever counts them below a decompressor.
    consumed: Option<Arc<AtomicU64>>,
    size: Option<u64>,
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
        let mut reader = Self {
            input,
            name,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            // Replaced below, before anything is walked.
            decoder: Decoder::PcapNg(super::pcapng::Decoder::default()),
            number: 0,
            waiter,
            finished: false,
            consumed: None,
            size: None,
        };
        while reader.rest().len() < 4 && reader.fill(4)? {}
        let rest = reader.rest();
        if rest.is_empty() {
            return Err(CaptureError::Empty { name: reader.name });
        }
        let Some(decoder) = rest.first_chunk().copied().and_then(Decoder::recognise) else {
            let found = rest.get(..8).unwrap_or(rest).to_vec();
            return Err(CaptureError::NotACapture { name: reader.name, found });
        };
        reader.decoder = decoder;
        Ok(reader)
    }

    /// Tells the reader how to know its place in the file, for [`Reader::position`] and [`Reader::size`].
    pub(super) fn measured(mut self, consumed: Arc<AtomicU64>, size: Option<u64>) -> Self {
        self.consumed = Some(consumed);
        self.size = size;
        self
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
            let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
            match self.decoder.step(rest) {
                Step::Frame(record) => break record,
                other => {
                    if !self.without_frame(other)? {
                        return Ok(None);
                    }
                }
            }
        };
        Ok(Some(self.deliver(record)))
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
        Frame {
            number: self.number,
            time: record.time,
            precision: record.precision,
            link: record.link,
            interface: record.interface,
            interface_name,
            data: self.buffer.get(begin..end).unwrap_or_default(),
            original_len: record.original,
            offset,
        }
    }

    /// Handles everything but a frame; false at the capture's end.
    #[cold]
    fn without_frame(&mut self, step: Step) -> Result<bool, CaptureError> {
        let result = match step {
            Step::Frame(_) => Ok(true),
            Step::Skip(size) => self.discard(size),
            Step::Count(size) => {
                self.number = self.number.wrapping_add(1);
                self.discard(size)
            }
            Step::Short { need, what } => self.fill(need).and_then(|more| {
                let rest = self.rest().len();
                if more {
                    Ok(true)
                } else if self.waiter.is_some() || (rest == 0 && self.decoder.is_between()) {
                    Ok(false)
                } else {
                    Err(self.damage(0, format!("{what} of {need} bytes, the file ends after {rest}")))
                }
            }),
            Step::Damaged { at, expected } => Err(self.damage(at, expected)),
        };
        self.finished = !matches!(result, Ok(true));
        result
    }

    fn damage(&self, at: usize, expected: String) -> CaptureError {
        let offset = self.offset.saturating_add(u64::try_from(at).unwrap_or(0));
        CaptureError::Damaged { name: self.name.clone(), offset, compressed: None, expected }
    }

    /// Steps over `size` bytes, whether or not they are in memory.
    fn discard(&mut self, mut size: usize) -> Result<bool, CaptureError> {
        let block = self.offset;
        loop {
            let here = size.min(self.rest().len());
            self.advance(here);
            size = size.saturating_sub(here);
            if size == 0 {
                return Ok(true);
            }
            if !self.fill(1)? {
                if self.waiter.is_some() {
                    return Ok(false);
                }
                let there = self.offset.saturating_sub(block);
                let expected = format!("a whole block, the file ends after {there} bytes of it");
                return Err(CaptureError::Damaged {
                    name: self.name.clone(),
                    offset: block,
                    compressed: None,
                    expected,
                });
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    fn advance(&mut self, size: usize) {
        self.start = self.start.saturating_add(size);
        self.offset = self.offset.wrapping_add(u64::try_from(size).unwrap_or(0));
    }

    /// Reads more behind what is there, moving it to the front first; false at the end. `need` is at most
    /// [`super::MAX_RECORD`]; the buffer grows towards it only as far as bytes arrive.
    fn fill(&mut self, need: usize) -> Result<bool, CaptureError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end = self.end.saturating_sub(self.start);
        self.start = 0;
        let window = need.max(BUFFER);
        if self.end == self.buffer.len() {
            let larger = self.buffer.len().saturating_mul(2).clamp(BUFFER, window);
            self.buffer.resize(larger.max(self.buffer.len()), 0);
        }
        loop {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            let room = match room.split_at_mut_checked(window.saturating_sub(self.end)) {
                Some((room, _)) => room,
                None => room,
            };
            match self.input.read(room) {
                Ok(0) => {
                    if !self.waiter.as_mut().is_some_and(|waiter| waiter()) {
                        return Ok(false);
                    }
                }
                Ok(count) => {
                    self.end = self.end.saturating_add(count);
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.read_error(error)),
            }
        }
    }

    fn read_error(&self, source: io::Error) -> CaptureError {
        let name = self.name.clone();
        let offset = self.offset.saturating_add(u64::try_from(self.rest().len()).unwrap_or(0));
        match Damage::of(&source) {
            Some(damage) => {
                let expected = damage.expected.to_owned();
                CaptureError::Damaged { name, offset, compressed: Some(damage.at), expected }
            }
            None => CaptureError::Read { name, offset, source },
        }
    }

    /// What the capture is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The interfaces of the section that the last frame stood in.
    pub fn interfaces(&self) -> &[Interface] {
        self.decoder.interfaces()
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
