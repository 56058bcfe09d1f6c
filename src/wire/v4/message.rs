//! The owned, faithful form of a message: bytes → message → bytes is identity, whatever the bytes are.

use std::net::Ipv4Addr;

use super::outline::{OptionArea, Outline};
use super::packet::Packet;
use super::types::{MessageType, Op, Xid};
use super::{COOKIE, FIXED_LEN, MIN_LEN, code};
use crate::wire::{HwAddr, Mac};

/// One piece of the options field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// So many pad bytes (option 0).
    Pad(usize),
    /// An option. More than 255 bytes are written as several instances (RFC 3396 §6).
    Option {
        /// Its code.
        code: u8,
        /// Its payload.
        data: Vec<u8>,
    },
    /// An option whose length byte does not fit its payload; for what was found broken and for breaking things.
    Lying {
        /// Its code.
        code: u8,
        /// The length byte as it is written, `None` for none at all.
        declared: Option<u8>,
        /// The bytes that follow.
        data: Vec<u8>,
    },
    /// End (option 255).
    End,
    /// Bytes that are no options: what follows End.
    Raw(Vec<u8>),
}

/// A DHCPv4 or BOOTP message with every field free to be set, wrong values included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 1 for requests, 2 for replies.
    pub op: Op,
    /// Hardware type.
    pub htype: u8,
    /// Length of the hardware address, as written; may exceed 16.
    pub hlen: u8,
    /// Relays passed.
    pub hops: u8,
    /// Transaction identifier.
    pub xid: Xid,
    /// Seconds since the client began.
    pub secs: u16,
    /// Flags; the highest bit asks for broadcast replies.
    pub flags: u16,
    /// The client's own address.
    pub ciaddr: Ipv4Addr,
    /// The address given.
    pub yiaddr: Ipv4Addr,
    /// The next server of the boot process.
    pub siaddr: Ipv4Addr,
    /// The relay's address.
    pub giaddr: Ipv4Addr,
    /// The whole `chaddr` field.
    pub chaddr: [u8; 16],
    /// The whole `sname` field.
    pub sname: [u8; 64],
    /// The whole `file` field.
    pub file: [u8; 128],
    /// How many bytes of the fixed part are written; fewer than 236 only for messages that were found so.
    pub fixed_len: usize,
    /// What stands where the magic cookie belongs, 0 to 4 bytes.
    pub cookie: Vec<u8>,
    /// The options field, in wire order.
    pub items: Vec<Item>,
}

/// The broadcast bit of `flags` (RFC 2131 §2).
pub const BROADCAST_FLAG: u16 = 0x8000;

impl Message {
    /// An empty message of `op` with the magic cookie and an End: htype Ethernet, everything else zero.
    pub fn new(op: Op) -> Self {
        Self {
            op,
            htype: 1,
            hlen: 6,
            hops: 0,
            xid: Xid(0),
            secs: 0,
            flags: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            chaddr: [0; 16],
            sname: [0; 64],
            file: [0; 128],
            fixed_len: FIXED_LEN,
            cookie: COOKIE.to_vec(),
            items: vec![Item::End],
        }
    }

    /// A client's message of type `kind` from `mac`.
    pub fn request(kind: MessageType, xid: Xid, mac: Mac) -> Self {
        let mut message = Self::new(Op::REQUEST);
        message.xid = xid;
        message.set_mac(mac);
        message.set_option(code::MESSAGE_TYPE, &[kind.0]);
        message
    }

    /// A server's message of type `kind` that answers `request`: xid, flags, giaddr and chaddr copied (RFC 2131 §4.3.1).
    pub fn reply(kind: MessageType, request: &Self) -> Self {
        let mut message = Self::new(Op::REPLY);
        message.htype = request.htype;
        message.hlen = request.hlen;
        message.chaddr = request.chaddr;
        message.xid = request.xid;
        message.flags = request.flags;
        message.giaddr = request.giaddr;
        message.set_option(code::MESSAGE_TYPE, &[kind.0]);
        message
    }

