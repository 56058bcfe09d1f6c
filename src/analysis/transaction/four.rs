//! What the messages of DHCPv4 are to their exchanges.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::exchange::{Exchange, Had, Server, Step};
use super::message::{Message, Sense, fields};
use super::names::{Kind, Letter, Outcome, Side};
use super::packed::{Packed, Pattern};
use super::seen::{Seen, bit};
use crate::time::Precision;
use crate::wire::HwAddr;

impl Exchange {
    /// The first ACK that gives an address.
    pub fn granted(&self) -> Option<&Seen> {
        self.replies().find(|seen| seen.letter == Letter::Ack && seen.gives())
    }
}

impl Server {
    /// Option 54, else the source.
    pub fn name(&self) -> Ipv4Addr {
        self.id.unwrap_or(self.ip)
    }
}

/// Who a client is, in 20 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey {
    pub(super) tag: u8,
    pub(super) addr: HwAddr,
}

impl Message for Seen {
    type Ip = Ipv4Addr;
    type Id = Ipv4Addr;
    type Key = ClientKey;
    type Extra = ();
    type Packed = Packed;
    type Pattern = Pattern;

    fields! {}

    #[inline]
    fn sense(&self) -> Sense {
        match self.letter {
            Letter::Discover => Sense::Seeks,
            Letter::Offer => Sense::Offers,
            Letter::Request | Letter::Inform => Sense::Asks,
            Letter::Ack => Sense::Grants,
            Letter::Nak => Sense::Refuses,
            _ => Sense::Other,
        }
    }

    #[inline]
    fn relay(&self) -> Option<Ipv4Addr> {
        Some(self.giaddr).filter(|giaddr| !giaddr.is_unspecified())
    }

    #[inline]
    fn renewed(&self) -> Option<u16> {
        let [.., high, low] = self.ciaddr.to_bits().wrapping_mul(0x9e37_79b9).to_be_bytes();
        let [first, second, ..] = self.ciaddr.octets();
        Some(u16::from_be_bytes([high ^ first, low ^ second]))
    }

    #[inline]
    fn is_from_client(&self) -> bool {
        self.from_client
    }

    fn is_to_all(&self) -> bool {
        self.has(bit::IP_BROADCAST) || !self.has(bit::IPV4)
    }

    fn is_link_unicast(&self) -> bool {
        self.link_unicast()
    }

    fn is_outbound(&self) -> bool {
        self.has(bit::OUTBOUND)
    }

    fn precision(&self) -> Precision {
        if self.has(bit::MICRO) { Precision::Micro } else { Precision::Nano }
    }

    fn is_timeless(&self) -> bool {
        self.has(bit::TIMELESS)
    }

    fn wants_broadcast(&self) -> bool {
        self.broadcast() && self.ciaddr.is_unspecified()
    }

    #[inline]
    fn is_alike(&self, other: &Self) -> bool {
        other.xid == self.xid
            && other.letter == self.letter
            && other.ciaddr == self.ciaddr
            && other.yiaddr == self.yiaddr
            && other.from_client == self.from_client
    }

    #[inline]
    fn is_same(&self, other: &Self) -> bool {
        other.secs == self.secs && other.options == self.options
    }

    #[inline]
    fn is_beside(&self, other: &Self) -> bool {
        self.side == other.side
    }

    fn sender(&self) -> Server {
        Server {
            id: self.has(bit::SERVER_ID).then_some(self.server_id),
            ip: self.src,
            mac: self.src_mac,
            offered: None,
            offer: None,
            acked: false,
            refused: false,
        }
    }

    #[inline]
    fn is_of(&self, server: &Server) -> bool {
        server.name() == self.server()
    }

    fn is_id(server: &Server, ip: Ipv4Addr) -> bool {
        server.id == Some(ip)
    }

    fn forwarder(&self, _: &Exchange) -> Option<Ipv4Addr> {
        self.relay()
    }

    fn teach(&self, exchange: &mut Exchange, server: Option<u8>) {
        if let Some(index) = server {
            self.judge_server(exchange, index);
        }
        let had = &mut exchange.had;
        match self.letter {
            Letter::Discover => {
                had.discover = true;
                had.rapid |= self.has(bit::RAPID);
            }
            Letter::Offer => had.offer = true,
            Letter::Request => had.request = true,
            Letter::Ack => had.ack = true,
            Letter::Nak => had.nak = true,
            Letter::Decline => had.decline = true,
            _ => had.answer |= !self.from_client,
        }
    }

    fn pack(exchange: &Exchange, pattern: &mut Pattern, bytes: &mut Vec<u8>) -> Option<Packed> {
        Packed::of(exchange, pattern, bytes)
    }

