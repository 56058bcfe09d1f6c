//! The packet writer against an independent one made of `serde_json` values; and no view lets a hostile character through.

use std::fs;
use std::path::Path;

use dhcptool::analysis::{Selection, classes};
use dhcptool::capture::{self, Frame};
use dhcptool::cli::stream::{Page, Renderer, View};
use dhcptool::output::packet::read::read_message;
use dhcptool::output::when::TimeText;
use dhcptool::time::{Precision, Timestamp};
use dhcptool::wire::escape::is_hostile;
use dhcptool::wire::frame::{Datagram, Ports, Protocol, Walker};
use dhcptool::wire::options::{Context, Value as Decoded, v4};
use dhcptool::wire::v4::packet::field_text;
use dhcptool::wire::v4::{Message, MessageType, Outline, Packet, Xid};
use proptest::prelude::*;
use serde_json::{Value, json};

fn renderer(view: View) -> Renderer {
    Renderer::new(Selection::default(), view, TimeText::default(), Page::default())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn value(decoded: Decoded) -> Value {
    match decoded {
        Decoded::Null => Value::Null,
        Decoded::Flag(flag) => flag.into(),
        Decoded::Number(number) => number.into(),
        Decoded::Signed(number) => number.into(),
        Decoded::Text(text) => String::from_utf8_lossy(&text).into(),
        Decoded::Name(name) => name.into(),
        Decoded::Ip4(addr) => addr.to_string().into(),
        Decoded::Ip6(addr) => addr.to_string().into(),
        Decoded::Prefix4(addr, length) => format!("{addr}/{length}").into(),
        Decoded::Prefix6(addr, length) => format!("{addr}/{length}").into(),
        Decoded::Hardware(bytes) => colons(&bytes).into(),
        Decoded::Bytes(bytes) => hex(&bytes).into(),
        Decoded::List(items) => items.into_iter().map(value).collect(),
        Decoded::Map(members) => {
            members.into_iter().map(|(key, member)| (key.to_owned(), value(member))).collect()
        }
    }
}

/// What the contract says of the message, made with `serde_json`. Only for messages whose options are all there once.
fn expected_dhcp(packet: &Packet<'_>, outline: &Outline) -> Value {
    let class = outline.find(60).map(|span| span.data(packet));
    let cx = Context { vendor_class: class, ..Context::default() };
    let options: Vec<Value> = outline.options.iter().map(|span| {
        let def = v4::SPACE.by_code(span.code.into());
        let decoded = def
            .filter(|_| !span.is_truncated())
            .and_then(|def| Decoded::decode(&def.kind, span.data(packet), &cx).ok())
            .map_or(Value::Null, value);
        json!({"code": span.code, "name": def.map(|def| def.name), "value": decoded, "raw": hex(span.data(packet))})
    }).collect();
    let text = |field: &[u8]| match field_text(field) {
        [] => Value::Null,
        text => String::from_utf8_lossy(text).into(),
    };
    let chaddr = Some(colons(packet.chaddr())).filter(|text| !text.is_empty());
    let kind = outline.message_type.map(|kind| kind.name().map_or_else(|| json!(kind.0), |name| json!(name)));
    json!({
        "op": packet.op().map(|op| op.0), "htype": packet.htype(), "hlen": packet.hlen(), "hops": packet.hops(),
        "xid": packet.xid().map(|xid| xid.to_string()), "secs": packet.secs(),
        "flags": packet.flags().map(|flags| format!("{flags:#06x}")),
        "broadcast": packet.flags().map(|flags| flags & 0x8000 != 0),
        "ciaddr": packet.ciaddr(), "yiaddr": packet.yiaddr(), "siaddr": packet.siaddr(), "giaddr": packet.giaddr(),
        "chaddr": chaddr, "sname": text(packet.sname_field()), "file": text(packet.file_field()),
        "message_type": kind, "options": options,
    })
}

fn expected(frame: &Frame<'_>, datagram: &Datagram<'_>) -> Value {
    let packet = Packet::new(datagram.payload);
    let mut outline = Outline::default();
    outline.read(&packet, datagram.promised, datagram.cut);
    let time = frame.time.map(|time| {
        let form = if frame.precision == Precision::Micro { "%FT%T%.6fZ" } else { "%FT%T%.9fZ" };
        jiff::Timestamp::from_nanosecond(time.0.into()).unwrap().strftime(form).to_string()
    });
    json!({
        "type": "packet", "number": frame.number, "time": time, "time_ns": frame.time.map(|time| time.0),
        "interface": frame.interface_name, "comment": frame.comment,
        "direction": datagram.direction.or(frame.direction).map(dhcptool::wire::frame::Direction::name), "captured_length": frame.data.len(), "original_length": frame.original_len,
        "layers": datagram.layers.iter().map(dhcptool::wire::frame::Layer::name).collect::<Vec<_>>(),
        "quoted_in": datagram.quoted.then_some("icmp"),
        "link": datagram.link.map(|link| json!({
            "type": link.layer.name(), "src": link.src.map(|addr| addr.to_string()),
            "dst": link.dst.map(|addr| addr.to_string()), "vlans": datagram.vlans.as_slice(), "comment": frame.comment,
            "priorities": datagram.vlans.priorities().collect::<Vec<_>>(),
        })),
        "ip": datagram.ip.map(|ip| json!({
            "version": if ip.src.is_ipv4() { 4 } else { 6 }, "src": ip.src, "dst": ip.dst, "ttl": ip.ttl,
            "dscp": ip.tos / 4, "ecn": ip.tos % 4, "id": ip.id, "dont_fragment": ip.dont_fragment,
        })),
        "udp": datagram.udp.map(|udp| json!({"src_port": udp.src_port, "dst_port": udp.dst_port,
                "checksum": datagram.checksum.name()})),
        "dhcp": expected_dhcp(&packet, &outline),
    })
}

/// The contract's fields of `found`: those that `wanted` has, extra ones left aside.
fn same(found: &Value, wanted: &Value, at: &str) -> Result<(), String> {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted.iter().try_for_each(|(key, wanted)| {
            let found = found.get(key).ok_or_else(|| format!("{at}.{key} is missing"))?;
            same(found, wanted, &format!("{at}.{key}"))
        }),
        (Value::Array(found), Value::Array(wanted)) if found.len() == wanted.len() => found
            .iter()
            .zip(wanted)
            .enumerate()
            .try_for_each(|(n, (found, wanted))| same(found, wanted, &format!("{at}[{n}]"))),
        _ if found == wanted => Ok(()),
        _ => Err(format!("{at}: {found} instead of {wanted}")),
    }
}

