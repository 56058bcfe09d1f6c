//! The view of a DHCPv6 message: borrowed, judges nothing; what the bytes do not hold is `None`.

use std::net::Ipv6Addr;

use super::types::MessageType;

/// Bytes in front of the options of a client's or server's message (RFC 9915 §8).
pub const HEADER_LEN: usize = 4;
/// Bytes in front of the options of a relay message (§9).
pub const RELAY_HEADER_LEN: usize = 34;

/// A message as it lies in memory.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// A view of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// All of it.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The message type.
    pub fn message_type(&self) -> Option<MessageType> {
        self.bytes.first().copied().map(MessageType)
    }

    /// True for a message with a message inside.
    pub fn is_relay(&self) -> bool {
        self.message_type().is_some_and(MessageType::is_relay)
    }

    /// How many bytes stand in front of the options of such a message.
    pub fn header_len(&self) -> usize {
        if self.is_relay() { RELAY_HEADER_LEN } else { HEADER_LEN }
    }

    /// True when the header is there in full.
    pub fn has_header(&self) -> bool {
        self.bytes.len() >= self.header_len()
    }

    /// The transaction identifier, 24 bits; of a relay message none. In DHCPv4 inside DHCPv6 these are flags.
    pub fn xid(&self) -> Option<u32> {
        match self.bytes {
            [kind, a, b, c, ..] if !MessageType(*kind).is_relay() => {
                Some(u32::from_be_bytes([0, *a, *b, *c]))
            }
            _ => None,
        }
    }

    /// Relays passed, of a relay message.
    pub fn hop_count(&self) -> Option<u8> {
        if self.is_relay() { self.bytes.get(1).copied() } else { None }
    }

    /// An address of the client's link, of a relay message.
    pub fn link_address(&self) -> Option<Ipv6Addr> {
        self.address(2)
    }

    /// Who the relay got the message from, of a relay message.
    pub fn peer_address(&self) -> Option<Ipv6Addr> {
        self.address(18)
    }

    /// Everything behind the header.
    pub fn options(&self) -> &'a [u8] {
        self.bytes.get(self.header_len()..).unwrap_or(&[])
    }

    fn address(&self, at: usize) -> Option<Ipv6Addr> {
        let bytes: [u8; 16] = *self.bytes.get(at..)?.first_chunk()?;
        self.is_relay().then(|| bytes.into())
    }
}

/// One option of an options area: what is there of it, and whether that is all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawOption<'a> {
    /// Its code.
    pub code: u16,
    /// The length that its header says.
    pub declared: u16,
    /// The payload as far as it is there.
    pub data: &'a [u8],
    /// Where its code stands, in bytes from the beginning of the area.
    pub offset: usize,
}

impl RawOption<'_> {
    /// The area ends before the payload does.
    pub fn is_truncated(&self) -> bool {
        usize::from(self.declared) != self.data.len()
    }
}

/// The options of an area, one after the other; ends where fewer than four bytes are left.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Options<'a> {
    /// The options of `area`.
    pub fn new(area: &'a [u8]) -> Self {
        Self { rest: area, offset: 0 }
    }

    /// What is not read yet; at the end what is no option.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = RawOption<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawOption<'a>> {
        let (&[a, b, c, d], behind) = self.rest.split_first_chunk()?;
        let declared = u16::from_be_bytes([c, d]);
        let (data, rest) = behind.split_at_checked(declared.into()).unwrap_or((behind, &[]));
        let offset = self.offset;
        self.offset = offset.saturating_add(4).saturating_add(data.len());
        self.rest = rest;
        Some(RawOption { code: u16::from_be_bytes([a, b]), declared, data, offset })
    }
}

/// The payload of the first option of this code in `area` that is whole.
pub fn find(area: &[u8], code: u16) -> Option<&[u8]> {
    Options::new(area).find(|option| option.code == code && !option.is_truncated()).map(|option| option.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_has_only_what_it_holds() {
        let mut relay = vec![12, 3];
        relay.extend([1; 16]);
        relay.extend([2; 16]);
        relay.extend([0, 9, 0, 4, 1, 0xa, 0xb, 0xc]);
        for len in 0..=relay.len() {
            let packet = Packet::new(&relay[..len]);
            assert_eq!(packet.hop_count().is_some(), len >= 2);
            assert_eq!(packet.link_address().is_some(), len >= 18);
            assert_eq!(packet.peer_address().is_some(), len >= 34);
            assert_eq!((packet.has_header(), packet.xid()), (len >= 34, None));
            assert_eq!(Options::new(packet.options()).count(), usize::from(len >= 38));
        }
        let packet = Packet::new(&relay);
        let inner = find(packet.options(), 9).unwrap();
        assert_eq!(Packet::new(inner).xid(), Some(0x000a_0b0c));
        assert_eq!(find(&[0, 9, 0, 4, 1], 9), None, "cut");
    }
}
