//! From text to bytes: the one parser of every kind. Reads what [`TextSink`](super::TextSink) writes, and friendlier forms.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::wire::addr::Mac;
use crate::wire::v6::types::MESSAGE_TYPES;

use super::cursor::Context;
use super::formats::FQDN_FLAGS;
use super::kind::{Field, Kind, Names, Switch, Width};
use super::registry::{OptionDef, Space, same_name};
use super::syntax::{self, Malformed};
use super::{domain, names, sub, text, v6, vendor};

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

/// A message as its record says it.
fn message6(text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let members = Members::read(text)?;
    let keys = [
        "message_type",
        "transaction_id",
        "flags",
        "hop_count",
        "link_address",
        "peer_address",
        "options",
        "trailer",
        "fixed_raw",
    ];
    members.only(|key| keys.iter().any(|known| same_name(known, key)))?;
    if let Some(raw) = members.get("fixed_raw") {
        return value(&Kind::Bytes, raw.trim_start_matches("0x"), true, cx, out);
    }
    let need = |key: &str| {
        members.get(key).ok_or_else(|| ParseError::new(text, format!("complete: {key} is missing")))
    };
    value(&Kind::Enum(Width::One, &MESSAGE_TYPES), need("message_type")?, true, cx, out)?;
    if members.get("hop_count").is_some() {
        value(&Kind::U8, need("hop_count")?, true, cx, out)?;
        value(&Kind::Ip6, need("link_address")?, true, cx, out)?;
        value(&Kind::Ip6, need("peer_address")?, true, cx, out)?;
    } else {
        let word = members.get("transaction_id").or_else(|| members.get("flags"));
        let word = word.ok_or_else(|| ParseError::new(text, "complete: transaction_id is missing"))?;
        let number = syntax::number(syntax::trim(word)).and_then(|n| u32::try_from(n).ok());
        let [0, a, b, c] = number.unwrap_or(u32::MAX).to_be_bytes() else {
            return Err(ParseError::new(word, "a number of 24 bits"));
        };
        out.extend([a, b, c]);
    }
    value(&Kind::Options(&v6::SPACE), members.get("options").unwrap_or("[]"), true, cx, out)?;
    if let Some(trailer) = members.get("trailer") {
        value(&Kind::Bytes, trailer.trim_start_matches("0x"), true, cx, out)?;
    }
    Ok(())
}

fn pair(keys: &[&str; 2], text: &str, out: &mut Vec<u8>) -> Option<()> {
    if text.starts_with('{') {
        let members = Members::read(text).ok()?;
        for key in keys {
            out.extend(members.get(key)?.parse::<Ipv4Addr>().ok()?.octets());
        }
        return Some(());
    }
    let (first, second) =
        text.split_once('=').or_else(|| text.split_once('/')).or_else(|| text.split_once(' '))?;
    let first: Ipv4Addr = syntax::trim(first).parse().ok()?;
    let second = syntax::trim(second);
    let second = if let Ok(addr) = second.parse::<Ipv4Addr>() {
        addr
    } else {
        // A prefix length stands for its mask.
        let length = second.parse::<u32>().ok().filter(|length| *length <= 32)?;
        Ipv4Addr::from(u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0))
    };
    out.extend(first.octets());
    out.extend(second.octets());
    Some(())
}

/// `10.0.0.0/8=10.0.0.1`, also with ` via ` or a space, and `default` for `0.0.0.0/0`.
fn route(text: &str, out: &mut Vec<u8>) -> Outcome {
    let wrong = || ParseError::new(text, "a route");
    if text.starts_with('{') {
        let members = Members::read(text)?;
        let member = |key| members.get(key).ok_or_else(wrong);
        return route(&format!("{}={}", member("destination")?, member("router")?), out);
    }
    let (destination, router) = text
        .split_once('=')
        .or_else(|| text.split_once(" via "))
        .or_else(|| text.split_once(' '))
        .ok_or_else(wrong)?;
    let router: Ipv4Addr = syntax::trim(router).parse().map_err(|_| wrong())?;
    let destination = match syntax::trim(destination) {
        "default" => "0.0.0.0/0",
        other => other,
    };
    let (addr, length) = destination.split_once('/').unwrap_or((destination, "32"));
    let addr: Ipv4Addr = addr.parse().map_err(|_| wrong())?;
    let length: u8 = length.parse().ok().filter(|length| *length <= 32).ok_or_else(wrong)?;
    let octets = addr.octets();
    let (significant, beyond) = octets.split_at_checked(usize::from(length.div_ceil(8))).ok_or_else(wrong)?;
    if beyond.iter().any(|byte| *byte != 0) {
        return Err(ParseError::new(text, "a route whose destination ends with its prefix"));
    }
    out.push(length);
    out.extend(significant);
    out.extend(router.octets());
    Ok(())
}

