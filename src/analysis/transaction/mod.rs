//! Transactions: which messages belong together, what came of them, and what went wrong.
//!
//! [`Batch`] makes compact records of messages (any number of threads may), [`Joiner`] joins them in the order of the
//! capture and hands out an [`Exchange`] when it closes. Holds no socket and no clock: time is that of the messages.

mod clients;
mod exchange;
mod few;
mod join;
mod open;
mod seen;
mod sight;
mod stats;
mod texts;

pub use clients::{ClientRecord, Clients, Status};
pub use exchange::{Exchange, Kind, Letter, Next, Outcome, Party, Role, Server, Side, Step, Texts};
pub use few::Few;
pub use join::{Joiner, Options};
pub use seen::{Around, Batch, Entry, Item, Seen, Sign, Unjoined, bit};
pub use stats::{ServerFigures, Stats, Timeline};
