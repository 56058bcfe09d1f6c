//! From bytes to events: the one decoder of every kind.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::cursor::{Context, Cursor, Outcome, Trace, ValueError, ValueFault};
use super::formats::{FQDN_FLAGS, client_id, fqdn, user_class, vendor_classes, vendor_options};
use super::kind::{Field, Kind, Switch, Width};
use super::registry::Space;
use super::sink::Sink;
use super::tables::sub;
use super::{domain, parse, text, vendor};
use crate::wire::problem::Detail;

/// Decodes `bytes` as `kind` into `sink`.
///
/// On an error the sink has got part of a value: who owns it takes that back. Nothing is allocated, and the work is
/// linear in `bytes` (domain names with compression: bounded by a multiple of it).
#[inline]
pub fn decode<S: Sink>(kind: &Kind, bytes: &[u8], cx: &Context<'_>, sink: &mut S) -> Outcome {
    // The commonest kinds without the machinery.
    match (kind, bytes) {
        (Kind::Ip4, &[a, b, c, d]) => sink.ip4(Ipv4Addr::new(a, b, c, d)),
        (Kind::List(Kind::Ip4), &[a, b, c, d]) => {
            sink.begin_list();
            sink.ip4(Ipv4Addr::new(a, b, c, d));
            sink.end_list();
        }
        (Kind::Lifetime, &[a, b, c, d]) => sink.seconds(u32::from_be_bytes([a, b, c, d]), true),
        (Kind::Enum(Width::One, names), &[byte]) => enumerated(u32::from(byte), names, sink),
        (Kind::Text, &[.., last]) if last != 0 => sink.text(bytes),
        (Kind::ClientId, &[1, a, b, c, d, e, f]) => sink.ethernet_client([a, b, c, d, e, f]),
        (Kind::Fqdn, &[bits, rcode1, rcode2, ref name @ ..]) if bits & 4 == 0 => {
            sink.fqdn(bits, FQDN_FLAGS, [rcode1, rcode2], text::without_trailing_zeros(name));
        }
        _ => return decode_any(kind, bytes, cx, sink),
    }
    Ok(())
}

fn decode_any<S: Sink>(kind: &Kind, bytes: &[u8], cx: &Context<'_>, sink: &mut S) -> Outcome {
    if bytes.is_empty() && !kind.may_be_empty() {
        let (what, detail) = (kind.what(), Detail::Empty);
        return Err(ValueError { fault: ValueFault::Length, what, offset: 0, length: 0, detail });
    }
    let mut cursor = Cursor { bytes, offset: 0 };
    value(kind, &mut cursor, cx, sink)?;
    cursor.finish(kind.what())
}

/// Judges `bytes` as `kind` without keeping the value.
pub fn check(kind: &Kind, bytes: &[u8], cx: &Context<'_>) -> Result<(), ValueError> {
    decode(kind, bytes, cx, &mut nowhere())
}

/// A sink that keeps nothing. `ALL`: it is given everything all the same, so that all that is wrong inside is noted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent<const ALL: bool>;

/// A sink that keeps nothing, and for which nothing is looked into.
pub fn nowhere() -> Silent<false> {
    Silent
}

/// A sink that keeps nothing, and is given everything.
pub fn blind() -> Silent<true> {
    Silent
}

impl<const ALL: bool> Sink for Silent<ALL> {
    const DISCARDS: bool = !ALL;

    fn mark(&self) -> Option<usize> {
        ALL.then_some(0)
    }

