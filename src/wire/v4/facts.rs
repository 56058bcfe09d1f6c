//! What a message says, read once from its view: the one set of facts that senders, judges of servers and the joining of
//! transactions share.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use super::message::Message;
use super::outline::{OptionArea, Outline, Span};
use super::packet::{Packet, field_text};
use super::said::is_boot_class;
use super::types::{MessageType, Op, Xid};
use crate::wire::HwAddr;
use crate::wire::problem::Code;

/// Most elements that are handed out of one list; longer ones serve nobody.
pub const MAX_LIST: usize = 16;
/// Most bytes that are handed out of one text.
pub const MAX_TEXT: usize = 255;

/// The bytes of an option: borrowed from the message, owned only where it was split (RFC 3396).
pub type Bytes<'a> = Option<Cow<'a, [u8]>>;

/// The facts of one message. Numbers are `None` when the option is missing or does not have its length;
/// [`has`](Self::has) tells the two apart. Addresses of the header are 0.0.0.0 where the message ends before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Request or reply; 0 when there is no byte at all.
    pub op: Op,
    /// Option 53; `None` is BOOTP, or a message cut before it.
    pub kind: Option<MessageType>,
    /// Hardware type of the client.
    pub htype: u8,
    /// Relays passed.
    pub hops: u8,
    /// Transaction identifier.
    pub xid: Xid,
    /// Seconds since the client began.
    pub secs: u16,
    /// The flags; the highest bit is BROADCAST.
    pub flags: u16,
    /// The client's hardware address.
    pub client: HwAddr,
    /// `ciaddr`.
    pub ciaddr: Address,
    /// `yiaddr`.
    pub yiaddr: Address,
    /// `siaddr`.
    pub siaddr: Address,
    /// `giaddr`.
    pub giaddr: Address,
    /// Option 1.
    pub subnet_mask: Option<Ipv4Addr>,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 51, seconds; all ones means no end.
    pub lease_time: Option<u32>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
    /// Option 58 (T1), seconds.
    pub renewal_time: Option<u32>,
    /// Option 59 (T2), seconds.
    pub rebinding_time: Option<u32>,
    /// Option 26, bytes.
    pub mtu: Option<u16>,
    /// Option 3 as it lies there; see [`routers`](Self::routers).
    pub routers: Bytes<'a>,
    /// Option 6 as it lies there; see [`dns_servers`](Self::dns_servers).
    pub dns_servers: Bytes<'a>,
    /// Option 12.
    pub hostname: Bytes<'a>,
    /// Option 15.
    pub domain_name: Bytes<'a>,
    /// Option 33.
    pub static_routes: Bytes<'a>,
    /// Option 43.
    pub vendor_options: Bytes<'a>,
    /// Option 55.
    pub parameter_list: Bytes<'a>,
    /// Option 56.
    pub message: Bytes<'a>,
    /// Option 60.
    pub vendor_class: Bytes<'a>,
    /// Option 61.
    pub client_id: Bytes<'a>,
    /// Option 66.
    pub tftp_server: Bytes<'a>,
    /// Option 67.
    pub boot_file: Bytes<'a>,
    /// Option 82.
    pub relay_agent: Bytes<'a>,
    /// Option 121 (RFC 3442).
    pub routes: Bytes<'a>,
    /// Option 249, the same as Microsoft numbered it.
    pub ms_routes: Bytes<'a>,
    /// Option 252.
    pub wpad: Bytes<'a>,
    /// The `sname` field where it holds no options, up to its first zero.
    pub sname: Bytes<'a>,
    /// The `file` field where it holds no options, up to its first zero.
    pub file: Bytes<'a>,
    /// Which fields carry options (option 52): 1 `file`, 2 `sname`, 3 both.
    pub overload: u8,
    /// Every byte of the message is there and its structure holds, so that what is absent was not sent.
    pub complete: bool,
    present: [u64; 4],
    hidden: [u64; 4],
}

/// An address of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub Ipv4Addr);

