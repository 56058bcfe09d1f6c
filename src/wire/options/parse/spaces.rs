//! Options inside options, and what vendors put behind their number.

use super::records::Members;
use super::{Outcome, ParseError, list_items, named, push, sized, value, written};
use crate::wire::options::cursor::Context;
use crate::wire::options::kind::{Field, Kind, Width};
use crate::wire::options::registry::{Space, same_name};
use crate::wire::options::{names, syntax, vendor};

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

pub(super) fn options(space: &'static Space, text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
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
pub(in crate::wire::options) fn frame(
    space: &Space,
    code: u16,
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Option<()> {
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
pub(in crate::wire::options) fn begins_like_an_option(space: &'static Space, text: &str) -> bool {
    let inner = syntax::unbracket(text, '[', ']');
    let objects = if inner.starts_with('{') { syntax::items(inner).ok() } else { None };
    let first = objects.and_then(|items| items.first().copied()).unwrap_or(inner);
    syntax::is_record(first) && option(space, first).is_ok()
}

pub(super) fn lenient(
    space: &'static Space,
    text: &str,
    inside: bool,
    cx: &Context<'_>,
    out: &mut Vec<u8>,
) -> Outcome {
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

pub(super) fn vendor_classes(text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    const FIELDS: &[Field] = &[
        Field::new("enterprise", Kind::Coded(Width::Four, &names::ENTERPRISES)),
        Field::new("class", Kind::Sized(&Kind::Auto)),
    ];
    for record in records(text)? {
        Members::read(record)?.write(FIELDS, record, cx, out)?;
    }
    Ok(())
}

pub(super) fn vendor_options(text: &str, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
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
