//! A segment with trouble: the honest [`Segment`], and around it what goes wrong on the cable, in the servers' answers and
//! among the neighbours. A value like the segment: frames and the time in, frames with due times out.
//!
//! The cable is a hub: whatever a neighbour says or is told can be heard at the near end too.

mod boot;
mod neighbour;
mod parcel;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::time::Duration;

pub use boot::Boot;
pub use neighbour::{Habits, Neighbour};
pub use parcel::{Parcel, tag};

use super::Segment;
use super::settings::{ROUTER, Settings, relay_mac};
use super::v4::query::Query;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::build::{EthernetHeader, Ipv4Header};
use crate::wire::frame::{Checksum, LinkType, Ports, Walker};
use crate::wire::options::v4 as opt;
use crate::wire::v4::message::Item;
use crate::wire::v4::{MessageType, Op, SERVER_PORT};

/// Frames from neighbours to neighbours that one frame may set off; more would be a loop of our own making.
const MAX_STEPS: usize = 512;

/// Something that is wrong with the network. Several may hold at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The port does not forward for so long after the first frame, as a spanning tree that still listens and learns;
    /// its BPDUs are heard.
    Blocking(Duration),
    /// The port wants IEEE 802.1X: it asks for an identity every two seconds and lets nothing else through.
    Unauthorised,
    /// Nothing passes but frames from this hardware address.
    OnlyMac(Mac),
    /// DHCP is served in this VLAN alone; what comes untagged or in another one is not served.
    OnlyVlan(u16),
    /// Replies leave in this VLAN, whatever VLAN they answer.
    ReplyVlan(u16),
    /// The servers do not answer this hardware address.
    Ignores(Mac),
    /// Replies are changed.
    Reply(Edit),
    /// What a second server adds to every ACK: the same again, or a NAK.
    Second(MessageType),
    /// Requests by unicast are lost.
    NoUnicast,
    /// Requests by unicast are answered by ICMP "port unreachable".
    PortUnreachable,
    /// A host has this address.
    Host(Ipv4Addr, Mac),
    /// A host has the first address that is offered.
    FirstOffered(Mac),
    /// A host answers ARP for every address but that of the one who asks.
    ProxyArp(Mac),
    /// A relay stands between client and server and drops replies without option 82, which the server does not echo.
    RelayDrops,
    /// A relay stands between client and server whose network the server does not know.
    RelayUnserved,
    /// Somebody behind one card asks with many hardware addresses, a DISCOVER each, so many of them.
    Starves(u16),
    /// Clients that boot from the network are told a boot file of a server that has it, or has not.
    Boot(Boot),
    /// Nothing answers on the port of the boot service.
    NoMenu,
    /// Servers do not answer who asks for an address that it held before (INIT-REBOOT).
    NoReboot,
    /// Two relays hand every DISCOVER to each other.
    RelayLoop,
}

/// How a reply is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// An option is left out of OFFER and ACK.
    Without(u8),
    /// An option of OFFER and ACK has this payload.
    With(u8, Vec<u8>),
    /// The UDP checksum is wrong.
    BadChecksum,
    /// What should be broadcast goes to the client's own address.
    Unicast,
    /// The bytes of the transaction identifier are swapped.
    SwapXid,
    /// The client identifier comes back changed.
    ClientId,
    /// An ACK goes to another address and another machine.
    Misdirect,
    /// The mask says that the client is alone.
    HostMask,
}

/// What is wrong, and who else is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is wrong.
    pub troubles: Vec<Trouble>,
    /// Clients on the cable.
    pub clients: Vec<Habits>,
}

impl Plan {
    /// True when all is as it should be and nobody else is there.
    pub fn is_quiet(&self) -> bool {
        self.troubles.is_empty() && self.clients.is_empty()
    }
}

