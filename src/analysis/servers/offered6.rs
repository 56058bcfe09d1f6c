//! What DHCPv6 servers and routers offer, and how their messages become sightings.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::key::{Key, Speaks};
use super::sighting::{Asked, Offered, Sighting, vlans};
use crate::time::Moment;
use crate::wire::HwAddr;
use crate::wire::escape::escape;
use crate::wire::frame::{Checksum, Datagram, Ip};
use crate::wire::nd::{self, Advert, OnLinkPrefix};
use crate::wire::options::v6 as opt;
use crate::wire::v4::Xid;
use crate::wire::v4::facts::MAX_TEXT;
use crate::wire::v6::packet::find;
use crate::wire::v6::{Duid, Facts, MessageType, Outline, Packet, judge};

/// A route that a router advertises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads, with its length.
    pub prefix: (Ipv6Addr, u8),
    /// high, medium, low or reserved.
    pub preference: &'static str,
    /// Seconds.
    pub lifetime: u32,
}

/// What a router says beside what servers say too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertised {
    /// Flag M.
    pub managed: bool,
    /// Flag O.
    pub other: bool,
    /// Preference: high, medium, low or reserved.
    pub preference: &'static str,
    /// Seconds for which it is a default router.
    pub router_lifetime: u16,
    /// Hop limit that hosts are to use.
    pub hop_limit: u8,
    /// Option 5.
    pub mtu: Option<u32>,
    /// Option 3.
    pub prefixes: Vec<OnLinkPrefix>,
    /// Option 24.
    pub routes: Vec<Route>,
    /// Option 38: prefix, length, lifetime in seconds.
    pub pref64: Vec<(Ipv6Addr, u8, u16)>,
}

/// What a DHCPv6 server or a router offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered6 {
    /// Addresses of all associations.
    pub addresses: Vec<Ipv6Addr>,
    /// Prefixes to delegate, with their lengths.
    pub delegated: Vec<(Ipv6Addr, u8)>,
    /// Name servers.
    pub dns_servers: Vec<Ipv6Addr>,
    /// Search domains.
    pub search: Vec<Vec<u8>>,
    /// Valid lifetime of the first lease, seconds.
    pub lease_time: Option<u32>,
    /// Option 7 of an ADVERTISE.
    pub preference: Option<u8>,
    /// It binds leases though that was not asked for, or with rapid commit.
    pub rapid_commit: bool,
    /// Option 59.
    pub boot_file: Option<Vec<u8>>,
    /// The URI of the captive portal.
    pub captive_portal: Option<Vec<u8>>,
    /// A RECONFIGURE without proof of who sent it.
    pub reconfigures: bool,
    /// What routers alone say.
    pub router: Option<Advertised>,
}

