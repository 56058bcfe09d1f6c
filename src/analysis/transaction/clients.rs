//! Who got an address, and who did not, and why.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::exchange::Exchange;
use super::few::Few;
use super::message::Message;
use super::names::{Kind, Letter, Outcome};
use super::party::{Counted, Giver, Who, Whose};
use crate::analysis::diagnosis::{Code, Diagnosis, Finding, Id};
use crate::analysis::findings6::story::Told;
use crate::analysis::keyed::KeyedMap;
use crate::wire::HwAddr;
use crate::wire::problem::Severity;

/// Clients kept.
const MOST: usize = 1_000_000;
/// Numbers of exchanges kept of one client.
const NUMBERS: usize = 64;
/// Servers told apart by where and what they give.
const GIVERS: usize = 4096;
/// Clients that a server serves at least which is the one of its place, and how many times as many as another one there.
const SERVED: u32 = 5;
const TIMES: u32 = 5;
/// Servers that are heard no further apart than this serve a place together, nanoseconds.
const TOGETHER: i64 = 86_400_000_000_000;

/// How a client fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It has no usable address, or lost it.
    Failed,
    /// It has one, with a warning or error.
    Odd,
    /// All is well.
    Ok,
}

impl Status {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Odd => "odd",
            Self::Ok => "ok",
        }
    }
}

/// When something was said: time and frame, of which the latter decides where times are the same or unknown. There may be a million
/// clients, with several of these each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(Rust, packed(4))]
struct At {
    time: i64,
    frame: u32,
}

impl At {
    /// Before everything.
    const NEVER: Self = Self { time: NEVER, frame: 0 };

    fn new(time: i64, frame: u64) -> Self {
        Self { time, frame: u32::try_from(frame).unwrap_or(u32::MAX) }
    }

    fn of<S: Message>(seen: &S) -> Self {
        Self::new(seen.time(), seen.frame())
    }
}

/// Things in the order of their keys: each has the least that it was met with, in whatever order they are met.
#[derive(Clone, Debug)]
struct Met<T, K> {
    all: Vec<T>,
    keys: Vec<K>,
}

impl<T, K> Default for Met<T, K> {
    fn default() -> Self {
        Self { all: Vec::new(), keys: Vec::new() }
    }
}

impl<T: PartialEq, K: Ord + Copy> Met<T, K> {
    fn meet(&mut self, item: T, key: K) {
        if let Some(place) = self.all.iter().position(|known| *known == item) {
            if self.keys.get(place).is_none_or(|known| *known <= key) {
                return;
            }
            self.all.remove(place);
            self.keys.remove(place);
        }
        let place = self.keys.partition_point(|known| *known <= key);
        if place < NUMBERS {
            self.all.insert(place, item);
            self.keys.insert(place, key);
            self.all.truncate(NUMBERS);
            self.keys.truncate(NUMBERS);
        }
    }
}

/// What a client calls itself, and where it is: as it said last.
#[derive(Clone, Debug, Default)]
pub struct ClientTexts {
    /// Option 61, or the DUID.
    pub client_id: Option<Arc<[u8]>>,
    /// Option 12, or the name in option 39 of DHCPv6.
    pub hostname: Option<Arc<[u8]>>,
    /// Option 60, or the first class in option 16 of DHCPv6.
    pub vendor_class: Option<Arc<[u8]>>,
    /// The interface.
    pub interface: Option<Arc<[u8]>>,
}

/// What a client has of which the latest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Mac,
    ClientId,
    Hostname,
    VendorClass,
    Interface,
}

/// How much an exchange says of how its client fares; what is later is worth more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Tells {
    /// None has said anything yet.
    #[default]
    Nothing,
    /// It renews something, which runs on though no answer is seen.
    Holds,
    /// It asks in vain whether it may keep something: that says how it fares only if nothing else does.
    Asks,
    /// It is told.
    All,
}

/// One client and what became of it. There may be a million of them, of which most have little to tell. Exchanges close in an order
/// that other clients have a part in: what is told of a client depends on when each began, or was decided, and not on that order.
#[derive(Clone, Debug)]
pub struct ClientRecord {
    /// It, as told apart from others.
    pub who: Who,
    /// Its hardware address.
    pub mac: Option<HwAddr>,
    /// Its names.
    pub texts: ClientTexts,
    /// Servers that answered it, in the order in which it met them. Those that were the same for the client before are in memory once.
    pub servers: Arc<[Whose]>,
    /// When it met each of them.
    met: Few<At>,
    /// The addresses and prefixes it has, the latter with their length.
    pub leases: Few<(IpAddr, Option<u8>)>,
    /// First and last message, nanoseconds since 1970.
    pub seen: (i64, i64),
    /// Numbers of its exchanges.
    pub transactions: Few<u64>,
    /// Messages it sent and got; attempts of its own.
    messages: u32,
    tries: u32,
    /// Delays of its last success, nanoseconds; [`NEVER`] where there are none.
    delays: (i64, i64),
    /// When its latest exchange began.
    latest: i64,
    /// The last outcome that tells how it fares, when that was decided, and how much it tells.
    last: At,
    outcome: Option<Outcome>,
    tells: Tells,
    rare: Option<Box<Rare>>,
}

/// No time.
const NEVER: i64 = i64::MIN;

