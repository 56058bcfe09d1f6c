//! The classic format: one file header, then records.
//!
//! | file header | bytes | record header | bytes |
//! |---|---|---|---|
//! | magic number | 4 | seconds | 4 |
//! | version major, minor | 2 + 2 | micro- or nanoseconds | 4 |
//! | time zone, accuracy (unused) | 4 + 4 | captured length | 4 |
//! | snap length | 4 | original length | 4 |
//! | link type, FCS bits | 4 | (modified format) interface, protocol, type | 8 |

use std::sync::Arc;

use super::bytes::{Order, array, len};
use super::frame::CaptureInterface;
use super::record::{MAX_RECORD, Record, Skimmed, Step};
use crate::time::{Precision, Timestamp};
use crate::wire::frame::LinkType;

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// Records of the modified format (Kuznetsov's patches for old Linux libpcap) carry eight bytes more.
const MODIFIED_HEADER: usize = 24;

const MICRO: u32 = 0xa1b2_c3d4;
const NANO: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;

/// The largest record that is believed whatever the snap length says; tcpdump's own limit.
const MAX_CAPTURED: usize = 262_144;
/// The link type proper; the bits above tell of a frame check sequence.
const LINK_MASK: u32 = 0x03ff_ffff;

/// How many records must follow each other to look like records, with times this many seconds around the first one's.
const GUESS_RECORDS: usize = 16;
const YEAR: u64 = 366 * 86_400;

/// What the file header said.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    order: Order,
    nano: bool,
    header: usize,
    /// The largest captured length that is believed.
    limit: usize,
    /// Files before version 2.3 hold the two lengths of a record the other way round, and those of 2.3 in either.
    swapped: bool,
    maybe_swapped: bool,
    /// Empty until the file header was read.
    interface: Arc<Vec<CaptureInterface>>,
}

impl Decoder {
    /// Recognises the variants by their magic number.
    pub(super) fn recognise(magic: [u8; 4]) -> Option<Self> {
        [Order::Little, Order::Big].into_iter().find_map(|order| {
            let (nano, header) = match order.u32(magic) {
                MICRO => (false, RECORD_HEADER),
                NANO => (true, RECORD_HEADER),
                MODIFIED => (false, MODIFIED_HEADER),
                _ => return None,
            };
            let limit = MAX_CAPTURED;
            Some(Self {
                order,
                nano,
                header,
                limit,
                swapped: false,
                maybe_swapped: false,
                interface: Arc::default(),
            })
        })
    }

    pub(super) fn interfaces(&self) -> &Arc<Vec<CaptureInterface>> {
        &self.interface
    }

    /// Finds the first place in `bytes` where records seem to follow each other, with times near `about` (seconds). A
    /// guess: payload may look like that too.
    pub(super) fn guess(&self, bytes: &[u8], about: i64) -> Option<usize> {
        if self.swapped || self.maybe_swapped {
            return None;
        }
        (0..bytes.len().saturating_sub(RECORD_HEADER)).find(|at| {
            let mut next = *at;
            for _ in 0..GUESS_RECORDS {
                match self.seems_record(bytes.get(next..).unwrap_or_default(), about) {
                    Some(size) => next = next.saturating_add(size),
                    None => return next > bytes.len().saturating_sub(RECORD_HEADER) && next != *at,
                }
            }
            true
        })
    }

    /// The size of what seems to be a record at the front of `bytes`.
    #[inline]
    fn seems_record(&self, bytes: &[u8], about: i64) -> Option<usize> {
        let &[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, o0, o1, o2, o3] = bytes.first_chunk()?;
        let captured = self.order.u32([c0, c1, c2, c3]);
        let second = if self.nano { 1_000_000_000 } else { 1_000_000 };
        let seconds = i64::from(self.order.u32([s0, s1, s2, s3]));
        let seems = len(captured) <= self.limit
            && captured <= self.order.u32([o0, o1, o2, o3])
            && self.order.u32([f0, f1, f2, f3]) < second
            && seconds.abs_diff(about) < YEAR;
        seems.then(|| self.header.saturating_add(len(captured)))
    }

