//! The wire codec: bytes to meaning and back.
//!
//! Contract of everything below:
//!
//! - **Input is hostile.** Nothing panics, nothing allocates more than a small multiple of its input, every walk is
//!   linear. Lengths found on the wire are clamped to what is there, never trusted.
//! - **Views borrow and do not judge** ([`v4::Packet`]); **messages own and are faithful** ([`v4::Message`]:
//!   bytes → message → bytes is identity, malformed bytes included); **facts are validated** on construction.
//! - **What is wrong is reported beside the value**, as a [`Problem`] that carries its byte offset, counted from the
//!   first byte of the DHCP message. "Malformed", "legal but odd" and "cut by the capture" are three [`Severity`]s.
//! - No I/O, no clock, no colour, no JSON: `wire` uses std only.

pub mod addr;
pub mod arp;
pub mod control;
pub(crate) mod digits;
pub mod escape;
pub mod frame;
pub mod nd;
pub mod neighbor;
mod offset;
pub mod options;
pub mod problem;
pub mod seconds;
pub mod v4;
pub mod v6;

pub use addr::{HwAddr, Mac, Prefix};
pub use problem::{Problem, Severity};
pub use seconds::{Lease, Seconds};
