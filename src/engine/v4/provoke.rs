//! Making every DHCP server of a segment speak, honest or not, and leaving nothing behind.
//!
//! Some rogues answer one kind of message only: so every kind is sent, each several times, by clients that are new in
//! every round, for a server that was silent towards one client need not be towards the next.
//!
//! What a server might keep is given back. A probe ends with the first answer that binds an address (an ACK, or any BOOTP
//! reply): asking again would bind it again. That address is released at once, three times, for a RELEASE has no answer, and
//! once more at the end; and whoever was granted something stays the client of later rounds and provocations, so that
//! a server which hears no RELEASE loses one address and not one a round. The clients that were offered an address end with a
//! REQUEST to a server that does not exist, by which every other server knows that its offer was declined
//! (RFC 2131 §3.1, 4).
//!
//! One [`Provoke`] serves a segment for as long as it is watched: what comes too late for one provocation is given back
//! during the next.
//!
//! Frames are spaced, about a dozen in a second: switches that limit DHCP or ARP must not shut the port.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use fastrand::Rng;

use super::draft::opt;
use super::note::Note;
use super::recipe::{Route, State};
use super::watch;
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::engine::outbox::Outbox;
pub use crate::engine::provoke::ROUND;
use crate::engine::provoke::{Agenda, Asked, Ear, GRACE, OVERTIME, Pace, Provoking};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::build::arp_frame;
use crate::wire::frame::peek::Aside;
use crate::wire::frame::{Datagram, LinkType, Ports};
use crate::wire::v4::{Message, MessageType, Op, Packet, Xid};

mod round;

pub use round::Probe;
use round::{Client, Round};

/// Addresses checked for somebody who uses them.
const MAX_CHECKED: usize = 64;
/// And of one server: some offer another address each time they are asked.
const MAX_CHECKED_EACH: usize = 3;
/// Grants given back.
const MAX_GRANTS: usize = 64;
/// And of one sender, so that none uses up the others' share.
const MAX_GRANTS_EACH: usize = 16;
/// RELEASEs of one grant in one provocation: who grants again and again is not answered for ever.
const MAX_RELEASES: u32 = 40;
/// ARP requests answered, and uses of offered addresses told: a flood of ARP is not answered with one.
const MAX_ARP: u32 = 64;
/// When a check is sent, milliseconds from the offer.
const CHECKS: [u64; 3] = [40, 400, 900];
/// When a RELEASE is sent, milliseconds from the answer.
const RELEASES: [u64; 3] = [0, 150, 500];
/// When offers are declined, milliseconds before the end.
const DECLINES: [u64; 2] = [420, 170];
/// A server may take so long to check an address before it answers BOOTP, and others may wait in line before that: it is asked
/// first, once in a provocation, and not when an answer would come too late to be given back.
const BOOTP_TAKES: Duration = Duration::from_millis(3200);
/// Clients come again in later provocations for so long: servers hold what they offered to each for a minute or two, and
/// new ones in every provocation would empty a small pool.
const SAME_FACES: Duration = Duration::from_mins(10);
/// The largest random delay of a probe.
const JITTER_MS: u64 = 25;

/// How a segment is provoked.
#[derive(Clone, Debug)]
pub struct ProvokePlan {
    /// How long answers are collected.
    pub wait: Duration,
    /// How many rounds of fresh clients, as far as they fit into the wait.
    pub rounds: u32,
    /// The interface's MAC: ARP is asked from it.
    pub mac: Mac,
    /// Use the interface's MAC for every client, which then differ in their client identifier only.
    pub own_mac: bool,
    /// The interface's addresses; the first one sends INFORM.
    pub addresses: Vec<Ipv4Addr>,
    /// VLAN tags of every frame.
    pub vlans: Vec<u16>,
}

/// A server's answer to one of the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The transaction.
    pub xid: Xid,
    /// The client that is answered.
    pub client: Mac,
    /// The probe.
    pub probe: Probe,
    /// The server identifier in it that is nobody's.
    pub bogus_server: Option<Ipv4Addr>,
    /// How quick it is; `None` of an answer to what was not asked yet.
    pub pace: Option<Pace>,
}

/// Somebody uses an address that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InUse {
    /// The address.
    pub address: Ipv4Addr,
    /// Who.
    pub mac: Mac,
}

