//! The object `stats`, and the same for people.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::clients::name;
use super::parts::finest;
use super::unjoined::NotJoined;
use crate::analysis::transaction::{
    ClientFigures, Kind, Letter, Outcome, ServerFigures, Stats, Unjoined, Who, Whose,
};
use crate::output::json::object::moment as json_moment;
use crate::output::words::counted;
use crate::output::{Label, Styled};
use crate::stats::delay::{Delay, Summary, float};
use crate::time::Timestamp;
use crate::wire::escape::escape;
use crate::wire::problem::Severity;
use crate::wire::v6::Duid;

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
    /// Its hardware address; null of one that has none.
    mac: Option<String>,
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
    #[serde(flatten)]
    figures: Figures,
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
    /// Messages that no exchange is made of.
    not_joined: NotJoined,
    /// The same figures of DHCPv6, where there was any.
    #[serde(skip_serializing_if = "Option::is_none")]
    dhcpv6: Option<SixObject>,
}

/// The figures of DHCPv6.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SixObject {
    #[serde(flatten)]
    figures: Figures,
    /// The servers: `offers` are ADVERTISEs that offer something, `acks` REPLYs that give it, `naks` answers that give nothing.
    servers: Vec<ServerObject>,
    /// The relays.
    relays: Vec<Relay6Object>,
    /// The vendor classes.
    classes: Vec<ClassObject>,
    /// At most ten clients, by messages.
    top_clients: Vec<Client6Object>,
    /// Messages over time.
    timeline: Timeline6Object,
}

/// The figures of all exchanges of a protocol.
#[derive(Debug, Serialize, JsonSchema)]
struct Figures {
    /// Messages; of DHCPv6 those that exchanges are made of.
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
    /// Clients; of DHCPv6 by their DUIDs.
    clients: usize,
    /// Clients that nobody ever answered.
    clients_unanswered: usize,
    /// Messages that were sent again.
    retransmissions: u64,
    /// Copies of messages; of DHCPv6 with those inside the envelopes of relays.
    copies: u64,
}

impl Figures {
    /// Of `stats`, of a protocol that has these types, outcomes and kinds.
    fn new(stats: &Stats, types: &[Letter], outcomes: &[Outcome], kinds: &[Kind]) -> Self {
        Self {
            messages: stats.messages,
            start: stats.span.map(|(start, _)| moment(start)),
            end: stats.span.map(|(_, end)| moment(end)),
            by_type: counted_by(types, &stats.by_type, Letter::name),
            by_outcome: counted_by(outcomes, &stats.by_outcome, Outcome::name),
            by_kind: counted_by(kinds, &stats.by_kind, Kind::name),
            transactions: stats.transactions,
            clients: stats.clients.len(),
            clients_unanswered: never_answered(stats),
            retransmissions: stats.repeated.0,
            copies: stats.repeated.1,
        }
    }
}

/// The figures of a relay of DHCPv6.
#[derive(Debug, Serialize, JsonSchema)]
struct Relay6Object {
    /// The address of the clients' link that it says, else its own.
    link_address: String,
    /// SOLICITs that it passed on.
    solicits: u64,
    /// Exchanges that were answered.
    answered: u64,
    /// Clients.
    clients: usize,
}

/// The figures of a client of DHCPv6.
#[derive(Debug, Serialize, JsonSchema)]
struct Client6Object {
    /// Its DUID.
    duid: Option<String>,
    /// Its hardware address.
    mac: Option<String>,
    /// DHCPv6 messages.
    messages: u64,
    /// Exchanges without an answer.
    unanswered: u64,
}

/// Messages of DHCPv6 over time, at most 120 columns.
#[derive(Debug, Serialize, JsonSchema)]
struct Timeline6Object {
    /// Seconds that a column stands for.
    bucket_s: i64,
    /// SOLICITs in each.
    solicit: Vec<u64>,
    /// ADVERTISEs in each.
    advertise: Vec<u64>,
    /// REQUESTs in each.
    request: Vec<u64>,
    /// REPLYs in each.
    reply: Vec<u64>,
    /// DECLINEs in each.
    decline: Vec<u64>,
}

/// A moment of several captures as RFC 3339, see [`finest`].
pub fn moment(time: i64) -> String {
    json_moment(Timestamp(time), finest(time))
}

