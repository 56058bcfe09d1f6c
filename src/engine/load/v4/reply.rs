//! What a load generator needs from a frame, read in one pass and without allocation.

use crate::wire::Mac;
use crate::wire::frame::LinkType;
use crate::wire::frame::peek::{Aside, Ethernet};
use crate::wire::options::v4;
use crate::wire::v4::{MessageType, Packet, code};

/// A DHCP message in an Ethernet frame, as far as counting needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// 1 request, 2 reply.
    pub op: u8,
    /// Option 53.
    pub kind: MessageType,
    /// Transaction identifier.
    pub xid: u32,
    /// `yiaddr`.
    pub address: [u8; 4],
    /// `giaddr`.
    pub relay: [u8; 4],
    /// First six bytes of `chaddr`.
    pub mac: [u8; 6],
    /// Option 54, else zero.
    pub server: [u8; 4],
    /// IPv4 source.
    pub source: [u8; 4],
    /// Ethernet source.
    pub source_mac: Mac,
    /// UDP destination port.
    pub port: u16,
    /// Option 51, seconds; zero when absent.
    pub lease_time: u32,
}

/// Somebody checks whether an address is in use: an ARP request or an ICMP echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whose address it is.
    pub target: [u8; 4],
    /// Ethernet source.
    pub source_mac: Mac,
    /// An echo request, else ARP.
    pub echo: bool,
}

/// Reads the DHCP message in `frame`, sent or received; `None` when there is none.
#[inline]
pub fn message(frame: &[u8]) -> Option<Heard> {
    let ethernet = Ethernet::read(frame)?;
    let ip = ethernet.ipv4().filter(|ip| !ip.is_fragment())?;
    let udp = ip.udp()?;
    let packet = Packet::new(udp.payload);
    let mut seen = Heard {
        op: packet.op()?.0,
        kind: MessageType(0),
        xid: packet.xid()?.0,
        address: packet.yiaddr()?.octets(),
        relay: packet.giaddr()?.octets(),
        mac: *packet.chaddr_field().first_chunk()?,
        server: [0; 4],
        source: ip.src.octets(),
        source_mac: ethernet.src,
        port: udp.dst_port,
        lease_time: 0,
    };
    let mut rest = packet.options_area();
    while let [option, tail @ ..] = rest {
        if *option == code::PAD {
            rest = tail;
            continue;
        }
        if *option == code::END {
            break;
        }
        let [len, tail @ ..] = tail else { break };
        let Some((data, next)) = tail.split_at_checked(usize::from(*len)) else { break };
        match (*option, data) {
            (code::MESSAGE_TYPE, [kind]) => seen.kind = MessageType(*kind),
            (v4::DHCP_SERVER_IDENTIFIER, &[a, b, c, d]) => seen.server = [a, b, c, d],
            (v4::DHCP_LEASE_TIME, &[a, b, c, d]) => seen.lease_time = u32::from_be_bytes([a, b, c, d]),
            _ => {}
        }
        rest = next;
    }
    (seen.kind != MessageType(0)).then_some(seen)
}

/// Reads a check for an address in use, if `frame` is one.
pub fn probe(frame: &[u8], vlans: &[u16]) -> Option<Probe> {
    match Aside::on(LinkType::ETHERNET, frame, vlans)? {
        Aside::Arp(arp) if arp.is_request() => {
            let source_mac = Ethernet::read(frame)?.src;
            Some(Probe { target: arp.target_ip.octets(), source_mac, echo: false })
        }
        Aside::Echo { mac, to, .. } => Some(Probe { target: to.octets(), source_mac: mac, echo: true }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::arp::Arp;
    use crate::wire::frame::Envelope;
    use crate::wire::frame::build::arp_frame;
    use crate::wire::v4::{Message, Xid};

    fn offer(vlans: Vec<u16>) -> Vec<u8> {
        let client = Mac([2, 0, 0, 0, 0, 7]);
        let request = Message::request(MessageType::DISCOVER, Xid(0x0102_0304), client);
        let mut reply = Message::reply(MessageType::OFFER, &request);
        reply.yiaddr = [10, 0, 0, 50].into();
        reply.set_option(54, &[10, 0, 0, 1]);
        reply.set_option(51, &3600_u32.to_be_bytes());
        let mut envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]));
        envelope.vlans = vlans;
        envelope.src_ip = [10, 0, 0, 1].into();
        envelope.src_port = 67;
        envelope.dst_port = 68;
        envelope.frame(&reply.encode_padded())
    }

    #[test]
    fn an_offer_is_read_with_and_without_tags() {
        for vlans in [vec![], vec![5], vec![6, 7]] {
            let seen = message(&offer(vlans)).unwrap();
            assert_eq!((seen.op, seen.kind, seen.xid), (2, MessageType::OFFER, 0x0102_0304));
            assert_eq!(
                (seen.address, seen.server, seen.source),
                ([10, 0, 0, 50], [10, 0, 0, 1], [10, 0, 0, 1])
            );
            assert_eq!((seen.mac, seen.port, seen.lease_time), ([2, 0, 0, 0, 0, 7], 68, 3600));
            assert_eq!(seen.source_mac, Mac([2, 0, 0, 0, 0, 1]));
        }
    }

    #[test]
    fn cut_frames_and_other_things_are_nothing() {
        let frame = offer(vec![]);
        for len in 0..frame.len() {
            let seen = message(&frame[..len]);
            assert!(seen.is_none() || len > 14 + 28 + 240, "{len}");
            assert_eq!(probe(&frame[..len], &[]), None);
        }
        let mut fragment = frame;
        fragment[20] = 0x20;
        assert_eq!(message(&fragment), None);
    }

    #[test]
    fn checks_are_seen() {
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let arp = Arp::request(mac, [10, 0, 0, 1].into(), [10, 0, 0, 50].into());
        let frame = arp_frame(&arp, mac, Mac::BROADCAST, &[]);
        assert_eq!(probe(&frame, &[]), Some(Probe { target: [10, 0, 0, 50], source_mac: mac, echo: false }));
        for len in 0..38 {
            assert_eq!(probe(&frame[..len], &[]), None, "{len}");
        }
        let mut echo = vec![0xff; 6];
        echo.extend(mac.0);
        echo.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 50, 8, 0, 0, 0]);
        assert_eq!(probe(&echo, &[]), Some(Probe { target: [10, 0, 0, 50], source_mac: mac, echo: true }));
    }
}
