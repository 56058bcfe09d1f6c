//! From text to bytes: the one parser of every kind. Reads what [`TextSink`](super::TextSink) writes, and friendlier forms.

mod records;
mod spaces;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::wire::addr::Mac;

use super::cursor::Context;
use super::kind::{Kind, Names, Width};
use super::registry::{OptionDef, same_name};
use super::syntax::{self, Malformed};
use super::{domain, sub, text, vendor};
pub(super) use records::Members;
use records::{client_id, fqdn, message6, pair, route, switched};
pub(super) use spaces::{begins_like_an_option, frame};
use spaces::{lenient, options, vendor_classes, vendor_options};

/// Why a text is not a value of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The option it was for, as `option routers (3)`.
    pub option: Option<String>,
    /// The part of the text that is wrong, escaped and shortened.
    pub text: String,
    /// What it is not: `an IPv4 address`.
    pub what: String,
    /// A text that would be right; empty where none helps.
    pub example: String,
}

impl ParseError {
    pub(super) fn new(text: &str, what: impl Into<String>) -> Self {
        let mut shown = Vec::new();
        let shortened: String = text.chars().take(60).collect();
        text::escape(shortened.as_bytes(), &mut shown);
        if shortened.len() < text.len() {
            shown.extend_from_slice("…".as_bytes());
        }
        let text = String::from_utf8_lossy(&shown).into_owned();
        Self { option: None, text, what: what.into(), example: String::new() }
    }

    /// The same error, said of option `name`.
    #[must_use]
    pub fn of_option(mut self, name: &str, code: impl fmt::Display) -> Self {
        self.option =
            Some(if name.is_empty() { format!("option {code}") } else { format!("option {name} ({code})") });
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(option) = &self.option {
            write!(f, "{option}: ")?;
        }
        write!(f, "\"{}\" is not {}", self.text, self.what)?;
        if !self.example.is_empty() {
            write!(f, "; write for example {}", self.example)?;
        }
        Ok(())
    }
}

impl std::error::Error for ParseError {}

type Outcome<T = ()> = Result<T, ParseError>;

/// The bytes that `text` says as `kind`.
pub fn parse(kind: &Kind, text: &str, cx: &Context<'_>) -> Result<Vec<u8>, ParseError> {
    let mut out = Vec::new();
    match value(kind, text, false, cx, &mut out) {
        Ok(()) => Ok(out),
        Err(mut error) => {
            if error.example.is_empty() {
                error.example = kind.example();
            }
            Err(error)
        }
    }
}

/// As [`parse`], with the option named in the error.
pub fn parse_option(row: &OptionDef, text: &str, cx: &Context<'_>) -> Result<Vec<u8>, ParseError> {
    parse(&row.kind, text, cx).map_err(|error| error.of_option(row.name, row.code))
}