    fn null(&mut self) {}
    fn flag(&mut self, _: bool) {}
    fn number(&mut self, _: u64) {}
    fn signed(&mut self, _: i64) {}
    fn text(&mut self, _: &[u8]) {}
    fn name(&mut self, _: &'static str) {}
    fn ip4(&mut self, _: Ipv4Addr) {}
    fn ip6(&mut self, _: Ipv6Addr) {}
    fn prefix4(&mut self, _: Ipv4Addr, _: u8) {}
    fn prefix6(&mut self, _: Ipv6Addr, _: u8) {}
    fn hardware(&mut self, _: &[u8]) {}
    fn bytes(&mut self, _: &[u8]) {}
    fn begin_list(&mut self) {}
    fn end_list(&mut self) {}
    fn begin_map(&mut self) {}
    fn key(&mut self, _: &'static str) {}
    fn end_map(&mut self) {}
}

/// Reads one value of `kind` from where the cursor stands.
#[allow(clippy::too_many_lines, reason = "one arm per kind, each short")]
pub(super) fn value<S: Sink>(
    kind: &Kind,
    cursor: &mut Cursor<'_>,
    cx: &Context<'_>,
    sink: &mut S,
) -> Outcome {
    let what = kind.what();
    match kind {
        Kind::Empty => {
            let none = Detail::NotEmpty(u32::try_from(cursor.bytes.len()).unwrap_or(u32::MAX));
            cursor.finish(what).map_err(|error| error.because(none))?;
            sink.flag(true);
        }
        Kind::Flag => match cursor.bytes.first() {
            Some(0 | 1) | None => sink.flag(cursor.u8(what)? == 1),
            Some(_) => return Err(cursor.error(ValueFault::Content, what)),
        },
        Kind::U8 => sink.number(u64::from(cursor.u8(what)?)),
        Kind::U16 => sink.number(u64::from(u16::from_be_bytes(cursor.array(what)?))),
        Kind::U16Le => sink.number(u64::from(u16::from_le_bytes(cursor.array(what)?))),
        Kind::U32 => sink.number(u64::from(u32::from_be_bytes(cursor.array(what)?))),
        Kind::U64 => sink.number(u64::from_be_bytes(cursor.array(what)?)),
        Kind::I32 => sink.signed(i64::from(i32::from_be_bytes(cursor.array(what)?))),
        Kind::Seconds => sink.seconds(u32::from_be_bytes(cursor.array(what)?), false),
        Kind::Lifetime => sink.seconds(u32::from_be_bytes(cursor.array(what)?), true),
        Kind::Enum(width, names) => enumerated(cursor.number(*width, what)?, names, sink),
        Kind::Coded(width, names) => sink.coded(cursor.number(*width, what)?, names),
        Kind::Bits(width, bits) => flags(cursor.number(*width, what)?, bits, sink),
        Kind::OptionCode(space) => {
            let width = if space.code_width == 2 { Width::Two } else { Width::One };
            let code = cursor.number(width, what)?;
            sink.option_code(u16::try_from(code).unwrap_or_default(), space);
        }
        Kind::After(count, inner) => {
            cursor.take(usize::from(*count), what)?;
            value(inner, cursor, cx, sink)?;
        }
        Kind::HexNumber(width) => {
            let digits = u8::try_from(width.bytes()).unwrap_or(4).saturating_mul(2);
            sink.hex_number(cursor.number(*width, what)?, digits);
        }
        Kind::Hundredths => sink.hundredths(cursor.u16(what)?),
        Kind::Since2000 => sink.number(cursor.u32(what)?.into()),
        Kind::Name => {
            let mut name = domain::Name::new();
            let used =
                domain::read_digits(cursor.bytes, false, &mut name).map_err(|at| domain_error(cursor, at))?;
            sink.text(name.text());
            cursor.take(used, what)?;
        }
        Kind::PartialName => partial_name(cursor, sink)?,
        Kind::Prefix4 => {
            let [length, a, b, c, d] = cursor.array(what)?;
            sink.prefix4(Ipv4Addr::new(a, b, c, d), length);
        }
        Kind::Prefix6 => {
            let length = cursor.u8(what)?;
            sink.prefix6(cursor.array::<16>(what)?.into(), length);
        }
        Kind::ShortPrefix => {
            let (addr, length) = cursor.short_prefix()?;
            sink.prefix6(addr, length);
        }
        Kind::Duid => {
            if cursor.bytes.len() < 3 {
                return Err(cursor.error(ValueFault::Length, what));
            }
            value(&Kind::Switch(&sub::DUID_V6), cursor, cx, sink)?;
        }
        Kind::Message6 => super::inside::message6(cursor, cx, sink)?,
        Kind::Message4 => sink.dhcpv4(cursor.rest()),
        Kind::Shaped(shape) => shape.decode(cursor, cx, sink)?,
        Kind::Text => sink.text(text::without_trailing_zeros(cursor.rest())),
        Kind::Auto => auto(cursor.rest(), sink),
        Kind::Bytes => sink.bytes(cursor.rest()),
        Kind::Fixed(length) => sink.bytes(cursor.take(usize::from(*length), what)?),
        Kind::FixedText(length) => sink.text(cursor.take(usize::from(*length), what)?),
        Kind::Opaque => sink.opaque(cursor.rest()),
        Kind::Hardware => {
            if cursor.bytes.is_empty() {
                return Err(cursor.error(ValueFault::Length, what));
            }
            sink.hardware(cursor.rest());
        }
        Kind::Ip4 => sink.ip4(cursor.array::<4>(what)?.into()),
        Kind::Ip6 => sink.ip6(cursor.array::<16>(what)?.into()),
        Kind::Pair(keys) => {
            let [first, second] = [cursor.array::<4>(what)?, cursor.array::<4>(what)?];
            sink.pair(keys, first.into(), second.into());
        }
        Kind::Route => route(cursor, sink)?,
        Kind::Domain => domain_name(cursor, sink)?,
        Kind::Domains => domain_names(cursor, sink)?,
        Kind::Uuid => {
            let mut out = [0; 36];
            sink.text(text::uuid(cursor.array(what)?, &mut out));
        }
        Kind::List(item) => list(item, cursor, cx, sink)?,
        Kind::Sized(inner) => {
            let length = usize::from(cursor.u8(what)?);
            exactly(inner, cursor.sub(length, what)?, cx, sink)?;
        }
        Kind::Sized16(inner) => {
            let length = usize::from(u16::from_be_bytes(cursor.array(what)?));
            exactly(inner, cursor.sub(length, what)?, cx, sink)?;
        }
        Kind::Counted(item) => {
            sink.begin_list();
            for _ in 0..cursor.u8(what)? {
                value(item, cursor, cx, sink)?;
            }
            sink.end_list();
        }
        Kind::Record(fields) => {
            sink.begin_map();
            members(fields, cursor, cx, sink)?;
            sink.end_map();
        }
        Kind::Switch(switch) => {
            sink.begin_map();
            switched(switch, cursor, cx, sink)?;
            sink.end_map();
        }
        Kind::Options(space) => options(space, cursor, cx, sink)?,
        Kind::Lenient(space) => lenient(space, cursor, cx, sink)?,
        Kind::Vendor => lenient(vendor::space_of_class(cx.vendor_class), cursor, cx, sink)?,
        Kind::VendorClasses => vendor_classes(cursor, sink)?,
        Kind::VendorOptions => vendor_options(cursor, cx, sink)?,
        Kind::Fqdn => fqdn(cursor, sink)?,
        Kind::ClientId => client_id(cursor, cx, sink)?,
        Kind::UserClass => user_class(cursor.rest(), sink),
    }
    Ok(())
}

fn exactly<S: Sink>(kind: &Kind, mut cursor: Cursor<'_>, cx: &Context<'_>, sink: &mut S) -> Outcome {
    value(kind, &mut cursor, cx, sink)?;
    cursor.finish(kind.what())
}

fn enumerated<S: Sink>(number: u32, names: &'static super::kind::Names, sink: &mut S) {
    match names.name(number) {
        Some(name) => sink.named(number, name),
        None => sink.number(u64::from(number)),
    }
}

pub(super) fn flags<S: Sink>(mut value: u32, bits: &[(u32, &'static str)], sink: &mut S) {
    sink.begin_list();
    for &(mask, name) in bits {
        if value & mask != 0 {
            value &= !mask;
            sink.name(name);
        }
    }
    if value != 0 {
        sink.number(u64::from(value));
    }
    sink.end_list();
}

pub(super) fn auto<S: Sink>(bytes: &[u8], sink: &mut S) {
    if text::is_printable(bytes) { sink.text(bytes) } else { sink.bytes(bytes) }
}

fn list<S: Sink>(item: &Kind, cursor: &mut Cursor<'_>, cx: &Context<'_>, sink: &mut S) -> Outcome {
    let length = cursor.bytes.len();
    let uneven = |error: ValueError, of: usize| error.because(Detail::no_multiple(length, of));
    sink.begin_list();
    // The two commonest lists, item by item without the machinery.
    match item {
        Kind::Ip4 => {
            let (addrs, rest) = cursor.bytes.as_chunks::<4>();
            for addr in addrs {
                sink.ip4(Ipv4Addr::from(*addr));
            }
            cursor.take(cursor.bytes.len().saturating_sub(rest.len()), item.what())?;
            cursor.finish(item.what()).map_err(|error| uneven(error, 4))?;
        }
        Kind::OptionCode(space) => {
            let whole = cursor.bytes.len().checked_rem(space.code_width.into()).unwrap_or_default();
            let whole = cursor.bytes.len().saturating_sub(whole);
            sink.option_codes(cursor.take(whole, item.what())?, space);
            cursor.finish(item.what()).map_err(|error| uneven(error, space.code_width.into()))?;
        }
        _ => {}
    }
    let mut number = 0_usize;
    while !cursor.bytes.is_empty() {
        let before = cursor.offset;
        number = number.saturating_add(1);
        value(item, cursor, cx, sink).map_err(|error| match (item.fixed_len(), error.fault) {
            (Some(of), ValueFault::Length) => uneven(error, of),
            (None, ValueFault::Length) => error.because(Detail::item_cut(number, item.what())),
            (_, ValueFault::Content) => error,
        })?;
        if cursor.offset == before {
            return Err(cursor.error(ValueFault::Content, item.what()));
        }
    }
    sink.end_list();
    Ok(())
}

fn members<S: Sink>(
    fields: &'static [Field],
    cursor: &mut Cursor<'_>,
    cx: &Context<'_>,
    sink: &mut S,
) -> Outcome {
    for field in fields {
        if field.optional && cursor.bytes.is_empty() {
            break;
        }
        sink.key(field.key);
        value(&field.kind, cursor, cx, sink)?;
    }
    Ok(())
}

fn switched<S: Sink>(
    switch: &'static Switch,
    cursor: &mut Cursor<'_>,
    cx: &Context<'_>,
    sink: &mut S,
) -> Outcome {
    let tag = cursor.number(switch.width, switch.names.what)?;
    sink.key(switch.key);
    enumerated(tag, switch.names, sink);
    members(switch.fields(tag), cursor, cx, sink)
}

/// RFC 3442: the prefix length, then only the bytes of the destination that it covers, then the router.
fn route<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    const WHAT: &str = "a route";
    let &[length, ..] = cursor.bytes else { return Err(cursor.error(ValueFault::Length, WHAT)) };
    if length > 32 {
        return Err(cursor.error(ValueFault::Content, WHAT).because(Detail::PrefixLength(length.into(), 32)));
    }
    let significant = usize::from(length.div_ceil(8));
    let start = cursor.error(ValueFault::Length, WHAT);
    cursor.u8(WHAT)?;
    let mut destination = [0; 4];
    for (to, from) in destination.iter_mut().zip(cursor.take(significant, WHAT).map_err(|_| start)?) {
        *to = *from;
    }
    let router: [u8; 4] = cursor.array(WHAT).map_err(|_| start)?;
    sink.route(destination.into(), length, router.into());
    Ok(())
}

pub(super) fn partial_name<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    let mut name = domain::Name::new();
    let used = domain::read_digits(cursor.bytes, true, &mut name).map_err(|at| domain_error(cursor, at))?;
    sink.text(name.text());
    cursor.take(used, "a domain name").map(drop)
}

fn domain_name<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    let mut name = domain::Name::new();
    match domain::read(cursor.bytes, 0, false, &mut name) {
        Ok(used) => {
            sink.text(name.text());
            cursor.take(used, "a domain name").map(drop)
        }
        Err(at) => Err(domain_error(cursor, at)),
    }
}

/// Names up to the end; compression pointers count from the first name (RFC 3397 §2).
fn domain_names<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    let mut at = 0;
    // A pointer of two bytes can stand for 255, and lead to a row of others: keep what comes out, and what that takes, in
    // proportion to what goes in.
    let mut budget = cursor.bytes.len().saturating_mul(16).saturating_add(4096);
    let mut name = domain::Name::new();
    sink.begin_list();
    while at < cursor.bytes.len() {
        match domain::read(cursor.bytes, at, true, &mut name) {
            Ok(next) => {
                budget = budget.checked_sub(name.work()).ok_or_else(|| domain_error(cursor, at))?;
                sink.text(name.text());
                at = next;
            }
            Err(wrong) => return Err(domain_error(cursor, wrong)),
        }
    }
    sink.end_list();
    cursor.rest();
    Ok(())
}

