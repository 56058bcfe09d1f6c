//! What each check says: from what was looked at, tried and heard to signs.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::Told;
use super::heard::Heard;
use super::local::Local;
use crate::analysis::doctor::Sign;
use crate::analysis::transaction::{Letter, Seen, bit};
use crate::engine::v4::examine::{Booted, Fetched, Given, Plan, QuestionTally, Record};
use crate::engine::v4::silence::Finding;
use crate::wire::Mac;
use crate::wire::escape::escape_line;
use crate::wire::options::v4 as opt;

/// An answer within this was not held up by the link: silence towards others means them.
const PROMPT: Duration = Duration::from_secs(2);
/// Silence of a question that was asked less often says nothing.
pub(super) const BELIEVED: u32 = 3;

fn own(signs: &mut Vec<Sign>, code: &'static str, summary: impl Into<String>) {
    signs.extend(Sign::of(code, summary));
}

/// The link went down so often while it was examined.
pub(super) fn dips(count: u32, signs: &mut Vec<Sign>) {
    let often = match count {
        0 => return,
        1 => "once".to_owned(),
        more => format!("{more} times"),
    };
    own(signs, "link-down", format!("the link went down {often} meanwhile: what was sent then is lost"));
}

/// Checks 1 to 6: what is known without a packet.
pub(super) fn local(local: &Local, signs: &mut Vec<Sign>) {
    let name = escape_line(&local.interface);
    if !local.up {
        own(signs, "link-down", Finding::LinkDown.to_string());
    } else if !local.carrier {
        own(signs, "no-carrier", Finding::NoCarrier.to_string());
    }
    if let Some(master) = &local.master {
        own(signs, "interface-enslaved", format!("{name} is a member of {}: ask there", escape_line(master)));
    }
    match local.clients.as_slice() {
        [] => {}
        [one] => own(signs, "client-running", format!("{one} holds {name}")),
        [one, other, ..] => own(signs, "two-clients", format!("{one} and {other} both hold {name}")),
    }
    let self_assigned = |addr: &&(Ipv4Addr, u8)| addr.0.is_link_local();
    if let Some((address, _)) = local.addresses.iter().find(self_assigned)
        && local.addresses.iter().all(|(addr, _)| addr.is_link_local())
    {
        own(signs, "self-assigned", format!("{name} gave itself {address}: DHCP failed earlier"));
    }
    // Without a client or its lease the addresses are the administrator's choice, and so is the missing route.
    let managed = !local.clients.is_empty() || local.old_lease.is_some();
    if managed && !local.addresses.is_empty() && !local.default_route {
        own(signs, "no-default-route", format!("{name} has an address, and no default route leads out"));
    }
    if let Some((other, address)) = &local.same_subnet {
        own(
            signs,
            "same-subnet-twice",
            format!("{name} and {} both have addresses around {address}", escape_line(other)),
        );
    }
    if let Some(lease) = &local.old_lease {
        let address = lease.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        match (lease.written, lease.ends(), local.now) {
            (Some(written), _, Some(now)) if written > now.saturating_add(60) => {
                let ahead = written.saturating_sub(now);
                own(
                    signs,
                    "clock-jump",
                    format!("the lease of {address} was written {ahead} s in the future"),
                );
            }
            (_, Some(ends), Some(now)) if ends < now => {
                let ago = now.saturating_sub(ends);
                own(
                    signs,
                    "lease-expired",
                    format!("the lease of {address} ended {ago} s ago ({})", lease.client),
                );
            }
            _ => {}
        }
    }
    for rule in &local.filters {
        own(signs, "firewall-hint", format!("a filter of this host concerns DHCP: {}", escape_line(rule)));
    }
}

/// Checks 7 and 8: what was heard while all else went on.
pub(super) fn heard(heard: &Heard, record: &Record, signs: &mut Vec<Sign>) {
    let answered = record.own.answers > 0 || record.second.answers > 0;
    if heard.eapol_identity > 0 && !answered && heard.others == 0 {
        let text = format!(
            "the switch asked for an identity {} times (802.1X) and passed nothing else",
            heard.eapol_identity
        );
        own(signs, "port-unauthorised", text);
    }
    for vlan in &heard.vlans {
        own(signs, "vlan-seen", format!("DHCP was heard in VLAN {vlan}"));
    }
    if let Some(lldp) = &heard.lldp {
        let text = |bytes: &Option<Vec<u8>>| {
            bytes.as_deref().map(|bytes| escape_line(&String::from_utf8_lossy(bytes)))
        };
        let mut line =
            format!("switch {}", text(&lldp.system).unwrap_or_else(|| "without a name".to_owned()));
        line.extend(text(&lldp.port).map(|port| format!(" port {port}")));
        line.extend(lldp.vlan.map(|vlan| format!(", VLAN {vlan}")));
        own(signs, "lldp", line);
    }
}

