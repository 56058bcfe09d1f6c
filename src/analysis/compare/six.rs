//! What a server of DHCPv6 gives.

use std::net::Ipv6Addr;

use super::{Field, Given, Kind, Options, decoded};
use crate::wire::HwAddr;
use crate::wire::options::{Context, v6 as opt};
use crate::wire::v6::facts::{Ia, IaKind};
use crate::wire::v6::types::mac_of_duid;
use crate::wire::v6::usable::is_usable;
use crate::wire::v6::{Facts, MessageType, Outline, Packet, Prefix6, StatusCode};

/// Codes that differ from exchange to exchange and say nothing of a server. Leases are compared by their fields.
const LEFT_OUT: [u16; 8] = [
    opt::CLIENTID,
    opt::IA_NA,
    opt::IA_TA,
    opt::IA_PD,
    opt::STATUS_CODE,
    opt::ELAPSED_TIME,
    opt::RELAY_MSG,
    opt::AUTH,
];

/// The first association of a kind.
#[derive(Clone, Copy, Debug)]
struct Lease {
    kind: IaKind,
    t1: u32,
    t2: u32,
    status: Option<StatusCode>,
    /// What is given first: address or prefix with its length, preferred and valid lifetime.
    first: Option<(Prefix6, u32, u32)>,
}

impl Lease {
    fn of(ia: &Ia<'_>) -> Self {
        let address = |lease: &crate::wire::v6::facts::Address<'_>| {
            (Prefix6::new(lease.address, 128), lease.preferred, lease.valid)
        };
        let prefix = |lease: &crate::wire::v6::facts::Delegation<'_>| {
            (Prefix6::new(lease.prefix, lease.length), lease.preferred, lease.valid)
        };
        let first = ia.addresses.first().map(address).or_else(|| ia.prefixes.first().map(prefix));
        Self { kind: ia.kind, t1: ia.t1, t2: ia.t2, status: ia.status.map(|status| status.code), first }
    }
}

/// One giving reply.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    leases: Vec<Lease>,
    options: Options,
    multicast: Option<bool>,
}

impl Given for Reply {
    type Key = (Option<Box<[u8]>>, Option<Box<[u8]>>);

    const SERVER_ID: u16 = opt::SERVERID;
    const FIELDS: &'static [Field<Self>] = FIELDS;

    fn options(&self) -> &Options {
        &self.options
    }

    fn is_left_out(code: u16) -> bool {
        LEFT_OUT.contains(&code)
    }

    fn drifts(_: u16) -> bool {
        false
    }

    fn name(code: u16) -> Option<&'static str> {
        opt::SPACE.name_of(code)
    }

    fn shown(code: u16, raw: &[u8]) -> String {
        decoded(&opt::SPACE, code, raw, &Context { depth: 1, lax: true, ..Context::default() })
    }
}

/// What is compared of a message, `None` when it gives nothing, or not to `client`.
#[allow(clippy::type_complexity, reason = "what the message is, whose it is, and what it says")]
pub(super) fn read(
    bytes: &[u8],
    multicast: Option<bool>,
    client: Option<HwAddr>,
) -> Option<(Kind, <Reply as Given>::Key, Reply)> {
    let packet = Packet::new(bytes);
    let mut outline = Outline::default();
    outline.read(&packet, bytes.len(), false);
    let facts = Facts::read(&packet, &outline);
    if client.is_some_and(|client| hardware(&facts) != Some(client)) {
        return None;
    }
    let usable = facts.ias.iter().any(is_usable);
    let mut options = Options::new();
    for span in outline.options(outline.innermost()).iter().filter(|span| !span.is_truncated()) {
        options.entry(span.code).or_default().push(span.data(&packet).to_vec());
    }
    let says = |code: &u16| !LEFT_OUT.contains(code) && *code != opt::SERVERID;
    let kind = match facts.kind {
        MessageType::ADVERTISE if usable => Kind::Offer,
        MessageType::REPLY if usable => Kind::Final,
        // A REPLY that only says how it went gives nothing.
        MessageType::REPLY if facts.ias.is_empty() && options.keys().any(says) => Kind::Stateless,
        _ => return None,
    };
    let mut leases: Vec<Lease> = Vec::new();
    for ia in &facts.ias {
        if leases.iter().all(|lease| lease.kind != ia.kind) {
            leases.push(Lease::of(ia));
        }
    }
    let key = (facts.server_id.map(Box::from), facts.client_id.map(Box::from));
    Some((kind, key, Reply { leases, options, multicast }))
}

/// The client's hardware address: of its DUID, else as the relay next to it says.
fn hardware(facts: &Facts<'_>) -> Option<HwAddr> {
    let relayed = || facts.relays.last().and_then(|relay| relay.client);
    facts.client_id.and_then(mac_of_duid).or_else(relayed).map(HwAddr::from_slice)
}

fn lease(given: &Reply, kind: IaKind) -> Option<&Lease> {
    given.leases.iter().find(|lease| lease.kind == kind)
}

fn time(given: &Reply, kind: IaKind, value: fn(&Lease) -> Option<u32>) -> Option<String> {
    lease(given, kind).and_then(value).map(|seconds| seconds.to_string())
}

fn status(given: &Reply, kind: IaKind) -> Option<String> {
    let status = lease(given, kind)?.status.filter(|status| *status != StatusCode::SUCCESS);
    status.map(|status| status.to_string())
}

/// The prefix of 64 bits that an address lies in: most links have such.
fn subnet(address: Ipv6Addr) -> String {
    Prefix6::new(address, 64).masked().to_string()
}

const NA: IaKind = IaKind::Na;
const PD: IaKind = IaKind::Pd;

const FIELDS: &[Field<Reply>] = &[
    Field::new("header", "sent", |given| {
        given.multicast.map(|multicast| if multicast { "multicast" } else { "unicast" }.to_owned())
    }),
    Field::time("lease", "ia-na t1", |given| time(given, NA, |lease| Some(lease.t1))),
    Field::time("lease", "ia-na t2", |given| time(given, NA, |lease| Some(lease.t2))),
    Field::time("lease", "ia-na preferred lifetime", |given| time(given, NA, |lease| Some(lease.first?.1))),
    Field::time("lease", "ia-na valid lifetime", |given| time(given, NA, |lease| Some(lease.first?.2))),
    Field::new("lease", "ia-na status", |given| status(given, NA)),
    Field::time("lease", "ia-pd t1", |given| time(given, PD, |lease| Some(lease.t1))),
    Field::time("lease", "ia-pd t2", |given| time(given, PD, |lease| Some(lease.t2))),
    Field::time("lease", "ia-pd preferred lifetime", |given| time(given, PD, |lease| Some(lease.first?.1))),
    Field::time("lease", "ia-pd valid lifetime", |given| time(given, PD, |lease| Some(lease.first?.2))),
    Field::new("lease", "ia-pd status", |given| status(given, PD)),
    Field::new("lease", "ia-pd prefix length", |given| {
        let (prefix, ..) = lease(given, PD)?.first?;
        Some(format!("/{}", prefix.length))
    }),
    Field::new("derived", "subnet", |given| {
        let (address, ..) = lease(given, NA)?.first?;
        Some(subnet(address.address))
    }),
];
