//! The rules: one row each, every hit a reason in words.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::policy::{Allowed, Policy};
use super::sighting::{Offered, opt};
use super::table::{Key, Server, Servers};
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

/// One row.
pub struct Rule {
    /// Its name in JSON.
    pub code: &'static str,
    /// What a hit means.
    pub weight: Weight,
    /// The reason in words, if it hits.
    check: fn(&Case<'_>) -> Option<String>,
}

/// A rule that hit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The rule's name.
    pub code: &'static str,
    /// What was found, in words that are safe to show.
    pub detail: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The policy allows it and what it offers.
    Allowed,
    /// There is no policy.
    Unjudged,
    /// It should not be there, or not offer what it does.
    Rogue,
}

impl Status {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Unjudged => "unjudged",
            Self::Rogue => "rogue",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Allowed, Self::Unjudged, Self::Rogue].into_iter().find(|status| status.name() == name)
    }
}

/// All servers taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody who should not be there.
    Clean,
    /// At least one rogue.
    Rogue,
    /// No server at all.
    None,
}

impl Verdict {
    /// Of these.
    pub fn of(statuses: impl IntoIterator<Item = Status>) -> Self {
        statuses.into_iter().fold(Self::None, |verdict, status| match (verdict, status) {
            (Self::Rogue, _) | (_, Status::Rogue) => Self::Rogue,
            _ => Self::Clean,
        })
    }

    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Rogue => "rogue",
            Self::None => "none",
        }
    }
}

/// What was found about one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it is.
    pub status: Status,
    /// Why it is a rogue; for an unjudged server what speaks against it.
    pub reasons: Vec<Reason>,
    /// What is worth knowing of an allowed server all the same.
    pub notes: Vec<Reason>,
    /// Which of the policy's servers it is.
    pub name: Option<String>,
    /// Who made the network card that it answers from, when somebody who has a table of vendors filled it in.
    pub vendor: Option<String>,
}

/// What the rules look at.
struct Case<'a> {
    server: &'a Server,
    /// The entry that recognises it.
    entry: Option<&'a Allowed>,
    policy: Option<&'a Policy>,
    scene: &'a Scene,
}

/// Where an address was seen.
type Spot = (Option<Arc<str>>, Vec<u16>, Ipv4Addr);

/// What must be known of all servers to judge one.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The MACs that packets from an address come from, relayed answers left aside.
    sources: HashMap<Spot, Vec<Mac>>,
    /// The MACs that name an address as server identifier.
    names: HashMap<Spot, Vec<Mac>>,
    routers: HashSet<Ipv4Addr>,
    dns: HashSet<Ipv4Addr>,
    has_friends: bool,
}

/// MACs kept of one address.
const MAX_HOLDERS: usize = 8;

