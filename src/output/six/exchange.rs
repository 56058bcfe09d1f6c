//! What `request`, `release`, `decline` and `inform` with `-6` found.

use std::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::Serialize;

use super::record;
use super::text::{block, findings, latency_sentence, server_name};
use super::{
    CheckObject6, Client6, ClientObject6, FindingObject, IaObject, Ignored6, Lead, NameObject, OfferObject6,
    status,
};
use crate::analysis::findings6::Finding6;
use crate::engine::v6::exchange::Tested;
use crate::engine::v6::recipe::IaWish;
use crate::engine::v6::station::Answer6;
use crate::engine::v6::watch::Watch6;
use crate::output::answers::Place;
use crate::output::json::object::{Millis, PacketObject, TransactionObject6, foreign};
use crate::output::render::Render;
use crate::output::senders::ConflictObject;
use crate::output::styled::{Label, Styled};
use crate::wire::v6::{Duid, Facts};

/// Everything that was found.
#[derive(Debug)]
pub struct Report6<'a> {
    /// The command's name.
    pub command: &'static str,
    /// Where.
    pub place: Place<'a>,
    /// Who asked.
    pub client: Client6,
    /// The client's state, for a request.
    pub state: Option<&'static str>,
    /// The lease was bound by rapid commit.
    pub rapid_commit: bool,
    /// ack, partial, nak, timeout.
    pub outcome: &'static str,
    /// Messages of the command sent.
    pub sent: u32,
    /// SOLICITs sent before.
    pub solicits: u32,
    /// The server meant, when no answer says.
    pub server: Option<Duid>,
    /// The addresses meant, when no answer says.
    pub addresses: Vec<Ipv6Addr>,
    /// The prefixes meant, when no answer says.
    pub prefixes: Vec<String>,
    /// The ADVERTISE that was taken.
    pub offer: Option<&'a Answer6>,
    /// The REPLY, or the ADVERTISE that refuses.
    pub answer: Option<&'a Answer6>,
    /// Whether somebody uses an address: not looked at, free, or who uses it.
    pub conflict: Tested,
    /// A DECLINE was sent.
    pub declined: bool,
    /// What was bound was given back, and the server said so.
    pub released: bool,
    /// In what the REPLY departs from what was advertised or held, in words.
    pub departures: Vec<String>,
    /// Leases that may be left behind, by server.
    pub left: Vec<(&'a Duid, &'a [IaWish])>,
    /// What does not fit together.
    pub findings: Vec<Finding6>,
    /// What else was seen.
    pub watch: &'a Watch6,
    /// What may explain silence.
    pub silence: Vec<String>,
    /// From 1 every field and option of the answer, from 2 every byte.
    pub verbose: u8,
}

impl Render for Report6<'_> {
    fn object(&self) -> impl Serialize {
        let answer = self.answer;
        let empty = Facts::default();
        let facts = answer.map(Answer6::facts);
        let facts = facts.as_ref().unwrap_or(&empty);
        let lead = Lead::of(facts);
        let (code, message) = status(facts.failure().or(facts.status));
        let told = !lead.addresses.is_empty() || !lead.prefixes.is_empty();
        RequestObject6 {
            r#type: self.command,
            protocol: "dhcpv6",
            interface: foreign(self.place.interface.as_bytes()),
            client: (&self.client).into(),
            state: self.state,
            rapid_commit: self.rapid_commit,
            outcome: self.outcome,
            latency_ms: answer.and_then(Answer6::latency).map(Millis),
            since_first_ms: answer.and_then(Answer6::since_first).map(Millis),
            sent: self.sent,
            discovers_sent: self.solicits,
            server_id: answer
                .and_then(Answer6::server)
                .or_else(|| self.server.clone())
                .map(|duid| duid.to_string()),
            message_type: answer.map(|answer| answer.kind().into()),
            address: lead.address.or_else(|| self.addresses.first().copied().filter(|_| !told)),
            addresses: if told { lead.addresses } else { self.addresses.clone() },
            prefixes: if told { lead.prefixes } else { self.prefixes.clone() },
            lease_time: lead.lease_time,
            preferred_lifetime: lead.preferred_lifetime,
            renewal_time: lead.renewal_time,
            rebinding_time: lead.rebinding_time,
            status: code,
            message,
            ias: facts.ias.iter().map(IaObject::from).collect(),
            dns_servers: facts.dns_servers().collect(),
            domain_search: facts.domain_search().iter().map(|name| foreign(name)).collect(),
            refresh_time: facts.refresh_time,
            preference: facts.preference,
            source_ip: answer.and_then(|answer| answer.source_ip),
            source_mac: answer.and_then(|answer| answer.source_mac).map(|mac| mac.to_string()),
            server_check: answer.and_then(|answer| answer.check.as_ref()).map(CheckObject6::from),
            offer: self.offer.map(|offer| OfferObject6::new(offer, 1, None, &self.place)),
            conflict: match self.conflict {
                Tested::Not => None,
                Tested::Free => Some(None.into()),
                Tested::InUse(_, mac) => Some(Some(mac).into()),
            },
            declined: self.declined,
            released: self.released,
            departures: self.departures.clone(),
            not_given_back: self.left.iter().flat_map(|(server, ias)| LeftObject6::of(server, ias)).collect(),
            findings: self.findings.iter().map(FindingObject::from).collect(),
            ignored: self.watch.into(),
            silence: self.silence.clone(),
            packet: answer.and_then(|answer| record::packet(answer, 1, &self.place)),
            transaction: self.place.transaction().map(TransactionObject6),
        }
    }

    fn text(&self, out: &mut Styled) {
        if let Some(offer) = self.offer.filter(|offer| self.answer != Some(*offer)) {
            let after = latency_sentence(offer).unwrap_or_default();
            out.label(Label::Dim, &format!("advertise after {after}, from {}", server_name(offer)))
                .text("\n");
        }
        self.given_up(out);
        if let Some(answer) = self.answer {
            block(answer, None, &self.place, out);
            if self.verbose > 0 {
                record::detail(answer, 1, &self.place, self.verbose > 1, out);
            }
        }
        match self.conflict {
            Tested::InUse(address, mac) => {
                out.label(Label::Error, "conflict").text(&format!(": {address} is in use by {mac}"));
                out.text(if self.declined { "; declined\n" } else { "\n" });
            }
            Tested::Free => {
                out.label(Label::Good, "no conflict").text(": nobody answered for what was given\n");
            }
            Tested::Not => {}
        }
        if self.released {
            out.text("given back (RELEASE), and the server said so\n");
        }
        if !self.findings.is_empty() {
            if self.answer.is_some() || self.offer.is_some() {
                out.text("\n");
            }
            findings(&self.findings, out);
        }
        self.place.draw(out);
    }
}

