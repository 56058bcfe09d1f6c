//! What a capture tells of the links in it: messages of DHCPv6 and router discovery as they come, put into [`Scene`]s, one a client's
//! exchange and one a link, and what is found in these, counted. What an exchange costs does not grow with what was heard before it.
//!
//! A capture shows only what passed by. So nothing is concluded here from what is missing: that nobody answered, or that no router is
//! there, is said by those who asked themselves.

mod kept;
mod links;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::net::Ipv6Addr;
use std::sync::Arc;

use kept::{Exchange, Kept, Part};
use links::Links;

use super::{Finding6, Glance, Said, Scene, findings};
use crate::analysis::diagnosis::{Diagnosis, Id};
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{Exchange6, Joined, Letter, Role};
use crate::wire::frame::Protocol;
use crate::wire::nd;
use crate::wire::problem::Problem;
use crate::wire::v6::types::mac_of_duid;
use crate::wire::v6::{Facts, MessageType, Outline};
use crate::wire::{HwAddr, Mac, digits};

/// So many bytes of messages are kept for scenes that are not over; the oldest scene ends to make room.
const KEPT: usize = 24 << 20;
/// So many bytes of exchanges are kept that were over before a router of their link was heard.
const UNROUTED: usize = 4 << 20;
/// Longer messages are judged alone.
const LONGEST: usize = 4096;
/// Different findings that are told; more are counted.
const TOLD: usize = 10_000;
/// Problems of its messages that are told of one exchange.
const PROBLEMS: usize = 512;
/// Frames named with a finding.
const FRAMES: usize = 16;
/// Problems known to be common among clients.
const COMMON: usize = 32;

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
    /// The message; what is kept of it is in memory once.
    pub bytes: Arc<[u8]>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// It came through a tunnel of the host: its router is none of the link.
    pub tunnelled: bool,
    /// A selection wants it.
    pub selected: bool,
    /// What is seen of it at a glance.
    pub glance: Glance,
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
    /// The client, where it is about one alone: its DUID as digits, else its address.
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

    /// The DUID of the client, where it named one.
    pub fn duid(&self) -> Option<Vec<u8>> {
        self.client.as_deref().and_then(digits::unhex)
    }

    /// The hardware address of the client, as far as its DUID tells.
    pub fn mac(&self) -> Option<HwAddr> {
        self.duid().as_deref().and_then(mac_of_duid).map(HwAddr::from_slice)
    }

    /// The same of this client, in these frames, at these times.
    fn again(&mut self, client: Option<&str>, from: &[(u64, i64)], (first, last): (i64, i64)) {
        if self.client.as_deref() != client {
            self.client = None;
        }
        self.count = self.count.saturating_add(1);
        self.seen = (self.seen.0.min(first), self.seen.1.max(last));
        if self.frames.len() >= FRAMES {
            return;
        }
        for (frame, _) in from {
            if self.frames.len() < FRAMES && !self.frames.contains(frame) {
                self.frames.push(*frame);
            }
        }
        self.frames.sort_unstable();
    }

    /// The servers or routers it is about.
    pub fn whose(&self) -> Vec<String> {
        self.finding.whose()
    }
}

