//! `dhcptool lab`: run a command in a private network that holds embedded DHCP servers.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::time::Duration;

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::values::duration;
use crate::lab::Settings;
use crate::lab::faults::{self, Fault, Faulty};
use crate::lab::ra::Mode;
use crate::lab::settings::{self, DELEGATED_MAX, DELEGATED_MIN, MAX_POOL, MAX_SERVERS, SixSettings, Stall};
use crate::output::{Label, table::Table};
use crate::wire::Mac;

/// Run a command in a private network with embedded DHCP servers (no root, no real network)
///
/// COMMAND runs in a network of its own, whose only interface, eth0, has no address; at the other end of the cable
/// embedded servers answer. dhcptool itself is in its search path. Nothing is left behind when it ends.
#[allow(clippy::struct_excessive_bools, reason = "flags are independent of each other")]
#[derive(clap::Args, Debug)]
#[command(after_long_help = NOTES)]
pub struct Args {
    /// How many servers answer
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=i64::from(MAX_SERVERS)))]
    servers: u8,

    /// Add a server that should not be there
    #[arg(long)]
    rogue: bool,

    /// What gives the rogue server away (implies --rogue)
    #[arg(long, value_name = "KIND")]
    rogue_kind: Option<RogueKind>,

    /// Seed of every random choice: the same seed, the same lab
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Answer this much later
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    delay: Duration,

    /// Lose so many frames of a hundred, in each direction
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "0")]
    loss: f64,

    /// Send so many answers of a hundred twice
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "0")]
    duplicate: f64,

    /// Let so many answers of a hundred be overtaken
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "0")]
    reorder: f64,

    /// Deny every REQUEST
    #[arg(long)]
    nak: bool,

    /// Do not answer: nothing at all, or only not to DISCOVER or REQUEST
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    silent: Option<Silence>,

    /// Look whether an address is in use before it is first offered
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "arp")]
    slow_check: Option<Check>,

    /// How long such a look takes
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1s")]
    check_time: Duration,

    /// Put the servers behind a relay
    #[arg(long)]
    relay: bool,

    /// Answer BOOTP requests too
    #[arg(long)]
    bootp: bool,

    /// Acknowledge another address than was offered
    #[arg(long)]
    other_address: bool,

    /// Let somebody answer ARP and ping for every address of the pools
    #[arg(long)]
    occupied: bool,

    /// Addresses in each server's pool
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_POOL)))]
    pool_size: u32,

    /// How long leases run
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h")]
    lease_time: Duration,

    /// Stand still for a while, over and over, as in 200ms/1s
    #[arg(long, value_name = "DURATION/PERIOD", value_parser = stall)]
    stall: Option<Stall>,

    /// Manage no more than so many full exchanges per second
    #[arg(long, value_name = "R", value_parser = rate)]
    rate_limit: Option<f64>,

    /// Answer with so many threads (only where nothing is delayed or lost)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    threads: u8,

    /// Speak IPv6 too: DHCPv6 and router advertisements [default: on; off with a --fault of DHCPv4]
    #[arg(long, value_name = "on|off", value_enum, hide_possible_values = true)]
    v6: Option<Switch>,

    /// What routers say of addresses [default: managed]
    #[arg(long, value_name = "MODE")]
    ra: Option<Ra>,

    /// Length of the prefixes that servers delegate [default: 56]
    #[arg(long, value_name = "LEN|off", value_parser = delegated)]
    pd: Option<Delegated>,

    /// Preference of the DHCPv6 servers [default: 0]
    #[arg(long, value_name = "N")]
    preference: Option<u8>,

    /// Answer SOLICIT with rapid commit by REPLY [default: on]
    #[arg(long, value_name = "on|off", value_enum, hide_possible_values = true)]
    rapid_commit: Option<Switch>,

    /// Let something be wrong, as --faults lists it; repeatable
    #[arg(long, value_name = "NAME[=ARG]", value_parser = fault)]
    fault: Vec<FaultArg>,

    /// List what can be wrong, and by which codes a diagnosis must name it
    #[arg(long)]
    faults: bool,

    /// Give eth0 an IPv4 address, as in 10.0.0.200/8
    #[arg(long, value_name = "ADDR/LEN", value_parser = address)]
    client_addr: Option<(Ipv4Addr, u8)>,

    /// What this process is to be: the lab itself, or one of its helpers
    #[arg(long, hide = true)]
    stage: Option<Stage>,

    /// Who started this process and must be there still
    #[arg(long, hide = true)]
    parent: Option<u32>,

    /// The command and its arguments
    #[arg(
        required_unless_present = "faults",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    command: Vec<OsString>,
}

