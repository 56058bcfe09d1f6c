//! What a capture tells of the links in it: messages of DHCPv6 and router discovery as they come, put into [`Scene`]s, one a client's
//! exchange and one a link, and what is found in these, counted.
//!
//! A capture shows only what passed by. So nothing is concluded here from what is missing: that nobody answered, or that no router is
//! there, is said by those who asked themselves.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv6Addr;

use super::{Asked, Finding6, Held, Router, Said, Scene, findings};
use crate::analysis::diagnosis::{Diagnosis, Id};
use crate::analysis::transaction::{Exchange6, Joined, Letter, Role};
use crate::wire::Mac;
use crate::wire::frame::Protocol;
use crate::wire::nd::{self, Advert};
use crate::wire::problem::Problem;
use crate::wire::v6::{Duid, Facts, MessageType};

/// So many bytes of messages are kept for scenes that are not over; the oldest scene ends to make room.
const KEPT: usize = 32 << 20;
/// Longer messages are judged alone.
const LONGEST: usize = 4096;
/// Answers kept of one exchange, one a server.
const ANSWERS: usize = 16;
/// Routers kept of one link, and links.
const ROUTERS: usize = 256;
const LINKS: usize = 1024;
/// Different findings that are told; more are counted.
const TOLD: usize = 10_000;
/// Problems of its messages that are told of one exchange.
const PROBLEMS: usize = 512;
/// Frames named with a finding.
const FRAMES: usize = 16;
/// A REQUEST this close to the end may still be answered, nanoseconds.
const GRACE: i64 = 5_000_000_000;

/// A message of DHCPv6 or router discovery, and what stood around it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The frame's number.
    pub frame: u64,
    /// When it came, nanoseconds since 1970.
    pub time: i64,
    /// Interface and VLANs as one number.
    pub place: u32,
    /// Where it came from.
    pub source: Option<Ipv6Addr>,
    /// The card it came from.
    pub mac: Option<Mac>,
    /// UDP source port.
    pub source_port: u16,
    /// What it is.
    pub protocol: Protocol,
    /// The message.
    pub bytes: Box<[u8]>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// It came through a tunnel of the host: its router is none of the link.
    pub tunnelled: bool,
    /// A selection wants it.
    pub selected: bool,
}

impl Heard {
    /// A router says with it that addresses come by DHCPv6.
    pub fn is_managed(&self) -> bool {
        let packet = nd::Packet::new(&self.bytes);
        self.protocol == Protocol::Icmpv6
            && packet.is_advertisement()
            && packet.header().is_some_and(|header| header.flags() & nd::flag::MANAGED != 0)
    }
}

/// A finding, and where it was seen.
#[derive(Clone, Debug)]
pub struct Told {
    /// What was found.
    pub finding: Finding6,
    /// The client, where it is about one alone.
    pub client: Option<String>,
    /// The frames it rests on, the first of them.
    pub frames: Vec<u64>,
    /// How often.
    pub count: u64,
    /// First and last time, nanoseconds since 1970.
    pub seen: (i64, i64),
}

impl Told {
    /// Its code in the one table of codes.
    pub fn id(&self) -> Id {
        Id::Link(self.finding.code, self.finding.severity, self.finding.reference)
    }

    /// The servers or routers it is about.
    pub fn whose(&self) -> Vec<String> {
        let routers = self.finding.routers.iter().map(ToString::to_string);
        self.finding.servers.iter().cloned().chain(routers).collect()
    }
}

/// What a client asked, what came, and where that stands.
#[derive(Debug, Default)]
struct Exchange {
    /// The link, and the client on it by its DUID.
    key: Key,
    /// The message that began it: SOLICIT, or what asks for a lease.
    solicit: Option<Heard>,
    /// REQUEST, RENEW, REBIND.
    request: Option<Heard>,
    inform: Option<Heard>,
    offers: Vec<Heard>,
    stateless: Vec<Heard>,
    reply: Option<Heard>,
    bytes: usize,
}

impl Exchange {
    fn asked(&self) -> impl Iterator<Item = &Heard> {
        [&self.solicit, &self.request, &self.inform].into_iter().flatten()
    }
}

/// A link, and a client on it by its DUID.
type Key = (u32, Box<[u8]>);

