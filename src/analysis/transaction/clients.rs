//! Who got an address, and who did not, and why.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::exchange::{Exchange, Kind, Letter, Outcome, Texts};
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::keyed::KeyedMap;
use crate::wire::HwAddr;
use crate::wire::problem::Severity;

/// Clients kept.
const MOST: usize = 1_000_000;
/// Numbers of exchanges kept of one client.
const NUMBERS: usize = 64;

/// How a client fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It has no usable address, or lost it.
    Failed,
    /// It has one, with a warning or error.
    Odd,
    /// All is well.
    Ok,
}

impl Status {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Odd => "odd",
            Self::Ok => "ok",
        }
    }
}

/// One client and what became of it.
#[derive(Clone, Debug)]
pub struct ClientRecord {
    /// Its hardware address.
    pub mac: Option<HwAddr>,
    /// Its names.
    pub texts: Texts,
    /// VLANs of its last exchange.
    pub vlans: Vec<u16>,
    /// Relays of its exchanges.
    pub relays: Vec<Ipv4Addr>,
    /// Servers that answered it.
    pub servers: Vec<Ipv4Addr>,
    /// The address it has, else none.
    pub address: Option<Ipv4Addr>,
    /// Messages it sent and got; attempts of its own.
    pub messages: u64,
    /// How often it asked.
    pub tries: u64,
    /// First and last message, nanoseconds since 1970.
    pub seen: (i64, i64),
    /// Delays of its last success.
    pub delays: (Option<i64>, Option<i64>),
    /// Codes said of it, worst first.
    pub codes: Vec<(Severity, &'static str)>,
    /// Numbers of its exchanges.
    pub transactions: Vec<u64>,
    /// The last outcome that tells how it fares: when it ended, what it was, why in words.
    last: Option<(i64, Outcome, String)>,
}

impl ClientRecord {
    /// How it fares.
    pub fn status(&self) -> Status {
        let alarmed = self.codes.iter().any(|(severity, _)| *severity >= Severity::Warning);
        match &self.last {
            Some((_, outcome, _)) if !outcome.is_success() => Status::Failed,
            _ if alarmed => Status::Odd,
            _ => Status::Ok,
        }
    }

    /// Why, in words; none where all is well.
    pub fn why(&self) -> Option<String> {
        match self.status() {
            Status::Ok => None,
            Status::Failed => self.last.as_ref().map(|(_, _, why)| why.clone()),
            Status::Odd => self.codes.first().map(|(_, code)| {
                crate::analysis::diagnosis::find(code)
                    .map_or((*code).to_owned(), |row| row.summary.to_owned())
            }),
        }
    }
}

/// All clients.
#[derive(Debug, Default)]
pub struct Clients {
    known: KeyedMap<(Option<HwAddr>, u32), ClientRecord>,
    /// First and last message of all.
    pub span: Option<(i64, i64)>,
}

impl Clients {
    /// Counts an exchange that has closed.
    pub fn exchange(&mut self, exchange: &Exchange, number: u64, problems: &[Diagnosis]) {
        let (Some(first), Some(last)) = (exchange.steps.first(), exchange.steps.last()) else { return };
        let other =
            if exchange.mac.is_some() { 0 } else { first.seen.client_id ^ u32::from(first.seen.ciaddr) };
        let key = (exchange.mac, other);
        if self.known.len() >= MOST && !self.known.contains_key(&key) {
            return;
        }
        let (from, to) = (first.seen.time, last.seen.time);
        let (start, end) = self.span.unwrap_or((from, to));
        self.span = Some((start.min(from), end.max(to)));
        let record = self.known.entry(key).or_insert_with(|| ClientRecord {
            mac: exchange.mac,
            texts: Texts::default(),
            vlans: Vec::new(),
            relays: Vec::new(),
            servers: Vec::new(),
            address: None,
            messages: 0,
            tries: 0,
            seen: (from, to),
            delays: (None, None),
            codes: Vec::new(),
            transactions: Vec::new(),
            last: None,
        });
        record.take(exchange, number, problems, (from, to));
    }

