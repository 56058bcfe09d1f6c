//! What a decoder finds at the front of the bytes it is shown.

use crate::time::{Precision, Timestamp};
use crate::wire::frame::LinkType;

/// The most bytes that one record or block of a capture may take, headers included.
pub const MAX_RECORD: usize = 16 << 20;

/// What stands at the front of the bytes not yet walked.
#[derive(Debug)]
pub(super) enum Step {
    /// A whole frame.
    Frame(Record),
    /// This many bytes without a frame; they may reach beyond what is buffered.
    Skip(usize),
    /// A frame that carries no packet: it counts, and takes this many bytes.
    Count(usize),
    /// More bytes are needed: `need` in all, for `what`.
    Short { need: usize, what: &'static str },
    /// No frame can stand here: what was expected instead, `at` bytes further on.
    Damaged { at: usize, expected: String },
}

/// A run of frames that nobody wants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skimmed {
    /// How many bytes they take.
    pub(super) size: usize,
    /// How many they are.
    pub(super) frames: u64,
    /// Behind them stands a frame that is wanted.
    pub(super) hit: bool,
}

/// Where the parts of a frame lie in the bytes that were walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) time: Option<Timestamp>,
    pub(super) precision: Precision,
    pub(super) link: LinkType,
    pub(super) interface: Option<u32>,
    /// Where the frame's bytes start.
    pub(super) start: usize,
    /// How many bytes of the frame there are.
    pub(super) captured: usize,
    pub(super) original: u32,
    /// The whole record: where the next one starts.
    pub(super) size: usize,
}
