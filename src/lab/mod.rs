//! A private network with embedded DHCP servers, to see the tools work and to test them: no root, no real network.
//!
//! - `netns` makes the namespaces and runs the command;
//! - the servers are values without I/O: frames and the time in, frames with due times out.

#[cfg(test)]
mod bench;
pub mod cable;
pub mod desk;
mod far_end;
pub mod faults;
#[cfg(feature = "live")]
pub mod host;
pub mod leases;
#[cfg(feature = "live")]
pub mod netns;
pub mod ra;
pub mod resolver;
pub mod scene;
pub mod segment;
pub mod settings;
pub mod v4;
pub mod v6;

pub use far_end::FarEnd;
pub use segment::Segment;
pub use settings::Settings;