impl Offered6 {
    fn of_server(facts: &Facts<'_>) -> Self {
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| bytes.iter().take(MAX_TEXT).copied().collect());
        let leases = facts.addresses().map(|lease| lease.valid);
        let delegations = facts.prefixes().map(|lease| lease.valid);
        Self {
            // A lifetime of zero takes a lease away.
            addresses: facts.addresses().filter(|lease| lease.valid > 0).map(|lease| lease.address).collect(),
            delegated: facts
                .prefixes()
                .filter(|lease| lease.valid > 0)
                .map(|lease| (lease.prefix, lease.length))
                .collect(),
            dns_servers: facts.dns_servers().collect(),
            search: facts.domain_search(),
            lease_time: leases.chain(delegations).find(|valid| *valid > 0),
            preference: facts.preference.or((facts.kind == MessageType::ADVERTISE).then_some(0)),
            rapid_commit: facts.rapid_commit,
            boot_file: text(facts.boot_file),
            captive_portal: text(facts.captive_portal),
            reconfigures: facts.kind == MessageType::RECONFIGURE && facts.authentication.is_none(),
            router: None,
        }
    }

    fn of_router(advert: &Advert<'_>) -> Self {
        let header = advert.header;
        let routes = advert.routes.iter().map(|route| Route {
            prefix: (route.prefix, route.length),
            preference: route.preference,
            lifetime: route.lifetime,
        });
        Self {
            // A lifetime of zero withdraws.
            dns_servers: advert
                .dns_servers
                .iter()
                .filter(|(lifetime, _)| *lifetime > 0)
                .flat_map(|(_, servers)| servers.iter().copied())
                .collect(),
            search: advert
                .domains
                .iter()
                .filter(|(lifetime, _)| *lifetime > 0)
                .flat_map(|(_, domains)| domains.iter().cloned())
                .collect(),
            captive_portal: advert.captive_portal.map(|uri| uri.iter().take(MAX_TEXT).copied().collect()),
            router: Some(Advertised {
                managed: header.flags() & nd::flag::MANAGED != 0,
                other: header.flags() & nd::flag::OTHER != 0,
                preference: header.preference(),
                router_lifetime: header.router_lifetime(),
                hop_limit: header.hop_limit(),
                mtu: advert.mtu,
                prefixes: advert.prefixes.clone(),
                routes: routes.collect(),
                pref64: advert.pref64.clone(),
            }),
            ..Self::default()
        }
    }

    /// It says nothing of what clients are to use.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self { preference: self.preference, rapid_commit: self.rapid_commit, ..Self::default() }
    }

    /// The same without what differs from client to client and from one moment to the next.
    pub(super) fn without_leases(&self) -> Self {
        let mut plain =
            Self { addresses: Vec::new(), delegated: Vec::new(), lease_time: None, ..self.clone() };
        if let Some(router) = &mut plain.router {
            for prefix in &mut router.prefixes {
                // Some routers count these down.
                (prefix.valid, prefix.preferred) = (0, 0);
            }
            for route in &mut router.routes {
                route.lifetime = 0;
            }
        }
        plain
    }

    /// What both say, and say differently, in words.
    pub(super) fn contradicts(&self, other: &Self) -> Option<String> {
        let addresses = |list: &[Ipv6Addr]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let search = |list: &[Vec<u8>]| list.iter().map(|name| escape(name)).collect::<Vec<_>>().join(" ");
        let flags = |offered: &Self| {
            offered.router.as_ref().map_or_else(String::new, |router| {
                format!("M {} O {}", u8::from(router.managed), u8::from(router.other))
            })
        };
        let pairs = [
            ("name server", addresses(&self.dns_servers), addresses(&other.dns_servers)),
            ("search list", search(&self.search), search(&other.search)),
            ("flags", flags(self), flags(other)),
        ];
        let is_other = |(_, a, b): &(&str, String, String)| !a.is_empty() && !b.is_empty() && a != b;
        pairs.into_iter().find(is_other).map(|(what, a, b)| format!("{what} {a} and {what} {b}"))
    }

    pub(super) fn keep_steering(&mut self, other: Self) {
        fn fill<T>(own: &mut Vec<T>, other: Vec<T>) {
            if own.is_empty() {
                *own = other;
            }
        }
        fill(&mut self.addresses, other.addresses);
        fill(&mut self.delegated, other.delegated);
        fill(&mut self.dns_servers, other.dns_servers);
        fill(&mut self.search, other.search);
        self.lease_time = self.lease_time.or(other.lease_time);
        self.preference = self.preference.max(other.preference);
        self.rapid_commit |= other.rapid_commit;
        self.reconfigures |= other.reconfigures;
        self.boot_file = self.boot_file.take().or(other.boot_file);
        self.captive_portal = self.captive_portal.take().or(other.captive_portal);
    }

    /// What it offers in parts that are compared; leases are left out: every client gets another.
    pub(super) fn facets(&self) -> Vec<(&'static str, String)> {
        let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(escape).unwrap_or_default();
        let join = |all: Vec<String>| all.join(" ");
        let mut facets = vec![
            ("name servers", join(self.dns_servers.iter().map(ToString::to_string).collect())),
            ("search list", join(self.search.iter().map(|name| escape(name)).collect())),
            ("boot file", text(&self.boot_file)),
            ("captive portal", text(&self.captive_portal)),
        ];
        let Some(router) = &self.router else {
            let preference = self.preference.filter(|preference| *preference > 0);
            facets.push(("preference", preference.map(|number| number.to_string()).unwrap_or_default()));
            return facets;
        };
        let flags = [(router.managed, "M"), (router.other, "O")];
        let flags = flags.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned()).collect();
        let prefixes = router.prefixes.iter().map(|one| {
            let autonomous = if one.is_autonomous() { " SLAAC" } else { "" };
            format!("{}/{}{autonomous}", one.prefix, one.length)
        });
        let led_to = router.routes.iter().map(|route| format!("{}/{}", route.prefix.0, route.prefix.1));
        facets.extend([
            ("preference", router.preference.to_owned()),
            ("flags", join(flags)),
            ("router lifetime", router.router_lifetime.to_string()),
            ("mtu", router.mtu.map(|mtu| mtu.to_string()).unwrap_or_default()),
            ("prefixes", join(prefixes.collect())),
            ("routes", join(led_to.collect())),
        ]);
        facets
    }

    pub(super) fn weight(&self) -> usize {
        let flags = [
            !self.addresses.is_empty(),
            !self.delegated.is_empty(),
            !self.dns_servers.is_empty(),
            !self.search.is_empty(),
            self.router.is_some(),
        ];
        flags.iter().filter(|flag| **flag).count()
    }
}

