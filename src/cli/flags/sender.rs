//! The flags of every command that sends, and what they make of a message.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use fastrand::Rng;

use super::confine::ConfineArgs;
use super::keep::refuse_own_input;
use super::six::SixArgs;
pub use super::values::duration;
use super::values::request_list;
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::engine::v4::draft::{OptionEdit, opt};
use crate::engine::{Backoff, Draft, Overrides, Recipe, Route};
use crate::net::NetError;
use crate::output::packet::read::unhex;
use crate::run::segment::{Segment, Way};
use crate::wire::frame::Envelope;
use crate::wire::options::{self, Assembled, OptionArg, assemble, v4};
use crate::wire::v4::{MessageType, SERVER_PORT, Xid};
use crate::wire::v6::Duid;
use crate::wire::{HwAddr, Mac};

/// The protocol to speak.
#[derive(Args, Clone, Debug, Default)]
pub struct ProtocolArgs {
    /// Speak DHCPv4 (the default)
    #[arg(short = '4', long = "ipv4")]
    pub ipv4: bool,

    /// Speak DHCPv6, and router discovery beside it
    #[arg(short = '6', long = "ipv6", conflicts_with = "ipv4")]
    pub ipv6: bool,
}

/// Flags of every command that sends.
#[derive(Args, Clone, Debug, Default)]
pub struct SenderArgs {
    #[command(flatten)]
    protocol: ProtocolArgs,

    #[command(flatten)]
    message: MessageArgs,

    #[command(flatten)]
    frame: FrameArgs,

    #[command(flatten)]
    pub(in crate::cli) six: SixArgs,

    /// The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay,
    /// the server that a relay would ask. With -6 its DUID, or the address to send to
    #[arg(long, value_name = "ADDR|DUID", help_heading = "Exchange")]
    server: Option<ServerArg>,

    /// The address asked for, held, released or declined; repeatable with -6
    #[arg(long, value_name = "ADDR", help_heading = "Exchange")]
    ip: Vec<IpAddr>,

    /// Wait so long for an answer before asking again: a time per try, at least 1ms
    #[arg(long, value_name = "DURATION", value_parser = patience, help_heading = "Exchange")]
    pub timeout: Option<Duration>,

    /// Ask again so often
    #[arg(long, value_name = "N", help_heading = "Exchange")]
    pub retries: Option<u32>,

    /// Show the bytes, send nothing
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,

    /// Keep every frame sent and received, each with a comment that says what it was
    #[arg(long, value_name = "FILE.pcapng", help_heading = "Output")]
    pub write: Option<PathBuf>,

    /// What the process gives up before it looks at an answer
    #[command(flatten)]
    pub confine: ConfineArgs,
}

/// Fields and options of the message.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Message")]
pub(in crate::cli) struct MessageArgs {
    /// The client's hardware address (chaddr, and the frame's source); the interface's own by default
    #[arg(long, value_name = "MAC|random")]
    pub(in crate::cli) mac: Option<MacArg>,

    /// Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) xid: Option<Xid>,

    /// Seconds since the client began; counted by default
    #[arg(long, value_name = "SECONDS", value_parser = number::<u16>)]
    secs: Option<u16>,

    /// Relays passed; with -6 the hop-count of the outermost relay
    #[arg(long, value_name = "N", value_parser = number::<u8>)]
    pub(in crate::cli) hops: Option<u8>,

    /// Ask for broadcast answers
    #[arg(long, overrides_with = "no_broadcast")]
    broadcast: bool,

    /// Do not ask for broadcast answers (the default)
    #[arg(long, overrides_with = "broadcast")]
    no_broadcast: bool,

    /// All sixteen bits of the flags field
    #[arg(long, value_name = "BITS", value_parser = number::<u16>)]
    flags: Option<u16>,

    /// Client's address
    #[arg(long, value_name = "ADDR")]
    ciaddr: Option<Ipv4Addr>,

