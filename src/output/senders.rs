//! What `discover`, `send`, `request`, `release`, `decline` and `inform` found: their objects, named as the contract names
//! their fields, and the text beside them.

use std::net::Ipv4Addr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::analysis::doctor::Sign;
use crate::analysis::expect::Checked;
use crate::engine::v4::accept::refusals;
use crate::engine::v4::silence::Finding;
use crate::engine::{Answer, Check, Reason, Watch};
use crate::output::answers::{self, Difference, Place, block, write_differences};
use crate::output::expect::{self, ExpectationObject};
use crate::output::json::object::{Millis, PacketObject, TransactionObject, foreign};
use crate::output::render::Render;
use crate::output::styled::{Label, Styled};
use crate::output::words::sent;
use crate::wire::Mac;
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
    /// How many columns a line may take; `None` where it does not matter.
    pub width: Option<usize>,
    /// What became of what was expected.
    pub checked: &'a [Checked],
    /// The offers were shown as they came.
    pub shown: bool,
    /// How much is told of every offer: from 1 every field and option, from 2 every byte.
    pub verbose: u8,
}

impl Render for Discovery<'_> {
    fn object(&self) -> impl Serialize {
        DiscoverObject {
            r#type: "discover",
            interface: foreign(self.place.interface.as_bytes()),
            client: ClientObject::new(&self.mac, self.xid),
            sent: self.sent,
            waited_ms: Millis(self.waited),
            offers: Offers(self),
            differences: self.differences.iter().map(DifferenceObject::from).collect(),
            expectations: self.checked.iter().map(ExpectationObject::from).collect(),
            ignored: Ignored::from(self.watch),
            silence: self.silence.iter().map(ToString::to_string).collect(),
            findings: findings(self.silence),
            transaction: self.place.transaction(),
        }
    }

    fn text(&self, out: &mut Styled) {
        let offers = self.offers.iter().enumerate().filter(|_| !self.shown);
        for (index, one) in offers {
            offer(
                index,
                one,
                self.vendors.get(index).and_then(Option::as_deref),
                &self.place,
                self.verbose,
                out,
            );
        }
        if !self.differences.is_empty() {
            out.text("\n");
            write_differences(self.differences, self.width, out);
        }
        if !self.checked.is_empty() {
            if !self.offers.is_empty() {
                out.text("\n");
            }
            expect::text(self.checked, out);
        }
        self.place.draw(out);
    }
}

/// Tells the offer with this index, from 0: from `verbose` 1 every field and option, from 2 every byte.
pub fn offer(
    index: usize,
    offer: &Answer,
    vendor: Option<&str>,
    place: &Place<'_>,
    verbose: u8,
    out: &mut Styled,
) {
    if index > 0 {
        out.text("\n");
    }
    block(offer, vendor, place, out);
    if verbose > 0 {
        let number = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
        answers::detail(offer, number, place, verbose > 1, out);
    }
}

/// Why clients will not accept an answer.
fn unacceptable(answer: &Answer) -> Vec<String> {
    refusals(answer).iter().map(ToString::to_string).collect()
}

/// A cause of silence that has a code, as `doctor` says it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CauseObject {
    code: &'static str,
    severity: &'static str,
    message: String,
    advice: &'static str,
}

pub(super) fn findings(silence: &[Finding]) -> Vec<CauseObject> {
    let sign = |finding: &Finding| Sign::of(finding.code()?, finding.to_string());
    let object = |sign: Sign| CauseObject {
        code: sign.code,
        severity: sign.severity.name(),
        message: sign.summary,
        advice: sign.advice,
    };
    silence.iter().filter_map(sign).map(object).collect()
}

/// The object of `discover`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoverObject<'a> {
    r#type: &'static str,
    interface: String,
    client: ClientObject,
    sent: u32,
    waited_ms: Millis,
    #[schemars(with = "Vec<OfferObject>")]
    offers: Offers<'a>,
    differences: Vec<DifferenceObject>,
    expectations: Vec<ExpectationObject>,
    ignored: Ignored,
    silence: Vec<String>,
    findings: Vec<CauseObject>,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionObject>,
}

/// The offers, made into objects one after the other while they are written: each may be as large as a datagram.
#[derive(Debug)]
struct Offers<'a>(&'a Discovery<'a>);

impl Serialize for Offers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let vendors = self.0.vendors.iter().cloned().chain(std::iter::repeat(None));
        let offers = self.0.offers.iter().zip(1..).zip(vendors);
        serializer.collect_seq(
            offers.map(|((offer, number), vendor)| OfferObject::new(offer, number, vendor, &self.0.place)),
        )
    }
}

/// The client as it presented itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClientObject {
    mac: String,
    xid: String,
}

impl ClientObject {
    fn new(mac: &str, xid: Xid) -> Self {
        Self { mac: mac.to_owned(), xid: xid.to_string() }
    }
}

