//! Which message of DHCPv4 belongs to which exchange.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use super::by_xid::ByXid;
use super::desk::{DECLINE, Desk, MINGAP, NEWXID, ORPHAN, Options, Over, SELECT, Untimed};
use super::exchange::Exchange;
use super::four::ClientKey;
use super::names::{Kind, Letter, Role, Side};
use super::open::{Brief, brief};
use super::seen::{Batch, Entry, Item, Seen, bit, part};
use super::sight::Sight;
use crate::wire::HwAddr;

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

/// Joins messages of DHCPv4 into exchanges, in the order of the capture.
pub struct Joiner {
    desk: Desk<Seen>,
    /// For replies without a client's address.
    nameless: ByXid,
    untimed: Untimed<(Entry, Batch)>,
    #[allow(clippy::vec_box, reason = "each goes its own way, and is large")]
    closed: Vec<Box<Exchange>>,
    /// What tells whether answers can be seen.
    sight: Sight<HwAddr>,
}

impl Joiner {
    /// A joiner that has met nothing.
    pub fn new(options: Options) -> Self {
        Self {
            desk: Desk::new(options),
            nameless: ByXid::default(),
            untimed: Untimed::default(),
            closed: Vec::new(),
            sight: Sight::default(),
        }
    }

    /// Takes what came next, and calls `observe` with each message and sign once it is joined, and what it is to its
    /// exchange where that is known.
    pub fn batch(&mut self, batch: &Batch, mut observe: impl FnMut(&Item, Option<Role>)) {
        for item in &batch.items {
            let role = match item {
                Item::Message(entry) => self.message(entry, batch),
                Item::Six(_) | Item::Router(_) => None,
                Item::Sign(sign) => {
                    self.advance(sign.time());
                    None
                }
            };
            observe(item, role);
        }
        if let Some(last) = batch.last {
            self.advance(last);
        }
    }

    /// How many were closed to make room.
    pub fn evicted(&self) -> u64 {
        self.desk.evicted
    }

    /// The exchanges that have closed, in order.
    #[allow(clippy::vec_box, reason = "each goes its own way, and is large")]
    pub fn take_closed(&mut self) -> Vec<Box<Exchange>> {
        std::mem::take(&mut self.closed)
    }

    #[inline]
    pub(super) fn has_closed(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The same; memory is kept.
    pub(super) fn drain_closed(&mut self) -> impl Iterator<Item = Box<Exchange>> {
        self.closed.drain(..)
    }

    /// The exchanges that are open, in no order.
    pub fn open(&self) -> impl Iterator<Item = Cow<'_, Exchange>> {
        self.desk.exchanges()
    }

    /// The last moment known of any input.
    pub fn now(&self) -> Option<i64> {
        self.desk.latest_moment()
    }

    /// Closes everything: the input ends here.
    pub fn finish(&mut self) {
        self.end();
        while let Some((id, end)) = self.desk.next_ending() {
            self.close(id, end);
        }
    }

    /// The input ends here: what is open closes by and by, so that not all of it is in memory twice.
    pub(super) fn end(&mut self) {
        for (entry, batch) in self.untimed.take() {
            self.place(entry.seen, &entry, &batch);
        }
        self.desk.end();
    }

    /// Time has come to `now`.
    pub fn advance(&mut self, now: i64) {
        if self.desk.rests(now) {
            return;
        }
        let (over, at) = self.due(now);
        for id in over {
            self.close(id, at);
        }
    }

    /// Time has come to `now`: what closes.
    pub(super) fn due(&mut self, now: i64) -> Over {
        self.desk.advance(now)
    }

    pub(super) fn desk(&mut self) -> &mut Desk<Seen> {
        &mut self.desk
    }

    /// These are joined next.
    pub(super) fn warm(&self, items: &[Item]) {
        self.desk.warm_clients(items.iter().filter_map(|item| match item {
            Item::Message(entry) => Some(ClientKey::of(entry)),
            _ => None,
        }));
    }

    pub(super) fn close(&mut self, id: u32, end: i64) {
        let Some((mut exchange, key)) = self.desk.take(id) else { return };
        if key.tag != 0 || self.nameless.all {
            exchange.xids.iter().for_each(|xid| self.nameless.remove(*xid, id));
        }
        exchange.judge(end);
        exchange.visible = self.sight.visible(&exchange, &exchange.mac.unwrap_or_default());
        self.closed.push(exchange);
    }

    pub(super) fn message(&mut self, entry: &Entry, batch: &Batch) -> Option<Role> {
        let mut seen = entry.seen;
        if seen.has(bit::TIMELESS) {
            match self.desk.now() {
                Some(now) => seen.time = now,
                None if self.untimed.has_room() => {
                    self.untimed.push(batch.alone(entry));
                    return None;
                }
                None => seen.time = 0,
            }
        }
        for (mut waited, batch) in self.untimed.take() {
            waited.seen.time = seen.time;
            self.advance(seen.time);
            self.place(waited.seen, &waited, &batch);
        }
        self.advance(seen.time);
        self.place(seen, entry, batch)
    }

