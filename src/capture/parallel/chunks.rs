//! A regular file, of which every thread reads chunks for itself.
//!
//! The one that called does its share of the chunks like the others, and hands over in between: a thread for that alone would mostly
//! sleep, and to wake it for each chunk, on a processor that another one was at work on, takes longer than it is awake.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, MutexGuard};
use std::thread;

use super::team::{Chunk, Finished, HELD, Job, Shared, Team};
use super::{CHUNK, LONG_CHUNK, Walk, WalkProgress, Work, alone, is_sparse};
use crate::capture::CaptureError;
use crate::capture::batch::Batch;
use crate::capture::decoder::Decoder;
use crate::capture::reader::Reader;
use crate::capture::source::Source;
use crate::time::Timestamp;

/// A file that can be read anywhere.
pub(super) struct Plan {
    pub(super) file: Arc<File>,
    pub(super) size: u64,
    pub(super) chunk: u64,
    /// How many bytes that matter end a chunk early.
    pub(super) most: usize,
    /// The time of the first frame.
    pub(super) about: Option<Timestamp>,
    pub(super) name: String,
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

/// Walks the rest of a file with as many threads as there are `workers`, this one among them.
pub(super) fn walk<W: Work>(
    plan: &Plan,
    reader: &mut Reader<Source>,
    work: &W,
    state: &mut W::State,
    mut workers: Vec<W::State>,
    take: &mut impl FnMut(&mut W::Output, WalkProgress) -> ControlFlow<()>,
) -> Walk {
    let team = Team::new(reader, workers.len(), HELD, plan.size);
    let own = workers.pop();
    let result = thread::scope(|scope| {
        for state in workers {
            let team = &team;
            let work = move || {
                let mut worker = Worker::new(plan, team, work, state);
                while let Some(Job::Chunk(chunk)) = worker.job(false) {
                    worker.work(chunk);
                }
            };
            // Where the system starts no more of them, there are fewer.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        let mut worker = Worker::new(plan, &team, work, own?);
        while let Some(job) = worker.job(true) {
            let mut finished = match job {
                Job::Deliver(finished) => finished,
                Job::Chunk(chunk) => {
                    worker.work(chunk);
                    continue;
                }
            };
            let flow = team.deliver(work, state, &mut finished, take);
            if flow.is_break() || finished.end.is_some() {
                team.stop();
                return Some(Walk { frames: finished.number, result: finished.end.unwrap_or(Ok(())) });
            }
        }
        None
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

/// What a walk led to.
struct Stretch {
    batch: Batch,
    /// Where it ended, how many frames there were, and what is known there.
    offset: u64,
    count: u64,
    decoder: Decoder,
    end: Option<Result<(), CaptureError>>,
}

/// A chunk that was walked, if its first frame was found.
struct Walked {
    index: usize,
    until: u64,
    length: u64,
    /// Where the walk began, and how often what is known of interfaces had changed.
    start: u64,
    changes: u64,
    stretch: Option<Stretch>,
}

/// Walks chunks, each from where it seems to begin and again where that was wrong, and looks into their frames.
struct Worker<'a, W: Work> {
    plan: &'a Plan,
    team: &'a Team<W::Output>,
    work: &'a W,
    state: W::State,
    reader: Reader<At<'a>>,
    /// Chunks that wait for their turn.
    held: VecDeque<Walked>,
    spare: Vec<Batch>,
}

impl<'a, W: Work> Worker<'a, W> {
    fn new(plan: &'a Plan, team: &'a Team<W::Output>, work: &'a W, state: W::State) -> Self {
        let decoder = team.lock().decoder.clone();
        let reader = Reader::at(&plan.name, At { file: &plan.file, at: 0 }, 0, 0, decoder);
        Self { plan, team, work, state, reader, held: VecDeque::new(), spare: Vec::new() }
    }

    fn job(&self, delivers: bool) -> Option<Job<'a, W::Output>> {
        self.team.job(self.held.front().map(|walked| walked.index), self.held.len(), delivers)
    }

    fn work(&mut self, chunk: Chunk<'_, W::Output>) {
        match chunk {
            Chunk::Walk(index, shared) => {
                let walked = self.walk(index, shared);
                self.held.push_back(walked);
            }
            Chunk::Settle(shared) => {
                if let Some(walked) = self.held.pop_front() {
                    self.settle(walked, shared);
                }
            }
        }
    }

    fn go_to(&mut self, offset: u64, decoder: Decoder) {
        self.reader.input.at = offset;
        self.reader.restart(offset, decoder);
    }

    /// Walks from where the reader is.
    fn stretch(&mut self, until: u64) -> Stretch {
        let mut batch = self.spare.pop().unwrap_or_default();
        let wanted = |link, data: &[u8]| self.work.may_matter(link, data);
        let end = match self.reader.batch(until, self.plan.most, false, &mut batch, wanted) {
            Ok(true) => None,
            Ok(false) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        };
        let reader = &self.reader;
        let (offset, count, decoder) = (reader.offset(), reader.count(), reader.decoder().clone());
        Stretch { batch, offset, count, decoder, end }
    }

    /// Walks a chunk that was just taken.
    fn walk(&mut self, index: usize, mut shared: MutexGuard<'_, Shared<W::Output>>) -> Walked {
        let plan = self.plan;
        let length = if shared.sparse { plan.chunk.saturating_mul(LONG_CHUNK / CHUNK) } else { plan.chunk };
        let (begin, until) = (shared.begin, shared.begin.saturating_add(length));
        shared.begin = until;
        let exact = (shared.turn == index).then_some(shared.offset);
        let decoder = shared.decoder.clone();
        drop(shared);
        let changes = decoder.changes();
        self.go_to(exact.unwrap_or(begin), decoder);
        let found = exact.is_some() || self.reader.guess(until, plan.about).is_ok_and(|found| found);
        let start = self.reader.offset();
        let stretch = found.then(|| self.stretch(until));
        Walked { index, until, length, start, changes, stretch }
    }

    /// It is the turn of a chunk: it is counted, and what is in it is looked into.
    fn settle(&mut self, walked: Walked, shared: MutexGuard<'_, Shared<W::Output>>) {
        let Walked { index, until, length, start, changes, stretch } = walked;
        let (offset, base) = (shared.offset, shared.number);
        let right = start == offset && changes == shared.decoder.changes();
        let (stretch, mut shared) = match stretch {
            Some(stretch) if right => (stretch, shared),
            wrong => {
                self.spare.extend(wrong.map(|stretch| stretch.batch));
                let decoder = shared.decoder.clone();
                drop(shared);
                self.go_to(offset, decoder);
                (self.stretch(until), self.team.lock())
            }
        };
        let Stretch { mut batch, offset: position, count, decoder, end } = stretch;
        let number = base.saturating_add(count);
        (shared.offset, shared.number, shared.decoder) = (position, number, decoder);
        shared.turn = index.saturating_add(1);
        shared.sparse = is_sparse(&batch, length);
        if end.is_none() && position < until {
            // Ended early: those who walk already will go on from here, and get as far each.
            let under_way = u64::try_from(shared.claim.saturating_sub(shared.turn)).unwrap_or(u64::MAX);
            let most = u64::try_from(self.plan.most).unwrap_or(u64::MAX);
            let reach = position.saturating_add(under_way.saturating_mul(most));
            shared.begin = shared.begin.min(reach);
        }
        shared.stopped = end.is_some() || shared.stopped;
        self.team.tell(shared);
        let (pieces, kept) = self.team.look(self.work, &mut self.state, &mut batch, base);
        self.spare.push(batch);
        self.team.finish(index, Finished { pieces, batch: kept, base, number, position, end });
    }
}
