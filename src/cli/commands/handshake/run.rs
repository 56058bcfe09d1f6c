//! From flags to plans, from plans to a report.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::progress::Progress;
use super::{Args, milli};
use crate::cli::context::{self, Context};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::sender;
use crate::cli::session;
use crate::cli::text;
use crate::engine::load::template::{
    ADDRESS_MARK, CIRCUIT_MARK, MAC_MARK, RELAY_MARK, SERVER_MAC_MARK, SERVER_MARK, XID_MARK,
};
use crate::engine::load::{After, Kind, Macs, Pace, Plan, Rate, Search, Tally, Template, Templates};
use crate::engine::{Draft, OptionEdit, Recipe, Route, State};
use crate::net::sandbox::Needs;
use crate::net::signals::Signals;
use crate::net::{NetError, route, udp};
use crate::output::Render as _;
use crate::output::handshake::{About, Exchanged, Found, Run, Try, plugin};
use crate::run::lanes::files::{Files, Paths};
use crate::run::lanes::{self, News, Setup};
use crate::run::segment::Segment;
use crate::stats::delay::float;
use crate::time::Clock as _;
use crate::wire::Mac;
use crate::wire::v4::Xid;

/// More clients need `--load`.
const QUIET_CLIENTS: u32 = 50;
/// More handshakes per second need `--load`.
const QUIET_RATE: u64 = 100;
/// Clients under `--load` unless told otherwise.
const LOAD_CLIENTS: u32 = 10_000;
/// Faster than this the kernel's copies of what was sent cost too much, per second.
const KERNEL_STAMP_RATE: u64 = 20_000;
/// How long to wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(4);
/// How long to wait in a search, where slow answers are failures anyway.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(1);
/// Length of a run with a rate and no other end.
const RATED_RUN: Duration = Duration::from_secs(10);
/// Length of a step of a search.
const STEP: Duration = Duration::from_secs(2);
/// The first rate of a search, per second.
const FIRST_RATE: f64 = 50.0;
/// The highest rate of a search, per second.
const LAST_RATE: f64 = 1e6;
/// Leases that are listed on the screen.
const LISTED: usize = 20;

