//! The block format: sections that hold interfaces and packets (draft-ietf-opsawg-pcapng).
//!
//! Every block is type (4 bytes), total length (4), body, total length again (4). A length that is no multiple of four
//! breaks the specification; it is rounded up, as Wireshark does.

use std::sync::Arc;

use super::bytes::{Order, array, len};
use super::frame::CaptureInterface;
use super::record::{MAX_RECORD, Record, Remarks, Skimmed, Step};
use crate::time::{Precision, Timestamp};
use crate::wire::frame::{Direction, LinkType};

/// A section header's block type; a palindrome, so it reads alike in both byte orders.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// Blocks without a packet that Wireshark numbers like frames, so we do: custom blocks (to be copied, not to be copied),
/// systemd journal entries, and the event blocks of sysdig.
const NUMBERED: [u32; 9] = [0x0bad, 0x4000_0bad, 9, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222];

const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Type and length in front, length behind.
const FRAMING: usize = 12;
const TRAILER: usize = 4;
/// Where the frame's bytes start in an enhanced or obsolete packet block, and in a simple one.
const PACKET_DATA: usize = 28;
const SIMPLE_DATA: usize = 12;

const OPTION_END: u16 = 0;
const IF_NAME: u16 = 2;
const COMMENT: u16 = 1;
const PACKET_FLAGS: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// The types that a block in the middle of a capture is likely to have, and how many must follow each other.
const GUESSED: [u32; 7] = [ENHANCED_PACKET, INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, 4, 5, 0x0bad];
const GUESS_BLOCKS: usize = 6;

/// The most interfaces a section may have: each takes memory as long as the section lasts.
const MAX_INTERFACES: usize = 65_536;

/// What the blocks said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoder {
    order: Order,
    /// Shared with whoever keeps the section's frames for later; copied when a new interface comes while it is.
    interfaces: Arc<Vec<CaptureInterface>>,
    clocks: Arc<Vec<Clock>>,
    /// The interfaces of the section before.
    closed: Option<Arc<Vec<CaptureInterface>>>,
    /// How often the two changed: equal numbers in one capture mean equal tables.
    changes: u64,
    /// The end of a block whose body was skipped without being looked at: its total length must stand here.
    trailer: Option<u32>,
}

impl Decoder {
    pub(super) fn interfaces(&self) -> &Arc<Vec<CaptureInterface>> {
        &self.interfaces
    }

