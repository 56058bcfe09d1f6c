use super::round::PXE_PORT;
use super::*;
use crate::engine::provoke::SPACING;
use crate::wire::frame::LinkType;
use crate::wire::frame::Walker;
use crate::wire::v4::code;

const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
const SERVER: Mac = Mac([2, 0, 0, 0, 0, 9]);

fn plan() -> ProvokePlan {
    ProvokePlan {
        wait: Duration::from_secs(8),
        rounds: 2,
        mac: US,
        own_mac: false,
        addresses: vec![],
        vlans: vec![],
    }
}

/// A frame that was sent, taken apart.
#[derive(Clone, Debug)]
struct Seen {
    at: Instant,
    frame: Vec<u8>,
    message: Option<Message>,
    ports: (u16, u16),
    from: Option<Ipv4Addr>,
    to: Option<Ipv4Addr>,
}

impl Seen {
    fn kind(&self) -> Option<MessageType> {
        self.message.as_ref().and_then(Message::message_type)
    }
}

/// A frame to send, with its number.
struct Outgoing {
    frame: Vec<u8>,
    id: u32,
}

fn transmit(provoke: &mut Provoke) -> Option<Outgoing> {
    let mut frame = Vec::new();
    provoke.poll_transmit(&mut frame).map(|next| Outgoing { frame, id: next.id })
}

/// Runs to the end; `answer` plays the servers.
fn play(plan: ProvokePlan, mut answer: impl FnMut(&Seen, &mut Provoke)) -> (Vec<Seen>, Provoke) {
    let mut provoke = Provoke::new(plan, Rng::with_seed(7));
    let mut walker = Walker::new(Ports::default());
    let mut now = Instant::new(100, 0);
    let mut seen = Vec::new();
    for _ in 0..10_000 {
        provoke.on_time(now);
        while let Some(Outgoing { frame, id }) = transmit(&mut provoke) {
            provoke.on_sent(id, now);
            let mut one =
                Seen { at: now, frame: frame.clone(), message: None, ports: (0, 0), from: None, to: None };
            walker.walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
                one.message = Some(Message::decode(datagram.payload));
                one.ports = datagram.udp.map_or((0, 0), |udp| (udp.src_port, udp.dst_port));
                if let Some(ip) = datagram.ip
                    && let (std::net::IpAddr::V4(src), std::net::IpAddr::V4(dst)) = (ip.src, ip.dst)
                {
                    (one.from, one.to) = (Some(src), Some(dst));
                }
            });
            answer(&one, &mut provoke);
            seen.push(one);
        }
        if provoke.is_over(now) {
            return (seen, provoke);
        }
        now = now.max(provoke.deadline().expect("it goes on"));
    }
    panic!("it never ends");
}

/// Lets a server say `message` to the machine.
fn say(provoke: &mut Provoke, at: Instant, message: &Message) -> Option<Heard> {
    let mut envelope = crate::wire::frame::Envelope::broadcast(SERVER);
    (envelope.src_ip, envelope.src_port, envelope.dst_port) = ([10, 0, 0, 1].into(), 67, 68);
    let frame = envelope.frame(&message.encode_padded());
    provoke.on_frame(&Arrival::whole(at, crate::time::Timestamp(at.nanoseconds()), &frame));
    provoke.heard().first().copied()
}

fn reply(kind: Option<MessageType>, request: &Message, address: u8) -> Message {
    let mut message = Message::reply(kind.unwrap_or(MessageType::OFFER), request);
    message.set_option(opt::SERVER_ID, &[10, 0, 0, 1]);
    if kind.is_none() {
        message.remove_option(code::MESSAGE_TYPE);
        message.remove_option(opt::SERVER_ID);
    }
    if address > 0 {
        message.yiaddr = [10, 0, 0, address].into();
    }
    message
}

