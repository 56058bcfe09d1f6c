//! Making every DHCP server of a segment speak, honest or not, and leaving nothing behind.
//!
//! Some rogues answer one kind of message only: so every kind is sent, each several times, by clients that are new in
//! every round, for a server that was silent towards one client need not be towards the next.
//!
//! What a server might keep is given back: an address that was acknowledged or given by BOOTP is released at once (three
//! times, for a RELEASE has no answer), and the clients that were offered one end with a REQUEST to a server that does
//! not exist, by which every other server knows that its offer was declined (RFC 2131 §3.1, 4).
//!
//! Frames are spaced, about a dozen in a second: switches that limit DHCP or ARP must not shut the port.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use fastrand::Rng;

use super::draft::opt;
use super::recipe::{Route, State};
use super::watch;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::Datagram;
use crate::wire::frame::build::arp_frame;
use crate::wire::v4::{Message, MessageType, Op, Packet, Xid};

mod round;

pub use round::Probe;
use round::Round;

/// After how long the next round begins.
pub const ROUND: Duration = Duration::from_secs(3);
/// Addresses checked for somebody who uses them.
const MAX_CHECKED: usize = 64;
/// And of one server: some offer another address each time they are asked.
const MAX_CHECKED_EACH: usize = 3;
/// Addresses given back.
const MAX_RELEASED: usize = 64;
/// ARP requests answered, and uses of offered addresses told: a flood of ARP is not answered with one.
const MAX_ARP: u32 = 64;
/// When a check is sent, milliseconds from the offer.
const CHECKS: [u64; 3] = [40, 400, 900];
/// When a RELEASE is sent, milliseconds from the answer.
const RELEASES: [u64; 3] = [0, 150, 500];
/// When offers are declined, milliseconds before the end.
const DECLINES: [u64; 2] = [420, 170];
/// Two frames keep at least this distance.
const SPACING: Duration = Duration::from_millis(12);
/// The largest random delay of a probe.
const JITTER_MS: u64 = 25;

/// How a segment is provoked.
#[derive(Clone, Debug)]
pub struct Plan {
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
    /// The probe.
    pub probe: Probe,
    /// The server identifier in it that is nobody's.
    pub bogus_server: Option<Ipv4Addr>,
}

/// Somebody uses an address that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InUse {
    /// The address.
    pub address: Ipv4Addr,
    /// Who.
    pub mac: Mac,
}

/// Something to send at its time.
#[derive(Clone, Debug)]
enum Job {
    Probe { round: usize, probe: Probe, attempt: usize },
    Decline { round: usize },
    Check(Ipv4Addr),
    Frame(Vec<u8>),
}

/// Provokes one segment.
#[derive(Clone, Debug)]
pub struct Provoke {
    plan: Plan,
    rng: Rng,
    rounds: Vec<Round>,
    /// What each transaction is: its round and probe.
    transactions: HashMap<(Xid, Mac), (usize, Probe)>,
    jobs: BTreeMap<(Instant, u64), Job>,
    serial: u64,
    started: Option<Instant>,
    last_sent: Option<Instant>,
    outbox: VecDeque<Vec<u8>>,
    checked: Vec<(Ipv4Addr, Option<Mac>)>,
    released: Vec<(Option<Mac>, Ipv4Addr)>,
    proxies: Vec<(Mac, Ipv4Addr)>,
    findings: VecDeque<InUse>,
    told: u32,
    answered: u32,
    sent: u64,
    stopped: bool,
}

impl Provoke {
    /// Provokes as `plan` says.
    pub fn new(plan: Plan, rng: Rng) -> Self {
        Self {
            plan,
            rng,
            rounds: Vec::new(),
            transactions: HashMap::new(),
            jobs: BTreeMap::new(),
            serial: 0,
            started: None,
            last_sent: None,
            outbox: VecDeque::new(),
            checked: Vec::new(),
            released: Vec::new(),
            proxies: Vec::new(),
            findings: VecDeque::new(),
            told: 0,
            answered: 0,
            sent: 0,
            stopped: false,
        }
    }

    /// Tells what time it is: at the start, and whenever the deadline has come.
    pub fn on_time(&mut self, now: Instant) {
        if self.started.is_none() {
            self.started = Some(now);
            self.schedule(now);
        }
        while let Some(entry) = self.jobs.first_entry() {
            if entry.key().0 > now {
                break;
            }
            // One frame at a time, however late this is called.
            if let Some(free) = self.last_sent.map(|last| last.after(SPACING)).filter(|free| *free > now) {
                let (due, serial) = *entry.key();
                let job = entry.remove();
                self.jobs.insert((free.max(due), serial), job);
                continue;
            }
            let job = entry.remove();
            if let Some(frame) = self.make(&job, now) {
                self.last_sent = Some(now);
                self.sent = self.sent.saturating_add(1);
                self.outbox.push_back(frame);
            }
        }
    }

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// The next address found in use.
    pub fn poll_finding(&mut self) -> Option<InUse> {
        self.findings.pop_front()
    }

