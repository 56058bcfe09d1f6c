//! Frames of RFC 8878, one after the other.

use std::io::{self, Read};

use zstd::zstd_safe::{DCtx, InBuffer, OutBuffer};

use super::layout::Layout;
use super::{Input, Pieces, Unread};

/// A reader of zstd files. What it delivers, and where it finds damage, does not depend on how the bytes come in and how much is asked
/// for at a time: several that have a part of the file each deliver what one does.
pub(in crate::capture) struct Zstd {
    input: Input,
    context: DCtx<'static>,
    layout: Layout,
    /// Nothing more belongs to this frame.
    ended: bool,
    /// The last call filled all its output: there may be more without new input.
    full: bool,
    /// There was a frame.
    begun: bool,
}

impl Zstd {
    pub(super) fn new(input: Input) -> Self {
        let (context, layout) = (DCtx::create(), Layout::new());
        Self { input, context, layout, ended: true, full: false, begun: false }
    }

    /// Goes on behind a frame, at this byte of the file, with what was used for other frames.
    pub(super) fn behind(at: u64, pieces: Pieces, context: Option<DCtx<'static>>) -> Self {
        let (input, context) = (Input::of(at, pieces), context.unwrap_or_else(DCtx::create));
        Self { input, context, layout: Layout::new(), ended: true, full: false, begun: true }
    }

    /// What others can be decompressed with once this is at its end: not what has held the window of a frame with a larger one
    /// than `window`.
    pub(super) fn into_context(self, window: u64) -> Option<DCtx<'static>> {
        (self.layout.window <= window && self.layout.is_between()).then_some(self.context)
    }

    /// Has what is still to be read come as pieces. Returns that, and what stands where it begins.
    pub(super) fn read_pieces(&mut self, pieces: Pieces) -> Option<(Unread, Layout)> {
        Some((self.input.exchange(pieces)?, self.layout.clone()))
    }
}

impl Read for Zstd {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let bytes = if self.full { &[] } else { self.input.peek()? };
            if bytes.is_empty() && !self.full {
                if self.ended && self.begun {
                    return Ok(0);
                }
                return Err(self.input.damage("more compressed data (zstd), the file ends"));
            }
            let mut input = InBuffer::around(bytes.get(..self.layout.unit()).unwrap_or(bytes));
            let mut output = OutBuffer::around(&mut *out);
            let result = self.context.decompress_stream(&mut output, &mut input);
            let (consumed, produced) = (input.pos(), output.pos());
            let Ok(want) = result else {
                return Err(self.input.damage_before(self.layout.seen(), "compressed data (zstd)"));
            };
            self.layout.advance(bytes.get(..consumed).unwrap_or(bytes));
            self.input.consume(consumed);
            self.ended = want == 0;
            self.begun |= self.ended;
            self.full = produced == out.len() && !self.ended;
            if produced > 0 {
                return Ok(produced);
            }
        }
    }
}