/// What most clients have not.
#[derive(Clone, Debug)]
struct Rare {
    /// VLANs of its latest exchange.
    vlans: Vec<u16>,
    /// Relays of its exchanges.
    relays: Met<IpAddr, At>,
    /// Codes said of it, worst first.
    codes: Met<(Severity, &'static str), (Reverse<Severity>, At)>,
    /// What it gave back, as long as it has got nothing else, and when.
    given_back: Few<(IpAddr, Option<u8>)>,
    returned: At,
    /// When it got something last, where that is not its last outcome.
    granted: At,
    /// Fields that its latest exchange says nothing of, and when the one began that does.
    older: Few<(Field, i64)>,
    /// Why its last outcome was no success, in words.
    why: Option<Box<str>>,
    /// The server that gave it what it has, and the one that serves the others of its place.
    instead: Option<(Ipv4Addr, Ipv4Addr)>,
}

impl Default for Rare {
    fn default() -> Self {
        Self {
            vlans: Vec::new(),
            relays: Met::default(),
            codes: Met::default(),
            given_back: Few::default(),
            returned: At::NEVER,
            granted: At::NEVER,
            older: Few::default(),
            why: None,
            instead: None,
        }
    }
}

impl ClientRecord {
    /// A client that was seen first in these moments.
    fn new(who: Who, mac: Option<HwAddr>, seen: (i64, i64)) -> Self {
        Self {
            who,
            mac,
            texts: ClientTexts::default(),
            servers: Arc::default(),
            met: Few::default(),
            leases: Few::default(),
            seen,
            transactions: Few::default(),
            messages: 0,
            tries: 0,
            delays: (NEVER, NEVER),
            latest: NEVER,
            last: At::NEVER,
            outcome: None,
            tells: Tells::Nothing,
            rare: None,
        }
    }

    /// It speaks DHCPv6.
    pub fn is_six(&self) -> bool {
        self.who.is_six()
    }

    /// The address it has, else none.
    pub fn address(&self) -> Option<IpAddr> {
        self.leases.iter().find(|(_, length)| length.is_none()).map(|(address, _)| *address)
    }

    /// The prefixes it has.
    pub fn prefixes(&self) -> impl Iterator<Item = (IpAddr, u8)> {
        self.leases.iter().filter_map(|(prefix, length)| Some((*prefix, (*length)?)))
    }

    /// VLANs of its latest exchange.
    pub fn vlans(&self) -> &[u16] {
        self.rare.as_deref().map_or(&[], |rare| &rare.vlans)
    }

    /// Relays of its exchanges.
    pub fn relays(&self) -> &[IpAddr] {
        self.rare.as_deref().map_or(&[], |rare| &rare.relays.all)
    }

    /// The addresses and prefixes that it had and gave back, as long as it has got nothing else.
    pub fn given_back(&self) -> &[(IpAddr, Option<u8>)] {
        self.rare.as_deref().map_or(&[], |rare| &rare.given_back)
    }