/// The far end with trouble.
#[derive(Debug)]
pub struct Scene {
    segment: Segment,
    plan: Plan,
    neighbours: Vec<Neighbour>,
    first_offered: Option<Ipv4Addr>,
    starved: u16,
    started: Option<Instant>,
    now: Instant,
    beacon: Option<Instant>,
    later: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    sequence: u64,
    arena: Vec<u8>,
    ready: Vec<Range<usize>>,
    walker: Walker,
}

impl Scene {
    /// A segment as the settings say, with trouble.
    pub fn new(settings: Settings, plan: Plan) -> Self {
        Self {
            segment: Segment::new(settings),
            neighbours: Vec::new(),
            plan,
            first_offered: None,
            starved: 0,
            started: None,
            now: Instant::default(),
            beacon: None,
            later: BinaryHeap::new(),
            sequence: 0,
            arena: Vec::new(),
            ready: Vec::new(),
            walker: Walker::without_reassembly(Ports::default()),
        }
    }

    /// Begins: from now on the neighbours live.
    pub fn start(&mut self, now: Instant) {
        if self.started.is_some() {
            return;
        }
        self.started = Some(now);
        self.now = now;
        self.neighbours =
            self.plan.clients.iter().cloned().map(|habits| Neighbour::new(habits, now)).collect();
        if self.has(|trouble| {
            matches!(trouble, Trouble::Blocking(_) | Trouble::Unauthorised | Trouble::Starves(_))
        }) {
            self.beacon = Some(now);
        }
    }

    /// Takes a frame that arrived from the near end at `now`.
    pub fn receive(&mut self, now: Instant, frame: &[u8]) {
        // What was due before comes first.
        self.advance(now);
        if !self.passes(frame) {
            return;
        }
        if let Some(Query::Arp(arp)) = Query::read(frame)
            && arp.operation == 1
            && arp.target != arp.sender.1
        {
            self.answer_arp(arp.link.tags, arp.sender, arp.target);
        }
        let booted = self.plan.troubles.iter().find_map(|trouble| match trouble {
            Trouble::Boot(boot) => boot.answer(frame),
            _ => None,
        });
        if let Some(answer) = booted {
            self.put(&answer);
            return;
        }
        if let Some(parcel) = Parcel::read(frame)
            && parcel.message.op == Op::REQUEST
            && self.is_kept_from_servers(&parcel)
        {
            return;
        }
        self.segment.receive(now, frame);
        self.pump();
    }

    /// Does what is due at `now`.
    pub fn advance(&mut self, now: Instant) {
        self.start(now);
        self.now = now;
        self.segment.advance(now);
        self.pump();
        if self.beacon.is_some_and(|due| due <= now) {
            self.beacons();
        }
        for number in 0..self.neighbours.len() {
            let said = self.neighbours.get_mut(number).and_then(|neighbour| neighbour.speak(now));
            if let Some(parcel) = said {
                self.neighbour_says(&parcel);
            }
        }
        while let Some(Reverse((due, _, _))) = self.later.peek()
            && *due <= now
            && let Some(Reverse((_, _, frame))) = self.later.pop()
        {
            self.put(&frame);
        }
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        let neighbours = self.neighbours.iter().filter_map(Neighbour::due).min();
        let later = self.later.peek().map(|Reverse((due, _, _))| *due);
        [self.segment.next_due(), self.beacon, neighbours, later].into_iter().flatten().min()
    }

    /// The frames to send now: where they lie in the buffer.
    pub fn ready(&self) -> (&[u8], &[Range<usize>]) {
        (&self.arena, &self.ready)
    }

    /// Forgets the frames to send now, after they were sent.
    pub fn sent(&mut self) {
        self.arena.clear();
        self.ready.clear();
    }

    fn has(&self, test: impl FnMut(&Trouble) -> bool) -> bool {
        self.plan.troubles.iter().any(test)
    }

    fn put(&mut self, frame: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(frame);
        self.ready.push(start..self.arena.len());
    }

    fn put_later(&mut self, after: Duration, frame: Vec<u8>) {
        self.sequence = self.sequence.wrapping_add(1);
        self.later.push(Reverse((self.now.after(after), self.sequence, frame)));
    }

