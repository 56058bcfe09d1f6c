use super::*;
use crate::wire::frame::{Checksum, Envelope, Walker};
use crate::wire::v4::{Facts, Message, MessageType, Xid};
use crate::wire::{HwAddr, frame::Ports};

const CLIENT: Mac = Mac([0x00, 0x0c, 0x29, 0x11, 0x22, 0x33]);

fn offer() -> Message {
    let mut message = Message::request(MessageType::DISCOVER, Xid(7), CLIENT);
    message.set_option(12, b"alices-laptop");
    message.set_option(61, &[1, 0x00, 0x0c, 0x29, 0x11, 0x22, 0x33]);
    let mut reply = Message::reply(MessageType::OFFER, &message);
    reply.yiaddr = [192, 168, 1, 50].into();
    for (code, value) in [
        (1, &[255, 255, 255, 0][..]),
        (3, &[192, 168, 1, 1]),
        (6, &[8, 8, 8, 8, 192, 168, 1, 1]),
        (12, b"alices-laptop"),
        (15, b"corp.example"),
        (51, &[0, 0, 14, 16]),
        (54, &[192, 168, 1, 1]),
        (61, &[1, 0x00, 0x0c, 0x29, 0x11, 0x22, 0x33]),
        (81, b"\x04\0\0\x06alices\x04corp\0"),
        (82, &[1, 4, b'e', b't', b'h', b'1', 5, 4, 192, 168, 1, 0]),
        (121, &[24, 192, 168, 7, 192, 168, 1, 1]),
    ] {
        reply.set_option(code, value);
    }
    reply
}

fn frame(message: &Message) -> Vec<u8> {
    let envelope = Envelope {
        src_ip: [192, 168, 1, 1].into(),
        dst_ip: [192, 168, 1, 50].into(),
        src_port: 67,
        dst_port: 68,
        dst_mac: CLIENT,
        vlans: vec![100],
        ..Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]))
    };
    envelope.frame(&message.encode_padded())
}

