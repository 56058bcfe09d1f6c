//! Transactions: which messages belong together, what came of them, and what went wrong.
//!
//! [`Batch`] makes compact records of messages (any number of threads may), [`Both`] joins them in the order of the
//! capture and hands out an exchange when it closes. What is alike in DHCPv4 and DHCPv6 stands once: [`Exchange`] and the desk on
//! which exchanges lie are of any [`Message`]; `join` and `join6` hold the rules by which messages find their exchange, `four` and
//! `six` what each message means to it. Holds no socket and no clock: time is that of the messages.

mod both;
mod by_xid;
mod clients;
mod desk;
mod digest;
mod exchange;
mod few;
mod four;
mod join;
mod join6;
mod message;
mod names;
mod open;
mod packed;
mod party;
mod seen;
mod seen6;
mod sight;
mod six;
mod stats;
#[cfg(test)]
pub(crate) mod tests6;
mod texts;

pub use both::{Both, Closed, Follow};
pub use clients::{ClientRecord, Clients, Status};
pub use desk::Options;
pub use exchange::{Exchange, Had, Near, Next, Party, STORM, STORM_SPAN, Server, Step, Texts};
pub use few::Few;
pub use join::Joiner;
pub use join6::{Joined, Joiner6};
pub use message::{Message, Sense};
pub use names::{Kind, Letter, Outcome, Role, Side};
pub use party::{Counted, Who, Whose};
pub use seen::{Around, Batch, Entry, Item, Seen, Sign, Unjoined, bit};
pub use seen6::{Entry6, Lease, Seen6, bit6};
pub use six::{Exchange6, Extra6, Known, Name6, Server6};
pub use stats::{ClassFigures, ClientFigures, ServerFigures, Stats, Timeline};
