//! What a monitoring plugin says of the servers.

use std::fmt::Write as _;

use super::RogueReport;
use super::server::{joined, name, offers, who};
use crate::analysis::servers::table::Server;
use crate::analysis::servers::{Identity, Speaks, Status};
use crate::output::plugin::{Plugin, PluginState, Thresholds};
use crate::output::plugin::{after, milliseconds};
use crate::output::when::stretch;
use crate::output::words::counted;

/// Servers named one by one in a plugin's long output.
const MAX_LINES: usize = 64;
/// Those named in its first line.
const MAX_NAMES: usize = 8;

/// What a monitoring plugin says. The latency is that of the slowest server that matters.
pub fn plugin(report: &RogueReport<'_>, has_policy: bool, thresholds: &Thresholds) -> Plugin {
    let (state, mut text) = plugin_state(report, has_policy);
    let slowest = slowest(report);
    let took = slowest.and_then(waited);
    let latency = took.map(milliseconds);
    // Where nobody answers, nobody is slow.
    let slow = if report.servers.is_empty() { PluginState::Ok } else { thresholds.judge(latency) };
    // What cannot be told stays that.
    let judged = if state == PluginState::Unknown { state } else { state.worse(slow) };
    if judged != state || state == PluginState::Ok || thresholds.why(latency).is_some() {
        let _ = match slowest {
            Some(server) => write!(text, "; {}{}", short(server), after(took, thresholds)),
            None if judged != state => write!(text, "; how fast they answer is not known"),
            None => Ok(()),
        };
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let missing: Vec<_> =
        report.missing.iter().filter(|one| !report.required.contains(&&one.identity)).collect();
    let mut plugin = Plugin::new(judged, text)
        .milliseconds("latency", latency, thresholds)
        .count("servers", count(report.servers.len()))
        .count("rogue", count(report.count(Status::Rogue)))
        .count("allowed", count(report.count(Status::Allowed)))
        .count("unjudged", count(report.unjudged()))
        .count("missing", count(missing.len().saturating_add(report.required.len())))
        .count("answers", report.answers)
        .count("lost", report.scan.lost);
    for (server, judgement) in report.servers.iter().take(MAX_LINES) {
        let mut line = format!("{} {}", judgement.status.name(), who(server, judgement));
        let offers = offers(server);
        if !offers.is_empty() {
            let _ = write!(line, " offers {offers}");
        }
        if let Some(took) = waited(server) {
            let _ = write!(line, ", after {}", stretch(took));
        }
        for reason in &judgement.reasons {
            let _ = write!(line, "; {reason}");
        }
        plugin = plugin.line(line);
    }
    let required = report.required.iter().map(|one| format!("required {one} {}", report.lack(one)));
    let allowed = missing.iter().map(|allowed| format!("allowed {allowed} was not heard"));
    required.chain(allowed).take(MAX_LINES).fold(plugin, Plugin::line)
}

/// How long the quickest answer was waited for, in nanoseconds.
fn waited(server: &Server) -> Option<i64> {
    server.since_first.map(|took| i64::try_from(took.as_nanos()).unwrap_or(i64::MAX))
}

/// The slowest of those that are required, or else of the DHCP servers that are no rogues: routers wait at random before they answer
/// (RFC 4861 §6.2.6), and say nothing of how long a client waits for an address, unless there is nobody else.
fn slowest<'a>(report: &RogueReport<'a>) -> Option<&'a Server> {
    let all =
        || report.servers.iter().map(|(server, _)| *server).filter(|server| server.since_first.is_some());
    if !report.wanted.is_empty() {
        let quickest = |wanted: &Identity| {
            all().filter(|server| wanted.fit(&server.key).is_whole()).min_by_key(|server| server.since_first)
        };
        return report.wanted.iter().filter_map(quickest).max_by_key(|server| server.since_first);
    }
    let good = || {
        let good = report.servers.iter().filter(|(_, judgement)| judgement.status != Status::Rogue);
        good.map(|(server, _)| *server)
    };
    let routers_only = good().all(|server| server.key.speaks == Speaks::Ra);
    let those = good().filter(|server| routers_only || server.key.speaks != Speaks::Ra);
    those.filter(|server| server.since_first.is_some()).max_by_key(|server| server.since_first)
}

