//! What shows over time of addresses, host names and client identifiers.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::clients::identifier;
use super::evidence::{Evidence, Place};
use super::history::{CLIENTS, FRAMES, MOST, SECOND, Said, finding, party};
use super::signs::Signs;
use super::{Code, Finding, rules};
use crate::analysis::bounded::{halve_seeing, make_room};
use crate::analysis::keyed::{Keyed, KeyedMap};
use crate::analysis::transaction::{Exchange, Kind, Letter, Outcome, Seen, Who, bit};
use crate::wire::{HwAddr, Mac};

/// How long after it was given an address is watched.
const WATCH: i64 = 600 * SECOND;
/// A RELEASE this soon after another one says the same again.
const REPEATED: i64 = 10 * SECOND;
/// Bits of the memory of addresses, a megabyte.
const ADDRESSES: u32 = 1 << 23;

#[derive(Clone, Copy, Debug)]
struct Lease {
    /// Whose it is: a hardware address, if that is `named`, else what stands for it.
    client: HwAddr,
    named: bool,
    /// Option 61, 0 where there is none; and whether that is known.
    id: u32,
    known: bool,
    typed: bool,
    time: i64,
    length: u32,
    frame: u64,
    /// When it was given back or declined, else the beginning of time.
    ended: i64,
}

impl Lease {
    /// By what a RELEASE may show to be that of whoever has it.
    fn holders(&self) -> impl Iterator<Item = HwAddr> {
        let named = Some(self.client).filter(|_| self.named);
        named.into_iter().chain(of_id(self.id))
    }
}

/// When somebody gave an address back: first and last of what was said.
#[derive(Clone, Copy, Debug)]
struct Ended {
    first: i64,
    last: i64,
}

impl Ended {
    fn again(&mut self, time: i64) {
        if time.saturating_sub(self.last) > REPEATED {
            self.first = time;
        }
        self.last = self.last.max(time);
    }

    fn is_between(self, early: i64, late: i64) -> bool {
        [self.first, self.last].iter().any(|time| (early..=late).contains(time))
    }
}

/// What stands for a client of which the identifier is known.
fn of_id(id: u32) -> Option<HwAddr> {
    let [a, b, c, d] = id.to_be_bytes();
    (id != 0).then(|| HwAddr::from_slice(&[0xff, 0xff, 0xff, 0xff, a, b, c, d]))
}

/// An address that was just given. Of most nobody ever claims anything, and there are many.
#[derive(Debug)]
struct Given {
    mac: HwAddr,
    time: i64,
    frame: u64,
    claims: Option<Box<Claims>>,
    /// To a client that had none: the exchange has closed, and bound it.
    bound: bool,
}

/// Who claimed an address since it was given.
#[derive(Debug, Default)]
struct Claims {
    other: Option<(Mac, i64, u64)>,
    own: Option<(i64, u64)>,
}

impl Claims {
    fn by_two(&self) -> bool {
        self.other.is_some() && self.own.is_some()
    }
}

/// Users of one identifier.
#[derive(Clone, Debug)]
struct Users {
    last: HwAddr,
    turns: u32,
    time: i64,
    all: Evidence,
}

/// Devices of one name, and when the name was last seen.
#[derive(Clone, Debug, Default)]
struct Devices {
    time: i64,
    /// Most have one.
    first: Option<(HwAddr, Place)>,
    others: Option<Box<KeyedMap<HwAddr, Place>>>,
}

impl Devices {
    fn len(&self) -> usize {
        usize::from(self.first.is_some())
            .saturating_add(self.others.as_ref().map_or(0, |others| others.len()))
    }

    /// Adds one while there is room; true when it is new.
    fn add(&mut self, mac: HwAddr, at: Place) -> bool {
        let Some((first, _)) = self.first else {
            self.first = Some((mac, at));
            return true;
        };
        if first == mac || self.len() >= MOST {
            return false;
        }
        let others = self.others.get_or_insert_default();
        let before = others.len();
        others.entry(mac).or_insert(at);
        others.len() > before
    }

    fn places(self) -> impl Iterator<Item = Place> {
        let others = self.others.map(|others| others.into_values());
        self.first.map(|(_, at)| at).into_iter().chain(others.into_iter().flatten())
    }
}

/// Addresses, one bit each, several on one bit: who is not in it was never here. It does not grow. Neighbours lie together, for those
/// of one network come together.
#[derive(Debug, Default)]
struct Known {
    bits: Vec<u64>,
    key: Keyed,
}

