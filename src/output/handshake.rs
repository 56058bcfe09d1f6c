//! How a run of handshakes is told: a line per exchange, a summary, a small histogram, JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

mod row;
mod told;

pub use told::{LeaseWords, Told, Words};

use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::engine::load::{Counters, Failure, Finished, Kind, Tally};
use crate::engine::v4::silence::Finding;
use crate::output::plugin::{Plugin, State, Thresholds};
use crate::output::senders::{CauseObject, findings};
use crate::output::words::counted;
use crate::output::wrap::columns;
use crate::output::{Label, Render, Styled, schema};
use crate::stats::delay::{Delay, Summary, float, ms};
use crate::time::Moment;
use crate::wire::v6::StatusCode;
use told::StatusName;

/// One exchange, for `--each --json`.
#[allow(clippy::option_option, reason = "where there is such a field it may be null")]
#[derive(Serialize, JsonSchema)]
struct Each {
    r#type: &'static str,
    /// Only of DHCPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    kind: &'static str,
    client: String,
    xid: String,
    outcome: &'static str,
    address: Option<String>,
    /// Only of DHCPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    prefixes: Option<Vec<String>>,
    server_id: Option<String>,
    /// Only of DHCPv6: the first status of the last answer that is no success.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Option<StatusName>>,
    offer_ms: Option<f64>,
    ack_ms: Option<f64>,
    total_ms: Option<f64>,
    scheduled_ms: Option<f64>,
    retransmitted: u32,
    server_check: Option<&'static str>,
    time_ns: i64,
}

/// What is printed, as JSON Schema: the summary, and with --each the exchanges before it.
pub fn schema(command: &str) -> Schema {
    #[allow(dead_code, clippy::large_enum_variant, reason = "made to be described, never to be held")]
    #[derive(Serialize, JsonSchema)]
    #[serde(untagged)]
    enum Printed<'a> {
        Summary(Whole<'a>),
        Exchange(Each),
    }
    schema::schema::<Printed<'_>>(command)
}

fn millis(nanoseconds: i64) -> f64 {
    ms(u64::try_from(nanoseconds).unwrap_or(0))
}

/// One exchange.
pub struct Exchanged<'a, F: Told> {
    /// The protocol.
    pub family: &'a F,
    /// What became of it.
    pub finished: &'a Finished<F::Lease>,
    /// Any moment of the run: its stamps are times of day.
    pub clocks: Moment,
}

/// Columns that a row has room in, whatever the addresses.
const ROW: usize = 104;
/// Columns of a MAC.
const MAC: usize = 17;
/// Columns in which a server can be told from others: a MAC's digits, and that something is left out.
const SERVER: usize = 13;
/// Columns that the table of percentiles takes at its widest.
const TABLE: usize = 92;

