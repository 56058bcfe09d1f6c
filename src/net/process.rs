//! Processes that end with their parent or wait for its end, and groups and sessions of processes that are ended.

use std::fs;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigHandler, SigSet, Signal, kill, killpg, signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, getpid, getppid, setsid};

use super::NetError;
use crate::time::{Clock as _, SystemClock};

/// The kernel ends this process when its parent ends. To be called after rights were given up, which undoes it.
pub fn die_with_parent() -> Result<(), NetError> {
    set_pdeathsig(Signal::SIGKILL).map_err(fail)
}

/// Makes this process the leader of a session: Ctrl-C does not reach it, and whatever it starts is found by
/// [`end_session`] when it has ended itself.
pub fn begin_session() {
    // It cannot where it is the leader of a group; then its session has another number, and nobody ends that.
    let _ = setsid();
}

/// The system takes away children that ended without being asked. To be called behind the last start of one, which would not wait for
/// its own children either.
#[allow(unsafe_code, reason = "setting what becomes of a signal")]
pub fn forget_children() {
    // SAFETY: ignoring a signal runs nothing.
    let _ = unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) };
}

/// How a parent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParentsEnd {
    /// The session that it led.
    pub session: Pid,
    /// It did not end by itself: it was stopped for too long.
    pub stopped: bool,
}

/// Waits until the parent has ended, woken by the kernel, and ends one that was stopped (SIGSTOP) for as long as `limit`.
pub fn wait_for_parents_end(limit: Duration) -> Result<ParentsEnd, NetError> {
    let set: SigSet = [Signal::SIGUSR1].into_iter().collect();
    set.thread_block().map_err(fail)?;
    let woken = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map_err(fail)?;
    let parent = getppid();
    set_pdeathsig(Signal::SIGUSR1).map_err(fail)?;
    let every = limit.checked_div(4).unwrap_or(limit).clamp(LOOK_LEAST, LOOK_MOST);
    let every = PollTimeout::try_from(every).unwrap_or(PollTimeout::MAX);
    let (mut since, mut stopped) = (None, false);
    // It may have ended already, and with it the signal.
    while getppid() == parent && parent != Pid::from_raw(1) {
        let mut watched = [PollFd::new(woken.as_fd(), PollFlags::POLLIN)];
        if poll(&mut watched, every).is_ok_and(|ready| ready > 0) {
            let _ = woken.read_signal();
            continue;
        }
        let now = SystemClock.now();
        since = if is_stopped(parent) { since.or(Some(now)) } else { None };
        if since.is_some_and(|since| now >= since.after(limit)) {
            stopped = true;
            // Somebody else may have ended it meanwhile.
            let _ = kill(parent, Signal::SIGKILL);
        }
    }
    set_pdeathsig(None).map_err(fail)?;
    Ok(ParentsEnd { session: parent, stopped })
}

/// How often it is looked whether a parent is stopped.
const LOOK_LEAST: Duration = Duration::from_millis(100);
const LOOK_MOST: Duration = Duration::from_secs(5);

/// State and session of a process, where `/proc` is that of this process's own numbers.
fn look(pid: i32) -> Option<(char, Pid)> {
    let own = fs::read_link("/proc/self").ok()?;
    if own != Path::new(&getpid().to_string()) {
        return None;
    }
    told(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Number, name in brackets, state, parent, group, session (`proc_pid_stat(5)`). The name may be anything.
fn told(stat: &str) -> Option<(char, Pid)> {
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some((state, Pid::from_raw(words.nth(2)?.parse().ok()?)))
}

fn is_stopped(pid: Pid) -> bool {
    matches!(look(pid.as_raw()), Some(('T' | 't', _)))
}

/// Ends all that is left of a session, which is not this process's own. True when there was something.
pub fn end_session(session: Pid) -> bool {
    // What is started meanwhile is found by the next look.
    (0..4)
        .filter(|_| {
            members(session).into_iter().filter(|pid| kill(*pid, Signal::SIGKILL).is_ok()).count() > 0
        })
        .count()
        > 0
}

/// The same once it has had so much time to end by itself.
pub fn end_session_after(session: Pid, limit: Duration) {
    let last = SystemClock.now().after(limit);
    while !members(session).is_empty() && SystemClock.now() < last {
        // Nobody unparks this thread.
        std::thread::park_timeout(LOOK_LEAST);
    }
    end_session(session);
}

/// Who is in a session and has not ended.
fn members(session: Pid) -> Vec<Pid> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let here = numbers
        .filter(|pid| look(*pid).is_some_and(|(state, of)| of == session && !matches!(state, 'Z' | 'X')));
    here.map(Pid::from_raw).filter(|pid| *pid != getpid()).collect()
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

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_read_whatever_it_is_called() {
        assert_eq!(told("7 (a) b) T 5 6 9 0 -1"), Some(('T', Pid::from_raw(9))));
        assert_eq!(told("7 (a"), None);
        assert_eq!(told("7 (a) S 5"), None);
    }

    #[test]
    fn a_session_is_ended_with_all_groups_in_it() {
        // A shell that leads a session, with a job in a group of its own.
        let mut command = Command::new("setsid");
        command.args(["bash", "-mc", "sleep 70 & wait"]).stderr(std::process::Stdio::null());
        let mut leader = command.spawn().unwrap();
        let session = Pid::from_raw(i32::try_from(leader.id()).unwrap());
        let start = SystemClock.now();
        while members(session).len() < 2 {
            assert!(SystemClock.now().since(start) < 20_000_000_000, "{:?}", members(session));
        }
        assert!(end_session(session));
        assert_eq!(leader.wait().unwrap().signal(), Some(9));
        // Nobody waits for the job, which may take a moment to go.
        while !members(session).is_empty() {
            assert!(SystemClock.now().since(start) < 20_000_000_000, "{:?}", members(session));
        }
        assert!(!end_session(session));
    }
}
