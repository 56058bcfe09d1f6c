//! The owned, faithful form of a message: bytes → message → bytes is identity, whatever the bytes are.

use std::net::Ipv6Addr;

use super::packet::{Options, Packet};
use super::types::{Duid, MessageType};
use crate::wire::options::v6 as opt;

/// What stands between the message type and the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A transaction identifier (24 bits), or flags in DHCPv4 inside DHCPv6.
    Transaction(u32),
    /// What a relay says (RFC 9915 §9).
    Relay {
        /// Relays passed before this one.
        hop_count: u8,
        /// An address of the client's link.
        link: Ipv6Addr,
        /// Who the message came from.
        peer: Ipv6Addr,
    },
    /// All bytes behind the type of a message that ends inside its header.
    Cut(Vec<u8>),
    /// There is no byte at all.
    Nothing,
}

/// An option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its code.
    pub code: u16,
    /// The length as it is written, where that is not the payload's.
    pub declared: Option<u16>,
    /// The payload.
    pub data: Vec<u8>,
}

impl Item {
    /// An option that is as its length says.
    pub fn new(code: u16, data: impl Into<Vec<u8>>) -> Self {
        Self { code, declared: None, data: data.into() }
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend(self.code.to_be_bytes());
        let length = self.declared.unwrap_or_else(|| u16::try_from(self.data.len()).unwrap_or(u16::MAX));
        out.extend(length.to_be_bytes());
        out.extend(&self.data);
    }
}

/// The bytes of options, one after the other.
pub fn encode_options(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        item.encode_into(&mut out);
    }
    out
}

/// A message with every field free to be set, wrong values included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: MessageType,
    /// The rest of its header.
    pub head: Head,
    /// The options in wire order.
    pub options: Vec<Item>,
    /// Bytes behind the last option that are none.
    pub trailer: Vec<u8>,
}

impl Message {
    /// A message of a client or server without options.
    pub fn new(kind: MessageType, xid: u32) -> Self {
        Self { kind, head: Head::Transaction(xid & 0x00ff_ffff), options: Vec::new(), trailer: Vec::new() }
    }

    /// A relay's message around `inner`, without other options.
    pub fn relay(kind: MessageType, hop_count: u8, link: Ipv6Addr, peer: Ipv6Addr, inner: &[u8]) -> Self {
        Self {
            kind,
            head: Head::Relay { hop_count, link, peer },
            options: vec![Item::new(opt::RELAY_MSG, inner)],
            trailer: Vec::new(),
        }
    }

    /// Reads a message. Never fails: what cannot be interpreted is kept as it is.
    pub fn decode(bytes: &[u8]) -> Self {
        let packet = Packet::new(bytes);
        let kind = packet.message_type().unwrap_or_default();
        let head = match (packet.hop_count(), packet.link_address(), packet.peer_address(), packet.xid()) {
            (Some(hop_count), Some(link), Some(peer), _) => Head::Relay { hop_count, link, peer },
            (_, _, _, Some(xid)) => Head::Transaction(xid),
            _ if bytes.is_empty() => Head::Nothing,
            _ => Head::Cut(bytes.get(1..).unwrap_or_default().to_vec()),
        };
        let mut options = Options::new(packet.options());
        let items = options
            .by_ref()
            .map(|option| Item {
                code: option.code,
                declared: option.is_truncated().then_some(option.declared),
                data: option.data.to_vec(),
            })
            .collect();
        Self { kind, head, options: items, trailer: options.rest().to_vec() }
    }

    /// The bytes of the message, exactly as its parts say.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.encode_into(&mut out);
        out
    }

    /// Appends the bytes of the message to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        match &self.head {
            Head::Nothing => {}
            Head::Transaction(xid) => {
                let [_, a, b, c] = xid.to_be_bytes();
                out.extend([self.kind.0, a, b, c]);
            }
            Head::Relay { hop_count, link, peer } => {
                out.extend([self.kind.0, *hop_count]);
                out.extend(link.octets());
                out.extend(peer.octets());
            }
            Head::Cut(bytes) => {
                out.push(self.kind.0);
                out.extend(bytes);
            }
        }
        for item in &self.options {
            item.encode_into(out);
        }
        out.extend(&self.trailer);
    }

    /// The transaction identifier, 24 bits.
    pub fn xid(&self) -> Option<u32> {
        match self.head {
            Head::Transaction(xid) => Some(xid),
            _ => None,
        }
    }

    /// The payload of the first option of this code.
    pub fn option(&self, code: u16) -> Option<&[u8]> {
        self.options.iter().find(|item| item.code == code).map(|item| item.data.as_slice())
    }

    /// Sets an option: replaces the first one of this code where it stands and drops the others, or adds it at the end.
    pub fn set_option(&mut self, code: u16, data: impl Into<Vec<u8>>) {
        let new = Item::new(code, data);
        let Some(at) = self.options.iter().position(|item| item.code == code) else {
            self.options.push(new);
            return;
        };
        let mut index = 0_usize;
        self.options.retain(|item| {
            let keep = index == at || item.code != code;
            index = index.saturating_add(1);
            keep
        });
        if let Some(slot) = self.options.get_mut(at) {
            *slot = new;
        }
    }

    /// Adds an option at the end; repeats stay.
    pub fn add_option(&mut self, code: u16, data: impl Into<Vec<u8>>) {
        self.options.push(Item::new(code, data));
    }

    /// Removes every option of this code; true when there was one.
    pub fn remove_option(&mut self, code: u16) -> bool {
        let before = self.options.len();
        self.options.retain(|item| item.code != code);
        self.options.len() != before
    }

    /// The client's DUID (option 1).
    pub fn client_id(&self) -> Option<Duid> {
        self.option(opt::CLIENTID).map(Duid::from)
    }

    /// The server's DUID (option 2).
    pub fn server_id(&self) -> Option<Duid> {
        self.option(opt::SERVERID).map(Duid::from)
    }

    /// The message that a relay message carries.
    pub fn inner(&self) -> Option<Self> {
        self.option(opt::RELAY_MSG).map(Self::decode)
    }
}

