//! `dhcptool discover`: find every DHCP server of a segment.

use std::time::Duration;

use fastrand::Rng;

use crate::analysis::expect::{Checked, Expectation, Offered, Said};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::expect::{self, ExpectArgs};
use crate::cli::flags::flat::{self, FlatArgs};
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::flags::vendors::VendorArgs;
use crate::cli::session::{self, Session};
use crate::cli::teller::{Awaited, Showing};
use crate::engine::v4::accept::refusals;
use crate::engine::v4::collect::{Plan, Until, Want};
use crate::engine::v4::silence;
use crate::engine::{Backoff, Client as _, Collect, Draft};
use crate::output::flat::columns;
use crate::output::senders::Discovery;
use crate::output::{Format, answers, senders};
use crate::run::segment::{Segment, Way};
use crate::wire::v4::MessageType;

/// Broadcast a DISCOVER and collect every answer
///
/// Servers that did not answer are asked again while the wait lasts, because packets get lost and because servers that
/// first check whether an address is free take up to three seconds for their first offer.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    /// Collect answers for so long; 4.5s if left out, with -6 --no-ra 1.5s
    #[arg(long, value_name = "DURATION", value_parser = sender::patience)]
    wait: Option<Duration>,

    /// Stop at the first offer; with --server the first offer of that server ends it anyway, unless --giaddr asks as a relay
    #[arg(long)]
    first: bool,

    /// With -6: do not ask routers
    #[arg(long)]
    no_ra: bool,

    /// With -6: send no INFORMATION-REQUEST
    #[arg(long)]
    no_inform: bool,

    #[command(flatten)]
    vendors: VendorArgs,

    #[command(flatten)]
    flat: FlatArgs,

    #[command(flatten)]
    nagios: NagiosArgs,

    #[command(flatten)]
    expect: ExpectArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// How long answers are collected unless told otherwise.
const WAIT: Duration = Duration::from_millis(4500);

impl Args {
    pub(in crate::cli) fn sender(&self) -> &SenderArgs {
        &self.sender
    }

    pub(in crate::cli) fn interface(&self) -> Option<&str> {
        self.interface.as_deref()
    }

    pub(in crate::cli) fn vendors(&self) -> &VendorArgs {
        &self.vendors
    }

    pub(in crate::cli) fn wait(&self) -> Option<Duration> {
        self.wait
    }

    pub(in crate::cli) fn first(&self) -> bool {
        self.first
    }

    pub(in crate::cli) fn no_ra(&self) -> bool {
        self.no_ra
    }

    pub(in crate::cli) fn no_inform(&self) -> bool {
        self.no_inform
    }

    pub(in crate::cli) fn expect(&self) -> &ExpectArgs {
        &self.expect
    }

    pub(in crate::cli) fn flat(&self) -> &FlatArgs {
        &self.flat
    }

    pub(in crate::cli) fn nagios(&self) -> &NagiosArgs {
        &self.nagios
    }

    fn refuse_six(&self) -> Result<(), Failure> {
        for (flag, given) in [("--no-ra", self.no_ra), ("--no-inform", self.no_inform)] {
            if given {
                return Err(Failure::usage(format_args!("{flag} is for DHCPv6; add -6")));
            }
        }
        Ok(())
    }
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.nagios.is_on() && args.expect.is_given() {
        return Err(Failure::usage("--nagios judges by -w and -c, not by --expect: leave one of them out"));
    }
    args.flat.refuse_beside(&args.nagios)?;
    if args.sender.is_six() {
        return args.nagios.guard(cx, |cx| crate::cli::six::discover::run(args, cx));
    }
    args.refuse_six()?;
    args.nagios.guard(cx, |cx| discover(args, cx))
}

fn discover(args: &Args, cx: &mut Context) -> Outcome {
    let expected = args.expect.read(false)?;
    let mut rng = Rng::new();
    let (segment, mut recipe) =
        sender::prepare(&args.sender, args.interface.as_deref(), MessageType::DISCOVER, &mut rng)?;
    let way = sender::relay(&mut recipe, &args.sender, segment.as_ref());
    let draft = recipe.discover(0, args.sender.ip());
    args.sender.judge(&draft, segment.as_ref(), cx)?;
    let drafts = std::slice::from_ref(&draft);
    match session::unless_shown(segment, drafts, &args.sender, cx)? {
        Some(segment) => find(args, &expected, &segment, way, draft, rng, cx),
        None => Ok(Exit::Good),
    }
}

