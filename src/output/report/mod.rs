//! One page of HTML that tells a capture, for a ticket: it holds all it needs, and asks nobody for anything.
//!
//! The page is `templates/report.html`; the template engine escapes all text, and what could reorder or hide text is escaped before.

mod charts;
mod ladder;
pub mod object;
mod servers;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use askama::Template;

use crate::analysis::diagnosis::{self, Diagnosis, Finding, Id};
use crate::analysis::findings6::story::Told;
use crate::analysis::transaction::{ClientRecord, Clients, Closed, Stats, Status, Whose};
use crate::output::transaction::client::lease_text;
use crate::output::transaction::clients::client_name;
use crate::output::transaction::stats::moment;
use crate::output::when::Zone;
use crate::output::words::counted;
use crate::time::Timestamp;
use crate::wire::HwAddr;
use crate::wire::escape::{escape, escape_line};
use crate::wire::problem::Severity;
use servers::{Compared, DifferenceRow, ServerRow, few};

/// Rows of the table of clients: what is beyond is counted.
const CLIENTS: usize = 2000;
/// Of these at most so many that fare well.
const FINE: usize = 500;
/// Findings that are told.
const FINDINGS: usize = 60;
/// Frame numbers named with a finding.
const FRAMES: usize = 12;

pub use ladder::frames;
pub use servers::Given;

/// A capture that was read.
#[derive(Clone, Debug)]
pub struct Capture {
    /// As it was named.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in hexadecimal, where it is told.
    pub sha256: Option<String>,
}

/// An exchange that is drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The exchange.
    pub exchange: Closed,
    /// Its number.
    pub number: u64,
    /// Which capture it is from.
    pub capture: usize,
    /// What is wrong with it.
    pub problems: Vec<Diagnosis>,
}

/// A code that was said of exchanges.
#[derive(Clone, Debug)]
pub struct Said {
    /// Which.
    pub id: Id,
    /// How often.
    pub count: u64,
    /// The first sentence.
    pub message: String,
    /// Frames of the first.
    pub frames: Vec<u64>,
}

/// All that is told.
#[derive(Debug)]
pub struct CaptureReport<'a> {
    /// The captures.
    pub captures: &'a [Capture],
    /// Frames of all.
    pub frames: u64,
    /// The figures.
    pub stats: &'a Stats,
    /// Those of DHCPv6.
    pub stats6: &'a Stats,
    /// The clients.
    pub clients: &'a Clients,
    /// What is wrong with the whole.
    pub findings: &'a [Finding],
    /// What is wrong with links and exchanges of IPv6.
    pub told: &'a [Told],
    /// What is wrong with exchanges.
    pub said: &'a BTreeMap<(Severity, &'static str), Said>,
    /// The exchanges that are drawn, in order.
    pub drawn: &'a [Drawn],
    /// The text of packets, by capture and frame.
    pub packets: &'a HashMap<(usize, u64), String>,
    /// What servers give.
    pub given: &'a Given,
    /// Makers of network cards.
    pub vendors: &'a HashMap<HwAddr, String>,
    /// The command that made it.
    pub command: &'a str,
    /// When.
    pub generated: Timestamp,
    /// Where the reader is.
    pub zone: &'a Zone,
    /// What else is to be known.
    pub remarks: Vec<String>,
    /// Packets that are not told of, for they cannot be redacted.
    pub left_out: u64,
}

struct FindingRow {
    class: &'static str,
    severity: &'static str,
    code: &'static str,
    count: u64,
    message: String,
    why: String,
    frames: String,
    reference: &'static str,
    advice: &'static str,
}

struct ClientRow {
    status: &'static str,
    rank: u8,
    mac: String,
    hostname: String,
    vendor: String,
    address: String,
    address_key: String,
    servers_key: String,
    servers: String,
    tries: u64,
    seconds: i64,
    offer: String,
    ack: String,
    why: String,
}

struct ProblemRow {
    severity: &'static str,
    code: &'static str,
    message: String,
}

struct FileRow {
    name: String,
    size: u64,
    sha256: String,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    span: String,
    verdict: String,
    verdict_class: &'static str,
    figures: Vec<(u64, String)>,
    nothing_wrong: &'static str,
    folds: Vec<String>,
    findings: Vec<FindingRow>,
    findings_fold: Option<String>,
    clients: Vec<ClientRow>,
    clients_left_out: usize,
    timelines: Vec<charts::Timeline>,
    servers: Vec<ServerRow>,
    servers_folds: Vec<String>,
    compared: Vec<String>,
    differences: Vec<DifferenceRow>,
    differences_folds: Vec<String>,
    ladders: Vec<ladder::Drawing>,
    ladders_fold: Option<String>,
    files: Vec<FileRow>,
    zone: String,
    generated: String,
    version: &'static str,
    command: String,
    remarks: Vec<String>,
    packets: Vec<(String, String)>,
}

