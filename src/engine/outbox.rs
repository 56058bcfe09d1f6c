//! What every machine keeps until it is asked: frames to send with their numbers, and events.

use std::collections::VecDeque;

use super::machine::{Event, Remark, Transmit};

/// Events kept for a reader that does not read.
const MAX_EVENTS: usize = 10_000;

/// Frames and events that wait to be fetched.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    frames: VecDeque<(u32, Vec<u8>, Remark)>,
    events: VecDeque<Event>,
    last_id: u32,
}

impl Outbox {
    /// Takes a frame; its number comes back.
    pub fn push(&mut self, frame: Vec<u8>, remark: Remark) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.frames.push_back((self.last_id, frame, remark));
        self.last_id
    }

    /// Number of the frame taken last; 0 before the first.
    pub fn last_id(&self) -> u32 {
        self.last_id
    }

    /// Nothing waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Notes an event; who does not read misses those after the 10,000th.
    pub fn event(&mut self, event: Event) {
        if self.events.len() < MAX_EVENTS {
            self.events.push_back(event);
        }
    }

    /// Appends the next frame to `out`.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        let (id, frame, remark) = self.frames.pop_front()?;
        out.extend_from_slice(&frame);
        Some(Transmit { id, len: frame.len(), remark })
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::machine::Sense;
    use crate::time::Instant;

    #[test]
    fn frames_are_appended_in_order_and_events_are_bounded() {
        let mut outbox = Outbox::default();
        let said = Remark::new(Sense::Sent(1), "sent");
        assert_eq!((outbox.push(vec![1, 2], said.clone()), outbox.push(vec![3], said.clone())), (1, 2));
        let mut out = Vec::new();
        let one = outbox.poll_transmit(&mut out);
        assert_eq!(one, Some(Transmit { id: 1, len: 2, remark: said.clone() }));
        assert!(!outbox.is_empty() && outbox.poll_transmit(&mut out).is_some_and(|next| next.id == 2));
        assert!(outbox.is_empty() && outbox.poll_transmit(&mut out).is_none());
        assert_eq!((out, outbox.last_id()), (vec![1, 2, 3], 2));
        for _ in 0..20_000 {
            outbox.event(Event { at: Instant(0), remark: said.clone(), from: (None, None) });
        }
        assert_eq!(std::iter::from_fn(|| outbox.poll_event()).count(), MAX_EVENTS);
    }
}
