//! Programs that are run on a change.
//!
//! The process that listens is confined and starts nothing. A helper, which is the same program and was made before anything was
//! opened and before the confinement, does it. It has a pipe with one change a line coming in, a pipe with one answer a line
//! going out, and nothing else; it is not confined and has no rights either. It starts the program once for each change,
//! one after the other, never through a shell, and ends one that takes too long. It ends with its parent.
//!
//! A helper has a successor that waits for its death with the same two pipes, ends what that one had started, takes over, and starts a
//! successor of its own. It also ends a helper that was stopped for as long as a program may take. A change is taken off the queue when a helper says that the program has had it; one that a helper died with is handed
//! over once more.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::RunError;
use crate::net::process;
use crate::time::Instant;
use crate::wire::escape::escape_line;

/// The longest line the helper takes, and the longest answer it gives.
const MAX_LINE: u64 = 1 << 20;
const MAX_ANSWER: usize = 4096;
/// Changes that wait for the helper.
const MAX_QUEUE: usize = 256;
/// What a helper says when it is ready, and when the program did its work.
const READY: &str = "ready";
const DONE: &str = "done";
/// What its successor says when it took over from one that died, and from one that it ended because it was stopped.
const SUCCEEDED: &str = "succeeded";
const RELIEVED: &str = "relieved";
/// What a change begins with, so that the rest of one that a dead helper had begun to read is none.
const CHANGE: &[u8] = b"change ";
/// How long a helper may take beyond the program's own time.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is run and how.
#[derive(Clone, Copy, Debug)]
pub struct HelperPlan<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// How long it may take.
    pub limit: Duration,
    /// Where programs without a path are looked for: the folders, as the environment has them.
    pub path: Option<&'a str>,
    /// The arguments with which this program is the helper: it then calls [`serve`].
    pub helper: &'a [OsString],
    /// The same for a helper's successor.
    pub successor: &'a [OsString],
}

/// Is the helper: until standard input ends. To be called without rights. A `successor` first waits for its parent's death.
///
/// # Errors
///
/// When the system refuses what it needs to end with its parent.
pub fn serve(plan: &HelperPlan<'_>, successor: bool) -> Result<(), RunError> {
    let answer = |text: &str| {
        let mut out = io::stdout();
        out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush())
    };
    process::begin_session();
    let mut first = READY;
    if successor {
        let before = process::wait_for_parents_end(plan.limit)?;
        // The whole program has ended: a successor of this one would have another, and so on for ever.
        if process::has_no_reader(io::stdout().as_fd()) {
            // What is at work may do it, but not for longer than it might anyway.
            process::end_session_after(before.session, plan.limit);
            return Ok(());
        }
        // Nobody looks after what that one had started, and what it was told is told again.
        process::end_session(before.session);
        first = if before.stopped { RELIEVED } else { SUCCEEDED };
    } else {
        process::die_with_parent()?;
    }
    let mut heir = HelperPlan::command(plan.successor).spawn();
    // Who does not listen any more is gone, and the work with it.
    if answer(first).is_err() {
        return Ok(());
    }
    if let Err(error) = &heir
        && answer(&format!("cannot start a second helper process: {error}")).is_err()
    {
        return Ok(());
    }
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
        let Some(change) = line.strip_prefix(CHANGE) else { continue };
        // What could not be started is tried again with the next change.
        if heir.as_mut().map_or(true, |child| child.try_wait().is_ok_and(|ended| ended.is_some())) {
            heir = HelperPlan::command(plan.successor).spawn();
        }
        let said = match start(plan.program, plan.arguments, change, plan.limit) {
            Ok(()) => DONE.to_owned(),
            Err(error) => escape_line(&format!("cannot run {}: {error}", plan.program.display())),
        };
        if answer(&said).is_err() {
            return Ok(());
        }
    }
}

impl HelperPlan<'_> {
    /// This program with `arguments`.
    fn command(arguments: &[OsString]) -> Command {
        let mut command = Command::new("/proc/self/exe");
        command.args(arguments);
        command
    }
}

fn start(program: &Path, arguments: &[OsString], line: &[u8], limit: Duration) -> io::Result<()> {
    // What the program prints is not part of this one's output. Its group is its own, so that what it starts ends with it.
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()?;
    let group = child.id();
    let stdin = child.stdin.take();
    let line = line.to_vec();
    // A program need not read what it gets, nor ever end.
    std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&line)));
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait()));
    let Ok(status) = ended.recv_timeout(limit) else {
        process::end_group(group);
        let _ = ended.recv_timeout(PATIENCE.checked_div(5).unwrap_or(PATIENCE));
        let limit = humantime::format_duration(limit);
        return Err(io::Error::other(format!("not done within {limit}, ended by force")));
    };
    let status = status?;
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

/// One helper process, seen from here.
struct Worker {
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// What it has said and no newline followed yet.
    heard: Vec<u8>,
    /// Kept, for what is dropped is not a running process.
    _child: Child,
}