/// Who sent an answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SenderObject<I, A> {
    pub(in crate::output) server_id: Option<I>,
    pub(in crate::output) source_ip: Option<A>,
    pub(in crate::output) source_mac: Option<String>,
}

impl From<&Answer> for SenderObject<Ipv4Addr, Ipv4Addr> {
    fn from(answer: &Answer) -> Self {
        Self {
            server_id: answer.server_id(),
            source_ip: answer.source_ip,
            source_mac: answer.source_mac.map(|mac| mac.to_string()),
        }
    }
}

/// How long an answer took: since the latest transmission of its question, and since the first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AfterObject {
    latency_ms: Option<Millis>,
    since_first_ms: Option<Millis>,
}

impl AfterObject {
    /// Of nanoseconds.
    pub(in crate::output) fn new(latency: Option<i64>, since_first: Option<i64>) -> Self {
        Self { latency_ms: latency.map(Millis), since_first_ms: since_first.map(Millis) }
    }
}

/// An offer in the object of `discover`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OfferObject {
    #[serde(flatten)]
    sender: SenderObject<Ipv4Addr, Ipv4Addr>,
    address: Option<Ipv4Addr>,
    #[serde(flatten)]
    after: AfterObject,
    vendor: Option<String>,
    request_number: u32,
    copies: u32,
    other_addresses: Vec<Ipv4Addr>,
    lease_time: Option<u32>,
    renewal_time: Option<u32>,
    rebinding_time: Option<u32>,
    subnet_mask: Option<Ipv4Addr>,
    routers: Vec<Ipv4Addr>,
    dns_servers: Vec<Ipv4Addr>,
    domain_name: Option<String>,
    server_check: Option<CheckObject>,
    unacceptable: Vec<String>,
    packet: Option<PacketObject>,
}

impl OfferObject {
    fn new(offer: &Answer, number: u64, vendor: Option<String>, place: &Place<'_>) -> Self {
        let reply = offer.reply.as_ref();
        Self {
            sender: offer.into(),
            address: reply.and_then(|reply| reply.yiaddr.specified()),
            after: AfterObject::new(offer.latency(), offer.since_first()),
            vendor,
            request_number: offer.answers,
            copies: offer.copies,
            other_addresses: offer.other_addresses.clone(),
            lease_time: reply.and_then(|reply| reply.lease_time),
            renewal_time: reply.and_then(|reply| reply.renewal_time),
            rebinding_time: reply.and_then(|reply| reply.rebinding_time),
            subnet_mask: reply.and_then(|reply| reply.subnet_mask),
            routers: reply.into_iter().flat_map(Facts::routers).collect(),
            dns_servers: reply.into_iter().flat_map(Facts::dns_servers).collect(),
            domain_name: reply.and_then(|reply| facts::text(&reply.domain_name)).map(foreign),
            server_check: offer.check.as_ref().map(CheckObject::from),
            unacceptable: unacceptable(offer),
            packet: packet(offer, number, place),
        }
    }
}

/// The server's own conflict check before it answered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckObject {
    kind: &'static str,
    ms: Millis,
}

impl From<&Check> for CheckObject {
    fn from(check: &Check) -> Self {
        Self { kind: check.kind.name(), ms: Millis(check.nanoseconds()) }
    }
}

/// A value in which servers differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DifferenceObject {
    field: String,
    values: Vec<ValueObject>,
}

/// One of the values, and the servers that say so; null where they say nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ValueObject {
    value: Option<String>,
    #[serde(serialize_with = "names")]
    #[schemars(with = "Vec<String>")]
    servers: Vec<Arc<str>>,
}

fn names<S: Serializer>(names: &[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(AsRef::<str>::as_ref))
}

impl From<&Difference> for DifferenceObject {
    fn from(difference: &Difference) -> Self {
        let values = difference.values.iter().map(|(value, servers)| ValueObject {
            value: Some(value.clone()).filter(|value| !value.is_empty()),
            servers: servers.clone(),
        });
        Self { field: difference.field.clone(), values: values.collect() }
    }
}

/// How many messages were ignored, by reason.
#[derive(Debug)]
pub struct Ignored(Vec<(&'static str, u64)>);

impl From<&Watch> for Ignored {
    fn from(watch: &Watch) -> Self {
        let count = |reason: &Reason| (reason.name(), watch.stranger(*reason).count);
        Self(Reason::ALL.iter().map(count).collect())
    }
}

impl Serialize for Ignored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, count) in &self.0 {
            map.serialize_entry(name, count)?;
        }
        map.end()
    }
}

/// A message type: its name in RFC 2132, or the number of an unknown one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum KindObject {
    /// Known.
    Name(&'static str),
    /// Unknown.
    Number(u8),
}

