//! Router solicitations and advertisements (RFC 4861 §4.1, §4.2): the whole ICMPv6 message, its type first.
//!
//! [`Packet`] is a borrowed view, [`Outline`] its structure, [`Message`] the owned and faithful form, [`Advert`] the facts of an
//! advertisement, read once.

use std::net::Ipv6Addr;

use crate::wire::options::nd as opt;
use crate::wire::options::shapes::preference;
use crate::wire::options::take_name;
use crate::wire::problem::{Code, Problem};

/// ICMPv6 type of a router solicitation.
pub const ROUTER_SOLICITATION: u8 = 133;
/// ICMPv6 type of a router advertisement.
pub const ROUTER_ADVERTISEMENT: u8 = 134;
/// Every router of a link.
pub const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// Every node of a link.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// The hop limit that proves that no router passed the message on.
pub const HOP_LIMIT: u8 = 255;
/// Bytes in front of the options of a solicitation.
pub const SOLICITATION_LEN: usize = 8;
/// Bytes in front of the options of an advertisement.
pub const ADVERTISEMENT_LEN: usize = 16;

/// Bits of an advertisement's flags (RFC 4861 §4.2, RFC 6275 §7.1, RFC 4389 §4.1.3.3).
pub mod flag {
    /// Addresses are given by DHCPv6.
    pub const MANAGED: u8 = 0x80;
    /// Other configuration is given by DHCPv6.
    pub const OTHER: u8 = 0x40;
    /// The router is a home agent.
    pub const HOME_AGENT: u8 = 0x20;
    /// A proxy sent it.
    pub const PROXY: u8 = 0x04;
    /// A stub network's router sent it.
    pub const SNAC: u8 = 0x02;
}

/// The name of a message of this type, `None` for others than the two.
pub fn name_of(kind: u8) -> Option<&'static str> {
    match kind {
        ROUTER_SOLICITATION => Some("router-solicitation"),
        ROUTER_ADVERTISEMENT => Some("router-advertisement"),
        _ => None,
    }
}

/// A message as it lies in memory.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// A view of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// All of it.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The ICMPv6 type.
    pub fn kind(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// True for an advertisement.
    pub fn is_advertisement(&self) -> bool {
        self.kind() == Some(ROUTER_ADVERTISEMENT)
    }

    /// How many bytes stand in front of the options of such a message.
    pub fn header_len(&self) -> usize {
        if self.is_advertisement() { ADVERTISEMENT_LEN } else { SOLICITATION_LEN }
    }

    /// The header, where it is there in full.
    pub fn header(&self) -> Option<Header> {
        let (&[kind, code, high, low, a, b, c, d], rest) = self.bytes.split_first_chunk()?;
        let checksum = u16::from_be_bytes([high, low]);
        let word = u32::from_be_bytes([a, b, c, d]);
        if kind != ROUTER_ADVERTISEMENT {
            return Some(Header { kind, code, checksum, word, reachable_time: 0, retrans_timer: 0 });
        }
        let &[e, f, g, h, i, j, k, l] = rest.first_chunk()?;
        Some(Header {
            kind,
            code,
            checksum,
            word,
            reachable_time: u32::from_be_bytes([e, f, g, h]),
            retrans_timer: u32::from_be_bytes([i, j, k, l]),
        })
    }

    /// Everything behind the header.
    pub fn options(&self) -> &'a [u8] {
        self.bytes.get(self.header_len()..).unwrap_or(&[])
    }
}

/// What stands in front of the options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// ICMPv6 type.
    pub kind: u8,
    /// ICMPv6 code.
    pub code: u8,
    /// The checksum as it stands there.
    pub checksum: u16,
    /// Reserved in a solicitation; hop limit, flags and router lifetime in an advertisement.
    pub word: u32,
    /// Milliseconds, of an advertisement.
    pub reachable_time: u32,
    /// Milliseconds, of an advertisement.
    pub retrans_timer: u32,
}

impl Header {
    /// The hop limit that hosts shall use; 0: unspecified.
    pub fn hop_limit(&self) -> u8 {
        self.word.to_be_bytes()[0]
    }

    /// The flags.
    pub fn flags(&self) -> u8 {
        self.word.to_be_bytes()[1]
    }

    /// Seconds for which this is a default router; 0: it is none.
    pub fn router_lifetime(&self) -> u16 {
        let [_, _, high, low] = self.word.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// Preference among default routers (RFC 4191 §2.2): high, medium, low or reserved.
    pub fn preference(&self) -> &'static str {
        preference(self.flags())
    }
}

