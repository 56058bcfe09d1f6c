//! What shows only over time: of segments, servers and clients.

use std::ops::Range;

use super::{A, Case, Client, OTHER, S, S2, Story, client, relayed, relayed_reply};
use crate::analysis::diagnosis::History;
use crate::analysis::transaction::{Joiner, Options};
use crate::wire::Mac;
use crate::wire::v4::{Message, MessageType};

/// A client is offered an address only when its secs have grown.
fn waits(s: &mut Story, at: i64, c: Client) {
    s.discover(at, c);
    s.ask(at + 5000, c, MessageType::DISCOVER, |m, _| m.secs = 5);
    s.offer(at + 5003, c, S, [10, 0, 0, c.mac.0[5]]);
}

/// A client asks, and is answered, in such VLANs.
fn tagged(s: &mut Story, outer: [u16; 2], inner: [&'static [u16]; 2]) {
    s.ask(0, client(1), MessageType::DISCOVER, |_, way| (way.vlan, way.inner) = (Some(outer[0]), inner[0]));
    s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| {
        (way.vlan, way.inner) = (Some(outer[1]), inner[1]);
    });
}

/// A renewal in one VLAN, and the answer to whoever has this MAC in another.
fn renewed_across(s: &mut Story, to: Mac) {
    s.ask(0, client(1), MessageType::REQUEST, |m, way| {
        m.ciaddr = A.into();
        (way.ips, way.macs.1, way.vlan) = ((A, S), OTHER, Some(20));
    });
    s.say(3, client(1), MessageType::ACK, (S, A), |m, way| {
        m.ciaddr = A.into();
        (way.ips, way.macs, way.vlan) = ((S, A), (OTHER, to), Some(30));
    });
}

/// Three clients do.
fn three_wait(s: &mut Story) {
    for n in 1..4_u8 {
        waits(s, 30_000 * i64::from(n), client(n));
    }
}

/// Two machines are bound by one client identifier.
fn share(s: &mut Story, id: &[u8]) {
    for (n, at) in [(1, 0), (2, 60_000)] {
        let c = client(n);
        s.ask(at, c, MessageType::DISCOVER, |m, _| m.set_option(61, id));
        s.offer(at + 3, c, S, A);
        s.request(at + 6, c, A, S);
        s.ack(at + 9, c, S, A);
    }
}

/// Leases for four MACs, of which this is the last byte.
fn change_macs(s: &mut Story, last: fn(u8) -> u8) {
    for n in 1..5_u8 {
        let mut c = client(n);
        c.mac.0 = [2, n, n, 0, 0, last(n)];
        s.dora(60_000 * i64::from(n), c, [10, 0, 0, 50 + n]);
    }
}

/// A client gets these addresses, one after the other.
fn move_on(s: &mut Story, addresses: [u8; 3]) {
    for (n, last) in (0..).zip(addresses) {
        s.dora(60_000 * i64::from(n), Client { xid: n, ..client(1) }, [10, 0, 0, last]);
    }
}

/// A renewing client is refused again and again.
fn refuse(s: &mut Story, every: i64) {
    for n in 0..3_u8 {
        let c = Client { xid: n.into(), ..client(1) };
        s.renew(every * i64::from(n), c, A, false);
        s.nak(every * i64::from(n) + 3, c, S);
    }
}

/// A client without a hardware address is refused, each time or some other.
fn refuse_nameless(s: &mut Story, id: fn(u8) -> u8) {
    for n in 0..3_u8 {
        let nobody = |m: &mut Message| (m.hlen, m.chaddr) = (0, [0; 16]);
        let c = Client { xid: n.into(), ..client(1) };
        let at = 10_000 * i64::from(n);
        s.ask(at, c, MessageType::REQUEST, |m, _| {
            nobody(m);
            m.set_option(50, &A);
            m.set_option(61, &[0xff, 7, id(n)]);
        });
        s.say(at + 5, c, MessageType::NAK, (S, [0; 4]), |m, _| {
            nobody(m);
            m.set_option(61, &[0xff, 7, id(n)]);
        });
    }
}

