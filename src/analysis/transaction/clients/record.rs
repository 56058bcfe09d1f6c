//! One client: what is told of it does not depend on the order in which its exchanges close.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::sync::Arc;

use super::givers::Instead;
use super::{NUMBERS, UNTOLD};
use crate::analysis::diagnosis::{Code, Diagnosis, Id};
use crate::analysis::transaction::exchange::Exchange;
use crate::analysis::transaction::few::Few;
use crate::analysis::transaction::message::Message;
use crate::analysis::transaction::names::{Kind, Letter, Outcome};
use crate::analysis::transaction::party::{Counted, Who, Whose};
use crate::wire::HwAddr;
use crate::wire::problem::Severity;

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
pub(super) struct At {
    time: i64,
    frame: u32,
}

impl At {
    /// Before everything.
    const NEVER: Self = Self { time: NEVER, frame: 0 };

    pub(super) fn new(time: i64, frame: u64) -> Self {
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
    pub(super) rare: Option<Box<Rare>>,
}

/// No time.
const NEVER: i64 = i64::MIN;

/// What most clients have not.
#[derive(Clone, Debug)]
pub(super) struct Rare {
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
    instead: Option<Instead>,
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
    pub(super) fn new(who: Who, mac: Option<HwAddr>, seen: (i64, i64)) -> Self {
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

    /// When it was seen first and last, where a capture tells that.
    pub fn times(&self) -> Option<(i64, i64)> {
        Some(self.seen).filter(|(from, to)| from <= to)
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

    /// How bad the worst is that is said of it: to be odd is worth a warning, whatever makes it so.
    pub(super) fn alarm(&self) -> Option<Severity> {
        let odd = Some(Severity::Warning).filter(|_| self.status() == Status::Odd);
        self.codes().first().map(|(severity, _)| *severity).max(odd)
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

    /// Who refused it, where that is why it has failed, and in which words.
    pub fn refusal(&self) -> Option<(&str, &str)> {
        let why = self.rare.as_ref().filter(|_| self.outcome == Some(Outcome::Refused))?.why.as_deref()?;
        why.strip_prefix(REFUSED).map(|rest| rest.split_once(": ").unwrap_or((rest, "")))
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
    fn instead(&self) -> Option<Instead> {
        self.rare.as_ref()?.instead
    }

    /// It has its lease from another server than the one that serves its place.
    pub(super) fn elsewhere(&mut self, both: Instead) {
        self.rare().instead = Some(both);
        self.say(Id::Wider(Code::SeveralServers), self.last);
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

impl ClientRecord {
    /// Takes note of an exchange; true if that is the one now that tells how the client fares.
    pub(super) fn take<S: Counted>(
        &mut self,
        exchange: &Exchange<S>,
        number: u64,
        problems: &[Diagnosis],
    ) -> bool {
        let (Some(first), Some((from, _))) = (exchange.first(), exchange.span()) else { return false };
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
        let (from, to) = exchange.times().unwrap_or(UNTOLD);
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
    pub(super) fn say(&mut self, id: Id, at: At) {
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
            // Who gives up what it has does without it, whatever is said to that.
            self.outcome = Some(outcome).filter(|_| tells > Tells::Holds && exchange.kind != Kind::Release);
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
    pub(super) fn meet<S: Counted>(&mut self, exchange: &Exchange<S>, before: &mut Arc<[Whose]>) {
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

/// What stands before who refused.
const REFUSED: &str = "refused by ";

/// It gives a client something.
pub(super) fn grants(outcome: Outcome) -> bool {
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
                "{REFUSED}{}{reason}",
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
