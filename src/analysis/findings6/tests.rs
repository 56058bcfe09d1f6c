use super::*;
use crate::wire::nd;
use crate::wire::options::{nd as ndopt, v6 as opt};
use crate::wire::v6::message::{Message, ia, ia_addr, ia_prefix, status};

const NA: (IaKind, u32) = (IaKind::Na, 1);
const PD: (IaKind, u32) = (IaKind::Pd, 1);

fn message(server: u8, build: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::new(MessageType::ADVERTISE, 7);
    message.add_option(opt::SERVERID, [0, 3, 0, 1, server]);
    build(&mut message);
    message.encode()
}

fn address(text: &str, times: [u32; 4]) -> impl FnOnce(&mut Message) {
    let [t1, t2, preferred, valid] = times;
    let lease = ia_addr(text.parse().unwrap(), preferred, valid, &[]);
    move |message: &mut Message| message.add_option(opt::IA_NA, ia(1, t1, t2, &[lease]))
}

fn prefix(text: &str, length: u8) -> impl FnOnce(&mut Message) {
    let lease = ia_prefix(text.parse().unwrap(), length, 500, 1000, &[]);
    move |message: &mut Message| message.add_option(opt::IA_PD, ia(1, 250, 400, &[lease]))
}

fn said(bytes: &[u8], number: u8) -> Said<'_> {
    Said {
        facts: Facts::of(bytes),
        source: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into())),
        mac: Some(Mac([2, 0, 0, 0, 0, number])),
        source_port: 547,
        ..Said::default()
    }
}

fn advert(flags: u8, lifetime: u16, build: impl FnOnce(&mut nd::Message)) -> Vec<u8> {
    let mut message = nd::Message::advertisement(64, flags, lifetime);
    build(&mut message);
    message.encode()
}

/// A prefix information: prefix, length, flags, valid, preferred.
fn information(
    text: &str,
    length: u8,
    flags: u8,
    valid: u32,
    preferred: u32,
) -> impl FnOnce(&mut nd::Message) {
    let mut data = vec![length, flags];
    data.extend(valid.to_be_bytes());
    data.extend(preferred.to_be_bytes());
    data.extend([0; 4]);
    data.extend(text.parse::<Ipv6Addr>().unwrap().octets());
    move |message: &mut nd::Message| message.add_option(ndopt::PREFIX_INFORMATION, &data)
}

fn router(bytes: &[u8], number: u16) -> Router<'_> {
    let packet = nd::Packet::new(bytes);
    let mut outline = nd::Outline::default();
    outline.read(&packet, bytes.len(), false);
    Router {
        advert: Advert::read(&packet, &outline).unwrap(),
        source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number),
    }
}

fn asked(ias: &[(IaKind, u32)]) -> Asked {
    Asked { solicit: true, inform: true, routers: true, ias: ias.to_vec(), ..Asked::default() }
}

