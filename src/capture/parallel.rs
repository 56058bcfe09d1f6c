//! Walking one capture with several threads, with the result of walking it with one.
//!
//! A regular file is cut into [`chunks`]. Each worker takes the next chunk, guesses where its first frame starts, and walks
//! it. A walk counts only once it is its chunk's turn and the walk of the chunk before ended exactly where this one began
//! (with the same interfaces known); otherwise the chunk is walked again from the right place. So the guess decides how
//! fast things go and never what comes out, and frame numbers are known before anybody looks into a frame. Pipes and
//! compressed files have one reader, which the workers use in turn. What the threads share is a [`team`].
//!
//! What the workers make of their frames reaches the caller in the order of the capture. Nothing here knows what is
//! being looked for.

mod chunks;
mod team;

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::thread;

use chunks::Plan;
use team::{Finished, Team};

use super::batch::Batch;
use super::reader::{Found, Reader};
use super::source::Source;
use super::{CaptureError, Frame};
use crate::wire::frame::LinkType;

/// How much of a capture one worker takes at a time where most frames matter: what it makes of them stays in memory until
/// its turn comes.
const CHUNK: u64 = 256 << 10;
/// How much it takes where few do: longer chunks mean less waiting for each other.
const LONG_CHUNK: u64 = 8 << 20;
/// So many bytes that matter end a chunk: where a long one turns out to be full of them, what is made of it would take too much
/// memory. The next one begins there.
const MOST: usize = 512 << 10;
/// Chunks are long while less than one byte in so many matters.
const SPARSE: u64 = 16;
/// Files below this size are done before a thread has started.
const SMALL: u64 = 512 << 10;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameVerdict {
    /// It is dealt with.
    Done,
    /// Nothing was done with it: what it means depends on frames before it (an IP fragment). It has to be given to the
    /// one state that sees all such frames in order.
    Ordered,
}

/// What is to be done with the frames of a capture.
pub trait Work: Sync {
    /// What a worker keeps from frame to frame.
    type State: Send;
    /// What is made of frames; handed over in the order of the capture, and used again once it was.
    type Output: Default + Send;

    /// A quick look that is never wrong when it says no.
    fn may_matter(&self, link: LinkType, data: &[u8]) -> bool;

    /// Hears what a worker made, in the order of the capture and before it is handed over: the state that sees the frames
    /// given to it in order may have to know what the others held.
    fn learn(&self, _state: &mut Self::State, _output: &mut Self::Output) {}

    /// Deals with a frame that may matter.
    fn frame(&self, state: &mut Self::State, frame: &Frame<'_>, output: &mut Self::Output) -> FrameVerdict;
}

/// Where the walk stands when an output is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkProgress {
    /// How many bytes of the file have been walked; with compression, of the compressed file.
    pub position: u64,
    /// What comes next may take a while: what was made so far should be shown now.
    pub waits: bool,
    /// What comes next is made already and on its way: there is no need to show anything before it, only to take what was made.
    pub more: bool,
}

/// How a walk went.
#[derive(Debug)]
pub struct Walk {
    /// How many frames were walked over.
    pub frames: u64,
    /// What ended it early.
    pub result: Result<(), CaptureError>,
}

/// Walks the rest of `reader`, with as many threads as there are `workers`, or where these do not pay with this one alone.
///
/// `state` is the one that sees all frames in order, or with several threads at least those that need it; `workers` are
/// states that see some frames, and say [`FrameVerdict::Ordered`] where that is not enough. `take` is called again and again
/// with what was made, in the order of the capture. It may leave that in place to be given more with it, but has to empty
/// it when [`WalkProgress::waits`] is set. `ControlFlow::Break` ends the walk.
pub fn run<W: Work>(
    mut reader: Reader<Source>,
    work: &W,
    state: &mut W::State,
    workers: Vec<W::State>,
    mut take: impl FnMut(&mut W::Output, WalkProgress) -> ControlFlow<()>,
) -> Walk {
    let small = reader.size().is_some_and(|size| size < SMALL);
    if workers.len() < 2 || small || reader.is_followed() {
        return alone(&mut reader, work, state, &mut take);
    }
    let about = match reader.prelude() {
        Ok(about) => about,
        Err(error) => return Walk { frames: reader.count(), result: Err(error) },
    };
    let Some((file, size)) = reader.plain_file() else {
        reader.go_ahead(workers.len());
        return turns(reader, work, state, workers, &mut take);
    };
    let plan = Plan { file, size, chunk: CHUNK, most: MOST, about, name: reader.name().to_owned() };
    chunks::walk(&plan, &mut reader, work, state, workers, &mut take)
}

