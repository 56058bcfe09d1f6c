//! The object `stats`, and the same for people.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::transaction::Stats;
use crate::output::{Label, Styled};
use crate::stats::delay::{Delay, Summary, float};
use crate::time::Timestamp;
use crate::wire::escape::escape;
use crate::wire::problem::Severity;

/// A server's figures.
#[derive(Debug, Serialize)]
struct ServerObject {
    server_id: String,
    source_macs: Vec<String>,
    relays: Vec<String>,
    offers: u64,
    acks: u64,
    naks: u64,
    nak_reasons: BTreeMap<String, u64>,
    share: f64,
    addresses: usize,
    lease_times: Vec<u32>,
    offer_ms: Option<Summary>,
    ack_ms: Option<Summary>,
}

#[derive(Debug, Serialize)]
struct RelayObject {
    giaddr: String,
    discovers: u64,
    answered: u64,
    clients: usize,
}

#[derive(Debug, Serialize)]
struct ClassObject {
    vendor_class: String,
    clients: usize,
    bound: u64,
    unanswered: u64,
}

#[derive(Debug, Serialize)]
struct ClientObject {
    mac: String,
    messages: u64,
    unanswered: u64,
}

#[derive(Debug, Serialize)]
struct TimelineObject {
    bucket_s: i64,
    discover: Vec<u64>,
    offer: Vec<u64>,
    request: Vec<u64>,
    ack: Vec<u64>,
    nak: Vec<u64>,
    decline: Vec<u64>,
}

/// A code and how often it was said.
#[derive(Clone, Debug, Serialize)]
pub struct CodeObject {
    severity: &'static str,
    code: &'static str,
    count: u64,
}

/// The contract's object.
#[derive(Debug, Serialize)]
pub struct StatsObject {
    r#type: &'static str,
    frames: u64,
    messages: u64,
    start: Option<String>,
    end: Option<String>,
    by_type: BTreeMap<&'static str, u64>,
    by_outcome: BTreeMap<&'static str, u64>,
    by_kind: BTreeMap<&'static str, u64>,
    transactions: u64,
    clients: usize,
    clients_unanswered: usize,
    retransmissions: u64,
    copies: u64,
    evicted: u64,
    servers: Vec<ServerObject>,
    relays: Vec<RelayObject>,
    classes: Vec<ClassObject>,
    top_clients: Vec<ClientObject>,
    timeline: TimelineObject,
    findings: Vec<CodeObject>,
}

/// A moment as RFC 3339, microseconds.
pub fn moment(time: i64) -> String {
    let mut json = crate::output::JsonOut::new();
    json.time(Timestamp(time), crate::time::Precision::Micro);
    String::from_utf8_lossy(&json.buf).trim_matches('"').to_owned()
}

