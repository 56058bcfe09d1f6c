//! Texts that many exchanges share are kept once.

use std::sync::Arc;

use super::digest::hash32;

/// Texts looked for; each has one place, where the latest lies.
const PLACES: usize = 1024;
/// Longer ones are hardly shared.
const LONGEST: usize = 64;

/// Texts that clients call themselves by, and those that many say: what is different for each does not push out what is not.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) own: Shared,
    pub(super) common: Shared,
}

/// The texts met last.
#[derive(Debug)]
pub(super) struct Shared {
    known: [Option<Arc<[u8]>>; PLACES],
}

impl Default for Shared {
    fn default() -> Self {
        Self { known: [const { None }; PLACES] }
    }
}

impl Shared {
    /// `bytes`, which others may have too.
    pub(super) fn of(&mut self, bytes: &[u8]) -> Arc<[u8]> {
        let place = usize::try_from(hash32(bytes)).unwrap_or(0) & (PLACES - 1);
        match self.known.get_mut(place) {
            Some(Some(known)) if **known == *bytes => Arc::clone(known),
            Some(place) if bytes.len() <= LONGEST => Arc::clone(place.insert(bytes.into())),
            _ => bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_memory() {
        let mut shared = Shared::default();
        let first = shared.of(b"MSFT 5.0");
        assert!(Arc::ptr_eq(&first, &shared.of(b"MSFT 5.0")));
        // However many come between, what is handed out is what was asked for.
        for number in 0..1000_u32 {
            let text = number.to_string();
            assert_eq!(*shared.of(text.as_bytes()), *text.as_bytes());
        }
        assert_eq!(*shared.of(&[7; 500]), [7; 500]);
        assert_eq!(*first, *b"MSFT 5.0");
    }
}
