//! Reading captures to join their messages.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::reading::Reading;
use crate::analysis::transaction::Batch;
use crate::capture::{self, CaptureError, Frame, Reader, Source, Waiter};
use crate::interrupt;
#[cfg(feature = "live")]
use crate::net::signals::{Signal, Signals};
use crate::run::gather::{Gatherer, Gathering, Wanted};
#[cfg(feature = "live")]
use std::sync::{Arc, OnceLock};

/// Files smaller than this are over before a second thread has done anything.
pub const THREADS_FROM: u64 = 1 << 20;
/// Of larger captures much may be kept, and of the largest no more than this: so many exchanges may be open.
#[cfg(feature = "live")]
const MUCH: u64 = 8 << 20;
#[cfg(feature = "live")]
const MOST_KEPT: u64 = 256 << 20;
/// More threads than this only wait for memory and for each other's output.
pub const MOST_THREADS: usize = 8;
/// How many frames may pass before it is asked whether to end.
pub const LOOK_EVERY: u32 = 1024;
/// So many records are joined at a time.
const JOIN_BATCH: usize = 256;
/// How often a growing capture is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(100);

/// Sees to it that captures can be read twice, standard input too: what comes through it is kept in a temporary file.
///
/// # Errors
///
/// When that file cannot be written.
pub fn keep_stdin(files: &[PathBuf]) -> Result<(), CaptureError> {
    let is_any = files.iter().any(|path| capture::is_stdin(path));
    if is_any { capture::keep_stdin(&std::env::temp_dir()) } else { Ok(()) }
}

/// Gives `each` frame of a capture that is read once more than what is told of it takes; false when it is time to end. What cannot be
/// read is told by who tells of the rest.
pub fn each_frame(path: &Path, stop: &Stop, mut each: impl FnMut(&Frame<'_>)) -> bool {
    let Ok(mut reader) = capture::open(path) else { return true };
    while let Ok(Some(frame)) = reader.next() {
        let look = interrupt::has_come() || frame.number.is_multiple_of(u64::from(LOOK_EVERY));
        if look && stop.arrived().is_some() {
            return false;
        }
        each(&frame);
    }
    true
}

/// What ends reading early: Ctrl-C and SIGTERM, after which what was read is shown and the summary comes, also where a reader
/// waits for a pipe.
#[derive(Clone)]
pub struct Stop {
    #[cfg(feature = "live")]
    signals: Option<Arc<Signals>>,
    /// The signal that came first: who asks again is told again.
    #[cfg(feature = "live")]
    first: Arc<OnceLock<u8>>,
}

#[cfg_attr(
    not(feature = "live"),
    allow(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the same calls as in a build with signals"
    )
)]
impl Stop {
    /// Watches for signals when that is `wanted`. A confined process may not begin to.
    pub fn new(wanted: bool) -> Result<Self, Failure> {
        #[cfg(feature = "live")]
        {
            let signals = wanted.then(Signals::termination).transpose()?;
            Ok(Self { signals: signals.map(Arc::new), first: Arc::default() })
        }
        #[cfg(not(feature = "live"))]
        {
            let _ = wanted;
            Ok(Self {})
        }
    }

    /// Once it is time to end, the exit code that shells know for the signal.
    pub fn arrived(&self) -> Option<u8> {
        #[cfg(feature = "live")]
        {
            if let Some(arrived) = self.signals.as_ref()?.next() {
                self.first.get_or_init(|| match arrived.signal {
                    Signal::SIGHUP => 129,
                    Signal::SIGINT => 130,
                    _ => 143,
                });
            }
            self.first.get().copied()
        }
        #[cfg(not(feature = "live"))]
        None
    }

    /// Waits for a growing capture.
    pub fn waiter(&self) -> Waiter {
        let stop = self.clone();
        Box::new(move || {
            Self::pause(FOLLOW_EVERY);
            stop.arrived().is_none()
        })
    }

    /// Says, at once, whether to go on: for input that may keep its reader waiting.
    pub fn goes_on(&self) -> Waiter {
        let stop = self.clone();
        Box::new(move || stop.arrived().is_none())
    }

    /// What is wrong with a capture that was read, or not opened: nothing that a signal explains, which leaves a pipe in the middle,
    /// or before anything came. `interrupted` is the code of that signal from then on.
    pub fn excuse<T>(
        &self,
        piped: bool,
        interrupted: &mut Option<u8>,
        result: Result<T, CaptureError>,
    ) -> Option<Result<T, CaptureError>> {
        if piped {
            *interrupted = interrupted.or_else(|| self.arrived());
        }
        let excused = piped && interrupted.is_some() && result.is_err();
        (!excused).then_some(result)
    }

    /// Opens a capture, or one that grows; none where a signal came while a pipe was waited for, see [`excuse`](Self::excuse).
    pub fn open(
        &self,
        path: &Path,
        follow: bool,
        interrupted: &mut Option<u8>,
    ) -> Option<Result<Reader<Source>, CaptureError>> {
        let reader = if follow {
            capture::follow(path, self.waiter())
        } else {
            capture::open_until(path, self.goes_on())
        };
        // What cannot be opened may be a pipe through which nothing came.
        self.excuse(!follow && reader.is_err(), interrupted, reader)
    }

    /// Lets so much time pass.
    pub fn pause(time: Duration) {
        // Nobody unparks this thread.
        std::thread::park_timeout(time);
    }
}

