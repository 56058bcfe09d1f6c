//! What the servers of a segment have under way, whichever protocol they speak: when each is done with what it was given, the
//! checks that hold an answer back, and frames that wait for their receiver's hardware address.

use std::hash::Hash;
use std::sync::Arc;

use super::cable::Cable;
use super::resolver::NeighbourTable;
use super::settings::Settings;
use crate::time::Instant;
use crate::wire::Mac;

/// Checks that may be under way.
const MAX_PENDING: usize = 4096;

/// Servers `S`, whose clients are known by `C` and have addresses `A`.
#[derive(Debug)]
pub struct Desk<S, A, C> {
    /// How the segment is set.
    pub settings: Settings,
    /// The servers; threads share them.
    pub all: Arc<[S]>,
    /// Per server: when it is done with what it was given.
    pub busy_until: Vec<Instant>,
    /// Answers that are held back, in the order in which they are due.
    checks: Vec<Pending<A, C>>,
    /// What is known of neighbours.
    pub resolver: NeighbourTable<A>,
    /// Memory for a frame.
    pub spare: Vec<u8>,
}

/// An answer that waits until nobody spoke up for its address.
#[derive(Debug)]
pub struct Pending<A, C> {
    /// The server, by its place.
    pub server: usize,
    /// Who asked.
    pub client: C,
    /// The address; none any more when somebody has it.
    pub address: Option<A>,
    /// When it is over.
    pub due: Instant,
    /// The frame that asked.
    pub frame: Vec<u8>,
}

impl<S, A: Copy + Eq + Hash, C> Desk<S, A, C> {
    /// The desk of these servers.
    pub fn new(settings: &Settings, all: Arc<[S]>) -> Self {
        Self {
            settings: settings.clone(),
            busy_until: vec![Instant::default(); all.len()],
            all,
            checks: Vec::new(),
            resolver: NeighbourTable::default(),
            spare: Vec::new(),
        }
    }

    /// That of the same servers in another thread: the leases are shared.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self::new(&self.settings, Arc::clone(&self.all))
    }

    /// True while there is room for a check more.
    pub fn may_check(&self) -> bool {
        self.checks.len() < MAX_PENDING
    }

    /// True while this server looks for a client whether its address is free.
    pub fn checks_for(&self, server: usize, is_it: impl Fn(&C) -> bool) -> bool {
        self.checks.iter().any(|check| check.server == server && is_it(&check.client))
    }

    /// Begins a check.
    pub fn check(&mut self, pending: Pending<A, C>) {
        let at = self.checks.partition_point(|other| other.due <= pending.due);
        self.checks.insert(at, pending);
    }

    /// The next check that is over by `now`.
    pub fn checked(&mut self, now: Instant) -> Option<Pending<A, C>> {
        self.checks.first().filter(|check| check.due <= now)?;
        Some(self.checks.remove(0))
    }

    /// Asks again where neighbours are that did not answer.
    pub fn ask_again(&mut self, cable: &mut Cable) {
        for ask in self.resolver.ask_again(cable.now) {
            cable.emit(&ask, cable.now);
        }
    }

    /// When a check is over or somebody is to be asked again.
    pub fn next_due(&self) -> Option<Instant> {
        let check = self.checks.first().map(|check| check.due);
        [check, self.resolver.next_due()].into_iter().flatten().min()
    }

    /// It is known where an address is: what waited for that can go.
    pub fn is_at(&mut self, cable: &mut Cable, addr: A, mac: Mac) {
        for frame in self.resolver.is_at(addr, mac) {
            cable.emit(&frame, cable.now);
        }
    }

    /// Somebody has this address: the servers that look for it hear so. What they answer is then another one.
    pub fn in_use(&mut self, addr: A, tell: impl Fn(&S)) {
        for check in self.checks.iter_mut().filter(|check| check.address == Some(addr)) {
            if let Some(server) = self.all.get(check.server) {
                tell(server);
                check.address = None;
            }
        }
    }
}

/// Appends the answer to a question of DNS: no such name is known (RFC 1035 §4.1.1).
pub fn know_no_name(question: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(question);
    if let Some(flags) = out.get_mut(start..).and_then(|message| message.get_mut(2..4)) {
        // An answer; recursion is to be had; no error, and no record.
        flags.copy_from_slice(&[0x81, 0x80]);
    }
}