fn plugin_state(report: &RogueReport<'_>, has_policy: bool) -> (PluginState, String) {
    let all = counted(report.servers.len(), "server");
    // Who only listens hears nothing of servers that nobody asks.
    let (answered, silent) = if report.scan.asked { ("answered", "did not") } else { ("heard", "not heard") };
    let rogue = report.servers.iter().find(|(_, judgement)| judgement.status == Status::Rogue);
    if let Some((server, judgement)) = rogue {
        let why = judgement.reasons.first().map_or_else(String::new, |reason| format!(": {reason}"));
        let many = counted(report.count(Status::Rogue), "rogue server");
        return (PluginState::Critical, format!("{many}, {}{why}", who(server, judgement)));
    }
    if let Some(blind) = report.blind.first() {
        return (PluginState::Unknown, format!("cannot tell: {blind}; {all} {answered}"));
    }
    if let [first, more @ ..] = report.required {
        let who = if more.is_empty() {
            format!("required server {first} {}", report.lack(first))
        } else {
            let each = report.required.iter().map(|one| format!("{one} {}", report.lack(one)));
            format!(
                "{} required servers missing: {}",
                report.required.len(),
                listed(&each.collect::<Vec<_>>())
            )
        };
        return (PluginState::Critical, format!("{who}; {all} {answered}"));
    }
    if report.is_without_server() && !report.servers.is_empty() {
        let routers = counted(report.servers.len(), "router");
        return (PluginState::Critical, format!("no DHCP server answered; {routers} heard"));
    }
    if report.servers.is_empty() {
        return if report.scan.asked {
            (PluginState::Critical, "no server answered".to_owned())
        } else {
            (PluginState::Ok, "no server was heard".to_owned())
        };
    }
    if !report.missing.is_empty() {
        let allowed = counted(report.count(Status::Allowed), "allowed server");
        let (many, names) = (report.missing.len(), listed(report.missing));
        // A server that nobody asks need not speak.
        let state = if report.scan.asked { PluginState::Warning } else { PluginState::Ok };
        return (state, format!("{allowed} {answered}, {many} {silent}: {names}"));
    }
    let (rivals, speaks) = report.rivals();
    if !has_policy && report.wanted.is_empty() && rivals > 1 {
        let speak = if rivals == report.servers.len() {
            String::new()
        } else {
            format!(", {rivals} of them {},", speaks.title())
        };
        return (
            PluginState::Warning,
            format!("{all} {answered}{speak} and no allow list says which may: {}", names(report, None)),
        );
    }
    let unjudged = report.count(Status::Unjudged);
    if has_policy && unjudged > 0 {
        let (allowed, unknown) =
            (names(report, Some(Status::Allowed)), names(report, Some(Status::Unjudged)));
        let known = counted(report.count(Status::Allowed), "allowed server");
        let text = if allowed.is_empty() {
            format!("{all} {answered}, none judged: {unknown}")
        } else {
            format!("{known} {answered}: {allowed}; {unjudged} unjudged: {unknown}")
        };
        return (PluginState::Ok, text);
    }
    (PluginState::Ok, format!("{all} {answered}: {}", names(report, None)))
}

/// Those of a status, or all, by what people know them by.
fn names(report: &RogueReport<'_>, status: Option<Status>) -> String {
    let these =
        report.servers.iter().filter(|(_, judgement)| status.is_none_or(|status| judgement.status == status));
    listed(&these.map(|(server, _)| short(server)).collect::<Vec<_>>())
}

/// A server in few words.
fn short(server: &Server) -> String {
    let key = &server.key;
    let what = match key.speaks {
        Speaks::Dhcpv4 => "",
        Speaks::Dhcpv6 => "DHCPv6 ",
        Speaks::Ra => "router ",
    };
    let address = key.address().map(|ip| ip.to_string()).or_else(|| name(key));
    let mut text = format!("{what}{}", address.unwrap_or_else(|| "without address".to_owned()));
    if let Some(relay) = key.relay {
        let _ = write!(text, " through {relay}");
    }
    if !key.vlans.is_empty() {
        let _ = write!(text, " in VLAN {}", joined(&key.vlans, "."));
    }
    text
}

