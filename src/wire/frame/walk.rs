//! The walk itself: one step per layer, until there is a UDP payload or nothing more to follow.

use super::bytes::{Bytes, be16};
use super::fragments::{Fragments, Outcome, Piece};
use super::ports::{self, PortSet, Ports};
use super::step::{Context, Walked, What};
use super::tunnel::{self, Tunnel};
use super::{
    Beside, Datagram, Ip, Layer, LinkType, Protocol, ip, link, numbers, openflow, plain, switch, udp, wlan,
    wpan,
};

/// Finds the DHCP datagrams in frames. Has memory of its own for IP fragments, bounded to 64 datagrams and 4 MiB;
/// everything else is borrowed from the frame.
///
/// A capture may be walked in parallel: give each worker a walker [without reassembly](Self::without_reassembly), and
/// pass every frame for which it says [`Walked::NeedsReassembly`], in the order of the capture, to one walker that
/// reassembles. That gives what one walker over all frames gives.
#[derive(Clone, Debug)]
pub struct Walker {
    ports: Ports,
    /// The ports of DHCP and of every tunnel.
    open: PortSet,
    /// DHCPv4 is looked for, so that the short way may be taken.
    plain: bool,
    fragments: Option<Box<Fragments>>,
    joined: JoinedFragments,
    /// What stands beside messages is told as well.
    hears: bool,
    beside: Option<Beside>,
}

/// Of which fragmented datagrams the last frame was a part. Their numbers tell them apart and mean nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinedFragments {
    whole: Vec<u64>,
    waits: Option<u64>,
}

impl JoinedFragments {
    /// Those it made whole: several where fragments are carried in fragments, the outer before the inner.
    pub fn whole(&self) -> &[u64] {
        &self.whole
    }

    /// The one that still lacks others.
    pub fn waits(&self) -> Option<u64> {
        self.waits
    }
}

impl Walker {
    /// A walker that puts IP fragments together.
    pub fn new(ports: Ports) -> Self {
        let fragments = Some(Box::default());
        Self { fragments, ..Self::without_reassembly(ports) }
    }

    /// A walker that keeps nothing from one frame to the next.
    pub fn without_reassembly(ports: Ports) -> Self {
        let open = PortSet::new(ports.tunnels().chain(ports.as_slice().iter().copied()));
        Self {
            plain: ports.has(Protocol::Dhcpv4),
            ports,
            open,
            fragments: None,
            joined: JoinedFragments::default(),
            hears: false,
            beside: None,
        }
    }

    /// Calls `found` for each DHCP datagram in `frame`, which was `original_len` bytes long on the wire.
    /// `time_ns` (nanoseconds since any epoch) only ages fragments.
    pub fn walk<F: FnMut(Datagram<'_>)>(
        &mut self,
        link: LinkType,
        frame: &[u8],
        original_len: usize,
        time_ns: i64,
        mut found: F,
    ) -> Walked {
        self.joined.whole.clear();
        self.joined.waits = None;
        if self.hears {
            self.beside = None;
        }
        if self.plain
            && let Some(plain) = plain::split(link, frame)
        {
            found(plain.datagram());
            return Walked::Done;
        }
        if !self.may_matter(link, frame) {
            return Walked::Done;
        }
        let mut context = Context { time_ns, ..Context::default() };
        self.run(What::Link(link), Bytes::new(frame, original_len), &mut context, &mut found)
    }

    /// What the frame that was walked last was a fragment of.
    pub fn joined(&self) -> &JoinedFragments {
        &self.joined
    }

    /// One that tells what stands [beside](Self::beside) messages, which costs a little with every frame.
    #[must_use]
    pub fn hearing(self) -> Self {
        Self { hears: true, ..self }
    }

    /// What the frame that was walked last says beside, where it was worth a walk by one that [hears](Self::hearing) it.
    pub fn beside(&self) -> Option<Beside> {
        self.beside
    }

    /// How many messages came in pieces and were given up, because more came in pieces at a time than are put together.
    pub fn crowded_out(&self) -> u64 {
        self.fragments.as_ref().map_or(0, |fragments| fragments.crowded_out())
    }

