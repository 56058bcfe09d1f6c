//! What tables and drawings say of an exchange, for each protocol.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::clients::name;
use super::json6::named;
use crate::analysis::transaction::{
    Counted as _, Exchange, Exchange6, Kind, Known, Letter, Message, Seen, Seen6, Sense, Server, Server6,
    Step, Who, bit, bit6,
};
use crate::output::width::{shortened, tail};
use crate::wire::escape::escape;
use crate::wire::seconds::Lease;
use crate::wire::v6::{Duid, Prefix6};

/// Columns of a client's name.
const CLIENT: usize = 17;
/// Leases named in a line.
const NAMED: usize = 3;

/// A message whose exchanges are shown.
pub trait Shown: Message {
    /// Identifiers change from message to message in an ordinary exchange, and names are long.
    const SIX: bool;

    /// The client's name in a row.
    fn client(exchange: &Exchange<Self>) -> String;
    /// The address, given, offered or asked for.
    fn address(exchange: &Exchange<Self>) -> Option<String>;
    /// Everything that was given, offered or asked for.
    fn given(exchange: &Exchange<Self>) -> Option<String>;
    /// The server of the outcome, else the only one.
    fn server(exchange: &Exchange<Self>) -> Option<String>;
    /// A server's name.
    fn name(server: &Server<Self::Id, Self::Ip>) -> String;
    /// An address.
    fn written(ip: Self::Ip) -> String;
    /// How long what was given may be used.
    fn lease(exchange: &Exchange<Self>) -> Option<Lease>;
    /// What is told beside the arrow of a step.
    fn facts(exchange: &Exchange<Self>, step: &Step<Self>) -> Vec<String>;
}

fn some(ip: Ipv4Addr) -> Option<Ipv4Addr> {
    Some(ip).filter(|ip| !ip.is_unspecified())
}

impl Shown for Seen {
    const SIX: bool = false;

    fn client(exchange: &Exchange) -> String {
        let name = match Self::who(exchange) {
            Who::Asker => exchange.first().map_or_else(String::new, |seen| seen.ciaddr.to_string()),
            who => name(exchange.mac, &who, exchange.texts.client_id.as_deref()),
        };
        shortened(&name, CLIENT)
    }

    fn address(exchange: &Exchange) -> Option<String> {
        exchange.address().map(|ip| ip.to_string())
    }

    fn given(exchange: &Exchange) -> Option<String> {
        Self::address(exchange)
    }

    fn server(exchange: &Exchange) -> Option<String> {
        exchange.server().map(|ip| ip.to_string())
    }

    fn name(server: &Server) -> String {
        server.name().to_string()
    }

    fn written(ip: Ipv4Addr) -> String {
        ip.to_string()
    }

    fn lease(exchange: &Exchange) -> Option<Lease> {
        let ack = exchange.replies().find(|seen| seen.letter == Letter::Ack)?;
        ack.has(bit::LEASE).then_some(Lease(ack.lease))
    }

    fn facts(exchange: &Exchange, step: &Step) -> Vec<String> {
        let seen = &step.seen;
        let mut facts = Vec::new();
        match seen.letter {
            Letter::Offer => {
                let prefix = seen.prefix().map_or_else(String::new, |prefix| format!("/{prefix}"));
                let lease =
                    if seen.has(bit::LEASE) { format!(" for {}", Lease(seen.lease)) } else { String::new() };
                facts.push(format!("{}{prefix}{lease}", seen.yiaddr));
                facts.extend(too_late(exchange, seen));
            }
            Letter::Request => {
                let wanted = some(seen.requested).or(some(seen.ciaddr));
                let mut text = wanted.map_or_else(String::new, |ip| ip.to_string());
                if seen.has(bit::SERVER_ID) {
                    text = format!("{text} from {}", seen.server_id);
                }
                facts.push(text);
                match exchange.kind {
                    // What is drawn may go on with an acquisition.
                    _ if seen.has(bit::SERVER_ID) => {}
                    Kind::Reboot => facts.push("INIT-REBOOT".to_owned()),
                    Kind::Renew => facts.push("renewing".to_owned()),
                    Kind::Rebind => facts.push("rebinding".to_owned()),
                    _ => {}
                }
            }
            Letter::Decline | Letter::Release => {
                facts.extend(some(seen.requested).or(some(seen.ciaddr)).map(|ip| ip.to_string()));
            }
            Letter::Nak => {
                let reason = exchange.reason_of(seen);
                facts.extend(reason.map(|reason| format!("\"{}\"", escape(reason))));
            }
            _ => {}
        }
        facts
    }
}

