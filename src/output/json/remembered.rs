//! Text that is kept because it is likely to be wanted again: a server sends all its clients the same routers, and most
//! frames stand in the same layers as the one before.
//!
//! What is kept is bounded, and what is not found costs one comparison: input that never repeats itself is hardly slower.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use crate::output::json::JsonOut;
use crate::output::packet::record::PacketRecord;
use crate::output::styled::Styled;
use crate::wire::digits::{write_ip4, write_ip6};
use crate::wire::options::v4;
use crate::wire::v4::Span;

/// A piece of text and what it was written from: it is written anew only when that changes.
#[derive(Clone, Debug)]
pub(in crate::output) struct Piece<K> {
    key: Option<K>,
    json: JsonOut,
}

impl<K> Default for Piece<K> {
    fn default() -> Self {
        Self { key: None, json: JsonOut::new() }
    }
}

impl<K: PartialEq + Copy> Piece<K> {
    /// The text for `key`, which `write` writes when it is not that of the last time.
    #[inline]
    pub(in crate::output) fn of(&mut self, key: K, write: impl FnOnce(&mut JsonOut)) -> &[u8] {
        if self.key != Some(key) {
            self.key = Some(key);
            self.json.buf.clear();
            write(&mut self.json);
        }
        &self.json.buf
    }
}

/// The text of IPv6 addresses written lately: most come again soon, and finding their text is quicker than making it.
#[derive(Clone, Debug, Default)]
pub(in crate::output) struct AddressTexts {
    /// None before there is something to remember.
    slots: Vec<AddressText>,
}

#[derive(Clone, Debug)]
struct AddressText {
    addr: Ipv6Addr,
    length: u8,
    text: [u8; 39],
}

impl AddressTexts {
    /// A power of two.
    const SLOTS: usize = 256;

    /// Appends an address.
    pub(in crate::output) fn write(&mut self, addr: IpAddr, out: &mut Vec<u8>) {
        let addr = match addr {
            IpAddr::V4(addr) => return write_ip4(addr, out),
            IpAddr::V6(addr) => addr,
        };
        if self.slots.is_empty() {
            let none = AddressText { addr: Ipv6Addr::UNSPECIFIED, length: 0, text: [0; 39] };
            self.slots.resize(Self::SLOTS, none);
        }
        let bits = addr.to_bits();
        let folded =
            u64::try_from(bits >> 64).unwrap_or(0) ^ u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
        let place = usize::try_from(folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(place) else { return write_ip6(addr, out) };
        if slot.addr == addr
            && slot.length > 0
            && let Some(text) = slot.text.get(..slot.length.into())
        {
            return out.extend_from_slice(text);
        }
        let start = out.len();
        write_ip6(addr, out);
        let written = out.get(start..).unwrap_or_default();
        if let (Some(text), Ok(length)) = (slot.text.get_mut(..written.len()), u8::try_from(written.len())) {
            text.copy_from_slice(written);
            (slot.addr, slot.length) = (addr, length);
        }
    }
}

/// How many texts of steady options are remembered, and how many of others; powers of two.
const SLOTS: usize = 2048;
const OTHERS: usize = 256;
/// Longer texts are not remembered, so that all of them never take more than five megabytes.
const LONGEST: usize = 2048;
/// The same of the text of many options.
const LONGEST_BEFORE: usize = 16 << 10;
/// Options that are not steady are looked for in the first so many of every so many messages only: to see whether they have
/// become so. What differs from client to client is written faster than it is found.
pub(in crate::output) const PROBES: u8 = 16;

/// The text of options written lately, by the bytes they were written from: single ones, and runs of several that stand
/// behind each other.
#[derive(Clone, Debug)]
pub(in crate::output) struct OptionTexts {
    /// Runs of steady options and steady options, then those that differ from client to client, which would push the
    /// others out. None before there is something to remember.
    slots: Vec<Slot>,
    /// The option of each code that was met last: a client sends the same in the messages of one exchange, and most of these
    /// follow each other. None before there is something to remember.
    last: Vec<Slot>,
    codes: [Code; 256],
    /// The options behind the type of a message before, a client's and a server's: a REQUEST often begins as the DISCOVER before it,
    /// and an ACK says what the OFFER said. Replaced by the next message that does not begin so.
    before: [Before; 2],
    /// Counts messages, and wraps around.
    message: u8,
    /// What is written of an option that is not steady costs less than to find out whether it is the same as the last time.
    cheap: bool,
}

/// The options that one message began with, behind its type, and their text.
#[derive(Clone, Debug, Default)]
struct Before {
    record: Record,
    count: usize,
    raw: Vec<u8>,
    text: Vec<u8>,
}

/// What is known of the options of one code.
#[derive(Clone, Copy, Debug, Default)]
struct Code {
    /// How they were found of late, and how that which was met last was.
    record: Record,
    again: Record,
    /// The value depends on the payload alone.
    alone: bool,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    hash: u64,
    /// Code, length and payload of each option, then the text.
    bytes: Vec<u8>,
    /// Where the text begins.
    split: usize,
}

impl Slot {
    /// The text, where it was written from these bytes.
    #[inline]
    fn text_of(&self, raw: &[u8]) -> Option<&[u8]> {
        let (known, text) = self.bytes.split_at_checked(self.split)?;
        // An empty slot has no text.
        (known == raw && !text.is_empty()).then_some(text)
    }