/// An address that a server bound to an invented client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The address.
    pub address: Ipv4Addr,
    /// The client.
    pub client: Mac,
    /// Who granted it, as far as it said.
    pub server: Option<Ipv4Addr>,
    /// Where the answer came from: the server or its relay.
    pub via: Option<Mac>,
}

/// A grant, and how far it was given back.
#[derive(Clone, Debug)]
struct Grant {
    who: Granted,
    /// RELEASEs to the server by its identifier and by the address it answered from.
    frames: Vec<Vec<u8>>,
    /// RELEASEs waiting for their time.
    waiting: u32,
    /// RELEASEs made in this provocation.
    made: u32,
    /// RELEASEs that left since it was granted last.
    left: u32,
}

/// What a transaction is.
#[derive(Clone, Copy, Debug)]
struct Transaction {
    round: u64,
    probe: Probe,
    client: Client,
    asked: Option<Asked>,
}

/// Something to send at its time.
#[derive(Clone, Debug)]
enum Job {
    Probe { round: u64, probe: Probe, attempt: usize },
    Decline { round: u64 },
    Check(Ipv4Addr),
    Release(Granted),
    Frame(Vec<u8>),
}

/// Provokes one segment.
#[derive(Clone, Debug)]
pub struct Provoke {
    plan: ProvokePlan,
    rng: Rng,
    /// The rounds of this provocation and of the one before, by number.
    rounds: BTreeMap<u64, Round>,
    next_round: u64,
    /// The first round of this provocation.
    first_round: u64,
    transactions: HashMap<Xid, Transaction>,
    jobs: Agenda<Job>,
    /// When this provocation began, and when it ends.
    span: Option<(Instant, Instant)>,
    closed: bool,
    outbox: Outbox,
    ear: Ear<Heard>,
    /// RELEASEs that were handed out, by number.
    departing: HashMap<u32, Granted>,
    checked: Vec<(Ipv4Addr, Option<Mac>)>,
    grants: Vec<Grant>,
    overlooked: u64,
    granted_to: round::Regulars,
    /// The rounds of the last provocation, whose clients come again, and since when they are used.
    faces: Vec<Round>,
    faces_since: Option<Instant>,
    proxies: Vec<(Mac, Ipv4Addr)>,
    findings: VecDeque<InUse>,
    told: u32,
    answered: u32,
    sent: u64,
    stopped: bool,
}

impl Provoke {
    /// Provokes as `plan` says.
    pub fn new(plan: ProvokePlan, rng: Rng) -> Self {
        Self {
            plan,
            rng,
            rounds: BTreeMap::new(),
            next_round: 0,
            first_round: 0,
            transactions: HashMap::new(),
            jobs: Agenda::default(),
            span: None,
            closed: false,
            outbox: Outbox::default(),
            ear: Ear::new(Ports::default()),
            departing: HashMap::new(),
            checked: Vec::new(),
            grants: Vec::new(),
            overlooked: 0,
            granted_to: round::Regulars::default(),
            faces: Vec::new(),
            faces_since: None,
            proxies: Vec::new(),
            findings: VecDeque::new(),
            told: 0,
            answered: 0,
            sent: 0,
            stopped: false,
        }
    }

    /// Provokes once more, as `plan` says now, from when the time is told next.
    pub fn again(&mut self, plan: ProvokePlan) {
        let before = self.first_round;
        self.first_round = self.next_round;
        // What is older than the last provocation is not answered any more.
        self.rounds.retain(|number, _| *number >= before);
        self.transactions.retain(|_, transaction| transaction.round >= before);
        self.jobs.retain(|job| matches!(job, Job::Release(_)));
        self.grants.retain(|grant| grant.left == 0 || grant.waiting > 0);
        for grant in &mut self.grants {
            grant.made = 0;
        }
        self.departing.clear();
        self.checked.clear();
        self.proxies.clear();
        (self.told, self.answered, self.overlooked) = (0, 0, 0);
        (self.span, self.closed, self.stopped) = (None, false, false);
        self.plan = plan;
    }

    /// The next address found in use.
    pub fn poll_finding(&mut self) -> Option<InUse> {
        self.findings.pop_front()
    }

    /// True when the wait is over and everything is given back, as far as it could be.
    pub fn is_over(&self, now: Instant) -> bool {
        let is_late = self.span.is_some_and(|(_, end)| now >= end.after(OVERTIME));
        self.closed && (is_late || (self.jobs.is_empty() && self.outbox.is_empty()))
    }

