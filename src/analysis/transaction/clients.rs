//! Who got an address, and who did not, and why.

mod givers;
mod record;
#[cfg(test)]
mod tests;

use std::hash::BuildHasher as _;
use std::sync::Arc;

use givers::{Givers, place_of};
use record::{At, grants};

use super::exchange::Exchange;
use super::names::Kind;
use super::party::{Counted, Who, Whose};
use crate::analysis::diagnosis::{Code, Diagnosis, Finding, Id};
use crate::analysis::findings6::story::Told;
use crate::analysis::keyed::KeyedMap;
use crate::wire::HwAddr;
use crate::wire::problem::Severity;

pub use record::{ClientRecord, Status};

/// Clients kept.
const MOST: usize = 1_000_000;
/// Numbers of exchanges kept of one client.
const NUMBERS: usize = 64;

/// First and last message where no times are known.
const UNTOLD: (i64, i64) = (i64::MAX, i64::MIN);

/// All clients.
#[derive(Debug, Default)]
pub struct Clients {
    all: Vec<ClientRecord>,
    /// Where each lies, by its hash, or by the next number that no other has.
    places: KeyedMap<u64, u32>,
    /// Which server gave each client what it has, from 1; 0 where that is not known.
    given: Vec<u16>,
    /// The servers of the client before.
    servers: Arc<[Whose]>,
    givers: Givers,
    /// First and last message of all, of captures that tell times.
    pub span: Option<(i64, i64)>,
    /// Clients speak DHCPv4, and may do without DHCPv6.
    pub(super) four: bool,
    /// A server of DHCPv6 was heard, or a router promised one.
    six: bool,
}

impl Clients {
    /// Counts an exchange that has closed.
    pub fn exchange<S: Counted>(&mut self, exchange: &Exchange<S>, number: u64, problems: &[Diagnosis]) {
        // Who is asked about says nothing, and who asks for no address is no client.
        let Some((_, to)) = exchange.span().filter(|_| exchange.kind != Kind::LeaseQuery) else { return };
        let key = S::who(exchange);
        if key.is_six() {
            self.six |= exchange.had().reply;
        } else {
            self.four = true;
        }
        let seen = exchange.times().unwrap_or(UNTOLD);
        let Some(place) = self.place(key, exchange.mac, seen) else { return };
        let giver = if grants(exchange.outcome) { self.givers.meet(S::giver(exchange), to) } else { 0 };
        if let Some((from, to)) = exchange.times() {
            let (start, end) = self.span.unwrap_or((from, to));
            self.span = Some((start.min(from), end.max(to)));
        }
        if let Some(record) = self.all.get_mut(place) {
            if record.take(exchange, number, problems)
                && let Some(given) = self.given.get_mut(place)
            {
                *given = giver;
            }
            record.meet(exchange, &mut self.servers);
        }
    }

    /// Where a client lies, or the number that it may have.
    fn find(&self, who: &Who) -> Result<usize, u64> {
        let mut hash = self.places.hasher().hash_one(who);
        while let Some(place) = self.places.get(&hash) {
            let place = usize::try_from(*place).unwrap_or(usize::MAX);
            if self.all.get(place).is_some_and(|record| record.who == *who) {
                return Ok(place);
            }
            hash = hash.wrapping_add(1);
        }
        Err(hash)
    }

    /// Where a client lies; a new one is put there while there is room.
    fn place(&mut self, who: Who, mac: Option<HwAddr>, seen: (i64, i64)) -> Option<usize> {
        let hash = match self.find(&who) {
            Ok(place) => return Some(place),
            Err(hash) => hash,
        };
        let place = Some(self.all.len()).filter(|place| *place < MOST)?;
        self.places.insert(hash, u32::try_from(place).ok()?);
        self.all.push(ClientRecord::new(who, mac, seen));
        self.given.push(0);
        Some(place)
    }

    /// Everything was counted: says of clients what was found of the whole and is about them, and compares where they have their leases
    /// from unless that `is_ignored`.
    pub fn conclude(&mut self, findings: &[Finding], told: &[Told], is_ignored: impl Fn(Code) -> bool) {
        for finding in findings {
            self.concern(finding);
        }
        for told in told {
            self.concern6(told);
        }
        if !is_ignored(Code::SeveralServers) {
            self.compare();
        }
    }

    pub(super) fn concern(&mut self, finding: &Finding) {
        let at = At::new(finding.seen.0, finding.frames.first().copied().unwrap_or(0));
        let others = finding.others.iter().map(|mac| Who::Four(*mac));
        for who in finding.client.iter().cloned().chain(others) {
            self.say(&who, finding.id, at);
        }
    }

    fn concern6(&mut self, told: &Told) {
        let at = At::new(told.seen.0, told.frames.first().copied().unwrap_or(0));
        let duid = told.duid().map(|duid| Who::Six(duid.into()));
        let by_address = || Some(Who::Nameless(Some(told.client.as_ref()?.parse().ok()?)));
        if let Some(who) = duid.or_else(by_address) {
            self.say(&who, told.id(), at);
        }
    }

    fn say(&mut self, who: &Who, id: Id, at: At) {
        if let Ok(place) = self.find(who)
            && let Some(record) = self.all.get_mut(place)
        {
            record.say(id, at);
        }
    }

    /// Who has its lease from another server than the one that serves its place is told so.
    pub(super) fn compare(&mut self) {
        let instead = self.givers.instead(&self.given);
        for (record, given) in self.all.iter_mut().zip(&self.given) {
            if let Some(both) = place_of(*given).and_then(|place| *instead.get(place)?) {
                record.elsewhere(both);
            }
        }
    }

    /// A router says that there is a server of DHCPv6.
    pub fn promised(&mut self) {
        self.six = true;
    }

    /// Clients that look for DHCPv6 where DHCPv4 is spoken and nobody serves the other: most hosts do, and nothing is wrong.
    pub fn unserved(&self) -> usize {
        let idle = self.four && !self.six;
        self.all.iter().filter(|client| idle && client.is_six()).count()
    }

    /// All of them but those [unserved](Self::unserved).
    fn told(&self) -> impl Iterator<Item = &ClientRecord> {
        let idle = self.four && !self.six;
        self.all.iter().filter(move |client| !(idle && client.is_six()))
    }

    /// How bad the worst is that is said of one of them.
    pub fn worst(&self) -> Option<Severity> {
        self.told().filter_map(ClientRecord::alarm).max()
    }

    /// All of them but those [unserved](Self::unserved), worst first, then by how long they have been at it.
    pub fn sorted(&self) -> Vec<&ClientRecord> {
        let mut all: Vec<&ClientRecord> = self.told().collect();
        all.sort_by(|one, other| {
            let rank = |client: &ClientRecord| {
                let span = client.seen.1.saturating_sub(client.seen.0);
                (client.status(), std::cmp::Reverse(span), client.seen.0)
            };
            rank(one).cmp(&rank(other)).then_with(|| one.who.cmp(&other.who))
        });
        all
    }
}
