//! With -v: the messages of every handshake, drawn below its row or inside its object.

use std::collections::VecDeque;

use crate::analysis::diagnosis::Account;
use crate::analysis::transaction::{Batch, Closed, Exchange, Message};
use crate::capture::Frame;
use crate::cli::context::Context;
use crate::engine::load::Finished;
use crate::output::Styled;
use crate::output::json::object::TransactionObject;
use crate::output::transaction::ladder::Ladder;
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
        let ladder = Ladder { width: cx.out.columns(), ascii: false, begins: None };
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
        for account in self.accounts(finished, began) {
            self.drawn = self.drawn.saturating_add(1);
            match &account.exchange {
                Closed::Four(exchange) => self.ladder.draw(exchange, self.drawn, &account.problems, out),
                Closed::Six(exchange) => self.ladder.draw(exchange, self.drawn, &account.problems, out),
            }
        }
    }

    /// The same as an object.
    pub(super) fn object<L>(
        &mut self,
        finished: &Finished<L>,
        began: Timestamp,
    ) -> Option<TransactionObject> {
        let account = self.accounts(finished, began).next()?;
        self.drawn = self.drawn.saturating_add(1);
        Some(TransactionObject::of(&account.exchange, self.drawn, &account.problems))
    }

    /// The exchanges that were this handshake.
    fn accounts<L>(
        &self,
        finished: &Finished<L>,
        began: Timestamp,
    ) -> impl Iterator<Item = Account> + use<L> {
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
        let (client, xid) = (HwAddr::from_slice(&finished.mac.0), finished.xid);
        Account::of(&batch).into_iter().filter(move |account| match &account.exchange {
            Closed::Four(exchange) => is_of(exchange, client, xid),
            Closed::Six(exchange) => is_of(exchange, client, xid),
        })
    }
}

/// True when an exchange is the client's with this identifier.
fn is_of<S: Message>(exchange: &Exchange<S>, client: HwAddr, xid: u32) -> bool {
    exchange.xids.contains(&xid) && exchange.mac.as_ref() == Some(&client)
}
