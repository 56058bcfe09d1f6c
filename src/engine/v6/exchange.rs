//! One client's whole exchange: SOLICIT if it must, REQUEST, CONFIRM, RENEW, REBIND, RELEASE, DECLINE or INFORMATION-REQUEST, the
//! answer, and what comes after a lease was given: a test whether somebody has the address, DECLINE, RELEASE (RFC 9915 §18.2).

mod answers;
mod ask;
mod bound;
mod offers;
mod task;

use std::net::Ipv6Addr;
use std::time::Duration;

use fastrand::Rng;

use super::accept::{MOST, Outcome6, departures, kept, requested};
use super::client::Seated6;
use super::recipe::{IaWish, Recipe6};
use super::station::{Answer6, Sorted, Station6};
use super::timer::Schedule;
use super::watch::Watch6;
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::v6::{Duid, MessageType};
use ask::Ask;
use bound::Bound;
use offers::Offers;
pub use task::{Choose, Dad, Settings6, State6, Task6, Tested, first_draft};

/// How long somebody who has an address is waited for (RFC 4862 §5.1: `RetransTimer`).
const PROBE: Duration = Duration::from_secs(1);
/// How long a last frame may take to be seen leaving.
const LAST_COPY: Duration = Duration::from_millis(250);
/// How long servers are asked to take their leases back as RFC 9915 §18.2.7 says, two silent ones in turn; those that are left
/// then are asked once.
const SETTLING: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Start,
    /// ADVERTISEs are collected.
    Solicit,
    /// The message of the task.
    Main,
    /// Whether somebody has the addresses.
    Probe {
        until: Instant,
    },
    Decline,
    Release,
    /// The last frame is on its way.
    Ending {
        until: Instant,
    },
    Over,
}

/// One client's exchange.
#[allow(clippy::struct_excessive_bools, reason = "what happened is independent of each other")]
#[derive(Clone, Debug)]
pub struct Exchange6 {
    recipe: Recipe6,
    task: Task6,
    settings: Settings6,
    rng: Rng,
    station: Station6,
    phase: Phase,
    ask: Option<Ask>,
    /// What was asked, by lane.
    asked: Vec<MessageType>,
    window: Option<Instant>,
    offers: Offers,
    chosen: Option<usize>,
    answer: Option<Answer6>,
    /// An answer that refuses, while a better one may come.
    refusal: Option<Answer6>,
    outcome: Outcome6,
    rapid_commit: bool,
    solicits: u32,
    mains: u32,
    main: MessageType,
    wishes: Vec<IaWish>,
    before: Vec<IaWish>,
    again: bool,
    conflict: Tested,
    /// The addresses that somebody else has.
    in_use: Vec<Ipv6Addr>,
    declined: bool,
    /// When giving back began.
    settling: Option<Instant>,
    /// Each server that is left is asked once.
    hurried: bool,
    released: bool,
    bound: Bound,
    unreleased: Vec<(Duid, Vec<IaWish>)>,
}

