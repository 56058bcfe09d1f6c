//! What shows only over time: in several exchanges of a client, of a server, or of the whole segment.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::Ipv4Addr;

use super::clients::{Client, Closed, event};
use super::flood::Flood;
use super::signs::Signs;
use super::{Code, Diagnosis, Finding, Id, rules};
use crate::analysis::transaction::{
    Entry, Exchange, Item, Kind, Letter, Outcome, Role, Seen, Side, Sign, bit,
};
use crate::wire::{HwAddr, Mac};

const SECOND: i64 = 1_000_000_000;
/// Clients remembered; the one not seen for longest goes first.
const CLIENTS: usize = 100_000;
/// Servers, relays, host names, identifiers remembered of each kind.
const MOST: usize = 16_384;
/// Frames named by one finding.
const FRAMES: usize = 64;

/// What was said of a client; bits of [`Client::said`].
mod said {
    pub(super) const NAK_LOOP: u8 = 1;
    pub(super) const DECLINES: u8 = 2;
    pub(super) const STORM: u8 = 4;
    pub(super) const IDENTITIES: u8 = 8;
    pub(super) const CHURN: u8 = 16;
}

#[derive(Clone, Debug, Default)]
struct Server {
    offers: u64,
    last_offer: i64,
    last_ack: i64,
    last_frame: u64,
    /// Where it was heard, one number a place.
    places: HashSet<u32>,
    macs: BTreeMap<(u32, [u8; 6]), u64>,
    refused: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    mac: HwAddr,
    id: u32,
    typed: bool,
    time: i64,
    length: u32,
    frame: u64,
}

/// An address that was just given, and who claimed it since.
#[derive(Clone, Copy, Debug)]
struct Given {
    mac: HwAddr,
    time: i64,
    frame: u64,
    other: Option<Mac>,
    own: bool,
}

/// Remembers, and finds what only shows over time.
#[derive(Debug, Default)]
pub struct History {
    signs: Signs,
    flood: Flood,
    strict: bool,
    clients: HashMap<HwAddr, Client>,
    turn: u64,
    servers: BTreeMap<Ipv4Addr, Server>,
    /// Servers that give, by place and relay.
    givers: BTreeMap<(u32, Ipv4Addr), BTreeMap<Ipv4Addr, u64>>,
    /// DISCOVERs by relay and server asked; relays that were answered, and by whom.
    relayed: BTreeMap<(Ipv4Addr, Ipv4Addr), Vec<u64>>,
    answered: BTreeSet<Ipv4Addr>,
    answering: BTreeSet<(Ipv4Addr, Ipv4Addr)>,
    /// Acquisitions that nobody answered: client, start, last, frames, place.
    unanswered: Vec<(HwAddr, i64, i64, u64)>,
    /// Leases by address; each with its place.
    leases: HashMap<Ipv4Addr, Vec<(u32, Lease)>>,
    given: HashMap<Ipv4Addr, Given>,
    ended: HashMap<Ipv4Addr, i64>,
    ids: HashMap<u32, (HwAddr, u32, Vec<u64>)>,
    names: HashMap<Box<[u8]>, BTreeMap<HwAddr, u64>>,
    decliners: BTreeMap<HwAddr, u64>,
    /// Who answered for addresses that were declined.
    holders: BTreeMap<Mac, BTreeMap<Ipv4Addr, u64>>,
    /// Refusals by ICMP: xid, server, client, frame, time; and xids that succeeded after all.
    refusals: Vec<(u32, Ipv4Addr, HwAddr, u64, i64)>,
    /// Addresses that answered a server's ping: who asked, when, frame.
    pinged: BTreeMap<Ipv4Addr, (Ipv4Addr, i64, u64)>,
    pings: HashMap<(Ipv4Addr, Ipv4Addr), i64>,
    known: HashSet<Ipv4Addr>,
    /// Addresses that servers speak from.
    served: BTreeSet<Ipv4Addr>,
    discover: i64,
    waited: Vec<u64>,
    prompt: bool,
    findings: Vec<Finding>,
    now: i64,
}

fn finding(code: Code, frames: impl IntoIterator<Item = u64>, seen: (i64, i64), message: String) -> Finding {
    let mut frames: Vec<u64> = frames.into_iter().collect();
    frames.sort_unstable();
    frames.dedup();
    let count = u64::try_from(frames.len()).unwrap_or(u64::MAX);
    frames.truncate(FRAMES);
    Finding { id: Id::Wider(code), server: None, client: None, address: None, frames, count, seen, message }
}

