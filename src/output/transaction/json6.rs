//! The object `transaction` of DHCPv6: that of DHCPv4 where it means the same, with DUIDs for identifiers and leases for an address.

use std::net::Ipv6Addr;

use super::json::{amount, flag, problems, span, text};
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{Exchange6, Lease, Message as _, Party, Role, Seen6, Server6, bit6};
use crate::output::JsonOut;
use crate::output::json::fields::{number, optional, word};
use crate::time::{Precision, Timestamp};
use crate::wire::Mac;
use crate::wire::options::Sink as _;
use crate::wire::v6::Prefix6;
use crate::wire::v6::facts::IaKind;

/// Appends a line with the object.
pub fn write(
    exchange: &Exchange6,
    at: u64,
    vendor: Option<&str>,
    problems: &[Diagnosis],
    json: &mut JsonOut,
) {
    json.begin_object();
    object(exchange, at, vendor, problems, json);
    json.end_object();
    json.end_line();
}

/// Appends the fields of the object.
pub fn object(exchange: &Exchange6, at: u64, vendor: Option<&str>, said: &[Diagnosis], json: &mut JsonOut) {
    let (texts, extra) = (&exchange.texts, &exchange.extra);
    word("type", "transaction", json);
    word("protocol", "dhcpv6", json);
    number("number", Some(at), json);
    word("kind", exchange.kind.name(), json);
    word("outcome", exchange.outcome.name(), json);
    flag(b",\"partial\":", exchange.partial(), json);
    flag(b",\"evicted\":", exchange.evicted, json);
    json.name_next("client");
    json.begin_object();
    optional("mac", exchange.mac, json);
    hex("duid", texts.client_id.as_deref(), json);
    text(b",\"hostname\":", texts.hostname.as_deref(), json);
    text(b",\"vendor_class\":", texts.vendor_class.as_deref(), json);
    text(b",\"vendor\":", vendor.map(str::as_bytes), json);
    optional("address", extra.client, json);
    json.end_object();
    json.name_next("xids");
    json.begin_array();
    for xid in &exchange.xids {
        json.string(identifier(*xid).as_bytes());
    }
    json.end_array();
    text(b",\"interface\":", texts.interface.as_deref(), json);
    json.name_next("vlans");
    json.begin_array();
    exchange.vlans.iter().for_each(|id| json.u64(u64::from(*id)));
    json.end_array();
    addresses("relays", exchange.relays(), json);
    hex("interface_id", extra.port.as_deref(), json);
    let server = exchange.server();
    optional("server", server.map(Server6::called), json);
    json.name_next("servers");
    json.begin_array();
    for (index, one) in (0_u8..).zip(&exchange.servers) {
        self::server(exchange, index, one, json);
    }
    json.end_array();
    leases(exchange, json);
    times(exchange, json);
    json.fixed(b",\"messages\":\"");
    exchange.write_messages(&mut json.buf);
    json.fixed(b"\"");
    json.name_next("steps");
    json.begin_array();
    steps(exchange, json);
    json.end_array();
    number("steps_left_out", Some(u64::from(exchange.left_out)), json);
    span(b",\"offer_ms\":", exchange.offer_ns(), json);
    span(b",\"ack_ms\":", exchange.ack_ns(), json);
    span(b",\"total_ms\":", exchange.total_ns(), json);
    number("retransmissions", Some(amount(exchange.count(|role| role == Role::Retransmission))), json);
    number("copies", Some(amount(exchange.count(|role| !role.counts()))), json);
    flag(b",\"visible\":", exchange.visible, json);
    optional("status", extra.status, json);
    text(b",\"reason\":", texts.reason.as_deref(), json);
    problems(said, json);
}

/// A transaction identifier as text.
pub fn identifier(xid: u32) -> String {
    format!("{xid:#08x}")
}

fn hex(name: &'static str, bytes: Option<&[u8]>, json: &mut JsonOut) {
    json.name_next(name);
    match bytes {
        Some(bytes) => json.bytes(bytes),
        None => json.null(),
    }
}

fn addresses(name: &'static str, all: impl IntoIterator<Item = Ipv6Addr>, json: &mut JsonOut) {
    json.name_next(name);
    json.begin_array();
    all.into_iter().for_each(|ip| json.ip6(ip));
    json.end_array();
}

