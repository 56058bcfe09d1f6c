//! Which message of DHCPv6 belongs to which exchange (RFC 9915 §18).
//!
//! A client is its DUID. A SOLICIT and the REQUEST that follows are one exchange though their identifiers differ; what asks again with
//! the same identifier is a retransmission; what stands inside a relay's envelope is the message itself, seen on the other side.

use std::borrow::Cow;
use std::sync::Arc;

use super::desk::{DECLINE, Desk, MINGAP, NEWXID, ORPHAN, Options, Over, SELECT, Untimed};
use super::message::{Message as _, Sense};
use super::names::{Kind, Letter, Role};
use super::open::{Brief, brief};
use super::seen::{Batch, part};
use super::seen6::{Entry6, Lease, Seen6, bit6, text};
use super::sight::Sight;
use super::six::{Exchange6, Key6};

/// What a message became when it was joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// What it is to its exchange; none: it is not joined yet.
    pub role: Option<Role>,
    /// The number of its exchange among all of DHCPv6, from 1.
    pub serial: u64,
    /// What it is called.
    pub letter: Option<Letter>,
    /// Its client, as one number that this process made up; none: it names no DUID.
    pub client: Option<u64>,
    /// Which of its exchange's servers sent it.
    pub server: Option<u8>,
    /// A REPLY with rapid commit.
    pub commits: bool,
    /// What it answers.
    pub answers: Option<Letter>,
    /// What it is to its exchange.
    pub sense: Sense,
}

/// Joins messages of DHCPv6 into exchanges, in the order of the capture.
pub struct Joiner6 {
    desk: Desk<Seen6>,
    untimed: Untimed<(Entry6, Batch)>,
    #[allow(clippy::vec_box, reason = "each goes its own way, and is large")]
    closed: Vec<Box<Exchange6>>,
    sight: Sight<Key6>,
    serial: u64,
}

impl Joiner6 {
    /// A joiner that has met nothing.
    pub fn new(options: Options) -> Self {
        Self {
            desk: Desk::new(options),
            untimed: Untimed::default(),
            closed: Vec::new(),
            sight: Sight::default(),
            serial: 0,
        }
    }

    /// How many were closed to make room.
    pub fn evicted(&self) -> u64 {
        self.desk.evicted
    }

    /// The exchanges that have closed, in order.
    #[allow(clippy::vec_box, reason = "each goes its own way, and is large")]
    pub fn take_closed(&mut self) -> Vec<Box<Exchange6>> {
        std::mem::take(&mut self.closed)
    }

    #[inline]
    pub(super) fn has_closed(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The same; memory is kept.
    pub(super) fn drain_closed(&mut self) -> impl Iterator<Item = Box<Exchange6>> {
        self.closed.drain(..)
    }

    /// The exchanges that are open, in no order.
    pub fn open(&self) -> impl Iterator<Item = Cow<'_, Exchange6>> {
        self.desk.exchanges()
    }

    /// The last moment known of any input.
    pub(super) fn now(&self) -> Option<i64> {
        self.desk.latest_moment()
    }

    /// The input ends here: what is open closes by and by.
    pub(super) fn end(&mut self) {
        for (entry, batch) in self.untimed.take() {
            self.place(entry.seen.clone(), &entry, &batch);
        }
        self.desk.end();
    }

    /// Time has come to `now`: what closes.
    pub(super) fn due(&mut self, now: i64) -> Over {
        self.desk.advance(now)
    }

    pub(super) fn desk(&mut self) -> &mut Desk<Seen6> {
        &mut self.desk
    }

    /// Time has come to `now`.
    fn advance(&mut self, now: i64) {
        if self.desk.rests(now) {
            return;
        }
        let (over, at) = self.due(now);
        for id in over {
            self.close(id, at);
        }
    }

    pub(super) fn close(&mut self, id: u32, end: i64) {
        let Some((mut exchange, key)) = self.desk.take(id) else { return };
        exchange.judge(end);
        exchange.extra.ended = end;
        exchange.visible = self.sight.visible(&exchange, &key);
        self.closed.push(exchange);
    }

    pub(super) fn message(&mut self, entry: &Entry6, batch: &Batch) -> Joined {
        let mut seen = entry.seen.clone();
        if seen.has(bit6::TIMELESS) {
            match self.desk.now() {
                Some(now) => seen.time = now,
                None if self.untimed.has_room() => {
                    self.untimed.push(batch.alone6(entry));
                    return Joined::default();
                }
                None => seen.time = 0,
            }
        }
        for (mut waited, batch) in self.untimed.take() {
            waited.seen.time = seen.time;
            self.advance(seen.time);
            self.place(waited.seen.clone(), &waited, &batch);
        }
        self.advance(seen.time);
        self.place(seen, entry, batch)
    }

