//! `dhcptool release`: give an address back.

use std::path::PathBuf;

use fastrand::Rng;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::lease::{self, Lease, Leases};
use crate::cli::report;
use crate::cli::session::{self, Session};
use crate::cli::six::{self, exchange::ExchangeOrder};
use crate::engine::v4::draft::opt;
use crate::engine::{Draft, Recipe, Route};
use crate::run::segment::Segment;
use crate::wire::v4::{MessageType, Xid};

/// How often a RELEASE is sent again: it has no answer, and one that was lost leaves the lease.
const REPEATS: u32 = 2;

/// Give an address back to the server that leased it
///
/// The lease is named by --ip and --server (and --mac, unless it is the interface's own), or read with --lease from what
/// request --json printed, which says the protocol itself; with -6 by --server DUID and --ip or --prefix. There is no answer to a RELEASE of DHCPv4, and so it is sent three times; --retries says how often again.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    /// Give back every lease in FILE, one line each as request --json prints them; - is standard input
    #[arg(long, value_name = "FILE")]
    lease: Option<PathBuf>,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.sender.is_six() {
        let order = ExchangeOrder { lease: args.lease.clone(), ..ExchangeOrder::new("release") };
        return six::exchange::give_up(&order, args.interface.as_deref(), &args.sender, cx);
    }
    args.sender.check_write(&args.lease.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let leases = match &args.lease {
        Some(path) => match args.sender.confine.apart(&[path.as_path()], cx, || lease::read(path))? {
            Leases::Four(leases) => leases,
            Leases::Six(_) if args.sender.is_four() => {
                return Err(Failure::usage(format_args!(
                    "{} holds leases of DHCPv6; leave out -4",
                    path.display()
                )));
            }
            // The file says it.
            Leases::Six(leases) => {
                let (order, interface) = (ExchangeOrder::new("release"), args.interface.as_deref());
                return six::exchange::give_up_leases(&order, Some(leases), interface, &args.sender, cx);
            }
        },
        None => vec![by_hand(args)?],
    };
    let mut rng = Rng::new();
    let (segment, mut recipe) =
        sender::prepare(&args.sender, args.interface.as_deref(), MessageType::RELEASE, &mut rng)?;
    let way = sender::relay(&mut recipe, &args.sender, segment.as_ref());
    let mut drafts = Vec::new();
    for lease in &leases {
        let draft = draft(&recipe, lease, args, segment.as_ref(), &mut rng);
        args.sender.judge(&draft, segment.as_ref(), cx)?;
        drafts.push(draft);
    }
    let Some(segment) = session::unless_shown(segment, &drafts, &args.sender, cx)? else {
        return Ok(Exit::Good);
    };
    let mut session = Session::open(&segment, session::opening(way, drafts.iter()), &args.sender, cx)?;
    session::each(drafts.iter().zip(&leases), |(draft, lease)| {
        give_back(draft, lease, args, &mut session, cx)
    })
}

fn by_hand(args: &Args) -> Result<Lease, Failure> {
    match (args.sender.ip(), args.sender.server()) {
        (Some(address), Some(server)) => Ok(Lease { mac: None, address, server, client_id: None, via: None }),
        _ => Err(Failure::usage(
            "release needs --ip and --server, or --lease FILE with what request --json printed",
        )),
    }
}

fn draft(recipe: &Recipe, lease: &Lease, args: &Args, segment: Option<&Segment>, rng: &mut Rng) -> Draft {
    let mut recipe = recipe.clone();
    if let Some(mac) = lease.mac.filter(|_| !args.sender.has_mac()) {
        recipe.mac = mac;
    }
    if recipe.overrides.xid.is_none() {
        recipe.xid = Xid(rng.u32(1..));
    }
    if let Some(id) =
        lease.client_id.as_ref().filter(|_| !recipe.identity.iter().any(|(code, _)| *code == opt::CLIENT_ID))
    {
        recipe.identity.push((opt::CLIENT_ID, id.clone()));
    }
    if let Some(via) = lease.via.filter(|_| recipe.overrides.dst_mac.is_none()) {
        recipe.overrides.dst_mac = Some(via);
    }
    let server = args.sender.server().unwrap_or(lease.server);
    let route = segment.map_or(Route { server, next_hop: server }, |segment| segment.route(server));
    recipe.release(args.sender.ip().unwrap_or(lease.address), route)
}

fn give_back(
    draft: &Draft,
    lease: &Lease,
    args: &Args,
    session: &mut Session<'_>,
    cx: &mut Context,
) -> Outcome {
    let tries = args.sender.retries.unwrap_or(REPEATS).saturating_add(1);
    let server = args.sender.server().unwrap_or(lease.server);
    let about = (Some(server), args.sender.ip().unwrap_or(lease.address));
    report::send_once("release", draft, about, tries, session, cx)
}
