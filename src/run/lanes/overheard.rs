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
    vlans: Vec<u16>,
}

impl Overheard {
    /// For exchanges of `own` on `vlans`, which this watch knows.
    pub fn new(watch: Watch, own: Mac, vlans: Vec<u16>) -> Self {
        Self { watch, own, vlans }
    }

    pub(super) fn arrived(&mut self, at: Instant, frame: &[u8]) {
        self.watch.overhear(at, &Content::aside(LinkType::ETHERNET, frame, &self.vlans), self.own);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v4::watch::Rule;
    use crate::wire::arp::Arp;
    use crate::wire::frame::build::arp_frame;
    use crate::wire::v4::Xid;

    const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const SERVER: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn overheard(broadcast: bool) -> Overheard {
        let rule = Rule { xid: Xid(7), client: CLIENT.into(), ports: [68, 68] };
        Overheard::new(Watch::new(rule, broadcast), CLIENT, Vec::new())
    }

    #[test]
    fn who_asks_in_vain_for_what_was_offered_is_named() {
        let address = [10, 9, 0, 100].into();
        let question = Arp::request(SERVER, [10, 9, 0, 1].into(), address);
        let frame = arp_frame(&question, SERVER, Mac::BROADCAST, &[]);
        let heard = |mut listener: Overheard| {
            for second in 0..3 {
                listener.arrived(Instant(second * 1_000_000_000), &frame);
            }
            listener.findings(None)
        };
        assert_eq!(heard(overheard(false)), [Finding::AskedInVain { address, mac: SERVER, count: 3 }]);
        // Who asked for a broadcast has no use for it.
        assert_eq!(heard(overheard(true)), []);
    }

    #[test]
    fn what_did_not_leave_is_told_where_it_is_known() {
        assert_eq!(overheard(false).findings(Some(2)), [Finding::NothingLeft(2)]);
        assert_eq!(overheard(false).findings(None), []);
        let mut seen = overheard(false);
        seen.left();
        assert_eq!(seen.findings(Some(2)), []);
    }
}
