//! Descriptors that programs started from here do not get.
#![allow(unsafe_code, reason = "close_range(2) has no wrapper in nix")]

use std::os::raw::c_uint;

use nix::libc;

/// The first descriptor that is not a standard one.
const FIRST: c_uint = 3;

/// Marks every descriptor but the standard three close-on-exec: those that libraries opened without it (libpcap's packet socket
/// and its event), and those that this process was started with. A kernel before 5.11 cannot.
pub fn close_on_exec() {
    let flags = libc::c_int::try_from(libc::CLOSE_RANGE_CLOEXEC).unwrap_or(0);
    // SAFETY: the call takes three numbers. With CLOSE_RANGE_CLOEXEC it closes nothing; it sets a flag that only matters to
    // programs executed later.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, FIRST, c_uint::MAX, flags) };
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd as _, AsRawFd as _};

    use nix::fcntl::{FcntlArg, FdFlag, fcntl};

    #[test]
    fn what_was_open_to_programs_is_not_any_more() {
        let (end, _other) = nix::unistd::pipe().unwrap();
        let flags = || FdFlag::from_bits_retain(fcntl(end.as_fd(), FcntlArg::F_GETFD).unwrap());
        assert!(!flags().contains(FdFlag::FD_CLOEXEC) && end.as_raw_fd() > 2);
        super::close_on_exec();
        assert!(flags().contains(FdFlag::FD_CLOEXEC));
    }
}
