//! Hashing with a key that only this process knows: several times as fast as the standard library's, and who chooses
//! addresses and names on the wire still cannot choose which of them collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// A map hashed with the process's key.
pub(crate) type KeyedMap<K, V> = HashMap<K, V, Keyed>;
/// A set hashed with the process's key.
pub(crate) type KeyedSet<K> = HashSet<K, Keyed>;

static KEYS: LazyLock<[u64; 2]> = LazyLock::new(|| {
    let random = RandomState::new();
    // A factor that is even loses bits.
    [random.hash_one(1), random.hash_one(2) | 1]
});

/// Makes hashers.
#[derive(Clone, Copy, Debug)]
pub struct Keyed([u64; 2]);

impl Default for Keyed {
    fn default() -> Self {
        Self(*KEYS)
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folding;

    #[inline]
    fn build_hasher(&self) -> Folding {
        let Self([state, key]) = *self;
        Folding { state, key }
    }
}

/// Multiplies every word with the key to twice its width and folds the halves.
#[derive(Clone, Copy, Debug)]
pub struct Folding {
    state: u64,
    key: u64,
}

impl Folding {
    #[inline]
    fn fold(&mut self, word: u64) {
        let (low, high) = (self.state ^ word).carrying_mul(self.key, 0);
        self.state = low ^ high;
    }
}

/// The last bytes as one number: eight, some of them taken again, or all where there are fewer.
#[inline]
pub(crate) fn tail(bytes: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last);
    }
    let four = |chunk: Option<&[u8; 4]>| chunk.map_or(0, |chunk| u64::from(u32::from_le_bytes(*chunk)));
    if bytes.len() >= 4 {
        return four(bytes.first_chunk()) | four(bytes.last_chunk()) << 32;
    }
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Hasher for Folding {
    #[inline]
    fn finish(&self) -> u64 {
        // The map takes its index from one end and its tag from the other.
        self.state ^ self.state.rotate_left(32)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.fold(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            self.fold(tail(bytes));
        }
        self.fold(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.fold(value.into());
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.fold(value.into());
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.fold(value);
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        let bytes = value.to_le_bytes();
        let (words, _) = bytes.as_chunks::<8>();
        for word in words {
            self.fold(u64::from_le_bytes(*word));
        }
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.fold(u64::try_from(value).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::HwAddr;

    #[test]
    fn alike_keys_spread_over_both_ends_of_the_hash() {
        let keyed = Keyed::default();
        let (mut low, mut high) = (HashSet::new(), HashSet::new());
        for number in 0..4096_u32 {
            let [.., a, b] = number.to_be_bytes();
            for addr in [[2, 0, 0, 0, a, b], [a, b, 0, 0, 0, 2]] {
                let hash = keyed.hash_one(HwAddr::from_slice(&addr));
                low.insert(hash & 0xffff);
                high.insert(hash >> 48);
            }
        }
        // 8192 balls in 65536 urns leave about 7700 hit.
        assert!(low.len() > 7000 && high.len() > 7000, "{} and {}", low.len(), high.len());
    }

    #[test]
    fn every_byte_of_a_tail_counts() {
        for length in 1..20_usize {
            let plain = vec![7; length];
            for at in length.saturating_sub(8)..length {
                let mut other = plain.clone();
                other[at] = 8;
                assert_ne!(tail(&plain), tail(&other), "byte {at} of {length}");
            }
        }
    }

    #[test]
    fn a_longer_address_is_another() {
        let keyed = Keyed::default();
        let hash = |bytes: &[u8]| keyed.hash_one(HwAddr::from_slice(bytes));
        assert_ne!(hash(&[1, 2, 3]), hash(&[1, 2, 3, 0]));
        assert_ne!(hash(&[]), hash(&[0]));
        assert_eq!(hash(&[1, 2, 3]), hash(&[1, 2, 3]));
    }
}
