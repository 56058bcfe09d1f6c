//! What Prometheus reads: scraped, or out of the textfile of a node exporter.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, NoLabelSet};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

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

/// Servers listed one by one; more would burden the database that reads it.
const MAX_SERIES: usize = 256;

/// Those who are there.
#[derive(Clone, Debug, Default)]
pub struct Present {
    statuses: [(&'static str, u64); 3],
    protocols: [(&'static str, u64); 3],
    /// Rogues first.
    listed: Vec<Known>,
}

impl Present {
    /// Counts them.
    pub fn of(mut all: Vec<&Known>) -> Self {
        let count = |is: &dyn Fn(&Known) -> bool| {
            all.iter().fold(0, |sum: u64, one| sum.saturating_add(is(one).into()))
        };
        let statuses = [Status::Allowed, Status::Rogue, Status::Unjudged]
            .map(|status| (status.name(), count(&|known| known.status == status)));
        let protocols = Speaks::ALL.map(|speaks| (speaks.name(), count(&|known| known.key.speaks == speaks)));
        all.sort_by(|a, b| (b.status, &a.key).cmp(&(a.status, &b.key)));
        Self { statuses, protocols, listed: all.into_iter().take(MAX_SERIES).cloned().collect() }
    }
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Those who are there.
    pub present: Present,
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

/// What is measured, in both formats that Prometheus reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposition {
    /// The text format 0.0.4, which the node exporter reads, too.
    pub text: String,
    /// `OpenMetrics` 1.0.
    pub open_metrics: String,
}

impl Metrics {
    /// Writes it.
    pub fn expose(self) -> Exposition {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut written = Exposition::default();
        // Writing into a String cannot fail.
        let _ = prometheus_text::encode(&mut written.text, &registry);
        let _ = text::encode(&mut written.open_metrics, &registry);
        written
    }
}

/// No labels.
const ALONE: [(&str, &str); 0] = [];

impl Collector for Metrics {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut to;
        let Present { statuses, protocols, listed } = &self.present;
        let rows = statuses.map(|(name, count)| ([("status", name)], count));
        gauge(to, "dhcptool_rogue_servers", "DHCP servers and routers that are there.", rows)?;
        let rows = protocols.map(|(name, count)| ([("protocol", name)], count));
        gauge(
            to,
            "dhcptool_rogue_servers_by_protocol",
            "The same by what they speak; ra are routers.",
            rows,
        )?;
        let rows = listed.iter().map(|known| {
            let mut labels = labels(known);
            labels.push(("status", known.status.name().to_owned()));
            labels
        });
        info(to, "dhcptool_rogue_server", "One per DHCP server, rogues first, 256 at most.", rows)?;
        for name in
            ["dhcptool_rogue_server_last_seen_seconds", "dhcptool_rogue_server_last_seen_timestamp_seconds"]
        {
            let rows = listed.iter().map(|known| (labels(known), seconds(known.last_seen)));
            gauge(to, name, "When a server was heard last.", rows)?;
        }
        gauge(
            to,
            "dhcptool_rogue_server_up",
            "1 while a server of the policy is heard, 0 when it is silent.",
            self.expected.iter().map(|(name, up)| ([("server", escape_line(name))], u64::from(*up))),
        )?;
        gauge(
            to,
            "dhcptool_rogue_policy_last_reload_successful",
            "1 when the policy could be read the last time it was to be, 0 when the one before still judges.",
            self.policy_read.map(|read| (ALONE, u64::from(!read.fails))),
        )?;
        gauge(
            to,
            "dhcptool_rogue_policy_last_reload_success_timestamp_seconds",
            "When the policy that judges was read.",
            self.policy_read.map(|read| (ALONE, seconds(read.at))),
        )?;
        let Latencies { counts, sum } = self.latencies;
        let bounds = Latencies::BOUNDS.map(|bound| Duration::from_millis(bound).as_secs_f64());
        let buckets: Vec<_> = bounds.into_iter().chain([f64::INFINITY]).zip(counts).collect();
        to.encode_descriptor(
            "dhcptool_rogue_answer_seconds",
            "How long probes waited for answers.",
            None,
            MetricType::Histogram,
        )?
        .encode_histogram::<NoLabelSet>(
            sum.as_secs_f64(),
            self.latencies.count(),
            &buckets,
            None,
        )?;
        info(to, "dhcptool_build", "The version of dhcptool.", [[("version", env!("CARGO_PKG_VERSION"))]])?;
        let rows =
            ChangeKind::ALL.iter().zip(self.changes).map(|(kind, count)| ([("kind", kind.name())], count));
        counter(to, "dhcptool_rogue_changes", "Changes told.", rows)?;
        for (name, help, count) in [
            ("dhcptool_rogue_answers", "Messages of DHCP servers.", self.answers),
            ("dhcptool_rogue_frames_sent", "Frames sent to provoke answers.", self.sent),
            ("dhcptool_rogue_forgotten", "Servers pushed out of memory by others.", self.forgotten),
            (
                "dhcptool_rogue_frames_lost",
                "Frames lost before they were looked at, and messages in fragments that were given up.",
                self.lost,
            ),
        ] {
            counter(to, name, help, [(ALONE, count)])?;
        }
        for name in ["dhcptool_rogue_written_timestamp_seconds", "dhcptool_rogue_written_seconds"] {
            gauge(to, name, "When this was written.", [(ALONE, seconds(self.now))])?;
        }
        Ok(())
    }
}

fn gauge<L: EncodeLabelSet, V: EncodeGaugeValue>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (L, V)>,
) -> fmt::Result {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    rows.into_iter().try_for_each(|(labels, value)| family.encode_family(&labels)?.encode_gauge(&value))
}

/// `name` without `_total`.
fn counter<L: EncodeLabelSet>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (L, u64)>,
) -> fmt::Result {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Counter)?;
    rows.into_iter().try_for_each(|(labels, value)| {
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)
    })
}

