//! What is shown of joined messages: exchanges as they close, then findings, then a summary.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::exit::Exit;
use super::flags::analysis::{AnalysisArgs, SeverityArg};
use crate::analysis::diagnosis::{Diagnosis, Finding, History, Id};
use crate::analysis::transaction::{Batch, Clients, Exchange, Item, Joiner, Options, Stats};
use crate::output::transaction::ladder::Ladder;
use crate::output::transaction::stats as figures;
use crate::output::transaction::table::TransactionTable;
use crate::output::transaction::{clients, json};
use crate::output::{JsonOut, Styled};
use crate::wire::problem::Severity;

/// Columns below which a ladder is no longer drawn.
const LADDER_FROM: usize = 60;

/// How results are shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// As JSON.
    pub json: bool,
    /// With colours.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Live: exchanges are shown as soon as may be.
    pub live: bool,
}

/// Joins, judges, chooses and shows.
pub struct Analyst<'a> {
    args: &'a AnalysisArgs,
    look: Look,
    joiner: Joiner,
    history: History,
    stats: Stats,
    clients: Clients,
    table: TransactionTable,
    ignored: HashSet<&'a str>,
    json: JsonOut,
    text: Styled,
    number: u64,
    shown: u64,
    worst: Option<Severity>,
    codes: BTreeMap<(Severity, &'static str), u64>,
}

impl<'a> Analyst<'a> {
    /// An analyst that has met nothing.
    pub fn new(args: &'a AnalysisArgs, look: Look) -> Self {
        let max_open = usize::try_from(args.max_open).unwrap_or(usize::MAX);
        Self {
            args,
            look,
            joiner: Joiner::new(Options { max_open, hold: !look.live }),
            history: History::new(args.strict),
            stats: Stats::default(),
            clients: Clients::default(),
            table: TransactionTable::new(look.width),
            ignored: args.ignore.iter().map(String::as_str).collect(),
            json: JsonOut::new(),
            text: Styled::new(look.color),
            number: 0,
            shown: 0,
            worst: None,
            codes: BTreeMap::new(),
        }
    }

    /// Takes what came next.
    pub fn take(&mut self, batch: &Batch) {
        let Self { history, stats, joiner, args, .. } = self;
        joiner.batch(batch, |item, _| {
            history.observe(item);
            if let (true, Item::Message(entry)) = (args.stats, item) {
                stats.message(entry);
            }
        });
        self.show_closed();
    }

    /// The input ends here.
    pub fn finish(&mut self) {
        self.joiner.finish();
        self.show_closed();
    }

    /// Time goes on without messages.
    pub fn advance(&mut self, now: i64) {
        self.joiner.advance(now);
        self.show_closed();
    }

    /// How many exchanges were closed to make room.
    pub fn evicted(&self) -> u64 {
        self.joiner.evicted
    }

    /// What was rendered since it was last cleared.
    pub fn bytes(&self) -> &[u8] {
        if self.look.json { &self.json.buf } else { self.text.as_str().as_bytes() }
    }

    /// Forgets what was rendered.
    pub fn clear(&mut self) {
        self.json.buf.clear();
        self.text.clear();
    }

    /// How the command ends, as far as what was shown decides.
    pub fn exit(&self) -> Exit {
        let limit = self.args.fail_on.map(SeverityArg::severity);
        match (limit, self.worst) {
            (Some(limit), Some(worst)) if worst >= limit => Exit::Bad,
            _ => Exit::Good,
        }
    }

    fn show_closed(&mut self) {
        for exchange in self.joiner.take_closed() {
            self.number = self.number.saturating_add(1);
            let mut problems = self.history.closed(&exchange);
            problems.retain(|problem| !self.ignored.contains(problem.id.name()));
            if !self.wants(&exchange, &problems) {
                continue;
            }
            self.shown = self.shown.saturating_add(1);
            for problem in &problems {
                self.said(problem.id);
            }
            if self.args.stats {
                self.stats.exchange(&exchange);
            }
            if self.args.clients {
                self.clients.exchange(&exchange, self.number, &problems);
            }
            self.show(&exchange, &problems);
        }
    }

    fn said(&mut self, id: Id) {
        self.worst = self.worst.max(Some(id.severity()));
        let count = self.codes.entry((id.severity(), id.name())).or_default();
        *count = count.saturating_add(1);
    }

    fn show(&mut self, exchange: &Exchange, problems: &[Diagnosis]) {
        let (rows, draws) = (self.args.transactions || self.args.lint, self.args.ladder);
        if !rows && !draws {
            return;
        }
        if self.look.json {
            json::write(exchange, self.number, None, problems, &mut self.json);
            return;
        }
        self.table.count(exchange);
        if draws && self.look.width >= LADDER_FROM {
            let ladder = Ladder { width: self.look.width, ascii: self.args.ascii };
            ladder.draw(exchange, self.number, problems, &mut self.text);
        } else {
            self.table.row(exchange, problems, &mut self.text);
        }
    }

    fn wants(&self, exchange: &Exchange, problems: &[Diagnosis]) -> bool {
        let args = self.args;
        let slow = |limit: Duration| {
            let limit = i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX);
            exchange.total_ns().or(exchange.ack_ns()).is_none_or(|total| total > limit)
        };
        exchange.selected
            && (args.client.is_empty() || exchange.mac.is_some_and(|mac| args.client.contains(&mac)))
            && (args.outcome.is_empty() || args.outcome.contains(&exchange.outcome))
            && (args.code.is_empty() || problems.iter().any(|problem| self.has_code(problem.id)))
            && args.slower_than.is_none_or(slow)
            && (!args.lint || !problems.is_empty())
    }

    fn has_code(&self, id: Id) -> bool {
        self.args.code.iter().any(|code| code == id.name())
    }

    /// Everything was read: what is told of the whole. `capture` is its name, `frames` how many there were.
    pub fn conclude(&mut self, capture: Option<&str>, frames: u64) {
        let mut findings = self.history.finish();
        findings.retain(|finding| {
            let wanted = self.args.code.is_empty() || self.has_code(finding.id);
            let client = self.args.client.is_empty()
                || finding.client.is_some_and(|client| self.args.client.contains(&client));
            wanted && client && !self.ignored.contains(finding.id.name())
        });
        for finding in &findings {
            self.said(finding.id);
            self.show_finding(finding);
        }
        if self.args.clients {
            if self.look.json {
                clients::json(&self.clients, capture, &mut self.json);
            } else {
                clients::text(&self.clients, &mut self.text);
            }
        }
        if self.args.stats {
            let object = figures::object(&self.stats, frames, self.joiner.evicted, &self.codes);
            if !self.look.json {
                figures::write(&object, &self.stats, &mut self.text);
            } else if let Ok(line) = serde_json::to_vec(&object) {
                self.json.buf.extend_from_slice(&line);
                self.json.buf.push(b'\n');
            }
        }
        if !self.look.json && (self.args.transactions || self.args.lint || self.args.ladder) {
            self.table.totals(&mut self.text);
        }
    }

    fn show_finding(&mut self, finding: &Finding) {
        let rows = self.args.transactions || self.args.lint || self.args.ladder;
        if self.look.json && (rows || !self.args.clients) {
            json::finding(finding, &mut self.json);
        } else if rows {
            self.table.finding(finding, &mut self.text);
        }
    }

    /// One line about what was joined.
    pub fn summary(&self, frames: u64) -> String {
        format!("{frames} packets read, {} exchanges, {} shown", self.number, self.shown)
    }
}