    /// Steps over the records at the front of `bytes` that begin before `limit` and are not `wanted`. Stops at anything
    /// that is not a whole record, too. The loop that large captures spend their time in: one for each byte order.
    #[inline]
    pub(super) fn skim(
        &self,
        bytes: &[u8],
        limit: usize,
        wanted: impl Fn(LinkType, &[u8]) -> bool,
    ) -> Skimmed {
        let Some(interface) = self.interface.first() else { return Skimmed::default() };
        if self.swapped || self.maybe_swapped {
            return Skimmed::default();
        }
        let wanted = |data: &[u8]| wanted(interface.link, data);
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
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Skimmed {
        let (header, most) = (self.header, self.limit);
        let mut skimmed = Skimmed::default();
        while skimmed.size < limit {
            let rest = bytes.get(skimmed.size..).unwrap_or_default();
            let Some(&[_, _, _, _, _, _, _, _, c0, c1, c2, c3, _, _, _, _]) = rest.first_chunk() else {
                break;
            };
            let length = len(number([c0, c1, c2, c3]));
            // Neither overflows: both are below 2^32.
            let end = header.wrapping_add(length);
            let Some(data) = rest.get(header..end) else { break };
            if length > most {
                break;
            }
            if wanted(data) {
                skimmed.hit = true;
                break;
            }
            skimmed.size = skimmed.size.wrapping_add(end);
            skimmed.frames = skimmed.frames.wrapping_add(1);
        }
        skimmed
    }

    /// Looks at the record at the front of `bytes`.
    #[inline]
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        let Some(interface) = self.interface.first() else { return self.file_header(bytes) };
        let Some(&[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, o0, o1, o2, o3]) = bytes.first_chunk()
        else {
            return Step::Short { need: RECORD_HEADER, what: "a record header" };
        };
        let (mut captured, mut original) =
            (self.order.u32([c0, c1, c2, c3]), self.order.u32([o0, o1, o2, o3]));
        if self.swapped || (self.maybe_swapped && captured > original) {
            std::mem::swap(&mut captured, &mut original);
        }
        let length = len(captured);
        if length > self.limit {
            let limit = self.limit;
            return Step::Damaged {
                at: 8,
                expected: format!("a captured length of at most {limit} bytes, found {captured}"),
            };
        }
        let size = self.header.saturating_add(length);
        if size > bytes.len() {
            return Step::Short { need: size, what: "a packet record" };
        }
        let fraction = self.order.u32([f0, f1, f2, f3]);
        let seconds = i64::from(self.order.u32([s0, s1, s2, s3]));
        let scale = if self.nano { 1 } else { 1000 };
        // A fraction of a second or more, as some broken writers leave it, carries over.
        let nanoseconds = i64::from(fraction).wrapping_mul(scale);
        let time = Timestamp(seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds));
        Step::Frame(Record {
            time: Some(time),
            precision: interface.precision,
            link: interface.link,
            interface: None,
            start: self.header,
            captured: length,
            original,
            options: 0,
            order: self.order,
            size,
        })
    }

    fn file_header(&mut self, bytes: &[u8]) -> Step {
        let Some(header) = bytes.first_chunk::<FILE_HEADER>() else {
            return Step::Short { need: FILE_HEADER, what: "a pcap file header" };
        };
        let [_, _, _, _, a0, a1, i0, i1, _, _, _, _, _, _, _, _, n0, n1, n2, n3, ..] = *header;
        let link_field = array(header, 20).map_or(0, |field| self.order.u32(field));
        let (major, minor) = (self.order.u16([a0, a1]), self.order.u16([i0, i1]));
        let snaplen = self.order.u32([n0, n1, n2, n3]);
        if major < 2 {
            return Step::Damaged {
                at: 4,
                expected: format!("version 2 of the pcap format, found {major}.{minor}"),
            };
        }
        self.swapped = major == 2 && minor < 3;
        self.maybe_swapped = major == 2 && minor == 3;
        let mut link = link_field & LINK_MASK;
        if self.swapped && minor == 2 {
            // AIX numbers link types by the interface types of RFC 1573 and keeps nanoseconds.
            if let Some(real) = aix_link(link) {
                (link, self.nano, self.swapped) = (real, true, false);
            }
        }
        self.limit = MAX_CAPTURED.max(len(snaplen).min(MAX_RECORD.saturating_sub(self.header)));
        let precision = if self.nano { Precision::Nano } else { Precision::Micro };
        Arc::make_mut(&mut self.interface).push(CaptureInterface {
            link: LinkType(link),
            name: None,
            precision,
            snaplen,
        });
        Step::Skip(FILE_HEADER)
    }
}

/// The link type of an AIX capture.
fn aix_link(interface_type: u32) -> Option<u32> {
    match interface_type {
        6 => Some(1),
        9 => Some(6),
        15 => Some(10),
        24 => Some(0),
        _ => None,
    }
}
