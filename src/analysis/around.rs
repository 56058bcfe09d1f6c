//! Choosing packets by the headers around the message.

use crate::wire::frame::{Datagram, Direction};

/// What is asked of the headers around a message. Each kind that is asked for must hold; of several values of one kind, one must.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AroundTest {
    /// VLAN identifiers, of any tag.
    pub vlans: Vec<u16>,
    /// Priorities (IEEE 802.1p, 0–7) of any tag.
    pub priorities: Vec<u8>,
    /// Differentiated services code points (0–63).
    pub dscps: Vec<u8>,
    /// IPv4 identifications.
    pub ids: Vec<u16>,
    /// Which way the frame went.
    pub directions: Vec<Direction>,
}

impl AroundTest {
    /// True when nothing is asked.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// True when all that is asked holds.
    pub fn matches(&self, datagram: &Datagram<'_>) -> bool {
        let Self { vlans, priorities, dscps, ids, directions } = self;
        let tags = datagram.vlans.as_slice();
        (vlans.is_empty() || tags.iter().any(|id| vlans.contains(id)))
            && (priorities.is_empty() || datagram.vlans.priorities().any(|found| priorities.contains(&found)))
            && (dscps.is_empty() || datagram.ip.is_some_and(|ip| dscps.contains(&ip.dscp())))
            && (ids.is_empty() || datagram.ip.and_then(|ip| ip.id).is_some_and(|id| ids.contains(&id)))
            && (directions.is_empty() || datagram.direction.is_some_and(|way| directions.contains(&way)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::{Ip, Vlans};

    #[test]
    fn every_test_can_hold_and_fail() {
        let mut vlans = Vlans::default();
        vlans.push(0xd064);
        let ip = Ip { tos: 0xc0, id: Some(7), ..Ip::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into()) };
        let known = Datagram { vlans, ip: Some(ip), direction: Some(Direction::Out), ..Datagram::bare(&[]) };
        let unknown = Datagram::bare(&[]);
        let none = AroundTest::default;
        assert!(none().is_everything() && none().matches(&unknown));
        for (holds, fails) in [
            (AroundTest { vlans: vec![1, 100], ..none() }, AroundTest { vlans: vec![1], ..none() }),
            (AroundTest { priorities: vec![6], ..none() }, AroundTest { priorities: vec![0], ..none() }),
            (AroundTest { dscps: vec![48], ..none() }, AroundTest { dscps: vec![0], ..none() }),
            (AroundTest { ids: vec![7], ..none() }, AroundTest { ids: vec![8], ..none() }),
            (
                AroundTest { directions: vec![Direction::Out], ..none() },
                AroundTest { directions: vec![Direction::In], ..none() },
            ),
        ] {
            assert!(!holds.is_everything());
            assert!(holds.matches(&known) && !fails.matches(&known) && !holds.matches(&unknown), "{holds:?}");
        }
    }
}
