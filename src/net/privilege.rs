//! Rights: which are given up, and to become whom.
//!
//! Opening a packet socket takes `CAP_NET_RAW`; using one takes nothing. So a program that parses what strangers send opens
//! what it needs and then becomes an ordinary user without any capability. All of this concerns the calling thread (the
//! identity: all threads): it is to be done before others are started.

use std::ffi::CString;
use std::io;

use caps::{CapSet, Capability, CapsHashSet};
use nix::libc;
use nix::unistd::{Gid, Uid, User, geteuid, setgroups, setresgid, setresuid};

use super::NetError;

/// Somebody to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserIdentity {
    /// The login name, where there is one.
    pub name: Option<String>,
    uid: Uid,
    gid: Gid,
}

impl UserIdentity {
    /// The user of this login name or number.
    pub fn find(user: &str) -> Result<Self, NetError> {
        let fail = |errno: nix::Error| NetError::io("look up user", user, errno);
        let found = match user.parse() {
            Ok(number) => User::from_uid(Uid::from_raw(number)),
            Err(_) => User::from_name(user),
        };
        found.map_err(fail)?.map(Self::from).ok_or_else(|| NetError::Io {
            operation: "become",
            object: user.to_owned(),
            source: io::Error::new(io::ErrorKind::NotFound, "there is no such user"),
        })
    }

    /// The user of these numbers, as sudo(8) leaves them in `SUDO_UID` and `SUDO_GID`. `None` unless both are numbers: who they
    /// mean is not known then, and it is not root.
    pub fn of_sudo(uid: &str, gid: &str) -> Option<Self> {
        let (uid, gid) = (Uid::from_raw(uid.parse().ok()?), Gid::from_raw(gid.parse().ok()?));
        Some(Self { name: User::from_uid(uid).ok().flatten().map(|user| user.name), uid, gid })
    }

    /// This process is that user already.
    pub fn is_current(&self) -> bool {
        geteuid() == self.uid
    }
}

impl From<User> for UserIdentity {
    fn from(user: User) -> Self {
        Self { name: Some(user.name), uid: user.uid, gid: user.gid }
    }
}

impl UserIdentity {
    /// False in a user namespace that has no such user: nobody there can become it, and root there is not the machine's.
    pub fn is_known_here(&self) -> bool {
        is_mapped("/proc/self/uid_map", self.uid.as_raw())
            && is_mapped("/proc/self/gid_map", self.gid.as_raw())
    }

    fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.uid.to_string())
    }

    /// The groups of that user.
    fn groups(&self) -> nix::Result<Vec<Gid>> {
        match &self.name {
            Some(name) => {
                let name = CString::new(name.as_str()).map_err(|_| nix::Error::EINVAL)?;
                nix::unistd::getgrouplist(&name, self.gid)
            }
            None => Ok(vec![self.gid]),
        }
    }
}

/// Reads lines of: first number inside, first number outside, how many.
fn is_mapped(map: &str, number: u32) -> bool {
    let Ok(text) = std::fs::read_to_string(map) else { return true };
    text.lines().any(|line| {
        let mut words = line.split_whitespace().map(str::parse::<u32>);
        let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) = (words.next(), words.next(), words.next())
        else {
            return false;
        };
        number.checked_sub(first).is_some_and(|offset| offset < count)
    })
}

/// True when this process is root, of the whole machine or of a user namespace.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Becomes `identity` with the groups of that user, which takes root. Every capability goes with root.
pub fn become_user(identity: &UserIdentity) -> Result<(), NetError> {
    let fail = |errno: nix::Error| NetError::io("become", identity.shown(), errno);
    setgroups(&identity.groups().map_err(fail)?).map_err(fail)?;
    setresgid(identity.gid, identity.gid, identity.gid).map_err(fail)?;
    setresuid(identity.uid, identity.uid, identity.uid).map_err(fail)
}

/// The same for the calling thread alone; the others stay who they are.
pub fn become_user_in_thread(identity: &UserIdentity) -> Result<(), NetError> {
    let fail = |errno: nix::Error| NetError::io("become", identity.shown(), errno);
    let groups: Vec<libc::gid_t> = identity.groups().map_err(fail)?.iter().map(|gid| gid.as_raw()).collect();
    raw_identity(&groups, identity.gid.as_raw(), identity.uid.as_raw()).map_err(fail)
}

#[cfg(not(any(target_arch = "arm", target_arch = "x86")))]
const SET_IDENTITY: [libc::c_long; 3] = [libc::SYS_setgroups, libc::SYS_setresgid, libc::SYS_setresuid];
#[cfg(any(target_arch = "arm", target_arch = "x86"))]
const SET_IDENTITY: [libc::c_long; 3] = [libc::SYS_setgroups32, libc::SYS_setresgid32, libc::SYS_setresuid32];

#[allow(unsafe_code, reason = "the C library's own calls change every thread")]
fn raw_identity(groups: &[libc::gid_t], gid: libc::gid_t, uid: libc::uid_t) -> nix::Result<()> {
    let [set_groups, set_gid, set_uid] = SET_IDENTITY;
    // SAFETY: the kernel reads as many numbers as it is told of, from a slice that outlives the call.
    nix::Error::result(unsafe { libc::syscall(set_groups, groups.len(), groups.as_ptr()) })?;
    // SAFETY: numbers only.
    nix::Error::result(unsafe { libc::syscall(set_gid, gid, gid, gid) })?;
    // SAFETY: numbers only.
    nix::Error::result(unsafe { libc::syscall(set_uid, uid, uid, uid) }).map(drop)
}