const NOTES: &str = "\
Servers are 10.0.0.1, 10.0.0.2 and so on (172.16.0.1 and so on behind a relay), with pools from 10.4.0.10,
10.8.0.10 and so on; the router is 10.0.0.254, the rogue server 10.0.0.66.

Server k is fe80::k and 2001:db8:64::k too, with a DUID-LL, addresses of 2001:db8:64:0:k::/80 and prefixes of
2001:db8:k000::/36 (k below 16; k in hexadecimal); server 1 is the router as well, the rogue server and router
fe80::66.";

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Ra {
    /// DHCPv6 gives addresses and the rest (flags M and O)
    Managed,
    /// Hosts make their addresses, DHCPv6 gives the rest (flag O)
    Stateless,
    /// Hosts make their addresses, there is no DHCPv6
    Slaac,
    /// There is no router
    Off,
}

/// The length of delegated prefixes; none where none are delegated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Delegated(Option<u8>);

#[derive(ValueEnum, Clone, Copy, Debug)]
enum RogueKind {
    /// It offers itself as router and name server
    Gateway,
    /// It denies every request
    Nak,
    /// It answers BOOTP requests only
    Bootp,
    /// It has the first server's address, but another MAC
    SpoofMac,
    /// It answers PXE clients only
    Pxe,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Silence {
    /// Nothing is answered
    All,
    /// DISCOVER is not answered
    Discover,
    /// REQUEST and INFORM are not answered
    Request,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Check {
    /// By an ARP request
    Arp,
    /// By an ICMP echo request
    Icmp,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Supervise,
    Exec,
}

/// A fault of the lab, by name.
#[derive(Clone, Debug)]
struct FaultArg {
    fault: &'static Fault,
    argument: Option<String>,
}

/// Reads `stp=15s`.
fn fault(text: &str) -> Result<FaultArg, String> {
    let (name, argument) = match text.split_once('=') {
        Some((name, argument)) => (name, Some(argument.to_owned())),
        None => (text, None),
    };
    let fault = faults::by_name(name).ok_or("no such fault; dhcptool lab --faults lists them")?;
    fault.apply(&mut Faulty::default(), argument.as_deref(), NEAR_MAC)?;
    Ok(FaultArg { fault, argument })
}

/// The hardware address of eth0.
const NEAR_MAC: Mac = Mac([2, 0, 0, 0, 1, 0]);

impl Args {
    /// The lab as the flags say.
    fn faulty(&self) -> Result<Faulty, Failure> {
        let mut lab = Faulty { settings: self.settings()?, ..Faulty::default() };
        for FaultArg { fault, argument } in &self.fault {
            fault.apply(&mut lab, argument.as_deref(), NEAR_MAC).map_err(Failure::usage)?;
        }
        Ok(lab)
    }

    /// IPv6 as the flags say; none where it is not spoken.
    fn six(&self) -> Result<Option<SixSettings>, Failure> {
        // What goes wrong with DHCPv4 shall be found without anything else to be told.
        let by_default = self.fault.iter().all(|arg| arg.fault.six);
        if !self.v6.map_or(by_default, |switch| switch == Switch::On) {
            let flags = [
                (self.ra.is_some(), "--ra"),
                (self.pd.is_some(), "--pd"),
                (self.preference.is_some(), "--preference"),
                (self.rapid_commit.is_some(), "--rapid-commit"),
            ];
            return match flags.iter().find(|(given, _)| *given) {
                Some((_, flag)) => Err(Failure::usage(format!("{flag} is of IPv6, which --v6 on speaks"))),
                None => Ok(None),
            };
        }
        let default = SixSettings::default();
        Ok(Some(SixSettings {
            ra: match self.ra {
                None => default.ra,
                Some(Ra::Managed) => Some(Mode::Managed),
                Some(Ra::Stateless) => Some(Mode::Stateless),
                Some(Ra::Slaac) => Some(Mode::Slaac),
                Some(Ra::Off) => None,
            },
            delegated: self.pd.map_or(default.delegated, |Delegated(length)| length),
            preference: self.preference.unwrap_or(default.preference),
            rapid_commit: self.rapid_commit.map_or(default.rapid_commit, |switch| switch == Switch::On),
            solicit: true,
            troubles: Vec::new(),
        }))
    }

    fn settings(&self) -> Result<Settings, Failure> {
        Ok(Settings {
            six: self.six()?,
            servers: self.servers,
            rogue: self.rogue_kind.or(self.rogue.then_some(RogueKind::Gateway)).map(|kind| match kind {
                RogueKind::Gateway => settings::RogueKind::Gateway,
                RogueKind::Nak => settings::RogueKind::Nak,
                RogueKind::Bootp => settings::RogueKind::Bootp,
                RogueKind::SpoofMac => settings::RogueKind::SpoofMac,
                RogueKind::Pxe => settings::RogueKind::Pxe,
            }),
            seed: self.seed,
            pool_size: self.pool_size,
            lease_time: self.lease_time,
            nak: self.nak,
            silent: self.silent.map(|silence| match silence {
                Silence::All => settings::Silence::All,
                Silence::Discover => settings::Silence::Discover,
                Silence::Request => settings::Silence::Request,
            }),
            bootp: self.bootp,
            other_address: self.other_address,
            occupied: self.occupied,
            slow_check: self.slow_check.map(|check| match check {
                Check::Arp => settings::AddressCheck::Arp,
                Check::Icmp => settings::AddressCheck::Icmp,
            }),
            check_time: self.check_time,
            relay: self.relay,
            resolve: true,
            delay: self.delay,
            loss: self.loss,
            duplicate: self.duplicate,
            reorder: self.reorder,
            stall: self.stall,
            rate_limit: self.rate_limit,
        })
    }
}

/// Reads `5` or `5%`.
fn percent(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%').unwrap_or(text).trim().parse() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        _ => Err("write a percentage from 0 to 100, such as 5".to_owned()),
    }
}

/// Reads `200ms/1s`.
fn stall(text: &str) -> Result<Stall, String> {
    let parts = text.split_once('/').and_then(|(length, period)| {
        let length = duration(length).ok()?;
        let period = duration(period).ok()?;
        Some(Stall { length, period })
    });
    parts
        .filter(|stall| stall.length < stall.period)
        .ok_or_else(|| "write how long and how often, the longer one last, such as 200ms/1s".to_owned())
}

/// Reads a positive number.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("write how many exchanges per second, such as 1000".to_owned()),
    }
}

