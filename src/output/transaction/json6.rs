//! The object `transaction` of DHCPv6: that of DHCPv4 where it means the same, with DUIDs for identifiers and leases for an address.

use std::net::Ipv6Addr;

use super::parts::{
    About, Course, Deeds, Dhcpv6, Names, Place, Remarks, Said, Scene, Source, Tally, TransactionType, remarks,
};
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{Exchange6, Lease, Name6, Seen6, Server6, Step};
use crate::output::JsonOut;
use crate::output::json::told::{Each, Foreign, Hardware, Hex, Of, Own, ToJson as _, Word, Xid6, object};
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Prefix6, StatusCode};

/// Appends the object.
pub fn write(
    exchange: &Exchange6,
    at: u64,
    vendor: Option<&str>,
    problems: &[Diagnosis],
    json: &mut JsonOut,
) {
    Transaction6::new(&Scene::new(exchange), at, vendor, problems).tell(json);
}

object! {
    /// An exchange of DHCPv6.
    pub struct Transaction6<'a> {
        /// What the object is.
        r#type: TransactionType,
        /// Which protocol; objects of DHCPv4 have no such field.
        protocol: Dhcpv6,
        #[schemars(flatten)]
        about: About,
        /// Who asked.
        client: Asker6<'a>,
        /// Its transaction identifiers: 0x and six digits.
        xids: Each<'a, Exchange6, u32, Xid6>,
        #[schemars(flatten)]
        place: Place<'a>,
        /// The relays next to the client: the address of its link that they say, else their own.
        relays: Vec<Ipv6Addr>,
        /// The relay's interface (option 18), in hexadecimal.
        interface_id: Option<Hex<'a>>,
        /// The server that decided it: its DUID, else its address.
        server: Option<Own<Name6>>,
        /// Every server that answered.
        servers: Each<'a, Exchange6, Server6, Answerer6<'a>>,
        #[schemars(flatten)]
        given: Given6<'a>,
        #[schemars(flatten)]
        course: Course<'a>,
        /// Its messages, in order.
        steps: Each<'a, Scene<'a, Seen6>, Step<Seen6>, Step6<'a>>,
        #[schemars(flatten)]
        tally: Tally,
        /// The latest status that is no success.
        status: Option<Own<StatusCode>>,
        /// Its text, in the server's words.
        reason: Option<Foreign<'a>>,
        /// What is wrong or odd.
        problems: Remarks<'a>,
    }
}

impl<'a> Transaction6<'a> {
    fn new(
        scene: &'a Scene<'a, Seen6>,
        number: u64,
        vendor: Option<&'a str>,
        problems: &'a [Diagnosis],
    ) -> Self {
        let exchange = scene.exchange;
        let (texts, extra) = (&exchange.texts, &exchange.extra);
        Self {
            r#type: TransactionType::Transaction,
            protocol: Dhcpv6::Dhcpv6,
            about: About::new(exchange, number),
            client: Asker6 {
                mac: exchange.mac.map(Hardware),
                duid: texts.client_id.as_deref().map(Hex),
                names: Names::new(texts, vendor),
                address: extra.client,
            },
            xids: Each::new(exchange, &exchange.xids),
            place: Place::new(texts.interface.as_deref(), &exchange.vlans),
            relays: exchange.relays(),
            interface_id: extra.port.as_deref().map(Hex),
            server: exchange.server().map(Server6::called).map(Own),
            servers: Each::new(exchange, &exchange.servers),
            given: Given6::of(exchange),
            course: Course::new(exchange),
            steps: Each::new(scene, &exchange.steps),
            tally: Tally::new(exchange),
            status: extra.status.map(Own),
            reason: texts.reason.as_deref().map(Foreign),
            problems: remarks(problems),
        }
    }
}

object! {
    /// Who asked.
    struct Asker6<'a> {
        /// Its hardware address: as its DUID, a relay or its frame tells it.
        mac: Option<Hardware>,
        /// Its DUID, in hexadecimal.
        duid: Option<Hex<'a>>,
        #[schemars(flatten)]
        names: Names<'a>,
        /// The address that it asked from.
        address: Option<Ipv6Addr>,
    }
}

object! {
    /// A server that answered.
    struct Answerer6<'a> {
        /// Its DUID, in hexadecimal.
        server_id: Option<Hex<'a>>,
        #[schemars(flatten)]
        source: Source<Ipv6Addr>,
        /// Its preference.
        preference: Option<u8>,
        #[schemars(flatten)]
        deeds: Deeds<Ipv6Addr>,
    }
}

