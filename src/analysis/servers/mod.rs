//! Who answers on a segment, and whether they may.
//!
//! - [`Sighting`]: what one message of a server tells about it, be it of DHCPv4, DHCPv6 or a router.
//! - [`Servers`]: everybody seen so far; bounded, whatever is thrown at it.
//! - [`Policy`]: who may be there and what they must offer.
//! - [`rules`]: one row a reason, with what it means and what to do; [`judge`]: each hit is a reason in words.
//! - [`Watcher`]: from a running tally to changes worth telling, with memory over restarts.
//!
//! Nothing here knows where a message came from: live traffic, captures and tests look alike.

pub mod clients;
pub mod judge;
pub mod key;
mod learn;
pub mod offered6;
pub mod policy;
pub mod rules;
pub mod sighting;
pub mod state;
pub mod table;
pub mod watcher;

pub use clients::Clients;
pub use judge::{Judgement, Reason, SegmentVerdict, Status};
pub use key::{Key, ServerId, Speaks};
pub use offered6::Offered6;
pub use policy::{Allowed, Expected, Identity, Policy, PolicyError};
pub use rules::{Rule, Weight};
pub use sighting::{Asked, Offered, Sighting, Took};
pub use table::{Answer, Latencies, Server, Servers};
pub use watcher::{ChangeKind, ServerChange, WatchPace, Watcher};
