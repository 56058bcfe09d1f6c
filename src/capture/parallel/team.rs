//! What threads that walk one capture share: which chunks are taken, whose turn it is, and what is ready to be handed over.

use std::collections::VecDeque;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{FrameVerdict, WalkProgress, Work};
use crate::capture::CaptureError;
use crate::capture::batch::Batch;
use crate::capture::decoder::Decoder;
use crate::capture::reader::Reader;

/// How many chunks a worker walks before it is their turn. Who waited for it after each would go at the pace of the slowest.
pub(super) const HELD: usize = 2;
/// How many chunks may be under way besides those of the workers.
const AHEAD: usize = 2;
/// Where more than one in so many frames of a chunk has to be seen in order, who sees all in order deals with the rest of the
/// chunk alone: what would be done twice and in small parts takes longer than that.
const FEW: usize = 16;

/// What a chunk led to.
pub(super) struct Finished<O> {
    pub(super) pieces: Vec<Piece<O>>,
    /// Where the frames of the pieces lie; only where there are any.
    pub(super) batch: Option<Batch>,
    /// How many frames are before the chunk, and how many up to its end.
    pub(super) base: u64,
    pub(super) number: u64,
    pub(super) position: u64,
    pub(super) end: Option<Result<(), CaptureError>>,
}

pub(super) enum Piece<O> {
    Output(O),
    /// A frame of the batch, for the state that sees all in order.
    Ordered(usize),
    /// That frame and all behind it.
    Rest(usize),
}

/// What there is to be done next.
pub(super) enum Job<'a, O> {
    /// The next chunk in order waits to be handed over.
    Deliver(Finished<O>),
    Chunk(Chunk<'a, O>),
}