    pub(super) fn take_closed(&mut self) -> Option<Arc<Vec<CaptureInterface>>> {
        self.closed.take()
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Finds the first place in `bytes` where blocks seem to follow each other. A guess: payload may look like that too.
    pub(super) fn guess(&self, bytes: &[u8]) -> Option<usize> {
        (0..bytes.len().saturating_sub(FRAMING)).step_by(4).find(|at| {
            let mut next = *at;
            for _ in 0..GUESS_BLOCKS {
                match self.seems_block(bytes.get(next..).unwrap_or_default()) {
                    Some(size) => next = next.saturating_add(size),
                    None => return next > bytes.len().saturating_sub(FRAMING) && next != *at,
                }
            }
            true
        })
    }

    /// The size of what seems to be a block at the front of `bytes`.
    fn seems_block(&self, bytes: &[u8]) -> Option<usize> {
        let kind = self.order.u32(array(bytes, 0)?);
        if !GUESSED.contains(&kind) {
            return None;
        }
        let total = self.order.u32(array(bytes, 4)?);
        let size = len(total);
        let whole = (FRAMING..=MAX_RECORD).contains(&size) && size.is_multiple_of(4);
        let end = array(bytes, size.saturating_sub(TRAILER)).map(|end| self.order.u32(end));
        (whole && end.is_none_or(|end| end == total)).then_some(size)
    }

    /// True unless a skipped block still wants its end.
    pub(super) fn is_between(&self) -> bool {
        self.trailer.is_none()
    }

    /// Steps over the enhanced packets at the front of `bytes` that begin before `limit` and are not `wanted`. Stops at
    /// anything else, too. The loop that large captures spend their time in: one for each byte order.
    #[inline]
    pub(super) fn skim(
        &self,
        bytes: &[u8],
        limit: usize,
        wanted: impl Fn(LinkType, &[u8]) -> bool,
    ) -> Skimmed {
        if self.trailer.is_some() {
            return Skimmed::default();
        }
        match self.order {
            Order::Little => self.skim_with(bytes, limit, u32::from_le_bytes, wanted),
            Order::Big => self.skim_with(bytes, limit, u32::from_be_bytes, wanted),
        }
    }

    #[inline]
    fn skim_with(
        &self,
        bytes: &[u8],
        limit: usize,
        number: impl Fn([u8; 4]) -> u32,
        wanted: impl Fn(LinkType, &[u8]) -> bool,
    ) -> Skimmed {
        let interfaces = self.interfaces.as_slice();
        let mut skimmed = Skimmed::default();
        while skimmed.size < limit {
            let rest = bytes.get(skimmed.size..).unwrap_or_default();
            let Some(
                &[k0, k1, k2, k3, t0, t1, t2, t3, i0, i1, i2, i3, _, _, _, _, _, _, _, _, c0, c1, c2, c3],
            ) = rest.first_chunk()
            else {
                break;
            };
            let (kind, total) = (number([k0, k1, k2, k3]), number([t0, t1, t2, t3]));
            let captured = len(number([c0, c1, c2, c3]));
            let (size, end) = (len(total), captured.saturating_add(PACKET_DATA));
            let (Some(block), Some(interface)) =
                (rest.get(..size), interfaces.get(len(number([i0, i1, i2, i3]))))
            else {
                break;
            };
            let trailer = block.last_chunk().map(|trailer| number(*trailer));
            let whole = size <= MAX_RECORD && size.is_multiple_of(4) && end.saturating_add(TRAILER) <= size;
            let Some(data) = block.get(PACKET_DATA..end) else { break };
            if kind != ENHANCED_PACKET || trailer != Some(total) || !whole {
                break;
            }
            if wanted(interface.link, data) {
                skimmed.hit = true;
                break;
            }
            skimmed.size = skimmed.size.wrapping_add(size);
            skimmed.frames = skimmed.frames.wrapping_add(1);
        }
        skimmed
    }

    /// Looks at the block at the front of `bytes`.
    #[inline]
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        if self.trailer.is_some() {
            return self.skipped(bytes);
        }
        let Some(&[t0, t1, t2, t3, l0, l1, l2, l3]) = bytes.first_chunk() else {
            return Step::Short { need: 8, what: "a block header" };
        };
        let kind = self.order.u32([t0, t1, t2, t3]);
        if kind == SECTION {
            return self.section(bytes);
        }
        let total = self.order.u32([l0, l1, l2, l3]);
        let size = len(total);
        match kind {
            ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET | INTERFACE => {}
            _ => return self.other(kind, total),
        }
        let least = match kind {
            INTERFACE => 20,
            SIMPLE_PACKET => 16,
            _ => 32,
        };
        if let Some(damage) = bad_size(size, least) {
            return damage;
        }
        let size = padded(size);
        let Some(block) = bytes.get(..size) else { return Step::Short { need: size, what: "a block" } };
        if let Some(damage) = self.bad_trailer(block, total) {
            return damage;
        }
        match kind {
            INTERFACE => self.interface(block),
            SIMPLE_PACKET => self.simple(block),
            _ => self.packet(block, kind == OBSOLETE_PACKET),
        }
    }

    /// A block that carries nothing of interest: its body need not be held in memory.
    fn other(&mut self, kind: u32, total: u32) -> Step {
        let size = len(total);
        // Only what is held in memory has to be small, but a length beyond a gigabyte is damage, not data.
        if size < FRAMING || size > MAX_RECORD.saturating_mul(64) {
            return Step::Damaged {
                at: 4,
                expected: format!("a block length between {FRAMING} and 1 GiB, found {total}"),
            };
        }
        self.trailer = Some(total);
        let before = padded(size).saturating_sub(TRAILER);
        if NUMBERED.contains(&kind) { Step::Count(before) } else { Step::Skip(before) }
    }

