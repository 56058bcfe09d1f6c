//! Floods of made-up clients (starvation).

use std::collections::HashSet;

use super::{Code, Finding, Id};
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{Letter, Seen, Side, bit};
use crate::wire::{HwAddr, Mac};

const SECOND: i64 = 1_000_000_000;
/// How far back is looked.
const WINDOW: i64 = 60 * SECOND;
/// How often.
const STEP: i64 = 15 * SECOND;
/// A client that began this close to the end may still go on to a REQUEST.
const GRACE: i64 = 5 * SECOND;
/// Clients kept between two looks, the first that come. That many show what there is to see.
const MOST: usize = 4096;

#[derive(Clone, Copy, Debug)]
struct Asker {
    first: i64,
    frame: u64,
    source: Mac,
    discovers: u32,
    requested: bool,
    print: u32,
    named: bool,
    listed: bool,
}

/// Clients of the last minute.
#[derive(Debug, Default)]
pub(super) struct Flood {
    askers: KeyedMap<HwAddr, Asker>,
    due: i64,
    found: Option<Finding>,
}

impl Flood {
    /// Takes note of a client's message.
    pub(super) fn observe(&mut self, seen: &Seen, client: &HwAddr) {
        if self.found.is_some() || seen.side != Side::Client {
            return;
        }
        match seen.letter {
            Letter::Discover => {}
            Letter::Request => {
                if let Some(asker) = self.askers.get_mut(client) {
                    asker.requested = true;
                }
                return;
            }
            _ => return,
        }
        if seen.time >= self.due {
            self.judge(seen.time, seen.time);
            let from = seen.time.saturating_sub(WINDOW);
            self.askers.retain(|_, asker| asker.first >= from);
            // Those to come are seen as well, and these have been.
            if self.askers.len() > MOST / 2 {
                self.askers.clear();
            }
            self.due = seen.time.saturating_add(STEP);
        }
        if self.askers.len() >= MOST && !self.askers.contains_key(client) {
            return;
        }
        let asker = self.askers.entry(*client).or_insert(Asker {
            first: seen.time,
            frame: seen.frame,
            source: seen.src_mac,
            discovers: 0,
            requested: false,
            print: seen.fingerprint,
            named: seen.has(bit::HOSTNAME),
            listed: seen.has(bit::LIST),
        });
        asker.discovers = asker.discovers.saturating_add(1);
    }

    /// Looks at the last minute before `now`, of an input that goes on until `end`.
    fn judge(&mut self, now: i64, end: i64) {
        let half: Vec<(&HwAddr, &Asker)> =
            self.askers.iter().filter(|(_, asker)| now.saturating_sub(asker.first) <= WINDOW / 2).collect();
        let text = many(&half, end).or_else(|| alike(&self.askers)).or_else(|| behind_one(&self.askers));
        let Some(message) = text else { return };
        let mut frames: Vec<u64> = self.askers.values().map(|asker| asker.frame).collect();
        frames.sort_unstable();
        frames.truncate(64);
        let times = || self.askers.values().map(|asker| asker.first);
        let seen = (times().min().unwrap_or(now), times().max().unwrap_or(now));
        self.found = Some(Finding {
            id: Id::Wider(Code::Starvation),
            server: None,
            client: None,
            address: None,
            frames,
            count: u64::try_from(self.askers.len()).unwrap_or(u64::MAX),
            seen,
            message,
        });
    }

    /// What was found, once the input has ended at `end`; the last message came at `now`.
    pub(super) fn finish(&mut self, now: i64, end: i64) -> Option<Finding> {
        if self.found.is_none() {
            self.judge(now, end);
        }
        self.found.take()
    }
}

/// (a) Fifty clients in half a minute, of one source or without any REQUEST.
fn many(askers: &[(&HwAddr, &Asker)], end: i64) -> Option<String> {
    if askers.len() < 50 {
        return None;
    }
    let mut sources: KeyedMap<Mac, (usize, u32)> = KeyedMap::default();
    for (client, asker) in askers {
        if client.mac() != Some(asker.source) && asker.source != Mac::ZERO {
            let (clients, discovers) = sources.entry(asker.source).or_default();
            *clients = clients.saturating_add(1);
            *discovers = discovers.saturating_add(asker.discovers);
        }
    }
    let many = sources.iter().filter(|(_, (clients, discovers))| *clients >= 20 && *discovers >= 50);
    if let Some((source, _)) = many.max_by_key(|(source, figures)| (**figures, **source)) {
        return Some(format!("{} clients within 30 s, most of them behind {source}", askers.len()));
    }
    // Clients that have only just begun may go on as they should.
    let settled = || askers.iter().filter(|(_, asker)| end.saturating_sub(asker.first) >= GRACE);
    let all = settled().count();
    let once = settled().filter(|(_, asker)| asker.discovers == 1).count();
    let asked = settled().filter(|(_, asker)| asker.requested).count();
    (all >= 50 && once.saturating_mul(10) >= all.saturating_mul(9) && asked.saturating_mul(2) < all)
        .then(|| format!("{all} clients within 30 s, {asked} of them went on to a REQUEST"))
}

