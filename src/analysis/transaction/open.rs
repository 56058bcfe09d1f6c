//! The exchanges that are open, by number. A number is given again once its exchange has closed; 0 is none. Those of which hardly
//! anything comes any more are packed: until somebody asks for one.

use std::borrow::Cow;

use super::exchange::{Exchange, Near, Next};
use super::message::Message;
use super::names::Kind;
use super::texts::Texts;
use crate::analysis::keyed::KeyedMap;
use crate::wire::HwAddr;
use crate::wire::problem::Problem;

/// Of fewer than so many that are open none is packed: to pack and unpack one takes a twentieth of what is done for it.
const MANY: usize = if cfg!(test) { 1 } else { 16_384 };
/// So many exchanges are kept as memory for others.
const SPARE: usize = 64;

/// An exchange as it is held.
enum Held<S: Message> {
    /// Boxed: it is large, and what is handed on when it closes. None where nothing is held.
    Whole(Option<Box<Exchange<S>>>),
    Packed(S::Packed),
}

/// A place for an exchange.
struct Place<S: Message> {
    held: Held<S>,
    key: S::Key,
}

/// What is asked of each exchange of a client before one of them is looked into. Exchanges lie far apart in memory; these lie together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    /// Time of its last message, nanoseconds.
    pub(super) last: i64,
    /// The frame that it began with.
    pub(super) first: u64,
    /// When that was.
    start: i64,
    xid: u32,
    pub(super) kind: Kind,
    bits: u8,
    /// A number for the address that its client has.
    renewed: u16,
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
    /// It gave what may still be declined.
    pub(in super::super) const GAVE: u8 = 1 << 6;
    /// A reply was seen.
    pub(in super::super) const REPLY: u8 = 1 << 4;
}

impl Brief {
    fn of<S: Message>(exchange: &Exchange<S>, before: Option<&Self>) -> Self {
        let next = before.and_then(|before| before.next);
        // The first step lies far from the rest.
        let known = before.filter(|before| exchange.steps.len() > 2 && before.first == exchange.began);
        let (start, renewed) = known.map_or_else(
            || {
                let first = exchange.first();
                first.map_or((exchange.last, 0), |first| (first.time(), first.renewed().unwrap_or(0)))
            },
            |before| (before.start, before.renewed),
        );
        let mut bits = brief::TAKEN;
        let mut set = |bit: u8, value: bool| bits |= if value { bit } else { 0 };
        set(brief::SEVERAL, exchange.xids.len() > 1);
        set(brief::FINISHED, exchange.is_finished());
        set(brief::CURRENT, next.is_none());
        set(brief::CLIENT, exchange.had().client);
        set(brief::REPLY, exchange.had().reply);
        set(brief::GAVE, exchange.gave());
        Self {
            last: exchange.last,
            first: exchange.began,
            start,
            xid: exchange.xids.first().copied().unwrap_or(0),
            kind: exchange.kind,
            bits,
            renewed,
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
    all: Vec<Place<S>>,
    free: Vec<u32>,
    packing: Packing<S>,
    /// What clients began beside exchanges, which matters of few.
    near: KeyedMap<u32, Near>,
}

impl<S: Message> Default for Places<S> {
    fn default() -> Self {
        Self {
            briefs: Vec::new(),
            all: Vec::new(),
            free: Vec::new(),
            packing: Packing::default(),
            near: KeyedMap::default(),
        }
    }
}

/// What packs exchanges, and unpacks them.
struct Packing<S: Message> {
    pattern: S::Pattern,
    /// Texts that exchanges share.
    texts: Texts,
    /// Problems of those that are packed, of which most have none.
    problems: KeyedMap<u32, Vec<(u64, Problem)>>,
    /// Memory lent while one is packed, and that of exchanges that were, for those that begin or are unpacked.
    bytes: Vec<u8>,
    spare: Vec<Box<Exchange<S>>>,
}

impl<S: Message> Default for Packing<S> {
    fn default() -> Self {
        Self {
            pattern: S::Pattern::default(),
            texts: Texts::default(),
            problems: KeyedMap::default(),
            bytes: Vec::new(),
            spare: Vec::new(),
        }
    }
}

impl<S: Message> Packing<S> {
    fn pack(&mut self, id: u32, exchange: &mut Exchange<S>) -> Option<S::Packed> {
        let packed = S::pack(exchange, &mut self.pattern, &mut self.bytes)?;
        let problems = std::mem::take(&mut exchange.problems);
        if !problems.is_empty() {
            self.problems.insert(id, problems);
        }
        Some(packed)
    }

    fn unpack(&mut self, id: u32, packed: &S::Packed) -> Box<Exchange<S>> {
        let texts = &mut self.texts;
        // What is one client's own is shared with nobody who was here meanwhile.
        let text = |own: bool, bytes: &[u8]| if own { bytes.into() } else { texts.common.of(bytes) };
        let spare = self.spare.pop();
        let mut exchange = spare.unwrap_or_else(|| Box::new(Exchange::new(Kind::Unknown, None, 0)));
        S::restore(packed, &mut exchange, &self.pattern, text);
        if !self.problems.is_empty() {
            exchange.problems = self.problems.remove(&id).unwrap_or_default();
        }
        exchange
    }

    /// A copy of what stays packed.
    fn copy(&self, id: u32, packed: &S::Packed) -> Exchange<S> {
        let mut exchange = Exchange::new(Kind::Unknown, None, 0);
        S::restore(packed, &mut exchange, &self.pattern, |_, bytes| bytes.into());
        exchange.problems = self.problems.get(&id).cloned().unwrap_or_default();
        exchange
    }

    /// One that begins.
    fn begin(&mut self, kind: Kind, mac: Option<HwAddr>, seen: &S) -> Box<Exchange<S>> {
        let mut exchange = match self.spare.pop() {
            Some(mut spare) => {
                spare.renew(kind, mac, seen.time());
                spare
            }
            None => Box::new(Exchange::new(kind, mac, seen.time())),
        };
        exchange.place = seen.place();
        exchange
    }

    /// Memory for others; what there is no need of.
    fn give_back(&mut self, exchange: Box<Exchange<S>>) -> Option<Box<Exchange<S>>> {
        if self.spare.len() >= SPARE {
            return Some(exchange);
        }
        self.spare.push(exchange);
        None
    }
}

/// Where number `id` lies.
fn index(id: u32) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}

impl<S: Message> Places<S> {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.all.len().saturating_sub(self.free.len())
    }

