//! What is wrong with IPv6, where it is spoken on the link: routers and DHCPv6 servers are asked beside all else, and nothing is bound.

use std::net::Ipv6Addr;
use std::time::Duration;

use fastrand::Rng;

use super::Manner;
use super::signs::BELIEVED;
use crate::analysis::doctor::Sign;
use crate::analysis::findings6::{Asked, Finding6, Said, Scene, findings};
use crate::engine::v6::discover::{ASK, ASK_ROUTERS, Discover6, INFORM, Plan6, ROUTER, SOLICIT};
use crate::engine::v6::recipe::{IaWish, Recipe6};
use crate::engine::v6::station::Answer6;
use crate::run::six::{asked, discarded, router, said};
use crate::wire::Mac;
use crate::wire::nd::flag;
use crate::wire::problem::Severity;
use crate::wire::seconds::Lease;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, Prefix6};

/// Advertisements of routers may be held back for 3.5 seconds (RFC 4861 §6.2.6).
const WAIT: Duration = Duration::from_millis(4500);
/// Routers and servers that are shown in full as evidence.
const MOST: usize = 4;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Six {
    recipe: Recipe6,
    foreign: bool,
    inform_xid: u32,
    rng: Rng,
}

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard6 {
    /// Routers that hosts believe.
    pub routers: usize,
    /// DHCPv6 servers that answered.
    pub servers: usize,
}

impl Six {
    /// The host with this hardware address, which speaks from its link-local address. It asks for an address and a prefix.
    /// Without `vlans`, outermost first, it speaks untagged.
    pub fn new(mac: Mac, link_local: Ipv6Addr, vlans: Vec<u16>, mut rng: Rng) -> Self {
        let mut recipe = Recipe6::new(mac, link_local, rng.u32(1..0x0100_0000));
        let [.., a, b, c, d] = mac.0;
        let iaid = u32::from_be_bytes([a, b, c, d]);
        recipe.duid = Some(Duid::link_layer(mac));
        recipe.ias = vec![IaWish::new(IaKind::Na, iaid), IaWish::new(IaKind::Pd, iaid)];
        recipe.around.vlans = vlans;
        Self { recipe, foreign: false, inform_xid: rng.u32(1..0x0100_0000), rng }
    }

    /// The same where the kernel does not know the host's address: the doctor answers for it.
    #[must_use]
    pub fn foreign(self) -> Self {
        Self { foreign: true, ..self }
    }

    /// What asks, or listens where nothing shall be sent.
    pub(super) fn machine(&self, manner: &Manner) -> Discover6 {
        let plan = Plan6 {
            wait: if manner.passive { manner.listen } else { WAIT },
            first: false,
            inform: true,
            routers: true,
            ask: ASK,
            ask_routers: ASK_ROUTERS,
        };
        let machine = Discover6::new(&self.recipe, self.inform_xid, plan, self.foreign, self.rng.clone());
        if manner.passive { machine.listening() } else { machine }
    }

    /// What follows from what `found` heard. `silence` says that silence means something: nothing else explains it.
    /// `admitted` counts what the kernel let in to the client's port, where that is known.
    pub(super) fn signs(
        &self,
        found: &Discover6,
        silence: bool,
        admitted: &dyn Fn() -> Option<u32>,
        signs: &mut Vec<Sign>,
    ) -> Heard6 {
        let meant = |lane: usize| silence && found.sent_of(lane) >= BELIEVED;
        let scene = Scene {
            asked: Asked {
                solicit: meant(SOLICIT),
                inform: meant(INFORM),
                routers: meant(ROUTER),
                ..asked(&self.recipe, &self.recipe.ias)
            },
            offers: found.offers().iter().map(said).collect(),
            stateless: found.stateless().iter().map(said).collect(),
            routers: found.routers().iter().filter_map(router).collect(),
            discarded: discarded(found.watch()),
            held: None,
            firewall: found.offers().len().saturating_add(found.stateless().len()) > 0
                && admitted() == Some(0),
        };
        let mut all: Vec<Sign> = Vec::new();
        for finding in findings(&scene) {
            match all.iter_mut().find(|sign| sign.code == finding.code) {
                Some(sign) if sign.evidence.len() < MOST.saturating_mul(2) => {
                    sign.evidence.push(finding.message);
                }
                Some(_) => {}
                None => all.push(sign(finding, &scene, found)),
            }
        }
        signs.append(&mut all);
        let servers = scene.offers.iter().chain(&scene.stateless).map(Said::server);
        let servers: std::collections::BTreeSet<String> = servers.collect();
        Heard6 { routers: scene.routers.len(), servers: servers.len() }
    }
}

