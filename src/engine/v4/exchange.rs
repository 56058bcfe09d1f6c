//! One client's whole exchange: DISCOVER if it must, REQUEST (or INFORM), the answer, and what comes after an ACK.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use fastrand::Rng;

use super::arp::{Prober, Step};
use super::draft::Draft;
use super::recipe::{Recipe, Route, State};
use super::station::{Answer, Station};
use super::watch::Reason;
use crate::engine::retransmit::Backoff;
use crate::engine::{Machine, Note, Sight, What};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::v4::MessageType;

/// How long a last frame may take to be seen leaving.
pub(super) const LAST_COPY: Duration = Duration::from_millis(250);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A REQUEST. Without an address or, when selecting, without a server, a DISCOVER finds them first.
    Request {
        /// In which state.
        state: State,
        /// The address asked for or held.
        address: Option<Ipv4Addr>,
        /// The server that offered it (selecting) or gave it (renewing).
        server: Option<Route>,
    },
    /// An INFORM.
    Inform {
        /// The client's address.
        address: Ipv4Addr,
        /// The server to ask; everybody when `None`.
        server: Option<Route>,
    },
}

/// Whether an address is checked before it is used (RFC 2131 §4.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictCheck {
    /// Not at all.
    None,
    /// It is, and what was found is reported.
    Report,
    /// It is, and a conflict is answered with a DECLINE.
    Decline,
}

/// How an exchange goes.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// When to ask again.
    pub backoff: Backoff,
    /// When to send the DISCOVER again.
    pub discover_backoff: Backoff,
    /// How long to wait for an OFFER.
    pub discover_wait: Duration,
    /// After an ACK, whether to check that nobody uses the address.
    pub conflict: ConflictCheck,
    /// At the end, give the address back.
    pub release: bool,
    /// Counts the seconds since the first transmission in `secs`.
    pub count_secs: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backoff: Backoff::RFC2131,
            discover_backoff: Backoff::COLLECT,
            discover_wait: Duration::from_millis(9_800),
            conflict: ConflictCheck::None,
            release: false,
            count_secs: true,
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server agreed.
    Ack,
    /// The server refused.
    Nak,
    /// No answer.
    Timeout,
}

impl Outcome {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Nak => "nak",
            Self::Timeout => "timeout",
        }
    }
}

/// In what an ACK departs from the OFFER before it, or from what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Another address.
    Address {
        /// The one offered or asked for.
        wanted: Ipv4Addr,
        /// The one given.
        given: Ipv4Addr,
    },
    /// Another server.
    Server {
        /// The one that offered.
        wanted: Ipv4Addr,
        /// The one that acknowledged.
        given: Ipv4Addr,
    },
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { wanted, given } => write!(f, "the ACK gives {given}, not {wanted}"),
            Self::Server { wanted, given } => {
                write!(f, "the ACK comes from server {given}, the OFFER came from {wanted}")
            }
        }
    }
}

/// What a conflict check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody uses the address.
    Free,
    /// This host does.
    InUse(Mac),
}

#[derive(Clone, Debug)]
enum Phase {
    Start,
    Discover,
    Main,
    Probe(Prober),
    /// The last frame is on its way.
    Ending {
        id: u32,
        until: Instant,
    },
    Over,
}

/// One client's exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    recipe: Recipe,
    task: Task,
    settings: Settings,
    rng: Rng,
    station: Station,
    phase: Phase,
    started: Option<Instant>,
    next_send: Option<Instant>,
    discovers: u32,
    requests: u32,
    offer: Option<Answer>,
    answer: Option<Answer>,
    outcome: Outcome,
    checked: Option<Verdict>,
    last: Option<MessageType>,
}

