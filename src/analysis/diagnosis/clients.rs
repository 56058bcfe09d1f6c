//! What shows over time of one client: its exchanges next to each other, and what it does too often.

mod asked;
mod closed;

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use self::asked::{Asked, event};
use self::closed::{Closed, pair, renewed_again};
use super::evidence::{Evidence, Place};
use super::history::{CLIENTS, MOST, SECOND, Said, finding, party};
use super::{Code, Diagnosis, Finding};
use crate::analysis::bounded::retain;
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{Exchange, Few, Letter, Near, STORM, STORM_SPAN, Seen, Who, bit};
use crate::wire::HwAddr;

/// Exchanges remembered of a client.
const RECENT: usize = 4;
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

fn at(seen: &Seen) -> Place {
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

#[cfg(test)]
mod tests {
    use super::closed::tests::closed;
    use super::*;

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
}
