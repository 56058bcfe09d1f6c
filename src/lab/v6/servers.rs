//! The DHCPv6 servers and routers of a segment: who answers what, and when.

use std::net::Ipv6Addr;

use super::query::{Dhcp, Dns, Query};
use super::server::{Answer, Server};
use crate::lab::cable::{Cable, Link};
use crate::lab::desk::{Desk, Pending, know_no_name};
use crate::lab::ra::Routers;
use crate::lab::settings::{Settings, Silence};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::Envelope6;
use crate::wire::frame::build::{EthernetHeader, Ipv6Header};
use crate::wire::frame::numbers::icmpv6;
use crate::wire::nd::HOP_LIMIT;
use crate::wire::neighbor::{Neighbor, solicited_node};
use crate::wire::options::v6 as opt;
use crate::wire::v6::MessageType;
use crate::wire::v6::packet::find;
use crate::wire::v6::types::{ALL_RELAYS_AND_SERVERS, ALL_SERVERS, CLIENT_PORT, SERVER_PORT};

/// Hop limit of what is sent to one receiver.
const UNICAST_HOP_LIMIT: u8 = 64;

/// All DHCPv6 servers and routers of a segment, and what they have under way.
#[derive(Debug)]
pub struct Servers {
    /// Clients are known by their DUID.
    desk: Desk<Server, Ipv6Addr, Vec<u8>>,
    routers: Routers,
}

impl Servers {
    /// Servers without leases, as the settings say; none where the lab does not speak IPv6.
    pub fn new(settings: &Settings) -> Option<Self> {
        settings.six.as_ref()?;
        let servers = settings.identities6().into_iter().map(Server::new).collect();
        Some(Self { desk: Desk::new(settings, servers), routers: Routers::new(settings.routers(), true) })
    }

    /// The same servers for another thread: the leases are shared.
    #[must_use]
    pub fn twin(&self) -> Self {
        // One of them advertises unasked.
        let routers = Routers::new(self.desk.settings.routers(), false);
        Self { desk: self.desk.twin(), routers }
    }

    /// Its servers.
    pub fn all(&self) -> &[Server] {
        &self.desk.all
    }

