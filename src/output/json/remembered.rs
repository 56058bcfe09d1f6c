//! Text that is kept because it is likely to be wanted again: a server sends all its clients the same routers, and most
//! frames stand in the same layers as the one before.
//!
//! What is kept is bounded, and what is not found costs one comparison: input that never repeats itself is hardly slower.

use crate::output::json::JsonOut;

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

/// How many texts of steady options are remembered, and how many of others; powers of two.
const SLOTS: usize = 2048;
const OTHERS: usize = 256;
/// Longer texts are not remembered, so that all of them never take more than five megabytes.
const LONGEST: usize = 2048;
/// Options that are not steady are looked for in the first so many of every so many messages only: to see whether they have
/// become so. What differs from client to client is written faster than it is found.
const PROBES: u8 = 16;

/// The text of options written lately, by the bytes they were written from: single ones, and runs of several that stand
/// behind each other.
#[derive(Clone, Debug)]
pub(in crate::output) struct OptionTexts {
    /// Runs of steady options and steady options, then those that differ from client to client, which would push the
    /// others out. None before there is something to remember.
    slots: Vec<Slot>,
    records: [Record; 256],
    /// Counts messages, and wraps around.
    message: u8,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    hash: u64,
    /// Code, length and payload of each option, then the text.
    bytes: Vec<u8>,
    /// Where the text begins.
    split: usize,
}

/// How the options of one code were found of late: goes up with one that was, and far down with one that was not.
#[derive(Clone, Copy, Debug, Default)]
struct Record(u8);

impl Record {
    const STEADY: u8 = 8;
    const BEST: u8 = 24;
    const MISS: u8 = 4;

    fn found(&mut self) {
        self.0 = self.0.saturating_add(1).min(Self::BEST);
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
        Self { slots: Vec::new(), records: [Record::default(); 256], message: 0 }
    }
}

impl OptionTexts {
    /// Starts with a new message.
    #[inline]
    pub(in crate::output) fn begin(&mut self) {
        self.message = self.message.wrapping_add(1);
    }

    /// True when an option of this code is likely to be found.
    #[inline]
    pub(in crate::output) fn is_steady(&self, code: u8) -> bool {
        self.records.get(usize::from(code)).is_some_and(|record| record.is_steady())
    }

    /// The text of several steady options, whose bytes `raw` holds, when it is known.
    #[inline]
    pub(in crate::output) fn run(&self, raw: &[u8]) -> Option<&[u8]> {
        self.recall(raw, true)
    }

    /// Keeps the text of a run that was not found.
    pub(in crate::output) fn remember_run(&mut self, raw: &[u8], text: &[u8]) {
        self.remember(raw, true, text);
    }

    /// The text of one option of this code, when it is known.
    #[inline]
    pub(in crate::output) fn single(&mut self, code: u8, raw: &[u8]) -> Option<&[u8]> {
        let steady = self.is_steady(code);
        if !steady && self.message >= PROBES {
            return None;
        }
        if self.recall(raw, steady).is_some() {
            self.records.get_mut(usize::from(code))?.found();
        }
        self.recall(raw, steady)
    }

    /// Keeps the text of an option that was not found, if that may pay.
    #[inline]
    pub(in crate::output) fn remember_single(&mut self, code: u8, raw: &[u8], text: &[u8]) {
        let steady = self.is_steady(code);
        if !steady && self.message >= PROBES {
            return;
        }
        if let Some(record) = self.records.get_mut(usize::from(code)) {
            record.missed();
        }
        self.remember(raw, steady, text);
    }

    #[inline]
    fn recall(&self, raw: &[u8], steady: bool) -> Option<&[u8]> {
        let hash = hash(raw);
        let slot = self.slots.get(place(hash, steady)).filter(|slot| slot.hash == hash)?;
        let (known, text) = slot.bytes.split_at_checked(slot.split)?;
        // An empty slot has no text.
        (known == raw && !text.is_empty()).then_some(text)
    }

    fn remember(&mut self, raw: &[u8], steady: bool, text: &[u8]) {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS.saturating_add(OTHERS), Slot::default());
        }
        let hash = hash(raw);
        if text.len() <= LONGEST
            && let Some(slot) = self.slots.get_mut(place(hash, steady))
        {
            (slot.hash, slot.split) = (hash, raw.len());
            slot.bytes.clear();
            slot.bytes.extend_from_slice(raw);
            slot.bytes.extend_from_slice(text);
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
        None => raw.iter().fold(length, |hash, byte| hash << 8 ^ u64::from(*byte)),
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
