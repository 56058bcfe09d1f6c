//! Floods of made-up clients (starvation).
//!
//! Clients stand in a row by their first DISCOVER, for as long as the longer of two windows is. Windows slide along it: what is counted
//! in one changes by what comes in and what goes out, so that a message costs the same however many there are.

use std::collections::VecDeque;

use super::history::{FRAMES, MOST, SECOND, finding};
use super::{Code, Finding};
use crate::analysis::bounded::make_room;
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{Letter, Seen, Side, bit};
use crate::wire::{HwAddr, Mac};

/// The windows of (a) and (b).
const SHORT: i64 = 30 * SECOND;
const LONG: i64 = 60 * SECOND;
/// A client that began this close to the end may still go on to a REQUEST.
const GRACE: i64 = 5 * SECOND;
/// Clients that stand in the row, the first that come. That many show what there is to see.
const ROW: usize = 4096;
/// How long a row that is full stays so.
const STAYS: i64 = 15 * SECOND;
/// Floods that go on being watched.
const WATCHED: usize = 2;
/// Clients told apart behind one source.
const BEHIND: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Asker {
    client: HwAddr,
    first: i64,
    frame: u64,
    source: Mac,
    discovers: u32,
    requested: bool,
    print: u32,
    named: bool,
    listed: bool,
}

impl Asker {
    /// Whose frames these are, where it is another than the client.
    fn carrier(&self) -> Option<Mac> {
        Some(self.source).filter(|source| *source != Mac::ZERO && self.client.mac() != Some(*source))
    }

    /// The client's address, where it was not given to a card by its maker.
    fn local(&self) -> Option<Mac> {
        self.client.mac().filter(|mac| mac.0[0] & 2 != 0)
    }
}

/// Clients of half a minute, and what they did.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    all: usize,
    once: usize,
    asked: usize,
}

impl Sums {
    fn add(&mut self, asker: &Asker) {
        self.all = self.all.saturating_add(1);
        self.once = self.once.saturating_add(usize::from(asker.discovers == 1));
        self.asked = self.asked.saturating_add(usize::from(asker.requested));
    }

    fn take(&mut self, asker: &Asker) {
        self.all = self.all.saturating_sub(1);
        self.once = self.once.saturating_sub(usize::from(asker.discovers == 1));
        self.asked = self.asked.saturating_sub(usize::from(asker.requested));
    }

    /// (a) Fifty clients, of whom hardly any asked twice and few went on to a REQUEST.
    fn is_flood(self) -> bool {
        self.all >= 50
            && self.once.saturating_mul(10) >= self.all.saturating_mul(9)
            && self.asked.saturating_mul(2) < self.all
    }
}

/// What looks like a flood until its clients go on as they should.
#[derive(Debug)]
struct Suspicion {
    sums: Sums,
    /// Of each client: it asked once, it went on to a REQUEST.
    clients: KeyedMap<HwAddr, (bool, bool)>,
    frames: Vec<u64>,
    seen: (i64, i64),
}

impl Suspicion {
    fn add(&mut self, asker: &Asker) {
        self.sums.add(asker);
        self.clients.insert(asker.client, (asker.discovers == 1, asker.requested));
        if self.frames.len() < FRAMES {
            self.frames.push(asker.frame);
        }
        self.seen.1 = asker.first;
    }

    /// Takes note of what a client does; false when it is no flood any more.
    fn observe(&mut self, client: &HwAddr, letter: Letter) -> bool {
        let Some((once, asked)) = self.clients.get_mut(client) else { return true };
        if letter == Letter::Request && !*asked {
            *asked = true;
            self.sums.asked = self.sums.asked.saturating_add(1);
        }
        if letter == Letter::Discover && *once {
            *once = false;
            self.sums.once = self.sums.once.saturating_sub(1);
        }
        self.sums.is_flood()
    }
}

