//! Silence and refusal.

use super::{A, Case, Client, S, S2, Story, client};
use crate::wire::v4::{Message, MessageType};

/// A client asks at this port, and is answered from it, without a router.
fn boot_request(s: &mut Story, port: u16) {
    s.ask(0, client(1), MessageType::REQUEST, |m, way| {
        m.ciaddr = A.into();
        (way.ips, way.ports.1) = ((A, S), port);
    });
    s.say(3, client(1), MessageType::ACK, (S, A), |m, way| {
        assert!(m.remove_option(3));
        (way.ips, way.ports.0) = ((S, A), port);
    });
}

/// A boot server offers nothing, then another one an address, with a change.
fn proxied(s: &mut Story, change: impl FnOnce(&mut Message)) {
    s.discover(0, client(1));
    s.say(3, client(1), MessageType::OFFER, (S2, [0; 4]), |m, _| m.set_option(60, b"PXEClient"));
    s.say(6, client(1), MessageType::OFFER, (S, A), |m, _| change(m));
}

pub(super) fn silence_and_refusal() -> Vec<Case> {
    vec![
        (
            "no-answer",
            |s| s.discovers(client(1), &[0, 3000, 7000]),
            |s| s.discovers(client(1), &[0, 3000, 5900]),
        ),
        (
            "no-answer",
            |s| s.discovers(client(1), &[0, 3000, 7000]),
            |s| {
                // A search for servers.
                for ms in [0, 3000, 7000] {
                    s.ask(ms, client(1), MessageType::DISCOVER, |_, way| way.ips.0 = S2);
                }
            },
        ),
        (
            "no-answer-seen",
            |s| s.discovers(Client { flags: 0, ..client(1) }, &[0, 3000, 7000]),
            |s| {
                s.discovers(client(1), &[0, 3000, 7000]);
            },
        ),
        (
            "no-ack",
            |s| {
                s.offered(client(1));
                for ms in [6, 2000, 6000] {
                    s.request(ms, client(1), A, S);
                }
            },
            |s| {
                s.chosen(client(1));
            },
        ),
        (
            "offer-ignored",
            |s| {
                s.offered(client(1));
                s.discovers(client(1), &[3000, 8000]);
            },
            |s| {
                s.offered(client(1));
                s.discovers(client(1), &[3000, 4900]);
            },
        ),
        (
            "reply-checksum-bad",
            |s| {
                s.offered_with(client(1), |_, way| way.bad = true);
                s.discover(3000, client(1));
            },
            |s| {
                s.offered_with(client(1), |_, way| way.bad = true);
                s.request(6, client(1), A, S);
                s.ack(9, client(1), S, A);
            },
        ),
        (
            // A NAK that arrives broken: the client asks again as if there were none.
            "reply-checksum-bad",
            |s| {
                s.renew(0, client(1), A, true);
                s.say(3, client(1), MessageType::NAK, (S, A), |_, way| way.bad = true);
                s.renew(4000, client(1), A, true);
            },
            |s| {
                s.renew(0, client(1), A, true);
                s.say(3, client(1), MessageType::NAK, (S, A), |_, way| way.bad = true);
                s.discover(4000, Client { xid: 9, ..client(1) });
            },
        ),
        (
            "broadcast-flag-ignored",
            |s| {
                s.offered_with(client(1), |_, way| {
                    way.ips.1 = A;
                    way.macs.1 = client(1).mac;
                });
            },
            |s| {
                let c = Client { flags: 0, ..client(1) };
                s.offered_with(c, |_, way| {
                    way.ips.1 = A;
                    way.macs.1 = client(1).mac;
                });
            },
        ),
        (
            "reply-misdirected",
            |s| {
                s.offered_with(client(1), |_, way| way.ips.1 = [10, 0, 0, 17]);
            },
            |s| {
                s.offered_with(client(1), |_, way| way.ips.1 = [10, 0, 0, 255]);
            },
        ),
        (
            "reply-misdirected",
            |s| {
                s.offered_with(client(1), |_, way| {
                    (way.ips.1, way.ports.1) = (A, 1068);
                });
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |_, way| way.ports.0 = 1068);
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| {
                    (way.ips.1, way.ports.1) = (A, 1068);
                });
            },
        ),
        (
            // By broadcast, to a port nobody listens on.
            "reply-misdirected",
            |s| {
                s.offered_with(client(1), |_, way| way.ports.1 = 1068);
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |_, way| way.ports.0 = 1068);
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| way.ports.1 = 1068);
            },
        ),
        (
            "xid-mismatch",
            |s| {
                s.discover(0, client(1));
                s.offer(3, Client { xid: 0x9999, ..client(1) }, S, A);
            },
            |s| {
                s.discover(0, client(1));
                s.offer(6000, Client { xid: 0x9999, ..client(1) }, S, A);
            },
        ),
        (
            "nak-after-offer",
            |s| {
                s.chosen(client(1));
                s.nak(9, client(1), S);
            },
            |s| {
                s.chosen(client(1));
                s.nak(9, client(1), S2);
            },
        ),
        (
            "nak-by-other-server",
            |s| {
                s.chosen(client(1));
                s.nak(9, client(1), S2);
            },
            |s| {
                s.ask(0, client(1), MessageType::REQUEST, |m, _| m.set_option(50, &A));
                s.nak(9, client(1), S2);
            },
        ),
        (
            "ack-by-other-server",
            |s| {
                s.dora(0, client(1), A);
                s.ack(12, client(1), S2, A);
            },
            |s| {
                s.renew(0, client(1), A, true);
                s.ack(3, client(1), S, A);
                s.ack(6, client(1), S2, A);
            },
        ),
        (
            "ack-other-address",
            |s| {
                s.chosen(client(1));
                s.ack(9, client(1), S, [10, 0, 0, 51]);
            },
            |s| s.dora(0, client(1), A),
        ),
        (
            "ack-differs",
            |s| {
                s.chosen(client(1));
                s.say(9, client(1), MessageType::ACK, (S, A), |m, _| m.set_option(1, &[255, 255, 0, 0]));
            },
            |s| {
                s.chosen(client(1));
                s.say(9, client(1), MessageType::ACK, (S, A), |m, _| m.set_option(6, &S));
            },
        ),
        (
            "client-id-altered",
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(61, &[1, 2, 3]));
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, _| m.set_option(61, &[1, 2, 4]));
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(61, &[1, 2, 3]));
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, _| m.set_option(61, &[1, 2, 3]));
            },
        ),
        (
            "client-id-not-echoed",
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(61, &[1, 2, 3]));
                s.offer(3, client(1), S, A);
            },
            |s| s.dora(0, client(1), A),
        ),
        (
            "lease-time-missing",
            |s| {
                s.renew(0, client(1), A, true);
                s.say(3, client(1), MessageType::ACK, (S, A), |m, _| assert!(m.remove_option(51)));
            },
            |s| s.say(3, client(1), MessageType::ACK, (S, A), |m, _| assert!(m.remove_option(51))),
        ),
        (
            "mask-bad",
            |s| {
                s.offered_with(client(1), |m, _| assert!(m.remove_option(1)));
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(55, &[3, 6]));
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, _| assert!(m.remove_option(1)));
            },
        ),
        (
            "router-missing",
            |s| {
                s.offered_with(client(1), |m, _| assert!(m.remove_option(3)));
            },
            |s| {
                s.offered_with(client(1), |m, _| {
                    assert!(m.remove_option(3));
                    m.set_option(121, &[0, 10, 0, 0, 1]);
                });
            },
        ),
        (
            // A boot server offers first, and no address.
            "mask-bad",
            |s| proxied(s, |m| assert!(m.remove_option(1))),
            |s| proxied(s, |_| {}),
        ),
        (
            // What a boot server says on its port is no lease.
            "router-missing",
            |s| boot_request(s, 67),
            |s| boot_request(s, 4011),
        ),
        (
            "request-fields",
            |s| {
                s.offered(client(1));
                s.request(6, client(1), [10, 0, 0, 99], S);
            },
            |s| s.dora(0, client(1), A),
        ),
        (
            "stale-address-not-refused",
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::REQUEST, |m, _| m.set_option(50, &[192, 168, 7, 7]));
                }
                s.dora(10_000, Client { xid: 9, ..client(1) }, A);
            },
            |s| {
                for ms in [0, 4000] {
                    s.ask(ms, client(1), MessageType::REQUEST, |m, _| m.set_option(50, &A));
                }
                s.dora(10_000, Client { xid: 9, ..client(1) }, A);
            },
        ),
        (
            "nak-ignored",
            |s| {
                s.renew(0, client(1), A, false);
                s.nak(3, client(1), S);
                s.renew(60_000, Client { xid: 9, ..client(1) }, A, false);
            },
            |s| {
                s.renew(0, client(1), A, false);
                s.nak(3, client(1), S);
                s.dora(10, Client { xid: 9, ..client(1) }, A);
                s.renew(60_000, Client { xid: 10, ..client(1) }, A, false);
            },
        ),
    ]
}
