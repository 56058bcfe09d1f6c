//! The objects `client` and `clients`.

use std::net::IpAddr;

use super::clients::{About, counts, servers};
use super::parts::{Dhcpv6, Names, Place, whole};
use super::unjoined::NotJoined;
use crate::analysis::transaction::{ClientRecord, Clients, Status, Whose};
use crate::output::json::told::{
    Hardware, Hex, Known, Milliseconds, Moment, Own, ToJson, Word, object, words,
};

words! {
    /// What the object is.
    enum ClientType {
        /// A client.
        Client = "client",
    }
}

words! {
    /// What the object is.
    enum ClientsType {
        /// The summary behind the clients.
        Clients = "clients",
    }
}

object! {
    /// A client, and how it fares.
    #[schemars(rename = "Client")]
    pub struct ClientObject<'a> {
        /// What the object is.
        r#type: ClientType,
        #[schemars(flatten)]
        common: Common<'a, ClientId<'a>>,
        #[schemars(flatten)]
        record: Record<'a>,
    }
}

object! {
    /// What a client of DHCPv4 is told apart by.
    part struct ClientId<'a> {
        /// Its client identifier, in hexadecimal.
        client_id: Option<Hex<'a>>,
    }
}

impl<'a> ClientObject<'a> {
    /// Of a client of DHCPv4 whose network card `vendor` made.
    pub(super) fn new(client: &'a ClientRecord, vendor: Option<&'a str>) -> Self {
        let client_id = client.texts.client_id.as_deref().map(Hex);
        Self {
            r#type: ClientType::Client,
            common: Common::new(client, ClientId { client_id }, vendor),
            record: Record::new(client),
        }
    }
}

object! {
    /// A client of DHCPv6, and how it fares.
    #[schemars(rename = "Client6")]
    pub struct ClientObject6<'a> {
        /// What the object is.
        r#type: ClientType,
        /// Which protocol; objects of DHCPv4 have no such field.
        protocol: Dhcpv6,
        #[schemars(flatten)]
        common: Common<'a, ClientId6<'a>>,
        /// Its addresses.
        addresses: Vec<IpAddr>,
        /// Its prefixes.
        prefixes: Vec<Own<String>>,
        #[schemars(flatten)]
        record: Record<'a>,
    }
}

object! {
    /// What a client of DHCPv6 is told apart by.
    part struct ClientId6<'a> {
        /// Its DUID, in hexadecimal.
        duid: Option<Hex<'a>>,
    }
}

impl<'a> ClientObject6<'a> {
    /// Of a client of DHCPv6 whose network card `vendor` made.
    pub(super) fn new(client: &'a ClientRecord, vendor: Option<&'a str>) -> Self {
        let duid = client.texts.client_id.as_deref().map(Hex);
        let addresses = client.leases.iter().filter(|(_, length)| length.is_none());
        Self {
            r#type: ClientType::Client,
            protocol: Dhcpv6::Dhcpv6,
            common: Common::new(client, ClientId6 { duid }, vendor),
            addresses: addresses.map(|(address, _)| *address).collect(),
            prefixes: client.prefixes().map(|(prefix, length)| Own(format!("{prefix}/{length}"))).collect(),
            record: Record::new(client),
        }
    }
}

object! {
    /// How a client fares, who and where it is, and whom it reached.
    part struct Common<'a, I> where I: ToJson {
        /// How it fares.
        status: Fares,
        /// Its hardware address.
        mac: Option<Hardware>,
        #[schemars(flatten)]
        id: I,
        #[schemars(flatten)]
        names: Names<'a>,
        #[schemars(flatten)]
        place: Place<'a>,
        /// Relays that it is behind.
        relays: &'a [IpAddr],
        /// Servers that answered it; those of DHCPv6 by their DUIDs.
        servers: Vec<String>,
        /// Its address; of DHCPv6 the first.
        address: Option<IpAddr>,
        /// The addresses and prefixes that it had and gave back.
        given_back: Vec<Own<String>>,
    }
}

