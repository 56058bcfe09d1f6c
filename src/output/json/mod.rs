//! The fast writer of JSON, structs that it writes, and the texts it keeps ready.

pub(in crate::output) mod day;
pub mod object;
pub(in crate::output) mod remembered;
pub mod told;
mod writer;

pub use writer::*;
