//! Confinement of a process that parses what strangers send.
//!
//! Three layers of the kernel, each of them for good and inherited by what is started later: no new privileges, Landlock
//! (no file but those named, no TCP of its own, no signals to others) and a seccomp filter (no system call but those listed; the others
//! fail with `EPERM`). What is open stays usable. Landlock holds for the calling thread and those it starts afterwards, so
//! it is to be done before threads are started. A kernel or architecture without a layer does without it, and
//! [`Confined`] says so.

#[cfg(target_pointer_width = "64")]
use std::collections::BTreeMap;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
#[cfg(target_pointer_width = "64")]
use nix::libc;
use nix::sys::prctl::set_no_new_privs;
use seccompiler::BpfProgram;
#[cfg(target_pointer_width = "64")]
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::NetError;

/// What the process still has to be able to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Folders in which it creates, renames and removes files. It can create new ones there, for writing only
    /// (`O_WRONLY | O_CREAT | O_EXCL`), and never open what exists.
    pub create_in: Vec<PathBuf>,
    /// Files, or folders with all in them, that it opens for reading.
    pub read: Vec<PathBuf>,
    /// It takes connections on sockets that listen already.
    pub serve: bool,
}

/// Which layers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confined {
    /// The kernel has Landlock.
    pub landlock: bool,
    /// The kernel has seccomp filters, and there is a list for this architecture.
    pub seccomp: bool,
}

/// Confines the calling thread, and those it starts from now on, to its open descriptors and `needs`; other threads that
/// run already get the seccomp filter.
pub fn enter(needs: &Needs) -> Result<Confined, NetError> {
    confine(needs, |program| seccompiler::apply_filter_all_threads(program))
}

/// Confines the calling thread alone, for a process whose other threads parse nothing and still have things to open.
pub fn enter_thread(needs: &Needs) -> Result<Confined, NetError> {
    confine(needs, |program| seccompiler::apply_filter(program))
}

/// How a filter is put into force.
type Apply = fn(&BpfProgram) -> Result<(), seccompiler::Error>;

fn confine(needs: &Needs, apply: Apply) -> Result<Confined, NetError> {
    set_no_new_privs().map_err(|errno| fail(std::io::Error::from(errno)))?;
    let landlock = restrict_files(needs)?;
    let seccomp = restrict_calls(needs, apply)?;
    Ok(Confined { landlock, seccomp })
}

fn fail(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> NetError {
    NetError::Io {
        operation: "confine",
        object: "this process".to_owned(),
        source: std::io::Error::other(error),
    }
}

fn restrict_files(needs: &Needs) -> Result<bool, NetError> {
    let newest = ABI::V6;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))
        .map_err(fail)?
        .handle_access(AccessNet::from_all(newest))
        .map_err(fail)?
        .scope(Scope::from_all(newest))
        .map_err(fail)?
        .create()
        .map_err(fail)?;
    let create = AccessFs::MakeReg | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::RemoveFile;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let wanted =
        needs.create_in.iter().map(|path| (path, create)).chain(needs.read.iter().map(|path| (path, read)));
    for (path, access) in wanted {
        // What is not there cannot be opened later either, and says so then. What lies in no file system, such as a pipe
        // under /dev/fd, Landlock neither knows nor hinders.
        if path.canonicalize().is_err() {
            continue;
        }
        let opened = PathFd::new(path).map_err(fail)?;
        // A right that only folders can have is left out for a file.
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(newest) };
        rules = rules.add_rule(PathBeneath::new(opened, access)).map_err(fail)?;
    }
    let status = rules.restrict_self().map_err(fail)?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// The rules are made for 64 bits; with 32 there are more calls for the same things, and Landlock has to do.
#[cfg(not(target_pointer_width = "64"))]
#[allow(clippy::unnecessary_wraps, reason = "the same call as with 64 bits")]
fn restrict_calls(_: &Needs, _: Apply) -> Result<bool, NetError> {
    Ok(false)
}

/// System calls that take nothing but what is open already, and memory, time and threads. Those that could do more are let
/// through by their arguments, in [`by_argument`].
#[cfg(target_pointer_width = "64")]
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fstat,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_ppoll,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_pselect6,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_bind,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    // It is answered by another filter: see `NO_CLONE3`.
    libc::SYS_clone3,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_membarrier,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_setitimer,
    libc::SYS_restart_syscall,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What older architectures have beside the calls above.
#[cfg(target_arch = "x86_64")]
const ALSO: &[i64] = &[libc::SYS_poll, libc::SYS_epoll_wait, libc::SYS_select, libc::SYS_dup2];
#[cfg(all(target_pointer_width = "64", not(target_arch = "x86_64")))]
const ALSO: &[i64] = &[];

/// Removing and renaming, where files may be created.
#[cfg(target_arch = "x86_64")]
const REPLACING: &[i64] =
    &[libc::SYS_unlinkat, libc::SYS_renameat2, libc::SYS_unlink, libc::SYS_rename, libc::SYS_renameat];
#[cfg(all(target_pointer_width = "64", not(target_arch = "x86_64")))]
const REPLACING: &[i64] = &[libc::SYS_unlinkat, libc::SYS_renameat2];

