//! What is shown of joined messages: exchanges as they close, then findings, then a summary.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::mem::ManuallyDrop;
use std::time::Duration;

use super::exit::Exit;
use super::flags::analysis::{AnalysisArgs, SeverityArg};
use super::flags::vendors::Vendors;
use crate::analysis::diagnosis::{Code, Diagnosis, Finding, History, Id};
use crate::analysis::findings6::Finding6;
use crate::analysis::findings6::story::{Story, Told};
use crate::analysis::transaction::{
    Batch, Both, Clients, Closed, Counted, Exchange, Exchange6, Follow, Item, Joined, Kind, Message, Options,
    Outcome, Stats, Unjoined,
};
use crate::output::flat::{Rows, story};
use crate::output::json::object::line;
use crate::output::transaction::ladder::Ladder;
use crate::output::transaction::stats as figures;
use crate::output::transaction::table::TransactionTable;
use crate::output::transaction::view::Shown;
use crate::output::transaction::{clients, finding, json, json6, unjoined};
use crate::output::when::TimeText;
use crate::output::words::counted;
use crate::output::{JsonOut, Styled};
use crate::wire::escape::escape;
use crate::wire::problem::Severity;
use crate::wire::{HwAddr, Mac};

/// Columns below which a ladder is no longer drawn.
const LADDER_FROM: usize = 60;

/// A client that begins anew this soon after a refusal is drawn as one with it, nanoseconds.
const ANEW: i64 = 10_000_000_000;
/// So long a refusal waits to be drawn, live, nanoseconds: what follows it closes later.
const WAIT: i64 = 150_000_000_000;
/// So many exchanges are shown at a time when the input ends.
const PART: usize = 32;
/// So many exchanges that close at the end are not taken apart.
const LEFT: usize = 100_000;
/// So many sentences are remembered that were said of exchanges of DHCPv6.
const TOLD: usize = 10_000;
/// So many refusals wait to be drawn.
const REFUSED: usize = 10_000;

/// How results are shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// As JSON.
    pub json: bool,
    /// With colours.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Columns that a line may take; `None`: as many as it needs.
    pub fold: Option<usize>,
    /// Live: exchanges are shown as soon as may be.
    pub live: bool,
}

/// Joins, judges, chooses and shows.
pub struct Analyst<'a> {
    args: &'a AnalysisArgs,
    look: Look,
    joiner: Both,
    history: History,
    /// What is told of links that speak IPv6.
    story: Story,
    stats: Stats,
    /// Figures of DHCPv6.
    stats6: Stats,
    clients: Clients,
    /// What was said of exchanges of DHCPv6, which is not said again at the end.
    told: Sentences,
    table: TransactionTable,
    /// How the times of ladders are told.
    time: TimeText,
    /// Some of the packets are wanted.
    selected: bool,
    ignored: HashSet<&'a str>,
    json: JsonOut,
    text: Styled,
    number: u64,
    shown: u64,
    /// Exchanges that were chosen, whether there is something to say of them or not, and findings that were.
    chosen: u64,
    /// Messages that no exchange is made of.
    unjoined: Unjoined,
    worst: Option<Severity>,
    codes: BTreeMap<(Severity, &'static str), u64>,
    /// Writes flat rows instead, and what it wrote.
    rows: Option<Rows>,
    flat: Vec<u8>,
    /// How much of the text was ready when it was asked for last.
    ready: usize,
    vendors: Vendors,
    /// What closes now needs not be taken apart.
    leaves: bool,
    /// Refusals whose client may begin anew and be drawn with it, by client.
    refused: HashMap<HwAddr, Drawn>,
}

/// An exchange that waits to be drawn.
#[derive(Debug)]
struct Drawn {
    exchange: Box<Exchange>,
    number: u64,
    problems: Vec<Diagnosis>,
}

impl Drawn {
    fn parts(&self) -> (&Exchange, u64, &[Diagnosis]) {
        (&self.exchange, self.number, &self.problems)
    }

    /// True when `next` is what the client did after this refusal.
    fn is_followed_by(&self, next: &Exchange) -> bool {
        let (Some(last), Some(first)) = (self.exchange.steps.last(), next.first()) else { return false };
        let gap = first.time.saturating_sub(last.seen.time);
        next.kind == Kind::Acquire && (0..=ANEW).contains(&gap)
    }
}

