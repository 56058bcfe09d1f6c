//! Making every DHCPv6 server and router of a segment speak, and leaving nothing behind.
//!
//! Sent are router solicitations, and from invented clients SOLICIT, CONFIRM of an address that nobody has, and
//! INFORMATION-REQUEST: none of them binds anything, and there are servers that answer only one of them. Never rapid commit,
//! REQUEST, RENEW or REBIND. A server that binds leases all the same, with a REPLY to SOLICIT, gets them back by RELEASE.
//!
//! All frames come from the interface's own hardware address: clients are told apart by DUID, and switches that allow one
//! address a port need not shut it. Servers look by neighbor solicitation for who asks: the kernel answers where it has the
//! address; where it has none, this machine does.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use fastrand::Rng;

use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::engine::outbox::Outbox;
pub use crate::engine::provoke::ROUND;
use crate::engine::provoke::{Agenda, Asked, Ear, GRACE, OVERTIME, Pace, Provoking};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::peek::Ethernet;
use crate::wire::frame::{Datagram, Envelope6, LinkType, Ports, Protocol};
use crate::wire::nd;
use crate::wire::neighbor::{Neighbor, link_local};
use crate::wire::options::v6 as opt;
use crate::wire::v6::message::{ia, ia_addr, oro};
use crate::wire::v6::types::{ALL_RELAYS_AND_SERVERS, CLIENT_PORT, SERVER_PORT};
use crate::wire::v6::{Duid, Facts, Message, MessageType, Options, Packet};

/// When the probes of a round are sent again, from their first time.
const AGAIN: Duration = Duration::from_secs(1);
/// When routers are asked, milliseconds from the start: they may wait half a second each, and frames get lost.
const SOLICITATIONS: [u64; 5] = [0, 500, 2000, 4000, 6000];
/// An advertisement so long after a solicitation answers it (RFC 4861 §6.2.6: half a second, and the way).
const ROUTER_TAKES: Duration = Duration::from_millis(600);
/// When a RELEASE is sent, milliseconds from the answer; a REPLY to it ends that.
const RELEASES: [u64; 3] = [0, 400, 1000];
/// Commitments given back.
const MAX_COMMITTED: usize = 64;
/// Neighbor solicitations answered in one provocation: a flood is not answered with one.
const MAX_ANSWERED: u32 = 64;
/// Rounds beyond these would break the limit that clients keep: 20 messages in 20 seconds (RFC 9915 §14.1).
const MAX_ROUNDS: u32 = 3;
/// An address on no link that anybody has (RFC 3849): a server that CONFIRMs says so.
const NOWHERE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0xffff, 0, 0, 0, 1);

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Probe {
    /// SOLICIT for an address and a prefix.
    Solicit,
    /// CONFIRM of an address of no link.
    Confirm,
    /// INFORMATION-REQUEST.
    Inform,
    /// A router solicitation.
    Router,
}

impl Probe {
    /// Those that DHCPv6 servers answer.
    const SERVERS: [Self; 3] = [Self::Solicit, Self::Inform, Self::Confirm];

    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Solicit => "solicit",
            Self::Confirm => "confirm",
            Self::Inform => "inform",
            Self::Router => "router-solicitation",
        }
    }
}

/// How a segment is provoked.
#[derive(Clone, Debug)]
pub struct ProvokePlan {
    /// How long answers are collected.
    pub wait: Duration,
    /// How many rounds of fresh clients, as far as they fit into the wait; three at most.
    pub rounds: u32,
    /// The interface's MAC.
    pub mac: Mac,
    /// The interface's address on the link, where it has one.
    pub link_local: Option<Ipv6Addr>,
    /// VLAN tags of every frame.
    pub vlans: Vec<u16>,
}

/// A server's or router's answer to one of the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The probe.
    pub probe: Probe,
    /// How quick it is.
    pub pace: Pace,
}

/// What a server bound to an invented client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The first address or prefix.
    pub address: Ipv6Addr,
    /// The client.
    pub client: Duid,
    /// Who bound it.
    pub server: Duid,
    /// Where the answer came from.
    pub via: Option<Mac>,
}

/// A grant, and how far it was given back.
#[derive(Clone, Debug)]
struct Grant {
    who: Granted,
    /// The RELEASE.
    message: Message,
    /// RELEASEs that left.
    left: u32,
    /// The server confirmed one.
    done: bool,
}

/// Something to send at its time.
#[derive(Clone, Debug)]
enum Job {
    Probe { round: usize, probe: Probe },
    Release(usize),
    Frame(Vec<u8>),
}

