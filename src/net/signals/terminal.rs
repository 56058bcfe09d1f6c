//! A terminal is as it was whenever a signal ends or stops the program.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, raise};
use nix::unistd::{getpgrp, getpid, gettid};

use super::say;
use crate::interrupt;

/// Signals that end no process, those that nobody can take, and those that are taken by
/// [`Signals::termination`](super::Signals::termination) or by [`on_stop`].
const NOT_FATAL: [libc::c_int; 14] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGCONT,
    libc::SIGCHLD,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGTSTP,
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGALRM,
    libc::SIGPIPE,
];
/// Signals by which the kernel tells of a fault; the runtime looks at two of them.
const FAULTS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];
/// So often a process is stopped again that goes on in the background.
const BACKGROUND: u32 = 64;

/// What the runtime does about [`FAULTS`].
static RUNTIME: OnceLock<[libc::sigaction; 2]> = OnceLock::new();
/// The process group that this one is in.
static GROUP: AtomicI32 = AtomicI32::new(0);

/// From now on what a terminal is [owed](interrupt::owe) is paid before any signal ends this process that can be taken; and before
/// Ctrl-Z stops it, which takes the terminal again when it goes on.
#[allow(clippy::as_conversions, reason = "a handler is handed over as a number")]
pub fn keep_terminal() {
    GROUP.store(getpgrp().as_raw(), Ordering::SeqCst);
    RUNTIME.get_or_init(|| FAULTS.map(action_of));
    let fatal: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_fatal;
    for number in 1..=libc::SIGRTMAX() {
        let ends = action_of(number).sa_sigaction == libc::SIG_DFL || FAULTS.contains(&number);
        if ends && !NOT_FATAL.contains(&number) {
            // On a stack of its own where there is one: that of the thread may be what is at fault.
            set_action(number, fatal as libc::sighandler_t, libc::SA_SIGINFO | libc::SA_ONSTACK);
        }
    }
    if action_of(libc::SIGTSTP).sa_sigaction == libc::SIG_DFL {
        take_stop();
    }
}

/// The handler stops the process itself, for which the signal may not wait.
#[allow(clippy::as_conversions, reason = "a handler is handed over as a number")]
fn take_stop() {
    let stop: extern "C" fn(libc::c_int) = on_stop;
    set_action(libc::SIGTSTP, stop as libc::sighandler_t, libc::SA_NODEFER);
}

#[allow(unsafe_code, reason = "nix knows no signals above 31")]
fn action_of(number: libc::c_int) -> libc::sigaction {
    // SAFETY: a structure of numbers and a pointer that may be null, which the call fills; it stays zero, the default, where there is
    // no such signal.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(number, std::ptr::null(), &raw mut action);
        action
    }
}

#[allow(unsafe_code, reason = "nix knows no signals above 31")]
fn set_action(number: libc::c_int, handler: libc::sighandler_t, flags: libc::c_int) {
    // SAFETY: the handlers use atomics and calls that signal-safety(7) lists, or that are one system call, and keep errno. Signals that
    // the C library keeps for itself it refuses.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        libc::sigaction(number, &raw const action, std::ptr::null_mut());
    }
}

/// True when the handler runs where the terminal is written to. Otherwise the signal is sent there, so that nothing is written
/// behind the last words.
#[allow(unsafe_code, reason = "a handler may call no more than the bare system calls")]
fn is_at_home(number: libc::c_int) -> bool {
    // The first thread of a process has its number.
    let process = getpid().as_raw();
    // SAFETY: numbers only.
    process == gettid().as_raw() || unsafe { libc::syscall(libc::SYS_tgkill, process, process, number) } != 0
}

#[allow(unsafe_code, reason = "a handler may call no more than the bare system calls")]
extern "C" fn on_fatal(number: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let errno = Errno::last_raw();
    // SAFETY: the kernel hands it over with SA_SIGINFO. Above zero it was not sent by anybody.
    let is_fault = FAULTS.contains(&number) && unsafe { (*info).si_code } > 0;
    if !is_fault && !is_at_home(number) {
        return Errno::set_raw(errno);
    }
    say(interrupt::last_words());
    if let Some(before) = RUNTIME.get().filter(|_| is_fault) {
        // What was at fault happens again, and the runtime says what it was.
        let [segv, bus] = before;
        let before = if number == libc::SIGSEGV { segv } else { bus };
        // SAFETY: what was there before.
        unsafe { libc::sigaction(number, &raw const *before, std::ptr::null_mut()) };
    } else {
        set_action(number, libc::SIG_DFL, 0);
        // SAFETY: a number. It waits until the handler returns, and ends the process as if it had not been taken.
        unsafe { libc::raise(number) };
    }
    Errno::set_raw(errno);
}

extern "C" fn on_stop(number: libc::c_int) {
    let errno = Errno::last_raw();
    if !is_at_home(number) {
        return Errno::set_raw(errno);
    }
    let owed = interrupt::last_words();
    say(owed);
    set_action(number, libc::SIG_DFL, 0);
    // It stops here, and goes on here.
    let _ = raise(Signal::SIGTSTP);
    for _ in 0..BACKGROUND {
        if owed.is_none() || interrupt::has_come() || is_in_front() {
            break;
        }
        // Who is in the background may not draw.
        let _ = raise(Signal::SIGTTOU);
    }
    take_stop();
    if owed.is_some() && !interrupt::has_come() {
        say(interrupt::first_words());
    }
    Errno::set_raw(errno);
}

/// The terminal is this process group's, or nobody knows.
#[allow(unsafe_code, reason = "a handler may call no more than the bare system calls")]
fn is_in_front() -> bool {
    let mut group: libc::pid_t = 0;
    // SAFETY: one number that lives on the stack.
    let asked = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGPGRP, &raw mut group) };
    asked != 0 || group == GROUP.load(Ordering::SeqCst)
}
