//! One client's place on a link of IPv6: what every machine of DHCPv6 does alike. Frames wait here to be sent, stamps of what left
//! are kept, a next hop is found, neighbours that look for the client are answered where nobody else does, and what comes in is
//! sorted.

mod answer;
mod expected;
mod hops;
mod sent;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use super::draft::Draft6;
use super::neighbor::{MLD_ROUTERS, NeighborWord, SeenNeighbor, mld_report};
use super::watch::{Reason6, Stranger6, Stray, Watch6};
use crate::engine::machine::{Arrival, Event, Remark, Sense, Transmit};
use crate::engine::outbox::Outbox;
use crate::time::Instant;
use crate::wire::frame::{Datagram, Envelope6, Ports, Protocol, Walked, Walker};
use crate::wire::neighbor::{Neighbor, solicited_node};
use crate::wire::v6::{Duid, Facts, MessageType, Packet};
use crate::wire::{Mac, nd};
pub use answer::{Answer6, MAX_BYTES};
use expected::{Expected, advert_fault, destination, source};
use hops::{Hops, Step};
use sent::Log;

/// What was made of a frame.
#[derive(Debug)]
pub enum Sorted {
    /// A server's message to us; whether it answers anything is for the machine to say.
    Answer(Box<Answer6>),
    /// A router advertisement that hosts believe.
    Router(Box<Answer6>),
    /// Somebody uses or tests this address.
    Claim(Ipv6Addr, Mac),
    /// Nothing for the machine.
    Done(Remark),
}

/// One client's place on the wire.
#[derive(Clone, Debug)]
pub struct Station6 {
    /// What was seen.
    pub watch: Watch6,
    /// The MAC frames are sent from.
    pub mac: Mac,
    /// The address they are sent from.
    pub source: Ipv6Addr,
    /// The address whose neighbour solicitations are answered: that of a client whose MAC is not the interface's.
    pub stands_for: Option<Ipv6Addr>,
    vlans: Vec<u16>,
    expected: Expected,
    log: Log,
    attempts: BTreeMap<String, u32>,
    outbox: Outbox,
    walker: Walker,
    hops: Hops,
    joined: bool,
}

impl Station6 {
    /// The station of the client that sends `draft` first. `foreign` says that its MAC is not the interface's own: then its
    /// address is answered for.
    pub fn new(draft: &Draft6, client: Option<Duid>, foreign: bool) -> Self {
        let mut ports = Ports::of(&[Protocol::Dhcpv6, Protocol::Icmpv6]);
        for port in [draft.ports.0, draft.ports.1].into_iter().filter(|port| *port != 0) {
            ports.add(port);
        }
        let source = draft.envelope.src;
        Self {
            watch: Watch6::default(),
            mac: draft.envelope.src_mac,
            source,
            stands_for: Some(source).filter(|source| foreign && !source.is_unspecified()),
            vlans: draft.envelope.vlans.clone(),
            expected: Expected::of(draft, client),
            log: Log::default(),
            attempts: BTreeMap::new(),
            outbox: Outbox::default(),
            walker: Walker::new(ports),
            hops: Hops::default(),
            joined: false,
        }
    }

    /// Says by which transaction identifier the answers of a lane are known; none: they have none.
    pub fn expect(&mut self, lane: usize, xid: Option<u32>) {
        self.expected.expect(lane, xid);
    }

    /// How many messages of a lane were handed over.
    pub fn sent(&self, lane: usize) -> u32 {
        self.log.count(lane)
    }

    /// How many messages were handed over in all.
    pub fn sent_in_all(&self) -> u32 {
        self.log.total()
    }

    /// Hands over a draft, or asks for its next hop first. True when it was handed over.
    pub fn send(&mut self, draft: &Draft6, lane: usize, now: Instant) -> bool {
        self.join(now);
        let frame = match draft.next_hop {
            None => draft.frame(),
            Some(hop) => {
                let Some(mac) = self.hops.mac_of(hop) else {
                    self.hops.look_for(hop, now);
                    self.resolve(now);
                    return false;
                };
                draft.frame_to(mac)
            }
        };
        let name = draft.name();
        let attempt = self.attempts.entry(name.clone()).or_default();
        *attempt = attempt.saturating_add(1);
        let text = match *attempt {
            1 => format!("sent {name}"),
            more => format!("sent {name} again ({more})"),
        };
        let remark = Remark::new(Sense::Sent(*attempt), text);
        let id = self.hand_over(frame, remark, now);
        self.log.note(id, lane, now);
        true
    }

    fn hand_over(&mut self, frame: Vec<u8>, remark: Remark, now: Instant) -> u32 {
        self.event(now, remark.clone(), (None, None));
        self.watch.handed = self.watch.handed.saturating_add(1);
        self.outbox.push(frame, remark)
    }

