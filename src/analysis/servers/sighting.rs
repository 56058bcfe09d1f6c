//! What one message of a server tells about it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::table::Key;
use crate::time::Moment;
use crate::wire::frame::Datagram;
use crate::wire::v4::{Facts, MessageType, Op, Outline, Packet, facts};
use crate::wire::{HwAddr, Mac, Prefix};

/// Codes of the options that the rules look at.
pub mod opt {
    pub use crate::wire::options::v4::{
        CLASSLESS_STATIC_ROUTES as ROUTES, DHCP_LEASE_TIME as LEASE, DHCP_SERVER_IDENTIFIER as SERVER_ID,
        DOMAIN_NAME as DOMAIN, DOMAIN_NAME_SERVERS as DNS, MS_CLASSLESS_ROUTES as MS_ROUTES, ROUTERS,
        SUBNET_MASK as MASK, VENDOR_CLASS_IDENTIFIER as VENDOR_CLASS, WPAD,
    };
}

/// Options that decide where a client's traffic goes or what it boots; hidden in an overloaded field they escape many
/// filters.
const STEERING: [u8; 15] = [3, 6, 15, 33, 43, 66, 67, 114, 119, 121, 128, 150, 175, 249, 252];

/// To whom a server's message was an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// One of this program's probes, by its name.
    Us {
        /// The probe.
        probe: &'static str,
        /// The server identifier that stood in it and is nobody's.
        bogus_server: Option<Ipv4Addr>,
    },
    /// Somebody else, and the server they had chosen, where that was seen.
    Client {
        /// Option 54 of the client's REQUEST.
        chosen: Option<Ipv4Addr>,
    },
    /// Not known.
    #[default]
    Unknown,
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// `yiaddr`, when not zero.
    pub address: Option<Ipv4Addr>,
    /// Option 1.
    pub subnet_mask: Option<Ipv4Addr>,
    /// Option 3.
    pub routers: Vec<Ipv4Addr>,
    /// Option 6.
    pub dns_servers: Vec<Ipv4Addr>,
    /// Option 15, as sent, without trailing zeros.
    pub domain_name: Option<Vec<u8>>,
    /// Option 51, seconds.
    pub lease_time: Option<u32>,
    /// `siaddr`, when not zero.
    pub next_server: Option<Ipv4Addr>,
    /// The boot file, from its field or option 67.
    pub boot_file: Option<Vec<u8>>,
    /// Routers of the default routes in options 121 and 249, with the option's code.
    pub default_routes: Vec<(u8, Ipv4Addr)>,
    /// Option 252.
    pub wpad: Option<Vec<u8>>,
    /// Steering options that stand in an overloaded field.
    pub hidden: Vec<u8>,
}

impl Offered {
    /// The parameters of a reply.
    fn of(facts: &Facts<'_>) -> Self {
        let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        Self {
            address: facts.yiaddr.specified(),
            subnet_mask: facts.subnet_mask,
            routers: facts.routers().collect(),
            dns_servers: facts.dns_servers().collect(),
            domain_name: own(facts::text(&facts.domain_name)),
            lease_time: facts.lease_time,
            next_server: facts.siaddr.specified(),
            boot_file: own(facts.boot_file()),
            default_routes: facts.default_routes().collect(),
            wpad: own(facts::text(&facts.wpad)),
            hidden: STEERING.into_iter().filter(|code| facts.is_hidden(*code)).collect(),
        }
    }

    /// Number of leading ones of the mask, where it is one.
    pub fn prefix(&self) -> Option<u8> {
        self.subnet_mask.and_then(Prefix::length_of)
    }

    /// Keeps what another answer of the same server steers traffic with: it may do so in one kind of answer only.
    pub(super) fn keep_steering(&mut self, other: Self) {
        if self.default_routes.is_empty() {
            self.default_routes = other.default_routes;
        }
        self.wpad = self.wpad.take().or(other.wpad);
        self.boot_file = self.boot_file.take().or(other.boot_file);
        self.hidden.extend(other.hidden);
        self.hidden.sort_unstable();
        self.hidden.dedup();
    }

    /// How much it tells; the fullest of several is kept.
    pub(super) fn weight(&self) -> usize {
        let flags = [
            self.address.is_some(),
            self.subnet_mask.is_some(),
            !self.routers.is_empty(),
            !self.dns_servers.is_empty(),
            self.domain_name.is_some(),
            self.lease_time.is_some(),
        ];
        flags.iter().filter(|flag| **flag).count()
    }
}

/// What one message of a server tells.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// When it came.
    pub when: Moment,
    /// Who sent it, as far as it can be told apart.
    pub key: Key,
    /// Option 53; `None` is BOOTP.
    pub kind: Option<MessageType>,
    /// Whom it is for.
    pub client: HwAddr,
    /// To whom it is an answer.
    pub asked: Asked,
    /// It says it is for PXE clients (option 60).
    pub pxe: bool,
    /// What it offers.
    pub offered: Offered,
}

impl Sighting {
    /// Reads a datagram; `None` when it is no reply of a server. `outline` is of its payload.
    pub fn read(
        when: Moment,
        interface: Option<&Arc<str>>,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        outline: &Outline,
    ) -> Option<Self> {
        // Only a message that holds its fixed part and its type (or is plain BOOTP) says that a server is there.
        if datagram.quoted
            || packet.op() != Some(Op::REPLY)
            || packet.bytes().len() < crate::wire::v4::FIXED_LEN
        {
            return None;
        }
        let source_ip = datagram.ip.and_then(|ip| match ip.src {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        });
        let source_mac = datagram.link.and_then(|link| link.src).and_then(|src| src.mac());
        let facts = Facts::read(packet, outline);
        Some(Self {
            when,
            key: Key {
                interface: interface.cloned(),
                vlans: datagram.vlans.as_slice().to_vec(),
                source_ip,
                source_mac,
                relay: facts.giaddr.specified(),
                server_id: facts.server_id,
            },
            kind: facts.kind,
            client: facts.client,
            asked: Asked::Unknown,
            pxe: facts.vendor_class.as_ref().is_some_and(|class| class.starts_with(b"PXEClient")),
            offered: Offered::of(&facts),
        })
    }

    /// The client's address as a MAC.
    pub fn client_mac(&self) -> Option<Mac> {
        self.client.mac()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_with_holes_has_no_prefix() {
        let prefix =
            |mask: [u8; 4]| Offered { subnet_mask: Some(mask.into()), ..Offered::default() }.prefix();
        assert_eq!(prefix([255, 255, 255, 0]), Some(24));
        assert_eq!(prefix([255, 255, 255, 255]), Some(32));
        assert_eq!(prefix([0, 0, 0, 0]), Some(0));
        assert_eq!(prefix([255, 0, 255, 0]), None);
        assert_eq!(Offered::default().prefix(), None);
    }
}
