//! Findings about routers alone.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use super::{Router, Scene, Sink};
use crate::wire::nd::{OnLinkPrefix, flag};
use crate::wire::v6::Prefix6;

/// Two hours: a shorter valid lifetime cannot shorten a longer one (RFC 4862 §5.5.3).
const TWO_HOURS: u32 = 7200;

/// Says that routers tell different values of a field, where they do.
fn compare(sink: &mut Sink<'_>, field: &'static str, what: &str, told: &[(Ipv6Addr, String)]) {
    let Some((_, first)) = told.first() else { return };
    if told.iter().all(|(_, value)| value == first) {
        return;
    }
    let mut values: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, value) in told {
        let count = values.entry(value).or_default();
        *count = count.saturating_add(1);
    }
    let values: Vec<&str> = values.into_keys().collect();
    let routers = told.iter().map(|(router, _)| *router).collect();
    sink.push(
        format!("the routers disagree on {what}: {}", values.join(", ")),
        Vec::new(),
        routers,
        Some(field),
    );
}

pub(super) fn disagree(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let each = |value: &dyn Fn(&Router<'_>) -> Option<String>| -> Vec<(Ipv6Addr, String)> {
        scene.routers.each.iter().filter_map(|router| Some((router.source, value(router)?))).collect()
    };
    let bit = |bits: u8| {
        move |router: &Router<'_>| {
            Some(if router.advert.header.flags() & bits != 0 { "set" } else { "not set" }.to_owned())
        }
    };
    // Zero and what is missing mean "not specified" and contradict nothing (RFC 4861 §6.2.7).
    let number = |value: u32| (value != 0).then(|| value.to_string());
    compare(sink, "managed", "the M flag", &each(&bit(flag::MANAGED)));
    compare(sink, "other", "the O flag", &each(&bit(flag::OTHER)));
    compare(
        sink,
        "preference",
        "their preference",
        &each(&|router| Some(router.advert.header.preference().to_owned())),
    );
    compare(
        sink,
        "hop_limit",
        "the hop limit",
        &each(&|router| number(router.advert.header.hop_limit().into())),
    );
    compare(sink, "mtu", "the MTU", &each(&|router| router.advert.mtu.map(|mtu| mtu.to_string())));
    compare(
        sink,
        "reachable_time",
        "the reachable time (ms)",
        &each(&|router| number(router.advert.header.reachable_time)),
    );
    compare(
        sink,
        "retrans_timer",
        "the retransmission time (ms)",
        &each(&|router| number(router.advert.header.retrans_timer)),
    );
    let mut prefixes: BTreeMap<Prefix6, Vec<(Ipv6Addr, &OnLinkPrefix)>> = BTreeMap::new();
    for router in &scene.routers.each {
        for prefix in router.advert.prefixes.iter().take(64) {
            let key = Prefix6::new(prefix.prefix, prefix.length);
            prefixes.entry(key).or_default().push((router.source, prefix));
        }
    }
    for (prefix, told) in prefixes {
        let lifetimes = |value: fn(&OnLinkPrefix) -> u32| -> Vec<(Ipv6Addr, String)> {
            told.iter().map(|(router, prefix)| (*router, value(prefix).to_string())).collect()
        };
        let valid = format!("the valid lifetime of {prefix} (s)");
        compare(sink, "valid_lifetime", &valid, &lifetimes(|prefix| prefix.valid));
        let preferred = format!("the preferred lifetime of {prefix} (s)");
        compare(sink, "preferred_lifetime", &preferred, &lifetimes(|prefix| prefix.preferred));
    }
}

pub(super) fn several_default(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let is_default = |router: &&Router<'_>| router.advert.header.router_lifetime() > 0;
    let routers: Vec<Ipv6Addr> =
        scene.routers.each.iter().filter(is_default).map(|router| router.source).collect();
    if routers.len() > 1 {
        sink.routers(format!("{} routers are default routers", routers.len()), routers);
    }
}

