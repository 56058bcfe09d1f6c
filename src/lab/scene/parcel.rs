//! A frame with a DHCPv4 message, taken apart so that any part of it can be changed.

use std::net::{IpAddr, Ipv4Addr};

use crate::wire::Mac;
use crate::wire::frame::build::{EthernetHeader, Ipv4Header};
use crate::wire::frame::{LinkType, Ports, Protocol, Walker};
use crate::wire::v4::Message;

/// A DHCPv4 message with the headers around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// VLAN tags as they lie in the frame.
    pub tags: Vec<u8>,
    /// Sender's hardware address.
    pub src: Mac,
    /// Receiver's hardware address.
    pub dst: Mac,
    /// IP source and destination.
    pub addrs: (Ipv4Addr, Ipv4Addr),
    /// UDP source and destination ports.
    pub ports: (u16, u16),
    /// The message.
    pub message: Message,
    /// The UDP checksum is to be wrong.
    pub bad_checksum: bool,
}

impl Parcel {
    /// Reads a frame; `None` where it holds no DHCPv4 over plain Ethernet.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let (dst, src) = (Mac::from_slice(frame)?, Mac::from_slice(frame.get(6..)?)?);
        let mut tags = Vec::new();
        let mut rest = frame.get(12..)?;
        while let [0x81, 0x00, a, b, inner @ ..] = rest {
            tags.extend([0x81, 0x00, *a, *b]);
            rest = inner;
        }
        let mut parcel = None;
        let mut walker = Walker::without_reassembly(Ports::default());
        walker.walk(LinkType::ETHERNET, frame, frame.len(), 0, |datagram| {
            if !datagram.quoted
                && let (Protocol::Dhcpv4, Some(ip), Some(udp)) =
                    (datagram.protocol, datagram.ip, datagram.udp)
                && let (IpAddr::V4(from), IpAddr::V4(to)) = (ip.src, ip.dst)
            {
                parcel = Some(Self {
                    tags: tags.clone(),
                    src,
                    dst,
                    addrs: (from, to),
                    ports: (udp.src_port, udp.dst_port),
                    message: Message::decode(datagram.payload),
                    bad_checksum: false,
                });
            }
        });
        parcel
    }

    /// The frame.
    pub fn frame(&self) -> Vec<u8> {
        let ethernet = EthernetHeader { dst: self.dst, src: self.src, tags: &self.tags };
        let ip = Ipv4Header::new(self.addrs.0, self.addrs.1);
        let mut out = Vec::new();
        ethernet.udp(&mut out, &ip, self.ports, |out| out.extend(self.message.encode_padded()));
        if self.bad_checksum {
            let at = self.tags.len().saturating_add(14 + 20 + 6);
            if let Some(field) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) {
                // Neither zero, which means "none", nor the right one.
                let right = u16::from_be_bytes(*field);
                *field = if right == 0x5555 { [0xaa, 0xaa] } else { [0x55, 0x55] };
            }
        }
        out
    }
}

/// The bytes of an 802.1Q tag.
pub fn tag(id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![0x81, 0x00, high, low]
}
