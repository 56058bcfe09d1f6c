//! What rows of one type of message share: most of what stands around a message, and the beginning of its header.

use super::columns::Field;
use crate::output::packet::record::PacketRecord;
use crate::wire::frame::{Checksum, Direction, Ip, Layer, Layers, Protocol, Udp, Vlans};
use crate::wire::v4::packet::is_zero;
use crate::wire::v4::{FIXED_LEN, MessageType};

/// The values that the steady fields of a row are written from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steady {
    capture: Option<String>,
    interface: Option<String>,
    comment: Option<String>,
    /// `sname` and `file`, unless they are empty.
    names: Option<Box<[u8]>>,
    rest: Rest,
}

/// All that has a fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    head: [Option<u8>; 4],
    flags: Option<u16>,
    kind: Option<MessageType>,
    overload: u8,
}

impl Rest {
    #[inline]
    fn of(record: &PacketRecord<'_>) -> Self {
        let (datagram, packet) = (record.datagram, &record.packet);
        let is_v4 = datagram.protocol == Protocol::Dhcpv4;
        let ip = |ip: &Ip| (ip.src.is_ipv4(), ip.ttl, ip.tos, ip.dont_fragment);
        Self {
            direction: datagram.direction,
            layers: datagram.layers,
            quoted: datagram.quoted,
            link: datagram.link.as_ref().map(|link| link.layer),
            vlans: datagram.vlans,
            ip: datagram.ip.as_ref().map(ip),
            udp: datagram.udp,
            checksum: datagram.checksum,
            protocol: datagram.protocol,
            head: [packet.op().map(|op| op.0), packet.htype(), packet.hlen(), packet.hops()],
            flags: packet.flags(),
            // The outline of a message that is not looked at may be that of another.
            kind: record.outline.message_type.filter(|_| is_v4),
            overload: if is_v4 { record.outline.overload } else { 0 },
        }
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

    /// True when they are those of `record`.
    #[inline]
    pub(super) fn is_of(&self, record: &PacketRecord<'_>) -> bool {
        let same_names = match &self.names {
            Some(known) => names(record) == &known[..],
            None => is_zero(names(record)),
        };
        same_names
            && self.capture.as_deref() == record.capture
            && self.interface.as_deref() == record.interface
            && self.comment.as_deref() == record.comment
            && self.rest == Rest::of(record)
    }

    /// How many different ones are remembered: one for each type of message, and one for what is none.
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

/// `sname` and `file`, as far as they are there.
#[inline]
fn names<'a>(record: &PacketRecord<'a>) -> &'a [u8] {
    let bytes = record.packet.bytes();
    bytes.get(44..FIXED_LEN).or(bytes.get(44..)).unwrap_or_default()
}

/// True for the fields that are written from [`Steady`] alone.
pub(super) fn is_steady(field: Field) -> bool {
    matches!(
        field,
        Field::Capture
            | Field::Interface
            | Field::Direction
            | Field::Comment
            | Field::Sname
            | Field::File
            | Field::Layers
            | Field::QuotedIn
            | Field::LinkType
            | Field::Vlans
            | Field::Priorities
            | Field::IpVersion
            | Field::IpTtl
            | Field::IpDscp
            | Field::IpEcn
            | Field::IpDontFragment
            | Field::UdpSrcPort
            | Field::UdpDstPort
            | Field::UdpChecksum
            | Field::Protocol
            | Field::Op
            | Field::Htype
            | Field::Hlen
            | Field::Hops
            | Field::Flags
            | Field::Broadcast
            | Field::MessageType
    )
}
