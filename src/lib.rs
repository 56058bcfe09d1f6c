//! dhcptool: DHCP diagnostics and packet crafting.
//!
//! The library does the work and the binary is one call into [`cli`]. Layers depend one way only:
//! `wire` ← `capture`, `net` ← `engine`, `analysis` ← `output` ← `cli`. `tests/it/layers.rs` holds the table.
//!
//! - [`wire`]: bytes and what they mean. No I/O, no clock, no printing.
//! - [`capture`]: capture files (and live capture) as a stream of frames.
//! - [`net`]: interfaces, frames out and in with the kernel's stamps, privileges.
//! - [`engine`]: what a client says and when; no socket, no clock.
//! - [`analysis`]: more than one message: which are wanted, which servers there are, what is expected of them.
//! - [`stats`]: figures of many measurements.
//! - [`lab`]: a private network with embedded servers.
//! - [`output`]: results as text, tables and JSON; every object of JSON is a serde struct there.
//! - [`cli`]: flags, exit codes, the real world.
//! - [`interrupt`]: how urgently the user wants the program to end.
//! - [`time`]: timestamps and clocks.

#[cfg(all(feature = "live", not(target_os = "linux")))]
compile_error!(
    "the feature `live` needs Linux: packet sockets, kernel timestamps, namespaces. Elsewhere build the offline decoder: \
     cargo build --no-default-features"
);

pub mod analysis;
pub mod capture;
pub mod cli;
pub mod engine;
pub mod interrupt;
pub mod lab;
pub mod net;
pub mod output;
pub mod run;
pub mod stats;
pub mod time;
pub mod wire;
