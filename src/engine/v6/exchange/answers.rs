//! What an exchange makes of a message: whether it is the answer, what it comes to, and what follows.

use super::offers::Offers;
use super::task::{Choose, State6, Task6};
use super::{Exchange6, Phase, binds};
use crate::engine::machine::{Remark, Sense};
use crate::engine::v6::accept::{self, Outcome6, is_usable_answer, kept};
use crate::engine::v6::recipe::IaWish;
use crate::engine::v6::station::Answer6;
use crate::engine::v6::watch::Reason6;
use crate::time::Instant;
use crate::wire::v6::{Duid, MessageType, StatusCode};

impl Exchange6 {
    pub(super) fn on_answer(&mut self, answer: Answer6) -> Remark {
        let facts = answer.facts();
        let (kind, server, commits) = (facts.kind, facts.server_id.map(Duid::from), facts.rapid_commit);
        let Some(ask) = self.ask.as_ref() else {
            return self.late(&answer);
        };
        if kind == MessageType::RECONFIGURE {
            let detail = if facts.authentication.is_some() {
                "a RECONFIGURE"
            } else {
                "a RECONFIGURE without authentication"
            };
            return self.station.reject(&answer, Reason6::WrongType, detail);
        }
        let meant = match &ask.server {
            Some(wanted) => server.as_ref() == Some(wanted),
            None => self.recipe.server.is_none() || self.recipe.server == server,
        };
        let there = self.recipe.to.is_none_or(|to| self.station.is_from(&answer, to));
        if !meant && ask.lane == answer.lane || !there {
            self.also_bound(&answer);
            return if kind == MessageType::ADVERTISE && matches!(self.phase, Phase::Solicit) {
                self.station.reject_unasked(&answer)
            } else {
                self.station.reject(&answer, Reason6::OtherServer, "")
            };
        }
        if ask.lane != answer.lane {
            return self.late(&answer);
        }
        match self.phase {
            Phase::Solicit => match (kind, commits) {
                (MessageType::ADVERTISE, _) => self.take_advertise(&answer),
                (MessageType::REPLY, true) if self.recipe.rapid_commit => self.take_commit(answer),
                (MessageType::REPLY, _) => {
                    self.also_bound(&answer);
                    let detail = if commits {
                        "a REPLY with rapid commit, which was not asked for"
                    } else {
                        "a REPLY without rapid commit (option 14)"
                    };
                    self.station.reject(&answer, Reason6::WrongType, detail)
                }
                _ => self.station.reject(&answer, Reason6::WrongType, ""),
            },
            Phase::Main | Phase::Decline | Phase::Release if kind != MessageType::REPLY => {
                self.station.reject(&answer, Reason6::WrongType, "")
            }
            Phase::Main => self.take_reply(answer),
            Phase::Decline => {
                let (remark, at) = (self.station.accept(&answer, false), answer.at);
                self.give_back(at);
                remark
            }
            Phase::Release => {
                let (remark, at) = (self.station.accept(&answer, false), answer.at);
                // Any valid REPLY ends it (§18.2.10.2): what is unknown there is gone.
                self.released = true;
                self.give_back(at);
                remark
            }
            _ => self.late(&answer),
        }
    }

    /// An answer to something that is over: it is kept where it tells about the server.
    fn late(&mut self, answer: &Answer6) -> Remark {
        let remark = Remark::new(Sense::Repeated, format!("{} came too late", answer.name()));
        self.station.event(answer.at, remark.clone(), (answer.source_ip, answer.source_mac));
        if answer.kind() == MessageType::ADVERTISE {
            self.keep(answer);
        }
        self.also_bound(answer);
        if matches!(self.phase, Phase::Ending { .. }) && self.settings.release && !self.bound.is_empty() {
            self.give_back(answer.at);
        }
        remark
    }

    fn keep(&mut self, answer: &Answer6) -> Option<usize> {
        self.offers.keep(answer, &self.settings.choose, &self.wishes)
    }

