//! The exchanges that are open, by number. A number is given again once its exchange has closed; 0 is none.

use super::exchange::{Exchange, Next};
use super::message::Message;
use super::names::Kind;

/// An open exchange.
pub(super) struct Open<S: Message> {
    /// Boxed: it is large, and what is handed on when it closes.
    pub(super) exchange: Box<Exchange<S>>,
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
    /// The beginning of a later exchange of its client, while the exchange is open: most hear of it when they are over for long.
    next: Option<Next>,
}

/// Bits of a [`Brief`].
pub(super) mod brief {
    /// The place is taken.
    pub(in super::super) const TAKEN: u8 = 1 << 5;
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
    fn of<S: Message>(exchange: &Exchange<S>, next: Option<Next>) -> Self {
        let mut bits = brief::TAKEN;
        let mut set = |bit: u8, value: bool| bits |= if value { bit } else { 0 };
        set(brief::SEVERAL, exchange.xids.len() > 1);
        set(brief::FINISHED, exchange.is_finished());
        set(brief::CURRENT, next.is_none());
        set(brief::CLIENT, exchange.had().client);
        set(brief::REPLY, exchange.had().reply);
        Self {
            last: exchange.last,
            first: exchange.began,
            xid: exchange.xids.first().copied().unwrap_or(0),
            kind: exchange.kind,
            bits,
            next,
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

/// All of them.
pub(super) struct Places<S: Message> {
    /// What is asked first of each: read far more often than the rest, and close together.
    briefs: Vec<Brief>,
    open: Vec<Option<Open<S>>>,
    free: Vec<u32>,
}

impl<S: Message> Default for Places<S> {
    fn default() -> Self {
        Self { briefs: Vec::new(), open: Vec::new(), free: Vec::new() }
    }
}

/// Where number `id` lies.
fn index(id: u32) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}

impl<S: Message> Places<S> {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open.len().saturating_sub(self.free.len())
    }

    #[inline]
    pub(super) fn brief(&self, id: u32) -> Option<&Brief> {
        self.briefs.get(index(id)?).filter(|brief| brief.is(brief::TAKEN))
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Open<S>> {
        self.open.get(index(id)?)?.as_ref()
    }

    /// Whoever changes an exchange [tells](Self::changed).
    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Open<S>> {
        self.open.get_mut(index(id)?)?.as_mut()
    }

    /// An exchange was changed.
    #[inline]
    pub(super) fn changed(&mut self, id: u32) {
        let Some(at) = index(id) else { return };
        if let (Some(brief), Some(Some(open))) = (self.briefs.get_mut(at), self.open.get(at)) {
            *brief = Brief::of(&open.exchange, brief.next);
        }
    }

    /// Its client has begun another one; that it began an earlier one is what counts.
    pub(super) fn supersede(&mut self, id: u32, next: Next) {
        let brief = index(id).and_then(|at| self.briefs.get_mut(at));
        if let Some(brief) = brief.filter(|brief| brief.is(brief::CURRENT)) {
            brief.next = Some(next);
            brief.bits &= !brief::CURRENT;
        }
    }

    /// Takes one in; 0 when there is no number left, of four billion.
    pub(super) fn insert(&mut self, open: Open<S>) -> u32 {
        let brief = Brief::of(&open.exchange, None);
        if let Some(id) = self.free.pop() {
            let at = index(id).unwrap_or(usize::MAX);
            if let (Some(place), Some(own)) = (self.open.get_mut(at), self.briefs.get_mut(at)) {
                (*place, *own) = (Some(open), brief);
            }
            return id;
        }
        let Ok(id) = u32::try_from(self.open.len().saturating_add(1)) else { return 0 };
        self.open.push(Some(open));
        self.briefs.push(brief);
        id
    }

    /// Touches these, so that they are waited for together; each of these loops by itself finds memory that nobody looked at for long.
    pub(super) fn warm(&self, ids: &[u32]) {
        let exchanges = || ids.iter().filter_map(|id| Some(&self.get(*id)?.exchange));
        let briefs = ids.iter().filter_map(|id| self.brief(*id)).fold(0, |sum, brief| sum ^ brief.last);
        let heads = exchanges().fold(0, |sum, exchange| sum ^ exchange.last);
        let steps = exchanges().filter_map(|exchange| exchange.steps.last());
        std::hint::black_box(briefs ^ heads ^ steps.fold(0, |sum, step| sum ^ step.seen.time()));
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<Open<S>> {
        let at = index(id)?;
        let mut open = self.open.get_mut(at)?.take()?;
        if let Some(brief) = self.briefs.get_mut(at) {
            open.exchange.superseded = brief.next.take();
            brief.bits = 0;
        }
        self.free.push(id);
        if self.free.len() == self.open.len() {
            // Who looks at all of them looks at no more than were opened since.
            self.open.clear();
            self.briefs.clear();
            self.free.clear();
        }
        Some(open)
    }

    /// Every one with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Open<S>)> {
        (1..).zip(&self.open).filter_map(|(id, open)| Some((id, open.as_ref()?)))
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
                exchange: Box::new(Exchange::new(Kind::Acquire, None, 0)),
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
            assert_eq!(places.open.len(), usize::try_from(count).unwrap());
            places.remove(count).unwrap();
            ids
        };
        assert_eq!(open(1000), (1..=1000).collect::<Vec<_>>());
        assert_eq!(open(3), [1, 2, 3]);
        assert_eq!((places.open.len(), places.len()), (0, 0));
    }
}