impl From<MessageType> for KindObject {
    fn from(kind: MessageType) -> Self {
        kind.name().map_or(Self::Number(kind.0), Self::Name)
    }
}

fn packet(answer: &Answer, number: u64, place: &Place<'_>) -> Option<PacketObject> {
    let mut object = None;
    place.record(answer, number, &mut |record| object = Some(PacketObject::new(record)));
    object
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

impl Render for Sending<'_> {
    fn object(&self) -> impl Serialize {
        SendObject {
            r#type: "send",
            interface: foreign(self.place.interface.as_bytes()),
            client: ClientObject::new(&self.mac, self.xid),
            message_type: self.kind.map(KindObject::from),
            sent: self.sent,
            waited_ms: Millis(self.waited),
            expected: self.met,
            answers: self
                .answers
                .iter()
                .zip(1..)
                .map(|(answer, number)| AnswerObject {
                    message_type: answer.kind().map(KindObject::from),
                    sender: answer.into(),
                    after: AfterObject::new(answer.latency(), answer.since_first()),
                    copies: answer.copies,
                    packet: packet(answer, number, &self.place),
                })
                .collect(),
            ignored: Ignored::from(self.watch),
            silence: self.silence.iter().map(ToString::to_string).collect(),
            findings: findings(self.silence),
            transaction: self.place.transaction(),
        }
    }

    fn text(&self, out: &mut Styled) {
        let name = self.kind.map_or_else(|| "message".to_owned(), |kind| kind.to_string().to_uppercase());
        let times = sent(self.sent);
        out.label(Label::Client, &name).text(&format!(" {} {times}\n", self.xid));
        for answer in self.answers {
            block(answer, None, &self.place, out);
        }
        self.place.draw(out);
    }
}

/// The object of `send`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SendObject {
    r#type: &'static str,
    interface: String,
    client: ClientObject,
    message_type: Option<KindObject>,
    sent: u32,
    waited_ms: Millis,
    expected: Option<bool>,
    answers: Vec<AnswerObject>,
    ignored: Ignored,
    silence: Vec<String>,
    findings: Vec<CauseObject>,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionObject>,
}

/// An answer in the object of `send`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnswerObject {
    message_type: Option<KindObject>,
    #[serde(flatten)]
    sender: SenderObject<Ipv4Addr, Ipv4Addr>,
    #[serde(flatten)]
    after: AfterObject,
    copies: u32,
    packet: Option<PacketObject>,
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
    /// ACKs and NAKs of servers that were not chosen.
    pub others: &'a [Answer],
    /// Leases that may be left behind: address and server.
    pub left: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// What else was seen.
    pub watch: &'a Watch,
    /// What may explain silence.
    pub silence: &'a [Finding],
}

impl Report<'_> {
    /// The address meant: that of the answer, else the one asked for.
    fn address(&self) -> Option<Ipv4Addr> {
        self.answer.and_then(|answer| answer.reply.as_ref()?.yiaddr.specified()).or(self.address)
    }

    /// A message without an answer was sent.
    fn one_shot(&self, out: &mut Styled) {
        let address = self.address.map(|ip| ip.to_string()).unwrap_or_default();
        let server = self.server.map(|ip| format!(" to {ip}")).unwrap_or_default();
        out.label(Label::Client, &self.command.to_uppercase())
            .text(&format!(" of {address} sent{server}; there is no answer to it\n"));
    }
}