#[test]
fn the_writer_agrees_with_serde_json_on_every_capture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let mut compared = 0;
    // One writer for everything, several times: what it has come to know must change nothing.
    let mut warm = renderer(View::Json);
    let entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in entries.iter().cycle().take(entries.len() * 4) {
        if path.extension().is_some_and(|extension| extension == "txt" || extension == "json") {
            continue;
        }
        let mut reader = capture::open(path).unwrap();
        let mut walker = Walker::new(Ports::default());
        // Damage at the end of a capture is not this test's business.
        while let Ok(Some(frame)) = reader.next() {
            let (data, original) = (frame.data, frame.original_len as usize);
            let time = frame.time.unwrap_or_default().0;
            walker.walk(frame.link, data, original, time, |datagram| {
                let mut view = renderer(View::Json);
                view.datagram(&frame, &datagram);
                warm.clear();
                warm.datagram(&frame, &datagram);
                // An option 43 may be read by what came before.
                let (packet, mut outline) = (Packet::new(datagram.payload), Outline::default());
                outline.read(&packet, datagram.promised, datagram.cut);
                let free = datagram.protocol != Protocol::Dhcpv4 || !classes::depends(&packet, &outline);
                assert!(!free || warm.bytes() == view.bytes(), "{}", path.display());
                let found: Value = serde_json::from_slice(view.bytes()).unwrap();
                let codes: Vec<_> =
                    found["dhcp"]["options"].as_array().into_iter().flatten().map(|o| &o["code"]).collect();
                let repeats = (1..codes.len()).any(|n| codes[..n].contains(&codes[n]));
                let overloaded = found["dhcp"]["options"]
                    .as_array()
                    .is_some_and(|o| o.iter().any(|o| o.get("field").is_some()));
                if !found["dhcp"].is_null() && !repeats && !overloaded {
                    same(&found, &expected(&frame, &datagram), "packet").unwrap();
                    compared += 1;
                }
                if !found["dhcp"].is_null() {
                    assert_eq!(
                        read_message(&found).unwrap().encode(),
                        datagram.payload,
                        "{}",
                        path.display()
                    );
                }
            });
        }
    }
    assert!(compared > 100, "{compared} packets");
}