    fn place(&mut self, seen: Seen, entry: &Entry, batch: &Batch) -> Option<Role> {
        let key = ClientKey::of(entry);
        let now = seen.time;
        let recent = self.desk.recent(&key);
        let (alive, count) = self.desk.alive(recent, now);
        let ids = alive.get(..count).unwrap_or_default();
        let (id, role) = if let Some((id, role)) = self.desk.copy_of(&seen, ids) {
            (id, role)
        } else if seen.from_client {
            self.request(&seen, key, entry, ids, &recent)
        } else {
            self.reply(&seen, key, entry, ids)
        };
        let (exchange, its_key, known) = self.desk.get_with_texts(id)?;
        // Of a client that has an address of its own, what was told is not told again.
        let own = key == *its_key && key.tag == 0 && seen.place == exchange.place;
        if !(own && exchange.had.sighted && seen.side == Side::Client) {
            exchange.had.sighted |= self.sight.observe(&seen, &entry.client) && own;
        }
        exchange.add(&seen, role);
        exchange.selected |= entry.selected;
        // Those that the exchange does not keep would outlive it.
        if (its_key.tag != 0 || self.nameless.all) && seen.from_client && exchange.has_xid(seen.xid) {
            self.nameless.insert(seen.xid, id);
        }
        let mut text = |index: usize| {
            let range = entry.texts.get(index).filter(|range| !range.is_empty())?;
            let shared = if index < 2 { &mut known.own } else { &mut known.common };
            part(&batch.bytes, range).map(|bytes| shared.of(bytes))
        };
        let gives = role.counts()
            && !seen.from_client
            && exchange.giving().is_some_and(|giving| giving.frame == seen.frame);
        let texts = &mut exchange.texts;
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
        if gives {
            texts.routers = text(5);
        }
        if texts.interface.is_none() {
            texts.interface = text(4);
        }
        if seen.letter == Letter::Nak || (texts.reason.is_none() && !seen.from_client) {
            let reason = text(3);
            texts.reason = reason.clone().or(texts.reason.take());
            if seen.letter == Letter::Nak {
                exchange.refused(&seen, reason);
            }
        }
        if role.counts() {
            exchange.blame(seen.frame, batch.problems_of(&entry.problems));
        }
        self.desk.changed(id);
        if self.desk.is_full()
            && let Some((id, now)) = self.desk.evict()
        {
            self.close(id, now);
        }
        Some(role)
    }

    fn begin(&mut self, kind: Kind, seen: &Seen, key: ClientKey, entry: &Entry) -> u32 {
        let id = self.desk.begin(kind, seen, key, Some(entry.client).filter(named));
        if let Some(exchange) = self.desk.get(id) {
            let known = entry.vlans.0.get(..usize::from(entry.vlans.1)).unwrap_or_default();
            exchange.vlans = known.to_vec();
        }
        id
    }

    fn request(
        &mut self,
        seen: &Seen,
        key: ClientKey,
        entry: &Entry,
        ids: &[u32],
        recent: &[u32],
    ) -> (u32, Role) {
        let xid = |exchange: &Exchange| exchange.has_xid(seen.xid);
        // The answer stood before it in the file.
        let orphan = |brief: &Brief| !brief.is(brief::CLIENT) && brief.may_have_xid(seen.xid);
        let first = self.desk.find(ids, orphan, |exchange| {
            let began = exchange.first().map_or(0, |first| first.time);
            xid(exchange)
                && seen.time.saturating_sub(began).abs() <= ORPHAN
                && exchange.replies().any(|reply| answers(reply.letter, seen))
        });
        let state = State::of(seen);
        if let Some(id) = first {
            if let Some(exchange) = self.desk.get(id) {
                exchange.kind = match seen.letter {
                    Letter::Request if state == State::Unclear => exchange.kind,
                    Letter::Request => state.kind(),
                    letter => kind_of_request(letter),
                };
            }
            return (id, Role::First);
        }
        let mine = |brief: &Brief| brief.is(brief::CURRENT) && brief.may_have_xid(seen.xid);
        let joined = match seen.letter {
            Letter::Discover => self
                .desk
                .find(
                    ids,
                    |brief| brief.kind == Kind::Acquire && !brief.is(brief::FINISHED) && mine(brief),
                    |exchange| xid(exchange) && !exchange.had().request,
                )
                .or_else(|| {
                    let (latest, brief) = self.desk.latest(ids, Kind::Acquire)?;
                    let waits = brief.is(brief::CURRENT) && !brief.is(brief::REPLY);
                    let exchange = if waits { self.desk.get(latest) } else { None }?;
                    let fits = !exchange.had().request
                        && (MINGAP..=NEWXID).contains(&exchange.gap(seen))
                        && exchange.is_where(seen);
                    fits.then_some(latest)
                })
                .map(|id| (id, Role::Retransmission)),
            Letter::Request => self.join_request(seen, state, ids),
            Letter::Decline => {
                let recent: Vec<u32> = recent.iter().copied().filter(|id| *id != 0).collect();
                let found = self.desk.find(&recent, |_| true, |exchange| declines(exchange, seen));
                found.map(|id| (id, Role::First))
            }
            Letter::Release => self
                .desk
                .find(
                    ids,
                    |brief| brief.kind == Kind::Release,
                    |exchange| {
                        exchange.first().is_some_and(|first| {
                            first.ciaddr == seen.ciaddr && first.server_id == seen.server_id
                        })
                    },
                )
                .map(|id| (id, Role::Retransmission)),
            letter => {
                let kind = kind_of_request(letter);
                self.desk
                    .find(ids, |brief| brief.kind == kind && !brief.is(brief::REPLY) && mine(brief), xid)
                    .map(|id| (id, Role::Retransmission))
            }
        };
        joined.unwrap_or_else(|| {
            let kind =
                if seen.letter == Letter::Request { state.kind() } else { kind_of_request(seen.letter) };
            (self.begin(kind, seen, key, entry), Role::First)
        })
    }