#[test]
fn every_kind_is_sent_several_times_by_fresh_clients_and_never_in_a_burst() {
    let (seen, provoke) = play(plan(), |_, _| ());
    assert_eq!(seen.len(), 66);
    assert_eq!(provoke.sent(), 66);
    let first: Vec<_> = seen.iter().filter(|one| one.at < Instant::new(103, 0)).collect();
    let types = |kind: Option<MessageType>| first.iter().filter(|one| one.kind() == kind).count();
    assert_eq!(types(Some(MessageType::DISCOVER)), 12);
    assert_eq!(types(Some(MessageType::REQUEST)), 15);
    assert_eq!(types(Some(MessageType::INFORM)), 4);
    assert_eq!(types(None), 4);
    assert_eq!(first.iter().filter(|one| one.ports.1 == PXE_PORT).count(), 3);
    let macs: std::collections::BTreeSet<_> =
        seen.iter().filter_map(|one| one.message.as_ref()?.client().mac()).collect();
    // Two rounds of three clients, one for BOOTP, and the card's own.
    assert_eq!(macs.len(), 8);
    assert!(macs.iter().all(|mac| mac.0[0] & 3 == 2));
    assert_eq!(first.iter().filter(|one| one.frame[6..12] == US.0).count(), 3);
    let close = seen.windows(2).filter(|pair| pair[1].at.since(pair[0].at) < 12_000_000).count();
    assert_eq!(close, 0);
    for start in 0..6 {
        let second = Instant::new(100 + start, 0)..Instant::new(101 + start, 0);
        assert!(seen.iter().filter(|one| second.contains(&one.at)).count() <= 18);
    }
}

#[test]
fn each_probe_is_what_it_claims() {
    let (seen, provoke) = play(ProvokePlan { rounds: 1, ..plan() }, |_, _| ());
    let round = &provoke.rounds[&0];
    let of = |probe: Probe| {
        let xid = round.xid(probe);
        seen.iter().filter(move |one| one.message.as_ref().is_some_and(|message| message.xid == xid))
    };
    for (probe, times) in Probe::SCHEDULE {
        if probe == Probe::OwnMac {
            let own = of(probe).next().unwrap();
            assert!(own.frame[6..12] == US.0 && own.message.as_ref().unwrap().option(61).is_some());
        }
        assert_eq!(of(probe).count(), times.len(), "{probe:?}");
        let last = of(probe).next_back().unwrap().message.as_ref().unwrap();
        assert!(last.secs >= 64 && last.is_broadcast(), "{probe:?}");
        assert!(of(probe).all(|one| one.to == Some(Ipv4Addr::BROADCAST)));
    }
    let message = |probe| of(probe).next().unwrap().message.clone().unwrap();
    assert_eq!(message(Probe::Selecting).ip_option(54), Some(round.bogus_server));
    assert_eq!(message(Probe::InitReboot).ip_option(50), Some(round.foreign[0]));
    assert_eq!(message(Probe::InitReboot).option(54), None);
    assert_eq!(message(Probe::Rebinding).ciaddr, round.foreign[1]);
    let sources: Vec<_> = of(Probe::Rebinding).map(|one| one.from.unwrap()).collect();
    assert!(sources.contains(&Ipv4Addr::UNSPECIFIED) && sources.contains(&round.foreign[1]));
    assert_eq!(message(Probe::Bootp).message_type(), None);
    assert!(message(Probe::Inform).ciaddr.is_link_local());
    for code in [60, 93, 94, 97] {
        assert!(message(Probe::Pxe).option(code).is_some() && message(Probe::PxeBoot).option(code).is_some());
    }
    assert!(message(Probe::Discover).option(55).unwrap().contains(&252));
    assert_eq!(message(Probe::Discover).option(61), None);
}

#[test]
fn the_interfaces_own_mac_is_told_apart_by_client_identifiers() {
    let mine = ProvokePlan { own_mac: true, addresses: vec![[10, 0, 0, 200].into()], ..plan() };
    let (seen, _) = play(mine, |_, _| ());
    let ids: std::collections::BTreeSet<_> =
        seen.iter().filter_map(|one| one.message.as_ref()?.option(61)).collect();
    // BOOTP could bind for ever what the machine itself has leased.
    assert_eq!(ids.len(), 6);
    assert!(seen.iter().all(|one| one.frame[6..12] == US.0 && one.kind().is_some()));
    let inform = seen.iter().find(|one| one.kind() == Some(MessageType::INFORM)).unwrap();
    assert_eq!(inform.from, Some([10, 0, 0, 200].into()));
}

