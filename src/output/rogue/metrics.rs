//! The textfile that Prometheus' node exporter reads.

use std::fmt::Write as _;
use std::time::Duration;

use super::server::joined;
use crate::analysis::servers::watcher::{ChangeKind, Known};
use crate::analysis::servers::{Latencies, Speaks, Status};
use crate::time::Timestamp;
use crate::wire::escape::escape_line;

/// How reading the policy's file went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyRead {
    /// When it was read in whole last.
    pub at: Timestamp,
    /// It was to be read again since, and could not be: what was read before still judges.
    pub fails: bool,
}

/// What a Prometheus textfile holds.
#[derive(Clone, Debug)]
pub struct Metrics<'a> {
    /// Those who are there.
    pub present: Vec<&'a Known>,
    /// Probes sent.
    pub sent: u64,
    /// Messages of servers.
    pub answers: u64,
    /// Servers pushed out of memory.
    pub forgotten: u64,
    /// Frames lost before they were looked at, and messages in fragments that were given up.
    pub lost: u64,
    /// The policy's servers, and whether each is there.
    pub expected: Vec<(String, bool)>,
    /// How reading the policy went; none where no file was given.
    pub policy_read: Option<PolicyRead>,
    /// How long answers took.
    pub latencies: Latencies,
    /// Changes told, by kind.
    pub changes: [u64; 5],
    /// When it was written.
    pub now: Timestamp,
}

/// Servers listed one by one in a textfile; more would burden the database that reads it.
const MAX_SERIES: usize = 256;

impl Metrics<'_> {
    /// The text, in the exposition format of Prometheus.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut family = |name: &str, kind: &str, help: &str, rows: &[(String, String)]| {
            // Writing into a String cannot fail.
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(out, "{name}{labels} {value}");
            }
        };
        let plain = |value: u64| vec![(String::new(), value.to_string())];
        let statuses = [Status::Allowed, Status::Rogue, Status::Unjudged].map(|status| {
            let count = self.present.iter().filter(|known| known.status == status).count();
            (format!("{{status=\"{}\"}}", status.name()), count.to_string())
        });
        family("dhcptool_rogue_servers", "gauge", "DHCP servers and routers that are there.", &statuses);
        let protocols = Speaks::ALL.map(|speaks| {
            let count = self.present.iter().filter(|known| known.key.speaks == speaks).count();
            (format!("{{protocol=\"{}\"}}", speaks.name()), count.to_string())
        });
        family(
            "dhcptool_rogue_servers_by_protocol",
            "gauge",
            "The same by what they speak; ra are routers.",
            &protocols,
        );
        let mut listed = self.present.clone();
        listed.sort_by(|a, b| (b.status, &a.key).cmp(&(a.status, &b.key)));
        listed.truncate(MAX_SERIES);
        let info: Vec<_> = listed.iter().map(|known| (labels(known, true), "1".to_owned())).collect();
        family(
            "dhcptool_rogue_server_info",
            "gauge",
            "One per DHCP server, rogues first, 256 at most.",
            &info,
        );
        let seen: Vec<_> =
            listed.iter().map(|known| (labels(known, false), seconds(known.last_seen))).collect();
        family("dhcptool_rogue_server_last_seen_seconds", "gauge", "When a server was heard last.", &seen);
        family(
            "dhcptool_rogue_server_last_seen_timestamp_seconds",
            "gauge",
            "When a server was heard last.",
            &seen,
        );
        let up: Vec<_> = self
            .expected
            .iter()
            .map(|(name, up)| (format!("{{server=\"{}\"}}", label(name)), u8::from(*up).to_string()))
            .collect();
        family(
            "dhcptool_rogue_server_up",
            "gauge",
            "1 while a server of the policy is heard, 0 when it is silent.",
            &up,
        );
        let [well, at] = self.policy_rows();
        family(
            "dhcptool_rogue_policy_last_reload_successful",
            "gauge",
            "1 when the policy could be read the last time it was to be, 0 when the one before still judges.",
            &well,
        );
        family(
            "dhcptool_rogue_policy_last_reload_success_timestamp_seconds",
            "gauge",
            "When the policy that judges was read.",
            &at,
        );
        let rows = delays(&self.latencies);
        family("dhcptool_rogue_answer_seconds", "histogram", "How long probes waited for answers.", &rows);
        let version = [(format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), "1".to_owned())];
        family("dhcptool_build_info", "gauge", "The version of dhcptool.", &version);
        let changes: Vec<_> = ChangeKind::ALL
            .iter()
            .zip(self.changes)
            .map(|(kind, count)| (format!("{{kind=\"{}\"}}", kind.name()), count.to_string()))
            .collect();
        family("dhcptool_rogue_changes_total", "counter", "Changes told.", &changes);
        family("dhcptool_rogue_answers_total", "counter", "Messages of DHCP servers.", &plain(self.answers));
        family(
            "dhcptool_rogue_frames_sent_total",
            "counter",
            "Frames sent to provoke answers.",
            &plain(self.sent),
        );
        family(
            "dhcptool_rogue_forgotten_total",
            "counter",
            "Servers pushed out of memory by others.",
            &plain(self.forgotten),
        );
        family(
            "dhcptool_rogue_frames_lost_total",
            "counter",
            "Frames lost before they were looked at, and messages in fragments that were given up.",
            &plain(self.lost),
        );
        let now = [(String::new(), seconds(self.now))];
        family("dhcptool_rogue_written_timestamp_seconds", "gauge", "When this file was written.", &now);
        family("dhcptool_rogue_written_seconds", "gauge", "When this file was written.", &now);
        out
    }

    /// Whether the policy could be read when it was to be, and when it was; nothing where there is no file of it.
    fn policy_rows(&self) -> [Vec<(String, String)>; 2] {
        let row = |value: String| vec![(String::new(), value)];
        self.policy_read.map_or_else(Default::default, |read| {
            [row(u8::from(!read.fails).to_string()), row(seconds(read.at))]
        })
    }
}

