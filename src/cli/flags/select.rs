//! The flags that choose packets, shared by decode and sniff.

use std::ffi::OsString;
use std::ops::RangeInclusive;

use clap::Args;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex_lite::Regex;

use super::common::positive;
use crate::analysis::around::AroundTest;
use crate::analysis::select::{IpTest, ProblemTest, Value};
use crate::analysis::{OptionTest, OptionTest6, Selection, Want};
use crate::cli::exit::Failure;
use crate::output::when::TimeForm;
use crate::run::gather::Wanted;
use crate::time::{Clock as _, SystemClock, Timestamp};
use crate::wire::HwAddr;
use crate::wire::frame::numbers::dscp_by_name;
use crate::wire::frame::{Direction, Ports, Protocol, Tunnel};
use crate::wire::nd;
use crate::wire::options::{self, Context, Kind, OptionArg, v4};
use crate::wire::v4::{MessageType, Xid};
use crate::wire::v6::{self, Duid};

/// Which packets, and how their times are written.
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
#[derive(Args, Clone, Debug, Default)]
pub struct SelectArgs {
    /// Packets of this client, or from or to this link-layer address; 00:0b:82 stands for all that begin so
    #[arg(long, value_name = "MAC", value_parser = parse_mac, value_delimiter = ',', help_heading = "Selection")]
    mac: Vec<HwAddr>,

    /// Packets of this transaction
    #[arg(long, value_name = "XID", value_delimiter = ',', help_heading = "Selection")]
    xid: Vec<Xid>,

    /// DHCPv4 alone; DHCPv6 and router discovery are looked for too unless one of the two is given
    #[arg(short = '4', long = "ipv4", help_heading = "Selection")]
    ipv4: bool,

    /// DHCPv6 and router solicitations and advertisements alone
    #[arg(short = '6', long = "ipv6", help_heading = "Selection", conflicts_with = "ipv4")]
    ipv6: bool,

    /// Packets of this client or server of DHCPv6, by its DUID in hexadecimal
    #[arg(long, value_name = "HEX", value_delimiter = ',', help_heading = "Selection")]
    duid: Vec<Duid>,

    /// Messages of these types, of both protocols (solicit, reply, router-advertisement, …): discover, offer, request, decline, ack, nak, release, inform, …, a number, or bootp
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', help_heading = "Selection")]
    types: Vec<TypeArg>,

    /// Packets with this address, or one of this prefix, in any field: IP header, ciaddr, yiaddr, siaddr, giaddr, options 50
    /// and 54
    #[arg(long, value_name = "ADDR[/LENGTH]", value_delimiter = ',', help_heading = "Selection")]
    ip: Vec<IpTest>,

    /// Packets that name this server (option 54), or replies from this address
    #[arg(long, value_name = "ADDR[/LENGTH]|DUID", value_delimiter = ',', help_heading = "Selection")]
    server: Vec<ServerTest>,

    /// Packets that have this option, by name or code, and with this value; repeat to ask for several
    ///
    /// The value is the whole, one item of a list, or one side of a route (--option routers=10.0.0.1, --option 121=10.0.0.0/8);
    /// .SUB names a nested option (82.circuit-id=eth1). NAME~REGEX asks for text that matches, in the whole or an item
    /// (host-name~^printer), and ! in front of all for packets of which it does not hold ('!routers', '!60~MSFT').
    #[arg(long = "option", value_name = "[!]NAME|CODE[.SUB][=VALUE|~REGEX]", help_heading = "Selection")]
    options: Vec<String>,

