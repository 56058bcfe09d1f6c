//! The exchanges of one protocol that are open: which are a client's, when they close, and which make room for others.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::exchange::{Exchange, Next};
use super::message::Message;
use super::names::{Kind, Role};
use super::open::{Brief, Places, brief};
use super::texts::Texts;
use crate::analysis::keyed::KeyedMap;
use crate::wire::HwAddr;

pub(super) const SECOND: i64 = 1_000_000_000;
/// An unfinished exchange without messages is closed after this.
pub(super) const IDLE: i64 = 120 * SECOND;
/// A finished one takes late messages for this long.
pub(super) const LINGER: i64 = 10 * SECOND;
/// Longest and shortest gap to a retransmission with another xid.
pub(super) const NEWXID: i64 = 35 * SECOND;
pub(super) const MINGAP: i64 = SECOND / 2;
/// Longest gap to a REQUEST with a new xid that selects.
pub(super) const SELECT: i64 = 15 * SECOND;
/// Within this the same message is a copy; other sides of a relay may take longer.
const COPY: i64 = SECOND / 4;
const FORWARD: i64 = SECOND;
/// How far a request may come after its answer in the file.
pub(super) const ORPHAN: i64 = 2 * SECOND;
/// From what gives an address to its DECLINE.
pub(super) const DECLINE: i64 = 120 * SECOND;
/// Messages without a time that wait for the first time.
const UNTIMED: usize = 10_000;
/// So many exchanges are touched before the first of them is closed.
const WARM: usize = 64;
/// So many messages are looked at before the first of them is joined.
pub(super) const AHEAD: usize = 64;
/// Exchanges remembered of one client.
pub(super) const RECENT: usize = 4;

/// What the joiner is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Most exchanges open at a time.
    pub max_open: usize,
    /// An exchange that gave an address is held for a DECLINE that may come; live it is handed out sooner.
    pub hold: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_open: 200_000, hold: true }
    }
}

/// What is remembered of a client while exchanges of it are open.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    /// Its latest exchanges, newest first; 0 is none.
    recent: [u32; RECENT],
}

/// Exchanges that close now, and at what time.
pub(super) type Over = (Vec<u32>, i64);

/// The exchanges that are open.
pub(super) struct Desk<S: Message> {
    options: Options,
    clients: KeyedMap<S::Key, Client>,
    open: Places<S>,
    /// When to look at an exchange again, in order: within a second, soon, and not for long. Each is in one of them.
    soon: VecDeque<(i64, u32)>,
    due: VecDeque<(i64, u32)>,
    later: VecDeque<(i64, u32)>,
    /// How far this input went.
    now: Option<i64>,
    /// What is still to be closed after the end, and when that is.
    ending: VecDeque<u32>,
    end: i64,
    /// How far those went that have ended.
    ended: Option<i64>,
    /// How many were closed to make room.
    pub(super) evicted: u64,
}