/// One option as it lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its type.
    pub code: u8,
    /// Its length in units of eight bytes.
    pub units: u8,
    /// Offset of the type byte from the start of the message.
    pub offset: usize,
    /// Bytes behind type and length that are there.
    pub len: usize,
}

impl Span {
    /// What follows type and length in `packet`.
    pub fn data<'a>(&self, packet: &Packet<'a>) -> &'a [u8] {
        let start = self.data_offset();
        packet.bytes().get(start..start.saturating_add(self.len)).unwrap_or(&[])
    }

    /// Where that begins.
    pub fn data_offset(&self) -> usize {
        self.offset.saturating_add(2)
    }

    /// True when the message ends before the option does.
    pub fn is_truncated(&self) -> bool {
        usize::from(self.units).saturating_mul(8) != self.len.saturating_add(2)
    }
}

/// The structure of one message; keeps its memory from one to the next.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The options in wire order.
    pub options: Vec<Span>,
    /// What is wrong with the structure.
    pub problems: Vec<Problem>,
    /// Where what follows the last option begins; the message's length when nothing does.
    pub trailer: usize,
}

impl Outline {
    /// Reads the structure of `packet`; see the other outlines for `promised` and `cut`.
    pub fn read(&mut self, packet: &Packet<'_>, promised: usize, cut: bool) {
        self.options.clear();
        self.problems.clear();
        let have = packet.bytes().len();
        self.trailer = have;
        let missing = promised > have;
        if missing {
            let (code, args) = if cut {
                (Code::CaptureCut, [have, promised, 0])
            } else {
                (Code::LengthLies, [promised, have, 0])
            };
            self.problems.push(Problem::at(code, have, args));
        }
        let cut = missing && cut;
        if have < packet.header_len() {
            if !cut {
                self.problems.push(Problem::at(Code::HeaderTruncated, 0, [have, packet.header_len(), 0]));
            }
            return;
        }
        let mut rest = packet.options();
        while let &[code, ref behind @ ..] = rest {
            let offset = have.saturating_sub(rest.len());
            let Some((&units, body)) = behind.split_first().filter(|(units, _)| **units != 0) else {
                let code = if behind.is_empty() { Code::OptionNoLength } else { Code::OptionLengthZero };
                if !cut || !behind.is_empty() {
                    self.problems.push(Problem::at(
                        code,
                        offset,
                        [rest.first().copied().unwrap_or(0).into(), 0, 0],
                    ));
                }
                self.trailer = offset;
                return;
            };
            let wanted = usize::from(units).saturating_mul(8).saturating_sub(2);
            let (data, next) = body.split_at_checked(wanted).unwrap_or((body, &[]));
            if data.len() < wanted && !cut {
                let args = [code.into(), wanted.saturating_add(2), data.len().saturating_add(2)];
                self.problems.push(Problem::at(Code::OptionTruncated, offset, args));
            }
            self.options.push(Span { code, units, offset, len: data.len() });
            rest = next;
        }
    }

    /// The first option of this type.
    pub fn find(&self, code: u8) -> Option<&Span> {
        self.options.iter().find(|span| span.code == code)
    }
}

/// An option of a [`Message`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its type.
    pub code: u8,
    /// The length in units of eight bytes as it is written, where that is not the payload's.
    pub declared: Option<u8>,
    /// What follows type and length.
    pub data: Vec<u8>,
}

/// The owned, faithful form: bytes → message → bytes is identity, whatever the bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The header; all bytes are in `trailer` where it is not there in full.
    pub header: Option<Header>,
    /// The options in wire order.
    pub options: Vec<Item>,
    /// Bytes behind the last option that are none.
    pub trailer: Vec<u8>,
}

impl Message {
    /// A solicitation without options; the checksum is left to who sends it.
    pub fn solicitation() -> Self {
        Self { header: Some(Header { kind: ROUTER_SOLICITATION, ..Header::default() }), ..Self::default() }
    }

    /// An advertisement without options.
    pub fn advertisement(hop_limit: u8, flags: u8, router_lifetime: u16) -> Self {
        let [high, low] = router_lifetime.to_be_bytes();
        let word = u32::from_be_bytes([hop_limit, flags, high, low]);
        Self {
            header: Some(Header { kind: ROUTER_ADVERTISEMENT, word, ..Header::default() }),
            ..Self::default()
        }
    }