impl Exchange6 {
    /// An exchange that has not begun. `foreign` says that the client's MAC is not the interface's own.
    pub fn new(recipe: Recipe6, task: Task6, settings: Settings6, foreign: bool, rng: Rng) -> Self {
        let mut exchange = Self {
            station: Station6::new(&first_draft(&recipe, &task), recipe.duid.clone(), foreign),
            wishes: recipe.ias.clone(),
            recipe,
            task,
            settings,
            rng,
            phase: Phase::Start,
            ask: None,
            asked: Vec::new(),
            window: None,
            offers: Offers::default(),
            chosen: None,
            answer: None,
            refusal: None,
            outcome: Outcome6::Timeout,
            rapid_commit: false,
            solicits: 0,
            mains: 0,
            main: MessageType::REQUEST,
            before: Vec::new(),
            again: false,
            conflict: Tested::Not,
            in_use: Vec::new(),
            declined: false,
            settling: None,
            hurried: false,
            released: false,
            bound: Bound::default(),
            unreleased: Vec::new(),
        };
        if let Task6::Request { held, .. } | Task6::Release(held) | Task6::Decline(held) = &exchange.task {
            exchange.before.clone_from(held);
        }
        exchange
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome6 {
        self.outcome
    }

    /// Every ADVERTISE, and every REPLY with rapid commit.
    pub fn offers(&self) -> &[Answer6] {
        self.offers.all()
    }

    /// The ADVERTISE that was taken.
    pub fn offer(&self) -> Option<&Answer6> {
        self.chosen.and_then(|chosen| self.offers.get(chosen))
    }

    /// The REPLY; where nobody offered anything usable, the ADVERTISE that refuses.
    pub fn answer(&self) -> Option<&Answer6> {
        self.answer.as_ref()
    }

    /// The lease was bound by rapid commit.
    pub fn is_rapid_commit(&self) -> bool {
        self.rapid_commit
    }

    /// SOLICITs sent.
    pub fn solicits(&self) -> u32 {
        self.solicits
    }

    /// Messages of the task sent.
    pub fn mains(&self) -> u32 {
        self.mains
    }

    /// The message of the task.
    pub fn main(&self) -> MessageType {
        self.main
    }

    /// What was held before the message of the task.
    pub fn held_before(&self) -> &[IaWish] {
        &self.before
    }

    /// What the test of the addresses found.
    pub fn conflict(&self) -> Tested {
        self.conflict
    }

    /// A DECLINE was sent.
    pub fn declined(&self) -> bool {
        self.declined
    }

    /// The addresses that were declined: they are the client's no more.
    pub fn declined_addresses(&self) -> &[Ipv6Addr] {
        if self.declined { &self.in_use } else { &[] }
    }

    /// Everything that was bound was given back, and the servers said so.
    pub fn released(&self) -> bool {
        self.released
            && self.unreleased.is_empty()
            && self.left().next().is_none()
            && self.bound.dropped() == 0
    }

    /// What servers were asked to take back and did not say that they did.
    pub fn unreleased(&self) -> impl Iterator<Item = (&Duid, &[IaWish])> {
        self.unreleased.iter().map(|(server, leases)| (server, leases.as_slice()))
    }

    /// What servers bound and nobody asked them to take back: where leases are given back all that is left, else what others bound
    /// than the server whose lease is kept.
    pub fn left(&self) -> impl Iterator<Item = (&Duid, &[IaWish])> {
        let keeps = self.answer.as_ref().filter(|_| !self.settings.release).and_then(Answer6::server);
        self.bound.all().filter(move |(server, _)| keeps.as_ref() != Some(*server))
    }

    /// Grants that came when too many others were kept: nobody gives these back.
    pub fn dropped(&self) -> u64 {
        self.bound.dropped()
    }

    /// What else was seen.
    pub fn watch(&self) -> &Watch6 {
        &self.station.watch
    }

    /// In what the REPLY departs from what was advertised, in words.
    pub fn departures(&self) -> Vec<String> {
        let (Some(offer), Some(answer)) = (self.offer(), self.answer.as_ref()) else { return Vec::new() };
        if self.main != MessageType::REQUEST || answer == offer || self.rapid_commit {
            return Vec::new();
        }
        departures(&kept(&offer.facts()), &kept(&answer.facts()))
    }

    /// Begins to ask for something.
    fn begin(&mut self, kind: MessageType, ias: Vec<IaWish>, server: Option<Duid>, schedule: Schedule) {
        let lane = self.asked.len();
        self.asked.push(kind);
        self.station.watch.awaits_reply = kind != MessageType::SOLICIT;
        // Each exchange has a transaction of its own; the first has the one that was chosen (§16.1).
        let xid = if lane == 0 { self.recipe.xid } else { self.rng.u32(1..0x0100_0000) };
        self.station.expect(lane, Some(xid));
        let recipe = Recipe6 { xid, ..self.recipe.clone() };
        let schedule = if self.hurried {
            Schedule { first: LAST_COPY, count: 1, random: false, ..schedule }
        } else {
            schedule.with(self.settings.each, self.settings.retries)
        };
        self.ask = Some(Ask::new(kind, ias, server, lane, recipe, schedule));
    }

    fn start(&mut self, now: Instant) {
        match self.task.clone() {
            Task6::Request { state, held } => {
                if state == State6::Selecting || !held.iter().any(IaWish::has_lease) {
                    self.solicit();
                } else {
                    self.in_state(state, held);
                }
            }
            Task6::Release(held) => {
                let server = self.recipe.server.clone();
                self.main_of(MessageType::RELEASE, held, server, Schedule::RELEASE);
            }
            Task6::Decline(held) => {
                let server = self.recipe.server.clone();
                self.main_of(MessageType::DECLINE, held, server, Schedule::DECLINE);
            }
            Task6::Inform => {
                self.main_of(MessageType::INFORMATION_REQUEST, Vec::new(), None, Schedule::INFORM);
            }
        }
        self.go_on(now);
    }

    fn solicit(&mut self) {
        self.phase = Phase::Solicit;
        self.window = None;
        let wishes = self.wishes.clone();
        self.begin(MessageType::SOLICIT, wishes, None, Schedule::SOLICIT);
    }

    fn main_of(&mut self, kind: MessageType, ias: Vec<IaWish>, server: Option<Duid>, schedule: Schedule) {
        self.phase = Phase::Main;
        self.main = kind;
        self.refusal = None;
        self.begin(kind, ias, server, schedule);
    }

    /// Asks in a state other than selecting for what is held.
    fn in_state(&mut self, state: State6, held: Vec<IaWish>) {
        self.before.clone_from(&held);
        let (kind, schedule) = state.message(&held);
        let server = if kind == MessageType::RENEW { self.server_of_lease() } else { None };
        self.main_of(kind, held, server, schedule);
    }

    fn server_of_lease(&self) -> Option<Duid> {
        self.answer.as_ref().and_then(Answer6::server).or_else(|| self.recipe.server.clone())
    }

    /// Sends what is due.
    fn go_on(&mut self, now: Instant) {
        let refused = self.refusal.is_some() || self.only_refusals() && self.solicits >= 2;
        let Some(ask) = &mut self.ask else { return };
        if ask.waits(now) {
            return;
        }
        let sent = self.station.sent(ask.lane);
        // Who refused may be outdone: everybody had the time to say something better.
        if ask.is_exhausted(sent, now) || sent > 0 && refused {
            self.gave_up(now);
            return;
        }
        let draft = ask.draft(now);
        if !self.station.send(&draft, ask.lane, now) {
            if self.station.resolve_deadline().is_none() {
                self.end(now);
            }
            return;
        }
        let delay = ask.sent(now, &mut self.rng);
        match self.phase {
            Phase::Solicit => {
                self.solicits = self.solicits.saturating_add(1);
                let wait = self.settings.wait.unwrap_or(delay);
                self.window.get_or_insert(now.after(wait));
            }
            Phase::Main => self.mains = self.mains.saturating_add(1),
            _ => {}
        }
    }

    /// ADVERTISEs came, and none of them can be used.
    fn only_refusals(&self) -> bool {
        self.phase == Phase::Solicit && !self.offers.all().is_empty() && self.best().is_none()
    }

    /// The ADVERTISE that a client takes.
    fn best(&self) -> Option<usize> {
        self.offers.best()
    }

    /// Nobody answered in time.
    fn gave_up(&mut self, now: Instant) {
        match self.phase {
            Phase::Solicit => {
                if let Some(best) = self.best() {
                    self.take_offer(best, now);
                    return;
                }
                if let Some(refusal) = self.offers.all().first().cloned() {
                    self.answer = Some(refusal);
                    self.outcome = Outcome6::Nak;
                }
                self.give_back(now);
            }
            Phase::Main => {
                if let Some(refusal) = self.refusal.take() {
                    self.finish(refusal, Outcome6::Nak, now);
                    return;
                }
                self.suspect();
                self.give_back(now);
            }
            Phase::Decline => self.give_back(now),
            Phase::Release => {
                self.leave();
                self.give_back(now);
            }
            _ => self.end(now),
        }
    }

    fn take_offer(&mut self, place: usize, now: Instant) {
        let Some(offer) = self.offers.get(place) else { return };
        self.chosen = Some(place);
        let facts = offer.facts();
        let (ias, server) = (requested(&facts, &self.wishes), offer.server());
        self.main_of(MessageType::REQUEST, ias, server, Schedule::REQUEST);
        self.go_on(now);
    }

    /// The answer of the task is there.
    fn finish(&mut self, answer: Answer6, outcome: Outcome6, now: Instant) {
        self.outcome = outcome;
        let addresses = self.probed(&answer);
        self.answer = Some(answer);
        self.ask = None;
        if self.settings.dad == Dad::None || addresses.is_empty() {
            self.give_back(now);
            return;
        }
        for address in addresses {
            self.station.solicit_neighbor(address, true, now);
        }
        self.conflict = Tested::Free;
        self.phase = Phase::Probe { until: now.after(PROBE) };
    }

    /// The addresses that were given and are to be tested.
    fn probed(&self, answer: &Answer6) -> Vec<Ipv6Addr> {
        if !matches!(self.task, Task6::Request { .. }) {
            return Vec::new();
        }
        let leases = kept(&answer.facts());
        // All of them fit a DECLINE.
        leases.iter().flat_map(|ia| ia.addresses.iter().copied()).take(MOST).collect()
    }

    fn on_claim(&mut self, target: Ipv6Addr, mac: Mac, at: Instant) -> Remark {
        let tested = matches!(self.phase, Phase::Probe { .. })
            && mac != self.station.mac
            && self.answer.as_ref().is_some_and(|answer| self.probed(answer).contains(&target));
        if !tested {
            return Remark::UNRELATED;
        }
        let remark = Remark::new(Sense::Noticed, format!("{target} is in use by {mac}"));
        self.station.event(at, remark.clone(), (Some(target), Some(mac)));
        if self.conflict == Tested::Free {
            self.conflict = Tested::InUse(target, mac);
        }
        if !self.in_use.contains(&target) {
            self.in_use.push(target);
        }
        remark
    }

    /// The time for whoever has an address is over.
    fn probed_enough(&mut self, now: Instant) {
        let server = self.answer.as_ref().and_then(Answer6::server);
        let Some(server) = server.filter(|_| self.settings.dad == Dad::Decline) else {
            self.give_back(now);
            return;
        };
        let ias = self.bound.take(&server, &self.in_use);
        if ias.is_empty() {
            self.give_back(now);
            return;
        }
        self.declined = true;
        self.phase = Phase::Decline;
        self.begin(MessageType::DECLINE, ias, Some(server), Schedule::DECLINE);
        self.go_on(now);
    }

    /// Gives back what was bound, one server after the other; then it is over.
    fn give_back(&mut self, now: Instant) {
        self.ask = None;
        let wanted = self.settings.release && matches!(self.task, Task6::Request { .. });
        if wanted && let Some((server, ias)) = self.bound.next() {
            let since = *self.settling.get_or_insert(now);
            self.hurried |= now > since.after(SETTLING);
            self.phase = Phase::Release;
            self.begin(MessageType::RELEASE, ias, Some(server), Schedule::RELEASE);
            self.go_on(now);
            return;
        }
        self.end(now);
    }

    /// Notes the leases that were asked for: nobody confirmed them, but somebody may have bound them.
    fn suspect(&mut self) {
        let Some(ask) = self.ask.as_ref().filter(|ask| self.station.sent(ask.lane) > 0) else { return };
        if !binds(ask.kind) || self.refusal.is_some() {
            return;
        }
        let leases: Vec<IaWish> = ask.ias.iter().filter(|ia| ia.has_lease()).cloned().collect();
        let server = ask.server.clone().or_else(|| self.server_of_lease());
        if let (Some(server), false) = (server, leases.is_empty()) {
            self.bound.note(server, leases);
        }
    }

    /// The server that is asked to take its leases back does not say that it did.
    fn leave(&mut self) {
        let Some((server, mut leases)) = self.ask.take().and_then(|ask| Some((ask.server?, ask.ias))) else {
            return;
        };
        // Who is silent once is not asked for the rest of what it gave.
        leases.extend(self.bound.rest_of(&server));
        self.unreleased.push((server, leases));
    }

    fn end(&mut self, now: Instant) {
        if self.phase == Phase::Release {
            self.leave();
        }
        self.ask = None;
        self.phase = Phase::Ending { until: now.after(LAST_COPY) };
        // Several servers may have committed at once: their answers are waited for.
        if self.rapid_commit {
            return;
        }
        // Whatever was sent last was answered, or its copy was seen: there is nothing to wait for.
        if self.answer.is_some() || self.station.watch.left >= self.station.watch.handed {
            self.phase = Phase::Over;
        }
    }
}

/// True for a message whose answer binds leases.
fn binds(kind: MessageType) -> bool {
    matches!(kind, MessageType::SOLICIT | MessageType::REQUEST | MessageType::RENEW | MessageType::REBIND)
}

impl Machine for Exchange6 {
    fn on_time(&mut self, now: Instant) {
        if self.station.resolve_deadline().is_some()
            && !self.station.resolve(now)
            && self.station.watch.unresolved.is_some()
        {
            self.end(now);
            return;
        }
        match self.phase {
            Phase::Start => self.start(now),
            Phase::Solicit => {
                if self.window.is_some_and(|window| now >= window)
                    && let Some(best) = self.best()
                {
                    self.take_offer(best, now);
                    return;
                }
                self.go_on(now);
            }
            Phase::Main | Phase::Decline | Phase::Release => self.go_on(now),
            Phase::Probe { until } if now >= until => self.probed_enough(now),
            Phase::Ending { until } if now >= until => self.phase = Phase::Over,
            Phase::Probe { .. } | Phase::Ending { .. } | Phase::Over => {}
        }
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.station.on_sent(id, at);
        let last = id == self.station.last_id() && !self.rapid_commit;
        if matches!(self.phase, Phase::Ending { .. }) && last {
            self.phase = Phase::Over;
        }
    }

