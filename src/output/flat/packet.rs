//! One row for each packet.

use std::net::IpAddr;
use std::sync::Arc;

use super::cells::{Cell, Cells, Format};
use super::columns::{Field, Type};
use super::plan::Plan;
use crate::output::packet::record::PacketRecord;
use crate::wire::frame::Protocol;
use crate::wire::options::{Context, Items, Kind, Nowhere, each_nested, v4};
use crate::wire::problem::Problem;
use crate::wire::v4::packet::{field_text, is_zero};
use crate::wire::v4::{Shown, Span, Values};

/// Writes rows; keeps its memory from one to the next.
#[derive(Clone, Debug)]
pub struct Rows {
    plan: Arc<Plan>,
    format: Format,
    cells: Cells,
    values: Values,
    items: Items,
    joined: Vec<u8>,
}

impl Rows {
    /// A writer of rows with the columns of `plan`.
    pub fn new(plan: Arc<Plan>, format: Format) -> Self {
        Self {
            cells: Cells::new(&plan, format),
            plan,
            format,
            values: Values::default(),
            items: Items::default(),
            joined: Vec::new(),
        }
    }

    /// What stands before the first row.
    pub fn head(&self) -> Vec<u8> {
        Cells::head(&self.plan, self.format)
    }

    /// How the rows are written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What was wrong with values of the packet written last, as far as its columns were wanted.
    pub fn value_problems(&self) -> &[Problem] {
        &self.values.problems
    }

    /// Begins a row.
    pub fn begin(&mut self) {
        self.cells.begin();
        self.values.begin();
    }

    /// Fills the cell of a column, if it is wanted.
    pub fn cell(&mut self, name: &str, cell: Option<Cell<'_>>) {
        if let (Some((place, _)), Some(cell)) = (self.plan.place(name), cell) {
            self.cells.cell(place, &cell);
        }
    }

