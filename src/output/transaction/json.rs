//! The objects `transaction` and `finding`.

use std::io::Write as _;
use std::net::Ipv4Addr;

use crate::analysis::diagnosis::{Diagnosis, Finding, Id};
use crate::analysis::transaction::{Exchange, Letter, Party, Role, Seen, bit};
use crate::output::JsonOut;
use crate::output::json::fields::{address, bytes, list, mac, milliseconds, number, optional, word};
use crate::time::{Precision, Timestamp};
use crate::wire::options::Sink as _;
use crate::wire::v4::facts::MAX_LIST;

/// Appends a line with the contract's transaction object.
pub fn write(exchange: &Exchange, at: u64, vendor: Option<&str>, problems: &[Diagnosis], json: &mut JsonOut) {
    json.begin_object();
    object(exchange, at, vendor, problems, json);
    json.end_object();
    json.end_line();
}

/// Appends the fields of the object.
pub fn object(
    exchange: &Exchange,
    at: u64,
    vendor: Option<&str>,
    problems: &[Diagnosis],
    json: &mut JsonOut,
) {
    word("type", "transaction", json);
    number("number", Some(at), json);
    word("kind", exchange.kind.name(), json);
    word("outcome", exchange.outcome.name(), json);
    flag("partial", Some(exchange.partial()), json);
    flag("evicted", Some(exchange.evicted), json);
    json.name_next("client");
    json.begin_object();
    optional("mac", exchange.mac, json);
    json.name_next("client_id");
    match exchange.texts.client_id.as_deref() {
        Some(id) => json.bytes(id),
        None => json.null(),
    }
    bytes("hostname", exchange.texts.hostname.as_deref(), json);
    bytes("vendor_class", exchange.texts.vendor_class.as_deref(), json);
    bytes("vendor", vendor.map(str::as_bytes), json);
    json.end_object();
    list("xids", exchange.xids.iter().map(|xid| format!("{xid:#010x}")), json);
    bytes("interface", exchange.texts.interface.as_deref(), json);
    numbers("vlans", exchange.vlans.iter().map(|id| u64::from(*id)), json);
    list("relays", exchange.relays(), json);
    address("server", exchange.server(), json);
    servers(exchange, json);
    address("address", exchange.address(), json);
    lease(exchange, json);
    times(exchange, json);
    optional("messages", Some(exchange.messages()), json);
    steps(exchange, json);
    number("steps_left_out", Some(exchange.left_out), json);
    milliseconds("offer_ms", exchange.offer_ns(), json);
    milliseconds("ack_ms", exchange.ack_ns(), json);
    milliseconds("total_ms", exchange.total_ns(), json);
    number("retransmissions", Some(amount(exchange.count(|role| role == Role::Retransmission))), json);
    number("copies", Some(amount(exchange.count(|role| !role.counts()))), json);
    flag("visible", Some(exchange.visible), json);
    bytes("reason", exchange.texts.reason.as_deref(), json);
    json.name_next("problems");
    json.begin_array();
    for problem in problems {
        json.begin_object();
        said(problem.id, json);
        numbers("frames", problem.frames.iter().copied(), json);
        explained(problem.id, &problem.message, json);
        json.end_object();
    }
    json.end_array();
}

fn said(id: Id, json: &mut JsonOut) {
    word("severity", id.severity().name(), json);
    word("code", id.name(), json);
}

fn explained(id: Id, message: &str, json: &mut JsonOut) {
    bytes("message", Some(message.as_bytes()), json);
    optional("reference", Some(id.reference()).filter(|text| !text.is_empty()), json);
    bytes("advice", Some(id.advice().as_bytes()), json);
}

/// Appends a line with the contract's finding object.
pub fn finding(finding: &Finding, json: &mut JsonOut) {
    json.begin_object();
    word("type", "finding", json);
    word("code", finding.id.name(), json);
    word("severity", finding.id.severity().name(), json);
    address("server", finding.server, json);
    optional("client", finding.client, json);
    address("address", finding.address, json);
    numbers("frames", finding.frames.iter().copied(), json);
    number("count", Some(finding.count), json);
    moment("first_seen", finding.seen.0, Precision::Micro, json);
    moment("last_seen", finding.seen.1, Precision::Micro, json);
    explained(finding.id, &finding.message, json);
    json.end_object();
    json.end_line();
}

/// Yes or no.
fn flag(name: &str, value: Option<bool>, json: &mut JsonOut) {
    json.name_next(name);
    match value {
        Some(value) => json.flag(value),
        None => json.null(),
    }
}

fn servers(exchange: &Exchange, json: &mut JsonOut) {
    json.name_next("servers");
    json.begin_array();
    for server in &exchange.servers {
        json.begin_object();
        address("server_id", server.id, json);
        address("source_ip", Some(server.ip).filter(|ip| !ip.is_unspecified()), json);
        mac("source_mac", Some(server.mac).filter(|mac| *mac != crate::wire::Mac::ZERO), json);
        address("offered", server.offered, json);
        milliseconds("offer_ms", server.offer, json);
        flag("acked", Some(server.acked), json);
        flag("refused", Some(server.refused), json);
        json.end_object();
    }
    json.end_array();
}

