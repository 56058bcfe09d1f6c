//! Conflicts, times, relays and boot servers: what one exchange shows.

use super::{A, Case, Client, OTHER, S, S2, SERVER, Story, client, relayed, relayed_reply};
use crate::wire::Mac;
use crate::wire::v4::MessageType;

/// A client uses what it was given, and this one gives it back.
fn given_back(s: &mut Story, by: Client) {
    s.dora(0, client(1), A);
    s.arp(1200, client(1).mac, A, S, false);
    s.ask(60_000, by, MessageType::RELEASE, |m, _| m.ciaddr = A.into());
}

pub(super) fn conflicts_and_times() -> Vec<Case> {
    vec![
        (
            "address-conflict",
            |s| {
                s.dora(0, client(1), A);
                s.arp(100, client(1).mac, [0; 4], A, false);
                s.arp(101, OTHER, A, [0; 4], true);
                s.decline(200, client(1), A);
            },
            |s| s.dora(0, client(1), A),
        ),
        (
            "probe-answered-by-client-mac",
            |s| {
                s.dora(0, client(1), A);
                s.arp(101, client(1).mac, A, [0; 4], true);
                s.decline(200, client(1), A);
            },
            |s| {
                s.dora(0, client(1), A);
                s.arp(101, OTHER, A, [0; 4], true);
                s.decline(200, client(1), A);
            },
        ),
        (
            "duplicate-address",
            |s| {
                s.dora(0, client(1), A);
                s.arp(150_000, client(1).mac, A, S, false);
                s.arp(151_000, OTHER, A, S, false);
                s.end(900_000);
            },
            |s| {
                s.dora(0, client(1), A);
                s.arp(150_000, OTHER, A, S, false);
                s.end(900_000);
            },
        ),
        (
            // A renewal binds nobody anew, and what is declined is nobody's.
            "duplicate-address",
            |s| {
                s.dora(0, client(1), A);
                s.arp(1000, OTHER, A, S, false);
                s.arp(2000, client(1).mac, A, S, false);
            },
            |s| {
                s.renew(0, client(1), A, true);
                s.ack(3, client(1), S, A);
                s.arp(1000, OTHER, A, S, false);
                s.arp(2000, client(1).mac, A, S, false);
            },
        ),
        (
            // Two VLANs have an address each of that number.
            "duplicate-address",
            |s| {
                s.dora(0, client(1), A);
                s.arp(150_000, client(1).mac, A, S, false);
                s.arp_in(None, 151_000, OTHER, (A, S), false);
            },
            |s| {
                s.dora(0, client(1), A);
                s.arp(150_000, client(1).mac, A, S, false);
                s.arp_in(Some(20), 151_000, OTHER, (A, S), false);
            },
        ),
        (
            // What was claimed before the client had it again is no claim to what it has now.
            "duplicate-address",
            |s| {
                s.dora(0, client(1), A);
                s.dora(60_000, Client { xid: 9, ..client(1) }, A);
                s.arp(61_000, OTHER, A, S, false);
                s.arp(62_000, client(1).mac, A, S, false);
            },
            |s| {
                s.dora(0, client(1), A);
                s.arp(1000, OTHER, A, S, false);
                s.dora(60_000, Client { xid: 9, ..client(1) }, A);
                s.arp(62_000, client(1).mac, A, S, false);
            },
        ),
        (
            // It was claimed by both before it was given anew, and before it was known that it had bound the client.
            "duplicate-address",
            |s| {
                s.dora(0, client(1), A);
                s.arp(1000, OTHER, A, S, false);
                s.arp(2000, client(1).mac, A, S, false);
                s.dora(4000, Client { xid: 9, ..client(1) }, A);
            },
            |s| {
                s.dora(0, client(1), A);
                s.arp(1000, OTHER, A, S, false);
                s.dora(4000, Client { xid: 9, ..client(1) }, A);
            },
        ),
        (
            // The client has given it back, and another one takes it.
            "duplicate-address",
            |s| {
                given_back(s, client(9));
                s.arp(120_000, OTHER, A, S, false);
            },
            |s| {
                given_back(s, client(1));
                s.arp(120_000, OTHER, A, S, false);
            },
        ),
        (
            // Both claimed it before that.
            "duplicate-address",
            |s| {
                s.dora(0, client(1), A);
                s.arp(1000, OTHER, A, S, false);
                s.arp(1200, client(1).mac, A, S, false);
                s.ask(2000, client(1), MessageType::RELEASE, |m, _| m.ciaddr = A.into());
            },
            |s| {
                s.dora(0, client(1), A);
                s.arp(1200, client(1).mac, A, S, false);
                s.ask(2000, client(1), MessageType::RELEASE, |m, _| m.ciaddr = A.into());
                s.arp(3000, OTHER, A, S, false);
            },
        ),
        (
            // The segment is busy after the DECLINE.
            "probe-answered-by-client-mac",
            |s| {
                s.dora(0, client(1), A);
                s.arp(101, client(1).mac, A, [0; 4], true);
                s.decline(200, client(1), A);
                (0..40).for_each(|n| s.arp(2000 + 1100 * n, OTHER, A, S, false));
            },
            |s| {
                s.dora(0, client(1), A);
                s.arp(101, OTHER, A, [0; 4], true);
                s.decline(200, client(1), A);
                (0..40).for_each(|n| s.arp(2000 + 1100 * n, client(1).mac, A, S, true));
            },
        ),
        (
            // Everybody looks for the address once it is in use.
            "server-checks-address",
            |s| {
                s.discover(0, client(1));
                s.arp(10, SERVER, S, A, false);
                s.offer(1000, client(1), S, A);
                (0..40).for_each(|n| s.arp(1001 + i64::from(n), Mac([0, 9, 9, 9, 9, n]), S2, A, false));
            },
            |s| {
                s.discover(0, client(1));
                s.arp_in(Some(20), 10, SERVER, (S, A), false);
                s.offer(1000, client(1), S, A);
                (0..40).for_each(|n| s.arp(1001 + i64::from(n), Mac([0, 9, 9, 9, 9, n]), S2, A, false));
            },
        ),
        (
            "slow-start",
            |s| {
                s.discovers(client(1), &[0, 4000, 9000]);
                s.offer(9003, client(1), S, A);
            },
            |s| {
                s.discovers(client(1), &[0, 4000, 9000]);
                s.offer(11_000, client(1), S, A);
            },
        ),
        (
            "answer-too-slow",
            |s| {
                s.discover(0, client(1));
                s.offer(4100, client(1), S, A);
            },
            |s| {
                s.discover(0, client(1));
                s.offer(3900, client(1), S, A);
            },
        ),
        (
            "server-checks-address",
            |s| {
                s.discover(0, client(1));
                s.arp(10, SERVER, S, A, false);
                s.offer(1000, client(1), S, A);
            },
            |s| {
                s.discover(0, client(1));
                s.arp(10, client(1).mac, [0; 4], A, false);
                s.offer(1000, client(1), S, A);
            },
        ),
        (
            "answer-too-late",
            |s| {
                s.discover(0, client(1));
                s.discover(50_000, Client { xid: 9, ..client(1) });
                s.offer(50_100, client(1), S, A);
            },
            |s| {
                s.discover(0, client(1));
                s.offer(49_000, client(1), S, A);
                s.discover(50_000, Client { xid: 9, ..client(1) });
            },
        ),
    ]
}

