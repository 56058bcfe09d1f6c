//! What shows over time of servers, relays and VLANs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;

use super::evidence::{Evidence, Place};
use super::history::{CLIENTS, MOST, SECOND, Said, finding, party};
use super::{Code, Finding, NO_ADDRESS_LEFT, rules};
use crate::analysis::bounded::make_room;
use crate::analysis::keyed::{KeyedMap, KeyedSet};
use crate::analysis::transaction::{
    self, Counted as _, Exchange, Kind, Letter, Outcome, Role, Seen, Side, Who, bit,
};
use crate::wire::Mac;

/// Places remembered of one server, and MACs.
const OF_ONE: usize = 64;
/// Unanswered acquisitions remembered, the latest.
const UNANSWERED: usize = 1000;
/// Servers that spoke last, as they spoke: what they say again is known. Each manner has one place of these, a power of two.
const LATEST: usize = 128;

#[derive(Clone, Debug, Default)]
struct Server {
    offers: u64,
    last_offer: i64,
    last_ack: i64,
    /// Where it answers and is asked, one number a place.
    places: KeyedSet<u32>,
    macs: BTreeMap<(u32, [u8; 6]), Place>,
    refused: Evidence,
}

/// How a server speaks; the same every time, of most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Manner {
    name: Ipv4Addr,
    src: Ipv4Addr,
    giaddr: Ipv4Addr,
    mac: Mac,
    place: u32,
    gives: bool,
    counts: bool,
    bits: u32,
}

impl Manner {
    /// Its place among the latest. Servers and relays mostly differ in a few bits, which lie anywhere.
    fn slot(&self) -> usize {
        let addresses = [self.name, self.src, self.giaddr].map(u32::from);
        let all = addresses.into_iter().fold(self.place ^ u32::from(self.gives), |all, address| {
            (all.rotate_left(5) ^ address).wrapping_mul(0x9e37_79b9)
        });
        usize::try_from(all >> 25).unwrap_or(0) & (LATEST - 1)
    }
}

/// Manners met last, each with its server.
#[derive(Debug)]
struct Latest([Option<(Manner, usize)>; LATEST]);

impl Default for Latest {
    fn default() -> Self {
        Self([None; LATEST])
    }
}

/// An acquisition that nobody answered.
#[derive(Clone, Debug)]
struct Vain {
    client: Who,
    start: i64,
    last: i64,
    frame: u64,
    place: u32,
}

/// Servers, relays and who asks them.
#[derive(Debug, Default)]
pub(super) struct Network {
    servers: Vec<Server>,
    names: KeyedMap<Ipv4Addr, usize>,
    latest: Latest,
    /// Which server was asked last, and where: mostly it is again.
    asked: Option<(Ipv4Addr, u32)>,
    /// Servers that give, by place and relay.
    givers: BTreeMap<(u32, Ipv4Addr), BTreeMap<Ipv4Addr, Place>>,
    /// DISCOVERs by relay and server asked, of relays that nobody answered yet.
    relayed: BTreeMap<(Ipv4Addr, Ipv4Addr), Evidence>,
    /// When relays were answered, and when servers answered relays.
    answered: KeyedMap<Ipv4Addr, i64>,
    answering: KeyedMap<Ipv4Addr, i64>,
    unanswered: VecDeque<Vain>,
    /// Addresses that servers speak from.
    served: BTreeSet<Ipv4Addr>,
    /// Clients that were answered only once they had waited, with a frame; somebody was answered at once.
    waited: KeyedMap<Who, Place>,
    prompt: bool,
    /// What boot servers do to several clients, by server.
    boots: BTreeMap<(Code, Ipv4Addr), KeyedMap<Who, Place>>,
    /// How many clients these are.
    booting: usize,
}

impl Network {
    /// True for an address that servers speak from.
    pub(super) fn serves(&self, address: Ipv4Addr) -> bool {
        self.served.contains(&address)
    }

    /// Takes note of an OFFER, ACK or NAK; `counts` when it is no copy.
    pub(super) fn reply(&mut self, seen: &Seen, counts: bool) {
        let name = seen.server();
        let manner = Manner {
            name,
            src: seen.src,
            giaddr: seen.giaddr,
            mac: seen.src_mac,
            place: seen.place,
            gives: seen.gives(),
            counts,
            bits: seen.bits & (bit::ETHERNET | bit::SERVER_ID),
        };
        let slot = manner.slot();
        let known = self.latest.0.get(slot).copied().flatten().filter(|(known, _)| *known == manner);
        let index = if let Some((_, index)) = known {
            index
        } else {
            let Some(index) = self.meet(seen, name, counts) else { return };
            if let Some(to) = self.latest.0.get_mut(slot) {
                *to = Some((manner, index));
            }
            index
        };
        let Some(server) = self.servers.get_mut(index) else { return };
        match seen.letter {
            Letter::Offer => {
                server.offers = server.offers.saturating_add(u64::from(counts));
                server.last_offer = seen.time;
            }
            Letter::Ack => server.last_ack = seen.time,
            _ => {}
        }
    }

