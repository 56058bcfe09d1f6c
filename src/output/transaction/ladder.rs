//! Exchanges drawn: time runs down, a lane for each party, an arrow for each message.

use std::borrow::Cow;

use super::table::{clock, label, severity_label};
use super::view::Shown;
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{Exchange, Letter, Message, Party, Role, Sense, Side, Step};
use crate::output::width::{columns, shortened, tail};
use crate::output::words::in_ascii;
use crate::output::wrap::{hanging, wrap};
use crate::output::{Label, Styled};
use crate::wire::escape::escape;

/// Where the first lane stands.
const LEFT: usize = 16;
/// Room for facts at the right; in less than the least they stand below their arrow.
const FACTS: usize = 24;
const LEAST_FACTS: usize = 20;
/// Between two lanes, at least and at most.
const GAPS: (usize, usize) = (14, 26);
/// Servers that have a lane of their own.
const SERVERS: usize = 3;
/// So many repetitions are drawn, the others counted.
const REPEATED: usize = 3;

/// How ladders are drawn.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    /// Columns of the terminal.
    pub width: usize,
    /// ASCII characters only.
    pub ascii: bool,
    /// The time of its first step, where it is not the time of day, UTC.
    pub begins: Option<String>,
}

/// The characters of one style.
struct Glyphs {
    lane: char,
    line: char,
    right: char,
    left: char,
    times: char,
}

