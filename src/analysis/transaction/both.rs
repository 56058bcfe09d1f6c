//! Both protocols joined side by side: exchanges come out in one order.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::desk::{AHEAD, Options};
use super::exchange::Exchange;
use super::join::Joiner;
use super::join6::{Joined, Joiner6};
use super::names::Outcome;
use super::seen::{Batch, Item};
use super::six::Exchange6;

/// An exchange that has closed.
#[derive(Clone, Debug)]
pub enum Closed {
    /// Of DHCPv4.
    Four(Box<Exchange>),
    /// Of DHCPv6.
    Six(Box<Exchange6>),
}

impl Closed {
    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Four(exchange) => exchange.outcome,
            Self::Six(exchange) => exchange.outcome,
        }
    }

    /// The frames of its messages.
    pub fn frames(&self) -> Vec<u64> {
        match self {
            Self::Four(exchange) => exchange.steps.iter().map(|step| step.seen.frame).collect(),
            Self::Six(exchange) => exchange.steps.iter().map(|step| step.seen.frame).collect(),
        }
    }
}

/// Who joins messages and hears what becomes of them.
pub trait Follow {
    /// What joins them.
    fn joiner(&mut self) -> &mut Both;

    /// A message or sign has come, and was joined.
    fn joined(&mut self, item: &Item, joined: Joined, batch: &Batch);

    /// An exchange has closed.
    fn closed(&mut self, closed: Closed);

    /// These come next.
    fn ahead(&self, _items: &[Item]) {}

    /// Takes what came next. Where one batch ends and the next begins is chance, and must not show: only items move the clock, and
    /// what closes is handed on at once, before what came later is heard.
    fn follow(&mut self, batch: &Batch) {
        let mut moved = false;
        for some in batch.items.chunks(AHEAD) {
            self.joiner().warm(some);
            self.ahead(some);
            for item in some {
                if let Some(time) = batch.time_of(item) {
                    self.joiner().advance(time);
                    self.hand_on();
                    moved = true;
                }
                let joined = self.joiner().item(item, batch);
                self.joined(item, joined, batch);
                self.hand_on();
            }
        }
        let joiner = self.joiner();
        joiner.reached = if moved { batch.last } else { joiner.reached.max(batch.last) };
    }

    /// Hands on what has closed.
    fn hand_on(&mut self) {
        while let Some(closed) = self.joiner().next_closed() {
            self.closed(closed);
        }
    }
}

/// Joins messages of both protocols, in the order of the capture.
pub struct Both {
    four: Joiner,
    six: Joiner6,
    closed: VecDeque<Closed>,
    /// What is over and closes next, of each protocol in the order of first frames, and when that was. It may be all that was open, and
    /// is larger once it has closed.
    over: (VecDeque<u32>, i64),
    over6: (VecDeque<u32>, i64),
    /// The input has ended, and those that are open do not know.
    ends: bool,
    max_open: usize,
    /// How far the input went since the last message.
    reached: Option<i64>,
}

impl Both {
    /// A joiner that has met nothing.
    pub fn new(options: Options) -> Self {
        Self {
            four: Joiner::new(options),
            six: Joiner6::new(options),
            closed: VecDeque::new(),
            over: (VecDeque::new(), 0),
            over6: (VecDeque::new(), 0),
            ends: false,
            max_open: options.max_open,
            reached: None,
        }
    }

    /// These are joined next.
    fn warm(&self, items: &[Item]) {
        self.four.warm(items);
    }

    /// What has closed and was not handed on yet.
    pub fn closed(&self) -> impl Iterator<Item = &Closed> + Clone {
        self.closed.iter()
    }

    /// Joins one item; it is at the clock already.
    fn item(&mut self, item: &Item, batch: &Batch) -> Joined {
        let joined = match item {
            Item::Message(entry) => Joined { role: self.four.message(entry, batch), ..Joined::default() },
            Item::Six(entry) => self.six.message(entry, batch),
            Item::Router(_) | Item::Sign(_) => Joined::default(),
        };
        self.make_room();
        self.collect();
        joined
    }