/// How bad a finding is for a host: what only routers ask for, and what nobody is told to ask for, hurts none.
fn severity(finding: &Finding6, scene: &Scene<'_>) -> Severity {
    let unmanaged = !scene.routers.is_empty() && !scene.routers.are_managed();
    match finding.code {
        "pd-refused" | "pd-ignored" | "preference-trap" => Severity::Note,
        "no-addresses" | "server-refuses" if unmanaged => Severity::Note,
        _ => finding.severity,
    }
}

fn sign(finding: Finding6, scene: &Scene<'_>, found: &Discover6) -> Sign {
    let severity = severity(&finding, scene);
    // It stands among what is said of IPv4.
    let tells = ["IPv6", "DHCPv6"].iter().any(|name| finding.message.contains(name));
    let summary = if tells { finding.message } else { format!("IPv6: {}", finding.message) };
    let sign = Sign::of(finding.code, summary.clone()).unwrap_or_else(|| Sign {
        code: finding.code,
        severity,
        summary,
        advice: "",
        evidence: Vec::new(),
        frames: Vec::new(),
    });
    let mut sign = Sign { severity, ..sign };
    let unanswered =
        |what: &str, lane: usize| format!("{what}: sent {} times, no answer", found.sent_of(lane));
    match finding.code {
        "m-flag-no-server" => sign.evidence.push(unanswered("your SOLICIT", SOLICIT)),
        "o-flag-no-answer" => sign.evidence.push(unanswered("your INFORMATION-REQUEST", INFORM)),
        "no-router" => sign.evidence.push(unanswered("your router solicitation", ROUTER)),
        _ => {}
    }
    let named = |answer: &&Answer6| answer.source_ip.is_some_and(|source| finding.routers.contains(&source));
    sign.evidence.extend(found.routers().iter().filter(named).take(MOST).filter_map(tell_router));
    let said = scene.offers.iter().chain(&scene.stateless);
    let mut told: Vec<String> = Vec::new();
    for one in said.filter(|one| finding.servers.contains(&one.server())) {
        let at = one.source.map_or_else(String::new, |source| format!(" at {source}"));
        let mac = one.mac.map_or_else(String::new, |mac| format!(", {mac}"));
        let line = format!("server {}{at}{mac}", one.server());
        if told.len() < MOST && !told.contains(&line) {
            told.push(line);
        }
    }
    sign.evidence.append(&mut told);
    sign
}

/// What a router says, in a line.
fn tell_router(answer: &Answer6) -> Option<String> {
    let advert = answer.advert()?;
    let header = advert.header;
    let mut line = format!("router {}", answer.source_ip?);
    line.extend(answer.source_mac.map(|mac| format!(", {mac}")));
    let flags = [(flag::MANAGED, "M"), (flag::OTHER, "O")];
    let set: Vec<&str> =
        flags.iter().filter(|(bit, _)| header.flags() & bit != 0).map(|(_, name)| *name).collect();
    let set = if set.is_empty() { "neither M nor O".to_owned() } else { set.join(" and ") };
    let lifetime = Lease(header.router_lifetime().into());
    let prefixes = advert.prefixes.iter().take(MOST);
    let prefixes = prefixes.map(|prefix| format!(", {}", Prefix6::new(prefix.prefix, prefix.length)));
    line.extend([format!(": {set}, lifetime {lifetime}")].into_iter().chain(prefixes));
    Some(line)
}
