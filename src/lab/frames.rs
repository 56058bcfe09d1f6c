//! Frames that the far end sends: written straight into one growing buffer, no allocation per frame.

use std::net::Ipv4Addr;
use std::ops::Range;

use crate::wire::Mac;

/// The headers of a frame that carries UDP.
#[derive(Clone, Copy, Debug)]
pub struct UdpHeaders<'a> {
    /// VLAN tags as they lie in the frame.
    pub tags: &'a [u8],
    /// Sender's hardware address.
    pub src: Mac,
    /// Receiver's hardware address.
    pub dst: Mac,
    /// Source and destination.
    pub addrs: (Ipv4Addr, Ipv4Addr),
    /// Source and destination ports.
    pub ports: (u16, u16),
    /// Time to live.
    pub ttl: u8,
}

const IP_LEN: usize = 20;

impl UdpHeaders<'_> {
    /// Appends a frame to `out`; `payload` appends the message. Returns where the frame lies.
    pub fn write(&self, out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = out.len();
        link_header(out, self.dst, self.src, self.tags, 0x0800);
        let ip = out.len();
        out.extend([0x45, 0, 0, 0, 0, 0, 0x40, 0, self.ttl, 17, 0, 0]);
        out.extend(self.addrs.0.octets());
        out.extend(self.addrs.1.octets());
        let udp = out.len();
        out.extend(self.ports.0.to_be_bytes());
        out.extend(self.ports.1.to_be_bytes());
        out.extend([0; 4]);
        payload(out);
        let udp_len = length_of(out.len().saturating_sub(udp));
        patch(out, udp.saturating_add(4), udp_len);
        patch(out, ip.saturating_add(2), udp_len.saturating_add(length_of(IP_LEN)));
        let header = checksum(0, out.get(ip..udp).unwrap_or(&[]));
        patch(out, ip.saturating_add(10), header);
        let pseudo = sum(0, out.get(ip.saturating_add(12)..udp).unwrap_or(&[]))
            .saturating_add(17)
            .saturating_add(u64::from(udp_len));
        // Zero means "none"; the other zero of ones' complement is sent instead (RFC 768).
        let body = match checksum(pseudo, out.get(udp..).unwrap_or(&[])) {
            0 => 0xffff,
            other => other,
        };
        patch(out, udp.saturating_add(6), body);
        start..out.len()
    }
}

/// Appends an ARP packet for IPv4 over Ethernet.
pub fn write_arp(
    out: &mut Vec<u8>,
    tags: &[u8],
    dst: Mac,
    operation: u16,
    sender: (Mac, Ipv4Addr),
    target: (Mac, Ipv4Addr),
) -> Range<usize> {
    let start = out.len();
    link_header(out, dst, sender.0, tags, 0x0806);
    out.extend([0, 1, 8, 0, 6, 4]);
    out.extend(operation.to_be_bytes());
    for (mac, addr) in [sender, target] {
        out.extend(mac.0);
        out.extend(addr.octets());
    }
    start..out.len()
}

/// Appends an ICMP echo request (8) or reply (0); `body` is identifier, sequence number and data.
pub fn write_echo(
    out: &mut Vec<u8>,
    tags: &[u8],
    (dst, src): (Mac, Mac),
    addrs: (Ipv4Addr, Ipv4Addr),
    kind: u8,
    body: &[u8],
) -> Range<usize> {
    let start = out.len();
    link_header(out, dst, src, tags, 0x0800);
    let ip = out.len();
    out.extend([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 1, 0, 0]);
    out.extend(addrs.0.octets());
    out.extend(addrs.1.octets());
    let icmp = out.len();
    out.extend([kind, 0, 0, 0]);
    out.extend(body);
    let total = length_of(out.len().saturating_sub(ip));
    patch(out, ip.saturating_add(2), total);
    let header = checksum(0, out.get(ip..icmp).unwrap_or(&[]));
    patch(out, ip.saturating_add(10), header);
    let whole = checksum(0, out.get(icmp..).unwrap_or(&[]));
    patch(out, icmp.saturating_add(2), whole);
    start..out.len()
}

fn link_header(out: &mut Vec<u8>, dst: Mac, src: Mac, tags: &[u8], ether_type: u16) {
    out.extend(dst.0);
    out.extend(src.0);
    out.extend(tags);
    out.extend(ether_type.to_be_bytes());
}

fn length_of(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Overwrites a 16-bit field.
pub fn patch(out: &mut [u8], at: usize, value: u16) {
    if let Some(field) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) {
        *field = value.to_be_bytes();
    }
}

/// The ones' complement checksum (RFC 1071) of `bytes` on top of a partial sum.
fn checksum(partial: u64, bytes: &[u8]) -> u16 {
    let mut total = sum(partial, bytes);
    while total > 0xffff {
        total = (total >> 16).saturating_add(total & 0xffff);
    }
    !u16::try_from(total).unwrap_or(0)
}

/// Sums 16-bit words; four bytes at a time, because the carries of a frame fit 64 bits easily.
fn sum(partial: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let whole =
        words.iter().fold(partial, |total, word| total.wrapping_add(u64::from(u32::from_be_bytes(*word))));
    let mut last = [0; 4];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    whole.wrapping_add(u64::from(u32::from_be_bytes(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_verify() {
        let headers = UdpHeaders {
            tags: &[],
            src: Mac([2, 0, 0, 0, 0, 1]),
            dst: Mac::BROADCAST,
            addrs: ([10, 0, 0, 1].into(), [255; 4].into()),
            ports: (67, 68),
            ttl: 64,
        };
        for length in 0..9 {
            let mut out = vec![9; 3];
            let span = headers.write(&mut out, |out| out.extend((0_u8..length).map(|byte| byte ^ 0xa5)));
            let frame = out.get(span).unwrap();
            assert_eq!(frame.len(), 42 + usize::from(length));
            assert_eq!(checksum(0, &frame[14..34]), 0, "header");
            let pseudo = sum(0, &frame[26..34]) + 17 + u64::from(length) + 8;
            assert_eq!(checksum(pseudo, &frame[34..]), 0, "datagram of {length}");
        }
    }

    #[test]
    fn the_known_vector_of_rfc_1071() {
        assert_eq!(checksum(0, &[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn an_echo_verifies() {
        let mut out = Vec::new();
        let macs = (Mac::BROADCAST, Mac::ZERO);
        let span = write_echo(
            &mut out,
            &[0x81, 0, 0, 5],
            macs,
            ([10, 0, 0, 1].into(), [10, 0, 0, 2].into()),
            8,
            b"abcd1",
        );
        let frame = out.get(span).unwrap();
        assert_eq!(checksum(0, &frame[38..]), 0);
        assert_eq!(frame[16..18], [8, 0]);
    }
}
