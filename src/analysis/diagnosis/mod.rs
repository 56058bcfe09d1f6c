//! What can be said of messages, transactions and whole captures: one table of codes, what each means and what to do.
//!
//! Problems of one packet have their name, severity and reference in [`wire::problem`](crate::wire::problem); here stands
//! what people are told about them. Everything else has one row with all of it.

mod clients;
mod evidence;
mod flood;
mod history;
mod leases;
mod network;
mod reasons;
mod rules;
mod signs;
mod table;
#[cfg(test)]
pub(crate) mod tests;

pub use history::History;
pub use table::{Code, Row, Scope, distinct, find, named, nearest, row, rows};

use std::net::Ipv4Addr;

use crate::analysis::findings6::story::Story;
use crate::analysis::transaction::{Batch, Both, Closed, Follow, Item, Joined, Options, Who};
use crate::wire::HwAddr;
use crate::wire::problem::{self, Severity};

/// What a server that refuses says, in whatever letters, when it has no address left.
pub(crate) const NO_ADDRESS_LEFT: [&str; 5] = ["no free", "no available", "no more", "exhaust", "pool"];

/// A code of any scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// Of one packet.
    Packet(problem::Code),
    /// Of a transaction or the whole capture.
    Wider(Code),
    /// Of a server that rogue judges: its name, and whether it convicts.
    Server(&'static str, bool),
    /// Of a link that speaks IPv6, or of a message there: its name, severity and reference.
    Link(&'static str, Severity, &'static str),
    /// Of this host or its link, as doctor says it: its name, severity and reference.
    Host(&'static str, Severity, &'static str),
}

impl Id {
    /// The name used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packet(code) => code.name(),
            Self::Wider(code) => code.name(),
            Self::Server(name, _) | Self::Link(name, ..) | Self::Host(name, ..) => name,
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Packet(code) => code.severity(),
            Self::Wider(code) => code.severity(),
            Self::Link(_, severity, _) | Self::Host(_, severity, _) => severity,
            Self::Server(_, true) => Severity::Error,
            Self::Server(_, false) => Severity::Warning,
        }
    }

    /// The specification it is judged by.
    pub fn reference(self) -> &'static str {
        match self {
            Self::Packet(code) => code.reference(),
            Self::Wider(code) => code.reference(),
            Self::Server(..) => "",
            Self::Link(.., reference) | Self::Host(.., reference) => reference,
        }
    }

    /// What to do about it; empty where the table says nothing.
    pub fn advice(self) -> &'static str {
        row(self).map_or("", |row| row.advice)
    }
}

/// Something said of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What.
    pub id: Id,
    /// The frames it rests on, in order.
    pub frames: Vec<u64>,
    /// One sentence with the numbers.
    pub message: String,
}

/// An exchange and what is said of it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The exchange.
    pub exchange: Closed,
    /// What is said of it, worst first.
    pub problems: Vec<Diagnosis>,
}

impl Account {
    /// The exchanges of all that came, which is everything.
    pub fn of(batch: &Batch) -> Vec<Self> {
        let mut accounts = Accounts {
            joiner: Both::new(Options::default()),
            history: History::new(false),
            links: Story::default(),
            all: Vec::new(),
        };
        accounts.follow(batch);
        accounts.joiner.finish();
        accounts.hand_on();
        accounts.all
    }
}

/// Makes accounts of what closes.
struct Accounts {
    joiner: Both,
    history: History,
    links: Story,
    all: Vec<Account>,
}

impl Follow for Accounts {
    fn joiner(&mut self) -> &mut Both {
        &mut self.joiner
    }

    fn joined(&mut self, item: &Item, joined: Joined, batch: &Batch) {
        self.history.observe(item, joined.role);
        if let Item::Six(entry) = item
            && let Some(heard) = batch.six.get(entry.heard)
        {
            self.links.take(heard, joined);
        }
    }

    fn closed(&mut self, exchange: Closed) {
        let problems = match &exchange {
            Closed::Four(exchange) => self.history.closed(exchange),
            Closed::Six(exchange) => self.links.closed(exchange),
        };
        self.all.push(Account { exchange, problems });
    }
}

/// Something said of a segment, server or client over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub id: Id,
    /// The server it is about.
    pub server: Option<Ipv4Addr>,
    /// The client it is about.
    pub client: Option<Who>,
    /// Others that it is about as well: who holds what that client was given too.
    pub others: Vec<HwAddr>,
    /// The address it is about.
    pub address: Option<Ipv4Addr>,
    /// The frames it rests on, in order.
    pub frames: Vec<u64>,
    /// How often.
    pub count: u64,
    /// When it was seen first and last, nanoseconds since 1970.
    pub seen: (i64, i64),
    /// One sentence with the numbers.
    pub message: String,
}

impl Finding {
    /// It is worth saying in a sentence about all: an error, and of no client alone.
    pub fn is_of_all(&self) -> bool {
        self.is_beside_clients() && self.id.severity() == Severity::Error
    }

    /// The hardware address of the client that it is about.
    pub fn mac(&self) -> Option<HwAddr> {
        match self.client {
            Some(Who::Four(mac)) => Some(mac),
            _ => None,
        }
    }

    /// The hardware addresses of all clients that it is about.
    pub fn macs(&self) -> impl Iterator<Item = HwAddr> {
        self.mac().into_iter().chain(self.others.iter().copied())
    }

    /// It is worth saying beside the clients, whose rows do not tell it.
    pub fn is_beside_clients(&self) -> bool {
        self.client.is_none() && self.id.severity() >= Severity::Warning
    }
}
