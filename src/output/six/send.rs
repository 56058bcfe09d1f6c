//! What came of a message of DHCPv6 or router discovery that was sent.

use std::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::Serialize;

use super::record;
use super::text::{block, router_block};
use super::{Client6, ClientObject6, Ignored6, NameObject};
use crate::engine::v6::station::Answer6;
use crate::engine::v6::watch::Watch6;
use crate::output::answers::Place;
use crate::output::json::object::{Millis, PacketObject, TransactionObject6, foreign};
use crate::output::render::Render;
use crate::output::senders::{AfterObject, SenderObject};
use crate::output::styled::{Label, Styled};
use crate::output::words::sent;
use crate::wire::frame::Protocol;
use crate::wire::v6::{MessageType, Packet};

/// Everything that was found.
#[derive(Debug)]
pub struct Sending6<'a> {
    /// Where.
    pub place: Place<'a>,
    /// Who asked.
    pub client: Client6,
    /// It is a message of router discovery.
    pub router: bool,
    /// The message type, the outermost one; none where there is not even that.
    pub kind: Option<MessageType>,
    /// Its name in capitals.
    pub name: String,
    /// How often it was sent.
    pub sent: u32,
    /// How long was waited, nanoseconds.
    pub waited: i64,
    /// The answers.
    pub answers: &'a [Answer6],
    /// Whether what was expected came.
    pub met: Option<bool>,
    /// What else was seen.
    pub watch: &'a Watch6,
    /// What may explain silence.
    pub silence: Vec<String>,
    /// That it was sent need not be said.
    pub quiet: bool,
}

/// What an answer is, the outermost message.
fn kind_of(answer: &Answer6) -> NameObject {
    if answer.protocol == Protocol::Icmpv6 {
        return NameObject::Name("router-advertisement");
    }
    Packet::new(&answer.payload).message_type().unwrap_or_default().into()
}

impl Render for Sending6<'_> {
    fn object(&self) -> impl Serialize {
        let router = self.kind.map(|kind| match kind.0 {
            133 => NameObject::Name("router-solicitation"),
            134 => NameObject::Name("router-advertisement"),
            other => NameObject::Number(other.into()),
        });
        SendObject6 {
            r#type: "send",
            protocol: if self.router { "ra" } else { "dhcpv6" },
            interface: foreign(self.place.interface.as_bytes()),
            client: (&self.client).into(),
            message_type: if self.router { router } else { self.kind.map(NameObject::from) },
            sent: self.sent,
            waited_ms: Millis(self.waited),
            expected: self.met,
            answers: self
                .answers
                .iter()
                .zip(1..)
                .map(|(answer, number)| AnswerObject6 {
                    message_type: kind_of(answer),
                    sender: SenderObject {
                        server_id: answer
                            .server()
                            .filter(|_| answer.protocol == Protocol::Dhcpv6)
                            .map(|duid| duid.to_string()),
                        source_ip: answer.source_ip,
                        source_mac: answer.source_mac.map(|mac| mac.to_string()),
                    },
                    after: AfterObject::new(answer.latency(), answer.since_first()),
                    copies: answer.copies,
                    packet: record::packet(answer, number, &self.place),
                })
                .collect(),
            ignored: self.watch.into(),
            silence: self.silence.clone(),
            transaction: self.place.transaction().map(TransactionObject6),
        }
    }

    fn text(&self, out: &mut Styled) {
        let times = sent(self.sent);
        let xid = if self.router { String::new() } else { format!(" {:#08x}", self.client.xid) };
        if !self.quiet {
            out.label(Label::Client, &self.name).text(&format!("{xid} {times}\n"));
        }
        for answer in self.answers {
            if answer.protocol == Protocol::Icmpv6 {
                router_block(answer, None, &self.place, out);
            } else {
                block(answer, None, &self.place, out);
            }
        }
        self.place.draw(out);
    }
}

/// The object of `send -6`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SendObject6 {
    r#type: &'static str,
    /// dhcpv6, or ra for router discovery.
    protocol: &'static str,
    interface: String,
    client: ClientObject6,
    message_type: Option<NameObject>,
    sent: u32,
    waited_ms: Millis,
    expected: Option<bool>,
    answers: Vec<AnswerObject6>,
    ignored: Ignored6,
    silence: Vec<String>,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionObject6>,
}

/// An answer in the object of `send -6`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnswerObject6 {
    message_type: NameObject,
    #[serde(flatten)]
    sender: SenderObject<String, Ipv6Addr>,
    #[serde(flatten)]
    after: AfterObject,
    copies: u32,
    packet: Option<PacketObject>,
}
