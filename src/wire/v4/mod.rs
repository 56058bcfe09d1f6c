//! DHCPv4 and BOOTP messages (RFC 951, RFC 2131).
//!
//! - [`Packet`]: a borrowed view; allocates nothing, judges nothing; what the bytes do not hold is `None`.
//! - [`Outline`]: where every option lies (overloaded fields included) and what is wrong; one linear pass, reusable.
//! - [`Message`]: owned and faithful; bytes → message → bytes is identity for every input.
//! - [`Facts`]: what it says, read once; shared by senders, judges and transactions.
//! - [`Values`]: the values of the options, and what is wrong with each.

pub mod facts;
pub mod judge;
mod layouts;
pub mod message;
pub mod outline;
pub mod packet;
mod said;
pub mod types;
pub mod values;

pub use facts::Facts;
pub use message::{Item, Message};
pub use outline::{OptionArea, Outline, Span};
pub use packet::Packet;
pub use said::Said;
pub use types::{MessageType, Op, Xid};
pub use values::{Shown, Values};

/// Bytes of the fixed part, up to and without the magic cookie (RFC 2131 §2).
pub const FIXED_LEN: usize = 236;
/// The magic cookie that opens the options (RFC 2131 §3).
pub const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// The smallest message every relay and server must take (RFC 951 §3: 300 bytes); shorter ones are padded.
pub const MIN_LEN: usize = 300;
/// The UDP port of servers and relays.
pub const SERVER_PORT: u16 = 67;
/// The UDP port of clients.
pub const CLIENT_PORT: u16 = 68;
/// Option codes that have no length byte, or that the codec itself must know.
pub mod code {
    pub use crate::wire::options::v4::{DHCP_MESSAGE_TYPE as MESSAGE_TYPE, DHCP_OPTION_OVERLOAD as OVERLOAD};
    /// Pad.
    pub const PAD: u8 = 0;
    /// End.
    pub const END: u8 = 255;
}
