//! The exchanges in flight: a slab of fixed size, found by transaction identifier, in lists by deadline.
//!
//! A transaction identifier is the slot's number, the lane it belongs to and a generation that grows with each use of the
//! slot, mixed with a key of the run. So a lookup is an index, an answer to an exchange of the past is told from one
//! that was never ours, and a run with the same seed sends the same identifiers.
//!
//! All exchanges that wait for their n-th transmission of one kind wait equally long, so each has a list in order of deadlines,
//! threaded through the slots: arming, disarming and expiry cost the same however many are in flight.

use std::collections::VecDeque;

use super::{Check, Failure, Kind, Leased};
use crate::time::Instant;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Never used.
    Unused,
    /// It waits for an OFFER.
    Discovering,
    /// It waits for an ACK.
    Requesting,
    /// It ended, well or not. The slot remembers it until it is used again.
    Over(Option<Failure>),
}

/// One exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<L> {
    /// Its transaction identifier.
    pub(super) xid: u32,
    generation: u32,
    /// Its client.
    pub(super) client: u32,
    /// Where it stands.
    pub(super) stage: Stage,
    /// What it is.
    pub(super) kind: Kind,
    /// Transmissions of the current message before the last one.
    pub(super) attempt: u8,
    /// Repeated transmissions in all.
    pub(super) repeated: u32,
    /// When it should have begun.
    pub(super) scheduled: Instant,
    /// When its first message went out.
    pub(super) began: Instant,
    /// When the OFFER came.
    pub(super) offered: Instant,
    /// When the first REQUEST (or INFORM) went out.
    pub(super) requested: Instant,
    /// What is offered or held, and by the server chosen.
    pub(super) lease: L,
    /// Whose business it is.
    pub(super) duty: Duty,
    /// The statuses of the last answer, as [`Seen`](super::family::Seen) has them.
    pub(super) statuses: u32,
    /// The server's own check of the address.
    pub(super) check: Option<Check>,
    deadline: Instant,
    list: u8,
    previous: u32,
    next: u32,
}

/// What an exchange is to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// It is one of those that are counted.
    Counted,
    /// A lease is given back, or one may come although the run was stopped; then its client rests.
    Return,
    /// A lease is given back beside whatever its client does.
    Aside,
}

#[derive(Clone, Copy, Debug)]
struct List {
    head: u32,
    tail: u32,
}

/// The slab.
#[derive(Debug)]
pub(super) struct Table<L> {
    slots: Vec<Slot<L>>,
    free: VecDeque<u32>,
    lists: Vec<List>,
    bits: u32,
    lane: u32,
    lane_bits: u32,
    key: u32,
    /// Bits of a transaction identifier.
    width: u32,
}

/// What a transaction identifier refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The exchange in this slot, under way or just over.
    Slot(u32),
    /// An exchange whose slot has been used again since.
    Past,
    /// Nothing of this run.
    Foreign,
}

impl<L: Leased> Table<L> {
    /// Room for `capacity` exchanges (at most 2^20) whose messages wait in `lists` ways, with transaction identifiers of `width`
    /// bits, in lane `lane` of 2^`lane_bits`. Four bits at least tell the uses of a slot apart.
    pub(super) fn new(
        capacity: usize,
        lists: usize,
        width: u32,
        (lane, lane_bits): (u32, u32),
        key: u32,
    ) -> Self {
        let most = 1_usize.wrapping_shl(width.saturating_sub(lane_bits).saturating_sub(4).min(20));
        let capacity = u32::try_from(capacity.clamp(1, most)).unwrap_or(1);
        let unused = Slot {
            xid: 0,
            generation: 0,
            client: NONE,
            stage: Stage::Unused,
            kind: Kind::Handshake,
            attempt: 0,
            repeated: 0,
            scheduled: Instant::default(),
            began: Instant::default(),
            offered: Instant::default(),
            requested: Instant::default(),
            lease: L::default(),
            duty: Duty::Counted,
            statuses: 0,
            check: None,
            deadline: Instant::default(),
            list: 0,
            previous: NONE,
            next: NONE,
        };
        let lane_mask = 1_u32.wrapping_shl(lane_bits).wrapping_sub(1);
        let whole = ones(width);
        Self {
            slots: (0..capacity).map(|_| unused).collect(),
            free: (0..capacity).collect(),
            lists: vec![List { head: NONE, tail: NONE }; lists.max(1)],
            bits: 32_u32.wrapping_sub(capacity.wrapping_sub(1).leading_zeros()),
            lane,
            lane_bits,
            // The lane stays readable, so that a kernel filter can tell whose an answer is.
            key: key & whole & !lane_mask,
            width,
        }
    }

