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

use super::build::{Draft, OptionEdit, Overrides, opt};
use super::client::{Recipe, Route, State};
use super::frame::arp_frame;
use super::watch;
use crate::time::Timestamp;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::Datagram;
use crate::wire::v4::{MIN_LEN, Message, MessageType, Op, Packet, Xid, code};

/// The port of boot servers and proxies (PXE 2.1 §2.2.3).
const PXE_PORT: u16 = 4011;
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
/// Everything a host, a boot loader or a web browser asks for.
const REQUEST_LIST: [u8; 22] =
    [1, 3, 6, 12, 15, 28, 33, 42, 43, 44, 51, 54, 58, 59, 66, 67, 114, 119, 121, 150, 249, 252];
/// What a PXE client asks for (PXE 2.1 §2.2.1).
const PXE_LIST: [u8; 20] = [1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 43, 54, 60, 66, 67, 97, 128, 129, 130, 150];

/// A kind of provocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// DISCOVER.
    Discover,
    /// A BOOTP request: no message type.
    Bootp,
    /// A REQUEST that accepts the offer of a server that does not exist.
    Selecting,
    /// A REQUEST of a client that remembers an address from elsewhere.
    InitReboot,
    /// A REQUEST of a client whose lease from elsewhere runs out.
    Rebinding,
    /// INFORM.
    Inform,
    /// A DISCOVER of a PXE client.
    Pxe,
    /// A PXE client's REQUEST to a boot server.
    PxeBoot,
}

impl Probe {
    /// Every probe with the milliseconds from the start of a round at which it is sent.
    const SCHEDULE: [(Self, &'static [u64]); 8] = [
        (Self::Discover, &[0, 250, 700, 1300, 2100]),
        (Self::Bootp, &[60, 500, 1100, 1900]),
        (Self::Pxe, &[120, 600, 1500, 2500]),
        (Self::Selecting, &[180, 650, 1400, 2300]),
        (Self::InitReboot, &[300, 800, 1600, 2400]),
        (Self::Rebinding, &[360, 900, 1700, 2600]),
        (Self::Inform, &[420, 1000, 1800, 2700]),
        (Self::PxeBoot, &[480, 1200, 2200]),
    ];

    /// The name used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Bootp => "bootp",
            Self::Selecting => "request",
            Self::InitReboot => "init-reboot",
            Self::Rebinding => "rebinding",
            Self::Inform => "inform",
            Self::Pxe => "pxe",
            Self::PxeBoot => "pxe-4011",
        }
    }
}

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

/// One invented client.
#[derive(Clone, Copy, Debug)]
struct Client {
    mac: Mac,
    id: [u8; 8],
}

/// One round: its clients and what they pretend.
#[derive(Clone, Debug)]
struct Round {
    /// Of DISCOVER and PXE; of BOOTP; of the REQUESTs; of INFORM.
    clients: [Client; 4],
    xids: [Xid; 8],
    decline_xid: Xid,
    bogus_server: Ipv4Addr,
    foreign: [Ipv4Addr; 2],
    informs_from: Ipv4Addr,
    uuid: [u8; 16],
    /// The first client was offered an address.
    offered: bool,
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
    jobs: BTreeMap<(Timestamp, u64), Job>,
    serial: u64,
    started: Option<Timestamp>,
    last_sent: Option<Timestamp>,
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
    pub fn on_time(&mut self, now: Timestamp) {
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
    pub fn deadline(&self) -> Option<Timestamp> {
        let end = self.started?.after(self.plan.wait);
        let next = self.jobs.keys().next().map(|(at, _)| *at);
        match next {
            Some(next) => Some(next),
            None if self.stopped => None,
            None => Some(end),
        }
    }

    /// True when the wait is over and everything is given back.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let waited = self.started.is_some_and(|started| now >= started.after(self.plan.wait));
        (waited || self.stopped) && self.jobs.is_empty() && self.outbox.is_empty()
    }

