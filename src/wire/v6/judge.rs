//! What is wrong with a message as a message: which options it must and must not have, and what their values may be
//! (RFC 9915 §16–§21; RFC 4861 §6.1 for router discovery).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use super::facts::{IaKind, RawIa};
use super::outline::{Level, Outline, Span};
use super::packet::Packet;
use super::types::{CLIENT_PORT, HOP_COUNT_LIMIT, MessageType, SERVER_PORT};
use crate::wire::frame::{Checksum, Datagram};
use crate::wire::nd;
use crate::wire::options::{nd as ndopt, v6 as opt};
use crate::wire::problem::{Code, Problem};

/// Appends what is wrong with `packet`, every message that it relays included.
pub fn judge(packet: &Packet<'_>, outline: &Outline, datagram: &Datagram<'_>, problems: &mut Vec<Problem>) {
    judge_around(packet, datagram, problems);
    // Half a message cannot be judged by what it lacks.
    if datagram.cut || !packet.has_header() {
        return;
    }
    for (number, level) in outline.levels.iter().enumerate() {
        if !level.packet(packet).has_header() {
            continue;
        }
        let mut judge =
            Judge { packet, level: *level, spans: outline.options(number), problems: &mut *problems };
        judge.message();
        if let (Some(outer), MessageType::RELAY_FORW, true) = (
            number.checked_sub(1).and_then(|outer| outline.levels.get(outer)),
            level.kind,
            level.kind.is_relay(),
        ) && let (Some(inner), Some(outer)) =
            (level.packet(packet).hop_count(), outer.packet(packet).hop_count())
            && inner >= outer
        {
            problems.push(Problem::at(Code::HopCountOrder, at(level.start), [inner.into(), outer.into(), 0]));
        }
    }
}

fn judge_around(packet: &Packet<'_>, datagram: &Datagram<'_>, problems: &mut Vec<Problem>) {
    if datagram.quoted {
        return;
    }
    let is_v6 = datagram.ip.is_some_and(|ip| ip.src.is_ipv6());
    if is_v6 && datagram.checksum == Checksum::Absent {
        problems.push(Problem::outer(Code::ChecksumZero, [0; 3]));
    }
    let kind = packet.message_type().unwrap_or_default();
    if let Some(udp) = datagram.udp {
        let usual = |port| matches!(port, CLIENT_PORT | SERVER_PORT);
        if !usual(udp.dst_port) && !kind.is_relay() {
            problems.push(Problem::outer(Code::PortWrong, [udp.dst_port.into(), 0, 0]));
        }
        if !usual(udp.src_port) {
            problems.push(Problem::outer(Code::PortUnusual, [udp.src_port.into(), 0, 0]));
        }
    }
    let to_group = datagram.ip.is_some_and(|ip| matches!(ip.dst, IpAddr::V6(dst) if dst.is_multicast()));
    if to_group && kind.is_from_server() {
        problems.push(Problem::outer(Code::MulticastReply, [0; 3]));
    }
}

/// How often each option comes: looked for where there are few, counted where there may be sixteen thousand.
struct Counts {
    counts: Option<HashMap<u16, (usize, usize)>>,
    /// A bit for each code below 128 that was met: nearly all are such, and come once.
    met: u128,
}

impl Counts {
    /// Options among which looking is as quick as counting, and takes no memory.
    const FEW: usize = 64;

    fn of(spans: &[Span]) -> Self {
        let counts = (spans.len() > Self::FEW).then(|| {
            let mut counts: HashMap<u16, (usize, usize)> = HashMap::new();
            for span in spans {
                let (_, all) = counts.entry(span.code).or_default();
                *all = all.saturating_add(1);
            }
            counts
        });
        Self { counts, met: 0 }
    }