    /// Fills the cell of a column that holds a list.
    pub fn list<'i>(&mut self, name: &str, items: impl Iterator<Item = &'i [u8]>) {
        if let Some((place, Type::List)) = self.plan.place(name) {
            self.cells.list(place, items);
        }
    }

    /// Appends the row.
    pub fn finish(&self, out: &mut Vec<u8>) {
        self.cells.finish(out);
    }

    /// Appends a row for `record`.
    pub fn write(&mut self, record: &PacketRecord<'_>, out: &mut Vec<u8>) {
        self.begin();
        self.packet(record);
        self.finish(out);
    }

    /// Fills the cells of a packet.
    pub fn packet(&mut self, record: &PacketRecord<'_>) {
        let plan = Arc::clone(&self.plan);
        let is_v4 = record.datagram.protocol == Protocol::Dhcpv4;
        if is_v4 {
            self.options(record, &plan);
        }
        for (field, place) in &plan.fields {
            self.around(*field, *place, record);
            if is_v4 {
                self.field(*field, *place, record);
            }
        }
    }

    /// What stands around the message.
    fn around(&mut self, field: Field, place: usize, record: &PacketRecord<'_>) {
        let (cells, datagram) = (&mut self.cells, record.datagram);
        let number =
            |cells: &mut Cells, value: usize| cells.digits(place, u64::try_from(value).unwrap_or(u64::MAX));
        let mac = |cells: &mut Cells, addr: Option<crate::wire::HwAddr>| {
            if let Some(addr) = addr {
                cells.plain(place, |out| colons(addr.as_slice(), &mut out.buf));
            }
        };
        let link = datagram.link.as_ref();
        match field {
            Field::Capture => {
                if let Some(name) = record.capture {
                    cells.text(place, name.as_bytes());
                }
            }
            Field::Number => cells.digits(place, record.number),
            Field::Time => {
                if let Some(time) = record.time {
                    cells.plain(place, |out| {
                        let begin = out.buf.len();
                        out.buf.push(b':');
                        out.time(time, record.precision);
                        // The quotes are the format's business.
                        out.buf.pop();
                        out.buf.drain(begin..begin.saturating_add(2).min(out.buf.len()));
                    });
                }
            }
            Field::TimeNs => {
                if let Some(time) = record.time {
                    cells.bare(place, time.nanoseconds().to_string().as_bytes());
                }
            }
            Field::Interface => {
                if let Some(name) = record.interface {
                    cells.text(place, name.as_bytes());
                }
            }
            Field::CapturedLength => number(cells, record.captured_length),
            Field::OriginalLength => cells.digits(place, u64::from(record.original_length)),
            Field::Layers => cells.list(place, datagram.layers.iter().map(|layer| layer.name().as_bytes())),
            Field::QuotedIn if datagram.quoted => cells.bare_text(place, b"icmp"),
            Field::LinkType => {
                if let Some(link) = link {
                    cells.bare_text(place, link.layer.name().as_bytes());
                }
            }
            Field::LinkSrc => mac(cells, link.and_then(|link| link.src)),
            Field::LinkDst => mac(cells, link.and_then(|link| link.dst)),
            Field::Vlans => {
                let ids: Vec<String> = datagram.vlans.as_slice().iter().map(ToString::to_string).collect();
                cells.list(place, ids.iter().map(String::as_bytes));
            }
            Field::IpVersion => {
                if let Some(ip) = &datagram.ip {
                    cells.digits(place, if ip.src.is_ipv4() { 4 } else { 6 });
                }
            }
            Field::IpSrc => ip(cells, place, datagram.ip.map(|ip| ip.src)),
            Field::IpDst => ip(cells, place, datagram.ip.map(|ip| ip.dst)),
            Field::IpTtl => {
                if let Some(ip) = &datagram.ip {
                    cells.digits(place, u64::from(ip.ttl));
                }
            }
            Field::UdpSrcPort => {
                if let Some(udp) = &datagram.udp {
                    cells.digits(place, u64::from(udp.src_port));
                }
            }
            Field::UdpDstPort => {
                if let Some(udp) = &datagram.udp {
                    cells.digits(place, u64::from(udp.dst_port));
                }
            }
            Field::UdpChecksum => cells.bare_text(place, datagram.checksum.name().as_bytes()),
            Field::Protocol => cells.bare_text(
                place,
                match datagram.protocol {
                    Protocol::Dhcpv4 => b"dhcpv4",
                    Protocol::Dhcpv6 => b"dhcpv6",
                    Protocol::Icmpv6 => b"icmpv6",
                },
            ),
            _ => {}
        }
    }

    /// The fields of the message.
    fn field(&mut self, field: Field, place: usize, record: &PacketRecord<'_>) {
        let (cells, packet) = (&mut self.cells, &record.packet);
        let mut number = |value: Option<u64>| {
            if let Some(value) = value {
                cells.digits(place, value);
            }
        };
        match field {
            Field::Op => number(packet.op().map(|op| op.0.into())),
            Field::Htype => number(packet.htype().map(Into::into)),
            Field::Hlen => number(packet.hlen().map(Into::into)),
            Field::Hops => number(packet.hops().map(Into::into)),
            Field::Secs => number(packet.secs().map(Into::into)),
            Field::Xid => {
                if let Some(xid) = packet.xid() {
                    cells.plain(place, |out| {
                        out.fixed(b"0x");
                        out.hex_digits(&xid.0.to_be_bytes());
                    });
                }
            }
            Field::Flags => {
                if let Some(flags) = packet.flags() {
                    cells.plain(place, |out| {
                        out.fixed(b"0x");
                        out.hex_digits(&flags.to_be_bytes());
                    });
                }
            }
            Field::Broadcast => {
                if let Some(flags) = packet.flags() {
                    cells.bare(place, if flags & 0x8000 == 0 { b"false" } else { b"true" });
                }
            }
            Field::Ciaddr => ip(cells, place, packet.ciaddr().map(IpAddr::V4)),
            Field::Yiaddr => ip(cells, place, packet.yiaddr().map(IpAddr::V4)),
            Field::Siaddr => ip(cells, place, packet.siaddr().map(IpAddr::V4)),
            Field::Giaddr => ip(cells, place, packet.giaddr().map(IpAddr::V4)),
            Field::Chaddr if !packet.chaddr().is_empty() => {
                cells.plain(place, |out| colons(packet.chaddr(), &mut out.buf));
            }
            Field::Sname => name_field(cells, place, packet.sname_field(), record.outline.overload & 2 != 0),
            Field::File => name_field(cells, place, packet.file_field(), record.outline.overload & 1 != 0),
            Field::MessageType => {
                if let Some(kind) = record.outline.message_type {
                    match kind.name() {
                        Some(name) => cells.bare_text(place, name.as_bytes()),
                        None => cells.plain(place, |out| out.digits(kind.0.into())),
                    }
                }
            }
            Field::Problems => {
                let found = record.outline.problems.iter().chain(&self.values.problems).copied();
                let names: Vec<&str> =
                    found.chain(record.outer_problems()).map(|problem| problem.code.name()).collect();
                cells.list(place, names.iter().map(|name| name.as_bytes()));
            }
            _ => {}
        }
    }

    fn options(&mut self, record: &PacketRecord<'_>, plan: &Plan) {
        let cx = record.context();
        let judge = plan.fields.iter().any(|(field, _)| *field == Field::Problems);
        for span in &record.outline.options {
            let code = usize::from(span.code);
            let place = plan.options.get(code).copied().flatten();
            let nested = plan.nested.get(code).map(Vec::as_slice).unwrap_or_default();
            let Some(row) = v4::SPACE.by_code(u16::from(span.code)) else { continue };
            match place.and_then(|place| plan.columns.get(place).map(|column| (place, column.kind))) {
                Some((place, kind)) => self.option(record, &cx, span, &row.kind, place, kind),
                None if judge => {
                    self.values.show((&record.packet, record.outline), &cx, span, &mut Nowhere);
                }
                None => {}
            }
            if nested.is_empty() || !span.first {
                continue;
            }
            let Self { joined, items, cells, .. } = self;
            joined.clear();
            for piece in record.outline.same_code(span) {
                joined.extend_from_slice(piece.data(&record.packet));
            }
            each_nested(&row.kind, joined, &cx, |space, code, payload| {
                let wanted =
                    nested.iter().find(|known| known.sub == code && std::ptr::eq(known.space, space));
                if let Some(wanted) = wanted
                    && let Some(row) = space.by_code(code)
                    && let Some(column) = plan.columns.get(wanted.place)
                {
                    value(cells, items, wanted.place, column.kind, &row.kind, payload, &cx);
                }
            });
        }
    }

    /// One option of the message.
    fn option(
        &mut self,
        record: &PacketRecord<'_>,
        cx: &Context<'_>,
        span: &Span,
        kind: &Kind,
        place: usize,
        column: Type,
    ) {
        let Self { values, cells, items, .. } = self;
        if is_container(kind) {
            // Its bytes, where it is not text: what is in it has columns of its own.
            let shown = values.show((&record.packet, record.outline), cx, span, &mut items.begin());
            if shown == Shown::Value && !items.is_list() {
                give(cells, items, place, column);
            } else if shown != Shown::Continues && !span.is_truncated() {
                let pieces = record.outline.same_code(span);
                cells.plain(place, |out| pieces.for_each(|piece| out.hex_digits(piece.data(&record.packet))));
            }
            return;
        }
        if !record.outline.is_repeated(span.code)
            && !span.is_truncated()
            && fast(cells, place, kind, span.data(&record.packet))
        {
            return;
        }
        let shown = values.show((&record.packet, record.outline), cx, span, &mut items.begin());
        if shown == Shown::Value {
            give(cells, items, place, column);
        }
    }
}

