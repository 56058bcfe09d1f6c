use super::*;
use crate::wire::frame::{Checksum, Envelope, Walker};
use crate::wire::options::{Space, Value, parse, sub, vendor};
use crate::wire::v4::{Facts, Message, MessageType, Values, Xid};
use crate::wire::{HwAddr, Mac, frame::Ports};

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
    assert_eq!((facts.kind, facts.lease_time), (Some(MessageType::OFFER), Some(3600)));
    assert_ne!(message.xid, Xid(7));
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
        // Cards of one maker stay such.
        assert_eq!(mac.0.first_chunk::<3>(), redactor.mac(Mac([0, 0x0c, b, 9, 9, 9])).0.first_chunk::<3>());
        let ip = redactor.ip([10, 0, c, d].into());
        assert!(ip.octets()[0] == 10 && ip.octets()[3] == d && ip != Ipv4Addr::from([10, 0, c, d]));
    }
    for ip in [[0, 0, 0, 0], [255, 255, 255, 255], [127, 0, 0, 1], [224, 0, 0, 1]] {
        assert_eq!(redactor.ip(ip.into()), Ipv4Addr::from(ip));
    }
    for (ip, block) in [
        ([0, 10, 30, 1], ([0, 0, 0, 0], 8)),
        ([169, 254, 3, 4], ([169, 254, 0, 0], 16)),
        ([192, 168, 3, 4], ([192, 168, 0, 0], 16)),
        ([172, 17, 3, 4], ([172, 16, 0, 0], 12)),
        ([100, 99, 3, 4], ([100, 64, 0, 0], 10)),
        ([232, 9, 3, 4], ([224, 0, 0, 0], 4)),
    ] {
        let (ip, block) = (Ipv4Addr::from(ip), Prefix::of(block.0.into(), block.1));
        let stands_in = redactor.ip(ip);
        assert!(stands_in != ip && block.contains(stands_in), "{ip} {stands_in}");
    }
    // Nothing comes into a block from outside.
    for second in 0..=255 {
        for (first, blocks) in [(192, 168..=168), (172, 16..=31), (100, 64..=127), (169, 254..=254)] {
            let stands_in = redactor.ip([first, second, 7, 1].into()).octets();
            assert_eq!(
                blocks.contains(&second),
                blocks.contains(&stands_in[1]),
                "{first}.{second} {stands_in:?}"
            );
        }
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

/// An ACK of an address in a network of this mask.
fn ack(address: [u8; 4], mask: [u8; 4]) -> Message {
    let mut ack = Message::reply(MessageType::ACK, &Message::request(MessageType::REQUEST, Xid(7), CLIENT));
    ack.yiaddr = address.into();
    ack.set_option(1, &mask);
    ack
}

#[test]
fn networks_stay_networks_of_their_size() {
    let around = |prefix: Prefix| {
        let (first, last) = (u32::from(prefix.network()), u32::from(prefix.broadcast()));
        (first..=last).step_by(251).chain([last.saturating_sub(1), last]).map(Ipv4Addr::from)
    };
    for seed in 0..8_u8 {
        let mut redactor = Redactor::default();
        let networks = [
            Prefix::of([10, 20, 0, 0].into(), 23),
            Prefix::of([10, 20, 0, 0].into(), 16),
            Prefix::of([10, 20, 96, 0].into(), 19),
            Prefix::of([192, 168, 4, 0].into(), 22),
            Prefix::of([172, 16, 0, 0].into(), 12),
            Prefix::of([seed.wrapping_mul(7) | 1, 0, 0, 0].into(), 9),
        ];
        for network in networks {
            let mask = Prefix::mask(network.length()).octets();
            redactor
                .learn(&ack((u32::from(network.network()).saturating_add(300)).to_be_bytes(), mask).encode());
        }
        let mut seen = std::collections::HashMap::new();
        for network in networks {
            let stands_in = Prefix::of(redactor.ip(network.network()), network.length());
            for address in around(network) {
                let other = redactor.ip(address);
                assert!(stands_in.contains(other), "{address} {other}");
                assert_eq!(other == stands_in.network(), address == network.network(), "{address} {other}");
                assert_eq!(
                    other == stands_in.broadcast(),
                    address == network.broadcast(),
                    "{address} {other}"
                );
                assert_eq!(*seen.entry(other).or_insert(address), address);
            }
        }
        // Of a network that is changed, no address stays.
        assert_ne!(redactor.ip([10, 20, 0, 255].into()), Ipv4Addr::from([10, 20, 0, 255]));
    }
}

/// What is wrong with a message, by name and in order.
fn problems(message: &[u8]) -> Vec<&'static str> {
    let (mut outline, mut values) = (Outline::default(), Values::default());
    let packet = Packet::new(message);
    outline.read(&packet, message.len(), false);
    values.judge(&packet, &outline);
    outline.problems.iter().chain(&values.problems).map(|problem| problem.code.name()).collect()
}

