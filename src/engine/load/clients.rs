//! The clients of a run: who they are, what they hold.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::{Lane, Leased, queue};
use crate::wire::Mac;

/// Hardware addresses of clients.
#[derive(Clone, Debug)]
pub enum Macs {
    /// Made from a seed: locally administered, so many, all different.
    Made {
        /// The first.
        first: u64,
        /// How many, at most 2^24.
        count: u32,
    },
    /// Given one by one.
    List(Arc<[Mac]>),
}

impl Macs {
    /// `count` addresses made from `seed`.
    pub fn made(seed: u64, count: u32) -> Self {
        // 02 marks an address that nobody was assigned; two bytes from the seed, three for the number.
        let middle = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        Self::Made { first: 0x0200_0000_0000 | middle << 24, count: count.min(1 << 24) }
    }

    /// How many.
    pub fn len(&self) -> u32 {
        match self {
            Self::Made { count, .. } => *count,
            Self::List(list) => u32::try_from(list.len()).unwrap_or(u32::MAX),
        }
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `index`; zeros beyond the last.
    #[inline]
    pub fn get(&self, index: u32) -> Mac {
        match self {
            Self::Made { first, .. } => {
                let [_, _, mac @ ..] = first.wrapping_add(u64::from(index)).to_be_bytes();
                Mac(mac)
            }
            Self::List(list) => {
                usize::try_from(index).ok().and_then(|index| list.get(index)).copied().unwrap_or_default()
            }
        }
    }
}

/// A lease that a client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<L> {
    /// The client's number in the run.
    pub number: u32,
    /// Its MAC.
    pub mac: Mac,
    /// What it holds.
    pub lease: L,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Client<L> {
    /// What it holds, or gave back last.
    pub(super) lease: L,
    pub(super) holds: bool,
    /// It gave back what stands here, and nobody answers that.
    pub(super) released: bool,
    /// Its RELEASE was not answered.
    pub(super) unanswered: bool,
    /// In an exchange, or its RELEASE waits to be sent.
    pub(super) busy: bool,
}

/// The clients of one lane.
#[derive(Debug)]
pub(super) struct Clients<L: Leased> {
    macs: Macs,
    lane: Lane,
    all: Vec<Client<L>>,
    idle: VecDeque<u32>,
    held: u64,
    // Only for a list: made addresses lead back to their number by themselves.
    numbers: Option<BTreeMap<Mac, u32>>,
    holders: Option<HashMap<L::Address, u32>>,
}

impl<L: Leased> Clients<L> {
    pub(super) fn new(macs: &Macs, lane: Lane, remember_holders: bool) -> Self {
        let mine = (lane.index..macs.len()).step_by(usize::try_from(lane.count).unwrap_or(1).max(1)).count();
        let count = u32::try_from(mine).unwrap_or(0);
        let mut idle = queue(mine);
        idle.extend(0..count);
        let mut clients = Self {
            macs: macs.clone(),
            lane,
            all: vec![Client::default(); mine],
            idle,
            held: 0,
            numbers: None,
            holders: remember_holders.then(|| HashMap::with_capacity(mine)),
        };
        if matches!(macs, Macs::List(_)) {
            clients.numbers = Some((0..count).map(|index| (clients.mac(index), index)).collect());
        }
        clients
    }

    /// The number among all clients of the run.
    #[inline]
    pub(super) fn number(&self, index: u32) -> u32 {
        index.wrapping_mul(self.lane.count).wrapping_add(self.lane.index)
    }

    #[inline]
    pub(super) fn mac(&self, index: u32) -> Mac {
        self.macs.get(self.number(index))
    }