fn read(frame: &[u8]) -> (Message, Checksum) {
    let mut found = None;
    Walker::new(Ports::default()).walk(LinkType::ETHERNET, frame, frame.len(), 0, |datagram| {
        found = Some((Message::decode(datagram.payload), datagram.checksum));
    });
    found.unwrap()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn nothing_that_names_anybody_stays_and_what_happened_does() {
    let (mut redactor, original) = (Redactor::default(), frame(&offer()));
    let redacted = redactor.frame(LinkType::ETHERNET, &original).unwrap().to_vec();
    assert_eq!(redacted.len(), original.len());
    for secret in
        [&b"alice"[..], b"corp", b"example", b"laptop", b"eth1", &CLIENT.0, &[192, 168, 1], &[192, 168, 7]]
    {
        assert!(contains(&original, secret) && !contains(&redacted, secret), "{secret:?}");
    }
    let (message, checksum) = read(&redacted);
    assert_eq!(checksum, Checksum::Good);
    let facts = Facts::of(&message);
    assert_eq!((facts.kind, facts.lease_time, message.xid), (Some(MessageType::OFFER), Some(3600), Xid(7)));
    assert_eq!(facts.subnet_mask, Some([255, 255, 255, 0].into()));
    // The same is the same everywhere, and networks stay networks.
    let mac = redactor.mac(CLIENT);
    assert_eq!(message.client(), HwAddr::from(mac));
    assert_eq!(message.option(61).unwrap(), [&[1][..], &mac.0].concat());
    let server = redactor.ip([192, 168, 1, 1].into());
    assert_eq!(message.ip_option(54), Some(server));
    assert_eq!(message.ip_option(3), Some(server));
    assert_eq!(message.option(121).unwrap().get(4..8).unwrap(), server.octets());
    let [a, b, c, d] = message.yiaddr.octets();
    assert_eq!(([a, b, c], d), ([192, 168, server.octets()[2]], 50));
    let host = String::from_utf8(message.option(12).unwrap()).unwrap();
    let (first, second) = host.split_once('-').unwrap();
    assert_eq!((first.len(), second.len()), (6, 6));
    assert!(contains(&message.option(81).unwrap(), first.as_bytes()));
    // Another run tells another story.
    assert_ne!(Redactor::default().frame(LinkType::ETHERNET, &original).unwrap(), redacted);
    // Threads tell the same.
    assert_eq!(redactor.clone().frame(LinkType::ETHERNET, &original).unwrap(), redacted);
}

/// Names, as text, as labels and between what numbers might stand before them.
const SECRETS: [&[u8]; 7] = [
    b"secretcorp.example",
    b"johns-laptop.secretcorp.example",
    b"secret12",
    b"corp",
    b"\x0asecretcorp\x07example\0",
    "\u{441}\u{435}\u{43a}\u{440}\u{435}\u{442}".as_bytes(),
    "\u{3042}\u{3044}\u{3046}\u{3048}\u{304a}\u{304b}\u{304d}\u{304f}".as_bytes(),
];
const BEFORE: [&[u8]; 9] =
    [b"", b"\0", b"\x01", b"\x04\0\0", b"\0\0\0\x09\x0b", b"\x0c", b"\x01\x0c", b"\x01\x06", b"\x18"];

/// What of `secret` both redactions of a frame hold: what one has by chance, the other has not.
fn remains(redactors: &mut [Redactor; 2], original: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let [one, two] = redactors.each_mut().map(|each| each.frame(LinkType::ETHERNET, original).unwrap());
    let left = |part: &&[u8]| contains(one, part) && contains(two, part);
    secret.windows(4).find(left).map(<[u8]>::to_vec)
}

#[test]
fn no_option_hands_on_a_name() {
    let mut redactors = [Redactor::default(), Redactor::default()];
    for code in (1..=254_u8).filter(|code| *code != 60) {
        for secret in SECRETS {
            for before in BEFORE {
                let value = [before, secret].concat();
                let inside = [&[code, u8::try_from(value.len()).unwrap()], &value[..]].concat();
                let mut places = vec![(code, &value)];
                // What stands before it is read as little there as the code.
                if before.is_empty() {
                    places.extend([43, 82, 125].map(|outer| (outer, &inside)));
                }
                for (code, value) in places {
                    let mut message = Message::request(MessageType::DISCOVER, Xid(7), CLIENT);
                    message.set_option(code, value);
                    let left = remains(&mut redactors, &frame(&message), secret);
                    assert_eq!(left, None, "option {code} {value:?}");
                }
            }
        }
    }
}

#[test]
fn no_field_hands_on_what_nobody_reads() {
    let mut redactors = [Redactor::default(), Redactor::default()];
    for secret in SECRETS {
        for overload in 0..=3 {
            let mut message = Message::request(MessageType::DISCOVER, Xid(7), CLIENT);
            message.set_option(52, &[overload]);
            // As a text, and behind an End, behind options, and where the last is cut.
            for before in
                [&b""[..], b"\xff", b"\0\xff", b"\x0c\x03abc\xff", b"\x0c\x03abc\0\0\xff", b"\x0c\x80"]
            {
                let text = [before, secret].concat();
                message.sname = [0; 64];
                message.sname[..text.len()].copy_from_slice(&text);
                message.file = [0; 128];
                message.file[..text.len()].copy_from_slice(&text);
                let original = frame(&message);
                assert_eq!(remains(&mut redactors, &original, secret), None, "{overload} {text:?}");
                // Where the capture cuts it.
                let cut = &original[..14 + 4 + 28 + 44 + before.len() + secret.len()];
                assert_eq!(remains(&mut redactors, cut, secret), None, "{overload} {text:?}");
            }
        }
    }
    let mut message = Message::request(MessageType::DISCOVER, Xid(7), CLIENT);
    message.chaddr[..6].copy_from_slice(b"secret");
    assert_eq!(remains(&mut redactors, &frame(&message), b"secret"), None);
}

#[test]
fn an_option_in_pieces_is_one_value() {
    let mut redactor = Redactor::default();
    let mut message = Message::request(MessageType::DISCOVER, Xid(7), CLIENT);
    message.set_option(12, b"alices-laptop");
    message.set_option(55, &[1, 3, 6, 66, 67, 97, 128]);
    let mut payload = message.encode();
    payload.pop_if(|byte| *byte == 255);
    // A list of two domains whose second name points to the first, cut within a label.
    payload.extend(b"\x77\x04\x06ali\x77\x0bces\x02de\0\x01a\xc0\x07\xff");
    payload.resize(300, 0);
    let envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]));
    let (read, _) = read(redactor.frame(LinkType::ETHERNET, &envelope.frame(&payload)).unwrap());
    let host = read.option(12).unwrap();
    let names = read.option(119).unwrap();
    assert_eq!(names.get(..7), Some(&[&[6], &host[..6]].concat()[..]));
    assert_eq!(
        (names.get(7), names.get(10..12), names.get(13..)),
        (Some(&2), Some(&[0, 1][..]), Some(&[0xc0, 7][..]))
    );
    assert_eq!(read.option(55).unwrap(), [1, 3, 6, 66, 67, 97, 128]);
}

