//! The frames of a zstd file side by side: a thread reads the file and finds where frames end, others decompress what lies between,
//! and what they make of it is taken in the order of the file.
//!
//! A frame is decompressed while it is still read, and what it says of its size plays no role. How much is read and how much is made
//! ahead of its turn is bounded, and whoever comes to a bound waits for the turn. Nothing is known of damage here: it is found,
//! as ever, by who decompresses, and what lies behind it is never taken.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use zstd::zstd_safe::DCtx;

use super::layout::Layout;
use super::zstandard::Zstd;
use super::{INPUT, Piece, Pieces, Portion, Unread};
use crate::capture::ahead::{Ahead, Block, Blocks, Pool, WAITING, fill, pump, start};

/// More threads than this would wait for who walks what they make.
const MOST_THREADS: usize = 4;
/// The memory for a larger window is not kept for the next job.
const WINDOW: u64 = 8 << 20;

/// How much is done at a time, and ahead.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// How much is read at once.
    pub(super) portion: usize,
    /// How much of that there may be, for each thread, that nobody has decompressed yet.
    pub(super) read: usize,
    /// How many blocks are made of a job before its turn. Fewer than a large frame has: two threads need not wait for each other
    /// where each gets half of one ahead.
    pub(super) made: usize,
    /// Beside a longer frame there is no other to decompress: no more is read and made ahead than of a file with one.
    pub(super) long: u64,
    /// Short frames are one job together until they have so many bytes, or so many decompressed: to hand over a job takes some
    /// microseconds.
    pub(super) enough: u64,
    pub(super) enough_content: u64,
    /// Fewer bytes are no job whatever comes out of them: a file of frames of a few bytes each would be nothing but jobs.
    pub(super) least: u64,
}

pub(super) const BOUNDS: Bounds = Bounds {
    portion: INPUT,
    read: 32,
    made: 24,
    long: 8 << 20,
    enough: 256 << 10,
    enough_content: 1 << 20,
    least: 8 << 10,
};

/// Frames to decompress.
struct Job {
    what: What,
    hand_over: SyncSender<io::Result<Block>>,
}

enum What {
    /// What another thread began.
    Rest(Zstd),
    /// Frames that begin at this byte of the file.
    Frames(u64, Pieces),
}

/// Has the rest of `zstd` read by a thread and its frames decompressed by up to `threads` others; gives it back where the system
/// starts none.
pub(in crate::capture) fn side_by_side(zstd: Box<Zstd>, threads: usize) -> Result<Ahead, Box<Zstd>> {
    let (reader, ahead) = Cutter::new(threads.clamp(1, MOST_THREADS), BOUNDS);
    reader.start(zstd)?;
    Ok(ahead)
}

/// Reads the file and cuts it into jobs.
pub(super) struct Cutter {
    bounds: Bounds,
    /// What those who decompress have: the jobs, and memory for what they make.
    jobs: Arc<Mutex<Receiver<Job>>>,
    pub(super) made: Arc<Pool>,
    /// How many of them there may be, and are.
    threads: usize,
    started: usize,
    queue: Sender<Job>,
    /// What they make, in the order of the file.
    order: SyncSender<Blocks>,
    layout: Layout,
    /// Memory for what is read.
    pub(super) pool: Arc<Pool>,
    /// Where what is read belongs, unless that begins a new job.
    pieces: Option<Sender<io::Result<Piece>>>,
    /// How far the file was gone over, and how much of it is in this job.
    at: u64,
    length: u64,
    /// There is nothing to be gained from reading this job far ahead. So it is with the first, which may be the only one.
    narrow: bool,
}

impl Cutter {
    /// One for so many threads that decompress, and what comes of them.
    pub(super) fn new(threads: usize, bounds: Bounds) -> (Self, Ahead) {
        let ((queue, jobs), (order, parts)) = (channel(), sync_channel(threads));
        let (jobs, made) = (Arc::new(Mutex::new(jobs)), Arc::<Pool>::default());
        let ahead = Ahead::of(parts, Arc::clone(&made));
        let (started, at, length, narrow) = (0, 0, 0, true);
        let (layout, pool, pieces) = (Layout::new(), Arc::default(), None);
        let reader = Self {
            bounds,
            jobs,
            made,
            threads,
            started,
            queue,
            order,
            layout,
            pool,
            pieces,
            at,
            length,
            narrow,
        };
        (reader, ahead)
    }

    /// Begins with what is left of `zstd`.
    pub(super) fn start(mut self, zstd: Box<Zstd>) -> Result<(), Box<Zstd>> {
        self.help();
        if self.started == 0 {
            return Err(zstd);
        }
        start("reader", zstd, move |zstd| {
            self.run(*zstd);
        })
    }

