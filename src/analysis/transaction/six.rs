//! What the messages of DHCPv6 are to their exchanges.

use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, Hasher};
use std::net::Ipv6Addr;
use std::sync::Arc;

use super::exchange::{Exchange, Had, Server, Step};
use super::few::Few;
use super::message::{Message, Sense, fields};
use super::names::{Kind, Letter, Outcome, Side};
use super::seen6::{LEASES, Lease, Seen6, bit6};
use crate::analysis::keyed::Keyed;
use crate::time::Precision;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, StatusCode};

/// An exchange of DHCPv6.
pub type Exchange6 = Exchange<Seen6>;
/// A server of DHCPv6.
pub type Server6 = Server<Arc<[u8]>, Ipv6Addr>;

/// What a server of DHCPv6 is called: by its DUID, else by where it speaks from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name6 {
    /// The DUID.
    Duid(Arc<[u8]>),
    /// The address.
    Address(Ipv6Addr),
}

impl fmt::Display for Name6 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duid(duid) => Duid::from(&**duid).fmt(f),
            Self::Address(ip) => ip.fmt(f),
        }
    }
}

impl Server6 {
    /// What it is called.
    pub fn called(&self) -> Name6 {
        self.id.clone().map_or(Name6::Address(self.ip), Name6::Duid)
    }
}

/// Who a client is: its DUID, or its address where it names none, made a number of 128 bits by a key of the process, so that a stranger
/// cannot aim at the number of another client. It is compared without looking into a DUID that lies elsewhere in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key6([u64; 2]);

impl Key6 {
    /// Of a client that names its DUID.
    pub(super) fn of_duid(duid: &[u8]) -> Self {
        Self::of(2, duid)
    }

    /// Of a client that names none.
    pub(super) fn of_address(address: Ipv6Addr) -> Self {
        Self::of(0, &address.octets())
    }

    fn of(kind: u8, bytes: &[u8]) -> Self {
        let keyed = Keyed::default();
        Self([keyed.hash_one((kind, bytes)), keyed.hash_one((kind | 1, bytes))])
    }

    /// A number of it.
    pub(super) fn number(self) -> u64 {
        self.0[0]
    }
}

impl Hash for Key6 {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

/// How much is known of the leases of an exchange; what is later is worth more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// Nothing.
    #[default]
    Nothing,
    /// What the client asked for.
    Asked,
    /// What a server said it would give.
    Offered,
    /// What a server gave.
    Granted,
}

/// What an exchange of DHCPv6 knows beside its messages.
#[derive(Clone, Debug, Default)]
pub struct Extra6 {
    /// Its number among all of the joiner, from 1.
    pub serial: u64,
    /// Kinds and identifiers of the associations that the client asked for last.
    pub asked: Few<(IaKind, u32)>,
    /// Leases, as far as they are known.
    pub leases: Vec<Lease>,
    /// How far that is.
    pub known: Known,
    /// An address that the client asked for.
    pub wished: Option<Ipv6Addr>,
    /// The latest status that is no success.
    pub status: Option<StatusCode>,
    /// What was granted is not all that was asked for.
    pub partly: bool,
    /// The client's address.
    pub client: Option<Ipv6Addr>,
    /// Option 18 of the relay next to the client.
    pub port: Option<Arc<[u8]>>,
    /// A REPLY answered the SOLICIT.
    pub committed: bool,
    /// When it closed, as far as the input had come then, nanoseconds since 1970.
    pub ended: i64,
}

impl Message for Seen6 {
    type Ip = Ipv6Addr;
    type Id = Arc<[u8]>;
    type Key = Key6;
    type Extra = Extra6;
    type Packed = Infallible;
    type Pattern = ();

    fields! {
        sense: Sense,
        relay: Option<Ipv6Addr>,
    }

    #[inline]
    fn is_from_client(&self) -> bool {
        self.from_client
    }

    fn is_to_all(&self) -> bool {
        self.dst.is_multicast()
    }

    fn is_link_unicast(&self) -> bool {
        self.has(bit6::LINK_DST) && !self.dst_mac.is_multicast()
    }

    fn is_outbound(&self) -> bool {
        self.has(bit6::OUTBOUND)
    }

    fn precision(&self) -> Precision {
        if self.has(bit6::MICRO) { Precision::Micro } else { Precision::Nano }
    }

    fn is_timeless(&self) -> bool {
        self.has(bit6::TIMELESS)
    }

    /// Answers go to one station always.
    fn wants_broadcast(&self) -> bool {
        false
    }

    fn is_alike(&self, other: &Self) -> bool {
        self.xid == other.xid && self.letter == other.letter && self.server == other.server
    }

    fn is_same(&self, other: &Self) -> bool {
        self.options == other.options
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.depth == other.depth
    }

    fn sender(&self) -> Server6 {
        Server {
            id: self.server.clone(),
            ip: self.src,
            mac: self.src_mac,
            offered: None,
            offer: None,
            acked: false,
            refused: false,
        }
    }