impl<F: Told> Render for Exchanged<'_, F> {
    fn object(&self) -> impl Serialize {
        let finished = self.finished;
        let lease = self.family.words(&finished.lease);
        let first = (finished.statuses != 0).then(|| status_name(finished.statuses.trailing_zeros()));
        Each {
            r#type: "exchange",
            protocol: F::NAME,
            kind: F::kind_name(finished.kind),
            client: finished.mac.to_string(),
            xid: self.xid(),
            outcome: finished.failure.map_or("ack", Failure::name),
            address: lease.address,
            prefixes: F::NAME.is_some().then_some(lease.prefixes),
            server_id: lease.server,
            status: F::NAME.is_some().then_some(first),
            offer_ms: finished.offer_ns().map(millis),
            ack_ms: finished.ack_ns().map(millis),
            total_ms: finished.total_ns().map(millis),
            scheduled_ms: finished.scheduled_ns().map(millis),
            retransmitted: finished.repeated,
            server_check: finished.check.map(crate::engine::load::Check::name),
            time_ns: self.clocks.time_at(finished.began).nanoseconds(),
        }
    }

    fn text(&self, out: &mut Styled) {
        let finished = self.finished;
        let (lease, width) = (self.family.words(&finished.lease), F::WIDTH);
        // The figures of the ACK stand in the table at the end, too.
        let narrow = out.width().is_some_and(|width| width < ROW);
        let start = out.len();
        out.text(&finished.mac.to_string()).text("  ");
        if finished.kind != Kind::Handshake {
            out.text(F::kind_name(finished.kind)).text("  ");
        }
        match lease.leased() {
            Some(leased) => out.label(Label::Address, &format!("{leased:<width$}")),
            None => out.label(Label::Dim, &format!("{:<width$}", "-")),
        };
        let mut rest = self.rest(narrow, true, out);
        if let Some(server) = &lease.server {
            let between = if narrow { "  " } else { " from " };
            let head = columns(out.as_str().get(start..).unwrap_or_default()).saturating_add(between.len());
            let width = out.width();
            let room = |rest: &str| {
                width.map_or(usize::MAX, |width| width.saturating_sub(head).saturating_sub(columns(rest)))
            };
            let fits = |rest: &Styled| room(rest.as_str()) >= server.chars().count().min(SERVER);
            let mut below = false;
            if !fits(&rest) {
                // The time of the offer makes room: it is in the table. What takes two lines has room for it.
                let without = self.rest(narrow, false, out);
                below = !fits(&without);
                rest = if below { rest } else { without };
            }
            let room = room(if below { "" } else { rest.as_str() }).max(SERVER);
            out.label(Label::Dim, between).label(Label::Server, &shortened(server, room));
            if below {
                out.text("\n").text(&" ".repeat(MAC));
            }
        }
        out.text(rest.as_str()).text("\n");
    }
}

impl<F: Told> Exchanged<'_, F> {
    /// The transaction identifier as text.
    fn xid(&self) -> String {
        let digits = usize::try_from(F::XID_BITS).unwrap_or(32).div_ceil(4).saturating_add(2);
        format!("{:#0digits$x}", self.finished.xid)
    }

    /// What stands behind the server: how long it took, with or without the time of the offer, and what was not as it should be.
    fn rest(&self, narrow: bool, offer: bool, like: &Styled) -> Styled {
        let finished = self.finished;
        let mut out = Styled::new(like.color());
        let mut part = |name: &str, value: Option<i64>| {
            if let Some(value) = value {
                out.label(Label::Dim, &format!("  {name} ")).text(&duration_text(millis(value)));
            }
        };
        part("offer", finished.offer_ns().filter(|_| offer));
        part("ack", finished.ack_ns().filter(|_| !narrow));
        part(
            "total",
            finished.total_ns().filter(|_| finished.offered.is_some() || finished.requested.is_none()),
        );
        if let Some(failure) = finished.failure {
            let words = F::WORDS;
            let text = match failure {
                Failure::NoOffer => format!("no {}", words.offer),
                Failure::NoAck => format!("no {}", words.ack),
                Failure::Nak => words.refused.to_owned(),
                Failure::AddressChanged => format!("the {} was for another address", words.ack),
                Failure::ServerChanged => format!("the {} was from another server", words.ack),
                Failure::Partial => "granted in part".to_owned(),
            };
            out.text("  ").label(Label::Error, &text);
            if finished.statuses != 0 {
                out.text(": ").text(&statuses(finished.statuses).join(", "));
            }
        }
        if finished.repeated > 0 {
            out.label(Label::Warning, &format!("  asked again {}x", finished.repeated));
        }
        if let Some(check) = finished.check {
            out.label(Label::Dim, &format!("  server checked by {}", check.name()));
        }
        out
    }
}

/// The end of a server's name, where all of it is too long: what a DUID begins with is its kind, what it ends in is whose it is.
fn shortened(server: &str, most: usize) -> String {
    let length = server.chars().count();
    if length <= most {
        return server.to_owned();
    }
    ['…'].into_iter().chain(server.chars().skip(length.saturating_sub(most.saturating_sub(1)))).collect()
}

/// The name of a status code; the last place of a count stands for all higher codes.
fn status_name(code: u32) -> StatusName {
    let known = u16::try_from(code).ok().and_then(|code| StatusCode(code).name());
    known.map_or(StatusName::Number(code), StatusName::Name)
}

/// The names of statuses, each of them a bit.
fn statuses(bits: u32) -> Vec<String> {
    (0..32_u32).filter(|code| bits.wrapping_shr(*code) & 1 == 1).map(status_text).collect()
}