    #[inline]
    pub(super) fn brief(&self, id: u32) -> Option<&Brief> {
        self.briefs.get(index(id)?).filter(|brief| brief.is(brief::TAKEN))
    }

    /// An exchange as a whole. Whoever changes it [tells](Self::changed).
    #[inline]
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Exchange<S>> {
        Some(self.get_with_texts(id)?.0)
    }

    /// The same with its client and the texts that exchanges share.
    #[inline]
    pub(super) fn get_with_texts(&mut self, id: u32) -> Option<(&mut Exchange<S>, &S::Key, &mut Texts)> {
        let place = self.all.get_mut(index(id)?)?;
        if let Held::Packed(packed) = &place.held {
            place.held = Held::Whole(Some(self.packing.unpack(id, packed)));
        }
        match &mut place.held {
            Held::Whole(Some(exchange)) => Some((exchange, &place.key, &mut self.packing.texts)),
            Held::Whole(None) | Held::Packed(_) => None,
        }
    }

    /// Texts that exchanges share.
    pub(super) fn texts(&mut self) -> &mut Texts {
        &mut self.packing.texts
    }

    /// An exchange, which stays as it is held.
    fn peek<'a>(&'a self, id: u32, place: &'a Place<S>) -> Option<Cow<'a, Exchange<S>>> {
        match &place.held {
            Held::Whole(exchange) => exchange.as_deref().map(Cow::Borrowed),
            Held::Packed(packed) => Some(Cow::Owned(self.packing.copy(id, packed))),
        }
    }

    /// An exchange was changed.
    #[inline]
    pub(super) fn changed(&mut self, id: u32) {
        let Some(at) = index(id) else { return };
        if let (Some(brief), Some(Place { held: Held::Whole(Some(exchange)), .. })) =
            (self.briefs.get_mut(at), self.all.get(at))
        {
            *brief = Brief::of(exchange, Some(brief));
        }
    }

    /// Nothing is expected of this one: it can be packed, where it is not rare.
    pub(super) fn rests(&mut self, id: u32) {
        if self.len() < MANY {
            return;
        }
        let Some(place) = index(id).and_then(|at| self.all.get_mut(at)) else { return };
        if let Held::Whole(Some(exchange)) = &mut place.held
            && let Some(packed) = self.packing.pack(id, exchange)
            && let Held::Whole(Some(whole)) = std::mem::replace(&mut place.held, Held::Packed(packed))
        {
            self.packing.give_back(whole);
        }
    }

    /// Memory for others; what there is no need of.
    pub(super) fn give_back(&mut self, exchange: Box<Exchange<S>>) -> Option<Box<Exchange<S>>> {
        self.packing.give_back(exchange)
    }

    /// Its client has begun another one; that it began an earlier one is what counts.
    pub(super) fn supersede(&mut self, id: u32, next: Next) {
        let brief = index(id).and_then(|at| self.briefs.get_mut(at));
        if let Some(brief) = brief.filter(|brief| brief.is(brief::CURRENT)) {
            brief.next = Some(next);
            brief.bits &= !brief::CURRENT;
        }
    }

    /// The client of an exchange that is open begins another one.
    pub(super) fn meet(&mut self, older: u32, newer: u32, kind: Kind, seen: &S) {
        let (Some(renewed), Some(brief)) = (seen.renewed(), self.brief(older).copied()) else { return };
        let same = brief.kind.renews() && kind.renews() && seen.is_from_client() && brief.renewed == renewed;
        // What gives up an address or asks for none tells nothing of what was before it, nor does what went well of what comes.
        if matches!(kind, Kind::Acquire | Kind::Reboot | Kind::Renew | Kind::Rebind | Kind::Unknown) {
            let near = self.near.entry(newer).or_default();
            near.before = near.before.max(brief.start);
            if brief.kind == Kind::Acquire || same {
                near.kin_before = near.kin_before.max(brief.start);
            }
        }
        if !brief.is(brief::GAVE) {
            let near = self.near.entry(older).or_default();
            near.after = near.after.min(seen.time());
            if kind == Kind::Acquire || same {
                near.kin_after = near.kin_after.min(seen.time());
            }
        }
    }