#[allow(clippy::too_many_lines, reason = "one arm per kind, each short")]
/// Appends what `text` says. `inside` another value, text is unquoted.
pub(super) fn value(kind: &Kind, text: &str, inside: bool, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let wrong = || ParseError::new(text, kind.what());
    let plain = syntax::trim(text);
    let (text, plain) =
        if inside { (syntax::unquoted(plain), syntax::unquoted(plain)) } else { (text, plain) };
    if takes_raw(kind)
        && let Some(bytes) = syntax::prefixed_hex(plain)
    {
        out.extend(bytes);
        return Ok(());
    }
    match kind {
        Kind::Pair(keys) => pair(keys, plain, out).ok_or_else(wrong)?,
        Kind::Route => route(plain, out)?,
        Kind::Domain | Kind::Name => {
            let name = written(text, inside)?;
            if name.is_empty() || domain::write(&name, true, out).is_err() {
                return Err(wrong());
            }
        }
        Kind::Domains => {
            for item in list_items(plain)? {
                let name = written(item, true)?;
                if name.is_empty() || domain::write(&name, true, out).is_err() {
                    return Err(ParseError::new(item, "a domain name"));
                }
            }
        }
        Kind::After(count, inner) => {
            out.resize(out.len().saturating_add(usize::from(*count)), 0);
            value(inner, text, inside, cx, out)?;
        }
        Kind::PartialName => {
            let name = written(text, inside)?;
            domain::write(&name, false, out).map_err(|_| wrong())?;
        }
        Kind::Prefix4 => {
            let (addr, length) = prefix4(plain).ok_or_else(wrong)?;
            out.push(length);
            out.extend(addr.octets());
        }
        Kind::Prefix6 => {
            let (addr, length) = prefix6(plain).ok_or_else(wrong)?;
            out.push(length);
            out.extend(addr.octets());
        }
        Kind::ShortPrefix => {
            let (addr, length) = prefix6(plain).filter(|(_, length)| *length <= 128).ok_or_else(wrong)?;
            let octets = addr.octets();
            out.push(length);
            out.extend(octets.get(..usize::from(length.div_ceil(8))).unwrap_or(&octets));
        }
        Kind::Duid if syntax::is_record(plain) => switched(&sub::DUID_V6, plain, cx, out)?,
        Kind::Duid => out.extend(syntax::hex(plain).filter(|bytes| bytes.len() > 2).ok_or_else(wrong)?),
        Kind::Message6 => message6(plain, cx, out)?,
        Kind::Message4 => out.extend(syntax::hex(plain).ok_or_else(wrong)?),
        Kind::Shaped(shape) => shape.parse(text, inside, cx, out)?,
        Kind::Uuid => {
            let digits: String = plain.chars().filter(|character| *character != '-').collect();
            let bytes = syntax::hex(&digits).filter(|bytes| bytes.len() == 16);
            out.extend(bytes.ok_or_else(wrong)?);
        }
        Kind::List(item) => {
            for text in texts_of(item, plain, inside)? {
                value(item, text, true, cx, out)?;
            }
        }
        Kind::Counted(item) => {
            let texts = texts_of(item, plain, inside)?;
            out.push(u8::try_from(texts.len()).map_err(|_| ParseError::new(text, "at most 255 values"))?);
            for text in texts {
                value(item, text, true, cx, out)?;
            }
        }
        Kind::Sized(inner) => {
            let mut bytes = Vec::new();
            value(inner, text, inside, cx, &mut bytes)?;
            sized(text, &bytes, out)?;
        }
        Kind::Sized16(inner) => {
            let mut bytes = Vec::new();
            value(inner, text, inside, cx, &mut bytes)?;
            let length =
                u16::try_from(bytes.len()).map_err(|_| ParseError::new(text, "at most 65535 bytes"))?;
            out.extend(length.to_be_bytes());
            out.extend(bytes);
        }
        Kind::Bits(width, bits) => flags(plain, *width, bits, out)?,
        Kind::Record(fields) => Members::of(fields, plain)?.write(fields, text, cx, out)?,
        Kind::Switch(switch) => switched(switch, plain, cx, out)?,
        Kind::Options(space) => options(space, plain, cx, out)?,
        Kind::Lenient(space) => lenient(space, text, inside, cx, out)?,
        Kind::Vendor => lenient(vendor::space_of_class(cx.vendor_class), text, inside, cx, out)?,
        Kind::VendorClasses => vendor_classes(plain, cx, out)?,
        Kind::VendorOptions => vendor_options(plain, cx, out)?,
        Kind::Fqdn => fqdn(plain, out)?,
        Kind::ClientId => client_id(text, plain, cx, out)?,
        Kind::UserClass => match plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(_) => value(&Kind::List(&Kind::Sized(&Kind::Auto)), plain, true, cx, out)?,
            None => out.extend(written(text, inside)?),
        },
        kind if kind.is_number() => number(kind, plain, out)?,
        kind => scalar(kind, text, inside, out)?,
    }
    Ok(())
}

