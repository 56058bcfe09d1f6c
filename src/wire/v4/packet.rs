//! The borrowed view of a message.
//!
//! ```text
//!  0 op  1 htype  2 hlen  3 hops
//!  4 xid                              28 chaddr (16)
//!  8 secs        10 flags             44 sname (64)
//! 12 ciaddr                          108 file (128)
//! 16 yiaddr                          236 magic cookie
//! 20 siaddr                          240 options
//! 24 giaddr
//! ```

use std::net::Ipv4Addr;

use super::types::{MessageType, Op, Xid};
use super::{COOKIE, FIXED_LEN, code};
use crate::wire::HwAddr;

/// A view of the bytes of one message. Every getter is `None` when the bytes end before its field.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// A view of `bytes`, the whole UDP payload. Never fails; an empty message has no fields.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The whole message.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// 1 for requests, 2 for replies.
    pub fn op(&self) -> Option<Op> {
        self.bytes.first().copied().map(Op)
    }

    /// Hardware type (IANA ARP parameters; Ethernet is 1).
    pub fn htype(&self) -> Option<u8> {
        self.bytes.get(1).copied()
    }

    /// Length of the hardware address in bytes, as the sender says.
    pub fn hlen(&self) -> Option<u8> {
        self.bytes.get(2).copied()
    }

    /// Relays passed.
    pub fn hops(&self) -> Option<u8> {
        self.bytes.get(3).copied()
    }

    /// The transaction identifier.
    pub fn xid(&self) -> Option<Xid> {
        self.array(4).map(|bytes| Xid(u32::from_be_bytes(bytes)))
    }

    /// Seconds since the client began.
    pub fn secs(&self) -> Option<u16> {
        self.array(8).map(u16::from_be_bytes)
    }

    /// The flags; the highest bit is the broadcast flag.
    pub fn flags(&self) -> Option<u16> {
        self.array(10).map(u16::from_be_bytes)
    }

    /// The client's own address, when it has one.
    pub fn ciaddr(&self) -> Option<Ipv4Addr> {
        self.ip4(12)
    }

    /// The address given to the client.
    pub fn yiaddr(&self) -> Option<Ipv4Addr> {
        self.ip4(16)
    }

    /// The next server of the boot process.
    pub fn siaddr(&self) -> Option<Ipv4Addr> {
        self.ip4(20)
    }

    /// The relay's address.
    pub fn giaddr(&self) -> Option<Ipv4Addr> {
        self.ip4(24)
    }

    /// The `chaddr` field, at most 16 bytes, fewer when the message ends inside it.
    pub fn chaddr_field(&self) -> &'a [u8] {
        self.part(28, 16)
    }

    /// The client's hardware address: `hlen` bytes of `chaddr`, at most 16 (RFC 2131 §2).
    pub fn chaddr(&self) -> &'a [u8] {
        let field = self.chaddr_field();
        field.get(..usize::from(self.hlen().unwrap_or(0))).unwrap_or(field)
    }

    /// The client's hardware address as a value.
    pub fn client(&self) -> HwAddr {
        HwAddr::from_slice(self.chaddr())
    }

    /// The `sname` field, 64 bytes, fewer when the message ends inside it.
    pub fn sname_field(&self) -> &'a [u8] {
        self.part(44, 64)
    }

    /// The `file` field, 128 bytes, fewer when the message ends inside it.
    pub fn file_field(&self) -> &'a [u8] {
        self.part(108, 128)
    }

    /// What stands where the magic cookie belongs.
    pub fn cookie(&self) -> Option<[u8; 4]> {
        self.array(FIXED_LEN)
    }

    /// True when the magic cookie is there, so that options follow.
    pub fn has_options(&self) -> bool {
        self.cookie() == Some(COOKIE)
    }

    /// Everything behind the magic cookie; empty without one.
    pub fn options_area(&self) -> &'a [u8] {
        if self.has_options() { self.bytes.get(240..).unwrap_or(&[]) } else { &[] }
    }

    /// The message type, read straight from the first option 53 of the options field.
    pub fn message_type(&self) -> Option<MessageType> {
        let mut rest = self.options_area();
        while let Some((&option, tail)) = rest.split_first() {
            match option {
                code::PAD => rest = tail,
                code::END => return None,
                _ => {
                    let (&len, tail) = tail.split_first()?;
                    if option == code::MESSAGE_TYPE {
                        return if len == 1 { tail.first().copied().map(MessageType) } else { None };
                    }
                    rest = tail.get(usize::from(len)..)?;
                }
            }
        }
        None
    }

    fn part(&self, start: usize, len: usize) -> &'a [u8] {
        let tail = self.bytes.get(start..).unwrap_or(&[]);
        tail.get(..len).unwrap_or(tail)
    }

    fn array<const N: usize>(&self, start: usize) -> Option<[u8; N]> {
        self.bytes.get(start..)?.first_chunk().copied()
    }

    fn ip4(&self, start: usize) -> Option<Ipv4Addr> {
        self.array::<4>(start).map(Ipv4Addr::from)
    }
}