impl History {
    /// A history of nothing. `strict` says also what only old devices take amiss.
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// Takes note of what came.
    pub fn observe(&mut self, item: &Item) {
        match item {
            Item::Message(entry) => self.message(entry),
            Item::Sign(sign) => self.sign(sign),
        }
    }

    fn message(&mut self, entry: &Entry) {
        let seen = &entry.seen;
        self.now = self.now.max(seen.time);
        self.flood.observe(seen, &entry.client);
        match seen.letter {
            Letter::Discover => self.discover = seen.time,
            Letter::Release | Letter::Decline => {
                let address = if seen.ciaddr.is_unspecified() { seen.requested } else { seen.ciaddr };
                if self.ended.len() < MOST || self.ended.contains_key(&address) {
                    self.ended.insert(address, seen.time);
                }
            }
            _ => {}
        }
        if seen.from_client {
            if !seen.ciaddr.is_unspecified() && self.known.len() < CLIENTS {
                self.known.insert(seen.ciaddr);
            }
        } else if matches!(seen.letter, Letter::Offer | Letter::Ack | Letter::Nak) {
            self.server(seen, entry.client);
        }
    }

    fn server(&mut self, seen: &Seen, client: HwAddr) {
        if self.known.len() < CLIENTS {
            self.known.insert(seen.yiaddr);
        }
        let name = seen.server();
        if self.served.len() < MOST {
            self.served.insert(seen.src);
            self.served.insert(name);
        }
        if self.servers.len() >= MOST && !self.servers.contains_key(&name) {
            return;
        }
        let server = self.servers.entry(name).or_default();
        if server.places.len() < 64 {
            server.places.insert(seen.place);
        }
        if seen.letter == Letter::Ack && seen.gives() {
            self.give(seen, client);
        }
        let Some(server) = self.servers.get_mut(&name) else { return };
        match seen.letter {
            Letter::Offer => {
                server.offers = server.offers.saturating_add(1);
                (server.last_offer, server.last_frame) = (seen.time, seen.frame);
            }
            Letter::Ack => server.last_ack = seen.time,
            _ => {}
        }
        let plain = seen.has(bit::ETHERNET | bit::SERVER_ID) && seen.giaddr.is_unspecified();
        if plain && seen.src == seen.server_id && seen.src_mac != Mac::ZERO && server.macs.len() < 64 {
            server.macs.entry((seen.place, seen.src_mac.0)).or_insert(seen.frame);
        }
        if !seen.giaddr.is_unspecified() && self.answering.len() < MOST {
            self.answered.insert(seen.giaddr);
            self.answering.insert((seen.src, seen.giaddr));
            self.answering.insert((name, seen.giaddr));
        }
        if seen.gives() && self.givers.len() < MOST {
            let givers = self.givers.entry((seen.place, seen.giaddr)).or_default();
            if seen.has(bit::SERVER_ID) && givers.len() < 64 {
                givers.entry(seen.server_id).or_insert(seen.frame);
            }
        }
    }

    /// An address was given: from now on it is known who may claim it.
    fn give(&mut self, seen: &Seen, client: HwAddr) {
        if self.given.len() >= CLIENTS && !self.given.contains_key(&seen.yiaddr) {
            self.given.retain(|_, given| seen.time.saturating_sub(given.time) <= 600 * SECOND);
            if self.given.len() >= CLIENTS {
                self.given.clear();
            }
        }
        let before = self.given.get(&seen.yiaddr).filter(|given| given.mac == client);
        let (own, other) = before.map_or((false, None), |given| (given.own, given.other));
        let (time, frame) = (seen.time, seen.frame);
        self.given.insert(seen.yiaddr, Given { mac: client, time, frame, other, own });
    }

    fn sign(&mut self, sign: &Sign) {
        self.signs.observe(sign);
        match *sign {
            Sign::Arp { frame, time, arp } => self.claim(frame, time, arp.sender_ip, arp.sender_mac),
            Sign::Echo { time, reply: false, src, dst, .. } => {
                if time.saturating_sub(self.discover) <= 2 * SECOND && self.pings.len() < MOST {
                    self.pings.insert((src, dst), time);
                }
            }
            Sign::Echo { frame, time, reply: true, src, dst, .. } => {
                let asked = self.pings.get(&(dst, src));
                if asked.is_some_and(|asked| time.saturating_sub(*asked) <= 2 * SECOND)
                    && self.pinged.len() < MOST
                {
                    self.pinged.entry(src).or_insert((dst, time, frame));
                }
            }
            Sign::Refused { frame, time, xid, server, client } => {
                if self.refusals.len() < MOST {
                    self.refusals.push((xid, server, client, frame, time));
                }
            }
        }
    }