impl Known {
    fn place(&self, address: Ipv4Addr) -> (usize, u64) {
        use std::hash::BuildHasher as _;
        let address = u32::from(address);
        let word = self.key.hash_one(address >> 6) & u64::from((ADDRESSES >> 6) - 1);
        (usize::try_from(word).unwrap_or(0), 1 << (address & 63))
    }

    fn insert(&mut self, address: Ipv4Addr) {
        if self.bits.is_empty() {
            self.bits = vec![0; usize::try_from(ADDRESSES >> 6).unwrap_or(0)];
        }
        let (word, bit) = self.place(address);
        if let Some(word) = self.bits.get_mut(word) {
            *word |= bit;
        }
    }

    fn contains(&self, address: Ipv4Addr) -> bool {
        let (word, bit) = self.place(address);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// Everything about addresses.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// Leases by address and place.
    running: KeyedMap<(Ipv4Addr, u32), Lease>,
    /// By address and place, as leases are.
    given: KeyedMap<(Ipv4Addr, u32), Given>,
    /// Two machines claimed what was given, and it was given again before it was known whether it bound a client.
    replaced: KeyedMap<(Ipv4Addr, u32), Given>,
    /// When addresses were given back, by whom, or declined, by anybody: the exchange that gave one may still be open.
    ended: KeyedMap<(Ipv4Addr, HwAddr), Ended>,
    ids: KeyedMap<u32, Users>,
    names: KeyedMap<Arc<[u8]>, Devices>,
    /// How many devices these are.
    devices: usize,
    /// Who answered for addresses that were declined.
    holders: BTreeMap<Mac, BTreeMap<Ipv4Addr, Place>>,
    /// Addresses that were offered, or that clients have.
    known: Known,
}

impl Leases {
    /// True for an address that was offered or that a client has.
    pub(super) fn knows(&self, address: Ipv4Addr) -> bool {
        self.known.contains(address)
    }

    /// Touches what is known of addresses, for [`History::warm`](super::History::warm).
    pub(super) fn warm(&self, addresses: impl Iterator<Item = (Ipv4Addr, u32)>) {
        let given = addresses.filter_map(|at| self.given.get(&at));
        std::hint::black_box(given.fold(0, |sum, given| sum ^ given.time));
    }

    /// The same of exchanges that have closed. One loop a table, for the next one is looked up while the last is waited for.
    pub(super) fn warm_closed<'a>(&self, exchanges: impl Iterator<Item = &'a Exchange> + Clone) {
        let acks = || exchanges.clone().filter_map(given);
        self.warm(acks().map(|ack| (ack.yiaddr, ack.place)));
        let running = acks().filter_map(|ack| self.running.get(&(ack.yiaddr, ack.place)));
        let running = running.fold(0, |sum, lease| sum ^ lease.time);
        let texts = exchanges
            .clone()
            .flat_map(|exchange| [&exchange.texts.client_id, &exchange.texts.hostname].into_iter().flatten());
        let texts = texts.fold(0, |sum, text| sum ^ text.first().copied().unwrap_or(0));
        let names = exchanges.filter_map(|exchange| self.names.get(exchange.texts.hostname.as_ref()?));
        std::hint::black_box((running, texts, names.fold(0, |sum, devices| sum ^ devices.time)));
    }

    /// Takes note of a message.
    pub(super) fn message(&mut self, seen: &Seen, client: HwAddr) {
        if seen.from_client {
            if !seen.ciaddr.is_unspecified() {
                self.known.insert(seen.ciaddr);
            }
            if matches!(seen.letter, Letter::Release | Letter::Decline) {
                let address = if seen.ciaddr.is_unspecified() { seen.requested } else { seen.ciaddr };
                self.end(address, seen, client);
            }
        } else if matches!(seen.letter, Letter::Offer | Letter::Ack) {
            self.known.insert(seen.yiaddr);
            if seen.letter == Letter::Ack && seen.gives() {
                self.give(seen, client);
            }
        }
    }

