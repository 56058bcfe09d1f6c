//! What a machine that boots from the network finds: a boot server with a file, or without it.

use std::net::Ipv4Addr;

use super::parcel::Parcel;
use crate::wire::Mac;
use crate::wire::frame::build::{EthernetHeader, Ipv4Header, tcp};
use crate::wire::frame::peek;
use crate::wire::v4::MessageType;

/// The boot server.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 69);
/// Its network card.
pub(super) const SERVER_MAC: Mac = Mac([2, 0, 0, 0, 4, 0x69]);
/// The port of the boot service (PXE specification 2.1 §2.2.3).
pub(super) const MENU_PORT: u16 = 4011;

/// What can be had from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// By HTTP; otherwise by TFTP.
    pub http: bool,
    /// The file is there.
    pub there: bool,
    /// The file is named on port 4011 alone.
    pub menu: bool,
}

impl Boot {
    /// Names the file in a reply that is to name it.
    pub fn name(self, reply: &mut Parcel) {
        let kind = reply.message.message_type();
        let gives = matches!(kind, Some(MessageType::OFFER | MessageType::ACK));
        let is_menu = reply.ports.0 == MENU_PORT;
        if !gives || self.menu != is_menu || (!is_menu && reply.message.yiaddr.is_unspecified()) {
            return;
        }
        reply.message.siaddr = SERVER;
        let name: &[u8] = if self.http { b"http://10.0.0.69/pxe/boot.efi" } else { b"pxe/boot.efi" };
        reply.message.file = [0; 128];
        for (to, from) in reply.message.file.iter_mut().zip(name) {
            *to = *from;
        }
    }

    /// The boot server's answer to a frame of the near end.
    pub fn answer(self, frame: &[u8]) -> Option<Vec<u8>> {
        let ethernet = peek::Ethernet::read(frame)?;
        let ip = ethernet.ipv4().filter(|ip| ip.dst == SERVER)?;
        let back = EthernetHeader { dst: ethernet.src, src: SERVER_MAC, tags: ethernet.tags };
        let to = Ipv4Header::new(SERVER, ip.src);
        let mut out = Vec::new();
        if let Some(udp) = ip.udp().filter(|udp| udp.dst_port == 69 && !self.http) {
            // A read request is answered from a port of its own (RFC 1350 §4).
            udp.payload.strip_prefix(&[0, 1])?;
            let block = [&[0, 3, 0, 1][..], &[0x4d; 512]].concat();
            let payload = if self.there { block } else { b"\0\x05\0\x01File not found\0".to_vec() };
            back.udp(&mut out, &to, (40_069, udp.src_port), |out| out.extend(payload));
            return Some(out);
        }
        let segment = ip.tcp().filter(|segment| segment.dst_port == 80 && self.http)?;
        let ports = (80, segment.src_port);
        if segment.flags & tcp::SYN != 0 {
            let header = tcp::Header {
                ports,
                seq: 7000,
                ack: segment.seq.wrapping_add(1),
                flags: tcp::SYN | tcp::ACK,
            };
            back.tcp(&mut out, &to, &header, &[]);
            return Some(out);
        }
        segment.payload.strip_prefix(b"HEAD ")?;
        let length = u32::try_from(segment.payload.len()).ok()?;
        let header = tcp::Header {
            ports,
            seq: segment.ack,
            ack: segment.seq.wrapping_add(length),
            flags: tcp::PSH | tcp::ACK,
        };
        let status = if self.there { "200 OK" } else { "404 Not Found" };
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: 1024\r\nConnection: close\r\n\r\n");
        back.tcp(&mut out, &to, &header, text.as_bytes());
        Some(out)
    }
}
