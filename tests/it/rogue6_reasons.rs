//! `rogue --from` of IPv6: every reason that packets alone can give, each with what looks like it and is none, through the
//! whole program.

use std::io::Write as _;
use std::net::Ipv6Addr;

use dhcptool::wire::Mac;
use dhcptool::wire::frame::Envelope6;
use dhcptool::wire::nd;
use dhcptool::wire::v6::message::{ia, ia_addr, ia_prefix};
use dhcptool::wire::v6::{Message, MessageType};

use crate::rogue_reasons::{mac, reasons_of};

const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 0x99]);

/// Servers 1 and 2 and the routers 1 and 2 are allowed; what the first ones must offer is said.
const POLICY: &str = r#"
[[server]]
duid = "00030001020000000001"
[server.offers]
prefixes = "2001:db8:64::/64"
delegated = "2001:db8:1000::/36"
dns6 = ["2001:db8:64::53"]
search = ["lab.example"]
preference = 10
boot-file = "tftp://h/a"
lease-min = 1000

[[server]]
duid = "00030001020000000002"

[[server]]
protocol = "ra"
ip = "fe80::1"
mac = "02:00:00:00:00:01"
[server.offers]
prefixes = "2001:db8:64::/64"
managed = true
other = true
router-lifetime = 1800
preference = "medium"
mtu = 1500
routes = "2001:db8:aa::/48"
pref64 = "64:ff9b::/96"

[[server]]
protocol = "ra"
ip = "fe80::2"
"#;

fn ip(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn link_local(last: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last.into())
}

fn duid(last: u8) -> Vec<u8> {
    vec![0, 3, 0, 1, 2, 0, 0, 0, 0, last]
}

/// What the server `last` says to the client.
fn said(last: u8, kind: MessageType, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::new(kind, 7);
    message.set_option(1, duid(0x99));
    message.set_option(2, duid(last));
    change(&mut message);
    let (src, dst) = (link_local(last), link_local(0x99));
    Envelope6 { src, dst, ..Envelope6::between(mac(last), CLIENT) }.udp((547, 546), &message.encode())
}

fn advertises(last: u8, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    said(last, MessageType::ADVERTISE, change)
}

fn gives(message: &mut Message, address: &str, valid: u32) {
    message.set_option(3, ia(1, 0, 0, &[ia_addr(ip(address), valid, valid, &[])]));
}

fn delegates(message: &mut Message, prefix: &str) {
    message.set_option(25, ia(1, 0, 0, &[ia_prefix(ip(prefix), 56, 1000, 1000, &[])]));
}

/// A name as it is encoded.
fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat());
    labels.chain([0]).collect()
}

/// What the first server offers.
fn right(message: &mut Message) {
    gives(message, "2001:db8:64::7", 1000);
    delegates(message, "2001:db8:1000::");
    message.set_option(23, ip("2001:db8:64::53").octets());
    message.set_option(24, name("lab.example"));
    message.set_option(7, [10]);
    message.set_option(59, *b"tftp://h/a");
}

/// What a router says: from its card and its address, with these flags and this lifetime.
fn advert(card: u8, source: u8, flags: u8, lifetime: u16, change: impl FnOnce(&mut nd::Message)) -> Vec<u8> {
    let mut message = nd::Message::advertisement(64, flags, lifetime);
    change(&mut message);
    Envelope6::to_group(mac(card), link_local(source), ip("ff02::1"), 255).icmpv6(&message.encode(), true)
}

fn prefix(message: &mut nd::Message, prefix: &str) {
    let mut data = vec![64, 0xc0, 0, 0, 14, 16, 0, 0, 7, 8, 0, 0, 0, 0];
    data.extend(ip(prefix).octets());
    message.add_option(3, &data);
}

fn route(message: &mut nd::Message, prefix: &str, length: u8, lifetime: u32) {
    let mut data = vec![length, 0];
    data.extend(lifetime.to_be_bytes());
    data.extend(ip(prefix).octets());
    message.add_option(24, &data);
}

