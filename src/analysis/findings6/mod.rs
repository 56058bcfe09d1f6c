//! What does not fit together on a link of IPv6: what routers promise, what servers do, and what a client makes of both.
//!
//! A [`Scene`] is all that was heard; [`RULES`](rules::RULES) has one row a finding: code, severity, reference and the check. Nobody
//! is called a rogue here: that is the verdict of [`servers`](super::servers).

mod glance;
mod link;
mod offers;
mod promised;
mod routers;
pub mod rules;
pub mod story;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv6Addr;

use crate::wire::nd::Advert;
use crate::wire::problem::Severity;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, Facts, MessageType};
use crate::wire::{Mac, digits};

pub use glance::Glance;
pub use promised::{Promised, Routers};

/// What was asked.
#[allow(clippy::struct_excessive_bools, reason = "what was asked for is independent of each other")]
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A SOLICIT was sent.
    pub solicit: bool,
    /// An INFORMATION-REQUEST was sent.
    pub inform: bool,
    /// A router solicitation was sent.
    pub routers: bool,
    /// Kinds and identifiers of the IAs asked for.
    pub ias: Vec<(IaKind, u32)>,
    /// Lengths of prefixes that were hinted at.
    pub lengths: Vec<u8>,
    /// Rapid commit was asked for.
    pub rapid_commit: bool,
    /// The relays that were played: their link-addresses, innermost first, and whether they said an interface-id.
    pub relays: Vec<(Ipv6Addr, bool)>,
}

impl Asked {
    /// Prefixes were asked for, and no address.
    fn wants_prefixes_alone(&self) -> bool {
        !self.ias.is_empty() && self.ias.iter().all(|(kind, _)| *kind == IaKind::Pd)
    }

    fn wants(&self, kind: IaKind) -> bool {
        self.ias.iter().any(|(one, _)| *one == kind)
    }
}

/// An answer of a server.
#[derive(Clone, Debug, Default)]
pub struct Said<'a> {
    /// Its facts.
    pub facts: Facts<'a>,
    /// Where it came from.
    pub source: Option<Ipv6Addr>,
    /// The card it came from.
    pub mac: Option<Mac>,
    /// Its UDP source port.
    pub source_port: u16,
    /// How long the server looked for the client first, nanoseconds.
    pub looked: Option<i64>,
    /// In what the relays' envelopes do not mirror those sent.
    pub mismatch: Option<String>,
}

/// Who a server is: its DUID, else where it speaks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name<'a> {
    Duid(&'a [u8]),
    Source(Ipv6Addr),
    Unknown,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duid(duid) => Duid::from(*duid).fmt(f),
            Self::Source(source) => source.fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl<'a> Said<'a> {
    /// The server's name for people and programs.
    pub fn server(&self) -> String {
        match self.name() {
            // Every finding about an answer asks for it.
            Name::Duid(duid) => digits::hex(duid),
            name => name.to_string(),
        }
    }

    fn name(&self) -> Name<'a> {
        match (self.facts.server_id, self.source) {
            (Some(duid), _) => Name::Duid(duid),
            (None, Some(source)) => Name::Source(source),
            (None, None) => Name::Unknown,
        }
    }
}

/// An advertisement of a router that hosts believe.
#[derive(Clone, Debug)]
pub struct Router<'a> {
    /// Its facts.
    pub advert: Advert<'a>,
    /// The router.
    pub source: Ipv6Addr,
}

/// A message to the client that was discarded.
#[derive(Clone, Debug, Default)]
pub struct Discarded {
    /// Why: the name of the reason.
    pub reason: &'static str,
    /// What it is; none: a router advertisement.
    pub kind: Option<MessageType>,
    /// The server, or the router.
    pub from: String,
    /// The router.
    pub router: Option<Ipv6Addr>,
    /// Its UDP destination port.
    pub port: u16,
    /// In words.
    pub detail: String,
}

/// What became of a lease that was asked for or held.
#[derive(Clone, Debug, Default)]
pub struct Held<'a> {
    /// The message that asked: REQUEST, RENEW, REBIND.
    pub asked: MessageType,
    /// The REPLY.
    pub reply: Option<Said<'a>>,
    /// Addresses held before.
    pub before: Vec<Ipv6Addr>,
}

