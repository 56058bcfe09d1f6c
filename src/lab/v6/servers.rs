//! The DHCPv6 servers and routers of a segment: who answers what, and when.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::query::{Dhcp, Dns, Query};
use super::server::{Answer, Server};
use crate::lab::cable::{Cable, Link};
use crate::lab::ra::Routers;
use crate::lab::resolver::Resolver;
use crate::lab::settings::{Settings, Silence};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::Envelope6;
use crate::wire::frame::build::{Ethernet, Ipv6};
use crate::wire::frame::numbers::icmpv6;
use crate::wire::nd::HOP_LIMIT;
use crate::wire::neighbor::{Neighbor, solicited_node};
use crate::wire::options::v6 as opt;
use crate::wire::v6::MessageType;
use crate::wire::v6::packet::find;
use crate::wire::v6::types::{ALL_RELAYS_AND_SERVERS, ALL_SERVERS, CLIENT_PORT, SERVER_PORT};

/// Checks that may be under way.
const MAX_PENDING: usize = 4096;
/// Hop limit of what is sent to one receiver.
const UNICAST_HOP_LIMIT: u8 = 64;

/// All DHCPv6 servers and routers of a segment, and what they have under way.
#[derive(Debug)]
pub struct Servers {
    settings: Settings,
    all: Arc<[Server]>,
    routers: Routers,
    /// Per server: when it is done with what it was given.
    busy_until: Vec<Instant>,
    checks: Vec<Pending>,
    resolver: Resolver<Ipv6Addr>,
    spare: Vec<u8>,
}

/// An advertisement that waits until nobody answered for its address.
#[derive(Debug)]
struct Pending {
    server: usize,
    address: Ipv6Addr,
    due: Instant,
    client: Vec<u8>,
    /// The frame that asked.
    frame: Vec<u8>,
}

impl Servers {
    /// Servers without leases, as the settings say; none where the lab does not speak IPv6.
    pub fn new(settings: &Settings) -> Option<Self> {
        settings.six.as_ref()?;
        let servers = settings.identities6().into_iter().map(Server::new).collect();
        Some(Self::with(settings, servers, true))
    }

