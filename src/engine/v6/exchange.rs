//! One client's whole exchange: SOLICIT if it must, REQUEST, CONFIRM, RENEW, REBIND, RELEASE, DECLINE or INFORMATION-REQUEST, the
//! answer, and what comes after a lease was given: a test whether somebody has the address, DECLINE, RELEASE (RFC 9915 §18.2).

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;

use super::accept::{self, Outcome6, is_usable_answer, kept, rank, requested};
use super::discover::hundredths;
use super::draft::Draft6;
use super::recipe::{IaWish, Recipe6};
use super::station::{Answer6, Sorted, Station6};
use super::timer::Schedule;
use super::watch::{Reason6, Watch6};
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, MessageType, StatusCode};

/// How long somebody who has an address is waited for (RFC 4862 §5.1: `RetransTimer`).
const PROBE: Duration = Duration::from_secs(1);
/// How long a last frame may take to be seen leaving.
const LAST_COPY: Duration = Duration::from_millis(250);
/// ADVERTISEs kept; more are not looked at.
const MAX_OFFERS: usize = 1000;
/// Bytes kept of them.
const MAX_BYTES: usize = 32 << 20;

/// The client's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State6 {
    /// It has nothing: SOLICIT, REQUEST.
    Selecting,
    /// It may have moved to another link: CONFIRM, or REBIND where it holds prefixes (§18.2.12).
    Confirming,
    /// T1 has come: RENEW.
    Renewing,
    /// T2 has come: REBIND.
    Rebinding,
}

impl State6 {
    /// The name used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Selecting => "selecting",
            Self::Confirming => "confirming",
            Self::Renewing => "renewing",
            Self::Rebinding => "rebinding",
        }
    }
}

impl FromStr for State6 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "selecting" | "request" => Self::Selecting,
            "confirming" | "confirm" | "init-reboot" => Self::Confirming,
            "renewing" | "renew" => Self::Renewing,
            "rebinding" | "rebind" => Self::Rebinding,
            _ => return Err(format!("{text:?} is no state: selecting, confirming, renewing or rebinding")),
        })
    }
}

/// Whose ADVERTISE is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choose {
    /// That with the highest preference; among equals who grants more.
    #[default]
    Preference,
    /// The first that a client could use.
    First,
    /// That of this server.
    Server(Duid),
}

impl FromStr for Choose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "preference" => Self::Preference,
            "first" => Self::First,
            duid => {
                Self::Server(duid.parse().map_err(|_| {
                    format!("{text:?}: choose by preference, first, or a DUID in hexadecimal")
                })?)
            }
        })
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Task6 {
    /// A lease.
    Request {
        /// In which state.
        state: State6,
        /// What is held; where nothing is, it is asked for first.
        held: Vec<IaWish>,
    },
    /// Leases are given back.
    Release(Vec<IaWish>),
    /// Addresses are in use by somebody else.
    Decline(Vec<IaWish>),
    /// Configuration alone.
    Inform,
}

/// Whether it is tested that nobody has the addresses given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dad {
    /// Not at all.
    None,
    /// It is, and what was found is reported.
    Report,
    /// It is, and a conflict is answered with a DECLINE.
    Decline,
}

/// What the test of the addresses found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tested {
    /// There was none.
    Not,
    /// Nobody has them.
    Free,
    /// Somebody has this one.
    InUse(Ipv6Addr, Mac),
}

/// How an exchange goes.
#[derive(Clone, Debug)]
pub struct Settings6 {
    /// A time per try that was chosen by hand.
    pub each: Option<Duration>,
    /// A number of repetitions that was chosen by hand.
    pub retries: Option<u32>,
    /// How long ADVERTISEs are collected; until the first retransmission if left out.
    pub wait: Option<Duration>,
    /// Whose is taken.
    pub choose: Choose,
    /// Whether addresses are tested.
    pub dad: Dad,
    /// Gives everything back at the end.
    pub release: bool,
}

impl Default for Settings6 {
    fn default() -> Self {
        Self {
            each: None,
            retries: None,
            wait: None,
            choose: Choose::Preference,
            dad: Dad::None,
            release: false,
        }
    }
}

/// A message that is asked again until it is answered.
#[derive(Clone, Debug)]
struct Ask {
    kind: MessageType,
    ias: Vec<IaWish>,
    server: Option<Duid>,
    schedule: Schedule,
    recipe: Recipe6,
    lane: usize,
    started: Option<Instant>,
    before: Option<Duration>,
    next: Option<Instant>,
}