    fn keep(&mut self, hash: u64, raw: &[u8], text: &[u8]) {
        (self.hash, self.split) = (hash, raw.len());
        self.bytes.clear();
        self.bytes.extend_from_slice(raw);
        self.bytes.extend_from_slice(text);
    }
}

/// How the options of one code were found of late: goes up with one that was, and far down with one that was not.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::output) struct Record(u8);

impl Record {
    const STEADY: u8 = 8;
    const BEST: u8 = 24;
    const MISS: u8 = 4;

    /// Whether looking for the one before pays: it is found every third time at least.
    const MEETS: u8 = 2;

    fn found(&mut self) {
        self.0 = self.0.saturating_add(1).min(Self::BEST);
    }

    /// As [`missed`](Self::missed), where a miss costs little.
    #[inline]
    pub(in crate::output) fn differed(&mut self, found: bool) {
        self.0 = if found { self.0.saturating_add(2).min(Self::BEST) } else { self.0.saturating_sub(1) };
    }

    #[inline]
    pub(in crate::output) fn meets(self) -> bool {
        self.0 >= Self::MEETS
    }

    fn missed(&mut self) {
        self.0 = self.0.saturating_sub(Self::MISS);
    }

    fn is_steady(self) -> bool {
        self.0 >= Self::STEADY
    }
}

impl Default for OptionTexts {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            last: Vec::new(),
            codes: ALONE.map(|alone| Code { alone, ..Code::default() }),
            before: Default::default(),
            message: 0,
            cheap: false,
        }
    }
}

/// Where options are written to.
pub(in crate::output) trait Buffer {
    /// The text so far.
    fn bytes(&mut self) -> &mut Vec<u8>;
}

impl Buffer for JsonOut {
    #[inline]
    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.buf
    }
}

impl Buffer for Styled {
    #[inline]
    fn bytes(&mut self) -> &mut Vec<u8> {
        self.plain().bytes_mut()
    }
}

impl Buffer for Vec<u8> {
    #[inline]
    fn bytes(&mut self) -> &mut Vec<u8> {
        self
    }
}

/// Whether an option's value depends on its payload alone, for each code.
static ALONE: LazyLock<[bool; 256]> = LazyLock::new(|| {
    let alone = |code| v4::SPACE.by_code(code).is_some_and(|row| !row.kind.needs_context());
    let mut all = [false; 256];
    all.iter_mut().zip(0..).for_each(|(slot, code)| *slot = alone(code));
    all
});

/// True when an option is written in the same way in any message that has it.
#[inline]
fn is_repeatable(span: &Span, record: &PacketRecord<'_>) -> bool {
    span.is_plain() && !record.outline.is_repeated(span.code)
}

/// The bytes of the message from the option `first` to the option `last`.
#[inline]
fn raw<'a>(first: &Span, last: &Span, record: &PacketRecord<'a>) -> &'a [u8] {
    record.packet.bytes().get(first.range().start..last.range().end).unwrap_or_default()
}

impl OptionTexts {
    /// The same for who writes little: only steady options are looked for.
    pub(in crate::output) fn cheap() -> Self {
        Self { cheap: true, ..Self::default() }
    }

