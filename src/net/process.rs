//! Processes that end with their parent or wait for its end, and groups of processes that are ended.

use std::os::fd::BorrowedFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::unistd::{Pid, getppid};

use super::NetError;

/// The kernel ends this process when its parent ends. To be called after rights were given up, which undoes it.
pub fn die_with_parent() -> Result<(), NetError> {
    set_pdeathsig(Signal::SIGKILL).map_err(fail)
}

/// Waits until the parent has ended, woken by the kernel.
pub fn wait_for_parents_end() -> Result<(), NetError> {
    let set: SigSet = [Signal::SIGUSR1].into_iter().collect();
    set.thread_block().map_err(fail)?;
    let parent = getppid();
    set_pdeathsig(Signal::SIGUSR1).map_err(fail)?;
    // It may have ended already, and with it the signal.
    while getppid() == parent && parent != Pid::from_raw(1) {
        set.wait().map_err(fail)?;
    }
    set_pdeathsig(None).map_err(fail)
}

/// True when nobody is left to read what is written to this end of a pipe.
pub fn has_no_reader(pipe: BorrowedFd<'_>) -> bool {
    let mut watched = [PollFd::new(pipe, PollFlags::empty())];
    let ready = poll(&mut watched, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
    ready && watched.iter().any(|fd| fd.revents().is_some_and(|events| events.intersects(gone)))
}

/// Ends every process of the group that began with process `leader`.
pub fn end_group(leader: u32) {
    if let Ok(leader) = i32::try_from(leader) {
        // It may have ended meanwhile.
        let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
    }
}

fn fail(errno: nix::Error) -> NetError {
    NetError::io("wait for the end of", "the parent process", errno)
}
