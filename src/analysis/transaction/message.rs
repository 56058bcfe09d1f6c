//! What joining needs to know of a message, whatever its protocol.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use super::exchange::{Exchange, Server};
use super::names::{Letter, Outcome, Side};
use crate::time::Precision;

/// What a message is to an exchange that goes its usual way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sense {
    /// A client looks for servers.
    Seeks,
    /// A server offers something.
    Offers,
    /// A client asks a server for something.
    Asks,
    /// A server gives what was asked for.
    Grants,
    /// A server gives nothing of it.
    Refuses,
    /// Anything else.
    #[default]
    Other,
}

/// A message of a protocol that is joined.
pub trait Message: Clone + Debug {
    /// An address.
    type Ip: Copy + Debug + PartialEq;
    /// How a server names itself.
    type Id: Clone + Debug + PartialEq;
    /// Who a client is.
    type Key: Clone + Debug + Eq + Hash;
    /// What an exchange knows beside its messages.
    type Extra: Clone + Debug + Default;
    /// An exchange in less memory, while hardly anything comes of it any more.
    type Packed: Debug;
    /// What most exchanges are like, which a packed one does not say.
    type Pattern: Debug + Default;

    /// The frame's number.
    fn frame(&self) -> u64;
    /// Nanoseconds since 1970.
    fn time(&self) -> i64;
    /// Transaction identifier.
    fn xid(&self) -> u32;
    /// What it is.
    fn letter(&self) -> Letter;
    /// What it is to its exchange.
    fn sense(&self) -> Sense;
    /// Where it was seen.
    fn side(&self) -> Side;
    /// A message of a client.
    fn is_from_client(&self) -> bool;
    /// Interface and VLANs as one number.
    fn place(&self) -> u32;
    /// The relay that it passed.
    fn relay(&self) -> Option<Self::Ip>;
    /// Its destination.
    fn dst(&self) -> Self::Ip;
    /// Its source.
    fn src(&self) -> Self::Ip;
    /// It goes to everybody.
    fn is_to_all(&self) -> bool;
    /// The link layer's receiver is one station.
    fn is_link_unicast(&self) -> bool;
    /// It left this machine, as the capture says.
    fn is_outbound(&self) -> bool;
    /// The digits of a second that its time has.
    fn precision(&self) -> Precision;
    /// The capture does not tell the time of it.
    fn is_timeless(&self) -> bool;
    /// When it came, where that is known: of a capture that tells no times at all nothing is.
    fn moment(&self) -> Option<i64> {
        Some(self.time()).filter(|time| *time != 0 || !self.is_timeless())
    }
    /// A number for the address that a client has, where it matters what it does next.
    fn renewed(&self) -> Option<u16> {
        None
    }
    /// A client asks for answers that everybody hears.
    fn wants_broadcast(&self) -> bool;
    /// The same message, on whichever side of a relay: doubles of it must be within 250 ms, other sides within a second.
    fn is_alike(&self, other: &Self) -> bool;
    /// The same in everything that a relay leaves as it is.
    fn is_same(&self, other: &Self) -> bool;
    /// Seen at the same distance from the client.
    fn is_beside(&self, other: &Self) -> bool;
    /// The server that sends it, as one that was not heard before.
    fn sender(&self) -> Server<Self::Id, Self::Ip>;
    /// This server sends it.
    fn is_of(&self, server: &Server<Self::Id, Self::Ip>) -> bool;
    /// This is what the server calls itself.
    fn is_id(server: &Server<Self::Id, Self::Ip>, ip: Self::Ip) -> bool;
    /// The relay that passed it on to its client.
    fn forwarder(&self, exchange: &Exchange<Self>) -> Option<Self::Ip>;
    /// What the exchange learns from it; `server` is who of its servers sent it.
    fn teach(&self, exchange: &mut Exchange<Self>, server: Option<u8>);
    /// What came of an exchange, for an input that ends at `end`.
    fn outcome(exchange: &Exchange<Self>, end: i64) -> Outcome;
    /// Packs an exchange, its problems left out; `bytes` lends its memory. None where that is not done.
    fn pack(
        exchange: &Exchange<Self>,
        pattern: &mut Self::Pattern,
        bytes: &mut Vec<u8>,
    ) -> Option<Self::Packed>;
    /// Makes `exchange` what was packed; `text` makes a text, given whether it is one of those that clients call themselves by.
    fn restore(
        packed: &Self::Packed,
        exchange: &mut Exchange<Self>,
        pattern: &Self::Pattern,
        text: impl FnMut(bool, &[u8]) -> Arc<[u8]>,
    );
    /// A number of what was packed, to have all of it in the cache.
    fn touch(packed: &Self::Packed) -> u64;
}

/// What every message has as a field of its own, and those that `$field` names beside.
macro_rules! fields {
    ($($field:ident: $type:ty,)*) => {
        fields! { @each
            frame: u64,
            time: i64,
            xid: u32,
            letter: Letter,
            side: Side,
            place: u32,
            src: Self::Ip,
            dst: Self::Ip,
            $($field: $type,)*
        }
    };
    (@each $($field:ident: $type:ty,)*) => {
        $(
            #[inline]
            fn $field(&self) -> $type {
                self.$field
            }
        )*
    };
}
pub(super) use fields;
