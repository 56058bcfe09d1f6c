//! A message that is asked again until it is answered (RFC 9915 §15).

use std::time::Duration;

use fastrand::Rng;

use crate::engine::v6::draft::Draft6;
use crate::engine::v6::recipe::{IaWish, Recipe6};
use crate::engine::v6::timer::{Schedule, hundredths};
use crate::time::Instant;
use crate::wire::v6::{Duid, MessageType};

/// A message and its repetitions: one transaction.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) kind: MessageType,
    pub(super) ias: Vec<IaWish>,
    pub(super) server: Option<Duid>,
    pub(super) lane: usize,
    /// When it is asked again; `None` before it was sent.
    pub(super) next: Option<Instant>,
    recipe: Recipe6,
    schedule: Schedule,
    started: Option<Instant>,
    before: Option<Duration>,
}

impl Ask {
    /// A message of this kind about `ias`, for `server` where it is for one. `recipe` has the transaction that it is.
    pub(super) fn new(
        kind: MessageType,
        ias: Vec<IaWish>,
        server: Option<Duid>,
        lane: usize,
        recipe: Recipe6,
        schedule: Schedule,
    ) -> Self {
        Self { kind, ias, server, lane, next: None, recipe, schedule, started: None, before: None }
    }

    /// It may not go out before its time.
    pub(super) fn waits(&self, now: Instant) -> bool {
        self.next.is_some_and(|next| now < next)
    }

    /// It was asked often or long enough: `sent` times so far.
    pub(super) fn is_exhausted(&self, sent: u32, now: Instant) -> bool {
        sent > 0 && (!self.schedule.may_repeat(sent) || self.last_moment().is_some_and(|last| now >= last))
    }

    /// The message, as it is at `now`.
    pub(super) fn draft(&mut self, now: Instant) -> Draft6 {
        let elapsed = hundredths(*self.started.get_or_insert(now), now);
        self.recipe.draft(self.recipe.message(self.kind, &self.ias, self.server.as_ref(), elapsed))
    }

    /// It was sent at `now`; how long an answer is waited for.
    pub(super) fn sent(&mut self, now: Instant, rng: &mut Rng) -> Duration {
        let delay = self.schedule.next(self.before, rng);
        self.before = Some(delay);
        let next = now.after(delay);
        self.next = Some(self.last_moment().map_or(next, |last| next.min(last)));
        delay
    }

    /// When it is given up at the latest; `sent` times it was asked so far.
    pub(super) fn gives_up(&self, sent: u32) -> Option<Instant> {
        let counted = || Some(self.next?.after(self.schedule.rest(sent, self.before?)?));
        self.last_moment().or_else(counted)
    }

    /// When it is given up, however often it was asked.
    fn last_moment(&self) -> Option<Instant> {
        let limit = Some(self.schedule.duration).filter(|limit| !limit.is_zero());
        Some(self.started?.after(limit?))
    }
}
