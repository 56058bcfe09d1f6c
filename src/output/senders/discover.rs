//! What `discover` found.

use std::net::Ipv4Addr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::{
    AfterObject, CauseObject, CheckObject, ClientObject, Ignored, SenderObject, findings, packet,
    unacceptable,
};
use crate::analysis::expect::Checked;
use crate::engine::v4::silence::Finding;
use crate::engine::{Answer, Watch};
use crate::output::answers::{self, Difference, Place, block, write_differences};
use crate::output::expect::{self, ExpectationObject};
use crate::output::json::object::{Millis, PacketObject, TransactionObject, foreign};
use crate::output::render::Render;
use crate::output::styled::Styled;
use crate::wire::v4::{Facts, Xid, facts};

/// Everything `discover` found.
#[derive(Debug)]
pub struct Discovery<'a> {
    /// Where.
    pub place: Place<'a>,
    /// The client's hardware address as it was sent.
    pub mac: String,
    /// The transaction.
    pub xid: Xid,
    /// DISCOVERs sent.
    pub sent: u32,
    /// How long was waited, nanoseconds.
    pub waited: i64,
    /// The offers.
    pub offers: &'a [Answer],
    /// Who made the network cards that they came from, as far as is known: one for each offer.
    pub vendors: &'a [Option<String>],
    /// In what they differ.
    pub differences: &'a [Difference],
    /// What else was seen.
    pub watch: &'a Watch,
    /// What may explain silence.
    pub silence: &'a [Finding],
    /// How many columns a line may take; `None` where it does not matter.
    pub width: Option<usize>,
    /// What became of what was expected.
    pub checked: &'a [Checked],
    /// The offers were shown as they came.
    pub shown: bool,
    /// How much is told of every offer: from 1 every field and option, from 2 every byte.
    pub verbose: u8,
}

impl Render for Discovery<'_> {
    fn object(&self) -> impl Serialize {
        DiscoverObject {
            r#type: "discover",
            interface: foreign(self.place.interface.as_bytes()),
            client: ClientObject::new(&self.mac, self.xid),
            sent: self.sent,
            waited_ms: Millis(self.waited),
            offers: Offers(self),
            differences: self.differences.iter().map(DifferenceObject::from).collect(),
            expectations: self.checked.iter().map(ExpectationObject::from).collect(),
            ignored: Ignored::from(self.watch),
            silence: self.silence.iter().map(ToString::to_string).collect(),
            findings: findings(self.silence),
            transaction: self.place.transaction(),
        }
    }

    fn text(&self, out: &mut Styled) {
        let offers = self.offers.iter().enumerate().filter(|_| !self.shown);
        for (index, one) in offers {
            offer(
                index,
                one,
                self.vendors.get(index).and_then(Option::as_deref),
                &self.place,
                self.verbose,
                out,
            );
        }
        if !self.differences.is_empty() {
            out.text("\n");
            write_differences(self.differences, self.width, out);
        }
        if !self.checked.is_empty() {
            if !self.offers.is_empty() {
                out.text("\n");
            }
            expect::text(self.checked, out);
        }
        self.place.draw(out);
    }
}

/// Tells the offer with this index, from 0: from `verbose` 1 every field and option, from 2 every byte.
pub fn offer(
    index: usize,
    offer: &Answer,
    vendor: Option<&str>,
    place: &Place<'_>,
    verbose: u8,
    out: &mut Styled,
) {
    if index > 0 {
        out.text("\n");
    }
    block(offer, vendor, place, out);
    if verbose > 0 {
        let number = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
        answers::detail(offer, number, place, verbose > 1, out);
    }
}

/// The object of `discover`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoverObject<'a> {
    r#type: &'static str,
    interface: String,
    client: ClientObject,
    sent: u32,
    waited_ms: Millis,
    #[schemars(with = "Vec<OfferObject>")]
    offers: Offers<'a>,
    differences: Vec<DifferenceObject>,
    expectations: Vec<ExpectationObject>,
    ignored: Ignored,
    silence: Vec<String>,
    findings: Vec<CauseObject>,
    /// What happened, with -v.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionObject>,
}

/// The offers, made into objects one after the other while they are written: each may be as large as a datagram.
#[derive(Debug)]
struct Offers<'a>(&'a Discovery<'a>);

impl Serialize for Offers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let vendors = self.0.vendors.iter().cloned().chain(std::iter::repeat(None));
        let offers = self.0.offers.iter().zip(1..).zip(vendors);
        serializer.collect_seq(
            offers.map(|((offer, number), vendor)| OfferObject::new(offer, number, vendor, &self.0.place)),
        )
    }
}

/// An offer in the object of `discover`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OfferObject {
    #[serde(flatten)]
    sender: SenderObject<Ipv4Addr, Ipv4Addr>,
    address: Option<Ipv4Addr>,
    #[serde(flatten)]
    after: AfterObject,
    vendor: Option<String>,
    request_number: u32,
    copies: u32,
    other_addresses: Vec<Ipv4Addr>,
    lease_time: Option<u32>,
    renewal_time: Option<u32>,
    rebinding_time: Option<u32>,
    subnet_mask: Option<Ipv4Addr>,
    routers: Vec<Ipv4Addr>,
    dns_servers: Vec<Ipv4Addr>,
    domain_name: Option<String>,
    server_check: Option<CheckObject>,
    unacceptable: Vec<String>,
    packet: Option<PacketObject>,
}

impl OfferObject {
    fn new(offer: &Answer, number: u64, vendor: Option<String>, place: &Place<'_>) -> Self {
        let reply = offer.reply.as_ref();
        Self {
            sender: offer.into(),
            address: reply.and_then(|reply| reply.yiaddr.specified()),
            after: AfterObject::new(offer.latency(), offer.since_first()),
            vendor,
            request_number: offer.answers,
            copies: offer.copies,
            other_addresses: offer.other_addresses.clone(),
            lease_time: reply.and_then(|reply| reply.lease_time),
            renewal_time: reply.and_then(|reply| reply.renewal_time),
            rebinding_time: reply.and_then(|reply| reply.rebinding_time),
            subnet_mask: reply.and_then(|reply| reply.subnet_mask),
            routers: reply.into_iter().flat_map(Facts::routers).collect(),
            dns_servers: reply.into_iter().flat_map(Facts::dns_servers).collect(),
            domain_name: reply.and_then(|reply| facts::text(&reply.domain_name)).map(foreign),
            server_check: offer.check.as_ref().map(CheckObject::from),
            unacceptable: unacceptable(offer),
            packet: packet(offer, number, place),
        }
    }
}

/// A value in which servers differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DifferenceObject {
    field: String,
    values: Vec<ValueObject>,
}

/// One of the values, and the servers that say so; null where they say nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ValueObject {
    value: Option<String>,
    #[serde(serialize_with = "names")]
    #[schemars(with = "Vec<String>")]
    servers: Vec<Arc<str>>,
}

fn names<S: Serializer>(names: &[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(AsRef::<str>::as_ref))
}

impl From<&Difference> for DifferenceObject {
    fn from(difference: &Difference) -> Self {
        let values = difference.values.iter().map(|(value, servers)| ValueObject {
            value: Some(value.clone()).filter(|value| !value.is_empty()),
            servers: servers.clone(),
        });
        Self { field: difference.field.clone(), values: values.collect() }
    }
}