    /// Ends early: no more probes, but what was taken is still given back.
    pub fn stop(&mut self, now: Timestamp) {
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
    pub fn on_datagram(&mut self, now: Timestamp, datagram: &Datagram<'_>) -> Option<Heard> {
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
    pub fn on_arp(&mut self, now: Timestamp, arp: &Arp) {
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

    fn at(&mut self, when: Timestamp, job: Job) {
        self.serial = self.serial.wrapping_add(1);
        self.jobs.insert((when, self.serial), job);
    }

    fn schedule(&mut self, now: Timestamp) {
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

    fn add_round(&mut self, now: Timestamp, start: Duration) {
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

    fn make(&self, job: &Job, now: Timestamp) -> Option<Vec<u8>> {
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
                let recipe = self.recipe(round, Probe::Discover, round.decline_xid);
                Some(recipe.request(State::Selecting, 0, address, Some(round.bogus_route())).frame())
            }
            Job::Probe { round, probe, attempt } => {
                let elapsed = now.since(self.started.unwrap_or(now)).max(0);
                let seconds = u16::try_from(elapsed.checked_div(1_000_000_000)?).unwrap_or(u16::MAX);
                let round = self.rounds.get(*round)?;
                Some(self.probe(round, *probe, *attempt, seconds).frame())
            }
        }
    }

    fn recipe(&self, round: &Round, probe: Probe, xid: Xid) -> Recipe {
        let client = round.client(probe);
        let mut recipe = Recipe::new(client.mac, xid);
        recipe.request_list = REQUEST_LIST.to_vec();
        if self.plan.own_mac {
            recipe.identity.push((opt::CLIENT_ID, [&[0][..], &client.id].concat()));
        }
        recipe.overrides = Overrides {
            broadcast: Some(true),
            vlans: self.plan.vlans.clone(),
            pad_to: Some(MIN_LEN),
            ..Overrides::default()
        };
        recipe
    }

    fn probe(&self, round: &Round, probe: Probe, attempt: usize, seconds: u16) -> Draft {
        let mut recipe = self.recipe(round, probe, round.xid(probe));
        // Some servers and relays only serve clients that have waited; the last attempt says it has.
        let last = Probe::SCHEDULE
            .iter()
            .any(|(kind, times)| *kind == probe && attempt.saturating_add(1) == times.len());
        let secs = if last { seconds.max(64) } else { seconds };
        // A server that checks sources (rp_filter) drops an address that is foreign to it, so every other attempt
        // comes from none.
        let sourceless = attempt.is_multiple_of(2);
        match probe {
            Probe::Discover => recipe.discover(secs, None),
            Probe::Bootp => {
                let mut message = Message::new(Op::REQUEST);
                message.set_mac(recipe.mac);
                message.xid = recipe.xid;
                message.secs = secs;
                message.remove_option(code::MESSAGE_TYPE);
                recipe.any(message, None, None)
            }
            Probe::Selecting => {
                recipe.request(State::Selecting, secs, round.foreign[0], Some(round.bogus_route()))
            }
            Probe::InitReboot => recipe.request(State::InitReboot, secs, round.foreign[0], None),
            Probe::Rebinding => {
                recipe.overrides.src_ip = sourceless.then_some(Ipv4Addr::UNSPECIFIED);
                recipe.request(State::Rebinding, secs, round.foreign[1], None)
            }
            Probe::Inform => recipe.inform(secs, round.informs_from, None),
            Probe::Pxe | Probe::PxeBoot => {
                pxe(&mut recipe, round, attempt);
                if probe == Probe::Pxe {
                    return recipe.discover(secs, None);
                }
                recipe.overrides.dst_port = Some(PXE_PORT);
                recipe.overrides.ciaddr = self.plan.addresses.first().copied();
                let mut message = Message::request(MessageType::REQUEST, recipe.xid, recipe.mac);
                message.secs = secs;
                recipe.any(message, None, None)
            }
        }
    }

    /// Asks whether somebody uses `address`.
    fn check(&mut self, address: Ipv4Addr, server: Option<Mac>, now: Timestamp) {
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
        now: Timestamp,
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
        let recipe = self.recipe(round, probe, message.xid);
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
    fn ask_proxy(&mut self, now: Timestamp, index: usize, mac: Mac, ip: Ipv4Addr) {
        let Some(round) = self.rounds.get(index) else { return };
        if self.proxies.contains(&(mac, ip)) || self.proxies.len() >= MAX_CHECKED {
            return;
        }
        let mut draft = self.probe(round, Probe::PxeBoot, 0, 0);
        draft.envelope.dst_ip = ip;
        draft.envelope.dst_mac = mac;
        let frame = draft.frame();
        self.proxies.push((mac, ip));
        for after in RELEASES {
            self.at(now.after(Duration::from_millis(after)), Job::Frame(frame.clone()));
        }
    }
}

impl Round {
    fn invent(plan: &Plan, rng: &mut Rng) -> Self {
        let mut client = || {
            let mut mac = Mac(rng.u64(..).to_be_bytes().first_chunk().copied().unwrap_or_default());
            // Locally administered, not a group (IEEE 802 §8.2).
            mac.0[0] = mac.0[0] & 0xfc | 0x02;
            Client { mac: if plan.own_mac { plan.mac } else { mac }, id: rng.u64(..).to_be_bytes() }
        };
        let clients = [client(), client(), client(), client()];
        let mut xid = || Xid(rng.u32(1..));
        let xids = [xid(), xid(), xid(), xid(), xid(), xid(), xid(), xid()];
        let decline_xid = xid();
        // Addresses that no network uses (RFC 5737).
        let mut host = |net: [u8; 3]| Ipv4Addr::new(net[0], net[1], net[2], rng.u8(1..255));
        let (bogus_server, foreign) = (host([203, 0, 113]), [host([192, 0, 2]), host([198, 51, 100])]);
        let link_local = Ipv4Addr::new(169, 254, rng.u8(1..255), rng.u8(1..255));
        let mut uuid = [0; 16];
        rng.fill(&mut uuid);
        Self {
            clients,
            xids,
            decline_xid,
            bogus_server,
            foreign,
            informs_from: plan.addresses.first().copied().unwrap_or(link_local),
            uuid,
            offered: false,
        }
    }

    fn client(&self, probe: Probe) -> Client {
        let [main, bootp, requests, inform] = self.clients;
        match probe {
            Probe::Discover | Probe::Pxe | Probe::PxeBoot => main,
            Probe::Bootp => bootp,
            Probe::Selecting | Probe::InitReboot | Probe::Rebinding => requests,
            Probe::Inform => inform,
        }
    }

    fn xid(&self, probe: Probe) -> Xid {
        let mut pairs = Probe::SCHEDULE.into_iter().zip(self.xids);
        pairs.find(|((kind, _), _)| *kind == probe).map_or(Xid(0), |(_, xid)| xid)
    }

    fn bogus_route(&self) -> Route {
        Route { server: self.bogus_server, next_hop: self.bogus_server }
    }
}

/// Makes a client a PXE client (PXE 2.1 §2.2.1): a BIOS and a UEFI machine by turns, because boot servers are
/// configured for one of them.
fn pxe(recipe: &mut Recipe, round: &Round, attempt: usize) {
    let (arch, class): (u8, &[u8]) = if attempt.is_multiple_of(2) {
        (7, b"PXEClient:Arch:00007:UNDI:003016")
    } else {
        (0, b"PXEClient:Arch:00000:UNDI:002001")
    };
    recipe.request_list = PXE_LIST.to_vec();
    let uuid = [&[0][..], &round.uuid].concat();
    let options: [(u8, &[u8]); 4] =
        [(opt::VENDOR_CLASS, class), (93, &[0, arch]), (94, &[1, 3, 16]), (97, &uuid)];
    let edit = |(code, data): (u8, &[u8])| OptionEdit { code, data: data.to_vec() };
    recipe.overrides.options.extend(options.map(edit));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::{LinkType, Ports, Walker};

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const SERVER: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn plan() -> Plan {
        Plan {
            wait: Duration::from_secs(8),
            rounds: 2,
            mac: US,
            own_mac: false,
            addresses: vec![],
            vlans: vec![],
        }
    }

    /// A frame that was sent, taken apart.
    #[derive(Clone, Debug)]
    struct Seen {
        at: Timestamp,
        frame: Vec<u8>,
        message: Option<Message>,
        ports: (u16, u16),
        from: Option<Ipv4Addr>,
        to: Option<Ipv4Addr>,
    }

    impl Seen {
        fn kind(&self) -> Option<MessageType> {
            self.message.as_ref().and_then(Message::message_type)
        }
    }

    /// Runs to the end; `answer` plays the servers.
    fn play(plan: Plan, mut answer: impl FnMut(&Seen, &mut Provoke)) -> (Vec<Seen>, Provoke) {
        let mut provoke = Provoke::new(plan, Rng::with_seed(7));
        let mut walker = Walker::new(Ports::default());
        let mut now = Timestamp::new(100, 0);
        let mut seen = Vec::new();
        for _ in 0..10_000 {
            provoke.on_time(now);
            while let Some(frame) = provoke.poll_transmit() {
                let mut one = Seen {
                    at: now,
                    frame: frame.clone(),
                    message: None,
                    ports: (0, 0),
                    from: None,
                    to: None,
                };
                walker.walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
                    one.message = Some(Message::decode(datagram.payload));
                    one.ports = (datagram.udp.src_port, datagram.udp.dst_port);
                    if let Some(ip) = datagram.ip
                        && let (std::net::IpAddr::V4(src), std::net::IpAddr::V4(dst)) = (ip.src, ip.dst)
                    {
                        (one.from, one.to) = (Some(src), Some(dst));
                    }
                });
                answer(&one, &mut provoke);
                seen.push(one);
            }
            if provoke.is_over(now) {
                return (seen, provoke);
            }
            now = now.max(provoke.deadline().expect("it goes on"));
        }
        panic!("it never ends");
    }

    /// Lets a server say `message` to the machine.
    fn say(provoke: &mut Provoke, at: Timestamp, message: &Message) -> Option<Heard> {
        let mut envelope = super::super::Envelope::broadcast(SERVER);
        (envelope.src_ip, envelope.src_port, envelope.dst_port) = ([10, 0, 0, 1].into(), 67, 68);
        let frame = envelope.frame(&message.encode_padded());
        let mut heard = None;
        Walker::new(Ports::default()).walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
            heard = provoke.on_datagram(at, &datagram);
        });
        heard
    }

