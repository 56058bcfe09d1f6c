//! `dhcptool diff`: what two servers give, option by option.

mod ask;
mod read;

use std::path::{Path, PathBuf};

use ask::{Asked, ask};
use read::{Reading, read};

use crate::analysis::compare::{self, Family, Kind, Scope, Side};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::confine::ConfineArgs;
#[cfg(feature = "live")]
use crate::net::sandbox::Needs;
use crate::output::diff::{DiffObject, Source};
use crate::output::words::counted;
use crate::wire::HwAddr;

/// Compare what two servers give, option by option
///
/// Each side is a capture (its replies that give something count), JSON that decode, discover or request printed, or
/// server:ADDR[%IFACE], which is asked now with a DISCOVER, or a SOLICIT where ADDR is one of IPv6, and keeps no lease for it. Of
/// several replies the last of each server to each client counts, and values are sets. Transaction number, times that drift, client
/// identifier, relay agent information and the address itself are left out; its subnet is compared. Without -4 and -6 it is DHCPv4
/// that is compared where both sides have it, else DHCPv6.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// One side: a capture, saved JSON, or server:ADDR[%IFACE]
    #[arg(value_name = "A")]
    a: PathBuf,

    /// The other side
    #[arg(value_name = "B")]
    b: PathBuf,

    /// DHCPv4 alone
    #[arg(short = '4', long = "ipv4")]
    ipv4: bool,

    /// DHCPv6 alone
    #[arg(short = '6', long = "ipv6", conflicts_with = "ipv4")]
    ipv6: bool,

    /// Compare these messages; left out: ACKs if both sides have one, else OFFERs. Of DHCPv6 REPLYs and ADVERTISEs, else REPLYs that
    /// come without a lease
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<KindArg>,

    /// Only replies to this client
    #[arg(long, value_name = "MAC")]
    mac: Option<HwAddr>,

    /// Compare the servers' own identifiers, too
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    confine: ConfineArgs,
}

/// The values of `--type`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum KindArg {
    /// OFFERs, ADVERTISEs
    #[value(alias = "advertise")]
    Offer,
    /// ACKs, REPLYs
    #[value(alias = "reply")]
    Ack,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if [&args.a, &args.b].iter().all(|path| path.as_os_str() == "-") {
        return Err(Failure::usage("standard input is one side; name - once"));
    }
    let Sides { found: [a, b], asked, damage } = sides(args, cx)?;
    let (a, b) = (&a, &b);
    let chosen = args.family().or(asked);
    let kind = args.kind.map(|kind| match kind {
        KindArg::Offer => Kind::Offer,
        KindArg::Ack => Kind::Final,
    });
    let Some(found) = compare::compare(a, b, Scope { family: chosen, kind, all: args.all }) else {
        let count = |side: &Side| match chosen {
            Some(family) => side.count(family),
            None => side.count(Family::Four).saturating_add(side.count(Family::Six)),
        };
        let nothing = Failure::could_not_run(format_args!(
            "nothing to compare: {} gives something in {}, {} in {}, and not of one type",
            args.a.display(),
            counted(count(a), "reply"),
            args.b.display(),
            counted(count(b), "reply")
        ));
        return end(Err(nothing), damage, cx);
    };
    let exit = if found.differences.is_empty() { Exit::Good } else { Exit::Bad };
    let source = |path: &Path, side: &Side| Source {
        source: path.display().to_string(),
        replies: side.count(found.family),
    };
    let (a, b) = (source(&args.a, a), source(&args.b, b));
    cx.show(&DiffObject::new(a, b, found))?;
    end(Ok(exit), damage, cx)
}

/// How it ends: what could be read was compared, and that there is more, which could not, says how.
fn end(outcome: Outcome, mut damage: Vec<String>, cx: &Context) -> Outcome {
    let Some(last) = damage.pop() else { return outcome };
    let before = outcome.err().and_then(|failure| failure.message);
    for line in before.iter().chain(&damage) {
        cx.error(line);
    }
    Err(Failure::damaged(last))
}

/// What was found of both sides.
struct Sides {
    found: [Side; 2],
    /// The DHCP that servers were asked with.
    asked: Option<Family>,
    /// What is wrong with captures that could be read in part.
    damage: Vec<String>,
}

impl Args {
    /// The DHCP that was chosen.
    fn family(&self) -> Option<Family> {
        match (self.ipv4, self.ipv6) {
            (true, _) => Some(Family::Four),
            (_, true) => Some(Family::Six),
            _ => None,
        }
    }
}

/// Both sides. Servers are asked last: files are read before that, confined, with the rights of who named them.
fn sides(args: &Args, cx: &Context) -> Result<Sides, Failure> {
    let (mut found, mut damage) = ([Side::default(), Side::default()], Vec::new());
    let (mut servers, mut files) = (Vec::new(), Vec::new());
    for (path, place) in [&args.a, &args.b].into_iter().zip(0_usize..) {
        match path.to_str().and_then(|text| text.strip_prefix("server:")) {
            Some(server) => servers.push((place, Asked::parse(server)?)),
            None => files.push((place, path.as_path())),
        }
    }
    let asked = servers.first().map(|(_, asked)| asked.family());
    let wanted = args.family().or(asked);
    if servers.iter().any(|(_, asked)| Some(asked.family()) != wanted) {
        return Err(Failure::usage(
            "a server of DHCPv4 is not compared with one of DHCPv6: name two addresses of one kind, that of -4 or -6",
        ));
    }
    #[cfg(feature = "live")]
    if servers.is_empty() {
        let read = files.iter().map(|(_, path)| path.to_path_buf()).collect();
        args.confine.offline(&Needs { read, ..Needs::default() }, cx)?;
    }
    for (place, path) in files {
        let read: Reading = args.confine.apart(&[path], cx, || read(path, args.mac))?;
        if let Some(slot) = found.get_mut(place) {
            *slot = read.side;
        }
        damage.extend(read.damage);
    }
    if !servers.is_empty() {
        let sides = ask(&servers, args, cx)?;
        for ((place, _), side) in servers.iter().zip(sides) {
            if let Some(slot) = found.get_mut(*place) {
                *slot = side;
            }
        }
    }
    Ok(Sides { found, asked, damage })
}
