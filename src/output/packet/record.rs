//! What the views of a packet have in common: the record they show, and how the value of an option is found.

use std::net::Ipv4Addr;

use crate::time::{Precision, Timestamp};
use crate::wire::frame::{Checksum, Datagram};
use crate::wire::options::text::{is_printable, without_trailing_zeros};
use crate::wire::options::{self, Context, Fault, Kind, Nowhere, OptionDef, Sink, ValueError, v4};
use crate::wire::problem::{Code, Problem};
use crate::wire::v4::{Outline, Packet, Span};

/// One DHCP packet and everything around it, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct PacketRecord<'a> {
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
    /// The layers around the message.
    pub datagram: &'a Datagram<'a>,
    /// The message.
    pub packet: Packet<'a>,
    /// Its structure, read from `packet`.
    pub outline: &'a Outline,
}

impl<'a> PacketRecord<'a> {
    /// What the values of options are interpreted by.
    pub fn context(&self) -> Context<'a> {
        let vendor_class = self.outline.find(v4::VENDOR_CLASS_IDENTIFIER).map(|span| span.data(&self.packet));
        Context { vendor_class }
    }

    /// Problems of the layers around the message.
    pub fn outer_problems(&self) -> impl Iterator<Item = Problem> + use<> {
        let datagram = self.datagram;
        let (found, want) = datagram.checksum_values;
        let checksum = (datagram.checksum == Checksum::Bad)
            .then(|| Problem::outer(Code::ChecksumBad, [found.into(), want.into(), 0]));
        let overlap = datagram.overlapped.then(|| Problem::outer(Code::FragmentOverlap, [0; 3]));
        checksum.into_iter().chain(overlap)
    }
}

/// How one option of a message is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its value was given to the sink.
    Value,
    /// It has no value that could be given: unknown, undecodable or cut. The sink got nothing.
    Nothing,
    /// It continues an earlier option of the same code, whose value is that of the whole (RFC 3396). The sink got nothing.
    Continues,
}

/// Finds the values of a message's options one after the other. Keeps its memory from packet to packet.
#[derive(Clone, Debug, Default)]
pub struct Values {
    joined: Vec<u8>,
    /// Codes (by bit) whose instances turned out not to be pieces of one value.
    separate: [u64; 4],
    /// What was wrong with values so far.
    pub problems: Vec<Problem>,
}

impl Values {
    /// Starts with a new message.
    pub fn begin(&mut self) {
        self.problems.clear();
        self.separate = [0; 4];
    }

    /// Calls `each` with every problem of the message, its values and what is around it.
    pub fn judge(&mut self, record: &PacketRecord<'_>, each: &mut dyn FnMut(&Problem)) {
        self.begin();
        let cx = record.context();
        for span in &record.outline.options {
            self.show(record, &cx, span, &mut Nowhere);
        }
        record.outline.problems.iter().chain(&self.problems).for_each(&mut *each);
        record.outer_problems().for_each(|problem| each(&problem));
    }

    /// Gives the value of `span` to `sink`. Spans must come in the outline's order. When this returns anything but
    /// [`Shown::Value`] the sink may hold the beginning of a value: the caller goes back to where it stood.
    #[inline]
    pub fn show<S: Sink>(
        &mut self,
        record: &PacketRecord<'_>,
        cx: &Context<'_>,
        span: &Span,
        sink: &mut S,
    ) -> Shown {
        let def = v4::SPACE.by_code(u16::from(span.code));
        if record.outline.is_repeated(span.code) {
            return self.show_repeated(record, cx, span, def, sink);
        }
        self.show_one(record, cx, span, def, sink)
    }

    #[inline]
    fn show_one<S: Sink>(
        &mut self,
        record: &PacketRecord<'_>,
        cx: &Context<'_>,
        span: &Span,
        def: Option<&'static OptionDef>,
        sink: &mut S,
    ) -> Shown {
        // Part of a value would look like a value; that it is cut was reported with the structure.
        let Some(def) = def.filter(|_| !span.is_truncated()) else { return Shown::Nothing };
        let data = span.data(&record.packet);
        match options::decode(&def.kind, data, cx, sink) {
            Ok(()) => {
                if let [b'0'..=b'9', _, _, _, _, ..] = data {
                    self.suspect(span, def, data);
                }
                Shown::Value
            }
            Err(error) => {
                self.report(span, data, &error);
                Shown::Nothing
            }
        }
    }

