//! `dhcptool discover -6`: find every DHCPv6 server and router of a link, and what does not fit together.

use std::time::Duration;

use fastrand::Rng;

use super::{
    Session6, asked, client, discarded, ground, prepare, router, said, unless_shown, warn_of_address,
};
use crate::analysis::expect::{Checked, Expectation, Offered, Said};
use crate::analysis::findings6::{Asked, Scene, findings};
use crate::cli::commands::discover::Args;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::six::Asker;
use crate::cli::flags::{expect, flat};
use crate::cli::session::conclude;
use crate::cli::teller::{Awaited, Showing};
use crate::engine::v6::accept::is_usable_answer;
use crate::engine::v6::discover::{ASK, ASK_ROUTERS, Discover6, Plan6, SOLICIT, drafts};
use crate::engine::v6::recipe::Recipe6;
use crate::engine::v6::silence;
use crate::engine::v6::station::Answer6;
use crate::output::answers::Place;
use crate::output::flat::columns;
use crate::output::six::differences::differences;
use crate::output::six::discover::{Discovery6, show};
use crate::output::styled::Styled;
use crate::output::when::stretch;
use crate::output::words::counted;
use crate::run::segment::Segment;
use crate::wire::v6::facts::IaKind;

/// Router advertisements may be held back for 3.5 seconds.
const WAIT: Duration = Duration::from_millis(4500);
/// Without routers.
const WAIT_FOR_SERVERS: Duration = Duration::from_millis(1500);

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    let expected = args.expect().read(true)?;
    let mut rng = Rng::new();
    let (segment, asker) = prepare(args.sender(), args.interface(), &[IaKind::Na, IaKind::Pd], &mut rng)?;
    let plan = plan(args);
    let inform_xid = rng.u32(1..0x0100_0000);
    let drafts = drafts(&asker.recipe, inform_xid, &plan);
    match unless_shown(segment, &drafts, args.sender(), cx)? {
        Some(segment) => find(args, &expected, &segment, asker, plan, inform_xid, rng, cx),
        None => Ok(Exit::Good),
    }
}

fn plan(args: &Args) -> Plan6 {
    let routers = !args.no_ra();
    Plan6 {
        wait: args.wait().unwrap_or(if routers { WAIT } else { WAIT_FOR_SERVERS }),
        first: args.first(),
        inform: !args.no_inform(),
        routers,
        ask: args.sender().backoff(ASK),
        ask_routers: ASK_ROUTERS,
    }
}

/// Every answer, in the order in which they are told.
fn all(found: &Discover6) -> impl Iterator<Item = &Answer6> {
    found.offers().iter().chain(found.stateless()).chain(found.routers())
}

/// What was asked of everybody. Where one server was named, its silence says nothing of the others.
fn question(recipe: &Recipe6, plan: &Plan6, solicited: bool) -> Asked {
    let everybody = recipe.server.is_none() && recipe.to.is_none();
    Asked {
        solicit: everybody && solicited,
        inform: everybody && plan.inform,
        routers: plan.routers,
        ..asked(recipe, &recipe.ias)
    }
}