/// (b) Forty random addresses that look like one program.
fn alike(askers: &KeyedMap<HwAddr, Asker>) -> Option<String> {
    let local: Vec<(Mac, &Asker)> = askers
        .iter()
        .filter_map(|(client, asker)| client.mac().map(|mac| (mac, asker)))
        .filter(|(mac, _)| mac.0[0] & 2 != 0)
        .collect();
    if local.len() < 40 {
        return None;
    }
    let prefixes: HashSet<[u8; 3]> = local.iter().map(|(mac, _)| [mac.0[0], mac.0[1], mac.0[2]]).collect();
    let mut prints: KeyedMap<u32, usize> = KeyedMap::default();
    for (_, asker) in &local {
        let count = prints.entry(asker.print).or_default();
        *count = count.saturating_add(1);
    }
    let most = prints.values().max().copied().unwrap_or(0);
    let bare = local.iter().all(|(_, asker)| !asker.named) || local.iter().all(|(_, asker)| !asker.listed);
    (prefixes.len() >= 20 && most.saturating_mul(20) >= local.len().saturating_mul(19) && bare)
        .then(|| format!("{} made-up addresses in a minute that all ask alike", local.len()))
}

/// (c) Twenty clients behind one source that is none of them.
fn behind_one(askers: &KeyedMap<HwAddr, Asker>) -> Option<String> {
    let mut sources: KeyedMap<Mac, usize> = KeyedMap::default();
    for asker in askers.values().filter(|asker| asker.source != Mac::ZERO) {
        let count = sources.entry(asker.source).or_default();
        *count = count.saturating_add(1);
    }
    let (source, count) = sources
        .into_iter()
        .filter(|(source, _)| !askers.contains_key(&HwAddr::from(*source)))
        .max_by_key(|(source, count)| (*count, *source))?;
    (count >= 20).then(|| format!("{count} clients behind {source}, which is none of them"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::analysis::diagnosis::tests::a_discover;

    /// Clients that ask `step` nanoseconds apart, and `asks` whether they go on to a REQUEST: at how many moments the askers were
    /// looked at, and what was found.
    fn asked(count: u32, step: i64, asks: bool) -> (usize, Option<Finding>) {
        let mut flood = Flood::default();
        let mut looks = HashSet::new();
        let mut seen = a_discover();
        for number in 0..count {
            let [a, b, c, d] = number.to_be_bytes();
            seen.src_mac = Mac([0, a, b, c, d, 1]);
            seen.letter = Letter::Discover;
            flood.observe(&seen, &seen.src_mac.into());
            assert!(flood.askers.len() <= MOST);
            looks.insert(flood.due);
            if asks {
                seen.letter = Letter::Request;
                flood.observe(&seen, &seen.src_mac.into());
            }
            seen.time = seen.time.saturating_add(step);
        }
        let end = seen.time.saturating_add(GRACE);
        (looks.len(), flood.finish(seen.time, end))
    }

    #[test]
    fn many_clients_are_looked_at_no_more_often_than_few() {
        for step in [14_652_000, 1_000_000, 100_000] {
            let (looks, found) = asked(20_000, step, true);
            let steps = usize::try_from(20_000 * step / STEP).unwrap();
            assert!((steps..steps + 2).contains(&looks), "{looks} looks in {steps} steps");
            assert!(found.is_none(), "{found:?}");
        }
    }

    #[test]
    fn a_flood_of_more_clients_than_are_kept_is_found() {
        for step in [14_652_000, 1_000_000, 100_000] {
            let (_, found) = asked(20_000, step, false);
            assert!(found.unwrap().message.ends_with("0 of them went on to a REQUEST"));
        }
    }
}
