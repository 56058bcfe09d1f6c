//! Pipes: larger ones, for with the default of 64 KiB a fast reader waits for its writer most of the time; and waiting for
//! them no longer than the user wants.

use std::io;
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

/// Milliseconds after which who waits for a pipe asks whether to go on.
#[cfg(all(feature = "live", target_os = "linux"))]
const PATIENCE: u16 = 100;

/// Waits for a moment until there is something to read from `file`, or its end; false when there was not, or a signal came.
#[cfg(all(feature = "live", target_os = "linux"))]
pub(crate) fn is_ready(file: &impl AsFd) -> io::Result<bool> {
    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, poll};
    match poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], PATIENCE) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Without the feature `live` signals end the program by themselves.
#[cfg(not(all(feature = "live", target_os = "linux")))]
#[allow(clippy::unnecessary_wraps, reason = "the same call as in a build with signals")]
pub(crate) fn is_ready(_file: &impl AsFd) -> io::Result<bool> {
    Ok(true)
}
