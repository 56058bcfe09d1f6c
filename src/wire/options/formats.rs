//! Values with a format of their own, which no other option shares.

use super::cursor::{Context, Cursor, Outcome};
use super::decode::{auto, check, domain_error, nowhere, options, value};
use super::kind::{Kind, Width};
use super::sink::Sink;
use super::{domain, names, sub, text, vendor};

/// Vendor classes by enterprise (RFC 3925 §3).
pub(super) fn vendor_classes<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    const WHAT: &str = "a vendor class";
    sink.begin_list();
    while !cursor.bytes.is_empty() {
        let enterprise = cursor.number(Width::Four, WHAT)?;
        let length = usize::from(cursor.u8(WHAT)?);
        sink.begin_map();
        sink.key("enterprise");
        sink.coded(enterprise, &names::ENTERPRISES);
        sink.key("class");
        let class = cursor.take(length, WHAT)?;
        auto(class, sink);
        if let Some(items) = class_items(class) {
            sink.remark(&items);
        }
        sink.end_map();
    }
    sink.end_list();
    Ok(())
}

/// The classes of a vendor, each with its length before it as RFC 3925 §3 lets them be, if all are text.
fn class_items(class: &[u8]) -> Option<String> {
    let mut rest = class;
    let mut items = Vec::new();
    while let Some((length, tail)) = rest.split_first() {
        let (item, behind) = tail.split_at_checked(usize::from(*length)).filter(|_| *length > 0)?;
        items.push(std::str::from_utf8(item).ok().filter(|text| text::is_printable(text.as_bytes()))?);
        rest = behind;
    }
    (!items.is_empty()).then(|| items.join(", "))
}

/// Vendor options by enterprise (RFC 3925 §4).
pub(super) fn vendor_options<S: Sink>(cursor: &mut Cursor<'_>, cx: &Context<'_>, sink: &mut S) -> Outcome {
    const WHAT: &str = "vendor options";
    sink.begin_list();
    while !cursor.bytes.is_empty() {
        let enterprise = cursor.number(Width::Four, WHAT)?;
        let length = usize::from(cursor.u8(WHAT)?);
        let mut inner = cursor.sub(length, WHAT)?;
        sink.begin_map();
        sink.key("enterprise");
        sink.coded(enterprise, &names::ENTERPRISES);
        sink.key("options");
        let space = vendor::space_of_enterprise(enterprise);
        let mut probe = Cursor { bytes: inner.bytes, offset: inner.offset };
        if options(space, &mut probe, cx, &mut nowhere()).is_ok() {
            options(space, &mut inner, cx, sink)?;
        } else {
            sink.opaque(inner.rest());
        }
        sink.end_map();
    }
    sink.end_list();
    Ok(())
}

/// Bits of the FQDN option's flags (RFC 4702 §2.1).
pub(super) const FQDN_FLAGS: &[(u32, &str)] =
    &[(1, "server-update"), (2, "override"), (4, "encoded"), (8, "no-update")];

/// A client's name and what is to be done with it (RFC 4702 §2).
pub(super) fn fqdn<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    let [bits, rcodes @ ..] = cursor.array::<3>("a client FQDN")?;
    // With E the name is in labels, and it may be partial: then the root label is missing.
    if bits & 4 == 0 {
        sink.fqdn(bits, FQDN_FLAGS, rcodes, text::without_trailing_zeros(cursor.rest()));
        return Ok(());
    }
    let mut name = domain::Name::new();
    domain::read_partial(cursor.bytes, &mut name).map_err(|at| domain_error(cursor, at))?;
    cursor.rest();
    sink.fqdn(bits, FQDN_FLAGS, rcodes, name.text());
    Ok(())
}

/// A client identifier (RFC 2132 §9.14, RFC 4361 §6.1), typed where it is one.
pub(super) fn client_id<S: Sink>(cursor: &mut Cursor<'_>, cx: &Context<'_>, sink: &mut S) -> Outcome {
    let bytes = cursor.bytes;
    let typed = match bytes {
        &[1, a, b, c, d, e, f] => {
            cursor.rest();
            sink.ethernet_client([a, b, c, d, e, f]);
            return Ok(());
        }
        [255, ..] => check(&Kind::Switch(&sub::CLIENT_ID), bytes, cx).is_ok(),
        [0, rest @ ..] => !rest.is_empty(),
        // Other hardware types are rare; text without a type is not.
        [kind, rest @ ..] if *kind != 1 && !text::is_printable(bytes) => {
            names::CLIENT_ID_TYPES.name(u32::from(*kind)).is_some() && matches!(rest.len(), 2..=8 | 16 | 20)
        }
        _ => false,
    };
    if typed {
        return value(&Kind::Switch(&sub::CLIENT_ID), cursor, cx, sink);
    }
    sink.begin_map();
    sink.key("identifier");
    auto(cursor.rest(), sink);
    sink.end_map();
    Ok(())
}

/// The instances of RFC 3004 §4, if the bytes are such and none is empty.
fn user_classes(bytes: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let mut rest = bytes;
    while next_class(&mut rest).is_some() {}
    let mut again = bytes;
    rest.is_empty().then(|| std::iter::from_fn(move || next_class(&mut again)))
}

fn next_class<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first()?;
    let (class, tail) = tail.split_at_checked(usize::from(*length))?;
    *rest = tail;
    (!class.is_empty()).then_some(class)
}

/// User classes: a list (RFC 3004 §4), or as many senders have it one text.
pub(super) fn user_class<S: Sink>(bytes: &[u8], sink: &mut S) {
    match user_classes(bytes) {
        Some(classes) => {
            sink.begin_marked_list();
            for class in classes {
                auto(class, sink);
            }
            sink.end_list();
        }
        // Brackets would make it look like a list.
        None if bytes.starts_with(b"[") => sink.bytes(bytes),
        None => auto(bytes, sink),
    }
}