/// The object of all that was counted. `codes` are those that were said, with how often.
pub fn object(
    stats: &Stats,
    frames: u64,
    evicted: u64,
    codes: &BTreeMap<(Severity, &'static str), u64>,
) -> StatsObject {
    let completed: u64 = stats.servers.values().map(|server| server.completed).sum();
    let servers = stats.servers.iter().map(|(name, server)| ServerObject {
        server_id: name.to_string(),
        source_macs: server.macs.iter().map(ToString::to_string).collect(),
        relays: server.relays.iter().map(ToString::to_string).collect(),
        offers: server.counts.0,
        acks: server.counts.1,
        naks: server.counts.2,
        nak_reasons: server.reasons.clone(),
        share: if completed == 0 { 0.0 } else { float(server.completed) / float(completed) },
        addresses: server.addresses.len(),
        lease_times: server.leases.iter().copied().collect(),
        offer_ms: server.offer.summary(),
        ack_ms: server.ack.summary(),
    });
    let mut top: Vec<_> = stats.clients.iter().collect();
    top.sort_by_key(|(mac, (messages, ..))| (std::cmp::Reverse(*messages), **mac));
    let column = |index: usize| {
        stats.timeline.counts.iter().map(|counts| counts.get(index).copied().unwrap_or(0)).collect()
    };
    StatsObject {
        r#type: "stats",
        frames,
        messages: stats.messages,
        start: stats.span.map(|(start, _)| moment(start)),
        end: stats.span.map(|(_, end)| moment(end)),
        by_type: stats.by_type.iter().map(|(letter, count)| (letter.name(), *count)).collect(),
        by_outcome: stats.by_outcome.iter().map(|(outcome, count)| (outcome.name(), *count)).collect(),
        by_kind: stats.by_kind.iter().map(|(kind, count)| (kind.name(), *count)).collect(),
        transactions: stats.transactions,
        clients: stats.clients.len(),
        clients_unanswered: stats
            .clients
            .values()
            .filter(|(_, lost, answered)| *lost > 0 && !answered)
            .count(),
        retransmissions: stats.repeated.0,
        copies: stats.repeated.1,
        evicted,
        servers: servers.collect(),
        relays: stats
            .relays
            .iter()
            .map(|(giaddr, relay)| RelayObject {
                giaddr: giaddr.to_string(),
                discovers: relay.discovers,
                answered: relay.answered,
                clients: relay.clients.len(),
            })
            .collect(),
        classes: stats
            .classes
            .iter()
            .map(|(class, figures)| ClassObject {
                vendor_class: class.clone(),
                clients: figures.clients.len(),
                bound: figures.counts.0,
                unanswered: figures.counts.1,
            })
            .collect(),
        top_clients: top
            .into_iter()
            .take(10)
            .map(|(mac, (messages, unanswered, _))| ClientObject {
                mac: mac.to_string(),
                messages: *messages,
                unanswered: *unanswered,
            })
            .collect(),
        timeline: TimelineObject {
            bucket_s: stats.timeline.bucket,
            discover: column(0),
            offer: column(1),
            request: column(2),
            ack: column(3),
            nak: column(4),
            decline: column(5),
        },
        findings: codes
            .iter()
            .rev()
            .map(|((severity, code), count)| CodeObject { severity: severity.name(), code, count: *count })
            .collect(),
    }
}

/// Writes the summary for people.
pub fn write(object: &StatsObject, stats: &Stats, out: &mut Styled) {
    let span = match (&object.start, &object.end) {
        (Some(start), Some(end)) => format!("{start} to {end}"),
        _ => "no times".to_owned(),
    };
    out.label(Label::Strong, &format!("{} messages in {} frames, {span}", object.messages, object.frames))
        .text("\n");
    let counts = |map: &BTreeMap<&'static str, u64>| {
        let mut some: Vec<_> = map.iter().filter(|(_, count)| **count > 0).collect();
        some.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        some.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            out.label(Label::Dim, &format!("{name:<11}")).text(value).text("\n");
        }
    };
    row("messages", &counts(&object.by_type));
    row(
        "exchanges",
        &format!("{} of {} clients: {}", object.transactions, object.clients, counts(&object.by_outcome)),
    );
    row("kinds", &counts(&object.by_kind));
    row("repeated", &format!("{} retransmissions, {} copies", object.retransmissions, object.copies));
    for (name, server) in &stats.servers {
        let (offers, acks, naks) = server.counts;
        row(
            "server",
            &format!("{name}  {offers} OFFER, {acks} ACK, {naks} NAK, {} addresses", server.addresses.len()),
        );
        row("", &delays(&server.offer, "OFFER"));
        row("", &delays(&server.ack, "ACK"));
        for (reason, count) in server.reasons.iter().filter(|(reason, _)| !reason.is_empty()) {
            row("", &format!("NAK \"{}\" ×{count}", escape(reason.as_bytes())));
        }
    }
    for relay in &object.relays {
        let text = format!(
            "{}  {} asked, {} answered, {} clients",
            relay.giaddr, relay.discovers, relay.answered, relay.clients
        );
        row("relay", &text);
    }
    for class in object.classes.iter().take(10) {
        let text = format!(
            "{}  {} clients, {} good, {} unanswered",
            escape(class.vendor_class.as_bytes()),
            class.clients,
            class.bound,
            class.unanswered
        );
        row("class", &text);
    }
    for client in object.top_clients.iter().filter(|client| client.unanswered > 0).take(5) {
        row(
            "client",
            &format!(
                "{}  {} messages, {} exchanges unanswered",
                client.mac, client.messages, client.unanswered
            ),
        );
    }
    for code in &object.findings {
        row(code.severity, &format!("{}  ×{}", code.code, code.count));
    }
}

fn delays(delay: &Delay, what: &str) -> String {
    delay.summary().map_or_else(String::new, |summary| {
        format!(
            "{what} after {:.3} ms median, {:.3} p99, {:.3} longest",
            summary.p50, summary.p99, summary.max
        )
    })
}
