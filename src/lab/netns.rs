//! A private network for one command: namespaces, a veth pair, and nothing left behind.
//!
//! Three processes take part, all of them this program:
//!
//! - the *lab* enters a user, a mount and a network namespace of its own, where the near end of the pair, `eth0`, is.
//!   A thread of it enters a second network namespace, where the far end is, and plays the servers there;
//! - the *supervisor* is the first process of a PID namespace, hands on signals and reports how the command ended. The
//!   kernel kills it when the lab dies, however the lab dies, and with it everything inside the PID namespace;
//! - the *command* starts with a clean signal mask.
//!
//! Namespaces and pair go when the last process in them goes, so there is nothing to clean up.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, getgid, getuid};

use crate::net::NetError;
use crate::net::iface;
use crate::net::netlink::{Body, CREATE, EXCLUSIVE, Netlink, kind, link_header};
use crate::net::signals::Signals;
use crate::wire::Mac;

/// The name of the near end, where the command runs.
pub const NEAR: &str = "eth0";
/// The name of the far end, where the servers are.
pub const FAR: &str = "far0";

const IFF_UP: u32 = 1;

/// Both ends of the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VethPair {
    /// Hardware address of the near end.
    pub near: Mac,
    /// Hardware address of the far end.
    pub far: Mac,
    /// An IPv4 address and prefix length for the near end; none by default, as before DHCP.
    pub near_addr: Option<(Ipv4Addr, u8)>,
    /// The near end speaks IPv6: it has a link-local address, and takes no other.
    pub six: bool,
}

/// Moves this process into namespaces of its own: network and mounts, and a user namespace where it takes one to be
/// allowed. The process must have one thread only.
pub fn enter() -> Result<(), NetError> {
    let wanted = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    // Real root needs no user namespace, and inside one it could not, for instance, become another user.
    if !(getuid().is_root() && unshare(wanted).is_ok()) {
        let (uid, gid) = (getuid(), getgid());
        unshare(wanted | CloneFlags::CLONE_NEWUSER).map_err(|errno| NetError::Namespace(refusal(errno)))?;
        // A kernel without the file has nothing to deny.
        let _ = fs::write("/proc/self/setgroups", "deny");
        for (file, id) in [("uid_map", uid.as_raw()), ("gid_map", gid.as_raw())] {
            fs::write(format!("/proc/self/{file}"), format!("0 {id} 1"))
                .map_err(|error| NetError::Namespace(format!("cannot write {file}: {error}")))?;
        }
    }
    let nothing: Option<&str> = None;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .map_err(|errno| NetError::Namespace(refusal(errno)))?;
    // So that /sys/class/net shows this network. Containers may not allow it; then it shows the outer one.
    let read_only = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC | MsFlags::MS_NODEV;
    let _ = mount(Some("sysfs"), "/sys", Some("sysfs"), read_only, nothing);
    Ok(())
}

/// Moves the calling thread, and threads it starts from now on, into another network namespace of their own. Returns the
/// namespace, as something a veth end can be put into.
pub fn enter_far() -> Result<fs::File, NetError> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| NetError::Namespace(refusal(errno)))?;
    let path = "/proc/thread-self/ns/net";
    fs::File::open(path).map_err(|error| NetError::Namespace(format!("cannot open {path}: {error}")))
}

/// Makes the pair: the near end here, up, with `lo`; the far end in `far`, down.
pub fn connect(pair: &VethPair, far: &fs::File) -> Result<(), NetError> {
    if pair.six {
        link_local_only();
    } else {
        no_ipv6();
    }
    let fail = |source: io::Error| {
        NetError::Namespace(format!("the kernel refuses a veth pair: {source}; is the veth module there?"))
    };
    let mut netlink = Netlink::open().map_err(fail)?;
    let peer = link_header(0, 0, 0)
        .with(3, &name(FAR))
        .with(1, &pair.far.0)
        .with(28, &far.as_raw_fd().to_ne_bytes());
    let info = Body::default().with(1, b"veth\0").with_nested(2, &Body::default().with_nested(1, &peer));
    let near = link_header(0, 0, 0).with(3, &name(NEAR)).with(1, &pair.near.0).with_nested(18, &info);
    netlink.change(kind::NEW_LINK, CREATE | EXCLUSIVE, near.bytes()).map_err(fail)?;
    up("lo")?;
    let index = if pair.six { raise(NEAR)? } else { up(NEAR)? };
    if let Some((addr, prefix)) = pair.near_addr {
        let mut header = vec![2, prefix, 0, 0]; // struct ifaddrmsg: AF_INET
        header.extend(index.to_ne_bytes());
        let body = Body::new(header).with(2, &addr.octets()).with(1, &addr.octets());
        netlink
            .change(kind::NEW_ADDR, CREATE | EXCLUSIVE, body.bytes())
            .map_err(|error| NetError::io("give an address to", NEAR, error))?;
    }
    Ok(())
}