    /// Packets with a problem: any, this one by its code, or one of this severity (error, warning, cut)
    #[arg(
        long = "problem",
        value_name = "CODE|SEVERITY",
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "any",
        help_heading = "Selection"
    )]
    problems: Vec<ProblemTest>,

    /// Packets with a tag of this VLAN
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u16).range(..4096), value_delimiter = ',', help_heading = "Selection")]
    vlan: Vec<u16>,

    /// Packets with a VLAN tag of this priority (802.1p), 0 to 7
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..8), value_delimiter = ',', help_heading = "Selection")]
    priority: Vec<u8>,

    /// Packets of this differentiated services code point: 0 to 63, or its name (cs6, ef, af31)
    #[arg(long, value_name = "N|NAME", value_parser = parse_dscp, value_delimiter = ',', help_heading = "Selection")]
    dscp: Vec<u8>,

    /// Packets with this IPv4 identification
    #[arg(long, value_name = "N", value_delimiter = ',', help_heading = "Selection")]
    ip_id: Vec<u16>,

    /// Packets that came in or went out, where the capture says so
    #[arg(long, value_name = "in|out", value_parser = parse_direction, help_heading = "Selection")]
    direction: Vec<Direction>,

    /// The packets that the flags above do not choose; --since and --until still hold
    #[arg(long = "not", help_heading = "Selection")]
    inverted: bool,

    /// No packet before this moment: RFC 3339, "2024-05-06 07:08:09", 09:50 or "yesterday 09:50" (UTC, with --time local
    /// there), -10m (ago), or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true, help_heading = "Selection")]
    since: Option<Read>,

    /// No packet after this moment
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true, help_heading = "Selection")]
    until: Option<Read>,

    /// Only frames of these numbers, as the first column and JSON's number say them: 7, or 3,10-20
    #[arg(
        long = "number",
        value_name = "N[-M]",
        value_delimiter = ',',
        value_parser = parse_numbers,
        help_heading = "Selection"
    )]
    pub numbers: Vec<RangeInclusive<u64>>,

    /// Stop after so many packets
    #[arg(long, value_name = "N", value_parser = positive::<u64>, help_heading = "Selection")]
    pub count: Option<u64>,

    /// Only frames that this pcap-filter(7) expression holds for; tags are looked through unless it speaks of vlan
    #[arg(long, value_name = "EXPRESSION", help_heading = "Selection")]
    pub filter: Option<String>,

    /// Take UDP port N for DHCP too, besides 67, 68 and 4011
    #[arg(long = "port", value_name = "N", value_delimiter = ',', help_heading = "Selection")]
    pub ports: Vec<u16>,

    /// Take UDP port N for a tunnel (vxlan=48879): l2tp, gtp, teredo, lisp, gre, vxlan, vxlan-gpe, capwap, geneve, sflow, mpls,
    /// lwapp, tzsp, gue, peekremote, ayiya, mobile-ip, zep
    #[arg(
        long = "tunnel",
        value_name = "NAME=N",
        value_delimiter = ',',
        value_parser = parse_tunnel,
        help_heading = "Selection"
    )]
    tunnels: Vec<(Tunnel, u16)>,

    /// How times are written
    #[arg(long, value_name = "FORM", default_value = "utc", help_heading = "Output")]
    pub time: TimeArg,

    /// Write all there is to say on one line, however wide the terminal is
    #[arg(long, help_heading = "Output")]
    pub wide: bool,
}

fn parse_numbers(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number > 0);
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (number(from), number(to)) {
        (Some(from), Some(to)) if from <= to => Ok(from..=to),
        _ => Err("write a number from 1, or a range such as 10-20".to_owned()),
    }
}

fn parse_dscp(text: &str) -> Result<u8, String> {
    let number = || text.parse().ok().filter(|number| *number < 64);
    dscp_by_name(text)
        .or_else(number)
        .ok_or_else(|| "a number from 0 to 63, or a name such as cs6 or ef".to_owned())
}

fn parse_direction(text: &str) -> Result<Direction, String> {
    [Direction::In, Direction::Out]
        .into_iter()
        .find(|direction| direction.name() == text)
        .ok_or_else(|| "in or out".to_owned())
}

fn parse_tunnel(text: &str) -> Result<(Tunnel, u16), String> {
    let (name, port) = text.split_once('=').ok_or("a tunnel and a port, as in vxlan=48879")?;
    let tunnel =
        Tunnel::ALL.iter().find(|tunnel| tunnel.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            let names: Vec<&str> = Tunnel::ALL.iter().map(|tunnel| tunnel.name()).collect();
            format!("no tunnel is called {name}; there are {}", names.join(", "))
        })?;
    let port = port.parse().ok().filter(|port| *port > 0);
    Ok((*tunnel, port.ok_or_else(|| format!("a port from 1 to 65535 behind {name}="))?))
}

