//! What is no value, what is no message of its own, and exchanges that are long: near misses of what one exchange shows.

use super::{A, Case, Client, OTHER, S, S2, Story, Way, client, relayed, relayed_reply};
use crate::wire::v4::{Message, MessageType};

const ID: &[u8] = &[0, 1, 2, 3, 4, 5];
const OTHER_ID: &[u8] = &[0, 9, 9, 9, 9, 9];
const PORT: &[u8] = &[1, 4, 1, 2, 3, 4];

/// The same client with another transaction identifier.
fn anew(number: u8) -> Client {
    Client { xid: 0x1000 + u32::from(number), ..client(1) }
}

/// A client that tells its identifier is offered an address, by an offer with a change.
fn identified(s: &mut Story, change: impl FnOnce(&mut Message, &mut Way)) {
    s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(61, ID));
    s.say(3, client(1), MessageType::OFFER, (S, A), change);
}

/// A relay tells its port; the offer for it has a change.
fn of_a_port(s: &mut Story, change: impl FnOnce(&mut Message, &mut Way)) {
    s.ask(0, client(1), MessageType::DISCOVER, |m, way| {
        relayed(m, way);
        m.set_option(82, PORT);
    });
    s.say(3, client(1), MessageType::OFFER, (S, A), |m, way| {
        relayed_reply(m, way);
        change(m, way);
    });
}

/// A relay tells one port and then another; the offer returns this.
fn two_ports(s: &mut Story, port: &[u8]) {
    for (at, own) in [(0, PORT), (3000, &[1, 4, 9, 9, 9, 9])] {
        s.ask(at, client(1), MessageType::DISCOVER, |m, way| {
            relayed(m, way);
            m.set_option(82, own);
        });
    }
    s.say(3003, client(1), MessageType::OFFER, (S, A), |m, way| {
        relayed_reply(m, way);
        m.set_option(82, port);
    });
}

/// Two servers offer; what the second says last has a change.
fn by_another(s: &mut Story, change: impl FnOnce(&mut Message, &mut Way)) {
    s.offered(client(1));
    s.say(4, client(1), MessageType::OFFER, (S2, [10, 0, 0, 60]), change);
}

/// An address is acknowledged with another mask than offered.
fn remasked(s: &mut Story, mask: &[u8]) {
    s.chosen(client(1));
    s.say(9, client(1), MessageType::ACK, (S, A), |m, _| m.set_option(1, mask));
}

/// A boot client is offered an address, not a boot file, twice.
fn boots(s: &mut Story, cut: usize) {
    for ms in [0, 4000] {
        s.ask(ms, client(1), MessageType::DISCOVER, |m, _| m.set_option(60, b"PXEClient"));
        s.say(ms + 3, client(1), MessageType::OFFER, (S, A), |_, way| way.cut = cut);
    }
}

/// A machine gets two addresses, the first with an identifier; what it says the second time has a change.
fn twice(s: &mut Story, change: fn(&mut Message, &mut Way)) {
    s.ask(0, client(1), MessageType::REQUEST, |m, _| {
        m.set_option(50, &A);
        m.set_option(61, ID);
    });
    s.ack(3, client(1), S, A);
    s.ask(60_000, anew(1), MessageType::REQUEST, |m, way| {
        m.set_option(50, &[10, 0, 0, 60]);
        change(m, way);
    });
    s.ack(60_003, anew(1), S, [10, 0, 0, 60]);
}