impl Default for Address {
    fn default() -> Self {
        Self(Ipv4Addr::UNSPECIFIED)
    }
}

impl Address {
    /// The address, `None` when it is 0.0.0.0.
    pub fn specified(self) -> Option<Ipv4Addr> {
        (!self.0.is_unspecified()).then_some(self.0)
    }

    /// True when it is 0.0.0.0.
    pub fn is_zero(self) -> bool {
        self.0.is_unspecified()
    }
}

impl<'a> Facts<'a> {
    /// The facts of `packet`, of which `outline` was read.
    pub fn read(packet: &Packet<'a>, outline: &Outline) -> Self {
        let address = |addr: Option<Ipv4Addr>| addr.map(Address).unwrap_or_default();
        let mut facts = Self {
            op: packet.op().unwrap_or_default(),
            kind: outline.message_type,
            htype: packet.htype().unwrap_or(0),
            hops: packet.hops().unwrap_or(0),
            xid: packet.xid().unwrap_or_default(),
            secs: packet.secs().unwrap_or(0),
            flags: packet.flags().unwrap_or(0),
            client: packet.client(),
            ciaddr: address(packet.ciaddr()),
            yiaddr: address(packet.yiaddr()),
            siaddr: address(packet.siaddr()),
            giaddr: address(packet.giaddr()),
            overload: outline.overload,
            complete: !outline.problems.iter().any(|problem| breaks_structure(problem.code)),
            ..Self::default()
        };
        if outline.overload & 1 == 0 {
            facts.file = text_field(packet.file_field());
        }
        if outline.overload & 2 == 0 {
            facts.sname = text_field(packet.sname_field());
        }
        facts.present = outline.codes();
        if outline.is_plain() {
            for span in &outline.options {
                facts.take(span.code, Cow::Borrowed(span.data(packet)));
            }
            return facts;
        }
        for span in &outline.options {
            if span.field != OptionArea::Options {
                set(&mut facts.hidden, span.code);
            }
            // Part of a value would read as another value.
            let repeated = outline.is_repeated(span.code);
            let cut = || outline.same_code(span).any(Span::is_truncated);
            if !span.first || span.is_truncated() || (repeated && cut()) {
                continue;
            }
            let data = if repeated {
                let mut joined = Vec::new();
                outline.joined(packet, span, &mut joined);
                Cow::Owned(joined)
            } else {
                Cow::Borrowed(span.data(packet))
            };
            facts.take(span.code, data);
        }
        facts
    }

    /// The facts of a message that is held as a value.
    pub fn of(message: &Message) -> Facts<'static> {
        let bytes = message.encode();
        let packet = Packet::new(&bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        Facts::read(&packet, &outline).into_owned()
    }

    #[inline]
    fn take(&mut self, code: u8, data: Cow<'a, [u8]>) {
        match code {
            1 => self.subnet_mask = ip(&data),
            3 => self.routers = Some(data),
            6 => self.dns_servers = Some(data),
            12 => self.hostname = Some(data),
            15 => self.domain_name = Some(data),
            26 => self.mtu = data.as_ref().try_into().ok().map(u16::from_be_bytes),
            33 => self.static_routes = Some(data),
            43 => self.vendor_options = Some(data),
            50 => self.requested = ip(&data),
            51 => self.lease_time = number(&data),
            54 => self.server_id = ip(&data),
            55 => self.parameter_list = Some(data),
            56 => self.message = Some(data),
            58 => self.renewal_time = number(&data),
            59 => self.rebinding_time = number(&data),
            60 => self.vendor_class = Some(data),
            61 => self.client_id = Some(data),
            66 => self.tftp_server = Some(data),
            67 => self.boot_file = Some(data),
            82 => self.relay_agent = Some(data),
            121 => self.routes = Some(data),
            249 => self.ms_routes = Some(data),
            252 => self.wpad = Some(data),
            _ => {}
        }
    }

