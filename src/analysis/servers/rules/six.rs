//! What DHCPv6 servers and routers offer.

use super::super::policy::{Network6, OneOf, Preference};
use super::case::{Case, links};
use super::words::{list_or_none, or_none};
use crate::wire::escape::escape;

pub(super) fn wrong_prefix(case: &Case<'_>) -> Option<String> {
    let (expected, _) = case.expected6()?;
    if let Some(OneOf(want)) = &expected.prefixes {
        let stray = links(case.server).into_iter().find(|one| !want.iter().any(|known| known.holds(one)));
        if let Some(stray) = stray {
            return Some(format!("it offers {stray} instead of {}", list_or_none(want)));
        }
    }
    let routers = || case.answers6().filter_map(|(six, _)| six.router.as_ref());
    if let Some(OneOf(want)) = &expected.routes {
        let each = routers().flat_map(|router| &router.routes);
        let mut led_to = each.map(|route| Network6::of(route.prefix.0, route.prefix.1));
        if let Some(stray) = led_to.find(|route| !want.contains(route)) {
            return Some(format!("its route leads to {stray} instead of {}", list_or_none(want)));
        }
    }
    let OneOf(want) = expected.pref64.as_ref()?;
    let each = routers().flat_map(|router| &router.pref64);
    let mut found = each.map(|(addr, length, _)| Network6::of(*addr, *length));
    let stray = found.find(|one| !want.contains(one))?;
    Some(format!("its NAT64 prefix is {stray} instead of {}", list_or_none(want)))
}

pub(super) fn wrong_delegation(case: &Case<'_>) -> Option<String> {
    let (expected, _) = case.expected6()?;
    let OneOf(want) = expected.delegated.as_ref()?;
    let mut found = case.server.prefixes6.iter().map(|(addr, length)| Network6::of(*addr, *length));
    let stray = found.find(|one| !want.iter().any(|known| known.holds(one)))?;
    Some(format!("it delegates {stray} instead of prefixes of {}", list_or_none(want)))
}

pub(super) fn wrong_flags(case: &Case<'_>) -> Option<String> {
    let (expected, _) = case.expected6()?;
    let on = |flag: bool| if flag { "on" } else { "off" };
    case.answers6().filter_map(|(six, _)| six.router.as_ref()).find_map(|router| {
        let lifetime = u32::from(router.router_lifetime);
        if let Some(want) = expected.managed.filter(|want| *want != router.managed) {
            Some(format!("flag M is {} instead of {}", on(router.managed), on(want)))
        } else if let Some(want) = expected.other.filter(|want| *want != router.other) {
            Some(format!("flag O is {} instead of {}", on(router.other), on(want)))
        } else if let Some(want) = expected.router_lifetime.filter(|want| want.0 != lifetime) {
            Some(format!("it is a default router for {lifetime} s instead of {} s", want.0))
        } else {
            let want = expected.mtu.filter(|want| router.mtu.unwrap_or(0) != *want)?;
            let want = Some(want).filter(|want| *want > 0);
            Some(format!("the MTU is {} instead of {}", or_none(router.mtu), or_none(want)))
        }
    })
}

pub(super) fn wrong_preference(case: &Case<'_>) -> Option<String> {
    let (expected, _) = case.expected6()?;
    let want = match expected.preference.as_ref()? {
        Preference::Number(number) => number.to_string(),
        Preference::Word(word) => word.clone(),
    };
    let have = case.answers6().filter_map(|(six, _)| match &six.router {
        Some(router) => Some(router.preference.to_owned()),
        None => six.preference.map(|preference| preference.to_string()),
    });
    let other = have.into_iter().find(|have| *have != want)?;
    Some(format!("its preference is {other} instead of {}", escape(want.as_bytes())))
}

pub(super) fn reconfigure(case: &Case<'_>) -> Option<String> {
    case.server.reconfigures.then(|| "it sends RECONFIGURE without authentication".to_owned())
}

pub(super) fn kills_router(case: &Case<'_>) -> Option<String> {
    let ip = case.key().source_ip?;
    let own = case.key().source_mac?;
    let says = case.answers6().filter_map(|(six, _)| six.router.as_ref());
    let zero = says.into_iter().any(|router| router.router_lifetime == 0);
    let (_, real) = case.scene.default_routers.iter().find(|(known, mac)| *known == ip && *mac != own)?;
    zero.then(|| format!("it says with a lifetime of 0 that {ip}, which is {real}, is no default router"))
}

pub(super) fn foreign_prefix(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some() || case.scene.prefixes.is_empty() {
        return None;
    }
    let known = |one: &Network6| case.scene.prefixes.iter().any(|known| known.holds(one));
    let stray = links(case.server).into_iter().find(|one| !known(one))?;
    Some(format!("it offers {stray}, which no allowed server or router has"))
}

pub(super) fn foreign_search(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some() || case.scene.search.is_empty() {
        return None;
    }
    let mut names = case.answers6().flat_map(|(six, _)| &six.search);
    let stray = names.find(|name| !case.scene.search.contains(*name))?;
    Some(format!("it offers search domain {}, which no allowed server does", escape(stray)))
}

pub(super) fn preference_grab(case: &Case<'_>) -> Option<String> {
    let mut answers = case.answers6().filter(|_| case.entry.is_none());
    answers.find_map(|(six, _)| match &six.router {
        Some(router) => {
            (router.preference == "high").then(|| "its preference as a router is high".to_owned())
        }
        None => six
            .preference
            .filter(|preference| *preference == u8::MAX)
            .map(|_| "its preference is 255: clients take it at once".to_owned()),
    })
}

pub(super) fn captive_portal(case: &Case<'_>) -> Option<String> {
    let mut portals = case.answers6().filter_map(|(six, _)| six.captive_portal.as_deref());
    Some(format!("it names captive portal {}", escape(portals.next()?)))
}

pub(super) fn boot_file(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some_and(|entry| entry.expected.boot_file.is_some()) {
        return None;
    }
    let mut files = case.answers6().filter_map(|(six, _)| six.boot_file.as_deref());
    Some(format!("it names boot file {}", escape(files.next()?)))
}

pub(super) fn extends_others(case: &Case<'_>) -> Option<String> {
    let (address, owner) = case.server.extends.as_ref()?;
    Some(format!("it binds {address}, which {owner} had leased to the client"))
}

/// A route of an advertisement that is a default route (RFC 4191).
pub(super) fn default_route6(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some_and(|entry| entry.expected.routes.is_some()) {
        return None;
    }
    let mut routes = case.answers6().filter_map(|(six, _)| six.router.as_ref()).flat_map(|one| &one.routes);
    routes.find(|route| route.prefix.1 == 0 && route.lifetime > 0)?;
    Some(format!("its route ::/0 sends all traffic to {}", case.who()))
}
