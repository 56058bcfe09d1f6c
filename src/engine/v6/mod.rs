//! What a DHCPv6 client says, when, and what it makes of an answer (RFC 9915); router solicitations beside it (RFC 4861).

pub mod accept;
mod client;
pub mod discover;
pub mod draft;
pub mod duid;
pub mod exchange;
pub mod neighbor;
pub mod oneshot;
pub mod provoke;
pub mod recipe;
pub mod silence;
pub mod station;
pub mod timer;
pub mod watch;
