//! What came of a packet that was sent.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::Serialize;

use super::{AfterObject, CauseObject, ClientObject, Ignored, KindObject, SenderObject, findings, packet};
use crate::engine::v4::silence::Finding;
use crate::engine::{Answer, Watch};
use crate::output::answers::{Place, block};
use crate::output::json::object::{Millis, PacketObject, TransactionObject, foreign};
use crate::output::render::Render;
use crate::output::styled::{Label, Styled};
use crate::output::words::sent;
use crate::wire::v4::{MessageType, Xid};

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
    /// That it was sent need not be said.
    pub quiet: bool,
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
        let name = match self.kind.map(|kind| (kind.name(), kind)) {
            None => "message".to_owned(),
            Some((Some(name), _)) => name.to_uppercase(),
            Some((None, kind)) => format!("message of type {kind}"),
        };
        let times = sent(self.sent);
        if !self.quiet {
            out.label(Label::Client, &name).text(&format!(" {} {times}\n", self.xid));
        }
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
