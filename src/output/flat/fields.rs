//! The fields of a packet in a row: what stands around the message, and its header.

use std::net::IpAddr;

use super::cells::Fill;
use super::columns::Field;
use crate::output::packet::record::PacketRecord;
use crate::wire::HwAddr;
use crate::wire::digits::{write_colons, write_ip4, write_ip6};
use crate::wire::frame::{Ip, Protocol};
use crate::wire::problem::Problem;
use crate::wire::v4::packet::{field_text, is_zero};
use crate::wire::v6;

/// Any field of a packet; `values` is what is wrong with its values.
#[inline]
pub(super) fn any(
    cells: &mut impl Fill,
    wanted: Field,
    place: usize,
    record: &PacketRecord<'_>,
    values: &[Problem],
) {
    let (datagram, packet) = (record.datagram, &record.packet);
    match wanted {
        // Those that differ from one message to the next, without a call.
        Field::Number => cells.digits(place, record.number),
        Field::Time => {
            if let Some(time) = record.time {
                cells.moment(place, time, record.precision);
            }
        }
        Field::TimeNs => {
            if let Some(time) = record.time {
                cells.nanoseconds(place, time);
            }
        }
        Field::LinkSrc => mac(cells, place, datagram.link.as_ref().and_then(|link| link.src)),
        Field::IpId => {
            if let Some(id) = datagram.ip.as_ref().and_then(|ip| ip.id) {
                cells.digits(place, u64::from(id));
            }
        }
        Field::Xid => {
            if let Some(xid) = packet.xid() {
                cells.plain(place, |out| {
                    out.fixed(b"0x");
                    out.hex_digits(&xid.0.to_be_bytes());
                });
            }
        }
        Field::Yiaddr => ip(cells, place, packet.yiaddr().map(IpAddr::V4)),
        Field::Chaddr if !packet.chaddr().is_empty() => {
            cells.plain(place, |out| write_colons(packet.chaddr(), &mut out.buf));
        }
        wanted => other(cells, wanted, place, record, values),
    }
}

/// The fields that many messages have in common.
fn other(cells: &mut impl Fill, wanted: Field, place: usize, record: &PacketRecord<'_>, values: &[Problem]) {
    // What stands around the message comes first in the table.
    if wanted <= Field::Protocol {
        around(cells, wanted, place, record);
    } else if record.datagram.protocol == Protocol::Dhcpv4 {
        field(cells, wanted, place, record, values);
    }
}

/// Any field of a message of DHCPv6 or router discovery.
pub(super) fn any_six(
    cells: &mut impl Fill,
    field: Field,
    place: usize,
    (record, message, six): (&PacketRecord<'_>, Option<&v6::Packet<'_>>, &v6::Outline),
    problems: &[Problem],
) {
    match (field, message) {
        // What stands around the message comes first in the table.
        (field, _) if field <= Field::Protocol => any(cells, field, place, record, &[]),
        (Field::Problems, _) => {
            cells.list(place, problems.iter().map(|problem| problem.code.name().as_bytes()));
        }
        (field, Some(message)) => field_six(cells, field, place, message, six),
        _ => {}
    }
}

#[inline]
fn mac(cells: &mut impl Fill, place: usize, addr: Option<HwAddr>) {
    if let Some(addr) = addr {
        cells.plain(place, |out| write_colons(addr.as_slice(), &mut out.buf));
    }
}

/// What stands around the message.
fn around(cells: &mut impl Fill, field: Field, place: usize, record: &PacketRecord<'_>) {
    let datagram = record.datagram;
    let link = datagram.link.as_ref();
    match field {
        Field::Capture => {
            if let Some(name) = record.capture {
                cells.text(place, name.as_bytes());
            }
        }
        Field::Interface => {
            if let Some(name) = record.interface {
                cells.text(place, name.as_bytes());
            }
        }
        Field::Direction => {
            if let Some(direction) = datagram.direction {
                cells.bare_text(place, direction.name().as_bytes());
            }
        }
        Field::Comment => {
            if let Some(comment) = record.comment {
                cells.text(place, comment.as_bytes());
            }
        }
        Field::CapturedLength => {
            cells.digits(place, u64::try_from(record.captured_length).unwrap_or(u64::MAX));
        }
        Field::OriginalLength => cells.digits(place, u64::from(record.original_length)),
        Field::Layers => cells.list(place, datagram.layers.iter().map(|layer| layer.name().as_bytes())),
        Field::QuotedIn if datagram.quoted => cells.bare_text(place, b"icmp"),
        Field::LinkType => {
            if let Some(link) = link {
                cells.bare_text(place, link.layer.name().as_bytes());
            }
        }
        Field::LinkDst => mac(cells, place, link.and_then(|link| link.dst)),
        Field::Vlans => {
            let ids: Vec<String> = datagram.vlans.as_slice().iter().map(ToString::to_string).collect();
            cells.list(place, ids.iter().map(String::as_bytes));
        }
        Field::Priorities => {
            let each: Vec<[u8; 1]> =
                datagram.vlans.priorities().map(|one| [b'0'.saturating_add(one & 7)]).collect();
            cells.list(place, each.iter().map(<[u8; 1]>::as_slice));
        }
        Field::UdpSrcPort => {
            if let Some(udp) = &datagram.udp {
                cells.digits(place, u64::from(udp.src_port));
            }
        }
        Field::UdpDstPort => {
            if let Some(udp) = &datagram.udp {
                cells.digits(place, u64::from(udp.dst_port));
            }
        }
        Field::UdpChecksum => cells.bare_text(place, datagram.checksum.name().as_bytes()),
        Field::Protocol => cells.bare_text(
            place,
            match datagram.protocol {
                Protocol::Dhcpv4 => b"dhcpv4",
                Protocol::Dhcpv6 => b"dhcpv6",
                Protocol::Icmpv6 => b"icmpv6",
            },
        ),
        _ => {
            if let Some(header) = &datagram.ip {
                ip_header(cells, field, place, header);
            }
        }
    }
}

