//! An exchange as a picture: the same lanes, arrows and facts as on the terminal.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{Drawn, ProblemRow, packet_id};
use crate::analysis::transaction::{Closed, Exchange, Role, Step};
use crate::output::Label;
use crate::output::transaction::ladder::{self, Lane};
use crate::output::transaction::table::clock;
use crate::output::transaction::view::Shown;
use crate::output::when::Zone;
use crate::output::words::counted;
use crate::wire::escape::escape;

/// Steps drawn of one exchange.
const STEPS: usize = 40;
/// Where the first lane stands, how far lanes are apart, and the height of a step.
const LEFT: i64 = 150;
const ROW: i64 = 24;
const TOP: i64 = 24;

pub(super) struct LaneView {
    pub(super) x: i64,
    pub(super) name: String,
}

pub(super) struct StepView {
    pub(super) class: &'static str,
    pub(super) packet: String,
    pub(super) top: i64,
    pub(super) y: i64,
    pub(super) text_y: i64,
    pub(super) time: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) middle: i64,
    pub(super) head: String,
    pub(super) word: String,
    pub(super) facts: String,
}

/// An exchange, drawn.
pub(super) struct Drawing {
    pub(super) number: u64,
    pub(super) client: String,
    pub(super) outcome: &'static str,
    pub(super) class: &'static str,
    pub(super) summary: String,
    pub(super) height: i64,
    pub(super) foot: i64,
    pub(super) facts: i64,
    pub(super) lanes: Vec<LaneView>,
    pub(super) steps: Vec<StepView>,
    pub(super) folded: Vec<(i64, String)>,
    pub(super) problems: Vec<ProblemRow>,
}

/// Draws an exchange.
pub(super) fn drawing(drawn: &Drawn, packets: &HashMap<(usize, u64), String>, zone: &Zone) -> Drawing {
    match &drawn.exchange {
        Closed::Four(exchange) => of(exchange, drawn, packets, zone),
        Closed::Six(exchange) => of(exchange, drawn, packets, zone),
    }
}

fn of<S: Shown>(
    exchange: &Exchange<S>,
    drawn: &Drawn,
    packets: &HashMap<(usize, u64), String>,
    zone: &Zone,
) -> Drawing {
    let lanes = ladder::lanes(exchange);
    let gap = match lanes.len() {
        0..=2 => 260,
        3 => 200,
        4 => 150,
        _ => 110,
    };
    let place = |lane: usize| i64::try_from(lane).unwrap_or(0).saturating_mul(gap).saturating_add(LEFT);
    let shown: Vec<&Step<S>> = exchange.steps.iter().filter(|step| step.role != Role::Copy).collect();
    let mut steps = Vec::new();
    let mut before: Option<&Step<S>> = None;
    for (row, step) in (0_i64..).zip(shown.iter().take(STEPS)) {
        let top = row.saturating_mul(ROW).saturating_add(TOP);
        let y = top.saturating_add(ROW / 2);
        let (from, to) = ladder::ends(exchange, step, &lanes);
        let (from, to) = (place(from), place(to));
        let (tip, back) = if from < to {
            (to.saturating_sub(2), to.saturating_sub(10))
        } else {
            (to.saturating_add(2), to.saturating_add(10))
        };
        let mut facts = ladder::facts(exchange, step, before);
        let copies = ladder::copies(exchange, step);
        if copies > 0 {
            // Writing into a String cannot fail.
            let _ = write!(facts, " ×{}", copies.saturating_add(1));
        }
        let key = (drawn.capture, step.seen.frame());
        steps.push(StepView {
            class: match ladder::colour(step) {
                Label::Good => "good",
                Label::Error => "bad",
                Label::Dim => "again",
                _ => "",
            },
            packet: if packets.contains_key(&key) { packet_id(key) } else { String::new() },
            top,
            y,
            text_y: y.saturating_add(4),
            time: before.map_or_else(
                || clock(zone.shifted(step.seen.time())),
                |before| ladder::delta(step.seen.time().saturating_sub(before.seen.time())),
            ),
            from,
            to,
            middle: from.midpoint(to),
            head: format!("M{tip} {y}L{back} {}L{back} {}z", y.saturating_sub(4), y.saturating_add(4)),
            word: step.seen.letter().name().to_uppercase(),
            facts,
        });
        before = Some(step);
    }
    let rows = i64::try_from(steps.len()).unwrap_or(0);
    let mut foot = rows.saturating_mul(ROW).saturating_add(TOP).saturating_add(4);
    let mut folded = Vec::new();
    let more = u64::try_from(shown.len().saturating_sub(STEPS)).unwrap_or(0);
    let more = more.saturating_add(u64::from(exchange.left_out));
    if more > 0 {
        folded.push((foot.saturating_add(14), counted(more, "more message")));
        foot = foot.saturating_add(20);
    }
    let last = place(lanes.len().saturating_sub(1));
    Drawing {
        number: drawn.number,
        client: S::client(exchange),
        outcome: exchange.outcome.name(),
        class: if exchange.outcome.is_success() { "" } else { "error" },
        summary: ladder::summary(exchange),
        height: foot.saturating_add(4),
        foot,
        facts: last.saturating_add(16),
        lanes: lanes
            .iter()
            .enumerate()
            .map(|(index, lane)| LaneView {
                x: place(index),
                name: if *lane == Lane::Nobody {
                    "(nobody)".to_owned()
                } else {
                    ladder::name(*lane, exchange)
                },
            })
            .collect(),
        steps,
        folded,
        problems: drawn
            .problems
            .iter()
            .map(|problem| ProblemRow {
                severity: problem.id.severity().name(),
                code: problem.id.name(),
                message: escape(problem.message.as_bytes()),
            })
            .collect(),
    }
}
