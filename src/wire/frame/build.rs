//! Frames that are sent: Ethernet with VLAN tags around IPv4 and UDP, ICMP or ARP, written straight into a buffer that may
//! hold others before it.

use std::net::Ipv4Addr;
use std::ops::Range;

use super::checksum::Sum;
use super::numbers::{
    self, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN, ICMP, TCP, UDP,
};
use crate::wire::addr::Mac;
use crate::wire::arp::Arp;

pub use super::build6::Ipv6Header;

/// An Ethernet frame without its checksum is padded to this (IEEE 802.3 §3.2.8).
pub const MIN_FRAME: usize = 60;
/// Bytes of an IPv4 header without options, as it is written here.
pub const IPV4_LEN: usize = 20;
/// Bytes of a UDP header.
pub const UDP_LEN: usize = 8;

/// TCP (RFC 9293 §3.1), as far as one question and its answer take it.
pub mod tcp {
    /// The sender has no more to say.
    pub const FIN: u8 = 1;
    /// A connection is wanted.
    pub const SYN: u8 = 2;
    /// There is no such connection any more.
    pub const RST: u8 = 4;
    /// Hand it over at once.
    pub const PSH: u8 = 8;
    /// The acknowledgment number counts.
    pub const ACK: u8 = 16;

    /// A header without options.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Header {
        /// Source and destination.
        pub ports: (u16, u16),
        /// Sequence number.
        pub seq: u32,
        /// Acknowledgment number.
        pub ack: u32,
        /// Flags.
        pub flags: u8,
    }
}

/// The Ethernet header of a frame.
#[derive(Clone, Copy, Debug)]
pub struct EthernetHeader<'a> {
    /// Receiver.
    pub dst: Mac,
    /// Sender.
    pub src: Mac,
    /// VLAN tags as they lie in the frame, four bytes each.
    pub tags: &'a [u8],
}

/// The IPv4 header of a packet; there are no options.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4Header {
    /// Source.
    pub src: Ipv4Addr,
    /// Destination.
    pub dst: Ipv4Addr,
    /// Time to live.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
    /// Identification.
    pub id: u16,
    /// It must not be cut into pieces on its way.
    pub dont_fragment: bool,
}

impl Ipv4Header {
    /// A packet that says nothing unusual.
    pub fn new(src: Ipv4Addr, dst: Ipv4Addr) -> Self {
        Self { src, dst, ttl: 64, tos: 0, id: 0, dont_fragment: true }
    }
}

/// Appends a UDP datagram. `sum` is that of the datagram and its pseudo-header.
pub(super) fn udp(
    out: &mut Vec<u8>,
    ports: (u16, u16),
    payload: impl FnOnce(&mut Vec<u8>),
    sum: impl FnOnce(&[u8]) -> Sum,
) {
    let start = out.len();
    for port in [ports.0, ports.1] {
        out.extend(port.to_be_bytes());
    }
    out.extend([0; 4]);
    payload(out);
    let length = out.len().saturating_sub(start);
    patch(out, start.saturating_add(4), length_of(length));
    let sum = sum(out.get(start..).unwrap_or(&[]));
    patch(out, start.saturating_add(6), sum.udp_checksum());
}

