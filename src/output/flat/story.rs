//! Rows of exchanges and of clients: the fields of their objects.

use std::fmt::Display;
use std::net::Ipv4Addr;

use super::cells::Cell;
use super::packet::Rows;
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{
    ClientRecord, Exchange, Exchange6, Lease, Message, Role, Server, Server6, Whose,
};
use crate::output::json::told::Xid6;
use crate::output::transaction::client::lease_text;
use crate::output::transaction::json::Given;
use crate::output::transaction::view::Shown;
use crate::stats::delay::float;
use crate::time::{Precision, Timestamp};
use crate::wire::digits;
use crate::wire::v6::Prefix6;

/// Appends the row of an exchange.
pub fn exchange(
    exchange: &Exchange,
    at: u64,
    vendor: Option<&str>,
    problems: &[Diagnosis],
    rows: &mut Rows,
    out: &mut Vec<u8>,
) {
    begin(exchange, at, vendor, rows);
    text(rows, "protocol", Some(protocol(false)));
    hex(rows, "client_id", exchange.texts.client_id.as_deref());
    list(rows, "xids", exchange.xids.iter().map(|xid| format!("{xid:#010x}")));
    text(rows, "server", exchange.server());
    list(rows, "servers", exchange.servers.iter().map(Server::name));
    text(rows, "address", exchange.address());
    let given = Given::of(exchange);
    text(rows, "requested_address", given.requested_address);
    integer(rows, "lease_time", given.lease_time.map(u64::from));
    integer(rows, "renewal_time", given.renewal_time.map(u64::from));
    integer(rows, "rebinding_time", given.rebinding_time.map(u64::from));
    text(rows, "subnet_mask", given.subnet_mask);
    list(rows, "routers", given.routers.iter());
    list::<Ipv4Addr>(rows, "addresses", exchange.address());
    list::<Ipv4Addr>(rows, "prefixes", None);
    course(exchange, problems, rows);
    rows.finish(out);
}

/// Appends the row of an exchange of DHCPv6.
pub fn exchange6(
    exchange: &Exchange6,
    at: u64,
    vendor: Option<&str>,
    problems: &[Diagnosis],
    rows: &mut Rows,
    out: &mut Vec<u8>,
) {
    let extra = &exchange.extra;
    begin(exchange, at, vendor, rows);
    text(rows, "protocol", Some(protocol(true)));
    hex(rows, "duid", exchange.texts.client_id.as_deref());
    list(rows, "xids", exchange.xids.iter().map(|xid| Xid6(*xid)));
    hex(rows, "interface_id", extra.port.as_deref());
    text(rows, "server", exchange.server().map(Server6::called));
    list(rows, "servers", exchange.servers.iter().map(Server6::called));
    text(rows, "address", extra.addresses().next());
    list(rows, "addresses", extra.addresses());
    list(rows, "prefixes", extra.prefixes().map(|(prefix, length)| Prefix6::new(prefix, length)));
    text(rows, "requested_address", extra.wished);
    let seconds = |of: fn(&Lease) -> u32| extra.timed().map(of).map(u64::from);
    integer(rows, "lease_time", seconds(|lease| lease.valid));
    integer(rows, "preferred_lifetime", seconds(|lease| lease.preferred));
    integer(rows, "renewal_time", seconds(|lease| lease.t1));
    integer(rows, "rebinding_time", seconds(|lease| lease.t2));
    flag(rows, "rapid_commit", extra.committed);
    text(rows, "status", extra.status);
    list::<Ipv4Addr>(rows, "routers", None);
    course(exchange, problems, rows);
    rows.finish(out);
}

/// The protocol as rows of packets name it.
fn protocol(six: bool) -> &'static str {
    if six { "dhcpv6" } else { "dhcpv4" }
}

