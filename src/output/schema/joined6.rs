//! The objects of joined messages of DHCPv6, which a faster writer than serde writes.

use schemars::JsonSchema;
use serde::Serialize;

use super::joined::{ClientType, Fares, Remark, TransactionType};

super::object_type!(Dhcpv6, Dhcpv6, "DHCPv6.");

/// An exchange of DHCPv6.
#[allow(clippy::struct_excessive_bools, reason = "each is a field of the object")]
#[derive(Debug, Serialize, JsonSchema)]
pub struct Transaction6 {
    /// What the object is.
    pub r#type: TransactionType,
    /// Which protocol; objects of DHCPv4 have no such field.
    pub protocol: Dhcpv6,
    /// Its number, from 1, in the order in which exchanges close.
    pub number: u64,
    /// What it was for: acquire, renew, rebind, confirm, inform, release, decline, leasequery, reconfigure, register, unknown.
    pub kind: String,
    /// What came of it.
    pub outcome: String,
    /// Its beginning is missing.
    pub partial: bool,
    /// It was closed early, to keep memory bounded.
    pub evicted: bool,
    /// Who asked.
    pub client: Asker6,
    /// Its transaction identifiers: 0x and six digits.
    pub xids: Vec<String>,
    /// The interface, where known.
    pub interface: Option<String>,
    /// VLAN tags, outermost first.
    pub vlans: Vec<u16>,
    /// The relays next to the client: the address of its link that they say, else their own.
    pub relays: Vec<String>,
    /// The relay's interface (option 18), in hexadecimal.
    pub interface_id: Option<String>,
    /// The server that decided it: its DUID, else its address.
    pub server: Option<String>,
    /// Every server that answered.
    pub servers: Vec<Answerer6>,
    /// The first address.
    pub address: Option<String>,
    /// Addresses given, else offered, else asked for.
    pub addresses: Vec<String>,
    /// Prefixes given, else offered, else asked for.
    pub prefixes: Vec<String>,
    /// The address that the client asked for.
    pub requested_address: Option<String>,
    /// Seconds that the first lease is valid.
    pub lease_time: Option<u32>,
    /// Seconds that it is preferred.
    pub preferred_lifetime: Option<u32>,
    /// Seconds until renewal (T1).
    pub renewal_time: Option<u32>,
    /// Seconds until rebinding (T2).
    pub rebinding_time: Option<u32>,
    /// A REPLY with option 14 answered the SOLICIT.
    pub rapid_commit: bool,
    /// Every lease of its associations; an association that holds none, too.
    pub ias: Vec<Lease6>,
    /// Time of the first message.
    pub start: String,
    /// Time of the last message.
    pub end: String,
    /// From the first message to the last.
    pub duration_ms: Option<f64>,
    /// A letter a message: S A R P, M confirm, W renew, B rebind, I information-request, L release, C decline, F reconfigure,
    /// Q V leasequery and its reply, G K addr-reg-inform and its reply.
    pub messages: String,
    /// Its messages, in order.
    pub steps: Vec<Step6>,
    /// Messages that were counted and not kept.
    pub steps_left_out: u64,
    /// From SOLICIT to the first ADVERTISE that offers something.
    pub offer_ms: Option<f64>,
    /// From the last request to the REPLY that grants it; null with rapid commit.
    pub ack_ms: Option<f64>,
    /// From the first message to the REPLY that grants what was asked for.
    pub total_ms: Option<f64>,
    /// Messages that were sent again.
    pub retransmissions: u64,
    /// Copies of messages, seen twice or on both sides of a relay.
    pub copies: u64,
    /// The capture would have seen an answer.
    pub visible: bool,
    /// The latest status that is no success.
    pub status: Option<String>,
    /// Its text, in the server's words.
    pub reason: Option<String>,
    /// What is wrong or odd.
    pub problems: Vec<Remark>,
}

/// Who asked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Asker6 {
    /// Its hardware address: as its DUID, a relay or its frame tells it.
    pub mac: Option<String>,
    /// Its DUID, in hexadecimal.
    pub duid: Option<String>,
    /// Its host name (option 39).
    pub hostname: Option<String>,
    /// Its vendor class (option 16), the first.
    pub vendor_class: Option<String>,
    /// The vendor of its network card.
    pub vendor: Option<String>,
    /// The address that it asked from.
    pub address: Option<String>,
}

/// A server that answered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answerer6 {
    /// Its DUID, in hexadecimal.
    pub server_id: Option<String>,
    /// Source of its first message.
    pub source_ip: Option<String>,
    /// The network card it came from.
    pub source_mac: Option<String>,
    /// Its preference.
    pub preference: Option<u8>,
    /// The first address or prefix that it offered.
    pub offered: Option<String>,
    /// From SOLICIT to its ADVERTISE.
    pub offer_ms: Option<f64>,
    /// It granted what was asked for.
    pub acked: bool,
    /// It refused.
    pub refused: bool,
}

/// A lease of an association.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Lease6 {
    /// ia-na, ia-ta or ia-pd.
    pub ia: String,
    /// The association's identifier.
    pub iaid: u32,
    /// The address.
    pub address: Option<String>,
    /// The prefix.
    pub prefix: Option<String>,
    /// Seconds that it is preferred.
    pub preferred_lifetime: Option<u32>,
    /// Seconds that it is valid.
    pub valid_lifetime: Option<u32>,
    /// T1 of the association, seconds.
    pub t1: u32,
    /// T2 of the association, seconds.
    pub t2: u32,
    /// Its status, else that of the association.
    pub status: Option<String>,
}

/// A message of an exchange.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Step6 {
    /// The frame's number.
    pub frame: u64,
    /// Its time.
    pub time: String,
    /// Since the first step.
    pub delta_ms: Option<f64>,
    /// The message type; of a relayed message its own.
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
    /// The server that it is of, or names, by its DUID.
    pub server_id: Option<String>,
    /// The first address or prefix in it.
    pub address: Option<String>,
    /// The first status in it that is no success.
    pub status: Option<String>,
    /// Hundredths of a second that the client has been trying.
    pub elapsed: Option<u16>,
}

/// A client of DHCPv6, and how it fares.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Client6 {
    /// What the object is.
    pub r#type: ClientType,
    /// Which protocol; objects of DHCPv4 have no such field.
    pub protocol: Dhcpv6,
    /// How it fares.
    pub status: Fares,
    /// Its hardware address.
    pub mac: Option<String>,
    /// Its DUID, in hexadecimal.
    pub duid: Option<String>,
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
    /// Servers that answered it, by their DUIDs.
    pub servers: Vec<String>,
    /// Its first address.
    pub address: Option<String>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Its prefixes.
    pub prefixes: Vec<String>,
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
    /// From SOLICIT to ADVERTISE.
    pub offer_ms: Option<f64>,
    /// From the request to the REPLY.
    pub ack_ms: Option<f64>,
    /// Why it fares so, in a sentence; null where all is well.
    pub why: Option<String>,
    /// Codes said of it, worst first.
    pub codes: Vec<String>,
    /// The numbers of its exchanges.
    pub transactions: Vec<u64>,
}
