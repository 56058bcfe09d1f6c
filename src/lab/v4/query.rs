//! What the embedded servers need to know of a frame, in one look.

use std::net::Ipv4Addr;

use crate::lab::leases::ClientKey;
use crate::wire::Mac;
use crate::wire::frame::numbers::icmp;
use crate::wire::frame::peek::{Ethernet, Icmp};
use crate::wire::v4::{CLIENT_PORT, MessageType, Op, Packet, SERVER_PORT, code};

pub use crate::lab::cable::Link;
pub use crate::wire::frame::PXE_PORT;

/// The port of name servers.
const DNS_PORT: u16 = 53;

/// A frame for the far end.
#[derive(Clone, Copy, Debug)]
pub enum Query<'a> {
    /// A message for a DHCP server.
    Dhcp(Dhcp<'a>),
    /// An ARP packet.
    Arp(Arp<'a>),
    /// An ICMP echo request or reply.
    Echo(Echo<'a>),
    /// A question to a name server.
    Dns(Dns<'a>),
}

/// An ARP packet for IPv4 over Ethernet (RFC 826).
#[derive(Clone, Copy, Debug)]
pub struct Arp<'a> {
    /// Its frame.
    pub link: Link<'a>,
    /// 1 asks, 2 answers.
    pub operation: u16,
    /// Who speaks.
    pub sender: (Mac, Ipv4Addr),
    /// Who is meant.
    pub target: Ipv4Addr,
}

/// An ICMP echo request or reply (RFC 792).
#[derive(Clone, Copy, Debug)]
pub struct Echo<'a> {
    /// Its frame.
    pub link: Link<'a>,
    /// Source and destination.
    pub addrs: (Ipv4Addr, Ipv4Addr),
    /// It asks.
    pub request: bool,
    /// Identifier, sequence number and data.
    pub body: &'a [u8],
}

/// A question to a name server.
#[derive(Clone, Copy, Debug)]
pub struct Dns<'a> {
    /// Its frame.
    pub link: Link<'a>,
    /// Source and destination.
    pub addrs: (Ipv4Addr, Ipv4Addr),
    /// UDP source and destination ports.
    pub ports: (u16, u16),
    /// The whole message.
    pub message: &'a [u8],
}

/// A message for a DHCP server, with the options that servers decide by.
#[derive(Clone, Copy, Debug)]
pub struct Dhcp<'a> {
    /// Its frame.
    pub link: Link<'a>,
    /// Source and destination.
    pub addrs: (Ipv4Addr, Ipv4Addr),
    /// The UDP port it was sent to.
    pub port: u16,
    /// The message.
    pub packet: Packet<'a>,
    /// Option 53; none for BOOTP.
    pub kind: Option<MessageType>,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
    /// Option 61.
    pub client_id: Option<&'a [u8]>,
    /// Option 55.
    pub wants: Option<&'a [u8]>,
    /// Option 60.
    pub vendor_class: &'a [u8],
    /// Option 82.
    pub relay_info: Option<&'a [u8]>,
    /// `ciaddr`.
    pub ciaddr: Ipv4Addr,
    /// `giaddr`.
    pub giaddr: Ipv4Addr,
}

impl<'a> Query<'a> {
    /// Reads a frame; nothing for what concerns no server.
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let ethernet = Ethernet::read(frame)?;
        let link = Link { tags: ethernet.tags, src: ethernet.src, dst: ethernet.dst };
        if let Some(arp) = ethernet.arp() {
            let sender = (arp.sender_mac, arp.sender_ip);
            return Some(Self::Arp(Arp { link, operation: arp.operation, sender, target: arp.target_ip }));
        }
        // Fragments are nothing a server of this kind puts together.
        let ip = ethernet.ipv4().filter(|ip| !ip.is_fragment())?;
        let addrs = (ip.src, ip.dst);
        if let Some(udp) = ip.udp() {
            let is_whole = udp.payload.len() == udp.promised;
            if is_whole && udp.dst_port == DNS_PORT && udp.payload.len() >= 12 {
                let ports = (udp.src_port, udp.dst_port);
                return Some(Self::Dns(Dns { link, addrs, ports, message: udp.payload }));
            }
            let is_ours = udp.dst_port == SERVER_PORT || udp.dst_port == PXE_PORT;
            let payload = (is_whole && is_ours).then_some(udp.payload)?;
            return Dhcp::read(link, addrs, udp.dst_port, payload).map(Self::Dhcp);
        }
        match ip.icmp()? {
            Icmp { kind: kind @ (icmp::ECHO | icmp::ECHO_REPLY), code: 0, body } => {
                Some(Self::Echo(Echo { link, addrs, request: kind == icmp::ECHO, body }))
            }
            _ => None,
        }
    }
}

impl<'a> Dhcp<'a> {
    fn read(link: Link<'a>, addrs: (Ipv4Addr, Ipv4Addr), port: u16, payload: &'a [u8]) -> Option<Self> {
        let packet = Packet::new(payload);
        if packet.op()? != Op::REQUEST {
            return None;
        }
        let mut query = Self {
            link,
            addrs,
            port,
            packet,
            kind: None,
            requested: None,
            server_id: None,
            client_id: None,
            wants: None,
            vendor_class: &[],
            relay_info: None,
            ciaddr: packet.ciaddr()?,
            giaddr: packet.giaddr()?,
        };
        let overload = query.scan(packet.options_area());
        if overload & 1 != 0 {
            query.scan(packet.file_field());
        }
        if overload & 2 != 0 {
            query.scan(packet.sname_field());
        }
        Some(query)
    }

