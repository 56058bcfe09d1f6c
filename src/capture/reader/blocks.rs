//! Walking what other threads read and decompress.

use std::io::{self, Read};
use std::sync::atomic::Ordering;

use super::Reader;
use crate::capture::CaptureError;
use crate::capture::ahead::{Ahead, LEAD};
use crate::capture::source::Source;

impl Reader<Source> {
    /// Has a compressed file read and decompressed by other threads from here on, by up to `threads` where it can be divided.
    /// Changes nothing for any other.
    pub(in crate::capture) fn go_ahead(&mut self, threads: usize) {
        let Some(read_ahead) = self.read_ahead.take() else { return };
        read_ahead.store(true, Ordering::Relaxed);
        match std::mem::replace(&mut self.input, Source::of(io::empty())).ahead(threads) {
            Ok(thread) => self.thread = Some(thread),
            Err(input) => self.input = input,
        }
    }
}

impl<R: Read> Reader<R> {
    /// Goes on with what another thread has read; false at the end. What is not walked yet is put in front of it.
    pub(super) fn next_block(&mut self) -> Result<bool, CaptureError> {
        let mut block = match self.thread.as_mut().and_then(Ahead::next) {
            None => return Ok(false),
            Some(Ok(block)) => block,
            Some(Err(error)) => return Err(self.read_error(error)),
        };
        let left = self.buffer.get(self.start..self.end).unwrap_or_default();
        let start = LEAD.saturating_sub(left.len());
        if let Some(lead) = block.bytes.get_mut(start..LEAD).filter(|lead| lead.len() == left.len()) {
            lead.copy_from_slice(left);
            (self.start, self.end) = (start, block.end);
            std::mem::swap(&mut self.buffer, &mut block.bytes);
        } else {
            // A large record.
            self.buffer.truncate(self.end);
            self.buffer.drain(..self.start);
            self.buffer.extend_from_slice(block.bytes.get(LEAD..block.end).unwrap_or_default());
            (self.start, self.end) = (0, self.buffer.len());
        }
        if let Some(thread) = &mut self.thread {
            thread.give_back(block.bytes);
        }
        Ok(true)
    }
}