    fn is_of(&self, server: &Server6) -> bool {
        match (&self.server, &server.id) {
            (Some(own), Some(id)) => own == id,
            (None, None) => self.src == server.ip,
            _ => false,
        }
    }

    fn is_id(_: &Server6, _: Ipv6Addr) -> bool {
        false
    }

    fn forwarder(&self, exchange: &Exchange6) -> Option<Ipv6Addr> {
        exchange.relays().first().copied()
    }

    fn teach(&self, exchange: &mut Exchange6, server: Option<u8>) {
        if let Some(index) = server {
            self.judge_server(exchange, index);
        }
        let (had, extra) = (&mut exchange.had, &mut exchange.extra);
        match self.letter {
            Letter::Solicit => {
                had.discover = true;
                had.rapid |= self.has(bit6::RAPID);
            }
            Letter::Decline => had.decline = true,
            _ if self.from_client => had.request = true,
            _ => {}
        }
        match self.sense {
            Sense::Offers => had.offer = true,
            Sense::Grants => had.ack = true,
            Sense::Refuses => {
                // One server that has nothing to offer ends nothing.
                had.nak |= self.letter != Letter::Advertise;
                extra.status = self.status.or(extra.status);
            }
            // A REPLY that is neither is cut before what it says.
            _ => had.answer |= matches!(self.letter, Letter::LeaseQueryReply | Letter::Reply),
        }
    }

    fn pack(_: &Exchange6, (): &mut (), _: &mut Vec<u8>) -> Option<Infallible> {
        None
    }

    fn restore(packed: &Infallible, _: &mut Exchange6, (): &(), _: impl FnMut(bool, &[u8]) -> Arc<[u8]>) {
        match *packed {}
    }

    fn touch(packed: &Infallible) -> u64 {
        match *packed {}
    }

    fn outcome(exchange: &Exchange6, end: i64) -> Outcome {
        let Had { offer, request, ack, nak, decline, answer, .. } = exchange.had;
        if decline {
            return Outcome::Declined;
        }
        if ack {
            return match exchange.kind {
                Kind::Acquire | Kind::Renew | Kind::Rebind if exchange.extra.partly => Outcome::Partial,
                Kind::Acquire => Outcome::Bound,
                Kind::Renew => Outcome::Renewed,
                Kind::Rebind => Outcome::Rebound,
                Kind::Confirm => Outcome::Confirmed,
                Kind::Inform => Outcome::Informed,
                Kind::Release => Outcome::Released,
                Kind::Register => Outcome::Answered,
                _ => Outcome::Acknowledged,
            };
        }
        if answer {
            return Outcome::Answered;
        }
        if nak {
            return refusal(exchange.extra.status);
        }
        if exchange.kind == Kind::Reconfigure {
            return Outcome::Sent;
        }
        if exchange.is_open_at(end) {
            return Outcome::Open;
        }
        if exchange.kind == Kind::Acquire && request {
            let chosen = exchange.sent().rev().find(|seen| seen.letter == Letter::Request);
            let chosen = chosen.and_then(|seen| seen.server.as_ref());
            let offers = |server: &Arc<[u8]>| {
                exchange
                    .replies()
                    .any(|seen| seen.sense == Sense::Offers && seen.server.as_ref() == Some(server))
            };
            return match chosen {
                Some(server) if offer && !offers(server) => Outcome::Elsewhere,
                _ => Outcome::Unacknowledged,
            };
        }
        match (offer, exchange.extra.status) {
            (true, _) => Outcome::Offered,
            (false, Some(_)) if exchange.had.reply => refusal(exchange.extra.status),
            (false, None) if exchange.had.reply && exchange.had.client => Outcome::Refused,
            _ => Outcome::Unanswered,
        }
    }
}

/// What a status says of an exchange that came to nothing.
fn refusal(status: Option<StatusCode>) -> Outcome {
    match status {
        Some(StatusCode::NO_ADDRS_AVAIL | StatusCode::NO_PREFIX_AVAIL) => Outcome::NoAddresses,
        Some(StatusCode::NO_BINDING) => Outcome::NoBinding,
        Some(StatusCode::NOT_ON_LINK) => Outcome::NotOnLink,
        Some(StatusCode::USE_MULTICAST) => Outcome::UseMulticast,
        _ => Outcome::Refused,
    }
}

impl Seen6 {
    /// What one of the exchange's servers did by this message.
    fn judge_server(&self, exchange: &mut Exchange6, index: u8) {
        let sought = exchange.sought_at(self.xid).filter(|_| self.moment().is_some());
        let Some(server) = exchange.servers.get_mut(usize::from(index)) else { return };
        match self.sense {
            Sense::Offers if server.offer.is_none() => {
                server.offered = self.address.map(|(address, _)| address);
                server.offer = sought.map(|sought| self.time.saturating_sub(sought));
            }
            Sense::Grants => server.acked = true,
            Sense::Refuses => server.refused = true,
            _ => {}
        }
    }