/// Appends a number, flag or enumerated value.
fn number(kind: &Kind, plain: &str, out: &mut Vec<u8>) -> Outcome {
    let wrong = || ParseError::new(plain, kind.what());
    match kind {
        Kind::Empty => match plain {
            "" | "true" | "yes" | "on" | "1" => {}
            _ => return Err(wrong()),
        },
        Kind::Flag => out.push(match plain.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => 1,
            "false" | "no" | "off" | "0" => 0,
            _ => return Err(wrong()),
        }),
        Kind::U8 => {
            out.push(small(plain, u64::from(u8::MAX)).and_then(|n| u8::try_from(n).ok()).ok_or_else(wrong)?);
        }
        Kind::U16 | Kind::U16Le => {
            let number =
                small(plain, u64::from(u16::MAX)).and_then(|n| u16::try_from(n).ok()).ok_or_else(wrong)?;
            out.extend(if matches!(kind, Kind::U16) { number.to_be_bytes() } else { number.to_le_bytes() });
        }
        Kind::U32 => push(Width::Four, small(plain, u64::from(u32::MAX)), out).ok_or_else(wrong)?,
        Kind::Hundredths => push(Width::Two, small(plain, u64::from(u16::MAX)), out).ok_or_else(wrong)?,
        Kind::Since2000 => push(Width::Four, syntax::number(plain), out).ok_or_else(wrong)?,
        Kind::HexNumber(width) => push(*width, syntax::number(plain), out).ok_or_else(wrong)?,
        Kind::U64 => out.extend(syntax::number(plain).ok_or_else(wrong)?.to_be_bytes()),
        Kind::I32 => {
            let number = match plain.strip_prefix('-') {
                Some(digits) => {
                    syntax::seconds(digits).and_then(|n| i64::try_from(n).ok()).and_then(i64::checked_neg)
                }
                None => syntax::seconds(plain).and_then(|n| i64::try_from(n).ok()),
            };
            let number = number.and_then(|n| i32::try_from(n).ok()).ok_or_else(wrong)?;
            out.extend(number.to_be_bytes());
        }
        Kind::Seconds | Kind::Lifetime => {
            let endless = matches!(plain.to_ascii_lowercase().as_str(), "infinite" | "infinity" | "forever");
            let number = if endless { Some(u64::from(u32::MAX)) } else { syntax::seconds(plain) };
            push(Width::Four, number, out).ok_or_else(wrong)?;
        }
        Kind::Enum(width, names) | Kind::Coded(width, names) => {
            push(*width, named(plain, names), out).ok_or_else(wrong)?;
        }
        Kind::OptionCode(space) => {
            let width = if space.code_width == 2 { Width::Two } else { Width::One };
            push(width, space.code(plain).map(u64::from), out).ok_or_else(wrong)?;
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

/// Appends text, bytes or an address.
fn scalar(kind: &Kind, text: &str, inside: bool, out: &mut Vec<u8>) -> Outcome {
    let wrong = || ParseError::new(text, kind.what());
    let plain = syntax::trim(text);
    match kind {
        Kind::Text | Kind::Auto | Kind::Opaque => out.extend(written(text, inside)?),
        Kind::FixedText(length) => {
            let bytes = written(text, inside)?;
            if bytes.len() != usize::from(*length) {
                return Err(ParseError::new(text, format!("text of {length} bytes")));
            }
            out.extend(bytes);
        }
        Kind::Bytes => out.extend(syntax::hex(plain).ok_or_else(wrong)?),
        Kind::Fixed(length) => {
            let bytes = syntax::prefixed_hex(plain).or_else(|| syntax::hex(plain));
            match bytes.filter(|bytes| bytes.len() == usize::from(*length)) {
                Some(bytes) => out.extend(bytes),
                None => return Err(ParseError::new(text, format!("{length} bytes in hexadecimal"))),
            }
        }
        Kind::Hardware => {
            let bytes = syntax::hex(plain).or_else(|| plain.parse::<Mac>().ok().map(|mac| mac.0.to_vec()));
            out.extend(bytes.filter(|bytes| !bytes.is_empty()).ok_or_else(wrong)?);
        }
        Kind::Ip4 => out.extend(plain.parse::<Ipv4Addr>().map_err(|_| wrong())?.octets()),
        Kind::Ip6 => out.extend(plain.parse::<Ipv6Addr>().map_err(|_| wrong())?.octets()),
        _ => return Err(wrong()),
    }
    Ok(())
}

/// True when `0x…` is the value's bytes, whatever the kind: not for numbers, and not where it may be one item of many.
fn takes_raw(kind: &Kind) -> bool {
    match kind {
        Kind::List(item) | Kind::Counted(item) => match item {
            Kind::Sized(_) | Kind::Sized16(_) | Kind::Bytes | Kind::Auto | Kind::Opaque | Kind::Fixed(_) => {
                false
            }
            item => takes_raw(item),
        },
        Kind::Sized(_)
        | Kind::Sized16(_)
        | Kind::After(..)
        | Kind::Fixed(_)
        | Kind::FixedText(_)
        | Kind::Bits(..) => false,
        kind => !kind.is_number(),
    }
}

fn malformed(text: &str) -> impl FnOnce(Malformed) -> ParseError + '_ {
    move |Malformed(what)| ParseError::new(text, what)
}

fn written(text: &str, inside: bool) -> Outcome<Vec<u8>> {
    if inside { syntax::unquote(text) } else { syntax::unescape(text) }.map_err(malformed(text))
}

pub(super) fn list_items(text: &str) -> Outcome<Vec<&str>> {
    let mut items = syntax::items(syntax::unbracket(text, '[', ']')).map_err(malformed(text))?;
    for item in &mut items {
        *item = syntax::unquoted(item);
    }
    Ok(items)
}

/// The items of a list. Brackets around all of it may be left out, or be there, where it stands alone; where its items have brackets
/// of their own, two open at the beginning then.
fn texts_of<'t>(item: &Kind, text: &'t str, inside: bool) -> Outcome<Vec<&'t str>> {
    let nested = matches!(item, Kind::Sized(Kind::List(_)) | Kind::Sized16(Kind::List(_)) | Kind::List(_));
    if nested && !inside && !text.starts_with("[[") {
        syntax::items(text).map_err(malformed(text))
    } else {
        list_items(text)
    }
}