/// Brings an interface of the calling thread's namespace up, without an IPv6 address, and returns its index.
pub fn up(interface: &str) -> Result<u32, NetError> {
    let index = index_of(interface)?;
    let fail = |error| NetError::io("bring up", interface, error);
    let mut netlink = Netlink::open().map_err(fail)?;
    // No link-local address, where the kernel speaks IPv6 at all.
    let quiet = link_header(index, 0, 0).with_nested(26, &no_link_local());
    let _ = netlink.change(kind::NEW_LINK, 0, quiet.bytes());
    raise(interface)
}

fn index_of(interface: &str) -> Result<u32, NetError> {
    Ok(iface::choose(&iface::interfaces()?, Some(interface))?.index)
}

fn raise(interface: &str) -> Result<u32, NetError> {
    let index = index_of(interface)?;
    let fail = |error| NetError::io("bring up", interface, error);
    let mut netlink = Netlink::open().map_err(fail)?;
    netlink.change(kind::NEW_LINK, 0, link_header(index, IFF_UP, IFF_UP).bytes()).map_err(fail)?;
    Ok(index)
}

/// Takes an interface of the calling thread's namespace down.
pub fn down(interface: &str) -> Result<(), NetError> {
    let fail = |error| NetError::io("take down", interface, error);
    let index = iface::choose(&iface::interfaces()?, Some(interface))?.index;
    let mut netlink = Netlink::open().map_err(fail)?;
    netlink.change(kind::NEW_LINK, 0, link_header(index, 0, IFF_UP).bytes()).map_err(fail)
}

/// Puts a queue without room before an interface of the calling thread's namespace: nothing leaves it any more.
pub fn drop_all(interface: &str) -> Result<(), NetError> {
    let fail = |error| NetError::io("limit the queue of", interface, error);
    let index = iface::choose(&iface::interfaces()?, Some(interface))?.index;
    // struct tcmsg: family and padding, interface, handle, parent (TC_H_ROOT), info.
    let mut header = vec![0; 4];
    for word in [index, 0, u32::MAX, 0] {
        header.extend(word.to_ne_bytes());
    }
    // TCA_KIND and TCA_OPTIONS: struct tc_fifo_qopt, a limit of no packets.
    let body = Body::new(header).with(1, b"pfifo\0").with(2, &0_u32.to_ne_bytes());
    let mut netlink = Netlink::open().map_err(fail)?;
    netlink.change(kind::NEW_QDISC, CREATE, body.bytes()).map_err(fail)
}

/// Keeps the kernel from speaking IPv6 on interfaces that are made later: its own chatter would only confuse a lab for
/// DHCPv4. Where `/proc/sys` cannot be written, the interfaces get no link-local address, which quiets it as well.
pub fn no_ipv6() {
    for scope in ["all", "default"] {
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"), "1");
    }
}

/// Lets the kernel have a link-local address on interfaces that are made later, at once, and nothing more: it asks for no
/// routers and believes none, for that is what the command in the lab is to look at. Where `/proc/sys` cannot be written it
/// does as kernels do.
fn link_local_only() {
    let quiet =
        [("accept_ra", "0"), ("router_solicitations", "0"), ("dad_transmits", "0"), ("accept_dad", "0")];
    for (name, value) in quiet {
        for scope in ["all", "default"] {
            let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/{name}"), value);
        }
    }
    let _ = fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "0");
}

/// `IFLA_AF_SPEC`: `AF_INET6`, no address of its own making (`IN6_ADDR_GEN_MODE_NONE`).
fn no_link_local() -> Body {
    Body::default().with_nested(10, &Body::default().with(8, &[1]))
}

fn name(interface: &str) -> Vec<u8> {
    let mut bytes = interface.as_bytes().to_vec();
    bytes.push(0);
    bytes
}

/// Why namespaces are refused, and what would help.
fn refusal(errno: nix::Error) -> String {
    let says = |file: &str, value: &str| fs::read_to_string(file).is_ok_and(|text| text.trim() == value);
    let hint = if says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        "run as root or: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    } else if says("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        "run as root or: sudo sysctl kernel.unprivileged_userns_clone=1"
    } else if says("/proc/sys/user/max_user_namespaces", "0") {
        "run as root or: sudo sysctl user.max_user_namespaces=10000"
    } else {
        "run as root, outside a container that forbids it"
    };
    format!("the kernel refuses namespaces here ({}); {hint}", errno.desc())
}

/// The signals that a lab hands on to its command.
const FORWARDED: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2];

/// Blocks what a lab hands on, and SIGCHLD. Call it before the first thread is started.
pub fn watch_signals() -> Result<Signals, NetError> {
    Signals::new(FORWARDED.into_iter().chain([Signal::SIGCHLD]))
}

