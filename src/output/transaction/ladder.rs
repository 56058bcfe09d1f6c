//! Exchanges drawn: time runs down, a lane for each party, an arrow for each message.

use super::table::{clock, label, severity_label, shortened};
use super::view::Shown;
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{Exchange, Letter, Message, Party, Role, Sense, Side, Step};
use crate::output::wrap::hanging;
use crate::output::{Label, Styled};
use crate::wire::escape::escape;

/// Where the first lane stands.
const LEFT: usize = 16;
/// Room for facts at the right.
const FACTS: usize = 24;
/// Servers that have a lane of their own.
const SERVERS: usize = 3;
/// So many repetitions are drawn, the others counted.
const REPEATED: usize = 3;

/// How ladders are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    /// Columns of the terminal.
    pub width: usize,
    /// ASCII characters only.
    pub ascii: bool,
}

/// The characters of one style.
struct Glyphs {
    lane: char,
    line: char,
    right: char,
    left: char,
}

const UNICODE: Glyphs = Glyphs { lane: '│', line: '─', right: '▶', left: '◀' };
const ASCII: Glyphs = Glyphs { lane: '|', line: '-', right: '>', left: '<' };

/// A party with a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::output) enum Lane<A> {
    Client,
    Relay(A),
    Server(u8),
    Others,
    Nobody,
}

impl Ladder {
    /// Draws one exchange.
    pub fn draw<S: Shown>(
        &self,
        exchange: &Exchange<S>,
        number: u64,
        problems: &[Diagnosis],
        out: &mut Styled,
    ) {
        self.title(exchange, number, out);
        self.lanes(exchange, out);
        self.problems(problems, out);
        out.text("\n");
    }

    /// Draws a refusal and what the client did then, each with its number and problems, as one.
    pub fn draw_both<S: Shown>(&self, both: [(&Exchange<S>, u64, &[Diagnosis]); 2], out: &mut Styled) {
        let [(refused, number, problems), (then, next, more)] = both;
        let joined = refused.followed_by(then);
        self.title(refused, number, out);
        self.title(then, next, out);
        self.lanes(&joined, out);
        self.problems(problems, out);
        self.problems(more, out);
        out.text("\n");
    }

    fn title<S: Shown>(&self, exchange: &Exchange<S>, number: u64, out: &mut Styled) {
        out.label(Label::Dim, &format!("#{number}  ")).label(Label::Strong, &S::client(exchange)).text("  ");
        out.label(label(exchange.outcome), exchange.outcome.name());
        let taken =
            format!("#{number}  {}  {}", S::client(exchange), exchange.outcome.name()).chars().count();
        out.text(&hanging(&summary(exchange), self.width, taken, 4)).text("\n");
    }

    fn problems(&self, problems: &[Diagnosis], out: &mut Styled) {
        for problem in problems {
            let id = problem.id;
            out.text(&" ".repeat(LEFT.saturating_sub(1))).label(severity_label(id.severity()), "! ");
            out.label(Label::Strong, id.name()).text(": ");
            let taken = LEFT.saturating_add(id.name().len()).saturating_add(3);
            out.text(&hanging(
                &escape(problem.message.as_bytes()),
                self.width,
                taken,
                LEFT.saturating_add(3),
            ));
            out.text("\n");
        }
    }

    fn lanes<S: Shown>(&self, exchange: &Exchange<S>, out: &mut Styled) {
        let lanes = lanes(exchange);
        let gap = self.gap(lanes.len());
        let mut head = String::new();
        for (index, lane) in lanes.iter().enumerate() {
            let name = name(*lane, exchange);
            let name = if S::SIX { shortened(&name, gap.saturating_sub(1)) } else { name };
            let middle = LEFT.saturating_add(gap.saturating_mul(index));
            let start = middle.saturating_sub(name.chars().count() / 2).max(head.chars().count());
            pad_to(&mut head, if index == 0 { start.min(13) } else { start.saturating_add(1) });
            head.push_str(&name);
        }
        out.label(Label::Dim, head.trim_end()).text("\n");
        self.steps(exchange, &lanes, gap, out);
    }

    fn gap(&self, lanes: usize) -> usize {
        let room = self.width.saturating_sub(LEFT).saturating_sub(FACTS);
        room.checked_div(lanes.saturating_sub(1)).unwrap_or(room).clamp(14, 26)
    }

