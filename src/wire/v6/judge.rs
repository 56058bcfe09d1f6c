//! What is wrong with a message as a message: which options it must and must not have, and what their values may be
//! (RFC 9915 §16–§21; RFC 4861 §6.1 for router discovery).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use super::facts::{Ia, IaKind, read_ia};
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
struct Counts(Option<HashMap<u16, (usize, usize)>>);

impl Counts {
    /// Options among which looking is as quick as counting, and takes no memory.
    const FEW: usize = 64;

    fn of(spans: &[Span]) -> Self {
        Self((spans.len() > Self::FEW).then(|| {
            let mut counts: HashMap<u16, (usize, usize)> = HashMap::new();
            for span in spans {
                let (_, all) = counts.entry(span.code).or_default();
                *all = all.saturating_add(1);
            }
            counts
        }))
    }

    /// Whether the option at `place` came before, and how often it comes in all. Places must come in order.
    fn meet(&mut self, spans: &[Span], place: usize, code: u16) -> (bool, usize) {
        match self.0.as_mut().map(|counts| counts.entry(code).or_default()) {
            Some((met, all)) => {
                let before = *met > 0;
                *met = met.saturating_add(1);
                (before, *all)
            }
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
                if let Some(ia) = read_ia(span.code, data) {
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

    fn ia(&mut self, ia: &Ia<'_>, offset: usize, from_server: bool) {
        let kind = self.level.kind;
        if ia.t1 > 0 && ia.t2 > 0 && ia.t1 > ia.t2 && from_server {
            self.report(Code::T1AfterT2, offset, [at(ia.t1), at(ia.t2), 0]);
        }
        let leases = ia.addresses.iter().map(|lease| (lease.preferred, lease.valid));
        let leases = leases.chain(ia.prefixes.iter().map(|lease| (lease.preferred, lease.valid)));
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
            for lease in &ia.prefixes {
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
mod tests {
    use super::super::message::{Message, ia, ia_addr, ia_prefix, oro, status};
    use super::*;
    use crate::wire::frame::{Ip, Protocol, Udp};

    fn codes(bytes: &[u8], change: impl FnOnce(&mut Datagram<'_>)) -> Vec<&'static str> {
        let packet = Packet::new(bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let mut datagram = Datagram {
            protocol: Protocol::Dhcpv6,
            udp: Some(Udp { src_port: 546, dst_port: 547 }),
            checksum: Checksum::Good,
            ip: Some(Ip {
                ttl: 64,
                ..Ip::new(IpAddr::V6("fe80::5".parse().unwrap()), IpAddr::V6("fe80::1".parse().unwrap()))
            }),
            ..Datagram::bare(bytes)
        };
        change(&mut datagram);
        let mut problems = Vec::new();
        judge(&packet, &outline, &datagram, &mut problems);
        problems.iter().map(|problem| problem.code.name()).collect()
    }

    fn solicit() -> Message {
        let mut message = Message::new(MessageType::SOLICIT, 7);
        message.set_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, 0, 0, 5]);
        message.set_option(opt::ELAPSED_TIME, [0, 0]);
        message.set_option(opt::ORO, oro(&[23, 82]));
        message.set_option(opt::IA_NA, ia(5, 0, 0, &[]));
        message
    }

    fn reply(inside: Vec<u8>, code: u16) -> Message {
        let mut message = Message::new(MessageType::REPLY, 7);
        message.set_option(opt::CLIENTID, [0, 3, 0, 1, 5]);
        message.set_option(opt::SERVERID, [0, 3, 0, 1, 1]);
        message.add_option(code, inside);
        message
    }

    /// Each case with the one problem it has, and the same with nothing wrong.
    #[test]
    fn every_rule_has_its_case_and_its_near_miss() {
        let none = |_: &mut Datagram<'_>| {};
        let of = |message: &Message| codes(&message.encode(), none);
        assert_eq!(of(&solicit()), [""; 0]);
        for (code, problem) in [
            (opt::CLIENTID, "client-id-missing"),
            (opt::ELAPSED_TIME, "elapsed-missing"),
            (opt::ORO, "max-rt-missing"),
        ] {
            let mut message = solicit();
            message.remove_option(code);
            assert_eq!(of(&message), [problem]);
        }
        for (code, data, problem) in [
            (opt::SERVERID, vec![0, 3, 0, 1, 1], "server-id-unexpected"),
            (opt::PREFERENCE, vec![255], "option-misplaced"),
            (opt::ELAPSED_TIME, vec![0, 0], "option-repeated"),
            (opt::IA_TA, vec![0; 4], "obsolete-option"),
        ] {
            let mut message = solicit();
            message.add_option(code, data);
            assert_eq!(of(&message), [problem]);
        }
        let mut message = solicit();
        message.set_option(opt::ORO, oro(&[82, 17, 3]));
        assert_eq!(of(&message), ["oro-forbidden"]);
        message.set_option(opt::ORO, oro(&[82, 32]));
        assert_eq!(of(&message), ["oro-forbidden"]);
        message.set_option(opt::ORO, oro(&[82]));
        message.set_option(opt::CLIENTID, [0, 3]);
        assert_eq!(of(&message), ["duid-length"]);
        message.kind = MessageType(99);
        assert_eq!(of(&message), ["message-type-unknown"]);

        let addr: Ipv6Addr = "fd00::5".parse().unwrap();
        let lease = |preferred, valid| ia_addr(addr, preferred, valid, &[]);
        for (t1, t2, preferred, valid, want) in [
            (50, 80, 100, 200, None),
            (0, 0, 100, 200, None),
            (80, 50, 100, 200, Some("t1-after-t2")),
            (50, 80, 300, 200, Some("lifetime-inverted")),
            (50, 200, 100, 200, Some("t2-after-valid")),
            (50, 80, 0, 0, Some("lifetime-zero")),
        ] {
            let message = reply(ia(1, t1, t2, &[lease(preferred, valid)]), opt::IA_NA);
            assert_eq!(of(&message), Vec::from_iter(want), "{t1} {t2} {preferred} {valid}");
        }
        for (prefix, length, want) in [
            ("fd00:0:0:ff00::", 56, None),
            ("fd00:0:0:ff01::", 56, Some("prefix-host-bits")),
            ("fd00::", 129, Some("prefix-length-invalid")),
        ] {
            let inside = ia_prefix(prefix.parse().unwrap(), length, 100, 200, &[]);
            assert_eq!(of(&reply(ia(1, 50, 80, &[inside]), opt::IA_PD)), Vec::from_iter(want), "{prefix}");
        }
        for (code, value, want) in [
            (opt::SOL_MAX_RT, 60, None),
            (opt::SOL_MAX_RT, 59, Some("max-rt-range")),
            (opt::INF_MAX_RT, 86_401, Some("max-rt-range")),
            (opt::INFORMATION_REFRESH_TIME, 600, None),
            (opt::INFORMATION_REFRESH_TIME, 599, Some("refresh-time-small")),
        ] {
            assert_eq!(of(&reply(u32::to_be_bytes(value).to_vec(), code)), Vec::from_iter(want), "{value}");
        }
        assert_eq!(of(&reply(status(0, "ok").data, opt::STATUS_CODE)), [""; 0]);
        assert_eq!(of(&reply(status(0, "ok\0").data, opt::STATUS_CODE)), ["status-text-nul"]);
        assert_eq!(of(&reply(status(5, "").data, opt::STATUS_CODE)), ["obsolete-option"]);

        let mut reconfigure = reply(vec![5], opt::RECONF_MSG);
        reconfigure.kind = MessageType::RECONFIGURE;
        assert_eq!(of(&reconfigure), ["auth-missing"]);
        reconfigure.set_option(opt::AUTH, [0; 11]);
        assert_eq!(of(&reconfigure), [""; 0]);
        let mut inform = solicit();
        inform.kind = MessageType::INFORMATION_REQUEST;
        inform.set_option(opt::ORO, oro(&[32, 83]));
        assert_eq!(of(&inform), ["ia-unexpected"]);
        inform.remove_option(opt::IA_NA);
        assert_eq!(of(&inform), [""; 0]);
    }

    #[test]
    fn relays_are_judged_level_by_level() {
        let link: Ipv6Addr = "fd00::1".parse().unwrap();
        let relay = |hop, link, inner: &[u8]| {
            codes(&Message::relay(MessageType::RELAY_FORW, hop, link, link, inner).encode(), |_| {})
        };
        let inner = solicit().encode();
        assert_eq!(relay(0, link, &inner), [""; 0]);
        assert_eq!(relay(8, link, &inner), [""; 0]);
        assert_eq!(relay(9, link, &inner), ["hop-count-exceeded"]);
        assert_eq!(relay(0, "fe80::1".parse().unwrap(), &inner), ["link-address-unusable"]);
        assert_eq!(relay(0, Ipv6Addr::UNSPECIFIED, &inner), ["link-address-unusable"]);
        assert_eq!(relay(1, Ipv6Addr::UNSPECIFIED, &inner), [""; 0]);
        let once = Message::relay(MessageType::RELAY_FORW, 0, link, link, &inner).encode();
        assert_eq!(relay(1, link, &once), [""; 0]);
        assert_eq!(relay(0, link, &once), ["hop-count-order"]);
        let mut empty = Message::relay(MessageType::RELAY_FORW, 0, link, link, &inner);
        empty.remove_option(opt::RELAY_MSG);
        assert_eq!(codes(&empty.encode(), |_| {}), ["relay-message-missing"]);
    }

    #[test]
    fn what_is_around_counts() {
        let bytes = solicit().encode();
        let port = |src_port, dst_port| move |d: &mut Datagram<'_>| d.udp = Some(Udp { src_port, dst_port });
        assert_eq!(codes(&bytes, port(50_000, 547)), ["port-unusual"]);
        assert_eq!(codes(&bytes, port(546, 50_000)), ["port-unusual"]);
        assert_eq!(codes(&bytes, |d| d.checksum = Checksum::Absent), ["checksum-zero"]);
        let reply = reply(Vec::new(), opt::RAPID_COMMIT).encode();
        let group =
            |d: &mut Datagram<'_>| d.ip.as_mut().unwrap().dst = IpAddr::V6("ff02::1".parse().unwrap());
        assert_eq!(codes(&reply, group), ["multicast-reply"]);
        assert_eq!(codes(&reply, |_| {}), [""; 0]);
        assert_eq!(codes(&bytes, group), [""; 0]);
    }

    #[test]
    fn routers_are_judged() {
        let of = |message: &nd::Message, source: &str, ttl: u8| {
            let bytes = message.encode();
            let packet = nd::Packet::new(&bytes);
            let mut outline = nd::Outline::default();
            outline.read(&packet, bytes.len(), false);
            let ip = Ip { ttl, ..Ip::new(IpAddr::V6(source.parse().unwrap()), IpAddr::V6(nd::ALL_NODES)) };
            let datagram = Datagram { ip: Some(ip), protocol: Protocol::Icmpv6, ..Datagram::bare(&bytes) };
            let mut problems = Vec::new();
            judge_router(&packet, &outline, &datagram, &mut problems);
            problems.iter().map(|problem| problem.code.name()).collect::<Vec<_>>()
        };
        let good = nd::Message::advertisement(64, 0x80, 1800);
        assert_eq!(of(&good, "fe80::1", 255), [""; 0]);
        assert_eq!(of(&good, "fe80::1", 254), ["hop-limit-not-255"]);
        assert_eq!(of(&good, "fd00::1", 255), ["source-not-link-local"]);
        for (flags, lifetime, want) in [
            (0x10, 1800, Some("preference-reserved")),
            (0x08, 1800, None),
            (0x08, 0, Some("preference-without-lifetime")),
            (0, 0, None),
            (0, 9000, None),
            (0, 9001, Some("router-lifetime-long")),
        ] {
            let message = nd::Message::advertisement(64, flags, lifetime);
            assert_eq!(of(&message, "fe80::1", 255), Vec::from_iter(want), "{flags:x} {lifetime}");
        }
        let prefix = |length, flags, valid: u32, preferred: u32, first: [u8; 2]| {
            let mut data = vec![length, flags];
            data.extend(valid.to_be_bytes());
            data.extend(preferred.to_be_bytes());
            data.extend([0; 4]);
            data.extend(first);
            data.extend([0; 14]);
            let mut message = nd::Message::advertisement(64, 0, 1800);
            message.add_option(ndopt::PREFIX_INFORMATION, &data);
            of(&message, "fe80::1", 255)
        };
        assert_eq!(prefix(64, 0xc0, 200, 100, [0xfd, 0]), [""; 0]);
        assert_eq!(prefix(60, 0xc0, 200, 100, [0xfd, 0]), ["slaac-prefix-not-64"]);
        assert_eq!(prefix(60, 0x80, 200, 100, [0xfd, 0]), [""; 0]);
        assert_eq!(prefix(64, 0xc0, 100, 200, [0xfd, 0]), ["prefix-lifetimes-inverted"]);
        assert_eq!(prefix(64, 0xc0, 200, 100, [0xfe, 0x80]), ["prefix-link-local"]);
        let mut message = good.clone();
        message.add_option(ndopt::MTU, &[0, 0, 0, 0, 4, 0xff]);
        message.add_option(ndopt::RECURSIVE_DNS_SERVER, &[0, 0, 0, 0, 0, 1]);
        assert_eq!(of(&message, "fe80::1", 255), ["mtu-below-1280", "rdnss-empty"]);
        let mut solicitation = nd::Message::solicitation();
        solicitation.add_option(ndopt::SOURCE_LINK_LAYER_ADDRESS, &[2, 0, 0, 0, 0, 1]);
        assert_eq!(of(&solicitation, "fe80::1", 255), [""; 0]);
        assert_eq!(of(&solicitation, "::", 255), ["slla-from-unspecified"]);
        solicitation.header.as_mut().unwrap().code = 1;
        assert_eq!(of(&solicitation, "fe80::1", 255), ["icmp-code-nonzero"]);
    }

    #[test]
    fn repeats_are_counted_among_many_options() {
        let bytes = [&[1, 1, 2, 3][..], &[0, 99, 0, 0, 0, 8, 0, 2, 0, 0].repeat(6500)].concat();
        let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
        outline.read(&packet, bytes.len(), false);
        let mut problems = Vec::new();
        judge(&packet, &outline, &Datagram::bare(&bytes), &mut problems);
        let repeated = problems.iter().filter(|problem| problem.code == Code::OptionRepeated);
        let mut told = repeated.map(|problem| problem.args).filter(|args| args[0] == 8).peekable();
        assert!(told.peek().is_some() && told.all(|args| args == [8, 6500, 0]));
    }
}
