//! Solaris' snoop (RFC 1761): one file header, then records; all numbers are big-endian.
//!
//! | file header | bytes | record header | bytes |
//! |---|---|---|---|
//! | `snoop` and three zeros | 8 | original length | 4 |
//! | version | 4 | captured length | 4 |
//! | kind of data link | 4 | length of the record, padding included | 4 |
//! | | | frames lost so far | 4 |
//! | | | seconds, microseconds | 4 + 4 |

use std::sync::Arc;

use super::bytes::{Order, len};
use super::frame::CaptureInterface;
use super::record::{MAX_RECORD, Record, Step};
use crate::time::{Precision, Timestamp};
use crate::wire::frame::LinkType;

/// What a file begins with.
pub(super) const MAGIC: [u8; 4] = *b"snoo";

const FILE_HEADER: usize = 16;
const RECORD_HEADER: usize = 24;

/// What the file header said.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoder {
    /// Empty until the file header was read.
    interface: Arc<Vec<CaptureInterface>>,
}

impl Decoder {
    pub(super) fn interfaces(&self) -> &Arc<Vec<CaptureInterface>> {
        &self.interface
    }

    /// Looks at the record at the front of `bytes`.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        let Some(interface) = self.interface.first() else { return self.file_header(bytes) };
        let Some(header) = bytes.first_chunk::<RECORD_HEADER>() else {
            return Step::Short { need: RECORD_HEADER, what: "a record header" };
        };
        let [original, captured, size, _, seconds, fraction] = words(header);
        let (length, record) = (len(captured), len(size));
        if record > MAX_RECORD || record < RECORD_HEADER.saturating_add(length) {
            return Step::Damaged {
                at: 8,
                expected: format!(
                    "a record length that holds {captured} captured bytes and is at most {MAX_RECORD}, found {size}"
                ),
            };
        }
        if record > bytes.len() {
            return Step::Short { need: record, what: "a packet record" };
        }
        let nanoseconds = i64::from(fraction).wrapping_mul(1000);
        Step::Frame(Record {
            time: Some(Timestamp(i64::from(seconds).wrapping_mul(1_000_000_000).wrapping_add(nanoseconds))),
            precision: interface.precision,
            link: interface.link,
            interface: None,
            start: RECORD_HEADER,
            captured: length,
            original,
            options: 0,
            order: Order::Big,
            size: record,
        })
    }

    fn file_header(&mut self, bytes: &[u8]) -> Step {
        let Some(header) = bytes.first_chunk::<FILE_HEADER>() else {
            return Step::Short { need: FILE_HEADER, what: "a snoop file header" };
        };
        let [b's', b'n', b'o', b'o', b'p', 0, 0, 0, v0, v1, v2, v3, k0, k1, k2, k3] = *header else {
            return Step::Damaged { at: 0, expected: "the magic number of snoop".to_owned() };
        };
        let version = u32::from_be_bytes([v0, v1, v2, v3]);
        if version != 2 {
            return Step::Damaged {
                at: 8,
                expected: format!("version 2 of the snoop format, found {version}"),
            };
        }
        let kind = u32::from_be_bytes([k0, k1, k2, k3]);
        let Some(link) = link_type(kind) else {
            return Step::Damaged {
                at: 12,
                expected: format!(
                    "Ethernet, token ring, FDDI or ATM (0, 2, 4, 8, 18), found data link {kind}"
                ),
            };
        };
        let interface = CaptureInterface { link, name: None, precision: Precision::Micro, snaplen: 0 };
        Arc::make_mut(&mut self.interface).push(interface);
        Step::Skip(FILE_HEADER)
    }
}

/// The numbers of a record header.
fn words(header: &[u8; RECORD_HEADER]) -> [u32; 6] {
    let mut words = [0; 6];
    for (word, bytes) in words.iter_mut().zip(header.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    words
}

/// The link type of a kind of data link, as Solaris numbers them.
fn link_type(kind: u32) -> Option<LinkType> {
    match kind {
        0 | 4 => Some(LinkType::ETHERNET),
        2 => Some(LinkType::TOKEN_RING),
        8 => Some(LinkType::FDDI),
        18 => Some(LinkType::SUNATM),
        _ => None,
    }
}