    /// Writes the options of a message, those that are known from memory. `write` writes another one, and says whether it would be
    /// written so in any message: what has to be told about it every time makes it unsteady.
    #[inline]
    pub(in crate::output) fn write<B: Buffer>(
        &mut self,
        record: &PacketRecord<'_>,
        out: &mut B,
        mut write: impl FnMut(&Span, &mut B) -> bool,
    ) {
        self.begin();
        let options = &record.outline.options[..];
        let side = usize::from(record.packet.bytes().first().is_some_and(|op| op & 1 == 1));
        let Some((kind, rest)) = options.split_first() else { return };
        let tried = self.before.get(side).is_some_and(|before| before.record.meets());
        if !(record.outline.is_plain() && (tried || self.message < PROBES)) {
            self.write_all(options, record, out, &mut write);
            return;
        }
        self.write_one(kind, record, out, &mut write);
        let region = rest.first().zip(rest.last()).map(|(first, last)| raw(first, last, record));
        let (Some(before), Some(region)) = (self.before.get_mut(side), region) else { return };
        let known = before.count > 0 && region.starts_with(&before.raw);
        before.record.differed(known);
        if known {
            out.bytes().extend_from_slice(&before.text);
            let rest = rest.get(before.count..).unwrap_or_default();
            self.write_all(rest, record, out, &mut write);
            return;
        }
        let start = out.bytes().len();
        let (count, end) = self.write_all(rest, record, out, &mut write);
        let Some(before) = self.before.get_mut(side) else { return };
        let text = out.bytes().get(start..end).unwrap_or_default();
        before.count = 0;
        if let (Some(first), Some(last)) =
            (rest.first(), count.checked_sub(1).and_then(|last| rest.get(last)))
            && text.len() <= LONGEST_BEFORE
        {
            before.count = count;
            raw(first, last, record).clone_into(&mut before.raw);
            text.clone_into(&mut before.text);
        }
    }

    /// How many options of the next message of this side would be copied, if it began as one before.
    #[cfg(test)]
    pub(in crate::output) fn begins_with(&self, side: usize) -> usize {
        self.before.get(side).filter(|before| before.record.meets()).map_or(0, |before| before.count)
    }

    /// Writes options one after the other, or several at once. How many of the first would be written so in any message, and where their
    /// text ends.
    #[inline]
    fn write_all<B: Buffer>(
        &mut self,
        mut rest: &[Span],
        record: &PacketRecord<'_>,
        out: &mut B,
        write: &mut impl FnMut(&Span, &mut B) -> bool,
    ) -> (usize, usize) {
        let plain = record.outline.is_plain();
        let (mut known, mut count, mut end) = (true, 0_usize, out.bytes().len());
        while let Some((first, behind)) = rest.split_first() {
            let steady = |span: &&Span| self.is_steady(span.code) && (plain || is_repeatable(span, record));
            let alike = rest.iter().take_while(steady).count();
            let taken = if let Some((run @ [_, .., last], others)) = rest.split_at_checked(alike) {
                let raw = raw(first, last, record);
                match self.run(raw) {
                    Some(text) => out.bytes().extend_from_slice(text),
                    None => known &= self.write_run(run, raw, record, out, write),
                }
                rest = others;
                run.len()
            } else {
                known &= self.write_one(first, record, out, write);
                rest = behind;
                1
            };
            if known {
                (count, end) = (count.saturating_add(taken), out.bytes().len());
            }
        }
        (count, end)
    }

    /// Several options that are not known together, though each of them may be. True when they would be written so in any message.
    #[cold]
    fn write_run<B: Buffer>(
        &mut self,
        run: &[Span],
        raw: &[u8],
        record: &PacketRecord<'_>,
        out: &mut B,
        write: &mut impl FnMut(&Span, &mut B) -> bool,
    ) -> bool {
        let begin = out.bytes().len();
        let mut known = true;
        for span in run {
            known &= self.write_one(span, record, out, write);
        }
        if known {
            self.remember_run(raw, out.bytes().get(begin..).unwrap_or_default());
        }
        known
    }

    /// One option. True when it would be written so in any message.
    #[inline]
    fn write_one<B: Buffer>(
        &mut self,
        span: &Span,
        record: &PacketRecord<'_>,
        out: &mut B,
        write: &mut impl FnMut(&Span, &mut B) -> bool,
    ) -> bool {
        let alone = self.codes.get(usize::from(span.code)).is_some_and(|code| code.alone);
        if !alone || !(record.outline.is_plain() || is_repeatable(span, record)) {
            write(span, out);
            return false;
        }
        let raw = raw(span, span, record);
        if self.copy(span.code, raw, out.bytes()) {
            return true;
        }
        let begin = out.bytes().len();
        let known = write(span, out);
        if known {
            self.keep(span.code, raw, out.bytes().get(begin..).unwrap_or_default());
        }
        known
    }

