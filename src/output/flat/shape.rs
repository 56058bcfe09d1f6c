//! What messages of one shape have alike, and what differs from one to the next: most clients ask for the same with the same, and
//! a server tells all of them the same routers. The text of what is alike is in a template, and only the rest is written.
//!
//! Learned as rows go by: what once differed from the row of the same shape before is written each time from then on.

use std::net::IpAddr;

use super::steady::Steady;
use crate::output::packet::record::PacketRecord;
use crate::wire::HwAddr;
use crate::wire::frame::Protocol;
use crate::wire::v4::{FIXED_LEN, Span};

/// The values of the fields that many messages have in common.
#[derive(Clone, Copy, Debug)]
struct Values {
    captured_length: usize,
    original_length: u32,
    link: Option<(Option<HwAddr>, Option<HwAddr>)>,
    ip: Option<(IpAddr, IpAddr)>,
    secs: [u8; 2],
    /// `ciaddr`, `yiaddr`, `siaddr`, `giaddr`.
    addresses: [[u8; 4]; 4],
    /// There are no problems but perhaps with values.
    sound: bool,
}

/// A field that many messages have in common, in the order of [`Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Common {
    CapturedLength,
    OriginalLength,
    LinkSrc,
    LinkDst,
    IpSrc,
    IpDst,
    Secs,
    Ciaddr,
    Yiaddr,
    Siaddr,
    Giaddr,
    /// That there are no problems.
    Sound,
}

impl Common {
    const fn bit(self) -> u16 {
        match self {
            Self::CapturedLength => 1,
            Self::OriginalLength => 1 << 1,
            Self::LinkSrc => 1 << 2,
            Self::LinkDst => 1 << 3,
            Self::IpSrc => 1 << 4,
            Self::IpDst => 1 << 5,
            Self::Secs => 1 << 6,
            Self::Ciaddr => 1 << 7,
            Self::Yiaddr => 1 << 8,
            Self::Siaddr => 1 << 9,
            Self::Giaddr => 1 << 10,
            Self::Sound => 1 << 11,
        }
    }
}

impl Values {
    #[inline]
    fn of(record: &PacketRecord<'_>) -> Self {
        let datagram = record.datagram;
        let (secs, addresses) = header(record);
        Self {
            captured_length: record.captured_length,
            original_length: record.original_length,
            link: datagram.link.as_ref().map(|link| (link.src, link.dst)),
            ip: datagram.ip.as_ref().map(|ip| (ip.src, ip.dst)),
            secs,
            addresses,
            sound: is_sound(record),
        }
    }

    /// The bits of the fields that are not the same in `record`, but for those of `changing`.
    #[inline]
    fn differing(&self, record: &PacketRecord<'_>, changing: u16) -> u16 {
        let datagram = record.datagram;
        let mut bits = 0;
        let mut bit = 1;
        let mut field = |same: bool| {
            if !same {
                bits |= bit;
            }
            bit <<= 1;
        };
        field(self.captured_length == record.captured_length);
        field(self.original_length == record.original_length);
        match (&self.link, &datagram.link) {
            (Some((src, dst)), Some(link)) => {
                field(changing & Common::LinkSrc.bit() != 0 || *src == link.src);
                field(changing & Common::LinkDst.bit() != 0 || *dst == link.dst);
            }
            (one, other) => {
                let same = one.is_none() && other.is_none();
                field(same);
                field(same);
            }
        }
        match (&self.ip, &datagram.ip) {
            (Some((src, dst)), Some(ip)) => {
                field(*src == ip.src);
                field(*dst == ip.dst);
            }
            (one, other) => {
                let same = one.is_none() && other.is_none();
                field(same);
                field(same);
            }
        }
        let (secs, addresses) = header(record);
        field(self.secs == secs);
        let [c, y, s, g] = self.addresses;
        let [to_c, to_y, to_s, to_g] = addresses;
        field(c == to_c);
        field(y == to_y);
        field(s == to_s);
        field(g == to_g);
        field(self.sound && is_sound(record));
        bits & !changing
    }
}

/// True when nothing is known to be wrong with a message of DHCPv4. What is wrong with values is found while they are written.
#[inline]
fn is_sound(record: &PacketRecord<'_>) -> bool {
    record.datagram.protocol == Protocol::Dhcpv4 && record.is_sound()
}