fn find(
    args: &Args,
    expected: &[Expectation],
    segment: &Segment,
    way: Way,
    draft: Draft,
    rng: Rng,
    cx: &mut Context,
) -> Outcome {
    let junit = args.expect.create()?;
    let rows = args.flat.rows(&columns::DISCOVER, cx)?;
    let mut vendors = args.vendors.open(&args.sender.confine, cx)?;
    let mut lost: Option<Failure> = None;
    let mut session = Session::open(segment, session::opening(way, [&draft].into_iter()), &args.sender, cx)?;
    // A server that was named needs no more asking once it has answered.
    let only = args.sender.server().filter(|_| args.sender.giaddr().is_none());
    let plan = Plan {
        wait: args.wait.unwrap_or(WAIT),
        send_all: false,
        backoff: args.sender.backoff(Backoff::COLLECT),
        until: if args.first || only.is_some() { Until::First } else { Until::TimeIsOver },
        want: Want::Offers,
        count_secs: args.sender.counts_secs(),
    };
    let (mac, xid) = (session::client_text(&draft), draft.message.xid);
    let mut collect = Collect::new(draft, plan, rng);
    collect.station_mut().watch.only_server = only;
    let live = cx.format() == Format::Text && !args.nagios.is_on() && rows.is_none();
    let held = {
        let ports = session.ports();
        let place = session.place_meanwhile(&ports);
        let (mut out, verbose) = (cx.out.twin(), cx.common.verbose);
        let (mut shown, lost) = (0, &mut lost);
        let after = |collect: &Collect| {
            for (offer, index) in
                collect.answers().iter().zip(0_usize..).skip(if live { shown } else { usize::MAX })
            {
                shown = index.saturating_add(1);
                vendors.learn(offer.source_mac.into_iter());
                let mut text = out.styled();
                senders::offer(index, offer, vendors.of(offer.source_mac), &place, verbose, &mut text);
                *lost = lost.take().or(out.write_styled(text).err());
            }
        };
        let awaited = Awaited::within("offers", plan.wait);
        session.hold(&mut Showing { machine: &mut collect, after }, awaited, cx)
    };
    if let Some(failure) = lost {
        return Err(failure);
    }
    let place = session.place(&held);
    let offers = collect.answers();
    let found = silence::findings(collect.watch(), Some(held.link(segment)));
    let differences = answers::differences(offers, &place);
    vendors.learn(offers.iter().filter_map(|offer| offer.source_mac));
    let vendors: Vec<_> =
        offers.iter().map(|offer| vendors.of(offer.source_mac).map(ToOwned::to_owned)).collect();
    let offered: Vec<Offered<'_>> = offers
        .iter()
        .map(|offer| Offered {
            server: offer.server_id().or(offer.source_ip).map(|server| server.to_string()),
            said: Said::Four(&offer.message),
            latency: offer.since_first(),
        })
        .collect();
    let checked: Vec<Checked> = expected.iter().map(|expectation| expectation.check(&offered)).collect();
    let met = checked.iter().all(|one| one.met);
    expect::write(junit, &segment.name, &checked)?;
    let discovery = Discovery {
        place,
        mac,
        xid,
        sent: collect.sent(),
        waited: held.took,
        offers,
        vendors: &vendors,
        differences: &differences,
        watch: collect.watch(),
        silence: if offers.is_empty() { &found } else { &[] },
        width: cx.out.width(),
        checked: &checked,
        shown: live,
        verbose: cx.common.verbose,
    };
    if args.nagios.is_on() {
        let plugin = discovery.plugin(&args.nagios.thresholds());
        return NagiosArgs::conclude(&plugin, session::conclude(held, Exit::Good, segment, cx)?, cx);
    }
    flat::tell(&discovery, rows, Discovery::rows, cx)?;
    if collect.overflow > 0 {
        cx.warn(&format!("{} more offers came than are kept", collect.overflow));
    }
    if offers.is_empty() && !checked.is_empty() && met {
        return session::conclude(held, Exit::Good, segment, cx);
    }
    if offers.is_empty() {
        cx.error(&answers::silence_line("offer", held.took, &found));
        return session::conclude(held, Exit::Bad, segment, cx);
    }
    cx.note(&answers::count_line(offers, held.took, collect.sent()));
    if checked.is_empty() && offers.iter().all(|offer| !refusals(offer).is_empty()) {
        cx.error("no offer that a client would accept");
        return session::conclude(held, Exit::Bad, segment, cx);
    }
    session::conclude(held, if met { Exit::Good } else { Exit::Bad }, segment, cx)
}
