//! The rules: one row each, with what a hit means and what to do about it. Judging, explaining and the help all read it here.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::key::{Key, ServerId, Speaks};
use super::offered6::Offered6;
use super::policy::{Allowed, Expected, OneOf, Policy, Preference, Prefix6, hex};
use super::sighting::Offered;
use super::table::{Answer, Server, Servers};
use crate::wire::escape::escape;
use crate::wire::{Mac, Prefix};

/// What a rule's hit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is not the server that the policy allows.
    Identity,
    /// A rogue, even if the policy allows it.
    Convicts,
    /// A reason against a stranger; of an allowed server only worth a note, because honest servers do it too.
    Suspicious,
}

impl Weight {
    /// How bad a hit is, as problems of messages name it.
    pub fn severity(self) -> &'static str {
        match self {
            Self::Identity | Self::Convicts => "error",
            Self::Suspicious => "warning",
        }
    }
}

/// One row.
pub struct Rule {
    /// Its name in JSON.
    pub code: &'static str,
    /// What a hit means.
    pub weight: Weight,
    /// What a server does that it hits.
    pub sentence: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// The reason in words, if it hits.
    pub(super) check: fn(&Case<'_>) -> Option<String>,
    /// When a suspicious hit convicts an allowed server too.
    alarm: Option<fn(&Case<'_>) -> bool>,
}

impl Rule {
    const fn new(
        code: &'static str,
        weight: Weight,
        check: fn(&Case<'_>) -> Option<String>,
        sentence: &'static str,
        advice: &'static str,
    ) -> Self {
        Self { code, weight, sentence, advice, check, alarm: None }
    }

    /// True when its hit makes an allowed server a rogue.
    pub(super) fn convicts(&self, case: &Case<'_>) -> bool {
        self.alarm.is_some_and(|alarm| alarm(case))
    }
}

/// What the rules look at.
pub(super) struct Case<'a> {
    pub(super) server: &'a Server,
    /// The entry that recognises it.
    pub(super) entry: Option<&'a Allowed>,
    pub(super) policy: Option<&'a Policy>,
    pub(super) scene: &'a Scene,
}

/// Where an address was seen.
type Spot = (Option<Arc<str>>, Vec<u16>, IpAddr);

/// What must be known of all servers to judge one.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The MACs that packets from an address come from, relayed answers left aside.
    sources: HashMap<Spot, Vec<Mac>>,
    /// The MACs that name an address as server identifier.
    names: HashMap<Spot, Vec<Mac>>,
    routers: HashSet<Ipv4Addr>,
    dns: HashSet<Ipv4Addr>,
    dns6: HashSet<Ipv6Addr>,
    search: HashSet<Vec<u8>>,
    /// Of allowed servers and routers.
    prefixes: Vec<Prefix6>,
    /// Who is a default router: address and MAC.
    default_routers: Vec<(IpAddr, Mac)>,
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
        for server in servers.iter() {
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
    fn know(&mut self, server: &Server) {
        let Some(six) = server.offered.six.as_deref() else { return };
        self.dns6.extend(&six.dns_servers);
        self.search.extend(six.search.iter().cloned());
        self.prefixes.extend(links(server));
    }
}

/// The prefixes of a server's addresses, or of what a router calls on-link: a link is a /64.
fn links(server: &Server) -> Vec<Prefix6> {
    let Some(six) = server.offered.six.as_deref() else { return Vec::new() };
    let router = six.router.iter().flat_map(|router| &router.prefixes);
    let advertised = router.map(|one| Prefix6::of(one.prefix, one.length));
    server.addresses6.iter().map(|addr| Prefix6::of(*addr, 64)).chain(advertised).collect()
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule::new(
        "wrong-mac",
        Weight::Identity,
        wrong_mac,
        "It has the address of an allowed server, but another MAC.",
        "Find the port of that MAC in the switches' tables. If the server has a new network card, change its mac= in the policy.",
    ),
    Rule::new(
        "wrong-address",
        Weight::Identity,
        wrong_address,
        "It has the MAC of an allowed server, but another address or identifier.",
        "If the server was moved to another address, change the policy; else somebody uses its MAC.",
    ),
    Rule::new(
        "wrong-relay",
        Weight::Identity,
        wrong_relay,
        "It has the address of an allowed server, but its answer did not come through the relay that the policy names.",
        "If the network has another relay now, change relay= in the policy; else somebody answers in the server's name.",
    ),
    Rule::new(
        "wrong-vlan",
        Weight::Identity,
        wrong_vlan,
        "It has the address of an allowed server, but answers on another VLAN.",
        "Look for a VLAN that leaks into another; if the server was moved, change vlan= in the policy.",
    ),
    Rule::new(
        "unknown-server",
        Weight::Identity,
        unknown_server,
        "It is on no allow list.",
        "Find the port of its MAC in the switches' tables and unplug it; a home router plugged in the wrong way round is the usual cause. If it is meant to be there, add it to the policy.",
    ),
    Rule::new(
        "two-macs",
        Weight::Convicts,
        two_macs,
        "One address answers from several MACs, and no allow list says which is right.",
        "Allow the server with its MAC (ADDRESS,mac=MAC); then the other one is named. A failover pair needs one entry for each.",
    ),
    Rule::new(
        "answers-for-another",
        Weight::Convicts,
        answers_for_another,
        "It uses the identifier of another server, or grants what was asked of another.",
        "Find the port of its MAC. Of a relay on the server's own segment say relay= in the policy.",
    ),
    Rule::new(
        "many-identifiers",
        Weight::Convicts,
        many_identifiers,
        "It uses dozens of server identifiers.",
        "No server does that: find the port of its MAC.",
    ),
    Rule::new(
        "contradicts-itself",
        Weight::Convicts,
        contradicts_itself,
        "It offers the same client, or clients of the same network in turn, different things.",
        "Somebody may answer with the server's own addresses: look in the switches' tables for a MAC on two ports. Two servers must not share a configuration in which one of them is out of date.",
    ),
    Rule::new(
        "wrong-subnet",
        Weight::Convicts,
        wrong_subnet,
        "It offers addresses or a mask of another network than the policy says.",
        "Compare the server's configuration with the policy; if nobody changed it, somebody answers in its name.",
    ),
    Rule::new(
        "wrong-range",
        Weight::Convicts,
        wrong_range,
        "It offers addresses outside the ranges of the policy.",
        "Compare the server's pools with the policy.",
    ),
    Rule::new(
        "wrong-router",
        Weight::Convicts,
        wrong_router,
        "It offers another router than the policy says.",
        "Compare the server's configuration with the policy; traffic may pass through a stranger.",
    ),
    Rule::new(
        "wrong-dns",
        Weight::Convicts,
        wrong_dns,
        "It offers other name servers than the policy says.",
        "Compare the server's configuration with the policy; names may be resolved by a stranger.",
    ),
    Rule::new(
        "wrong-domain",
        Weight::Convicts,
        wrong_domain,
        "It offers another domain than the policy says.",
        "Compare the server's configuration with the policy.",
    ),
    Rule::new(
        "wrong-lease",
        Weight::Convicts,
        wrong_lease,
        "It offers a shorter or longer lease than the policy says.",
        "Compare the server's configuration with the policy.",
    ),
    Rule::new(
        "wrong-boot-file",
        Weight::Convicts,
        wrong_boot_file,
        "It offers a boot file that the policy does not know.",
        "Machines that boot from the network may run a stranger's program: compare with the policy.",
    ),
    Rule::new(
        "wrong-next-server",
        Weight::Convicts,
        wrong_next_server,
        "It names a boot server that the policy does not know.",
        "Machines that boot from the network may run a stranger's program: compare with the policy.",
    ),
    Rule::new(
        "wrong-wpad",
        Weight::Convicts,
        wrong_wpad,
        "Its option 252 names a web proxy script that the policy does not know.",
        "Browsers may send everything through a stranger: compare with the policy.",
    ),
    Rule::new(
        "wrong-default-route",
        Weight::Convicts,
        wrong_default_route,
        "Options 121 or 249 send all traffic to a router that the policy does not know.",
        "Compare the server's configuration with the policy; these options win over the router option.",
    ),
    Rule::new(
        "wrong-vendor-options",
        Weight::Convicts,
        wrong_vendor_options,
        "Its vendor options (43) are not those of the policy.",
        "Telephones and access points take their controllers from there: compare with the policy.",
    ),
    Rule::new(
        "wrong-prefix",
        Weight::Convicts,
        wrong_prefix,
        "It offers IPv6 addresses, or advertises a prefix, a route or a NAT64 prefix, that the policy does not know.",
        "Compare its configuration with the policy; hosts may make addresses that lead to a stranger.",
    ),
    Rule::new(
        "wrong-delegation",
        Weight::Convicts,
        wrong_delegation,
        "It delegates prefixes that are not in those of the policy.",
        "Compare the server's pools with the policy.",
    ),
    Rule::new(
        "wrong-flags",
        Weight::Convicts,
        wrong_flags,
        "A router's flags M and O, its lifetime or its MTU are not those of the policy.",
        "Compare its configuration with the policy: by these flags hosts ask DHCPv6 servers, or do not.",
    ),
    Rule::new(
        "wrong-preference",
        Weight::Convicts,
        wrong_preference,
        "Its preference is not that of the policy.",
        "Compare its configuration with the policy: by preference hosts choose between servers and between routers.",
    ),
    Rule::new(
        "reconfigure",
        Weight::Convicts,
        reconfigure,
        "It tells clients to ask again (RECONFIGURE) and does not prove who it is.",
        "Honest servers authenticate that message (RFC 9915 20.4), and clients must ignore others: find the port of its MAC.",
    ),
    Rule::new(
        "kills-router",
        Weight::Convicts,
        kills_router,
        "It says in another router's name that this is no default router any more.",
        "Hosts lose their way out, and take the next router's: find the port of its MAC, and let switches guard router advertisements (RFC 6105).",
    ),
    Rule::new(
        "foreign-prefix",
        Weight::Suspicious,
        foreign_prefix,
        "It gives addresses of a prefix that no allowed server or router has.",
        "Traffic of hosts with such addresses leaves through its router: find out whose it is.",
    ),
    Rule::new(
        "foreign-search",
        Weight::Suspicious,
        foreign_search,
        "It offers a search domain that no allowed server or router offers.",
        "Short names are looked up there first: find out whose it is.",
    ),
    Rule::new(
        "preference-grab",
        Weight::Suspicious,
        preference_grab,
        "A stranger with the highest preference: clients take it before all others.",
        "Hosts believe it rather than your own servers and routers: find the port of its MAC.",
    ),
    Rule::new(
        "captive-portal",
        Weight::Suspicious,
        captive_portal,
        "It names a captive portal.",
        "Hosts show that page to their users: make sure that it is yours.",
    ),
    Rule::new(
        "boot-file",
        Weight::Suspicious,
        boot_file,
        "It names a boot file over IPv6.",
        "Machines that boot from the network may run a stranger's program: make sure that it is yours.",
    ),
    Rule::new(
        "extends-others",
        Weight::Suspicious,
        extends_others,
        "It binds an address that another server had leased to the client.",
        "dnsmasq does so when a client rebinds; beside another server both then give the address away: give each its own pool.",
    ),
    Rule::new(
        "foreign-router",
        Weight::Suspicious,
        foreign_router,
        "It offers a router that no allowed server offers.",
        "Traffic of its clients passes through that router: find out whose it is.",
    ),
    Rule::new(
        "foreign-dns",
        Weight::Suspicious,
        foreign_dns,
        "It offers a name server that no allowed server offers.",
        "Names of its clients are resolved there: find out whose it is.",
    ),
    Rule::new(
        "naks-others",
        Weight::Suspicious,
        naks_others,
        "It refuses (NAK) requests that are meant for another server.",
        "An authoritative dnsmasq or dhcpd does so by default; beside another server that breaks its clients: make one of them not authoritative, or give each its own segment.",
    ),
    Rule::new(
        "address-in-use",
        Weight::Suspicious,
        address_in_use,
        "It offers an address that somebody uses.",
        "Take addresses in use out of its pool; a second server with the same pool is the usual cause.",
    ),
    Rule {
        alarm: Some(leads_to_a_stranger),
        ..Rule::new(
            "default-route",
            Weight::Suspicious,
            default_route,
            "Options 121 or 249, or a route of an advertisement, send all traffic to one router. Of an allowed server it is an alarm when that is none of its routers.",
            "Those options win over the router option (RFC 3442): make sure that the router is yours, and put default-route into the policy.",
        )
    },
    Rule::new(
        "wpad",
        Weight::Suspicious,
        wpad,
        "Option 252 names a web proxy script.",
        "If it is yours, put wpad into the policy; else browsers send everything through a stranger.",
    ),
    Rule::new(
        "hidden-options",
        Weight::Suspicious,
        hidden_options,
        "Options that steer clients stand in overloaded fields, where many filters do not look.",
        "Honest servers do so only in messages that are full: decode the message with -vv.",
    ),
];

/// The rule's name as it lives in [`RULES`].
pub fn known_code(code: &str) -> Option<&'static str> {
    RULES.iter().map(|rule| rule.code).find(|known| *known == code)
}

impl<'a> Case<'a> {
    fn key(&self) -> &'a Key {
        &self.server.key
    }

