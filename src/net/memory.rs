//! Memory of this process.

/// Has the memory that this thread allocates next lie in large pages: so many bytes of it, where the thread is the first and the C
/// library (glibc) and the system can. Nothing is taken before it is needed; from then on the process gives nothing back to the system
/// but pieces of 32 MB and more, so this is for those that end when their work is done.
///
/// Who keeps a great many small things for long waits for the system to clear page after page. Joining and judging 100 MB of DHCP
/// takes 0.24 instead of 0.33 s with large ones.
#[allow(unsafe_code, reason = "nothing else tells the C library and the system")]
pub fn in_large_pages(bytes: usize) {
    #[cfg(target_env = "gnu")]
    {
        use nix::libc::{M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, c_int, mallopt};
        use nix::sys::mman::{MmapAdvise, madvise};

        const LARGE: usize = 2 << 20;
        /// The C library has larger pieces from the system, each by itself: more than this it does not let itself be told.
        const OWN: c_int = 32 << 20;
        const PIECE: usize = 31 << 20;

        // SAFETY: these set numbers.
        let heard =
            unsafe { mallopt(M_MMAP_THRESHOLD, OWN) == 1 && mallopt(M_TRIM_THRESHOLD, c_int::MAX) == 1 };
        let mut pieces = Vec::new();
        while heard && pieces.len().saturating_mul(PIECE) < bytes {
            let mut piece: Vec<u8> = Vec::new();
            if piece.try_reserve_exact(PIECE).is_err() {
                break;
            }
            let room = piece.spare_capacity_mut();
            let skipped = room.as_ptr().align_offset(LARGE);
            if let Some((first, rest)) = room.get_mut(skipped..).and_then(<[_]>::split_first_mut) {
                let (first, length) = (std::ptr::NonNull::from(first), rest.len() & !(LARGE - 1));
                // SAFETY: it changes nothing of what memory holds, and this is memory of our own. Where it fails, pages are small.
                let _ = unsafe { madvise(first.cast(), length, MmapAdvise::MADV_HUGEPAGE) };
            }
            pieces.push(piece);
        }
        // Given back, they are what is given out next.
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = bytes;
}
