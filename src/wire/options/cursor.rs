//! What every reader of values has in common: the bytes not yet read, what they depend on, and how a value can fail.

use std::cell::RefCell;
use std::fmt;
use std::net::Ipv6Addr;

use super::kind::Width;
use crate::wire::problem::{Detail, Problem};

/// What a value's meaning may depend on besides its own bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The vendor class (60) of the same message, or of the exchange: decides what 43 holds.
    pub vendor_class: Option<&'a [u8]>,
    /// Damage inside nested options does not undo the others, whatever their space says.
    pub lax: bool,
    /// Inside how many lists of options the value stands.
    pub depth: u8,
    /// Where what is wrong inside nested options is noted.
    pub trace: Option<&'a Trace>,
}

/// Options and messages are followed so deep into each other.
pub const MAX_DEPTH: u8 = 32;

/// Notes what is wrong inside the nested options of a message.
#[derive(Clone, Debug, Default)]
pub struct Trace(RefCell<Vec<Problem>>);

impl Trace {
    /// True when nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// How much was noted.
    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Forgets what was noted since there was so much.
    pub(super) fn back_to(&self, len: usize) {
        self.0.borrow_mut().truncate(len);
    }

    /// Takes out what was noted.
    pub fn take_into(&self, problems: &mut Vec<Problem>) {
        problems.append(&mut self.0.borrow_mut());
    }
}

impl Context<'_> {
    /// Notes a problem.
    pub(super) fn note(&self, problem: Problem) {
        if let Some(trace) = self.trace {
            trace.0.borrow_mut().push(problem);
        }
    }

    /// The same, one list of options deeper; none where that is too deep.
    pub(super) fn deeper(&self) -> Option<Self> {
        (self.depth < MAX_DEPTH).then(|| Self { depth: self.depth.saturating_add(1), ..*self })
    }
}

/// How a value fails to be what its option says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFault {
    /// Its length does not fit: too short, too long, no multiple.
    Length,
    /// Its content is not allowed.
    Content,
}

/// Why a value does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// Length or content.
    pub fault: ValueFault,
    /// What was expected: `an IPv4 address`.
    pub what: &'static str,
    /// Where, in bytes from the start of the value.
    pub offset: usize,
    /// Bytes that were there from that place on.
    pub length: usize,
    /// What exactly is wrong, where more can be said.
    pub detail: Detail,
}

impl ValueError {
    /// The same, with what exactly is wrong, unless that is known better already.
    pub(super) fn because(self, detail: Detail) -> Self {
        if self.detail == Detail::Plain { Self { detail, ..self } } else { self }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, what, offset, length, detail } = self;
        if *detail != Detail::Plain {
            return write!(f, "{detail} (expected {what})");
        }
        match fault {
            ValueFault::Length => write!(f, "{length} bytes at byte {offset} are not {what}"),
            ValueFault::Content => write!(f, "byte {offset} does not begin {what}"),
        }
    }
}

impl std::error::Error for ValueError {}

pub(super) type Outcome<T = ()> = Result<T, ValueError>;

/// The part of a value not yet read.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    /// Where `bytes` begins in the whole value.
    pub(super) offset: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn error(&self, fault: ValueFault, what: &'static str) -> ValueError {
        ValueError { fault, what, offset: self.offset, length: self.bytes.len(), detail: Detail::Plain }
    }

    pub(super) fn take(&mut self, count: usize, what: &'static str) -> Outcome<&'a [u8]> {
        match self.bytes.split_at_checked(count) {
            Some((head, tail)) => {
                self.bytes = tail;
                self.offset = self.offset.saturating_add(count);
                Ok(head)
            }
            None => Err(self.error(ValueFault::Length, what)),
        }
    }

    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Outcome<[u8; N]> {
        match self.bytes.split_first_chunk() {
            Some((head, tail)) => {
                self.bytes = tail;
                self.offset = self.offset.saturating_add(N);
                Ok(*head)
            }
            None => Err(self.error(ValueFault::Length, what)),
        }
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Outcome<u8> {
        self.array(what).map(|[byte]| byte)
    }

    pub(super) fn number(&mut self, width: Width, what: &'static str) -> Outcome<u32> {
        match width {
            Width::One => self.u8(what).map(u32::from),
            Width::Two => self.array(what).map(|bytes| u32::from(u16::from_be_bytes(bytes))),
            Width::Four => self.array(what).map(u32::from_be_bytes),
        }
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Outcome<u16> {
        self.array(what).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Outcome<u32> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// A prefix length, then only the bytes it needs (RFC 7598 §4.1).
    pub(super) fn short_prefix(&mut self) -> Outcome<(Ipv6Addr, u8)> {
        const WHAT: &str = "an IPv6 prefix";
        let start = self.error(ValueFault::Content, WHAT);
        let length = self.u8(WHAT)?;
        if length > 128 {
            return Err(start);
        }
        let mut addr = [0; 16];
        for (to, from) in addr.iter_mut().zip(self.take(usize::from(length.div_ceil(8)), WHAT)?) {
            *to = *from;
        }
        Ok((addr.into(), length))
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes;
        self.offset = self.offset.saturating_add(rest.len());
        self.bytes = &[];
        rest
    }

    /// A cursor over the next `count` bytes alone.
    pub(super) fn sub(&mut self, count: usize, what: &'static str) -> Outcome<Self> {
        let offset = self.offset;
        self.take(count, what).map(|bytes| Self { bytes, offset })
    }

    pub(super) fn finish(&self, what: &'static str) -> Outcome {
        if self.bytes.is_empty() { Ok(()) } else { Err(self.error(ValueFault::Length, what)) }
    }
}