#[test]
fn an_answer_to_a_question_asked_again_was_waited_for_since_the_first() {
    let mut asked = Vec::new();
    let mut paces = Vec::new();
    play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
        let Some(message) = one.message.as_ref().filter(|_| one.kind() == Some(MessageType::DISCOVER)) else {
            return;
        };
        if asked.first().is_some_and(|(_, xid)| *xid != message.xid) {
            return;
        }
        asked.push((one.at, message.xid));
        if asked.len() == 3 {
            let later = one.at.after(Duration::from_millis(10));
            let heard = say(provoke, later, &reply(Some(MessageType::OFFER), message, 50)).unwrap();
            paces.push((later, heard.pace.unwrap()));
        }
    });
    let (at, pace) = paces[0];
    assert_eq!(pace.latency, Duration::from_millis(10));
    assert_eq!(pace.since_first.as_nanos(), u128::try_from(at.since(asked[0].0)).unwrap());
    assert!(pace.since_first > Duration::from_millis(600));
    assert_eq!(pace.question, asked[0].1.0);
    // What is turned down was asked, too: nothing takes no time.
    let mut decline = None;
    play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
        let Some(message) = &one.message else { return };
        if one.kind() == Some(MessageType::DISCOVER) {
            say(provoke, one.at, &reply(Some(MessageType::OFFER), message, 50));
        }
        if message.xid == provoke.rounds[&0].decline_xid && decline.is_none() {
            let later = one.at.after(Duration::from_millis(10));
            decline = say(provoke, later, &reply(Some(MessageType::NAK), message, 0));
        }
    });
    assert_eq!(decline.unwrap().pace.unwrap().since_first, Duration::from_millis(10));
}

#[test]
fn offers_are_checked_and_declined() {
    let mut heard = Vec::new();
    let (seen, provoke) = play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
        if one.kind() == Some(MessageType::DISCOVER) {
            let offer = reply(Some(MessageType::OFFER), one.message.as_ref().unwrap(), 50);
            heard.extend(say(provoke, one.at, &offer));
        }
    });
    let Heard { probe, bogus_server, pace, .. } = heard[0];
    let latency = pace.map(|pace| pace.latency);
    assert_eq!((probe, bogus_server, latency), (Probe::Discover, None, Some(Duration::ZERO)));
    let checks = seen.iter().filter(|one| one.message.is_none()).count();
    assert_eq!(checks, CHECKS.len());
    let declines: Vec<_> = seen
        .iter()
        .filter(|one| {
            one.message.as_ref().is_some_and(|message| message.xid == provoke.rounds[&0].decline_xid)
        })
        .collect();
    assert_eq!(declines.len(), 2);
    let decline = declines[0].message.as_ref().unwrap();
    assert_eq!(decline.ip_option(54), Some(provoke.rounds[&0].bogus_server));
    assert_eq!(decline.ip_option(50), Some(provoke.rounds[&0].foreign[0]));
    assert!(declines[0].at >= Instant::new(107, 0));
    assert!(!seen.iter().any(|one| one.kind() == Some(MessageType::RELEASE)));
}

#[test]
fn what_is_given_is_given_back_three_times() {
    for probe in [Probe::Selecting, Probe::InitReboot, Probe::Rebinding, Probe::Bootp] {
        let (seen, played) = play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
            let Some(message) = &one.message else { return };
            if message.xid == provoke.rounds[&0].xid(probe) && one.kind() != Some(MessageType::RELEASE) {
                let kind = (probe != Probe::Bootp).then_some(MessageType::ACK);
                let heard = say(provoke, one.at, &reply(kind, message, 60)).unwrap();
                assert_eq!(heard.probe, probe);
                assert_eq!(heard.bogus_server.is_some(), probe == Probe::Selecting);
            }
        });
        // Once it was granted nothing more is asked.
        let xid = played.rounds[&0].xid(probe);
        let probes = seen.iter().filter(|one| {
            one.message.as_ref().is_some_and(|message| message.xid == xid)
                && one.kind() != Some(MessageType::RELEASE)
        });
        assert_eq!(probes.count(), 1, "{probe:?}");
        let releases: Vec<_> = seen.iter().filter(|one| one.kind() == Some(MessageType::RELEASE)).collect();
        assert_eq!(releases.len(), 4, "{probe:?}");
        // The last one is the last frame of all.
        assert_eq!(seen.last().unwrap().kind(), Some(MessageType::RELEASE));
        assert!(releases[3].at >= Instant::new(108, 0) && played.kept().next().is_none());
        let release = releases[0].message.as_ref().unwrap();
        assert_eq!(release.ciaddr, Ipv4Addr::from([10, 0, 0, 60]));
        assert_eq!(releases[0].to, Some([10, 0, 0, 1].into()));
        assert_eq!(releases[0].frame[..6], SERVER.0);
    }
}

