//! Whether the answers to an exchange can be seen where the capture was made.

use std::hash::Hash;

use super::exchange::Exchange;
use super::message::Message;
use super::names::Side;
use crate::analysis::keyed::{KeyedMap, KeyedSet};

/// Clients and places remembered; more are not needed to decide.
const MOST: usize = 100_000;

/// What was seen of replies so far, to clients that are known by `K`.
#[derive(Debug)]
pub(super) struct Sight<K> {
    /// Clients to whom a reply went as unicast.
    unicast: KeyedSet<K>,
    /// Per place, the first three such clients.
    places: KeyedMap<u32, Vec<K>>,
    /// A reply was seen between relay and server.
    relayed: bool,
}

impl<K> Default for Sight<K> {
    fn default() -> Self {
        Self { unicast: KeyedSet::default(), places: KeyedMap::default(), relayed: false }
    }
}

impl<K: Clone + Eq + Hash> Sight<K> {
    /// Takes note of a message; true when a reply to this client went as unicast, which need not be told again of the same place.
    pub(super) fn observe<S: Message>(&mut self, seen: &S, client: &K) -> bool {
        if seen.is_from_client() {
            return false;
        }
        if seen.side() == Side::Relay {
            self.relayed = true;
            return false;
        }
        if !seen.is_link_unicast() {
            return false;
        }
        let known = if self.unicast.len() < MOST {
            self.unicast.insert(client.clone());
            true
        } else {
            self.unicast.contains(client)
        };
        if self.places.len() < MOST || self.places.contains_key(&seen.place()) {
            let first = self.places.entry(seen.place()).or_default();
            if first.len() < 3 && !first.contains(client) {
                first.push(client.clone());
            }
        }
        known
    }

    /// True when answers to this exchange of `own` would be seen.
    pub(super) fn visible<S: Message>(&self, exchange: &Exchange<S>, own: &K) -> bool {
        if exchange.had.sighted {
            return true;
        }
        let mut sent = exchange.steps.iter().map(|step| &step.seen).filter(|seen| seen.is_from_client());
        let here = exchange.first().map_or(0, S::place);
        sent.any(|seen| {
            (seen.side() == Side::Client && seen.wants_broadcast())
                || (seen.side() == Side::Relay && self.relayed)
                || seen.is_outbound()
        }) || self.unicast.contains(own)
            || self
                .places
                .get(&here)
                .is_some_and(|known| known.iter().filter(|client| *client != own).count() >= 2)
    }
}
