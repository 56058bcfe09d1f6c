//! What is seen on the wire while an exchange runs: which answers are ours, and what else is known when none comes.

use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::incoming::Content;
use crate::engine::reasons::reasons;
use crate::time::Instant;
use crate::wire::arp::Arp;
use crate::wire::frame::Datagram;
use crate::wire::frame::peek::Aside;
use crate::wire::v4::{FIXED_LEN, MessageType, Op, Packet, Xid};
use crate::wire::{HwAddr, Mac};

reasons! {
    /// Why a message that arrived is no answer to ours.
    Reason;

    /// It ends inside the fixed part.
    Malformed = "malformed", "malformed";
    /// Not a reply: another client's request, or our own coming back.
    WrongOp = "wrong_op", "not a reply";
    /// It answers another transaction.
    OtherXid = "other_xid", "another transaction";
    /// Our xid but another client's hardware address.
    OtherClient = "other_client", "another client";
    /// It went to a port that is not ours.
    WrongPort = "wrong_port", "another port";
    /// A reply to us of a type that answers nothing we sent.
    WrongType = "wrong_type", "an answer to something else";
    /// From a server that was not asked.
    OtherServer = "other_server", "another server";
    /// Only quoted by an ICMP error.
    Quoted = "quoted", "quoted by an ICMP error";
    /// An OFFER or ACK without an address that a client could use.
    NoAddress = "no_address", "an answer without an address that could be used";
}

const REASONS: usize = 9;

/// Nanoseconds in which the kernel of a server that pings asks for the address a second time.
const TELLING: i64 = 1_200_000_000;

/// How a server checks that an address is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckKind {
    /// ICMP echo, or the address resolution that goes before it.
    Icmp,
    /// ARP alone.
    Arp,
}

impl CheckKind {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Icmp => "icmp",
            Self::Arp => "arp",
        }
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Icmp => "ICMP",
            Self::Arp => "ARP",
        })
    }
}

/// A server's own conflict check, seen before it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it checked, as far as can be told.
    pub kind: CheckKind,
    /// It can be told: what follows would not show another kind.
    pub sure: bool,
    /// The address.
    pub address: Ipv4Addr,
    /// When the check was first seen.
    pub from: Instant,
    /// When the answer came.
    pub until: Instant,
}

impl Check {
    /// How long the check held up the answer, in nanoseconds.
    pub fn nanoseconds(&self) -> i64 {
        self.until.since(self.from)
    }
}

/// Somebody asking for an address that nobody may have yet.
#[derive(Clone, Copy, Debug)]
struct Inquiry {
    address: Ipv4Addr,
    mac: Mac,
    first: Instant,
    echoes: u32,
    requests: u32,
    /// The sender named no address of its own (RFC 5227 probe).
    probe: bool,
    /// The address was seen in use.
    answered: bool,
}

/// Which messages answer ours.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The transaction.
    pub xid: Xid,
    /// The client's hardware address.
    pub client: HwAddr,
    /// The UDP ports answers may go to.
    pub ports: [u16; 2],
}

/// Who sent what does not count, the last one of its reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stranger {
    /// How many.
    pub count: u64,
    /// Source address of the last.
    pub ip: Option<Ipv4Addr>,
    /// Source MAC of the last.
    pub mac: Option<Mac>,
    /// Whom the last was for.
    pub client: HwAddr,
    /// Destination port of the last.
    pub port: u16,
}

/// Everything noticed during one exchange; bounded.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Which messages answer ours.
    pub rule: Rule,
    /// Accept answers from this server alone (by server identifier or source address).
    pub only_server: Option<Ipv4Addr>,
    /// Answers are asked for by broadcast.
    pub broadcast: bool,
    /// An ACK or a NAK is awaited: nothing else is an answer.
    pub awaits_verdict: bool,
    /// The last ICMP error about a DHCP port: who, code, destination.
    pub unreachable: Option<(Ipv4Addr, u8, Ipv4Addr)>,
    /// Addresses whose MAC was asked for in vain.
    pub unresolved: Option<Ipv4Addr>,
    /// Frames handed to the interface.
    pub handed: u64,
    /// Frames that were seen leaving.
    pub left: u64,
    strangers: [Stranger; REASONS],
    /// Replies to other transactions that were for other clients, or of a type that is not awaited.
    elsewhere: u64,
    inquiries: VecDeque<Inquiry>,
}

/// Inquiries remembered at a time; a scan of the network pushes out older ones.
const MAX_INQUIRIES: usize = 256;