/// `name` without `_info`.
fn info<L: EncodeLabelSet>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = L>,
) -> fmt::Result {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Info)?;
    rows.into_iter().try_for_each(|labels| family.encode_info(&labels))
}

/// Of the epoch, to the millisecond.
fn seconds(time: Timestamp) -> f64 {
    let ms = time.nanoseconds().checked_div(1_000_000).and_then(|ms| u64::try_from(ms).ok());
    Duration::from_millis(ms.unwrap_or(0)).as_secs_f64()
}

fn labels(known: &Known) -> Vec<(&'static str, String)> {
    let key = &known.key;
    let text = |value: Option<String>| value.unwrap_or_default();
    vec![
        ("interface", known.interfaces.first().map(|name| escape_line(name)).unwrap_or_default()),
        ("server_id", text(key.server_id.as_ref().map(ToString::to_string))),
        ("source_ip", text(key.source_ip.map(|ip| ip.to_string()))),
        ("source_mac", text(key.source_mac.map(|mac| mac.to_string()))),
        ("relay", text(key.relay.map(|ip| ip.to_string()))),
        ("vlan", joined(&key.vlans, ".")),
        ("protocol", key.speaks.name().to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::servers::Key;

    fn metrics() -> Metrics {
        let known = Known {
            interfaces: vec!["e\"th\\0\n\u{202e}é".into()],
            key: Key { server_id: Some([10, 0, 0, 1].into()), ..Key::default() },
            status: Status::Rogue,
            reasons: vec![],
            facets: vec![],
            first_seen: Timestamp::new(1, 0),
            last_seen: Timestamp::new(1_700_000_000, 250_000_000),
            present: true,
        };
        Metrics {
            present: Present::of(vec![&known; 300]),
            sent: 64,
            answers: 9,
            forgotten: 0,
            lost: 0,
            expected: vec![("main \"x\" (10.0.0.1)".to_owned(), true), ("ip=10.0.0.2".to_owned(), false)],
            policy_read: Some(PolicyRead { at: Timestamp::new(1_600_000_000, 0), fails: true }),
            latencies: Latencies { counts: [0, 2, 0, 0, 0, 0, 0, 0, 1], sum: Duration::from_millis(6010) },
            changes: [1, 0, 0, 0, 0],
            now: Timestamp::new(1_700_000_001, 0),
        }
    }

    /// What stands in both formats alike.
    #[test]
    fn names_labels_and_values_are_as_promised() {
        let Exposition { text, open_metrics } = metrics().expose();
        for line in [
            "dhcptool_rogue_servers{status=\"rogue\"} 300",
            "dhcptool_rogue_servers_by_protocol{protocol=\"dhcpv4\"} 300",
            "dhcptool_rogue_server_info{interface=\"e\\\"th\\\\0\\\\x0a\\\\u{202e}é\",server_id=\"10.0.0.1\",source_ip=\"\",\
             source_mac=\"\",relay=\"\",vlan=\"\",protocol=\"dhcpv4\",status=\"rogue\"} 1",
            "dhcptool_rogue_server_last_seen_timestamp_seconds{interface=\"e\\\"th\\\\0\\\\x0a\\\\u{202e}é\",server_id=\"10.0.0.1\",\
             source_ip=\"\",source_mac=\"\",relay=\"\",vlan=\"\",protocol=\"dhcpv4\"} 1700000000.25",
            "dhcptool_rogue_server_up{server=\"main \\\"x\\\" (10.0.0.1)\"} 1",
            "dhcptool_rogue_server_up{server=\"ip=10.0.0.2\"} 0",
            "dhcptool_rogue_policy_last_reload_successful 0",
            "dhcptool_rogue_policy_last_reload_success_timestamp_seconds 1600000000.0",
            "dhcptool_rogue_answer_seconds_bucket{le=\"0.001\"} 0",
            "dhcptool_rogue_answer_seconds_bucket{le=\"0.005\"} 2",
            "dhcptool_rogue_answer_seconds_bucket{le=\"+Inf\"} 3",
            "dhcptool_rogue_answer_seconds_sum 6.01",
            "dhcptool_rogue_answer_seconds_count 3",
            concat!("dhcptool_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            "dhcptool_rogue_changes_total{kind=\"new\"} 1",
            "dhcptool_rogue_answers_total 9",
            "dhcptool_rogue_frames_sent_total 64",
            "dhcptool_rogue_forgotten_total 0",
            "dhcptool_rogue_frames_lost_total 0",
            "dhcptool_rogue_written_timestamp_seconds 1700000001.0",
        ] {
            for written in [&text, &open_metrics] {
                assert!(written.lines().any(|one| one == line), "{line}: {written}");
            }
        }
        assert_eq!(text.matches("dhcptool_rogue_server_info{").count(), MAX_SERIES);
    }

    #[test]
    fn each_format_declares_in_its_own_way() {
        let Exposition { text, open_metrics } = metrics().expose();
        let of = |start: &str, text: &str| text.lines().filter(|line| line.starts_with(start)).count();
        for (line, other) in [
            ("# TYPE dhcptool_rogue_server_info gauge", "# TYPE dhcptool_rogue_server info"),
            ("# TYPE dhcptool_build_info gauge", "# TYPE dhcptool_build info"),
            ("# TYPE dhcptool_rogue_answers_total counter", "# TYPE dhcptool_rogue_answers counter"),
            (
                "# TYPE dhcptool_rogue_answer_seconds histogram",
                "# TYPE dhcptool_rogue_answer_seconds histogram",
            ),
            (
                "dhcptool_rogue_answer_seconds_bucket{le=\"1\"} 2",
                "dhcptool_rogue_answer_seconds_bucket{le=\"1.0\"} 2",
            ),
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
            assert!(open_metrics.lines().any(|one| one == other), "{other}: {open_metrics}");
        }
        assert!(open_metrics.ends_with("\n# EOF\n") && !text.contains("# EOF"));
        assert_eq!(of("# TYPE", &text), of("# HELP", &text));
        assert_eq!(of("dhcptool_", &text), of("dhcptool_", &open_metrics));
    }
}
