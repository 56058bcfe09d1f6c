//! Where every option of a message lies, and what is wrong with its structure: one linear pass into reusable memory.

use std::ops::Range;

use super::layouts::Layouts;
use super::packet::{Packet, field_text, is_zero};
use super::types::{MessageType, Op, hardware_len};
use super::{COOKIE, FIXED_LEN, code};
use crate::wire::offset::{to_u32, to_usize};
use crate::wire::options::{Context, v4};
use crate::wire::problem::{Code, Detail, Problem};

/// The part of the message an option stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptionArea {
    /// Behind the magic cookie.
    Options,
    /// The overloaded `file` field (RFC 2132 §9.3).
    File,
    /// The overloaded `sname` field.
    Sname,
}

impl OptionArea {
    /// The name used in JSON; `None` for the options field proper.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Options => None,
            Self::File => Some("file"),
            Self::Sname => Some("sname"),
        }
    }
}

/// One option as it lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The option's code.
    pub code: u8,
    /// Where it stands.
    pub field: OptionArea,
    /// True for the first option of this code in the message.
    pub first: bool,
    /// The length byte; `None` when the message ends before it.
    pub declared: Option<u8>,
    /// Offset of the code byte from the start of the message.
    pub offset: u32,
    /// Bytes of the payload that are there; fewer than `declared` when the area ends first.
    pub len: u32,
    /// Pad bytes that stand before it.
    pub pads: u32,
    /// Index of the next option of the same code, 0 when this is the last.
    next_same: u32,
}

impl Span {
    /// The option's payload in `packet`, the one the outline was read from.
    pub fn data<'a>(&self, packet: &Packet<'a>) -> &'a [u8] {
        packet.bytes().get(self.payload()).unwrap_or(&[])
    }

    /// True when the payload is shorter than its length byte says, or the length byte is missing.
    pub fn is_truncated(&self) -> bool {
        self.declared.is_none_or(|declared| u32::from(declared) != self.len)
    }

    /// True when it stands in the options field, right behind the one before, and is whole.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.field == OptionArea::Options && self.pads == 0 && !self.is_truncated()
    }

    /// Where it lies in the message, code and length included.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        let start = to_usize(self.offset);
        let head = 1_usize.saturating_add(self.declared.is_some().into());
        start..start.saturating_add(head).saturating_add(to_usize(self.len))
    }

    /// Where its payload lies in the message.
    pub fn payload(&self) -> Range<usize> {
        let start = self.data_offset();
        start..start.saturating_add(to_usize(self.len))
    }

    /// Offset of the payload from the start of the message.
    pub fn data_offset(&self) -> usize {
        to_usize(self.offset).saturating_add(2)
    }
}

/// The structure of one message. Make one, [`read`](Self::read) into it again and again: it keeps its memory.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Every option in the order of interpretation: options field, then `file`, then `sname` (RFC 2131 §4.1).
    pub options: Vec<Span>,
    /// What is wrong with the structure.
    pub problems: Vec<Problem>,
    /// Pad bytes of the options field that stand behind its last option.
    pub end_pads: u32,
    /// The options field has an End.
    pub has_end: bool,
    /// Offset of what follows End (or of what follows a missing cookie); the message's length when nothing does.
    pub trailer: u32,
    /// Option 52, when it has one of its three values.
    pub overload: u8,
    /// The message type.
    pub message_type: Option<MessageType>,
    /// What the vendor class begins with that the client gave in the exchange the message belongs to, where somebody who has
    /// seen it says so: it decides how option 43 of an answer reads that names no class itself (RFC 2132 §8.4).
    pub exchange_class: Option<&'static [u8]>,
    /// True while every option is whole, stands in the options field right behind the one before, and has a code of its own.
    plain: bool,
    /// Codes (by bit) that there are, and those that there are several of.
    present: [u64; 4],
    repeated: [u64; 4],
    /// For each code that there is the index of its first option; what stands beside other codes is of messages before.
    places: Box<[u32; 256]>,
    /// For each code that there are several of the index of the last one; none before there was such a code.
    latest: Vec<u32>,
    /// How the options of messages before lay.
    layouts: Layouts,
}

