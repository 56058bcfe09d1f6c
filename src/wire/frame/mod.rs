//! From a captured frame to the DHCP message in it: one lax walk through every layer that may stand before it.
//!
//! [`Walker`] follows a frame from its [`LinkType`] to UDP and hands out a [`Datagram`] for each payload on a DHCP
//! port, and for each router solicitation and advertisement. Contract:
//!
//! - Nothing panics and nothing is trusted: a length from the wire narrows what is looked at, never widens it.
//! - A frame costs a bounded number of steps ([`MAX_LAYERS`]); only IP fragments are copied, into bounded memory.
//! - The captured bytes and the length a frame had on the wire are carried through every layer together, so that "cut
//!   by the capture" and "a header lies" stay apart.
//! - It decides "UDP payload on a DHCP port" or "ICMPv6 message of such a type" and nothing about the message itself.
//!
//! Beside the walk stand the simpler readers and writers that every other layer uses: [`peek`] for frames that were asked for and
//! the few facts that a sender looks for, [`build`] for frames that are sent, [`checksum`] for both.

mod beside;
pub mod build;
mod build6;
mod bytes;
pub mod checksum;
mod datagram;
mod filter;
mod fragments;
mod ip;
mod juniper;
mod layers;
mod link;
mod link_type;
pub mod numbers;
mod openflow;
pub mod peek;
mod plain;
mod ports;
mod pseudo;
mod step;
mod switch;
mod tunnel;
mod udp;
mod unread;
mod walk;
mod wlan;
mod wpan;

pub use beside::{Aside, Beside, Head};
pub use build::Envelope;
pub use build6::Envelope6;
pub use datagram::{Checksum, Complaint, Datagram, Direction, Ip, Link, Protocol, Udp, Vlans};
pub use filter::capture_filter;
pub use layers::{Layer, Layers, MAX_LAYERS};
pub use link_type::LinkType;
pub use ports::{PXE as PXE_PORT, Ports};
pub use step::Walked;
pub use tunnel::Tunnel;
pub use unread::{NotLookedInto, Unread};
pub use walk::{JoinedFragments, Walker};
