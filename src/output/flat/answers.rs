//! Rows of `discover` and `request`: what they found out, beside the packet that brought it.

use super::cells::Cell;
use super::packet::Rows;
use crate::engine::Answer;
use crate::output::answers::Place;
use crate::output::senders::{Discovery, Report};
use crate::wire::v4::{Facts, facts};

impl Discovery<'_> {
    /// Appends a row for each offer.
    pub fn rows(&self, rows: &mut Rows, out: &mut Vec<u8>) {
        for (offer, number) in self.offers.iter().zip(1..) {
            let reply = offer.reply.as_ref();
            rows.begin();
            text(rows, "client_mac", Some(&self.mac));
            text(rows, "server_id", offer.server_id());
            text(rows, "source_ip", offer.source_ip);
            text(rows, "source_mac", offer.source_mac);
            text(rows, "address", reply.and_then(|reply| reply.yiaddr.specified()));
            milliseconds(rows, offer.latency());
            integer(rows, "lease_time", reply.and_then(|reply| reply.lease_time));
            if let Some(servers) = reply.filter(|reply| reply.dns_servers.is_some()) {
                let servers: Vec<String> = servers.dns_servers().map(|server| server.to_string()).collect();
                rows.list("dns_servers", servers.iter().map(String::as_bytes));
            }
            packet(rows, offer, number, &self.place);
            rows.finish(out);
        }
    }
}

impl Report<'_> {
    /// Appends the row.
    pub fn row(&self, rows: &mut Rows, out: &mut Vec<u8>) {
        let reply = self.answer.and_then(|answer| answer.reply.as_ref());
        rows.begin();
        text(rows, "interface", Some(self.place.interface));
        text(rows, "client_mac", Some(&self.mac));
        text(rows, "state", self.state);
        text(rows, "outcome", Some(self.outcome));
        milliseconds(rows, self.answer.and_then(Answer::latency));
        integer(rows, "sent", Some(self.sent));
        text(rows, "server_id", self.answer.and_then(Answer::server_id).or(self.server));
        text(rows, "address", reply.and_then(|reply| reply.yiaddr.specified()).or(self.address));
        integer(rows, "lease_time", reply.and_then(|reply| reply.lease_time));
        integer(rows, "renewal_time", reply.and_then(|reply| reply.renewal_time));
        integer(rows, "rebinding_time", reply.and_then(|reply| reply.rebinding_time));
        rows.cell("message", reply.and_then(message).map(Cell::Text));
        if let Some(answer) = self.answer {
            packet(rows, answer, 1, &self.place);
        }
        rows.finish(out);
    }
}

fn message<'a>(reply: &'a Facts<'_>) -> Option<&'a [u8]> {
    facts::text(&reply.message)
}

pub(super) fn text(rows: &mut Rows, name: &str, value: Option<impl ToString>) {
    let value = value.map(|value| value.to_string());
    rows.cell(name, value.as_ref().map(|value| Cell::Text(value.as_bytes())));
}

pub(super) fn integer(rows: &mut Rows, name: &str, value: Option<u32>) {
    rows.cell(name, value.map(|value| Cell::Integer(value.into())));
}

pub(super) fn milliseconds(rows: &mut Rows, nanoseconds: Option<i64>) {
    let microseconds = nanoseconds.and_then(|latency| i32::try_from(latency / 1000).ok());
    rows.cell("latency_ms", microseconds.map(|microseconds| Cell::Number(f64::from(microseconds) / 1000.0)));
}

fn packet(rows: &mut Rows, answer: &Answer, number: u64, place: &Place<'_>) {
    place.record(answer, number, &mut |record| rows.packet(record));
}