/// `secs` and the addresses of the header of a message of DHCPv4.
#[inline]
fn header(record: &PacketRecord<'_>) -> ([u8; 2], [[u8; 4]; 4]) {
    let header: [u8; 20] = match record.datagram.protocol {
        Protocol::Dhcpv4 => record.packet.bytes().get(8..).and_then(|bytes| bytes.first_chunk()),
        _ => None,
    }
    .copied()
    .unwrap_or_default();
    let [s0, s1, _, _, c0, c1, c2, c3, y0, y1, y2, y3, n0, n1, n2, n3, g0, g1, g2, g3] = header;
    ([s0, s1], [[c0, c1, c2, c3], [y0, y1, y2, y3], [n0, n1, n2, n3], [g0, g1, g2, g3]])
}

/// Options behind each other that are alike.
#[derive(Clone, Debug)]
struct Run {
    /// Its first and its last option, by index.
    first: usize,
    last: usize,
    /// Their bytes, codes and lengths included.
    bytes: Vec<u8>,
}

impl Run {
    /// Its bytes in `record`, and what stands between them.
    #[inline]
    fn of<'a>(&self, spans: &[Span], record: &PacketRecord<'a>) -> Option<&'a [u8]> {
        let (first, last) = (spans.get(self.first)?, spans.get(self.last)?);
        record.packet.bytes().get(first.range().start..last.range().end)
    }
}

/// What is known of the messages of one shape: those whose options have the same codes in the same order.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What the template was made from, and the row before that did not fit it.
    steady: Steady,
    values: Values,
    codes: Vec<u8>,
    /// The payloads of the options behind each other, and where each ends.
    payloads: Vec<u8>,
    ends: Vec<usize>,
    /// Fields, by bit, and options that differ from row to row.
    changing: u16,
    open: Vec<bool>,
    /// There is a template, for these.
    made: bool,
    runs: Vec<Run>,
    /// The others, by index and code.
    rest: Vec<(usize, u8)>,
    /// How many rows have to pass before another template is made: that costs more than a row.
    wait: u8,
    /// How many messages of other shapes may come before one of them takes the place: goes up with those of this one.
    trust: u8,
}

/// Messages with more options have no template.
const MOST: usize = 64;

/// A template is made for one in so many rows at most.
const RARELY: u8 = 16;

/// The trust that a shape begins with, and the most that it gets.
const NEW: u8 = 3;
const TRUSTED: u8 = 32;

impl Shape {
    /// That of `record`, of which nothing else is known yet.
    fn of(record: &PacketRecord<'_>, fixable: impl Fn(u8) -> bool) -> Self {
        let mut new = Self {
            steady: Steady::of(record),
            values: Values::of(record),
            codes: Vec::new(),
            payloads: Vec::new(),
            ends: Vec::new(),
            changing: 0,
            open: Vec::new(),
            made: false,
            runs: Vec::new(),
            rest: Vec::new(),
            wait: 0,
            trust: NEW,
        };
        new.take_options(record, fixable);
        new
    }

    /// Becomes that of `record`.
    fn replace(&mut self, record: &PacketRecord<'_>, fixable: impl Fn(u8) -> bool) {
        self.steady.replace(record);
        self.values = Values::of(record);
        (self.changing, self.made, self.trust) = (0, false, NEW);
        self.take_options(record, fixable);
    }

    fn take_options(&mut self, record: &PacketRecord<'_>, fixable: impl Fn(u8) -> bool) {
        self.codes.clear();
        self.payloads.clear();
        self.ends.clear();
        self.open.clear();
        for span in spans(record) {
            self.codes.push(span.code);
            self.payloads.extend_from_slice(span.data(&record.packet));
            self.ends.push(self.payloads.len());
            self.open.push(!fixable(span.code));
        }
    }

    /// True when the template is right for `record`.
    #[inline]
    fn fits(&self, record: &PacketRecord<'_>) -> bool {
        let spans = spans(record);
        let same = |run: &Run| run.of(spans, record) == Some(&run.bytes[..]);
        self.made
            && spans.len() == self.codes.len()
            && self.values.differing(record, self.changing) == 0
            && self.runs.iter().all(same)
            && self.rest.iter().all(|(index, code)| spans.get(*index).is_some_and(|span| span.code == *code))
            && self.steady.is_of(record)
    }