    /// Adds an option; its payload is filled with zeros to a multiple of eight bytes.
    pub fn add_option(&mut self, code: u8, data: &[u8]) {
        let mut data = data.to_vec();
        let whole = data.len().saturating_add(2).next_multiple_of(8).saturating_sub(2);
        data.resize(whole, 0);
        self.options.push(Item { code, declared: None, data });
    }

    /// Reads a message. Never fails.
    pub fn decode(bytes: &[u8]) -> Self {
        let packet = Packet::new(bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let Some(header) = packet.header() else {
            return Self { trailer: bytes.to_vec(), ..Self::default() };
        };
        let items = outline.options.iter().map(|span| Item {
            code: span.code,
            declared: span.is_truncated().then_some(span.units),
            data: span.data(&packet).to_vec(),
        });
        Self {
            header: Some(header),
            options: items.collect(),
            trailer: bytes.get(outline.trailer..).unwrap_or_default().to_vec(),
        }
    }

    /// The bytes of the message, exactly as its parts say.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(header) = &self.header {
            out.extend([header.kind, header.code]);
            out.extend(header.checksum.to_be_bytes());
            out.extend(header.word.to_be_bytes());
            if header.kind == ROUTER_ADVERTISEMENT {
                out.extend(header.reachable_time.to_be_bytes());
                out.extend(header.retrans_timer.to_be_bytes());
            }
        }
        for item in &self.options {
            let units = item.data.len().saturating_add(2).div_ceil(8);
            out.push(item.code);
            out.push(item.declared.unwrap_or_else(|| u8::try_from(units).unwrap_or(u8::MAX)));
            out.extend(&item.data);
        }
        out.extend(&self.trailer);
        out
    }
}

/// A prefix of an advertisement (option 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnLinkPrefix {
    /// The prefix, as sent.
    pub prefix: Ipv6Addr,
    /// Its length.
    pub length: u8,
    /// L, A, R and P in the highest four bits.
    pub flags: u8,
    /// Valid lifetime, seconds.
    pub valid: u32,
    /// Preferred lifetime, seconds.
    pub preferred: u32,
}

impl OnLinkPrefix {
    /// Its addresses are on the link.
    pub fn is_on_link(&self) -> bool {
        self.flags & 0x80 != 0
    }

    /// Hosts may make addresses of it.
    pub fn is_autonomous(&self) -> bool {
        self.flags & 0x40 != 0
    }

    /// Hosts shall rather ask for a prefix of their own (RFC 9762).
    pub fn is_pd_preferred(&self) -> bool {
        self.flags & 0x10 != 0
    }
}

/// A route of an advertisement (option 24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub prefix: Ipv6Addr,
    /// Length of the prefix.
    pub length: u8,
    /// high, medium, low or reserved.
    pub preference: &'static str,
    /// Seconds.
    pub lifetime: u32,
}

/// The facts of an advertisement. What does not have its length counts as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advert<'a> {
    /// Its header.
    pub header: Header,
    /// Option 1: the sender's hardware address.
    pub source: Option<&'a [u8]>,
    /// Option 5.
    pub mtu: Option<u32>,
    /// Option 3.
    pub prefixes: Vec<OnLinkPrefix>,
    /// Option 24.
    pub routes: Vec<Route>,
    /// Option 25: lifetime in seconds and servers.
    pub dns_servers: Vec<(u32, Vec<Ipv6Addr>)>,
    /// Option 31: lifetime in seconds and domains.
    pub domains: Vec<(u32, Vec<Vec<u8>>)>,
    /// Option 38: prefix, its length, lifetime in seconds.
    pub pref64: Vec<(Ipv6Addr, u8, u16)>,
    /// Option 37.
    pub captive_portal: Option<&'a [u8]>,
    /// Option 7, milliseconds.
    pub interval: Option<u32>,
}

impl<'a> Advert<'a> {
    /// The facts of `packet`; none when it is no advertisement with a whole header.
    pub fn read(packet: &Packet<'a>, outline: &Outline) -> Option<Self> {
        let header = packet.header().filter(|header| header.kind == ROUTER_ADVERTISEMENT)?;
        let mut facts = Self { header, ..Self::default() };
        for span in outline.options.iter().filter(|span| !span.is_truncated()).take(256) {
            facts.option(span.code, span.data(packet));
        }
        Some(facts)
    }

