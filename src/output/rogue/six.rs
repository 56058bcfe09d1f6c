//! What DHCPv6 servers and routers offer, in a line.

use super::server::joined;
use crate::analysis::servers::offered6::{Advertised, Offered6, Route};
use crate::analysis::servers::table::Server;
use crate::output::six::router::pref64;
use crate::wire::escape::escape;
use crate::wire::nd::OnLinkPrefix;
use crate::wire::{Lease, Seconds};

/// What it offers, in one line; texts from the wire are escaped.
pub(super) fn offers(server: &Server, six: &Offered6) -> String {
    let mut parts = Vec::new();
    if let Some(address) = server.addresses6.last() {
        let more = server.addresses6.len().saturating_sub(1);
        let others = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("{address}{others}"));
    }
    if let Some((prefix, length)) = server.prefixes6.last() {
        parts.push(format!("prefix {prefix}/{length}"));
    }
    if let Some(router) = &six.router {
        router_parts(router, &mut parts);
    }
    if !six.dns_servers.is_empty() {
        parts.push(format!("DNS {}", joined(&six.dns_servers, " ")));
    }
    if !six.search.is_empty() {
        let names: Vec<String> = six.search.iter().map(|name| escape(name)).collect();
        parts.push(format!("search {}", names.join(" ")));
    }
    if let Some(lease) = six.lease_time {
        parts.push(format!("lease {}", Lease(lease)));
    }
    if let Some(preference) = six.preference.filter(|preference| *preference > 0) {
        parts.push(format!("preference {preference}"));
    }
    if let Some(file) = &six.boot_file {
        parts.push(format!("boot file {}", escape(file)));
    }
    if let Some(portal) = &six.captive_portal {
        parts.push(format!("captive portal {}", escape(portal)));
    }
    parts.join(", ")
}

fn router_parts(router: &Advertised, parts: &mut Vec<String>) {
    parts.push(match router.router_lifetime {
        0 => "no default router".to_owned(),
        lifetime => format!("default router for {}", Seconds(lifetime.into())),
    });
    if router.preference != "medium" {
        parts.push(format!("preference {}", router.preference));
    }
    let flags: Vec<&str> = [(router.managed, "M"), (router.other, "O")]
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| *name)
        .collect();
    if !flags.is_empty() {
        parts.push(format!("flags {}", flags.join(" ")));
    }
    for one in &router.prefixes {
        let OnLinkPrefix { prefix, length, .. } = one;
        let slaac = if one.is_autonomous() { " (SLAAC)" } else { "" };
        parts.push(format!("prefix {prefix}/{length}{slaac}"));
    }
    for Route { prefix: (prefix, length), .. } in &router.routes {
        parts.push(format!("route {prefix}/{length}"));
    }
    for prefix in pref64(&router.pref64) {
        parts.push(format!("NAT64 {prefix}"));
    }
    if let Some(mtu) = router.mtu {
        parts.push(format!("MTU {mtu}"));
    }
}
