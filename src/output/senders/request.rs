//! What `request`, `release`, `decline` and `inform` found.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    AfterObject, CauseObject, CheckObject, ClientObject, Ignored, SenderObject, findings, packet,
    unacceptable,
};
use crate::engine::v4::silence::Finding;
use crate::engine::{Answer, Watch};
use crate::output::answers::{self, Place, block};
use crate::output::json::object::{Millis, PacketObject, TransactionObject, foreign};
use crate::output::render::Render;
use crate::output::styled::{Label, Styled};
use crate::wire::Mac;
use crate::wire::v4::{MessageType, Xid, facts};

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