pub(super) fn relays_and_boot() -> Vec<Case> {
    vec![
        (
            "option-82-not-echoed",
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, way| {
                    relayed(m, way);
                    m.set_option(82, &[1, 1, 7]);
                });
                s.say(3, client(1), MessageType::OFFER, (S, A), relayed_reply);
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, way| {
                    relayed(m, way);
                    m.set_option(82, &[1, 1, 7]);
                });
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, way| {
                    relayed_reply(m, way);
                    m.set_option(82, &[1, 1, 7]);
                });
            },
        ),
        (
            "relay-drops-reply",
            |s| {
                for ms in [0, 4000] {
                    s.discover(ms, client(1));
                    s.ask(ms + 1, client(1), MessageType::DISCOVER, relayed);
                    s.say(ms + 4, client(1), MessageType::OFFER, (S, A), relayed_reply);
                }
            },
            |s| {
                s.discover(0, client(1));
                s.ask(1, client(1), MessageType::DISCOVER, relayed);
                s.say(4, client(1), MessageType::OFFER, (S, A), relayed_reply);
                s.offer(5, client(1), S, A);
                s.discover(4000, client(1));
            },
        ),
        (
            "option-82-refused",
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::DISCOVER, |m, _| m.set_option(82, &[1, 1, 7]));
                }
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(82, &[1, 1, 7]));
                s.discover(4000, client(1));
            },
        ),
        (
            "address-outside-giaddr",
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, relayed);
                s.say(3, client(1), MessageType::OFFER, (S, [10, 0, 9, 9]), relayed_reply);
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, relayed);
                s.say(3, client(1), MessageType::OFFER, (S, A), relayed_reply);
            },
        ),
        (
            "pxe-no-boot-file",
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::DISCOVER, |m, _| m.set_option(60, b"PXEClient:x"));
                    s.offer(ms + 3, client(1), S, A);
                }
            },
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::DISCOVER, |m, _| m.set_option(60, b"PXEClient:x"));
                    s.say(ms + 3, client(1), MessageType::OFFER, (S, A), |m, _| m.set_option(67, b"boot"));
                }
            },
        ),
        (
            "pxe-no-address",
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::DISCOVER, |m, _| m.set_option(60, b"PXEClient:x"));
                    s.say(ms + 3, client(1), MessageType::OFFER, (S, [0; 4]), |m, _| {
                        m.set_option(60, b"PXEClient");
                    });
                }
            },
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::DISCOVER, |m, _| m.set_option(60, b"PXEClient:x"));
                    s.offer(ms + 3, client(1), S, A);
                }
            },
        ),
        (
            "pxe-4011-silent",
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::REQUEST, |_, way| {
                        way.ports.1 = 4011;
                        way.ips = (A, S);
                    });
                }
            },
            |s| {
                s.ask(0, client(1), MessageType::REQUEST, |_, way| {
                    way.ports.1 = 4011;
                    way.ips = (A, S);
                });
            },
        ),
        (
            "icmp-refused",
            |s| {
                s.renew(0, client(1), A, false);
                s.ask(1, client(1), MessageType::REQUEST, |_, way| {
                    way.quoted = true;
                    way.ips = (A, S);
                });
            },
            |s| {
                s.renew(0, client(1), A, false);
                s.ask(1, client(1), MessageType::REQUEST, |_, way| {
                    way.quoted = true;
                    way.ips = (A, S);
                });
                s.ack(5, client(1), S, A);
            },
        ),
        (
            // A shorter way is no refusal.
            "icmp-refused",
            |s| {
                s.renew(0, client(1), A, false);
                s.ask(1, client(1), MessageType::REQUEST, |_, way| {
                    (way.quoted, way.icmp, way.ips) = (true, (3, 13), (A, S));
                });
            },
            |s| {
                s.renew(0, client(1), A, false);
                s.ask(1, client(1), MessageType::REQUEST, |_, way| {
                    (way.quoted, way.icmp, way.ips) = (true, (5, 1), (A, S));
                });
            },
        ),
    ]
}