    /// Somebody claims an address: a second machine, if the address was just given to another.
    fn claim(&mut self, frame: u64, time: i64, address: Ipv4Addr, mac: Mac) {
        if address.is_unspecified() || mac == Mac::ZERO {
            return;
        }
        let Some(given) = self.given.get_mut(&address) else { return };
        if time.saturating_sub(given.time) > 600 * SECOND {
            return;
        }
        let mut first = None;
        if given.mac.mac() == Some(mac) {
            first = given.other.filter(|_| !given.own);
            given.own = true;
        } else if given.other.is_none() {
            given.other = Some(mac);
            first = Some(mac).filter(|_| given.own);
        }
        if let Some(other) = first {
            let text = format!("{address} is used by {} and by {other}", given.mac);
            let (given, client) = (*given, given.mac);
            let mut said = finding(Code::DuplicateAddress, [given.frame, frame], (given.time, time), text);
            (said.client, said.address) = (Some(client), Some(address));
            self.findings.push(said);
        }
    }

    /// Everything said of an exchange that has just closed.
    pub fn closed(&mut self, exchange: &Exchange) -> Vec<Diagnosis> {
        let mut found = rules::judge(exchange, &self.signs, self.strict);
        if exchange.outcome.is_success() {
            self.refusals.retain(|(xid, ..)| !exchange.xids.contains(xid));
        }
        self.refused_text(exchange);
        self.segment(exchange);
        self.address(exchange);
        found.extend(self.client(exchange));
        found.sort_by_key(|diagnosis| std::cmp::Reverse(diagnosis.id.severity()));
        found
    }

    fn refused_text(&mut self, exchange: &Exchange) {
        let Some(reason) = exchange.texts.reason.as_deref().filter(|_| exchange.had().nak) else { return };
        let reason = String::from_utf8_lossy(reason).to_lowercase();
        let hit = ["no free", "no available", "no more", "exhaust", "pool"];
        let nak = exchange.replies().find(|seen| seen.letter == Letter::Nak);
        if let (true, Some(nak)) = (hit.iter().any(|word| reason.contains(word)), nak)
            && let Some(server) = self.servers.get_mut(&nak.server())
            && server.refused.len() < FRAMES
        {
            server.refused.push(nak.frame);
        }
    }

    /// What concerns servers, relays and VLANs.
    fn segment(&mut self, exchange: &Exchange) {
        let time = exchange.first().map_or(0, |seen| seen.time);
        if let Some((one, other, text)) = rules::disagreement(exchange) {
            let mut said =
                finding(Code::ServersDisagree, [one.frame, other.frame], (one.time, other.time), text);
            (said.client, said.server) = (exchange.mac, Some(other.server()));
            self.merge(said);
        }
        if let Some((request, reply)) = rules::vlans_crossed(exchange) {
            let text = format!("asked in VLAN {}, answered in VLAN {}", request.vlans.1, reply.vlans.1);
            let mut said =
                finding(Code::VlanCrossed, [request.frame, reply.frame], (request.time, reply.time), text);
            said.server = Some(reply.server());
            self.merge(said);
        }
        let relayed = exchange.steps.iter().filter(|step| step.role != Role::Copy).map(|step| &step.seen);
        for seen in relayed {
            let asks = seen.letter == Letter::Discover && seen.side == Side::Relay && seen.has(bit::IPV4);
            if asks && !seen.has(bit::IP_BROADCAST) && self.relayed.len() < MOST {
                let frames = self.relayed.entry((seen.giaddr, seen.dst)).or_default();
                if frames.len() < FRAMES {
                    frames.push(seen.frame);
                }
            }
        }
        self.loops(exchange);
        let sent: Vec<&Seen> = exchange.sent().collect();
        let searching = sent.iter().all(|seen| seen.is_probe());
        if exchange.kind == Kind::Acquire
            && exchange.outcome == Outcome::Unanswered
            && exchange.visible
            && sent.len() >= 2
            && !searching
            && self.unanswered.len() < 1000
            && let (Some(mac), Some(last)) = (exchange.mac, sent.last())
        {
            self.unanswered.push((mac, time, last.time, last.frame));
        }
        self.seconds(exchange);
    }

