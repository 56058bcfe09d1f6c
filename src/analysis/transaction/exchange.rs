//! One exchange: its messages in order, its parties, and what came of it.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::desk::SECOND;
use super::few::Few;
use super::message::{Message, Sense};
use super::names::{Kind, Letter, Outcome, Role, Side};
use super::seen::Seen;
use crate::wire::problem::Problem;
use crate::wire::{HwAddr, Mac};

/// Most steps kept of one exchange; the rest is counted.
pub(super) const STEPS: usize = 64;
/// How close to the end of the input a phase must have begun to be still open, nanoseconds.
const GRACE: i64 = 5_000_000_000;
/// Problems kept of one exchange, and of these as many that say again what another says.
const PROBLEMS: usize = 32;
const REPEATED: usize = 24;
/// Reasons of refusals kept of one exchange, each of which may be long.
const REASONS: usize = 8;
/// Most servers told apart in one exchange.
const SERVERS: usize = 16;

/// So many messages of a client are a storm, within [`STORM_SPAN`].
pub const STORM: usize = 21;
/// In nanoseconds.
pub const STORM_SPAN: i64 = 10_000_000_000;

/// One message of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Step<S = Seen> {
    /// The message.
    pub seen: S,
    /// What it is to the exchange.
    pub role: Role,
    /// Which of the exchange's servers sent it, of a reply.
    pub server: Option<u8>,
}

/// Steps of one kind that are not kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeftOut {
    letter: Letter,
    role: Role,
    from_client: bool,
    pub(super) sense: Sense,
    /// Which of the exchange's servers sent them, of replies.
    pub(super) server: Option<u8>,
    pub(super) count: u32,
    /// When the first of them came.
    from: i64,
    /// How they lie to the first offer.
    phase: Phase,
}

/// How a message lies to the first offer of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before it, or there is none.
    Before,
    /// Less than a second after it.
    Soon,
    /// Later.
    Later,
}

impl LeftOut {
    /// How many, as far as they are `wanted`.
    fn if_so(&self, wanted: bool) -> usize {
        if wanted { usize::try_from(self.count).unwrap_or(usize::MAX) } else { 0 }
    }
}

/// What is told of steps that are not kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Left {
    kinds: Vec<LeftOut>,
    /// When the client asked last, and in which frames; once it has stormed, when it did.
    asked: VecDeque<(i64, u64)>,
    stormed: bool,
}

impl Left {
    /// The client asks, or asked before any step was left out.
    fn asks<S: Message>(&mut self, seen: &S) {
        let asks = matches!(seen.letter(), Letter::Discover | Letter::Request | Letter::Inform);
        if self.stormed || !asks || !seen.is_from_client() {
            return;
        }
        if self.asked.len() >= STORM {
            self.asked.pop_front();
        }
        self.asked.push_back((seen.time(), seen.frame()));
        self.stormed = self.asked.len() >= STORM
            && self
                .asked
                .front()
                .is_some_and(|first| (0..=STORM_SPAN).contains(&seen.time().saturating_sub(first.0)));
    }
}

/// Who sends or receives a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party<A = Ipv4Addr> {
    /// The client.
    Client,
    /// Everybody.
    All,
    /// One of the exchange's servers.
    Server(u8),
    /// A relay.
    Relay(A),
    /// An address that is none of these.
    Address(A),
}

/// A server that had a say.
#[derive(Clone, Copy, Debug)]
pub struct Server<I = Ipv4Addr, A = Ipv4Addr> {
    /// How it names itself: option 54, or its DUID.
    pub id: Option<I>,
    /// IP source.
    pub ip: A,
    /// Link-layer source.
    pub mac: Mac,
    /// The address of its first offer.
    pub offered: Option<A>,
    /// From the client's search to its offer, nanoseconds.
    pub offer: Option<i64>,
    /// It gave what was asked for.
    pub acked: bool,
    /// It refused.
    pub refused: bool,
}

/// Texts of an exchange or client, shared with others that say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Option 61, or the DUID.
    pub client_id: Option<Arc<[u8]>>,
    /// Option 12, or the name in option 39 of DHCPv6.
    pub hostname: Option<Arc<[u8]>>,
    /// Option 60 of the client, or the first class in option 16 of DHCPv6.
    pub vendor_class: Option<Arc<[u8]>>,
    /// Option 56, or the text of a status.
    pub reason: Option<Arc<[u8]>>,
    /// The interface.
    pub interface: Option<Arc<[u8]>>,
    /// Option 3 of the reply that gives an address.
    pub routers: Option<Arc<[u8]>>,
}

