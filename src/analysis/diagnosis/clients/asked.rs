//! When a client asked, and how often within a span.

use std::collections::VecDeque;

use crate::analysis::diagnosis::evidence::Place;
use crate::analysis::transaction::{STORM, STORM_SPAN};

/// Times remembered of one kind of event.
const TIMES: usize = 24;
/// No moment that is a little later than another.
pub(super) const NEVER: u32 = u32::MAX;

/// How much later, and how many frames further on, the second is, where that is little.
pub(super) fn gap(first: Place, second: Place) -> Option<(u32, u32)> {
    let later = u32::try_from(second.0.checked_sub(first.0)?).ok()?;
    let frames = u32::try_from(second.1.checked_sub(first.1)?).ok()?;
    (later != NEVER).then_some((later, frames))
}

/// What is so much later.
pub(super) fn after(first: Place, (later, frames): (u32, u32)) -> Place {
    (first.0.saturating_add(later.into()), first.1.saturating_add(frames.into()))
}

/// When a client asked, and in which frames, in order. Most ask twice in short order, which takes no memory of its own.
#[derive(Clone, Debug, Default)]
pub(super) enum Asked {
    #[default]
    Never,
    Once(i64, u64),
    /// And again so much later, so many frames further on, of which no more than three bytes are wanted.
    Twice(i64, u64, u32, [u8; 3]),
    #[allow(clippy::box_collection, reason = "most have none, and there are a great many clients")]
    Often(Box<VecDeque<Place>>),
}

impl Asked {
    /// Adds an event in its place; true once they are a storm.
    pub(super) fn add(&mut self, at: Place) -> bool {
        match *self {
            Self::Never => {
                *self = Self::Once(at.0, at.1);
                return false;
            }
            Self::Once(time, frame) => {
                if let Some((later, frames)) = gap((time, frame), at)
                    && let [0, frames @ ..] = frames.to_be_bytes()
                {
                    *self = Self::Twice(time, frame, later, frames);
                    return false;
                }
            }
            Self::Twice(..) | Self::Often(_) => {}
        }
        let mut list = std::mem::take(self).into_list();
        let storms = event(&mut list, at, STORM, STORM_SPAN);
        *self = Self::Often(list);
        storms
    }

    /// As a list.
    #[allow(clippy::box_collection, clippy::unnecessary_box_returns, reason = "it stays where it lies")]
    pub(super) fn into_list(self) -> Box<VecDeque<Place>> {
        let list = match self {
            Self::Never => VecDeque::new(),
            Self::Once(time, frame) => VecDeque::from([(time, frame)]),
            Self::Twice(time, frame, later, [a, b, c]) => {
                let frames = u32::from_be_bytes([0, a, b, c]);
                VecDeque::from([(time, frame), after((time, frame), (later, frames))])
            }
            Self::Often(list) => return list,
        };
        Box::new(list)
    }
}

/// Adds an event in its place; true once there are `count` of them within `span`.
pub(super) fn event(list: &mut VecDeque<Place>, at: Place, count: usize, span: i64) -> bool {
    if list.capacity() == 0 {
        // Most have no more.
        list.reserve_exact(2);
    }
    let within = |early: &(i64, u64), late: &(i64, u64)| late.0.saturating_sub(early.0) <= span;
    let found = if list.back().is_none_or(|last| *last <= at) {
        list.push_back(at);
        // All others were looked at before.
        list.len()
            .checked_sub(count)
            .and_then(|first| list.get(first))
            .is_some_and(|early| within(early, &at))
    } else {
        list.insert(list.partition_point(|other| *other <= at), at);
        list.iter().zip(list.iter().skip(count.saturating_sub(1))).any(|(early, late)| within(early, late))
    };
    if list.len() > TIMES {
        list.pop_front();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::history::SECOND;

    /// Near, far, backwards, at both ends of time: the short form says what the list says.
    #[test]
    fn times_asked_are_kept_as_they_were() {
        let times = [0, 1, 4_294_967_294, 4_294_967_295, 4_294_967_296, 9 * SECOND, -1, i64::MAX, i64::MIN];
        let frames = [7, 8, 0, (1 << 24) + 6, (1 << 24) + 7, 1 << 33, u64::MAX];
        let events: Vec<Place> =
            times.iter().flat_map(|time| frames.iter().map(|frame| (*time, *frame))).collect();
        for first in &events {
            for second in &events {
                let (mut asked, mut list) = (Asked::default(), VecDeque::new());
                for at in [*first, *second, (5, 5)] {
                    assert_eq!(asked.add(at), event(&mut list, at, STORM, STORM_SPAN));
                    assert_eq!(*asked.clone().into_list(), list);
                }
            }
        }
        let mut asked = Asked::default();
        assert!(!asked.add((1, 1)) && !asked.add((SECOND, 70_000)));
        assert!(matches!(asked, Asked::Twice(..)), "{asked:?}");
    }

    #[test]
    fn events_are_counted_in_whatever_order_they_come() {
        for times in [[1_i64, 50, 90, 100], [100, 90, 50, 1], [90, 1, 100, 50]] {
            let mut list = VecDeque::new();
            let found: Vec<bool> = times.iter().map(|time| event(&mut list, (*time, 0), 3, 50)).collect();
            assert_eq!(found.iter().position(|found| *found), Some(if times[0] == 100 { 2 } else { 3 }));
        }
        let mut list = VecDeque::new();
        for time in 0..100 {
            assert!(!event(&mut list, (time * 100, 0), 3, 50));
        }
        assert_eq!((list.len(), list.front()), (TIMES, Some(&(7600, 0))));
    }
}
