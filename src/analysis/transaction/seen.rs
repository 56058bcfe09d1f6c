//! One message as joining needs it: fixed in size, so that a great many can be kept; texts stand beside it in a batch.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::desk::IDLE;
use super::digest::{Digest, hash32};
use super::names::{Letter, Side};
use super::party::Whose;
use super::seen6::{self, Entry6, Lease, bit6};
use super::six::Name6;
use crate::analysis::findings6::Glance;
use crate::analysis::findings6::story::Heard;
use crate::time::{Precision, Timestamp};
use crate::wire::arp::Arp;
use crate::wire::frame::{Checksum, Complaint, Datagram, Layer, Udp, Vlans};
use crate::wire::problem::Problem;
use crate::wire::v4::{MessageType, Op, Outline, Packet, Said, Span};
use crate::wire::{HwAddr, Mac, v6};

/// Bytes kept of one text, and of the routers of option 3.
const LONGEST: usize = 1024;
const ROUTERS: usize = 64;

/// Bits of [`Seen::bits`]. What is cut or has not its length is there and has no value: it is compared with nothing.
pub mod bit {
    /// Option 61 has a value.
    pub const CLIENT_ID: u32 = 1;
    /// Option 82 is there.
    pub const RELAY_AGENT: u32 = 1 << 1;
    /// Option 1 has a value.
    pub const MASK: u32 = 1 << 2;
    /// Option 3 has a value.
    pub const ROUTERS: u32 = 1 << 3;
    /// Option 3, 121 or 249 is there.
    pub const ROUTES: u32 = 1 << 4;
    /// Option 51 has a value.
    pub const LEASE: u32 = 1 << 5;
    /// Option 54 has a value.
    pub const SERVER_ID: u32 = 1 << 6;
    /// Option 50 is there.
    pub const REQUESTED: u32 = 1 << 7;
    /// Option 55 is there.
    pub const LIST: u32 = 1 << 8;
    /// Option 55 asks for the subnet mask.
    pub const WANTS_MASK: u32 = 1 << 9;
    /// Option 55 asks for routers.
    pub const WANTS_ROUTERS: u32 = 1 << 10;
    /// Option 12 is there.
    pub const HOSTNAME: u32 = 1 << 11;
    /// Option 80 is there (rapid commit).
    pub const RAPID: u32 = 1 << 12;
    /// Option 60 begins with `PXEClient` or `HTTPClient`.
    pub const BOOT: u32 = 1 << 13;
    /// A boot file is named, or boot servers by option 43 of PXE.
    pub const BOOT_FILE: u32 = 1 << 14;
    /// The UDP checksum does not fit.
    pub const CHECKSUM: u32 = 1 << 15;
    /// Option 1 is there.
    pub const MASK_THERE: u32 = 1 << 16;
    /// Nothing of the message is missing.
    pub const COMPLETE: u32 = 1 << 17;
    /// It left this machine, as the capture says.
    pub const OUTBOUND: u32 = 1 << 18;
    /// The link layer's receiver is known.
    pub const LINK_DST: u32 = 1 << 19;
    /// Plain Ethernet (tags allowed), nothing around it.
    pub const ETHERNET: u32 = 1 << 20;
    /// The client's hardware address has six bytes.
    pub const HLEN6: u32 = 1 << 21;
    /// The capture does not tell the time of it.
    pub const TIMELESS: u32 = 1 << 22;
    /// Fewer than 300 bytes.
    pub const SHORT: u32 = 1 << 23;
    /// The IP header is IPv4.
    pub const IPV4: u32 = 1 << 24;
    /// T1 has a value.
    pub const T1: u32 = 1 << 25;
    /// T2 has a value.
    pub const T2: u32 = 1 << 26;
    /// Six digits of a second only.
    pub const MICRO: u32 = 1 << 27;
    /// Option 51 is there.
    pub const LEASE_THERE: u32 = 1 << 28;
    /// The IP header goes to a broadcast or multicast address.
    pub const IP_BROADCAST: u32 = 1 << 29;
    /// Option 50 has a value.
    pub const ASKED: u32 = 1 << 30;
    /// More than two VLANs, of which the outermost and the innermost are kept.
    pub const DEEP: u32 = 1 << 31;
}