/// The `key=value` pairs of a record.
pub(super) struct Members<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Members<'t> {
    pub(super) fn read(text: &'t str) -> Outcome<Self> {
        let mut members = Vec::new();
        for item in syntax::items(syntax::unbracket(text, '{', '}')).map_err(malformed(text))? {
            let (key, value) = syntax::member(item).ok_or_else(|| ParseError::new(item, "key=value"))?;
            // JSON says so that there is none; in text it is a word, or a prefix of length 0.
            if value != "null" || !item.starts_with('"') {
                members.push((syntax::trim(key), syntax::unquoted(value)));
            }
        }
        Ok(Self(members))
    }

    /// The members of a record, or its values alone in their order: `ADDRESS,PREFERRED,VALID`; two of them with a colon, `no-binding:why`.
    fn of(fields: &[Field], text: &'t str) -> Outcome<Self> {
        if syntax::is_record(text) || text.is_empty() {
            return Self::read(text);
        }
        let values = match (fields, text.split_once(':')) {
            ([_, _], Some((first, second))) => vec![first, second],
            ([_, _], None) => vec![text],
            _ => syntax::items(text).map_err(malformed(text))?,
        };
        if values.len() > fields.len() {
            return Err(ParseError::new(text, format!("at most {} values", fields.len())));
        }
        Ok(Self(fields.iter().map(|field| field.key).zip(values).collect()))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t str> {
        self.0.iter().find(|member| same_name(key, member.0)).map(|member| member.1)
    }

    /// Refuses keys that nothing stands for, and keys given twice.
    pub(super) fn only(&self, known: impl Fn(&str) -> bool) -> Outcome {
        for (place, (key, _)) in self.0.iter().enumerate() {
            if !known(key) {
                return Err(ParseError::new(key, "a key of this value"));
            }
            if self.0.iter().take(place).any(|earlier| same_name(earlier.0, key)) {
                return Err(ParseError::new(key, "given only once"));
            }
        }
        Ok(())
    }

    fn write(&self, fields: &[Field], text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        self.only(|key| fields.iter().any(|field| same_name(field.key, key)))?;
        self.write_fields(fields, text, cx, out)
    }

    fn write_fields(&self, fields: &[Field], text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let last = fields.iter().rposition(|field| self.get(field.key).is_some());
        for (place, field) in fields.iter().enumerate() {
            match self.get(field.key) {
                Some(member) => value(&field.kind, member, true, cx, out)?,
                None if field.optional && last < Some(place) => break,
                None if field.absent.is_some() => {
                    value(&field.kind, field.absent.unwrap_or_default(), true, cx, out)?;
                }
                None => return Err(ParseError::new(text, format!("complete: {} is missing", field.key))),
            }
        }
        Ok(())
    }
}

fn switched(switch: &Switch, text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let members = Members::read(text)?;
    let tag = members.get(switch.key);
    let tag = tag.ok_or_else(|| ParseError::new(text, format!("complete: {} is missing", switch.key)))?;
    let number = named(syntax::trim(tag), switch.names);
    push(switch.width, number, out).ok_or_else(|| ParseError::new(tag, switch.names.what))?;
    let fields = switch.fields(number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default());
    members.only(|key| same_name(switch.key, key) || fields.iter().any(|field| same_name(field.key, key)))?;
    members.write_fields(fields, text, cx, out)
}