    /// What it is in an exchange in which it answers `asked`, of a client that asked for these associations.
    pub(super) fn sense_in(&self, asked: Option<Letter>, wished: &[(IaKind, u32)]) -> Sense {
        let gives = !self.has(bit6::REFUSED)
            && (self.has(bit6::USABLE) || (wished.is_empty() && !self.has(bit6::FAILED)));
        let unknown = self.has(bit6::CUT) && !self.has(bit6::FAILED);
        match (self.letter, asked) {
            (Letter::Solicit, _) => Sense::Seeks,
            (Letter::Advertise, _) if gives => Sense::Offers,
            (Letter::Reply, Some(Letter::InformationRequest | Letter::Confirm)) => {
                if self.has(bit6::REFUSED) { Sense::Refuses } else { Sense::Grants }
            }
            (Letter::Reply, Some(Letter::Release | Letter::Decline)) => {
                if self.has(bit6::FAILED) {
                    Sense::Refuses
                } else {
                    Sense::Grants
                }
            }
            (Letter::Reply, _) if gives => Sense::Grants,
            (Letter::AddrRegReply, _) => Sense::Grants,
            (Letter::Advertise, _) if unknown => Sense::Offers,
            (Letter::Reply, _) if unknown => Sense::Other,
            (Letter::Advertise | Letter::Reply, _) => Sense::Refuses,
            _ if self.from_client => Sense::Asks,
            _ => Sense::Other,
        }
    }
}

impl Extra6 {
    /// Takes in the leases of a message of the exchange.
    pub(super) fn take(&mut self, seen: &Seen6, leases: &[Lease]) {
        let known = match seen.sense {
            Sense::Grants => Known::Granted,
            Sense::Offers => Known::Offered,
            _ if seen.from_client => Known::Asked,
            _ => return,
        };
        if seen.from_client && !matches!(seen.letter, Letter::Release | Letter::Decline) {
            let asks = || leases.iter().map(|lease| (lease.kind, lease.iaid));
            // Most ask again for the same.
            if !asks().eq(self.asked.iter().copied()) {
                self.asked = Few::default();
                for ia in asks() {
                    if !self.asked.contains(&ia) {
                        self.asked.push(ia);
                    }
                }
            }
            let address = seen.address.filter(|(_, length)| length.is_none());
            self.wished = self.wished.or(address.map(|(address, _)| address));
        }
        if known == Known::Granted {
            let given = |ia: &(IaKind, u32)| {
                leases.iter().any(|lease| lease.usable && (lease.kind, lease.iaid) == *ia)
            };
            // Many leases are not all known.
            self.partly = leases.len() < LEASES && !self.asked.iter().all(given);
            self.committed |= seen.has(bit6::RAPID);
        }
        let holds = leases.iter().any(|lease| lease.what.is_some());
        if holds && (known > self.known || (known == self.known && seen.from_client)) {
            self.known = known;
            self.leases = leases.to_vec();
        }
    }

    /// The addresses among the leases.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv6Addr> {
        let of = |lease: &&Lease| lease.kind != IaKind::Pd && self.is_shown(lease);
        self.leases.iter().filter(of).filter_map(|lease| lease.what).map(|(address, _)| address)
    }

    /// The prefixes among the leases.
    pub fn prefixes(&self) -> impl Iterator<Item = (Ipv6Addr, u8)> {
        let of = |lease: &&Lease| lease.kind == IaKind::Pd && self.is_shown(lease);
        self.leases.iter().filter(of).filter_map(|lease| lease.what)
    }

    /// What a server takes away is not given.
    fn is_shown(&self, lease: &Lease) -> bool {
        self.known < Known::Offered || lease.valid > 0
    }

    /// The lease whose times are told: the first that was given or offered.
    pub fn timed(&self) -> Option<&Lease> {
        self.leases
            .iter()
            .find(|lease| self.known >= Known::Offered && lease.what.is_some() && lease.valid > 0)
    }
}

impl Exchange6 {
    /// The reply that made the outcome.
    pub fn decisive(&self) -> Option<&Step<Seen6>> {
        let first = |sense: Sense| {
            self.said().find(|step| step.seen.sense == sense && step.seen.letter != Letter::Advertise)
        };
        let other =
            || self.said().find(|step| !step.seen.from_client && step.seen.letter != Letter::Advertise);
        first(Sense::Grants).or_else(|| first(Sense::Refuses)).or_else(other)
    }

    /// The server of the outcome, else the only one.
    pub fn server(&self) -> Option<&Server6> {
        match (self.decisive(), &*self.servers) {
            (Some(step), servers) => servers.get(usize::from(step.server?)),
            (None, [only]) => Some(only),
            _ => None,
        }
    }

    /// The first address or prefix given, else offered, else asked for; a prefix with its length.
    pub fn address(&self) -> Option<(Ipv6Addr, Option<u8>)> {
        let address = self.extra.addresses().next().map(|address| (address, None));
        address.or_else(|| self.extra.prefixes().next().map(|(prefix, length)| (prefix, Some(length))))
    }
}