    fn steps<S: Shown>(&self, exchange: &Exchange<S>, lanes: &[Lane<S::Ip>], gap: usize, out: &mut Styled) {
        let glyphs = if self.ascii { ASCII } else { UNICODE };
        let drawn: Vec<&Step<S>> = exchange.steps.iter().filter(|step| step.role != Role::Copy).collect();
        let mut before: Option<&Step<S>> = None;
        let mut index = 0_usize;
        while let Some(step) = drawn.get(index) {
            // A row of repetitions is folded but for its beginning and its last.
            let alike = drawn.iter().skip(index).take_while(|other| {
                other.seen.letter() == step.seen.letter() && other.role == Role::Retransmission
            });
            let run = alike.count();
            if run > REPEATED.saturating_add(1) && step.role == Role::Retransmission {
                let folded = run.saturating_sub(REPEATED);
                for step in drawn.iter().skip(index).take(REPEATED.saturating_sub(1)) {
                    self.step(exchange, step, before, lanes, gap, &glyphs, out);
                    before = Some(step);
                }
                let last = drawn.get(index.saturating_add(run).saturating_sub(2)).copied();
                let from = before.map_or(0, |step| step.seen.time());
                let span = last.map_or(0, |step| step.seen.time().saturating_sub(from)) / 1_000_000_000;
                let more = format!("{}:  {folded} more in {span} s", " ".repeat(LEFT.saturating_sub(1)));
                out.label(Label::Dim, &more).text("\n");
                before = last.or(before);
                index = index.saturating_add(run).saturating_sub(1);
                continue;
            }
            self.step(exchange, step, before, lanes, gap, &glyphs, out);
            before = Some(step);
            index = index.saturating_add(1);
        }
        if exchange.left_out > 0 {
            out.label(
                Label::Dim,
                &format!("{}:  {} more", " ".repeat(LEFT.saturating_sub(1)), exchange.left_out),
            );
            out.text("\n");
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one arrow and all it stands between")]
    fn step<S: Shown>(
        &self,
        exchange: &Exchange<S>,
        step: &Step<S>,
        before: Option<&Step<S>>,
        lanes: &[Lane<S::Ip>],
        gap: usize,
        glyphs: &Glyphs,
        out: &mut Styled,
    ) {
        let time = match before {
            None => clock(step.seen.time()),
            Some(before) => delta(step.seen.time().saturating_sub(before.seen.time())),
        };
        out.label(Label::Dim, &format!("{time:>12}   "));
        let (from, to) = ends(exchange, step, lanes);
        let last = lanes.len().saturating_sub(1);
        let mut row: Vec<char> = Vec::new();
        for (index, lane) in lanes.iter().enumerate() {
            let mark = if *lane == Lane::Nobody { ' ' } else { glyphs.lane };
            row.push(mark);
            if index < last {
                row.extend(std::iter::repeat_n(' ', gap.saturating_sub(1)));
            }
        }
        let at = |lane: usize| lane.saturating_mul(gap);
        let (low, high) = (at(from.min(to)), at(from.max(to)));
        let unheard = lanes.get(to) == Some(&Lane::Nobody);
        for (offset, cell) in row.iter_mut().enumerate() {
            if offset > low && offset < high {
                *cell = if unheard && offset % 2 == 0 { ' ' } else { glyphs.line };
            }
        }
        let word = format!(" {} ", step.seen.letter().name().to_uppercase());
        let first = if from <= to { from } else { from.saturating_sub(1) };
        let start = at(first.min(to.max(from).saturating_sub(1)))
            .saturating_add(gap.saturating_sub(word.chars().count()) / 2);
        let start = if from < to {
            at(from).saturating_add(gap.saturating_sub(word.chars().count()) / 2)
        } else {
            start
        };
        for (cell, letter) in row.iter_mut().skip(start).zip(word.chars()) {
            *cell = letter;
        }
        let mut put = |index: usize, glyph: char| {
            if let Some(cell) = row.get_mut(index) {
                *cell = glyph;
            }
        };
        if from < to {
            // A broadcast reaches every lane on its way.
            for lane in from.saturating_add(1)..=to {
                put(at(lane).saturating_sub(1), glyphs.right);
                if lane < to {
                    put(at(lane), glyphs.lane);
                }
            }
        } else {
            put(at(to).saturating_add(1), glyphs.left);
        }
        if step.seen.sense() == Sense::Refuses {
            put(at(from), 'x');
        }
        let text: String = row.into_iter().collect();
        out.label(colour(step), text.trim_end());
        let facts = self::facts(exchange, step, before);
        let copies = copies(exchange, step);
        if !facts.is_empty() || copies > 0 {
            let column = LEFT.saturating_add(text.trim_end().chars().count()).saturating_add(1);
            out.text("  ").text(&hanging(&facts, self.width, column, column));
            if copies > 0 {
                out.label(Label::Dim, &format!(" ×{}", copies.saturating_add(1)));
            }
        }
        out.text("\n");
    }
}

fn pad_to(text: &mut String, column: usize) {
    while text.chars().count() < column {
        text.push(' ');
    }
}

pub(in crate::output) fn summary<S: Shown>(exchange: &Exchange<S>) -> String {
    let mut text = String::new();
    if let Some(given) = S::given(exchange) {
        text = format!(" {given}");
    }
    if let Some(lease) = S::lease(exchange) {
        text = format!("{text} for {lease}");
    }
    if let (Some(server), true) = (S::server(exchange), exchange.outcome.is_success()) {
        text = format!("{text} from {server}");
    }
    let sent: Vec<&S> = exchange.sent().collect();
    match (exchange.total_ns(), sent.first(), sent.last()) {
        (Some(total), ..) => format!("{text} in {} ms", total / 1_000_000),
        (None, Some(first), Some(last)) if sent.len() > 1 => {
            let span = last.time().saturating_sub(first.time()) / 1_000_000_000;
            format!("{text}, {} sent in {span} s", sent.len())
        }
        _ => text,
    }
}

pub(in crate::output) fn lanes<S: Message>(exchange: &Exchange<S>) -> Vec<Lane<S::Ip>> {
    let mut lanes = vec![Lane::Client];
    for step in exchange.steps.iter().filter(|step| step.seen.side() == Side::Relay) {
        let Some(lane) = step.seen.relay().map(Lane::Relay) else { continue };
        if !lanes.contains(&lane) && lanes.len() < 3 {
            lanes.push(lane);
        }
    }
    for index in 0..exchange.servers.len().min(SERVERS) {
        lanes.push(Lane::Server(u8::try_from(index).unwrap_or(u8::MAX)));
    }
    if exchange.servers.len() > SERVERS {
        lanes.push(Lane::Others);
    }
    if exchange.servers.is_empty() {
        lanes.push(Lane::Nobody);
    }
    lanes
}

pub(in crate::output) fn name<S: Shown>(lane: Lane<S::Ip>, exchange: &Exchange<S>) -> String {
    match lane {
        Lane::Client => "client".to_owned(),
        Lane::Relay(ip) => format!("relay {}", S::written(ip)),
        Lane::Server(index) => exchange.servers.get(usize::from(index)).map_or_else(String::new, S::name),
        Lane::Others => "others".to_owned(),
        Lane::Nobody => "(nobody)".to_owned(),
    }
}

/// The lanes an arrow goes from and to.
pub(in crate::output) fn ends<S: Message>(
    exchange: &Exchange<S>,
    step: &Step<S>,
    lanes: &[Lane<S::Ip>],
) -> (usize, usize) {
    let last = lanes.len().saturating_sub(1);
    let (from, to) = exchange.parties(step);
    let place = |party: Party<S::Ip>| -> Option<usize> {
        let lane = match party {
            Party::Client => Lane::Client,
            Party::Relay(ip) => Lane::Relay(ip),
            Party::Server(index) => Lane::Server(index),
            Party::All | Party::Address(_) => return None,
        };
        let found = lanes.iter().position(|known| *known == lane);
        found.or_else(|| matches!(party, Party::Server(_)).then_some(last))
    };
    let relay = lanes.iter().position(|lane| matches!(lane, Lane::Relay(_)));
    if step.seen.is_from_client() {
        let from = place(from).unwrap_or(0);
        // Broadcast on the client's side goes as far as the relay, if there is one.
        let reach = if from == 0 { relay.unwrap_or(last) } else { last };
        return (from, place(to).filter(|to| *to > from).unwrap_or(reach.max(from.saturating_add(1))));
    }
    let to = place(to).unwrap_or(0);
    let from = place(from).unwrap_or(last);
    (from.max(to.saturating_add(1)).min(last), to)
}

/// The colour of an arrow.
pub(in crate::output) fn colour<S: Message>(step: &Step<S>) -> Label {
    match (step.seen.sense(), step.seen.letter()) {
        (Sense::Offers | Sense::Grants, _) | (_, Letter::BootReply) => Label::Good,
        (Sense::Refuses, _) | (_, Letter::Decline) => Label::Error,
        _ if step.role == Role::Retransmission => Label::Dim,
        _ => Label::Plain,
    }
}

pub(in crate::output) fn delta(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { '-' } else { '+' };
    let ns = nanoseconds.unsigned_abs();
    match ns {
        0..10_000_000 => format!("{sign}{}.{} ms", ns / 1_000_000, ns / 100_000 % 10),
        10_000_000..1_000_000_000 => format!("{sign}{} ms", ns / 1_000_000),
        _ => format!("{sign}{}.{:02} s", ns / 1_000_000_000, ns / 10_000_000 % 100),
    }
}

pub(in crate::output) fn copies<S: Message>(exchange: &Exchange<S>, step: &Step<S>) -> usize {
    let seen = &step.seen;
    let is_copy = |other: &&Step<S>| {
        other.role == Role::Copy
            && other.seen.is_alike(seen)
            && other.seen.time().saturating_sub(seen.time()).abs() <= 250_000_000
    };
    exchange.steps.iter().filter(is_copy).count()
}

/// What is told beside an arrow.
pub(in crate::output) fn facts<S: Shown>(
    exchange: &Exchange<S>,
    step: &Step<S>,
    before: Option<&Step<S>>,
) -> String {
    let mut facts = S::facts(exchange, step);
    let usual = S::SIX && step.role == Role::First;
    if before.is_some_and(|before| before.seen.xid() != step.seen.xid())
        && step.seen.is_from_client()
        && !usual
    {
        facts.push("new xid".to_owned());
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join(", ")
}