    /// A server speaks in a manner that is not among the latest. What is a copy comes from whoever passes it on.
    fn meet(&mut self, seen: &Seen, name: Ipv4Addr, counts: bool) -> Option<usize> {
        if self.served.len() < MOST {
            self.served.insert(seen.src);
            self.served.insert(name);
        }
        let index = match self.names.get(&name) {
            Some(index) => *index,
            None if self.servers.len() < MOST => {
                self.servers.push(Server::default());
                let index = self.servers.len().saturating_sub(1);
                self.names.insert(name, index);
                index
            }
            None => return None,
        };
        let server = self.servers.get_mut(index)?;
        if server.places.len() < OF_ONE {
            server.places.insert(seen.place);
        }
        let plain = counts && seen.has(bit::ETHERNET | bit::SERVER_ID) && seen.giaddr.is_unspecified();
        if plain && seen.src == seen.server_id && seen.src_mac != Mac::ZERO && server.macs.len() < OF_ONE {
            server.macs.entry((seen.place, seen.src_mac.0)).or_insert((seen.time, seen.frame));
        }
        if !seen.giaddr.is_unspecified() {
            for server in [seen.src, name] {
                make_room(&mut self.answering, MOST, &server, |time| *time);
                self.answering.insert(server, seen.time);
            }
            make_room(&mut self.answered, MOST, &seen.giaddr, |time| *time);
            if self.answered.insert(seen.giaddr, seen.time).is_none() {
                self.forget_asked(seen.giaddr);
            }
        }
        if counts && seen.gives() && self.givers.len() < MOST {
            let givers = self.givers.entry((seen.place, seen.giaddr)).or_default();
            if seen.has(bit::SERVER_ID) && givers.len() < OF_ONE {
                givers.entry(seen.server_id).or_insert((seen.time, seen.frame));
            }
        }
        Some(index)
    }

    /// Takes note of an exchange that has closed.
    pub(super) fn exchange(&mut self, exchange: &Exchange, said: &mut Said) {
        self.reason(exchange);
        if exchange.servers.len() > 1
            && let Some((one, other, text)) = rules::disagreement(exchange)
        {
            let mut found =
                finding(Code::ServersDisagree, [one.frame, other.frame], (one.time, other.time), text);
            (found.client, found.server) = (Some(Seen::who(exchange)), Some(other.server()));
            said.merge(found);
        }
        if let Some((request, reply)) = rules::vlans_crossed(exchange) {
            let text = format!("asked in VLAN {}, answered in VLAN {}", request.vlans.1, reply.vlans.1);
            let mut found =
                finding(Code::VlanCrossed, [request.frame, reply.frame], (request.time, reply.time), text);
            found.server = Some(reply.server());
            said.merge(found);
        }
        if exchange.steps.iter().any(|step| !step.seen.giaddr.is_unspecified()) {
            self.relays(exchange);
            loops(exchange, said);
        }
        if exchange.had().reply
            && let Some(first) = exchange.sent().next()
        {
            for server in &exchange.servers {
                let asked = (server.name(), first.place);
                if self.asked == Some(asked) {
                    continue;
                }
                let index = self.names.get(&asked.0);
                let Some(server) = index.and_then(|index| self.servers.get_mut(*index)) else { continue };
                if server.places.len() < OF_ONE {
                    server.places.insert(first.place);
                }
                self.asked = Some(asked);
            }
        }
        self.silence(exchange);
        self.seconds(exchange);
    }

    /// Refusals that say why, each of the server that says it.
    fn reason(&mut self, exchange: &Exchange) {
        if !exchange.had().nak {
            return;
        }
        for nak in exchange.replies().filter(|seen| seen.letter == Letter::Nak) {
            let Some(reason) = exchange.reason_of(nak) else { continue };
            let reason = String::from_utf8_lossy(reason).to_lowercase();
            if NO_ADDRESS_LEFT.iter().any(|word| reason.contains(word))
                && let Some(server) =
                    self.names.get(&nak.server()).and_then(|index| self.servers.get_mut(*index))
            {
                server.refused.add((nak.time, nak.frame));
            }
        }
    }

