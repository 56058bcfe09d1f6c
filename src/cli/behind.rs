//! Writing that goes on behind the back of who makes what is written: a thread of its own hands batches to the system, while the
//! next is being made.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::interrupt::{Patient, TICK};

/// How much is written at a time, so that who waits sees that it goes on: as much as a large pipe holds a few of.
const PIECE: usize = 256 << 10;
/// Batches that may wait for the writer.
const WAITING: usize = 2;

/// Hands batches over to the thread that writes them.
pub(super) struct Behind {
    shared: Arc<Shared>,
    /// What was written when this was asked last.
    seen: u64,
}

/// Does `work`, which says interrupted where it has to wait, until it is done or what is written does not go on.
pub(super) fn patiently(
    behind: &mut Patient<Behind>,
    mut work: impl FnMut(&mut Behind) -> io::Result<()>,
) -> io::Result<()> {
    behind.patiently(|behind| match work(behind) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted && behind.has_gone_on() => Ok(false),
        other => other.map(|()| true),
    })
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something changed, on either side.
    changed: Condvar,
    /// Bytes written.
    written: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    /// Memory of batches that were written.
    spare: Vec<Vec<u8>>,
    /// A batch is being written.
    busy: bool,
    /// Why the last batch could not be written; nothing is written after that.
    failed: Option<io::Error>,
    /// Nothing more will come.
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nobody panics while holding it, and nothing in it is ever half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread does. It is never waited for longer than the user likes: one that the reader of a pipe keeps ends with the
    /// process.
    fn serve(&self, mut file: &File) {
        let mut state = self.lock();
        loop {
            let Some(mut batch) = state.waiting.pop_front() else {
                if state.ended {
                    return;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.busy = true;
            drop(state);
            let written = batch.chunks(PIECE).try_for_each(|piece| {
                file.write_all(piece)?;
                let count = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                self.written.fetch_add(count, Ordering::Relaxed);
                Ok(())
            });
            batch.clear();
            state = self.lock();
            state.busy = false;
            state.spare.push(batch);
            if let Err(error) = written {
                state.failed = Some(error);
                state.waiting.clear();
                state.ended = true;
            }
            self.changed.notify_all();
        }
    }
}

impl Behind {
    /// A thread that writes to `file`; `None` where the system starts none.
    pub(super) fn new(file: File) -> Option<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("writer".to_owned());
        thread.spawn(move || own.serve(&file)).ok()?;
        Some(Self { shared, seen: 0 })
    }

    /// True when something was written since this was asked last.
    fn has_gone_on(&mut self) -> bool {
        let written = self.shared.written.load(Ordering::Relaxed);
        std::mem::replace(&mut self.seen, written) != written
    }

    /// Takes `batch`, and leaves memory for the next in its place. An error that says interrupted means that nothing was
    /// taken yet; every other one is what became of a batch before.
    pub(super) fn take(&mut self, batch: &mut Vec<u8>) -> io::Result<()> {
        let mut state = self.wait(|state| state.waiting.len() < WAITING)?;
        let memory = state.spare.pop().unwrap_or_default();
        state.waiting.push_back(std::mem::replace(batch, memory));
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Returns when everything is written. May be interrupted like [`take`](Self::take).
    pub(super) fn settle(&mut self) -> io::Result<()> {
        self.wait(|state| state.waiting.is_empty() && !state.busy).map(drop)
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.shared.lock();
        loop {
            // Not before it is dropped, unless writing failed.
            if state.ended {
                return Err(state.failed.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()));
            }
            if until(&state) {
                return Ok(state);
            }
            let (back, waited) =
                self.shared.changed.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner);
            state = back;
            if waited.timed_out() {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// As long as it takes.
    fn patiently(mut work: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        loop {
            match work() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    #[test]
    fn batches_come_out_whole_and_in_order() {
        let (mut reader, writer) = io::pipe().unwrap();
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all)
        });
        let mut behind = Behind::new(File::from(std::os::fd::OwnedFd::from(writer))).unwrap();
        let mut want = Vec::new();
        for index in 0..200_u8 {
            let mut batch = vec![index; 5000];
            want.extend_from_slice(&batch);
            patiently(|| behind.take(&mut batch)).unwrap();
            assert!(batch.is_empty());
        }
        patiently(|| behind.settle()).unwrap();
        drop(behind);
        assert_eq!(reading.join().unwrap().unwrap(), want);
    }

    #[test]
    fn who_waits_for_a_reader_is_not_kept_and_who_lost_him_is_told() {
        let (reader, writer) = io::pipe().unwrap();
        let mut behind = Behind::new(File::from(std::os::fd::OwnedFd::from(writer))).unwrap();
        let mut taken = 0;
        let interrupted = loop {
            match behind.take(&mut vec![0; 1 << 20]) {
                Ok(()) => taken += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(interrupted.kind(), io::ErrorKind::Interrupted);
        assert!((WAITING..=WAITING + 1).contains(&taken), "{taken}");
        drop(reader);
        let lost = patiently(|| behind.settle()).unwrap_err();
        assert_eq!(lost.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(behind.take(&mut vec![0]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
