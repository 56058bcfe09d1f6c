//! How the options of messages lay lately: most messages of a capture have options of the same codes and lengths as one of the same
//! type before, and to see that they do takes less than to find them one after the other.

use super::outline::Span;
use super::packet::is_zero;
use super::{FIXED_LEN, code};

/// How the options of a message lay that has nothing unusual: each whole, with a code of its own and right behind the one before,
/// and zeros behind the End.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) options: Vec<Span>,
    /// Where each begins, its code and its length.
    heads: Vec<(u16, [u8; 2])>,
    /// Their codes, by bit.
    pub(super) present: [u64; 4],
    /// Where the End stands.
    pub(super) end: usize,
}

impl Layout {
    /// True when `message` has the same codes and lengths in the same places, which is all that a layout depends on.
    #[inline]
    fn is_of(&self, message: &[u8]) -> bool {
        let stands = |(offset, head): &(u16, [u8; 2])| {
            message.get(usize::from(*offset)..).and_then(<[u8]>::first_chunk) == Some(head)
        };
        self.heads.iter().all(stands)
            && message.get(self.end) == Some(&code::END)
            && is_zero(message.get(self.end.saturating_add(1)..).unwrap_or_default())
    }
}

/// Layouts of late, each until another one takes its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Layouts {
    /// None before there is something to remember.
    all: Vec<Layout>,
    /// A message was read before: of who reads one only nothing need be remembered.
    again: bool,
}

/// How many are remembered of each type of message; a power of two.
const WAYS: usize = 16;
/// Those with more options are not.
const MOST: usize = 64;
/// Nor those that end behind this, so that an offset fits 16 bits.
const LAST: usize = 1500;

impl Layouts {
    /// The layout of `message`, if it is known.
    #[inline]
    pub(super) fn of(&self, message: &[u8]) -> Option<&Layout> {
        self.all.get(slot(message)).filter(|layout| layout.end > 0 && layout.is_of(message))
    }

    /// Remembers that of `message`.
    pub(super) fn keep(&mut self, message: &[u8], options: &[Span], present: [u64; 4], end: usize) {
        if !std::mem::replace(&mut self.again, true) || options.len() > MOST || end > LAST {
            return;
        }
        if self.all.is_empty() {
            self.all.resize(8 * WAYS, Layout::default());
        }
        if let Some(layout) = self.all.get_mut(slot(message)) {
            layout.options.clear();
            layout.options.extend_from_slice(options);
            layout.heads.clear();
            layout.heads.extend(options.iter().map(|span| {
                let offset = u16::try_from(span.offset).unwrap_or_default();
                (offset, [span.code, span.declared.unwrap_or_default()])
            }));
            (layout.present, layout.end) = (present, end);
        }
    }
}

/// Where the layout of a message is looked for: by the payload of its first option, which is its type, and by its length, in which
/// messages of one type differ by little.
#[inline]
fn slot(message: &[u8]) -> usize {
    let kind = message.get(FIXED_LEN.saturating_add(6)).map_or(0, |kind| usize::from(kind & 7));
    kind.wrapping_mul(WAYS) | message.len() & (WAYS - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::v4::{COOKIE, Outline, Packet};

    /// Options of few kinds and lengths, so that layouts come again, nearly come again, and are not what they seem.
    fn options() -> impl Strategy<Value = Vec<u8>> {
        let one = prop_oneof![
            8 => (prop_oneof![Just(53_u8), Just(12), Just(52), Just(61)], 0_usize..3, 0_u8..4)
                .prop_map(|(code, length, value)| [&[code, u8::try_from(length).unwrap()][..], &vec![value; length]].concat()),
            1 => Just(vec![0]),
            1 => Just(vec![255]),
            1 => Just(vec![12]),
        ];
        let end = prop_oneof![6 => Just(vec![255]), 2 => Just(vec![255, 0, 0]), 1 => Just(vec![255, 0, 1]), 1 => Just(vec![])];
        (proptest::collection::vec(one, 0..4), end).prop_map(|(all, end)| [all.concat(), end].concat())
    }

    proptest! {
        #[test]
        fn options_are_found_in_the_same_places_whatever_was_read_before(
            all in proptest::collection::vec((options(), any::<bool>(), 0_usize..2), 1..60),
        ) {
            let mut remembering = Outline::default();
            for (options, cut, missing) in all.iter().chain(&all) {
                let mut bytes = vec![0; FIXED_LEN];
                bytes[..3].copy_from_slice(&[1, 1, 6]);
                bytes.extend(COOKIE);
                bytes.extend(options);
                let promised = bytes.len().saturating_add(*missing);
                let (packet, mut fresh) = (Packet::new(&bytes), Outline::default());
                remembering.read(&packet, promised, *cut);
                fresh.read(&packet, promised, *cut);
                prop_assert_eq!(&remembering.options, &fresh.options);
                prop_assert_eq!(&remembering.problems, &fresh.problems);
                let told = |outline: &Outline| {
                    let ends = (outline.end_pads, outline.has_end, outline.trailer, outline.overload);
                    let codes: Vec<_> =
                        (0..=255).map(|code| (outline.place(code), outline.is_repeated(code))).collect();
                    (ends, outline.message_type, outline.is_plain(), codes)
                };
                prop_assert_eq!(told(&remembering), told(&fresh));
            }
        }
    }

    #[test]
    fn a_layout_that_came_before_is_known() {
        let message = |host: &[u8]| {
            let host = [&[12, u8::try_from(host.len()).unwrap()][..], host].concat();
            [&vec![0; FIXED_LEN][..], &COOKIE, &[53, 1, 1], &host, &[255]].concat()
        };
        let (mut outline, mut layouts) = (Outline::default(), Layouts::default());
        let first = message(b"one");
        outline.read(&Packet::new(&first), first.len(), false);
        for _ in 0..2 {
            assert!(layouts.of(&first).is_none());
            layouts.keep(&first, &outline.options, outline.codes(), first.len().saturating_sub(1));
        }
        assert!(layouts.of(&first).is_some() && layouts.of(&message(b"two")).is_some());
        assert!(layouts.of(&message(b"three")).is_none());
        let mut other = message(b"two");
        other[FIXED_LEN + 7] = 15;
        assert!(layouts.of(&other).is_none());
    }
}