/// Sentences that were said, by code. Most are said again and again.
#[derive(Debug, Default)]
struct Sentences {
    by_code: HashMap<&'static str, HashSet<String>>,
    count: usize,
}

impl Sentences {
    fn add(&mut self, code: &'static str, sentence: &str) {
        let known = self.by_code.entry(code).or_default();
        if self.count < TOLD && !known.contains(sentence) {
            known.insert(sentence.to_owned());
            self.count = self.count.saturating_add(1);
        }
    }

    /// It was said, whether of whom it is about or not.
    fn contains(&self, finding: &Finding6) -> bool {
        let known = self.by_code.get(finding.code);
        known.is_some_and(|known| known.contains(&finding.message) || known.contains(&finding.named()))
    }
}

impl Follow for Analyst<'_> {
    fn joiner(&mut self) -> &mut Both {
        &mut self.joiner
    }

    fn joined(&mut self, item: &Item, joined: Joined, batch: &Batch) {
        self.history.observe(item, joined.role);
        // Of exchanges that are chosen it is known when they close.
        let counts = self.args.stats && !self.chooses();
        match item {
            Item::Message(entry) if counts => self.stats.message(&entry.seen),
            Item::Six(entry) => {
                if counts {
                    self.stats6.message(&entry.seen);
                }
                if let Some(heard) = batch.six.get(entry.heard) {
                    self.story.take(heard, joined);
                }
            }
            Item::Router(place) => {
                if let Some(heard) = batch.six.get(*place) {
                    self.story.take(heard, Joined::default());
                    if heard.is_managed() {
                        self.clients.promised();
                    }
                }
            }
            _ => {}
        }
    }

    fn ahead(&self, items: &[Item]) {
        self.history.warm(items);
    }

    fn closed(&mut self, closed: Closed) {
        self.number = self.number.saturating_add(1);
        match closed {
            Closed::Four(exchange) => {
                if let Some(over) = self.close(exchange) {
                    self.leave(Closed::Four(over));
                }
            }
            Closed::Six(exchange) => {
                self.close6(&exchange);
                self.leave(Closed::Six(exchange));
            }
        }
        self.table.hurry(&mut self.text);
    }
}

impl<'a> Analyst<'a> {
    /// An analyst that has met nothing.
    pub fn new(args: &'a AnalysisArgs, look: Look, rows: Option<Rows>, vendors: Vendors) -> Self {
        let max_open = args.max_open();
        Self {
            args,
            look,
            joiner: Both::new(Options { max_open, hold: !look.live }),
            history: History::new(args.strict),
            story: Story::default(),
            stats: Stats::default(),
            stats6: Stats::default(),
            clients: Clients::default(),
            told: Sentences::default(),
            table: TransactionTable::new(look.width, look.live, args.lint).in_ascii(args.ascii),
            time: TimeText::default(),
            selected: false,
            ignored: args.ignore.iter().map(String::as_str).collect(),
            json: JsonOut::new(),
            text: Styled::new(look.color).within(look.fold),
            number: 0,
            shown: 0,
            chosen: 0,
            unjoined: Unjoined::default(),
            worst: None,
            codes: BTreeMap::new(),
            rows,
            flat: Vec::new(),
            ready: 0,
            vendors,
            leaves: false,
            refused: HashMap::new(),
        }
    }

    /// Takes what came next.
    pub fn take(&mut self, batch: &Batch) {
        self.unjoined.add(batch.unjoined);
        self.follow(batch);
    }

    /// The input ends here. What is shown of that comes in parts: [`more`](Self::more).
    pub fn finish(&mut self) {
        self.joiner.end();
        self.leaves = self.joiner.count_open() <= LEFT;
        self.story.leaves = self.leaves;
    }

    /// An exchange that is not needed any more. At the end hardly anybody needs its memory either, and to take it apart costs more than
    /// to have made it: it lies far apart and is cold.
    fn leave(&mut self, closed: Closed) {
        let left = self.joiner.give_back(closed);
        if self.leaves {
            let _ = ManuallyDrop::new(left);
        }
    }

