//! What servers bound: all that is to be given back, by who gave it.

use std::net::Ipv6Addr;

use crate::engine::v6::recipe::IaWish;
use crate::wire::v6::Duid;

/// The leases of every server.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound(Vec<(Duid, Vec<IaWish>)>);

impl Bound {
    /// What `server` says now replaces what it said before.
    pub(super) fn note(&mut self, server: Duid, leases: Vec<IaWish>) {
        self.0.retain(|(known, _)| *known != server);
        self.0.push((server, leases));
    }

    /// Takes an address out, because somebody else has it: its server, and the IA with it alone, to be declined.
    pub(super) fn take(&mut self, address: Ipv6Addr) -> Option<(Duid, IaWish)> {
        let mut found = None;
        for (server, ias) in &mut self.0 {
            for ia in ias.iter_mut().filter(|ia| ia.addresses.contains(&address)) {
                ia.addresses.retain(|one| *one != address);
                let taken = IaWish { addresses: vec![address], ..IaWish::new(ia.kind, ia.iaid) };
                found = Some((server.clone(), taken));
            }
            ias.retain(IaWish::has_lease);
        }
        found
    }

    /// The leases of one server, to be released; one after the other.
    pub(super) fn next(&mut self) -> Option<(Duid, Vec<IaWish>)> {
        while let Some((server, ias)) = self.0.pop() {
            if !ias.is_empty() {
                return Some((server, ias));
            }
        }
        None
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
        assert_eq!(bound.take(address(4)), None);
        assert_eq!(bound.take(address(1)), Some((one, holds(&[1]))));
        assert_eq!(bound.take(address(2)), Some((two.clone(), holds(&[2]))));
        assert_eq!(bound.next(), Some((two, vec![holds(&[3])])));
        assert_eq!(bound.next(), None);
    }
}
