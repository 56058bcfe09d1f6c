//! The values of a message's options, one after the other: split options joined, and what is wrong with each value.

use std::net::Ipv4Addr;

use super::outline::{Outline, Span};
use super::packet::Packet;
use crate::wire::options::text::as_text;
use crate::wire::options::{self, Context, Kind, OptionDef, Sink, ValueError, ValueFault, nowhere, v4};
use crate::wire::problem::{Code, Detail, Problem};

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

/// Values of late in which nothing was wrong, one of each code: what a server gives to one client it gives to the next, and to see
/// that takes less than to judge it again.
#[derive(Clone, Debug, Default)]
struct Fine {
    /// By code: one more than its length, then the value. None before there is something to remember.
    all: Vec<[u8; Self::ROOM]>,
}

impl Fine {
    const ROOM: usize = 64;

    #[inline]
    fn has(&self, code: u8, value: &[u8]) -> bool {
        let Some([length, kept @ ..]) = self.all.get(usize::from(code)) else { return false };
        usize::from(*length) == value.len().saturating_add(1) && kept.get(..value.len()) == Some(value)
    }

    fn keep(&mut self, code: u8, value: &[u8]) {
        if self.all.is_empty() {
            self.all.resize(1 + usize::from(u8::MAX), [0; Self::ROOM]);
        }
        if let Some([length, kept @ ..]) = self.all.get_mut(usize::from(code))
            && let Some(kept) = kept.get_mut(..value.len())
        {
            kept.copy_from_slice(value);
            *length = u8::try_from(value.len().saturating_add(1)).unwrap_or(0);
        }
    }
}

/// Finds the values of a message's options one after the other. Keeps its memory from packet to packet.
#[derive(Clone, Debug, Default)]
pub struct Values {
    joined: Vec<u8>,
    fine: Fine,
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