    /// Reads until the end, an error, or nobody wants more.
    fn run(mut self, mut zstd: Zstd) -> Option<()> {
        let (pieces, receiver) = channel();
        let Some((unread, layout)) = zstd.read_pieces(Pieces::new(receiver)) else {
            // Another thread reads it already.
            return self.submit(What::Rest(zstd));
        };
        let Unread { first, at, mut input } = unread;
        (self.layout, self.at, self.pieces) = (layout, at, Some(pieces));
        self.submit(What::Rest(zstd))?;
        let (mut bytes, mut end) = (self.pool.take(first.len(), usize::MAX), first.len());
        bytes.copy_from_slice(&first);
        let mut more = Ok(true);
        loop {
            self.cut(Portion { bytes, pool: Arc::clone(&self.pool) }, end)?;
            match more {
                Ok(true) => {}
                Ok(false) => return Some(()),
                Err(error) => return self.job()?.send(Err(error)).ok(),
            }
            let most = if self.narrow || self.length > self.bounds.long {
                // One that is filled, one that is used up.
                WAITING.saturating_add(2)
            } else {
                self.bounds.read.saturating_mul(self.threads)
            };
            (bytes, end) = (self.pool.take(self.bounds.portion, most), 0);
            more = fill(&mut input, &mut bytes, &mut end);
        }
    }

    /// Gives each job what it gets of what was read; none when nobody wants more.
    fn cut(&mut self, portion: Portion, end: usize) -> Option<()> {
        let read = Arc::new(portion);
        let (mut begin, mut at): (usize, usize) = (0, 0);
        while at < end {
            let (count, ends) = self.layout.scan(read.bytes.get(at..end)?);
            at = at.saturating_add(count);
            let count = u64::try_from(count).ok()?;
            let pieces = self.job()?.clone();
            (self.at, self.length) = (self.at.saturating_add(count), self.length.saturating_add(count));
            let ends = ends && self.is_enough();
            if ends || at == end {
                pieces.send(Ok(Piece { read: Arc::clone(&read), at: begin, end: at })).ok()?;
                begin = at;
            }
            if ends {
                self.close();
            }
        }
        Some(())
    }

    /// Ends this job, and decides how the next one is read: as the only frame of a file, where this one was long, for all may be,
    /// and where it was hardly compressed. To decompress that is little more than to copy it, which takes twice as long where
    /// it comes out of no cache because others were gone through meanwhile.
    fn close(&mut self) {
        let hardly = self.layout.content.saturating_mul(2) < self.length.saturating_mul(3);
        self.narrow = hardly || self.length > self.bounds.long;
        (self.pieces, self.length, self.layout.content) = (None, 0, 0);
    }

    /// This job is worth handing over.
    fn is_enough(&self) -> bool {
        let Bounds { enough, enough_content, least, .. } = self.bounds;
        self.length >= enough || (self.layout.content >= enough_content && self.length >= least)
    }

    /// The job that what was read last belongs to, or a new one; none when nobody wants more.
    fn job(&mut self) -> Option<&Sender<io::Result<Piece>>> {
        if self.pieces.is_none() {
            let (pieces, receiver) = channel();
            self.submit(What::Frames(self.at, Pieces::new(receiver)))?;
            if !self.narrow {
                self.help();
            }
            self.pieces = Some(pieces);
        }
        self.pieces.as_ref()
    }

    /// Has somebody decompress `what`, once few enough jobs are under way; none when nobody wants more.
    fn submit(&mut self, what: What) -> Option<()> {
        let (hand_over, blocks) = sync_channel(if self.narrow { WAITING } else { self.bounds.made });
        self.order.send(blocks).ok()?;
        self.queue.send(Job { what, hand_over }).ok()
    }

    /// Starts another thread to decompress, if there may be one more.
    fn help(&mut self) {
        if self.started < self.threads {
            let (jobs, made) = (Arc::clone(&self.jobs), Arc::clone(&self.made));
            let started = start("decompressor", (jobs, made), |(jobs, made)| work(&jobs, &made));
            self.started = self.started.saturating_add(usize::from(started.is_ok()));
        }
    }
}

/// Decompresses job after job.
fn work(jobs: &Mutex<Receiver<Job>>, made: &Pool) {
    let mut context: Option<DCtx<'static>> = None;
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { what, hand_over }) = job else { return };
        let mut zstd = match what {
            What::Rest(zstd) => zstd,
            What::Frames(at, pieces) => Zstd::behind(at, pieces, context.take()),
        };
        let whole = pump(&mut zstd, &hand_over, made);
        context = if whole { zstd.into_context(WINDOW) } else { None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bytes_are_no_job_whatever_comes_out_of_them() {
        let (mut cutter, _ahead) = Cutter::new(1, BOUNDS);
        for (length, content, enough) in [
            (54, 1 << 20, false),
            (8191, 1 << 40, false),
            (8192, 1 << 20, true),
            (8192, 1000, false),
            (256 << 10, 0, true),
        ] {
            (cutter.length, cutter.layout.content) = (length, content);
            assert_eq!(cutter.is_enough(), enough, "{length} bytes, {content} made of them");
        }
    }
}
