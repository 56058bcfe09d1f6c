//! Walking one capture with several threads, with the result of walking it with one.
//!
//! A regular file is cut into chunks. Each worker takes the next chunk, guesses where its first frame starts, and walks
//! it. A walk counts only once it is its chunk's turn and the walk of the chunk before ended exactly where this one began
//! (with the same interfaces known); otherwise the chunk is walked again from the right place. So the guess decides how
//! fast things go and never what comes out, and frame numbers are known before anybody looks into a frame. Pipes and
//! compressed files have one reader, which the workers use in turn.
//!
//! What the workers make of their frames reaches the caller in the order of the capture. Nothing here knows what is
//! being looked for.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::batch::Batch;
use super::decoder::Decoder;
use super::reader::{Found, Reader};
use super::source::Source;
use super::{CaptureError, Frame};
use crate::time::Timestamp;
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
/// Where more than one in so many frames of a chunk has to be seen in order, who sees all in order deals with the rest of the
/// chunk alone: what would be done twice and in small parts takes longer than that.
const FEW: usize = 16;
/// Files below this size are done before a thread has started.
const SMALL: u64 = 512 << 10;
/// How many chunks may be under way besides one for each worker.
const AHEAD: usize = 2;

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

/// Walks the rest of `reader`, with one thread for each of `workers`, or where these do not pay with this one alone.
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
    chunks(&plan, &mut reader, work, state, workers, &mut take)
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

/// A file that can be read anywhere.
struct Plan {
    file: Arc<File>,
    size: u64,
    chunk: u64,
    /// How many bytes that matter end a chunk early.
    most: usize,
    /// The time of the first frame.
    about: Option<Timestamp>,
    name: String,
}

/// Reads a file from a place of its own.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(out, self.at)?;
        self.at = self.at.saturating_add(u64::try_from(count).unwrap_or(0));
        Ok(count)
    }
}

/// What a chunk led to.
struct Finished<O> {
    pieces: Vec<Piece<O>>,
    /// Where the frames of the pieces lie; only where there are any.
    batch: Option<Batch>,
    base: u64,
    position: u64,
    end: Option<Result<(), CaptureError>>,
}

enum Piece<O> {
    Output(O),
    /// A frame of the batch, for the state that sees all in order.
    Ordered(usize),
    /// That frame and all behind it.
    Rest(usize),
}

/// What the threads share.
struct Shared<O> {
    /// The next chunk that nobody has taken, and where it begins.
    claim: usize,
    begin: u64,
    /// Few frames of late mattered.
    sparse: bool,
    /// The chunk whose turn it is to be counted, and what is known up to its start.
    turn: usize,
    offset: u64,
    number: u64,
    decoder: Decoder,
    /// The chunk in front of `ready`, and what later ones led to.
    front: usize,
    ready: VecDeque<Option<Finished<O>>>,
    /// The capture ended in a chunk, or nobody wants more.
    stopped: bool,
    spare: Vec<O>,
    spare_batches: Vec<Batch>,
}

struct Team<O> {
    shared: Mutex<Shared<O>>,
    /// It may be somebody's turn, or there is room for another chunk.
    turn: Condvar,
    /// The front chunk may be ready.
    ready: Condvar,
    depth: usize,
    /// Chunks begin before this offset.
    size: u64,
}

impl<O: Default> Team<O> {
    fn new(reader: &Reader<impl Read>, threads: usize, size: u64) -> Self {
        let shared = Shared {
            claim: 0,
            begin: reader.offset(),
            sparse: false,
            turn: 0,
            offset: reader.offset(),
            number: reader.count(),
            decoder: reader.decoder().clone(),
            front: 0,
            ready: VecDeque::new(),
            stopped: false,
            spare: Vec::new(),
            spare_batches: Vec::new(),
        };
        let depth = threads.saturating_add(AHEAD);
        Self { shared: Mutex::new(shared), turn: Condvar::new(), ready: Condvar::new(), depth, size }
    }

