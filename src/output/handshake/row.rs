//! An exchange as a flat row.

use super::{Exchanged, Told};
use crate::engine::load::Failure;
use crate::output::flat::{Cell, Rows};
use crate::stats::delay::float;
use crate::time::Precision;

impl<F: Told> Exchanged<'_, F> {
    /// Appends it as a row.
    pub fn row(&self, rows: &mut Rows, out: &mut Vec<u8>) {
        let finished = self.finished;
        let lease = self.family.words(&finished.lease);
        rows.begin();
        rows.time("time", self.clocks.time_at(finished.began), Precision::Nano);
        let outcome = finished.failure.map_or("ack", Failure::name);
        let texts = [
            ("kind", Some(F::kind_name(finished.kind).to_owned())),
            ("client_mac", Some(finished.mac.to_string())),
            ("xid", Some(self.xid())),
            ("outcome", Some(outcome.to_owned())),
            ("address", lease.address),
            ("server_id", lease.server),
        ];
        for (name, value) in &texts {
            rows.cell(name, value.as_ref().map(|value| Cell::Text(value.as_bytes())));
        }
        // DHCPv4 knows none.
        if F::NAME.is_some() {
            rows.list("prefixes", lease.prefixes.iter().map(String::as_bytes));
        }
        let times = [
            ("offer_ms", finished.offer_ns()),
            ("ack_ms", finished.ack_ns()),
            ("total_ms", finished.total_ns()),
            ("scheduled_ms", finished.scheduled_ns()),
        ];
        for (name, nanoseconds) in times {
            // To the microsecond, as everywhere in rows.
            let millis =
                nanoseconds.and_then(|ns| u64::try_from(ns).ok()).map(|ns| float(ns / 1000) / 1000.0);
            rows.cell(name, millis.map(Cell::Number));
        }
        rows.cell("retransmissions", Some(Cell::Integer(finished.repeated.into())));
        rows.finish(out);
    }
}
