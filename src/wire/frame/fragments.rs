//! IP fragments on their way to becoming a datagram again, in bounded memory.

use std::collections::VecDeque;
use std::net::IpAddr;

/// How many datagrams are put together at a time.
const MAX_DATAGRAMS: usize = 64;
/// How many datagrams are remembered as not worth it.
const MAX_IGNORED: usize = 64;
/// The longest payload of an IP packet; with [`MAX_DATAGRAMS`] it bounds the memory to 4 MiB.
const MAX_PAYLOAD: usize = 65_535;
/// A fragment that comes later than this after the one before it belongs to another datagram (RFC 8200 §4.5: 60 s).
const MAX_AGE_NS: u64 = 60_000_000_000;

/// What the fragments of one datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) id: u32,
    pub(super) protocol: u8,
    pub(super) vlan: Option<u16>,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) key: Key,
    /// In bytes.
    pub(super) offset: usize,
    /// It is not the last.
    pub(super) more: bool,
}

/// What a fragment led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Others are missing of this datagram.
    Kept { datagram: u64 },
    /// It is of no use.
    Dropped,
    /// It was the last that was missing.
    Whole { datagram: u64, data: Vec<u8>, overlapped: bool },
}

/// The datagrams that are not yet whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Fragments {
    partial: Vec<Partial>,
    ignored: VecDeque<(Key, i64)>,
    touches: u64,
    crowded_out: u64,
}

impl Fragments {
    /// Forgets a datagram whose first fragment shows that it is nothing to wait for, and refuses the rest of it. Says no
    /// when another first fragment came before, which then is the one that counts.
    pub(super) fn ignore(&mut self, key: Key, time_ns: i64) -> bool {
        let is_other = |partial: &Partial| partial.key != key || is_old(partial.time_ns, time_ns);
        if self.partial.iter().any(|partial| !is_other(partial) && partial.has_first()) {
            return false;
        }
        self.partial.retain(is_other);
        self.ignored.retain(|(ignored, _)| *ignored != key);
        if self.ignored.len() >= MAX_IGNORED {
            self.ignored.pop_front();
        }
        self.ignored.push_back((key, time_ns));
        true
    }

    /// Adds a fragment.
    pub(super) fn add(&mut self, piece: &Piece, data: &[u8], time_ns: i64) -> Outcome {
        let end = piece.offset.saturating_add(data.len());
        if data.is_empty() || end > MAX_PAYLOAD {
            return Outcome::Dropped;
        }
        if piece.offset == 0 {
            self.ignored.retain(|(key, _)| *key != piece.key);
        } else if self.ignored.iter().any(|(key, time)| *key == piece.key && !is_old(*time, time_ns)) {
            return Outcome::Dropped;
        }
        self.touches = self.touches.wrapping_add(1);
        let at = self.seat(piece.key, time_ns);
        let Some(partial) = self.partial.get_mut(at) else { return Outcome::Dropped };
        partial.touched = self.touches;
        partial.time_ns = time_ns;
        partial.add(piece, data, end);
        if !partial.is_whole() {
            return Outcome::Kept { datagram: partial.number };
        }
        let Partial { number, mut data, total, overlapped, .. } = self.partial.swap_remove(at);
        data.truncate(total.unwrap_or(MAX_PAYLOAD));
        Outcome::Whole { datagram: number, data, overlapped }
    }

    /// How many datagrams whose first fragment had come were given up for others, though the rest could still have come.
    pub(super) fn crowded_out(&self) -> u64 {
        self.crowded_out
    }

    /// How many bytes are held.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.partial.iter().map(|partial| partial.data.capacity()).sum()
    }

    /// The place of a datagram: its own, a new one, or that of the one untouched for longest; those of which it is not known
    /// what they are go first.
    fn seat(&mut self, key: Key, time_ns: i64) -> usize {
        if let Some(at) = self.partial.iter().position(|partial| partial.key == key) {
            if let Some(partial) = self.partial.get_mut(at)
                && is_old(partial.time_ns, time_ns)
            {
                *partial = Partial::new(key, self.touches);
            }
            return at;
        }
        if self.partial.len() >= MAX_DATAGRAMS {
            let worth = |partial: &Partial| partial.has_first() && !is_old(partial.time_ns, time_ns);
            let order = |partial: &Partial| (worth(partial), partial.touched);
            let oldest = self.partial.iter().enumerate().min_by_key(|(_, partial)| order(partial));
            if let Some((at, _)) = oldest {
                let gone = self.partial.swap_remove(at);
                self.crowded_out = self.crowded_out.saturating_add(u64::from(worth(&gone)));
            }
        }
        self.partial.push(Partial::new(key, self.touches));
        self.partial.len().saturating_sub(1)
    }
}

/// Times of a capture may also run backwards.
fn is_old(then_ns: i64, now_ns: i64) -> bool {
    now_ns.abs_diff(then_ns) > MAX_AGE_NS
}

/// A datagram that is not yet whole. Where fragments overlap, the bytes that came first stay.
#[derive(Clone, Debug)]
struct Partial {
    key: Key,
    /// Tells it from every other one, of the same key too.
    number: u64,
    time_ns: i64,
    touched: u64,
    data: Vec<u8>,
    /// Which parts of `data` are there: start and end, ascending, neither overlapping nor touching.
    spans: Vec<(usize, usize)>,
    total: Option<usize>,
    overlapped: bool,
}

impl Partial {
    fn new(key: Key, number: u64) -> Self {
        Self {
            key,
            number,
            time_ns: 0,
            touched: 0,
            data: Vec::new(),
            spans: Vec::new(),
            total: None,
            overlapped: false,
        }
    }

    fn has_first(&self) -> bool {
        matches!(self.spans.first(), Some((0, _)))
    }

    fn is_whole(&self) -> bool {
        matches!((self.spans.as_slice(), self.total), ([(0, end)], Some(total)) if *end >= total)
    }

    fn add(&mut self, piece: &Piece, data: &[u8], end: usize) {
        let start = piece.offset;
        if !piece.more {
            self.overlapped |= self.total.is_some_and(|total| total != end);
            self.total.get_or_insert(end);
        }
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        // The spans that the new one overlaps or touches.
        let from = self.spans.partition_point(|span| span.1 < start);
        let to = self.spans.partition_point(|span| span.0 <= end);
        let near = self.spans.get(from..to).unwrap_or_default();
        let repeated = near.iter().any(|span| span.0 <= start && end <= span.1)
            && self.data.get(start..end) == Some(data);
        if repeated {
            return;
        }
        self.overlapped |= near.iter().any(|span| span.0 < end && start < span.1);
        let (mut first, mut last, mut at) = (start, end, start);
        for &(span_start, span_end) in near {
            copy(&mut self.data, data, start, at, span_start);
            at = at.max(span_end);
            first = first.min(span_start);
            last = last.max(span_end);
        }
        copy(&mut self.data, data, start, at, end);
        self.spans.splice(from..to, [(first, last)]);
    }
}

/// Copies `from..to` (places in the datagram) of a fragment that starts at `start`.
fn copy(datagram: &mut [u8], fragment: &[u8], start: usize, from: usize, to: usize) {
    let source = fragment.get(from.saturating_sub(start)..to.saturating_sub(start));
    if let (Some(source), Some(target)) = (source, datagram.get_mut(from..to)) {
        target.copy_from_slice(source);
    }
}
