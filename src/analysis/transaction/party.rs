//! Clients and servers as they are told apart over many exchanges, whatever the protocol.

use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::exchange::{Exchange, Server};
use super::message::Message;
use super::names::{Kind, Letter, Outcome};
use super::seen::{Seen, bit};
use super::seen6::Seen6;
use super::six::{Exchange6, Name6, Server6};
use crate::analysis::diagnosis::Diagnosis;
use crate::wire::HwAddr;

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// Of DHCPv4, by its hardware address.
    Four(HwAddr),
    /// Of DHCPv4 and without one, by its client identifier, which is a number here as messages have it.
    Identifier(u32),
    /// Of DHCPv4, by the address it has.
    Address(Ipv4Addr),
    /// Of DHCPv4, known by nothing but its transaction.
    Xid(u32),
    /// Of DHCPv4: who asks about the leases of others.
    Asker,
    /// Of DHCPv6, by its DUID.
    Six(Arc<[u8]>),
    /// Of DHCPv6, by its address.
    Nameless(Option<Ipv6Addr>),
}

impl Who {
    /// Something names it.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Asker | Self::Nameless(_))
    }

    /// It speaks DHCPv6.
    pub fn is_six(&self) -> bool {
        matches!(self, Self::Six(_) | Self::Nameless(_))
    }
}

/// A server. Those of DHCPv6 are told apart by their DUID; people know them by where they were heard first.
#[derive(Clone, Debug)]
pub enum Whose {
    /// Of DHCPv4: option 54, else the source.
    Four(Ipv4Addr),
    /// Of DHCPv6: its name, and where it spoke from.
    Six(Name6, Ipv6Addr),
}

impl Whose {
    /// The name that programs know it by.
    pub fn id(&self) -> String {
        match self {
            Self::Four(ip) => ip.to_string(),
            Self::Six(name, _) => name.to_string(),
        }
    }
}

/// The name that people know it by.
impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Four(ip) => ip.fmt(f),
            Self::Six(name, Ipv6Addr::UNSPECIFIED) => name.fmt(f),
            Self::Six(_, ip) => ip.fmt(f),
        }
    }
}

impl Ord for Whose {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Four(own), Self::Four(other)) => own.cmp(other),
            (Self::Four(_), Self::Six(..)) => Ordering::Less,
            (Self::Six(..), Self::Four(_)) => Ordering::Greater,
            (Self::Six(own, _), Self::Six(other, _)) => own.cmp(other),
        }
    }
}

impl PartialOrd for Whose {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Whose {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Whose {}

/// A server of DHCPv4 where it gives, and what it gives there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Giver {
    /// The server.
    pub server: Ipv4Addr,
    /// Interface and VLANs, as one number.
    pub place: u32,
    /// The relay, else 0.0.0.0.
    pub relay: Ipv4Addr,
    /// Mask and network, where a mask is given.
    pub network: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Routers as one number, where some are given.
    pub routers: Option<u32>,
}

impl Giver {
    /// Both give at the same place.
    pub fn is_at(&self, other: &Self) -> bool {
        (self.place, self.relay) == (other.place, other.relay)
    }

    /// What they give is of different networks or has different routers; none where neither can be compared.
    pub fn differs(&self, other: &Self) -> Option<bool> {
        let differ = |(own, other)| own != other;
        let networks = self.network.zip(other.network).map(differ);
        let routers = self.routers.zip(other.routers).map(|(own, other)| own != other);
        match (networks, routers) {
            (None, None) => None,
            (networks, routers) => Some(networks == Some(true) || routers == Some(true)),
        }
    }
}

/// A message of whose exchanges figures are kept.
pub trait Counted: Message {
    /// Who the client of an exchange is.
    fn who(exchange: &Exchange<Self>) -> Who;
    /// Who a server is.
    fn whose(server: &Server<Self::Id, Self::Ip>) -> Whose;
    /// The server of the outcome, else the only one.
    fn server(exchange: &Exchange<Self>) -> Option<Whose>;
    /// The reply that made the outcome.
    fn decisive(exchange: &Exchange<Self>) -> Option<&Self>;
    /// Who gave, where, and what it gives there, where servers are compared by that.
    fn giver(exchange: &Exchange<Self>) -> Option<Giver>;
    /// The addresses and prefixes given, offered or asked for; an address has no length.
    fn leases(exchange: &Exchange<Self>) -> Vec<(IpAddr, Option<u8>)>;
    /// How long they may be used, seconds, of a message that gives them.
    fn lease_time(&self, exchange: &Exchange<Self>) -> Option<u32>;
    /// What this message of a server gives.
    fn given(&self) -> Option<IpAddr>;
    /// An address of either kind.
    fn ip(ip: Self::Ip) -> IpAddr;
    /// A message with which a client tries to get something.
    fn is_try(letter: Letter) -> bool;
    /// What became of an exchange that only this protocol has an outcome for, in words.
    fn why(exchange: &Exchange<Self>, problems: &[Diagnosis]) -> Option<String>;
}

impl Counted for Seen {
    fn who(exchange: &Exchange) -> Who {
        if let Some(mac) = exchange.mac {
            return Who::Four(mac);
        }
        let Some(seen) = exchange.sent().next().or(exchange.first()) else { return Who::Asker };
        if exchange.kind == Kind::LeaseQuery {
            Who::Asker
        } else if seen.has(bit::CLIENT_ID) {
            Who::Identifier(seen.client_id)
        } else if seen.ciaddr.is_unspecified() {
            Who::Xid(seen.xid)
        } else {
            Who::Address(seen.ciaddr)
        }
    }