pub(super) fn domain_error(cursor: &Cursor<'_>, at: usize) -> ValueError {
    ValueError {
        fault: ValueFault::Content,
        what: "a domain name",
        offset: cursor.offset.saturating_add(at),
        length: cursor.bytes.len().saturating_sub(at),
        detail: Detail::of_name(cursor.bytes, at),
    }
}

/// One nested option.
pub(super) struct Nested<'a> {
    pub(super) code: u16,
    pub(super) payload: &'a [u8],
}

impl Space {
    /// Takes one option off the front of `bytes`; `None` at the end, an error when it is cut.
    pub(super) fn next<'a>(&self, cursor: &mut Cursor<'a>) -> Outcome<Option<Nested<'a>>> {
        const WHAT: &str = "nested options";
        let start = cursor.error(ValueFault::Length, WHAT);
        loop {
            if cursor.bytes.is_empty() {
                return Ok(None);
            }
            let code = if self.code_width == 2 {
                u16::from_be_bytes(cursor.array(WHAT)?)
            } else {
                u16::from(cursor.u8(WHAT)?)
            };
            if self.pad_and_end && code == 0 {
                continue;
            }
            if self.pad_and_end && code == 255 {
                // What follows End may only be padding: otherwise these were no options.
                return match cursor.bytes.iter().position(|byte| *byte != 0) {
                    None => {
                        cursor.rest();
                        Ok(None)
                    }
                    Some(_) => Err(cursor.error(ValueFault::Content, WHAT).because(Detail::BehindEnd)),
                };
            }
            let lacks = |_| start.because(Detail::NestedNoLength(code.into()));
            let length = if self.length_width == 2 {
                usize::from(u16::from_be_bytes(cursor.array(WHAT).map_err(lacks)?))
            } else {
                usize::from(cursor.u8(WHAT).map_err(lacks)?)
            };
            let header = if self.counts_header { 2 } else { 0 };
            let small = Detail::NestedTooSmall(code.into(), u32::try_from(length).unwrap_or(u32::MAX));
            let length = length.checked_sub(header).ok_or(start.because(small))?;
            let cut = Detail::nested_cut(code, length, cursor.bytes.len());
            let payload = cursor.take(length, WHAT).map_err(|_| start.because(cut))?;
            return Ok(Some(Nested { code, payload }));
        }
    }
}