fn small(text: &str, max: u64) -> Option<u64> {
    syntax::number(text).filter(|number| *number <= max)
}

fn named(text: &str, names: &Names) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    names
        .number(&lower)
        .or_else(|| names.number(lower.strip_prefix("dhcp")?))
        .map(u64::from)
        .or_else(|| syntax::number(text))
}

/// Appends a number in `width` bytes; nothing when there is none or it does not fit.
fn push(width: Width, number: Option<u64>, out: &mut Vec<u8>) -> Option<()> {
    let number = u32::try_from(number?).ok().filter(|number| *number <= width.max())?;
    let [a, b, c, d] = number.to_be_bytes();
    match width {
        Width::One => out.push(d),
        Width::Two => out.extend([c, d]),
        Width::Four => out.extend([a, b, c, d]),
    }
    Some(())
}

/// Appends one byte of length and `bytes`.
fn sized(text: &str, bytes: &[u8], out: &mut Vec<u8>) -> Outcome {
    out.push(u8::try_from(bytes.len()).map_err(|_| ParseError::new(text, "at most 255 bytes"))?);
    out.extend(bytes);
    Ok(())
}

fn flags(text: &str, width: Width, bits: &[(u32, &'static str)], out: &mut Vec<u8>) -> Outcome {
    let mut value = 0;
    for item in list_items(text)? {
        let bit = bits.iter().find(|bit| same_name(bit.1, item)).map(|bit| bit.0);
        let number = syntax::number(item).and_then(|number| u32::try_from(number).ok());
        value |= bit.or(number).ok_or_else(|| ParseError::new(item, "the name of a flag"))?;
    }
    push(width, Some(u64::from(value)), out).ok_or_else(|| ParseError::new(text, "a set of flags"))
}

/// An address and a prefix length. The length may be too long: crafting can say what is wrong.
pub(super) fn prefix6(text: &str) -> Option<(Ipv6Addr, u8)> {
    let (addr, length) = syntax::trim(text).split_once('/')?;
    Some((addr.parse().ok()?, length.parse().ok()?))
}

/// As [`prefix6`].
pub(super) fn prefix4(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (addr, length) = syntax::trim(text).split_once('/')?;
    Some((addr.parse().ok()?, length.parse().ok()?))
}

/// True when both spell the same key.
pub(super) fn same(known: &str, asked: &str) -> bool {
    same_name(known, asked)
}
