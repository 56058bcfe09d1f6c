//! Which message belongs to which exchange.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

use super::exchange::{Exchange, Kind, Letter, Next, Role};
use super::open::{Open, Places};
use super::seen::{Batch, Entry, Item, Seen, Sign, bit};
use super::texts::Shared;
use crate::analysis::keyed::KeyedMap;
use crate::wire::HwAddr;

const SECOND: i64 = 1_000_000_000;
/// An unfinished exchange without messages is closed after this.
const IDLE: i64 = 120 * SECOND;
/// A finished one takes late messages for this long.
const LINGER: i64 = 10 * SECOND;
/// Longest and shortest gap to a retransmission with another xid.
const NEWXID: i64 = 35 * SECOND;
const MINGAP: i64 = SECOND / 2;
/// Longest gap to a selecting REQUEST with a new xid.
const SELECT: i64 = 15 * SECOND;
/// Within this the same message is a copy; other sides of a relay may take longer.
const COPY: i64 = SECOND / 4;
const FORWARD: i64 = SECOND;
/// How far a request may come after its answer in the file.
const ORPHAN: i64 = 2 * SECOND;
/// From ACK to its DECLINE.
const DECLINE: i64 = 120 * SECOND;
/// Messages without a time that wait for the first time.
const UNTIMED: usize = 10_000;
/// Exchanges remembered of one client.
const RECENT: usize = 4;

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

/// Who a client is, in 20 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClientKey {
    tag: u8,
    addr: HwAddr,
}

impl ClientKey {
    fn address(tag: u8, ip: Ipv4Addr) -> Self {
        Self { tag, addr: HwAddr::from_slice(&ip.octets()) }
    }

    /// The key of a message's client.
    fn of(entry: &Entry) -> Self {
        let seen = &entry.seen;
        if matches!(
            seen.letter,
            Letter::LeaseQuery | Letter::LeaseActive | Letter::LeaseUnassigned | Letter::LeaseUnknown
        ) {
            let asker = match (seen.giaddr.is_unspecified(), seen.from_client) {
                (false, _) => seen.giaddr,
                (true, true) => seen.src,
                (true, false) => seen.dst,
            };
            return Self::address(1, asker);
        }
        if named(&entry.client) {
            Self { tag: 0, addr: entry.client }
        } else if seen.has(bit::CLIENT_ID) {
            let [a, b, c, d] = seen.client_id.to_be_bytes();
            Self { tag: 2, addr: HwAddr::from_slice(&[a, b, c, d]) }
        } else if !seen.ciaddr.is_unspecified() {
            Self::address(3, seen.ciaddr)
        } else {
            let [a, b, c, d] = seen.xid.to_be_bytes();
            Self { tag: 4, addr: HwAddr::from_slice(&[a, b, c, d]) }
        }
    }
}

/// True for a hardware address that says something.
fn named(addr: &HwAddr) -> bool {
    addr.as_slice().iter().any(|byte| *byte != 0)
}

/// What is remembered of a client while exchanges of it are open.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    /// Its latest exchanges, newest first; 0 is none.
    recent: [u32; RECENT],
}

/// State of a REQUEST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Selecting,
    Reboot,
    Renew,
    Rebind,
    Pxe,
    Unclear,
}

impl State {
    fn of(seen: &Seen) -> Self {
        let selects = seen.has(bit::SERVER_ID);
        if seen.ports.1 == 4011 {
            Self::Pxe
        } else if selects && seen.ciaddr.is_unspecified() {
            Self::Selecting
        } else if !selects && seen.ciaddr.is_unspecified() && seen.has(bit::REQUESTED) {
            Self::Reboot
        } else if !seen.ciaddr.is_unspecified() && !selects {
            let to_all = seen.has(bit::IP_BROADCAST) || !seen.giaddr.is_unspecified();
            if to_all { Self::Rebind } else { Self::Renew }
        } else if selects {
            Self::Selecting
        } else {
            Self::Unclear
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Selecting => Kind::Acquire,
            Self::Reboot => Kind::Reboot,
            Self::Renew => Kind::Renew,
            Self::Rebind => Kind::Rebind,
            Self::Pxe => Kind::Pxe,
            Self::Unclear => Kind::Unknown,
        }
    }
}