/// Runs the command.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.sender.is_six() {
        return Err(Failure::usage("handshake speaks DHCPv4 alone so far; leave out -6"));
    }
    args.sender.refuse_six()?;
    args.sender.check_write(&args.mac_list.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let macs = macs(args, seed, cx)?;
    protect(args, &macs)?;
    let relay = args.sender.giaddr().and(args.sender.server());
    if !args.sender.giaddrs().is_empty() && relay.is_none() {
        return Err(Failure::usage("--giaddr needs --server: whom a relay would ask"));
    }
    let found = match relay {
        Some(server) => Segment::towards(args.interface.as_deref(), server),
        None => Segment::find(args.interface.as_deref()),
    };
    let segment = sender::unless_dry(found, args.interface.as_deref(), &args.sender)?;
    let drafts = drafts(args, segment.as_ref())?;
    for draft in &drafts {
        args.sender.judge(draft, segment.as_ref(), &Context::new(quiet(cx)))?;
    }
    let Some(segment) = session::unless_shown(segment, &drafts, &args.sender, cx)? else {
        return Ok(Exit::Good);
    };
    if relay.is_none() {
        segment.may_have_servers()?;
    }
    let signals = Signals::termination().map_err(Failure::could_not_run)?;
    let own_mac = segment.mac.ok_or_else(|| {
        Failure::could_not_run(format_args!("{} is not Ethernet: it has no MAC address", segment.name))
    })?;
    // Many networks and servers know the card alone, and one client needs no other.
    let single = macs.len() == 1 && args.mac_list.is_none() && !args.sender.has_mac();
    let macs = if single { Macs::List([own_mac].into()) } else { macs };
    let lives =
        segment.addresses.iter().any(|address| !address.0.is_link_local() && !address.0.is_loopback());
    if single && lives {
        cx.note(&format!(
            "asking as {own_mac}, the card's own address: should {} have a lease of this server, it is given back with the rest; \
             --mac asks as somebody else",
            segment.name
        ));
    }
    let reply_port = drafts.first().map_or(68, |draft| Recipe::reply_port(&draft.message));
    let server_port = drafts.first().map_or(67, |draft| draft.envelope.dst_port);
    let next_hop = match relay {
        Some(server) => Some(router(&segment, own_mac, segment.route(server).next_hop, args, &signals)?),
        None => None,
    };
    let hold = (reply_port == 67).then(|| udp::hold(67)).transpose().map_err(Failure::could_not_run)?;
    let mut plan = plan(args, macs, &drafts, next_hop, seed)?;
    plan.stands_for =
        foreign(&plan.relays, &segment.addresses).into_iter().map(|address| (address, own_mac)).collect();
    let setup = Setup {
        interface: segment.name.clone(),
        threads: args.threads.min(plan.macs.len()).max(1),
        port: reply_port,
        server_port,
        kernel_stamps: args.sender.write.is_some() || expected_rate(args) <= KERNEL_STAMP_RATE,
        each: args.each || is_ping(args) && !cx.common.json && !args.nagios.is_on(),
        frames: args.sender.write.is_some(),
        confined: args.sender.confine.is_wanted(),
    };
    // Before the lanes are there, which inherit it.
    crate::net::privilege::close_bounding_set().map_err(Failure::could_not_run)?;
    let (files, memory) = (RefCell::new(None), context::Memory::open());
    let (tally, found, failed) = if args.find_rate {
        let (tally, found) = find(args, &plan, &setup, &signals, &files, cx)?;
        (tally, found, None)
    } else {
        let (tally, failed) = once(args, &plan, &setup, &signals, &files, cx)?;
        (tally, None, failed)
    };
    drop(hold);
    let about = About {
        interface: &segment.name,
        obstacle: (!segment.link.carrier).then_some("the interface has no carrier: is the cable plugged in?"),
        server: args.sender.server().map(|server| server.to_string()),
        seed,
        threads: setup.threads,
        asked_rate: args.rate.map(|rate| float(rate) / 1000.0),
        keep: args.keep,
        peak_memory: memory.peak(),
        found,
    };
    finish(args, &tally, &about, files.into_inner(), failed, cx)
}

/// Which of `addresses` are not among `own`.
fn foreign(addresses: &[Ipv4Addr], own: &[(Ipv4Addr, u8)]) -> Vec<Ipv4Addr> {
    addresses.iter().copied().filter(|addr| !own.iter().any(|(own, _)| own == addr)).collect()
}

/// Flags for judging a draft full of marks: what is odd about the marks is no news.
fn quiet(cx: &Context) -> crate::cli::flags::common::CommonArgs {
    crate::cli::flags::common::CommonArgs { quiet: true, ..cx.common.clone() }
}

/// True when it behaves like ping: no schedule of its own, a line for each handshake.
fn is_ping(args: &Args) -> bool {
    args.rate.is_none() && !args.find_rate && !args.load
}

/// How many exchanges per second to expect at most.
fn expected_rate(args: &Args) -> u64 {
    match args.rate {
        _ if args.find_rate => u64::MAX,
        Some(rate) => rate.div_ceil(1000),
        None if args.interval.is_zero() && args.max_in_flight.unwrap_or(1) > 8 => u64::MAX,
        None if args.interval.is_zero() => QUIET_RATE,
        None => u64::try_from(1_000_000_000_u128.checked_div(args.interval.as_nanos()).unwrap_or(0))
            .unwrap_or(u64::MAX),
    }
}

/// Reads one MAC per line; what follows # is a remark.
fn read_macs(path: &Path) -> Result<Macs, Failure> {
    let text = text::read(path, text::MOST)
        .map_err(|error| Failure::could_not_run(format_args!("cannot read {}: {error}", path.display())))?;
    let mut list = Vec::new();
    for (line, number) in text.lines().zip(1_u32..) {
        let line = line.split('#').next().unwrap_or("").trim();
        if !line.is_empty() {
            let mac: Mac = line
                .parse()
                .map_err(|error| Failure::usage(format_args!("{} line {number}: {error}", path.display())))?;
            list.push(mac);
        }
    }
    let mut sorted = list.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(Failure::usage(format_args!("{} names a MAC twice", path.display())));
    }
    if list.is_empty() {
        return Err(Failure::usage(format_args!("{} holds no MAC", path.display())));
    }
    Ok(Macs::List(list.into()))
}