    /// The same with times as `time` tells them, of some of the packets where they are `selected`.
    #[must_use]
    pub fn asked(mut self, time: TimeText, selected: bool) -> Self {
        self.table = self.table.at(time.clone());
        Self { time, selected, ..self }
    }

    /// Only some exchanges are wanted.
    fn chooses(&self) -> bool {
        let args = self.args;
        self.selected
            || !args.client.is_empty()
            || !args.outcome.is_empty()
            || !args.code.is_empty()
            || args.slower_than.is_some()
    }

    /// Shows some more of what closed at the end; false when there was nothing left.
    pub fn more(&mut self) -> bool {
        let more = self.joiner.close_some(PART);
        self.history.warm_closed(self.joiner.closed().filter_map(|closed| match closed {
            Closed::Four(exchange) => Some(&**exchange),
            Closed::Six(_) => None,
        }));
        self.hand_on();
        more
    }

    /// Time goes on without messages.
    pub fn advance(&mut self, now: i64) {
        self.joiner.advance(now);
        self.hand_on();
        self.draw_waiting(Some(now.saturating_sub(WAIT)));
    }

    /// How many exchanges were closed to make room.
    pub fn evicted(&self) -> u64 {
        self.joiner.evicted()
    }

    /// What was rendered since it was last cleared and is as it will stay.
    pub fn bytes(&mut self) -> &[u8] {
        if self.rows.is_some() {
            return &self.flat;
        }
        if self.look.json {
            return &self.json.buf;
        }
        self.ready = self.table.settled(&self.text);
        self.text.as_bytes().get(..self.ready).unwrap_or_default()
    }

    /// Forgets what [`bytes`](Self::bytes) gave.
    pub fn clear(&mut self) {
        self.flat.clear();
        self.json.buf.clear();
        let ready = std::mem::take(&mut self.ready);
        if ready > 0 {
            self.table.handed_on(ready);
            let text = self.text.plain().bytes_mut();
            text.drain(..ready.min(text.len()));
        }
    }

    /// True when some were to be chosen and none was. Who asks whether anything is bad is not told that nothing is there.
    pub fn found_none(&self) -> bool {
        self.chooses() && self.chosen == 0 && self.args.fail_on.is_none()
    }

    /// How the command ends, as far as what was shown decides.
    pub fn exit(&self) -> Exit {
        let limit = self.args.fail_on.map(SeverityArg::severity);
        match (limit, self.worst) {
            (Some(limit), Some(worst)) if worst >= limit => Exit::Bad,
            _ => Exit::Good,
        }
    }

    /// Takes away what is not to be said of an exchange; false where it is not shown. One that is counts among its client's.
    fn choose<S: Counted>(&mut self, exchange: &Exchange<S>, problems: &mut Vec<Diagnosis>) -> bool {
        problems.retain(|problem| !self.ignored.contains(problem.id.name()));
        if !self.wants(exchange, problems) {
            return false;
        }
        self.chosen = self.chosen.saturating_add(1);
        if self.args.lint && problems.is_empty() {
            return false;
        }
        self.shown = self.shown.saturating_add(1);
        if self.args.clients {
            self.clients.exchange(exchange, self.number, problems);
        }
        true
    }

    /// An exchange of DHCPv6 has closed. What is said of it is counted when it is told of the whole.
    fn close6(&mut self, exchange: &Exchange6) {
        let mut problems = self.story.closed(exchange);
        if !self.choose(exchange, &mut problems) {
            return;
        }
        self.worst = self.worst.max(problems.iter().map(|problem| problem.id.severity()).max());
        if self.args.stats {
            self.stats6.exchange(exchange);
            if self.chooses() {
                self.stats6.messages_of(exchange);
            }
        }
        let number = self.number;
        if let Some(rows) = &mut self.rows {
            if self.args.transactions {
                let vendor = vendor(&mut self.vendors, exchange.mac);
                story::exchange6(exchange, number, vendor, &problems, rows, &mut self.flat);
            }
            return;
        }
        if !self.shows_exchanges() {
            return;
        }
        if self.look.json {
            let vendor = vendor(&mut self.vendors, exchange.mac);
            json6::write(exchange, number, vendor, &problems, &mut self.json);
            self.json.end_line();
            return;
        }
        for problem in &problems {
            self.told.add(problem.id.name(), &problem.message);
        }
        self.table.count6(exchange);
        if self.args.ladder && self.look.width >= LADDER_FROM {
            self.ladder(exchange).draw(exchange, number, &problems, &mut self.text);
        } else {
            self.row(exchange, &problems);
        }
    }