/// The rows of a histogram.
fn delays(latencies: &Latencies) -> Vec<(String, String)> {
    let mut rows: Vec<_> = Latencies::BOUNDS
        .iter()
        .zip(latencies.within)
        .map(|(bound, count)| {
            let seconds = Duration::from_millis(*bound).as_secs_f64();
            (format!("_bucket{{le=\"{seconds}\"}}"), count.to_string())
        })
        .collect();
    rows.push(("_bucket{le=\"+Inf\"}".to_owned(), latencies.count.to_string()));
    rows.push(("_sum".to_owned(), latencies.sum.as_secs_f64().to_string()));
    rows.push(("_count".to_owned(), latencies.count.to_string()));
    rows
}

fn seconds(time: Timestamp) -> String {
    let ms = time.nanoseconds().max(0).checked_div(1_000_000).unwrap_or(0);
    format!("{}.{:03}", ms.checked_div(1000).unwrap_or(0), ms.checked_rem(1000).unwrap_or(0))
}

fn labels(known: &Known, with_status: bool) -> String {
    let key = &known.key;
    let text = |value: Option<String>| value.unwrap_or_default();
    let mut labels = String::from("{");
    for (name, value) in [
        ("interface", label(known.interfaces.first().map_or("", |name| &**name))),
        ("server_id", text(key.server_id.as_ref().map(ToString::to_string))),
        ("source_ip", text(key.source_ip.map(|ip| ip.to_string()))),
        ("source_mac", text(key.source_mac.map(|mac| mac.to_string()))),
        ("relay", text(key.relay.map(|ip| ip.to_string()))),
        ("vlan", joined(&key.vlans, ".")),
        ("protocol", key.speaks.name().to_owned()),
    ] {
        let _ = write!(labels, "{name}=\"{value}\",");
    }
    if with_status {
        let _ = write!(labels, "status=\"{}\"", known.status.name());
    }
    let mut labels = labels.trim_end_matches(',').to_owned();
    labels.push('}');
    labels
}

/// The value of a label: hostile characters shown, then what the format itself reads as an escape.
fn label(text: &str) -> String {
    escape_line(text).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::servers::Key;

    #[test]
    fn the_textfile_is_well_formed() {
        let known = Known {
            interfaces: vec!["e\"th\\0\n".into()],
            key: Key { server_id: Some([10, 0, 0, 1].into()), ..Key::default() },
            status: Status::Rogue,
            reasons: vec![],
            facets: vec![],
            first_seen: Timestamp::new(1, 0),
            last_seen: Timestamp::new(1_700_000_000, 250_000_000),
            present: true,
        };
        let metrics = Metrics {
            present: vec![&known; 300],
            sent: 64,
            answers: 9,
            forgotten: 0,
            lost: 0,
            expected: vec![("main (10.0.0.1)".to_owned(), true), ("ip=10.0.0.2".to_owned(), false)],
            policy_read: Some(PolicyRead { at: Timestamp::new(1_600_000_000, 0), fails: true }),
            latencies: Latencies::default(),
            changes: [1, 0, 0, 0, 0],
            now: Timestamp::new(1_700_000_001, 0),
        };
        let text = metrics.text();
        assert!(text.contains("dhcptool_rogue_servers{status=\"rogue\"} 300\n"), "{text}");
        assert!(
            text.contains(
                "server_last_seen_seconds{interface=\"e\\\"th\\\\0\\\\x0a\",server_id=\"10.0.0.1\""
            ),
            "{text}"
        );
        assert!(text.contains("} 1700000000.250\n"));
        assert_eq!(text.matches("dhcptool_rogue_server_info{").count(), MAX_SERIES);
        assert!(text.contains("dhcptool_rogue_server_up{server=\"ip=10.0.0.2\"} 0\n"), "{text}");
        assert!(text.contains("dhcptool_rogue_answer_seconds_bucket{le=\"+Inf\"} 0\n"), "{text}");
        assert!(text.contains("dhcptool_rogue_policy_last_reload_successful 0\n"), "{text}");
        assert!(text.contains("_reload_success_timestamp_seconds 1600000000.000\n"), "{text}");
        for line in text.lines() {
            assert!(
                line.starts_with("# ") || line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(),
                "{line}"
            );
        }
    }
}
