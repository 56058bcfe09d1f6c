//! What follows a lease: the test of its addresses, DECLINE, RELEASE.

use super::*;
use crate::time::Timestamp;
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
    let unreleased: Vec<_> = machine.unreleased().collect();
    assert_eq!(unreleased.len(), 1);
    let leases = unreleased[0].1.iter().map(|ia| (ia.addresses.len(), ia.prefixes.len()));
    assert_eq!(leases.collect::<Vec<_>>(), [(1, 0), (0, 1)]);
}

/// Twenty servers that bind at once and do not say that they took it back: the last ones are asked once.
#[test]
fn many_silent_servers_do_not_hold_an_exchange_for_minutes() {
    let mut machine = rapid(true);
    let mut begun = None;
    let mut last = Instant::default();
    let sent = hold(&mut machine, |message, _| {
        if message.kind != MessageType::SOLICIT {
            return Vec::new();
        }
        (1..=20)
            .map(|number| {
                reply(message, number, MessageType::REPLY, |message| {
                    message.add_option(opt::RAPID_COMMIT, []);
                    lease(number)(message);
                })
            })
            .collect()
    });
    for (at, _) in &sent {
        begun.get_or_insert(*at);
        last = *at;
    }
    let asked: std::collections::BTreeSet<u8> = servers(&sent, MessageType::RELEASE).into_iter().collect();
    assert_eq!((asked.len(), machine.unreleased().count()), (20, 20), "each was asked");
    let took = seconds(begun.unwrap(), last);
    assert!(took < 60.0, "{took}");
}

/// Servers 1 and 2, which both commit at once; the second one after `later`.
fn two_commit(message: &Message, later: Duration) -> Vec<Answer> {
    if message.kind != MessageType::SOLICIT {
        return [1, 2].iter().flat_map(|number| obliging(message, *number)).collect();
    }
    let commits = |number: u8| {
        reply(message, number, MessageType::REPLY, |message| {
            message.add_option(opt::RAPID_COMMIT, []);
            lease(number)(message);
        })
    };
    let (one, (_, two, second)) = (commits(1), commits(2));
    vec![one, (later, two, second)]
}

fn rapid(release: bool) -> Exchange6 {
    let recipe = Recipe6 { rapid_commit: true, ..recipe(&[IaKind::Na, IaKind::Pd]) };
    let task = Task6::Request { state: State6::Selecting, held: Vec::new() };
    let settings = Settings6 { release, ..Settings6::default() };
    Exchange6::new(recipe, task, settings, false, Rng::with_seed(1))
}

fn servers(sent: &[Sent], kind: MessageType) -> Vec<u8> {
    let of_kind = sent.iter().filter(|(_, message)| message.kind == kind);
    of_kind.filter_map(|(_, message)| message.option(opt::SERVERID)?.last().copied()).collect()
}

#[test]
fn what_a_second_server_bound_at_once_is_given_back() {
    // While the first one gets its lease back, and after that.
    for later in [2, 100] {
        let mut machine = rapid(true);
        let sent = hold(&mut machine, |message, _| two_commit(message, Duration::from_millis(later)));
        assert_eq!((kinds(&sent), machine.is_rapid_commit()), (vec![1, 8, 8], true));
        assert_eq!(servers(&sent, MessageType::RELEASE), [1, 2]);
        assert!(machine.released() && machine.left().next().is_none());
    }
    let mut machine = rapid(false);
    let sent = hold(&mut machine, |message, _| two_commit(message, Duration::from_millis(100)));
    assert_eq!(kinds(&sent), [1]);
    let left: Vec<_> = machine.left().collect();
    assert_eq!(left.len(), 1, "the first one's lease is kept");
    assert_eq!(left[0].0, &Duid(vec![0, 3, 0, 1, 2]));
    assert_eq!(left[0].1[0].addresses, ["fd00:64::2".parse::<Ipv6Addr>().unwrap()]);
}

#[test]
fn what_a_server_bound_without_being_asked_is_given_back() {
    // It leaves out option 14; nobody offers anything.
    let mut machine = select(Settings6 { release: true, retries: Some(1), ..Settings6::default() });
    let sent = hold(&mut machine, |message, _| match message.kind {
        MessageType::SOLICIT => vec![reply(message, 1, MessageType::REPLY, lease(1))],
        _ => obliging(message, 1),
    });
    assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 1, 8], Outcome6::Timeout));
    assert!(machine.released());
}

