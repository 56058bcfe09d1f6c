//! What a client owes its servers: leases that were bound for it, or may have been, and the RELEASEs that give them back.
//!
//! A RELEASE has no answer (RFC 2131 §4.4.6), so that one alone proves nothing: it is sent three times. A grant that comes
//! after its RELEASE is a debt again.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::time::Instant;
use crate::wire::Mac;

/// When the RELEASEs of a lease are sent, milliseconds from when it is given back.
pub const RELEASES: [u64; 3] = [0, 150, 500];

/// How often a grant that comes after its RELEASE is given back anew: a server that answers every RELEASE with an ACK would
/// be asked for ever.
const MAX_AGAIN: u8 = 3;

/// Debts kept; more servers than this do not answer one client.
const MAX_DEBTS: usize = 64;

/// A lease that a server holds for the client, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The address.
    pub address: Ipv4Addr,
    /// The server that gave it.
    pub server: Ipv4Addr,
    /// Where its answer came from: the way back.
    pub via: Option<Mac>,
    /// RELEASEs handed over.
    handed: usize,
    /// The last one's number.
    last: u32,
    /// One was seen leaving.
    left: bool,
    /// When the first one is due.
    since: Instant,
    /// Nothing leads to the server.
    unreachable: bool,
    /// Grants after a RELEASE.
    again: u8,
    /// No RELEASE is sent any more, or ever: the lease stays open.
    given_up: bool,
}

impl Debt {
    fn due(&self) -> Option<Instant> {
        let after = RELEASES.get(self.handed).filter(|_| !self.unreachable && !self.given_up)?;
        Some(self.since.after(Duration::from_millis(*after)))
    }
}

/// All that one client owes.
#[derive(Clone, Debug, Default)]
pub struct Debts {
    all: Vec<Debt>,
    dropped: u64,
}