    fn loops(&mut self, exchange: &Exchange) {
        for letter in [Letter::Discover, Letter::Request, Letter::Inform] {
            let steps = exchange.steps.iter().map(|step| &step.seen);
            let relayed: Vec<&Seen> =
                steps.filter(|seen| seen.letter == letter && !seen.giaddr.is_unspecified()).collect();
            for first in &relayed {
                let window: Vec<&&Seen> = relayed
                    .iter()
                    .filter(|seen| {
                        seen.xid == first.xid
                            && (0..=5 * SECOND).contains(&seen.time.saturating_sub(first.time))
                    })
                    .collect();
                let hops: BTreeSet<u8> = window.iter().map(|seen| seen.hops).collect();
                let spread = hops.last().unwrap_or(&0).saturating_sub(*hops.first().unwrap_or(&0));
                if hops.len() >= 4 && spread >= 3 {
                    let text = format!(
                        "one {} came by with {} to {} hops",
                        letter.name().to_uppercase(),
                        first.hops,
                        first.hops.saturating_add(spread)
                    );
                    let frames: Vec<u64> = window.iter().map(|seen| seen.frame).collect();
                    let mut said = finding(Code::RelayLoop, frames, (first.time, first.time), text);
                    said.client = exchange.mac;
                    self.merge(said);
                    return;
                }
            }
        }
    }

    fn seconds(&mut self, exchange: &Exchange) {
        let Some(offer) = exchange.replies().find(|seen| seen.letter == Letter::Offer) else { return };
        let discovers: Vec<&Seen> = exchange
            .sent()
            .filter(|seen| seen.letter == Letter::Discover && seen.time <= offer.time)
            .collect();
        let (Some(first), Some(last)) = (discovers.first(), discovers.last()) else { return };
        if first.secs == 0 && offer.time.saturating_sub(first.time) <= 3 * SECOND {
            self.prompt = true;
        } else if first.secs == 0 && last.secs >= 3 && self.waited.len() < FRAMES {
            self.waited.push(offer.frame);
        }
    }

    /// What concerns one address.
    fn address(&mut self, exchange: &Exchange) {
        let Some(mac) = exchange.mac else { return };
        if exchange.outcome == Outcome::Declined {
            let address = exchange.address();
            if let Some(address) = address {
                let own = rules::mac(exchange);
                let from = exchange.first().map_or(0, |seen| seen.time).saturating_sub(2 * SECOND);
                for heard in self.signs.of(address, from, i64::MAX) {
                    if Some(heard.mac) != own && self.holders.len() < MOST {
                        self.holders.entry(heard.mac).or_default().insert(address, heard.frame);
                    }
                }
            }
            return;
        }
        let Some(ack) = exchange.replies().find(|seen| seen.letter == Letter::Ack && seen.gives()) else {
            return;
        };
        let id = exchange.sent().find(|seen| seen.has(bit::CLIENT_ID)).map_or(0, |seen| seen.client_id);
        let typed = exchange.texts.client_id.as_deref().is_some_and(|id| id.first() == Some(&1));
        let known = self.leases.get(&ack.yiaddr).into_iter().flatten();
        let before = known.filter(|(place, _)| *place == ack.place).map(|(_, lease)| *lease).next();
        let lease = Lease {
            mac,
            id,
            typed,
            time: ack.time,
            length: if ack.has(bit::LEASE) { ack.lease } else { 0 },
            frame: ack.frame,
        };
        if let Some(before) = before.filter(|before| before.mac != mac) {
            self.twice(ack.yiaddr, before, lease);
        }
        if self.leases.len() < CLIENTS || self.leases.contains_key(&ack.yiaddr) {
            let leases = self.leases.entry(ack.yiaddr).or_default();
            leases.retain(|(place, _)| *place != ack.place);
            if leases.len() < 16 {
                leases.reserve_exact(1);
                leases.push((ack.place, lease));
            }
        }
        self.identifier(mac, id, typed, ack);
        if let Some(name) = exchange.texts.hostname.clone()
            && mac.mac().is_some_and(|mac| mac.0[0] & 2 != 0)
            && (self.names.len() < MOST || self.names.contains_key(&name))
        {
            let devices = self.names.entry(name).or_default();
            if devices.len() < FRAMES {
                devices.insert(mac, ack.frame);
            }
        }
    }

