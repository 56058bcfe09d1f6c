//! Results for people (text) and programs (JSON).
//!
//! Nothing here reads a packet from anywhere or decides anything; it turns values into bytes. Where the bytes go is the
//! caller's business.

pub mod answers;
mod day;
mod digits;
mod fields;
pub mod hex;
pub mod json;
pub mod packet;
pub mod packet_detail;
pub mod packet_json;
pub mod packet_line;
pub mod record;
mod remembered;
pub mod rogue;
pub mod senders;
pub mod styled;
pub mod table;
pub mod when;

pub use json::JsonOut;
pub use styled::{Label, Styled};