    fn reply(kind: Option<MessageType>, request: &Message, address: u8) -> Message {
        let mut message = Message::reply(kind.unwrap_or(MessageType::OFFER), request);
        message.set_option(opt::SERVER_ID, &[10, 0, 0, 1]);
        if kind.is_none() {
            message.remove_option(code::MESSAGE_TYPE);
            message.remove_option(opt::SERVER_ID);
        }
        if address > 0 {
            message.yiaddr = [10, 0, 0, address].into();
        }
        message
    }

    #[test]
    fn every_kind_is_sent_several_times_by_fresh_clients_and_never_in_a_burst() {
        let (seen, provoke) = play(plan(), |_, _| ());
        assert_eq!(seen.len(), 64);
        assert_eq!(provoke.sent(), 64);
        let first: Vec<_> = seen.iter().filter(|one| one.at < Timestamp::new(103, 0)).collect();
        let types = |kind: Option<MessageType>| first.iter().filter(|one| one.kind() == kind).count();
        assert_eq!(types(Some(MessageType::DISCOVER)), 9);
        assert_eq!(types(Some(MessageType::REQUEST)), 15);
        assert_eq!(types(Some(MessageType::INFORM)), 4);
        assert_eq!(types(None), 4);
        assert_eq!(first.iter().filter(|one| one.ports.1 == PXE_PORT).count(), 3);
        let macs: std::collections::BTreeSet<_> =
            seen.iter().filter_map(|one| one.message.as_ref()?.client().mac()).collect();
        assert_eq!(macs.len(), 8);
        assert!(macs.iter().all(|mac| mac.0[0] & 3 == 2));
        let close = seen.windows(2).filter(|pair| pair[1].at.since(pair[0].at) < 12_000_000).count();
        assert_eq!(close, 0);
        for start in 0..6 {
            let second = Timestamp::new(100 + start, 0)..Timestamp::new(101 + start, 0);
            assert!(seen.iter().filter(|one| second.contains(&one.at)).count() <= 18);
        }
    }

