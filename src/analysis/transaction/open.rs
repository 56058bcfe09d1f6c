//! The exchanges that are open, by number. A number is given again once its exchange has closed; 0 is none.

use super::exchange::Exchange;
use super::message::Message;

/// An open exchange.
pub(super) struct Open<S: Message> {
    pub(super) exchange: Exchange<S>,
    pub(super) key: S::Key,
    /// Of its first message.
    pub(super) place: u32,
    pub(super) relay: Option<S::Ip>,
}

impl<S: Message> Open<S> {
    /// One of its messages has this identifier.
    pub(super) fn has_xid(&self, xid: u32) -> bool {
        self.exchange.xids.contains(&xid)
    }

    /// The client has not begun another one.
    pub(super) fn is_current(&self) -> bool {
        self.exchange.superseded.is_none()
    }

    /// How long ago its client spoke, when `seen` comes.
    pub(super) fn gap(&self, seen: &S) -> i64 {
        seen.time().saturating_sub(self.exchange.last_client)
    }

    /// It began where `seen` was seen.
    pub(super) fn is_where(&self, seen: &S) -> bool {
        self.place == seen.place() && self.relay == seen.relay()
    }
}

/// All of them. Boxed: there may be far fewer than there once were.
pub(super) struct Places<S: Message> {
    slots: Vec<Option<Box<Open<S>>>>,
    free: Vec<u32>,
}

impl<S: Message> Default for Places<S> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

/// Where number `id` lies.
fn index(id: u32) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}

impl<S: Message> Places<S> {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Open<S>> {
        self.slots.get(index(id)?)?.as_deref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Open<S>> {
        self.slots.get_mut(index(id)?)?.as_deref_mut()
    }

    /// Takes one in; 0 when there is no number left, of four billion.
    pub(super) fn insert(&mut self, open: Open<S>) -> u32 {
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

    pub(super) fn remove(&mut self, id: u32) -> Option<Open<S>> {
        let open = self.slots.get_mut(index(id)?)?.take()?;
        self.free.push(id);
        Some(*open)
    }

    /// Every one with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Open<S>)> {
        (1..).zip(&self.slots).filter_map(|(id, slot)| Some((id, slot.as_deref()?)))
    }
}
