//! The far end of the segment as a value: frames and the time in, frames with due times out. No I/O, no clock.
//!
//! It plays every server, the router and the relay behind one cable, and what goes wrong on the cable.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::Ipv4Addr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::settings::{Check, PREFIX, ROUTER, Settings, Silence, relay_mac};
use super::v4::leases::ClientKey;
use super::v4::query::{Arp, Dhcp, Dns, Echo, Link, Query};
use super::v4::server::{Answer, Server};
use crate::time::Instant;
use crate::wire::arp::Arp as ArpPacket;
use crate::wire::frame::build::{Ethernet, Ipv4};
use crate::wire::frame::numbers::icmp;
use crate::wire::v4::{MessageType, SERVER_PORT};
use crate::wire::{Mac, Prefix};

/// How long a host waits for an ARP answer before it asks again, and how often it asks (RFC 1122 §2.3.2.1).
const ARP_WAIT: Duration = Duration::from_secs(1);
const ARP_TRIES: u8 = 3;
/// How much later a frame is that others overtake.
const OVERTAKEN: Duration = Duration::from_millis(3);
/// Frames that may wait; more are lost, as in any queue.
const MAX_WAITING: usize = 65_536;
/// Checks and resolutions that may be under way.
const MAX_PENDING: usize = 4096;
/// How far behind a rate-limited server may fall before it loses messages.
const MAX_BACKLOG: Duration = Duration::from_millis(200);

/// The far end.
#[derive(Debug)]
pub struct Segment {
    settings: Settings,
    servers: Arc<[Server]>,
    random: fastrand::Rng,
    /// Per server: when it is done with what it was given.
    busy_until: Vec<Instant>,
    now: Instant,
    started: Option<Instant>,
    /// Answers leave at once and untouched.
    quick: bool,
    out: Outbox,
    checks: Vec<Pending>,
    resolving: HashMap<Ipv4Addr, Resolving>,
    resolved: HashMap<Ipv4Addr, Mac>,
    spare: Vec<u8>,
}

/// An offer that waits until nobody answered for its address.
#[derive(Debug)]
struct Pending {
    server: usize,
    client: ClientKey,
    address: Ipv4Addr,
    due: Instant,
    /// The frame that asked.
    frame: Vec<u8>,
}

/// Frames that wait for the hardware address of their receiver.
#[derive(Debug)]
struct Resolving {
    tries: u8,
    again: Instant,
    ask: Vec<u8>,
    frames: Vec<Vec<u8>>,
}

/// What is to be sent: now, and later.
#[derive(Debug, Default)]
struct Outbox {
    arena: Vec<u8>,
    ready: Vec<Range<usize>>,
    later: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    sequence: u64,
}

impl Outbox {
    fn put_later(&mut self, due: Instant, frame: Vec<u8>) {
        if self.later.len() < MAX_WAITING {
            self.sequence = self.sequence.wrapping_add(1);
            self.later.push(Reverse((due, self.sequence, frame)));
        }
    }

    fn put_now(&mut self, frame: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(frame);
        self.ready.push(start..self.arena.len());
    }
}

impl Segment {
    /// A segment as the settings say, with nothing leased yet.
    pub fn new(settings: Settings) -> Self {
        let servers: Arc<[Server]> = settings.identities().into_iter().map(Server::new).collect();
        Self::with(settings, servers)
    }

