//! One line per packet of IPv6 that a person can scan.

use std::fmt::Write as _;

use super::line::{PacketLine, QUOTED, quoted, rank, word};
use super::record6::{Judged, Message6, Record6};
use crate::output::json::remembered::AddressTexts;
use crate::output::styled::{Label, Styled};
use crate::output::text::Text;
use crate::output::when::TimeText;
use crate::wire::nd::{self, Advert};
use crate::wire::v6::facts::{Facts, IaKind};
use crate::wire::v6::{MessageType, StatusCode};
use crate::wire::{HwAddr, Lease};

/// The colour a DHCPv6 message type has everywhere.
pub fn type_label6(kind: MessageType) -> Label {
    match kind {
        MessageType::REPLY => Label::Good,
        MessageType::DECLINE | MessageType::RECONFIGURE => Label::Error,
        MessageType::RELEASE => Label::Warning,
        kind if kind.is_from_server() => Label::Server,
        _ => Label::Client,
    }
}

/// Appends the name of a message type in capitals.
pub(in crate::output) fn push_type6(kind: MessageType, out: &mut Text) {
    match kind.name().filter(|_| kind != MessageType::INFORMATION_REQUEST) {
        Some(name) => out.capitals(name),
        None if kind == MessageType::INFORMATION_REQUEST => out.push_str("INFORM"),
        None => out.capitals(&kind.to_string()),
    }
}

impl PacketLine {
    /// Appends the line for a packet of IPv6; what is wrong with it is left in `judged`.
    pub fn write_six(
        &mut self,
        record: &Record6<'_>,
        judged: &mut Judged,
        time: &mut TimeText,
        out: &mut Styled,
    ) {
        let around = &record.around;
        let start = self.begin(around, time, out);
        match record.message {
            Message6::Dhcp { packet, outline } => {
                let facts = Facts::read(&packet, outline);
                write_name(type_label6(facts.kind), out, |out| {
                    if packet.bytes().is_empty() {
                        out.push_str("DHCPV6?");
                    } else {
                        push_type6(facts.kind, out);
                    }
                });
                out.labelled(Label::Address, |out| write_client(&facts, record, out));
                self.write_origin(around, out);
                write_dhcp(&facts, &mut self.addresses, out);
                self.write_path(around.datagram, out);
                if let Some(xid) = facts.xid.filter(|_| self.shows_xid()) {
                    out.piece(rank::XID).text("  ").labelled(Label::Dim, |out| {
                        out.push_str("xid ");
                        write_xid(xid, out);
                    });
                }
            }
            Message6::Router { packet, outline } => {
                write_router(&packet, outline, record, out);
                self.write_path(around.datagram, out);
            }
        }
        if around.datagram.quoted {
            out.piece(rank::CORE).text("  ").label(Label::Warning, QUOTED);
        }
        judged.judge(record);
        self.write_worst(&judged.problems, out);
        self.end(start, out);
    }
}

/// A transaction identifier: `0x` and six digits, more where there are more bits.
pub(super) fn write_xid(xid: u32, out: &mut Text) {
    match xid.to_be_bytes() {
        [0, digits @ ..] => {
            out.push_str("0x");
            out.hex(&digits);
        }
        _ => {
            // Writing into memory cannot fail.
            let _ = write!(out, "{xid:#08x}");
        }
    }
}

/// What a message is, as wide as most are.
fn write_name(label: Label, out: &mut Styled, push: impl FnOnce(&mut Text)) {
    let wide = |out: &mut Text| {
        let start = out.len();
        push(out);
        out.pad(start, 9);
    };
    out.labelled(label, wide).text(" ");
}

fn write_client(facts: &Facts<'_>, record: &Record6<'_>, out: &mut Text) {
    let start = out.len();
    let mut cut = 0;
    match (facts.hardware(), facts.client_id) {
        (Some(mac), _) => out.colons(mac),
        (_, Some(duid)) => {
            let shown = duid.get(..12).unwrap_or(duid);
            out.hex(shown);
            if shown.len() < duid.len() {
                out.push('…');
                // One column, three bytes.
                cut = 2;
            }
        }
        _ => match record.around.datagram.link.and_then(|link| link.src) {
            Some(src) => out.hardware(&src),
            None => out.push_str("(no client id)"),
        },
    }
    out.pad(start, 17_usize.saturating_add(cut));
}