/// The text of a zero-terminated field (`sname`, `file`): what stands before the first zero.
pub fn field_text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or(&[])
}

/// True when all bytes are zero; looks at many at once.
#[inline]
pub fn is_zero(bytes: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    // What does not fill a whole word is looked at together with what stands before it.
    if let Some(last) = bytes.last_chunk() {
        let (words, rest) = bytes.as_chunks::<16>();
        let gathered = words.iter().fold(0, |all, word| all | u128::from_ne_bytes(*word));
        return gathered == 0 && rest.first_chunk().map_or(0, word) | word(last) == 0;
    }
    bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Vec<u8> {
        let mut bytes = vec![1, 1, 6, 0, 0, 0, 0x3d, 0x1d, 0, 9, 0x80, 0];
        for addr in 1..=4_u8 {
            bytes.extend([10, 0, 0, addr]);
        }
        bytes.extend([0, 0x0b, 0x82, 1, 0xfc, 0x42]);
        bytes.resize(FIXED_LEN, 0);
        bytes.extend(COOKIE);
        bytes.extend([0, 53, 1, 1, 255]);
        bytes
    }

    #[test]
    fn zeros_of_any_length_are_told_from_one_that_is_none() {
        for length in 0..70 {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes), "{length}");
            for at in 0..length {
                bytes[at] = 1;
                assert!(!is_zero(&bytes), "{at} of {length}");
                bytes[at] = 0;
            }
        }
    }

    #[test]
    fn reads_every_field() {
        let bytes = message();
        let packet = Packet::new(&bytes);
        assert_eq!(packet.op(), Some(Op::REQUEST));
        assert_eq!((packet.htype(), packet.hlen(), packet.hops()), (Some(1), Some(6), Some(0)));
        assert_eq!(packet.xid(), Some(Xid(0x3d1d)));
        assert_eq!((packet.secs(), packet.flags()), (Some(9), Some(0x8000)));
        assert_eq!(packet.ciaddr(), Some([10, 0, 0, 1].into()));
        assert_eq!(packet.giaddr(), Some([10, 0, 0, 4].into()));
        assert_eq!(packet.client().to_string(), "00:0b:82:01:fc:42");
        assert_eq!(packet.message_type(), Some(MessageType::DISCOVER));
        assert_eq!(field_text(packet.file_field()), b"");
    }

    #[test]
    fn every_prefix_has_only_the_fields_it_holds() {
        let bytes = message();
        for len in 0..bytes.len() {
            let packet = Packet::new(&bytes[..len]);
            assert_eq!(packet.xid().is_some(), len >= 8);
            assert_eq!(packet.giaddr().is_some(), len >= 28);
            assert_eq!(packet.has_options(), len >= 240);
            assert!(packet.chaddr().len() <= 6 && packet.sname_field().len() <= 64);
            let _ = packet.message_type();
        }
    }

    #[test]
    fn a_large_hlen_is_clamped_to_the_field() {
        let mut bytes = message();
        bytes[2] = 255;
        assert_eq!(Packet::new(&bytes).chaddr().len(), 16);
        assert_eq!(Packet::new(&bytes[..30]).chaddr().len(), 2);
    }
}
