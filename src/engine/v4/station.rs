//! One client's place on the wire: what every machine does alike. Frames wait here to be sent, stamps of what left are
//! kept, ARP for an address the client stands for is answered, and what comes in is sorted.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use super::arp::{Resolver, Step};
use super::draft::Draft;
use super::incoming::{Content, Incoming};
use super::note::Note;
use super::recipe::Recipe;
use super::watch::{self, Check, Reason, Rule, Watch};
use crate::engine::machine::{Event, Remark};
use crate::engine::outbox::Outbox;
use crate::time::{Instant, Timestamp};
use crate::wire::arp::Arp;
use crate::wire::frame::build::arp_frame;
use crate::wire::frame::peek::Aside;
use crate::wire::frame::{Checksum, Ports, Vlans, Walker};
use crate::wire::v4::{Facts, Item, Message, MessageType};
use crate::wire::{HwAddr, Mac};

/// Transmissions whose stamps are kept, the latest; an exchange makes a dozen.
const MAX_SENDS: usize = 4096;

/// An answer that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When it came.
    pub at: Instant,
    /// The kernel's stamp of it.
    pub time: Timestamp,
    /// The whole frame.
    pub frame: Vec<u8>,
    /// The message.
    pub message: Message,
    /// Its facts; `None` when it is no OFFER, ACK or NAK.
    pub reply: Option<Facts<'static>>,
    /// Who sent the frame.
    pub source_mac: Option<Mac>,
    /// Who sent the packet.
    pub source_ip: Option<Ipv4Addr>,
    /// Whether its UDP checksum was right.
    pub checksum: Checksum,
    /// VLAN tags it came with.
    pub vlans: Vlans,
    /// Which transmission it answers, from 1.
    pub answers: u32,
    /// When that was sent.
    pub sent_at: Option<Instant>,
    /// When the first was.
    pub first_sent_at: Option<Instant>,
    /// How often it came, this time included: the same, or with another address (see `other_addresses`).
    pub copies: u32,
    /// Other addresses the same server offered later on: some reserve nothing when they offer. At most 64.
    pub other_addresses: Vec<Ipv4Addr>,
    /// The server's own conflict check before it.
    pub check: Option<Check>,
}

impl Answer {
    /// The memory it takes, about, in bytes: a message of many empty options takes far more than its bytes.
    pub fn weight(&self) -> usize {
        let items = self.message.items.iter().map(|item| match item {
            Item::Option { data, .. } | Item::Lying { data, .. } | Item::Raw(data) => data.len(),
            Item::Pad(_) | Item::End => 0,
        });
        let each = size_of::<Item>().saturating_add(16);
        self.frame
            .len()
            .saturating_add(size_of::<Self>())
            .saturating_add(self.message.items.len().saturating_mul(each))
            .saturating_add(items.fold(0, usize::saturating_add).saturating_mul(2))
    }

    /// Time from the transmission that it answers, in nanoseconds; `None` when that was not seen leaving.
    pub fn latency(&self) -> Option<i64> {
        self.sent_at.map(|sent| self.at.since(sent))
    }

    /// Time from the first transmission, in nanoseconds.
    pub fn since_first(&self) -> Option<i64> {
        self.first_sent_at.map(|sent| self.at.since(sent))
    }

    /// The message type.
    pub fn kind(&self) -> Option<MessageType> {
        self.message.message_type()
    }

    /// Option 54.
    pub fn server_id(&self) -> Option<Ipv4Addr> {
        self.reply.as_ref().and_then(|reply| reply.server_id)
    }
}

/// A DHCP message that was handed over, and when it was seen leaving.
#[derive(Clone, Copy, Debug)]
struct Sent {
    id: u32,
    /// The stamp of the capture handle, and until that is known the time it was handed over.
    at: Instant,
}