/// Joins messages into exchanges, in the order of the capture.
pub struct Joiner {
    options: Options,
    clients: KeyedMap<ClientKey, Client>,
    open: Places,
    /// Clients without a hardware address: which exchange has this xid.
    nameless: BTreeMap<u32, u32>,
    /// When to look at an exchange again, in order: soon, and not for long.
    due: VecDeque<(i64, u32)>,
    later: VecDeque<(i64, u32)>,
    /// Messages that came before any time was known.
    untimed: Vec<Entry>,
    untimed_bytes: Vec<(Vec<u8>, Vec<crate::wire::problem::Problem>)>,
    now: Option<i64>,
    closed: Vec<Exchange>,
    /// What is still to be closed after the end, and when that is.
    ending: VecDeque<u32>,
    end: i64,
    /// How many were closed to make room.
    pub evicted: u64,
    /// What tells whether answers can be seen.
    sight: super::sight::Sight,
    shared: Shared,
}

impl Joiner {
    /// A joiner that has met nothing.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            clients: KeyedMap::default(),
            open: Places::default(),
            nameless: BTreeMap::new(),
            due: VecDeque::new(),
            later: VecDeque::new(),
            untimed: Vec::new(),
            untimed_bytes: Vec::new(),
            now: None,
            closed: Vec::new(),
            ending: VecDeque::new(),
            end: 0,
            evicted: 0,
            sight: super::sight::Sight::default(),
            shared: Shared::default(),
        }
    }

    /// Takes what came next, and calls `observe` with each message and sign once it is joined, and what it is to its
    /// exchange where that is known.
    pub fn batch(&mut self, batch: &Batch, mut observe: impl FnMut(&Item, Option<Role>)) {
        for item in &batch.items {
            let role = match item {
                Item::Message(entry) => self.message(entry, batch),
                Item::Sign(Sign::Arp { time, .. } | Sign::Echo { time, .. } | Sign::Refused { time, .. }) => {
                    self.advance(*time);
                    None
                }
            };
            observe(item, role);
        }
        if let Some(last) = batch.last {
            self.advance(last);
        }
    }

    /// The exchanges that have closed, in order.
    pub fn take_closed(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.closed)
    }

    /// The exchanges that are open, in no order.
    pub fn open(&self) -> impl Iterator<Item = &Exchange> {
        self.open.iter().map(|(_, open)| &open.exchange)
    }

    /// The last moment known.
    pub fn now(&self) -> Option<i64> {
        self.now
    }

    /// Closes everything: the input ends here.
    pub fn finish(&mut self) {
        self.end();
        while self.close_some(usize::MAX) {}
    }

    /// The input ends here; [`close_some`](Self::close_some) closes what is open, so that not all of it is in memory twice.
    pub fn end(&mut self) {
        let end = self.now.unwrap_or(0);
        for (entry, (bytes, problems)) in
            std::mem::take(&mut self.untimed).into_iter().zip(std::mem::take(&mut self.untimed_bytes))
        {
            let batch = Batch { bytes, problems, ..Batch::default() };
            self.place(entry.seen, &entry, &batch);
        }
        self.ending = self.all_open().into();
        self.end = end;
        self.due.clear();
        self.later.clear();
    }

    /// Closes at most `count` more exchanges after the [`end`](Self::end); false when none is left.
    pub fn close_some(&mut self, count: usize) -> bool {
        let end = self.end;
        for _ in 0..count.min(self.ending.len()) {
            if let Some(id) = self.ending.pop_front() {
                self.close(id, end);
            }
        }
        !self.ending.is_empty()
    }

    /// What is open, in the order of first frames.
    fn all_open(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.open.iter().map(|(id, _)| id).collect();
        self.sort(&mut ids);
        ids
    }

    /// Puts exchanges in the order of their first frames.
    fn sort(&self, ids: &mut [u32]) {
        let first = |id: &u32| self.open.get(*id).and_then(|open| open.exchange.first());
        ids.sort_unstable_by_key(|id| first(id).map_or(0, |seen| seen.frame));
    }

    fn close_all(&mut self, end: i64) {
        for id in self.all_open() {
            self.close(id, end);
        }
        self.due.clear();
        self.later.clear();
    }

    /// Time has come to `now`.
    pub fn advance(&mut self, now: i64) {
        let before = self.now.unwrap_or(now);
        if now < before.saturating_sub(IDLE) {
            // A new capture began.
            self.close_all(before);
            self.now = Some(now);
            return;
        }
        let now = before.max(now);
        self.now = Some(now);
        let mut over = Vec::new();
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
        for id in over {
            self.close(id, now);
        }
    }

    /// Looks whether an exchange is over, else sees to it that it is looked at again.
    fn look(&mut self, id: u32, now: i64, over: &mut Vec<u32>) {
        let Some(open) = self.open.get(id) else { return };
        let patience = self.patience(&open.exchange);
        if now.saturating_sub(open.exchange.last) > patience {
            over.push(id);
        } else if open.exchange.is_finished()
            && patience > LINGER
            && now.saturating_sub(open.exchange.last) <= LINGER
        {
            // It is held, and need not be looked at every ten seconds.
            self.later.push_back((now.saturating_add(patience).saturating_sub(LINGER), id));
        } else {
            self.due.push_back((now.saturating_add(LINGER), id));
        }
    }

    /// Few enough are open that finished ones can be held for a DECLINE.
    fn has_room(&self) -> bool {
        self.open.len() < self.options.max_open / 4
    }

    /// How long after its last message nothing can join it any more.
    fn patience(&self, exchange: &Exchange) -> i64 {
        if !exchange.is_finished() {
            return IDLE;
        }
        let hold = self.options.hold && exchange.had().ack && !exchange.had().decline;
        if hold && self.has_room() { DECLINE } else { LINGER }
    }

    /// It takes messages still.
    fn is_alive(exchange: &Exchange, now: i64) -> bool {
        let quiet = now.saturating_sub(exchange.last);
        quiet <= if exchange.is_finished() { LINGER } else { IDLE }
    }

    fn close(&mut self, id: u32, end: i64) {
        let Some(mut open) = self.open.remove(id) else { return };
        if let Some(client) = self.clients.get_mut(&open.key) {
            client.recent = client.recent.map(|recent| if recent == id { 0 } else { recent });
            if client.recent == [0; RECENT] {
                self.clients.remove(&open.key);
            }
        }
        if open.key.tag != 0 {
            for xid in &open.exchange.xids {
                if self.nameless.get(xid) == Some(&id) {
                    self.nameless.remove(xid);
                }
            }
        }
        open.exchange.judge(end);
        open.exchange.visible = self.sight.visible(&open.exchange);
        self.closed.push(open.exchange);
    }

    fn message(&mut self, entry: &Entry, batch: &Batch) -> Option<Role> {
        let mut seen = entry.seen;
        if seen.has(bit::TIMELESS) {
            match self.now {
                Some(now) => seen.time = now,
                None if self.untimed.len() < UNTIMED => {
                    let (entry, own) = batch.alone(entry);
                    self.untimed.push(entry);
                    self.untimed_bytes.push((own.bytes, own.problems));
                    return None;
                }
                None => seen.time = 0,
            }
        }
        if !self.untimed.is_empty() {
            let waiting = std::mem::take(&mut self.untimed);
            let texts = std::mem::take(&mut self.untimed_bytes);
            for (mut waited, (bytes, problems)) in waiting.into_iter().zip(texts) {
                waited.seen.time = seen.time;
                self.advance(seen.time);
                let batch = Batch { bytes, problems, ..Batch::default() };
                self.place(waited.seen, &waited, &batch);
            }
        }
        self.advance(seen.time);
        self.place(seen, entry, batch)
    }

    fn place(&mut self, seen: Seen, entry: &Entry, batch: &Batch) -> Option<Role> {
        self.sight.observe(&seen, &entry.client);
        let key = ClientKey::of(entry);
        let now = seen.time;
        let recent = self.clients.get(&key).map_or([0; RECENT], |client| client.recent);
        let (mut alive, mut count) = ([0; RECENT], 0_usize);
        for id in recent {
            if self.alive(id, now) {
                if let Some(to) = alive.get_mut(count) {
                    *to = id;
                }
                count = count.saturating_add(1);
            }
        }
        let ids = alive.get(..count).unwrap_or_default();
        let (id, role) = if let Some((id, role)) = self.copy_of(&seen, ids) {
            (id, role)
        } else if seen.from_client {
            self.request(&seen, key, entry, ids, &recent)
        } else {
            self.reply(&seen, key, entry, ids)
        };
        let open = self.open.get_mut(id)?;
        open.exchange.add(&seen, role);
        open.exchange.selected |= entry.selected;
        if open.key.tag != 0 && seen.from_client {
            self.nameless.insert(seen.xid, id);
        }
        let shared = &mut self.shared;
        let mut text = |index: usize| {
            let range = entry.texts.get(index).filter(|range| !range.is_empty())?;
            let (from, to) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
            batch.bytes.get(from..to).map(|bytes| shared.of(bytes))
        };
        let texts = &mut open.exchange.texts;
        if seen.from_client && role.counts() {
            if texts.client_id.is_none() {
                texts.client_id = text(0);
            }
            if texts.hostname.is_none() {
                texts.hostname = text(1);
            }
            if texts.vendor_class.is_none() {
                texts.vendor_class = text(2);
            }
        }
        if role.counts() && seen.gives() && (texts.routers.is_none() || seen.letter == Letter::Ack) {
            texts.routers = text(5);
        }
        if texts.interface.is_none() {
            texts.interface = text(4);
        }
        if seen.letter == Letter::Nak || (texts.reason.is_none() && !seen.from_client) {
            texts.reason = text(3).or(texts.reason.take());
        }
        let range = entry.problems.clone();
        if let (Ok(from), Ok(to)) = (usize::try_from(range.start), usize::try_from(range.end))
            && role.counts()
            && open.exchange.problems.len() < 256
        {
            for problem in batch.problems.get(from..to).unwrap_or_default() {
                open.exchange.problems.push((seen.frame, *problem));
            }
        }
        if self.open.len() > self.options.max_open {
            self.evict();
        }
        Some(role)
    }

    fn evict(&mut self) {
        let now = self.now.unwrap_or(0);
        // The oldest come first, those that wait for long before the others.
        while let Some((_, id)) = self.later.pop_front().or_else(|| self.due.pop_front()) {
            if let Some(open) = self.open.get_mut(id) {
                let done = open.exchange.is_finished() && now.saturating_sub(open.exchange.last) > LINGER;
                if !done {
                    open.exchange.evicted = true;
                    self.evicted = self.evicted.saturating_add(1);
                }
                self.close(id, now);
                return;
            }
        }
    }

    fn alive(&self, id: u32, now: i64) -> bool {
        self.open.get(id).is_some_and(|open| Self::is_alive(&open.exchange, now))
    }

    fn get(&self, id: u32) -> Option<&Open> {
        self.open.get(id)
    }

    /// The exchange that holds the same message already.
    fn copy_of(&self, seen: &Seen, ids: &[u32]) -> Option<(u32, Role)> {
        for id in ids {
            let open = self.get(*id)?;
            for step in open.exchange.steps.iter().rev() {
                let other = &step.seen;
                let gap = seen.time.saturating_sub(other.time);
                if gap > FORWARD {
                    break;
                }
                let alike = other.xid == seen.xid
                    && other.letter == seen.letter
                    && other.ciaddr == seen.ciaddr
                    && other.yiaddr == seen.yiaddr
                    && other.from_client == seen.from_client
                    && gap >= -FORWARD;
                if !alike {
                    continue;
                }
                let same = other.secs == seen.secs && other.options == seen.options && gap.abs() <= COPY;
                if other.side == seen.side {
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

    fn begin(&mut self, kind: Kind, seen: &Seen, key: ClientKey, entry: &Entry) -> u32 {
        let mac = Some(entry.client).filter(named);
        let mut exchange = Exchange::new(kind, mac, seen.time);
        let known = entry.vlans.0.get(..usize::from(entry.vlans.1)).unwrap_or_default();
        exchange.vlans = known.to_vec();
        let (place, giaddr) = (seen.place, seen.giaddr);
        let id = self.open.insert(Open { exchange, key, place, giaddr });
        let client = self.clients.entry(key).or_default();
        if seen.from_client {
            for older in client.recent {
                if let Some(open) = self.open.get_mut(older) {
                    let next = Next { time: seen.time, xid: seen.xid, letter: seen.letter };
                    open.exchange.superseded.get_or_insert(next);
                }
            }
        }
        client.recent.rotate_right(1);
        if let Some(first) = client.recent.first_mut() {
            *first = id;
        }
        self.due.push_back((self.now.unwrap_or(seen.time).saturating_add(LINGER), id));
        id
    }

    /// The one of `ids`, newest first, that `test` holds for.
    fn find(&self, ids: &[u32], test: impl Fn(&Open) -> bool) -> Option<u32> {
        ids.iter().copied().find(|id| self.get(*id).is_some_and(&test))
    }

    fn request(
        &mut self,
        seen: &Seen,
        key: ClientKey,
        entry: &Entry,
        ids: &[u32],
        recent: &[u32],
    ) -> (u32, Role) {
        let xid = |open: &Open| open.exchange.xids.contains(&seen.xid);
        // The answer stood before it in the file.
        let first = self.find(ids, |open| {
            let exchange = &open.exchange;
            let began = exchange.first().map_or(0, |first| first.time);
            !exchange.had().client
                && xid(open)
                && seen.time.saturating_sub(began).abs() <= ORPHAN
                && exchange.replies().any(|reply| answers(reply.letter, seen))
        });
        let state = State::of(seen);
        if let Some(id) = first {
            if let Some(open) = self.open.get_mut(id) {
                open.exchange.kind = match seen.letter {
                    Letter::Request if state == State::Unclear => open.exchange.kind,
                    Letter::Request => state.kind(),
                    letter => kind_of_request(letter),
                };
            }
            return (id, Role::First);
        }
        let gap = |open: &Open| seen.time.saturating_sub(open.exchange.last_client);
        let here = |open: &Open| open.place == seen.place && open.giaddr == seen.giaddr;
        let current = |open: &Open| open.exchange.superseded.is_none();
        let joined = match seen.letter {
            Letter::Discover => self
                .find(ids, |open| {
                    let had = open.exchange.had();
                    open.exchange.kind == Kind::Acquire
                        && xid(open)
                        && current(open)
                        && !had.request
                        && !open.exchange.is_finished()
                })
                .or_else(|| {
                    let latest = self.find(ids, |open| open.exchange.kind == Kind::Acquire)?;
                    let open = self.get(latest)?;
                    let had = open.exchange.had();
                    let fits = current(open)
                        && !had.reply
                        && !had.request
                        && (MINGAP..=NEWXID).contains(&gap(open))
                        && here(open);
                    fits.then_some(latest)
                })
                .map(|id| (id, Role::Retransmission)),
            Letter::Request => self.join_request(seen, state, ids),
            Letter::Decline => {
                let recent: Vec<u32> = recent.iter().copied().filter(|id| *id != 0).collect();
                self.find(&recent, |open| declines(open, seen)).map(|id| (id, Role::First))
            }
            Letter::Release => self
                .find(ids, |open| {
                    open.exchange.kind == Kind::Release
                        && open.exchange.first().is_some_and(|first| {
                            first.ciaddr == seen.ciaddr && first.server_id == seen.server_id
                        })
                })
                .map(|id| (id, Role::Retransmission)),
            letter => {
                let kind = kind_of_request(letter);
                self.find(ids, |open| {
                    open.exchange.kind == kind && xid(open) && !open.exchange.had().reply && current(open)
                })
                .map(|id| (id, Role::Retransmission))
            }
        };
        joined.unwrap_or_else(|| {
            let kind =
                if seen.letter == Letter::Request { state.kind() } else { kind_of_request(seen.letter) };
            (self.begin(kind, seen, key, entry), Role::First)
        })
    }

    fn join_request(&self, seen: &Seen, state: State, ids: &[u32]) -> Option<(u32, Role)> {
        let xid = |open: &Open| open.exchange.xids.contains(&seen.xid);
        let current = |open: &Open| open.exchange.superseded.is_none();
        let gap = |open: &Open| seen.time.saturating_sub(open.exchange.last_client);
        let role = |open: &Open| {
            if open.exchange.had().request { Role::Retransmission } else { Role::First }
        };
        let same = self.find(ids, |open| {
            let exchange = &open.exchange;
            let had = exchange.had();
            if !xid(open) || !current(open) {
                return false;
            }
            if exchange.kind == Kind::Acquire {
                let ended = had.nak && !had.ack;
                return !ended
                    && (state == State::Selecting
                        || (had.offer && !had.request && matches!(state, State::Reboot | State::Unclear)));
            }
            exchange.kind == state.kind() && !had.nak && had.client
        });
        if let Some(id) = same {
            return self.get(id).map(|open| (id, role(open)));
        }
        if state == State::Selecting {
            let latest = self.find(ids, |open| open.exchange.kind == Kind::Acquire)?;
            let open = self.get(latest)?;
            let had = open.exchange.had();
            let since = seen.time.saturating_sub(open.exchange.last);
            let named = open.exchange.replies().any(|reply| {
                reply.letter == Letter::Offer
                    && (reply.server() == seen.server_id || reply.yiaddr == seen.requested)
            });
            let fits = current(open)
                && !open.exchange.is_finished()
                && !had.request
                && since <= SELECT
                && (named || !had.offer);
            return fits.then_some((latest, Role::First));
        }
        if matches!(state, State::Reboot | State::Renew | State::Rebind) {
            let latest = self.find(ids, |open| open.exchange.kind == state.kind())?;
            let open = self.get(latest)?;
            let alike = open
                .exchange
                .sent()
                .next_back()
                .is_some_and(|last| last.requested == seen.requested && last.ciaddr == seen.ciaddr);
            let fits = current(open)
                && !open.exchange.had().reply
                && alike
                && (MINGAP..=NEWXID).contains(&gap(open))
                && open.place == seen.place
                && open.giaddr == seen.giaddr;
            return fits.then_some((latest, Role::Retransmission));
        }
        None
    }

    fn reply(&mut self, seen: &Seen, key: ClientKey, entry: &Entry, ids: &[u32]) -> (u32, Role) {
        if seen.letter == Letter::ForceRenew {
            return (self.begin(Kind::ForceRenew, seen, key, entry), Role::First);
        }
        let xid = |open: &Open| open.exchange.xids.contains(&seen.xid);
        let asked = self.find(ids, |open| xid(open) && takes(&open.exchange, seen));
        if let Some(id) = asked {
            return (id, Role::First);
        }
        if key.tag != 0
            && let Some(&id) = self.nameless.get(&seen.xid)
            && self.get(id).is_some_and(|open| takes(&open.exchange, seen) && reaches(&open.exchange, seen))
        {
            return (id, Role::First);
        }
        let kind = kind_of_orphan(seen);
        let orphan = self.find(ids, |open| {
            let exchange = &open.exchange;
            xid(open) && !exchange.had().client && exchange.kind == kind
        });
        // An orphan waits as long as anything unfinished.
        (orphan.unwrap_or_else(|| self.begin(kind, seen, key, entry)), Role::First)
    }
}

/// The kind that a request begins, REQUEST left out.
fn kind_of_request(letter: Letter) -> Kind {
    match letter {
        Letter::Discover => Kind::Acquire,
        Letter::Decline => Kind::Decline,
        Letter::Release => Kind::Release,
        Letter::Inform => Kind::Inform,
        Letter::BootRequest => Kind::Bootp,
        Letter::LeaseQuery => Kind::LeaseQuery,
        _ => Kind::Unknown,
    }
}

/// The kind of a reply whose request was not seen.
fn kind_of_orphan(seen: &Seen) -> Kind {
    match seen.letter {
        Letter::Ack if seen.ports.0 == 4011 => Kind::Pxe,
        Letter::Ack if seen.yiaddr.is_unspecified() => Kind::Inform,
        Letter::Ack if !seen.ciaddr.is_unspecified() => Kind::Renew,
        Letter::BootReply => Kind::Bootp,
        Letter::LeaseActive | Letter::LeaseUnassigned | Letter::LeaseUnknown => Kind::LeaseQuery,
        Letter::Offer | Letter::Ack => Kind::Acquire,
        _ => Kind::Unknown,
    }
}

/// True when a reply of this kind can answer `request`.
fn answers(reply: Letter, request: &Seen) -> bool {
    match reply {
        Letter::Offer => request.letter == Letter::Discover,
        Letter::Ack => {
            matches!(request.letter, Letter::Request | Letter::Inform)
                || (request.letter == Letter::Discover && request.has(bit::RAPID))
        }
        Letter::Nak => request.letter == Letter::Request,
        Letter::BootReply => request.letter == Letter::BootRequest,
        Letter::LeaseActive | Letter::LeaseUnassigned | Letter::LeaseUnknown => {
            request.letter == Letter::LeaseQuery
        }
        _ => false,
    }
}

/// True when the exchange has a request that `reply` can answer.
fn takes(exchange: &Exchange, reply: &Seen) -> bool {
    exchange.sent().any(|request| request.xid == reply.xid && answers(reply.letter, request))
}

/// True when a reply without a client's address goes where a request of the exchange came from.
fn reaches(exchange: &Exchange, reply: &Seen) -> bool {
    reply.has(bit::IP_BROADCAST)
        || exchange.sent().any(|request| [request.src, request.ciaddr, request.giaddr].contains(&reply.dst))
}

/// True when `seen` declines what this exchange gave.
fn declines(open: &Open, seen: &Seen) -> bool {
    let exchange = &open.exchange;
    let acked = exchange.replies().rev().find(|reply| reply.letter == Letter::Ack);
    let wanted = if seen.has(bit::REQUESTED) && !seen.requested.is_unspecified() {
        Some(seen.requested)
    } else {
        Some(seen.ciaddr).filter(|ciaddr| !ciaddr.is_unspecified())
    };
    acked.is_some_and(|ack| {
        seen.time.saturating_sub(ack.time) <= DECLINE && wanted.is_none_or(|wanted| wanted == ack.yiaddr)
    })
}
