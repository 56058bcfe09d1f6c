//! What the rules look at: one server, the entry that recognises it, and all the others.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::super::key::{Key, Speaks};
use super::super::offered6::Offered6;
use super::super::policy::{Allowed, Expected, Network6, Policy};
use super::super::sighting::Offered;
use super::super::table::{Server, Servers};
use crate::wire::Mac;

/// What the rules look at.
pub(in crate::analysis::servers) struct Case<'a> {
    pub(in crate::analysis::servers) server: &'a Server,
    /// The entry that recognises it.
    pub(in crate::analysis::servers) entry: Option<&'a Allowed>,
    pub(in crate::analysis::servers) policy: Option<&'a Policy>,
    pub(in crate::analysis::servers) scene: &'a Scene,
}

/// Where an address was seen.
type Spot = (Option<Arc<str>>, Vec<u16>, IpAddr);

/// What must be known of all servers to judge one.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The MACs that packets from an address come from, relayed answers left aside.
    pub(super) sources: HashMap<Spot, Vec<Mac>>,
    /// The MACs that name an address as server identifier.
    pub(super) names: HashMap<Spot, Vec<Mac>>,
    pub(super) routers: HashSet<Ipv4Addr>,
    pub(super) dns: HashSet<Ipv4Addr>,
    pub(super) dns6: HashSet<Ipv6Addr>,
    pub(super) search: HashSet<Vec<u8>>,
    /// Of allowed servers and routers.
    pub(super) prefixes: Vec<Network6>,
    /// Who is a default router: address and MAC.
    pub(super) default_routers: Vec<(IpAddr, Mac)>,
}

/// Where `server` has `ip`.
fn spots(server: &Server, ip: Option<IpAddr>) -> impl Iterator<Item = Spot> {
    let somewhere = server.interfaces.iter().map(|interface| Some(Arc::clone(interface)));
    let nowhere = server.interfaces.is_empty().then_some(None);
    let vlans = &server.key.vlans;
    let places = somewhere.chain(nowhere);
    places.filter_map(move |place| Some((place, vlans.clone(), ip?)))
}

/// MACs kept of one address.
const MAX_HOLDERS: usize = 8;

impl Scene {
    /// Looks at everybody.
    pub fn new(servers: &Servers, policy: Option<&Policy>) -> Self {
        let mut scene = Self::default();
        // In an order of their own, so that the same segment is told in the same words.
        for server in servers.sorted() {
            let key = &server.key;
            if let (false, Some(mac)) = (key.is_relayed(), key.source_mac) {
                let named = key.named().map(IpAddr::from);
                for (map, ip) in [(&mut scene.sources, key.source_ip), (&mut scene.names, named)] {
                    for spot in spots(server, ip) {
                        let macs = map.entry(spot).or_default();
                        if !macs.contains(&mac) && macs.len() < MAX_HOLDERS {
                            macs.push(mac);
                        }
                    }
                }
            }
            if let Some(policy) = policy
                && policy.recognise(key).is_some()
            {
                scene.routers.extend(&server.offered.routers);
                scene.dns.extend(&server.offered.dns_servers);
                scene.know(server);
            }
            let router = server.offered.six.as_ref().and_then(|six| six.router.as_ref());
            if router.is_some_and(|router| router.router_lifetime > 0)
                && let (Some(ip), Some(mac)) = (key.source_ip, key.source_mac)
            {
                scene.default_routers.push((ip, mac));
            }
        }
        for allowed in policy.into_iter().flat_map(|policy| &policy.allowed) {
            scene.routers.extend(allowed.expected.routers.iter().flatten());
            scene.dns.extend(allowed.expected.dns.iter().flatten());
            scene.dns6.extend(allowed.expected.dns6.iter().flatten());
            let names = allowed.expected.search.iter().flatten();
            scene.search.extend(names.map(|name| name.as_bytes().to_vec()));
            scene.prefixes.extend(allowed.expected.prefixes.iter().flat_map(|prefixes| &prefixes.0));
        }
        scene
    }

    /// What an allowed server of IPv6 offers is known.
    pub(super) fn know(&mut self, server: &Server) {
        let Some(six) = server.offered.six.as_deref() else { return };
        self.dns6.extend(&six.dns_servers);
        self.search.extend(six.search.iter().cloned());
        self.prefixes.extend(links(server));
    }
}

/// The prefixes of a server's addresses, or of what a router calls on-link in whatever answer: a link is a /64.
pub(super) fn links(server: &Server) -> Vec<Network6> {
    let answers = server.answers_given.iter().filter_map(|answer| answer.offered.six.as_deref());
    let routers = answers.filter_map(|six| six.router.as_ref());
    let advertised =
        routers.flat_map(|router| &router.prefixes).map(|one| Network6::of(one.prefix, one.length));
    server.addresses6.iter().map(|addr| Network6::of(*addr, 64)).chain(advertised).collect()
}

impl<'a> Case<'a> {
    pub(super) fn key(&self) -> &'a Key {
        &self.server.key
    }

    pub(super) fn offered(&self) -> &'a Offered {
        &self.server.offered
    }

    /// What the policy expects of a DHCPv4 server: keys of one protocol say nothing of another.
    pub(super) fn expected(&self) -> Option<&'a Expected> {
        let entry = self.entry.filter(|_| self.key().speaks == Speaks::Dhcpv4)?;
        Some(&entry.expected)
    }

    /// What the policy expects of a DHCPv6 server or router, and what that offers.
    pub(super) fn expected6(&self) -> Option<(&'a Expected, &'a Offered6)> {
        Some((&self.entry?.expected, self.six()?))
    }

    pub(super) fn six(&self) -> Option<&'a Offered6> {
        self.offered().six.as_deref()
    }

    /// Everything that any of its answers said, of IPv6.
    pub(super) fn answers6(&self) -> impl Iterator<Item = (&'a Offered6, bool)> {
        let server = self.server;
        server
            .answers_given
            .iter()
            .filter_map(|answer| Some((answer.offered.six.as_deref()?, answer.complete)))
    }

    /// An entry with this server's address whose other parts do not fit.
    pub(super) fn near(&self) -> impl Iterator<Item = &'a Allowed> {
        let key = self.key();
        self.policy
            .into_iter()
            .flat_map(|policy| &policy.allowed)
            .filter(|allowed| allowed.identity.fit(key).address)
    }

    /// The MACs that `map` has for `ip` where this server was heard.
    pub(super) fn holders(&self, map: &'a HashMap<Spot, Vec<Mac>>, ip: IpAddr) -> Option<&'a Vec<Mac>> {
        spots(self.server, Some(ip)).filter_map(|spot| map.get(&spot)).max_by_key(|macs| macs.len())
    }

    /// Everything it offers, whichever answer said so.
    pub(super) fn all<T: PartialEq + 'a>(&self, part: impl Fn(&'a Offered) -> &'a [T]) -> Vec<&'a T> {
        let mut found = Vec::new();
        for offered in self.server.answers_given.iter().map(|answer| &answer.offered).chain([self.offered()])
        {
            for item in part(offered) {
                if !found.contains(&item) {
                    found.push(item);
                }
            }
        }
        found
    }

    pub(super) fn who(&self) -> String {
        let key = self.key();
        match (key.address(), key.source_mac) {
            (Some(ip), _) => ip.to_string(),
            (None, Some(mac)) => mac.to_string(),
            (None, None) => "it".to_owned(),
        }
    }
}
