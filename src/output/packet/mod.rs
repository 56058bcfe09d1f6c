//! One packet: as JSON, as a line, in detail, as an annotated dump, and read back from JSON.

pub mod detail;
pub mod detail6;
pub mod hex;
pub mod json;
pub mod json6;
pub mod line;
pub mod line6;
pub mod read;
pub mod read6;
pub mod record;
pub mod record6;
mod short;
pub mod unsent;