impl Ask {
    fn draft(&self, now: Instant) -> Draft6 {
        let elapsed = self.started.map_or(0, |started| hundredths(started, now));
        self.recipe.draft(self.recipe.message(self.kind, &self.ias, self.server.as_ref(), elapsed))
    }
}

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
    lanes: usize,
    window: Option<Instant>,
    offers: Vec<Answer6>,
    /// Where the ADVERTISE of a server and card is among them.
    known: BTreeMap<(Option<Duid>, Option<Mac>), usize>,
    /// Their bytes.
    weight: usize,
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
    declined: bool,
    released: bool,
    /// What was bound, at whom.
    bound: Vec<(Duid, Vec<IaWish>)>,
    unreleased: Vec<Duid>,
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
            lanes: 0,
            window: None,
            offers: Vec::new(),
            known: BTreeMap::new(),
            weight: 0,
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
            declined: false,
            released: false,
            bound: Vec::new(),
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
        &self.offers
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

    /// Everything that was bound was given back, and the servers said so.
    pub fn released(&self) -> bool {
        self.released && self.unreleased.is_empty()
    }

    /// Servers that did not say that they took back what they gave.
    pub fn unreleased(&self) -> &[Duid] {
        &self.unreleased
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
        let (offered, given) = (kept(&offer.facts()), kept(&answer.facts()));
        let mut found = Vec::new();
        for ia in &offered {
            let Some(now) = given.iter().find(|one| one.kind == ia.kind && one.iaid == ia.iaid) else {
                continue;
            };
            for (was, is) in ia.addresses.iter().zip(&now.addresses).filter(|(was, is)| was != is) {
                found.push(format!("the REPLY gives {is}, {was} was advertised"));
            }
            for (was, is) in ia.prefixes.iter().zip(&now.prefixes).filter(|(was, is)| was != is) {
                found.push(format!("the REPLY delegates {is}, {was} was advertised"));
            }
        }
        found
    }

    /// Begins to ask for something.
    fn begin(&mut self, kind: MessageType, ias: Vec<IaWish>, server: Option<Duid>, schedule: Schedule) {
        let lane = self.lanes;
        self.lanes = self.lanes.saturating_add(1);
        // Each exchange has a transaction of its own; the first has the one that was chosen (§16.1).
        let xid = if lane == 0 { self.recipe.xid } else { self.rng.u32(1..0x0100_0000) };
        self.station.expect(lane, Some(xid));
        self.ask = Some(Ask {
            kind,
            ias,
            server,
            schedule: schedule.with(self.settings.each, self.settings.retries),
            recipe: Recipe6 { xid, ..self.recipe.clone() },
            lane,
            started: None,
            before: None,
            next: None,
        });
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
        let prefixes = held.iter().any(|ia| ia.kind == IaKind::Pd);
        let server = self.server_of_lease();
        match state {
            State6::Confirming if prefixes => {
                self.main_of(MessageType::REBIND, held, None, Schedule::CONFIRM);
            }
            State6::Confirming => self.main_of(MessageType::CONFIRM, held, None, Schedule::CONFIRM),
            State6::Rebinding => self.main_of(MessageType::REBIND, held, None, Schedule::REBIND),
            State6::Renewing | State6::Selecting => {
                self.main_of(MessageType::RENEW, held, server, Schedule::RENEW);
            }
        }
    }

    fn server_of_lease(&self) -> Option<Duid> {
        self.answer.as_ref().and_then(Answer6::server).or_else(|| self.recipe.server.clone())
    }

    /// Sends what is due.
    fn go_on(&mut self, now: Instant) {
        let refused = self.refusal.is_some() || self.only_refusals() && self.solicits >= 2;
        let Some(ask) = &mut self.ask else { return };
        if ask.next.is_some_and(|next| now < next) {
            return;
        }
        let started = *ask.started.get_or_insert(now);
        let sent = self.station.sent(ask.lane);
        let too_long = !ask.schedule.duration.is_zero() && now >= started.after(ask.schedule.duration);
        if sent > 0 && (!ask.schedule.may_repeat(sent) || too_long) {
            self.gave_up(now);
            return;
        }
        if sent > 0 && refused {
            // Everybody had the time to say something better.
            self.gave_up(now);
            return;
        }
        let draft = ask.draft(now);
        let (kind, lane) = (ask.kind, ask.lane);
        if !self.station.send(&draft, lane, now) {
            if self.station.resolve_deadline().is_none() {
                self.end(now);
            }
            return;
        }
        let delay = ask.schedule.next(ask.before, &mut self.rng);
        ask.before = Some(delay);
        let mut next = now.after(delay);
        if !ask.schedule.duration.is_zero() {
            next = next.min(started.after(ask.schedule.duration));
        }
        ask.next = Some(next);
        match (self.phase, kind) {
            (Phase::Solicit, _) => {
                self.solicits = self.solicits.saturating_add(1);
                let wait = self.settings.wait.unwrap_or(delay);
                self.window.get_or_insert(now.after(wait));
            }
            (Phase::Main, _) => self.mains = self.mains.saturating_add(1),
            _ => {}
        }
    }

    /// ADVERTISEs came, and none of them can be used.
    fn only_refusals(&self) -> bool {
        self.phase == Phase::Solicit && !self.offers.is_empty() && self.best().is_none()
    }

    /// Nobody answered in time.
    fn gave_up(&mut self, now: Instant) {
        match self.phase {
            Phase::Solicit => {
                if let Some(best) = self.best() {
                    self.take_offer(best, now);
                    return;
                }
                if let Some(refusal) = self.offers.first().cloned() {
                    self.answer = Some(refusal);
                    self.outcome = Outcome6::Nak;
                }
                self.end(now);
            }
            Phase::Main => match self.refusal.take() {
                Some(refusal) => self.finish(refusal, Outcome6::Nak, now),
                None => self.end(now),
            },
            Phase::Decline => self.give_back(now),
            Phase::Release => {
                let server = self.ask.as_ref().and_then(|ask| ask.server.clone());
                self.unreleased.extend(server);
                self.give_back(now);
            }
            _ => self.end(now),
        }
    }

    /// The ADVERTISE that a client takes.
    fn best(&self) -> Option<usize> {
        let mut usable = self.offers.iter().enumerate().filter(|(_, offer)| {
            let facts = offer.facts();
            facts.kind == MessageType::ADVERTISE && is_usable_answer(&facts)
        });
        match &self.settings.choose {
            Choose::Preference => {
                usable.max_by_key(|(place, offer)| rank(&offer.facts(), &self.wishes, *place))
            }
            Choose::First => usable.min_by_key(|(place, _)| *place),
            Choose::Server(wanted) => usable.rfind(|(_, offer)| offer.server().as_ref() == Some(wanted)),
        }
        .map(|(place, _)| place)
    }

    fn take_offer(&mut self, place: usize, now: Instant) {
        let Some(offer) = self.offers.get(place) else { return };
        self.chosen = Some(place);
        let facts = offer.facts();
        let (ias, server) = (requested(&facts, &self.wishes), offer.server());
        self.main_of(MessageType::REQUEST, ias, server, Schedule::REQUEST);
        self.go_on(now);
    }

    fn on_answer(&mut self, answer: Answer6) -> Remark {
        let facts = answer.facts();
        let (kind, server, commits) = (facts.kind, facts.server_id.map(Duid::from), facts.rapid_commit);
        let Some(ask) = self.ask.as_ref() else {
            return self.late(answer);
        };
        if kind == MessageType::RECONFIGURE {
            let detail = if facts.authentication.is_some() {
                "a RECONFIGURE"
            } else {
                "a RECONFIGURE without authentication"
            };
            return self.station.reject(&answer, Reason6::WrongType, detail);
        }
        let meant = match &ask.server {
            Some(wanted) => server.as_ref() == Some(wanted),
            None => self.recipe.server.is_none() || self.recipe.server == server,
        };
        let there = self.recipe.to.is_none_or(|to| self.station.is_from(&answer, to));
        if !meant && ask.lane == answer.lane || !there {
            return self.station.reject(&answer, Reason6::OtherServer, "");
        }
        if ask.lane != answer.lane {
            return self.late(answer);
        }
        match self.phase {
            Phase::Solicit => match (kind, commits) {
                (MessageType::ADVERTISE, _) => self.take_advertise(answer),
                (MessageType::REPLY, true) if self.recipe.rapid_commit => self.take_commit(answer),
                (MessageType::REPLY, true) => {
                    let detail = "a REPLY with rapid commit, which was not asked for";
                    self.station.reject(&answer, Reason6::WrongType, detail)
                }
                (MessageType::REPLY, false) => self.station.reject(
                    &answer,
                    Reason6::WrongType,
                    "a REPLY without rapid commit (option 14)",
                ),
                _ => self.station.reject(&answer, Reason6::WrongType, ""),
            },
            Phase::Main | Phase::Decline | Phase::Release if kind != MessageType::REPLY => {
                self.station.reject(&answer, Reason6::WrongType, "")
            }
            Phase::Main => self.take_reply(answer),
            Phase::Decline => {
                let (remark, at) = (self.station.accept(&answer, false), answer.at);
                self.give_back(at);
                remark
            }
            Phase::Release => {
                let (remark, at) = (self.station.accept(&answer, false), answer.at);
                // Any valid REPLY ends it (§18.2.10.2): what is unknown there is gone.
                self.released = true;
                self.give_back(at);
                remark
            }
            _ => self.late(answer),
        }
    }

    /// An answer to something that is over: it is kept where it tells about the server.
    fn late(&mut self, answer: Answer6) -> Remark {
        let remark = Remark::new(Sense::Repeated, format!("{} came too late", answer.name()));
        self.station.event(answer.at, remark.clone(), (answer.source_ip, answer.source_mac));
        let kind = answer.kind();
        if kind == MessageType::ADVERTISE {
            self.keep(answer);
        }
        remark
    }

    /// Keeps an ADVERTISE; its place. A server that says it again is counted.
    fn keep(&mut self, answer: Answer6) -> Option<usize> {
        let who = (answer.server(), answer.source_mac);
        if let Some(place) = self.known.get(&who) {
            if let Some(offer) = self.offers.get_mut(*place) {
                offer.copies = offer.copies.saturating_add(1);
            }
            return Some(*place);
        }
        self.weight = self.weight.saturating_add(answer.weight());
        if self.offers.len() >= MAX_OFFERS || self.weight > MAX_BYTES {
            return None;
        }
        let place = self.offers.len();
        self.known.insert(who, place);
        self.offers.push(answer);
        Some(place)
    }

    fn take_advertise(&mut self, answer: Answer6) -> Remark {
        let at = answer.at;
        let before = self.offers.len();
        let remark_of = answer.clone();
        let place = self.keep(answer);
        let remark = self.station.accept(&remark_of, self.offers.len() == before);
        let facts = remark_of.facts();
        let usable = is_usable_answer(&facts);
        let wanted = match &self.settings.choose {
            Choose::Server(wanted) => remark_of.server().as_ref() == Some(wanted),
            Choose::First => true,
            Choose::Preference => {
                facts.preference == Some(255) || self.window.is_some_and(|window| at >= window)
            }
        };
        if let Some(place) = place.filter(|_| usable && wanted) {
            self.take_offer(place, at);
        }
        remark
    }

    fn take_commit(&mut self, answer: Answer6) -> Remark {
        let remark = self.station.accept(&answer, false);
        self.offers.push(answer.clone());
        self.rapid_commit = true;
        self.main = MessageType::SOLICIT;
        self.settle(answer);
        remark
    }

    fn take_reply(&mut self, answer: Answer6) -> Remark {
        let remark = self.station.accept(&answer, false);
        self.settle(answer);
        remark
    }

    /// Makes of a REPLY what it is.
    fn settle(&mut self, answer: Answer6) {
        let at = answer.at;
        let Some(ask) = &self.ask else { return };
        let facts = answer.facts();
        let asked = if self.rapid_commit && ask.kind == MessageType::SOLICIT {
            MessageType::REQUEST
        } else {
            ask.kind
        };
        let outcome = accept::outcome(&facts, asked, &ask.ias);
        let leases = kept(&facts);
        let not_on_link = facts.failure().is_some_and(|status| status.code == StatusCode::NOT_ON_LINK);
        if ask.kind == MessageType::REQUEST && outcome == Outcome6::Nak && not_on_link && !self.again {
            // The addresses are of another link: once more without them (§18.2.10.1).
            self.again = true;
            for wish in &mut self.wishes {
                wish.addresses.clear();
                wish.prefixes.clear();
            }
            self.offers.clear();
            self.known.clear();
            self.chosen = None;
            self.solicit();
            self.go_on(at);
            return;
        }
        let others_may_answer = matches!(ask.kind, MessageType::CONFIRM | MessageType::REBIND);
        if outcome == Outcome6::Nak
            && others_may_answer
            && self.ask.as_ref().is_some_and(|ask| ask.next.is_some())
        {
            // One that agrees wins over any that does not.
            self.refusal.get_or_insert(answer);
            return;
        }
        if let (Some(server), false) = (answer.server(), leases.is_empty()) {
            let same = |(known, _): &(Duid, Vec<IaWish>)| *known != server;
            self.bound.retain(same);
            self.bound.push((server, leases.clone()));
        }
        if let (Task6::Request { state, .. }, true) = (&self.task, matches!(asked, MessageType::REQUEST))
            && *state != State6::Selecting
            && !leases.is_empty()
        {
            let state = *state;
            self.answer = Some(answer);
            self.rapid_commit = false;
            self.in_state(state, leases);
            self.go_on(at);
            return;
        }
        self.finish(answer, outcome, at);
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
        kept(&answer.facts()).iter().flat_map(|ia| ia.addresses.iter().copied()).collect()
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
        remark
    }

    /// The time for whoever has an address is over.
    fn probed_enough(&mut self, now: Instant) {
        let (Tested::InUse(address, _), Dad::Decline) = (self.conflict, self.settings.dad) else {
            self.give_back(now);
            return;
        };
        let mut found = None;
        for (server, ias) in &mut self.bound {
            for ia in ias.iter_mut().filter(|ia| ia.addresses.contains(&address)) {
                ia.addresses.retain(|one| *one != address);
                found = Some((
                    server.clone(),
                    IaWish { addresses: vec![address], ..IaWish::new(ia.kind, ia.iaid) },
                ));
            }
            ias.retain(IaWish::has_lease);
        }
        let Some((server, ia)) = found else {
            self.give_back(now);
            return;
        };
        self.declined = true;
        self.phase = Phase::Decline;
        self.begin(MessageType::DECLINE, vec![ia], Some(server), Schedule::DECLINE);
        self.go_on(now);
    }

    /// Gives back what was bound, one server after the other; then it is over.
    fn give_back(&mut self, now: Instant) {
        self.ask = None;
        let wanted = self.settings.release && matches!(self.task, Task6::Request { .. });
        if wanted && let Some((server, ias)) = self.bound.pop() {
            if ias.is_empty() {
                self.give_back(now);
                return;
            }
            self.phase = Phase::Release;
            self.begin(MessageType::RELEASE, ias, Some(server), Schedule::RELEASE);
            self.go_on(now);
            return;
        }
        self.end(now);
    }

    fn end(&mut self, now: Instant) {
        self.ask = None;
        self.phase = Phase::Ending { until: now.after(LAST_COPY) };
        // Whatever was sent last was answered, or its copy was seen: there is nothing to wait for.
        if self.answer.is_some() || self.station.watch.left >= self.station.watch.handed {
            self.phase = Phase::Over;
        }
    }
}

