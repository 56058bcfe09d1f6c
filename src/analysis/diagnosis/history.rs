//! What shows only over time: in several exchanges of a client, of a server, or of the whole segment.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::clients::Clients;
use super::evidence::{Evidence, Place};
use super::flood::Flood;
use super::leases::Leases;
use super::network::Network;
use super::signs::Signs;
use super::{Code, Diagnosis, Finding, Id, rules};
use crate::analysis::bounded::make_room;
use crate::analysis::keyed::{KeyedMap, KeyedSet};
use crate::analysis::transaction::{
    Counted as _, Entry, Exchange, Item, Letter, Message as _, Role, Seen, Sign, Who,
};
use crate::wire::HwAddr;
use crate::wire::frame::Complaint;

pub(super) const SECOND: i64 = 1_000_000_000;
/// Clients remembered; the one not seen for longest goes first. Leases and identifiers as many.
pub(super) const CLIENTS: usize = 100_000;
/// Servers, relays, host names remembered of each kind.
pub(super) const MOST: usize = 16_384;
/// Frames named by one finding.
pub(super) const FRAMES: usize = 64;

/// Servers told apart that refuse one client by ICMP.
const REFUSERS: usize = 4;

/// Refusals by ICMP of what one client asked with one identifier.
#[derive(Clone, Debug, Default)]
struct Refusals {
    /// By server, in order of first word.
    by: Vec<(Ipv4Addr, Complaint, Evidence)>,
    /// An exchange has them among its problems.
    told: bool,
}

impl Refusals {
    /// When the last came.
    fn last(&self) -> i64 {
        self.by.iter().map(|(.., all)| all.last()).max().unwrap_or(i64::MIN)
    }

    fn add(&mut self, server: Ipv4Addr, complaint: Complaint, at: Place) {
        let known = self.by.iter_mut().find(|(known, first, _)| (*known, *first) == (server, complaint));
        if let Some((.., all)) = known {
            all.add(at);
        } else if self.by.len() < REFUSERS {
            self.by.push((server, complaint, std::iter::once(at).collect()));
        }
    }
}

/// What an ICMP error says of a message to `server` (RFC 792, RFC 1122 §3.2.2.1).
fn refusal(server: Ipv4Addr, complaint: Complaint) -> String {
    let Complaint { kind, code, source } = complaint;
    match (kind, code) {
        (3, 3) if source == server => format!("{server} answers by ICMP that nobody listens on port 67"),
        (3, 3) => format!("{source} answers by ICMP that nobody listens on port 67 of {server}"),
        (3, 0 | 6 | 11) => format!("{source} answers by ICMP that no network of {server} can be reached"),
        (3, 1 | 5 | 7 | 8 | 12) => format!("{source} answers by ICMP that {server} cannot be reached"),
        (3, 9 | 10 | 13) => format!("{source} answers by ICMP that a filter forbids to ask {server}"),
        (11, _) => format!("{source} answers by ICMP that the way to {server} is too long"),
        _ => format!("{source} answers by ICMP with an error ({kind}/{code}) to what {server} is asked"),
    }
}

/// A client's hardware address; nothing where it says nothing.
fn known(client: HwAddr) -> HwAddr {
    if client.as_slice().iter().all(|byte| *byte == 0) { HwAddr::default() } else { client }
}

/// Whom an exchange is of; none where nothing but its identifier names it.
pub(super) fn party(exchange: &Exchange) -> Option<Who> {
    Some(Seen::who(exchange)).filter(|who| !matches!(who, Who::Asker | Who::Xid(_)))
}

/// A client was refused; an exchange tells it; in which frames.
type Hit = (HwAddr, bool, Evidence);

/// What a finding is about: code, server, client, address.
type About = (Id, Option<Ipv4Addr>, Option<Who>, Option<Ipv4Addr>);

/// Findings so far.
#[derive(Debug, Default)]
pub(super) struct Said {
    all: Vec<Finding>,
    places: KeyedMap<About, usize>,
}

impl Said {
    /// Adds a finding, or counts it to one that says the same of the same.
    pub(super) fn merge(&mut self, said: Finding) {
        let key = (said.id, said.server, said.client.clone(), said.address);
        let known = self.places.get(&key).and_then(|index| self.all.get_mut(*index));
        let Some(known) = known else {
            if self.all.len() < MOST {
                self.places.insert(key, self.all.len());
                self.all.push(said);
            }
            return;
        };
        known.count = known.count.saturating_add(1);
        known.seen = (known.seen.0.min(said.seen.0), known.seen.1.max(said.seen.1));
        for other in said.others {
            if known.others.len() < FRAMES && !known.others.contains(&other) {
                known.others.push(other);
            }
        }
        known.frames.extend(said.frames);
        known.frames.sort_unstable();
        known.frames.dedup();
        known.frames.truncate(FRAMES);
    }
}