/// One client's place on the wire.
#[derive(Clone, Debug)]
pub struct Station {
    /// What was seen.
    pub watch: Watch,
    /// The MAC frames are sent from.
    pub mac: Mac,
    /// VLAN tags of every frame.
    pub vlans: Vec<u16>,
    /// The address the client stands for: ARP for it is answered.
    pub holds: Option<Ipv4Addr>,
    /// The latest transmissions.
    sends: VecDeque<Sent>,
    /// The very first one.
    first: Option<Sent>,
    /// Transmissions in all.
    sent: u32,
    /// Transmissions of each type.
    attempts: BTreeMap<Option<MessageType>, u32>,
    /// Finds the messages in frames; gone while it does.
    pub(super) walker: Option<Walker>,
    pub(super) outbox: Outbox,
    resolver: Option<Resolver>,
    neighbours: Vec<(Ipv4Addr, Mac)>,
}

impl Station {
    /// The station of the client that sends `draft`.
    pub fn new(draft: &Draft) -> Self {
        let message = &draft.message;
        let rule = Rule {
            xid: message.xid,
            client: HwAddr::from_slice(
                message.chaddr.get(..usize::from(message.hlen)).unwrap_or(&message.chaddr),
            ),
            ports: [Recipe::reply_port(message), draft.envelope.src_port],
        };
        let mut ports = Ports::default();
        rule.ports.iter().chain([&draft.envelope.dst_port]).for_each(|port| ports.add(*port));
        let giaddr = Some(message.giaddr).filter(|giaddr| !giaddr.is_unspecified());
        let ciaddr = Some(message.ciaddr).filter(|ciaddr| !ciaddr.is_unspecified());
        Self {
            // Who has an address, or asks for a relay, is answered there: nobody asks in vain for what is offered.
            watch: Watch::new(rule, message.flags & 0x8000 != 0 || giaddr.is_some() || ciaddr.is_some()),
            mac: draft.envelope.src_mac,
            vlans: draft.envelope.vlans.clone(),
            holds: giaddr.or(ciaddr),
            sends: VecDeque::new(),
            first: None,
            sent: 0,
            attempts: BTreeMap::new(),
            walker: Some(Walker::new(ports)),
            outbox: Outbox::default(),
            resolver: None,
            neighbours: Vec::new(),
        }
    }

    /// How many DHCP messages were handed over since [`forget_sends`](Self::forget_sends).
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// Starts counting anew: what comes from now on answers what is sent from now on.
    pub fn forget_sends(&mut self) {
        self.sends.clear();
        self.attempts.clear();
        (self.first, self.sent) = (None, 0);
    }

    /// Hands over a draft, or asks for its next hop first. True when it was handed over.
    pub fn send(&mut self, draft: &Draft, now: Instant) -> bool {
        let mut envelope = draft.envelope.clone();
        if let Some(hop) = draft.next_hop {
            let Some((_, mac)) = self.neighbours.iter().find(|(ip, _)| *ip == hop) else {
                if self.resolver.as_ref().is_none_or(|resolver| resolver.target != hop) {
                    self.resolver = Some(Resolver::new(hop, self.mac, envelope.src_ip));
                }
                return false;
            };
            envelope.dst_mac = *mac;
        }
        let kind = draft.message.message_type();
        let attempt = self.attempts.entry(kind).or_default();
        *attempt = attempt.saturating_add(1);
        let note = Note::Sent(kind, *attempt);
        self.event(now, &note, (None, None));
        let id = self.outbox.push(envelope.frame(&draft.payload()), (&note).into());
        if self.sends.len() >= MAX_SENDS {
            self.sends.pop_front();
        }
        let sent = Sent { id, at: now };
        self.sends.push_back(sent);
        self.first.get_or_insert(sent);
        self.sent = self.sent.saturating_add(1);
        self.watch.handed = self.watch.handed.saturating_add(1);
        true
    }

    /// Sends an ARP packet to everybody.
    pub fn send_arp(&mut self, arp: &Arp, note: &Note, now: Instant) {
        self.arp_to(arp, Mac::BROADCAST, note, now);
    }

