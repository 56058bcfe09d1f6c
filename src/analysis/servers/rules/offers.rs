//! What it offers, of DHCPv4 and what both families have.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::offered6::Offered6;
use super::super::table::Answer;
use super::case::Case;
use super::six::default_route6;
use super::words::{list, list_or_none, texts_or_none};
use crate::wire::Prefix;
use crate::wire::digits::hex;
use crate::wire::escape::escape;

pub(super) fn wrong_subnet(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.subnet?;
    if let Some(address) = case.server.addresses.iter().find(|address| !want.contains(**address)) {
        return Some(format!("it offers {address}, which is not in {want}"));
    }
    let masks = case.server.answers_given.iter().filter_map(|answer| answer.offered.subnet_mask);
    let mask = masks.into_iter().find(|mask| Prefix::length_of(*mask) != Some(want.length()))?;
    Some(format!("it offers mask {mask} instead of that of {want}"))
}

pub(super) fn wrong_range(case: &Case<'_>) -> Option<String> {
    let ranges = &case.expected()?.ranges;
    let inside = |address: &Ipv4Addr| ranges.iter().any(|range| (range.0..=range.1).contains(address));
    if ranges.is_empty() {
        return None;
    }
    let address = case.server.addresses.iter().find(|address| !inside(address))?;
    Some(format!("it offers {address}, which is not in {}", list(ranges)))
}

pub(super) fn wrong_router(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.routers.as_deref()?;
    case.server
        .answers_given
        .iter()
        .find_map(|answer| differs(answer, "router", want, &answer.offered.routers))
}

pub(super) fn wrong_dns(case: &Case<'_>) -> Option<String> {
    if let Some((expected, _)) = case.expected6() {
        let want = expected.dns6.as_deref()?;
        let (six, _) = case
            .answers6()
            .find(|(six, complete)| six.dns_servers != want && (*complete || !six.dns_servers.is_empty()))?;
        let have = list_or_none(&six.dns_servers);
        return Some(format!("it offers name server {have} instead of {}", list_or_none(want)));
    }
    let want = case.expected()?.dns.as_deref()?;
    let answers = &case.server.answers_given;
    answers.iter().find_map(|answer| differs(answer, "name server", want, &answer.offered.dns_servers))
}

fn differs(answer: &Answer, what: &str, want: &[Ipv4Addr], have: &[Ipv4Addr]) -> Option<String> {
    // What an answer to somebody else's question leaves out may not have been asked for.
    if want == have || (have.is_empty() && !answer.complete) {
        return None;
    }
    Some(format!("it offers {what} {} instead of {}", list_or_none(have), list_or_none(want)))
}

pub(super) fn wrong_domain(case: &Case<'_>) -> Option<String> {
    if let Some((expected, _)) = case.expected6() {
        let want = expected.search.as_deref()?;
        let same =
            |six: &Offered6| six.search.iter().map(Vec::as_slice).eq(want.iter().map(String::as_bytes));
        let (six, _) =
            case.answers6().find(|(six, complete)| !same(six) && (*complete || !six.search.is_empty()))?;
        let have: Vec<String> = six.search.iter().map(|name| escape(name)).collect();
        return Some(format!(
            "it offers search list {} instead of {}",
            texts_or_none(&have),
            texts_or_none(want)
        ));
    }
    let want = case.expected()?.domain.as_deref()?;
    case.server.answers_given.iter().find_map(|answer| {
        let have = answer.offered.domain_name.as_deref();
        if have.unwrap_or_default() == want.as_bytes() || (have.is_none() && !answer.complete) {
            return None;
        }
        let shown = have.map_or_else(|| "none".to_owned(), escape);
        let want = if want.is_empty() { "none".to_owned() } else { escape(want.as_bytes()) };
        Some(format!("it offers domain {shown} instead of {want}"))
    })
}

pub(super) fn wrong_lease(case: &Case<'_>) -> Option<String> {
    let expected = &case.entry?.expected;
    let (shortest, longest) = case.server.leases?;
    let short = expected.lease_min.filter(|min| shortest < min.0).map(|min| (shortest, "at least", min));
    let long = expected.lease_max.filter(|max| longest > max.0).map(|max| (longest, "at most", max));
    let (lease, what, limit) = short.or(long)?;
    Some(format!("it offers a lease of {lease} s instead of {what} {} s", limit.0))
}

pub(super) fn wrong_boot_file(case: &Case<'_>) -> Option<String> {
    let want = case.entry?.expected.boot_file.as_ref()?;
    let found = case.all(|offered| match &offered.six {
        Some(six) => six.boot_file.as_slice(),
        None => offered.boot_file.as_slice(),
    });
    let other = found.into_iter().find(|file| !want.0.iter().any(|known| known.as_bytes() == &***file))?;
    Some(format!("it offers boot file {} instead of {}", escape(other), texts_or_none(&want.0)))
}

