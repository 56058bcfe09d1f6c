//! Larger pipes: with the default of 64 KiB a fast reader waits for its writer most of the time.

use std::os::fd::AsFd;

/// What an ordinary user may ask for (`/proc/sys/fs/pipe-max-size`).
#[cfg(all(feature = "live", target_os = "linux"))]
const PIPE_SIZE: i32 = 1 << 20;

/// Asks for a large buffer if `file` is a pipe. Failing is harmless: it only stays slower.
#[cfg(all(feature = "live", target_os = "linux"))]
pub(crate) fn enlarge(file: &impl AsFd) {
    let _ = nix::fcntl::fcntl(file, nix::fcntl::FcntlArg::F_SETPIPE_SZ(PIPE_SIZE));
}

/// Without the feature `live` there is no way to ask.
#[cfg(not(all(feature = "live", target_os = "linux")))]
pub(crate) fn enlarge(_file: &impl AsFd) {}
