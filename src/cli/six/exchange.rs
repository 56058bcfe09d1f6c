//! `request`, `release`, `decline` and `inform` with `-6`.

use std::path::PathBuf;

use fastrand::Rng;

use super::{Session6, asked, client, discarded, ground, prepare, said, unless_shown, warn_of_address};
use crate::analysis::findings6::{Asked, Held as HeldLeases, Scene, findings};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::flat::{self, FlatArgs};
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::sender::SenderArgs;
use crate::cli::flags::six::Asker;
use crate::cli::lease::{self, Lease6, vlan_flag};
use crate::cli::session::{conclude, each};
use crate::cli::teller::Awaited;
use crate::engine::v6::accept::{Outcome6, kept, rest_of_message};
use crate::engine::v6::draft::Draft6;
use crate::engine::v6::exchange::{Dad, Exchange6, Settings6, State6, Task6, Tested, first_draft};
use crate::engine::v6::recipe::{IaWish, Recipe6};
use crate::engine::v6::silence::{self, Ground};
use crate::engine::v6::station::Answer6;
use crate::output::flat::columns;
use crate::output::six::exchange::Report6;
use crate::output::six::text::{duid_text, status_text};
use crate::output::when::stretch;
use crate::run::segment::Segment;
use crate::wire::escape::escape_line;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, MessageType};

/// Addresses and prefixes of a server that are told in one line; more are counted.
const LISTED: usize = 4;

/// What a command asks for.
#[derive(Clone, Debug)]
pub struct ExchangeOrder {
    /// The command's name.
    pub command: &'static str,
    /// The client's state, for a request.
    pub state: Option<State6>,
    /// How it goes.
    pub settings: Settings6,
    /// Leases that `request --json` printed.
    pub lease: Option<PathBuf>,
    /// Sends what contradicts the state.
    pub force: bool,
    /// Whether it is told as flat rows.
    pub flat: FlatArgs,
    /// Whether it is told as a monitoring plugin does.
    pub nagios: NagiosArgs,
}

impl ExchangeOrder {
    /// A command that needs no more words.
    pub fn new(command: &'static str) -> Self {
        Self {
            command,
            state: None,
            settings: Settings6::default(),
            lease: None,
            force: false,
            flat: FlatArgs::default(),
            nagios: NagiosArgs::default(),
        }
    }
}

/// Runs `request -6`.
pub fn request(
    order: &ExchangeOrder,
    interface: Option<&str>,
    sender: &SenderArgs,
    cx: &mut Context,
) -> Outcome {
    let mut rng = Rng::new();
    let lease = one_lease(order, sender, cx)?;
    let (segment, asker) = prepare(sender, interface, &[IaKind::Na], &mut rng)?;
    let asker = with_lease(asker, lease.as_ref(), sender);
    let state = order.state.unwrap_or(State6::Selecting);
    let held = match (&lease, state) {
        (_, State6::Selecting) => Vec::new(),
        (Some(lease), _) => lease.ias.clone(),
        // What was named by hand is what is held.
        (None, _) => asker.recipe.ias.iter().filter(|ia| ia.has_lease()).cloned().collect(),
    };
    if state == State6::Renewing && !held.is_empty() && asker.recipe.server.is_none() && !order.force {
        return Err(Failure::usage(
            "--state renewing needs --server DUID: a lease is renewed with the server that gave it",
        ));
    }
    if asker.recipe.ias.is_empty() && held.is_empty() {
        cx.warn("no IA is asked for (--no-ia): there is nothing that a server could grant");
    }
    let task = Task6::Request { state, held };
    hold(order, vec![(task, asker)], segment, sender, &mut rng, cx)
}

/// Runs `release -6` or `decline -6`.
pub fn give_up(
    order: &ExchangeOrder,
    interface: Option<&str>,
    sender: &SenderArgs,
    cx: &mut Context,
) -> Outcome {
    let path = order.lease.as_deref();
    sender.check_write(&path.into_iter().collect::<Vec<_>>())?;
    let leases = path.map(|path| sender.confine.apart(&[path], cx, || lease::read6(path))).transpose()?;
    give_up_leases(order, leases, interface, sender, cx)
}

