//! One message of DHCPv6 as joining needs it; texts and leases stand beside it in a batch.

use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::Arc;

use super::digest::Digest;
use super::message::Sense;
use super::names::{Letter, Side};
use super::seen::{Around, place};
use crate::time::Precision;
use crate::wire::frame::Datagram;
use crate::wire::problem::Code;
use crate::wire::v6::facts::{IaKind, Status, names};
use crate::wire::v6::usable::{is_success, is_usable};
use crate::wire::v6::{Facts, MessageType, Outline, Packet, StatusCode};
use crate::wire::{HwAddr, Mac};

/// Bits of [`Seen6::bits`].
pub mod bit6 {
    /// Rapid commit.
    pub const RAPID: u16 = 1;
    /// An IA that a client can use is in it.
    pub const USABLE: u16 = 1 << 1;
    /// It has IAs.
    pub const IAS: u16 = 1 << 2;
    /// The message itself has a status that is no success.
    pub const REFUSED: u16 = 1 << 3;
    /// Some status in it is no success.
    pub const FAILED: u16 = 1 << 4;
    /// It left this machine, as the capture says.
    pub const OUTBOUND: u16 = 1 << 5;
    /// The link layer's receiver is known.
    pub const LINK_DST: u16 = 1 << 6;
    /// The capture does not tell the time of it.
    pub const TIMELESS: u16 = 1 << 7;
    /// Six digits of a second only.
    pub const MICRO: u16 = 1 << 8;
    /// The capture holds a part of it only.
    pub const CUT: u16 = 1 << 9;
}

/// One message.
#[derive(Clone, Debug)]
pub struct Seen6 {
    /// The frame's number.
    pub frame: u64,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// All options of the message itself, as one number.
    pub options: u64,
    /// IP source.
    pub src: Ipv6Addr,
    /// IP destination.
    pub dst: Ipv6Addr,
    /// The relay next to the client: the address of the client's link that it says, else its own.
    pub relay: Option<Ipv6Addr>,
    /// The first address or prefix in it, a prefix with its length.
    pub address: Option<(Ipv6Addr, Option<u8>)>,
    /// Option 2.
    pub server: Option<Arc<[u8]>>,
    /// Transaction identifier, 24 bits.
    pub xid: u32,
    /// Interface and VLANs as one number.
    pub place: u32,
    /// The first status that is no success.
    pub status: Option<StatusCode>,
    /// Option 8, hundredths of a second.
    pub elapsed: Option<u16>,
    /// See [`bit6`].
    pub bits: u16,
    /// Option 7.
    pub preference: Option<u8>,
    /// Link-layer source.
    pub src_mac: Mac,
    /// Link-layer destination.
    pub dst_mac: Mac,
    /// Relays that it passed.
    pub depth: u8,
    /// What it is.
    pub letter: Letter,
    /// What it is to its exchange, once that is known.
    pub sense: Sense,
    /// Where it was seen.
    pub side: Side,
    /// A message of a client.
    pub from_client: bool,
}

impl Seen6 {
    /// True when all of `bits` are set.
    pub fn has(&self, bits: u16) -> bool {
        self.bits & bits == bits
    }
}

/// A lease of an identity association, or one that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What the association is for.
    pub kind: IaKind,
    /// Its identifier.
    pub iaid: u32,
    /// T1, seconds.
    pub t1: u32,
    /// T2, seconds.
    pub t2: u32,
    /// The address, or the prefix with its length; none: the association holds nothing.
    pub what: Option<(Ipv6Addr, u8)>,
    /// Preferred lifetime, seconds.
    pub preferred: u32,
    /// Valid lifetime, seconds.
    pub valid: u32,
    /// Status of the lease, else of the association.
    pub status: Option<StatusCode>,
    /// A client may keep something of the association.
    pub usable: bool,
}

impl Lease {
    /// The address, or the prefix with its length. What only says that anything will do names nothing.
    pub(super) fn named(&self) -> Option<(Ipv6Addr, Option<u8>)> {
        let (address, length) = self.what.filter(|what| *what != (Ipv6Addr::UNSPECIFIED, 0))?;
        Some((address, (self.kind == IaKind::Pd).then_some(length)))
    }
}

/// Texts of an entry: their places in [`Entry6::texts`].
pub(super) mod text {
    /// The client's DUID.
    pub(in super::super) const CLIENT: usize = 0;
    /// The server's DUID.
    pub(in super::super) const SERVER: usize = 1;
    /// The client's name.
    pub(in super::super) const HOSTNAME: usize = 2;
    /// Its vendor class.
    pub(in super::super) const CLASS: usize = 3;
    /// The text of the first status that is no success.
    pub(in super::super) const REASON: usize = 4;
    /// The interface.
    pub(in super::super) const INTERFACE: usize = 5;
    /// Option 18 of the relay next to the client.
    pub(in super::super) const PORT: usize = 6;
    /// How many there are.
    pub(in super::super) const COUNT: usize = 7;
}