    /// Number of the transmission handed over last.
    pub fn last_id(&self) -> u32 {
        self.outbox.last_id()
    }

    /// Who answers for an address must be sent what asks for it: switches that snoop are told (RFC 4861 §7.2.1).
    fn join(&mut self, now: Instant) {
        let Some(address) = self.stands_for.filter(|_| !std::mem::replace(&mut self.joined, true)) else {
            return;
        };
        let envelope = self.envelope(MLD_ROUTERS, 1);
        let frame = envelope.mld(&mld_report(solicited_node(address)));
        self.hand_over(
            frame,
            Remark::new(Sense::Sent(0), format!("joined the group that asks for {address}")),
            now,
        );
    }

    fn envelope(&self, dst: Ipv6Addr, hop_limit: u8) -> Envelope6 {
        let vlans = self.vlans.clone();
        Envelope6 { vlans, ..Envelope6::to_group(self.mac, self.source, dst, hop_limit) }
    }

    /// Asks who has `target`; `probe`: as one that has no address yet (RFC 4862 §5.4.2).
    pub fn solicit_neighbor(&mut self, target: Ipv6Addr, probe: bool, now: Instant) {
        let mut envelope = self.envelope(solicited_node(target), nd::HOP_LIMIT);
        if probe {
            envelope.src = Ipv6Addr::UNSPECIFIED;
        }
        let message = Neighbor::solicitation(target, (!probe).then_some(self.mac)).encode();
        let text = if probe {
            format!("probed whether {target} is in use")
        } else {
            format!("asked who has {target}")
        };
        self.hand_over(envelope.icmpv6(&message, true), Remark::new(Sense::Sent(0), text), now);
    }

    /// Goes on with finding the next hop. True while it is looked for.
    pub fn resolve(&mut self, now: Instant) -> bool {
        match self.hops.step(now) {
            Step::Idle => false,
            Step::Wait => true,
            Step::Ask(target) => {
                self.solicit_neighbor(target, false, now);
                true
            }
            Step::Failed(target) => {
                self.watch.unresolved = Some(target);
                false
            }
        }
    }

    /// When to go on with finding the next hop; `None` when nothing is looked for.
    pub fn resolve_deadline(&self) -> Option<Instant> {
        self.hops.deadline()
    }

    /// True when an answer comes from the host that `to` is an address of: under that address, or another one of the same card. dhcpd
    /// and dnsmasq answer from their link-local address, however they were asked.
    pub fn is_from(&self, answer: &Answer6, to: Ipv6Addr) -> bool {
        answer.source_ip == Some(to) || self.hops.is_at(to, answer.source_mac)
    }

    /// Notes that transmission `id` was seen leaving.
    pub fn on_sent(&mut self, id: u32, at: Instant) {
        self.watch.left = self.watch.left.saturating_add(1);
        self.log.left(id, at);
    }

    /// Notes that transmission `id` was too long for the link: it was never sent.
    pub fn on_refused(&mut self, id: u32) {
        self.watch.handed = self.watch.handed.saturating_sub(1);
        self.log.forget(id);
    }

