//! `discover -6` and `request -6` as monitoring plugins.

use super::after;
use super::senders::{Given, offered};
use super::{Plugin, PluginState, Thresholds};
use crate::engine::v6::accept::is_usable_answer;
use crate::engine::v6::exchange::Tested;
use crate::engine::v6::station::Answer6;
use crate::output::six::Lead;
use crate::output::six::discover::Discovery6;
use crate::output::six::exchange::Report6;
use crate::output::six::text::{duid_text, status_text};
use crate::output::words::counted;
use crate::wire::v6::Facts;

/// What a server gives.
const WHAT: &str = "an address or a prefix";

impl Discovery6<'_> {
    /// Whether somebody offers what a client could use, and how fast the first does.
    pub fn plugin(&self, thresholds: &Thresholds) -> Plugin {
        let usable = self.offers.iter().filter(|(offer, _)| is_usable_answer(&offer.facts()));
        let useful: Vec<_> = usable.map(|(offer, _)| (who(offer), offer.since_first())).collect();
        let plugin = offered(&useful, self.offers.len(), WHAT, thresholds);
        let plugin =
            self.offers.iter().fold(plugin, |plugin, (offer, _)| plugin.line(given(offer).line("offers")));
        let routers = self.routers.len();
        if routers == 0 { plugin } else { plugin.line(format!("{} heard", counted(routers, "router"))) }
    }
}

impl Report6<'_> {
    /// Whether the server granted everything, and how fast.
    pub fn plugin(&self, thresholds: &Thresholds) -> Plugin {
        let nanoseconds = self.answer.and_then(Answer6::since_first);
        let latency = nanoseconds.map(super::milliseconds);
        let name = self.answer.map_or_else(|| "no server".to_owned(), who);
        let after = after(nanoseconds, thresholds);
        let facts = self.answer.map(Answer6::facts).unwrap_or_default();
        let reason = facts.failure().map_or_else(String::new, |status| format!(": {}", status_text(status)));
        let leased = leased(&facts).unwrap_or_else(|| "the request".to_owned());
        let plugin = match (self.outcome, self.conflict) {
            (_, Tested::InUse(address, mac)) => {
                Plugin::new(PluginState::Critical, format!("{name} gave {address}, which is in use by {mac}"))
            }
            ("ack", _) => {
                Plugin::new(thresholds.judge(latency), format!("{name} acknowledged {leased}{after}"))
            }
            ("partial", _) => Plugin::new(
                PluginState::Warning.worse(thresholds.judge(latency)),
                format!("{name} gave {leased}{after}; it refused the rest{reason}"),
            ),
            ("nak", _) => Plugin::new(PluginState::Critical, format!("{name} refused{reason}")),
            _ if self.solicits > 0 && self.offer.is_none() => {
                Plugin::new(PluginState::Critical, format!("no server offered {WHAT}"))
            }
            _ => Plugin::new(PluginState::Critical, "no server answered the request"),
        };
        let plugin = plugin.milliseconds("latency", latency, thresholds).count("sent", self.sent.into());
        self.answer.into_iter().fold(plugin, |plugin, answer| plugin.line(given(answer).line("gives")))
    }
}

fn who(answer: &Answer6) -> String {
    duid_text(answer.server().as_ref())
}

/// All addresses and prefixes, in one line.
fn leased(facts: &Facts<'_>) -> Option<String> {
    let lead = Lead::of(facts);
    let addresses = lead.addresses.iter().map(ToString::to_string);
    let all: Vec<String> = addresses.chain(lead.prefixes.iter().cloned()).collect();
    (!all.is_empty()).then(|| all.join(" and "))
}

fn given(answer: &Answer6) -> Given {
    let facts = answer.facts();
    Given {
        who: who(answer),
        mac: answer.source_mac,
        what: leased(&facts).unwrap_or_else(|| "nothing".to_owned()),
        lease: Lead::of(&facts).lease_time.filter(|_| leased(&facts).is_some()),
        latency: answer.since_first(),
    }
}