impl<S: Message> Desk<S> {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            clients: KeyedMap::default(),
            open: Places::default(),
            soon: VecDeque::new(),
            due: VecDeque::new(),
            later: VecDeque::new(),
            now: None,
            ending: VecDeque::new(),
            end: 0,
            ended: None,
            evicted: 0,
        }
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// An exchange was changed. One that is finished takes what comes late only.
    #[inline]
    pub(super) fn changed(&mut self, id: u32) {
        self.open.changed(id);
        if self.open.brief(id).is_some_and(|brief| brief.is(brief::FINISHED)) {
            self.open.rests(id);
        }
    }

    /// Whoever changes an exchange [tells](Self::changed).
    #[inline]
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Exchange<S>> {
        self.open.get(id)
    }

    /// The same with its client and the texts that exchanges share.
    #[inline]
    pub(super) fn get_with_texts(&mut self, id: u32) -> Option<(&mut Exchange<S>, &S::Key, &mut Texts)> {
        self.open.get_with_texts(id)
    }

    /// Texts that exchanges share.
    pub(super) fn texts(&mut self) -> &mut Texts {
        self.open.texts()
    }

    /// The exchanges that are open, in no order.
    pub(super) fn exchanges(&self) -> impl Iterator<Item = Cow<'_, Exchange<S>>> {
        self.open.iter().map(|(_, exchange)| exchange)
    }

    /// The exchanges that are open with their numbers, in no order.
    pub(super) fn exchanges_by_id(&self) -> impl Iterator<Item = (u32, Cow<'_, Exchange<S>>)> {
        self.open.iter()
    }

    /// The last moment known of this input.
    pub(super) fn now(&self) -> Option<i64> {
        self.now
    }

    /// The last moment known of any input.
    pub(super) fn latest_moment(&self) -> Option<i64> {
        self.now.max(self.ended)
    }

    /// The frame that an exchange began with.
    pub(super) fn first_frame(&self, id: u32) -> u64 {
        self.open.brief(id).map_or(0, |brief| brief.first)
    }

    /// The input ends here: what is open is closed by and by. What comes after it is another input, with times of its own.
    pub(super) fn end(&mut self) {
        self.ending = self.all_open().into();
        self.ended = self.latest_moment();
        self.end = self.now.take().unwrap_or(0);
        self.look_no_more();
        // Nothing more comes of them, and who closes need not be looked for.
        self.clients = KeyedMap::default();
    }

    fn look_no_more(&mut self) {
        for queue in [&mut self.soon, &mut self.due, &mut self.later] {
            queue.clear();
        }
    }

    /// The next that closes after the end, and the end.
    pub(super) fn next_ending(&mut self) -> Option<(u32, i64)> {
        Some((self.ending.pop_front()?, self.end))
    }

    /// Touches those that close next, of which each lies in memory that nobody looked at for long: one by one they are waited for,
    /// together they come at once.
    pub(super) fn warm(&self, count: usize) {
        self.open.warm_all(self.ending.iter().take(count.min(WARM)));
    }

    /// Touches, for the same reason, the latest exchanges of clients that speak next.
    pub(super) fn warm_clients(&self, keys: impl IntoIterator<Item = S::Key>) {
        let mut latest = [0; AHEAD];
        for (id, key) in latest.iter_mut().zip(keys) {
            [*id, ..] = self.recent(&key);
        }
        self.open.warm(&latest);
    }

    /// The frame that the next one began with which closes after the end.
    pub(super) fn ends_next(&self) -> Option<u64> {
        self.ending.front().map(|id| self.first_frame(*id))
    }

    /// What is open, in the order of first frames.
    fn all_open(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.open.ids().collect();
        self.sort(&mut ids);
        ids
    }

    /// Puts exchanges in the order of their first frames.
    fn sort(&self, ids: &mut [u32]) {
        ids.sort_unstable_by_key(|id| self.first_frame(*id));
    }

    /// True when it is `now` and nothing closes, as nearly always.
    #[inline]
    pub(super) fn rests(&mut self, now: i64) -> bool {
        let Some(before) = self.now.filter(|before| now >= before.saturating_sub(IDLE)) else { return false };
        let now = before.max(now);
        let waits = |queue: &VecDeque<(i64, u32)>| queue.front().is_none_or(|(at, _)| *at > now);
        let rests = waits(&self.soon)
            && waits(&self.due)
            && (self.later.is_empty() || (waits(&self.later) && self.has_room()));
        if rests {
            self.now = Some(now);
        }
        rests
    }

    /// Time has come to `now`: what closes, in the order of first frames.
    pub(super) fn advance(&mut self, now: i64) -> Over {
        let before = self.now.unwrap_or(now);
        if now < before.saturating_sub(IDLE) {
            // A new capture began.
            self.now = Some(now);
            self.look_no_more();
            return (self.all_open(), before);
        }
        let now = before.max(now);
        self.now = Some(now);
        let mut over = Vec::new();
        while let Some((_, id)) = self.soon.pop_front_if(|(at, _)| *at <= now) {
            self.look(id, now, &mut over);
        }
        while let Some((_, id)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            self.look(id, now, &mut over);
        }
        // Where there is no room any more, those held for long make some: no more than it takes.
        let most = self.options.max_open / 4;
        while let Some(&(at, id)) = self.later.front() {
            let full = self.open.len().saturating_sub(over.len()) >= most;
            if at > now && !full {
                break;
            }
            self.later.pop_front();
            self.look(id, now, &mut over);
        }
        if over.len() > 1 {
            self.sort(&mut over);
        }
        (over, now)
    }

    /// Looks whether an exchange is over, else sees to it that it is looked at again.
    fn look(&mut self, id: u32, now: i64, over: &mut Vec<u32>) {
        let Some(brief) = self.open.brief(id).copied() else { return };
        let patience = self.patience(&brief);
        let quiet = now.saturating_sub(brief.last);
        let (queue, wait) = if quiet > patience {
            over.push(id);
            return;
        } else if brief.is(brief::FINISHED) && patience > LINGER && quiet <= LINGER {
            // It is held, and need not be looked at every ten seconds.
            (&mut self.later, patience.saturating_sub(LINGER))
        } else if brief.is(brief::FINISHED) && patience == LINGER {
            // It was finished after it began; most were soon after.
            (&mut self.soon, SECOND)
        } else {
            (&mut self.due, LINGER)
        };
        match now.checked_add(wait) {
            Some(at) => {
                queue.push_back((at, id));
                self.open.rests(id);
            }
            // Where time ends nothing can come later.
            None => over.push(id),
        }
    }

    /// Few enough are open that finished ones can be held for a DECLINE.
    fn has_room(&self) -> bool {
        self.open.len() < self.options.max_open / 4
    }

    /// How long after its last message nothing can join it any more.
    fn patience(&self, brief: &Brief) -> i64 {
        if !brief.is(brief::FINISHED) {
            return IDLE;
        }
        let may_hold = self.options.hold && self.has_room();
        if may_hold && brief.is(brief::GAVE) { DECLINE } else { LINGER }
    }

    /// Takes an exchange that closes away.
    pub(super) fn take(&mut self, id: u32) -> Option<(Box<Exchange<S>>, S::Key)> {
        let (exchange, key) = self.open.remove(id)?;
        if let Some(client) = self.clients.get_mut(&key) {
            client.recent = client.recent.map(|recent| if recent == id { 0 } else { recent });
            if client.recent == [0; RECENT] {
                self.clients.remove(&key);
            }
        }
        Some((exchange, key))
    }

    /// An exchange that is not needed any more, for others that begin; what there is no need of.
    pub(super) fn give_back(&mut self, exchange: Box<Exchange<S>>) -> Option<Box<Exchange<S>>> {
        self.open.give_back(exchange)
    }

    /// More are open than may be.
    pub(super) fn is_full(&self) -> bool {
        self.open.len() > self.options.max_open
    }

    /// The exchange that makes room, marked where it was not over anyway, and when.
    pub(super) fn evict(&mut self) -> Option<(u32, i64)> {
        let now = self.now.unwrap_or(0);
        // The oldest come first, those that wait for long before the others.
        let next = |desk: &mut Self| {
            desk.later.pop_front().or_else(|| desk.soon.pop_front()).or_else(|| desk.due.pop_front())
        };
        while let Some((_, id)) = next(self) {
            if let Some(exchange) = self.open.get(id) {
                let done = exchange.is_finished() && now.saturating_sub(exchange.last) > LINGER;
                if !done {
                    exchange.evicted = true;
                    self.evicted = self.evicted.saturating_add(1);
                }
                return Some((id, now));
            }
        }
        None
    }

    /// The latest exchanges of a client, newest first; 0 is none.
    pub(super) fn recent(&self, key: &S::Key) -> [u32; RECENT] {
        self.clients.get(key).map_or([0; RECENT], |client| client.recent)
    }

    /// Those of `recent` that take messages still, newest first, and how many they are.
    pub(super) fn alive(&self, recent: [u32; RECENT], now: i64) -> ([u32; RECENT], usize) {
        let (mut alive, mut count) = ([0; RECENT], 0_usize);
        for id in recent.into_iter().filter(|id| self.is_alive(*id, now)) {
            if let Some(to) = alive.get_mut(count) {
                *to = id;
            }
            count = count.saturating_add(1);
        }
        (alive, count)
    }

    /// It takes messages still.
    pub(super) fn is_alive(&self, id: u32, now: i64) -> bool {
        let Some(brief) = self.open.brief(id) else { return false };
        let quiet = now.saturating_sub(brief.last);
        quiet <= if brief.is(brief::FINISHED) { LINGER } else { IDLE }
    }

    /// The one of `ids`, newest first, that `test` holds for; only where `likely` does it is looked into.
    pub(super) fn find(
        &mut self,
        ids: &[u32],
        likely: impl Fn(&Brief) -> bool,
        test: impl Fn(&Exchange<S>) -> bool,
    ) -> Option<u32> {
        let mut found = |id: &u32| {
            self.open.brief(*id).is_some_and(&likely)
                && self.open.get(*id).is_some_and(|exchange| test(exchange))
        };
        ids.iter().copied().find(|id| found(id))
    }

    /// The newest of `ids` of this kind.
    pub(super) fn latest(&self, ids: &[u32], kind: Kind) -> Option<(u32, Brief)> {
        ids.iter().filter_map(|id| Some((*id, *self.open.brief(*id)?))).find(|(_, brief)| brief.kind == kind)
    }

    /// The exchange that holds the same message already.
    pub(super) fn copy_of(&mut self, seen: &S, ids: &[u32]) -> Option<(u32, Role)> {
        for id in ids {
            let brief = self.open.brief(*id)?;
            if seen.time().saturating_sub(brief.last) > FORWARD || !brief.may_have_xid(seen.xid()) {
                continue;
            }
            let exchange = self.open.get(*id)?;
            for step in exchange.steps.iter().rev() {
                let other = &step.seen;
                let gap = seen.time().saturating_sub(other.time());
                if gap > FORWARD {
                    break;
                }
                if gap < -FORWARD || !seen.is_alike(other) {
                    continue;
                }
                let same = gap.abs() <= COPY && seen.is_same(other);
                if seen.is_beside(other) {
                    if same {
                        return Some((*id, Role::Copy));
                    }
                } else if same || step.role.counts() {
                    return Some((*id, Role::Forwarded));
                }
            }
        }
        None
    }

    /// Opens an exchange with its first message, which its client's others hear of.
    pub(super) fn begin(&mut self, kind: Kind, seen: &S, key: S::Key, mac: Option<HwAddr>) -> u32 {
        let exchange = self.open.begin(kind, mac, seen);
        let id = self.open.insert(exchange, key.clone());
        let client = self.clients.entry(key).or_default();
        if seen.is_from_client() {
            for older in client.recent {
                let next = Next { time: seen.time(), xid: seen.xid(), letter: seen.letter() };
                self.open.supersede(older, next);
            }
        }
        for older in client.recent {
            self.open.meet(older, id, kind, seen);
        }
        client.recent.rotate_right(1);
        if let Some(first) = client.recent.first_mut() {
            *first = id;
        }
        self.due.push_back((self.now.unwrap_or(seen.time()).saturating_add(LINGER), id));
        id
    }
}

/// Messages that came before any time was known.
pub(super) struct Untimed<T>(Vec<T>);

impl<T> Default for Untimed<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Untimed<T> {
    /// There is room for another.
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < UNTIMED
    }

    pub(super) fn push(&mut self, message: T) {
        self.0.push(message);
    }

    /// All of them: a time is known, or will never be.
    pub(super) fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }
}
