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
/// Clients kept of a window; more are a flood anyway and looked at at once.
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
        if seen.time >= self.due || self.askers.len() >= MOST {
            self.judge(seen.time);
            let from = seen.time.saturating_sub(WINDOW);
            self.askers.retain(|_, asker| asker.first >= from);
            if self.askers.len() >= MOST {
                self.askers.clear();
            }
            self.due = seen.time.saturating_add(STEP);
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

    /// Looks at the last minute before `now`.
    fn judge(&mut self, now: i64) {
        let half: Vec<(&HwAddr, &Asker)> =
            self.askers.iter().filter(|(_, asker)| now.saturating_sub(asker.first) <= WINDOW / 2).collect();
        // Clients that have only just begun may go on as they should.
        let text = many(&half).or_else(|| alike(&self.askers)).or_else(|| behind_one(&self.askers));
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

    /// What was found, once the input has ended.
    pub(super) fn finish(&mut self, now: i64) -> Option<Finding> {
        if self.found.is_none() {
            self.judge(now);
        }
        self.found.take()
    }
}

/// (a) Fifty clients in half a minute, of one source or without any REQUEST.
fn many(askers: &[(&HwAddr, &Asker)]) -> Option<String> {
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
    let once = askers.iter().filter(|(_, asker)| asker.discovers == 1).count();
    let asked = askers.iter().filter(|(_, asker)| asker.requested).count();
    (once.saturating_mul(10) >= askers.len().saturating_mul(9) && asked.saturating_mul(2) < askers.len())
        .then(|| format!("{} clients within 30 s, {asked} of them went on to a REQUEST", askers.len()))
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
