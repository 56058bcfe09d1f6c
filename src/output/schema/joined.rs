//! The objects of joined messages, which a faster writer than serde writes: transactions, findings and clients.

use schemars::JsonSchema;
use serde::Serialize;

use super::Severity;
use crate::output::transaction::unjoined::NotJoined;

super::object_type!(TransactionType, Transaction, "An exchange.");
super::object_type!(FindingType, Finding, "Something that several exchanges show.");
super::object_type!(ClientType, Client, "A client.");
super::object_type!(ClientsType, Clients, "The summary behind the clients.");

/// An exchange of a client with servers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Transaction {
    /// What the object is.
    pub r#type: TransactionType,
    /// Its number, from 1, in the order in which exchanges close.
    pub number: u64,
    /// What it was for: acquire, reboot, renew, rebind, inform, release, decline, bootp, leasequery, pxe, forcerenew, unknown.
    pub kind: String,
    /// What came of it.
    pub outcome: String,
    /// Its beginning is missing.
    pub partial: bool,
    /// It was closed early, to keep memory bounded.
    pub evicted: bool,
    /// Who asked.
    pub client: Asker,
    /// Its transaction identifiers: 0x and eight digits.
    pub xids: Vec<String>,
    /// The interface, where known.
    pub interface: Option<String>,
    /// VLAN tags, outermost first.
    pub vlans: Vec<u16>,
    /// Relays it passed.
    pub relays: Vec<String>,
    /// The server that decided it.
    pub server: Option<String>,
    /// Every server that answered.
    pub servers: Vec<Answerer>,
    /// The address it was about.
    pub address: Option<String>,
    /// The address that the client asked for.
    pub requested_address: Option<String>,
    /// Seconds that the lease runs.
    pub lease_time: Option<u32>,
    /// Seconds until renewal (T1).
    pub renewal_time: Option<u32>,
    /// Seconds until rebinding (T2).
    pub rebinding_time: Option<u32>,
    /// The subnet mask.
    pub subnet_mask: Option<String>,
    /// Routers, in the server's order.
    pub routers: Vec<String>,
    /// Time of the first message.
    pub start: String,
    /// Time of the last message.
    pub end: String,
    /// From the first message to the last.
    pub duration_ms: Option<f64>,
    /// A letter a message: D O R A N, C decline, L release, I inform, and so on.
    pub messages: String,
    /// Its messages, in order.
    pub steps: Vec<Step>,
    /// Messages that were counted and not kept.
    pub steps_left_out: u64,
    /// From DISCOVER to OFFER.
    pub offer_ms: Option<f64>,
    /// From REQUEST to ACK.
    pub ack_ms: Option<f64>,
    /// From the first message to the ACK.
    pub total_ms: Option<f64>,
    /// Messages that were sent again.
    pub retransmissions: u64,
    /// Copies of messages, seen twice or on both sides of a relay.
    pub copies: u64,
    /// The capture would have seen an answer.
    pub visible: bool,
    /// Why it was refused, in the server's words (option 56).
    pub reason: Option<String>,
    /// What is wrong or odd.
    pub problems: Vec<Remark>,
}

/// Who asked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Asker {
    /// Its hardware address.
    pub mac: Option<String>,
    /// Its client identifier, in hexadecimal.
    pub client_id: Option<String>,
    /// Its host name.
    pub hostname: Option<String>,
    /// Its vendor class.
    pub vendor_class: Option<String>,
    /// The vendor of its network card.
    pub vendor: Option<String>,
}

/// A server that answered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answerer {
    /// Its server identifier.
    pub server_id: Option<String>,
    /// Source of its messages.
    pub source_ip: Option<String>,
    /// The network card they came from.
    pub source_mac: Option<String>,
    /// The address that it offered.
    pub offered: Option<String>,
    /// From DISCOVER to its OFFER.
    pub offer_ms: Option<f64>,
    /// It acknowledged.
    pub acked: bool,
    /// It refused.
    pub refused: bool,
}