    fn lock(&self) -> MutexGuard<'_, Shared<O>> {
        // A thread that panicked left nothing half-done that anybody relies on.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next chunk; none when there are no more.
    fn claim(&self) -> Option<(usize, MutexGuard<'_, Shared<O>>)> {
        let mut shared = self.lock();
        while !shared.stopped && shared.claim >= shared.front.saturating_add(self.depth) {
            shared = self.turn.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
        if shared.stopped || shared.begin >= self.size {
            return None;
        }
        let index = shared.claim;
        shared.claim = index.saturating_add(1);
        Some((index, shared))
    }

    /// Waits until it is the turn of chunk `index`; none when the capture ended before.
    fn wait_turn(&self, index: usize) -> Option<MutexGuard<'_, Shared<O>>> {
        let mut shared = self.lock();
        while !shared.stopped && shared.turn != index {
            shared = self.turn.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
        (!shared.stopped).then_some(shared)
    }

    /// Hands in what chunk `index` led to.
    fn finish(&self, index: usize, finished: Finished<O>) {
        let mut shared = self.lock();
        let place = index.saturating_sub(shared.front);
        if shared.ready.len() <= place {
            shared.ready.resize_with(place.saturating_add(1), || None);
        }
        if let Some(slot) = shared.ready.get_mut(place) {
            *slot = Some(finished);
        }
        self.ready.notify_one();
    }

    /// The next chunk in order; none after the last one.
    fn next(&self) -> Option<Finished<O>> {
        let mut shared = self.lock();
        loop {
            if shared.front >= shared.claim && shared.begin >= self.size {
                return None;
            }
            if let Some(slot) = shared.ready.front_mut()
                && let Some(finished) = slot.take()
            {
                shared.ready.pop_front();
                shared.front = shared.front.saturating_add(1);
                self.turn.notify_all();
                return Some(finished);
            }
            shared = self.ready.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.turn.notify_all();
    }

    /// Looks into the frames of a batch. Outputs are taken from the spare ones and there are few of them.
    fn look<W: Work<Output = O>>(
        &self,
        work: &W,
        state: &mut W::State,
        batch: &mut Batch,
        base: u64,
    ) -> (Vec<Piece<O>>, Option<Batch>) {
        let mut pieces = Vec::new();
        if batch.len() == 0 {
            return (pieces, None);
        }
        let spare = |team: &Self| team.lock().spare.pop().unwrap_or_default();
        let mut output = spare(self);
        let mut used = false;
        let mut ordered: usize = 0;
        for (index, frame) in batch.frames(base).enumerate() {
            match work.frame(state, &frame, &mut output) {
                FrameVerdict::Done => used = true,
                FrameVerdict::Ordered => {
                    if used {
                        pieces.push(Piece::Output(std::mem::replace(&mut output, spare(self))));
                        used = false;
                    }
                    ordered = ordered.saturating_add(1);
                    if ordered > FEW && ordered.saturating_mul(FEW) > index {
                        pieces.push(Piece::Rest(index));
                        break;
                    }
                    pieces.push(Piece::Ordered(index));
                }
            }
        }
        if used {
            pieces.push(Piece::Output(output));
        } else {
            self.lock().spare.push(output);
        }
        let needed = ordered > 0;
        let kept =
            needed.then(|| std::mem::replace(batch, self.lock().spare_batches.pop().unwrap_or_default()));
        (pieces, kept)
    }

    /// Hands over a chunk's pieces in order; gives back what can be used again.
    fn deliver<W: Work<Output = O>>(
        &self,
        work: &W,
        state: &mut W::State,
        finished: &mut Finished<O>,
        take: &mut impl FnMut(&mut O, WalkProgress) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let position = finished.position;
        let mut used = Vec::new();
        let mut own =
            if finished.batch.is_some() { self.lock().spare.pop().unwrap_or_default() } else { O::default() };
        let mut frames = finished.batch.iter().flat_map(|batch| batch.frames(finished.base)).enumerate();
        let mut pieces = finished.pieces.drain(..).peekable();
        while let Some(piece) = pieces.next() {
            let next = pieces.peek();
            let moment = WalkProgress { position, waits: true, more: next.is_some() };
            match piece {
                Piece::Output(mut output) => {
                    work.learn(state, &mut output);
                    take(&mut output, moment)?;
                    used.push(output);
                }
                Piece::Ordered(place) => {
                    if let Some((_, frame)) = frames.find(|(index, _)| *index == place) {
                        work.frame(state, &frame, &mut own);
                    }
                    // A capture may be full of such frames: what they lead to is handed over together.
                    if !matches!(next, Some(Piece::Ordered(_) | Piece::Rest(_))) {
                        take(&mut own, moment)?;
                    }
                }
                Piece::Rest(from) => {
                    for (_, frame) in frames.by_ref().filter(|(index, _)| *index >= from) {
                        work.frame(state, &frame, &mut own);
                    }
                    take(&mut own, moment)?;
                }
            }
        }
        drop(pieces);
        drop(frames);
        if finished.batch.is_some() {
            used.push(own);
        }
        let mut shared = self.lock();
        let room = self.depth.saturating_sub(shared.spare.len());
        shared.spare.extend(used.into_iter().take(room));
        shared.spare_batches.extend(finished.batch.take());
        ControlFlow::Continue(())
    }
}

/// A regular file: every worker reads for itself.
fn chunks<W: Work>(
    plan: &Plan,
    reader: &mut Reader<Source>,
    work: &W,
    state: &mut W::State,
    workers: Vec<W::State>,
    take: &mut impl FnMut(&mut W::Output, WalkProgress) -> ControlFlow<()>,
) -> Walk {
    let team = Team::new(reader, workers.len(), plan.size);
    let result = std::thread::scope(|scope| {
        for state in workers {
            let team = &team;
            scope.spawn(move || worker(plan, team, work, state));
        }
        consume(&team, work, state, take)
    });
    if let Some(result) = result {
        return result;
    }
    // The file may have grown, and its end is still to be judged.
    let shared = team.lock();
    let (offset, number, decoder) = (shared.offset, shared.number, shared.decoder.clone());
    drop(shared);
    let input = At { file: &plan.file, at: offset };
    alone(&mut Reader::at(&plan.name, input, offset, number, decoder), work, state, take)
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
            return Some(Walk { frames: team.lock().number, result: finished.end.unwrap_or(Ok(())) });
        }
    }
    None
}

