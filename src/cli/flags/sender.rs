//! The flags of every command that sends, and what they make of a message.

mod fields;
mod recipe;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use fields::{FieldText, HexText, MacArg, VlanArg, field, hex, number};

use super::confine::ConfineArgs;
use super::keep::refuse_own_input;
use super::six::SixArgs;
pub use super::values::duration;
use super::values::request_list;
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::engine::{Backoff, Draft};
use crate::net::NetError;
use crate::run::segment::Segment;
use crate::wire::frame::Envelope;
use crate::wire::v4::Xid;
use crate::wire::{HwAddr, Mac};
pub use fields::{ServerArg, patience, random_mac};
pub use recipe::{prepare, relay};

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

impl SenderArgs {
    /// The flags of who asks `server`, as the client `mac` where that is another than the interface's own.
    pub fn asking(server: IpAddr, mac: Option<Mac>) -> Self {
        let ipv6 = server.is_ipv6();
        Self {
            protocol: ProtocolArgs { ipv4: false, ipv6 },
            message: MessageArgs { mac: mac.map(MacArg::Is), ..MessageArgs::default() },
            // DHCPv6 asks everybody, and hears who it is.
            server: (!ipv6).then_some(ServerArg::Ip(server)),
            ..Self::default()
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Overrides;
    use crate::engine::v4::draft::OptionEdit;
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
}