    /// A quick look that is never wrong when it says no: false means that [`walk`](Self::walk) would find nothing and
    /// keep nothing. Looks at no more than the Ethernet (or cooked, or raw IP) header, three VLAN tags, the IP header and
    /// the UDP ports; whatever is less common is worth a walk.
    #[inline]
    pub fn may_matter(&self, link: LinkType, frame: &[u8]) -> bool {
        let mut at = match link {
            LinkType::ETHERNET => 12,
            LinkType::LINUX_SLL => 14,
            LinkType::RAW | LinkType::DLT_RAW => return self.ip_may_matter(frame),
            _ => return true,
        };
        for _ in 0..4 {
            let Some(rest) = frame.get(at..) else { return false };
            let Some((ethertype, packet)) = rest.split_first_chunk() else { return false };
            match u16::from_be_bytes(*ethertype) {
                numbers::ETHERTYPE_IPV4 | numbers::ETHERTYPE_IPV6 => return self.ip_may_matter(packet),
                numbers::ETHERTYPE_ARP => return false,
                numbers::ETHERTYPE_VLAN => at = at.wrapping_add(4),
                _ => return true,
            }
        }
        true
    }

    /// A quick look that is never wrong when it says yes: true means that [`walk`](Self::walk) would find exactly one DHCPv4 message,
    /// between ports 67 and 68 of an untagged, unfragmented IPv4 packet on Ethernet, as nearly all DHCP is.
    #[inline]
    pub fn is_plain_dhcp(&self, link: LinkType, frame: &[u8]) -> bool {
        self.plain && plain::split(link, frame).is_some()
    }

    /// The part of [`may_matter`](Self::may_matter) that looks at an IP packet.
    #[inline]
    fn ip_may_matter(&self, packet: &[u8]) -> bool {
        let Some(&first) = packet.first() else { return false };
        let (protocol, fragment, at) = match first >> 4 {
            4 => {
                let Some(head) = packet.first_chunk::<20>() else { return false };
                let fragment = u16::from_be_bytes([head[6], head[7]]) & 0x3fff != 0;
                (head[9], fragment, usize::from(first & 15) << 2)
            }
            6 => {
                let Some(head) = packet.first_chunk::<40>() else { return false };
                (head[6], false, 40)
            }
            _ => return false,
        };
        match protocol {
            numbers::UDP if fragment => true,
            numbers::UDP => match (be16(packet, at), be16(packet, at.wrapping_add(2))) {
                (Some(src), Some(dst)) => self.open.contains(src) || self.open.contains(dst),
                _ => false,
            },
            // Both ports stand in one word.
            numbers::TCP if !fragment => {
                packet.get(at..).and_then(<[u8]>::first_chunk).is_some_and(|ports| openflow::is_on(*ports))
            }
            numbers::ICMP if !fragment => packet.get(at).is_some_and(|kind| ip::is_icmp_error(*kind)),
            numbers::ICMPV6 if !fragment => {
                packet.get(at).is_some_and(|kind| wants_icmpv6(&self.ports, *kind))
            }
            _ => ip::is_followed(protocol),
        }
    }