#[test]
fn a_checksum_that_was_wrong_stays_wrong() {
    let mut redactor = Redactor::default();
    let mut wrong = frame(&offer());
    *wrong.get_mut(14 + 4 + 20 + 6).unwrap() ^= 0x55;
    assert_eq!(read(&wrong).1, Checksum::Bad);
    assert_eq!(read(redactor.frame(LinkType::ETHERNET, &wrong).unwrap()).1, Checksum::Bad);
    let mut none = frame(&offer());
    none.get_mut(14 + 4 + 20 + 6..14 + 4 + 20 + 8).unwrap().fill(0);
    assert_eq!(read(redactor.frame(LinkType::ETHERNET, &none).unwrap()).1, Checksum::Absent);
}

#[test]
fn addresses_are_told_apart_and_keep_their_kind() {
    let redactor = Redactor::default();
    let mut seen = std::collections::HashSet::new();
    for number in 0..2000_u32 {
        let [_, b, c, d] = number.to_be_bytes();
        let mac = redactor.mac(Mac([0, 0x0c, b, c, d, 1]));
        assert!(seen.insert(mac) && mac.0[0].trailing_zeros() >= 2, "{mac}");
        assert_eq!(redactor.mac(Mac([2, 0x0c, b, c, d, 1])).0[0] & 3, 2);
        let ip = redactor.ip([10, 0, c, d].into());
        assert!(ip.octets()[0] == 10 && ip.octets()[3] == d && ip != Ipv4Addr::from([10, 0, c, d]));
    }
    for ip in [[0, 0, 0, 0], [255, 255, 255, 255], [127, 0, 0, 1], [169, 254, 3, 4], [224, 0, 0, 1]] {
        assert_eq!(redactor.ip(ip.into()), Ipv4Addr::from(ip));
    }
    assert_eq!(redactor.mac(Mac::BROADCAST), Mac::BROADCAST);
    assert_eq!(redactor.mac(Mac::ZERO), Mac::ZERO);
}

#[test]
fn what_is_not_understood_is_not_given_back_and_nothing_panics() {
    let mut redactor = Redactor::default();
    let original = frame(&offer());
    for length in 0..original.len() {
        let cut = original.get(..length).unwrap();
        let _ = redactor.frame(LinkType::ETHERNET, cut);
    }
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..2000 {
        let mut noise = original.clone();
        for _ in 0..rng.usize(1..20) {
            let at = rng.usize(12..noise.len());
            *noise.get_mut(at).unwrap() = rng.u8(..);
        }
        for link in [LinkType::ETHERNET, LinkType::LINUX_SLL, LinkType::LINUX_SLL2, LinkType::RAW] {
            let _ = redactor.frame(link, &noise);
        }
    }
    let mut six = original.clone();
    six.get_mut(16..18).unwrap().copy_from_slice(&[0x86, 0xdd]);
    assert_eq!(redactor.frame(LinkType::ETHERNET, &six), None);
    let mut fragment = original.clone();
    *fragment.get_mut(18 + 6).unwrap() |= 0x20;
    assert_eq!(redactor.frame(LinkType::ETHERNET, &fragment), None);
    assert_eq!(redactor.frame(LinkType::IEEE802_11, &original), None);
}
