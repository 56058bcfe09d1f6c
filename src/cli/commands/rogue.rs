//! `dhcptool rogue`: find every DHCP server and judge it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::analysis::servers::rules::{RULES, Weight};
use crate::analysis::servers::{Allowed, Identity, Policy};
use crate::cli::context::Context;
use crate::cli::exit::{Failure, Outcome};
use crate::cli::flags::confine::ConfineArgs;
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::select::TimeArg;
use crate::cli::flags::sender::duration;
use crate::cli::flags::vendors::VendorArgs;
use crate::cli::text;
#[cfg(feature = "live")]
use crate::cli::{context::env, exit::Exit};
#[cfg(feature = "live")]
use crate::run::helper;
use crate::run::rogue::Families;

mod hub;
#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
mod watch;

/// Find every DHCP server and router, judge it by an allow list
///
/// Sends DISCOVER, BOOTP requests, REQUESTs that no honest server grants, INFORM and PXE requests from invented clients,
/// because some rogues answer only certain messages, collects every answer until the wait is over, and judges who
/// answered. No lease is kept: what is acknowledged is released, and offers are turned down by a REQUEST to another server
/// (no DECLINE is sent: that would take addresses out of service). Of IPv6 it sends SOLICIT, CONFIRM, INFORMATION-REQUEST and
/// router solicitations, which bind nothing.
#[allow(clippy::struct_excessive_bools, reason = "flags are independent of each other")]
#[derive(clap::Args, Debug)]
#[command(after_long_help = notes())]
pub struct Args {
    /// The interfaces; that of the default route if left out, else the only usable one
    #[arg(value_name = "IFACE")]
    interfaces: Vec<String>,

    /// DHCPv4 alone
    #[arg(short = '4', long = "ipv4")]
    ipv4: bool,

    /// DHCPv6 and router advertisements alone
    #[arg(short = '6', long = "ipv6")]
    ipv6: bool,

    /// A server or router that may be there: an address, a MAC, or any of protocol= (dhcpv4, dhcpv6, ra), server-id=,
    /// duid=, ip=, mac=, relay= and vlan= joined by commas, all of which must fit; repeat it for more
    #[arg(long, value_name = "SERVER", help_heading = "Judging")]
    allow: Vec<Identity>,

    /// A server that must answer with an offer, written as for --allow; others are welcome. Repeat it for more
    #[arg(long, value_name = "SERVER", help_heading = "Judging")]
    require: Vec<Identity>,

    /// A file that says which servers may be there and what they must offer (TOML, see below)
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    policy: Option<PathBuf>,

    /// Write a policy that allows exactly what is there now
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    learn: Option<PathBuf>,

    /// Collect answers for so long: 8s, or 60s when only listening. Servers that check an address before they offer it
    /// take up to 3 seconds
    #[arg(long, value_name = "DURATION", value_parser = patience, help_heading = "Exchange")]
    wait: Option<Duration>,

