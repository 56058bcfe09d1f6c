//! Opens the interface, has it examined, and tells the result.

use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;

use super::Args;
use super::checks::checks;
use super::keeper::Keeper;
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::doctor::{Conclusion, DoctorVerdict, Sign};
use crate::analysis::transaction::{Exchange, Server};
use crate::capture::CaptureError;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::gather::Stop;
use crate::engine::drive::Passed;
use crate::engine::v4::examine::{Booted, Plan, Record, RelayView};
use crate::net::host::LEASE_FOLDERS;
use crate::net::linux::{PacketTransport, TransportOptions};
use crate::net::sandbox::Needs;
use crate::net::signals::Signals;
use crate::net::udp::Held6;
use crate::net::{NetError, Transport, TransportEvent, iface};
use crate::output::doctor::{DoctorReport, NotChecked};
use crate::output::json::object::{FindingObject, TransactionObject};
use crate::output::rogue::ServerObject;
use crate::output::{Format, Render as _};
use crate::run::doctor::local::Local;
use crate::run::doctor::six::Six;
use crate::run::doctor::{Examined, Manner, ends_well, examine, without_packets};
use crate::run::segment::Segment;
use crate::time::{Clock as _, Instant, Precision};
use crate::wire::Mac;
use crate::wire::escape::escape_line;
use crate::wire::neighbor::link_local;
use crate::wire::problem::Severity;
use crate::wire::v6::types::CLIENT_PORT;

/// Runs the command.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let mut last = Last::default();
    let stop = Stop::new(args.watch)?;
    let mut local = match until_ready(&mut last, &stop, args, cx)? {
        Ok(local) => local,
        Err(exit) => return Ok(exit),
    };
    let Some(own) = args.mac.or(local.mac) else {
        return Err(Failure::could_not_run(format_args!(
            "cannot use {}: it is not Ethernet; dhcptool interfaces lists those that can be used",
            local.interface
        )));
    };
    // What leads back to this machine sends everything, and nothing leaves.
    let segment = Segment::find(Some(&local.interface))?;
    segment.may_have_servers()?;
    let mut transport = match open(&local.interface) {
        Ok(transport) => transport,
        Err(error) if error.is_refused() => {
            let why = Sign::of("no-right", error.to_string());
            let mut conclusion = without_packets(&local, why);
            conclusion.verdict = DoctorVerdict::Unable;
            tell(args, &local, &conclusion, &Seen::default(), cx)?;
            return Ok(if args.nagios { Exit::Code(3) } else { Exit::CouldNotRun });
        }
        Err(error) => return Err(Failure::could_not_run(error)),
    };
    let expected = |path: &std::path::PathBuf| {
        args.confine.apart(&[path.as_path()], cx, || crate::cli::commands::rogue::read_policy(path))
    };
    let policy = args.expect.as_ref().map(expected).transpose()?;
    let (six, lacks) = six(args, &local, own);
    // Answers that nobody here takes in are refused by the kernel, which servers might heed.
    let own_voice = |_: &&Six| !args.watch && !args.passive && args.vlan.is_none() && Some(own) == local.mac;
    let held = six.as_ref().filter(own_voice).and_then(|_| Held6::open(&local.interface, CLIENT_PORT).ok());
    let admitted = || held.as_ref().and_then(Held6::count);
    let manner = Manner { passive: args.passive, listen: args.listen(), policy, six };
    // It names the host, which is not known any more once nothing can be opened.
    let mut plan = plan(args, &local, &segment, own);
    args.confine.give_up(cx)?;
    let mut keeper = args.save.as_deref().map(|path| Keeper::create(path, &local.interface)).transpose()?;
    // A watch looks at the lease files again.
    let read = LEASE_FOLDERS.iter().filter(|_| args.watch).map(std::path::PathBuf::from).collect();
    args.confine.confine(&Needs { read, ..Needs::default() }, cx)?;
    let each = manner.policy.iter().flat_map(|policy| &policy.allowed).map(|allowed| &allowed.identity);
    plan.trusted = each
        .map(|one| {
            let four = |ip: std::net::IpAddr| match ip {
                std::net::IpAddr::V4(ip) => Some(ip),
                std::net::IpAddr::V6(_) => None,
            };
            let address = one.server_id.or(one.address.and_then(four)).or(one.ip.and_then(four));
            (address, one.mac)
        })
        .collect();
    loop {
        let mut examined = if local.is_ready() {
            announce(args, &local, cx);
            let mut keep = |passed: &Passed<'_>| keeper.as_mut().is_none_or(|keeper| keeper.keep(passed));
            Some(examine(&plan, &manner, &local, &mut transport, &cx.clock, &admitted, &mut keep))
        } else {
            None
        };
        let failed = examined.as_mut().and_then(|examined| examined.error.take());
        let stopped = examined.as_ref().is_some_and(|examined| examined.stopped);
        let conclusion = match &examined {
            Some(examined) => examined.conclusion.clone(),
            None => without_packets(&local, None),
        };
        let unkept = keeper.as_mut().and_then(|keeper| keeper.verdict(&conclusion).err());
        let mut exit = exit_of(&conclusion, args);
        // A link may be up again when it is looked at next.
        let failed = failed.filter(|error| !(args.watch && matches!(error, NetError::Down { .. })));
        // To monitoring, what was cut short tells nothing.
        if args.nagios
            && let Some(cut) = cut_short(unkept.as_ref(), failed.as_ref(), stopped)
        {
            return cut;
        }
        if last.is_news(&conclusion) || !args.watch {
            let saved = keeper.as_ref().map(|keeper| (keeper.name.clone(), keeper.frames));
            let macs = std::iter::once(own).chain(plan.second).collect();
            let seen = Seen { examined, saved, client_id: plan.client_id.clone(), macs, lacks };
            exit = tell(args, &local, &conclusion, &seen, cx)?;
        }
        if let Some(cut) = cut_short(unkept.as_ref(), failed.as_ref(), stopped) {
            return cut;
        }
        if !args.watch {
            return Ok(exit);
        }
        if wait(&mut transport, &stop, cx, args)? {
            return Ok(Exit::Good);
        }
        local.look_again(now(cx))?;
        plan.held = held_addresses(&local);
        (plan.client_id, plan.old_address) = remembered(args, &local, own);
    }
}