/// An Ethernet frame with a message whose options are `options`.
fn frame_with(options: &[u8], text: &[u8]) -> Vec<u8> {
    let mut message = Message::request(MessageType::DISCOVER, Xid(7), "02:00:00:00:00:01".parse().unwrap());
    message.items.clear();
    for (to, from) in message.sname.iter_mut().zip(text) {
        *to = *from;
    }
    let mut payload = message.encode();
    payload.extend(options);
    let mut frame = vec![0xff; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((payload.len() as u16 + 28).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 68, 0, 67]);
    frame.extend((payload.len() as u16 + 8).to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    frame
}

/// Options with text that somebody made up.
fn options() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        any::<u8>(),
        proptest::sample::select(&[12_u8, 15, 43, 56, 60, 61, 66, 77, 81, 82, 114, 119, 124, 125, 252])
    ];
    let data = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "[\\x00-\\x1f\\x7f-\\u{9f}\\u{200b}-\\u{202e}a-z]{0,12}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec((code, data), 0..8).prop_map(|options| {
        options
            .iter()
            .flat_map(|(code, data)| [*code, data.len() as u8].into_iter().chain(data.iter().copied()))
            .collect()
    })
}

proptest! {
    #[test]
    fn no_view_lets_a_hostile_character_through(options in options(), text in proptest::collection::vec(any::<u8>(), 0..64)) {
        let data = frame_with(&options, &text);
        let frame = Frame {
            time: Some(Timestamp(0)),
            interface_name: Some("e\u{1b}[2Jth"),
            ..Frame::of(1, &data)
        };
        for view in [View::Json, View::Line, View::Detail, View::Dump] {
            let mut renderer = renderer(view);
            let mut walker = Walker::new(Ports::default());
            let mut found = 0;
            walker.walk(frame.link, &data, data.len(), 0, |datagram| {
                renderer.datagram(&frame, &datagram);
                found += 1;
            });
            prop_assert_eq!(found, 1);
            let shown = std::str::from_utf8(renderer.bytes()).unwrap();
            prop_assert!(!shown.chars().any(|c| c != '\n' && is_hostile(c)), "{:?}: {:?}", view, shown);
            if view == View::Json {
                let json: Value = serde_json::from_str(shown).unwrap();
                prop_assert_eq!(read_message(&json).unwrap().encode(), &data[42..]);
                prop_assert_eq!(shown.lines().count(), 1);
            }
        }
    }

    #[test]
    fn what_was_written_before_changes_nothing(
        pool in proptest::collection::vec(options(), 1..6),
        order in proptest::collection::vec((0_usize..6, 0_usize..6), 200..400),
    ) {
        let mut warm = renderer(View::Json);
        let mut walker = Walker::new(Ports::default());
        for (first, second) in order {
            // Options that all messages share, behind each other, and some that only a few have.
            let mut options = vec![53, 1, 1, 51, 4, 0, 0, 14, 16, 54, 4, 10, 0, 0, 1, 1, 4, 255, 255, 255, 0];
            options.extend(pool.get(first).into_iter().chain(pool.get(second)).flatten());
            options.extend([3, 4, 10, 0, 0, 254, 6, 4, 10, 0, 0, 1]);
            // Has a value, and a warning about it.
            options.extend([150, 8]);
            options.extend(b"10.0.0.1");
            options.push(255);
            let data = frame_with(&options, b"");
            let frame = Frame { time: Some(Timestamp(0)), ..Frame::of(1, &data) };
            let mut fresh = renderer(View::Json);
            warm.clear();
            walker.walk(frame.link, &data, data.len(), 0, |datagram| {
                fresh.datagram(&frame, &datagram);
                warm.datagram(&frame, &datagram);
            });
            prop_assert!(!fresh.bytes().is_empty());
            prop_assert_eq!(std::str::from_utf8(warm.bytes()), std::str::from_utf8(fresh.bytes()));
        }
    }
}