    fn offered(&self) -> &'a Offered {
        &self.server.offered
    }

    /// What the policy expects of a DHCPv4 server: keys of one protocol say nothing of another.
    fn expected(&self) -> Option<&'a Expected> {
        let entry = self.entry.filter(|_| self.key().speaks == Speaks::Dhcpv4)?;
        Some(&entry.expected)
    }

    /// What the policy expects of a DHCPv6 server or router, and what that offers.
    fn expected6(&self) -> Option<(&'a Expected, &'a Offered6)> {
        Some((&self.entry?.expected, self.six()?))
    }

    fn six(&self) -> Option<&'a Offered6> {
        self.offered().six.as_deref()
    }

    /// Everything that any of its answers said, of IPv6.
    fn answers6(&self) -> impl Iterator<Item = (&'a Offered6, bool)> {
        let server = self.server;
        server
            .answers_given
            .iter()
            .filter_map(|answer| Some((answer.offered.six.as_deref()?, answer.complete)))
    }

    /// An entry with this server's address whose other parts do not fit.
    fn near(&self) -> impl Iterator<Item = &'a Allowed> {
        let key = self.key();
        self.policy
            .into_iter()
            .flat_map(|policy| &policy.allowed)
            .filter(|allowed| allowed.identity.fit(key).address)
    }

    /// The MACs that `map` has for `ip` where this server was heard.
    fn holders(&self, map: &'a HashMap<Spot, Vec<Mac>>, ip: IpAddr) -> Option<&'a Vec<Mac>> {
        spots(self.server, Some(ip)).filter_map(|spot| map.get(&spot)).max_by_key(|macs| macs.len())
    }

    /// Everything it offers, whichever answer said so.
    fn all<T: PartialEq + 'a>(&self, part: impl Fn(&'a Offered) -> &'a [T]) -> Vec<&'a T> {
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

    fn who(&self) -> String {
        let key = self.key();
        match (key.address(), key.source_mac) {
            (Some(ip), _) => ip.to_string(),
            (None, Some(mac)) => mac.to_string(),
            (None, None) => "it".to_owned(),
        }
    }
}