fn macs(args: &Args, seed: u64, cx: &Context) -> Result<Macs, Failure> {
    if let Some(path) = &args.mac_list {
        return args.sender.confine.apart(&[path.as_path()], cx, || read_macs(path));
    }
    if args.sender.has_mac() {
        if args.clients.is_some_and(|clients| clients > 1) {
            return Err(Failure::usage("--mac names one client; use --mac-list for several"));
        }
        let recipe = args.sender.recipe(Mac::ZERO, None, &mut fastrand::Rng::with_seed(seed))?;
        return Ok(Macs::List([recipe.mac].into()));
    }
    let usual = if args.rate.is_none() && !args.find_rate {
        args.max_in_flight.unwrap_or(1)
    } else if args.load {
        LOAD_CLIENTS
    } else {
        QUIET_CLIENTS
    };
    Ok(Macs::made(seed, args.clients.unwrap_or(usual)))
}

/// Keeps a number too many from becoming an outage.
fn protect(args: &Args, macs: &Macs) -> Result<(), Failure> {
    if args.load {
        return Ok(());
    }
    if macs.len() > QUIET_CLIENTS {
        return Err(Failure::usage(format_args!(
            "{} clients may empty the pool of a real network; add --load if that is meant (up to {QUIET_CLIENTS} go without)",
            macs.len()
        )));
    }
    let few = args.count.is_some_and(|count| count <= QUIET_RATE)
        || args.count.is_none() && args.duration.is_none();
    let fast = match args.rate {
        Some(rate) => rate > QUIET_RATE.saturating_mul(1000) && !args.find_rate,
        None => args.interval < Duration::from_millis(10) && !few,
    };
    if fast {
        return Err(Failure::usage(format_args!(
            "more than {QUIET_RATE} handshakes per second may overwhelm a real server; add --load if that is meant"
        )));
    }
    Ok(())
}

/// Messages full of marks: DISCOVER, the five requests, RELEASE.
fn drafts(args: &Args, segment: Option<&Segment>) -> Result<Vec<Draft>, Failure> {
    let own = args.sender.recipe(MAC_MARK, None, &mut fastrand::Rng::new())?;
    let mut recipe = Recipe { mac: MAC_MARK, xid: Xid(XID_MARK), ..own };
    if recipe.overrides.xid.is_some() || recipe.overrides.chaddr.is_some() {
        return Err(Failure::usage(
            "--xid and --chaddr cannot be the same for every handshake; answers could not be told apart",
        ));
    }
    let server = Route { server: SERVER_MARK, next_hop: SERVER_MARK };
    if let Some(remote) = args.sender.server().filter(|_| args.sender.giaddr().is_some()) {
        recipe.overrides.giaddr = Some(RELAY_MARK);
        recipe.relay =
            Some(segment.map_or(Route { server: remote, next_hop: remote }, |segment| segment.route(remote)));
        if recipe.overrides.src_mac.is_none() {
            recipe.overrides.src_mac = segment.and_then(|segment| segment.mac);
        }
    }
    if args.option_82 {
        let len = u8::try_from(CIRCUIT_MARK.len()).unwrap_or(0);
        let data = [&[1, len], CIRCUIT_MARK.as_slice()].concat();
        recipe.overrides.options.push(OptionEdit { code: 82, data });
    }
    let mut drafts = vec![recipe.discover(0, args.sender.ip())];
    for state in [State::Selecting, State::InitReboot, State::Renewing, State::Rebinding] {
        drafts.push(recipe.request(state, 0, ADDRESS_MARK, Some(server)));
    }
    drafts.push(recipe.inform(0, ADDRESS_MARK, None));
    drafts.push(recipe.release(ADDRESS_MARK, server));
    for draft in &mut drafts {
        if draft.next_hop.is_some() && !args.sender.dry_run {
            draft.envelope.dst_mac = SERVER_MAC_MARK;
        }
    }
    if args.sender.dry_run {
        drafts.truncate(2);
    }
    Ok(drafts)
}

