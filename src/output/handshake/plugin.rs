//! A run as a monitoring plugin tells it.

use crate::engine::load::Tally;
use crate::output::plugin::{Plugin, PluginState, Thresholds};
use crate::output::words::counted;
use crate::stats::delay::Delay;

/// The run as a monitoring plugin tells it: latencies are medians.
pub fn plugin<L>(tally: &Tally<L>, thresholds: &Thresholds) -> Plugin {
    let counters = &tally.counters;
    let (attempts, completed) = (counters.attempts, counters.completed());
    let failed = attempts.saturating_sub(completed);
    let median = |delay: &Delay| delay.summary().map(|summary| summary.p50);
    let total = median(&tally.delays.total);
    let text = format!("{completed} of {attempts} handshakes completed");
    let text = total.map_or_else(
        || text.clone(),
        |total| {
            let why = thresholds.why(Some(total)).map_or_else(String::new, |why| format!(", {why}"));
            format!("{text}, half of them within {total:.3} ms{why}")
        },
    );
    let left = tally.leases.len();
    let state = match thresholds.judge(total) {
        _ if completed == 0 => PluginState::Critical,
        PluginState::Ok if failed > 0 => PluginState::Warning,
        state => state,
    };
    let none = Thresholds::default();
    let plugin = Plugin::new(state, text)
        .milliseconds("total", total, thresholds)
        .milliseconds("offer", median(&tally.delays.offer), &none)
        .milliseconds("ack", median(&tally.delays.ack), &none)
        .count("attempts", attempts)
        .count("completed", completed)
        .count("failed", failed);
    let reasons = [
        ("without an offer", counters.no_offer),
        ("without an acknowledgement", counters.no_ack),
        ("refused", counters.nak),
        ("granted in part", counters.partial),
    ];
    let plugin = reasons
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .fold(plugin, |plugin, (what, count)| plugin.line(format!("{} {what}", counted(count, "handshake"))));
    if left > 0 { plugin.line(format!("{} not given back", counted(left, "lease"))) } else { plugin }
}
