//! What a message says, looked up where somebody asks.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use super::facts::{MAX_LIST, breaks_structure, plain_text};
use super::outline::{Outline, Span};
use super::packet::{Packet, field_text};
use super::types::{MessageType, Op};

/// What a message says, looked up where somebody asks: most messages are asked little.
pub struct Said<'a, 'b> {
    packet: &'b Packet<'a>,
    outline: &'b Outline,
    /// Every option is whole and has a code of its own.
    plain: bool,
}

impl<'a, 'b> Said<'a, 'b> {
    /// What `packet` says, of which `outline` was read.
    pub fn new(packet: &'b Packet<'a>, outline: &'b Outline) -> Self {
        Self { packet, outline, plain: outline.is_plain() }
    }

    /// Request or reply; 0 when there is no byte at all.
    pub fn op(&self) -> Op {
        self.packet.op().unwrap_or_default()
    }

    /// The type, `None` where there is none.
    pub fn kind(&self) -> Option<MessageType> {
        self.outline.message_type
    }

    /// `ciaddr`; 0.0.0.0 where the message ends before it, as of the next.
    pub fn ciaddr(&self) -> Ipv4Addr {
        self.packet.ciaddr().unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// `yiaddr`.
    pub fn yiaddr(&self) -> Ipv4Addr {
        self.packet.yiaddr().unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// `giaddr`.
    pub fn giaddr(&self) -> Ipv4Addr {
        self.packet.giaddr().unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// Every byte of the message is there and its structure holds, so that what is absent was not sent.
    pub fn complete(&self) -> bool {
        !self.outline.problems.iter().any(|problem| breaks_structure(problem.code))
    }

    /// True when the option is there, whatever it holds.
    pub fn has(&self, code: u8) -> bool {
        self.outline.has(code)
    }

    /// Which option this is, counted as a client reads them.
    pub fn place(&self, code: u8) -> Option<usize> {
        self.outline.place(code)
    }

    /// The payload of an option, pieces joined; part of a value would read as another value.
    #[inline]
    pub fn data(&self, code: u8) -> Option<Cow<'a, [u8]>> {
        let span = self.outline.find(code)?;
        if self.plain { Some(Cow::Borrowed(span.data(self.packet))) } else { self.joined(span) }
    }

    #[cold]
    fn joined(&self, span: &Span) -> Option<Cow<'a, [u8]>> {
        if self.outline.same_code(span).any(Span::is_truncated) {
            return None;
        }
        if !self.outline.is_repeated(span.code) {
            return Some(Cow::Borrowed(span.data(self.packet)));
        }
        let mut joined = Vec::new();
        self.outline.joined(self.packet, span, &mut joined);
        Some(Cow::Owned(joined))
    }

    /// The text of an option without the zeros behind it, at most [`MAX_TEXT`](super::facts::MAX_TEXT) bytes; `None` when nothing is left.
    #[inline]
    pub fn text(&self, code: u8) -> Option<Cow<'a, [u8]>> {
        if self.has(code) { self.data(code).and_then(text_of) } else { None }
    }

    /// The number that an option of four bytes holds.
    #[inline]
    pub fn number(&self, code: u8) -> Option<u32> {
        let span = self.outline.find(code)?;
        let number = |data: &[u8]| data.try_into().ok().map(u32::from_be_bytes);
        if self.plain { number(span.data(self.packet)) } else { number(&self.joined(span)?) }
    }

    /// The address that an option of four bytes holds.
    #[inline]
    pub fn address(&self, code: u8) -> Option<Ipv4Addr> {
        self.number(code).map(Ipv4Addr::from)
    }

    /// Option 1.
    #[inline]
    pub fn subnet_mask(&self) -> Option<Ipv4Addr> {
        self.address(1)
    }

    /// Option 54.
    #[inline]
    pub fn server_id(&self) -> Option<Ipv4Addr> {
        self.address(54)
    }

    /// Option 51, seconds; all ones means no end.
    #[inline]
    pub fn lease_time(&self) -> Option<u32> {
        self.number(51)
    }

    /// Option 26, bytes.
    pub fn mtu(&self) -> Option<u16> {
        self.data(26)?.as_ref().try_into().ok().map(u16::from_be_bytes)
    }

    /// The first address of option `code`, of those that are looked at, which `is_meant`.
    pub fn first(&self, code: u8, is_meant: impl Fn(Ipv4Addr) -> bool) -> Option<Ipv4Addr> {
        let data = self.data(code)?;
        let addrs = data.as_chunks::<4>().0.iter().take(MAX_LIST);
        addrs.map(|octets| Ipv4Addr::from(*octets)).find(|addr| is_meant(*addr))
    }

    /// True for an OFFER, ACK or NAK.
    pub fn is_answer(&self) -> bool {
        matches!(self.kind(), Some(MessageType::OFFER | MessageType::ACK | MessageType::NAK))
    }

    /// True when option 60 says that the machine boots from the network.
    pub fn is_boot_client(&self) -> bool {
        self.data(60).is_some_and(|class| is_boot_class(&class))
    }

    /// There is a boot file: option 67, else its field.
    pub fn has_boot_file(&self) -> bool {
        let field = || self.outline.overload & 1 == 0 && !field_text(self.packet.file_field()).is_empty();
        self.text(67).is_some() || field()
    }

    /// True for an OFFER or ACK that carries an address.
    pub fn gives(&self) -> bool {
        matches!(self.kind(), Some(MessageType::OFFER | MessageType::ACK)) && !self.yiaddr().is_unspecified()
    }
}

/// True for a vendor class of machines that boot from the network.
pub(super) fn is_boot_class(class: &[u8]) -> bool {
    class.starts_with(b"PXEClient") || class.starts_with(b"HTTPClient")
}

fn text_of(data: Cow<'_, [u8]>) -> Option<Cow<'_, [u8]>> {
    match data {
        Cow::Borrowed(data) => plain_text(data).map(Cow::Borrowed),
        Cow::Owned(data) => plain_text(&data).map(|text| Cow::Owned(text.into())),
    }
}
