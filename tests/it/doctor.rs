//! Every fault of the lab is found by the doctor, and nothing is found where there is none: over a cable and a clock of the
//! test's own, so that twenty seconds take none.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use dhcptool::analysis::doctor::DoctorVerdict;
use dhcptool::analysis::findings6::is_code;
use dhcptool::analysis::servers::Policy;
use dhcptool::capture::{CaptureFormat, FrameOut, Writer};
use dhcptool::engine::pair::Pair;
use dhcptool::engine::v4::examine::{Fetched, Plan, RelayView};
use dhcptool::lab::faults::{FAULTS, FAULTS6, Faulty, NearEnd, by_name};
use dhcptool::lab::scene::{Edit, Scene, Trouble};
use dhcptool::run::doctor::local::Local;
use dhcptool::run::doctor::six::{Heard6, Six};
use dhcptool::run::doctor::{Examined, Keep, Manner, examine, without_packets};
use dhcptool::time::{Instant, Precision};
use dhcptool::wire::Mac;
use dhcptool::wire::frame::Direction;
use dhcptool::wire::frame::build::tags;
use dhcptool::wire::neighbor::link_local;
use dhcptool::wire::problem::Severity;

use super::support::far_end::OfLab;
#[cfg(feature = "live")]
use super::support::lab::{is_refused, lab_command};

const NEAR: Mac = Mac([2, 0, 0, 0, 1, 0]);

fn plan(seed: u32) -> Plan {
    Plan {
        second: Some(Mac([0x5a, 0x17, 3, 4, 5, u8::try_from(seed & 0xff).unwrap()])),
        client_id: Some(vec![1, 2, 0, 0, 0, 1, 0]),
        hostname: Some(b"testee".to_vec()),
        ..Plan::new(NEAR, [0x1000_0001, 0x2000_0001, 0x3000_0001].map(|xid| xid ^ (seed << 8)))
    }
}

/// How this fault is to be asked.
fn plan_for(fault: &str) -> Plan {
    let tags = if fault == "vlan-crossed" { tags(&[20]) } else { Vec::new() };
    let boots = by_name(fault).is_some_and(|fault| fault.what.contains("--pxe"));
    let old_address = (fault == "stale-lease").then(|| [192, 168, 7, 7].into());
    Plan { tags, pxe: boots.then_some(7), old_address, ..plan(1) }
}

/// What is known of the host beside it.
fn local_for(fault: &str) -> Local {
    let clients = if fault == "host-drops-replies" { vec!["udhcpc".to_owned()] } else { Vec::new() };
    Local { clients, ..local() }
}

fn local() -> Local {
    Local { interface: "eth0".into(), mac: Some(NEAR), up: true, carrier: true, ..Local::default() }
}

fn run(lab: Faulty, plan: &Plan) -> Examined {
    run_on(lab, plan, &Manner::default(), &local(), &mut |_| true)
}

fn run_on(lab: Faulty, plan: &Plan, manner: &Manner, local: &Local, keep: &mut Keep<'_>) -> Examined {
    run_over(lab, plan, manner, local, keep, None)
}

/// The same over a link that is down from the one until the other.
fn run_over(
    lab: Faulty,
    plan: &Plan,
    manner: &Manner,
    local: &Local,
    keep: &mut Keep<'_>,
    dip: Option<[Instant; 2]>,
) -> Examined {
    let mut scene = Scene::new(lab.settings, lab.plan);
    // The network lives before the doctor comes.
    let start = Instant::new(5, 0);
    scene.start(start);
    let mut pair = Pair::new(start.after(Duration::from_millis(300)), OfLab(scene));
    pair.dip = dip;
    pair.mute = lab.near == Some(NearEnd::Drops);
    let clock = pair.clock.clone();
    examine(plan, manner, local, &mut pair, &clock, &|| None, keep)
}

/// What stands as a cause or beside it.
fn codes(examined: &Examined) -> Vec<&'static str> {
    let conclusion = &examined.conclusion;
    conclusion.cause.iter().chain(&conclusion.also).map(|sign| sign.code).collect()
}