impl Watch {
    /// A watch that has seen nothing; `broadcast` says that answers are asked for by broadcast.
    pub fn new(rule: Rule, broadcast: bool) -> Self {
        Self {
            rule,
            only_server: None,
            broadcast,
            awaits_verdict: false,
            unreachable: None,
            unresolved: None,
            handed: 0,
            left: 0,
            strangers: [Stranger::default(); REASONS],
            elsewhere: 0,
            inquiries: VecDeque::new(),
        }
    }

    /// Judges a message that came in.
    pub fn judge(&self, datagram: &Datagram<'_>) -> Result<(), Reason> {
        let packet = Packet::new(datagram.payload);
        if datagram.quoted {
            return Err(Reason::Quoted);
        }
        if datagram.payload.len() < FIXED_LEN {
            return Err(Reason::Malformed);
        }
        if packet.op() != Some(Op::REPLY) {
            return Err(Reason::WrongOp);
        }
        if packet.xid() != Some(self.rule.xid) {
            return Err(Reason::OtherXid);
        }
        if packet.client() != self.rule.client {
            return Err(Reason::OtherClient);
        }
        if !datagram.udp.is_some_and(|udp| self.rule.ports.contains(&udp.dst_port)) {
            return Err(Reason::WrongPort);
        }
        Ok(())
    }

    /// True when answers of this server count.
    pub fn wants_server(&self, server_id: Option<Ipv4Addr>, source: Option<Ipv4Addr>) -> bool {
        self.only_server.is_none_or(|wanted| server_id == Some(wanted) || source == Some(wanted))
    }

    /// Counts a message that is no answer.
    pub fn ignore(&mut self, reason: Reason, datagram: &Datagram<'_>) {
        let packet = Packet::new(datagram.payload);
        let verdict = || matches!(packet.message_type(), Some(MessageType::ACK | MessageType::NAK));
        let ours = packet.client() == self.rule.client && (!self.awaits_verdict || verdict());
        if reason == Reason::OtherXid && !ours {
            self.elsewhere = self.elsewhere.saturating_add(1);
        }
        if let Some(slot) = self.strangers.iter_mut().zip(Reason::ALL).find(|(_, r)| **r == reason) {
            let (ip, mac) = source(datagram);
            *slot.0 = Stranger {
                count: slot.0.count.saturating_add(1),
                ip,
                mac,
                client: packet.client(),
                port: datagram.udp.map_or(0, |udp| udp.dst_port),
            };
        }
    }

    /// Who sent what was ignored for `reason`.
    pub fn stranger(&self, reason: Reason) -> Stranger {
        self.strangers
            .iter()
            .zip(Reason::ALL)
            .find(|(_, r)| **r == reason)
            .map_or_else(Stranger::default, |(s, _)| *s)
    }

    /// How many replies to other transactions could not have answered ours whatever their number: for another client, or not awaited.
    pub fn elsewhere(&self) -> u64 {
        self.elsewhere
    }

    /// How many messages were ignored, all reasons together.
    pub fn ignored(&self) -> u64 {
        self.strangers.iter().fold(0, |sum, stranger| sum.saturating_add(stranger.count))
    }

    /// Notes what a frame that holds no message tells: who has an address, who asks for one, who refuses. An inquiry is handed out.
    pub fn overhear(
        &mut self,
        at: Instant,
        content: &Content<'_>,
        ours: Mac,
    ) -> Option<(CheckKind, Ipv4Addr)> {
        self.answered(content);
        if let Content::Aside(Aside::Unreachable { from, code, to, port }) = content
            && self.is_ours(*port)
        {
            self.unreachable = Some((*from, *code, *to));
        }
        self.inquire(at, content, ours)
    }

    /// Whether a datagram to this port may be one of those that were sent.
    pub fn is_ours(&self, port: u16) -> bool {
        matches!(port, 67 | 68) || self.rule.ports.contains(&port)
    }