/// The MAC on the way to a server behind a router.
fn router(
    segment: &Segment,
    own: Mac,
    hop: Ipv4Addr,
    args: &Args,
    signals: &Signals,
) -> Result<Mac, Failure> {
    let index = route::to(hop).map(|way| way.index);
    if let Ok(index) = index
        && let Ok(Some(known)) = route::neighbour(index, hop)
        && let Some(mac) = known.mac()
    {
        return Ok(mac);
    }
    let sender = segment.addresses.first().map(|(addr, _)| *addr).or(args.sender.giaddr());
    let sender = sender.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let found = lanes::resolve(&segment.name, own, sender, hop, signals).map_err(Failure::could_not_run)?;
    found.ok_or_else(|| {
        Failure::could_not_run(format_args!(
            "nobody on {} answers ARP for {hop}, which is on the way to the server; is --server right?",
            segment.name
        ))
    })
}

fn plan(
    args: &Args,
    macs: Macs,
    drafts: &[Draft],
    next_hop: Option<Mac>,
    seed: u64,
) -> Result<Plan, Failure> {
    let templates: Vec<Template> = drafts.iter().map(Template::new).collect();
    let [discover, selecting, init_reboot, renew, rebind, inform, release] =
        <[Template; 7]>::try_from(templates).map_err(|_| Failure::could_not_run("a message is missing"))?;
    if !discover.tells_clients_apart() || !selecting.tells_clients_apart() {
        return Err(Failure::usage("a field that tells clients apart (MAC, xid) was set by hand"));
    }
    let mix: Vec<(Kind, u32)> = [
        (Kind::Handshake, args.full),
        (Kind::Renew, args.renew),
        (Kind::Rebind, args.rebind),
        (Kind::InitReboot, args.init_reboot),
        (Kind::Inform, args.inform),
        (Kind::Release, args.release),
    ]
    .into_iter()
    .filter(|(_, weight)| *weight > 0)
    .collect();
    let after = if args.keep {
        After::Keep
    } else if args.hold || mix.iter().any(|(kind, _)| *kind != Kind::Handshake) {
        After::Hold
    } else {
        After::Release
    };
    let answer_arp = mix.iter().any(|(kind, _)| matches!(kind, Kind::Renew | Kind::Rebind | Kind::Inform));
    let clients = macs.len();
    let rated = args.rate.is_some() || args.find_rate;
    let count = args.count.or((!rated && args.duration.is_none()).then_some(4));
    let duration =
        args.duration.or((rated && count.is_none()).then_some(if args.find_rate { STEP } else { RATED_RUN }));
    let usual = if args.find_rate { SEARCH_TIMEOUT } else { TIMEOUT };
    let retries = args.sender.retries.unwrap_or(u32::from(is_ping(args)));
    let first = args.sender.timeout.unwrap_or(usual);
    let timeouts = (0..=retries.min(16))
        .map(|attempt| first.saturating_mul(1_u32.wrapping_shl(attempt.min(4))))
        .collect();
    let in_flight = args.max_in_flight.unwrap_or(if rated { clients.min(1 << 20) } else { 1 });
    Ok(Plan {
        templates: Templates { discover, selecting, init_reboot, renew, rebind, inform, release },
        macs,
        relays: args.sender.giaddrs().to_vec(),
        next_hop,
        pace: Pace {
            rate: args.rate.map_or(Rate::Closed(args.interval), Rate::Open),
            ramp: args.ramp,
            count,
            duration,
        },
        max_in_flight: usize::try_from(in_flight).unwrap_or(1),
        timeouts,
        server: args.sender.server(),
        after,
        mix,
        seed,
        watch_checks: is_ping(args) || args.each,
        answer_arp,
        stands_for: Vec::new(),
    })
}

