//! What shows over time of one client: its exchanges next to each other, and what it does too often.

use std::net::Ipv4Addr;

use super::evidence::{Evidence, Place};
use super::history::{CLIENTS, MOST, SECOND, Said, finding};
use super::{Code, Diagnosis, Finding, Id};
use crate::analysis::bounded::make_room;
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{Exchange, Few, Kind, Letter, Outcome, Seen, bit};
use crate::wire::HwAddr;

/// Exchanges remembered of a client.
const RECENT: usize = 4;
/// Times remembered of one kind of event.
const TIMES: usize = 24;
/// Client identifiers and addresses remembered of a client.
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
    start: i64,
    ciaddr: Ipv4Addr,
    wanted: Option<Ipv4Addr>,
    /// First OFFER: time, address, frame.
    offer: Option<(i64, Ipv4Addr, u64)>,
    server: Option<Ipv4Addr>,
    refusal: Option<u64>,
    /// When it was sent first, and in which frame; and again, of what came to nothing.
    sent: Option<(i64, u64)>,
    again: Box<[(i64, u64)]>,
}

impl Closed {
    /// What is kept of an exchange.
    fn of(exchange: &Exchange) -> Self {
        let reply = |letter: Letter| exchange.replies().find(move |seen| seen.letter == letter);
        let mut sent = exchange.sent().take(OF_ONE);
        let first = sent.next();
        let again = if exchange.outcome.is_success() { Box::default() } else { sent.map(at).collect() };
        Self {
            kind: exchange.kind,
            outcome: exchange.outcome,
            from_client: exchange.had().client,
            start: exchange.first().map_or(0, |seen| seen.time),
            ciaddr: first.map_or(Ipv4Addr::UNSPECIFIED, |seen| seen.ciaddr),
            wanted: exchange.asked(),
            offer: reply(Letter::Offer).map(|seen| (seen.time, seen.yiaddr, seen.frame)),
            server: first.map(|seen| seen.dst).filter(|dst| !dst.is_broadcast()),
            refusal: reply(Letter::Nak).map(|seen| seen.frame),
            sent: first.map(at),
            again,
        }
    }

    /// When and in which frames it was sent.
    fn sent(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.sent.into_iter().chain(self.again.iter().copied())
    }