    /// Notes an inquiry about an address by `mac`, if `what` is one. `ours` are MACs of our own.
    pub fn inquire(
        &mut self,
        at: Instant,
        content: &Content<'_>,
        ours: Mac,
    ) -> Option<(CheckKind, Ipv4Addr)> {
        let (mac, address, echo, probe) = match content {
            Content::Aside(Aside::Arp(arp @ Arp { operation: Arp::REQUEST, .. }))
                if arp.sender_ip != arp.target_ip =>
            {
                (arp.sender_mac, arp.target_ip, false, arp.sender_ip.is_unspecified())
            }
            Content::Aside(Aside::Echo { mac, to, .. }) => (*mac, *to, true, false),
            _ => return None,
        };
        if mac == ours {
            return None;
        }
        let index =
            self.inquiries.iter().position(|inquiry| inquiry.address == address && inquiry.mac == mac);
        if index.is_none() {
            if self.inquiries.len() >= MAX_INQUIRIES {
                self.inquiries.pop_front();
            }
            let fresh = Inquiry { address, mac, first: at, echoes: 0, requests: 0, probe, answered: false };
            self.inquiries.push_back(fresh);
        }
        let inquiry = match index {
            Some(index) => self.inquiries.get_mut(index),
            None => self.inquiries.back_mut(),
        }?;
        if echo {
            inquiry.echoes = inquiry.echoes.saturating_add(1);
        } else {
            inquiry.requests = inquiry.requests.saturating_add(1);
        }
        Some((if echo { CheckKind::Icmp } else { CheckKind::Arp }, address))
    }

    /// Who asked most often for an address that did not answer, when that was more than once or nobody asked for another:
    /// the address, the MAC, how often. A single question among several is the ordinary life of a network.
    pub fn asked_in_vain(&self) -> Option<(Ipv4Addr, Mac, u32)> {
        if self.broadcast {
            return None;
        }
        let asked = |inquiry: &&Inquiry| !inquiry.probe && inquiry.requests > 0 && !inquiry.answered;
        let most = self.inquiries.iter().filter(asked).max_by_key(|inquiry| inquiry.requests)?;
        let alone = self.inquiries.len() == 1;
        (most.requests > 1 || alone).then_some((most.address, most.mac, most.requests))
    }

    /// Notes who answers for an address.
    pub fn answered(&mut self, content: &Content<'_>) {
        if let Content::Aside(Aside::Arp(arp)) = content {
            for inquiry in self.inquiries.iter_mut().filter(|inquiry| inquiry.address == arp.sender_ip) {
                inquiry.answered = true;
            }
        }
    }

    /// The check that held up the answer which offers `address` and came at `until` from `mac`.
    ///
    /// An echo says ICMP, an RFC 5227 probe says ARP. A server that pings an address nobody has only gets as far as
    /// asking for its MAC, so an ordinary ARP request needs telling: the kernel of a server that pings repeats it every
    /// second, also after the server has answered; a server's own ARP check asks once. Hence the longer was looked, the
    /// surer the answer: ask again at the end. While it is open, short checks are taken for pings.
    pub fn check(&self, address: Ipv4Addr, mac: Option<Mac>, until: Instant, now: Instant) -> Option<Check> {
        let about = |inquiry: &&Inquiry| inquiry.address == address && inquiry.first <= until;
        let inquiry = self
            .inquiries
            .iter()
            .filter(about)
            .find(|inquiry| Some(inquiry.mac) == mac)
            .or_else(|| self.inquiries.iter().find(about))?;
        let looked = now.max(until).since(inquiry.first);
        let kind = if inquiry.echoes > 0 {
            CheckKind::Icmp
        } else if inquiry.probe {
            CheckKind::Arp
        } else if inquiry.requests > 1 || looked < TELLING {
            CheckKind::Icmp
        } else {
            CheckKind::Arp
        };
        let sure = inquiry.echoes > 0 || inquiry.probe || inquiry.requests > 1 || looked >= TELLING;
        Some(Check { kind, sure, address, from: inquiry.first, until })
    }
}