/// The same with leases that were read already; none: what the flags name.
pub fn give_up_leases(
    order: &ExchangeOrder,
    leases: Option<Vec<Lease6>>,
    interface: Option<&str>,
    sender: &SenderArgs,
    cx: &mut Context,
) -> Outcome {
    let mut rng = Rng::new();
    let (segment, asker) = prepare(sender, interface, &[IaKind::Na], &mut rng)?;
    let decline = order.command == "decline";
    let task = |ias: Vec<IaWish>| if decline { Task6::Decline(ias) } else { Task6::Release(ias) };
    // Prefixes are never declined (RFC 9915 §18.2.8).
    let given_up = |lease: &Lease6| -> Vec<IaWish> {
        lease.ias.iter().filter(|ia| !decline || ia.kind != IaKind::Pd).cloned().collect()
    };
    let Some(leases) = leases else {
        let held: Vec<IaWish> = asker.recipe.ias.iter().filter(|ia| ia.has_lease()).cloned().collect();
        if decline && held.iter().any(|ia| ia.kind == IaKind::Pd) {
            return Err(Failure::usage("a prefix is never declined (RFC 9915 18.2.8); leave out --prefix"));
        }
        if held.is_empty() || asker.recipe.server.is_none() {
            let also = if decline { "" } else { " or --prefix" };
            return Err(Failure::usage(format_args!(
                "{} -6 needs --server DUID and --ip{also}, or --lease FILE with what request --json printed",
                order.command
            )));
        }
        return hold(order, in_messages(held, &asker, &task, &mut rng), segment, sender, &mut rng, cx);
    };
    let leases: Vec<_> =
        leases.iter().map(|lease| (lease, given_up(lease))).filter(|(_, ias)| !ias.is_empty()).collect();
    if leases.is_empty() {
        return Err(Failure::usage(
            "the leases are of prefixes alone, and a prefix is never declined (RFC 9915 18.2.8)",
        ));
    }
    let jobs = leases.into_iter().zip(0_u32..).flat_map(|((lease, ias), place)| {
        let mut one = with_lease(asker.clone(), Some(lease), sender);
        if place > 0 {
            one.recipe.xid = rng.u32(1..0x0100_0000);
        }
        in_messages(ias, &one, &task, &mut rng)
    });
    let jobs = jobs.collect();
    hold(order, jobs, segment, sender, &mut rng, cx)
}

/// What `asker` holds as exchanges, none of which says more than a message can.
fn in_messages(
    mut ias: Vec<IaWish>,
    asker: &Asker,
    task: &dyn Fn(Vec<IaWish>) -> Task6,
    rng: &mut Rng,
) -> Vec<(Task6, Asker)> {
    let mut jobs: Vec<(Task6, Asker)> = Vec::new();
    while !ias.is_empty() {
        let rest = rest_of_message(&mut ias);
        let mut asker = asker.clone();
        if !jobs.is_empty() {
            asker.recipe.xid = rng.u32(1..0x0100_0000);
        }
        jobs.push((task(std::mem::replace(&mut ias, rest)), asker));
    }
    jobs
}

/// Runs `inform -6`.
pub fn inform(
    order: &ExchangeOrder,
    interface: Option<&str>,
    sender: &SenderArgs,
    cx: &mut Context,
) -> Outcome {
    let mut rng = Rng::new();
    let (segment, mut asker) = prepare(sender, interface, &[], &mut rng)?;
    asker.recipe.ias.clear();
    hold(order, vec![(Task6::Inform, asker)], segment, sender, &mut rng, cx)
}

/// The lease that a request goes on with.
fn one_lease(order: &ExchangeOrder, sender: &SenderArgs, cx: &Context) -> Result<Option<Lease6>, Failure> {
    let Some(path) = &order.lease else { return Ok(None) };
    sender.check_write(&[path.as_path()])?;
    let leases = sender.confine.apart(&[path.as_path()], cx, || lease::read6(path))?;
    let mut leases = leases.into_iter();
    match (leases.next(), leases.next()) {
        (Some(one), None) => Ok(Some(one)),
        _ => Err(Failure::usage(format_args!("{} holds several leases; request takes one", path.display()))),
    }
}

/// Who holds a lease asks as it did before, unless told otherwise.
fn with_lease(mut asker: Asker, lease: Option<&Lease6>, sender: &SenderArgs) -> Asker {
    let Some(lease) = lease else { return asker };
    let recipe = &mut asker.recipe;
    if let (Some(mac), false) = (lease.mac, sender.has_mac()) {
        if mac != recipe.mac {
            recipe.source = crate::wire::neighbor::link_local(mac);
            asker.foreign = true;
        }
        recipe.mac = mac;
    }
    if !sender.six.has_duid() {
        recipe.duid.clone_from(&lease.duid);
    }
    recipe.server = recipe.server.take().or_else(|| lease.server.clone());
    if !sender.six.has_ias() {
        recipe.ias.clone_from(&lease.ias);
    }
    asker
}

