//! Results for people (text) and programs (JSON).
//!
//! Nothing here reads a packet from anywhere or decides anything; it turns values into bytes. Where the bytes go is the
//! caller's business.

pub mod answers;
pub mod diff;
pub mod doctor;
pub mod expect;
pub mod explain;
pub mod flat;
pub mod handshake;
pub mod interfaces;
pub mod json;
pub mod options;
pub mod packet;
pub mod plugin;
pub mod render;
pub mod report;
pub mod rogue;
pub mod schema;
pub mod senders;
pub mod six;
pub mod styled;
pub mod table;
pub mod text;
pub mod transaction;
pub mod when;
pub mod width;
pub mod words;
pub mod wrap;

pub use json::JsonOut;
pub use render::{Format, Render};
pub use styled::{Label, Styled};