/// Where messages come from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The captures.
    pub files: &'a [PathBuf],
    /// Each is joined for itself, whenever it begins.
    pub apart: bool,
    /// A growing one is followed.
    pub follow: bool,
    /// Threads; none: as many as pay.
    pub threads: Option<u8>,
}

/// What comes while captures are read.
#[derive(Clone, Copy, Debug)]
pub enum Read<'a> {
    /// Messages, in order.
    Batch(&'a Batch),
    /// A capture is over, and none that goes on where it ended follows.
    End,
}

/// How reading went.
#[derive(Clone, Copy, Debug)]
pub struct ReadSummary {
    /// Frames of all captures.
    pub frames: u64,
    /// The worst that happened.
    pub worst: Exit,
    /// The exit code of the signal that ended it.
    pub interrupted: Option<u8>,
}

/// Reads all captures in order and hands out what is joined. What was written as a row of files is one capture: a file that begins where
/// the one before it ended goes on with it. One bad capture does not keep the others from being read.
pub fn captures(
    input: Input<'_>,
    wanted: &Wanted,
    stop: &Stop,
    cx: &mut Context,
    mut each: impl FnMut(Read<'_>, &mut Context) -> Result<(), Failure>,
) -> Result<ReadSummary, Failure> {
    let Input { files, apart, follow, threads } = input;
    let mut left = wanted.count;
    let mut outline = ReadSummary { frames: 0, worst: Exit::Good, interrupted: None };
    // How far those before went, as long as it is not known whether the next goes on there, and how far this one goes.
    let (mut before, mut reached) = (None::<Option<i64>>, None::<i64>);
    // Frames of a row are counted on: those of its files before.
    let mut counted = 0_u64;
    for (path, is_last) in files.iter().zip((1..=files.len()).map(|count| count == files.len())) {
        let reader = match stop.open(path, follow, &mut outline.interrupted) {
            Some(Ok(reader)) => reader,
            Some(Err(error)) => {
                outline.tell(&error, cx);
                continue;
            }
            None => break,
        };
        let piped = reader.size().is_none();
        keep_much(reader.size().unwrap_or(0));
        let mut bar = Reading::of(reader.size(), cx);
        let small = reader.size().is_some_and(|size| size < THREADS_FROM);
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let count = threads.map_or(count, usize::from);
        // Who counts sees all in order.
        let workers = if small || follow || count < 2 || left.is_some() {
            Vec::new()
        } else {
            (0..count).map(|_| Gatherer::worker(wanted)).collect::<Result<_, _>>().map_err(Failure::usage)?
        };
        let wanted = &Wanted { count: left, ..wanted.clone() };
        let mut state = Gatherer::new(wanted).map_err(Failure::usage)?;
        let mut failed = None;
        let mut calls = 0_u32;
        let walk = capture::parallel::run(reader, &Gathering, &mut state, workers, |batch, moment| {
            if let Some(bar) = &mut bar {
                bar.draw(moment.position, moment.waits);
            }
            calls = calls.wrapping_add(1);
            let waits = moment.waits && !moment.more;
            if waits || interrupt::has_come() || calls.is_multiple_of(LOOK_EVERY) {
                outline.interrupted = stop.arrived();
            }
            let ends = outline.interrupted.is_some() || batch.enough;
            if moment.waits || batch.items.len() >= JOIN_BATCH || follow || ends {
                if batch.first.is_some() || !batch.items.is_empty() {
                    let ended =
                        before.take().filter(|last| !last.is_some_and(|last| batch.goes_on_from(last)));
                    if ended.is_some() {
                        (reached, counted) = (None, 0);
                        failed = each(Read::End, cx).err();
                    }
                    reached = reached.max(batch.last);
                    batch.count_on(counted);
                }
                failed = failed.take().or_else(|| each(Read::Batch(batch), cx).err());
                batch.clear();
            }
            if ends || failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        drop(bar);
        outline.frames = outline.frames.saturating_add(walk.frames);
        if let Some(failure) = failed {
            return Err(failure);
        }
        // What was read is told before what is wrong with the rest.
        let ends = apart || is_last;
        if ends {
            each(Read::End, cx)?;
        }
        before = (!ends).then_some(reached);
        counted = if ends { 0 } else { counted.saturating_add(walk.frames) };
        if let Some(Err(error)) = stop.excuse(piped, &mut outline.interrupted, walk.result) {
            outline.tell(&error, cx);
        }
        left = state.left();
        if outline.interrupted.is_some() || left == Some(0) {
            break;
        }
    }
    if before.is_some() {
        each(Read::End, cx)?;
    }
    Ok(outline)
}

/// A capture of so many bytes is read: what is kept of one of DHCP alone takes as many, of DHCPv6 twice as many.
fn keep_much(bytes: u64) {
    #[cfg(feature = "live")]
    if bytes >= MUCH {
        crate::net::memory::in_large_pages(
            usize::try_from(bytes.saturating_mul(2).min(MOST_KEPT)).unwrap_or(0),
        );
    }
    #[cfg(not(feature = "live"))]
    let _ = bytes;
}

impl ReadSummary {
    fn tell(&mut self, error: &CaptureError, cx: &Context) {
        let Failure { exit, message } = Failure::from(error);
        cx.error(&message.unwrap_or_default());
        self.worst = self.worst.max(exit);
    }
}
