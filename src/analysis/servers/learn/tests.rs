use std::net::IpAddr;

use fastrand::Rng;

use super::super::judge::tests::sighting;
use super::super::judge::{Judgement, Status, judge_all};
use super::super::key::Key;
use super::super::offered6::{Offered6, Route};
use super::super::sighting::{Asked, Sighting};
use super::super::table::Servers;
use super::*;
use crate::wire::Mac;
use crate::wire::nd::OnLinkPrefix;
use crate::wire::v4::{MessageType, Xid};

fn probed(speaks: Speaks) -> Asked {
    let probe = match speaks {
        Speaks::Dhcpv4 => "discover",
        Speaks::Dhcpv6 => "solicit",
        Speaks::Ra => "router-solicitation",
    };
    Asked::Us { probe, bogus_server: None }
}

fn seen(key: &Key, offered: Offered) -> Sighting {
    let mut seen = sighting(key.clone(), MessageType::OFFER);
    if key.speaks != Speaks::Dhcpv4 {
        seen.kind = None;
    }
    seen.asked = probed(key.speaks);
    seen.offered = offered;
    seen
}

fn some<T>(rng: &mut Rng, value: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    rng.bool().then(|| value(rng))
}

fn v4(rng: &mut Rng) -> (Key, Offered) {
    let ip = |rng: &mut Rng| Ipv4Addr::new(10, rng.u8(..), rng.u8(..), rng.u8(1..255));
    let server = ip(rng);
    let key = Key {
        source_ip: Some(server.into()),
        source_mac: Some(Mac([2, 0, 0, 0, 0, rng.u8(..)])),
        server_id: Some(server.into()),
        vlans: if rng.bool() { vec![rng.u16(1..4095)] } else { Vec::new() },
        ..Key::default()
    };
    let text = |rng: &mut Rng| format!("x{}", rng.u16(..)).into_bytes();
    let list = |rng: &mut Rng| (0..rng.usize(..3)).map(|_| ip(rng)).collect::<Vec<_>>();
    let offered = Offered {
        routers: list(rng),
        dns_servers: list(rng),
        default_routes: list(rng).into_iter().map(|via| (121, via)).collect(),
        address: Some(Ipv4Addr::new(10, rng.u8(..), rng.u8(..), rng.u8(1..255))),
        subnet_mask: Some(Prefix::mask(rng.u8(16..29))),
        domain_name: some(rng, text),
        lease_time: Some(rng.u32(60..100_000)),
        next_server: some(rng, |rng| Ipv4Addr::new(10, 1, 1, rng.u8(1..))),
        boot_file: some(rng, text),
        vendor_options: some(rng, text),
        wpad: some(rng, text),
        ..Offered::default()
    };
    (key, offered)
}

fn v6(rng: &mut Rng) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, rng.u16(..), rng.u16(..), 0, 0, 0, rng.u16(1..))
}

fn names(rng: &mut Rng) -> Vec<Vec<u8>> {
    (0..rng.usize(..3)).map(|_| format!("n{}.example", rng.u16(..)).into_bytes()).collect()
}

fn wrap(six: Offered6) -> Offered {
    Offered { lease_time: six.lease_time, six: Some(Box::new(six)), ..Offered::default() }
}

fn key6(speaks: Speaks, rng: &mut Rng) -> Key {
    let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, rng.u16(1..));
    let duid = || format!("000300010200000000{:02x}", 7).parse::<crate::wire::v6::types::Duid>().unwrap();
    Key {
        speaks,
        source_ip: Some(IpAddr::from(link_local)),
        source_mac: Some(Mac([2, 0, 0, 0, 0, rng.u8(..)])),
        server_id: (speaks == Speaks::Dhcpv6).then(|| duid().into()),
        ..Key::default()
    }
}

fn server6(rng: &mut Rng) -> (Key, Offered) {
    let six = Offered6 {
        addresses: (0..rng.usize(..2)).map(|_| v6(rng)).collect(),
        delegated: (0..rng.usize(..2)).map(|_| (Network6::of(v6(rng), 56).prefix, 56)).collect(),
        dns_servers: (0..rng.usize(..3)).map(|_| v6(rng)).collect(),
        search: names(rng),
        lease_time: Some(rng.u32(60..100_000)),
        preference: Some(rng.u8(..)),
        boot_file: some(rng, |rng| format!("tftp://h/{}", rng.u8(..)).into_bytes()),
        ..Offered6::default()
    };
    (key6(Speaks::Dhcpv6, rng), wrap(six))
}