    /// How many frames were made.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// What was granted and no RELEASE left for.
    pub fn kept(&self) -> impl Iterator<Item = &Granted> {
        self.grants.iter().filter(|grant| grant.left == 0).map(|grant| &grant.who)
    }

    /// Answers that bind an address beyond those that are given back.
    pub fn overlooked(&self) -> u64 {
        self.overlooked
    }

    /// The wait is over: nothing more is asked, and everything granted is released once more.
    fn close(&mut self, now: Instant) {
        self.closed = true;
        self.jobs.retain(|job| matches!(job, Job::Release(_) | Job::Decline { .. }));
        let granted: Vec<Granted> = self.grants.iter().map(|grant| grant.who).collect();
        for who in granted {
            self.plan_release(who, now);
        }
    }

    /// What the last frame answered: the probes of this machine, one entry a message.
    pub fn heard(&self) -> &[Heard] {
        &self.ear.heard
    }

    /// Takes an ARP packet: somebody may use what was offered, or ask for the address that INFORM comes from.
    fn on_arp(&mut self, now: Instant, arp: &Arp) {
        if arp.sender_mac == self.plan.mac {
            return;
        }
        if self.told < MAX_ARP && self.is_checked(arp.sender_ip) && !self.is_ours(arp.sender_mac) {
            self.told = self.told.saturating_add(1);
            self.findings.push_back(InUse { address: arp.sender_ip, mac: arp.sender_mac });
        }
        let asked = self.rounds.values().find(|round| round.informs_from == arp.target_ip);
        if let Some(round) = asked
            && arp.is_request()
            && self.answered < MAX_ARP
            && !self.plan.addresses.contains(&arp.target_ip)
        {
            let mac = round.client(Probe::Inform).mac;
            let reply = arp.reply(mac);
            let frame = arp_frame(&reply, mac, arp.sender_mac, &self.plan.vlans);
            self.answered = self.answered.saturating_add(1);
            self.jobs.at(now, Job::Frame(frame));
        }
    }

    fn is_checked(&self, address: Ipv4Addr) -> bool {
        self.checked.iter().any(|(checked, _)| *checked == address)
    }

    fn is_ours(&self, mac: Mac) -> bool {
        self.rounds.values().flat_map(|round| &round.clients).any(|client| client.mac == mac)
    }

    fn schedule(&mut self, now: Instant) {
        // A round whose answers could not be waited for is only noise; the first one is made in any case.
        let room = self.plan.wait.saturating_sub(ROUND);
        if self.faces_since.is_none_or(|since| now >= since.after(SAME_FACES)) {
            self.faces.clear();
            self.faces_since = Some(now);
        }
        let mut start = Duration::ZERO;
        for index in 0..self.plan.rounds.max(1) {
            if index > 0 && start > room {
                break;
            }
            self.add_round(now, index, start);
            start = start.saturating_add(ROUND);
        }
    }

    fn add_round(&mut self, now: Instant, index: u32, start: Duration) {
        let number = self.next_round;
        self.next_round = number.saturating_add(1);
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let mut round = Round::invent(&self.plan, self.faces.get(index), &mut self.rng);
        // One client is all that has the interface's own MAC.
        round.clients[4] = self.faces.first().map_or(round.clients[4], |first| first.clients[4]);
        round.take_on(&self.granted_to);
        for ((probe, times), xid) in Probe::SCHEDULE.into_iter().zip(round.xids) {
            if !probe.is_in(&self.plan) {
                continue;
            }
            self.transactions
                .insert(xid, Transaction { round: number, probe, client: round.client(probe), asked: None });
            for (attempt, after) in times.iter().enumerate() {
                let jitter = Duration::from_millis(self.rng.u64(0..=JITTER_MS));
                let offset = start.saturating_add(Duration::from_millis(*after)).saturating_add(jitter);
                let is_late = probe == Probe::Bootp
                    && (index > 0 || offset.saturating_add(BOOTP_TAKES) > self.plan.wait);
                if offset < self.plan.wait && !is_late {
                    self.jobs.at(now.after(offset), Job::Probe { round: number, probe, attempt });
                }
            }
        }
        let decliner = round.client(Probe::Discover);
        let decline = Transaction { round: number, probe: Probe::Selecting, client: decliner, asked: None };
        self.transactions.insert(round.decline_xid, decline);
        for before in DECLINES {
            let offset = self.plan.wait.saturating_sub(Duration::from_millis(before));
            self.jobs.at(now.after(offset), Job::Decline { round: number });
        }
        if self.faces.len() == index {
            self.faces.push(round.clone());
        }
        self.rounds.insert(number, round);
    }