/// One message. Addresses are 0.0.0.0 where there are none; `bits` says which options were there.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The frame's number.
    pub frame: u64,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// All options but 82, as one number.
    pub options: u64,
    /// Transaction identifier.
    pub xid: u32,
    /// IP source.
    pub src: Ipv4Addr,
    /// IP destination.
    pub dst: Ipv4Addr,
    /// `ciaddr`.
    pub ciaddr: Ipv4Addr,
    /// `yiaddr`.
    pub yiaddr: Ipv4Addr,
    /// `giaddr`.
    pub giaddr: Ipv4Addr,
    /// Option 54.
    pub server_id: Ipv4Addr,
    /// Option 50.
    pub requested: Ipv4Addr,
    /// Option 1.
    pub mask: Ipv4Addr,
    /// First of option 3.
    pub router: Ipv4Addr,
    /// All of option 3 as one number.
    pub routers: u32,
    /// Option 61 as one number.
    pub client_id: u32,
    /// Option 82 as one number; 0 where it has no value.
    pub relay_agent: u32,
    /// Interface and VLANs as one number.
    pub place: u32,
    /// Option 51.
    pub lease: u32,
    /// Option 58.
    pub t1: u32,
    /// Option 59.
    pub t2: u32,
    /// See [`bit`].
    pub bits: u32,
    /// Link-layer source.
    pub src_mac: Mac,
    /// Link-layer destination.
    pub dst_mac: Mac,
    /// UDP ports, source and destination.
    pub ports: (u16, u16),
    /// `secs`.
    pub secs: u16,
    /// `flags`.
    pub flags: u16,
    /// The outermost VLAN, 0 when untagged, and the innermost.
    pub vlans: (u16, u16),
    /// `hops`.
    pub hops: u8,
    /// What it is.
    pub letter: Letter,
    /// Where it was seen.
    pub side: Side,
    /// A message of a client.
    pub from_client: bool,
}

impl Seen {
    /// True when all of `bits` are set.
    pub fn has(&self, bits: u32) -> bool {
        self.bits & bits == bits
    }

    /// True for an OFFER or ACK with an address.
    pub fn gives(&self) -> bool {
        matches!(self.letter, Letter::Offer | Letter::Ack) && !self.yiaddr.is_unspecified()
    }

    /// The server of a reply: option 54, else the IP source.
    pub fn server(&self) -> Ipv4Addr {
        if self.has(bit::SERVER_ID) { self.server_id } else { self.src }
    }

    /// The prefix length of option 1, where it is contiguous and not 0.
    pub fn prefix(&self) -> Option<u32> {
        let bits = u32::from(self.mask);
        (self.has(bit::MASK) && bits != 0 && bits.leading_ones().saturating_add(bits.trailing_zeros()) >= 32)
            .then(|| bits.leading_ones())
    }

