//! Capture files as streams of frames, and back.
//!
//! A [`Reader`] walks a capture (pcap, pcapng or snoop, possibly compressed, from a file, a pipe or standard input) and hands
//! out one borrowed [`Frame`] after the other; a [`Writer`] keeps frames. Invariants:
//!
//! - **Nothing in the file is trusted for an allocation.** The buffer grows only with bytes that really arrived, and
//!   never beyond [`MAX_RECORD`].
//! - **What stands before the damage is delivered**, then one [`CaptureError::Damaged`] says where and what was expected.
//!   There is no resynchronisation: what follows damage cannot be told from payload that looks like a record.
//! - Frames are not interpreted here; a frame's bytes and link type go to `wire::frame`.

mod ahead;
mod batch;
#[cfg(feature = "live")]
pub mod bpf;
mod bytes;
mod compress;
mod decoder;
mod error;
mod frame;
pub mod parallel;
mod pcap;
mod pcapng;
mod pipe;
mod reader;
mod record;
pub mod rotate;
mod snoop;
mod source;
#[cfg(test)]
mod tests;
pub mod write;

pub use error::CaptureError;
pub use frame::{CaptureInterface, Frame};
pub use parallel::{FrameVerdict, Walk, WalkProgress, Work};
pub(crate) use pipe::enlarge as enlarge_pipe;
pub use reader::{Reader, Waiter};
pub use record::MAX_RECORD;
pub use rotate::{RotatingWriter, Rotation};
pub use source::{Source, follow, is_stdin, keep_stdin, open, open_until, raw, read};
pub use write::{CaptureFormat, FrameOut, Losses, Target, Writer};