fn write_dhcp(facts: &Facts<'_>, addresses: &mut AddressTexts, out: &mut Styled) {
    let gives = facts.kind.is_from_server();
    for ia in facts.ias.iter().take(4) {
        let shown = out.len();
        for lease in ia.addresses.iter().take(3) {
            out.piece(rank::CORE);
            word(out, if gives { "gets" } else { "asks" });
            out.labelled(Label::Address, |out| addresses.write(lease.address.into(), out.bytes_mut()));
            if gives {
                out.piece(rank::TERM);
                word(out, "for");
                out.plain().lease(Lease(lease.valid));
            }
        }
        for lease in ia.prefixes.iter().take(3) {
            out.piece(rank::CORE);
            word(out, if gives { "gets" } else { "asks" });
            out.labelled(Label::Address, |out| {
                addresses.write(lease.prefix.into(), out.bytes_mut());
                out.push('/');
                out.digits(lease.length);
            });
            if gives {
                out.piece(rank::TERM);
                word(out, "for");
                out.plain().lease(Lease(lease.valid));
            }
        }
        if out.len() == shown && ia.status.is_none() && !gives {
            out.piece(rank::CORE);
            word(out, "asks");
            out.text(match ia.kind {
                IaKind::Na => "an address",
                IaKind::Ta => "a temporary address",
                IaKind::Pd => "a prefix",
            });
        }
        if let Some(status) = ia.status.filter(|status| status.code != StatusCode::SUCCESS) {
            out.piece(rank::WRONG);
            word(out, ia.kind.name());
            out.label(Label::Error, &status.code.to_string());
        }
    }
    if let Some(status) = facts.status.filter(|status| status.code != StatusCode::SUCCESS) {
        out.piece(rank::WRONG);
        word(out, "status");
        out.label(Label::Error, &status.code.to_string());
        if !status.text.is_empty() {
            out.piece(rank::WRONG);
            word(out, "says");
            quoted(status.text, out);
        }
    }
    if let Some(preference) = facts.preference.filter(|preference| *preference > 0) {
        out.piece(rank::DETAIL);
        word(out, "preference");
        out.number(preference);
    }
    if let Some(server) = facts.server_id {
        out.piece(rank::SERVER);
        word(out, if gives { "server" } else { "from" });
        out.labelled(Label::Address, |out| out.hex(server.get(..130).unwrap_or(server)));
    }
    let servers = facts.dns_servers();
    let told = servers.len();
    if gives && told > 0 {
        out.piece(rank::TOLD);
        word(out, "dns");
        out.labelled(Label::Address, |out| {
            for (index, server) in servers.take(3).enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                addresses.write(server.into(), out.bytes_mut());
            }
        });
        out.text(if told > 3 { ",…" } else { "" });
    }
    for relay in facts.relays.iter().rev().take(4) {
        out.piece(rank::WAY);
        word(out, "relay");
        let addr = if relay.link.is_unspecified() { relay.peer } else { relay.link };
        out.labelled(Label::Address, |out| addresses.write(addr.into(), out.bytes_mut()));
        if let Some(id) = relay.interface_id {
            out.piece(rank::DETAIL);
            word(out, "interface");
            quoted(id, out);
        }
    }
}

fn write_router(packet: &nd::Packet<'_>, outline: &nd::Outline, record: &Record6<'_>, out: &mut Styled) {
    let name = match packet.kind() {
        Some(nd::ROUTER_SOLICITATION) => "RS",
        Some(nd::ROUTER_ADVERTISEMENT) => "RA",
        _ => "ICMPV6",
    };
    let label = if name == "RA" { Label::Server } else { Label::Client };
    write_name(label, out, |out| out.push_str(name));
    let own = outline.find(1).map(|span| HwAddr::from_slice(span.data(packet)));
    let addr = own.or_else(|| record.around.datagram.link.and_then(|link| link.src));
    let addr = addr.map_or_else(|| "(no address)".to_owned(), |addr| addr.to_string());
    out.label(Label::Address, &format!("{addr:<17}"));
    let Some(facts) = Advert::read(packet, outline) else { return };
    let flags = facts.header.flags();
    let mut said = Vec::new();
    for (bit, name) in [(nd::flag::MANAGED, "managed"), (nd::flag::OTHER, "other")] {
        if flags & bit != 0 {
            said.push(name);
        }
    }
    if !said.is_empty() {
        out.piece(rank::CORE);
        word(out, "flags");
        out.text(&said.join(","));
    }
    out.piece(rank::CORE);
    word(out, "router for");
    out.text(&Lease(facts.header.router_lifetime().into()).to_string());
    if facts.header.preference() != "medium" {
        out.piece(rank::DETAIL);
        word(out, "preference");
        out.text(facts.header.preference());
    }
    for prefix in facts.prefixes.iter().take(3) {
        out.piece(rank::SERVER);
        word(out, if prefix.is_autonomous() { "prefix" } else { "prefix (no slaac)" });
        out.label(Label::Address, &format!("{}/{}", prefix.prefix, prefix.length));
    }
    for route in facts.routes.iter().take(3) {
        out.piece(rank::TOLD);
        word(out, "route");
        out.label(Label::Address, &format!("{}/{}", route.prefix, route.length));
    }
    let servers: Vec<String> =
        facts.dns_servers.iter().flat_map(|(_, servers)| servers).take(3).map(ToString::to_string).collect();
    if !servers.is_empty() {
        out.piece(rank::TOLD);
        word(out, "dns");
        out.label(Label::Address, &servers.join(","));
    }
    if let Some(mtu) = facts.mtu {
        out.piece(rank::DETAIL);
        word(out, "mtu");
        out.text(&mtu.to_string());
    }
}