    /// Appends the text of an option of this code to `out`, when it is known.
    #[inline]
    pub(in crate::output) fn copy(&mut self, code: u8, raw: &[u8], out: &mut Vec<u8>) -> bool {
        let place = usize::from(code);
        let Some(known) = self.codes.get_mut(place) else { return false };
        if self.message < PROBES || known.record.is_steady() {
            return self.find(code, raw, out);
        }
        if self.cheap || !known.again.meets() {
            return false;
        }
        let text = self.last.get(place).and_then(|slot| slot.text_of(raw));
        known.again.differed(text.is_some());
        if let Some(text) = text {
            out.extend_from_slice(text);
        }
        text.is_some()
    }

    /// As [`copy`](Self::copy), from among all that are remembered.
    fn find(&mut self, code: u8, raw: &[u8], out: &mut Vec<u8>) -> bool {
        let begin = out.len();
        let Some(text) = self.single(code, raw) else { return false };
        out.extend_from_slice(text);
        if self.message < PROBES {
            self.keep_last(code, raw, out.get(begin..).unwrap_or_default());
        }
        true
    }

    /// Keeps the text of an option that was not known, if that may pay.
    #[inline]
    pub(in crate::output) fn keep(&mut self, code: u8, raw: &[u8], text: &[u8]) {
        let Some(known) = self.codes.get(usize::from(code)).copied() else { return };
        if self.message < PROBES || known.again.meets() {
            self.keep_last(code, raw, text);
        }
        if self.message < PROBES || known.record.is_steady() {
            self.remember_single(code, raw, text);
        }
    }

    /// Keeps the text of an option for the next one of its code, if that may pay.
    fn keep_last(&mut self, code: u8, raw: &[u8], text: &[u8]) {
        let place = usize::from(code);
        if self.cheap || text.len() > LONGEST || self.is_steady(code) {
            return;
        }
        if self.last.is_empty() {
            self.last.resize(256, Slot::default());
        }
        let (Some(slot), Some(known)) = (self.last.get_mut(place), self.codes.get_mut(place)) else {
            return;
        };
        if self.message < PROBES {
            known.again.differed(slot.text_of(raw).is_some());
        }
        slot.keep(0, raw, text);
    }

    /// Starts with a new message.
    #[inline]
    pub(in crate::output) fn begin(&mut self) {
        self.message = self.message.wrapping_add(1);
    }

    /// True when an option of this code is likely to be found.
    #[inline]
    fn is_steady(&self, code: u8) -> bool {
        self.codes.get(usize::from(code)).is_some_and(|known| known.record.is_steady())
    }

    /// The text of several steady options, whose bytes `raw` holds, when it is known.
    #[inline]
    fn run(&self, raw: &[u8]) -> Option<&[u8]> {
        self.recall(raw, true)
    }

    /// Keeps the text of a run that was not found.
    fn remember_run(&mut self, raw: &[u8], text: &[u8]) {
        self.remember(raw, true, text);
    }

    /// The text of one option of this code, when it is known.
    #[inline]
    pub(in crate::output) fn single(&mut self, code: u8, raw: &[u8]) -> Option<&[u8]> {
        let steady = self.is_steady(code);
        if !steady && self.message >= PROBES {
            return None;
        }
        let hash = hash(raw);
        let slot = self.slots.get(place(hash, steady)).filter(|slot| slot.hash == hash)?;
        let text = slot.text_of(raw)?;
        if let Some(known) = self.codes.get_mut(usize::from(code)) {
            known.record.found();
        }
        Some(text)
    }

    /// Keeps the text of an option that was not found, if that may pay.
    #[inline]
    pub(in crate::output) fn remember_single(&mut self, code: u8, raw: &[u8], text: &[u8]) {
        let steady = self.is_steady(code);
        if !steady && self.message >= PROBES {
            return;
        }
        if let Some(known) = self.codes.get_mut(usize::from(code)) {
            known.record.missed();
        }
        self.remember(raw, steady, text);
    }

    #[inline]
    fn recall(&self, raw: &[u8], steady: bool) -> Option<&[u8]> {
        let hash = hash(raw);
        self.slots.get(place(hash, steady)).filter(|slot| slot.hash == hash)?.text_of(raw)
    }