/// Remembers, and finds what only shows over time.
#[derive(Debug, Default)]
pub struct History {
    signs: Signs,
    flood: Flood,
    strict: bool,
    clients: Clients,
    network: Network,
    leases: Leases,
    /// Refusals by ICMP, by transaction identifier and client.
    refusals: KeyedMap<(u32, HwAddr), Refusals>,
    /// Addresses that answered a server's ping: who asked, when, frame.
    pinged: BTreeMap<Ipv4Addr, (Ipv4Addr, i64, u64)>,
    pings: KeyedMap<(Ipv4Addr, Ipv4Addr), i64>,
    discover: i64,
    said: Said,
    now: i64,
}

pub(super) fn finding(
    code: Code,
    frames: impl IntoIterator<Item = u64>,
    seen: (i64, i64),
    message: String,
) -> Finding {
    let mut frames: Vec<u64> = frames.into_iter().collect();
    frames.sort_unstable();
    frames.dedup();
    let count = u64::try_from(frames.len()).unwrap_or(u64::MAX);
    frames.truncate(FRAMES);
    Finding {
        id: Id::Wider(code),
        server: None,
        client: None,
        others: Vec::new(),
        address: None,
        frames,
        count,
        seen,
        message,
    }
}

impl History {
    /// A history of nothing. `strict` says also what only old devices take amiss.
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// Takes note of what came; `role` is what a message is to its exchange, where that is known.
    pub fn observe(&mut self, item: &Item, role: Option<Role>) {
        match item {
            Item::Message(entry) => self.message(entry, role.is_none_or(Role::counts)),
            Item::Sign(sign) => self.sign(sign),
            Item::Six(_) | Item::Router(_) => {}
        }
    }

    fn message(&mut self, entry: &Entry, counts: bool) {
        let seen = &entry.seen;
        self.now = self.now.max(seen.time);
        // Without times nothing is known to come too fast.
        if counts && seen.moment().is_some() {
            let clients = &self.clients;
            self.flood.observe(seen, (&entry.client, entry.fingerprint), |client| clients.knows(client));
        }
        if seen.letter == Letter::Discover {
            self.discover = seen.time;
        }
        if !seen.from_client && matches!(seen.letter, Letter::Offer | Letter::Ack | Letter::Nak) {
            self.network.reply(seen, counts);
        }
        self.signs.message(seen);
        self.leases.message(seen, entry.client);
    }

    fn sign(&mut self, sign: &Sign) {
        self.signs.observe(sign);
        match *sign {
            Sign::Arp { frame, time, arp, place } => {
                let claimed = (arp.sender_ip, place);
                self.leases.claim((time, frame), claimed, arp.sender_mac, &mut self.said);
            }
            Sign::Echo { time, reply: false, src, dst, .. } => {
                if time.saturating_sub(self.discover) <= 2 * SECOND {
                    make_room(&mut self.pings, MOST, &(src, dst), |asked| *asked);
                    self.pings.insert((src, dst), time);
                }
            }
            Sign::Echo { frame, time, reply: true, src, dst, .. } => {
                let asked = self.pings.get(&(dst, src));
                if asked.is_some_and(|asked| time.saturating_sub(*asked) <= 2 * SECOND)
                    && self.pinged.len() < MOST
                {
                    self.pinged.entry(src).or_insert((dst, time, frame));
                }
            }
            Sign::Refused { frame, time, xid, server, client, complaint } => {
                let key = (xid, known(client));
                make_room(&mut self.refusals, MOST, &key, Refusals::last);
                self.refusals.entry(key).or_default().add(server, complaint, (time, frame));
            }
        }
    }

    /// Touches what is remembered of messages that come next, each of which lies in memory that nobody looked at for long: one by one
    /// they are waited for, together they come at once.
    pub fn warm(&self, items: &[Item]) {
        let given = items.iter().filter_map(|item| match item {
            Item::Message(entry) if entry.seen.letter == Letter::Ack => {
                Some((entry.seen.yiaddr, entry.seen.place))
            }
            _ => None,
        });
        self.leases.warm(given);
    }

