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
use crate::output::wrap::wrap;
use crate::wire::escape::escape;

/// Steps drawn of one exchange.
const STEPS: usize = 40;
/// Where the first lane stands, how far lanes are apart, and the height of a step.
const LEFT: i64 = 150;
const ROW: i64 = 24;
const TOP: i64 = 24;
/// The width of the picture and of a letter in it, the height of a line of facts, and how many lines a step has at most.
const WIDTH: i64 = 1000;
const LETTER: i64 = 8;
const LINE: i64 = 16;
const LINES: usize = 8;

pub(super) struct LaneView {
    pub(super) x: i64,
    pub(super) name: String,
}

pub(super) struct StepView {
    pub(super) class: &'static str,
    pub(super) packet: String,
    pub(super) top: i64,
    pub(super) height: i64,
    pub(super) y: i64,
    pub(super) text_y: i64,
    pub(super) time: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) middle: i64,
    pub(super) head: String,
    pub(super) word: String,
    pub(super) facts: Vec<(i64, String)>,
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

/// The frames of the messages that are drawn of an exchange.
pub fn frames(drawn: &Drawn) -> Vec<u64> {
    fn of<S: Shown>(exchange: &Exchange<S>) -> Vec<u64> {
        shown(exchange).take(STEPS).map(|step| step.seen.frame()).collect()
    }
    match &drawn.exchange {
        Closed::Four(exchange) => of(exchange),
        Closed::Six(exchange) => of(exchange),
    }
}

/// The steps of an exchange that are drawn, if there is room.
fn shown<S: Shown>(exchange: &Exchange<S>) -> impl Iterator<Item = &Step<S>> {
    exchange.steps.iter().filter(|step| step.role != Role::Copy)
}

/// Says that some messages that are drawn have no decode.
pub(super) fn fold(drawings: &[Drawing]) -> Option<String> {
    let steps = || drawings.iter().flat_map(|drawing| &drawing.steps);
    let (all, with) = (steps().count(), steps().filter(|step| !step.packet.is_empty()).count());
    (with < all).then(|| {
        format!(
            "{with} of the {all} messages drawn have their decode, the first of each exchange; dhcptool decode FILE -v shows all."
        )
    })
}

/// Draws an exchange.
pub(super) fn drawing(drawn: &Drawn, packets: &HashMap<(usize, u64), String>, zone: &Zone) -> Drawing {
    match &drawn.exchange {
        Closed::Four(exchange) => of(exchange, drawn, packets, zone),
        Closed::Six(exchange) => of(exchange, drawn, packets, zone),
    }
}

/// What is told beside an arrow at `y`, in lines of `room` letters, and how high the step is with them.
fn beside(facts: &str, room: usize, y: i64) -> (Vec<(i64, String)>, i64) {
    let mut lines = wrap(facts, room);
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    let below = i64::try_from(lines.len().saturating_sub(1)).unwrap_or(0).saturating_mul(LINE);
    let places = (0_i64..).map(|line| line.saturating_mul(LINE).saturating_add(y));
    (places.zip(lines).collect(), ROW.saturating_add(below))
}

fn of<S: Shown>(
    exchange: &Exchange<S>,
    drawn: &Drawn,
    packets: &HashMap<(usize, u64), String>,
    zone: &Zone,
) -> Drawing {
    let lanes = ladder::lanes(exchange, usize::MAX);
    let gap = match lanes.len() {
        0..=2 => 260,
        3 => 200,
        4 => 150,
        _ => 110,
    };
    let place = |lane: usize| i64::try_from(lane).unwrap_or(0).saturating_mul(gap).saturating_add(LEFT);
    let facts_at = place(lanes.len().saturating_sub(1)).saturating_add(16);
    let room = usize::try_from(WIDTH.saturating_sub(facts_at) / LETTER).unwrap_or(0);
    let mut steps: Vec<StepView> = Vec::new();
    let mut before: Option<&Step<S>> = None;
    let mut top = TOP;
    for step in shown(exchange).take(STEPS) {
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
        let text_y = y.saturating_add(4);
        let (facts, height) = beside(&facts, room, text_y);
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
            height,
            y,
            text_y,
            time: match before {
                _ if step.seen.moment().is_none() => String::new(),
                before => before.map_or_else(
                    || clock(zone.shifted(step.seen.time())),
                    |before| ladder::delta(step.seen.time().saturating_sub(before.seen.time())),
                ),
            },
            from,
            to,
            middle: from.midpoint(to),
            head: format!("M{tip} {y}L{back} {}L{back} {}z", y.saturating_sub(4), y.saturating_add(4)),
            word: step.seen.letter().name().to_uppercase(),
            facts,
        });
        before = Some(step);
        top = top.saturating_add(height);
    }
    let mut foot = top.saturating_add(4);
    let mut folded = Vec::new();
    let more = u64::try_from(shown(exchange).skip(STEPS).count()).unwrap_or(0);
    let more = more.saturating_add(u64::from(exchange.left_out));
    if more > 0 {
        folded.push((foot.saturating_add(14), counted(more, "more message")));
        foot = foot.saturating_add(20);
    }
    let names = lanes
        .iter()
        .enumerate()
        .map(|(index, lane)| LaneView {
            x: place(index),
            name: if *lane == Lane::Nobody { "(nobody)".to_owned() } else { ladder::name(*lane, exchange) },
        })
        .collect();
    Drawing {
        number: drawn.number,
        client: S::client(exchange),
        outcome: exchange.outcome.name(),
        class: if exchange.outcome.is_success() { "" } else { "error" },
        summary: ladder::summary(exchange),
        height: foot.saturating_add(4),
        foot,
        facts: facts_at,
        lanes: names,
        steps,
        folded,
        problems: problems(drawn),
    }
}

fn problems(drawn: &Drawn) -> Vec<ProblemRow> {
    drawn
        .problems
        .iter()
        .map(|problem| ProblemRow {
            severity: problem.id.severity().name(),
            code: problem.id.name(),
            message: escape(problem.message.as_bytes()),
        })
        .collect()
}
