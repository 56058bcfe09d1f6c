//! Values, by the shapes that the registry gives them: lengths, codes and tags stay, so that a value stays one, and what they lead to
//! does not.

use std::ops::Range;

use super::{Redactor, part};
use crate::wire::options::kind::{Field, Switch};
use crate::wire::options::shapes::Shape;
use crate::wire::options::text::{as_text, is_printable};
use crate::wire::options::{Context, Kind, MAX_DEPTH, Space, ValueFault, check, names, sub, vendor};

/// How often bytes are tried for such that are no value.
const TRIES: usize = 8;

/// A value of this shape, if it is one: it stays one, and what is none stays none.
pub(super) fn value(by: &Redactor, kind: &Kind, data: &mut [u8], cx: &Context<'_>) {
    match check(kind, data, cx) {
        Ok(()) => Walk::new(by, data, cx, true).whole(kind),
        Err(error) => damaged(by, kind, data, cx, error.fault),
    }
}

/// What is not what it should be is nobody's number, and is redacted so that the same can be said of it.
fn damaged(by: &Redactor, kind: &Kind, data: &mut [u8], cx: &Context<'_>, fault: ValueFault) {
    let same = |data: &[u8]| check(kind, data, cx).is_err_and(|error| error.fault == fault);
    let before = data.to_vec();
    by.unread_at(data);
    if same(data) {
        return;
    }
    data.copy_from_slice(&before);
    Walk::new(by, data, cx, false).whole(kind);
    for _ in 0..TRIES {
        if same(data) {
            return;
        }
        by.bytes_at(data);
    }
}

/// A value on its way through.
struct Walk<'a, 'b> {
    by: &'a Redactor,
    data: &'a mut [u8],
    at: usize,
    /// Where what is being read ends.
    end: usize,
    cx: &'a Context<'b>,
    /// It is a value, so that its numbers are such.
    valid: bool,
    /// What stays unless it reads like a name.
    kept: Vec<Range<usize>>,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn new(by: &'a Redactor, data: &'a mut [u8], cx: &'a Context<'b>, valid: bool) -> Self {
        let end = data.len();
        Self { by, data, at: 0, end, cx, valid, kept: Vec::new() }
    }

    /// All of it is one value.
    fn whole(mut self, kind: &Kind) {
        self.value(kind);
        self.unread();
        for range in std::mem::take(&mut self.kept) {
            self.by.numbers_at(part(self.data, range));
        }
    }

    /// So many bytes, or as many as there are.
    fn take(&mut self, length: usize) -> &mut [u8] {
        let from = self.at;
        self.at = from.saturating_add(length).min(self.end);
        part(self.data, from..self.at)
    }

    /// What is left, which may be anything.
    fn unread(&mut self) {
        let by = self.by;
        by.unread_at(self.take(usize::MAX));
    }

    /// A length, a code or a tag.
    fn keep(&mut self, length: usize) -> u32 {
        let from = self.at;
        let number = self.take(length).iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        match self.kept.last_mut() {
            Some(last) if last.end == from => last.end = self.at,
            _ => self.kept.push(from..self.at),
        }
        number
    }

    fn keep_length(&mut self, width: usize) -> usize {
        usize::try_from(self.keep(width)).unwrap_or(usize::MAX)
    }

    /// A number; a single byte is one even where the rest is not what it should be.
    fn number(&mut self, width: usize) {
        if self.valid || width == 1 {
            self.keep(width);
        } else {
            let by = self.by;
            by.bytes_at(self.take(width));
        }
    }

    fn ip(&mut self) {
        let by = self.by;
        by.ip_at(self.take(4));
    }

    fn hardware(&mut self) {
        let by = self.by;
        match self.take(usize::MAX) {
            mac if mac.len() == 6 => by.own_mac_at(mac),
            other => by.bytes_at(other),
        }
    }