    /// Walks from `what` on. `found` is a trait object because a walk can start another inside itself.
    fn run(
        &mut self,
        mut what: What,
        mut bytes: Bytes<'_>,
        context: &mut Context,
        found: &mut dyn FnMut(Datagram<'_>),
    ) -> Walked {
        // Every layer is at most two steps, and there is room for a limited number of layers.
        for _ in 0..MAX_STEPS {
            let step = match what {
                What::Link(link) => link::link_type(link, bytes, context),
                What::Ethernet => link::ethernet(bytes, context),
                What::EtherType(ethertype) => link::ethertype(ethertype, bytes, context),
                What::Llc => link::llc(bytes, context),
                What::Ppp => link::ppp(bytes, context),
                What::Mpls => tunnel::mpls(bytes, context),
                What::Wlan { swapped } => wlan::wlan(swapped, bytes, context),
                What::Ip => ip::ip(bytes, context),
                What::Transport(protocol) => match protocol {
                    numbers::ICMPV6 if bytes.u8(0).is_some_and(ip::is_router_discovery) => {
                        self.icmpv6(bytes, context, found);
                        return context.done();
                    }
                    numbers::UDP => match udp::split(bytes, context) {
                        Some(parts) => match self.udp(&parts, context, found) {
                            Some(next) => Some(next),
                            None => return context.done(),
                        },
                        None => None,
                    },
                    _ => ip::transport(protocol, bytes, context),
                },
                What::Fragment(piece) => return self.fragment(&piece, bytes, context, found),
                What::Message(protocol) => {
                    if self.ports.has(protocol) {
                        found(context.datagram(protocol, bytes));
                    }
                    return context.done();
                }
                What::Docsis => switch::docsis(bytes, context),
                What::Lowpan => {
                    return match wpan::unpack(bytes, context) {
                        Some(wpan::Unpacked { what, data, len }) => {
                            self.run(what, Bytes::new(&data, len), context, found)
                        }
                        None => context.done(),
                    };
                }
                What::Concatenated => return self.each(switch::concatenated(bytes), context, found),
                What::OpenFlow => return self.each(openflow::frames(bytes), context, found),
                What::Subframes => return self.each(wlan::subframes(bytes), context, found),
                What::Samples => return self.each(tunnel::samples(bytes), context, found),
            };
            let Some(next) = step else {
                if self.hears {
                    self.beside = self.beside.or_else(|| Beside::of(what, bytes, context));
                }
                return context.done();
            };
            (what, bytes) = next;
        }
        Walked::TooDeep
    }

    /// Hands out a router solicitation or advertisement.
    fn icmpv6(&self, bytes: Bytes<'_>, context: &mut Context, found: &mut dyn FnMut(Datagram<'_>)) {
        let Some(ip) = context.ip.filter(|ip| ip.src.is_ipv6() && self.ports.has(Protocol::Icmpv6)) else {
            return;
        };
        if context.push(Layer::Icmpv6).is_none() {
            return;
        }
        let (checksum, checksum_values) = udp::judge_icmpv6(bytes, &ip, context.rerouted);
        found(Datagram {
            checksum,
            checksum_values,
            promised: bytes.len,
            ..context.datagram(Protocol::Icmpv6, bytes)
        });
    }

    /// Hands out a payload on a DHCP port, or goes on into a tunnel.
    fn udp<'a>(
        &self,
        parts: &udp::Parts<'a>,
        context: &mut Context,
        found: &mut dyn FnMut(Datagram<'_>),
    ) -> Option<(What, Bytes<'a>)> {
        match self.service(parts, context.ip.as_ref())? {
            Service::Tunnel(tunnel) => tunnel::enter(tunnel, parts.body, context),
            Service::Dhcp(protocol) => {
                let body = parts.body;
                // Nobody sent an empty message, and an error that quotes less than the transaction quotes nothing of use.
                if body.len == 0 || context.quoted && body.have.len() < 8 {
                    return None;
                }
                let (checksum, checksum_values) = udp::judge(parts, context.ip.as_ref(), context.rerouted);
                found(Datagram {
                    udp: Some(super::Udp { src_port: parts.src, dst_port: parts.dst }),
                    checksum,
                    checksum_values,
                    promised: parts.promised,
                    ..context.datagram(protocol, body)
                });
                None
            }
        }
    }

    /// Who a datagram is for. Services have the lower numbers, so the lower port decides first.
    fn service(&self, parts: &udp::Parts<'_>, ip: Option<&Ip>) -> Option<Service> {
        let (low, high) = (parts.src.min(parts.dst), parts.src.max(parts.dst));
        let dhcp = |port| {
            let protocol = self.protocol(port, parts, ip);
            let of_other = port == high && udp::is_other_service(low);
            let is_it = if protocol == Protocol::Dhcpv4 {
                // Systems hand out 4011 to the clients of any service, and one of those may send to 67 or 68 from below.
                let doubtful = low == ports::PXE || high == ports::PXE || of_other;
                !doubtful || udp::has_cookie(parts.body.have)
            } else {
                // A message has no mark of its own. DHCPv6 is carried by IPv6; what travels otherwise has both its ports.
                let both = [low, high].iter().all(|port| ports::DHCPV6.contains(port));
                both || ip.is_some_and(|ip| ip.src.is_ipv6())
            };
            is_it.then_some(Service::Dhcp(protocol))
        };
        if let Some(tunnel) = [low, high].iter().find_map(|port| self.ports.tunnel(*port)) {
            return Some(Service::Tunnel(tunnel));
        }
        if self.ports.contains(low) {
            return dhcp(low);
        }
        if let Some(tunnel) = tunnel::on_port(low) {
            return Some(Service::Tunnel(tunnel));
        }
        if self.ports.contains(high) {
            return dhcp(high);
        }
        tunnel::on_port(high).filter(|_| !udp::is_other_service(low)).map(Service::Tunnel)
    }