impl Worker {
    fn start(plan: &HelperPlan<'_>) -> Result<Self, RunError> {
        let mut command = HelperPlan::command(plan.helper);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().map_err(RunError::Helper)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(RunError::Helper(io::ErrorKind::BrokenPipe.into()));
        };
        let mut worker = Self { stdin, stdout, heard: Vec::new(), _child: child };
        // Until it says so it may have failed to give up its rights.
        let mut first = [0; READY.len() + 1];
        worker.stdout.read_exact(&mut first).map_err(RunError::Helper)?;
        for fd in [worker.stdin.as_fd(), worker.stdout.as_fd()] {
            crate::net::sender::never_wait(fd).map_err(|error| RunError::Helper(error.into()))?;
        }
        Ok(worker)
    }

    /// The next line that it said; an error when it is gone.
    fn listen(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            let mut buffer = [0; 512];
            match self.stdout.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) if self.heard.len() > MAX_ANSWER => return Err(io::ErrorKind::InvalidData.into()),
                Ok(count) => self.heard.extend(buffer.get(..count).unwrap_or(&[])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The other end: hands changes to the helper without ever waiting for it.
pub struct Helper {
    /// The pipes to it and to its successors; `None` when nobody is at their other ends.
    worker: Option<Worker>,
    limit: Duration,
    queue: VecDeque<Vec<u8>>,
    /// Bytes of the first line in the queue that were taken already.
    taken: usize,
    /// When the helper was given the first line of the queue.
    given: Option<Instant>,
    /// Changes that never reached the program.
    lost: u64,
    /// What has to be said.
    news: Vec<String>,
}

impl Helper {
    /// Starts the helpers for a program. To be called before anything is opened that they should not have.
    ///
    /// # Errors
    ///
    /// When there is no such program, or no process is to be had.
    pub fn start(plan: &HelperPlan<'_>) -> Result<Self, RunError> {
        if !is_program(plan.program, plan.path) {
            return Err(RunError::NoProgram(plan.program.to_owned()));
        }
        crate::net::descriptors::close_on_exec();
        let worker = Worker::start(plan)?;
        // Nobody waits for it: once confined, this process may not.
        process::forget_children();
        Ok(Self {
            worker: Some(worker),
            limit: plan.limit,
            queue: VecDeque::new(),
            taken: 0,
            given: None,
            lost: 0,
            news: Vec::new(),
        })
    }

    /// What becomes readable when the helper has something to say.
    pub fn answers(&self) -> Option<BorrowedFd<'_>> {
        self.worker.as_ref().map(|worker| worker.stdout.as_fd())
    }

    /// Queues a change.
    pub fn push(&mut self, line: &[u8]) {
        if self.worker.is_none() {
            self.lose(1, "no helper process is left");
        } else if self.queue.len() >= MAX_QUEUE {
            self.lose(1, "it is too slow");
        } else {
            self.queue.push_back([b"\n", CHANGE, line].concat());
        }
    }

    /// True while changes wait for the program, or it has not said that it is done.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty()
    }

    /// When it has to be looked after again.
    pub fn deadline(&self) -> Option<Instant> {
        self.given.map(|given| given.after(self.limit).after(PATIENCE))
    }

    /// Hears what the helper says, notices when it died or hangs, and hands over what it takes now. Returns what has to be said.
    pub fn work(&mut self, now: Instant) -> Vec<String> {
        while let Some(worker) = &mut self.worker {
            match worker.listen() {
                Ok(Some(said)) if said == SUCCEEDED || said == RELIEVED => {
                    // Whatever the one before was at is handed over again.
                    (self.taken, self.given) = (0, None);
                    let what = if said == RELIEVED { "was stopped, and is ended" } else { "died" };
                    let again = if self.queue.is_empty() { "" } else { " and gets the change it was at" };
                    self.news.push(format!("the helper process for --exec {what}: another took over{again}"));
                }
                Ok(Some(said)) => {
                    if said != DONE {
                        self.news.push(escape_line(&said));
                    }
                    if self.given.take().is_some() {
                        self.queue.pop_front();
                        self.taken = 0;
                    }
                }
                Ok(None) => {
                    if self.deadline().is_some_and(|deadline| now >= deadline) {
                        self.news
                            .push("the helper process for --exec does not answer: is it stopped?".to_owned());
                        self.given = Some(now);
                    }
                    match self.hand_over(now) {
                        Ok(()) => break,
                        Err(_) => self.bury(),
                    }
                }
                Err(_) => self.bury(),
            }
        }
        std::mem::take(&mut self.news)
    }

    fn hand_over(&mut self, now: Instant) -> io::Result<()> {
        let (Some(worker), Some(line)) = (&mut self.worker, self.queue.front()) else { return Ok(()) };
        while self.taken < line.len() {
            self.given.get_or_insert(now);
            match worker.stdin.write(line.get(self.taken..).unwrap_or(&[])) {
                Ok(count) => self.taken = self.taken.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The helper and its successor are both gone.
    fn bury(&mut self) {
        self.worker = None;
        (self.taken, self.given) = (0, None);
        self.news.push("the helper process for --exec died and no other is left: start this anew".to_owned());
        let waiting = std::mem::take(&mut self.queue).len();
        self.lose(u64::try_from(waiting).unwrap_or(u64::MAX), "no helper process is left");
    }

    fn lose(&mut self, count: u64, why: &str) {
        if count > 0 {
            self.lost = self.lost.saturating_add(count);
            self.news.push(format!("changes that did not reach the program so far: {} ({why})", self.lost));
        }
    }

    /// Those that the program has not had count as lost from here on.
    pub fn give_up(&mut self) -> Vec<String> {
        let waiting = std::mem::take(&mut self.queue).len();
        self.lose(u64::try_from(waiting).unwrap_or(u64::MAX), "there was no time left");
        std::mem::take(&mut self.news)
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

    #[test]
    fn a_program_that_hangs_is_ended_with_all_it_started() {
        let shell = |script: &str| {
            let arguments = ["-c".into(), script.into()];
            let ended = start(Path::new("/bin/sh"), &arguments, b"{}\n", Duration::from_millis(300));
            ended.map_err(|error| error.to_string())
        };
        assert_eq!(shell("sleep 60 & wait").unwrap_err(), "not done within 300ms, ended by force");
        assert_eq!(shell("exit 3").unwrap_err(), "exit status: 3");
        let patient = start(Path::new("/bin/cat"), &[], b"{}\n", Duration::from_secs(20));
        assert!(patient.is_ok(), "{patient:?}");
    }
}
