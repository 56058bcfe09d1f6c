//! A message judged as a message: what it says, beside how it is made (RFC 2131 tables 3 and 5, §4.1 to 4.4; RFC 2132).

use std::net::{IpAddr, Ipv4Addr};

use super::facts::Routes;
use super::outline::Outline;
use super::packet::Packet;
use super::said::Said;
use super::types::{MessageType, Op};
use super::{MIN_LEN, SERVER_PORT};
use crate::wire::addr::Prefix;
use crate::wire::frame::Datagram;
use crate::wire::problem::{ABSENT, Code, Problem};

/// The port of boot servers (PXE 2.1).
const BOOT_PORT: u16 = 4011;

/// Judges the message of `datagram`, of which `outline` was read, and appends what is wrong. `strict` adds what old and narrow
/// middle boxes may take amiss.
pub fn judge(
    packet: &Packet<'_>,
    outline: &Outline,
    datagram: &Datagram<'_>,
    strict: bool,
    out: &mut Vec<Problem>,
) {
    if datagram.quoted {
        return;
    }
    let said = &Said::new(packet, outline);
    let mut say = |code: Code, args: [u32; 3]| {
        out.push(Problem { args, ..Problem::of(code) });
    };
    match packet.op().unwrap_or_default() {
        Op::REQUEST => request(said, datagram, &mut say),
        Op::REPLY => reply(said, datagram, &mut say),
        _ => {}
    }
    if strict && datagram.promised < MIN_LEN {
        say(Code::MessageShort, [u32::try_from(datagram.promised).unwrap_or(u32::MAX), 0, 0]);
    }
}

fn request(said: &Said<'_, '_>, datagram: &Datagram<'_>, say: &mut impl FnMut(Code, [u32; 3])) {
    let kind = said.kind().map_or(0, |kind| u32::from(kind.0));
    if said.giaddr().is_unspecified() && said.has(82) {
        say(Code::Option82FromClient, [0; 3]);
    }
    let names_server =
        matches!(said.kind(), Some(MessageType::REQUEST | MessageType::RELEASE | MessageType::DECLINE));
    if names_server && said.server_id().is_some_and(|server| server.is_unspecified()) {
        say(Code::ServerIdZero, [kind, 0, 0]);
    }
    let Some(udp) = datagram.udp.filter(|_| said.kind() == Some(MessageType::REQUEST)) else { return };
    let (holds, selects) = (!said.ciaddr().is_unspecified(), said.has(54));
    if said.complete() && udp.dst_port == SERVER_PORT {
        let which = match (holds, selects, said.has(50)) {
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
        && said.complete()
        && said.giaddr().is_unspecified()
        && udp.src_port != SERVER_PORT
        && !datagram.ip.is_some_and(|ip| is_broadcast(ip.dst))
        && source != said.ciaddr()
    {
        say(Code::RenewSourceDiffers, [source.into(), said.ciaddr().into(), 0]);
    }
}

fn reply(said: &Said<'_, '_>, datagram: &Datagram<'_>, say: &mut impl FnMut(Code, [u32; 3])) {
    if !said.is_answer() {
        return;
    }
    let kind = said.kind().map_or(0, |kind| u32::from(kind.0));
    let offer = said.kind() == Some(MessageType::OFFER);
    if said.complete() && !said.has(54) {
        say(Code::AnswerNamesNoServer, [kind, 0, 0]);
    }
    if said.server_id().is_some_and(|server| server.is_unspecified()) {
        say(Code::ServerIdZero, [kind, 0, 0]);
    }
    if offer && said.complete() && said.yiaddr().is_unspecified() {
        let ports = datagram.udp.unwrap_or_default();
        let boots = said.is_boot_client() || ports.src_port == BOOT_PORT || ports.dst_port == BOOT_PORT;
        if !boots && !said.has(108) {
            say(Code::OfferWithoutAddress, [0; 3]);
        }
    }
    if !said.gives() {
        return;
    }
    if offer && said.complete() && !said.has(51) {
        say(Code::LeaseTimeMissing, [kind, 0, 0]);
    }
    let lease = said.lease_time();
    if lease == Some(0) {
        say(Code::LeaseTimeZero, [0; 3]);
    }
    let (address, mask) = (said.yiaddr(), said.subnet_mask());
    let prefix = mask.and_then(prefix_of);
    if let Some(why) = unusable(said, address, prefix) {
        say(Code::AddressUnusable, [address.into(), why, 0]);
    }
    if let (Some(mask), None) = (mask, prefix) {
        say(Code::MaskBad, [mask.into(), 0, 0]);
    }
    if let (Some(mask), Some(router)) = (said.place(1), said.place(3))
        && router < mask
    {
        say(Code::MaskBehindRouter, [0; 3]);
    }
    routing(said, address, prefix, say);
    let useless = |server: Ipv4Addr| {
        server.is_unspecified() || server.is_broadcast() || server.is_loopback() || server == address
    };
    if let Some(server) = said.first(6, useless) {
        say(Code::DnsUnusable, [server.into(), 0, 0]);
    }
    timers(said, lease, say);
    if let Some(mtu) = said.mtu().filter(|mtu| !(576..=1500).contains(mtu)) {
        say(Code::MtuUnusual, [mtu.into(), 0, 0]);
    }
}

/// Number of leading ones of a mask, where it is contiguous and not 0.
fn prefix_of(mask: Ipv4Addr) -> Option<u8> {
    Prefix::length_of(mask).filter(|length| *length > 0)
}

/// Why a client cannot use the address; the numbers of the problem's sentence.
fn unusable(said: &Said<'_, '_>, address: Ipv4Addr, prefix: Option<u8>) -> Option<u32> {
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
        _ if said.server_id() == Some(address) => 6,
        _ if said.giaddr() == address => 7,
        _ if said.first(3, |router| router == address).is_some() => 8,
        _ => return None,
    })
}