impl Scene {
    /// Looks at everybody.
    pub fn new(servers: &Servers, policy: Option<&Policy>) -> Self {
        let mut scene = Self::default();
        for server in servers.iter() {
            let key = &server.key;
            if let (None, Some(mac)) = (key.relay, key.source_mac) {
                let spot = |ip: Ipv4Addr| (key.interface.clone(), key.vlans.clone(), ip);
                let held = [(&mut scene.sources, key.source_ip), (&mut scene.names, key.server_id)];
                for (map, ip) in held {
                    let Some(ip) = ip else { continue };
                    let macs = map.entry(spot(ip)).or_default();
                    if !macs.contains(&mac) && macs.len() < MAX_HOLDERS {
                        macs.push(mac);
                    }
                }
            }
            if let Some(policy) = policy
                && policy.recognise(key).is_some()
            {
                scene.has_friends = true;
                scene.routers.extend(&server.offered.routers);
                scene.dns.extend(&server.offered.dns_servers);
            }
        }
        for allowed in policy.into_iter().flat_map(|policy| &policy.allowed) {
            scene.routers.extend(allowed.expected.routers.iter().flatten());
            scene.dns.extend(allowed.expected.dns.iter().flatten());
        }
        scene
    }
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule { code: "wrong-mac", weight: Weight::Identity, check: wrong_mac },
    Rule { code: "wrong-address", weight: Weight::Identity, check: wrong_address },
    Rule { code: "wrong-relay", weight: Weight::Identity, check: wrong_relay },
    Rule { code: "wrong-vlan", weight: Weight::Identity, check: wrong_vlan },
    Rule { code: "unknown-server", weight: Weight::Identity, check: unknown_server },
    Rule { code: "two-macs", weight: Weight::Convicts, check: two_macs },
    Rule { code: "answers-for-another", weight: Weight::Convicts, check: answers_for_another },
    Rule { code: "many-identifiers", weight: Weight::Convicts, check: many_identifiers },
    Rule { code: "wrong-subnet", weight: Weight::Convicts, check: wrong_subnet },
    Rule { code: "wrong-range", weight: Weight::Convicts, check: wrong_range },
    Rule { code: "wrong-router", weight: Weight::Convicts, check: wrong_router },
    Rule { code: "wrong-dns", weight: Weight::Convicts, check: wrong_dns },
    Rule { code: "wrong-domain", weight: Weight::Convicts, check: wrong_domain },
    Rule { code: "wrong-lease", weight: Weight::Convicts, check: wrong_lease },
    Rule { code: "foreign-router", weight: Weight::Suspicious, check: foreign_router },
    Rule { code: "foreign-dns", weight: Weight::Suspicious, check: foreign_dns },
    Rule { code: "naks-others", weight: Weight::Suspicious, check: naks_others },
    Rule { code: "address-in-use", weight: Weight::Suspicious, check: address_in_use },
    Rule { code: "default-route", weight: Weight::Suspicious, check: default_route },
    Rule { code: "wpad", weight: Weight::Suspicious, check: wpad },
    Rule { code: "hidden-options", weight: Weight::Suspicious, check: hidden_options },
];

/// The rule's name as it lives in [`RULES`].
pub fn known_code(code: &str) -> Option<&'static str> {
    RULES.iter().map(|rule| rule.code).find(|known| *known == code)
}

/// Judges a server.
pub fn judge(server: &Server, policy: Option<&Policy>, scene: &Scene) -> Judgement {
    let entry = policy.and_then(|policy| policy.recognise(&server.key));
    let case = Case { server, entry, policy, scene };
    let mut reasons = Vec::new();
    let mut notes = Vec::new();
    let mut convicted = entry.is_none();
    for rule in RULES {
        if rule.weight == Weight::Identity && (entry.is_some() || policy.is_none()) {
            continue;
        }
        // Who was recognised as the wrong one of a known pair is not unknown.
        if rule.code == "unknown-server" && !reasons.is_empty() {
            continue;
        }
        let Some(detail) = (rule.check)(&case) else { continue };
        let reason = Reason { code: rule.code, detail };
        if entry.is_some() && rule.weight == Weight::Suspicious {
            notes.push(reason);
        } else {
            convicted |= rule.weight == Weight::Convicts;
            reasons.push(reason);
        }
    }
    let status = match (policy, convicted) {
        (None, _) => Status::Unjudged,
        (Some(_), true) => Status::Rogue,
        (Some(_), false) => Status::Allowed,
    };
    if status == Status::Rogue {
        reasons.append(&mut notes);
    }
    Judgement { status, reasons, notes, name: entry.and_then(|entry| entry.name.clone()), vendor: None }
}