    /// The same segment for another thread: the leases are shared.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self::with(self.settings.clone(), Arc::clone(&self.servers))
    }

    fn with(settings: Settings, servers: Arc<[Server]>) -> Self {
        Self {
            random: fastrand::Rng::with_seed(settings.seed),
            busy_until: vec![Instant::default(); servers.len()],
            quick: settings.is_quick(),
            settings,
            servers,
            now: Instant::default(),
            started: None,
            out: Outbox::default(),
            checks: Vec::new(),
            resolving: HashMap::new(),
            resolved: HashMap::new(),
            spare: Vec::new(),
        }
    }

    /// Its servers.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Takes a frame that arrived at `now`.
    pub fn receive(&mut self, now: Instant, frame: &[u8]) {
        self.now = now;
        self.started.get_or_insert(now);
        if self.happens(self.settings.loss) {
            return;
        }
        match Query::read(frame) {
            Some(Query::Dhcp(query)) => {
                for server in 0..self.servers.len() {
                    self.serve(server, &query, frame);
                }
            }
            Some(Query::Arp(arp)) => self.answer_arp(&arp),
            Some(Query::Echo(echo)) => self.answer_echo(&echo),
            Some(Query::Dns(asked)) => self.answer_dns(&asked),
            None => {}
        }
    }

    /// Does what is due at `now`.
    pub fn advance(&mut self, now: Instant) {
        self.now = now;
        while self.checks.first().is_some_and(|check| check.due <= now) {
            let check = self.checks.remove(0);
            if let Some(Query::Dhcp(query)) = Query::read(&check.frame)
                && let Some(answer) =
                    self.servers.get(check.server).and_then(|server| server.answer(&query, now))
            {
                self.reply(check.server, &query, &answer, now);
            }
        }
        self.ask_again();
        while let Some(Reverse((due, _, _))) = self.out.later.peek()
            && *due <= now
            && let Some(Reverse((_, _, frame))) = self.out.later.pop()
        {
            self.out.put_now(&frame);
        }
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        let later = self.out.later.peek().map(|Reverse((due, _, _))| *due);
        let check = self.checks.first().map(|check| check.due);
        let again = self.resolving.values().map(|waiting| waiting.again).min();
        [later, check, again].into_iter().flatten().min()
    }

    /// The frames to send now: where they lie in the buffer.
    pub fn ready(&self) -> (&[u8], &[Range<usize>]) {
        (&self.out.arena, &self.out.ready)
    }

    /// Forgets the frames to send now, after they were sent.
    pub fn sent(&mut self) {
        self.out.arena.clear();
        self.out.ready.clear();
    }

    fn serve(&mut self, number: usize, query: &Dhcp<'_>, frame: &[u8]) {
        if self.settings.silent == Some(Silence::All) {
            return;
        }
        let Some(server) = self.servers.get(number) else { return };
        let me = &server.identity;
        let hears = query.was_broadcast() || query.link.dst == me.mac;
        let meant = query.addrs.1 == me.id || is_broadcast(query.addrs.1);
        if !hears || !meant {
            return;
        }
        // What nobody answers is no part of an exchange, and takes no turn.
        let part = !matches!(query.kind, Some(MessageType::RELEASE | MessageType::DECLINE));
        let Some(now) = self.turn(number, part) else { return };
        let Some(server) = self.servers.get(number) else { return };
        if query.kind == Some(MessageType::DISCOVER)
            && !self.checks.is_empty()
            && self.checks.iter().any(|check| check.server == number && check.client == query.client())
        {
            // It is asked again while it still looks: the offer is on its way.
            return;
        }
        let Some(answer) = server.answer(query, now) else { return };
        match self.settings.slow_check {
            Some(check) if answer.first && self.checks.len() < MAX_PENDING => {
                self.look_first(number, check, query, frame, answer.address, now);
            }
            _ => self.reply(number, query, &answer, now),
        }
    }

    /// When this server is done with a message that arrives now; none when it is too far behind.
    fn turn(&mut self, number: usize, part: bool) -> Option<Instant> {
        let now = self.now;
        let mut start = now;
        if let Some(stall) = self.settings.stall
            && let Some(since) = self.started.map(|started| now.since(started))
            && let Ok(period @ 1..) = i64::try_from(stall.period.as_nanos())
            && let Some(into) = since.checked_rem_euclid(period)
            && let Some(left) =
                i64::try_from(stall.length.as_nanos()).ok().and_then(|length| length.checked_sub(into))
            && let Ok(left @ 1..) = u64::try_from(left)
        {
            start = now.after(Duration::from_nanos(left));
        }
        if let Some(rate) = self.settings.rate_limit.filter(|_| part)
            && let Some(busy) = self.busy_until.get_mut(number)
        {
            // A full exchange is two messages.
            let cost = Duration::try_from_secs_f64(0.5 / rate).unwrap_or(Duration::MAX);
            start = start.max(*busy);
            if start.since(now) > i64::try_from(MAX_BACKLOG.as_nanos()).unwrap_or(i64::MAX) {
                return None;
            }
            *busy = start.after(cost);
            start = *busy;
        }
        Some(start)
    }

    /// Looks whether an address is in use before it is offered.
    fn look_first(
        &mut self,
        number: usize,
        check: Check,
        query: &Dhcp<'_>,
        frame: &[u8],
        address: Ipv4Addr,
        now: Instant,
    ) {
        let Some(server) = self.servers.get(number) else { return };
        let (id, mac) = (server.identity.id, server.identity.mac);
        let due = now.after(self.settings.check_time);
        let pending = Pending { server: number, client: query.client(), address, due, frame: frame.to_vec() };
        let at = self.checks.partition_point(|other| other.due <= due);
        self.checks.insert(at, pending);
        let mut buffer = std::mem::take(&mut self.spare);
        buffer.clear();
        let tags = query.link.tags;
        let ethernet = Ethernet { dst: Mac::BROADCAST, src: mac, tags };
        match check {
            Check::Arp => ethernet.arp(&mut buffer, &ArpPacket::request(mac, id, address)),
            Check::Icmp => {
                let body = b"\xdc\x01\x00\x01lab check";
                ethernet.icmp(&mut buffer, &Ipv4::new(id, address), icmp::ECHO, body)
            }
        };
        self.emit(&buffer, now);
        self.spare = buffer;
    }

    /// Sends an answer the way RFC 2131 §4.1 says.
    fn reply(&mut self, number: usize, query: &Dhcp<'_>, answer: &Answer, now: Instant) {
        let Some(server) = self.servers.get(number) else { return };
        let me = &server.identity;
        let relayed = self.settings.relay && me.mac == relay_mac();
        let on_link = query.was_broadcast() && query.giaddr.is_unspecified();
        let via_relay = (relayed && on_link).then_some(ROUTER);
        let denied = answer.kind == Some(MessageType::NAK);
        let source = via_relay.unwrap_or(me.id);
        let everybody = (Mac::BROADCAST, Ipv4Addr::BROADCAST);
        let mut resolve = false;
        let (dst, to) = if !query.giaddr.is_unspecified() {
            (query.link.src, query.giaddr)
        } else if denied {
            everybody
        } else if !query.ciaddr.is_unspecified() {
            resolve = self.settings.resolve && on_segment(query.ciaddr);
            (query.mac().unwrap_or(query.link.src), query.ciaddr)
        } else if query.wants_broadcast() || answer.address.is_unspecified() {
            everybody
        } else {
            query.mac().map_or(everybody, |mac| (mac, answer.address))
        };
        let from_port = if query.port == SERVER_PORT { SERVER_PORT } else { query.port };
        let ethernet = Ethernet { dst, src: me.mac, tags: query.link.tags };
        let (ip, ports) = (Ipv4::new(source, to), (from_port, query.reply_port()));
        let message = |out: &mut Vec<u8>| server.write(query, answer, via_relay, out);
        if !resolve && self.quick {
            let span = ethernet.udp(&mut self.out.arena, &ip, ports, message);
            self.out.ready.push(span);
            return;
        }
        let mut buffer = std::mem::take(&mut self.spare);
        buffer.clear();
        let known = self.resolved.get(&to).copied();
        let ethernet = Ethernet { dst: known.filter(|_| resolve).unwrap_or(dst), ..ethernet };
        ethernet.udp(&mut buffer, &ip, ports, message);
        let sender = (me.mac, source);
        if resolve && known.is_none() {
            self.resolve(query.link.tags, sender, to, &buffer, now);
        } else {
            self.emit(&buffer, now);
        }
        self.spare = buffer;
    }

    /// Asks where `target` is, and keeps the frame until that is known.
    fn resolve(
        &mut self,
        tags: &[u8],
        sender: (Mac, Ipv4Addr),
        target: Ipv4Addr,
        frame: &[u8],
        now: Instant,
    ) {
        if let Some(waiting) = self.resolving.get_mut(&target) {
            if waiting.frames.len() < 3 {
                waiting.frames.push(frame.to_vec());
            }
            return;
        }
        if self.resolving.len() >= MAX_PENDING {
            return;
        }
        let mut ask = Vec::new();
        let (mac, addr) = sender;
        let ethernet = Ethernet { dst: Mac::BROADCAST, src: mac, tags };
        ethernet.arp(&mut ask, &ArpPacket::request(mac, addr, target));
        self.emit(&ask, now);
        let again = now.after(ARP_WAIT);
        self.resolving.insert(target, Resolving { tries: 1, again, ask, frames: vec![frame.to_vec()] });
    }

    fn ask_again(&mut self) {
        let now = self.now;
        let due: Vec<Ipv4Addr> = self
            .resolving
            .iter()
            .filter(|(_, waiting)| waiting.again <= now)
            .map(|(target, _)| *target)
            .collect();
        for target in due {
            let Some(mut waiting) = self.resolving.remove(&target) else { continue };
            if waiting.tries < ARP_TRIES {
                self.emit(&waiting.ask, now);
                waiting.tries = waiting.tries.saturating_add(1);
                waiting.again = now.after(ARP_WAIT);
                self.resolving.insert(target, waiting);
            }
        }
    }

    fn answer_arp(&mut self, arp: &Arp<'_>) {
        let (mac, addr) = arp.sender;
        if arp.operation == 2 {
            self.is_at(addr, mac);
            return;
        }
        if arp.operation != 1 {
            return;
        }
        let Some(own) = self.holder(arp.target) else { return };
        let mut frame = Vec::new();
        let reply = ArpPacket::request(mac, addr, arp.target).reply(own);
        Ethernet { dst: mac, src: own, tags: arp.link.tags }.arp(&mut frame, &reply);
        self.emit(&frame, self.now);
    }

    fn answer_echo(&mut self, echo: &Echo<'_>) {
        let (from, to) = echo.addrs;
        if !echo.request {
            self.is_at(from, echo.link.src);
            return;
        }
        let Some(own) = self.holder(to).filter(|own| reaches(&echo.link, *own)) else { return };
        let mut frame = Vec::new();
        let ethernet = Ethernet { dst: echo.link.src, src: own, tags: echo.link.tags };
        ethernet.icmp(&mut frame, &Ipv4::new(to, from), icmp::ECHO_REPLY, echo.body);
        self.emit(&frame, self.now);
    }

    /// Servers and router know no name, and say so: an answer all the same (RFC 1035 §4.1.1).
    fn answer_dns(&mut self, asked: &Dns<'_>) {
        let (from, to) = asked.addrs;
        let Some(own) = self.holder(to) else { return };
        // Straight to it, or through the router, which then brings the answer.
        let through = asked.link.dst == relay_mac();
        if !through && !reaches(&asked.link, own) {
            return;
        }
        let src = if through { relay_mac() } else { own };
        let ethernet = Ethernet { dst: asked.link.src, src, tags: asked.link.tags };
        let ports = (asked.ports.1, asked.ports.0);
        let mut frame = Vec::new();
        ethernet.udp(&mut frame, &Ipv4::new(to, from), ports, |out| {
            let start = out.len();
            out.extend(asked.message);
            if let Some(flags) = out.get_mut(start..).and_then(|message| message.get_mut(2..4)) {
                // An answer; recursion is to be had; no error, and no record.
                flags.copy_from_slice(&[0x81, 0x80]);
            }
        });
        self.emit(&frame, self.now);
    }

    /// Somebody has this address: waiting replies can go, and offers of it cannot.
    fn is_at(&mut self, addr: Ipv4Addr, mac: Mac) {
        if let Some(waiting) = self.resolving.remove(&addr) {
            if self.resolved.len() >= MAX_WAITING {
                self.resolved.clear();
            }
            self.resolved.insert(addr, mac);
            for mut frame in waiting.frames {
                for (to, from) in frame.iter_mut().zip(mac.0) {
                    *to = from;
                }
                self.emit(&frame, self.now);
            }
        }
        for check in &mut self.checks {
            if check.address == addr
                && let Some(server) = self.servers.get(check.server)
            {
                // What is offered when the check ends is then another address.
                server.conflict(addr, self.now);
                check.address = Ipv4Addr::UNSPECIFIED;
            }
        }
    }

    /// Who on the far end has an address.
    fn holder(&self, addr: Ipv4Addr) -> Option<Mac> {
        if let Some(server) = self.servers.iter().find(|server| server.identity.id == addr) {
            return Some(server.identity.mac);
        }
        if addr == ROUTER {
            return Some(relay_mac());
        }
        let squats = self.settings.occupied && self.servers.iter().any(|server| server.owns(addr));
        squats.then_some(Mac([2, 0, 0, 0, 0x99, 0x99]))
    }

    /// Sends a frame at `due`, through all that can happen to it on the cable.
    fn emit(&mut self, frame: &[u8], due: Instant) {
        let settings = &self.settings;
        let (delay, loss, duplicate, reorder) =
            (settings.delay, settings.loss, settings.duplicate, settings.reorder);
        if self.happens(loss) {
            return;
        }
        let mut due = due.after(delay);
        if self.happens(reorder) {
            due = due.after(OVERTAKEN);
        }
        let copies = if self.happens(duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            if due <= self.now {
                self.out.put_now(frame);
            } else {
                self.out.put_later(due, frame.to_vec());
            }
        }
    }

    fn happens(&mut self, percent: f64) -> bool {
        percent > 0.0 && self.random.f64() * 100.0 < percent
    }
}

fn reaches(link: &Link<'_>, own: Mac) -> bool {
    link.dst == own || link.dst.is_multicast()
}

fn on_segment(addr: Ipv4Addr) -> bool {
    Prefix::of(ROUTER, PREFIX).contains(addr)
}

fn is_broadcast(addr: Ipv4Addr) -> bool {
    addr.is_broadcast() || addr == Prefix::of(ROUTER, PREFIX).broadcast()
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
