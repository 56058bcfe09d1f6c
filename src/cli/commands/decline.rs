//! `dhcptool decline`: report an address as in use.

use std::path::PathBuf;

use fastrand::Rng;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::report;
use crate::cli::session::{self, Session};
use crate::cli::six::{self, exchange::ExchangeOrder};
use crate::wire::v4::MessageType;

/// Tell the server that its address is in use by somebody else
///
/// Broadcast, as RFC 2131 section 4.4.4 has it. There is no answer to a DECLINE.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    /// Why, for the server's log (option 56)
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// With -6: decline the addresses of every lease in FILE, one line each as request --json prints them; - is standard input
    #[arg(long, value_name = "FILE")]
    lease: Option<PathBuf>,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.sender.is_six() {
        six::refuse(&[("--reason", args.reason.is_some())])?;
        let order = ExchangeOrder { lease: args.lease.clone(), ..ExchangeOrder::new("decline") };
        return six::exchange::give_up(&order, args.interface.as_deref(), &args.sender, cx);
    }
    if args.lease.is_some() {
        return Err(Failure::usage("--lease is for DHCPv6; add -6"));
    }
    let Some(address) = args.sender.ip() else {
        return Err(Failure::usage("decline needs --ip, the address that is in use"));
    };
    if args.sender.server().is_none() {
        cx.warn("no --server: a DECLINE must name the server that leased the address (RFC 2131 4.4.4)");
    }
    let mut rng = Rng::new();
    let (segment, mut recipe) =
        sender::prepare(&args.sender, args.interface.as_deref(), MessageType::DECLINE, &mut rng)?;
    let way = sender::relay(&mut recipe, &args.sender, segment.as_ref());
    let draft = recipe.decline(address, args.sender.server(), args.reason.as_deref().map(str::as_bytes));
    args.sender.judge(&draft, segment.as_ref(), cx)?;
    let drafts = std::slice::from_ref(&draft);
    let Some(segment) = session::unless_shown(segment, drafts, &args.sender, cx)? else {
        return Ok(Exit::Good);
    };
    let mut session = Session::open(&segment, session::opening(way, [&draft].into_iter()), &args.sender, cx)?;
    let tries = args.sender.retries.unwrap_or(0).saturating_add(1);
    report::send_once("decline", &draft, (args.sender.server(), address), tries, &mut session, cx)
}
