//! What one packet shows. More near misses of these are in `wire::v4::judge`.

use super::{A, ALL, Case, S, S2, Story, client};
use crate::wire::Mac;
use crate::wire::v4::{Message, MessageType};

/// A DISCOVER and an OFFER that is changed.
fn offered(s: &mut Story, change: fn(&mut Message)) {
    s.offered_with(client(1), |m, _| change(m));
}

pub(super) fn packets() -> Vec<Case> {
    vec![
        (
            "server-id-missing",
            |s| offered(s, |m| assert!(m.remove_option(54))),
            // BOOTP knows none.
            |s| {
                offered(s, |m| {
                    assert!(m.remove_option(54) && m.remove_option(53));
                });
            },
        ),
        (
            "lease-time-zero",
            |s| offered(s, |m| m.set_option(51, &[0; 4])),
            |s| offered(s, |m| m.set_option(51, &[0, 0, 0, 60])),
        ),
        (
            "address-unusable",
            |s| offered(s, |m| m.yiaddr = [10, 0, 0, 255].into()),
            |s| {
                offered(s, |m| {
                    m.yiaddr = [10, 0, 0, 255].into();
                    m.set_option(1, &[255, 255, 255, 254]);
                });
            },
        ),
        (
            "router-off-subnet",
            |s| offered(s, |m| m.set_option(3, &[192, 168, 1, 1])),
            // As clouds do it.
            |s| {
                offered(s, |m| {
                    m.set_option(3, &[192, 168, 1, 1]);
                    m.set_option(1, &[255; 4]);
                });
            },
        ),
        (
            "routes-without-default",
            |s| offered(s, |m| m.set_option(121, &[8, 172, 10, 0, 0, 1])),
            |s| offered(s, |m| m.set_option(121, &[0, 10, 0, 0, 1, 8, 172, 10, 0, 0, 1])),
        ),
        ("dns-unusable", |s| offered(s, |m| m.set_option(6, &A)), |s| offered(s, |m| m.set_option(6, &S))),
        (
            "timers-disordered",
            |s| {
                offered(s, |m| {
                    m.set_option(58, &3150_u32.to_be_bytes());
                    m.set_option(59, &1800_u32.to_be_bytes());
                });
            },
            |s| {
                offered(s, |m| {
                    m.set_option(51, &[255; 4]);
                    m.set_option(58, &[255; 4]);
                });
            },
        ),
        (
            "mask-behind-router",
            |s| {
                offered(s, |m| {
                    m.remove_option(1);
                    m.remove_option(3);
                    m.set_option(3, &S);
                    m.set_option(1, &[255, 255, 255, 0]);
                });
            },
            |s| {
                offered(s, |m| {
                    m.remove_option(3);
                    m.set_option(3, &S);
                });
            },
        ),
        (
            "mtu-unusual",
            |s| offered(s, |m| m.set_option(26, &9000_u16.to_be_bytes())),
            |s| offered(s, |m| m.set_option(26, &1492_u16.to_be_bytes())),
        ),
        (
            "offer-without-address",
            |s| offered(s, |m| m.yiaddr = [0; 4].into()),
            // The network wants IPv6 only (RFC 8925).
            |s| {
                offered(s, |m| {
                    m.yiaddr = [0; 4].into();
                    m.set_option(108, &[0, 0, 7, 8]);
                });
            },
        ),
        (
            "server-id-zero",
            |s| {
                s.offered(client(1));
                s.request(6, client(1), A, [0; 4]);
            },
            |s| s.dora(0, client(1), A),
        ),
        (
            "renew-source-differs",
            |s| {
                s.ask(0, client(1), MessageType::REQUEST, |m, way| {
                    m.ciaddr = A.into();
                    way.ips = ([10, 9, 9, 9], S);
                });
            },
            |s| {
                s.ask(0, client(1), MessageType::REQUEST, |m, way| {
                    m.ciaddr = A.into();
                    way.ips = ([10, 9, 9, 9], ALL);
                });
            },
        ),
        (
            "option-82-from-client",
            |s| s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(82, &[1, 1, 7])),
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, way| {
                    super::relayed(m, way);
                    m.set_option(82, &[1, 1, 7]);
                });
            },
        ),
        ("message-short", |s| s.put_short(0, client(1), 299), |s| s.put_short(0, client(1), 300)),
        (
            "several-servers",
            |s| {
                offered(s, |_| {});
                s.offer(4, client(1), S2, [10, 0, 0, 60]);
            },
            |s| {
                offered(s, |_| {});
                s.say(4, client(1), MessageType::OFFER, (S, A), |_, way| {
                    way.macs.0 = Mac([0, 1, 2, 3, 4, 5]);
                });
            },
        ),
    ]
}
