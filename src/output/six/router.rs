//! What a router advertises, as `discover` and `rogue` have it.

use std::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::servers::offered6::{Advertised, Offered6, Route};
use crate::output::json::object::foreign;
use crate::wire::nd::{Advert, OnLinkPrefix, flag};
use crate::wire::v6::Prefix6;

/// What a router advertises.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdvertisedObject {
    /// Flag M: addresses by DHCPv6.
    managed: bool,
    /// Flag O: configuration by DHCPv6.
    other: bool,
    /// high, medium, low or reserved.
    preference: &'static str,
    /// Seconds for which it is a default router.
    router_lifetime: u16,
    /// Hop limit that hosts are to use.
    hop_limit: u8,
    /// Option 5.
    mtu: Option<u32>,
    /// Option 3.
    prefixes: Vec<OnLinkObject>,
    /// Option 24.
    routes: Vec<RouteObject>,
    /// Option 25.
    dns_servers: Vec<Ipv6Addr>,
    /// Option 31.
    domain_search: Vec<String>,
    /// Option 38.
    pref64: Vec<String>,
    /// The URI of the captive portal.
    captive_portal: Option<String>,
}

/// The NAT64 prefixes of a router.
pub fn pref64(prefixes: &[(Ipv6Addr, u8, u16)]) -> Vec<String> {
    prefixes.iter().map(|(prefix, length, _)| Prefix6::new(*prefix, *length).to_string()).collect()
}

impl AdvertisedObject {
    /// That of a router that was heard, with what it says as servers do.
    pub fn of(router: &Advertised, six: &Offered6) -> Self {
        Self {
            managed: router.managed,
            other: router.other,
            preference: router.preference,
            router_lifetime: router.router_lifetime,
            hop_limit: router.hop_limit,
            mtu: router.mtu,
            prefixes: router.prefixes.iter().map(OnLinkObject::from).collect(),
            routes: router.routes.iter().map(RouteObject::from).collect(),
            dns_servers: six.dns_servers.clone(),
            domain_search: six.search.iter().map(|name| foreign(name)).collect(),
            pref64: pref64(&router.pref64),
            captive_portal: six.captive_portal.as_deref().map(foreign),
        }
    }
}

impl From<&Advert<'_>> for AdvertisedObject {
    fn from(advert: &Advert<'_>) -> Self {
        let (header, flags) = (advert.header, advert.header.flags());
        let names = advert.domains.iter().flat_map(|(_, names)| names);
        Self {
            managed: flags & flag::MANAGED != 0,
            other: flags & flag::OTHER != 0,
            preference: header.preference(),
            router_lifetime: header.router_lifetime(),
            hop_limit: header.hop_limit(),
            mtu: advert.mtu,
            prefixes: advert.prefixes.iter().map(OnLinkObject::from).collect(),
            routes: advert
                .routes
                .iter()
                .map(|route| RouteObject {
                    prefix: Prefix6::new(route.prefix, route.length).to_string(),
                    preference: route.preference,
                    lifetime: route.lifetime,
                })
                .collect(),
            dns_servers: advert.dns_servers.iter().flat_map(|(_, servers)| servers.iter().copied()).collect(),
            domain_search: names.map(|name| foreign(name)).collect(),
            pref64: pref64(&advert.pref64),
            captive_portal: advert.captive_portal.map(foreign),
        }
    }
}

/// A prefix that a router advertises.
#[allow(clippy::struct_excessive_bools, reason = "the flags of a prefix are independent of each other")]
#[derive(Debug, Serialize, JsonSchema)]
pub struct OnLinkObject {
    /// The prefix, with its length.
    prefix: String,
    /// Flag L.
    on_link: bool,
    /// Flag A: hosts make addresses of it.
    autonomous: bool,
    /// Flag P: hosts should ask for a prefix of their own.
    pd_preferred: bool,
    /// Seconds.
    preferred_lifetime: u32,
    /// Seconds.
    valid_lifetime: u32,
}

impl From<&OnLinkPrefix> for OnLinkObject {
    fn from(one: &OnLinkPrefix) -> Self {
        Self {
            prefix: Prefix6::new(one.prefix, one.length).to_string(),
            on_link: one.is_on_link(),
            autonomous: one.is_autonomous(),
            pd_preferred: one.is_pd_preferred(),
            preferred_lifetime: one.preferred,
            valid_lifetime: one.valid,
        }
    }
}

/// A route that a router advertises.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RouteObject {
    /// Where it leads, with its length.
    prefix: String,
    /// high, medium, low or reserved.
    preference: &'static str,
    /// Seconds.
    lifetime: u32,
}

impl From<&Route> for RouteObject {
    fn from(Route { prefix: (prefix, length), preference, lifetime }: &Route) -> Self {
        Self { prefix: Prefix6::new(*prefix, *length).to_string(), preference, lifetime: *lifetime }
    }
}
