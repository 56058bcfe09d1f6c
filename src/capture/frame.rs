//! A captured frame, and the interface it was captured on.

use crate::time::{Precision, Timestamp};
use crate::wire::frame::{Direction, LinkType};

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
    /// Which way it went, where the capture says so.
    pub direction: Option<Direction>,
    /// The first remark about it in the capture. Text from the file: escape it before showing it.
    pub comment: Option<&'a str>,
    /// The bytes that were captured.
    pub data: &'a [u8],
    /// How many bytes the frame had on the wire.
    pub original_len: u32,
    /// Byte offset of the frame's record in the (decompressed) capture.
    pub offset: u64,
}

impl<'a> Frame<'a> {
    /// An Ethernet frame, all of it, of which nothing else is known.
    pub fn of(number: u64, data: &'a [u8]) -> Self {
        Self {
            number,
            time: None,
            precision: Precision::Nano,
            link: LinkType::ETHERNET,
            interface: None,
            interface_name: None,
            direction: None,
            comment: None,
            data,
            original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
            offset: 0,
        }
    }
}

/// An interface of a pcapng section; a pcap file has exactly one, without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureInterface {
    /// What its frames start with.
    pub link: LinkType,
    /// Its name, where the capture gives one.
    pub name: Option<String>,
    /// How many digits of a second its timestamps have.
    pub precision: Precision,
    /// The most bytes kept of a frame; 0 when there is no limit.
    pub snaplen: u32,
}
