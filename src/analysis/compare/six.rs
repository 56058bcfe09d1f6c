//! What a server of DHCPv6 gives.

use std::net::Ipv6Addr;

use super::{Field, Given, Kind, Options, Way, decoded};
use crate::wire::HwAddr;
use crate::wire::options::{Context, v6 as opt};
use crate::wire::v6::facts::{Ia, IaKind, Status};
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

/// An association, and what is given in it.
#[derive(Clone, Debug)]
struct Lease {
    kind: IaKind,
    t1: u32,
    t2: u32,
    status: Option<StatusCode>,
    parts: Vec<Part>,
}

/// An address or a prefix.
#[derive(Clone, Copy, Debug)]
struct Part {
    what: Prefix6,
    preferred: u32,
    valid: u32,
    status: Option<StatusCode>,
}

impl Lease {
    fn of(ia: &Ia<'_>) -> Self {
        let code = |status: Option<Status<'_>>| status.map(|status| status.code);
        let addresses = ia.addresses.iter().map(|lease| Part {
            what: Prefix6::new(lease.address, 128),
            preferred: lease.preferred,
            valid: lease.valid,
            status: code(lease.status),
        });
        let prefixes = ia.prefixes.iter().map(|lease| Part {
            what: Prefix6::new(lease.prefix, lease.length),
            preferred: lease.preferred,
            valid: lease.valid,
            status: code(lease.status),
        });
        let parts = addresses.chain(prefixes).collect();
        Self { kind: ia.kind, t1: ia.t1, t2: ia.t2, status: code(ia.status), parts }
    }
}

/// One giving reply.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    leases: Vec<Lease>,
    options: Options,
    way: Option<Way>,
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

    fn shown(code: u16, raw: &[u8]) -> Vec<u8> {
        decoded(&opt::SPACE, code, raw, &Context { depth: 1, lax: true, ..Context::default() })
    }
}

/// What is compared of a message, `None` when it gives nothing, or not to `client`.
#[allow(clippy::type_complexity, reason = "what the message is, whose it is, and what it says")]
pub(super) fn read(
    bytes: &[u8],
    way: Option<Way>,
    client: Option<HwAddr>,
) -> Option<(Kind, <Reply as Given>::Key, Reply)> {
    let packet = Packet::new(bytes);
    let mut outline = Outline::default();
    outline.read(&packet, bytes.len(), false);
    let facts = Facts::read(&packet, &outline);
    if client.is_some_and(|client| facts.hardware().map(HwAddr::from_slice) != Some(client)) {
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
    let leases = facts.ias.iter().map(Lease::of).collect();
    let key = (facts.server_id.map(Box::from), facts.client_id.map(Box::from));
    Some((kind, key, Reply { leases, options, way }))
}

fn leases(given: &Reply, kind: IaKind) -> impl Iterator<Item = &Lease> {
    given.leases.iter().filter(move |lease| lease.kind == kind)
}

fn parts(given: &Reply, kind: IaKind) -> impl Iterator<Item = &Part> {
    leases(given, kind).flat_map(|lease| &lease.parts)
}

/// A time of each association.
fn timers(given: &Reply, kind: IaKind, value: fn(&Lease) -> u32) -> Vec<String> {
    leases(given, kind).map(|lease| value(lease).to_string()).collect()
}

/// A time of each address or prefix.
fn lifetimes(given: &Reply, kind: IaKind, value: fn(&Part) -> u32) -> Vec<String> {
    parts(given, kind).map(|part| value(part).to_string()).collect()
}

/// How many addresses or prefixes each association has that has any: how many associations there are is the client's wish.
fn counts(given: &Reply, kind: IaKind) -> Vec<String> {
    let counts = leases(given, kind).map(|lease| lease.parts.len()).filter(|count| *count > 0);
    counts.map(|count| count.to_string()).collect()
}

/// What is said of associations and of what is in them, if not that all is well.
fn statuses(given: &Reply, kind: IaKind) -> Vec<String> {
    let own = leases(given, kind).filter_map(|lease| lease.status);
    let all = own.chain(parts(given, kind).filter_map(|part| part.status));
    all.filter(|status| *status != StatusCode::SUCCESS).map(|status| status.to_string()).collect()
}

/// The prefix of 64 bits that an address lies in: most links have such.
fn subnet(address: Ipv6Addr) -> String {
    Prefix6::new(address, 64).masked().to_string()
}

const NA: IaKind = IaKind::Na;
const TA: IaKind = IaKind::Ta;
const PD: IaKind = IaKind::Pd;

const FIELDS: &[Field<Reply>] = &[
    Field::new("header", "sent", |given| {
        given.way.map(|way| if way.to_all { "multicast" } else { "unicast" }.to_owned())
    }),
    Field::own("header", "source", |given| given.way.map(|way| way.src.to_string())),
    Field::times("lease", "ia-na t1", |given| timers(given, NA, |lease| lease.t1)),
    Field::times("lease", "ia-na t2", |given| timers(given, NA, |lease| lease.t2)),
    Field::each("lease", "ia-na addresses", |given| counts(given, NA)),
    Field::times("lease", "ia-na preferred lifetime", |given| lifetimes(given, NA, |part| part.preferred)),
    Field::times("lease", "ia-na valid lifetime", |given| lifetimes(given, NA, |part| part.valid)),
    Field::each("lease", "ia-na status", |given| statuses(given, NA)),
    Field::each("lease", "ia-ta addresses", |given| counts(given, TA)),
    Field::times("lease", "ia-ta preferred lifetime", |given| lifetimes(given, TA, |part| part.preferred)),
    Field::times("lease", "ia-ta valid lifetime", |given| lifetimes(given, TA, |part| part.valid)),
    Field::each("lease", "ia-ta status", |given| statuses(given, TA)),
    Field::times("lease", "ia-pd t1", |given| timers(given, PD, |lease| lease.t1)),
    Field::times("lease", "ia-pd t2", |given| timers(given, PD, |lease| lease.t2)),
    Field::each("lease", "ia-pd prefixes", |given| counts(given, PD)),
    Field::times("lease", "ia-pd preferred lifetime", |given| lifetimes(given, PD, |part| part.preferred)),
    Field::times("lease", "ia-pd valid lifetime", |given| lifetimes(given, PD, |part| part.valid)),
    Field::each("lease", "ia-pd status", |given| statuses(given, PD)),
    Field::each("lease", "ia-pd prefix length", |given| {
        parts(given, PD).map(|part| format!("/{}", part.what.length)).collect()
    }),
    Field::each("derived", "subnet", |given| {
        [NA, TA].iter().flat_map(|kind| parts(given, *kind)).map(|part| subnet(part.what.address)).collect()
    }),
];
