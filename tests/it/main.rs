//! Everything that is tested through the public library or the whole program, in one binary: one build, one link.
//! `cargo test --test it NAME` runs the tests of one file. What takes a process of its own is beside this folder (`sniff`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and says why it is skipped"
)]

#[cfg(feature = "live")]
mod awaited;
#[cfg(feature = "live")]
mod capture_filter;
mod captures;
mod checks;
#[cfg(feature = "live")]
mod chosen;
#[cfg(feature = "live")]
mod confine;
mod doctor;
mod flat;
mod frames;
mod generated;
#[cfg(feature = "live")]
mod golden;
#[cfg(feature = "live")]
mod handshake;
#[cfg(feature = "live")]
mod handshake6;
#[cfg(feature = "live")]
mod interrupted6;
mod joined6;
mod json;
#[cfg(feature = "live")]
mod lab;
mod layers;
mod mutations;
mod oracle;
mod pair;
mod pair6;
#[cfg(feature = "live")]
mod plugins;
#[cfg(feature = "live")]
mod prometheus;
#[cfg(feature = "live")]
mod real_servers;
#[cfg(feature = "live")]
mod redaction;
#[cfg(feature = "live")]
mod report;
#[cfg(feature = "live")]
mod rogue;
mod rogue6;
mod rogue6_reasons;
mod rogue_reasons;
mod scenarios;
mod schema;
#[cfg(feature = "live")]
mod screens;
#[cfg(feature = "live")]
mod senders;
#[cfg(feature = "live")]
mod several;
#[cfg(feature = "live")]
mod shells;
#[cfg(feature = "live")]
mod signals;
#[cfg(feature = "live")]
mod six;
#[cfg(feature = "live")]
mod story;
#[cfg(feature = "live")]
mod support;
#[cfg(feature = "live")]
mod timeless;
#[cfg(not(feature = "live"))]
mod support {
    pub(crate) mod far_end;
}
#[cfg(feature = "live")]
mod top;
#[cfg(feature = "live")]
mod transport;
mod wireshark;
