//! What a frame without a message says beside: ARP and echoes, wherever the walk meets them, and at a glance in ordinary frames, which
//! nobody walks for that.

use std::net::{IpAddr, Ipv4Addr};

use super::bytes::Bytes;
use super::step::{Context, What};
use super::{LinkType, Vlans, numbers};
use crate::wire::Mac;
use crate::wire::arp::Arp;

/// What was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// ARP.
    Arp(Arp),
    /// An echo request or its reply.
    Echo {
        /// It is the reply.
        reply: bool,
        /// IP source.
        src: Ipv4Addr,
        /// IP destination.
        dst: Ipv4Addr,
    },
}

/// What a walk met in place of a message, and what stood around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What was met.
    pub aside: Aside,
    /// Link-layer source, where it is one of Ethernet.
    pub mac: Option<Mac>,
    /// VLAN tags of the innermost link layer.
    pub vlans: Vlans,
    /// The number of the interface, where the frame's own header has one.
    pub interface_index: Option<u32>,
}

impl Beside {
    /// What stands where a walk ended.
    pub(super) fn of(what: What, bytes: Bytes<'_>, context: &Context) -> Option<Self> {
        let aside = match what {
            _ if context.quoted => return None,
            What::EtherType(numbers::ETHERTYPE_ARP) => Aside::Arp(Arp::decode(bytes.have)?),
            What::Transport(numbers::ICMP) => {
                let reply = is_echo_reply(bytes.u8(0)?)?;
                let ip = context.ip?;
                let (IpAddr::V4(src), IpAddr::V4(dst)) = (ip.src, ip.dst) else { return None };
                Aside::Echo { reply, src, dst }
            }
            _ => return None,
        };
        let mac = context.link.and_then(|link| link.src).and_then(|source| source.mac());
        Some(Self { aside, mac, vlans: context.vlans, interface_index: context.interface_index })
    }

    /// The same of an ordinary frame, at a glance: with few exceptions a frame is neither ARP nor an echo, and this is asked of all.
    pub fn glance(link: LinkType, frame: &[u8]) -> Option<Self> {
        let head = Head::of(link, frame)?;
        let packet = frame.get(head.packet..)?;
        let aside = match head.ether_type {
            numbers::ETHERTYPE_ARP => Aside::Arp(Arp::decode(packet)?),
            numbers::ETHERTYPE_IPV4 | numbers::ETHERTYPE_IPV6 => {
                let ip: &[u8; 20] = packet.first_chunk()?;
                // Its version is what it says itself. A fragment may begin anywhere.
                if !matches!(ip, [0x45..=0x4f, _, _, _, _, _, 0 | 0x40, 0, _, numbers::ICMP, ..]) {
                    return None;
                }
                let reply = is_echo_reply(*packet.get(usize::from(ip[0] & 15) << 2)?)?;
                let src = [ip[12], ip[13], ip[14], ip[15]].into();
                let dst = [ip[16], ip[17], ip[18], ip[19]].into();
                Aside::Echo { reply, src, dst }
            }
            _ => return None,
        };
        let Head { source, vlans, interface_index, .. } = head;
        Some(Self {
            aside,
            mac: source.and_then(|at| Mac::from_slice(frame.get(at..)?)),
            vlans,
            interface_index,
        })
    }
}

/// What kind of echo a message of ICMP is; none where it is another message.
fn is_echo_reply(kind: u8) -> Option<bool> {
    match kind {
        0 => Some(true),
        8 => Some(false),
        _ => None,
    }
}

/// The link layer of an ordinary frame, and where its parts lie: Ethernet, cooked captures and plain IP, behind VLAN tags or not. What
/// is not ordinary is for the walk alone.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// What the packet is.
    pub ether_type: u16,
    /// Where it begins, within the frame.
    pub packet: usize,
    /// Where hardware addresses stand, and how many bytes there are for each.
    pub addresses: &'static [(usize, usize)],
    /// Where the sender's stands, if it is one of Ethernet.
    source: Option<usize>,
    vlans: Vlans,
    interface_index: Option<u32>,
}

