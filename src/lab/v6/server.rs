//! One embedded DHCPv6 server: a message and the time in, at most one answer out (RFC 9915 §18.3).

use std::net::Ipv6Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::query::Dhcp;
use crate::lab::leases::{ClientKey, LeaseState, Leases};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::options::v6 as opt;
use crate::wire::v6::facts::{Ia, IaKind, read_ia};
use crate::wire::v6::message::{Item, encode_options, ia, ia_addr, ia_prefix, ia_ta, status};
use crate::wire::v6::packet::find;
use crate::wire::v6::types::{Duid, INFINITY};
use crate::wire::v6::{MessageType, Options, StatusCode};

/// How long an advertised lease is kept for a client that has not asked for it yet.
const OFFER_HOLD: Duration = Duration::from_secs(30);
/// How long a declined address rests.
const DECLINE_HOLD: Duration = Duration::from_mins(10);
/// Identity associations of one message that are answered.
const MAX_IAS: usize = 16;
/// Bits of an address that number the leases of a pool.
const ADDRESS_BITS: u32 = 48;
/// Seconds after which stateless configuration is asked for again.
const REFRESH_TIME: u32 = 86_400;

/// How a server misbehaves.
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Everything is refused: `NoAddrsAvail`, `NoPrefixAvail`, `NoBinding`, `NotOnLink`.
    pub refuses: bool,
    /// SOLICIT is not answered.
    pub no_advertise: bool,
    /// Nothing but SOLICIT is answered.
    pub no_reply: bool,
    /// INFORMATION-REQUEST is not answered.
    pub no_inform: bool,
    /// The lease that is bound is not the one that was advertised.
    pub other_address: bool,
    /// No addresses are given.
    pub no_addresses: bool,
    /// `IA_PD` is passed over in silence.
    pub ignores_pd: bool,
    /// T1 is after T2.
    pub timers_disordered: bool,
    /// The preferred lifetime is longer than the valid one.
    pub lifetimes_inverted: bool,
}

/// The prefixes that a server delegates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegated {
    /// The first one.
    pub first: Ipv6Addr,
    /// Length of each.
    pub length: u8,
    /// How many there are.
    pub count: u32,
}

/// A server's identity, pools and what it hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Hardware address.
    pub mac: Mac,
    /// Its address on the link, from which it answers.
    pub link_local: Ipv6Addr,
    /// Its address for relays.
    pub global: Ipv6Addr,
    /// Option 2.
    pub duid: Duid,
    /// The first address of its pool; the last 48 bits number the leases.
    pub pool: Ipv6Addr,
    /// How many addresses it has.
    pub pool_size: u32,
    /// What it delegates.
    pub delegated: Option<Delegated>,
    /// How long leases are valid.
    pub lease_time: Duration,
    /// Option 7; left out when it is zero.
    pub preference: u8,
    /// SOLICIT with rapid commit is answered by REPLY.
    pub rapid_commit: bool,
    /// Options given when they are asked for, by code.
    pub options: Vec<(u16, Vec<u8>)>,
    /// Its misbehaviour.
    pub quirks: Quirks,
}

/// A server with its leases. Shared between threads: only the leases are behind a lock, briefly.
#[derive(Debug)]
pub struct Server {
    /// Who it is.
    pub identity: Identity,
    pools: Mutex<Pools>,
}

#[derive(Debug)]
struct Pools {
    addresses: Leases,
    prefixes: Leases,
}