    /// Exchanges are shown one by one.
    fn shows_exchanges(&self) -> bool {
        self.args.transactions || self.args.lint || self.args.ladder
    }

    /// How an exchange is drawn.
    fn ladder<S: Message>(&mut self, exchange: &Exchange<S>) -> Ladder {
        let begins = exchange.times().map(|(start, _)| self.time.clock(start));
        Ladder { width: self.look.width, ascii: self.args.ascii, begins }
    }

    /// The row of an exchange.
    fn row<S: Shown>(&mut self, exchange: &Exchange<S>, problems: &[Diagnosis]) {
        let names = self.table.names_vendors();
        let vendor = names.then(|| vendor(&mut self.vendors, exchange.mac)).flatten();
        self.table.row(exchange, vendor, problems, &mut self.text);
    }

    /// An exchange has closed; it is given back where it does not wait to be drawn.
    fn close(&mut self, exchange: Box<Exchange>) -> Option<Box<Exchange>> {
        let mut problems = self.history.closed(&exchange);
        if !self.choose(&exchange, &mut problems) {
            return Some(exchange);
        }
        for problem in &problems {
            self.said(problem.id, 1);
        }
        if self.args.stats {
            self.stats.exchange(&exchange);
            if self.chooses() {
                self.stats.messages_of(&exchange);
            }
        }
        self.name_holders(&mut problems);
        self.show(exchange, problems)
    }

    /// Says who made the network card of a machine that holds what another declined.
    fn name_holders(&mut self, problems: &mut [Diagnosis]) {
        let conflict = Id::Wider(Code::AddressConflict);
        for problem in problems.iter_mut().filter(|problem| problem.id == conflict) {
            let Some((holder, rest)) = problem.message.split_once(" holds ") else { continue };
            if let Ok(mac) = holder.parse()
                && let Some(name) = self.vendors.any(mac)
            {
                problem.message = format!("{holder} ({}) holds {rest}", escape(name.as_bytes()));
            }
        }
    }

    fn said(&mut self, id: Id, times: u64) {
        self.worst = self.worst.max(Some(id.severity()));
        let count = self.codes.entry((id.severity(), id.name())).or_default();
        *count = count.saturating_add(times);
    }

    fn show(&mut self, exchange: Box<Exchange>, problems: Vec<Diagnosis>) -> Option<Box<Exchange>> {
        if let Some(rows) = &mut self.rows {
            if self.args.transactions {
                let vendor = vendor(&mut self.vendors, exchange.mac);
                let number = self.number;
                story::exchange(&exchange, number, vendor, &problems, rows, &mut self.flat);
            }
            return Some(exchange);
        }
        if !self.shows_exchanges() {
            return Some(exchange);
        }
        if self.look.json {
            let vendor = vendor(&mut self.vendors, exchange.mac);
            json::write(&exchange, self.number, vendor, &problems, &mut self.json);
            self.json.end_line();
            return Some(exchange);
        }
        self.table.count(&exchange);
        if self.args.ladder && self.look.width >= LADDER_FROM {
            self.draw(Drawn { exchange, number: self.number, problems });
            return None;
        }
        self.row(&exchange, &problems);
        Some(exchange)
    }

    /// Draws an exchange, one that was refused with what its client does next.
    fn draw(&mut self, drawn: Drawn) {
        if let Some(before) = drawn.exchange.mac.and_then(|mac| self.refused.remove(&mac)) {
            if before.is_followed_by(&drawn.exchange) {
                let ladder = self.ladder(&before.exchange);
                ladder.draw_both([before.parts(), drawn.parts()], &mut self.text);
                return;
            }
            self.draw_alone(&before);
        }
        match drawn.exchange.mac {
            Some(mac) if drawn.exchange.outcome == Outcome::Refused && self.refused.len() < REFUSED => {
                self.refused.insert(mac, drawn);
            }
            _ => self.draw_alone(&drawn),
        }
    }

