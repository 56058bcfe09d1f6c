//! A message judged as a message: what it says, beside how it is made (RFC 2131 tables 3 and 5, §4.1 to 4.4; RFC 2132).

use std::net::{IpAddr, Ipv4Addr};

use super::facts::Facts;
use super::types::{MessageType, Op};
use super::{MIN_LEN, SERVER_PORT};
use crate::wire::addr::Prefix;
use crate::wire::frame::Datagram;
use crate::wire::problem::{Code, Problem};

/// The port of boot servers (PXE 2.1).
const BOOT_PORT: u16 = 4011;

/// Judges the message of `datagram`, whose facts are `facts`, and appends what is wrong. `strict` adds what old and narrow
/// middle boxes may take amiss.
pub fn judge(facts: &Facts<'_>, datagram: &Datagram<'_>, strict: bool, out: &mut Vec<Problem>) {
    if datagram.quoted {
        return;
    }
    let mut say = |code: Code, args: [u32; 3]| {
        out.push(Problem { args, ..Problem::of(code) });
    };
    match facts.op {
        Op::REQUEST => request(facts, datagram, &mut say),
        Op::REPLY => reply(facts, datagram, &mut say),
        _ => {}
    }
    if strict && datagram.promised < MIN_LEN {
        say(Code::MessageShort, [u32::try_from(datagram.promised).unwrap_or(u32::MAX), 0, 0]);
    }
}

fn request(facts: &Facts<'_>, datagram: &Datagram<'_>, say: &mut impl FnMut(Code, [u32; 3])) {
    let kind = facts.kind.map_or(0, |kind| u32::from(kind.0));
    if facts.giaddr.is_zero() && facts.has(82) {
        say(Code::Option82FromClient, [0; 3]);
    }
    let names_server =
        matches!(facts.kind, Some(MessageType::REQUEST | MessageType::RELEASE | MessageType::DECLINE));
    if names_server && facts.server_id.is_some_and(|server| server.is_unspecified()) {
        say(Code::ServerIdZero, [kind, 0, 0]);
    }
    let Some(udp) = datagram.udp.filter(|_| facts.kind == Some(MessageType::REQUEST)) else { return };
    let (holds, selects) = (!facts.ciaddr.is_zero(), facts.has(54));
    if facts.complete && udp.dst_port == SERVER_PORT {
        let which = match (holds, selects, facts.has(50)) {
            (true, true, _) => Some(1),
            (true, _, true) => Some(2),
            (false, _, false) => Some(3),
            _ => None,
        };
        if let Some(which) = which {
            say(Code::RequestFields, [which, 0, 0]);
        }
    }
    if let Some(IpAddr::V4(source)) = datagram.ip.map(|ip| ip.src)
        && holds
        && !selects
        && facts.giaddr.is_zero()
        && udp.src_port != SERVER_PORT
        && !datagram.ip.is_some_and(|ip| is_broadcast(ip.dst))
        && source != facts.ciaddr.0
    {
        say(Code::RenewSourceDiffers, [source.into(), facts.ciaddr.0.into(), 0]);
    }
}

fn reply(facts: &Facts<'_>, datagram: &Datagram<'_>, say: &mut impl FnMut(Code, [u32; 3])) {
    if !facts.is_answer() {
        return;
    }
    let kind = facts.kind.map_or(0, |kind| u32::from(kind.0));
    let offer = facts.kind == Some(MessageType::OFFER);
    if facts.complete && !facts.has(54) {
        say(Code::AnswerNamesNoServer, [kind, 0, 0]);
    }
    if facts.server_id.is_some_and(|server| server.is_unspecified()) {
        say(Code::ServerIdZero, [kind, 0, 0]);
    }
    if offer && facts.complete && facts.yiaddr.is_zero() {
        let ports = datagram.udp.unwrap_or_default();
        let boots = facts.is_boot_client() || ports.src_port == BOOT_PORT || ports.dst_port == BOOT_PORT;
        if !boots && !facts.has(108) {
            say(Code::OfferWithoutAddress, [0; 3]);
        }
    }
    if !facts.gives() {
        return;
    }
    if offer && facts.complete && !facts.has(51) {
        say(Code::LeaseTimeMissing, [kind, 0, 0]);
    }
    if facts.lease_time == Some(0) {
        say(Code::LeaseTimeZero, [0; 3]);
    }
    let (address, prefix) = (facts.yiaddr.0, facts.prefix());
    if let Some(why) = unusable(facts, address, prefix) {
        say(Code::AddressUnusable, [address.into(), why, 0]);
    }
    if let (Some(mask), None) = (facts.subnet_mask, prefix) {
        say(Code::MaskBad, [mask.into(), 0, 0]);
    }
    routing(facts, address, prefix, say);
    let useless = |server: &Ipv4Addr| {
        server.is_unspecified() || server.is_broadcast() || server.is_loopback() || *server == address
    };
    if let Some(server) = facts.dns_servers().find(useless) {
        say(Code::DnsUnusable, [server.into(), 0, 0]);
    }
    timers(facts, say);
    if let Some(mtu) = facts.mtu.filter(|mtu| !(576..=1500).contains(mtu)) {
        say(Code::MtuUnusual, [mtu.into(), 0, 0]);
    }
}

