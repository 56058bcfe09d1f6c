//! What shows over time of one client: its exchanges next to each other, and what it does too often.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::evidence::{Evidence, Place};
use super::history::{CLIENTS, MOST, SECOND, Said, finding, party};
use super::rules::{Again, Broken};
use super::{Code, Diagnosis, Finding, Id};
use crate::analysis::bounded::make_room;
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{Exchange, Few, Kind, Letter, Outcome, STORM, STORM_SPAN, Seen, Who, bit};
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

/// One exchange that has closed.
#[derive(Clone, Debug)]
struct Closed {
    kind: Kind,
    outcome: Outcome,
    from_client: bool,
    /// It begins with a REQUEST.
    asks: bool,
    /// Identifier of the first message.
    xid: u32,
    start: i64,
    ciaddr: Ipv4Addr,
    wanted: Option<Ipv4Addr>,
    /// First OFFER: time, address, frame.
    offer: Option<(i64, Ipv4Addr, u64)>,
    server: Option<Ipv4Addr>,
    refusal: Option<u64>,
    /// When it was sent first, and in which frame; and again, the latest, of what came to nothing.
    sent: Option<(i64, u64)>,
    again: Box<[Resent]>,
    /// An ACK that arrived broken, which nearly none does.
    broken: Option<Box<Broken>>,
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
        let again = if exchange.outcome.is_success() {
            Box::default()
        } else {
            let resent = |seen: &Seen| Resent { time: seen.time, frame: seen.frame, xid: seen.xid };
            let mut latest: Box<[Resent]> = sent.rev().take(OF_ONE - 1).map(resent).collect();
            latest.reverse();
            latest
        };
        Self {
            kind: exchange.kind,
            outcome: exchange.outcome,
            from_client: exchange.had().client,
            asks: first.is_some_and(|first| first.letter == Letter::Request),
            xid: exchange.xids.first().copied().unwrap_or(0),
            start: exchange.first().map_or(0, |seen| seen.time),
            ciaddr: first.map_or(Ipv4Addr::UNSPECIFIED, |seen| seen.ciaddr),
            wanted: exchange.asked(),
            offer: reply(Letter::Offer).map(|seen| (seen.time, seen.yiaddr, seen.frame)),
            server: first.map(|seen| seen.dst).filter(|dst| !dst.is_broadcast()),
            refusal: reply(Letter::Nak).map(|seen| seen.frame),
            sent: first.map(at),
            again,
            broken: Broken::last(exchange).map(Box::new),
        }
    }

    /// The client asked with this identifier.
    fn has_xid(&self, xid: u32) -> bool {
        self.from_client && (self.xid == xid || self.again.iter().any(|sent| sent.xid == xid))
    }

    /// When and in which frames it was sent.
    fn sent(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.sent.into_iter().chain(self.again.iter().map(|sent| (sent.time, sent.frame)))
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
        let wanted = self.wanted.filter(|_| self.kind == Kind::Reboot);
        let time = self.sent.map_or(self.start, |(time, _)| time);
        Again { time, xid: self.xid, ciaddr: self.ciaddr, wanted }
    }

    fn is_unanswered(&self, kind: Kind) -> bool {
        self.kind == kind && self.outcome == Outcome::Unanswered
    }
}

fn at(seen: &Seen) -> (i64, u64) {
    (seen.time, seen.frame)
}

/// An address that was acknowledged, where, and in which frame.
#[derive(Clone, Copy, Debug)]
struct Held {
    address: Ipv4Addr,
    place: u32,
    giaddr: Ipv4Addr,
    at: Place,
}

/// Times and frames of NAKs and DECLINEs, which most clients have none of.
#[derive(Clone, Debug, Default)]
struct Troubles {
    naks: VecDeque<(i64, u64)>,
    declines: VecDeque<(i64, u64)>,
}

/// A client. There are a great many of them, most with little to tell.
#[derive(Clone, Debug, Default)]
struct Client {
    /// By time, in a ring that begins at `oldest` once there are as many as are remembered.
    closed: Few<Closed>,
    oldest: u8,
    /// Times and frames of what it asked.
    asked: VecDeque<(i64, u64)>,
    troubles: Option<Box<Troubles>>,
    /// Identifiers shown, 0 for none; addresses acknowledged in a row, latest last.
    ids: Few<u32>,
    addresses: Few<Held>,
    /// Which codes were said of it already.
    said: u8,
    touched: u64,
}