    fn twice(&mut self, address: Ipv4Addr, one: Lease, other: Lease) {
        let (early, late) = if one.time <= other.time { (one, other) } else { (other, one) };
        let length = i64::from(early.length).saturating_mul(SECOND);
        let runs = early.length == u32::MAX || late.time < early.time.saturating_add(length);
        let given_back = self.ended.get(&address).is_some_and(|end| (early.time..=late.time).contains(end));
        if !runs || given_back {
            return;
        }
        let same = early.id == late.id && early.id != 0;
        let code = match (same, early.typed) {
            (true, true) => return,
            (true, false) => Code::ClientIdShared,
            (false, _) => Code::AddressGivenTwice,
        };
        let text = format!("{address} was given to {} and, while that lease ran, to {}", early.mac, late.mac);
        let mut said = finding(code, [early.frame, late.frame], (early.time, late.time), text);
        (said.client, said.address) = (Some(late.mac), Some(address));
        self.merge(said);
    }

    /// One identifier used by several machines in turn.
    fn identifier(&mut self, mac: HwAddr, id: u32, typed: bool, ack: &Seen) {
        if id == 0 || typed || (self.ids.len() >= CLIENTS && !self.ids.contains_key(&id)) {
            return;
        }
        let (last, turns, frames) = self.ids.entry(id).or_insert((mac, 0, Vec::new()));
        if frames.len() < FRAMES {
            frames.push(ack.frame);
        }
        if *last == mac {
            return;
        }
        *turns = turns.saturating_add(1);
        let other = std::mem::replace(last, mac);
        if *turns == 2 {
            let text = format!("{mac} and {other} use one client identifier in turn");
            let mut said = finding(Code::ClientIdShared, frames.clone(), (ack.time, ack.time), text);
            said.client = Some(mac);
            self.merge(said);
        }
    }

    /// What concerns one client.
    fn client(&mut self, exchange: &Exchange) -> Vec<Diagnosis> {
        let Some(mac) = exchange.mac else { return Vec::new() };
        if self.clients.len() >= CLIENTS && !self.clients.contains_key(&mac) {
            self.forget();
        }
        self.turn = self.turn.saturating_add(1);
        let client = self.clients.entry(mac).or_default();
        client.touched = self.turn;
        let mut findings = Vec::new();
        let mut found = Vec::new();
        events(client, exchange, &mut findings);
        for seen in exchange.sent().filter(|seen| seen.letter == Letter::Decline) {
            self.decliners.entry(mac).or_insert(seen.frame);
        }
        addresses(client, exchange, &mut findings);
        let this = Closed::of(exchange);
        let (before, after) = client.keep(this.clone());
        let pairs = [before.map(|before| (before, this.clone())), after.map(|after| (this, after))];
        for (early, late) in pairs.into_iter().flatten() {
            pair(&early, &late, &mut found, &mut findings);
        }
        for mut said in findings {
            said.client = Some(mac);
            self.merge(said);
        }
        found
    }

    /// Makes room: half of the clients, those not seen for longest, go.
    fn forget(&mut self) {
        let mut turns: Vec<u64> = self.clients.values().map(|client| client.touched).collect();
        let middle = turns.len() / 2;
        let (_, limit, _) = turns.select_nth_unstable(middle);
        let limit = *limit;
        self.clients.retain(|_, client| client.touched > limit);
    }

    /// Adds a finding, or counts it to one that says the same of the same.
    fn merge(&mut self, said: Finding) {
        let room = self.findings.len() < MOST;
        let same = self.findings.iter_mut().find(|known| {
            known.id == said.id
                && known.server == said.server
                && known.client == said.client
                && known.address == said.address
        });
        match same {
            Some(known) => {
                known.count = known.count.saturating_add(1);
                known.seen = (known.seen.0.min(said.seen.0), known.seen.1.max(said.seen.1));
                known.frames.extend(said.frames);
                known.frames.sort_unstable();
                known.frames.dedup();
                known.frames.truncate(FRAMES);
            }
            None if room => self.findings.push(said),
            None => {}
        }
    }

