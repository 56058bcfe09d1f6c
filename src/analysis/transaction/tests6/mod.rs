//! Exchanges of DHCPv6: each outcome, with near misses, and what must not be joined.

#![allow(clippy::arithmetic_side_effects, reason = "times and numbers of a story")]

mod outcomes;
mod paths;

use std::net::Ipv6Addr;

use super::{Around, Batch, Both, Closed, Exchange6, Options};
use crate::time::Timestamp;
use crate::wire::Mac;
use crate::wire::frame::{Envelope6, LinkType, Ports, Protocol, Walker};
use crate::wire::options::v6 as opt;
use crate::wire::problem::Problem;
use crate::wire::v6::message::{Message, ia, ia_addr, ia_prefix, status};
use crate::wire::v6::{self, MessageType};

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// The frame's number, its time in nanoseconds, its interface.
    pub(crate) frame: u64,
    pub(crate) time: Option<i64>,
    pub(crate) interface: String,
    /// Hardware addresses, addresses and UDP ports of source and destination.
    pub(crate) macs: (Mac, Mac),
    pub(crate) ips: (Ipv6Addr, Ipv6Addr),
    pub(crate) ports: (u16, u16),
    pub(crate) vlans: Vec<u16>,
    pub(crate) outbound: bool,
    /// So many of the last bytes are not in the capture.
    pub(crate) cut: usize,
}

/// Adds a message to a batch, by the frame that it would be.
pub(crate) fn put(way: &Way, protocol: Protocol, message: &[u8], problems: &[Problem], batch: &mut Batch) {
    let envelope = Envelope6 {
        dst_mac: way.macs.1,
        src_mac: way.macs.0,
        vlans: way.vlans.clone(),
        src: way.ips.0,
        dst: way.ips.1,
        hop_limit: 255,
    };
    let frame = match protocol {
        Protocol::Icmpv6 => envelope.icmpv6(message, true),
        _ => envelope.udp(way.ports, message),
    };
    let around = Around {
        frame: way.frame,
        time: way.time.map(Timestamp),
        interface: Some(&way.interface),
        outbound: way.outbound,
        selected: true,
        ..Around::default()
    };
    let before = batch.items.len();
    let mut walker = Walker::new(Ports::every());
    let left = &frame[..frame.len() - way.cut];
    walker.walk(LinkType::ETHERNET, left, frame.len(), way.time.unwrap_or(0), |datagram| {
        if datagram.protocol == Protocol::Icmpv6 {
            batch.router(&around, &datagram, problems);
            return;
        }
        let packet = v6::Packet::new(datagram.payload);
        let mut outline = v6::Outline::default();
        outline.read(&packet, datagram.promised, datagram.cut);
        batch.message6(&around, &datagram, (&packet, &outline), problems);
    });
    batch.passed(around.time, before);
}

pub(crate) fn link_local(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into())
}

pub(crate) fn mac(number: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, number])
}

/// The DUID-LL of a station.
fn duid(number: u8) -> [u8; 10] {
    let [a, b, c, d, e, f] = mac(number).0;
    [0, 3, 0, 1, a, b, c, d, e, f]
}

const BEGIN: i64 = 1_700_000_000_000_000_000;
const ALL: Ipv6Addr = v6::types::ALL_RELAYS_AND_SERVERS;

/// What a message is made of.
type Part = (u16, Vec<u8>);

fn na(address: &str) -> Part {
    (opt::IA_NA, ia(1, 300, 480, &[ia_addr(address.parse().unwrap(), 600, 900, &[])]))
}

fn pd(prefix: &str) -> Part {
    (opt::IA_PD, ia(2, 300, 480, &[ia_prefix(prefix.parse().unwrap(), 56, 600, 900, &[])]))
}

/// An association that holds nothing, and why.
fn none(code: u16, of: u16, text: &str) -> Part {
    let inside = if of == 0 { Vec::new() } else { vec![status(of, text)] };
    (code, ia(if code == opt::IA_PD { 2 } else { 1 }, 0, 0, &inside))
}

fn said(code: u16, text: &str) -> Part {
    (opt::STATUS_CODE, status(code, text).data)
}

fn rapid() -> Part {
    (opt::RAPID_COMMIT, Vec::new())
}

/// Messages as they are said; times in milliseconds. Clients have numbers below 100, servers from 100.
#[derive(Default)]
struct Talk {
    batch: Batch,
    frame: u64,
}