/// Puts messages into scenes.
#[derive(Debug, Default)]
pub struct Story {
    /// Exchanges that are not over, by their numbers.
    open: BTreeMap<u64, Exchange>,
    /// The latest exchange of a client, which its information request is told with.
    latest: HashMap<Key, u64>,
    /// Information requests that are told with another exchange, by their numbers.
    with: BTreeMap<u64, u64>,
    links: BTreeMap<u32, BTreeMap<Ipv6Addr, Heard>>,
    told: BTreeMap<(&'static str, String), Told>,
    kept: usize,
    last: i64,
    /// Findings that were too many to be told.
    pub untold: u64,
}

impl Story {
    /// Takes the next message, and what it became when it was joined.
    pub fn take(&mut self, heard: &Heard, joined: Joined) {
        self.last = self.last.max(heard.time);
        self.problems(heard);
        match heard.protocol {
            Protocol::Icmpv6 => self.router(heard),
            Protocol::Dhcpv6 => self.message(heard, joined),
            Protocol::Dhcpv4 => {}
        }
    }

    /// An exchange has closed: what is said of it, worst first.
    pub fn closed(&mut self, exchange: &Exchange6) -> Vec<Diagnosis> {
        let mut said: Vec<Diagnosis> = Vec::new();
        // They are bounded, and so are their kinds.
        for (frame, problem) in exchange.problems.iter().take(PROBLEMS) {
            let id = Id::Link(problem.code.name(), problem.severity(), problem.code.reference());
            let message = problem.to_string();
            match said.iter_mut().find(|one| one.id == id && one.message == message) {
                Some(one) if one.frames.last() == Some(frame) => {}
                Some(one) => one.frames.push(*frame),
                None => said.push(Diagnosis { id, frames: vec![*frame], message }),
            }
        }
        said.extend(self.close(exchange.extra.serial));
        said.sort_by_key(|diagnosis| std::cmp::Reverse(diagnosis.id.severity()));
        said
    }

    /// Nothing more comes: everything that was found, the worst first.
    pub fn finish(&mut self) -> Vec<Told> {
        while let Some(serial) = self.open.keys().next().copied() {
            self.close(serial);
        }
        for routers in std::mem::take(&mut self.links).into_values() {
            let scene = Scene { routers: advertised(routers.values()), ..Scene::default() };
            let found: Vec<Finding6> =
                findings(&scene).into_iter().filter(|finding| finding.servers.is_empty()).collect();
            for finding in found {
                let told: Vec<&Heard> = routers.values().filter(|heard| of_router(&finding, heard)).collect();
                self.tell(finding, None, &told);
            }
        }
        let mut told: Vec<Told> = std::mem::take(&mut self.told).into_values().collect();
        told.sort_by_key(|told| (std::cmp::Reverse(told.finding.severity), told.frames.first().copied()));
        told
    }

    /// What is wrong with a message alone.
    fn problems(&mut self, heard: &Heard) {
        if heard.problems.is_empty() || !heard.selected {
            return;
        }
        let facts = (heard.protocol == Protocol::Dhcpv6).then(|| Facts::of(&heard.bytes));
        let from_server = facts.as_ref().is_some_and(|facts| facts.kind.is_from_server());
        let duid = |id: Option<&[u8]>| id.map(|id| Duid::from(id).to_string());
        let source = heard.source.map(|source| source.to_string());
        let (servers, client) = match &facts {
            Some(facts) if from_server => (duid(facts.server_id).or(source), None),
            Some(facts) => (None, duid(facts.client_id).or(source)),
            None => (None, None),
        };
        let routers = if facts.is_none() { heard.source.into_iter().collect() } else { Vec::new() };
        for problem in &heard.problems {
            let finding = Finding6 {
                code: problem.code.name(),
                severity: problem.severity(),
                message: problem.to_string(),
                servers: servers.clone().into_iter().collect(),
                routers: routers.clone(),
                field: None,
                reference: problem.code.reference(),
            };
            self.tell(finding, client.as_deref(), &[heard]);
        }
    }

    fn router(&mut self, heard: &Heard) {
        let Some(source) = heard.source else { return };
        // Hosts ignore what is not valid, and so do these findings.
        let believed = !heard.tunnelled && !heard.problems.iter().any(Problem::is_malformed);
        if !believed || !nd::Packet::new(&heard.bytes).is_advertisement() || heard.bytes.len() > LONGEST {
            return;
        }
        let full = self.links.len() >= LINKS;
        let Some(link) = (if full {
            self.links.get_mut(&heard.place)
        } else {
            Some(self.links.entry(heard.place).or_default())
        }) else {
            return;
        };
        if link.len() < ROUTERS || link.contains_key(&source) {
            link.insert(source, heard.clone());
        }
    }