/// Clients behind one source.
#[derive(Debug, Default)]
struct Behind {
    clients: Vec<HwAddr>,
    frames: Vec<u64>,
    seen: (i64, i64),
    /// The source is a client itself.
    own: bool,
}

/// Made-up addresses of a minute.
#[derive(Debug, Default)]
struct Local {
    all: usize,
    named: usize,
    listed: usize,
    prefixes: KeyedMap<[u8; 3], usize>,
    prints: KeyedMap<u32, usize>,
    /// What most of them look like.
    common: u32,
}

/// One more, or one less, of a kind.
fn count<K: std::hash::Hash + Eq + Copy>(map: &mut KeyedMap<K, usize>, key: K, comes: bool) -> usize {
    let count = map.entry(key).or_default();
    *count = if comes { count.saturating_add(1) } else { count.saturating_sub(1) };
    let left = *count;
    if left == 0 {
        map.remove(&key);
    }
    left
}

impl Local {
    fn change(&mut self, asker: &Asker, comes: bool) {
        let Some(Mac([a, b, c, ..])) = asker.local() else { return };
        let step = |sum: &mut usize, by: bool| {
            *sum = if comes { sum.saturating_add(by.into()) } else { sum.saturating_sub(by.into()) };
        };
        step(&mut self.all, true);
        step(&mut self.named, asker.named);
        step(&mut self.listed, asker.listed);
        count(&mut self.prefixes, [a, b, c], comes);
        let same = count(&mut self.prints, asker.print, comes);
        if same > self.prints.get(&self.common).copied().unwrap_or(0) {
            self.common = asker.print;
        }
    }

    /// (b) Forty random addresses that look like one program.
    fn is_flood(&self) -> bool {
        let alike = || self.prints.get(&self.common).copied().unwrap_or(0);
        self.all >= 40
            && self.prefixes.len() >= 20
            && (self.named == 0 || self.listed == 0)
            && alike().saturating_mul(20) >= self.all.saturating_mul(19)
    }
}

/// Clients of the last minute, and those behind others.
#[derive(Debug, Default)]
pub(super) struct Flood {
    row: VecDeque<Asker>,
    /// How many stood in the row before its first.
    gone: u64,
    places: KeyedMap<HwAddr, u64>,
    /// When a row that is full is given up.
    full: i64,
    local: Local,
    /// From where on the row is of the last half minute, and who carries for how many of these clients how many DISCOVERs.
    recent: u64,
    carriers: KeyedMap<Mac, (usize, u32)>,
    /// The carrier that was found to carry many last.
    ripe: Mac,
    /// Half a minute of those who began long enough ago to have gone on.
    settled: (u64, u64),
    sums: Sums,
    suspicions: Vec<Suspicion>,
    /// Up to where in the row nothing is suspected anew, for what was suspected last was given up.
    again: u64,
    behind: KeyedMap<Mac, Behind>,
    found: Option<Finding>,
}

impl Flood {
    /// Takes note of a client's message. `knows` says whether somebody is a client.
    pub(super) fn observe(
        &mut self,
        seen: &Seen,
        (client, print): (&HwAddr, u32),
        knows: impl Fn(HwAddr) -> bool,
    ) {
        if self.found.is_some() || seen.side != Side::Client || !seen.from_client {
            return;
        }
        if !self.behind.is_empty()
            && let Some(behind) = client.mac().and_then(|mac| self.behind.get_mut(&mac))
        {
            behind.own = true;
        }
        if !matches!(seen.letter, Letter::Discover | Letter::Request) {
            return;
        }
        let settled = self.settled.1;
        self.suspicions.retain_mut(|suspicion| {
            let stays = suspicion.observe(client, seen.letter);
            if !stays {
                // To suspect copies all, and so it pays only where there are enough new ones.
                let more = u64::try_from(suspicion.sums.all / 8).unwrap_or(0);
                self.again = settled.saturating_add(more);
            }
            stays
        });
        if seen.letter == Letter::Request {
            self.change(client, |asker| asker.requested = true);
            return;
        }
        let stands = self.change(client, |asker| asker.discovers = asker.discovers.saturating_add(1));
        self.advance(seen.time);
        // Who has gone from the row since is there anew.
        if !(stands && self.places.contains_key(client)) {
            self.begin(seen, client, print);
        }
        self.carried(seen, client, knows);
        self.judge();
    }

