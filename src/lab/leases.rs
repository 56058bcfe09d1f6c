//! Who has which address or prefix: one server's leases, without I/O and clock.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use crate::time::Instant;

/// A client's identity, boiled down to 128 bits: its client identifier, else its hardware type and address
/// (RFC 2131 §4.2). Of two billion clients two share one with a probability of less than one in 10^19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientKey(u128);

impl ClientKey {
    /// The key of a client identifier (option 61).
    pub fn from_client_id(id: &[u8]) -> Self {
        Self::of(0x100, id)
    }

    /// The key of a hardware address.
    pub fn from_hardware(htype: u8, addr: &[u8]) -> Self {
        Self::of(u64::from(htype), addr)
    }

    /// The key of an identity association of DHCPv6: the client's DUID, the association's kind and its IAID (RFC 9915 §12).
    pub fn from_association(duid: &[u8], kind: u16, iaid: u32) -> Self {
        let number = (u64::from(kind) << 32) | u64::from(iaid);
        Self::of(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (6 << 40), duid)
    }

    fn of(kind: u64, bytes: &[u8]) -> Self {
        let mut low = kind ^ 0x9e37_79b9_7f4a_7c15;
        let mut high = kind ^ 0xc2b2_ae3d_27d4_eb4f;
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            let word = u64::from_le_bytes(word);
            low = mix(low ^ word, 0xff51_afd7_ed55_8ccd);
            high = mix(high ^ word, 0xc4ce_b9fe_1a85_ec53);
        }
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        low = mix(low ^ length, 0xff51_afd7_ed55_8ccd);
        high = mix(high ^ length, 0xc4ce_b9fe_1a85_ec53);
        Self((u128::from(high) << 64) | u128::from(low))
    }

    /// 64 well-mixed bits of it.
    pub fn bits(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0.to_le_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

fn mix(value: u64, factor: u64) -> u64 {
    let value = (value ^ (value >> 33)).wrapping_mul(factor);
    value ^ (value >> 29)
}

/// The keys are mixed already: their low half is the hash.
#[derive(Clone, Copy, Debug, Default)]
struct Mixed(u64);

impl BuildHasher for Mixed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte), 0xff51_afd7_ed55_8ccd);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 ^= ClientKey(value).bits();
    }
}

/// How far a lease has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// Offered, not yet asked for.
    Offered,
    /// Acknowledged.
    Bound,
    /// Given back; kept for the client should it return, and for anybody else.
    Released,
}

/// A client's hold on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address's place in the pool.
    pub index: u32,
    /// How far it has come.
    pub state: LeaseState,
    /// When the address is free again.
    pub until: Instant,
}

/// The leases of one pool of addresses, numbered from zero.
#[derive(Debug)]
pub struct Leases {
    by_client: HashMap<ClientKey, Lease, Mixed>,
    owners: Vec<Option<ClientKey>>,
    /// Addresses that clients declined, and until when they are not given out.
    declined: HashMap<u32, Instant>,
    never_given: u32,
    hand: u32,
    /// No address of an expired or released lease is to be had before this.
    earliest_free: Instant,
}

/// How many places are tried around a client's preferred one before the pool is searched in order.
const PROBES: u32 = 16;

impl Leases {
    /// A pool of `size` free addresses.
    pub fn new(size: u32) -> Self {
        Self {
            by_client: HashMap::default(),
            owners: vec![None; usize::try_from(size).unwrap_or(0)],
            declined: HashMap::new(),
            never_given: 0,
            hand: 0,
            earliest_free: Instant(i64::MAX),
        }
    }

    /// How many addresses the pool has.
    pub fn size(&self) -> u32 {
        u32::try_from(self.owners.len()).unwrap_or(u32::MAX)
    }

    /// What the client holds or held.
    pub fn of(&self, client: ClientKey) -> Option<Lease> {
        self.by_client.get(&client).copied()
    }

