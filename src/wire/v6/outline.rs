//! Where every option of a message lies, the messages it relays included, and what is wrong with its structure: one linear
//! pass into reusable memory.

use std::ops::Range;

use super::packet::{Options, Packet};
use super::types::MessageType;
use crate::wire::offset::{to_u32, to_usize};
use crate::wire::options::v6 as opt;
use crate::wire::problem::{Code, Problem};

/// So many messages are followed into each other.
pub const MAX_LEVELS: usize = 33;

/// One option as it lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The option's code.
    pub code: u16,
    /// The length that its header says.
    pub declared: u16,
    /// Offset of its code from the start of the outermost message.
    pub offset: u32,
    /// Bytes of the payload that are there; fewer than `declared` when the message ends first.
    pub len: u32,
}

impl Span {
    /// Offset of the payload from the start of the outermost message.
    pub fn data_offset(&self) -> usize {
        to_usize(self.offset).saturating_add(4)
    }

    /// The payload in `packet`, the outermost message that the outline was read from.
    pub fn data<'a>(&self, packet: &Packet<'a>) -> &'a [u8] {
        let start = self.data_offset();
        packet.bytes().get(start..start.saturating_add(to_usize(self.len))).unwrap_or(&[])
    }

    /// True when the payload is shorter than its length says.
    pub fn is_truncated(&self) -> bool {
        u32::from(self.declared) != self.len
    }

    /// Where it lies in the outermost message, code and length included.
    pub fn range(&self) -> Range<usize> {
        let start = to_usize(self.offset);
        start..start.saturating_add(4).saturating_add(to_usize(self.len))
    }
}

/// A message among those that stand in each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// What it is.
    pub kind: MessageType,
    /// Where it begins in the outermost message.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// Its options: first, and one past the last.
    options: (u32, u32),
    /// Where what follows its last option begins; its end when nothing does.
    pub trailer: u32,
}

impl Level {
    /// The message itself; `packet` is the outermost one.
    pub fn packet<'a>(&self, packet: &Packet<'a>) -> Packet<'a> {
        Packet::new(packet.bytes().get(to_usize(self.start)..to_usize(self.end)).unwrap_or(&[]))
    }
}

/// The structure of one message. Make one, [`read`](Self::read) into it again and again: it keeps its memory.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The message, then what it relays, and so on: the last is the client's or server's own, where it is there.
    pub levels: Vec<Level>,
    /// The options of all levels, level by level.
    spans: Vec<Span>,
    /// What is wrong with the structure of the outermost message.
    pub problems: Vec<Problem>,
}

impl Outline {
    /// Reads the structure of `packet`. `promised` is how long the outer headers say the message is; `cut` says that the
    /// capture, not the sender, is the reason when that is more than there is.
    pub fn read(&mut self, packet: &Packet<'_>, promised: usize, cut: bool) {
        self.levels.clear();
        self.spans.clear();
        self.problems.clear();
        let have = packet.bytes().len();
        let missing = promised > have;
        if missing && cut {
            self.problems.push(Problem::at(Code::CaptureCut, have, [have, promised, 0]));
        } else if missing {
            self.problems.push(Problem::at(Code::LengthLies, have, [promised, have, 0]));
        }
        let cut = missing && cut;
        if !packet.has_header() && !cut {
            self.problems.push(Problem::at(Code::HeaderTruncated, 0, [have, packet.header_len(), 0]));
        }
        let mut next = Some(0..have);
        while let Some(range) = next.filter(|_| self.levels.len() < MAX_LEVELS) {
            next = self.read_level(packet, range);
        }
        self.report_damage(cut);
    }

    /// Reads one message; returns where the one is that it relays.
    fn read_level(&mut self, packet: &Packet<'_>, range: Range<usize>) -> Option<Range<usize>> {
        let message = Packet::new(packet.bytes().get(range.clone())?);
        let kind = message.message_type()?;
        let first = to_u32(self.spans.len());
        let area = range.start.saturating_add(message.header_len());
        let mut options = Options::new(message.options());
        let mut inner = None;
        for option in options.by_ref() {
            let offset = area.saturating_add(option.offset);
            let (code, declared) = (option.code, option.declared);
            let start = offset.saturating_add(4);
            if code == opt::RELAY_MSG && inner.is_none() && !option.is_truncated() && kind.is_relay() {
                inner = Some(start..start.saturating_add(option.data.len()));
            }
            self.spans.push(Span { code, declared, offset: to_u32(offset), len: to_u32(option.data.len()) });
        }
        self.levels.push(Level {
            kind,
            start: to_u32(range.start),
            end: to_u32(range.end),
            options: (first, to_u32(self.spans.len())),
            trailer: to_u32(range.end.saturating_sub(options.rest().len())),
        });
        inner
    }