/// A client that was given what it asked for asks again after so long, and before so much of the lease is over.
const ASKS_AGAIN: i64 = 500_000_000;

/// Check 12: a client here is answered, and asks on as if it had heard nothing.
pub(super) fn deaf(told: &[Told], plan: &Plan, local: &Local, signs: &mut Vec<Sign>) {
    let ours = |xid: &u32| plan.xids.iter().any(|own| (own ^ xid).trailing_zeros() >= 16);
    // The doctor speaks with the same hardware address: what is one attempt to the client may be several exchanges here.
    let mut attempts: BTreeMap<u32, Vec<&Seen>> = BTreeMap::new();
    for Told { exchange, .. } in told {
        let own = exchange.mac.and_then(|mac| mac.mac()) == local.mac && local.mac.is_some();
        if let Some(xid) = exchange.xids.first().filter(|xid| own && !ours(xid)) {
            attempts.entry(*xid).or_default().extend(exchange.sent().chain(exchange.replies()));
        }
    }
    let rules = || local.filters.iter().map(|rule| format!("a filter: {}", escape_line(rule)));
    for mut steps in attempts.into_values() {
        steps.sort_by_key(|seen| (seen.time, seen.frame));
        let Some((text, frames)) = unheard(&steps, local).or_else(|| unheard_renewal(&steps, local)) else {
            continue;
        };
        let sign = Sign::of("host-drops-replies", format!("{text}: something here drops the answers"));
        signs.extend(sign.map(|sign| rules().fold(Sign { frames, ..sign }, Sign::because)));
        return;
    }
}

/// A client without an address is answered again and again, and asks on: what it does in words, and the answers.
fn unheard(steps: &[&Seen], local: &Local) -> Option<(String, Vec<u64>)> {
    let client = local.clients.first()?;
    let answers: Vec<&&Seen> =
        steps.iter().filter(|seen| !seen.from_client && !seen.has(bit::CHECKSUM)).collect();
    let first = answers.first()?;
    let asks_on = steps.iter().any(|seen| seen.letter == Letter::Discover && seen.time > first.time);
    let count = answers.len();
    (count >= 2 && asks_on).then(|| {
        let frames = answers.iter().map(|seen| seen.frame).collect();
        (format!("{client} was answered {count} times and asks on"), frames)
    })
}

/// A client that renews its address is given it, and asks for it again long before it would have to. Once alone may be a client
/// that listens too late: that counts only beside a filter that concerns DHCP.
fn unheard_renewal(steps: &[&Seen], local: &Local) -> Option<(String, Vec<u64>)> {
    let given = |seen: &&&Seen| seen.letter == Letter::Ack && !seen.has(bit::CHECKSUM) && seen.lease > 1;
    let held = |seen: &&&Seen| {
        let own = |(address, _): &(Ipv4Addr, u8)| *address == seen.ciaddr;
        seen.letter == Letter::Request && local.addresses.iter().any(own)
    };
    let unheard: Vec<(&&Seen, &&Seen)> = steps
        .iter()
        .filter(given)
        .filter_map(|ack| {
            // A new request is due at half of the lease.
            let due = ASKS_AGAIN..i64::from(ack.lease / 4).saturating_mul(1_000_000_000);
            let again =
                steps.iter().filter(held).find(|seen| due.contains(&seen.time.saturating_sub(ack.time)));
            Some((ack, again?))
        })
        .collect();
    let (_, again) = unheard.first().filter(|_| unheard.len() >= 2 || !local.filters.is_empty())?;
    let client = local.clients.first().map_or("a client of this host", String::as_str);
    let text = format!("{client} renewed {}, was given it and asked for it again", again.ciaddr);
    Some((text, unheard.iter().flat_map(|(ack, again)| [ack.frame, again.frame]).collect()))
}