    /// BROADCAST is set.
    pub fn broadcast(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// The link layer's receiver is one station.
    pub fn link_unicast(&self) -> bool {
        self.has(bit::LINK_DST) && !self.dst_mac.is_multicast()
    }

    /// A search for servers by a router or monitor: not one of a machine that needs an address.
    pub fn is_probe(&self) -> bool {
        self.letter == Letter::Discover
            && self.side == Side::Client
            && self.ports.0 == 68
            && self.has(bit::IPV4)
            && !self.src.is_unspecified()
    }
}

/// Something on the segment that is no message and may explain one.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// ARP.
    Arp {
        /// The frame's number.
        frame: u64,
        /// Nanoseconds since 1970.
        time: i64,
        /// The packet.
        arp: Arp,
        /// Interface and VLANs as one number.
        place: u32,
    },
    /// An echo request or its reply.
    Echo {
        /// The frame's number.
        frame: u64,
        /// Nanoseconds since 1970.
        time: i64,
        /// It is the reply.
        reply: bool,
        /// IP source.
        src: Ipv4Addr,
        /// IP destination.
        dst: Ipv4Addr,
        /// Link-layer source.
        mac: Mac,
        /// Interface and VLANs as one number.
        place: u32,
    },
    /// An ICMP error that quotes a client's message to a server.
    Refused {
        /// The frame's number.
        frame: u64,
        /// Nanoseconds since 1970.
        time: i64,
        /// The message's transaction identifier.
        xid: u32,
        /// The message's destination: whose service it was.
        server: Ipv4Addr,
        /// The client.
        client: HwAddr,
        /// Who refuses, and how.
        complaint: Complaint,
    },
}

impl Sign {
    /// When it was seen, nanoseconds since 1970.
    pub fn time(&self) -> i64 {
        let (Self::Arp { time, .. } | Self::Echo { time, .. } | Self::Refused { time, .. }) = self;
        *time
    }
}

/// One thing of a batch, in the order of the capture.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all are messages, and a box costs each of them")]
pub enum Item {
    /// A message, its client, and where its texts and problems lie.
    Message(Entry),
    /// The same of DHCPv6.
    Six(Entry6),
    /// A message of router discovery, by its place among those heard.
    Router(usize),
    /// Something else.
    Sign(Sign),
}

/// A message of a batch.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The message.
    pub seen: Seen,
    /// The client's hardware address.
    pub client: HwAddr,
    /// Texts in the batch's bytes: client identifier, host name, vendor class, options 56 and 3, interface.
    pub texts: [Range<u32>; 6],
    /// All its VLANs, of which eight are known at most.
    pub vlans: ([u16; 8], u8),
    /// What a client looks like that sends a DISCOVER: codes of its options and the values of 55 and 60.
    pub fingerprint: u32,
    /// Its problems in the batch.
    pub problems: Range<u32>,
    /// Option 55 or 6 and others that only text shows are not kept.
    pub selected: bool,
}

/// Messages on their way to being joined. Keeps its memory.
#[derive(Debug, Default)]
pub struct Batch {
    /// What was met.
    pub items: Vec<Item>,
    /// The texts.
    pub bytes: Vec<u8>,
    /// The problems.
    pub problems: Vec<Problem>,
    /// When the first frame of any kind came.
    pub first: Option<i64>,
    /// When the latest frame of any kind came since the last message or sign, that one's included.
    pub last: Option<i64>,
    /// The leases of messages of DHCPv6.
    pub(super) leases: Vec<Lease>,
    /// Messages of DHCPv6 and router discovery.
    pub six: Vec<Heard>,
    /// Messages that are not joined.
    pub unjoined: Unjoined,
    /// As many as were asked for have come.
    pub enough: bool,
}

/// Messages that are not joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unjoined {
    /// Messages of DHCPv6 that no exchange is made of.
    pub dhcpv6: u64,
    /// Router solicitations and advertisements.
    pub discovery: u64,
}

impl Unjoined {
    /// Counts others to these.
    pub fn add(&mut self, other: Self) {
        self.dhcpv6 = self.dhcpv6.saturating_add(other.dhcpv6);
        self.discovery = self.discovery.saturating_add(other.discovery);
    }
}

/// What surrounds a message in its capture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The frame's number.
    pub frame: u64,
    /// When it came.
    pub time: Option<Timestamp>,
    /// Digits of a second that mean something.
    pub precision: Precision,
    /// The interface.
    pub interface: Option<&'a str>,
    /// Its number in the capture.
    pub number: Option<u32>,
    /// It left this machine.
    pub outbound: bool,
    /// A selection wants it.
    pub selected: bool,
}