fn wrong_mac(case: &Case<'_>) -> Option<String> {
    let key = case.key();
    let wanted: Vec<String> = case
        .near()
        .filter(|allowed| !allowed.identity.fit(key).mac)
        .filter_map(|allowed| allowed.identity.mac.map(|mac| mac.to_string()))
        .collect();
    let found = key.source_mac.map_or_else(|| "an unknown MAC".to_owned(), |mac| mac.to_string());
    (!wanted.is_empty()).then(|| {
        format!("{} is allowed from {}, but this answer came from {found}", case.who(), wanted.join(" or "))
    })
}

fn wrong_address(case: &Case<'_>) -> Option<String> {
    let key = case.key();
    let allowed = case.policy?.allowed.iter().find(|allowed| {
        let fit = allowed.identity.fit(key);
        allowed.identity.mac.is_some()
            && fit.mac
            && !fit.no_other_address
            && allowed.identity.can_be(key.speaks)
    })?;
    let identity = &allowed.identity;
    let mut parts = Vec::new();
    if !identity.can_be(key.speaks) {
        return None;
    }
    let pairs = [
        ("address", identity.address, key.address()),
        ("server identifier", identity.server_id.map(IpAddr::from), key.named().map(IpAddr::from)),
        ("source address", identity.ip, key.source_ip),
    ];
    for (what, want, have) in pairs {
        if let Some(want) = want.filter(|want| Some(*want) != have) {
            parts.push(format!("{what} {} instead of {want}", or_none(have)));
        }
    }
    if let Some(duid) =
        identity.duid.as_ref().filter(|duid| key.server_id.as_ref().and_then(ServerId::duid) != Some(duid))
    {
        parts.push(format!("DUID {} instead of {duid}", or_none(key.server_id.as_ref())));
    }
    if parts.is_empty() {
        return None;
    }
    Some(format!("{} is allowed, but here it has {}", or_none(identity.mac), parts.join(" and ")))
}

