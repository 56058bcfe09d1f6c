//! What follows a lease: the test of its addresses, DECLINE, RELEASE.

use super::*;
use crate::wire::neighbor::{Neighbor, solicited_node};
use crate::wire::v6::Facts;

#[test]
fn what_is_bound_is_given_back() {
    let settings = || Settings6 { release: true, choose: Choose::First, ..Settings6::default() };
    let mut machine = select(settings());
    let sent = hold(&mut machine, |message, _| obliging(message, 1));
    assert_eq!((kinds(&sent), machine.outcome(), machine.released()), (vec![1, 3, 8], Outcome6::Ack, true));
    let bytes = sent[2].1.encode();
    let facts = Facts::of(&bytes);
    assert_eq!((facts.addresses().count(), facts.prefixes().count()), (1, 1));
    let mut machine = select(settings());
    let sent = hold(&mut machine, |message, _| {
        if message.kind == MessageType::RELEASE { Vec::new() } else { obliging(message, 1) }
    });
    assert_eq!((kinds(&sent), machine.released()), (vec![1, 3, 8, 8, 8, 8], false));
    assert_eq!(machine.unreleased().len(), 1);
}

#[test]
fn an_address_in_use_is_declined() {
    let mut machine =
        select(Settings6 { dad: Dad::Decline, choose: Choose::First, release: true, ..Settings6::default() });
    let other = Mac([2, 9, 9, 9, 9, 9]);
    let (mut sent, mut probes) = (Vec::new(), 0);
    play(&mut machine, Instant::new(1000, 0), |now, frame| {
        if let Some(message) = message_in(frame) {
            let answers = obliging(&message, 1);
            sent.push((now, message));
            return answers
                .iter()
                .map(|(_, server, reply)| (Duration::ZERO, framed(*server, reply)))
                .collect();
        }
        let ip = Ethernet::read(frame).unwrap().ipv6().unwrap();
        let asks = Neighbor::decode(ip.icmpv6().unwrap()).unwrap();
        assert!(ip.src.is_unspecified() && ip.dst == solicited_node(asks.target));
        probes += 1;
        let all_nodes = "ff02::1".parse().unwrap();
        let envelope = Envelope6 { dst_mac: MAC, ..Envelope6::to_group(other, asks.target, all_nodes, 255) };
        vec![(Duration::ZERO, envelope.icmpv6(&asks.answer(other, ip.src).encode(), true))]
    });
    assert_eq!((kinds(&sent), probes), (vec![1, 3, 9, 8], 1));
    assert_eq!(machine.conflict(), Tested::InUse("fd00:64::1".parse().unwrap(), other));
    assert!(machine.declined() && machine.released());
    let bytes = sent[3].1.encode();
    let facts = Facts::of(&bytes);
    assert_eq!(
        (facts.addresses().count(), facts.prefixes().count()),
        (0, 1),
        "the prefix alone is left to give back"
    );
}