pub(super) fn cut_or_malformed() -> Vec<Case> {
    vec![
        (
            "client-id-altered",
            |s| identified(s, |m, _| m.set_option(61, OTHER_ID)),
            |s| {
                identified(s, |m, way| {
                    m.set_option(61, ID);
                    way.cut = 3;
                });
            },
        ),
        (
            "option-82-not-echoed",
            |s| of_a_port(s, |m, _| m.set_option(82, &[1, 4, 1, 2, 3, 5])),
            |s| {
                of_a_port(s, |m, way| {
                    m.set_option(82, PORT);
                    way.cut = 3;
                });
            },
        ),
        (
            "request-fields",
            |s| {
                s.offered(client(1));
                s.request(6, client(1), [10, 0, 0, 99], S);
            },
            |s| {
                s.offered(client(1));
                // Three bytes ask for nothing.
                s.ask(6, client(1), MessageType::REQUEST, |m, _| {
                    m.set_option(50, &[10, 0, 0]);
                    m.set_option(54, &S);
                });
            },
        ),
        (
            "servers-disagree",
            |s| by_another(s, |m, _| m.set_option(1, &[255, 255, 0, 0])),
            |s| by_another(s, |m, _| m.set_option(1, &[255, 255, 0])),
        ),
        (
            "servers-disagree",
            |s| by_another(s, |m, _| m.set_option(3, &S2)),
            |s| {
                by_another(s, |m, way| {
                    m.remove_option(3);
                    m.set_option(3, &S);
                    way.cut = 3;
                });
            },
        ),
        ("ack-differs", |s| remasked(s, &[255, 255, 0, 0]), |s| remasked(s, &[255, 255, 0])),
        ("mask-bad", |s| remasked(s, &[0; 4]), |s| remasked(s, &[255, 255, 0])),
        ("pxe-no-boot-file", |s| boots(s, 0), |s| boots(s, 1)),
        ("client-two-identities", |s| twice(s, |_, _| {}), |s| twice(s, |_, way| way.cut = 1)),
        (
            // Who asked before the capture began gave an identifier that only its server tells.
            "address-given-twice",
            |s| {
                s.say(0, client(1), MessageType::ACK, (S, A), |m, _| m.set_option(61, ID));
                s.dora(60_000, client(2), A);
            },
            |s| {
                s.ack(0, client(1), S, A);
                s.dora(60_000, client(2), A);
            },
        ),
        (
            "lease-time-missing",
            |s| {
                s.chosen(client(1));
                s.say(9, client(1), MessageType::ACK, (S, A), |m, _| assert!(m.remove_option(51)));
            },
            |s| {
                s.chosen(client(1));
                s.say(9, client(1), MessageType::ACK, (S, A), |m, _| m.set_option(51, &[1, 2]));
            },
        ),
    ]
}

/// An ACK arrives broken; what the client asks next.
fn broken(s: &mut Story, next: impl FnOnce(&mut Story)) {
    s.chosen(client(1));
    s.say(9, client(1), MessageType::ACK, (S, A), |_, way| way.bad = true);
    next(s);
}

/// A renewal is acknowledged for so many seconds by a broken ACK; after so many milliseconds the client renews again.
fn renews(s: &mut Story, lease: u32, after: i64) {
    s.renew(0, client(1), A, false);
    s.say(3, client(1), MessageType::ACK, (S, A), |m, way| {
        m.set_option(51, &lease.to_be_bytes());
        way.bad = true;
    });
    s.renew(after, anew(1), A, false);
    s.ack(after + 3, anew(1), S, A);
}

/// What was asked in VLAN 20 is offered in these.
fn tagged(s: &mut Story, inner: &'static [u16], offers: &[u16]) {
    s.ask(0, client(1), MessageType::DISCOVER, |_, way| {
        way.vlan = Some(20);
        way.inner = inner;
    });
    for (ms, vlan) in (3..).zip(offers) {
        s.say(ms, client(1), MessageType::OFFER, (S, A), |_, way| way.vlan = Some(*vlan));
    }
}

/// Two relays pass a DISCOVER on, each with its port; the server returns these ports to them.
fn two_relays(s: &mut Story, ports: [&[u8]; 2]) {
    let relays = [[10, 0, 0, 253], [10, 0, 0, 254]];
    for (ms, (relay, port)) in (0..).zip(relays.into_iter().zip([PORT, &[1, 1, 7]])) {
        s.ask(ms, client(1), MessageType::DISCOVER, |m, way| {
            relayed(m, way);
            (m.giaddr, way.ips.0) = (relay.into(), relay);
            m.set_option(82, port);
        });
    }
    for (ms, (relay, port)) in (10..).zip(relays.into_iter().zip(ports)) {
        s.say(ms, client(1), MessageType::OFFER, (S, A), |m, way| {
            relayed_reply(m, way);
            (m.giaddr, way.ips.1) = (relay.into(), relay);
            m.set_option(82, port);
        });
    }
}

