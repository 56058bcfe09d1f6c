//! Messages of DHCPv6 and router discovery that were made elsewhere, put back into frames.

use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use serde_json::Value;

use super::context::Context;
use super::exit::Failure;
use super::replay::json_line;
use super::stream::{Page, Renderer, View};
use crate::analysis::Selection;
use crate::capture::{Frame, FrameOut};
use crate::output::packet::read6::read_six;
use crate::output::when::TimeText;
use crate::time::{Clock as _, Precision};
use crate::wire::Mac;
use crate::wire::frame::{Datagram, Envelope6, LinkType, Ports, Protocol, Walker};
use crate::wire::v6::types::{ALL_RELAYS_AND_SERVERS, CLIENT_PORT, SERVER_PORT};
use crate::wire::{nd, v6};

/// The frame with the message of IPv6 that `bytes` carry, where they are an IP packet or an Ethernet frame.
pub fn of_packet(bytes: &[u8]) -> Option<Vec<u8>> {
    // A message of DHCPv6 begins with its type: an IP packet of version 6 would be one of type 96 and more.
    let link = match bytes.first() {
        Some(first) if first >> 4 == 6 => LinkType::RAW,
        _ => LinkType::ETHERNET,
    };
    let mut found = None;
    Walker::without_reassembly(Ports::every()).walk(link, bytes, bytes.len(), 0, |datagram| {
        if found.is_none() && datagram.protocol != Protocol::Dhcpv4 {
            found = Some(of_datagram(&datagram));
        }
    });
    found
}

/// The frames of messages of IPv6 in a file of packet objects; none where there is no such message, and who reads DHCPv4 says what
/// is wrong with it. All or none of them must be of IPv6. A line that is no packet does not lose the others: `told` says what is
/// wrong with it.
pub fn from_json(text: &str, path: &Path, told: &mut Vec<String>) -> Result<Option<Vec<Vec<u8>>>, Failure> {
    let (mut frames, mut bad) = (Vec::new(), Vec::new());
    let (mut others, mut damaged) = (false, None);
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let told_of = |what: &str| format!("{} line {number}: {what}", super::text::named(path));
        match json_line(line) {
            Err(error) => bad.push(told_of(&error)),
            Ok(json) => match read_six(&json) {
                Ok(Some((protocol, message))) => frames.push(json_frame(&json, protocol, &message)),
                Ok(None) if ["dhcp", "op"].iter().any(|key| json.get(key).is_some()) => others = true,
                Ok(None) => bad.push(told_of("no \"dhcpv6\" or \"icmpv6\" object in it")),
                Err(error) => {
                    let line = told_of(&error.to_string());
                    damaged.get_or_insert_with(|| line.clone());
                    bad.push(line);
                }
            },
        }
    }
    if let Some(first) = damaged.filter(|_| frames.is_empty() && !others) {
        return Err(Failure::damaged(first));
    }
    if others && !frames.is_empty() {
        return Err(Failure::usage(format_args!(
            "{} holds DHCPv4 and DHCPv6: choose one with decode -4 or -6",
            path.display()
        )));
    }
    if frames.is_empty() {
        return Ok(None);
    }
    told.append(&mut bad);
    Ok(Some(frames))
}