    fn make(&mut self, job: &Job, now: Instant) -> Option<Vec<u8>> {
        match job {
            Job::Frame(frame) => Some(frame.clone()),
            Job::Check(address) => {
                let arp = Arp::request(self.plan.mac, Ipv4Addr::UNSPECIFIED, *address);
                Some(arp_frame(&arp, self.plan.mac, Mac::BROADCAST, &self.plan.vlans))
            }
            Job::Decline { round } => {
                let round = self.rounds.get(round).filter(|round| round.offered)?;
                // Not an address that was offered: some servers grant it whatever server the request names.
                let address = round.foreign[0];
                let xid = round.decline_xid;
                let recipe = round.client(Probe::Discover).recipe(&self.plan, xid);
                ask(&mut self.transactions, xid, now);
                Some(recipe.request(State::Selecting, 0, address, Some(round.bogus_route())).frame())
            }
            Job::Probe { round, probe, attempt } => {
                let (start, _) = self.span?;
                let elapsed = now.since(start).max(0);
                let seconds = u16::try_from(elapsed.checked_div(1_000_000_000)?).unwrap_or(u16::MAX);
                let round = self.rounds.get_mut(round)?;
                round.begun.push(*probe);
                ask(&mut self.transactions, round.xid(*probe), now);
                Some(round.draft(&self.plan, *probe, *attempt, seconds).frame())
            }
            Job::Release(who) => {
                let grant = self.grants.iter_mut().find(|grant| grant.who == *who)?;
                grant.waiting = grant.waiting.saturating_sub(1);
                let turn = usize::try_from(grant.made).ok()?.checked_rem(grant.frames.len())?;
                grant.made = grant.made.saturating_add(1);
                grant.frames.get(turn).cloned()
            }
        }
    }

    /// Asks whether somebody uses `address`.
    fn check(&mut self, address: Ipv4Addr, server: Option<Mac>, now: Instant) {
        let each = self.checked.iter().filter(|(_, other)| *other == server).count();
        let is_enough = each >= MAX_CHECKED_EACH || self.checked.len() >= MAX_CHECKED;
        if self.closed || is_enough || self.is_checked(address) {
            return;
        }
        self.checked.push((address, server));
        if self.plan.addresses.contains(&address) {
            self.findings.push_back(InUse { address, mac: self.plan.mac });
        }
        for after in CHECKS {
            self.jobs.at(now.after(Duration::from_millis(after)), Job::Check(address));
        }
    }

    /// An address was bound: the probe ends, and the address is given back.
    fn granted(
        &mut self,
        now: Instant,
        transaction: Transaction,
        message: &Message,
        source_ip: Option<Ipv4Addr>,
        via: Option<Mac>,
    ) {
        let Transaction { round: number, probe, client, .. } = transaction;
        let Some(round) = self.rounds.get(&number) else { return };
        let is_decline = message.xid == round.decline_xid;
        let is_asking = |job: &Job| match job {
            Job::Probe { round, probe: other, .. } => !is_decline && *round == number && *other == probe,
            Job::Decline { round } => is_decline && *round == number,
            Job::Check(_) | Job::Release(_) | Job::Frame(_) => false,
        };
        let address = message.yiaddr;
        let direct = source_ip.filter(|ip| message.giaddr.is_unspecified() && !ip.is_unspecified());
        let server = message.ip_option(opt::SERVER_ID).or(source_ip).filter(|ip| !ip.is_unspecified());
        let who = Granted { address, client: client.mac, server, via };
        if !self.grants.iter().any(|grant| grant.who == who) {
            let from_it = self.grants.iter().filter(|grant| grant.who.via == via).count();
            if self.grants.len() >= MAX_GRANTS || from_it >= MAX_GRANTS_EACH {
                self.overlooked = self.overlooked.saturating_add(1);
                self.jobs.retain(|job| !is_asking(job));
                return;
            }
            let recipe = client.recipe(&self.plan, message.xid);
            let mut frames = Vec::new();
            // One that grants in another's name does not hear what is sent to that name.
            let named = server.unwrap_or(Ipv4Addr::BROADCAST);
            for to in [Some(named), direct.filter(|ip| *ip != named)].into_iter().flatten() {
                let mut draft = recipe.release(address, Route { server: named, next_hop: named });
                draft.envelope.dst_ip = to;
                // The answer came from the server or from its relay, which is a router: both ways lead there.
                draft.envelope.dst_mac = via.unwrap_or(Mac::BROADCAST);
                draft.message.set_broadcast(false);
                frames.push(draft.frame());
            }
            self.grants.push(Grant { who, frames, waiting: 0, made: 0, left: 0 });
        }
        // What waits to be released was bound again: it is released as if for the first time.
        self.jobs.retain(|job| !is_asking(job) && !matches!(job, Job::Release(other) if *other == who));
        if let Some(grant) = self.grants.iter_mut().find(|grant| grant.who == who) {
            (grant.waiting, grant.left) = (0, 0);
        }
        self.keep_client(number, probe, is_decline);
        let is_known = self.grants.iter().any(|grant| grant.who == who && grant.made > 0);
        for after in RELEASES.into_iter().skip(usize::from(is_known)) {
            let after = if is_known { after.saturating_sub(RELEASES[1]) } else { after };
            self.plan_release(who, now.after(Duration::from_millis(after)));
        }
    }