/// The values of `--time`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeArg {
    /// Date and time of day, UTC
    #[default]
    Utc,
    /// Date and time of day here
    Local,
    /// Seconds since 1970-01-01 UTC
    Epoch,
    /// Seconds since the first packet shown
    Relative,
    /// Seconds since the packet shown before
    Delta,
}

impl From<TimeArg> for TimeForm {
    fn from(arg: TimeArg) -> Self {
        match arg {
            TimeArg::Utc => Self::Utc,
            TimeArg::Local => Self::Local,
            TimeArg::Epoch => Self::Epoch,
            TimeArg::Relative => Self::Relative,
            TimeArg::Delta => Self::Delta,
        }
    }
}

/// A message type, or BOOTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TypeArg {
    /// BOOTP: a message of DHCPv4 without a type.
    bootp: bool,
    /// Of DHCPv4.
    four: Option<MessageType>,
    /// Of DHCPv6.
    six: Option<v6::MessageType>,
    /// Of ICMPv6.
    router: Option<u8>,
}

impl std::str::FromStr for TypeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("bootp") {
            return Ok(Self { bootp: true, four: None, six: None, router: None });
        }
        let four: Result<MessageType, _> = text.parse();
        let routers = [nd::ROUTER_SOLICITATION, nd::ROUTER_ADVERTISEMENT];
        let router = routers.into_iter().find(|kind| nd::name_of(*kind) == Some(text));
        let six = text.parse().ok();
        if six.is_some() || router.is_some() {
            return Ok(Self { bootp: false, four: four.ok(), six, router });
        }
        four.map(|kind| Self { bootp: false, four: Some(kind), six, router })
            .map_err(|error| error.to_string())
    }
}

/// A server by address or DUID.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ServerTest {
    Address(IpTest),
    Duid(Duid),
}

impl std::str::FromStr for ServerTest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text.parse(), text.parse()) {
            (Ok(addr), _) => Ok(Self::Address(addr)),
            (_, Ok(duid)) => Ok(Self::Duid(duid)),
            (Err(error), _) => Err(error),
        }
    }
}

impl SelectArgs {
    /// Fails where packets are chosen by number and joined all the same: an exchange is more than one of them.
    pub fn refuse_numbers(&self) -> Result<(), Failure> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(
            "--number chooses frames of a capture that is there: choose with --client or --xid",
        ))
    }

    /// What is looked for, and where.
    pub fn wanted(&self) -> Ports {
        let mut ports = match (self.ipv4, self.ipv6) {
            (true, _) => Ports::of(&[Protocol::Dhcpv4]),
            (_, true) => Ports::of(&[Protocol::Dhcpv6, Protocol::Icmpv6]),
            _ => Ports::every(),
        };
        for port in &self.ports {
            ports.add(*port);
        }
        for (tunnel, port) in &self.tunnels {
            ports.add_tunnel(*tunnel, *port);
        }
        ports
    }

    /// True when any flag chooses among the packets: then none is a result.
    pub fn selects(&self) -> bool {
        let one_of = [
            self.numbers.is_empty(),
            self.mac.is_empty(),
            self.xid.is_empty(),
            self.types.is_empty(),
            self.duid.is_empty(),
            self.ip.is_empty(),
            self.server.is_empty(),
            self.options.is_empty(),
            self.problems.is_empty(),
            self.since.is_none(),
            self.until.is_none(),
            self.filter.is_none(),
            self.vlan.is_empty(),
            self.priority.is_empty(),
            self.dscp.is_empty(),
            self.ip_id.is_empty(),
            self.direction.is_empty(),
            !self.inverted,
        ];
        one_of.contains(&false)
    }

    /// What is gathered for joining.
    pub fn gathered(&self, strict: bool) -> Result<Wanted, Failure> {
        Ok(Wanted {
            ports: self.wanted(),
            selection: self.selection()?,
            strict,
            filter: self.filter.clone(),
            numbers: self.numbers.clone(),
            count: self.count,
            redactor: None,
        })
    }

    /// What the flags ask for.
    pub fn selection(&self) -> Result<Selection, Failure> {
        let (mut options, mut options6, mut only_six) = (Vec::new(), Vec::new(), false);
        for text in &self.options {
            let six = parse_option6(text);
            match parse_option(text) {
                Ok(test) => options.push(test),
                Err(error) if six.dhcp.is_none() && six.router.is_none() => return Err(error),
                Err(_) => only_six |= !six.negated,
            }
            options6.push(six);
        }
        let (mut servers, mut server_duids) = (Vec::new(), Vec::new());
        for server in &self.server {
            match server {
                ServerTest::Address(addr) => servers.push(*addr),
                ServerTest::Duid(duid) => server_duids.push(duid.0.clone()),
            }
        }
        Ok(Selection {
            macs: self.mac.clone(),
            xids: self.xid.iter().map(|xid| xid.0).collect(),
            types: self
                .types
                .iter()
                .filter(|kind| kind.bootp || kind.four.is_some())
                .map(|kind| kind.four)
                .collect(),
            types6: self.types.iter().filter_map(|kind| kind.six).collect(),
            types_router: self.types.iter().filter_map(|kind| kind.router).collect(),
            duids: self.duid.iter().map(|duid| duid.0.clone()).collect(),
            ips: self.ip.clone(),
            servers,
            server_duids,
            options,
            options6,
            only_six,
            since: self.since.map(|moment| moment.shown_as(self.time)),
            until: self.until.map(|moment| moment.shown_as(self.time)),
            problems: self.problems.clone(),
            around: AroundTest {
                vlans: self.vlan.clone(),
                priorities: self.priority.clone(),
                dscps: self.dscp.clone(),
                ids: self.ip_id.clone(),
                directions: self.direction.clone(),
            },
            inverted: self.inverted,
        })
    }
}

