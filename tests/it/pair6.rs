//! Loads of DHCPv6 against the servers of the lab, under a clock that only the cable moves.

use std::time::Duration;

use dhcptool::engine::load::{After, Kind, Lane, Load, MAC_MARK, Macs, Pace, Plan, Rate, V6};
use dhcptool::engine::v6::recipe::{IaWish, Recipe6, usual_iaid};
use dhcptool::lab::settings::{Settings, Silence, SixSettings};
use dhcptool::wire::Mac;
use dhcptool::wire::neighbor::link_local;
use dhcptool::wire::v6::facts::IaKind;

use crate::pair::Pair;

const OWN: Mac = Mac([2, 0, 0, 0, 1, 0]);

fn recipe() -> Recipe6 {
    let mut recipe = Recipe6::new(MAC_MARK, link_local(OWN), 1);
    recipe.around.src_mac = Some(OWN);
    recipe.ias = [IaKind::Na, IaKind::Pd].map(|kind| IaWish::new(kind, usual_iaid(MAC_MARK))).into();
    recipe
}

/// Servers that look where the client is before they answer it, as hosts do.
fn six() -> SixSettings {
    SixSettings { solicit: true, ..SixSettings::default() }
}

fn settings() -> Settings {
    Settings { six: Some(six()), ..Settings::default() }
}

/// Nobody but the run answers for the client's address, as no kernel is here.
fn plan(recipe: &Recipe6, count: u64) -> Plan<V6> {
    Plan {
        family: V6::new(std::slice::from_ref(recipe), None, true).unwrap(),
        macs: Macs::made(1, 40),
        pace: Pace { rate: Rate::Open(200_000), ramp: Duration::ZERO, count: Some(count), duration: None },
        max_in_flight: 256,
        timeouts: vec![Duration::from_millis(200); 8],
        after: After::Release,
        mix: Vec::new(),
        seed: 5,
        watch_checks: false,
        remember_holders: false,
    }
}

#[test]
fn many_handshakes_complete_and_every_lease_is_given_back() {
    let plain = recipe();
    let rapid = Recipe6 { rapid_commit: true, ..recipe() };
    for (settings, recipe, lost) in [
        (settings(), &plain, false),
        (Settings { servers: 3, ..settings() }, &plain, false),
        (Settings { servers: 3, ..settings() }, &rapid, false),
        (Settings { loss: 5.0, duplicate: 5.0, ..settings() }, &plain, true),
    ] {
        let mut pair = Pair::new(settings.clone());
        let mut load = Load::new(plan(recipe, 400), Lane::ONLY);
        pair.run(&mut load);
        let counters = load.counters();
        assert_eq!((counters.attempts, counters.completed()), (400, 400), "{settings:?} {counters:?}");
        assert_eq!((load.held(), counters.retransmitted > 0), (0, lost), "{settings:?} {counters:?}");
        assert_eq!(pair.bound6(), 0, "{settings:?}");
        assert!(load.take_finished().all(|finished| finished.total_ns().is_some_and(|total| total > 0)));
    }
}

#[test]
fn what_is_refused_is_counted_by_its_status_and_nothing_is_left() {
    let no_prefixes = SixSettings { delegated: None, ..six() };
    for (settings, partial, no_offer, codes) in [
        (Settings { six: Some(no_prefixes), ..settings() }, 20, 0, &[6][..]),
        (Settings { nak: true, ..settings() }, 0, 20, &[2, 6]),
    ] {
        let mut pair = Pair::new(settings.clone());
        let mut load = Load::new(plan(&recipe(), 20), Lane::ONLY);
        pair.run(&mut load);
        let counters = load.counters();
        assert_eq!((counters.completed(), counters.partial, counters.no_offer), (0, partial, no_offer));
        for code in codes {
            assert!(load.statuses()[*code] > 0, "{settings:?}: {:?}", load.statuses());
        }
        assert_eq!((pair.bound6(), load.held()), (0, 0), "{settings:?}");
    }
}

#[test]
fn a_mix_with_loss_leaves_nothing() {
    let mut plan = plan(&recipe(), 600);
    plan.mix = Kind::ALL.map(|kind| (kind, 1)).into();
    plan.after = After::Hold;
    let mut pair = Pair::new(Settings { loss: 5.0, duplicate: 5.0, servers: 2, ..settings() });
    let mut load = Load::new(plan, Lane::ONLY);
    pair.run(&mut load);
    let counters = load.counters();
    assert_eq!((counters.attempts, counters.completed()), (600, 600), "{counters:?}");
    assert!(counters.completed.iter().all(|count| *count > 20), "{counters:?}");
    assert_eq!((pair.bound6(), load.held()), (0, 0));
}

#[test]
fn a_server_that_is_silent_after_its_advertise_ends_no_run_late() {
    let mut pair = Pair::new(Settings { silent: Some(Silence::Request), ..settings() });
    let mut plan = plan(&recipe(), 2);
    plan.timeouts.truncate(1);
    let before = pair.now();
    let mut load = Load::new(plan, Lane::ONLY);
    pair.run(&mut load);
    assert_eq!((load.counters().no_ack, load.counters().released, load.held()), (2, 0, 2));
    let took = pair.now().since(before);
    assert!(took < 17_000_000_000, "{took}");
}
