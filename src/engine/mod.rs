//! The exchange engine: what a DHCP client says and when, without a socket, a clock or a sleep.
//!
//! A [`Machine`] is a value and knows no protocol by name. Time and frames that arrived go in; frames to send, deadlines and
//! events come out.
//! [`drive`](drive::drive) connects one with a transport and a
//! clock; tests connect it with what they say and a clock that stands still between ([`pair`]).
//!
//! - [`Collect`]: one message, asked again and again; every answer until the wait is over.
//! - [`Exchange`]: DISCOVER if need be, REQUEST, the answer, conflict check, DECLINE or RELEASE; also INFORM.
//! - [`OneShot`]: what nobody answers: RELEASE and DECLINE.
//! - [`Examination`](v4::examine::Examination): what a doctor tries on a network.
//!
//! Answers are accepted only when `op`, `xid`, `chaddr` and port fit ([`v4::watch`]). Everything else is counted by reason.
//! Latency is the difference of two stamps of one capture handle: the outgoing copy and the reply. The time that
//! [`Machine::on_time`] is given only decides what to do next.

pub mod beside;
pub mod drive;
pub mod linger;
pub mod load;
pub mod machine;
pub mod outbox;
pub mod pair;
pub mod provoke;
mod reasons;
pub mod retransmit;
pub mod v4;
pub mod v6;

pub use machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
pub use outbox::Outbox;
pub use retransmit::Backoff;
pub use v4::client::Client;
pub use v4::collect::Collect;
pub use v4::draft::{Draft, OptionEdit, Overrides, Warning};
pub use v4::exchange::Exchange;
pub use v4::note::Note;
pub use v4::oneshot::OneShot;
pub use v4::recipe::{Recipe, Route, State};
pub use v4::station::{Answer, Station};
pub use v4::watch::{Check, CheckKind, Reason, Watch};
