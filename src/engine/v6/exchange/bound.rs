//! What servers bound: all that is to be given back, by who gave it.

use std::net::Ipv6Addr;

use crate::engine::v6::accept::rest_of_message;
use crate::engine::v6::recipe::IaWish;
use crate::wire::v6::Duid;

/// REPLYs of servers that were not chosen whose leases are noted; more are counted.
const MAX_OTHERS: u64 = 64;

/// Leases that one server bound.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    server: Duid,
    leases: Vec<IaWish>,
    /// What the server says later does not replace it.
    beside: bool,
}

/// The leases of every server.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    all: Vec<Grant>,
    /// REPLYs of servers that were not chosen.
    others: u64,
}

impl Bound {
    /// What the server that was chosen says now replaces what it said before.
    pub(super) fn note(&mut self, server: Duid, leases: Vec<IaWish>) {
        self.all.retain(|grant| grant.beside || grant.server != server);
        self.all.push(Grant { server, leases, beside: false });
    }

    /// Leases that a server bound though it was not chosen, or too late: beside all that is noted.
    pub(super) fn note_other(&mut self, server: Duid, leases: Vec<IaWish>) {
        if self.all.iter().any(|grant| grant.server == server && grant.leases == leases) {
            return;
        }
        self.others = self.others.saturating_add(1);
        if self.others <= MAX_OTHERS {
            self.note_beside(server, leases);
        }
    }

    /// Leases that `server` gave beyond those that it is asked for from now on.
    pub(super) fn note_beside(&mut self, server: Duid, leases: Vec<IaWish>) {
        self.all.push(Grant { server, leases, beside: true });
    }

    /// REPLYs whose leases are not noted, for there were too many.
    pub(super) fn dropped(&self) -> u64 {
        self.others.saturating_sub(MAX_OTHERS)
    }

    /// What is left to give back, by server.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Duid, &[IaWish])> {
        self.all.iter().map(|grant| (&grant.server, grant.leases.as_slice()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes addresses out of what `server` gave, because somebody else has them: the IAs with these alone, to be declined.
    pub(super) fn take(&mut self, server: &Duid, in_use: &[Ipv6Addr]) -> Vec<IaWish> {
        let mut taken = Vec::new();
        for Grant { leases, .. } in self.all.iter_mut().filter(|grant| grant.server == *server) {
            for ia in leases.iter_mut() {
                let addresses: Vec<_> =
                    ia.addresses.extract_if(.., |address| in_use.contains(address)).collect();
                if !addresses.is_empty() {
                    taken.push(IaWish { addresses, ..IaWish::new(ia.kind, ia.iaid) });
                }
            }
            leases.retain(IaWish::has_lease);
        }
        self.all.retain(|grant| !grant.leases.is_empty());
        taken
    }

    /// Takes all that is left of what `server` gave.
    pub(super) fn rest_of(&mut self, server: &Duid) -> Vec<IaWish> {
        self.all.extract_if(.., |grant| grant.server == *server).flat_map(|grant| grant.leases).collect()
    }

    /// The leases of one server that one message can release; one after the other.
    pub(super) fn next(&mut self) -> Option<(Duid, Vec<IaWish>)> {
        let Grant { server, mut leases, beside } = self.all.pop()?;
        let rest = rest_of_message(&mut leases);
        if !rest.is_empty() {
            self.all.push(Grant { server: server.clone(), leases: rest, beside });
        }
        Some((server, leases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v6::facts::IaKind;

    #[test]
    fn what_is_declined_is_not_released() {
        let address = |last: u16| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last);
        let holds = |all: &[u16]| IaWish {
            addresses: all.iter().map(|last| address(*last)).collect(),
            ..IaWish::new(IaKind::Na, 5)
        };
        let (one, two) = (Duid(vec![1]), Duid(vec![2]));
        let mut bound = Bound::default();
        bound.note(one.clone(), vec![holds(&[1])]);
        bound.note(two.clone(), vec![holds(&[9])]);
        bound.note(two.clone(), vec![holds(&[2, 3])]);
        assert_eq!(bound.take(&two, &[address(1), address(4)]), []);
        assert_eq!(bound.take(&one, &[address(1)]), [holds(&[1])]);
        assert_eq!(bound.take(&two, &[address(2)]), [holds(&[2])]);
        assert_eq!(bound.next(), Some((two, vec![holds(&[3])])));
        assert_eq!(bound.next(), None);
    }

    #[test]
    fn what_others_bound_stands_beside_and_is_bounded() {
        let holds = |iaid: u32| vec![IaWish::new(IaKind::Na, iaid)];
        let server = Duid(vec![1]);
        let mut bound = Bound::default();
        bound.note(server.clone(), holds(0));
        for iaid in 0..70 {
            bound.note_other(server.clone(), holds(iaid));
        }
        assert_eq!((bound.all().count(), bound.dropped()), (65, 5), "what is noted already is noted once");
    }
}