    /// What is spoken on `port`, one of those that are looked at. A port that was added may be either's.
    fn protocol(&self, port: u16, parts: &udp::Parts<'_>, ip: Option<&Ip>) -> Protocol {
        if ports::DHCPV6.contains(&port) && self.ports.has(Protocol::Dhcpv6) {
            return Protocol::Dhcpv6;
        }
        let six = self.ports.has(Protocol::Dhcpv6) && !Ports::STANDARD.contains(&port);
        let four = self.ports.has(Protocol::Dhcpv4);
        let looks_six = || ip.is_some_and(|ip| ip.src.is_ipv6()) && !udp::has_cookie(parts.body.have);
        if six && (!four || looks_six()) { Protocol::Dhcpv6 } else { Protocol::Dhcpv4 }
    }

    /// Keeps a fragment, and walks on when it completes its datagram.
    fn fragment(
        &mut self,
        piece: &Piece,
        bytes: Bytes<'_>,
        context: &mut Context,
        found: &mut dyn FnMut(Datagram<'_>),
    ) -> Walked {
        let Some(fragments) = &mut self.fragments else { return Walked::NeedsReassembly };
        let ports = || be16(bytes.have, 0).zip(be16(bytes.have, 2));
        let is_other = piece.offset == 0
            && match piece.key.protocol {
                numbers::UDP => {
                    ports().is_some_and(|(src, dst)| !self.open.contains(src) && !self.open.contains(dst))
                }
                numbers::ICMPV6 => bytes.u8(0).is_some_and(|kind| !wants_icmpv6(&self.ports, kind)),
                _ => false,
            };
        if is_other && fragments.ignore(piece.key, context.time_ns) {
            return Walked::Done;
        }
        match fragments.add(piece, bytes.have, context.time_ns) {
            Outcome::Kept { datagram } => {
                self.joined.waits = Some(datagram);
                Walked::Kept
            }
            Outcome::Dropped => Walked::Done,
            Outcome::Whole { datagram, data, overlapped } => {
                self.joined.whole.push(datagram);
                context.overlapped |= overlapped;
                let whole = Bytes::new(&data, data.len());
                self.run(What::Transport(piece.key.protocol), whole, context, found)
            }
        }
    }

    /// Walks several packets of one frame, each with what stood before it.
    fn each<'a>(
        &mut self,
        packets: impl Iterator<Item = (What, Bytes<'a>)>,
        context: &mut Context,
        found: &mut dyn FnMut(Datagram<'_>),
    ) -> Walked {
        // Packets of one frame cannot wait for different frames to come: their fragments stay single.
        context.alone = true;
        let mut walked = Walked::Done;
        for (what, bytes) in packets.take(MAX_PACKETS) {
            match self.run(what, bytes, &mut context.clone(), found) {
                Walked::TooDeep => walked = Walked::TooDeep,
                unread @ Walked::Unread(_) if walked == Walked::Done => walked = unread,
                _ => {}
            }
        }
        walked
    }
}

/// Whether an ICMPv6 message of this type is looked into.
pub(super) fn wants_icmpv6(ports: &Ports, kind: u8) -> bool {
    ip::is_icmpv6_error(kind) || ports.has(Protocol::Icmpv6) && ip::is_router_discovery(kind)
}

/// The most steps of one walk: a layer takes one for itself and one to find out what it is.
const MAX_STEPS: usize = 64;

/// The most packets that are looked at in one frame.
const MAX_PACKETS: usize = 64;

/// Who a UDP datagram is for.
enum Service {
    Dhcp(Protocol),
    Tunnel(Tunnel),
}

#[cfg(test)]
mod tests;