    #[test]
    fn each_probe_is_what_it_claims() {
        let (seen, provoke) = play(Plan { rounds: 1, ..plan() }, |_, _| ());
        let round = &provoke.rounds[0];
        let of = |probe: Probe| {
            let xid = round.xid(probe);
            seen.iter().filter(move |one| one.message.as_ref().is_some_and(|message| message.xid == xid))
        };
        for (probe, times) in Probe::SCHEDULE {
            assert_eq!(of(probe).count(), times.len(), "{probe:?}");
            let last = of(probe).next_back().unwrap().message.as_ref().unwrap();
            assert!(last.secs >= 64 && last.is_broadcast(), "{probe:?}");
            assert!(of(probe).all(|one| one.to == Some(Ipv4Addr::BROADCAST)));
        }
        let message = |probe| of(probe).next().unwrap().message.clone().unwrap();
        assert_eq!(message(Probe::Selecting).ip_option(54), Some(round.bogus_server));
        assert_eq!(message(Probe::InitReboot).ip_option(50), Some(round.foreign[0]));
        assert_eq!(message(Probe::InitReboot).option(54), None);
        assert_eq!(message(Probe::Rebinding).ciaddr, round.foreign[1]);
        let sources: Vec<_> = of(Probe::Rebinding).map(|one| one.from.unwrap()).collect();
        assert!(sources.contains(&Ipv4Addr::UNSPECIFIED) && sources.contains(&round.foreign[1]));
        assert_eq!(message(Probe::Bootp).message_type(), None);
        assert!(message(Probe::Inform).ciaddr.is_link_local());
        for code in [60, 93, 94, 97] {
            assert!(
                message(Probe::Pxe).option(code).is_some() && message(Probe::PxeBoot).option(code).is_some()
            );
        }
        assert!(message(Probe::Discover).option(55).unwrap().contains(&252));
        assert_eq!(message(Probe::Discover).option(61), None);
    }