    /// Where a client stands in the row.
    fn at(&self, place: u64) -> Option<&Asker> {
        self.row.get(usize::try_from(place.checked_sub(self.gone)?).ok()?)
    }

    /// Something a client does changes what is known of it; true for one that stands in the row.
    fn change(&mut self, client: &HwAddr, change: impl FnOnce(&mut Asker)) -> bool {
        let Some(place) = self.places.get(client).copied() else { return false };
        let index = place.checked_sub(self.gone).and_then(|index| usize::try_from(index).ok());
        let Some(asker) = index.and_then(|index| self.row.get_mut(index)) else { return false };
        let before = *asker;
        change(asker);
        let after = *asker;
        if (self.settled.0..self.settled.1).contains(&place) {
            self.sums.take(&before);
            self.sums.add(&after);
        }
        if place >= self.recent
            && let Some((_, discovers)) = after.carrier().and_then(|carrier| self.carriers.get_mut(&carrier))
        {
            *discovers = discovers.saturating_add(after.discovers).saturating_sub(before.discovers);
        }
        true
    }

    /// A client that is not known asks.
    fn begin(&mut self, seen: &Seen, client: &HwAddr, print: u32) {
        if self.row.len() >= ROW {
            if seen.time < self.full {
                return;
            }
            // Those to come are seen as well, and these have been.
            self.clear();
        }
        let asker = Asker {
            client: *client,
            // A little earlier than the one before it is in no other window.
            first: self.row.back().map_or(seen.time, |last| last.first.max(seen.time)),
            frame: seen.frame,
            source: seen.src_mac,
            discovers: 1,
            requested: false,
            print,
            named: seen.has(bit::HOSTNAME),
            listed: seen.has(bit::LIST),
        };
        self.places.insert(*client, self.gone.saturating_add(self.len()));
        self.row.push_back(asker);
        self.local.change(&asker, true);
        if let Some(carrier) = asker.carrier() {
            let (clients, discovers) = self.carriers.entry(carrier).or_default();
            (*clients, *discovers) = (clients.saturating_add(1), discovers.saturating_add(1));
        }
        if self.row.len() >= ROW {
            self.full = seen.time.saturating_add(STAYS);
        }
    }

    fn len(&self) -> u64 {
        u64::try_from(self.row.len()).unwrap_or(u64::MAX)
    }

    /// Time goes on: windows slide.
    fn advance(&mut self, now: i64) {
        if self.row.back().is_some_and(|last| last.first.saturating_sub(now) > GRACE) {
            // Another capture begins.
            self.clear();
        }
        self.settle(now.saturating_sub(GRACE));
        while let Some(asker) = self.at(self.recent).filter(|asker| now.saturating_sub(asker.first) > SHORT) {
            if let Some(carrier) = asker.carrier() {
                let carried = asker.discovers;
                if let Some((clients, discovers)) = self.carriers.get_mut(&carrier) {
                    (*clients, *discovers) = (clients.saturating_sub(1), discovers.saturating_sub(carried));
                    if *clients == 0 {
                        self.carriers.remove(&carrier);
                    }
                }
            }
            self.recent = self.recent.saturating_add(1);
        }
        while let Some(asker) = self.row.front().filter(|asker| now.saturating_sub(asker.first) > LONG) {
            let asker = *asker;
            self.row.pop_front();
            self.places.remove(&asker.client);
            self.local.change(&asker, false);
            if self.settled.0 <= self.gone {
                self.sums.take(&asker);
            }
            self.gone = self.gone.saturating_add(1);
            self.settled.0 = self.settled.0.max(self.gone);
        }
    }