impl Render for Report<'_> {
    fn object(&self) -> impl Serialize {
        let reply = self.answer.and_then(|answer| answer.reply.as_ref());
        RequestObject {
            r#type: self.command,
            interface: foreign(self.place.interface.as_bytes()),
            client: ClientObject::new(&self.mac, self.xid),
            state: self.state,
            outcome: self.outcome,
            latency_ms: self.answer.and_then(Answer::latency).map(Millis),
            since_first_ms: self.answer.and_then(Answer::since_first).map(Millis),
            sent: self.sent,
            server_id: self.answer.and_then(Answer::server_id).or(self.server),
            address: self.address(),
            lease_time: reply.and_then(|reply| reply.lease_time),
            renewal_time: reply.and_then(|reply| reply.renewal_time),
            rebinding_time: reply.and_then(|reply| reply.rebinding_time),
            message: reply.and_then(|reply| facts::text(&reply.message)).map(foreign),
            source_ip: self.answer.and_then(|answer| answer.source_ip),
            source_mac: self.answer.and_then(|answer| answer.source_mac).map(|mac| mac.to_string()),
            discovers_sent: self.discovers,
            offer: self.offer.map(ChosenObject::from),
            conflict: self.conflict.map(ConflictObject::from),
            declined: self.declined,
            released: self.released,
            departures: self.departures.clone(),
            unacceptable: self.answer.map(unacceptable).unwrap_or_default(),
            others: self.others.iter().map(OtherObject::from).collect(),
            not_given_back: self
                .left
                .iter()
                .map(|(address, server_id)| LeftObject { address: *address, server_id: *server_id })
                .collect(),
            ignored: Ignored::from(self.watch),
            silence: self.silence.iter().map(ToString::to_string).collect(),
            findings: findings(self.silence),
            packet: self.answer.and_then(|answer| packet(answer, 1, &self.place)),
            transaction: self.place.transaction(),
        }
    }

    fn text(&self, out: &mut Styled) {
        if self.outcome == "sent" {
            self.one_shot(out);
            return self.place.draw(out);
        }
        if let Some(offer) = self.offer {
            let line = answers::latency_sentence(offer).unwrap_or_default();
            let server = offer.server_id().or(offer.source_ip).map(|ip| ip.to_string()).unwrap_or_default();
            out.label(Label::Dim, &format!("{line}, from {server}")).text("\n");
        }
        if let Some(answer) = self.answer {
            block(answer, None, &self.place, out);
        }
        let address = self.address().map(|ip| ip.to_string()).unwrap_or_default();
        match self.conflict {
            Some(Some(mac)) => {
                out.label(Label::Error, "conflict").text(&format!(": {address} is in use by {mac}"));
                out.text(if self.declined { "; declined\n" } else { "\n" });
            }
            Some(None) => {
                out.label(Label::Good, "no conflict").text(&format!(": nobody answered ARP for {address}\n"));
            }
            None => {}
        }
        if self.released {
            // What was asked for may have been bound without an ACK that was seen.
            let offered = || self.offer?.reply.as_ref()?.yiaddr.specified();
            let address = self.address().or_else(offered).map(|ip| ip.to_string()).unwrap_or_default();
            out.text(&format!("{address} given back (RELEASE)\n"));
        }
        self.place.draw(out);
    }
}

/// The object of `request`, `release`, `decline` and `inform`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RequestObject {
    r#type: &'static str,
    interface: String,
    client: ClientObject,
    state: Option<&'static str>,
    outcome: &'static str,
    latency_ms: Option<Millis>,
    since_first_ms: Option<Millis>,
    sent: u32,
    server_id: Option<Ipv4Addr>,
    address: Option<Ipv4Addr>,
    lease_time: Option<u32>,
    renewal_time: Option<u32>,
    rebinding_time: Option<u32>,
    message: Option<String>,
    source_ip: Option<Ipv4Addr>,
    source_mac: Option<String>,
    discovers_sent: u32,
    offer: Option<ChosenObject>,
    conflict: Option<ConflictObject>,
    declined: bool,
    released: bool,
    departures: Vec<String>,
    unacceptable: Vec<String>,
    others: Vec<OtherObject>,
    not_given_back: Vec<LeftObject>,
    ignored: Ignored,
    silence: Vec<String>,
    findings: Vec<CauseObject>,
    packet: Option<PacketObject>,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionObject>,
}

/// What a server said that was not chosen.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OtherObject {
    message_type: Option<&'static str>,
    #[serde(flatten)]
    sender: SenderObject<Ipv4Addr, Ipv4Addr>,
    address: Option<Ipv4Addr>,
    message: Option<String>,
    copies: u32,
}

impl From<&Answer> for OtherObject {
    fn from(other: &Answer) -> Self {
        let reply = other.reply.as_ref();
        Self {
            message_type: other.kind().and_then(MessageType::name),
            sender: other.into(),
            address: reply.and_then(|reply| reply.yiaddr.specified()),
            message: reply.and_then(|reply| facts::text(&reply.message)).map(foreign),
            copies: other.copies,
        }
    }
}

/// A lease that may be left behind.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftObject {
    address: Ipv4Addr,
    server_id: Ipv4Addr,
}

/// The OFFER that a REQUEST took up.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChosenObject {
    #[serde(flatten)]
    sender: SenderObject<Ipv4Addr, Ipv4Addr>,
    address: Option<Ipv4Addr>,
    #[serde(flatten)]
    after: AfterObject,
    server_check: Option<CheckObject>,
}

impl From<&Answer> for ChosenObject {
    fn from(offer: &Answer) -> Self {
        Self {
            sender: offer.into(),
            address: offer.reply.as_ref().and_then(|reply| reply.yiaddr.specified()),
            after: AfterObject::new(offer.latency(), offer.since_first()),
            server_check: offer.check.as_ref().map(CheckObject::from),
        }
    }
}

/// Who uses the address, or false where nobody answered for it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ConflictObject {
    /// The hardware address of who does.
    Mac(String),
    /// Nobody.
    Free(bool),
}

impl From<Option<Mac>> for ConflictObject {
    fn from(who: Option<Mac>) -> Self {
        who.map_or(Self::Free(false), |mac| Self::Mac(mac.to_string()))
    }
}