/// What is to be done with a chunk.
pub(super) enum Chunk<'a, O> {
    /// It is the turn of the first one that is held.
    Settle(MutexGuard<'a, Shared<O>>),
    /// Nobody has taken it before.
    Walk(usize, MutexGuard<'a, Shared<O>>),
}

/// What the threads share.
pub(super) struct Shared<O> {
    /// The next chunk that nobody has taken, and where it begins.
    pub(super) claim: usize,
    pub(super) begin: u64,
    /// Few frames of late mattered.
    pub(super) sparse: bool,
    /// The chunk whose turn it is to be counted, and what is known up to its start.
    pub(super) turn: usize,
    pub(super) offset: u64,
    pub(super) number: u64,
    pub(super) decoder: Decoder,
    /// The chunk in front of `ready`, and what later ones led to.
    front: usize,
    ready: VecDeque<Option<Finished<O>>>,
    /// The capture ended in a chunk, or nobody wants more.
    pub(super) stopped: bool,
    spare: Vec<O>,
    spare_batches: Vec<Batch>,
    /// How many threads wait: to wake nobody takes a system call as well.
    waiting: usize,
}

impl<O> Shared<O> {
    /// Takes the next chunk, if there is one and not too many are under way.
    fn claim(&mut self, team: &Team<O>) -> Option<usize> {
        if self.stopped || !self.has_more(team) || !self.has_room(team) {
            return None;
        }
        let index = self.claim;
        self.claim = index.saturating_add(1);
        Some(index)
    }

    fn has_more(&self, team: &Team<O>) -> bool {
        self.begin < team.size
    }

    fn has_room(&self, team: &Team<O>) -> bool {
        self.claim < self.front.saturating_add(team.depth)
    }

    /// All that was taken was handed over, and there is no more.
    fn is_over(&self, team: &Team<O>) -> bool {
        self.front >= self.claim && !self.has_more(team)
    }

    /// What the next chunk in order led to, if that is known.
    fn next_ready(&mut self) -> Option<Finished<O>> {
        let finished = self.ready.front_mut()?.take()?;
        self.ready.pop_front();
        self.front = self.front.saturating_add(1);
        Some(finished)
    }
}

pub(super) struct Team<O> {
    shared: Mutex<Shared<O>>,
    /// Something has changed.
    changed: Condvar,
    depth: usize,
    /// Chunks begin before this offset.
    size: u64,
}

impl<O: Default> Team<O> {
    /// Of threads that each have up to `each` chunks under way.
    pub(super) fn new(reader: &Reader<impl Read>, threads: usize, each: usize, size: u64) -> Self {
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
            waiting: 0,
        };
        let depth = threads.saturating_mul(each).saturating_add(AHEAD);
        Self { shared: Mutex::new(shared), changed: Condvar::new(), depth, size }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared<O>> {
        // A thread that panicked left nothing half-done that anybody relies on.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, mut shared: MutexGuard<'a, Shared<O>>) -> MutexGuard<'a, Shared<O>> {
        shared.waiting = shared.waiting.saturating_add(1);
        let mut shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        shared.waiting = shared.waiting.saturating_sub(1);
        shared
    }

    /// Tells those who wait that something has changed.
    pub(super) fn tell(&self, shared: MutexGuard<'_, Shared<O>>) {
        let anybody = shared.waiting > 0;
        drop(shared);
        if anybody {
            self.changed.notify_all();
        }
    }

    /// What is to be done next by somebody who holds so many walked chunks, of which `first` is the first. Waits for it; none when
    /// there is nothing left to do. Only who `delivers` hands chunks over.
    pub(super) fn job(&self, first: Option<usize>, held: usize, delivers: bool) -> Option<Job<'_, O>> {
        let mut shared = self.lock();
        loop {
            if delivers && let Some(finished) = shared.next_ready() {
                self.tell(shared);
                return Some(Job::Deliver(finished));
            }
            if !shared.stopped && first == Some(shared.turn) {
                return Some(Job::Chunk(Chunk::Settle(shared)));
            }
            if held < HELD
                && let Some(index) = shared.claim(self)
            {
                return Some(Job::Chunk(Chunk::Walk(index, shared)));
            }
            let idle = shared.stopped || (held == 0 && !shared.has_more(self));
            if if delivers { shared.is_over(self) } else { idle } {
                return None;
            }
            shared = self.wait(shared);
        }
    }

    /// Takes the next chunk, for which it may wait; none when there are no more.
    pub(super) fn claim(&self) -> Option<(usize, MutexGuard<'_, Shared<O>>)> {
        let mut shared = self.lock();
        loop {
            if let Some(index) = shared.claim(self) {
                return Some((index, shared));
            }
            if shared.stopped || !shared.has_more(self) {
                return None;
            }
            shared = self.wait(shared);
        }
    }

    /// Hands in what chunk `index` led to.
    pub(super) fn finish(&self, index: usize, finished: Finished<O>) {
        let mut shared = self.lock();
        let place = index.saturating_sub(shared.front);
        if shared.ready.len() <= place {
            shared.ready.resize_with(place.saturating_add(1), || None);
        }
        if let Some(slot) = shared.ready.get_mut(place) {
            *slot = Some(finished);
        }
        self.tell(shared);
    }

    /// What the next chunk in order led to; none after the last one.
    pub(super) fn next(&self) -> Option<Finished<O>> {
        let mut shared = self.lock();
        loop {
            if let Some(finished) = shared.next_ready() {
                self.tell(shared);
                return Some(finished);
            }
            if shared.is_over(self) {
                return None;
            }
            shared = self.wait(shared);
        }
    }

    pub(super) fn stop(&self) {
        let mut shared = self.lock();
        shared.stopped = true;
        self.tell(shared);
    }

    /// Looks into the frames of a batch. Outputs are taken from the spare ones and there are few of them.
    pub(super) fn look<W: Work<Output = O>>(
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
    pub(super) fn deliver<W: Work<Output = O>>(
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
        if pieces.peek().is_none() {
            // Nothing came of it: time goes on all the same.
            take(&mut own, WalkProgress { position, waits: true, more: false })?;
        }
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
