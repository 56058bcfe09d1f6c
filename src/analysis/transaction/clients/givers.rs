//! Which server gives what where, and who has its lease from another than the one that serves its place.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::party::Giver;

/// Servers told apart by where and what they give.
const MOST: usize = 4096;
/// Clients that a server serves at least which is the one of its place, and how many times as many as another one there.
const SERVED: u32 = 5;
const TIMES: u32 = 5;
/// Servers that are heard no further apart than this serve a place together, nanoseconds.
const TOGETHER: i64 = 86_400_000_000_000;

/// How many clients a server serves somewhere, and when it gave there first and last.
type Served = (u32, (i64, i64));

/// A server, and the one that serves its place instead.
pub(super) type Instead = (Ipv4Addr, Ipv4Addr);

/// Those who give.
#[derive(Debug, Default)]
pub(super) struct Givers {
    /// Each, and when it gave first and last.
    all: Vec<(Giver, (i64, i64))>,
    /// The number of each, from 1.
    numbers: KeyedMap<Giver, u16>,
}

impl Givers {
    /// Which of those that give this is, from 1; it gave at `time`. 0 where there are too many.
    pub(super) fn meet(&mut self, giver: Option<Giver>, time: i64) -> u16 {
        let Some(giver) = giver else { return 0 };
        let number = match self.numbers.get(&giver) {
            Some(number) => *number,
            None if self.all.len() < MOST => {
                self.all.push((giver, (time, time)));
                let number = u16::try_from(self.all.len()).unwrap_or(0);
                self.numbers.insert(giver, number);
                number
            }
            None => return 0,
        };
        let known = place_of(number).and_then(|place| self.all.get_mut(place));
        if let Some((_, (first, last))) = known {
            (*first, *last) = ((*first).min(time), (*last).max(time));
        }
        number
    }

    /// Everything was met, and each client has what it has from the giver of a number `given`: of each giver the server, and the one that
    /// serves its place instead, of another network or with other routers. Servers that answer alike share the work.
    pub(super) fn instead(&self, given: &[u16]) -> Vec<Option<Instead>> {
        let mut served = vec![0_u32; self.all.len()];
        for number in given {
            if let Some(count) = place_of(*number).and_then(|place| served.get_mut(place)) {
                *count = count.saturating_add(1);
            }
        }
        // By place and relay, then by server: clients, and the times of the first and the last lease.
        let mut places: BTreeMap<(u32, Ipv4Addr), BTreeMap<Ipv4Addr, Served>> = BTreeMap::new();
        for ((giver, (first, last)), count) in self.all.iter().zip(&served) {
            let servers = places.entry((giver.place, giver.relay)).or_default();
            let (all, seen) = servers.entry(giver.server).or_insert((0, (*first, *last)));
            *all = all.saturating_add(*count);
            *seen = (seen.0.min(*first), seen.1.max(*last));
        }
        let instead = |giver: &Giver, (first, last): &(i64, i64)| {
            let servers = places.get(&(giver.place, giver.relay))?;
            let (own, _) = servers.get(&giver.server)?;
            let (other, (all, seen)) = servers.iter().max_by_key(|(_, (all, _))| *all)?;
            let together =
                seen.0.saturating_sub(TOGETHER) <= *last && *first <= seen.1.saturating_add(TOGETHER);
            if *other == giver.server || *all < SERVED || *all < own.saturating_mul(TIMES) || !together {
                return None;
            }
            let mut compared = self
                .all
                .iter()
                .filter(|(known, _)| known.server == *other && known.is_at(giver))
                .filter_map(|(known, _)| giver.differs(known))
                .peekable();
            (compared.peek().is_some() && compared.all(|differs| differs)).then_some((giver.server, *other))
        };
        self.all.iter().map(|(giver, seen)| instead(giver, seen)).collect()
    }
}

/// Where the giver of a number lies.
pub(super) fn place_of(number: u16) -> Option<usize> {
    usize::from(number).checked_sub(1)
}