/// A relay passes an offer on to its client, in the name of a server.
fn passed_on(s: &mut Story, server: [u8; 4], ms: i64) {
    of_a_port(s, |m, _| m.set_option(82, PORT));
    s.say(ms, client(1), MessageType::OFFER, (server, A), |m, _| m.giaddr = [10, 0, 0, 254].into());
}

pub(super) fn copies_and_others() -> Vec<Case> {
    vec![
        // What is seen in two VLANs was in both.
        ("vlan-crossed", |s| tagged(s, &[], &[30]), |s| tagged(s, &[], &[30, 20])),
        // Of three VLANs the middle one may be the other's.
        ("vlan-crossed", |s| tagged(s, &[40], &[30]), |s| tagged(s, &[30, 40], &[30])),
        (
            "several-servers",
            |s| by_another(s, |_, _| {}),
            // A controller names itself to the client.
            |s| passed_on(s, S2, 4),
        ),
        (
            "reply-checksum-bad",
            |s| broken(s, |s| s.request(4000, client(1), A, S)),
            |s| broken(s, |s| s.renew(40_000, anew(1), A, false)),
        ),
        (
            "reply-checksum-bad",
            |s| broken(s, |s| s.request(4000, anew(1), A, S)),
            |s| broken(s, |s| s.ask(5000, anew(1), MessageType::REQUEST, |m, _| m.set_option(50, &A))),
        ),
        ("reply-checksum-bad", |s| renews(s, 3600, 4000), |s| renews(s, 10, 5000)),
        (
            "reply-checksum-bad",
            |s| renews(s, 3600, 30_000),
            |s| {
                s.ask(0, client(1), MessageType::INFORM, |m, _| m.ciaddr = A.into());
                s.say(3, client(1), MessageType::ACK, (S, [0; 4]), |_, way| way.bad = true);
                s.renew(3000, anew(1), A, false);
            },
        ),
        (
            "xid-mismatch",
            |s| {
                s.discover(0, client(1));
                s.discover(200_000, client(2));
                s.offer(2000, anew(1), S, A);
            },
            // The clock of the capture goes back, and what was asked has closed.
            |s| {
                s.discover(0, client(1));
                s.discover(200_000, client(2));
                s.offer(2000, client(1), S, A);
            },
        ),
        (
            "answers-after-secs",
            |s| {
                for n in 1..4_u8 {
                    let (at, c) = (30_000 * i64::from(n), client(n));
                    s.discovers(c, &[at, at + 4000]);
                    s.ask(at + 8000, c, MessageType::DISCOVER, |m, _| m.secs = 8);
                    s.offer(at + 8003, c, S, [10, 0, 0, n]);
                }
            },
            |s| {
                for n in 1..4_u8 {
                    let (at, c) = (30_000 * i64::from(n), client(n));
                    s.discover(at, c);
                    s.ask(at + 4000, c, MessageType::DISCOVER, |m, _| m.secs = 4);
                    s.offer(at + 4003, c, S, [10, 0, 0, n]);
                }
                // Somebody who always says 0 is answered at once.
                s.discovers(client(4), &[200_000, 204_000]);
                s.offer(204_003, client(4), S, A);
            },
        ),
        (
            "option-82-not-echoed",
            |s| two_relays(s, [&[1, 1, 9], &[1, 1, 7]]),
            |s| two_relays(s, [PORT, &[1, 1, 7]]),
        ),
        // A relay tells another port the second time, and the answer to the first comes late.
        ("option-82-not-echoed", |s| two_ports(s, &[1, 1, 7]), |s| two_ports(s, PORT)),
        (
            // An offer answers what was asked with its identifier.
            "client-id-altered",
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(61, ID));
                s.ask(3000, anew(1), MessageType::DISCOVER, |m, _| m.set_option(61, ID));
                s.say(3500, client(1), MessageType::OFFER, (S, A), |m, _| m.set_option(61, OTHER_ID));
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(61, ID));
                s.ask(3000, anew(1), MessageType::DISCOVER, |m, _| m.set_option(61, OTHER_ID));
                s.say(3500, client(1), MessageType::OFFER, (S, A), |m, _| m.set_option(61, ID));
            },
        ),
        (
            "server-two-macs",
            |s| {
                s.offered(client(1));
                s.discover(1000, client(2));
                s.say(1003, client(2), MessageType::OFFER, (S, A), |_, way| way.macs.0 = OTHER);
            },
            |s| {
                s.offered_with(client(1), |_, way| way.macs.0 = OTHER);
                s.offer(4, client(1), S, A);
            },
        ),
    ]
}