fn codes(scene: &Scene<'_>) -> Vec<&'static str> {
    findings(scene).into_iter().map(|finding| finding.code).collect()
}

fn has(scene: &Scene<'_>, code: &str) -> bool {
    codes(scene).contains(&code)
}

/// The codes that are found of one server with this answer, beside a router that goes with it.
fn of_server(bytes: &[u8], change: impl FnOnce(&mut Scene<'_>)) -> Vec<&'static str> {
    let advert = advert(0x80, 1800, |message| {
        information("fd00:64::", 64, 0x80, 9000, 8000)(message);
        message.add_option(ndopt::RECURSIVE_DNS_SERVER, &[&[0, 0, 0, 0, 2, 88][..], &[0xfd; 16]].concat());
    });
    // The closure sees a scene whose parts live as long as this call.
    let bytes = bytes.to_vec();
    let mut scene = Scene {
        asked: asked(&[NA, PD]),
        offers: vec![said(&bytes, 1)],
        stateless: vec![said(&bytes, 1)],
        routers: Routers::from_iter([router(&advert, 9)]),
        ..Scene::default()
    };
    change(&mut scene);
    codes(&scene)
}

fn good(message: &mut Message) {
    address("fd00:64::5", [250, 400, 500, 1000])(message);
    prefix("fd00:d00::", 56)(message);
}

#[test]
fn what_fits_is_not_told() {
    assert!(of_server(&message(1, good), |_| ()).is_empty());
    assert!(findings(&Scene::default()).is_empty());
}

#[test]
fn every_code_has_one_row() {
    let mut codes: Vec<_> = rules::RULES.iter().map(|rule| rule.code).collect();
    codes.sort_unstable();
    let before = codes.len();
    codes.dedup();
    assert_eq!((codes.len(), before), (51, 51));
    assert!(rules::RULES.iter().all(|rule| rule.reference.starts_with("RFC ")));
}

#[test]
fn routers_that_promise_what_nobody_does() {
    let managed = advert(0xc0, 1800, |_| ());
    let scene =
        Scene { asked: asked(&[NA]), routers: Routers::from_iter([router(&managed, 1)]), ..Scene::default() };
    assert_eq!(codes(&scene), ["m-flag-no-server", "o-flag-no-answer", "dns-missing"]);
    let plain = advert(0, 0, |_| ());
    let offer = message(1, good);
    let scene = Scene {
        asked: asked(&[NA, PD]),
        offers: vec![said(&offer, 1)],
        routers: Routers::from_iter([router(&plain, 1)]),
        ..Scene::default()
    };
    let found = codes(&scene);
    for code in ["server-without-flag", "pd-without-flag", "router-lifetime-zero", "address-not-on-link"] {
        assert!(found.contains(&code), "{code}: {found:?}");
    }
    let alone = Scene { asked: asked(&[NA, PD]), offers: vec![said(&offer, 1)], ..Scene::default() };
    assert!(has(&alone, "no-router") && !has(&alone, "address-not-on-link"));
}

#[test]
fn leases_that_clients_drop() {
    for (times, want) in [
        ([400, 300, 500, 1000], "t1-after-t2"),
        ([250, 400, 2000, 1000], "lifetime-inverted"),
        ([0, 0, 500, 1000], "t1-t2-zero"),
        ([250, 1000, 500, 1000], "t2-after-valid"),
        ([250, 400, u32::MAX, u32::MAX], "lifetime-infinite"),
    ] {
        let bytes = message(1, |message| {
            address("fd00:64::5", times)(message);
            prefix("fd00:d00::", 56)(message);
        });
        assert_eq!(of_server(&bytes, |_| ()), [want], "{times:?}");
    }
    let bytes = message(1, |message| {
        address("fe80::5", [250, 400, 500, 1000])(message);
        prefix("fd00:d00::", 56)(message);
    });
    assert_eq!(of_server(&bytes, |_| ()), ["address-not-global", "address-not-on-link"]);
}

#[test]
fn prefixes_that_do_not_come_as_asked() {
    let na = || address("fd00:64::5", [250, 400, 500, 1000]);
    assert_eq!(of_server(&message(1, na()), |_| ()), ["pd-ignored"]);
    let refused = message(1, |message| {
        na()(message);
        message.add_option(opt::IA_PD, ia(1, 0, 0, &[status(6, "no prefixes")]));
    });
    assert_eq!(of_server(&refused, |_| ()), ["pd-refused"]);
    assert_eq!(of_server(&message(1, good), |scene| scene.asked.lengths = vec![60]), ["pd-length-differs"]);
    let overlaps = message(1, |message| {
        na()(message);
        prefix("fd00:64::", 56)(message);
    });
    assert_eq!(of_server(&overlaps, |_| ()), ["pd-overlap"]);
    let (one, two) = (message(1, good), message(2, good));
    let scene =
        Scene { asked: asked(&[NA, PD]), offers: vec![said(&one, 1), said(&two, 2)], ..Scene::default() };
    assert!(has(&scene, "pd-overlap"));
}

#[test]
fn refusals_are_told_with_their_text() {
    let empty = message(1, |message| {
        message.add_option(opt::IA_NA, ia(1, 0, 0, &[status(2, "no more")]));
        prefix("fd00:d00::", 56)(message);
    });
    let advert = advert(0x80, 1800, |_| ());
    let scene = Scene {
        asked: asked(&[NA, PD]),
        offers: vec![said(&empty, 1)],
        routers: Routers::from_iter([router(&advert, 1)]),
        ..Scene::default()
    };
    let found = findings(&scene);
    let finding = found.iter().find(|finding| finding.code == "no-addresses").unwrap();
    assert!(
        finding.message.contains("though it delegates a prefix") && finding.message.ends_with(": no more")
    );
    assert_eq!(finding.servers, ["0003000101"]);
    // A server that delegates nothing says so of addresses, though none was asked for.
    let none = message(1, |message| message.options.push(status(2, "no addresses available")));
    let of = |kinds: &[(IaKind, u32)]| {
        let scene = Scene { asked: asked(kinds), offers: vec![said(&none, 1)], ..Scene::default() };
        (has(&scene, "no-addresses"), has(&scene, "pd-ignored"))
    };
    assert_eq!([of(&[PD]), of(&[NA]), of(&[NA, PD])], [(false, true), (true, false), (true, false)]);
    let other = message(1, |message| message.options.push(status(1, "broken")));
    let scene = Scene { asked: asked(&[NA]), offers: vec![said(&other, 1)], ..Scene::default() };
    assert!(has(&scene, "server-refuses") && !has(&scene, "no-addresses"));
}

#[test]
fn a_preference_that_wins_with_less() {
    let (rich, poor) = (
        message(1, good),
        message(2, |message| {
            prefix("fd00:d01::", 56)(message);
            message.add_option(opt::IA_NA, ia(1, 0, 0, &[status(2, "")]));
            message.add_option(opt::PREFERENCE, [255]);
        }),
    );
    let scene =
        Scene { asked: asked(&[NA, PD]), offers: vec![said(&rich, 1), said(&poor, 2)], ..Scene::default() };
    let found = findings(&scene);
    let trap = found.iter().find(|finding| finding.code == "preference-trap").unwrap();
    assert_eq!(trap.servers, ["0003000102", "0003000101"]);
    let scene = Scene { asked: asked(&[PD]), ..scene };
    assert!(!has(&scene, "preference-trap"), "it grants all that was asked for");
}

#[test]
fn one_name_from_two_cards() {
    let (one, two) = (message(1, good), message(2, good));
    let scene = Scene { offers: vec![said(&one, 1), said(&one, 2)], ..Scene::default() };
    assert!(has(&scene, "duplicate-duid") && !has(&scene, "relayed-and-direct"));
    let scene = Scene { offers: vec![said(&one, 1), said(&one, 2), said(&two, 2)], ..Scene::default() };
    assert!(!has(&scene, "duplicate-duid") && has(&scene, "relayed-and-direct"));
}

#[test]
fn routers_that_disagree_are_told_field_by_field() {
    let one = advert(0x80, 1800, information("fd00:64::", 64, 0xc0, 9000, 8000));
    let two = advert(0x08, 900, |message| {
        information("fd00:64::", 64, 0xc0, 8000, 8000)(message);
        message.add_option(ndopt::MTU, &[0, 0, 0, 0, 5, 0x78]);
    });
    let scene = Scene { routers: Routers::from_iter([router(&one, 1), router(&two, 2)]), ..Scene::default() };
    let found = findings(&scene);
    let fields: Vec<_> = found
        .iter()
        .filter(|finding| finding.code == "routers-disagree")
        .map(|finding| finding.field.unwrap())
        .collect();
    assert_eq!(fields, ["managed", "preference", "valid_lifetime"]);
    assert!(has(&scene, "several-default-routers"));
}

#[test]
fn prefixes_that_hosts_make_nothing_of() {
    let of = |length, flags, valid, preferred, text: &str| {
        let bytes = advert(0x80, 1800, information(text, length, flags, valid, preferred));
        codes(&Scene { routers: Routers::from_iter([router(&bytes, 1)]), ..Scene::default() })
    };
    assert_eq!(of(64, 0xc0, 9000, 8000, "fd00:64::"), [""; 0]);
    assert_eq!(of(60, 0xc0, 9000, 8000, "fd00:64::"), ["slaac-broken"]);
    assert_eq!(of(64, 0xc0, 9000, 9500, "fd00:64::"), ["slaac-broken"]);
    assert_eq!(of(64, 0xc0, 9000, 8000, "fe80::"), ["slaac-broken"]);
    assert_eq!(of(64, 0xc0, 9000, 0, "fd00:64::"), ["slaac-deprecated"]);
    assert_eq!(of(64, 0xc0, 600, 300, "fd00:64::"), ["slaac-short"]);
    assert_eq!(of(60, 0x80, 600, 300, "fd00:64::"), [""; 0], "it is not for that");
    assert_eq!(of(64, 0xd0, 9000, 8000, "fd00:64::"), ["pd-preferred"]);
    let stub = advert(0, 0, information("fd00:64::", 64, 0x80, 9000, 8000));
    let scene = Scene { routers: Routers::from_iter([router(&stub, 1)]), ..Scene::default() };
    assert_eq!(codes(&scene), ["router-lifetime-zero", "stub-router"]);
}

#[test]
fn dns_is_compared_over_all_three_ways() {
    let rdnss = |lifetime: u32, interval: Option<u32>| {
        advert(0x80, 1800, |message| {
            let mut data = vec![0, 0];
            data.extend(lifetime.to_be_bytes());
            data.extend([0xfd; 16]);
            message.add_option(ndopt::RECURSIVE_DNS_SERVER, &data);
            if let Some(interval) = interval {
                let mut data = vec![0, 0];
                data.extend(interval.to_be_bytes());
                message.add_option(ndopt::ADVERTISEMENT_INTERVAL, &data);
            }
        })
    };
    let short = rdnss(100, Some(600_000));
    assert_eq!(
        codes(&Scene { routers: Routers::from_iter([router(&short, 1)]), ..Scene::default() }),
        ["rdnss-short"]
    );
    let offer = message(1, |message| {
        good(message);
        message.add_option(opt::DNS_SERVERS, [0xfc; 16]);
    });
    let fine = rdnss(600, None);
    let scene = Scene {
        offers: vec![said(&offer, 1)],
        routers: Routers::from_iter([router(&fine, 1)]),
        ..Scene::default()
    };
    assert!(has(&scene, "dns-differs"));
}

#[test]
fn what_was_discarded_explains_itself() {
    let discarded = |reason, detail: &str| Discarded {
        reason,
        kind: Some(MessageType::REPLY),
        from: "0003".to_owned(),
        port: 1546,
        detail: detail.to_owned(),
        ..Discarded::default()
    };
    for (one, want) in [
        (discarded("wrong_port", ""), "wrong-port"),
        (discarded("multicast", ""), "answer-multicast"),
        (discarded("wrong_type", "a REPLY without rapid commit (option 14)"), "rapid-commit-missing"),
        (discarded("wrong_type", "a REPLY with rapid commit, which was not asked for"), "commit-unasked"),
        (discarded("wrong_type", "a RECONFIGURE without authentication"), "reconfigure-unauthenticated"),
        (
            Discarded {
                kind: None,
                detail: "its hop limit is 64, not 255".to_owned(),
                ..Discarded::default()
            },
            "ra-invalid",
        ),
    ] {
        assert_eq!(codes(&Scene { discarded: vec![one], ..Scene::default() }), [want]);
    }
}

#[test]
fn what_becomes_of_a_lease() {
    let reply = message(1, |message| message.add_option(opt::IA_NA, ia(1, 0, 0, &[status(3, "who?")])));
    let held = |asked, reply| Some(Held { asked, reply, before: vec!["fd00:64::5".parse().unwrap()] });
    let scene = Scene { held: held(MessageType::RENEW, Some(said(&reply, 1))), ..Scene::default() };
    assert_eq!(codes(&scene), ["renew-refused"]);
    let other = message(1, address("fd00:64::6", [250, 400, 500, 1000]));
    let scene = Scene { held: held(MessageType::REBIND, Some(said(&other, 1))), ..Scene::default() };
    assert_eq!(codes(&scene), ["lease-changed"]);
    let scene =
        Scene { offers: vec![said(&other, 1)], held: held(MessageType::REQUEST, None), ..Scene::default() };
    assert_eq!(codes(&scene), ["request-unanswered"]);
}

#[test]
fn the_rest_is_noticed_too() {
    let offer = message(1, |message| {
        good(message);
        message.add_option(opt::SOL_MAX_RT, 600_u32.to_be_bytes());
    });
    let mut odd = said(&offer, 1);
    (odd.source, odd.source_port, odd.looked) = (Some("fd00::1".parse().unwrap()), 1547, Some(100_000_000));
    odd.mismatch = Some("relay 1: the interface-id did not come back".to_owned());
    let scene = Scene { offers: vec![odd], firewall: true, ..Scene::default() };
    assert_eq!(
        codes(&scene),
        [
            "relay-mismatch",
            "answer-from-global",
            "host-firewall",
            "source-port",
            "neighbor-check",
            "sol-max-rt"
        ]
    );
    let mut asked = asked(&[NA]);
    (asked.rapid_commit, asked.relays) = (true, vec![("fe80::1".parse().unwrap(), false)]);
    let scene = Scene { asked, offers: vec![said(&offer, 1)], ..Scene::default() };
    assert!(has(&scene, "rapid-commit-ignored") && has(&scene, "link-address-unusable"));
}