impl Head {
    /// The link layer of a frame.
    #[inline]
    pub fn of(link: LinkType, frame: &[u8]) -> Option<Self> {
        let (kind, addresses, source, packet): (_, &'static [(usize, usize)], _, usize) = match link {
            LinkType::ETHERNET => {
                let head: &[u8; 14] = frame.first_chunk()?;
                ([head[12], head[13]], &[(0, 6), (6, 6)], Some(6), 14)
            }
            LinkType::LINUX_SLL => {
                let head: &[u8; 16] = frame.first_chunk()?;
                let source = (head[4..6] == [0, 6]).then_some(6);
                ([head[14], head[15]], &[(6, 8)], source, 16)
            }
            LinkType::LINUX_SLL2 => {
                let head: &[u8; 20] = frame.first_chunk()?;
                ([head[0], head[1]], &[(12, 8)], (head[11] == 6).then_some(12), 20)
            }
            LinkType::RAW | LinkType::IPV4 | LinkType::DLT_RAW => ([8, 0], &[], None, 0),
            _ => return None,
        };
        let interface_index = match (link, frame.get(4..).and_then(<[u8]>::first_chunk)) {
            (LinkType::LINUX_SLL2, Some(index)) => Some(u32::from_be_bytes(*index)),
            _ => None,
        };
        let ether_type = u16::from_be_bytes(kind);
        let mut head =
            Self { ether_type, packet, addresses, source, vlans: Vlans::default(), interface_index };
        while numbers::is_vlan(head.ether_type) {
            let [a, b, c, d] = *frame.get(head.packet..)?.first_chunk()?;
            head.vlans.push(u16::from_be_bytes([a, b]));
            head.ether_type = u16::from_be_bytes([c, d]);
            head.packet = head.packet.saturating_add(4);
        }
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::{Ports, Walker};

    const SENDER: Mac = Mac([2, 0, 0, 0, 0, 7]);

    /// A frame of each link type that holds `packet`, behind tags of these kinds.
    fn frames(ether_type: u16, packet: &[u8], tags: &[u16]) -> Vec<(LinkType, Vec<u8>)> {
        let kinds: Vec<u16> = tags.iter().copied().chain([ether_type]).collect();
        let first = kinds.first().unwrap().to_be_bytes();
        let mut behind: Vec<u8> =
            kinds.iter().skip(1).flat_map(|kind| [[0, 5], kind.to_be_bytes()].concat()).collect();
        behind.extend_from_slice(packet);
        let ethernet = [&[0xff; 6][..], &SENDER.0, &first, &behind].concat();
        let sll = [&[0, 0, 0, 1, 0, 6][..], &SENDER.0, &[0, 0], &first, &behind].concat();
        let sll2 = [&first[..], &[0, 0, 0, 0, 0, 9, 0, 1, 0, 6], &SENDER.0, &[0, 0], &behind].concat();
        let mut all =
            vec![(LinkType::ETHERNET, ethernet), (LinkType::LINUX_SLL, sll), (LinkType::LINUX_SLL2, sll2)];
        if ether_type == numbers::ETHERTYPE_IPV4 && tags.is_empty() {
            let plain = [LinkType::RAW, LinkType::IPV4, LinkType::DLT_RAW];
            all.extend(plain.map(|link| (link, packet.to_vec())));
        }
        all
    }

    /// An echo between 10.0.0.1 and 10.0.0.2.
    fn echo(kind: u8, head: u8, fragment: [u8; 2]) -> Vec<u8> {
        let mut ip = vec![0x40 | head, 0, 0, head.saturating_mul(4).saturating_add(8), 0, 0];
        ip.extend([fragment[0], fragment[1], 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        ip.resize(usize::from(head) * 4, 1);
        ip.extend([kind, 0, 0, 0, 0, 1, 0, 1]);
        ip
    }

    /// Where the walk hears something, a glance sees the same, and where it is not worth a walk, as much.
    #[test]
    fn a_glance_sees_what_the_walk_hears() {
        let arp = Arp::request(SENDER, [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let said = |reply: bool| Aside::Echo { reply, src: [10, 0, 0, 1].into(), dst: [10, 0, 0, 2].into() };
        let cases = [
            (numbers::ETHERTYPE_ARP, arp.encode(), Some(Aside::Arp(arp))),
            (numbers::ETHERTYPE_IPV4, echo(8, 5, [0, 0]), Some(said(false))),
            (numbers::ETHERTYPE_IPV4, echo(0, 6, [0x40, 0]), Some(said(true))),
            (numbers::ETHERTYPE_IPV4, echo(8, 5, [0, 3]), None),
            (numbers::ETHERTYPE_IPV4, echo(13, 5, [0, 0]), None),
            (numbers::ETHERTYPE_IPV6, echo(8, 5, [0, 0]), Some(said(false))),
        ];
        let mut heard = 0;
        for (ether_type, packet, aside) in &cases {
            for tags in [&[][..], &[0x8100], &[0x88a8, 0x8100], &[0x9200], &[0x9100, 0x9300]] {
                for (link, frame) in frames(*ether_type, packet, tags) {
                    let seen = Beside::glance(link, &frame);
                    assert_eq!(seen.map(|seen| seen.aside), *aside, "{link:?} {tags:x?}");
                    let tagged = |seen: &Beside| seen.vlans.as_slice() == vec![5; tags.len()];
                    assert!(seen.as_ref().is_none_or(tagged), "{link:?} {tags:x?}");
                    let mut walker = Walker::new(Ports::every()).hearing();
                    walker.walk(link, &frame, frame.len(), 0, |_| panic!("no message"));
                    if walker.may_matter(link, &frame) {
                        assert_eq!(seen, walker.beside(), "{link:?} {tags:x?}");
                        heard += 1;
                    }
                    for length in 0..frame.len() {
                        let _ = Beside::glance(link, &frame[..length]);
                    }
                }
            }
        }
        assert!(heard > 20, "{heard}");
    }
}