/// Provokes one segment.
#[derive(Debug)]
pub struct Provoke {
    plan: ProvokePlan,
    rng: Rng,
    /// One for each round; they come again in later provocations.
    clients: Vec<Duid>,
    /// The transactions of the last two provocations: what, who, and when it was asked.
    transactions: HashMap<u32, (Probe, usize, Asked)>,
    older: HashMap<u32, (Probe, usize, Asked)>,
    xids: HashMap<(usize, Probe), u32>,
    /// When routers were asked in this provocation, or else in the one before.
    asked_routers: Option<Asked>,
    /// Routers were asked in this provocation.
    asks_routers: bool,
    /// Provocations before this one.
    before: u32,
    jobs: Agenda<Job>,
    span: Option<(Instant, Instant)>,
    outbox: Outbox,
    /// RELEASEs that were handed out, by number.
    departing: HashMap<u32, usize>,
    grants: Vec<Grant>,
    overlooked: u64,
    answered: u32,
    stopped: bool,
    closed: bool,
    ear: Ear<Heard>,
}

impl Provoke {
    /// Provokes as `plan` says.
    pub fn new(plan: ProvokePlan, rng: Rng) -> Self {
        Self {
            plan,
            rng,
            clients: Vec::new(),
            transactions: HashMap::new(),
            older: HashMap::new(),
            xids: HashMap::new(),
            asked_routers: None,
            asks_routers: false,
            before: 0,
            jobs: Agenda::default(),
            span: None,
            outbox: Outbox::default(),
            departing: HashMap::new(),
            grants: Vec::new(),
            overlooked: 0,
            answered: 0,
            stopped: false,
            closed: false,
            ear: Ear::new(Ports::of(&[Protocol::Dhcpv6, Protocol::Icmpv6])),
        }
    }

    /// Provokes once more, as `plan` says now, from when the time is told next.
    pub fn again(&mut self, plan: ProvokePlan) {
        self.older = std::mem::take(&mut self.transactions);
        self.xids.clear();
        self.jobs.retain(|_| false);
        self.departing.clear();
        // What could not be given back stays known.
        self.grants.retain(|grant| grant.left == 0);
        (self.overlooked, self.answered) = (0, 0);
        (self.asks_routers, self.before) = (false, self.before.wrapping_add(1));
        (self.span, self.stopped, self.closed) = (None, false, false);
        self.plan = plan;
    }

    /// What was bound and no RELEASE left for.
    pub fn kept(&self) -> impl Iterator<Item = &Granted> {
        self.grants.iter().filter(|grant| grant.left == 0).map(|grant| &grant.who)
    }

    /// What the last frame answered: the probes of this machine, one entry a message.
    pub fn heard(&self) -> &[Heard] {
        &self.ear.heard
    }

    /// Commitments beyond those that are given back.
    pub fn overlooked(&self) -> u64 {
        self.overlooked
    }

    /// True when the wait is over and everything is given back, as far as it could be.
    pub fn is_over(&self, now: Instant) -> bool {
        let Some((_, end)) = self.span else { return false };
        now >= end.after(OVERTIME) || (self.closed && self.jobs.is_empty() && self.outbox.is_empty())
    }

    /// The address that frames come from.
    fn source(&self) -> Ipv6Addr {
        self.plan.link_local.unwrap_or_else(|| link_local(self.plan.mac))
    }

    fn envelope(&self, dst: Ipv6Addr, hop_limit: u8) -> Envelope6 {
        let vlans = self.plan.vlans.clone();
        Envelope6 { vlans, ..Envelope6::to_group(self.plan.mac, self.source(), dst, hop_limit) }
    }

    fn schedule(&mut self, start: Instant, end: Instant) {
        for ms in SOLICITATIONS {
            let when = start.after(Duration::from_millis(ms));
            if when < end {
                self.jobs.at(when, Job::Probe { round: 0, probe: Probe::Router });
            }
        }
        let mut begin = start;
        for round in 0..self.plan.rounds.clamp(1, MAX_ROUNDS) {
            if begin >= end {
                break;
            }
            let round = usize::try_from(round).unwrap_or(0);
            while self.clients.len() <= round {
                self.clients.push(invented(&mut self.rng));
            }
            for (place, probe) in (0..).zip(Probe::SERVERS) {
                let own = begin.after(Duration::from_millis(30).saturating_mul(place));
                for when in [own, own.after(AGAIN)] {
                    let jitter = Duration::from_millis(self.rng.u64(0..25));
                    self.jobs.at(when.after(jitter), Job::Probe { round, probe });
                }
            }
            begin = begin.after(ROUND);
        }
    }