    /// Appends the next frame to send.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.outbox.poll_transmit(out)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.poll_event()
    }

    /// Notes an event.
    pub fn event(&mut self, at: Instant, remark: Remark, from: (Option<Ipv6Addr>, Option<Mac>)) {
        self.outbox.event(Event { at, remark, from: (from.0.map(IpAddr::V6), from.1) });
    }

    /// Sorts what came in.
    pub fn on_frame(&mut self, arrival: &Arrival<'_>) -> Sorted {
        if let Some(seen) = SeenNeighbor::read(arrival.frame, &self.vlans) {
            return self.on_neighbor(&seen, arrival.at);
        }
        let mut walker = std::mem::replace(&mut self.walker, Walker::without_reassembly(Ports::default()));
        let mut sorted = None;
        let end = walker.walk(
            arrival.link,
            arrival.frame,
            arrival.original_len,
            arrival.at.nanoseconds(),
            |datagram| {
                if sorted.is_none() {
                    sorted = Some(self.on_datagram(arrival, &datagram));
                }
            },
        );
        self.walker = walker;
        sorted.unwrap_or(Sorted::Done(match end {
            Walked::Kept => Remark::FRAGMENT,
            _ => Remark::UNRELATED,
        }))
    }

    fn on_neighbor(&mut self, seen: &SeenNeighbor, at: Instant) -> Sorted {
        if seen.mac == self.mac {
            return Sorted::Done(Remark::UNRELATED);
        }
        let from = (Some(seen.src), Some(seen.mac));
        let noticed = |station: &mut Self, text: String| {
            let remark = Remark::new(Sense::Noticed, text);
            station.event(at, remark.clone(), from);
            Sorted::Done(remark)
        };
        match seen.word {
            NeighborWord::Neighbor(Neighbor { asks: true, target, .. }) => {
                if seen.src.is_unspecified() {
                    // Somebody is about to take the address.
                    return Sorted::Claim(target, seen.mac);
                }
                if target != self.source {
                    return Sorted::Done(Remark::UNRELATED);
                }
                self.watch.inquire(at, seen.mac);
                let sorted = noticed(self, format!("somebody asks for {target}"));
                if self.stands_for == Some(target) {
                    self.answer_for(target, seen, at);
                }
                sorted
            }
            NeighborWord::Neighbor(Neighbor { target, link_layer, .. }) => {
                let mac = link_layer.unwrap_or(seen.mac);
                if self.hops.found(target, mac) {
                    return noticed(self, format!("{target} is at {mac}"));
                }
                Sorted::Claim(target, mac)
            }
            NeighborWord::Echo if seen.dst == self.source => {
                self.watch.inquire(at, seen.mac);
                noticed(self, format!("somebody pings {}", seen.dst))
            }
            NeighborWord::Unreachable { code, to, port }
                if matches!(port, 546 | 547) && seen.dst == self.source =>
            {
                self.watch.unreachable = Some((seen.src, code, to));
                let what = if code == 4 {
                    "port unreachable".to_owned()
                } else {
                    format!("unreachable (code {code})")
                };
                let remark = Remark::new(Sense::Refused, format!("{} says of {to}: {what}", seen.src));
                self.event(at, remark.clone(), from);
                Sorted::Done(remark)
            }
            _ => Sorted::Done(Remark::UNRELATED),
        }
    }

    fn answer_for(&mut self, target: Ipv6Addr, seen: &SeenNeighbor, at: Instant) {
        self.watch.answered_for = self.watch.answered_for.saturating_add(1);
        let envelope = Envelope6 {
            dst_mac: seen.mac,
            src_mac: self.mac,
            vlans: self.vlans.clone(),
            src: target,
            dst: seen.src,
            hop_limit: nd::HOP_LIMIT,
        };
        let answer = Neighbor::solicitation(target, None).answer(self.mac, seen.src);
        let frame = envelope.icmpv6(&answer.encode(), true);
        let text = format!("answered for {target}, which the client has");
        self.hand_over(frame, Remark::new(Sense::Sent(0), text), at);
    }

    fn on_datagram(&mut self, arrival: &Arrival<'_>, datagram: &Datagram<'_>) -> Sorted {
        match datagram.protocol {
            Protocol::Dhcpv4 => Sorted::Done(Remark::UNRELATED),
            Protocol::Icmpv6 => self.on_router(arrival, datagram),
            Protocol::Dhcpv6 => self.on_dhcp(arrival, datagram),
        }
    }

    fn on_router(&mut self, arrival: &Arrival<'_>, datagram: &Datagram<'_>) -> Sorted {
        if datagram.quoted || !nd::Packet::new(datagram.payload).is_advertisement() {
            return Sorted::Done(Remark::UNRELATED);
        }
        if let Some((reason, detail)) = advert_fault(datagram) {
            return self.discard(arrival.at, datagram, reason, detail);
        }
        self.watch.adverts = self.watch.adverts.saturating_add(1);
        let flags = nd::Packet::new(datagram.payload).header().map_or(0, |header| header.flags());
        if flags & nd::flag::MANAGED != 0 {
            self.watch.managed = self.watch.managed.saturating_add(1);
        }
        Sorted::Router(Box::new(self.answer(arrival, datagram, None)))
    }

    fn on_dhcp(&mut self, arrival: &Arrival<'_>, datagram: &Datagram<'_>) -> Sorted {
        let packet = Packet::new(datagram.payload);
        let kind = packet.message_type().unwrap_or_default();
        if !datagram.quoted && packet.has_header() && !kind.is_from_server() {
            self.watch.others_ask = self.watch.others_ask.saturating_add(1);
            let remark = Remark::new(Sense::Ignored, "not ours: no server's message");
            self.event(arrival.at, remark.clone(), source(datagram));
            return Sorted::Done(remark);
        }
        match self.expected.judge(datagram) {
            Ok(lane) => Sorted::Answer(Box::new(self.answer(arrival, datagram, Some(lane)))),
            Err(reason) => self.discard(arrival.at, datagram, reason, String::new()),
        }
    }

    /// Counts a message that does not count, and keeps what explains a failure.
    fn discard(&mut self, at: Instant, datagram: &Datagram<'_>, reason: Reason6, detail: String) -> Sorted {
        let router = datagram.protocol == Protocol::Icmpv6;
        let facts = if router { Facts::default() } else { Facts::of(datagram.payload) };
        let (ip, mac) = source(datagram);
        let port = datagram.udp.map_or(0, |udp| udp.dst_port);
        let (client, server) = (facts.client_id.map(Duid::from), facts.server_id.map(Duid::from));
        // Whatever has our transaction and our name was meant for us.
        let meant = router || self.expected.is_meant(&facts);
        if meant && !matches!(reason, Reason6::OtherXid | Reason6::OtherClient | Reason6::Quoted) {
            let kind = (!router).then_some(facts.kind);
            self.watch.stray(Stray { reason, kind, server: server.clone(), source: ip, port, detail });
        }
        let ours = self.expected.client.as_ref().map(Duid::as_slice) == facts.client_id
            && (!self.watch.awaits_reply || facts.kind == MessageType::REPLY);
        if reason == Reason6::OtherXid && !ours {
            self.watch.elsewhere = self.watch.elsewhere.saturating_add(1);
        }
        self.watch.ignore(reason, Stranger6 { count: 0, ip, mac, port, client, server });
        let remark = Remark::new(Sense::Ignored, format!("not ours: {reason}"));
        self.event(at, remark.clone(), (ip, mac));
        Sorted::Done(remark)
    }

    /// Says that an answer that fitted, and binds nothing, is of a server that was not asked.
    pub fn reject_unasked(&mut self, answer: &Answer6) -> Remark {
        self.reject_as(Sense::NotAsked, answer, Reason6::OtherServer, "")
    }

    /// Says that an answer that fitted does not count after all.
    pub fn reject(&mut self, answer: &Answer6, reason: Reason6, detail: &str) -> Remark {
        self.reject_as(Sense::Ignored, answer, reason, detail)
    }

    fn reject_as(&mut self, sense: Sense, answer: &Answer6, reason: Reason6, detail: &str) -> Remark {
        let facts = answer.facts();
        let (client, server) = (facts.client_id.map(Duid::from), facts.server_id.map(Duid::from));
        let (ip, mac, kind) = (answer.source_ip, answer.source_mac, facts.kind);
        if reason != Reason6::OtherServer {
            self.watch.stray(Stray {
                reason,
                kind: Some(kind),
                server: server.clone(),
                source: ip,
                port: self.expected.port,
                detail: detail.to_owned(),
            });
        }
        self.watch.ignore(reason, Stranger6 { count: 0, ip, mac, port: self.expected.port, client, server });
        let text = if detail.is_empty() { reason.to_string() } else { detail.to_owned() };
        let remark = Remark::new(sense, format!("not ours: {text}"));
        self.event(answer.at, remark.clone(), (ip, mac));
        remark
    }

    /// Says that an answer counts, or was there already.
    pub fn accept(&mut self, answer: &Answer6, repeated: bool) -> Remark {
        let name = answer.name();
        let remark = if repeated {
            Remark::new(Sense::Repeated, format!("{name} seen before"))
        } else {
            Remark::new(Sense::Accepted, format!("accepted {name}"))
        };
        self.event(answer.at, remark.clone(), (answer.source_ip, answer.source_mac));
        remark
    }

    fn answer(&mut self, arrival: &Arrival<'_>, datagram: &Datagram<'_>, lane: Option<usize>) -> Answer6 {
        let (source_ip, source_mac) = source(datagram);
        let check = lane.and_then(|_| self.watch.check(source_mac, arrival.at));
        let lane = lane.unwrap_or(usize::MAX);
        // A server that was busy looking for us answers the message that made it look, not the last repetition.
        let moment = check.map_or(arrival.at, |check| check.from);
        let asked = self.log.asked(lane, moment);
        Answer6 {
            at: arrival.at,
            time: arrival.time,
            frame: arrival.frame.to_vec(),
            payload: datagram.payload.to_vec(),
            protocol: datagram.protocol,
            source_mac,
            source_ip,
            source_port: datagram.udp.map_or(0, |udp| udp.src_port),
            destination: destination(datagram),
            vlans: datagram.vlans,
            lane,
            answers: asked.number,
            sent_at: asked.at,
            first_sent_at: self.log.first(lane),
            copies: 1,
            other_addresses: Vec::new(),
            check,
            mismatch: self.expected.mismatch(datagram),
        }
    }

    /// Gives a router's answer the times of the solicitations, which were sent as this lane.
    pub fn timed(&self, mut answer: Answer6, lane: usize) -> Answer6 {
        answer.lane = lane;
        answer.sent_at = self.log.latest_before(lane, answer.at);
        answer.first_sent_at = self.log.first(lane);
        answer
    }
}

#[cfg(test)]
mod tests;