/// What a client was given: by the ACK, else by the first OFFER.
#[derive(Clone, Debug)]
pub struct Given {
    /// Option 50 of the client.
    pub requested: Option<Ipv4Addr>,
    /// Option 51, seconds.
    pub lease: Option<u32>,
    /// Option 58, seconds.
    pub t1: Option<u32>,
    /// Option 59, seconds.
    pub t2: Option<u32>,
    /// Option 1.
    pub mask: Option<Ipv4Addr>,
    /// Option 3.
    pub routers: Vec<Ipv4Addr>,
}

impl Given {
    /// What `exchange` gave.
    pub fn of(exchange: &Exchange) -> Self {
        let of = |letter: Letter| exchange.replies().find(move |seen| seen.letter == letter);
        let given = of(Letter::Ack).or_else(|| of(Letter::Offer)).or_else(|| of(Letter::BootReply));
        let timer = |flag: u32, value: fn(&Seen) -> u32| given.filter(|seen| seen.has(flag)).map(value);
        let (routers, _) = exchange.texts.routers.as_deref().unwrap_or_default().as_chunks::<4>();
        Self {
            requested: exchange.sent().find(|seen| seen.has(bit::REQUESTED)).map(|seen| seen.requested),
            lease: timer(bit::LEASE, |seen| seen.lease),
            t1: timer(bit::T1, |seen| seen.t1),
            t2: timer(bit::T2, |seen| seen.t2),
            mask: given
                .filter(|seen| seen.has(bit::MASK))
                .map(|seen| seen.mask)
                .filter(|ip| !ip.is_unspecified()),
            routers: routers.iter().take(MAX_LIST).map(|router| Ipv4Addr::from(*router)).collect(),
        }
    }
}

fn lease(exchange: &Exchange, json: &mut JsonOut) {
    let given = Given::of(exchange);
    address("requested_address", given.requested, json);
    number("lease_time", given.lease, json);
    number("renewal_time", given.t1, json);
    number("rebinding_time", given.t2, json);
    address("subnet_mask", given.mask, json);
    list("routers", given.routers, json);
}

fn times(exchange: &Exchange, json: &mut JsonOut) {
    let (first, last) = (exchange.steps.first(), exchange.steps.last());
    let precision = first.map_or(Precision::Micro, |step| precision(&step.seen));
    let start = first.map_or(0, |step| step.seen.time);
    moment("start", start, precision, json);
    moment("end", last.map_or(0, |step| step.seen.time), precision, json);
    milliseconds("duration_ms", last.map(|step| step.seen.time.saturating_sub(start)), json);
}

/// The digits of a second that a message's time has.
pub fn precision(seen: &Seen) -> Precision {
    if seen.has(bit::MICRO) { Precision::Micro } else { Precision::Nano }
}

fn steps(exchange: &Exchange, json: &mut JsonOut) {
    let start = exchange.first().map_or(0, |seen| seen.time);
    json.name_next("steps");
    json.begin_array();
    for step in &exchange.steps {
        let seen = &step.seen;
        json.begin_object();
        number("frame", Some(seen.frame), json);
        moment("time", seen.time, precision(seen), json);
        milliseconds("delta_ms", Some(seen.time.saturating_sub(start)), json);
        word("message_type", seen.letter.name(), json);
        word("role", step.role.name(), json);
        word("side", seen.side.name(), json);
        json.name_next("xid");
        json.hex32(seen.xid);
        let (from, to) = exchange.parties(step);
        party("from", from, json);
        party("to", to, json);
        address("server_id", seen.has(bit::SERVER_ID).then_some(seen.server_id), json);
        address("address", step_address(seen), json);
        number("secs", Some(seen.secs), json);
        json.end_object();
    }
    json.end_array();
}

/// The address a message is about: `yiaddr`, option 50, `ciaddr`.
pub(super) fn step_address(seen: &Seen) -> Option<Ipv4Addr> {
    let candidates = if seen.from_client {
        [seen.requested, seen.ciaddr, seen.yiaddr]
    } else {
        [seen.yiaddr, seen.ciaddr, Ipv4Addr::UNSPECIFIED]
    };
    candidates.into_iter().find(|ip| !ip.is_unspecified())
}

fn party(name: &str, party: Party, json: &mut JsonOut) {
    json.name_next(name);
    match party {
        Party::Client => json.plain("client"),
        Party::All => json.plain("all"),
        Party::Address(ip) => json.ip4(ip),
        // Writing into a Vec cannot fail.
        Party::Server(index) => {
            let _ = write!(json.buf, "\"server:{index}\"");
        }
        Party::Relay(ip) => {
            let _ = write!(json.buf, "\"relay:{ip}\"");
        }
    }
}

/// A moment.
pub(super) fn moment(name: &str, time: i64, precision: Precision, json: &mut JsonOut) {
    json.name_next(name);
    json.time(Timestamp(time), precision);
}

/// A list of numbers.
pub(super) fn numbers(name: &str, items: impl IntoIterator<Item = u64>, json: &mut JsonOut) {
    json.name_next(name);
    json.begin_array();
    for item in items {
        json.u64(item);
    }
    json.end_array();
}

/// A count as JSON has it.
pub fn amount(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
