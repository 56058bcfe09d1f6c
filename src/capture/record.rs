//! What a decoder finds at the front of the bytes it is shown.

use super::bytes::Order;
use super::pcapng;
use crate::time::{Precision, Timestamp};
use crate::wire::frame::{Direction, LinkType};

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
    /// How many bytes of options stand behind the frame's bytes, which are then padded to four.
    pub(super) options: usize,
    /// The byte order of the options.
    pub(super) order: Order,
    /// The whole record: where the next one starts.
    pub(super) size: usize,
}

impl Record {
    /// Where its options end, seen from where the frame's bytes start.
    #[inline]
    pub(super) fn reach(&self) -> usize {
        if self.options == 0 {
            return self.captured;
        }
        self.captured.next_multiple_of(4).saturating_add(self.options)
    }

    /// The options in `bytes`, which begin with the frame's and [reach](Self::reach) so far.
    #[inline]
    pub(super) fn remarks<'a>(&self, bytes: &'a [u8]) -> Remarks<'a> {
        if self.options == 0 {
            return Remarks::default();
        }
        let options = bytes.get(self.captured.next_multiple_of(4)..self.reach()).unwrap_or_default();
        pcapng::remarks(self.order, options)
    }
}

/// What a capture says about a frame beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remarks<'a> {
    pub(super) comment: Option<&'a str>,
    pub(super) direction: Option<Direction>,
}