impl EthernetHeader<'_> {
    /// Appends a frame with the UDP datagram whose payload `payload` appends. Returns where the frame lies.
    pub fn udp(
        &self,
        out: &mut Vec<u8>,
        ip: &Ipv4Header,
        ports: (u16, u16),
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        self.ipv4(out, ip, UDP, |out| {
            udp(out, ports, payload, |datagram| {
                let sum = Sum::default().add_bytes(datagram);
                let length = datagram.len().min(usize::from(u16::MAX));
                sum.add_pseudo_header(ip.src.into(), ip.dst.into(), UDP, length).unwrap_or(sum)
            });
        })
    }

    /// Appends a frame with a TCP segment. Returns where the frame lies.
    pub fn tcp(
        &self,
        out: &mut Vec<u8>,
        ip: &Ipv4Header,
        header: &tcp::Header,
        payload: &[u8],
    ) -> Range<usize> {
        self.ipv4(out, ip, TCP, |out| {
            let start = out.len();
            for port in [header.ports.0, header.ports.1] {
                out.extend(port.to_be_bytes());
            }
            out.extend(header.seq.to_be_bytes());
            out.extend(header.ack.to_be_bytes());
            // Five words of header, and a window of 8 KiB.
            out.extend([0x50, header.flags, 0x20, 0, 0, 0, 0, 0]);
            out.extend(payload);
            let length = out.len().saturating_sub(start);
            let sum = Sum::default().add_bytes(out.get(start..).unwrap_or(&[]));
            let whole =
                sum.add_pseudo_header(ip.src.into(), ip.dst.into(), TCP, length.min(usize::from(u16::MAX)));
            patch(out, start.saturating_add(16), whole.unwrap_or(sum).checksum());
        })
    }

    /// Appends a frame with an ICMP message of this type; `body` is what stands behind its checksum. Returns where the frame lies.
    pub fn icmp(&self, out: &mut Vec<u8>, ip: &Ipv4Header, kind: u8, body: &[u8]) -> Range<usize> {
        self.icmp_of(out, ip, [kind, 0], body)
    }

    /// Appends a frame with an ICMP "destination unreachable" of this code about `packet`, an IPv4 packet of which as much is
    /// quoted as RFC 1812 §4.3.2.3 allows. Returns where the frame lies.
    pub fn unreachable(&self, out: &mut Vec<u8>, ip: &Ipv4Header, code: u8, packet: &[u8]) -> Range<usize> {
        let mut body = vec![0; 4];
        body.extend(packet.iter().take(548));
        self.icmp_of(out, ip, [numbers::icmp::UNREACHABLE, code], &body)
    }

    fn icmp_of(&self, out: &mut Vec<u8>, ip: &Ipv4Header, kind: [u8; 2], body: &[u8]) -> Range<usize> {
        self.ipv4(out, ip, ICMP, |out| {
            let icmp = out.len();
            out.extend(kind);
            out.extend([0, 0]);
            out.extend(body);
            let sum = Sum::default().add_bytes(out.get(icmp..).unwrap_or(&[]));
            patch(out, icmp.saturating_add(2), sum.checksum());
        })
    }

    /// Appends a frame with an ARP packet. Returns where the frame lies.
    pub fn arp(&self, out: &mut Vec<u8>, arp: &Arp) -> Range<usize> {
        let start = out.len();
        self.header(out, ETHERTYPE_ARP);
        out.extend(arp.encode());
        start..out.len()
    }

    fn ipv4(
        &self,
        out: &mut Vec<u8>,
        ip: &Ipv4Header,
        protocol: u8,
        body: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        let start = out.len();
        self.header(out, ETHERTYPE_IPV4);
        let at = out.len();
        out.extend([0x45, ip.tos, 0, 0]);
        out.extend(ip.id.to_be_bytes());
        out.extend([if ip.dont_fragment { 0x40 } else { 0 }, 0, ip.ttl, protocol, 0, 0]);
        out.extend(ip.src.octets());
        out.extend(ip.dst.octets());
        let behind = out.len();
        body(out);
        let total = length_of(out.len().saturating_sub(at));
        patch(out, at.saturating_add(2), total);
        let header = Sum::default().add_bytes(out.get(at..behind).unwrap_or(&[]));
        patch(out, at.saturating_add(10), header.checksum());
        start..out.len()
    }

    pub(super) fn header(&self, out: &mut Vec<u8>, ether_type: u16) {
        out.extend(self.dst.0);
        out.extend(self.src.0);
        out.extend(self.tags);
        out.extend(ether_type.to_be_bytes());
    }
}