/// Checks 9 to 19: what was tried.
pub(super) fn tried(record: &Record, plan: &Plan, signs: &mut Vec<Sign>) {
    if record.handed >= 2 && record.left == 0 {
        own(signs, "frames-not-leaving", Finding::NothingLeft(u64::from(record.handed)).to_string());
    }
    silence(record, plan, signs);
    lease(record, signs);
    surroundings(record, plan, signs);
    relay_view(record, plan, signs);
    if let Some(booted) = &record.boot {
        boot(booted, signs);
    }
    lossy(record, signs);
    if let (Some(old), Some(offer)) = (plan.old_address, record.offers.first())
        && offer.prefix().is_some_and(|prefix| !prefix.contains(old))
    {
        if record.reboot.is_silent() && record.reboot.sent >= BELIEVED {
            let text = format!("nobody refuses {old}, which is of another network");
            signs.extend(
                Sign::of("stale-address-not-refused", text)
                    .map(|sign| sign.because(asked("INIT-REBOOT", &record.reboot))),
            );
        }
        own(
            signs,
            "lease-foreign",
            format!(
                "the old lease's {old} is not of the network of {} that is offered here",
                offer.message.yiaddr
            ),
        );
    }
}

fn asked(what: &str, asked: &QuestionTally) -> String {
    let times = |n: u32| if n == 1 { "once".to_owned() } else { format!("{n} times") };
    match asked.took() {
        Some(took) => format!("{what}: sent {}, answered after {} ms", times(asked.sent), took.as_millis()),
        None => format!("{what}: sent {}, no answer", times(asked.sent)),
    }
}

fn silence(record: &Record, plan: &Plan, signs: &mut Vec<Sign>) {
    let (own_try, second) = (&record.own, &record.second);
    let not_served = own_try.is_silent() || own_try.refused;
    let evidence = |sign: Option<Sign>| {
        sign.map(|sign| {
            let sign = sign.because(asked("your DISCOVER", own_try));
            if second.sent > 0 { sign.because(asked("a stranger's", second)) } else { sign }
        })
    };
    if not_served && own_try.sent >= BELIEVED && second.answers > 0 {
        let which = match (plan.client_id.is_some(), record.bare.answers > 0) {
            (true, true) => ": it is the client identifier",
            (true, false) => ": it is the hardware address",
            (false, _) => "",
        };
        let text = format!("{} is not served, a stranger is{which}", plan.mac);
        signs.extend(evidence(Sign::of("per-client", text)));
    } else if own_try.is_silent() && own_try.sent >= BELIEVED {
        signs.extend(
            Sign::of("no-answer", "nobody answers DISCOVER on this segment")
                .map(|sign| sign.because(asked("your DISCOVER", own_try))),
        );
        if second.is_silent() && second.sent >= BELIEVED {
            signs.extend(evidence(Sign::of("everybody", "a stranger gets no answer either")));
        }
    } else if own_try.took().is_some_and(|took| took < PROMPT) && second.is_silent() && second.sent >= 5 {
        signs
            .extend(evidence(Sign::of("mac-filtered", format!("{} is served, a stranger is not", plan.mac))));
    }
}

/// Who has the address that was given.
fn holders(record: &Record, first: Mac) -> String {
    let others = record.holders.len().saturating_sub(1);
    match (others, record.more_holders) {
        (0, _) => first.to_string(),
        (_, 0) => format!("{first} and {others} others"),
        (_, more) => format!("{first} and {others} others, and {more} times by more than these"),
    }
}

fn lease(record: &Record, signs: &mut Vec<Sign>) {
    if record.request.is_silent() && record.request.sent >= BELIEVED {
        signs.extend(
            Sign::of("no-ack", "a server offers an address and never confirms it")
                .map(|sign| sign.because(asked("your REQUEST", &record.request))),
        );
    }
    let Some(ack) = &record.ack else { return };
    let address = ack.message.yiaddr;
    let proxy = record.strays.iter().find(|(_, count)| *count >= 2);
    if let Some((mac, count)) = proxy {
        signs.extend(Sign::of("proxy-arp", format!("{mac} answers ARP for every address")).map(|sign| {
            sign.because(format!("it answered for {count} addresses that nobody has, and for {address}"))
        }));
    } else if let Some(mac) = record.holders.first() {
        signs.extend(
            Sign::of("address-conflict", format!("{address}, which was given, is in use by {mac}")).map(
                |sign| {
                    sign.because(format!(
                        "{} ARP probes, answered by {}",
                        record.probes,
                        holders(record, *mac)
                    ))
                },
            ),
        );
    }
    if record.renewal.refused && record.renewal.answers == 0 {
        signs.extend(
            Sign::of(
                "icmp-refused",
                Finding::Unreachable { from: ack.server(), code: 3, to: ack.server() }.to_string(),
            )
            .map(|sign| sign.because(asked("renewal by unicast", &record.renewal))),
        );
    } else if record.renewal.is_silent() && record.renewal.sent >= BELIEVED {
        let text = format!("{} does not answer renewals by unicast", ack.server());
        signs.extend(Sign::of("renewal-unanswered", text).map(|sign| {
            sign.because(asked("renewal by unicast", &record.renewal))
                .because(asked("the same by broadcast", &record.rebinding))
        }));
    }
}

