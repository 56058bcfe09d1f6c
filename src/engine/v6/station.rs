//! One client's place on a link of IPv6: what every machine of DHCPv6 does alike. Frames wait here to be sent, stamps of what left
//! are kept, a next hop is found, neighbours that look for the client are answered where nobody else does, and what comes in is
//! sorted.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::draft::Draft6;
use super::neighbor::{MLD_ROUTERS, Seen, Word, mld_report};
use super::watch::{Check6, Reason6, Stranger6, Stray, Watch6};
use crate::engine::machine::{Arrival, Event, Remark, Sense, Transmit};
use crate::engine::outbox::Outbox;
use crate::time::{Instant, Timestamp};
use crate::wire::Mac;
use crate::wire::frame::{Checksum, Datagram, Envelope6, Ports, Protocol, Vlans, Walked, Walker};
use crate::wire::nd;
use crate::wire::neighbor::{Neighbor, solicited_node};
use crate::wire::v6::facts::Relay;
use crate::wire::v6::{Duid, Facts, MessageType, Packet};

/// Transmissions whose stamps are kept, the latest.
const MAX_SENDS: usize = 4096;
/// How long a neighbour may take (RFC 4861 §10: `RETRANS_TIMER`).
const NEIGHBOR_WAIT: Duration = Duration::from_secs(1);
/// How often it is asked (RFC 4861 §10: `MAX_MULTICAST_SOLICIT`).
const NEIGHBOR_TRIES: u32 = 3;

/// A message that was received, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer6 {
    /// When it came.
    pub at: Instant,
    /// The kernel's stamp of it.
    pub time: Timestamp,
    /// The whole frame; that of the last fragment where it came in several.
    pub frame: Vec<u8>,
    /// The message, the outermost one.
    pub payload: Vec<u8>,
    /// Which protocol it is.
    pub protocol: Protocol,
    /// Who sent the frame.
    pub source_mac: Option<Mac>,
    /// Who sent the packet.
    pub source_ip: Option<Ipv6Addr>,
    /// UDP source port; 0 for router discovery.
    pub source_port: u16,
    /// Whom the packet was for.
    pub destination: Option<Ipv6Addr>,
    /// VLAN tags it came with.
    pub vlans: Vlans,
    /// Which of the transactions it answers, from 0.
    pub lane: usize,
    /// Which transmission of that it answers, from 1.
    pub answers: u32,
    /// When that was sent.
    pub sent_at: Option<Instant>,
    /// When the first was.
    pub first_sent_at: Option<Instant>,
    /// How often it came, this time included.
    pub copies: u32,
    /// Other addresses and prefixes that the same server offered later on; at most 64.
    pub other_addresses: Vec<Ipv6Addr>,
    /// The server looked for the client first.
    pub check: Option<Check6>,
    /// In what the envelopes of relays do not mirror those that were sent.
    pub mismatch: Option<String>,
}

impl Answer6 {
    /// Its facts, those of the message that relays carry.
    pub fn facts(&self) -> Facts<'_> {
        Facts::of(&self.payload)
    }

    /// The facts of a router advertisement.
    pub fn advert(&self) -> Option<nd::Advert<'_>> {
        if self.protocol != Protocol::Icmpv6 {
            return None;
        }
        let packet = nd::Packet::new(&self.payload);
        let mut outline = nd::Outline::default();
        outline.read(&packet, self.payload.len(), false);
        nd::Advert::read(&packet, &outline)
    }

    /// How many bytes it takes to keep.
    pub fn weight(&self) -> usize {
        self.frame.len().saturating_add(self.payload.len()).saturating_add(size_of::<Self>())
    }

    /// The server's name.
    pub fn server(&self) -> Option<Duid> {
        self.facts().server_id.map(Duid::from)
    }

    /// What it is, the innermost message.
    pub fn kind(&self) -> MessageType {
        self.facts().kind
    }

    /// Time from the transmission that it answers, in nanoseconds; `None` when that was not seen leaving.
    pub fn latency(&self) -> Option<i64> {
        self.sent_at.map(|sent| self.at.since(sent))
    }

    /// Time from the first transmission, in nanoseconds.
    pub fn since_first(&self) -> Option<i64> {
        self.first_sent_at.map(|sent| self.at.since(sent))
    }

    /// The name of the message in capitals.
    pub fn name(&self) -> String {
        if self.protocol == Protocol::Icmpv6 {
            return "ROUTER ADVERTISEMENT".to_owned();
        }
        self.kind().to_string().to_uppercase()
    }
}

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