/// What stands in front of the `=` of a nested option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A value of its kind.
    Value,
    /// Bytes.
    Hex,
    /// Bytes that are fewer than the length says.
    Cut(u16),
}

/// `name=value` or `code=value` of `space`; `:hex` after the name for bytes, `:hex/LENGTH` for bytes that are cut.
fn option<'t>(space: &'static Space, text: &'t str) -> Outcome<(u16, Form, &'t str)> {
    if text.starts_with('{') {
        return option_object(space, text);
    }
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let (name, form) = match name.split_once(":hex") {
        Some((name, "")) => (name, Form::Hex),
        Some((name, length)) => {
            let length = length.strip_prefix('/').and_then(|length| length.parse().ok());
            (name, Form::Cut(length.ok_or_else(|| ParseError::new(text, "an option that is cut"))?))
        }
        None => (name, Form::Value),
    };
    let code = space.code(syntax::trim(name));
    let code =
        code.ok_or_else(|| ParseError::new(name, format!("a code or name of {} options", space.name)))?;
    Ok((code, form, value))
}

/// The same of the object that decoding shows. `raw` is the bytes; only where it is missing is `value` read.
fn option_object<'t>(space: &'static Space, text: &'t str) -> Outcome<(u16, Form, &'t str)> {
    let members = Members::read(text)?;
    let code = members.get("code").or_else(|| members.get("name")).and_then(|name| space.code(name));
    let code = code.ok_or_else(|| ParseError::new(text, "an option with code or name"))?;
    let declared = members.get("declared_length").and_then(syntax::number);
    let form = match (members.get("raw"), declared.and_then(|length| u16::try_from(length).ok())) {
        (Some(_), Some(length)) => Form::Cut(length),
        (Some(_), None) => Form::Hex,
        (None, _) => Form::Value,
    };
    let value = members.get("raw").or_else(|| members.get("value"));
    let value = value.ok_or_else(|| ParseError::new(text, "an option with value or raw"))?;
    Ok((code, form, value))
}

fn options(space: &'static Space, text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    for item in list_items(text)? {
        let (code, form, text) = option(space, item)?;
        let mut payload = Vec::new();
        if form == Form::Value {
            let kind = space.by_code(code).map_or(&Kind::Opaque, |row| &row.kind);
            value(kind, text, true, cx, &mut payload)?;
        } else {
            payload = syntax::hex(text).ok_or_else(|| ParseError::new(text, "hexadecimal"))?;
        }
        let too_long = || ParseError::new(item, "short enough for its length field");
        if let Form::Cut(declared) = form {
            let [high, low] = code.to_be_bytes();
            out.extend((space.code_width == 2).then_some(high));
            out.push(low);
            if space.length_width == 2 {
                out.extend(declared.to_be_bytes());
            } else {
                out.push(u8::try_from(declared).map_err(|_| too_long())?);
            }
            out.extend(payload);
        } else {
            frame(space, code, &payload, out).ok_or_else(too_long)?;
        }
    }
    Ok(())
}

/// Appends one option of `space`; nothing when it is too long for its length field.
pub(super) fn frame(space: &Space, code: u16, payload: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let header = if space.counts_header { 2 } else { 0 };
    let length = payload.len().checked_add(header)?;
    if space.length_width == 2 {
        let length = u16::try_from(length).ok()?;
        out.extend(code.to_be_bytes());
        out.extend(length.to_be_bytes());
    } else {
        let units = length.div_ceil(space.unit.max(1).into());
        out.extend([u8::try_from(code).ok()?, u8::try_from(units).ok()?]);
        out.extend(payload);
        let padding = units.saturating_mul(space.unit.into()).saturating_sub(length);
        out.resize(out.len().saturating_add(padding), 0);
        return Some(());
    }
    out.extend(payload);
    Some(())
}

/// True when text begins like an option of `space`: then it is read as options.
pub(super) fn begins_like_an_option(space: &'static Space, text: &str) -> bool {
    let inner = syntax::unbracket(text, '[', ']');
    let objects = if inner.starts_with('{') { syntax::items(inner).ok() } else { None };
    let first = objects.and_then(|items| items.first().copied()).unwrap_or(inner);
    syntax::is_record(first) && option(space, first).is_ok()
}