/// Takes chunk after chunk of a file.
fn worker<W: Work>(plan: &Plan, team: &Team<W::Output>, work: &W, mut state: W::State) {
    let mut batch = Batch::default();
    let wanted = |link, data: &[u8]| work.may_matter(link, data);
    let mut reader: Option<Reader<At<'_>>> = None;
    while let Some((index, mut shared)) = team.claim() {
        let begin = shared.begin;
        let length = if shared.sparse { plan.chunk.saturating_mul(LONG_CHUNK / CHUNK) } else { plan.chunk };
        let until = begin.saturating_add(length);
        shared.begin = until;
        let decoder = shared.decoder.clone();
        let exact = (shared.turn == index).then_some(shared.offset);
        drop(shared);
        let changes = decoder.changes();
        let reader = reader.get_or_insert_with(|| {
            Reader::at(&plan.name, At { file: &plan.file, at: begin }, begin, 0, decoder.clone())
        });
        let start = exact.unwrap_or(begin);
        reader.input.at = start;
        reader.restart(start, decoder);
        let guessed = exact.is_some() || reader.guess(until, plan.about).is_ok_and(|found| found);
        let start = reader.offset();
        let mut walked = guessed.then(|| reader.batch(until, plan.most, false, &mut batch, wanted));

        let Some(shared) = team.wait_turn(index) else { return };
        let (offset, base, decoder) = (shared.offset, shared.number, shared.decoder.clone());
        drop(shared);
        if walked.is_none() || start != offset || changes != decoder.changes() {
            reader.input.at = offset;
            reader.restart(offset, decoder);
            walked = Some(reader.batch(until, plan.most, false, &mut batch, wanted));
        }
        let end = match walked {
            Some(Ok(true)) | None => None,
            Some(Ok(false)) => Some(Ok(())),
            Some(Err(error)) => Some(Err(error)),
        };
        let mut shared = team.lock();
        shared.offset = reader.offset();
        shared.number = base.saturating_add(reader.count());
        shared.decoder = reader.decoder().clone();
        shared.turn = index.saturating_add(1);
        shared.sparse = is_sparse(&batch, length);
        if end.is_none() && shared.offset < until {
            // Ended early: those who walk already will go on from here, and get as far each.
            let under_way = u64::try_from(shared.claim.saturating_sub(shared.turn)).unwrap_or(u64::MAX);
            let most = u64::try_from(plan.most).unwrap_or(u64::MAX);
            let reach = shared.offset.saturating_add(under_way.saturating_mul(most));
            shared.begin = shared.begin.min(reach);
        }
        shared.stopped = end.is_some() || shared.stopped;
        drop(shared);
        team.turn.notify_all();

        let (pieces, kept) = team.look(work, &mut state, &mut batch, base);
        team.finish(index, Finished { pieces, batch: kept, base, position: reader.offset(), end });
    }
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
    let team = Team::new(&reader, workers.len(), u64::MAX);
    let eager = !reader.is_regular();
    let reader = Mutex::new(reader);
    let result = std::thread::scope(|scope| {
        for state in workers {
            let (reader, team) = (&reader, &team);
            scope.spawn(move || turn_taker(reader, eager, team, work, state));
        }
        consume(&team, work, state, take)
    });
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
        let position = reader.position();
        let sparse = is_sparse(&batch, reader.offset().saturating_sub(begin));
        let mut shared = team.lock();
        shared.number = reader.count();
        shared.sparse = sparse;
        shared.stopped = end.is_some() || shared.stopped;
        drop(shared);
        // Where there is little to look into, nobody can do so meanwhile: handing on the reader would only cost.
        if sparse {
            held = Some(reader);
        } else {
            drop(reader);
        }
        team.turn.notify_all();
        let (pieces, kept) = team.look(work, &mut state, &mut batch, 0);
        team.finish(index, Finished { pieces, batch: kept, base: 0, position, end });
    }
}

#[cfg(test)]
mod tests;