impl Batch {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
        self.problems.clear();
        self.six.clear();
        self.leases.clear();
        (self.first, self.last, self.unjoined, self.enough) = (None, None, Unjoined::default(), false);
    }

    /// Keeps the first bytes of a text.
    fn text(&mut self, bytes: Option<&[u8]>) -> Range<u32> {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let Some(bytes) = bytes else { return start..start };
        self.bytes.extend_from_slice(bytes.get(..LONGEST).unwrap_or(bytes));
        start..u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// Adds a message. `outline` was read from `packet`, with its problems.
    pub fn message(
        &mut self,
        around: &Around<'_>,
        datagram: &Datagram<'_>,
        (packet, outline): (&Packet<'_>, &Outline),
        problems: &[Problem],
    ) {
        let udp = datagram.udp.unwrap_or_default();
        let said = Said::new(packet, outline);
        if datagram.quoted {
            self.quoted(around, datagram, packet, udp);
            return;
        }
        let Some(letter) = letter(&said, datagram) else { return };
        let (client, id, routers) = (packet.client(), said.data(61), said.data(3));
        let told = (&said, &client, id.as_deref(), routers.as_deref());
        let seen = seen(around, datagram, (packet, outline), told, letter, udp);
        let texts = [
            self.text(id.as_deref().map(|id| id.get(..64).unwrap_or(id))),
            self.text(said.text(12).as_deref()),
            self.text(said.text(60).as_deref()),
            self.text(said.text(56).as_deref()),
            self.text(around.interface.map(str::as_bytes)),
            self.text(routers.as_deref().map(|routers| routers.get(..ROUTERS).unwrap_or(routers))),
        ];
        let problems = kept(&mut self.problems, problems.iter().copied());
        let vlans = vlans(datagram);
        let fingerprint = if letter == Letter::Discover { fingerprint(packet, outline) } else { 0 };
        let entry = Entry { seen, client, texts, vlans, fingerprint, problems, selected: around.selected };
        self.items.push(Item::Message(entry));
    }

    /// Adds a message of DHCPv6. `outline` was read from `packet`.
    pub fn message6(
        &mut self,
        around: &Around<'_>,
        datagram: &Datagram<'_>,
        (packet, outline): (&v6::Packet<'_>, &v6::Outline),
        problems: &[Problem],
    ) {
        let facts = v6::Facts::read(packet, outline);
        let failure = facts.failure();
        let seen = seen6::seen(around, datagram, (packet, outline), &facts, failure);
        let seen = seen.filter(|_| !datagram.quoted);
        if !datagram.quoted {
            let glance = Glance::of(&facts, datagram.udp.map_or(0, |udp| udp.src_port));
            self.heard(around, datagram, problems, glance);
        }
        let Some((mut seen, client, mac)) = seen else {
            self.unjoined.dhcpv6 = self.unjoined.dhcpv6.saturating_add(1);
            return;
        };
        let hostname = seen6::hostname(&facts);
        let texts = seen6::texts(&facts, failure, around.interface, &hostname).map(|text| self.text(text));
        let leases = seen6::leases(&facts, &mut self.leases);
        seen.address = part(&self.leases, &leases).into_iter().flatten().find_map(Lease::named);
        let entry = Entry6 {
            seen,
            client,
            mac,
            texts,
            leases,
            vlans: vlans(datagram),
            problems: kept(&mut self.problems, problems.iter().copied()),
            heard: self.six.len().saturating_sub(1),
            selected: around.selected,
        };
        self.items.push(Item::Six(entry));
    }

    /// Adds a message of router discovery.
    pub fn router(&mut self, around: &Around<'_>, datagram: &Datagram<'_>, problems: &[Problem]) {
        self.unjoined.discovery = self.unjoined.discovery.saturating_add(1);
        if !datagram.quoted {
            self.items.push(Item::Router(self.six.len()));
            self.heard(around, datagram, problems, Glance::default());
        }
    }

    /// Keeps a message for what is told of its link.
    fn heard(&mut self, around: &Around<'_>, datagram: &Datagram<'_>, problems: &[Problem], glance: Glance) {
        self.six.push(Heard {
            frame: around.frame,
            time: around.time.unwrap_or_default().0,
            place: place(around, datagram),
            source: datagram.ip.and_then(|ip| match ip.src {
                IpAddr::V6(source) => Some(source),
                IpAddr::V4(_) => None,
            }),
            mac: datagram.link.and_then(|link| link.src).and_then(|addr| addr.mac()),
            source_port: datagram.udp.map_or(0, |udp| udp.src_port),
            protocol: datagram.protocol,
            bytes: datagram.payload.into(),
            problems: problems.to_vec(),
            tunnelled: datagram.layers.iter().any(|layer| layer == Layer::Teredo),
            selected: around.selected,
            glance,
        });
    }

    fn quoted(&mut self, around: &Around<'_>, datagram: &Datagram<'_>, packet: &Packet<'_>, udp: Udp) {
        if packet.op() != Some(Op::REQUEST) || udp.dst_port != 67 {
            return;
        }
        // A way that is shorter, or too many messages at a time, keep nobody from answering.
        let Some(complaint) = datagram.complaint.filter(|complaint| !matches!(complaint.kind, 4 | 5)) else {
            return;
        };
        let server = v4(datagram.ip.map(|ip| ip.dst));
        let (time, frame) = (around.time.unwrap_or_default().0, around.frame);
        let (xid, client) = (packet.xid().unwrap_or_default().0, packet.client());
        let sign = Sign::Refused { frame, time, xid, server, client, complaint };
        self.items.push(Item::Sign(sign));
    }

    /// A message with its own texts and problems only.
    pub(super) fn alone(&self, entry: &Entry) -> (Entry, Self) {
        let mut own = Self::default();
        let mut kept = entry.clone();
        for text in &mut kept.texts {
            *text = own.text(part(&self.bytes, text));
        }
        kept.problems = self::kept(&mut own.problems, self.problems_of(&entry.problems).iter().copied());
        (kept, own)
    }

    /// The same of DHCPv6.
    pub(super) fn alone6(&self, entry: &Entry6) -> (Entry6, Self) {
        let mut own = Self::default();
        let mut kept = entry.clone();
        for text in &mut kept.texts {
            *text = own.text(part(&self.bytes, text));
        }
        kept.problems = self::kept(&mut own.problems, self.problems_of(&entry.problems).iter().copied());
        kept.leases =
            self::kept(&mut own.leases, part(&self.leases, &entry.leases).into_iter().flatten().copied());
        (kept, own)
    }

    /// A frame of this time has passed; what it told was added to the first `before` items.
    pub fn passed(&mut self, time: Option<Timestamp>, before: usize) {
        let Some(time) = time.map(Timestamp::nanoseconds) else { return };
        self.first = self.first.or(Some(time));
        self.last = Some(if self.items.len() > before { time } else { time.max(self.last.unwrap_or(time)) });
    }

    /// It goes on where another capture ended: what is open there may be answered here.
    pub fn goes_on_from(&self, last: i64) -> bool {
        self.first.is_some_and(|first| (0..=IDLE).contains(&first.saturating_sub(last)))
    }

    /// Its frames come after so many others of the same capture, which were counted for themselves.
    pub fn count_on(&mut self, others: u64) {
        if others == 0 {
            return;
        }
        let on = |frame: &mut u64| *frame = frame.saturating_add(others);
        for item in &mut self.items {
            match item {
                Item::Message(entry) => on(&mut entry.seen.frame),
                Item::Six(entry) => on(&mut entry.seen.frame),
                Item::Router(_) => {}
                Item::Sign(
                    Sign::Arp { frame, .. } | Sign::Echo { frame, .. } | Sign::Refused { frame, .. },
                ) => on(frame),
            }
        }
        self.six.iter_mut().for_each(|heard| on(&mut heard.frame));
    }

    /// When an item came, where the capture tells it.
    pub(super) fn time_of(&self, item: &Item) -> Option<i64> {
        match item {
            Item::Message(entry) => Some(entry.seen.time).filter(|_| !entry.seen.has(bit::TIMELESS)),
            Item::Six(entry) => Some(entry.seen.time).filter(|_| !entry.seen.has(bit6::TIMELESS)),
            Item::Router(place) => self.six.get(*place).map(|heard| heard.time).filter(|time| *time != 0),
            Item::Sign(sign) => Some(sign.time()).filter(|time| *time != 0),
        }
    }

    /// The server that sends a message of DHCPv6.
    pub fn server_of(&self, entry: &Entry6) -> Whose {
        let duid = entry.texts.get(seen6::text::SERVER).and_then(|range| part(&self.bytes, range));
        let ip = entry.seen.src;
        let name =
            duid.filter(|duid| !duid.is_empty()).map_or(Name6::Address(ip), |duid| Name6::Duid(duid.into()));
        Whose::Six(name, ip)
    }

    /// The problems of a message.
    pub(super) fn problems_of(&self, range: &Range<u32>) -> &[Problem] {
        part(&self.problems, range).unwrap_or_default()
    }

    /// Adds what is no message.
    pub fn sign(&mut self, sign: Sign) {
        self.items.push(Item::Sign(sign));
    }
}

/// Appends items; where they lie.
fn kept<T>(all: &mut Vec<T>, items: impl IntoIterator<Item = T>) -> Range<u32> {
    let start = u32::try_from(all.len()).unwrap_or(u32::MAX);
    all.extend(items);
    start..u32::try_from(all.len()).unwrap_or(u32::MAX)
}

/// What lies there.
pub(super) fn part<'a, T>(all: &'a [T], range: &Range<u32>) -> Option<&'a [T]> {
    all.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// The VLANs of a message, the first eight.
fn vlans(datagram: &Datagram<'_>) -> ([u16; 8], u8) {
    let mut vlans = ([0; 8], 0_u8);
    for (to, from) in vlans.0.iter_mut().zip(datagram.vlans.as_slice()) {
        *to = *from;
        vlans.1 = vlans.1.saturating_add(1);
    }
    vlans
}

fn v4(ip: Option<IpAddr>) -> Ipv4Addr {
    match ip {
        Some(IpAddr::V4(ip)) => ip,
        _ => Ipv4Addr::UNSPECIFIED,
    }
}

/// Interface and VLANs as one number.
pub(super) fn place(around: &Around<'_>, datagram: &Datagram<'_>) -> u32 {
    around.place(datagram.interface_index, &datagram.vlans)
}

impl Around<'_> {
    /// Interface and VLANs as one number; `index` is what the frame itself says of its interface. An interface without a name is told
    /// by its number.
    pub fn place(&self, index: Option<u32>, vlans: &Vlans) -> u32 {
        let mut place = Digest::new();
        place.bytes(self.interface.unwrap_or_default().as_bytes());
        let number = self.number.filter(|_| self.interface.is_none());
        // Which of the two it is does not look like a VLAN, nor like the other.
        for (number, mark) in [(number, 1_u64), (index, 2)] {
            if let Some(number) = number {
                place.number((mark << 32) | u64::from(number));
            }
        }
        // VLAN 0 is none: such a tag has a priority only.
        for id in vlans.as_slice().iter().filter(|id| **id != 0) {
            place.number((*id).into());
        }
        place.half()
    }
}

