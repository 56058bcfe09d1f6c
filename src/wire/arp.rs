//! ARP for IPv4 over Ethernet (RFC 826), and its probes (RFC 5227).
//!
//! ```text
//!  0 hardware type (1)      6 operation
//!  2 protocol type (0x0800) 8 sender MAC  14 sender IP
//!  4 lengths (6, 4)        18 target MAC  24 target IP
//! ```

use std::net::Ipv4Addr;

use super::addr::Mac;

/// An ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// 1 asks, 2 answers; anything else is possible.
    pub operation: u16,
    /// Who sends it.
    pub sender_mac: Mac,
    /// The sender's address; zero in a probe (RFC 5227 §1.1).
    pub sender_ip: Ipv4Addr,
    /// Whom it is for; zero in a request.
    pub target_mac: Mac,
    /// The address asked for.
    pub target_ip: Ipv4Addr,
}

impl Arp {
    /// Bytes of the packet.
    pub const LEN: usize = 28;
    /// `operation` of a request.
    pub const REQUEST: u16 = 1;
    /// `operation` of a reply.
    pub const REPLY: u16 = 2;

    /// Asks who has `target`. A `sender` of zero makes it a probe (RFC 5227 §1.1).
    pub fn request(mac: Mac, sender: Ipv4Addr, target: Ipv4Addr) -> Self {
        Self {
            operation: Self::REQUEST,
            sender_mac: mac,
            sender_ip: sender,
            target_mac: Mac::ZERO,
            target_ip: target,
        }
    }

    /// The answer to this request: its target is at `mac`.
    #[must_use]
    pub fn reply(&self, mac: Mac) -> Self {
        Self {
            operation: Self::REPLY,
            sender_mac: mac,
            sender_ip: self.target_ip,
            target_mac: self.sender_mac,
            target_ip: self.sender_ip,
        }
    }

    /// Reads a packet; `None` when it is cut or not IPv4 over Ethernet.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::LEN] = bytes.first_chunk()?;
        if bytes.get(..6)? != [0, 1, 8, 0, 6, 4] {
            return None;
        }
        let ip = |at: usize| bytes.get(at..)?.first_chunk::<4>().copied().map(Ipv4Addr::from);
        Some(Self {
            operation: u16::from_be_bytes([bytes[6], bytes[7]]),
            sender_mac: Mac::from_slice(bytes.get(8..)?)?,
            sender_ip: ip(14)?,
            target_mac: Mac::from_slice(bytes.get(18..)?)?,
            target_ip: ip(24)?,
        })
    }

    /// The bytes of the packet.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::LEN);
        out.extend([0, 1, 8, 0, 6, 4]);
        out.extend(self.operation.to_be_bytes());
        out.extend(self.sender_mac.0);
        out.extend(self.sender_ip.octets());
        out.extend(self.target_mac.0);
        out.extend(self.target_ip.octets());
        out
    }

    /// True when it asks who has an address.
    pub fn is_request(&self) -> bool {
        self.operation == Self::REQUEST
    }

    /// True when somebody other than `mac` uses or probes for `address` (RFC 5227 §2.1.1).
    pub fn conflicts(&self, address: Ipv4Addr, mac: Mac) -> bool {
        let uses = self.sender_ip == address;
        let probes = self.is_request() && self.sender_ip.is_unspecified() && self.target_ip == address;
        self.sender_mac != mac && (uses || probes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn ip(last: u8) -> Ipv4Addr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn reads_what_it_writes_and_no_prefix_of_it() {
        let arp = Arp::request(US, ip(1), ip(2));
        let bytes = arp.encode();
        assert_eq!(bytes.len(), Arp::LEN);
        assert_eq!(Arp::decode(&bytes), Some(arp));
        for len in 0..bytes.len() {
            assert_eq!(Arp::decode(&bytes[..len]), None);
        }
        let mut token_ring = bytes;
        token_ring[1] = 6;
        assert_eq!(Arp::decode(&token_ring), None);
    }

    #[test]
    fn a_reply_swaps_the_sides() {
        let reply = Arp::request(US, ip(1), ip(2)).reply(THEM);
        assert_eq!((reply.sender_mac, reply.sender_ip), (THEM, ip(2)));
        assert_eq!((reply.target_mac, reply.target_ip), (US, ip(1)));
    }

    #[test]
    fn a_conflict_is_use_or_a_probe_by_another() {
        let used = Arp::request(US, Ipv4Addr::UNSPECIFIED, ip(9)).reply(THEM);
        assert!(used.conflicts(ip(9), US));
        assert!(!used.conflicts(ip(9), THEM));
        assert!(Arp::request(THEM, Ipv4Addr::UNSPECIFIED, ip(9)).conflicts(ip(9), US));
        assert!(!Arp::request(THEM, ip(1), ip(9)).conflicts(ip(9), US), "a server that merely asks");
    }
}
