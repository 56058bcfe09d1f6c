//! Signals as something to wait for, beside sockets.
//!
//! [`Signals::termination`] is the one place that takes the signals which end a program. A handler counts each of them, two
//! equal ones are two, writes it to a pipe that event loops wait on, and starts a clock that interrupts whatever blocks;
//! [`interrupt`](crate::interrupt) says what follows from that. [`Signals::new`] takes others for who forwards them.
//! [`keep_terminal`] sees to it that no signal leaves a terminal as the program made it.

mod terminal;

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
pub use nix::sys::signal::Signal;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{pipe2, read};

use super::NetError;
use crate::interrupt;

pub use terminal::keep_terminal;

/// Signals that are read instead of ending the program half-way.
#[derive(Clone, Debug)]
pub struct Signals {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// The pipe that the handler writes to.
    Ending(BorrowedFd<'static>),
    /// Blocked signals. Threads started afterwards inherit the block; programs started through `std::process` do not.
    Blocked(Arc<SignalFd>),
}

/// One signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Which one.
    pub signal: Signal,
    /// The kernel sent it (the terminal's Ctrl-C reaches the whole foreground group), not a process.
    pub by_kernel: bool,
}

/// SIGHUP does not end the program.
static HANGUP_IS_TOLD: AtomicBool = AtomicBool::new(false);

fn is_told_only(number: i32) -> bool {
    number == libc::SIGHUP && HANGUP_IS_TOLD.load(Ordering::SeqCst)
}

/// Where the handler writes.
static WAKE: AtomicI32 = AtomicI32::new(-1);

impl Signals {
    /// Takes the signals that end a program: SIGINT, SIGTERM, and SIGHUP unless it is ignored (nohup(1)).
    pub fn termination() -> Result<Self, NetError> {
        static PIPE: OnceLock<OwnedFd> = OnceLock::new();
        let fail = |errno: Errno| NetError::io("watch for", "signals", errno);
        let reader = if let Some(reader) = PIPE.get() {
            reader
        } else {
            let (reader, writer) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(fail)?;
            // It has to stay open as long as the handler may run: to the end.
            WAKE.store(writer.into_raw_fd(), Ordering::SeqCst);
            install().map_err(fail)?;
            PIPE.get_or_init(|| reader)
        };
        Ok(Self { source: Source::Ending(reader.as_fd()) })
    }

    /// From now on SIGHUP ends nothing and is only told, for who reads its files again then.
    pub fn keep_on_hangup() {
        HANGUP_IS_TOLD.store(true, Ordering::SeqCst);
    }

    /// Takes these signals as they are; equal ones that come before the first is read are one.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> Result<Self, NetError> {
        let set: SigSet = signals.into_iter().collect();
        let fail = |errno| NetError::io("watch for", "signals", errno);
        set.thread_block().map_err(fail)?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map_err(fail)?;
        Ok(Self { source: Source::Blocked(Arc::new(fd)) })
    }

    /// The next signal that has arrived, without waiting.
    pub fn next(&self) -> Option<Arrived> {
        let (number, code) = match &self.source {
            Source::Ending(reader) => {
                let mut number = [0];
                if !matches!(read(reader, &mut number), Ok(1)) {
                    return None;
                }
                let number = i32::from(number[0]);
                if !is_told_only(number) {
                    interrupt::notice();
                }
                (number, libc::SI_USER)
            }
            Source::Blocked(fd) => {
                let info = fd.read_signal().ok().flatten()?;
                (i32::try_from(info.ssi_signo).ok()?, info.ssi_code)
            }
        };
        Some(Arrived { signal: Signal::try_from(number).ok()?, by_kernel: code == libc::SI_KERNEL })
    }

    /// Waits for a signal.
    pub fn wait(&self) -> nix::Result<Arrived> {
        loop {
            if let Some(arrived) = self.next() {
                return Ok(arrived);
            }
            match poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.source {
            Source::Ending(reader) => *reader,
            Source::Blocked(fd) => fd.as_fd(),
        }
    }
}

#[allow(unsafe_code, reason = "only these calls install a handler")]
fn install() -> nix::Result<()> {
    // Without SA_RESTART: what blocks is to be interrupted. While one of them is handled the others wait.
    let mut all = SigSet::empty();
    for one in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGALRM] {
        all.add(one);
    }
    let ending = SigAction::new(SigHandler::Handler(on_signal), SaFlags::empty(), all);
    let ticking = SigAction::new(SigHandler::Handler(on_tick), SaFlags::empty(), all);
    for (signal, action) in [
        (Signal::SIGALRM, ticking),
        (Signal::SIGINT, ending),
        (Signal::SIGTERM, ending),
        (Signal::SIGHUP, ending),
    ] {
        // SAFETY: both handlers use atomics and calls that signal-safety(7) lists, or that are one system call, and keep errno.
        let before = unsafe { sigaction(signal, &action) }?;
        if signal == Signal::SIGHUP && matches!(before.handler(), SigHandler::SigIgn) {
            // SAFETY: as above; ignoring runs nothing.
            unsafe { sigaction(signal, &before) }?;
        }
    }
    Ok(())
}

extern "C" fn on_signal(number: libc::c_int) {
    let errno = Errno::last_raw();
    if is_told_only(number) {
        wake(number);
        Errno::set_raw(errno);
        return;
    }
    if interrupt::signal(number.cast_unsigned()) {
        end(number);
    }
    wake(number);
    start_ticking();
    LAST.store(number, Ordering::SeqCst);
    Errno::set_raw(errno);
}

/// The signal that came last.
static LAST: AtomicI32 = AtomicI32::new(libc::SIGTERM);

extern "C" fn on_tick(_: libc::c_int) {
    if interrupt::tick() {
        end(LAST.load(Ordering::SeqCst));
    }
}

#[allow(unsafe_code, reason = "a handler may call no more than the bare system calls")]
fn wake(number: libc::c_int) {
    let byte = u8::try_from(number).unwrap_or_default();
    // SAFETY: one byte that lives on the stack. A full pipe has woken whoever reads it.
    unsafe { libc::write(WAKE.load(Ordering::SeqCst), (&raw const byte).cast(), 1) };
}

#[allow(unsafe_code, reason = "a handler may call no more than the bare system calls")]
fn start_ticking() {
    let tick = libc::timeval {
        tv_sec: 0,
        tv_usec: libc::suseconds_t::try_from(interrupt::TICK.as_micros()).unwrap_or(100_000),
    };
    let every = libc::itimerval { it_interval: tick, it_value: tick };
    // SAFETY: the timer is a value on the stack, and the old one is not asked for.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const every, std::ptr::null_mut()) };
}

#[allow(unsafe_code, reason = "a handler may call no more than the bare system calls")]
fn end(number: libc::c_int) -> ! {
    say(interrupt::last_words());
    // SAFETY: ends the process without running anything of it.
    unsafe { libc::_exit(128_i32.saturating_add(number)) }
}

/// Writes what a terminal is told.
#[allow(unsafe_code, reason = "a handler may call no more than the bare system calls")]
fn say(words: Option<&'static str>) {
    let Some(words) = words else { return };
    let mut terminal = libc::pollfd { fd: libc::STDOUT_FILENO, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one descriptor on the stack, and bytes that live as long as the process. Where the terminal takes nothing, for
    // somebody stopped it, nobody waits for it.
    unsafe {
        if libc::poll(&raw mut terminal, 1, 0) == 1 && terminal.revents & libc::POLLOUT != 0 {
            libc::write(libc::STDOUT_FILENO, words.as_ptr().cast(), words.len());
        }
    }
}
