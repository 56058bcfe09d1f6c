//! The exchanges that are open, by number. A number is given again once its exchange has closed; 0 is none.

use super::exchange::Exchange;
use super::message::Message;
use super::names::Kind;

/// An open exchange.
pub(super) struct Open<S: Message> {
    pub(super) exchange: Exchange<S>,
    pub(super) key: S::Key,
    /// Of its first message.
    pub(super) place: u32,
    pub(super) relay: Option<S::Ip>,
}

impl<S: Message> Open<S> {
    /// One of its messages has this identifier.
    pub(super) fn has_xid(&self, xid: u32) -> bool {
        self.exchange.xids.contains(&xid)
    }

    /// How long ago its client spoke, when `seen` comes.
    pub(super) fn gap(&self, seen: &S) -> i64 {
        seen.time().saturating_sub(self.exchange.last_client)
    }

    /// It began where `seen` was seen.
    pub(super) fn is_where(&self, seen: &S) -> bool {
        self.place == seen.place() && self.relay == seen.relay()
    }
}

/// What is asked of each exchange of a client before one of them is looked into. Exchanges lie far apart in memory; these lie together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    /// Time of its last message, nanoseconds.
    pub(super) last: i64,
    /// The frame that it began with.
    pub(super) first: u64,
    xid: u32,
    pub(super) kind: Kind,
    bits: u8,
}

/// Bits of a [`Brief`].
pub(super) mod brief {
    /// It has several transaction identifiers.
    pub(in super::super) const SEVERAL: u8 = 1;
    /// Nothing more is needed for it.
    pub(in super::super) const FINISHED: u8 = 1 << 1;
    /// The client has not begun another one.
    pub(in super::super) const CURRENT: u8 = 1 << 2;
    /// A message of the client was seen.
    pub(in super::super) const CLIENT: u8 = 1 << 3;
    /// A reply was seen.
    pub(in super::super) const REPLY: u8 = 1 << 4;
}

impl Brief {
    fn of<S: Message>(exchange: &Exchange<S>) -> Self {
        let mut bits = 0;
        let mut set = |bit: u8, value: bool| bits |= if value { bit } else { 0 };
        set(brief::SEVERAL, exchange.xids.len() > 1);
        set(brief::FINISHED, exchange.is_finished());
        set(brief::CURRENT, exchange.superseded.is_none());
        set(brief::CLIENT, exchange.had().client);
        set(brief::REPLY, exchange.had().reply);
        Self {
            last: exchange.last,
            first: exchange.first().map_or(0, S::frame),
            xid: exchange.xids.first().copied().unwrap_or(0),
            kind: exchange.kind,
            bits,
        }
    }

    /// One of these is so.
    #[inline]
    pub(super) fn is(&self, bits: u8) -> bool {
        self.bits & bits != 0
    }

    /// One of its messages may have this identifier.
    #[inline]
    pub(super) fn may_have_xid(&self, xid: u32) -> bool {
        self.xid == xid || self.is(brief::SEVERAL)
    }
}

/// An exchange and what is asked of it first.
struct Slot<S: Message> {
    brief: Brief,
    /// Boxed: there may be far fewer than there once were.
    open: Option<Box<Open<S>>>,
}

/// All of them.
pub(super) struct Places<S: Message> {
    slots: Vec<Slot<S>>,
    free: Vec<u32>,
}

impl<S: Message> Default for Places<S> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

/// Where number `id` lies.
fn index(id: u32) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}

impl<S: Message> Places<S> {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    #[inline]
    pub(super) fn brief(&self, id: u32) -> Option<&Brief> {
        self.slots.get(index(id)?).filter(|slot| slot.open.is_some()).map(|slot| &slot.brief)
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Open<S>> {
        self.slots.get(index(id)?)?.open.as_deref()
    }

    /// Whoever changes an exchange [tells](Self::changed).
    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Open<S>> {
        self.slots.get_mut(index(id)?)?.open.as_deref_mut()
    }

    /// An exchange was changed.
    #[inline]
    pub(super) fn changed(&mut self, id: u32) {
        if let Some(slot) = index(id).and_then(|index| self.slots.get_mut(index))
            && let Some(open) = &slot.open
        {
            slot.brief = Brief::of(&open.exchange);
        }
    }

    /// Takes one in; 0 when there is no number left, of four billion.
    pub(super) fn insert(&mut self, open: Open<S>) -> u32 {
        let slot = Slot { brief: Brief::of(&open.exchange), open: Some(Box::new(open)) };
        if let Some(id) = self.free.pop() {
            if let Some(place) = index(id).and_then(|index| self.slots.get_mut(index)) {
                *place = slot;
            }
            return id;
        }
        let Ok(id) = u32::try_from(self.slots.len().saturating_add(1)) else { return 0 };
        self.slots.push(slot);
        id
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<Open<S>> {
        let open = self.slots.get_mut(index(id)?)?.open.take()?;
        self.free.push(id);
        if self.free.len() == self.slots.len() {
            // Who looks at all of them looks at no more than were opened since.
            self.slots.clear();
            self.free.clear();
        }
        Some(*open)
    }

    /// Every one with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Open<S>)> {
        (1..).zip(&self.slots).filter_map(|(id, slot)| Some((id, slot.open.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::transaction::four::ClientKey;
    use crate::analysis::transaction::{Kind, Seen};
    use crate::wire::HwAddr;

    #[test]
    fn there_are_no_more_places_than_were_opened_since_all_were_closed() {
        let mut places = Places::<Seen>::default();
        let mut open = |count: u32| -> Vec<u32> {
            let new = || Open {
                exchange: Exchange::new(Kind::Acquire, None, 0),
                key: ClientKey { tag: 0, addr: HwAddr::default() },
                place: 0,
                relay: None,
            };
            let ids = (0..count).map(|_| places.insert(new())).collect();
            for id in 1..=count {
                assert!(places.get(id).is_some() && places.len() == usize::try_from(count).unwrap());
            }
            for id in 1..count {
                places.remove(id).unwrap();
            }
            assert_eq!(places.slots.len(), usize::try_from(count).unwrap());
            places.remove(count).unwrap();
            ids
        };
        assert_eq!(open(1000), (1..=1000).collect::<Vec<_>>());
        assert_eq!(open(3), [1, 2, 3]);
        assert_eq!((places.slots.len(), places.len()), (0, 0));
    }
}
