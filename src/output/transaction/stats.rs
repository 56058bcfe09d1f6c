//! The object `stats`, and the same for people.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::unjoined::NotJoined;
use crate::analysis::transaction::{Stats, Unjoined};
use crate::output::json::object::moment as json_moment;
use crate::output::words::counted;
use crate::output::{Label, Styled};
use crate::stats::delay::{Delay, Summary, float};
use crate::time::{Precision, Timestamp};
use crate::wire::escape::escape;
use crate::wire::problem::Severity;

crate::output::schema::object_type!(StatsType, Stats, "Figures of all exchanges.");

/// A server's figures.
#[derive(Debug, Serialize, JsonSchema)]
struct ServerObject {
    /// Its server identifier, else its address.
    server_id: String,
    /// The network cards its messages came from.
    source_macs: Vec<String>,
    /// Relays that it answered through.
    relays: Vec<String>,
    /// Its OFFERs.
    offers: u64,
    /// Its ACKs.
    acks: u64,
    /// Its NAKs.
    naks: u64,
    /// Why it refused, in its words, and how often.
    nak_reasons: BTreeMap<String, u64>,
    /// Its part of all exchanges that came to their end, from 0 to 1.
    share: f64,
    /// Addresses that it gave.
    addresses: usize,
    /// Lease times that it gave, in seconds.
    lease_times: Vec<u32>,
    /// From DISCOVER to OFFER.
    offer_ms: Option<Summary>,
    /// From REQUEST to ACK.
    ack_ms: Option<Summary>,
}

/// A relay's figures.
#[derive(Debug, Serialize, JsonSchema)]
struct RelayObject {
    /// The relay's address.
    giaddr: String,
    /// DISCOVERs that it passed on.
    discovers: u64,
    /// Of these answered.
    answered: u64,
    /// Clients.
    clients: usize,
}

/// The figures of a vendor class.
#[derive(Debug, Serialize, JsonSchema)]
struct ClassObject {
    /// The vendor class.
    vendor_class: String,
    /// Clients.
    clients: usize,
    /// Exchanges that ended well.
    bound: u64,
    /// Exchanges without an answer.
    unanswered: u64,
}

/// The figures of a client.
#[derive(Debug, Serialize, JsonSchema)]
struct ClientObject {
    /// Its hardware address.
    mac: String,
    /// DHCP messages.
    messages: u64,
    /// Exchanges without an answer.
    unanswered: u64,
}

/// Messages over time, at most 120 columns.
#[derive(Debug, Serialize, JsonSchema)]
struct TimelineObject {
    /// Seconds that a column stands for.
    bucket_s: i64,
    /// DISCOVERs in each.
    discover: Vec<u64>,
    /// OFFERs in each.
    offer: Vec<u64>,
    /// REQUESTs in each.
    request: Vec<u64>,
    /// ACKs in each.
    ack: Vec<u64>,
    /// NAKs in each.
    nak: Vec<u64>,
    /// DECLINEs in each.
    decline: Vec<u64>,
}

/// A code and how often it was said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CodeObject {
    /// How bad it is.
    severity: &'static str,
    /// The code.
    code: &'static str,
    /// How often it was said.
    count: u64,
}

/// The contract's object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatsObject {
    /// What the object is.
    r#type: StatsType,
    /// Frames that were read.
    frames: u64,
    /// DHCP messages.
    messages: u64,
    /// Time of the first message.
    start: Option<String>,
    /// Time of the last message.
    end: Option<String>,
    /// Messages by type.
    by_type: BTreeMap<&'static str, u64>,
    /// Exchanges by what came of them.
    by_outcome: BTreeMap<&'static str, u64>,
    /// Exchanges by what they were for.
    by_kind: BTreeMap<&'static str, u64>,
    /// Exchanges.
    transactions: u64,
    /// Clients.
    clients: usize,
    /// Clients that nobody ever answered.
    clients_unanswered: usize,
    /// Messages that were sent again.
    retransmissions: u64,
    /// Copies of messages.
    copies: u64,
    /// Exchanges that were closed early, to keep memory bounded.
    evicted: u64,
    /// The servers.
    servers: Vec<ServerObject>,
    /// The relays.
    relays: Vec<RelayObject>,
    /// The vendor classes.
    classes: Vec<ClassObject>,
    /// At most ten clients, by messages.
    top_clients: Vec<ClientObject>,
    /// Messages over time.
    timeline: TimelineObject,
    /// Codes that were said, worst first.
    findings: Vec<CodeObject>,
    /// Messages of other protocols, which no exchange is made of.
    not_joined: NotJoined,
}

/// A moment as RFC 3339, microseconds.
pub fn moment(time: i64) -> String {
    json_moment(Timestamp(time), Precision::Micro)
}

/// The object of all that was counted. `evicted` is how many exchanges were closed early, `codes` are those that were said, with how often.
pub fn object(
    stats: &Stats,
    frames: u64,
    (evicted, unjoined): (u64, Unjoined),
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
        r#type: StatsType::Stats,
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
        not_joined: unjoined.into(),
    }
}

/// Writes the summary for people.
pub fn write(object: &StatsObject, stats: &Stats, out: &mut Styled) {
    let span = match (&object.start, &object.end) {
        (Some(start), Some(end)) => format!("{start} to {end}"),
        _ => "no times".to_owned(),
    };
    out.label(
        Label::Strong,
        &format!("{} in {}, {span}", counted(object.messages, "message"), counted(object.frames, "frame")),
    )
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
        &format!(
            "{} of {}: {}",
            object.transactions,
            counted(object.clients, "client"),
            counts(&object.by_outcome)
        ),
    );
    row("kinds", &counts(&object.by_kind));
    row(
        "repeated",
        &format!("{}, {}", counted(object.retransmissions, "retransmission"), counted(object.copies, "copy")),
    );
    for (name, server) in &stats.servers {
        let (offers, acks, naks) = server.counts;
        row(
            "server",
            &format!(
                "{name}  {offers} OFFER, {acks} ACK, {naks} NAK, {}",
                counted(server.addresses.len(), "address")
            ),
        );
        row("", &delays(&server.offer, "OFFER"));
        row("", &delays(&server.ack, "ACK"));
        for (reason, count) in server.reasons.iter().filter(|(reason, _)| !reason.is_empty()) {
            row("", &format!("NAK \"{}\" ×{count}", escape(reason.as_bytes())));
        }
    }
    for relay in &object.relays {
        let text = format!(
            "{}  {} asked, {} answered, {}",
            relay.giaddr,
            relay.discovers,
            relay.answered,
            counted(relay.clients, "client")
        );
        row("relay", &text);
    }
    for class in object.classes.iter().take(10) {
        let text = format!(
            "{}  {}, {} good, {} unanswered",
            escape(class.vendor_class.as_bytes()),
            counted(class.clients, "client"),
            class.bound,
            class.unanswered
        );
        row("class", &text);
    }
    for client in object.top_clients.iter().filter(|client| client.unanswered > 0).take(5) {
        row(
            "client",
            &format!(
                "{}  {}, {} unanswered",
                client.mac,
                counted(client.messages, "message"),
                counted(client.unanswered, "exchange")
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