/// Why a client cannot use the address; the numbers of the problem's sentence.
fn unusable(facts: &Facts<'_>, address: Ipv4Addr, prefix: Option<u8>) -> Option<u32> {
    let [first, second, ..] = address.octets();
    let host = prefix.filter(|prefix| *prefix <= 30).map(|prefix| !u32::from(Prefix::mask(prefix)));
    let part = host.map(|host| u32::from(address) & host);
    Some(match (first, second) {
        (0, _) => 0,
        (127, _) => 1,
        (169, 254) => 2,
        (224.., _) => 3,
        _ if part == Some(0) => 4,
        _ if part.is_some() && part == host => 5,
        _ if facts.server_id == Some(address) => 6,
        _ if facts.giaddr.0 == address => 7,
        _ if facts.routers().any(|router| router == address) => 8,
        _ => return None,
    })
}

fn routing(facts: &Facts<'_>, address: Ipv4Addr, prefix: Option<u8>, say: &mut impl FnMut(Code, [u32; 3])) {
    let routed = facts.has(121) || facts.has(249);
    if let (Some(router), Some(prefix)) = (facts.routers().next(), prefix.filter(|prefix| *prefix <= 30)) {
        let mask = u32::from(Prefix::mask(prefix));
        let outside = u32::from(router) & mask != u32::from(address) & mask;
        if outside && !router.is_unspecified() && !routed && !facts.has(33) {
            say(Code::RouterOffSubnet, [router.into(), address.into(), prefix.into()]);
        }
    }
    if !routed || !facts.has(3) {
        return;
    }
    let mut listed = facts.classless_routes();
    let (mut all, mut low, mut high) = (false, false, false);
    for route in listed.by_ref() {
        all |= route.width == 0;
        low |= route.width == 1 && u32::from(route.destination) == 0;
        high |= route.width == 1 && u32::from(route.destination) == 1 << 31;
    }
    if listed.is_exhausted() && !all && !(low && high) {
        say(Code::RoutesWithoutDefault, [if facts.has(121) { 121 } else { 249 }, 0, 0]);
    }
}

fn timers(facts: &Facts<'_>, say: &mut impl FnMut(Code, [u32; 3])) {
    let (t1, t2, lease) = (facts.renewal_time, facts.rebinding_time, facts.lease_time);
    if matches!(lease, Some(0 | u32::MAX)) {
        return;
    }
    let reaches = |timer: Option<u32>, limit: Option<u32>| {
        timer.zip(limit).is_some_and(|(timer, limit)| timer >= limit)
    };
    if t1 == Some(0) || reaches(t1, lease) || reaches(t2, lease) || reaches(t1, t2) {
        let shown = |timer: Option<u32>| timer.unwrap_or(u32::MAX);
        say(Code::TimersDisordered, [shown(t1), shown(t2), shown(lease)]);
    }
}