fn lenient(space: &'static Space, text: &str, inside: bool, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    if begins_like_an_option(space, text) || (inside && syntax::trim(text) == "[]") {
        return options(space, syntax::trim(text), cx, out);
    }
    out.extend(written(text, inside)?);
    Ok(())
}

/// The records of a list of them; a single one needs no braces.
fn records(text: &str) -> Outcome<Vec<&str>> {
    let inner = syntax::unbracket(text, '[', ']');
    if inner.is_empty() || inner.starts_with('{') { list_items(text) } else { Ok(vec![inner]) }
}

fn vendor_classes(text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    const FIELDS: &[Field] = &[
        Field::new("enterprise", Kind::Coded(Width::Four, &names::ENTERPRISES)),
        Field::new("class", Kind::Sized(&Kind::Auto)),
    ];
    for record in records(text)? {
        Members::read(record)?.write(FIELDS, record, cx, out)?;
    }
    Ok(())
}

fn vendor_options(text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    const WHAT: &str = "vendor options";
    for record in records(text)? {
        let members = Members::read(record)?;
        members.only(|key| same_name("enterprise", key) || same_name("options", key))?;
        let enterprise =
            members.get("enterprise").and_then(|text| named(syntax::trim(text), &names::ENTERPRISES));
        push(Width::Four, enterprise, out).ok_or_else(|| ParseError::new(record, WHAT))?;
        let space = vendor::space_of_enterprise(
            enterprise.and_then(|number| u32::try_from(number).ok()).unwrap_or_default(),
        );
        let mut payload = Vec::new();
        let text = members.get("options").ok_or_else(|| ParseError::new(record, WHAT))?;
        value(&Kind::Options(space), text, true, cx, &mut payload)?;
        sized(text, &payload, out)?;
    }
    Ok(())
}

/// A bare name asks the server to update the DNS, in labels; the record says each part.
fn fqdn(text: &str, out: &mut Vec<u8>) -> Outcome {
    let wrong = |text: &str| ParseError::new(text, "a domain name");
    if !syntax::is_record(text) {
        let name = written(text, false)?;
        out.extend([5, 0, 0]);
        return domain::write(&name, name.contains(&b'.'), out).map_err(|_| wrong(text));
    }
    let members = Members::read(text)?;
    members.only(|key| ["flags", "rcode1", "rcode2", "name"].iter().any(|known| same_name(known, key)))?;
    let begin = out.len();
    flags(members.get("flags").unwrap_or_default(), Width::One, FQDN_FLAGS, out)?;
    for key in ["rcode1", "rcode2"] {
        value(&Kind::U8, members.get(key).unwrap_or("0"), true, &Context::default(), out)?;
    }
    let member = members.get("name").unwrap_or_default();
    let name = written(member, true)?;
    if out.get(begin).is_some_and(|bits| bits & 4 != 0) {
        return domain::write(&name, false, out).map_err(|_| wrong(member));
    }
    out.extend(name);
    Ok(())
}

/// A MAC address, colon-separated bytes, text (gets type 0), or the record that decoding shows.
fn client_id(text: &str, plain: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    if let Ok(mac) = plain.parse::<Mac>() {
        out.push(1);
        out.extend(mac.0);
        return Ok(());
    }
    if plain.contains(':')
        && let Some(bytes) = syntax::hex(plain)
    {
        out.extend(bytes);
        return Ok(());
    }
    let record = syntax::unbracket(plain, '{', '}');
    let key = syntax::member(record).map(|(key, _)| key);
    match key {
        Some("identifier") if Members::read(record)?.get("type").is_none() => {
            let fields = &[Field::new("identifier", Kind::Auto)];
            Members::read(record)?.write(fields, text, cx, out)
        }
        Some("type" | "iaid" | "duid" | "address" | "identifier") => {
            switched(&sub::CLIENT_ID, record, cx, out)
        }
        _ => {
            out.push(0);
            out.extend(written(text, false)?);
            Ok(())
        }
    }
}