fn surroundings(record: &Record, plan: &Plan, signs: &mut Vec<Sign>) {
    let Some(ack) = &record.ack else { return };
    let prefix = ack.prefix();
    // A network of one host has its router elsewhere; a router outside the subnet is said for itself.
    let alone = prefix.is_some_and(|prefix| prefix.length() >= 31);
    // Nobody answers for an address that this host has itself.
    let own_address = |address: Ipv4Addr| plan.held.contains(&address);
    for router in record.routers.iter().filter(|router| !own_address(router.address)) {
        let inside = prefix.is_some_and(|prefix| prefix.contains(router.address));
        if router.arp.is_silent() && router.arp.sent >= BELIEVED && inside && !alone {
            let text = format!("the router {} does not answer ARP", router.address);
            signs
                .extend(Sign::of("gateway-silent", text).map(|sign| sign.because(asked("ARP", &router.arp))));
        }
        if let [one, other, ..] = router.macs.as_slice() {
            own(
                signs,
                "gateway-two-macs",
                format!("{} and {} both answer for the router {}", one, other, router.address),
            );
        }
    }
    for server in record.name_servers.iter().filter(|server| !own_address(server.address)) {
        let unreached = !server.routed && server.arp.is_silent() && server.arp.sent >= BELIEVED;
        let unanswered =
            server.question.is_silent() && !server.question.refused && server.question.sent >= BELIEVED;
        if server.question.refused {
            let text = format!("the name server {} refuses to serve", server.address);
            signs.extend(
                Sign::of("dns-refuses", text).map(|sign| sign.because(asked("`. NS`", &server.question))),
            );
        } else if let Some((from, code)) = server.turned_away {
            let address = server.address;
            let text = format!(
                "the name server {address} is not to be reached: {from} says that there is no way to it"
            );
            let why = Finding::Unreachable { from, code, to: address }.to_string();
            signs.extend(Sign::of("dns-silent", text).map(|sign| sign.because(why)));
        } else if unreached || unanswered {
            let tried = if unreached { asked("ARP", &server.arp) } else { asked("`. NS`", &server.question) };
            let text = format!("the name server {} does not answer", server.address);
            signs.extend(Sign::of("dns-silent", text).map(|sign| sign.because(tried)));
        }
    }
}

/// Check 20: what a server says to a relay.
fn relay_view(record: &Record, plan: &Plan, signs: &mut Vec<Sign>) {
    let Some(view) = plan.relay else { return };
    let hop = &record.relay_hop;
    if hop.is_silent() && hop.sent >= BELIEVED {
        let (who, code) = if view.hop == view.server {
            ("it".to_owned(), "server-silent")
        } else {
            (view.server.to_string(), "gateway-silent")
        };
        let text = format!("{} does not answer ARP: {who} cannot be asked as a relay would", view.hop);
        signs.extend(Sign::of(code, text).map(|sign| sign.because(asked("ARP", hop))));
    }
    if record.relayed.is_silent() && record.relayed.sent >= BELIEVED {
        let text = format!("{} does not answer what is relayed with giaddr {}", view.server, view.giaddr);
        signs.extend(
            Sign::of("giaddr-unserved", text)
                .map(|sign| sign.because(asked("a relayed DISCOVER", &record.relayed))),
        );
    }
    let strips = |offer: &&Given| offer.message.option(opt::RELAY_AGENT_INFORMATION).is_none();
    if let Some(offer) = record.relayed_offers.iter().find(strips) {
        let text = format!("{} answers a relay without its option 82", offer.server());
        own(signs, "option-82-not-echoed", text);
    }
}