    /// Takes note of a row that the template does not fit. True when one that fits it is to be
    /// made now.
    fn learn(&mut self, record: &PacketRecord<'_>, fixable: impl Fn(u8) -> bool) -> bool {
        let spans = spans(record);
        self.wait = self.wait.saturating_sub(1);
        let alike = spans.iter().map(|span| span.code).eq(self.codes.iter().copied());
        if !alike || !self.steady.is_of(record) {
            // It is of another kind of client or server: if there are more of that, it is them that are learned about.
            self.trust = self.trust.saturating_sub(1);
            if self.trust == 0 {
                self.replace(record, fixable);
            }
            return false;
        }
        let differing = self.values.differing(record, self.changing);
        let mut opened = differing != 0;
        self.changing |= differing;
        self.values = Values::of(record);
        let mut begin = 0;
        for ((span, end), open) in spans.iter().zip(&self.ends).zip(&mut self.open) {
            if !*open && self.payloads.get(begin..*end) != Some(span.data(&record.packet)) {
                (*open, opened) = (true, true);
            }
            begin = *end;
        }
        // Next to something that has just begun to differ there is likely to be more.
        self.made = !opened && self.wait == 0;
        if self.made {
            self.wait = RARELY;
            self.divide(record);
        }
        self.made
    }

    /// What was made cannot be used: something in it has to be told every time.
    fn unmake(&mut self) {
        (self.made, self.wait) = (false, u8::MAX);
    }

    /// Divides the options into runs and those that differ.
    fn divide(&mut self, record: &PacketRecord<'_>) {
        let spans = spans(record);
        self.runs.clear();
        self.rest.clear();
        for (index, (span, open)) in spans.iter().zip(&self.open).enumerate() {
            if *open {
                self.rest.push((index, span.code));
                continue;
            }
            match self.runs.last_mut().filter(|run| run.last.wrapping_add(1) == index) {
                Some(run) => run.last = index,
                None => self.runs.push(Run { first: index, last: index, bytes: Vec::new() }),
            }
        }
        for run in &mut self.runs {
            if let Some(bytes) = run.of(spans, record) {
                run.bytes = bytes.to_vec();
            }
        }
    }

    /// The options that are not in the template, by index and code.
    pub(super) fn rest(&self) -> &[(usize, u8)] {
        &self.rest
    }

    /// The options that are.
    pub(super) fn alike(&self) -> impl Iterator<Item = usize> {
        self.runs.iter().flat_map(|run| run.first..=run.last)
    }

    /// True when the template has the text of this field.
    pub(super) fn has(&self, field: Common) -> bool {
        self.changing & field.bit() == 0
    }
}

/// The shapes that are known. The template of each is whose they are, by [`slot`](Lent::slot).
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    /// None before there is something to remember.
    all: Vec<Option<Box<Shape>>>,
}

/// A shape, to be given back.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) slot: usize,
    pub(super) shape: Box<Shape>,
}

/// How a message is to be written.
#[derive(Debug)]
pub(super) enum Met {
    /// By the template of this shape.
    Known(Lent),
    /// As a whole; what is written is to become the template of this shape.
    Ripe(Lent),
    /// As a whole.
    Strange,
}

/// How many shapes are remembered of each type of message.
const WAYS: usize = 16;

impl Shapes {
    /// How many there are at most.
    pub(super) const SLOTS: usize = Steady::SLOTS * WAYS;

    /// Looks for the shape of `record`, and learns from it. Options that are `fixable`, by code, have a text that depends on nothing
    /// else in the message.
    #[inline]
    pub(super) fn meet(&mut self, record: &PacketRecord<'_>, fixable: impl Fn(u8) -> bool) -> Met {
        let Some(way) = way(record) else { return Met::Strange };
        let slot = Steady::slot(record).wrapping_mul(WAYS).wrapping_add(way);
        match self.all.get_mut(slot).and_then(Option::take) {
            Some(mut shape) if shape.fits(record) => {
                shape.trust = shape.trust.saturating_add(1).min(TRUSTED);
                Met::Known(Lent { slot, shape })
            }
            shape => self.learn(slot, shape, record, fixable),
        }
    }

    #[cold]
    fn learn(
        &mut self,
        slot: usize,
        shape: Option<Box<Shape>>,
        record: &PacketRecord<'_>,
        fixable: impl Fn(u8) -> bool,
    ) -> Met {
        let shape = match shape {
            Some(mut shape) => {
                if shape.learn(record, fixable) {
                    return Met::Ripe(Lent { slot, shape });
                }
                shape
            }
            None => Box::new(Shape::of(record, fixable)),
        };
        self.give_back(Lent { slot, shape });
        Met::Strange
    }

    /// Takes a shape back.
    #[inline]
    pub(super) fn give_back(&mut self, lent: Lent) {
        if self.all.is_empty() {
            self.all.resize(Self::SLOTS, None);
        }
        if let Some(place) = self.all.get_mut(lent.slot) {
            *place = Some(lent.shape);
        }
    }

