//! `dhcptool lab`: run a command in a private network that holds embedded DHCP servers.

use std::ffi::OsString;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};

/// Run a command in a private network that holds embedded DHCP servers (no root, no real network)
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What this process is to be: the lab itself, or one of its helpers
    #[arg(long, hide = true)]
    stage: Option<Stage>,

    /// The command and its arguments; its interface is eth0, and dhcptool itself is in its search path
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Supervise,
    Exec,
}

/// Runs the command.
#[cfg(feature = "live")]
pub fn run(args: &Args, _cx: &mut Context) -> Outcome {
    use crate::lab::netns;
    let code = match args.stage {
        Some(Stage::Exec) => return Err(Failure::could_not_run(netns::exec(&args.command))),
        Some(Stage::Supervise) => netns::supervise(&["lab", "--stage", "exec"], &args.command),
        None => start(args),
    };
    code.map(Exit::Code).map_err(Failure::could_not_run)
}

#[cfg(feature = "live")]
fn start(args: &Args) -> Result<u8, crate::net::NetError> {
    use crate::lab::netns;
    use crate::wire::Mac;
    let signals = netns::watch_signals()?;
    netns::enter()?;
    let (tx, rx) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tx.send(netns::enter_far()).unwrap();
        std::thread::park();
    });
    let far = rx.recv().unwrap()?;
    netns::connect(
        &netns::Pair { near: Mac([2, 0, 0, 0, 1, 0]), far: Mac([2, 0, 0, 0, 0, 1]), near_addr: None },
        &far,
    )?;
    netns::run(&signals, &["lab", "--stage", "supervise"], &args.command)
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub fn run(_args: &Args, _cx: &mut Context) -> Outcome {
    Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
}