    /// An address is given back, by the client that has it; others cannot. What is declined is nobody's, whoever says so.
    fn end(&mut self, address: Ipv4Addr, seen: &Seen, client: HwAddr) {
        let declined = seen.letter == Letter::Decline;
        let named = client.as_slice().iter().any(|byte| *byte != 0).then_some(client);
        let own = named.into_iter().chain(of_id(seen.client_id).filter(|_| seen.has(bit::CLIENT_ID)));
        let anybody = declined.then(HwAddr::default);
        let time = seen.time;
        for holder in own.clone().chain(anybody) {
            let key = (address, holder);
            make_room(&mut self.ended, MOST, &key, |ended| ended.last);
            self.ended.entry(key).or_insert(Ended { first: time, last: time }).again(time);
        }
        let key = (address, seen.place);
        if let Some(lease) = self.running.get_mut(&key)
            && lease.ended < lease.time
            && (declined || lease.holders().any(|holder| own.clone().any(|own| own == holder)))
        {
            lease.ended = time;
        }
        // Who claims it from now on takes it from nobody.
        if self.given.get(&key).is_some_and(|given| Some(given.mac) == named)
            && let Some(given) = self.given.remove(&key)
        {
            self.replace(key, given);
        }
    }

    /// An address that was given is watched no more; two may have claimed it before it is known that it bound the client.
    fn replace(&mut self, key: (Ipv4Addr, u32), given: Given) {
        if !given.bound && given.claims.as_ref().is_some_and(|claims| claims.by_two()) {
            make_room(&mut self.replaced, MOST, &key, |given| given.time);
            self.replaced.insert(key, given);
        }
    }

    /// An address is given: from now on it is watched who claims it.
    fn give(&mut self, seen: &Seen, client: HwAddr) {
        let key = (seen.yiaddr, seen.place);
        make_room(&mut self.given, CLIENTS, &key, |given| given.time);
        let (time, frame) = (seen.time, seen.frame);
        let new = || Given { mac: client, time, frame, claims: None, bound: false };
        let given = self.given.entry(key).or_insert_with(new);
        // The same once more, or by renewal, is nothing new.
        let anew = seen.ciaddr.is_unspecified() && time.saturating_sub(given.time) > SECOND;
        if given.mac != client || anew {
            let before = std::mem::replace(given, new());
            self.replace(key, before);
        }
    }

    /// Somebody claims an address by ARP.
    pub(super) fn claim(&mut self, at: Place, claimed: (Ipv4Addr, u32), mac: Mac, found: &mut Said) {
        let (time, frame) = at;
        if claimed.0.is_unspecified() || mac == Mac::ZERO {
            return;
        }
        let Some(given) = self.given.get_mut(&claimed) else { return };
        if !(0..=WATCH).contains(&time.saturating_sub(given.time)) {
            return;
        }
        let is_own = given.mac.mac() == Some(mac);
        let claims = given.claims.get_or_insert_default();
        if is_own {
            if claims.own.is_some() {
                return;
            }
            claims.own = Some((time, frame));
        } else {
            if claims.other.is_some() {
                return;
            }
            claims.other = Some((mac, time, frame));
        }
        if given.bound {
            duplicate(claimed.0, given, found);
        }
    }

    /// Takes note of an exchange that has closed.
    pub(super) fn exchange(&mut self, exchange: &Exchange, signs: &Signs, found: &mut Said) {
        let ack = given(exchange);
        if ack.is_some() {
            self.settle(exchange, found);
        }
        if exchange.outcome == Outcome::Declined {
            self.declined(exchange, signs);
            return;
        }
        let Some(ack) = ack else { return };
        // Of a client that was not heard its server may tell (RFC 6842).
        let echoed = || ack.has(bit::CLIENT_ID).then_some(ack.client_id);
        let given = identifier(exchange).or_else(echoed);
        let id = given.unwrap_or(0);
        // What only the server says is compared, and not looked into.
        let text = exchange.texts.client_id.as_deref();
        let typed = text.map_or(id != 0, |text| text.first() == Some(&1));
        // Of those without a hardware address, the identifier alone tells one from the other.
        let named = exchange.mac.is_some();
        let Some(client) = exchange.mac.or_else(|| of_id(id)) else { return };
        let lease = Lease {
            client,
            named,
            id,
            known: given.is_some(),
            typed,
            time: ack.time,
            length: if ack.has(bit::LEASE) { ack.lease } else { 0 },
            frame: ack.frame,
            ended: i64::MIN,
        };
        let key = (ack.yiaddr, ack.place);
        make_room(&mut self.running, CLIENTS, &key, |lease| lease.time);
        if let Some(before) = self.running.insert(key, lease).filter(|before| before.client != client) {
            self.twice(ack.yiaddr, (before, lease), party(exchange), found);
        }
        let Some(mac) = exchange.mac else { return };
        self.identifier(mac, id, typed, ack, found);
        if let Some(name) = &exchange.texts.hostname
            && mac.mac().is_some_and(|mac| mac.0[0] & 2 != 0)
        {
            self.name(name, mac, ack);
        }
    }

