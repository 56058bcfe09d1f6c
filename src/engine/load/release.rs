//! How leases are given back: at the end of a run, or in it, where that has an answer and where it has none.

use std::time::Duration;

use super::Kind;
use super::core::{ASIDE, Job, Load, Phase};
use super::family::{Family, Message, Question};
use super::pace::plus;
use super::table::{Duty, NONE, Stage};
use crate::time::Instant;

/// Leases are given back at least this fast at the end, per second.
const SLOWEST_RELEASE: u64 = 100;
/// So long after the last RELEASE all are sent again, and so long after that once more: a RELEASE has no answer.
const REPEATS: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(350)];
/// A run that gave back no more leases than this repeats its RELEASEs always; a larger one when messages were lost.
const FEW: u64 = 256;

impl<F: Family> Load<F> {
    /// Sends the RELEASEs once more, or ends the run.
    pub(super) fn repeat(&mut self, round: usize, now: Instant) {
        let counters = &self.counters;
        let lost = [counters.retransmitted, counters.no_offer, counters.no_ack, counters.late, self.dips];
        let worth = counters.released <= FEW || lost.iter().any(|count| *count > 0);
        self.phase = match REPEATS.get(round).filter(|_| worth && self.clients.next_released(0).is_some()) {
            Some(pause) => {
                let every = self.release_interval(now);
                Phase::Repeating { round, since: now.after(*pause), every, sent: 0, next: 0 }
            }
            None => Phase::Over,
        };
    }

    /// The link went down: what was sent meanwhile is lost.
    pub fn link_dipped(&mut self) {
        self.dips = self.dips.saturating_add(1);
    }

    /// A server that completed so many handshakes per second can take as many RELEASEs, which are half the work.
    pub(super) fn release_interval(&self, now: Instant) -> i64 {
        let elapsed = u64::try_from(now.since(self.start)).unwrap_or(0).max(1);
        let lanes = u64::from(self.lane.count.max(1));
        let slowest = 1_000_000_000_u64.saturating_mul(lanes).checked_div(SLOWEST_RELEASE).unwrap_or(0);
        let measured = elapsed.checked_div(self.counters.completed()).unwrap_or(slowest);
        i64::try_from(measured.min(slowest)).unwrap_or(0)
    }

    /// A lease can be given back now: nobody answers that, or there is a place to wait for the answer.
    pub(super) fn can_give_back(&self) -> bool {
        F::GIVING_BACK.is_empty() || self.table.has_room()
    }

    pub(super) fn release_next(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<u32> {
        let Phase::Releasing { since, every, sent, next } = self.phase else { return None };
        if plus(since, every.saturating_mul(sent)) > now || !self.can_give_back() {
            return None;
        }
        // What had no answer before is tried once more where servers do answer: it was lost.
        let lost = self.dips > 0 || self.counters.released > 0;
        let Some(client) = self.clients.next_holder(next, lost) else {
            self.repeat(0, now);
            return None;
        };
        self.phase =
            Phase::Releasing { since, every, sent: sent.saturating_add(1), next: client.saturating_add(1) };
        self.give_back(client, Duty::Aside, now, out)
    }

    pub(super) fn repeat_next(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<u32> {
        let Phase::Repeating { round, since, every, sent, next } = self.phase else { return None };
        if plus(since, every.saturating_mul(sent)) > now {
            return None;
        }
        let Some(client) = self.clients.next_released(next) else {
            self.repeat(round.saturating_add(1), now);
            return None;
        };
        let (sent, next) = (sent.saturating_add(1), client.saturating_add(1));
        self.phase = Phase::Repeating { round, since, every, sent, next };
        self.counters.released_again = self.counters.released_again.saturating_add(1);
        self.push_release(client, &self.clients.get(client).lease, out);
        Some(ASIDE)
    }

    /// Gives back what a client holds. Where that has an answer, the client holds it until then.
    pub(super) fn give_back(
        &mut self,
        client: u32,
        duty: Duty,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Option<u32> {
        let lease = self.clients.get(client).lease;
        if !F::GIVING_BACK.is_empty() {
            return self.ask_to_take_back(client, lease, duty, now, out);
        }
        let written = self.write_release(client, &lease, out);
        self.clients.take_away(client);
        self.clients.gave_back(client, lease);
        Some(written)
    }

    /// Sends a RELEASE that has an answer.
    pub(super) fn ask_to_take_back(
        &mut self,
        client: u32,
        lease: F::Lease,
        duty: Duty,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Option<u32> {
        let index = self.table.take()?;
        if duty == Duty::Aside {
            self.strays.begin();
        }
        if let Some(slot) = self.table.get_mut(index) {
            (slot.client, slot.kind, slot.duty, slot.lease) = (client, Kind::Release, duty, lease);
            (slot.stage, slot.scheduled, slot.began) = (Stage::Requesting, now, now);
        }
        self.write(index, now, out)
    }

    pub(super) fn write_release(&mut self, client: u32, lease: &F::Lease, out: &mut Vec<u8>) -> u32 {
        self.counters.released = self.counters.released.saturating_add(1);
        self.push_release(client, lease, out);
        NONE
    }

    fn push_release(&mut self, client: u32, lease: &F::Lease, out: &mut Vec<u8>) {
        let question = Question {
            message: Message::Release,
            number: self.clients.number(client),
            mac: self.clients.mac(client),
            xid: self.rng.u32(..),
            lease,
            elapsed: 0,
        };
        self.plan.family.write(&question, out);
    }

    pub(super) fn leave(&mut self, count: u64) {
        self.counters.left_at_others = self.counters.left_at_others.saturating_add(count);
    }

    /// A lease beside the one that the client has, or will have, is given back.
    pub(super) fn stray(&mut self, client: u32, lease: F::Lease) {
        if F::GIVING_BACK.is_empty() {
            self.jobs.push_back(Job::Stray { client, lease });
        } else {
            let room = self.strays.push(client, lease);
            self.leave(u64::from(!room));
        }
    }
}
