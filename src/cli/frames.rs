//! Frames on their way to a capture (`--write`), and those that wait for the rest of their datagram.

use std::ops::Range;

use crate::capture::{Frame, FrameOut};
use crate::time::{Precision, Timestamp};
use crate::wire::frame::{Direction, JoinedFragments, LinkType};

/// Datagrams whose fragments are waited for: as many as the walk puts together.
const MAX_DATAGRAMS: usize = 64;
/// Memory for their frames, in bytes.
const MAX_WEIGHT: usize = 16 << 20;

/// Copies of frames.
#[derive(Debug, Default)]
pub struct Frames {
    list: Vec<Kept>,
    data: Vec<u8>,
}

/// A frame that is to be written to a capture.
#[derive(Debug)]
struct Kept {
    number: u64,
    time: Option<Timestamp>,
    precision: Precision,
    link: LinkType,
    interface: Option<String>,
    original_len: u32,
    direction: Option<Direction>,
    comment: Option<Box<str>>,
    data: Range<usize>,
}

/// What the capture said about a frame, and what we say.
fn joined(comment: Option<&str>, remark: Option<&str>) -> Option<Box<str>> {
    match (comment, remark) {
        (Some(comment), Some(remark)) if !comment.contains(remark) => {
            Some(format!("{comment}; {remark}").into())
        }
        (comment, remark) => comment.or(remark).map(Into::into),
    }
}

impl Frames {
    /// Adds a copy of a frame, with what is to be said of it.
    pub fn add(&mut self, frame: &Frame<'_>, remark: Option<&str>) {
        let start = self.data.len();
        self.data.extend_from_slice(frame.data);
        self.list.push(Kept {
            number: frame.number,
            time: frame.time,
            precision: frame.precision,
            link: frame.link,
            interface: frame.interface_name.map(str::to_owned),
            original_len: frame.original_len,
            direction: frame.direction,
            comment: joined(frame.comment, remark),
            data: start..self.data.len(),
        });
    }

    /// The frames, as they are written.
    pub fn iter(&self) -> impl Iterator<Item = FrameOut<'_>> {
        self.list.iter().map(|kept| FrameOut {
            time: kept.time,
            precision: kept.precision,
            link: kept.link,
            interface: kept.interface.as_deref(),
            data: self.data.get(kept.data.clone()).unwrap_or_default(),
            original_len: kept.original_len,
            direction: kept.direction,
            comment: kept.comment.as_deref(),
        })
    }

    /// Forgets the frames, keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.data.clear();
    }

    fn append(&mut self, other: Self) {
        let start = self.data.len();
        self.data.extend(other.data);
        self.list.extend(other.list.into_iter().map(|kept| {
            let data = kept.data.start.saturating_add(start)..kept.data.end.saturating_add(start);
            Kept { data, ..kept }
        }));
    }

    /// How much memory they take, about.
    fn weight(&self) -> usize {
        self.list.len().saturating_mul(size_of::<Kept>()).saturating_add(self.data.len())
    }
}

/// The fragments of datagrams that are not whole yet: they are written if the message turns out to be wanted, together and
/// before the frame that completes it.
#[derive(Debug, Default)]
pub struct Waiting {
    /// The walk's number of each datagram, and its frames; those that waited longest for another fragment are in front.
    held: Vec<(u64, Frames)>,
}

impl Waiting {
    /// Takes note of a frame that was walked: `joined` says what it was a fragment of, `shown` that a message in it is wanted.
    /// Adds to `out` what is to be written. `remark` is what is to be said of the frame.
    pub fn walked(
        &mut self,
        frame: &Frame<'_>,
        joined: &JoinedFragments,
        shown: bool,
        remark: Option<&str>,
        out: &mut Frames,
    ) {
        let mut frames = Frames::default();
        for datagram in joined.whole() {
            frames.append(self.take(*datagram));
        }
        match joined.waits() {
            Some(datagram) => {
                // A datagram that became whole may itself be a fragment, inside a tunnel.
                let mut held = self.take(datagram);
                held.append(frames);
                held.add(frame, None);
                self.held.push((datagram, held));
                self.shrink();
            }
            None if shown => {
                frames.list.sort_by_key(|kept| kept.number);
                out.append(frames);
                out.add(frame, remark);
            }
            None => {}
        }
    }

