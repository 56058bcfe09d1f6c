//! Findings between servers and routers.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use super::{Router, Said, Scene, Sink, list};
use crate::wire::nd::flag;
use crate::wire::v6::StatusCode;
use crate::wire::v6::facts::IaKind;

fn with_flag<'a, 'b>(scene: &'a Scene<'b>, bits: u8) -> impl Iterator<Item = &'a Router<'b>> {
    scene.routers.each.iter().filter(move |router| router.advert.header.flags() & bits != 0)
}

fn sources<'a, 'b: 'a>(routers: impl Iterator<Item = &'a Router<'b>>) -> Vec<Ipv6Addr> {
    routers.map(|router| router.source).collect()
}

fn names(addresses: &[Ipv6Addr]) -> String {
    list(&addresses.iter().map(ToString::to_string).collect::<Vec<_>>())
}

pub(super) fn m_flag_no_server(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let managed = sources(with_flag(scene, flag::MANAGED));
    if scene.asked.solicit && scene.offers.is_empty() && !managed.is_empty() {
        let who = names(&managed);
        sink.routers(
            format!("{who} says that DHCPv6 gives addresses (M flag), and no DHCPv6 server answers: hosts that wait for one get none"),
            managed,
        );
    }
}

pub(super) fn o_flag_no_answer(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let other = sources(with_flag(scene, flag::MANAGED | flag::OTHER));
    if scene.asked.inform && scene.stateless.is_empty() && !other.is_empty() {
        let who = names(&other);
        sink.routers(
            format!("{who} says that DHCPv6 gives configuration (O or M flag), and nobody answers INFORMATION-REQUEST"),
            other,
        );
    }
}

fn gives_addresses(said: &Said<'_>) -> bool {
    said.facts.addresses().any(|lease| lease.valid > 0)
}

fn gives_prefixes(said: &Said<'_>) -> bool {
    said.facts.prefixes().any(|lease| lease.valid > 0)
}

pub(super) fn server_without_flag(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let offers = || scene.offers.iter().filter(|said| gives_addresses(said));
    let silent = !scene.routers.is_empty() && !scene.routers.are_managed();
    if silent && offers().next().is_some() {
        sink.servers(
            "addresses are offered, and no router says so (M flag): hosts do not ask for them".to_owned(),
            offers(),
        );
    }
}

pub(super) fn pd_without_flag(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let offers = || scene.offers.iter().filter(|said| gives_prefixes(said));
    let silent = !scene.routers.is_empty() && !scene.routers.are_configured();
    if silent && offers().next().is_some() {
        sink.servers(
            "prefixes are delegated, and no router sets M or O: routers behind this link may not ask"
                .to_owned(),
            offers(),
        );
    }
}

pub(super) fn no_router(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let answered = !scene.offers.is_empty() || !scene.stateless.is_empty();
    if answered && scene.asked.routers && scene.routers.is_empty() {
        sink.servers(
            "DHCPv6 answers, and no router advertises itself: hosts have no default route, for DHCPv6 gives none"
                .to_owned(),
            scene.offers.iter().chain(&scene.stateless),
        );
    }
}

pub(super) fn router_lifetime_zero(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let none = scene.routers.each.iter().all(|router| router.advert.header.router_lifetime() == 0);
    if none && !scene.routers.each.is_empty() {
        let routers = sources(scene.routers.each.iter());
        let message = if routers.len() == 1 {
            format!(
                "{} has router lifetime 0: it is no default router, and there is no other",
                names(&routers)
            )
        } else {
            "every router has lifetime 0: none of them is a default router".to_owned()
        };
        sink.routers(message, routers);
    }
}

pub(super) fn address_not_on_link(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    if scene.routers.is_empty() {
        return;
    }
    let promised = &scene.routers.promised;
    for said in scene.leases() {
        let strange =
            said.facts.addresses().find(|lease| lease.valid > 0 && !promised.is_on_link(lease.address));
        if let Some(lease) = strange {
            sink.server(
                format!(
                    "{} lies in no prefix that a router calls on-link: all traffic goes by the router, and neighbours \
                     cannot be reached without it",
                    lease.address
                ),
                said,
            );
        }
    }
}

pub(super) fn dns_missing(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let by_dhcp = scene.said().any(|said| said.facts.dns_servers().len() > 0);
    let by_router = scene.routers.promised.dns().len() > 0;
    let answered = scene.said().next().is_some() || !scene.routers.is_empty();
    // Who asked one thing only does not know what others say.
    if answered && scene.asked.solicit && scene.asked.routers && !by_dhcp && !by_router {
        sink.push(
            "nobody names a DNS server for IPv6: no router (RDNSS), no DHCPv6 server (option 23)".to_owned(),
            scene.said().map(Said::server).collect::<BTreeSet<_>>().into_iter().collect(),
            sources(scene.routers.each.iter()),
            None,
        );
    }
}

pub(super) fn dns_differs(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let promised = &scene.routers.promised;
    let answers = || scene.offers.iter().chain(&scene.stateless);
    let mut raw = answers().filter_map(|said| said.facts.dns_list);
    let first = raw.next();
    if promised.dns().len() == 0 && raw.all(|list| Some(list) == first) {
        return;
    }
    let lists = answers().map(|said| said.facts.dns_servers().collect::<BTreeSet<_>>());
    let of_servers: BTreeSet<BTreeSet<Ipv6Addr>> =
        lists.filter(|list| !list.is_empty() && !promised.has_dns(list)).collect();
    let distinct = of_servers.len().saturating_add(promised.dns().len());
    if distinct < 2 {
        return;
    }
    sink.push(
        format!(
            "{distinct} different lists of DNS servers are told: which one a host takes depends on the host"
        ),
        answers().map(Said::server).collect::<BTreeSet<_>>().into_iter().collect(),
        promised.naming(),
        None,
    );
}

pub(super) fn host_firewall(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    if scene.firewall {
        sink.servers(
            "answers reached this host, and its UDP port 546 got none of them: this host's own firewall drops what its \
             DHCPv6 client needs"
                .to_owned(),
            scene.said(),
        );
    }
}

pub(super) fn pd_preferred_refused(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let routers = scene.routers.promised.preferring();
    let refused = |said: &&Said<'_>| {
        said.facts.ias.iter().any(|ia| {
            ia.kind == IaKind::Pd && ia.status.is_some_and(|status| status.code != StatusCode::SUCCESS)
        })
    };
    let given = scene.offers.iter().any(gives_prefixes);
    let servers: Vec<String> = scene.offers.iter().filter(refused).map(Said::server).collect();
    if !routers.is_empty() && scene.asked.wants(IaKind::Pd) && !given && !servers.is_empty() {
        sink.push(
            "a router asks hosts to take a prefix of their own (P flag), and the delegation is refused"
                .to_owned(),
            servers,
            routers,
            None,
        );
    }
}