impl CaptureReport<'_> {
    /// The page.
    ///
    /// # Errors
    ///
    /// When the template fails, which says why.
    pub fn render(&self) -> Result<String, String> {
        self.page().render().map_err(|error| error.to_string())
    }

    fn page(&self) -> Page {
        let all = self.clients.sorted();
        let (verdict, verdict_class) = self.verdict(&all);
        let clients = self.client_rows(&all);
        let mut folds = Vec::new();
        let drawn = number(self.drawn.len());
        let transactions = self.exchanges();
        if transactions > drawn {
            folds.push(format!(
                "{drawn} of {transactions} exchanges are drawn below, those with the worst problems first chosen; \
                 dhcptool decode FILE --ladder draws all."
            ));
        }
        let compared = Compared::of(self.given);
        let (mut rows, left_out) = servers::rows(self.stats, &compared);
        let (rows6, left_out6) = servers::rows(self.stats6, &compared);
        rows.extend(rows6);
        let ladders: Vec<ladder::Drawing> =
            self.drawn.iter().map(|drawn| ladder::drawing(drawn, self.packets, self.zone)).collect();
        let (findings, findings_fold) = self.finding_rows();
        let count = |status: Status| number(all.iter().filter(|client| client.status() == status).count());
        let names: Vec<String> = self.captures.iter().map(|capture| base(&capture.name)).collect();
        Page {
            title: names.join(", "),
            span: self.span(),
            verdict,
            verdict_class,
            figures: vec![
                figure(number(all.len()), "client"),
                (count(Status::Failed), "failed".to_owned()),
                (count(Status::Odd), "odd".to_owned()),
                figure(transactions, "exchange"),
                figure(self.stats.messages.saturating_add(self.stats6.messages), "DHCP message"),
                figure(self.frames, "packet"),
                figure(number(self.servers()), "server"),
            ],
            nothing_wrong: if self.left_out > 0 {
                "Nothing is wrong with what is told here."
            } else {
                "Nothing is wrong with what was seen."
            },
            folds,
            findings,
            findings_fold,
            clients_left_out: all.len().saturating_sub(clients.len()),
            clients,
            timelines: charts::timelines(&self.stats.timeline, &self.stats6.timeline, self.zone),
            servers: rows,
            servers_folds: left_out.into_iter().chain(left_out6).collect(),
            compared: compared.names,
            differences: compared.rows,
            differences_folds: compared.folds,
            ladders_fold: ladder::fold(&ladders),
            ladders,
            files: self
                .captures
                .iter()
                .map(|capture| FileRow {
                    name: escape(capture.name.as_bytes()),
                    size: capture.size,
                    sha256: capture.sha256.clone().unwrap_or_else(|| "not told".to_owned()),
                })
                .collect(),
            zone: self.zone.name(self.whole().map_or(self.generated.nanoseconds(), |(start, _)| start)),
            generated: people(self.zone.shifted(self.generated.nanoseconds())),
            version: env!("CARGO_PKG_VERSION"),
            command: escape_line(self.command),
            remarks: self.remarks.clone(),
            packets: self.packet_texts(),
        }
    }

    /// Exchanges of both protocols.
    fn exchanges(&self) -> u64 {
        self.stats.transactions.saturating_add(self.stats6.transactions)
    }

    /// Servers of both protocols.
    fn servers(&self) -> usize {
        self.stats.servers.len().saturating_add(self.stats6.servers.len())
    }

    /// First and last message of both protocols, nanoseconds since 1970.
    fn whole(&self) -> Option<(i64, i64)> {
        match (self.stats.span, self.stats6.span) {
            (Some((start, end)), Some((start6, end6))) => Some((start.min(start6), end.max(end6))),
            (one, other) => one.or(other),
        }
    }

    fn span(&self) -> String {
        self.whole().map_or_else(
            || "no message with a time".to_owned(),
            |(start, end)| {
                let [from, to] = [start, end].map(|time| people(self.zone.shifted(time)));
                let zone = self.zone.name(start);
                format!("{from} to {to} {zone}, {}", length(end.saturating_sub(start)))
            },
        )
    }

    /// The sentence that says how it stands.
    fn verdict(&self, all: &[&ClientRecord]) -> (String, &'static str) {
        let of = |status: Status| all.iter().filter(|client| client.status() == status).count();
        let (failed, odd) = (of(Status::Failed), of(Status::Odd));
        let six = self.told.iter().map(|told| told.finding.severity);
        let alarm = self.findings.iter().map(|finding| finding.id.severity()).chain(six).max();
        if all.is_empty() && self.left_out > 0 {
            let left_out = counted(self.left_out, "packet");
            return (format!("No client is told of: {left_out} cannot be redacted and are left out."), "odd");
        }
        if all.is_empty() {
            return ("No DHCP client was seen.".to_owned(), "odd");
        }
        let clients = |count: usize| counted(count, "client");
        if failed > 0 {
            let reasons = reasons(all);
            let most = reasons.iter().max_by_key(|(_, count)| *count);
            let most = most.map_or_else(String::new, |(why, count)| {
                let why = escape(why.as_bytes());
                if reasons.len() == 1 {
                    format!(": {why}")
                } else {
                    format!(": {why} ({count}), and other reasons")
                }
            });
            let have = if failed == 1 { "has" } else { "have" };
            let error = self.findings.iter().find(|finding| finding.is_of_all());
            let error = error.map_or_else(String::new, |finding| {
                format!(" And {}: {}.", finding.id.name(), escape(finding.message.as_bytes()))
            });
            return (
                format!("{failed} of {} {have} no usable address{most}.{error}", clients(all.len())),
                "failed",
            );
        }
        if odd > 0 || alarm.is_some_and(|alarm| alarm >= Severity::Warning) {
            let worst = self
                .findings
                .first()
                .filter(|finding| finding.id.severity() >= Severity::Warning)
                .map(|finding| escape(finding.message.as_bytes()))
                .or_else(|| {
                    let told = self.told.iter().find(|told| told.finding.severity >= Severity::Warning)?;
                    Some(escape(told.finding.message.as_bytes()))
                })
                .or_else(|| {
                    let (_, said) = self.said.last_key_value()?;
                    Some(escape(said.message.as_bytes()))
                });
            let worst = worst.map_or_else(String::new, |worst| format!(": {worst}"));
            let trouble = if odd > 0 {
                format!("{odd} of {} with trouble", clients(all.len()))
            } else {
                "but not all is well".to_owned()
            };
            return (format!("Every client got what it asked for, {trouble}{worst}."), "odd");
        }
        (format!("All is well: {}, and each got what it asked for.", clients(all.len())), "ok")
    }

    /// What is wrong, worst first, and how much of it is left out.
    fn finding_rows(&self) -> (Vec<FindingRow>, Option<String>) {
        let whole = self.findings.iter().map(|finding| {
            let mut message = finding.message.clone();
            if let Some(client) = finding.mac() {
                let _ = write!(message, " (client {client})");
            }
            (finding.id, finding.count, message, &finding.frames)
        });
        let each = self.said.values().map(|said| (said.id, said.count, said.message.clone(), &said.frames));
        let links =
            self.told.iter().map(|found| (found.id(), found.count, found.finding.named(), &found.frames));
        let mut found: Vec<_> = whole.chain(links).chain(each).collect();
        found.sort_by_key(|(id, ..)| std::cmp::Reverse(id.severity()));
        let all = found.len();
        let rows: Vec<FindingRow> = found
            .into_iter()
            .take(FINDINGS)
            .map(|(id, count, message, frames)| {
                let row = diagnosis::row(id);
                let mut numbers: Vec<String> = frames.iter().take(FRAMES).map(u64::to_string).collect();
                if frames.len() > FRAMES {
                    numbers.push("…".to_owned());
                }
                let message = escape(message.as_bytes());
                FindingRow {
                    class: match id.severity() {
                        Severity::Error => "e",
                        Severity::Warning => "w",
                        Severity::Cut | Severity::Note => "",
                    },
                    severity: id.severity().name(),
                    code: id.name(),
                    count,
                    message: if count > 1 { format!("First: {message}") } else { message },
                    why: row.map_or_else(String::new, |row| format!("{} {}", row.summary, ended(row.why))),
                    frames: numbers.join(", "),
                    reference: id.reference(),
                    advice: id.advice(),
                }
            })
            .collect();
        let fold = (all > FINDINGS).then(|| {
            format!("{FINDINGS} of {all} findings are told, the worst first; dhcptool decode FILE --lint tells all.")
        });
        (rows, fold)
    }

    fn client_rows(&self, all: &[&ClientRecord]) -> Vec<ClientRow> {
        let fine = all.iter().filter(|client| client.status() == Status::Ok).take(FINE);
        let rows = all.iter().filter(|client| client.status() != Status::Ok).chain(fine).take(CLIENTS);
        rows.map(|client| {
            let text = |bytes: Option<&[u8]>| bytes.map(escape).unwrap_or_default();
            ClientRow {
                status: client.status().name(),
                rank: match client.status() {
                    Status::Failed => 0,
                    Status::Odd => 1,
                    Status::Ok => 2,
                },
                mac: client_name(client),
                hostname: text(client.texts.hostname.as_deref()),
                vendor: client
                    .mac
                    .and_then(|mac| self.vendors.get(&mac))
                    .map_or_else(String::new, |vendor| escape(vendor.as_bytes())),
                address: addresses(client),
                address_key: key(client.leases.first().or_else(|| client.given_back().first())),
                servers_key: client.servers.first().map_or_else(String::new, server_key),
                servers: few(client.servers.iter(), " "),
                tries: client.tries(),
                seconds: client.times().map_or(0, |(first, last)| last.saturating_sub(first)) / 1_000_000_000,
                offer: milliseconds(client.delays().0),
                ack: milliseconds(client.delays().1),
                why: text(client.why().as_deref().map(str::as_bytes)),
            }
        })
        .collect()
    }

    /// The texts of the packets that drawings name, each once.
    fn packet_texts(&self) -> Vec<(String, String)> {
        let mut seen = HashSet::new();
        let mut texts = Vec::new();
        for drawn in self.drawn {
            for frame in drawn.exchange.frames() {
                let key = (drawn.capture, frame);
                if let Some(text) = self.packets.get(&key).filter(|_| seen.insert(key)) {
                    texts.push((packet_id(key), text.clone()));
                }
            }
        }
        texts
    }
}

