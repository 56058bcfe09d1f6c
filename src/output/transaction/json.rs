//! The objects `transaction` and `finding`.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use crate::analysis::diagnosis::{Diagnosis, Finding, Id};
use crate::analysis::findings6::story::Told;
use crate::analysis::transaction::{Exchange, Letter, Party, Role, Seen, Server, Side, bit};
use crate::output::JsonOut;
use crate::output::json::fields::{address, bytes, number, optional, word, write_milliseconds};
use crate::time::{Precision, Timestamp};
use crate::wire::Mac;
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
    json.fixed(b"\"type\":\"transaction\",\"number\":");
    json.digits(at);
    json.fixed(b",\"kind\":\"");
    json.fixed(exchange.kind.name().as_bytes());
    json.fixed(b"\",\"outcome\":\"");
    json.fixed(exchange.outcome.name().as_bytes());
    flag(b"\",\"partial\":", exchange.partial(), json);
    flag(b",\"evicted\":", exchange.evicted, json);
    let texts = &exchange.texts;
    json.fixed(b",\"client\":{\"mac\":");
    match &exchange.mac {
        Some(mac) => json.address(mac.as_slice()),
        None => json.fixed(b"null"),
    }
    match texts.client_id.as_deref() {
        Some(id) => {
            json.fixed(b",\"client_id\":\"");
            json.hex_digits(id);
            json.fixed(b"\"");
        }
        None => json.fixed(b",\"client_id\":null"),
    }
    text(b",\"hostname\":", texts.hostname.as_deref(), json);
    text(b",\"vendor_class\":", texts.vendor_class.as_deref(), json);
    text(b",\"vendor\":", vendor.map(str::as_bytes), json);
    json.fixed(b"},\"xids\":[");
    for xid in &exchange.xids {
        json.hex32(*xid);
    }
    text(b"],\"interface\":", texts.interface.as_deref(), json);
    json.fixed(b",\"vlans\":[");
    for id in &exchange.vlans {
        json.u64(u64::from(*id));
    }
    json.fixed(b"],\"relays\":[");
    for relay in exchange.relays() {
        json.ip4(relay);
    }
    ip(b"],\"server\":", exchange.server(), json);
    json.fixed(b",\"servers\":[");
    exchange.servers.iter().for_each(|one| server(one, json));
    ip(b"],\"address\":", exchange.address(), json);
    lease(exchange, json);
    times(exchange, json);
    json.fixed(b",\"messages\":\"");
    exchange.write_messages(&mut json.buf);
    json.fixed(b"\",\"steps\":[");
    steps(exchange, json);
    json.fixed(b"],\"steps_left_out\":");
    json.digits(u64::from(exchange.left_out));
    span(b",\"offer_ms\":", exchange.offer_ns(), json);
    span(b",\"ack_ms\":", exchange.ack_ns(), json);
    span(b",\"total_ms\":", exchange.total_ns(), json);
    json.fixed(b",\"retransmissions\":");
    json.digits(amount(exchange.count(|role| role == Role::Retransmission)));
    json.fixed(b",\"copies\":");
    json.digits(amount(exchange.count(|role| !role.counts())));
    flag(b",\"visible\":", exchange.visible, json);
    text(b",\"reason\":", texts.reason.as_deref(), json);
    self::problems(problems, json);
}

/// What is wrong with an exchange.
pub(super) fn problems(problems: &[Diagnosis], json: &mut JsonOut) {
    json.fixed(b",\"problems\":[");
    for problem in problems {
        json.begin_object();
        said(problem.id, json);
        numbers("frames", problem.frames.iter().copied(), json);
        explained(problem.id, &problem.message, json);
        json.end_object();
    }
    json.end_array();
}

/// Text from elsewhere behind its key, escaped.
#[inline]
pub(super) fn text(key: &[u8], value: Option<&[u8]>, json: &mut JsonOut) {
    json.fixed(key);
    match value {
        Some(value) => json.string(value),
        None => json.fixed(b"null"),
    }
}

/// An address behind its key.
#[inline]
fn ip(key: &[u8], value: Option<Ipv4Addr>, json: &mut JsonOut) {
    json.fixed(key);
    match value {
        Some(value) => {
            json.fixed(b"\"");
            json.octets(value, b'"');
        }
        None => json.fixed(b"null"),
    }
}

/// Yes or no behind its key.
#[inline]
pub(super) fn flag(key: &[u8], value: bool, json: &mut JsonOut) {
    json.fixed(key);
    json.fixed(if value { b"true" } else { b"false" });
}

/// A number behind its key.
#[inline]
fn count(key: &[u8], value: Option<u32>, json: &mut JsonOut) {
    json.fixed(key);
    match value {
        Some(value) => json.digits(u64::from(value)),
        None => json.fixed(b"null"),
    }
}