    fn arp_to(&mut self, arp: &Arp, dst: Mac, note: &Note, now: Instant) {
        self.event(now, note, (None, None));
        self.outbox.push(arp_frame(arp, self.mac, dst, &self.vlans), note.into());
        self.watch.handed = self.watch.handed.saturating_add(1);
    }

    /// Goes on with finding the next hop. `None` when nothing is being looked for; `Over` when it was not found.
    pub fn resolve(&mut self, now: Instant) -> Option<Step> {
        loop {
            let resolver = self.resolver.as_mut()?;
            let target = resolver.target;
            match resolver.step(now) {
                Step::Send(arp) => {
                    // Until it answers: the user, or the wait, may end it any time.
                    self.watch.unresolved = Some(target);
                    self.send_arp(&arp, &Note::Asked(target), now);
                }
                Step::Over => {
                    self.resolver = None;
                    return Some(Step::Over);
                }
                wait @ Step::Wait(_) => return Some(wait),
            }
        }
    }

    /// When to go on with finding the next hop; `None` when nothing is being looked for.
    pub fn resolve_deadline(&self) -> Option<Instant> {
        self.resolver.as_ref().and_then(Resolver::deadline)
    }

    /// Remembers who is at an address.
    pub fn learn(&mut self, ip: Ipv4Addr, mac: Mac) {
        self.neighbours.retain(|(known, _)| *known != ip);
        self.neighbours.push((ip, mac));
    }

    /// Notes that transmission `id` was seen leaving.
    pub fn on_sent(&mut self, id: u32, at: Instant) {
        self.watch.left = self.watch.left.saturating_add(1);
        if let Some(sent) = self.sends.iter_mut().rev().find(|sent| sent.id == id) {
            sent.at = at;
        }
        if let Some(first) = self.first.as_mut().filter(|first| first.id == id) {
            first.at = at;
        }
    }

    /// Number of the transmission handed over last.
    pub fn last_id(&self) -> u32 {
        self.outbox.last_id()
    }

    /// Notes an event.
    pub fn event(&mut self, at: Instant, note: &Note, from: (Option<Ipv4Addr>, Option<Mac>)) {
        let from = (from.0.map(IpAddr::V4), from.1);
        self.outbox.event(Event { at, remark: Remark::from(note), from });
    }

    /// Sorts what came in: an answer to the caller, everything else is dealt with here.
    pub fn on_incoming(&mut self, incoming: &Incoming<'_>) -> Result<Answer, Note> {
        let inquiry = self.watch.overhear(incoming.at, &incoming.content, self.mac);
        let (note, from) = match &incoming.content {
            Content::Dhcp(datagram) => match self.watch.judge(datagram) {
                Ok(()) => return Ok(self.answer(incoming, datagram)),
                Err(reason) => {
                    self.watch.ignore(reason, datagram);
                    (Note::Ignored(reason), watch::source(datagram))
                }
            },
            Content::Aside(Aside::Arp(arp)) => {
                (self.on_arp(incoming.at, arp, inquiry), (Some(arp.sender_ip), Some(arp.sender_mac)))
            }
            Content::Aside(Aside::Echo { mac, from, .. }) => match inquiry {
                Some((kind, address)) => (Note::ServerCheck(kind, address), (Some(*from), Some(*mac))),
                None => (Note::Unrelated, (None, None)),
            },
            Content::Aside(Aside::Unreachable { from, code, port, .. }) => {
                if self.watch.is_ours(*port) {
                    (Note::Unreachable(*from, *code), (Some(*from), None))
                } else {
                    (Note::Unrelated, (None, None))
                }
            }
            Content::Other => (Note::Unrelated, (None, None)),
        };
        if note != Note::Unrelated {
            self.event(incoming.at, &note, from);
        }
        Err(note)
    }

