//! A whole run, for people.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::duration_text;
use super::object::{Found, Whole, per_exchange};
use super::percentiles::{bars, table};
use super::status::status_text;
use super::told::{Told, Words};
use crate::engine::load::{Counters, Tally};
use crate::engine::v4::silence::Finding;
use crate::output::words::counted;
use crate::output::{Label, Render, Styled};

/// What the summary says beside the tally.
pub struct About<'a> {
    /// The interface.
    pub interface: &'a str,
    /// What would explain silence, of the link and of what was seen.
    pub silence: Vec<Finding>,
    /// The server asked for.
    pub server: Option<String>,
    /// The seed.
    pub seed: u64,
    /// Lanes.
    pub threads: u32,
    /// The rate that was asked for.
    pub asked_rate: Option<f64>,
    /// Leases are kept on purpose.
    pub keep: bool,
    /// Peak memory of the process in bytes.
    pub peak_memory: Option<u64>,
    /// What the search found.
    pub found: Option<Found>,
}

/// A whole run.
pub struct Run<'a, F: Told> {
    /// The protocol.
    pub family: &'a F,
    /// What it came to.
    pub tally: &'a Tally<F::Lease>,
    /// What else is said.
    pub about: &'a About<'a>,
    /// It is shown on a terminal: a histogram is drawn.
    pub terminal: bool,
}

impl<F: Told> Render for Run<'_, F> {
    fn object(&self) -> impl Serialize {
        Whole::new(self)
    }

    fn text(&self, out: &mut Styled) {
        let Self { tally, about, terminal, .. } = *self;
        let c = &tally.counters;
        let _ = write!(out, "--- {} ", about.interface);
        let _ = writeln!(out, "handshakes ---");
        let _ = write!(out, "{}, ", counted(c.attempts, "attempt"));
        let all = c.completed() == c.attempts && c.attempts > 0;
        out.label(if all { Label::Good } else { Label::Error }, &format!("{} completed", c.completed()));
        if c.interrupted > 0 {
            let _ = write!(out, ", {} unfinished", c.interrupted);
        }
        let known = c.attempts.saturating_add(c.unsent) > 0;
        let loss =
            if known { format!("{:.3}% loss", tally.loss() * 100.0) } else { "loss unknown".to_owned() };
        let _ = writeln!(
            out,
            ", {loss}, {} at {:.1}/s",
            duration_text(tally.elapsed().as_secs_f64() * 1000.0),
            tally.rate()
        );
        failures::<F>(c, out);
        let mut line = |name: &str, counts: &[(u64, &str)]| parts(out, name, counts);
        let told: Vec<(u64, String)> =
            (0_u32..).zip(tally.statuses).map(|(code, count)| (count, status_text(code))).collect();
        let told: Vec<(u64, &str)> = told.iter().map(|(count, name)| (*count, name.as_str())).collect();
        line("statuses: ", &told);
        line(
            "messages: ",
            &[
                (c.sent, "sent"),
                (c.received, "received"),
                (c.retransmitted, "sent again"),
                (c.late, "late"),
                (c.duplicates, "duplicates"),
                (c.orphans, "orphans"),
                (c.other_offers, "from other servers"),
            ],
        );
        let held = u64::try_from(tally.leases.len()).unwrap_or(u64::MAX);
        line(
            "leases:   ",
            &[
                (c.released, "given back"),
                (held, if about.keep { "kept" } else { "not given back" }),
                (c.left_at_others, "left at servers that were not chosen"),
                (c.reassigned, "of another address in the REPLY than in the ADVERTISE, as a server may"),
            ],
        );
        line("stopped:  ", &[(c.interrupted, "broken off unfinished, not among the attempts")]);
        if let Some(clients) = tally.exhausted_at {
            out.label(
                Label::Warning,
                &format!("the pool is empty: no more offers once {clients} clients held a lease"),
            )
            .text("\n");
        }
        table::<F>(tally, about.asked_rate.is_some() || about.found.is_some(), out);
        if terminal {
            bars(&tally.delays.total, out);
        }
        if let Some(per) = per_exchange(tally).filter(|_| tally.cpu > Duration::from_millis(100)) {
            let _ = writeln!(out, "{per:.2} µs of processor time per exchange");
        }
        if let Some(found) = &about.found {
            let text = match (found.rate_per_s, &found.limited_by) {
                (Some(rate), _) if found.stopped => {
                    format!("sustains {rate:.0}/s or more: the search was broken off")
                }
                (None, _) if found.stopped => "no rate was found: the search was broken off".to_owned(),
                (Some(rate), Some(limit)) => format!("sustains {rate:.0}/s; more breaks {limit}"),
                (Some(rate), None) => format!("sustains {rate:.0}/s, the highest rate that was allowed"),
                (None, _) => "no rate was sustained".to_owned(),
            };
            out.label(Label::Strong, &text).text("\n");
        }
    }
}

/// The line of what failed, if anything did.
fn failures<F: Told>(c: &Counters, out: &mut Styled) {
    let Words { offer, ack, refusals, .. } = F::WORDS;
    let (an, from) = (article(ack), offer.to_uppercase());
    parts(
        out,
        "failed:   ",
        &[
            (c.no_offer, &format!("without an {offer}")),
            (c.no_ack, &format!("without {an} {ack}")),
            (c.nak, refusals),
            (c.partial, "granted in part"),
            (c.address_changed, &format!("with another address in the {ack} than in the {from}")),
            (c.server_changed, &format!("with {an} {ack} from another server than the {from}")),
            (c.unsent, "never begun: no client or place was free in time"),
        ],
    );
}

/// A line of counts, without those that are zero; nothing where all are.
fn parts(out: &mut Styled, name: &str, counts: &[(u64, &str)]) {
    let counted = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = counted.map(|(count, what)| format!("{count} {what}")).collect();
    if !told.is_empty() {
        out.label(Label::Dim, name).text(&told.join(", ")).text("\n");
    }
}

/// The article before a message's name.
fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{about, family, finished, run};
    use super::*;

    #[test]
    fn the_summary_names_every_failure_and_draws() {
        let family = family();
        let mut tally = Tally::default();
        for _ in 0..20 {
            tally.delays.record(&finished(None));
        }
        tally.counters.attempts = 21;
        tally.counters.completed[0] = 20;
        tally.counters.server_changed = 1;
        tally.exhausted_at = Some(20);
        let mut out = Styled::new(false);
        run(&family, &tally, &about()).text(&mut out);
        let text = out.as_str();
        for part in [
            "21 attempts, 20 completed, 4.762% loss",
            "1 with an ACK from another server",
            "20 clients",
            "p99.9",
            "█",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        run(&family, &Tally::default(), &about()).text(&mut out);
    }
}