fn mtu(message: &mut nd::Message, mtu: u16) {
    let [high, low] = mtu.to_be_bytes();
    message.add_option(5, &[0, 0, 0, 0, high, low]);
}

const MANAGED: u8 = 0xc0;

/// What the first router says.
fn right_router(message: &mut nd::Message) {
    prefix(message, "2001:db8:64::");
    mtu(message, 1500);
    route(message, "2001:db8:aa::", 48, 600);
    // A lifetime of 600 seconds, a prefix of 96 bits (RFC 8781 §4).
    message.add_option(38, &[2, 0x58, 0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]);
}

fn judged(frames: &[Vec<u8>], card: u8) -> (String, Vec<String>) {
    let mut policy = tempfile::NamedTempFile::new().unwrap();
    policy.write_all(POLICY.as_bytes()).unwrap();
    reasons_of(frames, card, &["--policy", policy.path().to_str().unwrap()])
}

/// What it is, what was seen, whose card is looked at, what it is, and why.
type Case = (&'static str, Vec<Vec<u8>>, u8, &'static str, &'static [&'static str]);

fn check(cases: &[Case]) {
    for (what, frames, card, status, codes) in cases {
        let (found, reasons) = judged(frames, *card);
        let wanted: Vec<String> = codes.iter().map(ToString::to_string).collect();
        assert_eq!((found.as_str(), reasons), (*status, wanted), "{what}");
    }
}

#[test]
fn a_server_must_offer_what_the_policy_says() {
    let first = |change: &dyn Fn(&mut Message)| {
        vec![advertises(1, |message| {
            right(message);
            change(message);
        })]
    };
    check(&[
        ("what it should", first(&|_| ()), 1, "allowed", &[]),
        ("another address of its network", first(&|m| gives(m, "2001:db8:64::8", 1000)), 1, "allowed", &[]),
        ("an address elsewhere", first(&|m| gives(m, "2001:db8:65::8", 1000)), 1, "rogue", &["wrong-prefix"]),
        ("an address taken away", first(&|m| gives(m, "2001:db8:65::8", 0)), 1, "allowed", &[]),
        ("a shorter lease", first(&|m| gives(m, "2001:db8:64::8", 999)), 1, "rogue", &["wrong-lease"]),
        ("the last prefix of its pool", first(&|m| delegates(m, "2001:db8:1fff:ff00::")), 1, "allowed", &[]),
        (
            "the first behind it",
            first(&|m| delegates(m, "2001:db8:2000::")),
            1,
            "rogue",
            &["wrong-delegation"],
        ),
        ("no name server", first(&|m| assert!(m.remove_option(23))), 1, "allowed", &[]),
        (
            "another name server",
            first(&|m| m.set_option(23, ip("2001:db8:64::66").octets())),
            1,
            "rogue",
            &["wrong-dns"],
        ),
        ("another search list", first(&|m| m.set_option(24, name("evil"))), 1, "rogue", &["wrong-domain"]),
        ("a preference of 11", first(&|m| m.set_option(7, [11])), 1, "rogue", &["wrong-preference"]),
        // An ADVERTISE without the option has preference 0 (RFC 9915 §18.2.1), a REPLY has none.
        ("no preference", first(&|m| assert!(m.remove_option(7))), 1, "rogue", &["wrong-preference"]),
        ("a REPLY without one", vec![said(1, MessageType::REPLY, |_| ())], 1, "allowed", &[]),
        ("another boot file", first(&|m| m.set_option(59, *b"tftp://x/b")), 1, "rogue", &["wrong-boot-file"]),
    ]);
}

