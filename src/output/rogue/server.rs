//! A server as people read it.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use super::six;
use crate::analysis::servers::table::Server;
use crate::analysis::servers::{Judgement, Key, ServerId, Speaks, Status};
use crate::output::styled::{Label, Styled};
use crate::wire::Lease;
use crate::wire::escape::escape;

/// What people know a server by.
pub(super) fn name(key: &Key) -> Option<String> {
    key.server_id.as_ref().map(ServerId::to_string).or(key.source_ip.map(|ip| ip.to_string()))
}

/// Address, MAC and vendor of a server.
pub(super) fn who(server: &Server, judgement: &Judgement) -> String {
    let address = server.key.address().map_or_else(|| "without address".to_owned(), |ip| ip.to_string());
    let mac = server.key.source_mac.map_or_else(String::new, |mac| format!(" at {mac}"));
    let vendor = judgement.vendor.as_ref().map_or_else(String::new, |vendor| format!(" ({vendor})"));
    let what = match server.key.speaks {
        Speaks::Dhcpv4 => "",
        Speaks::Dhcpv6 => "DHCPv6 ",
        Speaks::Ra => "router ",
    };
    format!("{what}{address}{mac}{vendor}")
}

fn status_label(status: Status) -> Label {
    match status {
        Status::Allowed => Label::Good,
        Status::Unjudged => Label::Warning,
        Status::Rogue => Label::Error,
    }
}

/// A server: who it is, why it is judged so, what it offers.
pub(super) fn block(server: &Server, judgement: &Judgement, out: &mut Styled) {
    let key = &server.key;
    out.label(status_label(judgement.status), &format!("{:<8}", judgement.status.name())).text("  ");
    match key.speaks {
        Speaks::Dhcpv4 => {}
        Speaks::Dhcpv6 => {
            out.text("DHCPv6 ");
        }
        Speaks::Ra => {
            out.text("router ");
        }
    }
    match name(key) {
        Some(name) => out.label(Label::Address, &name),
        None => out.text("server without address"),
    };
    if let Some(name) = &judgement.name {
        out.text(" (").foreign(name.as_bytes()).text(")");
    }
    let is_named =
        |ip: &IpAddr| key.server_id.as_ref().is_some_and(|id| id.ip().map(IpAddr::from) != Some(*ip));
    if let Some(ip) = key.source_ip.filter(is_named) {
        let _ = write!(out, " from {ip}");
    }
    if let Some(mac) = key.source_mac {
        let _ = write!(out, " at {mac}");
    }
    if let Some(vendor) = &judgement.vendor {
        out.text(" (").foreign(vendor.as_bytes()).text(")");
    }
    if let Some(relay) = key.relay {
        let _ = write!(out, " through relay {relay}");
    }
    for (index, interface) in server.interfaces.iter().enumerate() {
        out.text(if index == 0 { " on " } else { ", " }).foreign(interface.as_bytes());
    }
    if !key.vlans.is_empty() {
        let _ = write!(out, " VLAN {}", joined(&key.vlans, "."));
    }
    out.text("\n");
    for (label, reasons) in
        [(status_label(judgement.status), &judgement.reasons), (Label::Dim, &judgement.notes)]
    {
        for reason in reasons {
            // What a reason quotes from the wire was escaped when it was made.
            out.text("          ").label(label, reason.code).text(": ").text(&reason.detail).text("\n");
        }
    }
    let offers = offers(server);
    if !offers.is_empty() {
        out.text("          offers ").text(&offers).text("\n");
    }
    let mut said = Vec::new();
    let counts = server.counts;
    for (count, name) in [
        (counts.offers, "OFFER"),
        (counts.acks, "ACK"),
        (counts.naks, "NAK"),
        (counts.bootp, "BOOTP reply"),
        (counts.advertises, "ADVERTISE"),
        (counts.replies, "REPLY"),
        (counts.reconfigures, "RECONFIGURE"),
        (counts.adverts, "RA"),
        (counts.other, "other"),
    ] {
        if count > 0 {
            said.push(format!("{count} {name}"));
        }
    }
    if !said.is_empty() {
        out.text("          ").label(Label::Dim, "said ").text(&said.join(", "));
        if !server.answered.is_empty() {
            out.label(Label::Dim, " to ").text(&server.answered.join(", "));
        }
        out.text("\n");
    }
}

/// What a server offers, in one line; texts from the wire are escaped.
pub(super) fn offers(server: &Server) -> String {
    let offered = &server.offered;
    if let Some(six) = &offered.six {
        return six::offers(server, six);
    }
    let mut parts = Vec::new();
    if let Some(address) = server.addresses.last() {
        let more = server.addresses.len().saturating_sub(1);
        let prefix = offered.prefix().map_or_else(String::new, |prefix| format!("/{prefix}"));
        let others = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("{address}{prefix}{others}"));
    }
    if !offered.routers.is_empty() {
        parts.push(format!("router {}", joined(&offered.routers, " ")));
    }
    if !offered.dns_servers.is_empty() {
        parts.push(format!("DNS {}", joined(&offered.dns_servers, " ")));
    }
    if let Some(domain) = &offered.domain_name {
        parts.push(format!("domain {}", escape(domain)));
    }
    if let Some(lease) = offered.lease_time {
        parts.push(if lease == u32::MAX {
            "lease without end".to_owned()
        } else {
            format!("lease {}", Lease(lease))
        });
    }
    if let Some(file) = &offered.boot_file {
        parts.push(format!("boot file {}", escape(file)));
    }
    if server.pxe {
        parts.push("PXE".to_owned());
    }
    parts.join(", ")
}

pub(super) fn joined<T: fmt::Display>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}