    /// The trailing length of a block that was skipped.
    fn skipped(&mut self, bytes: &[u8]) -> Step {
        let Some(end) = bytes.first_chunk() else { return Step::Short { need: TRAILER, what: "a block" } };
        let found = self.order.u32(*end);
        match self.trailer {
            Some(total) if total != found => mismatch(0, total, found),
            _ => {
                self.trailer = None;
                Step::Skip(TRAILER)
            }
        }
    }

    fn bad_trailer(&self, block: &[u8], total: u32) -> Option<Step> {
        let at = block.len().saturating_sub(TRAILER);
        let found = self.order.u32(*block.last_chunk()?);
        (found != total).then(|| mismatch(at, total, found))
    }

    /// A new section: its byte order holds from here on, and its interfaces start anew.
    fn section(&mut self, bytes: &[u8]) -> Step {
        let Some(magic) = array(bytes, 8) else { return Step::Short { need: 28, what: "a section header" } };
        let Some(order) =
            [Order::Little, Order::Big].into_iter().find(|order| order.u32(magic) == BYTE_ORDER)
        else {
            let found = u32::from_be_bytes(magic);
            return Step::Damaged {
                at: 8,
                expected: format!("the byte-order magic 0x1a2b3c4d, found {found:#010x}"),
            };
        };
        let total = array(bytes, 4).map_or(0, |field| order.u32(field));
        let size = len(total);
        if let Some(damage) = bad_size(size, 28) {
            return damage;
        }
        let size = padded(size);
        let Some(block) = bytes.get(..size) else {
            return Step::Short { need: size, what: "a section header" };
        };
        let (Some(major), Some(minor)) = (array(block, 12), array(block, 14)) else {
            return Step::Short { need: 28, what: "a section header" };
        };
        let (major, minor) = (order.u16(major), order.u16(minor));
        if major != 1 {
            return Step::Damaged {
                at: 12,
                expected: format!("version 1 of the pcapng format, found {major}.{minor}"),
            };
        }
        self.order = order;
        if let Some(damage) = self.bad_trailer(block, total) {
            return damage;
        }
        self.closed = Some(std::mem::take(&mut self.interfaces));
        self.clocks = Arc::default();
        self.changes = self.changes.wrapping_add(1);
        Step::Skip(size)
    }

    fn interface(&mut self, block: &[u8]) -> Step {
        if self.interfaces.len() >= MAX_INTERFACES {
            return Step::Damaged {
                at: 0,
                expected: format!("at most {MAX_INTERFACES} interfaces in a section"),
            };
        }
        let link = array(block, 8).map_or(0, |field| self.order.u16(field));
        let snaplen = array(block, 12).map_or(0, |field| self.order.u32(field));
        let (mut name, mut resolution, mut offset) = (None, 6, 0);
        let body = block.get(16..block.len().saturating_sub(TRAILER)).unwrap_or_default();
        for (code, value) in (Options { order: self.order, rest: body }) {
            match code {
                IF_NAME => name = Some(text(value)),
                IF_TSRESOL => resolution = value.first().copied().unwrap_or(6),
                IF_TSOFFSET => offset = array(value, 0).map_or(0, |field| self.order.i64(field)),
                _ => {}
            }
        }
        let clock = Clock::new(resolution, offset);
        let precision = clock.precision;
        self.changes = self.changes.wrapping_add(1);
        Arc::make_mut(&mut self.clocks).push(clock);
        Arc::make_mut(&mut self.interfaces).push(CaptureInterface {
            link: LinkType(u32::from(link)),
            name,
            precision,
            snaplen,
        });
        Step::Skip(block.len())
    }