impl Default for Outline {
    fn default() -> Self {
        Self {
            options: Vec::with_capacity(32),
            problems: Vec::new(),
            end_pads: 0,
            has_end: false,
            trailer: 0,
            overload: 0,
            message_type: None,
            exchange_class: None,
            plain: true,
            present: [0; 4],
            repeated: [0; 4],
            places: Box::new([0; 256]),
            latest: Vec::new(),
            layouts: Layouts::default(),
        }
    }
}

impl Outline {
    /// Reads the structure of `packet`. `promised` is how long the outer headers say the message is; `cut` says that the
    /// capture, not the sender, is the reason when that is more than there is.
    pub fn read(&mut self, packet: &Packet<'_>, promised: usize, cut: bool) {
        self.options.clear();
        self.problems.clear();
        (self.end_pads, self.has_end, self.overload, self.message_type) = (0, false, 0, None);
        self.exchange_class = None;
        (self.plain, self.present, self.repeated) = (true, [0; 4], [0; 4]);
        let have = packet.bytes().len();
        self.trailer = to_u32(have);

        let missing = promised > have;
        if missing && cut {
            self.report(Code::CaptureCut, have, [have, promised, 0]);
        } else if missing {
            self.report(Code::LengthLies, have, [promised, have, 0]);
        }
        let cut = missing && cut;
        self.read_header(packet, cut);
        if have >= FIXED_LEN && self.read_cookie(packet, cut) {
            if !self.recall(packet) {
                self.read_area(packet, OptionArea::Options, 240, have, cut);
                self.keep(packet);
            }
            self.read_overload(packet, cut);
            self.judge_type(packet);
        }
    }

    /// The type was in the part that is not there: it is unknown, which is not to say that it is BOOTP.
    pub fn type_is_cut_off(&self) -> bool {
        let cut = |problem: &Problem| matches!(problem.code, Code::CaptureCut | Code::LengthLies);
        self.message_type.is_none() && !self.has_end && self.problems.first().is_some_and(cut)
    }

    /// The first option of this code.
    #[inline]
    pub fn find(&self, wanted: u8) -> Option<&Span> {
        self.options.get(self.place(wanted)?)
    }

    /// True when there is an option of this code.
    #[inline]
    pub fn has(&self, wanted: u8) -> bool {
        bit(&self.present, wanted)
    }

    /// The codes that there are, by bit.
    #[inline]
    pub fn codes(&self) -> [u64; 4] {
        self.present
    }

    /// True when every option is whole, stands in the options field right behind the one before, and has a code of its own.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// The index of the first option of this code.
    #[inline]
    pub fn place(&self, wanted: u8) -> Option<usize> {
        if !self.has(wanted) {
            return None;
        }
        self.places.get(usize::from(wanted)).map(|place| to_usize(*place))
    }

    /// True when more than one option has this code.
    #[inline]
    pub fn is_repeated(&self, wanted: u8) -> bool {
        bit(&self.repeated, wanted)
    }

