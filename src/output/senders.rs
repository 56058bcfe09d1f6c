//! What `discover`, `send`, `request`, `release`, `decline` and `inform` found: their objects, named as the contract names
//! their fields, and the text beside them.

mod discover;
mod request;
mod send;

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

pub use discover::{DifferenceObject, DiscoverObject, Discovery, OfferObject, ValueObject, offer};
pub use request::{ChosenObject, ConflictObject, LeftObject, OtherObject, Report, RequestObject};
pub use send::{AnswerObject, SendObject, Sending};

use crate::analysis::doctor::Sign;
use crate::engine::v4::accept::refusals;
use crate::engine::v4::silence::Finding;
use crate::engine::{Answer, Check, Reason, Watch};
use crate::output::answers::Place;
use crate::output::json::object::{Millis, PacketObject};
use crate::wire::v4::{MessageType, Xid};

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
