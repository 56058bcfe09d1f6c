//! One row for each packet.

use std::sync::Arc;

use super::cells::{Cell, Cells, Fill, Remember, RowFormat};
use super::columns::{Field, Type};
use super::fields::{any, any_six};
use super::pen::Pen;
use super::plan::{Places, Plan, Step, Wanted, What, is_container};
use super::shape::{Common, Lent, Met, Shapes};
use super::values::{fast, give, single, value};
use crate::output::packet::record::PacketRecord;
use crate::time::{Precision, Timestamp};
use crate::wire::frame::Protocol;
use crate::wire::options::{self, Context, Items, Kind, OptionDef, blind, each_nested, nowhere};
use crate::wire::problem::Problem;
use crate::wire::v4::{Shown, Span, Values};
use crate::wire::v6;

/// Writes rows; keeps its memory from one to the next.
#[derive(Clone, Debug)]
pub struct Rows {
    plan: Arc<Plan>,
    format: RowFormat,
    row: Row,
}

/// The row that is being written, and what is known of those before.
#[derive(Clone, Debug)]
struct Row {
    cells: Cells,
    values: Values,
    items: Items,
    joined: Vec<u8>,
    six: v6::Outline,
    /// What the rows of each type of message have alike.
    shapes: Shapes,
}

impl Rows {
    /// A writer of rows with the columns of `plan`.
    pub fn new(plan: Arc<Plan>, format: RowFormat) -> Self {
        Self {
            row: Row {
                cells: Cells::new(&plan, format),
                values: Values::default(),
                items: Items::default(),
                joined: Vec::new(),
                six: v6::Outline::default(),
                shapes: Shapes::default(),
            },
            plan,
            format,
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
        &self.row.values.problems
    }

    /// Begins a row.
    pub fn begin(&mut self) {
        self.row.begin();
    }

    /// Fills the cell of a column, if it is wanted.
    pub fn cell(&mut self, name: &str, cell: Option<Cell<'_>>) {
        if let (Some((place, _)), Some(cell)) = (self.plan.place(name), cell) {
            self.row.cells.cell(place, &cell);
        }
    }

    /// Fills the cell of a column that holds a list.
    pub fn list<'i>(&mut self, name: &str, items: impl Iterator<Item = &'i [u8]>) {
        if let Some((place, Type::List)) = self.plan.place(name) {
            self.row.cells.list(place, items);
        }
    }

    /// Fills the cell of a column that holds a moment.
    pub fn time(&mut self, name: &str, time: Timestamp, precision: Precision) {
        if let Some((place, Type::Time)) = self.plan.place(name) {
            self.row.cells.moment(place, time, precision);
        }
    }

    /// Appends the row.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.row.cells.finish(out);
    }

    /// Appends a row for `record`.
    pub fn write(&mut self, record: &PacketRecord<'_>, out: &mut Vec<u8>) {
        self.row.write(record, &self.plan, out);
    }

    /// Appends a row for a message of DHCPv6 or router discovery, which is the payload of the record's datagram; `problems` is what is
    /// wrong with it.
    pub fn write_six(&mut self, around: &PacketRecord<'_>, problems: &[Problem], out: &mut Vec<u8>) {
        self.row.write_six(around, problems, &self.plan, out);
    }

    /// Fills the cells of a packet.
    pub fn packet(&mut self, record: &PacketRecord<'_>) {
        self.row.packet(record, &self.plan);
    }

    /// Fills the cells of a message of DHCPv6 or router discovery.
    pub fn packet_six(&mut self, around: &PacketRecord<'_>, problems: &[Problem]) {
        self.row.packet_six(around, problems, &self.plan);
    }
}

impl Row {
    fn begin(&mut self) {
        self.cells.begin();
        self.values.begin();
    }

    fn write(&mut self, record: &PacketRecord<'_>, plan: &Plan, out: &mut Vec<u8>) {
        let begin = out.len();
        if self.write_known(record, plan, out) {
            if self.values.problems.is_empty() {
                return;
            }
            // They are told in the order of the options.
            out.truncate(begin);
        }
        self.begin();
        if record.datagram.protocol == Protocol::Dhcpv4 {
            self.options(record, plan, record.outline.options.iter());
        }
        let Self { cells, values, .. } = self;
        for (field, place) in plan.steady.iter().chain(&plan.shared) {
            any(cells, *field, *place, record, &values.problems);
        }
        if let Some(pen) = cells.pen(out) {
            each_step(pen, &plan.steps.four, false, out, |pen, step| match step.what {
                What::Field(field) => any(pen, field, step.place, record, &values.problems),
                What::Times => pen.times(step.place, record.moment()),
                What::Option(_) => {}
            });
        }
    }

