//! Real machines against the real servers of the lab, joined by a cable under a clock that only the cable moves.

use std::net::Ipv4Addr;
use std::time::Duration;

use dhcptool::engine::load::v4::template::{MAC_MARK, XID_MARK};
use dhcptool::engine::load::{After, Lane, Load, Macs, Pace, Plan as Run, Rate, Templates, V4};
use dhcptool::engine::pair;
use dhcptool::engine::v4::collect::{Plan, Until, Want};
use dhcptool::engine::v4::exchange::{ConflictVerdict, Outcome, Settings as Exchanging, Task};
use dhcptool::engine::v4::provoke::{Provoke, ProvokePlan as Provoking};
use dhcptool::engine::v4::{exchange::ConflictCheck, recipe::State};
use dhcptool::engine::{Backoff, Collect, Exchange, Machine, Recipe};
use dhcptool::lab::Segment;
use dhcptool::lab::settings::{AddressCheck, RogueKind, Settings};
use dhcptool::time::{Clock as _, Instant};
use dhcptool::wire::Mac;
use dhcptool::wire::v4::Xid;
use fastrand::Rng;

use crate::support::far_end::OfLab;

const CLIENT: Mac = Mac([2, 0, 0, 0, 1, 0]);

/// A machine's cable to servers of the lab.
pub(crate) struct Pair(pair::Pair<OfLab<Segment>>);

impl Pair {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(pair::Pair::new(Instant::new(5, 0), OfLab(Segment::new(settings))))
    }

    /// Runs a machine to its end.
    pub(crate) fn run(&mut self, machine: &mut dyn Machine) {
        let ending = self.0.run(machine);
        assert!(ending.error.is_none() && !ending.stopped, "{ending:?}");
        assert_eq!(machine.deadline(), None);
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// Leases bound now.
    pub(crate) fn bound(&self) -> usize {
        self.0.far.0.servers().iter().map(|server| server.bound(self.now())).sum()
    }

    /// Leases of DHCPv6 bound now, prefixes included.
    pub(crate) fn bound6(&self) -> usize {
        let bound = self.0.far.0.servers6().iter().map(|server| server.bound(self.now()));
        bound.map(|(addresses, prefixes)| addresses + prefixes).sum()
    }
}

fn recipe() -> Recipe {
    Recipe::new(CLIENT, Xid(7))
}

#[test]
fn discover_finds_every_server_of_the_lab_and_binds_nothing() {
    for (settings, servers) in [
        (Settings { servers: 3, ..Settings::default() }, 3),
        (Settings { rogue: Some(RogueKind::Gateway), ..Settings::default() }, 2),
        (Settings { relay: true, ..Settings::default() }, 1),
        (Settings { slow_check: Some(AddressCheck::Icmp), ..Settings::default() }, 1),
        (Settings { servers: 2, loss: 20.0, duplicate: 20.0, seed: 4, ..Settings::default() }, 2),
    ] {
        let plan = Plan {
            wait: Duration::from_secs(9),
            send_all: false,
            backoff: Backoff::COLLECT,
            until: Until::TimeIsOver,
            want: Want::Offers,
            count_secs: true,
        };
        let mut pair = Pair::new(settings.clone());
        let mut collect = Collect::new(recipe().discover(0, None), plan, Rng::with_seed(1));
        pair.run(&mut collect);
        assert_eq!(collect.answers().len(), servers, "{settings:?}");
        assert!(collect.answers().iter().all(|answer| answer.latency().is_some()), "{settings:?}");
        assert_eq!(pair.bound(), 0, "{settings:?}");
    }
}

#[test]
fn a_lease_is_taken_checked_and_given_back() {
    let task = Task::Request { state: State::Selecting, address: None, server: None };
    let ask = |settings: Settings, release| {
        let how = Exchanging { conflict: ConflictCheck::Decline, release, ..Exchanging::default() };
        let mut pair = Pair::new(settings);
        let mut exchange = Exchange::new(recipe(), task, how, Rng::with_seed(2));
        pair.run(&mut exchange);
        let bound = pair.bound();
        (exchange, bound)
    };
    let (exchange, bound) = ask(Settings::default(), false);
    assert_eq!((exchange.outcome(), exchange.checked()), (Outcome::Ack, Some(ConflictVerdict::Free)));
    assert_eq!(bound, 1);
    let (exchange, bound) = ask(Settings::default(), true);
    assert!(exchange.released() && exchange.debts().open().next().is_none() && bound == 0);
    // Every address is in use: what was taken is declined, and the server does not count it as a lease.
    let (exchange, bound) = ask(Settings { occupied: true, ..Settings::default() }, false);
    assert!(exchange.declined() && bound == 0);
    let (exchange, bound) = ask(Settings { nak: true, ..Settings::default() }, true);
    assert_eq!((exchange.outcome(), bound), (Outcome::Nak, 0));
}

#[test]
fn provoking_leaves_nothing_bound() {
    for rogue in [None, Some(RogueKind::Gateway), Some(RogueKind::Bootp), Some(RogueKind::Nak)] {
        let mut pair = Pair::new(Settings { bootp: true, rogue, ..Settings::default() });
        let plan = Provoking {
            wait: Duration::from_secs(8),
            rounds: 2,
            mac: CLIENT,
            own_mac: false,
            addresses: Vec::new(),
            vlans: Vec::new(),
        };
        let mut provoke = Provoke::new(plan.clone(), Rng::with_seed(3));
        for _ in 0..3 {
            pair.run(&mut provoke);
            // Who knows BOOTP alone hears no RELEASE: it loses one address, and not one a look.
            let lost = usize::from(rogue == Some(RogueKind::Bootp));
            assert_eq!((pair.bound(), provoke.kept().count()), (lost, 0), "{rogue:?}");
            provoke.again(plan.clone());
        }
    }
}

fn templates() -> Templates {
    Templates::of(&Templates::drafts(&Recipe::new(MAC_MARK, Xid(XID_MARK)), None))
}

#[test]
fn many_handshakes_complete_and_every_lease_is_given_back() {
    for (settings, lost) in [
        (Settings::default(), false),
        (Settings { relay: true, ..Settings::default() }, false),
        (Settings { loss: 5.0, duplicate: 5.0, ..Settings::default() }, true),
    ] {
        let run = Run {
            family: V4 {
                templates: templates(),
                relays: Vec::new(),
                next_hop: None,
                server: None,
                answer_arp: true,
                stands_for: vec![(Ipv4Addr::new(10, 9, 9, 9), CLIENT)],
                vlans: Vec::new(),
            },
            macs: Macs::made(1, 40),
            pace: Pace { rate: Rate::Open(200_000), ramp: Duration::ZERO, count: Some(400), duration: None },
            max_in_flight: 256,
            timeouts: vec![Duration::from_millis(200); 8],
            after: After::Release,
            mix: Vec::new(),
            seed: 5,
            watch_checks: false,
            remember_holders: true,
        };
        let mut pair = Pair::new(settings.clone());
        let mut load = Load::new(run, Lane::ONLY);
        pair.run(&mut load);
        let counters = load.counters();
        assert_eq!((counters.attempts, counters.completed()), (400, 400), "{settings:?} {counters:?}");
        assert_eq!((load.held(), counters.retransmitted > 0), (0, lost), "{settings:?} {counters:?}");
        // A RELEASE that is lost has no answer; it is sent three times.
        assert!(pair.bound() <= usize::from(lost), "{settings:?}: {}", pair.bound());
        assert!(load.take_finished().all(|finished| finished.total_ns().is_some_and(|total| total > 0)));
    }
}
