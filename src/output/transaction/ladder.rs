//! Exchanges drawn: time runs down, a lane for each party, an arrow for each message.

use std::net::Ipv4Addr;

use super::table::{client, clock, label, severity_label};
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{Exchange, Letter, Party, Role, Seen, Side, Step, bit};
use crate::output::wrap::hanging;
use crate::output::{Label, Styled};
use crate::wire::escape::escape;
use crate::wire::seconds::Lease;

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
pub(in crate::output) enum Lane {
    Client,
    Relay(Ipv4Addr),
    Server(u8),
    Others,
    Nobody,
}

impl Ladder {
    /// Draws one exchange.
    pub fn draw(&self, exchange: &Exchange, number: u64, problems: &[Diagnosis], out: &mut Styled) {
        self.title(exchange, number, out);
        self.lanes(exchange, out);
        self.problems(problems, out);
        out.text("\n");
    }

    /// Draws a refusal and what the client did then, each with its number and problems, as one.
    pub fn draw_both(&self, both: [(&Exchange, u64, &[Diagnosis]); 2], out: &mut Styled) {
        let [(refused, number, problems), (then, next, more)] = both;
        let joined = refused.followed_by(then);
        self.title(refused, number, out);
        self.title(then, next, out);
        self.lanes(&joined, out);
        self.problems(problems, out);
        self.problems(more, out);
        out.text("\n");
    }

