//! One client's whole exchange: DISCOVER if it must, REQUEST (or INFORM), the answer, and what comes after an ACK.

mod owed;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use fastrand::Rng;

use super::accept;
use super::arp::{Prober, Step};
use super::client::Client;
use super::debts::Debts;
use super::draft::Draft;
use super::incoming::{Content, Incoming};
use super::note::Note;
use super::recipe::{Recipe, Route, State};
use super::station::{Answer, Station};
use super::watch::Reason;
use crate::engine::retransmit::Backoff;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::peek::Aside;
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
    /// At the end, give back whatever a server may have bound.
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
pub enum ConflictVerdict {
    /// Nobody uses the address.
    Free,
    /// This host does.
    InUse(Mac),
}

/// The server whose OFFER was taken. From then on nobody else's word counts (RFC 2131 §3.1, §4.4.1).
#[derive(Clone, Copy, Debug)]
struct Chosen {
    /// Its identifier; where it gave none, its source address.
    server: Ipv4Addr,
    /// Whose frame brought its OFFER, unless that came through a relay, which speaks for many servers.
    mac: Option<Mac>,
}

impl Chosen {
    fn of(offer: &Answer) -> Option<Self> {
        let server = offer.server_id().or(offer.source_ip)?;
        Some(Self { server, mac: offer.source_mac.filter(|_| offer.message.giaddr.is_unspecified()) })
    }

    /// True when the server itself says this, under its own name or another one.
    fn says(&self, answer: &Answer) -> bool {
        let direct = answer.message.giaddr.is_unspecified();
        answer.server_id().or(answer.source_ip) == Some(self.server)
            || direct && self.mac.is_some() && answer.source_mac == self.mac
    }
}

/// Answers of servers that were not chosen; more are only counted.
const MAX_OTHERS: usize = 16;

