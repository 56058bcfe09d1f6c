//! What `discover -6` found.

use std::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::Serialize;

use super::record;
use super::router::AdvertisedObject;
use super::text::{block, findings, router_block};
use super::{Client6, ClientObject6, FindingObject, Ignored6, NameObject, OfferObject6, status};
use crate::analysis::expect::Checked;
use crate::analysis::findings6::Finding6;
use crate::engine::v6::station::Answer6;
use crate::engine::v6::watch::Watch6;
use crate::output::answers::{Difference, Place, write_differences};
use crate::output::expect::{self, ExpectationObject};
use crate::output::json::object::{Millis, PacketObject, TransactionObject6, foreign};
use crate::output::render::Render;
use crate::output::senders::DifferenceObject;
use crate::output::styled::Styled;
use crate::wire::v6::Duid;

/// Everything that was found.
#[derive(Debug)]
pub struct Discovery6<'a> {
    /// Where.
    pub place: Place<'a>,
    /// Who asked.
    pub client: Client6,
    /// Messages sent, of all kinds.
    pub sent: u32,
    /// How long was waited, nanoseconds.
    pub waited: i64,
    /// ADVERTISEs, and REPLYs with rapid commit, each with the maker of its network card.
    pub offers: Vec<(&'a Answer6, Option<String>)>,
    /// REPLYs to INFORMATION-REQUEST.
    pub stateless: Vec<(&'a Answer6, Option<String>)>,
    /// Routers.
    pub routers: Vec<(&'a Answer6, Option<String>)>,
    /// In what the servers differ.
    pub differences: Vec<Difference>,
    /// What does not fit together.
    pub findings: Vec<Finding6>,
    /// What else was seen.
    pub watch: &'a Watch6,
    /// What may explain silence.
    pub silence: Vec<String>,
    /// How many columns a line may take; `None` where it does not matter.
    pub width: Option<usize>,
    /// What became of expectations.
    pub checked: &'a [Checked],
    /// The answers were shown as they came.
    pub shown: bool,
    /// How much is told of every answer: from 1 every field and option, from 2 every byte.
    pub verbose: u8,
}

/// Shows one answer: the block, and with -v every field.
pub fn show(
    answer: &Answer6,
    vendor: Option<&str>,
    number: u64,
    place: &Place<'_>,
    verbose: u8,
    out: &mut Styled,
) {
    if answer.protocol == crate::wire::frame::Protocol::Icmpv6 {
        router_block(answer, vendor, place, out);
    } else {
        block(answer, vendor, place, out);
    }
    if verbose > 0 {
        record::detail(answer, number, place, verbose > 1, out);
    }
}

impl Render for Discovery6<'_> {
    fn object(&self) -> impl Serialize {
        let place = &self.place;
        let numbered = |answers: &[(&'_ Answer6, Option<String>)]| -> Vec<u64> {
            (1..=u64::try_from(answers.len()).unwrap_or(0)).collect()
        };
        DiscoverObject6 {
            r#type: "discover",
            protocol: "dhcpv6",
            interface: foreign(place.interface.as_bytes()),
            client: (&self.client).into(),
            sent: self.sent,
            waited_ms: Millis(self.waited),
            offers: self
                .offers
                .iter()
                .zip(numbered(&self.offers))
                .map(|((offer, vendor), number)| OfferObject6::new(offer, number, vendor.clone(), place))
                .collect(),
            stateless: self
                .stateless
                .iter()
                .zip(numbered(&self.stateless))
                .map(|((answer, vendor), number)| StatelessObject::new(answer, number, vendor.clone(), place))
                .collect(),
            routers: self
                .routers
                .iter()
                .zip(numbered(&self.routers))
                .filter_map(|((answer, vendor), number)| {
                    RouterObject::new(answer, number, vendor.clone(), place)
                })
                .collect(),
            differences: self.differences.iter().map(DifferenceObject::from).collect(),
            findings: self.findings.iter().map(FindingObject::from).collect(),
            expectations: self.checked.iter().map(ExpectationObject::from).collect(),
            ignored: self.watch.into(),
            silence: self.silence.clone(),
            transaction: self.place.transaction().map(TransactionObject6),
        }
    }

    fn text(&self, out: &mut Styled) {
        let mut blank =
            self.shown && !(self.offers.is_empty() && self.stateless.is_empty() && self.routers.is_empty());
        if !self.shown {
            for (answer, vendor) in self.offers.iter().chain(&self.stateless).chain(&self.routers) {
                if blank {
                    out.text("\n");
                }
                show(answer, vendor.as_deref(), 1, &self.place, self.verbose, out);
                blank = true;
            }
        }
        if !self.differences.is_empty() {
            if blank {
                out.text("\n");
            }
            write_differences(&self.differences, self.width, out);
            blank = true;
        }
        if !self.findings.is_empty() {
            if blank {
                out.text("\n");
            }
            findings(&self.findings, out);
            blank = true;
        }
        if !self.checked.is_empty() {
            if blank {
                out.text("\n");
            }
            expect::text(self.checked, out);
        }
        self.place.draw(out);
    }
}

/// The object of `discover -6`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoverObject6 {
    r#type: &'static str,
    protocol: &'static str,
    interface: String,
    client: ClientObject6,
    sent: u32,
    waited_ms: Millis,
    offers: Vec<OfferObject6>,
    stateless: Vec<StatelessObject>,
    routers: Vec<RouterObject>,
    differences: Vec<DifferenceObject>,
    findings: Vec<FindingObject>,
    expectations: Vec<ExpectationObject>,
    ignored: Ignored6,
    silence: Vec<String>,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionObject6>,
}

/// A REPLY to INFORMATION-REQUEST.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatelessObject {
    server_id: Option<String>,
    source_ip: Option<Ipv6Addr>,
    source_mac: Option<String>,
    vendor: Option<String>,
    dns_servers: Vec<Ipv6Addr>,
    domain_search: Vec<String>,
    refresh_time: Option<u32>,
    status: Option<NameObject>,
    message: Option<String>,
    latency_ms: Option<Millis>,
    since_first_ms: Option<Millis>,
    copies: u32,
    packet: Option<PacketObject>,
}

