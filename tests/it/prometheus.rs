//! What `rogue` writes for Prometheus, and what is shipped for it, before Prometheus' own checker.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::lab::{lab, skip};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

/// The metrics of a segment with a rogue server, as soon as it is found.
fn metrics() -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dhcp.prom");
    let script = format!(
        "dhcptool rogue eth0 --watch --allow 10.0.0.1 --prometheus {0} >/dev/null & watch=$!
         until grep -q 'status=\"rogue\"}} 1' {0} 2>/dev/null; do kill -0 $watch || exit 9; sleep 0.1; done
         kill -TERM $watch; wait $watch",
        path.display()
    );
    let output = lab("--servers 2", &["timeout", "60", "sh", "-c", &script])?;
    assert!(output.status.code().is_some_and(|code| code != 9 && code != 124), "{output:?}");
    Some(fs::read_to_string(path).unwrap())
}

/// Names of metrics in `text`.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("dhcptool_")).map(str::to_owned).collect()
}

/// Runs promtool; `None`, and the reason said, where it is missing.
fn promtool(words: &[&str], input: Stdio) -> Option<(bool, String)> {
    match Command::new("promtool").args(words).stdin(input).output() {
        Ok(output) => {
            let told = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&told).into_owned()))
        }
        Err(error) => {
            skip(&format!("promtool (package prometheus): {error}"));
            None
        }
    }
}

#[test]
fn promtool_takes_the_metrics_and_the_rules() {
    let Some(text) = metrics() else { return };
    assert!(text.contains("dhcptool_rogue_servers{status=\"rogue\"} 1\n"), "{text}");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &text).unwrap();
    let Some((good, told)) = promtool(&["check", "metrics"], file.reopen().unwrap().into()) else { return };
    assert!(good && told.trim().is_empty(), "{told}{text}");
    // It would have told.
    fs::write(file.path(), text.replacen("} 1", "} one", 1)).unwrap();
    let (good, told) = promtool(&["check", "metrics"], file.reopen().unwrap().into()).unwrap();
    assert!(!good || !told.trim().is_empty());

    let rules = shipped("prometheus/dhcptool.rules.yml");
    let (good, told) = promtool(&["check", "rules", rules.to_str().unwrap()], Stdio::null()).unwrap();
    assert!(good && told.contains("SUCCESS: 6 rules found"), "{told}");
}

/// Alerts fire on what is written when they should, and not on a good segment.
#[test]
fn the_rules_fire_when_they_should() {
    let folder = tempfile::tempdir().unwrap();
    let tests = folder.path().join("rules.test.yml");
    let rules = shipped("prometheus/dhcptool.rules.yml");
    let text = format!(
        r#"
rule_files: [{}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'dhcptool_rogue_servers{{instance="a", status="rogue"}}', values: '0 1 1'}}
      - {{series: 'dhcptool_rogue_servers{{instance="a", status="allowed"}}', values: '1 1 1'}}
      - {{series: 'dhcptool_rogue_servers_by_protocol{{instance="a", protocol="dhcpv4"}}', values: '1x8'}}
      - {{series: 'dhcptool_rogue_servers_by_protocol{{instance="b", protocol="dhcpv4"}}', values: '0x8'}}
      - {{series: 'dhcptool_rogue_servers_by_protocol{{instance="b", protocol="dhcpv6"}}', values: '0x8'}}
      - {{series: 'dhcptool_rogue_servers_by_protocol{{instance="b", protocol="ra"}}', values: '1x8'}}
      - {{series: 'dhcptool_rogue_server_up{{instance="a", server="10.0.0.1"}}', values: '1 1 0x6'}}
      - {{series: 'dhcptool_rogue_server_up{{instance="a", server="10.0.0.2"}}', values: '1x8'}}
      - {{series: 'dhcptool_rogue_policy_last_reload_successful{{instance="a"}}', values: '1 0 1'}}
      - {{series: 'dhcptool_rogue_frames_lost_total{{instance="a"}}', values: '0 0 0'}}
      - {{series: 'dhcptool_rogue_written_seconds{{instance="file"}}', values: '0 60x15'}}
      - {{series: 'dhcptool_rogue_written_seconds{{instance="served"}}', values: '0 60 stale'}}
      - {{series: 'dhcptool_rogue_written_seconds{{instance="well"}}', values: '0+60x15'}}
    alert_rule_test:
      - {{eval_time: 0m, alertname: RogueDhcpServer}}
      - {{eval_time: 0m, alertname: DhcpPolicyNotRead}}
      - {{eval_time: 2m, alertname: DhcpPolicyNotRead}}
      - eval_time: 1m
        alertname: DhcpPolicyNotRead
        exp_alerts:
          - exp_labels: {{severity: warning, instance: a}}
            exp_annotations:
              summary: dhcptool on a cannot read its policy and judges by an older one
      - {{eval_time: 0m, alertname: DhcpWatchLosesFrames}}
      - {{eval_time: 4m, alertname: NoDhcpServer}}
      - eval_time: 1m
        alertname: RogueDhcpServer
        exp_alerts:
          - exp_labels: {{severity: critical, instance: a, status: rogue}}
            exp_annotations:
              summary: 1 DHCP server(s) on a that the policy does not allow
              description: 'dhcptool_rogue_server_info{{status="rogue"}} names them: address, MAC, VLAN.'
      - eval_time: 6m
        alertname: NoDhcpServer
        exp_alerts:
          - exp_labels: {{severity: critical, instance: b}}
            exp_annotations:
              summary: No DHCP server answers on the network of b
      - {{eval_time: 6m, alertname: DhcpServerSilent}}
      - eval_time: 7m
        alertname: DhcpServerSilent
        exp_alerts:
          - exp_labels: {{severity: warning, instance: a, server: 10.0.0.1}}
            exp_annotations:
              summary: DHCP server 10.0.0.1 of the policy is silent on a
      - {{eval_time: 11m, alertname: DhcpWatchStopped}}
      - eval_time: 12m
        alertname: DhcpWatchStopped
        exp_alerts:
          - exp_labels: {{severity: warning, instance: file}}
            exp_annotations:
              summary: dhcptool on file has not written for ten minutes
          - exp_labels: {{severity: warning, instance: served}}
            exp_annotations:
              summary: dhcptool on served has not written for ten minutes
"#,
        rules.display()
    );
    fs::write(&tests, text).unwrap();
    let Some((good, told)) = promtool(&["test", "rules", tests.to_str().unwrap()], Stdio::null()) else {
        return;
    };
    assert!(good, "{told}");
}

/// What the rules and the dashboard ask for is what is written.
#[test]
fn shipped_files_name_metrics_that_there_are() {
    let Some(text) = metrics() else { return };
    let written = names(&text);
    for name in ["prometheus/dhcptool.rules.yml", "grafana/dhcptool.json"] {
        let asked = names(&fs::read_to_string(shipped(name)).unwrap());
        let missing: Vec<_> = asked.difference(&written).collect();
        assert!(asked.len() > 3 && missing.is_empty(), "{name}: {missing:?}");
    }
    let board = fs::read_to_string(shipped("grafana/dhcptool.json")).unwrap();
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    assert!(board["panels"].as_array().is_some_and(|panels| !panels.is_empty()));
}
