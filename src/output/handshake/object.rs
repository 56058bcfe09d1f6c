//! The object of a run, and what the search for a rate found.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::status::status_text;
use super::summary::Run;
use super::told::Told;
use crate::engine::load::{Kind, Tally};
use crate::output::senders::{CauseObject, findings};
use crate::stats::delay::{Delay, Summary, float};

/// What the search for a rate found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Found {
    /// The highest rate that was sustained.
    pub rate_per_s: Option<f64>,
    /// The limits that the next higher rate broke, joined by commas; `None` when there was no higher one.
    pub limited_by: Option<String>,
    /// The search was broken off: a higher rate may be sustained.
    pub stopped: bool,
    /// Every rate that was tried.
    pub steps: Vec<Try>,
}

/// One rate that was tried.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Try {
    /// The rate.
    pub rate_per_s: f64,
    /// It kept to every limit.
    pub sustained: bool,
    /// The share that was lost.
    pub loss: f64,
    /// 99th percentile of the latency from the schedule.
    pub p99_ms: Option<f64>,
    /// The limits it broke, joined by commas.
    pub broken: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Failures {
    no_offer: u64,
    no_ack: u64,
    nak: u64,
    other: u64,
    address_changed: u64,
    server_changed: u64,
    /// Only of DHCPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
struct Figures {
    min: Option<f64>,
    mean: Option<f64>,
    stddev: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    p999: Option<f64>,
    max: Option<f64>,
}

impl From<&Delay> for Figures {
    fn from(delay: &Delay) -> Self {
        let of = |pick: fn(Summary) -> f64| delay.summary().map(pick);
        Self {
            min: of(|s| s.min),
            mean: of(|s| s.mean),
            stddev: of(|s| s.stddev),
            p50: of(|s| s.p50),
            p90: of(|s| s.p90),
            p99: of(|s| s.p99),
            p999: of(|s| s.p999),
            max: of(|s| s.max),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Latency {
    offer: Figures,
    ack: Figures,
    total: Figures,
    scheduled: Figures,
}

#[derive(Serialize, JsonSchema)]
struct OfKind {
    kind: &'static str,
    attempts: u64,
    completed: u64,
    total_ms: Option<Figures>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Whole<'a> {
    r#type: &'static str,
    /// Only of DHCPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    interface: &'a str,
    server: Option<&'a str>,
    /// Where nothing was completed: what may explain it, as `doctor` says it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<CauseObject>,
    attempts: u64,
    completed: u64,
    failures: Failures,
    /// Only of DHCPv6: how many answers bore each status that is no success.
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<BTreeMap<String, u64>>,
    /// Only of DHCPv6: completed with another address in the REPLY than in the ADVERTISE, as a server may.
    #[serde(skip_serializing_if = "Option::is_none")]
    reassigned: Option<u64>,
    loss: f64,
    elapsed_ms: f64,
    rate_per_s: f64,
    asked_rate_per_s: Option<f64>,
    sent: u64,
    received: u64,
    retransmitted: u64,
    late: u64,
    duplicates: u64,
    orphans: u64,
    other_offers: u64,
    other_naks: u64,
    other_acks: u64,
    /// Leases that those bound and that nobody gave back.
    left_at_others: u64,
    released_again: u64,
    bad_checksums: u64,
    /// Messages that were longer than the interface carries, and were not sent.
    too_long: u64,
    interrupted: u64,
    unsent: u64,
    released: u64,
    held: usize,
    pool_exhausted_at: Option<u64>,
    latency_ms: Latency,
    latency_precision: f64,
    clock: &'static str,
    kinds: Vec<OfKind>,
    threads: u32,
    seed: u64,
    cpu_ms: f64,
    cpu_us_per_exchange: Option<f64>,
    tables_bytes: usize,
    peak_memory_bytes: Option<u64>,
    find_rate: Option<&'a Found>,
}

impl<'a> Whole<'a> {
    /// Of a run.
    pub(super) fn new<F: Told>(run: &Run<'a, F>) -> Self {
        let Run { tally, about, .. } = run;
        let c = &tally.counters;
        let kinds = Kind::ALL.into_iter().zip(c.begun.iter().zip(&c.completed)).zip(&tally.delays.kinds);
        let counted = (0_u32..).zip(tally.statuses).filter(|(_, count)| *count > 0);
        let statuses = counted.map(|(code, count)| (status_text(code), count)).collect();
        Self {
            r#type: "handshake",
            protocol: F::NAME,
            interface: about.interface,
            server: about.server.as_deref(),
            findings: findings(if c.completed() == 0 { &about.silence } else { &[] }),
            attempts: c.attempts,
            completed: c.completed(),
            failures: Failures {
                no_offer: c.no_offer,
                no_ack: c.no_ack,
                nak: c.nak,
                other: c.other(),
                address_changed: c.address_changed,
                server_changed: c.server_changed,
                partial: F::NAME.is_some().then_some(c.partial),
            },
            statuses: F::NAME.is_some().then_some(statuses),
            reassigned: F::NAME.is_some().then_some(c.reassigned),
            loss: tally.loss(),
            elapsed_ms: tally.elapsed().as_secs_f64() * 1000.0,
            rate_per_s: tally.rate(),
            asked_rate_per_s: about.asked_rate,
            sent: c.sent,
            received: c.received,
            retransmitted: c.retransmitted,
            late: c.late,
            duplicates: c.duplicates,
            orphans: c.orphans,
            other_offers: c.other_offers,
            other_naks: c.other_naks,
            other_acks: c.other_acks,
            left_at_others: c.left_at_others,
            released_again: c.released_again,
            bad_checksums: c.bad_checksums,
            too_long: tally.too_long,
            interrupted: c.interrupted,
            unsent: c.unsent,
            released: c.released,
            held: tally.leases.len(),
            pool_exhausted_at: tally.exhausted_at,
            latency_ms: Latency {
                offer: (&tally.delays.offer).into(),
                ack: (&tally.delays.ack).into(),
                total: (&tally.delays.total).into(),
                scheduled: (&tally.delays.scheduled).into(),
            },
            latency_precision: 0.001,
            clock: clock(tally),
            kinds: kinds
                .filter(|((_, (begun, _)), _)| **begun > 0)
                .map(|((kind, (begun, completed)), delay)| OfKind {
                    kind: F::kind_name(kind),
                    attempts: *begun,
                    completed: *completed,
                    total_ms: match kind {
                        Kind::Handshake => Some((&tally.delays.total).into()),
                        _ => delay.as_deref().map(Figures::from),
                    },
                })
                .collect(),
            threads: about.threads,
            seed: about.seed,
            cpu_ms: tally.cpu.as_secs_f64() * 1000.0,
            cpu_us_per_exchange: per_exchange(tally),
            tables_bytes: tally.memory,
            peak_memory_bytes: about.peak_memory,
            find_rate: about.found.as_ref(),
        }
    }
}

/// The names of the two clocks.
fn clock<L>(tally: &Tally<L>) -> &'static str {
    if tally.kernel_stamps { "kernel" } else { "kernel-receive" }
}

/// Processor time of an exchange in microseconds; none where none was completed.
pub(super) fn per_exchange<L>(tally: &Tally<L>) -> Option<f64> {
    let completed = tally.counters.completed();
    (completed > 0).then(|| tally.cpu.as_secs_f64() * 1e6 / float(completed))
}
