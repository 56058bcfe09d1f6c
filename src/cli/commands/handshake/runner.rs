//! A run of either protocol: its plan, its lanes, the search, the report.

use std::cell::RefCell;
use std::time::Duration;

use super::ladders::Ladders;
use super::progress::Progress;
use super::run::QUIET_RATE;
use super::{Args, milli};
use crate::cli::context::{self, Context};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::flat::{self, RowStream};
use crate::cli::flags::nagios::NagiosArgs;
use crate::engine::load::{After, Family, Finished, Kind, Macs, Pace, Plan, Rate, Search, Tally};
use crate::engine::v4::silence::{Finding, LinkState};
use crate::net::NetError;
use crate::net::sandbox::Needs;
use crate::net::signals::Signals;
use crate::output::flat::columns;
use crate::output::handshake::{About, Exchanged, Found, Run, Told, Try, plugin};
use crate::output::words::counted;
use crate::output::{Format, Render as _, Styled, answers};
use crate::run::lanes::files::{Files, Paths};
use crate::run::lanes::{self, News, Setup};
use crate::run::segment::Segment;
use crate::stats::delay::float;
use crate::time::Clock as _;
use crate::wire::v4::SERVER_PORT;

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
/// How often a message of a handshake may be asked again.
pub(super) const MOST_RETRIES: u32 = 16;
/// Leases that are listed on the screen.
const LISTED: usize = 20;