    #[test]
    fn the_interfaces_own_mac_is_told_apart_by_client_identifiers() {
        let mine = Plan { own_mac: true, addresses: vec![[10, 0, 0, 200].into()], ..plan() };
        let (seen, _) = play(mine, |_, _| ());
        let ids: std::collections::BTreeSet<_> =
            seen.iter().filter_map(|one| one.message.as_ref()?.option(61)).collect();
        assert_eq!(ids.len(), 8);
        assert!(seen.iter().all(|one| one.frame[6..12] == US.0));
        let inform = seen.iter().find(|one| one.kind() == Some(MessageType::INFORM)).unwrap();
        assert_eq!(inform.from, Some([10, 0, 0, 200].into()));
    }

    #[test]
    fn offers_are_checked_and_declined() {
        let mut heard = Vec::new();
        let (seen, provoke) = play(Plan { rounds: 1, ..plan() }, |one, provoke| {
            if one.kind() == Some(MessageType::DISCOVER) {
                let offer = reply(Some(MessageType::OFFER), one.message.as_ref().unwrap(), 50);
                heard.extend(say(provoke, one.at, &offer));
            }
        });
        assert_eq!(heard[0], Heard { probe: Probe::Discover, bogus_server: None });
        let checks = seen.iter().filter(|one| one.message.is_none()).count();
        assert_eq!(checks, CHECKS.len());
        let declines: Vec<_> = seen
            .iter()
            .filter(|one| {
                one.message.as_ref().is_some_and(|message| message.xid == provoke.rounds[0].decline_xid)
            })
            .collect();
        assert_eq!(declines.len(), 2);
        let decline = declines[0].message.as_ref().unwrap();
        assert_eq!(decline.ip_option(54), Some(provoke.rounds[0].bogus_server));
        assert_eq!(decline.ip_option(50), Some(provoke.rounds[0].foreign[0]));
        assert!(declines[0].at >= Timestamp::new(107, 0));
        assert!(!seen.iter().any(|one| one.kind() == Some(MessageType::RELEASE)));
    }

