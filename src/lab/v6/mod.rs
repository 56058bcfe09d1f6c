//! The embedded DHCPv6 servers.

pub mod query;
pub mod server;
pub mod servers;

pub use server::Server;
pub use servers::Servers;

#[cfg(test)]
mod tests;
