//! Tests of one option: whether it is there, what it holds.

use std::cell::RefCell;
use std::net::Ipv4Addr;

use regex_lite::Regex;

use crate::wire::options::text::is_printable;
use crate::wire::options::{Context, Items, Kind, nested_at, v4};
use crate::wire::v4::{Outline, Packet};

/// A test of one option.
#[derive(Clone, Debug)]
pub struct OptionTest {
    /// The option's code.
    pub code: u16,
    /// Codes of the nested options down to the one meant, outermost first; empty for the option itself.
    pub path: Vec<u32>,
    /// The test must fail.
    pub negated: bool,
    /// What is asked of it.
    pub want: Want,
}

/// What an option must hold.
#[derive(Clone, Debug)]
pub enum Want {
    /// Anything: being there is enough.
    Anything,
    /// A value.
    Value(Value),
    /// Text, anywhere in it: an item of a list, or the whole.
    Pattern(Regex),
}

/// A value that is looked for: the option's whole value, or one item of its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// The value's bytes; trailing zeros do not count. None for a part of an item.
    data: Option<Vec<u8>>,
    /// Its items.
    items: Vec<Vec<u8>>,
    /// How it was written, where the kind of what it is compared with is not known yet.
    said: Option<Box<[u8]>>,
}

impl Value {
    /// The value that `data` says as `kind`.
    pub fn new(kind: &Kind, data: Vec<u8>) -> Self {
        let mut items = Items::default();
        // What does not decode is compared byte by byte alone.
        let _ = items.read(kind, &data, &Context::default());
        Self { items: items.iter().map(<[u8]>::to_vec).collect(), data: Some(data), said: None }
    }

    /// Matches too what reads like `text`, or is the address that it says.
    #[must_use]
    pub fn or_said(self, text: &str) -> Self {
        Self { said: Some(text.as_bytes().into()), ..self }
    }

    /// One side of a route or of a pair of addresses.
    pub fn half(text: &str) -> Self {
        Self { items: vec![text.as_bytes().to_vec()], ..Self::default() }
    }

    fn matches(&self, payload: &[u8], items: &Items) -> bool {
        let Some(data) = &self.data else {
            return items.iter().any(|item| {
                item.split(|byte| *byte == b'=').any(|half| self.items.iter().any(|wanted| wanted == half))
            });
        };
        if equal_but_zeros(data, payload) {
            return true;
        }
        if let Some(said) = &self.said {
            let address = std::str::from_utf8(said).ok().and_then(|text| text.parse::<Ipv4Addr>().ok());
            if items.iter().any(|item| item == &**said)
                || address.is_some_and(|addr| addr.octets() == *payload)
            {
                return true;
            }
        }
        match self.items.as_slice() {
            [] => false,
            [wanted] => items.iter().any(|item| item == wanted),
            wanted => items.iter().eq(wanted.iter().map(Vec::as_slice)),
        }
    }
}

thread_local! {
    /// Every thread that selects has room for the items of one value.
    static ITEMS: RefCell<Items> = RefCell::default();
}

impl OptionTest {
    /// True when the message passes the test.
    pub fn matches(&self, packet: &Packet<'_>, outline: &Outline) -> bool {
        self.finds(packet, outline) != self.negated
    }

    fn finds(&self, packet: &Packet<'_>, outline: &Outline) -> bool {
        let Ok(code) = u8::try_from(self.code) else { return false };
        let Some(first) = outline.find(code) else { return false };
        if self.path.is_empty() && matches!(self.want, Want::Anything) {
            return true;
        }
        let cx = outline.context(packet);
        let kind = v4::SPACE.by_code(self.code).map_or(&Kind::Opaque, |row| &row.kind);
        // An option in several pieces is one value (RFC 3396), or several.
        let mut pieces = outline.same_code(first).map(|span| span.data(packet));
        if outline.same_code(first).nth(1).is_none() {
            return pieces.any(|piece| self.finds_in(kind, piece, &cx));
        }
        let joined: Vec<u8> = outline.same_code(first).flat_map(|span| span.data(packet)).copied().collect();
        self.finds_in(kind, &joined, &cx) || pieces.any(|piece| self.finds_in(kind, piece, &cx))
    }

    fn finds_in(&self, kind: &'static Kind, payload: &[u8], cx: &Context<'_>) -> bool {
        if self.path.is_empty() {
            return self.want.is_met(kind, payload, cx);
        }
        nested_at(kind, &self.path, payload, cx)
            .into_iter()
            .any(|(kind, payload)| self.want.is_met(kind, payload, cx))
    }
}

impl Want {
    fn is_met(&self, kind: &Kind, payload: &[u8], cx: &Context<'_>) -> bool {
        if matches!(self, Self::Anything) {
            return true;
        }
        ITEMS.with_borrow_mut(|items| {
            let decoded = items.read(kind, payload, cx).is_ok();
            match self {
                Self::Anything => true,
                Self::Value(value) => value.matches(payload, items),
                Self::Pattern(pattern) => {
                    let fits = |text: &[u8]| pattern.is_match(&String::from_utf8_lossy(text));
                    items.iter().any(fits)
                        || (!decoded || matches!(kind, Kind::Opaque | Kind::Bytes))
                            && is_printable(payload)
                            && fits(payload)
                }
            }
        })
    }
}

/// True when both are the same, trailing zero bytes of either left aside.
fn equal_but_zeros(wanted: &[u8], found: &[u8]) -> bool {
    let (shorter, longer) = if wanted.len() <= found.len() { (wanted, found) } else { (found, wanted) };
    longer
        .split_at_checked(shorter.len())
        .is_some_and(|(same, rest)| same == shorter && rest.iter().all(|byte| *byte == 0))
}