    fn restore(
        packed: &Packed,
        exchange: &mut Exchange,
        pattern: &Pattern,
        text: impl FnMut(bool, &[u8]) -> Arc<[u8]>,
    ) {
        packed.restore(exchange, pattern, text);
    }

    fn touch(packed: &Packed) -> u64 {
        packed.touch()
    }

    fn outcome(exchange: &Exchange, end: i64) -> Outcome {
        let Had { offer, request, ack, nak, decline, answer, .. } = exchange.had;
        if decline {
            return Outcome::Declined;
        }
        if ack {
            return match exchange.kind {
                Kind::Acquire | Kind::Bootp => Outcome::Bound,
                Kind::Reboot => Outcome::Rebooted,
                Kind::Renew => Outcome::Renewed,
                Kind::Rebind => Outcome::Rebound,
                Kind::Inform => Outcome::Informed,
                Kind::Pxe => Outcome::Answered,
                _ => Outcome::Acknowledged,
            };
        }
        if exchange.kind == Kind::Bootp && answer {
            return Outcome::Bound;
        }
        if nak {
            return Outcome::Refused;
        }
        match exchange.kind {
            Kind::Release => return Outcome::Released,
            Kind::LeaseQuery | Kind::Pxe if answer => return Outcome::Answered,
            Kind::ForceRenew => return Outcome::Sent,
            _ => {}
        }
        if exchange.is_open_at(end) {
            return Outcome::Open;
        }
        if exchange.kind == Kind::Acquire && request {
            let chosen = exchange.sent().rev().find(|seen| seen.letter == Letter::Request);
            let chosen = chosen.filter(|seen| seen.has(bit::SERVER_ID) && !seen.server_id.is_unspecified());
            let offers = |server: Ipv4Addr| {
                exchange.replies().any(|seen| seen.letter == Letter::Offer && seen.server() == server)
            };
            if offer && chosen.is_some_and(|seen| !offers(seen.server_id)) {
                return Outcome::Elsewhere;
            }
            return Outcome::Unacknowledged;
        }
        if offer { Outcome::Offered } else { Outcome::Unanswered }
    }
}

impl Seen {
    /// What one of the exchange's servers did by this message.
    fn judge_server(&self, exchange: &mut Exchange, index: u8) {
        let sought = exchange.sought_at(self.xid).filter(|_| self.moment().is_some());
        let Some(server) = exchange.servers.get_mut(usize::from(index)) else { return };
        match self.letter {
            Letter::Offer if server.offered.is_none() => {
                server.offered = Some(self.yiaddr).filter(|address| !address.is_unspecified());
                server.offer = server.offer.or(sought.map(|sought| self.time.saturating_sub(sought)));
            }
            Letter::Ack => server.acked = true,
            Letter::Nak => server.refused = true,
            _ => {}
        }
    }
}

impl Exchange {
    /// The reply that made the outcome.
    pub fn decisive(&self) -> Option<&Step> {
        let last = |letter: Letter| self.said().find(|step| step.seen.letter == letter);
        last(Letter::Ack)
            .or_else(|| last(Letter::Nak))
            .or_else(|| self.said().find(|step| !step.seen.from_client && step.seen.letter != Letter::Offer))
    }

    /// The server of the outcome, else the only one.
    pub fn server(&self) -> Option<Ipv4Addr> {
        match (self.decisive(), &*self.servers) {
            (Some(step), _) => Some(step.seen.server()),
            (None, [only]) => Some(only.name()),
            _ => None,
        }
    }

    /// The reply that gives the address: the first ACK that gives one, else OFFER, else BOOTREPLY.
    pub fn giving(&self) -> Option<&Seen> {
        let gives = |seen: &Seen| !seen.yiaddr.is_unspecified();
        let first = |letter: Letter| self.replies().find(move |seen| seen.letter == letter && gives(seen));
        first(Letter::Ack).or_else(|| first(Letter::Offer)).or_else(|| first(Letter::BootReply))
    }

    /// The ACK's address, else that of the first OFFER, else what was asked for.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.giving().map(|seen| seen.yiaddr).or_else(|| self.asked())
    }

    /// The address that was asked for: option 50 of a REQUEST or DECLINE, else `ciaddr`. A DISCOVER only wishes.
    pub fn asked(&self) -> Option<Ipv4Addr> {
        let wanted = |seen: &Seen| {
            let names = matches!(seen.letter, Letter::Request | Letter::Decline);
            if names && seen.has(bit::REQUESTED) && !seen.requested.is_unspecified() {
                Some(seen.requested)
            } else {
                Some(seen.ciaddr).filter(|ciaddr| !ciaddr.is_unspecified())
            }
        };
        self.sent().find_map(wanted)
    }
}