impl Sighting {
    /// Reads a datagram of DHCPv6; `None` when it is no message of a server. `outline` is of its payload.
    pub fn read6(
        when: Moment,
        interface: Option<&Arc<str>>,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        outline: &Outline,
    ) -> Option<Self> {
        let facts = Facts::read(packet, outline);
        let server = facts.server_id.filter(|_| facts.kind.is_from_server())?;
        if datagram.quoted || datagram.checksum == Checksum::Bad {
            return None;
        }
        let relay = facts.relays.last().map(|relay| relay.link);
        Some(Self {
            kind6: Some(facts.kind),
            xid: Xid(facts.xid.unwrap_or(0)),
            client: HwAddr::from_slice(facts.hardware().unwrap_or(&[])),
            offered: six(Offered6::of_server(&facts)),
            ..Self::seen(
                when,
                interface,
                datagram,
                Key {
                    speaks: Speaks::Dhcpv6,
                    relay: relay.map(Into::into),
                    server_id: Some(Duid::from(server).into()),
                    ..Key::default()
                },
            )
        })
    }

    /// Reads an ICMPv6 message; `None` when it is no valid router advertisement (RFC 4861 §6.1.2). One in
    /// fragments is kept: hosts shall ignore it (RFC 6980 §5), but not all do, and it passes every RA guard.
    pub fn read_advert(
        when: Moment,
        interface: Option<&Arc<str>>,
        datagram: &Datagram<'_>,
        packet: &nd::Packet<'_>,
        outline: &nd::Outline,
    ) -> Option<Self> {
        let advert = Advert::read(packet, outline)?;
        // In fragments it is still looked at; cut by the capture it does not say all.
        let whole = Datagram { ip: Some(Ip { fragmented: false, ..datagram.ip? }), ..*datagram };
        if datagram.quoted || datagram.cut || judge::disbelief(packet, outline, &whole).is_some() {
            return None;
        }
        Some(Self {
            offered: six(Offered6::of_router(&advert)),
            ..Self::seen(when, interface, datagram, Key { speaks: Speaks::Ra, ..Key::default() })
        })
    }

    fn seen(when: Moment, interface: Option<&Arc<str>>, datagram: &Datagram<'_>, key: Key) -> Self {
        Self {
            when,
            interface: interface.cloned(),
            key: Key {
                vlans: vlans(datagram),
                source_ip: datagram.ip.map(|ip| ip.src),
                source_mac: datagram.link.and_then(|link| link.src).and_then(|src| src.mac()),
                ..key
            },
            xid: Xid(0),
            is_cut: datagram.cut,
            kind: None,
            kind6: None,
            client: HwAddr::default(),
            asked: Asked::Unknown,
            took: None,
            pxe: false,
            offered: Offered::default(),
        }
    }
}

/// The leases that a REPLY binds, for the memory of who gave what: the client's DUID and the addresses.
pub(super) fn bound<'a>(packet: &Packet<'a>, outline: &Outline) -> Option<(&'a [u8], Vec<Ipv6Addr>)> {
    let inner = outline.inner(packet);
    if inner.message_type() != Some(MessageType::REPLY) {
        return None;
    }
    let client = find(inner.options(), opt::CLIENTID)?;
    let facts = Facts::read(packet, outline);
    let addresses = facts.addresses().filter(|lease| lease.valid > 0).map(|lease| lease.address);
    Some((client, addresses.collect()))
}

fn six(offered: Offered6) -> Offered {
    Offered { lease_time: offered.lease_time, six: Some(Box::new(offered)), ..Offered::default() }
}
