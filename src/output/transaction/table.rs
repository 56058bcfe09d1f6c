//! Exchanges as rows, problems under them, totals last.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::view::Shown;
use crate::analysis::diagnosis::{Diagnosis, Finding, Id};
use crate::analysis::findings6::story::Told;
use crate::analysis::transaction::{Counted as _, Exchange, Exchange6, Outcome, Role, Seen, Who};
use crate::output::text::Text;
use crate::output::when::TimeText;
use crate::output::width::{columns as wide, end, shortened, tail};
use crate::output::words::{counted, in_ascii};
use crate::output::wrap::{hanging, wrap};
use crate::output::{Label, Styled};
use crate::time::Timestamp;
use crate::wire::escape::escape;
use crate::wire::problem::Severity;

/// Columns for which times, names and delays are added.
const WIDE: usize = 132;
/// Columns that they take with all that stands beside them but the vendor; what a terminal has more goes to [`HOST`].
const FULL: usize = 140;
/// Columns below which only client, outcome and address are shown.
const NARROW: usize = 80;
/// Columns below which what stands under a row is hardly indented.
const NARROWEST: usize = 48;
/// A code said more often than this is shown [`FIRST`] times and counted.
const OFTEN: u64 = 8;
const FIRST: u64 = 3;
/// So much text may wait for it to be known how often a code is said.
const WAITING: usize = 1 << 20;
/// Columns for which the vendor of the network card is added.
const WIDEST: usize = 170;

/// A problem that is shown if its code turns out not to be said often; or a row, for the sake of its problems.
#[derive(Debug)]
struct Held {
    /// Where in the text.
    at: usize,
    codes: Vec<&'static str>,
    text: String,
}