/// A NAK, by time and frame, and its option 56, where that is another than the one before had.
pub(super) type Reason = ((i64, u64), Option<Arc<[u8]>>);

/// The client's message that begins its next exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// When, nanoseconds since 1970.
    pub time: i64,
    /// Transaction identifier.
    pub xid: u32,
    /// What it is.
    pub letter: Letter,
}

/// When other exchanges of the client began, of those that were open together with this one: the latest of those that began before it,
/// and the first of those that did after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    /// Of any kind; the first moment of all where there is none.
    pub before: i64,
    /// Of any kind; the last moment of all where there is none.
    pub after: i64,
    /// Acquisitions, and renewals of what this one renews.
    pub kin_before: i64,
    /// The same after it.
    pub kin_after: i64,
}

impl Default for Near {
    fn default() -> Self {
        Self { before: i64::MIN, after: i64::MAX, kin_before: i64::MIN, kin_after: i64::MAX }
    }
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Exchange<S: Message = Seen> {
    /// What it is for.
    pub kind: Kind,
    /// The client's hardware address; `None` when missing or all zero.
    pub mac: Option<HwAddr>,
    /// Texts of the client and of the last refusal.
    pub texts: Texts,
    /// Why servers refused, each reason where it is first given.
    #[allow(
        clippy::box_collection,
        reason = "nearly no exchange has any, and there are a great many exchanges"
    )]
    pub(super) reasons: Option<Box<Vec<Reason>>>,
    /// Transaction identifiers, in order.
    pub xids: Few<u32>,
    /// VLANs of its first message.
    pub vlans: Vec<u16>,
    /// The steps, at most [`STEPS`].
    pub steps: Vec<Step<S>>,
    /// How many more there were.
    pub left_out: u32,
    /// Which these were.
    pub(super) left: Option<Box<Left>>,
    /// Everybody who answered, in order of first word.
    pub servers: Few<Server<S::Id, S::Ip>>,
    /// Problems of its messages, with the frame.
    pub problems: Vec<(u64, Problem)>,
    /// The beginning of a later exchange of this client.
    pub superseded: Option<Next>,
    /// What its client began while it was open, and before it; set when it closes.
    pub near: Option<Box<Near>>,
    /// It was closed to make room.
    pub evicted: bool,
    /// Answers to it can be seen here.
    pub visible: bool,
    /// A selection wants one of its messages.
    pub selected: bool,
    /// What came of it; set when it closes.
    pub outcome: Outcome,
    /// What the protocol adds.
    pub extra: S::Extra,
    /// Bits of what happened.
    pub(super) had: Had,
    /// The frame of its first step, which lies far from the rest.
    pub(super) began: u64,
    /// Where its first message was seen.
    pub(super) place: u32,
    /// Time of the last message of any kind.
    pub(super) last: i64,
    /// Time of the last message of the client.
    pub(super) last_client: i64,
    /// When the current phase began.
    pub(super) phase: Option<i64>,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is an event of its own")]
pub struct Had {
    /// Any request.
    pub client: bool,
    /// Any reply.
    pub reply: bool,
    /// DISCOVER, SOLICIT.
    pub discover: bool,
    /// OFFER, an ADVERTISE that offers something.
    pub offer: bool,
    /// REQUEST, and what else asks one server or all for a lease.
    pub request: bool,
    /// ACK, a REPLY that gives what was asked for.
    pub ack: bool,
    /// NAK, a REPLY that refuses.
    pub nak: bool,
    /// DECLINE.
    pub decline: bool,
    /// DISCOVER or SOLICIT with rapid commit.
    pub rapid: bool,
    /// A reply that is none of these.
    pub answer: bool,
    /// A reply went to its client as unicast where it began.
    pub(super) sighted: bool,
}

impl<S: Message> Exchange<S> {
    /// Takes note of a NAK and what it says.
    pub(super) fn refused(&mut self, seen: &S, reason: Option<Arc<[u8]>>) {
        let all = self.reasons.get_or_insert_default();
        // One more says from where on they are not kept.
        if all.len() <= REASONS && all.last().is_none_or(|(_, last)| *last != reason) {
            all.push(((seen.time(), seen.frame()), reason));
        }
    }

