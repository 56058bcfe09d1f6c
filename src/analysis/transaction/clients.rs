//! Who got an address, and who did not, and why.

use std::net::IpAddr;
use std::sync::Arc;

use super::exchange::{Exchange, Texts};
use super::names::{Kind, Outcome};
use super::party::{Counted, Who, Whose};
use crate::analysis::diagnosis::{Code, Diagnosis, Id};
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
    /// It, as told apart from others.
    pub who: Who,
    /// Its hardware address.
    pub mac: Option<HwAddr>,
    /// Its names.
    pub texts: Texts,
    /// VLANs of its last exchange.
    pub vlans: Vec<u16>,
    /// Relays of its exchanges.
    pub relays: Vec<IpAddr>,
    /// Servers that answered it.
    pub servers: Vec<Whose>,
    /// The addresses and prefixes it has, the latter with their length.
    pub leases: Vec<(IpAddr, Option<u8>)>,
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
    /// It speaks DHCPv6.
    pub fn is_six(&self) -> bool {
        !matches!(self.who, Who::Four(..))
    }

    /// The address it has, else none.
    pub fn address(&self) -> Option<IpAddr> {
        self.leases.iter().find(|(_, length)| length.is_none()).map(|(address, _)| *address)
    }

    /// The prefixes it has.
    pub fn prefixes(&self) -> impl Iterator<Item = (IpAddr, u8)> {
        self.leases.iter().filter_map(|(prefix, length)| Some((*prefix, (*length)?)))
    }

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
    known: KeyedMap<Who, ClientRecord>,
    /// First and last message of all.
    pub span: Option<(i64, i64)>,
    /// Clients speak DHCPv4, and may do without DHCPv6.
    pub(super) four: bool,
    /// A server of DHCPv6 was heard, or a router promised one.
    six: bool,
}