/// Reads `56`, `/56` or `off`.
fn delegated(text: &str) -> Result<Delegated, String> {
    if text == "off" {
        return Ok(Delegated(None));
    }
    match text.strip_prefix('/').unwrap_or(text).parse() {
        Ok(length @ DELEGATED_MIN..=DELEGATED_MAX) => Ok(Delegated(Some(length))),
        _ => Err(format!("write a length from {DELEGATED_MIN} to {DELEGATED_MAX}, such as 56, or off")),
    }
}

/// Reads `10.0.0.200/8`; eight bits when none are given.
fn address(text: &str) -> Result<(Ipv4Addr, u8), String> {
    let (addr, prefix) = text.split_once('/').unwrap_or((text, "8"));
    let parsed = addr.parse().ok().zip(prefix.parse().ok().filter(|prefix| *prefix <= 32));
    parsed.ok_or_else(|| "write an IPv4 address and a prefix length, such as 10.0.0.200/8".to_owned())
}

/// Runs the command.
#[cfg(feature = "live")]
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    use crate::lab::netns;
    if args.faults {
        return list(cx);
    }
    // What clap takes for the command, since its own arguments may begin so.
    if let Some(flag) =
        args.command.first().and_then(|word| word.to_str()).filter(|word| word.starts_with('-'))
    {
        return Err(Failure::usage(format_args!(
            "unexpected argument '{flag}' found: lab has no such flag, and no command is called so (see --help)"
        )));
    }
    let lab = args.faulty()?;
    if args.threads > 1 && !(lab.settings.is_quick() && lab.plan.is_quiet()) {
        return Err(Failure::usage(
            "several threads cannot delay, lose or count answers: leave --threads out",
        ));
    }
    let code = match args.stage {
        Some(Stage::Exec) => return Err(Failure::could_not_run(netns::exec(&args.command))),
        Some(Stage::Supervise) => netns::supervise(&["lab", "--stage", "exec"], &args.command, args.parent),
        None => start(args, &lab, cx),
    };
    Ok(Exit::Code(code?))
}