    /// Who began before `until` has had time to go on.
    fn settle(&mut self, until: i64) {
        while let Some(asker) = self.at(self.settled.1).filter(|asker| asker.first <= until).copied() {
            self.settled.1 = self.settled.1.saturating_add(1);
            self.sums.add(&asker);
            while let Some(old) =
                self.at(self.settled.0).filter(|old| asker.first.saturating_sub(old.first) > SHORT).copied()
            {
                self.sums.take(&old);
                self.settled.0 = self.settled.0.saturating_add(1);
            }
            self.suspect(&asker);
        }
    }

    /// Somebody has had time to go on: it makes one flood more, or another.
    fn suspect(&mut self, asker: &Asker) {
        for suspicion in &mut self.suspicions {
            if asker.first.saturating_sub(suspicion.seen.0) <= SHORT {
                let mut sums = suspicion.sums;
                sums.add(asker);
                if sums.is_flood() && suspicion.clients.len() < ROW {
                    suspicion.add(asker);
                }
                return;
            }
        }
        if self.settled.1 > self.again {
            self.suspect_all(asker.first);
        }
    }

    /// Those who began within half a minute before `now` and had time to go on, where that looks like a flood.
    fn suspect_all(&mut self, now: i64) {
        if self.suspicions.len() >= WATCHED || !self.sums.is_flood() {
            return;
        }
        let (from, to) = self.settled;
        let is_new = |last: &Suspicion| self.at(from).is_some_and(|first| first.first > last.seen.1);
        if !self.suspicions.iter().all(is_new) {
            return;
        }
        let mut new = Suspicion {
            sums: Sums::default(),
            clients: KeyedMap::default(),
            frames: Vec::new(),
            seen: (self.at(from).map_or(now, |first| first.first), now),
        };
        for place in from..to {
            if let Some(asker) = self.at(place) {
                new.add(asker);
            }
        }
        self.suspicions.push(new);
    }

    /// The row is given up.
    fn clear(&mut self) {
        self.gone = self.gone.saturating_add(self.len());
        self.row.clear();
        self.places.clear();
        self.carriers.clear();
        self.local = Local::default();
        self.recent = self.gone;
        self.settled = (self.gone, self.gone);
        self.sums = Sums::default();
        self.again = 0;
    }

    /// A DISCOVER in another's frame.
    fn carried(&mut self, seen: &Seen, client: &HwAddr, knows: impl Fn(HwAddr) -> bool) {
        let source = seen.src_mac;
        if source == Mac::ZERO || client.mac() == Some(source) {
            return;
        }
        make_room(&mut self.behind, MOST, &source, |behind| behind.seen.1);
        let behind = self.behind.entry(source).or_insert_with(|| Behind {
            seen: (seen.time, seen.time),
            own: knows(source.into()) || self.places.contains_key(&HwAddr::from(source)),
            ..Behind::default()
        });
        behind.seen.1 = behind.seen.1.max(seen.time);
        if behind.clients.len() < BEHIND && !behind.clients.contains(client) {
            behind.clients.push(*client);
            behind.frames.push(seen.frame);
        }
        if let Some((clients, discovers)) = self.carriers.get(&source)
            && *clients >= 20
            && *discovers >= 50
        {
            self.ripe = source;
        }
    }

    /// Looks at what needs no REQUEST to be waited for.
    fn judge(&mut self) {
        let recent = self.gone.saturating_add(self.len()).saturating_sub(self.recent);
        let carried = self
            .carriers
            .get(&self.ripe)
            .filter(|(clients, discovers)| recent >= 50 && *clients >= 20 && *discovers >= 50);
        let (text, from, only_local) = if let Some((clients, _)) = carried {
            let text = format!("{recent} clients within 30 s, {clients} of them behind {}", self.ripe);
            (text, self.recent, false)
        } else if self.local.is_flood() {
            let text = format!("{} made-up addresses in a minute that all ask alike", self.local.all);
            (text, self.gone, true)
        } else {
            return;
        };
        let from = usize::try_from(from.saturating_sub(self.gone)).unwrap_or(0);
        let askers = self.row.iter().skip(from).filter(|asker| !only_local || asker.local().is_some());
        let all = askers.clone().count();
        let seen = askers.clone().next().zip(self.row.back()).map(|(first, last)| (first.first, last.first));
        let frames = askers.map(|asker| asker.frame).take(FRAMES).collect();
        self.found = Some(told(text, frames, all, seen.unwrap_or_default()));
    }

