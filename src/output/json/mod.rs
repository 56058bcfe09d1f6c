//! The fast writer of JSON, and the texts it keeps ready.

pub(in crate::output) mod day;
pub(in crate::output) mod fields;
pub mod object;
pub(in crate::output) mod remembered;
mod writer;

pub use writer::*;