    /// Codes said of it, worst first.
    pub fn codes(&self) -> &[(Severity, &'static str)] {
        self.rare.as_deref().map_or(&[], |rare| &rare.codes.all)
    }

    /// Messages it sent and got.
    pub fn messages(&self) -> u64 {
        self.messages.into()
    }

    /// How often it asked.
    pub fn tries(&self) -> u64 {
        self.tries.into()
    }

    /// Delays of its last success, nanoseconds: of what was offered, and of what was given.
    pub fn delays(&self) -> (Option<i64>, Option<i64>) {
        let known = |delay: i64| Some(delay).filter(|delay| *delay != NEVER);
        (known(self.delays.0), known(self.delays.1))
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        let alarmed = self.codes().iter().any(|(severity, _)| *severity >= Severity::Warning);
        match &self.outcome {
            Some(outcome) if !outcome.is_success() => Status::Failed,
            _ if alarmed || self.instead().is_some() => Status::Odd,
            _ => Status::Ok,
        }
    }

    /// Why, in words; none where all is well.
    pub fn why(&self) -> Option<String> {
        match self.status() {
            Status::Ok => None,
            Status::Failed => self.rare.as_ref()?.why.as_deref().map(str::to_owned),
            Status::Odd => {
                let worst = self.codes().first();
                let error = worst.is_some_and(|(severity, _)| *severity == Severity::Error);
                if let Some((server, other)) = self.instead().filter(|_| !error) {
                    return Some(format!("lease from {server}, not {other}"));
                }
                worst.map(|(_, code)| {
                    crate::analysis::diagnosis::find(code)
                        .map_or((*code).to_owned(), |row| row.summary.to_owned())
                })
            }
        }
    }

    /// The server that gave it what it has, where another one serves its place.
    fn instead(&self) -> Option<(Ipv4Addr, Ipv4Addr)> {
        self.rare.as_ref()?.instead
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// How many clients a server serves somewhere, and when it gave there first and last.
type Served = (u32, (i64, i64));

/// All clients.
#[derive(Debug, Default)]
pub struct Clients {
    all: Vec<ClientRecord>,
    /// Where each lies, by its hash, or by the next number that no other has.
    places: KeyedMap<u64, u32>,
    /// Which server gave each client what it has, from 1; 0 where that is not known.
    given: Vec<u16>,
    /// The servers of the client before.
    servers: Arc<[Whose]>,
    /// Who gives what and where, the times of the first and last that it gave there, and its place among these.
    givers: Vec<(Giver, (i64, i64))>,
    giving: KeyedMap<Giver, u16>,
    /// First and last message of all.
    pub span: Option<(i64, i64)>,
    /// Clients speak DHCPv4, and may do without DHCPv6.
    pub(super) four: bool,
    /// A server of DHCPv6 was heard, or a router promised one.
    six: bool,
}

impl Clients {
    /// Counts an exchange that has closed.
    pub fn exchange<S: Counted>(&mut self, exchange: &Exchange<S>, number: u64, problems: &[Diagnosis]) {
        // Who is asked about says nothing, and who asks for no address is no client.
        let Some((from, to)) = exchange.span().filter(|_| exchange.kind != Kind::LeaseQuery) else { return };
        let key = S::who(exchange);
        if key.is_six() {
            self.six |= exchange.had().reply;
        } else {
            self.four = true;
        }
        let Some(place) = self.place(key, exchange.mac, (from, to)) else { return };
        let giver = if grants(exchange.outcome) { self.giver(S::giver(exchange), to) } else { 0 };
        let (start, end) = self.span.unwrap_or((from, to));
        self.span = Some((start.min(from), end.max(to)));
        if let Some(record) = self.all.get_mut(place) {
            if record.take(exchange, number, problems)
                && let Some(given) = self.given.get_mut(place)
            {
                *given = giver;
            }
            record.meet(exchange, &mut self.servers);
        }
    }

    /// Where a client lies, or the number that it may have.
    fn find(&self, who: &Who) -> Result<usize, u64> {
        let mut hash = self.places.hasher().hash_one(who);
        while let Some(place) = self.places.get(&hash) {
            let place = usize::try_from(*place).unwrap_or(usize::MAX);
            if self.all.get(place).is_some_and(|record| record.who == *who) {
                return Ok(place);
            }
            hash = hash.wrapping_add(1);
        }
        Err(hash)
    }

    /// Where a client lies; a new one is put there while there is room.
    fn place(&mut self, who: Who, mac: Option<HwAddr>, seen: (i64, i64)) -> Option<usize> {
        let hash = match self.find(&who) {
            Ok(place) => return Some(place),
            Err(hash) => hash,
        };
        let place = Some(self.all.len()).filter(|place| *place < MOST)?;
        self.places.insert(hash, u32::try_from(place).ok()?);
        self.all.push(ClientRecord::new(who, mac, seen));
        self.given.push(0);
        Some(place)
    }

    /// Which of those that give this is, from 1; it gave at `time`. 0 where there are too many.
    fn giver(&mut self, giver: Option<Giver>, time: i64) -> u16 {
        let Some(giver) = giver else { return 0 };
        let number = match self.giving.get(&giver) {
            Some(number) => *number,
            None if self.givers.len() < GIVERS => {
                self.givers.push((giver, (time, time)));
                let number = u16::try_from(self.givers.len()).unwrap_or(0);
                self.giving.insert(giver, number);
                number
            }
            None => return 0,
        };
        let known = place_of(number).and_then(|place| self.givers.get_mut(place));
        if let Some((_, (first, last))) = known {
            (*first, *last) = ((*first).min(time), (*last).max(time));
        }
        number
    }

    /// Says of clients what was found of the whole and is about them.
    pub fn concern(&mut self, finding: &Finding) {
        let at = At::new(finding.seen.0, finding.frames.first().copied().unwrap_or(0));
        for mac in finding.client.iter().chain(&finding.others) {
            self.say(&Who::Four(*mac), finding.id, at);
        }
    }

    /// The same of what was found in DHCPv6.
    pub fn concern6(&mut self, told: &Told) {
        let Some(name) = &told.client else { return };
        let at = At::new(told.seen.0, told.frames.first().copied().unwrap_or(0));
        let by_address = || name.parse().ok().map(|address| Who::Nameless(Some(address)));
        if let Some(who) = bytes_of(name).map(Who::Six).or_else(by_address) {
            self.say(&who, told.id(), at);
        }
    }

    fn say(&mut self, who: &Who, id: Id, at: At) {
        if let Ok(place) = self.find(who)
            && let Some(record) = self.all.get_mut(place)
        {
            record.say(id, at);
        }
    }

    /// Everything was counted: who has its lease from another server than the one that serves its place, of another network or with
    /// other routers. Servers that answer alike share the work.
    pub fn compare(&mut self) {
        let mut served = vec![0_u32; self.givers.len()];
        for given in &self.given {
            if let Some(count) = place_of(*given).and_then(|place| served.get_mut(place)) {
                *count = count.saturating_add(1);
            }
        }
        // By place and relay, then by server: clients, and the times of the first and the last lease.
        let mut places: BTreeMap<(u32, Ipv4Addr), BTreeMap<Ipv4Addr, Served>> = BTreeMap::new();
        for ((giver, (first, last)), count) in self.givers.iter().zip(&served) {
            let servers = places.entry((giver.place, giver.relay)).or_default();
            let (all, seen) = servers.entry(giver.server).or_insert((0, (*first, *last)));
            *all = all.saturating_add(*count);
            *seen = (seen.0.min(*first), seen.1.max(*last));
        }
        let instead = |giver: &Giver, (first, last): &(i64, i64)| {
            let servers = places.get(&(giver.place, giver.relay))?;
            let (own, _) = servers.get(&giver.server)?;
            let (other, (all, seen)) = servers.iter().max_by_key(|(_, (all, _))| *all)?;
            let together =
                seen.0.saturating_sub(TOGETHER) <= *last && *first <= seen.1.saturating_add(TOGETHER);
            if *other == giver.server || *all < SERVED || *all < own.saturating_mul(TIMES) || !together {
                return None;
            }
            let mut compared = self
                .givers
                .iter()
                .filter(|(known, _)| known.server == *other && known.is_at(giver))
                .filter_map(|(known, _)| giver.differs(known))
                .peekable();
            (compared.peek().is_some() && compared.all(|differs| differs)).then_some((giver.server, *other))
        };
        let told: Vec<_> = self.givers.iter().map(|(giver, seen)| instead(giver, seen)).collect();
        let id = Id::Wider(Code::SeveralServers);
        for (record, given) in self.all.iter_mut().zip(&self.given) {
            if let Some(both) = place_of(*given).and_then(|place| *told.get(place)?) {
                let at = record.last;
                record.rare().instead = Some(both);
                record.say(id, at);
            }
        }
    }

    /// A router says that there is a server of DHCPv6.
    pub fn promised(&mut self) {
        self.six = true;
    }

    /// Clients that look for DHCPv6 where DHCPv4 is spoken and nobody serves the other: most hosts do, and nothing is wrong.
    pub fn unserved(&self) -> usize {
        let idle = self.four && !self.six;
        self.all.iter().filter(|client| idle && client.is_six()).count()
    }

    /// All of them but those [unserved](Self::unserved), worst first, then by how long they have been at it.
    pub fn sorted(&self) -> Vec<&ClientRecord> {
        let idle = self.four && !self.six;
        let mut all: Vec<&ClientRecord> =
            self.all.iter().filter(|client| !(idle && client.is_six())).collect();
        all.sort_by(|one, other| {
            let rank = |client: &ClientRecord| {
                let span = client.seen.1.saturating_sub(client.seen.0);
                (client.status(), std::cmp::Reverse(span), client.seen.0)
            };
            rank(one).cmp(&rank(other)).then_with(|| one.who.cmp(&other.who))
        });
        all
    }
}

/// The bytes that hexadecimal digits stand for.
fn bytes_of(digits: &str) -> Option<Arc<[u8]>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Where the server of a number lies.
fn place_of(giver: u16) -> Option<usize> {
    usize::from(giver).checked_sub(1)
}

impl ClientRecord {
    /// Takes note of an exchange; true if that is the one now that tells how the client fares.
    fn take<S: Counted>(&mut self, exchange: &Exchange<S>, number: u64, problems: &[Diagnosis]) -> bool {
        let (Some(first), Some((from, to))) = (exchange.first(), exchange.span()) else { return false };
        let at = At::of(first);
        self.names(exchange, from);
        for relay in exchange.relays().into_iter().map(S::ip) {
            self.rare().relays.meet(relay, at);
        }
        let more = |count: u32, by: usize| count.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
        self.messages = more(self.messages, exchange.said_count());
        let begins = exchange.sent().next().map(S::letter).filter(|letter| S::is_try(*letter));
        let tries = exchange.sent_of(|letter| Some(letter) == begins);
        self.tries = more(self.tries, tries);
        self.seen = (self.seen.0.min(from), self.seen.1.max(to));
        if self.transactions.len() < NUMBERS {
            self.transactions.push(number);
        }
        for problem in problems {
            self.say(problem.id, at);
        }
        let decides = matches!(
            exchange.kind,
            Kind::Acquire
                | Kind::Reboot
                | Kind::Renew
                | Kind::Rebind
                | Kind::Confirm
                | Kind::Bootp
                | Kind::Release
                | Kind::Decline
                | Kind::Unknown
        );
        decides && self.fare(exchange, problems)
    }

    /// A code is said of it, of something that was then.
    fn say(&mut self, id: Id, at: At) {
        let severity = id.severity();
        self.rare().codes.meet((severity, id.name()), (Reverse(severity), at));
    }

    /// Takes note of what the client is called, and where it is, in an exchange that began then.
    fn names<S: Counted>(&mut self, exchange: &Exchange<S>, at: i64) {
        let texts = &exchange.texts;
        self.name(Field::Mac, |own| &mut own.mac, exchange.mac.as_ref(), at);
        self.name(Field::ClientId, |own| &mut own.texts.client_id, texts.client_id.as_ref(), at);
        self.name(Field::Hostname, |own| &mut own.texts.hostname, texts.hostname.as_ref(), at);
        self.name(Field::VendorClass, |own| &mut own.texts.vendor_class, texts.vendor_class.as_ref(), at);
        self.name(Field::Interface, |own| &mut own.texts.interface, texts.interface.as_ref(), at);
        if at >= self.latest {
            self.latest = at;
            if self.vlans() != exchange.vlans {
                self.rare().vlans.clone_from(&exchange.vlans);
            }
        }
    }

    /// Takes note of one field, of which the exchange that began then says `said`.
    fn name<T: Clone>(
        &mut self,
        field: Field,
        of: impl Fn(&mut Self) -> &mut Option<T>,
        said: Option<&T>,
        at: i64,
    ) {
        let known = of(self).is_some();
        let older = self.rare.as_mut().and_then(|rare| {
            rare.older.iter_mut().find(|(other, _)| *other == field).map(|(_, began)| began)
        });
        let began = older.as_deref().copied().unwrap_or(if known { self.latest } else { NEVER });
        let takes = said.is_some() && at >= began;
        // Whose exchange is the latest is not noted.
        let began = if takes { at } else { began };
        let latest = at.max(self.latest);
        match older {
            Some(older) => *older = began,
            None if (known || takes) && began < latest => self.rare().older.push((field, began)),
            None => {}
        }
        if takes {
            *of(self) = said.cloned();
        }
    }

    /// When it got something last.
    fn granted(&self) -> At {
        if self.outcome.is_some_and(grants) {
            self.last
        } else {
            self.rare.as_ref().map_or(At::NEVER, |rare| rare.granted)
        }
    }

    /// Takes note of what an exchange tells of how the client fares; true if that is what tells it now.
    fn fare<S: Counted>(&mut self, exchange: &Exchange<S>, problems: &[Diagnosis]) -> bool {
        let Some(at) = decided(exchange).map(At::of) else { return false };
        let outcome = exchange.outcome;
        let leases = || S::leases(exchange).into_iter().collect();
        // A renewal that is not seen answered takes no address away: the lease runs on. Who only asks whether it may keep one
        // after a start has none by that.
        let holds = matches!(exchange.kind, Kind::Renew | Kind::Rebind | Kind::Confirm);
        let renewal = holds || matches!(exchange.kind, Kind::Reboot | Kind::Unknown);
        let silent = matches!(outcome, Outcome::Unanswered | Outcome::Open);
        let sure = problems.iter().any(|problem| problem.id.name() == "no-answer");
        let tells = match renewal && silent && !sure {
            true if holds => Tells::Holds,
            true => Tells::Asks,
            false => Tells::All,
        };
        let before = self.granted();
        let granted = if grants(outcome) { before.max(at) } else { before };
        if grants(outcome) && at >= before {
            self.delays = (exchange.offer_ns().unwrap_or(NEVER), exchange.ack_ns().unwrap_or(NEVER));
        }
        if exchange.kind == Kind::Release {
            let rare = self.rare();
            if at > granted && at >= rare.returned {
                (rare.given_back, rare.returned) = (leases(), at);
            }
        } else if let Some(rare) = self.rare.as_deref_mut().filter(|rare| granted > rare.returned) {
            rare.given_back = Few::default();
        }
        let decides = (tells, at) >= (self.tells, self.last);
        if decides {
            (self.tells, self.last) = (tells, at);
            self.outcome = Some(outcome).filter(|_| tells > Tells::Holds);
            self.leases = if grants(outcome) || (holds && silent) { leases() } else { Few::default() };
            if self.outcome.is_some_and(|outcome| !outcome.is_success()) {
                self.rare().why = Some(why(exchange, problems).into());
            }
        }
        if granted > At::NEVER && !self.outcome.is_some_and(grants) {
            self.rare().granted = granted;
        }
        decides
    }

    /// Takes note of the servers of an exchange; `before` are those of the client before.
    fn meet<S: Counted>(&mut self, exchange: &Exchange<S>, before: &mut Arc<[Whose]>) {
        let Some(first) = exchange.first().map(At::of) else { return };
        let spoke = |index: usize| {
            let mut steps = exchange.steps.iter();
            let spoke = steps.find(|step| step.server.is_some_and(|server| usize::from(server) == index));
            spoke.map_or(first, |step| At::of(&step.seen))
        };
        let heard =
            exchange.servers.iter().map(S::whose).enumerate().map(|(index, server)| (server, spoke(index)));
        let is_new = |(server, at): &(Whose, At)| {
            let known = self.servers.iter().zip(&self.met).find(|(known, _)| *known == server);
            known.is_none_or(|(_, met)| at < met)
        };
        let heard: Vec<(Whose, At)> = heard.filter(is_new).collect();
        if heard.is_empty() {
            return;
        }
        let mut met = Met { all: self.servers.to_vec(), keys: self.met.to_vec() };
        for (server, at) in heard {
            met.meet(server, at);
        }
        self.met = met.keys.into_iter().collect();
        let all = met.all;
        // Where a server of DHCPv6 speaks from is none of its name, but of what is told.
        let alike = |one: &Whose, other: &Whose| match (one, other) {
            (Whose::Six(_, own), Whose::Six(_, ip)) => one == other && own == ip,
            _ => one == other,
        };
        let known =
            before.len() == all.len() && before.iter().zip(&all).all(|(one, other)| alike(one, other));
        if !known {
            *before = all.into();
        }
        self.servers = Arc::clone(before);
    }
}

/// It gives a client something.
fn grants(outcome: Outcome) -> bool {
    outcome.is_success() && outcome != Outcome::Released
}

/// The message that decided what became of an exchange: what others say later, or repeat, changes nothing.
fn decided<S: Counted>(exchange: &Exchange<S>) -> Option<&S> {
    let own = match exchange.outcome {
        Outcome::Declined => exchange.sent().find(|seen| seen.letter() == Letter::Decline),
        _ if exchange.kind == Kind::Release => exchange.sent().next(),
        _ => S::decisive(exchange),
    };
    own.or_else(|| exchange.sent().next_back()).or_else(|| exchange.said().next_back().map(|step| &step.seen))
}

/// What became of an exchange that failed, in words.
fn why<S: Counted>(exchange: &Exchange<S>, problems: &[Diagnosis]) -> String {
    if let Some(why) = S::why(exchange, problems) {
        return why;
    }
    let first = || exchange.servers.first().map_or_else(String::new, |server| S::whose(server).to_string());
    match exchange.outcome {
        Outcome::Declined => "DECLINE, in use".to_owned(),
        Outcome::Refused => {
            let reason =
                exchange.texts.reason.as_deref().map(|reason| String::from_utf8_lossy(reason).into_owned());
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            format!(
                "refused by {}{reason}",
                S::server(exchange).map_or_else(first, |server| server.to_string())
            )
        }
        Outcome::Offered => format!("offered by {}, no REQUEST followed", first()),
        Outcome::Open if !exchange.servers.is_empty() => {
            format!("offered by {}, no REQUEST when the capture ends", first())
        }
        Outcome::Open => "no answer when the capture ends".to_owned(),
        Outcome::Unacknowledged => "REQUEST is neither confirmed nor refused".to_owned(),
        _ => {
            if let Some(relay) = exchange.relays().first().map(|relay| S::ip(*relay)) {
                return format!("relay {relay} forwards, no reply");
            }
            let what = exchange.sent().next().map_or("it", |seen| seen.letter().name()).to_uppercase();
            // Where answers could not be seen, or not yet, that none was says little.
            let seen = if S::who(exchange).is_six() {
                exchange.visible
            } else {
                problems.iter().any(|problem| problem.id == Id::Wider(Code::NoAnswer))
            };
            if !seen {
                return format!("no answer to {what} was seen");
            }
            format!("nobody answers {what}")
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::{Story, client};
    use crate::analysis::transaction::{Joiner, Options};
    use crate::wire::v4::MessageType;

    const SERVER: [u8; 4] = [10, 0, 0, 1];
    const OWN: [u8; 4] = [10, 0, 0, 9];

    /// The exchanges of a story that ends a minute after its last message.
    fn closed(tell: impl FnOnce(&mut Story)) -> Vec<Exchange> {
        let mut story = Story::default();
        tell(&mut story);
        story.end(600_000);
        let mut joiner = Joiner::new(Options::default());
        joiner.batch(&story.batch, |_, _| {});
        joiner.finish();
        joiner.take_closed().into_iter().map(|closed| *closed).collect()
    }

    /// How the only client of a story fares: status, address, what it gave back, and why.
    fn fares(tell: impl FnOnce(&mut Story)) -> (Status, Option<String>, Vec<String>, Option<String>) {
        let mut clients = Clients::default();
        for exchange in closed(tell) {
            clients.exchange(&exchange, 1, &[]);
        }
        let all = clients.sorted();
        let [one] = all.as_slice() else { panic!("{} clients", all.len()) };
        let given_back = one.given_back().iter().map(|(address, _)| address.to_string()).collect();
        (one.status(), one.address().map(|address| address.to_string()), given_back, one.why())
    }

    #[test]
    fn who_has_no_address_is_not_well() {
        let own = || Some("10.0.0.9".to_owned());
        let reboot = |story: &mut Story, ms: i64, number: u8| {
            story.ask(ms, client(number), MessageType::REQUEST, |m, _| m.set_option(50, &OWN));
        };
        let bound = |story: &mut Story| {
            story.discover(0, client(1));
            story.offer(1, client(1), SERVER, OWN);
            story.request(2, client(1), OWN, SERVER);
            story.ack(3, client(1), SERVER, OWN);
        };
        let failed = |why: &str| (Status::Failed, None, vec![], Some(why.to_owned()));
        // Refused again and again, of which the questions are not seen.
        assert_eq!(
            fares(|story| (0..3).for_each(|n| story.nak(n * 20_000, client(1), SERVER))),
            failed("refused by 10.0.0.1")
        );
        // Whether it may keep its address is asked in vain.
        assert_eq!(fares(|story| reboot(story, 0, 1)), failed("no answer to REQUEST was seen"));
        // The same later: the lease that was seen to be given runs on.
        let later = fares(|story| {
            bound(story);
            story.ask(
                60_000,
                crate::analysis::diagnosis::tests::Client { xid: 7, ..client(1) },
                MessageType::REQUEST,
                |m, _| {
                    m.set_option(50, &OWN);
                },
            );
        });
        assert_eq!(later, (Status::Ok, own(), vec![], None));
        // Who renews has what it renews.
        assert_eq!(fares(|story| story.renew(0, client(1), OWN, false)), (Status::Ok, own(), vec![], None));
        // Who gave its address back has none, and that is well.
        let released = fares(|story| {
            bound(story);
            story.ask(60_000, client(1), MessageType::RELEASE, |m, _| {
                m.ciaddr = OWN.into();
                m.set_option(54, &SERVER);
            });
        });
        assert_eq!(released, (Status::Ok, None, vec!["10.0.0.9".to_owned()], None));
        // It gave that back, whatever it asks for in vain later.
        let (status, _, given_back, _) = fares(|story| {
            bound(story);
            story.ask(60_000, client(1), MessageType::RELEASE, |m, _| {
                m.ciaddr = OWN.into();
                m.set_option(54, &SERVER);
            });
            story.discover(120_000, crate::analysis::diagnosis::tests::Client { xid: 9, ..client(1) });
        });
        assert_eq!((status, given_back), (Status::Failed, vec!["10.0.0.9".to_owned()]));
    }

    /// A client of these exchanges, of which `order` says which closes when: all that is told of it.
    fn row(all: &[Exchange], order: &[usize], problems: &[Diagnosis]) -> String {
        let mut clients = Clients::default();
        for index in order {
            let number = u64::try_from(*index).unwrap();
            let said = if *index == 0 { problems } else { &[] };
            clients.exchange(&all[*index], number, said);
        }
        let all = clients.sorted();
        let [one] = all.as_slice() else { panic!("{} clients", all.len()) };
        let mut numbers = one.transactions.to_vec();
        numbers.sort_unstable();
        let texts =
            [&one.texts.client_id, &one.texts.hostname, &one.texts.vendor_class, &one.texts.interface]
                .map(|text| text.as_deref().map(|text| String::from_utf8_lossy(text).into_owned()));
        let (status, why, messages, tries) = (one.status(), one.why(), one.messages(), one.tries());
        let servers: Vec<String> = one.servers.iter().map(ToString::to_string).collect();
        format!(
            "{status:?} {why:?} {:?} {texts:?} {servers:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {messages} {tries} {numbers:?}",
            one.mac,
            one.leases,
            one.given_back(),
            one.vlans(),
            one.relays(),
            one.codes(),
            one.delays(),
            one.seen,
        )
    }

    /// All orders of so many.
    fn orders(count: usize) -> Vec<Vec<usize>> {
        let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
        let shorter = orders(last);
        let mut all = Vec::new();
        for order in shorter {
            for place in 0..=order.len() {
                let mut order = order.clone();
                order.insert(place, last);
                all.push(order);
            }
        }
        all
    }

    type Tell<'a> = &'a dyn Fn(&mut Story);

    /// The exchanges of a client close in an order that the messages of others have a part in.
    #[test]
    fn what_is_told_of_a_client_does_not_depend_on_the_order_in_which_its_exchanges_close() {
        use crate::analysis::diagnosis::tests::Client;
        let again = |xid: u32| Client { xid, ..client(1) };
        let (other, second) = ([10, 0, 0, 2], [10, 0, 0, 8]);
        let named = |story: &mut Story, ms: i64, c: Client, name: &[u8], class: Option<&[u8]>| {
            story.ask(ms, c, MessageType::REQUEST, |m, _| {
                m.set_option(50, &OWN);
                m.set_option(12, name);
                if let Some(class) = class {
                    m.set_option(60, class);
                }
                m.giaddr = [10, 1, 0, name[0]].into();
            });
        };
        let release = |story: &mut Story, ms: i64, c: Client, ip: [u8; 4]| {
            story.ask(ms, c, MessageType::RELEASE, |m, _| {
                m.ciaddr = ip.into();
                m.set_option(54, &SERVER);
            });
        };
        let bind = |story: &mut Story, ms: i64, c: Client, server: [u8; 4], ip: [u8; 4]| {
            story.discover(ms, c);
            story.offer(ms + ms / 1000 + 1, c, server, ip);
            story.request(ms + ms / 1000 + 2, c, ip, server);
            story.ack(ms + ms / 500 + 3, c, server, ip);
        };
        let stories: [(&str, Tell<'_>); 6] = [
            ("names", &|story| {
                named(story, 0, again(1), b"a", Some(b"first"));
                story.nak(100, again(1), SERVER);
                named(story, 200_000, again(2), b"b", Some(b"second"));
                named(story, 400_000, again(3), b"c", None);
                story.nak(400_100, again(3), other);
            }),
            ("refused later", &|story| {
                bind(story, 0, again(1), SERVER, OWN);
                named(story, 2000, again(2), b"h", None);
                story.nak(2100, again(2), SERVER);
                // A second server is slow.
                story.offer(3000, again(1), other, second);
            }),
            ("bound twice", &|story| {
                bind(story, 0, again(1), SERVER, OWN);
                bind(story, 200_000, again(2), other, second);
                story.renew(400_000, again(3), second, false);
            }),
            ("given back", &|story| {
                bind(story, 0, again(1), SERVER, OWN);
                release(story, 200_000, again(2), OWN);
                bind(story, 400_000, again(3), SERVER, second);
                release(story, 600_000, again(4), second);
            }),
            ("had again", &|story| {
                release(story, 0, again(1), OWN);
                bind(story, 200_000, again(2), SERVER, second);
                story.discover(400_000, again(3));
            }),
            ("in vain", &|story| {
                story.renew(0, again(1), OWN, false);
                story.ask(200_000, again(2), MessageType::REQUEST, |m, _| m.set_option(50, &OWN));
                story.renew(400_000, again(3), second, true);
            }),
        ];
        for (name, tell) in stories {
            let all = closed(|story| tell(story));
            assert!(all.len() >= 2, "{name}");
            let problem =
                |code: Code| Diagnosis { id: Id::Wider(code), frames: vec![], message: String::new() };
            let problems = [problem(Code::NoAnswer), problem(Code::NoAck), problem(Code::NakLoop)];
            let orders = orders(all.len());
            let problems = if name == "names" { &problems[..] } else { &[] };
            let wanted = row(&all, &(0..all.len()).collect::<Vec<_>>(), problems);
            for order in orders {
                assert_eq!(row(&all, &order, problems), wanted, "{name} {order:?}");
            }
            let shows = |part: &str| assert!(wanted.contains(part), "{name}: {part} in {wanted}");
            match name {
                "names" => {
                    shows(r#"Some("c"), Some("second")"#);
                    shows(r#"["10.0.0.1", "10.0.0.2"]"#);
                    shows("[10.1.0.97, 10.1.0.98, 10.1.0.99]");
                    shows(r#"(Error, "nak-loop"), (Warning, "no-answer"), (Warning, "no-ack")"#);
                }
                "refused later" => shows(r#"Failed Some("refused by 10.0.0.1")"#),
                "bound twice" => shows("(Some(201000000), Some(201000000))"),
                "given back" => shows("[(10.0.0.8, None)] [] [] [] (Some("),
                "had again" => shows("Failed Some"),
                _ => shows("Failed Some(\"no answer to REQUEST was seen\")"),
            }
        }
    }

    #[test]
    fn what_was_found_of_the_whole_is_said_of_whom_it_is_about() {
        let mut clients = bound(1..5);
        let mut finding = Finding {
            id: Id::Wider(Code::AddressGivenTwice),
            server: None,
            client: Some(client(2).mac.into()),
            others: vec![client(3).mac.into(), client(99).mac.into()],
            address: None,
            frames: vec![1],
            count: 1,
            seen: (0, 0),
            message: String::new(),
        };
        clients.concern(&finding);
        (finding.id, finding.client) = (Id::Wider(Code::AddressChurn), Some(client(4).mac.into()));
        finding.others.clear();
        clients.concern(&finding);
        let of = |wanted: u8| {
            let all = clients.sorted();
            let one = all.iter().find(|one| one.mac == Some(client(wanted).mac.into())).unwrap();
            (one.status(), one.codes().iter().map(|(_, code)| *code).collect::<Vec<_>>())
        };
        assert_eq!(of(1), (Status::Ok, vec![]));
        assert_eq!(of(2), (Status::Odd, vec!["address-given-twice"]));
        assert_eq!(of(3), (Status::Odd, vec!["address-given-twice"]));
        assert_eq!(of(4), (Status::Ok, vec!["address-churn"]), "a note alarms nobody");
    }

    /// How a client fares that is bound by a second server with `routers`, while the first bound `count`, and the second `others`, `ms`
    /// earlier.
    fn beside(count: u8, others: u8, routers: [u8; 4], ms: i64) -> (Status, Option<String>) {
        let other = [10, 0, 0, 66];
        let mut clients = Clients::default();
        let all = closed(|story| {
            for number in 1..=count.saturating_add(others).saturating_add(1) {
                let (first, c, ip) = (number <= count, client(number), [10, 0, 0, 100 + number]);
                let server = if first { SERVER } else { other };
                let at = i64::from(number) * 100 + if first { 0 } else { ms };
                story.discover(at, c);
                story.request(at + 1, c, ip, server);
                story.ack_with(at + 2, c, server, ip, if first { SERVER } else { routers });
            }
        });
        for exchange in &all {
            clients.exchange(exchange, 1, &[]);
        }
        clients.compare();
        let last = client(count.saturating_add(others).saturating_add(1)).mac.into();
        let all = clients.sorted();
        let one = all.iter().find(|one| one.mac == Some(last)).unwrap();
        (one.status(), one.why())
    }

    #[test]
    fn a_lease_from_another_server_than_all_others_have_is_odd() {
        let odd = (Status::Odd, Some("lease from 10.0.0.66, not 10.0.0.1".to_owned()));
        let fine = (Status::Ok, None);
        let other = [10, 0, 0, 66];
        assert_eq!(beside(6, 0, other, 0), odd);
        assert_eq!(beside(10, 1, other, 0), odd);
        // Servers that answer alike share the work, and so do two that serve about as many.
        assert_eq!(beside(10, 0, SERVER, 0), fine);
        assert_eq!(beside(10, 2, other, 0), fine);
        assert_eq!(beside(4, 0, other, 0), fine, "too few to say which of them it is");
        assert_eq!(beside(10, 0, other, 3 * 86_400_000), fine, "another network, or the same days later");
    }

    #[test]
    fn what_stands_before_its_question_took_no_time() {
        let all = closed(|story| {
            story.ack(0, client(1), SERVER, OWN);
            // The ACK may answer a DISCOVER that asks for it.
            story.ask(30, client(1), MessageType::DISCOVER, |m, _| m.set_option(80, &[]));
            story.ack(60, client(1), SERVER, OWN);
        });
        for exchange in &all {
            let delays = [exchange.offer_ns(), exchange.ack_ns(), exchange.total_ns()];
            assert!(delays.into_iter().flatten().all(|delay| delay >= 0), "{delays:?}");
        }
        assert!(all.iter().any(|exchange| exchange.had().reply && exchange.had().client));
    }

    #[test]
    fn whose_lease_is_asked_about_is_no_client_of_the_capture() {
        let mut story = Story::default();
        story.discover(0, client(1));
        story.ask(10, client(2), MessageType::LEASEQUERY, |m, _| m.giaddr = [10, 0, 0, 9].into());
        let mut joiner = Joiner::new(Options::default());
        joiner.batch(&story.batch, |_, _| {});
        joiner.finish();
        let closed = joiner.take_closed();
        let kinds: Vec<Kind> = closed.iter().map(|exchange| exchange.kind).collect();
        assert_eq!(kinds, [Kind::Acquire, Kind::LeaseQuery]);
        let mut clients = Clients::default();
        for exchange in &closed {
            clients.exchange(exchange, 1, &[]);
        }
        let all = clients.sorted();
        assert_eq!(all.iter().map(|one| one.mac).collect::<Vec<_>>(), [Some(client(1).mac.into())]);
    }

    /// Clients that each were bound by the same server.
    fn bound(numbers: std::ops::Range<u8>) -> Clients {
        let mut story = Story::default();
        for number in numbers {
            let (at, c, a) = (i64::from(number) * 1000, client(number), [10, 0, 0, number]);
            story.discover(at, c);
            story.offer(at + 1, c, [10, 0, 0, 1], a);
            story.request(at + 2, c, a, [10, 0, 0, 1]);
            story.ack(at + 3, c, [10, 0, 0, 1], a);
        }
        let mut joiner = Joiner::new(Options::default());
        joiner.batch(&story.batch, |_, _| {});
        joiner.finish();
        let mut clients = Clients::default();
        for (exchange, number) in joiner.take_closed().iter().zip(1..) {
            clients.exchange(exchange, number, &[]);
        }
        clients
    }

    /// There may be a million of them.
    #[test]
    fn a_client_that_is_fine_takes_little_memory() {
        assert!(size_of::<ClientRecord>() <= 272, "{}", size_of::<ClientRecord>());
        let clients = bound(1..20);
        let all = clients.sorted();
        assert_eq!((all.len(), all.iter().filter(|one| one.rare.is_none()).count()), (19, 19));
        assert!(
            all.iter().all(|one| Arc::ptr_eq(&one.servers, &all[0].servers)),
            "what is alike is there once"
        );
        let delays = |one: &&ClientRecord| one.delays();
        assert!(all.iter().map(delays).all(|delays| delays == (Some(1_000_000), Some(1_000_000))));
    }

    #[test]
    fn two_clients_of_one_hash_are_two() {
        let mut clients = bound(1..2);
        let other = bound(2..3).all.remove(0);
        let hash = clients.places.hasher().hash_one(&other.who);
        clients.places.insert(hash, 0);
        for _ in 0..2 {
            assert_eq!(clients.place(other.who.clone(), other.mac, (0, 0)), Some(1));
        }
        assert_eq!(
            (clients.all.len(), clients.place(clients.all[0].who.clone(), None, (0, 0))),
            (2, Some(0))
        );
    }
}