/// A column: its heading, its width, whether it stands at the right.
type Column = (&'static str, usize, bool);

const SLIM: &[Column] = &[(CLIENT, 18, false), ("outcome", 15, false), (ADDRESS, 0, false)];
const NORMAL: &[Column] = &[
    (CLIENT, 18, false),
    ("messages", 12, false),
    ("outcome", 12, false),
    (ADDRESS, 16, false),
    (SERVER, 16, false),
    ("ms", 6, true),
];
const BROAD: &[Column] = &[
    ("time", 13, false),
    (CLIENT, 18, false),
    (HOST, 12, false),
    ("messages", 13, false),
    ("outcome", 15, false),
    (ADDRESS, 16, false),
    (SERVER, 16, false),
    ("lease", 6, true),
    ("offer", 6, true),
    ("ack", 6, true),
    ("re", 3, true),
    ("", 1, false),
    (VENDOR, 26, false),
    (VIA, 0, false),
];
/// The column that is cut where a terminal is narrow.
const CLIENT: &str = "client";
/// The column that takes what room is left.
const HOST: &str = "host";
/// The most columns that it takes so.
const SPARE: usize = 20;
/// The column that only the widest terminals have.
const VENDOR: &str = "vendor";
/// The columns that hold addresses, which may be too long for them or too many.
const ADDRESS: &str = "address";
const SERVER: &str = "server";
const VIA: &str = "via";
/// Ends of servers' names that are known apart.
const ENDS: usize = 1000;
/// Clients counted one by one.
const CLIENTS: usize = 1_000_000;

/// Writes rows of one width.
#[allow(clippy::struct_excessive_bools, reason = "each is true or not by itself")]
#[derive(Debug)]
pub struct TransactionTable {
    width: usize,
    headed: bool,
    often: BTreeMap<&'static str, u64>,
    /// How often a code is told of the whole, and was.
    expected: BTreeMap<&'static str, (u64, u64)>,
    outcomes: BTreeMap<Outcome, u64>,
    clients: HashSet<Who>,
    /// Those of DHCPv6, by their identifiers.
    clients6: HashSet<Arc<[u8]>>,
    worst: Option<(Severity, &'static str)>,
    rows: u64,
    /// Nothing waits: exchanges are shown as soon as may be.
    live: bool,
    /// Nothing but ASCII is written.
    ascii: bool,
    /// Exchanges are shown for what is wrong with them.
    lint: bool,
    held: Vec<Held>,
    /// Ends of servers' names that were shown, each with the one name it stands for.
    ends: BTreeMap<String, String>,
    time: TimeText,
}

impl TransactionTable {
    /// A table for a terminal of so many columns; `live` it holds nothing back. `lint` leaves out exchanges of whose problems none
    /// is shown.
    pub fn new(width: usize, live: bool, lint: bool) -> Self {
        Self {
            width,
            live,
            ascii: false,
            lint,
            held: Vec::new(),
            ends: BTreeMap::new(),
            time: TimeText::default(),
            headed: false,
            often: BTreeMap::new(),
            expected: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            clients: HashSet::new(),
            clients6: HashSet::new(),
            worst: None,
            rows: 0,
        }
    }

    /// The same with ASCII characters only, where that is `wanted`.
    #[must_use]
    pub fn in_ascii(mut self, wanted: bool) -> Self {
        self.ascii = wanted;
        self
    }

    /// The same with times as `time` tells them.
    #[must_use]
    pub fn at(mut self, time: TimeText) -> Self {
        self.time = time;
        self
    }

    /// A text as it may be written.
    fn plain(&self, text: String) -> String {
        if self.ascii { in_ascii(&text) } else { text }
    }

    /// Counts an exchange that is shown in whatever way.
    pub fn count(&mut self, exchange: &Exchange) {
        self.count_outcome(exchange.outcome);
        let who = Seen::who(exchange);
        if who.is_known() && self.clients.len() < CLIENTS {
            self.clients.insert(who);
        }
    }

    /// The same of DHCPv6.
    pub fn count6(&mut self, exchange: &Exchange6) {
        self.count_outcome(exchange.outcome);
        if let Some(duid) = exchange.texts.client_id.as_ref().filter(|_| self.clients6.len() < CLIENTS) {
            self.clients6.insert(Arc::clone(duid));
        }
    }

    fn count_outcome(&mut self, outcome: Outcome) {
        self.rows = self.rows.saturating_add(1);
        let count = self.outcomes.entry(outcome).or_default();
        *count = count.saturating_add(1);
    }

    /// True when there is room to say who made a network card.
    pub fn names_vendors(&self) -> bool {
        self.width >= WIDEST
    }

    /// Holds no more than a little back. This is asked for after every row, so that what is held does not depend on who writes when.
    pub fn hurry(&mut self, out: &mut Styled) {
        let waits = self.held.first().map_or(0, |held| out.len().saturating_sub(held.at));
        if waits > WAITING {
            self.settle(out);
        }
    }

    /// How much of `out` is as it will stay.
    pub fn settled(&self, out: &Styled) -> usize {
        self.held.first().map_or(out.len(), |held| held.at)
    }

    /// The first `count` bytes of the text were handed on.
    pub fn handed_on(&mut self, count: usize) {
        for held in &mut self.held {
            held.at = held.at.saturating_sub(count);
        }
    }

    /// Puts what waits into the text: its code was not said often.
    fn settle(&mut self, out: &mut Styled) {
        if self.held.is_empty() {
            return;
        }
        let mut all = Text::default();
        let mut done = 0;
        let text = out.as_str();
        for held in self.held.drain(..) {
            all.push_str(text.get(done..held.at).unwrap_or_default());
            all.push_str(&held.text);
            done = held.at;
        }
        all.push_str(text.get(done..).unwrap_or_default());
        out.exchange(&mut all);
    }

    /// Writes the row of an exchange and what is wrong with it.
    pub fn row<S: Shown>(
        &mut self,
        exchange: &Exchange<S>,
        vendor: Option<&str>,
        problems: &[Diagnosis],
        out: &mut Styled,
    ) {
        let columns: Vec<Column> = self.columns().collect();
        if !std::mem::replace(&mut self.headed, true) {
            let names: Vec<(Label, String)> =
                columns.iter().map(|(name, ..)| (Label::Dim, (*name).to_owned())).collect();
            line(&columns, &names, out);
        }
        let said = |problem: &Diagnosis| self.often.get(problem.id.name()).copied().unwrap_or(0);
        let least = problems.iter().map(said).min().filter(|_| self.lint).unwrap_or(0);
        // What is not shown is not written.
        if least >= OFTEN {
            self.learn_end(&columns, exchange);
        } else {
            let row = self.written(&columns, exchange, vendor, out.color());
            if least < FIRST || self.live {
                out.text(row.as_str());
            } else {
                let codes = problems.iter().map(|problem| problem.id.name()).collect();
                self.held.push(Held { at: out.len(), codes, text: row.as_str().to_owned() });
            }
        }
        let indent = match self.width {
            WIDE.. => 31,
            NARROW.. => 19,
            NARROWEST.. => 4,
            _ => 2,
        };
        for problem in problems {
            let id = problem.id;
            self.problem(id.severity(), id.name(), &problem.message, indent, out);
        }
    }

    /// The row of an exchange.
    fn written<S: Shown>(
        &mut self,
        columns: &[Column],
        exchange: &Exchange<S>,
        vendor: Option<&str>,
        color: bool,
    ) -> Styled {
        let mut cells = self.cells(columns, exchange);
        if self.names_vendors()
            && let Some((_, via)) = cells.pop()
        {
            cells.push((Label::Plain, shortened(&escape(vendor.unwrap_or("-").as_bytes()), 25)));
            cells.push((Label::Plain, via));
        }
        for (_, text) in &mut cells {
            *text = self.plain(std::mem::take(text));
        }
        let below = self.spill(columns, &mut cells);
        let mut row = Styled::new(color);
        line(columns, &cells, &mut row);
        lines_below(below, &mut row);
        row
    }

    fn columns(&self) -> impl Iterator<Item = Column> + use<> {
        let columns = match self.width {
            WIDE.. => BROAD,
            NARROW.. => NORMAL,
            _ => SLIM,
        };
        let vendors = self.names_vendors();
        let taken = if vendors { WIDEST } else { FULL };
        let (spare, client) = (self.width.saturating_sub(taken).min(SPARE), self.client().saturating_add(1));
        let fitted = move |(name, width, right): Column| match name {
            HOST => (name, width.saturating_add(spare), right),
            CLIENT => (name, client, right),
            _ => (name, width, right),
        };
        columns.iter().copied().filter(move |(name, ..)| vendors || *name != VENDOR).map(fitted)
    }

    /// Columns of a client's name at most.
    fn client(&self) -> usize {
        match self.width {
            NARROW.. => 17,
            // The outcome and an address of IPv4 stay whole.
            width => width.saturating_sub(31).clamp(8, 17),
        }
    }

    fn cells<S: Shown>(&mut self, columns: &[Column], exchange: &Exchange<S>) -> Vec<(Label, String)> {
        let client = S::client(exchange);
        let messages = shortened(&exchange.messages(), if self.width < WIDE { 11 } else { 12 });
        let outcome = (label(exchange.outcome), exchange.outcome.name().to_owned());
        let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let (address, server) =
            ((Label::Plain, text(S::address(exchange))), (Label::Plain, text(server_of(exchange))));
        let total = exchange.total_ns().or(exchange.ack_ns());
        if self.width < NARROW {
            return vec![(Label::Plain, end(&client, self.client()).to_owned()), outcome, address];
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
        let room = columns.iter().find(|(name, ..)| *name == HOST).map_or(0, |(_, width, _)| *width);
        let lease = text(S::lease(exchange).map(|lease| lease.to_string()));
        let again = exchange.count(|role| role == Role::Retransmission);
        let mut via: Vec<String> = exchange.relays().into_iter().map(S::written).collect();
        via.extend(exchange.vlans.iter().map(|id| format!("vlan {id}")));
        vec![
            (
                Label::Dim,
                exchange.times().map_or_else(|| "-".to_owned(), |(start, _)| self.time.clock(start)),
            ),
            (Label::Plain, client),
            (Label::Plain, shortened(&host, room.saturating_sub(1))),
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

    /// Takes out of a row what is too long for its column, with where it stands in a line below: under its heading, or as far left
    /// of it as it must to end with the line. A server keeps its place by the end of its name where that tells it from all others.
    fn spill(&mut self, columns: &[Column], cells: &mut [(Label, String)]) -> Vec<(usize, String)> {
        let mut below = Vec::new();
        let mut places = Places::default();
        for (column, (_, text)) in columns.iter().zip(cells) {
            let (heading, width, _) = *column;
            let start = places.at;
            let room = if width == 0 { self.width.saturating_sub(start) } else { width.saturating_sub(1) };
            if wide(text) > room && [ADDRESS, SERVER, VIA].contains(&heading) {
                let end = Some(tail(text, room)).filter(|end| heading == SERVER && self.is_end_of(end, text));
                let whole = std::mem::replace(text, end.clone().unwrap_or_default());
                let lines = if end.is_none() { wrap(&whole, self.width) } else { Vec::new() };
                for line in lines {
                    below.push((start.min(self.width.saturating_sub(wide(&line))), line));
                }
            }
            places.next(*column, wide(text));
        }
        below
    }

    /// Learns the end of a server's name as the row would that is not shown: what names the next rows get must not depend on that.
    fn learn_end<S: Shown>(&mut self, columns: &[Column], exchange: &Exchange<S>) {
        let column = columns.iter().find(|(heading, ..)| S::SIX && *heading == SERVER);
        if let (Some((_, width, _)), Some(name)) = (column, column.and_then(|_| server_of(exchange))) {
            let room = width.saturating_sub(1);
            if wide(&name) > room {
                self.is_end_of(&tail(&name, room), &name);
            }
        }
    }

    /// This end of a server's name stands for no other that was met.
    fn is_end_of(&mut self, end: &str, name: &str) -> bool {
        match self.ends.get(end) {
            Some(known) => known == name,
            None if self.ends.len() < ENDS => {
                self.ends.insert(end.to_owned(), name.to_owned());
                true
            }
            None => false,
        }
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
        let count = self.often.entry(code).or_default();
        *count = count.saturating_add(1);
        let (holds, drops) = (*count > FIRST && !self.live, *count > OFTEN);
        if drops {
            let Self { held, often, .. } = self;
            let dropped = |code: &&str| often.get(code).is_some_and(|count| *count > OFTEN);
            held.retain(|held| !held.codes.iter().all(dropped));
            return;
        }
        let mut text = Styled::new(out.color());
        text.text(&" ".repeat(indent)).label(severity_label(severity), severity.name());
        text.text(" ").label(Label::Strong, code).text(": ");
        let taken = indent
            .saturating_add(severity.name().len())
            .saturating_add(code.len())
            .saturating_add(" : ".len());
        let (message, indent) = (self.plain(escape(message.as_bytes())), indent.saturating_add(2));
        text.text(&hanging(&message, self.width, taken, indent)).text("\n");
        if holds {
            self.held.push(Held { at: out.len(), codes: vec![code], text: text.as_str().to_owned() });
        } else {
            out.text(text.as_str());
        }
    }

    /// These codes are told of the whole later, each so often.
    pub fn expect(&mut self, codes: impl Iterator<Item = &'static str>) {
        for code in codes {
            let (all, _) = self.expected.entry(code).or_default();
            *all = all.saturating_add(1);
        }
    }

    /// True when enough of this code was told of the whole.
    fn is_told(&mut self, code: &str) -> bool {
        let Some((all, told)) = self.expected.get_mut(code).filter(|(all, _)| *all > OFTEN) else {
            return false;
        };
        *told = told.saturating_add(1).min(*all);
        *told > FIRST
    }

    /// Writes a finding of the whole and its advice.
    pub fn finding(&mut self, finding: &Finding, out: &mut Styled) {
        let client = finding.mac().map(|mac| mac.to_string());
        self.said(finding.id, &finding.message, client.as_deref(), (&finding.frames, finding.count), out);
    }

    /// Writes what was found in IPv6.
    pub fn finding6(&mut self, told: &Told, out: &mut Styled) {
        self.said(told.id(), &told.finding.named(), told.client.as_deref(), (&told.frames, told.count), out);
    }

    fn said(
        &mut self,
        id: Id,
        message: &str,
        client: Option<&str>,
        (frames, count): (&[u64], u64),
        out: &mut Styled,
    ) {
        let severity = id.severity();
        self.worst = self.worst.max(Some((severity, id.name())));
        if self.is_told(id.name()) {
            return;
        }
        out.label(severity_label(severity), severity.name());
        out.text(" ").label(Label::Strong, id.name()).text(": ");
        let taken = severity.name().len().saturating_add(id.name().len()).saturating_add(3);
        let mut message = escape(message.as_bytes());
        if let Some(client) = client {
            let _ = write!(message, " (client {client})");
        }
        let message = self.plain(message);
        out.text(&hanging(&message, self.width, taken, 8)).text("\n");
        if let Some(first) = frames.first() {
            // Not all that were seen are named.
            let named = u64::try_from(frames.len()).unwrap_or(u64::MAX);
            let more = count.max(named).saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let advice = format!("frame {first}{more}; {}", id.advice());
            let text = format!("        {}", hanging(&self.plain(advice), self.width, 8, 8));
            out.label(Label::Dim, &text).text("\n");
        }
    }

    /// Writes what was only counted, and the totals.
    pub fn totals(&mut self, out: &mut Styled) {
        self.settle(out);
        let shown = if self.live { OFTEN } else { FIRST };
        let mut left: BTreeMap<&str, u64> = BTreeMap::new();
        let said = self.often.iter().map(|(code, count)| (*code, *count, shown));
        let told = self.expected.iter().map(|(code, (all, _))| (*code, *all, FIRST));
        for (code, count, shown) in said.chain(told).filter(|(_, count, _)| *count > OFTEN) {
            let left = left.entry(code).or_default();
            *left = left.saturating_add(count.saturating_sub(shown));
        }
        for (code, count) in left {
            out.text(&self.plain(format!("… and {count} more "))).label(Label::Strong, code).text("\n");
        }
        let mut parts: Vec<(&Outcome, &u64)> = self.outcomes.iter().collect();
        parts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let parts: Vec<String> =
            parts.iter().map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
        let clients = self.clients.len().saturating_add(self.clients6.len());
        let mut text = format!("{} of {}", counted(self.rows, "exchange"), counted(clients, "client"));
        if !parts.is_empty() {
            let _ = write!(text, ": {}", parts.join(", "));
        }
        if let Some((_, code)) = self.worst {
            let _ = write!(text, "; see dhcptool explain {code}");
        }
        out.text(&hanging(&text, self.width, 0, 2)).text("\n");
    }
}

/// Writes what did not fit into a row, each at its place, as many in a line as do not touch.
fn lines_below(cells: Vec<(usize, String)>, out: &mut Styled) {
    let mut end = None;
    for (start, text) in cells {
        let begun = end.filter(|end| *end < start);
        if begun.is_none() && end.is_some() {
            out.text("\n");
        }
        out.text(&" ".repeat(start.saturating_sub(begun.unwrap_or(0)))).text(&text);
        end = Some(start.saturating_add(wide(&text)));
    }
    if end.is_some() {
        out.text("\n");
    }
}

/// The server that a row names.
fn server_of<S: Shown>(exchange: &Exchange<S>) -> Option<String> {
    let offers = || exchange.servers.iter().find(|server| server.offered.is_some());
    S::server(exchange).or_else(|| offers().or(exchange.servers.first()).map(S::name))
}

/// Where cells stand, one after the other: what one takes beyond its column is given back by those that have room.
#[derive(Debug, Default)]
struct Places {
    /// Where the next begins.
    at: usize,
    debt: usize,
    /// The one before stands at the right of its column.
    right: bool,
}

impl Places {
    /// How many spaces stand beside the next cell, which takes `taken` columns.
    fn next(&mut self, (_, width, right): Column, taken: usize) -> usize {
        let room = width.saturating_sub(self.debt);
        let apart = width > 0 && (!right || self.right);
        let pad = room.saturating_sub(taken).max(usize::from(apart));
        let whole = taken.saturating_add(pad);
        self.debt = self.debt.saturating_add(whole).saturating_sub(width);
        self.at = self.at.saturating_add(whole);
        self.right = right;
        pad
    }
}

fn line(columns: &[Column], cells: &[(Label, String)], out: &mut Styled) {
    let mut row: Vec<(Label, &str)> = Vec::new();
    let (mut places, mut pads) = (Places::default(), Vec::new());
    for (index, (_, text)) in cells.iter().enumerate() {
        let column = columns.get(index).copied().unwrap_or_default();
        pads.push((column.2, " ".repeat(places.next(column, wide(text)))));
    }
    for ((label, text), (right, pad)) in cells.iter().zip(&pads) {
        let both = [(*label, text.as_str()), (Label::Plain, pad)];
        row.extend(if *right { [both[1], both[0]] } else { both });
    }
    while row.last().is_some_and(|(_, text)| text.trim().is_empty()) {
        row.pop();
    }
    for (label, text) in row {
        out.label(label, text);
    }
    out.text("\n");
}

/// Milliseconds, and what is very long in a unit that is said.
fn milliseconds(nanoseconds: Option<i64>) -> String {
    nanoseconds.map_or_else(
        || "-".to_owned(),
        |ns| {
            let tenths = (ns.max(0)).saturating_add(50_000) / 100_000;
            match tenths {
                0..100 => format!("{}.{}", tenths / 10, tenths % 10),
                100..1_000_000 => (tenths / 10).to_string(),
                // More digits would touch what stands before, or the edge.
                1_000_000..100_000_000 => format!("{} s", tenths / 10_000),
                _ => format!("{} h", tenths / 36_000_000),
            }
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
        let long = [100_000, 3_600_000, 360_000_000].map(|ms| milliseconds(Some(ms * 1_000_000)));
        assert_eq!(long, ["100 s", "3600 s", "100 h"]);
    }

    /// A row of these cells, with what stands below it, for a terminal of so many columns.
    fn drawn(width: usize, cells: &[&str]) -> String {
        let mut table = TransactionTable::new(width, false, false);
        let columns: Vec<Column> = table.columns().collect();
        assert_eq!(columns.len(), cells.len());
        let mut cells: Vec<_> = cells.iter().map(|text| (Label::Plain, (*text).to_owned())).collect();
        let below = table.spill(&columns, &mut cells);
        let mut out = Styled::new(false);
        line(&columns, &cells, &mut out);
        lines_below(below, &mut out);
        out.as_str().to_owned()
    }

    const BROADEST: [&str; 13] = [
        "15:36:12.905",
        "00:0c:29:1f:74:06",
        "漢字ホ",
        "D O R A D O…",
        "unacknowledged",
        "192.168.100.100",
        "192.168.100.101",
        "12h",
        "1006",
        "1006",
        "12",
        "",
        "192.168.200.200",
    ];

    #[test]
    fn every_row_fits_its_terminal() {
        let at = |width: usize, changes: &[(usize, &'static str)]| {
            let mut cells = BROADEST;
            for (index, text) in changes {
                cells[*index] = text;
            }
            let mut cells = cells.to_vec();
            if width >= WIDEST {
                cells.insert(12, "Some Vendor of Networks …");
            }
            let text = drawn(width, &cells);
            assert!(text.lines().all(|line| wide(line) <= width), "{width}\n{text}");
            text
        };
        for width in WIDE..240 {
            at(width, &[]);
            at(width, &[(12, "192.168.200.200 192.168.100.100 vlan 100 vlan 2000")]);
            at(width, &[(7, "6d 23h 59m 59s"), (8, "9999"), (9, "9999"), (10, "99")]);
        }
        // A relay stands in the row where that is as wide as was promised, and below it where it is not.
        assert_eq!(at(FULL, &[]).lines().count(), 1);
        assert_eq!(at(WIDE, &[(12, "10.1.2.3")]).lines().count(), 2);
        assert_eq!(at(WIDE, &[(12, "vlan 10")]).lines().count(), 1);
        assert!(at(FULL, &[(7, "6d 23h 59m 59s")]).lines().nth(1).unwrap().ends_with(" 192.168.200.200"));
        let slim = drawn(40, &[":1f:74:06", "unacknowledged", "192.168.100.100"]);
        assert_eq!(slim, ":1f:74:06 unacknowledged 192.168.100.100\n");
        for width in 20..80 {
            let text =
                drawn(width, &["1f:74:06", "unacknowledged", "2001:db8:1111:2222:3333:4444:5555:6666"]);
            assert!(text.lines().all(|line| wide(line) <= width.max(38)), "{width}\n{text}");
        }
    }

    #[test]
    fn what_is_too_long_stands_below_its_heading_and_no_two_servers_look_alike() {
        let mut table = TransactionTable::new(80, false, false);
        let row = |table: &mut TransactionTable, address: &str, server: &str| {
            let cells = ["02:00:00:00:00:01", "S A R P", "bound", address, server, "3.5"];
            let mut cells = cells.map(|text| (Label::Plain, text.to_owned()));
            let below = table.spill(NORMAL, &mut cells);
            let mut out = Styled::new(false);
            line(NORMAL, &cells, &mut out);
            lines_below(below, &mut out);
            out.as_str().to_owned()
        };
        assert_eq!(
            row(&mut table, "2001:db8::1:2:3:4", "fe80::1"),
            "02:00:00:00:00:01 S A R P     bound                       fe80::1            3.5\n\
             \u{20}                                         2001:db8::1:2:3:4\n"
        );
        // The longest begins farther left; what ends alike is told whole.
        let longest = "2001:1db8:1111:2222:3333:4444:5555:6666";
        let first = row(&mut table, longest, "fe80::aaaa:5054:ff:fe12:3456");
        assert!(first.contains(" …4:ff:fe12:3456    3.5\n"), "{first}");
        assert!(first.ends_with(&format!("{longest:>80}\n")), "{first}");
        assert_eq!(row(&mut table, longest, "fe80::aaaa:5054:ff:fe12:3456"), first);
        let other = row(&mut table, "-", "fe80::bbbb:5054:ff:fe12:3456");
        assert!(other.ends_with(&format!("{:>80}\n", "fe80::bbbb:5054:ff:fe12:3456")), "{other}");
    }
}
