//! Findings about servers alone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

use super::{Name, Said, Scene, Sink, list, reason};
use crate::wire::v6::facts::{Ia, IaKind, Status};
use crate::wire::v6::types::INFINITY;
use crate::wire::v6::usable::{is_global, times_contradict};
use crate::wire::v6::{Facts, MessageType, Prefix6, StatusCode};
use crate::wire::{Mac, digits};

/// A client's SOLICIT slows down to this, seconds (RFC 9915 §7.6).
const SOL_MAX_RT: u32 = 3600;
/// A server that looks for the client takes longer than this, nanoseconds: the kernel's own look is over sooner.
const LOOKS_FIRST: i64 = 50_000_000;

fn failed(status: Option<Status<'_>>) -> Option<Status<'_>> {
    status.filter(|status| status.code != StatusCode::SUCCESS)
}

/// No rule of these holds for an answer alone that has these facts and came from this UDP port.
pub(super) fn is_plain(facts: &Facts<'_>, source_port: u16) -> bool {
    matches!(source_port, 0 | 547)
        && facts.sol_max_rt.is_none_or(|time| time == SOL_MAX_RT)
        && facts.failure().is_none()
        && facts.ias.iter().all(has_plain_leases)
}

fn has_plain_leases(ia: &Ia<'_>) -> bool {
    let plain = |preferred: u32, valid: u32| {
        preferred <= valid && valid != INFINITY && (ia.t2 < valid || ia.t2 == INFINITY)
    };
    !times_contradict(ia)
        && (ia.kind == IaKind::Ta || (ia.t1, ia.t2) != (0, 0))
        && ia.addresses.iter().all(|lease| plain(lease.preferred, lease.valid) && is_global(lease.address))
        && ia.prefixes.iter().all(|lease| plain(lease.preferred, lease.valid))
}

fn ias_of<'a, 'b>(said: &'a Said<'b>, kind: IaKind) -> impl Iterator<Item = &'a Ia<'b>> {
    said.facts.ias.iter().filter(move |ia| ia.kind == kind)
}

pub(super) fn pd_refused(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.leases() {
        let own = failed(said.facts.status).filter(|status| status.code == StatusCode::NO_PREFIX_AVAIL);
        let status = ias_of(said, IaKind::Pd).find_map(|ia| failed(ia.status)).or(own);
        if let Some(status) = status {
            sink.server(format!("no prefix is delegated ({}){}", status.code, reason(status.text)), said);
        }
    }
}

pub(super) fn pd_ignored(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    if !scene.asked.wants(IaKind::Pd) {
        return;
    }
    let alone = scene.asked.wants_prefixes_alone();
    for said in scene.leases().filter(|said| ias_of(said, IaKind::Pd).next().is_none()) {
        match failed(said.facts.status) {
            None => sink.server(
                "a prefix was asked for, and the answer says nothing of it (no IA_PD)".to_owned(),
                said,
            ),
            Some(status) if alone && status.code == StatusCode::NO_ADDRS_AVAIL => sink.server(
                format!(
                    "a prefix alone was asked for, and the answer speaks of addresses ({}){}",
                    status.code,
                    reason(status.text)
                ),
                said,
            ),
            Some(_) => {}
        }
    }
}

pub(super) fn pd_length_differs(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let wished: Vec<String> = scene.asked.lengths.iter().map(|length| format!("/{length}")).collect();
    if wished.is_empty() {
        return;
    }
    for said in scene.leases() {
        let other = said.facts.prefixes().find(|lease| !scene.asked.lengths.contains(&lease.length));
        if let Some(lease) = other {
            sink.server(format!("a /{} is delegated, asked for was {}", lease.length, list(&wished)), said);
        }
    }
}

pub(super) fn pd_overlap(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let delegations = scene.offers.iter().enumerate().flat_map(|(place, said)| {
        said.facts.prefixes().map(move |lease| (Prefix6::new(lease.prefix, lease.length), place, said))
    });
    let delegated: Vec<(Prefix6, usize, &Said<'_>)> = delegations.take(256).collect();
    for (number, (prefix, place, said)) in delegated.iter().enumerate() {
        if let Some((other, router)) = scene.routers.promised.overlapped(prefix) {
            let message = format!("the delegated {prefix} overlaps {other}, which {router} calls on-link");
            sink.push(message, vec![said.server()], vec![router], None);
        }
        let rest = delegated.iter().skip(number.saturating_add(1));
        for (other, _, by) in rest.filter(|(other, by, _)| by != place && other.overlaps(prefix)) {
            if sink.is_full() {
                return;
            }
            if by.name() != said.name() {
                let message = format!("two servers delegate the same addresses: {prefix} and {other}");
                sink.push(message, vec![said.server(), by.server()], Vec::new(), None);
            }
        }
    }
}

pub(super) fn no_addresses(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    if scene.asked.wants_prefixes_alone() {
        return;
    }
    let link = scene.asked.relays.first().filter(|(link, _)| !link.is_unspecified());
    let link = link.map(|(link, _)| format!(" for the link of {link}")).unwrap_or_default();
    for said in scene.leases() {
        let none = |status: &Status<'_>| status.code == StatusCode::NO_ADDRS_AVAIL;
        let own = failed(said.facts.status).filter(none);
        let of_ia = said.facts.ias.iter().find_map(|ia| failed(ia.status).filter(none));
        if let Some(status) = of_ia.or(own) {
            let prefixes = said.facts.prefixes().any(|lease| lease.valid > 0);
            let though = if prefixes { ", though it delegates a prefix" } else { "" };
            sink.server(
                format!(
                    "the server has no address to give{link}{though}: its pool is empty, or it knows no subnet here{}",
                    reason(status.text)
                ),
                said,
            );
        }
    }
}

pub(super) fn server_refuses(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    // What a renewal is refused with has a finding of its own.
    let renews = scene
        .held
        .as_ref()
        .is_some_and(|held| matches!(held.asked, MessageType::RENEW | MessageType::REBIND));
    let told = |status: &Status<'_>| {
        matches!(status.code, StatusCode::NO_ADDRS_AVAIL | StatusCode::NO_PREFIX_AVAIL)
            || renews && status.code == StatusCode::NO_BINDING
    };
    for said in scene.said() {
        if let Some(status) = said.facts.failure().filter(|status| !told(status)) {
            sink.server(format!("the server refuses ({}){}", status.code, reason(status.text)), said);
        }
    }
}

pub(super) fn request_unanswered(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let unanswered =
        scene.held.as_ref().is_some_and(|held| held.asked == MessageType::REQUEST && held.reply.is_none());
    if unanswered && !scene.offers.is_empty() {
        sink.servers("SOLICIT was answered, REQUEST was not".to_owned(), scene.offers.iter());
    }
}

pub(super) fn rapid_commit_missing(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for discarded in scene.discarded.iter().filter(|one| one.detail.contains("without rapid commit")) {
        sink.push(
            "it answers SOLICIT with a REPLY that lacks rapid commit (option 14): clients drop it".to_owned(),
            vec![discarded.from.clone()],
            Vec::new(),
            None,
        );
    }
}

pub(super) fn commit_unasked(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for discarded in scene.discarded.iter().filter(|one| one.detail.contains("was not asked for")) {
        sink.push(
            "it binds a lease to a SOLICIT that did not ask for rapid commit".to_owned(),
            vec![discarded.from.clone()],
            Vec::new(),
            None,
        );
    }
}

pub(super) fn several_commit(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let commits = || scene.offers.iter().filter(|said| said.facts.kind == MessageType::REPLY);
    if commits().count() > 1 {
        sink.servers(
            "several servers bound a lease to one SOLICIT (rapid commit): all but one are wasted".to_owned(),
            commits(),
        );
    }
}

pub(super) fn rapid_commit_ignored(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let ignores = || scene.offers.iter().filter(|said| said.facts.kind == MessageType::ADVERTISE);
    if scene.asked.rapid_commit && ignores().next().is_some() {
        sink.servers(
            "rapid commit was asked for, and ADVERTISE came: the server does not do it".to_owned(),
            ignores(),
        );
    }
}

pub(super) fn wrong_port(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for discarded in scene.discarded.iter().filter(|one| one.reason == "wrong_port") {
        sink.push(
            format!("it answers to UDP port {}: clients listen on 546", discarded.port),
            vec![discarded.from.clone()],
            Vec::new(),
            None,
        );
    }
}

pub(super) fn answer_from_global(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    if !scene.asked.relays.is_empty() {
        return;
    }
    // Seen between server and relay, an answer comes from wherever the two know each other.
    for said in scene.said().filter(|said| said.facts.relays.is_empty()) {
        if let Some(source) = said.source.filter(|source| !source.is_unicast_link_local()) {
            // Where a server does it, it does so in every answer.
            let source = digits::ip6(source);
            sink.server(
                format!("it answers from {source}, which is no link-local address: filters may drop it"),
                said,
            );
        }
    }
}

pub(super) fn answer_multicast(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for discarded in scene.discarded.iter().filter(|one| one.reason == "multicast") {
        let message = "it answers to everybody (multicast): clients should not accept that".to_owned();
        sink.push(message, vec![discarded.from.clone()], Vec::new(), None);
    }
}

pub(super) fn source_port(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let odd = |said: &&Said<'_>| !matches!(said.source_port, 0 | 547);
    for said in scene.said().filter(odd) {
        sink.server(
            format!("it answers from UDP port {}, not 547: filters may drop it", said.source_port),
            said,
        );
    }
}

pub(super) fn t1_after_t2(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.leases() {
        if let Some(ia) = said.facts.ias.iter().find(|ia| ia.t1 > 0 && ia.t2 > 0 && ia.t1 > ia.t2) {
            let message = format!(
                "T1 ({} s) is after T2 ({} s) in the {}: clients drop it",
                ia.t1,
                ia.t2,
                ia.kind.name()
            );
            sink.server(message, said);
        }
    }
}

/// Address or prefix (with its length), preferred and valid lifetime of every lease.
fn lifetimes<'a>(said: &'a Said<'_>) -> impl Iterator<Item = (Ipv6Addr, Option<u8>, u32, u32)> + 'a {
    let addresses = said.facts.addresses().map(|lease| (lease.address, None, lease.preferred, lease.valid));
    let prefixes = said.facts.prefixes();
    addresses.chain(prefixes.map(|lease| (lease.prefix, Some(lease.length), lease.preferred, lease.valid)))
}

fn named(address: Ipv6Addr, length: Option<u8>) -> String {
    length.map_or_else(|| address.to_string(), |length| Prefix6::new(address, length).to_string())
}

pub(super) fn lifetime_inverted(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.leases() {
        if let Some((lease, length, preferred, valid)) =
            lifetimes(said).find(|(.., preferred, valid)| preferred > valid)
        {
            let lease = named(lease, length);
            sink.server(
                format!("{lease} is preferred for longer ({preferred} s) than it is valid ({valid} s): clients drop it"),
                said,
            );
        }
    }
}

/// The IAs that have a lease and times of their own.
fn timed<'a, 'b>(said: &'a Said<'b>) -> impl Iterator<Item = (&'a Ia<'b>, u32)> {
    let shortest = |ia: &Ia<'_>| {
        let addresses = ia.addresses.iter().map(|lease| lease.valid);
        addresses.chain(ia.prefixes.iter().map(|lease| lease.valid)).filter(|valid| *valid > 0).min()
    };
    let timed = said.facts.ias.iter().filter(|ia| ia.kind != IaKind::Ta);
    timed.filter_map(move |ia| Some((ia, shortest(ia)?)))
}

