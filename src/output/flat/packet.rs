//! One row for each packet.

use std::net::IpAddr;
use std::sync::Arc;

use super::cells::{Cell, Cells, RowFormat};
use super::columns::{Field, Type};
use super::plan::Plan;
use super::steady::Steady;
use crate::output::packet::record::PacketRecord;
use crate::time::{Precision, Timestamp};
use crate::wire::digits::{write_colons, write_ip4, write_ip6};
use crate::wire::frame::{Ip, Protocol};
use crate::wire::options::kind::Width;
use crate::wire::options::{self, Context, Items, Kind, each_nested, nowhere, v4};
use crate::wire::problem::Problem;
use crate::wire::v4::packet::{field_text, is_zero};
use crate::wire::v4::{Shown, Span, Values};
use crate::wire::v6;

/// Writes rows; keeps its memory from one to the next.
#[derive(Clone, Debug)]
pub struct Rows {
    plan: Arc<Plan>,
    format: RowFormat,
    cells: Cells,
    values: Values,
    items: Items,
    joined: Vec<u8>,
    /// What was written of each column last: servers send all clients the same.
    last: Vec<Last>,
    six: v6::Outline,
    /// What the rows of each type of message shared last.
    steady: Vec<Option<Steady>>,
    /// What was met once since these were.
    once: Vec<Option<Steady>>,
}

/// A payload and the text it was written as.
#[derive(Clone, Debug, Default)]
struct Last {
    payload: Vec<u8>,
    text: Vec<u8>,
}

/// Longer payloads are not remembered.
const LONGEST: usize = 256;

impl Last {
    /// What `payload` was written as, if it was the last.
    fn text_of(&self, payload: &[u8]) -> Option<&[u8]> {
        (self.payload == payload && !self.text.is_empty()).then_some(&self.text)
    }

    fn keep(&mut self, payload: &[u8], text: &[u8]) {
        self.payload.clear();
        self.payload.extend_from_slice(payload);
        self.text.clear();
        self.text.extend_from_slice(text);
    }
}

/// Fills a cell with a moment.
fn moment(cells: &mut Cells, place: usize, time: Timestamp, precision: Precision) {
    cells.plain(place, |out| {
        let begin = out.buf.len();
        out.buf.push(b':');
        out.time(time, precision);
        // The quotes are the format's business.
        out.buf.pop();
        out.buf.drain(begin..begin.saturating_add(2).min(out.buf.len()));
    });
}

