//! Whether the answers to an exchange can be seen where the capture was made.

use super::exchange::{Exchange, Side};
use super::seen::{Seen, bit};
use crate::analysis::keyed::{KeyedMap, KeyedSet};
use crate::wire::HwAddr;

/// Clients and places remembered; more are not needed to decide.
const MOST: usize = 100_000;

/// What was seen of replies so far.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// Clients to whom a reply went as unicast.
    unicast: KeyedSet<HwAddr>,
    /// Per place, the first three such clients.
    places: KeyedMap<u32, Vec<HwAddr>>,
    /// A reply was seen between relay and server.
    relayed: bool,
}

impl Sight {
    /// Takes note of a message.
    pub(super) fn observe(&mut self, seen: &Seen, client: &HwAddr) {
        if seen.from_client {
            return;
        }
        if seen.side == Side::Relay {
            self.relayed = true;
            return;
        }
        if !seen.link_unicast() {
            return;
        }
        if self.unicast.len() < MOST {
            self.unicast.insert(*client);
        }
        if self.places.len() < MOST || self.places.contains_key(&seen.place) {
            let known = self.places.entry(seen.place).or_default();
            if known.len() < 3 && !known.contains(client) {
                known.push(*client);
            }
        }
    }

    /// True when answers to this exchange would be seen.
    pub(super) fn visible(&self, exchange: &Exchange) -> bool {
        let mut sent = exchange.steps.iter().map(|step| &step.seen).filter(|seen| seen.from_client);
        let own = exchange.mac.unwrap_or_default();
        let here = exchange.first().map_or(0, |seen| seen.place);
        sent.any(|seen| {
            (seen.side == Side::Client && seen.broadcast() && seen.ciaddr.is_unspecified())
                || (seen.side == Side::Relay && self.relayed)
                || seen.has(bit::OUTBOUND)
        }) || self.unicast.contains(&own)
            || self
                .places
                .get(&here)
                .is_some_and(|known| known.iter().filter(|client| **client != own).count() >= 2)
    }
}