    /// What was given is known to have bound the client, or not to: on either side of a relay.
    fn settle(&mut self, exchange: &Exchange, found: &mut Said) {
        let bound = matches!(exchange.outcome, Outcome::Bound | Outcome::Rebooted);
        let acks = exchange.steps.iter().map(|step| &step.seen);
        for ack in acks.filter(|seen| seen.letter == Letter::Ack && seen.gives()) {
            let key = (ack.yiaddr, ack.place);
            let is_it = |given: &Given| given.frame == ack.frame && Some(given.mac) == exchange.mac;
            if let Some(given) = self.given.get_mut(&key).filter(|given| is_it(given)) {
                if bound {
                    given.bound = true;
                    duplicate(ack.yiaddr, given, found);
                } else {
                    self.given.remove(&key);
                }
            } else if self.replaced.get(&key).is_some_and(is_it)
                && let Some(given) = self.replaced.remove(&key).filter(|_| bound)
            {
                duplicate(ack.yiaddr, &given, found);
            }
        }
    }

    /// Says that an address was given to another while its lease ran. `who` has one of the two.
    fn twice(&self, address: Ipv4Addr, (one, other): (Lease, Lease), who: Option<Who>, found: &mut Said) {
        let (early, late) = if one.time <= other.time { (one, other) } else { (other, one) };
        let length = i64::from(early.length).saturating_mul(SECOND);
        let runs = early.length == u32::MAX || late.time < early.time.saturating_add(length);
        if !runs || !early.known || !late.known || early.named != late.named {
            return;
        }
        let holders = early.holders().chain([HwAddr::default()]);
        let mut ended = holders.filter_map(|holder| self.ended.get(&(address, holder)));
        if (early.time..=late.time).contains(&early.ended)
            || ended.any(|ended| ended.is_between(early.time, late.time))
        {
            return;
        }
        let same = early.id == late.id && early.id != 0;
        let code = match (same, early.typed) {
            (true, true) => return,
            (true, false) => Code::ClientIdShared,
            (false, _) => Code::AddressGivenTwice,
        };
        let (to, then) = if early.named {
            (early.client.to_string(), late.client.to_string())
        } else {
            ("a client without a hardware address".to_owned(), "another one".to_owned())
        };
        let text = format!("{address} was given to {to} and, while that lease ran, to {then}");
        let mut said = finding(code, [early.frame, late.frame], (early.time, late.time), text);
        said.address = Some(address);
        (said.client, said.others) =
            if early.named { (Some(Who::Four(late.client)), vec![early.client]) } else { (who, Vec::new()) };
        found.merge(said);
    }

    fn declined(&mut self, exchange: &Exchange, signs: &Signs) {
        let Some(address) = exchange.address().filter(|_| exchange.mac.is_some()) else { return };
        let own = rules::mac(exchange);
        let from = exchange.first().map_or(0, |seen| seen.time).saturating_sub(2 * SECOND);
        let said =
            exchange.sent().rfind(|seen| seen.letter == Letter::Decline).map_or(i64::MAX, |seen| seen.time);
        for heard in signs.of(exchange, address, from, said.saturating_add(SECOND)) {
            let room = self.holders.len() < MOST || self.holders.contains_key(&heard.mac);
            if Some(heard.mac) != own && room {
                let addresses = self.holders.entry(heard.mac).or_default();
                if addresses.len() < FRAMES {
                    addresses.insert(address, (heard.time, heard.frame));
                }
            }
        }
    }

    /// One identifier used by several machines in turn.
    fn identifier(&mut self, mac: HwAddr, id: u32, typed: bool, ack: &Seen, found: &mut Said) {
        if id == 0 || typed {
            return;
        }
        make_room(&mut self.ids, CLIENTS, &id, |users| users.time);
        let new = || Users { last: mac, turns: 0, time: 0, all: Evidence::default() };
        let users = self.ids.entry(id).or_insert_with(new);
        users.time = ack.time;
        users.all.add((ack.time, ack.frame));
        if users.last == mac {
            return;
        }
        users.turns = users.turns.saturating_add(1);
        let other = std::mem::replace(&mut users.last, mac);
        if users.turns == 2 {
            let text = format!("{mac} and {other} use one client identifier in turn");
            let mut said = users.all.clone().finding(Code::ClientIdShared, text);
            (said.client, said.others) = (Some(Who::Four(mac)), vec![other]);
            found.merge(said);
        }
    }