/// VLAN tags of these identifiers, outermost first: all but the innermost are service tags (IEEE 802.1ad).
pub fn tags(ids: &[u16]) -> Vec<u8> {
    let mut tags = Vec::with_capacity(ids.len().saturating_mul(4));
    for (index, id) in ids.iter().enumerate() {
        let outer = index.saturating_add(1) < ids.len();
        let ether_type = if outer { ETHERTYPE_SERVICE_VLAN } else { ETHERTYPE_VLAN };
        tags.extend(ether_type.to_be_bytes());
        tags.extend(id.to_be_bytes());
    }
    tags
}

/// Everything that stands around a DHCP message on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Ethernet source.
    pub src_mac: Mac,
    /// Ethernet destination.
    pub dst_mac: Mac,
    /// VLAN identifiers, outermost first. Two make an 802.1ad service tag around an 802.1Q one.
    pub vlans: Vec<u16>,
    /// IPv4 source.
    pub src_ip: Ipv4Addr,
    /// IPv4 destination.
    pub dst_ip: Ipv4Addr,
    /// IPv4 time to live.
    pub ttl: u8,
    /// IPv4 identification.
    pub ip_id: u16,
    /// UDP source port.
    pub src_port: u16,
    /// UDP destination port.
    pub dst_port: u16,
}

impl Envelope {
    /// A client's broadcast: 0.0.0.0:68 to 255.255.255.255:67 (RFC 2131 §4.1).
    pub fn broadcast(src_mac: Mac) -> Self {
        Self {
            src_mac,
            dst_mac: Mac::BROADCAST,
            vlans: Vec::new(),
            src_ip: Ipv4Addr::UNSPECIFIED,
            dst_ip: Ipv4Addr::BROADCAST,
            ttl: 64,
            ip_id: 0,
            src_port: 68,
            dst_port: 67,
        }
    }

    /// The whole frame around `payload`, checksums filled in, short frames padded.
    pub fn frame(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(payload.len().saturating_add(64));
        let ethernet = EthernetHeader { dst: self.dst_mac, src: self.src_mac, tags: &tags(&self.vlans) };
        // "Low delay", and no word about fragments: as other DHCP clients have it.
        let (tos, dont_fragment) = (0x10, false);
        let ip = Ipv4Header {
            src: self.src_ip,
            dst: self.dst_ip,
            ttl: self.ttl,
            tos,
            id: self.ip_id,
            dont_fragment,
        };
        ethernet.udp(&mut out, &ip, (self.src_port, self.dst_port), |out| out.extend(payload));
        pad(&mut out);
        out
    }

    /// Bytes of the IPv4 packet around a payload of `len` bytes: what an MTU limits.
    pub fn packet_len(len: usize) -> usize {
        len.saturating_add(UDP_LEN).saturating_add(IPV4_LEN)
    }
}

/// The frame that carries `arp` from `src` to `dst`.
pub fn arp_frame(arp: &Arp, src: Mac, dst: Mac, vlans: &[u16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MIN_FRAME);
    EthernetHeader { dst, src, tags: &tags(vlans) }.arp(&mut out, arp);
    pad(&mut out);
    out
}

/// Overwrites a 16-bit field.
pub fn patch(out: &mut [u8], at: usize, value: u16) {
    if let Some(field) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) {
        *field = value.to_be_bytes();
    }
}

/// Fills a short frame up to the least that Ethernet carries.
pub fn pad(out: &mut Vec<u8>) {
    if out.len() < MIN_FRAME {
        out.resize(MIN_FRAME, 0);
    }
}

