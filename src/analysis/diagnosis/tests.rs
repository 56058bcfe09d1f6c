//! Each code of transactions and captures: a story that shows it, and a near miss that does not.

#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]
#![allow(clippy::too_many_lines, reason = "tables of cases")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::History;
use crate::analysis::transaction::{Around, Batch, Joiner, Options, Sign};
use crate::time::{Precision, Timestamp};
use crate::wire::arp::Arp;
use crate::wire::frame::{Checksum, Datagram, Ip, Layer, Layers, Link, Udp, Vlans};
use crate::wire::v4::{Facts, Message, MessageType, Op, Outline, Packet, Xid, judge};
use crate::wire::{HwAddr, Mac};

const SERVER: Mac = Mac([0, 0x1c, 0xc4, 0, 0, 1]);
const OTHER: Mac = Mac([0, 0x1c, 0xc4, 0, 0, 2]);
const ALL: [u8; 4] = [255; 4];
const S: [u8; 4] = [10, 0, 0, 1];
const S2: [u8; 4] = [10, 0, 0, 2];
const A: [u8; 4] = [10, 0, 0, 50];

/// What stands around a message.
#[derive(Clone)]
struct Way {
    macs: (Mac, Mac),
    ips: ([u8; 4], [u8; 4]),
    ports: (u16, u16),
    vlan: Option<u16>,
    bad: bool,
    quoted: bool,
}

/// A client of the stories.
#[derive(Clone, Copy)]
struct Client {
    mac: Mac,
    xid: u32,
    flags: u16,
}

fn client(number: u8) -> Client {
    Client { mac: Mac([0, 0x1c, 0xc4, 0x5e, 0, number]), xid: 0x100 + u32::from(number), flags: 0x8000 }
}

/// Frames with times in milliseconds.
#[derive(Default)]
struct Story {
    batch: Batch,
    frame: u64,
}