/// A client that has an address asks a boot server.
fn boots(s: &mut Story, at: i64) {
    let c = Client { xid: 0x77, ..client(1) };
    s.ask(at, c, MessageType::REQUEST, |m, way| {
        m.ciaddr = A.into();
        (way.ips, way.ports.1) = ((A, S), 4011);
    });
    s.say(at + 3, c, MessageType::ACK, (S, A), |m, way| {
        assert!(m.remove_option(51));
        (way.ips, way.ports.0) = ((S, A), 4011);
    });
}

/// A client without a hardware address gets one.
fn nameless(s: &mut Story, at: i64, id: u8) {
    let nobody = |m: &mut Message| {
        (m.hlen, m.chaddr) = (0, [0; 16]);
        m.set_option(61, &[0xff, 7, id]);
    };
    let c = Client { xid: 0x700 + u32::from(id), ..client(1) };
    s.ask(at, c, MessageType::REQUEST, |m, _| {
        nobody(m);
        m.set_option(50, &A);
    });
    s.say(at + 5, c, MessageType::ACK, (S, A), |m, _| nobody(m));
}

/// A client of each of two servers, on these interfaces.
fn two_serve(s: &mut Story, interfaces: [Option<u32>; 2]) {
    for (n, (number, server)) in (0..).zip(interfaces.into_iter().zip([S, S2])) {
        let at = 10_000 * i64::from(n);
        s.ask(at, client(n), MessageType::DISCOVER, |_, way| way.number = number);
        s.say(at + 5, client(n), MessageType::OFFER, (server, A), |_, way| way.number = number);
    }
}

/// Clients decline what they got.
fn decline(s: &mut Story, clients: Range<u8>) {
    for n in clients {
        s.dora(60_000 * i64::from(n), client(n), A);
        s.decline(60_000 * i64::from(n) + 200, client(n), A);
    }
}

/// Two clients decline what somebody answers for.
fn claim(s: &mut Story, who: fn(u8) -> Mac) {
    for n in 1..3_u8 {
        let (at, ip) = (60_000 * i64::from(n), [10, 0, 0, 50 + n]);
        s.dora(at, client(n), ip);
        s.arp(at + 100, who(n), ip, [0; 4], true);
        s.decline(at + 200, client(n), ip);
    }
}

/// Clients ask once, and every message is seen twice.
fn seen_twice(s: &mut Story, clients: Range<u8>) {
    for n in clients {
        for twice in 0..2 {
            s.discover(100 * i64::from(n) + twice, client(n));
        }
    }
}

/// Sixty clients ask at once.
fn blackout(s: &mut Story) {
    for n in 0..60_u8 {
        s.discover(5 * i64::from(n), client(n));
    }
}

/// A client asks so often, 400 ms apart.
fn storm(s: &mut Story, times: i64) {
    for n in 0..times {
        s.discover(400 * n, client(1));
    }
}

/// A client that asked so often in one exchange asks twenty-one times more, so many milliseconds apart.
fn storm_after(s: &mut Story, times: i64, apart: i64) {
    let begin = 2000 * times;
    (0..times).for_each(|n| s.discover(2000 * n, client(1)));
    (0..21).for_each(|n| s.discover(begin + apart * n, client(1)));
    (1..10).for_each(|n| s.discover(begin + apart * 20 + 2000 * n, client(1)));
}

/// Three relayed clients ask.
fn ask_relayed(s: &mut Story) {
    for n in 1..4_u8 {
        s.ask(1000 * i64::from(n), client(n), MessageType::DISCOVER, relayed);
    }
}

/// Clients ask in vain, in a VLAN.
fn vain(s: &mut Story, clients: Range<u8>, vlan: Option<u16>) {
    for n in clients {
        for wait in [0, 4000] {
            let at = 20_000 + 6000 * i64::from(n) + wait;
            s.ask(at, client(n), MessageType::DISCOVER, |_, way| way.vlan = vlan);
        }
    }
}

