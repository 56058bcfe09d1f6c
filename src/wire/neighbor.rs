//! Neighbor solicitations and advertisements (RFC 4861 §4.3, §4.4): the ARP of IPv6. The whole ICMPv6 message, its type first.
//!
//! ```text
//!  0 type (135, 136)   2 checksum          8 target address
//!  1 code (0)          4 flags of an answer 24 options: 1 source, 2 target link-layer address
//! ```

use std::net::Ipv6Addr;

use super::addr::Mac;

/// ICMPv6 type of a neighbor solicitation.
pub const NEIGHBOR_SOLICITATION: u8 = 135;
/// ICMPv6 type of a neighbor advertisement.
pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;

/// Option 1 of a solicitation: where the asker is.
const SOURCE: u8 = 1;
/// Option 2 of an advertisement: where the target is.
const TARGET: u8 = 2;

/// Bits of an advertisement's flags.
pub mod flag {
    /// A router sends it.
    pub const ROUTER: u8 = 0x80;
    /// It answers a solicitation.
    pub const SOLICITED: u8 = 0x40;
    /// It replaces what was known before.
    pub const OVERRIDE: u8 = 0x20;
}

/// A neighbor solicitation or advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbor {
    /// It asks; else it answers.
    pub asks: bool,
    /// The flags of an answer; zero in a question.
    pub flags: u8,
    /// The address asked for.
    pub target: Ipv6Addr,
    /// Where the asker, in an answer the target, is; a question from `::` has none.
    pub link_layer: Option<Mac>,
}

impl Neighbor {
    /// Asks who has `target`; `source` is left out by who asks from `::` (RFC 4862 §5.4.2).
    pub fn solicitation(target: Ipv6Addr, source: Option<Mac>) -> Self {
        Self { asks: true, flags: 0, target, link_layer: source }
    }

    /// The answer to this question: its target is at `mac`. `asker` is the source address of the question: one that asks from
    /// `::` is answered to everybody, and such an answer is not a solicited one (RFC 4861 §7.2.4).
    #[must_use]
    pub fn answer(&self, mac: Mac, asker: Ipv6Addr) -> Self {
        let solicited = if asker.is_unspecified() { 0 } else { flag::SOLICITED };
        Self { asks: false, flags: solicited | flag::OVERRIDE, target: self.target, link_layer: Some(mac) }
    }

    /// Reads a message; `None` when it is another one, cut, or one that hosts discard (RFC 4861 §7.1).
    pub fn decode(message: &[u8]) -> Option<Self> {
        let (&[kind, code, _, _, flags, _, _, _], rest) = message.split_first_chunk()?;
        let (target, mut options) = rest.split_first_chunk::<16>()?;
        let asks = match kind {
            NEIGHBOR_SOLICITATION => true,
            NEIGHBOR_ADVERTISEMENT => false,
            _ => return None,
        };
        let target = Ipv6Addr::from(*target);
        if code != 0 || target.is_multicast() {
            return None;
        }
        let wanted = if asks { SOURCE } else { TARGET };
        let mut link_layer = None;
        while !options.is_empty() {
            let (&[option, units], body) = options.split_first_chunk()?;
            let length = usize::from(units).checked_mul(8)?.checked_sub(2)?;
            let (data, next) = body.split_at_checked(length)?;
            if option == wanted {
                link_layer = link_layer.or(Mac::from_slice(data));
            }
            options = next;
        }
        Some(Self { asks, flags: if asks { 0 } else { flags }, target, link_layer })
    }

    /// The bytes of the message; its checksum is left to who sends it.
    pub fn encode(&self) -> Vec<u8> {
        let kind = if self.asks { NEIGHBOR_SOLICITATION } else { NEIGHBOR_ADVERTISEMENT };
        let mut out = vec![kind, 0, 0, 0, self.flags, 0, 0, 0];
        out.extend(self.target.octets());
        if let Some(mac) = self.link_layer {
            out.extend([if self.asks { SOURCE } else { TARGET }, 1]);
            out.extend(mac.0);
        }
        out
    }
}

/// The group where somebody listens who has `addr` (RFC 4291 §2.7.1).
pub fn solicited_node(addr: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = addr.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, u16::from_be_bytes([0xff, a]), u16::from_be_bytes([b, c]))
}

/// The link-local address that an interface makes of its hardware address: a modified EUI-64 (RFC 4291 §2.5.6, Appendix A).
pub fn link_local(Mac([a, b, c, d, e, f]): Mac) -> Ipv6Addr {
    Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);

    #[test]
    fn what_is_written_is_read() {
        let target = link_local(MAC);
        assert_eq!(target.to_string(), "fe80::dc:ff:fe00:5");
        assert_eq!(solicited_node(target).to_string(), "ff02::1:ff00:5");
        for asks in [Neighbor::solicitation(target, Some(Mac([2; 6]))), Neighbor::solicitation(target, None)]
        {
            assert_eq!(Neighbor::decode(&asks.encode()), Some(asks));
            let answer = asks.answer(MAC, target);
            assert_eq!((answer.flags, answer.link_layer), (0x60, Some(MAC)));
            assert_eq!(Neighbor::decode(&answer.encode()), Some(answer));
            assert_eq!(asks.answer(MAC, Ipv6Addr::UNSPECIFIED).flags, flag::OVERRIDE);
        }
    }

    #[test]
    fn what_is_cut_or_strange_is_nothing() {
        let bytes = Neighbor::solicitation(link_local(MAC), Some(MAC)).encode();
        for len in 0..bytes.len() {
            let whole = len == 24;
            assert_eq!(Neighbor::decode(&bytes[..len]).is_some(), whole, "{len}");
        }
        let mut zero = bytes.clone();
        zero[25] = 0;
        assert_eq!(Neighbor::decode(&zero), None, "a length of nothing");
        let mut group = bytes;
        group[8] = 0xff;
        assert_eq!(Neighbor::decode(&group), None);
    }
}