    /// Rounds of fresh clients, three seconds apart, as far as they fit into the wait
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=20), help_heading = "Exchange")]
    rounds: u32,

    /// Send nothing, only listen
    #[arg(long, help_heading = "Exchange")]
    passive: bool,

    /// Use the interface's own MAC for every client: for wireless networks and ports that take one MAC only
    #[arg(long, help_heading = "Exchange")]
    own_mac: bool,

    /// Tag what is sent with this VLAN, or two
    #[arg(long, value_name = "ID[.ID]", value_parser = parse_vlans, help_heading = "Exchange")]
    vlan: Option<Vlans>,

    /// Judge the servers in a capture instead; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["interfaces", "passive", "wait", "rounds", "own_mac", "vlan"], help_heading = "Exchange")]
    from: Option<PathBuf>,

    /// Run for ever and tell changes only: new, changed, gone, back
    #[arg(long, conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    watch: bool,

    /// Time between the starts of two probings, moved by up to a tenth at random; 1s or more
    #[arg(long, value_name = "DURATION", value_parser = interval, default_value = "1m", requires = "watch", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    interval: Duration,

    /// How the time of a change is written: utc on a terminal if left out; elsewhere only where it is named, for journals add
    /// their own
    #[arg(long, value_name = "FORM", requires = "watch", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    time: Option<TimeArg>,

    /// A server not heard for so long is gone: three intervals, or an hour when only listening
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "watch", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    gone_after: Option<Duration>,

    /// Remember in FILE over restarts who is known
    #[arg(long, value_name = "FILE", requires = "watch", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    state: Option<PathBuf>,

    /// Run PROGRAM on every change, with the change as JSON on its standard input; no shell is involved
    ///
    /// What it leaves running ends with the watch, unless it makes a session of its own (setsid).
    #[arg(long, value_name = "PROGRAM", requires = "watch", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    exec: Option<PathBuf>,

    /// An argument for that program; repeat it for more
    #[arg(
        long,
        value_name = "ARG",
        requires = "exec",
        conflicts_with_all = ONE_SHOT,
        allow_hyphen_values = true,
        help_heading = "Watching"
    )]
    exec_arg: Vec<OsString>,

    /// End that program when it takes longer
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", requires = "exec", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    exec_timeout: Duration,

    /// Serve /metrics for Prometheus here; of a port alone, on 127.0.0.1
    ///
    /// /probe?target=IFACE gives the same as long as IFACE is watched, and 404 otherwise, for who lists interfaces as targets.
    #[arg(long, value_name = "[ADDR:]PORT", value_parser = listening, requires = "watch", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    listen: Option<SocketAddr>,

    /// Keep FILE up to date for Prometheus' textfile collector
    #[arg(long, value_name = "FILE", requires = "watch", conflicts_with_all = ONE_SHOT, help_heading = "Watching")]
    prometheus: Option<PathBuf>,

    #[command(flatten)]
    nagios: NagiosArgs,

    #[command(flatten)]
    vendors: VendorArgs,

    #[command(flatten)]
    confine: ConfineArgs,

    /// What this process is to be: the helper that starts programs
    #[arg(long, hide = true)]
    stage: Option<Stage>,
}

/// What no watch goes with. Each flag of a watch names it too: clap asks for no --watch where that cannot be.
const ONE_SHOT: [&str; 6] = ["from", "require", "learn", "nagios", "warning", "critical"];

/// VLAN tags, outermost first.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only what is sent has tags"))]
struct Vlans(Vec<u16>);

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Exec,
    ExecNext,
}

/// What the help says at its end; the reasons are those of the rules.
fn notes() -> String {
    let mut text = String::from(
        "Judging:\n  With --allow or --policy every server is `allowed` or a `rogue`, else `unjudged`. A bare address means the server\n  \
         identifier, or the source address of a server that sends none; add mac= to notice a server that only borrows the\n  \
         address. Servers of a protocol that no entry can mean are `unjudged`. Who contradicts itself or was once wrong by this policy stays a rogue. Reasons that make a rogue:\n",
    );
    let rows = |convicts: bool| {
        let rules = RULES.iter().filter(move |rule| (rule.weight != Weight::Suspicious) == convicts);
        rules.map(|rule| format!("    {:<21} {}\n", rule.code, rule.sentence)).collect::<Vec<_>>().concat()
    };
    text.push_str(&rows(true));
    text.push_str("  Reasons against a stranger, and notes on an allowed server:\n");
    text.push_str(&rows(false));
    text.push('\n');
    text.push_str(NOTES);
    text
}

