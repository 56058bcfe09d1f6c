//! Who got an address, and who did not, and why.

use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::Arc;

use super::exchange::{Exchange, Texts};
use super::few::Few;
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

/// One client and what became of it. There may be a million of them, of which most have little to tell.
#[derive(Clone, Debug)]
pub struct ClientRecord {
    /// It, as told apart from others.
    pub who: Who,
    /// Its hardware address.
    pub mac: Option<HwAddr>,
    /// Its names.
    pub texts: Texts,
    /// Servers that answered it. Those that were the same for the client before are in memory once.
    pub servers: Arc<[Whose]>,
    /// The addresses and prefixes it has, the latter with their length.
    pub leases: Few<(IpAddr, Option<u8>)>,
    /// First and last message, nanoseconds since 1970.
    pub seen: (i64, i64),
    /// Numbers of its exchanges.
    pub transactions: Few<u64>,
    /// Messages it sent and got; attempts of its own.
    messages: u32,
    tries: u32,
    /// Delays of its last success, nanoseconds; [`NEVER`] where there are none.
    delays: (i64, i64),
    /// The last outcome that tells how it fares, and when it ended.
    last: i64,
    outcome: Option<Outcome>,
    rare: Option<Box<Rare>>,
}

/// No time.
const NEVER: i64 = i64::MIN;

/// What most clients have not.
#[derive(Clone, Debug, Default)]
struct Rare {
    /// VLANs of its last exchange.
    vlans: Vec<u16>,
    /// Relays of its exchanges.
    relays: Few<IpAddr>,
    /// Codes said of it, worst first.
    codes: Few<(Severity, &'static str)>,
    /// What it had and gave back, as long as it has got nothing else.
    given_back: Few<(IpAddr, Option<u8>)>,
    /// Why its last outcome was no success, in words.
    why: Option<Box<str>>,
}

impl ClientRecord {
    /// A client that was seen first in these moments.
    fn new(who: Who, mac: Option<HwAddr>, seen: (i64, i64)) -> Self {
        Self {
            who,
            mac,
            texts: Texts::default(),
            servers: Arc::default(),
            leases: Few::default(),
            seen,
            transactions: Few::default(),
            messages: 0,
            tries: 0,
            delays: (NEVER, NEVER),
            last: NEVER,
            outcome: None,
            rare: None,
        }
    }

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

    /// VLANs of its last exchange.
    pub fn vlans(&self) -> &[u16] {
        self.rare.as_deref().map_or(&[], |rare| &rare.vlans)
    }

    /// Relays of its exchanges.
    pub fn relays(&self) -> &[IpAddr] {
        self.rare.as_deref().map_or(&[], |rare| &rare.relays)
    }

    /// The addresses and prefixes that it had and gave back, as long as it has got nothing else.
    pub fn given_back(&self) -> &[(IpAddr, Option<u8>)] {
        self.rare.as_deref().map_or(&[], |rare| &rare.given_back)
    }

