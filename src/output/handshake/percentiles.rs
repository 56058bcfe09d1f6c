//! Delays of many exchanges: a table of percentiles, a histogram.

use std::fmt::Write as _;

use super::duration_text;
use super::told::Told;
use crate::engine::load::{Kind, Tally};
use crate::output::{Label, Styled};
use crate::stats::delay::{Delay, ms};

/// Columns that the table of percentiles takes at its widest.
const TABLE: usize = 92;
/// A difference in milliseconds below which the schedule is not said to have slipped: what waking up takes.
const NOTICEABLE: f64 = 0.1;

/// The table of percentiles; nothing where nothing was measured. Delays from the schedule are in it where the run was `paced`, for limits are
/// judged by them.
pub(super) fn table<F: Told>(tally: &Tally<F::Lease>, paced: bool, out: &mut Styled) {
    let delays = &tally.delays;
    let mut rows = vec![("offer", &delays.offer), ("ack", &delays.ack), ("total", &delays.total)];
    // Else the schedule says something new only where it slipped.
    let slipped = |delay: &Delay| {
        let (own, total) = (delay.summary(), delays.total.summary());
        own.zip(total).is_some_and(|(own, total)| own.p99 > total.p99 * 1.05 + NOTICEABLE)
    };
    if paced || slipped(&delays.scheduled) {
        rows.push(("scheduled", &delays.scheduled));
    }
    for (kind, delay) in Kind::ALL.into_iter().zip(&delays.kinds) {
        if let Some(delay) = delay {
            rows.push((F::kind_name(kind), delay));
        }
    }
    rows.retain(|(_, delay)| delay.count() > 0);
    if rows.is_empty() {
        return;
    }
    let clock = if tally.kernel_stamps {
        "kernel's stamps of both"
    } else {
        "kernel's stamp of the answer, this program's of the question"
    };
    out.label(Label::Dim, &format!("milliseconds, percentiles within 0.1 %; {clock}")).text("\n");
    let narrow = out.width().is_some_and(|width| width < TABLE);
    let column = if narrow { 8 } else { 10 };
    let mut head = format!("{:<12}", "");
    for name in ["min", "mean", "p50", "p90", "p99", "p99.9", "max", "stddev"] {
        let _ = write!(head, "{name:>column$}");
    }
    out.label(Label::Dim, &head).text("\n");
    for (name, delay) in rows {
        let Some(s) = delay.summary() else { continue };
        let _ = write!(out, "{name:<12}");
        for value in [s.min, s.mean, s.p50, s.p90, s.p99, s.p999, s.max, s.stddev] {
            // Seven digits at most where there is room for seven.
            let digits = if narrow && value >= 1000.0 { 1 } else { 3 };
            let _ = write!(out, "{value:>column$.digits$}");
        }
        out.text("\n");
    }
}

/// Rows of the histogram at most.
const ROWS: usize = 12;
/// Length of its longest bar.
const BAR: u64 = 40;

/// A small histogram whose rows double, two to an octave where there is room.
pub(super) fn bars(delay: &Delay, out: &mut Styled) {
    let histogram = delay.histogram();
    let (Some(low), Some(high)) = (histogram.quantile(0.0), histogram.quantile(1.0)) else { return };
    if delay.count() < 4 {
        return;
    }
    let mut rows = Vec::new();
    let mut from = low;
    // Equal steps when all values are close to each other, else growing ones.
    let growing = low.saturating_mul(8) <= high;
    let step = high.saturating_sub(low).div_ceil(8).max(1);
    while from <= high && rows.len() < ROWS {
        let last = rows.len() == ROWS.saturating_sub(1);
        let next = if growing { from.saturating_mul(2) } else { from.saturating_add(step) }
            .max(from.saturating_add(1));
        let to = if last { high } else { next.saturating_sub(1) };
        rows.push((from, to, histogram.count_between(from, to)));
        from = next;
    }
    let most = rows.iter().map(|(.., count)| *count).max().unwrap_or(0).max(1);
    for (from, _, count) in rows {
        let len = count.saturating_mul(BAR).div_ceil(most);
        let bar: String = std::iter::repeat_n('█', usize::try_from(len).unwrap_or(0)).collect();
        out.label(Label::Dim, &format!("{:>10} ", duration_text(ms(from))));
        out.label(Label::Server, &format!("{bar:<40}"));
        let _ = writeln!(out, " {count}");
    }
}
