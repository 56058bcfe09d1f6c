//! What the views of a packet have in common: the record they show.

use crate::time::{Precision, Timestamp};
use crate::wire::frame::Datagram;
use crate::wire::options::Context;
use crate::wire::problem::Problem;
use crate::wire::v4::{Outline, Packet, Values};

/// Problems told of one message; a message of 64 KiB can have thirty thousand. Choosing and counting still see all.
pub const MOST_PROBLEMS: usize = 256;

/// One DHCP packet and everything around it, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct PacketRecord<'a> {
    /// The capture as it was named; `None` for live traffic.
    pub capture: Option<&'a str>,
    /// The frame's number in its capture, from 1.
    pub number: u64,
    /// When it was captured, where known.
    pub time: Option<Timestamp>,
    /// How many digits of a second are known.
    pub precision: Precision,
    /// The interface's name, where known.
    pub interface: Option<&'a str>,
    /// Bytes of the frame that were captured.
    pub captured_length: usize,
    /// Bytes of the frame on the wire.
    pub original_length: u32,
    /// The first remark about the frame in its capture.
    pub comment: Option<&'a str>,
    /// The layers around the message; their direction is that of the frame, wherever it is known from.
    pub datagram: &'a Datagram<'a>,
    /// The message.
    pub packet: Packet<'a>,
    /// Its structure, read from `packet`.
    pub outline: &'a Outline,
}

impl<'a> PacketRecord<'a> {
    /// A packet of which nothing is known but its `len` bytes, all of them captured.
    pub fn of(datagram: &'a Datagram<'a>, packet: Packet<'a>, outline: &'a Outline, len: usize) -> Self {
        Self {
            capture: None,
            number: 1,
            time: None,
            precision: Precision::Nano,
            interface: None,
            captured_length: len,
            original_length: u32::try_from(len).unwrap_or(u32::MAX),
            comment: None,
            datagram,
            packet,
            outline,
        }
    }

    /// When it was captured, and how many digits of a second of that are known.
    #[inline]
    pub fn moment(&self) -> Option<(Timestamp, Precision)> {
        self.time.map(|time| (time, self.precision))
    }

    /// What the values of options are interpreted by.
    pub fn context(&self) -> Context<'a> {
        self.outline.context(&self.packet)
    }

    /// True when nothing is wrong with the message's structure, nor with what stands around it.
    #[inline]
    pub fn is_sound(&self) -> bool {
        self.outline.problems.is_empty() && self.datagram.is_sound()
    }

    /// Problems of the layers around the message.
    pub fn outer_problems(&self) -> impl Iterator<Item = Problem> + use<> {
        self.datagram.problems()
    }

    /// Calls `each` with every problem of the message, its values and what is around it.
    pub fn judge(&self, values: &mut Values, each: &mut dyn FnMut(&Problem)) {
        values.judge(&self.packet, self.outline);
        self.outline.problems.iter().chain(&values.problems).for_each(&mut *each);
        self.outer_problems().for_each(|problem| each(&problem));
    }
}
