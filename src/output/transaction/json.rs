//! The object `transaction`.

use std::net::Ipv4Addr;

use super::parts::{
    About, Course, Deeds, Names, Place, Remarks, Said, Scene, Source, Tally, TransactionType, remarks,
};
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::transaction::{Exchange, Letter, Seen, Server, Step, bit};
use crate::output::JsonOut;
use crate::output::json::told::{Each, Foreign, Hardware, Hex, Of, ToJson as _, Xid, object};
use crate::wire::v4::facts::MAX_LIST;

/// Appends the contract's transaction object.
pub fn write(exchange: &Exchange, at: u64, vendor: Option<&str>, problems: &[Diagnosis], json: &mut JsonOut) {
    Transaction::new(&Scene::new(exchange), at, vendor, problems).tell(json);
}

object! {
    /// An exchange of a client with servers.
    pub struct Transaction<'a> {
        /// What the object is.
        r#type: TransactionType,
        #[schemars(flatten)]
        about: About,
        /// Who asked.
        client: Asker<'a>,
        /// Its transaction identifiers: 0x and eight digits.
        xids: Each<'a, Exchange, u32, Xid>,
        #[schemars(flatten)]
        place: Place<'a>,
        /// Relays it passed.
        relays: Vec<Ipv4Addr>,
        /// The server that decided it.
        server: Option<Ipv4Addr>,
        /// Every server that answered.
        servers: Each<'a, Exchange, Server, Answerer>,
        /// The address it was about.
        address: Option<Ipv4Addr>,
        #[schemars(flatten)]
        given: Given<'a>,
        #[schemars(flatten)]
        course: Course<'a>,
        /// Its messages, in order.
        steps: Each<'a, Scene<'a, Seen>, Step, StepObject>,
        #[schemars(flatten)]
        tally: Tally,
        /// Why it was refused, in the server's words (option 56).
        reason: Option<Foreign<'a>>,
        /// What is wrong or odd.
        problems: Remarks<'a>,
    }
}

impl<'a> Transaction<'a> {
    fn new(
        scene: &'a Scene<'a, Seen>,
        number: u64,
        vendor: Option<&'a str>,
        problems: &'a [Diagnosis],
    ) -> Self {
        let exchange = scene.exchange;
        let texts = &exchange.texts;
        Self {
            r#type: TransactionType::Transaction,
            about: About::new(exchange, number),
            client: Asker {
                mac: exchange.mac.map(Hardware),
                client_id: texts.client_id.as_deref().map(Hex),
                names: Names::new(texts, vendor),
            },
            xids: Each::new(exchange, &exchange.xids),
            place: Place::new(texts.interface.as_deref(), &exchange.vlans),
            relays: exchange.relays(),
            server: exchange.server(),
            servers: Each::new(exchange, &exchange.servers),
            address: exchange.address(),
            given: Given::of(exchange),
            course: Course::new(exchange),
            steps: Each::new(scene, &exchange.steps),
            tally: Tally::new(exchange),
            reason: texts.reason.as_deref().map(Foreign),
            problems: remarks(problems),
        }
    }
}

object! {
    /// Who asked.
    struct Asker<'a> {
        /// Its hardware address.
        mac: Option<Hardware>,
        /// Its client identifier, in hexadecimal.
        client_id: Option<Hex<'a>>,
        #[schemars(flatten)]
        names: Names<'a>,
    }
}

object! {
    /// A server that answered.
    struct Answerer {
        /// Its server identifier.
        server_id: Option<Ipv4Addr>,
        #[schemars(flatten)]
        source: Source<Ipv4Addr>,
        #[schemars(flatten)]
        deeds: Deeds<Ipv4Addr>,
    }
}

impl Of<'_, Exchange, Server> for Answerer {
    fn of(_: &Exchange, _: usize, server: &Server) -> Self {
        Self { server_id: server.id, source: Source::new(server), deeds: Deeds::new(server) }
    }
}

object! {
    /// A message of an exchange.
    #[schemars(rename = "Step")]
    struct StepObject {
        #[schemars(flatten)]
        said: Said<Xid, Ipv4Addr>,
        /// Its server identifier.
        server_id: Option<Ipv4Addr>,
        /// The address it is about.
        address: Option<Ipv4Addr>,
        /// Seconds that the client has been trying.
        secs: u16,
    }
}