    /// A private MAC bound under a host name.
    fn name(&mut self, name: &Arc<[u8]>, mac: HwAddr, ack: &Seen) {
        let full = self.names.len() >= MOST && !self.names.contains_key(name);
        if full || self.devices >= CLIENTS {
            let mut left: usize = 0;
            let count = |devices: &Devices| left = left.saturating_add(devices.len());
            halve_seeing(&mut self.names, |devices| devices.time, count);
            self.devices = left;
        }
        let devices = self.names.entry(Arc::clone(name)).or_default();
        devices.time = ack.time;
        if devices.add(mac, (ack.time, ack.frame)) {
            self.devices = self.devices.saturating_add(1);
        }
    }

    /// What is said of the whole.
    pub(super) fn finish(&mut self, findings: &mut Vec<Finding>) {
        for (mac, addresses) in std::mem::take(&mut self.holders) {
            if addresses.len() >= 2 {
                let names: Vec<String> = addresses.keys().map(ToString::to_string).collect();
                let text = format!("{mac} answers for {}, which were declined", names.join(", "));
                findings.push(addresses.into_values().collect::<Evidence>().finding(Code::ProxyArp, text));
            }
        }
        let mut names: Vec<_> = self.names.drain().filter(|(_, devices)| devices.len() >= 4).collect();
        names.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (name, devices) in names {
            let name = String::from_utf8_lossy(&name);
            let text = format!("{name} took a lease for each of {} private MACs", devices.len());
            findings.push(devices.places().collect::<Evidence>().finding(Code::MacChurn, text));
        }
    }
}

/// What gave an address; who asks a boot server, or for information, has one.
fn given(exchange: &Exchange) -> Option<&Seen> {
    exchange.granted().filter(|_| !matches!(exchange.kind, Kind::Pxe | Kind::Inform))
}

/// Says that two machines claim an address, once they do.
fn duplicate(address: Ipv4Addr, given: &Given, found: &mut Said) {
    let Some(claims) = &given.claims else { return };
    let (Some((other, time, frame)), Some((own_time, own_frame))) = (claims.other, claims.own) else {
        return;
    };
    let text = format!("{address} is used by {} and by {other}", given.mac);
    let seen = (given.time, time.max(own_time));
    let last = if time > own_time { frame } else { own_frame };
    let mut said = finding(Code::DuplicateAddress, [given.frame, last], seen, text);
    (said.client, said.others, said.address) =
        (Some(Who::Four(given.mac)), vec![other.into()], Some(address));
    found.merge(said);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::an_ack;

    /// However steadily addresses are given, not each one walks through all that were given before.
    #[test]
    fn who_makes_room_makes_much_of_it() {
        let mut leases = Leases::default();
        let (mut ack, mut given, mut halved) = (an_ack(), 0, 0);
        for number in 0..250_000_u32 {
            ack.yiaddr = (0x0b00_0000 + number).into();
            leases.give(&ack, HwAddr::from_slice(&number.to_be_bytes()));
            // A hundred thousand of them in ten minutes, and one of them is too old at every moment.
            ack.time = ack.time.saturating_add(WATCH / 99_999);
            if leases.given.len() <= given {
                halved += 1;
                assert!(leases.given.len() <= CLIENTS / 2 + 1, "{} are left", leases.given.len());
            }
            given = leases.given.len();
            assert!(given <= CLIENTS);
        }
        assert_eq!(halved, 3);
    }

    #[test]
    fn devices_of_few_names_are_bounded_as_well() {
        let mut leases = Leases::default();
        let mut ack = an_ack();
        for number in 0..150_000_u32 {
            let name: Arc<[u8]> = vec![u8::try_from(number % 8).unwrap()].into();
            leases.name(&name, HwAddr::from_slice(&number.to_be_bytes()), &ack);
            ack.time = ack.time.saturating_add(1);
            let all: usize = leases.names.values().map(Devices::len).sum();
            assert!(number % 1000 > 0 || (leases.devices == all && all <= CLIENTS), "{all}");
        }
        assert!(leases.names.len() >= 4, "not all of them go");
    }
}
