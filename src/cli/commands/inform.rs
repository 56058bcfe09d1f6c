//! `dhcptool inform`: ask for configuration, keep the address.

use fastrand::Rng;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::report::{self, Told};
use crate::cli::session::{self, Session};
use crate::cli::six::{self, exchange::ExchangeOrder};
use crate::cli::teller::Awaited;
use crate::engine::v4::exchange::{Outcome as Ended, Settings, Task};
use crate::engine::{Backoff, Exchange};
use crate::wire::v4::MessageType;

/// Ask for configuration for an address that the client already has
///
/// The address is that of --ip, else of the interface. While it waits, dhcptool answers ARP for it, because servers send
/// their answer to the address itself; the interface is not configured.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.sender.is_six() {
        return six::exchange::inform(
            &ExchangeOrder::new("inform"),
            args.interface.as_deref(),
            &args.sender,
            cx,
        );
    }
    let mut rng = Rng::new();
    let (segment, mut recipe) =
        sender::prepare(&args.sender, args.interface.as_deref(), MessageType::INFORM, &mut rng)?;
    let way = sender::relay(&mut recipe, &args.sender, segment.as_ref());
    let own = segment.as_ref().and_then(|segment| segment.addresses.first()).map(|(addr, _)| *addr);
    let address = args.sender.ip().or(recipe.overrides.ciaddr).or(own).ok_or_else(|| {
        Failure::usage("inform needs the client's address: give --ip, the interface has none")
    })?;
    let route = args.sender.server().and_then(|server| segment.as_ref().map(|segment| segment.route(server)));
    let settings = Settings {
        backoff: args.sender.backoff(Backoff::RFC2131),
        count_secs: args.sender.counts_secs(),
        ..Settings::default()
    };
    let mut exchange = Exchange::new(recipe, Task::Inform { address, server: route }, settings, rng);
    let draft = exchange.first_draft();
    args.sender.judge(&draft, segment.as_ref(), cx)?;
    let drafts = std::slice::from_ref(&draft);
    let Some(segment) = session::unless_shown(segment, drafts, &args.sender, cx)? else {
        return Ok(Exit::Good);
    };
    let mut session = Session::open(&segment, session::opening(way, [&draft].into_iter()), &args.sender, cx)?;
    let held = session.hold(&mut exchange, Awaited::ANSWER, cx);
    let told = Told {
        command: "inform",
        state: None,
        outcome: exchange.outcome().name(),
        sent: exchange.requests(),
        server: args.sender.server(),
        address: Some(address),
        draft: &draft,
    };
    report::exchange(&told, &exchange, &held, &session, report::How::Object, cx)?;
    let exit = if exchange.outcome() == Ended::Ack { Exit::Good } else { Exit::Bad };
    session::conclude(held, exit, &segment, cx)
}