    /// Leases that are bound at `now`.
    pub fn bound(&self, now: Instant) -> usize {
        self.by_client.values().filter(|lease| lease.state == LeaseState::Bound && lease.until > now).count()
    }

    /// Finds an address for a client, if there is one: its own, the one it wishes for, one that its identity points to,
    /// any that was never given, any that is free again. Nothing is changed but cursors.
    pub fn find(&mut self, client: ClientKey, wish: Option<u32>, now: Instant) -> Option<u32> {
        if let Some(lease) = self.of(client) {
            return Some(lease.index);
        }
        let size = self.size();
        if let Some(index) = wish.filter(|index| self.is_free(*index, now)) {
            return Some(index);
        }
        let start = u32::try_from(client.bits().checked_rem(u64::from(size))?).ok()?;
        let near = (0..PROBES.min(size)).map(|step| wrap(start, step, size));
        if let Some(index) = near.into_iter().find(|index| self.is_free(*index, now)) {
            return Some(index);
        }
        while self.never_given < size {
            let index = self.never_given;
            self.never_given = index.saturating_add(1);
            if self.is_free(index, now) {
                return Some(index);
            }
        }
        if now < self.earliest_free {
            return None;
        }
        let found = (0..size).map(|step| wrap(self.hand, step, size)).find(|index| self.is_free(*index, now));
        if let Some(index) = found {
            self.hand = wrap(index, 1, size);
        } else {
            let ends = self.by_client.values().map(|lease| lease.until).filter(|until| *until > now);
            let returns = self.declined.values().copied().filter(|until| *until > now);
            self.earliest_free = ends.chain(returns).min().unwrap_or(Instant(i64::MAX));
        }
        found
    }

    /// Gives an address to a client for `duration`; whatever either had before is over.
    pub fn give(
        &mut self,
        client: ClientKey,
        index: u32,
        state: LeaseState,
        now: Instant,
        duration: Duration,
    ) -> Lease {
        let lease = Lease { index, state, until: now.after(duration) };
        self.earliest_free = self.earliest_free.min(lease.until);
        let before = self.by_client.insert(client, lease);
        if let Some(before) = before
            && before.index != index
            && let Some(slot) = self.slot(before.index)
        {
            *slot = None;
            self.earliest_free = now;
        }
        if let Some(slot) = self.slot(index)
            && let Some(other) = slot.replace(client)
            && other != client
        {
            self.by_client.remove(&other);
        }
        lease
    }

    /// The client gives its address back. True when it was its own.
    pub fn release(&mut self, client: ClientKey, index: u32, now: Instant) -> bool {
        let Some(lease) = self.by_client.get_mut(&client).filter(|lease| lease.index == index) else {
            return false;
        };
        lease.state = LeaseState::Released;
        lease.until = now;
        self.earliest_free = self.earliest_free.min(now);
        true
    }

    /// Forgets an offer that another server's took precedence over.
    pub fn withdraw(&mut self, client: ClientKey, now: Instant) {
        if let Some(lease) = self.of(client).filter(|lease| lease.state == LeaseState::Offered) {
            self.release(client, lease.index, now);
        }
    }

    /// Takes an address out of use until `until`, because somebody has it without a lease.
    pub fn decline(&mut self, index: u32, until: Instant) {
        let Some(slot) = self.slot(index) else { return };
        if let Some(owner) = slot.take() {
            self.by_client.remove(&owner);
        }
        self.declined.insert(index, until);
        self.earliest_free = self.earliest_free.min(until);
    }

    /// True when nobody holds the address: neither a lease that runs nor a decline.
    pub fn is_free(&self, index: u32, now: Instant) -> bool {
        let Some(owner) = usize::try_from(index).ok().and_then(|at| self.owners.get(at)) else {
            return false;
        };
        let held = owner.and_then(|owner| self.of(owner)).is_some_and(|lease| lease.until > now);
        !held && self.declined.get(&index).is_none_or(|until| *until <= now)
    }