    fn title(&self, exchange: &Exchange, number: u64, out: &mut Styled) {
        out.label(Label::Dim, &format!("#{number}  ")).label(Label::Strong, &client(exchange)).text("  ");
        out.label(label(exchange.outcome), exchange.outcome.name());
        let taken = format!("#{number}  {}  {}", client(exchange), exchange.outcome.name()).chars().count();
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

    fn lanes(&self, exchange: &Exchange, out: &mut Styled) {
        let lanes = lanes(exchange);
        let gap = self.gap(lanes.len());
        let mut head = String::new();
        for (index, lane) in lanes.iter().enumerate() {
            let name = name(*lane, exchange);
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

    fn steps(&self, exchange: &Exchange, lanes: &[Lane], gap: usize, out: &mut Styled) {
        let glyphs = if self.ascii { ASCII } else { UNICODE };
        let drawn: Vec<&Step> = exchange.steps.iter().filter(|step| step.role != Role::Copy).collect();
        let mut before: Option<&Step> = None;
        let mut index = 0_usize;
        while let Some(step) = drawn.get(index) {
            // A row of repetitions is folded but for its beginning and its last.
            let alike = drawn.iter().skip(index).take_while(|other| {
                other.seen.letter == step.seen.letter && other.role == Role::Retransmission
            });
            let run = alike.count();
            if run > REPEATED.saturating_add(1) && step.role == Role::Retransmission {
                let folded = run.saturating_sub(REPEATED);
                for step in drawn.iter().skip(index).take(REPEATED.saturating_sub(1)) {
                    self.step(exchange, step, before, lanes, gap, &glyphs, out);
                    before = Some(step);
                }
                let last = drawn.get(index.saturating_add(run).saturating_sub(2)).copied();
                let from = before.map_or(0, |step| step.seen.time);
                let span = last.map_or(0, |step| step.seen.time.saturating_sub(from)) / 1_000_000_000;
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
    fn step(
        &self,
        exchange: &Exchange,
        step: &Step,
        before: Option<&Step>,
        lanes: &[Lane],
        gap: usize,
        glyphs: &Glyphs,
        out: &mut Styled,
    ) {
        let time = match before {
            None => clock(step.seen.time),
            Some(before) => delta(step.seen.time.saturating_sub(before.seen.time)),
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
        let word = format!(" {} ", step.seen.letter.name().to_uppercase());
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
        if step.seen.letter == Letter::Nak {
            put(at(from), 'x');
        }
        let text: String = row.into_iter().collect();
        out.label(colour(step), text.trim_end());
        let facts = facts(exchange, step, before);
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

pub(in crate::output) fn summary(exchange: &Exchange) -> String {
    let mut text = String::new();
    if let Some(address) = exchange.address() {
        text = format!(" {address}");
    }
    let ack = exchange.replies().find(|seen| seen.letter == Letter::Ack);
    if let Some(ack) = ack.filter(|ack| ack.has(bit::LEASE)) {
        text = format!("{text} for {}", Lease(ack.lease));
    }
    if let (Some(server), true) = (exchange.server(), exchange.outcome.is_success()) {
        text = format!("{text} from {server}");
    }
    let sent: Vec<&Seen> = exchange.sent().collect();
    match (exchange.total_ns(), sent.first(), sent.last()) {
        (Some(total), ..) => format!("{text} in {} ms", total / 1_000_000),
        (None, Some(first), Some(last)) if sent.len() > 1 => {
            let span = last.time.saturating_sub(first.time) / 1_000_000_000;
            format!("{text}, {} sent in {span} s", sent.len())
        }
        _ => text,
    }
}

pub(in crate::output) fn lanes(exchange: &Exchange) -> Vec<Lane> {
    let mut lanes = vec![Lane::Client];
    for step in &exchange.steps {
        if step.seen.side == Side::Relay && !lanes.contains(&Lane::Relay(step.seen.giaddr)) && lanes.len() < 3
        {
            lanes.push(Lane::Relay(step.seen.giaddr));
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

pub(in crate::output) fn name(lane: Lane, exchange: &Exchange) -> String {
    match lane {
        Lane::Client => "client".to_owned(),
        Lane::Relay(ip) => format!("relay {ip}"),
        Lane::Server(index) => exchange
            .servers
            .get(usize::from(index))
            .map_or_else(String::new, |server| server.name().to_string()),
        Lane::Others => "others".to_owned(),
        Lane::Nobody => "(nobody)".to_owned(),
    }
}

/// The lanes an arrow goes from and to.
pub(in crate::output) fn ends(exchange: &Exchange, step: &Step, lanes: &[Lane]) -> (usize, usize) {
    let last = lanes.len().saturating_sub(1);
    let (from, to) = exchange.parties(step);
    let place = |party: Party| -> Option<usize> {
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
    if step.seen.from_client {
        let from = place(from).unwrap_or(0);
        // Broadcast on the client's side goes as far as the relay, if there is one.
        let reach = if from == 0 { relay.unwrap_or(last) } else { last };
        return (from, place(to).filter(|to| *to > from).unwrap_or(reach.max(from.saturating_add(1))));
    }
    let to = place(to).unwrap_or(0);
    let from = place(from).unwrap_or(last);
    (from.max(to.saturating_add(1)).min(last), to)
}

fn colour(step: &Step) -> Label {
    match step.seen.letter {
        Letter::Offer | Letter::Ack | Letter::BootReply => Label::Good,
        Letter::Nak | Letter::Decline => Label::Error,
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

pub(in crate::output) fn copies(exchange: &Exchange, step: &Step) -> usize {
    let seen = &step.seen;
    exchange
        .steps
        .iter()
        .filter(|other| {
            other.role == Role::Copy
                && other.seen.letter == seen.letter
                && other.seen.xid == seen.xid
                && other.seen.yiaddr == seen.yiaddr
                && other.seen.time.saturating_sub(seen.time).abs() <= 250_000_000
        })
        .count()
}

pub(in crate::output) fn facts(exchange: &Exchange, step: &Step, before: Option<&Step>) -> String {
    let seen = &step.seen;
    let mut facts = Vec::new();
    match seen.letter {
        Letter::Offer => {
            let prefix = seen.prefix().map_or_else(String::new, |prefix| format!("/{prefix}"));
            let lease =
                if seen.has(bit::LEASE) { format!(" for {}", Lease(seen.lease)) } else { String::new() };
            facts.push(format!("{}{prefix}{lease}", seen.yiaddr));
            let acked = exchange.replies().find(|other| other.letter == Letter::Ack);
            if acked.is_some_and(|ack| ack.time < seen.time) {
                facts.push("too late".to_owned());
            }
        }
        Letter::Request => {
            let wanted = [seen.requested, seen.ciaddr].into_iter().find(|ip| !ip.is_unspecified());
            let mut text = wanted.map_or_else(String::new, |ip| ip.to_string());
            if seen.has(bit::SERVER_ID) {
                text = format!("{text} from {}", seen.server_id);
            }
            facts.push(text);
            match exchange.kind {
                // What is drawn may go on with an acquisition.
                _ if seen.has(bit::SERVER_ID) => {}
                crate::analysis::transaction::Kind::Reboot => facts.push("INIT-REBOOT".to_owned()),
                crate::analysis::transaction::Kind::Renew => facts.push("renewing".to_owned()),
                crate::analysis::transaction::Kind::Rebind => facts.push("rebinding".to_owned()),
                _ => {}
            }
        }
        Letter::Decline | Letter::Release => {
            let address = [seen.requested, seen.ciaddr].into_iter().find(|ip| !ip.is_unspecified());
            facts.extend(address.map(|ip| ip.to_string()));
        }
        Letter::Nak => {
            facts.extend(exchange.texts.reason.as_deref().map(|reason| format!("\"{}\"", escape(reason))));
        }
        _ => {}
    }
    if before.is_some_and(|before| before.seen.xid != seen.xid) && seen.from_client {
        facts.push("new xid".to_owned());
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join(", ")
}