impl Debts {
    /// Notes that `server` may have bound `address`; RELEASEs that went out before do not count. After three grants of the same
    /// that followed its RELEASE no other is sent: the lease is open.
    pub fn owe(&mut self, address: Ipv4Addr, server: Ipv4Addr, via: Option<Mac>, now: Instant) {
        let known = self.all.iter().find(|debt| (debt.address, debt.server) == (address, server));
        let again = known.map_or(0, |debt| debt.again.saturating_add(u8::from(debt.handed > 0)));
        self.forgive(address, server);
        if self.all.len() < MAX_DEBTS {
            self.all.push(Debt {
                address,
                server,
                via,
                handed: 0,
                last: 0,
                left: false,
                since: now,
                unreachable: false,
                again,
                given_up: again > MAX_AGAIN,
            });
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// The lease ended another way: by a DECLINE.
    pub fn forgive(&mut self, address: Ipv4Addr, server: Ipv4Addr) {
        self.all.retain(|debt| (debt.address, debt.server) != (address, server));
    }

    /// Grants that came when 64 others were kept: nobody gives these back.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// True when nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Starts to give everything back that was not begun.
    pub fn call_in(&mut self, now: Instant) {
        for debt in self.all.iter_mut().filter(|debt| debt.handed == 0) {
            debt.since = now;
        }
    }

    /// Begins no other: what was not given back yet is open.
    pub fn leave_the_rest(&mut self) {
        for debt in self.all.iter_mut().filter(|debt| debt.handed == 0) {
            debt.given_up = true;
        }
    }

    /// The debt whose RELEASE is to be sent now.
    pub fn due(&self, now: Instant) -> Option<Debt> {
        self.all.iter().find(|debt| debt.due().is_some_and(|due| due <= now)).cloned()
    }

    /// A RELEASE of `debt` was handed over as transmission `id`.
    pub fn handed(&mut self, debt: &Debt, id: u32) {
        if let Some(known) = self.get_mut(debt) {
            known.handed = known.handed.saturating_add(1);
            known.last = id;
        }
    }

    /// Nothing leads to the server of `debt`.
    pub fn unreachable(&mut self, debt: &Debt) {
        if let Some(known) = self.get_mut(debt) {
            known.unreachable = true;
        }
    }

    fn get_mut(&mut self, debt: &Debt) -> Option<&mut Debt> {
        self.all.iter_mut().find(|known| (known.address, known.server) == (debt.address, debt.server))
    }

    /// Transmission `id` was seen leaving.
    pub fn on_sent(&mut self, id: u32) {
        for debt in self.all.iter_mut().filter(|debt| debt.handed > 0 && debt.last == id) {
            debt.left = true;
        }
    }

    /// When the next RELEASE is due; `None` when all are sent.
    pub fn deadline(&self) -> Option<Instant> {
        self.all.iter().filter_map(Debt::due).min()
    }

    /// True when every debt's last RELEASE was seen leaving.
    pub fn settled(&self) -> bool {
        let ended = |debt: &Debt| debt.left || debt.unreachable || debt.given_up;
        self.deadline().is_none() && self.all.iter().all(ended)
    }

    /// True when a RELEASE was handed over.
    pub fn any_released(&self) -> bool {
        self.all.iter().any(|debt| debt.handed > 0)
    }

    /// What may still be held for the client: leases of which no RELEASE was seen leaving.
    pub fn open(&self) -> impl Iterator<Item = &Debt> {
        self.all.iter().filter(|debt| !debt.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> Ipv4Addr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn a_lease_is_given_back_three_times_and_anew_after_another_grant() {
        let now = Instant::new(100, 0);
        let mut debts = Debts::default();
        debts.owe(ip(5), ip(1), None, now);
        let later = |millis| now.after(Duration::from_millis(millis));
        for (id, at) in [(1, 0), (2, 150), (3, 500)] {
            assert_eq!(debts.deadline(), Some(later(at)));
            let debt = debts.due(later(at)).unwrap();
            debts.handed(&debt, id);
            assert_eq!(debts.due(later(at)), None);
        }
        assert_eq!((debts.deadline(), debts.settled(), debts.open().count()), (None, false, 1));
        debts.on_sent(3);
        assert!(debts.settled() && debts.any_released());
        assert_eq!(debts.open().count(), 0);
        debts.owe(ip(5), ip(1), None, later(600));
        assert_eq!((debts.deadline(), debts.open().count()), (Some(later(600)), 1));
        let debt = debts.due(later(600)).unwrap();
        debts.unreachable(&debt);
        assert!(debts.settled());
        assert_eq!(debts.open().count(), 1, "it is said that it may be left");
        debts.forgive(ip(5), ip(1));
        assert!(debts.is_empty());
    }

    #[test]
    fn who_grants_after_every_release_is_not_asked_for_ever() {
        let now = Instant::new(100, 0);
        let mut debts = Debts::default();
        let mut sent = 0;
        for _ in 0..20 {
            debts.owe(ip(5), ip(1), None, now);
            while let Some(debt) = debts.due(now) {
                sent += 1;
                debts.handed(&debt, sent);
                debts.on_sent(sent);
            }
        }
        assert_eq!(sent, 4, "once, and three times anew");
        assert_eq!(
            (debts.deadline(), debts.settled(), debts.open().count()),
            (None, true, 1),
            "that is said"
        );
        debts.owe(ip(6), ip(1), None, now);
        debts.leave_the_rest();
        assert_eq!((debts.deadline(), debts.settled(), debts.open().count()), (None, true, 2));
    }

    #[test]
    fn what_is_not_kept_is_counted() {
        let now = Instant::new(100, 0);
        let mut debts = Debts::default();
        for last in 1..=70 {
            debts.owe(ip(last), ip(1), None, now);
        }
        assert_eq!((debts.open().count(), debts.dropped()), (64, 6));
        debts.owe(ip(5), ip(1), None, now);
        assert_eq!((debts.open().count(), debts.dropped()), (64, 6), "what is kept is kept once");
    }
}