    /// Reads a message. Never fails: what cannot be interpreted is kept as it is.
    pub fn decode(bytes: &[u8]) -> Self {
        let packet = Packet::new(bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        Self::from_outline(&packet, &outline)
    }

    /// Like [`decode`](Self::decode), with the outline already read from `packet`.
    pub fn from_outline(packet: &Packet<'_>, outline: &Outline) -> Self {
        let bytes = packet.bytes();
        let mut padded = [0; FIXED_LEN];
        for (to, from) in padded.iter_mut().zip(bytes) {
            *to = *from;
        }
        let fixed = Packet::new(&padded);
        let mut message = Self::new(fixed.op().unwrap_or(Op(0)));
        message.htype = fixed.htype().unwrap_or(0);
        message.hlen = fixed.hlen().unwrap_or(0);
        message.hops = fixed.hops().unwrap_or(0);
        message.xid = fixed.xid().unwrap_or_default();
        message.secs = fixed.secs().unwrap_or(0);
        message.flags = fixed.flags().unwrap_or(0);
        message.ciaddr = fixed.ciaddr().unwrap_or(Ipv4Addr::UNSPECIFIED);
        message.yiaddr = fixed.yiaddr().unwrap_or(Ipv4Addr::UNSPECIFIED);
        message.siaddr = fixed.siaddr().unwrap_or(Ipv4Addr::UNSPECIFIED);
        message.giaddr = fixed.giaddr().unwrap_or(Ipv4Addr::UNSPECIFIED);
        message.chaddr = fixed.chaddr_field().try_into().unwrap_or_default();
        message.sname = fixed.sname_field().try_into().unwrap_or([0; 64]);
        message.file = fixed.file_field().try_into().unwrap_or([0; 128]);
        message.fixed_len = bytes.len().min(FIXED_LEN);
        message.items.clear();
        let behind = bytes.get(FIXED_LEN..).unwrap_or(&[]);
        message.cookie = behind.get(..4).unwrap_or(behind).to_vec();
        if !packet.has_options() {
            let rest = behind.get(4..).unwrap_or(&[]);
            if !rest.is_empty() {
                message.items.push(Item::Raw(rest.to_vec()));
            }
            return message;
        }
        for span in outline.options.iter().filter(|span| span.field == OptionArea::Options) {
            message.push_pads(span.pads);
            let data = span.data(packet).to_vec();
            message.items.push(if span.is_truncated() {
                Item::Lying { code: span.code, declared: span.declared, data }
            } else {
                Item::Option { code: span.code, data }
            });
        }
        message.push_pads(outline.end_pads);
        if outline.has_end {
            message.items.push(Item::End);
        }
        let trailer = usize::try_from(outline.trailer).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
        if !trailer.is_empty() {
            message.items.push(Item::Raw(trailer.to_vec()));
        }
        message
    }

    /// The bytes of the message, exactly as its parts say.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(576);
        self.encode_into(&mut out);
        out
    }

