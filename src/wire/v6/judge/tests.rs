//! What is wrong with messages, one by one.

use super::super::message::{Message, ia, ia_addr, ia_prefix, oro, status};
use super::*;
use crate::wire::frame::{Ip, Protocol, Udp};

fn codes(bytes: &[u8], change: impl FnOnce(&mut Datagram<'_>)) -> Vec<&'static str> {
    let packet = Packet::new(bytes);
    let mut outline = Outline::default();
    outline.read(&packet, bytes.len(), false);
    let mut datagram = Datagram {
        protocol: Protocol::Dhcpv6,
        udp: Some(Udp { src_port: 546, dst_port: 547 }),
        checksum: Checksum::Good,
        ip: Some(Ip {
            ttl: 64,
            ..Ip::new(IpAddr::V6("fe80::5".parse().unwrap()), IpAddr::V6("fe80::1".parse().unwrap()))
        }),
        ..Datagram::bare(bytes)
    };
    change(&mut datagram);
    let mut problems = Vec::new();
    judge(&packet, &outline, &datagram, &mut problems);
    problems.iter().map(|problem| problem.code.name()).collect()
}

fn solicit() -> Message {
    let mut message = Message::new(MessageType::SOLICIT, 7);
    message.set_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, 0, 0, 5]);
    message.set_option(opt::ELAPSED_TIME, [0, 0]);
    message.set_option(opt::ORO, oro(&[23, 82]));
    message.set_option(opt::IA_NA, ia(5, 0, 0, &[]));
    message
}

fn reply(inside: Vec<u8>, code: u16) -> Message {
    let mut message = Message::new(MessageType::REPLY, 7);
    message.set_option(opt::CLIENTID, [0, 3, 0, 1, 5]);
    message.set_option(opt::SERVERID, [0, 3, 0, 1, 1]);
    message.add_option(code, inside);
    message
}

/// Each case with the one problem it has, and the same with nothing wrong.
#[test]
fn every_rule_has_its_case_and_its_near_miss() {
    let none = |_: &mut Datagram<'_>| {};
    let of = |message: &Message| codes(&message.encode(), none);
    assert_eq!(of(&solicit()), [""; 0]);
    for (code, problem) in [
        (opt::CLIENTID, "client-id-missing"),
        (opt::ELAPSED_TIME, "elapsed-missing"),
        (opt::ORO, "max-rt-missing"),
    ] {
        let mut message = solicit();
        message.remove_option(code);
        assert_eq!(of(&message), [problem]);
    }
    for (code, data, problem) in [
        (opt::SERVERID, vec![0, 3, 0, 1, 1], "server-id-unexpected"),
        (opt::PREFERENCE, vec![255], "option-misplaced"),
        (opt::ELAPSED_TIME, vec![0, 0], "option-repeated"),
        (opt::IA_TA, vec![0; 4], "obsolete-option"),
    ] {
        let mut message = solicit();
        message.add_option(code, data);
        assert_eq!(of(&message), [problem]);
    }
    let mut message = solicit();
    message.set_option(opt::ORO, oro(&[82, 17, 3]));
    assert_eq!(of(&message), ["oro-forbidden"]);
    message.set_option(opt::ORO, oro(&[82, 32]));
    assert_eq!(of(&message), ["oro-forbidden"]);
    message.set_option(opt::ORO, oro(&[82]));
    message.set_option(opt::CLIENTID, [0, 3]);
    assert_eq!(of(&message), ["duid-length"]);
    message.kind = MessageType(99);
    assert_eq!(of(&message), ["message-type-unknown"]);

    let addr: Ipv6Addr = "fd00::5".parse().unwrap();
    let lease = |preferred, valid| ia_addr(addr, preferred, valid, &[]);
    for (t1, t2, preferred, valid, want) in [
        (50, 80, 100, 200, None),
        (0, 0, 100, 200, None),
        (80, 50, 100, 200, Some("t1-after-t2")),
        (50, 80, 300, 200, Some("lifetime-inverted")),
        (50, 200, 100, 200, Some("t2-after-valid")),
        (50, 80, 0, 0, Some("lifetime-zero")),
    ] {
        let message = reply(ia(1, t1, t2, &[lease(preferred, valid)]), opt::IA_NA);
        assert_eq!(of(&message), Vec::from_iter(want), "{t1} {t2} {preferred} {valid}");
    }
    for (prefix, length, want) in [
        ("fd00:0:0:ff00::", 56, None),
        ("fd00:0:0:ff01::", 56, Some("prefix-host-bits")),
        ("fd00::", 129, Some("prefix-length-invalid")),
    ] {
        let inside = ia_prefix(prefix.parse().unwrap(), length, 100, 200, &[]);
        assert_eq!(of(&reply(ia(1, 50, 80, &[inside]), opt::IA_PD)), Vec::from_iter(want), "{prefix}");
    }
    for (code, value, want) in [
        (opt::SOL_MAX_RT, 60, None),
        (opt::SOL_MAX_RT, 59, Some("max-rt-range")),
        (opt::INF_MAX_RT, 86_401, Some("max-rt-range")),
        (opt::INFORMATION_REFRESH_TIME, 600, None),
        (opt::INFORMATION_REFRESH_TIME, 599, Some("refresh-time-small")),
    ] {
        assert_eq!(of(&reply(u32::to_be_bytes(value).to_vec(), code)), Vec::from_iter(want), "{value}");
    }
    assert_eq!(of(&reply(status(0, "ok").data, opt::STATUS_CODE)), [""; 0]);
    assert_eq!(of(&reply(status(0, "ok\0").data, opt::STATUS_CODE)), ["status-text-nul"]);
    assert_eq!(of(&reply(status(5, "").data, opt::STATUS_CODE)), ["obsolete-option"]);

    let mut reconfigure = reply(vec![5], opt::RECONF_MSG);
    reconfigure.kind = MessageType::RECONFIGURE;
    assert_eq!(of(&reconfigure), ["auth-missing"]);
    reconfigure.set_option(opt::AUTH, [0; 11]);
    assert_eq!(of(&reconfigure), [""; 0]);
    let mut inform = solicit();
    inform.kind = MessageType::INFORMATION_REQUEST;
    inform.set_option(opt::ORO, oro(&[32, 83]));
    assert_eq!(of(&inform), ["ia-unexpected"]);
    inform.remove_option(opt::IA_NA);
    assert_eq!(of(&inform), [""; 0]);
}