/// One run; the first one opens the files.
fn once(
    args: &Args,
    plan: &Plan,
    setup: &Setup,
    signals: &Signals,
    files: &RefCell<Option<Files>>,
    cx: &mut Context,
) -> Result<(Tally, Option<Failure>), Failure> {
    let mut failed: Option<Failure> = None;
    let line = RefCell::new(Progress::new(cx));
    let aside = Context::new(cx.common.clone());
    let (format, clocks) = (cx.format(), cx.clock.moment());
    let (out, start) = (&mut cx.out, context::cpu_time());
    let mut news = |news: News| {
        let told = match news {
            News::Finished(list) => {
                line.borrow_mut().clear();
                let color = out.color();
                let told = |finished| Exchanged { finished, clocks }.render(format, color);
                out.write(&list.iter().flat_map(told).collect::<Vec<u8>>())
            }
            News::Frames(frames) => match &mut *files.borrow_mut() {
                Some(files) => frames
                    .iter()
                    .try_for_each(|(time, sent, frame)| files.frame(*time, *sent, frame, &setup.interface))
                    .map_err(Failure::from),
                None => Ok(()),
            },
        };
        failed = told.err();
        failed.is_none()
    };
    // A search opens new sockets for every step: there only the lanes give up what they had.
    let mut refused = None;
    let mut opened_all = || {
        let confine = &args.sender.confine;
        let give_up =
            || if args.find_rate { confine.give_up_but_network(&aside) } else { confine.give_up(&aside) };
        let opened = give_up().and_then(|()| {
            let mut files = files.borrow_mut();
            if files.is_none() {
                *files = Some(Files::open(&Paths {
                    frames: args.sender.write.as_deref(),
                    histogram: args.histogram.as_deref(),
                    leases: args.write_leases.as_deref(),
                })?);
            }
            if args.find_rate { Ok(()) } else { confine.confine_thread(&Needs::default(), &aside) }
        });
        opened.map_err(|failure| {
            refused = Some(failure);
            NetError::io("begin", "the run", std::io::Error::other("refused"))
        })
    };
    let tally = lanes::run(plan, setup, signals, &mut opened_all, &mut news, &mut |board| {
        line.borrow_mut().draw(board);
    });
    line.borrow_mut().clear();
    if let Some(failure) = refused {
        return Err(failure);
    }
    let mut tally = tally.map_err(explain)?;
    tally.cpu = context::cpu_time().saturating_sub(start);
    Ok((tally, failed))
}

fn explain(error: NetError) -> Failure {
    Failure::could_not_run(error)
}

/// Searches the highest rate.
fn find(
    args: &Args,
    plan: &Plan,
    setup: &Setup,
    signals: &Signals,
    files: &RefCell<Option<Files>>,
    cx: &mut Context,
) -> Result<(Tally, Option<Found>), Failure> {
    let ceiling = match args.rate {
        Some(rate) => float(rate) / 1000.0,
        None if args.load => LAST_RATE,
        None => float(QUIET_RATE),
    };
    let mut search = Search::new(FIRST_RATE.min(ceiling), ceiling);
    let mut best = Tally::default();
    let mut found = Found { rate_per_s: None, limited_by: None, steps: Vec::new() };
    let mut number = 0_u64;
    while let Some(rate) = search.next() {
        let mut step = plan.clone();
        step.pace.rate = Rate::Open(milli(rate).max(1));
        // Slow rates need longer until there is anything to count.
        let enough = Duration::from_secs_f64((20.0 / rate).min(20.0));
        step.pace.duration = Some(plan.pace.duration.unwrap_or(STEP).max(enough));
        step.seed = plan.seed.wrapping_add(number);
        number = number.saturating_add(1);
        let kernel_stamps = setup.kernel_stamps || milli(rate) <= KERNEL_STAMP_RATE.saturating_mul(1000);
        let (tally, failed) =
            once(args, &step, &Setup { kernel_stamps, ..setup.clone() }, signals, files, cx)?;
        if let Some(failure) = failed {
            return Err(failure);
        }
        if tally.stopped || tally.broken.is_some() {
            best.stopped = tally.stopped;
            best.broken = tally.broken;
            best.leases.extend(tally.leases);
            break;
        }
        let broken = args.slo.broken(|figure| tally.figure(figure));
        let summary = tally.delays.scheduled.summary();
        let tried = Try {
            rate_per_s: rate,
            sustained: broken.is_none(),
            loss: tally.loss(),
            p99_ms: summary.map(|summary| summary.p99),
            broken: broken.map(|limit| limit.to_string()),
        };
        if !cx.common.json {
            let p99 = tried.p99_ms.map_or_else(|| "-".to_owned(), |p99| format!("{p99:.3} ms"));
            let verdict = tried
                .broken
                .as_ref()
                .map_or_else(|| "sustained".to_owned(), |limit| format!("breaks {limit}"));
            cx.note(&format!("{rate:>10.1}/s  p99 {p99}  loss {:.3}%  {verdict}", tried.loss * 100.0));
        }
        search.tell(tried.sustained);
        if tried.sustained && search.found() == Some(rate) {
            best = tally;
        } else if !tried.sustained {
            found.limited_by.clone_from(&tried.broken);
        }
        found.steps.push(tried);
    }
    found.rate_per_s = search.found();
    if search.is_at_ceiling() {
        found.limited_by = None;
    }
    Ok((best, Some(found)))
}