impl Report6<'_> {
    /// What became of what was to be given back or declined, in one sentence.
    fn given_up(&self, out: &mut Styled) {
        let done = match self.command {
            "release" => "given back",
            "decline" => "declined",
            _ => return,
        };
        let Some(answer) = self.answer.filter(|_| self.outcome == "ack") else { return };
        let addresses = self.addresses.iter().map(ToString::to_string);
        let what: Vec<String> = addresses.chain(self.prefixes.iter().cloned()).collect();
        out.label(Label::Good, done).text(&format!(": {}; the server said so", what.join(", ")));
        if let Some(after) = latency_sentence(answer) {
            out.text(&format!(" after {after}"));
        }
        out.text("\n");
    }
}

/// The object of `request`, `release`, `decline` and `inform` with `-6`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RequestObject6 {
    r#type: &'static str,
    protocol: &'static str,
    interface: String,
    client: ClientObject6,
    state: Option<&'static str>,
    rapid_commit: bool,
    /// ack, partial, nak or timeout.
    outcome: &'static str,
    latency_ms: Option<Millis>,
    since_first_ms: Option<Millis>,
    sent: u32,
    discovers_sent: u32,
    server_id: Option<String>,
    message_type: Option<NameObject>,
    address: Option<Ipv6Addr>,
    addresses: Vec<Ipv6Addr>,
    prefixes: Vec<String>,
    lease_time: Option<u32>,
    preferred_lifetime: Option<u32>,
    renewal_time: Option<u32>,
    rebinding_time: Option<u32>,
    status: Option<NameObject>,
    message: Option<String>,
    ias: Vec<IaObject>,
    dns_servers: Vec<Ipv6Addr>,
    domain_search: Vec<String>,
    refresh_time: Option<u32>,
    preference: Option<u8>,
    source_ip: Option<Ipv6Addr>,
    source_mac: Option<String>,
    server_check: Option<CheckObject6>,
    offer: Option<OfferObject6>,
    conflict: Option<ConflictObject>,
    declined: bool,
    released: bool,
    departures: Vec<String>,
    not_given_back: Vec<LeftObject6>,
    findings: Vec<FindingObject>,
    ignored: Ignored6,
    silence: Vec<String>,
    packet: Option<PacketObject>,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionObject6>,
}

/// A lease that may be left behind: an address or a prefix.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftObject6 {
    address: Option<Ipv6Addr>,
    prefix: Option<String>,
    server_id: String,
}

impl LeftObject6 {
    /// Those of a server.
    fn of(server: &Duid, ias: &[IaWish]) -> impl Iterator<Item = Self> {
        let server_id = server.to_string();
        let leases = ias.iter().flat_map(|ia| {
            let addresses = ia.addresses.iter().map(|address| (Some(*address), None));
            addresses.chain(ia.prefixes.iter().map(|prefix| (None, Some(prefix.to_string()))))
        });
        leases.map(move |(address, prefix)| Self { address, prefix, server_id: server_id.clone() })
    }
}