    /// How many are under way.
    pub(super) fn in_flight(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    /// How many fit.
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// True when another exchange can begin.
    pub(super) fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    /// Takes the slot that has been over for longest and gives it a new identifier.
    pub(super) fn take(&mut self) -> Option<u32> {
        let index = self.free.pop_front()?;
        let (bits, lane_bits, lane, key) = (self.bits, self.lane_bits, self.lane, self.key);
        let whole = ones(self.width);
        let slot = self.get_mut(index)?;
        slot.generation = slot.generation.wrapping_add(1);
        let number = slot.generation.checked_shl(bits).unwrap_or(0) | index;
        slot.xid = ((number.wrapping_shl(lane_bits) | lane) ^ key) & whole;
        slot.attempt = 0;
        slot.repeated = 0;
        slot.lease = L::default();
        slot.duty = Duty::Counted;
        slot.statuses = 0;
        slot.check = None;
        slot.offered = Instant::default();
        slot.requested = Instant::default();
        Some(index)
    }

    /// Ends the exchange in a slot.
    pub(super) fn end(&mut self, index: u32, failure: Option<Failure>) {
        self.disarm(index);
        if let Some(slot) = self.get_mut(index) {
            slot.stage = Stage::Over(failure);
            self.free.push_back(index);
        }
    }

    /// The slot of that number.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Slot<L>> {
        self.slots.get(usize::try_from(index).ok()?)
    }

    /// The slot of that number.
    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Slot<L>> {
        self.slots.get_mut(usize::try_from(index).ok()?)
    }

    /// What a transaction identifier refers to.
    #[inline]
    pub(super) fn find(&self, xid: u32) -> Found {
        let plain = xid ^ self.key;
        let lane_mask = 1_u32.wrapping_shl(self.lane_bits).wrapping_sub(1);
        let number = plain.wrapping_shr(self.lane_bits);
        let index = number & 1_u32.wrapping_shl(self.bits).wrapping_sub(1);
        let Some(slot) = self.get(index).filter(|_| plain & lane_mask == self.lane) else {
            return Found::Foreign;
        };
        if slot.xid == xid && slot.stage != Stage::Unused {
            return Found::Slot(index);
        }
        let mask = ones(self.width.saturating_sub(self.bits).saturating_sub(self.lane_bits));
        let generation = number.checked_shr(self.bits).unwrap_or(0);
        let age = slot.generation.wrapping_sub(generation) & mask;
        // Older than the slot has ever been, and it is nobody's.
        if age != 0 && age < slot.generation && age <= mask >> 1 { Found::Past } else { Found::Foreign }
    }

    /// Sets the deadline of a slot's current transmission, which waits in list `which`. Deadlines of one list must not go back.
    pub(super) fn arm(&mut self, index: u32, which: usize, deadline: Instant) {
        self.disarm(index);
        let which = which.min(self.lists.len().saturating_sub(1));
        let Some(queue) = self.lists.get_mut(which) else { return };
        let tail = std::mem::replace(&mut queue.tail, index);
        if queue.head == NONE {
            queue.head = index;
        }
        if let Some(before) = self.get_mut(tail) {
            before.next = index;
        }
        if let Some(slot) = self.get_mut(index) {
            slot.deadline = deadline;
            slot.list = u8::try_from(which).unwrap_or(u8::MAX).saturating_add(1);
            slot.previous = tail;
            slot.next = NONE;
        }
    }

    /// Forgets the deadline of a slot.
    pub(super) fn disarm(&mut self, index: u32) {
        let Some(slot) = self.get_mut(index) else { return };
        let (list, previous, next) = (slot.list, slot.previous, slot.next);
        let Some(which) = list.checked_sub(1) else { return };
        slot.list = 0;
        slot.previous = NONE;
        slot.next = NONE;
        match self.get_mut(previous) {
            Some(before) => before.next = next,
            None => {
                if let Some(list) = self.lists.get_mut(usize::from(which)) {
                    list.head = next;
                }
            }
        }
        match self.get_mut(next) {
            Some(after) => after.previous = previous,
            None => {
                if let Some(list) = self.lists.get_mut(usize::from(which)) {
                    list.tail = previous;
                }
            }
        }
    }