/// Holds exchanges, one after the other.
fn hold(
    order: &ExchangeOrder,
    jobs: Vec<(Task6, Asker)>,
    segment: Option<Segment>,
    sender: &SenderArgs,
    rng: &mut Rng,
    cx: &mut Context,
) -> Outcome {
    let drafts: Vec<Draft6> = jobs.iter().map(|(task, asker)| first_draft(&asker.recipe, task)).collect();
    let Some(segment) = unless_shown(segment, &drafts, sender, cx)? else { return Ok(Exit::Good) };
    let foreign = jobs.iter().any(|(_, asker)| asker.foreign);
    warn_of_address(&segment, sender, cx);
    let mut line = Session6::open(&segment, &drafts, foreign, sender, cx)?;
    each(jobs, |(task, asker)| hold_one(order, &task, asker, &mut line, sender, rng.fork(), cx))
}

fn hold_one(
    order: &ExchangeOrder,
    task: &Task6,
    asker: Asker,
    line: &mut Session6<'_>,
    sender: &SenderArgs,
    rng: Rng,
    cx: &mut Context,
) -> Outcome {
    let Asker { recipe, foreign } = asker;
    let segment = line.session.segment;
    let rows = order.flat.rows(&columns::REQUEST, cx)?;
    let settings = Settings6 { each: sender.timeout, retries: sender.retries, ..order.settings.clone() };
    let mut exchange = Exchange6::new(recipe.clone(), task.clone(), settings, foreign, rng);
    let held = line.session.hold(&mut exchange, Awaited::ANSWER, cx);
    let frames = exchange.offers().len().saturating_add(usize::from(exchange.answer().is_some()));
    let firewall = line.is_firewalled(frames);
    // What could not be asked says nothing about who would have answered.
    let silent = exchange.outcome() == Outcome6::Timeout && held.error.is_none();
    let stateful = !matches!(task, Task6::Inform);
    let hints = if silent {
        let offered = exchange.offer().is_some();
        let known = Ground { offered, ..ground(&recipe, foreign, &held, segment, stateful) };
        silence::findings(exchange.watch(), &known)
    } else {
        Vec::new()
    };
    let meant = exchange.held_before();
    let scene = scene(&exchange, &recipe, task, firewall);
    let report = Report6 {
        command: order.command,
        place: line.session.place(&held),
        client: client(&recipe),
        state: order.state.map(State6::name),
        rapid_commit: exchange.is_rapid_commit(),
        outcome: exchange.outcome().name(),
        sent: exchange.mains(),
        solicits: exchange.solicits(),
        server: recipe.server.clone(),
        addresses: meant.iter().flat_map(|ia| ia.addresses.iter().copied()).collect(),
        prefixes: meant.iter().flat_map(|ia| ia.prefixes.iter().map(ToString::to_string)).collect(),
        offer: exchange.offer(),
        answer: exchange.answer(),
        conflict: exchange.conflict(),
        declined: exchange.declined(),
        released: exchange.released(),
        departures: exchange.departures(),
        left: exchange.unreleased().chain(exchange.left()).collect(),
        findings: findings(&scene),
        watch: exchange.watch(),
        silence: hints.clone(),
        verbose: cx.common.verbose,
    };
    if order.nagios.is_on() {
        let plugin = report.plugin(&order.nagios.thresholds());
        return NagiosArgs::conclude(&plugin, conclude(held, Exit::Good, segment, cx)?, cx);
    }
    flat::tell(&report, rows, Report6::row, cx)?;
    for departure in &report.departures {
        cx.warn(departure);
    }
    for (server, _) in exchange.unreleased() {
        cx.warn(&format!("{server} did not say that it took back what it gave: the lease may be left"));
    }
    for (server, leases) in exchange.left() {
        cx.warn(&format!("{server} bound {} too, and nothing gave that back", leases_text(leases)));
    }
    if exchange.dropped() > 0 {
        cx.warn(&format!("{} more grants came than are kept: these leases may be left", exchange.dropped()));
    }
    tell(order, &exchange, &recipe, held.took, &hints, segment, sender, cx);
    let conflict = matches!(exchange.conflict(), Tested::InUse(..));
    let good = exchange.outcome() == Outcome6::Ack && !conflict;
    conclude(held, if good { Exit::Good } else { Exit::Bad }, segment, cx)
}