    /// As many bytes of a network as its length in bits takes, or four.
    fn network(&mut self, bits: u32, bytes: usize) {
        let by = self.by;
        let network = self.take(bytes);
        let mut whole = [0; 4];
        for (to, from) in whole.iter_mut().zip(&*network) {
            *to = *from;
        }
        by.ip_at(&mut whole);
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
        for (to, from) in network.iter_mut().zip((u32::from_be_bytes(whole) & mask).to_be_bytes()) {
            *to = from;
        }
    }

    /// So many bytes that are a value by themselves.
    fn within(&mut self, length: usize, read: impl FnOnce(&mut Self)) {
        let end = self.end;
        self.end = self.at.saturating_add(length).min(end);
        read(self);
        self.unread();
        self.end = end;
    }

    fn left(&self) -> &[u8] {
        self.data.get(self.at..self.end).unwrap_or_default()
    }

    #[allow(clippy::too_many_lines, reason = "one arm per kind, each short")]
    fn value(&mut self, kind: &Kind) {
        let by = self.by;
        match kind {
            Kind::Empty => {}
            Kind::Flag | Kind::U8 => self.number(1),
            Kind::U16 | Kind::U16Le | Kind::Hundredths => self.number(2),
            Kind::U32 | Kind::I32 | Kind::Seconds | Kind::Lifetime | Kind::Since2000 => self.number(4),
            Kind::U64 => self.number(8),
            Kind::Enum(width, _) | Kind::Coded(width, _) | Kind::Bits(width, _) | Kind::HexNumber(width) => {
                self.number(width.bytes());
            }
            Kind::OptionCode(space) => self.number(space.code_width.into()),
            Kind::Text | Kind::Auto | Kind::Bytes | Kind::Opaque | Kind::Message6 | Kind::Message4 => {
                self.unread();
            }
            Kind::Fixed(length) | Kind::FixedText(length) => by.unread_at(self.take((*length).into())),
            Kind::Hardware => self.hardware(),
            Kind::Ip4 => self.ip(),
            Kind::Ip6 | Kind::Uuid => by.bytes_at(self.take(16)),
            Kind::Pair([_, second]) => {
                self.ip();
                if *second == "mask" { by.mask_at(self.take(4)) } else { self.ip() }
            }
            Kind::Route => {
                let bits = self.keep(1);
                self.network(bits, usize::try_from(bits).unwrap_or(32).div_ceil(8).min(4));
                self.ip();
            }
            Kind::Prefix4 => {
                let bits = self.keep(1);
                self.network(bits, 4);
            }
            Kind::Prefix6 => {
                self.keep(1);
                by.bytes_at(self.take(16));
            }
            Kind::ShortPrefix => {
                let bits = self.keep_length(1);
                by.bytes_at(self.take(bits.div_ceil(8)));
            }
            Kind::Domain | Kind::Name | Kind::PartialName | Kind::Domains => {
                by.domain_at(self.take(usize::MAX));
            }
            Kind::Duid => self.duid(),
            Kind::After(count, inner) => {
                self.number((*count).into());
                self.value(inner);
            }
            // Letters where addresses should be were never addresses.
            Kind::List(Kind::Ip4) if as_text(self.left()).is_some_and(|text| text.contains('.')) => {
                self.unread();
            }
            Kind::List(item) => self.list(item),
            Kind::Sized(inner) | Kind::Sized16(inner) => {
                let length = self.keep_length(if matches!(kind, Kind::Sized(_)) { 1 } else { 2 });
                self.within(length, |inside| inside.value(inner));
            }
            Kind::Counted(item) => {
                for _ in 0..self.keep(1) {
                    self.value(item);
                }
            }
            Kind::Record(fields) => self.fields(fields),
            Kind::Switch(switch) => self.switch(switch),
            Kind::Options(space) => self.options(space),
            Kind::Lenient(space) => self.lenient(space),
            Kind::Vendor => self.lenient(vendor::space_of_class(self.cx.vendor_class)),
            Kind::VendorClasses | Kind::VendorOptions => {
                while self.at < self.end {
                    let enterprise = self.keep(4);
                    let length = self.keep_length(1);
                    self.within(length, |inside| match kind {
                        Kind::VendorClasses => inside.classes(),
                        _ => inside.lenient(vendor::space_of_enterprise(enterprise)),
                    });
                }
            }
            Kind::Fqdn => {
                let encoded = self.keep(3) >> 16 & 4 != 0;
                let name = self.take(usize::MAX);
                if encoded { by.domain_at(name) } else { by.unread_at(name) }
            }
            Kind::ClientId => self.client(),
            Kind::UserClass => self.classes(),
            Kind::Shaped(Shape::AgentId) => self.agent(),
            Kind::Shaped(_) => self.unread(),
        }
    }

