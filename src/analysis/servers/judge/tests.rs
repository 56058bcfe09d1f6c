use std::collections::HashSet;
use std::net::Ipv4Addr;

use super::super::key::{Key, Speaks};
use super::super::policy::{Expected, LeaseLimit};
use super::super::rules::known_code;
use super::super::sighting::{Asked, Offered, Sighting};
use super::*;
use crate::time::{Moment, Timestamp};
use crate::wire::HwAddr;
use crate::wire::Mac;
use crate::wire::v4::{MessageType, Xid};

const A: Mac = Mac([2, 0, 0, 0, 0, 0xa]);
const B: Mac = Mac([2, 0, 0, 0, 0, 0xb]);

pub(in super::super) fn sighting(key: Key, kind: MessageType) -> Sighting {
    Sighting {
        when: Moment::recorded(Timestamp::new(1, 0)),
        interface: None,
        xid: Xid(7),
        is_cut: false,
        key,
        kind: Some(kind),
        kind6: None,
        client: HwAddr::default(),
        asked: Asked::Unknown,
        took: None,
        pxe: false,
        offered: Offered::default(),
    }
}

fn ip(last: u8) -> Ipv4Addr {
    [10, 0, 0, last].into()
}

/// Who speaks from 10.0.0.1 at a card, under an identifier.
pub(in super::super) fn key_of(id: Option<[u8; 4]>, mac: u8) -> Key {
    Key {
        source_ip: Some(ip(1).into()),
        source_mac: Some(Mac([2, 0, 0, 0, 0, mac])),
        server_id: id.map(Into::into),
        ..Key::default()
    }
}

fn key(last: u8, mac: Mac) -> Key {
    Key {
        source_ip: Some(ip(last).into()),
        source_mac: Some(mac),
        server_id: Some(ip(last).into()),
        ..Key::default()
    }
}

fn probed(probe: &'static str) -> Asked {
    Asked::Us { probe, bogus_server: Some([203, 0, 113, 9].into()) }
}

type Change = fn(&mut Offered);

/// One line of the table below: what was seen, what is allowed, and the rules that hit on the last one seen.
struct Row {
    seen: Vec<Sighting>,
    allow: Option<Vec<&'static str>>,
    expected: Expected,
    status: Status,
    reasons: Vec<&'static str>,
    notes: Vec<&'static str>,
}

