//! Offsets and lengths in messages, which 32 bits hold: what is remembered of every option is half as large so.

/// The offset, or the largest there is.
pub(super) fn to_u32(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// The offset, as slices want it.
pub(super) fn to_usize(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