    fn show_repeated<S: Sink>(
        &mut self,
        record: &PacketRecord<'_>,
        cx: &Context<'_>,
        span: &Span,
        def: Option<&'static OptionDef>,
        sink: &mut S,
    ) -> Shown {
        let (word, bit) = (usize::from(span.code >> 6), 1_u64 << (span.code & 63));
        if !span.first {
            let separate = self.separate.get(word).is_some_and(|word| word & bit != 0);
            return if separate { self.show_one(record, cx, span, def, sink) } else { Shown::Continues };
        }
        let Some(def) = def else { return Shown::Nothing };
        self.joined.clear();
        for piece in record.outline.same_code(span) {
            self.joined.extend_from_slice(piece.data(&record.packet));
        }
        if options::check(&def.kind, &self.joined, cx).is_ok()
            && options::decode(&def.kind, &self.joined, cx, sink).is_ok()
        {
            return Shown::Value;
        }
        if let Some(word) = self.separate.get_mut(word) {
            *word |= bit;
        }
        let times = record.outline.same_code(span).count();
        let offset = usize::try_from(span.offset).unwrap_or(usize::MAX);
        self.problems.push(Problem::at(Code::OptionRepeated, offset, [span.code.into(), times, 0]));
        self.show_one(record, cx, span, Some(def), sink)
    }

    #[cold]
    fn report(&mut self, span: &Span, data: &[u8], error: &ValueError) {
        let length = usize::try_from(span.len).unwrap_or(usize::MAX);
        let offset = span.data_offset().saturating_add(error.offset);
        let code = match error.fault {
            Fault::Length => Code::ValueLength,
            Fault::Content => Code::ValueInvalid,
        };
        let args = [span.code.into(), length, usize::from(as_text(data).is_some())];
        self.problems.push(Problem::at(code, offset, args).expecting(error.what));
    }

    /// Notes addresses that are the digits of another one.
    #[cold]
    fn suspect(&mut self, span: &Span, def: &OptionDef, data: &[u8]) {
        let is_address = |text: &str| text.split([',', ' ']).all(|part| part.parse::<Ipv4Addr>().is_ok());
        if matches!(def.kind, Kind::List(Kind::Ip4)) && as_text(data).is_some_and(is_address) {
            self.problems.push(Problem::at(
                Code::AddressText,
                span.data_offset(),
                [span.code.into(), data.len(), 0],
            ));
        }
    }
}

/// The text that `data` seems to be, whatever it should be: all of it printable but for zeros at the end, and long enough not
/// to be so by chance.
pub fn as_text(data: &[u8]) -> Option<&str> {
    let text = without_trailing_zeros(data);
    let printable = text.len() > 3 && is_printable(text);
    std::str::from_utf8(text).ok().filter(|_| printable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v4::{Message, MessageType};

    /// The problems of a message with option 150, and whether it has a value.
    fn of_150(data: &[u8]) -> (Vec<String>, bool) {
        let mut message = Message::reply(MessageType::OFFER, &Message::new(crate::wire::v4::Op::REQUEST));
        message.set_option(150, data);
        let bytes = message.encode_padded();
        let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
        outline.read(&packet, bytes.len(), false);
        let record = PacketRecord {
            number: 1,
            time: None,
            precision: Precision::Micro,
            interface: None,
            captured_length: bytes.len(),
            original_length: 0,
            datagram: &Datagram::bare(&bytes),
            packet,
            outline: &outline,
        };
        let (mut values, mut text) = (Values::default(), Vec::new());
        values.begin();
        let span = outline.find(150).unwrap();
        let mut sink = options::TextSink::new(&mut text);
        let shown = values.show(&record, &record.context(), span, &mut sink);
        (values.problems.iter().map(ToString::to_string).collect(), shown == Shown::Value)
    }

    #[test]
    fn text_in_the_place_of_addresses_is_told() {
        assert_eq!(of_150(&[10, 0, 0, 1]), (vec![], true));
        // Addresses whose bytes happen to be digits.
        assert_eq!(of_150(&[55, 52, 46, 50, 49, 51, 46, 49]), (vec![], true));
        let (problems, shown) = of_150(b"74.213.137.138\0");
        assert!(problems[0].contains("length of 15: it is text (expected an IPv4 address)"), "{problems:?}");
        assert!(!shown);
        for text in [&b"10.0.0.1"[..], b"10.10.10.1\0\0", b"10.0.0.1,10.0.0.2\0\0\0"] {
            let (problems, shown) = of_150(text);
            assert!(problems[0].contains("150 holds an address as text"), "{problems:?}");
            assert!(shown);
        }
        let (problems, _) = of_150(&[1, 2, 3]);
        assert!(problems[0].ends_with("a length of 3 (expected an IPv4 address)"), "{problems:?}");
    }
}