    /// Notes what a server bound with a REPLY that is not the one that is taken.
    fn also_bound(&mut self, answer: &Answer6) {
        let asked = self.asked.get(answer.lane).is_some_and(|kind| binds(*kind));
        let facts = answer.facts();
        if !asked || facts.kind != MessageType::REPLY {
            return;
        }
        let mut leases = kept(&facts);
        if self.declined {
            // What was declined is not released.
            for ia in &mut leases {
                ia.addresses.retain(|address| !self.in_use.contains(address));
            }
            leases.retain(IaWish::has_lease);
        }
        if let (Some(server), false) = (answer.server(), leases.is_empty()) {
            self.bound.note_other(server, leases);
        }
    }

    fn take_advertise(&mut self, answer: &Answer6) -> Remark {
        let before = self.offers.all().len();
        let place = self.keep(answer);
        let remark = self.station.accept(answer, self.offers.all().len() == before);
        let facts = answer.facts();
        let wanted = match &self.settings.choose {
            Choose::Server(wanted) => answer.server().as_ref() == Some(wanted),
            Choose::First => true,
            Choose::Preference => {
                facts.preference == Some(255) || self.window.is_some_and(|window| answer.at >= window)
            }
        };
        if let Some(place) = place.filter(|_| wanted && is_usable_answer(&facts)) {
            self.take_offer(place, answer.at);
        }
        remark
    }

    fn take_commit(&mut self, answer: Answer6) -> Remark {
        let remark = self.station.accept(&answer, false);
        self.offers.commit(answer.clone());
        self.rapid_commit = true;
        self.main = MessageType::SOLICIT;
        self.settle(answer);
        remark
    }

    fn take_reply(&mut self, answer: Answer6) -> Remark {
        let remark = self.station.accept(&answer, false);
        self.settle(answer);
        remark
    }

    /// Makes of a REPLY what it is.
    fn settle(&mut self, answer: Answer6) {
        let Some(ask) = &self.ask else { return };
        let (kind, facts) = (ask.kind, answer.facts());
        // A REPLY with rapid commit is as good as one to a REQUEST.
        let binds = matches!(kind, MessageType::REQUEST | MessageType::SOLICIT);
        let asked = if binds { MessageType::REQUEST } else { kind };
        let outcome = accept::outcome(&facts, asked, &ask.ias);
        let mut leases = kept(&facts);
        let not_on_link = facts.failure().is_some_and(|status| status.code == StatusCode::NOT_ON_LINK);
        if kind == MessageType::REQUEST && outcome == Outcome6::Nak && not_on_link && !self.again {
            self.select_elsewhere(answer.at);
            return;
        }
        if outcome == Outcome6::Nak && matches!(kind, MessageType::CONFIRM | MessageType::REBIND) {
            // Others may answer, and one that agrees wins over any that does not.
            self.refusal.get_or_insert(answer);
            return;
        }
        let then = match self.task {
            Task6::Request { state, .. } if binds && !leases.is_empty() => state,
            _ => State6::Selecting,
        };
        let beyond =
            if then == State6::Selecting { Vec::new() } else { accept::rest_of_message(&mut leases) };
        if let Some(server) = answer.server().filter(|_| !leases.is_empty()) {
            if !beyond.is_empty() {
                self.bound.note_beside(server.clone(), beyond);
            }
            self.bound.note(server, leases.clone());
        }
        let at = answer.at;
        if then == State6::Selecting {
            self.finish(answer, outcome, at);
            return;
        }
        self.answer = Some(answer);
        self.rapid_commit = false;
        self.in_state(then, leases);
        self.go_on(at);
    }

    /// The addresses asked for are of another link: once more without them (§18.2.10.1).
    fn select_elsewhere(&mut self, now: Instant) {
        self.again = true;
        for wish in &mut self.wishes {
            wish.addresses.clear();
            wish.prefixes.clear();
        }
        self.offers = Offers::default();
        self.chosen = None;
        self.solicit();
        self.go_on(now);
    }
}