/// Check 21: the boot server, and the boot file itself.
fn boot(booted: &Booted, signs: &mut Vec<Sign>) {
    let silent = booted.menu.is_silent() && booted.menu.sent >= BELIEVED;
    if let Some(server) = booted.menu_server.filter(|_| silent) {
        let text = format!("the boot server {server} does not answer on port 4011");
        signs.extend(
            Sign::of("pxe-4011-silent", text).map(|sign| sign.because(asked("a boot request", &booted.menu))),
        );
    }
    let Some(file) = &booted.file else {
        own(signs, "pxe-no-boot-file", "no server names a boot file");
        return;
    };
    let file = escape_line(&String::from_utf8_lossy(file));
    let at = booted.server.map_or_else(String::new, |server| format!(" at {server}"));
    if let Some(Fetched::Missing(why)) = &booted.fetched {
        let why = escape_line(&String::from_utf8_lossy(why));
        own(signs, "boot-file-missing", format!("the boot file {file} is not to be had{at}: {why}"));
    } else if booted.fetched.is_none() && booted.fetch.is_silent() && booted.fetch.sent >= BELIEVED {
        let text = format!("nobody gives the boot file {file}{at}");
        signs.extend(
            Sign::of("boot-file-missing", text)
                .map(|sign| sign.because(asked("the boot file", &booted.fetch))),
        );
    }
}

