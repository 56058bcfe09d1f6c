//! What a frame without a message says beside: ARP and echoes, wherever the walk meets them.

use std::net::{IpAddr, Ipv4Addr};

use super::bytes::Bytes;
use super::step::{Context, What};
use super::{Vlans, numbers};
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
                let reply = match bytes.u8(0)? {
                    0 => true,
                    8 => false,
                    _ => return None,
                };
                let ip = context.ip?;
                let (IpAddr::V4(src), IpAddr::V4(dst)) = (ip.src, ip.dst) else { return None };
                Aside::Echo { reply, src, dst }
            }
            _ => return None,
        };
        let mac = context.link.and_then(|link| link.src).and_then(|source| source.mac());
        Some(Self { aside, mac, vlans: context.vlans, interface_index: context.interface_index })
    }
}