impl Talk {
    fn message(kind: MessageType, xid: u32, client: u8, server: Option<u8>, parts: &[Part]) -> Message {
        let mut message = Message::new(kind, xid);
        message.add_option(opt::CLIENTID, duid(client));
        if let Some(server) = server {
            message.add_option(opt::SERVERID, duid(server));
        }
        for (code, data) in parts {
            message.add_option(*code, data.clone());
        }
        message
    }

    fn way(&mut self, ms: i64, from: u8, to: Option<u8>) -> Way {
        self.frame += 1;
        Way {
            frame: self.frame,
            time: Some(BEGIN + ms * 1_000_000),
            interface: "eth0".to_owned(),
            macs: (mac(from), to.map_or(Envelope6::group_mac(ALL), mac)),
            ips: (link_local(from), to.map_or(ALL, link_local)),
            ports: if from < 100 { (546, 547) } else { (547, 546) },
            vlans: Vec::new(),
            outbound: false,
            cut: 0,
        }
    }

    fn put(&mut self, way: &Way, message: &Message) {
        put(way, Protocol::Dhcpv6, &message.encode(), &[], &mut self.batch);
    }

    /// Client 1 asks everybody, or names a server.
    fn ask(&mut self, ms: i64, kind: MessageType, xid: u32, server: Option<u8>, parts: &[Part]) {
        self.ask_of(1, ms, kind, xid, server, parts);
    }

    fn ask_of(
        &mut self,
        client: u8,
        ms: i64,
        kind: MessageType,
        xid: u32,
        server: Option<u8>,
        parts: &[Part],
    ) {
        let way = self.way(ms, client, None);
        self.put(&way, &Self::message(kind, xid, client, server, parts));
    }

    /// A server answers client 1.
    fn answer(&mut self, ms: i64, kind: MessageType, xid: u32, server: u8, parts: &[Part]) {
        let way = self.way(ms, server, Some(1));
        self.put(&way, &Self::message(kind, xid, 1, Some(server), parts));
    }

    /// SOLICIT and ADVERTISE of server 100, then a REQUEST.
    fn until_request(&mut self, ms: i64, xid: u32, parts: &[Part]) {
        self.ask(ms, MessageType::SOLICIT, xid, None, &[none(opt::IA_NA, 0, "")]);
        self.answer(ms + 10, MessageType::ADVERTISE, xid, 100, parts);
        self.ask(ms + 1000, MessageType::REQUEST, xid + 1, Some(100), parts);
    }

    fn bound(&mut self, ms: i64, xid: u32) {
        self.until_request(ms, xid, &[na("2001:db8::5")]);
        self.answer(ms + 1010, MessageType::REPLY, xid + 1, 100, &[na("2001:db8::5")]);
    }

    /// What came of it, when the capture goes on long enough.
    fn end(mut self) -> Vec<Exchange6> {
        self.batch.last = self.batch.last.map(|last| last + 100_000_000_000);
        self.cut()
    }

    /// What came of it, when the capture ends with the last message.
    fn cut(self) -> Vec<Exchange6> {
        let mut joiner = Both::new(Options::default());
        joiner.batch(&self.batch, |_, _| ());
        joiner.finish();
        six(joiner.take_closed())
    }
}

fn six(closed: Vec<Closed>) -> Vec<Exchange6> {
    let of = |closed| match closed {
        Closed::Six(exchange) => Some(*exchange),
        Closed::Four(_) => None,
    };
    closed.into_iter().filter_map(of).collect()
}

/// Kind, outcome and letters of each exchange.
fn told(exchanges: &[Exchange6]) -> Vec<(&'static str, &'static str, String)> {
    let of = |exchange: &Exchange6| (exchange.kind.name(), exchange.outcome.name(), exchange.messages());
    exchanges.iter().map(of).collect()
}

/// Tells a story, and what must come of it.
#[track_caller]
fn check(tell: impl FnOnce(&mut Talk), want: &[(&str, &str, &str)]) -> Vec<Exchange6> {
    let mut talk = Talk::default();
    tell(&mut talk);
    let exchanges = talk.end();
    let found = told(&exchanges);
    let found: Vec<(&str, &str, &str)> =
        found.iter().map(|(kind, came, said)| (*kind, *came, said.as_str())).collect();
    assert_eq!(found, want);
    exchanges
}