    /// The address given
    #[arg(long, value_name = "ADDR")]
    yiaddr: Option<Ipv4Addr>,

    /// Next server
    #[arg(long, value_name = "ADDR")]
    siaddr: Option<Ipv4Addr>,

    /// Relay's address (handshake takes several, separated by commas)
    #[arg(long, value_name = "ADDR", value_delimiter = ',')]
    giaddr: Vec<Ipv4Addr>,

    /// Server name field, up to 64 bytes
    #[arg(long, value_name = "TEXT", value_parser = field::<64>)]
    sname: Option<FieldText>,

    /// Boot file field, up to 128 bytes
    #[arg(long, value_name = "TEXT", value_parser = field::<128>)]
    file: Option<FieldText>,

    /// Operation: 1 request, 2 reply
    #[arg(long, value_name = "N", value_parser = number::<u8>)]
    op: Option<u8>,

    /// Hardware type
    #[arg(long, value_name = "N", value_parser = number::<u8>)]
    htype: Option<u8>,

    /// Length of the hardware address
    #[arg(long, value_name = "N", value_parser = number::<u8>)]
    hlen: Option<u8>,

    /// Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source
    #[arg(long, value_name = "BYTES")]
    chaddr: Option<HwAddr>,

    /// What stands in the magic cookie's place
    #[arg(long, value_name = "HEX", value_parser = hex)]
    cookie: Option<HexText>,

    /// Host name (option 12; with -6 option 39)
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) hostname: Option<String>,

    /// Client identifier (option 61)
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) vendor_class: Vec<String>,

    /// Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for
    /// none
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub(in crate::cli) request_options: Option<String>,

    /// Set an option: its text value, or with :hex its bytes; repeatable
    #[arg(short, long = "option", value_name = "NAME|CODE[.SUB][:hex]=VALUE")]
    pub(in crate::cli) option: Vec<String>,

    /// Leave an option out; repeatable
    #[arg(long, value_name = "NAME|CODE")]
    pub(in crate::cli) no_option: Vec<String>,

    /// Leave out the End option
    #[arg(long)]
    no_end: bool,

    /// Bytes behind the End option
    #[arg(long, value_name = "HEX", value_parser = hex)]
    trailer: Option<HexText>,

    /// Pad the message with zeros to so many bytes (300 by default)
    #[arg(long, value_name = "BYTES")]
    pad_to: Option<usize>,
}

/// What stands around the message.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Frame")]
pub(in crate::cli) struct FrameArgs {
    /// Source of the frame; the client's MAC by default
    #[arg(long, value_name = "MAC")]
    pub(in crate::cli) src_mac: Option<Mac>,

    /// Source address
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) src_ip: Option<IpAddr>,

    /// Destination address
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) dst_ip: Option<IpAddr>,

    /// Destination of the frame; found by ARP or neighbor discovery where it is needed
    #[arg(long, value_name = "MAC")]
    pub(in crate::cli) dst_mac: Option<Mac>,

    /// UDP source port
    #[arg(long, value_name = "PORT", value_parser = number::<u16>)]
    pub(in crate::cli) src_port: Option<u16>,

    /// UDP destination port
    #[arg(long, value_name = "PORT", value_parser = number::<u16>)]
    pub(in crate::cli) dst_port: Option<u16>,

    /// Time to live, or hop limit
    #[arg(long, value_name = "N", value_parser = number::<u8>)]
    pub(in crate::cli) ttl: Option<u8>,

    /// VLAN tag, or outer and inner tag
    #[arg(long, value_name = "ID[.ID]")]
    pub(in crate::cli) vlan: Option<VlanArg>,
}

/// `--mac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum MacArg {
    Random,
    Is(Mac),
}

impl FromStr for MacArg {
    type Err = <Mac as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "random" { Ok(Self::Random) } else { text.parse().map(Self::Is) }
    }
}