#[test]
fn what_a_stranger_does_speaks_against_it_and_of_a_friend_is_a_note() {
    let friend = || advertises(1, right);
    let stranger = |change: &dyn Fn(&mut Message)| vec![friend(), advertises(66, change)];
    let other = |change: &dyn Fn(&mut Message)| vec![friend(), advertises(2, change)];
    check(&[
        ("nothing", stranger(&|_| ()), 66, "rogue", &["unknown-server"]),
        (
            "an address of the network",
            stranger(&|m| gives(m, "2001:db8:64::9", 9)),
            66,
            "rogue",
            &["unknown-server"],
        ),
        (
            "an address of another",
            stranger(&|m| gives(m, "2001:db8:66::9", 9)),
            66,
            "rogue",
            &["foreign-prefix", "unknown-server"],
        ),
        ("preference 254", stranger(&|m| m.set_option(7, [254])), 66, "rogue", &["unknown-server"]),
        (
            "preference 255",
            stranger(&|m| m.set_option(7, [255])),
            66,
            "rogue",
            &["preference-grab", "unknown-server"],
        ),
        ("the same of a friend", other(&|m| m.set_option(7, [255])), 2, "allowed", &[]),
        (
            "the known name server",
            stranger(&|m| m.set_option(23, ip("2001:db8:64::53").octets())),
            66,
            "rogue",
            &["unknown-server"],
        ),
        (
            "its own",
            stranger(&|m| m.set_option(23, ip("2001:db8:64::66").octets())),
            66,
            "rogue",
            &["foreign-dns", "unknown-server"],
        ),
        (
            "the known search list",
            stranger(&|m| m.set_option(24, name("lab.example"))),
            66,
            "rogue",
            &["unknown-server"],
        ),
        (
            "its own",
            stranger(&|m| m.set_option(24, name("evil"))),
            66,
            "rogue",
            &["foreign-search", "unknown-server"],
        ),
        (
            "a boot file",
            stranger(&|m| m.set_option(59, *b"tftp://x/b")),
            66,
            "rogue",
            &["boot-file", "unknown-server"],
        ),
        ("the same of a friend", other(&|m| m.set_option(59, *b"tftp://x/b")), 2, "allowed", &["boot-file"]),
        (
            "a captive portal",
            stranger(&|m| m.set_option(103, *b"https://x/")),
            66,
            "rogue",
            &["captive-portal", "unknown-server"],
        ),
        (
            "the same of a friend",
            other(&|m| m.set_option(103, *b"https://x/")),
            2,
            "allowed",
            &["captive-portal"],
        ),
    ]);
}

#[test]
fn who_reconfigures_or_binds_what_others_gave_is_told() {
    let binds = |last: u8, client: u8, address: &str, valid: u32| {
        said(last, MessageType::REPLY, |message| {
            message.set_option(1, duid(client));
            gives(message, address, valid);
        })
    };
    let reconfigures = |change: &dyn Fn(&mut Message)| {
        let mut message = said(2, MessageType::RECONFIGURE, |message| {
            message.set_option(19, [5]);
            change(message);
        });
        message.shrink_to_fit();
        vec![message]
    };
    // Delayed authentication's place is taken by the key protocol (RFC 9915 §20.4): protocol 3, algorithm 1.
    let proof = [&[3, 1, 0][..], &[0; 8], &[2], &[7; 16]].concat();
    let address = "2001:db8:64::7";
    check(&[
        ("RECONFIGURE", reconfigures(&|_| ()), 2, "rogue", &["reconfigure"]),
        ("with a proof", reconfigures(&|m| m.set_option(11, proof.clone())), 2, "allowed", &[]),
        (
            "binds another's lease",
            vec![binds(1, 9, address, 1000), binds(2, 9, address, 1000)],
            2,
            "allowed",
            &["extends-others"],
        ),
        ("takes it away", vec![binds(1, 9, address, 1000), binds(2, 9, address, 0)], 2, "allowed", &[]),
        ("another client's", vec![binds(1, 9, address, 1000), binds(2, 8, address, 1000)], 2, "allowed", &[]),
        ("its own again", vec![binds(2, 9, address, 1000), binds(2, 9, address, 1000)], 2, "allowed", &[]),
    ]);
}