fn json_frame(json: &Value, protocol: Protocol, message: &[u8]) -> Vec<u8> {
    let at = |path: &[&str]| path.iter().try_fold(json, |json, key| json.get(key));
    let text = |path: &[&str]| at(path).and_then(Value::as_str);
    let number = |path: &[&str]| at(path).and_then(Value::as_u64);
    let port = |path: &[&str]| number(path).and_then(|port| u16::try_from(port).ok());
    let vlans = at(&["link", "vlans"]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let known = Known {
        src_mac: text(&["link", "src"]).and_then(|mac| mac.parse().ok()),
        dst_mac: text(&["link", "dst"]).and_then(|mac| mac.parse().ok()),
        vlans: vlans.iter().filter_map(|id| u16::try_from(id.as_u64()?).ok()).collect(),
        src: text(&["ip", "src"]).and_then(|addr| addr.parse().ok()),
        dst: text(&["ip", "dst"]).and_then(|addr| addr.parse().ok()),
        hop_limit: number(&["ip", "ttl"]).and_then(|ttl| u8::try_from(ttl).ok()),
        ports: port(&["udp", "src_port"]).zip(port(&["udp", "dst_port"])),
    };
    let object = json.get("icmpv6").unwrap_or(json);
    let make_checksum = object.get("checksum_raw").is_none() && object.get("fixed_raw").is_none();
    known.frame(protocol, message, make_checksum)
}

/// The frame of a message of IPv6.
pub fn of_datagram(datagram: &Datagram<'_>) -> Vec<u8> {
    let addr = |addr: IpAddr| match addr {
        IpAddr::V6(addr) => Some(addr),
        IpAddr::V4(_) => None,
    };
    let mac = |addr: Option<crate::wire::HwAddr>| addr.and_then(|addr| addr.mac());
    let ip = datagram.ip.filter(|_| !datagram.quoted);
    let known = Known {
        src_mac: mac(datagram.link.and_then(|link| link.src)),
        dst_mac: mac(datagram.link.and_then(|link| link.dst)),
        vlans: datagram.vlans.as_slice().to_vec(),
        src: ip.and_then(|ip| addr(ip.src)),
        dst: ip.and_then(|ip| addr(ip.dst)),
        hop_limit: ip.map(|ip| ip.ttl),
        ports: datagram.udp.map(|udp| (udp.src_port, udp.dst_port)),
    };
    known.frame(datagram.protocol, datagram.payload, false)
}

/// What is known of what stood around a message.
struct Known {
    src_mac: Option<Mac>,
    dst_mac: Option<Mac>,
    vlans: Vec<u16>,
    src: Option<Ipv6Addr>,
    dst: Option<Ipv6Addr>,
    hop_limit: Option<u8>,
    ports: Option<(u16, u16)>,
}

impl Known {
    /// The message in a frame; what is not known is what is usual.
    fn frame(self, protocol: Protocol, message: &[u8], make_checksum: bool) -> Vec<u8> {
        let router = protocol == Protocol::Icmpv6;
        let advertises = nd::Packet::new(message).is_advertisement();
        let usual = match (router, advertises) {
            (true, true) => nd::ALL_NODES,
            (true, false) => nd::ALL_ROUTERS,
            _ => ALL_RELAYS_AND_SERVERS,
        };
        let dst = self.dst.unwrap_or(usual);
        let group = dst.is_multicast().then(|| Envelope6::group_mac(dst));
        let envelope = Envelope6 {
            dst_mac: self.dst_mac.or(group).unwrap_or(Mac::ZERO),
            src_mac: self.src_mac.unwrap_or(Mac::ZERO),
            vlans: self.vlans,
            src: self.src.unwrap_or(Ipv6Addr::UNSPECIFIED),
            dst,
            hop_limit: self.hop_limit.unwrap_or(if router { nd::HOP_LIMIT } else { 1 }),
        };
        if router {
            return envelope.icmpv6(message, make_checksum);
        }
        let kind = v6::Packet::new(message).message_type().unwrap_or_default();
        let to_client = kind.is_from_server() && !kind.is_relay();
        let ports = if to_client { (SERVER_PORT, CLIENT_PORT) } else { (CLIENT_PORT, SERVER_PORT) };
        envelope.udp(self.ports.unwrap_or(ports), message)
    }
}

/// Shows what would be sent, and keeps it where asked to.
pub fn show(frames: &[Vec<u8>], write: Option<&Path>, cx: &mut Context) -> Result<(), Failure> {
    let mut writer = write.map(crate::run::session::writer).transpose()?;
    let view = if cx.common.json { View::Json } else { View::Dump };
    let mut renderer =
        Renderer::new(Selection::default(), view, TimeText::default(), Page::new(&cx.out, true, false));
    let mut walker = Walker::without_reassembly(Ports::every());
    for (data, number) in frames.iter().zip(1..) {
        let original_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        if let Some(writer) = &mut writer {
            writer.write(&FrameOut {
                time: Some(cx.clock.time()),
                precision: Precision::Nano,
                link: LinkType::ETHERNET,
                interface: None,
                data,
                original_len,
                comment: Some("not sent"),
                direction: None,
            })?;
        }
        let frame = Frame::of(number, data);
        walker.walk(LinkType::ETHERNET, data, data.len(), 0, |datagram| {
            renderer.datagram(&frame, &datagram);
        });
    }
    if let Some(mut writer) = writer {
        writer.flush()?;
    }
    cx.out.write(renderer.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_packet_does_not_lose_the_others() {
        let six =
            |kind: u8| format!(r#"{{"dhcpv6":{{"message_type":{kind},"xid":"0x000007","options":[]}}}}"#);
        let path = Path::new("saved.json");
        for bad in ["{bad", "{}", "17"] {
            let mut told = Vec::new();
            let text = format!("{bad}\n{}\n{bad}\n{}\n", six(1), six(11));
            let frames = from_json(&text, path, &mut told).unwrap().unwrap();
            assert_eq!((frames.len(), told.len()), (2, 2), "{bad}: {told:?}");
            assert!(told[0].starts_with("saved.json line 1: ") && told[1].starts_with("saved.json line 3: "));
        }
        let mut told = Vec::new();
        assert_eq!(from_json("{bad\n", path, &mut told).unwrap(), None);
        let mixed = format!("{}\n{}\n", six(1), r#"{"dhcp":{}}"#);
        assert!(from_json(&mixed, path, &mut told).is_err());
        assert!(told.is_empty(), "who reads DHCPv4 tells it");
    }
}
