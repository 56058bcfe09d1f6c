//! Bytes as one number, by which messages are compared.

use crate::analysis::keyed::tail;

/// Makes one number of bytes: the same in every worker, and quickly. Two texts with one number make two messages look
/// alike, no more.
#[derive(Clone, Copy)]
pub(super) struct Digest(pub(super) u64);

impl Digest {
    pub(super) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    #[inline]
    pub(super) fn number(&mut self, value: u64) {
        self.pair(value, 0);
    }

    #[inline]
    fn pair(&mut self, one: u64, other: u64) {
        let (low, high) = (self.0 ^ one).carrying_mul(0xda94_2042_e4dd_58b5 ^ other, 0);
        self.0 = low ^ high.rotate_left(17);
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.tagged(0, bytes);
    }

    /// Bytes and what they are: one multiplication where they are fewer than sixteen.
    #[inline]
    pub(super) fn tagged(&mut self, tag: u32, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            let (one, other) = pair.split_at(8);
            self.pair(tail(one), tail(other));
        }
        let what = u64::try_from(bytes.len()).unwrap_or(0) << 32 | u64::from(tag);
        match rest.split_first_chunk::<8>() {
            Some((one, [_, ..])) => self.pair(u64::from_le_bytes(*one), tail(rest) ^ what.rotate_left(24)),
            _ => self.pair(tail(rest), what.rotate_left(24)),
        }
    }

    pub(super) fn half(self) -> u32 {
        u32::try_from((self.0 ^ (self.0 >> 32)) & 0xffff_ffff).unwrap_or(0)
    }
}

pub(super) fn hash32(bytes: &[u8]) -> u32 {
    let mut digest = Digest::new();
    digest.bytes(bytes);
    digest.half()
}