    fn place(&mut self, mut seen: Seen6, entry: &Entry6, batch: &Batch) -> Joined {
        let bytes = |place: usize| {
            let range = entry.texts.get(place).filter(|range| !range.is_empty())?;
            part(&batch.bytes, range)
        };
        let known = self.desk.texts();
        seen.server = bytes(text::SERVER).map(|bytes| known.common.of(bytes));
        let duid = bytes(text::CLIENT);
        let key = duid.map_or_else(|| Key6::of_address(entry.client), Key6::of_duid);
        let client = duid.map(|_| key.number());
        self.sight.observe(&seen, &key);
        let recent = self.desk.recent(&key);
        let (alive, count) = self.desk.alive(recent, seen.time);
        let ids = alive.get(..count).unwrap_or_default();
        let leases = part(&batch.leases, &entry.leases).unwrap_or_default();
        let (id, role) = if let Some(found) = self.desk.copy_of(&seen, ids) {
            found
        } else if seen.from_client {
            self.request(&seen, (key, entry), (ids, recent.as_slice()), leases)
        } else {
            self.reply(&seen, (key, entry), ids)
        };
        let Some((exchange, _, known)) = self.desk.get_with_texts(id) else { return Joined::default() };
        let answers = (!seen.from_client).then(|| answered(exchange, &seen)).flatten();
        seen.sense = seen.sense_in(answers, &exchange.extra.asked);
        let server = exchange.add(&seen, role);
        exchange.selected |= entry.selected;
        let mut text = |place: usize| {
            let own = matches!(place, text::CLIENT | text::HOSTNAME);
            let shared = if own { &mut known.own } else { &mut known.common };
            bytes(place).map(|bytes| shared.of(bytes))
        };
        let texts = &mut exchange.texts;
        let mut put = |to: &mut Option<Arc<[u8]>>, place: usize| {
            if to.is_none() {
                *to = text(place);
            }
        };
        put(&mut texts.client_id, text::CLIENT);
        if seen.from_client {
            put(&mut texts.hostname, text::HOSTNAME);
            put(&mut texts.vendor_class, text::CLASS);
        }
        put(&mut texts.interface, text::INTERFACE);
        put(&mut exchange.extra.port, text::PORT);
        if seen.sense == Sense::Refuses {
            texts.reason = text(text::REASON).or(texts.reason.take());
        }
        if exchange.mac.is_none() {
            exchange.mac = entry.mac;
        }
        if role.counts() {
            if seen.from_client && exchange.extra.client.is_none() {
                exchange.extra.client = Some(entry.client).filter(|client| !client.is_unspecified());
            }
            exchange.extra.take(&seen, leases);
            exchange.blame(seen.frame, batch.problems_of(&entry.problems));
        }
        let joined = Joined {
            role: Some(role),
            serial: exchange.extra.serial,
            letter: Some(seen.letter),
            client,
            server,
            commits: seen.letter == Letter::Reply && seen.has(bit6::RAPID),
            answers,
            sense: seen.sense,
        };
        self.desk.changed(id);
        if self.desk.is_full()
            && let Some((id, now)) = self.desk.evict()
        {
            self.close(id, now);
        }
        joined
    }

    fn begin(&mut self, kind: Kind, seen: &Seen6, (key, entry): (Key6, &Entry6)) -> u32 {
        let id = self.desk.begin(kind, seen, key, entry.mac);
        self.serial = self.serial.saturating_add(1);
        if let Some(exchange) = self.desk.get(id) {
            let known = entry.vlans.0.get(..usize::from(entry.vlans.1)).unwrap_or_default();
            exchange.vlans = known.to_vec();
            exchange.extra.serial = self.serial;
        }
        id
    }

    fn request(
        &mut self,
        seen: &Seen6,
        who: (Key6, &Entry6),
        (ids, recent): (&[u32], &[u32]),
        leases: &[Lease],
    ) -> (u32, Role) {
        let kind = kind_of(seen.letter);
        // The answer stood before it in the file.
        let orphan = |brief: &Brief| !brief.is(brief::CLIENT) && brief.may_have_xid(seen.xid);
        let first = self.desk.find(ids, orphan, |exchange| {
            let began = exchange.first().map_or(0, |first| first.time);
            exchange.has_xid(seen.xid)
                && seen.time.saturating_sub(began).abs() <= ORPHAN
                && exchange.replies().any(|reply| answers(reply.letter, seen.letter))
        });
        if let Some(id) = first {
            if let Some(exchange) = self.desk.get(id) {
                exchange.kind = kind;
                // What came before it is judged by what it asks for.
                let wished: Vec<_> = leases.iter().map(|lease| (lease.kind, lease.iaid)).collect();
                for step in exchange.steps.iter_mut().filter(|step| !step.seen.from_client) {
                    step.seen.sense = step.seen.sense_in(Some(seen.letter), &wished);
                }
            }
            return (id, Role::First);
        }
        let mine = |brief: &Brief| brief.is(brief::CURRENT) && brief.may_have_xid(seen.xid);
        let again = |exchange: &Exchange6| {
            exchange.sent().any(|sent| sent.xid == seen.xid && sent.letter == seen.letter)
        };
        if let Some(id) = self.desk.find(ids, mine, again) {
            return (id, Role::Retransmission);
        }
        let joined = match seen.letter {
            Letter::Request => self.selected(seen, ids).map(|id| (id, Role::First)),
            Letter::Decline => {
                let ids: Vec<u32> = recent.iter().copied().filter(|id| *id != 0).collect();
                self.desk
                    .find(&ids, |_| true, |exchange| declines(exchange, seen))
                    .map(|id| (id, Role::First))
            }
            // A client that takes a new identifier to say the same again.
            _ => self
                .desk
                .latest(ids, kind)
                .filter(|(_, brief)| brief.is(brief::CURRENT) && !brief.is(brief::REPLY))
                .filter(|(id, _)| self.desk.get(*id).is_some_and(|exchange| repeats(exchange, seen)))
                .map(|(id, _)| (id, Role::Retransmission)),
        };
        joined.unwrap_or_else(|| (self.begin(kind, seen, who), Role::First))
    }