    /// Whether the option at `place` came before, and how often it comes in all. Places must come in order.
    fn meet(&mut self, spans: &[Span], place: usize, code: u16) -> (bool, usize) {
        let bit = 1_u128.checked_shl(code.into()).unwrap_or(0);
        let new = self.met & bit == 0 && bit != 0;
        self.met |= bit;
        match self.counts.as_mut().map(|counts| counts.entry(code).or_default()) {
            Some((met, all)) => {
                let before = *met > 0;
                *met = met.saturating_add(1);
                (before, *all)
            }
            None if new => (false, 1),
            None if spans.iter().take(place).any(|earlier| earlier.code == code) => {
                (true, spans.iter().filter(|other| other.code == code).count())
            }
            None => (false, 1),
        }
    }
}

struct Judge<'a, 'b> {
    packet: &'a Packet<'a>,
    level: Level,
    spans: &'a [Span],
    problems: &'b mut Vec<Problem>,
}

impl Judge<'_, '_> {
    fn message(&mut self) {
        let kind = self.level.kind;
        if kind.name().is_none() {
            self.report(Code::MessageTypeUnknown, at(self.level.start), [kind.0.into(), 0, 0]);
            return;
        }
        if kind.is_relay() {
            self.relay();
        } else {
            self.parties();
        }
        let mut counts = Counts::of(self.spans);
        for (place, span) in self.spans.iter().enumerate().filter(|(_, span)| !span.is_truncated()) {
            let (repeated, times) = counts.meet(self.spans, place, span.code);
            let offset = at(span.offset);
            if repeated && opt::SPACE.by_code(span.code).is_some() && !opt::may_repeat(span.code) {
                self.report(Code::OptionRepeated, offset, [span.code.into(), times, 0]);
            }
            if !has_place(span.code, kind) {
                self.report(Code::OptionMisplaced, offset, [span.code.into(), kind.0.into(), 0]);
            }
            // 56 takes the place of SNTP servers (RFC 5908).
            if opt::is_obsolete(span.code) || span.code == opt::SNTP_SERVERS {
                self.report(Code::ObsoleteOption, offset, [span.code.into(), 0, 0]);
            }
            self.value(span);
        }
    }

    fn relay(&mut self) {
        let message = self.level.packet(self.packet);
        let start = at(self.level.start);
        if !self.has(opt::RELAY_MSG) {
            self.report(Code::RelayMessageMissing, start, [0; 3]);
        }
        let hop_count = message.hop_count().unwrap_or_default();
        if hop_count > HOP_COUNT_LIMIT {
            self.report(Code::HopCountExceeded, start.saturating_add(1), [hop_count.into(), 0, 0]);
        }
        let link = message.link_address().unwrap_or(Ipv6Addr::UNSPECIFIED);
        let nameless = link.is_unspecified() && hop_count == 0 && !self.has(opt::INTERFACE_ID);
        if link.is_unicast_link_local() || link.is_multicast() || nameless {
            self.report(Code::LinkAddressUnusable, start.saturating_add(2), [0; 3]);
        }
    }

    /// Who must and must not be named, and what must be asked for.
    fn parties(&mut self) {
        let kind = self.level.kind;
        let (start, number) = (at(self.level.start), [kind.0.into(), 0, 0]);
        let needs_client = matches!(kind.0, 1..=6 | 8..=10 | 36);
        if needs_client && !self.has(opt::CLIENTID) {
            self.report(Code::ClientIdMissing, start, number);
        }
        if matches!(kind.0, 2 | 3 | 5 | 7..=10) && !self.has(opt::SERVERID) {
            self.report(Code::ServerIdMissing, start, number);
        }
        if matches!(kind.0, 1 | 4 | 6)
            && let Some(span) = self.find(opt::SERVERID)
        {
            self.report(Code::ServerIdUnexpected, at(span.offset), number);
        }
        for span in self.spans {
            let unexpected = match span.code {
                opt::IA_NA | opt::IA_TA => kind == MessageType::INFORMATION_REQUEST,
                opt::IA_PD => {
                    matches!(
                        kind,
                        MessageType::INFORMATION_REQUEST | MessageType::CONFIRM | MessageType::DECLINE
                    )
                }
                _ => false,
            };
            if unexpected {
                self.report(Code::IaUnexpected, at(span.offset), [span.code.into(), kind.0.into(), 0]);
            }
        }
        if kind == MessageType::RECONFIGURE && !self.has(opt::AUTH) {
            self.report(Code::AuthMissing, start, [0; 3]);
        }
        if kind.is_from_client() && !self.has(opt::ELAPSED_TIME) {
            self.report(Code::ElapsedMissing, start, number);
        }
        let wanted = match kind.0 {
            1 | 3 | 5 | 6 => Some(opt::SOL_MAX_RT),
            11 => Some(opt::INF_MAX_RT),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let oro = self.find(opt::ORO).map(|span| span.data(self.packet)).unwrap_or_default();
            if !oro.as_chunks::<2>().0.contains(&wanted.to_be_bytes()) {
                self.report(Code::MaxRtMissing, start, [wanted.into(), 0, 0]);
            }
        }
    }

