//! `handshake -6`: from flags to a plan of DHCPv6.

use std::path::PathBuf;

use fastrand::Rng;

use super::run::{macs, protect};
use super::{Args, runner};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::sender::{SenderArgs, ServerArg};
use crate::cli::flags::six::Asker;
use crate::cli::six::{prepare, refuse, unless_shown, warn_of_address};
use crate::engine::load::v6::template::SERVER_MARK;
use crate::engine::load::{MAC_MARK, Macs, V6};
use crate::engine::v6::recipe::{Recipe6, usual_iaid};
use crate::net::signals::Signals;
use crate::net::udp::Held6;
use crate::run::lanes;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, MessageType};

/// Runs the command.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let sender = &args.sender;
    refuse(&[("--option-82", args.option_82)])?;
    if args.init_reboot > 0 {
        return Err(Failure::usage("--init-reboot is for DHCPv4; with -6 it is --confirm"));
    }
    if sender.message_args().xid.is_some() {
        return Err(Failure::usage(
            "--xid cannot be the same for every handshake; answers could not be told apart",
        ));
    }
    sender.check_write(&args.mac_list.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut rng = Rng::new();
    let macs = macs(args, seed, cx)?;
    protect(args, &macs)?;
    let (segment, asker) = prepare(sender, args.interface.as_deref(), &[IaKind::Na], &mut rng)?;
    if args.confirm > 0 && !asker.recipe.ias.iter().any(|ia| ia.kind != IaKind::Pd) {
        return Err(Failure::usage("--confirm needs an address: prefixes are not confirmed; add --ia-na"));
    }
    // Many networks know the card alone, and one client needs no other.
    let single = macs.len() == 1 && args.mac_list.is_none();
    let macs = if single { Macs::List([asker.recipe.mac].into()) } else { macs };
    let only = (macs.len() == 1).then(|| macs.get(0));
    let mut recipes = recipes(sender, &asker, &mut rng)?;
    // What cannot be is said before a message is shown or a socket opened.
    V6::new(&recipes, only, asker.foreign).map_err(Failure::usage)?;
    let shown = shown(&asker.recipe);
    let drafts: Vec<_> = shown.into_iter().map(|message| asker.recipe.draft(message)).collect();
    let Some(segment) = unless_shown(segment, &drafts, sender, cx)? else { return Ok(Exit::Good) };
    warn_of_address(&segment, sender, cx);
    let signals = Signals::termination().map_err(Failure::could_not_run)?;
    if segment.mac.is_none() {
        return Err(Failure::could_not_run(format_args!(
            "{} is not Ethernet: it has no MAC address",
            segment.name
        )));
    }
    if let Some(to) = drafts.first().and_then(|draft| Some((draft, draft.next_hop?))) {
        let (draft, hop) = to;
        let found = lanes::resolve6(&segment.name, &draft.envelope, hop, &signals);
        let mac = found.map_err(Failure::could_not_run)?.ok_or_else(|| {
            Failure::could_not_run(format_args!(
                "nobody on {} answers neighbor solicitations for {hop}; is --server right?",
                segment.name
            ))
        })?;
        for recipe in &mut recipes {
            recipe.around.dst_mac = Some(mac);
        }
    }
    let family = V6::new(&recipes, only, asker.foreign).map_err(Failure::usage)?;
    let ports = drafts.first().map_or((546, 547), |draft| draft.ports);
    // Nobody reads from it: without it the kernel says "port unreachable" to every answer.
    let hold = if asker.foreign { None } else { Held6::open(&segment.name, ports.0).ok() };
    let plan = runner::plan(args, family, macs, seed);
    let setup = runner::setup(args, &plan, &segment, ports, cx);
    let server = match sender.server_arg() {
        Some(ServerArg::Duid(duid)) => Some(duid.to_string()),
        Some(ServerArg::Ip(ip)) => Some(ip.to_string()),
        None => None,
    };
    let outcome = runner::run(args, &plan, &setup, &segment, server, &signals, cx);
    drop(hold);
    outcome
}

/// The recipes of a run: those of the client with [`MAC_MARK`], which speaks from this host's address; one for each turn of relays.
fn recipes(sender: &SenderArgs, asker: &Asker, rng: &mut Rng) -> Result<Vec<Recipe6>, Failure> {
    let own = asker.recipe.mac;
    let mut marked = asker.recipe.clone();
    marked.mac = MAC_MARK;
    marked.duid = sender.duid6(MAC_MARK, rng);
    marked.around.src_mac = marked.around.src_mac.or(Some(own));
    for ia in &mut marked.ias {
        // An IAID that is made of the MAC is so for every client.
        let more = ia.iaid.wrapping_sub(usual_iaid(own));
        if u8::try_from(more).is_ok() {
            ia.iaid = usual_iaid(MAC_MARK).wrapping_add(more);
        }
    }
    let turns = sender.relays_in_turn(MAC_MARK)?;
    Ok(turns.into_iter().map(|relays| Recipe6 { relays, ..marked.clone() }).collect())
}

/// The messages that a dry run shows, to a server whose name is a mark.
fn shown(recipe: &Recipe6) -> [crate::wire::v6::Message; 2] {
    let server = recipe.server.clone().unwrap_or_else(|| Duid(SERVER_MARK.to_vec()));
    [MessageType::SOLICIT, MessageType::REQUEST]
        .map(|kind| recipe.message(kind, &recipe.ias, Some(&server), 0))
}
