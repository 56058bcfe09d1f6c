//! The JSON objects of `discover`, `send`, `request`, `release`, `decline` and `inform`, as the contract names their fields.

use std::net::Ipv4Addr;

use super::answers::{Difference, Place, block, write_differences};
use super::json::JsonOut;
use super::packet_json::PacketJson;
use super::styled::Styled;
use crate::engine::silence::Finding;
use crate::engine::{Answer, Check, Reason, Watch};
use crate::wire::Mac;
use crate::wire::options::Sink as _;
use crate::wire::v4::{MessageType, Xid};

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
        json.begin_object();
        json.name_next("type");
        json.plain("discover");
        json.name_next("interface");
        json.string(self.place.interface.as_bytes());
        json.name_next("client");
        json.begin_object();
        json.name_next("mac");
        json.plain(&self.mac);
        json.name_next("xid");
        json.hex32(self.xid.0);
        json.end_object();
        json.name_next("sent");
        json.u64(self.sent.into());
        json.name_next("waited_ms");
        milliseconds(self.waited, json);
        json.name_next("offers");
        json.begin_array();
        for (offer, number) in self.offers.iter().zip(1..) {
            json.begin_object();
            json.name_next("server_id");
            ip(offer.server_id(), json);
            source(Some(offer), json);
            json.name_next("address");
            ip(offer.reply.as_ref().and_then(|reply| reply.address), json);
            latency(Some(offer), json);
            json.name_next("request_number");
            json.u64(offer.answers.into());
            json.name_next("copies");
            json.u64(offer.copies.into());
            json.name_next("other_addresses");
            ips(&offer.other_addresses, json);
            config(offer, json);
            check(offer.check.as_ref(), json);
            json.name_next("packet");
            packet(offer, number, &self.place, json);
            json.end_object();
        }
        json.end_array();
        json.name_next("differences");
        json.begin_array();
        for difference in self.differences {
            json.begin_object();
            json.name_next("field");
            json.plain(&difference.field);
            json.name_next("values");
            json.begin_array();
            for (value, servers) in &difference.values {
                json.begin_object();
                json.name_next("value");
                if value.is_empty() {
                    json.null();
                } else {
                    json.string(value.as_bytes());
                }
                json.name_next("servers");
                json.begin_array();
                for server in servers {
                    json.plain(server);
                }
                json.end_array();
                json.end_object();
            }
            json.end_array();
            json.end_object();
        }
        json.end_array();
        ignored(self.watch, json);
        silence(self.silence, json);
        json.end_object();
        json.end_line();
    }

    /// Writes the blocks for people.
    pub fn text(&self, out: &mut Styled) {
        for (index, offer) in self.offers.iter().enumerate() {
            if index > 0 {
                out.text("\n");
            }
            block(offer, &self.place, out);
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
        json.begin_object();
        json.name_next("type");
        json.plain("send");
        json.name_next("interface");
        json.string(self.place.interface.as_bytes());
        json.name_next("client");
        json.begin_object();
        json.name_next("mac");
        json.plain(&self.mac);
        json.name_next("xid");
        json.hex32(self.xid.0);
        json.end_object();
        json.name_next("message_type");
        kind(self.kind, json);
        json.name_next("sent");
        json.u64(self.sent.into());
        json.name_next("waited_ms");
        milliseconds(self.waited, json);
        json.name_next("expected");
        match self.met {
            Some(met) => json.flag(met),
            None => json.null(),
        }
        json.name_next("answers");
        json.begin_array();
        for (answer, number) in self.answers.iter().zip(1..) {
            json.begin_object();
            json.name_next("message_type");
            kind(answer.kind(), json);
            json.name_next("server_id");
            ip(answer.server_id(), json);
            source(Some(answer), json);
            latency(Some(answer), json);
            json.name_next("copies");
            json.u64(answer.copies.into());
            json.name_next("packet");
            packet(answer, number, &self.place, json);
            json.end_object();
        }
        json.end_array();
        ignored(self.watch, json);
        silence(self.silence, json);
        json.end_object();
        json.end_line();
    }
}

fn kind(kind: Option<MessageType>, json: &mut JsonOut) {
    match (kind, kind.and_then(MessageType::name)) {
        (_, Some(name)) => json.plain(name),
        (Some(kind), None) => json.u64(kind.0.into()),
        (None, None) => json.null(),
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
        json.begin_object();
        json.name_next("type");
        json.plain(self.command);
        json.name_next("interface");
        json.string(self.place.interface.as_bytes());
        json.name_next("client");
        json.begin_object();
        json.name_next("mac");
        json.plain(&self.mac);
        json.name_next("xid");
        json.hex32(self.xid.0);
        json.end_object();
        json.name_next("state");
        match self.state {
            Some(state) => json.plain(state),
            None => json.null(),
        }
        json.name_next("outcome");
        json.plain(self.outcome);
        latency(self.answer, json);
        json.name_next("sent");
        json.u64(self.sent.into());
        json.name_next("server_id");
        ip(self.answer.and_then(Answer::server_id).or(self.server), json);
        json.name_next("address");
        ip(reply.and_then(|reply| reply.address).or(self.address), json);
        for (name, value) in [
            ("lease_time", reply.and_then(|reply| reply.lease_time)),
            ("renewal_time", reply.and_then(|reply| reply.renewal_time)),
            ("rebinding_time", reply.and_then(|reply| reply.rebinding_time)),
        ] {
            json.name_next(name);
            number(value, json);
        }
        json.name_next("message");
        match reply.and_then(|reply| reply.message.as_deref()) {
            Some(message) => json.string(message),
            None => json.null(),
        }
        source(self.answer, json);
        json.name_next("discovers_sent");
        json.u64(self.discovers.into());
        json.name_next("offer");
        match self.offer {
            Some(offer) => {
                json.begin_object();
                json.name_next("server_id");
                ip(offer.server_id(), json);
                source(Some(offer), json);
                json.name_next("address");
                ip(offer.reply.as_ref().and_then(|reply| reply.address), json);
                latency(Some(offer), json);
                check(offer.check.as_ref(), json);
                json.end_object();
            }
            None => json.null(),
        }
        json.name_next("conflict");
        match self.conflict {
            Some(Some(mac)) => json.plain(&mac.to_string()),
            Some(None) => json.flag(false),
            None => json.null(),
        }
        json.name_next("declined");
        json.flag(self.declined);
        json.name_next("released");
        json.flag(self.released);
        json.name_next("departures");
        json.begin_array();
        for departure in &self.departures {
            json.string(departure.as_bytes());
        }
        json.end_array();
        ignored(self.watch, json);
        silence(self.silence, json);
        json.name_next("packet");
        match self.answer {
            Some(answer) => packet(answer, 1, &self.place, json),
            None => json.null(),
        }
        json.end_object();
        json.end_line();
    }
}

