//! What is given back at the end of an exchange: every lease that a server bound, or may have bound.

use std::time::Duration;

use super::{Exchange, LAST_COPY, Phase, Task};
use crate::engine::v4::accept::is_host;
use crate::engine::v4::arp::Step;
use crate::engine::v4::recipe::Route;
use crate::engine::v4::station::Answer;
use crate::time::Instant;
use crate::wire::v4::MessageType;

/// For how long what servers bind while they are given back their leases is given back as well.
const SETTLING: Duration = Duration::from_secs(3);

impl Exchange {
    /// True when all that may be bound is given back at the end.
    pub(super) fn gives_back(&self) -> bool {
        self.settings.release && matches!(self.task, Task::Request { .. })
    }

    /// A server says that an address is the client's now, whether it was asked for or not.
    pub(super) fn granted(&mut self, answer: &Answer) {
        let server = answer.server_id().or(answer.source_ip);
        let address = answer.reply.as_ref().and_then(|reply| reply.yiaddr.specified());
        if let (true, Some(MessageType::ACK), Some(address), Some(server)) =
            (self.gives_back(), answer.kind(), address, server)
            && is_host(address)
        {
            self.debts.owe(address, server, answer.source_mac, answer.at);
        }
    }

    /// What is left to do when the answer is there, or none came, or the user wants to stop.
    pub(super) fn end(&mut self, now: Instant) {
        if self.gives_back() && self.requests > 0 {
            if self.answer.is_none() {
                // The ACK may have been lost, and the lease be bound.
                self.suspect(now);
            } else if self.debts.is_empty() {
                // A server that says no and then yes has bound an address.
                self.phase = Phase::Ending { id: 0, until: now.after(LAST_COPY) };
                return;
            }
        }
        self.settle(now);
    }

    /// Gives back what is owed; who owes nothing is done.
    pub(super) fn settle(&mut self, now: Instant) {
        if self.debts.is_empty() {
            self.phase = Phase::Over;
            return;
        }
        self.debts.call_in(now);
        self.settling.get_or_insert(now);
        self.phase = Phase::GivingBack { until: None };
        self.give_back(now);
    }

    /// Notes the lease that was asked for: nobody confirmed it, but somebody may have bound it.
    fn suspect(&mut self, now: Instant) {
        let Task::Request { address, server, .. } = self.task else { return };
        let offer = self.offer.as_ref();
        let address = address.or_else(|| offer?.reply.as_ref()?.yiaddr.specified());
        let server = self.chosen.map(|chosen| chosen.server).or(server.map(|route| route.server));
        let via = offer.and_then(|offer| offer.source_mac);
        if let (Some(address), Some(server)) = (address, server) {
            self.debts.owe(address, server, via, now);
        }
    }

    pub(super) fn give_back(&mut self, now: Instant) {
        while let Some(debt) = self.debts.due(now) {
            if let Some(mac) = debt.via {
                // The way back is the way the answer came.
                self.station.learn(debt.server, mac);
            }
            let route = match self.task {
                Task::Request { server: Some(route), .. } if route.server == debt.server => route,
                _ => Route { server: debt.server, next_hop: debt.server },
            };
            let route = if debt.via.is_some() { Route { next_hop: debt.server, ..route } } else { route };
            if self.station.send(&self.recipe.release(debt.address, route), now) {
                self.debts.handed(&debt, self.station.last_id());
                continue;
            }
            match self.station.resolve(now) {
                Some(Step::Over) | None => self.debts.unreachable(&debt),
                Some(_) => return,
            }
        }
        let until = self.debts.deadline().is_none().then(|| now.after(LAST_COPY));
        self.phase = Phase::GivingBack { until };
    }

    /// Gives back what was bound while the exchange was ending already.
    pub(super) fn owes_more(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Ending { .. } | Phase::GivingBack { .. })
            && self.debts.deadline().is_some()
        {
            let since = *self.settling.get_or_insert(now);
            if now > since.after(SETTLING) {
                self.debts.leave_the_rest();
            }
            self.phase = Phase::GivingBack { until: None };
            self.give_back(now);
        }
    }
}