#[test]
fn what_may_be_bound_is_given_back() {
    let settings =
        || Settings6 { release: true, retries: Some(1), choose: Choose::First, ..Settings6::default() };
    let mute = |message: &Message| match message.kind {
        MessageType::REQUEST | MessageType::RENEW => Vec::new(),
        _ => obliging(message, 1),
    };
    let mut machine = select(settings());
    let sent = hold(&mut machine, |message, _| mute(message));
    assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 3, 3, 8], Outcome6::Timeout));
    let bytes = sent[3].1.encode();
    let facts = Facts::of(&bytes);
    assert_eq!((facts.addresses().count(), facts.prefixes().count()), (1, 1));
    assert!(machine.released());
    // Or it is not said that it was.
    let mut machine = select(settings());
    let sent =
        hold(
            &mut machine,
            |message, _| {
                if message.kind == MessageType::RELEASE { Vec::new() } else { mute(message) }
            },
        );
    assert_eq!((kinds(&sent), machine.released()), (vec![1, 3, 3, 8, 8], false));
    assert!(machine.unreleased().map(|(server, _)| server).eq([&Duid(vec![0, 3, 0, 1, 1])]));
}

#[test]
fn what_may_be_bound_is_given_back_when_the_user_stops() {
    let mut machine = select(Settings6 { release: true, choose: Choose::First, ..Settings6::default() });
    let now = Instant::new(1000, 0);
    let mut sent = Vec::new();
    machine.on_time(now);
    for _ in 0..2 {
        let mut frame = Vec::new();
        machine.poll_transmit(&mut frame).unwrap();
        let message = message_in(&frame).unwrap();
        if message.kind == MessageType::SOLICIT {
            for (_, server, reply) in obliging(&message, 1) {
                machine.on_frame(&Arrival::whole(now, Timestamp::default(), &framed(server, &reply)));
            }
        }
        sent.push((now, message));
    }
    machine.stop(now);
    sent.extend(hold(&mut machine, |message, _| obliging(message, 1)));
    assert_eq!((kinds(&sent), machine.released()), (vec![1, 3, 8], true));
}

#[test]
fn all_addresses_in_use_are_declined_at_once() {
    let settings =
        Settings6 { dad: Dad::Decline, choose: Choose::First, release: true, ..Settings6::default() };
    let kinds_of_ia = [IaWish::new(IaKind::Na, 5), IaWish::new(IaKind::Na, 6)];
    let recipe = Recipe6 { ias: kinds_of_ia.to_vec(), ..recipe(&[]) };
    let task = Task6::Request { state: State6::Selecting, held: Vec::new() };
    let mut machine = Exchange6::new(recipe, task, settings, false, Rng::with_seed(1));
    let address = |last: u16| Ipv6Addr::new(0xfd00, 0x64, 0, 0, 0, 0, 0, last);
    let leased = |message: &mut Message| {
        let na =
            |all: &[u16]| all.iter().map(|last| ia_addr(address(*last), 500, 1000, &[])).collect::<Vec<_>>();
        message.add_option(opt::IA_NA, ia(5, 250, 400, &na(&[1, 2])));
        message.add_option(opt::IA_NA, ia(6, 250, 400, &na(&[3])));
    };
    let other = Mac([2, 9, 9, 9, 9, 9]);
    let mut sent = Vec::new();
    play(&mut machine, Instant::new(1000, 0), |now, frame| {
        let Some(message) = message_in(frame) else {
            let ip = Ethernet::read(frame).unwrap().ipv6().unwrap();
            let asks = Neighbor::decode(ip.icmpv6().unwrap()).unwrap();
            // Of the three, the second one is free.
            return if asks.target == address(2) {
                Vec::new()
            } else {
                vec![(Duration::ZERO, claim(&asks, other))]
            };
        };
        let answered = match message.kind {
            MessageType::SOLICIT => reply(&message, 1, MessageType::ADVERTISE, leased),
            MessageType::REQUEST => reply(&message, 1, MessageType::REPLY, leased),
            _ => reply(&message, 1, MessageType::REPLY, |_| ()),
        };
        sent.push((now, message));
        vec![(Duration::ZERO, framed(1, &answered.2))]
    });
    assert_eq!(kinds(&sent), [1, 3, 9, 8]);
    let told = |place: usize| {
        let bytes = sent[place].1.encode();
        let facts = Facts::of(&bytes);
        facts
            .ias
            .iter()
            .map(|ia| (ia.iaid, ia.addresses.iter().map(|one| one.address).collect()))
            .collect::<Vec<(u32, Vec<_>)>>()
    };
    assert_eq!(told(2), [(5, vec![address(1)]), (6, vec![address(3)])]);
    assert_eq!(told(3), [(5, vec![address(2)])]);
    assert_eq!(machine.conflict(), Tested::InUse(address(1), other));
}

