//! With -v: the messages of every handshake, drawn below its row.

use std::collections::VecDeque;

use crate::analysis::diagnosis::{Account, Diagnosis};
use crate::analysis::transaction::{Batch, Closed, Exchange};
use crate::capture::Frame;
use crate::cli::context::Context;
use crate::engine::load::Finished;
use crate::output::Styled;
use crate::output::transaction::ladder::Ladder;
use crate::output::transaction::view::Shown;
use crate::run::gather::Gatherer;
use crate::time::Timestamp;
use crate::wire::HwAddr;
use crate::wire::frame::Direction;

/// Frames that are remembered: those of what is under way, as far as a person can follow it.
const MOST: usize = 256;

/// By how many nanoseconds a stamp may seem to be before the beginning: it was told by another clock.
const SLACK: i64 = 1_000_000;

/// The messages that passed last, and who draws them.
pub(super) struct Ladders {
    interface: String,
    ladder: Ladder,
    frames: VecDeque<(Timestamp, bool, Vec<u8>)>,
    drawn: u64,
}

impl Ladders {
    /// For who wants more than rows.
    pub(super) fn of(interface: &str, cx: &Context) -> Self {
        let ladder = Ladder { width: cx.out.columns(), ascii: false };
        Self { interface: interface.to_owned(), ladder, frames: VecDeque::new(), drawn: 0 }
    }

    /// Remembers what passed.
    pub(super) fn take(&mut self, frames: &[(Timestamp, bool, Vec<u8>)]) {
        self.frames.extend(frames.iter().cloned());
        let over = self.frames.len().saturating_sub(MOST);
        self.frames.drain(..over);
    }

    /// Draws one handshake; `began` is when, by the clock of the frames' stamps.
    pub(super) fn draw<L>(&mut self, finished: &Finished<L>, began: Timestamp, out: &mut Styled) {
        let (mut gatherer, mut batch) = (Gatherer::of_all(), Batch::default());
        let since = began.nanoseconds().saturating_sub(SLACK);
        let since = self.frames.partition_point(|(time, ..)| time.nanoseconds() < since);
        for ((time, sent, frame), number) in self.frames.iter().skip(since).zip(1..) {
            gatherer.frame(
                &Frame {
                    time: Some(*time),
                    interface_name: Some(&self.interface),
                    direction: Some(if *sent { Direction::Out } else { Direction::In }),
                    ..Frame::of(number, frame)
                },
                &mut batch,
            );
        }
        for account in Account::of(&batch) {
            match &account.exchange {
                Closed::Four(exchange) => self.one(exchange, finished, &account.problems, out),
                Closed::Six(exchange) => self.one(exchange, finished, &account.problems, out),
            }
        }
    }

    /// Draws an exchange, if it is the one that has finished.
    fn one<S: Shown, L>(
        &mut self,
        exchange: &Exchange<S>,
        finished: &Finished<L>,
        problems: &[Diagnosis],
        out: &mut Styled,
    ) {
        let client = HwAddr::from_slice(&finished.mac.0);
        if exchange.xids.contains(&finished.xid) && exchange.mac.as_ref() == Some(&client) {
            self.drawn = self.drawn.saturating_add(1);
            self.ladder.draw(exchange, self.drawn, problems, out);
        }
    }
}