/// The first message of a task.
pub fn first_draft(recipe: &Recipe6, task: &Task6) -> Draft6 {
    let message = |kind, ias: &[IaWish]| recipe.draft(recipe.message(kind, ias, recipe.server.as_ref(), 0));
    match task {
        Task6::Request { state, held } if held.iter().any(IaWish::has_lease) => {
            let prefixes = held.iter().any(|ia| ia.kind == IaKind::Pd);
            let kind = match state {
                State6::Selecting => return message(MessageType::SOLICIT, &recipe.ias),
                State6::Confirming if !prefixes => MessageType::CONFIRM,
                State6::Confirming | State6::Rebinding => MessageType::REBIND,
                State6::Renewing => MessageType::RENEW,
            };
            message(kind, held)
        }
        Task6::Request { .. } => message(MessageType::SOLICIT, &recipe.ias),
        Task6::Release(held) => message(MessageType::RELEASE, held),
        Task6::Decline(held) => message(MessageType::DECLINE, held),
        Task6::Inform => message(MessageType::INFORMATION_REQUEST, &[]),
    }
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
        if matches!(self.phase, Phase::Ending { .. }) && id == self.station.last_id() {
            self.phase = Phase::Over;
        }
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        let looking = self.station.resolve_deadline().is_some();
        let remark = match self.station.on_frame(arrival) {
            Sorted::Answer(answer) => self.on_answer(*answer),
            Sorted::Router(_) => Remark::new(Sense::Noticed, "a router advertisement"),
            Sorted::Claim(target, mac) => self.on_claim(target, mac, arrival.at),
            Sorted::Done(remark) => remark,
        };
        if looking && self.station.resolve_deadline().is_none() {
            // What waited for this address can go out.
            self.on_time(arrival.at);
        }
        remark
    }

    fn stop(&mut self, now: Instant) {
        // What was taken is given back where that was wanted.
        if matches!(self.phase, Phase::Release | Phase::Ending { .. }) {
            return;
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

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.station.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.station.poll_event()
    }
}