/// The names of a protocol's messages in a summary.
struct Words {
    offer: &'static str,
    ack: &'static str,
    nak: &'static str,
    address: &'static str,
}

const FOUR: Words = Words { offer: "OFFER", ack: "ACK", nak: "NAK", address: "address" };
const SIX: Words = Words { offer: "ADVERTISE", ack: "REPLY", nak: "refused", address: "address" };

/// How often each of these was met, 0 included.
fn counted_by<T: Copy + Ord>(
    all: &[T],
    counts: &BTreeMap<T, u64>,
    name: fn(T) -> &'static str,
) -> BTreeMap<&'static str, u64> {
    all.iter().map(|one| (name(*one), counts.get(one).copied().unwrap_or(0))).collect()
}

fn servers(stats: &Stats) -> Vec<ServerObject> {
    let completed: u64 = stats.servers.values().map(|server| server.completed).sum();
    let object = |(name, server): (&Whose, &ServerFigures)| ServerObject {
        server_id: name.id(),
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
    };
    stats.servers.iter().map(object).collect()
}

fn classes(stats: &Stats) -> Vec<ClassObject> {
    let object = |(class, figures): (&String, &crate::analysis::transaction::ClassFigures)| ClassObject {
        vendor_class: class.clone(),
        clients: figures.clients.len(),
        bound: figures.counts.0,
        unanswered: figures.counts.1,
    };
    stats.classes.iter().map(object).collect()
}

/// The ten clients that said most.
fn top_clients(stats: &Stats) -> Vec<(&Who, &ClientFigures)> {
    let mut top: Vec<_> = stats.clients.iter().collect();
    top.sort_by_key(|(who, figures)| (std::cmp::Reverse(figures.messages), (*who).clone()));
    top.truncate(10);
    top
}

fn never_answered(stats: &Stats) -> usize {
    stats.clients.values().filter(|figures| figures.unanswered > 0 && !figures.answered).count()
}

/// A column of the timeline.
fn column(stats: &Stats, index: usize) -> Vec<u64> {
    stats.timeline.counts.iter().map(|counts| counts.get(index).copied().unwrap_or(0)).collect()
}