/// All that was heard.
#[derive(Clone, Debug, Default)]
pub struct Scene<'a> {
    /// What was asked.
    pub asked: Asked,
    /// ADVERTISEs, and REPLYs with rapid commit.
    pub offers: Vec<Said<'a>>,
    /// REPLYs to the INFORMATION-REQUEST.
    pub stateless: Vec<Said<'a>>,
    /// Routers.
    pub routers: Routers<'a>,
    /// What was discarded though it was meant for the client.
    pub discarded: Vec<Discarded>,
    /// What became of the lease, for who asked for one.
    pub held: Option<Held<'a>>,
    /// Frames of answers came, and the host's own socket heard nothing.
    pub firewall: bool,
}

impl<'a> Scene<'a> {
    /// Every answer of a server.
    fn said(&self) -> impl Iterator<Item = &Said<'a>> {
        let reply = self.held.iter().filter_map(|held| held.reply.as_ref());
        self.offers.iter().chain(&self.stateless).chain(reply)
    }

    /// The answers that hold leases.
    fn leases(&self) -> impl Iterator<Item = &Said<'a>> {
        let reply = self.held.iter().filter_map(|held| held.reply.as_ref());
        self.offers.iter().chain(reply)
    }
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding6 {
    /// Its code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a sentence. Text of others in it is as they sent it.
    pub message: String,
    /// The servers it is about.
    pub servers: Vec<String>,
    /// The routers it is about.
    pub routers: Vec<Ipv6Addr>,
    /// The field it is about, where it is about one.
    pub field: Option<&'static str>,
    /// Where the rule is written.
    pub reference: &'static str,
}

impl Finding6 {
    /// The servers or routers it is about.
    pub fn whose(&self) -> Vec<String> {
        self.servers.iter().cloned().chain(self.routers.iter().map(ToString::to_string)).collect()
    }

    /// What it is, and before it those whom it is about and does not name.
    pub fn named(&self) -> String {
        let mut whose = self.whose();
        whose.retain(|name| !self.message.contains(name.as_str()));
        if whose.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", whose.join(", "), self.message)
        }
    }
}

/// Everything that does not fit: errors first, then warnings, then notes, each in the order of the table.
pub fn findings(scene: &Scene<'_>) -> Vec<Finding6> {
    let mut found = Vec::new();
    for rule in rules::RULES {
        let mut sink = Sink { rule, found: &mut found };
        (rule.check)(scene, &mut sink);
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// A finding has this code.
pub fn is_code(code: &str) -> bool {
    rules::RULES.iter().any(|rule| rule.code == code)
}

/// Takes what a check finds.
pub(crate) struct Sink<'a> {
    rule: &'static rules::Rule,
    found: &'a mut Vec<Finding6>,
}

/// Findings of one rule; a thousand servers do not make a thousand lines.
const MAX_OF_ONE: usize = 32;

impl Sink<'_> {
    /// Nothing more of this rule is told.
    fn is_full(&self) -> bool {
        self.found.iter().filter(|finding| finding.code == self.rule.code).count() >= MAX_OF_ONE
    }

    fn push(
        &mut self,
        message: String,
        servers: Vec<String>,
        routers: Vec<Ipv6Addr>,
        field: Option<&'static str>,
    ) {
        let finding = Finding6 {
            code: self.rule.code,
            severity: self.rule.severity,
            message,
            servers,
            routers,
            field,
            reference: self.rule.reference,
        };
        // What a server says in its ADVERTISE and again in its REPLY is told once.
        if !self.is_full() && !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }

    fn server(&mut self, message: String, said: &Said<'_>) {
        self.push(message, vec![said.server()], Vec::new(), None);
    }

    fn servers<'a, 'b: 'a>(&mut self, message: String, said: impl Iterator<Item = &'a Said<'b>>) {
        let mut servers: Vec<String> = said.map(Said::server).collect();
        servers.dedup();
        self.push(message, servers, Vec::new(), None);
    }

    fn routers(&mut self, message: String, routers: Vec<Ipv6Addr>) {
        self.push(message, Vec::new(), routers, None);
    }
}

/// `, text "…"` where a server gave a reason.
fn reason(text: &[u8]) -> String {
    if text.is_empty() { String::new() } else { format!(": {}", String::from_utf8_lossy(text)) }
}

/// `a`, `a and b`, `a, b and c`.
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