/// Becomes `identity` but keeps what it takes to open sockets, for who opens more of them later.
pub fn become_user_with_network(identity: &UserIdentity) -> Result<(), NetError> {
    nix::sys::prctl::set_keepcaps(true).map_err(|errno| NetError::io("keep", "capabilities", errno))?;
    become_user(identity)
}

/// Lets the user whom this process became look at it again: for one that holds nothing but that user's own.
pub fn stay_readable() {
    // Without it descriptors cannot be opened anew by their names, which few want.
    let _ = nix::sys::prctl::set_dumpable(true);
}

/// Gives up every capability but those it takes to open sockets.
pub fn keep_network_capabilities() -> Result<(), NetError> {
    let fail = |error: caps::errors::CapsError| {
        NetError::io("give up", "capabilities", io::Error::other(error.to_string()))
    };
    let wanted = [Capability::CAP_NET_RAW, Capability::CAP_NET_ADMIN, Capability::CAP_NET_BIND_SERVICE];
    let held = caps::read(None, CapSet::Permitted).map_err(fail)?;
    let kept: CapsHashSet = wanted.into_iter().filter(|one| held.contains(one)).collect();
    caps::clear(None, CapSet::Inheritable).map_err(fail)?;
    // Effective ones have to be permitted: less first, then more.
    caps::clear(None, CapSet::Effective).map_err(fail)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(fail)?;
    caps::set(None, CapSet::Effective, &kept).map_err(fail)
}

/// Empties the set of capabilities that a program executed later could gain. That takes `CAP_SETPCAP`, which goes with root,
/// so it comes first; a program with file capabilities never had it and, without the right to gain others, needs none.
pub fn close_bounding_set() -> Result<(), NetError> {
    let fail = |error: caps::errors::CapsError| {
        NetError::io("give up", "capabilities", io::Error::other(error.to_string()))
    };
    if !caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(fail)? {
        return Ok(());
    }
    caps::clear(None, CapSet::Bounding).map_err(fail)
}

/// Leaves a program that the calling thread starts nothing to gain but what looking at the kernel's rules for packets takes.
pub fn narrow_bounding_set() -> Result<(), NetError> {
    let fail = |error: caps::errors::CapsError| {
        NetError::io("give up", "capabilities", io::Error::other(error.to_string()))
    };
    if !caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(fail)? {
        return Ok(());
    }
    let kept = [Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW];
    // A kernel without ambient capabilities has none to clear.
    let _ = caps::clear(None, CapSet::Ambient);
    caps::clear(None, CapSet::Inheritable).map_err(fail)?;
    for one in caps::read(None, CapSet::Bounding).map_err(fail)?.into_iter().filter(|one| !kept.contains(one))
    {
        caps::drop(None, CapSet::Bounding, one).map_err(fail)?;
    }
    Ok(())
}

/// Gives up every capability for good, and with that what is left of root's powers beside its files. A program that the
/// thread would execute gets none back either.
pub fn drop_capabilities() -> Result<(), NetError> {
    close_bounding_set()?;
    // A kernel without ambient capabilities has none to clear.
    let _ = caps::clear(None, CapSet::Ambient);
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set)
            .map_err(|error| NetError::io("give up", "capabilities", io::Error::other(error.to_string())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_number() {
        let root = UserIdentity::find("root").unwrap();
        assert_eq!(UserIdentity::find("0").unwrap(), root);
        assert_eq!(root.uid, Uid::from_raw(0));
        let error = UserIdentity::find("no such user").unwrap_err().to_string();
        assert_eq!(error, "cannot become no such user: there is no such user");
    }

    #[test]
    fn sudo_leaves_two_numbers_or_nothing_of_use() {
        assert_eq!(UserIdentity::of_sudo("0", "0").unwrap().name.as_deref(), Some("root"));
        assert_eq!(UserIdentity::of_sudo("4000000000", "12").unwrap().name, None);
        assert_eq!(UserIdentity::of_sudo("", "0"), None);
        assert_eq!(UserIdentity::of_sudo("0", "x"), None);
    }

    #[test]
    fn who_is_known_in_a_user_namespace_is_read_from_its_map() {
        let map = tempfile::NamedTempFile::new().unwrap();
        let path = map.path().to_str().unwrap();
        std::fs::write(path, "         0       1000          1\n      1000     101000      65536\n").unwrap();
        let known = [0, 1, 999, 1000, 66_535, 66_536].map(|number| is_mapped(path, number));
        assert_eq!(known, [true, false, false, true, true, false]);
        assert!(is_mapped("/no/such/map", 7), "a kernel without user namespaces");
        assert!(UserIdentity::find("root").unwrap().is_known_here());
    }

    #[test]
    fn a_thread_that_gave_up_has_nothing_left() {
        // Capabilities belong to threads: this one ends here.
        let left = std::thread::spawn(|| {
            drop_capabilities().unwrap();
            [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable]
                .map(|set| caps::read(None, set).unwrap().len())
        });
        assert_eq!(left.join().unwrap(), [0; 3]);
    }
}
