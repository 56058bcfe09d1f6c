//! What a monitoring plugin says of the servers.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::RogueReport;
use super::server::{joined, offers, who};
use crate::analysis::servers::Status;
use crate::output::plugin::{Plugin, PluginState, Thresholds};
use crate::output::words::counted;

/// Servers named one by one in a plugin's long output.
const MAX_LINES: usize = 64;

/// What a monitoring plugin says. The latency is that of the first allowed server's quickest answer, the slowest of them deciding.
pub fn plugin(report: &RogueReport<'_>, has_policy: bool, thresholds: &Thresholds) -> Plugin {
    let latencies = || {
        let good = report.servers.iter().filter(|(_, judgement)| judgement.status != Status::Rogue);
        good.filter_map(|(server, _)| server.latency)
    };
    let latency = latencies().max().map(|latency| latency.as_secs_f64() * 1000.0);
    let (mut state, mut text) = plugin_state(report, has_policy);
    let slow = if latency.is_some() { thresholds.judge(latency) } else { PluginState::Ok };
    let rank = |state: PluginState| match state {
        PluginState::Ok => 0,
        PluginState::Warning => 1,
        PluginState::Critical | PluginState::Unknown => 2,
    };
    if rank(slow) > rank(state) {
        state = slow;
        let _ = write!(text, "; too slow: {:.1} ms", latency.unwrap_or_default());
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    // Who only listens misses nobody.
    let missing = if report.scan.asked { report.missing.len().max(report.required.len()) } else { 0 };
    let mut plugin = Plugin::new(state, text)
        .milliseconds("latency", latency, thresholds)
        .count("servers", count(report.servers.len()))
        .count("rogue", count(report.count(Status::Rogue)))
        .count("allowed", count(report.count(Status::Allowed)))
        .count("unjudged", count(report.unjudged()))
        .count("missing", count(missing))
        .count("answers", report.answers)
        .count("lost", report.scan.lost);
    for (server, judgement) in report.servers.iter().take(MAX_LINES) {
        let mut line = format!("{} {}", judgement.status.name(), who(server, judgement));
        let offers = offers(server);
        if !offers.is_empty() {
            let _ = write!(line, " offers {offers}");
        }
        for reason in &judgement.reasons {
            let _ = write!(line, "; {reason}");
        }
        plugin = plugin.line(line);
    }
    plugin
}

fn plugin_state(report: &RogueReport<'_>, has_policy: bool) -> (PluginState, String) {
    let (rogues, allowed) = (report.count(Status::Rogue), report.count(Status::Allowed));
    let servers = |count: usize| counted(count, "server");
    let rogue = report.servers.iter().find(|(_, judgement)| judgement.status == Status::Rogue);
    if let Some((server, judgement)) = rogue {
        let why = judgement.reasons.first().map_or_else(String::new, |reason| format!(": {reason}"));
        let many = counted(rogues, "rogue server");
        return (PluginState::Critical, format!("{many}, {}{why}", who(server, judgement)));
    }
    if let Some(blind) = report.blind.first() {
        let text = format!("cannot tell: {blind}; {} answered", servers(report.servers.len()));
        return (PluginState::Unknown, text);
    }
    if let Some(required) = report.required.first().filter(|_| report.scan.asked) {
        let others = servers(report.servers.len());
        return (
            PluginState::Critical,
            format!("required server {required} did not answer; {others} answered"),
        );
    }
    if report.is_without_server() && !report.servers.is_empty() {
        let routers = counted(report.servers.len(), "router");
        return (PluginState::Critical, format!("no DHCP server answered; {routers} is there"));
    }
    if report.servers.is_empty() {
        // Who only listens hears nothing of servers that nobody asks.
        return if report.scan.asked {
            (PluginState::Critical, "no server answered".to_owned())
        } else {
            (PluginState::Ok, "no server was heard".to_owned())
        };
    }
    if let Some(missing) = report.missing.first().filter(|_| report.scan.asked) {
        let answered = counted(allowed, "allowed server");
        let text = format!("{answered} answered, {} did not: {missing}", report.missing.len());
        return (PluginState::Warning, text);
    }
    let unjudged = report.rivals();
    if !has_policy && !report.requires && unjudged > 1 {
        return (
            PluginState::Warning,
            format!("{} answered and no allow list says which may", servers(unjudged)),
        );
    }
    let mut names: Vec<IpAddr> = Vec::new();
    for ip in report.servers.iter().filter_map(|(server, _)| server.key.address()) {
        // A machine may be a server of several protocols.
        if !names.contains(&ip) || ip.is_ipv4() {
            names.push(ip);
        }
    }
    let unjudged = report.count(Status::Unjudged);
    let unjudged = if has_policy && unjudged > 0 { format!(", {unjudged} unjudged") } else { String::new() };
    let all = servers(report.servers.len());
    (PluginState::Ok, format!("{all} answered{unjudged}: {}", joined(&names, ", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::servers::policy::Identity;
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
                "DHCP OK - 2 servers answered, 1 unjudged: 10.0.0.1, 10.0.0.2 | ",
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
                "DHCP WARNING - 1 allowed server answered, 1 did not",
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
            assert_eq!(line.lines().count(), 1 + statuses.len());
            assert!(!line.chars().any(|c| is_hostile(c) && c != '\n'), "{line:?}");
        }
        // A router is no server, unless DHCPv6 alone is spoken.
        for (asked_v4, state, text) in [
            (true, PluginState::Critical, "DHCP CRITICAL - no DHCP server answered; 1 router is there | "),
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
        for (statuses, text) in
            [(&[][..], "DHCP OK - no server was heard | "), (&[Allowed], "DHCP OK - 1 server answered")]
        {
            let listening = |report: &RogueReport<'_>| {
                plugin(
                    &RogueReport { scan: &Scan { asked: false, ..report.scan.clone() }, ..report.clone() },
                    true,
                    &Thresholds::default(),
                )
            };
            let found = with_report(statuses, 1, listening);
            let line = found.text();
            assert!(found.state == PluginState::Ok && line.starts_with(text), "{line}");
            assert!(line.contains("missing=0;"), "{line}");
        }
    }

    #[test]
    fn what_is_required_what_is_slow_and_what_was_not_seen() {
        let of = |thresholds: &Thresholds| {
            let mut slow = server(1);
            slow.latency = Some(std::time::Duration::from_millis(150));
            let judged = [(&slow, judged(Status::Unjudged))];
            let plugin = with_report(&[], 0, |report| {
                plugin(&RogueReport { servers: &judged, ..report.clone() }, false, thresholds)
            });
            (plugin.state, plugin.text())
        };
        let none = Thresholds::default();
        let limits = Thresholds { warning: "100".parse().ok(), critical: "200".parse().ok() };
        let (state, line) = of(&limits);
        assert!(state == PluginState::Warning && line.contains("latency=150.000ms;100;200;0"), "{line}");
        assert!(line.contains("too slow: 150.0 ms"), "{line}");
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
        let (state, line) = seen(&[], &["3 frames are lost".to_owned()]);
        assert!(state == PluginState::Unknown, "{line}");
        assert!(line.starts_with("DHCP UNKNOWN - cannot tell: 3 frames"), "{line}");
    }
}
