//! dhcptool: DHCP diagnostics and packet crafting.
//!
//! The library does the work and the binary is one call into [`cli`]. Layers depend one way only:
//! `wire` ← `capture`, `net` ← `engine`, `analysis` ← `output` ← `cli`. `tests/layers.rs` holds the table.
//!
//! - [`wire`]: bytes and what they mean. No I/O, no clock, no printing.
//! - [`capture`]: capture files (and live capture) as a stream of frames.
//! - [`net`]: interfaces, frames out and in with the kernel's stamps, privileges.
//! - [`lab`]: a private network with embedded servers.
//! - [`engine`]: what a client says and when; no socket, no clock.
//! - [`interrupt`]: how urgently the user wants the program to end.
//! - [`time`]: timestamps, clocks and the text of durations.

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
pub mod stats;
pub mod time;
pub mod wire;