#[cfg(test)]
#[allow(clippy::single_match_else, reason = "both cases are told alike")]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use crate::wire::frame::peek::Ethernet;
    use crate::wire::frame::{Envelope6, LinkType};
    use crate::wire::neighbor::{Neighbor, link_local, solicited_node};
    use crate::wire::options::v6 as opt;
    use crate::wire::v6::message::{ia, ia_addr, ia_prefix, status};
    use crate::wire::v6::{Facts, Message};

    const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);

    fn recipe(kinds: &[IaKind]) -> Recipe6 {
        let ias = kinds.iter().map(|kind| IaWish::new(*kind, 5)).collect();
        Recipe6 { ias, ..Recipe6::new(MAC, link_local(MAC), 7) }
    }

    fn select(settings: Settings6) -> Exchange6 {
        exchange(State6::Selecting, Vec::new(), settings)
    }

    fn exchange(state: State6, held: Vec<IaWish>, settings: Settings6) -> Exchange6 {
        let task = Task6::Request { state, held };
        Exchange6::new(recipe(&[IaKind::Na, IaKind::Pd]), task, settings, false, Rng::with_seed(1))
    }

    /// What was sent: when, the message.
    type Sent = (Instant, Message);
    /// What is answered to a message: after how long, by which server.
    type Answer = (Duration, u8, Message);

    /// Holds the exchange with servers that answer as `answer` says; everything that was sent.
    fn hold(machine: &mut Exchange6, mut answer: impl FnMut(&Message, usize) -> Vec<Answer>) -> Vec<Sent> {
        let mut now = Instant::new(1000, 0);
        let mut sent = Vec::new();
        let mut waiting: Vec<(Instant, Vec<u8>)> = Vec::new();
        machine.on_time(now);
        for _ in 0..10_000 {
            let mut out = Vec::new();
            while let Some(next) = machine.poll_transmit(&mut out) {
                let frame = std::mem::take(&mut out);
                machine.on_sent(next.id, now);
                let ip = Ethernet::read(&frame).unwrap().ipv6().unwrap();
                let Some(udp) = ip.udp() else { continue };
                let message = Message::decode(udp.payload);
                sent.push((now, message.clone()));
                for (after, server, reply) in answer(&message, sent.len()) {
                    waiting.push((now.after(after), framed(server, &reply)));
                }
            }
            while machine.poll_event().is_some() {}
            let Some(deadline) = machine.deadline() else { return sent };
            let first = waiting.iter().map(|(at, _)| *at).enumerate().min_by_key(|(place, at)| (*at, *place));
            match first.filter(|(_, at)| *at <= deadline) {
                Some((place, at)) => {
                    now = at;
                    let (_, frame) = waiting.remove(place);
                    machine.on_frame(&Arrival {
                        at,
                        time: Timestamp::default(),
                        link: LinkType::ETHERNET,
                        frame: &frame,
                        original_len: frame.len(),
                    });
                }
                None => {
                    now = deadline;
                    machine.on_time(now);
                }
            }
        }
        panic!("it does not end");
    }

    fn framed(server: u8, message: &Message) -> Vec<u8> {
        let mac = Mac([2, 0, 0, 0, 0, server]);
        let envelope = Envelope6 {
            dst_mac: MAC,
            src_mac: mac,
            vlans: Vec::new(),
            src: link_local(mac),
            dst: link_local(MAC),
            hop_limit: 64,
        };
        envelope.udp((547, 546), &message.encode())
    }

    /// The answer of server `number` to `message`, with the options that `build` adds.
    fn reply(message: &Message, number: u8, kind: MessageType, build: impl FnOnce(&mut Message)) -> Answer {
        let mut reply = Message::new(kind, message.xid().unwrap());
        reply.add_option(opt::CLIENTID, message.option(opt::CLIENTID).unwrap());
        reply.add_option(opt::SERVERID, [0, 3, 0, 1, number]);
        build(&mut reply);
        (Duration::from_millis(number.into()), number, reply)
    }

    fn lease(number: u8) -> impl FnOnce(&mut Message) {
        let address: Ipv6Addr = format!("fd00:64::{number}").parse().unwrap();
        move |message: &mut Message| {
            message.add_option(opt::IA_NA, ia(5, 250, 400, &[ia_addr(address, 500, 1000, &[])]));
            let prefix = ia_prefix("fd00:d00::".parse().unwrap(), 56, 500, 1000, &[]);
            message.add_option(opt::IA_PD, ia(5, 250, 400, &[prefix]));
        }
    }

    /// A server that gives what is asked for.
    fn obliging(message: &Message, number: u8) -> Vec<Answer> {
        let kind = match message.kind {
            MessageType::SOLICIT => MessageType::ADVERTISE,
            _ => MessageType::REPLY,
        };
        let named = message.option(opt::SERVERID).is_none_or(|id| id == [0, 3, 0, 1, number]);
        let gives = !matches!(message.kind.0, 4 | 8 | 9 | 11);
        let build = |message: &mut Message| {
            if gives {
                lease(number)(message);
            }
        };
        if named { vec![reply(message, number, kind, build)] } else { Vec::new() }
    }

    fn kinds(sent: &[Sent]) -> Vec<u8> {
        sent.iter().map(|(_, message)| message.kind.0).collect()
    }

    fn seconds(from: Instant, to: Instant) -> f64 {
        Duration::from_nanos(u64::try_from(to.since(from)).unwrap()).as_secs_f64()
    }

    fn held() -> Vec<IaWish> {
        vec![IaWish { addresses: vec!["fd00:64::1".parse().unwrap()], ..IaWish::new(IaKind::Na, 5) }]
    }

    #[test]
    fn advertisements_are_collected_until_the_first_retransmission() {
        let mut machine = select(Settings6::default());
        let sent = hold(&mut machine, |message, _| {
            let mut all = obliging(message, 1);
            all.extend(obliging(message, 2));
            all
        });
        assert_eq!(kinds(&sent), [1, 3]);
        let waited = seconds(sent[0].0, sent[1].0);
        assert!(waited > 1.0 && waited <= 1.1, "{waited}");
        assert_eq!((machine.outcome(), machine.offers().len()), (Outcome6::Ack, 2));
        assert_eq!(machine.answer().unwrap().server().unwrap().0, [0, 3, 0, 1, 1], "the first of equals");
        assert_ne!(sent[0].1.xid(), sent[1].1.xid(), "a transaction of its own");
    }

    #[test]
    fn a_preference_of_255_and_the_first_wanted_end_the_wait() {
        let preferring = |message: &Message, _: usize| {
            let mut all = obliging(message, 1);
            for (_, _, answer) in
                all.iter_mut().filter(|(_, _, answer)| answer.kind == MessageType::ADVERTISE)
            {
                answer.add_option(opt::PREFERENCE, [255]);
            }
            all
        };
        let mut machine = select(Settings6::default());
        let sent = hold(&mut machine, preferring);
        assert!(seconds(sent[0].0, sent[1].0) < 0.01);
        let mut machine = select(Settings6 { choose: Choose::First, ..Settings6::default() });
        let sent = hold(&mut machine, |message, _| obliging(message, 3));
        assert!(seconds(sent[0].0, sent[1].0) < 0.01);
        let wanted = Choose::Server(Duid(vec![0, 3, 0, 1, 2]));
        let mut machine = select(Settings6 { choose: wanted, ..Settings6::default() });
        hold(&mut machine, |message, _| [obliging(message, 1), obliging(message, 2)].concat());
        assert_eq!(machine.answer().unwrap().server().unwrap().0, [0, 3, 0, 1, 2]);
    }

    #[test]
    fn silence_is_asked_again_at_the_times_of_the_rfc() {
        let mut machine = select(Settings6::default());
        let sent = hold(&mut machine, |_, _| Vec::new());
        assert_eq!((kinds(&sent), machine.outcome()), (vec![1; 4], Outcome6::Timeout));
        let gaps: Vec<f64> = sent.windows(2).map(|pair| seconds(pair[0].0, pair[1].0)).collect();
        assert!(gaps[0] > 1.0 && gaps[0] <= 1.1, "{gaps:?}");
        assert!(gaps.windows(2).all(|pair| (1.9..=2.1).contains(&(pair[1] / pair[0]))), "{gaps:?}");
        let elapsed = |message: &Message| u16::from_be_bytes(message.option(8).unwrap().try_into().unwrap());
        assert_eq!(elapsed(&sent[0].1), 0);
        assert!((100..=110).contains(&elapsed(&sent[1].1)));
        assert!(sent.iter().all(|(_, message)| message.xid() == Some(7)), "the same transaction");
        for (kind, state, count, first) in
            [(4, State6::Confirming, 5, 0.9), (5, State6::Renewing, 2, 9.0), (6, State6::Rebinding, 2, 9.0)]
        {
            let mut machine = exchange(state, held(), Settings6::default());
            let sent = hold(&mut machine, |_, _| Vec::new());
            assert_eq!(kinds(&sent), vec![kind; sent.len()]);
            assert!((count - 1..=count).contains(&sent.len()), "{kind}: {}", sent.len());
            let gap = seconds(sent[0].0, sent[1].0);
            assert!(gap >= first && gap <= first * 1.3, "{kind}: {gap}");
        }
        // REQUEST goes on ten times, never longer than 33 s apart.
        let mut machine = select(Settings6 { choose: Choose::First, ..Settings6::default() });
        let sent = hold(&mut machine, |message, _| {
            if message.kind == MessageType::SOLICIT { obliging(message, 1) } else { Vec::new() }
        });
        assert_eq!(kinds(&sent[1..]), [3; 10]);
        assert!(sent[1..].windows(2).all(|pair| seconds(pair[0].0, pair[1].0) <= 33.0));
        // RELEASE and DECLINE four times.
        for (task, kind) in [(Task6::Release(held()), 8), (Task6::Decline(held()), 9)] {
            let mut machine =
                Exchange6::new(recipe(&[]), task, Settings6::default(), false, Rng::with_seed(2));
            assert_eq!(kinds(&hold(&mut machine, |_, _| Vec::new())), [kind; 4]);
        }
    }

    #[test]
    fn an_advertisement_after_the_first_retransmission_is_taken_at_once() {
        let mut machine = select(Settings6::default());
        let sent =
            hold(&mut machine, |message, number| if number == 1 { Vec::new() } else { obliging(message, 1) });
        assert_eq!(kinds(&sent), [1, 1, 3]);
        assert!(seconds(sent[1].0, sent[2].0) < 0.01);
    }

    #[test]
    fn what_is_refused_in_part_is_partial_and_what_is_refused_whole_is_nak() {
        let mut machine = select(Settings6::default());
        let refuses = |message: &mut Message| {
            message.add_option(opt::IA_NA, ia(5, 0, 0, &[status(2, "no more")]));
            let prefix = ia_prefix("fd00:d00::".parse().unwrap(), 56, 500, 1000, &[]);
            message.add_option(opt::IA_PD, ia(5, 250, 400, &[prefix]));
        };
        hold(&mut machine, |message, _| {
            let kind = if message.kind == MessageType::SOLICIT {
                MessageType::ADVERTISE
            } else {
                MessageType::REPLY
            };
            vec![reply(message, 1, kind, refuses)]
        });
        assert_eq!(machine.outcome(), Outcome6::Partial);
        let mut machine = select(Settings6::default());
        let sent = hold(&mut machine, |message, _| {
            let empty = |message: &mut Message| message.add_option(opt::IA_NA, ia(5, 0, 0, &[status(2, "")]));
            vec![reply(message, 1, MessageType::ADVERTISE, empty)]
        });
        assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 1], Outcome6::Nak));
        assert!(machine.answer().is_some() && machine.offer().is_none());
    }

    #[test]
    fn rapid_commit_counts_only_when_both_say_so() {
        let commit = |message: &Message, with: bool| {
            let build = |message: &mut Message| {
                lease(1)(message);
                if with {
                    message.add_option(opt::RAPID_COMMIT, []);
                }
            };
            vec![reply(message, 1, MessageType::REPLY, build)]
        };
        for (asked, with, want) in
            [(true, true, Outcome6::Ack), (true, false, Outcome6::Timeout), (false, true, Outcome6::Timeout)]
        {
            let mut recipe = recipe(&[IaKind::Na, IaKind::Pd]);
            recipe.rapid_commit = asked;
            let task = Task6::Request { state: State6::Selecting, held: Vec::new() };
            let mut machine = Exchange6::new(recipe, task, Settings6::default(), false, Rng::with_seed(1));
            let sent = hold(&mut machine, |message, _| commit(message, with));
            assert_eq!(machine.outcome(), want, "{asked} {with}");
            assert_eq!(machine.is_rapid_commit(), want == Outcome6::Ack);
            assert_eq!(sent.len() == 1, want == Outcome6::Ack);
            let strays = machine.watch().strays().len();
            assert_eq!(strays > 0, want == Outcome6::Timeout);
        }
    }

    #[test]
    fn every_state_asks_for_what_is_held_and_selects_first_where_nothing_is() {
        for (state, kind) in [(State6::Confirming, 6), (State6::Renewing, 5), (State6::Rebinding, 6)] {
            let mut machine = exchange(state, Vec::new(), Settings6::default());
            let sent = hold(&mut machine, |message, _| obliging(message, 1));
            assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 3, kind], Outcome6::Ack), "{state:?}");
            let bytes = sent[2].1.encode();
            let facts = Facts::of(&bytes);
            assert_eq!(facts.addresses().count(), 1);
            assert_eq!(facts.server_id.is_some(), kind == 5);
        }
        let mut machine = exchange(State6::Confirming, held(), Settings6::default());
        let sent = hold(&mut machine, |message, _| obliging(message, 1));
        assert_eq!((kinds(&sent), machine.outcome()), (vec![4], Outcome6::Ack));
        assert_eq!(sent[0].1.option(opt::ORO), None);
    }

    #[test]
    fn one_that_agrees_wins_over_one_that_does_not() {
        let mut machine = exchange(State6::Confirming, held(), Settings6::default());
        hold(&mut machine, |message, _| {
            let mut all =
                vec![reply(message, 1, MessageType::REPLY, |message| message.options.push(status(4, "")))];
            all.extend(obliging(message, 2));
            all
        });
        assert_eq!(machine.outcome(), Outcome6::Ack);
        let mut machine = exchange(State6::Confirming, held(), Settings6::default());
        let sent = hold(&mut machine, |message, _| {
            vec![reply(message, 1, MessageType::REPLY, |message| message.options.push(status(4, "")))]
        });
        assert_eq!((kinds(&sent), machine.outcome()), (vec![4], Outcome6::Nak));
    }

    #[test]
    fn not_on_link_is_asked_again_without_addresses_once() {
        let mut recipe = recipe(&[IaKind::Na]);
        recipe.ias[0].addresses.push("fd00:99::1".parse().unwrap());
        let task = Task6::Request { state: State6::Selecting, held: Vec::new() };
        let mut machine = Exchange6::new(recipe, task, Settings6::default(), false, Rng::with_seed(1));
        let sent = hold(&mut machine, |message, _| {
            if message.kind == MessageType::SOLICIT {
                return obliging(message, 1);
            }
            vec![reply(message, 1, MessageType::REPLY, |message| {
                message.options.push(status(4, "elsewhere"));
            })]
        });
        assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 3, 1, 3], Outcome6::Nak));
        let bytes = sent[2].1.encode();
        assert_eq!(Facts::of(&bytes).addresses().count(), 0);
    }

    #[test]
    fn what_is_bound_is_given_back() {
        let settings = || Settings6 { release: true, choose: Choose::First, ..Settings6::default() };
        let mut machine = select(settings());
        let sent = hold(&mut machine, |message, _| obliging(message, 1));
        assert_eq!(
            (kinds(&sent), machine.outcome(), machine.released()),
            (vec![1, 3, 8], Outcome6::Ack, true)
        );
        let bytes = sent[2].1.encode();
        let facts = Facts::of(&bytes);
        assert_eq!((facts.addresses().count(), facts.prefixes().count()), (1, 1));
        let mut machine = select(settings());
        let sent = hold(&mut machine, |message, _| {
            if message.kind == MessageType::RELEASE { Vec::new() } else { obliging(message, 1) }
        });
        assert_eq!((kinds(&sent), machine.released()), (vec![1, 3, 8, 8, 8, 8], false));
        assert_eq!(machine.unreleased().len(), 1);
    }

    #[test]
    fn an_address_in_use_is_declined() {
        let mut machine = select(Settings6 {
            dad: Dad::Decline,
            choose: Choose::First,
            release: true,
            ..Settings6::default()
        });
        let other = Mac([2, 9, 9, 9, 9, 9]);
        let mut sent = Vec::new();
        let mut now = Instant::new(1000, 0);
        machine.on_time(now);
        let mut probes = 0;
        while let Some(deadline) = {
            let mut out = Vec::new();
            let mut frames = Vec::new();
            while let Some(next) = machine.poll_transmit(&mut out) {
                let frame = std::mem::take(&mut out);
                machine.on_sent(next.id, now);
                let ip = Ethernet::read(&frame).unwrap().ipv6().unwrap();
                match ip.udp() {
                    Some(udp) => {
                        let message = Message::decode(udp.payload);
                        sent.push((now, message.clone()));
                        frames.extend(
                            obliging(&message, 1).iter().map(|(_, server, reply)| framed(*server, reply)),
                        );
                    }
                    None => {
                        let asks = Neighbor::decode(ip.icmpv6().unwrap()).unwrap();
                        assert!(ip.src.is_unspecified() && ip.dst == solicited_node(asks.target));
                        probes += 1;
                        let envelope = Envelope6 {
                            dst_mac: MAC,
                            src_mac: other,
                            vlans: Vec::new(),
                            src: asks.target,
                            dst: "ff02::1".parse().unwrap(),
                            hop_limit: 255,
                        };
                        frames.push(envelope.icmpv6(&asks.answer(other, ip.src).encode(), true));
                    }
                }
            }
            for frame in frames {
                machine.on_frame(&Arrival {
                    at: now,
                    time: Timestamp::default(),
                    link: LinkType::ETHERNET,
                    frame: &frame,
                    original_len: frame.len(),
                });
            }
            let mut more = Vec::new();
            match machine.clone().poll_transmit(&mut more) {
                Some(_) => Some(now),
                None => machine.deadline(),
            }
        } {
            if deadline > now {
                now = deadline;
                machine.on_time(now);
            }
        }
        assert_eq!((kinds(&sent), probes), (vec![1, 3, 9, 8], 1));
        assert_eq!(machine.conflict(), Tested::InUse("fd00:64::1".parse().unwrap(), other));
        assert!(machine.declined() && machine.released());
        let bytes = sent[3].1.encode();
        let facts = Facts::of(&bytes);
        assert_eq!(
            (facts.addresses().count(), facts.prefixes().count()),
            (0, 1),
            "the prefix alone is left to give back"
        );
    }

    #[test]
    fn only_the_server_that_was_asked_answers() {
        let mut machine = select(Settings6 { choose: Choose::First, ..Settings6::default() });
        hold(&mut machine, |message, _| {
            let mut all = Vec::new();
            if message.kind == MessageType::REQUEST {
                all.push(reply(message, 9, MessageType::REPLY, lease(9)));
            }
            all.extend(obliging(message, 12));
            all
        });
        assert_eq!(machine.answer().unwrap().server().unwrap().0, [0, 3, 0, 1, 12]);
        assert_eq!(machine.watch().stranger(Reason6::OtherServer).count, 1);
    }

    #[test]
    fn configuration_alone_is_asked_for_with_or_without_a_name() {
        for duid in [true, false] {
            let mut recipe = recipe(&[]);
            if !duid {
                recipe.duid = None;
            }
            let mut machine =
                Exchange6::new(recipe, Task6::Inform, Settings6::default(), false, Rng::with_seed(1));
            let sent = hold(&mut machine, |message, _| {
                let mut answer = Message::new(MessageType::REPLY, message.xid().unwrap());
                if let Some(id) = message.option(opt::CLIENTID) {
                    answer.add_option(opt::CLIENTID, id);
                }
                answer.add_option(opt::SERVERID, [0, 3, 0, 1, 1]);
                vec![(Duration::from_millis(1), 1, answer)]
            });
            assert_eq!((kinds(&sent), machine.outcome()), (vec![11], Outcome6::Ack), "{duid}");
        }
    }
}