    /// The same without a borrow.
    pub fn into_owned(self) -> Facts<'static> {
        let own = |bytes: Bytes<'a>| bytes.map(|bytes| Cow::Owned(bytes.into_owned()));
        Facts {
            routers: own(self.routers),
            dns_servers: own(self.dns_servers),
            hostname: own(self.hostname),
            domain_name: own(self.domain_name),
            static_routes: own(self.static_routes),
            vendor_options: own(self.vendor_options),
            parameter_list: own(self.parameter_list),
            message: own(self.message),
            vendor_class: own(self.vendor_class),
            client_id: own(self.client_id),
            tftp_server: own(self.tftp_server),
            boot_file: own(self.boot_file),
            relay_agent: own(self.relay_agent),
            routes: own(self.routes),
            ms_routes: own(self.ms_routes),
            wpad: own(self.wpad),
            sname: own(self.sname),
            file: own(self.file),
            ..self
        }
    }

    /// True when the option is there, whatever it holds.
    pub fn has(&self, code: u8) -> bool {
        bit(&self.present, code)
    }

    /// The codes that are there, in ascending order.
    pub fn codes(&self) -> impl Iterator<Item = u8> + '_ {
        (1..255).filter(|code| self.has(*code))
    }

    /// True when the option stands in an overloaded field.
    pub fn is_hidden(&self, code: u8) -> bool {
        bit(&self.hidden, code)
    }

    /// True for an OFFER, ACK or NAK of a server.
    pub fn is_answer(&self) -> bool {
        self.op == Op::REPLY
            && matches!(self.kind, Some(MessageType::OFFER | MessageType::ACK | MessageType::NAK))
    }

    /// True for an OFFER or ACK that carries an address.
    pub fn gives(&self) -> bool {
        self.op == Op::REPLY
            && matches!(self.kind, Some(MessageType::OFFER | MessageType::ACK))
            && !self.yiaddr.is_zero()
    }

    /// The BROADCAST flag.
    pub fn broadcast(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// Number of leading ones of the mask, where it is contiguous and not 0.
    pub fn prefix(&self) -> Option<u8> {
        let bits = u32::from(self.subnet_mask?);
        (bits != 0 && bits.leading_ones().saturating_add(bits.trailing_zeros()) >= 32)
            .then(|| u8::try_from(bits.leading_ones()).unwrap_or(32))
    }

    /// Option 3, most preferred first, at most [`MAX_LIST`].
    pub fn routers(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        addresses(&self.routers)
    }

    /// Option 6, most preferred first, at most [`MAX_LIST`].
    pub fn dns_servers(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        addresses(&self.dns_servers)
    }

    /// True when option 55 asks for `code`.
    pub fn asks_for(&self, code: u8) -> bool {
        self.parameter_list.as_ref().is_some_and(|list| list.contains(&code))
    }

    /// True when option 60 says that the machine boots from the network: `PXEClient` or `HTTPClient`.
    pub fn is_boot_client(&self) -> bool {
        self.vendor_class.as_ref().is_some_and(|class| is_boot_class(class))
    }

    /// The classless routes: option 121, else 249. Ends where the list is malformed.
    pub fn classless_routes(&self) -> Routes<'_> {
        Routes { rest: self.routes.as_ref().or(self.ms_routes.as_ref()).map_or(&[], AsRef::as_ref) }
    }

    /// Routers of the default routes in options 121 and 249, with the option's code. Two routes to half of the address
    /// space each, a common disguise, count too.
    pub fn default_routes(&self) -> impl Iterator<Item = (u8, Ipv4Addr)> + '_ {
        [(121, &self.routes), (249, &self.ms_routes)].into_iter().flat_map(|(code, bytes)| {
            let routes = Routes { rest: bytes.as_ref().map_or(&[], AsRef::as_ref) };
            routes.filter(|route| route.width <= 1).take(MAX_LIST).map(move |route| (code, route.router))
        })
    }

    /// The name of the server that has the boot file: option 66, else its field.
    pub fn server_name(&self) -> Option<&[u8]> {
        text(&self.tftp_server).or_else(|| text(&self.sname))
    }

    /// The boot file: option 67, else its field.
    pub fn boot_file(&self) -> Option<&[u8]> {
        text(&self.boot_file).or_else(|| text(&self.file))
    }
}