    /// Takes the options of one area; returns the value of option overload.
    fn scan(&mut self, area: &'a [u8]) -> u8 {
        let mut overload = 0;
        let mut rest = area;
        while let Some((&option, tail)) = rest.split_first() {
            if option == code::PAD {
                rest = tail;
                continue;
            }
            let Some((&length, tail)) = tail.split_first() else { break };
            let length = usize::from(length);
            let (Some(data), Some(next)) = (tail.get(..length), tail.get(length..)) else { break };
            rest = next;
            match (option, data) {
                (code::END, _) => break,
                (code::MESSAGE_TYPE, &[kind]) => self.kind = Some(MessageType(kind)),
                (code::OVERLOAD, &[value @ 1..=3]) => overload = value,
                (50, &[a, b, c, d]) => self.requested = Some(Ipv4Addr::new(a, b, c, d)),
                (54, &[a, b, c, d]) => self.server_id = Some(Ipv4Addr::new(a, b, c, d)),
                (55, _) => self.wants = Some(data),
                (60, _) => self.vendor_class = data,
                (61, [_, _, ..]) => self.client_id = Some(data),
                (82, _) => self.relay_info = Some(data),
                _ => {}
            }
        }
        overload
    }

    /// Who asks.
    pub fn client(&self) -> ClientKey {
        match self.client_id {
            Some(id) => ClientKey::from_client_id(id),
            None => ClientKey::from_hardware(self.packet.htype().unwrap_or(0), self.packet.chaddr()),
        }
    }

    /// The hardware address of the client, where it has an Ethernet one.
    pub fn mac(&self) -> Option<Mac> {
        self.packet.client().mac()
    }

    /// The client asks for broadcast replies.
    pub fn wants_broadcast(&self) -> bool {
        self.packet.flags().is_some_and(|flags| flags & crate::wire::v4::message::BROADCAST_FLAG != 0)
    }

    /// It was sent to everybody.
    pub fn was_broadcast(&self) -> bool {
        self.link.dst.is_multicast()
    }

    /// The port a reply goes to.
    pub fn reply_port(&self) -> u16 {
        if self.giaddr.is_unspecified() { CLIENT_PORT } else { SERVER_PORT }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
pub(in crate::lab) mod tests {
    use super::*;
    use crate::wire::v4::{Message, Xid};

    /// A frame as a client sends it: tags, addresses and a message.
    pub(in crate::lab) fn frame(
        tags: &[u8],
        dst: Mac,
        addrs: (Ipv4Addr, Ipv4Addr),
        message: &Message,
    ) -> Vec<u8> {
        let payload = message.encode_padded();
        let mut frame = Vec::new();
        frame.extend(dst.0);
        frame.extend([2, 0, 0, 0, 1, 0]);
        frame.extend(tags);
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(u16::try_from(payload.len() + 28).unwrap().to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, 17, 0, 0]);
        frame.extend(addrs.0.octets());
        frame.extend(addrs.1.octets());
        frame.extend([0, 68, 0, 67]);
        frame.extend(u16::try_from(payload.len() + 8).unwrap().to_be_bytes());
        frame.extend([0, 0]);
        frame.extend(payload);
        frame
    }

    #[test]
    fn reads_what_servers_decide_by() {
        let mut message = Message::request(MessageType::REQUEST, Xid(9), Mac([2, 0, 0, 0, 0, 7]));
        message.set_option(50, &[10, 1, 0, 5]);
        message.set_option(54, &[10, 0, 0, 1]);
        message.set_option(61, b"\0abc");
        message.set_option(55, &[1, 3]);
        let bytes = frame(&[0x81, 0, 0, 42], Mac::BROADCAST, ([0; 4].into(), [255; 4].into()), &message);
        let Some(Query::Dhcp(query)) = Query::read(&bytes) else { panic!("no DHCP message") };
        assert_eq!(query.kind, Some(MessageType::REQUEST));
        assert_eq!(query.requested, Some([10, 1, 0, 5].into()));
        assert_eq!(query.server_id, Some([10, 0, 0, 1].into()));
        assert_eq!((query.client_id, query.wants), (Some(&b"\0abc"[..]), Some(&[1, 3][..])));
        assert_eq!(query.link.tags, [0x81, 0, 0, 42]);
        assert_eq!(query.client(), ClientKey::from_client_id(b"\0abc"));
        for cut in 0..bytes.len() {
            assert!(Query::read(bytes.get(..cut).unwrap()).is_none(), "{cut}");
        }
    }

    #[test]
    fn finds_options_in_overloaded_fields() {
        let mut message = Message::request(MessageType::REQUEST, Xid(9), Mac([2, 0, 0, 0, 0, 7]));
        message.set_option(52, &[3]);
        message.file[..6].copy_from_slice(&[50, 4, 10, 1, 0, 5]);
        message.sname[..6].copy_from_slice(&[54, 4, 10, 0, 0, 1]);
        let bytes = frame(&[], Mac::BROADCAST, ([0; 4].into(), [255; 4].into()), &message);
        let Some(Query::Dhcp(query)) = Query::read(&bytes) else { panic!("no DHCP message") };
        assert_eq!(query.requested, Some([10, 1, 0, 5].into()));
        assert_eq!(query.server_id, Some([10, 0, 0, 1].into()));
    }

    #[test]
    fn reads_arp() {
        let mut bytes = vec![0xff; 6];
        bytes.extend([2, 0, 0, 0, 1, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        bytes.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 1]);
        let Some(Query::Arp(arp)) = Query::read(&bytes) else { panic!("no ARP") };
        assert_eq!((arp.operation, arp.target), (1, [10, 0, 0, 1].into()));
    }
}