    fn value(&mut self, span: &Span) {
        let data = span.data(self.packet);
        let offset = span.data_offset().min(span.range().end.saturating_sub(1));
        let number = || data.try_into().ok().map(u32::from_be_bytes);
        let from_server = self.level.kind.is_from_server();
        match span.code {
            opt::CLIENTID | opt::SERVERID | opt::RELAY_ID if !(3..=130).contains(&data.len()) => {
                self.report(Code::DuidLength, offset, [data.len(), 0, 0]);
            }
            opt::ORO => {
                let information = self.level.kind == MessageType::INFORMATION_REQUEST;
                for code in data.as_chunks::<2>().0.iter().map(|code| u16::from_be_bytes(*code)) {
                    let forbidden = matches!(code, 1..=16 | 18..=20 | 25 | 26) || code == 32 && !information;
                    if forbidden {
                        self.report(Code::OroForbidden, offset, [code.into(), 0, 0]);
                    }
                }
            }
            opt::SOL_MAX_RT | opt::INF_MAX_RT => {
                if let Some(value) = number().filter(|value| !(60..=86_400).contains(value)) {
                    self.report(Code::MaxRtRange, offset, [span.code.into(), at(value), 0]);
                }
            }
            opt::INFORMATION_REFRESH_TIME => {
                if let Some(value) = number().filter(|value| *value < 600) {
                    self.report(Code::RefreshTimeSmall, offset, [at(value), 0, 0]);
                }
            }
            opt::STATUS_CODE => self.status(data, offset),
            opt::IA_NA | opt::IA_TA | opt::IA_PD => {
                if let Some(ia) = RawIa::read(span.code, data) {
                    self.ia(&ia, offset, from_server);
                }
            }
            _ => {}
        }
    }

    fn status(&mut self, data: &[u8], offset: usize) {
        if data.len() > 2 && data.last() == Some(&0) {
            self.report(Code::StatusTextNul, offset, [0; 3]);
        }
        if data.starts_with(&[0, 5]) {
            self.report(Code::ObsoleteOption, offset, [opt::STATUS_CODE.into(), 0, 0]);
        }
    }

    fn ia(&mut self, ia: &RawIa<'_>, offset: usize, from_server: bool) {
        let kind = self.level.kind;
        if ia.t1 > 0 && ia.t2 > 0 && ia.t1 > ia.t2 && from_server {
            self.report(Code::T1AfterT2, offset, [at(ia.t1), at(ia.t2), 0]);
        }
        let leases = ia.addresses().map(|lease| (lease.preferred, lease.valid));
        let leases = leases.chain(ia.prefixes().map(|lease| (lease.preferred, lease.valid)));
        let mut shortest = u32::MAX;
        for (preferred, valid) in leases {
            if from_server && preferred > valid {
                self.report(Code::LifetimeInverted, offset, [at(preferred), at(valid), 0]);
            }
            if valid > 0 {
                shortest = shortest.min(valid);
            } else if matches!(kind, MessageType::ADVERTISE | MessageType::REPLY) {
                self.report(Code::LifetimeZero, offset, [0; 3]);
            }
        }
        if from_server && ia.t2 != u32::MAX && shortest != u32::MAX && ia.t2 >= shortest {
            self.report(Code::T2AfterValid, offset, [at(ia.t2), at(shortest), 0]);
        }
        if ia.kind == IaKind::Pd {
            for lease in ia.prefixes() {
                if lease.length > 128 {
                    self.report(Code::PrefixLengthInvalid, offset, [lease.length.into(), 0, 0]);
                } else if lease.prefix.to_bits().checked_shl(lease.length.into()).unwrap_or(0) != 0 {
                    self.report(Code::PrefixHostBits, offset, [lease.length.into(), 0, 0]);
                }
            }
        }
    }