    /// What is said of the whole, worst first.
    pub fn finish(&mut self) -> Vec<Finding> {
        let now = self.now;
        if let Some(said) = self.flood.finish(now) {
            self.findings.push(said);
        }
        self.finish_servers();
        self.finish_relays();
        self.finish_clients();
        self.finish_refusals();
        let mut all = std::mem::take(&mut self.findings);
        all.sort_by(|a, b| {
            b.id.severity()
                .cmp(&a.id.severity())
                .then_with(|| a.seen.0.cmp(&b.seen.0))
                .then_with(|| a.frames.cmp(&b.frames))
        });
        all
    }

    fn finish_servers(&mut self) {
        let now = self.now;
        for ((_, giaddr), givers) in std::mem::take(&mut self.givers) {
            if givers.len() > 1 {
                let names: Vec<String> = givers.keys().map(ToString::to_string).collect();
                let relay =
                    if giaddr.is_unspecified() { String::new() } else { format!(" for relay {giaddr}") };
                let text = format!("{} servers give addresses{relay}: {}", names.len(), names.join(", "));
                let said = finding(Code::SeveralServers, givers.into_values(), (now, now), text);
                self.findings.push(said);
            }
        }
        for (name, server) in std::mem::take(&mut self.servers) {
            let mut places: BTreeMap<u32, Vec<(Mac, u64)>> = BTreeMap::new();
            for ((place, mac), frame) in &server.macs {
                places.entry(*place).or_default().push((Mac(*mac), *frame));
            }
            for macs in places.values().filter(|macs| macs.len() > 1) {
                let names: Vec<String> = macs.iter().map(|(mac, _)| mac.to_string()).collect();
                let text = format!("{name} speaks from {}", names.join(" and "));
                let frames = macs.iter().map(|(_, frame)| *frame);
                let mut said = finding(Code::ServerTwoMacs, frames, (now, now), text);
                said.server = Some(name);
                self.findings.push(said);
            }
            self.finish_pool(name, &server);
        }
    }

    fn finish_pool(&mut self, name: Ipv4Addr, server: &Server) {
        let late: Vec<&(HwAddr, i64, i64, u64)> =
            self.unanswered.iter().filter(|(_, start, ..)| *start > server.last_offer).collect();
        let clients: HashSet<HwAddr> = late.iter().map(|(mac, ..)| *mac).collect();
        let from = late.iter().map(|(_, start, ..)| *start).min().unwrap_or(0);
        let to = late.iter().map(|(_, _, last, _)| *last).max().unwrap_or(0);
        let silent = server.offers > 0 && clients.len() >= 3 && to.saturating_sub(from) >= 10 * SECOND;
        let frames: Vec<u64> = late.iter().map(|(.., frame)| *frame).collect();
        let said = if !server.refused.is_empty() {
            let text = format!("{name} refuses for want of addresses");
            finding(Code::PoolExhausted, server.refused.iter().copied(), (from, to), text)
        } else if silent && server.last_ack >= from {
            let text = format!(
                "{name} makes no OFFER any more to {} clients, and still acknowledges",
                clients.len()
            );
            finding(Code::PoolExhausted, frames, (from, to), text)
        } else if silent && server.offers >= 2 {
            let text = format!("{name} stopped answering: {} clients ask in vain", clients.len());
            finding(Code::ServerSilent, frames, (from, to), text)
        } else {
            return;
        };
        self.findings.push(Finding { server: Some(name), ..said });
    }

    fn finish_relays(&mut self) {
        let now = self.now;
        for ((giaddr, server), frames) in std::mem::take(&mut self.relayed) {
            let others = self.answering.iter().any(|(ip, relay)| *ip == server && *relay != giaddr);
            if frames.len() >= 3 && !self.answered.contains(&giaddr) && others {
                let text =
                    format!("{server} answers other relays and never {giaddr} ({} DISCOVERs)", frames.len());
                let mut said = finding(Code::GiaddrUnserved, frames, (now, now), text);
                (said.server, said.address) = (Some(server), Some(giaddr));
                self.findings.push(said);
            }
        }
    }

