//! Options: one declarative table per option space, one set of value kinds, and everything that follows from them.
//!
//! [`v4::SPACE`] is the table; a row says code, name and [`Kind`]. [`decode()`] turns the bytes of any kind into the
//! events of a [`Sink`].

pub mod decode;
mod domain;
pub mod kind;
pub mod names;
pub mod registry;
pub mod sink;
pub mod sub;
pub mod text;
pub mod v4;
pub mod vendor;

pub use decode::{Context, Fault, Nowhere, ValueError, check, decode};
pub use kind::Kind;
pub use registry::{OptionDef, Space};
pub use sink::Sink;
pub use text::TextSink;