    fn since_start(&self) -> Duration {
        let started = self.started.unwrap_or(self.now);
        Duration::from_nanos(u64::try_from(self.now.since(started)).unwrap_or(0))
    }

    /// True when the cable carries this frame of the near end.
    fn passes(&self, frame: &[u8]) -> bool {
        let since = self.since_start();
        !self.has(|trouble| match trouble {
            Trouble::Blocking(time) => since < *time,
            Trouble::Unauthorised => true,
            Trouble::OnlyMac(mac) => frame.get(6..).and_then(Mac::from_slice) != Some(*mac),
            _ => false,
        })
    }

    /// Does with a request what stands between client and servers; true when no server is to see it as it is.
    fn is_kept_from_servers(&mut self, parcel: &Parcel) -> bool {
        let unicast = !parcel.addrs.1.is_broadcast() && parcel.message.giaddr.is_unspecified();
        let request = parcel.message.message_type() == Some(MessageType::REQUEST);
        let mut kept = false;
        for trouble in self.plan.troubles.clone() {
            match trouble {
                Trouble::OnlyVlan(id) => kept |= parcel.tags != tag(id),
                Trouble::Ignores(mac) => kept |= parcel.message.client().mac() == Some(mac),
                Trouble::NoUnicast => kept |= unicast && request,
                Trouble::NoMenu => kept |= parcel.ports.1 == boot::MENU_PORT,
                Trouble::NoReboot => {
                    let selects = parcel.message.option(opt::DHCP_SERVER_IDENTIFIER).is_some();
                    kept |= request && !selects && parcel.message.ciaddr.is_unspecified();
                }
                Trouble::PortUnreachable if unicast && request => {
                    self.refuse(parcel);
                    kept = true;
                }
                Trouble::RelayDrops | Trouble::RelayUnserved => {
                    self.relay(parcel, trouble == Trouble::RelayDrops);
                    kept = true;
                }
                Trouble::RelayLoop => self.circle(parcel),
                _ => {}
            }
        }
        kept
    }

    /// The machine is there, its DHCP service is not.
    fn refuse(&mut self, parcel: &Parcel) {
        let quoted = parcel.frame();
        let packet = quoted.get(parcel.tags.len().saturating_add(14)..).unwrap_or(&[]);
        let mut out = Vec::new();
        let ip = Ipv4Header::new(parcel.addrs.1, parcel.addrs.0);
        let ethernet = EthernetHeader { dst: parcel.src, src: parcel.dst, tags: &parcel.tags };
        ethernet.unreachable(&mut out, &ip, 3, packet);
        self.put(&out);
    }

    /// The request as a relay passes it on; its side of the relay can be heard as well, as at a mirror port.
    fn relay(&mut self, parcel: &Parcel, known: bool) {
        if !parcel.addrs.1.is_broadcast() {
            return;
        }
        // A network that the server has no pool for, or its own.
        let giaddr = if known { ROUTER } else { Ipv4Addr::new(10, 99, 0, 254) };
        let Some((server, to)) =
            self.segment.servers().first().map(|server| (server.identity.id, server.identity.mac))
        else {
            return;
        };
        let mut relayed = parcel.clone();
        relayed.src = relay_mac();
        relayed.dst = to;
        relayed.addrs = (giaddr, server);
        relayed.ports = (SERVER_PORT, SERVER_PORT);
        relayed.message.hops = relayed.message.hops.saturating_add(1);
        relayed.message.giaddr = giaddr;
        relayed.message.set_option(opt::RELAY_AGENT_INFORMATION, b"\x01\x06port-7");
        let frame = relayed.frame();
        self.put(&frame);
        if known {
            self.segment.receive(self.now, &frame);
            self.pump();
        }
    }