pub(super) fn t1_t2_zero(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.leases() {
        if timed(said).any(|(ia, _)| ia.t1 == 0 && ia.t2 == 0) {
            sink.server("T1 and T2 are 0: the client chooses when it renews".to_owned(), said);
        }
    }
}

pub(super) fn t2_after_valid(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.leases() {
        if let Some((ia, valid)) = timed(said).find(|(ia, valid)| ia.t2 != INFINITY && ia.t2 >= *valid) {
            let message = format!(
                "T2 ({} s) is not before the lease ends ({valid} s): it dies before anybody else is asked",
                ia.t2
            );
            sink.server(message, said);
        }
    }
}

pub(super) fn lifetime_infinite(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.leases() {
        if let Some((lease, length, ..)) = lifetimes(said).find(|(.., valid)| *valid == INFINITY) {
            let lease = named(lease, length);
            sink.server(format!("{lease} is leased without end: it never comes back by itself"), said);
        }
    }
}

/// How much of what was asked for a server grants.
fn grants(scene: &Scene<'_>, said: &Said<'_>) -> usize {
    let granted = |(kind, iaid): &&(IaKind, u32)| {
        said.facts.ias.iter().any(|ia| {
            let alive = ia.addresses.iter().any(|lease| lease.valid > 0)
                || ia.prefixes.iter().any(|lease| lease.valid > 0);
            ia.kind == *kind && ia.iaid == *iaid && failed(ia.status).is_none() && alive
        })
    };
    scene.asked.ias.iter().filter(granted).count()
}