    #[inline]
    fn packet(&self, block: &[u8], obsolete: bool) -> Step {
        let Some(
            &[
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                i0,
                i1,
                i2,
                i3,
                h0,
                h1,
                h2,
                h3,
                l0,
                l1,
                l2,
                l3,
                c0,
                c1,
                c2,
                c3,
                o0,
                o1,
                o2,
                o3,
            ],
        ) = block.first_chunk::<PACKET_DATA>()
        else {
            return Step::Short { need: 32, what: "a packet block" };
        };
        let index =
            if obsolete { u32::from(self.order.u16([i0, i1])) } else { self.order.u32([i0, i1, i2, i3]) };
        let (Some(interface), Some(clock)) = (self.interfaces.get(len(index)), self.clocks.get(len(index)))
        else {
            return self.unknown_interface(index);
        };
        let captured = self.order.u32([c0, c1, c2, c3]);
        let room = block.len().saturating_sub(PACKET_DATA + TRAILER);
        if len(captured) > room {
            return too_long(20, captured, room);
        }
        let high = u64::from(self.order.u32([h0, h1, h2, h3]));
        let ticks = high.wrapping_shl(32) | u64::from(self.order.u32([l0, l1, l2, l3]));
        Step::Frame(Record {
            time: Some(clock.time(ticks)),
            precision: clock.precision,
            link: interface.link,
            interface: Some(index),
            start: PACKET_DATA,
            captured: len(captured),
            original: self.order.u32([o0, o1, o2, o3]),
            options: room.saturating_sub(padded(len(captured))),
            order: self.order,
            size: block.len(),
        })
    }

    /// A simple packet: always of the first interface, cut at its snap length, without a time.
    fn simple(&self, block: &[u8]) -> Step {
        let Some(interface) = self.interfaces.first() else { return self.unknown_interface(0) };
        let original = array(block, 8).map_or(0, |field| self.order.u32(field));
        let promised = if interface.snaplen == 0 { original } else { original.min(interface.snaplen) };
        let room = block.len().saturating_sub(SIMPLE_DATA + TRAILER);
        if len(promised) > room {
            return too_long(8, promised, room);
        }
        Step::Frame(Record {
            time: None,
            precision: interface.precision,
            link: interface.link,
            interface: Some(0),
            start: SIMPLE_DATA,
            captured: len(promised),
            original,
            options: 0,
            order: self.order,
            size: block.len(),
        })
    }

    fn unknown_interface(&self, index: u32) -> Step {
        let expected = match self.interfaces.len() {
            0 => "an interface description before the first packet".to_owned(),
            count => format!("an interface number below {count} (those described so far), found {index}"),
        };
        Step::Damaged { at: 8, expected }
    }
}

fn bad_size(size: usize, least: usize) -> Option<Step> {
    // The limit is a multiple of four, so that rounding up stays within it.
    if (least..=MAX_RECORD).contains(&size) {
        return None;
    }
    let expected = format!("a block length between {least} and {MAX_RECORD}, found {size}");
    Some(Step::Damaged { at: 4, expected })
}

fn mismatch(at: usize, total: u32, found: u32) -> Step {
    Step::Damaged {
        at,
        expected: format!("the block length {total} again at the block's end, found {found}"),
    }
}

fn too_long(at: usize, captured: u32, room: usize) -> Step {
    let expected =
        format!("a captured length of at most {room} bytes, the room in its block, found {captured}");
    Step::Damaged { at, expected }
}

/// Rounds up to the four bytes that everything in a block is aligned to.
fn padded(size: usize) -> usize {
    size.checked_next_multiple_of(4).unwrap_or(usize::MAX)
}

/// A name from the file: up to a NUL, whatever is not UTF-8 replaced, of a length that people can read.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len()).min(256);
    String::from_utf8_lossy(value.get(..end).unwrap_or(value)).into_owned()
}