    /// What was found, once the input has ended at `end`.
    pub(super) fn finish(&mut self, end: i64, knows: impl Fn(HwAddr) -> bool) -> Option<Finding> {
        if self.found.is_none() {
            self.settle(end.saturating_sub(GRACE));
            if let Some(last) = self.settled.1.checked_sub(1).and_then(|last| self.at(last)) {
                self.suspect_all(last.first);
            }
        }
        let Self { found, suspicions, behind, .. } = std::mem::take(self);
        let silent = || {
            let silent = |suspicion: &Suspicion| suspicion.sums.all.saturating_sub(suspicion.sums.asked);
            let suspicion = suspicions.into_iter().max_by_key(silent)?;
            let Sums { all, asked, .. } = suspicion.sums;
            let text = format!("{all} clients within 30 s, {asked} of them went on to a REQUEST");
            Some(told(text, suspicion.frames, all, suspicion.seen))
        };
        found.or_else(silent).or_else(|| {
            // (c) Twenty clients behind one source that is none of them.
            let (source, behind) = behind
                .into_iter()
                .filter(|(source, behind)| {
                    behind.clients.len() >= 20 && !behind.own && !knows(HwAddr::from(*source))
                })
                .max_by_key(|(source, behind)| (behind.clients.len(), *source))?;
            let count = behind.clients.len();
            let more = if count >= BEHIND { " or more" } else { "" };
            let text = format!("{count}{more} clients behind {source}, which is none of them");
            Some(told(text, behind.frames, count, behind.seen))
        })
    }
}