/// The report, the files, the exit code.
fn finish(
    args: &Args,
    tally: &Tally,
    about: &About<'_>,
    files: Option<Files>,
    failed: Option<Failure>,
    cx: &mut Context,
) -> Outcome {
    let shown = if failed.is_some() || args.nagios.is_on() {
        Ok(())
    } else {
        cx.show(&Run { tally, about, terminal: cx.out.is_terminal() })
    };
    // The files are written whatever happened before.
    let kept = files.map_or(Ok(()), |files| files.finish(tally, cx.clock.moment()).map_err(Failure::from));
    if args.nagios.is_on() && failed.is_none() && tally.broken.is_none() {
        kept?;
        let exit = if tally.stopped { Exit::Interrupted } else { Exit::Good };
        return NagiosArgs::conclude(&plugin(tally, &args.nagios.thresholds()), exit, cx);
    }
    tell_of_troubles(args, tally, about, cx);
    if let Some(failure) = failed {
        return Err(failure);
    }
    shown.and(kept)?;
    if let Some(error) = &tally.broken {
        return Err(Failure::could_not_run(error));
    }
    let good = match &about.found {
        Some(found) => found.rate_per_s.is_some(),
        None => tally.is_good(),
    };
    Ok(match good {
        _ if tally.stopped => Exit::Interrupted,
        true => Exit::Good,
        false => Exit::Bad,
    })
}

/// What stood in the way, what happened to leases, and whose word did not count.
fn tell_of_troubles(args: &Args, tally: &Tally, about: &About<'_>, cx: &Context) {
    let counters = &tally.counters;
    if tally.dips > 0 {
        cx.warn("the link went down meanwhile; what was sent or answered then is lost");
    }
    if counters.bad_checksums > 0 {
        cx.warn(&format!(
            "clients will not accept {} of the answers: their UDP checksum is wrong",
            counters.bad_checksums
        ));
    }
    if let (0, Some(why)) = (counters.completed(), about.obstacle) {
        cx.warn(why);
    }
    if counters.other_naks > 0 {
        cx.warn(&format!(
            "{} refusals came from servers that were not chosen; they do not count",
            counters.other_naks
        ));
    }
    if counters.other_acks > 0 {
        cx.warn(&format!("{} leases were bound by servers that were not chosen", counters.other_acks));
    }
    if counters.released_again > 0 && counters.retransmitted > 0 {
        cx.note("messages were lost: every RELEASE was sent three times, for it has no answer");
    }
    if !args.keep && !tally.leases.is_empty() {
        let where_to =
            args.write_leases.as_ref().map_or_else(String::new, |path| format!(" (in {})", path.display()));
        cx.warn(&format!("{} leases were not given back{where_to}", tally.leases.len()));
        for lease in tally.leases.iter().take(LISTED) {
            cx.note(&format!("  {} {} from {}", lease.mac, lease.address, lease.server));
        }
        if tally.leases.len() > LISTED {
            cx.note("  and more; --write-leases FILE keeps them all");
        }
    }
}
