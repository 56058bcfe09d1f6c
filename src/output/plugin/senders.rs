//! `discover` and `request` as monitoring plugins.

use std::net::Ipv4Addr;

use super::{Plugin, PluginState, Thresholds, after, milliseconds};
use crate::engine::Answer;
use crate::output::senders::{Discovery, Report};
use crate::output::when::stretch;
use crate::output::words::counted;
use crate::wire::v4::facts;
use crate::wire::{Lease, Mac};

impl Discovery<'_> {
    /// Whether somebody offers an address, and how fast the first does.
    pub fn plugin(&self, thresholds: &Thresholds) -> Plugin {
        let useful: Vec<_> = self
            .offers
            .iter()
            .filter(|offer| address(offer).is_some())
            .map(|offer| (who(offer), offer.since_first()))
            .collect();
        let plugin = offered(&useful, self.offers.len(), "an address", thresholds);
        self.offers.iter().fold(plugin, |plugin, offer| plugin.line(given(offer).line("offers")))
    }
}

impl Report<'_> {
    /// Whether the server acknowledged, and how fast.
    pub fn plugin(&self, thresholds: &Thresholds) -> Plugin {
        let nanoseconds = self.answer.and_then(Answer::since_first);
        let latency = nanoseconds.map(milliseconds);
        let who = self.answer.map_or_else(|| "no server".to_owned(), who);
        let after = after(nanoseconds, thresholds);
        let plugin = match (self.outcome, self.conflict) {
            (_, Some(Some(mac))) => {
                Plugin::new(PluginState::Critical, format!("{who} gave an address that is in use by {mac}"))
            }
            ("ack", _) => {
                let address = self.answer.and_then(address).or(self.address);
                let address = address.map_or_else(|| "the request".to_owned(), |address| address.to_string());
                Plugin::new(thresholds.judge(latency), format!("{who} acknowledged {address}{after}"))
            }
            ("nak", _) => {
                let reply = self.answer.and_then(|answer| answer.reply.as_ref());
                let reason = reply.and_then(|reply| facts::text(&reply.message)).map(String::from_utf8_lossy);
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                Plugin::new(PluginState::Critical, format!("{who} refused{reason}"))
            }
            _ if self.discovers > 0 && self.offer.is_none() => {
                Plugin::new(PluginState::Critical, "no server offered an address")
            }
            _ => Plugin::new(PluginState::Critical, "no server answered the request"),
        };
        let plugin = plugin.milliseconds("latency", latency, thresholds).count("sent", self.sent.into());
        self.answer.into_iter().fold(plugin, |plugin, answer| plugin.line(given(answer).line("gives")))
    }
}

fn address(answer: &Answer) -> Option<Ipv4Addr> {
    answer.reply.as_ref().and_then(|reply| reply.yiaddr.specified())
}

fn who(answer: &Answer) -> String {
    answer
        .server_id()
        .or(answer.source_ip)
        .map_or_else(|| "a server without address".to_owned(), |ip| ip.to_string())
}

fn given(answer: &Answer) -> Given {
    let address = address(answer);
    Given {
        who: who(answer),
        mac: answer.source_mac,
        what: address.map_or_else(|| "no address".to_owned(), |address| address.to_string()),
        lease: answer.reply.as_ref().and_then(|reply| reply.lease_time),
        latency: answer.since_first(),
    }
}

/// What one server gives.
pub(super) struct Given {
    /// Its name.
    pub(super) who: String,
    /// Its network card.
    pub(super) mac: Option<Mac>,
    /// What it gives.
    pub(super) what: String,
    /// For how long, in seconds.
    pub(super) lease: Option<u32>,
    /// After how long, since it was asked first, in nanoseconds.
    pub(super) latency: Option<i64>,
}

impl Given {
    /// All of it in one line.
    pub(super) fn line(&self, verb: &str) -> String {
        let mac = self.mac.map_or_else(String::new, |mac| format!(" ({mac})"));
        let lease = self.lease.map_or_else(String::new, |lease| format!(" for {}", Lease(lease)));
        let after = self.latency.map_or_else(String::new, |latency| format!(", after {}", stretch(latency)));
        format!("{}{mac} {verb} {}{lease}{after}", self.who, self.what)
    }
}

/// Whether any of `all` who answered offered `what`: `useful` did, so many nanoseconds after they were asked first.
pub(super) fn offered(
    useful: &[(String, Option<i64>)],
    all: usize,
    what: &str,
    thresholds: &Thresholds,
) -> Plugin {
    let first = useful.iter().min_by_key(|(_, latency)| latency.unwrap_or(i64::MAX));
    let latency = first.and_then(|(_, latency)| *latency);
    let plugin = match first {
        None if all == 0 => Plugin::new(PluginState::Critical, format!("no server offered {what}")),
        None => Plugin::new(
            PluginState::Critical,
            format!("{} answered and offered no address", counted(all, "server")),
        ),
        Some((who, _)) => {
            let after = after(latency, thresholds);
            let text = format!("{} offered {what}, {who} first{after}", counted(useful.len(), "server"));
            Plugin::new(thresholds.judge(latency.map(milliseconds)), text)
        }
    };
    let count = u64::try_from(useful.len()).unwrap_or(u64::MAX);
    plugin.milliseconds("latency", latency.map(milliseconds), thresholds).count("offers", count)
}
