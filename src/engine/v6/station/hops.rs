//! Where frames to a neighbour go: its hardware address, which is asked for first (RFC 4861 §7.2).

use std::net::Ipv6Addr;
use std::time::Duration;

use crate::time::Instant;
use crate::wire::Mac;

/// How long a neighbour may take (RFC 4861 §10: `RETRANS_TIMER`).
const WAIT: Duration = Duration::from_secs(1);
/// How often it is asked (RFC 4861 §10: `MAX_MULTICAST_SOLICIT`).
const TRIES: u32 = 3;

/// A neighbour that is looked for.
#[derive(Clone, Copy, Debug)]
struct Search {
    target: Ipv6Addr,
    tries: u32,
    next: Instant,
}

/// What a search comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nobody is looked for.
    Idle,
    /// An answer may still come.
    Wait,
    /// Who has this address is to be asked.
    Ask(Ipv6Addr),
    /// Nobody answered for it.
    Failed(Ipv6Addr),
}

/// Neighbours that are known, and the one that is looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Hops {
    known: Vec<(Ipv6Addr, Mac)>,
    search: Option<Search>,
}

impl Hops {
    /// The hardware address of a neighbour, if it is known.
    pub(super) fn mac_of(&self, neighbour: Ipv6Addr) -> Option<Mac> {
        self.known.iter().find(|(ip, _)| *ip == neighbour).map(|(_, mac)| *mac)
    }

    /// True when this card said that it has the address.
    pub(super) fn is_at(&self, neighbour: Ipv6Addr, card: Option<Mac>) -> bool {
        self.known.iter().any(|(ip, mac)| *ip == neighbour && Some(*mac) == card)
    }

    /// Begins to look for a neighbour, unless it is looked for already.
    pub(super) fn look_for(&mut self, target: Ipv6Addr, now: Instant) {
        if self.search.is_none_or(|search| search.target != target) {
            self.search = Some(Search { target, tries: 0, next: now });
        }
    }

    /// Goes on looking.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        let Some(search) = &mut self.search else { return Step::Idle };
        let target = search.target;
        if now < search.next {
            return Step::Wait;
        }
        if search.tries >= TRIES {
            self.search = None;
            return Step::Failed(target);
        }
        search.tries = search.tries.saturating_add(1);
        search.next = now.after(WAIT);
        Step::Ask(target)
    }

    /// When to go on; `None` when nobody is looked for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.search.map(|search| search.next)
    }

    /// Notes where an address is. True when it was looked for.
    pub(super) fn found(&mut self, target: Ipv6Addr, mac: Mac) -> bool {
        let wanted = self.search.is_some_and(|search| search.target == target);
        if wanted {
            self.search = None;
            self.known.push((target, mac));
        }
        wanted
    }
}