    /// Frames of what was sent.
    fn frames(&self) -> impl Iterator<Item = u64> + '_ {
        self.sent().map(|(_, frame)| frame)
    }

    /// When it was sent last, else when it began.
    fn last(&self) -> i64 {
        self.again.last().copied().or(self.sent).map_or(self.start, |(time, _)| time)
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

/// A client. There are a great many of them, most with little to tell.
#[derive(Clone, Debug, Default)]
struct Client {
    closed: Few<Closed>,
    /// Times and frames of NAKs, DECLINEs, and of what it asked.
    naks: Vec<(i64, u64)>,
    declines: Vec<(i64, u64)>,
    asked: Vec<(i64, u64)>,
    /// Identifiers shown, 0 for none; addresses acknowledged in a row, latest last.
    ids: Few<u32>,
    addresses: Few<Held>,
    /// Which codes were said of it already.
    said: u8,
    touched: u64,
}

impl Client {
    /// Keeps `closed` in its place by time, and gives that place.
    fn keep(&mut self, closed: Closed) -> usize {
        // Nearly all come in their order, and the others of a client are not looked at for that.
        let at = if self.closed.last().is_none_or(|last| last.start <= closed.start) {
            self.closed.len()
        } else {
            self.closed.partition_point(|other| other.start <= closed.start)
        };
        self.closed.insert(at, closed);
        at
    }
}

/// Adds an event in its place; true once there are `count` of them within `span`.
fn event(list: &mut Vec<(i64, u64)>, at: (i64, u64), count: usize, span: i64) -> bool {
    let index = if list.last().is_none_or(|last| *last <= at) {
        list.len()
    } else {
        list.partition_point(|other| *other <= at)
    };
    if list.capacity() == 0 {
        // Most have no more.
        list.reserve_exact(2);
    }
    list.insert(index, at);
    let mut found = false;
    for (early, late) in list.iter().zip(list.iter().skip(count.saturating_sub(1))) {
        found |= late.0.saturating_sub(early.0) <= span;
    }
    if list.len() > TIMES {
        list.remove(0);
    }
    found
}

/// All clients.
#[derive(Debug, Default)]
pub(super) struct Clients {
    known: KeyedMap<HwAddr, Box<Client>>,
    turn: u64,
    decliners: KeyedMap<HwAddr, Place>,
}

impl Clients {
    /// Takes note of an exchange that has closed: what is said of it and the client's exchange before or after it.
    pub(super) fn exchange(&mut self, exchange: &Exchange, found: &mut Vec<Diagnosis>, all: &mut Said) {
        let Some(mac) = exchange.mac else { return };
        make_room(&mut self.known, CLIENTS, &mac, |client| client.touched);
        self.turn = self.turn.saturating_add(1);
        let client = self.known.entry(mac).or_default();
        client.touched = self.turn;
        let mut findings = Vec::new();
        events(client, exchange, &mut findings);
        if exchange.had().decline
            && let Some(seen) = exchange.sent().find(|seen| seen.letter == Letter::Decline)
            && self.decliners.len() < MOST
        {
            self.decliners.entry(mac).or_insert(at(seen));
        }
        addresses(client, exchange, &mut findings);
        let at = client.keep(Closed::of(exchange));
        let get = |index: usize| client.closed.get(index);
        if let Some(this) = get(at) {
            if let Some(before) = at.checked_sub(1).and_then(get) {
                pair(before, this, found, &mut findings);
            }
            if let Some(after) = get(at.saturating_add(1)) {
                pair(this, after, found, &mut findings);
            }
        }
        if client.closed.len() > RECENT {
            client.closed.drop_first();
        }
        for mut said in findings {
            said.client = Some(mac);
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

/// What a client does too often.
fn events(client: &mut Client, exchange: &Exchange, findings: &mut Vec<Finding>) {
    let Client { naks, declines, asked, said: known, .. } = client;
    let refusal = exchange.replies().find(|seen| seen.letter == Letter::Nak);
    // Several servers that refuse one request refuse it once.
    let refuses = |seen: &Seen| {
        refusal.is_some_and(|first| {
            first.frame == seen.frame || (!exchange.had().client && first.server() == seen.server())
        })
    };
    for seen in exchange.said().map(|step| &step.seen) {
        let (flag, list, count, span) = match seen.letter {
            Letter::Nak if !refuses(seen) => continue,
            Letter::Nak => (said::NAK_LOOP, &mut *naks, 3, 60),
            Letter::Decline => (said::DECLINES, &mut *declines, 3, 300),
            Letter::Discover | Letter::Request | Letter::Inform => (said::STORM, &mut *asked, 21, 10),
            _ => continue,
        };
        // What was said is said once: no more is remembered for it.
        if *known & flag != 0 || !event(list, at(seen), count, SECOND.saturating_mul(span)) {
            continue;
        }
        let (code, text) = match seen.letter {
            Letter::Nak => (Code::NakLoop, "refused three times within a minute"),
            Letter::Decline => (Code::DeclineStorm, "three addresses declined within five minutes"),
            _ => (Code::ClientStorm, "more than 20 messages within ten seconds"),
        };
        *known |= flag;
        let events = std::mem::take(list);
        let seen = (events.first().map_or(0, |at| at.0), events.last().map_or(0, |at| at.0));
        findings.push(finding(code, events.iter().map(|at| at.1), seen, text.to_owned()));
    }
}

/// Identifiers and addresses of a client.
fn addresses(client: &mut Client, exchange: &Exchange, findings: &mut Vec<Finding>) {
    let Some(ack) = exchange.replies().find(|seen| seen.letter == Letter::Ack && seen.gives()) else {
        return;
    };
    let id = exchange.sent().next().map(|seen| if seen.has(bit::CLIENT_ID) { seen.client_id } else { 0 });
    if let Some(id) = id
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

/// What one exchange and the client's next one show together.
fn pair(early: &Closed, late: &Closed, found: &mut Vec<Diagnosis>, findings: &mut Vec<Finding>) {
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
