//! The exchanges that are open, by number. A number is given again once its exchange has closed; 0 is none.

use std::net::Ipv4Addr;

use super::exchange::Exchange;
use super::join::ClientKey;

/// An open exchange.
pub(super) struct Open {
    pub(super) exchange: Exchange,
    pub(super) key: ClientKey,
    /// Of its first message.
    pub(super) place: u32,
    pub(super) giaddr: Ipv4Addr,
}

/// All of them. Boxed: there may be far fewer than there once were.
#[derive(Default)]
pub(super) struct Places {
    slots: Vec<Option<Box<Open>>>,
    free: Vec<u32>,
}

/// Where number `id` lies.
fn index(id: u32) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}

impl Places {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Open> {
        self.slots.get(index(id)?)?.as_deref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Open> {
        self.slots.get_mut(index(id)?)?.as_deref_mut()
    }

    /// Takes one in; 0 when there is no number left, of four billion.
    pub(super) fn insert(&mut self, open: Open) -> u32 {
        let open = Some(Box::new(open));
        if let Some(id) = self.free.pop() {
            if let Some(slot) = index(id).and_then(|index| self.slots.get_mut(index)) {
                *slot = open;
            }
            return id;
        }
        let Ok(id) = u32::try_from(self.slots.len().saturating_add(1)) else { return 0 };
        self.slots.push(open);
        id
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<Open> {
        let open = self.slots.get_mut(index(id)?)?.take()?;
        self.free.push(id);
        Some(*open)
    }

    /// Every one with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Open)> {
        (1..).zip(&self.slots).filter_map(|(id, slot)| Some((id, slot.as_deref()?)))
    }
}
