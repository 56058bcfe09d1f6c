//! Rows of `discover -6` and `request -6`: what they found out, beside the packet that brought it.

use super::answers::{integer, milliseconds, text};
use super::cells::Cell;
use super::packet::Rows;
use crate::engine::v6::station::Answer6;
use crate::output::answers::Place;
use crate::output::packet::record6::Judged;
use crate::output::six::discover::Discovery6;
use crate::output::six::exchange::Report6;
use crate::output::six::{Lead, record};

impl Discovery6<'_> {
    /// Appends a row for each offer.
    pub fn rows(&self, rows: &mut Rows, out: &mut Vec<u8>) {
        for ((offer, _), number) in self.offers.iter().zip(1..) {
            let facts = offer.facts();
            let lead = Lead::of(&facts);
            rows.begin();
            text(rows, "client_mac", Some(&self.client.mac));
            text(rows, "server_id", offer.server());
            text(rows, "source_ip", offer.source_ip);
            text(rows, "source_mac", offer.source_mac);
            text(rows, "address", lead.address);
            list(rows, "prefixes", &lead.prefixes);
            milliseconds(rows, offer.latency());
            integer(rows, "lease_time", lead.lease_time);
            let servers: Vec<String> = facts.dns_servers().map(|server| server.to_string()).collect();
            list(rows, "dns_servers", &servers);
            packet(rows, offer, number, &self.place);
            rows.finish(out);
        }
    }
}

impl Report6<'_> {
    /// Appends the row.
    pub fn row(&self, rows: &mut Rows, out: &mut Vec<u8>) {
        let facts = self.answer.map(Answer6::facts).unwrap_or_default();
        let lead = Lead::of(&facts);
        rows.begin();
        text(rows, "interface", Some(self.place.interface));
        text(rows, "client_mac", Some(&self.client.mac));
        text(rows, "state", self.state);
        text(rows, "outcome", Some(self.outcome));
        milliseconds(rows, self.answer.and_then(Answer6::latency));
        integer(rows, "sent", Some(self.sent));
        text(rows, "server_id", self.answer.and_then(Answer6::server).or_else(|| self.server.clone()));
        text(rows, "address", lead.address.or_else(|| self.addresses.first().copied()));
        list(rows, "prefixes", if lead.prefixes.is_empty() { &self.prefixes } else { &lead.prefixes });
        integer(rows, "lease_time", lead.lease_time);
        integer(rows, "renewal_time", lead.renewal_time);
        integer(rows, "rebinding_time", lead.rebinding_time);
        rows.cell("message", facts.failure().map(|status| Cell::Text(status.text)));
        if let Some(answer) = self.answer {
            packet(rows, answer, 1, &self.place);
        }
        rows.finish(out);
    }
}

fn list(rows: &mut Rows, name: &str, items: &[String]) {
    if !items.is_empty() {
        rows.list(name, items.iter().map(String::as_bytes));
    }
}

fn packet(rows: &mut Rows, answer: &Answer6, number: u64, place: &Place<'_>) {
    record::record(answer, number, place, &mut |record| {
        let mut judged = Judged::default();
        judged.judge(record);
        rows.packet_six(&record.around, &judged.problems);
    });
}