fn wrong_relay(case: &Case<'_>) -> Option<String> {
    let key = case.key();
    let allowed = case.near().find(|allowed| !allowed.identity.fit(key).relay)?;
    let want = allowed.identity.relay?;
    Some(format!(
        "{} is allowed through relay {want}, but this answer came {}",
        case.who(),
        match key.relay {
            Some(relay) => format!("through {relay}"),
            None => "directly".to_owned(),
        }
    ))
}

fn wrong_vlan(case: &Case<'_>) -> Option<String> {
    let key = case.key();
    let allowed = case.near().find(|allowed| !allowed.identity.fit(key).vlan)?;
    let want = match allowed.identity.vlan? {
        0 => "untagged".to_owned(),
        vlan => format!("on VLAN {vlan}"),
    };
    let have =
        if key.vlans.is_empty() { "untagged".to_owned() } else { format!("on VLAN {}", list(&key.vlans)) };
    Some(format!("{} is allowed {want}, but this answer came {have}", case.who()))
}

#[allow(clippy::unnecessary_wraps, reason = "a rule like the others, only it always hits")]
fn unknown_server(case: &Case<'_>) -> Option<String> {
    Some(format!("{} is on no allow list", case.who()))
}

fn two_macs(case: &Case<'_>) -> Option<String> {
    let key = case.key();
    // Who is allowed with this very MAC is the right one, and of who has another the list says so already.
    let is_said = case.entry.is_some_and(|entry| entry.identity.mac.is_some()) || wrong_mac(case).is_some();
    if key.is_relayed() || is_said {
        return None;
    }
    let scene = case.scene;
    let sent = key.source_ip.and_then(|ip| Some((ip, case.holders(&scene.sources, ip)?)));
    // An address that nobody sends from is told apart by who names it.
    let named = key.named().map(IpAddr::from).filter(|ip| case.holders(&scene.sources, *ip).is_none());
    let named = named.and_then(|ip| Some((ip, case.holders(&scene.names, ip)?)));
    let (ip, macs) = sent.into_iter().chain(named).find(|(_, macs)| macs.len() > 1)?;
    Some(format!(
        "{ip} answers from {} MACs ({}); allow it with its MAC to say which is right",
        macs.len(),
        list(macs)
    ))
}

