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
        let (low, high) = (self.0 ^ value).carrying_mul(0xda94_2042_e4dd_58b5, 0);
        self.0 = low ^ high.rotate_left(17);
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<8>();
        for word in words {
            self.number(u64::from_le_bytes(*word));
        }
        self.number(tail(bytes) ^ u64::try_from(bytes.len()).unwrap_or(0).rotate_left(56));
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