impl Story {
    fn put(&mut self, ms: i64, message: &Message, way: &Way) {
        self.frame += 1;
        let bytes = message.encode_padded();
        let packet = Packet::new(&bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let mut datagram = Datagram::bare(&bytes);
        let mut layers = Layers::default();
        for layer in [Layer::Ethernet, Layer::Ipv4, Layer::Udp] {
            layers.push(layer);
        }
        let (src, dst) = (Some(HwAddr::from(way.macs.0)), Some(HwAddr::from(way.macs.1)));
        datagram.layers = layers;
        datagram.link = Some(Link { layer: Layer::Ethernet, src, dst });
        let mut vlans = Vlans::default();
        if let Some(vlan) = way.vlan {
            vlans.push(vlan);
        }
        datagram.vlans = vlans;
        datagram.ip = Some(Ip {
            src: IpAddr::V4(way.ips.0.into()),
            dst: IpAddr::V4(way.ips.1.into()),
            ttl: 64,
            tos: 0,
            id: None,
            dont_fragment: None,
        });
        datagram.udp = Some(Udp { src_port: way.ports.0, dst_port: way.ports.1 });
        datagram.checksum = if way.bad { Checksum::Bad } else { Checksum::Good };
        datagram.quoted = way.quoted;
        let mut problems = outline.problems.clone();
        judge::judge(&Facts::read(&packet, &outline), &datagram, true, &mut problems);
        let time = Some(Timestamp(ms * 1_000_000 + 1_700_000_000_000_000_000));
        let around = Around {
            frame: self.frame,
            time,
            precision: Precision::Micro,
            interface: None,
            outbound: false,
            selected: true,
        };
        self.batch.message(
            &around,
            &datagram,
            (&packet, &outline),
            &Facts::read(&packet, &outline),
            &problems,
        );
    }

    fn ask(&mut self, ms: i64, c: Client, kind: MessageType, change: impl FnOnce(&mut Message, &mut Way)) {
        let mut message = Message::request(kind, Xid(c.xid), c.mac);
        message.flags = c.flags;
        message.set_option(55, &[1, 3, 6]);
        message.set_option(12, &[b'h', c.mac.0[5] + 40]);
        let mut way = Way {
            macs: (c.mac, Mac::BROADCAST),
            ips: ([0; 4], ALL),
            ports: (68, 67),
            vlan: None,
            bad: false,
            quoted: false,
        };
        change(&mut message, &mut way);
        self.put(ms, &message, &way);
    }

    fn discover(&mut self, ms: i64, c: Client) {
        self.ask(ms, c, MessageType::DISCOVER, |_, _| {});
    }

    fn discovers(&mut self, c: Client, times: &[i64]) {
        for ms in times {
            self.discover(*ms, c);
        }
    }

    fn request(&mut self, ms: i64, c: Client, ip: [u8; 4], server: [u8; 4]) {
        self.ask(ms, c, MessageType::REQUEST, |m, _| {
            m.set_option(50, &ip);
            m.set_option(54, &server);
        });
    }

    /// A renewal: unicast, or to everybody.
    fn renew(&mut self, ms: i64, c: Client, ip: [u8; 4], all: bool) {
        self.ask(ms, c, MessageType::REQUEST, |m, way| {
            m.ciaddr = ip.into();
            m.flags = 0;
            way.ips = (ip, if all { ALL } else { S });
            way.macs.1 = if all { Mac::BROADCAST } else { SERVER };
        });
    }

    fn say(
        &mut self,
        ms: i64,
        c: Client,
        kind: MessageType,
        (server, ip): ([u8; 4], [u8; 4]),
        change: impl FnOnce(&mut Message, &mut Way),
    ) {
        let mut message = Message::new(Op::REPLY);
        message.set_mac(c.mac);
        message.xid = Xid(c.xid);
        message.flags = c.flags;
        message.set_option(53, &[kind.0]);
        message.set_option(54, &server);
        let mac = if server == S { SERVER } else { OTHER };
        if kind != MessageType::NAK {
            message.yiaddr = ip.into();
            message.set_option(51, &3600_u32.to_be_bytes());
            message.set_option(1, &[255, 255, 255, 0]);
            message.set_option(3, &S);
        }
        let mut way = Way {
            macs: (mac, Mac::BROADCAST),
            ips: (server, ALL),
            ports: (67, 68),
            vlan: None,
            bad: false,
            quoted: false,
        };
        change(&mut message, &mut way);
        self.put(ms, &message, &way);
    }

    fn offer(&mut self, ms: i64, c: Client, server: [u8; 4], ip: [u8; 4]) {
        self.say(ms, c, MessageType::OFFER, (server, ip), |_, _| {});
    }

    fn ack(&mut self, ms: i64, c: Client, server: [u8; 4], ip: [u8; 4]) {
        self.say(ms, c, MessageType::ACK, (server, ip), |_, _| {});
    }

    fn nak(&mut self, ms: i64, c: Client, server: [u8; 4]) {
        self.say(ms, c, MessageType::NAK, (server, [0; 4]), |_, _| {});
    }

    fn dora(&mut self, ms: i64, c: Client, ip: [u8; 4]) {
        self.discover(ms, c);
        self.offer(ms + 3, c, S, ip);
        self.request(ms + 6, c, ip, S);
        self.ack(ms + 9, c, S, ip);
    }

    fn arp(&mut self, ms: i64, mac: Mac, sender: [u8; 4], target: [u8; 4], reply: bool) {
        self.frame += 1;
        let mut arp = Arp::request(mac, sender.into(), target.into());
        if reply {
            arp.operation = Arp::REPLY;
        }
        let time = ms * 1_000_000 + 1_700_000_000_000_000_000;
        self.batch.sign(Sign::Arp { frame: self.frame, time, arp });
    }

    fn ping(&mut self, ms: i64, from: [u8; 4], to: [u8; 4], reply: bool) {
        self.frame += 1;
        let time = ms * 1_000_000 + 1_700_000_000_000_000_000;
        let (src, dst) = (Ipv4Addr::from(from), Ipv4Addr::from(to));
        self.batch.sign(Sign::Echo { frame: self.frame, time, reply, src, dst, mac: SERVER });
    }

    fn decline(&mut self, ms: i64, c: Client, ip: [u8; 4]) {
        let other = Client { xid: c.xid + 77, ..c };
        self.ask(ms, other, MessageType::DECLINE, |m, _| {
            m.set_option(50, &ip);
            m.set_option(54, &S);
        });
    }

    /// Time goes on, so that nothing is open at the end.
    fn end(&mut self, ms: i64) {
        self.batch.last = Some(ms * 1_000_000 + 1_700_000_000_000_000_000);
    }
}

/// Every code said of a story.
fn codes(tell: fn(&mut Story)) -> BTreeSet<&'static str> {
    let mut story = Story::default();
    tell(&mut story);
    if story.batch.last.is_none() {
        story.end(90_000_000);
    }
    let mut joiner = Joiner::new(Options::default());
    let mut history = History::new(true);
    let mut found = BTreeSet::new();
    joiner.batch(&story.batch, |item, _| history.observe(item));
    joiner.finish();
    for exchange in joiner.take_closed() {
        for problem in history.closed(&exchange) {
            assert!(!problem.frames.is_empty(), "{} rests on nothing", problem.id.name());
            assert!(problem.frames.is_sorted(), "{}: frames are in order", problem.id.name());
            found.insert(problem.id.name());
        }
    }
    found.extend(history.finish().iter().map(|finding| finding.id.name()));
    found
}

