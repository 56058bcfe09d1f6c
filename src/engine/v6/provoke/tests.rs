//! What is sent back and what is answered, without anybody who serves.

use super::*;
use crate::engine::pair::play;
use crate::time::Timestamp;

const MAC: Mac = Mac([2, 0, 0, 0, 1, 0]);
const LEASED: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x64, 0, 0, 0, 0, 9);

fn plan(wait: u64) -> ProvokePlan {
    ProvokePlan {
        wait: Duration::from_secs(wait),
        rounds: 2,
        mac: MAC,
        link_local: Some(link_local(MAC)),
        vlans: Vec::new(),
    }
}

/// Runs until all is over, and returns the messages that were sent.
fn run(provoke: &mut Provoke, now: &mut Instant) -> Vec<Message> {
    let mut sent = Vec::new();
    *now = play(provoke, *now, |_, frame| {
        sent.extend(inner(frame));
        Vec::new()
    });
    sent
}

fn hear(provoke: &mut Provoke, now: Instant, frame: &[u8]) -> Remark {
    provoke.on_frame(&Arrival::whole(now, Timestamp::default(), frame))
}

/// A server's message to a client, as a frame.
fn from_server(kind: MessageType, xid: u32, client: &Duid, more: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::new(kind, xid);
    message.set_option(opt::CLIENTID, client.0.clone());
    message.set_option(opt::SERVERID, Duid::link_layer(Mac([2; 6])).0);
    more(&mut message);
    Envelope6::between(Mac([2; 6]), MAC).udp((SERVER_PORT, CLIENT_PORT), &message.encode())
}

fn inner(frame: &[u8]) -> Option<Message> {
    let udp = Ethernet::read(frame)?.ipv6()?.udp()?;
    Some(Message::decode(udp.payload))
}

#[test]
fn what_a_server_binds_unasked_is_given_back() {
    let mut provoke = Provoke::new(plan(2), Rng::with_seed(1));
    let mut now = Instant::new(5, 0);
    let sent = run(&mut provoke, &mut now);
    assert!(sent.iter().all(|message| matches!(message.kind.0, 1 | 4 | 11)), "nothing that binds");
    assert!(sent.iter().all(|message| message.option(opt::RAPID_COMMIT).is_none()));
    let solicit = sent.iter().find(|message| message.kind == MessageType::SOLICIT).unwrap();
    let client = solicit.client_id().unwrap();
    let reply = from_server(MessageType::REPLY, solicit.xid().unwrap(), &client, |message| {
        message.add_option(opt::IA_NA, ia(1, 0, 0, &[ia_addr(LEASED, 100, 200, &[])]));
    });
    assert_eq!(hear(&mut provoke, now, &reply).sense, Sense::Accepted);
    assert_eq!(provoke.kept().map(|kept| kept.address).collect::<Vec<_>>(), [LEASED]);
    let released = run(&mut provoke, &mut now);
    assert_eq!(released.len(), RELEASES.len(), "nobody confirmed it");
    assert_eq!(
        (released[0].kind, released[0].server_id()),
        (MessageType::RELEASE, Some(Duid::link_layer(Mac([2; 6]))))
    );
    assert!(released[0].option(opt::IA_NA).is_some());
    assert_eq!(provoke.kept().count(), 0);
    // Once more, and now the server says that it has it back.
    provoke.again(plan(1));
    let sent = run(&mut provoke, &mut now);
    let solicit = sent.iter().find(|message| message.kind == MessageType::SOLICIT).unwrap();
    assert_eq!(solicit.client_id(), Some(client.clone()), "the same client: pools are not emptied");
    let reply = from_server(MessageType::REPLY, solicit.xid().unwrap(), &client, |message| {
        message.add_option(opt::IA_NA, ia(1, 0, 0, &[ia_addr(LEASED, 100, 200, &[])]));
    });
    hear(&mut provoke, now, &reply);
    provoke.on_time(now);
    let mut out = Vec::new();
    let next = provoke.poll_transmit(&mut out).unwrap();
    provoke.on_sent(next.id, now);
    let xid = inner(&out).unwrap().xid().unwrap();
    hear(&mut provoke, now, &from_server(MessageType::REPLY, xid, &client, |_| ()));
    assert!(run(&mut provoke, &mut now).is_empty());
}