impl<'a, I> Common<'a, I> {
    fn new(client: &'a ClientRecord, id: I, vendor: Option<&'a str>) -> Self {
        let texts = &client.texts;
        Self {
            status: client.status().into(),
            mac: client.mac.map(Hardware),
            id,
            names: Names::of(texts.hostname.as_deref(), texts.vendor_class.as_deref(), vendor),
            place: Place::new(texts.interface.as_deref(), client.vlans()),
            relays: client.relays(),
            servers: client.servers.iter().map(Whose::id).collect(),
            address: client.address(),
            given_back: client.given_back().iter().map(|lease| Own(lease_text(lease))).collect(),
        }
    }
}

/// An address, or a prefix with its length.
pub(in crate::output) fn lease_text((ip, length): &(IpAddr, Option<u8>)) -> String {
    length.map_or_else(|| ip.to_string(), |length| format!("{ip}/{length}"))
}

words! {
    /// How a client fares.
    enum Fares {
        /// It has an address, and nothing is said of it.
        Ok = "ok",
        /// It has no usable address, or lost it.
        Failed = "failed",
        /// It has one, with a warning or an error.
        Odd = "odd",
    }
}

impl From<Status> for Fares {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::Failed => Self::Failed,
            Status::Odd => Self::Odd,
        }
    }
}

object! {
    /// What a client did.
    part struct Record<'a> {
        /// Messages of it and to it.
        messages: u64,
        /// How often it asked.
        tries: u64,
        /// When it was seen first.
        first_seen: Option<Moment>,
        /// When it was seen last.
        last_seen: Option<Moment>,
        /// Between these two.
        for_ms: Option<Milliseconds>,
        /// From DISCOVER to OFFER, from SOLICIT to ADVERTISE.
        offer_ms: Option<Milliseconds>,
        /// From REQUEST to ACK, of DHCPv6 from the request to the REPLY.
        ack_ms: Option<Milliseconds>,
        /// Why it fares so, in a sentence; null where all is well.
        why: Option<String>,
        /// Codes said of it, worst first.
        codes: Vec<Word>,
        /// The numbers of its exchanges.
        transactions: &'a [u64],
    }
}

impl<'a> Record<'a> {
    fn new(client: &'a ClientRecord) -> Self {
        let times = client.times();
        Self {
            messages: client.messages(),
            tries: client.tries(),
            first_seen: times.map(|(first, _)| whole(first)),
            last_seen: times.map(|(_, last)| whole(last)),
            for_ms: times.map(|(first, last)| Milliseconds(last.saturating_sub(first))),
            offer_ms: client.delays().0.map(Milliseconds),
            ack_ms: client.delays().1.map(Milliseconds),
            why: client.why(),
            codes: client.codes().iter().map(|(_, code)| Word(code)).collect(),
            transactions: &client.transactions,
        }
    }
}

object! {
    /// The summary behind the clients.
    #[schemars(rename = "Clients")]
    pub struct ClientsObject<'a> {
        /// What the object is.
        r#type: ClientsType,
        /// The capture, as it was named; null live.
        capture: Option<&'a str>,
        /// Time of the first message.
        start: Option<Moment>,
        /// Time of the last message.
        end: Option<Moment>,
        /// How many clients there are.
        clients: usize,
        /// How many fare well.
        ok: u64,
        /// How many fail.
        failed: u64,
        /// How many are odd.
        odd: u64,
        /// All servers.
        servers: Vec<String>,
        /// Codes of the errors and warnings that no client's row tells.
        findings: &'a [&'static str],
        /// Clients beside these that look for DHCPv6 where DHCPv4 is spoken and nobody serves the other.
        #[schemars(with = "Option<usize>", skip_serializing_if = "Option::is_none")]
        dhcpv6_unserved: Known<usize>,
        /// Messages that no exchange is made of.
        not_joined: NotJoined,
    }
}

impl<'a> ClientsObject<'a> {
    /// Of all clients, which are `all`.
    pub(super) fn new(clients: &Clients, all: &[&ClientRecord], about: About<'a>) -> Self {
        let (ok, failed, odd) = counts(all);
        Self {
            r#type: ClientsType::Clients,
            capture: about.capture,
            start: clients.span.map(|(start, _)| whole(start)),
            end: clients.span.map(|(_, end)| whole(end)),
            clients: all.len(),
            ok,
            failed,
            odd,
            servers: servers(all).into_iter().map(Whose::id).collect(),
            findings: about.whole,
            dhcpv6_unserved: Known(Some(clients.unserved()).filter(|count| *count > 0)),
            not_joined: about.unjoined.into(),
        }
    }
}
