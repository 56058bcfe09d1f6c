//! Giving up rights and confining the process: whatever reads bytes that others wrote, packets, captures, policies, lists,
//! does it first. ARCHITECTURE.md has the table of who does what, which a test holds true.

use clap::Args;

/// How much the program gives up.
#[derive(Args, Clone, Debug, Default)]
pub struct ConfineArgs {
    /// Give up root to become this user; without it, the user who ran sudo
    #[arg(long, value_name = "NAME|UID", help_heading = "Privileges")]
    user: Option<String>,

    /// Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same
    #[arg(long, help_heading = "Privileges")]
    no_sandbox: bool,
}

impl ConfineArgs {
    /// Whom to become, as it was said.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// True unless the user does without the sandbox.
    pub fn is_wanted(&self) -> bool {
        !self.no_sandbox
    }
}

#[cfg(feature = "live")]
mod live {
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::ConfineArgs;
    use crate::cli::context::{Context, env};
    use crate::cli::exit::Failure;
    use crate::net::NetError;
    use crate::net::privilege::{self, UserIdentity};
    use crate::net::sandbox::{self, Confined, Needs};

    /// The process has given everything up already.
    static OFFLINE: AtomicBool = AtomicBool::new(false);

    impl ConfineArgs {
        /// The first half: becomes an ordinary user without capabilities. Files created afterwards belong to that user.
        pub fn give_up(&self, cx: &Context) -> Result<(), Failure> {
            privilege::close_bounding_set()?;
            if let Some(identity) = self.identity(cx)? {
                privilege::become_user(&identity)?;
            }
            Ok(privilege::drop_capabilities()?)
        }

        /// In its place for who opens more sockets later: what that takes is kept, and nothing else.
        pub fn give_up_but_network(&self, cx: &Context) -> Result<(), Failure> {
            privilege::close_bounding_set()?;
            if let Some(identity) = self.identity(cx)? {
                privilege::become_user_with_network(&identity)?;
            }
            Ok(privilege::keep_network_capabilities()?)
        }

        /// The second half: confines the process to what is open and to `needs`. To be called before threads are started.
        pub fn confine(&self, needs: &Needs, cx: &Context) -> Result<(), Failure> {
            self.confine_with(sandbox::enter, needs, cx)
        }

        /// The same for the calling thread alone, where the others see to themselves.
        pub fn confine_thread(&self, needs: &Needs, cx: &Context) -> Result<(), Failure> {
            self.confine_with(sandbox::enter_thread, needs, cx)
        }

        /// Both halves for a command without sockets, before it opens the first file. It stays readable for its own user:
        /// it holds nothing that the user could not open, and descriptors named as files (`/dev/fd/3`) need it.
        pub fn offline(&self, needs: &Needs, cx: &Context) -> Result<(), Failure> {
            self.give_up(cx)?;
            privilege::stay_readable();
            OFFLINE.store(true, Ordering::Relaxed);
            self.confine(needs, cx)
        }

        /// Does `work`, which reads `files` that the user named, with that user's rights and confined, while this process
        /// still has the rights to open sockets: in a thread that has none of them.
        pub fn apart<T: Send>(
            &self,
            files: &[&Path],
            cx: &Context,
            work: impl FnOnce() -> Result<T, Failure> + Send,
        ) -> Result<T, Failure> {
            if OFFLINE.load(Ordering::Relaxed) {
                return work();
            }
            let identity = self.identity(cx)?;
            let needs =
                Needs { read: files.iter().map(|path| path.to_path_buf()).collect(), ..Needs::default() };
            let confined = !self.no_sandbox;
            let work = move || {
                privilege::close_bounding_set()?;
                if let Some(identity) = identity {
                    privilege::become_user_in_thread(&identity)?;
                }
                privilege::drop_capabilities()?;
                if confined {
                    sandbox::enter_thread(&needs)?;
                }
                work()
            };
            let ended = || Failure::could_not_run("the thread that reads files ended early");
            std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().name("reader".to_owned()).spawn_scoped(scope, work);
                thread.map_err(Failure::could_not_run)?.join().unwrap_or_else(|_| Err(ended()))
            })
        }

        fn confine_with(
            &self,
            enter: fn(&Needs) -> Result<Confined, NetError>,
            needs: &Needs,
            cx: &Context,
        ) -> Result<(), Failure> {
            if self.no_sandbox {
                return Ok(());
            }
            let confined = enter(needs)?;
            let missing = match (confined.landlock, confined.seccomp) {
                (true, true) => return Ok(()),
                (false, true) => "Landlock",
                (true, false) => "seccomp filters",
                (false, false) => "Landlock and seccomp filters",
            };
            if cx.common.verbose > 0 {
                cx.warn(&format!(
                    "this system has no {missing}: the process is less confined than it could be"
                ));
            }
            Ok(())
        }

        /// Whom to become: `--user`, else who ran sudo. `None` for who is that already.
        fn identity(&self, cx: &Context) -> Result<Option<UserIdentity>, Failure> {
            if let Some(user) = &self.user {
                let identity = UserIdentity::find(user)?;
                return Ok(Some(identity).filter(|identity| !identity.is_current()));
            }
            if !privilege::is_root() {
                return Ok(None);
            }
            let by_sudo = [env("SUDO_UID"), env("SUDO_GID")];
            let identity = match &by_sudo {
                [Some(uid), Some(gid)] => UserIdentity::of_sudo(uid, gid),
                _ => None,
            };
            if identity.is_none() && by_sudo.iter().any(Option::is_some) {
                // To go on as root would open files that the user may not.
                let [uid, gid] =
                    by_sudo.map(|value| value.map_or("not set".to_owned(), |value| format!("{value:?}")));
                return Err(Failure::could_not_run(format_args!(
                    "cannot tell who ran sudo: SUDO_UID is {uid}, SUDO_GID {gid}; two numbers are needed: name the user with --user, or unset both"
                )));
            }
            let Some(identity) = identity.filter(|identity| !identity.is_current()) else { return Ok(None) };
            if !identity.is_known_here() {
                if cx.common.verbose > 0 {
                    cx.warn("this user namespace does not know who ran sudo: its root stays, without capabilities");
                }
                return Ok(None);
            }
            Ok(Some(identity))
        }
    }
}

#[cfg(not(feature = "live"))]
mod offline {
    use std::path::Path;

    use super::ConfineArgs;
    use crate::cli::context::Context;
    use crate::cli::exit::Failure;

    impl ConfineArgs {
        /// A build without the means.
        #[allow(clippy::unused_self, reason = "the same call as in a build that can")]
        pub fn apart<T>(
            &self,
            _files: &[&Path],
            _cx: &Context,
            work: impl FnOnce() -> Result<T, Failure>,
        ) -> Result<T, Failure> {
            work()
        }
    }
}