pub(super) fn length_of(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Envelope {
        Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]))
    }

    fn sum(bytes: &[u8]) -> Sum {
        Sum::default().add_bytes(bytes)
    }

    #[test]
    fn lengths_and_checksums_fit() {
        for payload in [&[0x63_u8; 300][..], &[7; 301], &[1], &[]] {
            let frame = sample().frame(payload);
            assert_eq!(frame.len(), (42 + payload.len()).max(MIN_FRAME));
            assert_eq!(sum(&frame[14..34]).checksum(), 0, "IPv4 header");
            let udp = &frame[34..42 + payload.len()];
            let whole =
                sum(udp).add_pseudo_header(sample().src_ip.into(), sample().dst_ip.into(), 17, udp.len());
            assert_eq!(whole.unwrap().checksum(), 0, "UDP");
            assert_eq!(frame[16..18], u16::try_from(28 + payload.len()).unwrap().to_be_bytes());
        }
    }

    #[test]
    fn tags_stand_between_the_addresses_and_the_type() {
        let mut envelope = sample();
        envelope.vlans = vec![100];
        assert_eq!(envelope.frame(&[0; 300])[12..18], [0x81, 0, 0, 100, 8, 0]);
        envelope.vlans = vec![7, 100];
        assert_eq!(envelope.frame(&[0; 300])[12..22], [0x88, 0xa8, 0, 7, 0x81, 0, 0, 100, 8, 0]);
    }

    #[test]
    fn a_payload_that_no_packet_can_hold_does_not_panic() {
        assert_eq!(sample().frame(&vec![0; 70_000])[16..18], [0xff, 0xff]);
    }

    #[test]
    fn arp_is_padded() {
        let arp = Arp::request(Mac([2; 6]), [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let frame = arp_frame(&arp, Mac([2; 6]), Mac::BROADCAST, &[]);
        assert_eq!(frame.len(), MIN_FRAME);
        assert_eq!(Arp::decode(&frame[14..]), Some(arp));
    }

    #[test]
    fn a_segment_reads_as_it_was_written() {
        use super::super::peek;
        let (from, to) = (std::net::Ipv4Addr::new(10, 0, 0, 1), std::net::Ipv4Addr::new(10, 0, 0, 2));
        let header =
            tcp::Header { ports: (41_069, 80), seq: 0xffff_fff0, ack: 7, flags: tcp::PSH | tcp::ACK };
        let mut frame = Vec::new();
        let ethernet = EthernetHeader { dst: Mac::BROADCAST, src: Mac::ZERO, tags: &[] };
        ethernet.tcp(&mut frame, &Ipv4Header::new(from, to), &header, b"HEAD / HTTP/1.1");
        let whole = sum(&frame[34..]).add_pseudo_header(from.into(), to.into(), 6, frame.len() - 34).unwrap();
        assert_eq!(whole.checksum(), 0);
        let read = peek::Ethernet::read(&frame).unwrap().ipv4().unwrap().tcp().unwrap();
        assert_eq!((read.src_port, read.dst_port, read.seq, read.ack), (41_069, 80, 0xffff_fff0, 7));
        assert_eq!((read.flags, read.payload), (header.flags, &b"HEAD / HTTP/1.1"[..]));
        for cut in 0..frame.len() {
            let _ = peek::Ethernet::read(&frame[..cut]).and_then(|frame| frame.ipv4()?.tcp().map(|_| ()));
        }
    }

    #[test]
    fn frames_stand_one_behind_the_other() {
        let ethernet = EthernetHeader { dst: Mac::BROADCAST, src: Mac::ZERO, tags: &[0x81, 0, 0, 5] };
        let ip = Ipv4Header::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let mut out = vec![9; 3];
        let echo = ethernet.icmp(&mut out, &ip, 8, b"abcd1");
        let datagram = ethernet.udp(&mut out, &ip, (67, 68), |out| out.extend([0xa5; 5]));
        assert_eq!((echo.start, echo.end, datagram.start), (3, 50, 50));
        let (echo, datagram) = (&out[echo], &out[datagram]);
        assert_eq!(echo[16..18], [8, 0]);
        assert_eq!((sum(&echo[18..38]).checksum(), sum(&echo[38..]).checksum()), (0, 0));
        let whole = sum(&datagram[38..]).add_pseudo_header(ip.src.into(), ip.dst.into(), 17, 13).unwrap();
        assert_eq!(whole.checksum(), 0);
    }
}