fn told(message: String, frames: Vec<u64>, count: usize, seen: (i64, i64)) -> Finding {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    Finding { count, ..finding(Code::Starvation, frames, seen, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::a_discover;

    /// Clients that ask `step` nanoseconds apart, `source` or each itself, and `asks` whether they go on to a REQUEST: what was found.
    fn asked(count: u32, step: i64, source: Option<Mac>, asks: impl Fn(u32) -> bool) -> Option<Finding> {
        let mut flood = Flood::default();
        let mut seen = a_discover();
        for number in 0..count {
            let [a, b, c, d] = number.to_be_bytes();
            let client = Mac([0, a, b, c, d, 1]);
            (seen.src_mac, seen.frame) = (source.unwrap_or(client), number.into());
            seen.letter = Letter::Discover;
            flood.observe(&seen, (&client.into(), 0), |_| false);
            assert!(flood.row.len() <= ROW && flood.places.len() == flood.row.len());
            assert!(flood.suspicions.len() <= WATCHED && flood.settled.0 >= flood.gone);
            if asks(number) {
                seen.letter = Letter::Request;
                flood.observe(&seen, (&client.into(), 0), |_| false);
            }
            seen.time = seen.time.saturating_add(step);
        }
        flood.finish(seen.time.saturating_add(GRACE), |_| false)
    }

    #[test]
    fn many_clients_that_go_on_are_no_flood() {
        for step in [14_652_000, 1_000_000, 100_000] {
            let found = asked(20_000, step, None, |_| true);
            assert!(found.is_none(), "{found:?}");
        }
    }

    #[test]
    fn a_flood_of_more_clients_than_are_kept_is_found() {
        for step in [14_652_000, 1_000_000, 100_000] {
            let found = asked(20_000, step, None, |_| false);
            assert!(found.unwrap().message.ends_with("0 of them went on to a REQUEST"));
        }
    }

    /// Whatever comes before and after it, half a minute is half a minute.
    #[test]
    fn a_flood_between_others_is_found() {
        let half = |number: u32| !(300..350).contains(&number);
        let found = asked(1000, SHORT / 49, None, half).unwrap();
        assert_eq!((found.count, found.seen.1 - found.seen.0), (50, SHORT / 49 * 49));
        assert!(asked(1000, SHORT / 48, None, half).is_none());
        assert!(asked(1000, SHORT / 49, None, |number| !(300..325).contains(&number)).is_none());
        assert!(asked(1000, SHORT / 49, None, |number| !(300..326).contains(&number)).is_some());
    }

    /// Who goes on to a REQUEST later has gone on.
    #[test]
    fn a_suspicion_is_given_up() {
        let mut flood = Flood::default();
        let mut seen = a_discover();
        let start = seen.time;
        let client = |number: u8| HwAddr::from(Mac([0, 0, 0, 0, number, 1]));
        for number in 0..100 {
            seen.src_mac = Mac([0, 0, 0, 0, number, 1]);
            flood.observe(&seen, (&client(number), 0), |_| false);
        }
        seen.time = start + 100 * SECOND;
        seen.src_mac = Mac([0, 0, 0, 0, 200, 1]);
        flood.observe(&seen, (&client(200), 0), |_| false);
        assert_eq!(flood.suspicions.len(), 1);
        seen.letter = Letter::Request;
        for number in 0..50 {
            flood.observe(&seen, (&client(number), 0), |_| false);
        }
        assert!(flood.suspicions.is_empty());
        assert!(flood.finish(seen.time, |_| false).is_none());
    }

    /// As many ask as may, and every other time somebody has had time to go on, one does: what looks like a flood for a moment is not
    /// looked at anew each time.
    #[test]
    fn a_suspicion_that_is_given_up_is_not_had_again_at_once() {
        let mut flood = Flood::default();
        let mut seen = a_discover();
        let start = seen.time;
        let client = |number: usize| {
            let [.., a, b] = number.to_be_bytes();
            Mac([0, 0, 0, a, b, 1])
        };
        let observe = |flood: &mut Flood, seen: &mut Seen, number: usize, letter: Letter, ms: usize| {
            (seen.src_mac, seen.letter) = (client(number), letter);
            seen.time = start + i64::try_from(ms).unwrap() * SECOND / 1000;
            flood.observe(seen, (&client(number).into(), 0), |_| false);
        };
        (0..ROW).for_each(|number| observe(&mut flood, &mut seen, number, Letter::Discover, number));
        let mut suspected = 0;
        for number in 0..ROW {
            let before = flood.suspicions.len();
            observe(&mut flood, &mut seen, ROW + number, Letter::Discover, 5000 + number);
            suspected += usize::from(flood.suspicions.len() > before);
            if number % 2 == 1 {
                observe(&mut flood, &mut seen, number / 2, Letter::Request, 5000 + number);
            }
        }
        assert!((2..100).contains(&suspected), "{suspected} times");
    }

    /// However slowly they come, and unless the source is a client as well.
    #[test]
    fn clients_behind_one_source() {
        let source = Mac([0, 9, 9, 9, 9, 9]);
        let found = asked(20, 100 * SECOND, Some(source), |_| true).unwrap();
        assert_eq!((found.count, found.frames.len()), (20, 20));
        assert!(asked(19, 100 * SECOND, Some(source), |_| true).is_none());
        let mut flood = Flood::default();
        let mut seen = a_discover();
        seen.src_mac = source;
        for number in 0..40 {
            flood.observe(&seen, (&Mac([0, 0, 0, 0, number, 1]).into(), 0), |_| false);
            seen.time += 100 * SECOND;
        }
        seen.letter = Letter::Inform;
        flood.observe(&seen, (&source.into(), 0), |_| false);
        assert!(flood.finish(seen.time, |_| false).is_none());
    }
}
