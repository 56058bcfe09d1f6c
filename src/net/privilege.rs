//! Rights: which are given up, and to become whom.
//!
//! Opening a packet socket takes `CAP_NET_RAW`; using one takes nothing. So a program that parses what strangers send opens
//! what it needs and then becomes an ordinary user without any capability. All of this concerns the calling thread (the
//! identity: all threads): it is to be done before others are started.

use std::io;

use caps::CapSet;
use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgroups, setresgid, setresuid};

use super::NetError;

/// Somebody to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The login name, where there is one.
    pub name: Option<String>,
    uid: Uid,
    gid: Gid,
}

impl Identity {
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

    /// The user of these numbers, as sudo(8) leaves them in `SUDO_UID` and `SUDO_GID`. `None` unless both are numbers.
    pub fn of_sudo(uid: &str, gid: &str) -> Option<Self> {
        let (uid, gid) = (Uid::from_raw(uid.parse().ok()?), Gid::from_raw(gid.parse().ok()?));
        Some(Self { name: User::from_uid(uid).ok().flatten().map(|user| user.name), uid, gid })
    }

    /// This process is that user already.
    pub fn is_current(&self) -> bool {
        geteuid() == self.uid
    }
}

impl From<User> for Identity {
    fn from(user: User) -> Self {
        Self { name: Some(user.name), uid: user.uid, gid: user.gid }
    }
}

/// True when this process is root, of the whole machine or of a user namespace.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Becomes `identity` with the groups of that user, which takes root. Every capability goes with root.
pub fn become_user(identity: &Identity) -> Result<(), NetError> {
    let shown = || identity.name.clone().unwrap_or_else(|| identity.uid.to_string());
    let fail = |errno: nix::Error| NetError::io("become", shown(), errno);
    match &identity.name {
        Some(name) => {
            let name = std::ffi::CString::new(name.as_str())
                .map_err(|error| NetError::io("become", shown(), io::Error::from(error)))?;
            initgroups(&name, identity.gid).map_err(fail)?;
        }
        None => setgroups(&[identity.gid]).map_err(fail)?,
    }
    setresgid(identity.gid, identity.gid, identity.gid).map_err(fail)?;
    setresuid(identity.uid, identity.uid, identity.uid).map_err(fail)
}

/// Gives up every capability for good, and with that what is left of root's powers beside its files. A program that the
/// thread would execute gets none back either.
pub fn drop_capabilities() -> Result<(), NetError> {
    // Takes CAP_SETPCAP, which is not there when file capabilities gave the rights; without the others, and with
    // no_new_privs to come, nothing can be gained from this set.
    let _ = caps::clear(None, CapSet::Bounding);
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
        let root = Identity::find("root").unwrap();
        assert_eq!(Identity::find("0").unwrap(), root);
        assert_eq!(root.uid, Uid::from_raw(0));
        let error = Identity::find("no such user").unwrap_err().to_string();
        assert_eq!(error, "cannot become no such user: there is no such user");
    }

    #[test]
    fn sudo_leaves_two_numbers_or_nothing_of_use() {
        assert_eq!(Identity::of_sudo("0", "0").unwrap().name.as_deref(), Some("root"));
        assert_eq!(Identity::of_sudo("4000000000", "12").unwrap().name, None);
        assert_eq!(Identity::of_sudo("", "0"), None);
        assert_eq!(Identity::of_sudo("0", "x"), None);
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