const NOTES: &str = "\
Policy files:
      [[server]]
      name = \"main\"
      server-id = \"10.0.0.1\"            # and, or: address, ip, mac, relay, vlan (0: untagged)
      mac = \"00:11:22:33:44:55\"
      [server.offers]                   # each line may be left out
      subnet = \"10.0.0.0/24\"
      ranges = [\"10.0.0.100-10.0.0.199\"]
      routers = [\"10.0.0.1\"]
      dns = [\"10.0.0.1\"]
      domain = \"example.net\"            # an empty text allows none
      boot-file = [\"ipxe.efi\", \"undionly.kpxe\"]   # each of these is right, an empty list allows none
      next-server = \"10.0.0.5\"
      wpad = \"http://wpad.example.net/wpad.dat\"
      default-route = [\"10.0.0.1\"]     # of options 121 and 249
      vendor-options = \"0104c0000201\"  # option 43, in hexadecimal digits
      lease-min = \"1h\"
      lease-max = 86400

      [[server]]
      protocol = \"dhcpv6\"             # or \"ra\", a router: by ip and mac
      duid = \"0003000102dc00000005\"
      [server.offers]
      prefixes = [\"2001:db8:64::/64\"]  # of addresses, and of what a router advertises
      delegated = [\"2001:db8:1000::/36\"]
      dns6 = [\"2001:db8:64::53\"]
      search = [\"example.net\"]
      preference = 255                # of a router: \"high\", \"medium\", \"low\"; and managed, other,
                                      # router-lifetime, routes, mtu (0 allows none), pref64

Vendors:
  Sources are named with the vendor of their MAC address where this system has a table: that of udev, Wireshark, Nmap,
  hwdata, ieee-data or arp-scan, or the one given with --vendors. Locally administered addresses have no vendor.";

/// How long to collect answers to probes, and when only listening.
const WAIT: Duration = Duration::from_secs(8);
const LISTEN: Duration = Duration::from_mins(1);

/// Reads how long to collect answers.
fn patience(text: &str) -> Result<Duration, String> {
    let wait = duration(text)?;
    if wait < Duration::from_millis(100) {
        return Err("it must be at least 100ms: no server could answer".to_owned());
    }
    Ok(wait)
}

/// Reads the time between two probings. Without a floor, probing is a flood.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < Duration::from_secs(1) {
        return Err("it must be at least 1s: a probing is dozens of broadcasts".to_owned());
    }
    Ok(interval)
}

/// Reads `9167`, `127.0.0.1:9167` or `[::]:9167`.
fn listening(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text).parse::<u16>().ok();
    port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .or_else(|| text.parse().ok())
        .ok_or_else(|| "write a port, or an address and a port as in 192.0.2.1:9167 or [::1]:9167".to_owned())
}

/// Reads `100` or `7.100`.
fn parse_vlans(text: &str) -> Result<Vlans, String> {
    let ids: Option<Vec<u16>> =
        text.split('.').map(|id| id.parse().ok().filter(|id| (1..=4094).contains(id))).collect();
    let ids = ids.filter(|ids| ids.len() <= 2);
    ids.map(Vlans).ok_or_else(|| "write a VLAN from 1 to 4094, or two as in 7.100".to_owned())
}

impl Args {
    /// Who may be there; `None` when nothing was said about it.
    fn policy(&self, cx: &Context) -> Result<Option<Policy>, Failure> {
        let mut policy = match &self.policy {
            Some(path) => Some(self.confine.apart(&[path.as_path()], cx, || read_policy(path))?),
            None if self.allow.is_empty() => None,
            None => Some(Policy::default()),
        };
        if let Some(policy) = &mut policy {
            policy.allowed.extend(self.allowed());
        }
        Ok(policy)
    }

    /// Who may be there by the command line.
    fn allowed(&self) -> impl Iterator<Item = Allowed> {
        self.allow.iter().map(|identity| Allowed { identity: identity.clone(), ..Allowed::default() })
    }

    /// Does `work` with how `program` is run.
    #[cfg(feature = "live")]
    fn with_helper<T>(&self, program: &Path, work: impl FnOnce(&helper::HelperPlan<'_>) -> T) -> T {
        let this = |stage: &str| {
            let mut words: Vec<OsString> =
                ["rogue", "--stage", stage, "--watch", "--exec"].map(OsString::from).to_vec();
            words.push(program.into());
            words.extend(["--exec-timeout".into(), format!("{}ms", self.exec_timeout.as_millis()).into()]);
            words.extend(self.confine.user().into_iter().flat_map(|user| ["--user".into(), user.into()]));
            words.extend(self.exec_arg.iter().flat_map(|each| ["--exec-arg".into(), each.clone()]));
            words
        };
        work(&helper::HelperPlan {
            program,
            arguments: &self.exec_arg,
            limit: self.exec_timeout,
            path: env("PATH").as_deref(),
            helper: &this("exec"),
            successor: &this("exec-next"),
        })
    }

    /// Refuses to require a server that is not looked for: its silence would say nothing.
    fn can_be_met(&self) -> Result<(), Failure> {
        let looked_for = self.families().speak();
        let in_vain = |required: &&Identity| !looked_for.iter().any(|speaks| required.can_be(*speaks));
        let Some(required) = self.require.iter().find(in_vain) else { return Ok(()) };
        let flag = if self.ipv6 { "-6" } else { "-4" };
        Err(Failure::usage(format_args!(
            "--require {required} names a server of a protocol that is not asked; leave out {flag}"
        )))
    }

    /// Refuses to judge how fast answers are where nothing is asked.
    fn can_be_judged(&self) -> Result<(), Failure> {
        let thresholds = self.nagios.thresholds();
        let given = thresholds.warning.is_some() || thresholds.critical.is_some();
        let listens = [("--from", self.from.is_some()), ("--passive", self.passive)];
        match listens.iter().find(|(_, listens)| given && *listens) {
            Some((flag, _)) => Err(Failure::usage(format_args!(
                "-w and -c judge how long our own questions wait for an answer, and with {flag} nothing is asked"
            ))),
            None => Ok(()),
        }
    }

    /// What is looked for.
    fn families(&self) -> Families {
        Families { four: self.ipv4 || !self.ipv6, six: self.ipv6 || !self.ipv4 }
    }

    fn wait(&self) -> Duration {
        self.wait.unwrap_or(if self.passive { LISTEN } else { WAIT })
    }
}

/// Reads a policy file, bounded.
pub(super) fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let text = text::read(path, text::MOST)
        .map_err(|error| Failure::could_not_run(format_args!("cannot read {}: {error}", path.display())))?;
    Policy::from_toml(&text).map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    args.nagios.guard(cx, |cx| {
        args.can_be_met()?;
        args.can_be_judged()?;
        dispatch(args, cx)
    })
}

#[cfg(feature = "live")]
fn dispatch(args: &Args, cx: &mut Context) -> Outcome {
    if let (Some(stage), Some(program)) = (args.stage, &args.exec) {
        args.confine.give_up(cx)?;
        args.with_helper(program, |plan| helper::serve(plan, stage == Stage::ExecNext))?;
        return Ok(Exit::Good);
    }
    if let Some(path) = &args.from {
        return hub::judge_capture(path, args, cx);
    }
    if args.watch { watch::run(args, cx) } else { live::run(args, cx) }
}

/// Without sockets only captures can be judged.
#[cfg(not(feature = "live"))]
fn dispatch(args: &Args, cx: &mut Context) -> Outcome {
    let _ = (&args.interfaces, args.ipv4, args.rounds, args.own_mac, &args.vlan, args.watch, args.interval);
    let _ = (
        args.gone_after,
        &args.state,
        &args.exec,
        &args.exec_arg,
        &args.prometheus,
        &args.confine,
        args.listen,
    );
    let _ = (args.stage, args.wait(), args.exec_timeout, args.time);
    match &args.from {
        Some(path) => hub::judge_capture(path, args, cx),
        None => Err(Failure::could_not_run(
            "this dhcptool was built without live networking (feature `live`); --from FILE judges a capture",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_as_people_write_them() {
        assert_eq!(parse_vlans("100").unwrap().0, [100]);
        assert_eq!(parse_vlans("7.100").unwrap().0, [7, 100]);
        for text in ["", "0", "4095", "1.2.3", "x", "1."] {
            assert!(parse_vlans(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_alone_is_this_machines() {
        assert_eq!(listening("9167").unwrap().to_string(), "127.0.0.1:9167");
        assert_eq!(listening(":9167").unwrap().to_string(), "127.0.0.1:9167");
        assert_eq!(listening("[::]:9167").unwrap().to_string(), "[::]:9167");
        assert!(listening("host:9167").is_err() && listening("65536").is_err());
    }

    #[test]
    fn times_that_would_flood_or_hear_nothing_are_refused() {
        assert_eq!(interval("5"), Ok(Duration::from_secs(5)));
        assert_eq!(patience("500ms"), Ok(Duration::from_millis(500)));
        for text in ["0", "0s", "999ms", "-1", "x", ""] {
            assert!(interval(text).is_err(), "{text}");
        }
        for text in ["0", "99ms", "1", "x"] {
            assert_eq!(patience(text).is_ok(), text == "1", "{text}");
        }
    }

    #[test]
    fn the_policy_of_the_help_is_one() {
        let (_, file) = NOTES.split_once("Policy files:\n").unwrap();
        let (file, _) = file.split_once("\n\n").unwrap();
        let policy = Policy::from_toml(file).unwrap();
        assert_eq!(policy.allowed[0].name.as_deref(), Some("main"));
        let notes = notes();
        for rule in RULES {
            assert!(notes.contains(&format!("\n    {} ", rule.code)), "{}", rule.code);
        }
    }
}
