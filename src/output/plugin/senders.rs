//! `discover` and `request` as monitoring plugins.

use std::net::Ipv4Addr;

use super::{Plugin, State, Thresholds};
use crate::engine::Answer;
use crate::output::senders::{Discovery, Report};
use crate::output::when::stretch;
use crate::wire::Seconds;
use crate::wire::v4::facts;

impl Discovery<'_> {
    /// Whether somebody offers an address, and how fast the first does.
    pub fn plugin(&self, thresholds: &Thresholds) -> Plugin {
        let useful: Vec<&Answer> = self.offers.iter().filter(|offer| address(offer).is_some()).collect();
        let first = useful.iter().min_by_key(|offer| offer.latency().unwrap_or(i64::MAX));
        let latency = first.and_then(|offer| offer.latency()).map(milliseconds);
        let plugin = match first {
            None if self.offers.is_empty() => Plugin::new(State::Critical, "no server offered an address"),
            None => Plugin::new(
                State::Critical,
                format!("{} answered and offered no address", servers(self.offers.len())),
            ),
            Some(offer) => {
                let after = offer
                    .latency()
                    .map_or_else(String::new, |latency| format!(" after {}", stretch(latency)));
                let text =
                    format!("{} offered an address, {} first{after}", servers(useful.len()), who(offer));
                Plugin::new(thresholds.judge(latency), text)
            }
        };
        let count = u64::try_from(useful.len()).unwrap_or(u64::MAX);
        let plugin = plugin.milliseconds("latency", latency, thresholds).count("offers", count);
        self.offers.iter().fold(plugin, |plugin, offer| plugin.line(line(offer, "offers")))
    }
}

impl Report<'_> {
    /// Whether the server acknowledged, and how fast.
    pub fn plugin(&self, thresholds: &Thresholds) -> Plugin {
        let latency = self.answer.and_then(Answer::latency).map(milliseconds);
        let who = self.answer.map_or_else(|| "no server".to_owned(), who);
        let after = self
            .answer
            .and_then(Answer::latency)
            .map_or_else(String::new, |latency| format!(" after {}", stretch(latency)));
        let plugin = match (self.outcome, self.conflict) {
            (_, Some(Some(mac))) => {
                Plugin::new(State::Critical, format!("{who} gave an address that is in use by {mac}"))
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
                Plugin::new(State::Critical, format!("{who} refused{reason}"))
            }
            _ if self.discovers > 0 && self.offer.is_none() => {
                Plugin::new(State::Critical, "no server offered an address")
            }
            _ => Plugin::new(State::Critical, "no server answered the request"),
        };
        let plugin = plugin.milliseconds("latency", latency, thresholds).count("sent", self.sent.into());
        self.answer.into_iter().fold(plugin, |plugin, answer| plugin.line(line(answer, "gives")))
    }
}

fn servers(count: usize) -> String {
    if count == 1 { "1 server".to_owned() } else { format!("{count} servers") }
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

/// One server, its network card, what it gives and how fast.
fn line(answer: &Answer, verb: &str) -> String {
    let mac = answer.source_mac.map_or_else(String::new, |mac| format!(" ({mac})"));
    let given = address(answer).map_or_else(|| "no address".to_owned(), |address| address.to_string());
    let lease = answer.reply.as_ref().and_then(|reply| reply.lease_time);
    let lease = lease.map_or_else(String::new, |lease| format!(" for {}", Seconds(lease)));
    let after = answer.latency().map_or_else(String::new, |latency| format!(", after {}", stretch(latency)));
    format!("{}{mac} {verb} {given}{lease}{after}", who(answer))
}

fn milliseconds(nanoseconds: i64) -> f64 {
    crate::stats::delay::ms(u64::try_from(nanoseconds).unwrap_or(0))
}