    fn take(&mut self, datagram: u64) -> Frames {
        let place = self.held.iter().position(|(held, _)| *held == datagram);
        place.map(|place| self.held.remove(place).1).unwrap_or_default()
    }

    fn shrink(&mut self) {
        let weight = |held: &[(u64, Frames)]| held.iter().map(|(_, frames)| frames.weight()).sum::<usize>();
        while self.held.len() > MAX_DATAGRAMS || weight(&self.held) > MAX_WEIGHT {
            self.held.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::{Ports, Walker};

    fn frame(number: u64, data: &[u8]) -> Frame<'_> {
        Frame {
            number,
            time: None,
            precision: Precision::Micro,
            link: LinkType::RAW,
            interface: None,
            interface_name: Some("eth0"),
            direction: None,
            comment: None,
            data,
            original_len: 0,
            offset: 0,
        }
    }

    /// A fragment of an IPv4 packet: 24 bytes at `offset` (in units of eight bytes).
    fn fragment(id: u16, offset: u16, more: bool) -> Vec<u8> {
        let word = offset | if more { 0x2000 } else { 0 };
        let mut bytes = vec![0x45, 0, 0, 44];
        bytes.extend(id.to_be_bytes());
        bytes.extend(word.to_be_bytes());
        bytes.extend([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend(if offset == 0 { [0, 68, 0, 67, 0, 48, 0, 0] } else { [0; 8] });
        bytes.extend([1; 16]);
        bytes
    }

    /// Walks the frames; the data of those that are written.
    fn written(frames: &[Vec<u8>]) -> (Vec<Vec<u8>>, Waiting) {
        let (mut walker, mut waiting) = (Walker::new(Ports::default()), Waiting::default());
        let mut out = Frames::default();
        for (data, number) in frames.iter().zip(1..) {
            let mut shown = false;
            walker.walk(LinkType::RAW, data, data.len(), 0, |_| shown = true);
            waiting.walked(&frame(number, data), walker.joined(), shown, None, &mut out);
        }
        assert!(out.iter().all(|frame| frame.interface == Some("eth0")));
        (out.iter().map(|frame| frame.data.to_vec()).collect(), waiting)
    }

    #[test]
    fn all_fragments_of_a_message_are_written_in_their_order() {
        let (first, second) = (|id| fragment(id, 0, true), |id| fragment(id, 3, false));
        // Two at a time, one of them backwards, one fragment twice, and a datagram that never becomes whole.
        let frames = [first(1), second(2), first(9), first(1), first(2), second(1)];
        let (out, waiting) = written(&frames);
        assert_eq!(out, [second(2), first(2), first(1), first(1), second(1)]);
        assert_eq!(waiting.held.len(), 1);
    }

    #[test]
    fn fragments_in_fragments_are_all_written() {
        // An inner fragment is carried (IP in IP) by two outer ones.
        let split = |inner: &[u8], id: u16| {
            let outer = |word: u16, part: &[u8]| {
                let length = u16::try_from(part.len() + 20).unwrap();
                let mut bytes = vec![0x45, 0];
                bytes.extend(length.to_be_bytes());
                bytes.extend(id.to_be_bytes());
                bytes.extend(word.to_be_bytes());
                bytes.extend([64, 4, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2]);
                bytes.extend(part);
                bytes
            };
            [outer(0x2000, &inner[..24]), outer(3, &inner[24..])]
        };
        let [a, b] = split(&fragment(7, 0, true), 100);
        let [c, d] = split(&fragment(7, 3, false), 101);
        let frames = [a, c, b, d];
        let (out, waiting) = written(&frames);
        assert_eq!(out, frames);
        assert!(waiting.held.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let many: Vec<_> = (0..1000).map(|id| fragment(id, 0, true)).collect();
        assert_eq!(written(&many).1.held.len(), MAX_DATAGRAMS);
        let again = vec![fragment(1, 0, true); 200_000];
        let (out, waiting) = written(&again);
        assert!(out.is_empty());
        let weight: usize = waiting.held.iter().map(|(_, frames)| frames.weight()).sum();
        assert!(weight <= MAX_WEIGHT, "{weight}");
    }
}