    #[test]
    fn what_is_given_is_given_back_three_times() {
        for probe in [Probe::Selecting, Probe::InitReboot, Probe::Rebinding, Probe::Bootp] {
            let (seen, _) = play(Plan { rounds: 1, ..plan() }, |one, provoke| {
                let Some(message) = &one.message else { return };
                if message.xid == provoke.rounds[0].xid(probe) {
                    let kind = (probe != Probe::Bootp).then_some(MessageType::ACK);
                    let heard = say(provoke, one.at, &reply(kind, message, 60)).unwrap();
                    assert_eq!(heard.probe, probe);
                    assert_eq!(heard.bogus_server.is_some(), probe == Probe::Selecting);
                }
            });
            let releases: Vec<_> =
                seen.iter().filter(|one| one.kind() == Some(MessageType::RELEASE)).collect();
            assert_eq!(releases.len(), 3, "{probe:?}");
            let release = releases[0].message.as_ref().unwrap();
            assert_eq!(release.ciaddr, Ipv4Addr::from([10, 0, 0, 60]));
            assert_eq!(releases[0].to, Some([10, 0, 0, 1].into()));
            assert_eq!(releases[0].frame[..6], SERVER.0);
        }
    }

    #[test]
    fn information_is_no_lease_and_a_foreign_transaction_is_not_ours() {
        let (seen, _) = play(Plan { rounds: 1, ..plan() }, |one, provoke| {
            let Some(message) = &one.message else { return };
            if one.kind() == Some(MessageType::INFORM) {
                assert!(say(provoke, one.at, &reply(Some(MessageType::ACK), message, 0)).is_some());
            }
            let mut other = reply(Some(MessageType::ACK), message, 60);
            other.xid = Xid(other.xid.0.wrapping_add(1));
            assert_eq!(say(provoke, one.at, &other), None);
            other.op = Op::REQUEST;
            assert_eq!(say(provoke, one.at, &other), None);
        });
        assert!(!seen.iter().any(|one| one.kind() == Some(MessageType::RELEASE)));
    }

    #[test]
    fn a_proxy_is_asked_at_its_own_port() {
        let (seen, _) = play(Plan { rounds: 1, ..plan() }, |one, provoke| {
            if one.message.as_ref().is_some_and(|message| message.xid == provoke.rounds[0].xid(Probe::Pxe)) {
                say(provoke, one.at, &reply(Some(MessageType::OFFER), one.message.as_ref().unwrap(), 0));
            }
        });
        let direct =
            seen.iter().filter(|one| one.ports.1 == PXE_PORT && one.to == Some([10, 0, 0, 1].into()));
        assert_eq!(direct.count(), 3);
    }