    /// A DISCOVER goes round between two relays.
    fn circle(&mut self, parcel: &Parcel) {
        if parcel.message.message_type() != Some(MessageType::DISCOVER) {
            return;
        }
        for hops in 1..=6_u8 {
            let (own, other) = (Ipv4Addr::new(10, 0, 0, 251), Ipv4Addr::new(10, 0, 0, 252));
            let (from, to) = if hops % 2 == 1 { (own, other) } else { (other, own) };
            let mut turn = parcel.clone();
            turn.src = Mac([2, 0, 0, 0, 3, from.octets()[3]]);
            turn.dst = Mac([2, 0, 0, 0, 3, to.octets()[3]]);
            turn.addrs = (from, to);
            turn.ports = (SERVER_PORT, SERVER_PORT);
            turn.message.hops = hops;
            turn.message.giaddr = own;
            let frame = turn.frame();
            self.put_later(Duration::from_millis(u64::from(hops).saturating_mul(2)), frame);
        }
    }

    fn answer_arp(&mut self, tags: &[u8], asker: (Mac, Ipv4Addr), target: Ipv4Addr) {
        let mut owners: Vec<Mac> =
            self.neighbours.iter().filter(|one| one.address() == Some(target)).map(Neighbour::mac).collect();
        for trouble in &self.plan.troubles {
            match trouble {
                Trouble::Host(address, mac) if *address == target => owners.push(*mac),
                Trouble::FirstOffered(mac) if self.first_offered == Some(target) => owners.push(*mac),
                Trouble::ProxyArp(mac) => owners.push(*mac),
                Trouble::Boot(_) if target == boot::SERVER => owners.push(boot::SERVER_MAC),
                _ => {}
            }
        }
        for mac in owners {
            let mut frame = Vec::new();
            let reply = Arp::request(asker.0, asker.1, target).reply(mac);
            EthernetHeader { dst: asker.0, src: mac, tags }.arp(&mut frame, &reply);
            self.put(&frame);
        }
    }

    /// A neighbour speaks: everybody on the cable hears it.
    fn neighbour_says(&mut self, parcel: &Parcel) {
        if self.has(|trouble| *trouble == Trouble::RelayUnserved) {
            // It lives behind the other relay: only what that one passes on is heard here.
            self.relay(parcel, true);
            return;
        }
        let frame = parcel.frame();
        self.put(&frame);
        let foreign = self.has(|trouble| match trouble {
            Trouble::OnlyVlan(id) => parcel.tags != tag(*id),
            Trouble::Ignores(mac) => parcel.message.client().mac() == Some(*mac),
            _ => false,
        });
        if !foreign {
            self.segment.receive(self.now, &frame);
            self.pump();
        }
    }

    /// Brings what the segment sends onto the cable.
    fn pump(&mut self) {
        for _ in 0..MAX_STEPS {
            let (arena, spans) = self.segment.ready();
            let frames: Vec<Vec<u8>> =
                spans.iter().filter_map(|span| arena.get(span.clone())).map(<[u8]>::to_vec).collect();
            self.segment.sent();
            if frames.is_empty() {
                return;
            }
            for frame in frames {
                self.carry(&frame);
            }
        }
    }

    fn carry(&mut self, frame: &[u8]) {
        if let Some(Query::Arp(arp)) = Query::read(frame)
            && arp.operation == 1
            && let Some(owner) = self.neighbours.iter().find(|one| one.address() == Some(arp.target))
        {
            // A server looks for a neighbour, which answers it.
            let mac = owner.mac();
            let mut answer = Vec::new();
            let reply = Arp::request(arp.sender.0, arp.sender.1, arp.target).reply(mac);
            EthernetHeader { dst: arp.sender.0, src: mac, tags: arp.link.tags }.arp(&mut answer, &reply);
            self.put(frame);
            self.put(&answer);
            self.segment.receive(self.now, &answer);
            return;
        }
        let Some(mut reply) = Parcel::read(frame).filter(|parcel| parcel.message.op == Op::REPLY) else {
            if !self.is_blocked() {
                self.put(frame);
            }
            return;
        };
        self.tamper(&mut reply);
        if reply.message.message_type() == Some(MessageType::OFFER) && self.first_offered.is_none() {
            self.first_offered = Some(reply.message.yiaddr);
        }
        if self.is_blocked() {
            return;
        }
        let frame = reply.frame();
        for second in self.second_opinions(&reply) {
            self.put(&second.frame());
        }
        self.put(&frame);
        self.tell_neighbours(&frame);
    }