impl<'a> Case<'a> {
    fn key(&self) -> &'a Key {
        &self.server.key
    }

    fn offered(&self) -> &'a Offered {
        &self.server.offered
    }

    /// An entry with this server's address whose other parts do not fit.
    fn near(&self) -> impl Iterator<Item = &'a Allowed> {
        let key = self.key();
        self.policy
            .into_iter()
            .flat_map(|policy| &policy.allowed)
            .filter(|allowed| allowed.identity.fit(key).address)
    }

    fn spot(&self, ip: Ipv4Addr) -> Spot {
        (self.key().interface.clone(), self.key().vlans.clone(), ip)
    }

    fn who(&self) -> String {
        let key = self.key();
        match (key.server_id.or(key.source_ip), key.source_mac) {
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
        allowed.identity.mac.is_some() && fit.mac && !fit.no_other_address
    })?;
    let identity = &allowed.identity;
    let mut parts = Vec::new();
    let known = key.server_id.or(key.source_ip);
    let pairs = [
        ("address", identity.address, known),
        ("server identifier", identity.server_id, key.server_id),
        ("source address", identity.ip, key.source_ip),
    ];
    for (what, want, have) in pairs {
        if let Some(want) = want.filter(|want| Some(*want) != have) {
            parts.push(format!("{what} {} instead of {want}", or_none(have)));
        }
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
    if key.relay.is_some() || is_said {
        return None;
    }
    let scene = case.scene;
    let sent = key.source_ip.and_then(|ip| Some((ip, scene.sources.get(&case.spot(ip))?)));
    // An address that nobody sends from is told apart by who names it.
    let named = key.server_id.filter(|ip| !scene.sources.contains_key(&case.spot(*ip)));
    let named = named.and_then(|ip| Some((ip, scene.names.get(&case.spot(ip))?)));
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
    let named = key.server_id?;
    if key.relay.is_some() || key.source_ip == Some(named) {
        return None;
    }
    let owners = case.scene.sources.get(&case.spot(named))?;
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

fn wrong_subnet(case: &Case<'_>) -> Option<String> {
    let want = case.entry?.expected.subnet?;
    let offered = case.offered();
    if let Some(address) = case.server.addresses.iter().find(|address| !want.contains(**address)) {
        return Some(format!("it offers {address}, which is not in {want}"));
    }
    let mask = offered.subnet_mask?;
    (offered.prefix() != Some(want.length()))
        .then(|| format!("it offers mask {mask} instead of that of {want}"))
}

fn wrong_range(case: &Case<'_>) -> Option<String> {
    let ranges = &case.entry?.expected.ranges;
    let inside = |address: &Ipv4Addr| ranges.iter().any(|range| (range.0..=range.1).contains(address));
    if ranges.is_empty() {
        return None;
    }
    let address = case.server.addresses.iter().find(|address| !inside(address))?;
    Some(format!("it offers {address}, which is not in {}", list(ranges)))
}

fn wrong_router(case: &Case<'_>) -> Option<String> {
    differs(case, "router", case.entry?.expected.routers.as_deref()?, &case.offered().routers)
}

fn wrong_dns(case: &Case<'_>) -> Option<String> {
    differs(case, "name server", case.entry?.expected.dns.as_deref()?, &case.offered().dns_servers)
}

fn differs(case: &Case<'_>, what: &str, want: &[Ipv4Addr], have: &[Ipv4Addr]) -> Option<String> {
    // What an answer to somebody else's question leaves out may not have been asked for.
    if want == have || (have.is_empty() && !case.server.complete) {
        return None;
    }
    Some(format!("it offers {what} {} instead of {}", list_or_none(have), list_or_none(want)))
}

fn wrong_domain(case: &Case<'_>) -> Option<String> {
    let want = case.entry?.expected.domain.as_deref()?;
    let have = case.offered().domain_name.as_deref();
    if have == Some(want.as_bytes()) || (have.is_none() && !case.server.complete) {
        return None;
    }
    let shown = have.map_or_else(|| "none".to_owned(), escape);
    Some(format!("it offers domain {shown} instead of {}", escape(want.as_bytes())))
}

fn wrong_lease(case: &Case<'_>) -> Option<String> {
    let expected = &case.entry?.expected;
    let lease = case.offered().lease_time?;
    let short = expected.lease_min.filter(|min| lease < min.0);
    let long = expected.lease_max.filter(|max| lease > max.0);
    let (what, limit) = short.map(|min| ("at least", min)).or(long.map(|max| ("at most", max)))?;
    Some(format!("it offers a lease of {lease} s instead of {what} {} s", limit.0))
}

fn foreign_router(case: &Case<'_>) -> Option<String> {
    foreign(case, "router", &case.offered().routers, &case.scene.routers)
}

fn foreign_dns(case: &Case<'_>) -> Option<String> {
    foreign(case, "name server", &case.offered().dns_servers, &case.scene.dns)
}

fn foreign(case: &Case<'_>, what: &str, have: &[Ipv4Addr], known: &HashSet<Ipv4Addr>) -> Option<String> {
    if case.entry.is_some() || known.is_empty() {
        return None;
    }
    let strange: Vec<&Ipv4Addr> = have.iter().filter(|ip| !known.contains(ip)).collect();
    (!strange.is_empty())
        .then(|| format!("it offers {what} {}, which no allowed server does", list(&strange)))
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
    let routes = &case.offered().default_routes;
    let (code, _) = routes.first()?;
    let mut via: Vec<Ipv4Addr> = routes.iter().map(|(_, router)| *router).collect();
    via.dedup();
    Some(format!("option {code} sends all traffic to {}", list(&via)))
}

fn wpad(case: &Case<'_>) -> Option<String> {
    let url = case.offered().wpad.as_deref()?;
    Some(format!("option {} sets a web proxy: {}", opt::WPAD, escape(url)))
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

fn list_or_none(items: &[Ipv4Addr]) -> String {
    if items.is_empty() { "none".to_owned() } else { list(items) }
}

fn or_none<T: fmt::Display>(item: Option<T>) -> String {
    item.map_or_else(|| "none".to_owned(), |item| item.to_string())
}

/// The subnet of an offer.
pub fn subnet(offered: &Offered) -> Option<Prefix> {
    offered.address.zip(offered.prefix()).map(|(address, prefix)| Prefix::of(address, prefix))
}

/// Judges everybody; the servers in their usual order.
pub fn judge_all<'a>(servers: &'a Servers, policy: Option<&Policy>) -> Vec<(&'a Server, Judgement)> {
    let scene = Scene::new(servers, policy);
    let mut all: Vec<_> =
        servers.sorted().into_iter().map(|server| (server, judge(server, policy, &scene))).collect();
    all.sort_by_key(|(_, judgement)| std::cmp::Reverse(judgement.status));
    all
}

/// The policy's servers that nobody was recognised as.
pub fn missing<'a>(servers: &Servers, policy: &'a Policy) -> Vec<&'a Allowed> {
    let seen =
        |allowed: &&Allowed| !servers.iter().any(|server| allowed.identity.fit(&server.key).is_whole());
    policy.allowed.iter().filter(seen).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::policy::{Expected, Lease};
    use super::super::sighting::{Asked, Sighting};
    use super::*;
    use crate::time::{Moment, Timestamp};
    use crate::wire::HwAddr;
    use crate::wire::v4::MessageType;

    const A: Mac = Mac([2, 0, 0, 0, 0, 0xa]);
    const B: Mac = Mac([2, 0, 0, 0, 0, 0xb]);

    pub(in super::super) fn sighting(key: Key, kind: MessageType) -> Sighting {
        Sighting {
            when: Moment::recorded(Timestamp::new(1, 0)),
            key,
            kind: Some(kind),
            client: HwAddr::default(),
            asked: Asked::Unknown,
            pxe: false,
            offered: Offered::default(),
        }
    }

    fn ip(last: u8) -> Ipv4Addr {
        [10, 0, 0, last].into()
    }

    fn key(last: u8, mac: Mac) -> Key {
        Key { source_ip: Some(ip(last)), source_mac: Some(mac), server_id: Some(ip(last)), ..Key::default() }
    }

    fn probed(probe: &'static str) -> Asked {
        Asked::Us { probe, bogus_server: Some([203, 0, 113, 9].into()) }
    }

    type Change = fn(&mut Offered);

    /// One line of the table below: what was seen, what is allowed, and the rules that hit on the last one seen.
    struct Row {
        seen: Vec<Sighting>,
        allow: Option<Vec<&'static str>>,
        expected: Expected,
        status: Status,
        reasons: Vec<&'static str>,
        notes: Vec<&'static str>,
    }

    fn row(seen: Vec<Sighting>, allow: &[&'static str]) -> Row {
        Row {
            seen,
            allow: Some(allow.to_vec()),
            expected: Expected::default(),
            status: Status::Rogue,
            reasons: vec![],
            notes: vec![],
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "rows are made for it")]
    fn check(row: Row) {
        let policy = row.allow.as_ref().map(|allow| Policy {
            allowed: allow
                .iter()
                .map(|text| Allowed {
                    name: None,
                    identity: text.parse().unwrap(),
                    expected: row.expected.clone(),
                })
                .collect(),
        });
        let mut servers = Servers::default();
        let mut last = Key::default();
        for sighting in &row.seen {
            last = servers.add(sighting, false);
        }
        let scene = Scene::new(&servers, policy.as_ref());
        let found = judge(servers.find(&last).unwrap(), policy.as_ref(), &scene);
        let codes = |reasons: &[Reason]| reasons.iter().map(|reason| reason.code).collect::<Vec<_>>();
        let about = format!("{:?} allowing {:?}: {found:?}", row.seen.last().unwrap().key, row.allow);
        assert_eq!(found.status, row.status, "{about}");
        assert_eq!(codes(&found.reasons), row.reasons, "{about}");
        assert_eq!(codes(&found.notes), row.notes, "{about}");
    }

    fn offer(key: Key, change: impl FnOnce(&mut Offered)) -> Sighting {
        let mut sighting = sighting(key, MessageType::OFFER);
        sighting.asked = Asked::Us { probe: "discover", bogus_server: None };
        change(&mut sighting.offered);
        sighting
    }

    fn plain(last: u8, mac: Mac) -> Sighting {
        offer(key(last, mac), |_| ())
    }

    #[test]
    fn identity_is_every_part_that_was_given() {
        for allow in [
            "10.0.0.1",
            "ip=10.0.0.1",
            "server-id=10.0.0.1",
            "mac=02:00:00:00:00:0a",
            "02:00:00:00:00:0a",
            "ip=10.0.0.1,mac=02:00:00:00:00:0a,vlan=0",
        ] {
            check(Row { status: Status::Allowed, ..row(vec![plain(1, A)], &[allow]) });
        }
        let tagged = offer(Key { vlans: vec![7], relay: Some(ip(254)), ..key(1, A) }, |_| ());
        check(Row {
            status: Status::Allowed,
            ..row(vec![tagged.clone()], &["10.0.0.1,vlan=7,relay=10.0.0.254"])
        });
        for (seen, allow, reasons) in [
            (plain(2, A), "10.0.0.1", vec!["unknown-server"]),
            (plain(1, B), "10.0.0.1,mac=02:00:00:00:00:0a", vec!["wrong-mac"]),
            (plain(2, A), "10.0.0.1,mac=02:00:00:00:00:0a", vec!["wrong-address"]),
            (plain(2, A), "ip=10.0.0.1,server-id=10.0.0.1,mac=02:00:00:00:00:0a", vec!["wrong-address"]),
            (plain(1, A), "10.0.0.1,relay=10.0.0.254", vec!["wrong-relay"]),
            (tagged.clone(), "10.0.0.1,relay=10.0.0.253", vec!["wrong-relay"]),
            (plain(1, A), "10.0.0.1,vlan=7", vec!["wrong-vlan"]),
            (tagged.clone(), "10.0.0.1,vlan=0", vec!["wrong-vlan"]),
            (tagged, "10.0.0.1,vlan=8,relay=10.0.0.253", vec!["wrong-relay", "wrong-vlan"]),
            (plain(2, B), "relay=10.0.0.254", vec!["unknown-server"]),
        ] {
            check(Row { reasons, ..row(vec![seen], &[allow]) });
        }
        check(Row { reasons: vec!["unknown-server"], ..row(vec![plain(1, A)], &[]) });
        check(Row { allow: None, status: Status::Unjudged, ..row(vec![plain(1, A)], &[]) });
    }

    #[test]
    fn an_address_from_two_macs_is_told() {
        let both = || vec![plain(1, A), plain(1, B)];
        check(Row { reasons: vec!["two-macs"], ..row(both(), &["10.0.0.1"]) });
        check(Row { status: Status::Allowed, ..row(both(), &["10.0.0.1,mac=02:00:00:00:00:0b"]) });
        check(Row { reasons: vec!["wrong-mac"], ..row(both(), &["10.0.0.1,mac=02:00:00:00:00:0a"]) });
        let relayed = offer(Key { relay: Some(ip(254)), ..key(1, B) }, |_| ());
        check(Row { status: Status::Allowed, ..row(vec![plain(1, A), relayed], &["10.0.0.1"]) });
        check(Row { allow: None, status: Status::Unjudged, reasons: vec!["two-macs"], ..row(both(), &[]) });
    }

    #[test]
    fn who_answers_for_another_is_a_rogue_even_if_allowed() {
        let impostor = offer(Key { source_ip: Some(ip(66)), ..key(1, B) }, |_| ());
        check(Row {
            reasons: vec!["answers-for-another"],
            ..row(vec![plain(1, A), impostor.clone()], &["10.0.0.1"])
        });
        let real = plain(1, A);
        check(Row { status: Status::Allowed, ..row(vec![impostor, real], &["10.0.0.1"]) });
        let mut granted = sighting(key(1, A), MessageType::ACK);
        granted.asked = probed("request");
        check(Row { reasons: vec!["answers-for-another"], ..row(vec![granted.clone()], &["10.0.0.1"]) });
        granted.asked = Asked::Client { chosen: Some(ip(2)) };
        check(Row { reasons: vec!["answers-for-another"], ..row(vec![granted.clone()], &["10.0.0.1"]) });
        granted.asked = Asked::Client { chosen: Some(ip(1)) };
        check(Row { status: Status::Allowed, ..row(vec![granted], &["10.0.0.1"]) });
        let mut echo = sighting(key(1, A), MessageType::NAK);
        echo.key.server_id = Some([203, 0, 113, 9].into());
        echo.asked = probed("request");
        check(Row { reasons: vec!["answers-for-another"], ..row(vec![echo], &["ip=10.0.0.1"]) });
    }

    #[test]
    fn refusing_for_others_is_suspicious() {
        let mut nak = sighting(key(66, B), MessageType::NAK);
        nak.asked = probed("request");
        check(Row {
            reasons: vec!["unknown-server", "naks-others"],
            ..row(vec![nak.clone()], &["10.0.0.1"])
        });
        check(Row {
            status: Status::Allowed,
            notes: vec!["naks-others"],
            ..row(vec![nak.clone()], &["10.0.0.66"])
        });
        nak.asked = Asked::Client { chosen: Some(ip(1)) };
        check(Row {
            reasons: vec!["unknown-server", "naks-others"],
            ..row(vec![nak.clone()], &["10.0.0.1"])
        });
        nak.asked = Asked::Us { probe: "init-reboot", bogus_server: None };
        check(Row { status: Status::Allowed, ..row(vec![nak], &["10.0.0.66"]) });
    }

    #[test]
    fn an_allowed_server_must_offer_what_the_policy_says() {
        let good = |offered: &mut Offered| {
            offered.address = Some(ip(50));
            offered.subnet_mask = Some([255, 255, 255, 0].into());
            offered.routers = vec![ip(1)];
            offered.dns_servers = vec![ip(2)];
            offered.domain_name = Some(b"lab".to_vec());
            offered.lease_time = Some(3600);
        };
        let expected = Expected {
            subnet: "10.0.0.0/24".parse().ok(),
            ranges: vec!["10.0.0.10-10.0.0.99".parse().unwrap()],
            routers: Some(vec![ip(1)]),
            dns: Some(vec![ip(2)]),
            domain: Some("lab".into()),
            lease_min: Some(Lease(3600)),
            lease_max: Some(Lease(3600)),
        };
        let changes: [(Change, &[&'static str]); 11] = [
            (|_| (), &[]),
            (|o| o.address = Some([10, 0, 1, 50].into()), &["wrong-subnet", "wrong-range"]),
            (|o| o.subnet_mask = Some([255, 255, 0, 0].into()), &["wrong-subnet"]),
            (|o| o.address = Some([10, 0, 0, 100].into()), &["wrong-range"]),
            (|o| o.routers = vec![[10, 0, 0, 66].into()], &["wrong-router"]),
            (|o| o.routers = vec![], &["wrong-router"]),
            (|o| o.dns_servers.push([8, 8, 8, 8].into()), &["wrong-dns"]),
            (|o| o.domain_name = Some(b"\x1bevil".to_vec()), &["wrong-domain"]),
            (|o| o.domain_name = None, &["wrong-domain"]),
            (|o| o.lease_time = Some(3599), &["wrong-lease"]),
            (|o| o.lease_time = Some(3601), &["wrong-lease"]),
        ];
        for (change, reasons) in changes {
            let seen = offer(key(1, A), |offered| {
                good(offered);
                change(offered);
            });
            let status = if reasons.is_empty() { Status::Allowed } else { Status::Rogue };
            let row = row(vec![seen], &["10.0.0.1"]);
            check(Row { expected: expected.clone(), status, reasons: reasons.to_vec(), ..row });
        }
        // What an answer to somebody else leaves out was perhaps not asked for.
        let mut partial = offer(key(1, A), good);
        partial.offered.routers.clear();
        partial.asked = Asked::Unknown;
        check(Row { expected, status: Status::Allowed, ..row(vec![partial], &["10.0.0.1"]) });
    }

    #[test]
    fn what_steers_traffic_is_told() {
        let friend = offer(key(1, A), |offered| {
            offered.routers = vec![ip(1)];
            offered.dns_servers = vec![ip(1)];
        });
        let steering = |offered: &mut Offered| {
            offered.routers = vec![ip(66)];
            offered.dns_servers = vec![ip(1), ip(66)];
            offered.default_routes = vec![(121, ip(66))];
            offered.wpad = Some(b"http://\x1b[31m/".to_vec());
            offered.hidden = vec![3, 6];
        };
        let all = ["default-route", "wpad", "hidden-options"];
        let mut against = vec!["unknown-server", "foreign-router", "foreign-dns"];
        against.extend(all);
        check(Row {
            reasons: against,
            ..row(vec![friend.clone(), offer(key(66, B), steering)], &["10.0.0.1"])
        });
        check(Row {
            status: Status::Allowed,
            notes: all.to_vec(),
            ..row(vec![offer(key(1, A), steering)], &["10.0.0.1"])
        });
        check(Row {
            allow: None,
            status: Status::Unjudged,
            reasons: all.to_vec(),
            ..row(vec![friend, offer(key(66, B), steering)], &[])
        });
    }

    #[test]
    fn an_address_in_use_is_held_against_those_who_offered_it() {
        let mut servers = Servers::default();
        let seen = offer(key(66, B), |offered| offered.address = Some(ip(50)));
        let guilty = servers.add(&seen, false);
        servers.add(&plain(1, A), false);
        assert_eq!(servers.note_in_use(None, ip(50), A), std::slice::from_ref(&guilty));
        let scene = Scene::new(&servers, None);
        let found = judge(servers.find(&guilty).unwrap(), None, &scene);
        assert_eq!(
            found.reasons[0].to_string(),
            "address-in-use: it offers 10.0.0.50, which 02:00:00:00:00:0a uses"
        );
    }

    #[test]
    fn reasons_hold_nothing_hostile() {
        let seen = offer(key(66, B), |offered| offered.wpad = Some("\u{1b}[2J\u{202e}\u{9b}1m\n".into()));
        let mut servers = Servers::default();
        servers.add(&seen, false);
        for (_, judgement) in judge_all(&servers, Some(&Policy::default())) {
            for reason in judgement.reasons {
                assert!(!reason.to_string().chars().any(crate::wire::escape::is_hostile), "{reason}");
            }
        }
    }

    #[test]
    fn the_worst_decides() {
        use Status::{Allowed, Rogue, Unjudged};
        assert_eq!(Verdict::of([]), Verdict::None);
        assert_eq!(Verdict::of([Allowed, Unjudged]), Verdict::Clean);
        assert_eq!(Verdict::of([Rogue, Allowed]), Verdict::Rogue);
        assert_eq!(Verdict::of([Allowed, Rogue]), Verdict::Rogue);
    }

    #[test]
    fn allowed_servers_that_are_silent_are_named() {
        let mut servers = Servers::default();
        servers.add(&plain(1, A), false);
        let policy = Policy {
            allowed: ["10.0.0.1", "10.0.0.2"]
                .iter()
                .map(|text| Allowed { identity: text.parse().unwrap(), ..Allowed::default() })
                .collect(),
        };
        let silent: Vec<String> = missing(&servers, &policy).iter().map(ToString::to_string).collect();
        assert_eq!(silent, ["10.0.0.2"]);
        let codes: HashSet<_> = RULES.iter().map(|rule| rule.code).collect();
        assert_eq!(codes.len(), RULES.len());
        assert_eq!(known_code("wpad"), Some("wpad"));
    }
}