/// The payload of an `IA_NA` or `IA_PD` (RFC 9915 §21.4, §21.21).
pub fn ia(iaid: u32, t1: u32, t2: u32, inside: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [iaid, t1, t2] {
        out.extend(number.to_be_bytes());
    }
    out.extend(encode_options(inside));
    out
}

/// The payload of an `IA_TA` (RFC 8415 §21.5).
pub fn ia_ta(iaid: u32, inside: &[Item]) -> Vec<u8> {
    let mut out = iaid.to_be_bytes().to_vec();
    out.extend(encode_options(inside));
    out
}

/// An `IAADDR` option (§21.6).
pub fn ia_addr(address: Ipv6Addr, preferred: u32, valid: u32, inside: &[Item]) -> Item {
    let mut data = Vec::with_capacity(24);
    push_address(&mut data, address, preferred, valid);
    data.extend(encode_options(inside));
    Item::new(opt::IAADDR, data)
}

/// Appends the fields of an `IAADDR` option, lifetimes in seconds (§21.6).
pub fn push_address(out: &mut Vec<u8>, address: Ipv6Addr, preferred: u32, valid: u32) {
    out.extend(address.octets());
    out.extend(preferred.to_be_bytes());
    out.extend(valid.to_be_bytes());
}

/// An `IAPREFIX` option (§21.22).
pub fn ia_prefix(prefix: Ipv6Addr, length: u8, preferred: u32, valid: u32, inside: &[Item]) -> Item {
    let mut data = Vec::with_capacity(25);
    push_prefix(&mut data, prefix, length, preferred, valid);
    data.extend(encode_options(inside));
    Item::new(opt::IAPREFIX, data)
}

/// Appends the fields of an `IAPREFIX` option, lifetimes in seconds (§21.22).
pub fn push_prefix(out: &mut Vec<u8>, prefix: Ipv6Addr, length: u8, preferred: u32, valid: u32) {
    out.extend(preferred.to_be_bytes());
    out.extend(valid.to_be_bytes());
    out.push(length);
    out.extend(prefix.octets());
}

/// A status code option (§21.13).
pub fn status(code: u16, text: &str) -> Item {
    let mut data = code.to_be_bytes().to_vec();
    data.extend(text.as_bytes());
    Item::new(opt::STATUS_CODE, data)
}

/// The payload of an option request option (§21.7).
pub fn oro(codes: &[u16]) -> Vec<u8> {
    codes.iter().flat_map(|code| code.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use proptest::prelude::*;

    fn advertise() -> Message {
        let mut message = Message::new(MessageType::ADVERTISE, 0x0010_b2c3);
        message.set_option(opt::CLIENTID, Duid::link_layer(Mac([2, 0, 0, 0, 0, 5])).0);
        let lease = ia_addr("fd00:64::a".parse().unwrap(), 500, 1000, &[]);
        message.set_option(opt::IA_NA, ia(5, 250, 333, &[lease, status(0, "ok")]));
        message
    }

    #[test]
    fn builds_what_it_reads() {
        let message = advertise();
        assert_eq!(Message::decode(&message.encode()), message);
        let link = "fd00:64::1".parse().unwrap();
        let relay = Message::relay(MessageType::RELAY_REPL, 0, link, link, &message.encode());
        let read = Message::decode(&relay.encode());
        assert_eq!(read.inner(), Some(message));
        assert_eq!(read, relay);
    }

    #[test]
    fn every_prefix_comes_back() {
        for bytes in [advertise().encode(), {
            let link = "fd00:64::1".parse().unwrap();
            Message::relay(MessageType::RELAY_FORW, 1, link, link, &advertise().encode()).encode()
        }] {
            for len in 0..=bytes.len() {
                assert_eq!(Message::decode(&bytes[..len]).encode(), &bytes[..len], "{len}");
            }
        }
    }

    #[test]
    fn options_are_set_added_and_removed() {
        let mut message = advertise();
        message.add_option(opt::CLIENTID, [1, 2, 3]);
        message.set_option(opt::CLIENTID, [9, 9, 9]);
        assert_eq!(message.options.iter().map(|item| item.code).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(message.client_id().unwrap().to_string(), "090909");
        assert!(message.remove_option(3) && !message.remove_option(3));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Message::decode(&bytes).encode(), bytes);
        }

        #[test]
        fn any_options_come_back(kind in 0_u8..40, area in proptest::collection::vec(0_u8..14, 0..120)) {
            let mut bytes = vec![kind];
            bytes.extend(area);
            prop_assert_eq!(Message::decode(&bytes).encode(), bytes);
        }
    }
}