const UNICODE: Glyphs = Glyphs { lane: '│', line: '─', right: '▶', left: '◀', times: '×' };
const ASCII: Glyphs = Glyphs { lane: '|', line: '-', right: '>', left: '<', times: 'x' };

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

    /// A text as it may be drawn.
    fn plain<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii { Cow::Owned(in_ascii(text)) } else { Cow::Borrowed(text) }
    }

    fn title<S: Shown>(&self, exchange: &Exchange<S>, number: u64, out: &mut Styled) {
        let (client, summary) = (S::client(exchange), summary(exchange));
        let (number, client) = (format!("#{number}  "), self.plain(&client));
        out.label(Label::Dim, &number).label(Label::Strong, &client).text("  ");
        out.label(label(exchange.outcome), exchange.outcome.name());
        let taken = [columns(&number), columns(&client), 2, exchange.outcome.name().len()];
        let taken = taken.into_iter().fold(0, usize::saturating_add);
        out.text(&hanging(&self.plain(&summary), self.width, taken, 4)).text("\n");
    }

    fn problems(&self, problems: &[Diagnosis], out: &mut Styled) {
        for problem in problems {
            let id = problem.id;
            out.text(&" ".repeat(LEFT.saturating_sub(1))).label(severity_label(id.severity()), "! ");
            out.label(Label::Strong, id.name()).text(": ");
            let taken = LEFT.saturating_add(id.name().len()).saturating_add(3);
            let message = escape(problem.message.as_bytes());
            out.text(&hanging(&self.plain(&message), self.width, taken, LEFT.saturating_add(3))).text("\n");
        }
    }

    fn lanes<S: Shown>(&self, exchange: &Exchange<S>, out: &mut Styled) {
        let lanes = lanes(exchange, self.most());
        let gap = self.gap(lanes.len());
        out.label(Label::Dim, &self.head(&lanes, exchange, gap)).text("\n");
        self.steps(exchange, &lanes, gap, out);
    }

    /// So many lanes have room.
    fn most(&self) -> usize {
        self.width.saturating_sub(LEFT).checked_div(GAPS.0).unwrap_or(0).saturating_add(1)
    }

    /// How far lanes are apart: there is room for facts behind the last, where that is possible.
    fn gap(&self, lanes: usize) -> usize {
        let (room, gaps) = (self.width.saturating_sub(LEFT), lanes.saturating_sub(1).max(1));
        let share = |room: usize| room.checked_div(gaps).unwrap_or(room).clamp(GAPS.0, GAPS.1);
        let gap = share(room.saturating_sub(FACTS));
        if self.beside(gap.saturating_mul(gaps)) < LEAST_FACTS { share(room) } else { gap }
    }

    /// Columns that are left for facts behind a row of so many.
    fn beside(&self, row: usize) -> usize {
        self.width.saturating_sub(LEFT.saturating_add(row).saturating_add(2))
    }

    /// The names of lanes, each above its lane or as near as it can be.
    fn head<S: Shown>(&self, lanes: &[Lane<S::Ip>], exchange: &Exchange<S>, gap: usize) -> String {
        let mut names: Vec<String> =
            lanes.iter().map(|lane| self.plain(&name(*lane, exchange)).into_owned()).collect();
        let taken = names.iter().fold(LEFT, |sum, name| sum.saturating_add(columns(name)).saturating_add(1));
        // Of servers the end tells more, of those of DHCPv6 that have no address the kind of their identifier.
        let most = gap.saturating_sub(1);
        if S::SIX || taken > self.width {
            let cut = |name: &String| if S::SIX { shortened(name, most) } else { tail(name, most) };
            names = names.iter().map(|name| self.plain(&cut(name)).into_owned()).collect();
        }
        let mut starts = Vec::new();
        let mut free = 0_usize;
        for (index, name) in names.iter().enumerate() {
            let middle = LEFT.saturating_add(gap.saturating_mul(index));
            let start = middle.saturating_sub(columns(name) / 2);
            let start = if index == 0 { start.min(13) } else { start.max(free).saturating_add(1) };
            free = start.saturating_add(columns(name));
            starts.push(start);
        }
        // What would stand behind the edge moves to the left, and what is in its way before it.
        let mut edge = self.width;
        for (start, name) in starts.iter_mut().zip(&names).rev() {
            *start = (*start).min(edge.saturating_sub(columns(name)));
            edge = start.saturating_sub(1);
        }
        let mut head = String::new();
        for (start, name) in starts.into_iter().zip(&names) {
            head.push_str(&" ".repeat(start.saturating_sub(columns(&head))));
            head.push_str(name);
        }
        head
    }

    fn steps<S: Shown>(&self, exchange: &Exchange<S>, lanes: &[Lane<S::Ip>], gap: usize, out: &mut Styled) {
        let glyphs = if self.ascii { ASCII } else { UNICODE };
        let drawn: Vec<&Step<S>> = exchange.steps.iter().filter(|step| step.role != Role::Copy).collect();
        let mut before: Option<&Step<S>> = None;
        let mut index = 0_usize;
        let left_out = exchange.left_out_from();
        let mut gap_at = left_out.and_then(|from| drawn.iter().position(|step| step.seen.time() > from));
        let none_later = gap_at.is_none();
        while let Some(step) = drawn.get(index) {
            if gap_at.take_if(|at| *at == index).is_some() {
                Self::left_out(exchange.left_out, out);
            }
            // A row of repetitions is folded but for its beginning and its last.
            let alike = drawn.iter().skip(index).take_while(|other| {
                other.seen.letter() == step.seen.letter() && other.role == Role::Retransmission
            });
            let run = alike.count();
            if run > REPEATED.saturating_add(1) && step.role == Role::Retransmission {
                let behind = index.saturating_add(run);
                let inside = gap_at.take_if(|at| *at < behind).map_or(0, |_| exchange.left_out);
                let folded = u64::try_from(run.saturating_sub(REPEATED)).unwrap_or(u64::MAX);
                let folded = folded.saturating_add(inside.into());
                for step in drawn.iter().skip(index).take(REPEATED.saturating_sub(1)) {
                    self.step(exchange, step, before, lanes, gap, &glyphs, out);
                    before = Some(step);
                }
                let last = drawn.get(index.saturating_add(run).saturating_sub(2)).copied();
                let from = before.map_or(0, |step| step.seen.time());
                let span = within(last.map_or(0, |step| step.seen.time().saturating_sub(from)), exchange);
                let more = format!("{}:  {folded} more{span}", " ".repeat(LEFT.saturating_sub(1)));
                out.label(Label::Dim, &more).text("\n");
                before = last.or(before);
                index = index.saturating_add(run).saturating_sub(1);
                continue;
            }
            self.step(exchange, step, before, lanes, gap, &glyphs, out);
            before = Some(step);
            index = index.saturating_add(1);
        }
        if exchange.left_out > 0 && none_later {
            Self::left_out(exchange.left_out, out);
        }
    }

    /// Says that steps are not drawn.
    fn left_out(count: u32, out: &mut Styled) {
        out.label(Label::Dim, &format!("{}:  {count} more", " ".repeat(LEFT.saturating_sub(1)))).text("\n");
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
            // Where no time is known none is told.
            _ if step.seen.moment().is_none() => String::new(),
            None => self.begins.clone().unwrap_or_else(|| clock(step.seen.time())),
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
        let word = step.seen.letter().name().to_uppercase();
        // Room for its spaces and an arrow's head; three points stand for one.
        let most = gap.saturating_sub(if self.ascii { 5 } else { 3 });
        let word = format!(" {} ", self.plain(&shortened(&word, most)));
        let first = if from <= to { from } else { from.saturating_sub(1) };
        let first = if from < to { from } else { first.min(to.max(from).saturating_sub(1)) };
        let start = at(first).saturating_add(gap.saturating_sub(columns(&word)) / 2);
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
        let text = text.trim_end();
        out.label(colour(step), text);
        let facts = self::facts(exchange, step, before);
        self.facts(&facts, copies(exchange, step), columns(text), glyphs, out);
        out.text("\n");
    }

    /// What is told beside an arrow that takes `row` columns, or below it.
    fn facts(&self, facts: &str, copies: usize, row: usize, glyphs: &Glyphs, out: &mut Styled) {
        let facts = self.plain(facts);
        let times = if copies == 0 {
            String::new()
        } else {
            format!(" {}{}", glyphs.times, copies.saturating_add(1))
        };
        if facts.is_empty() && copies == 0 {
            return;
        }
        let beside = self.beside(row);
        let is_beside = beside >= LEAST_FACTS || beside > columns(&facts).saturating_add(columns(&times));
        let room = if is_beside { beside } else { self.width.saturating_sub(LEFT.saturating_add(2)) };
        let mut indent = " ".repeat(LEFT.saturating_sub(1));
        if is_beside {
            indent.push_str(&" ".repeat(row));
        } else {
            indent.push(glyphs.lane);
        }
        let lines = wrap(&format!("{facts}{times}"), room);
        let last = lines.len().saturating_sub(1);
        for (index, line) in lines.iter().enumerate() {
            if index > 0 || !is_beside {
                out.text("\n").text(&indent);
            }
            let times = times.trim_start();
            let counted = (index == last && copies > 0).then(|| line.strip_suffix(times)).flatten();
            out.text("  ").text(counted.unwrap_or(line));
            out.label(Label::Dim, if counted.is_some() { times } else { "" });
        }
    }
}