    /// Nothing that a relay asked was in vain: it is not kept until the relay is forgotten.
    fn forget_asked(&mut self, relay: Ipv4Addr) {
        let all = (relay, Ipv4Addr::UNSPECIFIED)..=(relay, Ipv4Addr::BROADCAST);
        let asked: Vec<_> = self.relayed.range(all).map(|(way, _)| *way).collect();
        for way in asked {
            self.relayed.remove(&way);
        }
    }

    fn relays(&mut self, exchange: &Exchange) {
        for step in exchange.steps.iter().filter(|step| step.role != Role::Copy) {
            let seen = &step.seen;
            let asks = seen.letter == Letter::Discover && seen.side == Side::Relay && seen.has(bit::IPV4);
            let way = (seen.giaddr, seen.dst);
            let room = self.relayed.len() < MOST || self.relayed.contains_key(&way);
            let answered = self.answered.contains_key(&seen.giaddr);
            if asks && !seen.has(bit::IP_BROADCAST) && room && !answered {
                self.relayed.entry(way).or_default().add((seen.time, seen.frame));
            }
        }
    }

    fn silence(&mut self, exchange: &Exchange) {
        if exchange.kind != Kind::Acquire || exchange.outcome != Outcome::Unanswered || !exchange.visible {
            return;
        }
        let (mut asked, mut last, mut searching) = (0_usize, None, true);
        for seen in exchange.sent() {
            asked = asked.saturating_add(1);
            last = Some(seen);
            searching &= seen.is_probe();
        }
        if asked < 2 || searching {
            return;
        }
        if let (Some(client), Some(last), Some(first)) = (party(exchange), last, exchange.first()) {
            if self.unanswered.len() >= UNANSWERED {
                self.unanswered.pop_front();
            }
            let (start, frame, place) = (first.time, last.frame, first.place);
            self.unanswered.push_back(Vain { client, start, last: last.time, frame, place });
        }
    }

    fn seconds(&mut self, exchange: &Exchange) {
        if self.prompt {
            return;
        }
        let Some(offer) = exchange.replies().find(|seen| seen.letter == Letter::Offer) else { return };
        let mut discovers =
            exchange.sent().filter(|seen| seen.letter == Letter::Discover && seen.time <= offer.time);
        let Some(last) = discovers.next_back() else { return };
        let new = if last.secs == 0 { Some(last) } else { discovers.rfind(|seen| seen.secs == 0) };
        let Some(new) = new else { return };
        if offer.time.saturating_sub(new.time) <= 3 * SECOND {
            self.prompt = true;
        } else if last.secs >= 3
            && self.waited.len() < MOST
            && let Some(client) = party(exchange)
        {
            self.waited.entry(client).or_insert((offer.time, offer.frame));
        }
    }

    /// A client has this trouble with boot servers.
    pub(super) fn boot(&mut self, code: Code, exchange: &Exchange, frame: u64) {
        let (Some(client), Some(first)) = (party(exchange), exchange.first()) else { return };
        let asked = exchange.sent().find(|seen| seen.ports.1 == 4011).map(|seen| seen.dst);
        let answering = exchange.servers.iter().map(transaction::Server::name);
        for server in answering.chain(asked.filter(|_| code == Code::Pxe4011Silent)) {
            if self.boots.len() < MOST || self.boots.contains_key(&(code, server)) {
                let clients = self.boots.entry((code, server)).or_default();
                if self.booting < CLIENTS && !clients.contains_key(&client) {
                    clients.insert(client.clone(), (first.time, frame));
                    self.booting = self.booting.saturating_add(1);
                }
            }
        }
    }

