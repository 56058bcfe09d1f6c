//! The text of answers and findings: blocks of short lines.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use super::record;
use crate::analysis::findings6::Finding6;
use crate::engine::v6::accept::{is_usable, is_usable_answer};
use crate::engine::v6::station::Answer6;
use crate::output::answers::Place;
use crate::output::packet::line6::{push_type6, type_label6};
use crate::output::styled::{Label, Styled};
use crate::output::when::stretch;
use crate::wire::Lease;
use crate::wire::escape::{escape, escape_line};
use crate::wire::nd::Advert;
use crate::wire::problem::Severity;
use crate::wire::v6::facts::{Ia, IaKind, Status};
use crate::wire::v6::{Duid, Facts, MessageType, Prefix6, StatusCode};

/// Columns of the name in front of a value.
const NAME: usize = 14;

/// One line of a block: name and value.
pub fn line(out: &mut Styled, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    out.text("  ").label(Label::Dim, &format!("{name:<NAME$}")).text(value).text("\n");
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn names(names: &[Vec<u8>]) -> String {
    names.iter().map(|name| escape(name)).collect::<Vec<_>>().join(", ")
}

/// `no-prefix-avail: no prefixes`.
pub fn status_text(status: Status<'_>) -> String {
    if status.text.is_empty() {
        return status.code.to_string();
    }
    format!("{}: {}", status.code, escape_line(&String::from_utf8_lossy(status.text)))
}

/// The server as people are told: its DUID, else where it speaks from.
pub fn server_name(answer: &Answer6) -> String {
    answer
        .server()
        .map(|duid| duid.to_string())
        .or(answer.source_ip.map(|ip| ip.to_string()))
        .unwrap_or_default()
}

fn times(ia: &Ia<'_>) -> String {
    if ia.kind == IaKind::Ta {
        return String::new();
    }
    format!(", T1 {}, T2 {}", Lease(ia.t1), Lease(ia.t2))
}

/// The lines of an IA.
fn ia_lines(ia: &Ia<'_>, gives: bool, out: &mut Styled) {
    let name = match ia.kind {
        IaKind::Na => "address",
        IaKind::Ta => "temporary",
        IaKind::Pd => "prefix",
    };
    let leases = ia
        .addresses
        .iter()
        .map(|lease| (lease.address.to_string(), lease.preferred, lease.valid, lease.status))
        .chain(ia.prefixes.iter().map(|lease| {
            (Prefix6::new(lease.prefix, lease.length).to_string(), lease.preferred, lease.valid, lease.status)
        }));
    let mut shown = false;
    for (lease, preferred, valid, status) in leases {
        let mut text = if valid == 0 {
            format!("{lease} no longer (lifetimes 0)")
        } else {
            format!("{lease} for {} (preferred {}{})", Lease(valid), Lease(preferred), times(ia))
        };
        if let Some(status) = status.filter(|status| status.code != StatusCode::SUCCESS) {
            let _ = write!(text, ", {}", status_text(status));
        }
        line(out, name, &text);
        shown = true;
    }
    let refused = ia.status.filter(|status| status.code != StatusCode::SUCCESS);
    match refused {
        Some(status) => line(out, name, &format!("refused, {}", status_text(status))),
        None if !shown && gives => line(out, name, "none"),
        None => {}
    }
    if shown && refused.is_none() && !is_usable(ia) && ia.addresses.iter().all(|lease| lease.valid > 0) {
        out.text("  ").label(Label::Error, &format!("{:<NAME$}", "unusable")).text("clients drop this\n");
    }
}

/// How long an answer took.
pub fn latency_sentence(answer: &Answer6) -> Option<String> {
    let latency = answer.latency()?;
    let again = answer.answers > 1;
    let mut text = stretch(answer.since_first().filter(|_| again).unwrap_or(latency));
    if again {
        let _ = write!(text, " ({} after request {})", stretch(latency), answer.answers);
    }
    if let Some(check) = &answer.check {
        let looked = check.nanoseconds();
        if looked > 1_000_000 {
            let _ = write!(text, ", of which {} the server looked for the client", stretch(looked));
        }
    }
    Some(text)
}

fn source_text(answer: &Answer6, vendor: Option<&str>) -> String {
    let mac = answer.source_mac.map(|mac| format!(" {mac}")).unwrap_or_default();
    let vendor = vendor.map_or_else(String::new, |vendor| format!(" ({})", escape(vendor.as_bytes())));
    let vlans: Vec<String> = answer.vlans.as_slice().iter().map(ToString::to_string).collect();
    let vlan = if vlans.is_empty() { String::new() } else { format!(", VLAN {}", vlans.join(".")) };
    let ip = answer.source_ip.map(|ip| ip.to_string()).unwrap_or_default();
    format!("{ip}{mac}{vendor}{vlan}")
}

/// Writes the block of a server's answer. `client` shows what a client would keep of it.
pub fn block(answer: &Answer6, vendor: Option<&str>, place: &Place<'_>, out: &mut Styled) {
    let facts = answer.facts();
    out.labelled(type_label6(facts.kind), |out| push_type6(facts.kind, out));
    out.text(" from ").label(Label::Strong, &server_name(answer));
    if facts.kind == MessageType::ADVERTISE && !is_usable_answer(&facts) {
        out.text(", ").label(Label::Warning, "nothing a client could use");
    }
    out.text("\n");
    facts_lines(&facts, out);
    if !answer.other_addresses.is_empty() {
        line(out, "later", &list(&answer.other_addresses));
    }
    line(out, "source", &source_text(answer, vendor));
    let unknown = || "unknown: the request was not seen leaving".to_owned();
    line(out, "latency", &latency_sentence(answer).unwrap_or_else(unknown));
    record::faults(answer, place, out);
}

fn facts_lines(facts: &Facts<'_>, out: &mut Styled) {
    // The answer to who gives back holds nothing, and is meant to.
    let gives = !(facts.kind == MessageType::REPLY
        && facts.status.is_some_and(|status| status.code == StatusCode::SUCCESS));
    for ia in &facts.ias {
        ia_lines(ia, gives, out);
    }
    if let Some(status) = facts.status.filter(|status| status.code != StatusCode::SUCCESS) {
        line(out, "status", &status_text(status));
    }
    line(
        out,
        "preference",
        &facts.preference.filter(|preference| *preference > 0).map(|n| n.to_string()).unwrap_or_default(),
    );
    line(out, "DNS", &list(&facts.dns_servers().collect::<Vec<_>>()));
    line(out, "search", &names(&facts.domain_search()));
    line(out, "refresh", &facts.refresh_time.map(|time| Lease(time).to_string()).unwrap_or_default());
    line(out, "SOL_MAX_RT", &facts.sol_max_rt.map(|time| format!("{time} s")).unwrap_or_default());
    line(out, "INF_MAX_RT", &facts.inf_max_rt.map(|time| format!("{time} s")).unwrap_or_default());
    line(out, "boot file", &facts.boot_file.map(escape).unwrap_or_default());
    line(out, "portal", &facts.captive_portal.map(escape).unwrap_or_default());
    for relay in &facts.relays {
        let id = relay.interface_id.map(|id| format!(", interface-id {}", escape(id))).unwrap_or_default();
        line(out, "relay", &format!("{} to {}, hop-count {}{id}", relay.link, relay.peer, relay.hop_count));
    }
}

/// Writes the block of a router.
pub fn router_block(answer: &Answer6, vendor: Option<&str>, place: &Place<'_>, out: &mut Styled) {
    let Some(advert) = answer.advert() else { return };
    let header = advert.header;
    out.label(Label::Server, "ROUTER").text(" ");
    out.label(Label::Strong, &answer.source_ip.map(|ip| ip.to_string()).unwrap_or_default()).text("\n");
    line(out, "says", &flags_text(&advert));
    let lifetime = match header.router_lifetime() {
        0 => "no default router (lifetime 0)".to_owned(),
        seconds => format!("for {}, preference {}", Lease(seconds.into()), header.preference()),
    };
    line(out, "default", &lifetime);
    for prefix in &advert.prefixes {
        let shown = Prefix6::new(prefix.prefix, prefix.length);
        let uses = [
            (prefix.is_on_link(), "on-link"),
            (prefix.is_autonomous(), "autonomous"),
            (prefix.is_pd_preferred(), "ask for a prefix"),
        ];
        let uses: Vec<&str> = uses.iter().filter_map(|(is, word)| is.then_some(*word)).collect();
        let uses = if uses.is_empty() { String::new() } else { format!(" {},", uses.join(", ")) };
        line(
            out,
            "prefix",
            &format!("{shown}{uses} for {} (preferred {})", Lease(prefix.valid), Lease(prefix.preferred)),
        );
    }
    for route in &advert.routes {
        let shown = Prefix6::new(route.prefix, route.length);
        line(
            out,
            "route",
            &format!("{shown} for {}, preference {}", Lease(route.lifetime), route.preference),
        );
    }
    for (lifetime, servers) in &advert.dns_servers {
        line(out, "DNS", &format!("{} for {}", list(servers), Lease(*lifetime)));
    }
    for (lifetime, domains) in &advert.domains {
        line(out, "search", &format!("{} for {}", names(domains), Lease(*lifetime)));
    }
    for (prefix, length, lifetime) in &advert.pref64 {
        line(out, "NAT64", &format!("{prefix}/{length} for {}", Lease((*lifetime).into())));
    }
    line(out, "portal", &advert.captive_portal.map(escape).unwrap_or_default());
    let numbers = [
        (header.hop_limit() > 0).then(|| format!("hop limit {}", header.hop_limit())),
        advert.mtu.map(|mtu| format!("MTU {mtu}")),
    ];
    line(out, "link", &numbers.into_iter().flatten().collect::<Vec<_>>().join(", "));
    line(out, "source", answer.source_mac.map(|mac| mac.to_string()).as_ref().map_or("", |mac| mac));
    if let Some(vendor) = vendor {
        line(out, "vendor", &escape(vendor.as_bytes()));
    }
    line(out, "latency", &latency_sentence(answer).unwrap_or_else(|| "it came by itself".to_owned()));
    record::faults(answer, place, out);
}

fn flags_text(advert: &Advert<'_>) -> String {
    use crate::wire::nd::flag;
    let flags = advert.header.flags();
    if flags & flag::MANAGED != 0 && flags & flag::OTHER != 0 {
        "DHCPv6 gives addresses and configuration (M, O)".to_owned()
    } else if flags & flag::MANAGED != 0 {
        "DHCPv6 gives addresses (M)".to_owned()
    } else if flags & flag::OTHER != 0 {
        "DHCPv6 gives configuration (O)".to_owned()
    } else {
        "nothing of DHCPv6 (neither M nor O)".to_owned()
    }
}

/// Writes what does not fit together.
pub fn findings(found: &[Finding6], out: &mut Styled) {
    for finding in found {
        let label = match finding.severity {
            Severity::Error => Label::Error,
            Severity::Note => Label::Dim,
            _ => Label::Warning,
        };
        let about: Vec<String> =
            finding.servers.iter().cloned().chain(finding.routers.iter().map(Ipv6Addr::to_string)).collect();
        let about = if about.is_empty() { String::new() } else { format!(" [{}]", about.join(", ")) };
        let text =
            format!("{}: {}{about} ({})", finding.code, escape_line(&finding.message), finding.reference);
        out.label(label, &format!("{:<9}", finding.severity.name())).text(&text).text("\n");
    }
}

/// The DUID as it is written.
pub fn duid_text(duid: Option<&Duid>) -> String {
    duid.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_go_on_below_themselves_where_there_is_a_width() {
        let told = |width: Option<usize>| {
            let mut out = Styled::new(false).within(width);
            line(&mut out, "DNS", &["fd00:64::53:1,"; 9].join(" "));
            String::from_utf8(out.into_bytes()).unwrap()
        };
        let narrow = told(Some(80));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        assert!(narrow.lines().nth(1).unwrap().starts_with("                fd00"), "{narrow}");
        assert_eq!(told(None).lines().count(), 1);
    }
}