/// A message of DHCPv6 in a batch.
#[derive(Clone, Debug)]
pub struct Entry6 {
    /// The message. Its server is known once it is joined.
    pub seen: Seen6,
    /// The client's address: that of its message, or the peer of the relay next to it.
    pub(super) client: Ipv6Addr,
    /// The client's hardware address, where something tells it.
    pub mac: Option<HwAddr>,
    /// Texts in the batch's bytes.
    pub(super) texts: [Range<u32>; text::COUNT],
    /// Its leases in the batch.
    pub(super) leases: Range<u32>,
    /// All its VLANs, of which eight are known at most.
    pub(super) vlans: ([u16; 8], u8),
    /// Its problems in the batch.
    pub(super) problems: Range<u32>,
    /// The message itself, among those heard.
    pub heard: usize,
    /// A selection wants it.
    pub selected: bool,
}

/// Leases kept of one message.
pub(super) const LEASES: usize = 16;

/// What kind of message it is, where exchanges are made of it, and whether a client sends it.
fn letter(kind: MessageType) -> Option<(Letter, bool)> {
    Some(match kind {
        MessageType::SOLICIT => (Letter::Solicit, true),
        MessageType::ADVERTISE => (Letter::Advertise, false),
        MessageType::REQUEST => (Letter::Request, true),
        MessageType::CONFIRM => (Letter::Confirm, true),
        MessageType::RENEW => (Letter::Renew, true),
        MessageType::REBIND => (Letter::Rebind, true),
        MessageType::REPLY => (Letter::Reply, false),
        MessageType::RELEASE => (Letter::Release, true),
        MessageType::DECLINE => (Letter::Decline, true),
        MessageType::RECONFIGURE => (Letter::Reconfigure, false),
        MessageType::INFORMATION_REQUEST => (Letter::InformationRequest, true),
        MessageType::LEASEQUERY => (Letter::LeaseQuery, true),
        MessageType::LEASEQUERY_REPLY => (Letter::LeaseQueryReply, false),
        MessageType::ADDR_REG_INFORM => (Letter::AddrRegInform, true),
        MessageType::ADDR_REG_REPLY => (Letter::AddrRegReply, false),
        _ => return None,
    })
}

/// Appends the leases of a message, the first of them; where they lie.
pub(super) fn leases(facts: &Facts<'_>, all: &mut Vec<Lease>) -> Range<u32> {
    let start = all.len();
    for ia in &facts.ias {
        let own = ia.status.map(|status| status.code);
        let bare = Lease {
            kind: ia.kind,
            iaid: ia.iaid,
            t1: ia.t1,
            t2: ia.t2,
            what: None,
            preferred: 0,
            valid: 0,
            status: own,
            usable: is_usable(ia),
        };
        if ia.addresses.is_empty() && ia.prefixes.is_empty() {
            all.push(bare);
        }
        for lease in &ia.addresses {
            all.push(Lease {
                what: Some((lease.address, 128)),
                preferred: lease.preferred,
                valid: lease.valid,
                status: lease.status.map(|status| status.code).or(own),
                ..bare
            });
        }
        for lease in &ia.prefixes {
            all.push(Lease {
                what: Some((lease.prefix, lease.length)),
                preferred: lease.preferred,
                valid: lease.valid,
                status: lease.status.map(|status| status.code).or(own),
                ..bare
            });
        }
        if all.len().saturating_sub(start) >= LEASES {
            break;
        }
    }
    all.truncate(start.saturating_add(LEASES));
    let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    at(start)..at(all.len())
}

/// The hardware address of a client: as its message says, else of its frame.
fn hardware(facts: &Facts<'_>, seen: &Seen6, client: Ipv6Addr) -> Option<HwAddr> {
    let frame = || {
        // Beyond a router the frame is the router's.
        let mac = if seen.from_client { seen.src_mac } else { seen.dst_mac };
        let own = seen.side == Side::Client && client.is_unicast_link_local();
        Some(HwAddr::from(mac)).filter(|_| own && mac != Mac::ZERO && !mac.is_multicast())
    };
    facts.hardware().map(HwAddr::from_slice).or_else(frame)
}

