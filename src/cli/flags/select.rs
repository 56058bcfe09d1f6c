//! The flags that choose packets, shared by decode and sniff.

use std::net::Ipv4Addr;

use clap::Args;

use super::common::positive;
use crate::analysis::{OptionTest, Selection};
use crate::cli::exit::Failure;
use crate::output::when::TimeForm;
use crate::time::Timestamp;
use crate::wire::HwAddr;
use crate::wire::options::{self, Context, OptionArg, v4};
use crate::wire::v4::{MessageType, Xid};

/// Which packets, and how their times are written.
#[derive(Args, Clone, Debug, Default)]
pub struct SelectArgs {
    /// Packets of this client, or from or to this link-layer address
    #[arg(long, value_name = "MAC", value_delimiter = ',', help_heading = "Selection")]
    mac: Vec<HwAddr>,

    /// Packets of this transaction
    #[arg(long, value_name = "XID", value_delimiter = ',', help_heading = "Selection")]
    xid: Vec<Xid>,

    /// Messages of these types: discover, offer, request, decline, ack, nak, release, inform, …, a number, or bootp
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', help_heading = "Selection")]
    types: Vec<TypeArg>,

    /// Packets with this address in any field: IP header, ciaddr, yiaddr, siaddr, giaddr, options 50 and 54
    #[arg(long, value_name = "ADDR", value_delimiter = ',', help_heading = "Selection")]
    ip: Vec<Ipv4Addr>,

    /// Packets that name this server (option 54), or replies from this address
    #[arg(long, value_name = "ADDR", value_delimiter = ',', help_heading = "Selection")]
    server: Vec<Ipv4Addr>,

    /// Packets that have this option, by name or code, and with this value; repeat to ask for several
    #[arg(long = "option", value_name = "NAME|CODE[.SUB][=VALUE]", help_heading = "Selection")]
    options: Vec<String>,

    /// No packet before this moment: RFC 3339, "2024-05-06 07:08:09" (UTC), or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Selection")]
    since: Option<Timestamp>,

    /// No packet after this moment
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Selection")]
    until: Option<Timestamp>,

    /// Stop after so many packets
    #[arg(long, value_name = "N", value_parser = positive::<u64>, help_heading = "Selection")]
    pub count: Option<u64>,

    /// Only frames that this pcap-filter(7) expression holds for; tags are looked through unless it speaks of vlan
    #[arg(long, value_name = "EXPRESSION", help_heading = "Selection")]
    pub filter: Option<String>,

    /// Take UDP port N for DHCP too, besides 67, 68 and 4011
    #[arg(long = "port", value_name = "N", value_delimiter = ',', help_heading = "Selection")]
    pub ports: Vec<u16>,

    /// How times are written
    #[arg(long, value_name = "FORM", default_value = "utc", help_heading = "Output")]
    pub time: TimeArg,
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
struct TypeArg(Option<MessageType>);

impl std::str::FromStr for TypeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("bootp") {
            return Ok(Self(None));
        }
        text.parse()
            .map(|kind| Self(Some(kind)))
            .map_err(|error: crate::wire::v4::types::ParseMessageTypeError| error.to_string())
    }
}

impl SelectArgs {
    /// What the flags ask for.
    pub fn selection(&self) -> Result<Selection, Failure> {
        Ok(Selection {
            macs: self.mac.clone(),
            xids: self.xid.iter().map(|xid| xid.0).collect(),
            types: self.types.iter().map(|kind| kind.0).collect(),
            ips: self.ip.clone(),
            servers: self.server.clone(),
            options: self.options.iter().map(|text| parse_option(text)).collect::<Result<_, _>>()?,
            since: self.since,
            until: self.until,
        })
    }
}

/// Reads `NAME|CODE[.SUB][=VALUE]`.
fn parse_option(text: &str) -> Result<OptionTest, Failure> {
    if !text.contains('=') && text.contains('.') {
        // The nested option's code is all that counts: an empty payload stands for any.
        let arg = OptionArg::parse(&format!("{text}:hex="), &Context::default()).map_err(Failure::usage)?;
        let [code] = arg.path.as_slice() else {
            return Err(Failure::usage(format_args!("{text}: one level of nested options can be asked for")));
        };
        let nested =
            u8::try_from(*code).map_err(|_| Failure::usage(format_args!("{text}: no such nested option")))?;
        return Ok(OptionTest { code: arg.code, data: Some(vec![nested]), nested: true });
    }
    if !text.contains('=') {
        let code = v4::SPACE.code(text).and_then(|code| u8::try_from(code).ok());
        let code = code.ok_or_else(|| {
            Failure::usage(format_args!(
                "no option is called {text:?}; dhcptool options lists those there are"
            ))
        })?;
        return Ok(OptionTest { code, data: None, nested: false });
    }
    let arg = OptionArg::parse(text, &Context::default()).map_err(Failure::usage)?;
    let nested = !arg.path.is_empty();
    let whole = options::assemble(&[arg]).map_err(Failure::usage)?;
    let (code, data) =
        whole.into_iter().next().ok_or_else(|| Failure::usage(format_args!("{text:?} is no option")))?;
    Ok(OptionTest { code, data: Some(data), nested })
}

/// Reads a moment.
fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return nanoseconds(time.as_nanosecond());
    }
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
        return nanoseconds(zoned.timestamp().as_nanosecond());
    }
    if let Some(time) = parse_epoch(text) {
        return Ok(time);
    }
    Err("write a time such as 2024-05-06T07:08:09Z, \"2024-05-06 07:08:09\" (UTC) or 1714979289.5".to_owned())
}

/// Seconds since 1970 with up to nine digits of a second.
fn parse_epoch(text: &str) -> Option<Timestamp> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 9 || !rest.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanos: u32 = format!("{rest:0<9}").parse().ok()?;
    Some(Timestamp::new(whole.parse().ok()?, nanos))
}

fn nanoseconds(value: i128) -> Result<Timestamp, String> {
    i64::try_from(value).map(Timestamp).map_err(|_| "the time lies outside 1677 to 2262".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_every_form() {
        let want = Ok(Timestamp(1_102_274_184_500_000_000));
        for text in
            ["2004-12-05T19:16:24.5Z", "2004-12-05 19:16:24.5", "1102274184.5", "2004-12-05T20:16:24.5+01:00"]
        {
            assert_eq!(parse_time(text), want, "{text}");
        }
        for text in ["", "yesterday", "1.2.3", "1.0000000001", "2004-13-05T00:00:00Z"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