/// What an examination ends with that was cut short: the record could not be kept, the network refused, or the user stopped it.
/// None where it was not.
fn cut_short(unkept: Option<&CaptureError>, failed: Option<&NetError>, stopped: bool) -> Option<Outcome> {
    match (unkept, failed) {
        (Some(error), _) => Some(Err(error.into())),
        (None, Some(error)) => Some(Err(Failure::could_not_run(error))),
        (None, None) => stopped.then_some(Ok(Exit::Interrupted)),
    }
}

/// The interface, once frames can pass; else what it ends with: only a watch waits for that.
fn until_ready(
    last: &mut Last,
    stop: &Stop,
    args: &Args,
    cx: &mut Context,
) -> Result<Result<Local, Exit>, Failure> {
    let mut local = Local::look(args.interface.as_deref(), now(cx))?;
    while !local.is_ready() {
        let conclusion = without_packets(&local, None);
        let mut exit = exit_of(&conclusion, args);
        if last.is_news(&conclusion) {
            exit = tell(args, &local, &conclusion, &Seen::default(), cx)?;
        }
        if !args.watch {
            return Ok(Err(exit));
        }
        if pause(stop, cx.clock.now().after(args.interval), cx) {
            return Ok(Err(Exit::Good));
        }
        local = Local::look(Some(&local.interface), now(cx))?;
    }
    Ok(Ok(local))
}

