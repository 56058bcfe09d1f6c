//! What shows over time of one client: its exchanges next to each other, and what it does too often.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::evidence::{Evidence, Place};
use super::history::{CLIENTS, MOST, SECOND, Said, finding, party};
use super::rules::{Again, Broken};
use super::{Code, Diagnosis, Finding, Id};
use crate::analysis::bounded::retain;
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{
    Exchange, Few, Kind, Letter, Near, Outcome, STORM, STORM_SPAN, Seen, Who, bit,
};
use crate::wire::HwAddr;

/// Exchanges remembered of a client.
const RECENT: usize = 4;
/// Times remembered of one kind of event.
const TIMES: usize = 24;
/// Client identifiers and addresses remembered of a client, and messages of an exchange.
const OF_ONE: usize = 8;

/// What was said of a client; bits of [`Client::said`].
mod said {
    pub(super) const NAK_LOOP: u8 = 1;
    pub(super) const DECLINES: u8 = 2;
    pub(super) const STORM: u8 = 4;
    pub(super) const IDENTITIES: u8 = 8;
    pub(super) const CHURN: u8 = 16;
}

/// One exchange that has closed. There are a great many of them, of which most came to what the client wanted.
#[derive(Clone, Debug)]
struct Closed {
    /// When its first message came, and in which frame: that of the client, if there is one.
    start: i64,
    frame: u64,
    /// Identifier of the first message.
    xid: u32,
    ciaddr: Ipv4Addr,
    /// What a reboot asks for, 0.0.0.0 for nothing; of others what was offered first.
    address: Ipv4Addr,
    /// How long after the start, and in how many frames, the first OFFER came; [`NONE`] where none did.
    offer: (u32, u32),
    kind: Kind,
    outcome: Outcome,
    from_client: bool,
    /// It begins with a REQUEST.
    asks: bool,
    rest: Option<Box<Rest>>,
}

/// No OFFER.
const NONE: u32 = u32::MAX;

/// When an OFFER came, what it offers, its frame.
type Offer = (i64, Ipv4Addr, u64);

/// What is kept only of exchanges that came to nothing, were hurt, or are odd.
#[derive(Clone, Debug, Default)]
struct Rest {
    /// Whom it was sent to first, the first NAK, and what was sent again, the latest: of what came to nothing.
    server: Option<Ipv4Addr>,
    refusal: Option<Place>,
    again: Box<[Resent]>,
    /// An ACK that arrived broken.
    broken: Option<Box<Broken>>,
    odd: Option<Box<Odd>>,
}

impl Rest {
    fn is_empty(&self) -> bool {
        let Self { server, refusal, again, broken, odd } = self;
        server.is_none() && refusal.is_none() && again.is_empty() && broken.is_none() && odd.is_none()
    }
}

/// What [`Closed`] has no room for.
#[derive(Clone, Copy, Debug)]
struct Odd {
    /// When and in which frame it was sent first, if it was.
    sent: Option<Place>,
    /// The first OFFER, where it lies too far from the start.
    offer: Option<Offer>,
}

/// A message of a client that was not its first.
#[derive(Clone, Copy, Debug)]
struct Resent {
    time: i64,
    frame: u64,
    xid: u32,
}

impl Closed {
    /// What is kept of an exchange.
    fn of(exchange: &Exchange) -> Self {
        let reply = |letter: Letter| exchange.replies().find(move |seen| seen.letter == letter);
        let mut sent = exchange.sent();
        let first = sent.next();
        let (start, frame) = exchange.first().map_or((0, 0), at);
        let kind = exchange.kind;
        let mut new = Self {
            start,
            frame,
            xid: exchange.xids.first().copied().unwrap_or(0),
            ciaddr: first.map_or(Ipv4Addr::UNSPECIFIED, |seen| seen.ciaddr),
            address: Ipv4Addr::UNSPECIFIED,
            offer: (NONE, NONE),
            kind,
            outcome: exchange.outcome,
            from_client: exchange.had().client,
            asks: first.is_some_and(|first| first.letter == Letter::Request),
            rest: None,
        };
        let offer = reply(Letter::Offer).map(|seen| (seen.time, seen.yiaddr, seen.frame));
        if kind == Kind::Reboot {
            new.address = exchange.asked().unwrap_or(Ipv4Addr::UNSPECIFIED);
        } else if let Some((time, address, frame)) = offer {
            new.offer = gap((start, new.frame), (time, frame)).unwrap_or((NONE, NONE));
            new.address = address;
        }
        let mut rest = Rest {
            broken: Broken::last(exchange).map(Box::new),
            odd: new.odd(first, offer),
            ..Rest::default()
        };
        if !exchange.outcome.is_success() {
            let resent = |seen: &Seen| Resent { time: seen.time, frame: seen.frame, xid: seen.xid };
            rest.again = sent.rev().take(OF_ONE - 1).map(resent).collect();
            rest.again.reverse();
            rest.server = first.map(|seen| seen.dst).filter(|dst| !dst.is_broadcast());
            rest.refusal = reply(Letter::Nak).map(at);
        }
        new.rest = (!rest.is_empty()).then(|| Box::new(rest));
        new
    }