impl Pools {
    fn of(&mut self, kind: IaKind) -> &mut Leases {
        if kind == IaKind::Pd { &mut self.prefixes } else { &mut self.addresses }
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// ADVERTISE or REPLY.
    pub kind: MessageType,
    /// The message's own status code.
    pub status: Option<(StatusCode, &'static str)>,
    /// Option 14.
    pub rapid_commit: bool,
    /// The identity associations, encoded.
    pub ias: Vec<Item>,
    /// The first address that was never advertised to this client before: a careful server looks first whether it is in use.
    pub first: Option<Ipv6Addr>,
}

/// Why a lease is not given.
#[derive(Clone, Copy)]
enum Refusal {
    Status(StatusCode, &'static str),
    /// The association is not answered at all.
    Silence,
}

impl Server {
    /// A server without leases.
    pub fn new(identity: Identity) -> Self {
        let pools = Mutex::new(Pools {
            addresses: Leases::new(identity.pool_size),
            prefixes: Leases::new(identity.delegated.map_or(0, |delegated| delegated.count)),
        });
        Self { identity, pools }
    }

    /// Decides what to answer, and keeps the leases accordingly.
    pub fn answer(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        let quirks = self.identity.quirks;
        let silent = match query.kind {
            MessageType::SOLICIT => quirks.no_advertise,
            MessageType::INFORMATION_REQUEST => quirks.no_inform || quirks.no_reply,
            _ => quirks.no_reply,
        };
        if silent || !self.is_meant(query) {
            return None;
        }
        match query.kind {
            MessageType::SOLICIT => Some(self.solicit(query, now)),
            MessageType::REQUEST => Some(self.bind(query, now)),
            MessageType::CONFIRM => self.confirm(query),
            MessageType::RENEW | MessageType::REBIND => self.extend(query, now),
            MessageType::RELEASE | MessageType::DECLINE => Some(self.give_back(query, now)),
            MessageType::INFORMATION_REQUEST => Some(Answer::reply(Vec::new())),
            _ => None,
        }
    }

    /// What servers discard is not for this one (RFC 9915 §16).
    fn is_meant(&self, query: &Dhcp<'_>) -> bool {
        let own = query.server_id == Some(self.identity.duid.as_slice());
        let by_group = query.was_multicast() || query.is_relayed();
        match query.kind {
            MessageType::SOLICIT | MessageType::CONFIRM | MessageType::REBIND => {
                query.client_id.is_some() && query.server_id.is_none() && by_group
            }
            MessageType::INFORMATION_REQUEST => {
                let associations = Options::new(query.options)
                    .any(|option| matches!(option.code, opt::IA_NA | opt::IA_TA | opt::IA_PD));
                (own || query.server_id.is_none()) && by_group && !associations
            }
            _ => query.client_id.is_some() && own,
        }
    }

    /// Another server was chosen: what was advertised is free again.
    pub fn withdraw(&self, query: &Dhcp<'_>, now: Instant) {
        let foreign = query.server_id.is_some_and(|id| id != self.identity.duid.as_slice());
        if query.kind != MessageType::REQUEST || !foreign {
            return;
        }
        let mut pools = self.pools();
        for ia in associations(query) {
            pools.of(ia.kind).withdraw(key(query, &ia), now);
        }
    }

    /// The address of a client was found to be in use: it rests, and another one is advertised.
    pub fn conflict(&self, address: Ipv6Addr, now: Instant) {
        if let Some(index) = self.index_of(address) {
            self.pools().addresses.decline(index, now.after(DECLINE_HOLD));
        }
    }

    /// True when the address is one of the pool's.
    pub fn owns(&self, address: Ipv6Addr) -> bool {
        self.index_of(address).is_some()
    }

    /// How many addresses and prefixes are bound.
    pub fn bound(&self, now: Instant) -> (usize, usize) {
        let pools = self.pools();
        (pools.addresses.bound(now), pools.prefixes.bound(now))
    }

    /// RFC 9915 §18.3.1.
    fn solicit(&self, query: &Dhcp<'_>, now: Instant) -> Answer {
        let commit = query.rapid_commit && self.identity.rapid_commit;
        let mut first = None;
        let mut pools = self.pools();
        let ias = associations(query)
            .filter_map(|ia| {
                let given = self.find(&mut pools, query, &ia, commit, now);
                if let Ok((index, true)) = given
                    && ia.kind != IaKind::Pd
                {
                    first = first.or(Some(self.address(index)));
                }
                self.write_ia(&ia, given.map(|(index, _)| index))
            })
            .collect();
        drop(pools);
        let kind = if commit { MessageType::REPLY } else { MessageType::ADVERTISE };
        Answer { kind, rapid_commit: commit, first, ..Answer::reply(ias) }
    }

    /// RFC 9915 §18.3.2.
    fn bind(&self, query: &Dhcp<'_>, now: Instant) -> Answer {
        let mut pools = self.pools();
        let ias = associations(query)
            .filter_map(|ia| {
                let off_link = ia.addresses.iter().any(|lease| !self.on_link(lease.address));
                let given = if off_link && !self.identity.quirks.refuses {
                    Err(Refusal::Status(StatusCode::NOT_ON_LINK, "not of this link"))
                } else {
                    self.find(&mut pools, query, &ia, true, now).map(|(index, _)| index)
                };
                let shift = u32::from(self.identity.quirks.other_address);
                self.write_ia(&ia, given.map(|index| index.saturating_add(shift)))
            })
            .collect();
        Answer::reply(ias)
    }

    /// RFC 9915 §18.3.3.
    fn confirm(&self, query: &Dhcp<'_>) -> Option<Answer> {
        let mut asked = associations(query).flat_map(|ia| ia.addresses).peekable();
        asked.peek()?;
        let good = !self.identity.quirks.refuses && asked.all(|lease| self.on_link(lease.address));
        let status = if good {
            (StatusCode::SUCCESS, "all addresses are of this link")
        } else {
            (StatusCode::NOT_ON_LINK, "not of this link")
        };
        Some(Answer { status: Some(status), ..Answer::reply(Vec::new()) })
    }

    /// RFC 9915 §18.3.4, §18.3.5.
    fn extend(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        let rebinds = query.kind == MessageType::REBIND;
        let mut pools = self.pools();
        let mut ours = !rebinds;
        let mut ias = Vec::new();
        for ia in associations(query) {
            let leases = pools.of(ia.kind);
            let key = key(query, &ia);
            let held = leases.of(key).filter(|lease| lease.state == LeaseState::Bound && lease.until > now);
            let stale =
                ia.addresses.iter().any(|lease| self.owns(lease.address) || !self.on_link(lease.address))
                    || ia.prefixes.iter().any(|lease| self.index_of_prefix(lease.prefix).is_some());
            // What another server may know better is left to it.
            ours |= held.is_some() || stale;
            let given = match held {
                _ if self.identity.quirks.refuses => Err(no_binding()),
                Some(lease) => {
                    leases.give(key, lease.index, LeaseState::Bound, now, self.identity.lease_time);
                    Ok(lease.index)
                }
                None if rebinds && stale => {
                    ias.push(self.write_stale(&ia, None));
                    continue;
                }
                None => Err(no_binding()),
            };
            match given {
                Ok(index) => ias.push(self.write_stale(&ia, Some(index))),
                Err(refusal) => ias.extend(self.write_ia(&ia, Err(refusal))),
            }
        }
        ours.then(|| Answer::reply(ias))
    }

    /// RFC 9915 §18.3.7, §18.3.8.
    fn give_back(&self, query: &Dhcp<'_>, now: Instant) -> Answer {
        let declines = query.kind == MessageType::DECLINE;
        let mut pools = self.pools();
        let mut unknown = Vec::new();
        for ia in associations(query) {
            let key = key(query, &ia);
            let addresses = ia.addresses.iter().map(|lease| self.index_of(lease.address));
            let prefixes = ia.prefixes.iter().map(|lease| self.index_of_prefix(lease.prefix));
            let named: Vec<u32> = addresses.chain(prefixes).flatten().collect();
            let leases = pools.of(ia.kind);
            let held = leases
                .of(key)
                .filter(|lease| lease.state == LeaseState::Bound && named.contains(&lease.index));
            match held {
                Some(lease) if declines => leases.decline(lease.index, now.after(DECLINE_HOLD)),
                Some(lease) => {
                    leases.release(key, lease.index, now);
                }
                None => unknown.extend(self.write_ia(&ia, Err(no_binding()))),
            }
        }
        drop(pools);
        let text = if declines { "declined" } else { "released" };
        Answer { status: Some((StatusCode::SUCCESS, text)), ..Answer::reply(unknown) }
    }

    /// A lease for an association, and whether it is a new one: bound, or kept for a while.
    fn find(
        &self,
        pools: &mut Pools,
        query: &Dhcp<'_>,
        ia: &Ia<'_>,
        bind: bool,
        now: Instant,
    ) -> Result<(u32, bool), Refusal> {
        let quirks = self.identity.quirks;
        let unknown_link = query.client_link().is_some_and(|link| !in_lab(link));
        let refusal = if ia.kind == IaKind::Pd {
            if quirks.ignores_pd {
                return Err(Refusal::Silence);
            }
            Refusal::Status(StatusCode::NO_PREFIX_AVAIL, "no prefixes")
        } else {
            Refusal::Status(StatusCode::NO_ADDRS_AVAIL, "no addresses")
        };
        if quirks.refuses || unknown_link || (quirks.no_addresses && ia.kind != IaKind::Pd) {
            return Err(refusal);
        }
        let key = key(query, ia);
        let hints = ia.addresses.iter().map(|lease| self.index_of(lease.address));
        let wishes = ia.prefixes.iter().map(|lease| self.index_of_prefix(lease.prefix));
        let wish = hints.chain(wishes).flatten().next();
        let leases = pools.of(ia.kind);
        let known = leases.of(key);
        let Some(index) = leases.find(key, wish, now) else { return Err(refusal) };
        if bind {
            leases.give(key, index, LeaseState::Bound, now, self.identity.lease_time);
        } else if known.is_none_or(|lease| lease.state != LeaseState::Bound || lease.until <= now) {
            leases.give(key, index, LeaseState::Offered, now, OFFER_HOLD);
        }
        Ok((index, known.is_none()))
    }

    /// An association with its lease, or with why there is none.
    fn write_ia(&self, asked: &Ia<'_>, given: Result<u32, Refusal>) -> Option<Item> {
        let (times, inside) = match given {
            Ok(index) => (self.times(), self.lease(asked.kind, index)),
            Err(Refusal::Status(code, text)) => ((0, 0), status(code.0, text)),
            Err(Refusal::Silence) => return None,
        };
        Some(association(asked, times, &[inside]))
    }

    /// An association whose client holds what it should not: that comes back with lifetimes of zero (RFC 9915 §18.3.4).
    fn write_stale(&self, asked: &Ia<'_>, index: Option<u32>) -> Item {
        let given = index.map(|index| self.lease(asked.kind, index));
        let address = index.map(|index| self.address(index));
        let prefix = index.map(|index| self.prefix(index).0);
        let addresses = asked.addresses.iter().map(|lease| lease.address);
        let stale = addresses.filter(|held| Some(*held) != address).map(|held| ia_addr(held, 0, 0, &[]));
        let prefixes = asked.prefixes.iter().filter(|held| Some(held.prefix) != prefix);
        let stale_prefixes = prefixes.map(|held| ia_prefix(held.prefix, held.length, 0, 0, &[]));
        let times = if given.is_some() { self.times() } else { (0, 0) };
        let inside: Vec<Item> = given.into_iter().chain(stale).chain(stale_prefixes).collect();
        association(asked, times, &inside)
    }

    fn lease(&self, kind: IaKind, index: u32) -> Item {
        let (preferred, valid) = self.lifetimes();
        if kind == IaKind::Pd {
            let (prefix, length) = self.prefix(index);
            ia_prefix(prefix, length, preferred, valid, &[])
        } else {
            ia_addr(self.address(index), preferred, valid, &[])
        }
    }

    /// Preferred and valid lifetime, seconds.
    fn lifetimes(&self) -> (u32, u32) {
        let valid = u32::try_from(self.identity.lease_time.as_secs()).unwrap_or(INFINITY);
        if valid == INFINITY {
            return (INFINITY, INFINITY);
        }
        // Five eighths.
        let preferred = (valid >> 1).saturating_add(valid >> 3);
        if self.identity.quirks.lifetimes_inverted { (valid, preferred) } else { (preferred, valid) }
    }

    /// T1 and T2, seconds: half and four fifths of the preferred lifetime (RFC 9915 §21.4).
    fn times(&self) -> (u32, u32) {
        let (preferred, _) = self.lifetimes();
        if preferred == INFINITY {
            return (INFINITY, INFINITY);
        }
        let times = (preferred >> 1, preferred.checked_div(5).unwrap_or(0).saturating_mul(4));
        if self.identity.quirks.timers_disordered { (times.1, times.0) } else { times }
    }

    /// Appends the message of an answer, in the envelopes that the query came in, to `out`.
    pub fn write(&self, query: &Dhcp<'_>, answer: &Answer, out: &mut Vec<u8>) {
        let mut open = Vec::new();
        for relay in &query.relays {
            out.extend([MessageType::RELAY_REPL.0, relay.hop_count]);
            out.extend(relay.link.octets());
            out.extend(relay.peer.octets());
            echo(relay.options, out);
            out.extend(opt::RELAY_MSG.to_be_bytes());
            out.extend([0, 0]);
            open.push(out.len());
        }
        let [a, b, c] = query.xid;
        out.extend([answer.kind.0, a, b, c]);
        if let Some(client) = query.client_id {
            push(out, opt::CLIENTID, client);
        }
        push(out, opt::SERVERID, self.identity.duid.as_slice());
        out.extend(encode_options(&answer.ias));
        if let Some((code, text)) = answer.status {
            out.extend(encode_options(&[status(code.0, text)]));
        }
        if self.identity.preference > 0 && answer.kind == MessageType::ADVERTISE {
            push(out, opt::PREFERENCE, &[self.identity.preference]);
        }
        if answer.rapid_commit {
            push(out, opt::RAPID_COMMIT, &[]);
        }
        if !matches!(query.kind, MessageType::CONFIRM | MessageType::RELEASE | MessageType::DECLINE) {
            self.write_options(query, out);
        }
        for start in open.into_iter().rev() {
            let length = out.len().saturating_sub(start);
            crate::wire::frame::build::patch(
                out,
                start.saturating_sub(2),
                u16::try_from(length).unwrap_or(u16::MAX),
            );
        }
    }

    /// What was asked for, in the order of the codes; unasked the usual few.
    fn write_options(&self, query: &Dhcp<'_>, out: &mut Vec<u8>) {
        const USUAL: [u16; 2] = [opt::DNS_SERVERS, opt::DOMAIN_LIST];
        for (code, data) in &self.identity.options {
            if query.wants(*code) || (query.wants.is_none() && USUAL.contains(code)) {
                push(out, *code, data);
            }
        }
        if query.kind == MessageType::INFORMATION_REQUEST && query.wants(opt::INFORMATION_REFRESH_TIME) {
            push(out, opt::INFORMATION_REFRESH_TIME, &REFRESH_TIME.to_be_bytes());
        }
    }

    fn address(&self, index: u32) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.identity.pool.to_bits().wrapping_add(index.into()))
    }

    fn index_of(&self, address: Ipv6Addr) -> Option<u32> {
        if address.to_bits() >> ADDRESS_BITS != self.identity.pool.to_bits() >> ADDRESS_BITS {
            return None;
        }
        let index = address.to_bits().checked_sub(self.identity.pool.to_bits())?;
        u32::try_from(index).ok().filter(|index| *index < self.identity.pool_size)
    }

    fn prefix(&self, index: u32) -> (Ipv6Addr, u8) {
        let Some(Delegated { first, length, .. }) = self.identity.delegated else {
            return (Ipv6Addr::UNSPECIFIED, 0);
        };
        let step = u128::from(index).checked_shl(128_u32.saturating_sub(length.into())).unwrap_or(0);
        (Ipv6Addr::from_bits(first.to_bits().wrapping_add(step)), length)
    }

    fn index_of_prefix(&self, prefix: Ipv6Addr) -> Option<u32> {
        let Delegated { first, length, count } = self.identity.delegated?;
        let above = prefix.to_bits().checked_sub(first.to_bits())?;
        let index = above.checked_shr(128_u32.saturating_sub(length.into())).unwrap_or(0);
        u32::try_from(index).ok().filter(|index| *index < count && self.prefix(*index).0 == prefix)
    }

    /// True for addresses of the link where this server's pool is.
    fn on_link(&self, address: Ipv6Addr) -> bool {
        address.to_bits() >> 64 == self.identity.pool.to_bits() >> 64
    }

    fn pools(&self) -> MutexGuard<'_, Pools> {
        // A thread that panicked left the leases as they were before or after a step: both are consistent.
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    fn reply(ias: Vec<Item>) -> Self {
        Self { kind: MessageType::REPLY, status: None, rapid_commit: false, ias, first: None }
    }
}

fn no_binding() -> Refusal {
    Refusal::Status(StatusCode::NO_BINDING, "no such binding")
}

/// Everything in the lab has its address in the prefix for documentation (RFC 3849).
fn in_lab(link: Ipv6Addr) -> bool {
    matches!(link.segments(), [0x2001, 0xdb8, ..])
}

fn associations<'a>(query: &Dhcp<'a>) -> impl Iterator<Item = Ia<'a>> + use<'a> {
    Options::new(query.options)
        .filter(|option| !option.is_truncated())
        .filter(|option| matches!(option.code, opt::IA_NA | opt::IA_TA | opt::IA_PD))
        .filter_map(|option| read_ia(option.code, option.data))
        .take(MAX_IAS)
}