/// One thread does everything.
fn alone<R: Read, W: Work>(
    reader: &mut Reader<R>,
    work: &W,
    state: &mut W::State,
    take: &mut impl FnMut(&mut W::Output, WalkProgress) -> ControlFlow<()>,
) -> Walk {
    let mut output = W::Output::default();
    let patient = reader.is_regular();
    let mut next_report = CHUNK;
    loop {
        let found = reader.find(next_report, |link, data| work.may_matter(link, data));
        let (ended, failed) = match found {
            Ok(Found::Frame(frame)) => {
                work.frame(state, &frame, &mut output);
                (false, None)
            }
            Ok(Found::Pause) => (false, None),
            Ok(Found::End) => (true, None),
            Err(error) => (true, Some(error)),
        };
        next_report = reader.offset().saturating_add(CHUNK);
        let waits = ended || (!patient && reader.would_wait());
        let flow = take(&mut output, WalkProgress { position: reader.position(), waits, more: false });
        if ended || flow.is_break() {
            return Walk { frames: reader.count(), result: failed.map_or(Ok(()), Err) };
        }
    }
}

/// Hands over chunk after chunk. None when all were and the capture did not end in any of them.
fn consume<W: Work>(
    team: &Team<W::Output>,
    work: &W,
    state: &mut W::State,
    take: &mut impl FnMut(&mut W::Output, WalkProgress) -> ControlFlow<()>,
) -> Option<Walk> {
    while let Some(mut finished) = team.next() {
        let flow = team.deliver(work, state, &mut finished, take);
        if flow.is_break() {
            team.stop();
        }
        if flow.is_break() || finished.end.is_some() {
            return Some(Walk { frames: finished.number, result: finished.end.unwrap_or(Ok(())) });
        }
    }
    None
}

/// True when little of so many bytes mattered.
fn is_sparse(batch: &Batch, length: u64) -> bool {
    u64::try_from(batch.size()).unwrap_or(u64::MAX).saturating_mul(SPARSE) < length
}

/// A pipe or a compressed file: the workers share the reader.
fn turns<W: Work>(
    reader: Reader<Source>,
    work: &W,
    state: &mut W::State,
    workers: Vec<W::State>,
    take: &mut impl FnMut(&mut W::Output, WalkProgress) -> ControlFlow<()>,
) -> Walk {
    let team = Team::new(&reader, workers.len(), 1, u64::MAX);
    let eager = !reader.is_regular();
    let reader = Mutex::new(reader);
    let mut started = false;
    let result = thread::scope(|scope| {
        for state in workers {
            let (reader, team) = (&reader, &team);
            let work = move || turn_taker(reader, eager, team, work, state);
            // Where the system starts no more of them, there are fewer.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
            started = true;
        }
        if started { consume(&team, work, state, take) } else { None }
    });
    if !started {
        let mut reader = reader.into_inner().unwrap_or_else(PoisonError::into_inner);
        return alone(&mut reader, work, state, take);
    }
    result.unwrap_or_else(|| Walk { frames: team.lock().number, result: Ok(()) })
}

/// Takes chunk after chunk of what the shared reader has.
fn turn_taker<W: Work>(
    reader: &Mutex<Reader<Source>>,
    eager: bool,
    team: &Team<W::Output>,
    work: &W,
    mut state: W::State,
) {
    let mut batch = Batch::default();
    let wanted = |link, data: &[u8]| work.may_matter(link, data);
    let mut held = None;
    loop {
        let mut reader = held.take().unwrap_or_else(|| reader.lock().unwrap_or_else(PoisonError::into_inner));
        let Some((index, shared)) = team.claim() else { return };
        let length = if shared.sparse { LONG_CHUNK } else { CHUNK };
        drop(shared);
        let begin = reader.offset();
        let walked = reader.batch(begin.saturating_add(length), MOST, eager, &mut batch, wanted);
        let end = match walked {
            Ok(true) => None,
            Ok(false) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        };
        let (position, number) = (reader.position(), reader.count());
        let sparse = is_sparse(&batch, reader.offset().saturating_sub(begin));
        let mut shared = team.lock();
        shared.number = number;
        shared.sparse = sparse;
        shared.stopped = end.is_some() || shared.stopped;
        team.tell(shared);
        // Where there is little to look into, nobody can do so meanwhile: handing on the reader would only cost.
        if sparse {
            held = Some(reader);
        } else {
            drop(reader);
        }
        let (pieces, kept) = team.look(work, &mut state, &mut batch, 0);
        team.finish(index, Finished { pieces, batch: kept, base: 0, number, position, end });
    }
}

#[cfg(test)]
mod tests;