    /// Why this message refuses. Of more reasons than are kept, the last is that of all.
    pub fn reason_of(&self, seen: &S) -> Option<&[u8]> {
        let at = (seen.time(), seen.frame());
        let all =
            || self.reasons.iter().flat_map(|all| all.iter()).take(REASONS.saturating_add(1)).enumerate();
        let own = all().find(|(_, (given, _))| *given == at);
        let own = own.or_else(|| all().filter(|(_, (given, _))| *given <= at).last());
        let own = own.filter(|(index, _)| *index < REASONS);
        own.map_or(&self.texts.reason, |(_, (_, reason))| reason).as_deref()
    }

    /// An exchange that begins with a message at `time`.
    pub(super) fn new(kind: Kind, mac: Option<HwAddr>, time: i64) -> Self {
        Self {
            kind,
            mac,
            texts: Texts::default(),
            reasons: None,
            xids: Few::default(),
            vlans: Vec::new(),
            steps: Vec::new(),
            left_out: 0,
            left: None,
            servers: Few::default(),
            problems: Vec::new(),
            superseded: None,
            near: None,
            evicted: false,
            visible: false,
            selected: false,
            outcome: Outcome::Unanswered,
            extra: S::Extra::default(),
            had: Had::default(),
            began: 0,
            place: 0,
            last: time,
            last_client: time,
            phase: None,
        }
    }

    /// One of its messages has this identifier.
    pub(super) fn has_xid(&self, xid: u32) -> bool {
        self.xids.contains(&xid)
    }

    /// How long ago its client spoke, when `seen` comes.
    pub(super) fn gap(&self, seen: &S) -> i64 {
        seen.time().saturating_sub(self.last_client)
    }

    /// It began where `seen` was seen.
    pub(super) fn is_where(&self, seen: &S) -> bool {
        self.place == seen.place() && self.first().is_some_and(|first| first.relay() == seen.relay())
    }

    /// Makes it another one, which begins; its steps keep their memory.
    pub(super) fn renew(&mut self, kind: Kind, mac: Option<HwAddr>, time: i64) {
        let mut steps = std::mem::take(&mut self.steps);
        steps.clear();
        *self = Self { steps, ..Self::new(kind, mac, time) };
    }

    /// What happened in it.
    pub fn had(&self) -> Had {
        self.had
    }

    /// Steps that were really said, in order.
    pub fn said(&self) -> impl DoubleEndedIterator<Item = &Step<S>> + Clone {
        self.steps.iter().filter(|step| step.role.counts())
    }

    /// The client's steps that were really said.
    pub fn sent(&self) -> impl DoubleEndedIterator<Item = &S> + Clone {
        self.said().map(|step| &step.seen).filter(|seen| seen.is_from_client())
    }

    /// The replies, copies left out.
    pub fn replies(&self) -> impl DoubleEndedIterator<Item = &S> + Clone {
        self.said().map(|step| &step.seen).filter(|seen| !seen.is_from_client())
    }

    /// The first step.
    pub fn first(&self) -> Option<&S> {
        self.steps.first().map(|step| &step.seen)
    }

    /// When it began and ended, nanoseconds since 1970.
    pub fn span(&self) -> Option<(i64, i64)> {
        Some((self.steps.first()?.seen.time(), self.steps.last()?.seen.time()))
    }

    /// The same, where its capture tells times.
    pub fn times(&self) -> Option<(i64, i64)> {
        self.span().filter(|_| self.is_timed())
    }

    /// Its capture tells times.
    pub fn is_timed(&self) -> bool {
        self.first().is_some_and(|seen| seen.moment().is_some())
    }

    /// No message of the client, or an acquisition whose beginning is missing.
    pub fn partial(&self) -> bool {
        !self.had.client || (self.kind == Kind::Acquire && !self.had.discover)
    }

    /// Nothing more is needed for it.
    pub(super) fn is_finished(&self) -> bool {
        let Had { ack, nak, decline, answer, .. } = self.had;
        ack || nak
            || decline
            || answer
            || matches!(self.kind, Kind::Release | Kind::Decline | Kind::ForceRenew | Kind::Reconfigure)
    }

    /// It gave what may still be declined.
    pub(super) fn gave(&self) -> bool {
        self.had.ack && self.kind != Kind::Decline
    }