/// What kind of message it is; `None` for one that is cut before its type.
fn letter(said: &Said<'_, '_>, datagram: &Datagram<'_>) -> Option<Letter> {
    let Some(kind) = said.kind() else {
        return match said.op() {
            _ if datagram.cut && !said.complete() => None,
            Op::REQUEST => Some(Letter::BootRequest),
            Op::REPLY => Some(Letter::BootReply),
            _ => None,
        };
    };
    Some(match kind {
        MessageType::DISCOVER => Letter::Discover,
        MessageType::OFFER => Letter::Offer,
        MessageType::REQUEST => Letter::Request,
        MessageType::DECLINE => Letter::Decline,
        MessageType::ACK => Letter::Ack,
        MessageType::NAK => Letter::Nak,
        MessageType::RELEASE => Letter::Release,
        MessageType::INFORM => Letter::Inform,
        MessageType::FORCERENEW => Letter::ForceRenew,
        MessageType::LEASEQUERY => Letter::LeaseQuery,
        MessageType::LEASEUNASSIGNED => Letter::LeaseUnassigned,
        MessageType::LEASEUNKNOWN => Letter::LeaseUnknown,
        MessageType::LEASEACTIVE => Letter::LeaseActive,
        _ => Letter::Other,
    })
}

/// All options but 82 as one number, which is that of their bytes as they would lie without it, or pads, in one field.
fn options(packet: &Packet<'_>, outline: &Outline) -> u64 {
    let mut digest = Digest::new();
    let spans = || outline.options.iter().filter(|span| span.code != 82);
    let count = outline.options.len();
    // It is the last, where it is not missing (RFC 3046 2.1).
    let lie_together =
        outline.is_plain() && outline.place(82).is_none_or(|place| place.saturating_add(1) == count);
    if lie_together {
        let mut ends = spans().map(Span::range);
        let first = ends.next().unwrap_or_default();
        let last = ends.next_back().unwrap_or_else(|| first.clone());
        digest.bytes(packet.bytes().get(first.start..last.end).unwrap_or_default());
    } else {
        let mut bytes = Vec::new();
        for span in spans() {
            let data = span.data(packet);
            bytes.extend([span.code, u8::try_from(data.len()).unwrap_or(u8::MAX)]);
            bytes.extend_from_slice(data);
        }
        digest.bytes(&bytes);
    }
    digest.0
}