    /// The exchange in which this REQUEST takes what was offered.
    fn selected(&mut self, seen: &Seen6, ids: &[u32]) -> Option<u32> {
        let (latest, brief) = self.desk.latest(ids, Kind::Acquire)?;
        let waits = brief.is(brief::CURRENT) && seen.time.saturating_sub(brief.last) <= SELECT;
        let exchange = if waits { self.desk.get(latest) } else { None }?;
        let had = exchange.had();
        // Of a SOLICIT that is not seen its answer is: by the server that is named now.
        let answers = |reply: &Seen6| reply.sense == Sense::Offers && reply.server == seen.server;
        let orphan = || !had.client && seen.server.is_some() && exchange.replies().any(answers);
        // Where one server refuses, or says nothing, another one is asked.
        (!had.ack && (had.discover || had.request || orphan())).then_some(latest)
    }

    fn reply(&mut self, seen: &Seen6, who: (Key6, &Entry6), ids: &[u32]) -> (u32, Role) {
        if seen.letter == Letter::Reconfigure {
            return (self.begin(Kind::Reconfigure, seen, who), Role::First);
        }
        let likely = |brief: &Brief| brief.may_have_xid(seen.xid);
        let asked = self.desk.find(ids, likely, |exchange| answered(exchange, seen).is_some());
        if let Some(id) = asked {
            return (id, Role::First);
        }
        let kind = match seen.letter {
            Letter::Advertise => Kind::Acquire,
            Letter::Reply if seen.has(bit6::RAPID) => Kind::Acquire,
            Letter::LeaseQueryReply => Kind::LeaseQuery,
            Letter::AddrRegReply => Kind::Register,
            _ => Kind::Unknown,
        };
        let orphaned = |brief: &Brief| brief.kind == kind && !brief.is(brief::CLIENT) && likely(brief);
        let orphan = self.desk.find(ids, orphaned, |exchange| exchange.has_xid(seen.xid));
        (orphan.unwrap_or_else(|| self.begin(kind, seen, who)), Role::First)
    }
}

/// The kind that a message of a client begins.
fn kind_of(letter: Letter) -> Kind {
    match letter {
        Letter::Solicit | Letter::Request => Kind::Acquire,
        Letter::Confirm => Kind::Confirm,
        Letter::Renew => Kind::Renew,
        Letter::Rebind => Kind::Rebind,
        Letter::Release => Kind::Release,
        Letter::Decline => Kind::Decline,
        Letter::InformationRequest => Kind::Inform,
        Letter::LeaseQuery => Kind::LeaseQuery,
        Letter::AddrRegInform => Kind::Register,
        _ => Kind::Unknown,
    }
}

/// True when a reply of this kind can answer such a request.
fn answers(reply: Letter, request: Letter) -> bool {
    match reply {
        Letter::Advertise => request == Letter::Solicit,
        Letter::Reply => !matches!(request, Letter::LeaseQuery | Letter::AddrRegInform),
        Letter::LeaseQueryReply => request == Letter::LeaseQuery,
        Letter::AddrRegReply => request == Letter::AddrRegInform,
        _ => false,
    }
}

/// The message of the exchange that this reply answers.
fn answered(exchange: &Exchange6, reply: &Seen6) -> Option<Letter> {
    let asked = |sent: &&Seen6| sent.xid == reply.xid && answers(reply.letter, sent.letter);
    exchange.sent().rev().find(asked).map(|sent| sent.letter)
}

/// True when `seen` says with another identifier what was said before.
fn repeats(exchange: &Exchange6, seen: &Seen6) -> bool {
    let alike = exchange.sent().next_back().is_some_and(|last| {
        last.letter == seen.letter && last.address == seen.address && last.server == seen.server
    });
    alike && (MINGAP..=NEWXID).contains(&exchange.gap(seen)) && exchange.is_where(seen)
}

/// True when `seen` declines what this exchange gave.
fn declines(exchange: &Exchange6, seen: &Seen6) -> bool {
    let given = exchange.replies().rev().find(|reply| reply.sense == Sense::Grants);
    let holds = |(address, _)| exchange.extra.addresses().any(|given| given == address);
    given.is_some_and(|given| {
        seen.time().saturating_sub(given.time()) <= DECLINE && seen.address.is_none_or(holds)
    })
}