#[cfg(target_pointer_width = "64")]
fn restrict_calls(needs: &Needs, apply: Apply) -> Result<bool, NetError> {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(false) };
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().chain(ALSO).map(|call| (*call, Vec::new())).collect();
    rules.extend(by_argument()?);
    let mut opening = Vec::new();
    if !needs.create_in.is_empty() {
        let flags = libc::O_ACCMODE | libc::O_CREAT | libc::O_EXCL;
        opening.push(rule(&[(2, flags.cast_unsigned(), libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL)])?);
        rules.extend(REPLACING.iter().map(|call| (*call, Vec::new())));
    }
    if !needs.read.is_empty() {
        let flags = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;
        opening.push(rule(&[(2, flags.cast_unsigned(), libc::O_RDONLY)])?);
        rules.extend(
            [libc::SYS_statx, libc::SYS_newfstatat, libc::SYS_getdents64].map(|call| (call, Vec::new())),
        );
    }
    if needs.serve {
        rules.insert(libc::SYS_accept4, Vec::new());
    }
    if !opening.is_empty() {
        rules.insert(libc::SYS_openat, opening);
    }
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, arch).map_err(fail)?;
    let program = BpfProgram::try_from(filter).map_err(fail)?;
    apply_or_do_without(&no_clone3(arch)?, apply)?;
    apply_or_do_without(&program, apply)
}

#[cfg(target_pointer_width = "64")]
fn apply_or_do_without(program: &BpfProgram, apply: Apply) -> Result<bool, NetError> {
    match apply(program) {
        Ok(()) => Ok(true),
        // Not built into this kernel.
        Err(seccompiler::Error::Seccomp(error)) if error.raw_os_error() == Some(libc::EINVAL) => Ok(false),
        Err(error) => Err(fail(error)),
    }
}

/// clone3(2) keeps its flags where a filter cannot look. Told that the kernel has no such call, C libraries start their
/// threads with clone(2).
#[cfg(target_pointer_width = "64")]
fn no_clone3(arch: TargetArch) -> Result<BpfProgram, NetError> {
    let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let absent = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, absent, arch).map_err(fail)?;
    BpfProgram::try_from(filter).map_err(fail)
}

/// What ioctl(2) may ask: about terminals, how much there is to read, and what libpcap asks about an interface that went
/// down. Above all not TIOCSTI, which types into the shell behind a terminal.
#[cfg(target_pointer_width = "64")]
const IOCTLS: [u32; 9] = [
    0x5401,      // TCGETS
    0x802c_542a, // TCGETS2
    0x540f,      // TIOCGPGRP
    0x5413,      // TIOCGWINSZ
    0x541b,      // FIONREAD
    0x5421,      // FIONBIO
    0x8910,      // SIOCGIFNAME
    0x8913,      // SIOCGIFFLAGS
    0x8933,      // SIOCGIFINDEX
];

/// What setsockopt(2) may set: what an interface that was made anew takes (see `live::Tap::rebind`).
#[cfg(target_pointer_width = "64")]
const SOCKET_OPTIONS: [(i32, i32); 3] = [
    (libc::SOL_SOCKET, libc::SO_ATTACH_FILTER),
    (libc::SOL_SOCKET, libc::SO_DETACH_FILTER),
    (libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP),
];

/// What prctl(2) may do: name a thread or memory, and confine further.
#[cfg(target_pointer_width = "64")]
const PRCTLS: [i32; 3] = [libc::PR_SET_NAME, libc::PR_SET_VMA, libc::PR_SET_NO_NEW_PRIVS];

/// Calls that are let through by what they are asked to do.
#[cfg(target_pointer_width = "64")]
fn by_argument() -> Result<BTreeMap<i64, Vec<SeccompRule>>, NetError> {
    let all = u32::MAX;
    let threads = libc::CLONE_THREAD | libc::CLONE_VM;
    let no_code = || rule(&[(2, libc::PROT_EXEC.cast_unsigned(), 0)]);
    let each = |argument: u8, values: &[i32]| {
        values.iter().map(|value| rule(&[(argument, all, *value)])).collect::<Result<Vec<_>, _>>()
    };
    let options = SOCKET_OPTIONS.iter().map(|(level, name)| rule(&[(1, all, *level), (2, all, *name)]));
    Ok(BTreeMap::from([
        // Looking up interfaces again goes through a netlink socket of its own; no other socket can be made.
        (libc::SYS_socket, vec![rule(&[(0, all, libc::AF_NETLINK)])?]),
        (libc::SYS_setsockopt, options.collect::<Result<_, _>>()?),
        (libc::SYS_ioctl, each(1, &IOCTLS.map(u32::cast_signed))?),
        (libc::SYS_prctl, each(0, &PRCTLS)?),
        (libc::SYS_clone, vec![rule(&[(0, threads.cast_unsigned(), threads)])?]),
        (libc::SYS_mmap, vec![no_code()?]),
        (libc::SYS_mprotect, vec![no_code()?]),
    ]))
}

/// A rule of conditions that must all hold: argument, mask, value.
#[cfg(target_pointer_width = "64")]
fn rule(conditions: &[(u8, u32, i32)]) -> Result<SeccompRule, NetError> {
    let conditions = conditions.iter().map(|(argument, mask, value)| {
        let op = SeccompCmpOp::MaskedEq(u64::from(*mask));
        SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, op, u64::from(value.cast_unsigned()))
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>().map_err(fail)?).map_err(fail)
}