    fn message(&mut self, heard: &Heard, joined: Joined) {
        // What is said again, or seen again, asks and answers nothing new.
        if joined.role != Some(Role::First) || heard.bytes.len() > LONGEST {
            return;
        }
        let facts = Facts::of(&heard.bytes);
        let Some(client) = facts.client_id else { return };
        let key = (heard.place, Box::from(client.get(..130).unwrap_or(client)));
        if facts.kind.is_from_client() {
            self.question(key, facts.kind, heard, joined.serial);
        } else if let Some(asked) = joined.answers {
            self.answer(&facts, heard, joined.serial, asked);
        }
    }

    fn question(&mut self, key: Key, kind: MessageType, heard: &Heard, serial: u64) {
        let informs = kind == MessageType::INFORMATION_REQUEST;
        let earlier = self.latest.get(&key).copied().filter(|_| informs);
        let with = earlier.filter(|id| self.open.get(id).is_some_and(|open| open.inform.is_none()));
        // What gives back asks nothing that could be answered wrongly.
        let asks = [MessageType::SOLICIT, MessageType::REQUEST, MessageType::RENEW, MessageType::REBIND];
        if !informs && !asks.contains(&kind) {
            return;
        }
        if let Some(with) = with.filter(|with| *with != serial) {
            self.with.insert(serial, with);
        } else {
            self.latest.insert(key.clone(), serial);
        }
        let id = with.unwrap_or(serial);
        self.open.entry(id).or_insert_with(|| Exchange { key, ..Exchange::default() });
        self.keep(id, heard, |open, heard| match kind {
            MessageType::SOLICIT => open.solicit = open.solicit.take().or(Some(heard)),
            MessageType::INFORMATION_REQUEST => open.inform = Some(heard),
            _ => open.request = Some(heard),
        });
    }

    fn answer(&mut self, facts: &Facts<'_>, heard: &Heard, serial: u64, asked: Letter) {
        let id = self.with.get(&serial).copied().unwrap_or(serial);
        let Some(open) = self.open.get(&id) else { return };
        let is_new = |kept: &[Heard]| {
            kept.len() < ANSWERS && kept.iter().all(|one| Facts::of(&one.bytes).server_id != facts.server_id)
        };
        let commits = facts.kind == MessageType::REPLY && facts.rapid_commit;
        match asked {
            Letter::Solicit if (facts.kind == MessageType::ADVERTISE || commits) && is_new(&open.offers) => {
                self.keep(id, heard, |open, heard| open.offers.push(heard));
            }
            Letter::InformationRequest if is_new(&open.stateless) => {
                self.keep(id, heard, |open, heard| open.stateless.push(heard));
            }
            Letter::Request | Letter::Renew | Letter::Rebind if open.reply.is_none() => {
                self.keep(id, heard, |open, heard| open.reply = Some(heard));
            }
            _ => {}
        }
    }

    /// Keeps a message of an exchange; the oldest exchanges make room.
    fn keep(&mut self, id: u64, heard: &Heard, put: impl FnOnce(&mut Exchange, Heard)) {
        let size = heard.bytes.len().saturating_add(size_of::<Heard>());
        let Some(open) = self.open.get_mut(&id) else { return };
        open.bytes = open.bytes.saturating_add(size);
        self.kept = self.kept.saturating_add(size);
        put(open, heard.clone());
        while self.kept > KEPT
            && let Some(oldest) = self.open.keys().next().copied()
        {
            self.close(oldest);
        }
    }

