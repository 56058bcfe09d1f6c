//! What a server is, by every rule that hits, and what all of them are together.

use std::fmt;

use super::key::Speaks;
use super::policy::{Allowed, Policy};
use super::rules::{Case, RULES, Rule, Scene, Weight};
use super::table::{Server, Servers};

/// A rule that hit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The rule's name.
    pub code: &'static str,
    /// What was found, in words that are safe to show.
    pub detail: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The policy allows it and what it offers.
    Allowed,
    /// There is no policy.
    Unjudged,
    /// It should not be there, or not offer what it does.
    Rogue,
}

impl Status {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Unjudged => "unjudged",
            Self::Rogue => "rogue",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Allowed, Self::Unjudged, Self::Rogue].into_iter().find(|status| status.name() == name)
    }
}

/// All servers taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentVerdict {
    /// Nobody who should not be there.
    Clean,
    /// At least one rogue.
    Rogue,
    /// No server at all.
    None,
    /// Nothing is known against anybody, but not everything was seen.
    Unknown,
}

impl SegmentVerdict {
    /// Of these.
    pub fn of(statuses: impl IntoIterator<Item = Status>) -> Self {
        statuses.into_iter().fold(Self::None, |verdict, status| match (verdict, status) {
            (Self::Rogue, _) | (_, Status::Rogue) => Self::Rogue,
            _ => Self::Clean,
        })
    }

    /// The same when not everything was seen: who is a rogue still is one, the others say nothing.
    #[must_use]
    pub fn seen_in_part(self) -> Self {
        if self == Self::Rogue { self } else { Self::Unknown }
    }

    /// The name used in JSON; `None` is null there.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Clean => Some("clean"),
            Self::Rogue => Some("rogue"),
            Self::None => Some("none"),
            Self::Unknown => None,
        }
    }
}

/// What was found about one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it is.
    pub status: Status,
    /// Why it is a rogue; for an unjudged server what speaks against it.
    pub reasons: Vec<Reason>,
    /// What is worth knowing of an allowed server all the same.
    pub notes: Vec<Reason>,
    /// Which of the policy's servers it is.
    pub name: Option<String>,
    /// Who made the network card that it answers from, when somebody who has a table of vendors filled it in.
    pub vendor: Option<String>,
}

/// Judges a server.
pub fn judge(server: &Server, policy: Option<&Policy>, scene: &Scene) -> Judgement {
    // A policy that cannot mean such a server says nothing of it.
    let policy = policy.filter(|policy| policy.speaks_of(server.key.speaks));
    let entry = policy.and_then(|policy| policy.recognise(&server.key));
    let case = Case { server, entry, policy, scene };
    let mut reasons = Vec::new();
    let mut notes = Vec::new();
    let mut convicted = entry.is_none();
    for rule in RULES {
        if rule.weight == Weight::Identity && (entry.is_some() || policy.is_none()) {
            continue;
        }
        // Who was recognised as the wrong one of a known pair is not unknown.
        if rule.code == "unknown-server" && !reasons.is_empty() {
            continue;
        }
        let Some(detail) = (rule.check)(&case) else { continue };
        let reason = Reason { code: rule.code, detail };
        if entry.is_some() && rule.weight == Weight::Suspicious && !rule.convicts(&case) {
            notes.push(reason);
        } else {
            convicted |= rule.weight != Weight::Suspicious || entry.is_some();
            reasons.push(reason);
        }
    }
    let status = match (policy, convicted) {
        (None, _) => Status::Unjudged,
        (Some(_), true) => Status::Rogue,
        (Some(_), false) => Status::Allowed,
    };
    if status == Status::Rogue {
        reasons.append(&mut notes);
    }
    Judgement { status, reasons, notes, name: entry.and_then(|entry| entry.name.clone()), vendor: None }
}