fn router(rng: &mut Rng) -> (Key, Offered) {
    let prefix = OnLinkPrefix {
        prefix: Network6::of(v6(rng), 64).prefix,
        length: 64,
        flags: 0xc0,
        valid: 1000,
        preferred: 500,
    };
    let route = Route { prefix: (Network6::of(v6(rng), 48).prefix, 48), preference: "medium", lifetime: 600 };
    let six = Offered6 {
        dns_servers: (0..rng.usize(..3)).map(|_| v6(rng)).collect(),
        search: names(rng),
        router: Some(Advertised {
            managed: rng.bool(),
            other: rng.bool(),
            preference: ["high", "medium", "low"][rng.usize(..3)],
            router_lifetime: rng.u16(..),
            hop_limit: 64,
            mtu: some(rng, |rng| rng.u32(1280..9000)),
            prefixes: some(rng, |_| prefix).into_iter().collect(),
            routes: some(rng, |_| route).into_iter().collect(),
            pref64: some(rng, |_| ("64:ff9b::".parse().unwrap(), 96, 600)).into_iter().collect(),
        }),
        ..Offered6::default()
    };
    (key6(Speaks::Ra, rng), wrap(six))
}

fn judged(key: &Key, offers: &[Offered], policy: Option<&Policy>) -> (Policy, Judgement) {
    let mut servers = Servers::default();
    for (offered, xid) in offers.iter().zip(1..) {
        servers.add(&Sighting { xid: Xid(xid), ..seen(key, offered.clone()) }, false);
    }
    let learned = Policy::from_toml(&Policy::learn(servers.sorted()).to_toml().unwrap()).unwrap();
    let policy = policy.unwrap_or(&learned).clone();
    let judgement = judge_all(&servers, Some(&policy)).remove(0).1;
    (learned, judgement)
}

fn codes(judgement: &Judgement) -> Vec<&'static str> {
    judgement.reasons.iter().chain(&judgement.notes).map(|reason| reason.code).collect()
}