fn answers_for_another(case: &Case<'_>) -> Option<String> {
    let key = case.key();
    if let Some(other) = case.server.claims {
        return Some(format!("it granted a request that was meant for {other}"));
    }
    let named = IpAddr::from(key.named()?);
    // What the policy says about this very way is right.
    let is_said = case.entry.is_some_and(|entry| {
        entry.identity.mac.is_some() || (key.is_relayed() && entry.identity.relay.is_some())
    });
    if is_said || key.source_ip == Some(named) {
        return None;
    }
    let owners = case.holders(&case.scene.sources, named)?;
    let other = key.source_mac.filter(|mac| !owners.contains(mac))?;
    Some(format!(
        "it names {named} as server identifier, which is {}, but its answers come from {other}",
        list(owners)
    ))
}

fn many_identifiers(case: &Case<'_>) -> Option<String> {
    let folded = case.server.folded;
    (folded > 0).then(|| {
        format!(
            "it uses more than {} server identifiers; {folded} more answers are counted here",
            super::table::MAX_IDENTIFIERS
        )
    })
}

fn contradicts_itself(case: &Case<'_>) -> Option<String> {
    case.server.contradiction.as_ref().map(|(_, text)| text.clone())
}

fn wrong_subnet(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.subnet?;
    if let Some(address) = case.server.addresses.iter().find(|address| !want.contains(**address)) {
        return Some(format!("it offers {address}, which is not in {want}"));
    }
    let masks = case.server.answers_given.iter().filter_map(|answer| answer.offered.subnet_mask);
    let mask = masks.into_iter().find(|mask| Prefix::length_of(*mask) != Some(want.length()))?;
    Some(format!("it offers mask {mask} instead of that of {want}"))
}