fn server(exchange: &Exchange6, index: u8, server: &Server6, json: &mut JsonOut) {
    let mut own = exchange.said().filter(|step| step.server == Some(index));
    json.begin_object();
    hex("server_id", server.id.as_deref(), json);
    optional("source_ip", Some(server.ip).filter(|ip| !ip.is_unspecified()), json);
    optional("source_mac", Some(server.mac).filter(|mac| *mac != Mac::ZERO), json);
    number("preference", own.find_map(|step| step.seen.preference).map(u64::from), json);
    optional("offered", server.offered, json);
    span(b",\"offer_ms\":", server.offer, json);
    flag(b",\"acked\":", server.acked, json);
    flag(b",\"refused\":", server.refused, json);
    json.end_object();
}

fn leases(exchange: &Exchange6, json: &mut JsonOut) {
    let extra = &exchange.extra;
    optional("address", extra.addresses().next(), json);
    addresses("addresses", extra.addresses(), json);
    json.name_next("prefixes");
    json.begin_array();
    for (prefix, length) in extra.prefixes() {
        json.string(Prefix6::new(prefix, length).to_string().as_bytes());
    }
    json.end_array();
    optional("requested_address", extra.wished, json);
    let timed = extra.timed();
    let seconds = |of: fn(&Lease) -> u32| timed.map(of).map(u64::from);
    number("lease_time", seconds(|lease| lease.valid), json);
    number("preferred_lifetime", seconds(|lease| lease.preferred), json);
    number("renewal_time", seconds(|lease| lease.t1), json);
    number("rebinding_time", seconds(|lease| lease.t2), json);
    flag(b",\"rapid_commit\":", extra.committed, json);
    json.name_next("ias");
    json.begin_array();
    for lease in &extra.leases {
        ia(lease, json);
    }
    json.end_array();
}

/// One lease of an association.
fn ia(lease: &Lease, json: &mut JsonOut) {
    json.begin_object();
    word("ia", lease.kind.name(), json);
    number("iaid", Some(u64::from(lease.iaid)), json);
    let (address, prefix) = match lease.what {
        Some((prefix, length)) if lease.kind == IaKind::Pd => (None, Some(Prefix6::new(prefix, length))),
        Some((address, _)) => (Some(address), None),
        None => (None, None),
    };
    optional("address", address, json);
    optional("prefix", prefix, json);
    let seconds = |value: u32| lease.what.map(|_| u64::from(value));
    number("preferred_lifetime", seconds(lease.preferred), json);
    number("valid_lifetime", seconds(lease.valid), json);
    number("t1", Some(u64::from(lease.t1)), json);
    number("t2", Some(u64::from(lease.t2)), json);
    optional("status", lease.status, json);
    json.end_object();
}

/// The digits of a second that a message's time has.
pub fn precision(seen: &Seen6) -> Precision {
    if seen.has(bit6::MICRO) { Precision::Micro } else { Precision::Nano }
}

fn times(exchange: &Exchange6, json: &mut JsonOut) {
    let (start, end) = exchange.span().unwrap_or_default();
    let precision = exchange.first().map_or(Precision::Micro, precision);
    json.name_next("start");
    json.time(Timestamp(start), precision);
    json.name_next("end");
    json.time(Timestamp(end), precision);
    span(b",\"duration_ms\":", Some(end.saturating_sub(start)), json);
}

fn steps(exchange: &Exchange6, json: &mut JsonOut) {
    let start = exchange.first().map_or(0, |seen| seen.time);
    for step in &exchange.steps {
        let seen = &step.seen;
        json.begin_object();
        number("frame", Some(seen.frame), json);
        json.name_next("time");
        json.time(Timestamp(seen.time), precision(seen));
        span(b",\"delta_ms\":", Some(seen.time.saturating_sub(start)), json);
        word("message_type", seen.letter.name(), json);
        word("role", step.role.name(), json);
        word("side", seen.side().name(), json);
        optional("xid", Some(identifier(seen.xid)), json);
        let (from, to) = exchange.parties(step);
        optional("from", Some(party(from)), json);
        optional("to", Some(party(to)), json);
        hex("server_id", seen.server.as_deref(), json);
        optional("address", seen.address.map(named), json);
        optional("status", seen.status, json);
        number("elapsed", seen.elapsed.map(u64::from), json);
        json.end_object();
    }
}

/// An address, or a prefix with its length.
pub(super) fn named((address, length): (Ipv6Addr, Option<u8>)) -> String {
    length.map_or_else(|| address.to_string(), |length| Prefix6::new(address, length).to_string())
}

fn party(party: Party<Ipv6Addr>) -> String {
    match party {
        Party::Client => "client".to_owned(),
        Party::All => "all".to_owned(),
        Party::Server(index) => format!("server:{index}"),
        Party::Relay(ip) => format!("relay:{ip}"),
        Party::Address(ip) => ip.to_string(),
    }
}