    fn whose(server: &Server) -> Whose {
        Whose::Four(server.name())
    }

    fn server(exchange: &Exchange) -> Option<Whose> {
        exchange.server().map(Whose::Four)
    }

    fn decisive(exchange: &Exchange) -> Option<&Self> {
        exchange.decisive().map(|step| &step.seen)
    }

    fn giver(exchange: &Exchange) -> Option<Giver> {
        let ack = exchange.granted()?;
        let network = Ipv4Addr::from(u32::from(ack.yiaddr) & u32::from(ack.mask));
        Some(Giver {
            server: ack.server(),
            place: ack.place,
            relay: ack.giaddr,
            network: ack.has(bit::MASK).then_some((ack.mask, network)),
            routers: ack.has(bit::ROUTERS).then_some(ack.routers),
        })
    }

    fn leases(exchange: &Exchange) -> Vec<(IpAddr, Option<u8>)> {
        exchange.address().map(|ip| (ip.into(), None)).into_iter().collect()
    }

    fn lease_time(&self, _: &Exchange) -> Option<u32> {
        self.has(bit::LEASE).then_some(self.lease)
    }

    fn given(&self) -> Option<IpAddr> {
        Some(self.yiaddr.into())
    }

    fn ip(ip: Ipv4Addr) -> IpAddr {
        ip.into()
    }

    fn is_try(letter: Letter) -> bool {
        matches!(letter, Letter::Discover | Letter::Request | Letter::BootRequest)
    }

    fn why(exchange: &Exchange, problems: &[Diagnosis]) -> Option<String> {
        if exchange.outcome == Outcome::Elsewhere {
            let chosen = exchange.sent().rev().find(|seen| seen.letter == Letter::Request);
            let chosen = chosen.map_or_else(String::new, |seen| seen.server_id.to_string());
            return Some(format!("chose {chosen}, which is not seen here"));
        }
        let conflict = problems.iter().find_map(|problem| problem.message.split_once(" holds "));
        let (holder, _) = conflict.filter(|_| exchange.outcome == Outcome::Declined)?;
        Some(format!("DECLINE, in use: {holder}"))
    }
}

impl Counted for Seen6 {
    fn who(exchange: &Exchange6) -> Who {
        exchange.texts.client_id.clone().map_or(Who::Nameless(exchange.extra.client), Who::Six)
    }

    fn whose(server: &Server6) -> Whose {
        Whose::Six(server.called(), server.ip)
    }

    fn server(exchange: &Exchange6) -> Option<Whose> {
        exchange.server().map(Self::whose)
    }

    fn decisive(exchange: &Exchange6) -> Option<&Self> {
        exchange.decisive().map(|step| &step.seen)
    }

    fn giver(_: &Exchange6) -> Option<Giver> {
        None
    }

    fn leases(exchange: &Exchange6) -> Vec<(IpAddr, Option<u8>)> {
        let addresses = exchange.extra.addresses().map(|address| (address.into(), None));
        addresses
            .chain(exchange.extra.prefixes().map(|(prefix, length)| (prefix.into(), Some(length))))
            .collect()
    }

    fn lease_time(&self, exchange: &Exchange6) -> Option<u32> {
        exchange.extra.timed().map(|lease| lease.valid)
    }

    fn given(&self) -> Option<IpAddr> {
        self.address.map(|(address, _)| address.into())
    }

    fn ip(ip: Ipv6Addr) -> IpAddr {
        ip.into()
    }

    fn is_try(letter: Letter) -> bool {
        matches!(letter, Letter::Solicit | Letter::Request | Letter::Confirm | Letter::Renew | Letter::Rebind)
    }

    fn why(exchange: &Exchange6, _: &[Diagnosis]) -> Option<String> {
        let server = || {
            let server = exchange.server().or_else(|| exchange.servers.first());
            server.map_or_else(|| "the server".to_owned(), |server| Self::whose(server).to_string())
        };
        let what = || exchange.sent().next_back().map_or("it", |seen| seen.letter.name()).to_uppercase();
        Some(match exchange.outcome {
            Outcome::NoAddresses => format!("{} has no address or prefix left", server()),
            Outcome::NoBinding => format!("{} does not know the lease", server()),
            Outcome::NotOnLink => format!("{} says that the address is of another link", server()),
            Outcome::UseMulticast => format!("{} wants {} by multicast", server(), what()),
            Outcome::Partial => format!("{} gives only part of what was asked for", server()),
            Outcome::Elsewhere => "chose a server that is not seen here".to_owned(),
            _ => return None,
        })
    }
}
