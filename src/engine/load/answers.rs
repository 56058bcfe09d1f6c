//! What comes in, and what it means for the exchange it belongs to.

use super::clients::Client;
use super::core::{CHECKS, Job, Load};
use super::reply::{self, Seen};
use super::table::{Found, Slot, Stage};
use super::{After, Check, Failure, Kind};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::peek::Ethernet;
use crate::wire::frame::{Checksum, LinkType};
use crate::wire::v4::MessageType;

impl Load {
    /// Takes a frame that came in.
    pub(super) fn take(&mut self, at: Instant, frame: &[u8]) {
        match reply::message(frame) {
            Some(seen) if seen.op == 2 => {
                let received = self.counters.received;
                self.on_reply(at, &seen);
                if self.counters.received > received && self.is_damaged(frame) {
                    self.counters.bad_checksums = self.counters.bad_checksums.saturating_add(1);
                }
            }
            Some(_) => {}
            None => {
                if self.plan.watch_checks {
                    self.on_probe(at, frame);
                }
                self.on_question(frame);
            }
        }
    }

    /// Answers who asks for a relay or a client of ours.
    fn on_question(&mut self, frame: &[u8]) {
        if !self.plan.answer_arp && self.plan.stands_for.is_empty() {
            return;
        }
        let arp = Ethernet::read(frame).and_then(|ethernet| ethernet.arp());
        let Some(arp) = arp.filter(Arp::is_request) else { return };
        let relay = self.plan.stands_for.iter().find(|(address, _)| *address == arp.target_ip);
        let mac = relay.map(|(_, mac)| *mac).or_else(|| self.holder(arp.target_ip));
        if let Some(mac) = mac {
            self.jobs.push_front(Job::Answer { arp: arp.reply(mac) });
        }
    }

    /// True when clients would never see this answer of ours: its UDP checksum is wrong.
    fn is_damaged(&mut self, frame: &[u8]) -> bool {
        let mut bad = false;
        if let Some(walker) = &mut self.walker {
            walker.walk(LinkType::ETHERNET, frame, frame.len(), 0, |datagram| {
                bad |= datagram.checksum == Checksum::Bad;
            });
        }
        bad
    }

    fn on_probe(&mut self, at: Instant, frame: &[u8]) {
        let Some(probe) = reply::probe(frame) else { return };
        if self.checks.len() >= CHECKS {
            self.checks.pop_front();
        }
        self.checks.push_back((at, probe.target, if probe.echo { Check::Ping } else { Check::Arp }));
    }

    fn on_reply(&mut self, at: Instant, seen: &Seen) {
        if !matches!(seen.kind, MessageType::OFFER | MessageType::ACK | MessageType::NAK) {
            return;
        }
        let server = if seen.server == [0; 4] { seen.source } else { seen.server };
        let wanted = self.plan.server.map(|wanted| wanted.octets());
        let found = self.table.find(seen.xid);
        let index = match found {
            Found::Slot(index) => index,
            Found::Past if self.clients.by_mac(Mac(seen.mac)).is_some() => {
                self.counters.received = self.counters.received.saturating_add(1);
                self.counters.late = self.counters.late.saturating_add(1);
                return;
            }
            Found::Past | Found::Foreign => {
                // Other clients live on the segment too: only what bears one of our addresses is an orphan.
                if self.clients.by_mac(Mac(seen.mac)).is_some() {
                    self.counters.orphans = self.counters.orphans.saturating_add(1);
                }
                return;
            }
        };
        let Some(slot) = self.table.get(index).copied() else { return };
        if self.clients.mac(slot.client).0 != seen.mac {
            self.counters.orphans = self.counters.orphans.saturating_add(1);
            return;
        }
        self.counters.received = self.counters.received.saturating_add(1);
        let unwanted = wanted.is_some_and(|wanted| wanted != server && wanted != seen.source);
        if seen.kind != MessageType::OFFER && (unwanted || !is_chosen(&slot, seen, server)) {
            self.on_other(&slot, seen, server);
            return;
        }
        if unwanted {
            self.counters.other_offers = self.counters.other_offers.saturating_add(1);
            return;
        }
        match (slot.stage, seen.kind) {
            (Stage::Discovering, MessageType::OFFER) if seen.address != [0; 4] => {
                self.on_offer(index, at, seen, server);
            }
            (Stage::Requesting, MessageType::ACK) => self.on_ack(index, at, seen, server),
            (Stage::Requesting, MessageType::NAK) => {
                self.clients.take_away(slot.client);
                self.finish(index, at, Some(Failure::Nak));
            }
            (Stage::Over(Some(Failure::NoOffer)), MessageType::OFFER)
            | (Stage::Over(Some(Failure::NoAck)), MessageType::NAK) => {
                self.counters.late = self.counters.late.saturating_add(1);
            }
            (Stage::Over(Some(Failure::NoAck | Failure::Nak)), MessageType::ACK) => {
                self.counters.late = self.counters.late.saturating_add(1);
                self.on_late_ack(&slot, seen, server);
            }
            (_, MessageType::OFFER) if slot.server != [0; 4] && slot.server != server => {
                self.counters.other_offers = self.counters.other_offers.saturating_add(1);
            }
            _ => self.counters.duplicates = self.counters.duplicates.saturating_add(1),
        }
    }