fn status_text(code: u32) -> String {
    match status_name(code) {
        StatusName::Name(name) => name.to_owned(),
        StatusName::Number(31) => "other".to_owned(),
        StatusName::Number(number) => number.to_string(),
    }
}

fn duration_text(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.3} ms")
    } else if ms < 1000.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{:.2} s", ms / 1000.0)
    }
}

/// What the search for a rate found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Found {
    /// The highest rate that was sustained.
    pub rate_per_s: Option<f64>,
    /// The limit that the next higher rate broke; `None` when there was no higher one.
    pub limited_by: Option<String>,
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
    /// The limit it broke.
    pub broken: Option<String>,
}

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
struct Whole<'a> {
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

/// The run as a monitoring plugin tells it: latencies are medians.
pub fn plugin<L>(tally: &Tally<L>, thresholds: &Thresholds) -> Plugin {
    let counters = &tally.counters;
    let (attempts, completed) = (counters.attempts, counters.completed());
    let failed = attempts.saturating_sub(completed);
    let median = |delay: &Delay| delay.summary().map(|summary| summary.p50);
    let total = median(&tally.delays.total);
    let text = format!("{completed} of {attempts} handshakes completed");
    let text =
        total.map_or_else(|| text.clone(), |total| format!("{text}, half of them within {total:.3} ms"));
    let left = tally.leases.len();
    let state = match thresholds.judge(total) {
        _ if completed == 0 => State::Critical,
        State::Ok if failed > 0 => State::Warning,
        state => state,
    };
    let none = Thresholds::default();
    let plugin = Plugin::new(state, text)
        .milliseconds("total", total, thresholds)
        .milliseconds("offer", median(&tally.delays.offer), &none)
        .milliseconds("ack", median(&tally.delays.ack), &none)
        .count("attempts", attempts)
        .count("completed", completed)
        .count("failed", failed);
    let reasons = [
        ("got no offer", counters.no_offer),
        ("got no acknowledgement", counters.no_ack),
        ("were refused", counters.nak),
        ("were granted in part", counters.partial),
    ];
    let plugin = reasons
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .fold(plugin, |plugin, (what, count)| plugin.line(format!("{count} {what}")));
    if left > 0 { plugin.line(format!("{left} leases were not given back")) } else { plugin }
}