    fn finish_clients(&mut self) {
        let now = self.now;
        if self.decliners.len() >= 3 {
            let text = format!("{} clients decline addresses", self.decliners.len());
            let frames: Vec<u64> = self.decliners.values().copied().collect();
            self.findings.push(finding(Code::DeclineStorm, frames, (now, now), text));
        }
        for (mac, addresses) in std::mem::take(&mut self.holders) {
            if addresses.len() >= 2 {
                let names: Vec<String> = addresses.keys().map(ToString::to_string).collect();
                let text = format!("{mac} answers for {}, which were declined", names.join(", "));
                self.findings.push(finding(Code::ProxyArp, addresses.into_values(), (now, now), text));
            }
        }
        for (name, devices) in std::mem::take(&mut self.names) {
            if devices.len() >= 4 {
                let name = String::from_utf8_lossy(&name);
                let text = format!("{name} took a lease for each of {} private MACs", devices.len());
                self.findings.push(finding(Code::MacChurn, devices.into_values(), (now, now), text));
            }
        }
        if self.waited.len() >= 3 && !self.prompt {
            let text = format!("{} clients were answered only once secs had reached 3", self.waited.len());
            let frames = std::mem::take(&mut self.waited);
            self.findings.push(finding(Code::AnswersAfterSecs, frames, (now, now), text));
        }
        let names: HashSet<Ipv4Addr> = self.served.iter().copied().collect();
        for (address, (server, time, frame)) in std::mem::take(&mut self.pinged) {
            if names.contains(&server) && !self.known.contains(&address) {
                let text = format!("{address} answers the ping of {server} and is nobody's lease");
                let mut said = finding(Code::StaticInPool, [frame], (time, time), text);
                (said.server, said.address) = (Some(server), Some(address));
                self.findings.push(said);
            }
        }
    }

    fn finish_refusals(&mut self) {
        let mut by_server: BTreeMap<Ipv4Addr, Vec<(u64, i64, HwAddr)>> = BTreeMap::new();
        for (_, server, client, frame, time) in std::mem::take(&mut self.refusals) {
            by_server.entry(server).or_default().push((frame, time, client));
        }
        for (server, hits) in by_server {
            let times = || hits.iter().map(|(_, time, _)| *time);
            let seen = (times().min().unwrap_or(0), times().max().unwrap_or(0));
            let text = format!("{server} answers by ICMP that nobody listens on port 67");
            let frames = hits.iter().map(|(frame, ..)| *frame);
            let mut said = finding(Code::IcmpRefused, frames, seen, text);
            said.server = Some(server);
            self.findings.push(said);
        }
    }
}

/// What a client does too often.
fn events(client: &mut Client, exchange: &Exchange, findings: &mut Vec<Finding>) {
    let mut say = |flag: u8, code: Code, known: &mut u8, frames: Vec<(i64, u64)>, text: &str| {
        if *known & flag == 0 {
            *known |= flag;
            let seen = (frames.first().map_or(0, |at| at.0), frames.last().map_or(0, |at| at.0));
            findings.push(finding(code, frames.into_iter().map(|at| at.1), seen, text.to_owned()));
        }
    };
    for seen in exchange.said().map(|step| &step.seen) {
        let at = (seen.time, seen.frame);
        match seen.letter {
            Letter::Nak if event(&mut client.naks, at, 3, 60 * SECOND) => {
                let frames = client.naks.iter().copied().collect();
                say(
                    said::NAK_LOOP,
                    Code::NakLoop,
                    &mut client.said,
                    frames,
                    "refused three times within a minute",
                );
            }
            Letter::Decline if event(&mut client.declines, at, 3, 300 * SECOND) => {
                let frames = client.declines.iter().copied().collect();
                say(
                    said::DECLINES,
                    Code::DeclineStorm,
                    &mut client.said,
                    frames,
                    "three addresses declined within five minutes",
                );
            }
            Letter::Discover | Letter::Request | Letter::Inform
                if event(&mut client.asked, at, 21, 10 * SECOND) =>
            {
                let frames = client.asked.iter().copied().collect();
                say(
                    said::STORM,
                    Code::ClientStorm,
                    &mut client.said,
                    frames,
                    "more than 20 messages within ten seconds",
                );
            }
            _ => {}
        }
    }
}

