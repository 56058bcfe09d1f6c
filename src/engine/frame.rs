//! From a message to the frame that carries it.

use std::net::Ipv4Addr;

use crate::wire::Mac;
use crate::wire::arp::Arp;

const TYPE_IPV4: [u8; 2] = [0x08, 0x00];
const TYPE_ARP: [u8; 2] = [0x08, 0x06];
/// IEEE 802.1Q tag.
const TYPE_VLAN: [u8; 2] = [0x81, 0x00];
/// IEEE 802.1ad service tag, the outer one of two.
const TYPE_SERVICE_VLAN: [u8; 2] = [0x88, 0xa8];
/// An Ethernet frame without its checksum is padded to this (IEEE 802.3 §3.2.8).
pub const MIN_FRAME: usize = 60;
const IPV4_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const PROTOCOL_UDP: u8 = 17;

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
        link_header(&mut out, self.dst_mac, self.src_mac, &self.vlans, TYPE_IPV4);
        let udp_len = length(payload.len().saturating_add(UDP_HEADER));
        let total = length(payload.len().saturating_add(UDP_HEADER).saturating_add(IPV4_HEADER));

        let mut ip = Vec::with_capacity(IPV4_HEADER);
        ip.extend([0x45, 0x10]); // No options; "low delay", as other DHCP clients have it.
        ip.extend(total.to_be_bytes());
        ip.extend(self.ip_id.to_be_bytes());
        ip.extend([0, 0, self.ttl, PROTOCOL_UDP, 0, 0]);
        ip.extend(self.src_ip.octets());
        ip.extend(self.dst_ip.octets());
        let sum = checksum(&[&ip]);
        out.extend(ip.get(..10).unwrap_or(&[]));
        out.extend(sum.to_be_bytes());
        out.extend(ip.get(12..).unwrap_or(&[]));

        let mut udp = Vec::with_capacity(UDP_HEADER);
        udp.extend(self.src_port.to_be_bytes());
        udp.extend(self.dst_port.to_be_bytes());
        udp.extend(udp_len.to_be_bytes());
        let [high, low] = udp_len.to_be_bytes();
        let (src, dst) = (self.src_ip.octets(), self.dst_ip.octets());
        let sum = match checksum(&[&src, &dst, &[0, PROTOCOL_UDP, high, low], &udp, &[0, 0], payload]) {
            // Zero means "none"; its other spelling in one's complement is all ones (RFC 768).
            0 => u16::MAX,
            sum => sum,
        };
        out.extend(udp);
        out.extend(sum.to_be_bytes());
        out.extend(payload);
        pad(&mut out);
        out
    }

    /// Bytes of the IPv4 packet around a payload of `len` bytes: what an MTU limits.
    pub fn packet_len(len: usize) -> usize {
        len.saturating_add(UDP_HEADER).saturating_add(IPV4_HEADER)
    }
}

/// The frame that carries `arp` from `src` to `dst`.
pub fn arp_frame(arp: &Arp, src: Mac, dst: Mac, vlans: &[u16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MIN_FRAME);
    link_header(&mut out, dst, src, vlans, TYPE_ARP);
    out.extend(arp.encode());
    pad(&mut out);
    out
}

fn link_header(out: &mut Vec<u8>, dst: Mac, src: Mac, vlans: &[u16], ether_type: [u8; 2]) {
    out.extend(dst.0);
    out.extend(src.0);
    for (index, id) in vlans.iter().enumerate() {
        let outer = index.saturating_add(1) < vlans.len();
        out.extend(if outer { TYPE_SERVICE_VLAN } else { TYPE_VLAN });
        out.extend(id.to_be_bytes());
    }
    out.extend(ether_type);
}

fn pad(out: &mut Vec<u8>) {
    if out.len() < MIN_FRAME {
        out.resize(MIN_FRAME, 0);
    }
}

fn length(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

/// The Internet checksum (RFC 1071) over the parts in turn; all but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            let word = match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                [high] => u16::from_be_bytes([high, 0]),
                _ => 0,
            };
            sum = sum.saturating_add(u32::from(word));
        }
    }
    while let high @ 1.. = sum >> 16 {
        sum = (sum & 0xffff).saturating_add(high);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Envelope {
        Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1]))
    }

    #[test]
    fn lengths_and_checksums_fit() {
        for payload in [&[0x63_u8; 300][..], &[7; 301], &[1], &[]] {
            let frame = sample().frame(payload);
            assert_eq!(frame.len(), (42 + payload.len()).max(MIN_FRAME));
            assert_eq!(checksum(&[&frame[14..34]]), 0, "IPv4 header");
            let udp = &frame[34..42 + payload.len()];
            let len = u16::try_from(udp.len()).unwrap().to_be_bytes();
            assert_eq!(checksum(&[&frame[26..34], &[0, 17], &len, udp]), 0, "UDP");
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
}
