use super::*;
use crate::analysis::servers::Reason;
use crate::output::Format;
use crate::output::render::Look;
use crate::time::Timestamp;
use crate::wire::Mac;
use crate::wire::escape::is_hostile;

pub(super) fn server(last: u8) -> Server {
    let mut server = Server {
        interfaces: vec!["eth0".into()],
        key: Key {
            source_ip: Some([10, 0, 0, last].into()),
            source_mac: Some(Mac([2, 0, 0, 0, 0, last])),
            server_id: Some([10, 0, 0, last].into()),
            ..Key::default()
        },
        answers: 3,
        answered: vec!["discover"],
        addresses: vec![[10, 0, 0, 50].into()],
        first_seen: Timestamp::new(1, 5),
        last_seen: Timestamp::new(2, 5),
        ..Server::default()
    };
    server.counts.offers = 3;
    server.offered.routers = vec![[10, 0, 0, last].into()];
    server.offered.domain_name = Some(b"la\x1b[31m\xe2\x80\xaeb|".to_vec());
    server
}

pub(super) fn judged(status: Status) -> Judgement {
    let reasons = match status {
        Status::Rogue => {
            vec![Reason { code: "unknown-server", detail: "10.0.0.66 is on no allow list".into() }]
        }
        _ => vec![],
    };
    Judgement {
        status,
        reasons,
        notes: vec![],
        name: Some("ma\x1bin".into()),
        vendor: Some("AC\x1bME\u{202e}".into()),
    }
}

pub(super) fn with_report<T>(
    statuses: &[Status],
    missing: usize,
    look: impl FnOnce(&RogueReport<'_>) -> T,
) -> T {
    let servers: Vec<Server> = (1..=4).map(server).collect();
    let judged: Vec<_> =
        servers.iter().zip(statuses).map(|(server, status)| (server, judged(*status))).collect();
    let allowed = Allowed {
        identity: Identity { ip: Some([10, 0, 0, 9].into()), ..Identity::default() },
        ..Allowed::default()
    };
    let scan = Scan {
        interfaces: &["eth0".to_owned()],
        sent: 64,
        waited: Some(8_000_500_000),
        precision: Precision::Nano,
        asked: true,
        asked_v4: true,
        kept: &[],
        kept6: &[],
        overlooked: 0,
        lost: 0,
    };
    look(&RogueReport {
        scan: &scan,
        servers: &judged,
        missing: &vec![&allowed; missing],
        required: &[],
        wanted: &[],
        learns: false,
        forgotten: 0,
        answers: 12,
        blind: &[],
    })
}

#[test]
fn the_object_is_the_contracts() {
    let text = with_report(&[Status::Rogue, Status::Allowed], 1, |report| {
        String::from_utf8(report.render(Format::Json, Look::default())).unwrap()
    });
    assert!(text.ends_with("}\n") && !text.trim_end().chars().any(is_hostile), "{text:?}");
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["type"], "rogue");
    assert_eq!(value["verdict"], "rogue");
    assert_eq!(value["interfaces"][0], "eth0");
    assert_eq!(value["missing"][0], "ip=10.0.0.9");
    assert_eq!(value["waited_ms"], 8000.5);
    let server = &value["servers"][0];
    for (name, want) in [
        ("protocol", "dhcpv4"),
        ("server_id", "10.0.0.1"),
        ("source_ip", "10.0.0.1"),
        ("source_mac", "02:00:00:00:00:01"),
        ("vendor", "AC\x1bME\u{202e}"),
        ("interface", "eth0"),
        ("status", "rogue"),
        ("first_seen", "1970-01-01T00:00:01.000000005Z"),
    ] {
        assert_eq!(server[name], want, "{name}");
    }
    assert_eq!(server["reasons"][0], "unknown-server: 10.0.0.66 is on no allow list");
    assert_eq!(server["offered"]["routers"][0], "10.0.0.1");
    assert!(server["offered"]["lease_time"].is_null() && server["relay"].is_null());
}

#[test]
fn nothing_hostile_reaches_a_terminal() {
    with_report(&[Status::Rogue, Status::Allowed, Status::Unjudged], 0, |report| {
        let mut out = Styled::new(false);
        report.text(&mut out);
        assert!(!out.as_str().chars().any(|c| is_hostile(c) && c != '\n'), "{:?}", out.as_str());
        let head = "rogue     10.0.0.1 (ma\\x1bin) at 02:00:00:00:00:01 (AC\\x1bME\\u{202e}) on eth0\n";
        assert!(out.as_str().starts_with(head), "{:?}", out.as_str());
        assert_eq!(
            report.summary(false),
            "1 rogue server, 1 allowed server, 1 server; 12 messages of servers, 64 frames sent, 8.000 s"
        );
    });
}

#[test]
fn several_unjudged_servers_are_pointed_out() {
    // Beside a policy, who is of another protocol is neither allowed nor overlooked.
    let beside = [Status::Allowed, Status::Unjudged];
    let (line, said) = with_report(&beside, 0, |report| (report.summary(true), report.hints(true, false)));
    assert!(line.starts_with("1 allowed server, 1 unjudged; "), "{line}");
    assert_eq!(said, ["1 server is unjudged: nothing in --allow or the policy is about DHCPv4 servers"]);
    let hints = |statuses: &[Status]| with_report(statuses, 0, |report| report.hints(false, false));
    assert!(hints(&[Status::Unjudged]).is_empty());
    let mut twice = [server(1), server(1)];
    for (server, relay) in twice.iter_mut().zip([7, 8]) {
        server.key.relay = Some([10, 0, relay, 1].into());
        server.key.source_mac = Some(Mac([2, 0, 0, 0, 7, relay]));
    }
    let judged: Vec<_> = twice.iter().map(|server| (server, judged(Status::Unjudged))).collect();
    let through_relays =
        with_report(&[], 0, |report| RogueReport { servers: &judged, ..report.clone() }.hints(false, false));
    assert!(through_relays.is_empty());
    assert!(hints(&[Status::Unjudged, Status::Unjudged])[0].starts_with("2 DHCPv4 servers answer here"));
}
