//! What is expected of an offer of DHCPv6.

use std::net::Ipv6Addr;

use crate::analysis::OptionTest6;
use crate::wire::options::{self, Context, Kind, TextSink, v6 as opt};
use crate::wire::v6::{Facts, Outline, Packet, Prefix6};
use crate::wire::{Lease, Seconds};

use super::Comparison;

/// A number of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure6 {
    /// The shortest valid lifetime of an address or prefix, seconds.
    Valid,
    /// The shortest preferred lifetime, seconds.
    Preferred,
    /// T1 of the first IA, seconds.
    T1,
    /// T2 of the first IA, seconds.
    T2,
    /// The preference; 0 where the option is absent.
    Preference,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub enum Subject6 {
    /// A number.
    Number(Figure6, Comparison, u64),
    /// Every address offered lies in this network, and there is one.
    Address(Prefix6, bool),
    /// Every prefix offered lies in this network, and there is one.
    Prefix(Prefix6, bool),
    /// An option holds what this asks for.
    Option(OptionTest6),
}

impl Figure6 {
    fn of(self, facts: &Facts<'_>) -> Option<u32> {
        let valid = facts.addresses().map(|lease| lease.valid);
        let preferred = facts.addresses().map(|lease| lease.preferred);
        match self {
            Self::Valid => valid.chain(facts.prefixes().map(|lease| lease.valid)).min(),
            Self::Preferred => preferred.chain(facts.prefixes().map(|lease| lease.preferred)).min(),
            Self::T1 => facts.ias.first().map(|ia| ia.t1),
            Self::T2 => facts.ias.first().map(|ia| ia.t2),
            Self::Preference => Some(facts.preference.unwrap_or(0).into()),
        }
    }

    fn text(self, found: u32) -> String {
        match self {
            Self::Preference => found.to_string(),
            Self::T1 | Self::T2 => Seconds(found).to_string(),
            Self::Valid | Self::Preferred => Lease(found).to_string(),
        }
    }
}

impl Subject6 {
    /// Whether the message in `bytes` keeps to it, and what it says.
    pub(super) fn judge(&self, bytes: &[u8]) -> (bool, String) {
        let packet = Packet::new(bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let facts = Facts::read(&packet, &outline);
        match self {
            Self::Number(figure, how, wanted) => match figure.of(&facts) {
                Some(found) => (how.holds(found.into(), *wanted), figure.text(found)),
                None => (false, nothing()),
            },
            Self::Address(net, wanted) => {
                let found: Vec<_> = facts.addresses().map(|lease| lease.address).collect();
                let lies = |address: &Ipv6Addr| net.contains(*address);
                (all_or_none(&found, *wanted, lies), list(found.iter().map(ToString::to_string)))
            }
            Self::Prefix(net, wanted) => {
                let found: Vec<_> =
                    facts.prefixes().map(|lease| Prefix6::new(lease.prefix, lease.length)).collect();
                let lies = |one: &Prefix6| net.contains(one.address) && one.length >= net.length;
                (all_or_none(&found, *wanted, lies), list(found.iter().map(ToString::to_string)))
            }
            Self::Option(test) => {
                let code = test.dhcp.as_ref().map_or(0, |(code, _)| *code);
                (test.matches(&packet, &outline), said(&packet, &outline, code))
            }
        }
    }
}

/// All of them where that is wanted, of which there must be some; else none of them.
fn all_or_none<T>(found: &[T], wanted: bool, lies: impl Fn(&T) -> bool) -> bool {
    if wanted { !found.is_empty() && found.iter().all(lies) } else { !found.iter().any(lies) }
}

fn nothing() -> String {
    "nothing".to_owned()
}

fn list(items: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = items.collect();
    if all.is_empty() { nothing() } else { all.join(", ") }
}

/// What a message says in an option, for people.
fn said(packet: &Packet<'_>, outline: &Outline, code: u16) -> String {
    let Some(span) = outline.find(outline.innermost(), code) else { return nothing() };
    let kind = opt::SPACE.by_code(code).map_or(&Kind::Opaque, |row| &row.kind);
    let mut text = Vec::new();
    match options::decode(kind, span.data(packet), &Context::default(), &mut TextSink::pretty(&mut text)) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => "what cannot be read".to_owned(),
    }
}
