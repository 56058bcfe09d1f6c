//! Exchanges as rows, problems under them, totals last.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::analysis::diagnosis::{Diagnosis, Finding};
use crate::analysis::transaction::{Exchange, Letter, Outcome, Role, bit};
use crate::output::{Label, Styled};
use crate::time::Timestamp;
use crate::wire::escape::escape;
use crate::wire::problem::Severity;
use crate::wire::seconds::Lease;

/// Columns for which times, names and delays are added.
const WIDE: usize = 132;
/// Columns below which only client, outcome and address are shown.
const NARROW: usize = 80;
/// A code shown so often is only counted from then on.
const OFTEN: u64 = 8;

/// A column: its heading, its width, whether it stands at the right.
type Column = (&'static str, usize, bool);

const NORMAL: &[Column] = &[
    ("client", 19, false),
    ("messages", 14, false),
    ("outcome", 12, false),
    ("address", 16, false),
    ("server", 12, false),
    ("ms", 6, true),
];
const BROAD: &[Column] = &[
    ("time", 14, false),
    ("client", 19, false),
    ("host", 14, false),
    ("messages", 14, false),
    ("outcome", 15, false),
    ("address", 16, false),
    ("server", 16, false),
    ("lease", 6, true),
    ("offer", 8, true),
    ("ack", 7, true),
    ("re", 4, true),
    ("", 1, false),
    ("via", 0, false),
];

/// Writes rows of one width.
#[derive(Debug)]
pub struct TransactionTable {
    width: usize,
    headed: bool,
    said: BTreeMap<&'static str, u64>,
    outcomes: BTreeMap<Outcome, u64>,
    clients: std::collections::HashSet<crate::wire::HwAddr>,
    worst: Option<(Severity, &'static str)>,
    rows: u64,
}

impl TransactionTable {
    /// A table for a terminal of so many columns.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            headed: false,
            said: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            clients: std::collections::HashSet::new(),
            worst: None,
            rows: 0,
        }
    }

    /// Counts an exchange that is shown in whatever way.
    pub fn count(&mut self, exchange: &Exchange) {
        self.rows = self.rows.saturating_add(1);
        let count = self.outcomes.entry(exchange.outcome).or_default();
        *count = count.saturating_add(1);
        if let Some(mac) = exchange.mac.filter(|_| self.clients.len() < 1_000_000) {
            self.clients.insert(mac);
        }
    }

    /// Writes the row of an exchange and what is wrong with it.
    pub fn row(&mut self, exchange: &Exchange, problems: &[Diagnosis], out: &mut Styled) {
        let columns = self.columns();
        if !std::mem::replace(&mut self.headed, true) {
            let names: Vec<(Label, String)> =
                columns.iter().map(|(name, ..)| (Label::Dim, (*name).to_owned())).collect();
            line(columns, &names, out);
        }
        let cells = self.cells(exchange);
        line(columns, &cells, out);
        let indent = if self.width >= WIDE { 33 } else { 19 };
        for problem in problems {
            let id = problem.id;
            self.problem(id.severity(), id.name(), &problem.message, indent, out);
        }
    }

    fn columns(&self) -> &'static [Column] {
        match self.width {
            WIDE.. => BROAD,
            _ => NORMAL,
        }
    }

    fn cells(&self, exchange: &Exchange) -> Vec<(Label, String)> {
        let client = client(exchange);
        let messages = shortened(&exchange.messages(), 13);
        let outcome = (label(exchange.outcome), exchange.outcome.name().to_owned());
        let text = |ip: Option<std::net::Ipv4Addr>| ip.map_or_else(|| "-".to_owned(), |ip| ip.to_string());
        let address = (Label::Plain, text(exchange.address()));
        let server = (
            Label::Plain,
            text(
                exchange
                    .server()
                    .or(exchange.servers.first().map(crate::analysis::transaction::Server::name)),
            ),
        );
        let total = exchange.total_ns().or(exchange.ack_ns());
        if self.width < NARROW {
            let room = self.width.saturating_sub(30).clamp(8, 18);
            let cut: String = client.chars().skip(client.chars().count().saturating_sub(room)).collect();
            return vec![(Label::Plain, cut), outcome, address];
        }
        if self.width < WIDE {
            return vec![
                (Label::Plain, client),
                (Label::Plain, messages),
                outcome,
                address,
                server,
                (Label::Plain, milliseconds(total)),
            ];
        }
        let host = exchange.texts.hostname.as_deref().map(escape).unwrap_or_default();
        let lease = exchange.replies().find(|seen| seen.letter == Letter::Ack && seen.has(bit::LEASE));
        let lease = lease.map_or_else(|| "-".to_owned(), |seen| Lease(seen.lease).to_string());
        let again = exchange.count(|role| role == Role::Retransmission);
        let mut via: Vec<String> = exchange.relays().iter().map(ToString::to_string).collect();
        via.extend(exchange.vlans.iter().map(|id| format!("vlan {id}")));
        vec![
            (Label::Dim, clock(exchange.first().map_or(0, |seen| seen.time))),
            (Label::Plain, client),
            (Label::Plain, shortened(&host, 13)),
            (Label::Plain, messages),
            outcome,
            address,
            server,
            (Label::Plain, lease),
            (Label::Plain, milliseconds(exchange.offer_ns())),
            (Label::Plain, milliseconds(exchange.ack_ns())),
            (Label::Plain, if again == 0 { String::new() } else { again.to_string() }),
            (Label::Plain, String::new()),
            (Label::Plain, via.join(" ")),
        ]
    }

    /// Writes one problem, unless its code was shown often enough.
    fn problem(
        &mut self,
        severity: Severity,
        code: &'static str,
        message: &str,
        indent: usize,
        out: &mut Styled,
    ) {
        self.worst = self.worst.max(Some((severity, code)));
        let count = self.said.entry(code).or_default();
        *count = count.saturating_add(1);
        if *count > OFTEN {
            return;
        }
        out.text(&" ".repeat(indent)).label(severity_label(severity), severity.name());
        out.text(" ").label(Label::Strong, code).text(": ").text(&escape(message.as_bytes())).text("\n");
    }

    /// Writes a finding of the whole and its advice.
    pub fn finding(&mut self, finding: &Finding, out: &mut Styled) {
        let severity = finding.id.severity();
        self.worst = self.worst.max(Some((severity, finding.id.name())));
        out.label(severity_label(severity), severity.name());
        out.text(" ")
            .label(Label::Strong, finding.id.name())
            .text(": ")
            .text(&escape(finding.message.as_bytes()));
        if let Some(client) = finding.client {
            out.text(&format!(" (client {client})"));
        }
        out.text("\n");
        if let Some(first) = finding.frames.first() {
            let more = finding.frames.len().saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            out.label(Label::Dim, &format!("        frame {first}{more}; {}", finding.id.advice()))
                .text("\n");
        }
    }

    /// Writes what was only counted, and the totals.
    pub fn totals(&mut self, out: &mut Styled) {
        for (code, count) in &self.said {
            if *count > OFTEN {
                out.text(&format!("… and {} more ", count.saturating_sub(OFTEN)))
                    .label(Label::Strong, code)
                    .text("\n");
            }
        }
        let mut parts: Vec<(&Outcome, &u64)> = self.outcomes.iter().collect();
        parts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let parts: Vec<String> =
            parts.iter().map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
        let plural =
            |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
        let clients = u64::try_from(self.clients.len()).unwrap_or(u64::MAX);
        let mut text = format!("{} of {}", plural(self.rows, "exchange"), plural(clients, "client"));
        if !parts.is_empty() {
            let _ = write!(text, ": {}", parts.join(", "));
        }
        if let Some((_, code)) = self.worst {
            let _ = write!(text, "; see dhcptool explain {code}");
        }
        out.text(&text).text("\n");
    }
}