/// Kinds whose content has columns of its own.
fn is_container(kind: &Kind) -> bool {
    matches!(kind, Kind::Options(_) | Kind::Lenient(_) | Kind::Vendor)
}

/// The commonest values without the machinery; false when it is none of them.
#[inline]
fn fast(cells: &mut Cells, place: usize, kind: &Kind, data: &[u8]) -> bool {
    match (kind, data) {
        (Kind::Ip4, &[a, b, c, d]) => cells.plain(place, |out| {
            out.octets([a, b, c, d].into(), b'.');
            out.buf.pop();
        }),
        (Kind::Lifetime | Kind::Seconds | Kind::U32, &[a, b, c, d]) => {
            cells.digits(place, u64::from(u32::from_be_bytes([a, b, c, d])));
        }
        (Kind::U16, &[a, b]) => cells.digits(place, u64::from(u16::from_be_bytes([a, b]))),
        (Kind::Text, &[.., last]) if last != 0 => cells.text(place, data),
        (Kind::ClientId, &[1, ref mac @ ..]) if mac.len() == 6 => {
            cells.plain(place, |out| colons(mac, &mut out.buf));
        }
        _ => return false,
    }
    true
}

/// Fills a cell with a nested value.
fn value(
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
    } else if is_container(kind) {
        cells.plain(place, |out| out.hex_digits(data));
    } else if items.read(kind, data, cx).is_ok() {
        give(cells, items, place, column);
    }
}

/// Fills a cell with the items of a value.
fn give(cells: &mut Cells, items: &Items, place: usize, column: Type) {
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

fn ip(cells: &mut Cells, place: usize, addr: Option<IpAddr>) {
    match addr {
        Some(IpAddr::V4(addr)) => cells.plain(place, |out| {
            out.octets(addr, b'.');
            out.buf.pop();
        }),
        Some(IpAddr::V6(addr)) => cells.text(place, addr.to_string().as_bytes()),
        None => {}
    }
}

/// `sname` and `file`: nothing where they are empty or hold options.
fn name_field(cells: &mut Cells, place: usize, field: &[u8], overloaded: bool) {
    let text = field_text(field);
    if !overloaded && !is_zero(field) && !text.is_empty() {
        cells.text(place, text);
    }
}

fn colons(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        out.extend(
            [byte >> 4, byte & 15].into_iter().filter_map(|digit| DIGITS.get(usize::from(digit)).copied()),
        );
    }
}