/// What a client looks like, as one number.
fn fingerprint(packet: &Packet<'_>, outline: &Outline) -> u32 {
    let mut print = Digest::new();
    let (mut codes, mut count) = (0_u64, 0_u32);
    for span in outline.options.iter().filter(|span| !matches!(span.code, 12 | 50 | 51 | 61)) {
        codes = codes << 8 | u64::from(span.code);
        count = count.wrapping_add(1);
        if count.is_multiple_of(8) {
            print.number(std::mem::take(&mut codes));
        }
        if matches!(span.code, 55 | 60) {
            print.bytes(span.data(packet));
        }
    }
    print.tagged(count, &codes.to_le_bytes());
    print.half()
}

fn seen(
    around: &Around<'_>,
    datagram: &Datagram<'_>,
    (packet, outline): (&Packet<'_>, &Outline),
    (said, client, id, routers): (&Said<'_, '_>, &HwAddr, Option<&[u8]>, Option<&[u8]>),
    letter: Letter,
    udp: Udp,
) -> Seen {
    let from_client = said.op() != Op::REPLY;
    let giaddr = said.giaddr();
    let relayed = !giaddr.is_unspecified();
    let side = if relayed && (from_client || udp.dst_port == 67) { Side::Relay } else { Side::Client };
    let mut bits = 0;
    let mut set = |flag: u32, value: bool| bits |= if value { flag } else { 0 };
    let presence = [
        (bit::RELAY_AGENT, 82),
        (bit::MASK_THERE, 1),
        (bit::LEASE_THERE, 51),
        (bit::REQUESTED, 50),
        (bit::LIST, 55),
        (bit::HOSTNAME, 12),
        (bit::RAPID, 80),
    ];
    for (flag, code) in presence {
        set(flag, said.has(code));
    }
    let link = datagram.link;
    let dst = v4(datagram.ip.map(|ip| ip.dst));
    let router = routers.and_then(<[u8]>::first_chunk).map(|octets: &[u8; 4]| Ipv4Addr::from(*octets));
    let (mask, lease, server_id) = (said.subnet_mask(), said.lease_time(), said.server_id());
    let (requested, t1, t2) = (said.address(50), said.number(58), said.number(59));
    set(bit::CLIENT_ID, id.is_some());
    set(bit::MASK, mask.is_some());
    set(bit::ROUTERS, router.is_some());
    set(bit::LEASE, lease.is_some());
    set(bit::SERVER_ID, server_id.is_some());
    set(bit::ASKED, requested.is_some());
    set(bit::ROUTES, said.has(3) || said.has(121) || said.has(249));
    if let Some(list) = said.data(55) {
        set(bit::WANTS_MASK, list.contains(&1));
        set(bit::WANTS_ROUTERS, list.contains(&3));
    }
    let boots = said.is_boot_client();
    set(bit::BOOT, boots);
    set(bit::BOOT_FILE, said.has_boot_file() || (said.has(43) && boots));
    set(bit::CHECKSUM, datagram.checksum == Checksum::Bad);
    set(bit::COMPLETE, said.complete());
    set(bit::OUTBOUND, around.outbound);
    set(bit::LINK_DST, link.is_some_and(|link| link.dst.is_some_and(|dst| dst.mac().is_some())));
    let plain = |layer: Layer| matches!(layer, Layer::Ethernet | Layer::Vlan | Layer::Ipv4 | Layer::Udp);
    set(bit::ETHERNET, datagram.layers.iter().all(plain) && link.is_some());
    set(bit::HLEN6, client.as_slice().len() == 6);
    set(bit::TIMELESS, around.time.is_none());
    set(bit::MICRO, around.precision == Precision::Micro);
    set(bit::SHORT, datagram.promised < 300);
    set(bit::IPV4, datagram.ip.is_some_and(|ip| ip.src.is_ipv4()));
    set(bit::T1, t1.is_some());
    set(bit::T2, t2.is_some());
    set(bit::IP_BROADCAST, dst.is_broadcast() || dst.is_multicast());
    // VLAN 0 is none: such a tag has a priority only.
    let ids = || datagram.vlans.as_slice().iter().copied().filter(|id| *id != 0);
    set(bit::DEEP, ids().nth(2).is_some());
    let mac = |addr: Option<HwAddr>| addr.and_then(|addr| addr.mac()).unwrap_or_default();
    Seen {
        frame: around.frame,
        time: around.time.unwrap_or_default().0,
        options: options(packet, outline),
        xid: packet.xid().unwrap_or_default().0,
        src: v4(datagram.ip.map(|ip| ip.src)),
        dst,
        ciaddr: said.ciaddr(),
        yiaddr: said.yiaddr(),
        giaddr,
        server_id: server_id.unwrap_or(Ipv4Addr::UNSPECIFIED),
        requested: requested.unwrap_or(Ipv4Addr::UNSPECIFIED),
        mask: mask.unwrap_or(Ipv4Addr::UNSPECIFIED),
        router: router.unwrap_or(Ipv4Addr::UNSPECIFIED),
        routers: routers.map_or(0, hash32),
        client_id: id.map_or(0, hash32),
        relay_agent: said.data(82).map_or(0, |agent| hash32(&agent)),
        place: place(around, datagram),
        lease: lease.unwrap_or(0),
        t1: t1.unwrap_or(0),
        t2: t2.unwrap_or(0),
        bits,
        src_mac: mac(link.and_then(|link| link.src)),
        dst_mac: mac(link.and_then(|link| link.dst)),
        ports: (udp.src_port, udp.dst_port),
        secs: packet.secs().unwrap_or(0),
        flags: packet.flags().unwrap_or(0),
        vlans: (ids().next().unwrap_or(0), ids().next_back().unwrap_or(0)),
        hops: packet.hops().unwrap_or(0),
        letter,
        side,
        from_client,
    }
}