fn routing(said: &Said<'_, '_>, address: Ipv4Addr, prefix: Option<u8>, say: &mut impl FnMut(Code, [u32; 3])) {
    let routed = said.has(121) || said.has(249);
    if let (Some(router), Some(prefix)) = (said.first(3, |_| true), prefix.filter(|prefix| *prefix <= 30)) {
        let mask = u32::from(Prefix::mask(prefix));
        let outside = u32::from(router) & mask != u32::from(address) & mask;
        if outside && !router.is_unspecified() && !routed && !said.has(33) && said.complete() {
            say(Code::RouterOffSubnet, [router.into(), address.into(), prefix.into()]);
        }
    }
    if !routed || !said.has(3) {
        return;
    }
    for code in [121_u8, 249] {
        if !said.has(code) {
            if !said.complete() {
                return;
            }
            continue;
        }
        // What is cut off may be the default route.
        let Some(data) = said.data(code) else { return };
        match lacks_default(&data) {
            Some(true) => return say(Code::RoutesWithoutDefault, [code.into(), 0, 0]),
            Some(false) => return,
            None => {}
        }
    }
}

/// True for routes none of which is the default, nor all of them it in two halves; `None` where they are no list of routes.
fn lacks_default(data: &[u8]) -> Option<bool> {
    let mut listed = Routes::new(data);
    let (mut all, mut low, mut high) = (false, false, false);
    for route in listed.by_ref() {
        all |= route.width == 0;
        low |= route.width == 1 && u32::from(route.destination) == 0;
        high |= route.width == 1 && u32::from(route.destination) == 1 << 31;
    }
    (listed.is_exhausted() && !data.is_empty()).then_some(!(all || (low && high)))
}

