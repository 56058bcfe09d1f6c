//! What the routers of a link promise together, as far as the answers of servers are held against it. It is kept up as advertisements
//! come: judging an exchange takes the same time however many routers there are.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

use super::Router;
use crate::wire::nd::flag;
use crate::wire::v6::Prefix6;

/// Routers named with one finding about what they promise.
const NAMED: usize = 32;

/// How often each is there.
type Counts<T> = BTreeMap<T, usize>;

/// What routers promise.
#[derive(Clone, Debug, Default)]
pub struct Promised {
    routers: usize,
    /// Those that set M, and those that set M or O.
    managed: usize,
    configured: usize,
    /// On-link prefixes by the bits that count, router and place in its advertisement, as they were written.
    on_link: BTreeMap<(Prefix6, Ipv6Addr, usize), Prefix6>,
    /// Their lengths.
    lengths: Counts<u8>,
    /// Those of them that hosts may use.
    alive: Counts<Prefix6>,
    /// Lists of DNS servers that are not over.
    dns: Counts<BTreeSet<Ipv6Addr>>,
    /// Routers that name DNS servers.
    naming: BTreeSet<Ipv6Addr>,
    /// Routers that ask hosts to take a prefix of their own.
    preferring: BTreeSet<Ipv6Addr>,
}

fn count<T: Ord>(counts: &mut Counts<T>, item: T) {
    let count = counts.entry(item).or_default();
    *count = count.saturating_add(1);
}

fn uncount<T: Ord>(counts: &mut Counts<T>, item: &T) {
    if let Some(count) = counts.get_mut(item) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(item);
        }
    }
}

/// The DNS servers that a router names and that are not over.
fn dns_of(router: &Router<'_>) -> BTreeSet<Ipv6Addr> {
    let alive = router.advert.dns_servers.iter().filter(|(lifetime, _)| *lifetime > 0);
    alive.flat_map(|(_, servers)| servers.iter().copied()).collect()
}

/// A router sets M; it sets M or O.
fn flags_of(router: &Router<'_>) -> (bool, bool) {
    let flags = router.advert.header.flags();
    (flags & flag::MANAGED != 0, flags & (flag::MANAGED | flag::OTHER) != 0)
}

impl Promised {
    /// Takes in what a router promises.
    pub fn add(&mut self, router: &Router<'_>) {
        let (managed, configured) = flags_of(router);
        self.routers = self.routers.saturating_add(1);
        self.managed = self.managed.saturating_add(managed.into());
        self.configured = self.configured.saturating_add(configured.into());
        for (place, prefix) in router.advert.prefixes.iter().enumerate() {
            let written = Prefix6::new(prefix.prefix, prefix.length);
            if prefix.is_on_link() {
                self.on_link.insert((written.masked(), router.source, place), written);
                count(&mut self.lengths, written.masked().length);
            }
            if prefix.is_on_link() && prefix.valid > 0 {
                count(&mut self.alive, written.masked());
            }
            if prefix.is_pd_preferred() {
                self.preferring.insert(router.source);
            }
        }
        let dns = dns_of(router);
        if !dns.is_empty() {
            count(&mut self.dns, dns);
        }
        if !router.advert.dns_servers.is_empty() {
            self.naming.insert(router.source);
        }
    }

    /// Takes away what was taken in of a router.
    pub fn remove(&mut self, router: &Router<'_>) {
        let (managed, configured) = flags_of(router);
        self.routers = self.routers.saturating_sub(1);
        self.managed = self.managed.saturating_sub(managed.into());
        self.configured = self.configured.saturating_sub(configured.into());
        for (place, prefix) in router.advert.prefixes.iter().enumerate() {
            let bits = Prefix6::new(prefix.prefix, prefix.length).masked();
            if self.on_link.remove(&(bits, router.source, place)).is_some() {
                uncount(&mut self.lengths, &bits.length);
                if prefix.valid > 0 {
                    uncount(&mut self.alive, &bits);
                }
            }
        }
        uncount(&mut self.dns, &dns_of(router));
        self.naming.remove(&router.source);
        self.preferring.remove(&router.source);
    }

    /// The address lies in a prefix that hosts take for their own link.
    pub(super) fn is_on_link(&self, address: Ipv6Addr) -> bool {
        let within = |length: &u8| self.alive.contains_key(&Prefix6::new(address, *length).masked());
        self.lengths.keys().any(within)
    }

    /// An on-link prefix that overlaps this one, and the router that says so.
    pub(super) fn overlapped(&self, prefix: &Prefix6) -> Option<(Prefix6, Ipv6Addr)> {
        let (lowest, highest) = (Ipv6Addr::UNSPECIFIED, Ipv6Addr::from_bits(u128::MAX));
        let first = |from: Prefix6, to: Prefix6| {
            let mut found = self.on_link.range((from, lowest, 0)..=(to, highest, usize::MAX));
            found.next().map(|((_, router, _), written)| (*written, *router))
        };
        let around = self.lengths.keys().filter(|length| **length < prefix.length);
        let around = around.map(|length| Prefix6::new(prefix.address, *length).masked());
        let (own, last) = (prefix.masked(), Prefix6::new(prefix.last(), u8::MAX));
        around.map(|other| first(other, other)).find(Option::is_some).flatten().or_else(|| first(own, last))
    }

    /// The different lists of DNS servers.
    pub(super) fn dns(&self) -> impl ExactSizeIterator<Item = &BTreeSet<Ipv6Addr>> {
        self.dns.keys()
    }

    /// It is one of [`dns`](Self::dns).
    pub(super) fn has_dns(&self, list: &BTreeSet<Ipv6Addr>) -> bool {
        self.dns.contains_key(list)
    }

    /// The routers that name DNS servers, the first of them.
    pub(super) fn naming(&self) -> Vec<Ipv6Addr> {
        self.naming.iter().copied().take(NAMED).collect()
    }

    /// The routers that ask hosts to take a prefix of their own, the first of them.
    pub(super) fn preferring(&self) -> Vec<Ipv6Addr> {
        self.preferring.iter().copied().take(NAMED).collect()
    }
}

/// The routers of a link.
#[derive(Clone, Debug, Default)]
pub struct Routers<'a> {
    /// Each of them; none where only answers of servers are judged.
    pub(super) each: Vec<Router<'a>>,
    pub(super) promised: Cow<'a, Promised>,
}

impl<'a> Routers<'a> {
    /// Routers that are not judged themselves.
    pub fn promising(promised: &'a Promised) -> Self {
        Self { each: Vec::new(), promised: Cow::Borrowed(promised) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.promised.routers
    }

    /// Some of them say that DHCPv6 gives addresses (M).
    pub fn are_managed(&self) -> bool {
        self.promised.managed > 0
    }

    /// Some of them say that DHCPv6 gives anything (M or O).
    pub fn are_configured(&self) -> bool {
        self.promised.configured > 0
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> FromIterator<Router<'a>> for Routers<'a> {
    fn from_iter<T: IntoIterator<Item = Router<'a>>>(routers: T) -> Self {
        let each: Vec<Router<'a>> = routers.into_iter().collect();
        let mut promised = Promised::default();
        for router in &each {
            promised.add(router);
        }
        Self { each, promised: Cow::Owned(promised) }
    }
}