    /// The frame of a job, and what it is.
    fn make(&mut self, job: Job, now: Instant) -> Option<(Vec<u8>, Remark, Option<usize>)> {
        match job {
            Job::Frame(frame) => Some((frame, Remark::new(Sense::Sent(0), "neighbor advertisement"), None)),
            Job::Probe { probe: Probe::Router, .. } => {
                let again = std::mem::replace(&mut self.asks_routers, true);
                let before = self.asked_routers.filter(|_| again);
                self.asked_routers = Some(Asked::again(before, now));
                let mut message = nd::Message::solicitation();
                message.add_option(1, &self.plan.mac.0);
                let frame = self.envelope(nd::ALL_ROUTERS, nd::HOP_LIMIT).icmpv6(&message.encode(), true);
                Some((frame, Remark::new(Sense::Sent(0), "router solicitation"), None))
            }
            Job::Probe { round, probe } => {
                let client = self.clients.get(round)?.clone();
                let first = !self.xids.contains_key(&(round, probe));
                let xid = *self.xids.entry((round, probe)).or_insert_with(|| self.rng.u32(1..1 << 24));
                let before = self.transactions.get(&xid).map(|(.., asked)| *asked);
                self.transactions.insert(xid, (probe, round, Asked::again(before, now)));
                let message = ask(probe, xid, &client, first);
                Some((self.wrap(&message), Remark::new(Sense::Sent(1), probe.name()), None))
            }
            Job::Release(number) => {
                let message = self.grants.get(number).filter(|grant| !grant.done)?.message.clone();
                Some((self.wrap(&message), Remark::new(Sense::Sent(1), "release"), Some(number)))
            }
        }
    }

    fn wrap(&self, message: &Message) -> Vec<u8> {
        self.envelope(ALL_RELAYS_AND_SERVERS, 1).udp((CLIENT_PORT, SERVER_PORT), &message.encode())
    }

    /// A server bound leases that nobody asked it to bind.
    fn committed(&mut self, now: Instant, facts: &Facts<'_>, bytes: &[u8], client: Duid, via: Option<Mac>) {
        let addresses = facts.addresses().filter(|lease| lease.valid > 0).map(|lease| lease.address);
        let prefixes = facts.prefixes().filter(|lease| lease.valid > 0).map(|lease| lease.prefix);
        let (Some(address), Some(server)) = (addresses.chain(prefixes).next(), facts.server_id) else {
            return;
        };
        let who = Granted { address, client, server: server.into(), via };
        if self.grants.iter().any(|grant| grant.who == who && !grant.done) {
            return;
        }
        if self.grants.len() >= MAX_COMMITTED {
            self.overlooked = self.overlooked.saturating_add(1);
            return;
        }
        let mut message = Message::new(MessageType::RELEASE, self.rng.u32(1..1 << 24));
        message.set_option(opt::CLIENTID, who.client.0.clone());
        message.set_option(opt::SERVERID, server);
        message.set_option(opt::ELAPSED_TIME, [0, 0]);
        // The associations go back as they came.
        let inner = Packet::new(bytes);
        for option in Options::new(inner.options()).filter(|option| !option.is_truncated()) {
            if matches!(option.code, opt::IA_NA | opt::IA_TA | opt::IA_PD) {
                message.add_option(option.code, option.data);
            }
        }
        let number = self.grants.len();
        self.grants.push(Grant { who, message, left: 0, done: false });
        for ms in RELEASES {
            self.jobs.at(now.after(Duration::from_millis(ms)), Job::Release(number));
        }
    }
}

impl Provoking for Provoke {
    type Heard = Heard;

    fn ear(&mut self) -> &mut Ear<Heard> {
        &mut self.ear
    }

    /// Takes a message: what it answers, if it answers a probe.
    fn on_datagram(&mut self, now: Instant, datagram: &Datagram<'_>) -> Option<Heard> {
        if datagram.quoted {
            return None;
        }
        if datagram.protocol == Protocol::Icmpv6 {
            let advert = nd::Packet::new(datagram.payload).is_advertisement();
            let pace = self.asked_routers?.answered(self.before, now);
            return (advert && pace.latency <= ROUTER_TAKES).then_some(Heard { probe: Probe::Router, pace });
        }
        let facts = Facts::of(datagram.payload);
        let xid =
            facts.xid.filter(|_| datagram.protocol == Protocol::Dhcpv6 && facts.kind.is_from_server())?;
        if let Some(grant) = self.grants.iter_mut().find(|grant| {
            grant.message.xid() == Some(xid) && facts.server_id == Some(grant.who.server.as_slice())
        }) {
            grant.done = true;
            return None;
        }
        let (probe, round, asked) = *self.transactions.get(&xid).or_else(|| self.older.get(&xid))?;
        let client = self.clients.get(round)?;
        if facts.client_id != Some(client.as_slice()) {
            return None;
        }
        if facts.kind == MessageType::REPLY && probe == Probe::Solicit {
            let via = datagram.link.and_then(|link| link.src).and_then(|src| src.mac());
            let client = client.clone();
            self.committed(now, &facts, datagram.payload, client, via);
        }
        Some(Heard { probe, pace: asked.answered(xid, now) })
    }