/// A code, a story that shows it, and a near miss.
type Case = (&'static str, fn(&mut Story), fn(&mut Story));

fn check(cases: &[Case]) {
    for (code, shows, misses) in cases {
        let found = codes(*shows);
        assert!(found.contains(code), "{code} is not said: {found:?}");
        let found = codes(*misses);
        assert!(!found.contains(code), "{code} is said of its near miss: {found:?}");
    }
}

fn relayed(m: &mut Message, way: &mut Way) {
    m.giaddr = [10, 0, 0, 254].into();
    m.hops = 1;
    way.ips = ([10, 0, 0, 254], S);
    way.ports = (67, 67);
}

fn relayed_reply(m: &mut Message, way: &mut Way) {
    m.giaddr = [10, 0, 0, 254].into();
    way.ips = (S, [10, 0, 0, 254]);
    way.ports = (67, 67);
}

#[test]
fn silence_and_refusal() {
    check(&[
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
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                for ms in [6, 2000, 6000] {
                    s.request(ms, client(1), A, S);
                }
            },
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.request(6, client(1), A, S);
            },
        ),
        (
            "offer-ignored",
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.discovers(client(1), &[3000, 8000]);
            },
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.discovers(client(1), &[3000, 4900]);
            },
        ),
        (
            "reply-checksum-bad",
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| way.bad = true);
                s.discover(3000, client(1));
            },
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| way.bad = true);
                s.request(6, client(1), A, S);
                s.ack(9, client(1), S, A);
            },
        ),
        (
            "broadcast-flag-ignored",
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| {
                    way.ips.1 = A;
                    way.macs.1 = client(1).mac;
                });
            },
            |s| {
                let c = Client { flags: 0, ..client(1) };
                s.discover(0, c);
                s.say(3, c, MessageType::OFFER, (S, A), |_, way| {
                    way.ips.1 = A;
                    way.macs.1 = client(1).mac;
                });
            },
        ),
        (
            "reply-misdirected",
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| way.ips.1 = [10, 0, 0, 17]);
            },
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| way.ips.1 = [10, 0, 0, 255]);
            },
        ),
        (
            "reply-misdirected",
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |_, way| {
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
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.request(6, client(1), A, S);
                s.nak(9, client(1), S);
            },
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.request(6, client(1), A, S);
                s.nak(9, client(1), S2);
            },
        ),
        (
            "nak-by-other-server",
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.request(6, client(1), A, S);
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
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.request(6, client(1), A, S);
                s.ack(9, client(1), S, [10, 0, 0, 51]);
            },
            |s| s.dora(0, client(1), A),
        ),
        (
            "ack-differs",
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.request(6, client(1), A, S);
                s.say(9, client(1), MessageType::ACK, (S, A), |m, _| m.set_option(1, &[255, 255, 0, 0]));
            },
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.request(6, client(1), A, S);
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
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, _| assert!(m.remove_option(1)));
            },
            |s| {
                s.ask(0, client(1), MessageType::DISCOVER, |m, _| m.set_option(55, &[3, 6]));
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, _| assert!(m.remove_option(1)));
            },
        ),
        (
            "router-missing",
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, _| assert!(m.remove_option(3)));
            },
            |s| {
                s.discover(0, client(1));
                s.say(3, client(1), MessageType::OFFER, (S, A), |m, _| {
                    assert!(m.remove_option(3));
                    m.set_option(121, &[0, 10, 0, 0, 1]);
                });
            },
        ),
        (
            "request-fields",
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
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
    ]);
}

