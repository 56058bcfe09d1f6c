//! One line per packet that a person can scan.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use crate::output::packet::record::PacketRecord;
use crate::output::styled::{Label, Styled};
use crate::output::when::TimeText;
use crate::wire::escape::escape_into;
use crate::wire::frame::Datagram;
use crate::wire::options::text::without_trailing_zeros;
use crate::wire::options::v4;
use crate::wire::problem::{Problem, Severity};
use crate::wire::v4::{MessageType, Op, Values};
use crate::wire::{Lease, Prefix};

/// Writes one line per packet; keeps its memory from one to the next.
#[derive(Clone, Debug, Default)]
pub struct PacketLine {
    values: Values,
}

/// The colour a message type has everywhere.
pub fn type_label(kind: Option<MessageType>, op: Option<Op>) -> Label {
    match kind {
        Some(MessageType::ACK) => Label::Good,
        Some(MessageType::NAK | MessageType::DECLINE) => Label::Error,
        Some(MessageType::OFFER) => Label::Server,
        Some(MessageType::RELEASE) => Label::Warning,
        _ if op == Some(Op::REPLY) => Label::Server,
        _ => Label::Client,
    }
}

impl PacketLine {
    /// What was wrong with values of the packet written last.
    pub fn value_problems(&self) -> &[Problem] {
        &self.values.problems
    }

    /// Appends the line for `record`.
    pub fn write(&mut self, record: &PacketRecord<'_>, time: &mut TimeText, out: &mut Styled) {
        let (packet, outline) = (&record.packet, record.outline);
        out.labelled(Label::Dim, |out| time.write(record.time, record.precision, out));
        out.text("  ");
        let kind = outline.message_type;
        out.labelled(type_label(kind, packet.op()), |out| {
            write_type(kind, packet.op(), outline.type_is_cut_off(), out);
        });
        out.text("  ");
        out.labelled(Label::Address, |out| write_client(record, out));
        write_facts(record, out);
        write_path(record.datagram, out);
        if let Some(xid) = record.packet.xid() {
            out.text("  ");
            out.labelled(Label::Dim, |out| {
                let _ = write!(out, "xid {xid}");
            });
        }
        if record.datagram.quoted {
            out.text("  ").label(Label::Warning, QUOTED);
        }
        self.write_problems(record, out);
        out.text("\n");
    }

    fn write_problems(&mut self, record: &PacketRecord<'_>, out: &mut Styled) {
        self.values.judge(&record.packet, record.outline);
        let found = record.outline.problems.iter().chain(&self.values.problems).copied();
        let problems = || found.clone().chain(record.outer_problems());
        if problems().next().is_some() {
            let all: Vec<Problem> = problems().collect();
            write_worst(&all, out);
        }
    }
}

/// What is said of a message that is only quoted.
pub(super) const QUOTED: &str = "quoted in an ICMP error";

/// The worst of the problems, and how many more there are.
pub(super) fn write_worst(problems: &[Problem], out: &mut Styled) {
    let Some(worst) = problems.iter().max_by_key(|problem| problem.severity()) else { return };
    let label = match worst.severity() {
        Severity::Error => Label::Error,
        Severity::Note => Label::Dim,
        Severity::Warning | Severity::Cut => Label::Warning,
    };
    out.text("  ");
    out.labelled(label, |out| {
        let _ = write!(out, "[{}", worst.code.name());
        if let Some(offset) = worst.offset {
            let _ = write!(out, " at byte {offset}");
        }
        match problems.len().saturating_sub(1) {
            0 => {}
            more => {
                let _ = write!(out, ", {more} more");
            }
        }
        out.push(']');
    });
}

/// What was asked or given.
fn write_facts(record: &PacketRecord<'_>, out: &mut Styled) {
    let (packet, outline) = (&record.packet, record.outline);
    let server = address(record, v4::DHCP_SERVER_IDENTIFIER);
    if packet.op() == Some(Op::REPLY) {
        write_given(record, out);
        if let Some(server) = server {
            word(out, "server");
            out.labelled(Label::Address, |out| push_ip(server, out));
        }
        addresses(record, v4::ROUTERS, "router", out);
        addresses(record, v4::DOMAIN_NAME_SERVERS, "dns", out);
    } else {
        if let Some(asked) = address(record, v4::DHCP_REQUESTED_ADDRESS) {
            word(out, "asks");
            out.labelled(Label::Address, |out| push_ip(asked, out));
        }
        if let Some(held) = packet.ciaddr().filter(|addr| !addr.is_unspecified()) {
            word(out, "has");
            out.labelled(Label::Address, |out| push_ip(held, out));
        }
        if let Some(server) = server {
            word(out, "from");
            out.labelled(Label::Address, |out| push_ip(server, out));
        }
    }
    if let Some(relay) = packet.giaddr().filter(|addr| !addr.is_unspecified()) {
        word(out, "relay");
        out.labelled(Label::Address, |out| push_ip(relay, out));
    }
    for (code, name) in
        [(v4::HOST_NAME, "host"), (v4::VENDOR_CLASS_IDENTIFIER, "class"), (v4::DHCP_MESSAGE, "says")]
    {
        if let Some(span) = outline.find(code) {
            word(out, name);
            let mut scratch = Vec::new();
            quoted(outline.joined(packet, span, &mut scratch), out);
        }
    }
}