    fn option(&mut self, code: u8, data: &'a [u8]) {
        match (code, data) {
            (opt::SOURCE_LINK_LAYER_ADDRESS, _) => self.source = self.source.or(Some(data)),
            (opt::MTU, &[_, _, a, b, c, d]) => self.mtu = Some(u32::from_be_bytes([a, b, c, d])),
            (opt::ADVERTISEMENT_INTERVAL, &[_, _, a, b, c, d]) => {
                self.interval = Some(u32::from_be_bytes([a, b, c, d]));
            }
            (
                opt::PREFIX_INFORMATION,
                &[length, flags, a, b, c, d, e, f, g, h, _, _, _, _, ref addr @ ..],
            ) if addr.len() == 16 => {
                self.prefixes.push(OnLinkPrefix {
                    prefix: padded(addr),
                    length,
                    flags,
                    valid: u32::from_be_bytes([a, b, c, d]),
                    preferred: u32::from_be_bytes([e, f, g, h]),
                });
            }
            (opt::ROUTE_INFORMATION, &[length @ 0..=128, bits, a, b, c, d, ref addr @ ..]) => {
                let lifetime = u32::from_be_bytes([a, b, c, d]);
                self.routes.push(Route {
                    prefix: padded(addr),
                    length,
                    preference: preference(bits),
                    lifetime,
                });
            }
            (opt::RECURSIVE_DNS_SERVER, &[_, _, a, b, c, d, ref addrs @ ..]) => {
                let servers = addrs.as_chunks::<16>().0.iter().map(|addr| (*addr).into()).collect();
                self.dns_servers.push((u32::from_be_bytes([a, b, c, d]), servers));
            }
            (opt::DNS_SEARCH_LIST, &[_, _, a, b, c, d, ref names @ ..]) => {
                let mut rest = names;
                let domains = std::iter::from_fn(|| take_name(&mut rest)).take_while(|name| name != b".");
                self.domains.push((u32::from_be_bytes([a, b, c, d]), domains.take(64).collect()));
            }
            (opt::PREF64, &[high, low, ref addr @ ..]) if addr.len() == 12 => {
                let field = u16::from_be_bytes([high, low]);
                let lengths = [96, 64, 56, 48, 40, 32];
                if let Some(length) = lengths.get(usize::from(field & 7)) {
                    self.pref64.push((padded(addr), *length, field & 0xfff8));
                }
            }
            (opt::DHCP_CAPTIVE_PORTAL, _) => {
                self.captive_portal = Some(crate::wire::options::text::without_trailing_zeros(data));
            }
            _ => {}
        }
    }
}

fn padded(bytes: &[u8]) -> Ipv6Addr {
    let mut addr = [0; 16];
    for (to, from) in addr.iter_mut().zip(bytes) {
        *to = *from;
    }
    addr.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn advert() -> Message {
        let mut message = Message::advertisement(64, flag::MANAGED | 0x08, 1800);
        message.add_option(opt::SOURCE_LINK_LAYER_ADDRESS, &[2, 0, 0, 0, 0, 1]);
        message.add_option(opt::MTU, &[0, 0, 0, 0, 5, 0x78]);
        message.add_option(opt::DNS_SEARCH_LIST, b"\0\0\0\0\x02\x58\x03lab\0");
        message
    }

    #[test]
    fn facts_of_an_advertisement() {
        let bytes = advert().encode();
        assert_eq!(bytes.len(), 16 + 8 + 8 + 16);
        let packet = Packet::new(&bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let facts = Advert::read(&packet, &outline).unwrap();
        assert_eq!((facts.header.hop_limit(), facts.header.router_lifetime()), (64, 1800));
        assert_eq!((facts.header.preference(), facts.mtu), ("high", Some(1400)));
        assert_eq!(facts.domains, [(600, vec![b"lab".to_vec()])]);
        assert!(outline.problems.is_empty());
    }

    #[test]
    fn damage_is_told() {
        let codes = |bytes: &[u8]| {
            let mut outline = Outline::default();
            outline.read(&Packet::new(bytes), bytes.len(), false);
            outline.problems.iter().map(|problem| problem.code.name()).collect::<Vec<_>>()
        };
        let bytes = advert().encode();
        assert_eq!(codes(&bytes[..40]), ["option-truncated"]);
        assert_eq!(codes(&bytes[..33]), ["option-no-length"]);
        assert_eq!(codes(&bytes[..10]), ["header-truncated"]);
        let mut zero = bytes;
        zero[17] = 0;
        assert_eq!(codes(&zero), ["option-length-zero"]);
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(kind in 132_u8..136, rest in proptest::collection::vec(0_u8..5, 0..90)) {
            let mut bytes = vec![kind];
            bytes.extend(rest);
            for len in 0..=bytes.len() {
                prop_assert_eq!(Message::decode(&bytes[..len]).encode(), &bytes[..len]);
            }
        }
    }
}