fn wrong_range(case: &Case<'_>) -> Option<String> {
    let ranges = &case.expected()?.ranges;
    let inside = |address: &Ipv4Addr| ranges.iter().any(|range| (range.0..=range.1).contains(address));
    if ranges.is_empty() {
        return None;
    }
    let address = case.server.addresses.iter().find(|address| !inside(address))?;
    Some(format!("it offers {address}, which is not in {}", list(ranges)))
}

fn wrong_router(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.routers.as_deref()?;
    case.server
        .answers_given
        .iter()
        .find_map(|answer| differs(answer, "router", want, &answer.offered.routers))
}

fn wrong_dns(case: &Case<'_>) -> Option<String> {
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

fn wrong_domain(case: &Case<'_>) -> Option<String> {
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
        if have == Some(want.as_bytes()) || (have.is_none() && !answer.complete) {
            return None;
        }
        let shown = have.map_or_else(|| "none".to_owned(), escape);
        Some(format!("it offers domain {shown} instead of {}", escape(want.as_bytes())))
    })
}

fn wrong_lease(case: &Case<'_>) -> Option<String> {
    let expected = &case.entry?.expected;
    let (shortest, longest) = case.server.leases?;
    let short = expected.lease_min.filter(|min| shortest < min.0).map(|min| (shortest, "at least", min));
    let long = expected.lease_max.filter(|max| longest > max.0).map(|max| (longest, "at most", max));
    let (lease, what, limit) = short.or(long)?;
    Some(format!("it offers a lease of {lease} s instead of {what} {} s", limit.0))
}

fn wrong_boot_file(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.boot_file.as_ref()?;
    let found = case.all(|offered| offered.boot_file.as_slice());
    let other = found.into_iter().find(|file| !want.0.iter().any(|known| known.as_bytes() == &***file))?;
    Some(format!("it offers boot file {} instead of {}", escape(other), texts_or_none(&want.0)))
}

fn wrong_next_server(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.next_server.as_ref()?;
    let found = case.all(|offered| offered.next_server.as_slice());
    let other = found.into_iter().find(|ip| !want.0.contains(ip))?;
    Some(format!("it names boot server {other} instead of {}", list_or_none(&want.0)))
}

fn wrong_wpad(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.wpad.as_ref()?;
    let found = case.all(|offered| offered.wpad.as_slice());
    let other = found.into_iter().find(|url| !want.0.iter().any(|known| known.as_bytes() == &***url))?;
    Some(format!("option 252 sets the web proxy {} instead of {}", escape(other), texts_or_none(&want.0)))
}