    /// What the rest of it has to say of what it was sent `first` and of its first `offer`.
    fn odd(&self, first: Option<&Seen>, offer: Option<Offer>) -> Option<Box<Odd>> {
        let sent = first.map(at);
        let (own, near) = (self.sent_first(), self.offer());
        (own != sent || near != offer)
            .then(|| Box::new(Odd { sent, offer: offer.filter(|_| near.is_none()) }))
    }

    /// What was sent after the first, the latest of what came to nothing.
    fn resent(&self) -> &[Resent] {
        self.rest.as_ref().map_or(&[], |rest| &rest.again)
    }

    /// The client asked with this identifier.
    fn has_xid(&self, xid: u32) -> bool {
        self.from_client && (self.xid == xid || self.resent().iter().any(|sent| sent.xid == xid))
    }

    fn has_odd(&self) -> Option<&Odd> {
        self.rest.as_ref()?.odd.as_deref()
    }

    /// When it was sent first, and in which frame.
    fn sent_first(&self) -> Option<Place> {
        self.has_odd().map_or_else(|| self.from_client.then_some((self.start, self.frame)), |odd| odd.sent)
    }

    /// The first OFFER.
    fn offer(&self) -> Option<Offer> {
        let far = self.has_odd().and_then(|odd| odd.offer);
        let (later, frames) = self.offer;
        let near = || {
            let (time, frame) = after((self.start, self.frame), (later, frames));
            (time, self.address, frame)
        };
        far.or_else(|| (later != NONE).then(near))
    }

    /// What a reboot asks for.
    fn wanted(&self) -> Option<Ipv4Addr> {
        Some(self.address).filter(|address| self.kind == Kind::Reboot && !address.is_unspecified())
    }

    /// Whom what came to nothing was sent to.
    fn server(&self) -> Option<Ipv4Addr> {
        self.rest.as_ref()?.server
    }

    /// When and in which frames it was sent.
    fn sent(&self) -> impl Iterator<Item = Place> + '_ {
        self.sent_first().into_iter().chain(self.resent().iter().map(|sent| (sent.time, sent.frame)))
    }

    /// Frames of what was sent.
    fn frames(&self) -> impl Iterator<Item = u64> + '_ {
        self.sent().map(|(_, frame)| frame)
    }

    /// When it was sent last, else when it began.
    fn last(&self) -> i64 {
        self.sent().last().map_or(self.start, |(time, _)| time)
    }

    /// What it asks, if it begins with a REQUEST.
    fn again(&self) -> Again {
        let time = self.sent_first().map_or(self.start, |(time, _)| time);
        Again { time, xid: self.xid, ciaddr: self.ciaddr, wanted: self.wanted() }
    }

    /// When it began, and in which frame.
    fn began(&self) -> Place {
        (self.start, self.frame)
    }

    /// The first NAK.
    fn refusal(&self) -> Option<Place> {
        self.rest.as_ref()?.refusal
    }

    /// An acquisition, or a renewal of what `own` renews.
    fn is_kin_of(&self, own: &Self) -> bool {
        self.kind == Kind::Acquire || (self.kind.renews() && self.ciaddr == own.ciaddr)
    }

    fn is_unanswered(&self, kind: Kind) -> bool {
        self.kind == kind && self.outcome == Outcome::Unanswered
    }
}

