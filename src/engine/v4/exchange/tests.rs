//! What is given back, held with servers that say what a test wants.

use super::*;
use crate::engine::machine::{Arrival, Machine};
use crate::engine::pair::play;
use crate::time::Timestamp;
use crate::wire::frame::Envelope;
use crate::wire::frame::build::arp_frame;
use crate::wire::frame::peek::Ethernet;
use crate::wire::options::v4 as opt;
use crate::wire::v4::{Message, Xid};

const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);
const OTHER: Mac = Mac([2, 9, 9, 9, 9, 9]);

fn exchange(conflict: ConflictCheck) -> Exchange {
    let task = Task::Request { state: State::Selecting, address: None, server: None };
    let settings = Settings { conflict, release: true, ..Settings::default() };
    Exchange::new(Recipe::new(MAC, Xid(7)), task, settings, Rng::with_seed(1))
}

fn message_in(frame: &[u8]) -> Option<Message> {
    Some(Message::decode(Ethernet::read(frame)?.ipv4()?.udp()?.payload))
}

/// What server `number` says to `message`: it gives 10.0.0.(100 + `number`).
fn says(message: &Message, number: u8, kind: MessageType) -> (Duration, Vec<u8>) {
    let mut reply = Message::reply(kind, message);
    reply.yiaddr = [10, 0, 0, number.saturating_add(100)].into();
    reply.set_option(opt::DHCP_SERVER_IDENTIFIER, &[10, 0, 0, number]);
    let mut envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, number]));
    (envelope.src_ip, envelope.src_port, envelope.dst_port) = ([10, 0, 0, number].into(), 67, 68);
    (Duration::from_millis(number.into()), envelope.frame(&reply.encode_padded()))
}

/// A server that acknowledges what it only was asked to offer.
fn commits_at_once(message: &Message) -> Vec<(Duration, Vec<u8>)> {
    match message.message_type() {
        Some(MessageType::DISCOVER) => vec![says(message, 1, MessageType::ACK)],
        _ => Vec::new(),
    }
}

/// Plays it to its end: what was sent to which server.
fn hold(
    machine: &mut Exchange,
    mut answer: impl FnMut(&Message) -> Vec<(Duration, Vec<u8>)>,
) -> Vec<(MessageType, Option<u8>)> {
    let mut sent = Vec::new();
    play(machine, Instant::new(1000, 0), |_, frame| {
        if let Some(arp) = Ethernet::read(frame).unwrap().arp() {
            return vec![(Duration::ZERO, arp_frame(&arp.reply(OTHER), OTHER, MAC, &[]))];
        }
        let message = message_in(frame).unwrap();
        let server = message.option(opt::DHCP_SERVER_IDENTIFIER).and_then(|id| id.last().copied());
        sent.push((message.message_type().unwrap(), server));
        answer(&message)
    });
    sent
}

fn of(sent: &[(MessageType, Option<u8>)], kind: MessageType) -> Vec<Option<u8>> {
    sent.iter().filter(|(one, _)| *one == kind).map(|(_, server)| *server).collect()
}

/// The same address on another VLAN is another host's business; priority alone is no VLAN.
#[test]
fn who_uses_the_address_on_another_vlan_is_no_conflict() {
    for (vlans, conflict) in [(&[][..], true), (&[0], true), (&[200], false)] {
        let mut machine = exchange(ConflictCheck::Decline);
        let mut sent = Vec::new();
        play(&mut machine, Instant::new(1000, 0), |_, frame| {
            if let Some(arp) = Ethernet::read(frame).unwrap().arp() {
                return vec![(Duration::ZERO, arp_frame(&arp.reply(OTHER), OTHER, MAC, vlans))];
            }
            let message = message_in(frame).unwrap();
            sent.extend(message.message_type());
            match message.message_type() {
                Some(MessageType::DISCOVER) => vec![says(&message, 1, MessageType::OFFER)],
                Some(MessageType::REQUEST) => vec![says(&message, 1, MessageType::ACK)],
                _ => Vec::new(),
            }
        });
        assert_eq!(
            (machine.declined(), sent.contains(&MessageType::DECLINE)),
            (conflict, conflict),
            "{vlans:?}"
        );
    }
}

