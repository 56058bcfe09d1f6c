//! Signals as something to wait for, beside sockets.

use std::os::fd::{AsFd, BorrowedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;
pub use nix::sys::signal::Signal;
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::NetError;

/// Blocked signals that are read instead of handled, so that nothing interrupts anything half-way.
///
/// Threads started afterwards inherit the block; programs started through `std::process` do not.
#[derive(Debug)]
pub struct Signals {
    fd: SignalFd,
}

/// One signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Which one.
    pub signal: Signal,
    /// The kernel sent it (the terminal's Ctrl-C reaches the whole foreground group), not a process.
    pub by_kernel: bool,
}

impl Signals {
    /// Takes the signals that end a program: SIGINT, SIGTERM, SIGHUP. Call it before threads are started.
    pub fn termination() -> Result<Self, NetError> {
        Self::new([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP])
    }

    /// Takes these signals.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> Result<Self, NetError> {
        let set: SigSet = signals.into_iter().collect();
        let fail = |errno| NetError::io("watch for", "signals", errno);
        set.thread_block().map_err(fail)?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map_err(fail)?;
        Ok(Self { fd })
    }

    /// The next signal that has arrived, without waiting.
    pub fn next(&self) -> Option<Arrived> {
        let info = self.fd.read_signal().ok().flatten()?;
        let number = i32::try_from(info.ssi_signo).ok()?;
        Some(Arrived {
            signal: Signal::try_from(number).ok()?,
            by_kernel: info.ssi_code == nix::libc::SI_KERNEL,
        })
    }
}

impl Signals {
    /// Waits for a signal.
    pub fn wait(&self) -> nix::Result<Arrived> {
        loop {
            if let Some(arrived) = self.next() {
                return Ok(arrived);
            }
            match poll(&mut [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) {
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
