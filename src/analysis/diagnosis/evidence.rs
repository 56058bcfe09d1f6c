//! What a finding over time rests on.

use super::history::{FRAMES, finding};
use super::{Code, Finding};

/// When a frame came, in nanoseconds since 1970, and its number.
pub(super) type Place = (i64, u64);

/// Frames: the first of them, how many they are, and when they were seen first and last.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    frames: Vec<u64>,
    latest: u64,
    count: u64,
    seen: Option<(i64, i64)>,
}

impl Evidence {
    /// Adds a frame; what stands in the frame added last is no other one.
    pub(super) fn add(&mut self, (time, frame): Place) {
        if self.count > 0 && self.latest == frame {
            return;
        }
        if self.frames.len() < FRAMES {
            self.frames.push(frame);
        }
        self.latest = frame;
        self.count = self.count.saturating_add(1);
        let (first, last) = self.seen.unwrap_or((time, time));
        self.seen = Some((first.min(time), last.max(time)));
    }

    /// Adds what another rests on.
    pub(super) fn append(&mut self, other: &Self) {
        let room = FRAMES.saturating_sub(self.frames.len());
        self.frames.extend(other.frames.iter().take(room));
        self.latest = other.latest;
        self.count = self.count.saturating_add(other.count);
        if let Some((first, last)) = other.seen {
            let own = self.seen.unwrap_or((first, last));
            self.seen = Some((own.0.min(first), own.1.max(last)));
        }
    }

    /// The first of the frames.
    pub(super) fn frames(&self) -> &[u64] {
        &self.frames
    }

    /// How many frames there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// When the last frame came.
    pub(super) fn last(&self) -> i64 {
        self.seen.map_or(i64::MIN, |(_, last)| last)
    }

    /// A finding that rests on it.
    pub(super) fn finding(self, code: Code, message: String) -> Finding {
        let Self { frames, count, seen, .. } = self;
        Finding { count, ..finding(code, frames, seen.unwrap_or_default(), message) }
    }
}

impl FromIterator<Place> for Evidence {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_unstable_by_key(|(_, frame)| *frame);
        let mut all = Self::default();
        for place in places {
            all.add(place);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_counts_and_the_first_are_named() {
        let all: Evidence =
            (1..=300_u16).map(|number| (700 + i64::from(number), u64::from(number))).rev().collect();
        let said = all.finding(Code::ProxyArp, String::new());
        assert_eq!((said.count, said.seen), (300, (701, 1000)));
        assert_eq!(said.frames, (1..=64).collect::<Vec<u64>>());
    }

    #[test]
    fn two_make_one() {
        let (mut one, mut other) = (Evidence::default(), Evidence::default());
        for number in 0..50 {
            one.add((100, number));
            one.add((100, number));
            other.add((200, 1000 + number));
        }
        one.append(&other);
        assert_eq!((one.count(), one.frames().len()), (100, 64));
        assert_eq!(one.finding(Code::ProxyArp, String::new()).seen, (100, 200));
    }
}
