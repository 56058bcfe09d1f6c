//! What comes in, and what it means for the exchange it belongs to.

use super::core::{CHECKS, Job, Load};
use super::family::{Family, Leased, Seen, Share, Word};
use super::table::{Duty, Found, Slot, Stage};
use super::{After, Failure, Kind};
use crate::time::Instant;
use crate::wire::frame::{Checksum, LinkType};

/// So many grants beside the first are given back of each exchange, on an average.
const SECOND_GRANTS: u64 = 4;

impl<F: Family> Load<F> {
    /// Takes a frame that came in.
    pub(super) fn take(&mut self, at: Instant, frame: &[u8]) {
        if let Some(seen) = self.plan.family.read(frame) {
            let received = self.counters.received;
            self.on_reply(at, &seen);
            if self.counters.received > received && self.is_damaged(frame) {
                self.counters.bad_checksums = self.counters.bad_checksums.saturating_add(1);
            }
            return;
        }
        if self.plan.watch_checks {
            self.on_probe(at, frame);
        }
        let clients = &self.clients;
        if let Some(aside) = self.plan.family.aside(frame, |address| clients.holder(address)) {
            self.jobs.push_front(Job::Answer { aside });
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
        let Some((target, check)) = self.plan.family.check(frame) else { return };
        if self.checks.len() >= CHECKS {
            self.checks.pop_front();
        }
        self.checks.push_back((at, target, check));
    }

    fn on_reply(&mut self, at: Instant, seen: &Seen<F::Lease>) {
        let index = match self.table.find(seen.xid) {
            Found::Slot(index) => index,
            found => {
                // Other clients live on the segment too: only what bears one of our addresses is an orphan.
                match self.clients.by_mac(seen.mac) {
                    Some(client) if found == Found::Past => {
                        self.counters.received = self.counters.received.saturating_add(1);
                        self.counters.late = self.counters.late.saturating_add(1);
                        self.on_another_lease(client, &F::Lease::default(), seen);
                    }
                    Some(_) => self.counters.orphans = self.counters.orphans.saturating_add(1),
                    None => {}
                }
                return;
            }
        };
        let Some(slot) = self.table.get(index).copied() else { return };
        if self.clients.mac(slot.client) != seen.mac {
            self.counters.orphans = self.counters.orphans.saturating_add(1);
            return;
        }
        self.counters.received = self.counters.received.saturating_add(1);
        let word = seen.word_for(slot.kind);
        if slot.kind == Kind::Release {
            self.on_answered_release(index, at, &slot, seen, word);
            return;
        }
        if word != Word::Offer && (!seen.wanted || !is_chosen(&slot, seen)) {
            self.on_other(&slot, seen, word);
            return;
        }
        if !seen.wanted {
            self.counters.other_offers = self.counters.other_offers.saturating_add(1);
            return;
        }
        if seen.statuses != 0 {
            self.note_statuses(index, seen.statuses);
        }
        match (slot.stage, word) {
            (Stage::Discovering, Word::Offer) if !seen.lease.is_empty() && slot.duty == Duty::Counted => {
                self.on_offer(index, at, seen);
            }
            // A server that has nothing to offer says so; another one may have something (RFC 9915 §18.2.9). Who was stopped asks
            // for nothing more.
            (Stage::Discovering, Word::Offer) => {}
            (Stage::Requesting, Word::Ack) => self.on_ack(index, at, seen),
            (Stage::Discovering, Word::Ack) if seen.rapid => self.on_ack(index, at, seen),
            (Stage::Requesting, Word::Nak) => {
                // Whoever is told that its address does not belong here still has the lease to give back.
                if F::GIVING_BACK.is_empty() || slot.kind != Kind::InitReboot {
                    self.clients.take_away(slot.client);
                }
                self.finish(index, at, Some(Failure::Nak));
            }
            (Stage::Discovering, Word::Nak) if seen.rapid => self.finish(index, at, Some(Failure::Nak)),
            (Stage::Over(Some(Failure::NoOffer)), Word::Offer)
            | (Stage::Over(Some(Failure::NoAck)), Word::Nak) => {
                self.counters.late = self.counters.late.saturating_add(1);
            }
            (Stage::Over(Some(Failure::NoAck | Failure::Nak)), Word::Ack) => self.on_late_ack(&slot, seen),
            (Stage::Over(Some(Failure::NoOffer)), Word::Ack) if seen.rapid => self.on_late_ack(&slot, seen),
            (_, Word::Offer) if slot.lease.has_server() && !slot.lease.is_by_server_of(&seen.lease) => {
                self.counters.other_offers = self.counters.other_offers.saturating_add(1);
            }
            _ => {
                self.counters.duplicates = self.counters.duplicates.saturating_add(1);
                if matches!(slot.stage, Stage::Over(_)) && word == Word::Ack && slot.kind != Kind::Inform {
                    self.on_another_lease(slot.client, &slot.lease, seen);
                }
            }
        }
    }

    /// A server that grants a second time may have bound something else than `granted`: that is given back, too. One that
    /// answers each RELEASE so is not obeyed for ever.
    fn on_another_lease(&mut self, client: u32, granted: &F::Lease, seen: &Seen<F::Lease>) {
        let is_known = seen.lease.is_within(granted) || seen.lease.is_within(&self.clients.get(client).lease);
        if seen.word != Word::Ack || seen.lease.is_empty() || is_known || self.plan.after == After::Keep {
            return;
        }
        if self.second_grants < self.counters.attempts.saturating_mul(SECOND_GRANTS) {
            self.second_grants = self.second_grants.saturating_add(1);
            self.stray(client, seen.lease);
        } else {
            self.leave(1);
        }
    }

    /// The server that is given a lease back says what it makes of that. Whatever it is: the client has the lease no more.
    fn on_answered_release(
        &mut self,
        index: u32,
        at: Instant,
        slot: &Slot<F::Lease>,
        seen: &Seen<F::Lease>,
        word: Word,
    ) {
        if slot.stage != Stage::Requesting || !slot.lease.is_by_server_of(&seen.lease) {
            self.counters.duplicates = self.counters.duplicates.saturating_add(1);
            return;
        }
        if seen.statuses != 0 {
            self.note_statuses(index, seen.statuses);
        }
        self.counters.released = self.counters.released.saturating_add(1);
        let held = self.clients.get(slot.client);
        if held.holds && held.lease == slot.lease {
            self.clients.take_away(slot.client);
        }
        // Who is asked a second time has taken it back already where only the answer was lost.
        let refused = word == Word::Nak && slot.repeated == 0;
        self.finish(index, at, refused.then_some(Failure::Nak));
    }

    fn note_statuses(&mut self, index: u32, statuses: u32) {
        for (code, count) in (0_u32..).zip(&mut self.statuses) {
            *count = count.saturating_add(u64::from(statuses.wrapping_shr(code) & 1));
        }
        if let Some(slot) = self.table.get_mut(index) {
            slot.statuses = statuses;
        }
    }

    /// An answer of a server that was not chosen. It ends nothing; what it bound is given back.
    fn on_other(&mut self, slot: &Slot<F::Lease>, seen: &Seen<F::Lease>, word: Word) {
        if word == Word::Nak {
            self.counters.other_naks = self.counters.other_naks.saturating_add(1);
            return;
        }
        self.counters.other_acks = self.counters.other_acks.saturating_add(1);
        if self.plan.after != After::Keep && slot.kind != Kind::Inform && !seen.lease.is_empty() {
            self.stray(slot.client, seen.lease);
        }
    }

    fn on_offer(&mut self, index: u32, at: Instant, seen: &Seen<F::Lease>) {
        self.failed_in_row = 0;
        let checked = self.plan.family.checked(&seen.lease);
        if let Some(slot) = self.table.get_mut(index) {
            let since = slot.began;
            slot.check = self
                .checks
                .iter()
                .rev()
                .find(|(when, target, _)| *target == checked && *when >= since && *when <= at)
                .map(|(_, _, check)| *check);
            slot.stage = Stage::Requesting;
            slot.attempt = 0;
            slot.offered = at;
            slot.lease = seen.lease;
            self.jobs.push_back(Job::Message { slot: index, xid: slot.xid });
        }
        self.table.disarm(index);
    }

    fn on_ack(&mut self, index: u32, at: Instant, seen: &Seen<F::Lease>) {
        let Some(slot) = self.table.get(index).copied() else { return };
        if slot.kind == Kind::Inform {
            self.finish(index, at, None);
            return;
        }
        if slot.kind == Kind::InitReboot && !F::GIVING_BACK.is_empty() {
            // CONFIRM is answered without the lease (RFC 9915 §18.3.3).
            self.finish(index, at, None);
            return;
        }
        if seen.lease.lifetime() > 0 {
            self.shortest_lease = self.shortest_lease.min(seen.lease.lifetime());
        }
        let before = (slot.stage == Stage::Requesting).then_some(slot.lease);
        let changed = before.is_some_and(|before| !seen.lease.is_part_of(&before));
        let failure = if changed && F::BOUND_BY_OFFER {
            Some(Failure::AddressChanged)
        } else if before
            .is_some_and(|before| slot.kind == Kind::Handshake && !seen.lease.is_by_server_of(&before))
        {
            Some(Failure::ServerChanged)
        } else {
            (seen.share == Share::Some).then_some(Failure::Partial)
        };
        if before.is_none() {
            self.failed_in_row = 0;
        }
        if failure.is_none() && changed {
            self.counters.reassigned = self.counters.reassigned.saturating_add(1);
        }
        if (before.is_none() || !F::BOUND_BY_OFFER)
            && let Some(slot) = self.table.get_mut(index)
        {
            slot.lease = seen.lease;
        }
        let held = self.clients.get(slot.client);
        if !F::GIVING_BACK.is_empty()
            && self.plan.after != After::Keep
            && held.holds
            && !(held.lease.is_part_of(&seen.lease) && held.lease.is_by_server_of(&seen.lease))
        {
            // What another server gave, or the same one before, is not taken back by giving something else.
            self.stray(slot.client, held.lease);
        }
        // Whatever was promised before: this address is the client's now, and is given back as such.
        self.clients.give(slot.client, seen.lease);
        self.finish(index, at, failure);
    }

    fn on_late_ack(&mut self, slot: &Slot<F::Lease>, seen: &Seen<F::Lease>) {
        self.counters.late = self.counters.late.saturating_add(1);
        let client = self.clients.get(slot.client);
        if client.busy || client.holds || seen.lease.is_empty() {
            return;
        }
        if self.plan.after == After::Release {
            self.stray(slot.client, seen.lease);
        } else {
            self.clients.give(slot.client, seen.lease);
        }
    }
}

/// True unless a server was chosen and another one speaks (RFC 2131 §3.1, §4.4.1). One box that calls itself differently
/// is the same server; a relay's box speaks for many.
fn is_chosen<L: Leased>(slot: &Slot<L>, seen: &Seen<L>) -> bool {
    let chose = matches!(slot.kind, Kind::Handshake | Kind::Renew) && slot.lease.has_server();
    !chose || slot.lease.is_by_server_of(&seen.lease) || seen.direct && slot.lease.is_by_box_of(&seen.lease)
}
