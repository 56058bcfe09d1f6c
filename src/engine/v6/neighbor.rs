//! What stands beside DHCPv6 on a link and concerns an exchange: neighbours that ask and answer, pings, errors; and the report of a
//! group that is listened to.

use std::net::Ipv6Addr;

use crate::wire::Mac;
use crate::wire::frame::numbers::UDP;
use crate::wire::frame::peek::Ethernet;
use crate::wire::nd::HOP_LIMIT;
use crate::wire::neighbor::Neighbor;

/// ICMPv6 type of an error "destination unreachable" (RFC 4443 §3.1).
const UNREACHABLE: u8 = 1;
/// ICMPv6 type of an echo request (RFC 4443 §4.1).
const ECHO_REQUEST: u8 = 128;
/// ICMPv6 type of a report of groups that are listened to, version 2 (RFC 3810 §5.2).
const MLD_REPORT: u8 = 143;
/// Where such reports go (RFC 3810 §5.2.14).
pub const MLD_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

/// What a frame says about neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighborWord {
    /// Who has it? Or: it is at ….
    Neighbor(Neighbor),
    /// Somebody pings the destination of the packet.
    Echo,
    /// Somebody says that a datagram could not be delivered.
    Unreachable {
        /// The ICMPv6 code: 4 is "port unreachable".
        code: u8,
        /// Where it was going.
        to: Ipv6Addr,
        /// Its UDP destination port.
        port: u16,
    },
}

/// Such a message and who it is from and for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenNeighbor {
    /// Sender's hardware address.
    pub mac: Mac,
    /// Sender's address; `::` while it tests whether the target is free.
    pub src: Ipv6Addr,
    /// Receiver's address.
    pub dst: Ipv6Addr,
    /// What it says.
    pub word: NeighborWord,
}

impl SeenNeighbor {
    /// Reads an Ethernet frame; `None` where it is of others than `vlans`, holds something else, or what a receiver must not
    /// believe (RFC 4861 §7.1).
    pub fn read(frame: &[u8], vlans: &[u16]) -> Option<Self> {
        let ethernet = Ethernet::read(frame).filter(|ethernet| ethernet.is_on(vlans))?;
        let ip = ethernet.ipv6()?;
        let message = ip.icmpv6()?;
        let word = match message {
            [ECHO_REQUEST, ..] => NeighborWord::Echo,
            [UNREACHABLE, code, _, _, _, _, _, _, packet @ ..] => {
                // The packet that could not be delivered, as far as it is quoted: its header, then UDP's.
                let (header, rest) = packet.split_first_chunk::<40>()?;
                let [_, _, high, low] = rest.first_chunk::<4>().filter(|_| header.get(6) == Some(&UDP))?;
                let to = Ipv6Addr::from(*header.last_chunk::<16>()?);
                NeighborWord::Unreachable { code: *code, to, port: u16::from_be_bytes([*high, *low]) }
            }
            _ if ip.hop_limit == HOP_LIMIT => NeighborWord::Neighbor(Neighbor::decode(message)?),
            _ => return None,
        };
        Some(Self { mac: ethernet.src, src: ip.src, dst: ip.dst, word })
    }
}

/// The report that `group` is listened to from now on, whoever sends to it (RFC 3810 §5.2: change to exclude mode, no sources).
pub fn mld_report(group: Ipv6Addr) -> Vec<u8> {
    let mut out = vec![MLD_REPORT, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0];
    out.extend(group.octets());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::Envelope6;
    use crate::wire::neighbor::{link_local, solicited_node};

    const OWN: Mac = Mac([2, 0, 0, 0, 0, 5]);
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 9]);
    const VLANS: &[u16] = &[7];

    fn envelope() -> Envelope6 {
        let group = solicited_node(link_local(OWN));
        Envelope6 { vlans: vec![7], ..Envelope6::to_group(OTHER, link_local(OTHER), group, HOP_LIMIT) }
    }

    #[test]
    fn a_solicitation_is_read_unless_a_router_passed_it_on() {
        let asks = Neighbor::solicitation(link_local(OWN), Some(OTHER));
        let frame = envelope().icmpv6(&asks.encode(), true);
        let seen = SeenNeighbor::read(&frame, VLANS).unwrap();
        assert_eq!((seen.mac, seen.src, seen.word), (OTHER, link_local(OTHER), NeighborWord::Neighbor(asks)));
        let far = Envelope6 { hop_limit: 254, ..envelope() };
        assert_eq!(SeenNeighbor::read(&far.icmpv6(&asks.encode(), true), VLANS), None);
        for others in [&[][..], &[8], &[7, 7]] {
            assert_eq!(
                SeenNeighbor::read(&frame, others),
                None,
                "what is said on another VLAN is of other hosts"
            );
        }
        for len in 0..78 {
            assert_eq!(SeenNeighbor::read(&frame[..len], VLANS), None, "{len}");
        }
    }

    #[test]
    fn an_error_names_the_datagram() {
        let to = link_local(OWN);
        let datagram = Envelope6 { dst: to, vlans: Vec::new(), ..envelope() }.udp((546, 547), b"x");
        let mut message = vec![UNREACHABLE, 4, 0, 0, 0, 0, 0, 0];
        message.extend(&datagram[14..]);
        let frame = envelope().icmpv6(&message, true);
        assert_eq!(
            SeenNeighbor::read(&frame, VLANS).unwrap().word,
            NeighborWord::Unreachable { code: 4, to, port: 547 }
        );
    }

    #[test]
    fn a_report_has_its_router_alert() {
        let report = mld_report(solicited_node(link_local(OWN)));
        let frame =
            Envelope6 { vlans: Vec::new(), hop_limit: 1, dst: MLD_ROUTERS, ..envelope() }.mld(&report);
        assert_eq!(frame[20], 0, "hop-by-hop options come first");
        assert_eq!(frame[54..62], [58, 0, 5, 2, 0, 0, 1, 0]);
        assert_eq!(frame[62..64], [143, 0]);
    }
}