    /// Appends a row for `record` where there is a template of its shape, and learns from it. False where there is none.
    fn write_known(&mut self, record: &PacketRecord<'_>, plan: &Plan, out: &mut Vec<u8>) -> bool {
        let Some(lent) = self.begin_alike(record, plan) else { return false };
        let options = &record.outline.options;
        let stored = lent.shape.rest().iter().filter(|(_, code)| !plan.is_direct(*code));
        self.options(record, plan, stored.filter_map(|(index, _)| options.get(*index)));
        let Self { cells, values, items, .. } = self;
        for (field, place) in &plan.shared {
            any(cells, *field, *place, record, &values.problems);
        }
        if let Some(pen) = cells.pen(out) {
            let cx = record.context();
            let steps = pen.steps();
            each_step(pen, steps, true, out, |pen, step| match step.what {
                What::Field(field) => any(pen, field, step.place, record, &values.problems),
                What::Times => pen.times(step.place, record.moment()),
                What::Option(index) => {
                    if let Some(span) = options.get(index)
                        && let Some(Wanted { place: Some((place, kind)), row: Some(row), .. }) =
                            plan.options.get(usize::from(span.code))
                    {
                        single((pen, *place, *kind), row, record, &cx, span, (values, items));
                    }
                }
            });
        }
        self.shapes.give_back(lent);
        true
    }

    /// Begins a row for `record` with what it has in common with others, where that is in a template: that of the shape returned.
    #[inline]
    fn begin_alike(&mut self, record: &PacketRecord<'_>, plan: &Plan) -> Option<Lent> {
        match self.shapes.meet(record, |code| plan.is_fixable(code)) {
            Met::Known(lent) => {
                self.cells.begin_with(lent.slot.saturating_add(1));
                self.values.begin();
                return Some(lent);
            }
            Met::Ripe(lent) if self.settle(&lent, record, plan) => self.shapes.give_back(lent),
            Met::Ripe(lent) => self.shapes.refuse(lent),
            Met::Strange => {}
        }
        None
    }

    fn write_six(&mut self, around: &PacketRecord<'_>, problems: &[Problem], plan: &Plan, out: &mut Vec<u8>) {
        let lent = self.begin_alike(around, plan);
        if lent.is_none() {
            self.begin();
            for (field, place) in &plan.steady {
                any(&mut self.cells, *field, *place, around, &[]);
            }
        }
        let message = self.read_six(around, plan);
        let Self { cells, six, .. } = self;
        for (field, place) in &plan.shared {
            any_six(cells, *field, *place, (around, message.as_ref(), six), problems);
        }
        if let Some(pen) = cells.pen(out) {
            let steps = if lent.is_some() { pen.steps() } else { &plan.steps.six };
            each_step(pen, steps, lent.is_some(), out, |pen, step| match step.what {
                What::Field(field) => {
                    any_six(pen, field, step.place, (around, message.as_ref(), six), problems);
                }
                What::Times => pen.times(step.place, around.moment()),
                What::Option(_) => {}
            });
        }
        if let Some(lent) = lent {
            self.shapes.give_back(lent);
        }
    }

    /// Makes the template of a shape from `record`. False when that cannot be: something has to be told of every such row.
    fn settle(&mut self, Lent { slot, shape }: &Lent, record: &PacketRecord<'_>, plan: &Plan) -> bool {
        self.begin();
        let is_v4 = record.datagram.protocol == Protocol::Dhcpv4;
        let steps = if is_v4 { &plan.steps.four } else { &plan.steps.six };
        let mut rest = Vec::new();
        for step in steps {
            match step.what {
                What::Field(field) if common(field).is_some_and(|field| shape.has(field)) => {
                    any(&mut self.cells, field, step.place, record, &[]);
                }
                what => rest.push((what, step.place)),
            }
        }
        for (field, place) in &plan.steady {
            any(&mut self.cells, *field, *place, record, &[]);
        }
        let options = &record.outline.options;
        self.options(record, plan, shape.alike().filter_map(|index| options.get(index)));
        if !self.values.problems.is_empty() {
            return false;
        }
        let mut stored: Places = plan.shared.iter().map(|(_, place)| *place).collect();
        if !is_v4 {
            plan.six.iter().flatten().for_each(|place| stored.insert(*place));
        }
        for (index, code) in shape.rest() {
            match plan.options.get(usize::from(*code)) {
                Some(Wanted { direct: true, place: Some((place, _)), .. }) => {
                    rest.push((What::Option(*index), *place));
                }
                Some(wanted) => wanted.places().for_each(|place| stored.insert(place)),
                None => {}
            }
        }
        rest.sort_by_key(|(_, place)| *place);
        self.cells.settle(slot.saturating_add(1), Step::all(rest.into_iter(), &stored));
        true
    }