/// Identifiers and addresses of a client.
fn addresses(client: &mut Client, exchange: &Exchange, findings: &mut Vec<Finding>) {
    let Some(ack) = exchange.replies().find(|seen| seen.letter == Letter::Ack && seen.gives()) else {
        return;
    };
    let id = exchange.sent().next().map(|seen| if seen.has(bit::CLIENT_ID) { seen.client_id } else { 0 });
    if let Some(id) = id
        && !client.ids.contains(&id)
        && client.ids.len() < 8
    {
        client.ids.reserve_exact(1);
        client.ids.push(id);
    }
    let at = (ack.yiaddr, ack.place, ack.giaddr, ack.frame);
    if client.addresses.back().is_none_or(|last| last.0 != ack.yiaddr) {
        client.addresses.reserve_exact(1);
        client.addresses.push_back(at);
        if client.addresses.len() > 8 {
            client.addresses.pop_front();
        }
    }
    let frames = || client.addresses.iter().map(|at| at.3).collect::<Vec<_>>();
    let distinct: HashSet<Ipv4Addr> = client.addresses.iter().map(|at| at.0).collect();
    let mut say = |flag: u8, code: Code, text: String| {
        if client.said & flag == 0 {
            findings.push(finding(code, frames(), (ack.time, ack.time), text));
        }
        flag
    };
    let mut done = 0;
    if client.ids.len() >= 2 && distinct.len() >= 2 {
        let text = format!(
            "{} client identifiers and {} addresses of one machine",
            client.ids.len(),
            distinct.len()
        );
        done |= say(said::IDENTITIES, Code::ClientTwoIdentities, text);
    }
    let here: HashSet<Ipv4Addr> = client
        .addresses
        .iter()
        .rev()
        .take_while(|at| at.1 == ack.place && at.2 == ack.giaddr)
        .map(|at| at.0)
        .collect();
    if here.len() >= 3 {
        done |= say(said::CHURN, Code::AddressChurn, format!("{} addresses in a row", here.len()));
    }
    client.said |= done;
}

/// What one exchange and the client's next one show together.
fn pair(early: &Closed, late: &Closed, found: &mut Vec<Diagnosis>, findings: &mut Vec<Finding>) {
    let gap = late.start.saturating_sub(early.sent.last().map_or(early.start, |sent| sent.0));
    let frames =
        || -> Vec<u64> { early.frames().chain(early.refusal).chain(late.frames().take(1)).collect() };
    let mut say = |code: Code, frames: Vec<u64>, message: String| {
        found.push(Diagnosis { id: Id::Wider(code), frames, message });
    };
    if early.kind == Kind::Reboot
        && early.outcome == Outcome::Unanswered
        && early.sent.len() >= 2
        && late.kind == Kind::Acquire
        && let Some((time, address, frame)) = late.offer
        && time.saturating_sub(early.sent.last().map_or(early.start, |sent| sent.0)) <= 60 * SECOND
        && let Some(wanted) = early.wanted.filter(|wanted| *wanted != address)
    {
        let mut all = frames();
        all.push(frame);
        say(
            Code::StaleAddressNotRefused,
            all,
            format!("{wanted} was asked for in vain, then {address} offered"),
        );
    }
    let renews = |kind: Kind| matches!(kind, Kind::Renew | Kind::Rebind);
    if renews(early.kind)
        && early.outcome == Outcome::Refused
        && renews(late.kind)
        && late.ciaddr == early.ciaddr
        && late.start.saturating_sub(early.start) <= 300 * SECOND
    {
        let text = format!("{} was refused and is renewed again", early.ciaddr);
        say(Code::NakIgnored, frames(), text);
    }
    let mismatched = |orphan: &Closed, asked: &Closed| {
        !orphan.from_client
            && orphan.offer.is_some()
            && asked.from_client
            && asked.kind == Kind::Acquire
            && matches!(asked.outcome, Outcome::Unanswered | Outcome::Open)
            && asked.start < orphan.start
            && asked
                .sent
                .iter()
                .any(|(time, _)| (0..=5 * SECOND).contains(&orphan.start.saturating_sub(*time)))
    };
    if mismatched(late, early) {
        let offer = late.offer.map(|(.., frame)| frame);
        let all = early.frames().chain(offer).collect();
        say(Code::XidMismatch, all, "an OFFER came with a transaction number nobody asked with".to_owned());
    }
    if early.kind == Kind::Renew
        && early.outcome == Outcome::Unanswered
        && early.from_client
        && ((late.kind == Kind::Rebind && late.ciaddr == early.ciaddr)
            || (early.sent.len() >= 2 && late.kind == Kind::Acquire && gap <= 600 * SECOND))
    {
        let server = early.server.map_or_else(String::new, |server| format!(" by {server}"));
        let next = if late.kind == Kind::Rebind { "asks everybody" } else { "starts over" };
        let text = format!("renewing {} is not answered{server}; the client {next}", early.ciaddr);
        let mut said = finding(Code::RenewalUnanswered, frames(), (early.start, late.start), text);
        said.server = early.server;
        findings.push(said);
    }
}