    /// When to be told the time again; `None` when all is over.
    pub fn deadline(&self) -> Option<Instant> {
        let end = self.started?.after(self.plan.wait);
        let next = self.jobs.keys().next().map(|(at, _)| *at);
        match next {
            Some(next) => Some(next),
            None if self.stopped => None,
            None => Some(end),
        }
    }

    /// True when the wait is over and everything is given back.
    pub fn is_over(&self, now: Instant) -> bool {
        let waited = self.started.is_some_and(|started| now >= started.after(self.plan.wait));
        (waited || self.stopped) && self.jobs.is_empty() && self.outbox.is_empty()
    }

    /// Ends early: no more probes, but what was taken is still given back.
    pub fn stop(&mut self, now: Instant) {
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        self.jobs.retain(|_, job| matches!(job, Job::Frame(_)));
        for round in 0..self.rounds.len() {
            self.at(now, Job::Decline { round });
        }
    }

    /// How many frames were made.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Takes a server's message: what it answers, if it answers a probe.
    pub fn on_datagram(&mut self, now: Instant, datagram: &Datagram<'_>) -> Option<Heard> {
        let packet = Packet::new(datagram.payload);
        if datagram.quoted || packet.op() != Some(Op::REPLY) {
            return None;
        }
        let client = packet.client().mac()?;
        let (index, probe) = *self.transactions.get(&(packet.xid()?, client))?;
        let message = Message::decode(datagram.payload);
        let (source_ip, source_mac) = watch::source(datagram);
        let offered = Some(message.yiaddr).filter(|yiaddr| !yiaddr.is_unspecified());
        let kind = message.message_type();
        if let Some(address) = offered {
            if kind == Some(MessageType::OFFER)
                && let Some(round) = self.rounds.get_mut(index)
            {
                round.offered = true;
            }
            if kind != Some(MessageType::NAK) {
                self.check(address, source_mac, now);
            }
            let gave = kind.is_none() || (kind == Some(MessageType::ACK) && probe != Probe::Inform);
            if gave && !self.plan.addresses.contains(&address) {
                let server = message.ip_option(opt::SERVER_ID).or(source_ip);
                self.release(now, index, probe, &message, address, server, source_mac);
            }
        } else if probe == Probe::Pxe
            && let (Some(mac), Some(ip)) = (source_mac, source_ip)
        {
            self.ask_proxy(now, index, mac, ip);
        }
        let bogus_server = match probe {
            Probe::Selecting => self.rounds.get(index).map(|round| round.bogus_server),
            _ => None,
        };
        Some(Heard { probe, bogus_server })
    }

    /// Takes an ARP packet: somebody may use what was offered, or ask for the address that INFORM comes from.
    pub fn on_arp(&mut self, now: Instant, arp: &Arp) {
        if arp.sender_mac == self.plan.mac {
            return;
        }
        if self.told < MAX_ARP && self.is_checked(arp.sender_ip) && !self.is_ours(arp.sender_mac) {
            self.told = self.told.saturating_add(1);
            self.findings.push_back(InUse { address: arp.sender_ip, mac: arp.sender_mac });
        }
        let asked = self.rounds.iter().find(|round| round.informs_from == arp.target_ip);
        if let Some(round) = asked
            && arp.is_request()
            && self.answered < MAX_ARP
            && !self.plan.addresses.contains(&arp.target_ip)
            && let Some(client) = round.clients.get(3)
        {
            let reply = arp.reply(client.mac);
            let frame = arp_frame(&reply, client.mac, arp.sender_mac, &self.plan.vlans);
            self.answered = self.answered.saturating_add(1);
            self.at(now, Job::Frame(frame));
        }
    }

    fn is_checked(&self, address: Ipv4Addr) -> bool {
        self.checked.iter().any(|(checked, _)| *checked == address)
    }

    fn is_ours(&self, mac: Mac) -> bool {
        self.rounds.iter().flat_map(|round| &round.clients).any(|client| client.mac == mac)
    }

    fn at(&mut self, when: Instant, job: Job) {
        self.serial = self.serial.wrapping_add(1);
        self.jobs.insert((when, self.serial), job);
    }

    fn schedule(&mut self, now: Instant) {
        // A round whose answers could not be waited for is only noise; the first one is made in any case.
        let room = self.plan.wait.saturating_sub(ROUND);
        let mut start = Duration::ZERO;
        for index in 0..self.plan.rounds.max(1) {
            if index > 0 && start > room {
                break;
            }
            self.add_round(now, start);
            start = start.saturating_add(ROUND);
        }
    }