    /// The same servers for another thread: the leases are shared.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self::with(&self.settings, Arc::clone(&self.all), false)
    }

    fn with(settings: &Settings, servers: Arc<[Server]>, unasked: bool) -> Self {
        Self {
            routers: Routers::new(settings.routers(), unasked),
            settings: settings.clone(),
            busy_until: vec![Instant::default(); servers.len()],
            all: servers,
            checks: Vec::new(),
            resolver: Resolver::default(),
            spare: Vec::new(),
        }
    }

    /// Its servers.
    pub fn all(&self) -> &[Server] {
        &self.all
    }

    /// Takes a frame.
    pub fn receive(&mut self, cable: &mut Cable, frame: &[u8]) {
        match Query::read(frame) {
            Some(Query::Dhcp(query)) => {
                for server in 0..self.all.len() {
                    self.serve(cable, server, &query, frame);
                }
            }
            Some(Query::RouterSolicitation(link, asker)) if self.settings.silent != Some(Silence::All) => {
                self.routers.answer(cable, &link, asker);
            }
            Some(Query::Neighbor(link, from, neighbor)) => self.neighbor(cable, &link, from, &neighbor),
            Some(Query::Echo(link, addrs, body)) => self.answer_echo(cable, &link, addrs, body),
            Some(Query::Dns(asked)) => self.answer_dns(cable, &asked),
            Some(Query::RouterSolicitation(..)) | None => {}
        }
    }

    /// Does what is due.
    pub fn advance(&mut self, cable: &mut Cable) {
        let now = cable.now;
        while self.checks.first().is_some_and(|check| check.due <= now) {
            let check = self.checks.remove(0);
            if let Some(Query::Dhcp(query)) = Query::read(&check.frame)
                && let Some(answer) = self.all.get(check.server).and_then(|server| server.answer(&query, now))
            {
                self.reply(cable, check.server, &query, &answer, now);
            }
        }
        for ask in self.resolver.ask_again(now) {
            cable.emit(&ask, now);
        }
        if self.settings.silent != Some(Silence::All) {
            self.routers.advance(cable);
        }
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        let check = self.checks.first().map(|check| check.due);
        [check, self.resolver.next_due(), self.routers.next_due()].into_iter().flatten().min()
    }

    fn serve(&mut self, cable: &mut Cable, number: usize, query: &Dhcp<'_>, frame: &[u8]) {
        if self.settings.silent == Some(Silence::All) {
            return;
        }
        let Some(server) = self.all.get(number) else { return };
        let me = &server.identity;
        let hears = query.link.dst.is_multicast() || query.link.dst == me.mac;
        let groups = [ALL_RELAYS_AND_SERVERS, ALL_SERVERS, me.link_local, me.global];
        if !hears || !groups.contains(&query.addrs.1) {
            return;
        }
        server.withdraw(query, cable.now);
        let Some(now) = self.busy_until.get_mut(number).and_then(|busy| cable.turn(busy, true)) else {
            return;
        };
        if query.kind == MessageType::SOLICIT
            && !self.checks.is_empty()
            && self
                .checks
                .iter()
                .any(|check| check.server == number && Some(check.client.as_slice()) == query.client_id)
        {
            // It is asked again while it still looks: the advertisement is on its way.
            return;
        }
        let Some(answer) = server.answer(query, now) else { return };
        match answer.first {
            Some(address) if self.settings.slow_check.is_some() && self.checks.len() < MAX_PENDING => {
                self.look_first(cable, number, query, frame, address, now);
            }
            _ => self.reply(cable, number, query, &answer, now),
        }
    }

    /// Looks whether an address is in use before it is advertised.
    fn look_first(
        &mut self,
        cable: &mut Cable,
        number: usize,
        query: &Dhcp<'_>,
        frame: &[u8],
        address: Ipv6Addr,
        now: Instant,
    ) {
        let Some(server) = self.all.get(number) else { return };
        let due = now.after(self.settings.check_time);
        let client = query.client_id.unwrap_or(&[]).to_vec();
        let pending = Pending { server: number, address, due, client, frame: frame.to_vec() };
        let at = self.checks.partition_point(|other| other.due <= due);
        self.checks.insert(at, pending);
        let mut ask = Vec::new();
        let me = &server.identity;
        solicit(&mut ask, query.link.tags, (me.mac, me.link_local), address);
        cable.emit(&ask, now);
    }

    /// Sends an answer to where the message came from.
    fn reply(&mut self, cable: &mut Cable, number: usize, query: &Dhcp<'_>, answer: &Answer, now: Instant) {
        let Some(server) = self.all.get(number) else { return };
        let me = &server.identity;
        let src = if query.was_multicast() { me.link_local } else { query.addrs.1 };
        let dst = query.addrs.0;
        let to = match query.relays.first() {
            None => CLIENT_PORT,
            // A relay that says its port is answered there (RFC 8357 §5.3).
            Some(relay) if find(relay.options, opt::RELAY_PORT).is_some() => query.port,
            Some(_) => SERVER_PORT,
        };
        let ip = Ipv6 { src, dst, hop_limit: UNICAST_HOP_LIMIT };
        let solicits = self.settings.six.as_ref().is_some_and(|six| six.solicit);
        let resolve = solicits && (dst.is_unicast_link_local() || self.settings.on_link6(dst));
        let known = if resolve { self.resolver.known(dst) } else { Some(query.link.src) };
        let ethernet = Ethernet { dst: known.unwrap_or(query.link.src), src: me.mac, tags: query.link.tags };
        let ports = (SERVER_PORT, to);
        let message = |out: &mut Vec<u8>| server.write(query, answer, out);
        if cable.quick && known.is_some() {
            let span = ethernet.udp6(&mut cable.arena, &ip, ports, message);
            cable.ready.push(span);
            return;
        }
        let mut buffer = std::mem::take(&mut self.spare);
        buffer.clear();
        ethernet.udp6(&mut buffer, &ip, ports, message);
        if known.is_some() {
            cable.emit(&buffer, now);
        } else {
            let (mac, tags) = (me.mac, query.link.tags);
            let ask = self.resolver.wait(dst, &buffer, now, |out| solicit(out, tags, (mac, src), dst));
            if let Some(ask) = ask {
                cable.emit(ask, now);
            }
        }
        self.spare = buffer;
    }

    fn neighbor(&mut self, cable: &mut Cable, link: &Link<'_>, from: Ipv6Addr, neighbor: &Neighbor) {
        if !neighbor.asks {
            self.is_at(cable, neighbor.target, neighbor.link_layer.unwrap_or(link.src));
            return;
        }
        if from.is_unspecified() {
            // Somebody asks whether the address is free, and takes it.
            self.in_use(cable, neighbor.target);
        }
        let Some(own) = self.holder(neighbor.target) else { return };
        let (mac, to) = if from.is_unspecified() {
            (Envelope6::group_mac(crate::wire::nd::ALL_NODES), crate::wire::nd::ALL_NODES)
        } else {
            (link.src, from)
        };
        let mut frame = Vec::new();
        let ip = Ipv6 { src: neighbor.target, dst: to, hop_limit: HOP_LIMIT };
        let ethernet = Ethernet { dst: mac, src: own, tags: link.tags };
        ethernet.icmpv6(&mut frame, &ip, &neighbor.answer(own, from).encode());
        cable.emit(&frame, cable.now);
    }

    fn answer_echo(
        &mut self,
        cable: &mut Cable,
        link: &Link<'_>,
        (from, to): (Ipv6Addr, Ipv6Addr),
        body: &[u8],
    ) {
        let Some(own) = self.holder(to).filter(|own| link.dst == *own || link.dst.is_multicast()) else {
            return;
        };
        let mut message = vec![icmpv6::ECHO_REPLY, 0, 0, 0];
        message.extend(body);
        let mut frame = Vec::new();
        let ip = Ipv6 { src: to, dst: from, hop_limit: UNICAST_HOP_LIMIT };
        Ethernet { dst: link.src, src: own, tags: link.tags }.icmpv6(&mut frame, &ip, &message);
        cable.emit(&frame, cable.now);
    }

    /// Servers and routers know no name, and say so: an answer all the same (RFC 1035 §4.1.1).
    fn answer_dns(&mut self, cable: &mut Cable, asked: &Dns<'_>) {
        let (from, to) = asked.addrs;
        let Some(own) = self.holder(to) else { return };
        let ip = Ipv6 { src: to, dst: from, hop_limit: UNICAST_HOP_LIMIT };
        let ethernet = Ethernet { dst: asked.link.src, src: own, tags: asked.link.tags };
        let mut frame = Vec::new();
        ethernet.udp6(&mut frame, &ip, (asked.ports.1, asked.ports.0), |out| {
            let start = out.len();
            out.extend(asked.message);
            if let Some(flags) = out.get_mut(start..).and_then(|message| message.get_mut(2..4)) {
                // An answer; recursion is to be had; no error, and no record.
                flags.copy_from_slice(&[0x81, 0x80]);
            }
        });
        cable.emit(&frame, cable.now);
    }

    /// Somebody has this address: waiting replies can go, and advertisements of it cannot.
    fn is_at(&mut self, cable: &mut Cable, addr: Ipv6Addr, mac: Mac) {
        for frame in self.resolver.is_at(addr, mac) {
            cable.emit(&frame, cable.now);
        }
        self.in_use(cable, addr);
    }

    fn in_use(&mut self, cable: &Cable, addr: Ipv6Addr) {
        for check in &mut self.checks {
            if check.address == addr
                && let Some(server) = self.all.get(check.server)
            {
                // What is advertised when the check ends is then another address.
                server.conflict(addr, cable.now);
                check.address = Ipv6Addr::UNSPECIFIED;
            }
        }
    }

    /// Who on the far end has an address.
    fn holder(&self, addr: Ipv6Addr) -> Option<Mac> {
        let mut servers = self.all.iter().map(|server| &server.identity);
        if let Some(me) = servers.find(|me| [me.link_local, me.global].contains(&addr)) {
            return Some(me.mac);
        }
        if let Some(router) = self.routers.all().iter().find(|router| router.link_local == addr) {
            return Some(router.mac);
        }
        let squats = self.settings.occupied && self.all.iter().any(|server| server.owns(addr));
        squats.then_some(Mac([2, 0, 0, 0, 0x99, 0x99]))
    }
}

/// Asks where `target` is, everybody who may have it.
fn solicit(out: &mut Vec<u8>, tags: &[u8], (mac, src): (Mac, Ipv6Addr), target: Ipv6Addr) {
    let dst = solicited_node(target);
    let ethernet = Ethernet { dst: Envelope6::group_mac(dst), src: mac, tags };
    let ip = Ipv6 { src, dst, hop_limit: HOP_LIMIT };
    ethernet.icmpv6(out, &ip, &Neighbor::solicitation(target, Some(mac)).encode());
}
