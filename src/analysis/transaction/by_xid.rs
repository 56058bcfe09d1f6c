//! Exchanges by transaction identifier, for replies that do not say whose they are.

use super::few::Few;
use crate::analysis::keyed::KeyedMap;

/// Exchanges remembered of one identifier, the latest.
const OF_ONE: usize = 16;

/// Open exchanges by identifier. Until a reply is met whose client is not known by what it says, those of clients without a hardware
/// address are enough, and nothing is spent on all the others.
#[derive(Debug, Default)]
pub(super) struct ByXid {
    known: KeyedMap<u32, Few<u32>>,
    /// All are kept.
    pub(super) all: bool,
}

impl ByXid {
    /// Exchange `id` has a request of this identifier.
    pub(super) fn insert(&mut self, xid: u32, id: u32) {
        let ids = self.known.entry(xid).or_default();
        if ids.contains(&id) {
            return;
        }
        ids.push(id);
        if ids.len() > OF_ONE {
            ids.drop_first();
        }
    }

    /// Exchange `id` closes.
    pub(super) fn remove(&mut self, xid: u32, id: u32) {
        let Some(ids) = self.known.get_mut(&xid) else { return };
        let left: Few<u32> = ids.iter().copied().filter(|known| *known != id).collect();
        if left.is_empty() {
            self.known.remove(&xid);
        } else {
            *ids = left;
        }
    }

    /// How many identifiers are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The exchanges of an identifier, the latest first.
    pub(super) fn get(&self, xid: u32) -> impl Iterator<Item = u32> {
        self.known.get(&xid).into_iter().flat_map(|ids| ids.iter().rev().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_an_identifier_are_known_until_they_close() {
        let mut known = ByXid::default();
        for id in 1..=20 {
            known.insert(7, id);
            known.insert(7, id);
        }
        assert_eq!(known.get(7).collect::<Vec<_>>(), (5..=20).rev().collect::<Vec<_>>());
        (1..20).for_each(|id| known.remove(7, id));
        assert_eq!(known.get(7).collect::<Vec<_>>(), [20]);
        known.remove(7, 20);
        assert_eq!(known.len(), 0);
    }
}