pub(super) fn wrong_next_server(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.next_server.as_ref()?;
    let found = case.all(|offered| offered.next_server.as_slice());
    let other = found.into_iter().find(|ip| !want.0.contains(ip))?;
    Some(format!("it names boot server {other} instead of {}", list_or_none(&want.0)))
}

pub(super) fn wrong_wpad(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.wpad.as_ref()?;
    let found = case.all(|offered| offered.wpad.as_slice());
    let other = found.into_iter().find(|url| !want.0.iter().any(|known| known.as_bytes() == &***url))?;
    Some(format!("option 252 sets the web proxy {} instead of {}", escape(other), texts_or_none(&want.0)))
}

pub(super) fn wrong_default_route(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.default_route.as_ref()?;
    let found = case.all(|offered| &offered.default_routes);
    let (code, via) = found.into_iter().find(|(_, via)| !want.0.contains(via))?;
    Some(format!("option {code} sends all traffic to {via} instead of {}", list_or_none(&want.0)))
}

pub(super) fn wrong_vendor_options(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.vendor_options.as_ref()?;
    // A boot client is given others.
    let answers = case.server.answers_given.iter().filter(|answer| answer.complete);
    let mut found = answers.filter_map(|answer| answer.offered.vendor_options.as_deref());
    let other = found.find(|bytes| !want.0.iter().any(|known| known.eq_ignore_ascii_case(&hex(bytes))))?;
    Some(format!("it offers vendor options {} instead of {}", hex(other), texts_or_none(&want.0)))
}

pub(super) fn foreign_router(case: &Case<'_>) -> Option<String> {
    foreign(case, "router", &case.all(|offered| &offered.routers), &case.scene.routers)
}

pub(super) fn foreign_dns(case: &Case<'_>) -> Option<String> {
    if case.six().is_some() {
        let own: Vec<&Ipv6Addr> = case.answers6().flat_map(|(six, _)| &six.dns_servers).collect();
        return foreign(case, "name server", &own, &case.scene.dns6);
    }
    foreign(case, "name server", &case.all(|offered| &offered.dns_servers), &case.scene.dns)
}

fn foreign<T: Copy + Eq + Hash + fmt::Display>(
    case: &Case<'_>,
    what: &str,
    have: &[&T],
    known: &HashSet<T>,
) -> Option<String> {
    if case.entry.is_some() || known.is_empty() {
        return None;
    }
    let mut strange: Vec<T> = Vec::new();
    for ip in have {
        if !known.contains(*ip) && !strange.contains(*ip) {
            strange.push(**ip);
        }
    }
    (!strange.is_empty())
        .then(|| format!("it offers {what} {}, which no allowed server does", list(&strange)))
}

pub(super) fn default_route(case: &Case<'_>) -> Option<String> {
    // What the policy speaks of is judged by it.
    if case.entry.is_some_and(|entry| entry.expected.default_route.is_some()) {
        return None;
    }
    if let Some(route) = default_route6(case) {
        return Some(route);
    }
    let routes = case.all(|offered| &offered.default_routes);
    let (code, _) = routes.first()?;
    let mut via: Vec<Ipv4Addr> = routes.iter().map(|(_, router)| *router).collect();
    via.dedup();
    Some(format!("option {code} sends all traffic to {}", list(&via)))
}

/// A default route to a router that is neither in the policy nor offered as one.
pub(super) fn leads_to_a_stranger(case: &Case<'_>) -> bool {
    let own = case.all(|offered| &offered.routers);
    let expected = case.entry.and_then(|entry| entry.expected.routers.as_deref());
    let is_known = |via: &Ipv4Addr| match expected {
        Some(routers) => routers.contains(via),
        None => own.contains(&via),
    };
    let nothing_known = expected.is_none() && own.is_empty();
    !nothing_known && case.all(|offered| &offered.default_routes).iter().any(|(_, via)| !is_known(via))
}

pub(super) fn wpad(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some_and(|entry| entry.expected.wpad.is_some()) {
        return None;
    }
    let urls = case.all(|offered| offered.wpad.as_slice());
    let url = urls.first()?;
    Some(format!("option 252 sets a web proxy: {}", escape(url)))
}

pub(super) fn hidden_options(case: &Case<'_>) -> Option<String> {
    let hidden = &case.offered().hidden;
    (!hidden.is_empty()).then(|| format!("overloaded fields hold option {}", list(hidden)))
}
