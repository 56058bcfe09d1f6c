//! Rows of exchanges and of clients: the fields of their objects.

use std::fmt::{Display, Write as _};
use std::net::Ipv4Addr;

use super::cells::Cell;
use super::packet::Rows;
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{ClientRecord, Exchange, Role, Server};
use crate::output::transaction::json::{Given, amount, precision};
use crate::stats::delay::float;
use crate::time::{Precision, Timestamp};

/// Appends the row of an exchange.
pub fn exchange(
    exchange: &Exchange,
    at: u64,
    vendor: Option<&str>,
    problems: &[Diagnosis],
    rows: &mut Rows,
    out: &mut Vec<u8>,
) {
    rows.begin();
    integer(rows, "number", Some(at));
    text(rows, "kind", Some(exchange.kind.name()));
    text(rows, "outcome", Some(exchange.outcome.name()));
    flag(rows, "partial", exchange.partial());
    flag(rows, "evicted", exchange.evicted);
    text(rows, "client_mac", exchange.mac);
    hex(rows, "client_id", exchange.texts.client_id.as_deref());
    foreign(rows, "hostname", exchange.texts.hostname.as_deref());
    foreign(rows, "vendor_class", exchange.texts.vendor_class.as_deref());
    foreign(rows, "vendor", vendor.map(str::as_bytes));
    list(rows, "xids", exchange.xids.iter().map(|xid| format!("{xid:#010x}")));
    foreign(rows, "interface", exchange.texts.interface.as_deref());
    list(rows, "vlans", &exchange.vlans);
    list(rows, "relays", exchange.relays());
    text(rows, "server", exchange.server());
    list(rows, "servers", exchange.servers.iter().map(Server::name));
    text(rows, "address", exchange.address());
    let given = Given::of(exchange);
    text(rows, "requested_address", given.requested);
    integer(rows, "lease_time", given.lease.map(u64::from));
    integer(rows, "renewal_time", given.t1.map(u64::from));
    integer(rows, "rebinding_time", given.t2.map(u64::from));
    text(rows, "subnet_mask", given.mask);
    list(rows, "routers", given.routers.iter().map(|router| Ipv4Addr::from(*router)));
    let (first, last) = (exchange.steps.first(), exchange.steps.last());
    if let (Some(first), Some(last)) = (first, last) {
        let precision = precision(&first.seen);
        rows.time("start", Timestamp(first.seen.time), precision);
        rows.time("end", Timestamp(last.seen.time), precision);
        milliseconds(rows, "duration_ms", Some(last.seen.time.saturating_sub(first.seen.time)));
    }
    text(rows, "messages", Some(exchange.messages()));
    list(rows, "frames", exchange.steps.iter().map(|step| step.seen.frame));
    milliseconds(rows, "offer_ms", exchange.offer_ns());
    milliseconds(rows, "ack_ms", exchange.ack_ns());
    milliseconds(rows, "total_ms", exchange.total_ns());
    let again = exchange.count(|role| role == Role::Retransmission);
    integer(rows, "retransmissions", Some(amount(again)));
    integer(rows, "copies", Some(amount(exchange.count(|role| !role.counts()))));
    flag(rows, "visible", exchange.visible);
    foreign(rows, "reason", exchange.texts.reason.as_deref());
    list(rows, "problems", problems.iter().map(|problem| problem.id.name()));
    rows.finish(out);
}

/// Appends the row of a client.
pub fn client(client: &ClientRecord, vendor: Option<&str>, rows: &mut Rows, out: &mut Vec<u8>) {
    rows.begin();
    text(rows, "status", Some(client.status().name()));
    text(rows, "mac", client.mac);
    hex(rows, "client_id", client.texts.client_id.as_deref());
    foreign(rows, "hostname", client.texts.hostname.as_deref());
    foreign(rows, "vendor_class", client.texts.vendor_class.as_deref());
    foreign(rows, "vendor", vendor.map(str::as_bytes));
    foreign(rows, "interface", client.texts.interface.as_deref());
    list(rows, "vlans", &client.vlans);
    list::<Ipv4Addr>(rows, "relays", client.relays.iter().copied());
    list::<Ipv4Addr>(rows, "servers", client.servers.iter().copied());
    text(rows, "address", client.address);
    integer(rows, "messages", Some(client.messages));
    integer(rows, "tries", Some(client.tries));
    rows.time("first_seen", Timestamp(client.seen.0), Precision::Micro);
    rows.time("last_seen", Timestamp(client.seen.1), Precision::Micro);
    milliseconds(rows, "for_ms", Some(client.seen.1.saturating_sub(client.seen.0)));
    milliseconds(rows, "offer_ms", client.delays.0);
    milliseconds(rows, "ack_ms", client.delays.1);
    foreign(rows, "why", client.why().as_deref().map(str::as_bytes));
    list(rows, "codes", client.codes.iter().map(|(_, code)| *code));
    list(rows, "transactions", &client.transactions);
    rows.finish(out);
}

/// Text of our own making.
fn text(rows: &mut Rows, name: &str, value: Option<impl Display>) {
    let value = value.map(|value| value.to_string());
    rows.cell(name, value.as_ref().map(|value| Cell::Text(value.as_bytes())));
}

/// Text from elsewhere, escaped by the writer of rows.
fn foreign(rows: &mut Rows, name: &str, value: Option<&[u8]>) {
    rows.cell(name, value.map(Cell::Text));
}

fn hex(rows: &mut Rows, name: &str, value: Option<&[u8]>) {
    let digits = value.map(|value| {
        value.iter().fold(String::new(), |mut digits, byte| {
            // Writing into a String cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    });
    text(rows, name, digits);
}

fn integer(rows: &mut Rows, name: &str, value: Option<u64>) {
    rows.cell(name, value.and_then(|value| i64::try_from(value).ok()).map(Cell::Integer));
}

fn flag(rows: &mut Rows, name: &str, value: bool) {
    rows.cell(name, Some(Cell::Boolean(value)));
}

/// Milliseconds of so many nanoseconds, to the microsecond.
fn milliseconds(rows: &mut Rows, name: &str, nanoseconds: Option<i64>) {
    let number = |ns: i64| {
        let whole = float(ns.unsigned_abs() / 1000) / 1000.0;
        Cell::Number(if ns < 0 { -whole } else { whole })
    };
    rows.cell(name, nanoseconds.map(number));
}

fn list<T: Display>(rows: &mut Rows, name: &str, items: impl IntoIterator<Item = T>) {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    rows.list(name, items.iter().map(String::as_bytes));
}
