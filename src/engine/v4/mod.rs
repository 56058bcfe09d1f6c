//! What a DHCPv4 client says, when, and what it makes of an answer (RFC 2131).

pub mod accept;
pub mod arp;
pub mod client;
pub mod collect;
pub mod debts;
pub mod draft;
pub mod examine;
pub mod exchange;
pub mod incoming;
pub mod note;
pub mod oneshot;
pub mod provoke;
pub mod recipe;
pub mod silence;
pub mod station;
pub mod watch;
