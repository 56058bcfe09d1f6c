//! Flags that several commands share.

pub mod analysis;
pub mod common;
pub mod confine;
pub mod expect;
pub mod flat;
pub mod keep;
pub mod nagios;
pub mod screen;
pub mod select;
pub mod sender;
pub mod six;
pub mod values;
pub mod vendors;