    fn list(&mut self, item: &Kind) {
        while self.at < self.end {
            let before = self.at;
            self.value(item);
            if self.at == before {
                return;
            }
        }
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            if field.optional && self.at >= self.end {
                return;
            }
            self.value(&field.kind);
        }
    }

    fn switch(&mut self, switch: &'static Switch) {
        if std::ptr::eq(switch, &raw const sub::DUID) {
            return self.duid();
        }
        let tag = self.keep(switch.width.bytes());
        self.fields(switch.fields(tag));
    }

    /// A DUID: the time in one names a machine as well as its address does.
    fn duid(&mut self) {
        let by = self.by;
        match self.keep(2) {
            1 => {
                self.keep(2);
                by.bytes_at(self.take(4));
                self.hardware();
            }
            2 => {
                self.keep(4);
                self.unread();
            }
            3 => {
                self.keep(2);
                self.hardware();
            }
            _ => by.bytes_at(self.take(usize::MAX)),
        }
    }

    /// The identifier of a client; its type stays.
    fn client(&mut self) {
        let by = self.by;
        match self.left() {
            [255, ..] if check(&Kind::Switch(&sub::CLIENT_ID), self.left(), self.cx).is_ok() => {
                self.keep(1);
                by.bytes_at(self.take(4));
                self.duid();
            }
            [kind, ..] if names::CLIENT_ID_TYPES.name(u32::from(*kind)).is_some() && *kind != 0 => {
                if is_printable(self.left()) {
                    return self.unread();
                }
                self.keep(1);
                self.hardware();
            }
            whole if is_printable(whole) => self.unread(),
            _ => {
                self.keep(1);
                self.unread();
            }
        }
    }

    /// The identifier of a circuit or of what is at its end: some switches write a type and a length before it.
    fn agent(&mut self) {
        if let [0 | 1, length, rest @ ..] = self.left()
            && usize::from(*length) == rest.len()
        {
            self.keep(2);
        }
        self.unread();
    }

    /// Classes, each with its length, or one.
    fn classes(&mut self) {
        let mut rest = self.left();
        while let [length @ 1..=255, behind @ ..] = rest
            && let Some(behind) = behind.get(usize::from(*length)..)
        {
            rest = behind;
        }
        if !rest.is_empty() {
            return self.unread();
        }
        while self.at < self.end {
            let length = self.keep_length(1);
            self.within(length, Self::unread);
        }
    }

    /// Options if they are such.
    fn lenient(&mut self, space: &'static Space) {
        if check(&Kind::Options(space), self.left(), self.cx).is_ok() {
            self.options(space);
        } else {
            self.unread();
        }
    }

    fn options(&mut self, space: &'static Space) {
        if self.cx.depth >= MAX_DEPTH {
            return self.unread();
        }
        let by = self.by;
        let cx = &Context { depth: self.cx.depth.saturating_add(1), ..*self.cx };
        while let Some(first) = self.left().first() {
            match *first {
                0 if space.pad_and_end => {
                    self.keep(1);
                    continue;
                }
                255 if space.pad_and_end => {
                    self.keep(1);
                    return self.unread();
                }
                _ => {}
            }
            let code = self.keep(space.code_width.into());
            let length = self.keep_length(space.length_width.into());
            let length = length.saturating_sub(if space.counts_header { 2 } else { 0 });
            let payload = self.take(length);
            match u16::try_from(code).ok().and_then(|code| space.by_code(code)) {
                Some(row) => value(by, &row.kind, payload, cx),
                None => by.unread_at(payload),
            }
        }
    }
}