fn autonomous<'a, 'b>(scene: &'a Scene<'b>) -> impl Iterator<Item = (&'a Router<'b>, &'a OnLinkPrefix)> {
    let all = scene
        .routers
        .each
        .iter()
        .flat_map(|router| router.advert.prefixes.iter().map(move |prefix| (router, prefix)));
    all.filter(|(_, prefix)| prefix.is_autonomous())
}

pub(super) fn slaac_broken(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for (router, prefix) in autonomous(scene) {
        let shown = Prefix6::new(prefix.prefix, prefix.length);
        let why = if prefix.prefix.is_unicast_link_local() {
            "it is link-local".to_owned()
        } else if prefix.length != 64 {
            format!("its length is {}, not 64", prefix.length)
        } else if prefix.preferred > prefix.valid {
            format!(
                "its preferred lifetime ({} s) is longer than its valid one ({} s)",
                prefix.preferred, prefix.valid
            )
        } else {
            continue;
        };
        sink.routers(
            format!("hosts make no address of {shown}, which is said to be for that: {why}"),
            vec![router.source],
        );
    }
}

pub(super) fn slaac_deprecated(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for (router, prefix) in autonomous(scene).filter(|(_, prefix)| prefix.preferred == 0 && prefix.valid > 0)
    {
        let shown = Prefix6::new(prefix.prefix, prefix.length);
        sink.routers(
            format!("{shown} is deprecated (preferred lifetime 0): its addresses open no connections"),
            vec![router.source],
        );
    }
}

pub(super) fn slaac_short(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for (router, prefix) in autonomous(scene).filter(|(_, prefix)| (1..TWO_HOURS).contains(&prefix.valid)) {
        let shown = Prefix6::new(prefix.prefix, prefix.length);
        sink.routers(
            format!("the valid lifetime of {shown} is {} s: under two hours it cannot shorten one that hosts have", prefix.valid),
            vec![router.source],
        );
    }
}

pub(super) fn rdnss_short(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for router in &scene.routers.each {
        let Some(interval) = router.advert.interval.and_then(|ms| ms.checked_div(1000)) else { continue };
        let shortest = router
            .advert
            .dns_servers
            .iter()
            .map(|(lifetime, _)| *lifetime)
            .filter(|lifetime| *lifetime > 0)
            .min();
        if let Some(lifetime) = shortest.filter(|lifetime| *lifetime < interval) {
            sink.routers(
                format!("its DNS servers live {lifetime} s, and it advertises every {interval} s: hosts lose them in between"),
                vec![router.source],
            );
        }
    }
}

pub(super) fn pd_preferred(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for router in &scene.routers.each {
        if let Some(prefix) = router.advert.prefixes.iter().find(|prefix| prefix.is_pd_preferred()) {
            let shown = Prefix6::new(prefix.prefix, prefix.length);
            sink.routers(
                format!("on {shown} hosts shall ask for a prefix of their own by DHCPv6 (P flag)"),
                vec![router.source],
            );
        }
    }
}

pub(super) fn stub(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for router in &scene.routers.each {
        let header = router.advert.header;
        let local = |prefix: &OnLinkPrefix| prefix.prefix.is_unique_local();
        let leads_on = !router.advert.routes.is_empty() || router.advert.prefixes.iter().any(local);
        if header.flags() & flag::SNAC != 0 || header.router_lifetime() == 0 && leads_on {
            sink.routers(
                "it is no default router and leads to a network of its own: a border router of Thread or the like".to_owned(),
                vec![router.source],
            );
        }
    }
}

pub(super) fn invalid(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for discarded in scene.discarded.iter().filter(|discarded| discarded.kind.is_none()) {
        let routers = discarded.router.into_iter().collect();
        sink.routers(format!("hosts ignore a router advertisement: {}", discarded.detail), routers);
    }
}