/// The plan of a run, whatever it speaks.
pub(super) fn plan<F: Family>(args: &Args, family: F, macs: Macs, seed: u64) -> Plan<F> {
    let mix: Vec<(Kind, u32)> = [
        (Kind::Handshake, args.full),
        (Kind::Renew, args.renew),
        (Kind::Rebind, args.rebind),
        (Kind::InitReboot, args.init_reboot.saturating_add(args.confirm)),
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
    let clients = macs.len();
    let rated = args.rate.is_some() || args.find_rate;
    let count = args.count.or((!rated && args.duration.is_none()).then_some(4));
    let duration =
        args.duration.or((rated && count.is_none()).then_some(if args.find_rate { STEP } else { RATED_RUN }));
    let usual = if args.find_rate { SEARCH_TIMEOUT } else { TIMEOUT };
    let retries = args.sender.retries.unwrap_or(u32::from(is_ping(args)));
    let first = args.sender.timeout.unwrap_or(usual);
    let timeouts =
        (0..=retries).map(|attempt| first.saturating_mul(1_u32.wrapping_shl(attempt.min(4)))).collect();
    let in_flight = args.max_in_flight.unwrap_or(if rated { clients.min(1 << 20) } else { 1 });
    Plan {
        family,
        macs,
        pace: Pace {
            rate: args.rate.map_or(Rate::Closed(args.interval), Rate::Open),
            ramp: args.ramp,
            count,
            duration,
        },
        max_in_flight: usize::try_from(in_flight).unwrap_or(1),
        timeouts,
        after,
        mix,
        seed,
        watch_checks: is_ping(args) || args.each,
        remember_holders: false,
    }
}

/// True when it behaves like ping: no schedule of its own, a line for each handshake.
pub(super) fn is_ping(args: &Args) -> bool {
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

/// What a run needs beside its plan; `ports` are those that answers come to and messages go to.
pub(super) fn setup<F: Family>(
    args: &Args,
    plan: &Plan<F>,
    segment: &Segment,
    ports: (u16, u16),
    cx: &Context,
) -> Setup {
    Setup {
        interface: segment.name.clone(),
        threads: args.threads.min(plan.macs.len()).max(1),
        port: ports.0,
        server_port: ports.1,
        kernel_stamps: args.sender.write.is_some() || expected_rate(args) <= KERNEL_STAMP_RATE,
        each: args.each || args.flat.is_given() || is_ping(args) && !cx.common.json && !args.nagios.is_on(),
        frames: args.sender.write.is_some() || draws(args, cx),
        leases: args.write_leases.is_some(),
        confined: args.sender.confine.is_wanted(),
        overheard: None,
    }
}

/// True when the messages of every handshake are told: drawn below its row, or in its object.
fn draws(args: &Args, cx: &Context) -> bool {
    let each = args.each || is_ping(args) && !cx.common.json;
    each && !args.nagios.is_on() && !args.flat.is_given() && cx.common.verbose > 0
}

/// Runs a plan, or searches with it, and reports.
pub(super) fn run<F: Told>(
    args: &Args,
    plan: &Plan<F>,
    setup: &Setup,
    segment: &Segment,
    server: Option<String>,
    signals: &Signals,
    cx: &mut Context,
) -> Outcome {
    if args.flat.is_given() && args.find_rate {
        return Err(Failure::usage(
            "--flat, --fields and --format show handshakes as rows; --find-rate tells of all together",
        ));
    }
    // Before the lanes are there, which inherit it.
    crate::net::privilege::close_bounding_set()?;
    let (files, memory) = (RefCell::new(None), context::Memory::open());
    let (tally, found, failed) = if args.find_rate {
        let ((tally, failed), found) = find(args, plan, setup, signals, &files, cx)?;
        (tally, Some(found), failed)
    } else {
        let (tally, failed) = once(args, plan, setup, signals, &files, String::new(), cx)?;
        (tally, None, failed)
    };
    let mut silence = obstacles(plan, setup, segment.link);
    // Some step was answered, whatever became of the last.
    let step = found.as_ref().is_some_and(|found| found.steps.iter().any(|tried| tried.loss < 1.0));
    if step || tally.counters.received > 0 {
        silence.retain(|finding| !finding.is_refuted_by_an_answer());
    }
    let about = About {
        interface: &segment.name,
        silence: silence.into_iter().chain(tally.overheard.clone()).collect(),
        server,
        seed: plan.seed,
        threads: setup.threads,
        asked_rate: args.rate.map(|rate| float(rate) / 1000.0),
        keep: args.keep,
        peak_memory: memory.peak(),
        found,
    };
    finish(args, &plan.family, &tally, &about, files.into_inner(), failed, cx)
}

/// Clients that are looked at to say why all had no answer.
const MOST_ASKING: u32 = 16;

/// What of the link alone would explain silence.
fn obstacles<F: Told>(plan: &Plan<F>, setup: &Setup, link: LinkState) -> Vec<Finding> {
    if F::NAME.is_some() {
        // Another protocol's servers, and clients behind one address.
        return LinkState { serves: false, mac: None, ..link }.obstacles(&[]);
    }
    // Who asks as a relay asks from the card's own address.
    let asking = if setup.port == SERVER_PORT { 0 } else { plan.macs.len().min(MOST_ASKING) };
    link.obstacles(&(0..asking).map(|index| plan.macs.get(index)).collect::<Vec<_>>())
}

/// What a run measured, and what failed meanwhile.
type Ran<L> = (Tally<L>, Option<Failure>);

/// One run; the first one opens the files.
fn once<F: Told>(
    args: &Args,
    plan: &Plan<F>,
    setup: &Setup,
    signals: &Signals,
    files: &RefCell<Option<Files>>,
    what: String,
    cx: &mut Context,
) -> Result<Ran<F::Lease>, Failure> {
    let mut failed: Option<Failure> = None;
    let one = plan.timeouts.iter().fold(Duration::ZERO, |sum, each| sum.saturating_add(*each));
    // A whole handshake asks two questions, the second as patiently as the first.
    let asks_twice = plan.mix.is_empty() || plan.mix.iter().any(|(kind, _)| *kind == Kind::Handshake);
    let patience = one.saturating_mul(if asks_twice { 2 } else { 1 });
    let mut line = Progress::new(what, plan.pace.duration, patience, cx);
    let aside = Context::new(cx.common.clone());
    let (format, clocks) = (cx.format(), cx.clock.moment());
    let mut ladders = draws(args, cx).then(|| Ladders::of(&setup.interface, cx));
    let mut rows = args.flat.rows(&columns::HANDSHAKE, cx)?;
    let mut table = rows.as_ref().map(RowStream::new);
    let start = context::cpu_time();
    let mut news = |news: News<F::Lease>| {
        let told = match news {
            News::Finished(list) => {
                let look = cx.out.look();
                let family = &plan.family;
                let told = |finished: &Finished<F::Lease>| {
                    let began = clocks.time_at(finished.began);
                    let transaction = match &mut ladders {
                        Some(ladders) if format == Format::Json => ladders.object(finished, began),
                        _ => None,
                    };
                    let exchanged = Exchanged { family, finished, clocks, transaction };
                    if let Some(rows) = &mut rows {
                        let mut row = Vec::new();
                        exchanged.row(rows, &mut row);
                        return row;
                    }
                    let mut bytes = exchanged.render(format, look);
                    if let Some(ladders) = ladders.as_mut().filter(|_| format != Format::Json) {
                        let mut drawn = Styled::new(look.color).within(look.width);
                        ladders.draw(finished, began, &mut drawn);
                        bytes.extend(drawn.into_bytes());
                    }
                    bytes
                };
                let bytes = list.iter().flat_map(told).collect::<Vec<u8>>();
                flat::show(table.as_mut(), &bytes, cx)
            }
            News::Bound(held) => match &mut *files.borrow_mut() {
                Some(files) => files.bound(&plan.family, &held).map_err(Failure::from),
                None => Ok(()),
            },
            News::Frames(frames) => {
                if let Some(ladders) = &mut ladders {
                    ladders.take(&frames);
                }
                match &mut *files.borrow_mut() {
                    Some(files) => frames
                        .iter()
                        .try_for_each(|(time, sent, frame)| {
                            files.frame(*time, *sent, frame, &setup.interface)
                        })
                        .map_err(Failure::from),
                    None => Ok(()),
                }
            }
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
        line.draw(board);
    });
    line.end();
    if let Some(failure) = refused {
        return Err(failure);
    }
    let mut tally = tally.map_err(explain)?;
    tally.cpu = context::cpu_time().saturating_sub(start);
    if let Some(table) = table.as_mut().filter(|_| failed.is_none()) {
        failed = table.end(cx).err();
    }
    Ok((tally, failed))
}

fn explain(error: NetError) -> Failure {
    Failure::could_not_run(error)
}

/// Searches the highest rate.
fn find<F: Told>(
    args: &Args,
    plan: &Plan<F>,
    setup: &Setup,
    signals: &Signals,
    files: &RefCell<Option<Files>>,
    cx: &mut Context,
) -> Result<(Ran<F::Lease>, Found), Failure> {
    let ceiling = match args.rate {
        Some(rate) => float(rate) / 1000.0,
        None if args.load => LAST_RATE,
        None => float(QUIET_RATE),
    };
    let mut search = Search::new(FIRST_RATE.min(ceiling), ceiling);
    let mut best = Tally::default();
    let mut found = Found { rate_per_s: None, limited_by: None, stopped: false, steps: Vec::new() };
    // What is left of any step, whatever became of its figures.
    let (mut leases, mut broken_off) = (Vec::new(), None);
    let mut number = 0_u64;
    if !cx.common.json {
        let each = humantime::format_duration(plan.pace.duration.unwrap_or(STEP));
        cx.note(&format!("each rate is tried for {each}, some 10 to 30 of them"));
    }
    while let Some(rate) = search.next() {
        let mut step = plan.clone();
        step.pace.rate = Rate::Open(milli(rate).max(1));
        // Slow rates need longer until there is anything to count.
        let enough = Duration::from_secs_f64((20.0 / rate).min(20.0));
        step.pace.duration = Some(plan.pace.duration.unwrap_or(STEP).max(enough));
        step.seed = plan.seed.wrapping_add(number);
        number = number.saturating_add(1);
        let kernel_stamps = setup.kernel_stamps || milli(rate) <= KERNEL_STAMP_RATE.saturating_mul(1000);
        let what = format!("trying {rate:.0}/s, ");
        let step_setup = Setup { kernel_stamps, ..setup.clone() };
        let (mut tally, failed) = match once(args, &step, &step_setup, signals, files, what, cx) {
            Err(failure) if leases.is_empty() => return Err(failure),
            Err(failure) => (Tally::default(), Some(failure)),
            Ok(done) => done,
        };
        tally.inherit(leases);
        leases = std::mem::take(&mut tally.leases);
        if failed.is_some() || tally.stopped || tally.broken.is_some() {
            best.stopped = tally.stopped;
            found.stopped = true;
            best.broken = tally.broken;
            broken_off = failed;
            break;
        }
        let broken = args.slo.broken(|figure| tally.figure(figure));
        let summary = tally.delays.scheduled.summary();
        let tried = Try {
            rate_per_s: rate,
            sustained: broken.is_empty(),
            loss: tally.loss(),
            p99_ms: summary.map(|summary| summary.p99),
            broken: (!broken.is_empty())
                .then(|| broken.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        // Nobody answers at all, and never did: slower is no better.
        let silent = tally.counters.received == 0 && tally.counters.sent > 0 && search.found().is_none();
        if !cx.common.json {
            let p99 = tried.p99_ms.map_or_else(|| "-".to_owned(), |p99| format!("{p99:.3} ms"));
            let verdict = tried
                .broken
                .as_ref()
                .map_or_else(|| "sustained".to_owned(), |limit| format!("breaks {limit}"));
            cx.note(&format!("{rate:>10.1}/s  p99 {p99}  loss {:.3}%  {verdict}", tried.loss * 100.0));
        }
        if silent {
            cx.note("nobody answers; slower rates are not tried");
            best = tally;
            found.steps.push(tried);
            break;
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
    best.leases = leases;
    Ok(((best, broken_off), found))
}

/// The report, the files, the exit code.
fn finish<F: Told>(
    args: &Args,
    family: &F,
    tally: &Tally<F::Lease>,
    about: &About<'_>,
    files: Option<Files>,
    failed: Option<Failure>,
    cx: &mut Context,
) -> Outcome {
    let shown = if failed.is_some() || args.nagios.is_on() {
        Ok(())
    } else if args.flat.is_given() {
        let (attempts, completed) = (tally.counters.attempts, tally.counters.completed());
        cx.note(&format!("{}, {completed} completed", counted(attempts, "handshake")));
        Ok(())
    } else {
        cx.show(&Run { family, tally, about, terminal: cx.out.is_terminal() })
    };
    // The files are written whatever happened before.
    let kept =
        files.map_or(Ok(()), |files| files.finish(family, tally, cx.clock.moment()).map_err(Failure::from));
    if args.nagios.is_on() && failed.is_none() && tally.broken.is_none() {
        kept?;
        let exit = if tally.stopped { Exit::Interrupted } else { Exit::Good };
        return NagiosArgs::conclude(&plugin(tally, &args.nagios.thresholds()), exit, cx);
    }
    tell_of_troubles(args, family, tally, about, cx);
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
fn tell_of_troubles<F: Told>(
    args: &Args,
    family: &F,
    tally: &Tally<F::Lease>,
    about: &About<'_>,
    cx: &Context,
) {
    let counters = &tally.counters;
    if tally.dips > 0 {
        cx.warn("the link went down meanwhile; what was sent or answered then is lost");
    }
    if tally.too_long > 0 {
        cx.warn(&format!(
            "{} could not be sent: longer than the interface's MTU allows",
            counted(tally.too_long, "message")
        ));
    }
    if counters.bad_checksums > 0 {
        cx.warn(&format!(
            "clients will not accept {} of the answers: their UDP checksum is wrong",
            counters.bad_checksums
        ));
    }
    for why in about.silence.iter().filter(|_| counters.completed() == 0) {
        cx.warn(&answers::reason(why));
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
    if F::GIVING_BACK.is_empty() && counters.released_again > 0 && counters.retransmitted > 0 {
        cx.note("messages were lost: every RELEASE was sent three times, for it has no answer");
    }
    if !args.keep && !tally.leases.is_empty() {
        let where_to =
            args.write_leases.as_ref().map_or_else(String::new, |path| format!(" (in {})", path.display()));
        let left = u64::try_from(tally.leases.len()).unwrap_or(u64::MAX);
        let were = if left == 1 { "was" } else { "were" };
        cx.warn(&format!("{} {were} not given back{where_to}", counted(left, "lease")));
        for held in tally.leases.iter().take(LISTED) {
            let words = family.words(&held.lease);
            let leased = words.leased().unwrap_or_default();
            cx.note(&format!("  {} {leased} from {}", held.mac, words.server.unwrap_or_default()));
        }
        if tally.leases.len() > LISTED {
            cx.note("  and more; --write-leases FILE keeps them all");
        }
    }
}