/// Judges a server that is only remembered: by who it is, by its routers, and by what was `held` against it that `policy` still
/// speaks of.
pub(super) fn judge_remembered(
    server: &Server,
    held: &[Reason],
    policy: Option<&Policy>,
    scene: &Scene,
) -> Judgement {
    let rule = |reason: &Reason| RULES.iter().find(|rule| rule.code == reason.code);
    let is_identity = |reason: &Reason| rule(reason).is_some_and(|rule| rule.weight == Weight::Identity);
    let mut judgement = judge(server, policy, scene);
    judgement.notes.clear();
    judgement.reasons.retain(is_identity);
    let entry = policy.and_then(|policy| policy.recognise(&server.key));
    let case = Case { server, entry, policy, scene };
    let mut convicted = entry.is_none();
    for reason in held.iter().filter(|reason| !is_identity(reason)) {
        let Some(rule) = rule(reason).filter(|rule| still_counts(rule, entry)) else { continue };
        let is_note = entry.is_some() && rule.weight == Weight::Suspicious && !rule.convicts(&case);
        convicted |= !is_note;
        if is_note { &mut judgement.notes } else { &mut judgement.reasons }.push(reason.clone());
    }
    if judgement.status != Status::Unjudged {
        judgement.status = if convicted { Status::Rogue } else { Status::Allowed };
    }
    if judgement.status == Status::Rogue {
        judgement.reasons.append(&mut judgement.notes);
    }
    judgement
}

/// What a rule found once may be found again of who is, or is no longer, this one of the policy's servers.
fn still_counts(rule: &Rule, entry: Option<&Allowed>) -> bool {
    match entry {
        Some(entry) => is_spoken_of(rule.code, entry).unwrap_or(true),
        // What must be offered is said of the policy's servers alone.
        None => !rule.code.starts_with("wrong-"),
    }
}

/// Whether `entry` leaves room for this reason; none where it has nothing to do with what policies say.
fn is_spoken_of(code: &str, Allowed { identity, expected, .. }: &Allowed) -> Option<bool> {
    Some(match code {
        "two-macs" => identity.mac.is_none(),
        "wrong-subnet" => expected.subnet.is_some(),
        "wrong-range" => !expected.ranges.is_empty(),
        "wrong-router" => expected.routers.is_some(),
        "wrong-dns" => expected.dns.is_some() || expected.dns6.is_some(),
        "wrong-domain" => expected.domain.is_some() || expected.search.is_some(),
        "wrong-lease" => expected.lease_min.is_some() || expected.lease_max.is_some(),
        "wrong-boot-file" => expected.boot_file.is_some(),
        "wrong-next-server" => expected.next_server.is_some(),
        "wrong-wpad" => expected.wpad.is_some(),
        "wrong-default-route" => expected.default_route.is_some(),
        "wrong-vendor-options" => expected.vendor_options.is_some(),
        "wrong-prefix" => {
            expected.prefixes.is_some() || expected.routes.is_some() || expected.pref64.is_some()
        }
        "wrong-delegation" => expected.delegated.is_some(),
        "wrong-flags" => {
            let flags = expected.managed.or(expected.other);
            flags.is_some() || expected.router_lifetime.is_some() || expected.mtu.is_some()
        }
        "wrong-preference" => expected.preference.is_some(),
        // Strangers' alone, or what the policy says more of.
        "foreign-router" | "foreign-dns" | "foreign-prefix" | "foreign-search" | "preference-grab" => false,
        "default-route" => expected.default_route.is_none() && expected.routes.is_none(),
        "wpad" => expected.wpad.is_none(),
        "boot-file" => expected.boot_file.is_none(),
        _ => return None,
    })
}

/// Judges everybody; the servers in their usual order.
pub fn judge_all<'a>(servers: &'a Servers, policy: Option<&Policy>) -> Vec<(&'a Server, Judgement)> {
    let scene = Scene::new(servers, policy);
    let mut all: Vec<_> =
        servers.sorted().into_iter().map(|server| (server, judge(server, policy, &scene))).collect();
    all.sort_by_key(|(_, judgement)| std::cmp::Reverse(judgement.status));
    all
}

/// The policy's servers that nobody was recognised as, of those that could be heard where only what speaks so was looked for.
pub fn missing<'a>(servers: &Servers, policy: &'a Policy, looked_for: &[Speaks]) -> Vec<&'a Allowed> {
    let unseen =
        |allowed: &&Allowed| !servers.iter().any(|server| allowed.identity.fit(&server.key).is_whole());
    let can_be_heard = |allowed: &&Allowed| looked_for.iter().any(|speaks| allowed.identity.can_be(*speaks));
    policy.allowed.iter().filter(can_be_heard).filter(unseen).collect()
}

#[cfg(test)]
pub(super) mod tests;