#[test]
fn relays_are_judged_level_by_level() {
    let link: Ipv6Addr = "fd00::1".parse().unwrap();
    let relay = |hop, link, inner: &[u8]| {
        codes(&Message::relay(MessageType::RELAY_FORW, hop, link, link, inner).encode(), |_| {})
    };
    let inner = solicit().encode();
    assert_eq!(relay(0, link, &inner), [""; 0]);
    assert_eq!(relay(8, link, &inner), [""; 0]);
    assert_eq!(relay(9, link, &inner), ["hop-count-exceeded"]);
    assert_eq!(relay(0, "fe80::1".parse().unwrap(), &inner), ["link-address-unusable"]);
    assert_eq!(relay(0, Ipv6Addr::UNSPECIFIED, &inner), ["link-address-unusable"]);
    assert_eq!(relay(1, Ipv6Addr::UNSPECIFIED, &inner), [""; 0]);
    let once = Message::relay(MessageType::RELAY_FORW, 0, link, link, &inner).encode();
    assert_eq!(relay(1, link, &once), [""; 0]);
    assert_eq!(relay(0, link, &once), ["hop-count-order"]);
    let mut empty = Message::relay(MessageType::RELAY_FORW, 0, link, link, &inner);
    empty.remove_option(opt::RELAY_MSG);
    assert_eq!(codes(&empty.encode(), |_| {}), ["relay-message-missing"]);
}

#[test]
fn what_is_around_counts() {
    let bytes = solicit().encode();
    let port = |src_port, dst_port| move |d: &mut Datagram<'_>| d.udp = Some(Udp { src_port, dst_port });
    assert_eq!(codes(&bytes, port(50_000, 547)), ["port-unusual"]);
    assert_eq!(codes(&bytes, port(546, 50_000)), ["port-unusual"]);
    assert_eq!(codes(&bytes, |d| d.checksum = Checksum::Absent), ["checksum-zero"]);
    let reply = reply(Vec::new(), opt::RAPID_COMMIT).encode();
    let group = |d: &mut Datagram<'_>| d.ip.as_mut().unwrap().dst = IpAddr::V6("ff02::1".parse().unwrap());
    assert_eq!(codes(&reply, group), ["multicast-reply"]);
    assert_eq!(codes(&reply, |_| {}), [""; 0]);
    assert_eq!(codes(&bytes, group), [""; 0]);
}

#[test]
fn what_hosts_do_not_believe_stands_once() {
    let why = |bytes: &[u8], change: &dyn Fn(&mut Datagram<'_>)| {
        let packet = nd::Packet::new(bytes);
        let mut outline = nd::Outline::default();
        outline.read(&packet, bytes.len(), false);
        let ip = Ip { ttl: 255, ..Ip::new("fe80::1".parse().unwrap(), IpAddr::V6(nd::ALL_NODES)) };
        let mut datagram = Datagram { ip: Some(ip), protocol: Protocol::Icmpv6, ..Datagram::bare(bytes) };
        change(&mut datagram);
        disbelief(&packet, &outline, &datagram).map(|problem| problem.code.name())
    };
    let mut message = nd::Message::advertisement(64, 0x10, 9001);
    // What hosts take amiss in part, they believe for the rest.
    message.add_option(ndopt::MTU, &[0, 0, 0, 0, 1, 0]);
    let good = message.encode();
    assert_eq!(why(&good, &|_| {}), None);
    let ip = |change: fn(&mut Ip)| move |datagram: &mut Datagram<'_>| change(datagram.ip.as_mut().unwrap());
    assert_eq!(why(&good, &ip(|ip| ip.ttl = 64)), Some("hop-limit-not-255"));
    assert_eq!(why(&good, &ip(|ip| ip.fragmented = true)), Some("fragmented-discovery"));
    assert_eq!(why(&good, &ip(|ip| ip.src = "fd00::1".parse().unwrap())), Some("source-not-link-local"));
    assert_eq!(why(&good, &|datagram| datagram.checksum = Checksum::Bad), Some("icmp-checksum-bad"));
    assert_eq!(why(&good[..12], &|_| {}), Some("header-truncated"));
    assert_eq!(why(&good[..20], &|_| {}), Some("option-truncated"));
    assert_eq!(why(&[&good[..], &[1, 0]].concat(), &|_| {}), Some("option-length-zero"));
    let mut other = good.clone();
    other[1] = 1;
    assert_eq!(why(&other, &|_| {}), Some("icmp-code-nonzero"));
}