/// Addresses and prefixes of a client, the first of them.
fn addresses(client: &ClientRecord) -> String {
    let all = |leases: &[(IpAddr, Option<u8>)]| few(leases.iter().map(lease_text), " ");
    if client.leases.is_empty() && !client.given_back().is_empty() {
        return format!("gave {} back", all(client.given_back()));
    }
    all(&client.leases)
}

/// What an address is sorted by: text of one length for each kind, which sorts as the addresses do.
fn key(lease: Option<&(IpAddr, Option<u8>)>) -> String {
    match lease.map(|(ip, _)| *ip) {
        Some(IpAddr::V4(ip)) => format!("4{:08x}", u32::from(ip)),
        Some(IpAddr::V6(ip)) => format!("6{:032x}", u128::from(ip)),
        None => String::new(),
    }
}

/// The same of a server.
fn server_key(server: &Whose) -> String {
    match server {
        Whose::Four(ip) => key(Some(&((*ip).into(), None))),
        Whose::Six(..) => format!("6{server}"),
    }
}

/// The name of a packet's text in the page.
fn packet_id((capture, frame): (usize, u64)) -> String {
    format!("p{capture}-{frame}")
}

/// How many, as a figure.
fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A number and, apart from it, what it counts.
fn figure(count: u64, one: &str) -> (u64, String) {
    let told = counted(count, one);
    (count, told.split_once(' ').map_or_else(String::new, |(_, name)| name.to_owned()))
}