/// What was told last: a watch tells changes only.
#[derive(Default)]
struct Last(Option<(DoctorVerdict, Vec<&'static str>)>);

impl Last {
    /// True when this is another conclusion than the one before.
    fn is_news(&mut self, conclusion: &Conclusion) -> bool {
        let codes = conclusion.cause.iter().chain(&conclusion.also).map(|sign| sign.code).collect();
        let this = Some((conclusion.verdict, codes));
        let news = self.0 != this;
        self.0 = this;
        news
    }
}

/// Seconds since 1970.
fn now(cx: &Context) -> Option<u64> {
    u64::try_from(cx.clock.time().nanoseconds()).ok().map(|now| now / 1_000_000_000)
}

/// Says what an examination does and how long it may take.
fn announce(args: &Args, local: &Local, cx: &Context) {
    if cx.shows_progress() {
        let name = escape_line(&local.interface);
        cx.note(&if args.passive {
            format!("listening on {name} for {}", humantime::format_duration(args.listen()))
        } else {
            let longest = args.listen().max(Duration::from_secs(20)).as_secs();
            format!("examining {name}; this takes up to {longest} seconds")
        });
    }
}

/// Waits for the next examination; true when the user stopped it. A link that goes down meanwhile is for that to tell.
fn wait(transport: &mut PacketTransport, stop: &Stop, cx: &Context, args: &Args) -> Result<bool, Failure> {
    let until = cx.clock.now().after(args.interval);
    loop {
        match transport.wait(Some(until)) {
            Ok(TransportEvent::Timeout) => return Ok(false),
            Ok(TransportEvent::Interrupted) => return Ok(true),
            Ok(TransportEvent::Frame(received)) if received.at >= until => return Ok(false),
            Ok(TransportEvent::Frame(_)) => {}
            Err(NetError::Down { .. }) => return Ok(pause(stop, until, cx)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Lets time pass where nothing can be heard; true when the user stopped it.
fn pause(stop: &Stop, until: Instant, cx: &Context) -> bool {
    const NAP: Duration = Duration::from_millis(100);
    loop {
        if stop.arrived().is_some() {
            return true;
        }
        let left = u64::try_from(until.since(cx.clock.now())).unwrap_or(0);
        if left == 0 {
            return false;
        }
        Stop::pause(Duration::from_nanos(left).min(NAP));
    }
}

fn open(name: &str) -> Result<PacketTransport, NetError> {
    let all = iface::interfaces()?;
    let interface = iface::choose(&all, Some(name))?;
    let signals = Signals::termination()?;
    PacketTransport::open(
        interface,
        &TransportOptions { filter: None, promiscuous: true, signals: Some(Rc::new(signals)) },
    )
}

/// The client identifier and the address that this host asks with: those of the lease that a client of it remembers.
fn remembered(args: &Args, local: &Local, mac: Mac) -> (Option<Vec<u8>>, Option<Ipv4Addr>) {
    let lease = local.old_lease.as_ref().filter(|_| args.mac.is_none());
    let by_mac = || std::iter::once(1).chain(mac.0).collect();
    let client_id = lease.and_then(|lease| lease.client_id.clone()).unwrap_or_else(by_mac);
    (Some(client_id), args.ip.or_else(|| lease.and_then(|lease| lease.address)))
}

fn plan(args: &Args, local: &Local, segment: &Segment, mac: Mac) -> Plan {
    let mut rng = Rng::new();
    let mut second = [0; 6];
    rng.fill(&mut second);
    // Locally administered, not a group.
    second[0] = (second[0] & 0xfc) | 2;
    let (client_id, old_address) = remembered(args, local, mac);
    let tags = args.vlan.map_or_else(Vec::new, |id| crate::wire::frame::build::tags(&[id]));
    Plan {
        second: (!args.no_second_mac).then_some(Mac(second)),
        client_id,
        hostname: std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .map(|name| name.trim().as_bytes().to_vec())
            .filter(|name| !name.is_empty()),
        tags,
        pxe: args.pxe,
        old_address,
        quick: args.quick,
        relay: args.via.zip(args.server).map(|(giaddr, server)| {
            // The way on which the other commands ask it.
            RelayView { giaddr, server, hop: segment.route(server).next_hop }
        }),
        held: held_addresses(local),
        ..Plan::new(mac, [rng.u32(1..), rng.u32(1..), rng.u32(1..)])
    }
}

/// The addresses that this host has.
fn held_addresses(local: &Local) -> Vec<Ipv4Addr> {
    local.addresses.iter().map(|(address, _)| *address).collect()
}

/// What came of an examination, where there was one.
#[derive(Default)]
struct Seen {
    examined: Option<Examined>,
    saved: Option<(String, u64)>,
    client_id: Option<Vec<u8>>,
    /// The hardware addresses that asked.
    macs: Vec<Mac>,
    /// Why nothing was asked about IPv6.
    lacks: Option<&'static str>,
}

/// Who asks about IPv6; else why nobody does.
fn six(args: &Args, local: &Local, mac: Mac) -> (Option<Six>, Option<&'static str>) {
    let Ok(segment) = Segment::find(Some(&local.interface)).map(Segment::settled) else {
        return (None, Some("the interface is gone"));
    };
    let vlans: Vec<u16> = args.vlan.into_iter().collect();
    // The kernel answers for its own address alone, and untagged.
    if args.vlan.is_some() || local.mac != Some(mac) {
        return (Some(Six::new(mac, link_local(mac), vlans, Rng::new()).foreign()), None);
    }
    match segment.link_local {
        Some(address) => (Some(Six::new(mac, address, vlans, Rng::new())), None),
        None => (None, segment.lacks_link_local()),
    }
}

fn tell(args: &Args, local: &Local, conclusion: &Conclusion, seen: &Seen, cx: &mut Context) -> Outcome {
    let empty = Record::default();
    let examined = seen.examined.as_ref();
    let record = examined.map_or(&empty, |examined| &examined.record);
    let report = DoctorReport {
        interface: &local.interface,
        mac: args.mac.or(local.mac),
        client_id: seen.client_id.as_deref(),
        address: local.addresses.first().map(|(addr, _)| *addr),
        manager: local.clients.first().map(String::as_str),
        head: head(local, examined),
        conclusion,
        record,
        excluded: excluded(local, conclusion, examined),
        not_checked: not_checked(args, local, record, seen.lacks),
        checks: checks(local, conclusion, examined),
        servers: examined.map(servers).unwrap_or_default(),
        listened: examined.filter(|_| args.passive).map(listened),
        transactions: examined.map(transactions).unwrap_or_default(),
        findings: examined.map(findings).unwrap_or_default(),
        saved: seen.saved.clone(),
        elapsed_ms: examined.map_or(0.0, |examined| examined.took.as_secs_f64() * 1000.0),
        own: examined.map(|examined| own(examined, &seen.macs)).unwrap_or_default(),
        verbose: cx.common.verbose,
        explain: args.explain,
    };
    if args.nagios {
        cx.out.write(line(conclusion, &report).as_bytes())?;
    } else if cx.format() == Format::Text && cx.common.quiet {
        let code = conclusion
            .cause
            .as_ref()
            .map_or_else(|| conclusion.verdict.name().to_owned(), |sign| sign.code.to_owned());
        cx.out.write(format!("{code}\n").as_bytes())?;
    } else {
        let bytes = report.render(cx.format(), cx.out.look());
        cx.out.write(&bytes)?;
    }
    Ok(exit_of(conclusion, args))
}

fn exit_of(conclusion: &Conclusion, args: &Args) -> Exit {
    if args.nagios {
        return Exit::Code(exit_of_plugin(conclusion));
    }
    match conclusion.verdict {
        DoctorVerdict::Healthy => Exit::Good,
        DoctorVerdict::Problem | DoctorVerdict::Unclear => Exit::Bad,
        DoctorVerdict::Unable => Exit::CouldNotRun,
    }
}

/// One line in the manner of monitoring plugins.
fn line(conclusion: &Conclusion, report: &DoctorReport<'_>) -> String {
    let state = match exit_of_plugin(conclusion) {
        0 => "OK",
        1 => "WARNING",
        2 => "CRITICAL",
        _ => "UNKNOWN",
    };
    let text = match &conclusion.cause {
        Some(cause) => format!("{}: {}", cause.code, cause.summary),
        None => match conclusion.verdict {
            DoctorVerdict::Healthy => report.works(),
            DoctorVerdict::Unclear => "no lease was had, and nothing says why".to_owned(),
            DoctorVerdict::Problem | DoctorVerdict::Unable => "it could not be looked".to_owned(),
        },
    };
    let offer = report
        .record
        .own
        .took()
        .map_or(String::new(), |took| format!(" | offer={:.6}s;;;0", took.as_secs_f64()));
    // A bar would begin the performance data.
    format!("DHCP DOCTOR {state} - {}{offer}\n", escape_line(&text).replace('|', "/"))
}

/// The exit code of a monitoring plugin.
fn exit_of_plugin(conclusion: &Conclusion) -> u8 {
    match (conclusion.verdict, &conclusion.cause) {
        (DoctorVerdict::Healthy, _) => 0,
        (DoctorVerdict::Problem, Some(sign)) if sign.severity == Severity::Error => 2,
        (DoctorVerdict::Problem | DoctorVerdict::Unclear, _) => 1,
        (DoctorVerdict::Unable, _) => 3,
    }
}

fn head(local: &Local, examined: Option<&Examined>) -> Vec<String> {
    let mac = local.mac.map_or(String::new(), |mac| format!("  {mac}"));
    let state = match (local.up, local.carrier) {
        (false, _) => "down",
        (true, false) => "up, no carrier",
        (true, true) => "up",
    };
    let address = match local.addresses.first() {
        Some((addr, length)) => format!(", {addr}/{length}"),
        None => ", no address".to_owned(),
    };
    let manager = local.clients.first().map_or(String::new(), |client| format!(", {client} holds it"));
    let mut lines = vec![escape_line(&format!("{}{mac}  {state}{address}{manager}", local.interface))];
    if let Some(examined) = examined {
        let servers: std::collections::BTreeSet<_> =
            examined.told.iter().flat_map(|told| told.exchange.servers.iter().map(Server::name)).collect();
        let clients: std::collections::BTreeSet<String> =
            examined.told.iter().filter_map(|told| told.exchange.mac.map(|mac| mac.to_string())).collect();
        let count = |number: usize, what: &str| {
            if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
        };
        lines.push(format!(
            "heard in {:.0} s: {}, {}, {} frames",
            examined.took.as_secs_f64(),
            count(servers.len(), "server"),
            count(clients.len(), "client"),
            examined.frames
        ));
    }
    lines
}

/// Branches in which something would have been said.
fn excluded(local: &Local, conclusion: &Conclusion, examined: Option<&Examined>) -> Vec<&'static str> {
    let said: Vec<&str> = conclusion
        .cause
        .iter()
        .chain(&conclusion.also)
        .chain(&conclusion.notes)
        .map(|sign| sign.code)
        .collect();
    let none = |codes: &[&str]| !codes.iter().any(|code| said.contains(code));
    let mut out = Vec::new();
    let Some(examined) = examined else { return out };
    let record = &examined.record;
    if record.left > 0 && none(&["frames-not-leaving", "port-unauthorised", "slow-start"]) {
        out.push("link");
    }
    let looked = !local.unseen.iter().any(|(check, _)| *check == "firewall");
    if looked && none(&["firewall-hint", "host-drops-replies"]) {
        out.push("local-filter");
    }
    // Only who was answered knows that the server is in this VLAN, and that a relay, if there is one, works.
    let served = examined.told.iter().any(|told| ends_well(told.exchange.outcome));
    let answered = record.own.answers > 0 || record.second.answers > 0 || served;
    if answered && none(&["vlan-seen", "vlan-crossed"]) {
        out.push("vlan");
    }
    let relayed = record.relay_hop.sent == 0 || record.relayed.answers > 0;
    if answered
        && relayed
        && none(&[
            "giaddr-unserved",
            "relay-drops-reply",
            "option-82-not-echoed",
            "relay-loop",
            "option-82-refused",
        ])
    {
        out.push("relay");
    }
    if record.own.answers > 0
        && record.offers.len() <= 1
        && none(&["servers-disagree", "several-servers", "nak-by-other-server", "ack-by-other-server"])
    {
        out.push("second-server");
    }
    if record.probes > 0 && none(&["address-conflict", "proxy-arp", "duplicate-address"]) {
        out.push("conflict");
    }
    out
}

fn not_checked(args: &Args, local: &Local, record: &Record, lacks: Option<&str>) -> Vec<NotChecked> {
    let mut out: Vec<NotChecked> = local
        .unseen
        .iter()
        .map(|(check, why)| NotChecked { check: (*check).to_owned(), why: why.clone() })
        .collect();
    let mut skip =
        |check: &str, why: &str| out.push(NotChecked { check: check.to_owned(), why: why.to_owned() });
    if let Some(why) = lacks {
        skip("IPv6", why);
    }
    if args.passive {
        skip("offers, lease, address, gateway, name servers, renewal", "--passive");
        return out;
    }
    if record.ack.is_none() {
        skip("address, gateway, name servers, renewal", "no lease was had");
    } else if args.quick {
        skip("renewal", "--quick");
    }
    if args.quick || args.no_second_mac {
        skip("a second hardware address", if args.quick { "--quick" } else { "--no-second-mac" });
    }
    match &record.boot {
        Some(Booted { unread: Some(why), .. }) => skip("the boot file", why),
        None if args.pxe.is_some() && record.ack.is_none() => skip("the boot file", "no lease was had"),
        _ => {}
    }
    if args.via.is_some() && record.relayed.sent == 0 {
        skip("the relay's view", "nobody answers ARP on the way to --server");
    }
    out
}

/// What came of listening alone, in a sentence.
fn listened(examined: &Examined) -> String {
    let seconds = examined.took.as_secs();
    match examined.told.iter().filter(|told| ends_well(told.exchange.outcome)).count() {
        0 => format!("nobody came by an address in {seconds} s, and nothing is wrong with what was heard"),
        1 => format!(
            "one client came by its address, or kept it, in {seconds} s; nothing is wrong with what was heard"
        ),
        many => format!(
            "{many} times a client came by its address, or kept it, in {seconds} s; nothing is wrong with what was heard"
        ),
    }
}

fn servers(examined: &Examined) -> Vec<ServerObject<'_>> {
    let each = examined.servers.iter();
    each.map(|(server, judgement)| ServerObject::new(server, judgement, Precision::Nano)).collect()
}

fn transactions(examined: &Examined) -> Vec<TransactionObject> {
    let each = examined.told.iter().zip(1..);
    each.map(|(told, number)| TransactionObject::new(&told.exchange, number, &told.problems)).collect()
}

/// The transactions of `macs`, numbered as all are.
fn own<'a>(examined: &'a Examined, macs: &[Mac]) -> Vec<(u64, &'a Exchange, &'a [Diagnosis])> {
    let is_own =
        |exchange: &Exchange| exchange.mac.and_then(|mac| mac.mac()).is_some_and(|mac| macs.contains(&mac));
    let each = examined.told.iter().zip(1..).filter(|(told, _)| is_own(&told.exchange));
    each.map(|(told, number)| (number, &*told.exchange, told.problems.as_slice())).collect()
}

fn findings(examined: &Examined) -> Vec<FindingObject> {
    examined.findings.iter().map(FindingObject::new).collect()
}