/// The options of a block; ends quietly where they are malformed, since packets do not depend on them.
struct Options<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[c0, c1, l0, l1], rest) = self.rest.split_first_chunk()?;
        let (code, length) = (self.order.u16([c0, c1]), usize::from(self.order.u16([l0, l1])));
        if code == OPTION_END {
            return None;
        }
        let value = rest.get(..length)?;
        self.rest = rest.get(padded(length)..).unwrap_or_default();
        Some((code, value))
    }
}

/// What the options of a packet say about it.
#[cold]
pub(super) fn remarks(order: Order, rest: &[u8]) -> Remarks<'_> {
    let mut remarks = Remarks::default();
    for (code, value) in (Options { order, rest }) {
        match code {
            COMMENT => {
                remarks.comment = remarks.comment.or_else(|| Some(value.utf8_chunks().next()?.valid()));
            }
            PACKET_FLAGS => {
                remarks.direction = match array(value, 0).map_or(0, |flags| order.u32(flags)) & 3 {
                    1 => Some(Direction::In),
                    2 => Some(Direction::Out),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    remarks
}

/// How the timestamps of an interface turn into time.
#[derive(Clone, Copy, Debug)]
struct Clock {
    scale: Scale,
    precision: Precision,
    /// Nanoseconds to add.
    offset: i128,
}

#[derive(Clone, Copy, Debug)]
enum Scale {
    /// Microseconds, without an offset: nearly every file.
    Micro,
    /// Nanoseconds, without an offset.
    Nano,
    /// Units of this many nanoseconds.
    Times(u64),
    /// This many units to a nanosecond.
    Per(u64),
    /// Units of 2^-n seconds.
    Binary(u32),
    /// Units too small to add up to a nanosecond.
    Zero,
}

impl Clock {
    /// From `if_tsresol` (a negative power of ten, or of two when the top bit is set) and `if_tsoffset` in seconds.
    fn new(resolution: u8, offset: i64) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        let binary = resolution & 0x80 != 0;
        let coarse = if binary { exponent < 20 } else { exponent <= 6 };
        let precision = if coarse { Precision::Micro } else { Precision::Nano };
        let scale = match exponent {
            _ if binary => Scale::Binary(exponent),
            6 if offset == 0 => Scale::Micro,
            9 if offset == 0 => Scale::Nano,
            0..=9 => Scale::Times(10_u64.saturating_pow(9_u32.saturating_sub(exponent))),
            _ => 10_u64.checked_pow(exponent.saturating_sub(9)).map_or(Scale::Zero, Scale::Per),
        };
        Self { scale, precision, offset: i128::from(offset).saturating_mul(1_000_000_000) }
    }

    /// The time of a timestamp; what lies outside [`Timestamp`] saturates.
    #[inline]
    fn time(&self, ticks: u64) -> Timestamp {
        match self.scale {
            Scale::Micro => Timestamp(i64::try_from(ticks).unwrap_or(i64::MAX).saturating_mul(1000)),
            Scale::Nano => Timestamp(i64::try_from(ticks).unwrap_or(i64::MAX)),
            _ => self.odd_time(ticks),
        }
    }

    fn odd_time(&self, ticks: u64) -> Timestamp {
        let ticks = i128::from(ticks);
        let nanoseconds = match self.scale {
            Scale::Micro => ticks.saturating_mul(1000),
            Scale::Nano => ticks,
            Scale::Times(factor) => ticks.saturating_mul(i128::from(factor)),
            Scale::Per(units) => ticks.checked_div(i128::from(units)).unwrap_or(0),
            // 64 bits times 10^9 stays below 2^94, and the exponent below 128.
            Scale::Binary(exponent) => ticks.saturating_mul(1_000_000_000).checked_shr(exponent).unwrap_or(0),
            Scale::Zero => 0,
        };
        let shifted = nanoseconds.saturating_add(self.offset);
        let bound = if shifted < 0 { i64::MIN } else { i64::MAX };
        Timestamp(i64::try_from(shifted).unwrap_or(bound))
    }
}