#[cfg(feature = "live")]
fn start(args: &Args, lab: &Faulty, cx: &Context) -> Result<u8, crate::net::NetError> {
    use crate::lab::{host, netns};
    let signals = netns::watch_signals()?;
    netns::enter()?;
    let pair = netns::VethPair {
        near: NEAR_MAC,
        far: Mac([2, 0, 0, 0, 0xff, 0xff]),
        near_addr: args.client_addr,
        six: lab.settings.six.is_some(),
    };
    let far = host::start(lab, usize::from(args.threads), &pair)?;
    let parent = netns::this_process().map(|pid| pid.to_string());
    let mut stage = vec!["lab", "--stage", "supervise"];
    stage.extend(parent.iter().flat_map(|pid| ["--parent", pid]));
    let code = netns::run(&signals, &stage, &args.command)?;
    if let Some(why) = far.ended() {
        cx.warn(&format!("the servers of the lab ended before the command: {why}"));
    }
    Ok(code)
}

/// Lists the faults.
fn list(cx: &mut Context) -> Outcome {
    let mut table = Table::new(&["fault", "must be named", "what is wrong"]);
    for fault in faults::FAULTS.iter().chain(faults::FAULTS6) {
        let name =
            fault.argument.map_or_else(|| fault.name.to_owned(), |text| format!("{}={text}", fault.name));
        table.row(vec![
            (Label::Strong, name),
            (Label::Plain, fault.codes.join(" ")),
            (Label::Dim, fault.what.to_owned()),
        ]);
    }
    let mut out = cx.out.styled();
    table.show(&mut out);
    cx.out.write_styled(out)?;
    Ok(Exit::Good)
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.faults {
        return list(cx);
    }
    let _ = (args.faulty()?, args.stage, args.parent, &args.command, args.threads, args.client_addr);
    Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!(percent("5%"), Ok(5.0));
        assert_eq!(percent("2.5"), Ok(2.5));
        assert!(percent("101").is_err() && percent("-1").is_err() && percent("nan").is_err());
        let wanted = Stall { length: Duration::from_millis(200), period: Duration::from_secs(1) };
        assert_eq!(stall("200ms/1s"), Ok(wanted));
        assert!(stall("1s/1s").is_err() && stall("1s").is_err());
        assert!(rate("0").is_err() && rate("inf").is_err() && rate("100").is_ok());
        assert_eq!(delegated("/60"), Ok(Delegated(Some(60))));
        assert_eq!(delegated("off"), Ok(Delegated(None)));
        assert!(delegated("35").is_err() && delegated("65").is_err() && delegated("on").is_err());
        assert_eq!(address("10.0.0.200/24"), Ok(([10, 0, 0, 200].into(), 24)));
        assert_eq!(address("10.0.0.200"), Ok(([10, 0, 0, 200].into(), 8)));
        assert!(address("10.0.0.200/33").is_err() && address("x").is_err());
    }
}
