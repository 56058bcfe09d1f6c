//! What a server of DHCPv4 gives.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{Field, Given, Options, Way, decoded};
use crate::wire::HwAddr;
use crate::wire::options::{Context, v4};
use crate::wire::v4::facts::text;
use crate::wire::v4::{Facts, Message, MessageType, Outline, Packet};

/// Codes that differ from exchange to exchange and say nothing of a server: requested address, type, client identifier,
/// relay agent information.
const LEFT_OUT: [u16; 4] = [50, 53, 61, 82];
/// Times that may differ by what passed since the lease began.
const TIMES: [u16; 3] = [51, 58, 59];

/// One giving reply.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    facts: Facts<'static>,
    options: Options,
    way: Option<Way>,
}

impl Given for Reply {
    type Key = (Option<Ipv4Addr>, HwAddr);

    const SERVER_ID: u16 = 54;
    const FIELDS: &'static [Field<Self>] = FIELDS;

    fn options(&self) -> &Options {
        &self.options
    }

    fn is_left_out(code: u16) -> bool {
        LEFT_OUT.contains(&code)
    }

    fn drifts(code: u16) -> bool {
        TIMES.contains(&code)
    }

    fn name(code: u16) -> Option<&'static str> {
        v4::SPACE.name_of(code)
    }

    fn shown(code: u16, raw: &[u8]) -> Vec<u8> {
        decoded(&v4::SPACE, code, raw, &Context::default())
    }
}

/// What is compared of a message, `None` when it gives nothing. `way` says how it was sent, where known.
#[allow(clippy::type_complexity, reason = "what the message is, whose it is, and what it says")]
pub(super) fn read(
    message: &Message,
    way: Option<Way>,
) -> Option<(super::Kind, <Reply as Given>::Key, Reply)> {
    let facts = Facts::of(message);
    // Who gives no address, as to INFORM or beside a server for boot files, says nothing of what the others are given.
    let gives = facts.is_answer() && facts.yiaddr.specified().is_some();
    let kind = facts.kind.filter(|kind| gives && *kind != MessageType::NAK)?;
    let kind = if kind == MessageType::ACK { super::Kind::Final } else { super::Kind::Offer };
    let bytes = message.encode();
    let packet = Packet::new(&bytes);
    let mut outline = Outline::default();
    outline.read(&packet, bytes.len(), false);
    let mut options = BTreeMap::new();
    for span in outline.options.iter().filter(|span| span.first) {
        let mut joined = Vec::new();
        let data = outline.joined(&packet, span, &mut joined).to_vec();
        options.insert(u16::from(span.code), vec![data]);
    }
    let key = (facts.server_id, facts.client);
    Some((kind, key, Reply { facts, options, way }))
}

const FIELDS: &[Field<Reply>] = &[
    Field::new("header", "siaddr", |given| given.facts.siaddr.specified().map(|ip| ip.to_string())),
    Field::wire("header", "sname", |given| text(&given.facts.sname)),
    Field::wire("header", "file", |given| text(&given.facts.file)),
    Field::new("header", "sent", |given| {
        given.way.map(|way| if way.to_all { "broadcast" } else { "unicast" }.to_owned())
    }),
    Field::own("header", "source", |given| given.way.map(|way| way.src.to_string())),
    Field::new("derived", "subnet", |given| {
        let mask = given.facts.subnet_mask?;
        let net = Ipv4Addr::from(u32::from(given.facts.yiaddr.0) & u32::from(mask));
        Some(given.facts.prefix().map_or_else(|| format!("{net} {mask}"), |prefix| format!("{net}/{prefix}")))
    }),
    Field::new("derived", "router in subnet", |given| {
        let (mask, router) = (u32::from(given.facts.subnet_mask?), given.facts.routers().next()?);
        let inside = u32::from(router) & mask == u32::from(given.facts.yiaddr.0) & mask;
        Some(if inside { "yes" } else { "no" }.to_owned())
    }),
    Field::new("derived", "default route", |given| {
        let classless = given.facts.default_routes().next().map(|(_, router)| router);
        let obeyed = given.facts.has(121) || given.facts.has(249);
        let router = if obeyed { classless } else { given.facts.routers().next() };
        Some(router.map_or_else(|| "none".to_owned(), |router| router.to_string()))
    }),
];