pub(super) fn segments_and_servers() -> Vec<Case> {
    vec![
        (
            "servers-disagree",
            |s| {
                s.offered(client(1));
                s.offer(4, client(1), S2, [192, 168, 1, 9]);
            },
            |s| {
                s.offered(client(1));
                s.offer(4, client(1), S2, [10, 0, 0, 150]);
            },
        ),
        (
            "several-servers",
            |s| {
                s.dora(0, client(1), A);
                s.offer(4, client(1), S2, [10, 0, 0, 150]);
            },
            |s| {
                s.dora(0, client(1), A);
                s.say(4, client(1), MessageType::OFFER, (S2, [0; 4]), |m, _| m.set_option(60, b"PXEClient"));
            },
        ),
        (
            "server-two-macs",
            |s| {
                s.dora(0, client(1), A);
                s.discover(1000, client(2));
                s.say(1003, client(2), MessageType::OFFER, (S, A), |_, way| way.macs.0 = OTHER);
            },
            // What an access point passes on is a copy.
            |s| {
                s.dora(0, client(1), A);
                s.say(10, client(1), MessageType::ACK, (S, A), |_, way| way.macs.0 = OTHER);
            },
        ),
        (
            "server-silent",
            |s| {
                s.two_bound();
                vain(s, 3..6, None);
            },
            |s| {
                s.two_bound();
                vain(s, 3..5, None);
            },
        ),
        // An interface without a name is another all the same.
        ("several-servers", |s| two_serve(s, [Some(1), Some(1)]), |s| two_serve(s, [Some(0), Some(1)])),
        (
            "pool-exhausted",
            |s| {
                s.dora(0, client(1), A);
                vain(s, 3..6, None);
                s.renew(60_000, Client { xid: 9, ..client(1) }, A, false);
                s.ack(60_003, Client { xid: 9, ..client(1) }, S, A);
            },
            |s| {
                s.two_bound();
                vain(s, 3..6, None);
            },
        ),
        (
            // Clients of a VLAN in which the server never answered say nothing of it.
            "server-silent",
            |s| {
                s.two_bound();
                vain(s, 3..6, None);
            },
            |s| {
                s.two_bound();
                vain(s, 3..6, Some(77));
            },
        ),
        (
            // Released, in the exchange's last moments or long after.
            "address-given-twice",
            |s| {
                s.dora(0, client(1), A);
                s.dora(500_000, client(2), A);
            },
            |s| {
                s.dora(0, client(1), A);
                s.ask(5000, client(1), MessageType::RELEASE, |m, _| m.ciaddr = A.into());
                s.dora(500_000, client(2), A);
            },
        ),
        (
            // A stranger cannot give it back; its client can, where it has another card as well.
            "address-given-twice",
            |s| {
                s.dora(0, client(1), A);
                s.ask(5000, client(9), MessageType::RELEASE, |m, _| m.ciaddr = A.into());
                s.dora(500_000, client(2), A);
            },
            |s| {
                s.ask(0, client(1), MessageType::REQUEST, |m, _| {
                    m.set_option(50, &A);
                    m.set_option(61, &[0, 7]);
                });
                s.ack(3, client(1), S, A);
                s.ask(100_000, client(9), MessageType::RELEASE, |m, _| {
                    m.ciaddr = A.into();
                    m.set_option(61, &[0, 7]);
                });
                s.dora(500_000, client(2), A);
            },
        ),
        (
            // What a boot server acknowledges in between is no lease that has no time.
            "address-given-twice",
            |s| {
                s.dora(0, client(1), A);
                boots(s, 3000);
                s.dora(60_000, client(2), A);
            },
            |s| {
                s.dora(0, client(1), A);
                boots(s, 60_000);
                s.dora(3_700_000, client(2), A);
            },
        ),
        (
            // Given back twice, once before and once after it was given to the next.
            "address-given-twice",
            |s| {
                s.dora(0, client(1), A);
                s.dora(60_000, client(2), A);
                s.ask(61_000, client(1), MessageType::RELEASE, |m, _| m.ciaddr = A.into());
            },
            |s| {
                s.dora(0, client(1), A);
                s.ask(58_000, client(1), MessageType::RELEASE, |m, _| m.ciaddr = A.into());
                s.dora(60_000, client(2), A);
                s.ask(61_000, client(1), MessageType::RELEASE, |m, _| m.ciaddr = A.into());
            },
        ),
        (
            // Declined, whoever says so: somebody had it whose ACK was not seen.
            "address-given-twice",
            |s| {
                s.dora(0, client(1), A);
                s.decline(5000, client(9), [10, 0, 0, 51]);
                s.dora(500_000, client(2), A);
            },
            |s| {
                s.dora(0, client(1), A);
                s.decline(5000, client(9), A);
                s.dora(500_000, client(2), A);
            },
        ),
        (
            "address-given-twice",
            |s| [1, 2].iter().for_each(|n| nameless(s, 10_000 * i64::from(*n), *n)),
            |s| [1, 1].iter().zip(1..).for_each(|(n, at)| nameless(s, 10_000 * at, *n)),
        ),
        (
            "giaddr-unserved",
            |s| {
                ask_relayed(s);
                s.say(5000, client(9), MessageType::OFFER, (S, A), |m, way| {
                    relayed_reply(m, way);
                    m.giaddr = [10, 9, 0, 254].into();
                });
            },
            ask_relayed,
        ),
        (
            "relay-loop",
            |s| {
                for hops in 1..6_u8 {
                    s.ask(i64::from(hops), client(1), MessageType::DISCOVER, |m, way| {
                        relayed(m, way);
                        m.hops = hops;
                    });
                }
            },
            |s| {
                for ms in 1..6 {
                    s.ask(ms, client(1), MessageType::DISCOVER, relayed);
                }
            },
        ),
        (
            "address-given-twice",
            |s| {
                s.dora(0, client(1), A);
                s.dora(60_000, client(2), A);
            },
            |s| {
                s.dora(0, client(1), A);
                s.dora(3_700_000, client(2), A);
            },
        ),
        ("client-id-shared", |s| share(s, &[255, 1, 2, 3]), |s| share(s, &[1, 1, 2, 3])),
        (
            // Three tries of one client are not three clients.
            "answers-after-secs",
            three_wait,
            |s| {
                for n in 1..4_u8 {
                    waits(s, 30_000 * i64::from(n), Client { xid: n.into(), ..client(1) });
                }
            },
        ),
        (
            "vlan-crossed",
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |_, way| way.vlan = Some(20));
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| way.vlan = Some(30));
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |_, way| way.vlan = Some(20));
                s.offer(3, client(1), S, A);
            },
        ),
        (
            // A tag of VLAN 0 says how urgent a message is.
            "vlan-crossed",
            |s| tagged(s, [0, 0], [&[20], &[30]]),
            |s| tagged(s, [0, 0], [&[20], &[20]]),
        ),
        ("vlan-crossed", |s| tagged(s, [20, 30], [&[7], &[8]]), |s| tagged(s, [20, 30], [&[7], &[7]])),
        (
            // Routers take a renewal to a server of another network, and the answer back.
            "vlan-crossed",
            |s| renewed_across(s, client(1).mac),
            |s| renewed_across(s, OTHER),
        ),
        (
            "static-in-pool",
            |s| {
                s.discover(0, client(1));
                s.ping(10, S, [10, 0, 0, 77], false);
                s.ping(11, [10, 0, 0, 77], S, true);
                s.offer(1000, client(1), S, A);
            },
            |s| {
                s.discover(0, client(1));
                s.ping(10, S, A, false);
                s.ping(11, A, S, true);
                s.offer(1000, client(1), S, A);
            },
        ),
        ("answers-after-secs", three_wait, |s| {
            three_wait(s);
            s.dora(300_000, client(9), A);
        }),
    ]
}

