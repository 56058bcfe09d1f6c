//! What a server is, by every rule that hits, and what all of them are together.

use std::fmt;

use super::key::Speaks;
use super::policy::{Allowed, Policy};
use super::rules::{Case, RULES, Scene, Weight};
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