/// Milliseconds of so many nanoseconds behind their key.
#[inline]
pub(super) fn span(key: &[u8], nanoseconds: Option<i64>, json: &mut JsonOut) {
    json.fixed(key);
    match nanoseconds {
        Some(nanoseconds) => write_milliseconds(nanoseconds, &mut json.buf),
        None => json.fixed(b"null"),
    }
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

/// The same of what was found in IPv6. The server is the first that it is about, or the router.
pub fn finding6(told: &Told, json: &mut JsonOut) {
    json.begin_object();
    word("type", "finding", json);
    word("code", told.finding.code, json);
    word("severity", told.finding.severity.name(), json);
    optional("server", told.whose().first(), json);
    optional("client", told.client.as_ref(), json);
    address("address", None, json);
    numbers("frames", told.frames.iter().copied(), json);
    number("count", Some(told.count), json);
    moment("first_seen", told.seen.0, Precision::Micro, json);
    moment("last_seen", told.seen.1, Precision::Micro, json);
    explained(told.id(), &told.finding.message, json);
    json.end_object();
    json.end_line();
}

fn server(server: &Server, json: &mut JsonOut) {
    json.begin_object();
    ip(b"\"server_id\":", server.id, json);
    ip(b",\"source_ip\":", Some(server.ip).filter(|ip| !ip.is_unspecified()), json);
    json.fixed(b",\"source_mac\":");
    if server.mac == Mac::ZERO {
        json.fixed(b"null");
    } else {
        json.address(&server.mac.0);
    }
    ip(b",\"offered\":", server.offered, json);
    span(b",\"offer_ms\":", server.offer, json);
    flag(b",\"acked\":", server.acked, json);
    flag(b",\"refused\":", server.refused, json);
    json.end_object();
}

/// What a client was given: by the ACK, else by the first OFFER.
#[derive(Clone, Debug)]
pub struct Given<'a> {
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
    pub routers: &'a [[u8; 4]],
}

impl<'a> Given<'a> {
    /// What `exchange` gave.
    pub fn of(exchange: &'a Exchange) -> Self {
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
            routers: routers.get(..MAX_LIST).unwrap_or(routers),
        }
    }
}

fn lease(exchange: &Exchange, json: &mut JsonOut) {
    let given = Given::of(exchange);
    ip(b",\"requested_address\":", given.requested, json);
    count(b",\"lease_time\":", given.lease, json);
    count(b",\"renewal_time\":", given.t1, json);
    count(b",\"rebinding_time\":", given.t2, json);
    ip(b",\"subnet_mask\":", given.mask, json);
    json.fixed(b",\"routers\":[");
    for router in given.routers {
        json.ip4(Ipv4Addr::from(*router));
    }
    json.end_array();
}

fn times(exchange: &Exchange, json: &mut JsonOut) {
    let (first, last) = (exchange.steps.first(), exchange.steps.last());
    let precision = first.map_or(Precision::Micro, |step| precision(&step.seen));
    let start = first.map_or(0, |step| step.seen.time);
    json.fixed(b",\"start\":");
    json.time(Timestamp(start), precision);
    json.fixed(b",\"end\":");
    json.time(Timestamp(last.map_or(0, |step| step.seen.time)), precision);
    span(b",\"duration_ms\":", last.map(|step| step.seen.time.saturating_sub(start)), json);
}

/// The digits of a second that a message's time has.
pub fn precision(seen: &Seen) -> Precision {
    if seen.has(bit::MICRO) { Precision::Micro } else { Precision::Nano }
}

/// What stands between the time and the xid of a step, for every type, role and side.
struct Kinds(Vec<String>);

static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let sides = |letter: Letter, role: Role| {
        Side::ALL.iter().map(move |side| {
            let [letter, role, side] = [letter.name(), role.name(), side.name()];
            format!(",\"message_type\":\"{letter}\",\"role\":\"{role}\",\"side\":\"{side}\",\"xid\":")
        })
    };
    let roles = |letter: Letter| Role::ALL.iter().flat_map(move |role| sides(letter, *role));
    Kinds(Letter::ALL.iter().flat_map(|letter| roles(*letter)).collect())
});

impl Kinds {
    /// Numbers of variants are in the order of `ALL`.
    #[allow(clippy::as_conversions, reason = "the number of a variant")]
    fn of(&self, seen: &Seen, role: Role) -> &[u8] {
        let row = (seen.letter as usize).saturating_mul(Role::ALL.len()).saturating_add(role as usize);
        let index = row.saturating_mul(Side::ALL.len()).saturating_add(seen.side as usize);
        self.0.get(index).map_or(&[], |text| text.as_bytes())
    }
}

fn steps(exchange: &Exchange, json: &mut JsonOut) {
    let start = exchange.first().map_or(0, |seen| seen.time);
    for step in &exchange.steps {
        let seen = &step.seen;
        json.begin_object();
        json.fixed(b"\"frame\":");
        json.digits(seen.frame);
        json.fixed(b",\"time\":");
        json.time(Timestamp(seen.time), precision(seen));
        span(b",\"delta_ms\":", Some(seen.time.saturating_sub(start)), json);
        json.fixed(KINDS.of(seen, step.role));
        json.hex32(seen.xid);
        let (from, to) = exchange.parties(step);
        party(b",\"from\":\"", from, json);
        party(b",\"to\":\"", to, json);
        ip(b",\"server_id\":", seen.has(bit::SERVER_ID).then_some(seen.server_id), json);
        ip(b",\"address\":", step_address(seen), json);
        json.fixed(b",\"secs\":");
        json.digits(u64::from(seen.secs));
        json.end_object();
    }
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

/// Who it is, behind key and quote.
fn party(key: &[u8], party: Party, json: &mut JsonOut) {
    json.fixed(key);
    match party {
        Party::Client => json.fixed(b"client\""),
        Party::All => json.fixed(b"all\""),
        Party::Address(ip) => json.octets(ip, b'"'),
        Party::Server(index) => {
            json.fixed(b"server:");
            json.digits(u64::from(index));
            json.fixed(b"\"");
        }
        Party::Relay(ip) => {
            json.fixed(b"relay:");
            json.octets(ip, b'"');
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_step_has_its_own_words() {
        let mut index = 0;
        for letter in Letter::ALL {
            for role in Role::ALL {
                for side in Side::ALL {
                    let text = &KINDS.0[index];
                    for word in [letter.name(), role.name(), side.name()] {
                        assert!(text.contains(&format!(":\"{word}\"")), "{text}: {word}");
                    }
                    index += 1;
                }
            }
        }
        assert_eq!(KINDS.0.len(), index);
    }
}