    /// Takes back a ripe shape of which no template could be made: something in it has to be told every time.
    pub(super) fn refuse(&mut self, mut lent: Lent) {
        lent.shape.unmake();
        self.give_back(lent);
    }
}

/// Where the shape of `record` is looked for, of so many as there are of its type; none for a message that has none.
#[inline]
fn way(record: &PacketRecord<'_>) -> Option<usize> {
    let datagram = record.datagram;
    let ttl = datagram.ip.as_ref().map_or(0, |ip| u64::from(ip.ttl));
    let ports = datagram.udp.map_or(0, |udp| u64::from(udp.src_port) << 8 ^ u64::from(udp.dst_port) << 24);
    let kind = match datagram.protocol {
        Protocol::Dhcpv4 => {
            let outline = record.outline;
            let whole = record.packet.bytes().len() >= FIXED_LEN && outline.is_plain();
            if !whole || outline.options.len() > MOST {
                return None;
            }
            let [a, b, c, d] = outline.codes();
            a ^ b.rotate_left(13) ^ c.rotate_left(29) ^ d.rotate_left(43)
        }
        // The type of the message.
        _ => datagram.payload.first().map_or(0, |kind| u64::from(*kind) << 40),
    };
    let hash = (ttl ^ ports ^ kind).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(hash >> const { u64::BITS - WAYS.ilog2() }).ok()
}

