//! Messages that were made elsewhere: JSON that decode printed, a packet of a capture, hex.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use serde_json::Value;

use super::exit::Failure;
use super::{hexdump, replay6};
use crate::capture;
use crate::output::packet::read::read_message;
use crate::wire::Mac;
use crate::wire::frame::{Datagram, Envelope, LinkType, NotLookedInto, Ports, Protocol, Walked, Walker};
use crate::wire::v4::{COOKIE, FIXED_LEN, Message, Op};

/// A message and, where known, what stood around it.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The message.
    pub message: Message,
    /// What stood around it, and whose MAC must be found when the link layer did not say.
    pub way: Option<(Envelope, Option<Ipv4Addr>)>,
}

/// The most that is read of JSON or hex.
const MAX_INPUT: u64 = 256 << 20;

/// The text of a file, or of standard input.
pub fn text(path: &Path) -> Result<String, Failure> {
    match super::text::read(path, MAX_INPUT) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(Failure::damaged(format_args!("{}: not text", path.display())))
        }
        Err(error) => Err(Failure::could_not_run(format_args!("cannot read {}: {error}", path.display()))),
    }
}

/// Reads packet objects, one per line. A line that is none does not lose the others: `told` says what is wrong with it, and
/// only where nothing is left it is an error.
pub fn from_json(text: &str, path: &Path, told: &mut Vec<String>) -> Result<Vec<Replay>, Failure> {
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        let read = json_line(line).and_then(|json| {
            let message = read_message(&json).map_err(|error| error.to_string())?;
            let way = json_way(&json, &message);
            Ok(Replay { message, way })
        });
        match read {
            Ok(replay) => found.push(replay),
            Err(what) => told.push(format!("{} line {number}: {what}", super::text::named(path))),
        }
    }
    match told.first() {
        _ if !found.is_empty() => Ok(found),
        Some(first) => Err(Failure::damaged(first)),
        None => Err(Failure::damaged(format_args!("{} holds no packet", path.display()))),
    }
}

/// A line of packet objects.
pub fn json_line(line: &str) -> Result<Value, String> {
    serde_json::from_str(line)
        .map_err(|error| format!("not JSON ({error}); a line that decode --json printed is expected"))
}