/// So many of them as a line has room for.
fn listed<T: std::fmt::Display>(all: &[T]) -> String {
    let shown = all.get(..MAX_NAMES).unwrap_or(all);
    let more = all.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", joined(shown, ", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::analysis::servers::{SegmentVerdict, Speaks};
    use crate::output::rogue::Scan;
    use crate::output::rogue::tests::{judged, server, with_report};
    use crate::wire::escape::is_hostile;

    #[test]
    fn the_plugin_follows_the_convention() {
        use Status::{Allowed, Rogue, Unjudged};
        for (statuses, missing, has_policy, state, text) in [
            (
                &[Allowed][..],
                0,
                true,
                PluginState::Ok,
                "DHCP OK - 1 server answered: 10.0.0.1 | servers=1;;;0 rogue=0;;;0 ",
            ),
            (&[Unjudged], 0, false, PluginState::Ok, "DHCP OK - 1 server"),
            (
                &[Allowed, Unjudged],
                0,
                true,
                PluginState::Ok,
                "DHCP OK - 1 allowed server answered: 10.0.0.1 - 1 unjudged: 10.0.0.2 | ",
            ),
            (
                &[Unjudged, Unjudged],
                0,
                false,
                PluginState::Warning,
                "DHCP WARNING - 2 servers answered and no",
            ),
            (
                &[Allowed],
                1,
                true,
                PluginState::Warning,
                "DHCP WARNING - 1 allowed server answered, 1 did not: ip=10.0.0.9 | ",
            ),
            (&[], 1, true, PluginState::Critical, "DHCP CRITICAL - no server answered | "),
            (
                &[Rogue, Allowed],
                0,
                true,
                PluginState::Critical,
                "DHCP CRITICAL - 1 rogue server, 10.0.0.1 at 02:00",
            ),
        ] {
            let found =
                with_report(statuses, missing, |report| plugin(report, has_policy, &Thresholds::default()));
            let line = found.text();
            assert_eq!(found.state, state, "{line}");
            assert!(line.starts_with(text), "{line}");
            assert_eq!(line.matches('|').count(), 1);
            assert_eq!(line.lines().count(), 1 + statuses.len() + missing);
            assert!(!line.chars().any(|c| is_hostile(c) && c != '\n'), "{line:?}");
        }
        // A router is no server, unless DHCPv6 alone is spoken.
        for (asked_v4, state, text) in [
            (true, PluginState::Critical, "DHCP CRITICAL - no DHCP server answered - 1 router heard | "),
            (false, PluginState::Ok, "DHCP OK - 1 server answered"),
        ] {
            let mut router = server(1);
            router.key.speaks = Speaks::Ra;
            let servers = [(&router, judged(Unjudged))];
            with_report(&[], 1, |report| {
                let scan = Scan { asked_v4, ..report.scan.clone() };
                let report = RogueReport { scan: &scan, servers: &servers, missing: &[], ..report.clone() };
                let found = plugin(&report, true, &Thresholds::default());
                assert!(found.text().starts_with(text), "{}", found.text());
                assert_eq!((found.state, report.verdict() == SegmentVerdict::None), (state, asked_v4));
                let summary = report.summary(true);
                assert_eq!(summary.starts_with("no DHCP server, 1 router; "), asked_v4, "{summary}");
            });
        }
        // Who only listens is told so; that somebody does not speak says nothing.
        for (statuses, state, text) in [
            (&[][..], PluginState::Ok, "DHCP OK - no server was heard | "),
            (&[Allowed], PluginState::Ok, "DHCP OK - 1 allowed server heard, 1 not heard: ip=10.0.0.9 | "),
        ] {
            let listening = |report: &RogueReport<'_>| {
                let scan = Scan { asked: false, ..report.scan.clone() };
                plugin(&RogueReport { scan: &scan, ..report.clone() }, true, &Thresholds::default())
            };
            let found = with_report(statuses, 1, listening);
            let line = found.text();
            assert!(found.state == state && line.starts_with(text), "{line}");
            assert!(line.contains("missing=1;"), "{line}");
        }
    }

    #[test]
    fn what_is_required_what_is_slow_and_what_was_not_seen() {
        let of = |thresholds: &Thresholds| {
            let mut slow = server(1);
            slow.since_first = Some(Duration::from_micros(150_999));
            slow.latency = Some(Duration::ZERO);
            let judged = [(&slow, judged(Status::Unjudged))];
            let plugin = with_report(&[], 0, |report| {
                plugin(&RogueReport { servers: &judged, ..report.clone() }, false, thresholds)
            });
            (plugin.state, plugin.text())
        };
        let none = Thresholds::default();
        let limits = Thresholds { warning: "100".parse().ok(), critical: "200".parse().ok() };
        let (state, line) = of(&limits);
        assert!(state == PluginState::Warning && line.contains("latency=150.999ms;100;200;0"), "{line}");
        assert!(line.contains(" - 10.0.0.1 after 150.999 ms, slower than 100 ms | "), "{line}");
        let fast = Thresholds { warning: "500:".parse().ok(), critical: None };
        assert!(
            of(&fast).1.contains(" - 10.0.0.1 after 150.999 ms, faster than 500 ms | "),
            "{}",
            of(&fast).1
        );
        assert_eq!(of(&none).0, PluginState::Ok);
        let wanted: Identity = "10.0.0.9".parse().unwrap();
        let seen = |required: &[&Identity], blind: &[String]| {
            with_report(&[Status::Unjudged], 0, |report| {
                let plugin = plugin(&RogueReport { required, blind, ..report.clone() }, false, &none);
                (plugin.state, plugin.text())
            })
        };
        let (state, line) = seen(&[&wanted], &[]);
        assert!(state == PluginState::Critical && line.contains("required server 10.0.0.9 did"), "{line}");
        assert!(line.contains("missing=1;"), "{line}");
        for (required, text) in [
            (
                &[&wanted, &wanted][..],
                "2 required servers missing: 10.0.0.9 was not heard, 10.0.0.9 was not heard - 1 server heard | ",
            ),
            (&[&wanted], "required server 10.0.0.9 was not heard - 1 server heard | "),
        ] {
            let found = with_report(&[Status::Unjudged], 0, |report| {
                let scan = Scan { asked: false, ..report.scan.clone() };
                plugin(&RogueReport { scan: &scan, required, ..report.clone() }, false, &none)
            });
            assert!(found.text().starts_with(&format!("DHCP CRITICAL - {text}")), "{}", found.text());
            assert!(found.text().ends_with("\nrequired 10.0.0.9 was not heard\n"), "{}", found.text());
        }
        let (state, line) = seen(&[], &["3 frames are lost".to_owned()]);
        assert!(state == PluginState::Unknown, "{line}");
        assert!(line.starts_with("DHCP UNKNOWN - cannot tell: 3 frames"), "{line}");
    }

    /// A server that was waited for so many milliseconds.
    fn waited_for(last: u8, speaks: Speaks, ms: Option<u64>) -> Server {
        let mut server = server(last);
        server.key.speaks = speaks;
        server.since_first = ms.map(Duration::from_millis);
        server
    }

    #[test]
    fn who_is_required_is_judged_and_named() {
        let limits = Thresholds { warning: "100".parse().ok(), critical: "200".parse().ok() };
        let [one, two, router, mute] = [
            waited_for(1, Speaks::Dhcpv4, Some(50)),
            waited_for(2, Speaks::Dhcpv4, Some(150)),
            waited_for(3, Speaks::Ra, Some(450)),
            waited_for(4, Speaks::Dhcpv4, None),
        ];
        let of = |servers: &[&Server], wanted: &str| {
            let servers: Vec<_> = servers.iter().map(|server| (*server, judged(Status::Allowed))).collect();
            let wanted: Vec<Identity> = wanted.split_whitespace().map(|id| id.parse().unwrap()).collect();
            let mute = |wanted: &&Identity| {
                let fit = |server: &&Server| wanted.fit(&server.key).is_whole();
                !servers.iter().any(|(server, _)| fit(server) && server.since_first.is_some())
            };
            let required: Vec<&Identity> = wanted.iter().filter(mute).collect();
            let of = |report: &RogueReport<'_>| {
                let (wanted, required) = (&wanted[..], &required[..]);
                plugin(&RogueReport { servers: &servers, wanted, required, ..report.clone() }, true, &limits)
            };
            let text = with_report(&[], 0, of).text();
            text.lines().next().unwrap().to_owned()
        };
        for (servers, wanted, start, data) in [
            (
                &[&one, &two][..],
                "10.0.0.1",
                "DHCP OK - 2 servers answered: 10.0.0.1, 10.0.0.2 - 10.0.0.1 after 50",
                " | latency=50.000ms",
            ),
            (
                &[&one, &two],
                "10.0.0.1 10.0.0.2",
                "DHCP WARNING - ",
                " - 10.0.0.2 after 150.000 ms, slower than 100 ms | ",
            ),
            (&[&one, &two], "", "DHCP WARNING - ", " - 10.0.0.2 after 150.000 ms, slower than 100 ms | "),
            // Routers wait at random.
            (&[&one, &router], "", "DHCP OK - ", " - 10.0.0.1 after 50.000 ms | "),
            (&[&router], "ip=10.0.0.3", "DHCP CRITICAL - ", " | latency=450.000ms"),
            (
                &[&one, &mute],
                "10.0.0.4",
                "DHCP CRITICAL - required server 10.0.0.4 offered nothing - 2 servers",
                "missing=1",
            ),
            (
                &[&one, &mute],
                "10.0.0.1 10.0.0.4",
                "DHCP CRITICAL - required server 10.0.0.4 offered nothing - 2 servers answered | latency=50",
                "missing=1",
            ),
            (&[&mute, &router], "", "DHCP UNKNOWN - ", " - how fast they answer is not known | "),
        ] {
            let line = of(servers, wanted);
            assert!(line.starts_with(start) && line.contains(data), "{wanted}: {line}");
        }
    }

    #[test]
    fn as_many_are_named_as_are_counted() {
        use Status::{Allowed, Unjudged};
        let [four, six, router, relayed] = [
            waited_for(1, Speaks::Dhcpv4, None),
            waited_for(2, Speaks::Dhcpv6, None),
            waited_for(2, Speaks::Ra, None),
            {
                let mut server = waited_for(3, Speaks::Dhcpv4, None);
                server.key.relay = Some([10, 0, 7, 1].into());
                server
            },
        ];
        let of = |servers: &[(&Server, Status)], has_policy: bool| {
            let servers: Vec<_> = servers.iter().map(|(server, status)| (*server, judged(*status))).collect();
            let of = |report: &RogueReport<'_>| {
                plugin(
                    &RogueReport { servers: &servers, ..report.clone() },
                    has_policy,
                    &Thresholds::default(),
                )
            };
            let text = with_report(&[], 0, of).text();
            text.split_once(" | ").unwrap().0.to_owned()
        };
        assert_eq!(
            of(&[(&four, Allowed), (&six, Unjudged), (&router, Unjudged)], true),
            "DHCP OK - 1 allowed server answered: 10.0.0.1 - 2 unjudged: DHCPv6 10.0.0.2, router 10.0.0.2"
        );
        assert_eq!(
            of(&[(&four, Unjudged), (&relayed, Unjudged), (&six, Unjudged), (&router, Unjudged)], false),
            "DHCP WARNING - 4 servers answered, 2 of them DHCPv4 servers, and no allow list says which may: \
             10.0.0.1, 10.0.0.3 through 10.0.7.1, DHCPv6 10.0.0.2, router 10.0.0.2"
        );
        let many = with_report(&[Allowed], 70, |report| plugin(report, true, &Thresholds::default()).text());
        assert!(
            many.starts_with("DHCP WARNING - 1 allowed server answered, 70 did not: ip=10.0.0.9, "),
            "{many}"
        );
        assert!(many.lines().next().unwrap().contains(" and 62 more | "), "{many}");
        assert_eq!(many.lines().count(), 2 + MAX_LINES);
        // A rogue hides nobody who is missing.
        let rogue =
            with_report(&[Status::Rogue], 2, |report| plugin(report, true, &Thresholds::default()).text());
        assert_eq!(rogue.matches("\nallowed ip=10.0.0.9 was not heard").count(), 2, "{rogue}");
    }
}