/// One transmission.
#[derive(Clone, Copy, Debug)]
struct Sent {
    id: u32,
    lane: usize,
    /// The stamp of the capture handle, and until that is known the time it was handed over.
    at: Instant,
}

/// A next hop that is looked for.
#[derive(Clone, Copy, Debug)]
struct Resolver {
    target: Ipv6Addr,
    tries: u32,
    next: Instant,
}

/// A relay's envelope as it was sent, outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    hop_count: u8,
    link: Ipv6Addr,
    peer: Ipv6Addr,
    interface_id: Option<Vec<u8>>,
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
    client: Option<Duid>,
    /// Transaction identifiers, by lane.
    xids: Vec<Option<u32>>,
    port: u16,
    levels: Vec<Level>,
    sends: VecDeque<Sent>,
    firsts: BTreeMap<usize, Sent>,
    counts: BTreeMap<usize, u32>,
    attempts: BTreeMap<String, u32>,
    outbox: Outbox,
    walker: Walker,
    resolver: Option<Resolver>,
    neighbours: Vec<(Ipv6Addr, Mac)>,
    joined: bool,
}

impl Station6 {
    /// The station of the client that sends `draft` first. `foreign` says that its MAC is not the interface's own: then its
    /// address is answered for.
    pub fn new(draft: &Draft6, client: Option<Duid>, foreign: bool) -> Self {
        let payload = draft.payload();
        let facts = Facts::of(&payload);
        let is_router = draft.protocol() == Protocol::Icmpv6;
        let level = |relay: &Relay<'_>| Level {
            hop_count: relay.hop_count,
            link: relay.link,
            peer: relay.peer,
            interface_id: relay.interface_id.map(<[u8]>::to_vec),
        };
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
            client,
            xids: Vec::new(),
            port: draft.ports.0,
            levels: if is_router { Vec::new() } else { facts.relays.iter().map(level).collect() },
            sends: VecDeque::new(),
            firsts: BTreeMap::new(),
            counts: BTreeMap::new(),
            attempts: BTreeMap::new(),
            outbox: Outbox::default(),
            walker: Walker::new(ports),
            resolver: None,
            neighbours: Vec::new(),
            joined: false,
        }
    }

    /// Says by which transaction identifier the answers of a lane are known; none: they have none.
    pub fn expect(&mut self, lane: usize, xid: Option<u32>) {
        if self.xids.len() <= lane {
            self.xids.resize(lane.saturating_add(1), None);
        }
        if let Some(slot) = self.xids.get_mut(lane) {
            *slot = xid;
        }
    }

    /// How many messages of a lane were handed over.
    pub fn sent(&self, lane: usize) -> u32 {
        self.counts.get(&lane).copied().unwrap_or(0)
    }

    /// How many messages were handed over in all.
    pub fn sent_in_all(&self) -> u32 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Hands over a draft, or asks for its next hop first. True when it was handed over.
    pub fn send(&mut self, draft: &Draft6, lane: usize, now: Instant) -> bool {
        self.join(now);
        let frame = match draft.next_hop {
            None => draft.frame(),
            Some(hop) => {
                let Some((_, mac)) = self.neighbours.iter().find(|(ip, _)| *ip == hop) else {
                    if self.resolver.is_none_or(|resolver| resolver.target != hop) {
                        self.resolver = Some(Resolver { target: hop, tries: 0, next: now });
                    }
                    self.resolve(now);
                    return false;
                };
                draft.frame_to(*mac)
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
        if self.sends.len() >= MAX_SENDS {
            self.sends.pop_front();
        }
        let sent = Sent { id, lane, at: now };
        self.sends.push_back(sent);
        self.firsts.entry(lane).or_insert(sent);
        let count = self.counts.entry(lane).or_default();
        *count = count.saturating_add(1);
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
        Envelope6 {
            dst_mac: Envelope6::group_mac(dst),
            src_mac: self.mac,
            vlans: self.vlans.clone(),
            src: self.source,
            dst,
            hop_limit,
        }
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
        let Some(mut resolver) = self.resolver else { return false };
        if now < resolver.next {
            return true;
        }
        if resolver.tries >= NEIGHBOR_TRIES {
            self.watch.unresolved = Some(resolver.target);
            self.resolver = None;
            return false;
        }
        resolver.tries = resolver.tries.saturating_add(1);
        resolver.next = now.after(NEIGHBOR_WAIT);
        self.resolver = Some(resolver);
        self.solicit_neighbor(resolver.target, false, now);
        true
    }

    /// When to go on with finding the next hop; `None` when nothing is looked for.
    pub fn resolve_deadline(&self) -> Option<Instant> {
        self.resolver.map(|resolver| resolver.next)
    }

    /// True when an answer comes from the host that `to` is an address of: under that address, or another one of the same card. dhcpd
    /// and dnsmasq answer from their link-local address, however they were asked.
    pub fn is_from(&self, answer: &Answer6, to: Ipv6Addr) -> bool {
        let same_card = |(ip, mac): &(Ipv6Addr, Mac)| *ip == to && Some(*mac) == answer.source_mac;
        answer.source_ip == Some(to) || self.neighbours.iter().any(same_card)
    }

    /// Notes that transmission `id` was seen leaving.
    pub fn on_sent(&mut self, id: u32, at: Instant) {
        self.watch.left = self.watch.left.saturating_add(1);
        if let Some(sent) = self.sends.iter_mut().rev().find(|sent| sent.id == id) {
            sent.at = at;
        }
        if let Some(first) = self.firsts.values_mut().find(|first| first.id == id) {
            first.at = at;
        }
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
        if let Some(seen) = Seen::read(arrival.frame) {
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

    fn on_neighbor(&mut self, seen: &Seen, at: Instant) -> Sorted {
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
            Word::Neighbor(Neighbor { asks: true, target, .. }) => {
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
            Word::Neighbor(Neighbor { target, link_layer, .. }) => {
                let mac = link_layer.unwrap_or(seen.mac);
                if self.resolver.is_some_and(|resolver| resolver.target == target) {
                    self.resolver = None;
                    self.neighbours.push((target, mac));
                    return noticed(self, format!("{target} is at {mac}"));
                }
                Sorted::Claim(target, mac)
            }
            Word::Echo if seen.dst == self.source => {
                self.watch.inquire(at, seen.mac);
                noticed(self, format!("somebody pings {}", seen.dst))
            }
            Word::Unreachable { code, to, port } if matches!(port, 546 | 547) && seen.dst == self.source => {
                self.watch.unreachable = Some((seen.src, code, to));
                let what = if code == 4 {
                    "port unreachable".to_owned()
                } else {
                    format!("unreachable (code {code})")
                };
                noticed(self, format!("{} says of {to}: {what}", seen.src))
            }
            _ => Sorted::Done(Remark::UNRELATED),
        }
    }

    fn answer_for(&mut self, target: Ipv6Addr, seen: &Seen, at: Instant) {
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
        match self.judge(datagram) {
            Ok(lane) => Sorted::Answer(Box::new(self.answer(arrival, datagram, Some(lane)))),
            Err(reason) => self.discard(arrival.at, datagram, reason, String::new()),
        }
    }

    /// Whether a server's message is for us, and which lane it belongs to (RFC 9915 §16).
    pub fn judge(&self, datagram: &Datagram<'_>) -> Result<usize, Reason6> {
        if datagram.quoted {
            return Err(Reason6::Quoted);
        }
        let packet = Packet::new(datagram.payload);
        let facts = Facts::of(datagram.payload);
        let relayed = packet.is_relay();
        if !packet.has_header() || datagram.cut || relayed && facts.kind.is_relay() {
            return Err(Reason6::Malformed);
        }
        if relayed == self.levels.is_empty() {
            // A relay's business, or an answer to a client where a relay asked.
            return Err(if relayed { Reason6::OtherClient } else { Reason6::WrongType });
        }
        let lane = self
            .xids
            .iter()
            .position(|xid| xid.is_some() && *xid == facts.xid)
            .or_else(|| self.xids.iter().position(|xid| xid.is_none() && facts.kind.has_flags()))
            .ok_or(Reason6::OtherXid)?;
        match (&self.client, facts.client_id) {
            (Some(own), Some(theirs)) if own.as_slice() != theirs => return Err(Reason6::OtherClient),
            (Some(_), None) if has_client_id(facts.kind) => return Err(Reason6::NoClientId),
            (None, Some(_)) => return Err(Reason6::OtherClient),
            _ => {}
        }
        if facts.server_id.is_none() && has_server_id(facts.kind) {
            return Err(Reason6::NoServerId);
        }
        if datagram.udp.is_some_and(|udp| udp.dst_port != self.port) {
            return Err(Reason6::WrongPort);
        }
        if destination(datagram).is_some_and(|dst| dst.is_multicast()) {
            return Err(Reason6::Multicast);
        }
        if matches!(datagram.checksum, Checksum::Bad | Checksum::Absent) {
            return Err(Reason6::BadChecksum);
        }
        Ok(lane)
    }

    /// Counts a message that does not count, and keeps what explains a failure.
    fn discard(&mut self, at: Instant, datagram: &Datagram<'_>, reason: Reason6, detail: String) -> Sorted {
        let router = datagram.protocol == Protocol::Icmpv6;
        let facts = if router { Facts::default() } else { Facts::of(datagram.payload) };
        let (ip, mac) = source(datagram);
        let port = datagram.udp.map_or(0, |udp| udp.dst_port);
        let (client, server) = (facts.client_id.map(Duid::from), facts.server_id.map(Duid::from));
        // Whatever has our transaction and our name was meant for us.
        let meant = router || self.xids.contains(&facts.xid) && (client.is_none() || client == self.client);
        if meant && !matches!(reason, Reason6::OtherXid | Reason6::OtherClient | Reason6::Quoted) {
            let kind = (!router).then_some(facts.kind);
            self.watch.stray(Stray { reason, kind, server: server.clone(), source: ip, port, detail });
        }
        self.watch.ignore(reason, Stranger6 { count: 0, ip, mac, port, client, server });
        let remark = Remark::new(Sense::Ignored, format!("not ours: {reason}"));
        self.event(at, remark.clone(), (ip, mac));
        Sorted::Done(remark)
    }

    /// Says that an answer that fitted does not count after all.
    pub fn reject(&mut self, answer: &Answer6, reason: Reason6, detail: &str) -> Remark {
        let facts = answer.facts();
        let (client, server) = (facts.client_id.map(Duid::from), facts.server_id.map(Duid::from));
        let (ip, mac, kind) = (answer.source_ip, answer.source_mac, facts.kind);
        if reason != Reason6::OtherServer {
            self.watch.stray(Stray {
                reason,
                kind: Some(kind),
                server: server.clone(),
                source: ip,
                port: self.port,
                detail: detail.to_owned(),
            });
        }
        self.watch.ignore(reason, Stranger6 { count: 0, ip, mac, port: self.port, client, server });
        let text = if detail.is_empty() { reason.to_string() } else { detail.to_owned() };
        let remark = Remark::new(Sense::Ignored, format!("not ours: {text}"));
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
        let of_lane = || self.sends.iter().filter(|sent| sent.lane == lane);
        let before = of_lane().filter(|sent| sent.at <= moment).count().max(1);
        let sent = of_lane().nth(before.saturating_sub(1));
        let forgotten = self.sent(lane).saturating_sub(u32::try_from(of_lane().count()).unwrap_or(u32::MAX));
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
            answers: forgotten.saturating_add(u32::try_from(before).unwrap_or(u32::MAX)),
            sent_at: sent.map(|sent| sent.at),
            first_sent_at: self.firsts.get(&lane).map(|sent| sent.at),
            copies: 1,
            other_addresses: Vec::new(),
            check,
            mismatch: self.mismatch(datagram),
        }
    }

    /// Gives a router's answer the times of the solicitations, which were sent as this lane.
    pub fn timed(&self, mut answer: Answer6, lane: usize) -> Answer6 {
        let mut of_lane = self.sends.iter().rev().filter(|sent| sent.lane == lane);
        let sent = of_lane.find(|sent| sent.at <= answer.at);
        answer.lane = lane;
        answer.sent_at = sent.map(|sent| sent.at);
        answer.first_sent_at = self.firsts.get(&lane).map(|sent| sent.at);
        answer
    }

    /// In what the envelopes do not mirror those that were sent (RFC 9915 §19.3).
    fn mismatch(&self, datagram: &Datagram<'_>) -> Option<String> {
        if self.levels.is_empty() || datagram.protocol != Protocol::Dhcpv6 {
            return None;
        }
        let facts = Facts::of(datagram.payload);
        if facts.relays.len() != self.levels.len() {
            return Some(format!("{} levels came back, {} were sent", facts.relays.len(), self.levels.len()));
        }
        for (number, (got, sent)) in facts.relays.iter().zip(&self.levels).enumerate() {
            let relay = self.levels.len().saturating_sub(number);
            if got.link != sent.link {
                return Some(format!(
                    "relay {relay}: link-address {} came back, {} was sent",
                    got.link, sent.link
                ));
            }
            if got.peer != sent.peer {
                return Some(format!(
                    "relay {relay}: peer-address {} came back, {} was sent",
                    got.peer, sent.peer
                ));
            }
            if got.hop_count != sent.hop_count {
                return Some(format!(
                    "relay {relay}: hop-count {} came back, {} was sent",
                    got.hop_count, sent.hop_count
                ));
            }
            if sent.interface_id.is_some() && got.interface_id != sent.interface_id.as_deref() {
                return Some(format!("relay {relay}: the interface-id did not come back"));
            }
        }
        None
    }
}

/// Why hosts do not believe a router advertisement (RFC 4861 §6.1.2, RFC 6980), in words.
pub fn advert_fault(datagram: &Datagram<'_>) -> Option<(Reason6, String)> {
    let packet = nd::Packet::new(datagram.payload);
    let ip = datagram.ip?;
    if ip.ttl != nd::HOP_LIMIT {
        return Some((Reason6::BadHopLimit, format!("its hop limit is {}, not 255", ip.ttl)));
    }
    let IpAddr::V6(src) = ip.src else { return None };
    if !src.is_unicast_link_local() {
        return Some((Reason6::Malformed, format!("its source {src} is no link-local address")));
    }
    if datagram.checksum == Checksum::Bad {
        return Some((Reason6::BadChecksum, "its checksum is wrong".to_owned()));
    }
    let Some(header) = packet.header().filter(|_| datagram.payload.len() >= nd::ADVERTISEMENT_LEN) else {
        return Some((Reason6::Malformed, "it is shorter than 16 bytes".to_owned()));
    };
    if header.code != 0 {
        return Some((Reason6::Malformed, format!("its ICMPv6 code is {}, not 0", header.code)));
    }
    let mut outline = nd::Outline::default();
    outline.read(&packet, datagram.promised, datagram.cut);
    if !datagram.cut && outline.trailer != datagram.payload.len() {
        return Some((Reason6::Malformed, "it has an option of length 0".to_owned()));
    }
    None
}

/// Messages that name the client.
fn has_client_id(kind: MessageType) -> bool {
    matches!(kind, MessageType::ADVERTISE | MessageType::REPLY | MessageType::RECONFIGURE)
}

/// Messages that name the server.
fn has_server_id(kind: MessageType) -> bool {
    has_client_id(kind) || kind == MessageType::LEASEQUERY_REPLY
}

/// The addresses a datagram came from.
pub fn source(datagram: &Datagram<'_>) -> (Option<Ipv6Addr>, Option<Mac>) {
    let ip = datagram.ip.and_then(|ip| match ip.src {
        IpAddr::V6(ip) => Some(ip),
        IpAddr::V4(_) => None,
    });
    (ip, datagram.link.and_then(|link| link.src).and_then(|src| src.mac()))
}

fn destination(datagram: &Datagram<'_>) -> Option<Ipv6Addr> {
    match datagram.ip?.dst {
        IpAddr::V6(ip) => Some(ip),
        IpAddr::V4(_) => None,
    }
}

/// The client's name in a message that was made elsewhere.
pub fn client_of(payload: &[u8]) -> Option<Duid> {
    Facts::of(payload).client_id.map(Duid::from)
}

/// The option of a message that says who it is from, as text for people.
pub fn server_text(server: Option<&Duid>) -> Cow<'static, str> {
    server.map_or(Cow::Borrowed("a server without name"), |duid| Cow::Owned(duid.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v6::recipe::{Hop, IaWish, Recipe6};
    use crate::wire::frame::{Ip, LinkType, Udp};
    use crate::wire::neighbor::link_local;
    use crate::wire::options::v6 as opt;
    use crate::wire::v6::facts::IaKind;
    use crate::wire::v6::{Item, Message};

    const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);
    const SERVER: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn recipe() -> Recipe6 {
        Recipe6 { ias: vec![IaWish::new(IaKind::Na, 5)], ..Recipe6::new(MAC, link_local(MAC), 7) }
    }

    fn draft(recipe: &Recipe6) -> Draft6 {
        recipe.draft(recipe.message(MessageType::SOLICIT, &recipe.ias, None, 0))
    }

    fn station(recipe: &Recipe6, foreign: bool) -> Station6 {
        let mut station = Station6::new(&draft(recipe), recipe.duid.clone(), foreign);
        station.expect(0, Some(recipe.xid));
        station
    }

    fn advertise() -> Message {
        let mut message = Message::new(MessageType::ADVERTISE, 7);
        message.add_option(opt::CLIENTID, Duid::link_layer(MAC).0);
        message.add_option(opt::SERVERID, [0, 3, 0, 1, 9]);
        message
    }

    fn judged(message: &Message, change: impl FnOnce(&mut Datagram<'_>)) -> Result<usize, Reason6> {
        let bytes = message.encode();
        let mut datagram = Datagram {
            protocol: Protocol::Dhcpv6,
            udp: Some(Udp { src_port: 547, dst_port: 546 }),
            ip: Some(Ip::new(link_local(SERVER).into(), link_local(MAC).into())),
            checksum: Checksum::Good,
            ..Datagram::bare(&bytes)
        };
        change(&mut datagram);
        station(&recipe(), false).judge(&datagram)
    }

    #[test]
    fn only_what_fits_in_everything_is_an_answer() {
        let with = |change: fn(&mut Message)| {
            let mut message = advertise();
            change(&mut message);
            judged(&message, |_| ())
        };
        assert_eq!(with(|_| ()), Ok(0));
        assert_eq!(with(|m| *m = Message::new(m.kind, 8)), Err(Reason6::OtherXid));
        assert_eq!(with(|m| m.set_option(opt::CLIENTID, [0, 3, 0, 1, 1])), Err(Reason6::OtherClient));
        assert_eq!(
            with(|m| {
                m.remove_option(opt::CLIENTID);
            }),
            Err(Reason6::NoClientId)
        );
        assert_eq!(
            with(|m| {
                m.remove_option(opt::SERVERID);
            }),
            Err(Reason6::NoServerId)
        );
        assert_eq!(with(|m| m.add_option(40_000, [1])), Ok(0), "an unknown option is no reason");
        let around = |change: fn(&mut Datagram<'_>)| judged(&advertise(), change);
        assert_eq!(around(|d| d.udp = Some(Udp { src_port: 547, dst_port: 1546 })), Err(Reason6::WrongPort));
        assert_eq!(
            around(|d| d.udp = Some(Udp { src_port: 1547, dst_port: 546 })),
            Ok(0),
            "any source port is allowed"
        );
        let group = IpAddr::V6(nd::ALL_NODES);
        assert_eq!(
            judged(&advertise(), |d| d.ip = d.ip.map(|ip| Ip { dst: group, ..ip })),
            Err(Reason6::Multicast)
        );
        assert_eq!(around(|d| d.checksum = Checksum::Bad), Err(Reason6::BadChecksum));
        assert_eq!(around(|d| d.checksum = Checksum::Absent), Err(Reason6::BadChecksum));
        assert_eq!(around(|d| d.checksum = Checksum::Unknown), Ok(0), "left to the network card");
        assert_eq!(around(|d| d.quoted = true), Err(Reason6::Quoted));
        assert_eq!(around(|d| d.payload = &[2, 0, 0]), Err(Reason6::Malformed));
        let relayed = Message::relay(
            MessageType::RELAY_REPL,
            0,
            link_local(MAC),
            link_local(MAC),
            &advertise().encode(),
        );
        assert_eq!(judged(&relayed, |_| ()), Err(Reason6::OtherClient), "nobody plays a relay here");
    }

    #[test]
    fn a_client_without_a_name_takes_only_answers_without_one() {
        let recipe = Recipe6 { duid: None, ..recipe() };
        let judge = |message: &Message| {
            let bytes = message.encode();
            let datagram =
                Datagram { udp: Some(Udp { src_port: 547, dst_port: 546 }), ..Datagram::bare(&bytes) };
            station(&recipe, false).judge(&datagram)
        };
        assert_eq!(judge(&advertise()), Err(Reason6::OtherClient));
        let mut nameless = advertise();
        nameless.remove_option(opt::CLIENTID);
        assert_eq!(judge(&nameless), Ok(0));
    }

    fn arrival(frame: &[u8]) -> Arrival<'_> {
        Arrival {
            at: Instant::new(1, 0),
            time: Timestamp::default(),
            link: LinkType::ETHERNET,
            frame,
            original_len: frame.len(),
        }
    }

    fn asks(target: Ipv6Addr, src: Ipv6Addr) -> Vec<u8> {
        let envelope = Envelope6 {
            dst_mac: Envelope6::group_mac(solicited_node(target)),
            src_mac: SERVER,
            vlans: Vec::new(),
            src,
            dst: solicited_node(target),
            hop_limit: 255,
        };
        envelope.icmpv6(&Neighbor::solicitation(target, Some(SERVER)).encode(), true)
    }

    fn frames(station: &mut Station6) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut out = Vec::new();
        while station.poll_transmit(&mut out).is_some() {
            found.push(std::mem::take(&mut out));
        }
        found
    }

    #[test]
    fn who_looks_for_a_foreign_client_is_answered_and_nobody_else_is() {
        let own = link_local(MAC);
        let mut foreign = station(&recipe(), true);
        foreign.send(&draft(&recipe()), 0, Instant::new(0, 0));
        let sent = frames(&mut foreign);
        assert_eq!(sent.len(), 2, "the report of the group comes first");
        assert_eq!((sent[0][20], sent[0][62]), (0, 143));
        foreign.on_frame(&arrival(&asks(own, link_local(SERVER))));
        let sent = frames(&mut foreign);
        let seen = Seen::read(&sent[0]).unwrap();
        let Word::Neighbor(answer) = seen.word else { panic!("{seen:?}") };
        assert_eq!(
            (answer.asks, answer.flags, answer.target, answer.link_layer),
            (false, 0x60, own, Some(MAC))
        );
        assert_eq!((seen.mac, seen.src, seen.dst), (MAC, own, link_local(SERVER)));
        for (target, src) in [
            (link_local(SERVER), link_local(Mac([2; 6]))),
            (own, Ipv6Addr::UNSPECIFIED),
            ("fd00::5".parse().unwrap(), own),
        ] {
            foreign.on_frame(&arrival(&asks(target, src)));
            assert!(frames(&mut foreign).is_empty(), "{target} {src}");
        }
        // The kernel answers for the interface's own address.
        let mut own_card = station(&recipe(), false);
        own_card.on_frame(&arrival(&asks(own, link_local(SERVER))));
        assert!(frames(&mut own_card).is_empty());
        assert!(
            own_card.watch.check(Some(SERVER), Instant::new(2, 0)).is_some(),
            "it is noticed all the same"
        );
    }

    #[test]
    fn a_next_hop_is_looked_for_three_times() {
        let to: Ipv6Addr = "fd00:64::1".parse().unwrap();
        let recipe = Recipe6 { to: Some(to), ..recipe() };
        let mut station = station(&recipe, false);
        let mut now = Instant::new(0, 0);
        assert!(!station.send(&draft(&recipe), 0, now));
        let mut asked = frames(&mut station).len();
        while station.resolve(now) {
            asked += frames(&mut station).len();
            now = station.resolve_deadline().unwrap();
        }
        assert_eq!((asked, station.watch.unresolved), (3, Some(to)));
        let mut station = self::station(&recipe, false);
        station.send(&draft(&recipe), 0, now);
        frames(&mut station);
        let envelope = Envelope6 {
            dst_mac: MAC,
            src_mac: SERVER,
            vlans: Vec::new(),
            src: to,
            dst: link_local(MAC),
            hop_limit: 255,
        };
        let answer = Neighbor::solicitation(to, None).answer(SERVER, link_local(MAC));
        station.on_frame(&arrival(&envelope.icmpv6(&answer.encode(), true)));
        assert!(station.send(&draft(&recipe), 0, now));
        assert_eq!(frames(&mut station)[0][..6], SERVER.0);
        for (mac, want) in [(SERVER, true), (Mac([2; 6]), false)] {
            let envelope = Envelope6 { src_mac: mac, src: link_local(mac), ..envelope.clone() };
            let Sorted::Answer(answer) =
                station.on_frame(&arrival(&envelope.udp((547, 546), &advertise().encode())))
            else {
                panic!("an answer")
            };
            assert_eq!(
                station.is_from(&answer, to),
                want,
                "another address of the same card is the same host"
            );
        }
    }

    #[test]
    fn envelopes_must_come_back_as_they_went() {
        let hop = |text: &str| Hop {
            link: text.parse().unwrap(),
            peer: None,
            options: vec![Item::new(opt::INTERFACE_ID, *b"port7")],
            hop_count: None,
        };
        let recipe = Recipe6 { relays: vec![hop("fd00:64::1"), hop("fd00:65::1")], ..recipe() };
        let mut station = station(&recipe, false);
        let own = link_local(MAC);
        let mut reply = |change: fn(&mut Message, &mut Message)| {
            let link = |text: &str| text.parse::<Ipv6Addr>().unwrap();
            let mut inner =
                Message::relay(MessageType::RELAY_REPL, 0, link("fd00:64::1"), own, &advertise().encode());
            inner.set_option(opt::INTERFACE_ID, *b"port7");
            let mut outer =
                Message::relay(MessageType::RELAY_REPL, 1, link("fd00:65::1"), link("fd00:64::1"), &[]);
            outer.set_option(opt::INTERFACE_ID, *b"port7");
            change(&mut outer, &mut inner);
            outer.set_option(opt::RELAY_MSG, inner.encode());
            let envelope = Envelope6 {
                dst_mac: MAC,
                src_mac: SERVER,
                vlans: Vec::new(),
                src: link_local(SERVER),
                dst: own,
                hop_limit: 64,
            };
            let frame = envelope.udp((547, 547), &outer.encode());
            match station.on_frame(&arrival(&frame)) {
                Sorted::Answer(answer) => Ok(answer.mismatch),
                other => Err(format!("{other:?}")),
            }
        };
        assert_eq!(reply(|_, _| ()), Ok(None));
        let told = |found: Result<Option<String>, String>| found.unwrap().unwrap();
        assert!(
            told(reply(|_, inner| {
                inner.remove_option(opt::INTERFACE_ID);
            }))
            .contains("relay 1")
        );
        assert!(told(reply(|outer, _| outer.set_option(opt::INTERFACE_ID, *b"x"))).contains("relay 2"));
        let other_link = |outer: &mut Message, _: &mut Message| {
            if let crate::wire::v6::Head::Relay { link, .. } = &mut outer.head {
                *link = Ipv6Addr::LOCALHOST;
            }
        };
        assert!(told(reply(other_link)).contains("link-address ::1 came back"));
    }

    #[test]
    fn advertisements_that_hosts_do_not_believe() {
        let fault = |hop_limit: u8, src: Ipv6Addr, bytes: &[u8], checksum: Checksum| {
            let ip = Ip { ttl: hop_limit, ..Ip::new(src.into(), nd::ALL_NODES.into()) };
            let datagram =
                Datagram { protocol: Protocol::Icmpv6, ip: Some(ip), checksum, ..Datagram::bare(bytes) };
            advert_fault(&datagram).map(|(reason, _)| reason)
        };
        let good = nd::Message::advertisement(64, 0, 1800).encode();
        let (router, global) = (link_local(SERVER), "fd00::1".parse().unwrap());
        assert_eq!(fault(255, router, &good, Checksum::Good), None);
        assert_eq!(fault(254, router, &good, Checksum::Good), Some(Reason6::BadHopLimit));
        assert_eq!(fault(255, global, &good, Checksum::Good), Some(Reason6::Malformed));
        assert_eq!(fault(255, router, &good, Checksum::Bad), Some(Reason6::BadChecksum));
        assert_eq!(fault(255, router, &good[..12], Checksum::Good), Some(Reason6::Malformed));
        let mut code = good.clone();
        code[1] = 1;
        assert_eq!(fault(255, router, &code, Checksum::Good), Some(Reason6::Malformed));
        let mut zero = good;
        zero.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(fault(255, router, &zero, Checksum::Good), Some(Reason6::Malformed));
    }
}
