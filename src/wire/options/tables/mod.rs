//! The tables: one row per option, from which names, decoding, encoding and documentation follow.

pub mod names;
pub mod nd;
pub mod sub;
pub mod v4;
pub mod v6;
pub mod vendor;
