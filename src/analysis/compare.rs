//! What two servers give, option by option.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::wire::HwAddr;
use crate::wire::digits::hex;
use crate::wire::options::{Context, TextSink, decode, v4};
use crate::wire::v4::facts::text;
use crate::wire::v4::{Facts, Message, MessageType, Outline, Packet};

/// Codes that differ from exchange to exchange and say nothing of a server: requested address, type, client identifier,
/// relay agent information.
const LEFT_OUT: [u8; 4] = [50, 53, 61, 82];
/// Times that may differ by what passed since the lease began.
const TIMES: [u8; 3] = [51, 58, 59];
/// By so many seconds.
const DRIFT: u32 = 2;
/// Replies kept of one side.
const MOST: usize = 10_000;

/// One giving reply.
#[derive(Clone, Debug)]
struct Given {
    facts: Facts<'static>,
    options: BTreeMap<u8, Vec<u8>>,
    broadcast: Option<bool>,
}

/// All that one side gives: the last reply of each server to each client.
#[derive(Clone, Debug, Default)]
pub struct Side {
    replies: BTreeMap<(u8, Option<Ipv4Addr>, HwAddr), Given>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `option`, `header` or `derived`.
    pub field: &'static str,
    /// The option's code.
    pub code: Option<u8>,
    /// What it is called.
    pub name: String,
    /// What either side gives, as text.
    pub values: [Vec<String>; 2],
    /// The same as bytes, for options.
    pub raw: [Vec<Vec<u8>>; 2],
}

/// What is compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// OFFERs or ACKs; left out: ACKs if both sides have one, else OFFERs.
    pub kind: Option<MessageType>,
    /// The servers' own identifiers as well.
    pub all: bool,
}