fn lossy(record: &Record, signs: &mut Vec<Sign>) {
    let questions = [&record.request, &record.renewal]
        .into_iter()
        .chain(record.routers.iter().map(|one| &one.arp))
        .chain(record.name_servers.iter().flat_map(|one| [&one.arp, &one.question]));
    // A question is repeated only where its answer did not come.
    let answered = questions.filter(|asked| asked.answers > 0);
    let lost: u32 = answered.map(|asked| asked.sent.saturating_sub(1)).fold(0, u32::saturating_add);
    let unanswered =
        |asked: &QuestionTally| if asked.answers > 0 { asked.sent.saturating_sub(asked.answers) } else { 0 };
    let lost = lost.saturating_add(unanswered(&record.own)).saturating_add(unanswered(&record.second));
    let sent = record
        .own
        .sent
        .saturating_add(record.second.sent)
        .saturating_add(record.request.sent)
        .saturating_add(record.renewal.sent);
    if lost >= 2 && sent >= 5 {
        own(signs, "lossy", format!("{lost} questions of those that servers do answer had no answer"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::transaction::{Batch, Joiner, Options};
    use crate::capture::Frame;
    use crate::engine::v4::examine::Neighbour;
    use crate::run::gather::Gatherer;
    use crate::time::{Instant, Precision, Timestamp};
    use crate::wire::Mac;
    use crate::wire::frame::{Envelope, LinkType};
    use crate::wire::v4::{Message, MessageType, Xid};

    const HOST: Mac = Mac([2, 0, 0, 0, 1, 0]);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 50);

    /// A renewal that is asked for at these milliseconds, and acknowledged each time a millisecond later.
    fn renewal(asked: &[i64]) -> Vec<Told> {
        let mut request = Message::request(MessageType::REQUEST, Xid(7), HOST);
        request.ciaddr = ADDRESS;
        let mut ack = Message::reply(MessageType::ACK, &request);
        ack.yiaddr = ADDRESS;
        ack.set_option(opt::DHCP_SERVER_IDENTIFIER, &[10, 0, 0, 1]);
        ack.set_option(opt::DHCP_LEASE_TIME, &[0, 0, 0, 120]);
        let (mut gatherer, mut joiner) = (Gatherer::of_all(), Joiner::new(Options::default()));
        for (at, number) in asked.iter().zip((1..).step_by(2)) {
            for (message, answered) in [(&request, 0), (&ack, 1_000_000)] {
                let mut envelope = Envelope::broadcast(HOST);
                if answered > 0 {
                    envelope.src_ip = [10, 0, 0, 1].into();
                    (envelope.src_port, envelope.dst_port) = (67, 68);
                }
                let data = envelope.frame(&message.encode_padded());
                let mut batch = Batch::default();
                let frame = Frame {
                    number: u64::from(answered > 0).saturating_add(number),
                    time: Some(Timestamp(at.saturating_mul(1_000_000).saturating_add(answered))),
                    precision: Precision::Nano,
                    link: LinkType::ETHERNET,
                    offset: 0,
                    interface: None,
                    interface_name: None,
                    direction: None,
                    comment: None,
                    data: &data,
                    original_len: u32::try_from(data.len()).unwrap(),
                };
                gatherer.frame(&frame, &mut batch);
                joiner.batch(&batch, |_, _| ());
            }
        }
        joiner.finish();
        joiner.take_closed().into_iter().map(|exchange| Told { exchange, problems: Vec::new() }).collect()
    }

    fn plan() -> Plan {
        Plan::new(HOST, [0x1000_0001, 0x2000_0001, 0x3000_0001])
    }

    /// What is said of a router that does not answer ARP and of name servers behind it, which are as `change` makes them.
    fn around(held: Vec<Ipv4Addr>, change: impl FnOnce(&mut Neighbour)) -> Vec<Sign> {
        let silent = QuestionTally { sent: 5, ..QuestionTally::default() };
        let neighbour = |address, routed| Neighbour {
            address,
            routed,
            arp: if routed { QuestionTally::default() } else { silent.clone() },
            macs: Vec::new(),
            question: if routed { silent.clone() } else { QuestionTally::default() },
            turned_away: None,
        };
        let mut message = Message::request(MessageType::ACK, Xid(1), HOST);
        message.yiaddr = ADDRESS;
        message.set_option(opt::SUBNET_MASK, &[255, 255, 255, 0]);
        let mut far = neighbour([10, 64, 2, 2].into(), true);
        change(&mut far);
        let record = Record {
            ack: Some(Given { at: Instant::default(), mac: HOST, source: [10, 0, 0, 1].into(), message }),
            routers: vec![neighbour([10, 0, 0, 1].into(), false)],
            name_servers: vec![far],
            ..Record::default()
        };
        let mut signs = Vec::new();
        surroundings(&record, &Plan { held, ..plan() }, &mut signs);
        signs
    }

    #[test]
    fn who_cannot_be_reached_is_told_from_who_refuses_and_from_this_host() {
        let codes = |signs: &[Sign]| signs.iter().map(|sign| sign.code).collect::<Vec<_>>();
        let router: Ipv4Addr = [10, 0, 0, 1].into();
        assert_eq!(codes(&around(Vec::new(), |_| ())), ["gateway-silent", "dns-silent"]);
        // Nobody answers ARP for an address of this host.
        assert_eq!(codes(&around(vec![router], |_| ())), ["dns-silent"]);
        let away = around(vec![router], |far| far.turned_away = Some((router, 1)));
        assert_eq!(codes(&away), ["dns-silent"]);
        assert!(away[0].summary.contains("10.0.0.1 says that there is no way"), "{:?}", away[0]);
        assert!(!away[0].evidence.is_empty());
        let refuses = around(vec![router], |far| far.question.refused = true);
        assert_eq!(codes(&refuses), ["dns-refuses"]);
        assert!(!refuses[0].evidence.is_empty());
    }

    fn said(asked: &[i64], filters: &[&str]) -> Vec<&'static str> {
        let local = Local {
            mac: Some(HOST),
            addresses: vec![(ADDRESS, 24)],
            filters: filters.iter().map(ToString::to_string).collect(),
            ..Local::default()
        };
        let plan = plan();
        let mut signs = Vec::new();
        deaf(&renewal(asked), &plan, &local, &mut signs);
        signs.iter().map(|sign| sign.code).collect()
    }

    #[test]
    fn a_renewal_that_is_not_heard_is_told_from_one_that_is_heard_late() {
        let drops = ["host-drops-replies"];
        let filter = ["udp dport 68 drop"];
        assert_eq!(said(&[0, 2000, 4000], &[]), drops);
        // Twice is once unheard: a client that listens too late, unless a filter explains it.
        assert_eq!(said(&[0, 2000], &[]), Vec::<&str>::new());
        assert_eq!(said(&[0, 2000], &filter), drops);
        assert_eq!(said(&[0], &filter), Vec::<&str>::new());
        // Sent again before the answer was there, and renewed when it was due.
        assert_eq!(said(&[0, 200, 400], &filter), Vec::<&str>::new());
        assert_eq!(said(&[0, 60_000, 120_000], &filter), Vec::<&str>::new());
    }
}
