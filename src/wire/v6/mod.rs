//! DHCPv6 messages (RFC 9915).
//!
//! - [`Packet`]: a borrowed view; allocates nothing, judges nothing; what the bytes do not hold is `None`.
//! - [`Outline`]: where every option lies, relayed messages included, and what is wrong; one linear pass, reusable.
//! - [`Message`]: owned and faithful; bytes → message → bytes is identity for every input.
//! - [`Facts`]: what it says, read once; shared by senders, judges and transactions.

pub mod facts;
pub mod judge;
pub mod message;
pub mod outline;
pub mod packet;
pub mod prefix;
pub mod types;
pub mod usable;
pub mod values;

pub use facts::Facts;
pub use message::{Head, Item, Message};
pub use outline::{Level, Outline, Span};
pub use packet::{Options, Packet, RawOption};
pub use prefix::Prefix6;
pub use types::{Duid, MessageType, StatusCode};