    /// Gives the value of `span` to `sink`. Spans must come in the outline's order. When this returns anything but
    /// [`Shown::Value`] the sink may hold the beginning of a value: the caller goes back to where it stood.
    #[inline]
    pub fn show<S: Sink>(
        &mut self,
        (packet, outline): (&Packet<'_>, &Outline),
        cx: &Context<'_>,
        span: &Span,
        sink: &mut S,
    ) -> Shown {
        let def = v4::SPACE.by_code(u16::from(span.code));
        if outline.is_repeated(span.code) {
            return self.show_repeated((packet, outline), cx, span, def, sink);
        }
        self.show_one(packet, cx, span, def, sink)
    }

    /// Judges every value of a message and keeps none.
    pub fn judge(&mut self, packet: &Packet<'_>, outline: &Outline) {
        self.begin();
        let cx = outline.context(packet);
        for span in &outline.options {
            let (data, single) = (span.data(packet), !outline.is_repeated(span.code));
            if single && self.fine.has(span.code, data) {
                continue;
            }
            let before = self.problems.len();
            let shown = self.show((packet, outline), &cx, span, &mut nowhere());
            if single && shown == Shown::Value && self.problems.len() == before {
                let def = v4::SPACE.by_code(u16::from(span.code));
                if def.is_some_and(|def| !def.kind.needs_context()) {
                    self.fine.keep(span.code, data);
                }
            }
        }
    }

    #[inline]
    fn show_one<S: Sink>(
        &mut self,
        packet: &Packet<'_>,
        cx: &Context<'_>,
        span: &Span,
        def: Option<&'static OptionDef>,
        sink: &mut S,
    ) -> Shown {
        // Part of a value would look like a value; that it is cut was reported with the structure.
        let Some(def) = def.filter(|_| !span.is_truncated()) else { return Shown::Nothing };
        let data = span.data(packet);
        match options::decode(&def.kind, data, cx, sink) {
            Ok(()) => {
                if let (Kind::List(Kind::Ip4), [b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', ..]) =
                    (&def.kind, data)
                {
                    self.suspect(span, def, data);
                }
                Shown::Value
            }
            Err(error) => {
                self.report(span, def, data, &error);
                Shown::Nothing
            }
        }
    }

    fn show_repeated<S: Sink>(
        &mut self,
        (packet, outline): (&Packet<'_>, &Outline),
        cx: &Context<'_>,
        span: &Span,
        def: Option<&'static OptionDef>,
        sink: &mut S,
    ) -> Shown {
        let (word, bit) = (usize::from(span.code >> 6), 1_u64 << (span.code & 63));
        if !span.first {
            let separate = self.separate.get(word).is_some_and(|word| word & bit != 0);
            return if separate { self.show_one(packet, cx, span, def, sink) } else { Shown::Continues };
        }
        let Some(def) = def else { return Shown::Nothing };
        self.joined.clear();
        for piece in outline.same_code(span) {
            self.joined.extend_from_slice(piece.data(packet));
        }
        if options::check(&def.kind, &self.joined, cx).is_ok()
            && options::decode(&def.kind, &self.joined, cx, sink).is_ok()
        {
            self.doubt(outline, span, def);
            return Shown::Value;
        }
        if let Some(word) = self.separate.get_mut(word) {
            *word |= bit;
        }
        let times = outline.same_code(span).count();
        let offset = usize::try_from(span.offset).unwrap_or(usize::MAX);
        self.problems.push(Problem::at(Code::OptionRepeated, offset, [span.code.into(), times, 0]));
        self.show_one(packet, cx, span, Some(def), sink)
    }

    #[cold]
    fn report(&mut self, span: &Span, def: &OptionDef, data: &[u8], error: &ValueError) {
        let length = usize::try_from(span.len).unwrap_or(usize::MAX);
        // What is missing is missed where the option ends, and behind its last byte another one begins.
        let last = span.range().end.saturating_sub(1);
        let offset = span.data_offset().saturating_add(error.offset).min(last);
        let code = match error.fault {
            ValueFault::Length => Code::ValueLength,
            ValueFault::Content => Code::ValueInvalid,
        };
        let args = [span.code.into(), length, usize::from(as_text(data).is_some())];
        let problem = Problem::at(code, offset, args).expecting(error.what);
        self.problems.push(problem.of_value(error.detail, def.reference));
    }

    /// Notes values that come more than once and were joined, though none but a list is to come in pieces that are not full
    /// (RFC 2131 §4.1, RFC 3396 §6).
    #[cold]
    fn doubt(&mut self, outline: &Outline, span: &Span, def: &OptionDef) {
        let single = matches!(
            def.kind,
            Kind::Text
                | Kind::Auto
                | Kind::ClientId
                | Kind::Options(_)
                | Kind::Hardware
                | Kind::Opaque
                | Kind::Bytes
        );
        let pieces = || outline.same_code(span);
        // What one piece cannot hold has to be split, and so has what goes on in another field.
        let split = self.joined.len() > 255 || pieces().any(|piece| piece.field != span.field);
        if single && !split {
            let offset = usize::try_from(span.offset).unwrap_or(usize::MAX);
            let args = [span.code.into(), pieces().count(), 1];
            let problem = Problem::at(Code::OptionRepeated, offset, args);
            self.problems.push(problem.of_value(Detail::Plain, "RFC 2131 4.1, RFC 3396 6"));
        }
    }

    /// Notes addresses that are the digits of another one, or a name.
    #[cold]
    fn suspect(&mut self, span: &Span, def: &OptionDef, data: &[u8]) {
        let Some(text) = as_text(data).filter(|text| text.len() > 4) else { return };
        let is_address = text.split([',', ' ']).all(|part| part.parse::<Ipv4Addr>().is_ok());
        // A dot, because there are pairs of addresses whose bytes are letters.
        let is_name = text.split_once('.').is_some_and(|(first, rest)| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            !first.is_empty() && !rest.is_empty() && rest.chars().all(allowed) && first.chars().all(allowed)
        }) && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_address || is_name {
            let args = [span.code.into(), data.len(), usize::from(!is_address)];
            let problem = Problem::at(Code::AddressText, span.data_offset(), args);
            self.problems.push(problem.of_value(Detail::Plain, def.reference));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v4::{Item, Message, MessageType};

    /// The problems of a message with option 150, and whether it has a value.
    fn of_150(data: &[u8]) -> (Vec<String>, bool) {
        let mut message = Message::reply(MessageType::OFFER, &Message::new(crate::wire::v4::Op::REQUEST));
        message.set_option(150, data);
        let bytes = message.encode_padded();
        let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
        outline.read(&packet, bytes.len(), false);
        let (mut values, mut text) = (Values::default(), Vec::new());
        values.begin();
        let span = outline.find(150).unwrap();
        let mut sink = options::TextSink::new(&mut text);
        let shown = values.show((&packet, &outline), &outline.context(&packet), span, &mut sink);
        (values.problems.iter().map(ToString::to_string).collect(), shown == Shown::Value)
    }

    #[test]
    fn what_is_missing_is_missed_inside_its_own_option() {
        for data in [&b""[..], &[1], &[1, 2, 3], &[1, 2, 3, 4, 5]] {
            let mut message = Message::reply(MessageType::OFFER, &Message::new(crate::wire::v4::Op::REQUEST));
            message.set_option(51, data);
            message.set_option(54, &[10, 0, 0, 1]);
            let bytes = message.encode_padded();
            let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
            outline.read(&packet, bytes.len(), false);
            let (mut values, mut text) = (Values::default(), Vec::new());
            values.begin();
            let span = outline.find(51).unwrap();
            let mut sink = options::TextSink::new(&mut text);
            values.show((&packet, &outline), &outline.context(&packet), span, &mut sink);
            let offset = usize::try_from(values.problems[0].offset.unwrap()).unwrap();
            assert!(span.range().contains(&offset), "{data:?}: {offset} is not in {:?}", span.range());
        }
    }

    /// The problems of the same replies, judged one after the other by one and each by one of its own.
    fn in_a_row(replies: &[Vec<(u8, Vec<u8>)>]) -> [Vec<Vec<String>>; 2] {
        let (mut row, mut all) = (Values::default(), [vec![], vec![]]);
        for options in replies {
            let mut message = Message::reply(MessageType::OFFER, &Message::new(crate::wire::v4::Op::REQUEST));
            for (code, data) in options {
                message.add_option(Item::Option { code: *code, data: data.clone() });
            }
            let bytes = message.encode_padded();
            let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
            outline.read(&packet, bytes.len(), false);
            for (values, all) in [&mut row, &mut Values::default()].into_iter().zip(&mut all) {
                values.judge(&packet, &outline);
                all.push(values.problems.iter().map(ToString::to_string).collect());
            }
        }
        all
    }

    #[test]
    fn a_value_is_judged_by_itself_whatever_was_judged_before() {
        let long = vec![b'a'; 70];
        let replies: Vec<Vec<(u8, Vec<u8>)>> = [
            vec![(51, vec![0, 0, 1, 0]), (15, b"example".to_vec()), (150, b"10.0.0.1".to_vec())],
            vec![(51, vec![0, 0, 1, 0]), (15, b"example".to_vec()), (150, b"10.0.0.1".to_vec())],
            vec![(51, vec![0, 0, 1]), (15, vec![]), (150, vec![10, 0, 0, 1])],
            vec![(51, vec![0, 0, 1, 0]), (15, b"exam".to_vec()), (150, b"10.0.0.1".to_vec())],
            vec![(15, long.clone()), (119, vec![7, b'e'])],
            vec![(15, long), (119, vec![1, b'e', 0])],
            vec![(119, vec![1, b'e']), (119, vec![0])],
            vec![(15, b"one".to_vec()), (15, b"one".to_vec())],
            vec![(43, vec![1, 1, 1]), (60, b"PXEClient".to_vec())],
            vec![(43, vec![1, 1, 1])],
        ]
        .into();
        let [row, alone] = in_a_row(&replies);
        assert_eq!(row, alone);
        assert!(row.iter().filter(|problems| !problems.is_empty()).count() >= 5, "{row:?}");
    }

    #[test]
    fn text_in_the_place_of_addresses_is_told() {
        assert_eq!(of_150(&[10, 0, 0, 1]), (vec![], true));
        // Addresses whose bytes happen to be digits.
        assert_eq!(of_150(&[55, 52, 46, 50, 49, 51, 46, 49]), (vec![], true));
        let (problems, shown) = of_150(b"74.213.137.138\0");
        let want = "option 150: 15 bytes are no multiple of 4: it is text (expected an IPv4 address)";
        assert_eq!(problems[0], want);
        assert!(!shown);
        for text in [&b"10.0.0.1"[..], b"10.10.10.1\0\0", b"10.0.0.1,10.0.0.2\0\0\0"] {
            let (problems, shown) = of_150(text);
            assert!(problems[0].contains("150 holds an address as text"), "{problems:?}");
            assert!(shown);
        }
        let (problems, _) = of_150(&[1, 2, 3]);
        assert_eq!(problems[0], "option 150: 3 bytes are no multiple of 4 (expected an IPv4 address)");
        let (problems, shown) = of_150(b"pool.ntp.org");
        assert_eq!(
            (problems[0].as_str(), shown),
            ("option 150 holds a name as text, which is read as addresses", true)
        );
        // Two addresses that exist, and whose bytes are letters.
        assert_eq!(of_150(&[75, 75, 75, 75, 75, 75, 76, 76]).0, Vec::<String>::new());
    }
}