impl Clients {
    /// Counts an exchange that has closed.
    pub fn exchange<S: Counted>(&mut self, exchange: &Exchange<S>, number: u64, problems: &[Diagnosis]) {
        // Who is asked about says nothing, and who asks for no address is no client.
        let Some((from, to)) = exchange.span().filter(|_| exchange.kind != Kind::LeaseQuery) else { return };
        let key = S::who(exchange);
        match key {
            Who::Four(..) => self.four = true,
            _ => self.six |= exchange.had().reply,
        }
        if self.known.len() >= MOST && !self.known.contains_key(&key) {
            return;
        }
        let (start, end) = self.span.unwrap_or((from, to));
        self.span = Some((start.min(from), end.max(to)));
        let record = self.known.entry(key.clone()).or_insert_with(|| ClientRecord {
            who: key,
            mac: exchange.mac,
            texts: Texts::default(),
            vlans: Vec::new(),
            relays: Vec::new(),
            servers: Vec::new(),
            leases: Vec::new(),
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

    /// A router says that there is a server of DHCPv6.
    pub fn promised(&mut self) {
        self.six = true;
    }

    /// Clients that look for DHCPv6 where DHCPv4 is spoken and nobody serves the other: most hosts do, and nothing is wrong.
    pub fn unserved(&self) -> usize {
        let idle = self.four && !self.six;
        self.known.values().filter(|client| idle && client.is_six()).count()
    }

    /// All of them but those [unserved](Self::unserved), worst first, then by how long they have been at it.
    pub fn sorted(&self) -> Vec<&ClientRecord> {
        let idle = self.four && !self.six;
        let mut all: Vec<&ClientRecord> =
            self.known.values().filter(|client| !(idle && client.is_six())).collect();
        all.sort_by_key(|client| {
            let span = client.seen.1.saturating_sub(client.seen.0);
            (client.status(), std::cmp::Reverse(span), client.seen.0, client.who.clone())
        });
        all
    }
}

impl ClientRecord {
    fn take<S: Counted>(
        &mut self,
        exchange: &Exchange<S>,
        number: u64,
        problems: &[Diagnosis],
        (from, to): (i64, i64),
    ) {
        self.mac = self.mac.or(exchange.mac);
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
        for relay in exchange.relays().into_iter().map(S::ip) {
            if !self.relays.contains(&relay) && self.relays.len() < NUMBERS {
                self.relays.push(relay);
            }
        }
        for server in exchange.servers.iter().map(S::whose) {
            if !self.servers.contains(&server) && self.servers.len() < NUMBERS {
                self.servers.push(server);
            }
        }
        self.messages = self.messages.saturating_add(u64::try_from(exchange.said().count()).unwrap_or(0));
        let begins = exchange.sent().next().map(S::letter).filter(|letter| S::is_try(*letter));
        let tries = exchange.sent().filter(|seen| Some(seen.letter()) == begins).count();
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
                | Kind::Confirm
                | Kind::Bootp
                | Kind::Release
                | Kind::Decline
        );
        if !decides || self.last.as_ref().is_some_and(|(time, ..)| *time > to) {
            return;
        }
        // A renewal that is not seen answered takes no address away: the lease runs on.
        let renewal = matches!(exchange.kind, Kind::Renew | Kind::Rebind | Kind::Reboot | Kind::Confirm);
        let silent = matches!(exchange.outcome, Outcome::Unanswered | Outcome::Open);
        let sure = problems.iter().any(|problem| problem.id.name() == "no-answer");
        if renewal && silent && !sure {
            return;
        }
        if exchange.outcome.is_success() && exchange.kind != Kind::Release {
            self.leases = S::leases(exchange);
            self.delays = (exchange.offer_ns(), exchange.ack_ns());
        } else if !silent || !renewal {
            self.leases.clear();
        }
        self.last = Some((to, exchange.outcome, why(exchange, problems)));
    }
}

/// What became of an exchange that failed, in words.
fn why<S: Counted>(exchange: &Exchange<S>, problems: &[Diagnosis]) -> String {
    if let Some(why) = S::why(exchange, problems) {
        return why;
    }
    let first = || exchange.servers.first().map_or_else(String::new, |server| S::whose(server).to_string());
    match exchange.outcome {
        Outcome::Declined => "DECLINE, in use".to_owned(),
        Outcome::Refused => {
            let reason =
                exchange.texts.reason.as_deref().map(|reason| String::from_utf8_lossy(reason).into_owned());
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            format!(
                "refused by {}{reason}",
                S::server(exchange).map_or_else(first, |server| server.to_string())
            )
        }
        Outcome::Offered => format!("offered by {}, no REQUEST followed", first()),
        Outcome::Open if !exchange.servers.is_empty() => {
            format!("offered by {}, no REQUEST when the capture ends", first())
        }
        Outcome::Open => "no answer when the capture ends".to_owned(),
        Outcome::Unacknowledged => "REQUEST is neither confirmed nor refused".to_owned(),
        _ => {
            if let Some(relay) = exchange.relays().first().map(|relay| S::ip(*relay)) {
                return format!("relay {relay} forwards, no reply");
            }
            let what = exchange.sent().next().map_or("it", |seen| seen.letter().name()).to_uppercase();
            // Where answers could not be seen, or not yet, that none was says little.
            let seen = match S::who(exchange) {
                Who::Four(..) => problems.iter().any(|problem| problem.id == Id::Wider(Code::NoAnswer)),
                _ => exchange.visible,
            };
            if !seen {
                return format!("no answer to {what} was seen");
            }
            format!("nobody answers {what}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::{Story, client};
    use crate::analysis::transaction::{Joiner, Options};
    use crate::wire::v4::MessageType;

    #[test]
    fn whose_lease_is_asked_about_is_no_client_of_the_capture() {
        let mut story = Story::default();
        story.discover(0, client(1));
        story.ask(10, client(2), MessageType::LEASEQUERY, |m, _| m.giaddr = [10, 0, 0, 9].into());
        let mut joiner = Joiner::new(Options::default());
        joiner.batch(&story.batch, |_, _| {});
        joiner.finish();
        let closed = joiner.take_closed();
        let kinds: Vec<Kind> = closed.iter().map(|exchange| exchange.kind).collect();
        assert_eq!(kinds, [Kind::Acquire, Kind::LeaseQuery]);
        let mut clients = Clients::default();
        for exchange in &closed {
            clients.exchange(exchange, 1, &[]);
        }
        let all = clients.sorted();
        assert_eq!(all.iter().map(|one| one.mac).collect::<Vec<_>>(), [Some(client(1).mac.into())]);
    }
}