impl Client {
    /// Keeps `closed` in its place by time, and gives the one before it and the one after it, each with it, to `pair`; beside them
    /// what was kept before.
    fn keep(&mut self, closed: Closed, mut pair: impl FnMut(&Closed, &Closed, &[Closed])) {
        let oldest = usize::from(self.oldest);
        let newest = oldest.checked_sub(1).or_else(|| self.closed.len().checked_sub(1));
        let last = newest.and_then(|newest| self.closed.get(newest));
        if last.is_none_or(|last| last.start <= closed.start) {
            // Nearly all come in their order, and the others of a client are not looked at for that.
            if let Some(last) = last {
                pair(last, &closed, &self.closed);
            }
            if self.closed.len() < RECENT {
                self.closed.push(closed);
            } else if let Some(place) = self.closed.get_mut(oldest) {
                *place = closed;
                self.oldest =
                    if oldest.saturating_add(1) < RECENT { self.oldest.saturating_add(1) } else { 0 };
            }
            return;
        }
        self.closed.rotate_left(oldest);
        self.oldest = 0;
        let at = self.closed.partition_point(|other| other.start <= closed.start);
        if let Some(before) = at.checked_sub(1).and_then(|before| self.closed.get(before)) {
            pair(before, &closed, &self.closed);
        }
        if let Some(after) = self.closed.get(at) {
            pair(&closed, after, &self.closed);
        }
        self.closed.insert(at, closed);
        if self.closed.len() > RECENT {
            self.closed.drop_first();
        }
    }
}

/// Adds an event in its place; true once there are `count` of them within `span`.
fn event(list: &mut VecDeque<(i64, u64)>, at: (i64, u64), count: usize, span: i64) -> bool {
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
    known: KeyedMap<Who, Box<Client>>,
    turn: u64,
    decliners: KeyedMap<Who, Place>,
}