#[test]
fn information_is_no_lease_and_a_foreign_transaction_is_not_ours() {
    let (seen, _) = play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
        let Some(message) = &one.message else { return };
        if one.kind() == Some(MessageType::INFORM) {
            assert!(say(provoke, one.at, &reply(Some(MessageType::ACK), message, 0)).is_some());
        }
        let mut other = reply(Some(MessageType::ACK), message, 60);
        other.xid = Xid(other.xid.0.wrapping_add(1));
        assert_eq!(say(provoke, one.at, &other), None);
        other.op = Op::REQUEST;
        assert_eq!(say(provoke, one.at, &other), None);
    });
    assert!(!seen.iter().any(|one| one.kind() == Some(MessageType::RELEASE)));
}

#[test]
fn a_proxy_is_asked_at_its_own_port() {
    let (seen, _) = play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
        if one.message.as_ref().is_some_and(|message| message.xid == provoke.rounds[&0].xid(Probe::Pxe)) {
            say(provoke, one.at, &reply(Some(MessageType::OFFER), one.message.as_ref().unwrap(), 0));
        }
    });
    let direct = seen.iter().filter(|one| one.ports.1 == PXE_PORT && one.to == Some([10, 0, 0, 1].into()));
    assert_eq!(direct.count(), 3);
}

#[test]
fn somebody_who_uses_what_is_offered_is_found() {
    let (_, mut provoke) = play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
        if one.kind() == Some(MessageType::DISCOVER) {
            say(provoke, one.at, &reply(Some(MessageType::OFFER), one.message.as_ref().unwrap(), 50));
        } else if one.message.is_none() {
            let probe = Arp::decode(&one.frame[14..]).unwrap();
            provoke.on_arp(one.at, &probe);
            provoke.on_arp(one.at, &probe.reply(SERVER));
        }
    });
    assert_eq!(provoke.poll_finding(), Some(InUse { address: [10, 0, 0, 50].into(), mac: SERVER }));
}

#[test]
fn arp_for_the_address_inform_comes_from_is_answered() {
    let mut provoke = Provoke::new(plan(), Rng::with_seed(3));
    let mut now = Instant::new(1, 0);
    provoke.on_time(now);
    now = provoke.deadline().unwrap();
    provoke.on_time(now);
    assert!(transmit(&mut provoke).is_some());
    let address = provoke.rounds[&0].informs_from;
    provoke.on_arp(now, &Arp::request(SERVER, [10, 0, 0, 1].into(), address));
    let later = now.after(SPACING);
    provoke.on_time(later);
    let frame = transmit(&mut provoke).unwrap().frame;
    let answer = Arp::decode(&frame[14..]).unwrap();
    assert_eq!((answer.operation, answer.sender_ip), (Arp::REPLY, address));
    assert_eq!(answer.sender_mac, provoke.rounds[&0].clients[3].mac);
}

#[test]
fn a_flood_of_arp_is_not_answered_with_another() {
    let mut provoke = Provoke::new(plan(), Rng::with_seed(3));
    let now = Instant::new(1, 0);
    provoke.on_time(now);
    let before = provoke.jobs.jobs().count();
    let asked = provoke.rounds[&0].informs_from;
    provoke.checked.push(([10, 0, 0, 50].into(), None));
    for _ in 0..10_000 {
        provoke.on_arp(now, &Arp::request(SERVER, [10, 0, 0, 50].into(), asked));
    }
    assert_eq!(provoke.jobs.jobs().count(), before + 64);
    assert_eq!(provoke.findings.len(), 64);
}

#[test]
fn stopping_early_still_gives_back() {
    let mut provoke = Provoke::new(plan(), Rng::with_seed(3));
    let mut now = Instant::new(1, 0);
    provoke.on_time(now);
    now = provoke.deadline().unwrap();
    provoke.on_time(now);
    let frame = transmit(&mut provoke).unwrap().frame;
    let mut offer = None;
    Walker::new(Ports::default()).walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
        offer = Some(reply(Some(MessageType::OFFER), &Message::decode(datagram.payload), 50));
    });
    say(&mut provoke, now, &offer.unwrap());
    provoke.stop(now);
    let mut frames = 0;
    while let Some(next) = provoke.deadline() {
        now = now.max(next);
        provoke.on_time(now);
        while transmit(&mut provoke).is_some() {
            frames += 1;
        }
    }
    assert_eq!(frames, 1);
    assert!(provoke.is_over(now) && now < Instant::new(2, 0));
}

