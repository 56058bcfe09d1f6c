//! Reading ahead: other threads read, or decompress, while one walks what came before.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How many bytes are read before they are handed over.
pub(super) const BLOCK: usize = 256 << 10;
/// Room in front of them, for what the walk of the block before left over.
pub(super) const LEAD: usize = 64 << 10;
/// Blocks that may wait to be walked.
pub(super) const WAITING: usize = 2;

/// Memory that is larger is not used again.
const LARGEST: usize = 1 << 20;

/// Bytes that were read.
pub(super) struct Block {
    /// They begin at [`LEAD`].
    pub(super) bytes: Vec<u8>,
    /// Where they end.
    pub(super) end: usize,
}

/// What comes of a part of the capture.
pub(super) type Blocks = Receiver<io::Result<Block>>;

/// What other threads read.
pub(super) struct Ahead {
    /// The parts, in order.
    parts: Receiver<Blocks>,
    /// The one that is read.
    part: Option<Blocks>,
    pool: Arc<Pool>,
}

impl Ahead {
    /// Has `input` read by a thread of its own; gives it back where the system starts none.
    pub(super) fn new<R: Read + Send + 'static>(input: R) -> Result<Self, R> {
        let (hand_over, part) = sync_channel(WAITING);
        let (_, parts) = channel();
        let ahead = Self { parts, part: Some(part), pool: Arc::default() };
        let pool = Arc::clone(&ahead.pool);
        start("reader", input, move |mut input| {
            pump(&mut input, &hand_over, &pool);
        })?;
        Ok(ahead)
    }

    /// What comes of `parts`, one after the other, in memory out of `pool`.
    pub(super) fn of(parts: Receiver<Blocks>, pool: Arc<Pool>) -> Self {
        Self { parts, part: None, pool }
    }

    /// The next bytes; none at the end.
    pub(super) fn next(&mut self) -> Option<io::Result<Block>> {
        loop {
            let part = match &self.part {
                Some(part) => part,
                None => self.part.insert(self.parts.recv().ok()?),
            };
            match part.recv() {
                Ok(Ok(block)) => return Some(Ok(block)),
                Ok(Err(error)) => {
                    // Nobody wants what is behind it.
                    (self.part, self.parts) = (None, channel().1);
                    return Some(Err(error));
                }
                Err(_) => self.part = None,
            }
        }
    }

    /// Gives the memory of a block back, or takes any other in its place.
    pub(super) fn give_back(&mut self, bytes: Vec<u8>) {
        self.pool.give(bytes);
    }
}

#[cfg(test)]
impl Ahead {
    pub(super) fn spare(&self) -> usize {
        self.pool.spare()
    }
}

/// Has a thread of its own do `work` with `what`; gives that back where the system starts none.
pub(super) fn start<T: Send + 'static>(
    name: &str,
    what: T,
    work: impl FnOnce(T) + Send + 'static,
) -> Result<(), T> {
    // It comes by a channel, for what cannot be started takes with it what it was given.
    let (give, take) = channel();
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        if let Ok(what) = take.recv() {
            work(what);
        }
    });
    match started {
        Ok(_) => give.send(what).map_err(|refused| refused.0),
        Err(_) => Err(what),
    }
}

/// Memory that is used again.
#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<Taken>,
    given: Condvar,
}

#[derive(Default)]
struct Taken {
    spare: Vec<Vec<u8>>,
    /// How many are in use.
    count: usize,
}

impl Pool {
    /// Room for `size` bytes, once fewer than `most` are in use.
    pub(super) fn take(&self, size: usize, most: usize) -> Vec<u8> {
        let mut state = self.lock();
        while state.count >= most {
            state = self.given.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.count = state.count.saturating_add(1);
        let mut bytes = state.spare.pop().unwrap_or_default();
        drop(state);
        if bytes.capacity() < size {
            // The system's memory need not be cleared.
            bytes = vec![0; size];
        }
        bytes.resize(size, 0);
        bytes
    }

    /// Takes back what was taken, or any other in its place.
    pub(super) fn give(&self, bytes: Vec<u8>) {
        let mut state = self.lock();
        state.count = state.count.saturating_sub(1);
        // What had to hold a large record is not kept.
        if bytes.capacity() <= LARGEST {
            state.spare.push(bytes);
        }
        drop(state);
        self.given.notify_one();
    }

    /// How many lie there to be used again.
    #[cfg(test)]
    pub(super) fn spare(&self) -> usize {
        self.lock().spare.len()
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands over all that `input` has, until its end, an error, or nobody wants more. True at its end.
pub(super) fn pump(input: &mut impl Read, hand_over: &SyncSender<io::Result<Block>>, pool: &Pool) -> bool {
    loop {
        let mut bytes = pool.take(LEAD.saturating_add(BLOCK), usize::MAX);
        let mut end = LEAD;
        let last = fill(input, &mut bytes, &mut end);
        if end == LEAD {
            pool.give(bytes);
        } else if hand_over.send(Ok(Block { bytes, end })).is_err() {
            return false;
        }
        match last {
            Ok(true) => {}
            Ok(false) => return true,
            Err(error) => {
                // Who wanted it may be gone.
                let _ = hand_over.send(Err(error));
                return false;
            }
        }
    }
}

/// Reads until `bytes` is full up from `end`, which moves along; false at the end of the input.
pub(super) fn fill(input: &mut impl Read, bytes: &mut [u8], end: &mut usize) -> io::Result<bool> {
    while let Some(room) = bytes.get_mut(*end..).filter(|room| !room.is_empty()) {
        match input.read(room) {
            Ok(0) => return Ok(false),
            Ok(count) => *end = end.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