#[test]
fn a_server_that_grants_after_every_release_is_given_back_to_a_few_times() {
    let mut machine = exchange(ConflictCheck::None);
    let sent = hold(&mut machine, |message| match message.message_type() {
        Some(MessageType::DISCOVER) => vec![says(message, 1, MessageType::OFFER)],
        Some(MessageType::REQUEST | MessageType::RELEASE) => vec![says(message, 1, MessageType::ACK)],
        _ => Vec::new(),
    });
    assert_eq!(machine.outcome(), Outcome::Ack);
    assert!((4..=12).contains(&of(&sent, MessageType::RELEASE).len()), "{sent:?}");
    assert_eq!(machine.debts().open().count(), 1, "what is left is said");
}

#[test]
fn a_server_that_grants_another_address_after_every_release_is_left() {
    let mut machine = exchange(ConflictCheck::None);
    let mut address = 1_u8;
    let sent = hold(&mut machine, |message| match message.message_type() {
        Some(MessageType::DISCOVER) => vec![says(message, 1, MessageType::OFFER)],
        Some(MessageType::REQUEST) => vec![says(message, 1, MessageType::ACK)],
        Some(MessageType::RELEASE) => {
            address = address.wrapping_add(1);
            let mut reply = Message::reply(MessageType::ACK, message);
            reply.yiaddr = [10, 0, 7, address].into();
            reply.set_option(opt::DHCP_SERVER_IDENTIFIER, &[10, 0, 0, 1]);
            let mut envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]));
            (envelope.src_ip, envelope.src_port, envelope.dst_port) = ([10, 0, 0, 1].into(), 67, 68);
            vec![(Duration::from_millis(100), envelope.frame(&reply.encode_padded()))]
        }
        _ => Vec::new(),
    });
    assert!(of(&sent, MessageType::RELEASE).len() <= 65 * 3, "{}", sent.len());
    let left = machine.debts().open().count() > 0 || machine.debts().dropped() > 0;
    assert!(left, "what is left is said");
}

#[test]
fn after_a_decline_other_servers_get_back_what_they_gave() {
    let mut machine = exchange(ConflictCheck::Decline);
    let sent = hold(&mut machine, |message| match message.message_type() {
        Some(MessageType::DISCOVER) => vec![says(message, 1, MessageType::OFFER)],
        Some(MessageType::REQUEST) => {
            vec![says(message, 1, MessageType::ACK), says(message, 2, MessageType::ACK)]
        }
        _ => Vec::new(),
    });
    assert!(machine.declined() && machine.released());
    assert_eq!(of(&sent, MessageType::DECLINE), [Some(1)]);
    assert_eq!(of(&sent, MessageType::RELEASE), [Some(2); 3], "what is declined is not released");
    assert_eq!(machine.debts().open().count(), 0);
}

#[test]
fn what_a_discover_bound_is_given_back() {
    let mut machine = exchange(ConflictCheck::None);
    let sent = hold(&mut machine, commits_at_once);
    assert_eq!(machine.outcome(), Outcome::Timeout);
    assert!(of(&sent, MessageType::REQUEST).is_empty());
    assert_eq!(of(&sent, MessageType::RELEASE), [Some(1); 3]);
    assert!(machine.released() && machine.debts().open().count() == 0);
}

#[test]
fn what_a_discover_bound_is_given_back_when_the_user_stops() {
    let mut machine = exchange(ConflictCheck::None);
    let now = Instant::new(1000, 0);
    Machine::on_time(&mut machine, now);
    let mut frame = Vec::new();
    Machine::poll_transmit(&mut machine, &mut frame).unwrap();
    for (after, frame) in commits_at_once(&message_in(&frame).unwrap()) {
        machine.on_frame(&Arrival::whole(now.after(after), Timestamp::default(), &frame));
    }
    Machine::stop(&mut machine, now.after(Duration::from_millis(5)));
    let sent = hold(&mut machine, |_| Vec::new());
    assert_eq!(sent, [(MessageType::RELEASE, Some(1)); 3]);
    assert_eq!(machine.debts().open().count(), 0);
}