#[test]
fn routers_are_judged() {
    let of = |message: &nd::Message, source: &str, ttl: u8| {
        let bytes = message.encode();
        let packet = nd::Packet::new(&bytes);
        let mut outline = nd::Outline::default();
        outline.read(&packet, bytes.len(), false);
        let ip = Ip { ttl, ..Ip::new(IpAddr::V6(source.parse().unwrap()), IpAddr::V6(nd::ALL_NODES)) };
        let datagram = Datagram { ip: Some(ip), protocol: Protocol::Icmpv6, ..Datagram::bare(&bytes) };
        let mut problems = Vec::new();
        judge_router(&packet, &outline, &datagram, &mut problems);
        problems.iter().map(|problem| problem.code.name()).collect::<Vec<_>>()
    };
    let good = nd::Message::advertisement(64, 0x80, 1800);
    assert_eq!(of(&good, "fe80::1", 255), [""; 0]);
    assert_eq!(of(&good, "fe80::1", 254), ["hop-limit-not-255"]);
    assert_eq!(of(&good, "fd00::1", 255), ["source-not-link-local"]);
    for (flags, lifetime, want) in [
        (0x10, 1800, Some("preference-reserved")),
        (0x08, 1800, None),
        (0x08, 0, Some("preference-without-lifetime")),
        (0, 0, None),
        (0, 9000, None),
        (0, 9001, Some("router-lifetime-long")),
    ] {
        let message = nd::Message::advertisement(64, flags, lifetime);
        assert_eq!(of(&message, "fe80::1", 255), Vec::from_iter(want), "{flags:x} {lifetime}");
    }
    let prefix = |length, flags, valid: u32, preferred: u32, first: [u8; 2]| {
        let mut data = vec![length, flags];
        data.extend(valid.to_be_bytes());
        data.extend(preferred.to_be_bytes());
        data.extend([0; 4]);
        data.extend(first);
        data.extend([0; 14]);
        let mut message = nd::Message::advertisement(64, 0, 1800);
        message.add_option(ndopt::PREFIX_INFORMATION, &data);
        of(&message, "fe80::1", 255)
    };
    assert_eq!(prefix(64, 0xc0, 200, 100, [0xfd, 0]), [""; 0]);
    assert_eq!(prefix(60, 0xc0, 200, 100, [0xfd, 0]), ["slaac-prefix-not-64"]);
    assert_eq!(prefix(60, 0x80, 200, 100, [0xfd, 0]), [""; 0]);
    assert_eq!(prefix(64, 0xc0, 100, 200, [0xfd, 0]), ["prefix-lifetimes-inverted"]);
    assert_eq!(prefix(64, 0xc0, 200, 100, [0xfe, 0x80]), ["prefix-link-local"]);
    let mut message = good.clone();
    message.add_option(ndopt::MTU, &[0, 0, 0, 0, 4, 0xff]);
    message.add_option(ndopt::RECURSIVE_DNS_SERVER, &[0, 0, 0, 0, 0, 1]);
    assert_eq!(of(&message, "fe80::1", 255), ["mtu-below-1280", "rdnss-empty"]);
    let mut solicitation = nd::Message::solicitation();
    solicitation.add_option(ndopt::SOURCE_LINK_LAYER_ADDRESS, &[2, 0, 0, 0, 0, 1]);
    assert_eq!(of(&solicitation, "fe80::1", 255), [""; 0]);
    assert_eq!(of(&solicitation, "::", 255), ["slla-from-unspecified"]);
    solicitation.header.as_mut().unwrap().code = 1;
    assert_eq!(of(&solicitation, "fe80::1", 255), ["icmp-code-nonzero"]);
}

#[test]
fn repeats_are_counted_among_many_options() {
    let bytes = [&[1, 1, 2, 3][..], &[0, 99, 0, 0, 0, 8, 0, 2, 0, 0].repeat(6500)].concat();
    let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
    outline.read(&packet, bytes.len(), false);
    let mut problems = Vec::new();
    judge(&packet, &outline, &Datagram::bare(&bytes), &mut problems);
    let repeated = problems.iter().filter(|problem| problem.code == Code::OptionRepeated);
    let mut told = repeated.map(|problem| problem.args).filter(|args| args[0] == 8).peekable();
    assert!(told.peek().is_some() && told.all(|args| args == [8, 6500, 0]));
}