pub(super) fn clients_over_time() -> Vec<Case> {
    vec![
        (
            "client-two-identities",
            |s| {
                s.dora(0, client(1), A);
                let c = Client { xid: 9, ..client(1) };
                s.ask(60_000, c, MessageType::DISCOVER, |m, _| m.set_option(61, &[255, 1]));
                s.offer(60_003, c, S, [10, 0, 0, 51]);
                s.request(60_006, c, [10, 0, 0, 51], S);
                s.ack(60_009, c, S, [10, 0, 0, 51]);
            },
            |s| {
                s.dora(0, client(1), A);
                s.dora(60_000, Client { xid: 9, ..client(1) }, [10, 0, 0, 51]);
            },
        ),
        ("address-churn", |s| move_on(s, [50, 51, 52]), |s| move_on(s, [50, 51, 50])),
        ("mac-churn", |s| change_macs(s, |_| 1), |s| change_macs(s, |n| n)),
        ("nak-loop", |s| refuse(s, 10_000), |s| refuse(s, 40_000)),
        (
            // Three servers refuse one request.
            "nak-loop",
            |s| {
                for n in 0..3_u8 {
                    s.nak(10_000 * i64::from(n), client(1), S);
                }
            },
            |s| {
                s.renew(0, client(1), A, true);
                for n in 1..4_u8 {
                    s.nak(10 * i64::from(n), client(1), [10, 0, 0, n]);
                }
            },
        ),
        ("nak-loop", |s| refuse_nameless(s, |_| 1), |s| refuse_nameless(s, |n| n)),
        ("decline-storm", |s| decline(s, 1..4), |s| decline(s, 1..3)),
        ("proxy-arp", |s| claim(s, |_| OTHER), |s| claim(s, |n| Mac([0, 9, 9, 9, 9, n]))),
        (
            // Every message seen twice, as `any` does it: copies are no tries.
            "starvation",
            |s| seen_twice(s, 0..60),
            |s| seen_twice(s, 0..45),
        ),
        (
            "starvation",
            |s| {
                for n in 0..60_u8 {
                    s.ask(100 * i64::from(n), client(n), MessageType::DISCOVER, |_, way| way.macs.0 = OTHER);
                }
            },
            |s| {
                for n in 0..60_u8 {
                    s.dora(100 * i64::from(n), client(n), [10, 0, 0, 100 + n]);
                }
            },
        ),
        (
            // A building has power again as the capture ends, and as one looks.
            "starvation",
            |s| {
                blackout(s);
                s.end(6000);
            },
            |s| {
                blackout(s);
                s.end(400);
            },
        ),
        (
            "starvation",
            |s| {
                s.discover(0, client(200));
                for n in 0..60_u8 {
                    s.discover(9900 + i64::from(n), client(n));
                }
                s.discover(15_000, client(200));
            },
            |s| {
                s.discover(0, client(200));
                for n in 0..60_u8 {
                    s.discover(14_900 + i64::from(n), client(n));
                }
                s.discover(15_000, client(201));
                for n in 0..60_u8 {
                    s.offer(16_000 + 3 * i64::from(n), client(n), S, [10, 0, 0, n]);
                    s.request(16_001 + 3 * i64::from(n), client(n), [10, 0, 0, n], S);
                }
            },
        ),
        ("client-storm", |s| storm(s, 22), |s| storm(s, 20)),
        // Behind all the steps that are kept, ten seconds are ten seconds.
        ("client-storm", |s| storm_after(s, 80, 500), |s| storm_after(s, 80, 501)),
        (
            "renewal-unanswered",
            |s| {
                s.renew(0, client(1), A, false);
                s.renew(60_000, Client { xid: 9, ..client(1) }, A, true);
            },
            |s| {
                s.renew(0, client(1), A, false);
                s.ack(3, client(1), S, A);
                s.renew(60_000, Client { xid: 9, ..client(1) }, A, true);
            },
        ),
    ]
}