fn row(seen: Vec<Sighting>, allow: &[&'static str]) -> Row {
    Row {
        seen,
        allow: Some(allow.to_vec()),
        expected: Expected::default(),
        status: Status::Rogue,
        reasons: vec![],
        notes: vec![],
    }
}

#[allow(clippy::needless_pass_by_value, reason = "rows are made for it")]
fn check(row: Row) {
    let policy = row.allow.as_ref().map(|allow| Policy {
        allowed: allow
            .iter()
            .map(|text| Allowed {
                name: None,
                identity: text.parse().unwrap(),
                expected: row.expected.clone(),
            })
            .collect(),
    });
    let mut servers = Servers::default();
    let mut last = Key::default();
    for sighting in &row.seen {
        last = servers.add(sighting, false);
    }
    let scene = Scene::new(&servers, policy.as_ref());
    let found = judge(servers.find(&last).unwrap(), policy.as_ref(), &scene);
    let codes = |reasons: &[Reason]| reasons.iter().map(|reason| reason.code).collect::<Vec<_>>();
    let about = format!("{:?} allowing {:?}: {found:?}", row.seen.last().unwrap().key, row.allow);
    assert_eq!(found.status, row.status, "{about}");
    assert_eq!(codes(&found.reasons), row.reasons, "{about}");
    assert_eq!(codes(&found.notes), row.notes, "{about}");
}

fn offer(key: Key, change: impl FnOnce(&mut Offered)) -> Sighting {
    let mut sighting = sighting(key, MessageType::OFFER);
    sighting.asked = Asked::Us { probe: "discover", bogus_server: None };
    change(&mut sighting.offered);
    sighting
}

fn plain(last: u8, mac: Mac) -> Sighting {
    offer(key(last, mac), |_| ())
}

#[test]
fn identity_is_every_part_that_was_given() {
    for allow in [
        "10.0.0.1",
        "ip=10.0.0.1",
        "server-id=10.0.0.1",
        "mac=02:00:00:00:00:0a",
        "02:00:00:00:00:0a",
        "ip=10.0.0.1,mac=02:00:00:00:00:0a,vlan=0",
    ] {
        check(Row { status: Status::Allowed, ..row(vec![plain(1, A)], &[allow]) });
    }
    let tagged = offer(Key { vlans: vec![7], relay: Some(ip(254).into()), ..key(1, A) }, |_| ());
    check(Row {
        status: Status::Allowed,
        ..row(vec![tagged.clone()], &["10.0.0.1,vlan=7,relay=10.0.0.254"])
    });
    for (seen, allow, reasons) in [
        (plain(2, A), "10.0.0.1", vec!["unknown-server"]),
        (plain(1, B), "10.0.0.1,mac=02:00:00:00:00:0a", vec!["wrong-mac"]),
        (plain(2, A), "10.0.0.1,mac=02:00:00:00:00:0a", vec!["wrong-address"]),
        (plain(2, A), "ip=10.0.0.1,server-id=10.0.0.1,mac=02:00:00:00:00:0a", vec!["wrong-address"]),
        (plain(1, A), "10.0.0.1,relay=10.0.0.254", vec!["wrong-relay"]),
        (tagged.clone(), "10.0.0.1,relay=10.0.0.253", vec!["wrong-relay"]),
        (plain(1, A), "10.0.0.1,vlan=7", vec!["wrong-vlan"]),
        (tagged.clone(), "10.0.0.1,vlan=0", vec!["wrong-vlan"]),
        (tagged, "10.0.0.1,vlan=8,relay=10.0.0.253", vec!["wrong-relay", "wrong-vlan"]),
        (plain(2, B), "relay=10.0.0.254", vec!["unknown-server"]),
    ] {
        check(Row { reasons, ..row(vec![seen], &[allow]) });
    }
    check(Row { reasons: vec!["unknown-server"], ..row(vec![plain(1, A)], &[]) });
    check(Row { allow: None, status: Status::Unjudged, ..row(vec![plain(1, A)], &[]) });
}

#[test]
fn an_address_from_two_macs_is_told() {
    let both = || vec![plain(1, A), plain(1, B)];
    check(Row { reasons: vec!["two-macs"], ..row(both(), &["10.0.0.1"]) });
    check(Row { status: Status::Allowed, ..row(both(), &["10.0.0.1,mac=02:00:00:00:00:0b"]) });
    check(Row { reasons: vec!["wrong-mac"], ..row(both(), &["10.0.0.1,mac=02:00:00:00:00:0a"]) });
    // A relay that names its server, and a server that names a relay in what it sends itself.
    let relayed = |from: u8, mac| {
        offer(Key { relay: Some(ip(254).into()), source_ip: Some(ip(from).into()), ..key(1, mac) }, |_| ())
    };
    check(Row { reasons: vec!["two-macs"], ..row(vec![plain(1, A), relayed(1, B)], &["10.0.0.1"]) });
    check(Row {
        reasons: vec!["answers-for-another"],
        ..row(vec![plain(1, A), relayed(254, B)], &["10.0.0.1"])
    });
    let both_ways = ["10.0.0.1,mac=02:00:00:00:00:0a", "10.0.0.1,relay=10.0.0.254"];
    check(Row { status: Status::Allowed, ..row(vec![plain(1, A), relayed(254, B)], &both_ways) });
    // A pair of relays for a server that is elsewhere.
    let pair = vec![relayed(253, A), relayed(254, B)];
    check(Row { status: Status::Allowed, ..row(pair, &["10.0.0.1"]) });
    check(Row { allow: None, status: Status::Unjudged, reasons: vec!["two-macs"], ..row(both(), &[]) });
}

#[test]
fn the_same_segment_is_told_in_the_same_words() {
    for turn in 0..20 {
        let mut servers = Servers::default();
        let both = if turn % 2 == 0 { [plain(1, A), plain(1, B)] } else { [plain(1, B), plain(1, A)] };
        for sighting in &both {
            servers.add(sighting, false);
        }
        for (_, judgement) in judge_all(&servers, None) {
            let told = &judgement.reasons[0].detail;
            assert!(told.contains("(02:00:00:00:00:0a, 02:00:00:00:00:0b)"), "{told}");
        }
    }
}

#[test]
fn who_answers_for_another_is_a_rogue_even_if_allowed() {
    let impostor = offer(Key { source_ip: Some(ip(66).into()), ..key(1, B) }, |_| ());
    check(Row {
        reasons: vec!["answers-for-another"],
        ..row(vec![plain(1, A), impostor.clone()], &["10.0.0.1"])
    });
    let real = plain(1, A);
    check(Row { status: Status::Allowed, ..row(vec![impostor, real], &["10.0.0.1"]) });
    let mut granted = sighting(key(1, A), MessageType::ACK);
    granted.asked = probed("request");
    check(Row { reasons: vec!["answers-for-another"], ..row(vec![granted.clone()], &["10.0.0.1"]) });
    granted.asked = Asked::Client { chosen: Some(ip(2)) };
    check(Row { reasons: vec!["answers-for-another"], ..row(vec![granted.clone()], &["10.0.0.1"]) });
    granted.asked = Asked::Client { chosen: Some(ip(1)) };
    check(Row { status: Status::Allowed, ..row(vec![granted], &["10.0.0.1"]) });
    let mut echo = sighting(key(1, A), MessageType::NAK);
    echo.key.server_id = Some([203, 0, 113, 9].into());
    echo.asked = probed("request");
    check(Row { reasons: vec!["answers-for-another"], ..row(vec![echo], &["ip=10.0.0.1"]) });
}

#[test]
fn refusing_for_others_is_suspicious() {
    let mut nak = sighting(key(66, B), MessageType::NAK);
    nak.asked = probed("request");
    check(Row { reasons: vec!["unknown-server", "naks-others"], ..row(vec![nak.clone()], &["10.0.0.1"]) });
    check(Row {
        status: Status::Allowed,
        notes: vec!["naks-others"],
        ..row(vec![nak.clone()], &["10.0.0.66"])
    });
    nak.asked = Asked::Client { chosen: Some(ip(1)) };
    check(Row { reasons: vec!["unknown-server", "naks-others"], ..row(vec![nak.clone()], &["10.0.0.1"]) });
    nak.asked = Asked::Us { probe: "init-reboot", bogus_server: None };
    check(Row { status: Status::Allowed, ..row(vec![nak], &["10.0.0.66"]) });
}

#[test]
fn an_allowed_server_must_offer_what_the_policy_says() {
    let good = |offered: &mut Offered| {
        offered.address = Some(ip(50));
        offered.subnet_mask = Some([255, 255, 255, 0].into());
        offered.routers = vec![ip(1)];
        offered.dns_servers = vec![ip(2)];
        offered.domain_name = Some(b"lab".to_vec());
        offered.lease_time = Some(3600);
    };
    let expected = Expected {
        subnet: "10.0.0.0/24".parse().ok(),
        ranges: vec!["10.0.0.10-10.0.0.99".parse().unwrap()],
        routers: Some(vec![ip(1)]),
        dns: Some(vec![ip(2)]),
        domain: Some("lab".into()),
        lease_min: Some(LeaseLimit(3600)),
        lease_max: Some(LeaseLimit(3600)),
        ..Expected::default()
    };
    let changes: [(Change, &[&'static str]); 11] = [
        (|_| (), &[]),
        (|o| o.address = Some([10, 0, 1, 50].into()), &["wrong-subnet", "wrong-range"]),
        (|o| o.subnet_mask = Some([255, 255, 0, 0].into()), &["wrong-subnet"]),
        (|o| o.address = Some([10, 0, 0, 100].into()), &["wrong-range"]),
        (|o| o.routers = vec![[10, 0, 0, 66].into()], &["wrong-router"]),
        (|o| o.routers = vec![], &["wrong-router"]),
        (|o| o.dns_servers.push([8, 8, 8, 8].into()), &["wrong-dns"]),
        (|o| o.domain_name = Some(b"\x1bevil".to_vec()), &["wrong-domain"]),
        (|o| o.domain_name = None, &["wrong-domain"]),
        (|o| o.lease_time = Some(3599), &["wrong-lease"]),
        (|o| o.lease_time = Some(3601), &["wrong-lease"]),
    ];
    for (change, reasons) in changes {
        let seen = offer(key(1, A), |offered| {
            good(offered);
            change(offered);
        });
        let status = if reasons.is_empty() { Status::Allowed } else { Status::Rogue };
        let row = row(vec![seen], &["10.0.0.1"]);
        check(Row { expected: expected.clone(), status, reasons: reasons.to_vec(), ..row });
    }
    // What an answer to somebody else leaves out was perhaps not asked for.
    let mut partial = offer(key(1, A), good);
    partial.offered.routers.clear();
    partial.asked = Asked::Unknown;
    check(Row { expected, status: Status::Allowed, ..row(vec![partial], &["10.0.0.1"]) });
}

#[test]
fn what_steers_traffic_is_told() {
    let friend = offer(key(1, A), |offered| {
        offered.routers = vec![ip(1)];
        offered.dns_servers = vec![ip(1)];
    });
    let steering = |offered: &mut Offered| {
        offered.routers = vec![ip(66)];
        offered.dns_servers = vec![ip(1), ip(66)];
        offered.default_routes = vec![(121, ip(66))];
        offered.wpad = Some(b"http://\x1b[31m/".to_vec());
        offered.hidden = vec![3, 6];
    };
    let all = ["default-route", "wpad", "hidden-options"];
    let mut against = vec!["unknown-server", "foreign-router", "foreign-dns"];
    against.extend(all);
    check(Row { reasons: against, ..row(vec![friend.clone(), offer(key(66, B), steering)], &["10.0.0.1"]) });
    check(Row {
        status: Status::Allowed,
        notes: all.to_vec(),
        ..row(vec![offer(key(1, A), steering)], &["10.0.0.1"])
    });
    check(Row {
        allow: None,
        status: Status::Unjudged,
        reasons: all.to_vec(),
        ..row(vec![friend, offer(key(66, B), steering)], &[])
    });
}

#[test]
fn an_address_in_use_is_held_against_those_who_offered_it() {
    let mut servers = Servers::default();
    let seen = offer(key(66, B), |offered| offered.address = Some(ip(50)));
    let guilty = servers.add(&seen, false);
    servers.add(&plain(1, A), false);
    assert_eq!(servers.note_in_use(None, ip(50), A), std::slice::from_ref(&guilty));
    let scene = Scene::new(&servers, None);
    let found = judge(servers.find(&guilty).unwrap(), None, &scene);
    assert_eq!(
        found.reasons[0].to_string(),
        "address-in-use: it offers 10.0.0.50, which 02:00:00:00:00:0a uses"
    );
}

#[test]
fn reasons_hold_nothing_hostile() {
    let seen = offer(key(66, B), |offered| offered.wpad = Some("\u{1b}[2J\u{202e}\u{9b}1m\n".into()));
    let mut servers = Servers::default();
    servers.add(&seen, false);
    for (_, judgement) in judge_all(&servers, Some(&Policy::default())) {
        for reason in judgement.reasons {
            assert!(!reason.to_string().chars().any(crate::wire::escape::is_hostile), "{reason}");
        }
    }
}

#[test]
fn the_worst_decides() {
    use Status::{Allowed, Rogue, Unjudged};
    assert_eq!(SegmentVerdict::of([]), SegmentVerdict::None);
    assert_eq!(SegmentVerdict::of([Allowed, Unjudged]), SegmentVerdict::Clean);
    assert_eq!(SegmentVerdict::of([Rogue, Allowed]), SegmentVerdict::Rogue);
    assert_eq!(SegmentVerdict::of([Allowed, Rogue]), SegmentVerdict::Rogue);
}

#[test]
fn allowed_servers_that_are_silent_are_named() {
    let mut servers = Servers::default();
    servers.add(&plain(1, A), false);
    let policy = Policy {
        allowed: ["10.0.0.1", "10.0.0.2"]
            .iter()
            .map(|text| Allowed { identity: text.parse().unwrap(), ..Allowed::default() })
            .collect(),
    };
    let silent: Vec<String> =
        missing(&servers, &policy, &Speaks::ALL).iter().map(ToString::to_string).collect();
    assert_eq!(silent, ["10.0.0.2"]);
    let codes: HashSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    assert_eq!(known_code("wpad"), Some("wpad"));
}

#[test]
fn who_contradicts_himself_is_a_rogue_whoever_spoke_last() {
    let router = |last: u8| offer(key(1, A), move |offered| offered.routers = vec![ip(last)]);
    // The same transaction, honest and forged in either order.
    for (first, second) in [(66, 254), (254, 66)] {
        let seen = vec![router(first), router(second)];
        check(Row { reasons: vec!["contradicts-itself"], ..row(seen, &["10.0.0.1"]) });
    }
    // Other clients: another configuration is no contradiction, to and fro is one, in another network it is none.
    let of = |xid: u32, last: u8, network: u8| {
        let mut seen = router(last);
        seen.xid = Xid(xid);
        seen.offered.address = Some([10, 0, network, 50].into());
        seen.offered.subnet_mask = Some([255, 255, 255, 0].into());
        seen
    };
    check(Row { status: Status::Allowed, ..row(vec![of(1, 254, 0), of(2, 66, 0)], &["10.0.0.1"]) });
    check(Row {
        reasons: vec!["contradicts-itself"],
        ..row(vec![of(1, 254, 0), of(2, 66, 0), of(3, 254, 0)], &["10.0.0.1"])
    });
    check(Row {
        status: Status::Allowed,
        ..row(vec![of(1, 254, 0), of(2, 66, 1), of(3, 254, 0), of(4, 66, 1)], &["10.0.0.1"])
    });
    // Lists that are turned to spread the load are the same list.
    let turned = |xid: u32, list: [u8; 2]| {
        let mut seen = of(xid, 254, 0);
        seen.offered.dns_servers = list.map(ip).to_vec();
        seen
    };
    let seen = vec![turned(1, [1, 2]), turned(2, [2, 1]), turned(3, [1, 2])];
    check(Row { status: Status::Allowed, ..row(seen, &["10.0.0.1"]) });
}

#[test]
fn what_was_once_wrong_stays_told() {
    let expected = Expected { routers: Some(vec![ip(254)]), ..Expected::default() };
    let mut wrong = offer(key(1, A), |offered| offered.routers = vec![ip(66)]);
    wrong.xid = Xid(1);
    let right = offer(key(1, A), |offered| offered.routers = vec![ip(254)]);
    let row = row(vec![wrong, right], &["10.0.0.1"]);
    check(Row { expected, reasons: vec!["wrong-router"], ..row });
}

#[test]
fn a_default_route_to_a_stranger_is_an_alarm() {
    let routes = |via: u8, routers: Vec<u8>| {
        offer(key(1, A), move |offered| {
            offered.routers = routers.into_iter().map(ip).collect();
            offered.default_routes = vec![(121, ip(via))];
        })
    };
    check(Row { reasons: vec!["default-route"], ..row(vec![routes(66, vec![1])], &["10.0.0.1"]) });
    for seen in [routes(1, vec![1]), routes(66, vec![])] {
        check(Row {
            status: Status::Allowed,
            notes: vec!["default-route"],
            ..row(vec![seen], &["10.0.0.1"])
        });
    }
    let expected = Expected { routers: Some(vec![ip(1)]), ..Expected::default() };
    let one = row(vec![routes(66, vec![1])], &["10.0.0.1"]);
    check(Row { expected, reasons: vec!["default-route"], ..one });
}

#[test]
fn a_policy_knows_what_boots_and_steers() {
    let toml = "[[server]]\nserver-id = \"10.0.0.1\"\n[server.offers]\nboot-file = [\"a.efi\", \"b.0\"]\n\
                next-server = \"10.0.0.5\"\nwpad = \"http://p/wpad.dat\"\ndefault-route = [\"10.0.0.1\"]\n\
                vendor-options = \"01020A\"\n";
    let policy = Policy::from_toml(toml).unwrap();
    assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()).unwrap(), policy);
    let right = |offered: &mut Offered| {
        offered.boot_file = Some(b"b.0".to_vec());
        offered.next_server = Some(ip(5));
        offered.wpad = Some(b"http://p/wpad.dat".to_vec());
        offered.default_routes = vec![(121, ip(1))];
        offered.vendor_options = Some(vec![1, 2, 10]);
    };
    let changes: [(Change, &[&str]); 7] = [
        (|_| (), &[]),
        (|o| *o = Offered::default(), &[]),
        (|o| o.boot_file = Some(b"c".to_vec()), &["wrong-boot-file"]),
        (|o| o.next_server = Some(ip(66)), &["wrong-next-server"]),
        (|o| o.wpad = Some(b"\x1bhttp".to_vec()), &["wrong-wpad"]),
        (|o| o.default_routes.push((249, ip(66))), &["wrong-default-route"]),
        (|o| o.vendor_options = Some(vec![1]), &["wrong-vendor-options"]),
    ];
    for (change, want) in changes {
        let mut servers = Servers::default();
        let seen = offer(key(1, A), |offered| {
            right(offered);
            change(offered);
        });
        let key = servers.add(&seen, true);
        let found = judge(servers.find(&key).unwrap(), Some(&policy), &Scene::new(&servers, Some(&policy)));
        assert_eq!(found.reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(), want);
        assert!(found.notes.is_empty(), "{:?}", found.notes);
        // What is learned from a server allows it as it is.
        let learned = Policy::learn(servers.sorted());
        let read = Policy::from_toml(&learned.to_toml().unwrap()).unwrap();
        let again = judge(servers.find(&key).unwrap(), Some(&read), &Scene::new(&servers, Some(&read)));
        assert_eq!((again.status, again.notes), (Status::Allowed, vec![]), "{:?}", again.reasons);
    }
}

#[test]
fn every_rule_says_what_it_means_and_what_to_do() {
    for rule in RULES {
        assert!(rule.sentence.ends_with('.') && rule.advice.ends_with('.'), "{}", rule.code);
        assert!(["error", "warning"].contains(&rule.weight.severity()));
    }
}

#[test]
fn whatever_a_policy_can_say_is_looked_for_in_it() {
    let allowed = Policy::from_toml("[[server]]\nserver-id = \"10.0.0.1\"\n").unwrap().allowed.remove(0);
    for rule in RULES.iter().filter(|rule| rule.code.starts_with("wrong-")) {
        let spoken = is_spoken_of(rule.code, &allowed);
        let wanted = if rule.weight == Weight::Identity { None } else { Some(false) };
        assert_eq!(spoken, wanted, "{}", rule.code);
    }
}
