//! Cells filled from the values of options.

use super::cells::{Cells, Fill, Remember};
use super::columns::Type;
use super::plan::is_container;
use crate::output::packet::record::PacketRecord;
use crate::wire::digits::{write_colons, write_ip4};
use crate::wire::options::kind::Width;
use crate::wire::options::shapes::Shape;
use crate::wire::options::text::{is_printable, without_trailing_zeros};
use crate::wire::options::{Context, Items, Kind, OptionDef};
use crate::wire::v4::{Shown, Span, Values};

/// An option whose value depends on its payload alone, whole and by itself, for a cell with nothing in it.
#[inline]
pub(super) fn single(
    (cells, place, column): (&mut impl Remember, usize, Type),
    row: &OptionDef,
    record: &PacketRecord<'_>,
    cx: &Context<'_>,
    span: &Span,
    (values, items): (&mut Values, &mut Items),
) {
    let data = span.data(&record.packet);
    if cells.recall(place, data) {
        return;
    }
    if fast(cells, place, &row.kind, data) {
        return cells.keep(place, data);
    }
    let problems = values.problems.len();
    let shown = values.show((&record.packet, record.outline), cx, span, &mut items.begin());
    if shown != Shown::Value {
        return;
    }
    give(cells, items, place, column);
    // A warning about the value has to come every time.
    if values.problems.len() == problems && cells.is_filled(place) {
        cells.keep(place, data);
    }
}

/// The commonest values without the machinery; false when it is none of them.
#[inline]
pub(super) fn fast(cells: &mut impl Fill, place: usize, kind: &Kind, data: &[u8]) -> bool {
    match (kind, data) {
        (Kind::Ip4, &[a, b, c, d]) => {
            cells.plain(place, |out| write_ip4([a, b, c, d].into(), &mut out.buf));
        }
        (Kind::Lifetime | Kind::Seconds | Kind::U32, &[a, b, c, d]) => {
            cells.digits(place, u64::from(u32::from_be_bytes([a, b, c, d])));
        }
        (Kind::Enum(Width::One, names), &[byte]) if names.name(byte.into()).is_some() => {
            cells.bare_text(place, names.name(byte.into()).unwrap_or_default().as_bytes());
        }
        (Kind::U16, &[a, b]) => cells.digits(place, u64::from(u16::from_be_bytes([a, b]))),
        (Kind::Text, &[.., last]) if last != 0 => cells.text(place, data),
        (Kind::Auto | Kind::Shaped(Shape::AgentId), &[_, ..]) if is_printable(data) => {
            cells.text(place, data);
        }
        (Kind::Auto | Kind::Shaped(Shape::AgentId), &[_, ..]) => {
            cells.plain(place, |out| out.hex_digits(data));
        }
        (Kind::Fqdn, &[bits, _, _, ref name @ ..]) if bits & 4 == 0 => {
            cells.text(place, without_trailing_zeros(name));
        }
        (Kind::ClientId, &[1, ref mac @ ..]) if mac.len() == 6 => {
            cells.plain(place, |out| write_colons(mac, &mut out.buf));
        }
        _ => return false,
    }
    true
}

/// Fills a cell with a nested value.
pub(super) fn value(
    cells: &mut Cells,
    items: &mut Items,
    place: usize,
    column: Type,
    kind: &Kind,
    data: &[u8],
    cx: &Context<'_>,
) {
    if data.is_empty() && matches!(kind, Kind::Text | Kind::Auto) {
        cells.text(place, data);
    } else if fast(cells, place, kind, data) {
        // It is written.
    } else if is_container(kind) {
        cells.plain(place, |out| out.hex_digits(data));
    } else if items.read(kind, data, cx).is_ok() {
        give(cells, items, place, column);
    }
}

/// Fills a cell with the items of a value.
pub(super) fn give(cells: &mut impl Fill, items: &Items, place: usize, column: Type) {
    if column == Type::List {
        cells.list(place, items.iter());
        return;
    }
    let Some(item) = items.iter().next() else { return };
    match column {
        Type::Integer | Type::Number
            if std::str::from_utf8(item).is_ok_and(|text| text.parse::<i64>().is_ok()) =>
        {
            cells.bare(place, item);
        }
        Type::Boolean => cells.bare(place, item),
        Type::Text => cells.text(place, item),
        _ => {}
    }
}