/// The addresses a datagram came from.
pub fn source(datagram: &Datagram<'_>) -> (Option<Ipv4Addr>, Option<Mac>) {
    let ip = datagram.ip.and_then(|ip| match ip.src {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    (ip, datagram.link.and_then(|link| link.src).and_then(|src| src.mac()))
}

/// The message type of a payload.
pub fn kind_of(datagram: &Datagram<'_>) -> Option<MessageType> {
    Packet::new(datagram.payload).message_type()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::Udp;
    use crate::wire::v4::Message;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const SERVER: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn ip(last: u8) -> Ipv4Addr {
        [10, 0, 0, last].into()
    }

    fn watch() -> Watch {
        Watch::new(Rule { xid: Xid(7), client: MAC.into(), ports: [68, 68] }, false)
    }

    fn datagram(payload: &[u8], port: u16) -> Datagram<'_> {
        Datagram { udp: Some(Udp { src_port: 67, dst_port: port }), ..Datagram::bare(payload) }
    }

    fn judged(change: fn(&mut Message), port: u16) -> Result<(), Reason> {
        let mut offer =
            Message::reply(MessageType::OFFER, &Message::request(MessageType::DISCOVER, Xid(7), MAC));
        change(&mut offer);
        watch().judge(&datagram(&offer.encode(), port))
    }

    #[test]
    fn only_what_fits_in_everything_is_an_answer() {
        assert_eq!(judged(|_| (), 68), Ok(()));
        assert_eq!(judged(|m| m.op = Op::REQUEST, 68), Err(Reason::WrongOp));
        assert_eq!(judged(|m| m.xid = Xid(8), 68), Err(Reason::OtherXid));
        assert_eq!(judged(|m| m.chaddr[5] = 9, 68), Err(Reason::OtherClient));
        assert_eq!(judged(|m| m.hlen = 5, 68), Err(Reason::OtherClient));
        assert_eq!(judged(|_| (), 1068), Err(Reason::WrongPort));
        assert_eq!(watch().judge(&datagram(&[2; 100], 68)), Err(Reason::Malformed));
        let mut quoted = datagram(&[], 68);
        quoted.quoted = true;
        assert_eq!(watch().judge(&quoted), Err(Reason::Quoted));
    }

    #[test]
    fn what_is_ignored_is_counted_by_reason() {
        let mut watch = watch();
        watch.ignore(Reason::OtherXid, &datagram(&[2; 300], 68));
        watch.ignore(Reason::OtherXid, &datagram(&[2; 300], 68));
        watch.ignore(Reason::WrongPort, &datagram(&[2; 300], 99));
        assert_eq!(watch.stranger(Reason::OtherXid).count, 2);
        assert_eq!(watch.stranger(Reason::WrongPort).port, 99);
        assert_eq!((watch.stranger(Reason::Malformed).count, watch.ignored()), (0, 3));
        assert_eq!(Reason::ALL.len(), REASONS);
    }

    fn tenths(tenths: u64) -> Instant {
        Instant::default().after(std::time::Duration::from_millis(tenths.saturating_mul(100)))
    }

    #[test]
    fn a_servers_check_is_told_from_the_inquiries_before_its_answer() {
        let ask = Content::Aside(Aside::Arp(Arp::request(SERVER, ip(1), ip(50))));
        let probe = Content::Aside(Aside::Arp(Arp::request(SERVER, Ipv4Addr::UNSPECIFIED, ip(50))));
        let echo = Content::Aside(Aside::Echo { mac: SERVER, from: ip(1), to: ip(50) });
        for (inquiries, answer, want) in [
            (vec![(0, ask)], 10, Some(CheckKind::Icmp)),
            (vec![(0, ask)], 20, Some(CheckKind::Arp)),
            (vec![(0, ask), (10, ask), (20, ask)], 30, Some(CheckKind::Icmp)),
            (vec![(0, probe), (10, probe)], 20, Some(CheckKind::Arp)),
            (vec![(0, ask), (0, echo)], 30, Some(CheckKind::Icmp)),
            (vec![], 30, None),
            (vec![(31, ask)], 30, None),
        ] {
            let mut watch = watch();
            for (at, what) in &inquiries {
                assert!(watch.inquire(tenths(*at), what, MAC).is_some());
            }
            // Looked at much later, what was asked once was asked by the server itself.
            let late = watch.check(ip(50), Some(SERVER), tenths(answer), tenths(100)).map(|check| check.kind);
            assert!(late == want || (inquiries.len() == 1 && late == Some(CheckKind::Arp)));
            let check = watch.check(ip(50), Some(SERVER), tenths(answer), tenths(answer));
            assert_eq!(check.map(|check| check.kind), want);
            assert_eq!(watch.check(ip(51), Some(SERVER), tenths(answer), tenths(answer)), None);
        }
        let mut watch = watch();
        assert_eq!(
            watch.inquire(tenths(0), &Content::Aside(Aside::Arp(Arp::request(MAC, ip(1), ip(50)))), MAC),
            None
        );
        assert_eq!(watch.inquire(tenths(0), &Content::Other, MAC), None);
    }

    #[test]
    fn a_scan_of_the_network_stays_bounded() {
        let mut watch = watch();
        for last in 0..100_000_u32 {
            let target = Ipv4Addr::from(0x0a00_0000 + last);
            watch.inquire(tenths(0), &Content::Aside(Aside::Arp(Arp::request(SERVER, ip(1), target))), MAC);
        }
        assert_eq!(watch.inquiries.len(), MAX_INQUIRIES);
    }
}
