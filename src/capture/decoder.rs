//! The formats of captures behind one face.

use std::sync::Arc;

use super::frame::CaptureInterface;
use super::record::{Skimmed, Step};
use super::{pcap, pcapng, snoop};
use crate::time::Timestamp;
use crate::wire::frame::LinkType;

/// The format of a capture together with what was learnt from its headers so far.
#[derive(Clone, Debug)]
pub(super) enum Decoder {
    Pcap(pcap::Decoder),
    PcapNg(pcapng::Decoder),
    Snoop(snoop::Decoder),
}

impl Decoder {
    /// Recognises the format by its first four bytes.
    pub(super) fn recognise(magic: [u8; 4]) -> Option<Self> {
        match magic {
            pcapng::MAGIC => Some(Self::PcapNg(pcapng::Decoder::default())),
            snoop::MAGIC => Some(Self::Snoop(snoop::Decoder::default())),
            _ => pcap::Decoder::recognise(magic).map(Self::Pcap),
        }
    }

    /// Looks at the front of `bytes`, which start where the step before ended.
    #[inline]
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        match self {
            Self::Pcap(decoder) => decoder.step(bytes),
            Self::PcapNg(decoder) => decoder.step(bytes),
            Self::Snoop(decoder) => decoder.step(bytes),
        }
    }

    /// Steps over frames at the front of `bytes` that begin before `limit` and are not `wanted`.
    #[inline]
    pub(super) fn skim(
        &self,
        bytes: &[u8],
        limit: usize,
        wanted: impl Fn(LinkType, &[u8]) -> bool,
    ) -> Skimmed {
        match self {
            Self::Pcap(decoder) => decoder.skim(bytes, limit, wanted),
            Self::PcapNg(decoder) => decoder.skim(bytes, limit, wanted),
            Self::Snoop(_) => Skimmed::default(),
        }
    }

    /// True where a capture may end: between two records or blocks.
    pub(super) fn is_between(&self) -> bool {
        match self {
            Self::Pcap(decoder) => !decoder.interfaces().is_empty(),
            Self::PcapNg(decoder) => decoder.is_between(),
            Self::Snoop(decoder) => !decoder.interfaces().is_empty(),
        }
    }

    /// The interfaces of the current section.
    pub(super) fn interfaces(&self) -> &Arc<Vec<CaptureInterface>> {
        match self {
            Self::Pcap(decoder) => decoder.interfaces(),
            Self::PcapNg(decoder) => decoder.interfaces(),
            Self::Snoop(decoder) => decoder.interfaces(),
        }
    }

    /// The interfaces of the section that has just ended, once.
    pub(super) fn take_closed(&mut self) -> Option<Arc<Vec<CaptureInterface>>> {
        match self {
            Self::Pcap(_) | Self::Snoop(_) => None,
            Self::PcapNg(decoder) => decoder.take_closed(),
        }
    }

    /// How often the interfaces changed: what is learnt from the middle of a capture holds while this stays.
    pub(super) fn changes(&self) -> u64 {
        match self {
            Self::Pcap(_) | Self::Snoop(_) => 0,
            Self::PcapNg(decoder) => decoder.changes(),
        }
    }

    /// Finds a place in `bytes` where a frame seems to start, with a time near `about`. A guess.
    pub(super) fn guess(&self, bytes: &[u8], about: Option<Timestamp>) -> Option<usize> {
        match self {
            Self::Pcap(decoder) => decoder.guess(bytes, about?.nanoseconds().div_euclid(1_000_000_000)),
            Self::PcapNg(decoder) => decoder.guess(bytes),
            Self::Snoop(_) => None,
        }
    }
}