fn is_broadcast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_broadcast() || ip.is_multicast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use crate::wire::frame::{Ip, Udp};
    use crate::wire::v4::{Message, Xid};

    fn codes(message: &Message, ports: (u16, u16), ips: ([u8; 4], [u8; 4])) -> Vec<&'static str> {
        let bytes = message.encode_padded();
        let mut datagram = Datagram::bare(&bytes);
        datagram.udp = Some(Udp { src_port: ports.0, dst_port: ports.1 });
        datagram.ip = Some(Ip {
            src: IpAddr::V4(ips.0.into()),
            dst: IpAddr::V4(ips.1.into()),
            ttl: 64,
            tos: 0,
            id: None,
            dont_fragment: None,
        });
        let mut problems = Vec::new();
        judge(&Facts::of(message), &datagram, false, &mut problems);
        problems.iter().map(|problem| problem.code.name()).collect()
    }

    fn offer(change: impl FnOnce(&mut Message)) -> Vec<&'static str> {
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        let mut offer = Message::reply(MessageType::OFFER, &request);
        offer.yiaddr = [10, 0, 0, 50].into();
        offer.set_option(54, &[10, 0, 0, 1]);
        offer.set_option(51, &3600_u32.to_be_bytes());
        offer.set_option(1, &[255, 255, 255, 0]);
        offer.set_option(3, &[10, 0, 0, 1]);
        change(&mut offer);
        codes(&offer, (67, 68), ([10, 0, 0, 1], [255; 4]))
    }

    fn request(change: impl FnOnce(&mut Message)) -> Vec<&'static str> {
        let mut request = Message::request(MessageType::REQUEST, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        change(&mut request);
        codes(&request, (68, 67), (request.ciaddr.octets(), [10, 0, 0, 1]))
    }

    /// What an offer is changed by, and what is said of it then.
    type Case = (&'static [&'static str], fn(&mut Message));

    #[test]
    fn offers_and_their_near_misses() {
        let cases: &[Case] = &[
            (&[], |_| {}),
            (&["server-id-missing"], |m| assert!(m.remove_option(54))),
            (&["server-id-zero"], |m| m.set_option(54, &[0; 4])),
            (&["lease-time-missing"], |m| assert!(m.remove_option(51))),
            (&["lease-time-zero"], |m| m.set_option(51, &[0; 4])),
            (&[], |m| m.set_option(51, &[255; 4])),
            (&["address-unusable"], |m| m.yiaddr = [10, 0, 0, 255].into()),
            (&["address-unusable"], |m| m.yiaddr = [10, 0, 0, 1].into()),
            (&[], |m| {
                m.yiaddr = [10, 0, 0, 255].into();
                m.set_option(1, &[255, 255, 254, 0]);
            }),
            (&[], |m| m.set_option(1, &[255; 4])),
            (&["mask-bad"], |m| m.set_option(1, &[255, 0, 255, 0])),
            (&["mask-bad"], |m| m.set_option(1, &[0; 4])),
            (&["router-off-subnet"], |m| m.set_option(3, &[10, 0, 1, 1])),
            (&[], |m| {
                m.set_option(3, &[10, 0, 1, 1]);
                m.set_option(121, &[0, 10, 0, 1, 1]);
            }),
            (&["routes-without-default"], |m| m.set_option(121, &[8, 10, 10, 0, 0, 1])),
            (&[], |m| m.set_option(121, &[1, 0, 10, 0, 0, 1, 1, 128, 10, 0, 0, 1])),
            (&[], |m| {
                m.set_option(121, &[8, 10, 10, 0, 0, 1]);
                m.remove_option(3);
            }),
            (&["dns-unusable"], |m| m.set_option(6, &[10, 0, 0, 1, 127, 0, 0, 1])),
            (&[], |m| m.set_option(6, &[10, 0, 0, 1])),
            (&["timers-disordered"], |m| m.set_option(58, &3600_u32.to_be_bytes())),
            (&["timers-disordered"], |m| m.set_option(58, &[0; 4])),
            (&[], |m| {
                m.set_option(58, &1800_u32.to_be_bytes());
                m.set_option(59, &3150_u32.to_be_bytes());
            }),
            (&["mtu-unusual"], |m| m.set_option(26, &9000_u16.to_be_bytes())),
            (&[], |m| m.set_option(26, &1500_u16.to_be_bytes())),
            (&["offer-without-address"], |m| m.yiaddr = [0; 4].into()),
            (&[], |m| {
                m.yiaddr = [0; 4].into();
                m.set_option(60, b"PXEClient");
            }),
        ];
        for (number, (want, change)) in cases.iter().enumerate() {
            assert_eq!(offer(change), *want, "case {number}");
        }
    }

    #[test]
    fn requests_and_their_near_misses() {
        let cases: &[Case] = &[
            (&[], |m| {
                m.set_option(50, &[10, 0, 0, 5]);
                m.set_option(54, &[10, 0, 0, 1]);
            }),
            (&[], |m| m.ciaddr = [10, 0, 0, 5].into()),
            (&["request-fields"], |_| {}),
            (&["request-fields"], |m| {
                m.ciaddr = [10, 0, 0, 5].into();
                m.set_option(54, &[10, 0, 0, 1]);
            }),
            (&["request-fields"], |m| {
                m.ciaddr = [10, 0, 0, 5].into();
                m.set_option(50, &[10, 0, 0, 5]);
            }),
            (&["server-id-zero"], |m| {
                m.set_option(50, &[10, 0, 0, 5]);
                m.set_option(54, &[0; 4]);
            }),
            (&["option-82-from-client"], |m| {
                m.set_option(50, &[10, 0, 0, 5]);
                m.set_option(82, &[1, 1, 1]);
            }),
        ];
        for (number, (want, change)) in cases.iter().enumerate() {
            assert_eq!(request(change), *want, "case {number}");
        }
    }

    #[test]
    fn a_renewal_from_elsewhere() {
        let mut renewal = Message::request(MessageType::REQUEST, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        renewal.ciaddr = [10, 0, 0, 5].into();
        let from = |source: [u8; 4], target: [u8; 4]| codes(&renewal, (68, 67), (source, target));
        assert_eq!(from([10, 0, 0, 9], [10, 0, 0, 1]), ["renew-source-differs"]);
        assert!(from([10, 0, 0, 5], [10, 0, 0, 1]).is_empty());
        assert!(from([0; 4], [255; 4]).is_empty(), "rebinding");
        assert!(codes(&renewal, (67, 67), ([10, 0, 0, 254], [10, 0, 0, 1])).is_empty(), "a relay");
    }
}
