//! The ADVERTISEs that came, and which of them a client takes (RFC 9915 §18.2.9).

use std::collections::BTreeMap;

use super::task::Choose;
use crate::engine::v6::accept::{Rank, is_usable_answer, rank};
use crate::engine::v6::recipe::IaWish;
use crate::engine::v6::station::{Answer6, MAX_BYTES};
use crate::wire::Mac;
use crate::wire::v6::Duid;

/// Kept; more are not looked at.
const MAX_OFFERS: usize = 1000;

/// Every ADVERTISE, and every REPLY with rapid commit, in order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Offers {
    all: Vec<Answer6>,
    /// Where the ADVERTISE of a server and card is among them.
    known: BTreeMap<(Option<Duid>, Option<Mac>), usize>,
    /// Their bytes.
    weight: usize,
    /// Which ADVERTISE a client takes so far, and its rank: looked at after every frame, so that nothing is read twice for it.
    best: Option<(usize, Rank)>,
}

impl Offers {
    pub(super) fn all(&self) -> &[Answer6] {
        &self.all
    }

    pub(super) fn get(&self, place: usize) -> Option<&Answer6> {
        self.all.get(place)
    }

    /// Keeps an ADVERTISE; its place. A server that says it again is counted.
    pub(super) fn keep(&mut self, answer: &Answer6, choose: &Choose, wishes: &[IaWish]) -> Option<usize> {
        let facts = answer.facts();
        let who = (facts.server_id.map(Duid::from), answer.source_mac);
        if let Some(place) = self.known.get(&who) {
            if let Some(offer) = self.all.get_mut(*place) {
                offer.copies = offer.copies.saturating_add(1);
            }
            return Some(*place);
        }
        self.weight = self.weight.saturating_add(answer.weight());
        if self.all.len() >= MAX_OFFERS || self.weight > MAX_BYTES {
            return None;
        }
        let place = self.all.len();
        let rank = rank(&facts, wishes, place);
        let outdoes = match choose {
            Choose::Preference => self.best.is_none_or(|(_, best)| rank > best),
            Choose::First => self.best.is_none(),
            Choose::Server(wanted) => who.0.as_ref() == Some(wanted),
        };
        if outdoes && is_usable_answer(&facts) {
            self.best = Some((place, rank));
        }
        self.known.insert(who, place);
        self.all.push(answer.clone());
        Some(place)
    }

    /// Keeps a REPLY that binds what a SOLICIT asked for.
    pub(super) fn commit(&mut self, answer: Answer6) {
        self.all.push(answer);
    }

    /// The ADVERTISE that a client takes.
    pub(super) fn best(&self) -> Option<usize> {
        self.best.map(|(place, _)| place)
    }
}