/// Somebody's word that it has what is asked for.
fn claim(asks: &Neighbor, mac: Mac) -> Vec<u8> {
    let all_nodes = "ff02::1".parse().unwrap();
    let envelope = Envelope6 { dst_mac: MAC, ..Envelope6::to_group(mac, asks.target, all_nodes, 255) };
    envelope.icmpv6(&asks.answer(mac, Ipv6Addr::UNSPECIFIED).encode(), true)
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
        vec![(Duration::ZERO, claim(&asks, other))]
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

/// Server 1, which offers `offered` addresses and gives `given`.
fn generous(message: &Message, offered: u16, given: u16) -> Vec<Answer> {
    let leases = |count: u16| {
        let all: Vec<_> = (1..=count).map(|last| ia_addr(numbered(last), 500, 1000, &[])).collect();
        move |message: &mut Message| message.add_option(opt::IA_NA, ia(5, 250, 400, &all))
    };
    vec![match message.kind {
        MessageType::SOLICIT => reply(message, 1, MessageType::ADVERTISE, leases(offered)),
        MessageType::REQUEST => reply(message, 1, MessageType::REPLY, leases(given)),
        MessageType::RENEW => reply(message, 1, MessageType::REPLY, leases(16)),
        _ => reply(message, 1, MessageType::REPLY, |_| ()),
    }]
}

fn numbered(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0x64, 0, 0, 0, 0, 0, last)
}

/// The addresses in the messages of this kind.
fn told(sent: &[Sent], kind: MessageType) -> Vec<Vec<Ipv6Addr>> {
    let addresses = |bytes: &[u8]| Facts::of(bytes).addresses().map(|lease| lease.address).collect();
    sent.iter().filter(|(_, one)| one.kind == kind).map(|(_, one)| addresses(&one.encode())).collect()
}

#[test]
fn leases_beyond_a_message_are_given_back_in_several() {
    let all: Vec<_> = (1..=60).map(numbered).collect();
    for (state, offered) in [(State6::Selecting, 60), (State6::Selecting, 1), (State6::Renewing, 1)] {
        let settings = Settings6 { release: true, choose: Choose::First, ..Settings6::default() };
        let mut machine = exchange(state, Vec::new(), settings);
        let sent = hold(&mut machine, |message, _| generous(message, offered, 60));
        assert!(sent.iter().all(|(_, message)| message.encode().len() < 1000), "{state:?}");
        assert_eq!(told(&sent, MessageType::REQUEST)[0].len(), usize::from(offered.min(16)));
        let mut back = told(&sent, MessageType::RELEASE).concat();
        back.sort_unstable();
        assert_eq!((back, machine.released()), (all.clone(), true), "{state:?}");
    }
}

#[test]
fn who_is_silent_is_not_asked_for_every_part_of_what_it_gave() {
    let settings =
        Settings6 { release: true, choose: Choose::First, retries: Some(1), ..Settings6::default() };
    let mut machine = select(settings);
    let sent = hold(&mut machine, |message, _| match message.kind {
        MessageType::RELEASE => Vec::new(),
        _ => generous(message, 1, 60),
    });
    assert_eq!((kinds(&sent), machine.unreleased().count()), (vec![1, 3, 8, 8], 1));
}

#[test]
fn a_message_that_the_link_cannot_carry_ends_what_it_is_for() {
    let settings = || Settings6 { release: true, choose: Choose::First, ..Settings6::default() };
    // REQUEST cannot be sent: it is over, and nobody is said to have been silent.
    let mut machine = select(settings());
    refuse(&mut machine, MessageType::REQUEST);
    assert_eq!((machine.solicits(), machine.mains(), machine.outcome()), (1, 0, Outcome6::Timeout));
    assert!(machine.left().next().is_none());
    // RELEASE to one cannot: the other one still gets its lease back.
    let mut machine = rapid(true);
    refuse(&mut machine, MessageType::RELEASE);
    assert_eq!(machine.unreleased().count(), 2, "the second is tried though the first could not be");
}

/// Plays the exchange over a link that does not carry messages of this kind.
fn refuse(machine: &mut Exchange6, kind: MessageType) {
    let mut now = Instant::new(1000, 0);
    machine.on_time(now);
    for _ in 0..100 {
        let mut frame = Vec::new();
        while let Some(next) = machine.poll_transmit(&mut frame) {
            let message = message_in(&std::mem::take(&mut frame)).unwrap();
            if message.kind == kind {
                machine.on_refused(next.id, now);
                continue;
            }
            machine.on_sent(next.id, now);
            let answers = if machine.recipe.rapid_commit {
                two_commit(&message, Duration::ZERO)
            } else {
                obliging(&message, 1)
            };
            for (_, server, reply) in answers {
                machine.on_frame(&Arrival::whole(now, Timestamp::default(), &framed(server, &reply)));
            }
        }
        let Some(deadline) = machine.deadline() else { return };
        now = deadline;
        machine.on_time(now);
    }
    panic!("it does not end");
}