pub(super) fn preference_trap(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let preference = |said: &Said<'_>| said.facts.preference.unwrap_or(0);
    // A client looks at those only from which it can keep something.
    let usable = || scene.offers.iter().filter(|said| grants(scene, said) > 0);
    let Some(highest) = usable().map(preference).max().filter(|highest| *highest > 0) else { return };
    let winner = usable().filter(|said| preference(said) == highest).max_by_key(|said| grants(scene, said));
    if let Some(winner) = winner {
        let own = grants(scene, winner);
        let more = usable().filter(|said| preference(said) < highest && grants(scene, said) > own);
        let more: Vec<String> = more.map(Said::server).collect();
        if !more.is_empty() {
            sink.push(
                format!(
                    "the server with the highest preference ({highest}) wins and grants less of what was asked for than {}",
                    list(&more)
                ),
                std::iter::once(winner.server()).chain(more).collect(),
                Vec::new(),
                None,
            );
        }
    }
}

pub(super) fn relay_mismatch(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.said() {
        if let Some(mismatch) = &said.mismatch {
            sink.server(format!("the RELAY-REPL does not mirror what was sent: {mismatch}"), said);
        }
    }
}

/// A server that speaks from more than one card and address.
struct Doubled {
    server: String,
    /// Its cards.
    macs: Vec<Mac>,
    /// Some card speaks for other servers too: it is a relay's.
    relayed: bool,
}