    /// What is said of the whole.
    pub(super) fn finish(&mut self, findings: &mut Vec<Finding>) {
        for ((_, giaddr), givers) in std::mem::take(&mut self.givers) {
            if givers.len() > 1 {
                let names: Vec<String> = givers.keys().map(ToString::to_string).collect();
                let relay =
                    if giaddr.is_unspecified() { String::new() } else { format!(" for relay {giaddr}") };
                let text = format!("{} servers give addresses{relay}: {}", names.len(), names.join(", "));
                let all: Evidence = givers.into_values().collect();
                findings.push(all.finding(Code::SeveralServers, text));
            }
        }
        let mut names: Vec<(Ipv4Addr, usize)> = self.names.drain().collect();
        names.sort_unstable();
        for (name, index) in names {
            let Some(server) = self.servers.get(index) else { continue };
            let mut places: BTreeMap<u32, Vec<(Mac, Place)>> = BTreeMap::new();
            for ((place, mac), at) in &server.macs {
                places.entry(*place).or_default().push((Mac(*mac), *at));
            }
            for macs in places.values().filter(|macs| macs.len() > 1) {
                let names: Vec<String> = macs.iter().map(|(mac, _)| mac.to_string()).collect();
                let text = format!("{name} speaks from {}", names.join(" and "));
                let all: Evidence = macs.iter().map(|(_, at)| *at).collect();
                let mut said = all.finding(Code::ServerTwoMacs, text);
                said.server = Some(name);
                findings.push(said);
            }
            findings.extend(self.pool(name, server));
        }
        self.finish_relays(findings);
        if self.waited.len() >= 3 && !self.prompt {
            let text = format!("{} clients were answered only once secs had reached 3", self.waited.len());
            let all: Evidence = self.waited.drain().map(|(_, at)| at).collect();
            findings.push(all.finding(Code::AnswersAfterSecs, text));
        }
        for ((code, server), clients) in std::mem::take(&mut self.boots) {
            if clients.len() >= 2 {
                let count = clients.len();
                let text = match code {
                    Code::Pxe4011Silent => format!("{server} answers none of {count} clients on port 4011"),
                    Code::PxeNoAddress => {
                        format!("{count} clients are answered by boot server {server} only")
                    }
                    _ => format!("{count} clients are offered addresses by {server}, and no boot file"),
                };
                let mut said = clients.into_values().collect::<Evidence>().finding(code, text);
                said.server = Some(server);
                findings.push(said);
            }
        }
    }

    fn pool(&self, name: Ipv4Addr, server: &Server) -> Option<Finding> {
        let here = |vain: &&Vain| vain.start > server.last_offer && server.places.contains(&vain.place);
        let late: Vec<&Vain> = self.unanswered.iter().filter(here).collect();
        let clients: KeyedSet<&Who> = late.iter().map(|vain| &vain.client).collect();
        let from = late.iter().map(|vain| vain.start).min().unwrap_or(0);
        let to = late.iter().map(|vain| vain.last).max().unwrap_or(0);
        let silent = server.offers > 0 && clients.len() >= 3 && to.saturating_sub(from) >= 10 * SECOND;
        let frames: Vec<u64> = late.iter().map(|vain| vain.frame).collect();
        let said = if server.refused.count() > 0 {
            let text = format!("{name} refuses for want of addresses");
            server.refused.clone().finding(Code::PoolExhausted, text)
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
            return None;
        };
        Some(Finding { server: Some(name), ..said })
    }

    fn finish_relays(&mut self, findings: &mut Vec<Finding>) {
        for ((giaddr, server), asked) in std::mem::take(&mut self.relayed) {
            if asked.count() >= 3 && self.answering.contains_key(&server) {
                let text =
                    format!("{server} answers other relays and never {giaddr} ({} DISCOVERs)", asked.count());
                let mut said = asked.finding(Code::GiaddrUnserved, text);
                (said.server, said.address) = (Some(server), Some(giaddr));
                findings.push(said);
            }
        }
    }
}

/// One message that comes around.
fn loops(exchange: &Exchange, said: &mut Said) {
    let steps = exchange.steps.iter().map(|step| &step.seen);
    let relayed: Vec<&Seen> =
        steps.filter(|seen| seen.from_client && !seen.giaddr.is_unspecified()).collect();
    if relayed.len() < 4 {
        return;
    }
    for first in &relayed {
        let within = |seen: &&&Seen| {
            (seen.letter, seen.xid) == (first.letter, first.xid)
                && (0..=5 * SECOND).contains(&seen.time.saturating_sub(first.time))
        };
        let hops: BTreeSet<u8> = relayed.iter().filter(within).map(|seen| seen.hops).collect();
        let spread = hops.last().unwrap_or(&0).saturating_sub(*hops.first().unwrap_or(&0));
        if hops.len() >= 4 && spread >= 3 {
            let text = format!(
                "one {} came by with {} to {} hops",
                first.letter.name().to_uppercase(),
                first.hops,
                first.hops.saturating_add(spread)
            );
            let all: Evidence = relayed.iter().filter(within).map(|seen| (seen.time, seen.frame)).collect();
            let mut found = all.finding(Code::RelayLoop, text);
            found.client = Some(Seen::who(exchange));
            said.merge(found);
            return;
        }
    }
}
