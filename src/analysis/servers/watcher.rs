//! From a running tally to changes worth telling: who is new, changed, gone and back.
//!
//! Moves by the times it is told. Three things keep it quiet: a server is judged when its answers have settled, one
//! that changes to and fro is told of again only after a while, and a storm of changes is told as one.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use super::judge::{Judgement, Reason, SegmentVerdict, Status, judge, judge_remembered};
use super::key::Key;
use super::policy::Policy;
use super::rules::Scene;
use super::sighting::Offered;
use super::table::{MAX_SERVERS, Server, Servers};
use crate::time::{Instant, Moment, Timestamp};
use crate::wire::escape::escape;

/// How patient a watcher is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchPace {
    /// From a server's first answer to its judgement, so that all it says is taken together.
    pub settle: Duration,
    /// Silence after which a server is gone.
    pub gone_after: Duration,
    /// A server whose offers change to and fro is told of once in this time, unless it gets worse.
    pub hold: Duration,
    /// Changes told one by one in a row.
    pub burst: u32,
    /// Time after which one more may be.
    pub refill: Duration,
    /// Changes beyond that are gathered for so long, and told as one.
    pub fold: Duration,
}

impl Default for WatchPace {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(2),
            gone_after: Duration::from_mins(15),
            hold: Duration::from_mins(5),
            burst: 20,
            refill: Duration::from_secs(6),
            fold: Duration::from_mins(1),
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A server that was not there before.
    New,
    /// It offers something else, or is judged otherwise.
    Changed,
    /// It has not been heard for a while.
    Gone,
    /// It was gone and is heard again.
    Back,
    /// Many changes, told as one.
    Folded,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::New, Self::Changed, Self::Gone, Self::Back, Self::Folded];

    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Back => "back",
            Self::Folded => "folded",
        }
    }
}

/// One part of what a server offers, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferChange {
    /// Which part.
    pub what: String,
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
}

/// How many changes were folded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// New servers.
    pub new: u64,
    /// Changed servers.
    pub changed: u64,
    /// Servers gone.
    pub gone: u64,
    /// Servers back.
    pub back: u64,
    /// How many of all these were about rogues.
    pub rogues: u64,
}

impl Folded {
    /// All of them.
    pub fn total(self) -> u64 {
        [self.new, self.changed, self.gone, self.back].into_iter().fold(0, u64::saturating_add)
    }

    fn count(&mut self, kind: ChangeKind, status: Status) {
        let slot = match kind {
            ChangeKind::New => &mut self.new,
            ChangeKind::Changed => &mut self.changed,
            ChangeKind::Gone => &mut self.gone,
            ChangeKind::Back | ChangeKind::Folded => &mut self.back,
        };
        *slot = slot.saturating_add(1);
        if status == Status::Rogue {
            self.rogues = self.rogues.saturating_add(1);
        }
    }
}

/// Something worth telling.
#[derive(Clone, Debug)]
pub struct ServerChange {
    /// What happened.
    pub kind: ChangeKind,
    /// When it was noticed.
    pub time: Timestamp,
    /// About whom; `None` when folded.
    pub who: Option<Box<Who>>,
    /// What is different.
    pub differences: Vec<OfferChange>,
    /// How many, when folded.
    pub folded: Folded,
}

/// The server a change is about.
#[derive(Clone, Debug)]
pub struct Who {
    /// The server; of one that is only remembered no more than who it is and when it was seen.
    pub server: Server,
    /// How it was judged.
    pub judgement: Judgement,
}

/// What is remembered of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where it was heard.
    pub interfaces: Vec<Arc<str>>,
    /// Who it is.
    pub key: Key,
    /// How it was judged last.
    pub status: Status,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What it offered: part and text.
    pub facets: Vec<(String, String)>,
    /// When it was first heard, over all restarts.
    pub first_seen: Timestamp,
    /// When it was heard last.
    pub last_seen: Timestamp,
    /// It is there.
    pub present: bool,
}

