//! `dhcptool doctor`: why does this machine, or this segment, get no address, or a bad one?

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::context::Context;
#[cfg(not(feature = "live"))]
use crate::cli::exit::Failure;
use crate::cli::exit::Outcome;
use crate::cli::flags::values::duration;

#[cfg(feature = "live")]
mod checks;
#[cfg(feature = "live")]
mod keeper;
#[cfg(feature = "live")]
mod live;

/// Why does this machine or segment get no address, or a bad one?
///
/// Runs every check, then says in one screen what is wrong, on what evidence, and what to do. It asks as the host would and
/// as a stranger, takes a lease for seconds, tries address, router, name servers and renewal, and gives the lease back.
/// Where IPv6 is spoken on the link, routers and DHCPv6 servers are asked too; nothing is bound there. Nothing is configured,
/// no lease is kept, and no DECLINE is sent. With -v what was asked and answered of DHCPv4 is drawn, with -vv every check is
/// listed too.
#[derive(clap::Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "flags are independent of each other")]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    /// One short round: no stranger, no renewal
    #[arg(long)]
    quick: bool,

    /// Do not ask as a stranger too
    #[arg(long)]
    no_second_mac: bool,

    /// Ask as the host itself: its hardware address, client identifier and host name (the default)
    #[arg(long)]
    as_host: bool,

    /// Ask as this hardware address
    #[arg(long, value_name = "MAC", conflicts_with = "as_host")]
    mac: Option<crate::wire::Mac>,

    /// Ask in this VLAN
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,

    /// Ask as a PXE client of this architecture (RFC 4578; 7 is UEFI x64), and look for the boot file
    #[arg(long, value_name = "ARCH", num_args = 0..=1, require_equals = true, default_missing_value = "7")]
    pxe: Option<u16>,

    /// Ask --server too, as a relay with this address would; answers come here if the way to it leads to this interface
    #[arg(long, value_name = "GIADDR", requires = "server")]
    via: Option<Ipv4Addr>,

    /// The server that --via asks
    #[arg(long, value_name = "ADDR", requires = "via")]
    server: Option<Ipv4Addr>,

    /// The address that the host held before; without it, that of the newest lease file
    #[arg(long, value_name = "ADDR")]
    ip: Option<Ipv4Addr>,

    /// Send nothing: tell what others' messages show
    #[arg(long, conflicts_with_all = ["quick", "no_second_mac", "as_host", "mac", "vlan", "pxe", "via", "server", "ip"])]
    passive: bool,

    /// Listen for so long at least; 20s with --passive
    #[arg(long, value_name = "DURATION", value_parser = listening)]
    listen: Option<Duration>,

    /// Judge the servers by this policy, as rogue --policy does, and take the offer of one that it allows
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,

    /// Keep every frame seen in FILE (pcapng), with the verdict as its comment
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    #[command(flatten)]
    confine: crate::cli::flags::confine::ConfineArgs,

    /// Give advice for everything that is said
    #[arg(long)]
    explain: bool,

    /// One line for monitoring: 0, 1, 2 or 3 by OK, warning, error, unable
    #[arg(long)]
    nagios: bool,

    /// Examine again every five minutes and tell changes only; link, addresses and lease files are looked at anew, filters and other
    /// processes are not
    #[arg(long)]
    watch: bool,

    /// How long to wait between two examinations of --watch
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m", requires = "watch")]
    interval: Duration,
}

/// How long is listened when nothing is sent.
const PASSIVE: Duration = Duration::from_secs(20);

/// Reads a time to listen for.
fn listening(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    let day = Duration::from_hours(24);
    if time > day { Err("write a day or less".to_owned()) } else { Ok(time) }
}

impl Args {
    /// How long it is listened at least.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "nothing is heard"))]
    fn listen(&self) -> Duration {
        self.listen.unwrap_or(if self.passive { PASSIVE } else { Duration::ZERO })
    }
}

/// Runs the command.
#[cfg(feature = "live")]
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    crate::cli::flags::nagios::guard(args.nagios, cx, |cx| live::run(args, cx))
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub fn run(args: &Args, _cx: &mut Context) -> Outcome {
    let _ = args;
    Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
}