impl Clients {
    /// Touches what is known of clients, for [`History::warm`](super::History::warm).
    pub(super) fn warm<'a>(&self, exchanges: impl Iterator<Item = &'a Exchange>) {
        let known = exchanges.filter_map(|exchange| self.known.get(&party(exchange)?));
        std::hint::black_box(known.fold(0, |sum, client| sum ^ client.touched));
    }

    /// True for somebody who was a client of an exchange that is remembered.
    pub(super) fn knows(&self, client: HwAddr) -> bool {
        self.known.contains_key(&Who::Four(client))
    }

    /// Takes note of an exchange that has closed: what is said of it and the client's exchange before or after it.
    pub(super) fn exchange(&mut self, exchange: &Exchange, found: &mut Vec<Diagnosis>, all: &mut Said) {
        let Some(key) = party(exchange) else { return };
        make_room(&mut self.known, CLIENTS, &key, |client| client.touched);
        self.turn = self.turn.saturating_add(1);
        let client = self.known.entry(key.clone()).or_default();
        client.touched = self.turn;
        let mut findings = Vec::new();
        events(client, exchange, &mut findings);
        if exchange.had().decline
            && let Some(seen) = exchange.sent().find(|seen| seen.letter == Letter::Decline)
            && self.decliners.len() < MOST
        {
            self.decliners.entry(key.clone()).or_insert(at(seen));
        }
        addresses(client, exchange, &mut findings);
        client.keep(Closed::of(exchange), |early, late, all| pair((early, late), all, found, &mut findings));
        for mut said in findings {
            said.client = Some(key.clone());
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
    let mut refusals = Refusals::default();
    for seen in exchange.said().map(|step| &step.seen) {
        let (flag, list, count, span) = match seen.letter {
            Letter::Nak if !refusals.refuses(exchange, seen) => continue,
            Letter::Nak => (said::NAK_LOOP, &mut troubles.get_or_insert_default().naks, 3, 60 * SECOND),
            Letter::Decline => {
                (said::DECLINES, &mut troubles.get_or_insert_default().declines, 3, 300 * SECOND)
            }
            Letter::Discover | Letter::Request | Letter::Inform => {
                refusals.asked(seen);
                (said::STORM, &mut *asked, STORM, STORM_SPAN)
            }
            _ => continue,
        };
        // What was said is said once: no more is remembered for it.
        if *known & flag == 0 && event(list, at(seen), count, span) {
            *known |= flag;
            findings.push(too_often(flag, &std::mem::take(list)));
        }
    }
    if let Some(storm) = exchange.storm().filter(|_| *known & said::STORM == 0) {
        *known |= said::STORM;
        findings.push(too_often(said::STORM, storm));
    }
    for asks in exchange.asked_last() {
        let is_new = *known & said::STORM == 0 && asked.binary_search(&asks).is_err();
        if is_new && event(asked, asks, STORM, STORM_SPAN) {
            *known |= said::STORM;
            findings.push(too_often(said::STORM, &std::mem::take(asked)));
        }
    }
}

/// What a client does too often, and when.
fn too_often(flag: u8, events: &VecDeque<(i64, u64)>) -> Finding {
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
    if let Some(id) = identifier(exchange)
        && !client.ids.contains(&id)
        && client.ids.len() < OF_ONE
    {
        client.ids.push(id);
    }
    if client.addresses.last().is_none_or(|last| last.address != ack.yiaddr) {
        let Seen { yiaddr: address, place, giaddr, .. } = *ack;
        client.addresses.push(Held { address, place, giaddr, at: at(ack) });
        if client.addresses.len() > OF_ONE {
            client.addresses.drop_first();
        }
    }
    if client.addresses.len() < 2 {
        return;
    }
    let distinct = distinct(&client.addresses);
    let all = || client.addresses.iter().map(|held| held.at).collect::<Evidence>();
    let mut say = |flag: u8, code: Code, text: String| {
        if client.said & flag == 0 {
            findings.push(all().finding(code, text));
        }
        flag
    };
    let mut done = 0;
    if client.ids.len() >= 2 && distinct >= 2 {
        let text = format!("{} client identifiers and {distinct} addresses of one machine", client.ids.len());
        done |= say(said::IDENTITIES, Code::ClientTwoIdentities, text);
    }
    let here = |held: &&Held| held.place == ack.place && held.giaddr == ack.giaddr;
    let count = client.addresses.iter().rev().take_while(here).count();
    let first = client.addresses.len().saturating_sub(count);
    let here = self::distinct(client.addresses.get(first..).unwrap_or_default());
    if here >= 3 {
        done |= say(said::CHURN, Code::AddressChurn, format!("{here} addresses in a row"));
    }
    client.said |= done;
}

/// How many addresses these are; a client has few.
fn distinct(held: &[Held]) -> usize {
    let is_new =
        |(index, own): &(usize, &Held)| !held.iter().take(*index).any(|other| other.address == own.address);
    held.iter().enumerate().filter(is_new).count()
}

/// What one exchange and the client's next one show together; `all` are those of the client beside.
fn pair(
    (early, late): (&Closed, &Closed),
    all: &[Closed],
    found: &mut Vec<Diagnosis>,
    findings: &mut Vec<Finding>,
) {
    if let Some(broken) = early.broken.as_deref().filter(|_| late.asks)
        && broken.is_ignored(&late.again())
    {
        found.push(broken.diagnosis());
    }
    let frames =
        || -> Vec<u64> { early.frames().chain(early.refusal).chain(late.frames().take(1)).collect() };
    let mut say = |code: Code, mut frames: Vec<u64>, message: String| {
        frames.sort_unstable();
        frames.dedup();
        found.push(Diagnosis { id: Id::Wider(code), frames, message });
    };
    let repeated = !early.again.is_empty();
    if early.is_unanswered(Kind::Reboot)
        && repeated
        && late.kind == Kind::Acquire
        && let Some((time, address, frame)) = late.offer
        && time.saturating_sub(early.last()) <= 60 * SECOND
        && let Some(wanted) = early.wanted.filter(|wanted| *wanted != address)
    {
        let mut all = frames();
        all.push(frame);
        let text = format!("{wanted} was asked for in vain, then {address} offered");
        say(Code::StaleAddressNotRefused, all, text);
    }
    let renews = |kind: Kind| matches!(kind, Kind::Renew | Kind::Rebind);
    if renews(early.kind)
        && early.outcome == Outcome::Refused
        && renews(late.kind)
        && late.ciaddr == early.ciaddr
        && late.start.saturating_sub(early.start) <= 300 * SECOND
    {
        let text = format!("{} was refused and is renewed again", early.ciaddr);
        say(Code::NakIgnored, frames(), text);
    }
    let recent = |(time, _): (i64, u64)| (0..=5 * SECOND).contains(&late.start.saturating_sub(time));
    if let Some((.., frame)) = late.offer.filter(|_| !late.from_client)
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
        let server = early.server.map_or_else(String::new, |server| format!(" by {server}"));
        let next = if rebinds { "asks everybody" } else { "starts over" };
        let text = format!("renewing {} is not answered{server}; the client {next}", early.ciaddr);
        let mut said = finding(Code::RenewalUnanswered, frames(), (early.start, late.start), text);
        said.server = early.server;
        findings.push(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(start: i64) -> Closed {
        Closed {
            kind: Kind::Renew,
            outcome: Outcome::Renewed,
            from_client: true,
            asks: true,
            xid: 0,
            start,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            wanted: None,
            offer: None,
            server: None,
            refusal: None,
            sent: None,
            again: Box::default(),
            broken: None,
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
                client.keep(closed(*start), |early, late, _| told.push((early.start, late.start)));
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
