//! Live frames on their way to being joined and shown as exchanges.

use super::analyst::{Analyst, Look};
use super::exit::{Exit, Failure};
use super::flags::analysis::AnalysisArgs;
use super::flags::select::SelectArgs;
use super::flags::vendors::Vendors;
use crate::analysis::transaction::Batch;
use crate::capture::Frame;
use crate::output::flat::Rows;
use crate::run::gather::Gatherer;
use crate::time::Timestamp;

/// Gathers, joins and shows.
pub struct Joining<'a> {
    gatherer: Gatherer,
    batch: Batch,
    analyst: Analyst<'a>,
}

impl<'a> Joining<'a> {
    /// For what the flags ask for.
    pub fn new(
        select: &SelectArgs,
        args: &'a AnalysisArgs,
        look: Look,
        rows: Option<Rows>,
        vendors: Vendors,
    ) -> Result<Self, Failure> {
        Ok(Self {
            gatherer: Gatherer::new(&select.gathered(args.strict)?).map_err(Failure::usage)?,
            batch: Batch::default(),
            analyst: Analyst::new(args, look, rows, vendors),
        })
    }

    /// Takes the next frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.gatherer.frame(frame, &mut self.batch);
    }

    /// Joins what came, and closes what has been quiet for long at `now`.
    pub fn settle(&mut self, now: Timestamp) {
        self.analyst.take(&self.batch);
        self.batch.clear();
        self.analyst.advance(now.nanoseconds());
    }

    /// What was rendered since it was last cleared.
    pub fn bytes(&mut self) -> &[u8] {
        self.analyst.bytes()
    }

    /// Forgets what was rendered.
    pub fn clear(&mut self) {
        self.analyst.clear();
    }

    /// Nothing more comes: what is told at the end, of so many frames.
    pub fn finish(&mut self, frames: u64) -> Exit {
        self.analyst.take(&self.batch);
        self.batch.clear();
        self.analyst.finish();
        while self.analyst.more() {}
        self.analyst.conclude(None, frames);
        self.analyst.exit()
    }
}