    fn find(&self, code: u16) -> Option<&Span> {
        self.spans.iter().find(|span| span.code == code)
    }

    fn has(&self, code: u16) -> bool {
        self.find(code).is_some()
    }

    fn report(&mut self, code: Code, offset: usize, args: [usize; 3]) {
        // What goes wrong a thousand times is told often enough.
        if self.problems.len() < 64 {
            self.problems.push(Problem::at(code, offset, args));
        }
    }
}

/// Whether the table of RFC 9915, appendix B, lets an option stand in a message; other RFCs' options may stand anywhere.
fn has_place(code: u16, kind: MessageType) -> bool {
    let kind = kind.0;
    // The leasequery, failover and registration messages have rules of their own.
    if !(1..=13).contains(&kind) {
        return true;
    }
    let relay = matches!(kind, 12 | 13);
    match code {
        // What is unexpected of these is said as such.
        opt::CLIENTID | opt::SERVERID => !relay,
        opt::IA_NA | opt::IA_TA | opt::IA_PD => !matches!(kind, 10 | 12 | 13),
        opt::IAADDR | opt::IAPREFIX => false,
        opt::ORO => matches!(kind, 1 | 3 | 5 | 6 | 8 | 9 | 11),
        opt::PREFERENCE => kind == 2,
        opt::ELAPSED_TIME => matches!(kind, 1 | 3..=6 | 8 | 9 | 11),
        opt::RELAY_MSG | opt::INTERFACE_ID => relay,
        opt::AUTH => matches!(kind, 7 | 10),
        opt::STATUS_CODE | opt::SOL_MAX_RT => matches!(kind, 2 | 7),
        opt::RAPID_COMMIT => matches!(kind, 1 | 7),
        opt::USER_CLASS | opt::VENDOR_CLASS => matches!(kind, 1..=9 | 11),
        opt::VENDOR_OPTS => kind != 10,
        opt::RECONF_MSG => kind == 10,
        opt::RECONF_ACCEPT => matches!(kind, 1..=3 | 5..=7 | 11),
        opt::INFORMATION_REFRESH_TIME => kind == 7,
        opt::INF_MAX_RT => matches!(kind, 2 | 7),
        _ => true,
    }
}

