//! Giving up rights and confining the process: every command that parses packets from the network does it, after it opened
//! what it needs and before it looks at the first packet.

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
    use super::ConfineArgs;
    use crate::cli::context::{Context, env};
    use crate::cli::exit::Failure;
    use crate::net::privilege::{self, Identity};
    use crate::net::sandbox::{self, Needs};

    impl ConfineArgs {
        /// Gives up root and capabilities and confines the process to what is open and to `needs`. To be called before
        /// threads are started.
        pub fn enter(&self, needs: &Needs, cx: &Context) -> Result<(), Failure> {
            self.give_up(cx)?;
            self.confine(needs, cx)
        }

        /// The first half: becomes an ordinary user without capabilities. Files created afterwards belong to that user.
        pub fn give_up(&self, cx: &Context) -> Result<(), Failure> {
            self.change_user(cx)?;
            privilege::drop_capabilities().map_err(Failure::could_not_run)
        }

        /// The second half: confines the process.
        pub fn confine(&self, needs: &Needs, cx: &Context) -> Result<(), Failure> {
            if self.no_sandbox {
                return Ok(());
            }
            let confined = sandbox::enter(needs).map_err(Failure::could_not_run)?;
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

        fn change_user(&self, cx: &Context) -> Result<(), Failure> {
            if let Some(user) = &self.user {
                let identity = Identity::find(user).map_err(Failure::could_not_run)?;
                if identity.is_current() {
                    return Ok(());
                }
                return privilege::become_user(&identity).map_err(Failure::could_not_run);
            }
            if !privilege::is_root() {
                return Ok(());
            }
            let by_sudo = env("SUDO_UID").zip(env("SUDO_GID"));
            let identity = by_sudo.and_then(|(uid, gid)| Identity::of_sudo(&uid, &gid));
            let Some(identity) = identity.filter(|identity| !identity.is_current()) else { return Ok(()) };
            // A user namespace may know nobody but its root. That is not the root of the machine, and loses its
            // capabilities like the other.
            if let Err(error) = privilege::become_user(&identity)
                && cx.common.verbose > 0
            {
                cx.warn(&error.to_string());
            }
            Ok(())
        }
    }
}