    /// Appends the bytes of the message to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([self.op.0, self.htype, self.hlen, self.hops]);
        out.extend(self.xid.0.to_be_bytes());
        out.extend(self.secs.to_be_bytes());
        out.extend(self.flags.to_be_bytes());
        for addr in [self.ciaddr, self.yiaddr, self.siaddr, self.giaddr] {
            out.extend(addr.octets());
        }
        out.extend(self.chaddr);
        out.extend(self.sname);
        out.extend(self.file);
        out.truncate(start.saturating_add(self.fixed_len.min(FIXED_LEN)));
        out.extend(&self.cookie);
        for item in &self.items {
            item.encode_into(out);
        }
    }

    /// The bytes of the message, padded with zeros to the 300 bytes every BOOTP relay and server accepts.
    pub fn encode_padded(&self) -> Vec<u8> {
        let mut out = self.encode();
        if out.len() < MIN_LEN {
            out.resize(MIN_LEN, 0);
        }
        out
    }

    /// The message type, when the first option 53 has one byte.
    pub fn message_type(&self) -> Option<MessageType> {
        match self.pieces(code::MESSAGE_TYPE).next()?? {
            &[kind] => Some(MessageType(kind)),
            _ => None,
        }
    }

    /// Which fields hold options: 1 `file`, 2 `sname`, 3 both. The first option 52 decides, where it has one of these values.
    pub fn overload(&self) -> u8 {
        match self.items.iter().find(|item| item.code() == Some(code::OVERLOAD)) {
            Some(Item::Option { data, .. }) => match *data.as_slice() {
                [value @ 1..=3] => value,
                _ => 0,
            },
            _ => 0,
        }
    }

    /// The payload of an option, pieces joined (RFC 3396 §7), overloaded fields included. None where one of them is not whole: part
    /// of a value would read as another value.
    pub fn option(&self, wanted: u8) -> Option<Vec<u8>> {
        let mut pieces = self.pieces(wanted);
        let mut found = pieces.next()??.to_vec();
        for piece in pieces {
            found.extend_from_slice(piece?);
        }
        Some(found)
    }

    /// The options of this code in order of interpretation; none for one that is not whole.
    fn pieces(&self, wanted: u8) -> impl Iterator<Item = Option<&[u8]>> {
        let own = self.items.iter().filter_map(move |item| match item {
            Item::Option { code, data } if *code == wanted => Some(Some(data.as_slice())),
            Item::Lying { code, .. } if *code == wanted => Some(None),
            _ => None,
        });
        let overload = self.overload();
        let fields: [(u8, &[u8]); 2] = [(1, &self.file), (2, &self.sname)];
        let held = fields.into_iter().filter(move |(bit, _)| overload & bit != 0);
        let others = held.flat_map(|(_, field)| area_options(field));
        own.chain(others.filter(move |(code, _)| *code == wanted).map(|(_, data)| data))
    }

    /// An option that is one IPv4 address.
    pub fn ip_option(&self, wanted: u8) -> Option<Ipv4Addr> {
        let bytes: [u8; 4] = self.option(wanted)?.try_into().ok()?;
        Some(bytes.into())
    }

    /// An option that is one 32-bit number.
    pub fn u32_option(&self, wanted: u8) -> Option<u32> {
        let bytes: [u8; 4] = self.option(wanted)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    /// Sets an option: replaces the first one of this code where it stands and drops the others, or adds it before End.
    pub fn set_option(&mut self, wanted: u8, data: &[u8]) {
        let new = Item::Option { code: wanted, data: data.to_vec() };
        if let Some(at) = self.items.iter().position(|item| item.code() == Some(wanted)) {
            let mut index = 0_usize;
            self.items.retain(|item| {
                let keep = index == at || item.code() != Some(wanted);
                index = index.saturating_add(1);
                keep
            });
            if let Some(slot) = self.items.get_mut(at) {
                *slot = new;
            }
        } else {
            self.add_option(new);
        }
    }

    /// Adds an option before End, after all others; repeats stay.
    pub fn add_option(&mut self, item: Item) {
        let end = self.items.iter().position(|item| matches!(item, Item::End | Item::Raw(_)));
        self.items.insert(end.unwrap_or(self.items.len()), item);
    }

    /// Removes every option of this code; true when there was one.
    pub fn remove_option(&mut self, wanted: u8) -> bool {
        let before = self.items.len();
        self.items.retain(|item| item.code() != Some(wanted));
        self.items.len() != before
    }

    /// The client's hardware address: `hlen` bytes of `chaddr`, at most 16.
    pub fn client(&self) -> HwAddr {
        HwAddr::from_slice(self.chaddr.get(..usize::from(self.hlen)).unwrap_or(&self.chaddr))
    }

    /// Sets `htype`, `hlen` and `chaddr` for an Ethernet client.
    pub fn set_mac(&mut self, mac: Mac) {
        self.htype = 1;
        self.hlen = 6;
        self.chaddr = [0; 16];
        for (to, from) in self.chaddr.iter_mut().zip(mac.0) {
            *to = from;
        }
    }

    /// True when the client asks for broadcast replies.
    pub fn is_broadcast(&self) -> bool {
        self.flags & BROADCAST_FLAG != 0
    }

    /// Sets or clears the broadcast flag.
    pub fn set_broadcast(&mut self, broadcast: bool) {
        self.flags = if broadcast { self.flags | BROADCAST_FLAG } else { self.flags & !BROADCAST_FLAG };
    }

    fn push_pads(&mut self, pads: u32) {
        if let Ok(count @ 1..) = usize::try_from(pads) {
            self.items.push(Item::Pad(count));
        }
    }
}