fn wrong_default_route(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.default_route.as_ref()?;
    let found = case.all(|offered| &offered.default_routes);
    let (code, via) = found.into_iter().find(|(_, via)| !want.0.contains(via))?;
    Some(format!("option {code} sends all traffic to {via} instead of {}", list_or_none(&want.0)))
}

fn wrong_vendor_options(case: &Case<'_>) -> Option<String> {
    let want = case.expected()?.vendor_options.as_ref()?;
    // A boot client is given others.
    let answers = case.server.answers_given.iter().filter(|answer| answer.complete);
    let mut found = answers.filter_map(|answer| answer.offered.vendor_options.as_deref());
    let other = found.find(|bytes| !want.0.iter().any(|known| known.eq_ignore_ascii_case(&hex(bytes))))?;
    Some(format!("it offers vendor options {} instead of {}", hex(other), texts_or_none(&want.0)))
}

fn foreign_router(case: &Case<'_>) -> Option<String> {
    foreign(case, "router", &case.all(|offered| &offered.routers), &case.scene.routers)
}

fn foreign_dns(case: &Case<'_>) -> Option<String> {
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

fn wrong_prefix(case: &Case<'_>) -> Option<String> {
    let (expected, six) = case.expected6()?;
    if let Some(OneOf(want)) = &expected.prefixes {
        let stray = links(case.server).into_iter().find(|one| !want.iter().any(|known| known.holds(one)));
        if let Some(stray) = stray {
            return Some(format!("it offers {stray} instead of {}", list_or_none(want)));
        }
    }
    let router = six.router.as_ref()?;
    if let Some(OneOf(want)) = &expected.routes {
        let mut led_to = router.routes.iter().map(|route| Prefix6::of(route.prefix.0, route.prefix.1));
        if let Some(stray) = led_to.find(|route| !want.contains(route)) {
            return Some(format!("its route leads to {stray} instead of {}", list_or_none(want)));
        }
    }
    let OneOf(want) = expected.pref64.as_ref()?;
    let mut found = router.pref64.iter().map(|(addr, length, _)| Prefix6::of(*addr, *length));
    let stray = found.find(|one| !want.contains(one))?;
    Some(format!("its NAT64 prefix is {stray} instead of {}", list_or_none(want)))
}

fn wrong_delegation(case: &Case<'_>) -> Option<String> {
    let (expected, _) = case.expected6()?;
    let OneOf(want) = expected.delegated.as_ref()?;
    let mut found = case.server.prefixes6.iter().map(|(addr, length)| Prefix6::of(*addr, *length));
    let stray = found.find(|one| !want.iter().any(|known| known.holds(one)))?;
    Some(format!("it delegates {stray} instead of prefixes of {}", list_or_none(want)))
}

fn wrong_flags(case: &Case<'_>) -> Option<String> {
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
            let want = expected.mtu.filter(|want| router.mtu != Some(*want))?;
            Some(format!("the MTU is {} instead of {want}", or_none(router.mtu)))
        }
    })
}

