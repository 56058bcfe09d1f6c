//! How often, when, and in which frames a finding was seen.

use super::*;

const START: i64 = 1_700_000_000_000_000_000;

/// The finding of this code: how often it was seen, and when first and last, in milliseconds.
fn of(code: &str, ms: i64, tell: impl FnOnce(&mut Story)) -> (u64, (i64, i64), String) {
    let found = findings(ms, tell);
    let said = found.iter().find(|said| said.id.name() == code);
    let said = said.unwrap_or_else(|| panic!("{code} is not said: {found:?}"));
    assert!(said.frames.len() <= 64 && said.frames.is_sorted());
    let at = |time: i64| (time - START) / 1_000_000;
    (said.count, (at(said.seen.0), at(said.seen.1)), said.message.clone())
}

#[test]
fn refusals_for_want_of_addresses_are_seen_when_they_come() {
    let (count, seen, _) = of("pool-exhausted", 90_000, |s| {
        for n in 1..4_u8 {
            let (at, c) = (10_000 * i64::from(n), client(n));
            s.request(at, c, A, S);
            s.say(at + 5, c, MessageType::NAK, (S, [0; 4]), |m, _| m.set_option(56, b"pool exhausted"));
        }
    });
    assert_eq!((count, seen), (3, (10_005, 30_005)));
}

/// Two servers refuse one request, each for a reason of its own, and the first to do so is not the one without addresses.
#[test]
fn what_one_server_says_is_not_said_of_another() {
    for exhausted in [S, S2] {
        let found = findings(90_000, |s| {
            s.ask(0, client(1), MessageType::REQUEST, |m, _| m.set_option(50, &A));
            for (at, server) in [(5, S), (6, S2)] {
                let reason = if server == exhausted { "no free leases" } else { "wrong network" };
                s.say(at, client(1), MessageType::NAK, (server, [0; 4]), |m, _| {
                    m.set_option(56, reason.as_bytes());
                });
            }
        });
        let said: Vec<_> = found.iter().filter(|said| said.id.name() == "pool-exhausted").collect();
        let [said] = said.as_slice() else { panic!("{found:?}") };
        let frame = if exhausted == S { 2 } else { 3 };
        assert_eq!((said.server, said.frames.as_slice()), (Some(exhausted.into()), &[frame][..]));
    }
}

/// The sentence is that of the error, and of who sends it.
#[test]
fn icmp_errors_say_what_they_say() {
    let server = Ipv4Addr::from(S2);
    for (icmp, says) in [
        ((3, 1), "10.0.0.1 answers by ICMP that 10.0.0.2 cannot be reached"),
        ((3, 3), "10.0.0.1 answers by ICMP that nobody listens on port 67 of 10.0.0.2"),
        ((3, 13), "10.0.0.1 answers by ICMP that a filter forbids to ask 10.0.0.2"),
        ((11, 0), "10.0.0.1 answers by ICMP that the way to 10.0.0.2 is too long"),
    ] {
        let (.., text) = of("icmp-refused", 90_000, |s| {
            for n in 1..3_u8 {
                s.ask(0, client(n), MessageType::REQUEST, |_, way| {
                    (way.quoted, way.icmp, way.ips) = (true, icmp, (A, server.octets()));
                });
            }
        });
        assert_eq!(text, says);
    }
}

#[test]
fn every_discover_of_an_unserved_relay_counts() {
    let (count, seen, text) = of("giaddr-unserved", 900_000, |s| {
        let other = |m: &mut Message, way: &mut Way| {
            relayed(m, way);
            m.giaddr = [10, 2, 0, 1].into();
        };
        s.ask(0, client(1), MessageType::DISCOVER, relayed);
        s.say(5, client(1), MessageType::OFFER, (S, A), relayed_reply);
        for n in 0..200_u8 {
            let c = Client { xid: 1000 + u32::from(n), ..client(n) };
            s.ask(1000 + 100 * i64::from(n), c, MessageType::DISCOVER, other);
        }
    });
    assert_eq!((count, seen), (200, (1000, 20_900)));
    assert!(text.contains("(200 DISCOVERs)"), "{text}");
}

#[test]
fn clients_and_devices_are_counted_beyond_the_frames_that_are_named() {
    let (count, seen, text) = of("mac-churn", 900_000, |s| {
        for n in 0..100_u8 {
            let mut c = client(n);
            c.mac.0 = [2, n, n, 0, 0, n];
            let at = 1000 * i64::from(n);
            s.ask(at, c, MessageType::REQUEST, |m, _| {
                m.set_option(50, &[10, 0, 0, n]);
                m.set_option(54, &S);
                m.set_option(12, b"phone");
            });
            s.ack(at + 5, c, S, [10, 0, 0, n]);
        }
    });
    assert_eq!((count, seen), (100, (5, 99_005)));
    assert!(text.contains("each of 100 private MACs"), "{text}");
    let (count, _, text) = of("answers-after-secs", 900_000, |s| {
        for n in 0..100_u8 {
            let (at, c) = (10_000 * i64::from(n), client(n));
            s.discover(at, c);
            s.ask(at + 4000, c, MessageType::DISCOVER, |m, _| m.secs = 4);
            s.offer(at + 4003, c, S, [10, 0, 0, n]);
        }
    });
    assert_eq!(count, 100);
    assert!(text.starts_with("100 clients"), "{text}");
}