impl Exchange {
    /// An exchange that has not begun.
    pub fn new(recipe: Recipe, task: Task, settings: Settings, rng: Rng) -> Self {
        let mut exchange = Self {
            station: Station::new(&first_draft(&recipe, task)),
            recipe,
            task,
            settings,
            rng,
            phase: Phase::Start,
            started: None,
            next_send: None,
            discovers: 0,
            requests: 0,
            offer: None,
            answer: None,
            outcome: Outcome::Timeout,
            checked: None,
            last: None,
        };
        if let Task::Request { server: Some(route), .. } | Task::Inform { server: Some(route), .. } = task {
            exchange.station.watch.only_server = Some(route.server);
        }
        exchange
    }

    /// The first message that will be sent.
    pub fn first_draft(&self) -> Draft {
        first_draft(&self.recipe, self.task)
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The OFFER that was chosen, if one was needed.
    pub fn offer(&self) -> Option<&Answer> {
        self.offer.as_ref()
    }

    /// The ACK or NAK.
    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// In what the ACK departs from what was offered or asked for: another address, another server.
    pub fn departures(&self) -> Vec<Departure> {
        let Some(reply) = self.answer.as_ref().and_then(|answer| answer.reply.as_ref()) else {
            return Vec::new();
        };
        if self.outcome != Outcome::Ack {
            return Vec::new();
        }
        let offered = self.offer.as_ref().and_then(|offer| offer.reply.as_ref());
        let wanted = self.held().or_else(|| offered?.yiaddr.specified());
        let server = offered.and_then(|offer| offer.server_id);
        let mut found = Vec::new();
        if let (Some(wanted), Some(given)) = (wanted, reply.yiaddr.specified())
            && wanted != given
        {
            found.push(Departure::Address { wanted, given });
        }
        if let (Some(wanted), Some(given)) = (server, reply.server_id)
            && wanted != given
        {
            found.push(Departure::Server { wanted, given });
        }
        found
    }

    /// How many DISCOVERs were sent.
    pub fn discovers(&self) -> u32 {
        self.discovers
    }

    /// How many REQUESTs or INFORMs were sent.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// What the conflict check found; `None` when none was made to its end.
    pub fn checked(&self) -> Option<Verdict> {
        self.checked
    }

    /// A DECLINE was sent.
    pub fn declined(&self) -> bool {
        self.last == Some(MessageType::DECLINE)
    }

    /// A RELEASE was sent.
    pub fn released(&self) -> bool {
        self.last == Some(MessageType::RELEASE)
    }

    fn start(&mut self, now: Instant) {
        self.started = Some(now);
        self.phase = if needs_discover(self.task) { Phase::Discover } else { Phase::Main };
    }

    fn secs(&self, now: Instant) -> u16 {
        let seconds =
            self.started.map_or(0, |started| now.since(started)).checked_div(1_000_000_000).unwrap_or(0);
        if self.settings.count_secs { u16::try_from(seconds).unwrap_or(u16::MAX) } else { 0 }
    }

    fn discover(&mut self, now: Instant) {
        let wait = self.settings.discover_wait;
        if self.started.is_some_and(|started| now >= started.after(wait)) {
            self.phase = Phase::Over;
            return;
        }
        if self.next_send.is_some_and(|next| now < next) {
            return;
        }
        if self.discovers > 0 && !self.settings.discover_backoff.may_repeat(self.discovers) {
            self.next_send = self.started.map(|started| started.after(wait));
            return;
        }
        let Task::Request { address, .. } = self.task else { return };
        let draft = self.recipe.discover(self.secs(now), address);
        if self.station.send(&draft, now) {
            self.discovers = self.discovers.saturating_add(1);
            let delay = self.settings.discover_backoff.delay(self.discovers, &mut self.rng);
            self.next_send = Some(now.after(delay));
        } else {
            self.station.resolve(now);
        }
    }

    fn main(&mut self, now: Instant) {
        if self.next_send.is_some_and(|next| now < next) {
            return;
        }
        if self.requests > 0 && !self.settings.backoff.may_repeat(self.requests) {
            self.phase = Phase::Over;
            return;
        }
        let Some(draft) = self.main_draft(self.secs(now)) else {
            self.phase = Phase::Over;
            return;
        };
        if self.station.send(&draft, now) {
            self.requests = self.requests.saturating_add(1);
            let delay = self.settings.backoff.delay(self.requests, &mut self.rng);
            self.next_send = Some(now.after(delay));
        } else {
            self.station.resolve(now);
        }
    }

    fn main_draft(&self, secs: u16) -> Option<Draft> {
        match self.task {
            Task::Inform { address, server } => Some(self.recipe.inform(secs, address, server)),
            Task::Request { state, address, server } => {
                let offered = self.offer.as_ref().and_then(|offer| offer.reply.as_ref());
                let address = address.or_else(|| offered?.yiaddr.specified())?;
                let chosen = || {
                    let server = offered?.server_id.or_else(|| self.offer.as_ref()?.source_ip)?;
                    Some(Route { server, next_hop: server })
                };
                let server = if offered.is_some() { chosen().or(server) } else { server };
                Some(self.recipe.request(state, secs, address, server))
            }
        }
    }

    fn take_offer(&mut self, answer: Answer) -> Note {
        let note = self.station.accept(&answer, false);
        let at = answer.at;
        self.offer = Some(answer);
        self.station.forget_sends();
        self.next_send = None;
        self.phase = Phase::Main;
        self.main(at);
        note
    }

    fn take_answer(&mut self, answer: Answer, outcome: Outcome) -> Note {
        let note = self.station.accept(&answer, false);
        let at = answer.at;
        self.outcome = outcome;
        if let Some(offer) = &mut self.offer {
            self.station.review(offer, at);
        }
        let address = answer.reply.as_ref().and_then(|reply| reply.yiaddr.specified()).or(self.held());
        self.answer = Some(answer);
        let leased = outcome == Outcome::Ack && matches!(self.task, Task::Request { .. });
        match address.filter(|_| leased && self.settings.conflict != ConflictCheck::None) {
            Some(address) => {
                self.phase = Phase::Probe(Prober::new(address, self.station.mac, at, &mut self.rng));
            }
            None => self.end(at),
        }
        note
    }

    fn held(&self) -> Option<Ipv4Addr> {
        match self.task {
            Task::Request { address, .. } => address,
            Task::Inform { address, .. } => Some(address),
        }
    }

    fn probe(&mut self, now: Instant) {
        let Phase::Probe(prober) = &mut self.phase else { return };
        let address = prober.address;
        match prober.step(now, &mut self.rng) {
            Step::Send(arp) => self.station.send_arp(&arp, Note::Probed(address), now),
            Step::Wait(_) => {}
            Step::Over => {
                self.checked = Some(Verdict::Free);
                self.end(now);
            }
        }
    }

    fn found_conflict(&mut self, address: Ipv4Addr, mac: Mac, now: Instant) -> Note {
        let note = Note::Conflict(address, mac);
        self.station.event(now, note.clone(), (Some(address), Some(mac)));
        self.checked = Some(Verdict::InUse(mac));
        if self.settings.conflict == ConflictCheck::Decline {
            let server = self.answer.as_ref().and_then(Answer::server_id);
            let draft = self.recipe.decline(address, server, Some(b"address in use"));
            self.station.send(&draft, now);
            self.last = Some(MessageType::DECLINE);
            self.phase = Phase::Ending { id: self.station.last_id(), until: now.after(LAST_COPY) };
        } else {
            self.end(now);
        }
        note
    }

    /// What is left to do when the answer is there.
    fn end(&mut self, now: Instant) {
        self.phase = Phase::Over;
        let leased = self.outcome == Outcome::Ack && matches!(self.task, Task::Request { .. });
        if !self.settings.release || !leased {
            return;
        }
        let Some(answer) = &self.answer else { return };
        let address = answer.reply.as_ref().and_then(|reply| reply.yiaddr.specified()).or(self.held());
        let server = answer.server_id().or(answer.source_ip);
        if let (Some(address), Some(server)) = (address, server) {
            if let Some(mac) = answer.source_mac {
                // The way back is the way the answer came.
                self.station.learn(server, mac);
            }
            let draft = self.recipe.release(address, Route { server, next_hop: server });
            self.last = self.station.send(&draft, now).then_some(MessageType::RELEASE);
            self.phase = Phase::Ending { id: self.station.last_id(), until: now.after(LAST_COPY) };
        }
    }

    fn on_answer(&mut self, sight: &Sight<'_>, answer: Answer) -> Note {
        let kind = answer.kind();
        let wanted = self.station.watch.wants_server(answer.server_id(), answer.source_ip);
        match (&self.phase, kind) {
            (Phase::Discover, Some(MessageType::OFFER))
            | (Phase::Main, Some(MessageType::ACK | MessageType::NAK))
                if !wanted =>
            {
                self.station.reject(sight, Reason::OtherServer)
            }
            (Phase::Discover, Some(MessageType::OFFER)) => self.take_offer(answer),
            (Phase::Main, Some(MessageType::ACK)) => self.take_answer(answer, Outcome::Ack),
            (Phase::Main, Some(MessageType::NAK)) => self.take_answer(answer, Outcome::Nak),
            (Phase::Main | Phase::Probe(_) | Phase::Ending { .. }, Some(MessageType::OFFER))
                if self.offer.is_some() =>
            {
                self.station.accept(&answer, true)
            }
            (Phase::Probe(_) | Phase::Ending { .. }, Some(MessageType::ACK | MessageType::NAK)) => {
                self.station.accept(&answer, true)
            }
            _ => self.station.reject(sight, Reason::WrongType),
        }
    }
}

impl Machine for Exchange {
    fn on_time(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Start) {
            self.start(now);
        }
        match self.station.resolve(now) {
            Some(Step::Over) => {
                self.phase = Phase::Over;
                return;
            }
            Some(_) => return,
            None => {}
        }
        match self.phase {
            Phase::Start | Phase::Over => {}
            Phase::Discover => self.discover(now),
            Phase::Main => self.main(now),
            Phase::Probe(_) => self.probe(now),
            Phase::Ending { until, .. } => {
                if now >= until {
                    self.phase = Phase::Over;
                }
            }
        }
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.station.on_sent(id, at);
        if matches!(self.phase, Phase::Ending { id: last, .. } if last == id) {
            self.phase = Phase::Over;
        }
    }