    fn draw_alone(&mut self, drawn: &Drawn) {
        let ladder = self.ladder(&drawn.exchange);
        ladder.draw(&drawn.exchange, drawn.number, &drawn.problems, &mut self.text);
    }

    /// Draws refusals whose client does nothing more: all, or what ended before `until`.
    fn draw_waiting(&mut self, until: Option<i64>) {
        if self.refused.is_empty() {
            return;
        }
        let over = |drawn: &Drawn| {
            let last = drawn.exchange.steps.last().map_or(0, |step| step.seen.time);
            until.is_none_or(|until| last < until)
        };
        let mut waiting: Vec<Drawn> =
            self.refused.extract_if(|_, drawn| over(drawn)).map(|(_, drawn)| drawn).collect();
        waiting.sort_by_key(|drawn| drawn.number);
        for drawn in waiting {
            self.draw_alone(&drawn);
        }
    }

    fn wants<S: Counted>(&self, exchange: &Exchange<S>, problems: &[Diagnosis]) -> bool {
        let args = self.args;
        let slow = |limit: Duration| {
            let limit = i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX);
            took(exchange).map_or_else(|| is_silence(exchange.outcome), |took| took > limit)
        };
        exchange.selected
            && (args.client.is_empty() || exchange.mac.as_ref().is_some_and(|mac| args.is_client(mac)))
            && (args.outcome.is_empty() || args.outcome.contains(&exchange.outcome))
            && (args.code.is_empty() || problems.iter().any(|problem| self.has_code(problem.id)))
            && args.slower_than.is_none_or(slow)
    }

    fn has_code(&self, id: Id) -> bool {
        self.args.code.iter().any(|code| code == id.name())
    }

    /// Everything was read: what is told of the whole. `capture` is its name, `frames` how many there were. `each` may take what was
    /// written so far, for of a million clients it is much.
    pub fn conclude<E>(
        &mut self,
        capture: Option<&str>,
        frames: u64,
        mut each: impl FnMut(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.draw_waiting(None);
        let mut findings = self.history.finish(self.joiner.now());
        findings.retain(|finding| {
            let wanted = self.args.code.is_empty() || self.has_code(finding.id);
            let client = self.args.client.is_empty() || finding.macs().any(|mac| self.args.is_client(&mac));
            wanted && client && !self.ignored.contains(finding.id.name())
        });
        // A row a client does not tell what is wrong with the whole.
        let whole: Vec<&Finding> = findings.iter().filter(|finding| finding.is_beside_clients()).collect();
        self.expect(findings.iter().map(|finding| finding.id.name()));
        let mut times: BTreeMap<(Severity, &'static str), u64> = BTreeMap::new();
        for finding in &findings {
            self.said(finding.id, 0);
            let count = times.entry((finding.id.severity(), finding.id.name())).or_default();
            *count = count.saturating_add(finding.count);
            self.chosen = self.chosen.saturating_add(1);
            self.show_finding(finding);
        }
        // What is said of exchanges and of the whole as well is counted once.
        for (code, count) in times {
            let known = self.codes.entry(code).or_default();
            *known = count.max(*known);
        }
        let told = self.conclude6();
        if self.args.clients {
            self.clients.conclude(&findings, &told, |code| self.ignored.contains(code.name()));
            // What no row tells was not printed, unless something else is shown that tells it.
            if !self.shows_exchanges() && !self.args.stats {
                let beside = whole.iter().map(|finding| finding.id.severity());
                self.worst = beside.filter(|_| self.rows.is_none()).max();
            }
            self.worst = self.worst.max(self.clients.worst());
        }
        if let Some(rows) = &mut self.rows {
            for client in self.clients.sorted() {
                let vendor = vendor(&mut self.vendors, client.mac);
                story::client(client, vendor, rows, &mut self.flat);
                each(&mut self.flat)?;
            }
            return Ok(());
        }
        if self.args.clients {
            if self.look.json {
                let vendors = &mut self.vendors;
                let whole: Vec<&str> = whole.iter().map(|finding| finding.id.name()).collect();
                let about = clients::About { capture, unjoined: self.unjoined, whole: &whole };
                let vendor = |mac| vendor(vendors, mac).map(ToOwned::to_owned);
                clients::json(&self.clients, about, vendor, &mut self.json, each)?;
            } else {
                clients::text(&self.clients, self.unjoined, self.look.width, &mut self.text);
            }
        }
        if self.args.stats {
            let both = (&self.stats, &self.stats6);
            let object = figures::object(both, frames, (self.joiner.evicted(), self.unjoined), &self.codes);
            if self.look.json {
                self.json.buf.extend_from_slice(&line(&object));
            } else {
                let start = self.text.len();
                figures::write(&object, both, &mut self.text);
                self.text.fold_since(start);
            }
        }
        if !self.look.json && self.shows_exchanges() {
            let start = self.text.len();
            self.table.totals(&mut self.text);
            self.text.fold_since(start);
        }
        Ok(())
    }

    /// These codes will be told of the whole: of those told often, few are shown.
    fn expect(&mut self, codes: impl Iterator<Item = &'static str>) {
        if self.shows_exchanges() {
            self.table.expect(codes);
        }
    }

    /// Tells what was found in DHCPv6 and router discovery, which is given back.
    fn conclude6(&mut self) -> Vec<Told> {
        let mut all = self.story.finish();
        all.retain(|told| {
            let wanted = self.args.code.is_empty() || self.has_code(told.id());
            let client =
                self.args.client.is_empty() || told.mac().is_some_and(|mac| self.args.is_client(&mac));
            wanted && client && !self.ignored.contains(told.id().name())
        });
        let rows = self.shows_exchanges();
        let again: Vec<bool> = all.iter().map(|told| self.told.contains(&told.finding)).collect();
        let new = all.iter().zip(&again).filter(|(_, again)| !**again);
        let codes: Vec<&'static str> = new.map(|(told, _)| told.finding.code).collect();
        self.expect(codes.into_iter());
        for (told, again) in all.iter().zip(again) {
            self.said(told.id(), told.count);
            self.chosen = self.chosen.saturating_add(1);
            if self.look.json && (rows || !self.args.clients) {
                self.json.line(&finding::Finding::from(told));
            } else if rows && !again {
                self.table.finding6(told, &mut self.text);
            }
        }
        all
    }

    /// Tells a finding of the whole.
    fn show_finding(&mut self, finding: &Finding) {
        let rows = self.shows_exchanges();
        if self.look.json && (rows || !self.args.clients) {
            self.json.line(&finding::Finding::from(finding));
        } else if rows || (self.args.clients && self.rows.is_none() && finding.is_beside_clients()) {
            let start = self.text.len();
            self.table.finding(finding, &mut self.text);
            self.text.fold_since(start);
        }
    }

    /// One line about what was joined.
    pub fn summary(&self, frames: u64) -> String {
        let mut text = format!(
            "{} read, {}, {} shown",
            counted(frames, "packet"),
            counted(self.number, "exchange"),
            self.shown
        );
        if let Some(unjoined) = unjoined::text(self.unjoined) {
            // Writing into a String cannot fail.
            let _ = write!(text, "; {unjoined}");
        }
        text
    }
}

/// How long it took until an exchange was decided by a server, nanoseconds.
fn took<S: Counted>(exchange: &Exchange<S>) -> Option<i64> {
    let answered = || {
        let (asked, answer) = (exchange.sent().next()?, S::decisive(exchange)?);
        Some(answer.time().saturating_sub(asked.time())).filter(|took| *took >= 0)
    };
    exchange.total_ns().or_else(|| exchange.ack_ns()).or_else(answered)
}

/// No server gave or refused what was asked for.
fn is_silence(outcome: Outcome) -> bool {
    use Outcome::{Elsewhere, Offered, Open, Unacknowledged, Unanswered};
    matches!(outcome, Elsewhere | Offered | Open | Unacknowledged | Unanswered)
}

/// Who made the network card of a client.
fn vendor(vendors: &mut Vendors, mac: Option<HwAddr>) -> Option<&str> {
    let octets: [u8; 6] = mac?.as_slice().try_into().ok()?;
    vendors.any(Mac(octets))
}

#[cfg(test)]
mod tests;