    fn on_refused(&mut self, id: u32, now: Instant) {
        self.station.on_refused(id);
        match self.phase {
            Phase::Solicit => self.solicits = self.solicits.saturating_sub(1),
            Phase::Main => self.mains = self.mains.saturating_sub(1),
            Phase::Decline => self.declined = false,
            // The others still get back what they gave.
            Phase::Release => self.leave(),
            _ => {}
        }
        if matches!(self.phase, Phase::Decline | Phase::Release) {
            self.give_back(now);
        } else {
            self.stop(now);
        }
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        self.hear(arrival)
    }

    fn stop(&mut self, now: Instant) {
        // What was taken is given back where that was wanted.
        match self.phase {
            Phase::Ending { .. } | Phase::Over => return,
            Phase::Release => {
                self.hurried = true;
                self.leave();
            }
            _ => {}
        }
        if self.phase == Phase::Main {
            self.suspect();
        }
        self.give_back(now);
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Over => None,
            Phase::Probe { until } | Phase::Ending { until } => Some(until),
            _ => {
                let next = self.ask.as_ref().and_then(|ask| ask.next);
                let open = self.window.filter(|_| self.phase == Phase::Solicit && self.best().is_some());
                let resolving = self.station.resolve_deadline();
                next.into_iter().chain(open).chain(resolving).min()
            }
        }
    }

    fn gives_up(&self) -> Option<Instant> {
        let asking = matches!(self.phase, Phase::Solicit | Phase::Main | Phase::Decline | Phase::Release);
        let ask = self.ask.as_ref().filter(|_| asking)?;
        ask.gives_up(self.station.sent(ask.lane))
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.station.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.station.poll_event()
    }
}

impl Seated6 for Exchange6 {
    fn station(&mut self) -> &mut Station6 {
        &mut self.station
    }

    fn on_sorted(&mut self, sorted: Sorted, at: Instant) -> Remark {
        match sorted {
            Sorted::Answer(answer) => self.on_answer(*answer),
            Sorted::Router(_) => Remark::new(Sense::Noticed, "a router advertisement"),
            Sorted::Claim(target, mac) => self.on_claim(target, mac, at),
            Sorted::Done(remark) => remark,
        }
    }
}

#[cfg(test)]
mod tests;