    fn remember(&mut self, raw: &[u8], steady: bool, text: &[u8]) {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS.saturating_add(OTHERS), Slot::default());
        }
        let hash = hash(raw);
        if text.len() <= LONGEST
            && let Some(slot) = self.slots.get_mut(place(hash, steady))
        {
            slot.keep(hash, raw, text);
        }
    }
}

#[inline]
fn hash(raw: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| hash.rotate_left(23) ^ word;
    let length = u64::try_from(raw.len()).unwrap_or(0);
    let hash = match raw.last_chunk() {
        Some(last) => {
            // Two at a time, so that neither waits for the other.
            let (pairs, rest) = raw.as_chunks::<16>();
            let (mut even, mut odd) = (length, 0);
            for &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] in pairs {
                even = mix(even, u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
                odd = mix(odd, u64::from_ne_bytes([i, j, k, l, m, n, o, p]));
            }
            let middle = rest.first_chunk().map_or(0, |word| u64::from_ne_bytes(*word));
            mix(even, middle) ^ mix(odd, u64::from_ne_bytes(*last)).rotate_left(41)
        }
        // Two halves, which may overlap.
        None => match (raw.first_chunk(), raw.last_chunk()) {
            (Some(first), Some(last)) => {
                let (first, last) = (u32::from_ne_bytes(*first), u32::from_ne_bytes(*last));
                mix(length ^ u64::from(first).wrapping_shl(32), u64::from(last))
            }
            _ => raw.iter().fold(length, |hash, byte| hash << 8 ^ u64::from(*byte)),
        },
    };
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The slot of a hash.
#[inline]
fn place(hash: u64, steady: bool) -> usize {
    // The highest bits are mixed best.
    let place = usize::try_from(hash >> const { u64::BITS - SLOTS.ilog2() }).unwrap_or(0);
    if steady { place } else { place & (OTHERS - 1) | SLOTS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_piece_is_written_anew_only_for_another_key() {
        let mut piece = Piece::default();
        let mut written = 0;
        for key in [1_u64, 1, 2, 2, 1] {
            let text = piece.of(key, |json| {
                written += 1;
                json.digits(key);
            });
            assert_eq!(text, key.to_string().as_bytes());
        }
        assert_eq!(written, 3);
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_all_its_bytes_only(
            raws in proptest::collection::vec(proptest::collection::vec(0_u8..2, 0..30), 1..40),
            steady in any::<bool>(),
        ) {
            let mut texts = OptionTexts::default();
            let name = |raw: &[u8]| format!("{raw:?}").into_bytes();
            for raw in &raws {
                prop_assert!(texts.recall(raw, steady).is_none_or(|text| text == name(raw)));
                texts.remember(raw, steady, &name(raw));
                prop_assert_eq!(texts.recall(raw, steady), Some(&name(raw)[..]));
            }
        }
    }

    /// A message with one option; true when that was known.
    fn write(texts: &mut OptionTexts, code: u8, raw: &[u8]) -> bool {
        texts.begin();
        if texts.single(code, raw).is_some() {
            return true;
        }
        texts.remember_single(code, raw, b"text");
        false
    }

    #[test]
    fn what_all_clients_are_told_is_found_and_becomes_steady() {
        let mut texts = OptionTexts::default();
        let found = (0..1000_u32).filter(|_| write(&mut texts, 3, &[3, 1, 7])).count();
        assert!(found > 980, "{found}");
        assert!(texts.is_steady(3) && !texts.is_steady(50));
        for client in 0..10_u8 {
            write(&mut texts, 3, &[3, 1, 100_u8.wrapping_add(client)]);
        }
        assert!(!texts.is_steady(3));
    }

    #[test]
    fn what_never_repeats_is_remembered_now_and_then_and_in_bounded_memory() {
        let mut texts = OptionTexts::default();
        for client in 0..10_000_u32 {
            let [a, b, c, d] = client.to_be_bytes();
            assert!(!write(&mut texts, 50, &[50, 4, a, b, c, d]));
        }
        let kept = texts.slots.iter().filter(|slot| !slot.bytes.is_empty()).count();
        assert!(kept > 100 && !texts.is_steady(50), "{kept}");
        texts.remember_run(&[1, 1, 1], &vec![b'x'; LONGEST + 1]);
        assert_eq!(texts.run(&[1, 1, 1]), None);
        assert_eq!(texts.slots.len(), SLOTS + OTHERS);
    }
}