    fn is_blocked(&self) -> bool {
        let since = self.since_start();
        self.has(|trouble| match trouble {
            Trouble::Blocking(time) => since < *time,
            Trouble::Unauthorised => true,
            _ => false,
        })
    }

    fn tell_neighbours(&mut self, frame: &[u8]) {
        let Some(reply) = Parcel::read(frame) else { return };
        let mut checksum = Checksum::Unknown;
        self.walker.walk(LinkType::ETHERNET, frame, frame.len(), 0, |found| checksum = found.checksum);
        let mut said = Vec::new();
        for neighbour in &mut self.neighbours {
            said.extend(neighbour.hear(&reply, checksum, self.now));
        }
        for parcel in said {
            self.neighbour_says(&parcel);
        }
    }

    fn tamper(&self, reply: &mut Parcel) {
        let kind = reply.message.message_type();
        let gives = matches!(kind, Some(MessageType::OFFER | MessageType::ACK));
        for trouble in &self.plan.troubles {
            match trouble {
                Trouble::ReplyVlan(id) => reply.tags = tag(*id),
                Trouble::RelayDrops => {
                    reply.message.remove_option(opt::RELAY_AGENT_INFORMATION);
                }
                Trouble::Boot(boot) => boot.name(reply),
                Trouble::Reply(edit) => change(reply, edit, kind, gives),
                _ => {}
            }
        }
    }

    /// What a second server says beside an ACK, before it.
    fn second_opinions(&self, reply: &Parcel) -> Vec<Parcel> {
        if reply.message.message_type() != Some(MessageType::ACK) || reply.message.yiaddr.is_unspecified() {
            return Vec::new();
        }
        let kinds = self.plan.troubles.iter().filter_map(|trouble| match trouble {
            Trouble::Second(kind) => Some(*kind),
            _ => None,
        });
        let other = Ipv4Addr::new(10, 0, 0, 2);
        let opinion = |kind: MessageType| {
            let mut second = reply.clone();
            second.src = Mac([2, 0, 0, 0, 0, 2]);
            second.addrs.0 = other;
            second.message.set_option(opt::DHCP_MESSAGE_TYPE, &[kind.0]);
            second.message.set_option(opt::DHCP_SERVER_IDENTIFIER, &other.octets());
            if kind == MessageType::NAK {
                second.addrs.1 = Ipv4Addr::BROADCAST;
                second.dst = Mac::BROADCAST;
                second.message.yiaddr = Ipv4Addr::UNSPECIFIED;
                let keep = [opt::DHCP_MESSAGE_TYPE, opt::DHCP_SERVER_IDENTIFIER];
                second.message.items.retain(|item| item.code().is_none_or(|code| keep.contains(&code)));
                second
                    .message
                    .add_option(Item::Option { code: opt::DHCP_MESSAGE, data: b"wrong server-ID".to_vec() });
            }
            second
        };
        kinds.map(opinion).collect()
    }

    /// What is said on the cable again and again.
    fn beacons(&mut self) {
        let mut next = Duration::from_secs(2);
        let troubles = self.plan.troubles.clone();
        for trouble in &troubles {
            match trouble {
                Trouble::Blocking(time) if self.since_start() < *time => self.put(&BPDU),
                Trouble::Unauthorised => self.put(&EAPOL_IDENTITY),
                Trouble::Starves(count) => {
                    next = Duration::from_millis(100);
                    if self.starved < *count && self.since_start() >= Duration::from_secs(1) {
                        self.starved = self.starved.saturating_add(1);
                        let parcel = self.starving(self.starved);
                        self.neighbour_says(&parcel);
                    }
                }
                _ => {}
            }
        }
        self.beacon = Some(self.now.after(next));
    }