    /// Takes a frame.
    pub fn receive(&mut self, cable: &mut Cable, frame: &[u8]) {
        match Query::read(frame) {
            Some(Query::Dhcp(query)) => {
                for server in 0..self.desk.all.len() {
                    self.serve(cable, server, &query, frame);
                }
            }
            Some(Query::RouterSolicitation(link, asker))
                if self.desk.settings.silent != Some(Silence::All) =>
            {
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
        while let Some(check) = self.desk.checked(now) {
            if let Some(Query::Dhcp(query)) = Query::read(&check.frame)
                && let Some(answer) =
                    self.desk.all.get(check.server).and_then(|server| server.answer(&query, now))
            {
                self.reply(cable, check.server, &query, &answer, now);
            }
        }
        self.desk.ask_again(cable);
        if self.desk.settings.silent != Some(Silence::All) {
            self.routers.advance(cable);
        }
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        [self.desk.next_due(), self.routers.next_due()].into_iter().flatten().min()
    }

    fn serve(&mut self, cable: &mut Cable, number: usize, query: &Dhcp<'_>, frame: &[u8]) {
        if self.desk.settings.silent == Some(Silence::All) {
            return;
        }
        let Some(server) = self.desk.all.get(number) else { return };
        let me = &server.identity;
        let hears = query.link.dst.is_multicast() || query.link.dst == me.mac;
        let groups = [ALL_RELAYS_AND_SERVERS, ALL_SERVERS, me.link_local, me.global];
        if !hears || !groups.contains(&query.addrs.1) {
            return;
        }
        server.withdraw(query, cable.now);
        let Some(now) = self.desk.busy_until.get_mut(number).and_then(|busy| cable.turn(busy, true)) else {
            return;
        };
        if query.kind == MessageType::SOLICIT
            && self.desk.checks_for(number, |client| Some(client.as_slice()) == query.client_id)
        {
            // It is asked again while it still looks: the advertisement is on its way.
            return;
        }
        let Some(answer) = server.answer(query, now) else { return };
        match answer.first {
            Some(address) if self.desk.settings.slow_check.is_some() && self.desk.may_check() => {
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
        let Some(server) = self.desk.all.get(number) else { return };
        let (mac, link_local) = (server.identity.mac, server.identity.link_local);
        let due = now.after(self.desk.settings.check_time);
        let client = query.client_id.unwrap_or(&[]).to_vec();
        self.desk.check(Pending {
            server: number,
            client,
            address: Some(address),
            due,
            frame: frame.to_vec(),
        });
        let mut ask = Vec::new();
        solicit(&mut ask, query.link.tags, (mac, link_local), address);
        cable.emit(&ask, now);
    }

    /// Sends an answer to where the message came from.
    fn reply(&mut self, cable: &mut Cable, number: usize, query: &Dhcp<'_>, answer: &Answer, now: Instant) {
        let Some(server) = self.desk.all.get(number) else { return };
        let me = &server.identity;
        let src = if query.was_multicast() { me.link_local } else { query.addrs.1 };
        let dst = query.addrs.0;
        let to = match query.relays.first() {
            None => CLIENT_PORT,
            // A relay that says its port is answered there (RFC 8357 §5.3).
            Some(relay) if find(relay.options, opt::RELAY_PORT).is_some() => query.port,
            Some(_) => SERVER_PORT,
        };
        let ip = Ipv6Header { src, dst, hop_limit: UNICAST_HOP_LIMIT };
        let solicits = self.desk.settings.six.as_ref().is_some_and(|six| six.solicit);
        let resolve = solicits && (dst.is_unicast_link_local() || self.desk.settings.on_link6(dst));
        let known = if resolve { self.desk.resolver.known(dst) } else { Some(query.link.src) };
        let ethernet =
            EthernetHeader { dst: known.unwrap_or(query.link.src), src: me.mac, tags: query.link.tags };
        let ports = (SERVER_PORT, to);
        let message = |out: &mut Vec<u8>| server.write(query, answer, out);
        if cable.quick && known.is_some() {
            let span = ethernet.udp6(&mut cable.arena, &ip, ports, message);
            cable.ready.push(span);
            return;
        }
        let mut buffer = std::mem::take(&mut self.desk.spare);
        buffer.clear();
        ethernet.udp6(&mut buffer, &ip, ports, message);
        if known.is_some() {
            cable.emit(&buffer, now);
        } else {
            let (mac, tags) = (me.mac, query.link.tags);
            let ask = self.desk.resolver.wait(dst, &buffer, now, |out| solicit(out, tags, (mac, src), dst));
            if let Some(ask) = ask {
                cable.emit(ask, now);
            }
        }
        self.desk.spare = buffer;
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
        let ip = Ipv6Header { src: neighbor.target, dst: to, hop_limit: HOP_LIMIT };
        let ethernet = EthernetHeader { dst: mac, src: own, tags: link.tags };
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
        let ip = Ipv6Header { src: to, dst: from, hop_limit: UNICAST_HOP_LIMIT };
        EthernetHeader { dst: link.src, src: own, tags: link.tags }.icmpv6(&mut frame, &ip, &message);
        cable.emit(&frame, cable.now);
    }

    /// Servers and routers know no name, and say so: an answer all the same (RFC 1035 §4.1.1).
    fn answer_dns(&mut self, cable: &mut Cable, asked: &Dns<'_>) {
        let (from, to) = asked.addrs;
        let Some(own) = self.holder(to) else { return };
        let ip = Ipv6Header { src: to, dst: from, hop_limit: UNICAST_HOP_LIMIT };
        let ethernet = EthernetHeader { dst: asked.link.src, src: own, tags: asked.link.tags };
        let mut frame = Vec::new();
        ethernet
            .udp6(&mut frame, &ip, (asked.ports.1, asked.ports.0), |out| know_no_name(asked.message, out));
        cable.emit(&frame, cable.now);
    }

    /// Somebody has this address: waiting replies can go, and advertisements of it cannot.
    fn is_at(&mut self, cable: &mut Cable, addr: Ipv6Addr, mac: Mac) {
        self.desk.is_at(cable, addr, mac);
        self.in_use(cable, addr);
    }

    fn in_use(&mut self, cable: &Cable, addr: Ipv6Addr) {
        self.desk.in_use(addr, |server| server.conflict(addr, cable.now));
    }

    /// Who on the far end has an address.
    fn holder(&self, addr: Ipv6Addr) -> Option<Mac> {
        let mut servers = self.desk.all.iter().map(|server| &server.identity);
        if let Some(me) = servers.find(|me| [me.link_local, me.global].contains(&addr)) {
            return Some(me.mac);
        }
        if let Some(router) = self.routers.all().iter().find(|router| router.link_local == addr) {
            return Some(router.mac);
        }
        let squats = self.desk.settings.occupied && self.desk.all.iter().any(|server| server.owns(addr));
        squats.then_some(Mac([2, 0, 0, 0, 0x99, 0x99]))
    }
}

/// Asks where `target` is, everybody who may have it.
fn solicit(out: &mut Vec<u8>, tags: &[u8], (mac, src): (Mac, Ipv6Addr), target: Ipv6Addr) {
    let dst = solicited_node(target);
    let ethernet = EthernetHeader { dst: Envelope6::group_mac(dst), src: mac, tags };
    let ip = Ipv6Header { src, dst, hop_limit: HOP_LIMIT };
    ethernet.icmpv6(out, &ip, &Neighbor::solicitation(target, Some(mac)).encode());
}
