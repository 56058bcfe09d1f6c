//! What is different in how a run of each protocol is told: names of messages, addresses, servers, leases.

use serde::Serialize;

use crate::engine::load::Leased as _;
use crate::engine::load::family::Family;
use crate::engine::load::{Held, Lease4, Lease6, V4, V6};
use crate::wire::Mac;

/// What messages are called.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The offer.
    pub offer: &'static str,
    /// The answer that grants.
    pub ack: &'static str,
    /// That an exchange was refused, beside the exchange.
    pub refused: &'static str,
    /// The same where such are counted.
    pub refusals: &'static str,
}

/// A lease in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseWords {
    /// The address, the first of several.
    pub address: Option<String>,
    /// Prefixes.
    pub prefixes: Vec<String>,
    /// Who gave it.
    pub server: Option<String>,
}

impl LeaseWords {
    /// Everything leased, in one line; nothing for nothing.
    pub fn leased(&self) -> Option<String> {
        let all: Vec<&str> = self.address.iter().chain(&self.prefixes).map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }
}

/// A protocol whose runs can be told.
pub trait Told: Family {
    /// What its messages are called.
    const WORDS: Words;
    /// The name in `protocol`; none where the object has no such field.
    const NAME: Option<&'static str>;
    /// How wide a column of addresses is.
    const WIDTH: usize;

    /// A lease in words.
    fn words(&self, lease: &Self::Lease) -> LeaseWords;

    /// A lease as `release --lease` reads it.
    fn line(&self, held: &Held<Self::Lease>) -> impl Serialize;
}

impl Told for V4 {
    const WORDS: Words = Words { offer: "offer", ack: "ACK", refused: "NAK", refusals: "refused (NAK)" };
    const NAME: Option<&'static str> = None;
    const WIDTH: usize = 15;

    fn words(&self, lease: &Lease4) -> LeaseWords {
        let specified = |address: [u8; 4]| (address != [0; 4]).then(|| address4(address));
        LeaseWords {
            address: specified(lease.address),
            prefixes: Vec::new(),
            server: specified(lease.server),
        }
    }

    fn line(&self, held: &Held<Lease4>) -> impl Serialize {
        LeaseLine {
            r#type: "lease",
            outcome: "ack",
            client: LeaseClient { mac: held.mac.to_string() },
            server_id: address4(held.lease.server),
            source_mac: Mac(held.lease.server_mac).to_string(),
            address: address4(held.lease.address),
            lease_time: held.lease.lease_time,
            relay: self.relay(held.number).map(|relay| relay.to_string()),
        }
    }
}

impl Told for V6 {
    const WORDS: Words = Words { offer: "advertise", ack: "REPLY", refused: "refused", refusals: "refused" };
    const NAME: Option<&'static str> = Some("dhcpv6");
    const WIDTH: usize = 24;

    fn words(&self, lease: &Lease6) -> LeaseWords {
        let held = self.held(Mac::ZERO, lease);
        LeaseWords {
            address: held.iter().flat_map(|ia| &ia.addresses).next().map(ToString::to_string),
            prefixes: held.iter().flat_map(|ia| &ia.prefixes).map(ToString::to_string).collect(),
            server: self.servers().name(lease.server()).map(|duid| duid.to_string()),
        }
    }

    fn line(&self, held: &Held<Lease6>) -> impl Serialize {
        let ias = self.held(held.mac, &held.lease);
        let valid_lifetime = held.lease.lifetime();
        LeaseLine6 {
            r#type: "lease",
            protocol: "dhcpv6",
            outcome: "ack",
            client: LeaseClient6 { mac: held.mac.to_string(), duid: self.duid(held.mac).to_string() },
            server_id: self.servers().name(held.lease.server()).map(|duid| duid.to_string()),
            ias: ias
                .iter()
                .map(|ia| LeaseIa {
                    r#type: ia.kind.name(),
                    iaid: ia.iaid,
                    addresses: ia
                        .addresses
                        .iter()
                        .map(|address| LeaseAddress { address: address.to_string(), valid_lifetime })
                        .collect(),
                    prefixes: ia
                        .prefixes
                        .iter()
                        .map(|prefix| LeasePrefix { prefix: prefix.to_string(), valid_lifetime })
                        .collect(),
                })
                .collect(),
        }
    }
}

/// A lease of DHCPv6 as `release -6 --lease` reads it; lifetimes are the shortest of all.
#[derive(Serialize)]
struct LeaseLine6 {
    r#type: &'static str,
    protocol: &'static str,
    outcome: &'static str,
    client: LeaseClient6,
    server_id: Option<String>,
    ias: Vec<LeaseIa>,
}

#[derive(Serialize)]
struct LeaseClient6 {
    mac: String,
    duid: String,
}

#[derive(Serialize)]
struct LeaseIa {
    r#type: &'static str,
    iaid: u32,
    addresses: Vec<LeaseAddress>,
    prefixes: Vec<LeasePrefix>,
}

#[derive(Serialize)]
struct LeaseAddress {
    address: String,
    valid_lifetime: u32,
}

#[derive(Serialize)]
struct LeasePrefix {
    prefix: String,
    valid_lifetime: u32,
}

fn address4(address: [u8; 4]) -> String {
    std::net::Ipv4Addr::from(address).to_string()
}

/// A lease as `release --lease` reads it.
#[derive(Serialize)]
struct LeaseLine {
    r#type: &'static str,
    outcome: &'static str,
    client: LeaseClient,
    server_id: String,
    source_mac: String,
    address: String,
    lease_time: u32,
    relay: Option<String>,
}

#[derive(Serialize)]
struct LeaseClient {
    mac: String,
}