    /// `span` and every later option of its code, in order of interpretation (RFC 3396 §5).
    pub fn same_code<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = &'a Span> {
        std::iter::successors(Some(span), |span| match span.next_same {
            0 => None,
            next => self.options.get(to_usize(next)),
        })
    }

    /// The payload of an option, pieces joined (RFC 3396 §7). `scratch` is used only when there are several.
    pub fn joined<'a>(&self, packet: &Packet<'a>, span: &Span, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        if span.next_same == 0 {
            return span.data(packet);
        }
        scratch.clear();
        for piece in self.same_code(span) {
            scratch.extend_from_slice(piece.data(packet));
        }
        scratch
    }

    /// What the values of options are interpreted by.
    pub fn context<'a>(&self, packet: &Packet<'a>) -> Context<'a> {
        Context {
            vendor_class: self
                .find(v4::VENDOR_CLASS_IDENTIFIER)
                .map(|span| span.data(packet))
                .or(self.exchange_class),
            ..Context::default()
        }
    }

    fn read_header(&mut self, packet: &Packet<'_>, cut: bool) {
        // A message about an Ethernet client, with nothing to say about its header.
        if let Some(&[1 | 2, 1, 6, _, _, _, _, _, _, _, 0 | 0x80, 0, ..]) =
            packet.bytes().first_chunk::<FIXED_LEN>()
            && is_zero(packet.chaddr_field().get(6..).unwrap_or(&[]))
        {
            return;
        }
        let have = packet.bytes().len();
        if have < FIXED_LEN && !cut {
            self.report(Code::HeaderTruncated, have, [have, FIXED_LEN, 0]);
        }
        if let Some(Op(op)) = packet.op()
            && !matches!(op, 1 | 2)
        {
            self.report(Code::OpUnknown, 0, [op.into(), 0, 0]);
        }
        if let (Some(htype), Some(hlen)) = (packet.htype(), packet.hlen()) {
            if hlen > 16 {
                self.report(Code::HlenTooLarge, 2, [hlen.into(), 0, 0]);
            } else if let Some(want) = hardware_len(htype).filter(|want| *want != hlen) {
                let problem = Problem::at(Code::HlenUnusual, 2, [hlen.into(), htype.into(), want.into()]);
                let specified = match htype {
                    24 => "RFC 2855 2",
                    32 => "RFC 4390 2",
                    _ => "",
                };
                self.problems.push(problem.of_value(Detail::Plain, specified));
            }
            let behind = packet.chaddr_field().get(usize::from(hlen)..).unwrap_or(&[]);
            if !is_zero(behind)
                && let Some(index) = behind.iter().position(|byte| *byte != 0)
            {
                let offset = 28_usize.saturating_add(hlen.into()).saturating_add(index);
                self.report(Code::ChaddrPadding, offset, [hlen.into(), 0, 0]);
            }
        }
        if let Some(flags) = packet.flags().filter(|flags| flags & 0x7fff != 0) {
            self.report(Code::FlagsReserved, 10, [flags.into(), 0, 0]);
        }
    }

    fn read_cookie(&mut self, packet: &Packet<'_>, cut: bool) -> bool {
        match packet.cookie() {
            Some(COOKIE) => return true,
            Some(other) => {
                let found = usize::try_from(u32::from_be_bytes(other)).unwrap_or(usize::MAX);
                self.report(Code::CookieMissing, FIXED_LEN, [found, 0, 0]);
                self.trailer = to_u32(FIXED_LEN);
            }
            None => {
                let have = packet.bytes().len().saturating_sub(FIXED_LEN);
                if !cut {
                    self.report(Code::CookieTruncated, FIXED_LEN, [have, 0, 0]);
                }
                self.trailer = to_u32(FIXED_LEN);
            }
        }
        false
    }

    /// Takes the options as they lay in a message before, where those of this one lie so.
    #[inline]
    fn recall(&mut self, packet: &Packet<'_>) -> bool {
        let Some(layout) = self.layouts.of(packet.bytes()) else { return false };
        self.options.extend_from_slice(&layout.options);
        for (index, span) in (0..).zip(&layout.options) {
            if let Some(place) = self.places.get_mut(usize::from(span.code)) {
                *place = index;
            }
        }
        self.present = layout.present;
        (self.has_end, self.trailer) = (true, to_u32(layout.end.saturating_add(1)));
        true
    }

    /// Keeps how the options lay for messages to come, if that is all there is to say of them. What an overload adds is none of it: it is
    /// not read yet.
    fn keep(&mut self, packet: &Packet<'_>) {
        let end = to_usize(self.trailer).saturating_sub(1);
        let usual = self.plain && self.has_end && self.end_pads == 0;
        if usual && is_zero(packet.bytes().get(to_usize(self.trailer)..).unwrap_or_default()) {
            self.layouts.keep(packet.bytes(), &self.options, self.present, end);
        }
    }

    fn read_area(&mut self, packet: &Packet<'_>, field: OptionArea, start: usize, end: usize, cut: bool) {
        let area = packet.bytes().get(start..end).unwrap_or(&[]);
        let mut rest = area;
        let mut pads = 0_u32;
        let mut ended = None;
        let mut truncated = false;
        loop {
            let at = area.len().saturating_sub(rest.len());
            let offset = to_u32(start.saturating_add(at));
            match rest {
                [] => break,
                [code::PAD, tail @ ..] => {
                    (rest, pads, self.plain) = (tail, pads.saturating_add(1), false);
                }
                [code::END, ..] => {
                    ended = Some(at.saturating_add(1));
                    break;
                }
                [_, length, tail @ ..] if usize::from(*length) <= tail.len() => {
                    rest = self.read_whole(rest, field, offset, pads);
                    pads = 0;
                }
                [code, tail @ ..] => {
                    let declared = tail.first().copied();
                    let len = to_u32(tail.len().saturating_sub(1));
                    let (code, first, next_same) = (*code, true, 0);
                    self.push(Span { code, field, first, declared, offset, len, pads, next_same });
                    self.plain = false;
                    self.report_truncated(cut);
                    (rest, pads, truncated) = (&[], 0, true);
                }
            }
        }
        if ended.is_none() && !cut && !truncated {
            self.report(Code::EndMissing, end, [0; 3]);
        }
        let trailer = ended.unwrap_or(area.len());
        let behind = area.get(trailer..).unwrap_or(&[]);
        if !is_zero(behind)
            && let Some(first) = behind.iter().position(|byte| *byte != 0)
        {
            let offset = start.saturating_add(trailer).saturating_add(first);
            self.report(Code::BytesAfterEnd, offset, [behind.len(), 0, 0]);
        }
        if field == OptionArea::Options {
            (self.end_pads, self.has_end) = (pads, ended.is_some());
            self.trailer = to_u32(start.saturating_add(trailer));
        }
    }

    #[cold]
    fn report(&mut self, code: Code, offset: usize, values: [usize; 3]) {
        self.problems.push(Problem::at(code, offset, values));
    }

    /// Reports that the option pushed last is not whole.
    #[cold]
    fn report_truncated(&mut self, cut: bool) {
        let Some(span) = self.options.last().filter(|_| !cut) else { return };
        let (offset, option) = (to_usize(span.offset), usize::from(span.code));
        self.problems.push(match span.declared {
            None => Problem::at(Code::OptionNoLength, offset, [option, 0, 0]),
            Some(wanted) => {
                Problem::at(Code::OptionTruncated, offset, [option, wanted.into(), to_usize(span.len)])
            }
        });
    }

    /// Takes options that are whole and follow each other directly, the first of them behind so many pads; returns what
    /// stands behind them. The loop that all messages spend their time in.
    fn read_whole<'a>(
        &mut self,
        mut rest: &'a [u8],
        field: OptionArea,
        mut offset: u32,
        mut pads: u32,
    ) -> &'a [u8] {
        while let [code @ 1..=254, length, tail @ ..] = rest {
            let Some(next) = tail.get(usize::from(*length)..) else { break };
            let len = u32::from(*length);
            let (code, first, declared, next_same) = (*code, true, Some(*length), 0);
            self.push(Span { code, field, first, declared, offset, len, pads, next_same });
            (rest, pads) = (next, 0);
            offset = offset.wrapping_add(2).wrapping_add(len);
        }
        rest
    }

    #[inline]
    fn push(&mut self, span: Span) {
        let (code, index) = (span.code, self.options.len());
        self.options.push(span);
        if bit(&self.present, code) {
            return self.link(code, index);
        }
        set(&mut self.present, code);
        if let Some(place) = self.places.get_mut(usize::from(code)) {
            *place = to_u32(index);
        }
    }

    /// Notes that the option at `index` is not the first of its code.
    #[cold]
    fn link(&mut self, code: u8, index: usize) {
        let at = usize::from(code);
        self.latest.resize(256, 0);
        let known = if self.is_repeated(code) { self.latest.get(at) } else { self.places.get(at) };
        let before = known.map_or(0, |place| to_usize(*place));
        if let Some(before) = self.options.get_mut(before) {
            before.next_same = to_u32(index);
        }
        if let Some(span) = self.options.get_mut(index) {
            span.first = false;
        }
        if let Some(latest) = self.latest.get_mut(at) {
            *latest = to_u32(index);
        }
        set(&mut self.repeated, code);
        self.plain = false;
    }

    fn read_overload(&mut self, packet: &Packet<'_>, cut: bool) {
        let first = self.find(code::OVERLOAD).copied().filter(|span| !span.is_truncated());
        if let Some(span) = first {
            match *span.data(packet) {
                [value @ 1..=3] => {
                    (self.overload, self.plain) = (value, false);
                    self.report(Code::Overloaded, to_usize(span.offset), [value.into(), 0, 0]);
                    let before = self.options.len();
                    if value & 1 != 0 {
                        self.read_area(
                            packet,
                            OptionArea::File,
                            108,
                            FIXED_LEN,
                            cut && packet.bytes().len() < FIXED_LEN,
                        );
                    }
                    if value & 2 != 0 {
                        self.read_area(packet, OptionArea::Sname, 44, 108, false);
                    }
                    let nested = self.options.iter().skip(before).find(|span| span.code == code::OVERLOAD);
                    if let Some(nested) = nested.copied() {
                        self.report(Code::OverloadNested, to_usize(nested.offset), [0; 3]);
                    }
                }
                [value] => {
                    self.report(Code::OverloadInvalid, to_usize(span.offset), [value.into(), 0, 0]);
                }
                _ => {}
            }
        }
        for (bit, which, offset, field) in
            [(2, 0, 44, packet.sname_field()), (1, 1, 108, packet.file_field())]
        {
            let starts = field.first().is_some_and(|byte| *byte != 0);
            if self.overload & bit == 0 && starts && field_text(field).len() == field.len() {
                self.report(Code::TextUnterminated, offset, [which, 0, 0]);
            }
        }
    }

    fn judge_type(&mut self, packet: &Packet<'_>) {
        let Some(span) = self.find(code::MESSAGE_TYPE).copied().filter(|span| !span.is_truncated()) else {
            return;
        };
        let &[value] = span.data(packet) else { return };
        let kind = MessageType(value);
        self.message_type = Some(kind);
        let offset = to_usize(span.offset);
        if kind.name().is_none() {
            self.report(Code::MessageTypeUnknown, offset, [value.into(), 0, 0]);
        }
        if let (Some(want), Some(op @ (Op::REQUEST | Op::REPLY))) = (kind.op(), packet.op())
            && want != op
        {
            self.report(Code::OpContradicts, offset, [op.0.into(), value.into(), 0]);
        }
    }
}