/// The same client with another identifier.
fn again(xid: u32) -> Client {
    Client { xid, ..client(1) }
}

/// A renewal is refused, and after `between` the same address is renewed at `ms`.
fn renewed_after(s: &mut Story, ms: i64, between: impl FnOnce(&mut Story)) {
    s.renew(0, again(1), A, false);
    s.nak(1000, again(1), S);
    between(s);
    s.renew(ms, again(9), A, false);
    s.ack(ms + 1, again(9), S, A);
}

pub(super) fn refusals_ignored() -> Vec<Case> {
    vec![
        // The time counts from the refusal.
        ("nak-ignored", |s| renewed_after(s, 301_000, |_| {}), |s| renewed_after(s, 301_001, |_| {})),
        (
            "nak-ignored",
            |s| {
                renewed_after(s, 30_000, |s| {
                    s.ask(5000, again(2), MessageType::INFORM, |m, _| m.ciaddr = A.into());
                });
            },
            |s| renewed_after(s, 30_000, |s| s.dora(5000, again(2), A)),
        ),
        (
            "nak-ignored",
            |s| {
                renewed_after(s, 30_000, |s| {
                    s.ask(5000, again(2), MessageType::REQUEST, |m, _| m.set_option(50, &A));
                });
            },
            |s| renewed_after(s, 30_000, |s| s.discover(5000, again(2))),
        ),
        (
            "nak-ignored",
            |s| {
                renewed_after(s, 30_000, |s| {
                    s.renew(5000, again(2), [10, 0, 0, 77], false);
                    s.ack(5001, again(2), S, [10, 0, 0, 77]);
                });
            },
            // What is asked before the refusal comes ignores nothing.
            |s| {
                s.renew(0, again(1), A, false);
                s.renew(300, again(9), A, false);
                s.nak(1000, again(1), S);
            },
        ),
    ]
}