fn at(seen: &Seen) -> Place {
    (seen.time, seen.frame)
}

/// How much later, and how many frames further on, the second is, where that is little.
fn gap(first: Place, second: Place) -> Option<(u32, u32)> {
    let later = u32::try_from(second.0.checked_sub(first.0)?).ok()?;
    let frames = u32::try_from(second.1.checked_sub(first.1)?).ok()?;
    (later != NONE).then_some((later, frames))
}

/// What is so much later.
fn after(first: Place, (later, frames): (u32, u32)) -> Place {
    (first.0.saturating_add(later.into()), first.1.saturating_add(frames.into()))
}

/// An address that was acknowledged, where, and in which frame.
#[derive(Clone, Copy, Debug)]
struct Held {
    address: Ipv4Addr,
    place: u32,
    giaddr: Ipv4Addr,
    at: Place,
}

/// Identifiers and addresses of a client, which mostly has one of each.
#[derive(Clone, Debug, Default)]
enum Shown {
    #[default]
    Nothing,
    One(Option<u32>, Held),
    Many(Box<Names>),
}

/// Identifiers shown, 0 for none; addresses acknowledged in a row, latest last.
#[derive(Clone, Debug, Default)]
struct Names {
    ids: Few<u32>,
    addresses: Few<Held>,
}

impl Shown {
    /// As lists.
    #[allow(clippy::unnecessary_box_returns, reason = "they stay where they lie")]
    fn into_names(self) -> Box<Names> {
        match self {
            Self::Nothing => Box::default(),
            Self::One(id, held) => {
                Box::new(Names { ids: id.into_iter().collect(), addresses: std::iter::once(held).collect() })
            }
            Self::Many(names) => names,
        }
    }
}