#[allow(clippy::too_many_arguments, reason = "all that a search may need")]
fn find(
    args: &Args,
    expected: &[Expectation],
    segment: &Segment,
    asker: Asker,
    plan: Plan6,
    inform_xid: u32,
    rng: Rng,
    cx: &mut Context,
) -> Outcome {
    // Before the rights to do so are given up.
    let junit = args.expect().create()?;
    let mut vendors = args.vendors().open(&args.sender().confine, cx)?;
    let Asker { recipe, foreign } = asker;
    let first = drafts(&recipe, inform_xid, &plan);
    warn_of_address(segment, args.sender(), cx);
    let mut open = Session6::open(segment, &first, foreign, args.sender(), cx)?;
    let mut found = Discover6::new(&recipe, inform_xid, plan, foreign, rng);
    let rows = args.flat().rows(&columns::DISCOVER, cx)?;
    // What is told at the end, by machines or as one line, is not shown before.
    let apart = cx.common.json || rows.is_some() || args.nagios().is_on();
    let (verbose, look) = (cx.common.verbose, cx.out.look());
    let mut shown = (0, 0, 0);
    let mut lost = None;
    let mut live = cx.out.twin();
    let awaited = Awaited::within("servers and routers", plan.wait);
    let held = {
        let after = |found: &Discover6| {
            let counts = (found.offers().len(), found.stateless().len(), found.routers().len());
            if apart || counts == shown {
                return;
            }
            let place = Place { columns: look.width.unwrap_or(80), ..Place::on(&segment.name) };
            let new = found.offers().iter().skip(shown.0);
            let new =
                new.chain(found.stateless().iter().skip(shown.1)).chain(found.routers().iter().skip(shown.2));
            let mut out = Styled::new(look.color).within(look.width);
            for answer in new {
                if shown != (0, 0, 0) || !out.as_str().is_empty() {
                    out.text("\n");
                }
                vendors.learn(answer.source_mac.into_iter());
                show(answer, vendors.of(answer.source_mac), 1, &place, verbose, &mut out);
            }
            shown = counts;
            lost = lost.take().or(live.write_styled(out).err());
        };
        let mut showing = Showing { machine: &mut found, after };
        open.session.hold(&mut showing, awaited, cx)
    };
    if let Some(failure) = lost {
        return Err(failure);
    }
    let place = open.session.place(&held);
    let ground = ground(&recipe, foreign, &held, segment, true);
    let question = question(&recipe, &plan, found.sent_of(SOLICIT) > 0);
    let answers = found.offers().len().saturating_add(found.stateless().len());
    let scene = Scene {
        asked: question,
        offers: found.offers().iter().map(said).collect(),
        stateless: found.stateless().iter().map(said).collect(),
        routers: found.routers().iter().filter_map(router).collect(),
        discarded: discarded(found.watch()),
        held: None,
        firewall: open.is_firewalled(answers),
    };
    // Who left at the first answer does not know what others say.
    let findings = if plan.first { Vec::new() } else { findings(&scene) };
    vendors.learn(all(&found).filter_map(|answer| answer.source_mac));
    let named = |answers: &'_ [Answer6]| -> Vec<Option<String>> {
        answers.iter().map(|answer| vendors.of(answer.source_mac).map(ToOwned::to_owned)).collect()
    };
    let (makers, silent) = (
        [named(found.offers()), named(found.stateless()), named(found.routers())],
        if found.offers().is_empty() { silence::findings(found.watch(), &ground) } else { Vec::new() },
    );
    let [offer_makers, stateless_makers, router_makers] = makers;
    let checked = check(expected, found.offers());
    expect::write(junit, &segment.name, &checked)?;
    let (differences, uncompared) = differences(found.offers(), &place);
    let discovery = Discovery6 {
        checked: &checked,
        differences,
        place,
        client: client(&recipe),
        sent: found.sent(),
        waited: held.took,
        offers: found.offers().iter().zip(offer_makers).collect(),
        stateless: found.stateless().iter().zip(stateless_makers).collect(),
        routers: found.routers().iter().zip(router_makers).collect(),
        findings,
        watch: found.watch(),
        silence: silent.clone(),
        width: cx.out.width(),
        shown: true,
        verbose,
    };
    if args.nagios().is_on() {
        let plugin = discovery.plugin(&args.nagios().thresholds());
        return NagiosArgs::conclude(&plugin, conclude(held, Exit::Good, segment, cx)?, cx);
    }
    flat::tell(&discovery, rows, Discovery6::rows, cx)?;
    if found.overflow > 0 {
        cx.warn(&format!("{} more answers came than are kept", found.overflow));
    }
    if uncompared > 0 {
        cx.warn(&format!("{} without a name not compared", counted(uncompared, "more option")));
    }
    let exit = judge(&found, &silent, held.took, &checked, cx);
    conclude(held, exit, segment, cx)
}

/// Whether the offers keep to what is expected.
fn check(expected: &[Expectation], offers: &[Answer6]) -> Vec<Checked> {
    let offered: Vec<Offered<'_>> = offers
        .iter()
        .map(|offer| Offered {
            server: offer.server().map(|server| server.to_string()),
            said: Said::Six(&offer.payload),
            latency: offer.since_first(),
        })
        .collect();
    expected.iter().map(|expectation| expectation.check(&offered)).collect()
}

/// Says what became of it, and what the command ends with.
fn judge(found: &Discover6, silent: &[String], took: i64, checked: &[Checked], cx: &Context) -> Exit {
    let met = checked.iter().all(|one| one.met);
    if found.offers().is_empty() && !checked.is_empty() && met {
        return Exit::Good;
    }
    if found.offers().is_empty() {
        cx.error(&format!("no advertise within {}: {}", stretch(took), silent.join("; ")));
        return Exit::Bad;
    }
    cx.note(&count_line(found, took));
    if checked.is_empty() && !found.offers().iter().any(|offer| is_usable_answer(&offer.facts())) {
        cx.error("no offer that a client could use");
        return Exit::Bad;
    }
    if met { Exit::Good } else { Exit::Bad }
}

/// The one line that counts what answered.
fn count_line(found: &Discover6, waited: i64) -> String {
    format!(
        "{}, {}, {} within {}, sent {}",
        counted(found.offers().len(), "offer"),
        counted(found.stateless().len(), "stateless answer"),
        counted(found.routers().len(), "router"),
        stretch(waited),
        counted(found.sent(), "message"),
    )
}
