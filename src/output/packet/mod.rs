//! One packet: as JSON, as a line, in detail, as an annotated dump, and read back from JSON.

pub mod detail;
pub mod hex;
pub mod json;
pub mod line;
pub mod read;
pub mod record;