fn wrong_preference(case: &Case<'_>) -> Option<String> {
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

fn reconfigure(case: &Case<'_>) -> Option<String> {
    case.server.reconfigures.then(|| "it sends RECONFIGURE without authentication".to_owned())
}

fn kills_router(case: &Case<'_>) -> Option<String> {
    let ip = case.key().source_ip?;
    let own = case.key().source_mac?;
    let says = case.answers6().filter_map(|(six, _)| six.router.as_ref());
    let zero = says.into_iter().any(|router| router.router_lifetime == 0);
    let (_, real) = case.scene.default_routers.iter().find(|(known, mac)| *known == ip && *mac != own)?;
    zero.then(|| format!("it says with a lifetime of 0 that {ip}, which is {real}, is no default router"))
}

fn foreign_prefix(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some() || case.scene.prefixes.is_empty() {
        return None;
    }
    let known = |one: &Prefix6| case.scene.prefixes.iter().any(|known| known.holds(one));
    let stray = links(case.server).into_iter().find(|one| !known(one))?;
    Some(format!("it offers {stray}, which no allowed server or router has"))
}

fn foreign_search(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some() || case.scene.search.is_empty() {
        return None;
    }
    let mut names = case.answers6().flat_map(|(six, _)| &six.search);
    let stray = names.find(|name| !case.scene.search.contains(*name))?;
    Some(format!("it offers search domain {}, which no allowed server does", escape(stray)))
}

fn preference_grab(case: &Case<'_>) -> Option<String> {
    let six = case.six().filter(|_| case.entry.is_none())?;
    match &six.router {
        Some(router) => {
            (router.preference == "high").then(|| "its preference as a router is high".to_owned())
        }
        None => six
            .preference
            .filter(|preference| *preference == u8::MAX)
            .map(|_| "its preference is 255: clients take it at once".to_owned()),
    }
}

fn captive_portal(case: &Case<'_>) -> Option<String> {
    let mut portals = case.answers6().filter_map(|(six, _)| six.captive_portal.as_deref());
    Some(format!("it names captive portal {}", escape(portals.next()?)))
}

fn boot_file(case: &Case<'_>) -> Option<String> {
    let mut files = case.answers6().filter_map(|(six, _)| six.boot_file.as_deref());
    Some(format!("it names boot file {}", escape(files.next()?)))
}

fn extends_others(case: &Case<'_>) -> Option<String> {
    let (address, owner) = case.server.extends.as_ref()?;
    Some(format!("it binds {address}, which {owner} had leased to the client"))
}

/// A route of an advertisement that is a default route (RFC 4191).
fn default_route6(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some_and(|entry| entry.expected.routes.is_some()) {
        return None;
    }
    let mut routes = case.answers6().filter_map(|(six, _)| six.router.as_ref()).flat_map(|one| &one.routes);
    routes.find(|route| route.prefix.1 == 0 && route.lifetime > 0)?;
    Some(format!("its route ::/0 sends all traffic to {}", case.who()))
}

fn naks_others(case: &Case<'_>) -> Option<String> {
    let meant = case.server.refused_for?;
    Some(format!("it refuses (NAK) requests that are meant for another server ({meant})"))
}

fn address_in_use(case: &Case<'_>) -> Option<String> {
    let (address, mac) = case.server.in_use?;
    Some(format!("it offers {address}, which {mac} uses"))
}

fn default_route(case: &Case<'_>) -> Option<String> {
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
fn leads_to_a_stranger(case: &Case<'_>) -> bool {
    let own = case.all(|offered| &offered.routers);
    let expected = case.entry.and_then(|entry| entry.expected.routers.as_deref());
    let is_known = |via: &Ipv4Addr| match expected {
        Some(routers) => routers.contains(via),
        None => own.contains(&via),
    };
    let nothing_known = expected.is_none() && own.is_empty();
    !nothing_known && case.all(|offered| &offered.default_routes).iter().any(|(_, via)| !is_known(via))
}

fn wpad(case: &Case<'_>) -> Option<String> {
    if case.entry.is_some_and(|entry| entry.expected.wpad.is_some()) {
        return None;
    }
    let urls = case.all(|offered| offered.wpad.as_slice());
    let url = urls.first()?;
    Some(format!("option 252 sets a web proxy: {}", escape(url)))
}

fn hidden_options(case: &Case<'_>) -> Option<String> {
    let hidden = &case.offered().hidden;
    (!hidden.is_empty()).then(|| format!("overloaded fields hold option {}", list(hidden)))
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write!(text, "{}{item}", if index == 0 { "" } else { ", " });
    }
    text
}

fn list_or_none<T: fmt::Display>(items: &[T]) -> String {
    if items.is_empty() { "none".to_owned() } else { list(items) }
}

fn or_none<T: fmt::Display>(item: Option<T>) -> String {
    item.map_or_else(|| "none".to_owned(), |item| item.to_string())
}

fn texts_or_none(items: &[String]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    list(&items.iter().map(|text| escape(text.as_bytes())).collect::<Vec<_>>())
}