#[test]
fn conflicts_and_times() {
    check(&[
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
    ]);
}

#[test]
fn relays_and_boot() {
    check(&[
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
    ]);
}

#[test]
fn segments_and_servers() {
    check(&[
        (
            "servers-disagree",
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
                s.offer(4, client(1), S2, [192, 168, 1, 9]);
            },
            |s| {
                s.discover(0, client(1));
                s.offer(3, client(1), S, A);
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
                s.say(20, client(1), MessageType::ACK, (S, A), |_, way| way.macs.0 = OTHER);
            },
            |s| s.dora(0, client(1), A),
        ),
        (
            "server-silent",
            |s| {
                s.dora(0, client(1), A);
                s.dora(1000, client(2), [10, 0, 0, 51]);
                for n in 3..6 {
                    let at = 20_000 + 6000 * i64::from(n);
                    s.discovers(client(n), &[at, at + 4000]);
                }
            },
            |s| {
                s.dora(0, client(1), A);
                s.dora(1000, client(2), [10, 0, 0, 51]);
                for n in 3..5 {
                    let at = 20_000 + 6000 * i64::from(n);
                    s.discovers(client(n), &[at, at + 4000]);
                }
            },
        ),
        (
            "pool-exhausted",
            |s| {
                s.dora(0, client(1), A);
                for n in 3..6 {
                    let at = 20_000 + 6000 * i64::from(n);
                    s.discovers(client(n), &[at, at + 4000]);
                }
                s.renew(60_000, Client { xid: 9, ..client(1) }, A, false);
                s.ack(60_003, Client { xid: 9, ..client(1) }, S, A);
            },
            |s| {
                s.dora(0, client(1), A);
                s.dora(1000, client(2), [10, 0, 0, 51]);
                for n in 3..6 {
                    let at = 20_000 + 6000 * i64::from(n);
                    s.discovers(client(n), &[at, at + 4000]);
                }
            },
        ),
        (
            "giaddr-unserved",
            |s| {
                for n in 1..4_u8 {
                    s.ask(1000 * i64::from(n), client(n), MessageType::DISCOVER, relayed);
                }
                s.say(5000, client(9), MessageType::OFFER, (S, A), |m, way| {
                    relayed_reply(m, way);
                    m.giaddr = [10, 9, 0, 254].into();
                });
            },
            |s| {
                for n in 1..4_u8 {
                    s.ask(1000 * i64::from(n), client(n), MessageType::DISCOVER, relayed);
                }
            },
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
        (
            "client-id-shared",
            |s| {
                for (n, at) in [(1, 0), (2, 60_000)] {
                    let c = client(n);
                    s.ask(at, c, MessageType::DISCOVER, |m, _| m.set_option(61, &[255, 1, 2, 3]));
                    s.offer(at + 3, c, S, A);
                    s.request(at + 6, c, A, S);
                    s.ack(at + 9, c, S, A);
                }
            },
            |s| {
                for (n, at) in [(1, 0), (2, 60_000)] {
                    let c = client(n);
                    s.ask(at, c, MessageType::DISCOVER, |m, _| m.set_option(61, &[1, 1, 2, 3]));
                    s.offer(at + 3, c, S, A);
                    s.request(at + 6, c, A, S);
                    s.ack(at + 9, c, S, A);
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
        (
            "answers-after-secs",
            |s| {
                for n in 1..4_u8 {
                    let at = 30_000 * i64::from(n);
                    s.discover(at, client(n));
                    s.ask(at + 5000, client(n), MessageType::DISCOVER, |m, _| m.secs = 5);
                    s.offer(at + 5003, client(n), S, [10, 0, 0, 50 + n]);
                }
            },
            |s| {
                for n in 1..4_u8 {
                    let at = 30_000 * i64::from(n);
                    s.discover(at, client(n));
                    s.ask(at + 5000, client(n), MessageType::DISCOVER, |m, _| m.secs = 5);
                    s.offer(at + 5003, client(n), S, [10, 0, 0, 50 + n]);
                }
                s.dora(300_000, client(9), A);
            },
        ),
    ]);
}

#[test]
fn clients_over_time() {
    check(&[
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
        (
            "address-churn",
            |s| {
                for n in 0..3_u8 {
                    s.dora(60_000 * i64::from(n), Client { xid: n.into(), ..client(1) }, [10, 0, 0, 50 + n]);
                }
            },
            |s| {
                for n in 0..3_u8 {
                    s.dora(
                        60_000 * i64::from(n),
                        Client { xid: n.into(), ..client(1) },
                        [10, 0, 0, 50 + n % 2],
                    );
                }
            },
        ),
        (
            "mac-churn",
            |s| {
                for n in 1..5_u8 {
                    let mut c = client(n);
                    c.mac.0 = [2, n, n, 0, 0, 1];
                    s.dora(60_000 * i64::from(n), c, [10, 0, 0, 50 + n]);
                }
            },
            |s| {
                for n in 1..5_u8 {
                    let mut c = client(n);
                    c.mac.0 = [2, n, n, 0, 0, n];
                    s.dora(60_000 * i64::from(n), c, [10, 0, 0, 50 + n]);
                }
            },
        ),
        (
            "nak-loop",
            |s| {
                for n in 0..3_u8 {
                    let c = Client { xid: n.into(), ..client(1) };
                    s.renew(10_000 * i64::from(n), c, A, false);
                    s.nak(10_000 * i64::from(n) + 3, c, S);
                }
            },
            |s| {
                for n in 0..3_u8 {
                    let c = Client { xid: n.into(), ..client(1) };
                    s.renew(40_000 * i64::from(n), c, A, false);
                    s.nak(40_000 * i64::from(n) + 3, c, S);
                }
            },
        ),
        (
            "decline-storm",
            |s| {
                for n in 1..4_u8 {
                    s.dora(60_000 * i64::from(n), client(n), A);
                    s.decline(60_000 * i64::from(n) + 200, client(n), A);
                }
            },
            |s| {
                for n in 1..3_u8 {
                    s.dora(60_000 * i64::from(n), client(n), A);
                    s.decline(60_000 * i64::from(n) + 200, client(n), A);
                }
            },
        ),
        (
            "proxy-arp",
            |s| {
                for n in 1..3_u8 {
                    let (at, ip) = (60_000 * i64::from(n), [10, 0, 0, 50 + n]);
                    s.dora(at, client(n), ip);
                    s.arp(at + 100, OTHER, ip, [0; 4], true);
                    s.decline(at + 200, client(n), ip);
                }
            },
            |s| {
                for n in 1..3_u8 {
                    let (at, ip) = (60_000 * i64::from(n), [10, 0, 0, 50 + n]);
                    s.dora(at, client(n), ip);
                    s.arp(at + 100, Mac([0, 9, 9, 9, 9, n]), ip, [0; 4], true);
                    s.decline(at + 200, client(n), ip);
                }
            },
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
            "client-storm",
            |s| {
                for n in 0..22_u8 {
                    s.discover(400 * i64::from(n), client(1));
                }
            },
            |s| {
                for n in 0..20_u8 {
                    s.discover(400 * i64::from(n), client(1));
                }
            },
        ),
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
    ]);
}

#[test]
fn an_office_in_order_gives_no_alarm() {
    let found = codes(|s| {
        for n in 1..9_u8 {
            s.dora(5000 * i64::from(n), client(n), [10, 0, 0, 50 + n]);
        }
        s.renew(1_800_000, Client { xid: 77, ..client(1) }, [10, 0, 0, 51], false);
        s.ack(1_800_003, Client { xid: 77, ..client(1) }, S, [10, 0, 0, 51]);
    });
    assert!(found.is_empty(), "{found:?}");
}