    /// What is wrong with the options of the outermost message; those inside are judged with the values.
    fn report_damage(&mut self, cut: bool) {
        let Some(level) = self.levels.first().copied().filter(|_| !cut) else { return };
        if let Some(span) = self.options(0).last().filter(|span| span.is_truncated()) {
            let args = [span.code.into(), span.declared.into(), to_usize(span.len)];
            let problem = Problem::at(Code::OptionTruncated, to_usize(span.offset), args);
            self.problems.push(problem);
        }
        if level.trailer < level.end {
            self.problems.push(Problem::at(Code::OptionNoLength, to_usize(level.trailer), [0; 3]));
        }
    }

    /// The options of a level, in wire order.
    pub fn options(&self, level: usize) -> &[Span] {
        let Some(level) = self.levels.get(level) else { return &[] };
        self.spans.get(to_usize(level.options.0)..to_usize(level.options.1)).unwrap_or(&[])
    }

    /// The options of all levels.
    pub fn all_options(&self) -> &[Span] {
        &self.spans
    }

    /// The first option of this code in a level.
    pub fn find(&self, level: usize, code: u16) -> Option<&Span> {
        self.options(level).iter().find(|span| span.code == code)
    }

    /// The number of the innermost level.
    pub fn innermost(&self) -> usize {
        self.levels.len().saturating_sub(1)
    }

    /// The type of the innermost message; of a relay message without one inside, its own.
    pub fn kind(&self) -> Option<MessageType> {
        self.levels.last().map(|level| level.kind)
    }

    /// The innermost message; `packet` is the outermost.
    pub fn inner<'a>(&self, packet: &Packet<'a>) -> Packet<'a> {
        self.levels.last().map_or(*packet, |level| level.packet(packet))
    }

    /// True when the message is inside a relay's.
    pub fn is_relayed(&self) -> bool {
        self.levels.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    fn read(bytes: &[u8], promised: usize, cut: bool) -> (Outline, Vec<&'static str>) {
        let mut outline = Outline::default();
        outline.read(&Packet::new(bytes), promised, cut);
        let codes = outline.problems.iter().map(|problem| problem.code.name()).collect();
        (outline, codes)
    }

    #[test]
    fn what_is_relayed_is_found_at_its_place() {
        let mut inner = Message::new(MessageType::SOLICIT, 7);
        inner.set_option(opt::CLIENTID, [0, 3, 0, 1, 2]);
        let addr = "fe80::1".parse().unwrap();
        let once = Message::relay(MessageType::RELAY_FORW, 0, addr, addr, &inner.encode());
        let mut twice = Message::relay(MessageType::RELAY_FORW, 1, addr, addr, &once.encode());
        twice.add_option(opt::INTERFACE_ID, *b"eth0");
        let bytes = twice.encode();
        let packet = Packet::new(&bytes);
        let (outline, codes) = read(&bytes, bytes.len(), false);
        assert_eq!((outline.levels.len(), outline.kind()), (3, Some(MessageType::SOLICIT)));
        assert_eq!(outline.inner(&packet).xid(), Some(7));
        assert_eq!(outline.find(2, opt::CLIENTID).unwrap().data(&packet), [0, 3, 0, 1, 2]);
        assert_eq!(outline.find(0, opt::INTERFACE_ID).unwrap().data(&packet), b"eth0");
        assert_eq!(outline.find(1, opt::INTERFACE_ID), None);
        assert!(codes.is_empty(), "{codes:?}");
    }

    #[test]
    fn damage_of_the_outermost_message_is_told() {
        let bytes = [1, 0, 0, 7, 0, 8, 0, 2, 0, 0];
        assert!(read(&bytes, 10, false).1.is_empty());
        assert_eq!(read(&bytes[..9], 9, false).1, ["option-truncated"]);
        assert_eq!(read(&bytes[..9], 10, true).1, ["capture-cut"]);
        assert_eq!(read(&bytes[..9], 10, false).1, ["length-lies", "option-truncated"]);
        assert_eq!(read(&bytes[..6], 6, false).1, ["option-no-length"]);
        assert_eq!(read(&bytes[..2], 2, false).1, ["header-truncated"]);
        assert_eq!(read(&[], 0, false).1, ["header-truncated"]);
    }

    #[test]
    fn deep_nesting_costs_no_more_than_its_levels() {
        let addr = "fe80::1".parse().unwrap();
        let mut message = Message::new(MessageType::SOLICIT, 7);
        for hop in 0..200 {
            message = Message::relay(MessageType::RELAY_FORW, hop, addr, addr, &message.encode());
        }
        let bytes = message.encode();
        assert_eq!(read(&bytes, bytes.len(), false).0.levels.len(), MAX_LEVELS);
    }
}
