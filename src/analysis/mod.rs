//! More than bytes: which packets are wanted, and what many of them mean together.
//!
//! Eats messages with timestamps, so that live traffic, files and tests look alike. Prints nothing, opens nothing.

pub mod around;
pub(crate) mod bounded;
pub mod classes;
pub mod compare;
pub mod diagnosis;
pub mod doctor;
pub mod expect;
pub mod findings6;
pub(crate) mod keyed;
pub mod likeness;
pub mod redact;
pub mod select;
pub mod servers;
pub mod transaction;
pub mod vendors;

pub use select::{OptionTest, OptionTest6, Selection, Want};