/// How a value is built: its lists and members, without what they lead to.
fn built(value: &Value) -> String {
    match value {
        Value::List(items) => format!("[{}]", items.iter().map(built).collect::<Vec<_>>().join(",")),
        Value::Map(members) => {
            let member = |(key, value): &(&str, Value)| format!("{key}:{}", built(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Null => "null".to_owned(),
        _ => "_".to_owned(),
    }
}

/// One option behind the other, each an example of a row.
fn each_of(space: &'static Space) -> Vec<u8> {
    let mut options = Vec::new();
    for row in space.table {
        let value = parse(&row.kind, &row.kind.example(), &Context::default()).unwrap();
        let length = value.len().saturating_add(if space.counts_header { 2 } else { 0 });
        let numbers = [(usize::from(row.code), space.code_width), (length, space.length_width)];
        for (number, width) in numbers {
            options.extend(&number.to_be_bytes()[8_usize.saturating_sub(width.into())..]);
        }
        options.extend(value);
    }
    options
}

/// Values of all options of DHCPv4, of all that there is inside them too; and vendor classes for them.
fn samples() -> Vec<(u8, Vec<u8>, &'static [u8])> {
    let mut samples = Vec::new();
    for row in v4::SPACE.table.iter().filter(|row| row.code != 60) {
        let value = parse(&row.kind, &row.kind.example(), &Context::default()).unwrap();
        samples.push((u8::try_from(row.code).unwrap(), value, &b""[..]));
    }
    for (code, space) in [
        (63, &sub::NETWARE),
        (82, &sub::RELAY_AGENT),
        (122, &sub::CABLELABS),
        (139, &sub::MOS_ADDRESSES),
        (140, &sub::MOS_NAMES),
        (175, &vendor::IPXE),
    ] {
        samples.push((code, each_of(space), b""));
    }
    for (class, space) in [
        (&b"PXEClient"[..], &vendor::PXE),
        (b"MSFT 5.0", &vendor::MICROSOFT),
        (b"docsis3.0", &vendor::DOCSIS),
        (b"Juniper", &vendor::JUNIPER),
    ] {
        samples.push((43, each_of(space), class));
    }
    for (enterprise, space) in [(4491_u32, &vendor::CABLELABS_VIVSO), (3561, &vendor::BROADBAND_FORUM)] {
        let options = each_of(space);
        let length = u8::try_from(options.len()).unwrap();
        samples.push((125, [&enterprise.to_be_bytes()[..], &[length], &options].concat(), b""));
    }
    let more: [(u8, &[u8]); 10] = [
        (61, b"\xff\0\0\0\x05\0\x01\0\x01\x2a\x2b\x2c\x2d\0\x0c\x29\x11\x22\x33"),
        (61, b"\xff\0\0\0\x05\0\x02\0\0\xab\x11\x2b\x2c\x2d\0\x0c\x29\x11\x22\x33"),
        (77, b"\x04user\x05class"),
        (82, b"\x01\x06\0\x04\0\x0a\x01\x02\x02\x08\0\x06\0\x0c\x29\x11\x22\x33"),
        (119, b"\x04name\x07example\0\x05other\xc0\x05"),
        (120, b"\x01\x0a\0\0\x05"),
        (121, b"\x10\x0a\x14\x0a\0\0\x01\0\x0a\0\0\x01"),
        (124, b"\0\0\x0d\xe9\x0a\x04some\x04text"),
        (125, b"\0\0\0\x09\x06\x01\x04\x0a\0\0\x05"),
        (143, b"\0\x0ehttps://a.test\0\x09coaps://b"),
    ];
    samples.extend(more.map(|(code, value)| (code, value.to_vec(), &b""[..])));
    samples
}

fn with_option(code: u8, value: &[u8], class: &[u8]) -> Message {
    let mut message =
        Message::reply(MessageType::OFFER, &Message::request(MessageType::DISCOVER, Xid(7), CLIENT));
    if !class.is_empty() {
        message.set_option(60, class);
    }
    message.set_option(code, value);
    message
}

#[test]
fn a_value_keeps_its_parts_and_one_that_is_none_stays_none() {
    let mut redactor = Redactor::default();
    for (code, value, class) in samples() {
        let cx =
            Context { vendor_class: Some(class).filter(|class| !class.is_empty()), ..Context::default() };
        let kind = v4::SPACE.by_code(code.into()).unwrap().kind;
        let (after, checksum) =
            read(redactor.frame(LinkType::ETHERNET, &frame(&with_option(code, &value, class))).unwrap());
        assert_eq!(checksum, Checksum::Good);
        let tell = |value: &[u8]| Value::decode(&kind, value, &cx).map(|value| built(&value));
        let redacted = after.option(code).unwrap();
        assert!(tell(&value).is_ok(), "option {code}: {value:02x?}");
        assert_eq!(tell(&redacted), tell(&value), "option {code}: {value:02x?} {redacted:02x?}");

        let cut = value.get(..value.len().saturating_sub(1)).unwrap();
        for damaged in [cut, &[&value[..], b"\x07"].concat(), &[b"\xc7", &value[..]].concat(), b"\x09"] {
            let message = with_option(code, damaged, class);
            let (after, _) = read(redactor.frame(LinkType::ETHERNET, &frame(&message)).unwrap());
            let (before, after) = (problems(&message.encode()), problems(&after.encode()));
            assert_eq!(after, before, "option {code}: {damaged:02x?}");
        }
    }
}

#[test]
fn the_same_is_the_same_wherever_it_stands() {
    let redactor = Redactor::default();
    let cx = Context::default();
    let mac = redactor.mac(CLIENT);
    let option = |code, before: &[u8], behind: &[u8]| {
        let mut value = [before, &CLIENT.0, behind].concat();
        redactor.option(code, &mut value, &cx);
        value
    };
    // A DUID of a link-layer address, agent identifiers, and where a text should be.
    assert_eq!(option(61, &[255, 0, 0, 0, 5, 0, 3, 0, 1], &[])[9..], mac.0);
    assert_eq!(option(61, &[0], &[])[1..], mac.0);
    assert_eq!(option(82, &[2, 8, 0, 6], &[1, 1, b'x'])[4..10], mac.0);
    assert_eq!(option(82, &[2, 6], &[])[2..], mac.0);
    assert_eq!(option(12, &[], &[]), mac.0);
    // A text that spells it.
    let spellings: [fn(Mac) -> String; 4] = [
        |mac| mac.to_string(),
        |mac| mac.to_string().to_uppercase().replace(':', "-"),
        |mac| mac.to_string().replace(':', ""),
        |mac| {
            let Mac([a, b, c, d, e, f]) = mac;
            format!("{a:02x}{b:02x}.{c:02x}{d:02x}.{e:02x}{f:02x}")
        },
    ];
    for spelled in spellings {
        let mut text = format!("port {}/x", spelled(CLIENT)).into_bytes();
        redactor.text_at(&mut text);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(&spelled(mac)) && !text.contains("port"), "{text}");
    }
    // A card that is not Ethernet's has an address as well.
    let mut message = Message::request(MessageType::DISCOVER, Xid(7), CLIENT).encode();
    message[1] = 6;
    redactor.clone().message(&mut message);
    assert_eq!(message[28..34], mac.0);
    assert_eq!(redactor.interface("enx001bd5112233"), redactor.interface("enx001bd5112233"));
    assert_ne!(redactor.interface("eth0"), redactor.interface("eth1"));
    assert!(!redactor.interface("enx001bd5112233").contains("1bd5112233"));
}

#[test]
fn no_address_is_handed_on_as_another_thing() {
    let mut redactors = [Redactor::default(), Redactor::default()];
    let address = [0x0a, 0x14, 0x1e, 0x28];
    let message =
        Message::request(MessageType::DISCOVER, Xid(u32::from_be_bytes([0x29, 0x11, 0x22, 0x33])), CLIENT);
    assert_eq!(remains(&mut redactors, &frame(&message), &CLIENT.0), None);
    for code in [12, 14, 43, 56, 66, 67, 77, 128, 224] {
        for secret in [&address[..], &CLIENT.0] {
            let mut message = message.clone();
            message.set_option(code, secret);
            assert_eq!(remains(&mut redactors, &frame(&message), secret), None, "option {code}");
        }
    }
    for secret in [&address[..], &CLIENT.0] {
        let mut message = message.clone();
        message.sname[..secret.len()].copy_from_slice(secret);
        message.file[..secret.len()].copy_from_slice(secret);
        assert_eq!(remains(&mut redactors, &frame(&message), secret), None);
    }
    // What is no message at all.
    let text = b"I am Bo, at secretcorp";
    let envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]));
    assert_eq!(remains(&mut redactors, &envelope.frame(text), text), None);
}