#[inline]
fn bit(set: &[u64; 4], code: u8) -> bool {
    set.get(usize::from(code >> 6)).is_some_and(|word| word & (1 << (code & 63)) != 0)
}

#[inline]
fn set(set: &mut [u64; 4], code: u8) {
    if let Some(word) = set.get_mut(usize::from(code >> 6)) {
        *word |= 1 << (code & 63);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; FIXED_LEN];
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes.extend(COOKIE);
        bytes.extend(options);
        bytes
    }

    fn read(bytes: &[u8]) -> Outline {
        let mut outline = Outline::default();
        outline.read(&Packet::new(bytes), bytes.len(), false);
        outline
    }

    fn codes(outline: &Outline) -> Vec<u8> {
        outline.options.iter().map(|span| span.code).collect()
    }

    fn problems(outline: &Outline) -> Vec<(&'static str, Option<u32>)> {
        outline.problems.iter().map(|problem| (problem.code.name(), problem.offset)).collect()
    }

    #[test]
    fn lists_options_pads_end_and_trailer() {
        let bytes = message(&[0, 0, 53, 1, 1, 12, 2, b'h', b'i', 0, 255, 0, 0]);
        let outline = read(&bytes);
        assert_eq!(codes(&outline), [53, 12]);
        assert_eq!((outline.options[0].pads, outline.options[1].pads, outline.end_pads), (2, 0, 1));
        assert!(outline.has_end);
        assert_eq!(outline.trailer, 251);
        assert_eq!(outline.message_type, Some(MessageType::DISCOVER));
        assert_eq!(outline.options[1].data(&Packet::new(&bytes)), b"hi");
        assert_eq!(problems(&outline), []);
    }

    #[test]
    fn truncated_options_are_kept_with_what_is_there() {
        let outline = read(&message(&[53, 1, 1, 3, 8, 10, 0]));
        assert_eq!(codes(&outline), [53, 3]);
        assert_eq!((outline.options[1].len, outline.options[1].is_truncated()), (2, true));
        assert_eq!(problems(&outline), [("option-truncated", Some(243))]);
        let outline = read(&message(&[53, 1, 1, 3]));
        assert_eq!(outline.options[1].declared, None);
        assert_eq!(problems(&outline), [("option-no-length", Some(243))]);
    }

    #[test]
    fn a_cut_capture_is_not_the_senders_fault() {
        let bytes = message(&[53, 1, 1, 3, 8, 10, 0]);
        let mut outline = Outline::default();
        outline.read(&Packet::new(&bytes), bytes.len() + 7, true);
        assert_eq!(problems(&outline), [("capture-cut", Some(247))]);
        assert!(!outline.type_is_cut_off());
        outline.read(&Packet::new(&bytes[..100]), bytes.len(), true);
        assert_eq!(problems(&outline), [("capture-cut", Some(100))]);
        assert!(outline.type_is_cut_off() && !read(&[1; 236]).type_is_cut_off());
        outline.read(&Packet::new(&bytes[..100]), 100, true);
        assert_eq!(problems(&outline), [("header-truncated", Some(100))]);
    }

    #[test]
    fn overloaded_fields_are_read_file_first() {
        let mut bytes = message(&[53, 1, 2, 52, 1, 3, 255]);
        bytes[0] = 2;
        bytes[44..49].copy_from_slice(&[12, 1, b's', 255, 0]);
        bytes[108..112].copy_from_slice(&[12, 1, b'f', 255]);
        let outline = read(&bytes);
        assert_eq!(codes(&outline), [53, 52, 12, 12]);
        assert_eq!(outline.options[2].field, OptionArea::File);
        assert_eq!(outline.options[3].field, OptionArea::Sname);
        let packet = Packet::new(&bytes);
        let mut scratch = Vec::new();
        assert_eq!(outline.joined(&packet, outline.find(12).unwrap(), &mut scratch), b"fs");
        assert!(outline.is_repeated(12) && !outline.is_repeated(53));
        assert_eq!(problems(&outline), [("option-overload", Some(243))]);
    }

    #[test]
    fn the_oddities_each_have_their_problem() {
        let mut bytes = message(&[53, 1, 2, 255, 7]);
        bytes[2] = 17;
        bytes[10] = 1;
        let names: Vec<_> = read(&bytes).problems.iter().map(|problem| problem.code.name()).collect();
        assert_eq!(names, ["hlen-too-large", "flags-reserved", "bytes-after-end", "op-contradicts-type"]);
        let mut bytes = message(&[53, 1, 1, 255]);
        bytes[236] = 0;
        assert_eq!(problems(&read(&bytes)), [("cookie-missing", Some(236))]);
        assert_eq!(problems(&read(&bytes[..238])), [("cookie-truncated", Some(236))]);
        let outline = read(&message(&[53, 1, 1]));
        assert_eq!(problems(&outline), [("end-missing", Some(243))]);
        let outline = read(&message(&[53, 1, 99, 52, 1, 9, 255]));
        assert_eq!(
            problems(&outline),
            [("overload-invalid", Some(243)), ("message-type-unknown", Some(240))]
        );
    }

    #[test]
    fn what_is_plain_has_no_pads_no_pieces_and_no_repeats() {
        let plain = read(&message(&[53, 1, 1, 12, 1, b'h', 255, 0, 0]));
        assert!(plain.is_plain() && plain.has(12) && !plain.has(13));
        assert_eq!((plain.place(53), plain.place(12), plain.place(0)), (Some(0), Some(1), None));
        for options in [
            &[53, 1, 1, 0, 12, 1, b'h', 255][..],
            &[53, 1, 1, 12, 2, b'h'],
            &[53, 1, 1, 12, 1, b'h', 12, 1, b'i', 255],
            &[53, 1, 1, 52, 1, 1, 255],
        ] {
            assert!(!read(&message(options)).is_plain(), "{options:?}");
        }
        // What a message before had is forgotten.
        let mut outline = read(&message(&[53, 1, 1, 12, 1, b'h', 12, 1, b'i', 255]));
        assert_eq!((outline.place(12), outline.is_repeated(12)), (Some(1), true));
        let bytes = message(&[12, 1, b'h', 255]);
        outline.read(&Packet::new(&bytes), bytes.len(), false);
        assert_eq!((outline.place(12), outline.has(53)), (Some(0), false));
        assert!(outline.is_plain() && !outline.is_repeated(12));
    }

    #[test]
    fn many_repeats_stay_linear() {
        let bytes = message(&[12, 0].repeat(30_000));
        let outline = read(&bytes);
        assert_eq!(outline.options.len(), 30_000);
        assert_eq!(outline.same_code(&outline.options[0]).count(), 30_000);
    }
}