/// `--server`: an address, or a DUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerArg {
    /// Its address.
    Ip(IpAddr),
    /// Its name in DHCPv6.
    Duid(Duid),
}

impl FromStr for ServerArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        // Eight hexadecimal digits are no address, and no number that anybody means.
        text.parse()
            .map(Self::Duid)
            .map_err(|_| format!("{text:?} is no address, and no DUID in hexadecimal"))
    }
}

/// `--vlan`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct VlanArg(pub(in crate::cli) Vec<u16>);

impl FromStr for VlanArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ids: Option<Vec<u16>> =
            text.split('.').map(|id| id.parse().ok().filter(|id| *id <= 4095)).collect();
        match ids {
            Some(ids) if ids.len() <= 2 => Ok(Self(ids)),
            _ => Err("a VLAN is a number up to 4095 such as 100, or two such as 7.100".to_owned()),
        }
    }
}

/// Bytes of a text field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldText(Vec<u8>);

fn field<const N: usize>(text: &str) -> Result<FieldText, String> {
    if text.len() > N {
        return Err(format!("{} bytes, the field holds {N}", text.len()));
    }
    Ok(FieldText(text.as_bytes().to_vec()))
}

/// Bytes written as hex.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HexText(Vec<u8>);

fn hex(text: &str) -> Result<HexText, String> {
    let bare: String = text.trim_start_matches("0x").chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    unhex(&bare)
        .map(HexText)
        .ok_or_else(|| "not hexadecimal; write pairs of digits such as 63825363".to_owned())
}

/// Reads decimal, or hexadecimal behind `0x`.
fn number<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let bits = size_of::<T>().saturating_mul(8);
    value.and_then(|value| T::try_from(value).ok()).ok_or_else(|| format!("not a number of {bits} bits"))
}

/// Reads how long to wait before asking again. Without a floor, asking again is a flood.
pub fn patience(text: &str) -> Result<Duration, String> {
    let wait = duration(text)?;
    if wait < Duration::from_millis(1) {
        return Err("it must be more than 0, at least 1ms".to_owned());
    }
    Ok(wait)
}

impl SenderArgs {
    /// A recipe of messages for the client with the hardware address `own`, unless another was asked for. `main` is the
    /// message that options 50, 53 and 54 given by hand are for.
    pub fn recipe(&self, own: Mac, main: Option<MessageType>, rng: &mut Rng) -> Result<Recipe, Failure> {
        let mac = self.mac(rng).unwrap_or(own);
        let mut recipe = Recipe::new(mac, Xid(rng.u32(1..)));
        recipe.main = main;
        if let Some(list) = &self.message.request_options {
            recipe.request_list = request_list(list).map_err(|error| wrong_list(&error))?;
        }
        let identity = [
            (opt::HOST_NAME, &self.message.hostname),
            (opt::CLIENT_ID, &self.message.client_id),
            (opt::VENDOR_CLASS, &self.message.vendor_class.last().cloned()),
        ];
        for (code, text) in identity {
            if let Some(text) = text {
                recipe.identity.push((code, parse_option(code, text)?));
            }
        }
        recipe.overrides = self.overrides()?;
        recipe.xid = recipe.overrides.xid.unwrap_or(recipe.xid);
        Ok(recipe)
    }

    /// The client's MAC, where it was chosen.
    pub fn mac(&self, rng: &mut Rng) -> Option<Mac> {
        Some(match self.message.mac? {
            MacArg::Is(mac) => mac,
            MacArg::Random => random_mac(rng),
        })
    }