impl StatelessObject {
    fn new(answer: &Answer6, number: u64, vendor: Option<String>, place: &Place<'_>) -> Self {
        let facts = answer.facts();
        let (code, message) = status(facts.status);
        Self {
            server_id: facts.server_id.map(|duid| Duid::from(duid).to_string()),
            source_ip: answer.source_ip,
            source_mac: answer.source_mac.map(|mac| mac.to_string()),
            vendor,
            dns_servers: facts.dns_servers().collect(),
            domain_search: facts.domain_search().iter().map(|name| foreign(name)).collect(),
            refresh_time: facts.refresh_time,
            status: code,
            message,
            latency_ms: answer.latency().map(Millis),
            since_first_ms: answer.since_first().map(Millis),
            copies: answer.copies,
            packet: record::packet(answer, number, place),
        }
    }
}

/// A router.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RouterObject {
    source_ip: Option<Ipv6Addr>,
    source_mac: Option<String>,
    vendor: Option<String>,
    #[serde(flatten)]
    advertised: AdvertisedObject,
    /// It answered a solicitation; else it came by itself.
    solicited: bool,
    copies: u32,
    latency_ms: Option<Millis>,
    since_first_ms: Option<Millis>,
    packet: Option<PacketObject>,
}

impl RouterObject {
    fn new(answer: &Answer6, number: u64, vendor: Option<String>, place: &Place<'_>) -> Option<Self> {
        Some(Self {
            source_ip: answer.source_ip,
            source_mac: answer.source_mac.map(|mac| mac.to_string()),
            vendor,
            advertised: AdvertisedObject::from(&answer.advert()?),
            solicited: answer.sent_at.is_some(),
            copies: answer.copies,
            latency_ms: answer.latency().map(Millis),
            since_first_ms: answer.since_first().map(Millis),
            packet: record::packet(answer, number, place),
        })
    }
}