/// The texts of a message, by their places.
pub(super) fn texts<'a>(
    facts: &Facts<'a>,
    failure: Option<Status<'a>>,
    interface: Option<&'a str>,
    hostname: &'a [u8],
) -> [Option<&'a [u8]>; text::COUNT] {
    let short = |id: &'a [u8]| id.get(..130).unwrap_or(id);
    let mut texts = [None; text::COUNT];
    let mut put = |place: usize, value: Option<&'a [u8]>| {
        if let Some(text) = texts.get_mut(place) {
            *text = value.filter(|value| !value.is_empty());
        }
    };
    let class = facts.vendor_class.and_then(|data| {
        let (length, class) = data.get(4..)?.split_first_chunk::<2>()?;
        class.get(..usize::from(u16::from_be_bytes(*length))).or(Some(class))
    });
    put(text::CLIENT, facts.client_id.map(short));
    put(text::SERVER, facts.server_id.map(short));
    put(text::HOSTNAME, Some(hostname));
    put(text::CLASS, class);
    put(text::REASON, failure.map(|status| status.text));
    put(text::INTERFACE, interface.map(str::as_bytes));
    put(text::PORT, facts.relays.last().and_then(|relay| relay.interface_id));
    texts
}

/// The client's name, of option 39.
pub(super) fn hostname(facts: &Facts<'_>) -> Vec<u8> {
    facts.fqdn.and_then(|data| names(data.get(1..)?).next()).unwrap_or_default()
}

/// The compact form of a message, and its client's address and hardware address; `None` when no exchange is made of such. `failure`
/// is the first status in it that is no success. Its address is taken from its [`leases`].
pub(super) fn seen(
    around: &Around<'_>,
    datagram: &Datagram<'_>,
    (packet, outline): (&Packet<'_>, &Outline),
    facts: &Facts<'_>,
    failure: Option<Status<'_>>,
) -> Option<(Seen6, Ipv6Addr, Option<HwAddr>)> {
    let (letter, from_client) = letter(facts.kind)?;
    let xid = facts.xid?;
    let address = |of: fn(&crate::wire::frame::Ip) -> std::net::IpAddr| match datagram.ip.as_ref().map(of) {
        Some(std::net::IpAddr::V6(ip)) => ip,
        _ => Ipv6Addr::UNSPECIFIED,
    };
    let (src, dst) = (address(|ip| ip.src), address(|ip| ip.dst));
    let mut options = Digest::new();
    for span in outline.options(outline.innermost()) {
        options.tagged(span.code.into(), span.data(packet));
    }
    let (link_src, link_dst) =
        (datagram.link.and_then(|link| link.src), datagram.link.and_then(|link| link.dst));
    let next = facts.relays.last();
    // A relay that names no link is known by its own address: of the packet, or as the relay behind it says.
    let behind = facts.relays.len().checked_sub(2).and_then(|at| facts.relays.get(at));
    let own = behind.map_or(if from_client { src } else { dst }, |relay| relay.peer);
    let client = next.map_or(if from_client { src } else { dst }, |relay| relay.peer);
    // A switch that relays (RFC 6221) speaks with the client's address, and relays behind it know the link.
    let links = facts.relays.iter().rev().map(|relay| relay.link);
    let relay = links.chain([own]).find(|ip| !ip.is_unspecified() && *ip != client);
    let mut bits = 0;
    let mut set = |flag: u16, value: bool| bits |= if value { flag } else { 0 };
    set(bit6::RAPID, facts.rapid_commit);
    set(bit6::USABLE, facts.ias.iter().any(is_usable));
    set(bit6::IAS, !facts.ias.is_empty());
    set(bit6::REFUSED, !is_success(facts.status.map(|status| status.code)));
    set(bit6::FAILED, failure.is_some());
    set(bit6::OUTBOUND, around.outbound);
    set(bit6::LINK_DST, link_dst.is_some_and(|dst| dst.mac().is_some()));
    set(bit6::TIMELESS, around.time.is_none());
    set(bit6::CUT, outline.problems.iter().any(|problem| problem.code == Code::CaptureCut));
    set(bit6::MICRO, around.precision == Precision::Micro);
    let mac = |addr: Option<HwAddr>| addr.and_then(|addr| addr.mac()).unwrap_or_default();
    let seen = Seen6 {
        frame: around.frame,
        time: around.time.unwrap_or_default().0,
        options: options.0,
        src,
        dst,
        relay: relay.filter(|_| next.is_some()),
        address: None,
        server: None,
        xid,
        place: place(around, datagram),
        status: failure.map(|status| status.code),
        elapsed: facts.elapsed,
        bits,
        preference: facts.preference,
        src_mac: mac(link_src),
        dst_mac: mac(link_dst),
        depth: u8::try_from(facts.relays.len()).unwrap_or(u8::MAX),
        letter,
        sense: Sense::Other,
        side: if facts.relays.is_empty() { Side::Client } else { Side::Relay },
        from_client,
    };
    let mac = hardware(facts, &seen, client);
    Some((seen, client, mac))
}