pub(super) fn options<S: Sink>(
    space: &'static Space,
    cursor: &mut Cursor<'_>,
    cx: &Context<'_>,
    sink: &mut S,
) -> Outcome {
    if space.lax || cx.lax {
        super::inside::options(space, cursor, cx, sink);
        return Ok(());
    }
    let Some(cx) = &cx.deeper() else { return Err(cursor.error(ValueFault::Content, "nested options")) };
    sink.begin_list();
    while let Some(Nested { code, payload }) = space.next(cursor)? {
        if S::DISCARDS {
            continue;
        }
        if let Some(row) = space.by_code(code) {
            if let Some(mark) = sink.mark() {
                let noted = cx.trace.map_or(0, Trace::len);
                sink.begin_option(code, Some(row.name), payload, true);
                if nested(&row.kind, payload, cx, sink).is_ok() {
                    sink.end_option(payload);
                    continue;
                }
                sink.back_to(mark);
                if let Some(trace) = cx.trace {
                    trace.back_to(noted);
                }
            }
            let decodes = nested(&row.kind, payload, cx, &mut nowhere()).is_ok();
            sink.begin_option(code, Some(row.name), payload, decodes);
            if decodes {
                nested(&row.kind, payload, cx, sink)?;
            } else {
                sink.null();
            }
        } else {
            sink.begin_option(code, None, payload, true);
            sink.opaque(payload);
        }
        sink.end_option(payload);
    }
    sink.end_list();
    Ok(())
}

