//! Options: one declarative table per option space, one set of value kinds, and everything that follows from them.
//!
//! [`v4::SPACE`] is the table; a row says code, name and [`Kind`]. [`decode()`] turns the bytes of any kind into the
//! events of a [`Sink`]: [`TextSink`] writes text, [`ValueSink`] keeps a [`Value`]. [`parse()`] goes the other way, from the
//! text that `TextSink` writes (and friendlier forms) to bytes; [`OptionArg`] and [`assemble`] are the `-o` of the command line.

pub mod arg;
pub mod cursor;
pub mod decode;
mod domain;
mod formats;
pub mod items;
pub mod kind;
pub mod parse;
pub mod registry;
pub mod sink;
mod syntax;
pub mod tables;
pub mod text;
pub mod value;

pub use arg::{OptionArg, assemble, each_nested, kind_at, nested_at, split_rfc3396};
pub use cursor::{Context, Fault, ValueError};
pub use decode::{Nowhere, check, decode};
pub use items::Items;
pub use kind::Kind;
pub use parse::{ParseError, parse, parse_option};
pub use registry::{OptionDef, Space};
pub use sink::Sink;
pub use tables::{names, sub, v4, vendor};
pub use text::TextSink;
pub use value::{Value, ValueSink};

impl Space {
    /// Every space there is, for those who look at all of them: tests, fuzz targets, listings.
    pub const ALL: &'static [&'static Self] = &[
        &v4::SPACE,
        &sub::RELAY_AGENT,
        &sub::RADIUS,
        &sub::CABLELABS,
        &sub::NETWARE,
        &sub::MOS_ADDRESSES,
        &sub::MOS_NAMES,
        &sub::CIVIC_ELEMENTS,
        &sub::SUBNETS,
        &sub::SVC_PARAMS,
        &vendor::UNKNOWN,
        &vendor::PXE,
        &vendor::MICROSOFT,
        &vendor::DOCSIS,
        &vendor::CISCO_AP,
        &vendor::UBIQUITI,
        &vendor::CABLELABS_VIVSO,
        &vendor::BROADBAND_FORUM,
        &vendor::IPXE,
    ];
}

#[cfg(test)]
mod tests;