impl Item {
    /// The option's code; `None` for what is no option.
    pub fn code(&self) -> Option<u8> {
        match self {
            Self::Option { code, .. } | Self::Lying { code, .. } => Some(*code),
            _ => None,
        }
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            Self::Pad(count) => out.resize(out.len().saturating_add(*count), 0),
            Self::End => out.push(code::END),
            Self::Raw(bytes) => out.extend(bytes),
            Self::Lying { code, declared, data } => {
                out.push(*code);
                out.extend(declared);
                out.extend(data);
            }
            Self::Option { code, data } if data.is_empty() => out.extend([*code, 0]),
            Self::Option { code, data } => {
                for piece in data.chunks(255) {
                    out.push(*code);
                    out.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
                    out.extend(piece);
                }
            }
        }
    }
}

/// The options of an area (an overloaded field), up to its End; without data the last, where it is not whole.
fn area_options(area: &[u8]) -> impl Iterator<Item = (u8, Option<&[u8]>)> {
    let mut rest = area;
    std::iter::from_fn(move || {
        loop {
            let (&option, tail) = rest.split_first()?;
            match option {
                code::PAD => rest = tail,
                code::END => return None,
                _ => {
                    let whole =
                        tail.split_first().and_then(|(len, tail)| tail.split_at_checked(usize::from(*len)));
                    let (data, behind) = whole.unzip();
                    rest = behind.unwrap_or_default();
                    return Some((option, data));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn discover() -> Message {
        let mut message = Message::request(MessageType::DISCOVER, Xid(0x1234), Mac([2, 0, 0, 0, 0, 1]));
        message.set_option(12, b"host");
        message
    }

    #[test]
    fn builds_what_it_reads() {
        let message = discover();
        let bytes = message.encode();
        assert_eq!(
            bytes.get(236..),
            Some(&[99, 130, 83, 99, 53, 1, 1, 12, 4, b'h', b'o', b's', b't', 255][..])
        );
        assert_eq!(Message::decode(&bytes), message);
        assert_eq!(message.message_type(), Some(MessageType::DISCOVER));
        assert_eq!(message.encode_padded().len(), 300);
    }

    #[test]
    fn setting_an_option_keeps_its_place_and_drops_repeats() {
        let mut message = discover();
        message.add_option(Item::Option { code: 53, data: vec![9] });
        message.set_option(53, &[3]);
        let codes: Vec<_> = message.items.iter().map(Item::code).collect();
        assert_eq!(codes, [Some(53), Some(12), None]);
        assert_eq!(message.message_type(), Some(MessageType::REQUEST));
        assert!(message.remove_option(12) && !message.remove_option(12));
    }

    #[test]
    fn long_options_are_split_and_joined() {
        let mut message = discover();
        let long: Vec<u8> = (0..=255).cycle().take(600).collect();
        message.set_option(43, &long);
        let again = Message::decode(&message.encode());
        assert_eq!(again.items.iter().filter(|item| item.code() == Some(43)).count(), 3);
        assert_eq!(again.option(43), Some(long));
    }

    #[test]
    fn overloaded_options_are_found() {
        let mut message = discover();
        message.set_option(52, &[1]);
        message.file[..4].copy_from_slice(&[66, 1, b'x', 255]);
        assert_eq!(message.option(66).as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn every_prefix_and_every_changed_byte_comes_back_the_same() {
        let mut message = discover();
        message.set_option(52, &[3]);
        message.add_option(Item::Pad(3));
        message.items.push(Item::Raw(vec![0, 0, 7]));
        let bytes = message.encode();
        for len in 0..=bytes.len() {
            assert_eq!(Message::decode(&bytes[..len]).encode(), &bytes[..len]);
        }
        for at in 0..bytes.len() {
            for value in 0..=255 {
                let mut mutant = bytes.clone();
                mutant[at] = value;
                assert_eq!(Message::decode(&mutant).encode(), mutant);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            prop_assert_eq!(Message::decode(&bytes).encode(), bytes);
        }

        #[test]
        fn any_options_come_back_the_same(options in proptest::collection::vec(any::<u8>(), 0..700)) {
            let mut bytes = discover().encode();
            bytes.truncate(240);
            bytes.extend(options);
            prop_assert_eq!(Message::decode(&bytes).encode(), bytes);
        }
    }
}
