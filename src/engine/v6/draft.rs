//! A message of DHCPv6 or router discovery that is about to be sent, and what will stand around it.

use std::net::Ipv6Addr;

use crate::wire::Mac;
use crate::wire::frame::{Envelope6, Protocol};
use crate::wire::nd;
use crate::wire::v6::{Message, MessageType, Packet};

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A DHCPv6 message, the outermost one.
    Dhcp(Message),
    /// Bytes that go out as DHCPv6 whatever they are.
    Raw(Vec<u8>),
    /// A router solicitation or advertisement; `true`: its checksum is made.
    Router(Vec<u8>, bool),
}

/// A message and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft6 {
    /// The message.
    pub body: Body,
    /// Addresses around it.
    pub envelope: Envelope6,
    /// UDP source and destination port.
    pub ports: (u16, u16),
    /// Whose hardware address the frame goes to; found by neighbour discovery. None: the envelope has it.
    pub next_hop: Option<Ipv6Addr>,
}

impl Draft6 {
    /// The bytes of the message.
    pub fn payload(&self) -> Vec<u8> {
        match &self.body {
            Body::Dhcp(message) => message.encode(),
            Body::Raw(bytes) | Body::Router(bytes, _) => bytes.clone(),
        }
    }

    /// The protocol.
    pub fn protocol(&self) -> Protocol {
        if matches!(self.body, Body::Router(..)) { Protocol::Icmpv6 } else { Protocol::Dhcpv6 }
    }

    /// The whole frame.
    pub fn frame(&self) -> Vec<u8> {
        match &self.body {
            Body::Router(bytes, make_checksum) => self.envelope.icmpv6(bytes, *make_checksum),
            _ => self.envelope.udp(self.ports, &self.payload()),
        }
    }

    /// The whole frame, to another hardware address.
    pub fn frame_to(&self, mac: Mac) -> Vec<u8> {
        let envelope = Envelope6 { dst_mac: mac, ..self.envelope.clone() };
        Self { envelope, ..self.clone() }.frame()
    }

    /// The name of the message in capitals.
    pub fn name(&self) -> String {
        let bytes = self.payload();
        match &self.body {
            Body::Router(..) => nd::Packet::new(&bytes)
                .kind()
                .and_then(nd::name_of)
                .map_or_else(|| "ICMPV6".to_owned(), |name| name.replace('-', " ").to_uppercase()),
            _ => Packet::new(&bytes)
                .message_type()
                .map_or_else(|| "EMPTY MESSAGE".to_owned(), |kind| kind.to_string().to_uppercase()),
        }
    }

    /// The message that relays carry inward, and its transaction identifier; the message itself where none does.
    pub fn innermost(&self) -> (Option<MessageType>, Option<u32>) {
        if matches!(self.body, Body::Router(..)) {
            return (None, None);
        }
        let bytes = self.payload();
        let facts = crate::wire::v6::Facts::of(&bytes);
        let kind = (!bytes.is_empty()).then_some(facts.kind);
        (kind, facts.xid.filter(|_| !facts.kind.is_relay()))
    }
}