    /// Codes said of it, worst first.
    pub fn codes(&self) -> &[(Severity, &'static str)] {
        self.rare.as_deref().map_or(&[], |rare| &rare.codes)
    }

    /// Messages it sent and got.
    pub fn messages(&self) -> u64 {
        self.messages.into()
    }

    /// How often it asked.
    pub fn tries(&self) -> u64 {
        self.tries.into()
    }

    /// Delays of its last success, nanoseconds: of what was offered, and of what was given.
    pub fn delays(&self) -> (Option<i64>, Option<i64>) {
        let known = |delay: i64| Some(delay).filter(|delay| *delay != NEVER);
        (known(self.delays.0), known(self.delays.1))
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        let alarmed = self.codes().iter().any(|(severity, _)| *severity >= Severity::Warning);
        match &self.outcome {
            Some(outcome) if !outcome.is_success() => Status::Failed,
            _ if alarmed => Status::Odd,
            _ => Status::Ok,
        }
    }

    /// Why, in words; none where all is well.
    pub fn why(&self) -> Option<String> {
        match self.status() {
            Status::Ok => None,
            Status::Failed => self.rare.as_ref()?.why.as_deref().map(str::to_owned),
            Status::Odd => self.codes().first().map(|(_, code)| {
                crate::analysis::diagnosis::find(code)
                    .map_or((*code).to_owned(), |row| row.summary.to_owned())
            }),
        }
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// All clients.
#[derive(Debug, Default)]
pub struct Clients {
    all: Vec<ClientRecord>,
    /// Where each lies, by its hash, or by the next number that no other has.
    places: KeyedMap<u64, u32>,
    /// The servers of the client before.
    servers: Arc<[Whose]>,
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
        let Some(place) = self.place(key, exchange.mac, (from, to)) else { return };
        let (start, end) = self.span.unwrap_or((from, to));
        self.span = Some((start.min(from), end.max(to)));
        if let Some(record) = self.all.get_mut(place) {
            record.take(exchange, number, problems, (from, to));
            record.meet(exchange.servers.iter().map(S::whose), &mut self.servers);
        }
    }

    /// Where a client lies; a new one is put there while there is room.
    fn place(&mut self, who: Who, mac: Option<HwAddr>, seen: (i64, i64)) -> Option<usize> {
        let mut hash = self.places.hasher().hash_one(&who);
        while let Some(place) = self.places.get(&hash) {
            let place = usize::try_from(*place).ok()?;
            if self.all.get(place)?.who == who {
                return Some(place);
            }
            hash = hash.wrapping_add(1);
        }
        let place = Some(self.all.len()).filter(|place| *place < MOST)?;
        self.places.insert(hash, u32::try_from(place).ok()?);
        self.all.push(ClientRecord::new(who, mac, seen));
        Some(place)
    }

    /// A router says that there is a server of DHCPv6.
    pub fn promised(&mut self) {
        self.six = true;
    }

    /// Clients that look for DHCPv6 where DHCPv4 is spoken and nobody serves the other: most hosts do, and nothing is wrong.
    pub fn unserved(&self) -> usize {
        let idle = self.four && !self.six;
        self.all.iter().filter(|client| idle && client.is_six()).count()
    }

    /// All of them but those [unserved](Self::unserved), worst first, then by how long they have been at it.
    pub fn sorted(&self) -> Vec<&ClientRecord> {
        let idle = self.four && !self.six;
        let mut all: Vec<&ClientRecord> =
            self.all.iter().filter(|client| !(idle && client.is_six())).collect();
        all.sort_by(|one, other| {
            let rank = |client: &ClientRecord| {
                let span = client.seen.1.saturating_sub(client.seen.0);
                (client.status(), std::cmp::Reverse(span), client.seen.0)
            };
            rank(one).cmp(&rank(other)).then_with(|| one.who.cmp(&other.who))
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
        if self.vlans() != exchange.vlans {
            self.rare().vlans.clone_from(&exchange.vlans);
        }
        for relay in exchange.relays().into_iter().map(S::ip) {
            if !self.relays().contains(&relay) && self.relays().len() < NUMBERS {
                self.rare().relays.push(relay);
            }
        }
        let more = |count: u32, by: usize| count.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
        self.messages = more(self.messages, exchange.said().count());
        let begins = exchange.sent().next().map(S::letter).filter(|letter| S::is_try(*letter));
        let tries = exchange.sent().filter(|seen| Some(seen.letter()) == begins).count();
        self.tries = more(self.tries, tries);
        self.seen = (self.seen.0.min(from), self.seen.1.max(to));
        if self.transactions.len() < NUMBERS {
            self.transactions.push(number);
        }
        for problem in problems {
            let code = (problem.id.severity(), problem.id.name());
            if !self.codes().contains(&code) && self.codes().len() < NUMBERS {
                let codes = &mut self.rare().codes;
                codes.push(code);
                codes.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
            }
        }
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
                | Kind::Unknown
        );
        if !decides || (self.outcome.is_some() && self.last > to) {
            return;
        }
        // A renewal that is not seen answered takes no address away: the lease runs on. Who only asks whether it may keep one
        // after a start has none by that.
        let holds = matches!(exchange.kind, Kind::Renew | Kind::Rebind | Kind::Confirm);
        let renewal = holds || matches!(exchange.kind, Kind::Reboot | Kind::Unknown);
        let silent = matches!(exchange.outcome, Outcome::Unanswered | Outcome::Open);
        let sure = problems.iter().any(|problem| problem.id.name() == "no-answer");
        if renewal && silent && !sure && (holds || self.outcome.is_some()) {
            if self.outcome.is_none() {
                self.leases = S::leases(exchange).into_iter().collect();
            }
            return;
        }
        let success = exchange.outcome.is_success();
        let released = exchange.kind == Kind::Release;
        if released {
            self.rare().given_back = S::leases(exchange).into_iter().collect();
        } else if let Some(rare) = self.rare.as_deref_mut().filter(|_| success) {
            rare.given_back = Few::default();
        }
        if success && !released {
            self.leases = S::leases(exchange).into_iter().collect();
            self.delays = (exchange.offer_ns().unwrap_or(NEVER), exchange.ack_ns().unwrap_or(NEVER));
        } else if !silent || !renewal {
            self.leases = Few::default();
        }
        (self.last, self.outcome) = (to, Some(exchange.outcome));
        if !success {
            self.rare().why = Some(why(exchange, problems).into());
        }
    }

    /// Takes note of servers; `before` are those of the client before.
    fn meet(&mut self, servers: impl Iterator<Item = Whose> + Clone, before: &mut Arc<[Whose]>) {
        let new = || servers.clone().filter(|server| !self.servers.contains(server));
        if new().next().is_none() || self.servers.len() >= NUMBERS {
            return;
        }
        let mut all = self.servers.to_vec();
        for server in servers {
            if !all.contains(&server) && all.len() < NUMBERS {
                all.push(server);
            }
        }
        // Where a server of DHCPv6 speaks from is none of its name, but of what is told.
        let alike = |one: &Whose, other: &Whose| match (one, other) {
            (Whose::Six(_, own), Whose::Six(_, ip)) => one == other && own == ip,
            _ => one == other,
        };
        let known =
            before.len() == all.len() && before.iter().zip(&all).all(|(one, other)| alike(one, other));
        if !known {
            *before = all.into();
        }
        self.servers = Arc::clone(before);
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
#[allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::{Story, client};
    use crate::analysis::transaction::{Joiner, Options};
    use crate::wire::v4::MessageType;

    const SERVER: [u8; 4] = [10, 0, 0, 1];
    const OWN: [u8; 4] = [10, 0, 0, 9];

    /// The exchanges of a story that ends a minute after its last message.
    fn closed(tell: impl FnOnce(&mut Story)) -> Vec<Exchange> {
        let mut story = Story::default();
        tell(&mut story);
        story.end(600_000);
        let mut joiner = Joiner::new(Options::default());
        joiner.batch(&story.batch, |_, _| {});
        joiner.finish();
        joiner.take_closed().into_iter().map(|closed| *closed).collect()
    }

    /// How the only client of a story fares: status, address, what it gave back, and why.
    fn fares(tell: impl FnOnce(&mut Story)) -> (Status, Option<String>, Vec<String>, Option<String>) {
        let mut clients = Clients::default();
        for exchange in closed(tell) {
            clients.exchange(&exchange, 1, &[]);
        }
        let all = clients.sorted();
        let [one] = all.as_slice() else { panic!("{} clients", all.len()) };
        let given_back = one.given_back().iter().map(|(address, _)| address.to_string()).collect();
        (one.status(), one.address().map(|address| address.to_string()), given_back, one.why())
    }

    #[test]
    fn who_has_no_address_is_not_well() {
        let own = || Some("10.0.0.9".to_owned());
        let reboot = |story: &mut Story, ms: i64, number: u8| {
            story.ask(ms, client(number), MessageType::REQUEST, |m, _| m.set_option(50, &OWN));
        };
        let bound = |story: &mut Story| {
            story.discover(0, client(1));
            story.offer(1, client(1), SERVER, OWN);
            story.request(2, client(1), OWN, SERVER);
            story.ack(3, client(1), SERVER, OWN);
        };
        let failed = |why: &str| (Status::Failed, None, vec![], Some(why.to_owned()));
        // Refused again and again, of which the questions are not seen.
        assert_eq!(
            fares(|story| (0..3).for_each(|n| story.nak(n * 20_000, client(1), SERVER))),
            failed("refused by 10.0.0.1")
        );
        // Whether it may keep its address is asked in vain.
        assert_eq!(fares(|story| reboot(story, 0, 1)), failed("no answer to REQUEST was seen"));
        // The same later: the lease that was seen to be given runs on.
        let later = fares(|story| {
            bound(story);
            story.ask(
                60_000,
                crate::analysis::diagnosis::tests::Client { xid: 7, ..client(1) },
                MessageType::REQUEST,
                |m, _| {
                    m.set_option(50, &OWN);
                },
            );
        });
        assert_eq!(later, (Status::Ok, own(), vec![], None));
        // Who renews has what it renews.
        assert_eq!(fares(|story| story.renew(0, client(1), OWN, false)), (Status::Ok, own(), vec![], None));
        // Who gave its address back has none, and that is well.
        let released = fares(|story| {
            bound(story);
            story.ask(60_000, client(1), MessageType::RELEASE, |m, _| {
                m.ciaddr = OWN.into();
                m.set_option(54, &SERVER);
            });
        });
        assert_eq!(released, (Status::Ok, None, vec!["10.0.0.9".to_owned()], None));
        // It gave that back, whatever it asks for in vain later.
        let (status, _, given_back, _) = fares(|story| {
            bound(story);
            story.ask(60_000, client(1), MessageType::RELEASE, |m, _| {
                m.ciaddr = OWN.into();
                m.set_option(54, &SERVER);
            });
            story.discover(120_000, crate::analysis::diagnosis::tests::Client { xid: 9, ..client(1) });
        });
        assert_eq!((status, given_back), (Status::Failed, vec!["10.0.0.9".to_owned()]));
    }

    #[test]
    fn what_stands_before_its_question_took_no_time() {
        let all = closed(|story| {
            story.ack(0, client(1), SERVER, OWN);
            // The ACK may answer a DISCOVER that asks for it.
            story.ask(30, client(1), MessageType::DISCOVER, |m, _| m.set_option(80, &[]));
            story.ack(60, client(1), SERVER, OWN);
        });
        for exchange in &all {
            let delays = [exchange.offer_ns(), exchange.ack_ns(), exchange.total_ns()];
            assert!(delays.into_iter().flatten().all(|delay| delay >= 0), "{delays:?}");
        }
        assert!(all.iter().any(|exchange| exchange.had().reply && exchange.had().client));
    }

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

    /// Clients that each were bound by the same server.
    fn bound(numbers: std::ops::Range<u8>) -> Clients {
        let mut story = Story::default();
        for number in numbers {
            let (at, c, a) = (i64::from(number) * 1000, client(number), [10, 0, 0, number]);
            story.discover(at, c);
            story.offer(at + 1, c, [10, 0, 0, 1], a);
            story.request(at + 2, c, a, [10, 0, 0, 1]);
            story.ack(at + 3, c, [10, 0, 0, 1], a);
        }
        let mut joiner = Joiner::new(Options::default());
        joiner.batch(&story.batch, |_, _| {});
        joiner.finish();
        let mut clients = Clients::default();
        for (exchange, number) in joiner.take_closed().iter().zip(1..) {
            clients.exchange(exchange, number, &[]);
        }
        clients
    }

    /// There may be a million of them.
    #[test]
    fn a_client_that_is_fine_takes_little_memory() {
        assert!(size_of::<ClientRecord>() <= 272, "{}", size_of::<ClientRecord>());
        let clients = bound(1..20);
        let all = clients.sorted();
        assert_eq!((all.len(), all.iter().filter(|one| one.rare.is_none()).count()), (19, 19));
        assert!(
            all.iter().all(|one| Arc::ptr_eq(&one.servers, &all[0].servers)),
            "what is alike is there once"
        );
        let delays = |one: &&ClientRecord| one.delays();
        assert!(all.iter().map(delays).all(|delays| delays == (Some(1_000_000), Some(1_000_000))));
    }

    #[test]
    fn two_clients_of_one_hash_are_two() {
        let mut clients = bound(1..2);
        let other = bound(2..3).all.remove(0);
        let hash = clients.places.hasher().hash_one(&other.who);
        clients.places.insert(hash, 0);
        for _ in 0..2 {
            assert_eq!(clients.place(other.who.clone(), other.mac, (0, 0)), Some(1));
        }
        assert_eq!(
            (clients.all.len(), clients.place(clients.all[0].who.clone(), None, (0, 0))),
            (2, Some(0))
        );
    }
}
