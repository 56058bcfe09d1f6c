//! The JSON objects of `discover`, `send`, `request`, `release`, `decline` and `inform`, as the contract names their fields.

use std::net::Ipv4Addr;

use crate::engine::v4::silence::Finding;
use crate::engine::{Answer, Check, Reason, Watch};
use crate::output::answers::{Difference, Place, block, write_differences};
use crate::output::json::JsonOut;
use crate::output::json::fields::{bytes, flag, list, milliseconds, number, objects, optional, texts};
use crate::output::packet::json::PacketJson;
use crate::output::styled::Styled;
use crate::wire::Mac;
use crate::wire::options::Sink as _;
use crate::wire::v4::{Facts, MessageType, Xid, facts};

/// Everything `discover` found.
#[derive(Debug)]
pub struct Discovery<'a> {
    /// Where.
    pub place: Place<'a>,
    /// The client's hardware address as it was sent.
    pub mac: String,
    /// The transaction.
    pub xid: Xid,
    /// DISCOVERs sent.
    pub sent: u32,
    /// How long was waited, nanoseconds.
    pub waited: i64,
    /// The offers.
    pub offers: &'a [Answer],
    /// Who made the network cards that they came from, as far as is known: one for each offer.
    pub vendors: &'a [Option<String>],
    /// In what they differ.
    pub differences: &'a [Difference],
    /// What else was seen.
    pub watch: &'a Watch,
    /// What may explain silence.
    pub silence: &'a [Finding],
}

impl Discovery<'_> {
    /// Appends the contract's object.
    pub fn json(&self, json: &mut JsonOut) {
        begin("discover", &self.place, &self.mac, self.xid, json);
        number("sent", Some(self.sent), json);
        milliseconds("waited_ms", Some(self.waited), json);
        let vendors = self.vendors.iter().map(Option::as_deref).chain(std::iter::repeat(None));
        objects(
            "offers",
            self.offers.iter().zip(1..).zip(vendors),
            json,
            |((offer, count), vendor), json| {
                offered(offer, json);
                bytes("vendor", vendor.map(str::as_bytes), json);
                number("request_number", Some(offer.answers), json);
                number("copies", Some(offer.copies), json);
                list("other_addresses", &offer.other_addresses, json);
                config(offer, json);
                check(offer.check.as_ref(), json);
                packet(offer, count, &self.place, json);
            },
        );
        objects("differences", self.differences, json, |difference, json| {
            optional("field", Some(&difference.field), json);
            objects("values", &difference.values, json, |(value, servers), json| {
                bytes("value", Some(value.as_bytes()).filter(|value| !value.is_empty()), json);
                list("servers", servers, json);
            });
        });
        end(self.watch, self.silence, json);
        close(json);
    }

    /// Writes the blocks for people.
    pub fn text(&self, out: &mut Styled) {
        for (index, offer) in self.offers.iter().enumerate() {
            if index > 0 {
                out.text("\n");
            }
            block(offer, self.vendors.get(index).and_then(Option::as_deref), &self.place, out);
        }
        if !self.differences.is_empty() {
            out.text("\n");
            write_differences(self.differences, out);
        }
    }
}

/// What came of a packet that was sent.
#[derive(Debug)]
pub struct Sending<'a> {
    /// Where.
    pub place: Place<'a>,
    /// The client's hardware address as it was sent.
    pub mac: String,
    /// The transaction.
    pub xid: Xid,
    /// The message type.
    pub kind: Option<MessageType>,
    /// How often it was sent.
    pub sent: u32,
    /// How long was waited, nanoseconds.
    pub waited: i64,
    /// The answers.
    pub answers: &'a [Answer],
    /// Whether what was expected came.
    pub met: Option<bool>,
    /// What else was seen.
    pub watch: &'a Watch,
    /// What may explain silence.
    pub silence: &'a [Finding],
}

impl Sending<'_> {
    /// Appends the object.
    pub fn json(&self, json: &mut JsonOut) {
        begin("send", &self.place, &self.mac, self.xid, json);
        kind(self.kind, json);
        number("sent", Some(self.sent), json);
        milliseconds("waited_ms", Some(self.waited), json);
        flag("expected", self.met, json);
        objects("answers", self.answers.iter().zip(1..), json, |(answer, count), json| {
            kind(answer.kind(), json);
            optional("server_id", answer.server_id(), json);
            source(Some(answer), json);
            latency(Some(answer), json);
            number("copies", Some(answer.copies), json);
            packet(answer, count, &self.place, json);
        });
        end(self.watch, self.silence, json);
        close(json);
    }
}

/// Everything `request`, `release`, `decline` or `inform` found.
#[derive(Debug)]
pub struct Report<'a> {
    /// The command's name.
    pub command: &'static str,
    /// Where.
    pub place: Place<'a>,
    /// The client's hardware address as it was sent.
    pub mac: String,
    /// The transaction.
    pub xid: Xid,
    /// The client's state, for a request.
    pub state: Option<&'static str>,
    /// ack, nak, timeout, sent.
    pub outcome: &'static str,
    /// Messages sent.
    pub sent: u32,
    /// DISCOVERs sent before.
    pub discovers: u32,
    /// The server meant, when no answer says.
    pub server: Option<Ipv4Addr>,
    /// The address meant, when no answer says.
    pub address: Option<Ipv4Addr>,
    /// The OFFER before.
    pub offer: Option<&'a Answer>,
    /// The ACK or NAK.
    pub answer: Option<&'a Answer>,
    /// What the conflict check found: none made, free, or who uses it.
    pub conflict: Option<Option<Mac>>,
    /// A DECLINE was sent.
    pub declined: bool,
    /// A RELEASE was sent.
    pub released: bool,
    /// In what the ACK departs from what was offered or asked for, in words.
    pub departures: Vec<String>,
    /// What else was seen.
    pub watch: &'a Watch,
    /// What may explain silence.
    pub silence: &'a [Finding],
}