impl Side {
    /// Takes a message; false when it gives nothing. `broadcast` says how it was sent, where known.
    pub fn take(&mut self, message: &Message, broadcast: Option<bool>) -> bool {
        let facts = Facts::of(message);
        let Some(kind) = facts.kind.filter(|_| facts.is_answer() && facts.kind != Some(MessageType::NAK))
        else {
            return false;
        };
        let bytes = message.encode();
        let packet = Packet::new(&bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let mut options = BTreeMap::new();
        for span in outline.options.iter().filter(|span| span.first) {
            let mut joined = Vec::new();
            let data = outline.joined(&packet, span, &mut joined).to_vec();
            options.insert(span.code, data);
        }
        let key = (kind.0, facts.server_id, facts.client);
        if self.replies.len() < MOST || self.replies.contains_key(&key) {
            self.replies.insert(key, Given { facts, options, broadcast });
        }
        true
    }

    fn has(&self, kind: MessageType) -> bool {
        self.replies.keys().any(|(known, ..)| *known == kind.0)
    }

    fn of(&self, kind: MessageType) -> impl Iterator<Item = &Given> {
        self.replies.iter().filter(move |((known, ..), _)| *known == kind.0).map(|(_, given)| given)
    }
}

/// The differences, and how many fields are the same; `None` when either side gives nothing of the kind.
pub fn compare(a: &Side, b: &Side, scope: Scope) -> Option<(Vec<Difference>, usize)> {
    let kind = scope.kind.unwrap_or_else(|| {
        if a.has(MessageType::ACK) && b.has(MessageType::ACK) { MessageType::ACK } else { MessageType::OFFER }
    });
    if !a.has(kind) || !b.has(kind) {
        return None;
    }
    let sides = [a.of(kind).collect::<Vec<_>>(), b.of(kind).collect::<Vec<_>>()];
    let mut found = Vec::new();
    let mut same = 0_usize;
    let mut codes: BTreeSet<u8> =
        sides.iter().flatten().flat_map(|given| given.options.keys().copied()).collect();
    codes.retain(|code| !LEFT_OUT.contains(code) && (scope.all || *code != 54));
    for code in codes {
        let raw = sides.each_ref().map(|side| {
            let values: BTreeSet<Vec<u8>> =
                side.iter().filter_map(|given| given.options.get(&code).cloned()).collect();
            values.into_iter().collect::<Vec<_>>()
        });
        if raw[0] == raw[1] || (TIMES.contains(&code) && close(&raw)) {
            same = same.saturating_add(1);
            continue;
        }
        let name = v4::SPACE.name_of(u16::from(code)).map_or_else(|| code.to_string(), str::to_owned);
        let values = raw.each_ref().map(|raw| raw.iter().map(|raw| shown(code, raw)).collect());
        found.push(Difference { field: "option", code: Some(code), name, values, raw });
    }
    for (field, name, value) in FIELDS {
        if *field == "source" && !scope.all {
            continue;
        }
        let values = sides.each_ref().map(|side| {
            let values: BTreeSet<String> = side.iter().filter_map(|given| value(given)).collect();
            values.into_iter().collect::<Vec<_>>()
        });
        if values[0] == values[1] {
            same = same.saturating_add(usize::from(!values[0].is_empty()));
            continue;
        }
        let name = (*name).to_owned();
        found.push(Difference { field, code: None, name, values, raw: [Vec::new(), Vec::new()] });
    }
    Some((found, same))
}

/// Times that differ by no more than passes between two messages: each of one side has such a one on the other.
fn close([a, b]: &[Vec<Vec<u8>>; 2]) -> bool {
    let number = |bytes: &Vec<u8>| bytes.as_slice().try_into().ok().map(u32::from_be_bytes);
    let numbers = |side: &[Vec<u8>]| side.iter().map(number).collect::<Option<BTreeSet<u32>>>();
    let (Some(a), Some(b)) = (numbers(a), numbers(b)) else { return false };
    let near = |side: &BTreeSet<u32>, time: &u32| {
        side.range(time.saturating_sub(DRIFT)..=time.saturating_add(DRIFT)).next().is_some()
    };
    !a.is_empty() && a.iter().all(|time| near(&b, time)) && b.iter().all(|time| near(&a, time))
}

/// A value as people read it, else its bytes.
fn shown(code: u8, raw: &[u8]) -> String {
    let mut out = Vec::new();
    let decoded = v4::SPACE.by_code(u16::from(code)).is_some_and(|def| {
        decode(&def.kind, raw, &Context::default(), &mut TextSink::pretty(&mut out)).is_ok()
    });
    if decoded {
        return String::from_utf8_lossy(&out).into_owned();
    }
    hex(raw)
}

/// Fields of the header, and what follows from several.
type Field = (&'static str, &'static str, fn(&Given) -> Option<String>);

const FIELDS: &[Field] = &[
    ("header", "siaddr", |given| given.facts.siaddr.specified().map(|ip| ip.to_string())),
    ("header", "sname", |given| {
        text(&given.facts.sname).map(|text| String::from_utf8_lossy(text).into_owned())
    }),
    ("header", "file", |given| {
        text(&given.facts.file).map(|text| String::from_utf8_lossy(text).into_owned())
    }),
    ("header", "sent", |given| {
        given.broadcast.map(|broadcast| if broadcast { "broadcast" } else { "unicast" }.to_owned())
    }),
    ("derived", "subnet", |given| {
        let mask = given.facts.subnet_mask?;
        let net = Ipv4Addr::from(u32::from(given.facts.yiaddr.0) & u32::from(mask));
        Some(given.facts.prefix().map_or_else(|| format!("{net} {mask}"), |prefix| format!("{net}/{prefix}")))
    }),
    ("derived", "router in subnet", |given| {
        let (mask, router) = (u32::from(given.facts.subnet_mask?), given.facts.routers().next()?);
        let inside = u32::from(router) & mask == u32::from(given.facts.yiaddr.0) & mask;
        Some(if inside { "yes" } else { "no" }.to_owned())
    }),
    ("derived", "default route", |given| {
        let classless = given.facts.default_routes().next().map(|(_, router)| router);
        let obeyed = given.facts.has(121) || given.facts.has(249);
        let router = if obeyed { classless } else { given.facts.routers().next() };
        Some(router.map_or_else(|| "none".to_owned(), |router| router.to_string()))
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use crate::wire::v4::Xid;

    fn side(kind: MessageType, change: impl FnOnce(&mut Message)) -> Side {
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        let mut reply = Message::reply(kind, &request);
        reply.yiaddr = [10, 0, 0, 50].into();
        reply.set_option(54, &[10, 0, 0, 1]);
        reply.set_option(51, &3600_u32.to_be_bytes());
        reply.set_option(1, &[255, 255, 255, 0]);
        reply.set_option(3, &[10, 0, 0, 1]);
        change(&mut reply);
        let mut side = Side::default();
        assert!(side.take(&reply, Some(true)));
        side
    }

    fn names(a: &Side, b: &Side) -> Vec<String> {
        let (found, _) = compare(a, b, Scope::default()).unwrap();
        found.into_iter().map(|difference| difference.name).collect()
    }

    #[test]
    fn what_differs_is_named_and_what_drifts_is_the_same() {
        let base = side(MessageType::OFFER, |_| {});
        let drifted = side(MessageType::OFFER, |reply| {
            reply.set_option(51, &3598_u32.to_be_bytes());
            reply.set_option(54, &[10, 0, 0, 2]);
            reply.yiaddr = [10, 0, 0, 99].into();
        });
        assert!(names(&base, &drifted).is_empty());
        let other = side(MessageType::OFFER, |reply| {
            reply.set_option(3, &[10, 0, 1, 1]);
            reply.set_option(66, b"boot");
        });
        assert_eq!(
            names(&base, &other),
            ["routers", "tftp-server-name", "router in subnet", "default route"]
        );
        let ack = side(MessageType::ACK, |_| {});
        assert!(compare(&base, &ack, Scope::default()).is_none(), "an OFFER is not compared with an ACK");
    }

    #[test]
    fn each_time_of_one_side_drifts_from_one_of_the_other() {
        let times = |times: &[u32]| {
            let mut side = Side::default();
            for (number, time) in (1..).zip(times) {
                let mac = Mac([2, 0, 0, 0, 0, number]);
                let request = Message::request(MessageType::DISCOVER, Xid(number.into()), mac);
                let mut reply = Message::reply(MessageType::ACK, &request);
                reply.set_option(51, &time.to_be_bytes());
                assert!(side.take(&reply, Some(true)));
            }
            side
        };
        let same = |a: &[u32], b: &[u32]| names(&times(a), &times(b)).is_empty();
        assert!(same(&[3600], &[3600, 3599]) && same(&[3600, 3599], &[3598]));
        assert!(same(&[3600, 86_400], &[86_399, 3600, 3601]));
        assert!(same(&[0], &[2]) && same(&[u32::MAX], &[u32::MAX - 2]));
        assert!(!same(&[3600], &[3600, 3597]) && !same(&[3600, 86_400], &[3600]));
    }

    #[test]
    fn an_identifier_is_compared_when_asked_for() {
        let a = side(MessageType::ACK, |_| {});
        let b = side(MessageType::ACK, |reply| reply.set_option(54, &[10, 0, 0, 2]));
        assert!(names(&a, &b).is_empty());
        let (found, _) = compare(&a, &b, Scope { all: true, ..Scope::default() }).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].values, [["10.0.0.1".to_owned()], ["10.0.0.2".to_owned()]]);
    }
}