#[test]
fn a_flood_of_answers_is_bounded() {
    let (_, provoke) = play(ProvokePlan { rounds: 1, ..plan() }, |one, provoke| {
        let Some(message) = &one.message else { return };
        for address in 0..400_u32 {
            let mut answer = reply(Some(MessageType::ACK), message, 1);
            answer.yiaddr = (0x0a00_0000 + address).into();
            say(provoke, one.at, &answer);
        }
    });
    assert!(provoke.checked.len() <= MAX_CHECKED && provoke.grants.len() <= MAX_GRANTS_EACH);
    assert!(provoke.sent() < 1500, "{}", provoke.sent());
}

/// How a server that binds whatever is asked sees it: what it has bound and to whom.
#[derive(Default)]
struct Binder {
    bound: std::collections::BTreeSet<(Mac, Ipv4Addr)>,
    ever: std::collections::BTreeSet<(Mac, Ipv4Addr)>,
    pool: HashMap<Mac, Ipv4Addr>,
    /// Answers by BOOTP, and grants every REQUEST.
    bootp: bool,
    acks: bool,
}

impl Binder {
    /// The answer to `one`, if it has one.
    fn hear(&mut self, one: &Seen) -> Option<Message> {
        let message = one.message.as_ref()?;
        let mac = message.client().mac()?;
        let next = Ipv4Addr::from([10, 0, 0, u8::try_from(self.pool.len()).unwrap().wrapping_add(20)]);
        match one.kind() {
            None if self.bootp && one.ports.1 == 67 => {
                let address = *self.pool.entry(mac).or_insert(next);
                self.bound.insert((mac, address));
                self.ever.insert((mac, address));
                let mut answer = reply(None, message, 1);
                answer.yiaddr = address;
                Some(answer)
            }
            Some(MessageType::REQUEST) if self.acks && one.ports.1 == 67 => {
                let address = message.ip_option(50).unwrap_or(message.ciaddr);
                self.bound.insert((mac, address));
                self.ever.insert((mac, address));
                let mut answer = reply(Some(MessageType::ACK), message, 1);
                answer.yiaddr = address;
                Some(answer)
            }
            Some(MessageType::RELEASE) => {
                self.bound.remove(&(mac, message.ciaddr));
                None
            }
            Some(MessageType::DISCOVER) if self.acks => Some(reply(Some(MessageType::OFFER), message, 90)),
            _ => None,
        }
    }
}

#[test]
fn whoever_binds_for_ever_keeps_nothing_and_is_asked_little() {
    for (bootp, acks, slow) in [(true, false, 0), (false, true, 0), (true, true, 0), (true, true, 3100)] {
        let mut binder = Binder { bootp, acks, ..Binder::default() };
        let mut provoke = Provoke::new(plan(), Rng::with_seed(7));
        let mut now = Instant::new(100, 0);
        let mut queue: VecDeque<(Instant, Message)> = VecDeque::new();
        let mut walker = Walker::new(Ports::default());
        // One look after another, as in watching.
        for look in 0..10 {
            if look > 0 {
                provoke.again(plan());
            }
            loop {
                provoke.on_time(now);
                while let Some(Outgoing { frame, id }) = transmit(&mut provoke) {
                    provoke.on_sent(id, now);
                    let mut one = Seen {
                        at: now,
                        frame: frame.clone(),
                        message: None,
                        ports: (0, 0),
                        from: None,
                        to: None,
                    };
                    walker.walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
                        one.message = Some(Message::decode(datagram.payload));
                        one.ports = datagram.udp.map_or((0, 0), |udp| (udp.src_port, udp.dst_port));
                    });
                    let answer = binder.hear(&one);
                    queue.extend(answer.map(|answer| (now.after(Duration::from_millis(slow)), answer)));
                }
                while queue.front().is_some_and(|(at, _)| *at <= now) {
                    let (_, answer) = queue.pop_front().unwrap();
                    say(&mut provoke, now, &answer);
                }
                if provoke.is_over(now) && queue.is_empty() && provoke.deadline().is_none() {
                    break;
                }
                let next = provoke.deadline().into_iter().chain(queue.front().map(|(at, _)| *at)).min();
                now = now.max(next.expect("it goes on"));
            }
            now = now.after(Duration::from_secs(1));
            assert!(binder.bound.is_empty(), "{bootp} {acks} {slow}: {:?}", binder.bound);
            assert_eq!((provoke.kept().count(), provoke.overlooked()), (0, 0));
        }
        assert!(binder.ever.len() <= 12, "{bootp} {acks} {slow}: {:?}", binder.ever);
    }
}