/// What was changed, and the reason that must be given for it.
type Mutation = (&'static str, fn(&mut Offered));

const FOUR: &[Mutation] = &[
    ("wrong-subnet", |o| o.address = Some([172, 16, 0, 9].into())),
    ("wrong-subnet", |o| o.subnet_mask = Some([255, 255, 255, 252].into())),
    ("wrong-router", |o| o.routers.push([172, 16, 0, 1].into())),
    ("wrong-router", |o| {
        o.routers = if o.routers.is_empty() { vec![[172, 16, 0, 1].into()] } else { vec![] };
    }),
    ("wrong-dns", |o| o.dns_servers.insert(0, [172, 16, 0, 1].into())),
    ("wrong-dns", |o| {
        o.dns_servers = if o.dns_servers.is_empty() { vec![[172, 16, 0, 1].into()] } else { vec![] };
    }),
    ("wrong-domain", |o| o.domain_name = Some(b"evil".to_vec())),
    ("wrong-domain", |o| o.domain_name = o.domain_name.is_none().then(|| b"evil".to_vec())),
    ("wrong-lease", |o| o.lease_time = o.lease_time.map(|time| time + 1)),
    ("wrong-lease", |o| o.lease_time = o.lease_time.map(|time| time - 1)),
    ("wrong-next-server", |o| o.next_server = Some([172, 16, 0, 1].into())),
    ("wrong-boot-file", |o| o.boot_file = Some(b"evil".to_vec())),
    ("wrong-default-route", |o| o.default_routes.push((249, [172, 16, 0, 1].into()))),
    ("wrong-vendor-options", |o| o.vendor_options = Some(b"evil".to_vec())),
    ("wrong-wpad", |o| o.wpad = Some(b"http://evil".to_vec())),
    ("hidden-options", |o| o.hidden.push(3)),
];

fn six(offered: &mut Offered) -> &mut Offered6 {
    offered.six.as_mut().unwrap()
}

fn ra(offered: &mut Offered) -> &mut Advertised {
    six(offered).router.as_mut().unwrap()
}

fn evil() -> Ipv6Addr {
    "2a0f::66".parse().unwrap()
}

const BOTH6: &[Mutation] = &[
    ("wrong-dns", |o| six(o).dns_servers.push(evil())),
    ("wrong-dns", |o| {
        let dns = &mut six(o).dns_servers;
        *dns = if dns.is_empty() { vec![evil()] } else { vec![] };
    }),
    ("wrong-domain", |o| six(o).search.push(b"evil".to_vec())),
    ("captive-portal", |o| six(o).captive_portal = Some(b"http://evil".to_vec())),
];

const SERVER6: &[Mutation] = &[
    ("wrong-prefix", |o| six(o).addresses.push(evil())),
    ("wrong-delegation", |o| six(o).delegated.push((evil(), 128))),
    ("wrong-preference", |o| six(o).preference = six(o).preference.map(|number| number ^ 1)),
    ("wrong-boot-file", |o| six(o).boot_file = Some(b"tftp://evil".to_vec())),
    ("wrong-lease", |o| o.lease_time = o.lease_time.map(|time| time - 1)),
    ("reconfigure", |o| six(o).reconfigures = true),
];

const ROUTER: &[Mutation] = &[
    ("wrong-prefix", |o| {
        ra(o).prefixes.push(OnLinkPrefix {
            prefix: Network6::of(evil(), 64).prefix,
            length: 64,
            flags: 0xc0,
            valid: 9,
            preferred: 9,
        });
    }),
    ("wrong-prefix", |o| {
        ra(o).routes.push(Route { prefix: ("::".parse().unwrap(), 0), preference: "high", lifetime: 9 });
    }),
    ("wrong-prefix", |o| ra(o).pref64.push((evil(), 96, 9))),
    ("wrong-flags", |o| ra(o).managed ^= true),
    ("wrong-flags", |o| ra(o).other ^= true),
    ("wrong-flags", |o| ra(o).router_lifetime ^= 1),
    ("wrong-flags", |o| ra(o).mtu = Some(1279)),
    ("wrong-flags", |o| ra(o).mtu = if ra(o).mtu.is_some() { None } else { Some(1500) }),
    ("wrong-preference", |o| ra(o).preference = if ra(o).preference == "high" { "low" } else { "high" }),
];

#[test]
fn what_is_learned_is_clean_and_every_change_of_it_has_its_reason() {
    type Make = fn(&mut Rng) -> (Key, Offered);
    let kinds: [(Make, &[&[Mutation]]); 3] =
        [(v4, &[FOUR]), (server6, &[BOTH6, SERVER6]), (router, &[BOTH6, ROUTER])];
    let mut rng = Rng::with_seed(7);
    for (make, mutations) in kinds {
        for _ in 0..100 {
            let (key, offered) = make(&mut rng);
            let (policy, found) = judged(&key, std::slice::from_ref(&offered), None);
            assert_eq!((found.status, &*found.reasons), (Status::Allowed, &[][..]), "{offered:?} {policy:?}");
            for (code, change) in mutations.iter().copied().flatten() {
                let mut other = offered.clone();
                change(&mut other);
                // Alone, and between answers as they were learned.
                for offers in [vec![other.clone()], vec![offered.clone(), other.clone(), offered.clone()]] {
                    let (_, found) = judged(&key, &offers, Some(&policy));
                    assert!(codes(&found).contains(code), "{code}: {other:?} {policy:?} {found:?}");
                    let note = ["hidden-options", "captive-portal"].contains(code);
                    assert_eq!(found.status == Status::Allowed, note, "{code}: {found:?}");
                }
            }
        }
    }
}

#[test]
fn who_is_learned_is_known_by_all_that_its_frames_say() {
    let mut rng = Rng::with_seed(1);
    let (key, offered) = v4(&mut rng);
    let (policy, _) = judged(&key, std::slice::from_ref(&offered), None);
    for (code, other) in [
        ("wrong-mac", Key { source_mac: Some(Mac([6; 6])), ..key.clone() }),
        ("wrong-vlan", Key { vlans: vec![4095], ..key.clone() }),
        ("wrong-address", Key { server_id: Some([9, 9, 9, 9].into()), ..key.clone() }),
    ] {
        let (_, found) = judged(&other, std::slice::from_ref(&offered), Some(&policy));
        assert!(codes(&found).contains(&code), "{code}: {found:?}");
    }
}

#[test]
fn a_server_of_two_networks_is_learned_with_both() {
    let mut rng = Rng::with_seed(3);
    let (key, mut first) = v4(&mut rng);
    first.subnet_mask = Some([255, 255, 255, 0].into());
    first.address = Some([10, 1, 0, 5].into());
    let mut second = first.clone();
    second.address = Some([10, 2, 0, 5].into());
    second.routers.push([10, 2, 0, 1].into());
    let both = [first.clone(), second];
    let (policy, found) = judged(&key, &both, None);
    assert_eq!((found.status, &*found.reasons), (Status::Allowed, &[][..]), "{policy:?}");
    let expected = &policy.allowed[0].expected;
    assert_eq!((expected.ranges.len(), expected.subnet, &expected.routers), (2, None, &None));
    let mut third = first;
    third.address = Some([10, 3, 0, 5].into());
    assert_eq!(codes(&judged(&key, &[third], Some(&policy)).1), ["wrong-range"]);
}

#[test]
fn what_was_never_asked_for_is_not_held_against_a_server() {
    let mut rng = Rng::with_seed(5);
    let (key, offered) = v4(&mut rng);
    // A default route through a stranger is an alarm whatever the policy says.
    let offered = Offered { default_routes: Vec::new(), ..offered };
    let mut heard = seen(&key, Offered { address: offered.address, ..Offered::default() });
    heard.asked = Asked::Unknown;
    let mut servers = Servers::default();
    servers.add(&heard, false);
    let policy = Policy::learn(servers.sorted());
    assert_eq!(policy.allowed[0].expected, Expected::default());
    assert_eq!(judged(&key, &[offered], Some(&policy)).1.status, Status::Allowed);
}