/// Text of an option without the zeros behind it, at most [`MAX_TEXT`] bytes; `None` when nothing is left.
pub fn text<'a>(bytes: &'a Bytes<'_>) -> Option<&'a [u8]> {
    plain_text(bytes.as_ref()?)
}

/// The same of bytes.
pub(super) fn plain_text(bytes: &[u8]) -> Option<&[u8]> {
    let len = bytes.iter().rposition(|byte| *byte != 0)?.saturating_add(1);
    bytes.get(..len.min(MAX_TEXT))
}

/// One classless static route (RFC 3442).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Bits of the destination's prefix, 0 to 32.
    pub width: u8,
    /// The destination.
    pub destination: Ipv4Addr,
    /// The router, 0.0.0.0 for one on the link itself.
    pub router: Ipv4Addr,
}

/// The routes of options 121 and 249.
#[derive(Clone, Debug)]
pub struct Routes<'a> {
    rest: &'a [u8],
}

impl<'a> Routes<'a> {
    /// The routes in the payload of either option.
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    /// True when everything up to the end was a route.
    pub fn is_exhausted(&self) -> bool {
        self.rest.is_empty()
    }
}

impl Iterator for Routes<'_> {
    type Item = Route;

    fn next(&mut self) -> Option<Route> {
        let (&width, tail) = self.rest.split_first().filter(|(width, _)| **width <= 32)?;
        let (significant, tail) = tail.split_at_checked(usize::from(width.div_ceil(8)))?;
        let (router, tail) = tail.split_first_chunk::<4>()?;
        let mut destination = [0; 4];
        for (to, from) in destination.iter_mut().zip(significant) {
            *to = *from;
        }
        self.rest = tail;
        Some(Route { width, destination: destination.into(), router: (*router).into() })
    }
}

/// True for the problems after which an absent option says nothing.
pub(super) fn breaks_structure(code: Code) -> bool {
    matches!(
        code,
        Code::CaptureCut
            | Code::HeaderTruncated
            | Code::OptionTruncated
            | Code::OptionNoLength
            | Code::LengthLies
            | Code::CookieMissing
            | Code::CookieTruncated
    )
}

fn text_field(field: &[u8]) -> Bytes<'_> {
    let text = field_text(field);
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

fn ip(data: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(data).ok().map(Ipv4Addr::from)
}

fn number(data: &[u8]) -> Option<u32> {
    data.try_into().ok().map(u32::from_be_bytes)
}

fn addresses<'a>(bytes: &'a Bytes<'_>) -> impl Iterator<Item = Ipv4Addr> + 'a {
    let (whole, _) = bytes.as_ref().map_or(&[][..], AsRef::as_ref).as_chunks::<4>();
    whole.iter().take(MAX_LIST).map(|octets| Ipv4Addr::from(*octets))
}

fn set(bits: &mut [u64; 4], code: u8) {
    if let Some(word) = bits.get_mut(usize::from(code >> 6)) {
        *word |= 1 << (code & 63);
    }
}