/// Addresses and prefixes, a few of them.
fn leases_text(leases: &[IaWish]) -> String {
    let addresses = leases.iter().flat_map(|ia| ia.addresses.iter().map(ToString::to_string));
    let prefixes = leases.iter().flat_map(|ia| ia.prefixes.iter().map(ToString::to_string));
    let all: Vec<String> = addresses.chain(prefixes).collect();
    let shown = all.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What is judged.
fn scene<'a>(exchange: &'a Exchange6, recipe: &Recipe6, task: &Task6, firewall: bool) -> Scene<'a> {
    let leases = matches!(task, Task6::Request { .. });
    let question = asked(recipe, &recipe.ias);
    let reply = exchange.answer().filter(|answer| !exchange.offers().contains(answer));
    let before = exchange.held_before().iter();
    let addresses =
        before.flat_map(|ia| ia.addresses.iter().copied().chain(ia.prefixes.iter().map(|p| p.address)));
    Scene {
        asked: Asked {
            // INFORM and giving back ask for nothing that could be missing.
            ias: if leases { question.ias } else { Vec::new() },
            solicit: exchange.solicits() > 0,
            ..question
        },
        offers: exchange.offers().iter().map(said).collect(),
        stateless: reply.filter(|_| !leases).map(said).into_iter().collect(),
        discarded: discarded(exchange.watch()),
        held: (leases && exchange.mains() > 0).then(|| HeldLeases {
            asked: exchange.main(),
            reply: reply.filter(|answer| answer.kind() == MessageType::REPLY).map(said),
            before: addresses.collect(),
        }),
        firewall,
        ..Scene::default()
    }
}

/// The lines beside the report.
#[allow(clippy::too_many_arguments, reason = "all that a report may need")]
fn tell(
    order: &ExchangeOrder,
    exchange: &Exchange6,
    recipe: &Recipe6,
    took: i64,
    hints: &[String],
    segment: &Segment,
    sender: &SenderArgs,
    cx: &Context,
) {
    match (exchange.outcome(), exchange.answer()) {
        (Outcome6::Timeout, _) if !hints.is_empty() => {
            let what = if exchange.solicits() > 0 && exchange.mains() == 0 { "advertise" } else { "reply" };
            cx.error(&format!("no {what} within {}: {}", stretch(took), hints.join("; ")));
            if exchange.main() == MessageType::CONFIRM {
                cx.note(
                    "nobody said that the addresses are wrong: a client goes on using them (RFC 9915 18.2.3)",
                );
            }
        }
        (Outcome6::Nak, Some(answer)) => cx.error(&refusal_line(answer)),
        _ => {}
    }
    if let Some(command) = how_to_give_back(order, exchange, recipe, segment, sender) {
        cx.suggest("to give it back", &command);
    }
}

fn refusal_line(answer: &Answer6) -> String {
    let facts = answer.facts();
    let server = duid_text(facts.server_id.map(Duid::from).as_ref());
    match facts.failure() {
        Some(status) => format!("{server} refused: {}", status_text(status)),
        None => format!("{server} granted nothing that a client could use"),
    }
}

/// The command that gives back what was just taken.
fn how_to_give_back(
    order: &ExchangeOrder,
    exchange: &Exchange6,
    recipe: &Recipe6,
    segment: &Segment,
    sender: &SenderArgs,
) -> Option<String> {
    if order.command != "request" || exchange.released() || exchange.main() == MessageType::CONFIRM {
        return None;
    }
    let answer =
        exchange.answer().filter(|_| matches!(exchange.outcome(), Outcome6::Ack | Outcome6::Partial))?;
    let mut leases = kept(&answer.facts());
    for ia in &mut leases {
        ia.addresses.retain(|address| !exchange.declined_addresses().contains(address));
    }
    leases.retain(IaWish::has_lease);
    let mut words = vec![format!("dhcptool release -6 {}", escape_line(&segment.name))];
    words.push(format!("--server {}", answer.server()?));
    let first = recipe.ias.first().map(|ia| ia.iaid);
    for ia in &leases {
        words.extend(ia.addresses.iter().map(|address| format!("--ip {address}")));
        words.extend(ia.prefixes.iter().map(|prefix| format!("--prefix {prefix}")));
    }
    if let Some(iaid) = first {
        words.push(format!("--iaid {iaid}"));
    }
    if sender.has_mac() {
        words.push(format!("--mac {}", recipe.mac));
    }
    if let Some(duid) = recipe.duid.as_ref().filter(|_| sender.six.has_duid()) {
        words.push(format!("--duid {duid}"));
    }
    (!leases.is_empty()).then(|| words.join(" ") + &vlan_flag(&recipe.around.vlans))
}

/// What the test of addresses shall do.
pub fn dad(test: bool, decline: bool) -> Dad {
    match (decline, test) {
        (true, _) => Dad::Decline,
        (false, true) => Dad::Report,
        (false, false) => Dad::None,
    }
}