/// The object of all that was counted, of DHCPv4 and of DHCPv6. `evicted` is how many exchanges were closed early, `codes` are those that
/// were said, with how often.
pub fn object(
    (stats, six): (&Stats, &Stats),
    frames: u64,
    (evicted, unjoined): (u64, Unjoined),
    codes: &BTreeMap<(Severity, &'static str), u64>,
) -> StatsObject {
    StatsObject {
        r#type: StatsType::Stats,
        frames,
        figures: Figures::new(stats, Letter::FOUR, Outcome::FOUR, Kind::FOUR),
        evicted,
        servers: servers(stats),
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
        classes: classes(stats),
        top_clients: top_clients(stats)
            .into_iter()
            .map(|(_, figures)| ClientObject {
                mac: figures.mac.map(|mac| mac.to_string()),
                messages: figures.messages,
                unanswered: figures.unanswered,
            })
            .collect(),
        timeline: TimelineObject {
            bucket_s: stats.timeline.bucket,
            discover: column(stats, 0),
            offer: column(stats, 1),
            request: column(stats, 2),
            ack: column(stats, 3),
            nak: column(stats, 4),
            decline: column(stats, 5),
        },
        findings: codes
            .iter()
            .rev()
            .map(|((severity, code), count)| CodeObject { severity: severity.name(), code, count: *count })
            .collect(),
        not_joined: unjoined.into(),
        dhcpv6: (six.messages > 0).then(|| six_object(six)),
    }
}

fn six_object(stats: &Stats) -> SixObject {
    let duid = |who: &Who| match who {
        Who::Six(duid) => Some(Duid::from(&**duid).to_string()),
        _ => None,
    };
    SixObject {
        figures: Figures::new(stats, Letter::SIX, Outcome::SIX, Kind::SIX),
        servers: servers(stats),
        relays: stats
            .relays
            .iter()
            .map(|(link, relay)| Relay6Object {
                link_address: link.to_string(),
                solicits: relay.discovers,
                answered: relay.answered,
                clients: relay.clients.len(),
            })
            .collect(),
        classes: classes(stats),
        top_clients: top_clients(stats)
            .into_iter()
            .map(|(who, figures)| Client6Object {
                duid: duid(who),
                mac: figures.mac.map(|mac| mac.to_string()),
                messages: figures.messages,
                unanswered: figures.unanswered,
            })
            .collect(),
        timeline: Timeline6Object {
            bucket_s: stats.timeline.bucket,
            solicit: column(stats, 0),
            advertise: column(stats, 1),
            request: column(stats, 2),
            reply: column(stats, 3),
            decline: column(stats, 5),
        },
    }
}

/// Writes the summary for people.
pub fn write(object: &StatsObject, (stats, six): (&Stats, &Stats), out: &mut Styled) {
    let (any, any6) = (stats.messages > 0, six.messages > 0);
    if any || !any6 {
        figures(stats, object.frames, &FOUR, out);
    }
    if any6 {
        out.text(if any { "\nDHCPv6: " } else { "DHCPv6: " });
        figures(six, object.frames, &SIX, out);
    }
    for code in &object.findings {
        row(code.severity, &format!("{}  ×{}", code.code, code.count), out);
    }
}

fn row(name: &str, value: &str, out: &mut Styled) {
    if !value.is_empty() {
        out.label(Label::Dim, &format!("{name:<11}")).text(value).text("\n");
    }
}

/// What was met, most often first.
fn met<T: Copy + Ord>(counts: &BTreeMap<T, u64>, name: fn(T) -> &'static str) -> String {
    let mut some: Vec<(&'static str, u64)> = counts.iter().map(|(one, count)| (name(*one), *count)).collect();
    some.sort_unstable();
    some.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    some.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

fn figures(stats: &Stats, frames: u64, words: &Words, out: &mut Styled) {
    let span = stats.span.map_or_else(
        || "no times".to_owned(),
        |(start, end)| format!("{} to {}", moment(start), moment(end)),
    );
    let title = format!("{} in {}, {span}", counted(stats.messages, "message"), counted(frames, "frame"));
    out.label(Label::Strong, &title).text("\n");
    row("messages", &met(&stats.by_type, Letter::name), out);
    let outcomes = met(&stats.by_outcome, Outcome::name);
    let clients = counted(stats.clients.len(), "client");
    let colon = if outcomes.is_empty() { "" } else { ": " };
    row("exchanges", &format!("{} of {clients}{colon}{outcomes}", stats.transactions), out);
    row("kinds", &met(&stats.by_kind, Kind::name), out);
    let (again, copies) = stats.repeated;
    row("repeated", &format!("{}, {}", counted(again, "retransmission"), counted(copies, "copy")), out);
    for (name, server) in &stats.servers {
        let (offers, acks, naks) = server.counts;
        let Words { offer, ack, nak, address } = words;
        let addresses = counted(server.addresses.len(), address);
        row("server", &format!("{name}  {offers} {offer}, {acks} {ack}, {naks} {nak}, {addresses}"), out);
        row("", &delays(&server.offer, offer), out);
        row("", &delays(&server.ack, ack), out);
        for (reason, count) in server.reasons.iter().filter(|(reason, _)| !reason.is_empty()) {
            row("", &format!("{nak} \"{}\" ×{count}", escape(reason.as_bytes())), out);
        }
    }
    for (ip, relay) in &stats.relays {
        let (asked, answered) = (relay.discovers, relay.answered);
        let clients = counted(relay.clients.len(), "client");
        row("relay", &format!("{ip}  {asked} asked, {answered} answered, {clients}"), out);
    }
    for (class, figures) in stats.classes.iter().take(10) {
        let (bound, unanswered) = figures.counts;
        let clients = counted(figures.clients.len(), "client");
        let class = escape(class.as_bytes());
        row("class", &format!("{class}  {clients}, {bound} good, {unanswered} unanswered"), out);
    }
    for (who, client) in top_clients(stats).iter().filter(|(_, client)| client.unanswered > 0).take(5) {
        let name = match (client.mac, who) {
            (None, Who::Six(duid)) => Duid::from(&**duid).to_string(),
            (mac, who) => name(mac, who, client.client_id.as_deref()),
        };
        let messages = counted(client.messages, "message");
        let unanswered = counted(client.unanswered, "exchange");
        row("client", &format!("{name}  {messages}, {unanswered} unanswered"), out);
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
