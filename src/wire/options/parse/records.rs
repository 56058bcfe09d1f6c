//! Values of several parts: records, pairs, routes, identifiers.

use std::net::Ipv4Addr;

use super::{Outcome, ParseError, flags, malformed, named, push, value, written};
use crate::wire::addr::Mac;
use crate::wire::options::cursor::Context;
use crate::wire::options::domain;
use crate::wire::options::formats::FQDN_FLAGS;
use crate::wire::options::kind::{Field, Kind, Switch, Width};
use crate::wire::options::registry::same_name;
use crate::wire::options::syntax;
use crate::wire::options::{sub, v6};
use crate::wire::v6::types::MESSAGE_TYPES;

/// A message as its record says it.
pub(super) fn message6(text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
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

pub(super) fn pair(keys: &[&str; 2], text: &str, out: &mut Vec<u8>) -> Option<()> {
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
pub(super) fn route(text: &str, out: &mut Vec<u8>) -> Outcome {
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
pub(in crate::wire::options) struct Members<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Members<'t> {
    pub(in crate::wire::options) fn read(text: &'t str) -> Outcome<Self> {
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
    pub(super) fn of(fields: &[Field], text: &'t str) -> Outcome<Self> {
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

    pub(in crate::wire::options) fn get(&self, key: &str) -> Option<&'t str> {
        self.0.iter().find(|member| same_name(key, member.0)).map(|member| member.1)
    }

    /// Refuses keys that nothing stands for, and keys given twice.
    pub(in crate::wire::options) fn only(&self, known: impl Fn(&str) -> bool) -> Outcome {
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

    pub(super) fn write(&self, fields: &[Field], text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
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

pub(super) fn switched(switch: &Switch, text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let members = Members::read(text)?;
    let tag = members.get(switch.key);
    let tag = tag.ok_or_else(|| ParseError::new(text, format!("complete: {} is missing", switch.key)))?;
    let number = named(syntax::trim(tag), switch.names);
    push(switch.width, number, out).ok_or_else(|| ParseError::new(tag, switch.names.what))?;
    let fields = switch.fields(number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default());
    members.only(|key| same_name(switch.key, key) || fields.iter().any(|field| same_name(field.key, key)))?;
    members.write_fields(fields, text, cx, out)
}

/// A bare name asks the server to update the DNS, in labels; the record says each part.
pub(super) fn fqdn(text: &str, out: &mut Vec<u8>) -> Outcome {
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
pub(super) fn client_id(text: &str, plain: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
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
