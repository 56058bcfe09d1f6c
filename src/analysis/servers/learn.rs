//! The policy that allows exactly what is there now: what was learned judges the same segment clean, and every change a rogue.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::key::Speaks;
use super::offered6::Advertised;
use super::policy::{
    AddressRange, Allowed, Expected, Identity, LeaseLimit, Network6, OneOf, Policy, Preference,
};
use super::sighting::Offered;
use super::table::Server;
use crate::wire::Prefix;
use crate::wire::digits::hex;

impl Policy {
    /// The policy that allows exactly these servers as they are now.
    pub fn learn<'a>(servers: impl IntoIterator<Item = &'a Server>) -> Self {
        Self { allowed: servers.into_iter().map(learn).collect() }
    }
}

fn learn(server: &Server) -> Allowed {
    let key = &server.key;
    Allowed {
        name: None,
        identity: Identity {
            address: None,
            speaks: (key.speaks != Speaks::Dhcpv4).then_some(key.speaks),
            server_id: key.named(),
            duid: key.server_id.as_ref().and_then(|id| id.duid()).cloned(),
            ip: key.source_ip,
            mac: key.source_mac,
            relay: key.relay,
            vlan: Some(key.vlans.last().copied().unwrap_or(0)),
        },
        expected: Expected {
            lease_min: server.leases.map(|(least, _)| LeaseLimit(least)),
            lease_max: server.leases.map(|(_, most)| LeaseLimit(most)),
            ..if key.speaks == Speaks::Dhcpv4 { learn4(server) } else { learn6(server) }
        },
    }
}

/// What is expected of a DHCPv4 server.
fn learn4(server: &Server) -> Expected {
    let (subnet, ranges) = networks(server);
    let routes = server.answers_given.iter().flat_map(|answer| &answer.offered.default_routes);
    Expected {
        subnet,
        ranges,
        routers: agreed(server, |offered| Some(offered.routers.clone())),
        dns: agreed(server, |offered| Some(offered.dns_servers.clone())),
        // An empty name means none.
        domain: agreed(server, |offered| utf8(offered.domain_name.as_deref().unwrap_or_default())),
        boot_file: each(server, |offered| offered.boot_file.as_deref().map(utf8)),
        next_server: each(server, |offered| offered.next_server.map(Some)),
        wpad: each(server, |offered| offered.wpad.as_deref().map(utf8)),
        default_route: some_or_asked(server, sorted(routes.map(|(_, via)| *via))),
        vendor_options: each(server, |offered| {
            offered.vendor_options.as_deref().map(|bytes| Some(hex(bytes)))
        }),
        ..Expected::default()
    }
}

/// The one network that all addresses and masks are of, else the networks as ranges.
fn networks(server: &Server) -> (Option<Prefix>, Vec<AddressRange>) {
    let answers = || server.answers_given.iter().map(|answer| &answer.offered);
    let mut known: Vec<Prefix> = Vec::new();
    for answer in &server.answers_given {
        known.extend(answer.network().filter(|network| !known.contains(network)));
    }
    let holds = |address: &Ipv4Addr| known.iter().any(|network| network.contains(*address));
    if !server.addresses.iter().all(holds) {
        return (None, Vec::new());
    }
    let mut masks = answers().filter_map(|offered| offered.subnet_mask);
    match known.as_slice() {
        [only] if masks.all(|mask| Prefix::length_of(mask) == Some(only.length())) => {
            (Some(*only), Vec::new())
        }
        several => {
            let range = |network: &Prefix| AddressRange(network.network(), network.broadcast());
            (None, several.iter().map(range).collect())
        }
    }
}

/// What is expected of a DHCPv6 server or router.
fn learn6(server: &Server) -> Expected {
    let answers = || server.answers_given.iter().filter_map(|answer| answer.offered.six.as_deref());
    let routers: Vec<&Advertised> = answers().filter_map(|six| six.router.as_ref()).collect();
    let own = Expected {
        dns6: agreed(server, |offered| Some(offered.six.as_deref()?.dns_servers.clone())),
        search: agreed(server, |offered| {
            offered.six.as_deref()?.search.iter().map(|name| utf8(name)).collect()
        }),
        ..Expected::default()
    };
    if server.key.speaks == Speaks::Ra {
        let prefixes = routers.iter().flat_map(|router| &router.prefixes);
        let led_to = routers.iter().flat_map(|router| &router.routes);
        let pref64 = routers.iter().flat_map(|router| &router.pref64);
        return Expected {
            prefixes: some_or_asked(server, sorted(prefixes.map(|one| Network6::of(one.prefix, one.length)))),
            preference: only(routers.iter().map(|router| router.preference))
                .map(|word| Preference::Word(word.to_owned())),
            managed: only(routers.iter().map(|router| router.managed)),
            other: only(routers.iter().map(|router| router.other)),
            router_lifetime: only(routers.iter().map(|router| LeaseLimit(router.router_lifetime.into()))),
            routes: some_or_asked(
                server,
                sorted(led_to.map(|route| Network6::of(route.prefix.0, route.prefix.1))),
            ),
            // Zero means none.
            mtu: only(routers.iter().map(|router| router.mtu.unwrap_or(0))),
            pref64: some_or_asked(
                server,
                sorted(pref64.map(|(addr, length, _)| Network6::of(*addr, *length))),
            ),
            ..own
        };
    }
    let on_link = server.addresses6.iter().map(|addr| Network6::of(*addr, 64));
    let delegated = server.prefixes6.iter().map(|(addr, length)| pool(*addr, *length));
    Expected {
        prefixes: some_or_asked(server, sorted(on_link)),
        delegated: some_or_asked(server, sorted(delegated)),
        preference: only(answers().filter_map(|six| six.preference)).map(Preference::Number),
        boot_file: each(server, |offered| offered.six.as_deref()?.boot_file.as_deref().map(utf8)),
        ..own
    }
}

/// Bits that the addresses which a network has of its registry have in common.
const REGISTRY_BLOCK: u8 = 32;

/// What a server delegates from, as far as one prefix out of it tells: every client gets another, so that only the block of
/// the network's owner is sure.
fn pool(addr: Ipv6Addr, length: u8) -> Network6 {
    Network6::of(addr, length.min(REGISTRY_BLOCK))
}

/// The value that all of them have.
fn only<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

fn is_complete(server: &Server) -> bool {
    server.answers_given.iter().any(|answer| answer.complete)
}

/// What every answer has that could have it: an empty value of one that was not asked for everything says nothing. `None` where
/// they differ, or where a value cannot be written down.
fn agreed<T: PartialEq + Default>(server: &Server, value: impl Fn(&Offered) -> Option<T>) -> Option<T> {
    let said = server.answers_given.iter().map(|answer| (answer.complete, value(&answer.offered)));
    let said = said.filter(|(complete, value)| *complete || *value != Some(T::default()));
    only(said.map(|(_, value)| value))?
}

/// Every value that its answers have; an empty list when it was asked for and not given. `None` where one cannot be written
/// down.
fn each<T: PartialEq>(server: &Server, value: impl Fn(&Offered) -> Option<Option<T>>) -> Option<OneOf<T>> {
    let mut found = Vec::new();
    for value in server.answers_given.iter().filter_map(|answer| value(&answer.offered)) {
        let value = value?;
        if !found.contains(&value) {
            found.push(value);
        }
    }
    some_or_asked(server, found)
}

/// These; none at all only where they were asked for.
fn some_or_asked<T>(server: &Server, found: Vec<T>) -> Option<OneOf<T>> {
    (!found.is_empty() || is_complete(server)).then_some(OneOf(found))
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn utf8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests;