    /// Everything that was set by hand.
    pub fn overrides(&self) -> Result<Overrides, Failure> {
        let (message, frame) = (&self.message, &self.frame);
        let cx = options::Context {
            vendor_class: message.vendor_class.last().map(String::as_bytes),
            ..options::Context::default()
        };
        let mut args = Vec::new();
        for text in &message.option {
            args.push(OptionArg::parse(&v4::SPACE, text, &cx).map_err(Failure::usage)?);
        }
        let options = assemble(&v4::SPACE, &args).map_err(Failure::usage)?;
        let mut remove = Vec::new();
        for name in &message.no_option {
            let code = v4::SPACE.code(name).and_then(|code| u8::try_from(code).ok());
            remove.push(code.ok_or_else(|| {
                Failure::usage(format_args!(
                    "--no-option {name}: not the name or code of an option; see dhcptool options"
                ))
            })?);
        }
        Ok(Overrides {
            op: message.op,
            htype: message.htype,
            hlen: message.hlen,
            hops: message.hops,
            xid: message.xid,
            secs: message.secs,
            flags: message.flags,
            broadcast: (message.broadcast || message.no_broadcast).then_some(message.broadcast),
            ciaddr: message.ciaddr,
            yiaddr: message.yiaddr,
            siaddr: message.siaddr,
            giaddr: message.giaddr.first().copied(),
            chaddr: message.chaddr,
            sname: message.sname.as_ref().map(|text| text.0.clone()),
            file: message.file.as_ref().map(|text| text.0.clone()),
            cookie: message.cookie.as_ref().map(|text| text.0.clone()),
            options: options.into_iter().map(Assembled::whole).map(edit).collect::<Result<_, _>>()?,
            remove,
            no_end: message.no_end,
            trailer: message.trailer.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            pad_to: message.pad_to,
            src_mac: frame.src_mac,
            dst_mac: frame.dst_mac,
            vlans: frame.vlan.as_ref().map(|vlan| vlan.0.clone()).unwrap_or_default(),
            src_ip: frame.src_ip.map(four).transpose()?,
            dst_ip: frame.dst_ip.map(four).transpose()?,
            src_port: frame.src_port,
            dst_port: frame.dst_port,
            ttl: frame.ttl,
        })
    }

    /// Refuses to keep frames where text goes, or in one of `inputs`, before anything is touched.
    pub fn check_write(&self, inputs: &[&Path]) -> Result<(), Failure> {
        let Some(target) = self.write.as_deref() else { return Ok(()) };
        if target.as_os_str() == "-" {
            return Err(Failure::usage("--write -: standard output is for the report; name a file"));
        }
        refuse_own_input(Some(target), inputs.iter().copied())
    }

    /// DHCPv4 was asked for, by name.
    pub fn is_four(&self) -> bool {
        self.protocol.ipv4
    }

    /// DHCPv6 is to be spoken.
    pub fn is_six(&self) -> bool {
        self.protocol.ipv6
    }

    /// The server meant, by its IPv4 address.
    pub fn server(&self) -> Option<Ipv4Addr> {
        match self.server {
            Some(ServerArg::Ip(IpAddr::V4(ip))) => Some(ip),
            _ => None,
        }
    }

    /// The IPv4 address asked for, held, released or declined.
    pub fn ip(&self) -> Option<Ipv4Addr> {
        self.ip.iter().find_map(|ip| match ip {
            IpAddr::V4(ip) => Some(*ip),
            IpAddr::V6(_) => None,
        })
    }

    /// Every address given by `--ip`.
    pub fn ips(&self) -> &[IpAddr] {
        &self.ip
    }

    /// The server meant, however it was named.
    pub fn server_arg(&self) -> Option<&ServerArg> {
        self.server.as_ref()
    }

    /// Fields and options of the message.
    pub(in crate::cli) fn message_args(&self) -> &MessageArgs {
        &self.message
    }

    /// What stands around it.
    pub(in crate::cli) fn frame_args(&self) -> &FrameArgs {
        &self.frame
    }