impl<'a> Of<'a, Exchange6, Server6> for Answerer6<'a> {
    fn of(exchange: &'a Exchange6, index: usize, server: &'a Server6) -> Self {
        let mut own = exchange.said().filter(|step| step.server.map(usize::from) == Some(index));
        Self {
            server_id: server.id.as_deref().map(Hex),
            source: Source::new(server),
            preference: own.find_map(|step| step.seen.preference),
            deeds: Deeds::new(server),
        }
    }
}

object! {
    /// What a client was given, else offered, else asked for.
    part struct Given6<'a> {
        /// The first address.
        address: Option<Ipv6Addr>,
        /// Addresses given, else offered, else asked for.
        addresses: Vec<Ipv6Addr>,
        /// Prefixes given, else offered, else asked for.
        prefixes: Vec<Own<Prefix6>>,
        /// The address that the client asked for.
        requested_address: Option<Ipv6Addr>,
        /// Seconds that the first lease is valid.
        lease_time: Option<u32>,
        /// Seconds that it is preferred.
        preferred_lifetime: Option<u32>,
        /// Seconds until renewal (T1).
        renewal_time: Option<u32>,
        /// Seconds until rebinding (T2).
        rebinding_time: Option<u32>,
        /// A REPLY with option 14 answered the SOLICIT.
        rapid_commit: bool,
        /// Every lease of its associations; an association that holds none, too.
        ias: Each<'a, Exchange6, Lease, Lease6>,
    }
}

impl<'a> Given6<'a> {
    fn of(exchange: &'a Exchange6) -> Self {
        let extra = &exchange.extra;
        let timed = extra.timed();
        Self {
            address: extra.addresses().next(),
            addresses: extra.addresses().collect(),
            prefixes: extra.prefixes().map(|(prefix, length)| Own(Prefix6::new(prefix, length))).collect(),
            requested_address: extra.wished,
            lease_time: timed.map(|lease| lease.valid),
            preferred_lifetime: timed.map(|lease| lease.preferred),
            renewal_time: timed.map(|lease| lease.t1),
            rebinding_time: timed.map(|lease| lease.t2),
            rapid_commit: extra.committed,
            ias: Each::new(exchange, &extra.leases),
        }
    }
}

object! {
    /// A lease of an association.
    struct Lease6 {
        /// ia-na, ia-ta or ia-pd.
        ia: Word,
        /// The association's identifier.
        iaid: u32,
        /// The address.
        address: Option<Ipv6Addr>,
        /// The prefix.
        prefix: Option<Own<Prefix6>>,
        /// Seconds that it is preferred.
        preferred_lifetime: Option<u32>,
        /// Seconds that it is valid.
        valid_lifetime: Option<u32>,
        /// T1 of the association, seconds.
        t1: u32,
        /// T2 of the association, seconds.
        t2: u32,
        /// Its status, else that of the association.
        status: Option<Own<StatusCode>>,
    }
}

impl Of<'_, Exchange6, Lease> for Lease6 {
    fn of(_: &Exchange6, _: usize, lease: &Lease) -> Self {
        let (address, prefix) = match lease.what {
            Some((prefix, length)) if lease.kind == IaKind::Pd => (None, Some(Prefix6::new(prefix, length))),
            Some((address, _)) => (Some(address), None),
            None => (None, None),
        };
        Self {
            ia: Word(lease.kind.name()),
            iaid: lease.iaid,
            address,
            prefix: prefix.map(Own),
            preferred_lifetime: lease.what.map(|_| lease.preferred),
            valid_lifetime: lease.what.map(|_| lease.valid),
            t1: lease.t1,
            t2: lease.t2,
            status: lease.status.map(Own),
        }
    }
}

object! {
    /// A message of an exchange.
    struct Step6<'a> {
        #[schemars(flatten)]
        said: Said<Xid6, Ipv6Addr>,
        /// The server that it is of, or names, by its DUID.
        server_id: Option<Hex<'a>>,
        /// The first address or prefix in it.
        address: Option<Own<String>>,
        /// The first status in it that is no success.
        status: Option<Own<StatusCode>>,
        /// Hundredths of a second that the client has been trying.
        elapsed: Option<u16>,
    }
}

impl<'a> Of<'a, Scene<'a, Seen6>, Step<Seen6>> for Step6<'a> {
    fn of(scene: &'a Scene<'a, Seen6>, _: usize, step: &'a Step<Seen6>) -> Self {
        let seen = &step.seen;
        Self {
            said: scene.said(step, Xid6(seen.xid)),
            server_id: seen.server.as_deref().map(Hex),
            address: seen.address.map(named).map(Own),
            status: seen.status.map(Own),
            elapsed: seen.elapsed,
        }
    }
}

/// An address, or a prefix with its length.
pub(super) fn named((address, length): (Ipv6Addr, Option<u8>)) -> String {
    length.map_or_else(|| address.to_string(), |length| Prefix6::new(address, length).to_string())
}