    /// One DISCOVER of somebody who takes address after address, from one card with a hardware address for each.
    fn starving(&self, number: u16) -> Parcel {
        let [a, b] = number.wrapping_mul(40_503).to_be_bytes();
        let mut habits = Habits::client(0);
        habits.mac = Mac([0x1a | 2, a, b, a ^ b, 0x5a, b]);
        habits.hostname = None;
        let mut one = Neighbour::new(habits, self.now);
        let mut parcel = one.speak(self.now).unwrap_or_else(|| Parcel {
            tags: Vec::new(),
            src: Mac::ZERO,
            dst: Mac::BROADCAST,
            addrs: (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST),
            ports: (68, SERVER_PORT),
            message: crate::wire::v4::Message::new(Op::REQUEST),
            bad_checksum: false,
        });
        parcel.src = Mac([2, 0, 0, 0, 0x66, 0x66]);
        parcel
    }
}

fn change(reply: &mut Parcel, edit: &Edit, kind: Option<MessageType>, gives: bool) {
    let message = &mut reply.message;
    match edit {
        Edit::Without(code) if gives => {
            message.remove_option(*code);
        }
        Edit::With(code, data) if gives => message.set_option(*code, data),
        Edit::BadChecksum => reply.bad_checksum = true,
        Edit::Unicast if gives && !message.yiaddr.is_unspecified() => {
            if let Some(mac) = message.client().mac() {
                reply.dst = mac;
                reply.addrs.1 = message.yiaddr;
            }
        }
        Edit::SwapXid => message.xid.0 = message.xid.0.swap_bytes(),
        Edit::ClientId if gives => {
            let text = message.client().mac().unwrap_or(Mac::ZERO).to_string();
            message.set_option(opt::DHCP_CLIENT_IDENTIFIER, text.as_bytes());
        }
        Edit::Misdirect if kind == Some(MessageType::ACK) => {
            reply.dst = Mac([2, 0, 0, 0, 0x77, 0x77]);
            reply.addrs.1 = Ipv4Addr::new(10, 0, 0, 77);
        }
        Edit::HostMask if gives => {
            message.set_option(opt::SUBNET_MASK, &[255; 4]);
            message.remove_option(opt::ROUTERS);
            let mut routes = vec![32];
            routes.extend(ROUTER.octets());
            routes.extend([0; 4]);
            routes.push(0);
            routes.extend(ROUTER.octets());
            message.set_option(opt::CLASSLESS_STATIC_ROUTES, &routes);
        }
        _ => {}
    }
}

/// A frame of the least length that Ethernet has, which begins so.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "evaluated by the compiler only")]
const fn padded(head: &[u8]) -> [u8; 60] {
    let mut frame = [0; 60];
    let mut at = 0;
    while at < head.len() {
        frame[at] = head[at];
        at += 1;
    }
    frame
}

/// A configuration BPDU of a port that listens (IEEE 802.1D): 802.3, LLC 42 42 03, root and bridge 8000.02…fd, forward
/// delay 15 s.
const BPDU: [u8; 60] = {
    let head = [
        0x01, 0x80, 0xc2, 0, 0, 0, 2, 0, 0, 0, 0, 0xfd, 0, 0x26, 0x42, 0x42, 3, 0, 0, 0, 0, 0, 0x80, 0, 2, 0,
        0, 0, 0, 0xfd, 0, 0, 0, 0, 0x80, 0, 2, 0, 0, 0, 0, 0xfd, 0x80, 2, 0, 0, 0x14, 0, 2, 0, 0x0f, 0,
    ];
    padded(&head)
};

/// An EAP request for an identity (IEEE 802.1X, RFC 3748 §5.1), padded to the least Ethernet frame.
const EAPOL_IDENTITY: [u8; 60] = {
    let head = [0x01, 0x80, 0xc2, 0, 0, 3, 2, 0, 0, 0, 0, 0xfd, 0x88, 0x8e, 2, 0, 0, 5, 1, 1, 0, 5, 1];
    padded(&head)
};
