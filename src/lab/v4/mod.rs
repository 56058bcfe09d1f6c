//! The embedded DHCPv4 server.

pub mod leases;
pub mod query;
pub mod server;