    /// How many of a role, those that are not kept included.
    pub fn count(&self, wanted: impl Fn(Role) -> bool) -> usize {
        let kept = self.steps.iter().filter(|step| wanted(step.role)).count();
        self.left().fold(kept, |all, left| all.saturating_add(left.if_so(wanted(left.role))))
    }

    /// How many messages were really said, those that are not kept included.
    pub fn said_count(&self) -> usize {
        self.count(Role::counts)
    }

    /// How many messages of the client were really said, those that are not kept included.
    pub fn sent_count(&self) -> usize {
        self.sent_of(|_| true)
    }

    /// The same of those letters that are `wanted`.
    pub fn sent_of(&self, wanted: impl Fn(Letter) -> bool) -> usize {
        let kept = self.sent().filter(|seen| wanted(seen.letter())).count();
        self.left().fold(kept, |all, left| {
            all.saturating_add(left.if_so(left.from_client && left.role.counts() && wanted(left.letter)))
        })
    }

    /// What those are that are not kept, and how many.
    pub(super) fn left_letters(&self) -> impl Iterator<Item = (Letter, u64)> + '_ {
        self.left().map(|left| (left.letter, left.count.into()))
    }

    /// When the first of those came that are not kept.
    pub fn left_out_from(&self) -> Option<i64> {
        self.left().map(|left| left.from).min()
    }

    /// How many of the client's messages of a type are not kept, of those before the first offer.
    pub fn left_out_before_offer(&self, letter: Letter) -> usize {
        self.left_out_of(letter, Phase::Before)
    }

    /// The same of those a second after it or later.
    pub fn left_out_after_offer(&self, letter: Letter) -> usize {
        self.left_out_of(letter, Phase::Later)
    }

    fn left_out_of(&self, letter: Letter, phase: Phase) -> usize {
        let own = |left: &LeftOut| left.from_client && left.role.counts() && left.phase == phase;
        self.left().fold(0, |all, left| all.saturating_add(left.if_so(left.letter == letter && own(left))))
    }

    /// Replies that were really said and are not kept.
    pub(super) fn replies_left(&self) -> impl Iterator<Item = &LeftOut> {
        self.left().filter(|left| !left.from_client && left.role.counts())
    }

    fn left(&self) -> impl Iterator<Item = &LeftOut> {
        self.left.iter().flat_map(|left| left.kinds.iter())
    }

    /// An offer is among the steps that are not kept.
    pub fn lacks_offers(&self) -> bool {
        self.left().any(|left| left.sense == Sense::Offers)
    }

    /// When the client stormed, and in which frames, where more steps came than are kept.
    pub fn storm(&self) -> Option<&VecDeque<(i64, u64)>> {
        self.left.as_ref().filter(|left| left.stormed).map(|left| &left.asked)
    }

    /// When the client asked last, and in which frames, of more steps than are kept; once it has stormed, when it did.
    pub fn asked_last(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.left.iter().flat_map(|left| left.asked.iter().copied())
    }

    /// Adds a message; which of the servers sent it.
    pub(super) fn add(&mut self, seen: &S, role: Role) -> Option<u8> {
        if !self.xids.contains(&seen.xid()) && self.xids.len() < STEPS {
            self.xids.push(seen.xid());
        }
        let server = (!seen.is_from_client()).then(|| self.server_index(seen)).flatten();
        let (time, frame) = (seen.time(), seen.frame());
        let late =
            self.steps.last().is_some_and(|step| (step.seen.time(), step.seen.frame()) > (time, frame));
        let step = Step { seen: seen.clone(), role, server };
        if self.steps.len() >= STEPS {
            self.leave_one_out();
            if role.counts()
                && let Some(left) = &mut self.left
            {
                left.asks(seen);
            }
        }
        if self.steps.len() == self.steps.capacity() {
            // A flood of clients that say one thing each is what fills memory. Most acquisitions have four messages, anything else has
            // two; a vector left to itself makes room for four at once.
            match (self.steps.len(), self.kind) {
                (1, Kind::Acquire) => self.steps.reserve_exact(3),
                (0 | 1, _) => self.steps.reserve_exact(1),
                _ => {}
            }
        }
        if late && !self.had.client {
            self.steps.push(step);
            self.steps.sort_by_key(|step| (step.seen.time(), step.seen.frame()));
            self.began = self.steps.first().map_or(0, |step| step.seen.frame());
        } else {
            if self.steps.is_empty() {
                self.began = frame;
            }
            self.steps.push(step);
        }
        self.last = self.last.max(time);
        if !role.counts() {
            return server;
        }
        if seen.is_from_client() {
            self.last_client = self.last_client.max(time);
            self.had.client = true;
            self.phase = self.phase.or(Some(time));
        } else {
            self.had.reply = true;
            self.phase = None;
        }
        seen.teach(self, server);
        server
    }

    /// Leaves out a step of the longest run of one type, neither its first nor its last; where there are no runs, the latest step of
    /// those that are neither the first nor the last of their type. Of a client that asks and asks, how it began, what it said last
    /// before an answer, and what came of it stay.
    fn leave_one_out(&mut self) {
        if self.left.is_none() {
            let mut left = Left::default();
            self.sent().for_each(|seen| left.asks(seen));
            self.left = Some(Box::new(left));
        }
        let kind = |step: &Step<S>| (step.seen.letter(), step.role.counts());
        let (mut length, mut longest, mut between) = (0_usize, 2, None);
        for (index, step) in self.steps.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| self.steps.get(before));
            length = if before.map(kind) == Some(kind(step)) { length.saturating_add(1) } else { 1 };
            if length > longest {
                (longest, between) = (length, index.checked_sub(1));
            }
        }
        let mut after = Vec::new();
        for (index, step) in self.steps.iter().enumerate().rev() {
            if between.is_some() {
                break;
            }
            let own = kind(step);
            let is_last = !after.contains(&own);
            if is_last {
                after.push(own);
            } else if self.steps.iter().take(index).any(|step| kind(step) == own) {
                between = Some(index);
                break;
            }
        }
        // There are fewer types than places for the first and the last of each.
        let at = between.unwrap_or(self.steps.len() / 2);
        let mut before = self.steps.iter().take(at).map(|step| (step.role.counts(), &step.seen));
        // The first offer is always kept.
        let offered = before.find(|(counts, seen)| *counts && seen.sense() == Sense::Offers);
        let offered = offered.map(|(_, seen)| seen.time());
        let Step { seen, role, server } = self.steps.remove(at);
        let phase = match offered.map(|offered| seen.time().saturating_sub(offered)) {
            None => Phase::Before,
            Some(since) if since < SECOND => Phase::Soon,
            Some(_) => Phase::Later,
        };
        self.left_out = self.left_out.saturating_add(1);
        let (letter, from_client, sense) = (seen.letter(), seen.is_from_client(), seen.sense());
        let left = LeftOut { letter, role, from_client, sense, server, count: 1, from: seen.time(), phase };
        self.leave(left);
    }

    /// Counts steps that are not kept: there are few kinds of them.
    fn leave(&mut self, new: LeftOut) {
        let all = &mut self.left.get_or_insert_default().kinds;
        let kind =
            |left: &LeftOut| (left.letter, left.role, left.from_client, left.sense, left.server, left.phase);
        match all.iter_mut().find(|known| kind(known) == kind(&new)) {
            Some(known) => {
                known.count = known.count.saturating_add(new.count);
                known.from = known.from.min(new.from);
            }
            None => all.push(new),
        }
    }

    /// Takes note of what is wrong with a message.
    pub(super) fn blame(&mut self, frame: u64, problems: &[Problem]) {
        for problem in problems {
            if self.problems.len() >= PROBLEMS {
                return;
            }
            let alike =
                |(_, other): &(u64, Problem)| (other.code, other.args) == (problem.code, problem.args);
            let most = if self.problems.iter().any(alike) { REPEATED } else { PROBLEMS };
            if self.problems.len() < most {
                if self.problems.capacity() == 0 {
                    // Where every client says the same wrong thing once, there is one for each that is open.
                    self.problems.reserve_exact(1);
                }
                self.problems.push((frame, *problem));
            }
        }
    }

    /// When the search with this xid was first sent.
    pub(super) fn sought_at(&self, xid: u32) -> Option<i64> {
        self.sent().find(|seen| seen.sense() == Sense::Seeks && seen.xid() == xid).map(S::time)
    }

    fn server_index(&mut self, seen: &S) -> Option<u8> {
        let known = self.servers.iter().position(|server| seen.is_of(server));
        let index = known.or_else(|| {
            (self.servers.len() < SERVERS).then(|| {
                self.servers.push(seen.sender());
                self.servers.len().saturating_sub(1)
            })
        })?;
        u8::try_from(index).ok()
    }

    /// What came of it, for an input that ends at `end`.
    pub(super) fn judge(&mut self, end: i64) {
        self.outcome = S::outcome(self, end);
    }

    /// The input ended too early, at `end`, to say that nothing more came.
    pub(super) fn is_open_at(&self, end: i64) -> bool {
        let phase = self.phase.unwrap_or(self.last);
        self.superseded.is_none() && end.saturating_sub(phase) < GRACE
    }

    /// First offer after the search of its xid, nanoseconds.
    pub fn offer_ns(&self) -> Option<i64> {
        let offer = self.replies().find(|seen| seen.sense() == Sense::Offers)?;
        later(self.sought_at(offer.xid())?, offer.moment()?)
    }

    /// What was asked for, given after it was last asked for, nanoseconds.
    pub fn ack_ns(&self) -> Option<i64> {
        let gives = |step: &Step<S>| step.seen.sense() == Sense::Grants && step.role.counts();
        let at = self.steps.iter().position(gives)?;
        let ack = self.steps.get(at)?;
        let before = self.steps.get(..at)?.iter().rev();
        let mut asked = before.filter(|step| step.role.counts() && step.seen.sense() == Sense::Asks);
        later(asked.next()?.seen.time(), ack.seen.moment()?)
    }

    /// What was asked for, given after the client's first message (of an acquisition: its first search), nanoseconds.
    pub fn total_ns(&self) -> Option<i64> {
        let ack = self.replies().find(|seen| seen.sense() == Sense::Grants)?;
        let first = if self.kind == Kind::Acquire {
            self.sent().find(|seen| seen.sense() == Sense::Seeks)?
        } else {
            self.sent().next()?
        };
        later(first.time(), ack.moment()?)
    }

    /// The letters of its messages, runs as `D*4`.
    pub fn messages(&self) -> String {
        let mut text = Vec::new();
        self.write_messages(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Appends what [`messages`](Self::messages) gives.
    pub fn write_messages(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        let mut said = self.said().map(|step| step.seen.letter().letter()).peekable();
        while let Some(letter) = said.next() {
            let mut count = 1_usize;
            while said.next_if_eq(&letter).is_some() {
                count = count.saturating_add(1);
            }
            if out.len() > begin {
                out.push(b' ');
            }
            out.push(letter);
            if count > 1 {
                out.extend_from_slice(format!("*{count}").as_bytes());
            }
        }
        if self.left_out > 0 {
            out.extend_from_slice(if out.len() > begin { " …" } else { "…" }.as_bytes());
        }
    }

    /// The relays that had a part in it.
    pub fn relays(&self) -> Vec<S::Ip> {
        let mut found = Vec::new();
        for relay in self.steps.iter().filter_map(|step| step.seen.relay()) {
            if !found.contains(&relay) {
                found.push(relay);
            }
        }
        found
    }

    /// This exchange and the one after it as one, to be drawn: steps in order, servers told apart by name.
    #[must_use]
    pub fn followed_by(&self, next: &Self) -> Self {
        let mut both = self.clone();
        for step in &next.steps {
            let server = step.server.and_then(|index| next.servers.get(usize::from(index)));
            let index = server.and_then(|server| {
                let known = both.servers.iter().position(|other| step.seen.is_of(other));
                let index = known.unwrap_or(both.servers.len());
                if known.is_none() {
                    both.servers.push(server.clone());
                }
                u8::try_from(index).ok()
            });
            both.steps.push(Step { seen: step.seen.clone(), server: index, role: step.role });
        }
        if let Some(reasons) = &next.reasons {
            both.reasons.get_or_insert_default().extend(reasons.iter().cloned());
        }
        both.left_out = both.left_out.saturating_add(next.left_out);
        next.left().for_each(|left| both.leave(LeftOut { server: None, ..*left }));
        both
    }

    /// Who sends a step, and to whom.
    pub fn parties(&self, step: &Step<S>) -> (Party<S::Ip>, Party<S::Ip>) {
        let seen = &step.seen;
        let by_address = |ip: S::Ip| {
            let server = self.servers.iter().position(|server| server.ip == ip || S::is_id(server, ip));
            server.and_then(|index| u8::try_from(index).ok()).map_or(Party::Address(ip), Party::Server)
        };
        let own = seen.relay().map(Party::Relay).filter(|_| seen.side() == Side::Relay);
        if seen.is_from_client() {
            let from = own.unwrap_or(Party::Client);
            let to = if seen.is_to_all() { Party::All } else { by_address(seen.dst()) };
            return (from, to);
        }
        let forwarded = step.role == Role::Forwarded && seen.side() == Side::Client;
        let from = match (forwarded.then(|| seen.forwarder(self)).flatten(), step.server) {
            (Some(relay), _) => Party::Relay(relay),
            (None, Some(index)) => Party::Server(index),
            (None, None) => Party::Address(seen.src()),
        };
        (from, own.unwrap_or(Party::Client))
    }
}

/// Nanoseconds from one moment to a later one. What stands in its capture before what it answers tells no delay.
fn later(from: i64, to: i64) -> Option<i64> {
    Some(to.saturating_sub(from)).filter(|delay| *delay >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::a_discover;
    use crate::wire::problem::Code;

    /// What a million clients are held in until they are over.
    #[test]
    fn an_exchange_takes_no_more_room_than_most_of_its_kind_need() {
        let room = |kind: Kind| {
            let mut exchange = Exchange::<Seen>::new(kind, None, 0);
            let mut seen = a_discover();
            let mut rooms = Vec::new();
            for frame in 1..=5 {
                seen.frame = frame;
                exchange.add(&seen, Role::First);
                rooms.push(exchange.steps.capacity());
            }
            assert_eq!(exchange.began, 1);
            exchange.blame(1, &[Problem::outer(Code::HopLimitNot255, [1, 0, 0])]);
            (rooms, exchange.problems.capacity())
        };
        assert_eq!(room(Kind::Acquire), (vec![1, 4, 4, 4, 8], 1));
        assert_eq!(room(Kind::Renew), (vec![1, 2, 4, 4, 8], 1));
    }

    #[test]
    fn problems_of_an_exchange_are_few_and_different() {
        let problem = |number: usize| Problem::outer(Code::HopLimitNot255, [number, 0, 0]);
        let mut exchange = Exchange::<Seen>::new(Kind::Acquire, None, 0);
        for frame in 0..100 {
            exchange.blame(frame, &[problem(1)]);
        }
        assert_eq!(exchange.problems.len(), REPEATED, "one that is said again and again");
        exchange.blame(100, &[vec![problem(1); 50], vec![problem(2)]].concat());
        assert_eq!(exchange.problems.last().map(|(frame, last)| (*frame, last.args[0])), Some((100, 2)));
        let many: Vec<Problem> = (0..10_000).map(problem).collect();
        for frame in 200..300 {
            exchange.blame(frame, &many);
        }
        assert_eq!(exchange.problems.len(), PROBLEMS);
    }

    #[test]
    fn reasons_of_an_exchange_are_few_and_each_message_has_its_own() {
        let nak = |frame: u64| Seen { letter: Letter::Nak, frame, ..a_discover() };
        let told = |reasons: &[&'static str]| {
            let mut exchange = Exchange::<Seen>::new(Kind::Reboot, None, 0);
            for (frame, reason) in (1..).zip(reasons) {
                let reason: Arc<[u8]> = reason.as_bytes().into();
                exchange.texts.reason = Some(Arc::clone(&reason));
                exchange.refused(&nak(frame), Some(reason));
            }
            let of = |frame: u64| {
                exchange.reason_of(&nak(frame)).map(|reason| String::from_utf8_lossy(reason).into_owned())
            };
            let all: Vec<String> = (1..).zip(reasons).filter_map(|(frame, _)| of(frame)).collect();
            (exchange.reasons.map_or(0, |all| all.len()), all)
        };
        let said = ["a", "a", "b", "b", "b", "a", "c"];
        assert_eq!(told(&said), (4, said.map(str::to_owned).to_vec()));
        let many: Vec<&'static str> =
            (0..1000).map(|n: u32| ["x", "y", "z"][usize::try_from(n % 3).unwrap()]).collect();
        let (kept, all) = told(&many);
        assert_eq!(kept, REASONS + 1);
        assert!(all.iter().zip(&many).take(REASONS).all(|(told, given)| told == given), "{all:?}");
        // Those that are not kept are told as the last.
        assert!(all[REASONS..].iter().all(|reason| reason == many.last().unwrap()));
    }
}
