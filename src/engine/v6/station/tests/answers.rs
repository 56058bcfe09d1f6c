//! What is an answer, and which advertisements are believed.

use super::*;
use crate::engine::v6::recipe::Hop;
use crate::wire::frame::{Checksum, Ip, Udp};
use crate::wire::v6::Item;

fn judged(message: &Message, change: impl FnOnce(&mut Datagram<'_>)) -> Result<usize, Reason6> {
    let bytes = message.encode();
    let mut datagram = Datagram {
        protocol: Protocol::Dhcpv6,
        udp: Some(Udp { src_port: 547, dst_port: 546 }),
        ip: Some(Ip::new(link_local(SERVER).into(), link_local(MAC).into())),
        checksum: Checksum::Good,
        ..Datagram::bare(&bytes)
    };
    change(&mut datagram);
    station(&recipe(), false).expected.judge(&datagram)
}

#[test]
fn only_what_fits_in_everything_is_an_answer() {
    let with = |change: fn(&mut Message)| {
        let mut message = advertise();
        change(&mut message);
        judged(&message, |_| ())
    };
    assert_eq!(with(|_| ()), Ok(0));
    assert_eq!(with(|m| *m = Message::new(m.kind, 8)), Err(Reason6::OtherXid));
    assert_eq!(with(|m| m.set_option(opt::CLIENTID, [0, 3, 0, 1, 1])), Err(Reason6::OtherClient));
    assert_eq!(
        with(|m| {
            m.remove_option(opt::CLIENTID);
        }),
        Err(Reason6::NoClientId)
    );
    assert_eq!(
        with(|m| {
            m.remove_option(opt::SERVERID);
        }),
        Err(Reason6::NoServerId)
    );
    assert_eq!(with(|m| m.add_option(40_000, [1])), Ok(0), "an unknown option is no reason");
    let around = |change: fn(&mut Datagram<'_>)| judged(&advertise(), change);
    assert_eq!(around(|d| d.udp = Some(Udp { src_port: 547, dst_port: 1546 })), Err(Reason6::WrongPort));
    assert_eq!(
        around(|d| d.udp = Some(Udp { src_port: 1547, dst_port: 546 })),
        Ok(0),
        "any source port is allowed"
    );
    let group = IpAddr::V6(nd::ALL_NODES);
    assert_eq!(
        judged(&advertise(), |d| d.ip = d.ip.map(|ip| Ip { dst: group, ..ip })),
        Err(Reason6::Multicast)
    );
    assert_eq!(around(|d| d.checksum = Checksum::Bad), Err(Reason6::BadChecksum));
    assert_eq!(around(|d| d.checksum = Checksum::Absent), Err(Reason6::BadChecksum));
    assert_eq!(around(|d| d.checksum = Checksum::Unknown), Ok(0), "left to the network card");
    assert_eq!(around(|d| d.quoted = true), Err(Reason6::Quoted));
    assert_eq!(around(|d| d.payload = &[2, 0, 0]), Err(Reason6::Malformed));
    let relayed =
        Message::relay(MessageType::RELAY_REPL, 0, link_local(MAC), link_local(MAC), &advertise().encode());
    assert_eq!(judged(&relayed, |_| ()), Err(Reason6::OtherClient), "nobody plays a relay here");
}

#[test]
fn a_client_without_a_name_takes_only_answers_without_one() {
    let recipe = Recipe6 { duid: None, ..recipe() };
    let judge = |message: &Message| {
        let bytes = message.encode();
        let datagram = Datagram { udp: Some(Udp { src_port: 547, dst_port: 546 }), ..Datagram::bare(&bytes) };
        station(&recipe, false).expected.judge(&datagram)
    };
    assert_eq!(judge(&advertise()), Err(Reason6::OtherClient));
    let mut nameless = advertise();
    nameless.remove_option(opt::CLIENTID);
    assert_eq!(judge(&nameless), Ok(0));
}

#[test]
fn envelopes_must_come_back_as_they_went() {
    let hop = |text: &str| Hop {
        link: text.parse().unwrap(),
        peer: None,
        options: vec![Item::new(opt::INTERFACE_ID, *b"port7")],
        hop_count: None,
    };
    let recipe = Recipe6 { relays: vec![hop("fd00:64::1"), hop("fd00:65::1")], ..recipe() };
    let mut station = station(&recipe, false);
    let own = link_local(MAC);
    let mut reply = |change: fn(&mut Message, &mut Message)| {
        let link = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        let mut inner =
            Message::relay(MessageType::RELAY_REPL, 0, link("fd00:64::1"), own, &advertise().encode());
        inner.set_option(opt::INTERFACE_ID, *b"port7");
        let mut outer =
            Message::relay(MessageType::RELAY_REPL, 1, link("fd00:65::1"), link("fd00:64::1"), &[]);
        outer.set_option(opt::INTERFACE_ID, *b"port7");
        change(&mut outer, &mut inner);
        outer.set_option(opt::RELAY_MSG, inner.encode());
        let envelope = Envelope6::between(SERVER, MAC);
        let frame = envelope.udp((547, 547), &outer.encode());
        match station.on_frame(&arrival(&frame)) {
            Sorted::Answer(answer) => Ok(answer.mismatch),
            other => Err(format!("{other:?}")),
        }
    };
    assert_eq!(reply(|_, _| ()), Ok(None));
    let told = |found: Result<Option<String>, String>| found.unwrap().unwrap();
    assert!(
        told(reply(|_, inner| {
            inner.remove_option(opt::INTERFACE_ID);
        }))
        .contains("relay 1")
    );
    assert!(told(reply(|outer, _| outer.set_option(opt::INTERFACE_ID, *b"x"))).contains("relay 2"));
    let other_link = |outer: &mut Message, _: &mut Message| {
        if let crate::wire::v6::Head::Relay { link, .. } = &mut outer.head {
            *link = Ipv6Addr::LOCALHOST;
        }
    };
    assert!(told(reply(other_link)).contains("link-address ::1 came back"));
}

#[test]
fn advertisements_that_hosts_do_not_believe() {
    let fault = |hop_limit: u8, src: Ipv6Addr, bytes: &[u8], checksum: Checksum| {
        let ip = Ip { ttl: hop_limit, ..Ip::new(src.into(), nd::ALL_NODES.into()) };
        let datagram =
            Datagram { protocol: Protocol::Icmpv6, ip: Some(ip), checksum, ..Datagram::bare(bytes) };
        advert_fault(&datagram).map(|(reason, _)| reason)
    };
    let good = nd::Message::advertisement(64, 0, 1800).encode();
    let (router, global) = (link_local(SERVER), "fd00::1".parse().unwrap());
    assert_eq!(fault(255, router, &good, Checksum::Good), None);
    assert_eq!(fault(254, router, &good, Checksum::Good), Some(Reason6::BadHopLimit));
    assert_eq!(fault(255, global, &good, Checksum::Good), Some(Reason6::Malformed));
    assert_eq!(fault(255, router, &good, Checksum::Bad), Some(Reason6::BadChecksum));
    assert_eq!(fault(255, router, &good[..12], Checksum::Good), Some(Reason6::Malformed));
    let mut code = good.clone();
    code[1] = 1;
    assert_eq!(fault(255, router, &code, Checksum::Good), Some(Reason6::Malformed));
    let fragment = Ip { ttl: 255, fragmented: true, ..Ip::new(router.into(), nd::ALL_NODES.into()) };
    let datagram = Datagram { protocol: Protocol::Icmpv6, ip: Some(fragment), ..Datagram::bare(&good) };
    assert!(advert_fault(&datagram).unwrap().1.contains("fragments"));
    let mut zero = good;
    zero.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(fault(255, router, &zero, Checksum::Good), Some(Reason6::Malformed));
}