/// The last part of a path.
fn base(name: &str) -> String {
    let last = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name);
    escape(last.as_bytes())
}

/// A part of a sentence as a sentence.
fn ended(text: &str) -> String {
    let mut letters = text.chars();
    let mut text: String =
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    if !text.ends_with(['.', '?', '!']) && !text.is_empty() {
        text.push('.');
    }
    text
}

/// Date and time of day to the second.
fn people(time: i64) -> String {
    let text = moment(time);
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// How long, in words.
fn length(nanoseconds: i64) -> String {
    let seconds = nanoseconds.max(0) / 1_000_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn milliseconds(nanoseconds: Option<i64>) -> String {
    nanoseconds.map_or_else(String::new, |ns| {
        let tenths = ns.max(0).saturating_add(50_000) / 100_000;
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

/// Why clients have failed, and how many by each reason. All refusals are one, however each was worded and whoever did it.
fn reasons(all: &[&ClientRecord]) -> Vec<(String, usize)> {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut refused, mut first) = (0_usize, None);
    let (mut same, mut one) = (true, true);
    for client in all.iter().filter(|client| client.status() == Status::Failed) {
        let Some(refusal) = client.refusal() else {
            let count = reasons.entry(client.why().unwrap_or_default()).or_default();
            *count = count.saturating_add(1);
            continue;
        };
        let (by, words) = *first.get_or_insert(refusal);
        refused = refused.saturating_add(1);
        one &= refusal.0 == by;
        same &= refusal.1 == words;
    }
    let named = first.map(|(by, words)| {
        let by = if one { format!(" by {by}") } else { String::new() };
        let words = if same && !words.is_empty() { format!(": {words}") } else { String::new() };
        (format!("refused{by}{words}"), refused)
    });
    reasons.into_iter().chain(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_is_sorted_by_sorts_as_text() {
        let addresses = ["9.0.0.1", "10.0.0.1", "10.0.0.10", "2001:db8::2", "2001:db8::10", "2001:db8:0:a::"];
        let keys = addresses.map(|text| key(Some(&(text.parse().unwrap(), None))));
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(few(["a", "b", "c", "d", "e", "f"], " "), "a b c d and 2 more");
        assert_eq!(few(["a", "b"], ", "), "a, b");
    }
}
