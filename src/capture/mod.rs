//! Capture files as streams of frames, and back.
//!
//! A [`Reader`] walks a capture (pcap or pcapng, possibly compressed, from a file, a pipe or standard input) and hands
//! out one borrowed [`Frame`] after the other; a [`Writer`] keeps frames. Invariants:
//!
//! - **Nothing in the file is trusted for an allocation.** The buffer grows only with bytes that really arrived, and
//!   never beyond [`MAX_RECORD`].
//! - **What stands before the damage is delivered**, then one [`CaptureError::Damaged`] says where and what was expected.
//!   There is no resynchronisation: what follows damage cannot be told from payload that looks like a record.
//! - Frames are not interpreted here; a frame's bytes and link type go to `wire::frame`.

mod batch;
#[cfg(feature = "live")]
pub mod bpf;
mod bytes;
mod compress;
mod error;
pub mod parallel;
mod pcap;
mod pcapng;
mod pipe;
mod reader;
pub mod rotate;
mod source;
#[cfg(test)]
mod tests;
pub mod write;

pub use error::CaptureError;
pub use parallel::{Moment, Verdict, Walk, Work};
pub use reader::{Reader, Waiter};
pub use rotate::{RotatingWriter, Rotation};
pub use source::{Source, follow, open};
pub use write::{Format, FrameOut, Writer};

use std::sync::Arc;

use crate::time::{Precision, Timestamp};
use crate::wire::frame::LinkType;

/// The most bytes that one record or block of a capture may take, headers included.
pub const MAX_RECORD: usize = 16 << 20;

/// One captured frame, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The frame's number in its capture, from 1; every frame counts, as in Wireshark.
    pub number: u64,
    /// When it was captured; pcapng's simple packets have no time.
    pub time: Option<Timestamp>,
    /// How many digits of a second the capture keeps.
    pub precision: Precision,
    /// What the frame starts with.
    pub link: LinkType,
    /// Index of the interface within its pcapng section; `None` in pcap.
    pub interface: Option<u32>,
    /// The name of that interface, where the capture gives one. Text from the file: escape it before showing it.
    pub interface_name: Option<&'a str>,
    /// The bytes that were captured.
    pub data: &'a [u8],
    /// How many bytes the frame had on the wire.
    pub original_len: u32,
    /// Byte offset of the frame's record in the (decompressed) capture.
    pub offset: u64,
}

/// An interface of a pcapng section; a pcap file has exactly one, without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What its frames start with.
    pub link: LinkType,
    /// Its name, where the capture gives one.
    pub name: Option<String>,
    /// How many digits of a second its timestamps have.
    pub precision: Precision,
    /// The most bytes kept of a frame; 0 when there is no limit.
    pub snaplen: u32,
}

/// What stands at the front of the bytes not yet walked.
#[derive(Debug)]
enum Step {
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
struct Skimmed {
    /// How many bytes they take.
    size: usize,
    /// How many they are.
    frames: u64,
    /// Behind them stands a frame that is wanted.
    hit: bool,
}

/// Where the parts of a frame lie in the bytes that were walked.
#[derive(Clone, Copy, Debug)]
struct Record {
    time: Option<Timestamp>,
    precision: Precision,
    link: LinkType,
    interface: Option<u32>,
    /// Where the frame's bytes start.
    start: usize,
    /// How many bytes of the frame there are.
    captured: usize,
    original: u32,
    /// The whole record: where the next one starts.
    size: usize,
}

/// The format of a capture together with what was learnt from its headers so far.
#[derive(Clone, Debug)]
enum Decoder {
    Pcap(pcap::Decoder),
    PcapNg(pcapng::Decoder),
}

impl Decoder {
    /// Recognises the format by its first four bytes.
    fn recognise(magic: [u8; 4]) -> Option<Self> {
        match magic {
            pcapng::MAGIC => Some(Self::PcapNg(pcapng::Decoder::default())),
            _ => pcap::Decoder::recognise(magic).map(Self::Pcap),
        }
    }

    /// Looks at the front of `bytes`, which start where the step before ended.
    #[inline]
    fn step(&mut self, bytes: &[u8]) -> Step {
        match self {
            Self::Pcap(decoder) => decoder.step(bytes),
            Self::PcapNg(decoder) => decoder.step(bytes),
        }
    }

    /// Steps over frames at the front of `bytes` that begin before `limit` and are not `wanted`.
    #[inline]
    fn skim(&self, bytes: &[u8], limit: usize, wanted: impl Fn(LinkType, &[u8]) -> bool) -> Skimmed {
        match self {
            Self::Pcap(decoder) => decoder.skim(bytes, limit, wanted),
            Self::PcapNg(decoder) => decoder.skim(bytes, limit, wanted),
        }
    }

    /// True where a capture may end: between two records or blocks.
    fn is_between(&self) -> bool {
        match self {
            Self::Pcap(decoder) => !decoder.interfaces().is_empty(),
            Self::PcapNg(decoder) => decoder.is_between(),
        }
    }

    /// The interfaces of the current section.
    fn interfaces(&self) -> &Arc<Vec<Interface>> {
        match self {
            Self::Pcap(decoder) => decoder.interfaces(),
            Self::PcapNg(decoder) => decoder.interfaces(),
        }
    }

    /// The interfaces of the section that has just ended, once.
    fn take_closed(&mut self) -> Option<Arc<Vec<Interface>>> {
        match self {
            Self::Pcap(_) => None,
            Self::PcapNg(decoder) => decoder.take_closed(),
        }
    }

    /// How often the interfaces changed: what is learnt from the middle of a capture holds while this stays.
    fn changes(&self) -> u64 {
        match self {
            Self::Pcap(_) => 0,
            Self::PcapNg(decoder) => decoder.changes(),
        }
    }

    /// Finds a place in `bytes` where a frame seems to start, with a time near `about`. A guess.
    fn guess(&self, bytes: &[u8], about: Option<Timestamp>) -> Option<usize> {
        match self {
            Self::Pcap(decoder) => decoder.guess(bytes, about?.nanoseconds().div_euclid(1_000_000_000)),
            Self::PcapNg(decoder) => decoder.guess(bytes),
        }
    }
}