/// Runs `command` under a supervisor and returns its exit code, 128 + N when signal N ended it.
///
/// `stage` is how this program is told to be a supervisor: its leading arguments. Threads cannot be started any more
/// afterwards.
pub fn run(signals: &Signals, stage: &[&str], command: &[OsString]) -> Result<u8, NetError> {
    unshare(CloneFlags::CLONE_NEWPID).map_err(|errno| NetError::Namespace(refusal(errno)))?;
    let mut supervisor = itself(stage, command);
    supervisor.env("PATH", path_with_this_program());
    let child = supervisor.spawn().map_err(|error| NetError::io("start", "the supervisor", error))?;
    follow(signals, child)
}

/// Is the supervisor: starts `command` (through `stage`, which ends in [`exec`]) and ends as it ends, or with `lab`.
pub fn supervise(stage: &[&str], command: &[OsString], lab: Option<u32>) -> Result<u8, NetError> {
    let signals = watch_signals()?;
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(|errno| NetError::io("tie itself to", "the lab", errno))?;
    // A lab that ended before cannot take this process with it any more.
    if lab.is_some_and(|lab| parent_process().is_some_and(|parent| parent != lab)) {
        return Err(NetError::Namespace("the lab ended too early".to_owned()));
    }
    // A PID namespace wants its own /proc. Where a container forbids that, the outer one stays.
    if unshare(CloneFlags::CLONE_NEWNS).is_ok() {
        let nothing: Option<&str> = None;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC | MsFlags::MS_NODEV;
        let _ = mount(Some("proc"), "/proc", Some("proc"), flags, nothing);
    }
    let child =
        itself(stage, command).spawn().map_err(|error| NetError::io("start", "the command", error))?;
    follow(&signals, child)
}

/// The number of this process in the PID namespace that `/proc` shows, which may not be its own.
pub fn this_process() -> Option<u32> {
    fs::read_link("/proc/self").ok()?.to_str()?.parse().ok()
}

/// The number of the process that started this one, there. Of one whose parent ended it is another.
fn parent_process() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// Becomes `command`, with no signal blocked. Returns only when that fails.
pub fn exec(command: &[OsString]) -> NetError {
    let Some((program, arguments)) = command.split_first() else {
        return NetError::io("run", "the command", io::Error::from(io::ErrorKind::InvalidInput));
    };
    if let Err(errno) = SigSet::all().thread_unblock() {
        return NetError::io("unblock", "signals", errno);
    }
    let source = Command::new(program).args(arguments).exec();
    NetError::Io { operation: "run", object: program.to_string_lossy().into_owned(), source }
}

/// This program again.
fn itself(stage: &[&str], command: &[OsString]) -> Command {
    let mut again = Command::new("/proc/self/exe");
    again.arg0("dhcptool").args(stage).arg("--").args(command);
    again
}

/// Waits for a child and hands signals on to it. What the terminal sends reaches the child without help.
fn follow(signals: &Signals, mut child: Child) -> Result<u8, NetError> {
    let fail = |error| NetError::io("wait for", "the command", error);
    let pid = i32::try_from(child.id()).map(Pid::from_raw).map_err(|error| fail(io::Error::other(error)))?;
    loop {
        if let Some(status) = child.try_wait().map_err(fail)? {
            return Ok(exit_code(status));
        }
        let arrived = signals.wait().map_err(|errno| fail(errno.into()))?;
        if arrived.signal != Signal::SIGCHLD && !arrived.by_kernel {
            // It may just have ended; then there is nobody to tell.
            let _ = kill(pid, arrived.signal);
        }
        if arrived.signal == Signal::SIGCHLD {
            reap_orphans(pid);
        }
    }
}

/// The first process of a PID namespace inherits every orphan in it and must collect them.
fn reap_orphans(command: Pid) {
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(status) = waitid(Id::All, look) {
        match status {
            WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _) if pid != command => {
                let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
            }
            _ => return,
        }
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128)));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// The search path with the folder of this program in front, so that `lab -- dhcptool …` finds it; behind it the folder that it was
/// called from, for a link to it may have the name that the program itself has not.
fn path_with_this_program() -> OsString {
    #[allow(
        clippy::disallowed_methods,
        reason = "the command inherits this environment, changed in this one place"
    )]
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/local/bin:/usr/bin:/bin"));
    let called = std::env::args_os().next().map(PathBuf::from).filter(|name| name.components().count() > 1);
    let called = called.and_then(|name| std::path::absolute(name).ok());
    let folder = |path: PathBuf| path.parent().map(Path::to_path_buf);
    let here = std::env::current_exe().ok().into_iter().chain(called).filter_map(folder);
    std::env::join_paths(here.chain(std::env::split_paths(&path))).unwrap_or(path)
}