#[test]
fn a_router_must_say_what_the_policy_says() {
    let first = |flags: u8, lifetime: u16, change: &dyn Fn(&mut nd::Message)| {
        vec![advert(1, 1, flags, lifetime, |message| {
            right_router(message);
            change(message);
        })]
    };
    check(&[
        ("what it should", first(MANAGED, 1800, &|_| ()), 1, "allowed", &[]),
        ("flag M alone", first(0x80, 1800, &|_| ()), 1, "rogue", &["wrong-flags"]),
        ("flag O alone", first(0x40, 1800, &|_| ()), 1, "rogue", &["wrong-flags"]),
        ("another lifetime", first(MANAGED, 1799, &|_| ()), 1, "rogue", &["wrong-flags"]),
        ("preference high", first(MANAGED | 8, 1800, &|_| ()), 1, "rogue", &["wrong-preference"]),
        ("another MTU", vec![advert(1, 1, MANAGED, 1800, |m| mtu(m, 1400))], 1, "rogue", &["wrong-flags"]),
        ("the same prefix again", first(MANAGED, 1800, &|m| prefix(m, "2001:db8:64::")), 1, "allowed", &[]),
        ("one more", first(MANAGED, 1800, &|m| prefix(m, "2001:db8:66::")), 1, "rogue", &["wrong-prefix"]),
        (
            "one more route",
            first(MANAGED, 1800, &|m| route(m, "2001:db8:ab::", 48, 600)),
            1,
            "rogue",
            &["wrong-prefix"],
        ),
        (
            "another prefix once, and the right ones after it",
            [first(MANAGED, 1800, &|m| prefix(m, "2001:db8:66::")), first(MANAGED, 1800, &|_| ())].concat(),
            1,
            "rogue",
            &["wrong-prefix"],
        ),
    ]);
}

#[test]
fn who_speaks_as_a_router_or_in_its_name_is_told() {
    let router = || advert(1, 1, MANAGED, 1800, right_router);
    let second = |lifetime: u16, change: &dyn Fn(&mut nd::Message)| advert(2, 2, 0, lifetime, change);
    let stranger = |flags: u8, change: &dyn Fn(&mut nd::Message)| {
        vec![router(), advert(66, 66, flags, 1800, |message| change(message))]
    };
    check(&[
        ("a stranger", stranger(0, &|_| ()), 66, "rogue", &["unknown-server"]),
        ("preference low", stranger(0x18, &|_| ()), 66, "rogue", &["unknown-server"]),
        ("preference high", stranger(8, &|_| ()), 66, "rogue", &["preference-grab", "unknown-server"]),
        ("the known prefix", stranger(0, &|m| prefix(m, "2001:db8:64::")), 66, "rogue", &["unknown-server"]),
        (
            "another",
            stranger(0, &|m| prefix(m, "2001:db8:66::")),
            66,
            "rogue",
            &["foreign-prefix", "unknown-server"],
        ),
        (
            "a route to everywhere",
            stranger(0, &|m| route(m, "::", 0, 600)),
            66,
            "rogue",
            &["default-route", "unknown-server"],
        ),
        ("that is withdrawn", stranger(0, &|m| route(m, "::", 0, 0)), 66, "rogue", &["unknown-server"]),
        (
            "a captive portal",
            stranger(0, &|m| m.add_option(37, b"https://x/")),
            66,
            "rogue",
            &["captive-portal", "unknown-server"],
        ),
        (
            "a friend's route",
            vec![router(), second(1800, &|m| route(m, "::", 0, 600))],
            2,
            "allowed",
            &["default-route"],
        ),
        // In another's name.
        (
            "lifetime 0 in another's name",
            vec![second(1800, &|_| ()), advert(66, 2, 0, 0, |_| ())],
            66,
            "rogue",
            &["kills-router", "two-macs"],
        ),
        (
            "another lifetime in its name",
            vec![second(1800, &|_| ()), advert(66, 2, 0, 9, |_| ())],
            66,
            "rogue",
            &["two-macs"],
        ),
        ("lifetime 0 in its own", vec![second(1800, &|_| ()), second(0, &|_| ())], 2, "allowed", &[]),
        (
            "lifetime 0 of a stranger",
            vec![router(), advert(66, 66, 0, 0, |_| ())],
            66,
            "rogue",
            &["unknown-server"],
        ),
    ]);
}