    fn packet_six(&mut self, around: &PacketRecord<'_>, problems: &[Problem], plan: &Plan) {
        let message = self.read_six(around, plan);
        for (field, place) in &plan.fields {
            any_six(&mut self.cells, *field, *place, (around, message.as_ref(), &self.six), problems);
        }
    }

    /// Reads such a message, and fills the cells of its options.
    fn read_six<'a>(&mut self, around: &PacketRecord<'a>, plan: &Plan) -> Option<v6::Packet<'a>> {
        if around.datagram.protocol != Protocol::Dhcpv6 {
            return None;
        }
        let message = v6::Packet::new(around.datagram.payload);
        self.six.read(&message, around.datagram.promised, around.datagram.cut);
        self.options_six(&message, plan);
        Some(message)
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

    fn packet(&mut self, record: &PacketRecord<'_>, plan: &Plan) {
        if record.datagram.protocol == Protocol::Dhcpv4 {
            self.options(record, plan, record.outline.options.iter());
        }
        let Self { cells, values, .. } = self;
        for (field, place) in &plan.fields {
            any(cells, *field, *place, record, &values.problems);
        }
    }

    /// Fills the cells of these options of the message.
    fn options<'s>(&mut self, record: &PacketRecord<'_>, plan: &Plan, spans: impl Iterator<Item = &'s Span>) {
        let cx = record.context();
        for span in spans {
            let Some(Wanted { place, row: Some(row), alone, nested, fixable, .. }) =
                plan.options.get(usize::from(span.code))
            else {
                continue;
            };
            // A relay says the same of a client again and again.
            let whole = place.filter(|_| *fixable && record.outline.is_plain() && is_container(&row.kind));
            let inside = || nested.iter().map(|nested| nested.place);
            if let Some((place, _)) = whole
                && self.cells.recall_all(place, inside(), span.data(&record.packet))
            {
                continue;
            }
            let problems = self.values.problems.len();
            match place {
                Some((place, kind)) => {
                    self.option(record, &cx, span, (row, *alone), *place, *kind);
                }
                None if plan.judges => {
                    self.values.show((&record.packet, record.outline), &cx, span, &mut nowhere());
                }
                None => {}
            }
            if nested.is_empty() || !span.first {
                continue;
            }
            let sound = self.values.problems.len() == problems;
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
            if let Some((place, _)) = whole.filter(|_| sound) {
                cells.keep_all(place, inside(), span.data(&record.packet));
            }
        }
    }

    /// One option of the message.
    fn option(
        &mut self,
        record: &PacketRecord<'_>,
        cx: &Context<'_>,
        span: &Span,
        (row, alone): (&OptionDef, bool),
        place: usize,
        column: Type,
    ) {
        let Self { values, cells, items, .. } = self;
        if is_container(&row.kind) {
            // Its bytes, where it is not text: what is in it has columns of its own.
            let message = (&record.packet, record.outline);
            let is_text = !matches!(row.kind, Kind::Options(_));
            let shown = if is_text {
                values.show(message, cx, span, &mut items.begin())
            } else {
                values.show(message, cx, span, &mut blind())
            };
            if shown == Shown::Value && is_text && !items.is_list() {
                give(cells, items, place, column);
            } else if shown != Shown::Continues && !span.is_truncated() {
                let pieces = record.outline.same_code(span);
                cells.plain(place, |out| pieces.for_each(|piece| out.hex_digits(piece.data(&record.packet))));
            }
            return;
        }
        let plain =
            record.outline.is_plain() || !record.outline.is_repeated(span.code) && !span.is_truncated();
        if plain && alone && !cells.is_filled(place) {
            return single((cells, place, column), row, record, cx, span, (values, items));
        }
        if plain && fast(cells, place, &row.kind, span.data(&record.packet)) {
            return;
        }
        let shown = values.show((&record.packet, record.outline), cx, span, &mut items.begin());
        if shown == Shown::Value {
            give(cells, items, place, column);
        }
    }

    /// An option of DHCPv6, where nothing stands in its column yet.
    fn six_option(&mut self, plan: &Plan, code: u16, data: &[u8]) {
        let Self { cells, items, .. } = self;
        let place = plan.six.get(usize::from(code)).copied().flatten();
        let Some(place) = place.filter(|place| !cells.is_filled(*place)) else { return };
        if cells.recall(place, data) {
            return;
        }
        if let (Some(row), Some(column)) = (options::v6::SPACE.by_code(code), plan.columns.get(place)) {
            value(cells, items, place, column.kind, &row.kind, data, &Context::default());
        }
        if cells.is_filled(place) {
            cells.keep(place, data);
        }
    }
}