#[derive(Clone, Debug)]
enum Phase {
    Start,
    Discover,
    Main,
    Probe(Prober),
    /// The last frame is on its way, or a late answer is.
    Ending {
        id: u32,
        until: Instant,
    },
    /// What was bound is given back.
    GivingBack {
        /// The last RELEASE is seen leaving until then; `None` while there are more to send.
        until: Option<Instant>,
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
    checked: Option<ConflictVerdict>,
    declined: bool,
    /// When giving back began.
    settling: Option<Instant>,
    chosen: Option<Chosen>,
    others: Vec<Answer>,
    debts: Debts,
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
            declined: false,
            settling: None,
            chosen: None,
            others: Vec::new(),
            debts: Debts::default(),
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
    pub fn checked(&self) -> Option<ConflictVerdict> {
        self.checked
    }

    /// A DECLINE was sent.
    pub fn declined(&self) -> bool {
        self.declined
    }

    /// A RELEASE was sent.
    pub fn released(&self) -> bool {
        self.debts.any_released()
    }

    /// ACKs and NAKs of servers that were not chosen; at most 16.
    pub fn others(&self) -> &[Answer] {
        &self.others
    }

    /// What was bound and to be given back: leases of which some may be left, see [`Debts::open`].
    pub fn debts(&self) -> &Debts {
        &self.debts
    }

    fn start(&mut self, now: Instant) {
        self.started = Some(now);
        self.ask_in(if needs_discover(self.task) { Phase::Discover } else { Phase::Main });
    }

    /// Goes on to a phase in which something is asked.
    fn ask_in(&mut self, phase: Phase) {
        self.station.watch.awaits_verdict = matches!(phase, Phase::Main);
        self.phase = phase;
    }

    fn secs(&self, now: Instant) -> u16 {
        let seconds =
            self.started.map_or(0, |started| now.since(started)).checked_div(1_000_000_000).unwrap_or(0);
        if self.settings.count_secs { u16::try_from(seconds).unwrap_or(u16::MAX) } else { 0 }
    }

    fn discover(&mut self, now: Instant) {
        let wait = self.settings.discover_wait;
        if self.started.is_some_and(|started| now >= started.after(wait)) {
            self.settle(now);
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
            self.end(now);
            return;
        }
        let Some(draft) = self.main_draft(self.secs(now)) else {
            self.settle(now);
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
        self.chosen = Chosen::of(&answer);
        self.offer = Some(answer);
        self.station.forget_sends();
        self.next_send = None;
        self.ask_in(Phase::Main);
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
        self.granted(&answer);
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

    /// An ACK or NAK of a server that was not chosen: it is told, and what it bound is given back.
    fn take_other(&mut self, incoming: &Incoming<'_>, answer: Answer) -> Note {
        self.granted(&answer);
        let known = |other: &Answer| {
            (other.kind(), other.server_id(), other.source_mac)
                == (answer.kind(), answer.server_id(), answer.source_mac)
        };
        if let Some(other) = self.others.iter_mut().find(|other| known(other)) {
            other.copies = other.copies.saturating_add(1);
        } else if self.others.len() < MAX_OTHERS {
            self.others.push(answer);
        }
        self.station.reject(incoming, Reason::OtherServer)
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
            Step::Send(arp) => self.station.send_arp(&arp, &Note::Probed(address), now),
            Step::Wait(_) => {}
            Step::Over => {
                self.checked = Some(ConflictVerdict::Free);
                self.end(now);
            }
        }
    }

    fn found_conflict(&mut self, address: Ipv4Addr, mac: Mac, now: Instant) -> Note {
        let note = Note::Conflict(address, mac);
        self.station.event(now, &note, (Some(address), Some(mac)));
        self.checked = Some(ConflictVerdict::InUse(mac));
        if self.settings.conflict == ConflictCheck::Decline {
            let server = self.answer.as_ref().and_then(Answer::server_id);
            let draft = self.recipe.decline(address, server, Some(b"address in use"));
            self.station.send(&draft, now);
            self.declined = true;
            if let Some(server) = server.or(self.answer.as_ref().and_then(|answer| answer.source_ip)) {
                self.debts.forgive(address, server);
            }
            if self.debts.is_empty() {
                self.phase = Phase::Ending { id: self.station.last_id(), until: now.after(LAST_COPY) };
            } else {
                self.settle(now);
            }
        } else {
            self.end(now);
        }
        note
    }

    fn on_answer(&mut self, incoming: &Incoming<'_>, answer: Answer) -> Note {
        let kind = answer.kind();
        let wanted = self.station.watch.wants_server(answer.server_id(), answer.source_ip);
        let chosen = self.chosen.is_none_or(|chosen| chosen.says(&answer));
        let verdict = matches!(kind, Some(MessageType::ACK | MessageType::NAK));
        match (&self.phase, kind) {
            (Phase::Discover, Some(MessageType::OFFER)) if !wanted => self.station.reject_unasked(incoming),
            (Phase::Discover, Some(MessageType::OFFER)) if accept::unusable(&answer).is_some() => {
                self.station.reject(incoming, Reason::NoAddress)
            }
            (Phase::Discover, Some(MessageType::OFFER)) => self.take_offer(answer),
            (Phase::Start | Phase::Discover | Phase::Over, _) if verdict => {
                // Bound without being asked for.
                self.granted(&answer);
                self.station.reject(incoming, Reason::WrongType)
            }
            (_, _) if verdict && !(wanted && chosen) => {
                let note = self.take_other(incoming, answer);
                self.owes_more(incoming.at);
                note
            }
            (Phase::Main, Some(MessageType::ACK)) if self.is_no_lease(&answer) => {
                self.station.reject(incoming, Reason::NoAddress)
            }
            (Phase::Main, Some(MessageType::ACK)) => self.take_answer(answer, Outcome::Ack),
            (Phase::Main, Some(MessageType::NAK)) => self.take_answer(answer, Outcome::Nak),
            (
                Phase::Main | Phase::Probe(_) | Phase::Ending { .. } | Phase::GivingBack { .. },
                Some(MessageType::OFFER),
            ) if self.offer.is_some() => {
                if chosen {
                    return self.station.accept(&answer, true);
                }
                let note = Note::NotChosen(kind);
                self.station.event(answer.at, &note, (answer.source_ip, answer.source_mac));
                note
            }
            (Phase::Probe(_) | Phase::Ending { .. } | Phase::GivingBack { .. }, _) if verdict => {
                let note = self.station.accept(&answer, true);
                self.granted(&answer);
                self.owes_more(incoming.at);
                note
            }
            _ => self.station.reject(incoming, Reason::WrongType),
        }
    }

    /// An ACK that leaves a client without an address it could use; to an INFORM it has none to give.
    fn is_no_lease(&self, answer: &Answer) -> bool {
        matches!(self.task, Task::Request { .. }) && accept::unusable(answer).is_some()
    }
}

impl Client for Exchange {
    fn on_time(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Start) {
            self.start(now);
        }
        match self.station.resolve(now) {
            Some(Step::Over) if matches!(self.phase, Phase::GivingBack { .. }) => {
                if let Some(debt) = self.debts.due(now) {
                    self.debts.unreachable(&debt);
                }
            }
            Some(Step::Over) => {
                self.settle(now);
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
            Phase::GivingBack { until: None } => self.give_back(now),
            Phase::Ending { until, .. } | Phase::GivingBack { until: Some(until) } => {
                if now >= until {
                    self.phase = Phase::Over;
                }
            }
        }
    }

    fn stop(&mut self, now: Instant) {
        match self.phase {
            // A DISCOVER binds nothing, unless a server said that it did.
            Phase::Start | Phase::Discover => self.settle(now),
            Phase::Main | Phase::Probe(_) => self.end(now),
            Phase::Ending { .. } | Phase::GivingBack { .. } | Phase::Over => {}
        }
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.station.on_sent(id, at);
        self.debts.on_sent(id);
        let over = match self.phase {
            Phase::Ending { id: last, .. } => last == id,
            Phase::GivingBack { until: Some(_) } => self.debts.settled(),
            _ => false,
        };
        if over {
            self.phase = Phase::Over;
        }
    }

    fn on_incoming(&mut self, incoming: &Incoming<'_>) -> Note {
        if let (Phase::Probe(prober), Content::Aside(Aside::Arp(arp))) = (&self.phase, &incoming.content)
            && let Some(mac) = prober.conflict(arp)
        {
            let address = prober.address;
            return self.found_conflict(address, mac, incoming.at);
        }
        match self.sort(incoming) {
            Ok(answer) => self.on_answer(incoming, answer),
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
            Phase::GivingBack { until: None } => self.station.resolve_deadline().or(self.debts.deadline()),
            Phase::Ending { until, .. } | Phase::GivingBack { until: Some(until) } => Some(*until),
        }
    }

    fn gives_up(&self) -> Option<Instant> {
        match self.phase {
            Phase::Discover => Some(self.started?.after(self.settings.discover_wait)),
            Phase::Main => Some(self.next_send?.after(self.settings.backoff.rest(self.requests))),
            _ => None,
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