#[test]
fn a_grant_whose_release_never_left_is_told() {
    let mut provoke = Provoke::new(ProvokePlan { rounds: 1, ..plan() }, Rng::with_seed(3));
    let mut now = Instant::new(1, 0);
    let mut asked = false;
    while !provoke.is_over(now) {
        provoke.on_time(now);
        // The link is dead: nothing that is made ever leaves.
        while transmit(&mut provoke).is_some() {}
        if !std::mem::replace(&mut asked, true) {
            let round = provoke.rounds[&0].clone();
            let request = round.draft(&provoke.plan, Probe::Bootp, 0, 0).message;
            say(&mut provoke, now, &reply(None, &request, 60));
        }
        now = now.max(provoke.deadline().unwrap_or(now));
    }
    let kept: Vec<_> = provoke.kept().collect();
    assert_eq!((kept.len(), kept[0].address), (1, Ipv4Addr::from([10, 0, 0, 60])));
    // The next provocation tries again, and then it is gone.
    provoke.again(ProvokePlan { rounds: 1, ..plan() });
    while !provoke.is_over(now) {
        provoke.on_time(now);
        while let Some(Outgoing { id, .. }) = transmit(&mut provoke) {
            provoke.on_sent(id, now);
        }
        now = now.max(provoke.deadline().unwrap_or(now));
    }
    assert_eq!(provoke.kept().count(), 0);
}

#[test]
fn hostile_answers_do_not_stretch_the_wait() {
    let mut provoke = Provoke::new(ProvokePlan { rounds: 1, ..plan() }, Rng::with_seed(3));
    let start = Instant::new(1, 0);
    let mut now = start;
    let mut number = 0_u32;
    provoke.on_time(now);
    let round = provoke.rounds[&0].clone();
    let request = round.draft(&provoke.plan, Probe::Selecting, 0, 0).message;
    while !provoke.is_over(now) {
        number += 1;
        let mut answer = reply(Some(MessageType::ACK), &request, 1);
        answer.yiaddr = (0x0a00_0000 + number % 300).into();
        say(&mut provoke, now, &answer);
        provoke.on_time(now);
        while let Some(Outgoing { id, .. }) = transmit(&mut provoke) {
            provoke.on_sent(id, now);
        }
        now = now.after(Duration::from_millis(5));
    }
    assert!(now.since(start) <= 10_100_000_000, "{}", now.since(start));
}

#[test]
fn probing_for_an_hour_shows_few_faces_and_bootp_is_asked_in_time() {
    let mut provoke = Provoke::new(plan(), Rng::with_seed(5));
    let mut now = Instant::new(100, 0);
    let mut macs = std::collections::BTreeSet::new();
    for look in 0..60 {
        if look > 0 {
            provoke.again(plan());
        }
        let start = now;
        while !provoke.is_over(now) {
            provoke.on_time(now);
            while let Some(Outgoing { frame, id }) = transmit(&mut provoke) {
                provoke.on_sent(id, now);
                let mut walker = Walker::new(Ports::default());
                walker.walk(LinkType::ETHERNET, &frame, frame.len(), 0, |datagram| {
                    let message = Message::decode(datagram.payload);
                    macs.extend(message.client().mac());
                    if message.message_type().is_none() {
                        assert!(now.after(BOOTP_TAKES) <= start.after(plan().wait));
                    }
                });
            }
            now = now.max(provoke.deadline().unwrap_or(now));
        }
        now = start.after(Duration::from_mins(1));
    }
    // Seven invented ones in ten minutes, and the card's own.
    assert!(macs.len() <= 7 * 6 + 1, "{}", macs.len());
    let (seen, _) = play(ProvokePlan { wait: Duration::from_secs(3), ..plan() }, |_, _| ());
    assert!(seen.iter().all(|one| one.message.is_none() || one.kind().is_some()));
}
