//! How a run of handshakes is told: a line per exchange, a summary, a small histogram, JSON.

mod exchange;
mod object;
mod percentiles;
mod plugin;
mod row;
mod status;
mod summary;
mod told;

use schemars::{JsonSchema, Schema};
use serde::Serialize;

pub use exchange::Exchanged;
pub use object::{Found, Try};
pub use plugin::plugin;
pub use summary::{About, Run};
pub use told::{LeaseWords, Told, Words};

use crate::output::schema;
use crate::stats::delay::ms;
use exchange::Each;
use object::Whole;

/// What is printed, as JSON Schema: the summary, and with --each the exchanges before it.
pub fn schema(command: &str) -> Schema {
    #[allow(dead_code, clippy::large_enum_variant, reason = "made to be described, never to be held")]
    #[derive(Serialize, JsonSchema)]
    #[serde(untagged)]
    enum Printed<'a> {
        Summary(Whole<'a>),
        Exchange(Each),
        /// What would be sent (`--dry-run`).
        Unsent(Box<schema::Packet>),
    }
    schema::schema::<Printed<'_>>(command)
}

/// Milliseconds of so many nanoseconds.
fn millis(nanoseconds: i64) -> f64 {
    ms(u64::try_from(nanoseconds).unwrap_or(0))
}

/// A duration with three digits or more, and its unit.
fn duration_text(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.3} ms")
    } else if ms < 1000.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{:.2} s", ms / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;
    use crate::engine::load::{Failure, Finished, Kind, Lease4, Tally, V4};
    use crate::output::Render as _;
    use crate::time::{Instant, Moment};
    use crate::wire::Mac;

    pub(super) fn finished(failure: Option<Failure>) -> Finished<Lease4> {
        let at = |us: i64| Instant(1_700_000_000_000_000_000 + us * 1000);
        Finished {
            client: 3,
            mac: Mac([2, 0, 0, 0, 0, 3]),
            xid: 7,
            kind: Kind::Handshake,
            failure,
            scheduled: at(-100),
            began: at(0),
            offered: (failure != Some(Failure::NoOffer)).then(|| at(412)),
            requested: (failure != Some(Failure::NoOffer)).then(|| at(500)),
            ended: at(900),
            lease: Lease4 { address: [10, 0, 0, 50], server: [10, 0, 0, 1], ..Lease4::default() },
            statuses: 0,
            repeated: 1,
            check: Some(crate::engine::load::Check::Arp),
        }
    }

    pub(super) fn about() -> About<'static> {
        About {
            silence: Vec::new(),
            interface: "eth0",
            server: None,
            seed: 1,
            threads: 1,
            asked_rate: None,
            keep: false,
            peak_memory: None,
            found: None,
        }
    }

    pub(super) fn run<'a>(family: &'a V4, tally: &'a Tally<Lease4>, about: &'a About<'a>) -> Run<'a, V4> {
        Run { family, tally, about, terminal: true }
    }

    pub(super) fn family() -> V4 {
        crate::engine::load::tests::family()
    }

    #[test]
    fn the_contract_is_kept() {
        let family = family();
        let mut tally = Tally::default();
        for failure in [None, None, Some(Failure::Nak)] {
            tally.delays.record(&finished(failure));
        }
        tally.counters.attempts = 3;
        tally.counters.completed[0] = 2;
        tally.counters.nak = 1;
        let about = about();
        let json: serde_json::Value = serde_json::to_value(run(&family, &tally, &about).object()).unwrap();
        for key in [
            "type",
            "interface",
            "server",
            "attempts",
            "completed",
            "failures",
            "elapsed_ms",
            "rate_per_s",
            "sent",
            "received",
            "retransmitted",
            "late",
            "duplicates",
            "latency_ms",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["failures"]["nak"], 1);
        for delay in ["offer", "ack", "total"] {
            for figure in ["min", "mean", "stddev", "p50", "p90", "p99", "p999", "max"] {
                assert!(json["latency_ms"][delay][figure].is_number(), "{delay} {figure}");
            }
        }
        let empty = serde_json::to_value(run(&family, &Tally::default(), &about).object()).unwrap();
        assert!(empty["latency_ms"]["ack"]["p50"].is_null());
        let each = serde_json::to_value(
            Exchanged {
                family: &family,
                finished: &finished(None),
                clocks: Moment::default(),
                transaction: None,
            }
            .object(),
        )
        .unwrap();
        assert_eq!((&each["outcome"], &each["offer_ms"]), (&"ack".into(), &0.412.into()));
    }
}
