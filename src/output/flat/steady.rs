//! What messages of one type share: most of what stands around them, and the beginning of their header.

use crate::output::packet::record::PacketRecord;
use crate::wire::frame::{Checksum, Direction, Layer, Layers, Protocol, Udp, Vlans};
use crate::wire::v4::packet::is_zero;
use crate::wire::v4::{FIXED_LEN, MessageType};

/// The values that do not depend on the client, nor on the moment.
#[derive(Clone, Debug)]
pub(super) struct Steady {
    capture: Option<String>,
    interface: Option<String>,
    comment: Option<String>,
    /// `sname` and `file`, unless they are empty.
    names: Option<Box<[u8]>>,
    rest: Rest,
}

/// All that has a fixed size.
#[derive(Clone, Copy, Debug)]
struct Rest {
    direction: Option<Direction>,
    layers: Layers,
    quoted: bool,
    link: Option<Layer>,
    vlans: Vlans,
    /// Version 4, time to live, type of service, whether it may be cut into pieces.
    ip: Option<(bool, u8, u8, Option<bool>)>,
    udp: Option<Udp>,
    checksum: Checksum,
    protocol: Protocol,
    /// `op`, `htype`, `hlen` and `hops`, as far as they are there.
    head: Part<4>,
    flags: Part<2>,
    kind: Option<MessageType>,
    overload: u8,
}

/// A part of a message, which may end before it or within.
#[derive(Clone, Copy, Debug)]
struct Part<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Part<N> {
    #[inline]
    fn at(start: usize, message: &[u8]) -> Self {
        let part = message.get(start..).unwrap_or_default();
        if let Some(bytes) = part.first_chunk() {
            return Self { bytes: *bytes, length: N };
        }
        let mut bytes = [0; N];
        bytes.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        Self { bytes, length: part.len() }
    }

    #[inline]
    fn is_at(&self, start: usize, message: &[u8]) -> bool {
        let there = Self::at(start, message);
        self.bytes == there.bytes && self.length == there.length
    }
}

/// Version 4, time to live, type of service, whether it may be cut into pieces.
#[inline]
fn ip_of(record: &PacketRecord<'_>) -> Option<(bool, u8, u8, Option<bool>)> {
    record.datagram.ip.as_ref().map(|ip| (ip.src.is_ipv4(), ip.ttl, ip.tos, ip.dont_fragment))
}

/// The type and the overload of a message of DHCPv4: the outline of what is not looked at may be that of another.
#[inline]
fn outline_of(record: &PacketRecord<'_>) -> (Option<MessageType>, u8) {
    match record.datagram.protocol {
        Protocol::Dhcpv4 => (record.outline.message_type, record.outline.overload),
        _ => (None, 0),
    }
}

impl Rest {
    fn of(record: &PacketRecord<'_>) -> Self {
        let (datagram, message) = (record.datagram, record.packet.bytes());
        let (kind, overload) = outline_of(record);
        Self {
            direction: datagram.direction,
            layers: datagram.layers,
            quoted: datagram.quoted,
            link: datagram.link.as_ref().map(|link| link.layer),
            vlans: datagram.vlans,
            ip: ip_of(record),
            udp: datagram.udp,
            checksum: datagram.checksum,
            protocol: datagram.protocol,
            head: Part::at(0, message),
            flags: Part::at(10, message),
            kind,
            overload,
        }
    }

    /// As comparing with [`of`](Self::of), without a copy.
    #[inline]
    fn is_of(&self, record: &PacketRecord<'_>) -> bool {
        let (datagram, message) = (record.datagram, record.packet.bytes());
        self.head.is_at(0, message)
            && self.flags.is_at(10, message)
            && (self.kind, self.overload) == outline_of(record)
            && self.protocol == datagram.protocol
            && self.checksum == datagram.checksum
            && self.ip == ip_of(record)
            && self.udp == datagram.udp
            && self.link == datagram.link.as_ref().map(|link| link.layer)
            && self.direction == datagram.direction
            && self.quoted == datagram.quoted
            && self.layers == datagram.layers
            && self.vlans == datagram.vlans
    }
}

impl Steady {
    /// Those of `record`.
    pub(super) fn of(record: &PacketRecord<'_>) -> Self {
        Self {
            capture: record.capture.map(str::to_owned),
            interface: record.interface.map(str::to_owned),
            comment: record.comment.map(str::to_owned),
            names: Some(names(record)).filter(|names| !is_zero(names)).map(Box::from),
            rest: Rest::of(record),
        }
    }

    /// Becomes those of `record`.
    pub(super) fn replace(&mut self, record: &PacketRecord<'_>) {
        for (text, new) in [
            (&mut self.capture, record.capture),
            (&mut self.interface, record.interface),
            (&mut self.comment, record.comment),
        ] {
            match (&mut *text, new) {
                (Some(text), Some(new)) => new.clone_into(text),
                _ => *text = new.map(str::to_owned),
            }
        }
        self.names = Some(names(record)).filter(|names| !is_zero(names)).map(Box::from);
        self.rest = Rest::of(record);
    }

    /// True when they are those of `record`.
    #[inline]
    pub(super) fn is_of(&self, record: &PacketRecord<'_>) -> bool {
        let same_names = match &self.names {
            Some(known) => names(record) == &known[..],
            None => is_zero(names(record)),
        };
        same_names
            && self.rest.is_of(record)
            && same(self.capture.as_ref(), record.capture)
            && same(self.interface.as_ref(), record.interface)
            && same(self.comment.as_ref(), record.comment)
    }

    /// How many types of messages are told apart, with what is none.
    pub(super) const SLOTS: usize = Self::SIX + 1;

    /// The place of those that are not of DHCPv4.
    pub(super) const SIX: usize = 8;

    /// The place for those of `record`.
    #[inline]
    pub(super) fn slot(record: &PacketRecord<'_>) -> usize {
        match record.datagram.protocol {
            Protocol::Dhcpv4 => record.outline.message_type.map_or(0, |kind| usize::from(kind.0 & 7)),
            Protocol::Dhcpv6 | Protocol::Icmpv6 => Self::SIX,
        }
    }
}

#[inline]
fn same(one: Option<&String>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        (None, None) => true,
        _ => false,
    }
}

/// `sname` and `file`, as far as they are there.
#[inline]
fn names<'a>(record: &PacketRecord<'a>) -> &'a [u8] {
    let bytes = record.packet.bytes();
    bytes.get(44..FIXED_LEN).or(bytes.get(44..)).unwrap_or_default()
}