fn timers(said: &Said<'_, '_>, lease: Option<u32>, say: &mut impl FnMut(Code, [u32; 3])) {
    let (t1, t2) = (said.number(58), said.number(59));
    if matches!(lease, Some(0 | u32::MAX)) {
        return;
    }
    let reaches = |timer: Option<u32>, limit: Option<u32>| {
        timer.zip(limit).is_some_and(|(timer, limit)| timer >= limit)
    };
    if t1 == Some(0) || reaches(t1, lease) || reaches(t2, lease) || reaches(t1, t2) {
        // A second less than what stands for none is as good.
        let shown = |timer: Option<u32>| {
            timer.map_or(ABSENT, |timer| if timer == ABSENT { ABSENT - 1 } else { timer })
        };
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
            fragmented: false,
        });
        let mut problems = Vec::new();
        let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
        outline.read(&packet, bytes.len(), false);
        judge(&packet, &outline, &datagram, false, &mut problems);
        problems.iter().map(|problem| problem.code.name()).collect()
    }

    fn an_offer() -> Message {
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        let mut offer = Message::reply(MessageType::OFFER, &request);
        offer.yiaddr = [10, 0, 0, 50].into();
        offer.set_option(54, &[10, 0, 0, 1]);
        offer.set_option(51, &3600_u32.to_be_bytes());
        offer.set_option(1, &[255, 255, 255, 0]);
        offer.set_option(3, &[10, 0, 0, 1]);
        offer
    }

    fn offer(change: impl FnOnce(&mut Message)) -> Vec<&'static str> {
        let mut offer = an_offer();
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
            (&[], |m| m.set_option(121, &[])),
            (&["routes-without-default"], |m| {
                m.set_option(121, &[33]);
                m.set_option(249, &[8, 10, 10, 0, 0, 1]);
            }),
            (&[], |m| {
                m.set_option(121, &[0, 10, 0, 0, 1]);
                m.set_option(249, &[8, 10, 10, 0, 0, 1]);
            }),
            (&[], |m| m.set_option(121, &[1, 0, 10, 0, 0, 1, 1, 128, 10, 0, 0, 1])),
            (&[], |m| {
                m.set_option(121, &[8, 10, 10, 0, 0, 1]);
                m.remove_option(3);
            }),
            (&["dns-unusable"], |m| m.set_option(6, &[10, 0, 0, 1, 127, 0, 0, 1])),
            (&[], |m| m.set_option(6, &[10, 0, 0, 1])),
            (&["timers-disordered"], |m| m.set_option(58, &3600_u32.to_be_bytes())),
            (&["timers-disordered"], |m| m.set_option(58, &[0; 4])),
            (&["timers-disordered"], |m| m.set_option(58, &[255; 4])),
            (&[], |m| {
                m.set_option(58, &1800_u32.to_be_bytes());
                m.set_option(59, &3150_u32.to_be_bytes());
            }),
            (&["mask-behind-router"], |m| {
                m.remove_option(1);
                m.set_option(1, &[255, 255, 255, 0]);
            }),
            (&[], |m| {
                m.remove_option(3);
                m.set_option(3, &[10, 0, 0, 1]);
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

    /// What the capture leaves out may be what is missed.
    #[test]
    fn of_what_is_cut_off_nothing_is_said() {
        let mut offer = an_offer();
        offer.set_option(3, &[10, 0, 1, 1]);
        let found = |offer: &Message, less: usize| -> Vec<&str> {
            let bytes = offer.encode();
            let left = &bytes[..bytes.len() - less];
            let mut datagram = Datagram::bare(left);
            datagram.cut = less > 0;
            let (packet, mut outline) = (Packet::new(left), Outline::default());
            outline.read(&packet, bytes.len(), less > 0);
            let mut problems = Vec::new();
            judge(&packet, &outline, &datagram, false, &mut problems);
            problems.iter().map(|problem| problem.code.name()).collect()
        };
        assert_eq!(found(&offer, 0), ["router-off-subnet"]);
        assert_eq!(found(&offer, 1), [""; 0], "routes may follow");
        offer.set_option(121, &[8, 10, 10, 0, 0, 1, 8, 11, 10, 0, 0, 1]);
        assert_eq!(found(&offer, 0), ["routes-without-default"]);
        assert_eq!(found(&offer, 7), [""; 0], "one of them may be the default");
        offer.remove_option(121);
        offer.set_option(249, &[8, 10, 10, 0, 0, 1]);
        assert_eq!(found(&offer, 0), ["routes-without-default"]);
        assert_eq!(found(&offer, 1), [""; 0], "option 121 may follow");
        let mut renewal = Message::request(MessageType::REQUEST, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        renewal.ciaddr = [10, 0, 0, 5].into();
        for (cut, want) in [(false, &["renew-source-differs"][..]), (true, &[])] {
            let bytes = renewal.encode();
            let mut datagram = Datagram::bare(&bytes);
            datagram.udp = Some(Udp { src_port: 68, dst_port: 67 });
            datagram.cut = cut;
            let ips = ([10, 9, 9, 9].into(), [10, 0, 0, 1].into());
            datagram.ip = Some(Ip {
                src: IpAddr::V4(ips.0),
                dst: IpAddr::V4(ips.1),
                ttl: 64,
                tos: 0,
                id: None,
                dont_fragment: None,
                fragmented: false,
            });
            let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
            outline.read(&packet, bytes.len() + usize::from(cut), cut);
            let mut problems = Vec::new();
            judge(&packet, &outline, &datagram, false, &mut problems);
            assert_eq!(problems.iter().map(|problem| problem.code.name()).collect::<Vec<_>>(), want);
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
