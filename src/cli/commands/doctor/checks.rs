//! The checks by number: what each looked at, and how it went.

use crate::analysis::doctor::{Conclusion, Sign};
use crate::analysis::findings6;
use crate::engine::v4::examine::{Neighbour, QuestionTally, Record};
use crate::output::doctor::CheckObject;
use crate::run::doctor::Examined;
use crate::run::doctor::local::Local;
use crate::wire::problem::Severity;

/// The check that is about IPv6.
const SIX: u8 = 24;

/// Number, name, and the codes that a check may come to.
const CHECKS: &[(u8, &str, &[&str])] = &[
    (1, "interface", &["link-down", "no-carrier", "interface-enslaved"]),
    (2, "rights", &["no-right"]),
    (3, "manager", &["client-running", "two-clients"]),
    (4, "own address", &["self-assigned", "no-default-route", "same-subnet-twice"]),
    (5, "lease files", &["lease-expired", "lease-foreign", "clock-jump"]),
    (6, "local filters", &["firewall-hint"]),
    (7, "listen", &["port-unauthorised", "vlan-seen", "lldp"]),
    (8, "link fresh", &["slow-start"]),
    (
        9,
        "discover",
        &["no-answer", "frames-not-leaving", "xid-mismatch", "answer-too-slow", "servers-disagree"],
    ),
    (10, "server's check", &["server-checks-address", "static-in-pool"]),
    (11, "second MAC", &["per-client", "everybody", "mac-filtered"]),
    (12, "reply at client", &["host-drops-replies", "reply-checksum-bad", "offer-ignored"]),
    (
        13,
        "offers",
        &[
            "server-id-missing",
            "lease-time-missing",
            "lease-time-zero",
            "address-unusable",
            "mask-bad",
            "router-off-subnet",
            "routes-without-default",
            "dns-unusable",
            "timers-disordered",
            "offer-without-address",
        ],
    ),
    (
        14,
        "request",
        &["no-ack", "nak-after-offer", "nak-by-other-server", "ack-by-other-server", "ack-other-address"],
    ),
    (15, "address free", &["address-conflict", "proxy-arp", "probe-answered-by-client-mac"]),
    (16, "gateway", &["gateway-silent", "gateway-two-macs"]),
    (17, "name servers", &["dns-silent", "dns-refuses"]),
    (18, "renewal", &["renewal-unanswered", "icmp-refused"]),
    (19, "old lease", &["stale-address-not-refused", "lease-foreign"]),
    (
        20,
        "relay view",
        &["giaddr-unserved", "option-82-not-echoed", "relay-drops-reply", "relay-loop", "server-silent"],
    ),
    (21, "PXE", &["pxe-no-boot-file", "pxe-no-address", "pxe-4011-silent", "boot-file-missing"]),
    (22, "rogue", &["servers-disagree", "several-servers"]),
    (23, "give back", &[]),
    // Its codes are those of a table.
    (SIX, "IPv6", &[]),
];

/// All checks, in order.
pub(super) fn checks(
    local: &Local,
    conclusion: &Conclusion,
    examined: Option<&Examined>,
) -> Vec<CheckObject> {
    let said: Vec<&Sign> = conclusion.cause.iter().chain(&conclusion.also).chain(&conclusion.notes).collect();
    let each = CHECKS.iter().map(|(number, name, codes)| {
        let (done, asked, detail) = looked(*number, local, examined);
        let about = |code: &str| codes.contains(&code) || *number == SIX && findings6::is_code(code);
        let sign = said.iter().find(|sign| about(sign.code));
        let result = match sign.map(|sign| sign.severity) {
            Some(Severity::Note) => "noted",
            Some(_) => "failed",
            None if done => "ok",
            None => "skipped",
        };
        let ms = asked.and_then(QuestionTally::took).map(|took| took.as_secs_f64() * 1000.0);
        let detail = sign.map_or(detail, |sign| sign.summary.clone());
        CheckObject { number: *number, name, result, ms, detail }
    });
    each.collect()
}

/// Whether a check was made, what it asked, and what it looked at.
fn looked<'a>(
    number: u8,
    local: &Local,
    examined: Option<&'a Examined>,
) -> (bool, Option<&'a QuestionTally>, String) {
    let seen = |check: &str| !local.unseen.iter().any(|(name, _)| *name == check);
    match number {
        1 => (true, None, local.interface.clone()),
        2 => (examined.is_some() || !local.up || !local.carrier, None, String::new()),
        3 => (seen("processes"), None, local.clients.join(", ")),
        4 => {
            let each = local.addresses.iter().map(|(addr, length)| format!("{addr}/{length}"));
            (true, None, list(each))
        }
        5 => {
            let file = local.old_lease.as_ref().map_or_else(|| "none".to_owned(), |lease| lease.file.clone());
            (seen("lease files"), None, file)
        }
        6 => (seen("firewall"), None, String::new()),
        _ => examined.map_or((false, None, String::new()), |examined| tried(number, examined)),
    }
}

fn tried(number: u8, examined: &Examined) -> (bool, Option<&QuestionTally>, String) {
    let record: &Record = &examined.record;
    let asked = |asked: &QuestionTally| format!("{} sent, {} answered", asked.sent, asked.answers);
    let met = |one: &Neighbour, what: &QuestionTally| format!("{}: {}", one.address, asked(what));
    let question = |what| (QuestionTally::sent_any(what), Some(what), asked(what));
    match number {
        7 => (true, None, format!("{} frames", examined.frames)),
        8 => (true, None, format!("{} BPDUs", examined.heard.bpdus)),
        9 => question(&record.own),
        11 => question(&record.second),
        13 => {
            let each =
                record.offers.iter().map(|offer| format!("{} from {}", offer.message.yiaddr, offer.server()));
            (!record.offers.is_empty(), None, list(each))
        }
        14 => question(&record.request),
        15 => (record.probes > 0, None, format!("{} probes", record.probes)),
        16 => {
            let looked_for = record.routers.iter().any(|one| one.arp.sent_any());
            (looked_for, None, list(record.routers.iter().map(|one| met(one, &one.arp))))
        }
        17 => {
            let looked_for =
                record.name_servers.iter().any(|one| one.arp.sent_any() || one.question.sent_any());
            (looked_for, None, list(record.name_servers.iter().map(|one| met(one, &one.question))))
        }
        18 => question(&record.renewal),
        19 => question(&record.reboot),
        20 if QuestionTally::sent_any(&record.relayed) => question(&record.relayed),
        20 if QuestionTally::sent_any(&record.relay_hop) => (false, None, asked(&record.relay_hop)),
        21 => record.boot.as_ref().map_or((false, None, String::new()), |booted| {
            let file = booted.file.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            (booted.unread.is_none(), Some(&booted.fetch), file.into_owned())
        }),
        22 => (record.ack.is_some(), None, String::new()),
        SIX => examined.six.map_or((false, None, String::new()), |heard| {
            let detail = format!("routers: {}, DHCPv6 servers: {}", heard.routers, heard.servers);
            (heard.routers > 0 || heard.servers > 0, None, detail)
        }),
        23 => (record.released > 0, None, format!("{} RELEASEs", record.released)),
        _ => (true, None, String::new()),
    }
}

fn list(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}
