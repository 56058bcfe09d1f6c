//! What passes a lane beside its exchanges and may say why they have no answer, in the words of `discover`.

use crate::engine::v4::incoming::Content;
use crate::engine::v4::silence::{Finding, seen};
use crate::engine::v4::watch::Watch;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::LinkType;

/// Somebody who listens to what is no answer, for as long as there is none.
#[derive(Clone, Debug)]
pub struct Overheard {
    watch: Watch,
    own: Mac,
}

impl Overheard {
    /// For exchanges of `own`, which this watch knows.
    pub fn new(watch: Watch, own: Mac) -> Self {
        Self { watch, own }
    }

    pub(super) fn arrived(&mut self, at: Instant, frame: &[u8]) {
        self.watch.overhear(at, &Content::aside(LinkType::ETHERNET, frame), self.own);
    }

    pub(super) fn left(&mut self) {
        self.watch.left = self.watch.left.saturating_add(1);
    }

    /// What it was; `handed` frames were sent, where it is known which of them left.
    pub(super) fn findings(mut self, handed: Option<u64>) -> Vec<Finding> {
        self.watch.handed = handed.unwrap_or(0);
        seen(&self.watch, false)
    }
}