/// An offer that came when another one was taken already.
fn too_late<S: Message>(exchange: &Exchange<S>, offer: &S) -> Option<String> {
    let given = exchange.replies().find(|other| other.sense() == Sense::Grants)?;
    (given.time() < offer.time()).then(|| "too late".to_owned())
}

/// Addresses and prefixes of an exchange.
fn leases(exchange: &Exchange6) -> Vec<String> {
    let addresses = exchange.extra.addresses().map(|address| address.to_string());
    let prefixes = exchange.extra.prefixes().map(|(prefix, length)| Prefix6::new(prefix, length).to_string());
    let mut all: Vec<String> = addresses.chain(prefixes).collect();
    let more = all.len().saturating_sub(NAMED);
    if more > 0 {
        all.truncate(NAMED);
        all.push(format!("{more} more"));
    }
    all
}

impl Shown for Seen6 {
    const SIX: bool = true;

    fn client(exchange: &Exchange6) -> String {
        let duid = || exchange.texts.client_id.as_deref().map(|id| Duid::from(id).to_string());
        let name = exchange.mac.map(|mac| mac.to_string()).or_else(duid);
        let address = || exchange.extra.client.map_or_else(|| "-".to_owned(), |client| client.to_string());
        // What a DUID begins with is its kind.
        tail(&name.unwrap_or_else(address), CLIENT)
    }

    fn address(exchange: &Exchange6) -> Option<String> {
        exchange.address().map(named)
    }

    fn given(exchange: &Exchange6) -> Option<String> {
        Some(leases(exchange).join(", ")).filter(|text| !text.is_empty())
    }

    fn server(exchange: &Exchange6) -> Option<String> {
        exchange.server().map(Self::name)
    }

    fn name(server: &Server6) -> String {
        let said = Some(server.ip).filter(|ip| *ip != Ipv6Addr::UNSPECIFIED);
        said.map_or_else(|| server.called().to_string(), |ip| ip.to_string())
    }

    fn written(ip: Ipv6Addr) -> String {
        ip.to_string()
    }

    fn lease(exchange: &Exchange6) -> Option<Lease> {
        let granted = exchange.extra.known == Known::Granted;
        exchange.extra.timed().filter(|_| granted).map(|lease| Lease(lease.valid))
    }

    fn facts(exchange: &Exchange6, step: &Step<Self>) -> Vec<String> {
        let seen = &step.seen;
        let mut facts: Vec<String> = seen.address.map(named).into_iter().collect();
        if let Some(status) = seen.status {
            let text = exchange.texts.reason.as_deref().filter(|_| seen.sense == Sense::Refuses);
            let text = text.map_or_else(String::new, |text| format!(" \"{}\"", escape(text)));
            facts.push(format!("{status}{text}"));
        }
        if seen.has(bit6::RAPID) && matches!(seen.letter, Letter::Solicit | Letter::Reply) {
            facts.push("rapid commit".to_owned());
        }
        if let Some(preference) = seen.preference.filter(|preference| *preference > 0) {
            facts.push(format!("preference {preference}"));
        }
        if let (Letter::Request, Some(server)) = (seen.letter, &seen.server)
            && let Some(server) = exchange.servers.iter().find(|known| known.id.as_ref() == Some(server))
            && exchange.servers.len() > 1
        {
            facts.push(format!("from {}", Self::name(server)));
        }
        if seen.sense == Sense::Offers {
            facts.extend(too_late(exchange, seen));
        }
        facts
    }
}