fn at(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// What makes hosts drop an advertisement whole (RFC 4861 §6.1.2, RFC 6980 §5), in the order in which they look. Of an option that runs
/// over the end the RFC says nothing; nobody reads beyond it.
const UNBELIEVED: [Code; 10] = [
    Code::HopLimitNot255,
    Code::FragmentedDiscovery,
    Code::SourceNotLinkLocal,
    Code::IcmpChecksumBad,
    Code::LengthLies,
    Code::HeaderTruncated,
    Code::IcmpCodeNonzero,
    Code::OptionLengthZero,
    Code::OptionNoLength,
    Code::OptionTruncated,
];

/// Why hosts do not believe an advertisement that has these problems, if they do not.
pub fn disbelieved(problems: &[Problem]) -> Option<&Problem> {
    UNBELIEVED.iter().find_map(|code| problems.iter().find(|problem| problem.code == *code))
}

/// The same of an advertisement as it came: all that is wrong with it, and around it, is looked at.
pub fn disbelief(packet: &nd::Packet<'_>, outline: &nd::Outline, datagram: &Datagram<'_>) -> Option<Problem> {
    let mut problems: Vec<Problem> = datagram.problems().chain(outline.problems.iter().copied()).collect();
    judge_router(packet, outline, datagram, &mut problems);
    disbelieved(&problems).copied()
}

/// Appends what is wrong with a router solicitation or advertisement.
pub fn judge_router(
    packet: &nd::Packet<'_>,
    outline: &nd::Outline,
    datagram: &Datagram<'_>,
    problems: &mut Vec<Problem>,
) {
    let Some(header) = packet.header().filter(|_| !datagram.quoted) else { return };
    if header.code != 0 {
        problems.push(Problem::at(Code::IcmpCodeNonzero, 1, [header.code.into(), 0, 0]));
    }
    let source = datagram.ip.and_then(|ip| match ip.src {
        IpAddr::V6(src) => Some(src),
        IpAddr::V4(_) => None,
    });
    if let Some(ip) = datagram.ip.filter(|ip| ip.ttl != nd::HOP_LIMIT) {
        problems.push(Problem::outer(Code::HopLimitNot255, [ip.ttl.into(), 0, 0]));
    }
    if packet.is_advertisement() {
        if source.is_some_and(|source| !source.is_unicast_link_local()) {
            problems.push(Problem::outer(Code::SourceNotLinkLocal, [0; 3]));
        }
        judge_advertisement(&header, packet, outline, problems);
    } else if source.is_some_and(|source| source.is_unspecified())
        && let Some(span) = outline.find(ndopt::SOURCE_LINK_LAYER_ADDRESS)
    {
        problems.push(Problem::at(Code::SllaFromUnspecified, span.offset, [0; 3]));
    }
}

fn judge_advertisement(
    header: &nd::Header,
    packet: &nd::Packet<'_>,
    outline: &nd::Outline,
    problems: &mut Vec<Problem>,
) {
    let preference = header.flags() >> 3 & 3;
    if preference == 2 {
        problems.push(Problem::at(Code::PreferenceReserved, 5, [0; 3]));
    } else if preference != 0 && header.router_lifetime() == 0 {
        problems.push(Problem::at(Code::PreferenceWithoutLifetime, 5, [0; 3]));
    }
    if header.router_lifetime() > 9000 {
        problems.push(Problem::at(Code::RouterLifetimeLong, 6, [header.router_lifetime().into(), 0, 0]));
    }
    for span in outline.options.iter().filter(|span| !span.is_truncated()).take(64) {
        let at_span = |code, args| Problem::at(code, span.offset, args);
        match (span.code, span.data(packet)) {
            (ndopt::MTU, &[_, _, a, b, c, d]) => {
                let mtu = u32::from_be_bytes([a, b, c, d]);
                if mtu < 1280 {
                    problems.push(at_span(Code::MtuBelow1280, [at(mtu), 0, 0]));
                }
            }
            (ndopt::RECURSIVE_DNS_SERVER, data) if data.len() == 6 => {
                problems.push(at_span(Code::RdnssEmpty, [0; 3]));
            }
            (ndopt::PREFIX_INFORMATION, &[length, flags, a, b, c, d, e, f, g, h, _, _, _, _, p, q, ..])
                if flags & 0x40 != 0 =>
            {
                let valid = u32::from_be_bytes([a, b, c, d]);
                let preferred = u32::from_be_bytes([e, f, g, h]);
                if p == 0xfe && q & 0xc0 == 0x80 {
                    problems.push(at_span(Code::PrefixLinkLocal, [0; 3]));
                } else if preferred > valid {
                    problems.push(at_span(Code::PrefixLifetimesInverted, [at(preferred), at(valid), 0]));
                } else if length != 64 {
                    problems.push(at_span(Code::SlaacPrefixNot64, [length.into(), 0, 0]));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