impl Known {
    /// The server as far as it is remembered.
    fn server(&self) -> Server {
        Server {
            interfaces: self.interfaces.clone(),
            key: self.key.clone(),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            ..Server::default()
        }
    }

    /// The routers that it offered: a default route that leads elsewhere is an alarm.
    fn routes(&self) -> Offered {
        let ips = |what: &str| -> Vec<Ipv4Addr> {
            let texts = self.facets.iter().filter(|(name, _)| name == what).map(|(_, text)| text);
            texts.flat_map(|text| text.split(' ')).filter_map(|ip| ip.parse().ok()).collect()
        };
        Offered {
            routers: ips(ROUTERS),
            default_routes: ips(DEFAULT_ROUTES).into_iter().map(|via| (121, via)).collect(),
            ..Offered::default()
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    known: Known,
    /// When something was told of it last.
    told: Instant,
    /// When it was heard last; of one that is only remembered, when watching began.
    heard: Instant,
}

/// Shortest time between two looks at everybody.
const BREATH: Duration = Duration::from_millis(500);

/// Tells changes.
#[derive(Clone, Debug)]
pub struct Watcher {
    pace: WatchPace,
    known: HashMap<Key, Entry>,
    /// When to judge whom.
    due: HashMap<Key, Instant>,
    looked: Option<Instant>,
    next: Option<Instant>,
    /// Changes that may be told at once: of servers that answer us, and of others.
    tokens: [u32; 2],
    refilled: Instant,
    folded: Folded,
    folding_since: Option<Instant>,
    dirty: bool,
    /// Something changed that is told later, or with others.
    stirred: bool,
}

impl Watcher {
    /// A watcher that remembers `known` from before.
    pub fn new(pace: WatchPace, known: Vec<Known>, now: Instant) -> Self {
        let known: HashMap<Key, Entry> = known
            .into_iter()
            .take(MAX_SERVERS)
            .map(|known| (known.key.clone(), Entry { known, told: Instant::default(), heard: now }))
            .collect();
        let mut watcher = Self {
            pace,
            known,
            due: HashMap::new(),
            looked: None,
            next: None,
            tokens: [pace.burst; 2],
            refilled: now,
            folded: Folded::default(),
            folding_since: None,
            dirty: false,
            stirred: false,
        };
        watcher.plan();
        watcher
    }

    /// A server was heard.
    pub fn heard(&mut self, key: &Key, now: Instant) {
        let at = now.after(self.pace.settle);
        let full = self.due.len() >= MAX_SERVERS.saturating_mul(2);
        match self.due.get_mut(key) {
            Some(due) if *due <= at => return,
            Some(due) => *due = at,
            None if full => return,
            None => {
                self.due.insert(key.clone(), at);
            }
        }
        let earliest = self.next.map_or(at, |next| next.min(at));
        self.next = Some(self.looked.map_or(earliest, |looked| earliest.max(looked.after(BREATH))));
    }

    /// What may be there is said anew: everybody is judged again at once, and told of whatever was told lately.
    pub fn rejudge(&mut self, now: Instant) {
        for (key, entry) in self.known.iter_mut().filter(|(_, entry)| entry.known.present) {
            entry.told = Instant::default();
            self.due.insert(key.clone(), now);
        }
        self.plan();
    }

    /// When to call [`poll`](Self::poll) next.
    pub fn deadline(&self) -> Option<Instant> {
        let folded = self.folding_since.map(|since| since.after(self.pace.fold));
        self.next.into_iter().chain(folded).min()
    }

    /// What is worth telling by now. Those who are gone leave `servers`.
    pub fn poll(&mut self, now: Moment, servers: &mut Servers, policy: Option<&Policy>) -> Vec<ServerChange> {
        let mut changes = Vec::new();
        if self.next.is_some_and(|next| now.at >= next) {
            self.looked = Some(now.at);
            servers.forget_answers(now.at.before(self.pace.gone_after));
            self.settle(now, servers, policy, &mut changes);
            self.leave(now, servers, &mut changes);
            self.plan();
        }
        let mut told = Vec::new();
        self.refill(now.at);
        for change in changes {
            // Who answers what we ask is told beside any storm of those who do not.
            let answers_us = change.who.as_ref().is_some_and(|who| !who.server.answered.is_empty());
            let tokens = if answers_us { &mut self.tokens[0] } else { &mut self.tokens[1] };
            if *tokens > 0 {
                *tokens = tokens.saturating_sub(1);
                told.push(change);
            } else {
                let status = change.who.as_ref().map_or(Status::Unjudged, |who| who.judgement.status);
                self.folded.count(change.kind, status);
                self.stirred = true;
                self.folding_since.get_or_insert(now.at);
            }
        }
        if self.folding_since.is_some_and(|since| now.at >= since.after(self.pace.fold)) {
            self.folding_since = None;
            told.push(ServerChange {
                kind: ChangeKind::Folded,
                time: now.time,
                who: None,
                differences: Vec::new(),
                folded: std::mem::take(&mut self.folded),
            });
        }
        self.dirty |= !told.is_empty();
        told
    }

    /// Everything is told at once that would be told later: the last words before the end.
    pub fn finish(
        &mut self,
        now: Moment,
        servers: &mut Servers,
        policy: Option<&Policy>,
    ) -> Vec<ServerChange> {
        for at in self.due.values_mut() {
            *at = (*at).min(now.at);
        }
        self.next = Some(now.at);
        if self.folding_since.is_some() {
            self.folding_since = Some(Instant::default());
        }
        self.poll(now, servers, policy)
    }

    /// Everybody remembered, present or gone.
    pub fn known(&self) -> impl Iterator<Item = &Known> {
        self.known.values().map(|entry| &entry.known)
    }

    /// The verdict over those who are there.
    pub fn verdict(&self) -> SegmentVerdict {
        SegmentVerdict::of(self.known().filter(|known| known.present).map(|known| known.status))
    }

    /// True since something changed that was not told by itself, until [`settled`](Self::settled).
    pub fn is_stirred(&self) -> bool {
        self.stirred
    }

    /// What changed so far is shown.
    pub fn settled(&mut self) {
        self.stirred = false;
    }

    /// True once after something was told.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    fn settle(
        &mut self,
        now: Moment,
        servers: &Servers,
        policy: Option<&Policy>,
        changes: &mut Vec<ServerChange>,
    ) {
        let mut ripe: Vec<Key> =
            self.due.iter().filter(|(_, at)| **at <= now.at).map(|(key, _)| key.clone()).collect();
        ripe.sort();
        if ripe.is_empty() {
            return;
        }
        let scene = Scene::new(servers, policy);
        for key in ripe.iter().filter(|key| servers.find(key).is_some()) {
            self.take_over(key, servers);
        }
        for key in ripe {
            self.due.remove(&key);
            if let Some(server) = servers.find(&key) {
                let judgement = judge(server, policy, &scene);
                self.compare(now, server, judgement, changes);
            } else if let Some(entry) = self.known.get_mut(&key).filter(|entry| entry.known.present) {
                // Not heard since the program began, or pushed out since: it is judged as it is remembered.
                let known = &mut entry.known;
                let server = known.server();
                let routed = Server { offered: known.routes(), ..server.clone() };
                let judgement = judge_remembered(&routed, &known.reasons, policy, &scene);
                let differences = differences(known, &judgement, &[]);
                if !differences.is_empty() {
                    (known.status, known.reasons) = (judgement.status, judgement.reasons.clone());
                    entry.told = now.at;
                    let who = Some(Box::new(Who { server, judgement }));
                    let (kind, folded) = (ChangeKind::Changed, Folded::default());
                    changes.push(ServerChange { kind, time: now.time, who, differences, folded });
                }
            }
        }
        let limit = MAX_SERVERS.saturating_mul(2);
        if self.known.len() > limit {
            self.known.retain(|key, _| servers.find(key).is_some());
        }
    }

    /// Who named itself since it was told of is no other server: an answer to BOOTP has no identifier.
    fn take_over(&mut self, key: &Key, servers: &Servers) {
        let nameless = key.source();
        if nameless == *key || self.known.contains_key(key) || servers.find(&nameless).is_some() {
            return;
        }
        if let Some(mut entry) = self.known.remove(&nameless) {
            entry.known.key = key.clone();
            self.known.insert(key.clone(), entry);
            self.due.remove(&nameless);
        }
    }

    fn compare(
        &mut self,
        now: Moment,
        server: &Server,
        judgement: Judgement,
        changes: &mut Vec<ServerChange>,
    ) {
        let mut facets = facets(server);
        if let Some(entry) = self.known.get(&server.key) {
            complete(&mut facets, &entry.known.facets);
        }
        let fresh = || Known {
            interfaces: server.interfaces.clone(),
            key: server.key.clone(),
            status: judgement.status,
            reasons: judgement.reasons.clone(),
            facets: facets.clone(),
            first_seen: server.first_seen,
            last_seen: server.last_seen,
            present: true,
        };
        let (kind, differences) = match self.known.get_mut(&server.key) {
            None => {
                self.known
                    .insert(server.key.clone(), Entry { known: fresh(), told: now.at, heard: server.heard });
                (ChangeKind::New, Vec::new())
            }
            Some(entry) => {
                let known = &mut entry.known;
                known.last_seen = server.last_seen;
                entry.heard = server.heard;
                let differences = differences(known, &judgement, &facets);
                let kind = if known.present { ChangeKind::Changed } else { ChangeKind::Back };
                if known.present && differences.is_empty() {
                    // What was not known before is compared with from now on.
                    if !facets.is_empty() {
                        known.facets = facets;
                    }
                    return;
                }
                let again = entry.told.after(self.pace.hold);
                if kind == ChangeKind::Changed && judgement.status <= known.status && now.at < again {
                    self.due.insert(server.key.clone(), again);
                    return;
                }
                let known = Known { first_seen: known.first_seen, ..fresh() };
                *entry = Entry { known, told: now.at, heard: server.heard };
                (kind, differences)
            }
        };
        let mut server = server.clone();
        server.first_seen =
            self.known.get(&server.key).map_or(server.first_seen, |entry| entry.known.first_seen);
        let who = Some(Box::new(Who { server, judgement }));
        changes.push(ServerChange { kind, time: now.time, who, differences, folded: Folded::default() });
    }

    /// Notices who has not been heard for long.
    fn leave(&mut self, now: Moment, servers: &mut Servers, changes: &mut Vec<ServerChange>) {
        let mut gone = Vec::new();
        for (key, entry) in &mut self.known {
            if let Some(server) = servers.find(key) {
                entry.known.last_seen = server.last_seen;
                entry.heard = server.heard;
            }
            if entry.known.present && now.at >= entry.heard.after(self.pace.gone_after) {
                gone.push(key.clone());
            }
        }
        gone.sort();
        for key in gone {
            let Some(entry) = self.known.get_mut(&key) else { continue };
            entry.known.present = false;
            entry.told = now.at;
            let server = servers.find(&key).cloned().unwrap_or_else(|| entry.known.server());
            let judgement = Judgement {
                status: entry.known.status,
                reasons: entry.known.reasons.clone(),
                notes: Vec::new(),
                name: None,
                vendor: None,
            };
            servers.remove(&key);
            self.due.remove(&key);
            let who = Some(Box::new(Who { server, judgement }));
            let (kind, folded) = (ChangeKind::Gone, Folded::default());
            changes.push(ServerChange { kind, time: now.time, who, differences: Vec::new(), folded });
        }
    }

    fn plan(&mut self) {
        let due = self.due.values().min().copied();
        let present = self.known.values().filter(|entry| entry.known.present);
        let silent = present.map(|entry| entry.heard.after(self.pace.gone_after)).min();
        let earliest = due.into_iter().chain(silent).min();
        self.next = match (earliest, self.looked) {
            (Some(next), Some(looked)) => Some(next.max(looked.after(BREATH))),
            (next, _) => next,
        };
    }

    fn refill(&mut self, now: Instant) {
        let step = i64::try_from(self.pace.refill.as_nanos()).unwrap_or(i64::MAX).max(1);
        let steps = now.since(self.refilled).checked_div(step).unwrap_or(0);
        if let Ok(steps @ 1..) = u32::try_from(steps) {
            for tokens in &mut self.tokens {
                *tokens = tokens.saturating_add(steps).min(self.pace.burst);
            }
            self.refilled = now;
        }
    }
}

/// The facet that is known of some answers only, so that its coming and going is no change.
const LEASE_TIME: &str = "lease time";
const ROUTERS: &str = "routers";
const DEFAULT_ROUTES: &str = "default routes";

/// What these answers leave open is as it was.
fn complete(facets: &mut Vec<(String, String)>, known: &[(String, String)]) {
    let lease = |facets: &[(String, String)]| facets.iter().find(|(what, _)| what == LEASE_TIME).cloned();
    if !facets.is_empty() && lease(facets).is_none() {
        facets.extend(lease(known));
    }
}

/// What a server offers in parts that are compared. Addresses are left out: every client gets another.
fn facets(server: &Server) -> Vec<(String, String)> {
    let offered = &server.offered;
    let list = |ips: &[Ipv4Addr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(escape).unwrap_or_default();
    let routes: Vec<Ipv4Addr> = offered.default_routes.iter().map(|(_, router)| *router).collect();
    let mut facets = vec![
        ("subnet mask", offered.subnet_mask.map(|mask| mask.to_string()).unwrap_or_default()),
        (ROUTERS, list(&offered.routers)),
        ("name servers", list(&offered.dns_servers)),
        ("domain", text(&offered.domain_name)),
        (DEFAULT_ROUTES, list(&routes)),
        ("web proxy", text(&offered.wpad)),
        ("next server", offered.next_server.map(|ip| ip.to_string()).unwrap_or_default()),
        ("boot file", text(&offered.boot_file)),
    ];
    if let Some(six) = offered.six.as_deref() {
        facets.extend(six.facets());
    }
    // The remaining time of other clients' leases says nothing about the server.
    if server.complete {
        facets.push((LEASE_TIME, offered.lease_time.map(|time| time.to_string()).unwrap_or_default()));
    }
    facets
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(what, text)| (what.to_owned(), text))
        .collect()
}

fn differences(known: &Known, judgement: &Judgement, facets: &[(String, String)]) -> Vec<OfferChange> {
    let mut found = Vec::new();
    let mut push = |what: &str, from: &str, to: &str| {
        if from != to {
            found.push(OfferChange { what: what.to_owned(), from: from.to_owned(), to: to.to_owned() });
        }
    };
    push("status", known.status.name(), judgement.status.name());
    let codes = |reasons: &[Reason]| reasons.iter().map(|reason| reason.code).collect::<Vec<_>>().join(" ");
    push("reasons", &codes(&known.reasons), &codes(&judgement.reasons));
    // Before the first offer was seen there was nothing to change.
    if !known.facets.is_empty() {
        let before =
            |what: &str| known.facets.iter().find(|(name, _)| name == what).map_or("", |(_, text)| text);
        for (what, text) in facets {
            if what != LEASE_TIME || !before(what).is_empty() {
                push(what, before(what), text);
            }
        }
        for (what, text) in &known.facets {
            if !facets.is_empty() && !facets.iter().any(|(name, _)| name == what) {
                push(what, text, "");
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
