//! What is known when nothing answers.

use std::net::Ipv6Addr;

use super::watch::{Reason6, Stranger6, Watch6};
use crate::engine::v4::silence::{Finding, LinkState};

/// What is known beside what was seen.
#[allow(clippy::struct_excessive_bools, reason = "what was said is independent of each other")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Ground {
    /// The state of the link, where known.
    pub link: Option<LinkState>,
    /// Why the interface has no address to speak from.
    pub lacks: Option<&'static str>,
    /// A server was named by its DUID.
    pub named: bool,
    /// A relay is played.
    pub relayed: bool,
    /// No client identifier was sent.
    pub anonymous: bool,
    /// No IA was asked for.
    pub without_ia: bool,
    /// Leases were asked for: SOLICIT, REQUEST and the like.
    pub stateful: bool,
    /// A server answered SOLICIT, and was asked for what it offered.
    pub offered: bool,
    /// It was sent to one address, not to everybody.
    pub unicast: bool,
    /// The address spoken from, where nobody answers for it.
    pub unanswered: Option<Ipv6Addr>,
}

/// What may explain that no answer came, most telling first; never empty.
pub fn findings(watch: &Watch6, ground: &Ground) -> Vec<String> {
    let mut found = Vec::new();
    // Who serves DHCPv4 here serves nobody who asks by DHCPv6.
    let link = ground.link.map(|link| LinkState { serves: false, ..link });
    found.extend(link.iter().flat_map(|link| link.obstacles(&[])).map(|finding| finding.to_string()));
    if watch.handed > 0 && watch.left == 0 {
        found.push(Finding::NothingLeft(watch.handed).to_string());
    }
    found.extend(ground.lacks.map(str::to_owned));
    if let Some(ip) = watch.unresolved {
        found.push(format!("{ip} did not answer neighbor solicitations, so nothing could be sent to it"));
    }
    if let Some((from, code, to)) = watch.unreachable {
        found.push(if code == 4 {
            format!("{from} says that no server listens on {to} (ICMPv6 port unreachable)")
        } else {
            format!("{from} says that {to} is unreachable (ICMPv6 code {code})")
        });
    }
    if let Some(source) = ground.unanswered {
        found.push(format!(
            "nobody on this host answers neighbor solicitations for {source}: a server cannot send its answer there"
        ));
    }
    let seen = |reason| Some(watch.stranger(reason)).filter(|stranger| stranger.count > 0);
    let from = |stranger: &Stranger6| stranger.ip.map_or_else(String::new, |ip| format!(" (last from {ip})"));
    let count = |reason, what: &str| seen(reason).map(|one| format!("{what}: {}{}", one.count, from(one)));
    found.extend(count(Reason6::OtherServer, "other servers answered"));
    found.extend(count(Reason6::NoAddress, "answers without anything that a client could use were seen"));
    let elsewhere = watch.stranger(Reason6::OtherXid).count <= watch.elsewhere;
    if !elsewhere {
        found.extend(count(Reason6::OtherXid, "answers to other transactions were seen"));
    }
    found.extend(count(Reason6::OtherClient, "answers for another client were seen"));
    found.extend(
        seen(Reason6::WrongPort).map(|one| {
            format!("answers to UDP port {}, which is not ours, were seen: {}", one.port, one.count)
        }),
    );
    found.extend(count(Reason6::Multicast, "answers to everybody, which clients do not accept, were seen"));
    found.extend(count(Reason6::NoServerId, "answers that name no server were seen"));
    found.extend(count(Reason6::NoClientId, "answers that name no client were seen"));
    found.extend(count(Reason6::BadChecksum, "answers with a wrong checksum were seen"));
    found.extend(count(Reason6::WrongType, "answers to something else were seen"));
    found.extend(count(Reason6::Malformed, "malformed messages were seen"));
    if ground.offered {
        found.push("the server that answered SOLICIT does not answer what follows".to_owned());
    }
    if ground.named {
        found.push("the server named by its DUID may not be this one: others must not answer".to_owned());
    }
    if ground.anonymous && ground.stateful {
        found.push("without --duid nobody answers this message".to_owned());
    }
    if ground.without_ia && ground.stateful {
        found.push("no IA was asked for: some servers (dhcpd) are silent then".to_owned());
    }
    if ground.unicast && !ground.relayed && watch.unresolved.is_none() {
        found.push(
            "it was sent to one address: Kea and dhcpd ignore what clients do not send to everybody"
                .to_owned(),
        );
    }
    if ground.relayed {
        found.push(
            "the server may know no subnet for the relay's link-address: dhcpd and dnsmasq are silent then"
                .to_owned(),
        );
    }
    if watch.answered_for > 0 {
        found.push(
            "a server looked for the client and was told where it is; its answer did not come".to_owned(),
        );
    }
    if watch.adverts > 0 && watch.managed == 0 && ground.stateful {
        found.push("routers are heard, and none says that DHCPv6 gives addresses (no M flag): there may be no server".to_owned());
    }
    if elsewhere {
        found.extend(count(Reason6::OtherXid, "other exchanges were answered meanwhile"));
    }
    if found.is_empty() {
        found.push(if watch.others_ask > 0 {
            format!("other clients' messages were seen ({}), no server's", watch.others_ask)
        } else if watch.adverts > 0 {
            "routers are heard, no DHCPv6 server is: none there, a firewall in between, or multicast to ff02::1:2 is not \
             forwarded (MLD snooping without a querier)"
                .to_owned()
        } else {
            "nothing of DHCPv6 and no router was seen: multicast may not be forwarded (MLD snooping without a querier)"
                .to_owned()
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_always_said_and_the_most_telling_first() {
        let mut watch = Watch6::default();
        assert_eq!(findings(&watch, &Ground::default()).len(), 1);
        watch.adverts = 1;
        let ground = Ground {
            link: Some(LinkState::default()),
            lacks: Some("it has no link-local address: is IPv6 switched off?"),
            stateful: true,
            without_ia: true,
            ..Ground::default()
        };
        let mut unheard =
            Ground { unicast: true, unanswered: Some("fe80::77".parse().unwrap()), ..Ground::default() };
        let found = findings(&Watch6::default(), &unheard);
        assert!(found[0].contains("solicitations for fe80::77") && found[1].contains("Kea"), "{found:?}");
        unheard.relayed = true;
        assert!(
            findings(&Watch6::default(), &unheard).iter().all(|line| !line.contains("Kea and dhcpd ignore"))
        );
        let found = findings(&watch, &ground);
        assert_eq!(found[0], "the interface is down");
        assert!(
            found[1].contains("link-local") && found[2].contains("dhcpd") && found[3].contains("no M flag")
        );
    }

    #[test]
    fn who_offered_was_seen() {
        let ground = Ground { offered: true, ..Ground::default() };
        let found = findings(&Watch6::default(), &ground);
        assert_eq!(found, ["the server that answered SOLICIT does not answer what follows"]);
    }

    #[test]
    fn answers_that_could_not_have_been_ours_are_not_the_first_cause() {
        let mut watch = Watch6::default();
        let ground = Ground { named: true, ..Ground::default() };
        watch.ignore(Reason6::OtherXid, Stranger6::default());
        watch.elsewhere = 1;
        let found = findings(&watch, &ground);
        assert!(found[0].contains("named by its DUID"), "{found:?}");
        assert_eq!(found[1..], ["other exchanges were answered meanwhile: 1"]);
        let mut unmanaged = watch.clone();
        unmanaged.adverts = 1;
        let found = findings(&unmanaged, &Ground { stateful: true, ..Ground::default() });
        assert!(found[0].contains("no M flag") && found.len() == 2, "{found:?}");
        watch.ignore(Reason6::OtherXid, Stranger6::default());
        let found = findings(&watch, &ground);
        assert_eq!(found[0], "answers to other transactions were seen: 2");
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn strangers_are_told_with_where_they_are() {
        let mut watch = Watch6::default();
        let ip = Some("fe80::9".parse().unwrap());
        watch.ignore(Reason6::OtherXid, Stranger6 { ip, ..Stranger6::default() });
        watch.unreachable = Some(("fe80::1".parse().unwrap(), 4, "fd00::1".parse().unwrap()));
        let found = findings(&watch, &Ground::default());
        assert_eq!(
            found,
            [
                "fe80::1 says that no server listens on fd00::1 (ICMPv6 port unreachable)",
                "answers to other transactions were seen: 1 (last from fe80::9)"
            ]
        );
    }
}