    /// All of them, worst first, then by how long they have been at it.
    pub fn sorted(&self) -> Vec<&ClientRecord> {
        let mut all: Vec<&ClientRecord> = self.known.values().collect();
        all.sort_by_key(|client| {
            let span = client.seen.1.saturating_sub(client.seen.0);
            (client.status(), std::cmp::Reverse(span), client.seen.0, client.mac)
        });
        all
    }
}

impl ClientRecord {
    fn take(&mut self, exchange: &Exchange, number: u64, problems: &[Diagnosis], (from, to): (i64, i64)) {
        let texts = &exchange.texts;
        let keep = |to: &mut Option<Arc<[u8]>>, from: &Option<Arc<[u8]>>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        keep(&mut self.texts.client_id, &texts.client_id);
        keep(&mut self.texts.hostname, &texts.hostname);
        keep(&mut self.texts.vendor_class, &texts.vendor_class);
        keep(&mut self.texts.interface, &texts.interface);
        self.vlans.clone_from(&exchange.vlans);
        for relay in exchange.relays() {
            if !self.relays.contains(&relay) && self.relays.len() < NUMBERS {
                self.relays.push(relay);
            }
        }
        for server in &exchange.servers {
            if !self.servers.contains(&server.name()) && self.servers.len() < NUMBERS {
                self.servers.push(server.name());
            }
        }
        self.messages = self.messages.saturating_add(u64::try_from(exchange.said().count()).unwrap_or(0));
        let asks =
            |letter: Letter| matches!(letter, Letter::Discover | Letter::Request | Letter::BootRequest);
        let begins = exchange.sent().next().map(|seen| seen.letter).filter(|letter| asks(*letter));
        let tries = exchange.sent().filter(|seen| Some(seen.letter) == begins).count();
        self.tries = self.tries.saturating_add(u64::try_from(tries).unwrap_or(0));
        self.seen = (self.seen.0.min(from), self.seen.1.max(to));
        if self.transactions.len() < NUMBERS {
            self.transactions.push(number);
        }
        for problem in problems {
            let code = (problem.id.severity(), problem.id.name());
            if !self.codes.contains(&code) && self.codes.len() < NUMBERS {
                self.codes.push(code);
            }
        }
        self.codes.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        let decides = matches!(
            exchange.kind,
            Kind::Acquire
                | Kind::Reboot
                | Kind::Renew
                | Kind::Rebind
                | Kind::Bootp
                | Kind::Release
                | Kind::Decline
        );
        if !decides || self.last.as_ref().is_some_and(|(time, ..)| *time > to) {
            return;
        }
        // A renewal that is not seen answered takes no address away: the lease runs on.
        let renewal = matches!(exchange.kind, Kind::Renew | Kind::Rebind | Kind::Reboot);
        let silent = matches!(exchange.outcome, Outcome::Unanswered | Outcome::Open);
        let sure = problems.iter().any(|problem| problem.id.name() == "no-answer");
        if renewal && silent && !sure {
            return;
        }
        if exchange.outcome.is_success() && exchange.kind != Kind::Release {
            self.address = exchange.address();
            self.delays = (exchange.offer_ns(), exchange.ack_ns());
        } else if !silent || !renewal {
            self.address = None;
        }
        self.last = Some((to, exchange.outcome, why(exchange, problems)));
    }
}

/// What became of an exchange that failed, in words.
fn why(exchange: &Exchange, problems: &[Diagnosis]) -> String {
    let first = || exchange.servers.first().map_or_else(String::new, |server| server.name().to_string());
    match exchange.outcome {
        Outcome::Declined => {
            let said = problems.iter().find(|problem| problem.message.contains(" holds "));
            let holder =
                said.and_then(|problem| problem.message.split_once(" holds ")).map(|(holder, _)| holder);
            holder.map_or_else(|| "DECLINE, in use".to_owned(), |holder| format!("DECLINE, in use: {holder}"))
        }
        Outcome::Refused => {
            let reason =
                exchange.texts.reason.as_deref().map(|reason| String::from_utf8_lossy(reason).into_owned());
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            format!(
                "refused by {}{reason}",
                exchange.server().map_or_else(first, |server| server.to_string())
            )
        }
        Outcome::Offered => format!("offered by {}, never REQUESTs", first()),
        Outcome::Open if !exchange.servers.is_empty() => {
            format!("offered by {}, no REQUEST when the capture ends", first())
        }
        Outcome::Open => "no answer when the capture ends".to_owned(),
        Outcome::Unacknowledged => "REQUEST is neither confirmed nor refused".to_owned(),
        Outcome::Elsewhere => {
            let chosen = exchange.sent().rev().find(|seen| seen.letter == Letter::Request);
            let chosen = chosen.map_or_else(String::new, |seen| seen.server_id.to_string());
            format!("chose {chosen}, which is not seen here")
        }
        _ => {
            if let Some(relay) = exchange.relays().first() {
                return format!("relay {relay} forwards, no reply");
            }
            let what = exchange.sent().next().map_or("it", |seen| seen.letter.name());
            format!("nobody answers {}", what.to_uppercase())
        }
    }
}
