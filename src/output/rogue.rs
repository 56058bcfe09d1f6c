//! What `rogue` found: for people, programs and monitoring plugins, and in [`metrics`] for Prometheus.

mod change;
mod kept;
#[cfg(feature = "live")]
pub mod metrics;
pub mod object;
mod plugin;
mod server;
mod six;

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::Serialize;

use crate::analysis::servers::policy::{Allowed, Identity};
use crate::analysis::servers::table::Server;
use crate::analysis::servers::{Judgement, Key, SegmentVerdict, Speaks, Status};
use crate::engine::v4::provoke::Granted;
use crate::engine::v6::provoke::Granted as Granted6;
use crate::output::Render;
pub use crate::output::plugin::PluginState;
use crate::output::styled::Styled;
use crate::output::when::stretch;
use crate::output::words::counted;
use crate::time::Precision;
pub use change::{ChangeObject, change_line, change_priority, change_text};
pub use kept::kept_text;
pub use object::ServerObject;
pub use plugin::plugin;

/// How servers were looked for.
#[derive(Clone, Debug)]
pub struct Scan<'a> {
    /// Where was looked.
    pub interfaces: &'a [String],
    /// Probes sent.
    pub sent: u64,
    /// How long was listened, nanoseconds; `None` for a capture.
    pub waited: Option<i64>,
    /// How fine the times are.
    pub precision: Precision,
    /// Servers were asked, so that silence means something.
    pub asked: bool,
    /// Servers of DHCPv4 among them: then a router that advertises itself answers for nobody.
    pub asked_v4: bool,
    /// What was granted to invented clients and could not be given back.
    pub kept: &'a [Granted],
    /// The same of DHCPv6.
    pub kept6: &'a [Granted6],
    /// Grants beyond those that are given back.
    pub overlooked: u64,
    /// Frames lost before they were looked at.
    pub lost: u64,
}

/// The result of one look at a segment.
#[derive(Clone, Debug)]
pub struct RogueReport<'a> {
    /// How it was looked at.
    pub scan: &'a Scan<'a>,
    /// Everybody, rogues first.
    pub servers: &'a [(&'a Server, Judgement)],
    /// Allowed servers that were not heard.
    pub missing: &'a [&'a Allowed],
    /// Those of `wanted` that were not heard, or offered nothing when they were asked.
    pub required: &'a [&'a Identity],
    /// Who must answer; others are welcome.
    pub wanted: &'a [Identity],
    /// What is there is being learned, not judged.
    pub learns: bool,
    /// Servers that were pushed out of memory by others.
    pub forgotten: u64,
    /// Messages of servers.
    pub answers: u64,
    /// Why not everything was seen, one clause each; empty when it was.
    pub blind: &'a [String],
}

