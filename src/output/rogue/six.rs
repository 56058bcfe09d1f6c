//! What DHCPv6 servers and routers offer, in JSON and in a line.

use super::joined;
use crate::analysis::servers::offered6::{Advertised, Offered6, Route};
use crate::analysis::servers::table::{Counts, Server};
use crate::analysis::servers::{Key, Speaks};
use crate::output::json::JsonOut;
use crate::output::json::fields::{bytes, list, number, optional, texts};
use crate::wire::Seconds;
use crate::wire::escape::escape;
use crate::wire::nd::OnLinkPrefix;
use crate::wire::options::Sink as _;

/// How often it said what, by the names of JSON.
pub(super) fn messages(key: &Key, counts: &Counts) -> Vec<(&'static str, u64)> {
    match key.speaks {
        Speaks::Dhcpv4 => vec![
            ("offer", counts.offers),
            ("ack", counts.acks),
            ("nak", counts.naks),
            ("bootp", counts.bootp),
            ("other", counts.other),
        ],
        Speaks::Dhcpv6 => vec![
            ("advertise", counts.advertises),
            ("reply", counts.replies),
            ("reconfigure", counts.reconfigures),
            ("other", counts.other),
        ],
        Speaks::Ra => vec![("router-advertisement", counts.adverts)],
    }
}

fn yes(name: &str, value: bool, json: &mut JsonOut) {
    json.name_next(name);
    json.flag(value);
}

fn names(name: &str, all: &[Vec<u8>], json: &mut JsonOut) {
    json.name_next(name);
    json.begin_array();
    for one in all {
        json.string(one);
    }
    json.end_array();
}

/// The member `offered` of a server of IPv6.
pub(super) fn offered(server: &Server, six: &Offered6, json: &mut JsonOut) {
    json.name_next("offered");
    json.begin_object();
    if let Some(router) = &six.router {
        advertised(router, six, json);
    } else {
        optional("address", server.addresses6.last(), json);
        list("addresses", &server.addresses6, json);
        let prefixes = server.prefixes6.iter().map(|(prefix, length)| format!("{prefix}/{length}"));
        list("prefixes", prefixes, json);
        list("dns_servers", &six.dns_servers, json);
        names("domain_search", &six.search, json);
        number("lease_time", six.lease_time, json);
        number("preference", six.preference, json);
        yes("rapid_commit", six.rapid_commit, json);
        bytes("boot_file", six.boot_file.as_deref(), json);
    }
    bytes("captive_portal", six.captive_portal.as_deref(), json);
    json.end_object();
}

fn advertised(router: &Advertised, six: &Offered6, json: &mut JsonOut) {
    yes("managed", router.managed, json);
    yes("other", router.other, json);
    json.name_next("preference");
    json.plain(router.preference);
    number("router_lifetime", Some(u64::from(router.router_lifetime)), json);
    number("hop_limit", Some(u64::from(router.hop_limit)), json);
    number("mtu", router.mtu, json);
    json.name_next("prefixes");
    json.begin_array();
    for one in &router.prefixes {
        json.begin_object();
        optional("prefix", Some(format!("{}/{}", one.prefix, one.length)), json);
        yes("on_link", one.is_on_link(), json);
        yes("autonomous", one.is_autonomous(), json);
        yes("pd_preferred", one.is_pd_preferred(), json);
        number("preferred_lifetime", Some(one.preferred), json);
        number("valid_lifetime", Some(one.valid), json);
        json.end_object();
    }
    json.end_array();
    json.name_next("routes");
    json.begin_array();
    for Route { prefix: (prefix, length), preference, lifetime } in &router.routes {
        json.begin_object();
        optional("prefix", Some(format!("{prefix}/{length}")), json);
        json.name_next("preference");
        json.plain(preference);
        number("lifetime", Some(*lifetime), json);
        json.end_object();
    }
    json.end_array();
    list("dns_servers", &six.dns_servers, json);
    names("domain_search", &six.search, json);
    texts("pref64", pref64(router), json);
}

fn pref64(router: &Advertised) -> Vec<String> {
    router.pref64.iter().map(|(prefix, length, _)| format!("{prefix}/{length}")).collect()
}

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
        parts.push(format!("lease {}", Seconds(lease)));
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
    for prefix in pref64(router) {
        parts.push(format!("NAT64 {prefix}"));
    }
    if let Some(mtu) = router.mtu {
        parts.push(format!("MTU {mtu}"));
    }
}