    /// Who was granted something by `probe` stays the client of the rounds to come.
    fn keep_client(&mut self, number: u64, probe: Probe, is_decline: bool) {
        let Some(round) = self.rounds.get(&number) else { return };
        let known = &mut self.granted_to;
        match probe {
            _ if is_decline => known.main = Some(round.client(Probe::Discover)),
            Probe::Bootp => known.bootp = Some(round.client(probe)),
            Probe::Selecting | Probe::InitReboot | Probe::Rebinding => {
                known.requests = Some((round.client(probe), round.foreign));
            }
            _ => return,
        }
        for (other, round) in self.rounds.range_mut(number.saturating_add(1)..) {
            round.take_on(&self.granted_to);
            let decline = [(Probe::Discover, round.decline_xid)];
            for (kind, xid) in round.transactions().chain(decline) {
                let client = round.client(kind);
                self.transactions.entry(xid).and_modify(|known| {
                    if known.round == *other {
                        known.client = client;
                    }
                });
            }
        }
    }

    fn plan_release(&mut self, who: Granted, when: Instant) {
        let Some(grant) = self.grants.iter_mut().find(|grant| grant.who == who) else { return };
        if grant.waiting.saturating_add(grant.made) >= MAX_RELEASES {
            return;
        }
        grant.waiting = grant.waiting.saturating_add(1);
        self.jobs.at(when, Job::Release(who));
    }

    /// Asks a proxy that has answered, at its own port.
    fn ask_proxy(&mut self, now: Instant, number: u64, mac: Mac, ip: Ipv4Addr) {
        let Some(round) = self.rounds.get(&number) else { return };
        if self.closed || self.proxies.contains(&(mac, ip)) || self.proxies.len() >= MAX_CHECKED {
            return;
        }
        let mut draft = round.draft(&self.plan, Probe::PxeBoot, 0, 0);
        draft.envelope.dst_ip = ip;
        draft.envelope.dst_mac = mac;
        let frame = draft.frame();
        ask(&mut self.transactions, round.xid(Probe::PxeBoot), now);
        self.proxies.push((mac, ip));
        for after in RELEASES {
            self.jobs.at(now.after(Duration::from_millis(after)), Job::Frame(frame.clone()));
        }
    }
}

/// Notes that the question `xid` is asked.
fn ask(transactions: &mut HashMap<Xid, Transaction>, xid: Xid, now: Instant) {
    if let Some(transaction) = transactions.get_mut(&xid) {
        transaction.asked = Some(Asked::again(transaction.asked, now));
    }
}

impl Job {
    fn remark(&self) -> Remark {
        match self {
            Self::Probe { probe, attempt, .. } => {
                let times = u32::try_from(*attempt).unwrap_or(u32::MAX).saturating_add(1);
                Remark::new(Sense::Sent(times), format!("sent the probe {}", probe.name()))
            }
            Self::Decline { .. } => Remark::new(Sense::Sent(1), "turned offers down"),
            Self::Check(address) => (&Note::Probed(*address)).into(),
            Self::Release(_) => (&Note::Sent(Some(MessageType::RELEASE), 1)).into(),
            Self::Frame(_) => Remark::new(Sense::Sent(0), "answered ARP, or asked a proxy"),
        }
    }
}

