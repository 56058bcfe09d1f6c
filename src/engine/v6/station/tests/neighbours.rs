//! Neighbours that look for the client, and those that the client looks for.

use super::*;

fn asks(target: Ipv6Addr, src: Ipv6Addr) -> Vec<u8> {
    let envelope = Envelope6::to_group(SERVER, src, solicited_node(target), 255);
    envelope.icmpv6(&Neighbor::solicitation(target, Some(SERVER)).encode(), true)
}

fn frames(station: &mut Station6) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut out = Vec::new();
    while station.poll_transmit(&mut out).is_some() {
        found.push(std::mem::take(&mut out));
    }
    found
}

#[test]
fn who_looks_for_a_foreign_client_is_answered_and_nobody_else_is() {
    let own = link_local(MAC);
    let mut foreign = station(&recipe(), true);
    foreign.send(&draft(&recipe()), 0, Instant::new(0, 0));
    let sent = frames(&mut foreign);
    assert_eq!(sent.len(), 2, "the report of the group comes first");
    assert_eq!((sent[0][20], sent[0][62]), (0, 143));
    foreign.on_frame(&arrival(&asks(own, link_local(SERVER))));
    let sent = frames(&mut foreign);
    let seen = SeenNeighbor::read(&sent[0], &[]).unwrap();
    let NeighborWord::Neighbor(answer) = seen.word else { panic!("{seen:?}") };
    assert_eq!((answer.asks, answer.flags, answer.target, answer.link_layer), (false, 0x60, own, Some(MAC)));
    assert_eq!((seen.mac, seen.src, seen.dst), (MAC, own, link_local(SERVER)));
    for (target, src) in [
        (link_local(SERVER), link_local(Mac([2; 6]))),
        (own, Ipv6Addr::UNSPECIFIED),
        ("fd00::5".parse().unwrap(), own),
    ] {
        foreign.on_frame(&arrival(&asks(target, src)));
        assert!(frames(&mut foreign).is_empty(), "{target} {src}");
    }
    // The kernel answers for the interface's own address.
    let mut own_card = station(&recipe(), false);
    own_card.on_frame(&arrival(&asks(own, link_local(SERVER))));
    assert!(frames(&mut own_card).is_empty());
    assert!(own_card.watch.check(Some(SERVER), Instant::new(2, 0)).is_some(), "it is noticed all the same");
}

#[test]
fn a_next_hop_is_looked_for_three_times() {
    let to: Ipv6Addr = "fd00:64::1".parse().unwrap();
    let recipe = Recipe6 { to: Some(to), ..recipe() };
    let mut station = station(&recipe, false);
    let mut now = Instant::new(0, 0);
    assert!(!station.send(&draft(&recipe), 0, now));
    let mut asked = frames(&mut station).len();
    while station.resolve(now) {
        asked += frames(&mut station).len();
        now = station.resolve_deadline().unwrap();
    }
    assert_eq!((asked, station.watch.unresolved), (3, Some(to)));
    let mut station = self::station(&recipe, false);
    station.send(&draft(&recipe), 0, now);
    frames(&mut station);
    let envelope = Envelope6 { src: to, hop_limit: 255, ..Envelope6::between(SERVER, MAC) };
    let answer = Neighbor::solicitation(to, None).answer(SERVER, link_local(MAC));
    station.on_frame(&arrival(&envelope.icmpv6(&answer.encode(), true)));
    assert!(station.send(&draft(&recipe), 0, now));
    assert_eq!(frames(&mut station)[0][..6], SERVER.0);
    for (mac, want) in [(SERVER, true), (Mac([2; 6]), false)] {
        let envelope = Envelope6 { src_mac: mac, src: link_local(mac), ..envelope.clone() };
        let Sorted::Answer(answer) =
            station.on_frame(&arrival(&envelope.udp((547, 546), &advertise().encode())))
        else {
            panic!("an answer")
        };
        assert_eq!(station.is_from(&answer, to), want, "another address of the same card is the same host");
    }
}