    /// The next deadline.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lists.iter().filter_map(|list| self.get(list.head)).map(|slot| slot.deadline).min()
    }

    /// A slot whose deadline has come, disarmed.
    pub(super) fn expired(&mut self, now: Instant) -> Option<u32> {
        let index = self
            .lists
            .iter()
            .map(|list| list.head)
            .find(|index| self.get(*index).is_some_and(|slot| slot.deadline <= now))?;
        self.disarm(index);
        Some(index)
    }

    /// The number of any slot under way, from `from` on.
    pub(super) fn under_way(&self, from: u32) -> Option<u32> {
        let start = usize::try_from(from).ok()?;
        let rest = self.slots.get(start..)?;
        let offset =
            rest.iter().position(|slot| matches!(slot.stage, Stage::Discovering | Stage::Requesting))?;
        u32::try_from(start.saturating_add(offset)).ok()
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.slots
            .capacity()
            .saturating_mul(size_of::<Slot<L>>())
            .saturating_add(self.free.capacity().saturating_mul(4))
    }
}

/// So many ones.
fn ones(bits: u32) -> u32 {
    1_u32.checked_shl(bits).map_or(u32::MAX, |bit| bit.wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;
    use crate::engine::load::Lease4;

    type Table = super::Table<Lease4>;

    fn at(ms: i64) -> Instant {
        Instant(ms * 1_000_000)
    }

    fn begin(table: &mut Table) -> u32 {
        let index = table.take().unwrap();
        table.get_mut(index).unwrap().stage = Stage::Discovering;
        index
    }

    #[test]
    fn identifiers_lead_back_and_know_the_past() {
        for (capacity, width, lane, lane_bits) in
            [(1, 32, 0, 0), (5, 32, 2, 2), (64, 24, 3, 2), (1000, 32, 0, 0), (1000, 24, 0, 0)]
        {
            let mut table = Table::new(capacity, 1, width, (lane, lane_bits), 0xdead_beef);
            let mut seen = std::collections::BTreeSet::new();
            for round in 0..5 {
                let indices: Vec<u32> = (0..capacity).map(|_| begin(&mut table)).collect();
                assert_eq!((table.take(), table.in_flight()), (None, capacity));
                for index in indices {
                    let xid = table.get(index).unwrap().xid;
                    assert_eq!(table.find(xid), Found::Slot(index));
                    assert!(width == 32 || xid >> 24 == 0, "{xid:#x}");
                    assert!(seen.insert(xid), "used twice");
                    if lane_bits > 0 {
                        assert_eq!(xid & 3, lane, "the lane can be read from the identifier");
                        assert_eq!(table.find(xid ^ 1), Found::Foreign);
                    }
                    table.end(index, None);
                    assert_eq!(table.find(xid), Found::Slot(index), "remembered in round {round}");
                }
            }
            for xid in &seen {
                assert_ne!(table.find(*xid), Found::Foreign);
            }
        }
    }

    #[test]
    fn generations_wrap_without_confusion() {
        for width in [32, 24] {
            wraps(Table::new(1 << 20, 1, width, (1, 2), 7));
        }
    }

    fn wraps(mut table: Table) {
        let mut last = 0;
        for _ in 0..3000 {
            let index = table.free.back().copied().unwrap();
            table.free.rotate_right(1);
            assert_eq!(begin(&mut table), index);
            last = table.get(index).unwrap().xid;
            table.end(index, None);
        }
        assert!(matches!(table.find(last), Found::Slot(_)));
    }

    #[test]
    fn deadlines_come_in_order_and_can_be_taken_back() {
        let mut table = Table::new(8, 2, 32, (0, 0), 0);
        let slots: Vec<u32> = (0..4).map(|_| begin(&mut table)).collect();
        for (index, slot) in (0..).zip(&slots) {
            table.arm(*slot, 0, at(100 + index));
        }
        table.arm(slots[1], 1, at(50));
        assert_eq!(table.deadline(), Some(at(50)));
        table.disarm(slots[2]);
        table.disarm(slots[2]);
        assert_eq!(table.expired(at(49)), None);
        let order: Vec<u32> = std::iter::from_fn(|| table.expired(at(1000))).collect();
        assert_eq!(order, [slots[0], slots[3], slots[1]]);
        assert_eq!(table.deadline(), None);
        assert_eq!(table.under_way(2), Some(slots[2]));
    }
}
