//! The single look.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use super::Args;
use super::hub::{Doubts, Hub, report};
use crate::analysis::servers::{Servers, Speaks};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::teller::{Manner, TICK, seconds_left};
use crate::cli::terminal;
use crate::net::sandbox::Needs;
use crate::output::rogue::Scan;
use crate::output::words::counted;
use crate::run::files;
use crate::run::rogue::{Lookout, LookoutNews, LookoutPlan, Turn};
use crate::time::{Clock as _, Instant};

/// A ring gives frames away in blocks, a little after they came.
const LINGER: Duration = Duration::from_millis(25);

impl Args {
    /// Where to look, and how.
    fn plan(&self) -> LookoutPlan {
        LookoutPlan {
            interfaces: self.interfaces.clone(),
            reloads: self.watch && self.policy.is_some(),
            families: self.families(),
            passive: self.passive,
            patient: self.watch,
            wait: self.wait(),
            rounds: self.rounds,
            own_mac: self.own_mac,
            vlans: self.vlan.clone().unwrap_or_default().0,
        }
    }
}

/// Opens the interfaces.
pub(super) fn open(args: &Args) -> Result<Lookout, Failure> {
    Ok(Lookout::open(args.plan())?)
}

/// Says what happens meanwhile.
pub(super) fn tell(cx: &Context) -> impl FnMut(LookoutNews) {
    |news| match news {
        LookoutNews::Interface(name, what) => cx.warn(&format!("{name} {what}")),
        LookoutNews::Refused(error) => cx.warn(&error),
    }
}

/// Waits for what happens until `deadline`, or until `other` can be read. What the user wants comes back.
pub(super) fn turn(
    lookout: &mut Lookout,
    deadline: Instant,
    other: Option<BorrowedFd<'_>>,
    hub: &mut Hub,
    cx: &Context,
) -> Result<Turn, Failure> {
    let stdout = io::stdout();
    match lookout.turn(deadline, other, stdout.as_fd(), &mut hub.register, &mut tell(cx))? {
        Turn::OutputGone => Err(Failure::output(&io::ErrorKind::BrokenPipe.into())),
        turn => Ok(turn),
    }
}

/// What is said of a file whose folder is missing.
pub(super) fn no_folder(folder: &Path) -> Failure {
    let name = folder.display();
    Failure::could_not_run(format_args!(
        "cannot write to {name}: no such folder; make it first (mkdir -p {name})"
    ))
}

/// Gives up what is not needed any more.
pub(super) fn confine(args: &Args, cx: &Context) -> Result<(), Failure> {
    let written = [&args.learn, &args.state, &args.prometheus];
    let create_in: Vec<_> = written.into_iter().flatten().map(|path| files::folder(path)).collect();
    if let Some(missing) = create_in.iter().find(|folder| !folder.is_dir()) {
        return Err(no_folder(missing));
    }
    // A policy is read again on SIGHUP, and editors put a new file in the place of the old one.
    let read = args.policy.iter().filter(|_| args.watch).map(|path| files::folder(path)).collect();
    args.confine.confine(&Needs { create_in, read, serve: args.listen.is_some() }, cx)
}

/// What is said `left` nanoseconds before the wait is over.
fn waiting(left: i64, heard: &Servers) -> String {
    let seconds = seconds_left(left);
    let (servers, messages) = (heard.iter().count(), heard.answers);
    let (servers, messages) = (counted(servers, "server"), counted(messages, "message"));
    format!("listening, {seconds} s more: {servers}, {messages} so far")
}

/// One look: probes or listens until the wait is over, and judges.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let mut hub = Hub::new(args, cx)?;
    let mut lookout = open(args)?;
    args.confine.give_up(cx)?;
    confine(args, cx)?;
    let start = cx.clock.now();
    if !args.passive {
        lookout.provoke(start);
    }
    let mut end = start.after(args.wait()).after(LINGER);
    let mut cut = false;
    let mut manner = Manner::of(cx);
    loop {
        let now = cx.clock.now();
        lookout.send(now, &mut hub.register, &mut tell(cx));
        if now >= end && !lookout.is_provoking(now) {
            break;
        }
        let until = if now < end { end.min(now.after(TICK)) } else { now.after(LINGER) };
        let in_vain = hub.register.servers.is_empty() && now >= start.after(TICK);
        if manner == Manner::Status || in_vain && now < end {
            manner.tell(&waiting(end.since(now.after(LINGER)), &hub.register.servers));
        }
        if turn(&mut lookout, until, None, &mut hub, cx)? == Turn::Stop {
            lookout.stop(now);
            cut |= now < end;
            end = now;
        }
        hub.register.fresh.clear();
    }
    terminal::status("");
    let names = lookout.names();
    let (kept, overlooked) = lookout.kept();
    let kept6 = lookout.kept6();
    let (lost, mut blind) = (lookout.lost(), lookout.blind());
    if cut {
        // Who had not answered by then may still be there.
        blind.push("it was interrupted before the wait was over".to_owned());
    }
    let doubts = Doubts { blind, silence: lookout.silence() };
    let scan = Scan {
        lost,
        kept: &kept,
        kept6: &kept6,
        overlooked,
        interfaces: &names,
        sent: lookout.sent(),
        waited: Some(cx.clock.now().since(start)),
        precision: lookout.precision(),
        asked: !args.passive,
        asked_v4: !args.passive && args.families().speak().contains(&Speaks::Dhcpv4),
    };
    let exit = report(&mut hub, &scan, doubts, args, cx)?;
    // A rogue that was found stays found; a plugin says UNKNOWN.
    let unsure = cut && !args.nagios.is_on() && exit != Exit::Bad;
    Ok(if unsure { Exit::Interrupted } else { exit })
}