impl Report<'_> {
    /// Appends the contract's object.
    pub fn json(&self, json: &mut JsonOut) {
        let reply = self.answer.and_then(|answer| answer.reply.as_ref());
        begin(self.command, &self.place, &self.mac, self.xid, json);
        optional("state", self.state, json);
        optional("outcome", Some(self.outcome), json);
        latency(self.answer, json);
        number("sent", Some(self.sent), json);
        optional("server_id", self.answer.and_then(Answer::server_id).or(self.server), json);
        optional("address", reply.and_then(|reply| reply.yiaddr.specified()).or(self.address), json);
        times(reply, json);
        bytes("message", reply.and_then(|reply| facts::text(&reply.message)), json);
        source(self.answer, json);
        number("discovers_sent", Some(self.discovers), json);
        json.name_next("offer");
        match self.offer {
            Some(offer) => {
                json.begin_object();
                offered(offer, json);
                check(offer.check.as_ref(), json);
                json.end_object();
            }
            None => json.null(),
        }
        match self.conflict {
            Some(Some(mac)) => optional("conflict", Some(mac), json),
            free => flag("conflict", free.map(|_| false), json),
        }
        flag("declined", Some(self.declined), json);
        flag("released", Some(self.released), json);
        texts("departures", &self.departures, json);
        end(self.watch, self.silence, json);
        match self.answer {
            Some(answer) => packet(answer, 1, &self.place, json),
            None => optional("packet", None::<&str>, json),
        }
        close(json);
    }
}

/// What every object begins with.
fn begin(command: &str, place: &Place<'_>, mac: &str, xid: Xid, json: &mut JsonOut) {
    json.begin_object();
    optional("type", Some(command), json);
    bytes("interface", Some(place.interface.as_bytes()), json);
    json.name_next("client");
    json.begin_object();
    optional("mac", Some(mac), json);
    json.name_next("xid");
    json.hex32(xid.0);
    json.end_object();
}

/// What else was seen.
fn end(watch: &Watch, silence: &[Finding], json: &mut JsonOut) {
    json.name_next("ignored");
    json.begin_object();
    for reason in Reason::ALL {
        number(reason.name(), Some(watch.stranger(*reason).count), json);
    }
    json.end_object();
    texts("silence", silence, json);
}

fn close(json: &mut JsonOut) {
    json.end_object();
    json.end_line();
}

/// Who offers which address, and how fast.
fn offered(offer: &Answer, json: &mut JsonOut) {
    optional("server_id", offer.server_id(), json);
    source(Some(offer), json);
    optional("address", offer.reply.as_ref().and_then(|reply| reply.yiaddr.specified()), json);
    latency(Some(offer), json);
}

fn kind(kind: Option<MessageType>, json: &mut JsonOut) {
    match kind {
        Some(kind) if kind.name().is_none() => number("message_type", Some(kind.0), json),
        kind => optional("message_type", kind.and_then(MessageType::name), json),
    }
}

fn source(answer: Option<&Answer>, json: &mut JsonOut) {
    optional("source_ip", answer.and_then(|answer| answer.source_ip), json);
    optional("source_mac", answer.and_then(|answer| answer.source_mac), json);
}

fn latency(answer: Option<&Answer>, json: &mut JsonOut) {
    milliseconds("latency_ms", answer.and_then(Answer::latency), json);
    milliseconds("since_first_ms", answer.and_then(Answer::since_first), json);
}

fn times(reply: Option<&Facts<'_>>, json: &mut JsonOut) {
    number("lease_time", reply.and_then(|reply| reply.lease_time), json);
    number("renewal_time", reply.and_then(|reply| reply.renewal_time), json);
    number("rebinding_time", reply.and_then(|reply| reply.rebinding_time), json);
}

fn config(answer: &Answer, json: &mut JsonOut) {
    let reply = answer.reply.as_ref();
    times(reply, json);
    optional("subnet_mask", reply.and_then(|reply| reply.subnet_mask), json);
    list("routers", reply.into_iter().flat_map(Facts::routers), json);
    list("dns_servers", reply.into_iter().flat_map(Facts::dns_servers), json);
    bytes("domain_name", reply.and_then(|reply| facts::text(&reply.domain_name)), json);
}

fn check(check: Option<&Check>, json: &mut JsonOut) {
    json.name_next("server_check");
    match check {
        Some(check) => {
            json.begin_object();
            optional("kind", Some(check.kind.name()), json);
            milliseconds("ms", Some(check.nanoseconds()), json);
            json.end_object();
        }
        None => json.null(),
    }
}

fn packet(answer: &Answer, number: u64, place: &Place<'_>, json: &mut JsonOut) {
    json.name_next("packet");
    place.record(answer, number, &mut |record| PacketJson::default().write(record, json));
}