    /// An exchange that begins.
    pub(super) fn begin(&mut self, kind: Kind, mac: Option<HwAddr>, seen: &S) -> Box<Exchange<S>> {
        self.packing.begin(kind, mac, seen)
    }

    /// Takes one in; 0 when there is no number left, of four billion.
    pub(super) fn insert(&mut self, exchange: Box<Exchange<S>>, key: S::Key) -> u32 {
        let brief = Brief::of(&exchange, None);
        let place = Place { held: Held::Whole(Some(exchange)), key };
        if let Some(id) = self.free.pop() {
            let at = index(id).unwrap_or(usize::MAX);
            if let (Some(free), Some(own)) = (self.all.get_mut(at), self.briefs.get_mut(at)) {
                (*free, *own) = (place, brief);
            }
            return id;
        }
        let Ok(id) = u32::try_from(self.all.len().saturating_add(1)) else { return 0 };
        self.all.push(place);
        self.briefs.push(brief);
        id
    }

    /// Touches these, so that they are waited for together; each of these loops by itself finds memory that nobody looked at for long.
    pub(super) fn warm(&self, ids: &[u32]) {
        let exchanges = || {
            ids.iter().filter_map(|id| match &self.all.get(index(*id)?)?.held {
                Held::Whole(exchange) => exchange.as_deref(),
                Held::Packed(_) => None,
            })
        };
        let briefs = ids.iter().filter_map(|id| self.brief(*id)).fold(0, |sum, brief| sum ^ brief.last);
        let heads = exchanges().fold(0, |sum, exchange| sum ^ exchange.last);
        let steps = exchanges().filter_map(|exchange| exchange.steps.last());
        std::hint::black_box(briefs ^ heads ^ steps.fold(0, |sum, step| sum ^ step.seen.time()));
    }

    /// Touches all of those that are taken out next.
    pub(super) fn warm_all<'a>(&self, ids: impl Iterator<Item = &'a u32>) {
        let mut sum = 0;
        for id in ids {
            match index(*id).and_then(|at| self.all.get(at)).map(|place| &place.held) {
                Some(Held::Whole(Some(exchange))) => {
                    for step in &exchange.steps {
                        sum ^= step.seen.frame() ^ u64::from(step.role.counts());
                    }
                }
                Some(Held::Packed(packed)) => sum ^= S::touch(packed),
                Some(Held::Whole(None)) | None => {}
            }
        }
        std::hint::black_box(sum);
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<(Box<Exchange<S>>, S::Key)> {
        let at = index(id)?;
        let place = self.all.get_mut(at)?;
        let key = place.key.clone();
        let mut exchange = match std::mem::replace(&mut place.held, Held::Whole(None)) {
            Held::Whole(exchange) => exchange?,
            Held::Packed(packed) => self.packing.unpack(id, &packed),
        };
        if let Some(brief) = self.briefs.get_mut(at) {
            exchange.superseded = brief.next.take();
            brief.bits = 0;
        }
        if !self.near.is_empty() {
            exchange.near = self.near.remove(&id).map(Box::new);
        }
        self.free.push(id);
        if self.free.len() == self.all.len() {
            // Who looks at all of them looks at no more than were opened since.
            self.all.clear();
            self.briefs.clear();
            self.free.clear();
        }
        Some((exchange, key))
    }

    /// The number of every one.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        (1..).zip(&self.briefs).filter(|(_, brief)| brief.is(brief::TAKEN)).map(|(id, _)| id)
    }

    /// Every one with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Cow<'_, Exchange<S>>)> {
        (1..).zip(&self.all).filter_map(|(id, place)| Some((id, self.peek(id, place)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::transaction::four::ClientKey;
    use crate::analysis::transaction::{Kind, Seen};

    #[test]
    fn there_are_no_more_places_than_were_opened_since_all_were_closed() {
        let mut places = Places::<Seen>::default();
        let mut open = |count: u32| -> Vec<u32> {
            let key = ClientKey { tag: 0, addr: HwAddr::default() };
            let new = || Box::new(Exchange::new(Kind::Acquire, None, 0));
            let ids = (0..count).map(|_| places.insert(new(), key)).collect();
            for id in 1..=count {
                assert!(places.get(id).is_some() && places.len() == usize::try_from(count).unwrap());
            }
            for id in 1..count {
                places.remove(id).unwrap();
            }
            assert_eq!(places.all.len(), usize::try_from(count).unwrap());
            places.remove(count).unwrap();
            ids
        };
        assert_eq!(open(1000), (1..=1000).collect::<Vec<_>>());
        assert_eq!(open(3), [1, 2, 3]);
        assert_eq!((places.all.len(), places.len()), (0, 0));
    }
}
