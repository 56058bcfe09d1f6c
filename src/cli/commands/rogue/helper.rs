//! Starting programs, which a confined process cannot: a helper process, made before the confinement, does it. It reads
//! changes, one line of JSON each, and starts the program once for each, one after the other, never through a shell.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::cli::context::env;
use crate::cli::exit::{Exit, Failure, Outcome};

/// The longest line the helper takes.
const MAX_LINE: u64 = 1 << 20;
/// Changes that wait for the helper.
const MAX_QUEUE: usize = 256;

/// Is the helper: until standard input ends.
pub(super) fn serve(program: Option<&Path>, arguments: &[OsString]) -> Outcome {
    let Some(program) = program else { return Err(Failure::usage("no program to start")) };
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return Ok(Exit::Good),
            Ok(_) => {}
        }
        if let Err(error) = start(program, arguments, &line) {
            let text = format!("dhcptool: cannot run {}: {error}", program.display());
            crate::cli::context::Context::stderr(&crate::wire::escape::escape_line(&text));
        }
    }
}

fn start(program: &Path, arguments: &[OsString], line: &[u8]) -> io::Result<()> {
    // What the program prints is not part of this one's output.
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program need not read what it gets.
        let _ = stdin.write_all(line);
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(status.to_string()))
}

/// True for what can be started, so that it is said at the start and not at the first alarm when it cannot.
fn is_program(program: &Path, path: Option<&str>) -> bool {
    let runs = |file: &Path| {
        file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 || program.has_root() {
        return runs(program);
    }
    path.is_some_and(|path| std::env::split_paths(path).any(|folder| runs(&folder.join(program))))
}

/// The other end: hands changes to the helper without ever waiting for it.
pub(super) struct Helper {
    stdin: ChildStdin,
    queue: VecDeque<Vec<u8>>,
    /// Bytes of the first line in the queue that were taken already.
    taken: usize,
    /// Changes that found the queue full.
    pub lost: u64,
    /// Kept, for what is dropped is not a running process.
    _child: Child,
}

impl Helper {
    /// Starts the helper for `program`.
    pub(super) fn start(program: &Path, arguments: &[OsString]) -> Result<Self, Failure> {
        if !is_program(program, env("PATH").as_deref()) {
            let program = program.display();
            return Err(Failure::could_not_run(format_args!(
                "cannot run {program}: no such program, or not executable"
            )));
        }
        let mut command = Command::new("/proc/self/exe");
        command.args(["rogue", "--stage", "exec", "--watch", "--exec"]).arg(program);
        for argument in arguments {
            command.arg("--exec-arg").arg(argument);
        }
        // Ctrl-C is for this process; the helper ends when its work does.
        let spawned = command.stdin(Stdio::piped()).process_group(0).spawn();
        let fail =
            |error: io::Error| Failure::could_not_run(format_args!("cannot start a helper process: {error}"));
        let mut child = spawned.map_err(fail)?;
        let Some(stdin) = child.stdin.take() else { return Err(fail(io::ErrorKind::BrokenPipe.into())) };
        crate::net::sender::never_wait(stdin.as_fd()).map_err(|error| fail(error.into()))?;
        Ok(Self { stdin, queue: VecDeque::new(), taken: 0, lost: 0, _child: child })
    }

    /// Queues a change.
    pub(super) fn push(&mut self, line: Vec<u8>) {
        if self.queue.len() >= MAX_QUEUE {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        self.queue.push_back(line);
    }

    /// Hands over what the helper takes now. True when something is left.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(line) = self.queue.front() {
            match self.stdin.write(line.get(self.taken..).unwrap_or(&[])) {
                Ok(count) => self.taken = self.taken.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // The helper is gone, and with it what it was to do.
                Err(_) => {
                    self.lost = self.lost.saturating_add(u64::try_from(self.queue.len()).unwrap_or(u64::MAX));
                    self.queue.clear();
                    self.taken = 0;
                    return false;
                }
            }
            if self.taken >= line.len() {
                self.taken = 0;
                self.queue.pop_front();
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_other_things() {
        let is = |program: &str| is_program(Path::new(program), Some("/nonexistent:/bin"));
        assert!(is("/bin/sh") && is("sh"));
        for program in ["/nonexistent", "/bin", "/etc/passwd", "./sh", "no-such-program", ""] {
            assert!(!is(program), "{program:?}");
        }
        assert!(!is_program(Path::new("sh"), None));
    }
}