/// What stood around a packet object's message, if it says so.
fn json_way(json: &Value, message: &Message) -> Option<(Envelope, Option<Ipv4Addr>)> {
    let at = |path: &[&str]| path.iter().try_fold(json, |json, key| json.get(key));
    let text = |path: &[&str]| at(path).and_then(Value::as_str);
    let number = |path: &[&str]| at(path).and_then(Value::as_u64);
    let port = |path: &[&str]| number(path).and_then(|port| u16::try_from(port).ok());
    if at(&["quoted_in"]).is_some_and(|quoted| !quoted.is_null()) {
        return None;
    }
    let vlans = at(&["link", "vlans"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let envelope = Around {
        src_mac: text(&["link", "src"]).and_then(|mac| mac.parse().ok()),
        dst_mac: text(&["link", "dst"]).and_then(|mac| mac.parse().ok()),
        vlans: vlans.iter().filter_map(|id| u16::try_from(id.as_u64()?).ok()).collect(),
        src_ip: text(&["ip", "src"])?.parse().ok()?,
        dst_ip: text(&["ip", "dst"])?.parse().ok()?,
        ttl: number(&["ip", "ttl"]).and_then(|ttl| u8::try_from(ttl).ok()),
        src_port: port(&["udp", "src_port"])?,
        dst_port: port(&["udp", "dst_port"])?,
    };
    Some(envelope.way(message))
}

/// A message of a capture.
pub enum Captured {
    /// Of DHCPv4.
    Four(Box<Replay>),
    /// A frame with one of DHCPv6 or router discovery.
    Six(Vec<u8>),
}

/// Reads the message of frame `number`, or the first message there is, of whatever family: what comes by a pipe can be read once.
pub fn from_pcap(path: &Path, number: Option<u64>) -> Result<Captured, Failure> {
    let mut reader = capture::open(path)?;
    let mut walker = Walker::new(Ports::every());
    let mut unread = NotLookedInto::default();
    while let Some(frame) = reader.next()? {
        let mut found = None;
        let time = frame.time.map_or(0, crate::time::Timestamp::nanoseconds);
        let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
        let outcome = walker.walk(frame.link, frame.data, original, time, |datagram| {
            if found.is_none() {
                found = Some(match datagram.protocol {
                    Protocol::Dhcpv4 => Captured::Four(Box::new(of_datagram(&datagram))),
                    _ => Captured::Six(replay6::of_datagram(&datagram)),
                });
            }
        });
        if let Walked::Unread(what) = outcome {
            unread.add(what, 1);
        }
        match (found, number) {
            (Some(captured), None) => return Ok(captured),
            (found, Some(wanted)) if frame.number == wanted => {
                return found.ok_or_else(|| {
                    Failure::could_not_run(format_args!(
                        "{}: packet {wanted} holds no DHCP message",
                        path.display()
                    ))
                });
            }
            _ => {}
        }
    }
    // The capture is sound; it only lacks what was asked for.
    Err(Failure::could_not_run(match number {
        Some(number) => format!("{} has no packet {number}", path.display()),
        None if unread.frames() > 0 => format!("{} holds no DHCP message; {unread}", path.display()),
        None => format!("{} holds no DHCP message", path.display()),
    }))
}

fn of_datagram(datagram: &Datagram<'_>) -> Replay {
    let message = Message::decode(datagram.payload);
    let addresses = datagram.ip.and_then(|ip| match (ip.src, ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => Some((src, dst, ip.ttl)),
        _ => None,
    });
    let mac = |addr: Option<crate::wire::HwAddr>| addr.and_then(|addr| addr.mac());
    let transport = datagram.udp.filter(|_| !datagram.quoted);
    let way = addresses.zip(transport).map(|((src_ip, dst_ip, ttl), udp)| {
        let around = Around {
            src_mac: mac(datagram.link.and_then(|link| link.src)),
            dst_mac: mac(datagram.link.and_then(|link| link.dst)),
            vlans: datagram.vlans.as_slice().to_vec(),
            src_ip,
            dst_ip,
            ttl: Some(ttl),
            src_port: udp.src_port,
            dst_port: udp.dst_port,
        };
        around.way(&message)
    });
    Replay { message, way }
}

/// What stood around a message, as far as it is known.
struct Around {
    src_mac: Option<Mac>,
    dst_mac: Option<Mac>,
    vlans: Vec<u16>,
    src_ip: Ipv4Addr,
    dst_ip: Ipv4Addr,
    ttl: Option<u8>,
    src_port: u16,
    dst_port: u16,
}

impl Around {
    fn way(self, message: &Message) -> (Envelope, Option<Ipv4Addr>) {
        let client = message.client().mac().filter(|_| message.op == Op::REQUEST);
        let to_all = self.dst_ip.is_broadcast() || self.dst_ip.is_multicast();
        let hop = (self.dst_mac.is_none() && !to_all).then_some(self.dst_ip);
        let usual = Envelope::broadcast(self.src_mac.or(client).unwrap_or(Mac::ZERO));
        let envelope = Envelope {
            dst_mac: self.dst_mac.unwrap_or(Mac::BROADCAST),
            vlans: self.vlans,
            src_ip: self.src_ip,
            dst_ip: self.dst_ip,
            ttl: self.ttl.unwrap_or(usual.ttl),
            src_port: self.src_port,
            dst_port: self.dst_port,
            ..usual
        };
        (envelope, hop)
    }
}

/// Reads messages from hex: digits or dumps themselves, `@FILE`, or `-` for standard input. What is there may be a DHCP
/// message, an IP packet or an Ethernet frame with one; `told` says which it was taken for.
pub fn from_hex(argument: &str, told: &mut Vec<String>) -> Result<Vec<Replay>, Failure> {
    Ok(hex_packets(argument)?.iter().map(|bytes| of_bytes(bytes, told)).collect())
}

/// The bytes that are written there, packet by packet.
pub fn hex_packets(argument: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let (digits, given) = match argument.strip_prefix('@') {
        Some(path) => (text(Path::new(path))?, false),
        None if argument == "-" => (text(Path::new("-"))?, false),
        None => (argument.to_owned(), true),
    };
    let packets = hexdump::read(&digits).ok_or_else(|| {
        let what = "neither pairs of hexadecimal digits nor a dump of tcpdump -x or Wireshark";
        if given {
            Failure::usage(format_args!("--hex: {what}"))
        } else {
            Failure::damaged(format_args!("{argument}: {what}"))
        }
    })?;
    if packets.iter().all(Vec::is_empty) {
        return Err(if given {
            Failure::usage("--hex: no bytes; a DHCP message is wanted")
        } else {
            Failure::could_not_run(format_args!("{argument}: no bytes"))
        });
    }
    Ok(packets)
}

/// The message that is all of `bytes`, or that they carry. What begins like a message and has its cookie is one; so is
/// whatever cannot be taken for anything else.
fn of_bytes(bytes: &[u8], told: &mut Vec<String>) -> Replay {
    let bare = Replay { message: Message::decode(bytes), way: None };
    if matches!(bytes.first(), Some(1 | 2))
        && bytes.get(FIXED_LEN..).is_some_and(|rest| rest.starts_with(&COOKIE))
    {
        return bare;
    }
    let layers = [(LinkType::RAW, "an IP packet"), (LinkType::ETHERNET, "an Ethernet frame")];
    for (link, what) in layers {
        let mut found = None;
        Walker::without_reassembly(Ports::default()).walk(link, bytes, bytes.len(), 0, |datagram| {
            if found.is_none() && datagram.protocol == Protocol::Dhcpv4 {
                found = Some(of_datagram(&datagram));
            }
        });
        if let Some(replay) = found {
            told.push(format!("the {} bytes of hex are {what}: its message is taken", bytes.len()));
            return replay;
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_with_any_spacing() {
        let from_hex = |text| super::from_hex(text, &mut Vec::new());
        let replay = from_hex("01 01:06\n00 0x").map(|_| ()).unwrap_err();
        assert!(replay.message.unwrap().contains("hexadecimal"));
        for none in ["", " ", "0x", ":"] {
            assert_eq!(
                from_hex(none).map(|_| ()).unwrap_err().exit,
                super::super::exit::Exit::Usage,
                "{none:?}"
            );
        }
        let [replay] = &from_hex("0x0101 06:00 00000007").unwrap()[..] else { panic!("one packet") };
        assert_eq!(replay.message.encode(), [1, 1, 6, 0, 0, 0, 0, 7]);
        assert!(replay.way.is_none());
    }

    #[test]
    fn frames_and_packets_are_told_from_messages() {
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let message = Message::request(crate::wire::v4::MessageType::DISCOVER, crate::wire::v4::Xid(7), mac);
        let frame = Envelope::broadcast(mac).frame(&message.encode());
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        for (bytes, what) in [
            (&frame[..], Some("an Ethernet frame")),
            (&frame[14..], Some("an IP packet")),
            (&frame[42..], None),
        ] {
            let mut told = Vec::new();
            let found = from_hex(&hex(bytes), &mut told).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].message, message);
            assert_eq!(found[0].way.is_some(), what.is_some());
            assert_eq!(told.first().map(|told| told.contains(what.unwrap())), what.map(|_| true), "{told:?}");
        }
    }

    #[test]
    fn what_stood_around_a_message_is_kept() {
        let json: Value = serde_json::from_str(
            r#"{"quoted_in":null,"link":{"type":"ethernet","src":"02:00:00:00:00:01","dst":"ff:ff:ff:ff:ff:ff","vlans":[100]},
                "ip":{"version":4,"src":"0.0.0.0","dst":"255.255.255.255","ttl":250},"udp":{"src_port":68,"dst_port":67}}"#,
        )
        .unwrap();
        let (envelope, hop) = json_way(&json, &Message::new(Op::REQUEST)).unwrap();
        assert_eq!((envelope.ttl, envelope.vlans, hop), (250, vec![100], None));
        assert_eq!(envelope.src_mac, Mac([2, 0, 0, 0, 0, 1]));
        assert!(json_way(&Value::Null, &Message::new(Op::REQUEST)).is_none());
    }
}