    fn join_request(&mut self, seen: &Seen, state: State, ids: &[u32]) -> Option<(u32, Role)> {
        let role = |exchange: &Exchange| {
            if exchange.had().request { Role::Retransmission } else { Role::First }
        };
        let mine = |brief: &Brief| brief.is(brief::CURRENT) && brief.may_have_xid(seen.xid);
        let same = self.desk.find(ids, mine, |exchange| {
            let had = exchange.had();
            if !exchange.has_xid(seen.xid) {
                return false;
            }
            if exchange.kind == Kind::Acquire {
                let ended = had.nak && !had.ack;
                return !ended
                    && (state == State::Selecting
                        || (had.offer && !had.request && matches!(state, State::Reboot | State::Unclear)));
            }
            let refused = had.nak && !had.ack;
            exchange.kind == state.kind() && !refused && had.client
        });
        if let Some(id) = same {
            return self.desk.get(id).map(|exchange| (id, role(exchange)));
        }
        if state == State::Selecting {
            let (latest, brief) = self.desk.latest(ids, Kind::Acquire)?;
            let waits = brief.is(brief::CURRENT)
                && !brief.is(brief::FINISHED)
                && seen.time.saturating_sub(brief.last) <= SELECT;
            let exchange = if waits { self.desk.get(latest) } else { None }?;
            let had = exchange.had();
            let named = exchange.replies().any(|reply| {
                reply.letter == Letter::Offer
                    && (reply.server() == seen.server_id || reply.yiaddr == seen.requested)
            });
            let fits = !had.request && (named || !had.offer);
            return fits.then_some((latest, Role::First));
        }
        if matches!(state, State::Reboot | State::Renew | State::Rebind) {
            let (latest, brief) = self.desk.latest(ids, state.kind())?;
            let waits = brief.is(brief::CURRENT) && !brief.is(brief::REPLY);
            let exchange = if waits { self.desk.get(latest) } else { None }?;
            let alike = exchange
                .sent()
                .next_back()
                .is_some_and(|last| last.requested == seen.requested && last.ciaddr == seen.ciaddr);
            let fits = alike && (MINGAP..=NEWXID).contains(&exchange.gap(seen)) && exchange.is_where(seen);
            return fits.then_some((latest, Role::Retransmission));
        }
        None
    }

    /// The exchange that a reply without a client's address belongs to: by identifier and destination.
    fn asked_by(&mut self, seen: &Seen) -> Option<u32> {
        if !self.nameless.all {
            // The first of them. From here on all that is open is kept by its identifier.
            self.nameless.all = true;
            let mut all: Vec<_> = self.desk.exchanges_by_id().collect();
            all.sort_unstable_by_key(|(_, exchange)| exchange.began);
            for (id, exchange) in all {
                // An exchange keeps its first identifiers, and gives back what it keeps.
                let kept = exchange.sent().filter(|request| exchange.xids.contains(&request.xid));
                kept.for_each(|request| self.nameless.insert(request.xid, id));
            }
        }
        self.nameless.get(seen.xid).find(|id| {
            let exchange = if self.desk.is_alive(*id, seen.time) { self.desk.get(*id) } else { None };
            exchange.is_some_and(|exchange| takes(exchange, seen) && reaches(exchange, seen))
        })
    }

    fn reply(&mut self, seen: &Seen, key: ClientKey, entry: &Entry, ids: &[u32]) -> (u32, Role) {
        if seen.letter == Letter::ForceRenew {
            return (self.begin(Kind::ForceRenew, seen, key, entry), Role::First);
        }
        let likely = |brief: &Brief| brief.may_have_xid(seen.xid);
        let asked = self.desk.find(ids, likely, |exchange| takes(exchange, seen));
        if let Some(id) = asked {
            return (id, Role::First);
        }
        if key.tag != 0
            && let Some(id) = self.asked_by(seen)
        {
            return self.desk.copy_of(seen, &[id]).unwrap_or((id, Role::First));
        }
        let kind = kind_of_orphan(seen);
        let orphaned = |brief: &Brief| brief.kind == kind && !brief.is(brief::CLIENT) && likely(brief);
        let orphan = self.desk.find(ids, orphaned, |exchange| exchange.has_xid(seen.xid));
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
fn declines(exchange: &Exchange, seen: &Seen) -> bool {
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

#[cfg(test)]
mod tests;