impl Doubled {
    fn cards(&self) -> String {
        list(&self.macs.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
}

/// Cards and addresses that speak for one.
type Speakers = BTreeSet<(Mac, Option<Ipv6Addr>)>;

/// Servers that speak from more than one card and address.
fn doubled(scene: &Scene<'_>) -> Vec<Doubled> {
    let mut cards = scene.said().filter_map(|said| said.mac);
    let first = cards.next();
    if cards.all(|card| Some(card) == first) {
        return Vec::new();
    }
    // On the other side of a relay a server speaks with the relay's card: only what is said at one distance is compared.
    let mut own: BTreeMap<(Name<'_>, usize), Speakers> = BTreeMap::new();
    let mut speakers: BTreeMap<Mac, BTreeSet<Name<'_>>> = BTreeMap::new();
    for said in scene.said() {
        let Some(mac) = said.mac else { continue };
        speakers.entry(mac).or_default().insert(said.name());
        if said.facts.server_id.is_some() {
            own.entry((said.name(), said.facts.relays.len())).or_default().insert((mac, said.source));
        }
    }
    let several = own.into_iter().filter_map(|((server, _), cards)| {
        let addresses: BTreeSet<_> = cards.iter().map(|(_, source)| source).collect();
        let macs: BTreeSet<Mac> = cards.iter().map(|(mac, _)| *mac).collect();
        let relayed = macs.iter().any(|mac| speakers.get(mac).is_some_and(|servers| servers.len() > 1));
        let doubled = macs.len() > 1 && addresses.len() > 1;
        doubled.then(|| Doubled { server: server.to_string(), macs: macs.into_iter().collect(), relayed })
    });
    several.collect()
}

pub(super) fn relayed_and_direct(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for doubled in doubled(scene).into_iter().filter(|doubled| doubled.relayed) {
        let message = format!(
            "one server answers directly and through a relay ({}): a client may get two leases",
            doubled.cards()
        );
        sink.push(message, vec![doubled.server], Vec::new(), None);
    }
}

pub(super) fn duplicate_duid(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for doubled in doubled(scene).into_iter().filter(|doubled| !doubled.relayed) {
        let message = format!("two servers have the same DUID: {}", doubled.cards());
        sink.push(message, vec![doubled.server], Vec::new(), None);
    }
}

pub(super) fn link_address_unusable(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for (place, (link, named)) in scene.asked.relays.iter().enumerate() {
        let nameless = link.is_unspecified() && place == 0 && !named;
        if link.is_unicast_link_local() || link.is_multicast() || nameless {
            sink.push(
                format!("{link} is no link-address that tells a server which subnet is meant"),
                Vec::new(),
                Vec::new(),
                None,
            );
        }
    }
}

pub(super) fn address_not_global(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.leases() {
        let strange = said.facts.addresses().map(|lease| lease.address).find(|address| {
            address.is_unicast_link_local()
                || address.is_multicast()
                || address.is_loopback()
                || address.is_unspecified()
        });
        if let Some(address) = strange {
            sink.server(
                format!("{address} is no address to lease: it is of the link, of a group, or of nobody"),
                said,
            );
        }
    }
}

pub(super) fn renew_refused(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let Some(held) = &scene.held else { return };
    let Some(said) = &held.reply else { return };
    let failure = said.facts.failure().filter(|status| status.code == StatusCode::NO_BINDING);
    if let (MessageType::RENEW | MessageType::REBIND, Some(status)) = (held.asked, failure) {
        sink.server(
            format!(
                "the server does not know the lease (no-binding): the client has to ask anew{}",
                reason(status.text)
            ),
            said,
        );
    }
}

pub(super) fn lease_changed(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let Some(held) = &scene.held else { return };
    let Some(said) =
        held.reply.as_ref().filter(|_| matches!(held.asked, MessageType::RENEW | MessageType::REBIND))
    else {
        return;
    };
    let told: Vec<Ipv6Addr> = said
        .facts
        .addresses()
        .map(|lease| lease.address)
        .chain(said.facts.prefixes().map(|lease| lease.prefix))
        .collect();
    let new = told.iter().find(|address| !held.before.contains(address));
    let stale = held.before.iter().find(|address| !told.contains(address));
    if let (Some(new), Some(stale)) = (new, stale) {
        sink.server(format!("{new} is given instead of {stale}, which is not taken back (lifetimes 0): hosts keep what is stale"), said);
    }
}

pub(super) fn neighbor_check(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.offers.iter().chain(&scene.stateless) {
        if let Some(looked) = said.looked.filter(|looked| *looked > LOOKS_FIRST) {
            let ms = looked.checked_div(1_000_000).unwrap_or(0);
            sink.server(format!("the server looked for the client first, which took {ms} ms"), said);
        }
    }
}

pub(super) fn sol_max_rt(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for said in scene.said() {
        if let Some(time) = said.facts.sol_max_rt.filter(|time| *time != SOL_MAX_RT) {
            let range =
                if (60..=86_400).contains(&time) { "" } else { ", which is outside 60 to 86400 and ignored" };
            sink.server(
                format!(
                    "the server sets the longest time between SOLICITs to {time} s (3600 is usual){range}"
                ),
                said,
            );
        }
    }
}

pub(super) fn reconfigure_unauthenticated(scene: &Scene<'_>, sink: &mut Sink<'_>) {
    for discarded in
        scene.discarded.iter().filter(|one| one.detail.contains("RECONFIGURE without authentication"))
    {
        let message = "it sends RECONFIGURE without authentication: clients must drop it".to_owned();
        sink.push(message, vec![discarded.from.clone()], Vec::new(), None);
    }
}
