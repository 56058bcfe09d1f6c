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
mod inside;
pub mod items;
pub mod kind;
pub mod parse;
mod plain;
pub mod registry;
pub mod shapes;
pub mod sink;
mod syntax;
pub mod tables;
pub mod text;
pub mod value;

pub use arg::{Assembled, OptionArg, assemble, each_nested, kind_at, nested_at, split_rfc3396};
pub use cursor::{Context, MAX_DEPTH, Trace, ValueError, ValueFault};
pub use decode::{blind, check, decode, nowhere};
pub use inside::{decode_at, value_problem};

pub use items::Items;
pub use kind::Kind;
pub use parse::{ParseError, parse, parse_option};
pub use plain::is_plain;
pub use registry::{OptionDef, Space};
pub use sink::Sink;
pub use tables::{names, nd, sub, v4, v6, vendor};
pub use text::TextSink;
pub use value::{Value, ValueSink};

/// Takes one uncompressed domain name off the front: its text, odd bytes as `\\DDD`. None where there is no whole one.
pub(crate) fn take_name(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let mut name = domain::Name::new();
    let used = domain::read_digits(rest, false, &mut name).ok()?;
    *rest = rest.get(used..)?;
    Some(name.text().to_vec())
}

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
        &vendor::JUNIPER,
        &vendor::CABLELABS_VIVSO,
        &vendor::BROADBAND_FORUM,
        &vendor::IPXE,
        &v6::SPACE,
        &v6::NTP,
        &v6::MOS_ADDRESSES,
        &v6::MOS_NAMES,
        &v6::CABLELABS,
        &v6::ENTERPRISE,
        &nd::SPACE,
    ];
}

#[cfg(test)]
mod tests;