    /// Refuses what means nothing in DHCPv4.
    pub fn refuse_six(&self) -> Result<(), Failure> {
        if let Some(flag) = self.six.first_given() {
            return Err(Failure::usage(format_args!("{flag} is a DHCPv6 field; add -6")));
        }
        match &self.server {
            Some(ServerArg::Ip(IpAddr::V6(ip))) => {
                return Err(Failure::usage(format_args!("--server {ip} is an IPv6 address; add -6")));
            }
            Some(ServerArg::Duid(duid)) => {
                return Err(Failure::usage(format_args!("--server {duid} is a DUID of DHCPv6; add -6")));
            }
            _ => {}
        }
        if let Some(ip) = self.ip.iter().find(|ip| ip.is_ipv6()) {
            return Err(Failure::usage(format_args!("--ip {ip} is an IPv6 address; add -6")));
        }
        if self.ip.len() > 1 {
            return Err(Failure::usage("one --ip is enough; several go with -6"));
        }
        if self.message.vendor_class.len() > 1 {
            return Err(Failure::usage("one --vendor-class is enough; several go with -6"));
        }
        Ok(())
    }

    /// Refuses what means nothing in DHCPv6.
    pub fn refuse_four(&self) -> Result<(), Failure> {
        let message = &self.message;
        let given = [
            ("--secs", message.secs.is_some()),
            ("--broadcast", message.broadcast),
            ("--no-broadcast", message.no_broadcast),
            ("--flags", message.flags.is_some()),
            ("--ciaddr", message.ciaddr.is_some()),
            ("--yiaddr", message.yiaddr.is_some()),
            ("--siaddr", message.siaddr.is_some()),
            ("--giaddr", !message.giaddr.is_empty()),
            ("--sname", message.sname.is_some()),
            ("--file", message.file.is_some()),
            ("--op", message.op.is_some()),
            ("--htype", message.htype.is_some()),
            ("--hlen", message.hlen.is_some()),
            ("--chaddr", message.chaddr.is_some()),
            ("--cookie", message.cookie.is_some()),
            ("--client-id", message.client_id.is_some()),
            ("--no-end", message.no_end),
            ("--trailer", message.trailer.is_some()),
            ("--pad-to", message.pad_to.is_some()),
        ];
        if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
            return Err(Failure::usage(format_args!("{flag} is a DHCPv4 field; leave out -6")));
        }
        let four = self.ip.iter().copied().chain(self.frame.src_ip).chain(self.frame.dst_ip);
        let server = match self.server {
            Some(ServerArg::Ip(ip)) => Some(ip),
            _ => None,
        };
        if let Some(ip) = four.chain(server).find(IpAddr::is_ipv4) {
            return Err(Failure::usage(format_args!("{ip} is an IPv4 address; leave out -6")));
        }
        Ok(())
    }

    /// True when the client's MAC was chosen.
    pub fn has_mac(&self) -> bool {
        self.message.mac.is_some()
    }

    /// How long to wait in all for an answer to a message that is asked again and again: `usual`, unless the schedule
    /// was chosen by hand and ends earlier or later.
    pub fn total_wait(&self, usual: Duration) -> Duration {
        if self.timeout.is_none() || self.retries.is_none() {
            return usual;
        }
        self.backoff(Backoff::COLLECT).longest()
    }

    /// The options to ask for, if they were chosen; a list that cannot be read was refused before.
    pub fn request_list(&self) -> Option<Vec<u8>> {
        let list = self.message.request_options.as_ref()?;
        request_list(list).ok()
    }

    /// The relay's address.
    pub fn giaddr(&self) -> Option<Ipv4Addr> {
        self.message.giaddr.first().copied()
    }

    /// Every relay address given.
    pub fn giaddrs(&self) -> &[Ipv4Addr] {
        &self.message.giaddr
    }

    /// True when `secs` counts by itself.
    pub fn counts_secs(&self) -> bool {
        self.message.secs.is_none()
    }

    /// A schedule with what was chosen by hand.
    pub fn backoff(&self, usual: Backoff) -> Backoff {
        usual.with(self.timeout, self.retries)
    }

    /// Says what the receiver of `draft` may not like, and refuses what the segment cannot carry.
    pub fn judge(&self, draft: &Draft, segment: Option<&Segment>, cx: &Context) -> Result<(), Failure> {
        for warning in draft.warnings() {
            cx.warn(&warning.to_string());
        }
        let len = Envelope::packet_len(draft.payload().len());
        if let Some(Segment { name, mtu, .. }) = segment
            && u32::try_from(len).is_ok_and(|len| len > *mtu)
        {
            return Err(Failure::usage(format_args!(
                "the packet has {len} bytes, {name} carries {mtu} (its MTU): leave out options, or raise the MTU"
            )));
        }
        if len > 65_535 {
            return Err(Failure::usage(format_args!("the packet has {len} bytes, IPv4 carries 65535")));
        }
        Ok(())
    }
}

