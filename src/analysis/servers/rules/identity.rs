//! Who it is: an entry's parts, and what shows that somebody answers in another's place.

use std::net::IpAddr;

use super::super::key::ServerId;
use super::case::Case;
use super::words::{list, or_none};

pub(super) fn wrong_mac(case: &Case<'_>) -> Option<String> {
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

pub(super) fn wrong_address(case: &Case<'_>) -> Option<String> {
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

pub(super) fn wrong_relay(case: &Case<'_>) -> Option<String> {
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

pub(super) fn wrong_vlan(case: &Case<'_>) -> Option<String> {
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
pub(super) fn unknown_server(case: &Case<'_>) -> Option<String> {
    Some(format!("{} is on no allow list", case.who()))
}

pub(super) fn two_macs(case: &Case<'_>) -> Option<String> {
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

pub(super) fn answers_for_another(case: &Case<'_>) -> Option<String> {
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

pub(super) fn many_identifiers(case: &Case<'_>) -> Option<String> {
    let folded = case.server.folded;
    (folded > 0).then(|| {
        format!(
            "it uses more than {} server identifiers; {folded} more answers are counted here",
            super::super::table::MAX_IDENTIFIERS
        )
    })
}

pub(super) fn contradicts_itself(case: &Case<'_>) -> Option<String> {
    case.server.contradiction.as_ref().map(|(_, text)| text.clone())
}

pub(super) fn naks_others(case: &Case<'_>) -> Option<String> {
    let meant = case.server.refused_for?;
    Some(format!("it refuses (NAK) requests that are meant for another server ({meant})"))
}

pub(super) fn address_in_use(case: &Case<'_>) -> Option<String> {
    let (address, mac) = case.server.in_use?;
    Some(format!("it offers {address}, which {mac} uses"))
}
