//! Options: one declarative table per option space, one set of value kinds, and everything that follows from them.

pub mod sink;

pub use sink::Sink;