/// What an exchange is, and whose.
fn begin<S: Shown>(exchange: &Exchange<S>, at: u64, vendor: Option<&str>, rows: &mut Rows) {
    rows.begin();
    integer(rows, "number", Some(at));
    text(rows, "kind", Some(exchange.kind.name()));
    text(rows, "outcome", Some(exchange.outcome.name()));
    flag(rows, "partial", exchange.partial());
    flag(rows, "evicted", exchange.evicted);
    text(rows, "client_mac", exchange.mac);
    foreign(rows, "hostname", exchange.texts.hostname.as_deref());
    foreign(rows, "vendor_class", exchange.texts.vendor_class.as_deref());
    foreign(rows, "vendor", vendor.map(str::as_bytes));
    foreign(rows, "interface", exchange.texts.interface.as_deref());
    list(rows, "vlans", &exchange.vlans);
    list(rows, "relays", exchange.relays().into_iter().map(S::written));
}

/// How an exchange went.
fn course<S: Message>(exchange: &Exchange<S>, problems: &[Diagnosis], rows: &mut Rows) {
    let precision = exchange.first().map(S::precision).unwrap_or_default();
    if let Some((start, end)) = exchange.times() {
        rows.time("start", Timestamp(start), precision);
        rows.time("end", Timestamp(end), precision);
        milliseconds(rows, "duration_ms", Some(end.saturating_sub(start)));
    }
    text(rows, "messages", Some(exchange.messages()));
    list(rows, "frames", exchange.steps.iter().map(|step| step.seen.frame()));
    milliseconds(rows, "offer_ms", exchange.offer_ns());
    milliseconds(rows, "ack_ms", exchange.ack_ns());
    milliseconds(rows, "total_ms", exchange.total_ns());
    let count = |wanted: fn(Role) -> bool| u64::try_from(exchange.count(wanted)).ok();
    integer(rows, "retransmissions", count(|role| role == Role::Retransmission));
    integer(rows, "copies", count(|role| !role.counts()));
    flag(rows, "visible", exchange.visible);
    foreign(rows, "reason", exchange.texts.reason.as_deref());
    list(rows, "problems", problems.iter().map(|problem| problem.id.name()));
}

/// Appends the row of a client.
pub fn client(client: &ClientRecord, vendor: Option<&str>, rows: &mut Rows, out: &mut Vec<u8>) {
    rows.begin();
    text(rows, "status", Some(client.status().name()));
    text(rows, "mac", client.mac);
    let six = client.is_six();
    text(rows, "protocol", Some(protocol(six)));
    hex(rows, if six { "duid" } else { "client_id" }, client.texts.client_id.as_deref());
    foreign(rows, "hostname", client.texts.hostname.as_deref());
    foreign(rows, "vendor_class", client.texts.vendor_class.as_deref());
    foreign(rows, "vendor", vendor.map(str::as_bytes));
    foreign(rows, "interface", client.texts.interface.as_deref());
    list(rows, "vlans", client.vlans());
    list(rows, "relays", client.relays());
    list(rows, "servers", client.servers.iter().map(Whose::id));
    text(rows, "address", client.address());
    let addresses = client.leases.iter().filter(|(_, length)| length.is_none());
    list(rows, "addresses", addresses.map(|(address, _)| *address));
    list(rows, "prefixes", client.prefixes().map(|(prefix, length)| format!("{prefix}/{length}")));
    list(rows, "given_back", client.given_back().iter().map(lease_text));
    integer(rows, "messages", Some(client.messages()));
    integer(rows, "tries", Some(client.tries()));
    if let Some((first, last)) = client.times() {
        rows.time("first_seen", Timestamp(first), Precision::Micro);
        rows.time("last_seen", Timestamp(last), Precision::Micro);
        milliseconds(rows, "for_ms", Some(last.saturating_sub(first)));
    }
    milliseconds(rows, "offer_ms", client.delays().0);
    milliseconds(rows, "ack_ms", client.delays().1);
    foreign(rows, "why", client.why().as_deref().map(str::as_bytes));
    list(rows, "codes", client.codes().iter().map(|(_, code)| *code));
    list(rows, "transactions", &*client.transactions);
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
    text(rows, name, value.map(digits::hex));
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