/// Puts messages into scenes.
#[derive(Debug, Default)]
pub struct Story {
    /// Exchanges that are not over, by their numbers.
    open: BTreeMap<u64, Exchange>,
    /// The latest exchange of a client on a link, which its information request is told with.
    latest: KeyedMap<(u32, u64), u64>,
    /// Information requests that are told with another exchange, by their numbers.
    with: BTreeMap<u64, u64>,
    links: Links,
    /// Exchanges that were over before a router was heard on their link, and what they take.
    unrouted: Vec<Exchange>,
    unrouted_bytes: usize,
    told: BTreeMap<(&'static str, String), Told>,
    /// Problems of messages of clients, and where they are told.
    common: Vec<(Problem, (&'static str, String))>,
    kept: usize,
    last: i64,
    /// Memory to read with.
    outline: Outline,
    /// Findings that were too many to be told.
    pub untold: u64,
    /// The input ends: exchanges that close now are not taken apart, for they lie far apart and are cold.
    pub leaves: bool,
}

impl Story {
    /// Takes the next message, and what it became when it was joined.
    pub fn take(&mut self, heard: &Heard, joined: Joined) {
        self.last = self.last.max(heard.time);
        self.problems(heard);
        match heard.protocol {
            Protocol::Icmpv6 if heard.bytes.len() <= LONGEST => self.links.take(heard),
            Protocol::Dhcpv6 => self.message(heard, joined),
            _ => {}
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
        said.extend(self.close(exchange.extra.serial, Some((exchange.extra.ended, exchange.selected))));
        said.sort_by_key(|diagnosis| std::cmp::Reverse(diagnosis.id.severity()));
        said
    }

    /// Nothing more comes: everything that was found, the worst first.
    pub fn finish(&mut self) -> Vec<Told> {
        while let Some(serial) = self.open.keys().next().copied() {
            self.close(serial, None);
        }
        for open in std::mem::take(&mut self.unrouted) {
            self.judge(&open, true);
        }
        for link in std::mem::take(&mut self.links).into_all() {
            let groups = link.routers();
            // What one lacks another may have had of whom too little was heard.
            let lacks = |finding: &Finding6| finding.code == "router-lifetime-zero";
            let whole = groups.len() < 2;
            let found = groups.flat_map(|routers| findings(&Scene { routers, ..Scene::default() }));
            let found = found.filter(|finding| finding.servers.is_empty() && (whole || !lacks(finding)));
            for finding in found {
                let heard = finding.routers.iter().filter_map(|router| link.heard(*router));
                let told: Vec<(u64, i64)> = heard.map(Kept::place).collect();
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
        let kind = heard.bytes.first().map(|kind| MessageType(*kind));
        let by_client = heard.protocol == Protocol::Dhcpv6
            && kind.is_some_and(|kind| !kind.is_relay() && !kind.is_from_server());
        let rest = heard.problems.iter().filter(|problem| !(by_client && self.is_common(problem, heard)));
        let rest: Vec<&Problem> = rest.collect();
        if rest.is_empty() {
            return;
        }
        let outline = &mut self.outline;
        let facts = (heard.protocol == Protocol::Dhcpv6).then(|| Facts::with(&heard.bytes, outline));
        let from_server = facts.as_ref().is_some_and(|facts| facts.kind.is_from_server());
        let duid = |id: Option<&[u8]>| id.map(digits::hex);
        let source = heard.source.map(|source| source.to_string());
        let (servers, client) = match &facts {
            Some(facts) if from_server => (duid(facts.server_id).or(source), None),
            Some(facts) => (None, duid(facts.client_id).or(source)),
            None => (None, None),
        };
        let routers = if facts.is_none() { heard.source.into_iter().collect() } else { Vec::new() };
        for problem in rest {
            let finding = Finding6 {
                code: problem.code.name(),
                severity: problem.severity(),
                message: problem.to_string(),
                servers: servers.clone().into_iter().collect(),
                routers: routers.clone(),
                field: None,
                reference: problem.code.reference(),
            };
            let key = (finding.code, finding.message.clone());
            self.tell(finding, client.as_deref(), &[(heard.frame, heard.time)]);
            let plain = Problem { offset: None, ..*problem };
            let new = by_client && !self.common.iter().any(|(known, _)| *known == plain);
            if new && self.common.len() < COMMON && self.told.contains_key(&key) {
                self.common.push((plain, key));
            }
        }
    }

    /// Counts a problem of a client's message that several clients have: whose it is does not matter any more. False when that is
    /// not known of it.
    fn is_common(&mut self, problem: &Problem, heard: &Heard) -> bool {
        let plain = Problem { offset: None, ..*problem };
        let key = self.common.iter().find(|(known, _)| *known == plain).map(|(_, key)| key);
        let told = key.and_then(|key| self.told.get_mut(key)).filter(|told| told.client.is_none());
        let Some(told) = told else { return false };
        told.again(None, &[(heard.frame, heard.time)], (heard.time, heard.time));
        true
    }

    fn message(&mut self, heard: &Heard, joined: Joined) {
        // What is said again, or seen again, asks and answers nothing new.
        if joined.role != Some(Role::First) || heard.bytes.len() > LONGEST {
            return;
        }
        let (Some(client), Some(letter)) = (joined.client, joined.letter) else { return };
        match letter {
            Letter::Solicit => self.question(client, Part::Solicit, heard, joined.serial),
            Letter::InformationRequest => self.question(client, Part::Inform, heard, joined.serial),
            Letter::Request | Letter::Renew | Letter::Rebind => {
                self.question(client, Part::Request, heard, joined.serial);
            }
            // What gives back asks nothing that could be answered wrongly.
            Letter::Advertise | Letter::Reply => self.answer(heard, joined),
            _ => {}
        }
    }

    fn question(&mut self, client: u64, part: Part, heard: &Heard, serial: u64) {
        let key = (heard.place, client);
        let earlier = if part == Part::Inform { self.latest.get(&key).copied() } else { None };
        let with = earlier.filter(|id| self.open.get(id).is_some_and(|open| !open.has(Part::Inform)));
        if let Some(with) = with.filter(|with| *with != serial) {
            self.with.insert(serial, with);
        } else {
            self.latest.insert(key, serial);
        }
        let id = with.unwrap_or(serial);
        let mut known = 0;
        let open =
            self.open.entry(id).and_modify(|open| known = open.size()).or_insert_with(|| Exchange::of(key));
        open.ask(part, heard);
        self.kept = self.kept.saturating_sub(known).saturating_add(open.size());
        self.make_room();
    }

    fn answer(&mut self, heard: &Heard, joined: Joined) {
        let id = self.with.get(&joined.serial).copied().unwrap_or(joined.serial);
        let (Some(open), Some(asked)) = (self.open.get_mut(&id), joined.answers) else { return };
        let part = match asked {
            Letter::Solicit if joined.letter == Some(Letter::Advertise) || joined.commits => Part::Offer,
            Letter::InformationRequest => Part::Stateless,
            Letter::Request | Letter::Renew | Letter::Rebind => Part::Reply,
            _ => return,
        };
        let known = open.size();
        open.answer(part, joined.server, heard);
        self.kept = self.kept.saturating_sub(known).saturating_add(open.size());
        self.make_room();
    }

    /// The oldest exchanges make room.
    fn make_room(&mut self) {
        while self.kept > KEPT
            && let Some(oldest) = self.open.keys().next().copied()
        {
            self.close(oldest, None);
        }
    }

    /// The exchange of this number is over: what was found in it. `over` says when that was and whether it is wanted; none where it
    /// only makes room, and more may come.
    fn close(&mut self, serial: u64, over: Option<(i64, bool)>) -> Vec<Diagnosis> {
        self.with.remove(&serial);
        let Some(mut open) = self.open.remove(&serial) else { return Vec::new() };
        open.ended = over.map(|(at, _)| at);
        open.selected |= over.is_some_and(|(_, selected)| selected);
        self.kept = self.kept.saturating_sub(open.size());
        if self.latest.get(&open.key) == Some(&serial) {
            self.latest.remove(&open.key);
        }
        if !open.selected {
            return Vec::new();
        }
        let (relayed, routed) = (open.is_relayed(), self.links.get(open.key.0).is_some());
        let plain = (relayed || !routed) && open.is_plain();
        debug_assert!(!plain || self.judge(&open, false).is_empty(), "what is plain has no findings");
        let diagnoses = if plain { Vec::new() } else { self.judge(&open, false) };
        // Routers speak every few minutes: what they say later holds for it too.
        let size = self.unrouted_bytes.saturating_add(open.size());
        if !relayed && !routed && size <= UNROUTED {
            self.unrouted_bytes = size;
            self.unrouted.push(open);
        } else if self.leaves {
            let _ = ManuallyDrop::new(open);
        }
        diagnoses
    }

    /// What is found in an exchange that is over; `late`: what routers that were heard since then say of it.
    fn judge(&mut self, open: &Exchange, late: bool) -> Vec<Diagnosis> {
        let link = self.links.get(open.key.0);
        if late && link.is_none() {
            return Vec::new();
        }
        let before = if late { findings(&open.scene(None, &mut self.outline)) } else { Vec::new() };
        let scene = open.scene(link, &mut self.outline);
        // What concerns routers alone is told once a link.
        let mut found = findings(&scene);
        found.retain(|finding| !finding.servers.is_empty() && !before.contains(finding));
        if found.is_empty() {
            return Vec::new();
        }
        let client = open.client(&mut self.outline);
        let answers: Vec<((u64, i64), String)> =
            open.answers().map(Kept::place).zip(scene.said().map(Said::server)).collect();
        let places = |finding: &Finding6| -> Vec<(u64, i64)> {
            let own = answers.iter().filter(|(_, server)| finding.servers.contains(server));
            let routers = finding.routers.iter().filter_map(|router| link?.heard(*router));
            own.map(|(place, _)| *place).chain(routers.map(Kept::place)).collect()
        };
        let others = |finding: &Finding6| answers.iter().any(|(_, server)| !finding.servers.contains(server));
        let with = |finding: Finding6| (places(&finding), others(&finding), finding);
        let found: Vec<_> = found.into_iter().map(with).collect();
        let mut diagnoses = Vec::new();
        for (from, others, finding) in found {
            let mut frames: Vec<u64> = from.iter().map(|(frame, _)| *frame).collect();
            frames.sort_unstable();
            diagnoses.push(Diagnosis {
                id: Id::Link(finding.code, finding.severity, finding.reference),
                frames,
                // Where others answered too, it says whom it is about.
                message: if others { finding.named() } else { finding.message.clone() },
            });
            self.tell(finding, client.as_deref(), &from);
        }
        diagnoses
    }

    fn tell(&mut self, finding: Finding6, client: Option<&str>, from: &[(u64, i64)]) {
        let times = || from.iter().map(|(_, time)| *time);
        let (first, last) = (times().min().unwrap_or(self.last), times().max().unwrap_or(self.last));
        let mut key = finding.message.clone();
        for name in finding.whose() {
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
        told.again(client, from, (first, last));
    }
}