/// When a client asked, and in which frames, in order. Most ask twice in short order, which takes no memory of its own.
#[derive(Clone, Debug, Default)]
enum Asked {
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
    fn add(&mut self, at: Place) -> bool {
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
    fn into_list(self) -> Box<VecDeque<Place>> {
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

/// Times and frames of NAKs and DECLINEs, which most clients have none of.
#[derive(Clone, Debug, Default)]
struct Troubles {
    naks: VecDeque<Place>,
    declines: VecDeque<Place>,
}

/// A client. There are a great many of them, most with little to tell.
#[derive(Clone, Debug, Default)]
struct Client {
    /// By time, in a ring that begins at `oldest` once there are as many as are remembered.
    closed: Few<Closed>,
    asked: Asked,
    shown: Shown,
    troubles: Option<Box<Troubles>>,
    oldest: u8,
    /// Which codes were said of it already.
    said: u8,
}

/// What two exchanges of a client are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// The client began nothing between.
    Next,
    /// Two renewals of one address, between which it neither renewed that nor acquired anything.
    Kin,
}

impl Client {
    /// Keeps `closed` in its place by time, and gives `each` of those that it is linked with, the earlier first; beside them what was
    /// kept before. What began between and is still open, as it was `near`, comes between when it closes.
    fn keep(&mut self, closed: Closed, near: Near, mut each: impl FnMut(Link, &Closed, &Closed, &[Closed])) {
        let mut oldest = usize::from(self.oldest);
        let newest = oldest.checked_sub(1).or_else(|| self.closed.len().checked_sub(1));
        let last = newest.and_then(|newest| self.closed.get(newest));
        // Nearly all come in their order, and the others of a client are not looked at for that.
        let in_order = last.is_none_or(|last| last.began() <= closed.began());
        if !in_order {
            self.closed.rotate_left(oldest);
            (self.oldest, oldest) = (0, 0);
        }
        let all: &[Closed] = &self.closed;
        let at =
            if in_order { all.len() } else { all.partition_point(|other| other.began() <= closed.began()) };
        let (newer, older) = all.split_at_checked(oldest).unwrap_or_default();
        // Where they are not in order, the oldest is the first.
        let mut before = older.iter().take(at).chain(newer);
        let mut after = all.get(at..).unwrap_or_default().iter();
        if closed.kind.renews() {
            let kin = |other: &&Closed| other.is_kin_of(&closed);
            if let Some(early) = before.clone().rfind(kin).filter(|early| early.start >= near.kin_before) {
                each(Link::Kin, early, &closed, all);
            }
            if let Some(late) = after.clone().find(kin).filter(|late| late.start <= near.kin_after) {
                each(Link::Kin, &closed, late, all);
            }
        }
        if let Some(early) = before.next_back().filter(|early| early.start >= near.before) {
            each(Link::Next, early, &closed, all);
        }
        if let Some(late) = after.next().filter(|late| late.start <= near.after) {
            each(Link::Next, &closed, late, all);
        }
        if !in_order {
            self.closed.insert(at, closed);
            if self.closed.len() > RECENT {
                self.closed.drop_first();
            }
        } else if self.closed.len() < RECENT {
            self.closed.push(closed);
        } else if let Some(place) = self.closed.get_mut(oldest) {
            *place = closed;
            self.oldest = if oldest.saturating_add(1) < RECENT { self.oldest.saturating_add(1) } else { 0 };
        }
    }
}

/// Adds an event in its place; true once there are `count` of them within `span`.
fn event(list: &mut VecDeque<Place>, at: Place, count: usize, span: i64) -> bool {
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

/// All clients.
#[derive(Debug, Default)]
pub(super) struct Clients {
    /// Where in `all` each of them is. Those with a hardware address, nearly all, stand by themselves: that is found soonest.
    by_address: KeyedMap<HwAddr, u32>,
    by_name: KeyedMap<Who, u32>,
    all: Row,
    /// The turn in which an exchange of each closed last, 0 for nobody, which is asked of all at once; and places of nobody.
    turns: Vec<u64>,
    free: Vec<u32>,
    turn: u64,
    decliners: KeyedMap<Who, Place>,
}

/// Clients in a row. It is laid out piece by piece: a list that grows leaves holes as large as it was.
#[derive(Debug, Default)]
struct Row(Vec<Vec<Client>>);

/// Clients in one piece of a row.
const PIECE: usize = 1024;

impl Row {
    fn get(&self, at: u32) -> Option<&Client> {
        let at = index(at);
        self.0.get(at / PIECE)?.get(at % PIECE)
    }

    fn get_mut(&mut self, at: u32) -> Option<&mut Client> {
        let at = index(at);
        self.0.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    /// One more.
    fn push(&mut self) {
        match self.0.last_mut() {
            Some(last) if last.len() < PIECE => last.push(Client::default()),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(Client::default());
                self.0.push(piece);
            }
        }
    }
}

fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

impl Clients {
    fn find(&self, who: &Who) -> Option<&Client> {
        let at = match who {
            Who::Four(address) => self.by_address.get(address),
            _ => self.by_name.get(who),
        };
        self.all.get(*at?)
    }

    /// How many are known.
    fn len(&self) -> usize {
        self.by_address.len().saturating_add(self.by_name.len())
    }

    /// What is known of a client, who may be new, and has its turn.
    fn meet(&mut self, who: &Who) -> Option<&mut Client> {
        if self.len() >= CLIENTS && self.find(who).is_none() {
            self.forget();
        }
        let Self { by_address, by_name, all, turns, free, .. } = self;
        let new = || {
            if let Some(at) = free.pop() {
                if let Some(client) = all.get_mut(at) {
                    *client = Client::default();
                }
                return at;
            }
            all.push();
            turns.push(0);
            u32::try_from(turns.len().saturating_sub(1)).unwrap_or(u32::MAX)
        };
        let at = match who {
            Who::Four(address) => *by_address.entry(*address).or_insert_with(new),
            _ => *by_name.entry(who.clone()).or_insert_with(new),
        };
        self.turn = self.turn.saturating_add(1);
        if let Some(turn) = turns.get_mut(index(at)) {
            *turn = self.turn;
        }
        all.get_mut(at)
    }

    /// The half of them goes that was not heard of for longest. What was known of it lies there until somebody takes its place.
    fn forget(&mut self) {
        let mut turns: Vec<u64> = self.turns.iter().copied().filter(|turn| *turn > 0).collect();
        let middle = turns.len() / 2;
        if middle >= turns.len() {
            return;
        }
        let limit = *turns.select_nth_unstable(middle).1;
        for (at, turn) in (0..).zip(&mut self.turns) {
            if (1..=limit).contains(turn) {
                *turn = 0;
                self.free.push(at);
            }
        }
        let turns = &self.turns;
        let stays = |at: &u32| turns.get(index(*at)).is_some_and(|turn| *turn > 0);
        retain(&mut self.by_address, stays);
        retain(&mut self.by_name, stays);
    }

    /// Touches what is known of clients, for [`History::warm`](super::History::warm).
    pub(super) fn warm<'a>(&self, exchanges: impl Iterator<Item = &'a Exchange>) {
        let known = exchanges.filter_map(|exchange| self.find(&party(exchange)?));
        std::hint::black_box(known.fold(0, |sum, client| sum ^ client.said));
    }

    /// True for somebody who was a client of an exchange that is remembered.
    pub(super) fn knows(&self, client: HwAddr) -> bool {
        self.by_address.contains_key(&client)
    }

    /// Takes note of an exchange that has closed: what is said of it and the client's exchange before or after it.
    pub(super) fn exchange(&mut self, exchange: &Exchange, found: &mut Vec<Diagnosis>, all: &mut Said) {
        let Some(who) = party(exchange) else { return };
        let Some(client) = self.meet(&who) else { return };
        let mut findings = Vec::new();
        events(client, exchange, &mut findings);
        addresses(client, exchange, &mut findings);
        let near = exchange.near.as_deref().copied().unwrap_or_default();
        client.keep(Closed::of(exchange), near, |link, early, late, all| match link {
            Link::Next => pair((early, late), all, found, &mut findings),
            Link::Kin => found.extend(renewed_again(early, late)),
        });
        if exchange.had().decline
            && let Some(seen) = exchange.sent().find(|seen| seen.letter == Letter::Decline)
            && self.decliners.len() < MOST
        {
            self.decliners.entry(who.clone()).or_insert(at(seen));
        }
        for mut said in findings {
            said.client = Some(who.clone());
            all.merge(said);
        }
    }

    /// What is said of the whole.
    pub(super) fn finish(&mut self, findings: &mut Vec<Finding>) {
        if self.decliners.len() >= 3 {
            let text = format!("{} clients decline addresses", self.decliners.len());
            let all: Evidence = self.decliners.drain().map(|(_, at)| at).collect();
            findings.push(all.finding(Code::DeclineStorm, text));
        }
    }
}

/// Which NAKs refuse anew: several servers that refuse one request refuse it once.
#[derive(Default)]
struct Refusals {
    requests: usize,
    count: usize,
    /// A REQUEST came since the last that counts.
    since: bool,
}

impl Refusals {
    fn asked(&mut self, seen: &Seen) {
        if seen.letter == Letter::Request {
            self.requests = self.requests.saturating_add(1);
            self.since = true;
        }
    }

    /// There are no more of them than requests, and one server refuses each.
    fn refuses(&mut self, exchange: &Exchange, seen: &Seen) -> bool {
        let naks = || exchange.replies().filter(|other| other.letter == Letter::Nak);
        if !exchange.had().client {
            return naks().next().is_some_and(|first| first.server() == seen.server());
        }
        let of_server = || {
            naks()
                .take_while(|other| other.frame != seen.frame)
                .filter(|other| other.server() == seen.server())
        };
        let anew = self.count < self.requests && (self.since || of_server().count() >= self.count);
        if anew {
            self.count = self.count.saturating_add(1);
            self.since = false;
        }
        anew
    }
}

/// What a client does too often.
fn events(client: &mut Client, exchange: &Exchange, findings: &mut Vec<Finding>) {
    let Client { asked, troubles, said: known, .. } = client;
    // Without times nothing is known to come too often.
    if !exchange.is_timed() {
        return;
    }
    let mut refusals = Refusals::default();
    for seen in exchange.said().map(|step| &step.seen) {
        let flag = match seen.letter {
            Letter::Nak if !refusals.refuses(exchange, seen) => continue,
            Letter::Nak => said::NAK_LOOP,
            Letter::Decline => said::DECLINES,
            Letter::Discover | Letter::Request | Letter::Inform => {
                refusals.asked(seen);
                said::STORM
            }
            _ => continue,
        };
        // What was said is said once: no more is remembered for it.
        if *known & flag != 0 {
            continue;
        }
        let over = if flag == said::STORM {
            asked.add(at(seen)).then(|| *std::mem::take(asked).into_list())
        } else {
            let Troubles { naks, declines } = &mut **troubles.get_or_insert_default();
            let (list, span) =
                if flag == said::NAK_LOOP { (naks, 60 * SECOND) } else { (declines, 300 * SECOND) };
            event(list, at(seen), 3, span).then(|| std::mem::take(list))
        };
        if let Some(events) = over {
            *known |= flag;
            findings.push(too_often(flag, &events));
        }
    }
    if let Some(storm) = exchange.storm().filter(|_| *known & said::STORM == 0) {
        *known |= said::STORM;
        findings.push(too_often(said::STORM, storm));
    }
    let mut more = exchange.asked_last().peekable();
    if more.peek().is_none() || *known & said::STORM != 0 {
        return;
    }
    let mut list = std::mem::take(asked).into_list();
    for asks in more {
        if list.binary_search(&asks).is_err() && event(&mut list, asks, STORM, STORM_SPAN) {
            *known |= said::STORM;
            findings.push(too_often(said::STORM, &list));
            return;
        }
    }
    *asked = Asked::Often(list);
}

/// What a client does too often, and when.
fn too_often(flag: u8, events: &VecDeque<Place>) -> Finding {
    let (code, text) = match flag {
        said::NAK_LOOP => (Code::NakLoop, "refused three times within a minute"),
        said::DECLINES => (Code::DeclineStorm, "three addresses declined within five minutes"),
        _ => (Code::ClientStorm, "more than 20 messages within ten seconds"),
    };
    let seen = (events.front().map_or(0, |at| at.0), events.back().map_or(0, |at| at.0));
    finding(code, events.iter().map(|at| at.1), seen, text.to_owned())
}

/// The identifier that a client gives, 0 for none; `None` where what it said is not known.
pub(super) fn identifier(exchange: &Exchange) -> Option<u32> {
    let given = exchange.sent().find(|seen| seen.has(bit::CLIENT_ID));
    let whole = || exchange.sent().any(|seen| seen.has(bit::COMPLETE));
    given.map(|seen| seen.client_id).or_else(|| whole().then_some(0))
}

/// Identifiers and addresses of a client.
fn addresses(client: &mut Client, exchange: &Exchange, findings: &mut Vec<Finding>) {
    let Some(ack) = exchange.granted() else { return };
    let id = identifier(exchange);
    let Seen { yiaddr: address, place, giaddr, .. } = *ack;
    let held = Held { address, place, giaddr, at: at(ack) };
    match &client.shown {
        Shown::Nothing => {
            client.shown = Shown::One(id, held);
            return;
        }
        Shown::One(own, last) if last.address == address && (id.is_none() || id == *own) => return,
        Shown::One(..) | Shown::Many(_) => {}
    }
    let mut names = std::mem::take(&mut client.shown).into_names();
    if let Some(id) = id
        && !names.ids.contains(&id)
        && names.ids.len() < OF_ONE
    {
        names.ids.push(id);
    }
    if names.addresses.last().is_none_or(|last| last.address != address) {
        names.addresses.push(held);
        if names.addresses.len() > OF_ONE {
            names.addresses.drop_first();
        }
    }
    client.said |= names.findings(held, client.said, findings);
    client.shown = Shown::Many(names);
}

impl Names {
    /// What they show, beside what was `said` of them: which codes that is. `own` was acknowledged last.
    fn findings(&self, own: Held, said: u8, findings: &mut Vec<Finding>) -> u8 {
        if self.addresses.len() < 2 {
            return 0;
        }
        let distinct = distinct(&self.addresses);
        let all = || self.addresses.iter().map(|held| held.at).collect::<Evidence>();
        let mut say = |flag: u8, code: Code, text: String| {
            if said & flag == 0 {
                findings.push(all().finding(code, text));
            }
            flag
        };
        let mut done = 0;
        if self.ids.len() >= 2 && distinct >= 2 {
            let text =
                format!("{} client identifiers and {distinct} addresses of one machine", self.ids.len());
            done |= say(said::IDENTITIES, Code::ClientTwoIdentities, text);
        }
        let here = |held: &&Held| held.place == own.place && held.giaddr == own.giaddr;
        let count = self.addresses.iter().rev().take_while(here).count();
        let first = self.addresses.len().saturating_sub(count);
        let here = self::distinct(self.addresses.get(first..).unwrap_or_default());
        if here >= 3 {
            done |= say(said::CHURN, Code::AddressChurn, format!("{here} addresses in a row"));
        }
        done
    }
}

/// How many addresses these are; a client has few.
fn distinct(held: &[Held]) -> usize {
    let is_new =
        |(index, own): &(usize, &Held)| !held.iter().take(*index).any(|other| other.address == own.address);
    held.iter().enumerate().filter(is_new).count()
}

/// Frames of what two exchanges show together.
fn shown(early: &Closed, late: &Closed) -> Vec<u64> {
    let refusal = early.refusal().map(|(_, frame)| frame);
    early.frames().chain(refusal).chain(late.frames().take(1)).collect()
}

/// What a renewal and the next one of the same address show together, where the client acquired nothing between.
fn renewed_again(early: &Closed, late: &Closed) -> Option<Diagnosis> {
    let ((refused, _), (asked, _)) = (early.refusal()?, late.sent_first()?);
    let soon = (0..=300 * SECOND).contains(&asked.saturating_sub(refused));
    if early.outcome != Outcome::Refused || !early.kind.renews() || !late.kind.renews() || !soon {
        return None;
    }
    let mut frames = shown(early, late);
    frames.sort_unstable();
    frames.dedup();
    let message = format!("{} was refused and is renewed again", early.ciaddr);
    Some(Diagnosis { id: Id::Wider(Code::NakIgnored), frames, message })
}

/// What one exchange and the client's next one show together; `all` are those of the client beside.
fn pair(
    (early, late): (&Closed, &Closed),
    all: &[Closed],
    found: &mut Vec<Diagnosis>,
    findings: &mut Vec<Finding>,
) {
    let rest = early.rest.as_deref();
    if let Some(broken) = rest.and_then(|rest| rest.broken.as_deref()).filter(|_| late.asks)
        && broken.is_ignored(&late.again())
    {
        found.push(broken.diagnosis());
    }
    let frames = || shown(early, late);
    let mut say = |code: Code, mut frames: Vec<u64>, message: String| {
        frames.sort_unstable();
        frames.dedup();
        found.push(Diagnosis { id: Id::Wider(code), frames, message });
    };
    let repeated = !early.resent().is_empty();
    if early.is_unanswered(Kind::Reboot)
        && repeated
        && late.kind == Kind::Acquire
        && let Some((time, address, frame)) = late.offer()
        && time.saturating_sub(early.last()) <= 60 * SECOND
        && let Some(wanted) = early.wanted().filter(|wanted| *wanted != address)
    {
        let mut all = frames();
        all.push(frame);
        let text = format!("{wanted} was asked for in vain, then {address} offered");
        say(Code::StaleAddressNotRefused, all, text);
    }
    let recent = |(time, _): (i64, u64)| (0..=5 * SECOND).contains(&late.start.saturating_sub(time));
    if !late.from_client
        && let Some((.., frame)) = late.offer()
        && early.from_client
        && early.kind == Kind::Acquire
        && matches!(early.outcome, Outcome::Unanswered | Outcome::Open)
        && early.start < late.start
        && early.sent().any(recent)
        && !early.has_xid(late.xid)
        && !all.iter().any(|other| other.has_xid(late.xid))
    {
        let all = early.frames().chain([frame]).collect();
        say(Code::XidMismatch, all, "an OFFER came with a transaction number nobody asked with".to_owned());
    }
    let gap = late.start.saturating_sub(early.last());
    let rebinds = late.kind == Kind::Rebind && late.ciaddr == early.ciaddr;
    let starts_over = repeated && late.kind == Kind::Acquire && gap <= 600 * SECOND;
    if early.is_unanswered(Kind::Renew) && early.from_client && (rebinds || starts_over) {
        let server = early.server().map_or_else(String::new, |server| format!(" by {server}"));
        let next = if rebinds { "asks everybody" } else { "starts over" };
        let text = format!("renewing {} is not answered{server}; the client {next}", early.ciaddr);
        let mut said = finding(Code::RenewalUnanswered, frames(), (early.start, late.start), text);
        said.server = early.server();
        findings.push(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::an_ack;

    fn closed(start: i64) -> Closed {
        Closed {
            start,
            frame: 0,
            xid: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            address: Ipv4Addr::UNSPECIFIED,
            offer: (NONE, NONE),
            kind: Kind::Renew,
            outcome: Outcome::Renewed,
            from_client: true,
            asks: true,
            rest: None,
        }
    }

    /// Whatever the order, each is told with its neighbours of the latest four.
    #[test]
    fn exchanges_of_a_client_are_neighbours_by_time() {
        for starts in
            [&[1_i64, 2, 3, 4, 5, 6, 7, 8, 9], &[5, 3, 9, 1, 7, 8, 2, 10, 6], &[9, 8, 7, 6, 5, 4, 3, 2, 1]]
        {
            let (mut client, mut list) = (Client::default(), Vec::<i64>::new());
            for start in starts {
                let (mut told, at) = (Vec::new(), list.partition_point(|other| other <= start));
                client.keep(closed(*start), Near::default(), |link, early, late, _| {
                    if link == Link::Next {
                        told.push((early.start, late.start));
                    }
                });
                list.insert(at, *start);
                let around = list.get(at.saturating_sub(1)..list.len().min(at + 2)).unwrap();
                assert_eq!(told, around.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>());
                if list.len() > RECENT {
                    list.remove(0);
                }
                let mut kept: Vec<i64> = client.closed.iter().map(|closed| closed.start).collect();
                kept.rotate_left(client.oldest.into());
                assert_eq!(kept, list);
            }
        }
    }

    #[test]
    fn a_client_takes_little_memory() {
        assert_eq!((size_of::<Closed>(), size_of::<Few<Closed>>()), (48, 48));
        assert_eq!((size_of::<Asked>(), size_of::<Shown>()), (24, 40));
        assert_eq!(size_of::<Client>(), 128);
    }

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

    /// What is kept in few bytes, and what has no room there, reads alike.
    #[test]
    fn an_offer_is_kept_wherever_it_lies() {
        let mut seen = an_ack();
        for (time, frame) in [(10, 5), (11, 9), (9, 5), (12, 4), (1 << 40, 6), (12, 1 << 40)] {
            (seen.time, seen.frame) = (10, 5);
            let offer = Some((time, seen.yiaddr, frame));
            for from_client in [false, true] {
                for sent in [None, Some(&seen)] {
                    let mut new = Closed { frame: 5, address: seen.yiaddr, from_client, ..closed(10) };
                    new.offer = gap((10, 5), (time, frame)).unwrap_or((NONE, NONE));
                    let odd = new.odd(sent, offer);
                    assert_eq!(
                        odd.is_none(),
                        (10..100).contains(&time)
                            && (5..100).contains(&frame)
                            && from_client == sent.is_some()
                    );
                    new.rest = odd.map(|odd| Box::new(Rest { odd: Some(odd), ..Rest::default() }));
                    assert_eq!((new.offer(), new.sent_first()), (offer, sent.map(at)));
                }
            }
        }
        assert_eq!(closed(10).offer(), None);
    }

    /// With and without hardware addresses they are bounded together, and those that went leave their room to those that come.
    #[test]
    fn clients_of_all_kinds_are_bounded_together() {
        let mut clients = Clients::default();
        for number in 0..250_000_u32 {
            let who = if number % 3 == 0 {
                Who::Identifier(number)
            } else {
                Who::Four(HwAddr::from_slice(&number.to_be_bytes()))
            };
            let client = clients.meet(&who).unwrap();
            assert_eq!(client.said, 0, "{number} is new");
            client.said = 1;
        }
        let count = clients.len();
        let all: usize = clients.all.0.iter().map(Vec::len).sum();
        assert!(count <= CLIENTS && all == CLIENTS, "{count} of {all}");
        assert_eq!(all - clients.free.len(), count);
        assert_eq!(clients.turns.iter().filter(|turn| **turn > 0).count(), count);
        assert!(clients.find(&Who::Identifier(249_999)).is_some_and(|client| client.said == 1));
        assert!(clients.find(&Who::Identifier(0)).is_none());
        assert!(clients.knows(HwAddr::from_slice(&249_998_u32.to_be_bytes())));
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