fn ip(ip: Option<Ipv4Addr>, json: &mut JsonOut) {
    match ip {
        Some(ip) => json.ip4(ip),
        None => json.null(),
    }
}

fn number(value: Option<u32>, json: &mut JsonOut) {
    match value {
        Some(value) => json.u64(value.into()),
        None => json.null(),
    }
}

fn source(answer: Option<&Answer>, json: &mut JsonOut) {
    json.name_next("source_ip");
    ip(answer.and_then(|answer| answer.source_ip), json);
    json.name_next("source_mac");
    match answer.and_then(|answer| answer.source_mac) {
        Some(mac) => json.plain(&mac.to_string()),
        None => json.null(),
    }
}

fn latency(answer: Option<&Answer>, json: &mut JsonOut) {
    for (name, value) in [
        ("latency_ms", answer.and_then(Answer::latency)),
        ("since_first_ms", answer.and_then(Answer::since_first)),
    ] {
        json.name_next(name);
        match value {
            Some(value) => milliseconds(value, json),
            None => json.null(),
        }
    }
}

fn config(answer: &Answer, json: &mut JsonOut) {
    let reply = answer.reply.as_ref();
    json.name_next("lease_time");
    number(reply.and_then(|reply| reply.lease_time), json);
    json.name_next("renewal_time");
    number(reply.and_then(|reply| reply.renewal_time), json);
    json.name_next("rebinding_time");
    number(reply.and_then(|reply| reply.rebinding_time), json);
    json.name_next("subnet_mask");
    ip(reply.and_then(|reply| reply.subnet_mask), json);
    json.name_next("routers");
    ips(reply.map_or(&[], |reply| &reply.routers), json);
    json.name_next("dns_servers");
    ips(reply.map_or(&[], |reply| &reply.dns_servers), json);
    json.name_next("domain_name");
    match reply.and_then(|reply| reply.domain_name.as_deref()) {
        Some(name) => json.string(name),
        None => json.null(),
    }
}

fn ips(ips: &[Ipv4Addr], json: &mut JsonOut) {
    json.begin_array();
    for ip in ips {
        json.ip4(*ip);
    }
    json.end_array();
}

fn check(check: Option<&Check>, json: &mut JsonOut) {
    json.name_next("server_check");
    match check {
        Some(check) => {
            json.begin_object();
            json.name_next("kind");
            json.plain(check.kind.name());
            json.name_next("ms");
            milliseconds(check.nanoseconds(), json);
            json.end_object();
        }
        None => json.null(),
    }
}

fn packet(answer: &Answer, number: u64, place: &Place<'_>, json: &mut JsonOut) {
    place.record(answer, number, &mut |record| PacketJson::default().write(record, json));
}

fn ignored(watch: &Watch, json: &mut JsonOut) {
    json.name_next("ignored");
    json.begin_object();
    for reason in Reason::ALL {
        json.name_next(reason.name());
        json.u64(watch.stranger(*reason).count);
    }
    json.end_object();
}

fn silence(findings: &[Finding], json: &mut JsonOut) {
    json.name_next("silence");
    json.begin_array();
    for finding in findings {
        json.string(finding.to_string().as_bytes());
    }
    json.end_array();
}

/// Milliseconds as JSON has them: nanoseconds are kept, zeros at the end are not.
pub fn milliseconds(nanoseconds: i64, json: &mut JsonOut) {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let whole = nanoseconds.unsigned_abs();
    let rest = format!("{:06}", whole % 1_000_000);
    let rest = rest.trim_end_matches('0');
    let rest = if rest.is_empty() { "0" } else { rest };
    json.raw(format!("{sign}{}.{rest}", whole / 1_000_000).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(nanoseconds: i64) -> String {
        let mut json = JsonOut::new();
        milliseconds(nanoseconds, &mut json);
        String::from_utf8(json.buf).unwrap()
    }

    #[test]
    fn milliseconds_keep_nanoseconds() {
        assert_eq!(ms(412_345), "0.412345");
        assert_eq!(ms(1_000_000_000), "1000.0");
        assert_eq!(ms(1_000_200_000), "1000.2");
        assert_eq!(ms(-5), "-0.000005");
        assert_eq!(ms(0), "0.0");
    }
}