/// As [`decode`], but text may be empty: only DHCP's own options rule that out (RFC 2132 §2).
fn nested<S: Sink>(kind: &Kind, bytes: &[u8], cx: &Context<'_>, sink: &mut S) -> Outcome {
    match kind {
        Kind::Text | Kind::Auto if bytes.is_empty() => sink.text(bytes),
        _ => decode(kind, bytes, cx, sink)?,
    }
    Ok(())
}

/// As [`nested`], with the place of `bytes` in the message.
pub(super) fn nested_at<S: Sink>(
    kind: &Kind,
    bytes: &[u8],
    offset: usize,
    cx: &Context<'_>,
    sink: &mut S,
) -> Outcome {
    let mut cursor = Cursor { bytes, offset };
    value(kind, &mut cursor, cx, sink)?;
    cursor.finish(kind.what())
}

/// Options where the bytes are such; else text, if that is what they are; else bytes.
fn lenient<S: Sink>(
    space: &'static Space,
    cursor: &mut Cursor<'_>,
    cx: &Context<'_>,
    sink: &mut S,
) -> Outcome {
    let bytes = cursor.bytes;
    let mut probe = Cursor { bytes, offset: cursor.offset };
    if options(space, &mut probe, cx, &mut nowhere()).is_ok() {
        return options(space, cursor, cx, sink);
    }
    let bytes = cursor.rest();
    // Text that reads like options would come back as such: show its bytes.
    let printable = text::is_printable(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if printable && !parse::begins_like_an_option(space, text) => sink.text(bytes),
        _ => sink.opaque(bytes),
    }
    Ok(())
}
