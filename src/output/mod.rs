//! Results for people (text) and programs (JSON).
//!
//! Nothing here reads a packet from anywhere or decides anything; it turns values into bytes. Where the bytes go is the
//! caller's business.

pub mod json;
pub mod styled;

pub use json::JsonOut;
pub use styled::{Label, Styled};