#[test]
fn what_is_said_of_the_whole_was_seen_when_its_frames_came() {
    let declines = of("decline-storm", 900_000, |s| {
        for n in 1..4_u8 {
            s.dora(60_000 * i64::from(n), client(n), A);
            s.decline(60_000 * i64::from(n) + 200, client(n), A);
        }
    });
    assert_eq!((declines.0, declines.1), (3, (60_200, 180_200)));
    let servers = of("several-servers", 900_000, |s| {
        s.offer(1000, client(1), S, A);
        s.offer(50_000, client(2), S2, A);
        s.discover(300_000, client(3));
    });
    assert_eq!((servers.0, servers.1), (2, (1000, 50_000)));
    let churn = of("address-churn", 900_000, |s| {
        for n in 0..3_u8 {
            let c = Client { xid: n.into(), ..client(1) };
            s.dora(60_000 * i64::from(n), c, [10, 0, 0, 50 + n]);
        }
    });
    assert_eq!((churn.0, churn.1), (3, (9, 120_009)));
}

/// One listener on no port, for many clients that share an identifier: each is told of its own refusals alone.
#[test]
fn refusals_by_icmp_are_those_of_one_client() {
    let mut story = Story::default();
    for n in 0..100_u8 {
        story.discover(100 * i64::from(n), Client { xid: 7, ..client(n) });
    }
    let refuse = |frame: u64, n: u8| Sign::Refused {
        frame,
        time: START + 20_000_000_000,
        xid: 7,
        server: S.into(),
        client: client(n).mac.into(),
        complaint: Complaint { kind: 3, code: 3, source: S.into() },
    };
    for n in 0..100_u8 {
        story.batch.sign(refuse(1000 + u64::from(n), n));
    }
    story.end(900_000);
    let (mut joiner, mut history) = (Joiner::new(Options::default()), History::new(false));
    joiner.batch(&story.batch, |item, role| history.observe(item, role));
    joiner.finish();
    for exchange in joiner.take_closed() {
        let said = history.closed(&exchange);
        let refused: Vec<_> = said.iter().filter(|said| said.id.name() == "icmp-refused").collect();
        let [refused] = refused.as_slice() else { panic!("{said:?}") };
        let first = exchange.first().unwrap().frame;
        assert_eq!(refused.frames, [first, 999 + first]);
    }
    let all = history.finish(joiner.now());
    let said = all.iter().find(|said| said.id.name() == "icmp-refused").unwrap();
    assert_eq!((said.count, said.frames.len(), said.frames[0]), (100, 64, 1000));
}

/// More DISCOVERs than are kept, before an OFFER and after it: each sentence counts its own, and all of them.
#[test]
fn messages_that_are_not_kept_are_counted_where_they_were() {
    let told = |code: &str, tell: &dyn Fn(&mut Story)| {
        let mut story = Story::default();
        tell(&mut story);
        story.end(90_000_000);
        let (mut joiner, mut history) = (Joiner::new(Options::default()), History::new(true));
        joiner.batch(&story.batch, |item, role| history.observe(item, role));
        joiner.finish();
        let said: Vec<_> =
            joiner.take_closed().iter().flat_map(|exchange| history.closed(exchange)).collect();
        let said = said.into_iter().find(|said| said.id.name() == code);
        said.unwrap_or_else(|| panic!("{code} is not said")).message
    };
    let slow = |before: i64, after: &'static [i64]| {
        move |s: &mut Story| {
            (0..before).for_each(|n| s.discover(4000 * n, client(1)));
            let offered = 4000 * (before - 1) + 10;
            s.offer(offered, client(1), S, A);
            for ms in after {
                s.discover(offered + ms, client(1));
            }
        }
    };
    let count = |before: i64| format!("{before} DISCOVERs before the first OFFER");
    for before in [3, 58, 64, 65, 100, 500] {
        let text = told("slow-start", &slow(before, &[]));
        assert!(text.starts_with(&count(before)), "{text}");
    }
    // Two of those that come after it come within a second.
    let after: &'static [i64] = (0..200).map(|n| 400 * n + 300).collect::<Vec<_>>().leak();
    for before in [3, 40, 100] {
        let text = told("slow-start", &slow(before, after));
        assert!(text.starts_with(&count(before)), "{text}");
        let text = told("offer-ignored", &slow(before, after));
        assert!(text.starts_with("198 more DISCOVERs"), "{text}");
    }
    let marked = |s: &mut Story| {
        for n in 0..100 {
            s.ask(4000 * n, client(1), MessageType::DISCOVER, |m, _| m.set_option(82, &[1, 1, 7]));
        }
    };
    assert!(told("option-82-refused", &marked).starts_with("100 DISCOVERs"));
    let boots = |s: &mut Story| {
        for n in 0..100 {
            s.ask(4000 * n, client(1), MessageType::REQUEST, |m, way| {
                m.ciaddr = A.into();
                (way.ips, way.ports.1) = ((A, S), 4011);
            });
        }
    };
    assert!(told("pxe-4011-silent", &boots).starts_with("100 messages"));
}