#[test]
fn why_a_server_has_no_address_stays_and_who_says_so_does_not() {
    let redactor = Redactor::default();
    let mut reason = b"dhcpd at corp: No free leases in pool Alice".to_vec();
    redactor.option(56, &mut reason, &Context::default());
    let told = String::from_utf8(reason).unwrap();
    assert!(told.contains("no free") && told.contains("pool"), "{told}");
    assert!(["dhcpd", "corp", "lice"].iter().all(|name| !told.contains(name)), "{told}");
}

/// An ICMP error about a packet.
fn error_about(quoted: &[u8]) -> Vec<u8> {
    let mut icmp = [&[3, 3, 0, 0, 0, 0, 0, 0], quoted].concat();
    let sum = Sum::default().add_bytes(&icmp).checksum();
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    let length = u16::try_from(icmp.len().saturating_add(20)).unwrap().to_be_bytes();
    let mut packet =
        vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 1, 0, 0, 192, 168, 1, 50, 192, 168, 1, 1];
    let sum = Sum::default().add_bytes(&packet).checksum();
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(&icmp);
    packet
}

#[test]
fn an_error_is_redacted_with_the_packet_it_is_about() {
    let mut redactor = Redactor::default();
    let quoted = frame(&offer());
    // Behind Ethernet and one VLAN, as much as a router gives back.
    let packet = error_about(quoted.get(18..18 + 20 + 8 + 300).unwrap());
    assert_eq!(redactor.frame(LinkType::RAW, &error_about(&packet)), None, "nobody answers an error by one");
    let redacted = redactor.frame(LinkType::RAW, &packet).unwrap().to_vec();
    for secret in [&b"alice"[..], &CLIENT.0, &[192, 168, 1]] {
        assert!(contains(&packet, secret) && !contains(&redacted, secret), "{secret:?}");
    }
    for sound in [&redacted[..20], &redacted[20..]] {
        assert_eq!(Sum::default().add_bytes(sound).checksum(), 0);
    }
    let mut found = 0;
    Walker::new(Ports::default()).walk(LinkType::RAW, &redacted, redacted.len(), 0, |datagram| {
        found += usize::from(datagram.quoted);
    });
    assert_eq!(found, 1);
}
