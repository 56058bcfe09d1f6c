//! Live frames on their way to being joined and shown as exchanges.

use std::convert::Infallible;

use super::analyst::{Analyst, Look};
use super::exit::{Exit, Failure};
use super::flags::analysis::AnalysisArgs;
use super::flags::select::SelectArgs;
use super::flags::vendors::Vendors;
use super::top::Top;
use crate::analysis::transaction::Batch;
use crate::capture::Frame;
use crate::output::flat::Rows;
use crate::output::when::TimeText;
use crate::run::gather::Gatherer;
use crate::time::Timestamp;

/// Gathers, joins and shows.
pub struct Joining<'a> {
    gatherer: Gatherer,
    batch: Batch,
    shown: Shown<'a>,
}

/// What is made of the messages.
enum Shown<'a> {
    /// Exchanges as they close.
    Exchanges(Box<Analyst<'a>>),
    /// A screen.
    Screen(Box<Top>),
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
        let analyst = Analyst::new(args, look, rows, vendors)
            .asked(TimeText::new(select.time.into()), select.selects());
        Ok(Self {
            gatherer: Gatherer::new(&select.gathered(args.strict)?).map_err(Failure::usage)?,
            batch: Batch::default(),
            shown: Shown::Exchanges(Box::new(analyst)),
        })
    }

    /// For a screen of how it stands.
    pub fn screen(select: &SelectArgs, top: Top) -> Result<Self, Failure> {
        Ok(Self {
            gatherer: Gatherer::new(&select.gathered(false)?).map_err(Failure::usage)?,
            batch: Batch::default(),
            shown: Shown::Screen(Box::new(top)),
        })
    }

    /// Takes the next frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.gatherer.frame(frame, &mut self.batch);
    }

    /// Joins what came, and closes what has been quiet for long at `now`. `size` asks for that of the terminal.
    pub fn settle(&mut self, now: Timestamp, size: impl FnOnce() -> Option<(usize, usize)>) {
        match &mut self.shown {
            Shown::Exchanges(analyst) => {
                analyst.take(&self.batch);
                analyst.advance(now.nanoseconds());
            }
            Shown::Screen(top) => {
                if let Some(size) = size() {
                    top.resize(size);
                }
                top.take(&self.batch, now.nanoseconds());
            }
        }
        self.batch.clear();
    }

    /// What was rendered since it was last cleared.
    pub fn bytes(&mut self) -> &[u8] {
        match &mut self.shown {
            Shown::Exchanges(analyst) => analyst.bytes(),
            Shown::Screen(top) => top.bytes(),
        }
    }

    /// Forgets what was rendered.
    pub fn clear(&mut self) {
        match &mut self.shown {
            Shown::Exchanges(analyst) => analyst.clear(),
            Shown::Screen(top) => top.clear(),
        }
    }

    /// Nothing more comes: what is told at the end, of so many frames.
    pub fn finish(&mut self, frames: u64, now: Timestamp) -> Exit {
        let analyst = match &mut self.shown {
            Shown::Exchanges(analyst) => analyst,
            Shown::Screen(top) => {
                top.take(&self.batch, now.nanoseconds());
                top.finish(now.nanoseconds());
                return Exit::Good;
            }
        };
        analyst.take(&self.batch);
        self.batch.clear();
        analyst.finish();
        while analyst.more() {}
        // What was heard live is little.
        let Ok(()) = analyst.conclude(None, frames, |_| Ok::<(), Infallible>(()));
        analyst.exit()
    }
}
