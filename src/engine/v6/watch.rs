//! What is seen on the wire while a DHCPv6 exchange runs: which answers are ours, and what else is known when none comes.

use std::net::Ipv6Addr;

use crate::engine::reasons::reasons;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::v6::{Duid, MessageType};

reasons! {
    /// Why a message that arrived is no answer to ours (RFC 9915 §16; RFC 4861 §6.1.2).
    Reason6;

    /// It ends inside its header, or breaks what a receiver must check.
    Malformed = "malformed", "malformed";
    /// A server's message to everybody.
    Multicast = "multicast", "an answer that was sent to everybody";
    /// It answers another transaction.
    OtherXid = "other_xid", "another transaction";
    /// Our transaction but another client's identifier.
    OtherClient = "other_client", "another client";
    /// It went to a port that is not ours.
    WrongPort = "wrong_port", "another port";
    /// A reply to us of a type that answers nothing we sent.
    WrongType = "wrong_type", "an answer to something else";
    /// From a server that was not asked.
    OtherServer = "other_server", "another server";
    /// Only quoted by an ICMPv6 error.
    Quoted = "quoted", "quoted by an ICMPv6 error";
    /// An answer without an address or prefix that a client could use.
    NoAddress = "no_address", "an answer without an address or prefix that could be used";
    /// It names no server.
    NoServerId = "no_server_id", "it names no server";
    /// It names no client.
    NoClientId = "no_client_id", "it names no client";
    /// A router's message that a router passed on.
    BadHopLimit = "bad_hop_limit", "a hop limit that says it was passed on";
    /// Its checksum is wrong or missing.
    BadChecksum = "bad_checksum", "a wrong checksum";
}

const REASONS: usize = 13;

/// Who sent what does not count, the last one of its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stranger6 {
    /// How many.
    pub count: u64,
    /// Source address of the last.
    pub ip: Option<Ipv6Addr>,
    /// Source MAC of the last.
    pub mac: Option<Mac>,
    /// Destination port of the last.
    pub port: u16,
    /// The client that the last was for.
    pub client: Option<Duid>,
    /// The server that the last was from.
    pub server: Option<Duid>,
}

/// A server's message to us that was discarded, for who explains why nothing works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Why.
    pub reason: Reason6,
    /// What it is.
    pub kind: Option<MessageType>,
    /// The server.
    pub server: Option<Duid>,
    /// Where it came from.
    pub source: Option<Ipv6Addr>,
    /// Its destination port.
    pub port: u16,
    /// In words, where the reason alone says too little.
    pub detail: String,
}

/// Strays that are kept.
const MAX_STRAYS: usize = 64;
/// Hosts whose questions for the client's address are kept.
const MAX_INQUIRIES: usize = 64;

/// A server that looked for the client's address before it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check6 {
    /// When it was first seen looking.
    pub from: Instant,
    /// When its answer came.
    pub until: Instant,
}

impl Check6 {
    /// How long that took, in nanoseconds.
    pub fn nanoseconds(&self) -> i64 {
        self.until.since(self.from)
    }
}

/// Everything noticed during one exchange; bounded.
#[derive(Clone, Debug, Default)]
pub struct Watch6 {
    strangers: [Stranger6; REASONS],
    strays: Vec<Stray>,
    inquiries: Vec<(Mac, Instant)>,
    /// Messages of other clients and of relays.
    pub others_ask: u64,
    /// A REPLY is awaited: nothing else is an answer.
    pub awaits_reply: bool,
    /// Answers to other transactions that could not have been ours whatever their number: for another client, or not awaited.
    pub elsewhere: u64,
    /// Router advertisements that count.
    pub adverts: u64,
    /// Of these, those that say Managed.
    pub managed: u64,
    /// Frames handed over.
    pub handed: u64,
    /// Frames seen leaving.
    pub left: u64,
    /// Somebody asked for the client's address, and it was answered.
    pub answered_for: u64,
    /// Nobody answered for this next hop.
    pub unresolved: Option<Ipv6Addr>,
    /// Who says that a datagram could not be delivered, the code, and where it was going.
    pub unreachable: Option<(Ipv6Addr, u8, Ipv6Addr)>,
}

impl Watch6 {
    /// Counts a message that does not count.
    pub fn ignore(&mut self, reason: Reason6, last: Stranger6) {
        let index = Reason6::ALL.iter().position(|one| *one == reason).unwrap_or(0);
        if let Some(slot) = self.strangers.get_mut(index) {
            let count = slot.count.saturating_add(1);
            *slot = Stranger6 { count, ..last };
        }
    }

    /// Keeps a discarded message of a server.
    pub fn stray(&mut self, stray: Stray) {
        if self.strays.len() < MAX_STRAYS && !self.strays.contains(&stray) {
            self.strays.push(stray);
        }
    }

    /// Discarded messages of servers, each once; at most 64.
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }

    /// What was ignored for this reason.
    pub fn stranger(&self, reason: Reason6) -> &Stranger6 {
        static NOBODY: Stranger6 =
            Stranger6 { count: 0, ip: None, mac: None, port: 0, client: None, server: None };
        let index = Reason6::ALL.iter().position(|one| *one == reason).unwrap_or(0);
        self.strangers.get(index).unwrap_or(&NOBODY)
    }

    /// Notes that somebody looks for the client's address.
    pub fn inquire(&mut self, at: Instant, mac: Mac) {
        let known = self.inquiries.iter().any(|(who, _)| *who == mac);
        if !known && self.inquiries.len() < MAX_INQUIRIES {
            self.inquiries.push((mac, at));
        }
    }

    /// The look for the client's address that came before the answer of `mac` at `until`; it is forgotten, for a server looks
    /// only once.
    pub fn check(&mut self, mac: Option<Mac>, until: Instant) -> Option<Check6> {
        let at = self.inquiries.iter().position(|(who, from)| Some(*who) == mac && *from <= until)?;
        let (_, from) = self.inquiries.swap_remove(at);
        Some(Check6 { from, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_ignored_is_counted_by_reason() {
        let mut watch = Watch6::default();
        watch.ignore(Reason6::OtherXid, Stranger6::default());
        watch.ignore(Reason6::OtherXid, Stranger6 { port: 9, ..Stranger6::default() });
        assert_eq!((watch.stranger(Reason6::OtherXid).count, watch.stranger(Reason6::OtherXid).port), (2, 9));
        assert_eq!(watch.stranger(Reason6::Multicast).count, 0);
        assert_eq!(Reason6::ALL.len(), REASONS);
    }

    #[test]
    fn a_server_looks_once() {
        let mut watch = Watch6::default();
        let (mac, start) = (Mac([2; 6]), Instant::new(5, 0));
        let later = start.after(Duration::from_millis(100));
        watch.inquire(start, mac);
        watch.inquire(later, mac);
        assert_eq!(watch.check(Some(Mac([3; 6])), later), None);
        assert_eq!(watch.check(Some(mac), later).map(|check| check.nanoseconds()), Some(100_000_000));
        assert_eq!(watch.check(Some(mac), later), None);
        for n in 0..1000_u16 {
            let [a, b] = n.to_be_bytes();
            watch.inquire(start, Mac([2, 0, 0, 0, a, b]));
        }
        assert_eq!(watch.inquiries.len(), MAX_INQUIRIES);
    }
}
