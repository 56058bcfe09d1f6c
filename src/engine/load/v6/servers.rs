//! The names of servers, which differ in length: a lease holds a number instead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::wire::v6::Duid;

/// Servers that are told apart; who comes after them is nobody's server.
const MOST: usize = 1024;
/// The longest DUID in bytes (RFC 9915 §11.1).
const MAX_DUID: usize = 130;

/// The names of all servers of a run. Every lane gives a server the same number.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    all: Arc<Mutex<Vec<Duid>>>,
    /// Those that this lane has met.
    known: Vec<Duid>,
}

impl Servers {
    /// The number of a server, from 1; a new one where it has none. `None` for a name that is none, or when there are too many.
    #[inline]
    pub fn number(&mut self, duid: &[u8]) -> Option<u16> {
        if let Some(at) = self.known.iter().position(|known| known.as_slice() == duid) {
            return u16::try_from(at.saturating_add(1)).ok();
        }
        self.meet(duid)
    }

    fn meet(&mut self, duid: &[u8]) -> Option<u16> {
        if duid.is_empty() || duid.len() > MAX_DUID {
            return None;
        }
        let mut all = lock(&self.all);
        let at = all.iter().position(|known| known.as_slice() == duid);
        if at.is_none() && all.len() >= MOST {
            return None;
        }
        let at = at.unwrap_or_else(|| {
            all.push(Duid::from(duid));
            all.len().saturating_sub(1)
        });
        self.known.clone_from(&all);
        u16::try_from(at.saturating_add(1)).ok()
    }

    /// The name of a server that this lane has met; nothing for 0.
    #[inline]
    pub fn get(&self, number: u16) -> &[u8] {
        let at = usize::from(number).checked_sub(1);
        at.and_then(|at| self.known.get(at)).map_or(&[], Duid::as_slice)
    }

    /// The name of any server of the run.
    pub fn name(&self, number: u16) -> Option<Duid> {
        lock(&self.all).get(usize::from(number).checked_sub(1)?).cloned()
    }
}

/// What another lane left behind is whole: nothing is done to it that could fail halfway.
fn lock(all: &Mutex<Vec<Duid>>) -> MutexGuard<'_, Vec<Duid>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_agree_on_numbers_and_a_flood_is_bounded() {
        let mut one = Servers::default();
        let mut two = one.clone();
        assert_eq!((one.number(&[1]), two.number(&[2]), two.number(&[1])), (Some(1), Some(2), Some(1)));
        assert_eq!((one.number(&[2]), one.get(2), one.get(0)), (Some(2), &[2][..], &[][..]));
        assert_eq!(two.name(1), Some(Duid(vec![1])));
        assert_eq!((one.number(&[]), one.number(&[9; 131]), one.name(0)), (None, None, None));
        for number in 0..2000_u16 {
            one.number(&number.to_be_bytes());
        }
        assert_eq!(one.known.len(), MOST);
        assert_eq!(one.number(&[3]), None);
    }
}