    fn slot(&mut self, index: u32) -> Option<&mut Option<ClientKey>> {
        usize::try_from(index).ok().and_then(|at| self.owners.get_mut(at))
    }
}

fn wrap(start: u32, step: u32, size: u32) -> u32 {
    let sum = u64::from(start).saturating_add(u64::from(step));
    sum.checked_rem(u64::from(size)).and_then(|rest| u32::try_from(rest).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn client(number: u64) -> ClientKey {
        ClientKey::from_client_id(&number.to_be_bytes())
    }

    fn at(seconds: i64) -> Instant {
        Instant::new(seconds, 0)
    }

    #[test]
    fn a_client_identifier_is_another_identity_than_the_same_bytes_as_hardware_address() {
        let bytes = [2, 0, 0, 0, 0, 1];
        assert_ne!(ClientKey::from_client_id(&bytes), ClientKey::from_hardware(1, &bytes));
        assert_ne!(ClientKey::from_hardware(1, &bytes), ClientKey::from_hardware(6, &bytes));
        assert_ne!(ClientKey::from_client_id(&[0]), ClientKey::from_client_id(&[0, 0]));
    }

    #[test]
    fn every_address_is_given_once_then_the_pool_is_empty() {
        let mut leases = Leases::new(50);
        let mut given: Vec<u32> = Vec::new();
        for number in 0..50 {
            let index = leases.find(client(number), None, at(0)).unwrap();
            leases.give(client(number), index, LeaseState::Bound, at(0), HOUR);
            given.push(index);
        }
        given.sort_unstable();
        assert_eq!(given, (0..50).collect::<Vec<_>>());
        assert_eq!(leases.find(client(99), None, at(1)), None);
        assert_eq!(leases.find(client(7), None, at(1)), Some(leases.of(client(7)).unwrap().index));
        assert!(leases.find(client(99), None, at(3601)).is_some(), "expired ones are given again");
    }

    #[test]
    fn what_is_released_is_free_but_remembered() {
        let mut leases = Leases::new(2);
        leases.give(client(1), 0, LeaseState::Bound, at(0), HOUR);
        leases.give(client(2), 1, LeaseState::Bound, at(0), HOUR);
        assert!(!leases.release(client(1), 1, at(5)), "not its address");
        assert!(leases.release(client(1), 0, at(5)));
        assert_eq!(leases.bound(at(5)), 1);
        assert_eq!(leases.find(client(1), None, at(6)), Some(0));
        assert_eq!(leases.find(client(3), None, at(6)), Some(0));
        leases.give(client(3), 0, LeaseState::Offered, at(6), HOUR);
        assert_eq!(leases.of(client(1)), None, "the next holder ends the memory");
        leases.withdraw(client(3), at(7));
        assert_eq!(leases.find(client(4), None, at(7)), Some(0));
    }

    #[test]
    fn a_declined_address_rests() {
        let mut leases = Leases::new(1);
        leases.give(client(1), 0, LeaseState::Bound, at(0), HOUR);
        leases.decline(0, at(100));
        assert_eq!(leases.of(client(1)), None);
        assert_eq!(leases.find(client(1), Some(0), at(50)), None);
        assert_eq!(leases.find(client(1), Some(0), at(100)), Some(0));
    }

    #[test]
    fn a_wish_is_granted_when_it_can_be() {
        let mut leases = Leases::new(10);
        assert_eq!(leases.find(client(1), Some(7), at(0)), Some(7));
        leases.give(client(2), 7, LeaseState::Bound, at(0), HOUR);
        assert_ne!(leases.find(client(1), Some(7), at(0)), Some(7));
        assert!(leases.find(client(1), Some(10), at(0)).is_some(), "a wish outside the pool is no wish");
    }

    #[test]
    fn an_empty_pool_gives_nothing() {
        assert_eq!(Leases::new(0).find(client(1), None, at(0)), None);
    }
}