    /// Joins a batch; what closes is kept, and `observe` is called with each item. For who judges nothing.
    #[cfg(test)]
    pub(crate) fn batch(&mut self, batch: &Batch, observe: impl FnMut(&Item, Joined)) {
        struct Kept<'a, F>(&'a mut Both, F, Vec<Closed>);
        impl<F: FnMut(&Item, Joined)> Follow for Kept<'_, F> {
            fn joiner(&mut self) -> &mut Both {
                self.0
            }
            fn joined(&mut self, item: &Item, joined: Joined, _: &Batch) {
                (self.1)(item, joined);
            }
            fn closed(&mut self, closed: Closed) {
                self.2.push(closed);
            }
        }
        let mut kept = Kept(self, observe, Vec::new());
        kept.follow(batch);
        let closed = kept.2;
        self.closed.extend(closed);
    }

    /// The exchanges that have closed, in order.
    #[cfg(test)]
    pub(crate) fn take_closed(&mut self) -> Vec<Closed> {
        std::mem::take(&mut self.closed).into()
    }

    /// How many exchanges are open.
    pub fn count_open(&mut self) -> usize {
        self.four.desk().len().saturating_add(self.six.desk().len())
    }

    /// The exchanges of DHCPv4 that are open, in no order.
    pub fn open(&self) -> impl Iterator<Item = Cow<'_, Exchange>> {
        self.four.open()
    }

    /// The exchanges of DHCPv6 that are open, in no order.
    pub fn open6(&self) -> impl Iterator<Item = Cow<'_, Exchange6>> {
        self.six.open()
    }

    /// The last moment known of any input.
    pub fn now(&self) -> Option<i64> {
        self.four.now().max(self.six.now())
    }

    /// How many were closed to make room.
    pub fn evicted(&self) -> u64 {
        self.four.evicted().saturating_add(self.six.evicted())
    }

    /// Time has come to `now`: what is over then is [handed on](Follow::hand_on) next.
    pub fn advance(&mut self, now: i64) {
        if self.four.desk().rests(now) & self.six.desk().rests(now) {
            return;
        }
        while self.close_next() {}
        let ((four, at), (six, at6)) = (self.four.due(now), self.six.due(now));
        (self.over, self.over6) = ((four.into(), at), (six.into(), at6));
    }

    /// The next that has closed.
    fn next_closed(&mut self) -> Option<Closed> {
        if self.closed.is_empty() {
            self.close_next();
        }
        self.closed.pop_front()
    }

    /// Closes the next of what is over; false where nothing is.
    fn close_next(&mut self) -> bool {
        let ((four, at), (six, at6)) = (&mut self.over, &mut self.over6);
        let (own, other) = match (four.front(), six.front()) {
            (None, None) => return false,
            (own, other) => (
                own.map(|id| self.four.desk().first_frame(*id)),
                other.map(|id| self.six.desk().first_frame(*id)),
            ),
        };
        if own.is_some_and(|own| other.is_none_or(|other| own <= other)) {
            if let Some(id) = four.pop_front() {
                self.four.close(id, *at);
            }
        } else if let Some(id) = six.pop_front() {
            self.six.close(id, *at6);
        }
        self.collect();
        true
    }

    /// Closes everything: the input ends here.
    pub fn finish(&mut self) {
        self.end();
        while self.close_some(usize::MAX) {}
    }

    /// The input ends here; [`close_some`](Self::close_some) closes what is open, so that not all of it is in memory as a whole.
    pub fn end(&mut self) {
        if let Some(reached) = self.reached.take() {
            self.advance(reached);
        }
        self.ends = true;
    }

    /// Closes at most `count` more exchanges after the [`end`](Self::end); false when none is left.
    pub fn close_some(&mut self, count: usize) -> bool {
        for closed in 0..count {
            if self.close_next() {
                continue;
            }
            if std::mem::take(&mut self.ends) {
                self.four.end();
                self.six.end();
                self.collect();
            }
            if closed == 0 {
                self.four.desk().warm(count);
                self.six.desk().warm(count);
            }
            match (self.four.desk().ends_next(), self.six.desk().ends_next()) {
                (None, None) => return false,
                (Some(own), other) if other.is_none_or(|other| own <= other) => {
                    if let Some((id, end)) = self.four.desk().next_ending() {
                        self.four.close(id, end);
                    }
                }
                _ => {
                    if let Some((id, end)) = self.six.desk().next_ending() {
                        self.six.close(id, end);
                    }
                }
            }
            self.collect();
        }
        true
    }

    /// An exchange that is not needed any more, for its memory; what there is no need of.
    pub fn give_back(&mut self, closed: Closed) -> Option<Closed> {
        match closed {
            Closed::Four(exchange) => self.four.desk().give_back(exchange).map(Closed::Four),
            Closed::Six(exchange) => self.six.desk().give_back(exchange).map(Closed::Six),
        }
    }

    /// Both together hold no more open than one may: the larger gives way.
    fn make_room(&mut self) {
        if self.count_open() <= self.max_open {
            return;
        }
        let (four, six) = (self.four.desk().len(), self.six.desk().len());
        if six > four {
            if let Some((id, now)) = self.six.desk().evict() {
                self.six.close(id, now);
            }
        } else if let Some((id, now)) = self.four.desk().evict() {
            self.four.close(id, now);
        }
    }

    #[inline]
    fn collect(&mut self) {
        if self.four.has_closed() || self.six.has_closed() {
            self.take_over();
        }
    }

    fn take_over(&mut self) {
        self.closed.extend(self.four.drain_closed().map(Closed::Four));
        self.closed.extend(self.six.drain_closed().map(Closed::Six));
    }
}