/// In how many seconds; nothing where no times are known.
fn within<S: Message>(nanoseconds: i64, exchange: &Exchange<S>) -> String {
    if exchange.is_timed() { format!(" in {} s", nanoseconds / 1_000_000_000) } else { String::new() }
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
            let span = within(last.time().saturating_sub(first.time()), exchange);
            format!("{text}, {} sent{span}", exchange.sent_count())
        }
        _ => text,
    }
}

/// The parties that have a lane, at most so many.
pub(in crate::output) fn lanes<S: Message>(exchange: &Exchange<S>, most: usize) -> Vec<Lane<S::Ip>> {
    let mut lanes = vec![Lane::Client];
    for step in exchange.steps.iter().filter(|step| step.seen.side() == Side::Relay) {
        let Some(lane) = step.seen.relay().map(Lane::Relay) else { continue };
        if !lanes.contains(&lane) && lanes.len() < 3 {
            lanes.push(lane);
        }
    }
    let (count, room) = (exchange.servers.len(), most.saturating_sub(lanes.len()));
    let own = if count <= room.min(SERVERS) { count } else { room.saturating_sub(1).min(SERVERS) };
    for index in 0..own {
        lanes.push(Lane::Server(u8::try_from(index).unwrap_or(u8::MAX)));
    }
    if count > own {
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
