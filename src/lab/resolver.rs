//! Where a neighbour's hardware address is not known yet, frames wait until it is: the same for ARP and IPv6.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::time::Instant;
use crate::wire::Mac;

/// How long a host waits for an answer before it asks again, and how often it asks (RFC 1122 §2.3.2.1, RFC 4861 §10).
const WAIT: Duration = Duration::from_secs(1);
const TRIES: u8 = 3;
/// Addresses that may be asked for at once.
const MAX_PENDING: usize = 4096;
/// Addresses that are remembered.
const MAX_KNOWN: usize = 65_536;
/// Frames that wait for one address.
const MAX_FRAMES: usize = 3;

/// What a host knows of its neighbours.
#[derive(Debug)]
pub struct NeighbourTable<A> {
    known: HashMap<A, Mac>,
    pending: HashMap<A, Pending>,
}

/// Frames that wait for the hardware address of their receiver.
#[derive(Debug)]
struct Pending {
    tries: u8,
    again: Instant,
    ask: Vec<u8>,
    frames: Vec<Vec<u8>>,
}

impl<A: Copy + Eq + Hash> Default for NeighbourTable<A> {
    fn default() -> Self {
        Self { known: HashMap::new(), pending: HashMap::new() }
    }
}

impl<A: Copy + Eq + Hash> NeighbourTable<A> {
    /// Where `target` is.
    pub fn known(&self, target: A) -> Option<Mac> {
        self.known.get(&target).copied()
    }

    /// Keeps `frame` until it is known where `target` is. Returns the frame that asks, which `ask` writes, unless it was sent
    /// already.
    pub fn wait(
        &mut self,
        target: A,
        frame: &[u8],
        now: Instant,
        ask: impl FnOnce(&mut Vec<u8>),
    ) -> Option<&[u8]> {
        if let Some(waiting) = self.pending.get_mut(&target) {
            if waiting.frames.len() < MAX_FRAMES {
                waiting.frames.push(frame.to_vec());
            }
            return None;
        }
        if self.pending.len() >= MAX_PENDING {
            return None;
        }
        let mut question = Vec::new();
        ask(&mut question);
        let pending =
            Pending { tries: 1, again: now.after(WAIT), ask: question, frames: vec![frame.to_vec()] };
        Some(&self.pending.entry(target).or_insert(pending).ask)
    }

    /// Somebody has this address: the frames that waited for it, now with their receiver.
    pub fn is_at(&mut self, addr: A, mac: Mac) -> Vec<Vec<u8>> {
        let Some(mut waiting) = self.pending.remove(&addr) else { return Vec::new() };
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(addr, mac);
        for frame in &mut waiting.frames {
            for (to, from) in frame.iter_mut().zip(mac.0) {
                *to = from;
            }
        }
        waiting.frames
    }

    /// The questions that are to be asked again at `now`; who never answered is given up.
    pub fn ask_again(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut again = Vec::new();
        self.pending.retain(|_, waiting| {
            if waiting.again > now {
                return true;
            }
            if waiting.tries >= TRIES {
                return false;
            }
            again.push(waiting.ask.clone());
            waiting.tries = waiting.tries.saturating_add(1);
            waiting.again = now.after(WAIT);
            true
        });
        again
    }

    /// When the next question is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.pending.values().map(|waiting| waiting.again).min()
    }
}