/// The segment; a dry run does without where there is none, unless one was named.
pub fn unless_dry(
    found: Result<Segment, NetError>,
    interface: Option<&str>,
    sender: &SenderArgs,
) -> Result<Option<Segment>, Failure> {
    // A build without sockets cannot look for an interface, named or not.
    let named = cfg!(feature = "live") && interface.is_some();
    match found {
        Ok(segment) => Ok(Some(segment)),
        Err(_) if sender.dry_run && !named => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The segment and the recipe of a command whose message is `main`.
pub fn prepare(
    sender: &SenderArgs,
    interface: Option<&str>,
    main: MessageType,
    rng: &mut Rng,
) -> Result<(Option<Segment>, Recipe), Failure> {
    sender.check_write(&[])?;
    if sender.giaddrs().len() > 1 {
        return Err(Failure::usage("one --giaddr is enough here; only handshake takes several"));
    }
    if sender.is_six() {
        return Err(Failure::usage("this command speaks DHCPv4 alone so far; leave out -6"));
    }
    sender.refuse_six()?;
    let found = match sender.giaddr().and(sender.server()) {
        Some(server) => Segment::towards(interface, server),
        None => Segment::find(interface),
    };
    let segment = unless_dry(found, interface, sender)?;
    let own = segment.as_ref().and_then(|segment| segment.mac);
    let recipe = sender.recipe(own.unwrap_or(Mac::ZERO), Some(main), rng)?;
    // `send` sends what it is told to, where it is told to; the others want servers.
    let routed = sender.giaddr().and(sender.server()).is_some();
    if let Some(segment) = segment.as_ref().filter(|_| !sender.dry_run && !routed && main != MessageType(0)) {
        segment.may_have_servers()?;
    }
    Ok((segment, recipe))
}

/// Makes the recipe that of a relay when a relay's address and a server were given. Datagrams go by the kernel's routing
/// when that address is the interface's own and nothing of the frame was set by hand: then a socket takes the answers,
/// and the kernel does not refuse them.
pub fn relay(recipe: &mut Recipe, sender: &SenderArgs, segment: Option<&Segment>) -> Way {
    let (Some(giaddr), Some(server)) = (sender.giaddr(), sender.server()) else { return Way::Link };
    let Some(segment) = segment else {
        recipe.relay = Some(Route { server, next_hop: server });
        return Way::Link;
    };
    let route = segment.route(server);
    recipe.relay = Some(route);
    let frame = &sender.frame;
    let by_hand = frame.src_mac.is_some()
        || frame.dst_mac.is_some()
        || frame.src_ip.is_some()
        || frame.dst_ip.is_some()
        || frame.ttl.is_some()
        || frame.vlan.is_some();
    if by_hand || !segment.addresses.iter().any(|(addr, _)| *addr == giaddr) {
        return Way::Link;
    }
    // The kernel fills in the frame's addresses; the engine need not ask for them.
    recipe.overrides.dst_mac = Some(Mac::ZERO);
    recipe.overrides.src_mac = segment.mac;
    let local = SocketAddrV4::new(giaddr, frame.src_port.unwrap_or(SERVER_PORT));
    Way::Udp { local, next_hop: route.next_hop }
}

/// An address of a frame of DHCPv4.
fn four(ip: IpAddr) -> Result<Ipv4Addr, Failure> {
    match ip {
        IpAddr::V4(ip) => Ok(ip),
        IpAddr::V6(ip) => Err(Failure::usage(format_args!("{ip} is an IPv6 address; add -6"))),
    }
}

fn wrong_list(error: &str) -> Failure {
    Failure::usage(format_args!("--request-options: {error}"))
}

fn parse_option(code: u8, text: &str) -> Result<Vec<u8>, Failure> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(row) = v4::SPACE.by_code(u16::from(code)) else { return Ok(text.as_bytes().to_vec()) };
    options::parse_option(row, text, &options::Context::default()).map_err(Failure::usage)
}

/// A random locally administered station address (IEEE 802-2014 §8.4).
pub fn random_mac(rng: &mut Rng) -> Mac {
    let mut bytes = [0; 6];
    rng.fill(&mut bytes);
    bytes[0] = bytes[0] & 0xfc | 0x02;
    Mac(bytes)
}

/// An option of DHCPv4, whose codes are single bytes.
fn edit((code, data): (u16, Vec<u8>)) -> Result<OptionEdit, Failure> {
    let code = u8::try_from(code).map_err(|_| Failure::usage(format_args!("-o {code}: no such option")))?;
    Ok(OptionEdit { code, data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        sender: SenderArgs,
    }

    fn overrides(args: &[&str]) -> Result<Overrides, String> {
        let line =
            Line::try_parse_from(std::iter::once(&"x").chain(args)).map_err(|error| error.to_string())?;
        line.sender.overrides().map_err(|failure| failure.message.unwrap_or_default())
    }

    #[test]
    fn flags_become_overrides() {
        let set = overrides(&[
            "--xid",
            "0x10",
            "--secs",
            "9",
            "--flags",
            "0x7fff",
            "--vlan",
            "7.100",
            "--no-broadcast",
            "-o",
            "12=host",
            "-o",
            "82.1=port",
            "--no-option",
            "55",
            "--cookie",
            "0x01:02",
        ])
        .unwrap();
        assert_eq!((set.xid, set.secs, set.flags), (Some(Xid(16)), Some(9), Some(0x7fff)));
        assert_eq!((set.vlans, set.broadcast, set.remove), (vec![7, 100], Some(false), vec![55]));
        assert_eq!(set.options[0], OptionEdit { code: 12, data: b"host".to_vec() });
        assert_eq!(set.options[1], OptionEdit { code: 82, data: b"\x01\x04port".to_vec() });
        assert_eq!(set.cookie, Some(vec![1, 2]));
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        for (args, want) in [
            (&["--vlan", "5000"][..], "a VLAN is a number"),
            (&["--mac", "zz"], "is not a MAC address"),
            (&["--op", "256"], "not a number of 8 bits"),
            (&["--timeout", "soon"], "500ms"),
            (&["--timeout", "0"], "more than 0"),
            (&["--timeout", "999us"], "at least 1ms"),
            (&["--cookie", "xy"], "not hexadecimal"),
            (&["-o", "router=nonsense"], "nonsense"),
            (&["-o", "no-such-thing=1"], "no-such-thing"),
            (&["--no-option", "no-such-thing"], "see dhcptool options"),
        ] {
            let error = overrides(args).unwrap_err();
            assert!(error.contains(want), "{args:?}: {error}");
        }
        let long = "x".repeat(65);
        assert!(overrides(&["--sname", &long]).unwrap_err().contains("the field holds 64"));
    }

    #[test]
    fn a_random_mac_is_a_station_of_nobody() {
        let mut rng = Rng::with_seed(1);
        for _ in 0..100 {
            let mac = random_mac(&mut rng);
            assert_eq!(mac.0[0] & 3, 2);
        }
    }
}