    /// Looks again at the check before `answer`, now that more was seen.
    pub fn review(&self, answer: &mut Answer, now: Instant) {
        if let Some(check) = &answer.check {
            answer.check = self.watch.check(check.address, answer.source_mac, answer.at, now);
        }
    }

    /// Says that an answer that fitted does not count after all.
    pub fn reject(&mut self, incoming: &Incoming<'_>, reason: Reason) -> Note {
        if let Content::Dhcp(datagram) = &incoming.content {
            self.watch.ignore(reason, datagram);
            self.event(incoming.at, &Note::Ignored(reason), watch::source(datagram));
        }
        Note::Ignored(reason)
    }

    /// Says that an offer that fitted is of a server that was not asked.
    pub fn reject_unasked(&mut self, incoming: &Incoming<'_>) -> Note {
        if let Content::Dhcp(datagram) = &incoming.content {
            self.watch.ignore(Reason::OtherServer, datagram);
            self.event(incoming.at, &Note::NotAsked, watch::source(datagram));
        }
        Note::NotAsked
    }

    /// Says that an answer counts, or was there already.
    pub fn accept(&mut self, answer: &Answer, repeated: bool) -> Note {
        let kind = answer.kind();
        let note = if repeated { Note::Repeated(kind) } else { Note::Accepted(kind) };
        self.event(answer.at, &note, (answer.source_ip, answer.source_mac));
        note
    }

    fn on_arp(&mut self, at: Instant, arp: &Arp, inquiry: Option<(watch::CheckKind, Ipv4Addr)>) -> Note {
        if let Some(mac) = self.resolver.as_ref().and_then(|resolver| resolver.answer(arp)) {
            self.learn(arp.sender_ip, mac);
            self.resolver = None;
            self.watch.unresolved = None;
            return Note::Resolved(arp.sender_ip, mac);
        }
        if arp.sender_mac == self.mac {
            return Note::Unrelated;
        }
        if arp.is_request() && Some(arp.target_ip) == self.holds {
            self.arp_to(&arp.reply(self.mac), arp.sender_mac, &Note::Answered(arp.target_ip), at);
            return Note::AskedForUs(arp.target_ip);
        }
        match inquiry {
            // A host that asks for a neighbour it talks to is no check; it is kept in case an OFFER proves otherwise.
            Some((kind, address)) => Note::ServerCheck(kind, address),
            None => Note::Unrelated,
        }
    }

    fn answer(&self, incoming: &Incoming<'_>, datagram: &crate::wire::frame::Datagram<'_>) -> Answer {
        let message = Message::decode(datagram.payload);
        let (source_ip, source_mac) = watch::source(datagram);
        let offered = Some(message.yiaddr).filter(|yiaddr| !yiaddr.is_unspecified());
        let is_offer = message.message_type() == Some(MessageType::OFFER);
        let check = offered
            .filter(|_| is_offer)
            .and_then(|address| self.watch.check(address, source_mac, incoming.at, incoming.at));
        // A server that was busy checking answers the message that made it check, not the last repetition.
        let moment = check.map_or(incoming.at, |check| check.from);
        let index = self.sends.iter().rposition(|sent| sent.at <= moment).unwrap_or(0);
        let sent = self.sends.get(index);
        let forgotten = usize::try_from(self.sent).unwrap_or(usize::MAX).saturating_sub(self.sends.len());
        Answer {
            at: incoming.at,
            time: incoming.time,
            frame: incoming.frame.to_vec(),
            reply: Some(Facts::of(&message)).filter(Facts::is_answer),
            message,
            source_mac,
            source_ip,
            checksum: datagram.checksum,
            vlans: datagram.vlans,
            answers: u32::try_from(forgotten.saturating_add(index).saturating_add(1)).unwrap_or(u32::MAX),
            sent_at: sent.map(|sent| sent.at),
            first_sent_at: self.first.map(|sent| sent.at),
            copies: 1,
            other_addresses: Vec::new(),
            check,
        }
    }
}