impl Rows {
    /// A writer of rows with the columns of `plan`.
    pub fn new(plan: Arc<Plan>, format: RowFormat) -> Self {
        Self {
            cells: Cells::new(&plan, format),
            last: vec![Last::default(); plan.columns.len()],
            six: v6::Outline::default(),
            steady: vec![None; Steady::SLOTS],
            once: vec![None; Steady::SLOTS],
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
    pub fn format(&self) -> RowFormat {
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

    /// Fills the cell of a column that holds a moment.
    pub fn time(&mut self, name: &str, time: Timestamp, precision: Precision) {
        if let Some((place, Type::Time)) = self.plan.place(name) {
            moment(&mut self.cells, place, time, precision);
        }
    }

    /// Appends the row.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.cells.finish(out);
    }

    /// Begins a row for `record` with what it shares with others.
    fn begin_steady(&mut self, record: &PacketRecord<'_>) {
        let slot = Steady::slot(record);
        let met = |seen: &[Option<Steady>]| {
            seen.get(slot).and_then(Option::as_ref).is_some_and(|steady| steady.is_of(record))
        };
        let (known, again) = (met(&self.steady), met(&self.once));
        if let Some(once) = self.once.get_mut(slot) {
            *once = (!known && !again).then(|| Steady::of(record));
        }
        if !known {
            let plan = Arc::clone(&self.plan);
            self.begin();
            for (field, place) in &plan.steady {
                self.any(*field, *place, record);
            }
            // What was met only once is not steady: a template costs more than a row.
            if !again {
                return;
            }
            self.cells.settle(slot.saturating_add(1));
            if let Some(steady) = self.steady.get_mut(slot) {
                *steady = Some(Steady::of(record));
            }
        }
        self.cells.begin_with(slot.saturating_add(1));
        self.values.begin();
    }

    /// Appends a row for `record`.
    pub fn write(&mut self, record: &PacketRecord<'_>, out: &mut Vec<u8>) {
        self.begin_steady(record);
        let plan = Arc::clone(&self.plan);
        if record.datagram.protocol == Protocol::Dhcpv4 {
            self.options(record, &plan);
        }
        for (field, place) in &plan.changing {
            self.any(*field, *place, record);
        }
        self.finish(out);
    }

    /// Any field of a packet.
    #[inline]
    fn any(&mut self, field: Field, place: usize, record: &PacketRecord<'_>) {
        // What stands around the message comes first in the table.
        if field <= Field::Protocol {
            self.around(field, place, record);
        } else if record.datagram.protocol == Protocol::Dhcpv4 {
            self.field(field, place, record);
        }
    }

    /// Appends a row for a message of DHCPv6 or router discovery, which is the payload of the record's datagram; `problems` is what is
    /// wrong with it.
    pub fn write_six(&mut self, around: &PacketRecord<'_>, problems: &[Problem], out: &mut Vec<u8>) {
        self.begin_steady(around);
        let plan = Arc::clone(&self.plan);
        self.fill_six(around, problems, &plan, &plan.changing);
        self.finish(out);
    }

    /// Fills the cells of such a message.
    pub fn packet_six(&mut self, around: &PacketRecord<'_>, problems: &[Problem]) {
        let plan = Arc::clone(&self.plan);
        self.fill_six(around, problems, &plan, &plan.fields);
    }

    fn fill_six(
        &mut self,
        around: &PacketRecord<'_>,
        problems: &[Problem],
        plan: &Plan,
        fields: &[(Field, usize)],
    ) {
        let message =
            (around.datagram.protocol == Protocol::Dhcpv6).then(|| v6::Packet::new(around.datagram.payload));
        if let Some(message) = &message {
            self.six.read(message, around.datagram.promised, around.datagram.cut);
            self.options_six(message, plan);
        }
        for (field, place) in fields {
            match (field, &message) {
                // What stands around the message comes first in the table.
                (field, _) if *field <= Field::Protocol => self.around(*field, *place, around),
                (Field::Problems, _) => {
                    self.cells.list(*place, problems.iter().map(|problem| problem.code.name().as_bytes()));
                }
                (field, Some(message)) => self.field_six(*field, *place, message),
                _ => {}
            }
        }
    }

    fn field_six(&mut self, field: Field, place: usize, message: &v6::Packet<'_>) {
        let Self { cells, six, .. } = self;
        // The relay next to the client is the one whose message holds the client's.
        let relay = six.innermost().checked_sub(1).and_then(|level| six.levels.get(level));
        let relay = relay.map_or(*message, |level| level.packet(message));
        match field {
            Field::SixMessageType => {
                if let Some(kind) = six.kind() {
                    match kind.name() {
                        Some(name) => cells.bare_text(place, name.as_bytes()),
                        None => cells.plain(place, |out| out.digits(kind.0.into())),
                    }
                }
            }
            Field::SixTransactionId => {
                if let Some(xid) = six.inner(message).xid() {
                    cells.plain(place, |out| {
                        let [_, digits @ ..] = xid.to_be_bytes();
                        out.fixed(b"0x");
                        out.hex_digits(&digits);
                    });
                }
            }
            Field::SixHopCount => {
                if let Some(hops) = message.hop_count() {
                    cells.digits(place, hops.into());
                }
            }
            Field::SixLinkAddress => ip(cells, place, relay.link_address().map(IpAddr::V6)),
            Field::SixPeerAddress => ip(cells, place, relay.peer_address().map(IpAddr::V6)),
            _ => {}
        }
    }

    /// The options of the innermost message first: what a relay adds has other codes.
    fn options_six(&mut self, message: &v6::Packet<'_>, plan: &Plan) {
        let six = std::mem::take(&mut self.six);
        for level in (0..six.levels.len()).rev() {
            for span in six.options(level).iter().filter(|span| !span.is_truncated()) {
                let data = span.data(message);
                self.six_option(plan, span.code, data);
                // The addresses and prefixes of an identity association.
                let head = match span.code {
                    options::v6::IA_NA | options::v6::IA_PD => 12,
                    options::v6::IA_TA => 4,
                    _ => continue,
                };
                for inner in v6::packet::Options::new(data.get(head..).unwrap_or_default()) {
                    if !inner.is_truncated() {
                        self.six_option(plan, inner.code, inner.data);
                    }
                }
            }
        }
        self.six = six;
    }

    /// Fills the cells of a packet.
    pub fn packet(&mut self, record: &PacketRecord<'_>) {
        let plan = Arc::clone(&self.plan);
        if record.datagram.protocol == Protocol::Dhcpv4 {
            self.options(record, &plan);
        }
        for (field, place) in &plan.fields {
            self.any(*field, *place, record);
        }
    }

    /// What stands around the message.
    fn around(&mut self, field: Field, place: usize, record: &PacketRecord<'_>) {
        let (cells, datagram) = (&mut self.cells, record.datagram);
        let number =
            |cells: &mut Cells, value: usize| cells.digits(place, u64::try_from(value).unwrap_or(u64::MAX));
        let mac = |cells: &mut Cells, addr: Option<crate::wire::HwAddr>| {
            if let Some(addr) = addr {
                cells.plain(place, |out| write_colons(addr.as_slice(), &mut out.buf));
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
                    moment(cells, place, time, record.precision);
                }
            }
            Field::TimeNs => {
                if let Some(time) = record.time {
                    cells.nanoseconds(place, time);
                }
            }
            Field::Interface => {
                if let Some(name) = record.interface {
                    cells.text(place, name.as_bytes());
                }
            }
            Field::Direction => {
                if let Some(direction) = datagram.direction {
                    cells.bare_text(place, direction.name().as_bytes());
                }
            }
            Field::Comment => {
                if let Some(comment) = record.comment {
                    cells.text(place, comment.as_bytes());
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
            Field::Priorities => {
                let each: Vec<[u8; 1]> =
                    datagram.vlans.priorities().map(|one| [b'0'.saturating_add(one & 7)]).collect();
                cells.list(place, each.iter().map(<[u8; 1]>::as_slice));
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
            _ => {
                if let Some(header) = &datagram.ip {
                    self.ip_header(field, place, header);
                }
            }
        }
    }

    /// The IP header around the message.
    fn ip_header(&mut self, field: Field, place: usize, header: &Ip) {
        let cells = &mut self.cells;
        match field {
            Field::IpVersion => cells.digits(place, if header.src.is_ipv4() { 4 } else { 6 }),
            Field::IpSrc => ip(cells, place, Some(header.src)),
            Field::IpDst => ip(cells, place, Some(header.dst)),
            Field::IpTtl => cells.digits(place, u64::from(header.ttl)),
            Field::IpDscp => cells.digits(place, u64::from(header.dscp())),
            Field::IpEcn => cells.digits(place, u64::from(header.ecn())),
            Field::IpId => {
                if let Some(id) = header.id {
                    cells.digits(place, u64::from(id));
                }
            }
            Field::IpDontFragment => {
                if let Some(whole) = header.dont_fragment {
                    cells.bare(place, if whole { b"true" } else { b"false" });
                }
            }
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
                cells.plain(place, |out| write_colons(packet.chaddr(), &mut out.buf));
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
        for span in &record.outline.options {
            let code = usize::from(span.code);
            let place = plan.options.get(code).copied().flatten();
            let nested = plan.nested.get(code).map(Vec::as_slice).unwrap_or_default();
            let Some(row) = v4::SPACE.by_code(u16::from(span.code)) else { continue };
            match place.and_then(|place| plan.columns.get(place).map(|column| (place, column.kind))) {
                Some((place, kind)) => self.option(record, &cx, span, &row.kind, place, kind),
                None if plan.judges => {
                    self.values.show((&record.packet, record.outline), &cx, span, &mut nowhere());
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
        let alone = !record.outline.is_repeated(span.code) && !span.is_truncated();
        let data = span.data(&record.packet);
        if alone && fast(cells, place, kind, span.data(&record.packet)) {
            return;
        }
        let steady = alone && data.len() <= LONGEST && !kind.needs_context();
        if steady && let Some(text) = self.last.get(place).and_then(|last| last.text_of(data)) {
            cells.bare(place, text);
            return;
        }
        let problems = values.problems.len();
        let shown = values.show((&record.packet, record.outline), cx, span, &mut items.begin());
        if shown == Shown::Value {
            give(cells, items, place, column);
        }
        // A warning about the value has to come every time.
        if steady
            && shown == Shown::Value
            && values.problems.len() == problems
            && let (Some(last), Some(text)) = (self.last.get_mut(place), cells.text_of(place))
        {
            last.keep(data, text);
        }
    }

    /// An option of DHCPv6, where nothing stands in its column yet.
    fn six_option(&mut self, plan: &Plan, code: u16, data: &[u8]) {
        let Self { cells, items, last, .. } = self;
        let place = plan.six.get(usize::from(code)).copied().flatten();
        let Some(place) = place.filter(|place| !cells.is_filled(*place)) else { return };
        let last = last.get_mut(place).filter(|_| data.len() <= LONGEST);
        if let Some(text) = last.as_ref().and_then(|last| last.text_of(data)) {
            return cells.bare(place, text);
        }
        if let (Some(row), Some(column)) = (options::v6::SPACE.by_code(code), plan.columns.get(place)) {
            value(cells, items, place, column.kind, &row.kind, data, &Context::default());
        }
        if let (Some(last), Some(text)) = (last, cells.text_of(place)) {
            last.keep(data, text);
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
        (Kind::ClientId, &[1, ref mac @ ..]) if mac.len() == 6 => {
            cells.plain(place, |out| write_colons(mac, &mut out.buf));
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
        Some(IpAddr::V4(addr)) => cells.plain(place, |out| write_ip4(addr, &mut out.buf)),
        Some(IpAddr::V6(addr)) => cells.plain(place, |out| write_ip6(addr, &mut out.buf)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::flat::columns;
    use crate::wire::frame::Datagram;
    use crate::wire::v4;

    #[test]
    fn a_relayed_message_is_one_row() {
        let option =
            |code: u8, data: &[u8]| [&[0, code, 0, u8::try_from(data.len()).unwrap()], data].concat();
        let address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        let leased = option(5, &[&address[..], &[0, 0, 0, 9, 0, 0, 0, 10]].concat());
        let association = option(3, &[&[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3], &leased[..]].concat());
        let inner =
            [&[1, 0xaa, 0xbb, 0xcc], &option(1, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1])[..], &association].concat();
        let head = [&[12, 1], &address[..], &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]].concat();
        let message = [&head[..], &option(18, b"eth1"), &option(9, &inner)].concat();
        let datagram = Datagram { protocol: Protocol::Dhcpv6, ..Datagram::bare(&message) };
        let outline = v4::Outline::default();
        let record = PacketRecord::of(&datagram, v4::Packet::new(&[]), &outline, message.len());
        let around = PacketRecord { number: 3, ..record };
        let names = "number,protocol,v6_message_type,v6_transaction_id,v6_hop_count,v6_link_address,v6_peer_address,\
            v6_interface_id,v6_iaaddr,host_name";
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        let plan = Arc::new(Plan::of(&columns::PACKET, &names).unwrap());
        let mut out = Vec::new();
        Rows::new(plan, RowFormat::Tsv).write_six(&around, &[], &mut out);
        let row = String::from_utf8(out).unwrap();
        assert_eq!(
            row,
            "3\tdhcpv6\tsolicit\t0xaabbcc\t1\t2001:db8::7\tfe80::1\teth1\t\
             address=2001:db8::7,preferred_lifetime=9,valid_lifetime=10,options=[]\t\n"
        );
    }
}
