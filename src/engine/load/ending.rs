//! How an exchange ends, what is counted of it, and what its client does then.

use super::core::{Job, Load};
use super::family::Family;
use super::table::{Duty, Slot, Stage};
use super::{After, Failure, Finished, Kind};
use crate::time::Instant;

impl<F: Family> Load<F> {
    pub(super) fn expire(&mut self, index: u32, now: Instant) {
        let Some(kind) = self.table.get(index).map(|slot| slot.kind) else { return };
        let attempts = self.patience(kind).1.len();
        let Some(slot) = self.table.get_mut(index) else { return };
        if usize::from(slot.attempt).saturating_add(1) < attempts {
            slot.attempt = slot.attempt.saturating_add(1);
            slot.repeated = slot.repeated.saturating_add(1);
            let xid = slot.xid;
            let count = if slot.duty == Duty::Counted {
                &mut self.counters.retransmitted
            } else {
                &mut self.counters.released_again
            };
            *count = count.saturating_add(1);
            self.jobs.push_back(Job::Message { slot: index, xid });
            return;
        }
        let failure = if slot.stage == Stage::Discovering { Failure::NoOffer } else { Failure::NoAck };
        self.finish(index, now, Some(failure));
    }

    pub(super) fn finish(&mut self, index: u32, at: Instant, failure: Option<Failure>) {
        let Some(slot) = self.table.get(index).copied() else { return };
        self.table.end(index, failure);
        if slot.kind == Kind::Release && failure == Some(Failure::NoAck) {
            self.clients.still_has(slot.client, slot.lease);
        }
        match slot.duty {
            Duty::Counted => {}
            Duty::Return => return self.clients.put_back(slot.client),
            Duty::Aside => {
                self.strays.end();
                return;
            }
        }
        let stamped = |time: Instant| (time != Instant::default()).then_some(time);
        self.finished.push(Finished {
            client: self.clients.number(slot.client),
            mac: self.clients.mac(slot.client),
            xid: slot.xid,
            kind: slot.kind,
            failure,
            scheduled: slot.scheduled,
            began: slot.began,
            offered: stamped(slot.offered),
            requested: stamped(slot.requested),
            ended: at,
            lease: slot.lease,
            statuses: slot.statuses,
            repeated: slot.repeated,
            check: slot.check,
        });
        let counters = &mut self.counters;
        let count = match failure {
            None => counters.completed.get_mut(slot.kind.index()),
            Some(Failure::NoOffer) => Some(&mut counters.no_offer),
            Some(Failure::NoAck) => Some(&mut counters.no_ack),
            Some(Failure::Nak) => Some(&mut counters.nak),
            Some(Failure::AddressChanged) => Some(&mut counters.address_changed),
            Some(Failure::ServerChanged) => Some(&mut counters.server_changed),
            Some(Failure::Partial) => Some(&mut counters.partial),
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        match failure {
            Some(Failure::NoOffer) => {
                if self.failed_in_row == 0 {
                    self.held_when_row_began = self.clients.held();
                }
                self.failed_in_row = self.failed_in_row.saturating_add(1);
                self.clients.put_back(slot.client);
            }
            Some(Failure::NoAck) if slot.kind != Kind::Release => self.abandon(&slot),
            _ => self.settle(slot.client),
        }
    }

    /// The client is done with an exchange: gives back what it holds, or rests.
    fn settle(&mut self, client: u32) {
        if self.plan.after == After::Release && self.clients.get(client).holds {
            self.jobs.push_back(Job::Release { client });
        } else {
            self.clients.put_back(client);
        }
    }

    /// An exchange ended in the dark. If the server had answered its REQUEST, it holds a lease that we never heard of;
    /// it is given back as well.
    pub(super) fn abandon(&mut self, slot: &Slot<F::Lease>) {
        let unheard = slot.kind == Kind::Handshake && slot.stage == Stage::Requesting;
        if unheard && self.plan.after != After::Keep && !self.clients.get(slot.client).holds {
            self.stray(slot.client, slot.lease);
        }
        self.settle(slot.client);
    }
}