    fn add_round(&mut self, now: Instant, start: Duration) {
        let index = self.rounds.len();
        let round = Round::invent(&self.plan, &mut self.rng);
        for ((probe, times), xid) in Probe::SCHEDULE.into_iter().zip(round.xids) {
            self.transactions.insert((xid, round.client(probe).mac), (index, probe));
            for (attempt, after) in times.iter().enumerate() {
                let jitter = Duration::from_millis(self.rng.u64(0..=JITTER_MS));
                let offset = start.saturating_add(Duration::from_millis(*after)).saturating_add(jitter);
                if offset < self.plan.wait {
                    self.at(now.after(offset), Job::Probe { round: index, probe, attempt });
                }
            }
        }
        let decliner = (round.decline_xid, round.client(Probe::Discover).mac);
        self.transactions.insert(decliner, (index, Probe::Selecting));
        for before in DECLINES {
            let offset = self.plan.wait.saturating_sub(Duration::from_millis(before));
            self.at(now.after(offset), Job::Decline { round: index });
        }
        self.rounds.push(round);
    }

    fn make(&self, job: &Job, now: Instant) -> Option<Vec<u8>> {
        match job {
            Job::Frame(frame) => Some(frame.clone()),
            Job::Check(address) => {
                let arp = Arp::request(self.plan.mac, Ipv4Addr::UNSPECIFIED, *address);
                Some(arp_frame(&arp, self.plan.mac, Mac::BROADCAST, &self.plan.vlans))
            }
            Job::Decline { round } => {
                let round = self.rounds.get(*round).filter(|round| round.offered)?;
                // Not an address that was offered: some servers grant it whatever server the request names.
                let address = round.foreign[0];
                let recipe = round.recipe(&self.plan, Probe::Discover, round.decline_xid);
                Some(recipe.request(State::Selecting, 0, address, Some(round.bogus_route())).frame())
            }
            Job::Probe { round, probe, attempt } => {
                let elapsed = now.since(self.started.unwrap_or(now)).max(0);
                let seconds = u16::try_from(elapsed.checked_div(1_000_000_000)?).unwrap_or(u16::MAX);
                let round = self.rounds.get(*round)?;
                Some(round.draft(&self.plan, *probe, *attempt, seconds).frame())
            }
        }
    }

    /// Asks whether somebody uses `address`.
    fn check(&mut self, address: Ipv4Addr, server: Option<Mac>, now: Instant) {
        let each = self.checked.iter().filter(|(_, other)| *other == server).count();
        if self.is_checked(address) || each >= MAX_CHECKED_EACH || self.checked.len() >= MAX_CHECKED {
            return;
        }
        self.checked.push((address, server));
        if self.plan.addresses.contains(&address) {
            self.findings.push_back(InUse { address, mac: self.plan.mac });
        }
        for after in CHECKS {
            self.at(now.after(Duration::from_millis(after)), Job::Check(address));
        }
    }

    #[allow(clippy::too_many_arguments, reason = "what a RELEASE is made of")]
    fn release(
        &mut self,
        now: Instant,
        round: usize,
        probe: Probe,
        message: &Message,
        address: Ipv4Addr,
        server: Option<Ipv4Addr>,
        via: Option<Mac>,
    ) {
        let (Some(server), Some(round)) = (server, self.rounds.get(round)) else { return };
        if self.released.contains(&(via, address)) || self.released.len() >= MAX_RELEASED {
            return;
        }
        let recipe = round.recipe(&self.plan, probe, message.xid);
        let mut draft = recipe.release(address, Route { server, next_hop: server });
        // The answer came from the server or from its relay, which is a router: both ways lead there.
        draft.envelope.dst_mac = via.unwrap_or(Mac::BROADCAST);
        draft.message.set_broadcast(false);
        let frame = draft.frame();
        self.released.push((via, address));
        for after in RELEASES {
            self.at(now.after(Duration::from_millis(after)), Job::Frame(frame.clone()));
        }
    }

    /// Asks a proxy that has answered, at its own port.
    fn ask_proxy(&mut self, now: Instant, index: usize, mac: Mac, ip: Ipv4Addr) {
        let Some(round) = self.rounds.get(index) else { return };
        if self.proxies.contains(&(mac, ip)) || self.proxies.len() >= MAX_CHECKED {
            return;
        }
        let mut draft = round.draft(&self.plan, Probe::PxeBoot, 0, 0);
        draft.envelope.dst_ip = ip;
        draft.envelope.dst_mac = mac;
        let frame = draft.frame();
        self.proxies.push((mac, ip));
        for after in RELEASES {
            self.at(now.after(Duration::from_millis(after)), Job::Frame(frame.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