impl Provoking for Provoke {
    type Heard = Heard;

    fn ear(&mut self) -> &mut Ear<Heard> {
        &mut self.ear
    }

    /// Takes a server's message: what it answers, if it answers a probe.
    fn on_datagram(&mut self, now: Instant, datagram: &Datagram<'_>) -> Option<Heard> {
        let packet = Packet::new(datagram.payload);
        if datagram.quoted || packet.op() != Some(Op::REPLY) {
            return None;
        }
        let client = packet.client().mac()?;
        let transaction =
            *self.transactions.get(&packet.xid()?).filter(|known| known.client.mac == client)?;
        let Transaction { round: number, probe, .. } = transaction;
        let message = Message::decode(datagram.payload);
        let (source_ip, source_mac) = watch::source(datagram);
        let offered = Some(message.yiaddr).filter(|yiaddr| !yiaddr.is_unspecified());
        let kind = message.message_type();
        if let Some(address) = offered {
            // What is offered for the card's own MAC may be what the machine itself uses: it is not declined.
            if kind == Some(MessageType::OFFER)
                && probe != Probe::OwnMac
                && let Some(round) = self.rounds.get_mut(&number)
            {
                round.offered = true;
            }
            if kind != Some(MessageType::NAK) {
                self.check(address, source_mac, now);
            }
            let gave = kind.is_none() || (kind == Some(MessageType::ACK) && probe != Probe::Inform);
            if gave && !self.plan.addresses.contains(&address) {
                self.granted(now, transaction, &message, source_ip, source_mac);
            }
        } else if probe == Probe::Pxe
            && let (Some(mac), Some(ip)) = (source_mac, source_ip)
        {
            self.ask_proxy(now, number, mac, ip);
        }
        let bogus_server = match probe {
            Probe::Selecting => self.rounds.get(&number).map(|round| round.bogus_server),
            _ => None,
        };
        let pace = transaction.asked.map(|asked| asked.answered(message.xid.0, now));
        Some(Heard { xid: message.xid, client, probe, bogus_server, pace })
    }

    fn on_aside(&mut self, now: Instant, link: LinkType, frame: &[u8]) {
        if let Some(Aside::Arp(arp)) = Aside::on(link, frame, &self.plan.vlans) {
            self.on_arp(now, &arp);
        }
    }

    fn probe(heard: &Heard) -> &'static str {
        heard.probe.name()
    }
}

impl Machine for Provoke {
    fn on_time(&mut self, now: Instant) {
        let (_, end) = *self.span.get_or_insert_with(|| (now, now.after(self.plan.wait)));
        if self.next_round == self.first_round {
            self.schedule(now);
        }
        if now >= end && !self.closed {
            self.close(now);
        }
        while let Some(job) = self.jobs.due(now) {
            if let Some(frame) = self.make(&job, now) {
                self.jobs.sent(now);
                self.sent = self.sent.saturating_add(1);
                let id = self.outbox.push(frame, job.remark());
                if let Job::Release(who) = job {
                    self.departing.insert(id, who);
                }
            }
        }
    }

    /// Without this what was granted does not count as given back.
    fn on_sent(&mut self, id: u32, _: Instant) {
        if let Some(who) = self.departing.remove(&id)
            && let Some(grant) = self.grants.iter_mut().find(|grant| grant.who == who)
        {
            grant.left = grant.left.saturating_add(1);
        }
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        self.hear(arrival)
    }

    fn stop(&mut self, now: Instant) {
        if std::mem::replace(&mut self.stopped, true) || self.closed {
            return;
        }
        let Some((start, end)) = self.span else { return };
        self.span = Some((start, end.min(now.after(GRACE))));
        self.jobs.retain(|job| matches!(job, Job::Frame(_) | Job::Release(_)));
        let rounds: Vec<u64> = self.rounds.range(self.first_round..).map(|(number, _)| *number).collect();
        for round in rounds {
            self.jobs.at(now, Job::Decline { round });
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let (_, end) = self.span?;
        let end = (!self.closed).then_some(end);
        self.jobs.next().into_iter().chain(end).min()
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.outbox.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.outbox.poll_event()
    }
}

#[cfg(test)]
mod tests;