fn key(query: &Dhcp<'_>, ia: &Ia<'_>) -> ClientKey {
    ClientKey::from_association(query.client_id.unwrap_or(&[]), ia.kind.code(), ia.iaid)
}

fn association(asked: &Ia<'_>, (t1, t2): (u32, u32), inside: &[Item]) -> Item {
    let data =
        if asked.kind == IaKind::Ta { ia_ta(asked.iaid, inside) } else { ia(asked.iaid, t1, t2, inside) };
    Item::new(asked.kind.code(), data)
}

/// What a relay gets back of its options: its interface, its port, and what it asked to see again (RFC 9915 §19.3, RFC 8357
/// §5.3, RFC 4994 §3).
fn echo(options: &[u8], out: &mut Vec<u8>) {
    let again = find(options, opt::ERO).unwrap_or(&[]).as_chunks::<2>().0;
    for option in Options::new(options).filter(|option| !option.is_truncated()) {
        let known = matches!(option.code, opt::INTERFACE_ID | opt::RELAY_PORT);
        let asked = option.code != opt::RELAY_MSG && again.contains(&option.code.to_be_bytes());
        if known || asked {
            push(out, option.code, option.data);
        }
    }
}

fn push(out: &mut Vec<u8>, code: u16, data: &[u8]) {
    out.extend(code.to_be_bytes());
    out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(data);
}