    /// An answer of a server that was not chosen. It ends nothing; what it bound is given back.
    fn on_other(&mut self, slot: &Slot, seen: &Seen, server: [u8; 4]) {
        if seen.kind == MessageType::NAK {
            self.counters.other_naks = self.counters.other_naks.saturating_add(1);
            return;
        }
        self.counters.other_acks = self.counters.other_acks.saturating_add(1);
        if self.plan.after != After::Keep && slot.kind != Kind::Inform && seen.address != [0; 4] {
            self.jobs.push_back(Job::Stray { client: slot.client, lease: lease_of(seen, server) });
        }
    }

    fn on_offer(&mut self, index: u32, at: Instant, seen: &Seen, server: [u8; 4]) {
        self.failed_in_row = 0;
        if let Some(slot) = self.table.get_mut(index) {
            let since = slot.began;
            slot.check = self
                .checks
                .iter()
                .rev()
                .find(|(when, target, _)| *target == seen.address && *when >= since && *when <= at)
                .map(|(_, _, check)| *check);
            slot.stage = Stage::Requesting;
            slot.attempt = 0;
            slot.offered = at;
            slot.address = seen.address;
            slot.server = server;
            slot.server_mac = seen.source_mac.0;
            self.jobs.push_back(Job::Message { slot: index, xid: slot.xid });
        }
        self.table.disarm(index);
    }

    fn on_ack(&mut self, index: u32, at: Instant, seen: &Seen, server: [u8; 4]) {
        let Some(slot) = self.table.get(index).copied() else { return };
        if slot.kind == Kind::Inform {
            self.finish(index, at, None);
            return;
        }
        if seen.lease_time > 0 {
            self.shortest_lease = self.shortest_lease.min(seen.lease_time);
        }
        let failure = if seen.address != slot.address {
            Some(Failure::AddressChanged)
        } else if slot.kind == Kind::Handshake && server != slot.server {
            Some(Failure::ServerChanged)
        } else {
            None
        };
        // Whatever was promised before: this address is the client's now, and is given back as such.
        self.clients.give(slot.client, lease_of(seen, server));
        self.finish(index, at, failure);
    }

    fn on_late_ack(&mut self, slot: &Slot, seen: &Seen, server: [u8; 4]) {
        let client = self.clients.get(slot.client);
        if client.busy || client.holds {
            return;
        }
        let lease = lease_of(seen, server);
        if self.plan.after == After::Release {
            self.jobs.push_back(Job::Stray { client: slot.client, lease });
        } else {
            self.clients.give(slot.client, lease);
        }
    }
}

/// True unless a server was chosen and another one speaks (RFC 2131 §3.1, §4.4.1). One box that calls itself differently
/// is the same server; a relay's box speaks for many.
fn is_chosen(slot: &Slot, seen: &Seen, server: [u8; 4]) -> bool {
    let chose = matches!(slot.kind, Kind::Handshake | Kind::Renew) && slot.server != [0; 4];
    !chose || server == slot.server || seen.relay == [0; 4] && seen.source_mac.0 == slot.server_mac
}

fn lease_of(seen: &Seen, server: [u8; 4]) -> Client {
    Client {
        address: seen.address,
        server,
        server_mac: seen.source_mac.0,
        lease_time: seen.lease_time,
        ..Client::default()
    }
}