fn bit(bits: &[u64; 4], code: u8) -> bool {
    bits.get(usize::from(code >> 6)).is_some_and(|word| word >> (code & 63) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Mac;

    fn offer() -> Message {
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        let mut offer = Message::reply(MessageType::OFFER, &request);
        offer.yiaddr = [10, 0, 0, 50].into();
        offer.set_option(54, &[10, 0, 0, 1]);
        offer.set_option(51, &3600_u32.to_be_bytes());
        offer.set_option(3, &[10, 0, 0, 1, 10, 0, 0, 2]);
        offer.set_option(15, b"lab\0");
        offer
    }

    #[test]
    fn facts_of_an_offer() {
        let facts = Facts::of(&offer());
        assert!(facts.is_answer() && facts.gives() && facts.complete);
        assert_eq!(facts.yiaddr.specified(), Some([10, 0, 0, 50].into()));
        assert_eq!((facts.giaddr.specified(), facts.server_id), (None, Some([10, 0, 0, 1].into())));
        assert_eq!((facts.lease_time, facts.renewal_time), (Some(3600), None));
        assert_eq!(facts.routers().count(), 2);
        assert_eq!(text(&facts.domain_name), Some(&b"lab"[..]));
        assert!(facts.codes().eq([3, 15, 51, 53, 54]));
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac::ZERO);
        assert!(!Facts::of(&request).is_answer());
    }

    /// Holds what a message says as a value against what its bytes say.
    fn assert_read_alike(bytes: &[u8]) {
        let message = Message::decode(bytes);
        let facts = Facts::of(&message);
        assert_eq!((message.message_type(), message.overload()), (facts.kind, facts.overload));
        for (code, address) in [(1, facts.subnet_mask), (50, facts.requested), (54, facts.server_id)] {
            assert_eq!(message.ip_option(code), address, "option {code}");
        }
        assert_eq!(message.u32_option(51), facts.lease_time);
        let held = [(3, &facts.routers), (12, &facts.hostname), (66, &facts.tftp_server)];
        for (code, bytes) in held {
            assert_eq!(message.option(code).as_deref(), bytes.as_deref(), "option {code}");
        }
    }

    #[test]
    fn what_is_not_whole_says_the_same_as_a_value() {
        let read = |options: &[u8], file: &[u8]| {
            let mut message = Message::new(Op::REPLY);
            message.file[..file.len()].copy_from_slice(file);
            let mut bytes = message.encode();
            bytes.truncate(240);
            bytes.extend(options);
            assert_read_alike(&bytes);
            Message::decode(&bytes)
        };
        // Cut short behind a whole one, before a whole one, and as the length of all.
        assert_eq!(read(&[12, 1, b'a', 12, 5, b'b'], &[]).option(12), None);
        assert_eq!(read(&[52, 1, 1, 12, 5, b'a'], &[12, 1, b'f', 255]).option(12), None);
        assert_eq!(read(&[12, 1, b'a', 52, 1, 1, 255], &[12, 200]).option(12), None);
        assert_eq!(read(&[12, 1, b'a', 52, 2, 1], &[12, 1, b'f', 255]).option(12), Some(b"a".to_vec()));
        // The first of several decides.
        assert_eq!(read(&[52, 1, 2, 52, 1, 1, 255], &[12, 1, b'f', 255]).overload(), 2);
        assert_eq!(read(&[52, 1, 9, 52, 1, 1, 255], &[12, 1, b'f', 255]).option(12), None);
        assert_eq!(read(&[53, 1, 2, 53, 1, 5, 255], &[]).message_type(), Some(MessageType::OFFER));
        assert_eq!(read(&[53, 2, 2], &[]).message_type(), None);
    }

    /// Bytes that are options more often than not.
    fn options(length: usize) -> impl Strategy<Value = Vec<u8>> {
        let code = proptest::sample::select(&[0_u8, 1, 3, 12, 50, 51, 52, 53, 54, 66, 255][..]);
        let piece =
            (code, 0..6_u8, proptest::collection::vec(0..8_u8, 0..5)).prop_map(|(code, length, data)| {
                // A length that is mostly right.
                let length = if length == 5 { 7 } else { u8::try_from(data.len()).unwrap() };
                [&[code, length][..], &data].concat()
            });
        proptest::collection::vec(piece, 0..12).prop_map(move |pieces| {
            let mut bytes = pieces.concat();
            bytes.truncate(length);
            bytes
        })
    }

    proptest! {
        #[test]
        fn bytes_and_value_say_the_same(own in options(90), file in options(128), sname in options(64)) {
            let mut message = Message::new(Op::REPLY);
            message.file[..file.len()].copy_from_slice(&file);
            message.sname[..sname.len()].copy_from_slice(&sname);
            let mut bytes = message.encode();
            bytes.truncate(240);
            bytes.extend(own);
            assert_read_alike(&bytes);
        }

        #[test]
        fn any_bytes_and_their_value_say_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            assert_read_alike(&bytes);
        }
    }

    #[test]
    fn what_has_the_wrong_length_is_there_but_says_nothing() {
        let mut offer = offer();
        offer.set_option(51, &[1, 2, 3]);
        let facts = Facts::of(&offer);
        assert!(facts.has(51) && facts.lease_time.is_none() && facts.complete);
        assert!(!facts.has(58));
    }

    #[test]
    fn options_in_overloaded_fields_count_and_are_told_apart() {
        let mut offer = offer();
        offer.set_option(52, &[1]);
        offer.file[..7].copy_from_slice(&[6, 4, 10, 0, 0, 9, 255]);
        let facts = Facts::of(&offer);
        assert!(facts.dns_servers().eq([Ipv4Addr::new(10, 0, 0, 9)]));
        assert!(facts.is_hidden(6) && !facts.is_hidden(3));
        assert_eq!((facts.file.as_deref(), facts.overload), (None, 1));
    }

    #[test]
    fn a_split_option_is_one_and_every_prefix_is_readable() {
        let mut offer = offer();
        offer.set_option(121, &[24, 10, 1, 2, 10, 0, 0, 1, 0, 10, 0, 0, 9].repeat(40));
        let bytes = offer.encode();
        let facts = Facts::of(&offer);
        assert_eq!(facts.routes.as_ref().map(|bytes| bytes.len()), Some(520));
        assert_eq!(facts.classless_routes().count(), 80);
        assert_eq!(facts.default_routes().count(), MAX_LIST);
        let mut outline = Outline::default();
        for len in 0..bytes.len() {
            let packet = Packet::new(&bytes[..len]);
            outline.read(&packet, bytes.len(), true);
            assert!(!Facts::read(&packet, &outline).complete, "{len} bytes");
        }
    }

    #[test]
    fn default_routes_are_found_among_others_and_in_halves() {
        let find = |data: &[u8]| -> Vec<u8> {
            let facts = Facts { routes: Some(data.into()), ..Facts::default() };
            facts.default_routes().map(|(_, ip)| ip.octets()[3]).collect()
        };
        assert_eq!(find(&[0, 10, 0, 0, 9]), [9]);
        assert_eq!(find(&[24, 10, 1, 2, 10, 0, 0, 1, 0, 10, 0, 0, 9]), [9]);
        assert_eq!(find(&[1, 0, 10, 0, 0, 7, 1, 128, 10, 0, 0, 8]), [7, 8]);
        assert!(find(&[8, 10, 10, 0, 0, 1]).is_empty());
        for len in 0..5 {
            assert!(find(&[0, 10, 0, 0, 9][..len]).is_empty(), "{len} bytes");
        }
    }

    #[test]
    fn a_mask_with_holes_has_no_prefix() {
        let prefix = |mask: [u8; 4]| Facts { subnet_mask: Some(mask.into()), ..Facts::default() }.prefix();
        assert_eq!(prefix([255, 255, 255, 0]), Some(24));
        assert_eq!(prefix([255, 255, 255, 255]), Some(32));
        assert_eq!(prefix([0, 0, 0, 0]), None);
        assert_eq!(prefix([255, 0, 255, 0]), None);
        assert_eq!(Facts::default().prefix(), None);
    }

    #[test]
    fn texts_lose_their_padding() {
        assert_eq!(text(&Some(b"lab\0\0"[..].into())), Some(&b"lab"[..]));
        assert_eq!(text(&Some([0; 9][..].into())), None);
        assert_eq!(text(&Some(vec![b'a'; 9000].into())).map(<[u8]>::len), Some(MAX_TEXT));
    }
}