impl RogueReport<'_> {
    /// All servers taken together.
    pub fn verdict(&self) -> SegmentVerdict {
        let mut verdict = SegmentVerdict::of(self.servers.iter().map(|(_, judgement)| judgement.status));
        if verdict == SegmentVerdict::Clean && self.is_without_server() {
            verdict = SegmentVerdict::None;
        }
        if self.blind.is_empty() { verdict } else { verdict.seen_in_part() }
    }

    /// Servers were asked and none of DHCP answered; a router may be there. A segment without DHCPv4 (`-6`) needs no server where
    /// hosts make their addresses.
    pub fn is_without_server(&self) -> bool {
        let routers = self.servers.iter().all(|(server, _)| server.key.speaks == Speaks::Ra);
        self.scan.asked && routers && (self.servers.is_empty() || self.scan.asked_v4)
    }

    /// How many servers have this status.
    pub fn count(&self, status: Status) -> usize {
        self.servers.iter().filter(|(_, judgement)| judgement.status == status).count()
    }

    /// How many servers nobody judged; one that answers through several relays is one.
    fn unjudged(&self) -> usize {
        let unjudged = self.servers.iter().filter(|(_, judgement)| judgement.status == Status::Unjudged);
        let who = |key: &Key| {
            let mac = key.source_mac.filter(|_| key.relay.is_none() || key.server_id.is_none());
            (key.speaks, server::name(key), mac)
        };
        unjudged.map(|(server, _)| who(&server.key)).collect::<HashSet<_>>().len()
    }

    fn has_unjudged(&self, speaks: Speaks) -> bool {
        let unjudged = |judgement: &Judgement| judgement.status == Status::Unjudged;
        self.servers.iter().any(|(server, judgement)| server.key.speaks == speaks && unjudged(judgement))
    }

    /// The same of the protocol that has most of them, and which that is: a DHCPv4 server beside a router is what every network has.
    fn rivals(&self) -> (usize, Speaks) {
        let of = |speaks| {
            let same = self.servers.iter().filter(|(server, _)| server.key.speaks == speaks).cloned();
            (RogueReport { servers: &same.collect::<Vec<_>>(), ..self.clone() }.unjudged(), speaks)
        };
        // Of equals the first.
        Speaks::ALL.into_iter().rev().map(of).max_by_key(|(many, _)| *many).unwrap_or((0, Speaks::Dhcpv4))
    }

    /// One line about all.
    pub fn summary(&self, has_policy: bool) -> String {
        let mut parts = Vec::new();
        for (status, what) in [
            (Status::Rogue, "rogue server"),
            (Status::Allowed, "allowed server"),
            (Status::Unjudged, "server"),
        ] {
            // Beside servers that were judged they must not look as if they were too.
            let apart = has_policy && status == Status::Unjudged;
            let count = self.count(status);
            if count > 0 {
                parts.push(if apart { format!("{count} unjudged") } else { counted(count, what) });
            }
        }
        let mut line = if parts.is_empty() {
            "no server".to_owned()
        } else if self.is_without_server() {
            format!("no DHCP server, {}", counted(self.servers.len(), "router"))
        } else {
            parts.join(", ")
        };
        let _ = write!(line, "; {} of servers", counted(self.answers, "message"));
        if self.scan.sent > 0 {
            let _ = write!(line, ", {} sent", counted(self.scan.sent, "frame"));
        }
        if let Some(waited) = self.scan.waited {
            let _ = write!(line, ", {}", stretch(waited));
        }
        line
    }

    /// What speaks for a network that passes the card's own MAC only.
    fn mac_filter(&self, own_mac: bool) -> Option<&'static str> {
        let answered = || self.servers.iter().flat_map(|(server, _)| &server.answered);
        if !self.scan.asked || own_mac {
            return None;
        }
        if self.is_without_server() && self.blind.is_empty() {
            return Some(
                "nobody answered; on a wireless network, a virtual machine or a port that passes one MAC only, \
                 ask everything from the card's own with --own-mac",
            );
        }
        (answered().count() > 0 && answered().all(|probe| *probe == "own-mac")).then_some(
            "only what was asked from the card's own MAC was answered: this network or server passes no other; \
             ask everything from it with --own-mac",
        )
    }

    /// What a required server did not do.
    pub(super) fn lack(&self, required: &Identity) -> &'static str {
        let mut those = self
            .servers
            .iter()
            .map(|(server, _)| server)
            .filter(|server| required.fit(&server.key).is_whole())
            .peekable();
        match (self.scan.asked, those.peek().is_some()) {
            (_, true) if those.any(|server| server.gives_anybody()) => "answered others, but not us",
            (_, true) => "offered nothing",
            (true, false) => "did not answer",
            (false, false) => "was not heard",
        }
    }

    /// What else should be known, one sentence each.
    pub fn hints(&self, has_policy: bool, own_mac: bool) -> Vec<String> {
        let mut hints: Vec<String> = self.mac_filter(own_mac).map(str::to_owned).into_iter().collect();
        let (unjudged, speaks) = self.rivals();
        if !has_policy && self.wanted.is_empty() && !self.learns && unjudged > 1 {
            hints.push(format!(
                "{unjudged} {} answer here and none is judged: say with --allow or --policy which may \
                 (--learn FILE writes a policy of all)",
                speaks.title()
            ));
        }
        let unjudged = self.count(Status::Unjudged);
        if has_policy && unjudged > 0 {
            let speak = Speaks::ALL.into_iter().filter(|speaks| self.has_unjudged(*speaks));
            let names: Vec<&str> = speak.map(Speaks::title).collect();
            let are = if unjudged == 1 { "1 server is" } else { &format!("{unjudged} servers are") };
            hints.push(format!(
                "{are} unjudged: nothing in --allow or the policy is about {}",
                names.join(" or ")
            ));
        }
        for required in self.required {
            hints.push(format!("required server {required} {}", self.lack(required)));
        }
        for allowed in self.missing.iter().take(MOST_HINTS) {
            hints.push(format!("allowed server {allowed} was not heard"));
        }
        if let Some(more @ 1..) = self.missing.len().checked_sub(MOST_HINTS) {
            hints.push(format!("{more} more allowed servers were not heard"));
        }
        for blind in self.blind {
            hints.push(match self.verdict() {
                SegmentVerdict::Rogue => format!("there may be more rogues: {blind}"),
                _ => format!("cannot tell whether there is a rogue: {blind}"),
            });
        }
        hints.extend(kept_text(self.scan.kept, self.scan.kept6, self.scan.overlooked));
        hints
    }
}

/// Allowed servers that are named when they are not heard.
const MOST_HINTS: usize = 10;

impl Render for RogueReport<'_> {
    fn object(&self) -> impl Serialize {
        object::RogueObject::new(self)
    }

    /// One block per server.
    fn text(&self, out: &mut Styled) {
        for (server, judgement) in self.servers {
            server::block(server, judgement, out);
        }
    }
}

#[cfg(test)]
mod tests;