impl Of<'_, Scene<'_, Seen>, Step> for StepObject {
    fn of(scene: &Scene<'_, Seen>, _: usize, step: &Step) -> Self {
        let seen = &step.seen;
        Self {
            said: scene.said(step, Xid(seen.xid)),
            server_id: seen.has(bit::SERVER_ID).then_some(seen.server_id),
            address: step_address(seen),
            secs: seen.secs,
        }
    }
}

object! {
    /// What a client was given: by the ACK, else by the first OFFER that gives an address.
    pub part struct Given<'a> {
        /// The address that the client asked for.
        pub requested_address: Option<Ipv4Addr>,
        /// Seconds that the lease runs.
        pub lease_time: Option<u32>,
        /// Seconds until renewal (T1).
        pub renewal_time: Option<u32>,
        /// Seconds until rebinding (T2).
        pub rebinding_time: Option<u32>,
        /// The subnet mask.
        pub subnet_mask: Option<Ipv4Addr>,
        /// Routers, in the server's order.
        pub routers: Each<'a, (), [u8; 4], Ipv4Addr>,
    }
}

impl<'a> Given<'a> {
    /// What `exchange` gave.
    pub fn of(exchange: &'a Exchange) -> Self {
        let of = |letter: Letter| exchange.replies().find(move |seen| seen.letter == letter);
        let without = || of(Letter::Ack).or_else(|| of(Letter::Offer)).or_else(|| of(Letter::BootReply));
        let given = exchange.giving().or_else(without);
        let timer = |flag: u32, value: fn(&Seen) -> u32| given.filter(|seen| seen.has(flag)).map(value);
        let (routers, _) = exchange.texts.routers.as_deref().unwrap_or_default().as_chunks::<4>();
        Self {
            // 0.0.0.0 is nothing that could be had.
            requested_address: exchange
                .sent()
                .filter(|seen| seen.has(bit::REQUESTED))
                .map(|seen| seen.requested)
                .find(|ip| !ip.is_unspecified()),
            lease_time: timer(bit::LEASE, |seen| seen.lease),
            renewal_time: timer(bit::T1, |seen| seen.t1),
            rebinding_time: timer(bit::T2, |seen| seen.t2),
            subnet_mask: given
                .filter(|seen| seen.has(bit::MASK))
                .map(|seen| seen.mask)
                .filter(|ip| !ip.is_unspecified()),
            routers: Each::new(&(), routers.get(..MAX_LIST).unwrap_or(routers)),
        }
    }
}

impl Of<'_, (), [u8; 4]> for Ipv4Addr {
    fn of((): &(), _: usize, octets: &[u8; 4]) -> Self {
        Self::from(*octets)
    }
}

/// The address a message is about: `yiaddr`, option 50, `ciaddr`.
fn step_address(seen: &Seen) -> Option<Ipv4Addr> {
    let candidates = if seen.from_client {
        [seen.requested, seen.ciaddr, seen.yiaddr]
    } else {
        [seen.yiaddr, seen.ciaddr, Ipv4Addr::UNSPECIFIED]
    };
    candidates.into_iter().find(|ip| !ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::{Story, client};
    use crate::analysis::transaction::{Joiner, Options};
    use crate::wire::v4::MessageType;

    /// A server for boot files speaks first: lease and mask are of the one that gives the address.
    #[test]
    fn what_is_given_is_of_the_reply_that_gives_the_address() {
        let given = |acked: bool| {
            let mut story = Story::default();
            story.discover(0, client(1));
            for (ms, server) in [(2, 3), (3, 1)] {
                let address = if server == 1 { [10, 0, 0, 50] } else { [0; 4] };
                story.say(ms, client(1), MessageType::OFFER, ([10, 0, 0, server], address), |m, _| {
                    if server == 3 {
                        assert!(m.remove_option(51) && m.remove_option(1));
                    }
                });
            }
            if acked {
                story.request(5, client(1), [10, 0, 0, 50], [10, 0, 0, 1]);
                story.say(6, client(1), MessageType::ACK, ([10, 0, 0, 1], [10, 0, 0, 50]), |m, _| {
                    m.set_option(51, &[0, 0, 0, 60]);
                });
            }
            let mut joiner = Joiner::new(Options::default());
            joiner.batch(&story.batch, |_, _| {});
            joiner.finish();
            let closed = joiner.take_closed();
            let given = Given::of(&closed[0]);
            (closed[0].address(), given.lease_time, given.subnet_mask)
        };
        let address = Some(Ipv4Addr::new(10, 0, 0, 50));
        let mask = Some(Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(given(false), (address, Some(3600), mask));
        assert_eq!(given(true), (address, Some(60), mask));
    }
}
