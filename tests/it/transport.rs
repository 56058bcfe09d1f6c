//! Frames out and in, with the kernel's stamps, on the near end of a lab. Each test runs this file again inside one.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use dhcptool::net::batch::{BatchOptions, BatchSocket};
use dhcptool::net::iface::{Interface, choose, interfaces};
use dhcptool::net::linux::{PacketTransport, TransportOptions, wait_readable};
use dhcptool::net::udp::UdpTransport;
use dhcptool::net::{NetError, Transport, TransportEvent, route};
use dhcptool::time::{Clock, Instant, Moment, SystemClock, Timestamp};
use dhcptool::wire::Mac;
use dhcptool::wire::v4::{Message, MessageType, Xid};

const INSIDE: &str = "DHCPTOOL_TEST_TRANSPORT_INSIDE";
const SPOOFED: Mac = Mac([2, 0x55, 0, 0, 0, 0x55]);

/// Runs the test `name` again in a lab. True for the copy that is inside.
fn inside(name: &str, flags: &[&str]) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .arg("lab")
        .args(flags)
        .arg("--")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(3) && std::env::var_os("CI").is_none() {
        eprintln!("skipped: {}", why.trim());
        return false;
    }
    assert!(output.status.success(), "{why}{}", String::from_utf8_lossy(&output.stdout));
    false
}

fn eth0() -> Interface {
    choose(&interfaces().unwrap(), Some("eth0")).unwrap().clone()
}

fn soon() -> Instant {
    SystemClock.now().after(Duration::from_secs(10))
}

/// A broadcast DISCOVER from `mac`, with tags.
fn discover(mac: Mac, tags: &[u8]) -> Vec<u8> {
    let message = Message::request(MessageType::DISCOVER, Xid(0xabcd_0123), mac);
    let mut frame = Mac::BROADCAST.0.to_vec();
    frame.extend(mac.0);
    frame.extend(tags);
    frame.extend([8, 0]);
    frame.extend(datagram((Ipv4Addr::UNSPECIFIED, 68), (Ipv4Addr::BROADCAST, 67), &message));
    frame
}