/// A message of an exchange.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Step {
    /// The frame's number.
    pub frame: u64,
    /// Its time.
    pub time: String,
    /// Since the first step.
    pub delta_ms: Option<f64>,
    /// The message type.
    pub message_type: String,
    /// first, retransmission, copy or forwarded.
    pub role: String,
    /// On which side of a relay it was seen.
    pub side: String,
    /// Its transaction identifier.
    pub xid: String,
    /// client, all, server:N (an index into `servers`), relay:ADDRESS or an address.
    pub from: String,
    /// The same of its destination.
    pub to: String,
    /// Its server identifier.
    pub server_id: Option<String>,
    /// The address it is about.
    pub address: Option<String>,
    /// Seconds that the client has been trying.
    pub secs: u16,
}

/// Something that is wrong with an exchange, or odd.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Remark {
    /// How bad it is.
    pub severity: Severity,
    /// Which code; `dhcptool explain` says more.
    pub code: String,
    /// The frames it rests on.
    pub frames: Vec<u64>,
    /// A sentence.
    pub message: String,
    /// The specification that it is judged by.
    pub reference: Option<String>,
    /// What to do.
    pub advice: String,
}

/// Something that several exchanges show.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// What the object is.
    pub r#type: FindingType,
    /// Which code; `dhcptool explain` says more.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The server it is about.
    pub server: Option<String>,
    /// The client it is about.
    pub client: Option<String>,
    /// The address it is about.
    pub address: Option<String>,
    /// The frames it rests on.
    pub frames: Vec<u64>,
    /// How often it was seen.
    pub count: u64,
    /// When it was seen first.
    pub first_seen: String,
    /// When it was seen last.
    pub last_seen: String,
    /// A sentence.
    pub message: String,
    /// The specification that it is judged by.
    pub reference: Option<String>,
    /// What to do.
    pub advice: String,
}

/// A client, and how it fares.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Client {
    /// What the object is.
    pub r#type: ClientType,
    /// How it fares.
    pub status: Fares,
    /// Its hardware address.
    pub mac: Option<String>,
    /// Its client identifier, in hexadecimal.
    pub client_id: Option<String>,
    /// Its host name.
    pub hostname: Option<String>,
    /// Its vendor class.
    pub vendor_class: Option<String>,
    /// Who made its network card.
    pub vendor: Option<String>,
    /// The interface, where known.
    pub interface: Option<String>,
    /// VLAN tags, outermost first.
    pub vlans: Vec<u16>,
    /// Relays that it is behind.
    pub relays: Vec<String>,
    /// Servers that answered it.
    pub servers: Vec<String>,
    /// Its address.
    pub address: Option<String>,
    /// Messages of it and to it.
    pub messages: u64,
    /// How often it asked.
    pub tries: u64,
    /// When it was seen first.
    pub first_seen: String,
    /// When it was seen last.
    pub last_seen: String,
    /// Between these two.
    pub for_ms: Option<f64>,
    /// From DISCOVER to OFFER.
    pub offer_ms: Option<f64>,
    /// From REQUEST to ACK.
    pub ack_ms: Option<f64>,
    /// Why it fares so, in a sentence; null where all is well.
    pub why: Option<String>,
    /// Codes said of it, worst first.
    pub codes: Vec<String>,
    /// The numbers of its exchanges.
    pub transactions: Vec<u64>,
}

/// How a client fares.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fares {
    /// It has an address, and nothing is said of it.
    Ok,
    /// It has no usable address, or lost it.
    Failed,
    /// It has one, with a warning or an error.
    Odd,
}

/// The summary behind the clients.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Clients {
    /// What the object is.
    pub r#type: ClientsType,
    /// The capture, as it was named; null live.
    pub capture: Option<String>,
    /// Time of the first message.
    pub start: Option<String>,
    /// Time of the last message.
    pub end: Option<String>,
    /// How many clients there are.
    pub clients: u64,
    /// How many fare well.
    pub ok: u64,
    /// How many fail.
    pub failed: u64,
    /// How many are odd.
    pub odd: u64,
    /// All servers.
    pub servers: Vec<String>,
    /// Clients beside these that look for DHCPv6 where DHCPv4 is spoken and nobody serves the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcpv6_unserved: Option<u64>,
    /// Messages that no exchange is made of.
    pub not_joined: NotJoined,
}
