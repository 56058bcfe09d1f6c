//! `rogue --from`: every reason that packets alone can give, from packets that deserve it, through the whole program.

use std::net::Ipv4Addr;
use std::process::Command;

use dhcptool::capture::{CaptureFormat, FrameOut, Writer};
use dhcptool::time::{Precision, Timestamp};
use dhcptool::wire::Mac;
use dhcptool::wire::frame::Envelope;
use dhcptool::wire::frame::LinkType;
use dhcptool::wire::v4::{Message, MessageType, Xid};
use serde_json::Value;

const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 0x99]);

fn ip(last: u8) -> Ipv4Addr {
    [10, 0, 0, last].into()
}

/// The card with this last byte.
pub(crate) fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

/// What a client sends, to the server `chosen`.
fn asked(chosen: u8) -> Vec<u8> {
    let mut message = Message::request(MessageType::REQUEST, Xid(7), CLIENT);
    message.set_option(54, &ip(chosen).octets());
    message.set_option(50, &ip(50).octets());
    Envelope::broadcast(CLIENT).frame(&message.encode_padded())
}

/// What a server says: from its card and its address, under its identifier.
fn said(card: u8, source: u8, id: u8, kind: MessageType, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::reply(kind, &Message::request(MessageType::DISCOVER, Xid(7), CLIENT));
    message.set_option(54, &ip(id).octets());
    if kind != MessageType::NAK {
        message.yiaddr = ip(50);
        message.set_option(51, &[0, 0, 14, 16]);
        message.set_option(1, &[255, 255, 255, 0]);
        message.set_option(3, &ip(254).octets());
        message.set_option(6, &ip(1).octets());
    }
    change(&mut message);
    let mut envelope = Envelope::broadcast(mac(card));
    (envelope.src_ip, envelope.src_port, envelope.dst_port) = (ip(source), 67, 68);
    envelope.frame(&message.encode_padded())
}

fn offer(last: u8, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    said(last, last, last, MessageType::OFFER, change)
}

/// What is found in a capture of `frames`, where those are allowed whom `allow` says.
fn judge(frames: &[Vec<u8>], allow: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcapng");
    let mut writer = Writer::create(&path, CaptureFormat::PcapNg).unwrap();
    for (second, data) in (1..).zip(frames) {
        let frame = FrameOut {
            time: Some(Timestamp::new(second, 0)),
            precision: Precision::Micro,
            link: LinkType::ETHERNET,
            interface: Some("eth0"),
            data,
            original_len: u32::try_from(data.len()).unwrap(),
            direction: None,
            comment: None,
        };
        writer.write(&frame).unwrap();
    }
    writer.flush().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["rogue", "--json"])
        .args(allow)
        .arg("--from")
        .arg(&path)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The same where the servers 1 (with its card) and 2 are allowed.
fn reasons(frames: &[Vec<u8>], card: u8) -> (String, Vec<String>) {
    reasons_of(frames, card, &["--allow", "10.0.0.1,mac=02:00:00:00:00:01", "--allow", "10.0.0.2"])
}

/// What the server with this card is, and the codes of the reasons against it, notes on an allowed one included.
pub(crate) fn reasons_of(frames: &[Vec<u8>], card: u8, allow: &[&str]) -> (String, Vec<String>) {
    let report = judge(frames, allow);
    let servers = report["servers"].as_array().unwrap();
    let server = servers.iter().find(|server| server["source_mac"] == mac(card).to_string()).unwrap();
    let words = |name: &str| server[name].as_array().unwrap().clone();
    let mut codes: Vec<String> = words("reasons").iter().chain(&words("notes")).map(code).collect();
    codes.sort();
    (server["status"].as_str().unwrap().to_owned(), codes)
}

fn code(reason: &Value) -> String {
    reason.as_str().unwrap().split_once(':').unwrap().0.to_owned()
}

/// The option's bytes, padded to the field that they hide in.
fn field<const N: usize>(options: &[u8]) -> [u8; N] {
    let mut field = [0; N];
    field[..options.len()].copy_from_slice(options);
    field
}

/// What it is, the frames, and the reasons against the card 66.
type Case = (&'static str, Vec<Vec<u8>>, &'static [&'static str]);

#[test]
fn every_reason_is_given_to_who_deserves_it() {
    let friend = offer(1, |_| ());
    let stranger = |change: &dyn Fn(&mut Message)| vec![friend.clone(), offer(66, change)];
    let cases: Vec<Case> = vec![
        ("a stranger", stranger(&|_| ()), &["unknown-server"]),
        (
            "another's address",
            vec![friend.clone(), said(66, 1, 1, MessageType::OFFER, |_| ())],
            &["wrong-mac"],
        ),
        (
            "its own router",
            stranger(&|message| message.set_option(3, &ip(66).octets())),
            &["foreign-router", "unknown-server"],
        ),
        (
            "its own name server beside the right one",
            stranger(&|message| message.set_option(6, &[10, 0, 0, 1, 10, 0, 0, 66])),
            &["foreign-dns", "unknown-server"],
        ),
        (
            "option 121 with a default route",
            stranger(&|message| message.set_option(121, &[0, 10, 0, 0, 66])),
            &["default-route", "unknown-server"],
        ),
        (
            "option 249 with two halves of everything",
            stranger(&|message| message.set_option(249, &[1, 0, 10, 0, 0, 66, 1, 128, 10, 0, 0, 66])),
            &["default-route", "unknown-server"],
        ),
        (
            "a proxy",
            stranger(&|message| message.set_option(252, b"http://x/wpad.dat")),
            &["unknown-server", "wpad"],
        ),
        (
            "a router in the field for the server's name",
            stranger(&|message| {
                message.remove_option(3);
                message.set_option(52, &[2]);
                message.sname = field(&[3, 4, 10, 0, 0, 66, 255]);
            }),
            &["foreign-router", "hidden-options", "unknown-server"],
        ),
        (
            "a name server in the field for the boot file",
            stranger(&|message| {
                message.remove_option(6);
                message.set_option(52, &[1]);
                message.file = field(&[6, 4, 10, 0, 0, 66, 255]);
            }),
            &["foreign-dns", "hidden-options", "unknown-server"],
        ),
        (
            "denying what another was asked",
            vec![friend.clone(), asked(1), said(66, 66, 66, MessageType::NAK, |_| ())],
            &["naks-others", "unknown-server"],
        ),
        (
            "another's identifier from an address of its own",
            vec![friend.clone(), said(66, 66, 2, MessageType::OFFER, |_| ()), offer(2, |_| ())],
            &["answers-for-another"],
        ),
    ];
    for (what, frames, want) in cases {
        let (status, codes) = reasons(&frames, 66);
        assert_eq!(
            (status.as_str(), codes),
            ("rogue", want.iter().map(ToString::to_string).collect()),
            "{what}"
        );
    }
    // An allowed server that grants what was asked of another is one, too.
    let frames = [friend.clone(), offer(2, |_| ()), asked(1), said(2, 2, 2, MessageType::ACK, |_| ())];
    assert_eq!(reasons(&frames, 2), ("rogue".to_owned(), vec!["answers-for-another".to_owned()]));
    // And what an allowed server does of the rest is worth a note.
    let frames = [offer(2, |message| {
        message.set_option(252, b"http://proxy/wpad.dat");
        message.set_option(121, &[0, 10, 0, 0, 254]);
    })];
    let notes = vec!["default-route".to_owned(), "wpad".to_owned()];
    assert_eq!(reasons(&frames, 2), ("allowed".to_owned(), notes));
    assert_eq!(reasons(&[friend], 1), ("allowed".to_owned(), vec![]));
}