/// The options of a message of DHCPv4.
#[inline]
fn spans<'a>(record: &PacketRecord<'a>) -> &'a [Span] {
    match record.datagram.protocol {
        Protocol::Dhcpv4 => &record.outline.options,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::output::flat::{Plan, RowFormat, Rows, columns};
    use crate::time::{Precision, Timestamp};
    use crate::wire::frame::{Checksum, Datagram, Ip, Layer, Link};
    use crate::wire::v4;

    /// One of several senders' messages, and what may be odd about it.
    #[derive(Clone, Copy, Debug)]
    struct Told {
        kind: u8,
        client: u8,
        server: u8,
        ttl: u8,
        /// Options by bit: what is not set is not there.
        options: u16,
        /// Those of them that are malformed, or say something else.
        odd: u16,
    }

    fn told() -> impl Strategy<Value = Told> {
        let few = prop_oneof![4 => Just(0_u16), 1 => any::<u16>()];
        let usual = prop_oneof![6 => Just(0x07ff_u16), 3 => Just(0x06ef_u16), 1 => any::<u16>()];
        (1_u8..6, 0_u8..3, 0_u8..2, prop_oneof![5 => Just(64_u8), 1 => Just(128_u8)], usual, few).prop_map(
            |(kind, client, server, ttl, options, odd)| Told { kind, client, server, ttl, options, odd },
        )
    }

    /// The message in layers of its own, given to `each`.
    fn with_record(told: Told, number: u64, each: &mut dyn FnMut(&PacketRecord<'_>)) {
        let mac = crate::wire::Mac([2, 0, 0, 0, 0, told.client]);
        let mut message = v4::Message::request(v4::MessageType(told.kind), v4::Xid(told.client.into()), mac);
        if told.kind & 1 == 0 {
            message = v4::Message::reply(v4::MessageType(told.kind), &message);
            message.yiaddr = [10, 0, told.server, told.client].into();
        }
        let name = format!("host{}", told.client);
        let sub = [1, 2, b'g', b'0'.wrapping_add(told.server), 2, 1, told.client];
        let all: [(u8, &[u8], &[u8]); 13] = [
            (54, &[10, 0, 0, told.server], &[10, 0]),
            (51, &[0, 0, 14, 16], &[0, 0, 14, 17]),
            (3, &[10, 0, 0, 254], &[10, 0, 0]),
            (6, &[8, 8, 8, 8, 9, 9, 9, 9], &[]),
            (12, name.as_bytes(), b"=x\"\t,\xff"),
            (55, &[1, 3, 6], &[1, 3, 6, 6]),
            (61, &[1, 2, 0, 0, 0, 0, told.client], &[0]),
            (82, &sub, &[1, 9, 9]),
            (43, &[1, 1, told.server], &[1]),
            (60, b"MSFT 5.0", b"PXEClient"),
            (121, &[0, 10, 0, 0, 1], &[33, 1]),
            (224, &[1], &[2]),
            (1, &[255, 255, 255, 0], &[255, 0, 255, 0]),
        ];
        for (bit, (code, usual, odd)) in all.into_iter().enumerate() {
            if told.options & 1 << bit != 0 {
                let odd = if told.odd & 1 << bit != 0 { odd } else { usual };
                message.add_option(v4::Item::Option { code, data: odd.to_vec() });
            }
        }
        if told.odd & 1 << 13 != 0 {
            message.add_option(v4::Item::Option { code: 3, data: vec![10, 0, 0, 1] });
        }
        let mut bytes = message.encode();
        if told.odd & 1 << 14 != 0 {
            bytes.truncate(bytes.len() / 2);
        }
        let mut outline = v4::Outline::default();
        outline.read(&v4::Packet::new(&bytes), bytes.len(), false);
        let source = [10, 0, 0, told.server];
        let datagram = Datagram {
            link: Some(Link { layer: Layer::Ethernet, src: Some(mac.into()), dst: None }),
            ip: (told.odd & 1 << 15 == 0)
                .then(|| Ip { ttl: told.ttl, ..Ip::new(source.into(), [255; 4].into()) }),
            checksum: if told.odd % 7 == 3 { Checksum::Bad } else { Checksum::Good },
            ..Datagram::bare(&bytes)
        };
        let record = PacketRecord::of(&datagram, v4::Packet::new(&bytes), &outline, bytes.len());
        let second = i64::from(told.ttl & 127).saturating_mul(1_000_000_000);
        let time = (told.odd & 1 == 0).then_some(Timestamp(second.saturating_add(told.client.into())));
        let precision = if told.odd & 2 == 0 { Precision::Micro } else { Precision::Nano };
        each(&PacketRecord { number, time, precision, ..record });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_row_is_the_same_whatever_was_written_before(
            all in proptest::collection::vec(told(), 1..60),
            format in prop_oneof![Just(RowFormat::Csv), Just(RowFormat::NdJson)],
            order in 0..4,
        ) {
            let mut names: Vec<String> = Vec::new();
            for column in columns::PACKET.iter().filter(|column| order != 2 || !column.name.contains("agent")) {
                if !names.contains(&column.name) {
                    names.push(column.name.clone());
                }
            }
            match order {
                1 => names.reverse(),
                3 => names.retain(|name| ["number", "routers", "ciaddr", "host_name"].contains(&name.as_str())),
                _ => {}
            }
            let plan = Arc::new(Plan::of(&columns::PACKET, &names).unwrap());
            let mut remembering = Rows::new(Arc::clone(&plan), format);
            for (number, told) in (1..).zip(all.iter().chain(&all)) {
                with_record(*told, number, &mut |record| {
                    let mut fresh = Rows::new(Arc::clone(&plan), format);
                    let (mut row, mut alone) = (Vec::new(), Vec::new());
                    remembering.write(record, &mut row);
                    fresh.write(record, &mut alone);
                    assert_eq!(String::from_utf8_lossy(&row), String::from_utf8_lossy(&alone), "{told:?}");
                    assert_eq!(remembering.value_problems(), fresh.value_problems());
                });
            }
        }
    }

    #[test]
    fn what_differs_is_written_and_the_rest_is_in_the_template() {
        let usual = Told { kind: 3, client: 0, server: 0, ttl: 64, options: 0x6ff, odd: 0 };
        let mut shape: Option<Shape> = None;
        let mut fitting = 0;
        for client in 0..100 {
            with_record(Told { client, ..usual }, 1, &mut |record| match &mut shape {
                Some(shape) if shape.fits(record) => fitting += 1,
                Some(shape) => {
                    shape.learn(record, |code| code != 43);
                }
                none => *none = Some(Shape::of(record, |code| code != 43)),
            });
        }
        let shape = shape.unwrap();
        // Names get longer once, and with them the messages.
        assert!(fitting > 75, "{fitting}");
        let codes: Vec<u8> = shape.rest().iter().map(|(_, code)| *code).collect();
        // The client's own name, its identifier, and what the relay says of it.
        assert_eq!(codes, [12, 61, 82]);
        assert!(shape.has(Common::IpSrc) && !shape.has(Common::LinkSrc));
        assert!(
            !with_other(&shape, Told { server: 1, ..usual }) && !with_other(&shape, Told { ttl: 1, ..usual })
        );
    }

    fn with_other(shape: &Shape, told: Told) -> bool {
        let mut fits = false;
        with_record(told, 1, &mut |record| fits = shape.fits(record));
        fits
    }
}