    /// The lane's client with that address.
    pub(super) fn by_mac(&self, mac: Mac) -> Option<u32> {
        if let Some(numbers) = &self.numbers {
            return numbers.get(&mac).copied();
        }
        let Macs::Made { first, count } = &self.macs else { return None };
        let [a, b, c, d, e, f] = mac.0;
        let number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]).checked_sub(*first)?;
        let number = u32::try_from(number).ok().filter(|number| number < count)?;
        let lanes = self.lane.count.max(1);
        (number.checked_rem(lanes) == Some(self.lane.index)).then(|| number.checked_div(lanes)).flatten()
    }

    #[inline]
    pub(super) fn get(&self, index: u32) -> Client<L> {
        usize::try_from(index).ok().and_then(|index| self.all.get(index)).copied().unwrap_or_default()
    }

    #[inline]
    fn get_mut(&mut self, index: u32) -> Option<&mut Client<L>> {
        self.all.get_mut(usize::try_from(index).ok()?)
    }

    /// Takes the client that has been idle for longest.
    pub(super) fn take(&mut self) -> Option<u32> {
        let index = self.idle.pop_front()?;
        self.set_busy(index, true);
        Some(index)
    }

    pub(super) fn has_idle(&self) -> bool {
        !self.idle.is_empty()
    }

    fn set_busy(&mut self, index: u32, busy: bool) {
        if let Some(client) = self.get_mut(index) {
            client.busy = busy;
        }
    }

    pub(super) fn put_back(&mut self, index: u32) {
        self.set_busy(index, false);
        self.idle.push_back(index);
    }

    pub(super) fn give(&mut self, index: u32, lease: L) {
        let Some(client) = self.get_mut(index) else { return };
        let busy = client.busy;
        let before = std::mem::replace(client, Client { lease, holds: true, busy, ..Client::default() });
        if let Some(holders) = &mut self.holders {
            if before.holds {
                holders.remove(&before.lease.address());
            }
            holders.insert(lease.address(), index);
        }
        if !before.holds {
            self.held = self.held.saturating_add(1);
        }
    }

    pub(super) fn take_away(&mut self, index: u32) {
        let Some(client) = self.get_mut(index) else { return };
        let address = client.lease.address();
        if std::mem::replace(&mut client.holds, false) {
            if let Some(holders) =
                self.holders.as_mut().filter(|holders| holders.get(&address) == Some(&index))
            {
                holders.remove(&address);
            }
            self.held = self.held.saturating_sub(1);
        }
    }

    /// Remembers what a client gave back, so that the RELEASE can be repeated; what it holds now is not touched.
    pub(super) fn gave_back(&mut self, index: u32, lease: L) {
        if let Some(client) = self.get_mut(index).filter(|client| !client.holds) {
            *client = Client { lease, released: true, busy: client.busy, ..Client::default() };
        }
    }

    /// Remembers that nobody said that what a client gave back was taken back.
    pub(super) fn still_has(&mut self, index: u32, lease: L) {
        if !self.get(index).holds {
            self.give(index, lease);
        }
        if let Some(client) = self.get_mut(index) {
            client.unanswered |= client.lease == lease;
        }
    }

    /// The first client from `from` on that has something to give back; those that had no answer only if `again`.
    pub(super) fn next_holder(&self, from: u32, again: bool) -> Option<u32> {
        let rest = self.all.get(usize::try_from(from).ok()?..)?;
        let offset = rest.iter().position(|client| client.holds && (again || !client.unanswered))?;
        u32::try_from(offset).ok()?.checked_add(from)
    }

    /// The first client from `from` on whose RELEASE can be repeated: it gave back an address and has no other since.
    pub(super) fn next_released(&self, from: u32) -> Option<u32> {
        let rest = self.all.get(usize::try_from(from).ok()?..)?;
        let offset = rest.iter().position(|client| client.released && !client.holds && !client.busy)?;
        u32::try_from(offset).ok()?.checked_add(from)
    }

    /// The client that holds `address`.
    pub(super) fn holder(&self, address: L::Address) -> Option<Mac> {
        let index = self.holders.as_ref()?.get(&address)?;
        Some(self.mac(*index))
    }

    /// How many hold a lease.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    /// The leases held.
    pub(super) fn leases(&self) -> impl Iterator<Item = Held<L>> {
        (0..self.len()).zip(&self.all).filter(|(_, client)| client.holds).map(|(index, client)| Held {
            number: self.number(index),
            mac: self.mac(index),
            lease: client.lease,
        })
    }

    pub(super) fn memory(&self) -> usize {
        self.all
            .capacity()
            .saturating_mul(size_of::<Client<L>>())
            .saturating_add(self.idle.capacity().saturating_mul(4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::load::Lease4;
    use std::collections::BTreeSet;

    #[test]
    fn made_addresses_are_private_different_and_repeatable() {
        let macs = Macs::made(7, 1000);
        let all: BTreeSet<Mac> = (0..1000).map(|index| macs.get(index)).collect();
        assert_eq!(all.len(), 1000);
        assert!(all.iter().all(|mac| mac.0[0] == 2 && !mac.is_multicast()));
        assert_eq!(Macs::made(7, 1).get(0), macs.get(0));
        assert_ne!(Macs::made(8, 1).get(0), macs.get(0));
        assert_eq!(Macs::made(1, u32::MAX).len(), 1 << 24);
    }

    #[test]
    fn lanes_share_the_clients_out() {
        let list: Vec<Mac> = (0..10).map(|last| Mac([4, 0, 0, 0, 0, last])).collect();
        for macs in [Macs::made(3, 10), Macs::List(list.into())] {
            let mut seen = BTreeSet::new();
            for index in 0..3 {
                let mut clients = Clients::<Lease4>::new(&macs, Lane { index, count: 3 }, false);
                while let Some(client) = clients.take() {
                    let mac = clients.mac(client);
                    assert!(seen.insert(mac));
                    assert_eq!(clients.by_mac(mac), Some(client));
                    assert_eq!(macs.get(clients.number(client)), mac);
                }
                assert_eq!(clients.by_mac(Mac::ZERO), None);
            }
            assert_eq!(seen.len(), 10);
        }
    }

    #[test]
    fn leases_are_counted_and_listed() {
        let mut clients = Clients::<Lease4>::new(&Macs::made(3, 10), Lane::ONLY, true);
        let lease = |last| Lease4 { address: [10, 0, 0, last], ..Lease4::default() };
        clients.give(4, lease(9));
        clients.give(4, lease(8));
        assert_eq!((clients.held(), clients.leases().count()), (1, 1));
        assert_eq!(clients.leases().next().unwrap().lease, lease(8));
        assert_eq!(clients.holder([10, 0, 0, 8]), Some(clients.mac(4)));
        assert_eq!(clients.holder([10, 0, 0, 9]), None);
        clients.take_away(4);
        clients.take_away(4);
        assert_eq!((clients.held(), clients.holder([10, 0, 0, 8])), (0, None));
    }
}
