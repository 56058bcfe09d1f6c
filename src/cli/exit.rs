//! How the program ends: exit codes and the one line that says why.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::capture::CaptureError;
use crate::interrupt::{self, GivenUp};
use crate::net::NetError;
use crate::run::RunError;

/// How a command ended. Only this file knows the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, and the answer is the good one.
    Good,
    /// Done, and the answer is the bad one: nobody answered, a NAK, a rogue.
    Bad,
    /// The command line is wrong.
    Usage,
    /// It could not run: no permission, no such interface, no such file.
    CouldNotRun,
    /// The input is damaged; all that could be decoded was printed.
    Damaged,
    /// Interrupted before its work was done; what was received is printed, what was taken given back.
    Interrupted,
    /// A code that is somebody else's: the command run inside the lab, a monitoring plugin's own convention.
    Code(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Bad => 1,
            Exit::Usage => 2,
            Exit::CouldNotRun => 3,
            Exit::Damaged => 4,
            Exit::Interrupted => 130,
            Exit::Code(code) => code,
        })
    }
}

/// Why a command ended early: an exit code and one line for people. No line means silence (a closed pipe).
#[derive(Debug)]
pub struct Failure {
    /// The code to end with.
    pub exit: Exit,
    /// What failed, on what, and what to do. One line; escaped when printed.
    pub message: Option<String>,
}

/// What every command returns.
pub type Outcome = Result<Exit, Failure>;

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        Self::could_not_run(error)
    }
}

impl From<&CaptureError> for Failure {
    /// Damaged input, a reader that went away, or what the system refused.
    fn from(error: &CaptureError) -> Self {
        match error {
            CaptureError::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
                Self::output(source)
            }
            _ if error.is_damage() => Self::damaged(error),
            _ => Self::could_not_run(error),
        }
    }
}

impl From<CaptureError> for Failure {
    fn from(error: CaptureError) -> Self {
        Self::from(&error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Net(error) => error.into(),
            RunError::Record(error) => error.into(),
            error @ (RunError::File { .. } | RunError::NoProgram(_) | RunError::Helper(_)) => {
                Self::could_not_run(error)
            }
        }
    }
}

impl Failure {
    /// The user stopped it, who knows that.
    pub const INTERRUPTED: Self = Self { exit: Exit::Interrupted, message: None };

    /// The command line is wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: Some(message.to_string()) }
    }

    /// It could not run.
    pub fn could_not_run(message: impl fmt::Display) -> Self {
        Self { exit: Exit::CouldNotRun, message: Some(message.to_string()) }
    }

    /// The input is damaged.
    pub fn damaged(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Damaged, message: Some(message.to_string()) }
    }

    /// Writing standard output failed. A reader that went away (`| head`) is no failure at all.
    pub fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::Good, message: None };
        }
        if let Some(GivenUp { moved: true }) = GivenUp::of(error) {
            // Somebody takes it, more slowly than the user wants to wait.
            let message = Some(format!("standard output: {error}"));
            return Self { exit: Exit::Code(interrupt::code()), message };
        }
        Self::could_not_run(format_args!("cannot write standard output: {error}"))
    }
}
