//! Servers beside each other: who contradicts whom, and who may not be there.

use std::net::Ipv4Addr;

use crate::analysis::doctor::Sign;
use crate::analysis::servers::{Allowed, Judgement, Server, Status};
use crate::wire::problem::Severity;

/// Servers that are named as evidence.
const MOST_NAMED: usize = 8;

/// Who says what, where servers disagree.
pub(super) fn who_disagrees(servers: &[(Server, Judgement)], signs: &mut [Sign]) {
    for sign in signs.iter_mut().filter(|sign| sign.code == "servers-disagree") {
        // One that also speaks past its relay is two senders, and says the same.
        let mut said: Vec<[String; 4]> = Vec::new();
        for (server, _) in servers {
            let one = says(server);
            let [name, mac, _, rest] = &one;
            if !said.iter().any(|[a, b, _, c]| [a, b, c] == [name, mac, rest]) {
                said.push(one);
            }
        }
        let more = said.len().saturating_sub(MOST_NAMED);
        for [name, mac, address, rest] in said.into_iter().take(MOST_NAMED) {
            sign.evidence.push(format!("{name}{mac} gives {address}{rest}"));
        }
        if more > 0 {
            sign.evidence.push(format!("and {more} more, which `dhcptool rogue` lists"));
        }
    }
}

/// What a server is called, where it is, what address it gave last, and what with it.
fn says(server: &Server) -> [String; 4] {
    let list = |what: &str, all: &[Ipv4Addr]| {
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        if all.is_empty() { String::new() } else { format!(", {what} {}", all.join(" ")) }
    };
    let offered = &server.offered;
    let prefix = offered.prefix().map_or_else(String::new, |prefix| format!("/{prefix}"));
    [
        server.key.address().map_or_else(|| "somebody".to_owned(), |ip| ip.to_string()),
        server.key.source_mac.map_or_else(String::new, |mac| format!(" at {mac}")),
        server.addresses.last().map_or_else(|| "no address".to_owned(), ToString::to_string),
        [prefix, list("router", &offered.routers), list("DNS", &offered.dns_servers)].concat(),
    ]
}

/// Check 22: who answers against who may.
pub(super) fn expected(servers: &[(Server, Judgement)], missing: &[&Allowed], signs: &mut Vec<Sign>) {
    for (server, judgement) in servers.iter().filter(|(_, judgement)| judgement.status == Status::Rogue) {
        let key = &server.key;
        let address = key.address();
        let mac = key.source_mac.map_or_else(String::new, |mac| format!(" at {mac}"));
        let name =
            address.map_or_else(|| "a server without address".to_owned(), |address| address.to_string());
        let mut reasons = judgement.reasons.iter();
        let Some(first) = reasons.next() else { continue };
        let sign = Sign::of(first.code, format!("{name}{mac}: {}", first.detail)).map(|sign| {
            reasons
                .fold(sign, |sign, reason| sign.because(format!("{name} {}: {}", reason.code, reason.detail)))
        });
        signs.extend(sign);
    }
    for one in missing {
        // Of several servers that may answer one is enough, so it is worth a note.
        signs.extend(
            Sign::of("server-silent", format!("{one}, who is expected, was not heard"))
                .map(|sign| Sign { severity: Severity::Note, ..sign }),
        );
    }
}