/// Writes the cells of `steps`, each by `write`, and ends the row. Where there is no template all cells but these are stored.
#[inline]
fn each_step<'a>(
    mut pen: Pen<'a>,
    steps: &[Step],
    settled: bool,
    out: &mut Vec<u8>,
    mut write: impl FnMut(&mut Pen<'a>, &Step),
) {
    for (index, step) in steps.iter().enumerate() {
        pen.step(index, step, settled);
        write(&mut pen, step);
        pen.leave();
        if step.ends || !settled {
            pen.behind(step.last());
        }
    }
    pen.finish(out);
}

/// The field that many messages have in common which this one is.
fn common(field: Field) -> Option<Common> {
    Some(match field {
        Field::CapturedLength => Common::CapturedLength,
        Field::OriginalLength => Common::OriginalLength,
        Field::LinkSrc => Common::LinkSrc,
        Field::LinkDst => Common::LinkDst,
        Field::IpSrc => Common::IpSrc,
        Field::IpDst => Common::IpDst,
        Field::Secs => Common::Secs,
        Field::Ciaddr => Common::Ciaddr,
        Field::Yiaddr => Common::Yiaddr,
        Field::Siaddr => Common::Siaddr,
        Field::Giaddr => Common::Giaddr,
        Field::Problems => Common::Sound,
        _ => return None,
    })
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

    /// The rows of these messages, cells by name.
    fn cells_of(names: &[String], messages: &[v4::Message]) -> Vec<Vec<(String, String)>> {
        let mut rows = Rows::new(Arc::new(Plan::of(&columns::PACKET, names).unwrap()), RowFormat::Tsv);
        let mut outline = v4::Outline::default();
        let row = |message: &v4::Message| {
            let bytes = message.encode();
            outline.read(&v4::Packet::new(&bytes), bytes.len(), false);
            let datagram = Datagram::bare(&bytes);
            let record = PacketRecord::of(&datagram, v4::Packet::new(&bytes), &outline, bytes.len());
            let mut out = Vec::new();
            rows.write(&record, &mut out);
            let row = String::from_utf8(out).unwrap();
            let mut cells: Vec<_> = names
                .iter()
                .cloned()
                .zip(row.trim_end_matches('\n').split('\t').map(str::to_owned))
                .collect();
            cells.sort();
            cells
        };
        messages.iter().map(row).collect()
    }

    #[test]
    fn a_cell_says_the_same_wherever_its_column_stands() {
        let mut messages = Vec::new();
        // Several times, so that what they share is known; then with something else.
        for client in 0..40 {
            let mac = crate::wire::Mac([2, 0, 0, 0, 0, client / 2]);
            let mut asked = v4::Message::request(v4::MessageType::DISCOVER, v4::Xid(client.into()), mac);
            asked.set_option(12, format!("host{}", client / 3).as_bytes());
            asked.set_option(55, &[1, 3, 6]);
            let mut said = v4::Message::reply(v4::MessageType::OFFER, &asked);
            said.set_option(54, &[10, 0, 0, 1 + client / 30]);
            said.set_option(51, &[0, 0, 14, 16]);
            said.set_option(82, &[1, 2, b'g', b'0' + client % 3]);
            messages.extend([asked, said]);
        }
        let mut seen = std::collections::HashSet::new();
        let mut names: Vec<String> = columns::PACKET.iter().map(|column| column.name.clone()).collect();
        names.retain(|name| seen.insert(name.clone()));
        let told = cells_of(&names, &messages);
        let of = |row: usize, name: &str| {
            told[row].iter().find(|(known, _)| known == name).map(|(_, cell)| cell.as_str()).unwrap()
        };
        assert_eq!((of(78, "host_name"), of(79, "dhcp_server_identifier")), ("host13", "10.0.0.2"));
        assert_eq!((of(79, "relay_agent_information_circuit_id"), of(79, "xid")), ("g0", "0x00000027"));
        names.reverse();
        assert!(cells_of(&names, &messages) == told);
        // Fields and options in turn.
        let half = names.len() / 2;
        let mixed: Vec<String> =
            (0..half).flat_map(|at| [names[at].clone(), names[at + half].clone()]).collect();
        let part = cells_of(&mixed, &messages);
        assert!(part.iter().zip(&told).all(|(part, all)| part.iter().all(|cell| all.contains(cell))));
    }
}