    /// Takes a frame that is no message: somebody may look for the address that frames come from.
    fn on_aside(&mut self, now: Instant, link: LinkType, frame: &[u8]) {
        if self.plan.link_local.is_some() || link != LinkType::ETHERNET || self.answered >= MAX_ANSWERED {
            return;
        }
        let Some(ethernet) = Ethernet::read(frame).filter(|frame| frame.is_on(&self.plan.vlans)) else {
            return;
        };
        let Some(ip) = ethernet.ipv6().filter(|ip| ip.hop_limit == nd::HOP_LIMIT) else { return };
        let asked = ip.icmpv6().and_then(Neighbor::decode);
        let Some(asked) = asked.filter(|asked| asked.asks && asked.target == self.source()) else { return };
        // Who asks from :: wants the address for himself; it is not ours to keep.
        if ethernet.src == self.plan.mac || ip.src.is_unspecified() {
            return;
        }
        self.answered = self.answered.saturating_add(1);
        let answer = asked.answer(self.plan.mac, ip.src);
        let envelope = Envelope6 { dst_mac: ethernet.src, ..self.envelope(ip.src, nd::HOP_LIMIT) };
        let frame = envelope.icmpv6(&answer.encode(), true);
        self.jobs.at(now, Job::Frame(frame));
    }

    fn probe(heard: &Heard) -> &'static str {
        heard.probe.name()
    }
}

impl Machine for Provoke {
    fn on_time(&mut self, now: Instant) {
        if self.span.is_none() {
            let end = now.after(self.plan.wait);
            self.span = Some((now, end));
            self.schedule(now, end);
        }
        let end = self.span.map_or(now, |(_, end)| end);
        if now >= end {
            self.closed = true;
            self.jobs.retain(|job| matches!(job, Job::Release(_)));
        }
        while let Some(job) = self.jobs.due(now) {
            if let Some((frame, remark, release)) = self.make(job, now) {
                self.jobs.sent(now);
                let id = self.outbox.push(frame, remark);
                if let Some(number) = release {
                    self.departing.insert(id, number);
                }
            }
        }
    }

    fn on_sent(&mut self, id: u32, _at: Instant) {
        if let Some(grant) = self.departing.remove(&id).and_then(|number| self.grants.get_mut(number)) {
            grant.left = grant.left.saturating_add(1);
        }
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        self.hear(arrival)
    }

    fn stop(&mut self, now: Instant) {
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        if let Some((_, end)) = &mut self.span {
            *end = (*end).min(now.after(GRACE));
        }
        self.jobs.retain(|job| !matches!(job, Job::Probe { .. }));
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

/// A DUID that is nobody's: of a random UUID.
fn invented(rng: &mut Rng) -> Duid {
    let mut uuid = rng.u128(..).to_be_bytes();
    // Version 4, variant 1 (RFC 9562 §5.4).
    uuid[6] = uuid[6] & 0x0f | 0x40;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    Duid::uuid(uuid)
}

/// The message of a probe.
fn ask(probe: Probe, xid: u32, client: &Duid, first: bool) -> Message {
    let iaid = 1;
    let kind = match probe {
        Probe::Confirm => MessageType::CONFIRM,
        Probe::Inform => MessageType::INFORMATION_REQUEST,
        Probe::Solicit | Probe::Router => MessageType::SOLICIT,
    };
    let mut message = Message::new(kind, xid);
    message.set_option(opt::CLIENTID, client.0.clone());
    // Hundredths of a second: sent again after one.
    message.set_option(opt::ELAPSED_TIME, if first { [0, 0] } else { 100_u16.to_be_bytes() });
    let steering = [opt::DNS_SERVERS, opt::DOMAIN_LIST, opt::BOOTFILE_URL, opt::DHCP_CAPTIVE_PORTAL];
    let with = |more: &[u16]| oro(&[&steering, more].concat());
    match probe {
        Probe::Confirm => message.add_option(opt::IA_NA, ia(iaid, 0, 0, &[ia_addr(NOWHERE, 0, 0, &[])])),
        Probe::Inform => {
            message.set_option(opt::ORO, with(&[opt::INFORMATION_REFRESH_TIME, opt::INF_MAX_RT]));
        }
        Probe::Solicit | Probe::Router => {
            message.set_option(opt::ORO, with(&[opt::SOL_MAX_RT]));
            message.add_option(opt::IA_NA, ia(iaid, 0, 0, &[]));
            message.add_option(opt::IA_PD, ia(iaid, 0, 0, &[]));
        }
    }
    message
}

#[cfg(test)]
mod tests;