/// Errors and warnings.
fn alarms(examined: &Examined) -> Vec<&'static str> {
    let conclusion = &examined.conclusion;
    let all = conclusion.cause.iter().chain(&conclusion.also);
    all.filter(|sign| sign.severity != Severity::Note).map(|sign| sign.code).collect()
}

fn notes(examined: &Examined) -> Vec<&'static str> {
    examined.conclusion.notes.iter().map(|sign| sign.code).collect()
}

fn lab(fault: &str, argument: Option<&str>) -> Faulty {
    let mut lab = Faulty::default();
    by_name(fault).unwrap().apply(&mut lab, argument, NEAR).unwrap();
    lab
}

#[test]
fn every_fault_is_named_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for fault in FAULTS.iter().filter(|fault| !fault.codes.is_empty()) {
        let lab = lab(fault.name, None);
        if let Some(near @ (NearEnd::LinkDown | NearEnd::NoCarrier)) = lab.near {
            let local = Local { up: near == NearEnd::NoCarrier, carrier: false, ..local() };
            let conclusion = without_packets(&local, None);
            assert_eq!(conclusion.cause.unwrap().code, fault.codes[0]);
            continue;
        }
        let manner = Manner::default();
        let examined = run_on(lab, &plan_for(fault.name), &manner, &local_for(fault.name), &mut |_| true);
        let said = codes(&examined);
        let missing: Vec<_> = fault.codes.iter().filter(|code| !said.contains(code)).collect();
        let beyond: Vec<_> =
            alarms(&examined).into_iter().filter(|code| !fault.codes.contains(code)).collect();
        if !missing.is_empty() || !beyond.is_empty() || examined.took > Duration::from_secs(20) {
            wrong.push(format!(
                "{}: missing {missing:?}, beyond {beyond:?}, notes {:?}, {:?}",
                fault.name,
                notes(&examined),
                examined.took
            ));
        }
        let record = &examined.record;
        assert!(record.ack.is_none() || record.released > 0, "{} keeps its lease", fault.name);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn name_servers_are_asked_once_where_they_answer() {
    let mut lab = Faulty::default();
    lab.settings.servers = 2;
    let both = Edit::With(6, vec![10, 0, 0, 1, 10, 0, 0, 2]);
    lab.plan.troubles.push(Trouble::Reply(both));
    let examined = run(lab, &plan(1));
    let servers = &examined.record.name_servers;
    assert_eq!(servers.len(), 2);
    for server in servers {
        let times = (server.arp.sent, server.question.sent, server.question.answers);
        assert_eq!(times, (1, 1, 1), "{}", server.address);
    }
    assert!(!codes(&examined).contains(&"lossy"));
}

#[test]
fn who_does_not_answer_arp_on_the_way_to_a_server_is_told() {
    let view = |last: u8, hop: u8| RelayView {
        giaddr: [10, 0, 0, 77].into(),
        server: [10, 0, 0, last].into(),
        hop: [10, 0, 0, hop].into(),
    };
    for (relay, wanted) in
        [(view(88, 88), vec!["server-silent"]), (view(88, 99), vec!["gateway-silent"]), (view(1, 1), vec![])]
    {
        let examined = run(Faulty::default(), &Plan { relay: Some(relay), ..plan(1) });
        assert_eq!(alarms(&examined), wanted, "{relay:?}");
        assert_eq!(examined.record.relayed_offers.len(), usize::from(wanted.is_empty()), "{relay:?}");
    }
}

#[test]
fn the_healthy_are_left_in_peace() {
    let healthy: Vec<(&str, Faulty)> = vec![
        ("plain", Faulty::default()),
        ("two servers", with(|lab| lab.settings.servers = 2)),
        ("relay", with(|lab| lab.settings.relay = true)),
        (
            "check by ARP",
            with(|lab| {
                lab.settings.slow_check = Some(dhcptool::lab::settings::AddressCheck::Arp);
                lab.settings.check_time = Duration::from_millis(500);
            }),
        ),
        (
            "duplicates",
            with(|lab| {
                lab.settings.duplicate = 20.0;
                lab.settings.reorder = 20.0;
            }),
        ),
        ("host route", lab("host-route", None)),
        ("crowd", lab("crowd", None)),
        ("pxe", lab("pxe", None)),
        ("pxe-http", lab("pxe-http", None)),
        ("pxe-proxy", lab("pxe-proxy", None)),
        (
            "loss",
            with(|lab| {
                lab.settings.loss = 10.0;
                lab.settings.seed = 3;
            }),
        ),
        ("proxyDHCP", with(|lab| lab.settings.rogue = Some(dhcptool::lab::settings::RogueKind::Pxe))),
    ];
    let mut wrong = Vec::new();
    for (name, lab) in healthy {
        let pxe = name.starts_with("pxe").then_some(7);
        let examined = run(lab, &Plan { pxe, ..plan(7) });
        if pxe.is_some() {
            let booted = examined.record.boot.as_ref().unwrap();
            assert_eq!(booted.fetched, Some(Fetched::There), "{name}: {booted:?}");
        }
        if !alarms(&examined).is_empty() || examined.record.ack.is_none() {
            wrong.push(format!("{name}: {:?} {:?}", codes(&examined), examined.conclusion.cause));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same host, which speaks IPv6 too.
fn dual() -> Manner {
    let six = Six::new(NEAR, link_local(NEAR), Vec::new(), fastrand::Rng::with_seed(6));
    Manner { six: Some(six), ..Manner::default() }
}

fn run_dual(lab: Faulty, plan: &Plan, local: &Local) -> Examined {
    run_on(lab, plan, &dual(), local, &mut |_| true)
}

/// The network speaks IPv6 too, as it should.
fn spoken(mut lab: Faulty) -> Faulty {
    lab.settings.six.get_or_insert_default();
    lab
}

#[test]
fn every_fault_of_ipv6_is_named_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for fault in FAULTS6 {
        let examined = run_dual(lab(fault.name, None), &plan(1), &local());
        let said = codes(&examined);
        let missing: Vec<_> = fault.codes.iter().filter(|code| !said.contains(code)).collect();
        let beyond: Vec<_> =
            alarms(&examined).into_iter().filter(|code| !fault.codes.contains(code)).collect();
        if !missing.is_empty() || !beyond.is_empty() || examined.took > Duration::from_secs(20) {
            wrong
                .push(format!("{}: missing {missing:?}, beyond {beyond:?}, {:?}", fault.name, examined.took));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ipv6_that_works_or_is_not_there_is_left_in_peace() {
    let silent = run_dual(Faulty::default(), &plan(1), &local());
    assert_eq!((silent.conclusion.verdict, codes(&silent)), (DoctorVerdict::Healthy, vec![]));
    assert_eq!(silent.six, Some(Heard6 { routers: 0, servers: 0 }));
    let works = run_dual(spoken(Faulty::default()), &plan(1), &local());
    assert_eq!((works.conclusion.verdict, alarms(&works)), (DoctorVerdict::Healthy, vec![]));
    assert_eq!(works.six, Some(Heard6 { routers: 1, servers: 1 }));
    // It takes no longer than without.
    assert_eq!(works.took, run(Faulty::default(), &plan(1)).took.max(Duration::from_millis(4500)));
}

#[test]
fn what_is_wrong_with_ipv4_is_told_as_before_where_ipv6_works() {
    let mut wrong = Vec::new();
    for fault in FAULTS.iter().filter(|fault| !fault.codes.is_empty()) {
        let lab = || lab(fault.name, None);
        if lab().near.is_some_and(|near| matches!(near, NearEnd::LinkDown | NearEnd::NoCarrier)) {
            continue;
        }
        let (plan, local) = (plan_for(fault.name), local_for(fault.name));
        let alone = run_on(lab(), &plan, &Manner::default(), &local, &mut |_| true);
        let beside = run_dual(spoken(lab()), &plan, &local);
        // What a server is told to do wrong, it may do wrong in both.
        let mut four = alarms(&beside);
        four.retain(|code| !is_code(code));
        let first = |examined: &Examined| examined.conclusion.cause.as_ref().map(|sign| sign.code);
        if alarms(&alone) != four || first(&alone).is_some_and(|code| first(&beside) != Some(code)) {
            wrong.push(format!("{}: {:?} {:?}", fault.name, alarms(&alone), alarms(&beside)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A server that is heard behind its relay and past it says the same twice, and is named once.
#[test]
fn who_disagrees_is_named_once() {
    let mut lab = lab("rogue", None);
    lab.settings.relay = true;
    let examined = run(lab, &plan(1));
    let cause = examined.conclusion.cause.as_ref().expect("a cause");
    assert_eq!(cause.code, "servers-disagree");
    let named = |name: &str| cause.evidence.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!((named("10.0.0.66 "), named("172.16.0.1 ")), (1, 1), "{:?}", cause.evidence);
}

#[test]
fn a_server_is_asked_as_a_relay_would() {
    let relay =
        RelayView { giaddr: [10, 0, 0, 200].into(), server: [10, 0, 0, 1].into(), hop: [10, 0, 0, 1].into() };
    let plan = Plan { relay: Some(relay), ..plan(1) };
    let good = run(Faulty::default(), &plan);
    assert_eq!(alarms(&good), Vec::<&str>::new());
    let offer = good.record.relayed_offers.first().expect("an offer to the relay");
    assert_eq!(offer.message.giaddr, relay.giaddr);
    let silent = run(lab("no-pool-for-relay", None), &plan);
    assert!(codes(&silent).contains(&"giaddr-unserved"), "{:?}", codes(&silent));
    assert!(silent.record.relayed.is_silent() && silent.record.relayed.sent >= 3);
}

/// The tenth of the healthy: the host holds its lease, its client runs, and the server has that address for it alone.
#[test]
fn a_host_that_holds_its_lease_is_healthy_and_keeps_it() {
    let held = run(Faulty::default(), &plan(1)).record.ack.unwrap().message.yiaddr;
    let local = Local {
        clients: vec!["systemd-network".into()],
        addresses: vec![(held, 8)],
        default_route: true,
        ..local()
    };
    let plan = Plan { held: vec![held], ..plan(1) };
    let examined = run_on(Faulty::default(), &plan, &Manner::default(), &local, &mut |_| true);
    assert_eq!(alarms(&examined), Vec::<&str>::new());
    assert_eq!(examined.conclusion.verdict, DoctorVerdict::Healthy);
    assert_eq!(examined.record.ack.unwrap().message.yiaddr, held);
    assert!(examined.record.kept && examined.record.released == 0, "the host's own lease was given back");
}

#[test]
fn who_sends_nothing_hears_what_others_go_through() {
    let listen = |fault: Option<&str>, seconds| {
        let lab = fault.map_or_else(Faulty::default, |fault| lab(fault, None));
        let manner = Manner { passive: true, listen: Duration::from_secs(seconds), ..Manner::default() };
        run_on(lab, &plan(1), &manner, &local(), &mut |passed| {
            assert!(!passed.outgoing, "something was sent");
            true
        })
    };
    let quiet = listen(None, 20);
    assert_eq!((quiet.conclusion.verdict, quiet.took), (DoctorVerdict::Unclear, Duration::from_secs(20)));
    let crowd = listen(Some("crowd"), 20);
    assert_eq!(crowd.conclusion.verdict, DoctorVerdict::Healthy, "{:?}", crowd.conclusion.cause);
    for fault in ["pool-empty", "starved", "clones", "bad-checksum"] {
        let wanted = by_name(fault).unwrap().codes[0];
        let heard = listen(Some(fault), 30);
        assert!(codes(&heard).contains(&wanted), "{fault}: {:?}", codes(&heard));
    }
}

#[test]
fn it_listens_on_after_it_asked() {
    let manner = Manner { listen: Duration::from_mins(1), ..Manner::default() };
    let examined = run_on(Faulty::default(), &plan(1), &manner, &local(), &mut |_| true);
    assert_eq!(
        (examined.conclusion.verdict, examined.took),
        (DoctorVerdict::Healthy, Duration::from_mins(1))
    );
}

#[test]
fn servers_are_judged_by_what_is_expected() {
    let policy = |text: &str| Policy::from_toml(text).unwrap();
    let expect = |fault: Option<&str>, text: &str| {
        let lab = fault.map_or_else(Faulty::default, |fault| lab(fault, None));
        let policy = policy(text);
        let four = |ip: std::net::IpAddr| match ip {
            std::net::IpAddr::V4(ip) => Some(ip),
            std::net::IpAddr::V6(_) => None,
        };
        let trusted = policy
            .allowed
            .iter()
            .map(|one| (one.identity.address.and_then(four), one.identity.mac))
            .collect();
        let plan = Plan { trusted, ..plan(1) };
        let manner = Manner { policy: Some(policy), ..Manner::default() };
        run_on(lab, &plan, &manner, &local(), &mut |_| true)
    };
    let good = expect(None, "[[server]]\naddress = \"10.0.0.1\"\n");
    assert_eq!(good.conclusion.verdict, DoctorVerdict::Healthy, "{:?}", good.conclusion.cause);
    let rogue = expect(Some("rogue"), "[[server]]\naddress = \"10.0.0.1\"\n");
    assert!(alarms(&rogue) == ["unknown-server"], "{:?}", alarms(&rogue));
    assert_eq!(rogue.record.ack.unwrap().server().to_string(), "10.0.0.1");
    // Whose offer is taken is who may be there.
    let other = expect(Some("rogue"), "[[server]]\naddress = \"10.0.0.66\"\n");
    assert_eq!(other.record.ack.unwrap().server().to_string(), "10.0.0.66");
    let missing = "[[server]]\naddress = \"10.0.0.1\"\n[[server]]\naddress = \"10.0.0.9\"\n";
    let examined = expect(None, missing);
    assert_eq!(examined.conclusion.verdict, DoctorVerdict::Healthy, "{:?}", examined.conclusion.cause);
    assert!(notes(&examined).contains(&"server-silent"), "{:?}", notes(&examined));
}

#[test]
fn a_quick_look_believes_silence_too() {
    let plan = Plan { quick: true, ..plan(1) };
    let examined = run(lab("silent", None), &plan);
    assert_eq!(codes(&examined), ["no-answer"]);
    assert!(alarms(&run(Faulty::default(), &plan)).is_empty());
}

#[test]
fn loss_is_no_fault() {
    let mut wrong = Vec::new();
    for seed in 1..=50 {
        let lab = with(|lab| {
            lab.settings.loss = 10.0;
            lab.settings.seed = u64::from(seed);
        });
        let dual = run_dual(spoken(lab.clone()), &plan(seed), &local());
        for examined in [run(lab, &plan(seed)), dual] {
            if !alarms(&examined).is_empty() {
                wrong.push(format!("seed {seed}: {:?}", examined.conclusion.cause));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of 100:\n{}", wrong.len(), wrong.join("\n"));
}

fn with(change: impl FnOnce(&mut Faulty)) -> Faulty {
    let mut lab = Faulty::default();
    change(&mut lab);
    lab
}

/// What `--save` would hold.
fn saved(lab: Faulty, plan: &Plan, path: &Path) -> Examined {
    let mut writer = Writer::new("test", Vec::new(), CaptureFormat::PcapNg);
    let examined = run_on(lab, plan, &Manner::default(), &local(), &mut |passed| {
        let frame = FrameOut {
            time: Some(passed.time),
            precision: Precision::Nano,
            link: passed.link_type,
            interface: Some("eth0"),
            data: passed.frame,
            original_len: u32::try_from(passed.original_len).unwrap(),
            comment: None,
            direction: Some(if passed.outgoing { Direction::Out } else { Direction::In }),
        };
        writer.write(&frame).is_ok()
    });
    std::fs::write(path, writer.finish().unwrap()).unwrap();
    examined
}

/// The codes that `decode --lint` has for what was saved, notes left out.
fn lint(path: &Path) -> BTreeSet<String> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dhcptool"))
        .args(["decode", "--lint", "--json"])
        .arg(path)
        .output()
        .unwrap();
    let mut said = BTreeSet::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let problems = object["problems"].as_array().into_iter().flatten();
        let each = std::iter::once(&object).chain(problems);
        said.extend(each.filter(|one| one["code"].is_string()).filter_map(|one| {
            let code = one["code"].as_str().map(str::to_owned);
            code.filter(|_| one["severity"] != "note" || one["code"] == "mac-churn")
        }));
    }
    said
}

#[test]
fn what_was_saved_tells_the_fault_again() {
    // What takes more than DHCP messages to know, and what these tell of it.
    let less: &[(&str, &[&str])] = &[
        ("silent", &["no-answer"]),
        ("wrong-vlan", &["no-answer"]),
        ("unauthorised", &["no-answer"]),
        // A client and a stranger are two clients to a reader, one of whom is unlucky.
        ("mac-refused", &[]),
        ("port-security", &[]),
        // No DECLINE follows what doctor finds by ARP, and it does not use what is taken: a reader sees one owner.
        ("occupied", &[]),
        ("proxy-arp", &[]),
        // What is asked of routers and name servers is not DHCP, and what is lost is not seen.
        ("router-dead", &[]),
        ("router-twice", &[]),
        ("dns-dead", &[]),
        ("loss", &[]),
        ("boot-file", &[]),
        ("boot-file-http", &[]),
        ("host-drops-replies", &[]),
        ("stale-lease", &[]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for fault in FAULTS.iter().filter(|fault| !fault.codes.is_empty()) {
        let lab = lab(fault.name, None);
        if lab.near.is_some() {
            continue;
        }
        let path = folder.path().join(format!("{}.pcapng", fault.name));
        saved(lab, &plan_for(fault.name), &path);
        let said = lint(&path);
        let wanted =
            less.iter().find(|(name, _)| *name == fault.name).map_or(fault.codes, |(_, codes)| codes);
        if wanted.iter().any(|code| !said.contains(*code)) {
            wrong.push(format!("{}: {wanted:?} wanted, said {said:?}", fault.name));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let path = folder.path().join("healthy.pcapng");
    saved(Faulty::default(), &plan(1), &path);
    assert_eq!(lint(&path), BTreeSet::new());
}

/// A port that flaps is what a doctor is called for: it says so, and what it took it gives back once the link is up again.
#[test]
fn a_link_that_dips_is_the_finding_and_ends_nothing() {
    let healthy = run(Faulty::default(), &plan(1));
    let acked = healthy.record.ack.as_ref().unwrap().at;
    let released = healthy.record.released;
    for (from, length) in [(1_000_000, 1000), (1_000_000, 100), (-9_000_000, 50)] {
        let from = Instant(acked.0 + from);
        let dip = Some([from, from.after(Duration::from_millis(length))]);
        let examined =
            run_over(Faulty::default(), &plan(1), &Manner::default(), &local(), &mut |_| true, dip);
        let cause = examined.conclusion.cause.as_ref().unwrap();
        assert_eq!(cause.code, "link-down", "{dip:?}");
        assert!(cause.summary.contains("went down once"), "{}", cause.summary);
        assert!(examined.error.is_none() && examined.record.ack.is_some(), "{dip:?}");
        assert_eq!(examined.record.released, released, "{dip:?}");
    }
}

/// A link that goes down is told and looked at again, also when it is down from the beginning.
#[cfg(feature = "live")]
#[test]
fn a_watch_outlives_a_link_that_goes_down() {
    let script = "
        told() { until [ $(wc -l <out) -ge $1 ]; do kill -0 $pid || { cat err; exit 9; }; sleep 0.05; done; }
        ip link set eth0 down || exit 8
        dhcptool doctor eth0 --watch --passive --listen 1s --interval 1s -q >out 2>err & pid=$!
        told 1; ip link set eth0 up
        told 2; ip link set eth0 down
        told 3; ip link set eth0 up
        told 4; kill $pid; wait $pid; cat out";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("out"), "").unwrap();
    let output = lab_command("", &["sh", "-c", script]).current_dir(folder.path()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    if is_refused(output.status.code(), &err) {
        return;
    }
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!((lines.len(), output.status.code()), (4, Some(0)), "{told}{err}");
    assert_eq!((lines[0], lines[2]), ("link-down", "link-down"), "{told}");
    assert!(lines[1] != "link-down" && lines[1] == lines[3], "{told}");
}

/// A client that gets or loses a lease while it is watched is noticed: the lease files are looked at in every round.
#[cfg(feature = "live")]
#[test]
fn a_watch_looks_at_lease_files_again() {
    let script = "
        told() { until [ $(wc -l <out) -ge $1 ]; do kill -0 $pid || { cat err; exit 9; }; sleep 0.05; done; }
        mount -t tmpfs none /var/lib && mkdir /var/lib/dhcp || exit 8
        ip address add 10.0.0.77/24 dev eth0 || exit 7
        dhcptool doctor eth0 --watch --passive --listen 1s --interval 1s -q >out 2>err & pid=$!
        told 1; printf 'lease {\n interface \"eth0\";\n fixed-address 10.0.0.77;\n}\n' >/var/lib/dhcp/dhclient.leases
        told 2; rm /var/lib/dhcp/dhclient.leases
        told 3; kill $pid; wait $pid; cat out";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("out"), "").unwrap();
    let words = ["unshare", "-m", "timeout", "60", "sh", "-c", script];
    let output = lab_command("", &words).current_dir(folder.path()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    if is_refused(output.status.code(), &err) {
        return;
    }
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!((lines.len(), output.status.code()), (3, Some(0)), "{told}{err}");
    assert!(lines[1] == "no-default-route" && lines[0] == lines[2] && lines[0] != lines[1], "{told}");
}

/// What was asked and answered is drawn for who wants to see it, a stranger's part too; nobody else's.
#[cfg(feature = "live")]
#[test]
fn what_was_done_is_drawn() {
    let told = |script: &str| {
        let folder = tempfile::tempdir().unwrap();
        let output = lab_command("", &["sh", "-c", script]).current_dir(folder.path()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        let seen = std::fs::read(folder.path().join("seen.pcap")).unwrap_or_default();
        (!is_refused(output.status.code(), &err)).then(|| (String::from_utf8(output.stdout).unwrap(), seen))
    };
    let Some((plain, _)) = told("dhcptool doctor eth0 --no-second-mac --listen 1s") else { return };
    assert!(!plain.contains("DISCOVER"), "{plain}");
    let beside_a_neighbour = "
        dhcptool doctor eth0 --listen 1s -v --save seen.pcap & pid=$!
        while kill -0 $pid 2>/dev/null; do
            dhcptool discover eth0 --mac 02:00:00:00:00:77 --first --wait 1s -q >/dev/null 2>&1
        done";
    let (drawn, seen) = told(beside_a_neighbour).unwrap();
    for part in ["─ DISCOVER ─", " OFFER ─", " ACK ─", " RELEASE ─"] {
        assert!(drawn.contains(part), "{part}: {drawn}");
    }
    let titles = drawn.lines().filter(|line| line.starts_with('#'));
    let mut clients: Vec<&str> = titles.filter_map(|line| line.split_whitespace().nth(1)).collect();
    clients.sort_unstable();
    clients.dedup();
    assert!(clients.len() == 2 && clients.contains(&"02:00:00:00:01:00"), "{clients:?}: {drawn}");
    // The neighbour was heard.
    let neighbour = [2, 0, 0, 0, 0, 0x77];
    assert!(seen.windows(6).any(|bytes| bytes == neighbour), "{drawn}");
    assert!(!clients.contains(&"02:00:00:00:00:77"), "{drawn}");
    assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
    assert!(!drawn.contains("\n 9 discover"), "{drawn}");
}

/// What leads back to the machine itself is refused at once, as other commands do: nothing would leave it.
#[cfg(feature = "live")]
#[test]
fn the_loopback_is_refused() {
    let output = lab_command("", &["dhcptool", "doctor", "lo"]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    if is_refused(output.status.code(), &err) && !err.contains("cannot use lo") {
        return;
    }
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("cannot use lo: it leads back to this machine"), "{err}");
}