#[test]
fn an_answer_to_a_question_asked_again_was_waited_for_since_the_first() {
    let mut provoke = Provoke::new(plan(2), Rng::with_seed(1));
    for provocation in 0..2 {
        let (mut solicits, mut routers) = (Vec::new(), Vec::new());
        let start = Instant::new(5 + provocation * 100, 0);
        let end = play(&mut provoke, start, |now, frame| {
            let is_router =
                Ethernet::read(frame).and_then(|frame| frame.ipv6()?.icmpv6().map(|_| ())).is_some();
            match inner(frame) {
                _ if is_router => routers.push(now),
                Some(message) if message.kind == MessageType::SOLICIT => {
                    solicits.push((now, message.xid().unwrap(), message.client_id().unwrap()));
                }
                _ => {}
            }
            Vec::new()
        });
        let (first, xid, client) = solicits[0].clone();
        let last = solicits.iter().rev().find(|(_, other, _)| *other == xid).unwrap().0;
        assert!(last > first);
        hear(&mut provoke, end, &from_server(MessageType::ADVERTISE, xid, &client, |_| ()));
        let pace = provoke.heard()[0].pace;
        let since = |sent: Instant| Duration::from_nanos(u64::try_from(end.since(sent)).unwrap());
        assert_eq!((pace.latency, pace.since_first), (since(last), since(first)));
        let soon = routers.last().unwrap().after(Duration::from_millis(100));
        let advert = Envelope6::to_group(Mac([2; 6]), link_local(Mac([2; 6])), nd::ALL_NODES, nd::HOP_LIMIT)
            .icmpv6(&nd::Message::advertisement(64, 0, 1800).encode(), true);
        hear(&mut provoke, soon, &advert);
        let pace = provoke.heard()[0].pace;
        let since = |sent: Instant| Duration::from_nanos(u64::try_from(soon.since(sent)).unwrap());
        assert_eq!((pace.latency, pace.since_first), (Duration::from_millis(100), since(routers[0])));
        provoke.again(plan(2));
    }
}

#[test]
fn who_looks_for_our_address_is_answered_only_where_the_kernel_is_silent() {
    let ask = |target| {
        let group = crate::wire::neighbor::solicited_node(target);
        let envelope = Envelope6::to_group(Mac([2; 6]), link_local(Mac([2; 6])), group, 255);
        envelope.icmpv6(&Neighbor::solicitation(target, Some(Mac([2; 6]))).encode(), true)
    };
    for (own, target, answers) in [
        (None, link_local(MAC), 1),
        (None, link_local(Mac([4; 6])), 0),
        (Some(link_local(MAC)), link_local(MAC), 0),
    ] {
        let mut provoke = Provoke::new(ProvokePlan { link_local: own, ..plan(2) }, Rng::with_seed(1));
        let now = Instant::new(5, 0);
        provoke.on_time(now);
        let mut out = Vec::new();
        while provoke.poll_transmit(&mut out).is_some() {}
        out.clear();
        let frame = ask(target);
        assert_eq!(hear(&mut provoke, now, &frame), Remark::UNRELATED);
        let jobs = provoke.jobs.jobs().filter(|job| matches!(job, Job::Frame(_))).count();
        assert_eq!(jobs, answers);
    }
}

#[test]
fn no_frame_makes_it_stumble() {
    let mut provoke = Provoke::new(plan(1), Rng::with_seed(1));
    let mut now = Instant::new(5, 0);
    run(&mut provoke, &mut now);
    let client = provoke.clients[0].clone();
    let xid = *provoke.transactions.keys().next().unwrap();
    let reply = from_server(MessageType::REPLY, xid, &client, |message| {
        message.add_option(opt::IA_NA, ia(1, 0, 0, &[ia_addr(LEASED, 100, 200, &[])]));
    });
    for len in 0..reply.len() {
        hear(&mut provoke, now, &reply[..len]);
    }
}