    #[test]
    fn somebody_who_uses_what_is_offered_is_found() {
        let (_, mut provoke) = play(Plan { rounds: 1, ..plan() }, |one, provoke| {
            if one.kind() == Some(MessageType::DISCOVER) {
                say(provoke, one.at, &reply(Some(MessageType::OFFER), one.message.as_ref().unwrap(), 50));
            } else if one.message.is_none() {
                let probe = Arp::decode(&one.frame[14..]).unwrap();
                provoke.on_arp(one.at, &probe);
                provoke.on_arp(one.at, &probe.reply(SERVER));
            }
        });
        assert_eq!(provoke.poll_finding(), Some(InUse { address: [10, 0, 0, 50].into(), mac: SERVER }));
    }

    #[test]
    fn arp_for_the_address_inform_comes_from_is_answered() {
        let mut provoke = Provoke::new(plan(), Rng::with_seed(3));
        let mut now = Timestamp::new(1, 0);
        provoke.on_time(now);
        now = provoke.deadline().unwrap();
        provoke.on_time(now);
        assert!(provoke.poll_transmit().is_some());
        let address = provoke.rounds[0].informs_from;
        provoke.on_arp(now, &Arp::request(SERVER, [10, 0, 0, 1].into(), address));
        let later = now.after(SPACING);
        provoke.on_time(later);
        let frame = provoke.poll_transmit().unwrap();
        let answer = Arp::decode(&frame[14..]).unwrap();
        assert_eq!((answer.operation, answer.sender_ip), (Arp::REPLY, address));
        assert_eq!(answer.sender_mac, provoke.rounds[0].clients[3].mac);
    }

    #[test]
    fn a_flood_of_arp_is_not_answered_with_another() {
        let mut provoke = Provoke::new(plan(), Rng::with_seed(3));
        let now = Timestamp::new(1, 0);
        provoke.on_time(now);
        let before = provoke.jobs.len();
        let asked = provoke.rounds[0].informs_from;
        provoke.checked.push(([10, 0, 0, 50].into(), None));
        for _ in 0..10_000 {
            provoke.on_arp(now, &Arp::request(SERVER, [10, 0, 0, 50].into(), asked));
        }
        assert_eq!(provoke.jobs.len(), before + 64);
        assert_eq!(provoke.findings.len(), 64);
    }

    #[test]
    fn stopping_early_still_gives_back() {
        let mut provoke = Provoke::new(plan(), Rng::with_seed(3));
        let mut now = Timestamp::new(1, 0);
        provoke.on_time(now);
        now = provoke.deadline().unwrap();
        provoke.on_time(now);
        let frame = provoke.poll_transmit().unwrap();
        let mut offer = None;
        Walker::new(Ports::default()).walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
            offer = Some(reply(Some(MessageType::OFFER), &Message::decode(datagram.payload), 50));
        });
        say(&mut provoke, now, &offer.unwrap());
        provoke.stop(now);
        let mut frames = 0;
        while let Some(next) = provoke.deadline() {
            now = now.max(next);
            provoke.on_time(now);
            while provoke.poll_transmit().is_some() {
                frames += 1;
            }
        }
        assert_eq!(frames, 1);
        assert!(provoke.is_over(now) && now < Timestamp::new(2, 0));
    }

    #[test]
    fn a_flood_of_answers_is_bounded() {
        let (_, provoke) = play(Plan { rounds: 1, ..plan() }, |one, provoke| {
            let Some(message) = &one.message else { return };
            for address in 0..400_u32 {
                let mut answer = reply(Some(MessageType::ACK), message, 1);
                answer.yiaddr = (0x0a00_0000 + address).into();
                say(provoke, one.at, &answer);
            }
        });
        assert!(provoke.checked.len() <= MAX_CHECKED && provoke.released.len() <= MAX_RELEASED);
        assert!(provoke.sent() < 1500, "{}", provoke.sent());
    }
}