    fn on_sight(&mut self, sight: &Sight<'_>) -> Note {
        if let (Phase::Probe(prober), What::Arp(arp)) = (&self.phase, &sight.what)
            && let Some(mac) = prober.conflict(arp)
        {
            let address = prober.address;
            return self.found_conflict(address, mac, sight.at);
        }
        match self.sort(sight) {
            Ok(answer) => self.on_answer(sight, answer),
            Err(note) => note,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Start | Phase::Over => None,
            Phase::Discover => {
                let end = self.started?.after(self.settings.discover_wait);
                let next = self.station.resolve_deadline().or(self.next_send);
                Some(next.map_or(end, |next| next.min(end)))
            }
            Phase::Main => self.station.resolve_deadline().or(self.next_send),
            Phase::Probe(prober) => Some(prober.deadline()),
            Phase::Ending { until, .. } => Some(*until),
        }
    }

    fn station(&self) -> &Station {
        &self.station
    }

    fn station_mut(&mut self) -> &mut Station {
        &mut self.station
    }
}

fn needs_discover(task: Task) -> bool {
    match task {
        Task::Request { state: State::Selecting, address, server } => address.is_none() || server.is_none(),
        Task::Request { address, .. } => address.is_none(),
        Task::Inform { .. } => false,
    }
}

fn first_draft(recipe: &Recipe, task: Task) -> Draft {
    match task {
        Task::Request { state, address: Some(address), server } if !needs_discover(task) => {
            recipe.request(state, 0, address, server)
        }
        Task::Request { address, .. } => recipe.discover(0, address),
        Task::Inform { address, server } => recipe.inform(0, address, server),
    }
}