fn datagram(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), message: &Message) -> Vec<u8> {
    let payload = message.encode_padded();
    let length = u16::try_from(payload.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend((length + 28).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    packet.extend(from.0.octets());
    packet.extend(to.0.octets());
    packet.extend(from.1.to_be_bytes());
    packet.extend(to.1.to_be_bytes());
    packet.extend((length + 8).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    packet
}

/// The next frame: when it came, direction, bytes.
fn next(transport: &mut impl Transport) -> (Moment, bool, Vec<u8>) {
    match transport.wait(Some(soon())).unwrap() {
        TransportEvent::Frame(frame) => {
            assert_eq!(frame.original_len, frame.frame.len());
            (Moment { at: frame.at, time: frame.time }, frame.outgoing, frame.frame.to_vec())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn sent_and_received_come_in_order_with_stamps_of_one_clock() {
    if !inside("sent_and_received_come_in_order_with_stamps_of_one_clock", &[]) {
        return;
    }
    let options =
        TransportOptions { promiscuous: true, filter: Some("udp".into()), ..TransportOptions::default() };
    let mut transport = PacketTransport::open(&eth0(), &options).unwrap();
    for round in 0..200 {
        let before = SystemClock.time();
        let request = discover(SPOOFED, &[]);
        transport.send(&request).unwrap();
        let (left, outgoing, frame) = next(&mut transport);
        assert!(outgoing && frame == request, "round {round}: the copy of what was sent comes first");
        let (arrived, outgoing, frame) = next(&mut transport);
        assert!(!outgoing && frame[..6] == SPOOFED.0, "round {round}: the answer to a spoofed address");
        let stamps = [before, left.time, arrived.time, SystemClock.time()];
        assert!(stamps.is_sorted(), "round {round}");
        let apart = arrived.at.since(left.at) - arrived.time.since(left.time);
        assert!(apart.abs() < 1_000_000, "round {round}: both clocks go at the same pace");
    }
    let stats = transport.stats().unwrap();
    assert_eq!((stats.dropped, stats.interface_dropped), (0, 0));
}

#[test]
fn tags_are_kept() {
    if !inside("tags_are_kept", &[]) {
        return;
    }
    let mut transport = PacketTransport::open(&eth0(), &TransportOptions::default()).unwrap();
    let tags = [0x81, 0, 0, 100];
    transport.send(&discover(SPOOFED, &tags)).unwrap();
    for wanted in [true, false] {
        let (_, outgoing, frame) = next(&mut transport);
        assert_eq!((outgoing, &frame[12..16]), (wanted, &tags[..]));
    }
}

#[test]
fn silence_ends_at_the_deadline() {
    if !inside("silence_ends_at_the_deadline", &["--silent"]) {
        return;
    }
    let mut transport = PacketTransport::open(&eth0(), &TransportOptions::default()).unwrap();
    transport.send(&discover(SPOOFED, &[])).unwrap();
    assert!(next(&mut transport).1);
    let deadline = SystemClock.now().after(Duration::from_millis(30));
    assert_eq!(transport.wait(Some(deadline)).unwrap(), TransportEvent::Timeout);
    assert!(SystemClock.now() >= deadline);
}

#[test]
fn what_cannot_be_sent_says_why() {
    if !inside("what_cannot_be_sent_says_why", &[]) {
        return;
    }
    let mut transport = PacketTransport::open(&eth0(), &TransportOptions::default()).unwrap();
    let long = transport.send(&vec![0; 1600]).unwrap_err().to_string();
    assert_eq!(long, "cannot send 1600 bytes through eth0: its MTU is 1500 bytes");
    let short = transport.send(&[0; 5]).unwrap_err().to_string();
    assert_eq!(short, "cannot send 5 bytes through eth0: too short for a link-layer header");
    let down = Interface { up: false, ..eth0() };
    let refused = PacketTransport::open(&down, &TransportOptions::default()).map(drop).unwrap_err();
    assert!(matches!(refused, NetError::Down { .. }), "{refused}");
    let filter = TransportOptions { filter: Some("no such word".into()), ..TransportOptions::default() };
    let refused = PacketTransport::open(&eth0(), &filter).map(drop).unwrap_err().to_string();
    assert!(refused.starts_with("cannot filter eth0: "), "{refused}");
}

#[test]
fn udp_reaches_a_server_by_routing() {
    if !inside("udp_reaches_a_server_by_routing", &["--client-addr", "10.0.0.200/8"]) {
        return;
    }
    let (own, server) = (Ipv4Addr::new(10, 0, 0, 200), Ipv4Addr::new(10, 0, 0, 1));
    let way = route::to(server).unwrap();
    assert_eq!((way.source, way.gateway), (Some(own), None));
    let mut relayed = Message::request(MessageType::DISCOVER, Xid(7), SPOOFED);
    relayed.giaddr = own;
    let mut frame = vec![0; 12];
    frame.extend([8, 0]);
    frame.extend(datagram((own, 67), (server, 67), &relayed));
    let options = TransportOptions { filter: Some("udp port 67".into()), ..TransportOptions::default() };
    let mut transport = UdpTransport::open(&eth0(), &options).unwrap();
    transport.send(&frame).unwrap();
    assert!(next(&mut transport).1, "the copy of what was sent");
    let (_, outgoing, answer) = next(&mut transport);
    assert!(!outgoing);
    let offer = Message::decode(&answer[42..]);
    assert_eq!((offer.message_type(), offer.giaddr), (Some(MessageType::OFFER), own));
    let known = route::neighbour(way.index, server).unwrap();
    assert_eq!(known.map(|mac| mac.to_string()).as_deref(), Some("02:00:00:00:00:01"));
}

#[test]
fn batches_carry_many_exchanges() {
    if !inside("batches_carry_many_exchanges", &["--threads", "2"]) {
        return;
    }
    let options = BatchOptions { stamps: true, ..BatchOptions::default() };
    let mut socket = BatchSocket::open("eth0", &options).unwrap();
    let mut arena = Vec::new();
    let mut spans = Vec::new();
    for number in 0..100 {
        let start = arena.len();
        arena.extend(discover(Mac([2, 0x66, 0, 0, 0, number]), &[]));
        spans.push(start..arena.len());
    }
    socket.send(&arena, &spans).unwrap();
    let mut offers = std::collections::BTreeSet::new();
    while offers.len() < 100 {
        use std::os::fd::AsFd as _;
        assert!(
            wait_readable([socket.as_fd()], None, Some(soon())).unwrap(),
            "only {} answers",
            offers.len()
        );
        let taken = socket.receive(|frame| {
            assert!(frame.time > Timestamp::default() && !frame.outgoing);
            offers.insert(Message::decode(&frame.frame[42..]).yiaddr);
        });
        taken.unwrap();
    }
}