/// The IP header around the message.
fn ip_header(cells: &mut impl Fill, field: Field, place: usize, header: &Ip) {
    match field {
        Field::IpVersion => cells.digits(place, if header.src.is_ipv4() { 4 } else { 6 }),
        Field::IpSrc => ip(cells, place, Some(header.src)),
        Field::IpDst => ip(cells, place, Some(header.dst)),
        Field::IpTtl => cells.digits(place, u64::from(header.ttl)),
        Field::IpDscp => cells.digits(place, u64::from(header.dscp())),
        Field::IpEcn => cells.digits(place, u64::from(header.ecn())),
        Field::IpDontFragment => {
            if let Some(whole) = header.dont_fragment {
                cells.bare(place, if whole { b"true" } else { b"false" });
            }
        }
        _ => {}
    }
}

/// The fields of the message.
fn field(cells: &mut impl Fill, field: Field, place: usize, record: &PacketRecord<'_>, values: &[Problem]) {
    let packet = &record.packet;
    let mut number = |value: Option<u64>| {
        if let Some(value) = value {
            cells.digits(place, value);
        }
    };
    match field {
        Field::Op => number(packet.op().map(|op| op.0.into())),
        Field::Htype => number(packet.htype().map(Into::into)),
        Field::Hlen => number(packet.hlen().map(Into::into)),
        Field::Hops => number(packet.hops().map(Into::into)),
        Field::Secs => number(packet.secs().map(Into::into)),
        Field::Flags => {
            if let Some(flags) = packet.flags() {
                cells.plain(place, |out| {
                    out.fixed(b"0x");
                    out.hex_digits(&flags.to_be_bytes());
                });
            }
        }
        Field::Broadcast => {
            if let Some(flags) = packet.flags() {
                cells.bare(place, if flags & 0x8000 == 0 { b"false" } else { b"true" });
            }
        }
        Field::Ciaddr => ip(cells, place, packet.ciaddr().map(IpAddr::V4)),
        Field::Siaddr => ip(cells, place, packet.siaddr().map(IpAddr::V4)),
        Field::Giaddr => ip(cells, place, packet.giaddr().map(IpAddr::V4)),
        Field::Sname => name_field(cells, place, packet.sname_field(), record.outline.overload & 2 != 0),
        Field::File => name_field(cells, place, packet.file_field(), record.outline.overload & 1 != 0),
        Field::MessageType => {
            if let Some(kind) = record.outline.message_type {
                match kind.name() {
                    Some(name) => cells.bare_text(place, name.as_bytes()),
                    None => cells.plain(place, |out| out.digits(kind.0.into())),
                }
            }
        }
        Field::Problems => {
            if values.is_empty() && record.is_sound() {
                return cells.list(place, std::iter::empty());
            }
            let found = record.outline.problems.iter().chain(values).copied();
            let names: Vec<&str> =
                found.chain(record.outer_problems()).map(|problem| problem.code.name()).collect();
            cells.list(place, names.iter().map(|name| name.as_bytes()));
        }
        _ => {}
    }
}

/// The fields of a message of DHCPv6.
fn field_six(cells: &mut impl Fill, field: Field, place: usize, message: &v6::Packet<'_>, six: &v6::Outline) {
    // The relay next to the client is the one whose message holds the client's.
    let relay = six.innermost().checked_sub(1).and_then(|level| six.levels.get(level));
    let relay = relay.map_or(*message, |level| level.packet(message));
    match field {
        Field::SixMessageType => {
            if let Some(kind) = six.kind() {
                match kind.name() {
                    Some(name) => cells.bare_text(place, name.as_bytes()),
                    None => cells.plain(place, |out| out.digits(kind.0.into())),
                }
            }
        }
        Field::SixTransactionId => {
            if let Some(xid) = six.inner(message).xid() {
                cells.plain(place, |out| {
                    let [_, digits @ ..] = xid.to_be_bytes();
                    out.fixed(b"0x");
                    out.hex_digits(&digits);
                });
            }
        }
        Field::SixHopCount => {
            if let Some(hops) = message.hop_count() {
                cells.digits(place, hops.into());
            }
        }
        Field::SixLinkAddress => ip(cells, place, relay.link_address().map(IpAddr::V6)),
        Field::SixPeerAddress => ip(cells, place, relay.peer_address().map(IpAddr::V6)),
        _ => {}
    }
}

#[inline]
fn ip(cells: &mut impl Fill, place: usize, addr: Option<IpAddr>) {
    match addr {
        Some(IpAddr::V4(addr)) => cells.plain(place, |out| write_ip4(addr, &mut out.buf)),
        Some(IpAddr::V6(addr)) => cells.plain(place, |out| write_ip6(addr, &mut out.buf)),
        None => {}
    }
}

/// `sname` and `file`: nothing where they are empty or hold options.
fn name_field(cells: &mut impl Fill, place: usize, field: &[u8], overloaded: bool) {
    let text = field_text(field);
    if !overloaded && !is_zero(field) && !text.is_empty() {
        cells.text(place, text);
    }
}