    /// The exchange of this number is over: what was found in it.
    fn close(&mut self, serial: u64) -> Vec<Diagnosis> {
        self.with.remove(&serial);
        let Some(open) = self.open.remove(&serial) else { return Vec::new() };
        self.kept = self.kept.saturating_sub(open.bytes);
        let key = &open.key;
        if self.latest.get(key) == Some(&serial) {
            self.latest.remove(key);
        }
        if !open.asked().any(|heard| heard.selected) {
            return Vec::new();
        }
        // Whom a relay speaks for is on another link, whose routers are not heard.
        let relayed = open.asked().any(|heard| !Facts::of(&heard.bytes).relays.is_empty());
        let routers = self.links.get(&key.0).filter(|_| !relayed).cloned().unwrap_or_default();
        let scene = Scene {
            asked: asked(&open),
            offers: open.offers.iter().map(said).collect(),
            stateless: open.stateless.iter().map(said).collect(),
            routers: advertised(routers.values()),
            held: self.held(&open),
            ..Scene::default()
        };
        // What concerns routers alone is told once a link.
        let found: Vec<Finding6> =
            findings(&scene).into_iter().filter(|finding| !finding.servers.is_empty()).collect();
        let client = Duid::from(&*key.1).to_string();
        let mut diagnoses = Vec::new();
        for finding in found {
            let answers = open.offers.iter().chain(&open.stateless).chain(&open.reply);
            let from: Vec<&Heard> = answers
                .filter(|heard| finding.servers.contains(&said(heard).server()))
                .chain(routers.values().filter(|heard| of_router(&finding, heard)))
                .collect();
            let mut frames: Vec<u64> = from.iter().map(|heard| heard.frame).collect();
            frames.sort_unstable();
            diagnoses.push(Diagnosis {
                id: Id::Link(finding.code, finding.severity, finding.reference),
                frames,
                message: finding.message.clone(),
            });
            self.tell(finding, Some(&client), &from);
        }
        diagnoses
    }

    /// What became of the lease that was asked for; nothing is said of an answer that may still come.
    fn held<'a>(&self, open: &'a Exchange) -> Option<Held<'a>> {
        let request = open.request.as_ref()?;
        if open.reply.is_none() && self.last.saturating_sub(request.time) < GRACE {
            return None;
        }
        let facts = Facts::of(&request.bytes);
        Some(Held {
            asked: facts.kind,
            reply: open.reply.as_ref().map(said),
            before: facts.addresses().map(|lease| lease.address).collect(),
        })
    }

    fn tell(&mut self, finding: Finding6, client: Option<&str>, from: &[&Heard]) {
        let times = || from.iter().map(|heard| heard.time);
        let (first, last) = (times().min().unwrap_or(self.last), times().max().unwrap_or(self.last));
        let mut key = finding.message.clone();
        for name in finding.servers.iter().cloned().chain(finding.routers.iter().map(ToString::to_string)) {
            key.push('\n');
            key.push_str(&name);
        }
        let key = (finding.code, key);
        if self.told.len() >= TOLD && !self.told.contains_key(&key) {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        let told = self.told.entry(key).or_insert_with(|| Told {
            finding,
            client: client.map(str::to_owned),
            frames: Vec::new(),
            count: 0,
            seen: (first, last),
        });
        if told.client.as_deref() != client {
            told.client = None;
        }
        told.count = told.count.saturating_add(1);
        told.seen = (told.seen.0.min(first), told.seen.1.max(last));
        for heard in from {
            if told.frames.len() < FRAMES && !told.frames.contains(&heard.frame) {
                told.frames.push(heard.frame);
            }
        }
        told.frames.sort_unstable();
    }
}

fn of_router(finding: &Finding6, heard: &Heard) -> bool {
    heard.source.is_some_and(|source| finding.routers.contains(&source))
}

fn said(heard: &Heard) -> Said<'_> {
    Said {
        facts: Facts::of(&heard.bytes),
        source: heard.source,
        mac: heard.mac,
        source_port: heard.source_port,
        looked: None,
        mismatch: None,
    }
}

fn advertised<'a>(heard: impl Iterator<Item = &'a Heard>) -> Vec<Router<'a>> {
    let router = |heard: &'a Heard| {
        let packet = nd::Packet::new(&heard.bytes);
        let mut outline = nd::Outline::default();
        outline.read(&packet, heard.bytes.len(), false);
        Some(Router { advert: Advert::read(&packet, &outline)?, source: heard.source? })
    };
    heard.filter_map(router).collect()
}