/// The command line with the value of `--problem` joined to it, where one follows: else what follows is the next argument, which may
/// be a file's name.
pub fn with_problems_joined(args: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(args.len());
    for arg in args {
        let is_value = || {
            arg.to_str().is_some_and(|text| text.split(',').all(|part| part.parse::<ProblemTest>().is_ok()))
        };
        match joined.last_mut() {
            Some(last) if last == "--problem" && is_value() => {
                last.push("=");
                last.push(arg);
            }
            _ => joined.push(arg),
        }
    }
    joined
}

/// What `[!]NAME|CODE[=VALUE]` means for DHCPv6 and for router discovery, where it means something there.
pub(super) fn parse_option6(text: &str) -> OptionTest6 {
    let (negated, bare) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let (target, value) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
    let of = |space: &'static options::Space| {
        let code = space.code(target.strip_suffix(":hex").unwrap_or(target))?;
        if value.is_none() {
            return (!bare.contains('~')).then_some((code, None));
        }
        let arg = OptionArg::parse(space, bare, &Context::default()).ok()?;
        arg.path.is_empty().then_some((code, Some(arg.data)))
    };
    let router = of(&options::nd::SPACE).and_then(|(code, data)| Some((u8::try_from(code).ok()?, data)));
    OptionTest6 { dhcp: of(&options::v6::SPACE), router, negated }
}

/// Reads an address, or the beginning of one.
fn parse_mac(text: &str) -> Result<HwAddr, String> {
    let begin = text.trim_end_matches('*').trim_end_matches([':', '-']);
    begin.parse().map_err(|_| {
        format!("{text:?} is no MAC address (00:11:22:33:44:55), nor the beginning of one (00:11:22)")
    })
}

/// Reads `[!]NAME|CODE[.SUB][=VALUE|~REGEX]`.
pub(super) fn parse_option(text: &str) -> Result<OptionTest, Failure> {
    let (negated, bare) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let end = bare.find(['=', '~']).unwrap_or(bare.len());
    let (target, rest) = bare.split_at_checked(end).unwrap_or((bare, ""));
    let plain = target.strip_suffix(":hex").unwrap_or(target);
    // Any payload does to find out which option is meant.
    let meant = OptionArg::parse(&v4::SPACE, &format!("{plain}:hex="), &Context::default())
        .map_err(Failure::usage)?;
    let want = if let Some(pattern) = rest.strip_prefix('~') {
        let pattern = Regex::new(pattern).map_err(|error| {
            Failure::usage(format_args!("{text}: {error}; write a regular expression such as ^abc"))
        })?;
        Want::Pattern(pattern)
    } else if let Some(value) = rest.strip_prefix('=') {
        Want::Value(wanted(bare, value, &meant)?)
    } else {
        Want::Anything
    };
    Ok(OptionTest { code: meant.code, path: meant.path, negated, want })
}

