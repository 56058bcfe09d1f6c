//! The DHCPv4 servers of a segment, its router and its relay: who answers what, and when.

use std::net::Ipv4Addr;

use super::query::{Arp, Dhcp, Dns, Echo, Link, Query};
use super::server::{Answer, Server};
use crate::lab::cable::Cable;
use crate::lab::desk::{Desk, Pending, know_no_name};
use crate::lab::leases::ClientKey;
use crate::lab::settings::{AddressCheck, PREFIX, ROUTER, Settings, Silence, relay_mac};
use crate::time::Instant;
use crate::wire::arp::Arp as ArpPacket;
use crate::wire::frame::build::{EthernetHeader, Ipv4Header};
use crate::wire::frame::numbers::icmp;
use crate::wire::v4::{MessageType, SERVER_PORT};
use crate::wire::{Mac, Prefix};

/// All DHCPv4 servers of a segment, and what they have under way.
#[derive(Debug)]
pub struct Servers {
    desk: Desk<Server, Ipv4Addr, ClientKey>,
}

impl Servers {
    /// Servers without leases, as the settings say.
    pub fn new(settings: &Settings) -> Self {
        let servers = settings.identities().into_iter().map(Server::new).collect();
        Self { desk: Desk::new(settings, servers) }
    }

    /// The same servers for another thread: the leases are shared.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self { desk: self.desk.twin() }
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
            Some(Query::Arp(arp)) => self.answer_arp(cable, &arp),
            Some(Query::Echo(echo)) => self.answer_echo(cable, &echo),
            Some(Query::Dns(asked)) => self.answer_dns(cable, &asked),
            None => {}
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
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        self.desk.next_due()
    }

    fn serve(&mut self, cable: &mut Cable, number: usize, query: &Dhcp<'_>, frame: &[u8]) {
        if self.desk.settings.silent == Some(Silence::All) {
            return;
        }
        let Some(server) = self.desk.all.get(number) else { return };
        let me = &server.identity;
        let hears = query.was_broadcast() || query.link.dst == me.mac;
        let meant = query.addrs.1 == me.id || is_broadcast(query.addrs.1);
        if !hears || !meant {
            return;
        }
        // What nobody answers is no part of an exchange, and takes no turn.
        let part = !matches!(query.kind, Some(MessageType::RELEASE | MessageType::DECLINE));
        let Some(now) = self.desk.busy_until.get_mut(number).and_then(|busy| cable.turn(busy, part)) else {
            return;
        };
        let Some(server) = self.desk.all.get(number) else { return };
        if query.kind == Some(MessageType::DISCOVER)
            && self.desk.checks_for(number, |client| *client == query.client())
        {
            // It is asked again while it still looks: the offer is on its way.
            return;
        }
        let Some(answer) = server.answer(query, now) else { return };
        match self.desk.settings.slow_check {
            Some(check) if answer.first && self.desk.may_check() => {
                self.look_first(cable, number, check, query, frame, answer.address, now);
            }
            _ => self.reply(cable, number, query, &answer, now),
        }
    }

    /// Looks whether an address is in use before it is offered.
    #[allow(clippy::too_many_arguments, reason = "what is asked, who asks, and where it goes")]
    fn look_first(
        &mut self,
        cable: &mut Cable,
        number: usize,
        check: AddressCheck,
        query: &Dhcp<'_>,
        frame: &[u8],
        address: Ipv4Addr,
        now: Instant,
    ) {
        let Some(server) = self.desk.all.get(number) else { return };
        let (id, mac) = (server.identity.id, server.identity.mac);
        let due = now.after(self.desk.settings.check_time);
        self.desk.check(Pending {
            server: number,
            client: query.client(),
            address: Some(address),
            due,
            frame: frame.to_vec(),
        });
        let mut buffer = std::mem::take(&mut self.desk.spare);
        buffer.clear();
        let tags = query.link.tags;
        let ethernet = EthernetHeader { dst: Mac::BROADCAST, src: mac, tags };
        match check {
            AddressCheck::Arp => ethernet.arp(&mut buffer, &ArpPacket::request(mac, id, address)),
            AddressCheck::Icmp => {
                let body = b"\xdc\x01\x00\x01lab check";
                ethernet.icmp(&mut buffer, &Ipv4Header::new(id, address), icmp::ECHO, body)
            }
        };
        cable.emit(&buffer, now);
        self.desk.spare = buffer;
    }

    /// Sends an answer the way RFC 2131 §4.1 says.
    fn reply(&mut self, cable: &mut Cable, number: usize, query: &Dhcp<'_>, answer: &Answer, now: Instant) {
        let Some(server) = self.desk.all.get(number) else { return };
        let me = &server.identity;
        let relayed = self.desk.settings.relay && me.mac == relay_mac();
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
            resolve = self.desk.settings.resolve && on_segment(query.ciaddr);
            (query.mac().unwrap_or(query.link.src), query.ciaddr)
        } else if query.wants_broadcast() || answer.address.is_unspecified() {
            everybody
        } else {
            query.mac().map_or(everybody, |mac| (mac, answer.address))
        };
        let from_port = if query.port == SERVER_PORT { SERVER_PORT } else { query.port };
        let ethernet = EthernetHeader { dst, src: me.mac, tags: query.link.tags };
        let (ip, ports) = (Ipv4Header::new(source, to), (from_port, query.reply_port()));
        let message = |out: &mut Vec<u8>| server.write(query, answer, via_relay, out);
        if !resolve && cable.quick {
            let span = ethernet.udp(&mut cable.arena, &ip, ports, message);
            cable.ready.push(span);
            return;
        }
        let mut buffer = std::mem::take(&mut self.desk.spare);
        buffer.clear();
        let known = self.desk.resolver.known(to);
        let ethernet = EthernetHeader { dst: known.filter(|_| resolve).unwrap_or(dst), ..ethernet };
        ethernet.udp(&mut buffer, &ip, ports, message);
        if resolve && known.is_none() {
            let (mac, tags) = (me.mac, query.link.tags);
            // Asks where it is, and keeps the frame until that is known.
            let ask = self.desk.resolver.wait(to, &buffer, now, |out| {
                let ethernet = EthernetHeader { dst: Mac::BROADCAST, src: mac, tags };
                ethernet.arp(out, &ArpPacket::request(mac, source, to));
            });
            if let Some(ask) = ask {
                cable.emit(ask, now);
            }
        } else {
            cable.emit(&buffer, now);
        }
        self.desk.spare = buffer;
    }

    fn answer_arp(&mut self, cable: &mut Cable, arp: &Arp<'_>) {
        let (mac, addr) = arp.sender;
        if arp.operation == 2 {
            self.is_at(cable, addr, mac);
            return;
        }
        if arp.operation != 1 {
            return;
        }
        let Some(own) = self.holder(arp.target) else { return };
        let mut frame = Vec::new();
        let reply = ArpPacket::request(mac, addr, arp.target).reply(own);
        EthernetHeader { dst: mac, src: own, tags: arp.link.tags }.arp(&mut frame, &reply);
        cable.emit(&frame, cable.now);
    }

    fn answer_echo(&mut self, cable: &mut Cable, echo: &Echo<'_>) {
        let (from, to) = echo.addrs;
        if !echo.request {
            self.is_at(cable, from, echo.link.src);
            return;
        }
        let Some(own) = self.holder(to).filter(|own| reaches(&echo.link, *own)) else { return };
        let mut frame = Vec::new();
        let ethernet = EthernetHeader { dst: echo.link.src, src: own, tags: echo.link.tags };
        ethernet.icmp(&mut frame, &Ipv4Header::new(to, from), icmp::ECHO_REPLY, echo.body);
        cable.emit(&frame, cable.now);
    }

    /// Servers and router know no name, and say so: an answer all the same (RFC 1035 §4.1.1).
    fn answer_dns(&mut self, cable: &mut Cable, asked: &Dns<'_>) {
        let (from, to) = asked.addrs;
        let Some(own) = self.holder(to) else { return };
        // Straight to it, or through the router, which then brings the answer.
        let through = asked.link.dst == relay_mac();
        if !through && !reaches(&asked.link, own) {
            return;
        }
        let src = if through { relay_mac() } else { own };
        let ethernet = EthernetHeader { dst: asked.link.src, src, tags: asked.link.tags };
        let ports = (asked.ports.1, asked.ports.0);
        let mut frame = Vec::new();
        ethernet.udp(&mut frame, &Ipv4Header::new(to, from), ports, |out| know_no_name(asked.message, out));
        cable.emit(&frame, cable.now);
    }

    /// Somebody has this address: waiting replies can go, and offers of it cannot.
    fn is_at(&mut self, cable: &mut Cable, addr: Ipv4Addr, mac: Mac) {
        self.desk.is_at(cable, addr, mac);
        self.desk.in_use(addr, |server| server.conflict(addr, cable.now));
    }

    /// Who on the far end has an address.
    fn holder(&self, addr: Ipv4Addr) -> Option<Mac> {
        if let Some(server) = self.desk.all.iter().find(|server| server.identity.id == addr) {
            return Some(server.identity.mac);
        }
        if addr == ROUTER {
            return Some(relay_mac());
        }
        let squats = self.desk.settings.occupied && self.desk.all.iter().any(|server| server.owns(addr));
        squats.then_some(Mac([2, 0, 0, 0, 0x99, 0x99]))
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