fn line(columns: &[Column], cells: &[(Label, String)], out: &mut Styled) {
    let mut row: Vec<(Label, String)> = Vec::new();
    // A narrow row has fewer cells than columns: it takes these as they come.
    let narrow = cells.len() < columns.len();
    for (index, (label, text)) in cells.iter().enumerate() {
        let (_, width, right) = columns.get(index).copied().unwrap_or(("", 0, false));
        let width = if narrow { 16 } else { width };
        let pad = width.saturating_sub(text.chars().count());
        if right {
            row.push((Label::Plain, " ".repeat(pad)));
            row.push((*label, text.clone()));
        } else {
            row.push((*label, text.clone()));
            row.push((Label::Plain, " ".repeat(pad.max(usize::from(width > 0)))));
        }
    }
    while row.last().is_some_and(|(_, text)| text.trim().is_empty()) {
        row.pop();
    }
    for (label, text) in &row {
        out.label(*label, text);
    }
    out.text("\n");
}

/// The client's name in a row.
pub fn client(exchange: &Exchange) -> String {
    exchange.mac.map_or_else(
        || exchange.first().map_or_else(String::new, |seen| seen.ciaddr.to_string()),
        |mac| shortened(&mac.to_string(), 18),
    )
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

fn milliseconds(nanoseconds: Option<i64>) -> String {
    nanoseconds.map_or_else(
        || "-".to_owned(),
        |ns| {
            let tenths = (ns.max(0)).saturating_add(50_000) / 100_000;
            if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() }
        },
    )
}

/// Time of day, UTC, with milliseconds.
pub fn clock(time: i64) -> String {
    let milliseconds = Timestamp(time).nanoseconds().div_euclid(1_000_000).rem_euclid(86_400_000);
    let seconds = milliseconds / 1000;
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, milliseconds % 1000)
}

/// The colour of an outcome.
pub fn label(outcome: Outcome) -> Label {
    match outcome {
        Outcome::Declined | Outcome::Refused => Label::Error,
        Outcome::Elsewhere | Outcome::Unacknowledged | Outcome::Offered | Outcome::Unanswered => {
            Label::Warning
        }
        Outcome::Open => Label::Dim,
        _ => Label::Good,
    }
}

/// The colour of a severity.
pub fn severity_label(severity: Severity) -> Label {
    match severity {
        Severity::Error => Label::Error,
        Severity::Warning | Severity::Cut => Label::Warning,
        Severity::Note => Label::Dim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_and_times_are_short() {
        assert_eq!(milliseconds(Some(1_006_400_000)), "1006");
        assert_eq!(milliseconds(Some(412_345)), "0.4");
        assert_eq!(milliseconds(None), "-");
        assert_eq!(clock(56_172_905_000_000), "15:36:12.905");
        assert_eq!(shortened("D O D O D O D O", 13), "D O D O D O …");
    }
}