/// A client asks for an address so often with one identifier, and then begins anew.
fn in_vain(s: &mut Story, times: i64, every: i64, pause: i64) {
    for n in 0..times {
        s.ask(every * n, client(1), MessageType::REQUEST, |m, _| m.set_option(50, &[192, 168, 7, 7]));
    }
    s.dora(every * (times - 1) + pause, anew(1), A);
}

/// The same of a renewal.
fn renewed_in_vain(s: &mut Story, times: i64, pause: i64) {
    for n in 0..times {
        s.renew(60_000 * n, client(1), A, false);
    }
    s.dora(60_000 * (times - 1) + pause, anew(1), A);
}

/// A client searches so often; an offer with another identifier comes after its last search.
fn mistaken(s: &mut Story, times: i64, after: i64) {
    for n in 0..times {
        s.discover(10_000 * n, client(1));
    }
    s.offer(10_000 * (times - 1) + after, anew(1), S, A);
}

/// A message comes by with these hops.
fn hops(s: &mut Story, kind: MessageType, all: &[u8]) {
    for (ms, hops) in (0..).zip(all) {
        s.ask(ms * 100, client(1), kind, |m, way| {
            relayed(m, way);
            m.hops = *hops;
            m.ciaddr = A.into();
            m.set_option(54, &S);
            if kind == MessageType::DECLINE {
                m.ciaddr = [0; 4].into();
                m.set_option(50, &A);
            }
        });
    }
}

/// A client asks three times before it is refused, so often by one server and once by another.
fn refused(s: &mut Story, times: i64) {
    for ms in [0, 4000, 8000] {
        s.ask(ms, client(1), MessageType::REQUEST, |m, _| m.set_option(50, &[192, 168, 7, 7]));
    }
    for n in 0..times {
        s.nak(9000 + 1000 * n, client(1), S);
    }
    s.nak(9100, client(1), S2);
}

/// A client searches seventy times, is offered an address so much later, and goes on searching.
fn offered_late(s: &mut Story, after: i64) {
    (0..70).for_each(|n| s.discover(4000 * n, client(1)));
    s.offer(4000 * 69 + after, client(1), S, A);
    (70..80).for_each(|n| s.discover(4000 * n, client(1)));
}

/// A client is offered an address so often, and asks for another one: which may have been offered among those that are too many.
fn offered_often(s: &mut Story, times: i64) {
    for n in 0..times {
        s.discover(4000 * n, client(1));
        s.offer(4000 * n + 3, client(1), S, A);
    }
    s.request(4000 * times, client(1), [10, 0, 0, 99], S);
}

pub(super) fn long_exchanges() -> Vec<Case> {
    vec![
        ("stale-address-not-refused", |s| in_vain(s, 16, 10_000, 5000), |s| in_vain(s, 16, 10_000, 61_000)),
        ("renewal-unanswered", |s| renewed_in_vain(s, 20, 10_000), |s| renewed_in_vain(s, 20, 601_000)),
        ("xid-mismatch", |s| mistaken(s, 12, 500), |s| mistaken(s, 12, 5500)),
        (
            "relay-loop",
            |s| hops(s, MessageType::RELEASE, &[1, 2, 3, 4]),
            |s| hops(s, MessageType::RELEASE, &[1, 2, 3, 3]),
        ),
        (
            "relay-loop",
            |s| hops(s, MessageType::DECLINE, &[1, 2, 3, 4]),
            |s| hops(s, MessageType::DECLINE, &[1, 1, 1, 1]),
        ),
        ("nak-loop", |s| refused(s, 3), |s| refused(s, 2)),
        // The last DISCOVER before the OFFER tells how long that took, however many came before and after.
        ("slow-start", |s| offered_late(s, 1499), |s| offered_late(s, 1500)),
        ("answer-too-slow", |s| offered_late(s, 1500), |s| offered_late(s, 1499)),
        ("request-fields", |s| offered_often(s, 3), |s| offered_often(s, 70)),
    ]
}