/// The value that `bare`, which ends in `=value`, asks for.
fn wanted(bare: &str, value: &str, meant: &OptionArg) -> Result<Value, Failure> {
    let kind = v4::SPACE.by_code(meant.code).map_or(&Kind::Opaque, |row| &row.kind);
    let has_halves = matches!(kind, Kind::Route | Kind::Pair(_) | Kind::List(Kind::Route | Kind::Pair(_)));
    if meant.path.is_empty() && has_halves && value.parse::<IpTest>().is_ok() {
        return Ok(Value::half(value));
    }
    let arg = OptionArg::parse(&v4::SPACE, bare, &Context::default()).map_err(Failure::usage)?;
    let kind = options::kind_at(kind, &meant.path, &Context::default());
    let looked_for = Value::new(kind, arg.data);
    // What a vendor's option holds is often known only where its class is.
    Ok(if matches!(kind, Kind::Opaque) { looked_for.or_said(value) } else { looked_for })
}

/// A moment as it was written; without a zone it means another one where times are shown as they are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Read {
    utc: Timestamp,
    local: Timestamp,
}

impl Read {
    fn shown_as(self, time: TimeArg) -> Timestamp {
        if time == TimeArg::Local { self.local } else { self.utc }
    }
}

/// Reads a moment.
fn parse_time(text: &str) -> Result<Read, String> {
    let now = SystemClock.time();
    let local = time_from(text, now, &TimeZone::system());
    Ok(Read { utc: time_from(text, now, &TimeZone::UTC)?, local: local? })
}

/// Reads a moment as seen from `now`; what names no zone is of `zone`.
fn time_from(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    // A bare number is a moment since 1970, before it where it is negative.
    let ago = text.strip_prefix('-').filter(|_| parse_epoch(text).is_none());
    if let Some(ago) = ago.and_then(|ago| super::values::duration(ago).ok()) {
        let ago = i64::try_from(ago.as_nanos()).unwrap_or(i64::MAX);
        return Ok(Timestamp(now.nanoseconds().saturating_sub(ago)));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return nanoseconds(time.as_nanosecond());
    }
    let civil = text.parse::<DateTime>().ok();
    if let Some(civil) = civil.or_else(|| time_of_day(text, now, zone)) {
        let zoned = civil.to_zoned(zone.clone()).map_err(|error| error.to_string())?;
        return nanoseconds(zoned.timestamp().as_nanosecond());
    }
    if let Some(time) = parse_epoch(text) {
        return Ok(time);
    }
    Err("write a time such as 2024-05-06T07:08:09Z, \"2024-05-06 07:08:09\", 09:50 (UTC), \"yesterday 09:50\", -10m or \
         1714979289.5"
        .to_owned())
}

/// `09:50` of today or, behind that word, of yesterday.
fn time_of_day(text: &str, now: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    let (days, clock) = match text.split_once(char::is_whitespace) {
        Some(("today", clock)) => (0, clock.trim()),
        Some(("yesterday", clock)) => (1, clock.trim()),
        Some(_) => return None,
        None => (0, text),
    };
    if !clock.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')) || !clock.contains(':')
    {
        return None;
    }
    let now = jiff::Timestamp::from_nanosecond(now.nanoseconds().into()).ok()?;
    let today = zone.to_datetime(now).date();
    let day = today.checked_sub(jiff::Span::new().days(days)).ok()?;
    Some(day.to_datetime(clock.parse().ok()?))
}

/// Seconds since 1970 with up to nine digits of a second.
fn parse_epoch(text: &str) -> Option<Timestamp> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 9 || !rest.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanos: u32 = format!("{rest:0<9}").parse().ok()?;
    Some(Timestamp::new(whole.parse::<i64>().ok()?, nanos))
}

fn nanoseconds(value: i128) -> Result<Timestamp, String> {
    i64::try_from(value).map(Timestamp).map_err(|_| "the time lies outside 1677 to 2262".to_owned())
}

#[cfg(test)]
mod tests;