/// The names of the two clocks.
fn clock<L>(tally: &Tally<L>) -> &'static str {
    if tally.kernel_stamps { "kernel" } else { "kernel-receive" }
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
        let Self { tally, about, .. } = self;
        let c = &tally.counters;
        let kinds = Kind::ALL.into_iter().zip(c.begun.iter().zip(&c.completed)).zip(&tally.delays.kinds);
        let counted = (0_u32..).zip(tally.statuses).filter(|(_, count)| *count > 0);
        let statuses = counted.map(|(code, count)| (status_text(code), count)).collect();
        Whole {
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
        table::<F>(tally, out);
        if terminal {
            bars(&tally.delays.total, out);
        }
        if let Some(per) = per_exchange(tally).filter(|_| tally.cpu > Duration::from_millis(100)) {
            let _ = writeln!(out, "{per:.2} µs of processor time per exchange");
        }
        if let Some(found) = &about.found {
            let text = match (found.rate_per_s, &found.limited_by) {
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

fn per_exchange<L>(tally: &Tally<L>) -> Option<f64> {
    let completed = tally.counters.completed();
    (completed > 0).then(|| tally.cpu.as_secs_f64() * 1e6 / float(completed))
}

/// A difference in milliseconds below which the schedule is not said to have slipped: what waking up takes.
const NOTICEABLE: f64 = 0.1;

fn table<F: Told>(tally: &Tally<F::Lease>, out: &mut Styled) {
    let delays = &tally.delays;
    let mut rows = vec![("offer", &delays.offer), ("ack", &delays.ack), ("total", &delays.total)];
    // The schedule says something new only where there is one that could slip.
    let slipped = |delay: &Delay| {
        let (own, total) = (delay.summary(), delays.total.summary());
        own.zip(total).is_some_and(|(own, total)| own.p99 > total.p99 * 1.05 + NOTICEABLE)
    };
    if slipped(&delays.scheduled) {
        rows.push(("scheduled", &delays.scheduled));
    }
    for (kind, delay) in Kind::ALL.into_iter().zip(&delays.kinds) {
        if let Some(delay) = delay {
            rows.push((F::kind_name(kind), delay));
        }
    }
    rows.retain(|(_, delay)| delay.count() > 0);
    if rows.is_empty() {
        return;
    }
    let clock = if tally.kernel_stamps {
        "kernel's stamps of both"
    } else {
        "kernel's stamp of the answer, this program's of the question"
    };
    out.label(Label::Dim, &format!("milliseconds, percentiles within 0.1 %; {clock}")).text("\n");
    let narrow = out.width().is_some_and(|width| width < TABLE);
    let column = if narrow { 8 } else { 10 };
    let mut head = format!("{:<12}", "");
    for name in ["min", "mean", "p50", "p90", "p99", "p99.9", "max", "stddev"] {
        let _ = write!(head, "{name:>column$}");
    }
    out.label(Label::Dim, &head).text("\n");
    for (name, delay) in rows {
        let Some(s) = delay.summary() else { continue };
        let _ = write!(out, "{name:<12}");
        for value in [s.min, s.mean, s.p50, s.p90, s.p99, s.p999, s.max, s.stddev] {
            // Seven digits at most where there is room for seven.
            let digits = if narrow && value >= 1000.0 { 1 } else { 3 };
            let _ = write!(out, "{value:>column$.digits$}");
        }
        out.text("\n");
    }
}

/// Rows of the histogram at most.
const ROWS: usize = 12;
/// Length of its longest bar.
const BAR: u64 = 40;

/// A small histogram whose rows double, two to an octave where there is room.
fn bars(delay: &Delay, out: &mut Styled) {
    let histogram = delay.histogram();
    let (Some(low), Some(high)) = (histogram.quantile(0.0), histogram.quantile(1.0)) else { return };
    if delay.count() < 4 {
        return;
    }
    let mut rows = Vec::new();
    let mut from = low;
    // Equal steps when all values are close to each other, else growing ones.
    let growing = low.saturating_mul(8) <= high;
    let step = high.saturating_sub(low).div_ceil(8).max(1);
    while from <= high && rows.len() < ROWS {
        let last = rows.len() == ROWS.saturating_sub(1);
        let next = if growing { from.saturating_mul(2) } else { from.saturating_add(step) }
            .max(from.saturating_add(1));
        let to = if last { high } else { next.saturating_sub(1) };
        rows.push((from, to, histogram.count_between(from, to)));
        from = next;
    }
    let most = rows.iter().map(|(.., count)| *count).max().unwrap_or(0).max(1);
    for (from, _, count) in rows {
        let len = count.saturating_mul(BAR).div_ceil(most);
        let bar: String = std::iter::repeat_n('█', usize::try_from(len).unwrap_or(0)).collect();
        out.label(Label::Dim, &format!("{:>10} ", duration_text(ms(from))));
        out.label(Label::Server, &format!("{bar:<40}"));
        let _ = writeln!(out, " {count}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;
    use crate::engine::load::{Lease4, V4};
    use crate::time::Instant;
    use crate::wire::Mac;

    fn finished(failure: Option<Failure>) -> Finished<Lease4> {
        let at = |us: i64| Instant(1_700_000_000_000_000_000 + us * 1000);
        Finished {
            client: 3,
            mac: Mac([2, 0, 0, 0, 0, 3]),
            xid: 7,
            kind: Kind::Handshake,
            failure,
            scheduled: at(-100),
            began: at(0),
            offered: (failure != Some(Failure::NoOffer)).then(|| at(412)),
            requested: (failure != Some(Failure::NoOffer)).then(|| at(500)),
            ended: at(900),
            lease: Lease4 { address: [10, 0, 0, 50], server: [10, 0, 0, 1], ..Lease4::default() },
            statuses: 0,
            repeated: 1,
            check: Some(crate::engine::load::Check::Arp),
        }
    }

    fn about() -> About<'static> {
        About {
            silence: Vec::new(),
            interface: "eth0",
            server: None,
            seed: 1,
            threads: 1,
            asked_rate: None,
            keep: false,
            peak_memory: None,
            found: None,
        }
    }

    fn run<'a>(family: &'a V4, tally: &'a Tally<Lease4>, about: &'a About<'a>) -> Run<'a, V4> {
        Run { family, tally, about, terminal: true }
    }

    fn family() -> V4 {
        crate::engine::load::tests::family()
    }

    #[test]
    fn an_exchange_is_one_line() {
        let mut out = Styled::new(false);
        for failure in [None, Some(Failure::NoOffer)] {
            Exchanged { family: &family(), finished: &finished(failure), clocks: Moment::default() }
                .text(&mut out);
        }
        assert_eq!(
            out.as_str(),
            "02:00:00:00:00:03  10.0.0.50       from 10.0.0.1  offer 0.412 ms  ack 0.400 ms  total 0.900 ms  \
             asked again 1x  server checked by arp\n\
             02:00:00:00:00:03  10.0.0.50       from 10.0.0.1  no offer  asked again 1x  server checked by arp\n"
        );
    }

    #[test]
    fn a_row_that_is_too_long_shortens_the_server_first() {
        let mut lease = finished(None);
        (lease.check, lease.repeated) = (None, 0);
        lease.lease.server = [192, 168, 100, 200];
        let row = |width: usize, finished: &Finished<Lease4>| {
            let mut out = Styled::new(false).within(Some(width));
            Exchanged { family: &family(), finished, clocks: Moment::default() }.text(&mut out);
            String::from_utf8(out.into_bytes()).unwrap()
        };
        let wide = row(120, &lease);
        assert!(
            wide.contains("from 192.168.100.200  offer 0.412 ms  ack 0.400 ms  total 0.900 ms"),
            "{wide}"
        );
        assert_eq!(
            row(83, &lease),
            "02:00:00:00:00:03  10.0.0.50        192.168.100.200  offer 0.412 ms  total 0.900 ms\n"
        );
        assert_eq!(
            row(81, &lease),
            "02:00:00:00:00:03  10.0.0.50        ….168.100.200  offer 0.412 ms  total 0.900 ms\n"
        );
        assert_eq!(row(80, &lease), "02:00:00:00:00:03  10.0.0.50        192.168.100.200  total 0.900 ms\n");
        // What does not fit in any case goes on in a second line, and a time keeps its unit.
        lease.check = Some(crate::engine::load::Check::Arp);
        assert_eq!(
            row(60, &lease),
            "02:00:00:00:00:03  10.0.0.50        192.168.100.200\n                   offer 0.412 ms  total 0.900 ms  server\n                     checked by arp\n"
        );
    }

    #[test]
    fn the_contract_is_kept() {
        let family = family();
        let mut tally = Tally::default();
        for failure in [None, None, Some(Failure::Nak)] {
            tally.delays.record(&finished(failure));
        }
        tally.counters.attempts = 3;
        tally.counters.completed[0] = 2;
        tally.counters.nak = 1;
        let about = about();
        let json: serde_json::Value = serde_json::to_value(run(&family, &tally, &about).object()).unwrap();
        for key in [
            "type",
            "interface",
            "server",
            "attempts",
            "completed",
            "failures",
            "elapsed_ms",
            "rate_per_s",
            "sent",
            "received",
            "retransmitted",
            "late",
            "duplicates",
            "latency_ms",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["failures"]["nak"], 1);
        for delay in ["offer", "ack", "total"] {
            for figure in ["min", "mean", "stddev", "p50", "p90", "p99", "p999", "max"] {
                assert!(json["latency_ms"][delay][figure].is_number(), "{delay} {figure}");
            }
        }
        let empty = serde_json::to_value(run(&family, &Tally::default(), &about).object()).unwrap();
        assert!(empty["latency_ms"]["ack"]["p50"].is_null());
        let each = serde_json::to_value(
            Exchanged { family: &family, finished: &finished(None), clocks: Moment::default() }.object(),
        )
        .unwrap();
        assert_eq!((&each["outcome"], &each["offer_ms"]), (&"ack".into(), &0.412.into()));
    }

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