/// The message type in capitals, padded to the width of the longest common one.
fn write_type(kind: Option<MessageType>, op: Option<Op>, cut_off: bool, out: &mut String) {
    let start = out.len();
    match (kind.map(|kind| (kind, kind.name())), op) {
        (Some((_, Some(name))), _) => out.extend(name.chars().map(|c| c.to_ascii_uppercase())),
        (Some((kind, None)), _) => {
            let _ = write!(out, "TYPE {}", kind.0);
        }
        (None, _) if cut_off => out.push_str("UNKNOWN"),
        (None, Some(Op::REQUEST)) => out.push_str("BOOTREQ"),
        (None, Some(Op::REPLY)) => out.push_str("BOOTREP"),
        (None, _) => out.push_str("BOOTP?"),
    }
    while out.len().saturating_sub(start) < 8 {
        out.push(' ');
    }
}

fn write_client(record: &PacketRecord<'_>, out: &mut String) {
    let addr = record.packet.chaddr();
    let start = out.len();
    if addr.is_empty() {
        out.push_str("(no chaddr)");
    }
    for (index, byte) in addr.iter().enumerate() {
        if index > 0 {
            out.push(':');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('?'));
        }
    }
    while out.len().saturating_sub(start) < 17 {
        out.push(' ');
    }
}

/// The address given, its prefix length and for how long.
fn write_given(record: &PacketRecord<'_>, out: &mut Styled) {
    let packet = &record.packet;
    if let Some(given) = packet.yiaddr().filter(|addr| !addr.is_unspecified()) {
        word(out, "gets");
        out.labelled(Label::Address, |out| {
            push_ip(given, out);
            if let Some(length) = address(record, v4::SUBNET_MASK).and_then(Prefix::length_of) {
                let _ = write!(out, "/{length}");
            }
        });
    }
    if let Some(seconds) = number(record, v4::DHCP_LEASE_TIME) {
        word(out, "for");
        let _ = write!(out, "{}", Lease(seconds));
    }
}

/// Where it went, when that is more than client broadcast: tags, quoting, IP addresses.
pub(super) fn write_path(datagram: &Datagram<'_>, out: &mut Styled) {
    if let Some(ip) = datagram.ip {
        out.text("  ");
        out.labelled(Label::Dim, |out| {
            push_addr(ip.src, out);
            out.push('>');
            push_addr(ip.dst, out);
        });
    }
    for id in datagram.vlans.as_slice() {
        word(out, "vlan");
        let _ = write!(out, "{id}");
    }
}

pub(super) fn word(out: &mut Styled, name: &str) {
    out.text("  ").label(Label::Dim, name).text(" ");
}

/// Foreign text, at most 40 characters of it, in quotation marks.
pub(super) fn quoted(data: &[u8], out: &mut Styled) {
    let data = without_trailing_zeros(data);
    let short = data.get(..40).unwrap_or(data);
    out.labelled(Label::Strong, |out| {
        out.push('"');
        let start = out.len();
        escape_into(short, out);
        if out.get(start..).is_some_and(|text| text.contains('"')) {
            let text = out.split_off(start);
            out.push_str(&text.replace('"', "\\\""));
        }
        out.push_str(if short.len() < data.len() { "…\"" } else { "\"" });
    });
}

fn addresses(record: &PacketRecord<'_>, code: u8, name: &str, out: &mut Styled) {
    let Some(span) = record.outline.find(code) else { return };
    let mut scratch = Vec::new();
    let data = record.outline.joined(&record.packet, span, &mut scratch);
    let mut first = true;
    for chunk in data.chunks_exact(4).take(3) {
        let Ok(bytes) = <[u8; 4]>::try_from(chunk) else { continue };
        if first {
            word(out, name);
        } else {
            out.text(",");
        }
        first = false;
        out.labelled(Label::Address, |out| push_ip(bytes.into(), out));
    }
    if data.len() > 12 {
        out.text(",…");
    }
}

fn address(record: &PacketRecord<'_>, code: u8) -> Option<Ipv4Addr> {
    let bytes: [u8; 4] = record.outline.find(code)?.data(&record.packet).try_into().ok()?;
    Some(bytes.into())
}

fn number(record: &PacketRecord<'_>, code: u8) -> Option<u32> {
    address(record, code).map(u32::from)
}

fn push_addr(addr: IpAddr, out: &mut String) {
    match addr {
        IpAddr::V4(addr) => push_ip(addr, out),
        IpAddr::V6(addr) => {
            let _ = write!(out, "{addr}");
        }
    }
}

fn push_ip(addr: Ipv4Addr, out: &mut String) {
    for (index, octet) in addr.octets().into_iter().enumerate() {
        if index > 0 {
            out.push('.');
        }
        if octet >= 100 {
            out.push(char::from(b'0'.wrapping_add(octet / 100)));
        }
        if octet >= 10 {
            out.push(char::from(b'0'.wrapping_add(octet / 10 % 10)));
        }
        out.push(char::from(b'0'.wrapping_add(octet % 10)));
    }
}