/// A story that says where its time passes.
type Tell = fn(&mut Story, &mut dyn FnMut(&mut Story, i64));

/// What is said of client 1, whatever a stranger says at `ms`, which only lets time pass.
fn said_beside(tell: Tell, ms: i64) -> Vec<(&'static str, String)> {
    let mut story = Story::default();
    let mut passed = -1;
    tell(&mut story, &mut |s, now| {
        if (passed..now).contains(&ms) {
            s.ask(ms, client(2), MessageType::RELEASE, |m, _| m.ciaddr = [10, 0, 0, 99].into());
        }
        passed = now;
    });
    story.end(90_000_000);
    let (mut joiner, mut history) = (Joiner::new(Options::default()), History::new(false));
    let mut said = Vec::new();
    let mut take = |joiner: &mut Joiner, history: &mut History| {
        for exchange in joiner.take_closed() {
            let own = exchange.mac == Some(client(1).mac.into());
            let all = history.closed(&exchange).into_iter().filter(|_| own);
            said.extend(all.map(|said| (said.id.name(), said.message)));
        }
    };
    joiner.batch(&story.batch, |item, role| history.observe(item, role));
    take(&mut joiner, &mut history);
    joiner.finish();
    take(&mut joiner, &mut history);
    said.extend(history.finish(joiner.now()).into_iter().map(|said| (said.id.name(), said.message)));
    said.sort();
    said
}

/// In which order exchanges close is what others make of it.
#[test]
fn what_a_client_did_next_does_not_depend_on_others() {
    let refused: Tell = |s, passes| {
        for (n, at) in (0..).zip([0, 60_000]) {
            passes(s, at);
            s.renew(at, again(10 * n + 1), A, false);
            s.nak(at + 1, again(10 * n + 1), S);
            s.dora(at + 10, again(10 * n + 2), A);
        }
        passes(s, 300_000);
        s.dora(300_000, client(3), [10, 0, 0, 60]);
        passes(s, 900_000);
    };
    let unanswered: Tell = |s, passes| {
        s.renew(0, again(1), A, false);
        passes(s, 300_000);
        s.discover(300_000, again(2));
        passes(s, 305_000);
        s.discover(305_000, again(2));
        passes(s, 310_000);
        s.renew(310_000, again(3), A, true);
        s.nak(310_001, again(3), S);
        passes(s, 900_000);
    };
    let stale: Tell = |s, passes| {
        for at in [0, 4000] {
            s.ask(at, again(1), MessageType::REQUEST, |m, _| m.set_option(50, &[192, 168, 7, 9]));
        }
        s.discover(8000, again(2));
        s.discover(12_000, again(2));
        passes(s, 50_000);
        s.discover(50_000, again(3));
        s.offer(50_001, again(3), S, A);
        s.request(50_002, again(3), A, S);
        s.nak(50_003, again(3), S);
        passes(s, 900_000);
    };
    // Between them nothing lies, so it is said, whenever it is known.
    let ignored: Tell = |s, passes| {
        s.renew(0, again(1), A, false);
        s.nak(1, again(1), S);
        s.ask(5000, again(2), MessageType::INFORM, |m, _| m.ciaddr = A.into());
        passes(s, 30_000);
        s.renew(30_000, again(3), A, false);
        s.ack(30_001, again(3), S, A);
        passes(s, 900_000);
    };
    for (tell, code, says) in [
        (refused, "nak-ignored", 0),
        (unanswered, "renewal-unanswered", 0),
        (stale, "stale-address-not-refused", 0),
        (ignored, "nak-ignored", 1),
    ] {
        let alone = said_beside(tell, -1);
        assert_eq!(alone.iter().filter(|(said, _)| *said == code).count(), says, "{code}: {alone:?}");
        for ms in (1..900).map(|second| second * 1000) {
            assert_eq!(said_beside(tell, ms), alone, "{code}, a stranger at {ms}");
        }
    }
}