/// What a client asked for, as far as its messages say. Nobody is missed who may only not have been seen.
fn asked(open: &Exchange) -> Asked {
    let solicit = open.solicit.as_ref().or(open.request.as_ref()).map(|heard| Facts::of(&heard.bytes));
    let Some(facts) = solicit else { return Asked::default() };
    Asked {
        ias: facts.ias.iter().map(|ia| (ia.kind, ia.iaid)).collect(),
        lengths: facts.prefixes().map(|lease| lease.length).filter(|length| *length > 0).collect(),
        rapid_commit: facts.rapid_commit,
        relays: facts.relays.iter().rev().map(|relay| (relay.link, relay.interface_id.is_some())).collect(),
        ..Asked::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::transaction::tests6::{Way, link_local, mac, put};
    use crate::analysis::transaction::{Batch, Both, Closed, Item, Options};
    use crate::wire::options::{nd as ndopt, v6 as opt};
    use crate::wire::v6::message::{Message, ia, ia_addr};
    use crate::wire::v6::types::ALL_RELAYS_AND_SERVERS;

    const SECOND: i64 = 1_000_000_000;

    fn heard(frame: u64, seconds: i64, number: u8, protocol: Protocol, bytes: Vec<u8>) -> Heard {
        Heard {
            frame,
            time: seconds.saturating_mul(SECOND),
            place: 1,
            source: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into())),
            mac: Some(Mac([2, 0, 0, 0, 0, number])),
            source_port: if number < 10 { 546 } else { 547 },
            protocol,
            bytes: bytes.into(),
            problems: Vec::new(),
            tunnelled: false,
            selected: true,
        }
    }

    /// A message of client 1 or of server `number`.
    fn message(kind: MessageType, xid: u32, number: u8, build: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::new(kind, xid);
        message.add_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, 0, 0, 1]);
        if number >= 10 {
            message.add_option(opt::SERVERID, [0, 3, 0, 1, 2, 0, 0, 0, 0, number]);
        }
        build(&mut message);
        message.encode()
    }

    fn lease(t1: u32, t2: u32) -> impl FnOnce(&mut Message) {
        move |message| {
            let inside = ia_addr("2001:db8::5".parse().unwrap(), 500, 1000, &[]);
            message.add_option(opt::IA_NA, ia(1, t1, t2, &[inside]));
        }
    }

    fn wish(message: &mut Message) {
        message.add_option(opt::IA_NA, ia(1, 0, 0, &[]));
    }

    fn advert(frame: u64, number: u8, flags: u8, lifetime: u16) -> Heard {
        let mut message = nd::Message::advertisement(64, flags, lifetime);
        message.add_option(ndopt::MTU, &[0, 0, 0, 0, 5, 220]);
        heard(frame, 0, number, Protocol::Icmpv6, message.encode())
    }

    /// Takes a message that was joined.
    fn hear(heard: &Heard, joiner: &mut Both, story: &mut Story) {
        let mut batch = Batch::default();
        let source = heard.source.unwrap();
        let client = heard.source_port == 546;
        let way = Way {
            frame: heard.frame,
            time: Some(heard.time),
            interface: heard.place.to_string(),
            macs: (heard.mac.unwrap(), mac(1)),
            ips: (source, if client { ALL_RELAYS_AND_SERVERS } else { link_local(1) }),
            ports: (heard.source_port, if client { 547 } else { 546 }),
            vlans: Vec::new(),
            outbound: false,
        };
        put(&way, heard.protocol, &heard.bytes, &heard.problems, &mut batch);
        joiner.batch(&batch, |item, joined| match item {
            Item::Six(_) | Item::Router(_) => story.take(heard, joined),
            _ => {}
        });
        for closed in joiner.take_closed() {
            if let Closed::Six(exchange) = closed {
                story.closed(&exchange);
            }
        }
    }

    /// Code, count and frames of everything that is told of these.
    fn told(all: &[Heard]) -> Vec<(&'static str, u64, Vec<u64>)> {
        let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
        for heard in all {
            hear(heard, &mut joiner, &mut story);
        }
        story.finish().into_iter().map(|told| (told.finding.code, told.count, told.frames)).collect()
    }

    fn exchange(at: i64, xid: u32, times: (u32, u32), frame: u64) -> Vec<Heard> {
        let say = |frame, number, bytes| heard(frame, at, number, Protocol::Dhcpv6, bytes);
        vec![
            say(frame, 1, message(MessageType::SOLICIT, xid, 1, wish)),
            say(
                frame.saturating_add(1),
                10,
                message(MessageType::ADVERTISE, xid, 10, lease(times.0, times.1)),
            ),
        ]
    }

    #[test]
    fn what_a_server_says_wrongly_is_told_once_and_counted() {
        let mut all = exchange(0, 7, (600, 300), 1);
        // Seen on both sides of a relay, and again by the next exchange.
        all.push(Heard { frame: 3, ..all[1].clone() });
        all.extend(exchange(60, 8, (600, 300), 4));
        assert_eq!(told(&all), [("t1-after-t2", 2, vec![2, 5])]);
        assert_eq!(told(&exchange(0, 7, (300, 600), 1)), []);
        // An answer to nobody is none.
        assert_eq!(told(&all[1..2]), []);
    }

    #[test]
    fn nothing_is_concluded_from_what_was_not_seen() {
        let solicit = &exchange(0, 7, (0, 0), 1)[..1];
        assert_eq!(told(solicit), []);
        let managed = advert(9, 20, nd::flag::MANAGED, 1800);
        assert_eq!(told(&[solicit[0].clone(), managed]), []);
    }

    #[test]
    fn a_request_is_unanswered_when_time_went_by() {
        let mut all = exchange(0, 7, (300, 600), 1);
        all.push(heard(3, 1, 1, Protocol::Dhcpv6, message(MessageType::REQUEST, 9, 1, wish)));
        assert_eq!(told(&all), []);
        all.push(advert(4, 20, 0x80, 1800));
        all[3].time = 8 * SECOND;
        let codes: Vec<_> = told(&all).into_iter().map(|(code, ..)| code).collect();
        assert_eq!(codes, ["request-unanswered", "address-not-on-link"]);
        let reply = message(MessageType::REPLY, 9, 10, lease(300, 600));
        all.insert(3, heard(5, 1, 10, Protocol::Dhcpv6, reply));
        assert!(told(&all).iter().all(|(code, ..)| *code != "request-unanswered"));
    }

    #[test]
    fn a_relayed_client_is_judged_by_no_router_of_the_servers_link() {
        let direct = exchange(0, 7, (300, 600), 2);
        let router = advert(1, 20, 0, 1800);
        let all = |exchange: &[Heard]| told(&[std::slice::from_ref(&router), exchange].concat());
        let codes: Vec<_> = all(&direct).into_iter().map(|(code, ..)| code).collect();
        assert_eq!(codes, ["address-not-on-link", "server-without-flag"]);
        let envelope = |heard: &Heard, kind| {
            let link = "2001:db8:2::1".parse().unwrap();
            let bytes = Message::relay(kind, 0, link, link_local(1), &heard.bytes).encode();
            Heard { bytes: bytes.into(), source_port: 547, ..heard.clone() }
        };
        let solicit = Heard { source_port: 546, ..envelope(&direct[0], MessageType::RELAY_FORW) };
        assert_eq!(all(&[solicit, envelope(&direct[1], MessageType::RELAY_REPL)]), []);
    }

    #[test]
    fn routers_are_told_of_once_a_link() {
        let all = [advert(1, 20, 0x80, 1800), advert(2, 21, 0, 1800), advert(3, 20, 0x80, 1800)];
        assert_eq!(
            told(&all),
            [("routers-disagree", 1, vec![2, 3]), ("several-default-routers", 1, vec![2, 3])]
        );
        // Another link is another matter, and so is a tunnel of some host.
        let elsewhere = [all[0].clone(), Heard { place: 2, ..all[1].clone() }];
        assert_eq!(told(&elsewhere), []);
        let tunnel = [all[0].clone(), Heard { tunnelled: true, ..all[1].clone() }];
        assert_eq!(told(&tunnel), []);
        // What nobody selected is not told of; what hosts ignore is not believed.
        let problem = Problem::outer(crate::wire::problem::Code::HopLimitNot255, [64, 0, 0]);
        let ignored = Heard { problems: vec![problem], ..all[1].clone() };
        assert_eq!(told(&[all[0].clone(), ignored]), [("hop-limit-not-255", 1, vec![2])]);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut joiner, mut story) = (Both::new(Options::default()), Story::default());
        for number in 0..15_000_u32 {
            let [_, a, b, c] = number.to_be_bytes();
            let mut solicit = Message::new(MessageType::SOLICIT, number);
            solicit.add_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, a, b, c]);
            solicit.add_option(opt::USER_CLASS, [0; 3000]);
            let solicit = heard(number.into(), 0, 1, Protocol::Dhcpv6, solicit.encode());
            hear(&solicit, &mut joiner, &mut story);
        }
        assert!(story.kept <= KEPT && story.open.len() < 12_000, "{} {}", story.kept, story.open.len());
        assert!(story.finish().is_empty());
    }
}