    /// The same of exchanges that are judged next.
    pub fn warm_closed<'a>(&self, exchanges: impl Iterator<Item = &'a Exchange> + Clone) {
        self.clients.warm(exchanges.clone());
        self.leases.warm_closed(exchanges);
    }

    /// Everything said of an exchange that has just closed.
    pub fn closed(&mut self, exchange: &Exchange) -> Vec<Diagnosis> {
        let mut found = rules::judge(exchange, &self.signs, self.strict);
        if !self.refusals.is_empty() {
            self.refusal(exchange, &mut found);
        }
        for said in &found {
            if let Id::Wider(code @ (Code::PxeNoBootFile | Code::PxeNoAddress | Code::Pxe4011Silent)) =
                said.id
            {
                self.network.boot(code, exchange, said.frames.first().copied().unwrap_or(0));
            }
        }
        self.network.exchange(exchange, &mut self.said);
        self.leases.exchange(exchange, &self.signs, &mut self.said);
        self.clients.exchange(exchange, &mut found, &mut self.said);
        if found.len() > 1 {
            found.sort_by_key(|diagnosis| std::cmp::Reverse(diagnosis.id.severity()));
        }
        found
    }

    /// ICMP errors about an exchange: they are nothing where it succeeded all the same.
    fn refusal(&mut self, exchange: &Exchange, found: &mut Vec<Diagnosis>) {
        for xid in &exchange.xids {
            let key = (*xid, exchange.mac.unwrap_or_default());
            if exchange.outcome.is_success() {
                self.refusals.remove(&key);
                continue;
            }
            let Some(own) = self.refusals.get_mut(&key).filter(|_| exchange.had().client) else {
                continue;
            };
            let Some((server, complaint, _)) = own.by.first() else { continue };
            let message = self::refusal(*server, *complaint);
            own.told = true;
            let refusals = own.by.iter().flat_map(|(.., all)| all.frames().iter().copied());
            let about = refusals.chain(exchange.sent().map(|seen| seen.frame));
            let mut frames: Vec<u64> = about.take(FRAMES).collect();
            frames.sort_unstable();
            frames.dedup();
            found.push(Diagnosis { id: Id::Wider(Code::IcmpRefused), frames, message });
        }
    }

    /// What is said of the whole, worst first, of an input that ends at `end`, nanoseconds since 1970; none: with the last message.
    pub fn finish(&mut self, end: Option<i64>) -> Vec<Finding> {
        let mut all = std::mem::take(&mut self.said).all;
        let clients = &self.clients;
        let end = end.unwrap_or(self.now).max(self.now);
        all.extend(self.flood.finish(end, |client| clients.knows(client)));
        self.network.finish(&mut all);
        self.clients.finish(&mut all);
        self.leases.finish(&mut all);
        for (address, (server, time, frame)) in std::mem::take(&mut self.pinged) {
            if self.network.serves(server) && !self.leases.knows(address) {
                let text = format!("{address} answers the ping of {server} and is nobody's lease");
                let mut said = finding(Code::StaticInPool, [frame], (time, time), text);
                (said.server, said.address) = (Some(server), Some(address));
                all.push(said);
            }
        }
        self.finish_refusals(&mut all);
        all.sort_by(|a, b| {
            b.id.severity()
                .cmp(&a.id.severity())
                .then_with(|| a.seen.0.cmp(&b.seen.0))
                .then_with(|| a.frames.cmp(&b.frames))
        });
        all
    }

    /// Once per server, where several clients were refused or no exchange tells it.
    fn finish_refusals(&mut self, findings: &mut Vec<Finding>) {
        let mut by_server: BTreeMap<(Ipv4Addr, String), Vec<Hit>> = BTreeMap::new();
        for ((_, client), refusals) in std::mem::take(&mut self.refusals) {
            for (server, complaint, all) in refusals.by {
                let said = (server, self::refusal(server, complaint));
                by_server.entry(said).or_default().push((client, refusals.told, all));
            }
        }
        for ((server, text), mut hits) in by_server {
            let clients: KeyedSet<HwAddr> = hits.iter().map(|(client, ..)| *client).collect();
            if clients.len() < 2 && hits.iter().all(|(_, told, _)| *told) {
                continue;
            }
            hits.sort_by_key(|(.., all)| all.frames().first().copied());
            let mut all = Evidence::default();
            for (.., one) in &hits {
                all.append(one);
            }
            let mut said = all.finding(Code::IcmpRefused, text);
            said.server = Some(server);
            findings.push(said);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;

    /// More echo requests after a DISCOVER than are remembered: the latest are, and the room for them is not made one by one.
    #[test]
    fn a_sweep_of_pings_is_bounded() {
        let mut history = History::new(false);
        let (server, mut pings, mut walks) = (Ipv4Addr::new(10, 0, 0, 1), 0, 0);
        for number in 0..100_000_u32 {
            let dst = Ipv4Addr::from(0x0b00_0000 + number);
            history.sign(&Sign::Echo {
                frame: 1,
                time: i64::from(number),
                reply: false,
                src: server,
                dst,
                mac: Mac::ZERO,
                place: 0,
            });
            walks += usize::from(history.pings.len() <= pings);
            pings = history.pings.len();
            assert!(pings <= MOST && history.pings.contains_key(&(server, dst)));
        }
        assert!(walks <= 100_000 / (MOST / 2), "{walks}");
    }

    /// As many refusals as there may be, all of one identifier: another client's exchange finds none of them.
    #[test]
    fn refusals_of_one_client_are_kept_once_a_server() {
        let mut history = History::new(false);
        for number in 0..20_000_u32 {
            let (client, server) = (HwAddr::from_slice(&[2, 0, 0, 0, 0, 1]), Ipv4Addr::from(number % 8));
            let complaint = Complaint { kind: 3, code: 3, source: server };
            history.sign(&Sign::Refused { frame: number.into(), time: 0, xid: 7, server, client, complaint });
        }
        let [refusals] = history.refusals.values().collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!(refusals.by.len(), REFUSERS);
        assert!(refusals.by.iter().all(|(.., all)| all.frames().len() == FRAMES && all.count() == 2500));
    }
}
